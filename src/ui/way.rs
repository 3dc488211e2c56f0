//! On the way to another moment, or to another run: computed in slices between frames, while the page
//! shows what was there before and can give the way up.

use super::dom;
use super::frame::Ask;
use super::model::{Model, sentence};
use super::words;
use happened_before::core::session::Session;
use happened_before::core::view::{Event, What};
use happened_before::protocols::Info;
use happened_before::scene::index::Index;
use happened_before::stories::condition::Condition;
use happened_before::stories::hero::Opening;
use happened_before::stories::player::Player;
use happened_before::stories::seek::{MomentSearch, SeekGoal, Sought};
use happened_before::stories::telling::Telling;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// Bytes that the record of a run may hold, roughly.
pub const RECORD: u64 = 24 << 20;
/// Milliseconds that a slice takes.
const SLICE: f64 = 8.0;
/// Most steps between two looks at the time, and milliseconds that so many should take at most: a step
/// in which much is worked out, as the first ones, takes as long as many others.
const STRIDE: u64 = 8;
const LOOK: f64 = 0.5;
/// The same for steps that an index takes in.
const TAKEN: usize = 2_048;

/// What is done on arrival.
type Then = Box<dyn FnOnce(&mut Model, Session)>;

/// What is gone to.
pub enum Destination {
    /// Where the session is on its way to.
    Moment,
    /// The next thing of interest, at most so many steps away.
    Next { left: u64 },
    /// A moment in words.
    Goal { search: MomentSearch, text: String },
    /// The end of a story's step.
    Told(Rc<RefCell<Telling>>),
    /// So many microseconds before the first thing of interest, if it is not farther than so many
    /// steps; this session goes ahead to look.
    Lead { ahead: Box<Session>, left: u64, lead: u64 },
    /// The telling moment of an opening, and what follows it.
    Open(SharedOpening),
    /// Where the last step of an opening begins.
    Ask(SharedOpening),
    /// The moment at which something is true, if it is not farther than so many steps.
    Until { player: Box<Player<'static>>, then: Condition, left: u64 },
    /// The end of a story's step, to see how long it takes.
    Tell(Box<Telling>),
}

/// An opening that is computed here and taken on arrival.
type SharedOpening = Rc<RefCell<Option<Opening>>>;

/// A way that has not come to its end.
pub struct Going {
    session: Session,
    quest: Destination,
    info: Rc<Info>,
    then: Then,
    /// Steps until the next look at the time.
    stride: u64,
    /// What pictures find steps by, as it is known,
    known: Option<Index>,
    /// and as it becomes once the session is there.
    index: Option<Index>,
}

/// How a way stands.
enum State {
    /// On it.
    Going,
    /// At its end.
    There,
    /// There is nothing to arrive at, in a sentence.
    Vain(String),
}

impl Going {
    /// What is looked at ahead is near: nobody need be told, and nothing of it is drawn.
    fn is_short(&self) -> bool {
        matches!(
            self.quest,
            Destination::Open(_)
                | Destination::Ask(_)
                | Destination::Until { .. }
                | Destination::Tell(_)
        )
    }

    /// One slice.
    fn slice(&mut self) -> State {
        let begun = dom::now();
        let mut last = begun;
        while last - begun < SLICE {
            if let Some(index) = &mut self.index {
                if index.extend_by(self.session.trace(), TAKEN) {
                    return State::There;
                }
                last = dom::now();
                continue;
            }
            match self.go() {
                State::There if self.is_short() => return State::There,
                State::There => self.index = Some(self.known.take().unwrap_or_default()),
                State::Going => {}
                vain => return vain,
            }
            let now = dom::now();
            self.stride = if now - last > LOOK { 1 } else { STRIDE.min(self.stride * 2) };
            last = now;
        }
        State::Going
    }

    /// A few steps.
    fn go(&mut self) -> State {
        let there = match &mut self.quest {
            Destination::Moment => self.session.slice(self.stride),
            Destination::Next { left } => {
                let Some(event) = self.session.forward() else { return State::There };
                *left -= 1;
                match is_interesting(&self.info, event) {
                    false if *left == 0 => {
                        return State::Vain("No landmark within the next 20,000 steps.".into());
                    }
                    there => there,
                }
            }
            Destination::Goal { search, text } => {
                match search.slice(&mut self.session, self.stride) {
                    Ok(None) => false,
                    Ok(Some(Sought::Found)) => true,
                    Ok(Some(Sought::Already)) => {
                        return State::Vain(format!("Already true: '{text}'."));
                    }
                    Ok(Some(Sought::NotSoon)) => {
                        return State::Vain(format!(
                            "'{text}' is not reached within 60 s of simulated time."
                        ));
                    }
                    Err(why) => return State::Vain(sentence(&why)),
                }
            }
            Destination::Told(telling) => {
                match telling.borrow_mut().end_by(&mut self.session, self.stride) {
                    Ok(there) => there,
                    Err(why) => return State::Vain(sentence(&why)),
                }
            }
            Destination::Lead { ahead, left, lead } => {
                let Some(event) = ahead.forward() else { return State::There };
                *left -= 1;
                if is_interesting(&self.info, event) && !is_first_boot(event) {
                    self.session.seek_time(event.at.saturating_sub(*lead));
                    self.quest = Destination::Moment;
                    return State::Going;
                }
                *left == 0
            }
            Destination::Open(opening) => {
                let mut opening = opening.borrow_mut();
                // What goes wrong leaves the run where it is.
                opening.as_mut().is_none_or(|o| o.slice(self.stride).unwrap_or(true))
            }
            Destination::Ask(opening) => {
                let mut opening = opening.borrow_mut();
                opening.as_mut().is_none_or(|o| o.ask(self.stride).unwrap_or(true))
            }
            Destination::Until { player, then, left } => {
                let there = player.holds(&self.session, then).unwrap_or(true);
                let there = there || *left == 0 || self.session.forward().is_none();
                *left = left.saturating_sub(1);
                there
            }
            Destination::Tell(telling) => telling.advance(&mut self.session).unwrap_or(true),
        };
        if there { State::There } else { State::Going }
    }
}

/// A landmark of the protocol, an intervention, or a property broken.
pub fn is_interesting(info: &Info, event: &Event) -> bool {
    !event.broken.is_empty()
        || matches!(event.what, What::Act(_))
        || event.notes.iter().any(|n| info.landmarks.contains(n))
}

/// Does a process start with the run?
pub fn is_first_boot(event: &Event) -> bool {
    event.what == What::Boot && event.at == 0
}

impl Model {
    /// A copy of the session that leaves ways to [`Model::slice`].
    pub fn gradual(&self) -> Session {
        let mut session = self.session.copy();
        session.set_gradual(true);
        session
    }

    /// Goes where the session is on its way to. What takes longer than a slice is done between
    /// frames; another way that had not come to its end is given up.
    pub fn go(&mut self, session: Session, then: impl FnOnce(&mut Model, Session) + 'static) {
        self.set_out(session, Destination::Moment, then);
    }

    /// Goes to the next thing of interest, if it is not farther than so many steps.
    pub fn go_next(&mut self, most: u64) {
        let quest = Destination::Next { left: most };
        self.set_out_here(self.session.copy(), quest, |m, session| {
            m.session = session;
            m.follows = true;
            m.refresh();
        });
    }

    /// Goes to a moment in words, and says so when it does not come soon.
    pub fn go_to_goal(&mut self, goal: SeekGoal, text: &str) {
        let session = self.session.copy();
        let search = MomentSearch::new(&session, goal);
        self.set_out(session, Destination::Goal { search, text: text.into() }, |m, session| {
            m.session = session;
            m.follows = true;
            m.anew();
        });
    }

    /// Goes to the end of the step that a story is telling.
    pub fn go_to_end_of(&mut self, telling: Telling, session: Session) {
        let telling = Rc::new(RefCell::new(telling));
        self.set_out(session, Destination::Told(telling.clone()), move |m, session| {
            m.told(telling.borrow().clone(), session);
        });
    }

    /// Goes a while before the first thing of interest.
    pub fn go_to_lead(&mut self, lead: u64, most: u64) {
        let ahead = Box::new(self.session.copy());
        self.set_out(
            self.gradual(),
            Destination::Lead { ahead, left: most, lead },
            |m, session| {
                m.session = session;
                m.refresh();
            },
        );
    }

    /// Goes somewhere with the present session.
    pub fn set_out_to(
        &mut self,
        quest: Destination,
        then: impl FnOnce(&mut Model, Session) + 'static,
    ) {
        self.set_out(self.session.copy(), quest, then);
    }

    /// Goes somewhere with a session that runs ahead of what is shown.
    pub fn set_out_from(
        &mut self,
        ahead: Session,
        quest: Destination,
        then: impl FnOnce(&mut Model, Session) + 'static,
    ) {
        self.set_out(ahead, quest, then);
    }

    /// Is an opening on its way?
    pub fn opens(&self) -> bool {
        matches!(self.going, Some(Going { quest: Destination::Open(_), .. }))
    }

    /// The same on this branch, of whose record nothing changes but its end.
    pub fn go_here(&mut self, session: Session, then: impl FnOnce(&mut Model, Session) + 'static) {
        self.set_out_here(session, Destination::Moment, then);
    }

    fn set_out_here(
        &mut self,
        session: Session,
        quest: Destination,
        then: impl FnOnce(&mut Model, Session) + 'static,
    ) {
        let known = Some(self.index.clone());
        self.depart(session, quest, known, then);
    }

    fn set_out(
        &mut self,
        session: Session,
        quest: Destination,
        then: impl FnOnce(&mut Model, Session) + 'static,
    ) {
        self.depart(session, quest, None, then);
    }

    fn depart(
        &mut self,
        session: Session,
        quest: Destination,
        known: Option<Index>,
        then: impl FnOnce(&mut Model, Session) + 'static,
    ) {
        let then = Box::new(then);
        let info = self.info.clone();
        self.going = Some(Going { session, quest, info, then, stride: 1, known, index: None });
        self.revision += 1;
        self.slice();
    }

    /// One slice of the way; true if there is none left.
    pub fn slice(&mut self) -> bool {
        let Some(going) = &mut self.going else { return true };
        match going.slice() {
            State::Going => return false,
            State::There => {
                if let Some(Going { mut session, then, index, .. }) = self.going.take() {
                    session.set_gradual(false);
                    self.ready = index;
                    then(self, session);
                    self.ready = None;
                }
            }
            State::Vain(why) => {
                self.going = None;
                self.notice = Some(why);
            }
        }
        self.revision += 1;
        // What is done on arrival may lead farther.
        self.going.is_none()
    }

    /// Is there something to be computed while time stands?
    pub fn is_busy(&self) -> bool {
        self.going.is_some() || self.beside.as_ref().is_some_and(|b| b.lags())
    }

    /// Goes to the end of the way at once.
    pub fn arrive(mut self) -> Model {
        while !self.slice() {}
        self
    }

    /// Gives the way up: everything stays as it was before.
    pub fn give_up(&mut self) {
        let Some(going) = self.going.take() else { return };
        let at = words::seconds(self.session.time());
        let how = words::seconds(going.session.time());
        self.notice = Some(format!("Stopped at {how}: the page still shows the run at {at}."));
        self.revision += 1;
    }

    /// Does something with a fresh run once it has got where it is to begin; until then, all stays
    /// as it is here.
    pub fn when_there(&mut self, mut fresh: Model, then: impl FnOnce(&mut Model, Model) + 'static) {
        let Some(mut going) = fresh.going.take() else { return then(self, fresh) };
        let arrived = going.then;
        going.then = Box::new(move |m: &mut Model, session| {
            fresh.ready = m.ready.take();
            arrived(&mut fresh, session);
            fresh.ready = None;
            then(m, fresh);
        });
        self.going = Some(going);
        self.revision += 1;
    }
}

/// How far the way is done, and a button to give it up.
pub fn progress(model: &Model, ask: &Callback<Ask>) -> Html {
    let Some(going) = model.going.as_ref().filter(|g| !g.is_short()) else { return html! {} };
    let done = match &going.quest {
        Destination::Moment => Some(going.session.done()),
        _ => None,
    };
    let at: &Session = match &going.quest {
        Destination::Lead { ahead, .. } => ahead,
        _ => &going.session,
    };
    let said = format!(
        "The run is computed: {} so far, {}.",
        words::count(at.cursor(), "step"),
        words::seconds(at.world().now())
    );
    let press = ask.reform(|_: MouseEvent| Ask::GiveUp);
    html! {
        <div class="way" id="way" role="group" aria-label="On the way">
            <progress max="1000" value={done.map(|d| d.to_string())} aria-label="How far the way is done"></progress>
            <span>{ said }</span>
            <button class="verb" id="way-cancel" onclick={press}>{ "Cancel" }</button>
        </div>
    }
}

//! On the way to another moment, or to another run: computed in slices between frames, while the page
//! shows what was there before and can give the way up.

use super::dom;
use super::frame::Ask;
use super::model::Model;
use super::words;
use happened_before::core::session::Session;
use happened_before::core::view::{Event, What};
use happened_before::protocols::Info;
use happened_before::stories::condition::Condition;
use happened_before::stories::hero::Opening;
use happened_before::stories::player::Player;
use happened_before::stories::telling::Telling;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// Bytes that the record of a run may hold, roughly.
pub const RECORD: u64 = 24 << 20;
/// Milliseconds that a slice takes.
const SLICE: f64 = 8.0;
/// Steps between two looks at the time.
const STRIDE: u64 = 8;

/// What is done on arrival.
type Then = Box<dyn FnOnce(&mut Model, Session)>;

/// What is gone to.
pub enum Quest {
    /// Where the session is on its way to.
    Moment,
    /// The next thing of interest, at most so many steps away.
    Next { left: u64 },
    /// So many microseconds before the first thing of interest, if it is not farther than so many
    /// steps; this session goes ahead to look.
    Lead { ahead: Box<Session>, left: u64, lead: u64 },
    /// The telling moment of an opening, and what follows it.
    Open(Shared),
    /// Where the last step of an opening begins.
    Ask(Shared),
    /// The moment at which something is true, if it is not farther than so many steps.
    Until { player: Box<Player<'static>>, then: Condition, left: u64 },
    /// The end of a story's step.
    Tell(Box<Telling>),
}

/// An opening that is computed here and taken on arrival.
type Shared = Rc<RefCell<Option<Opening>>>;

/// A way that has not come to its end.
pub struct Going {
    session: Session,
    quest: Quest,
    info: Rc<Info>,
    then: Then,
}

impl Going {
    /// What is looked at ahead is near: nobody need be told.
    fn is_short(&self) -> bool {
        matches!(self.quest, Quest::Open(_) | Quest::Ask(_) | Quest::Until { .. } | Quest::Tell(_))
    }

    /// One slice; true on arrival, `None` if there is nothing to arrive at.
    fn slice(&mut self) -> Option<bool> {
        let begun = dom::now();
        while dom::now() - begun < SLICE {
            match &mut self.quest {
                Quest::Moment => {
                    if self.session.slice(STRIDE) {
                        return Some(true);
                    }
                }
                Quest::Next { left } => {
                    let Some(event) = self.session.forward() else { return Some(true) };
                    if is_interesting(&self.info, event) {
                        return Some(true);
                    }
                    *left -= 1;
                    if *left == 0 {
                        return None;
                    }
                }
                Quest::Open(opening) | Quest::Ask(opening) if opening.borrow().is_none() => {
                    return Some(true);
                }
                Quest::Open(opening) => {
                    let mut opening = opening.borrow_mut();
                    // What goes wrong leaves the run where it is.
                    if opening.as_mut().is_none_or(|o| o.slice(STRIDE).unwrap_or(true)) {
                        return Some(true);
                    }
                }
                Quest::Ask(opening) => {
                    let mut opening = opening.borrow_mut();
                    if opening.as_mut().is_none_or(|o| o.ask(STRIDE).unwrap_or(true)) {
                        return Some(true);
                    }
                }
                Quest::Until { player, then, left } => {
                    let there = player.holds(&self.session, then).unwrap_or(true);
                    if there || *left == 0 || self.session.forward().is_none() {
                        return Some(true);
                    }
                    *left -= 1;
                }
                Quest::Tell(telling) => {
                    if telling.advance(&mut self.session).unwrap_or(true) {
                        return Some(true);
                    }
                }
                Quest::Lead { ahead, left, lead } => {
                    let Some(event) = ahead.forward() else { return Some(true) };
                    if is_interesting(&self.info, event) && !is_first_boot(event) {
                        self.session.seek_time(event.at.saturating_sub(*lead));
                        self.quest = Quest::Moment;
                        continue;
                    }
                    *left -= 1;
                    if *left == 0 {
                        return Some(true);
                    }
                }
            }
        }
        Some(false)
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
        self.set_out(session, Quest::Moment, then);
    }

    /// Goes to the next thing of interest, if it is not farther than so many steps.
    pub fn go_next(&mut self, most: u64) {
        let quest = Quest::Next { left: most };
        self.set_out(self.session.copy(), quest, |m, session| {
            m.session = session;
            m.follows = true;
            m.refresh();
        });
    }

    /// Goes a while before the first thing of interest.
    pub fn go_to_lead(&mut self, lead: u64, most: u64) {
        let ahead = Box::new(self.session.copy());
        self.set_out(self.gradual(), Quest::Lead { ahead, left: most, lead }, |m, session| {
            m.session = session;
            m.refresh();
        });
    }

    /// Goes somewhere with the present session.
    pub fn set_out_to(&mut self, quest: Quest, then: impl FnOnce(&mut Model, Session) + 'static) {
        self.set_out(self.session.copy(), quest, then);
    }

    /// Goes somewhere with a session that runs ahead of what is shown.
    pub fn set_out_from(
        &mut self,
        ahead: Session,
        quest: Quest,
        then: impl FnOnce(&mut Model, Session) + 'static,
    ) {
        self.set_out(ahead, quest, then);
    }

    /// Is an opening on its way?
    pub fn opens(&self) -> bool {
        matches!(self.going, Some(Going { quest: Quest::Open(_), .. }))
    }

    fn set_out(
        &mut self,
        session: Session,
        quest: Quest,
        then: impl FnOnce(&mut Model, Session) + 'static,
    ) {
        let then = Box::new(then);
        self.going = Some(Going { session, quest, info: self.info.clone(), then });
        self.revision += 1;
        self.slice();
    }

    /// One slice of the way; true if there is none left.
    pub fn slice(&mut self) -> bool {
        let Some(going) = &mut self.going else { return true };
        match going.slice() {
            Some(false) => return false,
            Some(true) => {
                if let Some(Going { mut session, then, .. }) = self.going.take() {
                    session.set_gradual(false);
                    then(self, session);
                }
            }
            None => {
                self.going = None;
                self.notice = Some("No landmark within the next 20,000 steps.".into());
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
            arrived(&mut fresh, session);
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
        Quest::Moment => Some(going.session.done()),
        _ => None,
    };
    let at: &Session = match &going.quest {
        Quest::Lead { ahead, .. } => ahead,
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

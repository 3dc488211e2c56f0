//! A scene's opening on the page: a stretch of run shown again and again until somebody touches it,
//! its sentence, and its one next action; and stretches that are played at the reader's pace.

use super::desk::Slot;
use super::dom;
use super::frame::Ask;
use super::model::{Model, sentence};
use super::tale::Tell;
use super::way::{Destination, RECORD};
use happened_before::core::session::Session;
use happened_before::core::view::{Lens, NodeShape};
use happened_before::protocols;
use happened_before::scene::{Bounded, ruler, window};
use happened_before::stories::condition::Condition;
use happened_before::stories::hero::{Does, Hero, Main, Next, Opening, Reel, actions};
use happened_before::stories::pace::Pace;
use happened_before::stories::player::Player;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// The reader's milliseconds that an opening takes, at least and at most;
const OPENING: (u64, u64) = (5_000, 9_000);
/// what follows a press, and a step of a story.
const STRETCH: (u64, u64) = (2_000, 6_000);
/// Between the end of an opening and its next beginning.
const REST: f64 = 1_600.0;
/// Steps in which what a button promises has to come true.
const AHEAD: u64 = 40_000;

/// The opening that is on the page.
pub struct Showing {
    hero: &'static Hero,
    reel: Reel,
    player: Player<'static>,
    /// Somebody has touched it: it does not begin again.
    taken: bool,
}

/// What comes after a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The same again.
    Again,
    /// The run stands still.
    Stop,
    /// It goes on at the usual speed.
    Go,
}

/// A stretch that is played at the reader's pace.
pub struct Stretch {
    pace: Pace,
    /// The reader's milliseconds so far.
    ms: f64,
    from: u64,
    after: After,
}

/// The times of what happens in a run.
fn times(session: &Session) -> Vec<u64> {
    session.trace().events.iter().map(|e| e.at).collect()
}

impl Model {
    /// What a scene opens on, on its way there.
    pub fn opening(scene: &str) -> Result<Model, String> {
        let scene = protocols::scene(scene)?;
        let opening = Opening::new(scene)?;
        let mut model = Model::of(opening.session.copy())?;
        model.main = scene.hero.main;
        let shared = Rc::new(RefCell::new(Some(opening)));
        model.set_out_to(Destination::Open(shared.clone()), move |m, _| {
            let Some((session, player, reel)) = shared.take().and_then(Opening::reel) else {
                return;
            };
            m.show(session, player, reel);
        });
        Ok(model)
    }

    fn show(&mut self, mut session: Session, player: Player<'static>, reel: Reel) {
        let all = times(&session);
        session.bound(RECORD);
        let (from, to) = (reel.from, reel.to);
        match dom::still() {
            true => session.seek_moment(reel.moment.step, reel.moment.at),
            false => session.seek_time(from),
        }
        self.session = session;
        let wide = (to - from).max(1);
        self.window = window::of(from.saturating_sub(wide / 30), wide + wide / 5);
        self.follows = false;
        self.play_stretch(&all, (from, to), OPENING, After::Again);
        self.playing &= !dom::still();
        let hero = &self.scene.hero;
        self.hero = Some(Showing { hero, reel, player, taken: false });
        self.anew();
    }

    /// Plays from one time to another at the reader's pace; what happens there is known.
    pub fn play_stretch(
        &mut self,
        times: &[u64],
        (from, to): (u64, u64),
        span: (u64, u64),
        after: After,
    ) {
        let usual = (super::model::rate(super::model::SLOW) * 1_000.0) as u64;
        let pace = Pace::of(times, (from, to), usual, span);
        let rate = (to - from) as f64 / 1_000.0 / pace.whole().max(1) as f64;
        let speed = (rate.max(1e-6).log10() * 100.0).round() as i32;
        self.speed = speed.bounded(super::model::SLOWEST, super::model::FASTEST);
        self.stretch = Some(Stretch { pace, ms: 0.0, from, after });
        self.playing = true;
    }

    /// Lets the reader's milliseconds go by in a stretch: where the run is to be then. Nothing when
    /// there is none, or it has just ended.
    pub fn advance_stretch(&mut self, elapsed: f64) -> Option<u64> {
        let stretch = self.stretch.as_mut()?;
        stretch.ms += elapsed;
        let whole = stretch.pace.whole() as f64;
        let (at, over) = (stretch.pace.at(stretch.ms as u64), stretch.ms >= whole);
        match stretch.after {
            After::Again if stretch.ms >= whole + REST => {
                stretch.ms = 0.0;
                let from = stretch.from;
                self.session.seek_time(from);
                self.refresh();
                return Some(from);
            }
            After::Stop if over => {
                self.stretch = None;
                self.playing = false;
            }
            After::Go if over => self.stretch = None,
            _ => {}
        }
        Some(at)
    }

    /// The run stands still for the time being, or goes on: where it is now is where it goes on.
    pub fn resume_stretch(&mut self) {
        let now = self.session.time();
        if let Some(stretch) = &mut self.stretch {
            stretch.ms = stretch.pace.when(now) as f64;
        }
    }

    /// Somebody touches what was shown by itself: it plays to its end and no further.
    pub fn take_hero(&mut self) {
        if let Some(hero) = self.hero.as_mut().filter(|h| !h.taken) {
            hero.taken = true;
            self.revision += 1;
            if let Some(stretch) = &mut self.stretch {
                stretch.after = After::Stop;
            }
        }
    }

    /// The page shows a scene's opening, untouched.
    pub fn is_opening(&self) -> bool {
        self.hero.as_ref().is_some_and(|h| !h.taken) || self.opens()
    }

    /// The opening that is on the page, while the run is where it is shown.
    fn shown(&self) -> Option<&Showing> {
        let hero = self.hero.as_ref()?;
        let now = self.session.time();
        let near = now >= hero.reel.from && now <= hero.reel.to + 1;
        (near && self.session.current() == 0).then_some(hero)
    }

    /// The events that an opening lights so far.
    pub fn lit(&self) -> Vec<u64> {
        let lit = self.shown().map(|h| h.reel.lit.clone()).unwrap_or_default();
        lit.into_iter().filter(|s| *s <= self.session.cursor()).collect()
    }

    /// Does what a button of an opening does.
    pub fn press(&mut self, nth: usize) {
        let Some(hero) = self.hero.take() else { return };
        let Some(next) = hero.hero.next.get(nth) else { return };
        if let Err(why) = self.pressed(&hero, next) {
            self.notice = Some(sentence(&why));
        }
    }

    fn pressed(&mut self, hero: &Showing, next: &'static Next) -> Result<(), String> {
        let then = Condition::read(next.then)?;
        let (moment, player) = (hero.reel.moment.clone(), hero.player.clone());
        self.stretch = None;
        self.follows = true;
        match next.does {
            Does::Story(id) => self.tell(Tell::Begin(id)),
            Does::Wait => self.play_until(player, then),
            Does::Act(verbs) => {
                let mut does = |session: &mut Session| {
                    session.set_gradual(false);
                    session.seek_moment(moment.step, moment.at);
                    verbs.iter().try_for_each(|verb| {
                        let all = actions(&player, session, &[verb])?;
                        all.into_iter().try_for_each(|action| session.act(action))
                    })
                };
                let player = player.clone();
                self.deliberately_then(&mut does, move |m| m.play_until(player, then));
            }
            Does::Under(knobs, mutants) => {
                let opening = Opening::under(self.scene, knobs, mutants)?;
                let shared = Rc::new(RefCell::new(Some(opening)));
                self.set_out_to(Destination::Ask(shared.clone()), move |m, _| {
                    let Some(opening) = shared.take() else { return };
                    let player = opening.player().clone();
                    if let Ok(fresh) = Model::of(opening.session) {
                        let window = m.window;
                        m.replace(fresh);
                        (m.window, m.main) = (window, m.scene.hero.main);
                        m.anew();
                        m.play_until(player, then);
                    }
                });
            }
        }
        Ok(())
    }

    /// Plays on until something has come true, at the reader's pace, and then stands still.
    pub fn play_until(&mut self, player: Player<'static>, then: Condition) {
        let from = self.session.time();
        let quest = Destination::Until { player: Box::new(player), then, left: AHEAD };
        let ahead = self.session.copy();
        self.set_out_from(ahead, quest, move |m, ahead| {
            let to = ahead.time();
            m.arrive_at(&times(&ahead), (from, to + (to - from) / 8 + 500), After::Stop);
        });
    }

    /// Plays a stretch that has been looked at ahead; without motion its end is shown at once.
    pub fn arrive_at(&mut self, times: &[u64], (from, to): (u64, u64), after: After) {
        if dom::still() {
            self.playing = false;
            return self.seek_time(to);
        }
        self.play_stretch(times, (from, to), STRETCH, after);
    }
}

/// The pictures that a scene can show large, with their names.
pub fn mains(model: &Model) -> Vec<(Main, &'static str)> {
    let has = |lens: Lens| model.info.lenses.contains(&lens);
    let clients = model.view.nodes.iter().any(|n| n.shape == NodeShape::Client);
    let keys = if has(Lens::Ring) { "Ring" } else { "Keys" };
    let chart = if has(Lens::Convergence) { "Agreement" } else { "Plane" };
    let all = [
        (Main::Stage, "Servers", true),
        (Main::Diagram, "Time", true),
        (Main::Keys, keys, has(Lens::Ring) || has(Lens::Keys)),
        (Main::Chart, chart, has(Lens::Plane) || has(Lens::Convergence)),
        (Main::Log, "Log", has(Lens::Log)),
        (Main::Clients, "Clients", clients && has(Lens::History)),
        (Main::Clocks, "Clocks", ruler::any(&model.view)),
    ];
    all.into_iter().filter(|m| m.2).map(|(main, name, _)| (main, name)).collect()
}

/// The picture that comes after the one that is large.
pub fn following(model: &Model) -> Main {
    let all = mains(model);
    let here = all.iter().position(|m| m.0 == model.main).unwrap_or(0);
    all.get((here + 1) % all.len().max(1)).map_or(Main::Stage, |m| m.0)
}

/// Where a picture hangs.
pub fn slot(main: Main) -> Slot {
    match main {
        Main::Stage => Slot::Stage,
        Main::Diagram => Slot::Time,
        Main::Keys => Slot::Ring,
        Main::Chart => Slot::Plane,
        Main::Clients => Slot::History,
        Main::Clocks => Slot::Ruler,
        Main::Log => Slot::Log,
    }
}

/// The names of the pictures, each a way to have it large.
pub fn switch(model: &Model, ask: &Callback<Ask>) -> Html {
    let one = |(main, name): (Main, &'static str)| {
        let press = ask.reform(move |_: MouseEvent| Ask::Main(main));
        let on = (main == model.main).to_string();
        html! { <button class="quiet" aria-pressed={on} data-main={name} onclick={press}>{ name }</button> }
    };
    html! {
        <div class="mains" role="group" aria-label="Large picture">{ for mains(model).into_iter().map(one) }</div>
    }
}

/// The sentence over an opening's picture; nothing where there is none.
pub fn headline(model: &Model) -> Option<Html> {
    let hero = model.shown()?;
    Some(html! { <p class="headline" id="headline">{ hero.hero.caption }</p> })
}

/// What to do next, in the picture.
pub fn next(model: &Model, ask: &Callback<Ask>) -> Html {
    let Some(hero) = model.shown() else { return html! {} };
    let one = |(nth, next): (usize, &'static Next)| {
        let press = ask.reform(move |_: MouseEvent| Ask::Press(nth));
        html! {
            <li>
                <button class="act" data-next={nth.to_string()} onclick={press}>{ next.label }</button>
                if !next.note.is_empty() { <span>{ next.note }</span> }
            </li>
        }
    };
    let class = if hero.hero.next.len() > 1 { "next-acts fork" } else { "next-acts" };
    html! { <ul {class} id="next-acts" aria-label="What to do next">{ for hero.hero.next.iter().enumerate().map(one) }</ul> }
}

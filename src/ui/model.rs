//! Who owns what: the session is the truth, this adds what is selected, which part of time is in
//! sight, and how fast it plays. Nothing else on the page holds state of the run.

use super::compare::Beside;
use super::dom;
use super::hero::{Showing, Stretch};
use super::past::Past;
use super::plane::Planes;
use super::tale::Tale;
use super::way::{Going, RECORD, is_first_boot, is_interesting};
use happened_before::algo::clocks::overlay::{ClockKind, Overlay};
use happened_before::check::history::placed::EffectPoint;
use happened_before::core::action::Action;
use happened_before::core::config::Setup;
use happened_before::core::ids::{MsgId, NodeId, OpId};
use happened_before::core::session::Session;
use happened_before::core::view::{Event, NodeLook, WorldView};
use happened_before::protocols::{self, Info, Scene};
use happened_before::scene::index::Index;
use happened_before::scene::log_strip;
use happened_before::scene::{Bounded, window};
use happened_before::share::link::{Held, Link, Selection, ViewState};
use happened_before::stories::hero::Main;
use happened_before::stories::player::PACE;
use happened_before::stories::telling::Phase;
use std::rc::Rc;
use std::sync::Arc;

/// What the inspector shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// A node.
    Node(NodeId),
    /// A message.
    Message(MsgId),
    /// A running timer.
    Timer { node: NodeId, code: u32 },
    /// The links between two nodes.
    Link { a: NodeId, b: NodeId },
    /// A step of the run.
    Event(u64),
    /// A log entry.
    Entry { node: NodeId, index: u64 },
    /// A client's operation.
    Op(OpId),
    /// A property, by its place.
    Property(usize),
}

/// Hundredths of the decimal logarithm of the speed.
pub const SLOW: i32 = -170;
/// Slowest: a thousandth of true speed.
pub const SLOWEST: i32 = -300;
/// Fastest: ten times true speed.
pub const FASTEST: i32 = 100;
/// Milliseconds in one frame at most: what is not caught up with is let go.
const BUDGET: f64 = 4.0;
/// Steps between two looks at the time.
const STRIDE: u64 = 24;
/// How far ahead the next thing of interest is looked for.
const SEARCH: u64 = 20_000;
/// How far the first one.
const LANDMARK: u64 = 4_000;
/// First width of the space-time diagram, in microseconds.
const WINDOW: u64 = 400_000;

/// The bit of [`ViewState::panels`] that says that causes are evenly spaced.
const CAUSAL: u16 = 1;
/// A branch and a step of it.
type BranchStep = (usize, u64);
/// A node before and after a step.
type Looks = (Arc<NodeLook>, Arc<NodeLook>);

/// What a judge, or the reader, has marked among the operations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks {
    /// When operations took effect, in their order.
    pub points: Vec<EffectPoint>,
    /// Operations that no order explains, or that do not fit into this one.
    pub core: Vec<OpId>,
}

/// A run as it is looked at.
pub struct Model {
    /// Which scene.
    pub scene: &'static Scene,
    /// What its protocol offers.
    pub info: Rc<Info>,
    /// The run.
    pub session: Session,
    /// The world at the cursor.
    pub view: Rc<WorldView>,
    /// The present branch's index for pictures of time.
    pub index: Index,
    indexed: usize,
    /// That of the run in which a way has just arrived.
    pub ready: Option<Index>,
    /// What is selected.
    pub pick: Option<Pick>,
    /// First and last time of the space-time diagram.
    pub window: (u64, u64),
    /// The diagram keeps the playhead in sight.
    pub follows: bool,
    /// Causes evenly spaced.
    pub causal: bool,
    /// The logical clock shown over the run.
    pub overlay: Option<Overlay>,
    /// The event that was selected before the one that is.
    pub second: Option<u64>,
    /// Time runs.
    pub playing: bool,
    /// Hundredths of the decimal logarithm of the speed.
    pub speed: i32,
    /// What is left of a microsecond.
    rest: f64,
    /// The share of the wished speed that was lately reached.
    kept: f64,
    /// A sentence for the reader: a refusal, a copied link.
    pub notice: Option<String>,
    /// A way that has not come to its end.
    pub going: Option<Going>,
    /// What can be undone.
    pub past: Past,
    /// The story that is told.
    pub tale: Option<Tale>,
    /// How much of the session the address held last, and its text.
    pub held: Held,
    pub written: String,
    /// The run shown beside this one.
    pub beside: Option<Beside>,
    /// The opening that is shown, until the run is changed.
    pub hero: Option<Showing>,
    /// What is played at the reader's pace.
    pub stretch: Option<Stretch>,
    /// The picture that is large.
    pub main: Main,
    /// What is marked among the clients' operations.
    pub marks: Marks,
    /// What was measured of all configurations.
    pub planes: Rc<Planes>,
    /// How long servers took to agree, in runs like this one.
    pub times: Rc<super::converge::Times>,
    /// Which panels are open, as bits of [`ViewState::panels`] that the frame keeps.
    pub panels: u16,
    /// Entries that were cut off a moment ago.
    pub ghosts: Vec<log_strip::Ghost>,
    /// Grows with each change of structure.
    pub revision: u64,
    /// The look of each node before its last event, with that event's step.
    before: Vec<Option<(u64, Arc<NodeLook>)>>,
    /// The last thing of interest, and its node's badge then.
    latest: Option<(u64, String)>,
    /// The look before and after a step, with branch and step.
    around: Option<(BranchStep, Option<Looks>)>,
}

impl Model {
    /// A scene's own first run, on its way to shortly before the first thing worth seeing.
    pub fn fresh(setup: Setup) -> Result<Model, String> {
        let (session, _) = Link::new(setup, Vec::new()).begin(RECORD)?;
        let mut model = Model::of(session)?;
        // Two seconds of the reader's time before it.
        let lead = (2_000_000.0 * rate(model.speed)) as u64;
        model.go_to_lead(lead, LANDMARK);
        Ok(model)
    }

    /// A run that a link names, on its way to the link's moment.
    pub fn open(link: &Link) -> Result<Model, String> {
        let (start, session) = link.begin(RECORD)?;
        let mut model = Model::of(start)?;
        model.pick = link.view.selection.map(|s| match s {
            Selection::Node(n) => Pick::Node(n),
            Selection::Message(m) => Pick::Message(m),
            Selection::Step(s) => Pick::Event(s),
            Selection::Op(o) => Pick::Op(o),
            Selection::Timer { node, code } => Pick::Timer { node, code },
            Selection::Link { a, b } => Pick::Link { a, b },
            Selection::Entry { node, index } => Pick::Entry { node, index },
            Selection::Property(i) => Pick::Property(i.into()),
        });
        let view = &link.view;
        (model.panels, model.causal) = (view.panels, view.panels & CAUSAL != 0);
        if view.window.1 > 0 {
            model.window = window::of(view.window.0, view.window.1);
        }
        if view.speed != 0 {
            model.speed = i32::from(view.speed).bounded(SLOWEST, FASTEST);
        }
        let (link, window) = (link.clone(), model.window);
        model.go(session, move |m, session| {
            (m.session, m.window) = (session, window);
            m.find_tale(&link);
            if let Some(branch) = link.view.beside {
                m.compare(Some(branch.into()));
            }
            m.anew();
        });
        Ok(model)
    }

    /// A run as it is.
    pub fn of(mut session: Session) -> Result<Model, String> {
        session.bound(RECORD);
        let scene = protocols::scene(&session.setup.scene)?;
        let view = Rc::new(session.view());
        let mut model = Model {
            scene,
            info: Rc::new(scene.info_of(&session.setup.preset)),
            session,
            view,
            index: Index::default(),
            indexed: 0,
            ready: None,
            pick: None,
            window: (0, WINDOW),
            follows: true,
            causal: false,
            overlay: None,
            second: None,
            playing: false,
            speed: SLOW,
            rest: 0.0,
            kept: 1.0,
            notice: None,
            going: None,
            past: Past::default(),
            tale: None,
            beside: None,
            hero: None,
            stretch: None,
            main: scene.hero.main,
            held: Held::Whole,
            written: String::new(),
            marks: Marks::default(),
            planes: Rc::default(),
            times: Rc::default(),
            panels: 0,
            ghosts: Vec::new(),
            revision: 0,
            before: Vec::new(),
            latest: None,
            around: None,
        };
        // Clocks are what some scenes are about.
        let usual = ClockKind::of(model.info.lenses);
        super::overlay::choose(&mut model, usual);
        model.refresh();
        Ok(model)
    }

    /// This run, this moment, this selection, as a link that fits an address.
    pub fn link(&self) -> Link {
        self.address().0
    }

    /// That link, and how much of the session it holds.
    pub fn address(&self) -> (Link, Held) {
        Link::address(&self.session, self.looked_at())
    }

    /// How the run is looked at.
    pub fn looked_at(&self) -> ViewState {
        let selection = self.pick.map(|pick| match pick {
            Pick::Node(n) => Selection::Node(n),
            Pick::Message(m) => Selection::Message(m),
            Pick::Event(s) => Selection::Step(s),
            Pick::Op(o) => Selection::Op(o),
            Pick::Timer { node, code } => Selection::Timer { node, code },
            Pick::Link { a, b } => Selection::Link { a, b },
            Pick::Entry { node, index } => Selection::Entry { node, index },
            Pick::Property(i) => Selection::Property(i as u16),
        });
        let (from, to) = self.window;
        ViewState {
            selection,
            panels: self.panels & !CAUSAL | if self.causal { CAUSAL } else { 0 },
            window: (from, to - from),
            speed: self.speed as i16,
            beside: self.beside.as_ref().and_then(|b| b.branch),
            cue: self.cue(),
        }
    }

    /// What the address leaves out, in a sentence; nothing if it holds all.
    pub fn left_out(&self, held: Held) -> Option<String> {
        let others = self.session.branches().len() - 1;
        match held {
            Held::Whole => None,
            Held::Branch => Some(format!(
                "This session has grown too long for an address: the link holds this branch and \
                 leaves out {}. \"Save as a file\" keeps everything.",
                match others {
                    0 => "what is switched off".into(),
                    1 => "the other one".into(),
                    n => format!("the {n} others"),
                }
            )),
            Held::Settings => Some(
                "This branch has grown too long for an address: the link holds the run without \
                 its interventions. \"Save as a file\" keeps everything."
                    .into(),
            ),
        }
    }

    /// Takes in what the session has become.
    pub fn refresh(&mut self) {
        let old = std::mem::replace(&mut self.view, Rc::new(self.session.view()));
        self.keep_before(&old);
        log_strip::haunt(&mut self.ghosts, &old, &self.view);
        if let Some(beside) = &mut self.beside {
            beside.follow(&self.session);
        }
        if self.indexed != self.session.current() {
            self.indexed = self.session.current();
            self.index = Index::default();
            self.latest = None;
            super::overlay::choose(self, self.overlay.as_ref().map(|o| o.kind));
        }
        if let Some(ready) = self.ready.take() {
            self.index = ready;
        }
        self.index.extend(self.session.trace());
        if let Some(overlay) = &mut self.overlay {
            overlay.extend(self.session.trace());
        }
        if self.overlay.as_ref().is_some_and(Overlay::is_lost)
            && self.session.trace().events.first() == 0
        {
            super::overlay::choose(self, self.overlay.as_ref().map(|o| o.kind));
        }
        self.revision += 1;
        self.find_latest();
        self.follow();
    }

    /// Takes in a session of which more has changed than the cursor's place.
    pub fn anew(&mut self) {
        self.index = Index::default();
        (self.latest, self.around) = (None, None);
        self.ghosts.clear();
        self.before.fill(None);
        if self.pick.is_some_and(|p| matches!(p, Pick::Event(s) if s > self.session.trace().len()))
        {
            self.pick = None;
        }
        self.refresh();
    }

    /// Remembers what the node that just acted was like, when exactly one step was taken.
    fn keep_before(&mut self, old: &WorldView) {
        self.before.resize_with(self.view.nodes.len(), || None);
        let cursor = self.session.cursor();
        if cursor != old.step + 1 {
            self.before.fill(None);
            return;
        }
        let node = self.session.trace().event(cursor).and_then(|e| e.node);
        if let Some(n) = node
            && let (Some(slot), Some(was)) = (self.before.get_mut(n.at()), old.nodes.get(n.at()))
        {
            *slot = Some((cursor, was.look.clone()));
        }
    }

    /// Moves the window when the playhead leaves it; by pages, so that nothing else has to move.
    fn follow(&mut self) {
        let from = self.window.0;
        let (now, width) = (self.session.time(), window::width(self.window));
        if self.follows && (now < from || now > from + width * 9 / 10) {
            let start = now.saturating_sub(width / 2);
            self.window = window::of(start, width);
        }
    }

    /// Lets time go on by what a frame took, in milliseconds; true if a step was taken.
    pub fn advance(&mut self, elapsed: f64) -> bool {
        let elapsed = elapsed.bounded(0.0, 100.0);
        let paced = self.advance_stretch(elapsed);
        let before = self.session.cursor();
        let us = elapsed * 1000.0 * rate(self.speed) + self.rest;
        self.rest = us.fract();
        let start = self.session.time();
        self.run_to(paced.unwrap_or(start + us as u64).max(start));
        if us >= 1.0 && paced.is_none() {
            let share = (self.session.time() - start) as f64 / us;
            self.kept += (share.min(1.0) - self.kept) * 0.05;
        }
        let stepped = self.session.cursor() != before;
        if stepped {
            self.refresh();
        } else if self.session.time() > self.window.0 + (self.window.1 - self.window.0) * 9 / 10 {
            self.follow();
            return true;
        }
        stepped
    }

    /// Goes on to a time, or as far as the frame's budget lets it.
    fn run_to(&mut self, target: u64) {
        let begun = dom::now();
        loop {
            let cursor = self.session.cursor();
            match self.telling().map(|t| t.phase) {
                Some(Phase::Running) => self.advance_story(target, STRIDE),
                _ => _ = self.session.advance_to(target, STRIDE),
            }
            if self.session.cursor() - cursor < STRIDE || dom::now() - begun > BUDGET {
                break;
            }
        }
    }

    /// The speed that is reached, where it is not the one that is wished.
    pub fn reached(&self) -> Option<f64> {
        (self.playing && self.kept < 0.9).then(|| self.kept * rate(self.speed))
    }

    /// One step forth or back.
    pub fn step(&mut self, by: i64) {
        if by > 0 {
            self.session.forward();
            self.refresh();
        } else {
            self.seek(self.session.cursor().saturating_sub(1));
        }
    }

    /// Goes to a step.
    pub fn seek(&mut self, step: u64) {
        let mut session = self.gradual();
        session.seek(step);
        self.go_here(session, |m, session| {
            m.session = session;
            m.follows = true;
            m.refresh();
        });
    }

    /// Goes to a time.
    pub fn seek_time(&mut self, time: u64) {
        let mut session = self.gradual();
        session.seek_time(time);
        self.go_here(session, |m, session| {
            m.session = session;
            m.refresh();
        });
    }

    /// Goes to the next or the last thing of interest before; says so when there is none near.
    pub fn seek_interesting(&mut self, forth: bool) {
        if forth {
            return self.go_next(SEARCH);
        }
        let (here, trace) = (self.session.cursor(), self.session.trace());
        let events = trace.events.range(0..here.saturating_sub(1) as usize);
        let step = events.rev().find(|e| self.is_interesting(e)).map(|e| e.step);
        // What has come of interventions is known of all the run.
        let known = trace.marks().iter().rev().find(|e| e.step < here && self.is_interesting(e));
        let to = step.or(known.map(|e| e.step)).unwrap_or(0);
        self.seek(to);
    }

    /// A landmark of the protocol, an intervention, or a property broken.
    pub fn is_interesting(&self, event: &Event) -> bool {
        is_interesting(&self.info, event)
    }

    /// Does things at the cursor, in order: all of them or, with a sentence, none.
    pub fn act(&mut self, actions: Vec<Action>) {
        self.notice = None;
        // In a world that stands still each act takes a moment, so that one can see it.
        let pause = if self.view.manual { PACE } else { 0 };
        self.deliberately(&mut |session| {
            session.set_gradual(false);
            session.advance_to(session.time() + pause, u64::MAX);
            actions.iter().try_for_each(|action| session.act(action.clone()))
        });
    }

    /// The step that is selected, if it is one of a process: the centre of the cone.
    pub fn selected_step(&self) -> Option<u64> {
        match self.pick {
            Some(Pick::Event(step)) => Some(step),
            None => self.lit().last().copied(),
            _ => None,
        }
    }

    /// The node that is picked out on the stage.
    pub fn selected_node(&self) -> Option<NodeId> {
        match self.pick? {
            Pick::Node(n) | Pick::Timer { node: n, .. } | Pick::Entry { node: n, .. } => Some(n),
            Pick::Op(op) => Some(op.client),
            Pick::Event(step) => self.session.trace().event(step)?.node,
            _ => None,
        }
    }

    /// A node's name.
    pub fn name(&self, node: NodeId) -> String {
        self.view.nodes.get(node.at()).map_or_else(|| "?".into(), |n| n.name.to_string())
    }

    /// The last step of a node up to the cursor.
    pub fn last_step(&self, node: NodeId) -> Option<u64> {
        let seen = self.session.trace().events.range(0..self.session.cursor() as usize);
        seen.rev().find(|e| e.node == Some(node) && e.is_of_process()).map(|e| e.step)
    }

    /// A node before its last event: known from playing, or asked of the session.
    pub fn look_before(&mut self, node: NodeId) -> Option<Arc<NodeLook>> {
        let step = self.last_step(node)?;
        if let Some((known, look)) = self.before.get(node.at())?
            && *known == step
        {
            return Some(look.clone());
        }
        let before = self.look_around(step)?.0;
        self.before[node.at()] = Some((step, before.clone()));
        Some(before)
    }

    /// The acting node's look before and after a step.
    pub fn look_around(&mut self, step: u64) -> Option<Looks> {
        let name = (self.session.current(), step);
        if let Some((known, looks)) = &self.around
            && *known == name
        {
            return looks.clone();
        }
        let node = self.session.trace().event(step)?.node?;
        // Somewhere else is gone to already: what happens there is found later.
        if self.going.is_some() {
            return None;
        }
        let mut session = self.gradual();
        session.seek(step - 1);
        self.go_here(session, move |m, mut session| {
            let look = |view: &WorldView| view.nodes.get(node.at()).map(|n| n.look.clone());
            let before = look(&session.view());
            session.forward();
            let looks = before.zip(look(&session.view()));
            m.around = Some((name, looks));
        });
        let (_, looks) = self.around.as_ref().filter(|(known, _)| *known == name)?;
        looks.clone()
    }

    /// The end of the line of time: beyond everything recorded, at a round number, so that it
    /// seldom changes.
    pub fn horizon(&self) -> u64 {
        let ends = self.session.branches().iter().map(|b| b.trace.reached().1);
        let last = ends.max().unwrap_or(0).max(self.session.time());
        let wanted = (last + last / 8).max(500_000);
        let mut unit = 100_000u64;
        loop {
            for k in [1, 2, 5] {
                if unit.saturating_mul(k * 5) >= wanted {
                    return wanted.div_ceil(unit * k) * unit * k;
                }
            }
            unit = unit.saturating_mul(10);
        }
    }

    /// First violations of the shown branch: step, time, the property's name.
    pub fn broken(&self) -> Vec<(u64, u64, String)> {
        let title = |id: &str| {
            self.info.properties.iter().find(|p| p.id == id).map_or(id, |p| p.title).to_string()
        };
        let marks = self.session.trace().marks().iter();
        marks.flat_map(|e| e.broken.iter().map(move |id| (e.step, e.at, title(id)))).collect()
    }

    /// The last thing of interest up to the cursor: its step, and what its node then was
    /// (`term 3`), if that is still known.
    pub fn latest(&self) -> Option<(u64, String)> {
        self.latest.clone()
    }

    fn find_latest(&mut self) {
        let here = self.session.cursor() as usize;
        let seen = self.session.trace().events.range(0..here);
        let last = seen.rev().take(2_000).find(|e| self.is_interesting(e) && !is_first_boot(e));
        let Some(event) = last else {
            self.latest = None;
            return;
        };
        let (step, node) = (event.step, event.node);
        if self.latest.as_ref().is_some_and(|(s, b)| *s == step && !b.is_empty()) {
            return;
        }
        let fresh = node.filter(|n| self.last_step(*n) == Some(step));
        let badge = fresh.and_then(|n| self.view.nodes.get(n.at())).map(|n| n.look.badge.clone());
        self.latest = Some((step, badge.unwrap_or_default()));
    }
}

/// The share of true speed.
pub fn rate(speed: i32) -> f64 {
    10f64.powf(f64::from(speed) / 100.0)
}

/// `1/50 ×`.
pub fn rate_text(speed: i32) -> String {
    share_text(rate(speed))
}

/// A share of true speed, in words.
pub fn share_text(rate: f64) -> String {
    let round = |v: f64| {
        let unit = if v < 20.0 {
            1.0
        } else if v < 200.0 {
            10.0
        } else {
            100.0
        };
        (v / unit).round() * unit
    };
    if rate >= 0.95 { format!("{} ×", round(rate)) } else { format!("1/{} ×", round(1.0 / rate)) }
}

/// A refusal with a capital letter and a full stop.
pub fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    let mut out: String = first.to_uppercase().chain(chars).collect();
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

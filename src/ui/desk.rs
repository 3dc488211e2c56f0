//! The pictures of a run and the loop that moves them. It stands outside of the component tree:
//! components say where a picture hangs and hear of changes, the loop draws.
//!
//! Each frame in which anything of the document changes costs about the same, however little it is;
//! so changes are collected: what moves is painted, elements follow steps in few frames.

use super::compare;
use super::dom;
use super::model::Model;
use super::paint::{Canvas, Easel};
use super::picture::Picture;
use super::{converge, plane};
use happened_before::core::session::Branch;
use happened_before::core::view::Lens;
use happened_before::scene::Bounded;
use happened_before::scene::history::HistoryPicture;
use happened_before::scene::space_time::{SpaceTime, Spacing};
use happened_before::scene::stage::Stage;
use happened_before::scene::timeline::{BranchLane, Timeline};
use happened_before::scene::{
    self, PicturePart, Size, key_ruler, log_strip, matrix, ring, ruler, trays,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::Callback;

/// Milliseconds between two looks of the panels at a run that plays,
const PANELS: f64 = 200.0;
/// or so many times as long as the last one took.
const PANELS_SHARE: f64 = 120.0;
/// The stage moves in every frame; what creeps beside it, in every third.
const BESIDE: u32 = 3;
/// Milliseconds at least between two changes of the stage's elements,
const STAGE: f64 = 30.0;
/// or so many times as long as the last one took, if that is more;
const STAGE_SHARE: f64 = 40.0;
/// and of all others, the clock among them; where time runs slowly, twice that for both.
const OTHERS: f64 = 100.0;
/// Milliseconds of script after which a frame brings no more elements up to date: they follow in the
/// next ones. A single picture may take longer.
const SCRIPT: f64 = 3.0;
/// Slow: a tenth of true speed, as [`Model::speed`] counts, or less.
const SLOW: i32 = -100;

/// A place for a picture, and how large it is.
struct Hung {
    frame: Element,
    picture: Picture,
    canvas: Option<Canvas>,
    size: Size,
    /// Of what has settled on the canvas: how it stands, and up to which step of which branch.
    settled: Option<(Settled, usize, u64)>,
}

/// See [`SpaceTime::settled_as`]; with the picture's size.
type Settled = ((u64, u64, usize, bool), Size);

impl Hung {
    fn new(slot: Slot, frame: Element, svg: Element) -> Self {
        // What grows in the others is slow: it follows with their elements.
        let lively = matches!(slot, Slot::Stage | Slot::Time | Slot::Line);
        let canvas = if lively { Canvas::over(&frame) } else { None };
        Hung { frame, picture: Picture::new(svg), canvas, size: Size::default(), settled: None }
    }
    fn measure(&mut self) -> bool {
        let size = Size::px(self.frame.client_width(), self.frame.client_height());
        std::mem::replace(&mut self.size, size) != size
    }
    fn shown(&self) -> bool {
        self.size.w > 200 && self.size.h > 150
    }
}

/// Which picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The cluster.
    Stage,
    /// The space-time diagram.
    Time,
    /// The logs side by side.
    Log,
    /// The clients' operations.
    History,
    /// Who can reach whom.
    Matrix,
    /// What nodes keep in order.
    Trays,
    /// Clocks against true time.
    Ruler,
    /// The whole run as a line.
    Line,
    /// The cluster of the run beside.
    SideStage,
    /// The diagram of the run beside.
    SideTime,
    /// Where keys live: on a ring, or on an axis.
    Ring,
    /// A chart: latency against staleness, or the time until all agree.
    Plane,
}

impl Slot {
    const ALL: [Slot; 12] = [
        Slot::Stage,
        Slot::Time,
        Slot::Log,
        Slot::History,
        Slot::Matrix,
        Slot::Trays,
        Slot::Ruler,
        Slot::Line,
        Slot::SideStage,
        Slot::SideTime,
        Slot::Ring,
        Slot::Plane,
    ];
}

/// What the browser calls before each frame.
type Tick = Closure<dyn FnMut(f64)>;

/// Pictures, loop and model of one scene page.
pub struct Desk {
    /// The run.
    pub model: RefCell<Model>,
    hung: [RefCell<Option<Hung>>; 12],
    clock: RefCell<Option<Element>>,
    notify: Callback<()>,
    last: Cell<Option<f64>>,
    told: Cell<f64>,
    owed: Cell<bool>,
    /// How long the panels' next look has to wait.
    pace: Cell<f64>,
    frames: Cell<u32>,
    /// When this frame's script began.
    begun: Cell<f64>,
    /// When the elements of each picture last followed.
    shown: [Cell<f64>; 12],
    /// Milliseconds that the stage's took.
    stage_took: Cell<f64>,
    /// When the clock did.
    clocked: Cell<f64>,
    /// What paints; until it has come, elements show everything.
    easel: RefCell<Option<Easel>>,
    /// It has been sent for.
    wanted: Cell<bool>,
    /// The reader wants nothing to move between steps.
    still: Cell<bool>,
    /// Pictures that have not seen the last step, as bits.
    stale: Cell<u16>,
    request: Cell<i32>,
    tick: RefCell<Option<Tick>>,
}

impl Desk {
    /// A desk for a run; `notify` hears of changes, at most a few times a second.
    pub fn new(model: Model, notify: Callback<()>) -> Rc<Desk> {
        let desk = Rc::new(Desk {
            model: RefCell::new(model),
            hung: Default::default(),
            clock: RefCell::default(),
            notify,
            last: Cell::new(None),
            told: Cell::new(0.0),
            owed: Cell::new(false),
            pace: Cell::new(PANELS),
            frames: Cell::new(0),
            begun: Cell::default(),
            shown: Default::default(),
            stage_took: Cell::default(),
            clocked: Cell::default(),
            easel: RefCell::default(),
            wanted: Cell::new(false),
            still: Cell::new(dom::still()),
            stale: Cell::new(0),
            request: Cell::new(0),
            tick: RefCell::default(),
        });
        let weak = Rc::downgrade(&desk);
        *desk.tick.borrow_mut() = Some(Closure::new(move |now| {
            if let Some(desk) = weak.upgrade() {
                desk.frame(now);
            }
        }));
        desk
    }

    /// Hangs a picture.
    pub fn hang(&self, slot: Slot, frame: Element, svg: Element) {
        *self.slot(slot).borrow_mut() = Some(Hung::new(slot, frame, svg));
    }

    /// The element that shows the time.
    pub fn set_clock(&self, element: Element) {
        *self.clock.borrow_mut() = Some(element);
    }

    /// Takes a picture down.
    pub fn take_down(&self, slot: Slot) {
        if let Some(canvas) = self.slot(slot).take().and_then(|h| h.canvas) {
            canvas.remove();
        }
    }

    fn slot(&self, slot: Slot) -> &RefCell<Option<Hung>> {
        &self.hung[slot as usize]
    }

    /// The size of a picture.
    pub fn size(&self, slot: Slot) -> Size {
        self.slot(slot).borrow().as_ref().map_or(Size::default(), |h| h.size)
    }

    /// The picture as shapes, to find what lies under a finger or a stroke.
    pub fn scene(&self, slot: Slot) -> scene::Drawing {
        picture(&self.model.borrow(), slot, self.size(slot), PicturePart::All)
    }

    /// The time at a place of a picture of time, in tenths of a pixel.
    pub fn time_at(&self, slot: Slot, x: i32) -> u64 {
        let (model, size) = (self.model.borrow(), self.size(slot));
        match slot {
            Slot::Line => line(&model, size, &lanes(&model), &[]).time_at(x),
            Slot::History => history(&model, size).time_at(x),
            _ => diagram(&model, size).time_at(x),
        }
    }

    /// Measures the places of the pictures again.
    pub fn measure(&self) {
        let mut changed = false;
        for slot in Slot::ALL {
            if let Some(hung) = self.slot(slot).borrow_mut().as_mut() {
                changed |= hung.measure();
            }
        }
        if changed {
            self.draw();
        }
    }

    /// Draws everything as it is now.
    pub fn draw(&self) {
        // What is painted from now on has elements until the painter has shown it.
        let begins = self.paints(&self.model.borrow());
        self.stale.set(if begins { u16::MAX } else { 0 });
        self.shown.iter().chain([&self.clocked]).for_each(|at| at.set(0.0));
        self.still.set(dom::still());
        self.refresh();
        let model = self.model.borrow();
        for slot in Slot::ALL {
            self.show(&model, slot);
            self.paint(&model, slot, true);
        }
        self.write_time(model.session.time());
    }

    /// Follows a change of theme; true if there was one.
    fn refresh(&self) -> bool {
        let changed = self.easel.borrow_mut().as_mut().is_some_and(Easel::refresh);
        if let (true, Some(h)) = (changed, self.slot(Slot::Time).borrow_mut().as_mut()) {
            h.settled = None;
        }
        changed
    }

    /// While time runs, what moves is painted, not made of elements.
    fn paints(&self, model: &Model) -> bool {
        model.playing && !self.still.get() && self.easel.borrow().is_some()
    }

    /// Sends for the painter, once.
    fn want_easel(self: &Rc<Self>) {
        if self.still.get() || self.wanted.replace(true) {
            return;
        }
        let weak = Rc::downgrade(self);
        wasm_bindgen_futures::spawn_local(async move {
            let easel = Easel::open().await;
            let Some(desk) = weak.upgrade() else { return };
            *desk.easel.borrow_mut() = easel;
            desk.draw();
        });
    }

    /// Brings a picture's elements up to the last step.
    fn show(&self, model: &Model, slot: Slot) {
        if let Some(h) = self.slot(slot).borrow_mut().as_mut().filter(|h| h.shown()) {
            let painted = h.canvas.as_ref().is_some_and(|c| !c.is_blank());
            let part =
                if painted && self.paints(model) { PicturePart::Fixed } else { PicturePart::All };
            h.picture.show(picture(model, slot, h.size, part));
        }
    }

    /// Paints what moves of a picture, and what has settled if that is to be done anew; nothing
    /// where time stands.
    fn paint(&self, model: &Model, slot: Slot, settle: bool) {
        let mut hung = self.slot(slot).borrow_mut();
        let Some(h) = hung.as_mut() else { return };
        let shown = h.shown();
        let Some(canvas) = &mut h.canvas else { return };
        let paints = self.paints(model);
        let mut easel = self.easel.borrow_mut();
        if !shown || !paints {
            h.settled = None;
            return canvas.clear(easel.as_mut());
        }
        let Some(easel) = easel.as_mut() else { return };
        if easel.busy() && !settle {
            return;
        }
        if settle && slot == Slot::Time {
            let mut time = SpaceTime { part: PicturePart::Settled, ..diagram(model, h.size) };
            let (branch, step) = (model.session.current(), model.view.step);
            let stands = time.settled_as().map(|s| (s, h.size));
            let mut anew = true;
            if let (Some((was, b, last)), Some(is)) = (h.settled, stands)
                && (was == is && b == branch && last <= step)
            {
                (time.since, anew) = (last, false);
            }
            canvas.settle(&time.scene(model.session.time()), anew, easel);
            h.settled = stands.map(|s| (s, branch, step));
        }
        canvas.paint(&picture(model, slot, h.size, PicturePart::Moving), easel);
    }

    /// One frame of a run that plays. Where the panels look at it, elements wait for the next one.
    fn play(&self, stepped: bool, panels: bool, now: f64) {
        let model = self.model.borrow();
        if stepped {
            self.stale.set(u16::MAX);
        }
        let nth = self.frames.replace(self.frames.get().wrapping_add(1));
        let settle = !panels && self.follow(&model, now);
        if self.paints(&model) {
            self.paint(&model, Slot::Stage, false);
            if settle || nth % BESIDE == 1 {
                self.paint(&model, Slot::Time, settle);
            }
            if nth % BESIDE == 2 {
                self.paint(&model, Slot::Line, false);
            }
        }
    }

    /// Brings elements up to date whose time has come; true if the diagram's are among them, or the
    /// theme has changed.
    fn follow(&self, model: &Model, now: f64) -> bool {
        let times = if model.speed > SLOW { 1.0 } else { 2.0 };
        let pause = times * OTHERS;
        let age = |slot: Slot| now - self.shown[slot as usize].get();
        let mut soon = 0.0;
        let stage = (self.stage_took.get() * STAGE_SHARE).bounded(STAGE, OTHERS);
        if age(Slot::Stage) >= times * stage && self.is_stale(Slot::Stage) {
            self.shown[Slot::Stage as usize].set(now);
            let begun = dom::now();
            self.show(model, Slot::Stage);
            self.stage_took.set(dom::now() - begun);
            // This frame is dear already: others come along.
            soon = pause / 2.0;
        }
        let mut others: Vec<Slot> = Slot::ALL.into_iter().skip(1).collect();
        others.retain(|slot| self.is_stale_yet(*slot) && age(*slot) >= pause - soon);
        others.sort_by(|a, b| age(*b).total_cmp(&age(*a)));
        let mut settle = false;
        for slot in others {
            if self.is_late() && age(slot) < 2.0 * pause {
                break;
            }
            self.is_stale(slot);
            self.shown[slot as usize].set(now);
            self.show(model, slot);
            settle |= slot == Slot::Time;
        }
        if now - self.clocked.get() >= pause - soon {
            self.clocked.set(now);
            self.write_time(model.session.time());
            settle |= self.refresh();
        }
        settle
    }

    /// Has this frame's script taken long?
    fn is_late(&self) -> bool {
        dom::now() - self.begun.get() > SCRIPT
    }

    /// Is a picture older than the last step?
    fn is_stale_yet(&self, slot: Slot) -> bool {
        self.stale.get() & 1 << slot as u8 != 0
    }

    /// Is a picture older than the last step? It will not be.
    fn is_stale(&self, slot: Slot) -> bool {
        let bit = 1u16 << slot as u8;
        self.stale.replace(self.stale.get() & !bit) & bit != 0
    }

    fn write_time(&self, now: u64) {
        if let Some(clock) = self.clock.borrow().as_ref() {
            let text = super::words::seconds(now);
            if clock.text_content().as_deref() != Some(&text) {
                clock.set_text_content(Some(&text));
            }
        }
    }

    /// Starts or stops the loop, as the model says.
    pub fn run(self: &Rc<Self>) {
        let playing = self.model.borrow().playing;
        if playing {
            self.want_easel();
        }
        let playing = playing || self.model.borrow().is_busy();
        if playing && self.request.get() == 0 {
            self.last.set(None);
            self.ask();
        } else if !playing && self.request.get() != 0 {
            let _ = dom::window().cancel_animation_frame(self.request.replace(0));
        }
    }

    fn ask(&self) {
        if let Some(tick) = self.tick.borrow().as_ref() {
            self.request.set(dom::next_frame(tick));
        }
    }

    /// One frame. A hidden page gets none, so it stands still.
    fn frame(self: &Rc<Self>, now: f64) {
        self.request.set(0);
        if self.model.borrow().going.is_some() {
            return self.go_on(now);
        }
        if !self.model.borrow().playing {
            return self.catch_up();
        }
        self.begun.set(dom::now());
        if self.easel.borrow().as_ref().is_some_and(Easel::lost) {
            // From now on elements show everything.
            *self.easel.borrow_mut() = None;
            self.draw();
        }
        let elapsed = now - self.last.replace(Some(now)).unwrap_or(now);
        let stepped = self.model.borrow_mut().advance(elapsed);
        let stopped = !self.model.borrow().playing;
        self.owed.set(self.owed.get() || stepped);
        let panels = self.owed.get() && now - self.told.get() >= self.pace.get();
        self.play(stepped, panels && !stopped, now);
        if stopped || panels {
            self.told.set(now);
            self.owed.set(false);
            self.tell();
        }
        self.ask();
    }

    /// One frame of a way to another moment; what is shown changes on arrival.
    fn go_on(self: &Rc<Self>, now: f64) {
        self.last.set(None);
        let there = self.model.borrow_mut().slice();
        if there {
            self.draw();
        }
        if there || now - self.told.get() >= self.pace.get() {
            self.told.set(now);
            self.model.borrow_mut().revision += 1;
            self.tell();
        }
        self.ask();
    }

    /// One frame in which the run beside comes nearer to the one that stands still.
    fn catch_up(self: &Rc<Self>) {
        if !self.model.borrow().is_busy() {
            return;
        }
        self.model.borrow_mut().refresh();
        if !self.model.borrow().is_busy() {
            self.draw();
            self.tell();
        }
        self.ask();
    }

    /// Lets the panels look; the longer they take, the longer they wait until they look again.
    fn tell(self: &Rc<Self>) {
        let begun = dom::now();
        self.notify.emit(());
        let weak = Rc::downgrade(self);
        // Comes after what they have put off.
        wasm_bindgen_futures::spawn_local(async move {
            if let Some(desk) = weak.upgrade() {
                desk.pace.set(((dom::now() - begun) * PANELS_SHARE).bounded(PANELS, 5.0 * PANELS));
            }
        });
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if self.request.get() != 0 {
            let _ = dom::window().cancel_animation_frame(self.request.get());
        }
    }
}

/// A picture at the model's moment, or a part of it.
fn picture(model: &Model, slot: Slot, size: Size, part: PicturePart) -> scene::Drawing {
    let now = model.session.time();
    match slot {
        Slot::Stage => {
            let mut scene = Stage { part, ..stage(model, size) }.scene(now);
            if let Some(beside) = &model.beside {
                compare::mark(&mut scene, beside);
            }
            scene
        }
        Slot::SideStage | Slot::SideTime => side(model, slot, size),
        Slot::Time => SpaceTime { part, ..diagram(model, size) }.scene(now),
        Slot::Log => log_strip::scene(&model.view, model.selected_node(), &model.ghosts, size),
        Slot::History => history(model, size).scene(now),
        Slot::Ring if model.view.axis.is_some() => {
            key_ruler::scene(&model.view, model.selected_node(), size)
        }
        Slot::Ring => ring::scene(&model.view, model.selected_node(), size),
        Slot::Plane if model.info.lenses.contains(&Lens::Convergence) => {
            converge::scene(model, size)
        }
        Slot::Plane => plane::scene(model, size),
        Slot::Matrix => matrix::scene(&model.view, size),
        Slot::Trays => trays::scene(&model.view, size),
        Slot::Ruler => ruler::scene(&model.view, now, size),
        Slot::Line => {
            let (lanes, broken) = (lanes(model), model.broken());
            Timeline { part, ..line(model, size, &lanes, &broken) }.scene(now)
        }
    }
}

/// A picture of the run beside.
fn side(model: &Model, slot: Slot, size: Size) -> scene::Drawing {
    let Some(beside) = &model.beside else { return scene::Drawing::default() };
    let now = model.session.time();
    if slot == Slot::SideTime {
        let (trace, index) = (beside.trace(), &beside.index);
        let mut time = SpaceTime::new(&beside.view, trace, index, model.window, size);
        if model.causal {
            time.spacing = Spacing::Causal;
        }
        return time.scene(now);
    }
    let mut stage = Stage::new(&beside.view, beside.scene.layout, size);
    stage.trace = Some(beside.trace());
    let mut scene = stage.scene(now);
    compare::mark(&mut scene, beside);
    scene
}

fn stage(model: &Model, size: Size) -> Stage<'_> {
    let mut stage = Stage::new(&model.view, model.scene.layout, size);
    stage.trace = Some(model.session.trace());
    stage.selected = model.selected_step();
    stage.node = model.selected_node();
    stage
}

fn diagram(model: &Model, size: Size) -> SpaceTime<'_> {
    let trace = model.session.trace();
    let mut time = SpaceTime::new(&model.view, trace, &model.index, model.window, size);
    time.selected = model.selected_step();
    if model.causal {
        time.spacing = Spacing::Causal;
    }
    time.chips = model.overlay.as_ref();
    time
}

fn history(model: &Model, size: Size) -> HistoryPicture<'_> {
    HistoryPicture {
        view: &model.view,
        trace: model.session.trace(),
        index: &model.index,
        calls: model.info.calls,
        window: model.window,
        size,
        full: true,
        points: &model.marks.points,
        core: &model.marks.core,
    }
}

/// The branches as lanes.
fn lanes(model: &Model) -> Vec<BranchLane> {
    let lane = |(i, branch): (usize, &Branch)| {
        let id = i as u32;
        let (parent, from) = match branch.parent {
            Some((p, _)) => (p as u32, branch.begun()),
            None => (id, 0),
        };
        let to = branch.trace.reached().1;
        BranchLane { id, parent, from, to, name: branch.name.clone() }
    };
    model.session.branches().iter().enumerate().map(lane).collect()
}

fn line<'a>(
    model: &'a Model,
    size: Size,
    lanes: &'a [BranchLane],
    broken: &'a [(u64, u64, String)],
) -> Timeline<'a> {
    let (current, end) = (model.session.current() as u32, model.horizon());
    Timeline { lanes, current, end, index: &model.index, broken, size, part: PicturePart::All }
}

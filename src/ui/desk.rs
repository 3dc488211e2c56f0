//! The pictures of a run and the loop that moves them. It stands outside of the component tree:
//! components say where a picture hangs and hear of changes, the loop draws.

use super::dom;
use super::model::Model;
use super::picture::Picture;
use happened_before::scene::space_time::{SpaceTime, Spacing};
use happened_before::scene::stage::Stage;
use happened_before::scene::{self, Size};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::Callback;

/// Milliseconds between two looks of the panels at a run that plays.
const PANELS: f64 = 120.0;

/// A place for a picture, and how large it is.
struct Hung {
    frame: Element,
    picture: Picture,
    size: Size,
}

impl Hung {
    fn new(frame: Element, svg: Element) -> Self {
        Hung { frame, picture: Picture::new(svg), size: Size::default() }
    }
    fn measure(&mut self) -> bool {
        let size = Size::px(self.frame.client_width(), self.frame.client_height());
        std::mem::replace(&mut self.size, size) != size
    }
    fn shown(&self) -> bool {
        self.size.w > 400 && self.size.h > 400
    }
}

/// Which picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The cluster.
    Stage,
    /// The space-time diagram.
    Time,
}

/// Pictures, loop and model of one scene page.
pub struct Desk {
    /// The run.
    pub model: RefCell<Model>,
    stage: RefCell<Option<Hung>>,
    time: RefCell<Option<Hung>>,
    clock: RefCell<Option<Element>>,
    notify: Callback<()>,
    last: Cell<Option<f64>>,
    told: Cell<f64>,
    owed: Cell<bool>,
    request: Cell<i32>,
    tick: RefCell<Option<Closure<dyn FnMut(f64)>>>,
}

impl Desk {
    /// A desk for a run; `notify` hears of changes, at most a few times a second.
    pub fn new(model: Model, notify: Callback<()>) -> Rc<Desk> {
        let desk = Rc::new(Desk {
            model: RefCell::new(model),
            stage: RefCell::default(),
            time: RefCell::default(),
            clock: RefCell::default(),
            notify,
            last: Cell::new(None),
            told: Cell::new(0.0),
            owed: Cell::new(false),
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
        *self.slot(slot).borrow_mut() = Some(Hung::new(frame, svg));
    }

    /// The element that shows the time.
    pub fn set_clock(&self, element: Element) {
        *self.clock.borrow_mut() = Some(element);
    }

    fn slot(&self, slot: Slot) -> &RefCell<Option<Hung>> {
        match slot {
            Slot::Stage => &self.stage,
            Slot::Time => &self.time,
        }
    }

    /// The size of a picture.
    pub fn size(&self, slot: Slot) -> Size {
        self.slot(slot).borrow().as_ref().map_or(Size::default(), |h| h.size)
    }

    /// The picture as shapes, to find what lies under a finger or a stroke.
    pub fn scene(&self, slot: Slot) -> scene::Scene {
        let (model, size) = (self.model.borrow(), self.size(slot));
        match slot {
            Slot::Stage => stage(&model, size).scene(model.session.time()),
            Slot::Time => diagram(&model, size).scene(model.session.time()),
        }
    }

    /// The time at a place of the diagram, in tenths of a pixel.
    pub fn time_at(&self, x: i32) -> u64 {
        diagram(&self.model.borrow(), self.size(Slot::Time)).time_at(x)
    }

    /// Measures the places of the pictures again.
    pub fn measure(&self) {
        let mut changed = false;
        for slot in [Slot::Stage, Slot::Time] {
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
        let model = self.model.borrow();
        let now = model.session.time();
        if let Some(h) = self.stage.borrow_mut().as_mut().filter(|h| h.shown()) {
            let scene = stage(&model, h.size).scene(now);
            h.picture.show(scene);
        }
        if let Some(h) = self.time.borrow_mut().as_mut().filter(|h| h.shown()) {
            let scene = diagram(&model, h.size).scene(now);
            h.picture.show(scene);
        }
        self.write_time(now);
    }

    fn motion(&self) {
        let model = self.model.borrow();
        let now = model.session.time();
        if let Some(h) = self.stage.borrow_mut().as_mut().filter(|h| h.shown()) {
            let moves = stage(&model, h.size).motion(now);
            h.picture.moves(moves);
        }
        if let Some(h) = self.time.borrow_mut().as_mut().filter(|h| h.shown()) {
            let moves = diagram(&model, h.size).motion(now);
            h.picture.moves(moves);
        }
        self.write_time(now);
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
    pub fn run(&self) {
        let playing = self.model.borrow().playing;
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
    fn frame(&self, now: f64) {
        self.request.set(0);
        if !self.model.borrow().playing {
            return;
        }
        let elapsed = now - self.last.replace(Some(now)).unwrap_or(now);
        let stepped = self.model.borrow_mut().advance(elapsed);
        if stepped {
            self.draw();
            self.owed.set(true);
        } else {
            self.motion();
        }
        if self.owed.get() && now - self.told.get() >= PANELS {
            self.told.set(now);
            self.owed.set(false);
            self.notify.emit(());
        }
        self.ask();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if self.request.get() != 0 {
            let _ = dom::window().cancel_animation_frame(self.request.get());
        }
    }
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
    time
}

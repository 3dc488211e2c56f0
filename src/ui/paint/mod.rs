//! What moves while time runs, painted on a canvas that lies over its picture.
//!
//! Measured in Chromium: a single attribute of a single SVG element, changed between two frames,
//! makes the browser go through style, layout, paint and compositing of the whole page, about 2 ms;
//! so does half of that a canvas of the page. A canvas that is lent to a worker costs the page
//! nothing but a message. So while time runs the elements hold only what steps change, and shapes
//! that move with every moment are sent to a painter (`www/paint.js`); where time stands, all of
//! them are elements, to be pointed at, focused and read. A pointer finds painted shapes in the
//! picture's own list.

mod program;
mod styles;

use super::dom;
use happened_before::scene::Bounded;
use happened_before::scene::{Drawing, Size};
use js_sys::{Array, Function, Promise};
use program::{PaintOp, Program, Words};
use styles::Styles;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlCanvasElement};

#[wasm_bindgen]
extern "C" {
    /// `www/paint.js`: a painter in a worker, or here.
    type Painter;
    #[wasm_bindgen(method)]
    fn lend(this: &Painter, id: u32, canvas: &HtmlCanvasElement);
    #[wasm_bindgen(method)]
    fn run(
        this: &Painter,
        id: u32,
        code: &[f32],
        keep: bool,
        words: &Array,
        passing: &Array,
        looks: &Array,
    );
    #[wasm_bindgen(method)]
    fn busy(this: &Painter) -> bool;
    #[wasm_bindgen(method)]
    fn lost(this: &Painter) -> bool;
    #[wasm_bindgen(method)]
    fn close(this: &Painter);
}

/// The painter and what it has been told.
pub struct Easel {
    painter: Painter,
    styles: Styles,
    words: Words,
    /// The program that is being written.
    code: Vec<f32>,
    canvases: u32,
}

impl Easel {
    /// Fetches a painter; none if the page's part did not load.
    pub async fn open() -> Option<Easel> {
        let open = js_sys::Reflect::get(&dom::window(), &"hbPaint".into()).ok()?;
        let promise = open.dyn_into::<Function>().ok()?.call0(&JsValue::NULL).ok()?;
        let painter = JsFuture::from(promise.dyn_into::<Promise>().ok()?).await.ok()?;
        Some(Easel {
            painter: painter.unchecked_into(),
            styles: Styles::new(),
            words: Words::default(),
            code: Vec::new(),
            canvases: 0,
        })
    }

    /// Follows a change of theme; true if there was one.
    pub fn refresh(&mut self) -> bool {
        self.styles.refresh()
    }

    /// It has not come to what it was sent before.
    pub fn busy(&self) -> bool {
        self.painter.busy()
    }

    /// It has said nothing for seconds: browsers end workers without a word.
    pub fn lost(&self) -> bool {
        self.painter.lost()
    }

    fn push(&mut self, op: PaintOp) {
        self.code.push(op as u32 as f32);
    }

    fn scene(&mut self, scene: &Drawing) {
        Program::new(&mut self.code, &mut self.styles, &mut self.words).scene(scene);
    }

    /// Sends what has been written.
    fn send(&mut self, canvas: u32) {
        let (words, looks) = (&self.words, self.styles.news());
        self.painter.run(canvas, &self.code, !words.forget, &words.news, &words.passing, &looks);
        self.words.sent();
        self.code.clear();
    }
}

impl Drop for Easel {
    fn drop(&mut self) {
        self.painter.close();
    }
}

/// A canvas over a picture.
pub struct Canvas {
    element: HtmlCanvasElement,
    /// The painter's number for it.
    lent: Option<u32>,
    /// Size in device pixels.
    size: (u32, u32),
    blank: bool,
}

impl Canvas {
    /// A canvas at the end of a picture's frame.
    pub fn over(frame: &Element) -> Option<Canvas> {
        let element = dom::document().create_element("canvas").ok()?;
        let _ = element.set_attribute("class", "moving");
        let _ = element.set_attribute("aria-hidden", "true");
        let _ = element.set_attribute("hidden", "");
        frame.append_child(&element).ok()?;
        let element: HtmlCanvasElement = element.dyn_into().ok()?;
        Some(Canvas { element, lent: None, size: (0, 0), blank: true })
    }

    /// Nothing has been painted since it was cleared.
    pub fn is_blank(&self) -> bool {
        self.blank
    }

    /// Adds to what is laid over each of the pictures painted from now on; to nothing, if `anew`.
    pub fn settle(&mut self, scene: &Drawing, anew: bool, easel: &mut Easel) {
        self.fit(scene.size, easel);
        easel.push(PaintOp::Back);
        if anew {
            easel.push(PaintOp::Wipe);
        }
        easel.scene(scene);
        easel.push(PaintOp::Front);
    }

    /// Paints a picture in place of the one before.
    pub fn paint(&mut self, scene: &Drawing, easel: &mut Easel) {
        let id = self.fit(scene.size, easel);
        if self.blank {
            self.blank = false;
            let _ = self.element.remove_attribute("hidden");
        }
        easel.push(PaintOp::Wipe);
        easel.scene(scene);
        easel.push(PaintOp::Lay);
        easel.send(id);
    }

    /// Nothing is painted.
    pub fn clear(&mut self, easel: Option<&mut Easel>) {
        if self.blank {
            return;
        }
        self.blank = true;
        let _ = self.element.set_attribute("hidden", "");
        // When it is shown again nothing old is to be seen.
        if let (Some(easel), Some(id)) = (easel, self.lent) {
            easel.push(PaintOp::Wipe);
            easel.send(id);
        }
    }

    /// Takes the canvas out of its frame.
    pub fn remove(&self) {
        self.element.remove();
    }

    /// Lends it, as large as its picture.
    fn fit(&mut self, size: Size, easel: &mut Easel) -> u32 {
        let id = *self.lent.get_or_insert_with(|| {
            easel.canvases += 1;
            easel.painter.lend(easel.canvases, &self.element);
            easel.canvases
        });
        let ratio = dom::window().device_pixel_ratio().bounded(0.5, 4.0) as f32;
        let device = |v: i32| (v as f32 / 10.0 * ratio).round().max(1.0) as u32;
        let wanted = (device(size.w), device(size.h));
        if self.size != wanted {
            self.size = wanted;
            easel.push(PaintOp::Fit);
            easel.code.extend([wanted.0 as f32, wanted.1 as f32, ratio]);
        }
        id
    }
}

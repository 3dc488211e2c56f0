//! What moves while time runs, painted on a canvas that lies over its picture.
//!
//! Measured in Chromium: a single attribute of a single SVG element, changed between two frames,
//! makes the browser go through style, layout, paint and compositing of the whole page, about 2 ms;
//! a canvas skips all of that. So while time runs the elements hold only what steps change, and
//! shapes that move with every moment are painted; where time stands, all of them are elements, to
//! be pointed at, focused and read. A pointer finds painted shapes in the picture's own list.
//!
//! Colours and strokes stay where they are for elements: in the style sheets. An unseen element of
//! each class in use is asked for its computed style, once, and again when the theme changes.

use super::dom;
use happened_before::scene::{Anchor, Face, Item, ONE, Scene, Shape, Size};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::f64::consts::TAU;
use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, CssStyleDeclaration, Element, HtmlCanvasElement, Path2d};

const SVG: &str = "http://www.w3.org/2000/svg";
/// Outlines that are kept; glyphs come again and again, lines do not.
const OUTLINES: usize = 256;

/// A style's number; 0 is that of the picture itself.
type Id = usize;

/// How shapes of a class look.
struct Style {
    probe: Element,
    fill: Option<JsValue>,
    stroke: Option<JsValue>,
    width: f64,
    dash: js_sys::Array,
    /// The dashes in tenths.
    tenfold: js_sys::Array,
    round: bool,
    opacity: f64,
    font: String,
}

/// Classes and their looks.
pub struct Styles {
    known: Vec<Style>,
    /// For each outer style, by the element's name and its class.
    ids: Vec<BTreeMap<&'static str, BTreeMap<String, Id>>>,
    theme: String,
    /// The canvas's properties for fill and stroke: strings for JavaScript are dear, so they are
    /// made once.
    names: [JsValue; 2],
}

impl Styles {
    /// No styles yet. Elements that are asked for theirs stand in an unseen `svg`.
    pub fn new() -> Styles {
        let document = dom::document();
        let root = document.create_element_ns(Some(SVG), "svg").expect("an SVG element");
        let _ = root.set_attribute("class", "scene unseen");
        let _ = root.set_attribute("aria-hidden", "true");
        if let Some(body) = document.body() {
            let _ = body.append_child(&root);
        }
        let known = vec![Style::read(root)];
        let names = ["fillStyle".into(), "strokeStyle".into()];
        Styles { known, ids: vec![BTreeMap::new()], theme: theme(), names }
    }

    /// Reads all again if the theme or the reader's preferences have changed; true if they have.
    pub fn refresh(&mut self) -> bool {
        let now = theme();
        let changed = now != self.theme;
        if changed {
            self.theme = now;
            for style in &mut self.known {
                *style = Style::read(style.probe.clone());
            }
        }
        changed
    }

    fn of(&mut self, outer: Id, tag: &'static str, class: &str) -> Id {
        if let Some(id) = self.ids[outer].get(tag).and_then(|of| of.get(class)) {
            return *id;
        }
        let probe = dom::document().create_element_ns(Some(SVG), tag).expect("an SVG element");
        let _ = probe.set_attribute("class", class);
        let _ = self.known[outer].probe.append_child(&probe);
        let id = self.known.len();
        self.known.push(Style::read(probe));
        self.ids.push(BTreeMap::new());
        self.ids[outer].entry(tag).or_default().insert(class.to_owned(), id);
        id
    }
}

impl Drop for Styles {
    fn drop(&mut self) {
        self.known[0].probe.remove();
    }
}

/// What decides which tokens hold.
fn theme() -> String {
    let set = dom::root().get_attribute("data-theme").unwrap_or_default();
    let is = |query| if dom::media(query) { '1' } else { '0' };
    let mut out = set;
    out.push(is("(prefers-color-scheme: dark)"));
    out.push(is("(prefers-contrast: more)"));
    out.push(is("(forced-colors: active)"));
    out
}

impl Style {
    fn read(probe: Element) -> Style {
        let Some(css) = dom::window().get_computed_style(&probe).ok().flatten() else {
            return Style::none(probe);
        };
        let get = |name: &str| css.get_property_value(name).unwrap_or_default();
        let paint = |name: &str| {
            let value = get(name);
            let seen = !matches!(value.as_str(), "" | "none" | "transparent" | "rgba(0, 0, 0, 0)");
            seen.then(|| JsValue::from(value))
        };
        let dash: Vec<f64> = get("stroke-dasharray")
            .split([',', ' '])
            .filter_map(|n| n.trim_end_matches("px").parse().ok())
            .collect();
        let array = |by: f64| dash.iter().map(|n| JsValue::from(n * by)).collect();
        Style {
            fill: paint("fill"),
            stroke: paint("stroke"),
            width: number(&css, "stroke-width").unwrap_or(1.0),
            dash: array(1.0),
            tenfold: array(10.0),
            round: get("stroke-linecap") == "round",
            opacity: number(&css, "opacity").unwrap_or(1.0),
            font: get("font-family"),
            probe,
        }
    }

    fn none(probe: Element) -> Style {
        let (dash, tenfold, font) = (js_sys::Array::new(), js_sys::Array::new(), String::new());
        let (fill, stroke, round) = (None, None, false);
        Style { probe, fill, stroke, width: 1.0, dash, tenfold, round, opacity: 1.0, font }
    }
}

fn number(css: &CssStyleDeclaration, name: &str) -> Option<f64> {
    css.get_property_value(name).ok()?.trim_end_matches("px").parse().ok()
}

/// A canvas over a picture.
pub struct Canvas {
    element: HtmlCanvasElement,
    pen: CanvasRenderingContext2d,
    outlines: BTreeMap<String, Path2d>,
    /// What has settled, to be laid over what moves.
    settled: Option<Box<Canvas>>,
    /// Size in device pixels, and device pixels a pixel.
    size: (u32, u32),
    ratio: f64,
    blank: bool,
}

/// The shapes of one style that follow each other are one path.
#[derive(Clone, Copy, PartialEq)]
struct Ink {
    style: Id,
    opacity: f64,
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
        Canvas::on(element)
    }

    fn on(element: HtmlCanvasElement) -> Option<Canvas> {
        let pen = element.get_context("2d").ok().flatten()?.dyn_into().ok()?;
        let (outlines, size) = (BTreeMap::new(), (0, 0));
        Some(Canvas { element, pen, outlines, settled: None, size, ratio: 1.0, blank: true })
    }

    /// Adds to what is laid over each of the pictures painted from now on.
    pub fn settle(&mut self, scene: &Scene, styles: &mut Styles) {
        if self.settled.is_none() {
            let element = dom::document().create_element("canvas").ok();
            let element = element.and_then(|e| e.dyn_into().ok());
            self.settled = element.and_then(Canvas::on).map(Box::new);
        }
        if let Some(canvas) = &mut self.settled {
            canvas.fit(scene.size);
            canvas.add(scene, styles);
        }
    }

    /// Nothing has settled yet.
    pub fn unsettle(&mut self) {
        if let Some(canvas) = &self.settled {
            canvas.wipe();
        }
    }

    fn wipe(&self) {
        let _ = self.pen.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);
        self.pen.clear_rect(0.0, 0.0, f64::from(self.size.0), f64::from(self.size.1));
    }

    /// Nothing is painted.
    pub fn clear(&mut self) {
        if !self.blank {
            self.blank = true;
            self.settled = None;
            let _ = self.element.set_attribute("hidden", "");
        }
    }

    /// Takes the canvas out of its frame.
    pub fn remove(&self) {
        self.element.remove();
    }

    fn fit(&mut self, size: Size) {
        let ratio = dom::window().device_pixel_ratio().clamp(0.5, 4.0);
        let device = |v: i32| (f64::from(v) / 10.0 * ratio).round().max(1.0) as u32;
        let wanted = (device(size.w), device(size.h));
        if self.size != wanted {
            self.size = wanted;
            self.ratio = ratio;
            self.element.set_width(wanted.0);
            self.element.set_height(wanted.1);
        }
    }

    /// Paints a picture in place of the one before.
    pub fn paint(&mut self, scene: &Scene, styles: &mut Styles) {
        self.fit(scene.size);
        if self.blank {
            self.blank = false;
            let _ = self.element.remove_attribute("hidden");
        }
        self.wipe();
        self.add(scene, styles);
        if let Some(settled) = &self.settled {
            let _ = self.pen.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);
            self.pen.set_global_alpha(1.0);
            let _ = self.pen.draw_image_with_html_canvas_element(&settled.element, 0.0, 0.0);
        }
    }

    fn add(&mut self, scene: &Scene, styles: &mut Styles) {
        let mut brush = Brush { canvas: self, styles, ink: None, set: None, font: String::new() };
        brush.items(&scene.items, Ink { style: 0, opacity: 1.0 }, (0, 0));
        brush.flush();
    }

    /// The path of a shape that is drawn again and again: fixed parts of groups have no key.
    fn outline(&mut self, d: &str) -> Option<Path2d> {
        if let Some(known) = self.outlines.get(d) {
            return Some(known.clone());
        }
        let path = Path2d::new_with_path_string(d).ok()?;
        if self.outlines.len() >= OUTLINES {
            self.outlines.clear();
        }
        self.outlines.insert(d.to_owned(), path.clone());
        Some(path)
    }
}

/// In what lengths are given: shapes' own in tenths of a pixel, data of paths in pixels.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    Tenth,
    Pixel,
}

/// One painting.
struct Brush<'a> {
    canvas: &'a mut Canvas,
    styles: &'a mut Styles,
    /// The style of the path that is being collected.
    ink: Option<Ink>,
    /// What the canvas was last told.
    set: Option<(Ink, Unit)>,
    font: String,
}

impl Brush<'_> {
    fn items(&mut self, items: &[Item], outer: Ink, at: (i32, i32)) {
        for item in items {
            if item.hidden || item.class == "hit" {
                continue;
            }
            if item.class == "erase" {
                self.erase(&item.shape);
                continue;
            }
            let class = match &item.shape {
                Shape::Text { face, .. } => Cow::Owned(format!("{} {}", face.class(), item.class)),
                _ => Cow::Borrowed(item.class.as_ref()),
            };
            let style = self.styles.of(outer.style, tag(&item.shape), &class);
            let opacity = outer.opacity * self.styles.known[style].opacity;
            self.item(item, Ink { style, opacity }, at);
        }
    }

    /// Frees a disc of what has been painted.
    fn erase(&mut self, shape: &Shape) {
        self.flush();
        let Shape::Circle { x, y, r } = shape else { return };
        let pen = &self.canvas.pen;
        let tenths = self.canvas.ratio / 10.0;
        let _ = pen.set_transform(tenths, 0.0, 0.0, tenths, 0.0, 0.0);
        let _ = pen.set_global_composite_operation("destination-out");
        pen.set_global_alpha(1.0);
        pen.set_fill_style_str("black");
        pen.begin_path();
        let _ = pen.arc(f64::from(*x), f64::from(*y), f64::from(*r), 0.0, TAU);
        pen.fill();
        let _ = pen.set_global_composite_operation("source-over");
        self.set = None;
    }

    /// Lengths are tenths of a pixel, as in the shapes; the canvas is scaled.
    fn item(&mut self, item: &Item, ink: Ink, (dx, dy): (i32, i32)) {
        let f = |v: i32| f64::from(v);
        match &item.shape {
            Shape::Group { at, items } => self.items(items, ink, (dx + at.x, dy + at.y)),
            Shape::Line { a, b } => {
                self.collect(ink);
                self.canvas.pen.move_to(f(a.x + dx), f(a.y + dy));
                self.canvas.pen.line_to(f(b.x + dx), f(b.y + dy));
            }
            Shape::Circle { x, y, r } => {
                self.collect(ink);
                self.canvas.pen.move_to(f(x + dx + r), f(y + dy));
                let _ = self.canvas.pen.arc(f(x + dx), f(y + dy), f(*r), 0.0, TAU);
            }
            Shape::Rect { x, y, w, h, r } => {
                self.flush();
                self.use_ink(ink, Unit::Tenth);
                self.canvas.pen.begin_path();
                let (x, y, w, h) = (f(x + dx), f(y + dy), f(*w), f(*h));
                let pen = &self.canvas.pen;
                let _ = pen.round_rect_with_f64(x, y, w, h, f(*r).min(w / 2.0).min(h / 2.0));
                self.ink_path(ink);
            }
            Shape::Arc { r, share } => {
                self.collect(ink);
                // From 12 o'clock, which is a quarter before the canvas's first direction.
                let turn = (*share as f64 / ONE as f64).min(0.9999) * TAU;
                let (x, y, r) = (f(dx), f(dy), f(*r));
                self.canvas.pen.move_to(x, y - r);
                let _ = self.canvas.pen.arc(x, y, r, -TAU / 4.0, turn - TAU / 4.0);
            }
            Shape::Path(d) => self.path(d, item.key.is_empty(), ink, (dx, dy)),
            Shape::Text { x, y, size, face, anchor, text } => {
                self.flush();
                self.words(text, (f(x + dx), f(y + dy)), (*size, *face, *anchor), ink);
            }
        }
    }

    /// Path data is in pixels.
    fn path(&mut self, d: &str, again: bool, ink: Ink, (dx, dy): (i32, i32)) {
        self.flush();
        let path =
            if again { self.canvas.outline(d) } else { Path2d::new_with_path_string(d).ok() };
        let Some(path) = path else { return };
        self.use_ink(ink, Unit::Pixel);
        let style = &self.styles.known[ink.style];
        let pen = &self.canvas.pen;
        let r = self.canvas.ratio;
        let (x, y) = (f64::from(dx) / 10.0 * r, f64::from(dy) / 10.0 * r);
        let _ = pen.set_transform(r, 0.0, 0.0, r, x, y);
        if style.fill.is_some() {
            pen.fill_with_path_2d(&path);
        }
        if style.stroke.is_some() {
            pen.stroke_with_path(&path);
        }
    }

    fn words(&mut self, text: &str, at: (f64, f64), how: (i32, Face, Anchor), ink: Ink) {
        self.use_ink(ink, Unit::Tenth);
        let (size, face, anchor) = how;
        let style = &self.styles.known[ink.style];
        let pen = &self.canvas.pen;
        let weight = if matches!(face, Face::SansStrong | Face::MonoStrong) { 600 } else { 400 };
        let font = format!("{weight} {size}px {}", style.font);
        if self.font != font {
            pen.set_font(&font);
            self.font = font;
        }
        pen.set_text_align(match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "center",
            Anchor::End => "end",
        });
        if style.stroke.is_some() {
            pen.set_line_join("round");
            let _ = pen.stroke_text(text, at.0, at.1);
            pen.set_line_join("miter");
        }
        if style.fill.is_some() {
            let _ = pen.fill_text(text, at.0, at.1);
        }
    }

    /// The next shape belongs to the path of this ink.
    fn collect(&mut self, ink: Ink) {
        if self.ink != Some(ink) {
            self.flush();
            self.ink = Some(ink);
            self.use_ink(ink, Unit::Tenth);
            self.canvas.pen.begin_path();
        }
    }

    /// Paints the path that has been collected.
    fn flush(&mut self) {
        if let Some(ink) = self.ink.take() {
            self.ink_path(ink);
        }
    }

    fn ink_path(&self, ink: Ink) {
        let style = &self.styles.known[ink.style];
        if style.fill.is_some() {
            self.canvas.pen.fill();
        }
        if style.stroke.is_some() {
            self.canvas.pen.stroke();
        }
    }

    fn use_ink(&mut self, ink: Ink, unit: Unit) {
        if self.set == Some((ink, unit)) {
            return;
        }
        let style = &self.styles.known[ink.style];
        let pen = &self.canvas.pen;
        if unit == Unit::Tenth && self.set.is_none_or(|(_, u)| u == Unit::Pixel) {
            let r = self.canvas.ratio / 10.0;
            let _ = pen.set_transform(r, 0.0, 0.0, r, 0.0, 0.0);
        }
        self.set = Some((ink, unit));
        let many = if unit == Unit::Tenth { 10.0 } else { 1.0 };
        pen.set_global_alpha(ink.opacity);
        if let Some(fill) = &style.fill {
            let _ = js_sys::Reflect::set(pen, &self.styles.names[0], fill);
        }
        if let Some(stroke) = &style.stroke {
            let _ = js_sys::Reflect::set(pen, &self.styles.names[1], stroke);
            pen.set_line_width(style.width * many);
            pen.set_line_cap(if style.round { "round" } else { "butt" });
            let dash = if unit == Unit::Tenth { &style.tenfold } else { &style.dash };
            let _ = pen.set_line_dash(dash);
        }
    }
}

fn tag(shape: &Shape) -> &'static str {
    match shape {
        Shape::Group { .. } => "g",
        Shape::Line { .. } => "line",
        Shape::Circle { .. } => "circle",
        Shape::Rect { .. } => "rect",
        Shape::Path(_) | Shape::Arc { .. } => "path",
        Shape::Text { .. } => "text",
    }
}

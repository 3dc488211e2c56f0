//! A picture as a list of numbers: one message to the painter instead of a call a stroke.

use super::styles::{StyleId, Styles};
use happened_before::core::sorted::SortedMap;
use happened_before::scene::{Anchor, Drawing, Item, ONE, Shape, Typeface};
use js_sys::Array;
use std::borrow::Cow;

/// Words the painter keeps; then it starts again.
const WORDS: usize = 1024;

/// What `www/paint.js` does, in the order of its `OPS`; behind it what each is followed by. Lengths
/// are tenths of a pixel.
#[derive(Clone, Copy)]
pub enum PaintOp {
    /// Width and height in device pixels, device pixels a pixel.
    Fit,
    /// On with what has settled.
    Back,
    /// On with what moves.
    Front,
    /// Nothing is painted.
    Wipe,
    /// Style, opacity.
    Ink,
    /// A path begins.
    Begin,
    /// It is filled and stroked as its style says.
    End,
    /// To x, y.
    Move,
    /// A line to x, y.
    Line,
    /// x, y, radius.
    Circle,
    /// x, y, radius, share of the circle clockwise from 12 o'clock.
    Arc,
    /// x, y, width, height, radius of the corners.
    Rect,
    /// Style, opacity, number of the words, x, y.
    Outline,
    /// Number of the words, x, y, weight, size, where it stands to its point.
    Text,
    /// x, y, radius.
    Erase,
    /// What has settled is laid over.
    Lay,
}

/// The shapes of one style that follow each other are one path.
#[derive(Clone, Copy, PartialEq)]
struct Ink {
    style: StyleId,
    opacity: f32,
}

/// Words that the painter knows, by their numbers.
#[derive(Default)]
pub struct Words {
    known: SortedMap<String, u32>,
    /// It has not heard these yet.
    pub news: Array,
    /// It has to forget the others.
    pub forget: bool,
    /// For one program only; theirs are negative numbers.
    pub passing: Array,
}

impl Words {
    fn keep(&mut self, text: &str) -> f32 {
        if let Some(known) = self.known.get(text) {
            return *known as f32;
        }
        let number = self.known.len() as u32;
        self.news.push(&text.into());
        self.known.insert(text.to_owned(), number);
        number as f32
    }

    fn pass(&mut self, text: &str) -> f32 {
        -(self.passing.push(&text.into()) as f32)
    }

    /// Between two programs: not too many are kept.
    pub fn sent(&mut self) {
        self.news = Array::new();
        self.passing = Array::new();
        self.forget = self.known.len() > WORDS;
        if self.forget {
            self.known.clear();
        }
    }
}

/// Writes pictures down.
pub struct Program<'a> {
    pub code: &'a mut Vec<f32>,
    pub styles: &'a mut Styles,
    pub words: &'a mut Words,
    /// The style of the path that is being collected.
    ink: Option<Ink>,
    /// What the painter was last told.
    set: Option<Ink>,
}

impl<'a> Program<'a> {
    pub fn new(code: &'a mut Vec<f32>, styles: &'a mut Styles, words: &'a mut Words) -> Self {
        Program { code, styles, words, ink: None, set: None }
    }

    /// A whole picture.
    pub fn scene(&mut self, scene: &Drawing) {
        self.items(&scene.items, Ink { style: 0, opacity: 1.0 }, (0, 0));
        self.flush();
    }

    fn push(&mut self, op: PaintOp, with: &[i32]) {
        self.code.push(op as u32 as f32);
        self.code.extend(with.iter().map(|n| *n as f32));
    }

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
            let opacity = outer.opacity * self.styles.opacity(style);
            self.item(item, Ink { style, opacity }, at);
        }
    }

    /// Frees a disc of what has been painted.
    fn erase(&mut self, shape: &Shape) {
        self.flush();
        let Shape::Circle { x, y, r } = shape else { return };
        self.push(PaintOp::Erase, &[*x, *y, *r]);
        self.set = None;
    }

    fn item(&mut self, item: &Item, ink: Ink, (dx, dy): (i32, i32)) {
        match &item.shape {
            Shape::Group { at, items } => self.items(items, ink, (dx + at.x, dy + at.y)),
            Shape::Line { a, b } => {
                self.collect(ink);
                self.push(PaintOp::Move, &[a.x + dx, a.y + dy]);
                self.push(PaintOp::Line, &[b.x + dx, b.y + dy]);
            }
            Shape::Circle { x, y, r } => {
                self.collect(ink);
                self.push(PaintOp::Circle, &[x + dx, y + dy, *r]);
            }
            Shape::Rect { x, y, w, h, r } => {
                self.collect(ink);
                self.push(PaintOp::Rect, &[x + dx, y + dy, *w, *h, (*r).min(w / 2).min(h / 2)]);
            }
            Shape::Arc { r, share } => {
                self.collect(ink);
                self.push(PaintOp::Arc, &[dx, dy, *r]);
                self.code.push((*share as f64 / ONE as f64).min(0.9999) as f32);
            }
            Shape::Path(d) => self.outline(d, item.key.is_empty(), ink, (dx, dy)),
            Shape::Text { x, y, size, face, anchor, text } => {
                self.flush();
                self.take(ink);
                let strong = matches!(face, Typeface::SansStrong | Typeface::MonoStrong);
                let weight = if strong { 600 } else { 400 };
                let text = self.words.keep(text);
                self.code.extend([PaintOp::Text as u32 as f32, text]);
                let rest = [x + dx, y + dy, weight, *size, side(*anchor)];
                self.code.extend(rest.map(|n| n as f32));
            }
        }
    }

    /// Fixed parts of groups have no key: glyphs come again and again, lines do not.
    fn outline(&mut self, d: &str, again: bool, ink: Ink, (dx, dy): (i32, i32)) {
        self.flush();
        self.set = None;
        let words = if again { self.words.keep(d) } else { self.words.pass(d) };
        let op = PaintOp::Outline as u32 as f32;
        self.code.extend([op, ink.style as f32, ink.opacity, words, dx as f32, dy as f32]);
    }

    /// The next shape belongs to the path of this ink.
    fn collect(&mut self, ink: Ink) {
        if self.ink != Some(ink) {
            self.flush();
            self.ink = Some(ink);
            self.take(ink);
            self.push(PaintOp::Begin, &[]);
        }
    }

    /// Paints the path that has been collected.
    fn flush(&mut self) {
        if self.ink.take().is_some() {
            self.push(PaintOp::End, &[]);
        }
    }

    fn take(&mut self, ink: Ink) {
        if self.set.replace(ink) != Some(ink) {
            self.code.extend([PaintOp::Ink as u32 as f32, ink.style as f32, ink.opacity]);
        }
    }
}

fn side(anchor: Anchor) -> i32 {
    match anchor {
        Anchor::Start => 0,
        Anchor::Middle => 1,
        Anchor::End => 2,
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

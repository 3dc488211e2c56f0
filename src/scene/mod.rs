//! Pure drawing: plain views in, lists of shapes out. No colour is named here; shapes carry classes
//! and `www/scene.css` gives those the colours of `www/tokens.css`.

mod geometry;
mod marks;
mod place;
mod target;
mod text;

pub mod board;
pub mod chart;
pub mod convergence;
pub mod execution;
pub mod history;
pub mod index;
pub mod key_ruler;
pub mod log_strip;
pub mod matrix;
pub mod overview;
pub mod plane;
pub mod poster;
pub mod record;
pub mod ring;
pub mod ruler;
pub mod space_time;
pub mod stage;
pub mod stroke;
pub mod style;
pub mod svg_text;
pub mod ticks;
pub mod timeline;
pub mod trays;
pub mod window;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod gallery;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_parts;
#[cfg(test)]
mod tests_sizes;

pub use geometry::{Bounded, FAR, ONE, PX, Point, Track, number};
pub use target::Target;
pub use text::Typeface;

use std::borrow::Cow;

/// Width and height in tenths of a pixel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Width.
    pub w: i32,
    /// Height.
    pub h: i32,
}

impl Size {
    /// From whole pixels.
    pub const fn px(w: i32, h: i32) -> Self {
        Size { w: w * PX, h: h * PX }
    }
}

/// Where a text stands to its point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    /// It starts there.
    #[default]
    Start,
    /// It is centred on it.
    Middle,
    /// It ends there.
    End,
}

/// What is drawn; lengths in tenths of a pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A rectangle with rounded corners.
    Rect { x: i32, y: i32, w: i32, h: i32, r: i32 },
    /// A circle.
    Circle { x: i32, y: i32, r: i32 },
    /// A straight line.
    Line { a: Point, b: Point },
    /// A clockwise arc around the origin from 12 o'clock over a share of the circle.
    Arc { r: i32, share: i64 },
    /// A path.
    Path(String),
    /// A text on its base line.
    Text { x: i32, y: i32, size: i32, face: Typeface, anchor: Anchor, text: String },
    /// Shapes together, moved by a place.
    Group { at: Point, items: Vec<Item> },
}

/// A shape with what is said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Stable name among the whole picture's items; empty for fixed parts of a group.
    pub key: String,
    /// CSS classes.
    pub class: Cow<'static, str>,
    /// What is drawn.
    pub shape: Shape,
    /// Its name for people who hover or listen.
    pub title: Option<String>,
    /// What it stands for.
    pub target: Option<Target>,
    /// Not shown at this moment.
    pub hidden: bool,
}

impl Item {
    /// A shape with classes.
    pub fn new(class: impl Into<Cow<'static, str>>, shape: Shape) -> Self {
        Item {
            key: String::new(),
            class: class.into(),
            shape,
            title: None,
            target: None,
            hidden: false,
        }
    }
    /// A rectangle.
    pub fn rect(
        class: impl Into<Cow<'static, str>>,
        (x, y, w, h): (i32, i32, i32, i32),
        r: i32,
    ) -> Self {
        Item::new(class, Shape::Rect { x, y, w: w.max(0), h: h.max(0), r: r.max(0) })
    }
    /// A circle.
    pub fn circle(class: impl Into<Cow<'static, str>>, at: Point, r: i32) -> Self {
        Item::new(class, Shape::Circle { x: at.x, y: at.y, r: r.max(0) })
    }
    /// A straight line.
    pub fn line(class: impl Into<Cow<'static, str>>, a: Point, b: Point) -> Self {
        Item::new(class, Shape::Line { a, b })
    }
    /// A path.
    pub fn path(class: impl Into<Cow<'static, str>>, track: Track) -> Self {
        Item::new(class, Shape::Path(track.0))
    }
    /// A text.
    pub fn text(
        class: &'static str,
        at: Point,
        (face, size, anchor): (Typeface, i32, Anchor),
        text: impl Into<String>,
    ) -> Self {
        let (text, size) = (text.into(), size.max(0));
        let shape = Shape::Text { x: at.x, y: at.y, size, face, anchor, text };
        Item::new(class, shape)
    }
    /// Shapes together.
    pub fn group(class: impl Into<Cow<'static, str>>, at: Point, items: Vec<Item>) -> Self {
        Item::new(class, Shape::Group { at, items })
    }
    /// With a key.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }
    /// With a title.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }
    /// Standing for something.
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }
    /// Not shown.
    pub fn hide(mut self, hidden: bool) -> Self {
        self.hidden = hidden;
        self
    }
}

/// A picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// Its size.
    pub size: Size,
    /// Its name.
    pub title: String,
    /// What it shows, in a sentence.
    pub desc: String,
    /// Its shapes, the lowest first.
    pub items: Vec<Item>,
}

/// Which shapes of a picture are wanted. While time runs, what stands between two steps and what
/// changes with every moment are shown by different means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PicturePart {
    /// The whole picture.
    #[default]
    All,
    /// What only a step changes, and seldom: the lowest.
    Fixed,
    /// What each moment changes.
    Moving,
    /// What each step adds to, over what moves.
    Settled,
}

impl PicturePart {
    /// Are the shapes wanted that seldom change?
    pub fn fixed(self) -> bool {
        matches!(self, PicturePart::All | PicturePart::Fixed)
    }
    /// Are the shapes wanted that each moment changes?
    pub fn moving(self) -> bool {
        matches!(self, PicturePart::All | PicturePart::Moving)
    }
    /// Are the shapes wanted that each step adds to?
    pub fn settled(self) -> bool {
        matches!(self, PicturePart::All | PicturePart::Settled)
    }
}

impl Drawing {
    /// An empty picture.
    pub fn new(size: Size, title: impl Into<String>) -> Self {
        Drawing { size, title: title.into(), ..Drawing::default() }
    }

    /// How many shapes there are, groups and their parts included.
    pub fn count(&self) -> usize {
        fn count(items: &[Item]) -> usize {
            items
                .iter()
                .map(|i| match &i.shape {
                    Shape::Group { items, .. } => 1 + count(items),
                    _ => 1,
                })
                .sum()
        }
        count(&self.items)
    }

    /// What lies under a point, or nearest within `slop` tenths of a pixel: for fingers, thin
    /// lines and small marks. The topmost wins among those that contain the point.
    pub fn hit(&self, at: Point, slop: i32) -> Option<&Target> {
        let mut best: Option<(i32, &Target)> = None;
        for item in &self.items {
            nearest(item, at, item.target.as_ref(), slop, &mut best);
        }
        best.map(|(_, t)| t)
    }
}

fn nearest<'a>(
    item: &'a Item,
    p: Point,
    outer: Option<&'a Target>,
    slop: i32,
    best: &mut Option<(i32, &'a Target)>,
) {
    if item.hidden {
        return;
    }
    let target = item.target.as_ref().or(outer);
    let gap = match &item.shape {
        Shape::Group { at, items } => {
            for inner in items {
                nearest(inner, p.minus(*at), target, slop, best);
            }
            return;
        }
        Shape::Rect { x, y, w, h, .. } => {
            let dx = (x - p.x).max(p.x - x - w).max(0);
            let dy = (y - p.y).max(p.y - y - h).max(0);
            Point::new(dx, dy).length()
        }
        Shape::Circle { x, y, r } => (p.minus(Point::new(*x, *y)).length() - r).max(0),
        Shape::Line { a, b } => from_segment(p, *a, *b),
        Shape::Arc { .. } | Shape::Path(_) | Shape::Text { .. } => return,
    };
    let (Some(target), true) = (target, gap <= slop) else { return };
    if best.is_none_or(|(known, _)| gap <= known) {
        *best = Some((gap, target));
    }
}

pub(crate) fn from_segment(p: Point, a: Point, b: Point) -> i32 {
    let (d, v) = (b.minus(a), p.minus(a));
    let dot = i64::from(d.x) * i64::from(v.x) + i64::from(d.y) * i64::from(v.y);
    let square = (i64::from(d.x).pow(2) + i64::from(d.y).pow(2)).max(1);
    let share = (dot.bounded(0, square) as i128 * geometry::ONE as i128 / square as i128) as i64;
    p.minus(a.towards(b, share)).length()
}

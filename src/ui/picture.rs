//! Pictures on the page: a list of shapes becomes SVG elements, and only what differs from the
//! picture before is written. While time runs, what moves is painted instead (see `paint`).

use happened_before::core::sorted::SortedMap;
use happened_before::scene::{self, Anchor, Drawing, Item, Point, Shape, Target, Track};
use std::fmt::Write;
use web_sys::Element;

use super::dom;

const SVG: &str = "http://www.w3.org/2000/svg";

/// An SVG element and what it shows.
pub struct Picture {
    root: Element,
    held: Vec<HeldElement>,
    size: (i32, i32),
    title: String,
    mode: DrawingMode,
}

/// How shapes become elements.
#[derive(Clone, Copy, PartialEq)]
enum DrawingMode {
    /// Nodes are buttons; everything says what it stands for.
    Live,
    /// Just a picture.
    Still,
}

/// An element and the shape that it shows; a group's parts are apart.
struct HeldElement {
    el: Element,
    head: Item,
    parts: Vec<HeldElement>,
}

impl Picture {
    /// An empty picture in an `svg` element.
    pub fn new(root: Element) -> Self {
        root.set_text_content(None);
        Picture {
            root,
            held: Vec::new(),
            size: (0, 0),
            title: String::new(),
            mode: DrawingMode::Live,
        }
    }

    /// An empty picture in which nothing can be touched.
    pub fn still(root: Element) -> Self {
        Picture { mode: DrawingMode::Still, ..Picture::new(root) }
    }

    /// Moves one of its groups.
    pub fn slide(&mut self, key: &str, to: Point) {
        let Some(held) = self.held.iter_mut().find(|h| h.head.key == key) else { return };
        if let Shape::Group { at, .. } = &mut held.head.shape
            && *at != to
        {
            *at = to;
            set(&held.el, "transform", &translate(to));
        }
    }

    /// Draws one of its shapes anew, which has no parts.
    pub fn renew(&mut self, item: Item) {
        let Some(held) = self.held.iter_mut().find(|h| h.head.key == item.key) else { return };
        if held.head.shape != item.shape {
            write_shape(&held.el, Some(&held.head.shape), &item.shape);
            held.head = item;
        }
    }

    /// Shows a scene.
    pub fn show(&mut self, scene: Drawing) {
        let Drawing { size, title, desc, items } = scene;
        if self.size != (size.w, size.h) {
            self.size = (size.w, size.h);
            let (w, h) = (number(size.w), number(size.h));
            set(&self.root, "viewBox", &format!("0 0 {w} {h}"));
            set(&self.root, "width", &w);
            set(&self.root, "height", &h);
        }
        let title = if desc.is_empty() { title } else { format!("{title}: {desc}") };
        if self.title != title {
            set(&self.root, "aria-label", &title);
            self.title = title;
        }
        let held = std::mem::take(&mut self.held);
        self.held = Pen { mode: self.mode }.patch(&self.root, held, items);
    }
}

fn set(el: &Element, name: &str, value: &str) {
    let _ = el.set_attribute(name, value);
}

/// Tenths of a pixel as a decimal number.
fn number(v: i32) -> String {
    let mut out = String::with_capacity(8);
    scene::number(&mut out, v);
    out
}

fn translate(p: Point) -> String {
    format!("translate({} {})", number(p.x), number(p.y))
}

fn tag(shape: &Shape) -> &'static str {
    match shape {
        Shape::Rect { .. } => "rect",
        Shape::Circle { .. } => "circle",
        Shape::Line { .. } => "line",
        Shape::Path(_) | Shape::Arc { .. } => "path",
        Shape::Text { .. } => "text",
        Shape::Group { .. } => "g",
    }
}

/// Writes one structure.
struct Pen {
    mode: DrawingMode,
}

impl Pen {
    /// Brings the children of an element from one list of shapes to another.
    fn patch(&self, parent: &Element, old: Vec<HeldElement>, new: Vec<Item>) -> Vec<HeldElement> {
        let same = |(held, item): (&HeldElement, &Item)| {
            held.head.key == item.key && tag(&held.head.shape) == tag(&item.shape)
        };
        // Mostly everything is where it was.
        if old.len() == new.len() && old.iter().zip(&new).all(same) {
            return old.into_iter().zip(new).map(|(held, item)| self.update(held, item)).collect();
        }
        let mut pool: Vec<Option<HeldElement>> = old.into_iter().map(Some).collect();
        let named: SortedMap<String, usize> = pool
            .iter()
            .enumerate()
            .filter_map(|(i, h)| h.as_ref().map(|h| (h.head.key.clone(), i)))
            .filter(|(k, _)| !k.is_empty())
            .collect();
        let mut nameless = 0;
        let mut out: Vec<(HeldElement, Option<usize>)> = Vec::with_capacity(new.len());
        for item in new {
            let at = if item.key.is_empty() {
                while pool.get(nameless).is_some_and(|h| !fits(h.as_ref(), &item)) {
                    nameless += 1;
                }
                nameless += 1;
                Some(nameless - 1)
            } else {
                named.get(&item.key).copied()
            };
            let found = at
                .and_then(|i| pool.get_mut(i)?.take_if(|h| tag(&h.head.shape) == tag(&item.shape)));
            let place = found.as_ref().and(at);
            let held = match found {
                Some(held) => self.update(held, item),
                None => self.create(item),
            };
            out.push((held, place));
        }
        for gone in pool.into_iter().flatten() {
            gone.el.remove();
        }
        // From the last to the first: what stands before what follows it stays where it is.
        let mut next: Option<&Element> = None;
        let mut lowest = usize::MAX;
        for (held, place) in out.iter().rev() {
            match place {
                Some(i) if *i < lowest => lowest = *i,
                _ => {
                    let _ = parent.insert_before(&held.el, next.map(|e| e.as_ref()));
                }
            }
            next = Some(&held.el);
        }
        out.into_iter().map(|(h, _)| h).collect()
    }

    fn create(&self, mut item: Item) -> HeldElement {
        let el =
            dom::document().create_element_ns(Some(SVG), tag(&item.shape)).expect("an SVG element");
        let parts = match &mut item.shape {
            Shape::Group { items, .. } => std::mem::take(items),
            _ => Vec::new(),
        };
        write_shape(&el, None, &item.shape);
        write_class(&el, &item);
        self.write_words(&el, None, &item);
        if item.hidden {
            set(&el, "visibility", "hidden");
        }
        let parts: Vec<HeldElement> = parts.into_iter().map(|i| self.create(i)).collect();
        for part in &parts {
            let _ = el.append_child(&part.el);
        }
        HeldElement { el, head: item, parts }
    }

    fn update(&self, mut held: HeldElement, mut item: Item) -> HeldElement {
        let parts = match &mut item.shape {
            Shape::Group { items, .. } => std::mem::take(items),
            _ => Vec::new(),
        };
        let el = &held.el;
        if held.head.shape != item.shape {
            write_shape(el, Some(&held.head.shape), &item.shape);
        }
        if held.head.class != item.class {
            write_class(el, &item);
        }
        if held.head.title != item.title
            || held.head.target != item.target
            || text(&held.head) != text(&item)
        {
            self.write_words(el, Some(&held.head), &item);
        }
        if held.head.hidden != item.hidden {
            set(el, "visibility", if item.hidden { "hidden" } else { "visible" });
        }
        held.parts = self.patch(&held.el, std::mem::take(&mut held.parts), parts);
        held.head = item;
        held
    }

    /// Text, name and role, where they differ from what the element has. Nodes are buttons with a
    /// full name; what moves is not read aloud, there are lists for that.
    fn write_words(&self, el: &Element, old: Option<&Item>, item: &Item) {
        let mut titled = old.map(|o| o.title.as_deref().unwrap_or(""));
        if let Shape::Text { text: words, .. } = &item.shape
            && old.and_then(text) != Some(words)
        {
            // A title that stood in it goes with the old text.
            el.set_text_content(Some(words));
            titled = None;
        }
        if self.mode == DrawingMode::Still {
            return;
        }
        let aims = old.is_none_or(|o| o.target != item.target);
        match &item.target {
            Some(target) if aims => {
                let mut name = String::new();
                let _ = write!(name, "{target}");
                set(el, "data-target", &name);
            }
            None if aims && old.is_some() => {
                let _ = el.remove_attribute("data-target");
            }
            _ => {}
        }
        let title = item.title.as_deref().unwrap_or("");
        if let (Some(Target::Node(node)), Shape::Group { .. }) = (&item.target, &item.shape) {
            if titled != Some(title) {
                set(el, "aria-label", title);
            }
            if aims {
                set(el, "role", "button");
                set(el, "data-node", &node.0.to_string());
                if !el.has_attribute("tabindex") {
                    // One stop for the Tab key; arrows lead on from there.
                    set(el, "tabindex", if node.0 == 0 { "0" } else { "-1" });
                }
            }
            return;
        }
        if titled == Some(title) || titled.is_none() && title.is_empty() {
            return;
        }
        let known = el.first_element_child().filter(|c| c.tag_name() == "title");
        match (known, title.is_empty()) {
            (Some(t), false) => t.set_text_content(Some(title)),
            (Some(t), true) => t.remove(),
            (None, false) => {
                if let Ok(t) = dom::document().create_element_ns(Some(SVG), "title") {
                    t.set_text_content(Some(title));
                    let _ = el.insert_before(&t, el.first_child().as_ref());
                }
            }
            (None, true) => {}
        }
    }
}

/// May a nameless element become this shape?
fn fits(held: Option<&HeldElement>, item: &Item) -> bool {
    held.is_some_and(|h| h.head.key.is_empty() && tag(&h.head.shape) == tag(&item.shape))
}

fn text(item: &Item) -> Option<&str> {
    match &item.shape {
        Shape::Text { text, .. } => Some(text),
        _ => None,
    }
}

fn write_class(el: &Element, item: &Item) {
    match &item.shape {
        Shape::Text { face, .. } => set(el, "class", &format!("{} {}", face.class(), item.class)),
        _ => set(el, "class", &item.class),
    }
}

/// The lengths that a shape's element has as attributes.
fn lengths(shape: &Shape) -> FewNumbers {
    match *shape {
        Shape::Rect { x, y, w, h, r } => (&["x", "y", "width", "height", "rx"], [x, y, w, h, r]),
        Shape::Circle { x, y, r } => (&["cx", "cy", "r"], [x, y, r, 0, 0]),
        Shape::Line { a, b } => (&["x1", "y1", "x2", "y2"], [a.x, a.y, b.x, b.y, 0]),
        Shape::Text { x, y, size, .. } => (&["x", "y", "font-size"], [x, y, size, 0, 0]),
        _ => (&[], [0; 5]),
    }
}

/// Names, and as many numbers.
type FewNumbers = (&'static [&'static str], [i32; 5]);

/// Writes what differs from the shape that the element has, if it has one.
fn write_shape(el: &Element, old: Option<&Shape>, shape: &Shape) {
    let (names, new) = lengths(shape);
    let was = old.map(lengths).filter(|(known, _)| *known == names).map(|(_, all)| all);
    for (i, name) in names.iter().enumerate() {
        if was.is_none_or(|was| was[i] != new[i]) {
            set(el, name, &number(new[i]));
        }
    }
    match shape {
        Shape::Path(d) => set(el, "d", d),
        Shape::Arc { r, share } => set(el, "d", &Track::dial(*r, *share).0),
        Shape::Text { anchor, .. } if !matches!(old, Some(Shape::Text { anchor: was, .. }) if was == anchor) =>
        {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            set(el, "text-anchor", anchor);
        }
        Shape::Group { at, .. } => set(el, "transform", &translate(*at)),
        _ => {}
    }
}

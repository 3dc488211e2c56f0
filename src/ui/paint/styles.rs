//! How painted shapes look. Colours and strokes stay where they are for elements, in the style
//! sheets: an unseen element of each class in use is asked for its computed style, once, and again
//! when the theme changes.

use super::super::dom;
use happened_before::core::sorted::SortedMap;
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::Element;

const SVG: &str = "http://www.w3.org/2000/svg";

/// A style's number; 0 is that of the picture itself.
pub type StyleId = usize;

/// An unseen element of a class.
struct Style {
    probe: Element,
    opacity: f32,
}

/// Classes and their looks.
pub struct Styles {
    known: Vec<Style>,
    /// For each outer style, by the element's name and its class.
    ids: Vec<SortedMap<&'static str, SortedMap<String, StyleId>>>,
    theme: String,
    /// What the painter has not heard: numbers and looks in turn.
    news: Array,
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
        let ids = vec![SortedMap::new()];
        let mut styles = Styles { known: Vec::new(), ids, theme: theme(), news: Array::new() };
        styles.add(root);
        styles
    }

    /// Reads all again if the theme or the reader's preferences have changed; true if they have.
    pub fn refresh(&mut self) -> bool {
        let now = theme();
        let changed = now != self.theme;
        if changed {
            self.theme = now;
            for style in std::mem::take(&mut self.known) {
                self.add(style.probe);
            }
        }
        changed
    }

    /// The style of an element of this name and class within another.
    pub fn of(&mut self, outer: StyleId, tag: &'static str, class: &str) -> StyleId {
        if let Some(id) = self.ids[outer].get(tag).and_then(|of| of.get(class)) {
            return *id;
        }
        let probe = dom::document().create_element_ns(Some(SVG), tag).expect("an SVG element");
        let _ = probe.set_attribute("class", class);
        let _ = self.known[outer].probe.append_child(&probe);
        let id = self.known.len();
        self.add(probe);
        self.ids.push(SortedMap::new());
        self.ids[outer].entry(tag).or_default().insert(class.to_owned(), id);
        id
    }

    /// Its own opacity, without that of what it stands in.
    pub fn opacity(&self, id: StyleId) -> f32 {
        self.known[id].opacity
    }

    /// What the painter has not heard yet; it has then.
    pub fn news(&mut self) -> Array {
        std::mem::take(&mut self.news)
    }

    fn add(&mut self, probe: Element) {
        let (opacity, look) = read(&probe);
        self.news.push(&(self.known.len() as u32).into());
        self.news.push(&look);
        self.known.push(Style { probe, opacity });
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

/// An element's opacity and the rest of its look, for `www/paint.js`.
fn read(probe: &Element) -> (f32, JsValue) {
    let look = Object::new();
    let css = dom::window().get_computed_style(probe).ok().flatten();
    let get = |name: &str| {
        css.as_ref().and_then(|css| css.get_property_value(name).ok()).unwrap_or_default()
    };
    let length = |value: &str| value.trim_end_matches("px").parse::<f32>().ok();
    let dash: Array =
        get("stroke-dasharray").split([',', ' ']).filter_map(length).map(JsValue::from).collect();
    let width = length(&get("stroke-width")).unwrap_or(1.0);
    for (name, value) in [
        ("fill", paint(get("fill"))),
        ("stroke", paint(get("stroke"))),
        ("width", width.into()),
        ("dash", dash.into()),
        ("round", (get("stroke-linecap") == "round").into()),
        ("font", get("font-family").into()),
    ] {
        let _ = Reflect::set(&look, &name.into(), &value);
    }
    (length(&get("opacity")).unwrap_or(1.0), look.into())
}

/// A colour, or nothing.
fn paint(value: String) -> JsValue {
    let seen = !matches!(value.as_str(), "" | "none" | "transparent" | "rgba(0, 0, 0, 0)");
    if seen { value.into() } else { JsValue::NULL }
}

//! A search beside the page: started through the loader, told of in plain values, stopped when
//! dropped. Nothing is searched here.

use super::dom;
use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;
use yew::Callback;

/// How far a search has come, or how it ended; the fields are those of `check::hunt::News`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchNews {
    /// `searching`, `shrinking`, `over`, `failed`, or `stopped` by the reader.
    pub phase: String,
    pub states: f64,
    pub depth: f64,
    pub within: String,
    pub runs: f64,
    pub steps: f64,
    pub unrecovered: f64,
    pub unrecovered_seed: f64,
    pub complete: bool,
    pub sentence: String,
    /// Seconds since it began.
    pub seconds: f64,
    pub workers: f64,
    /// The browser refused workers.
    pub alone: bool,
    /// Why it failed.
    pub error: String,
    pub found: Option<FoundRun>,
    /// Of a challenge about sliders.
    pub positions: Vec<PositionNews>,
}

/// What gives way at a position of some sliders.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PositionNews {
    pub values: Vec<f64>,
    /// Empty if nothing does.
    pub gives: String,
    /// The run that shows it.
    pub link: String,
}

impl PositionNews {
    fn read(v: &JsValue) -> PositionNews {
        let values = list(v, "values");
        PositionNews {
            values: values.iter().filter_map(|n| n.as_f64()).collect(),
            gives: text(v, "gives"),
            link: text(v, "link"),
        }
    }
}

/// A run that was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundRun {
    pub property: String,
    pub length: f64,
    pub link: String,
    /// The seed that found it.
    pub seed: Option<f64>,
    pub hints: Vec<String>,
}

fn get(from: &JsValue, name: &str) -> JsValue {
    Reflect::get(from, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// A list; what tells of several workers at once has not all of them.
fn list(from: &JsValue, name: &str) -> js_sys::Array {
    get(from, name).dyn_into().unwrap_or_default()
}

fn text(from: &JsValue, name: &str) -> String {
    get(from, name).as_string().unwrap_or_default()
}

fn number(from: &JsValue, name: &str) -> f64 {
    get(from, name).as_f64().unwrap_or(0.0)
}

fn is(from: &JsValue, name: &str) -> bool {
    get(from, name).as_bool() == Some(true)
}

impl SearchNews {
    fn read(v: &JsValue) -> SearchNews {
        let found = get(v, "found");
        SearchNews {
            phase: text(v, "phase"),
            states: number(v, "states"),
            depth: number(v, "depth"),
            within: text(v, "within"),
            runs: number(v, "runs"),
            steps: number(v, "steps"),
            unrecovered: number(v, "unrecovered"),
            unrecovered_seed: number(v, "unrecovered_seed"),
            complete: is(v, "complete"),
            sentence: text(v, "sentence"),
            seconds: number(v, "seconds"),
            workers: number(v, "workers"),
            alone: is(v, "alone"),
            error: text(v, "error"),
            found: found.is_object().then(|| FoundRun::read(&found)),
            positions: list(v, "positions").iter().map(|p| PositionNews::read(&p)).collect(),
        }
    }

    /// It goes on.
    pub fn is_open(&self) -> bool {
        self.phase == "searching" || self.phase == "shrinking"
    }
}

impl FoundRun {
    fn read(v: &JsValue) -> FoundRun {
        let hints = list(v, "hints");
        FoundRun {
            property: text(v, "property"),
            length: number(v, "length"),
            link: text(v, "link"),
            seed: get(v, "seed").as_f64(),
            hints: hints.iter().filter_map(|h| h.as_string()).collect(),
        }
    }
}

/// What is asked for, as a JSON text that grows field by field.
pub struct SearchRequest(js_sys::Object);

impl SearchRequest {
    /// Asks about the run of a link, for at most so many seconds.
    pub fn new(link: &str, seconds: f64) -> SearchRequest {
        let request = SearchRequest(js_sys::Object::new());
        request.set("link", link).set("budget_ms", (seconds * 1000.0).round())
    }

    /// One more field.
    pub fn set(self, name: &str, value: impl Into<JsValue>) -> SearchRequest {
        let _ = Reflect::set(&self.0, &name.into(), &value.into());
        self
    }
}

/// A search under way.
pub struct Searching {
    stop: Option<Function>,
    _tell: Closure<dyn FnMut(JsValue)>,
}

impl Searching {
    /// Starts it; `tell` hears of it, five times a second.
    pub fn start(request: &SearchRequest, tell: Callback<SearchNews>) -> Searching {
        let hear = tell.clone();
        let closure =
            Closure::<dyn FnMut(JsValue)>::new(move |v: JsValue| hear.emit(SearchNews::read(&v)));
        let boot = get(&dom::window(), "hbBoot");
        let text = js_sys::JSON::stringify(&request.0).map(JsValue::from);
        let hunt = get(&boot, "hunt").dyn_into::<Function>();
        let started = hunt.and_then(|f| f.call2(&boot, &text?, closure.as_ref()));
        let stop = started.and_then(JsCast::dyn_into::<Function>).ok();
        if stop.is_none() {
            let error = "this page was loaded without its searches; load it again".into();
            tell.emit(SearchNews { phase: "failed".into(), error, ..SearchNews::default() });
        }
        Searching { stop, _tell: closure }
    }
}

impl Drop for Searching {
    fn drop(&mut self) {
        if let Some(stop) = &self.stop {
            let _ = stop.call0(&JsValue::NULL);
        }
    }
}

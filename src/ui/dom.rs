//! The browser, in the few words that the page needs.

use wasm_bindgen::prelude::*;
use web_sys::{Document, Element, Storage, Window};

/// The window; the page is only mounted where there is one.
pub fn window() -> Window {
    web_sys::window().expect("the page runs in a window")
}

/// The document.
pub fn document() -> Document {
    window().document().expect("a window has a document")
}

/// The element that carries the theme.
pub fn root() -> Element {
    document().document_element().expect("a document has a root")
}

/// Does a media query hold?
pub fn media(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|m| m.matches())
}

/// Does the reader want things to stand still?
pub fn still() -> bool {
    media("(prefers-reduced-motion: reduce)")
}

/// May the page hand out files? A frame can be kept from it, and only some can see that they are.
pub fn downloads() -> Option<bool> {
    let window = window();
    let origin = js_sys::Reflect::get(&window, &"origin".into()).ok();
    let apart = origin.and_then(|o| o.as_string()).is_some_and(|o| o == "null");
    let above = window.parent().ok().flatten();
    if !apart && above.is_none_or(|above| js_sys::Object::is(&above, &window)) {
        return Some(true);
    }
    let frame = window.frame_element().ok().flatten()?;
    let sandbox = frame.get_attribute("sandbox");
    Some(sandbox.is_none_or(|s| s.split_whitespace().any(|w| w == "allow-downloads")))
}

/// What the browser keeps for this site; `None` where it refuses to.
fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// Something kept earlier.
pub fn recall(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Keeps something, where the browser allows it.
pub fn keep(key: &str, value: Option<&str>) {
    let Some(storage) = storage() else { return };
    let _ = match value {
        Some(v) => storage.set_item(key, v),
        None => storage.remove_item(key),
    };
}

/// Milliseconds since the page was opened.
pub fn now() -> f64 {
    thread_local! {
        // Frames ask often: only once for what is asked.
        static CLOCK: Option<web_sys::Performance> = window().performance();
    }
    CLOCK.with(|clock| clock.as_ref().map_or(0.0, web_sys::Performance::now))
}

/// Runs something before the next picture; gives the request's number. Whoever drops the closure
/// cancels the request first.
pub fn next_frame(callback: &Closure<dyn FnMut(f64)>) -> i32 {
    window().request_animation_frame(callback.as_ref().unchecked_ref()).unwrap_or(0)
}

/// Lets the page paint and hear of what is pressed.
pub async fn pause() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, 0);
    });
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}

/// Moves the focus to the first element that a selector matches.
pub fn focus(selector: &str) {
    if let Ok(Some(e)) = document().query_selector(selector) {
        focus_on(&e);
    }
}

/// Moves the focus to an element.
pub fn focus_on(element: &Element) {
    // SVG elements take focus too, though only HTML elements have the typed method.
    if let Ok(f) = js_sys::Reflect::get(element, &"focus".into())
        && let Some(f) = f.dyn_ref::<js_sys::Function>()
    {
        let _ = f.call0(element);
    }
}

/// Puts a text on the clipboard; false where the browser refuses, or has none for this site.
pub async fn copy(text: &str) -> bool {
    let get = |from: &JsValue, name: &str| js_sys::Reflect::get(from, &name.into()).ok();
    let Some(board) = get(&window().navigator(), "clipboard") else { return false };
    let write = get(&board, "writeText").and_then(|f| f.dyn_into::<js_sys::Function>().ok());
    let done = write.and_then(|f| f.call1(&board, &text.into()).ok());
    match done.and_then(|p| p.dyn_into::<js_sys::Promise>().ok()) {
        Some(promise) => wasm_bindgen_futures::JsFuture::from(promise).await.is_ok(),
        None => false,
    }
}

/// A seed of the browser's own randomness, small enough to read aloud.
pub fn fresh_seed() -> u64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from(u32::from_le_bytes(bytes) % 1_000_000),
        Err(_) => 0,
    }
}

/// Listens until dropped.
pub struct Listener {
    target: web_sys::EventTarget,
    name: &'static str,
    callback: Closure<dyn FnMut(web_sys::Event)>,
}

impl Listener {
    /// Listens for events with a name.
    pub fn new(
        target: &web_sys::EventTarget,
        name: &'static str,
        callback: impl FnMut(web_sys::Event) + 'static,
    ) -> Self {
        let callback = Closure::wrap(Box::new(callback) as Box<dyn FnMut(web_sys::Event)>);
        let _ = target.add_event_listener_with_callback(name, callback.as_ref().unchecked_ref());
        Listener { target: target.clone(), name, callback }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let f = self.callback.as_ref().unchecked_ref();
        let _ = self.target.remove_event_listener_with_callback(self.name, f);
    }
}

/// What an input or a list holds.
pub fn value_of(e: &web_sys::Event) -> String {
    let target = e.target();
    let value = target.and_then(|t| js_sys::Reflect::get(&t, &"value".into()).ok());
    value.and_then(|v| v.as_string()).unwrap_or_default()
}

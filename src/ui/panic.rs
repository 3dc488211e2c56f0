//! When the program stops: what it said, and the link that leads back there.

use std::cell::RefCell;
use wasm_bindgen::prelude::*;

thread_local! {
    /// The address of the run, kept up to date so that a panic need not compute anything.
    static LINK: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the link that reproduces the run.
pub fn remember(fragment: String) {
    LINK.with_borrow_mut(|l| *l = fragment);
}

/// Hands the message to the loader, which shows it: Yew may be what stopped.
pub fn install() {
    std::panic::set_hook(Box::new(|info| {
        let link = LINK.with(|l| l.try_borrow().map(|l| l.clone()).unwrap_or_default());
        let global = js_sys::global();
        let boot = js_sys::Reflect::get(&global, &"hbBoot".into()).unwrap_or(JsValue::UNDEFINED);
        let panic = js_sys::Reflect::get(&boot, &"panic".into()).unwrap_or(JsValue::UNDEFINED);
        if let Ok(show) = panic.dyn_into::<js_sys::Function>() {
            let _ = show.call2(&boot, &info.to_string().into(), &link.into());
        }
    }));
}

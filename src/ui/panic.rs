//! When the program stops: what it said goes to the loader, which shows it and leads back to the run.
//! Nothing of the program is called after that, so what the loader needs is told beforehand.

use super::dom::{self, Listener};
use js_sys::{Function, Reflect};
use std::hint::black_box;
use wasm_bindgen::prelude::*;

/// The loader, see `www/boot.js`.
fn boot() -> JsValue {
    Reflect::get(&js_sys::global(), &"hbBoot".into()).unwrap_or(JsValue::UNDEFINED)
}

/// Tells the loader which part of an address leads back to the run.
pub fn remember(fragment: &str) {
    let _ = Reflect::set(&boot(), &"link".into(), &fragment.into());
}

/// Hands a panic's words to the loader. It has to be Yew's own hook: else Yew puts another one in its
/// place when it begins.
pub fn install() {
    yew::set_custom_panic_hook(Box::new(|info| {
        let boot = boot();
        let panic = Reflect::get(&boot, &"panic".into()).ok();
        if let Some(show) = panic.and_then(|p| p.dyn_into::<Function>().ok()) {
            let _ = show.call1(&boot, &info.to_string().into());
        }
    }));
}

/// A rehearsal: an event that only a script can send stops the program in the way that it names, so
/// that tests see what becomes of the page.
/// `update` has it stopped where a component is changed.
pub fn rehearse(update: impl Fn() + 'static) -> Listener {
    Listener::new(&dom::window(), "hb-rehearse", move |e| {
        let how = Reflect::get(&e, &"detail".into()).ok().and_then(|d| d.as_string());
        let window = dom::window();
        match how.as_deref() {
            Some("handler") => stop(),
            Some("update") => update(),
            Some("frame") => {
                let _ = window.request_animation_frame(Closure::once_into_js(stop).unchecked_ref());
            }
            Some("timer") => {
                let late = Closure::once_into_js(stop);
                let _ = window.set_timeout_with_callback(late.unchecked_ref());
            }
            Some("promise") => wasm_bindgen_futures::spawn_local(async {
                dom::pause().await;
                stop();
            }),
            Some("memory") => loop {
                std::mem::forget(black_box(Vec::<u8>::with_capacity(1 << 28)));
            },
            Some("stack") => _ = deeper(0),
            _ => {}
        }
    })
}

/// Stops the program.
pub fn stop() {
    panic!("a rehearsal");
}

#[allow(unconditional_recursion)]
#[inline(never)]
fn deeper(n: u64) -> u64 {
    deeper(black_box(n + 1)) + black_box(1)
}

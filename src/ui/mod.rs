//! The page: a Yew application over the pure core library. Panels go through Yew when the run's
//! revision changes; pictures are patched and moved outside of the component tree ([`desk`]).

mod app;
mod bar;
mod desk;
mod dom;
mod frame;
mod gesture;
mod glyphs;
mod help;
mod home;
mod inspector;
mod journal;
mod keys;
mod lists;
mod model;
mod paint;
mod panic;
mod picture;
mod rail;
mod stage;
mod theme;
mod transport;
mod verbs;
mod verdicts;
mod words;

/// Mounts the page where there is a window.
pub fn start() {
    panic::install();
    let Some(document) = web_sys::window().and_then(|w| w.document()) else { return };
    let Some(place) = document.get_element_by_id("app") else { return };
    place.set_inner_html("");
    theme::restore();
    yew::Renderer::<app::App>::with_root(place).render();
}

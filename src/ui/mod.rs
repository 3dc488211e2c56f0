//! The page: a Yew application over the pure core library. Panels go through Yew when the run's
//! revision changes; pictures are patched and moved outside of the component tree ([`desk`]).

mod acts;
mod app;
mod bar;
mod blackboard;
mod challenge;
mod compare;
mod converge;
mod desk;
mod dom;
mod done;
mod fetch;
mod film;
mod find;
mod frame;
mod gesture;
mod glyphs;
mod help;
mod hero;
mod home;
mod import;
mod import_history;
mod inspector;
mod journal;
mod judge;
mod keys;
mod kit;
mod later;
mod lists;
mod model;
mod overlay;
mod paint;
mod panic;
mod past;
mod picture;
mod plane;
mod rail;
mod reel;
mod search;
mod search_run;
mod search_show;
mod search_words;
mod sheet;
mod side;
mod stage;
mod story;
mod tale;
mod theme;
mod transport;
mod verbs;
mod verdicts;
mod way;
mod words;
mod work;

/// Mounts the page where there is a window.
pub fn start() {
    panic::install();
    let Some(document) = web_sys::window().and_then(|w| w.document()) else { return };
    let Some(place) = document.get_element_by_id("app") else { return };
    place.set_text_content(None);
    theme::restore();
    yew::Renderer::<app::App>::with_root(place).render();
}

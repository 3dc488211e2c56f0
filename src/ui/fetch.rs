//! Scenes are fetched when they are opened: what needs one waits here.

use super::model::sentence;
use happened_before::protocols;
use happened_before::share::link::Link;
use wasm_bindgen_futures::spawn_local;

/// Calls back with success once the scene is at hand, at once if it is already; or with one
/// sentence. Asking again tries again.
pub fn scene(id: &str, then: impl FnOnce(Result<(), String>) + 'static) {
    if protocols::scene(id).is_ok() {
        return then(Ok(()));
    }
    let id = id.to_string();
    spawn_local(async move {
        then(protocols::load(&id).await.map_err(|e| sentence(&e.to_string())));
    });
}

/// Reads a link, once the scene that it names is at hand.
///
/// # Errors
/// One sentence: what is wrong with the text, or that the scene did not come.
pub async fn link(text: &str, decode: fn(&str) -> Result<Link, String>) -> Result<Link, String> {
    // A text that names no scene is refused by its decoder, in its own words.
    if let Ok(id) = Link::scene_of(text) {
        protocols::load(&id).await.map_err(|e| sentence(&e.to_string()))?;
    }
    decode(text).map_err(|why| sentence(&why))
}

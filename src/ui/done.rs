//! What a reader has finished, remembered by this browser.

use super::dom;

/// Where it is kept: `scene/name`, separated by spaces.
const KEY: &str = "hb-done";

/// Has this story been told to its end, or this challenge been won?
pub fn is_done(scene: &str, name: &str) -> bool {
    let wanted = format!("{scene}/{name}");
    dom::recall(KEY).is_some_and(|all| all.split(' ').any(|one| one == wanted))
}

/// Remembers it.
pub fn finish(scene: &str, name: &str) {
    if is_done(scene, name) {
        return;
    }
    let before = dom::recall(KEY).unwrap_or_default();
    dom::keep(KEY, Some(format!("{before} {scene}/{name}").trim()));
}

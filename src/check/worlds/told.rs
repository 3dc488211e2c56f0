//! One exact sentence on what was searched and what was not.

use super::Searched;
use crate::core::config::Setup;
use crate::protocols::Scene;
use std::fmt::Write;

/// The search to speak of: the one that found something, or the largest that came to its end, or
/// the last.
pub fn main_of<'a>(searches: impl Iterator<Item = &'a Searched> + Clone) -> Option<&'a Searched> {
    let violated = searches.clone().find(|s| !s.found.is_empty());
    let ended = searches.clone().filter(|s| s.tally.complete);
    violated.or_else(|| ended.max_by_key(|s| s.tally.distinct)).or(searches.last())
}

/// A scene, its size and its bugs: `Raft, clients=1, nodes=3, mutant volatile-vote`.
pub fn world_text(scene: &Scene, setup: &Setup) -> String {
    let mut out = scene.title.to_string();
    for (name, value) in &setup.knobs {
        let _ = write!(out, ", {name}={value}");
    }
    for mutant in &setup.mutants {
        let _ = write!(out, ", mutant {mutant}");
    }
    out
}

/// What was searched and what was not; without the full stop.
pub fn sentence(scene: &Scene, setup: &Setup, searches: &[&Searched], memory_bytes: u64) -> String {
    let mut out = world_text(scene, setup);
    let Some(main) = main_of(searches.iter().copied()) else { return out };
    let _ = write!(out, ". Searched {}", main.sentence(memory_bytes));
    let mut others = searches.iter().filter(|s| !std::ptr::eq(**s, main));
    if let Some(partly) = others.rfind(|s| !s.tally.complete) {
        let _ = write!(out, "; and in part, {}", partly.sentence(memory_bytes));
    }
    out + ". Messages may come in any order, or never. Not searched: other sizes, further faults, and what depends on time"
}

//! The protocols, one line a scene.

pub mod cap;
pub mod catalog;
mod causality;
mod channel;
mod clock_data;
pub mod directory;
pub mod eventual;
pub mod hashing;
pub mod hybrid;
pub mod lamport;
pub mod nested;
pub mod pacelc;
pub mod quorum;
pub mod raft;
pub mod ranges;
pub mod sessions;
pub mod spanner;
pub mod template;
pub mod vector;

use crate::stories::Sliders;
pub use catalog::{Info, KnobInfo, Preset, PropertyInfo, Scene};

/// Every scene, in the reading order of the field guide.
pub const CATALOG: &[Scene] = &[
    cap::SCENE,
    pacelc::SCENE,
    raft::SCENE,
    quorum::SCENE,
    spanner::SCENE,
    hashing::SCENE,
    ranges::SCENE,
    directory::SCENE,
    eventual::SCENE,
    sessions::SCENE,
    lamport::SCENE,
    vector::SCENE,
    hybrid::SCENE,
];

/// What a challenge asks of all positions of some sliders, if it is one of that kind.
pub fn sliders(scene: &str, challenge: &str) -> Option<&'static Sliders> {
    let all: &'static [(&str, Sliders)] = &[
        (cap::SCENE.id, cap::SLIDERS),
        (pacelc::SCENE.id, pacelc::SLIDERS),
        (hashing::SCENE.id, hashing::SLIDERS),
    ];
    all.iter().find(|(id, s)| *id == scene && s.challenge == challenge).map(|(_, s)| s)
}

/// A scene by its id.
pub fn scene(id: &str) -> Result<&'static Scene, String> {
    CATALOG.iter().find(|s| s.id == id).ok_or_else(|| {
        let all: Vec<&str> = CATALOG.iter().map(|s| s.id).collect();
        format!("there is no scene '{id}', only {}", all.join(", "))
    })
}

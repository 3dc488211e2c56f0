//! The protocols, one line a scene.

pub mod cap;
pub mod catalog;
mod causality;
mod channel;
pub mod hashing;
pub mod hybrid;
pub mod lamport;
pub mod quorum;
pub mod raft;
pub mod template;
pub mod vector;

pub use catalog::{Info, KnobInfo, Preset, PropertyInfo, Scene};

/// Every scene, in the reading order of the field guide.
pub const CATALOG: &[Scene] = &[
    cap::SCENE,
    raft::SCENE,
    quorum::SCENE,
    hashing::SCENE,
    lamport::SCENE,
    vector::SCENE,
    hybrid::SCENE,
];

/// A scene by its id.
pub fn scene(id: &str) -> Result<&'static Scene, String> {
    CATALOG.iter().find(|s| s.id == id).ok_or_else(|| {
        let all: Vec<&str> = CATALOG.iter().map(|s| s.id).collect();
        format!("there is no scene '{id}', only {}", all.join(", "))
    })
}

//! The protocols, one line a scene.

pub mod cap;
pub mod catalog;
mod causality;
mod channel;
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
mod shelf;
pub mod spanner;
pub mod template;
pub mod vector;

use crate::stories::Sliders;
pub use catalog::{Info, KnobInfo, Preset, PropertyInfo, Scene};
pub use shelf::{Entry, LoadError, entry, load, scene};

/// Lists the scenes by their modules, in the reading order of the field guide.
macro_rules! scenes {
    ($($name:ident),* $(,)?) => {
        /// Every scene, in the reading order of the field guide. Where scenes are on demand this
        /// is for `hb` alone: the page knows [`INDEX`].
        pub const CATALOG: &[Scene] = &[$($name::SCENE),*];

        /// What is known of every scene beforehand, in the same order.
        pub const INDEX: &[Entry] = &[$(Entry::of(&$name::SCENE)),*];

        /// One function a scene, which is moved with all that only it reaches into a file of its
        /// own.
        #[cfg(feature = "on-demand")]
        mod parts {
            use super::Scene;
            use wasm_split_helpers::{SplitLoaderError, wasm_split};
            $(
                #[wasm_split($name, fallible)]
                pub fn $name() -> Result<&'static Scene, SplitLoaderError> {
                    static SCENE: Scene = super::$name::SCENE;
                    Ok(&SCENE)
                }
            )*
        }

        #[cfg(feature = "on-demand")]
        async fn fetch(id: &str) -> Option<&'static Scene> {
            $(
                if id == const { $name::SCENE.id } {
                    return parts::$name().await.ok();
                }
            )*
            None
        }
    };
}

scenes! {
    cap, pacelc, raft, quorum, spanner, hashing, ranges, directory, eventual, sessions, lamport,
    vector, hybrid,
}

/// What a challenge asks of all positions of some sliders, if it is one of that kind.
pub fn sliders(scene: &str, challenge: &str) -> Option<&'static Sliders> {
    let all: &'static [(&str, Sliders)] = &[
        (cap::SCENE.id, cap::SLIDERS),
        (pacelc::SCENE.id, pacelc::SLIDERS),
        (hashing::SCENE.id, hashing::SLIDERS),
    ];
    all.iter().find(|(id, s)| *id == scene && s.challenge == challenge).map(|(_, s)| s)
}

#[cfg(not(feature = "on-demand"))]
fn by_id(id: &str) -> Option<&'static Scene> {
    CATALOG.iter().find(|s| s.id == id)
}

fn unknown(id: &str) -> String {
    let all: Vec<&str> = INDEX.iter().map(|e| e.id).collect();
    format!("there is no scene '{id}', only {}", all.join(", "))
}

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
mod shelf;
pub mod spanner;
pub mod template;
pub mod vector;

use crate::core::quote::quoted;
use crate::core::world::{Adapter, SearchRules, World};
use crate::stories::Sliders;
pub use catalog::{Info, KnobInfo, Preset, PropertyInfo, Scene};
pub use shelf::{LoadError, SceneEntry, closest, entry, load, scene, sections};

/// Lists the scenes by their modules, in the reading order of the field guide.
macro_rules! scenes {
    ($($name:ident),* $(,)?) => {
        /// Every scene, in the reading order of the field guide. Where scenes are on demand this
        /// is for `hb` alone: the page knows [`INDEX`]. A static: a constant would be made again in
        /// every program that names it, with all protocols behind it.
        pub static CATALOG: &[Scene] = &[$($name::SCENE),*];

        /// What is known of every scene beforehand, in the same order.
        pub const INDEX: &[SceneEntry] = &[$(SceneEntry::of(&$name::SCENE)),*];

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

/// Every protocol as searches see it. Nothing else names this list, so a program that does not
/// search is linked without what only searches ask.
const SEARCH_RULES: &[&dyn SearchRules] = &[
    Adapter::<quorum::Quorum>::SEARCH_RULES,
    Adapter::<raft::Raft>::SEARCH_RULES,
    Adapter::<spanner::Spanner>::SEARCH_RULES,
    Adapter::<hashing::Hashing>::SEARCH_RULES,
    Adapter::<ranges::Ranges>::SEARCH_RULES,
    Adapter::<directory::Directory>::SEARCH_RULES,
    Adapter::<eventual::Eventual>::SEARCH_RULES,
    Adapter::<sessions::Sessions>::SEARCH_RULES,
    Adapter::<lamport::Lamport>::SEARCH_RULES,
    Adapter::<vector::Vector>::SEARCH_RULES,
    Adapter::<hybrid::Hybrid>::SEARCH_RULES,
    Adapter::<template::Largest>::SEARCH_RULES,
];

/// A world's protocol as searches see it.
pub fn search_rules(world: &World) -> Result<&'static dyn SearchRules, String> {
    let found = SEARCH_RULES.iter().find(|of| world.is_of(**of)).copied();
    found.ok_or_else(|| "this protocol is not in the list of those that can be searched".into())
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
    format!("there is no scene {}, only {}", quoted(id), all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::Setup;

    #[test]
    fn every_scene_stands_in_one_section_and_cap_in_the_first() {
        let listed: Vec<&str> = sections().iter().flat_map(|s| &s.1).map(|e| e.id).collect();
        let mut sorted = listed.clone();
        sorted.sort_unstable();
        let mut all: Vec<&str> = INDEX.iter().map(|e| e.id).collect();
        all.sort_unstable();
        assert_eq!((listed[0], sorted), ("cap", all));
    }

    #[test]
    fn a_wrong_name_finds_what_was_meant() {
        for (wrong, meant) in [
            ("hashing", Some("consistent-hashing")),
            ("raftt", Some("raft")),
            ("vector", Some("vector-clock")),
            ("TrueTime", Some("spanner")),
            ("staleness", Some("pacelc")),
            ("zzz", None),
            ("", None),
            ("ra", None),
        ] {
            assert_eq!(closest(wrong).map(|e| e.id), meant, "{wrong}");
        }
    }

    #[test]
    fn every_preset_of_every_scene_can_be_searched() {
        for scene in CATALOG.iter().chain([&template::SCENE]) {
            for preset in scene.presets {
                let (scene_id, preset_id) = (scene.id.into(), preset.id.into());
                let setup = Setup { scene: scene_id, preset: preset_id, ..Setup::default() };
                let world = (scene.build)(&setup).expect("a preset is a sound setup");
                assert!(
                    search_rules(&world).is_ok(),
                    "{} {}: see SEARCH_RULES",
                    scene.id,
                    preset.id
                );
            }
        }
    }
}

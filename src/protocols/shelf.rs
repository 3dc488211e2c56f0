//! Scenes on demand: what is known of a scene before its code is here, and how that is fetched.
//!
//! Built with the feature `on-demand` (the production page), every scene is a file of its own that
//! is fetched when the scene is first asked for; in every other build all scenes are at hand and
//! [`load`] is done at once. Where scenes are on demand, only [`load`] may name their code: whatever
//! the page reaches without it is fetched before the page starts.

#[cfg(not(feature = "on-demand"))]
use super::by_id;
use super::{Scene, unknown};
#[cfg(feature = "on-demand")]
use std::sync::OnceLock;

/// What the list of scenes says of one, known before the scene is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Kebab-case name.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The family it belongs to.
    pub family: &'static str,
    /// What it is, in one sentence.
    pub line: &'static str,
    /// How many stories of the project's own it has.
    pub stories: usize,
    /// How many stories follow something published.
    pub reenactments: usize,
    /// How many things to bring about.
    pub challenges: usize,
}

impl Entry {
    /// What is known of a scene beforehand.
    pub(super) const fn of(scene: &Scene) -> Entry {
        let mut reenactments = 0;
        let mut i = 0;
        while i < scene.stories.len() {
            reenactments += scene.stories[i].source.is_some() as usize;
            i += 1;
        }
        Entry {
            id: scene.id,
            title: scene.title,
            family: scene.family,
            line: scene.line,
            stories: scene.stories.len() - reenactments,
            reenactments,
            challenges: scene.challenges.len(),
        }
    }
}

/// Why a scene could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// There is no such scene; one sentence that names those there are.
    Unknown(String),
    /// Its file did not come. Asking again fetches it again.
    NotFetched(&'static Entry),
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LoadError::Unknown(why) => f.write_str(why),
            LoadError::NotFetched(entry) => write!(
                f,
                "the scene {} could not be fetched: check the connection, then try again",
                entry.title
            ),
        }
    }
}

/// What is known of a scene beforehand, by its id.
///
/// # Errors
/// One sentence that names the scenes there are.
pub fn entry(id: &str) -> Result<&'static Entry, String> {
    super::INDEX.iter().find(|e| e.id == id).ok_or_else(|| unknown(id))
}

/// A scene by its id, where it is at hand: always, or once [`load`] has succeeded where scenes are
/// on demand.
///
/// # Errors
/// One sentence: there is no such scene, or it is not loaded.
#[cfg(not(feature = "on-demand"))]
pub fn scene(id: &str) -> Result<&'static Scene, String> {
    by_id(id).ok_or_else(|| unknown(id))
}

/// A scene by its id, once [`load`] has succeeded.
///
/// # Errors
/// One sentence: there is no such scene, or it is not loaded.
#[cfg(feature = "on-demand")]
pub fn scene(id: &str) -> Result<&'static Scene, String> {
    let entry = entry(id)?;
    let mut loaded = LOADED.iter().filter_map(OnceLock::get).copied();
    loaded.find(|s| s.id == id).ok_or_else(|| format!("{} is not loaded", entry.title))
}

#[cfg(feature = "on-demand")]
static LOADED: [OnceLock<&'static Scene>; super::INDEX.len()] =
    [const { OnceLock::new() }; super::INDEX.len()];

/// Sees to it that a scene is at hand; fetches it where scenes are on demand.
///
/// # Errors
/// There is no such scene, or its file did not come.
#[cfg(not(feature = "on-demand"))]
#[allow(clippy::unused_async)]
pub async fn load(id: &str) -> Result<(), LoadError> {
    scene(id).map(drop).map_err(LoadError::Unknown)
}

/// Sees to it that a scene is at hand; fetches it where scenes are on demand.
///
/// # Errors
/// There is no such scene, or its file did not come.
#[cfg(feature = "on-demand")]
pub async fn load(id: &str) -> Result<(), LoadError> {
    let entry = entry(id).map_err(LoadError::Unknown)?;
    let scene = super::fetch(entry.id).await.ok_or(LoadError::NotFetched(entry))?;
    let place = super::INDEX.iter().position(|e| e.id == entry.id);
    if let Some(place) = place {
        LOADED[place].get_or_init(|| scene);
    }
    Ok(())
}

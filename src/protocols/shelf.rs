//! Scenes on demand: what is known of a scene before its code is here, and how that is fetched.
//!
//! Built with the feature `on-demand` (the production page), every scene is a file of its own that
//! is fetched when the scene is first asked for; in every other build all scenes are at hand and
//! [`load`] is done at once. Where scenes are on demand, only [`load`] may name their code: whatever
//! the page reaches without it is fetched before the page starts.

#[cfg(not(feature = "on-demand"))]
use super::by_id;
use super::{INDEX, Scene, unknown};
#[cfg(feature = "on-demand")]
use std::sync::OnceLock;

/// What the list of scenes says of one, known before the scene is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SceneEntry {
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

impl SceneEntry {
    /// What is known of a scene beforehand.
    pub(super) const fn of(scene: &Scene) -> SceneEntry {
        let mut reenactments = 0;
        let mut i = 0;
        while i < scene.stories.len() {
            reenactments += scene.stories[i].source.is_some() as usize;
            i += 1;
        }
        SceneEntry {
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

/// The families in their reading order; CAP, which the others explain, stands before them.
const FAMILIES: [&str; 7] =
    ["Consensus", "Replication", "Partitioning", "Consistency", "Clocks", "Patterns", "Theorems"];

/// The list of scenes as it is read: each section's title and its scenes.
pub fn sections() -> Vec<(&'static str, Vec<&'static SceneEntry>)> {
    let mut all = vec![("CAP theorem", vec![&INDEX[0]])];
    for family in FAMILIES {
        let entries: Vec<&SceneEntry> =
            INDEX.iter().skip(1).filter(|e| e.family == family).collect();
        if !entries.is_empty() {
            all.push((family, entries));
        }
    }
    all
}

/// The scene that a wrong name most likely meant: one whose name, title or sentence holds it, or
/// whose name differs in few letters.
pub fn closest(name: &str) -> Option<&'static SceneEntry> {
    let wanted = name.to_lowercase();
    if wanted.len() < 3 || wanted.len() > 40 {
        return None;
    }
    let holds = |text: &str| text.to_lowercase().contains(&wanted);
    let by = |of: &dyn Fn(&SceneEntry) -> bool| INDEX.iter().find(|e| of(e));
    by(&|e| holds(e.id) || holds(e.title)).or_else(|| by(&|e| holds(e.line))).or_else(|| {
        let near = INDEX.iter().map(|e| (distance(&wanted, e.id), e));
        near.min_by_key(|(d, _)| *d).filter(|(d, _)| *d <= 2).map(|(_, e)| e)
    })
}

/// Letters to put in, take out or change until one word is the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Why a scene could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// There is no such scene; one sentence that names those there are.
    Unknown(String),
    /// Its file did not come. Asking again fetches it again.
    NotFetched(&'static SceneEntry),
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
pub fn entry(id: &str) -> Result<&'static SceneEntry, String> {
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

//! Stories, re-enactments and challenges are data: verbs that any person could use by hand, and
//! conditions of the run that they wait for. Nothing here can write a node's state.

pub mod condition;
pub mod hero;
pub mod moment;
pub mod names;
pub mod pace;
pub mod player;
pub mod seek;
pub mod telling;
pub mod verbs;

use crate::core::config::Setup;
pub use crate::core::world::Limits;

/// A story: a talk of a few steps over one run.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    /// Kebab-case name.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Where it was published, for a re-enactment.
    pub source: Option<&'static str>,
    /// The preset it plays in; empty is the scene's first.
    pub preset: &'static str,
    /// Knobs turned.
    pub knobs: &'static [(&'static str, i64)],
    /// Mutants switched on.
    pub mutants: &'static [&'static str],
    /// The run's seed.
    pub seed: u64,
    /// Its steps; the last hands over the controls.
    pub steps: &'static [StoryStep],
}

/// A step of a story.
#[derive(Clone, Copy, Debug)]
pub struct StoryStep {
    /// At most 35 words. A name in braces (`{leader}`, `{old}`, `{S3}`) is shown in its colour.
    pub text: &'static str,
    /// What is done, in order; see [`verbs`].
    pub say: &'static [&'static str],
    /// What is waited for, see [`condition`]; empty waits for nothing.
    pub until: &'static str,
    /// A question to answer before the step runs.
    pub ask: Option<Prediction>,
    /// Knobs and verbs that a reader may use from here on.
    pub unlock: &'static [&'static str],
}

/// A prediction. The right answer is the option whose condition holds once the step has run.
#[derive(Clone, Copy, Debug)]
pub struct Prediction {
    /// The question.
    pub question: &'static str,
    /// Options, each with its condition.
    pub options: &'static [(&'static str, &'static str)],
}

impl StoryStep {
    /// A step that only says something.
    pub const SAY: StoryStep = StoryStep { text: "", say: &[], until: "", ask: None, unlock: &[] };
}

/// Something to bring about.
#[derive(Clone, Copy, Debug)]
pub struct Challenge {
    /// Kebab-case name.
    pub id: &'static str,
    /// What to bring about, in one sentence.
    pub goal: &'static str,
    /// The condition that ends it; see [`condition`].
    pub until: &'static str,
    /// Knobs turned.
    pub knobs: &'static [(&'static str, i64)],
    /// Mutants switched on.
    pub mutants: &'static [&'static str],
    /// What a search (and a fair player) may spend.
    pub limits: Limits,
    /// It cannot be done: a search proves it within these limits.
    pub impossible: bool,
}

/// A challenge of another kind: to find a position of some sliders at which nothing gives way. It
/// is refuted by a run for each position: one that a search has found, or one as clients make it.
#[derive(Clone, Copy, Debug)]
pub struct Sliders {
    /// The challenge's name.
    pub challenge: &'static str,
    /// Knobs, each with its first and its last position.
    pub sliders: &'static [(&'static str, i64, i64)],
    /// What may give way; they are tried in this order.
    pub gives: &'static [Give],
    /// Nothing is searched for: at each position clients work for so many microseconds, and what has
    /// given way then is measured; 0 searches.
    pub measured: u64,
}

/// One of the things that cannot all be had.
#[derive(Clone, Copy, Debug)]
pub struct Give {
    /// What it is called.
    pub what: &'static str,
    /// The condition of a run without it; see [`condition`].
    pub until: &'static str,
    /// What such a run may spend.
    pub limits: Limits,
}

impl Challenge {
    /// The run it is played in.
    pub fn setup(&self, scene: &str) -> Setup {
        Setup {
            scene: scene.into(),
            knobs: self.knobs.iter().map(|(k, v)| ((*k).to_string(), *v)).collect(),
            mutants: self.mutants.iter().map(|m| (*m).to_string()).collect(),
            ..Setup::default()
        }
    }
}

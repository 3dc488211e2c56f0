//! A search of a scene, in slices: what `hb check`, `hb challenge` and the page's workers run.

use super::{Goal, SearchState, SearchStep, WorldModel};
use crate::check::explore::{Bounds, Coverage, Finding, Keep, Options, Search, SearchOutcome};
use crate::core::action::Entry;
use crate::core::config::Setup;
use crate::core::protocol::PropertyKind;
use crate::core::world::Limits;
use crate::protocols::Scene;
use crate::stories::Challenge;
use serde::Serialize;

/// A search of one scene's setup, to be continued as long as one likes.
pub struct Quest {
    search: Search<WorldModel>,
}

/// How far a search has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct QuestTally {
    /// Different states known.
    pub distinct: u64,
    /// States met, each as often as it was met.
    pub generated: u64,
    /// Levels begun; the initial state is the first.
    pub depth: u32,
    /// States known, but not expanded yet.
    pub frontier: u64,
    /// It is over.
    pub done: bool,
    /// It is over and nothing within the limits was left out.
    pub complete: bool,
    /// Why it is over, as a word.
    pub outcome: &'static str,
}

/// A shortest way to break a property or to reach a goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The property; `goal` for a goal.
    pub property: &'static str,
    /// Where it is stated.
    pub cite: &'static str,
    /// What to do: time stands still but for this.
    pub journal: Vec<Entry>,
}

impl Found {
    /// Interventions, the first (time stands still) not counted.
    pub fn length(&self) -> usize {
        self.journal.len() - 1
    }
}

impl Quest {
    /// Begins: every safety property of the scene is checked, or a goal is looked for.
    pub fn new(
        scene: &Scene,
        setup: &Setup,
        limits: Limits,
        bounds: Bounds,
        goal: Option<&'static str>,
        reduced: bool,
    ) -> Result<Quest, String> {
        let properties = scene.info_of(&setup.preset).properties;
        let safety = properties.iter().filter(|p| p.kind == PropertyKind::Safety);
        let claims = safety.map(|p| (p.id, p.cite)).collect();
        let goal = goal.map(Goal::read).transpose()?;
        let model = WorldModel::new(scene.build, setup, limits, claims, goal)?;
        Ok(Self::of(if reduced { model } else { model.unreduced() }, bounds))
    }

    /// Begins to look for the shortest solution of a challenge; states that differ in the names of
    /// servers only count once, where that makes no difference.
    pub fn solving(
        scene: &Scene,
        setup: &Setup,
        challenge: &Challenge,
        bounds: Bounds,
    ) -> Result<Quest, String> {
        let goal = Some(Goal::read(challenge.until)?);
        let model = WorldModel::new(scene.build, setup, challenge.limits, Vec::new(), goal)?;
        Ok(Self::of(model.symmetric_if_it_can(), bounds))
    }

    /// Begins on a model.
    pub fn of(model: WorldModel, bounds: Bounds) -> Quest {
        Self::with(model, bounds, Options::default())
    }

    /// The same with the explorer's reductions.
    pub fn with(model: WorldModel, bounds: Bounds, options: Options) -> Quest {
        let options = Options { keep: Keep::Paths, ..options };
        Quest { search: Search::with(model, bounds, options) }
    }

    /// The explorer's search.
    pub fn search(&self) -> &Search<WorldModel> {
        &self.search
    }

    /// Expands at most `states` states.
    pub fn slice(&mut self, states: u64) -> QuestTally {
        self.search.run(states);
        self.tally()
    }

    /// Runs until `should_stop` or the end.
    pub fn run(&mut self, threads: usize, should_stop: &mut dyn FnMut() -> bool) -> QuestTally {
        #[cfg(not(target_arch = "wasm32"))]
        if threads > 1 {
            self.search.run_threads(threads, should_stop);
            return self.tally();
        }
        let _ = threads;
        self.search.run_until(should_stop);
        self.tally()
    }

    /// How far it has come.
    pub fn tally(&self) -> QuestTally {
        let p = self.search.progress();
        QuestTally {
            distinct: p.distinct,
            generated: p.generated,
            depth: p.depth,
            frontier: p.queued,
            done: p.outcome != SearchOutcome::Running,
            complete: p.outcome == SearchOutcome::Complete,
            outcome: if p.outcome == SearchOutcome::Running { "stopped" } else { p.outcome.name() },
        }
    }

    /// What was found so far, each a shortest one.
    pub fn found(&self) -> Vec<Found> {
        self.search.report().violations.iter().map(|f| self.tell(f)).collect()
    }

    /// Bytes held at the most.
    pub fn bytes(&self) -> u64 {
        self.search.report().bytes
    }

    /// How often each kind of step was taken.
    pub fn coverage(&self) -> Vec<Coverage> {
        self.search.report().coverage
    }

    fn tell(&self, finding: &Finding<SearchState, SearchStep>) -> Found {
        let states = finding.states.iter().cloned();
        let path: Vec<(SearchState, SearchStep)> =
            states.zip(finding.actions.iter().cloned()).collect();
        let journal = self.search.model().journal(&path);
        Found { property: finding.property, cite: finding.cite, journal }
    }
}

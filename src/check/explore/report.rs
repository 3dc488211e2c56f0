//! What a search is asked and what it answers.

/// Where a search gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Stop once this many distinct states are known.
    pub max_states: u64,
    /// Do not expand states of this level; the initial states are level 1.
    pub max_depth: u32,
    /// Stop once tables, paths and frontier hold this many bytes.
    pub memory_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { max_states: u64::MAX, max_depth: u32::MAX, memory_bytes: u64::MAX }
    }
}

/// How the states still to be expanded are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Whole: fast.
    #[default]
    States,
    /// As paths only, rebuilt by replay: a few bytes a state, for states that are large.
    Paths,
}

/// How to search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Visit one state of each class of [`Model::canonical`](super::Model::canonical).
    pub symmetry: bool,
    /// Partial-order reduction by [`Model::safe`](super::Model::safe).
    pub reduction: bool,
    /// How to keep the frontier.
    pub keep: Keep,
    /// Go on after an invariant is violated, to the end.
    pub all_violations: bool,
}

/// Where a search stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchOutcome {
    /// More to do.
    Running,
    /// Every reachable state was visited.
    Complete,
    /// Stopped at a violation.
    Violated,
    /// [`Bounds::max_states`].
    MaxStates,
    /// [`Bounds::max_depth`].
    MaxDepth,
    /// [`Bounds::memory_bytes`].
    Memory,
    /// A state has more than 65,535 actions.
    TooWide,
    /// The model gave a different answer when asked again.
    NotDeterministic,
}

impl SearchOutcome {
    /// A word for reports, in kebab-case.
    pub fn name(self) -> &'static str {
        match self {
            SearchOutcome::Running => "running",
            SearchOutcome::Complete => "complete",
            SearchOutcome::Violated => "violated",
            SearchOutcome::MaxStates => "max-states",
            SearchOutcome::MaxDepth => "max-depth",
            SearchOutcome::Memory => "memory",
            SearchOutcome::TooWide => "too-many-actions",
            SearchOutcome::NotDeterministic => "not-deterministic",
        }
    }
}

/// How far a search has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Distinct states known.
    pub distinct: u64,
    /// Initial states and successors, duplicates included.
    pub generated: u64,
    /// Levels begun, the initial one being 1.
    pub depth: u32,
    /// Known states not expanded yet.
    pub queued: u64,
    /// Where it stands.
    pub outcome: SearchOutcome,
}

/// How often a rule was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The rule's name.
    pub rule: &'static str,
    /// Steps of it.
    pub taken: u64,
    /// Steps that led to a state not seen before.
    pub fresh: u64,
}

/// A path that settles a property: a counter-example or a witness, of minimal length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding<S, A> {
    /// The property's name.
    pub property: &'static str,
    /// Where it is stated.
    pub cite: &'static str,
    /// The steps from an initial state.
    pub actions: Vec<A>,
    /// The same, for people.
    pub labels: Vec<String>,
    /// The states passed, one more than there are steps.
    pub states: Vec<S>,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Report<S, A> {
    /// Distinct states inside the constraint.
    pub distinct: u64,
    /// Initial states and successors, duplicates included.
    pub generated: u64,
    /// Levels, the initial one being 1.
    pub depth: u32,
    /// Why it ended.
    pub outcome: SearchOutcome,
    /// States in which no step is possible.
    pub terminal: u64,
    /// Steps by rule.
    pub coverage: Vec<Coverage>,
    /// Bytes held at the largest.
    pub bytes: u64,
    /// Invariants violated, each with a shortest path.
    pub violations: Vec<Finding<S, A>>,
    /// States that [`Kind::Sometimes`](super::Kind::Sometimes) asked for, each with a shortest path.
    pub witnesses: Vec<Finding<S, A>>,
    /// `Sometimes` properties without a witness; refuted if the outcome is `Complete`.
    pub unreached: Vec<&'static str>,
}

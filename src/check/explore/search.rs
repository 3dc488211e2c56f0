//! Breadth-first search, resumable in slices.

use super::model::{ModelProperty, Quantifier, StateMachine};
use super::report::{Bounds, Coverage, Finding, Keep, Options, Progress, Report, SearchOutcome};
use super::table::Table;
use crate::core::hash::fingerprint;
use std::collections::VecDeque;

/// Indices of states are 32 bits wide, the last value being no state.
const MOST_STATES: u64 = u32::MAX as u64 - 1;
const NONE: u32 = u32::MAX;
/// States expanded between two looks at the clock.
const SLICE: u64 = 256;
/// The same for states that are kept as paths because they are large.
const LARGE_SLICE: u64 = 8;

/// The counters that threads add up.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub generated: u64,
    pub terminal: u64,
    pub taken: Vec<u64>,
}

/// A breadth-first search over a model.
pub struct Search<M: StateMachine> {
    pub(super) model: M,
    pub(super) bounds: Bounds,
    pub(super) options: Options,
    pub(super) properties: Vec<ModelProperty<M>>,
    pub(super) seen: Table<()>,
    /// For each state, the state it was first reached from and the position of the step there.
    parents: Vec<u32>,
    choices: Vec<u16>,
    pub(super) frontier: VecDeque<M::State>,
    heap: u64,
    /// The states on the way to the last one rebuilt, for [`Keep::Paths`].
    trail: Vec<(u32, M::State)>,
    /// Index of the next state to expand, and of the first one of the next level.
    pub(super) cursor: u32,
    pub(super) level_end: u32,
    pub(super) depth: u32,
    pub(super) cut: bool,
    pub(super) tally: Tally,
    fresh: Vec<u64>,
    /// For each property the first state that settles it.
    pub(super) found: Vec<Option<u32>>,
    peak: u64,
    pub(super) outcome: SearchOutcome,
    scratch: Vec<M::Action>,
}

/// What identifies a state in a search.
#[inline]
pub(super) fn identity<M: StateMachine>(model: &M, options: &Options, state: &M::State) -> u64 {
    if options.symmetry { fingerprint(&model.canonical(state)) } else { fingerprint(state) }
}

impl<M: StateMachine> Search<M> {
    /// A search that has seen the initial states.
    pub fn new(model: M, bounds: Bounds) -> Self {
        Self::with(model, bounds, Options::default())
    }

    /// The same, with options.
    pub fn with(model: M, bounds: Bounds, options: Options) -> Self {
        let properties = model.properties();
        let rules = model.rules().len();
        let mut search = Search {
            found: vec![None; properties.len()],
            properties,
            tally: Tally { taken: vec![0; rules], ..Tally::default() },
            fresh: vec![0; rules],
            model,
            bounds,
            options,
            seen: Table::new(),
            parents: Vec::new(),
            choices: Vec::new(),
            frontier: VecDeque::new(),
            heap: 0,
            trail: Vec::new(),
            cursor: 0,
            level_end: 0,
            depth: 0,
            cut: false,
            peak: 0,
            outcome: SearchOutcome::Running,
            scratch: Vec::new(),
        };
        search.begin();
        search
    }

    fn begin(&mut self) {
        let mut initial = Vec::new();
        self.model.init(&mut initial);
        if initial.len() > usize::from(u16::MAX) {
            self.outcome = SearchOutcome::TooWide;
            return;
        }
        for (choice, state) in initial.into_iter().enumerate() {
            self.tally.generated += 1;
            if self.model.within(&state) {
                let print = identity(&self.model, &self.options, &state);
                self.admit(print, NONE, choice as u16, Some(state));
            }
        }
        self.next_level();
        self.settle();
    }

    /// The model under search.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// Takes a state in, unless it is known. Says whether it was new.
    #[inline]
    pub(super) fn admit(
        &mut self,
        print: u64,
        parent: u32,
        choice: u16,
        state: Option<M::State>,
    ) -> bool {
        if self.seen.insert(print, ()).is_some() {
            return false;
        }
        self.parents.push(parent);
        self.choices.push(choice);
        if let Some(state) = state.filter(|_| self.options.keep == Keep::States) {
            self.heap += self.model.heap_bytes(&state);
            self.frontier.push_back(state);
        }
        true
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn count_fresh(&mut self, rule: usize) {
        if let Some(n) = self.fresh.get_mut(rule) {
            *n += 1;
        }
    }

    /// Takes the next state out of the frontier.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<M::State> {
        if self.options.keep == Keep::Paths {
            let state = self.rebuild(self.cursor);
            self.cursor += 1;
            return state;
        }
        let state = self.frontier.pop_front()?;
        self.heap = self.heap.saturating_sub(self.model.heap_bytes(&state));
        self.cursor += 1;
        Some(state)
    }

    /// Puts a state back that was the next one.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn queue_first(&mut self, state: M::State) {
        self.heap += self.model.heap_bytes(&state);
        self.frontier.push_front(state);
    }

    /// Expands at most `states` states.
    pub fn run(&mut self, states: u64) -> Progress {
        for _ in 0..states {
            if self.outcome != SearchOutcome::Running {
                break;
            }
            self.step();
        }
        self.progress()
    }

    /// Runs until `should_stop` (asked every few hundred states, or few where they are large) or the
    /// end.
    pub fn run_until(&mut self, should_stop: &mut dyn FnMut() -> bool) -> Progress {
        let few = if self.options.keep == Keep::Paths { LARGE_SLICE } else { SLICE };
        while self.outcome == SearchOutcome::Running && !should_stop() {
            self.run(few);
        }
        self.progress()
    }

    /// Runs to the end.
    pub fn finish(&mut self) -> Progress {
        self.run_until(&mut || false)
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        Progress {
            distinct: self.seen.len(),
            generated: self.tally.generated,
            depth: self.depth,
            queued: self.seen.len() - u64::from(self.cursor),
            outcome: self.outcome,
        }
    }

    fn step(&mut self) {
        let index = self.cursor;
        let Some(state) = self.pop() else {
            self.outcome = SearchOutcome::NotDeterministic;
            return;
        };
        if self.judge(&state, index) && !self.options.all_violations {
            self.outcome = SearchOutcome::Violated;
            return;
        }
        if self.depth >= self.bounds.max_depth {
            self.cut = true;
        } else {
            self.expand(&state, index);
        }
        if u64::from(self.cursor) % SLICE == 0 {
            self.weigh();
        }
        self.settle();
    }

    /// Notes which open properties `state` settles. Says whether an invariant was violated.
    fn judge(&mut self, state: &M::State, index: u32) -> bool {
        let mut violated = false;
        for (found, property) in self.found.iter_mut().zip(&self.properties) {
            if found.is_none() && settles(&self.model, property, state) {
                *found = Some(index);
                violated |= property.kind == Quantifier::Always;
            }
        }
        violated
    }

    fn expand(&mut self, state: &M::State, index: u32) {
        let mut actions = std::mem::take(&mut self.scratch);
        actions.clear();
        self.model.actions(state, &mut actions);
        if actions.len() > usize::from(u16::MAX) {
            self.outcome = SearchOutcome::TooWide;
            return;
        }
        let alone = ample(&self.model, &self.options, &self.seen, state, &actions);
        let range = alone.map_or(0..actions.len(), |i| i..i + 1);
        let before = self.tally.generated;
        for choice in range {
            let action = &actions[choice];
            let Some(next) = self.model.next(state, action) else { continue };
            let rule = self.model.rule(action);
            self.tally.generated += 1;
            self.tally.taken[rule] += 1;
            if self.model.within(&next) {
                let print = identity(&self.model, &self.options, &next);
                if self.admit(print, index, choice as u16, Some(next)) {
                    self.fresh[rule] += 1;
                }
            }
        }
        self.tally.terminal += u64::from(self.tally.generated == before);
        self.scratch = actions;
    }

    fn next_level(&mut self) {
        let known = self.parents.len() as u32;
        if known > self.level_end {
            self.depth += 1;
            self.level_end = known;
        }
    }

    /// Begins the next level and ends the search where that is due.
    pub(super) fn settle(&mut self) {
        if self.cursor == self.level_end {
            self.next_level();
        }
        if self.outcome != SearchOutcome::Running {
            return;
        }
        if u64::from(self.cursor) == self.seen.len() {
            let open = self.options.all_violations && self.found_violation();
            self.outcome = match (self.cut, open) {
                (true, _) => SearchOutcome::MaxDepth,
                (false, true) => SearchOutcome::Violated,
                (false, false) => SearchOutcome::Complete,
            };
        } else if self.seen.len() >= self.bounds.max_states.min(MOST_STATES) {
            self.outcome = SearchOutcome::MaxStates;
        }
    }

    /// Looks at the memory bound; capacities only change now and then.
    pub(super) fn weigh(&mut self) {
        self.peak = self.peak.max(self.bytes());
        if self.peak > self.bounds.memory_bytes {
            self.outcome = SearchOutcome::Memory;
        }
    }

    fn found_violation(&self) -> bool {
        let mut pairs = self.found.iter().zip(&self.properties);
        pairs.any(|(found, p)| found.is_some() && p.kind == Quantifier::Always)
    }

    /// Bytes held now.
    pub fn bytes(&self) -> u64 {
        let paths = self.parents.capacity() * 4 + self.choices.capacity() * 2;
        let frontier = self.frontier.capacity() * size_of::<M::State>();
        self.seen.bytes() + paths as u64 + frontier as u64 + self.heap
    }

    /// The states and steps that lead to the state with this index.
    fn rebuild(&mut self, index: u32) -> Option<M::State> {
        let mut missing = Vec::new();
        let mut at = index;
        loop {
            let on_trail = self.trail.iter().rposition(|(i, _)| *i == at);
            if let Some(p) = on_trail {
                self.trail.truncate(p + 1);
                break;
            }
            missing.push(at);
            let parent = *self.parents.get(at as usize)?;
            if parent == NONE {
                self.trail.clear();
                break;
            }
            at = parent;
        }
        for index in missing.into_iter().rev() {
            let choice = usize::from(self.choices[index as usize]);
            let state = match self.trail.last() {
                Some((_, state)) => replay(&self.model, state, choice)?.1,
                None => initial(&self.model, choice)?,
            };
            self.trail.push((index, state));
        }
        self.trail.last().map(|(_, state)| state.clone())
    }

    fn finding(&self, property: usize, index: u32) -> Option<Finding<M::State, M::Action>> {
        let mut chain = vec![index];
        while let Some(parent) = chain.last().map(|i| self.parents[*i as usize]) {
            if parent == NONE {
                break;
            }
            chain.push(parent);
        }
        let mut choices = chain.iter().rev().map(|i| usize::from(self.choices[*i as usize]));
        let mut states = vec![initial(&self.model, choices.next()?)?];
        let mut actions = Vec::new();
        for choice in choices {
            let (action, next) = replay(&self.model, states.last()?, choice)?;
            actions.push(action);
            states.push(next);
        }
        let labels = actions.iter().map(|a| self.model.label(a)).collect();
        let ModelProperty { name, cite, .. } = self.properties[property];
        Some(Finding { property: name, cite, actions, labels, states })
    }

    /// What was found so far.
    pub fn report(&self) -> Report<M::State, M::Action> {
        let mut violations = Vec::new();
        let mut witnesses = Vec::new();
        let mut unreached = Vec::new();
        for i in 0..self.properties.len() {
            let kind = self.properties[i].kind;
            let finding = self.found[i].and_then(|at| self.finding(i, at));
            match (kind, finding) {
                (Quantifier::Always, Some(f)) => violations.push(f),
                (Quantifier::Sometimes, Some(f)) => witnesses.push(f),
                (Quantifier::Sometimes, None) => unreached.push(self.properties[i].name),
                _ => {}
            }
        }
        let rules = self.model.rules();
        let counts = self.tally.taken.iter().zip(&self.fresh);
        let coverage = rules
            .into_iter()
            .zip(counts)
            .map(|(rule, (taken, fresh))| Coverage { rule, taken: *taken, fresh: *fresh })
            .collect();
        Report {
            distinct: self.seen.len(),
            generated: self.tally.generated,
            depth: self.depth,
            outcome: self.outcome,
            terminal: self.tally.terminal,
            coverage,
            bytes: self.peak.max(self.bytes()),
            violations,
            witnesses,
            unreached,
        }
    }
}

/// Whether `state` refutes an invariant or is the witness that was asked for.
#[inline]
pub(super) fn settles<M: StateMachine>(
    model: &M,
    property: &ModelProperty<M>,
    state: &M::State,
) -> bool {
    match property.kind {
        Quantifier::Always => !(property.holds)(model, state),
        Quantifier::Sometimes => (property.holds)(model, state),
        Quantifier::Eventually => false,
    }
}

/// The position of an action that may be explored alone. Its successor must be new: around a cycle
/// some state is then expanded fully, and no action is put off for ever (the proviso for
/// breadth-first search of Bosnacki, Leue and Lluch Lafuente 2009).
pub(super) fn ample<M: StateMachine>(
    model: &M,
    options: &Options,
    seen: &Table<()>,
    state: &M::State,
    actions: &[M::Action],
) -> Option<usize> {
    if !options.reduction {
        return None;
    }
    actions.iter().position(|action| {
        let next = model.safe(state, action).then(|| model.next(state, action)).flatten();
        next.is_some_and(|n| model.within(&n) && !seen.contains(identity(model, options, &n)))
    })
}

fn initial<M: StateMachine>(model: &M, choice: usize) -> Option<M::State> {
    let mut states = Vec::new();
    model.init(&mut states);
    (choice < states.len()).then(|| states.swap_remove(choice))
}

fn replay<M: StateMachine>(
    model: &M,
    state: &M::State,
    choice: usize,
) -> Option<(M::Action, M::State)> {
    let mut actions = Vec::new();
    model.actions(state, &mut actions);
    let action = actions.get(choice)?.clone();
    let next = model.next(state, &action)?;
    Some((action, next))
}

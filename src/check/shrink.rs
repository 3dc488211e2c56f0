//! Makes a violating run small: fewer interventions, simpler ones, earlier ones, fewer processes.
//!
//! Deleting goes by ever smaller chunks (Zeller, Hildebrandt: Simplifying and Isolating
//! Failure-Inducing Input, TSE 2002). What is kept always replays to a violation of the same
//! property; the passes are repeated until none of them helps.

use crate::core::action::{Action, ClockChange, CrashMode, Entry, LinkChange};
use crate::core::config::Setup;
use crate::core::hash::fingerprint;
use crate::core::ids::{NodeId, NodeSet};
use crate::core::session::Build;
use crate::core::view::Shape;
use std::collections::BTreeMap;

/// A run that breaks a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violating {
    /// Which run.
    pub setup: Setup,
    /// Its interventions, up to the violation.
    pub journal: Vec<Entry>,
    /// The property.
    pub property: String,
    /// The step of the first violation.
    pub step: u64,
    /// Its time, in microseconds.
    pub at: u64,
}

impl Violating {
    /// Interventions; that the world stands still is not counted.
    pub fn length(&self) -> u64 {
        let still = is_still(&self.journal);
        self.journal.len() as u64 - u64::from(still)
    }
}

/// Does nothing happen by itself in this run?
fn is_still(journal: &[Entry]) -> bool {
    journal.first().is_some_and(|e| e.action == Action::Manual(true))
}

/// Plays a journal until the property breaks, at most `steps` steps; the step and time of the
/// violation, and how many entries had been used.
pub fn replay(
    build: Build,
    setup: &Setup,
    journal: &[Entry],
    property: &str,
    steps: u64,
) -> Option<(u64, u64, usize)> {
    let mut world = build(setup).ok()?;
    let mut used = 0;
    while world.steps() < steps {
        let entry = journal.get(used);
        let planned = entry.filter(|e| world.next_due().is_none_or(|due| e.at <= due));
        let event = match planned {
            Some(entry) => {
                used += 1;
                world.act(entry)
            }
            None => world.step()?,
        };
        if event.broken.contains(&property) {
            return Some((event.step, event.at, used));
        }
    }
    None
}

/// Shrinks a run, in slices.
pub struct Shrinker {
    build: Build,
    best: Violating,
    /// Candidates that did not break the property within so many steps.
    refuted: BTreeMap<u64, u64>,
    replays: u64,
    /// Sizes and knobs stay as they are.
    same_setup: bool,
    done: bool,
}

/// Shrinks a run that breaks `property`; `None` if it does not. `again()` is asked before each
/// replay and ends the work when it says no.
pub fn shrink(
    build: Build,
    setup: &Setup,
    journal: &[Entry],
    property: &str,
    steps: u64,
    again: &mut dyn FnMut() -> bool,
) -> Option<Violating> {
    let mut shrinker = Shrinker::new(build, setup, journal, property, steps)?;
    shrinker.slice(again);
    Some(shrinker.best)
}

impl Shrinker {
    /// Begins with a run that breaks `property` within so many steps; `None` if it does not.
    pub fn new(
        build: Build,
        setup: &Setup,
        journal: &[Entry],
        property: &str,
        steps: u64,
    ) -> Option<Shrinker> {
        let (step, at, used) = replay(build, setup, journal, property, steps)?;
        let journal = journal[..used].to_vec();
        let best = Violating { setup: setup.clone(), journal, property: property.into(), step, at };
        let refuted = BTreeMap::new();
        Some(Shrinker { build, best, refuted, replays: 0, same_setup: false, done: false })
    }

    /// The same, but only the journal may change.
    pub fn keep_setup(self) -> Shrinker {
        Shrinker { same_setup: true, ..self }
    }

    /// The smallest run so far.
    pub fn best(&self) -> &Violating {
        &self.best
    }

    /// Replays so far.
    pub fn replays(&self) -> u64 {
        self.replays
    }

    /// Goes on until nothing helps any more (then true) or `again` says no. Passes begin anew with
    /// each slice; what has been refuted is not replayed again, so that a slice goes on where the
    /// last one ended.
    pub fn slice(&mut self, again: &mut dyn FnMut() -> bool) -> bool {
        while !self.done {
            let before = self.best.clone();
            let mut pass = Pass { shrinker: self, again, stopped: false };
            if !pass.shrinker.same_setup {
                pass.fewer_processes();
                pass.plainer_knobs();
            }
            pass.delete();
            pass.simplify();
            // In a world that stands still time is only what keeps the steps apart.
            if !is_still(&pass.best().journal) {
                pass.earlier();
            }
            if pass.stopped {
                return false;
            }
            self.done = self.best == before;
        }
        true
    }

    /// Does a candidate break the property within so many steps?
    fn replay(
        &mut self,
        setup: &Setup,
        journal: &[Entry],
        steps: u64,
    ) -> Option<(u64, u64, usize)> {
        self.replays += 1;
        replay(self.build, setup, journal, &self.best.property, steps)
    }
}

/// One round of all passes.
struct Pass<'a> {
    shrinker: &'a mut Shrinker,
    again: &'a mut dyn FnMut() -> bool,
    stopped: bool,
}

impl Pass<'_> {
    fn best(&self) -> &Violating {
        &self.shrinker.best
    }

    /// Takes a candidate if it breaks the property, too, and is no larger.
    fn accept(&mut self, setup: &Setup, journal: Vec<Entry>) -> bool {
        if self.stopped {
            return false;
        }
        let best = self.best();
        // A world that stands still stays so: each of its steps is one of the journal.
        if is_still(&best.journal) && !is_still(&journal) {
            return false;
        }
        // A shorter journal may take longer to show, but not for ever.
        let smaller = journal.len() < best.journal.len() || *setup != best.setup;
        let steps = if smaller { best.step * 2 + 200 } else { best.step };
        let name = fingerprint(&(setup, &journal));
        if self.shrinker.refuted.get(&name).is_some_and(|tried| steps <= *tried) {
            return false;
        }
        if !(self.again)() {
            self.stopped = true;
            return false;
        }
        let Some((step, at, used)) = self.shrinker.replay(setup, &journal, steps) else {
            self.shrinker.refuted.insert(name, steps);
            return false;
        };
        let property = self.best().property.clone();
        let journal = journal[..used].to_vec();
        self.shrinker.best = Violating { setup: setup.clone(), journal, property, step, at };
        true
    }

    fn with(&mut self, journal: Vec<Entry>) -> bool {
        let setup = self.best().setup.clone();
        self.accept(&setup, journal)
    }

    /// Deletes chunks, halving their size.
    fn delete(&mut self) {
        let mut size = self.best().journal.len();
        while size > 0 {
            let mut start = 0;
            while start < self.best().journal.len() {
                let mut journal = self.best().journal.clone();
                journal.drain(start..(start + size).min(journal.len()));
                if !self.with(journal) {
                    start += size;
                }
            }
            size /= 2;
        }
    }

    fn simplify(&mut self) {
        let mut i = 0;
        while i < self.best().journal.len() {
            for action in simpler(&self.best().journal[i].action) {
                let mut journal = self.best().journal.clone();
                journal[i].action = action;
                if self.with(journal) {
                    break;
                }
                if i >= self.best().journal.len() {
                    return;
                }
            }
            i += 1;
        }
    }

    /// Moves each entry, and all after it, towards the one before.
    fn earlier(&mut self) {
        let mut i = 0;
        while i < self.best().journal.len() {
            let before = if i == 0 { 0 } else { self.best().journal[i - 1].at };
            let gap = self.best().journal[i].at - before;
            for cut in [gap, gap / 2, gap / 8] {
                if cut == 0 || i >= self.best().journal.len() {
                    continue;
                }
                let mut journal = self.best().journal.clone();
                journal[i..].iter_mut().for_each(|e| e.at -= cut);
                let (step, len) = (self.best().step, self.best().journal.len());
                let old = self.best().clone();
                if self.with(journal) {
                    // Earlier must not mean longer, or the passes would never end.
                    if self.best().step <= step && self.best().journal.len() <= len {
                        break;
                    }
                    self.shrinker.best = old;
                }
            }
            i += 1;
        }
    }

    /// Turns varied knobs back.
    fn plainer_knobs(&mut self) {
        let ids: Vec<String> = self.best().setup.knobs.keys().cloned().collect();
        for id in ids.into_iter().filter(|id| id != "nodes" && id != "clients") {
            let mut setup = self.best().setup.clone();
            setup.knobs.remove(&id);
            self.accept(&setup, self.best().journal.clone());
        }
    }

    /// Takes servers and clients away; the rest keep their meaning under new numbers.
    fn fewer_processes(&mut self) {
        let Ok(world) = (self.shrinker.build)(&self.best().setup) else { return };
        let nodes = world.view().nodes;
        let clients = nodes.iter().filter(|n| n.shape == Shape::Client).count() as u16;
        let servers = nodes.len() as u16 - clients;
        for fewer in (3..servers).rev().take(2).chain([3]).filter(|n| *n < servers) {
            let mut setup = self.best().setup.clone();
            setup.knobs.insert("nodes".into(), fewer.into());
            let journal = renamed(&self.best().journal, servers, fewer);
            if self.accept(&setup, journal) {
                return;
            }
        }
        if clients > 0 {
            let mut setup = self.best().setup.clone();
            setup.knobs.insert("clients".into(), i64::from(clients) - 1);
            self.accept(&setup, self.best().journal.clone());
        }
    }
}

/// The journal for a world with fewer servers: what concerns the removed ones only is left out.
fn renamed(journal: &[Entry], old: u16, new: u16) -> Vec<Entry> {
    let one = |n: NodeId| match n.0 {
        n if n < new => Some(NodeId(n)),
        n if n < old => None,
        n => Some(NodeId(n - old + new)),
    };
    let entry = |e: &Entry| e.action.renamed(&one).map(|action| Entry { at: e.at, action });
    journal.iter().filter_map(entry).collect()
}

/// Simpler actions to try in an action's place; each is strictly simpler, so that trying ends.
fn simpler(action: &Action) -> Vec<Action> {
    let plain = CrashMode::Process;
    match action {
        Action::Crash { node, mode } if *mode != plain => {
            vec![Action::Crash { node: *node, mode: plain }]
        }
        Action::CrashAfter { node, effects, mode } => {
            let mut all = vec![Action::Crash { node: *node, mode: plain }];
            if *mode != plain {
                all.push(Action::CrashAfter { node: *node, effects: *effects, mode: plain });
            }
            if *effects > 0 {
                all.push(Action::CrashAfter { node: *node, effects: effects - 1, mode: *mode });
            }
            all
        }
        Action::Partition(groups) if groups.len() > 2 => {
            let mut merged = groups.clone();
            let last = merged.pop().unwrap_or_default();
            merged[0].0 |= last.0;
            vec![Action::Partition(merged)]
        }
        Action::Cut { from, to } => {
            let smaller = smaller_sets(*from, *to);
            smaller.into_iter().map(|(from, to)| Action::Cut { from, to }).collect()
        }
        Action::Heal { from, to } => {
            let mut all = vec![Action::HealAll];
            let smaller = smaller_sets(*from, *to);
            all.extend(smaller.into_iter().map(|(from, to)| Action::Heal { from, to }));
            all
        }
        Action::Link { from, to, change } => {
            let smaller = smaller_sets(*from, *to);
            let link = |(from, to)| Action::Link { from, to, change: *change };
            let mut all: Vec<Action> = smaller.into_iter().map(link).collect();
            if let LinkChange::Delay(us @ 1..) = change {
                let change = LinkChange::Delay(us / 2);
                all.push(Action::Link { from: *from, to: *to, change });
            }
            all
        }
        Action::Clock { node, change: ClockChange::Step(us) } if us.abs() > 1_000 => {
            vec![Action::Clock { node: *node, change: ClockChange::Step(us / 2) }]
        }
        _ => Vec::new(),
    }
}

fn smaller_sets(from: NodeSet, to: NodeSet) -> Vec<(NodeSet, NodeSet)> {
    let without = |set: NodeSet, n: NodeId| {
        let mut smaller = set;
        smaller.remove(n);
        smaller
    };
    let mut all = Vec::new();
    if from.len() > 1 {
        all.extend(from.iter().map(|n| (without(from, n), to)));
    }
    if to.len() > 1 {
        all.extend(to.iter().map(|n| (from, without(to, n))));
    }
    all
}

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
use crate::core::sorted::SortedMap;
use crate::core::view::NodeShape;
use crate::core::world::World;

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

/// A journal that is played until the property breaks, in slices.
struct Playing<'a> {
    world: &'a mut World,
    used: &'a mut usize,
    journal: &'a [Entry],
    property: &'a str,
}

/// What a replay has come to.
enum Replayed {
    /// It goes on.
    Open,
    /// It ended, or was too long, and nothing broke.
    Held,
    /// Step and time of the violation, and how many entries had been used.
    Broke(u64, u64, usize),
}

impl Playing<'_> {
    fn step(&mut self) -> Replayed {
        let world = &mut *self.world;
        let entry = self.journal.get(*self.used);
        let planned = entry.filter(|e| world.next_due().is_none_or(|due| e.at <= due));
        let event = match planned {
            Some(entry) => {
                *self.used += 1;
                world.act(entry)
            }
            None => match world.step() {
                Some(event) => event,
                None => return Replayed::Held,
            },
        };
        match event.broken.contains(&self.property) {
            true => Replayed::Broke(event.step, event.at, *self.used),
            false => Replayed::Open,
        }
    }
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
        let mut playing = Playing { world: &mut world, used: &mut used, journal, property };
        match playing.step() {
            Replayed::Open => {}
            Replayed::Held => return None,
            Replayed::Broke(step, at, used) => return Some((step, at, used)),
        }
    }
    None
}

/// A smaller run that is being tried.
struct Trial {
    setup: Setup,
    journal: Vec<Entry>,
    /// Its fingerprint.
    name: u64,
    /// It has to break within so many.
    steps: u64,
    world: Box<World>,
    used: usize,
}

/// What is tried next.
#[derive(Clone, Debug)]
enum ShrinkStage {
    /// Whether the run breaks the property at all.
    First,
    /// Fewer processes: the candidates left.
    Processes(Vec<(Setup, Vec<Entry>)>),
    /// Varied knobs turned back: those left.
    Knobs(Vec<String>),
    /// Deleting `size` entries from `start`.
    Delete { size: usize, start: usize },
    /// Simpler actions in place of the `i`-th: those left.
    Simplify { i: usize, left: Vec<Action> },
    /// The `i`-th entry and all after it, earlier by these; `None` if they are not known yet.
    Earlier { i: usize, left: Option<Vec<u64>> },
    /// Nothing helps any more.
    Done,
}

/// Shrinks a run, in slices as short as one likes.
pub struct Shrinker {
    build: Build,
    best: Violating,
    /// The smallest run when the present round of passes began.
    before: Option<Violating>,
    /// Candidates that did not break the property within so many steps.
    refuted: SortedMap<u64, u64>,
    replays: u64,
    /// Sizes and knobs stay as they are.
    same_setup: bool,
    stage: ShrinkStage,
    trial: Option<Trial>,
    failed: bool,
}

/// Steps of a replay between two looks at the clock.
const FEW: u32 = 32;

/// Shrinks a run that breaks `property`; `None` if it does not. `again()` is asked now and then and
/// ends the work when it says no.
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
        let mut shrinker = Shrinker::begin(build, setup, journal, property, steps)?;
        shrinker.make_sure().then_some(shrinker)
    }

    /// Begins with a run of which the first slices find out whether it breaks `property` within so
    /// many steps ([`Shrinker::failed`]); `None` if it cannot even be built.
    pub fn begin(
        build: Build,
        setup: &Setup,
        journal: &[Entry],
        property: &str,
        steps: u64,
    ) -> Option<Shrinker> {
        let (setup, journal) = (setup.clone(), journal.to_vec());
        let world = build(&setup).ok()?;
        let best = Violating {
            setup: setup.clone(),
            journal: journal.clone(),
            property: property.into(),
            step: steps,
            at: 0,
        };
        Some(Shrinker {
            build,
            best,
            before: None,
            refuted: SortedMap::new(),
            replays: 0,
            same_setup: false,
            stage: ShrinkStage::First,
            trial: Some(Trial { setup, journal, name: 0, steps, world, used: 0 }),
            failed: false,
        })
    }

    /// The same, but only the journal may change.
    pub fn keep_setup(self) -> Shrinker {
        Shrinker { same_setup: true, ..self }
    }

    /// The run that it began with does not break the property.
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// Goes on until it is known whether the run it began with breaks the property.
    pub fn make_sure(&mut self) -> bool {
        self.make_sure_while(&mut || true);
        !self.failed
    }

    /// The same as long as `again` says so, which is asked now and then.
    pub fn make_sure_while(&mut self, again: &mut dyn FnMut() -> bool) {
        while matches!(self.stage, ShrinkStage::First) && !self.failed && again() {
            self.go_on();
        }
    }

    /// The smallest run so far.
    pub fn best(&self) -> &Violating {
        &self.best
    }

    /// Replays so far.
    pub fn replays(&self) -> u64 {
        self.replays
    }

    /// Goes on until nothing helps any more (then true) or `again` says no. Each slice goes on
    /// exactly where the last one ended, in the midst of a replay if need be.
    pub fn slice(&mut self, again: &mut dyn FnMut() -> bool) -> bool {
        while !self.is_over() {
            self.go_on();
            if !again() {
                break;
            }
        }
        self.is_over()
    }

    fn is_over(&self) -> bool {
        self.failed || matches!(self.stage, ShrinkStage::Done)
    }

    /// A few steps of a replay, or the choice of the next one.
    fn go_on(&mut self) {
        let Some(trial) = &mut self.trial else { return self.choose() };
        for _ in 0..FEW {
            let Trial { world, used, journal, .. } = trial;
            if world.steps() >= trial.steps {
                return self.decided(None);
            }
            let property = &self.best.property;
            let played = Playing { world, used, journal, property }.step();
            match played {
                Replayed::Open => {}
                Replayed::Held => return self.decided(None),
                Replayed::Broke(step, at, used) => return self.decided(Some((step, at, used))),
            }
        }
    }

    /// Begins to try a candidate, unless it is known to be none. It must break the property, too,
    /// and be no larger.
    fn attempt(&mut self, setup: Setup, journal: Vec<Entry>) {
        let best = &self.best;
        // A world that stands still stays so: each of its steps is one of the journal.
        if is_still(&best.journal) && !is_still(&journal) {
            return self.rejected();
        }
        // A shorter journal may take longer to show, but not for ever.
        let smaller = journal.len() < best.journal.len() || setup != best.setup;
        let steps = if smaller { best.step * 2 + 200 } else { best.step };
        let name = fingerprint(&(&setup, &journal));
        if self.refuted.get(&name).is_some_and(|tried| steps <= *tried) {
            return self.rejected();
        }
        self.replays += 1;
        match (self.build)(&setup) {
            Ok(world) => {
                self.trial = Some(Trial { setup, journal, name, steps, world, used: 0 });
            }
            Err(_) => {
                self.refuted.insert(name, steps);
                self.rejected();
            }
        }
    }

    /// A replay has ended, in a violation or not.
    fn decided(&mut self, broke: Option<(u64, u64, usize)>) {
        let Some(Trial { setup, mut journal, name, steps, .. }) = self.trial.take() else { return };
        let Some((step, at, used)) = broke else {
            if matches!(self.stage, ShrinkStage::First) {
                self.failed = true;
                return;
            }
            self.refuted.insert(name, steps);
            return self.rejected();
        };
        journal.truncate(used);
        let property = self.best.property.clone();
        self.accepted(Violating { setup, journal, property, step, at });
    }

    fn with(&mut self, journal: Vec<Entry>) {
        self.attempt(self.best.setup.clone(), journal);
    }

    /// The candidate becomes the smallest run; what is tried next.
    fn accepted(&mut self, smaller: Violating) {
        // Earlier must not mean longer, or the passes would never end.
        let longer =
            smaller.step > self.best.step || smaller.journal.len() > self.best.journal.len();
        match &mut self.stage {
            ShrinkStage::Earlier { .. } if longer => return self.rejected(),
            ShrinkStage::Earlier { i, left } => (*i, *left) = (*i + 1, None),
            ShrinkStage::Simplify { i, left } => {
                *i += 1;
                *left = simpler_at(&smaller.journal, *i);
            }
            ShrinkStage::Processes(left) => left.clear(),
            _ => {}
        }
        self.best = smaller;
        if matches!(self.stage, ShrinkStage::First) {
            self.begin_round();
        }
    }

    /// The candidate is none; what is tried next was settled when it was chosen.
    fn rejected(&mut self) {
        if let ShrinkStage::Delete { size, start } = &mut self.stage {
            *start += *size;
        }
    }

    fn begin_round(&mut self) {
        if self.before.as_ref() == Some(&self.best) {
            self.stage = ShrinkStage::Done;
            return;
        }
        self.before = Some(self.best.clone());
        self.stage = match self.same_setup {
            true => ShrinkStage::Delete { size: self.best.journal.len(), start: 0 },
            false => ShrinkStage::Processes(self.fewer_processes()),
        };
    }

    /// Chooses what to try next.
    fn choose(&mut self) {
        let len = self.best.journal.len();
        match &mut self.stage {
            ShrinkStage::First | ShrinkStage::Done => {}
            ShrinkStage::Processes(left) => match left.pop() {
                Some((setup, journal)) => self.attempt(setup, journal),
                None => self.stage = ShrinkStage::Knobs(self.plainer_knobs()),
            },
            ShrinkStage::Knobs(left) => match left.pop() {
                Some(id) => {
                    let mut setup = self.best.setup.clone();
                    setup.knobs.remove(&id);
                    self.attempt(setup, self.best.journal.clone());
                }
                None => self.stage = ShrinkStage::Delete { size: len, start: 0 },
            },
            ShrinkStage::Delete { size: 0, .. } => {
                let left = simpler_at(&self.best.journal, 0);
                self.stage = ShrinkStage::Simplify { i: 0, left };
            }
            ShrinkStage::Delete { size, start } if *start >= len => {
                (*size, *start) = (*size / 2, 0)
            }
            ShrinkStage::Delete { size, start } => {
                let mut journal = self.best.journal.clone();
                journal.drain(*start..(*start + *size).min(len));
                self.with(journal);
            }
            ShrinkStage::Simplify { i, .. } if *i >= len => self.stage = self.times(),
            ShrinkStage::Simplify { i, left } => match left.pop() {
                Some(action) => {
                    let mut journal = self.best.journal.clone();
                    journal[*i].action = action;
                    self.with(journal);
                }
                None => {
                    *i += 1;
                    *left = simpler_at(&self.best.journal, *i);
                }
            },
            ShrinkStage::Earlier { i, .. } if *i >= len => self.begin_round(),
            ShrinkStage::Earlier { i, left: left @ None } => {
                let before = if *i == 0 { 0 } else { self.best.journal[*i - 1].at };
                let gap = self.best.journal[*i].at - before;
                *left = Some([gap / 8, gap / 2, gap].into_iter().filter(|cut| *cut > 0).collect());
            }
            ShrinkStage::Earlier { i, left: Some(left) } => match left.pop() {
                Some(cut) => {
                    let mut journal = self.best.journal.clone();
                    journal[*i..].iter_mut().for_each(|e| e.at -= cut);
                    self.with(journal);
                }
                None => self.stage = ShrinkStage::Earlier { i: *i + 1, left: None },
            },
        }
    }

    /// In a world that stands still time is only what keeps the steps apart.
    fn times(&self) -> ShrinkStage {
        let i = if is_still(&self.best.journal) { usize::MAX } else { 0 };
        ShrinkStage::Earlier { i, left: None }
    }

    /// Varied knobs, the first last.
    fn plainer_knobs(&self) -> Vec<String> {
        let ids = self.best.setup.knobs.keys().rev().cloned();
        ids.filter(|id| id != "nodes" && id != "clients").collect()
    }

    /// Worlds without some servers, or without a client, the first to try last; the processes that
    /// stay keep their meaning under new numbers.
    fn fewer_processes(&self) -> Vec<(Setup, Vec<Entry>)> {
        let Ok(world) = (self.build)(&self.best.setup) else { return Vec::new() };
        let nodes = world.view().nodes;
        let clients = nodes.iter().filter(|n| n.shape == NodeShape::Client).count() as u16;
        let servers = nodes.len() as u16 - clients;
        let mut all = Vec::new();
        for fewer in (3..servers).rev().take(2).chain([3]).filter(|n| *n < servers) {
            let mut setup = self.best.setup.clone();
            setup.knobs.insert("nodes".into(), fewer.into());
            all.push((setup, renamed(&self.best.journal, servers, fewer)));
        }
        if clients > 0 {
            let mut setup = self.best.setup.clone();
            setup.knobs.insert("clients".into(), i64::from(clients) - 1);
            all.push((setup, self.best.journal.clone()));
        }
        all.reverse();
        all
    }
}

/// What could stand in place of an entry, the first to try last.
fn simpler_at(journal: &[Entry], i: usize) -> Vec<Action> {
    let mut all = journal.get(i).map_or(Vec::new(), |e| simpler(&e.action));
    all.reverse();
    all
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

//! Scenes as models: every interleaving of what could happen next in a world, within limits.
//!
//! A state is a world without time and names, and what may still be spent. Two kinds of
//! nondeterminism within a step become states of their own, so that nothing is run before it is
//! asked for: a handler that lets something be chosen waits for the picks, and a handler that says
//! something before it writes waits for whether it crashes in between.
//!
//! Two reductions that cannot hide a broken claim (claims are about processes, not about what is in
//! flight): since nothing has to be delivered, a state that differs from another only in lacking a
//! message can do nothing that the other cannot, so a delivery that changes nothing is left out
//! (unless links keep order); and a node that is down looks to everyone like one that is slow, so a
//! crash is followed by the restart at once.
//!
//! A third is asked for by name: where the rules treat all servers alike, states that differ in the
//! names of servers only count once ([`WorldModel::symmetric`]).
//!
//! Each step is [`PACE`] after the one before, or the shortest delay of a message if that is less,
//! exactly as in the journal of a counter-example.

mod goal;
mod ladder;
mod plan;
mod quest;
mod told;

pub use goal::Goal;
pub use ladder::{Drive, Ladder, SearchAim, Searched, Symmetry, thousands};
pub use plan::{WorldPlan, limits_text, read_limits, rungs};
pub use quest::{Found, Quest, QuestTally};
pub use told::{main_of, sentence, world_text};

use super::explore::{ModelProperty, StateMachine};
use crate::core::action::{Action, CrashMode, Entry};
use crate::core::config::Setup;
use crate::core::hash::fingerprint;
use crate::core::ids::{Names, NodeId};
use crate::core::session::Build;
use crate::core::sorted::SortedSet;
use crate::core::trace::{OpLife, Trace};
use crate::core::view::{Event, NodeShape, What};
use crate::core::world::{Choices, Limits, Print, SearchRules, World};
use crate::protocols::search_rules;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Virtual time between two steps, in microseconds: slow enough to be watched.
pub const PACE: u64 = 10_000;
/// Steps that starting all nodes may take.
const MOST_BOOTS: u32 = 10_000;
/// The name of the property that a goal becomes.
pub const GOAL: &str = "goal";

/// A scene's world as a model to explore.
pub struct WorldModel {
    /// What only searches ask of the protocol.
    of: &'static dyn SearchRules,
    root: SearchState,
    servers: u16,
    claims: Vec<(&'static str, &'static str)>,
    goal: Option<Goal>,
    /// Leave out what cannot matter.
    reduced: bool,
    fifo: bool,
    /// Names under which a state counts as the same; none if each counts for itself.
    names: Vec<Names>,
    /// Virtual time between two steps.
    pace: u64,
}

/// A world within a search.
#[derive(Clone)]
pub struct SearchState(Arc<SharedModel>);

struct SharedModel {
    world: Box<World>,
    limits: Limits,
    broken: Vec<&'static str>,
    reached: bool,
    /// The record, where the goal needs it.
    trace: Option<Trace>,
    waiting: Option<WaitingStep>,
    world_print: Print,
    print: u64,
}

/// A step that has something to be settled first.
#[derive(Clone, PartialEq, Eq, Hash)]
struct WaitingStep {
    action: Action,
    node: NodeId,
    picks: Vec<u8>,
    /// What the next pick lies below, or after how many effects a crash is to be weighed.
    open: Open,
}

impl WaitingStep {
    fn renamed(&self, names: &Names) -> WaitingStep {
        let action = self.action.renamed(&|n| Some(names.of(n)));
        let action = action.unwrap_or_else(|| self.action.clone());
        WaitingStep { action, node: names.of(self.node), ..self.clone() }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Open {
    Pick(u8),
    Crash(Vec<u8>),
}

/// A step of the search.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SearchStep {
    /// Something is done.
    Do(Action),
    /// The next of the handler's choices.
    Pick(u8),
    /// The handler goes through, or the node crashes after this many of its effects.
    Crash(Option<u8>),
}

impl Hash for SearchState {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.0.print);
    }
}

impl PartialEq for SearchState {
    fn eq(&self, other: &Self) -> bool {
        self.0.print == other.0.print
    }
}

impl Eq for SearchState {}

impl fmt::Debug for SearchState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0.print)
    }
}

impl SearchState {
    /// The world.
    pub fn world(&self) -> &World {
        &self.0.world
    }
    /// What may still be spent.
    pub fn limits(&self) -> Limits {
        self.0.limits
    }
    /// Properties broken on the way here.
    pub fn broken(&self) -> &[&'static str] {
        &self.0.broken
    }
    /// The goal was reached by the last step.
    pub fn reached(&self) -> bool {
        self.0.reached
    }
    /// Did the step from there do more than spend something, or take a message out of the air?
    fn matters(&self, from: &SharedModel, delivers: bool) -> bool {
        let (was, is) = (from.world_print, self.0.world_print);
        let less = delivers && is.flying < was.flying;
        let same = is.body == was.body && (less || is == was);
        !same || self.0.reached || self.0.broken.len() > from.broken.len()
    }
    /// Has the last step still something to be settled?
    pub fn is_waiting(&self) -> bool {
        self.0.waiting.is_some()
    }
}

/// What a step's outcome is made of.
struct OutcomeParts {
    world: Box<World>,
    trace: Option<Trace>,
    last: Event,
    choices: Choices,
}

impl WorldModel {
    /// The model of a scene's setup, with what may be spent; its nodes have booted. `claims` are
    /// the names of the properties to check and where each is stated.
    pub fn new(
        build: Build,
        setup: &Setup,
        limits: Limits,
        claims: Vec<(&'static str, &'static str)>,
        goal: Option<Goal>,
    ) -> Result<Self, String> {
        let mut world = build(setup)?;
        let of = search_rules(&world)?;
        world.act(&Entry { at: 0, action: Action::Manual(true) });
        let mut boots = 0;
        while world.step().is_some() {
            boots += 1;
            if boots > MOST_BOOTS {
                return Err(format!("{} does not stop starting", setup.scene));
            }
        }
        world.set_search();
        let view = world.view();
        let servers = view.nodes.iter().filter(|n| n.shape != NodeShape::Client).count() as u16;
        if let Some(goal) = &goal {
            goal.check(&world)?;
        }
        let trace = goal.as_ref().filter(|g| g.needs_trace()).map(|_| Trace::default());
        let fifo = world.fifo();
        let inner = SharedModel {
            world_print: world.print(of),
            world,
            limits,
            broken: Vec::new(),
            reached: false,
            trace,
            waiting: None,
            print: 0,
        };
        let reduced = goal.as_ref().is_none_or(|g| !g.needs_faults());
        let pace = PACE.min(inner.world.quickest());
        let (root, names) = (sealed(inner, of, &[]), Vec::new());
        Ok(WorldModel { of, root, servers, claims, goal, reduced, fifo, names, pace })
    }

    /// The same, but states that differ in the names of servers only count as one. The error says
    /// why they do not behave alike.
    pub fn symmetric(self) -> Result<Self, String> {
        let names = self.all_names()?;
        Ok(self.under(names))
    }

    /// The same with symmetry, where there is one.
    pub fn symmetric_if_it_can(self) -> Self {
        match self.all_names() {
            Ok(names) => self.under(names),
            Err(_) => self,
        }
    }

    fn all_names(&self) -> Result<Vec<Names>, String> {
        if self.root.0.limits.lies > 0 {
            return Err(
                "liars tell servers apart by their numbers: there is no symmetry to reduce by"
                    .into(),
            );
        }
        let names = self.root.0.world.names(self.of);
        if names.is_empty() {
            return Err(
                "the servers of this world are not known to behave alike under other names, \
                or are more than 4: it has no symmetry to reduce by"
                    .into(),
            );
        }
        match self.goal.as_ref().is_some_and(|g| !g.names_nobody()) {
            true => {
                Err("what is looked for names a process: there is no symmetry to reduce by".into())
            }
            false => Ok(names),
        }
    }

    fn under(mut self, names: Vec<Names>) -> Self {
        self.root = sealed(self.copy(&self.root.0, None), self.of, &names);
        self.names = names;
        self
    }

    /// Are states counted once under all names of their servers?
    pub fn is_symmetric(&self) -> bool {
        !self.names.is_empty()
    }

    /// As how many states one that counts once would count otherwise.
    pub fn orbit(&self, state: &SearchState) -> usize {
        prints(&state.0, self.of, &self.names).collect::<SortedSet<u64>>().len()
    }

    /// The same without reductions.
    pub fn unreduced(self) -> Self {
        WorldModel { reduced: false, ..self }
    }

    /// The first state.
    pub fn root(&self) -> &SearchState {
        &self.root
    }

    /// Runs a step after its picks, with a crash after so many effects if one is asked for.
    fn run(&self, from: &SharedModel, entries: &[Action]) -> Option<OutcomeParts> {
        let mut world = from.world.fork();
        let mut trace = from.trace.clone();
        let mut last = None;
        for action in entries {
            let entry = Entry { at: world.now() + self.pace, action: action.clone() };
            let (event, choices) = world.explore(&entry);
            if matches!(event.what, What::Ignored { .. }) {
                return None;
            }
            if let Some(trace) = &mut trace {
                trace.push(event.clone());
            }
            last = Some((event, choices));
        }
        let (last, choices) = last?;
        Some(OutcomeParts { world, trace, last, choices })
    }

    /// The state that a step leads to, or the one where it waits.
    fn settle(
        &self,
        from: &SharedModel,
        action: Action,
        mut picks: Vec<u8>,
    ) -> Option<SearchState> {
        let limits = from.limits.after(&action, self.servers)?;
        let node = handler(&action);
        let made = self.run(from, &entries(node, &picks, None, &action))?;
        // A choice among one is none.
        let asked = &made.choices.asked;
        if let Some(at) = (picks.len()..asked.len()).find(|i| asked[*i] > 1) {
            let open = Open::Pick(asked[at]);
            picks.resize(at, 0);
            return Some(self.wait(from, WaitingStep { action, node, picks, open }));
        }
        if limits.crashes > 0 && node.0 < self.servers && !made.choices.perils.is_empty() {
            let open = Open::Crash(made.choices.perils);
            return Some(self.wait(from, WaitingStep { action, node, picks, open }));
        }
        let delivers = matches!(action, Action::Deliver(_)) && !self.fifo;
        Some(self.arrive(from, made, limits)).filter(|s| !self.reduced || s.matters(from, delivers))
    }

    fn copy(&self, from: &SharedModel, waiting: Option<WaitingStep>) -> SharedModel {
        SharedModel {
            world: from.world.fork(),
            limits: from.limits,
            broken: from.broken.clone(),
            reached: false,
            trace: from.trace.clone(),
            waiting,
            world_print: from.world_print,
            print: 0,
        }
    }

    fn wait(&self, from: &SharedModel, waiting: WaitingStep) -> SearchState {
        sealed(self.copy(from, Some(waiting)), self.of, &self.names)
    }

    fn arrive(&self, from: &SharedModel, made: OutcomeParts, limits: Limits) -> SearchState {
        let OutcomeParts { world, trace, last, .. } = made;
        let mut broken = from.broken.clone();
        let claimed = |id: &&str| self.goal.is_some() || self.claims.iter().any(|c| c.0 == *id);
        broken.extend(last.broken.iter().copied().filter(claimed));
        let reached = self.goal.as_ref().is_some_and(|g| g.holds(&world, &last, trace.as_ref()));
        let world_print = world.print(self.of);
        let waiting = None;
        let inner =
            SharedModel { world, limits, broken, reached, trace, waiting, world_print, print: 0 };
        sealed(inner, self.of, &self.names)
    }

    fn crash(
        &self,
        from: &SharedModel,
        waiting: &WaitingStep,
        after: Option<u8>,
    ) -> Option<SearchState> {
        let mut limits = from.limits.after(&waiting.action, self.servers)?;
        if after.is_some() {
            limits.crashes = limits.crashes.checked_sub(1)?;
        }
        let entries = entries(waiting.node, &waiting.picks, after, &waiting.action);
        Some(self.arrive(from, self.run(from, &entries)?, limits))
    }

    /// The journal that does what a path of the search does; the world stands still but for it.
    pub fn journal(&self, path: &[(SearchState, SearchStep)]) -> Vec<Entry> {
        let mut all = vec![Entry { at: 0, action: Action::Manual(true) }];
        let mut held: Option<(Action, Vec<u8>)> = None;
        for (i, (state, step)) in path.iter().enumerate() {
            let waits = path.get(i + 1).is_some_and(|(next, _)| next.is_waiting());
            let mut crash = None;
            match step {
                SearchStep::Do(action) => held = Some((action.clone(), Vec::new())),
                SearchStep::Pick(_) => {}
                SearchStep::Crash(after) => crash = *after,
            }
            let waiting = state.0.waiting.as_ref();
            if let (Some(held), Some(waiting), SearchStep::Pick(pick)) = (&mut held, waiting, step)
            {
                held.1 = waiting.picks.clone();
                held.1.push(*pick);
            }
            if let Some((action, picks)) = held.take_if(|_| !waits) {
                for action in entries(handler(&action), &picks, crash, &action) {
                    let at = all.len() as u64 * self.pace;
                    all.push(Entry { at, action });
                }
            }
        }
        all
    }
}

/// The process whose handler an action runs.
fn handler(action: &Action) -> NodeId {
    match action {
        Action::Deliver(id) => id.to,
        Action::Fire { node, .. } | Action::Restart(node) => *node,
        _ => NodeId(u16::MAX),
    }
}

/// A step as it stands in a journal.
fn entries(node: NodeId, picks: &[u8], crash: Option<u8>, action: &Action) -> Vec<Action> {
    let choose = (!picks.is_empty()).then(|| Action::Choose { node, picks: picks.to_vec() });
    let arm = crash.map(|effects| Action::CrashAfter { node, effects, mode: CrashMode::Process });
    choose.into_iter().chain(arm).chain([action.clone()]).collect()
}

fn sealed(mut inner: SharedModel, of: &dyn SearchRules, names: &[Names]) -> SearchState {
    inner.print = prints(&inner, of, names).min().unwrap_or_default();
    SearchState(Arc::new(inner))
}

/// What a state is recognised by, under each of these names; under its own if there are none.
fn prints<'a>(
    inner: &'a SharedModel,
    of: &dyn SearchRules,
    names: &[Names],
) -> impl Iterator<Item = u64> + use<'a> {
    let end = |o: &'a OpLife| (o.id, &o.end);
    let ends: Option<Vec<_>> = inner.trace.as_ref().map(|t| t.ops.iter().map(end).collect());
    let one = move |world: Print, waiting: Option<WaitingStep>| {
        fingerprint(&(world, inner.limits, &inner.broken, inner.reached, &ends, &waiting))
    };
    // A pick is a place in a list of servers: other names would give it another meaning.
    let picked = inner.waiting.as_ref().is_some_and(|w| !w.picks.is_empty());
    let worlds = match names.is_empty() || picked {
        true => vec![(inner.world_print, inner.waiting.clone())],
        false => {
            let renamed = |n: &Names| inner.waiting.as_ref().map(|w| w.renamed(n));
            let worlds = inner.world.prints(of, names);
            worlds.into_iter().zip(names).map(|(p, n)| (p, renamed(n))).collect()
        }
    };
    worlds.into_iter().map(move |(world, waiting)| one(world, waiting))
}

impl StateMachine for WorldModel {
    type State = SearchState;
    type Action = SearchStep;

    fn init(&self, out: &mut Vec<SearchState>) {
        out.push(self.root.clone());
    }

    fn actions(&self, state: &SearchState, out: &mut Vec<SearchStep>) {
        let inner = &*state.0;
        // Whoever looks for a goal goes on past what else breaks.
        if !inner.broken.is_empty() && self.goal.is_none() || inner.reached {
            return;
        }
        match inner.waiting.as_ref().map(|w| &w.open) {
            Some(Open::Pick(size)) => out.extend((0..*size).map(SearchStep::Pick)),
            Some(Open::Crash(after)) => {
                out.push(SearchStep::Crash(None));
                out.extend(after.iter().map(|n| SearchStep::Crash(Some(*n))));
            }
            None => {
                let mut options = inner.world.options(&inner.limits);
                let down = options.iter().position(|a| matches!(a, Action::Restart(_)));
                if let Some(restart) = down.filter(|_| self.reduced) {
                    options = vec![options.swap_remove(restart)];
                }
                out.extend(options.into_iter().map(SearchStep::Do));
            }
        }
    }

    fn next(&self, state: &SearchState, step: &SearchStep) -> Option<SearchState> {
        let inner = &*state.0;
        match (step, &inner.waiting) {
            (SearchStep::Do(action), None) => self.settle(inner, action.clone(), Vec::new()),
            (SearchStep::Pick(pick), Some(w)) => {
                let picks = w.picks.iter().copied().chain([*pick]).collect();
                self.settle(inner, w.action.clone(), picks)
            }
            (SearchStep::Crash(after), Some(w)) => self.crash(inner, w, *after),
            _ => None,
        }
    }

    fn properties(&self) -> Vec<ModelProperty<Self>> {
        if self.goal.is_some() {
            // A search ends where an invariant is broken.
            return vec![ModelProperty::always(GOAL, "", |_, s: &SearchState| !s.0.reached)];
        }
        let claim = |(name, cite): &(&'static str, &'static str)| {
            let name = *name;
            ModelProperty::always(name, cite, move |_, s: &SearchState| !s.0.broken.contains(&name))
        };
        self.claims.iter().map(claim).collect()
    }

    fn label(&self, step: &SearchStep) -> String {
        format!("{step:?}")
    }

    fn rules(&self) -> Vec<&'static str> {
        RULES.to_vec()
    }

    fn rule(&self, step: &SearchStep) -> usize {
        match step {
            SearchStep::Do(Action::Deliver(_)) => 0,
            SearchStep::Do(Action::Fire { .. }) => 1,
            SearchStep::Do(Action::Invoke { .. }) => 2,
            SearchStep::Do(Action::Drop(_)) => 3,
            SearchStep::Do(Action::Duplicate(_)) => 4,
            SearchStep::Do(Action::Crash { .. }) | SearchStep::Crash(Some(_)) => 5,
            SearchStep::Do(Action::Restart(_)) => 6,
            SearchStep::Do(Action::Partition(_)) => 7,
            SearchStep::Do(Action::HealAll) => 8,
            SearchStep::Pick(_) => 9,
            SearchStep::Do(Action::Forge { .. }) => 11,
            _ => 10,
        }
    }
}

const RULES: &[&str] = &[
    "deliver",
    "timer",
    "operation",
    "drop",
    "duplicate",
    "crash",
    "restart",
    "partition",
    "heal",
    "choose",
    "go on",
    "lie",
];

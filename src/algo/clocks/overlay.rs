//! Logical clocks over any run: the rules of the three scenes of clocks, applied to the events and
//! messages that were recorded. Nothing is taken from the engine's own causality, which judges it.

use super::{Causality, Hlc, LamportClock, Timestamp, VectorClock};
use crate::core::action::Action;
use crate::core::clock::Clock;
use crate::core::config::show_time;
use crate::core::ids::{MsgId, NodeId};
use crate::core::kernel::original;
use crate::core::sorted::{SortedMap, SortedSet};
use crate::core::trace::{Relation, Trace};
use crate::core::view::{Event, Lens, NodeShape, What, WorldView};

/// The rules at which the clocks of the scenes tick: Lamport's IR1, and that of the others.
const TICKS: [&str; 2] = ["IR1", "Tick"];

/// Which clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockKind {
    /// Lamport's number.
    Number,
    /// A vector: a count a process.
    Array,
    /// A hybrid clock: physical time with a count.
    Wall,
}

impl ClockKind {
    /// All, with the words people choose them by.
    pub const ALL: [(ClockKind, &'static str); 3] =
        [(ClockKind::Number, "Lamport"), (ClockKind::Array, "Vector"), (ClockKind::Wall, "Hybrid")];

    /// The one that a scene is about.
    pub fn of(lenses: &[Lens]) -> Option<ClockKind> {
        lenses.iter().find_map(|lens| match lens {
            Lens::Numbers => Some(ClockKind::Number),
            Lens::Vectors => Some(ClockKind::Array),
            Lens::HybridTimes => Some(ClockKind::Wall),
            Lens::Log
            | Lens::History
            | Lens::Ring
            | Lens::Keys
            | Lens::Plane
            | Lens::Convergence => None,
        })
    }

    /// The words people choose it by.
    pub fn name(self) -> &'static str {
        ClockKind::ALL.iter().find(|k| k.0 == self).map_or("", |k| k.1)
    }
}

/// A timestamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Time {
    /// C.
    Lamport(u64),
    /// The vector.
    Vector(VectorClock<NodeId>),
    /// l and c.
    Hybrid(Timestamp),
}

impl Time {
    /// What the timestamps alone say of the event of `self` and that of `other`.
    pub fn compare(&self, other: &Time) -> Option<Causality> {
        let order = match (self, other) {
            (Time::Vector(a), Time::Vector(b)) => return Some(a.compare(b)),
            (Time::Lamport(a), Time::Lamport(b)) => a.cmp(b),
            (Time::Hybrid(a), Time::Hybrid(b)) => a.cmp(b),
            _ => return None,
        };
        Some(match order {
            std::cmp::Ordering::Less => Causality::Before,
            std::cmp::Ordering::Equal => Causality::Equal,
            std::cmp::Ordering::Greater => Causality::After,
        })
    }
}

/// A part of a chip: its words, and whether the event has changed them.
pub type ChipPart = (String, bool);

/// The timestamps of a run, as far as it has been followed.
#[derive(Clone, Debug)]
pub struct Overlay {
    /// Which clock.
    pub kind: ClockKind,
    /// The processes' names.
    names: Vec<String>,
    /// The processes' physical clocks.
    clocks: Vec<Clock>,
    now: Vec<Time>,
    /// Steps whose timestamps are let go, as the record has let go of them.
    gone: u64,
    /// A timestamp a step; steps that are of no process have none.
    times: Vec<Option<Time>>,
    /// The step before, of the same process.
    before: Vec<u32>,
    last: Vec<u32>,
    /// What messages on their way say.
    sent: SortedMap<MsgId, Time>,
    /// Messages with copies made by hand, which may arrive later.
    doubled: SortedSet<MsgId>,
    /// The processes whose events count: in a scene of clocks not the clients that only ask for them.
    counted: Vec<bool>,
    /// The scene's own clock: it ticks where the scene says so.
    own: bool,
    /// The record has begun anew elsewhere: what the clocks count from is not known.
    lost: bool,
}

impl Overlay {
    /// Of a run whose world began like this, before its first step.
    pub fn new(kind: ClockKind, start: &WorldView) -> Self {
        let zero = match kind {
            ClockKind::Number => Time::Lamport(0),
            ClockKind::Array => Time::Vector(VectorClock::new()),
            ClockKind::Wall => Time::Hybrid(Timestamp::default()),
        };
        Overlay {
            kind,
            names: start.nodes.iter().map(|n| n.name.to_string()).collect(),
            clocks: start.nodes.iter().map(|n| Clock::new(n.skew, n.drift)).collect(),
            now: vec![zero; start.nodes.len()],
            gone: 0,
            times: Vec::new(),
            before: Vec::new(),
            last: vec![0; start.nodes.len()],
            sent: SortedMap::new(),
            doubled: SortedSet::new(),
            counted: vec![true; start.nodes.len()],
            own: false,
            lost: false,
        }
    }

    /// The clock that a scene is about, as its processes keep it themselves: it ticks where they say
    /// that it does, and what clients do is no event.
    pub fn own(kind: ClockKind, start: &WorldView) -> Self {
        let counted = start.nodes.iter().map(|n| n.shape != NodeShape::Client).collect();
        Overlay { counted, own: true, ..Overlay::new(kind, start) }
    }

    /// Takes in what was recorded since; a record that grew shorter is another run's.
    pub fn extend(&mut self, trace: &Trace) {
        let first = trace.events.first();
        if first < self.gone || first > self.len() {
            self.lost = true;
            (self.times, self.before) = Default::default();
        }
        if self.lost {
            return;
        }
        for event in trace.events.range(self.len() as usize..trace.events.len() as usize) {
            self.take(event);
        }
        let old = (first - self.gone) as usize;
        self.times.drain(..old);
        self.before.drain(..old);
        self.gone = first;
    }

    /// Are the clocks unknown, since the run is not on record from its beginning on?
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    fn take(&mut self, event: &Event) {
        if let What::Act(action) = &event.what
            && let Action::Clock { node, change } = &**action
            && let Some(clock) = self.clocks.get_mut(node.at())
        {
            clock.change(event.at, change);
        }
        // A start is no event of the algorithms, unless something is said in it.
        let silent = event.what == What::Boot && event.sent.is_empty();
        let ticks = !self.own || event.notes.iter().any(|n| TICKS.contains(n));
        let counted = event.node.is_some_and(|n| self.counted.get(n.at()) == Some(&true));
        let counts = event.is_of_process() && !silent && ticks && counted;
        let who = event.node.filter(|_| counts && !event.stamp.is_empty());
        let Some(node) = who.filter(|n| n.at() < self.now.len()) else {
            self.times.push(None);
            self.before.push(0);
            self.forget(&event.what);
            return;
        };
        let heard = match &event.what {
            What::Receive(id) => self.sent.get(id).or_else(|| self.sent.get(&original(*id))),
            _ => None,
        };
        let message = heard.cloned();
        self.forget(&event.what);
        let time = self.tick(node, event.at, message);
        for sent in &event.sent {
            self.sent.insert(sent.id, time.clone());
        }
        self.times.push(Some(time));
        self.before.push(std::mem::replace(&mut self.last[node.at()], event.step as u32));
    }

    /// A message that has ended says nothing more, unless there are copies of it.
    fn forget(&mut self, what: &What) {
        match what {
            What::Act(action) => {
                if let Action::Duplicate(id) = &**action {
                    self.doubled.insert(original(*id));
                }
            }
            What::Receive(id) | What::Lost { msg: id, .. }
                if !self.doubled.contains(&original(*id)) =>
            {
                self.sent.remove(id);
            }
            _ => {}
        }
    }

    /// The rules: of Lamport (IR1, IR2), of Fidge and Mattern, of Kulkarni et al. (figure 5).
    fn tick(&mut self, node: NodeId, at: u64, message: Option<Time>) -> Time {
        let now = &mut self.now[node.at()];
        match (&mut *now, message) {
            (Time::Lamport(c), m) => {
                let mut clock = LamportClock(*c);
                *c = match m {
                    Some(Time::Lamport(sent)) => clock.receive(sent),
                    _ => clock.tick(),
                };
            }
            (Time::Vector(v), m) => {
                if let Some(Time::Vector(sent)) = m {
                    v.merge(&sent);
                }
                v.increment(&node);
            }
            (Time::Hybrid(t), m) => {
                let physical = u64::try_from(self.clocks[node.at()].local(at)).unwrap_or(0);
                let mut clock = Hlc { last: *t };
                *t = match m {
                    Some(Time::Hybrid(sent)) => clock.receive(physical, sent),
                    _ => clock.now(physical),
                };
            }
        }
        now.clone()
    }

    /// The timestamp of a step.
    pub fn time(&self, step: u64) -> Option<&Time> {
        let place = step.checked_sub(1)?.checked_sub(self.gone)?;
        self.times.get(usize::try_from(place).ok()?)?.as_ref()
    }

    /// Lamport's number of a step, if that is the clock.
    pub fn number(&self, step: u64) -> Option<u64> {
        match self.time(step) {
            Some(Time::Lamport(c)) => Some(*c),
            _ => None,
        }
    }

    /// How many steps have been followed.
    pub fn len(&self) -> u64 {
        self.gone + self.times.len() as u64
    }

    /// Has none been followed?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn name(&self, node: NodeId) -> &str {
        self.names.get(node.at()).map_or("?", String::as_str)
    }

    /// A step's chip in parts: `[A:2, B:3, C:1]`, `⟨7⟩`, `(1.2s, 4)`. In a small one a vector
    /// says only what the event has changed, and how many other places it has.
    pub fn chip(&self, step: u64, small: bool) -> Vec<ChipPart> {
        let Some(time) = self.time(step) else { return Vec::new() };
        let before =
            self.before.get((step - 1 - self.gone) as usize).and_then(|b| self.time(u64::from(*b)));
        let plain = |text: &str| (text.to_string(), false);
        match time {
            Time::Lamport(c) => vec![plain("⟨"), (c.to_string(), true), plain("⟩")],
            Time::Hybrid(t) => {
                let stays = |b: &Time| matches!(b, Time::Hybrid(old) if old.wall == t.wall);
                let moved = !before.is_some_and(stays);
                let l = show_time(t.wall as i64);
                vec![
                    plain("("),
                    (l, moved),
                    plain(", "),
                    (t.logical.to_string(), !moved),
                    plain(")"),
                ]
            }
            Time::Vector(v) => {
                let old = |n: &NodeId| match before {
                    Some(Time::Vector(b)) => b.get(n),
                    _ => 0,
                };
                let mut parts = vec![plain("[")];
                let mut left = 0;
                for (n, count) in v.iter() {
                    let changed = count != old(n);
                    if small && !changed {
                        left += 1;
                        continue;
                    }
                    if parts.len() > 1 {
                        parts.push(plain(", "));
                    }
                    parts.push((format!("{}:{count}", self.name(*n)), changed));
                }
                if left > 0 {
                    parts.push(plain(&format!(" +{left}")));
                }
                parts.push(plain("]"));
                parts
            }
        }
    }

    /// The chip as words.
    pub fn text(&self, step: u64) -> String {
        self.chip(step, false).into_iter().map(|(text, _)| text).collect()
    }

    /// Two steps compared, place by place, and what follows from it; `truth` is how the first
    /// stands to the second by what truly happened before.
    pub fn compare(&self, a: u64, b: u64, truth: Relation) -> Option<Comparison> {
        let (x, y) = (self.time(a)?, self.time(b)?);
        let verdict = x.compare(y)?;
        let mut rows = Vec::new();
        match (x, y) {
            (Time::Vector(v), Time::Vector(w)) => {
                let mut all: Vec<NodeId> = v.iter().chain(w.iter()).map(|(n, _)| *n).collect();
                all.sort_unstable();
                all.dedup();
                rows.extend(all.iter().map(|n| row(self.name(*n), v.get(n), w.get(n))));
            }
            (Time::Lamport(c), Time::Lamport(d)) => rows.push(row("C", *c, *d)),
            (Time::Hybrid(s), Time::Hybrid(t)) => {
                rows.push(row("l", s.wall, t.wall));
                rows.push(row("c", s.logical.into(), t.logical.into()));
            }
            _ => return None,
        }
        Some(Comparison { rows, says: says(self.kind, verdict), truly: truly(truth) })
    }
}

/// A place of two timestamps: name, both values, `<`, `=` or `>`.
pub type ComparedPlace = (String, u64, u64, char);

/// A place compared.
pub fn row(name: &str, a: u64, b: u64) -> ComparedPlace {
    let mark = match a.cmp(&b) {
        std::cmp::Ordering::Less => '<',
        std::cmp::Ordering::Equal => '=',
        std::cmp::Ordering::Greater => '>',
    };
    (name.to_string(), a, b, mark)
}

/// Two events compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Place by place.
    pub rows: Vec<ComparedPlace>,
    /// What the timestamps say.
    pub says: &'static str,
    /// What truly happened.
    pub truly: &'static str,
}

fn says(kind: ClockKind, verdict: Causality) -> &'static str {
    match (kind, verdict) {
        (_, Causality::Equal) if kind == ClockKind::Array => {
            "The vectors are equal: it is one event."
        }
        (_, Causality::Equal) => "The times are equal: neither event happened before the other.",
        (ClockKind::Array, Causality::Before) => {
            "No place is larger, and one is smaller: the first happened before the second."
        }
        (ClockKind::Array, Causality::After) => {
            "No place is smaller, and one is larger: the second happened before the first."
        }
        (ClockKind::Array, Causality::Concurrent) => {
            "One place is smaller and another is larger: the events are concurrent."
        }
        (_, Causality::Before) => {
            "The first is smaller: the second did not happen before it. More the numbers cannot say."
        }
        (_, Causality::After) => {
            "The first is larger: it did not happen before the second. More the numbers cannot say."
        }
        (_, Causality::Concurrent) => "The times do not order the events.",
    }
}

/// How the first of two events stands to the second, in words.
pub fn truly(truth: Relation) -> &'static str {
    match truth {
        Relation::Same => "It is the same event.",
        Relation::Past => "In the run, the first happened before the second.",
        Relation::Future => "In the run, the second happened before the first.",
        Relation::Beside => "In the run, they are concurrent.",
    }
}

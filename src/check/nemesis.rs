//! The nemesis: draws faults for a fuzz run. Everything it does is an [`Action`] in the run's
//! journal, so a run replays without it.
//!
//! Each run has its own mix of faults and its own pace (swarm testing: Groce et al., ISSTA 2012),
//! since faults that always come together hide what one of them alone would show. It also strikes
//! right after the scene's landmarks (an election, a conflict), where mistakes are.

mod ambush;

use crate::core::action::{Action, ClockChange, CrashMode, DiskChange, Entry, Lie, LinkChange};
use crate::core::ids::{NodeId, NodeSet};
use crate::core::random::{Stream, below, chance, draw, exponential};
use crate::core::world::World;
use ambush::{AMBUSHES, Ambush};

/// Kinds of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    Crash,
    Bounce,
    Burst,
    MidHandler,
    Restart,
    Pause,
    Partition,
    OneWay,
    Heal,
    Links,
    SlowDisk,
    SlowNode,
    Clock,
    Timers,
    Lie,
}

const FAULTS: &[(Fault, u64)] = &[
    (Fault::Crash, 4),
    (Fault::Bounce, 4),
    (Fault::Burst, 2),
    (Fault::MidHandler, 2),
    (Fault::Restart, 4),
    (Fault::Pause, 2),
    (Fault::Partition, 5),
    (Fault::OneWay, 2),
    (Fault::Heal, 3),
    (Fault::Links, 4),
    (Fault::SlowDisk, 1),
    (Fault::SlowNode, 1),
    (Fault::Clock, 1),
    (Fault::Timers, 3),
];

/// What the faults are called, those that a run has unless told otherwise first.
const NAMES: &[(&str, Fault)] = &[
    ("crash", Fault::Crash),
    ("bounce", Fault::Bounce),
    ("burst", Fault::Burst),
    ("mid-handler", Fault::MidHandler),
    ("restart", Fault::Restart),
    ("pause", Fault::Pause),
    ("partition", Fault::Partition),
    ("one-way", Fault::OneWay),
    ("heal", Fault::Heal),
    ("links", Fault::Links),
    ("slow-disk", Fault::SlowDisk),
    ("slow-node", Fault::SlowNode),
    ("clock", Fault::Clock),
    ("timers", Fault::Timers),
    ("lie", Fault::Lie),
];

/// Reads `lie,crash`: a mix of faults.
pub fn read_faults(text: &str) -> Result<Vec<Fault>, String> {
    let mut mix = Vec::new();
    for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let Some((_, fault)) = NAMES.iter().find(|(n, _)| *n == name) else {
            let all: Vec<&str> = NAMES.iter().map(|(n, _)| *n).collect();
            return Err(format!("there is no fault '{name}', only {}", all.join(", ")));
        };
        if !mix.contains(fault) {
            mix.push(*fault);
        }
    }
    if mix.is_empty() { Err("a mix of faults names one at least".into()) } else { Ok(mix) }
}

/// Most timer codes looked at.
const TIMERS: u32 = 8;

/// What the nemesis knows of the world it plagues; times in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Servers.
    pub servers: u16,
    /// Clients.
    pub clients: u16,
    /// A usual delay of a message: the scale of all its pauses.
    pub latency: u64,
    /// Usual time of a sync.
    pub disk: u64,
}

/// Draws faults.
pub struct Nemesis {
    seed: u64,
    draws: u64,
    field: Field,
    mix: Vec<(Fault, u64)>,
    /// Mean number of steps between two faults.
    pace: u64,
    /// Share of landmarks that it strikes at, in parts per million.
    ambush: u32,
    /// The landmark it strikes at; any, if there is none.
    landmark: Option<&'static str>,
    /// What it does there; anything, if there is none.
    style: Option<Ambush>,
    /// It follows one idea only.
    hunting: bool,
    /// The longest wait before a blow, in latencies.
    tempo: u64,
}

impl Nemesis {
    /// The nemesis of a seed.
    pub fn new(seed: u64, field: Field, landmarks: &[&'static str]) -> Self {
        let mut nemesis = Nemesis {
            seed,
            draws: 0,
            field,
            mix: Vec::new(),
            pace: 0,
            ambush: 0,
            landmark: None,
            style: None,
            hunting: false,
            tempo: 8,
        };
        nemesis.mix = FAULTS.iter().copied().filter(|_| nemesis.roll(3) > 0).collect();
        if nemesis.mix.is_empty() {
            nemesis.mix = FAULTS.to_vec();
        }
        if nemesis.roll(2) == 0 {
            nemesis.hunt(landmarks);
            return nemesis;
        }
        nemesis.pace = [15, 40, 120, 400][nemesis.roll(4) as usize];
        nemesis.ambush = [0, 300_000, 800_000, 950_000][nemesis.roll(4) as usize];
        let landmark = nemesis.roll(landmarks.len() as u64 + 1) as usize;
        nemesis.landmark = landmarks.get(landmark).copied();
        let style = nemesis.roll(AMBUSHES.len() as u64 + 3) as usize;
        nemesis.style = AMBUSHES.get(style).copied();
        nemesis
    }

    /// The nemesis of a seed with just these faults, at no landmark.
    pub fn of(seed: u64, field: Field, faults: &[Fault]) -> Self {
        let mut nemesis = Nemesis::new(seed, field, &[]);
        let weight =
            |f: &Fault| FAULTS.iter().find(|(g, _)| g == f).map_or(3, |(_, weight)| *weight);
        nemesis.mix = faults.iter().map(|f| (*f, weight(f))).collect();
        nemesis.pace = [15, 40, 120, 400][nemesis.roll(4) as usize];
        (nemesis.ambush, nemesis.hunting) = (0, false);
        nemesis
    }

    /// A run with one idea: the same blow at the same landmark each time, mostly the scene's first
    /// (its change of power), and little else.
    fn hunt(&mut self, landmarks: &[&'static str]) {
        self.pace = 1_500;
        self.tempo = [1, 3, 8][self.roll(3) as usize];
        if self.roll(2) == 0 {
            // On a network that stays odd for a while.
            self.pace = 300;
            self.mix = vec![(Fault::Partition, 3), (Fault::Links, 2), (Fault::Heal, 1)];
        }
        self.ambush = 1_000_000;
        let any = self.roll(landmarks.len().max(1) as u64) as usize;
        self.landmark = landmarks.get(if self.roll(2) == 0 { 0 } else { any }).copied();
        self.style = Some(AMBUSHES[self.roll(AMBUSHES.len() as u64) as usize]);
        self.hunting = true;
    }

    /// A draw below `n`.
    pub fn roll(&mut self, n: u64) -> u64 {
        self.draws += 1;
        below(draw(self.seed, Stream::Nemesis, self.draws), n)
    }

    fn likely(&mut self, ppm: u32) -> bool {
        self.draws += 1;
        chance(draw(self.seed, Stream::Nemesis, self.draws), ppm)
    }

    /// Steps until the next fault.
    pub fn pause(&mut self) -> u64 {
        self.draws += 1;
        1 + exponential(draw(self.seed, Stream::Nemesis, self.draws), self.pace)
    }

    /// How long something lasts: mostly short, now and then long.
    fn span(&mut self) -> u64 {
        let scale = [1, 4, 16, 40][self.roll(4) as usize];
        self.draws += 1;
        1 + exponential(draw(self.seed, Stream::Nemesis, self.draws), scale * self.field.latency)
    }

    fn server(&mut self) -> NodeId {
        NodeId(self.roll(self.field.servers.max(1).into()) as u16)
    }

    fn servers(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.field.servers).map(NodeId)
    }

    /// Servers in a random order.
    fn shuffled(&mut self) -> Vec<NodeId> {
        let mut all: Vec<NodeId> = self.servers().collect();
        for i in (1..all.len()).rev() {
            all.swap(i, self.roll(i as u64 + 1) as usize);
        }
        all
    }

    fn everyone(&self) -> NodeSet {
        NodeSet::first(self.field.servers + self.field.clients)
    }

    fn down(&self, world: &World) -> Vec<NodeId> {
        self.servers().filter(|n| world.allows(&Action::Restart(*n)).is_ok()).collect()
    }

    /// The next fault, with what will undo it.
    pub fn strike(&mut self, world: &World) -> Vec<Entry> {
        let total = self.mix.iter().map(|(_, weight)| weight).sum();
        let mut at = self.roll(total);
        let mut fault = Fault::Restart;
        for (f, weight) in &self.mix {
            fault = *f;
            if at < *weight {
                break;
            }
            at -= weight;
        }
        let down = self.down(world).len();
        // With most servers down nothing interesting can happen.
        if 2 * down > usize::from(self.field.servers) && self.roll(4) > 0 {
            fault = Fault::Restart;
        }
        let mut plot = Plot { now: world.now() + 1, entries: Vec::new() };
        self.commit(fault, world, &mut plot);
        plot.entries
    }

    fn commit(&mut self, fault: Fault, world: &World, plot: &mut Plot) {
        match fault {
            Fault::Crash => {
                let (node, mode) = (self.server(), self.mode());
                plot.now(Action::Crash { node, mode });
                if self.roll(2) == 0 {
                    plot.later(self.span(), Action::Restart(node));
                }
            }
            Fault::Bounce => {
                let node = self.server();
                self.bounce(node, plot);
            }
            Fault::Burst => {
                let all = self.shuffled();
                let most = self.roll(all.len() as u64) as usize + 1;
                for node in &all[..most] {
                    self.bounce(*node, plot);
                }
            }
            Fault::MidHandler => {
                let node = self.server();
                let (effects, mode) = (self.roll(5) as u8, self.mode());
                plot.now(Action::CrashAfter { node, effects, mode });
                plot.later(self.span(), Action::Restart(node));
            }
            Fault::Restart => {
                for node in self.down(world) {
                    if self.roll(3) > 0 {
                        plot.now(Action::Restart(node));
                    }
                }
            }
            Fault::Pause => {
                let node = self.server();
                plot.now(Action::Pause(node));
                plot.later(self.span(), Action::Resume(node));
            }
            Fault::Partition => {
                let groups = self.groups();
                plot.now(Action::Partition(groups));
                if !self.hunting && self.roll(2) == 0 {
                    plot.later(self.span(), Action::HealAll);
                }
            }
            Fault::OneWay => {
                let from = NodeSet::one(self.server());
                let to = NodeSet(self.everyone().0 & !from.0);
                let (from, to) = if self.roll(2) == 0 { (from, to) } else { (to, from) };
                plot.now(Action::Cut { from, to });
                plot.later(self.span(), Action::Heal { from, to });
            }
            Fault::Heal => plot.now(Action::HealAll),
            Fault::Links => self.links(plot),
            Fault::SlowDisk => {
                let node = self.server();
                let slow = (self.field.disk.max(100) * (2 + self.roll(40))) as u32;
                plot.now(Action::Disk { node, change: DiskChange::Latency(slow) });
                let usual = DiskChange::Latency(self.field.disk as u32);
                plot.later(self.span(), Action::Disk { node, change: usual });
            }
            Fault::SlowNode => {
                let node = self.server();
                let us = (1 + self.roll(self.field.latency)) as u32;
                plot.now(Action::Slow { node, us });
                plot.later(self.span(), Action::Slow { node, us: 0 });
            }
            Fault::Clock => {
                let node = self.server();
                let change = match self.roll(3) {
                    0 => ClockChange::Drift(self.roll(400_000) as i32 - 200_000),
                    1 => ClockChange::Step((self.roll(20) * self.field.latency) as i64),
                    _ => ClockChange::Step(-((self.roll(20) * self.field.latency) as i64)),
                };
                plot.now(Action::Clock { node, change });
            }
            Fault::Lie => {
                let node = self.server();
                let policy = [Lie::Equivocate, Lie::Corrupt][self.roll(2) as usize];
                plot.now(Action::Lie { node, policy });
                plot.later(self.span(), Action::Lie { node, policy: Lie::Honest });
            }
            Fault::Timers => {
                let all = self.shuffled();
                let most = self.roll(all.len() as u64) as usize + 1;
                self.timers(&all[..most], world, plot);
            }
        }
    }

    /// Ends a running timer of each of these servers, nearly at once: nothing may rely on who is
    /// first.
    fn timers(&mut self, nodes: &[NodeId], world: &World, plot: &mut Plot) {
        for node in nodes {
            let fire = |timer| Action::Fire { node: *node, timer };
            let running: Vec<Action> =
                (0..TIMERS).map(fire).filter(|f| world.allows(f).is_ok()).collect();
            if !running.is_empty() {
                let which = self.roll(running.len() as u64) as usize;
                plot.later(self.roll(self.field.latency), running[which].clone());
            }
        }
    }

    fn mode(&mut self) -> CrashMode {
        match self.roll(4) {
            0 => CrashMode::Os { kept: self.roll(3) as u8 },
            1 => CrashMode::Torn { kept: self.roll(2) as u8 },
            _ => CrashMode::Process,
        }
    }

    /// Down and soon up again.
    fn bounce(&mut self, node: NodeId, plot: &mut Plot) {
        let mode = self.mode();
        let wait = self.roll(self.field.latency + 1);
        plot.later(wait, Action::Crash { node, mode });
        let back = 1 + self.roll(2 * self.field.latency + 1);
        plot.later(wait + back, Action::Restart(node));
    }

    fn links(&mut self, plot: &mut Plot) {
        let all = self.everyone();
        let from = if self.roll(2) == 0 { all } else { NodeSet::one(self.server()) };
        let share = [20_000, 100_000, 400_000][self.roll(3) as usize];
        let change = match self.roll(4) {
            0 => LinkChange::Loss(share),
            1 => LinkChange::Duplication(share),
            2 => LinkChange::Reordering(share),
            _ => LinkChange::Delay(self.roll(10 * self.field.latency) as u32),
        };
        plot.now(Action::Link { from, to: all, change });
        plot.later(self.span(), Action::Link { from, to: all, change: LinkChange::Reset });
    }

    /// The shapes of Jepsen's nemesis.
    fn groups(&mut self) -> Vec<NodeSet> {
        let all = self.shuffled();
        let set = |nodes: &[NodeId]| nodes.iter().copied().collect::<NodeSet>();
        let half = all.len() / 2;
        let mut shape = self.roll(5);
        if self.hunting && self.roll(2) == 0 {
            shape = 2;
        }
        let mut groups: Vec<NodeSet> = match shape {
            // Halves.
            0 => vec![set(&all[..half]), set(&all[half..])],
            // One alone.
            1 => vec![set(&all[..1]), set(&all[1..])],
            // A bridge: two halves that only one server links.
            2 => vec![set(&all[..half + 1]), set(&all[half..])],
            // A ring: each sees its neighbours only; with five servers everyone sees a majority,
            // and no two the same.
            3 => (0..all.len()).map(|i| set(&[all[i], all[(i + 1) % all.len()]])).collect(),
            // Anything.
            _ => {
                let mut groups = vec![NodeSet::EMPTY; 2 + self.roll(2) as usize];
                for node in &all {
                    let g = self.roll(groups.len() as u64) as usize;
                    groups[g].insert(*node);
                }
                groups
            }
        };
        let sides = self.roll(2) == 0;
        let Field { servers, clients, .. } = self.field;
        for c in (servers..servers + clients).map(NodeId) {
            let side = self.roll(groups.len() as u64) as usize;
            for (i, g) in groups.iter_mut().enumerate() {
                if !sides || i == side {
                    g.insert(c);
                }
            }
        }
        groups
    }

    /// Undoes everything: what is left is the protocol's own business.
    pub fn mercy(&self, world: &World) -> Vec<Entry> {
        let at = world.now() + 1;
        let all = self.everyone();
        let mut actions =
            vec![Action::HealAll, Action::Link { from: all, to: all, change: LinkChange::Reset }];
        for node in self.servers() {
            actions.push(Action::Resume(node));
            actions.push(Action::Restart(node));
            actions.push(Action::Slow { node, us: 0 });
            let usual = DiskChange::Latency(self.field.disk as u32);
            actions.push(Action::Disk { node, change: usual });
            actions.push(Action::Clock { node, change: ClockChange::Drift(0) });
            if self.mix.iter().any(|(fault, _)| *fault == Fault::Lie) {
                actions.push(Action::Lie { node, policy: Lie::Honest });
            }
        }
        actions.into_iter().map(|action| Entry { at, action }).collect()
    }
}

/// Faults being put together.
struct Plot {
    now: u64,
    entries: Vec<Entry>,
}

impl Plot {
    fn now(&mut self, action: Action) {
        self.later(0, action);
    }
    fn later(&mut self, after: u64, action: Action) {
        self.entries.push(Entry { at: self.now + after, action });
    }
}

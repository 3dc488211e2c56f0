//! Hybrid logical clocks: close to the wall clock, and never against what happened before.
//!
//! *Models*: the algorithm of Kulkarni et al. on clocks that are off, drift and step. Reads and
//! writes of a multi-version store, each key at one node, as CockroachDB does them: a read carries
//! its timestamp and an uncertainty interval, and restarts above a value it meets there; a node that
//! was visited is certain from then on; a request from too far in the future is refused; a node
//! whose clock is further than 80 % of the maximum offset from half of the others stops itself.
//!
//! *Leaves out*: replication, transactions over several keys, and moving a key to another node. A
//! node that has stopped itself is started anew by its supervisor.
//!
//! *Checks*: the Clock Condition against the engine's own causality; that l is the largest physical
//! time known; that c counts only what has the same l; that no read misses a write that was
//! acknowledged before it began, while the clocks are within the maximum offset.
//!
//! *Paper*: Kulkarni, Demirbas, Madappa, Avva, Leone: Logical Physical Clocks, OPODIS 2014;
//! CockroachDB documentation, "Transaction layer".

mod observer;
mod rules;
mod show;
mod stories;

pub use observer::Observer;

use super::catalog::{self, Preset, Scene};
use crate::algo::clocks::{Hlc, Timestamp};
use crate::core::config::{Clients, Common, Knob, Net, Unit};
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::{
    Context, Mutant, Node, Property, PropertyKind, Protocol, Seen, TimerName,
};
use crate::core::sorted::SortedMap;
use crate::core::view::Layout;

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hybrid;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "hybrid-clock",
    title: "Hybrid logical clock",
    family: "Clocks",
    line: "Close to the wall clock, and never against what happened before.",
    seed_phrases: &["Hybrid Logical Clock", "Physical + logical. CockroachDB. Bounded clock skew."],
    sources: &[
        "Kulkarni, Demirbas, Madappa, Avva, Leone: Logical Physical Clocks, OPODIS 2014",
        "CockroachDB documentation, architecture: Transaction layer",
    ],
    leaves_out: "Replication, transactions over several keys, moving a key to another node.",
    layout: Layout::Row,
    presets: PRESETS,
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| catalog::make::<Hybrid>(PRESETS, setup),
    info: catalog::info::<Hybrid>,
    others: &[],
};

const PRESETS: &[Preset] = &[
    Preset {
        id: "cockroachdb",
        title: "CockroachDB",
        version: "26.3",
        source: "CockroachDB documentation v26.3, cockroach start: --max-offset, 500ms by default; a node stops at 80 % of it",
        values: &[("nodes", 3), ("hlc.max-offset", 500_000), ("client.interval", 100_000)],
    },
    Preset {
        id: "paper",
        title: "Kulkarni et al.",
        version: "2014",
        source: "Kulkarni et al. 2014, figure 5: the algorithm alone",
        values: &[("nodes", 3), ("hlc.ping", 0), ("hlc.pause", 80_000)],
    },
    Preset {
        id: "yugabytedb",
        title: "YugabyteDB",
        version: "2.x",
        source: "YugabyteDB documentation, yb-tserver flags: max_clock_skew_usec, 500000 by default",
        values: &[
            ("nodes", 3),
            ("hlc.max-offset", 500_000),
            ("hlc.kill", 0),
            ("client.interval", 100_000),
        ],
    },
    Preset {
        id: "mongodb",
        title: "MongoDB cluster time",
        version: "3.6",
        source: "MongoDB SERVER-27721 and manual, maxAcceptableLogicalClockDriftSecs: what is more than 365 days ahead is refused. Only the clock: its reads have no uncertainty interval",
        values: &[
            ("nodes", 3),
            ("hlc.max-offset", 31_536_000_000_000),
            ("hlc.ping", 0),
            ("hlc.kill", 0),
            ("hlc.pause", 80_000),
        ],
    },
];

/// Settings; times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Longest pause of a process between two events of its own.
    pub pause: u64,
    /// Clocks are taken to be no further apart than this.
    pub max_offset: u64,
    /// How often a node compares its clock with the others'; 0 is never.
    pub ping: u64,
    /// A node whose clock is too far off stops itself.
    pub kill: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config { pause: 1_000_000, max_offset: 500_000, ping: 1_000_000, kill: true }
    }
}

const KNOBS: &[Knob<Config>] = &[
    Knob {
        id: "hlc.pause",
        title: "longest pause between a process's own events",
        unit: Unit::Time,
        min: 1_000,
        max: 10_000_000,
        get: |c| c.pause as i64,
        set: |c, v| c.pause = v as u64,
    },
    Knob {
        id: "hlc.max-offset",
        title: "clocks are taken to be at most this far apart",
        unit: Unit::Time,
        min: 1_000,
        max: 31_536_000_000_000,
        get: |c| c.max_offset as i64,
        set: |c, v| c.max_offset = v as u64,
    },
    Knob {
        id: "hlc.ping",
        title: "clocks are compared every (0: never)",
        unit: Unit::Time,
        min: 0,
        max: 60_000_000,
        get: |c| c.ping as i64,
        set: |c, v| c.ping = v as u64,
    },
    Knob {
        id: "hlc.kill",
        title: "a node too far off stops itself",
        unit: Unit::Switch,
        min: 0,
        max: 1,
        get: |c| c.kill.into(),
        set: |c, v| c.kill = v != 0,
    },
];

/// What survives a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kept {
    /// The clock: l and c of the last event.
    pub clock: Hlc,
    /// The physical clock at the last event.
    pub physical: u64,
    /// Versions of the keys that are here, the oldest first.
    pub store: SortedMap<u32, Vec<(Timestamp, i64)>>,
    /// The latest time at which each key was read: no write may go below it.
    pub read_at: SortedMap<u32, Timestamp>,
    /// Each client's last write: its number, and the time it got.
    pub written: SortedMap<NodeId, (u32, Timestamp)>,
}

/// What only lives as long as the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// Operations it does for clients.
    pub pending: SortedMap<OpId, Pending>,
    /// The last operation that was begun here.
    pub begun: Option<(OpId, Op)>,
    /// How far each other clock is ahead, microseconds, as measured.
    pub offsets: SortedMap<NodeId, i64>,
    /// It has stopped itself.
    pub stopped: bool,
    /// Reads that had to start anew.
    pub restarts: u32,
}

/// An operation under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pending {
    /// What.
    pub op: Op,
    /// The time it is done at.
    pub at: Timestamp,
    /// The end of its uncertainty interval: what lies between may have been there before it began.
    pub limit: Timestamp,
}

/// What nodes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// Only a message.
    Plain,
    /// Read or write for a client's operation, to where the key is.
    Do { id: OpId, op: Op, at: Timestamp, limit: Timestamp },
    /// Done: the value read, and the time of its version or of the write.
    Done { id: OpId, value: Option<i64>, at: Timestamp },
    /// A value lies in the uncertainty interval, at this time; here it is `observed` now.
    Uncertain { id: OpId, at: Timestamp, observed: Timestamp },
    /// What does your clock say? Mine says this.
    Ping { clock: i64 },
    /// Mine says `clock`; yours said `echo`.
    Pong { echo: i64, clock: i64 },
}

/// A message with the sender's hybrid time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// l and c of the sending.
    pub time: Timestamp,
    /// What it says.
    pub body: Body,
}

/// The timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// An event of its own.
    Act,
    /// Time to compare clocks.
    Ping,
    /// The supervisor starts a stopped node anew.
    Supervisor,
}

impl TimerName for Timer {
    const ALL: &'static [(Self, &'static str)] = &[
        (Timer::Act, "next event"),
        (Timer::Ping, "compare clocks"),
        (Timer::Supervisor, "supervisor"),
    ];
}

/// What a client may ask of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// An event of its own.
    Local,
    /// Send to this node.
    Send { to: u32 },
    /// Read a key.
    Get { key: u32 },
    /// Write a key.
    Put { key: u32, value: i64 },
}

/// What it is told: the value, if it has read one, and a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ret {
    /// The value read.
    pub value: Option<i64>,
    /// When: of the version read, of the write, or of the event.
    pub at: Timestamp,
}

/// Numbers of the mutants, places in [`MUTANTS`].
mod mutant {
    pub const OWN_CLOCK: u8 = 0;
    pub const NAIVE: u8 = 1;
    pub const KEEP_C: u8 = 2;
    pub const CERTAIN: u8 = 3;
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "own-clock",
        what: "What if a receiver went by its own clock alone?",
        breaks: "clock-condition",
    },
    Mutant {
        id: "naive",
        what: "What if ties moved l, not c (the naive algorithm of section 3.2)?",
        breaks: "l-is-physical",
    },
    Mutant {
        id: "keep-c",
        what: "What if c were not reset when l rises?",
        breaks: "c-counts-ties",
    },
    Mutant {
        id: "certain",
        what: "What if a read took its own clock for certain?",
        breaks: "no-stale-read",
    },
];

const PROPERTIES: &[Property<Hybrid>] = &[
    Property {
        id: "clock-condition",
        title: "Clock Condition",
        claim: "For any events e, f: if e happened before f then (l.e, c.e) < (l.f, c.f).",
        cite: "Kulkarni et al. 2014, theorem 1",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.disorder.clone(),
    },
    Property {
        id: "l-is-physical",
        title: "l is physical",
        claim: "l is the largest physical time of the event and of all that happened before it; so it is ahead by no more than clocks are apart.",
        cite: "Kulkarni et al. 2014, theorems 2 and 3, corollary 1",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.unphysical.clone(),
    },
    Property {
        id: "c-counts-ties",
        title: "c counts ties",
        claim: "c is at most the number of events that happened before with the same l.",
        cite: "Kulkarni et al. 2014, theorem 4, corollary 2",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.overcounted.clone(),
    },
    Property {
        id: "no-stale-read",
        title: "No stale read",
        claim: "While clocks are within the maximum offset, a read sees every write that was acknowledged before it began.",
        cite: "CockroachDB documentation, Transaction layer: \"Time and hybrid logical clocks\" and \"Max clock offset enforcement\"",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.stale.clone().filter(|_| !observer.was_outside),
    },
];

impl Protocol for Hybrid {
    type Config = Config;
    type State = State;
    type Durable = Kept;
    type Message = Message;
    type Timer = Timer;
    type Op = Op;
    type Ret = Ret;
    type Observer = Observer;
    type Token = ();

    const CAUSAL: bool = true;

    fn boot(cx: &mut Context<Self>, _kept: &Kept) -> State {
        rules::restart(cx)
    }

    fn on_message(node: &mut Node<Self>, cx: &mut Context<Self>, from: NodeId, message: Message) {
        rules::receive(node, cx, from, message);
    }

    fn on_timer(node: &mut Node<Self>, cx: &mut Context<Self>, timer: Timer) {
        match timer {
            Timer::Act => rules::act(node, cx),
            Timer::Ping => rules::ping(node, cx),
            Timer::Supervisor => rules::supervise(node, cx),
        }
    }

    fn on_op(node: &mut Node<Self>, cx: &mut Context<Self>, id: OpId, op: Op) {
        rules::asked(node, cx, id, op);
    }

    fn common() -> Common {
        let common = Common::default();
        Common {
            nodes: 3,
            clients: 2,
            disk: 0,
            offset: 200_000,
            net: Net { low: 15_000, high: 60_000, ..common.net },
            client: Clients { interval: 0, keys: 2, ..common.client },
            ..common
        }
    }

    fn knobs() -> &'static [Knob<Config>] {
        KNOBS
    }

    fn mutants() -> &'static [Mutant] {
        MUTANTS
    }

    fn properties() -> &'static [Property<Self>] {
        PROPERTIES
    }

    fn observe(observer: &mut Observer, seen: &Seen<Self>) {
        observer.see(seen);
    }

    fn workload(
        common: &Common,
        client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Op> {
        let key = pick(common.client.keys.into()) as u32;
        if pick(1_000_000) < common.client.reads.into() {
            return Some(Op::Get { key });
        }
        let value = i64::from(nth) * i64::from(common.clients.max(1)) + i64::from(client) + 1;
        Some(Op::Put { key, value })
    }
}

//! Leaderless replication: any server coordinates; R of N answer a read, W of N confirm a write.
//!
//! *Models*: versioned registers on every server. A coordinator asks all, and goes on once enough
//! have answered (itself among them). By default it is the multi-writer register of Attiya, Bar-Noy
//! and Dolev: a write first asks a majority for the highest stamp, a read writes back what it found
//! before it answers. Each of these can be switched to what real stores do: stamps from the
//! coordinator's own clock or from its own last version, repair in the background or none, any R
//! and W, hints for servers that did not confirm, gossip between pairs.
//!
//! *Leaves out*: placement (every server holds every key), deletes and their tombstones, siblings,
//! lightweight transactions, failure detectors that refuse at once.
//!
//! *Checks*: linearizability of what clients learn; an acknowledged write stays on W disks; a
//! server's version never goes back.
//!
//! *Papers*: Attiya, Bar-Noy, Dolev: Sharing Memory Robustly in Message-Passing Systems, 1995 (ABD);
//! Lynch, Shvartsman: Robust Emulation of Shared Memory Using Dynamic Quorum-Acknowledged
//! Broadcasts, 1997 (several writers); DeCandia et al.: Dynamo, 2007.

mod knobs;
mod properties;
mod rules;
mod show;
mod stories;
#[cfg(test)]
mod tests;

pub use knobs::{Config, Repair, Stamping};
pub use properties::Observer;

use super::catalog::{self, Preset, Scene};
use crate::core::config::{Clients, Common, Knob};
use crate::core::ids::{Names, NodeId, NodeSet, OpId};
use crate::core::protocol::{Context, Mutant, Node, Part, Property, Protocol, Seen, TimerName};
use crate::core::sorted::{SortedMap, SortedSet};
use crate::core::view::Layout;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Quorum;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "leaderless",
    title: "Leaderless quorums",
    family: "Replication",
    line: "R answers to a read, W to a write: with R + W > N they meet, and that is not yet enough.",
    seed_phrases: &["Leaderless", "R+W>N. Cassandra, DynamoDB"],
    sources: &[
        "Attiya, Bar-Noy, Dolev: Sharing Memory Robustly in Message-Passing Systems, 1995",
        "DeCandia et al.: Dynamo: Amazon's Highly Available Key-value Store, 2007",
        "Kleppmann: Designing Data-Intensive Applications, 2017, chapters 5 and 9",
    ],
    leaves_out: "Placement (every server holds every key), deletes, siblings, lightweight transactions, failure detectors that refuse at once.",
    layout: Layout::Circle,
    presets: PRESETS,
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| catalog::make::<Quorum>(PRESETS, setup),
    info: catalog::info::<Quorum>,
    others: &[],
};

const PRESETS: &[Preset] = &[
    Preset {
        id: "abd",
        title: "Majorities with write-back",
        version: "1995",
        source: "Attiya, Bar-Noy, Dolev: both phases ask a majority; a read writes back what it found",
        values: &[("quorum.r", 2), ("quorum.w", 2)],
    },
    CASSANDRA_ONE,
    CASSANDRA_QUORUM,
];

/// Cassandra, consistency level ONE both ways.
pub(super) const CASSANDRA_ONE: Preset = Preset {
    id: "cassandra-one",
    title: "Cassandra, level ONE",
    version: "trunk",
    source: "cassandra.yaml (hinted handoff on, hints flushed every 10 s) and CQL consistency level ONE; the last write wins by the coordinator's clock",
    values: &[
        ("quorum.r", 1),
        ("quorum.w", 1),
        ("quorum.stamps", 1),
        ("quorum.repair", 0),
        ("quorum.hints", 10_000_000),
    ],
};

/// Cassandra, consistency level QUORUM both ways.
pub(super) const CASSANDRA_QUORUM: Preset = Preset {
    id: "cassandra-quorum",
    title: "Cassandra, level QUORUM",
    version: "trunk",
    source: "CQL consistency level QUORUM, read_repair BLOCKING; the last write wins by the coordinator's clock",
    values: &[
        ("quorum.r", 2),
        ("quorum.w", 2),
        ("quorum.stamps", 1),
        ("quorum.repair", 0),
        ("quorum.hints", 10_000_000),
    ],
};

/// What orders versions: a number, and the operation that wrote it to break ties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// A counter, or microseconds of the coordinator's clock.
    pub time: i64,
    /// The write.
    pub by: Option<OpId>,
}

/// A value and its stamp. The first version of a key has neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Which is newer.
    pub stamp: Stamp,
    /// The value, if the key was ever written.
    pub value: Option<i64>,
}

/// On disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Durable {
    /// The newest version known, a key each.
    pub store: SortedMap<u32, Version>,
    /// Servers that still lack a write this server coordinated.
    pub hints: SortedSet<(NodeId, u32)>,
    /// The last operation begun, a client each: what comes again is not done again.
    pub served: SortedMap<NodeId, u32>,
}

impl Durable {
    /// The version of a key.
    pub fn version(&self, key: u32) -> Version {
        self.store.get(&key).copied().unwrap_or_default()
    }
}

/// What a coordinator waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Versions, to answer a read.
    Read,
    /// Stamps, to exceed them.
    Query,
    /// Confirmations of a write.
    Write,
    /// Confirmations that a read's version was written back.
    WriteBack,
    /// Nothing: it was answered, late answers serve repair only.
    Answered,
}

/// An operation under way at its coordinator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pending {
    /// The key.
    pub key: u32,
    /// The value to write, if it is a write.
    pub value: Option<i64>,
    /// What it waits for.
    pub phase: Phase,
    /// The newest version heard of; in the write phases, the one being written.
    pub best: Version,
    /// What each server answered in the first phase.
    pub heard: SortedMap<NodeId, Stamp>,
    /// Who has confirmed the write; once a read is answered, who has answered it.
    pub stored: NodeSet,
}

/// Lost in a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Operations this server coordinates.
    pub pending: SortedMap<OpId, Pending>,
    /// The same in the order in which the coordinator gives them up, and when, on its own clock.
    pub queue: VecDeque<(OpId, i64)>,
}

// When the first is given up is the timer's business; only the order is the server's.
impl Hash for State {
    fn hash<H: Hasher>(&self, h: &mut H) {
        self.pending.hash(h);
        (self.queue.len() as u32).hash(h);
        self.queue.iter().for_each(|(id, _)| id.hash(h));
    }
}

/// What servers say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// Which version do you have?
    Read { op: OpId, key: u32 },
    /// This one.
    ReadReply { op: OpId, version: Version },
    /// Keep this version, if it is newer than yours.
    Write { op: OpId, key: u32, version: Version },
    /// Kept, or newer than it is what I have.
    WriteReply { op: OpId, key: u32 },
    /// All I have, for you to take what is newer; `answer` asks for the same in return.
    Gossip { versions: Vec<(u32, Version)>, answer: bool },
}

/// Timers of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Look for operations that took too long.
    Sweep,
    /// Send what others lack.
    Hints,
    /// Exchange versions with somebody.
    Gossip,
}

impl TimerName for Timer {
    const ALL: &'static [(Self, &'static str)] = &[
        (Timer::Sweep, "coordinator timeout"),
        (Timer::Hints, "replay hints"),
        (Timer::Gossip, "gossip"),
    ];
}

/// What clients ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// The value of a key.
    Get { key: u32 },
    /// Set a key.
    Put { key: u32, value: i64 },
}

/// What they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// Done.
    Done,
    /// The value, if the key has one.
    Value(Option<i64>),
}

/// Numbers of the mutants, places in [`MUTANTS`].
pub mod mutant {
    pub const NO_WRITE_BACK: u8 = 0;
    pub const EARLY_ACK: u8 = 1;
    pub const LAST_ARRIVAL_WINS: u8 = 2;
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "no-write-back",
        what: "What if a read answered without writing back what it found?",
        breaks: "linearizable",
    },
    Mutant {
        id: "early-ack",
        what: "What if servers confirmed a write before it was on disk?",
        breaks: "acknowledged-is-stored",
    },
    Mutant {
        id: "last-arrival-wins",
        what: "What if the write that arrives last won, whatever its stamp?",
        breaks: "versions-grow",
    },
];

impl Protocol for Quorum {
    type Config = Config;
    type State = State;
    type Durable = Durable;
    type Message = Message;
    type Timer = Timer;
    type Op = Op;
    type Ret = Ret;
    type Observer = Observer;
    type Token = ();

    fn boot(cx: &mut Context<Self>, durable: &Durable) -> State {
        rules::start(cx, durable)
    }

    fn on_message(node: &mut Node<Self>, cx: &mut Context<Self>, from: NodeId, message: Message) {
        rules::receive(node, cx, from, message);
    }

    fn on_timer(node: &mut Node<Self>, cx: &mut Context<Self>, timer: Timer) {
        match timer {
            Timer::Sweep => rules::sweep(node, cx),
            Timer::Hints => rules::replay_hints(node, cx),
            Timer::Gossip => rules::gossip(node, cx),
        }
    }

    fn on_op(node: &mut Node<Self>, cx: &mut Context<Self>, id: OpId, op: Op) {
        rules::coordinate(node, cx, id, op);
    }

    // A client that asks elsewhere would write the same value twice, with two stamps.
    fn common() -> Common {
        let common = Common::default();
        let client = Clients { retry: 0, keys: 2, ..common.client };
        Common { nodes: 3, clients: 3, client, ..common }
    }

    fn knobs() -> &'static [Knob<Config>] {
        knobs::KNOBS
    }

    fn mutants() -> &'static [Mutant] {
        MUTANTS
    }

    fn properties() -> &'static [Property<Self>] {
        properties::PROPERTIES
    }

    fn observe(observer: &mut Observer, seen: &Seen<Self>) {
        observer.see(seen);
    }

    fn outside(common: &Common, cfg: &Config) -> Option<&'static str> {
        if cfg.r + cfg.w <= u32::from(common.nodes) {
            return Some("R + W is not above N, so a read may miss a write");
        }
        if 2 * cfg.r <= u32::from(common.nodes) {
            return Some("R is no majority, so two reads need not meet");
        }
        if cfg.stamping != Stamping::Query {
            return Some("clocks and single servers may stamp a later write lower");
        }
        (cfg.repair != Repair::Blocking)
            .then_some("a read does not make sure that nobody reads older")
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

    fn rename(part: Part<Self>, names: &Names) -> bool {
        match part {
            Part::State(s) => s.pending.values_mut().for_each(|p| {
                p.heard = names.keys(&p.heard);
                p.stored = names.set(p.stored);
            }),
            Part::Durable(d) => {
                d.hints = d.hints.iter().map(|(n, key)| (names.of(*n), *key)).collect();
            }
            Part::Message(_) | Part::Observer(_) => {}
        }
        true
    }

    fn size(message: &Message) -> u32 {
        match message {
            Message::Gossip { versions, .. } => 20 + 30 * versions.len() as u32,
            _ => 60,
        }
    }
}

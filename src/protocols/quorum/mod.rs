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

mod hero;
mod knobs;
mod properties;
mod rules;
mod show;
mod stories;
#[cfg(test)]
mod tests;

pub use knobs::{Config, Count, Repair, Stamping};
pub use properties::Observer;

use super::catalog::{self, Preset, Scene};
use crate::core::config::{Clients, Common};
use crate::core::declare::*;
use crate::core::ids::{NodeId, NodeSet, OpId};
use crate::core::protocol::{Context, Node, Protocol, Seen};
use crate::core::sorted::{SortedMap, SortedSet};
use crate::core::view::Layout;
use properties::PROPERTIES;
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
    line: "R answers per read, W per write: with R + W > N they overlap. That still isn't enough.",
    seed_phrases: &["Leaderless", "R+W>N. Cassandra, DynamoDB"],
    sources: &[
        "Attiya, Bar-Noy, Dolev: Sharing Memory Robustly in Message-Passing Systems, 1995",
        "DeCandia et al.: Dynamo: Amazon's Highly Available Key-value Store, 2007",
        "Kleppmann: Designing Data-Intensive Applications, 2017, chapters 5 and 9",
    ],
    leaves_out: "Placement (every server holds every key), deletes, siblings, lightweight transactions, failure detectors that refuse at once.",
    layout: Layout::Circle,
    presets: PRESETS,
    hero: hero::HERO,
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

data! {
    /// What orders versions: a number, and the operation that wrote it to break ties.
    #[derive(Copy, Default, PartialOrd, Ord)]
    pub struct WriteStamp {
        /// A counter, or microseconds of the coordinator's clock.
        pub time: i64 as fixed,
        /// The write.
        pub by: Option<OpId>,
    }

    /// A value and its stamp. The first version of a key has neither.
    #[derive(Copy, Default, PartialOrd, Ord)]
    pub struct StampedValue {
        /// Which is newer.
        pub stamp: WriteStamp as part,
        /// The value, if the key was ever written.
        pub value: Option<i64>,
    }

    /// On disk.
    #[derive(Default)]
    pub struct Durable {
        /// The newest version known, a key each.
        pub store: SortedMap<u32, StampedValue>,
        /// Servers that still lack a write this server coordinated.
        pub hints: SortedSet<(NodeId, u32)>,
        /// The last operation begun, a client each: what comes again is not done again.
        pub served: SortedMap<NodeId, u32>,
    }

    /// What a coordinator waits for.
    #[derive(Copy)]
    pub enum QuorumPhase {
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
    pub struct Coordinated {
        /// The key.
        pub key: u32,
        /// The value to write, if it is a write.
        pub value: Option<i64>,
        /// What it waits for.
        pub phase: QuorumPhase,
        /// The newest version heard of; in the write phases, the one being written.
        pub best: StampedValue,
        /// What each server answered in the first phase.
        pub heard: SortedMap<NodeId, WriteStamp>,
        /// Who has confirmed the write; once a read is answered, who has answered it.
        pub stored: NodeSet,
    }
}

impl Durable {
    /// The version of a key.
    pub fn version(&self, key: u32) -> StampedValue {
        self.store.get(&key).copied().unwrap_or_default()
    }
}

/// Lost in a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Operations this server coordinates.
    pub pending: SortedMap<OpId, Coordinated>,
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

rewrite!(State { pending });

messages! {
    /// What servers say.
    pub enum Message {
        /// Which version do you have?
        Read ["Read", Vote] { op: OpId, key: u32 as key },
        /// This one.
        ReadReply ["Read reply", Vote, reply] { op: OpId, version: StampedValue as part },
        /// Keep this version, if it is newer than yours.
        Write ["Write", Replicate] { op: OpId, key: u32 as key, version: StampedValue as part },
        /// Kept, or newer than it is what I have.
        WriteReply ["Write reply", Ack, reply] { op: OpId, key: u32 as key },
        /// All I have, for you to take what is newer; `answer` asks for the same in return.
        Gossip ["Gossip", Heartbeat] { versions: Vec<(u32, StampedValue)> as keyed, answer: bool as fixed },
    }
}

timers! {
    /// Timers of a server.
    pub enum Timer {
        /// Look for operations that took too long.
        Sweep = "coordinator timeout",
        /// Send what others lack.
        Hints = "replay hints",
        /// Exchange versions with somebody.
        Gossip = "gossip",
    }
}

operations! {
    /// What clients ask.
    #[derive(Copy)]
    pub enum Op {
        /// The value of a key.
        "get" Get { key: u32 = key },
        /// Set a key.
        "put" Put { key: u32 = key, value: i64 = value },
    }
}

data! {
    /// What they are told.
    #[derive(Copy)]
    pub enum Ret {
        /// Done.
        Done,
        /// The value, if the key has one.
        Value(Option<i64>),
    }
}

mutants! {
    NO_WRITE_BACK "no-write-back" breaks "linearizable":
        "What if a read answered without writing back what it found?";
    EARLY_ACK "early-ack" breaks "acknowledged-is-stored":
        "What if servers confirmed a write before it was on disk?";
    LAST_ARRIVAL_WINS "last-arrival-wins" breaks "versions-grow":
        "What if the write that arrives last won, whatever its stamp?";
    OLDEST_ANSWER "oldest-answer" breaks "sequential":
        "What if a read took the oldest of the answers for the newest?";
    OWN_STAMP "own-stamp" breaks "ordered-sequential":
        "What if a write exceeded only the version that its coordinator has?";
}

impl Protocol for Quorum {
    usual_parts! {}
    rewrites! {}

    // Stamps break ties by operation. Servers of one region are alike.
    fn kind(cfg: &Config, _: &Common, me: NodeId) -> Option<u16> {
        Some((u32::from(me.0) % cfg.regions.max(1)) as u16)
    }

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

    fn outside(common: &Common, cfg: &Config) -> Option<&'static str> {
        let n = match cfg.count {
            Count::Anywhere => u32::from(common.nodes),
            Count::Local if cfg.regions > 1 => {
                return Some("a quorum of one region does not meet that of another");
            }
            _ => u32::from(common.nodes).div_ceil(cfg.regions.max(1)),
        };
        if cfg.r + cfg.w <= n {
            return Some("R + W is not above N, so a read may miss a write");
        }
        if 2 * cfg.r <= n || cfg.count == Count::Each && cfg.regions > 1 {
            return Some("two reads need not meet");
        }
        if cfg.stamping != Stamping::Query {
            return Some("clocks and single servers may stamp a later write lower");
        }
        (cfg.repair != Repair::Blocking)
            .then_some("a read does not make sure that nobody reads older")
    }

    fn undecided(observer: &Observer, property: &str) -> bool {
        observer.undecided(property)
    }

    fn workload(
        common: &Common,
        client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Op> {
        kv(common, client, nth, pick)
    }

    fn size(message: &Message) -> u32 {
        match message {
            Message::Gossip { versions, .. } => 20 + 30 * versions.len() as u32,
            _ => 60,
        }
    }
}

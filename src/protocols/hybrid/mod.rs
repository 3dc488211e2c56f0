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

mod hero;
mod observer;
mod rules;
mod show;
mod stories;

pub use observer::Observer;

use super::catalog::{self, Scene};
use crate::algo::clocks::{Hlc, Timestamp};
use crate::core::config::{Clients, Common, Net};
use crate::core::declare::*;
use crate::core::ids::{NodeId, OpId};
use crate::core::long::LongList;
use crate::core::protocol::{Context, Node, Protocol};
use crate::core::sorted::SortedMap;
use crate::core::view::Layout;
use std::hash::{Hash, Hasher};

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hybrid;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "hybrid-clock",
    title: "Hybrid logical clock",
    family: "Clocks",
    line: "Close to the wall clock, and never against causality.",
    seed_phrases: &["Hybrid Logical Clock", "Physical + logical. CockroachDB. Bounded clock skew."],
    sources: &[
        "Kulkarni, Demirbas, Madappa, Avva, Leone: Logical Physical Clocks, OPODIS 2014",
        "CockroachDB documentation, architecture: Transaction layer",
    ],
    leaves_out: "Replication, transactions over several keys, moving a key to another node.",
    layout: Layout::Row,
    presets: PRESETS,
    hero: hero::HERO,
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| catalog::make::<Hybrid>(PRESETS, setup),
    info: catalog::info::<Hybrid>,
    others: &[],
};

presets! {
    PRESETS:
    "cockroachdb" "CockroachDB", "26.3",
        "CockroachDB documentation v26.3, cockroach start: --max-offset, 500ms by default; a node stops at 80 % of it":
        "nodes" = 3, "hlc.max-offset" = 500_000, "client.interval" = 100_000;
    "paper" "Kulkarni et al.", "2014", "Kulkarni et al. 2014, figure 5: the algorithm alone":
        "nodes" = 3, "hlc.ping" = 0, "hlc.pause" = 80_000;
    "yugabytedb" "YugabyteDB", "2.x",
        "YugabyteDB documentation, yb-tserver flags: max_clock_skew_usec, 500000 by default":
        "nodes" = 3, "hlc.max-offset" = 500_000, "hlc.kill" = 0, "client.interval" = 100_000;
    "mongodb" "MongoDB cluster time", "3.6",
        "MongoDB SERVER-27721 and manual, maxAcceptableLogicalClockDriftSecs: what is more than 365 days ahead is refused. Only the clock: its reads have no uncertainty interval":
        "nodes" = 3, "hlc.max-offset" = 31_536_000_000_000, "hlc.ping" = 0, "hlc.kill" = 0, "hlc.pause" = 80_000;
}

knobs! {
    /// Settings; times in microseconds.
    pub struct Config {
        /// Longest pause of a process between two events of its own.
        pause: u64 = 1_000_000, "hlc.pause" "longest pause between a process's own events", time(1_000..=10_000_000);
        /// Clocks are taken to be no further apart than this.
        max_offset: u64 = 500_000, "hlc.max-offset" "clocks are taken to be at most this far apart", time(1_000..=31_536_000_000_000);
        /// How often a node compares its clock with the others'; 0 is never.
        ping: u64 = 1_000_000, "hlc.ping" "clocks are compared every (0: never)", time(0..=60_000_000);
        /// A node whose clock is too far off stops itself.
        kill: bool = true, "hlc.kill" "a node too far off stops itself", switch;
    }
}

/// Versions of a key, the oldest first: none is ever thrown away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyHistory(pub LongList<(Timestamp, i64)>);

/// As a `Vec` of them.
impl Hash for KeyHistory {
    fn hash<H: Hasher>(&self, h: &mut H) {
        h.write_usize(self.0.len() as usize);
        self.0.iter().for_each(|version| version.hash(h));
    }
}

/// What survives a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Durable {
    /// The clock: l and c of the last event.
    pub clock: Hlc,
    /// The physical clock at the last event.
    pub physical: u64,
    /// Versions of the keys that are here, the oldest first.
    pub store: SortedMap<u32, KeyHistory>,
    /// The latest time at which each key was read: no write may go below it.
    pub read_at: SortedMap<u32, Timestamp>,
    /// Each client's last write: its number, and the time it got.
    pub written: SortedMap<NodeId, (u32, Timestamp)>,
}

/// What only lives as long as the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// Operations it does for clients.
    pub pending: SortedMap<OpId, OpenOperation>,
    /// The last operation that was begun here.
    pub begun: Option<(OpId, Op)>,
    /// How far each other clock is ahead, microseconds, as measured.
    pub offsets: SortedMap<NodeId, i64>,
    /// It has stopped itself.
    pub stopped: bool,
    /// Reads that had to start anew.
    pub restarts: u32,
}

data! {
    /// An operation under way.
    #[derive(Copy)]
    pub struct OpenOperation {
        /// What.
        pub op: Op,
        /// The time it is done at.
        pub at: Timestamp,
        /// The end of its uncertainty interval: what lies between may have been there before it
        /// began.
        pub limit: Timestamp,
    }

    /// A message with the sender's hybrid time.
    #[derive(Copy)]
    pub struct Message {
        /// l and c of the sending.
        pub time: Timestamp = "(l, c)",
        /// What it says.
        pub body: HybridBody as part,
    }
}

messages! {
    /// What nodes say.
    #[derive(Copy)]
    pub enum HybridBody {
        /// Only a message.
        Plain ["message", Replicate],
        /// Read or write for a client's operation, to where the key is.
        Do ["read", Vote] { id: OpId, op: Op = "operation", at: Timestamp, limit: Timestamp = "uncertain up to" },
        /// Done: the value read, and the time of its version or of the write.
        Done ["done", Ack, reply] { id: OpId, value: Option<i64>, at: Timestamp },
        /// A value lies in the uncertainty interval, at this time; here it is `observed` now.
        Uncertain ["uncertain", Ack, refusal] { id: OpId, at: Timestamp, observed: Timestamp },
        /// What does your clock say? Mine says this.
        Ping ["ping", Heartbeat] { clock: i64 as time },
        /// Mine says `clock`; yours said `echo`.
        Pong ["pong", Heartbeat, reply] { echo: i64 as time = "yours was", clock: i64 as time },
    }
}

timers! {
    /// The timers.
    pub enum Timer {
        /// An event of its own.
        Act = "next event",
        /// Time to compare clocks.
        Ping = "compare clocks",
        /// The supervisor starts a stopped node anew.
        Supervisor = "supervisor",
    }
}

operations! {
    /// What a client may ask of a node.
    #[derive(Copy)]
    pub enum Op {
        /// An event of its own.
        "local" Local,
        /// Send to this node.
        "send" Send { to: u32 = value },
        /// Read a key.
        "get" Get { key: u32 = key },
        /// Write a key.
        "put" Put { key: u32 = key, value: i64 = value },
    }
}

/// What it is told: the value, if it has read one, and a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ret {
    /// The value read.
    pub value: Option<i64>,
    /// When: of the version read, of the write, or of the event.
    pub at: Timestamp,
}

mutants! {
    OWN_CLOCK "own-clock" breaks "clock-condition":
        "What if a receiver went by its own clock alone?";
    NAIVE "naive" breaks "l-is-physical":
        "What if ties moved l, not c (the naive algorithm of section 3.2)?";
    KEEP_C "keep-c" breaks "c-counts-ties": "What if c were not reset when l rises?";
    CERTAIN "certain" breaks "no-stale-read":
        "What if a read took its own clock for certain?";
}

claims! {
    PROPERTIES of Hybrid:
    "clock-condition" "Clock Condition",
        "For any events e, f: if e happened before f then (l.e, c.e) < (l.f, c.f).",
        "Kulkarni et al. 2014, theorem 1";
    "l-is-physical" "l is physical",
        "l is the largest physical time of the event and of all that happened before it; so it is ahead by no more than clocks are apart.",
        "Kulkarni et al. 2014, theorems 2 and 3, corollary 1";
    "c-counts-ties" "c counts ties",
        "c is at most the number of events that happened before with the same l.",
        "Kulkarni et al. 2014, theorem 4, corollary 2";
    "no-stale-read" "No stale read",
        "While clocks are within the maximum offset, a read sees every write that was acknowledged before it began.",
        "CockroachDB documentation, Transaction layer: \"Time and hybrid logical clocks\" and \"Max clock offset enforcement\""
        => |_, observer| observer.stale.clone().filter(|_| !observer.was_outside);
}

impl Protocol for Hybrid {
    // Servers are not alike: where a key is follows from its number.
    usual_parts! { Durable = Durable; }

    const CAUSAL: bool = true;

    fn boot(cx: &mut Context<Self>, _kept: &Durable) -> State {
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

    fn workload(
        common: &Common,
        client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Op> {
        kv(common, client, nth, pick)
    }
}

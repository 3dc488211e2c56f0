//! Vector clocks: a count of events a process, which tells before, after and concurrent apart; and
//! two things built on them: causal broadcast, and a store that keeps what was written side by side.
//!
//! *Models*: processes with local events and messages under the rules of Fidge and Mattern; a count
//! that is missing is 0, so that processes may join later. With `vector.broadcast` they broadcast
//! by the rules of Birman, Schiper and Stephenson, over links that repeat what was not acknowledged.
//! With `vector.store` they take writes of clients, keep siblings under dotted version vectors, and
//! hand them on by gossip. With `vector.compare` they keep the same writes in the two older ways too.
//!
//! *Leaves out*: views of a group; the client's own copy of its context, which the server that it
//! last talked to remembers for it.
//!
//! *Checks*: that the order of the vectors is the order of the events, for every pair; causal
//! delivery; that no sibling is one that the other's writer had read; that no write goes unread.
//!
//! *Paper*: Fidge: Timestamps in Message-Passing Systems That Preserve the Partial Ordering, 1988;
//! Mattern: Virtual Time and Global States of Distributed Systems, 1989; Birman, Schiper,
//! Stephenson: Lightweight Causal and Atomic Group Multicast, TOCS 1991; Preguica et al.: Dotted
//! Version Vectors, 2010.

mod hero;
mod observer;
mod rules;
mod show;
mod stories;

pub use observer::Observer;

use super::catalog::{self, Scene};
use super::channel::{Channel, Packet};
use crate::algo::clocks::{ByClient, OneVector, Siblings, VectorClock};
use crate::core::config::{Clients, Common, Net};
use crate::core::declare::*;
use crate::core::ids::{NodeId, OpId};
use crate::core::long::LongList;
use crate::core::protocol::{Context, Node, Protocol};
use crate::core::sorted::SortedMap;
use crate::core::view::Layout;
use serde::{Deserialize, Serialize};

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Vector;

/// A vector clock over processes.
pub type ProcessVector = VectorClock<NodeId>;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "vector-clock",
    title: "Vector clock",
    family: "Clocks",
    line: "One counter per process: enough to see what is concurrent.",
    seed_phrases: &[
        "Vector Clock",
        "[A:2, B:3, C:1]",
        "Detect causality & concurrency. O(n) space.",
    ],
    sources: &[
        "Fidge: Timestamps in Message-Passing Systems That Preserve the Partial Ordering, 1988",
        "Mattern: Virtual Time and Global States of Distributed Systems, 1989",
        "Birman, Schiper, Stephenson: Lightweight Causal and Atomic Group Multicast, TOCS 1991",
        "Preguica, Baquero, Almeida, Fonte, Goncalves: Dotted Version Vectors, 2010",
        "DeCandia et al.: Dynamo, Amazon's Highly Available Key-value Store, SOSP 2007",
    ],
    leaves_out: "Views of a group, and the client's own copy of its context.",
    layout: Layout::Row,
    presets: PRESETS,
    hero: hero::HERO,
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| catalog::make::<Vector>(PRESETS, setup),
    info: catalog::info::<Vector>,
    others: &[],
};

presets! {
    PRESETS:
    "mattern" "Mattern 1989", "1989",
        "Mattern 1989, section 4: each process has a vector of counts": "nodes" = 3;
    "broadcast" "Causal broadcast", "1991",
        "Birman, Schiper, Stephenson 1991, section 5.1: the CBCAST rules":
        "nodes" = 3, "vector.broadcast" = 1, "vector.pause" = 200_000;
    "dynamo" "Dynamo", "2007",
        "DeCandia et al. 2007, figure 3: three servers Sx, Sy, Sz hold one object":
        "nodes" = 3, "vector.store" = 1, "vector.pause" = 10_000_000;
    "riak" "Riak, dotted version vectors", "2.0",
        "Riak KV 2.0 release notes and \"Vector Clocks Revisited\" (Basho): dotted version vectors by default":
        "nodes" = 3, "vector.store" = 1, "vector.compare" = 1, "client.interval" = 250_000;
}

knobs! {
    /// Settings; times in microseconds.
    pub struct Config {
        /// Longest pause of a process between two events of its own.
        pause: u64 = 80_000, "vector.pause" "longest pause between a process's own events", time(1_000..=10_000_000);
        /// Processes broadcast, and deliver in causal order.
        broadcast: bool = false, "vector.broadcast" "processes broadcast in causal order", switch;
        /// Processes keep what clients write.
        store: bool = false, "vector.store" "processes keep what clients write", switch;
        /// What clients write is kept under one vector, and under vectors of clients, beside.
        compare: bool = false, "vector.compare" "the same writes are kept in two older ways beside", switch;
        /// So many processes are there from the start; the others join when they are first spoken to.
        members: u16 = 100, "vector.members" "processes there from the start", count(1..=100);
        /// What is not acknowledged is sent again after this long.
        resend: u64 = 400_000, "vector.resend" "a broadcast is repeated if not acknowledged after", time(1_000..=60_000_000);
    }
}

data! {
    /// What survives a crash.
    #[derive(Default)]
    pub struct Durable {
        /// The vector clock of its last event.
        pub clock: ProcessVector,
        /// Broadcasts delivered of each process, its own included: VT(p).
        pub delivered: ProcessVector,
        /// The same in the order of delivery.
        pub log: LongList<Cast>,
        /// Broadcasts that came before one they may depend on.
        pub buffer: Vec<Cast>,
        /// The links; empty before the first broadcast.
        pub links: PerNode<Channel<Cast>>,
        /// Each key's versions.
        pub store: SortedMap<u32, KeyVersions>,
        /// The same, kept in two older ways to compare with; see `vector.compare`.
        pub beside: SortedMap<u32, Undotted>,
        /// Writes taken.
        pub writes: u32,
    }

    /// What only lives as long as the process.
    #[derive(Default)]
    pub struct State {
        /// For each client and key, what it had read when it was last answered here.
        pub sessions: SortedMap<(NodeId, u32), ProcessVector>,
        /// The same for the two older ways.
        pub beside: SortedMap<(NodeId, u32), (ProcessVector, ProcessVector)>,
    }

    /// A broadcast with the time VT(m) of its sender.
    #[derive(Serialize, Deserialize)]
    pub struct Cast {
        /// Who broadcasts.
        pub from: NodeId as fixed,
        /// VT(m); the sender's own count is the broadcast's number.
        pub vt: ProcessVector = "VT(m)",
    }

    /// A version's value and its name: the server that took the write, and its how many-th.
    #[derive(Copy, PartialOrd, Ord)]
    pub struct Written {
        /// Where, and the how many-th there.
        pub id: (NodeId, u32) as fixed,
        /// What.
        pub value: i64,
    }

    /// A key's versions: dotted, or, for the mutant, under one vector for all siblings.
    #[derive(Default)]
    pub struct KeyVersions {
        /// Each version with its dot and context.
        pub dotted: Siblings<NodeId, Written>,
        /// With the mutant `one-vector`: all siblings under one.
        pub flat: OneVector<NodeId, Written>,
    }

    /// A key's versions as they were kept before dots.
    #[derive(Default)]
    pub struct Undotted {
        /// One vector for all, counting what servers took; it takes no more once it has
        /// [`MOST_BESIDE`] siblings.
        pub one: OneVector<NodeId, Written>,
        /// A vector a version, counting what clients wrote.
        pub by: ByClient<NodeId, Written>,
    }

    /// A message with the sender's vector clock.
    pub struct Message {
        /// The clock of the sending.
        pub clock: ProcessVector = "V",
        /// What it says.
        pub body: VectorBody as part,
    }
}

impl Cast {
    /// Its number among its sender's, from 1.
    pub fn nth(&self) -> u64 {
        self.vt.get(&self.from)
    }
}

impl KeyVersions {
    /// The values, whichever way they are kept.
    pub fn values(&self) -> impl Iterator<Item = &Written> {
        self.dotted.versions().iter().map(|(_, w)| w).chain(self.flat.values())
    }
    /// What a reader of all of it has read.
    pub fn context(&self) -> ProcessVector {
        let mut all = self.dotted.context();
        all.merge(self.flat.context());
        all
    }
}

/// Siblings that are kept to compare with, at most; Riak stops at 100 (`max_siblings`).
pub const MOST_BESIDE: usize = 48;

messages! {
    /// What processes say.
    pub enum VectorBody {
        /// Only a message.
        Plain ["message", Replicate],
        /// A broadcast, or the acknowledgement of some.
        Cast ["broadcast", Replicate] (Packet<Cast>),
        /// A key's versions.
        Gossip ["gossip", Gossip] { key: u32 as key, entry: KeyVersions, beside: Option<Box<Undotted>> as fixed },
    }
}

timers! {
    /// The timers.
    pub enum Timer {
        /// An event of its own.
        Act = "next event",
        /// A broadcast was not acknowledged.
        Resend = "resend",
    }
}

operations! {
    /// What a client may ask of a process.
    #[derive(Copy)]
    pub enum Op {
        /// An event of its own.
        "local" Local,
        /// Send to this process.
        "send" Send { to: u32 = value },
        /// Broadcast.
        "broadcast" Broadcast,
        /// Read a key: all its siblings.
        "get" Get { key: u32 = key },
        /// Write a key, having read what this server last answered.
        "put" Put { key: u32 = key, value: i64 = value },
        /// Hand a key's versions to this process now.
        "gossip" Gossip { key: u32 = key, to: u32 = value },
    }
}

/// What it is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// The clock of the event.
    Clock(ProcessVector),
    /// The siblings, and the context of who has read them.
    Values(Vec<i64>, ProcessVector),
}

mutants! {
    NO_MERGE "no-merge" breaks "order-is-reachability":
        "What if a receiver did not take over what the sender knew?";
    RECEIPT_UNCOUNTED "receipt-uncounted" breaks "order-is-reachability":
        "What if a receipt were not counted as an event?";
    AT_ONCE "at-once" breaks "causal-delivery":
        "What if broadcasts were delivered as they come?";
    ONE_VECTOR "one-vector" breaks "no-false-concurrency":
        "What if one version vector stood for all siblings of a key?";
    LAST_WINS "last-wins" breaks "no-lost-write":
        "What if a write simply replaced what was there?";
    PRUNE "prune" breaks "no-false-concurrency":
        "What if all but one place of a context were thrown away, to keep it short?";
}

claims! {
    PROPERTIES of Vector:
    "order-is-reachability" "Order is reachability",
        "For any events a, b: V(a) < V(b) if and only if a happened before b.",
        "Mattern 1989, theorem 10; Fidge 1988";
    "causal-delivery" "Causal delivery",
        "If the sending of m happened before that of m', every process delivers m before m'.",
        "Birman, Schiper, Stephenson 1991, section 3";
    "no-false-concurrency" "No false concurrency",
        "Of two siblings, neither's writer had read the other.",
        "Preguica et al. 2010, section 3: dotted version vectors track causality among concurrent writes exactly";
    "no-lost-write" "No lost write",
        "A version goes only for one whose writer had read it.",
        "Preguica et al. 2010, section 2; DeCandia et al. 2007, section 4.4";
}

impl Protocol for Vector {
    // Servers are not called alike: claims are about who knows of which events, and a search keeps
    // the names in that.
    usual_parts! { Durable = Durable; }

    const CAUSAL: bool = true;

    fn boot(cx: &mut Context<Self>, kept: &Durable) -> State {
        rules::restart(cx, kept)
    }

    fn on_message(node: &mut Node<Self>, cx: &mut Context<Self>, from: NodeId, message: Message) {
        rules::receive(node, cx, from, message);
    }

    fn on_timer(node: &mut Node<Self>, cx: &mut Context<Self>, timer: Timer) {
        match timer {
            Timer::Act => rules::act(node, cx),
            Timer::Resend => rules::resend(node, cx),
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
            net: Net { low: 15_000, high: 60_000, ..common.net },
            client: Clients { interval: 0, keys: 1, ..common.client },
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

    fn size(message: &Message) -> u32 {
        // What a vector costs: it grows with the processes heard of.
        60 + 8 * message.clock.len() as u32
    }
}

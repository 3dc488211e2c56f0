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

mod observer;
mod rules;
mod show;
mod stories;

pub use observer::Observer;

use super::catalog::{self, Preset, Scene};
use super::channel::{Channel, Packet};
use crate::algo::clocks::{ByClient, OneVector, Siblings, VectorClock};
use crate::core::config::{Clients, Common, Knob, Net, Unit};
use crate::core::ids::{NodeId, OpId};
use crate::core::list::List;
use crate::core::protocol::{
    Context, Mutant, Node, Property, PropertyKind, Protocol, Seen, TimerName,
};
use crate::core::sorted::SortedMap;
use crate::core::view::Layout;

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Vector;

/// A vector clock over processes.
pub type Clock = VectorClock<NodeId>;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "vector-clock",
    title: "Vector clock",
    family: "Clocks",
    line: "A count a process: it knows what is concurrent.",
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
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| catalog::make::<Vector>(PRESETS, setup),
    info: catalog::info::<Vector>,
    others: &[],
};

const PRESETS: &[Preset] = &[
    Preset {
        id: "mattern",
        title: "Mattern 1989",
        version: "1989",
        source: "Mattern 1989, section 4: each process has a vector of counts",
        values: &[("nodes", 3)],
    },
    Preset {
        id: "broadcast",
        title: "Causal broadcast",
        version: "1991",
        source: "Birman, Schiper, Stephenson 1991, section 5.1: the CBCAST rules",
        values: &[("nodes", 3), ("vector.broadcast", 1), ("vector.pause", 200_000)],
    },
    Preset {
        id: "dynamo",
        title: "Dynamo",
        version: "2007",
        source: "DeCandia et al. 2007, figure 3: three servers Sx, Sy, Sz hold one object",
        values: &[("nodes", 3), ("vector.store", 1), ("vector.pause", 10_000_000)],
    },
    Preset {
        id: "riak",
        title: "Riak, dotted version vectors",
        version: "2.0",
        source: "Riak KV 2.0 release notes and \"Vector Clocks Revisited\" (Basho): dotted version vectors by default",
        values: &[
            ("nodes", 3),
            ("vector.store", 1),
            ("vector.compare", 1),
            ("client.interval", 250_000),
        ],
    },
];

/// Settings; times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Longest pause of a process between two events of its own.
    pub pause: u64,
    /// Processes broadcast, and deliver in causal order.
    pub broadcast: bool,
    /// Processes keep what clients write.
    pub store: bool,
    /// What clients write is kept under one vector, and under vectors of clients, beside.
    pub compare: bool,
    /// So many processes are there from the start; the others join when they are first spoken to.
    pub members: u16,
    /// What is not acknowledged is sent again after this long.
    pub resend: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            pause: 80_000,
            broadcast: false,
            store: false,
            compare: false,
            members: 100,
            resend: 400_000,
        }
    }
}

const KNOBS: &[Knob<Config>] = &[
    Knob {
        id: "vector.pause",
        title: "longest pause between a process's own events",
        unit: Unit::Time,
        min: 1_000,
        max: 10_000_000,
        get: |c| c.pause as i64,
        set: |c, v| c.pause = v as u64,
    },
    Knob {
        id: "vector.broadcast",
        title: "processes broadcast in causal order",
        unit: Unit::Switch,
        min: 0,
        max: 1,
        get: |c| c.broadcast.into(),
        set: |c, v| c.broadcast = v != 0,
    },
    Knob {
        id: "vector.store",
        title: "processes keep what clients write",
        unit: Unit::Switch,
        min: 0,
        max: 1,
        get: |c| c.store.into(),
        set: |c, v| c.store = v != 0,
    },
    Knob {
        id: "vector.compare",
        title: "the same writes are kept in two older ways beside",
        unit: Unit::Switch,
        min: 0,
        max: 1,
        get: |c| c.compare.into(),
        set: |c, v| c.compare = v != 0,
    },
    Knob {
        id: "vector.members",
        title: "processes there from the start",
        unit: Unit::Count,
        min: 1,
        max: 100,
        get: |c| c.members.into(),
        set: |c, v| c.members = v as u16,
    },
    Knob {
        id: "vector.resend",
        title: "a broadcast is repeated if not acknowledged after",
        unit: Unit::Time,
        min: 1_000,
        max: 60_000_000,
        get: |c| c.resend as i64,
        set: |c, v| c.resend = v as u64,
    },
];

/// What survives a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kept {
    /// The vector clock of its last event.
    pub clock: Clock,
    /// Broadcasts delivered of each process, its own included: VT(p).
    pub delivered: Clock,
    /// The same in the order of delivery.
    pub log: List<Cast>,
    /// Broadcasts that came before one they may depend on.
    pub buffer: Vec<Cast>,
    /// The links; empty before the first broadcast.
    pub links: Vec<Channel<Cast>>,
    /// Each key's versions.
    pub store: SortedMap<u32, Entry>,
    /// The same, kept in two older ways to compare with; see `vector.compare`.
    pub beside: SortedMap<u32, Beside>,
    /// Writes taken.
    pub writes: u32,
}

/// What only lives as long as the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// For each client and key, what it had read when it was last answered here.
    pub sessions: SortedMap<(NodeId, u32), Clock>,
    /// The same for the two older ways.
    pub beside: SortedMap<(NodeId, u32), (Clock, Clock)>,
}

/// A broadcast with the time VT(m) of its sender.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cast {
    /// Who broadcasts.
    pub from: NodeId,
    /// VT(m); the sender's own count is the broadcast's number.
    pub vt: Clock,
}

impl Cast {
    /// Its number among its sender's, from 1.
    pub fn nth(&self) -> u64 {
        self.vt.get(&self.from)
    }
}

/// A version's value and its name: the server that took the write, and its how many-th.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Written {
    /// Where, and the how many-th there.
    pub id: (NodeId, u32),
    /// What.
    pub value: i64,
}

/// A key's versions: dotted, or, for the mutant, under one vector for all siblings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Each version with its dot and context.
    pub dotted: Siblings<NodeId, Written>,
    /// With the mutant `one-vector`: all siblings under one.
    pub flat: OneVector<NodeId, Written>,
}

impl Entry {
    /// The values, whichever way they are kept.
    pub fn values(&self) -> impl Iterator<Item = &Written> {
        self.dotted.versions().iter().map(|(_, w)| w).chain(self.flat.values())
    }
    /// What a reader of all of it has read.
    pub fn context(&self) -> Clock {
        let mut all = self.dotted.context();
        all.merge(self.flat.context());
        all
    }
}

/// A key's versions as they were kept before dots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Beside {
    /// One vector for all, counting what servers took; it takes no more once it has
    /// [`MOST_BESIDE`] siblings.
    pub one: OneVector<NodeId, Written>,
    /// A vector a version, counting what clients wrote.
    pub by: ByClient<NodeId, Written>,
}

/// Siblings that are kept to compare with, at most; Riak stops at 100 (`max_siblings`).
pub const MOST_BESIDE: usize = 48;

/// What processes say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// Only a message.
    Plain,
    /// A broadcast, or the acknowledgement of some.
    Cast(Packet<Cast>),
    /// A key's versions.
    Gossip { key: u32, entry: Entry, beside: Option<Box<Beside>> },
}

/// A message with the sender's vector clock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// The clock of the sending.
    pub clock: Clock,
    /// What it says.
    pub body: Body,
}

/// The timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// An event of its own.
    Act,
    /// A broadcast was not acknowledged.
    Resend,
}

impl TimerName for Timer {
    const ALL: &'static [(Self, &'static str)] =
        &[(Timer::Act, "next event"), (Timer::Resend, "resend")];
}

/// What a client may ask of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// An event of its own.
    Local,
    /// Send to this process.
    Send { to: u32 },
    /// Broadcast.
    Broadcast,
    /// Read a key: all its siblings.
    Get { key: u32 },
    /// Write a key, having read what this server last answered.
    Put { key: u32, value: i64 },
    /// Hand a key's versions to this process now.
    Gossip { key: u32, to: u32 },
}

/// What it is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// The clock of the event.
    Clock(Clock),
    /// The siblings, and the context of who has read them.
    Values(Vec<i64>, Clock),
}

/// Numbers of the mutants, places in [`MUTANTS`].
mod mutant {
    pub const NO_MERGE: u8 = 0;
    pub const RECEIPT_UNCOUNTED: u8 = 1;
    pub const AT_ONCE: u8 = 2;
    pub const ONE_VECTOR: u8 = 3;
    pub const LAST_WINS: u8 = 4;
    pub const PRUNE: u8 = 5;
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "no-merge",
        what: "What if a receiver did not take over what the sender knew?",
        breaks: "order-is-reachability",
    },
    Mutant {
        id: "receipt-uncounted",
        what: "What if a receipt were not counted as an event?",
        breaks: "order-is-reachability",
    },
    Mutant {
        id: "at-once",
        what: "What if broadcasts were delivered as they come?",
        breaks: "causal-delivery",
    },
    Mutant {
        id: "one-vector",
        what: "What if one version vector stood for all siblings of a key?",
        breaks: "no-false-concurrency",
    },
    Mutant {
        id: "last-wins",
        what: "What if a write simply replaced what was there?",
        breaks: "no-lost-write",
    },
    Mutant {
        id: "prune",
        what: "What if all but one place of a context were thrown away, to keep it short?",
        breaks: "no-false-concurrency",
    },
];

const PROPERTIES: &[Property<Vector>] = &[
    Property {
        id: "order-is-reachability",
        title: "Order is reachability",
        claim: "For any events a, b: V(a) < V(b) if and only if a happened before b.",
        cite: "Mattern 1989, theorem 10; Fidge 1988",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.disorder.clone(),
    },
    Property {
        id: "causal-delivery",
        title: "Causal delivery",
        claim: "If the sending of m happened before that of m', every process delivers m before m'.",
        cite: "Birman, Schiper, Stephenson 1991, section 3",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.early.clone(),
    },
    Property {
        id: "no-false-concurrency",
        title: "No false concurrency",
        claim: "Of two siblings, neither's writer had read the other.",
        cite: "Preguica et al. 2010, section 3: dotted version vectors track causality among concurrent writes exactly",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.false_siblings.clone(),
    },
    Property {
        id: "no-lost-write",
        title: "No lost write",
        claim: "A version goes only for one whose writer had read it.",
        cite: "Preguica et al. 2010, section 2; DeCandia et al. 2007, section 4.4",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.lost.clone(),
    },
];

impl Protocol for Vector {
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

    fn boot(cx: &mut Context<Self>, kept: &Kept) -> State {
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

    fn size(message: &Message) -> u32 {
        // What a vector costs: it grows with the processes heard of.
        60 + 8 * message.clock.len() as u32
    }
}

//! Eventual consistency: every server answers at once from what it has, and news travels by itself.
//!
//! *Models*: the epidemics of Demers et al.: a new update is a rumour that its server spreads while
//! it is hot, by push, by pull or both, to a few others each period, until it has met too many that
//! know it (feedback) or has been told often enough (blind), by a counter or by a coin. Anti-entropy
//! compares whole stores with somebody, and finds what rumours have missed. What two servers know
//! is merged by a rule: the last writer wins, all concurrent values stay, or there is no rule.
//!
//! *Leaves out*: deletes and their death certificates, spatial distributions, hunting for another
//! partner; a read repairs nothing.
//!
//! *Checks*: strong eventual convergence; that an acknowledged update is not forgotten. Convergence
//! itself is a liveness claim, which no finite run refutes: how far apart servers are is measured.
//!
//! *Papers*: Demers et al.: Epidemic Algorithms for Replicated Database Maintenance, PODC 1987;
//! Shapiro, Preguica, Baquero, Zawirski: Conflict-free Replicated Data Types, SSS 2011; Vogels:
//! Eventually Consistent, 2008.

mod cell;
mod knobs;
mod observer;
mod rules;
mod show;
mod stories;
#[cfg(test)]
mod tests;

pub use cell::{Cell, Heard, Id};
pub use knobs::{Config, Merge, Spread};
pub use observer::Observer;

use super::catalog::{self, Other, Preset, Scene};
use super::sessions::Sessions;
use crate::core::config::{Clients, Common, Knob};
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::{Context, Mutant, Node, Property, Protocol, Seen, TimerName};
use crate::core::sorted::SortedMap;
use crate::core::view::Layout;

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Eventual;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "eventual",
    title: "Eventual consistency",
    family: "Consistency",
    line: "Stop writing, and all will agree: nobody says when, or what you read until then.",
    seed_phrases: &["Eventual Consistency", "DynamoDB, Cassandra"],
    sources: &[
        "Demers et al.: Epidemic Algorithms for Replicated Database Maintenance, PODC 1987",
        "Vogels: Eventually Consistent, 2008",
        "Shapiro, Preguica, Baquero, Zawirski: Conflict-free Replicated Data Types, SSS 2011",
    ],
    leaves_out: "Deletes and death certificates, spatial distributions, repair by reads.",
    layout: Layout::Circle,
    presets: PRESETS,
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| match setup.preset == DYNAMODB {
        true => catalog::make::<Sessions>(PRESETS, setup),
        false => catalog::make::<Eventual>(PRESETS, setup),
    },
    info: catalog::info::<Eventual>,
    others: OTHERS,
};

const DYNAMODB: &str = "dynamodb-eventual";

const OTHERS: &[Other] = &[(DYNAMODB, catalog::info::<Sessions>)];

const PRESETS: &[Preset] = &[
    Preset {
        id: "rumours",
        title: "Rumours, and anti-entropy behind",
        version: "1987",
        source: "Demers et al. 1987, sections 1.4 and 1.5: push with feedback, a coin of 1/k with k = 1; anti-entropy, push-pull, finds the rest",
        values: &[("nodes", 6)],
    },
    Preset {
        id: "anti-entropy",
        title: "Anti-entropy alone",
        version: "1987",
        source: "Demers et al. 1987, section 1.3: whole databases are compared and resolved, push-pull",
        values: &[("nodes", 6), ("gossip.rumours", 0)],
    },
    Preset {
        id: "cassandra-one",
        title: "Cassandra, level ONE",
        version: "trunk",
        source: "CQL consistency level ONE: one replica answers, a write goes to all at once; the last write wins by time; cassandra.yaml: hints are flushed every 10 s, for which an exchange stands here",
        values: &[
            ("nodes", 3),
            ("gossip.rumours", 0),
            ("gossip.eager", 1),
            ("gossip.exchange", 1),
            ("gossip.exchange-every", 10_000_000),
        ],
    },
    Preset {
        id: DYNAMODB,
        title: "DynamoDB, eventually consistent reads",
        version: "2025",
        source: "DynamoDB Developer Guide, Read consistency: eventually consistent reads are the default. Modelled as three copies, one of which takes the writes, and any of which answers a read",
        values: &[
            ("nodes", 3),
            ("session.primary", 1),
            ("session.push", 1),
            ("session.ryw", 0),
            ("session.mr", 0),
            ("session.wfr", 0),
            ("session.mw", 0),
        ],
    },
];

/// An update while it is hot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rumour {
    /// Its name.
    pub id: Id,
    /// What it is about.
    pub key: u32,
    /// What it says.
    pub cell: Cell,
}

/// On disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Durable {
    /// What each key holds.
    pub store: SortedMap<u32, Cell>,
    /// The updates that this server has heard of.
    pub heard: Heard,
    /// The last write taken from each client: what comes again is not taken again.
    pub served: SortedMap<NodeId, u32>,
}

/// Lost in a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// Rumours that this server spreads, and how often it was tired of each.
    pub hot: SortedMap<Id, (Rumour, u8)>,
}

/// What servers say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// Have you heard?
    Rumours(Vec<Rumour>),
    /// What is new? (pull)
    AnyNews,
    /// These I knew already (feedback).
    Known(Vec<Id>),
    /// All I have.
    Store {
        /// Each key.
        store: SortedMap<u32, Cell>,
        /// Which updates are in it.
        heard: Heard,
        /// The receiver shall send its own in return.
        answer: bool,
    },
    /// Send me all you have.
    SendStore,
}

/// Timers of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Tell what is hot, or ask for it.
    Rumours,
    /// Compare all with somebody.
    Exchange,
}

impl TimerName for Timer {
    const ALL: &'static [(Self, &'static str)] =
        &[(Timer::Rumours, "spread rumours"), (Timer::Exchange, "anti-entropy")];
}

/// What clients ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// What a key holds.
    Get { key: u32 },
    /// Set a key.
    Put { key: u32, value: i64 },
}

/// What they are told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// Written, as this update.
    Done(Id),
    /// What the key holds here.
    Holds(Cell),
}

/// Numbers of the mutants, places in [`MUTANTS`].
pub mod mutant {
    pub const LAST_ARRIVAL_WINS: u8 = 0;
    pub const HEARD_NOT_MERGED: u8 = 1;
    pub const EARLY_ACK: u8 = 2;
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "last-arrival-wins",
        what: "What if what arrives last replaced what is there, whatever the merge rule says?",
        breaks: "strong-eventual",
    },
    Mutant {
        id: "heard-not-merged",
        what: "What if an exchange took over the list of updates before their values?",
        breaks: "strong-eventual",
    },
    Mutant {
        id: "early-ack",
        what: "What if a write were acknowledged before it is on disk?",
        breaks: "acknowledged-is-kept",
    },
];

impl Protocol for Eventual {
    type Config = Config;
    type State = State;
    type Durable = Durable;
    type Message = Message;
    type Timer = Timer;
    type Op = Op;
    type Ret = Ret;
    type Observer = Observer;
    type Token = ();

    fn boot(cx: &mut Context<Self>, _durable: &Durable) -> State {
        rules::start(cx)
    }

    fn on_message(node: &mut Node<Self>, cx: &mut Context<Self>, from: NodeId, message: Message) {
        match message {
            Message::Rumours(all) => rules::hear(node, cx, from, all),
            Message::AnyNews => rules::tell(node, cx, &[from]),
            Message::Known(ids) => rules::tire(node, cx, &ids),
            Message::Store { store, heard, answer } => {
                rules::compare(node, cx, from, &store, &heard, answer);
            }
            Message::SendStore => rules::send_store(node, cx, from, false),
        }
    }

    fn on_timer(node: &mut Node<Self>, cx: &mut Context<Self>, timer: Timer) {
        match timer {
            Timer::Rumours => rules::period(node, cx),
            Timer::Exchange => rules::exchange(node, cx),
        }
    }

    fn on_op(node: &mut Node<Self>, cx: &mut Context<Self>, id: OpId, op: Op) {
        match op {
            Op::Get { key } => rules::read(node, cx, id, key),
            Op::Put { key, value } => rules::write(node, cx, id, key, value),
        }
    }

    // A client that repeats a write elsewhere would write it twice; one that moves sees how far
    // apart servers are.
    fn common() -> Common {
        let common = Common::default();
        let client = Clients {
            retry: 0,
            keys: 1,
            reads: 700_000,
            interval: 200_000,
            stickiness: 0,
            ..common.client
        };
        Common { nodes: 6, clients: 2, client, ..common }
    }

    fn knobs() -> &'static [Knob<Config>] {
        knobs::KNOBS
    }

    fn mutants() -> &'static [Mutant] {
        MUTANTS
    }

    fn properties() -> &'static [Property<Self>] {
        observer::PROPERTIES
    }

    fn observe(observer: &mut Observer, seen: &Seen<Self>) {
        observer.see(seen);
    }

    fn outside(_common: &Common, cfg: &Config) -> Option<&'static str> {
        if cfg.merge == Merge::None {
            return Some("nothing says which of two values stays, so servers need never agree");
        }
        (cfg.exchange == Spread::Off || cfg.exchange_every == 0)
            .then_some("without anti-entropy a server may never hear of an update")
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
        match message {
            Message::Rumours(all) => 20 + 40 * all.len() as u32,
            Message::Known(ids) => 20 + 8 * ids.len() as u32,
            Message::Store { store, .. } => 60 + 40 * store.len() as u32,
            Message::AnyNews | Message::SendStore => 20,
        }
    }
}

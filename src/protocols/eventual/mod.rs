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
mod hero;
mod knobs;
mod observer;
mod rules;
mod show;
mod stories;
#[cfg(test)]
mod tests;

pub use cell::{Heard, KeyState, UpdateId};
pub use knobs::{Config, GossipStyle, Merge};
pub use observer::Observer;

use super::catalog::{self, Info, Other, Scene};
use super::sessions::Sessions;
use crate::core::config::{Clients, Common};
use crate::core::declare::*;
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::{Context, Node, Protocol, Seen};
use crate::core::sorted::SortedMap;
use crate::core::view::{Layout, Lens};
use observer::PROPERTIES;

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Eventual;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "eventual",
    title: "Eventual consistency",
    family: "Consistency",
    line: "Stop writing, and all replicas agree in the end. Nobody says when, or what you read until then.",
    seed_phrases: &["Eventual Consistency", "DynamoDB, Cassandra"],
    sources: &[
        "Demers et al.: Epidemic Algorithms for Replicated Database Maintenance, PODC 1987",
        "Vogels: Eventually Consistent, 2008",
        "Shapiro, Preguica, Baquero, Zawirski: Conflict-free Replicated Data Types, SSS 2011",
    ],
    leaves_out: "Deletes and death certificates, spatial distributions, repair by reads.",
    layout: Layout::Circle,
    presets: PRESETS,
    hero: hero::HERO,
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

const LENSES: &[Lens] = &[Lens::Convergence, Lens::History];

const OTHERS: &[Other] = &[(DYNAMODB, copies)];

fn copies() -> Info {
    Info { lenses: LENSES, ..catalog::info::<Sessions>() }
}

presets! {
    PRESETS:
    "rumours" "Rumours, and anti-entropy behind", "1987",
        "Demers et al. 1987, sections 1.4 and 1.5: push with feedback, a coin of 1/k with k = 1; anti-entropy, push-pull, finds the rest":
        "nodes" = 6;
    "anti-entropy" "Anti-entropy alone", "1987",
        "Demers et al. 1987, section 1.3: whole databases are compared and resolved, push-pull":
        "nodes" = 6, "gossip.rumours" = 0;
    "cassandra-one" "Cassandra, level ONE", "trunk",
        "CQL consistency level ONE: one replica answers, a write goes to all at once; the last write wins by time; cassandra.yaml: hints are flushed every 10 s, for which an exchange stands here":
        "nodes" = 3, "gossip.rumours" = 0, "gossip.eager" = 1, "gossip.exchange" = 1, "gossip.exchange-every" = 10_000_000;
    DYNAMODB "DynamoDB, eventually consistent reads", "2025",
        "DynamoDB Developer Guide, Read consistency: eventually consistent reads are the default. Modelled as three copies, one of which takes the writes, and any of which answers a read":
        "nodes" = 3, "session.primary" = 1, "session.push" = 1, "session.ryw" = 0, "session.mr" = 0, "session.wfr" = 0, "session.mw" = 0;
}

data! {
    /// An update while it is hot.
    pub struct Rumour {
        /// Its name.
        pub id: UpdateId as fixed,
        /// What it is about.
        pub key: u32 as key,
        /// What it says.
        pub cell: KeyState as text,
    }

    /// On disk.
    #[derive(Default)]
    pub struct Durable {
        /// What each key holds.
        pub store: SortedMap<u32, KeyState>,
        /// The updates that this server has heard of.
        pub heard: Heard,
        /// The last write taken from each client: what comes again is not taken again.
        pub served: SortedMap<NodeId, u32>,
    }

    /// Lost in a crash.
    #[derive(Default)]
    pub struct State {
        /// Rumours that this server spreads, and how often it was tired of each.
        pub hot: SortedMap<UpdateId, (Rumour, u8)>,
    }
}

messages! {
    /// What servers say.
    pub enum Message {
        /// Have you heard?
        Rumours ["Rumours", Gossip] (Vec<Rumour>),
        /// What is new? (pull)
        AnyNews ["Any news?", Vote],
        /// These I knew already (feedback).
        Known ["Known", Ack, reply] (Vec<UpdateId>),
        /// All I have.
        Store ["Store", Replicate] {
            /// Each key.
            store: SortedMap<u32, KeyState> as keyed,
            /// Which updates are in it.
            heard: Heard,
            /// The receiver shall send its own in return.
            answer: bool as fixed,
        },
        /// Send me all you have.
        SendStore ["Send store", Vote],
    }
}

timers! {
    /// Timers of a server.
    pub enum Timer {
        /// Tell what is hot, or ask for it.
        Rumours = "spread rumours",
        /// Compare all with somebody.
        Exchange = "anti-entropy",
    }
}

operations! {
    /// What clients ask.
    #[derive(Copy)]
    pub enum Op {
        /// What a key holds.
        "get" Get { key: u32 = key },
        /// Set a key.
        "put" Put { key: u32 = key, value: i64 = value },
    }
}

data! {
    /// What they are told.
    pub enum Ret {
        /// Written, as this update.
        Done(UpdateId),
        /// What the key holds.
        Holds(KeyState),
    }
}

mutants! {
    LAST_ARRIVAL_WINS "last-arrival-wins" breaks "strong-eventual":
        "What if what arrives last replaced what is there, whatever the merge rule says?";
    HEARD_NOT_MERGED "heard-not-merged" breaks "strong-eventual":
        "What if an exchange took over the list of updates before their values?";
    EARLY_ACK "early-ack" breaks "acknowledged-is-kept":
        "What if a write were acknowledged before it is on disk?";
}

impl Protocol for Eventual {
    usual_parts! {}
    rewrites! {}

    // Where the last writer wins, the server's number decides between writes of one time.
    fn kind(cfg: &Config, _: &Common, _: NodeId) -> Option<u16> {
        (cfg.merge != Merge::LastWriter).then_some(0)
    }

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

    fn outside(_common: &Common, cfg: &Config) -> Option<&'static str> {
        if cfg.merge == Merge::None {
            return Some("nothing says which of two values stays, so servers need never agree");
        }
        (cfg.exchange == GossipStyle::Off || cfg.exchange_every == 0)
            .then_some("without anti-entropy a server may never hear of an update")
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
            Message::Rumours(all) => 20 + 40 * all.len() as u32,
            Message::Known(ids) => 20 + 8 * ids.len() as u32,
            Message::Store { store, .. } => 60 + 40 * store.len() as u32,
            Message::AnyNews | Message::SendStore => 20,
        }
    }
}

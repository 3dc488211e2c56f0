//! Session guarantees: a client that talks to one replica and then to another carries a token, so
//! that it finds there what it has written and read before.
//!
//! *Models*: replicas with a register a key. Each takes reads and writes, or one of them, the
//! primary, takes all writes. A write's version is a Lamport time and its server; a replica sums up
//! what it has in a version vector, and anti-entropy hands over what the other lacks, all at once.
//! A session keeps a read vector and a write vector, and each guarantee is a comparison: a server
//! that does not include the vector asked for waits, sends elsewhere, or refuses.
//!
//! *Leaves out*: Bayou's tentative and committed writes and its merge procedures (the newer version
//! stays); several keys in one operation; promotion of another primary.
//!
//! *Checks*: each of the four guarantees by itself; that together they are causal memory; that
//! servers that have seen the same writes hold the same values.
//!
//! *Papers*: Terry, Demers, Petersen, Spreitzer, Theimer, Welch: Session Guarantees for Weakly
//! Consistent Replicated Data, PDIS 1994; Brzezinski, Sobaniec, Wawrzyniak: From Session Causality
//! to Causal Consistency, PDP 2004.

mod hero;
mod knobs;
mod properties;
mod rules;
mod show;
mod stories;
#[cfg(test)]
mod tests;

pub use knobs::{Config, Stale};
pub use properties::Observer;

use super::catalog::{self, Scene};
use crate::algo::clocks::VectorClock;
use crate::check::history::sessions;
use crate::core::config::{Balance, Clients, Common};
use crate::core::declare::*;
use crate::core::ids::{NodeId, NodeSet, OpId};
use crate::core::protocol::{Context, Node, Protocol, Seen};
use crate::core::sorted::SortedMap;
use crate::core::view::Layout;
use properties::PROPERTIES;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sessions;

/// For each server, the time of its last write that is included.
pub type SessionVector = VectorClock<NodeId>;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "sessions",
    title: "Four session guarantees",
    family: "Consistency",
    line: "Your comment is there, then gone, then back: a small token would have prevented it.",
    seed_phrases: &["Read-Your-Writes", "Session consistency"],
    sources: &[
        "Terry et al.: Session Guarantees for Weakly Consistent Replicated Data, PDIS 1994",
        "Brzezinski, Sobaniec, Wawrzyniak: From Session Causality to Causal Consistency, PDP 2004",
        "Kleppmann: Designing Data-Intensive Applications, 2017, chapter 5: Problems with Replication Lag",
    ],
    leaves_out: "Tentative writes and merge procedures, operations on several keys, promotion of another primary.",
    layout: Layout::Circle,
    presets: PRESETS,
    hero: hero::HERO,
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| catalog::make::<Sessions>(PRESETS, setup),
    info: catalog::info::<Sessions>,
    others: &[],
};

presets! {
    PRESETS:
    "bayou" "Bayou, all four guarantees", "1994",
        "Terry et al. 1994, sections 3 and 5: any server takes reads and writes; a read vector and a write vector a session":
        "nodes" = 3;
    "cosmos-session" "Azure Cosmos DB, level Session", "2024",
        "Azure Cosmos DB documentation, Consistency levels: Session is the default of five; a replica without the token's data sends the read to another; four replicas a region, modelled with one that takes the writes":
        "nodes" = 4, "session.primary" = 1, "session.push" = 1, "session.stale" = 2;
    "postgres-lsn" "PostgreSQL, waiting for an LSN", "19",
        "PostgreSQL 19 documentation, WAIT FOR LSN (mode standby_replay) with the LSN of one's last write; up to 18 an application polls pg_last_wal_replay_lsn(). Reads do not move the LSN":
        "nodes" = 2, "session.primary" = 1, "session.push" = 1, "session.mr" = 0, "session.wfr" = 0, "session.mw" = 0;
    "postgres-remote-apply" "PostgreSQL, remote_apply", "16",
        "PostgreSQL documentation, synchronous_commit = remote_apply: a commit waits until the synchronous standby has applied it":
        "nodes" = 2, "session.primary" = 1, "session.push" = 1, "session.confirm" = 1, "session.ryw" = 0, "session.mr" = 0, "session.wfr" = 0, "session.mw" = 0;
    "mongodb-causal" "MongoDB, causal session", "3.6",
        "MongoDB manual, Causal Consistency and Read and Write Concerns: with majority both ways a causally consistent session has all four; a server waits until it has reached afterClusterTime":
        "nodes" = 3, "session.primary" = 1, "session.push" = 1, "session.confirm" = 1;
}

data! {
    /// A write's name and place: the Lamport time at the server that took it.
    #[derive(Copy, PartialOrd, Ord)]
    pub struct WriteVersion {
        /// Later than all that the server knew of.
        pub time: u64,
        /// Who took it.
        pub server: NodeId as fixed,
        /// For whom.
        pub by: OpId,
        /// What.
        pub value: i64,
    }

    /// On disk.
    #[derive(Default)]
    pub struct Durable {
        /// The newest version of each key.
        pub store: SortedMap<u32, WriteVersion>,
        /// What it has seen: all writes of each server up to a time.
        pub seen: SessionVector,
        /// The last write taken from each client: what comes again is not taken again.
        pub served: SortedMap<NodeId, u32>,
    }

    /// A session's token: the two vectors of Terry et al., section 5.1.
    #[derive(Default)]
    pub struct Token {
        /// What it has written.
        pub wrote: SessionVector,
        /// What it has read.
        pub read: SessionVector,
    }
}

impl sessions::SessionVersion for WriteVersion {
    fn value(&self) -> i64 {
        self.value
    }
    fn by(&self) -> OpId {
        self.by
    }
}

/// An operation that waits until the server is fresh enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingOp {
    /// Whose.
    pub id: OpId,
    /// What.
    pub op: Op,
    /// Given up then, by the server's clock.
    pub until: i64,
}

// When it is given up is the timer's business.
impl Hash for WaitingOp {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.id, &self.op).hash(h);
    }
}

/// Lost in a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// What waits, in the order in which it came.
    pub waiting: VecDeque<WaitingOp>,
    /// Writes that others have yet to confirm, and who has.
    pub unconfirmed: SortedMap<OpId, (WriteVersion, NodeSet)>,
    /// Where staleness is bounded: writes that some lack, when they were taken, and who has them.
    pub behind: VecDeque<(u64, i64, NodeSet)>,
}

rewrite!(WaitingOp { op });
rewrite!(State { waiting, unconfirmed, behind });

messages! {
    /// What servers say.
    pub enum Message {
        /// This is what I have seen; `back` asks for no question in return.
        Ask ["Ask", Gossip] {
            /// All of it.
            seen: SessionVector,
            /// It answers a question, or confirms.
            back: bool as fixed,
        },
        /// What you lack, to be taken over all at once.
        Update ["Update", Replicate] {
            /// The newest versions, as far as you lack them.
            versions: Vec<(u32, WriteVersion)> as keyed,
            /// What the sender has seen.
            seen: SessionVector,
        },
    }
}

timers! {
    /// Timers of a server.
    pub enum Timer {
        /// Ask somebody for what is new.
        Gossip = "anti-entropy",
        /// What waits longest has waited long enough.
        Patience = "waited long enough",
    }
}

operations! {
    /// What clients ask; `wrote` and `read` are what their token says must be there.
    pub enum Op {
        /// The value of a key.
        "get" Get { key: u32 = key, wrote: SessionVector, read: SessionVector },
        /// Set a key.
        "put" Put { key: u32 = key, value: i64 = value, wrote: SessionVector, read: SessionVector },
    }
}

data! {
    /// What they are told.
    #[derive(Copy)]
    pub enum Ret {
        /// Written, as this version.
        Done(WriteVersion),
        /// What the key holds.
        Value(Option<WriteVersion>),
    }
}

mutants! {
    ONE_NUMBER "one-number" breaks "read-your-writes":
        "What if a server compared only the largest number of the token with its own?";
    LATE_ANSWER "late-answer" breaks "monotonic-reads":
        "What if a server answered a read from what it has once it has waited long enough?";
    NEWEST_ONLY "newest-only" breaks "writes-follow-reads":
        "What if a server handed over its newest write alone?";
    READS_ONLY "reads-only" breaks "monotonic-writes":
        "What if only reads had to wait for what the token says?";
    OWN_COUNT "own-count" breaks "causal":
        "What if a server numbered its writes without regard to those of others?";
    LAST_ARRIVAL_WINS "last-arrival-wins" breaks "convergence":
        "What if the write that arrives last won, whatever its version?";
}

impl Protocol for Sessions {
    usual_parts! { Token = Token; }
    rewrites! {}

    // With one primary all writes are its own. Without one, the server's number decides between
    // writes of one time.
    fn kind(cfg: &Config, _: &Common, me: NodeId) -> Option<u16> {
        cfg.primary.then_some(me.0.min(1))
    }

    fn boot(cx: &mut Context<Self>, _durable: &Durable) -> State {
        rules::start(cx)
    }

    fn on_message(node: &mut Node<Self>, cx: &mut Context<Self>, from: NodeId, message: Message) {
        match message {
            Message::Ask { seen, back } => rules::asked(node, cx, from, &seen, back),
            Message::Update { versions, seen } => rules::update(node, cx, from, versions, &seen),
        }
    }

    fn on_timer(node: &mut Node<Self>, cx: &mut Context<Self>, timer: Timer) {
        match timer {
            Timer::Gossip => rules::gossip(node, cx),
            Timer::Patience => rules::give_up(node, cx),
        }
    }

    fn on_op(node: &mut Node<Self>, cx: &mut Context<Self>, id: OpId, op: Op) {
        rules::request(node, cx, id, op);
    }

    // A client that repeats a write elsewhere would write it twice.
    fn common() -> Common {
        let common = Common::default();
        let client = Clients {
            retry: 0,
            keys: 2,
            reads: 600_000,
            stickiness: 0,
            balance: Balance::RoundRobin,
            ..common.client
        };
        Common { nodes: 3, clients: 3, client, ..common }
    }

    // One primary orders all writes, so that those need not ask.
    fn promises(_common: &Common, cfg: &Config, property: &str) -> bool {
        let (wfr, mw) = (cfg.wfr || cfg.primary, cfg.mw || cfg.primary);
        match property {
            "read-your-writes" => cfg.ryw,
            "monotonic-reads" => cfg.mr,
            "writes-follow-reads" => wfr,
            "monotonic-writes" => mw,
            "causal" => cfg.ryw && cfg.mr && wfr && mw,
            _ => true,
        }
    }

    fn outside(common: &Common, cfg: &Config) -> Option<&'static str> {
        // A commit that every standby has applied is everywhere; with one primary its order is the
        // only one.
        let everywhere = cfg.primary && cfg.confirm + 1 >= u32::from(common.nodes);
        if !cfg.ryw && !everywhere {
            return Some("sessions do not ask for their own writes");
        }
        if !cfg.mr {
            return Some("sessions do not ask for what they have read");
        }
        if cfg.primary {
            return None;
        }
        if !cfg.wfr {
            return Some("a write does not ask for what its session has read");
        }
        (!cfg.mw).then_some("a write does not ask for what its session has written")
    }

    // On a map, the nearest copy answers.
    fn anywhere(cfg: &Config, op: &Op) -> bool {
        cfg.primary && !cfg.lead && matches!(op, Op::Get { .. })
    }

    fn carry(cfg: &Config, token: &Token, op: Op) -> Op {
        let only = |on: bool, vector: &SessionVector| {
            if on { vector.clone() } else { SessionVector::new() }
        };
        match op {
            Op::Get { key, .. } => {
                let (wrote, read) = (only(cfg.ryw, &token.wrote), only(cfg.mr, &token.read));
                Op::Get { key, wrote, read }
            }
            Op::Put { key, value, .. } => {
                let (wrote, read) = (only(cfg.mw, &token.wrote), only(cfg.wfr, &token.read));
                Op::Put { key, value, wrote, read }
            }
        }
    }

    fn learn(cfg: &Config, token: &mut Token, _op: &Op, ret: &Ret) {
        let add = |vector: &mut SessionVector, v: &WriteVersion| {
            let time = v.time.max(vector.get(&v.server));
            vector.set(v.server, time);
        };
        match ret {
            Ret::Done(version) if cfg.ryw || cfg.mw => add(&mut token.wrote, version),
            Ret::Value(Some(version)) if cfg.mr || cfg.wfr => add(&mut token.read, version),
            _ => {}
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
        match message {
            Message::Ask { seen, .. } => 20 + 12 * seen.len() as u32,
            Message::Update { versions, seen } => {
                20 + 12 * seen.len() as u32 + 30 * versions.len() as u32
            }
        }
    }
}

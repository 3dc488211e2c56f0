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

mod knobs;
mod properties;
mod rules;
mod show;
mod stories;
#[cfg(test)]
mod tests;

pub use knobs::{Config, Stale};
pub use properties::Observer;

use super::catalog::{self, Preset, Scene};
use crate::algo::clocks::VectorClock;
use crate::check::history::sessions;
use crate::core::config::{Balance, Clients, Common, Knob};
use crate::core::ids::{NodeId, NodeSet, OpId};
use crate::core::protocol::{Context, Mutant, Node, Property, Protocol, Seen, TimerName};
use crate::core::sorted::SortedMap;
use crate::core::view::Layout;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sessions;

/// For each server, the time of its last write that is included.
pub type Vector = VectorClock<NodeId>;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "sessions",
    title: "Four session guarantees",
    family: "Consistency",
    line: "Your comment is there, then gone, then back: a token in your pocket would have told.",
    seed_phrases: &["Read-Your-Writes", "Session consistency"],
    sources: &[
        "Terry et al.: Session Guarantees for Weakly Consistent Replicated Data, PDIS 1994",
        "Brzezinski, Sobaniec, Wawrzyniak: From Session Causality to Causal Consistency, PDP 2004",
        "Kleppmann: Designing Data-Intensive Applications, 2017, chapter 5: Problems with Replication Lag",
    ],
    leaves_out: "Tentative writes and merge procedures, operations on several keys, promotion of another primary.",
    layout: Layout::Circle,
    presets: PRESETS,
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| catalog::make::<Sessions>(PRESETS, setup),
    info: catalog::info::<Sessions>,
    others: &[],
};

const PRESETS: &[Preset] = &[
    Preset {
        id: "bayou",
        title: "Bayou, all four guarantees",
        version: "1994",
        source: "Terry et al. 1994, sections 3 and 5: any server takes reads and writes; a read vector and a write vector a session",
        values: &[("nodes", 3)],
    },
    Preset {
        id: "cosmos-session",
        title: "Azure Cosmos DB, level Session",
        version: "2024",
        source: "Azure Cosmos DB documentation, Consistency levels: Session is the default of five; a replica without the token's data sends the read to another; four replicas a region, modelled with one that takes the writes",
        values: &[("nodes", 4), ("session.primary", 1), ("session.push", 1), ("session.stale", 2)],
    },
    Preset {
        id: "postgres-lsn",
        title: "PostgreSQL, waiting for an LSN",
        version: "19",
        source: "PostgreSQL 19 documentation, WAIT FOR LSN (mode standby_replay) with the LSN of one's last write; up to 18 an application polls pg_last_wal_replay_lsn(). Reads do not move the LSN",
        values: &[
            ("nodes", 2),
            ("session.primary", 1),
            ("session.push", 1),
            ("session.mr", 0),
            ("session.wfr", 0),
            ("session.mw", 0),
        ],
    },
    Preset {
        id: "postgres-remote-apply",
        title: "PostgreSQL, remote_apply",
        version: "16",
        source: "PostgreSQL documentation, synchronous_commit = remote_apply: a commit waits until the synchronous standby has applied it",
        values: &[
            ("nodes", 2),
            ("session.primary", 1),
            ("session.push", 1),
            ("session.confirm", 1),
            ("session.ryw", 0),
            ("session.mr", 0),
            ("session.wfr", 0),
            ("session.mw", 0),
        ],
    },
    Preset {
        id: "mongodb-causal",
        title: "MongoDB, causal session",
        version: "3.6",
        source: "MongoDB manual, Causal Consistency and Read and Write Concerns: with majority both ways a causally consistent session has all four; a server waits until it has reached afterClusterTime",
        values: &[
            ("nodes", 3),
            ("session.primary", 1),
            ("session.push", 1),
            ("session.confirm", 1),
        ],
    },
];

/// A write's name and place: the Lamport time at the server that took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Later than all that the server knew of.
    pub time: u64,
    /// Who took it.
    pub server: NodeId,
    /// For whom.
    pub by: OpId,
    /// What.
    pub value: i64,
}

impl sessions::Version for Version {
    fn value(&self) -> i64 {
        self.value
    }
    fn by(&self) -> OpId {
        self.by
    }
}

/// On disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Durable {
    /// The newest version of each key.
    pub store: SortedMap<u32, Version>,
    /// What it has seen: all writes of each server up to a time.
    pub seen: Vector,
    /// The last write taken from each client: what comes again is not taken again.
    pub served: SortedMap<NodeId, u32>,
}

/// An operation that waits until the server is fresh enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Whose.
    pub id: OpId,
    /// What.
    pub op: Op,
    /// Given up then, by the server's clock.
    pub until: i64,
}

// When it is given up is the timer's business.
impl Hash for Waiting {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.id, &self.op).hash(h);
    }
}

/// Lost in a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// What waits, in the order in which it came.
    pub waiting: VecDeque<Waiting>,
    /// Writes that others have yet to confirm, and who has.
    pub unconfirmed: SortedMap<OpId, (Version, NodeSet)>,
}

/// What servers say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// This is what I have seen; `back` asks for no question in return.
    Ask {
        /// All of it.
        seen: Vector,
        /// It answers a question, or confirms.
        back: bool,
    },
    /// What you lack, to be taken over all at once.
    Update {
        /// The newest versions, as far as you lack them.
        versions: Vec<(u32, Version)>,
        /// What the sender has seen.
        seen: Vector,
    },
}

/// Timers of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Ask somebody for what is new.
    Gossip,
    /// What waits longest has waited long enough.
    Patience,
}

impl TimerName for Timer {
    const ALL: &'static [(Self, &'static str)] =
        &[(Timer::Gossip, "anti-entropy"), (Timer::Patience, "waited long enough")];
}

/// What clients ask; `wrote` and `read` are what their token says must be there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// The value of a key.
    Get { key: u32, wrote: Vector, read: Vector },
    /// Set a key.
    Put { key: u32, value: i64, wrote: Vector, read: Vector },
}

/// What they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// Written, as this version.
    Done(Version),
    /// What the key holds.
    Value(Option<Version>),
}

/// A session's token: the two vectors of Terry et al., section 5.1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Token {
    /// What it has written.
    pub wrote: Vector,
    /// What it has read.
    pub read: Vector,
}

/// Numbers of the mutants, places in [`MUTANTS`].
pub mod mutant {
    pub const ONE_NUMBER: u8 = 0;
    pub const LATE_ANSWER: u8 = 1;
    pub const NEWEST_ONLY: u8 = 2;
    pub const READS_ONLY: u8 = 3;
    pub const OWN_COUNT: u8 = 4;
    pub const LAST_ARRIVAL_WINS: u8 = 5;
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "one-number",
        what: "What if a server compared only the largest number of the token with its own?",
        breaks: "read-your-writes",
    },
    Mutant {
        id: "late-answer",
        what: "What if a server answered a read from what it has once it has waited long enough?",
        breaks: "monotonic-reads",
    },
    Mutant {
        id: "newest-only",
        what: "What if a server handed over its newest write alone?",
        breaks: "writes-follow-reads",
    },
    Mutant {
        id: "reads-only",
        what: "What if only reads had to wait for what the token says?",
        breaks: "monotonic-writes",
    },
    Mutant {
        id: "own-count",
        what: "What if a server numbered its writes without regard to those of others?",
        breaks: "causal",
    },
    Mutant {
        id: "last-arrival-wins",
        what: "What if the write that arrives last won, whatever its version?",
        breaks: "convergence",
    },
];

impl Protocol for Sessions {
    type Config = Config;
    type State = State;
    type Durable = Durable;
    type Message = Message;
    type Timer = Timer;
    type Op = Op;
    type Ret = Ret;
    type Observer = Observer;
    type Token = Token;

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

    fn carry(cfg: &Config, token: &Token, op: Op) -> Op {
        let only = |on: bool, vector: &Vector| if on { vector.clone() } else { Vector::new() };
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
        let add = |vector: &mut Vector, v: &Version| {
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
        let key = pick(common.client.keys.into()) as u32;
        let (wrote, read) = (Vector::new(), Vector::new());
        if pick(1_000_000) < common.client.reads.into() {
            return Some(Op::Get { key, wrote, read });
        }
        let value = i64::from(nth) * i64::from(common.clients.max(1)) + i64::from(client) + 1;
        Some(Op::Put { key, value, wrote, read })
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

//! Spanner: timestamps from clocks that say how wrong they may be, and a wait until they are past.
//!
//! *Models*: servers that lead one tablet each. TrueTime: TT.now() is an interval around the
//! server's own clock; its half, epsilon, grows from one synchronisation to the next. A write takes
//! a lock, a timestamp at or above TT.now().latest, and waits until TT.after of it before anybody
//! is told (commit wait). With two tablets a write also changes the row's index entry on the next
//! tablet, in one transaction: two-phase commit, the timestamp above both prepare timestamps. A
//! `read` is a snapshot read without locks: whoever is asked chooses TT.now().latest, and the leader
//! answers once no transaction at or below it is open. A `get` reads under the lock. What is
//! prepared or decided survives a crash.
//!
//! *Leaves out*: Paxos within a tablet, whose log is one disk here, and a leader that is down is a
//! tablet that is down; leader leases, for which a promise not to write at or below a read is written
//! down; the time masters: a synchronisation shrinks epsilon and finds the clock good. Locks are
//! asked for in one order, the row's before its index entry's, so that nothing has to be wounded.
//!
//! *Checks*: external consistency; linearizability of what clients learn; that true time lies in
//! every interval; that nobody is told of a timestamp that has not passed; that both tablets commit
//! or none; that what was read at a timestamp stays so.
//!
//! *Paper*: Corbett et al.: Spanner: Google's Globally-Distributed Database, OSDI 2012, sections 3
//! and 4.

mod commit;
mod knobs;
mod observer;
mod rules;
mod show;
mod stories;
#[cfg(test)]
mod tests;

pub use knobs::Config;
pub use observer::Observer;

use super::catalog::{self, Preset, Scene};
use super::raft::Raft;
use crate::core::config::{Clients, Common, Knob, Net};
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::{Context, Mutant, Node, Property, Protocol, Seen, TimerName};
use crate::core::sorted::SortedMap;
use crate::core::view::Layout;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spanner;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "spanner",
    title: "Linearizability and TrueTime",
    family: "Consistency",
    line: "A clock that says how wrong it may be, and a wait until that no longer matters.",
    seed_phrases: &["Strong Consistency", "Linearizable. Spanner"],
    sources: &[
        "Corbett et al.: Spanner: Google's Globally-Distributed Database, OSDI 2012",
        "Herlihy, Wing: Linearizability: A Correctness Condition for Concurrent Objects, 1990",
        "Porcupine, a linearizability checker: README",
    ],
    leaves_out: "Paxos within a tablet (its log is one disk, and a leader that is down is a tablet that is down), leader leases, what the time masters say, transactions that read before they write.",
    layout: Layout::Row,
    presets: PRESETS,
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| match setup.preset == ETCD {
        true => catalog::make::<Raft>(PRESETS, setup),
        false => catalog::make::<Spanner>(PRESETS, setup),
    },
    info: catalog::info::<Spanner>,
    others: &[(ETCD, catalog::info::<Raft>)],
};

const ETCD: &str = "etcd";

const PRESETS: &[Preset] = &[
    Preset {
        id: "paper",
        title: "Spanner",
        version: "2012",
        source: "Corbett et al. 2012, section 3: \u{3b5} is a sawtooth from about 1 to 7 ms; clocks are synchronised every 30 s, and \u{3b5} grows by 200 \u{3bc}s a second in between",
        values: &[("clock.epsilon", 1_000), ("clock.poll", 30_000_000), ("clock.assumed", 200)],
    },
    Preset {
        id: "two-tablets",
        title: "Spanner, a row and its index",
        version: "2012",
        source: "Corbett et al. 2012, section 4.2.1: a write that changes two tablets is a two-phase commit of their leaders",
        values: &[("spanner.tablets", 2)],
    },
    Preset {
        id: "outage",
        title: "Spanner without time masters",
        version: "2012",
        source: "Corbett et al. 2012, section 3: without a synchronisation \u{3b5} keeps growing by the assumed drift, and clocks drift no faster",
        values: &[("clock.poll", 0), ("clock.drift", 200)],
    },
    Preset {
        id: "unnoticed",
        title: "The same, and \u{3b5} does not say so",
        version: "2012",
        source: "Corbett et al. 2012, section 3, without the growth of \u{3b5}: what its authors guard against",
        values: &[("clock.poll", 0), ("clock.drift", 200), ("clock.assumed", 0)],
    },
    Preset {
        id: ETCD,
        title: "etcd, linearizable reads",
        version: "3.5",
        source: "etcd embed/config.go: heartbeat 100 ms, election 1000 ms, drawn up to twice that; reads are linearizable by default, and no clock is asked",
        values: &[
            ("nodes", 3),
            ("clients", 2),
            ("raft.heartbeat", 100_000),
            ("raft.election-low", 1_000_000),
            ("raft.election-high", 2_000_000),
            ("client.timeout", 5_000_000),
        ],
    },
];

/// What TT.now() gives, microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Interval {
    /// True time is not before.
    pub earliest: i64,
    /// Nor after.
    pub latest: i64,
}

/// A version of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// The timestamp of its transaction.
    pub at: i64,
    /// Its value.
    pub value: i64,
    /// The write.
    pub by: OpId,
}

/// Versions kept of a row.
const KEPT: usize = 16;

/// A transaction that is prepared here and decided elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prepared {
    /// The row.
    pub key: u32,
    /// Its new value.
    pub value: i64,
    /// The prepare timestamp.
    pub at: i64,
    /// Who decides.
    pub coordinator: NodeId,
}

/// A transaction that was decided here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decided {
    /// The row.
    pub key: u32,
    /// Its new value.
    pub value: i64,
    /// The commit timestamp.
    pub at: i64,
    /// The leader's clock when it was chosen.
    pub since: i64,
    /// Commit wait is over; the other tablet has not confirmed yet.
    pub committed: bool,
}

/// On disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Durable {
    /// Versions of the rows that are here, the oldest first.
    pub store: SortedMap<u32, Vec<Version>>,
    /// Transactions that wait for their coordinator.
    pub prepared: SortedMap<OpId, Prepared>,
    /// Transactions decided here.
    pub decided: SortedMap<OpId, Decided>,
    /// No later transaction gets this timestamp or a lower one.
    pub promised: i64,
    /// The last write begun, a client each: what comes again is not done again.
    pub served: SortedMap<NodeId, u32>,
}

/// What somebody wants a row's lock for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// To read under it.
    Read,
    /// To write, as the transaction's coordinator.
    Write { value: i64 },
    /// To write for the coordinator of another tablet.
    Prepare { value: i64, coordinator: NodeId },
}

/// A snapshot read that waits for open transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Snapshot {
    /// The operation.
    pub id: OpId,
    /// The row.
    pub key: u32,
    /// The time of the snapshot.
    pub at: i64,
}

/// A server's last use of TrueTime, and what is only there to be looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// How often TT.now() was called since the start.
    pub nth: u32,
    /// What the clock showed.
    pub clock: i64,
    /// What TT.now() gave.
    pub interval: Interval,
    /// What the clock showed at the last synchronisation.
    pub synced: i64,
    /// How long the last commit wait took, from the choice of the timestamp.
    pub waited: i64,
    /// The value that was last told to a reader.
    pub told: Option<i64>,
}

/// Lost in a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Who wants a row's lock; the first has it.
    pub locks: SortedMap<u32, VecDeque<(OpId, Want)>>,
    /// Transactions whose other tablet has been asked to prepare: row and value.
    pub begun: SortedMap<OpId, (u32, i64)>,
    /// Snapshot reads that wait.
    pub snapshots: Vec<Snapshot>,
    /// How often TT.after has said no since it last said yes.
    pub asked: u8,
    /// The timer to say things again runs.
    pub resending: bool,
    /// TrueTime.
    pub look: Look,
}

// When TrueTime was last asked decides nothing: who looks later asks anew.
impl Hash for State {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.locks, &self.begun, &self.snapshots, self.asked).hash(h);
    }
}

/// What servers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// A client asked this of me; you lead its tablet.
    Forward { id: OpId, op: Op },
    /// Tell the client what the row was at this time.
    Read(Snapshot),
    /// Prepare to write this.
    Prepare { id: OpId, key: u32, value: i64 },
    /// Prepared, at this timestamp.
    Prepared { id: OpId, at: i64 },
    /// Committed, at this timestamp.
    Commit { id: OpId, at: i64 },
    /// Not committed, ever.
    Abort { id: OpId },
    /// It is committed here too.
    Applied { id: OpId },
}

/// The timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// A timestamp should have passed.
    Wait,
    /// Say again what was not answered.
    Resend,
    /// Synchronise the clock.
    Poll,
}

impl TimerName for Timer {
    const ALL: &'static [(Self, &'static str)] =
        &[(Timer::Wait, "commit wait"), (Timer::Resend, "ask again"), (Timer::Poll, "synchronise")];
}

/// What clients ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A snapshot read at TT.now().latest, without locks.
    Read { key: u32 },
    /// A read-write transaction that writes.
    Write { key: u32, value: i64 },
    /// A read-write transaction that only reads: under the lock.
    Get { key: u32 },
}

/// What they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// Written, at this timestamp.
    Done { at: i64 },
    /// The value, the timestamp of its version, and the time of the snapshot if it was one.
    Value { value: Option<i64>, at: Option<i64>, read: Option<i64> },
}

/// Numbers of the mutants, places in [`MUTANTS`].
pub mod mutant {
    pub const NO_WAIT: u8 = 0;
    pub const EARLIEST: u8 = 1;
    pub const EARLY_RELEASE: u8 = 2;
    pub const IGNORE_PREPARE: u8 = 3;
    pub const HALF_EPSILON: u8 = 4;
    pub const READ_EARLIEST: u8 = 5;
    pub const VOLATILE_PREPARE: u8 = 6;
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "no-commit-wait",
        what: "What if a leader answered without waiting for the timestamp to pass?",
        breaks: "external-consistency",
    },
    Mutant {
        id: "from-earliest",
        what: "What if the timestamp were TT.now().earliest?",
        breaks: "external-consistency",
    },
    Mutant {
        id: "early-release",
        what: "What if locks were released before commit wait?",
        breaks: "commit-wait",
    },
    Mutant {
        id: "ignore-prepare",
        what: "What if the coordinator ignored the prepare timestamp?",
        breaks: "repeatable-snapshot",
    },
    Mutant {
        id: "half-epsilon",
        what: "What if \u{3b5} counted only half of what a clock may be off?",
        breaks: "true-time",
    },
    Mutant {
        id: "read-earliest",
        what: "What if a snapshot were taken at TT.now().earliest?",
        breaks: "linearizable",
    },
    Mutant {
        id: "volatile-prepare",
        what: "What if a prepare record were not on disk?",
        breaks: "atomic-commit",
    },
];

impl Protocol for Spanner {
    type Config = Config;
    type State = State;
    type Durable = Durable;
    type Message = Message;
    type Timer = Timer;
    type Op = Op;
    type Ret = Ret;
    type Token = ();
    type Observer = Observer;

    fn boot(cx: &mut Context<Self>, durable: &Durable) -> State {
        rules::start(cx, durable)
    }

    fn on_message(node: &mut Node<Self>, cx: &mut Context<Self>, from: NodeId, message: Message) {
        rules::receive(node, cx, from, message);
    }

    fn on_timer(node: &mut Node<Self>, cx: &mut Context<Self>, timer: Timer) {
        match timer {
            Timer::Wait => commit::wait(node, cx),
            Timer::Resend => commit::resend(node, cx),
            Timer::Poll => rules::synchronise(node, cx),
        }
    }

    fn on_op(node: &mut Node<Self>, cx: &mut Context<Self>, id: OpId, op: Op) {
        rules::asked(node, cx, id, op);
    }

    // Within a datacentre: what a message takes is less than what clocks do not know.
    fn common() -> Common {
        let common = Common::default();
        let client =
            Clients { interval: 10_000, timeout: 400_000, retry: 0, keys: 2, ..common.client };
        let net = Net { low: 500, high: 1_000, ..common.net };
        Common { nodes: 3, clients: 3, disk: 200, offset: 1_000, client, net, ..common }
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

    fn outside(common: &Common, cfg: &Config) -> Option<&'static str> {
        knobs::outside(common, cfg)
    }

    fn workload(
        common: &Common,
        client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Op> {
        let key = pick(common.client.keys.into()) as u32;
        if pick(1_000_000) < common.client.reads.into() {
            return Some(if pick(2) == 0 { Op::Read { key } } else { Op::Get { key } });
        }
        let value = i64::from(nth) * i64::from(common.clients.max(1)) + i64::from(client) + 1;
        Some(Op::Write { key, value })
    }
}

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
mod hero;
mod knobs;
mod observer;
mod rules;
mod show;
mod stories;
#[cfg(test)]
mod tests;

pub use knobs::Config;
pub use observer::Observer;

use super::catalog::{self, Scene};
use super::raft::Raft;
use crate::core::config::{Clients, Common, Net};
use crate::core::declare::*;
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::{Context, Node, Protocol, Seen};
use crate::core::sorted::SortedMap;
use crate::core::view::Layout;
use observer::PROPERTIES;
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
    hero: hero::HERO,
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

presets! {
    PRESETS:
    "paper" "Spanner", "2012",
        "Corbett et al. 2012, section 3: \u{3b5} is a sawtooth from about 1 to 7 ms; clocks are synchronised every 30 s, and \u{3b5} grows by 200 \u{3bc}s a second in between":
        "clock.epsilon" = 1_000, "clock.poll" = 30_000_000, "clock.assumed" = 200;
    "two-tablets" "Spanner, a row and its index", "2012",
        "Corbett et al. 2012, section 4.2.1: a write that changes two tablets is a two-phase commit of their leaders":
        "spanner.tablets" = 2;
    "outage" "Spanner without time masters", "2012",
        "Corbett et al. 2012, section 3: without a synchronisation \u{3b5} keeps growing by the assumed drift, and clocks drift no faster":
        "clock.poll" = 0, "clock.drift" = 200;
    "unnoticed" "The same, and \u{3b5} does not say so", "2012",
        "Corbett et al. 2012, section 3, without the growth of \u{3b5}: what its authors guard against":
        "clock.poll" = 0, "clock.drift" = 200, "clock.assumed" = 0;
    "cockroachdb" "CockroachDB: no commit wait", "v26",
        "CockroachDB documentation, Transaction Layer: timestamps of hybrid clocks at most 500 ms apart (--max-offset); a write does not wait, a read that meets a value of its uncertainty interval restarts above it. \u{3b5} is half of the offset here":
        "spanner.wait" = 0, "clock.epsilon" = 250_000, "clock.offset" = 100_000, "clock.poll" = 0, "clock.assumed" = 0;
    ETCD "etcd, linearizable reads", "3.5",
        "etcd embed/config.go: heartbeat 100 ms, election 1000 ms, drawn up to twice that; reads are linearizable by default, and no clock is asked":
        "nodes" = 3, "clients" = 2, "raft.heartbeat" = 100_000, "raft.election-low" = 1_000_000, "raft.election-high" = 2_000_000, "client.timeout" = 5_000_000;
}

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
pub struct RowVersion {
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
    pub store: SortedMap<u32, Vec<RowVersion>>,
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
pub enum LockWant {
    /// To read under it.
    Read,
    /// To write, as the transaction's coordinator.
    Write { value: i64 },
    /// To write for the coordinator of another tablet.
    Prepare { value: i64, coordinator: NodeId },
}

data! {
    /// A snapshot read, or a row of one, that waits for open transactions.
    #[derive(Copy)]
    pub struct SnapshotRead {
        /// The operation.
        pub id: OpId,
        /// The row.
        pub key: u32 as key,
        /// The time of the snapshot.
        pub at: i64 as time,
        /// A version up to here may have been there before the read began; the snapshot's own time
        /// where writers wait.
        pub limit: i64 as time,
        /// Who put it together, if it is of several rows.
        pub asker: Option<NodeId> as fixed,
    }
}

/// A snapshot of several rows at the server that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scan {
    /// Its time.
    pub at: i64,
    /// See [`SnapshotRead::limit`].
    pub limit: i64,
    /// Rows so far.
    pub rows: SortedMap<u32, Option<i64>>,
}

/// Rows that a scan reads: x and y.
pub const SCANNED: u32 = 2;

/// A server's last use of TrueTime, and what is only there to be looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrueTimeUse {
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
    pub locks: SortedMap<u32, VecDeque<(OpId, LockWant)>>,
    /// Transactions whose other tablet has been asked to prepare: row and value.
    pub begun: SortedMap<OpId, (u32, i64)>,
    /// Snapshot reads that wait.
    pub snapshots: Vec<SnapshotRead>,
    /// Scans that were asked for here.
    pub scans: SortedMap<OpId, Scan>,
    /// How often TT.after has said no since it last said yes.
    pub asked: u8,
    /// The timer to say things again runs.
    pub resending: bool,
    /// TrueTime.
    pub look: TrueTimeUse,
}

// When TrueTime was last asked decides nothing: who looks later asks anew.
impl Hash for State {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.locks, &self.begun, &self.snapshots, &self.scans, self.asked).hash(h);
    }
}

messages! {
    /// What servers say.
    #[derive(Copy)]
    pub enum Message {
        /// A client asked this of me; you lead its tablet.
        Forward ["Read", Vote] { id: OpId, op: Op = "operation" },
        /// Tell the client what the row was at this time.
        Read ["Read", Vote] (SnapshotRead),
        /// What a row was at this time, or, if the time is later than was asked, that the scan has
        /// to start anew there.
        Row ["Row", Vote, reply] { id: OpId, key: u32 as key, value: Option<i64>, at: i64 as time = "snapshot" },
        /// Prepare to write this.
        Prepare ["Prepare", Vote] { id: OpId, key: u32 as key, value: i64 },
        /// Prepared, at this timestamp.
        Prepared ["Prepared", Vote, reply] { id: OpId, at: i64 as time = "prepare timestamp" },
        /// Committed, at this timestamp.
        Commit ["Commit", Commit] { id: OpId, at: i64 as time = "commit timestamp" },
        /// Not committed, ever.
        Abort ["Abort", Commit] { id: OpId },
        /// It is committed here too.
        Applied ["Applied", Ack, reply] { id: OpId },
    }
}

timers! {
    /// The timers.
    pub enum Timer {
        /// A timestamp should have passed.
        Wait = "commit wait",
        /// Say again what was not answered.
        Resend = "ask again",
        /// Synchronise the clock.
        Poll = "synchronise",
    }
}

operations! {
    /// What clients ask.
    #[derive(Copy)]
    pub enum Op {
        /// A snapshot read at TT.now().latest, without locks.
        "read" Read { key: u32 = key },
        /// A read-write transaction that writes.
        "write" Write { key: u32 = key, value: i64 = value },
        /// A read-write transaction that only reads: under the lock.
        "get" Get { key: u32 = key },
        /// A snapshot read of two rows, at one time.
        "scan" Scan,
    }
}

/// What they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// Written, at this timestamp.
    Done { at: i64 },
    /// The value, the timestamp of its version, and the time of the snapshot if it was one.
    Value { value: Option<i64>, at: Option<i64>, read: Option<i64> },
    /// What the rows were.
    Rows([Option<i64>; SCANNED as usize]),
}

mutants! {
    NO_WAIT "no-commit-wait" breaks "external-consistency":
        "What if a leader answered without waiting for the timestamp to pass?";
    EARLIEST "from-earliest" breaks "external-consistency":
        "What if the timestamp were TT.now().earliest?";
    EARLY_RELEASE "early-release" breaks "commit-wait":
        "What if locks were released before commit wait?";
    IGNORE_PREPARE "ignore-prepare" breaks "repeatable-snapshot":
        "What if the coordinator ignored the prepare timestamp?";
    HALF_EPSILON "half-epsilon" breaks "true-time":
        "What if \u{3b5} counted only half of what a clock may be off?";
    READ_EARLIEST "read-earliest" breaks "linearizable":
        "What if a snapshot were taken at TT.now().earliest?";
    VOLATILE_PREPARE "volatile-prepare" breaks "atomic-commit":
        "What if a prepare record were not on disk?";
}

impl Protocol for Spanner {
    // Servers are not alike: which tablet one leads, and so which rows, follows from its number.
    usual_parts! {}

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

    fn outside(common: &Common, cfg: &Config) -> Option<&'static str> {
        knobs::outside(common, cfg)
    }

    fn workload(
        common: &Common,
        client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Op> {
        match kv(common, client, nth, pick)? {
            Op::Read { key } if pick(2) == 1 => Some(Op::Get { key }),
            op => Some(op),
        }
    }
}

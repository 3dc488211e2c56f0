//! What servers keep, and what they say.

use super::allocate::Meter;
use super::desc::{Desc, RangeCache, RangeId};
use crate::core::declare::{data, messages, operations, timers};
use crate::core::ids::{NodeId, NodeSet, OpId};
use crate::core::sorted::SortedMap;
use std::sync::Arc;

data! {
    /// What an entry of a range's log asks for.
    pub enum RangeCommand {
        /// Nothing: a new leader's first entry.
        Noop,
        /// Read what lies from one place up to another.
        Read { from: u32 as fixed, to: u32 as fixed },
        /// Set a place.
        Write { id: OpId, place: u32 as fixed, value: i64 },
        /// From here on another range, led at first by `leader`.
        Split { at: u32 as fixed, leader: NodeId },
        /// These keep a replica; holds as soon as it is in the log.
        Config(NodeSet),
        /// Serve nothing more: the left neighbour, in this generation, is about to take over.
        Freeze { by: RangeId, at: u32 as fixed },
        /// The merge for which it froze, in that generation of the neighbour, will not happen.
        Thaw { at: u32 as fixed },
        /// Take the frozen right neighbour over, if this is still that generation.
        Merge { right: Desc, at: u32 as fixed },
        /// Whatever was to happen in that generation does not.
        Abort { at: u32 as fixed },
        /// The meta range: this is a newer descriptor.
        Register(Desc),
    }

    /// An entry of a range's log.
    pub struct RangeEntry {
        /// Whose term.
        pub term: u64 as fixed,
        /// What.
        pub command: RangeCommand,
    }

    /// How much of a replica there is.
    #[derive(Copy, Default)]
    pub enum Life {
        /// It has term and vote only: a snapshot has not come, or it was removed.
        #[default]
        Blank,
        /// All of it.
        Live,
        /// It was merged into its left neighbour.
        Dead,
    }

    /// What a server keeps of a range on disk. What was applied is kept with how far it was.
    #[derive(Default)]
    pub struct RangeReplica {
        /// Latest term heard of.
        pub term: u64 as fixed,
        /// Whom it voted for in that term.
        pub vote: Option<NodeId> as fixed,
        /// How much of it there is.
        pub life: Life,
        /// The range, up to `applied`.
        pub desc: Desc,
        /// It serves nothing: who asked for it, in which generation.
        pub frozen: Option<(RangeId, u32)> as fixed,
        /// What is written, by place.
        pub data: SortedMap<u32, i64>,
        /// The last write of each client that was applied. It goes where the keys go, so that a write
        /// that comes again after a split or a merge is done once.
        pub sessions: SortedMap<NodeId, u32> as fixed,
        /// The meta range: all ranges.
        pub directory: RangeCache,
        /// How far the log was applied.
        pub applied: u64 as fixed,
        /// The index before the first entry kept, and its term.
        pub base: (u64, u64) as fixed,
        /// Entries after that.
        pub log: Vec<RangeEntry>,
    }

    /// What a question is about.
    #[derive(Copy, PartialOrd, Ord)]
    pub struct Slip {
        /// A client's operation.
        pub op: OpId,
        /// Which part of it.
        pub part: u8 as fixed,
        /// From which place on.
        pub place: u32 as fixed,
    }

    /// What a server says of itself.
    #[derive(Copy, Default)]
    pub struct Load {
        /// Requests a second to what it leads.
        pub qps: u32,
        /// Replicas it keeps.
        pub replicas: u32,
        /// It is to be emptied.
        pub draining: bool,
    }

    /// What is asked of a range.
    #[derive(Copy)]
    pub enum RangeWant {
        /// What lies up to a place.
        Read { to: u32 as fixed },
        /// Set a place.
        Write { value: i64 },
        /// Split at the place.
        Split,
        /// Split in the middle of what is written.
        Halve,
        /// Take the right neighbour over.
        Merge,
        /// A replica less here, one more there.
        Move { to: NodeId },
        /// Let another member lead.
        Lease { to: NodeId },
    }

    /// How a range answers.
    pub enum RangeAnswer {
        /// Done.
        Done,
        /// What lies there, and up to where the range reaches.
        Rows { rows: Vec<(u32, i64)>, end: u32 as fixed },
        /// It cannot be done.
        No(&'static str),
        /// Not in charge of that place any more: who is, as far as is known.
        Elsewhere(Vec<Desc>),
        /// Does not lead the range, or not yet; who may.
        NotLeader(Option<NodeId>),
    }

    /// What the members of a range say to each other.
    pub enum Rpc {
        /// A candidate asks for a vote.
        Vote { last: (u64, u64), generation: u32 },
        /// The vote.
        Voted { granted: bool },
        /// Entries, or a sign of life.
        Append { prev: (u64, u64) as fixed, entries: Vec<RangeEntry>, commit: u64 },
        /// Taken up to `index`; or refused, with where to go back to.
        Appended { taken: bool, index: u64 },
        /// All there is.
        Snapshot(Box<RangeReplica>),
        /// Stand for election at once.
        TimeoutNow,
    }
}

/// On disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Durable {
    /// Replicas by range.
    pub replicas: SortedMap<RangeId, Arc<RangeReplica>>,
    /// Nothing should be kept here any more.
    pub draining: bool,
}

/// A replica's role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReplicaRole {
    /// Answers only.
    #[default]
    Follower,
    /// Asks for votes.
    Candidate,
    /// Orders the log, answers for the range.
    Leaseholder,
}

/// A move under way, at the leaseholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moving {
    /// Who is to get a replica.
    pub to: NodeId,
    /// Who is to lose its own; nobody if there are too few.
    pub from: Option<NodeId>,
    /// Heartbeats until it is given up, if the new server does not catch up.
    pub left: u32,
}

/// A merge under way, at the left leaseholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Merging {
    /// The right neighbour.
    pub right: RangeId,
    /// What it said of itself once frozen.
    pub desc: Option<Desc>,
    /// In which generation of the left one.
    pub at: u32,
    /// Whose replicas of it are frozen.
    pub frozen: NodeSet,
    /// Heartbeats until it is called off.
    pub left: u32,
}

/// How often a change of a range is asked for again before it is given up, in heartbeats.
pub(super) const PATIENCE: u32 = 50;

/// What a server knows of a range until it crashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RangeSeat {
    /// Its role.
    pub role: ReplicaRole,
    /// Who is thought to lead.
    pub leader: Option<NodeId>,
    /// A leader was heard of since the election timer was last looked at.
    pub heard: bool,
    /// Known to be committed up to here.
    pub commit: u64,
    /// Candidate: who granted.
    pub votes: NodeSet,
    /// Leader: what to send next.
    pub next: SortedMap<NodeId, u64>,
    /// Leader: what is surely there.
    pub matched: SortedMap<NodeId, u64>,
    /// Leader: snapshots on their way, and for how many heartbeats more to wait for them.
    pub snapshots: SortedMap<NodeId, u32>,
    /// Leader: to whom the outcome of an entry goes.
    pub waiting: SortedMap<u64, Waiter>,
    /// Leader: a move under way.
    pub moving: Option<Moving>,
    /// Leader: a merge under way.
    pub merging: Option<Merging>,
    /// Leader: the generation that the meta range has confirmed.
    pub registered: u32,
    /// Leader: how much is asked of it.
    pub meter: Meter,
}

/// Who waits for an entry: the gateway, and what it asked.
pub type Waiter = (NodeId, Slip);

/// An operation that a gateway carries out for a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GatewayOp {
    /// What was asked.
    pub op: Op,
    /// Its parts: one, but a scan of hash-sharded keys has one a bucket.
    pub parts: Vec<IntervalPart>,
}

/// A part of an operation: an interval of places, read range by range.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct IntervalPart {
    /// The next place to ask for.
    pub at: u32,
    /// Where it ends.
    pub to: u32,
    /// The range that was asked last.
    pub range: Option<RangeId>,
    /// How often it was sent, since the client asked.
    pub tries: u8,
    /// What was read.
    pub rows: Vec<(u32, i64)>,
    /// Who answered, a range each.
    pub by: Vec<NodeId>,
    /// Nothing is left to do.
    pub done: bool,
}

/// Lost in a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// By range.
    pub seats: SortedMap<RangeId, RangeSeat>,
    /// What is known of ranges elsewhere.
    pub cache: RangeCache,
    /// Who is thought to lead them.
    pub hints: SortedMap<RangeId, NodeId>,
    /// Operations of clients.
    pub pending: SortedMap<OpId, GatewayOp>,
    /// What the servers say of themselves.
    pub loads: SortedMap<NodeId, Load>,
}

messages! {
    /// What servers say.
    pub enum Message {
        /// Within groups; signs of life of several ranges travel together.
        Group ["Append", Heartbeat] (Vec<(RangeId, u64, Rpc)>),
        /// You keep no replica of this range any more.
        Gone ["Gone", ViewChange] (Desc),
        /// A gateway asks a range for a part of an operation.
        Ask ["Ask", Client] { range: RangeId, slip: Slip, want: RangeWant = "wants" },
        /// The answer.
        Answer ["Answer", Client, reply] { range: RangeId, slip: Slip, told: RangeAnswer = "says" },
        /// Where does this place lie? Any replica of the meta range may answer.
        Lookup ["Lookup", Token] (Slip),
        /// As far as that replica knows.
        Found ["Found", Token, reply] { slip: Slip, desc: Option<Desc> },
        /// A range tells the meta range what it is now.
        Register ["Register", Commit] (Desc),
        /// The meta range has it.
        Registered ["Registered", Commit, reply] { range: RangeId, generation: u32 },
        /// The left neighbour asks a range to freeze.
        Freeze ["Freeze", ViewChange] { range: RangeId, by: Desc },
        /// A replica is frozen.
        Frozen ["Frozen", ViewChange, reply] { by: RangeId, at: u32, desc: Desc },
        /// A frozen range asks what became of the merge.
        Over ["Over", ViewChange] { by: RangeId, at: u32, range: RangeId },
        /// It will not happen.
        WillNot ["WillNot", ViewChange, refusal] { range: RangeId, at: u32 },
        /// How a server is.
        Gossip ["Load", Gossip] (Load),
    }
}

timers! {
    /// Timers of a server.
    pub enum Timer {
        /// Stand for election wherever nobody leads.
        Election = "election timeout",
        /// Tell the other members of what it leads.
        Heartbeat = "heartbeat",
        /// Look at what it leads: split, merge, move.
        Allocate = "look at ranges",
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
        /// The keys from one on that have a value, among so many, at least one.
        "scan" Scan { key: u32 = key, keys: u32 = value },
        /// A new range begins at this key.
        "split" Split { key: u32 = key },
        /// The range of this key is split in the middle of what is written.
        "halve" Halve { key: u32 = key },
        /// The range of this key takes its right neighbour over.
        "merge" Merge { key: u32 = key },
        /// Server `1..` gets a replica of this key's range, the leaseholder's own goes if it has
        /// none yet.
        "move" Move { key: u32 = key, to: i64 = value },
        /// Server `1..`, a member, is to lead this key's range.
        "lease" Lease { key: u32 = key, to: i64 = value },
        /// Server `1..` is to keep nothing.
        "drain" Drain { server: i64 = value },
    }
}

/// What they are told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// Done.
    Done,
    /// The value, if the key has one.
    Value(Option<i64>),
    /// Keys and values in order; how many ranges were asked, and on how many servers.
    Rows { rows: Vec<(u32, i64)>, ranges: u32, servers: u32 },
}

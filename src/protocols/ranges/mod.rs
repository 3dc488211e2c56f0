//! Partitioning by range: the key axis cut into intervals, each a replicated log of its own.
//!
//! *Models*: ranges with a consensus group each (elections, log, commit rule and membership changes
//! of one server at a time, as in Raft); a split, a merge and a move are entries of the range's own
//! log. A split copies nothing: every replica cuts itself in two. A merge first freezes the right
//! neighbour, and waits until all of its replicas are. A new replica is a snapshot that travels over
//! links with bandwidth. Clients ask any server, which routes by what it knows; whoever is not in
//! charge of a key any more says so and says who is, if it knows. One range, the meta range, knows
//! all others. Servers split by size and by load, merge small neighbours, and balance.
//!
//! *Leaves out*: a second level of the meta range, which itself neither splits nor moves; the
//! transaction that registers a split (here the range tells the meta range until it is confirmed);
//! reads from leases (reads go through the log); snapshots in time for scans, so that a scan reads
//! each range at its own moment; a server whose disk is gone.
//!
//! *Checks*: ranges partition the axis at every instant; one leaseholder a term; no range keeps or
//! serves keys outside of its interval; scans are complete and in order; replicas are alike; what
//! clients learn is linearizable.
//!
//! *Papers*: Chang et al.: Bigtable, OSDI 2006; Ongaro: Consensus: Bridging Theory and Practice,
//! 2014, chapter 4; Taft et al.: CockroachDB: The Resilient Geo-Distributed SQL Database, SIGMOD
//! 2020.

mod allocate;
mod apply;
mod desc;
mod gateway;
mod group;
mod knobs;
mod merge;
mod properties;
mod show;
mod stories;
#[cfg(test)]
mod tests;
mod work;

pub use desc::{Desc, Directory, META, RangeId};
pub use knobs::{Config, Pattern};
pub use properties::Observer;

use super::catalog::{self, Scene};
use crate::core::config::{Clients, Common, Knob, Net};
use crate::core::ids::{NodeId, NodeSet, OpId};
use crate::core::protocol::{Context, Mutant, Node, Property, Protocol, Seen, TimerName};
use crate::core::view::Layout;
use std::collections::BTreeMap;
use std::sync::Arc;
use work::Work;

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ranges;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "ranges",
    title: "Range partitioning",
    family: "Partitioning",
    line: "The keys in order, cut into ranges: a scan is cheap, and the newest keys are all in one place.",
    seed_phrases: &["Range-based", "Good for range scans. Hotspot risk"],
    sources: &[
        "Chang et al.: Bigtable: A Distributed Storage System for Structured Data, OSDI 2006",
        "Ongaro: Consensus: Bridging Theory and Practice, 2014, chapter 4",
        "Taft et al.: CockroachDB: The Resilient Geo-Distributed SQL Database, SIGMOD 2020",
        "CockroachDB documentation: Load-Based Splitting; Hash-sharded Indexes",
        "Apache HBase Reference Guide: Monotonically Increasing Row Keys/Timeseries Data",
    ],
    leaves_out: "A second level of the meta range, which neither splits nor moves; the transaction that registers a split; reads from leases (reads go through the log); one moment for a whole scan; a server whose disk is gone.",
    layout: Layout::Circle,
    presets: stories::PRESETS,
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| catalog::make::<Ranges>(stories::PRESETS, setup),
    info: catalog::info::<Ranges>,
    others: &[],
};

/// What an entry of a range's log asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Nothing: a new leader's first entry.
    Noop,
    /// Read what lies from one place up to another.
    Read { from: u32, to: u32 },
    /// Set a place.
    Write { id: OpId, place: u32, value: i64 },
    /// From here on another range, led at first by `leader`.
    Split { at: u32, leader: NodeId },
    /// These keep a replica; holds as soon as it is in the log.
    Config(NodeSet),
    /// Serve nothing more: the left neighbour, in this generation, is about to take over.
    Freeze { by: RangeId, at: u32 },
    /// The merge for which it froze, in that generation of the neighbour, will not happen.
    Thaw { at: u32 },
    /// Take the frozen right neighbour over, if this is still that generation.
    Merge { right: Desc, at: u32 },
    /// Whatever was to happen in that generation does not.
    Abort { at: u32 },
    /// The meta range: this is a newer descriptor.
    Register(Desc),
}

/// An entry of a range's log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Whose term.
    pub term: u64,
    /// What.
    pub command: Command,
}

/// How much of a replica there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Replica {
    /// Latest term heard of.
    pub term: u64,
    /// Whom it voted for in that term.
    pub vote: Option<NodeId>,
    /// How much of it there is.
    pub life: Life,
    /// The range, up to `applied`.
    pub desc: Desc,
    /// It serves nothing: who asked for it, in which generation.
    pub frozen: Option<(RangeId, u32)>,
    /// What is written, by place.
    pub data: BTreeMap<u32, i64>,
    /// The last write of each client that was applied. It goes where the keys go, so that a write
    /// that comes again after a split or a merge is done once.
    pub sessions: BTreeMap<NodeId, u32>,
    /// The meta range: all ranges.
    pub directory: Directory,
    /// How far the log was applied.
    pub applied: u64,
    /// The index before the first entry kept, and its term.
    pub base: (u64, u64),
    /// Entries after that.
    pub log: Vec<Entry>,
}

/// On disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Durable {
    /// Replicas by range.
    pub replicas: BTreeMap<RangeId, Arc<Replica>>,
    /// Nothing should be kept here any more.
    pub draining: bool,
}

/// A replica's role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
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
}

/// What a server knows of a range until it crashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seat {
    /// Its role.
    pub role: Role,
    /// Who is thought to lead.
    pub leader: Option<NodeId>,
    /// A leader was heard of since the election timer was last looked at.
    pub heard: bool,
    /// Known to be committed up to here.
    pub commit: u64,
    /// Candidate: who granted.
    pub votes: NodeSet,
    /// Leader: what to send next.
    pub next: BTreeMap<NodeId, u64>,
    /// Leader: what is surely there.
    pub matched: BTreeMap<NodeId, u64>,
    /// Leader: snapshots on their way, and for how many heartbeats more to wait for them.
    pub snapshots: BTreeMap<NodeId, u32>,
    /// Leader: to whom the outcome of an entry goes.
    pub waiting: BTreeMap<u64, Waiter>,
    /// Leader: a move under way.
    pub moving: Option<Moving>,
    /// Leader: a merge under way.
    pub merging: Option<Merging>,
    /// Leader: the generation that the meta range has confirmed.
    pub registered: u32,
    /// Leader: how much is asked of it.
    pub meter: allocate::Meter,
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slip {
    /// A client's operation.
    pub op: OpId,
    /// Which part of it.
    pub part: u8,
    /// From which place on.
    pub place: u32,
}

/// Who waits for an entry: the gateway, and what it asked.
pub type Waiter = (NodeId, Slip);

/// An operation that a gateway carries out for a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pending {
    /// What was asked.
    pub op: Op,
    /// Its parts: one, but a scan of hash-sharded keys has one a bucket.
    pub parts: Vec<Part>,
}

/// A part of an operation: an interval of places, read range by range.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Part {
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
    pub seats: BTreeMap<RangeId, Seat>,
    /// What is known of ranges elsewhere.
    pub cache: Directory,
    /// Who is thought to lead them.
    pub hints: BTreeMap<RangeId, NodeId>,
    /// Operations of clients.
    pub pending: BTreeMap<OpId, Pending>,
    /// What the servers say of themselves.
    pub loads: BTreeMap<NodeId, Load>,
}

/// What a server says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Load {
    /// Requests a second to what it leads.
    pub qps: u32,
    /// Replicas it keeps.
    pub replicas: u32,
    /// It is to be emptied.
    pub draining: bool,
}

/// What is asked of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// What lies up to a place.
    Read { to: u32 },
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// Done.
    Done,
    /// What lies there, and up to where the range reaches.
    Rows { rows: Vec<(u32, i64)>, end: u32 },
    /// It cannot be done.
    No(&'static str),
    /// Not in charge of that place any more: who is, as far as is known.
    Elsewhere(Vec<Desc>),
    /// Does not lead the range, or not yet; who may.
    NotLeader(Option<NodeId>),
}

/// What the members of a range say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Rpc {
    /// A candidate asks for a vote.
    Vote { last: (u64, u64), generation: u32 },
    /// The vote.
    Voted { granted: bool },
    /// Entries, or a sign of life.
    Append { prev: (u64, u64), entries: Vec<Entry>, commit: u64 },
    /// Taken up to `index`; or refused, with where to go back to.
    Appended { taken: bool, index: u64 },
    /// All there is.
    Snapshot(Box<Replica>),
    /// Stand for election at once.
    TimeoutNow,
}

/// What servers say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// Within groups; signs of life of several ranges travel together.
    Group(Vec<(RangeId, u64, Rpc)>),
    /// You keep no replica of this range any more.
    Gone(Desc),
    /// A gateway asks a range for a part of an operation.
    Ask { range: RangeId, slip: Slip, want: Want },
    /// The answer.
    Answer { range: RangeId, slip: Slip, told: Told },
    /// Where does this place lie? Any replica of the meta range may answer.
    Lookup(Slip),
    /// As far as that replica knows.
    Found { slip: Slip, desc: Option<Desc> },
    /// A range tells the meta range what it is now.
    Register(Desc),
    /// The meta range has it.
    Registered { range: RangeId, generation: u32 },
    /// The left neighbour asks a range to freeze.
    Freeze { range: RangeId, by: Desc },
    /// A replica is frozen.
    Frozen { by: RangeId, at: u32, desc: Desc },
    /// A frozen range asks what became of the merge.
    Over { by: RangeId, at: u32, range: RangeId },
    /// It will not happen.
    WillNot { range: RangeId, at: u32 },
    /// How a server is.
    Gossip(Load),
}

/// Timers of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Stand for election wherever nobody leads.
    Election,
    /// Tell the other members of what it leads.
    Heartbeat,
    /// Look at what it leads: split, merge, move.
    Allocate,
}

impl TimerName for Timer {
    const ALL: &'static [(Self, &'static str)] = &[
        (Timer::Election, "election timeout"),
        (Timer::Heartbeat, "heartbeat"),
        (Timer::Allocate, "look at ranges"),
    ];
}

/// What clients ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// The value of a key.
    Get { key: u32 },
    /// Set a key.
    Put { key: u32, value: i64 },
    /// The keys from one on that have a value, among so many.
    Scan { key: u32, keys: u32 },
    /// A new range begins at this key.
    Split { key: u32 },
    /// The range of this key is split in the middle of what is written.
    Halve { key: u32 },
    /// The range of this key takes its right neighbour over.
    Merge { key: u32 },
    /// Server `1..` gets a replica of this key's range, the leaseholder's own goes if it has none yet.
    Move { key: u32, to: i64 },
    /// Server `1..`, a member, is to lead this key's range.
    Lease { key: u32, to: i64 },
    /// Server `1..` is to keep nothing.
    Drain(i64),
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

/// Numbers of the mutants, places in [`MUTANTS`].
pub mod mutant {
    pub const SPLIT_IN_TWO: u8 = 0;
    pub const MERGE_UNFROZEN: u8 = 1;
    pub const VOLATILE_VOTE: u8 = 2;
    pub const SERVE_ASTRAY: u8 = 3;
    pub const SCAN_BY_CACHE: u8 = 4;
    pub const SHORT_QUORUM: u8 = 5;
    pub const SWAP_MEMBERS: u8 = 6;
    pub const LONE_READ: u8 = 7;
    pub const FORGET_SESSIONS: u8 = 8;
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "split-in-two",
        what: "What if a replica cut off its right part, and wrote down the new range only later?",
        breaks: "partition",
    },
    Mutant {
        id: "merge-unfrozen",
        what: "What if a range took its neighbour over without freezing it first?",
        breaks: "linearizable",
    },
    Mutant {
        id: "volatile-vote",
        what: "What if votes were not durable?",
        breaks: "one-leaseholder",
    },
    Mutant {
        id: "serve-astray",
        what: "What if a range did not look at its bounds again when an entry is applied?",
        breaks: "right-owner",
    },
    Mutant {
        id: "scan-by-cache",
        what: "What if a scan went on from where its cached descriptor ends, not from where the range that answered does?",
        breaks: "scan-complete",
    },
    Mutant {
        id: "short-quorum",
        what: "What if half of the members were enough to commit?",
        breaks: "alike",
    },
    Mutant {
        id: "swap-members",
        what: "What if a move replaced all the members at once?",
        breaks: "alike",
    },
    Mutant {
        id: "lone-read",
        what: "What if a leaseholder answered reads without asking whether it still leads?",
        breaks: "linearizable",
    },
    Mutant {
        id: "forget-sessions",
        what: "What if a split did not tell the new range which writes were done?",
        breaks: "linearizable",
    },
];

impl Protocol for Ranges {
    type Config = Config;
    type State = State;
    type Durable = Durable;
    type Message = Message;
    type Timer = Timer;
    type Op = Op;
    type Ret = Ret;
    type Observer = Observer;

    fn disk(cfg: &Config, me: NodeId, nodes: u16) -> Durable {
        work::disk(cfg, me, nodes)
    }

    fn boot(cx: &mut Context<Self>, durable: &Durable) -> State {
        work::start(cx, durable)
    }

    fn on_message(node: &mut Node<Self>, cx: &mut Context<Self>, from: NodeId, message: Message) {
        Work::new(node, cx).run(|w| w.receive(from, message));
    }

    fn on_timer(node: &mut Node<Self>, cx: &mut Context<Self>, timer: Timer) {
        Work::new(node, cx).run(|w| match timer {
            Timer::Election => w.election(),
            Timer::Heartbeat => w.heartbeat(),
            Timer::Allocate => w.allocate(),
        });
    }

    fn on_op(node: &mut Node<Self>, cx: &mut Context<Self>, id: OpId, op: Op) {
        Work::new(node, cx).run(|w| w.serve(id, op));
    }

    // Keys of a kilobyte over links of 100 kB/s: a snapshot takes its time.
    fn common() -> Common {
        let common = Common::default();
        let client = Clients {
            retry: 400_000,
            timeout: 2_000_000,
            keys: 120,
            interval: 120_000,
            ..common.client
        };
        let net = Net { bandwidth: 100_000, ..common.net };
        Common { nodes: 5, clients: 3, client, net, ..common }
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

    fn outside(_: &Common, cfg: &Config) -> Option<&'static str> {
        (cfg.heartbeat >= cfg.election_low)
            .then_some("heartbeats are no more frequent than election timeouts")
    }

    fn next_op(
        cfg: &Config,
        common: &Common,
        client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Op> {
        knobs::workload(cfg, common, (client, nth), pick)
    }

    fn size(message: &Message) -> u32 {
        let rpc = |(_, _, rpc): &(RangeId, u64, Rpc)| match rpc {
            Rpc::Append { entries, .. } => 30 + 40 * entries.len() as u32,
            Rpc::Snapshot(r) => 200 + ITEM * r.data.len() as u32,
            _ => 30,
        };
        match message {
            Message::Group(all) => 20 + all.iter().map(rpc).sum::<u32>(),
            Message::Answer { told: Told::Rows { rows, .. }, .. } => {
                60 + ITEM * rows.len() as u32 / 10
            }
            _ => 80,
        }
    }
}

/// Bytes of a key in a snapshot.
pub const ITEM: u32 = 1_000;

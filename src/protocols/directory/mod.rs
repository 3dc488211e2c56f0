//! Partitioning by directory: a table says where each shard is, and whoever routes keeps a copy.
//!
//! *Models*: a directory of one or several servers whose table is the store of our Raft, lookups
//! and moves being entries of its log, with a queue and a service time that grows with the answer;
//! routers that cache the table and refresh it when it proves wrong, when it gets old, and when
//! they start; shard servers that hold keys and know under which version they own a shard. A shard
//! moves in parcels over links with bandwidth: the old owner gives it up on disk before the first
//! parcel leaves, the new one owns it from the last parcel on, under the next version, and the
//! directory's entry follows. Copies that the old owner has not cleaned up stay on its disk.
//!
//! *Leaves out*: copies of shards, splitting and merging them, cleaning up old copies, snapshots of
//! the directory's log, changes of its members, several refreshes at a time by one router.
//!
//! *Checks*: one owner a shard, writes only at the owner, nothing acknowledged is lost, bounded
//! bounces, linearizable answers, one table on all servers of the directory, entries that follow.
//!
//! *Sources*: Ghemawat, Gobioff, Leung: The Google File System, SOSP 2003; MongoDB Manual,
//! Sharding; AWS: Summary of the Amazon DynamoDB Service Disruption, 2015; Bronson et al.:
//! Metastable Failures in Distributed Systems, HotOS 2021.

mod control;
mod fetch;
mod hero;
mod keeper;
mod knobs;
mod properties;
mod router;
mod show;
mod stories;
mod storm;
mod table;
#[cfg(test)]
mod tests;

pub use control::{Control, EntryPurpose};
pub use fetch::{Fetcher, Want};
pub use keeper::Keeper;
pub use knobs::Config;
pub use properties::Observer;
pub use router::{Cached, RoutedRequest, Router};
pub use table::{ServerPlan, ServerRole, ShardEntry, ShardPlace};

use super::catalog::{self, Scene};
use super::channel::{Channel, Packet};
use super::hashing::StoredKey;
use super::nested::Hosts;
use super::raft::{self, Raft};
use crate::core::config::{Clients, Common, Net};
use crate::core::declare::*;
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::{Context, Node, Outcome, Protocol, Seen};
use crate::core::sorted::SortedMap;
use crate::core::view::Layout;
use properties::PROPERTIES;

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Directory;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "directory",
    title: "Directory",
    family: "Partitioning",
    line: "A table knows where everything is; rarely asked, until everyone asks at once.",
    seed_phrases: &["Directory-based", "Lookup table. Flexible, single point of failure"],
    sources: &[
        "Ghemawat, Gobioff, Leung: The Google File System, SOSP 2003",
        "MongoDB Manual: Sharding",
        "AWS: Summary of the Amazon DynamoDB Service Disruption and Related Impacts in the US-East Region, 2015",
        "Bronson, Aghayev, Charapko, Zhu: Metastable Failures in Distributed Systems, HotOS 2021",
    ],
    leaves_out: "Copies of shards, splitting and merging them, cleaning up old copies, snapshots of the directory's log, changes of its members.",
    layout: Layout::Circle,
    presets: PRESETS,
    hero: hero::HERO,
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| catalog::make::<Directory>(PRESETS, setup),
    info: catalog::info::<Directory>,
    others: &[],
};

presets! {
    PRESETS:
    "mongodb" "MongoDB: mongos, config replica set", "8.0",
        "MongoDB Manual, Config Servers: a replica set, which mongos processes read when they start and after a migration (of three members here); src/mongo/s: kMaxNumStaleVersionRetries = 10; StaleConfig carries vReceived and vWanted":
        "dir.replicas" = 3, "dir.check" = 1, "cache.ttl" = 0, "dir.bounces" = 10;
    "hdfs" "HDFS: one NameNode", "3.x",
        "HDFS Architecture: a single NameNode is the arbitrator and repository for all metadata; user data never flows through it; Shvachko et al. 2010: blocks carry generation stamps":
        "dir.replicas" = 1, "dir.check" = 1, "fetch.segment" = 1;
    "gfs" "GFS: one master", "2003",
        "Ghemawat et al. 2003, section 3.1: a lease has an initial timeout of 60 seconds; section 4.5: chunk version numbers; section 2.7.1: clients cache locations and ask for a chunk's":
        "dir.replicas" = 1, "dir.check" = 1, "fetch.segment" = 1, "shard.lease" = 60_000_000;
    "vitess" "Vitess: vtgate, topology service", "21",
        "vtgate --srv_topo_cache_ttl: 1 second by default; the topology is kept by etcd, of three members here":
        "dir.replicas" = 3, "cache.ttl" = 1_000_000, "fetch.segment" = 1;
    "kafka" "Kafka: clients' metadata", "3.7",
        "Producer configuration: metadata.max.age.ms 300000, request.timeout.ms 30000, retry.backoff.ms 100, growing with each failure (there up to a second); leader epochs are compared":
        "dir.replicas" = 3, "dir.check" = 1, "cache.ttl" = 300_000_000, "fetch.timeout" = 30_000_000, "fetch.backoff" = 100_000;
    "cockroachdb" "CockroachDB: meta ranges", "26.3",
        "CockroachDB docs, Distribution layer: meta ranges are ranges like others, three replicas by default; nodes cache what they have looked up and look up again what proves wrong":
        "dir.replicas" = 3, "dir.check" = 1, "fetch.segment" = 1;
}

/// What a shard server keeps of a shard's keys.
pub type Items = SortedMap<u32, StoredKey>;

/// A shard and the version under which it is owned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Owned {
    /// Since this version.
    pub version: u32,
    /// Its keys.
    pub items: Items,
}

data! {
    /// A part of a shard on its way.
    pub struct ShardParcel {
        /// The shard.
        pub shard: u32 as fixed,
        /// The version under which it is owned once all of it has come.
        pub version: u32 as fixed,
        /// Keys and what is kept of them.
        pub keys: Vec<(u32, StoredKey)> as keyed,
        /// Nothing comes after this.
        pub last: bool as fixed,
    }

    /// What clients are told.
    #[derive(Copy)]
    pub enum Ret {
        /// Done.
        Done,
        /// The value, if the key has one.
        Value(Option<i64>),
    }
}

/// On disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Durable {
    /// It has never run: routers have been given a table, shard servers have just been confirmed.
    pub fresh: bool,
    /// Directory: what its Raft keeps.
    pub raft: raft::Durable,
    /// The shards it owns.
    pub owned: SortedMap<u32, Owned>,
    /// Shards of which not all has come.
    pub coming: SortedMap<u32, Owned>,
    /// Copies of shards it has given away, as they were then.
    pub old: SortedMap<u32, Items>,
    /// The links on which shards travel, one a server.
    pub links: Vec<Channel<ShardParcel>>,
}

/// Lost in a crash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// A server of the directory.
    Directory(Box<Control>),
    /// A router.
    Router(Router),
    /// A shard server.
    Keeper(Keeper),
}

messages! {
    /// What servers say.
    pub enum Message {
        /// Among the servers of the directory.
        Raft ["Raft", Replicate] (raft::Message),
        /// Where is this? The `nth` request of its sender.
        Fetch ["Fetch", Gossip] { nth: u32 as fixed = "request", want: Want = "wants" },
        /// There.
        Table ["Table", Gossip, reply] { nth: u32 as fixed = "request", places: Vec<(u32, ShardPlace)> = "table" },
        /// Ask the leader.
        NotLeader ["NotLeader", Gossip, refusal] { nth: u32 as fixed = "request", leader: Option<NodeId> },
        /// The directory wants a shard moved.
        Order ["Move", Commit] { shard: u32 as fixed, version: u32, from: NodeId, to: NodeId },
        /// It has been, to the sender, who owns it under this version.
        Took ["Took", Commit, reply] { shard: u32 as fixed, version: u32 },
        /// Keys, or the acknowledgement of keys.
        Give ["Give", Snapshot] (Box<Packet<ShardParcel>>),
        /// A client's request for the owner of its shard; the version if owners are to compare it.
        Forward ["Forward", Replicate] { op: OpId, call: Op = "operation", shard: u32 as fixed, version: Option<u32> },
        /// The owner has done it.
        Answer ["Answer", Ack, reply] { op: OpId, ret: Ret },
        /// The sender does not own that shard under that version: under which it does, if it does.
        Stale ["StaleConfig", ViewChange, refusal] {
            op: OpId,
            shard: u32 as fixed,
            received: Option<u32> = "vReceived",
            wanted: Option<u32> = "vWanted",
        },
        /// The sender is not sure what it owns.
        Refuse ["Refuse", Ack, refusal] { op: OpId },
    }
}

timers! {
    /// Timers of a server.
    pub enum Timer {
        /// Directory: no leader heard of.
        Election = "election timeout",
        /// Directory: time to send AppendEntries.
        Heartbeat = "heartbeat",
        /// Directory: the answer it works on is ready.
        Serve = "answer ready",
        /// Directory: order once more what has not moved.
        Order = "order again",
        /// The directory has not answered.
        Patience = "fetch timeout",
        /// Time to ask it again; also the first half of what it said has passed.
        Fetch = "fetch",
        /// What it said is no longer valid.
        Expire = "expiry",
        /// Send parcels again that nobody acknowledged.
        Resend = "send keys again",
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
        /// Move the shard of a key to server `1..`.
        "move" Move { key: u32 = key, to: i64 = value },
    }
}

mutants! {
    KEEP_SERVING "keep-serving" breaks "one-owner":
        "What if the old owner served a shard until the new one had acknowledged it?";
    SKIP_CHECK "skip-check" breaks "writes-at-owner":
        "What if a server wrote to whatever it has of a shard?";
    FORGET "forget" breaks "nothing-lost":
        "What if a parcel was forgotten as soon as it was sent?";
    ACK_EARLY "ack-early" breaks "nothing-lost":
        "What if a parcel was acknowledged before it was on disk?";
    BOUNCE_ON "bounce-on" breaks "bounded-bounces":
        "What if a router tried until it found the owner?";
    READ_OLD "read-old" breaks "linearizable":
        "What if an old owner still answered reads?";
    SHORT_QUORUM "short-quorum" breaks "one-table":
        "What if half of the directory's servers were enough to commit?";
    ENTRY_FIRST "entry-first" breaks "entry-follows":
        "What if the directory changed its entry before the shard has moved?";
}

impl Hosts<Raft> for Directory {
    fn say(inner: raft::Message) -> Message {
        Message::Raft(inner)
    }
    fn time(inner: raft::Timer) -> Timer {
        match inner {
            raft::Timer::Election => Timer::Election,
            raft::Timer::Heartbeat => Timer::Heartbeat,
        }
    }
    fn keep(all: &Durable, inner: raft::Durable) -> Durable {
        Durable { raft: inner, ..all.clone() }
    }
}

impl Protocol for Directory {
    // Servers are not alike: what one is there for follows from its number, which entries of the
    // table, values of the log, name as well; and who asks the directory asks its servers in turn.
    usual_parts! {}

    fn disk(cfg: &Config, me: NodeId, nodes: u16) -> Durable {
        let plan = ServerPlan::of(cfg, nodes);
        let blank = Durable { fresh: true, ..Durable::default() };
        match plan.role(me) {
            ServerRole::Directory => Durable { raft: control::first_log(cfg, plan), ..blank },
            ServerRole::Router => blank,
            ServerRole::Keeper => keeper::first(cfg, plan, me, blank),
        }
    }

    fn boot(cx: &mut Context<Self>, durable: &Durable) -> State {
        let plan = ServerPlan::of(cx.cfg, cx.nodes);
        if durable.fresh {
            cx.persist(&Durable { fresh: false, ..durable.clone() });
        }
        match plan.role(cx.me) {
            ServerRole::Directory => State::Directory(Box::new(control::start(cx, durable))),
            ServerRole::Router => State::Router(router::start(cx, durable.fresh)),
            ServerRole::Keeper => State::Keeper(keeper::start(cx, durable)),
        }
    }

    fn on_message(node: &mut Node<Self>, cx: &mut Context<Self>, from: NodeId, message: Message) {
        let durable = &mut node.durable;
        durable.fresh = false;
        match &mut node.state {
            State::Directory(c) => control::receive(c, durable, cx, from, message),
            State::Router(r) => router::receive(r, cx, from, message),
            State::Keeper(k) => keeper::receive(k, durable, cx, from, message),
        }
    }

    fn on_timer(node: &mut Node<Self>, cx: &mut Context<Self>, timer: Timer) {
        let durable = &mut node.durable;
        durable.fresh = false;
        match &mut node.state {
            State::Directory(c) => control::timer(c, durable, cx, timer),
            State::Router(r) => router::timer(r, cx, timer),
            State::Keeper(k) => keeper::timer(k, durable, cx, timer),
        }
    }

    fn on_op(node: &mut Node<Self>, cx: &mut Context<Self>, id: OpId, op: Op) {
        let durable = &mut node.durable;
        durable.fresh = false;
        match (&mut node.state, op) {
            (State::Directory(c), Op::Move { key, to }) => {
                control::order(c, durable, cx, id, key, to);
            }
            (State::Router(r), Op::Get { .. } | Op::Put { .. }) => router::ask(r, cx, id, op),
            (_, Op::Move { .. }) => cx.reply(id, Outcome::Redirect(Some(NodeId(0)))),
            (_, Op::Get { .. } | Op::Put { .. }) => {
                let routers = ServerPlan::of(cx.cfg, cx.nodes).routers();
                let nth = id.client.0.checked_rem(routers.len() as u16);
                let one = nth.map(|nth| NodeId(routers.start + nth));
                cx.reply(id, Outcome::Redirect(one));
            }
        }
    }

    // Keys of a kilobyte over links of 100 kB/s: a move takes its time.
    fn common() -> Common {
        let common = Common::default();
        let client = Clients { keys: 12, interval: 150_000, ..common.client };
        let net = Net { bandwidth: 100_000, ..common.net };
        Common { nodes: 8, clients: 3, client, net, ..common }
    }

    fn outside(common: &Common, cfg: &Config) -> Option<&'static str> {
        let plan = ServerPlan::of(cfg, common.nodes);
        if plan.routers == 0 || plan.keepers().is_empty() {
            return Some("there are too few servers for a directory, a router and a shard server");
        }
        if !cfg.check {
            return Some("without the version check an old owner takes writes, and they are lost");
        }
        (cfg.raft.heartbeat >= cfg.raft.election_low)
            .then_some("the directory's heartbeats are no more frequent than its election timeouts")
    }

    fn workload(
        common: &Common,
        client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Op> {
        let key = pick(common.client.keys.into()) as u32;
        // The last client is the administrator: now and then it moves a shard, to one of the last
        // servers, which are those that keep shards.
        if client + 1 == common.clients && nth.is_multiple_of(4) {
            let back = pick((u64::from(common.nodes) / 2).max(1)) as i64;
            return Some(Op::Move { key, to: i64::from(common.nodes) - back });
        }
        kv_on(key, common, client, nth, pick)
    }

    /// Entries of the table are packed in the values of the log: a liar names another owner there.
    fn forge(cfg: &Config, message: &Message, liar: &Liar) -> Vec<Message> {
        let Message::Raft(inner) = message else { return told(message, liar) };
        let mut all = Raft::forge(&cfg.raft, inner, liar);
        for lie in &mut all {
            let raft::Message::AppendEntriesRequest { entries, .. } = lie else { continue };
            for entry in entries {
                let raft::LogCommand::Client { op: raft::Op::Put { value, .. }, .. } =
                    &mut entry.command
                else {
                    continue;
                };
                if *value < 0 {
                    let honest = ShardEntry::unpack(value.wrapping_neg());
                    let owner = NodeId((honest.owner.0 + 1) % liar.nodes.max(1));
                    *value = ShardEntry { owner, ..honest }.pack();
                }
            }
        }
        all.into_iter().map(Message::Raft).collect()
    }

    fn size(message: &Message) -> u32 {
        match message {
            Message::Raft(inner) => Raft::size(inner),
            Message::Table { places, .. } => 40 + 16 * places.len() as u32,
            Message::Give(packet) => {
                40 + packet.body.as_ref().map_or(0, |p| ITEM * p.keys.len() as u32)
            }
            _ => 60,
        }
    }
}

/// Bytes of a key with its value.
pub const ITEM: u32 = 1_000;

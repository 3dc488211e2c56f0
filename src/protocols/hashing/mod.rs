//! Partitioning by hash: where keys live, and how they move when servers join and leave.
//!
//! *Models*: a table of members, which one server keeps and all pass on; a placement rule that
//! turns key and table into an owner; and a hand-over in which ownership of a key is a thing that
//! travels: a server serves a key if and only if it holds it, gives it away in parcels over links
//! with bandwidth, one parcel a neighbour at a time, and forgets a parcel when it is acknowledged.
//! Owners copy what is written to the next servers of the preference list.
//!
//! Whoever scans an interval of keys has to ask every member, since hashing has torn it apart.
//!
//! A server that never comes back is replaced by a new one, which takes its places on the ring, or is
//! removed. Then nobody gives or takes keys until one server has heard from all that are left what
//! they have: what nobody has was on the lost disk, and is taken from the newest copies.
//!
//! *Leaves out*: telling a dead server from a slow one (that is the administrator's word); losing two
//! servers at once, or the keeper of the table; cleaning up copies that are no longer needed.
//!
//! *Checks*: no key has two owners, none is lost on the way, what clients learn is linearizable,
//! copies stand on different servers and racks, a change of members moves no key between servers
//! that stay.
//!
//! *Papers*: Karger et al.: Consistent Hashing and Random Trees, STOC 1997; DeCandia et al.:
//! Dynamo, SOSP 2007, sections 4.2, 4.3, 4.9 and 6.2; Lamping, Veach: A Fast, Minimal Memory,
//! Consistent Hash Algorithm, 2014; Eisenbud et al.: Maglev, NSDI 2016; Mirrokni, Thorup,
//! Zadimoghaddam: Consistent Hashing with Bounded Loads, 2018.

mod hero;
mod keys;
mod knobs;
mod loss;
mod place;
mod properties;
mod rules;
mod show;
mod stories;
#[cfg(test)]
mod tests;

pub use keys::Keys;
pub use knobs::{Config, Scheme};
pub use place::{DiskLoss, MemberTable, Places};
pub use properties::Observer;
pub use stories::SLIDERS;

use super::catalog::{self, Scene};
use super::channel::{Channel, Packet};
use crate::core::config::{Clients, Common, Net};
use crate::core::declare::*;
use crate::core::ids::{NodeId, NodeSet, OpId};
use crate::core::protocol::{Context, Node, Protocol, Seen};
use crate::core::sorted::{SortedMap, SortedSet};
use crate::core::view::Layout;
use properties::PROPERTIES;
use std::sync::Arc;

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hashing;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "consistent-hashing",
    title: "Consistent hashing",
    family: "Partitioning",
    line: "Servers and keys share one ring. A server that joins takes keys from its neighbours only.",
    seed_phrases: &["Hash-based", "Consistent hashing. Even distribution, no range queries"],
    sources: &[
        "Karger, Lehman, Leighton, Panigrahy, Levine, Lewin: Consistent Hashing and Random Trees, STOC 1997",
        "DeCandia et al.: Dynamo: Amazon's Highly Available Key-value Store, SOSP 2007",
        "Lamping, Veach: A Fast, Minimal Memory, Consistent Hash Algorithm, 2014",
        "Eisenbud et al.: Maglev: A Fast and Reliable Software Network Load Balancer, NSDI 2016",
        "Mirrokni, Thorup, Zadimoghaddam: Consistent Hashing with Bounded Loads, SODA 2018",
    ],
    leaves_out: "Telling a dead server from a slow one (that is the administrator's word), losing two servers at once or the keeper of the table, cleaning up copies that are no longer needed.",
    layout: Layout::Circle,
    presets: PRESETS,
    hero: hero::HERO,
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| catalog::make::<Hashing>(PRESETS, setup),
    info: catalog::info::<Hashing>,
    others: &[],
};

presets! {
    PRESETS:
    "cassandra" "Cassandra, 16 tokens", "trunk",
        "cassandra.yaml: num_tokens: 16; Murmur3Partitioner; three copies are the usual replication factor (allocate_tokens_for_local_replication_factor: 3)":
        "hash.vnodes" = 16, "hash.function" = 1, "hash.copies" = 3;
    "cassandra-256" "Cassandra, 256 tokens", "3.x", "cassandra.yaml of 3.x: num_tokens: 256":
        "hash.vnodes" = 256, "hash.function" = 1, "hash.copies" = 3;
    "ketama" "ketama", "libketama",
        "libketama: 40 digests of MD5 a server, four points each; no copies":
        "hash.scheme" = 1, "hash.copies" = 1;
    "karger" "One point a server", "1997",
        "Karger et al. 1997, section 4, before each bucket is replicated":
        "hash.vnodes" = 1, "hash.copies" = 1;
    "modulo" "Hash modulo n", "1997",
        "Karger et al. 1997, section 1: what consistent hashing is an answer to":
        "hash.scheme" = 2, "hash.copies" = 1;
    "maglev" "Maglev, 65537 entries", "2016",
        "Eisenbud et al. 2016, section 5.3: the small lookup table has 65537 entries":
        "hash.scheme" = 5, "hash.copies" = 1;
    "envoy-ring" "Envoy, ring hash", "v3 API",
        "Envoy: RingHashLbConfig, xxHash, minimum_ring_size 1024":
        "hash.vnodes" = 256, "hash.function" = 2, "hash.copies" = 1;
    "haproxy" "HAProxy, bounded loads", "2.x",
        "HAProxy: BE_WEIGHT_SCALE 16, places of a server of weight 1; hash-balance-factor, off by default, 150 in the manual's example. Its bound is of requests under way, here of keys; the hash is chosen":
        "hash.scheme" = 6, "hash.vnodes" = 16, "hash.bound" = 150, "hash.copies" = 1;
    "large" "A large ring: 100 servers at 256 places, 10,000 keys", "3.x",
        "cassandra.yaml of 3.x: num_tokens: 256; the numbers of servers and keys are chosen":
        "nodes" = 100, "hash.members" = 99, "hash.vnodes" = 256, "hash.keys" = 10_000, "hash.parcel" = 25, "hash.copies" = 3, "hash.gossip" = 10_000_000;
}

data! {
    /// What a server keeps of a key.
    #[derive(Default)]
    pub struct StoredKey {
        /// The value, if it was ever written.
        pub value: Option<i64>,
        /// How often it was.
        pub version: u32,
        /// The last write of each client. It travels with the key: a request that comes twice, here
        /// or at the next owner, is carried out once.
        pub served: SortedMap<NodeId, u32> as quiet,
    }

    /// Keys on their way, with all there is of them.
    pub struct KeyParcel {
        /// Keys and what is kept of them.
        pub keys: Vec<(u32, StoredKey)> as keyed,
        /// The members as the giver knows them.
        pub table: MemberTable as fixed,
    }
}

/// On disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Durable {
    /// The members.
    pub table: MemberTable,
    /// The keys it owns.
    pub held: Keys,
    /// Those of them that were ever written.
    pub items: SortedMap<u32, StoredKey>,
    /// Copies of others' keys that were ever written.
    pub copies: SortedMap<u32, StoredKey>,
    /// The table by which it last made a loss good.
    pub restored: u32,
    /// The links on which keys travel, one a server.
    pub links: Vec<Channel<KeyParcel>>,
}

impl Durable {
    /// What it keeps of a key that it owns.
    pub fn item(&self, key: u32) -> Option<StoredKey> {
        self.held.has(key).then(|| self.items.get(&key).cloned().unwrap_or_default())
    }
    /// Owns a key from now on.
    pub fn hold(&mut self, key: u32, item: StoredKey) {
        self.held.insert(key);
        keep(&mut self.items, key, item);
    }
    /// Owns a key no more.
    pub fn release(&mut self, key: u32) {
        self.held.remove(key);
        self.items.remove(&key);
    }
    /// Keys in parcels that it keeps until they are acknowledged.
    pub fn on_way(&self) -> impl Iterator<Item = u32> + '_ {
        let parcels = self.links.iter().flat_map(|l| &l.unacknowledged);
        parcels.flat_map(|p| p.keys.iter().map(|(key, _)| *key))
    }
}

/// What was never written takes no room.
fn keep(items: &mut SortedMap<u32, StoredKey>, key: u32, item: StoredKey) {
    if item == StoredKey::default() {
        items.remove(&key);
    } else {
        items.insert(key, item);
    }
}

/// A write that waits for its copies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PendingWrite {
    /// The client's operation.
    pub op: OpId,
    /// Who has a copy, the owner among them.
    pub stored: NodeSet,
}

/// Lost in a crash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Who keeps each key by the table.
    pub place: Arc<Places>,
    /// Writes that wait, by key and version.
    pub pending: SortedMap<(u32, u32), PendingWrite>,
    /// Scans that wait for others, one a client.
    pub scans: SortedMap<NodeId, KeyScan>,
    /// What others have said of a loss that this server makes good.
    pub census: Option<loss::Census>,
}

/// A scan under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyScan {
    /// The client's number of it.
    pub nth: u32,
    /// Who has not answered.
    pub open: NodeSet,
    /// How many were asked, this server among them.
    pub asked: u32,
    /// Keys found.
    pub found: SortedSet<u32>,
}

messages! {
    /// What servers say.
    pub enum Message {
        /// These are the members.
        Members ["Members", Gossip] (MemberTable),
        /// Keys, or the acknowledgement of keys.
        Give ["Give", Snapshot] (Box<Packet<KeyParcel>>),
        /// Keep a copy.
        Copy ["Copy", Replicate] { key: u32 as key, item: StoredKey as part },
        /// Kept.
        Copied ["Copied", Ack, reply] { key: u32 as key, version: u32 },
        /// Which keys from `key` on, so many, do you hold?
        Scan ["Scan", Vote] { op: OpId, key: u32 as key, keys: u32 },
        /// These.
        Holds ["Scan reply", Vote, reply] { op: OpId, keys: SortedSet<u32> },
        /// A server is gone: what have you?
        Count ["Count", Vote] (MemberTable),
        /// By this table's number: these keys, or parcels with them, and these copies.
        Counted ["Counted", Vote, reply] {
            version: u32 as fixed,
            keys: Keys as fixed,
            copies: Vec<(u32, StoredKey)> as keyed,
        },
        /// The loss that this table speaks of has been made good.
        Restored ["Restored", Ack] { version: u32 },
    }
}

timers! {
    /// Timers of a server.
    pub enum Timer {
        /// Tell somebody who the members are.
        Gossip = "gossip members",
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
        /// Server `1..` becomes a member.
        "join" Join { server: i64 = value },
        /// Server `1..` is one no more.
        "leave" Leave { server: i64 = value },
        /// The keys from this one on, so many.
        "scan" Scan { key: u32 = key, keys: i64 = value },
        /// Server `dead` never comes back: server `by` takes its places.
        "replace" Replace { dead: i64 = arg, by: i64 = value },
        /// It never comes back, and nobody takes its places.
        "remove" Remove { server: i64 = value },
    }
}

/// What they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// Done.
    Done,
    /// The value, if the key has one.
    Value(Option<i64>),
    /// Keys found in an interval, and how many servers had to be asked.
    Found { keys: u32, asked: u32 },
}

mutants! {
    KEEP_SERVING "keep-serving" breaks "one-owner":
        "What if the old owner served a key until the new one had acknowledged it?";
    FORGET "forget" breaks "no-key-lost":
        "What if a parcel was forgotten as soon as it was sent?";
    ACK_EARLY "ack-early" breaks "no-key-lost":
        "What if keys were acknowledged before they were on disk?";
    TAKE_TWICE "take-twice" breaks "one-owner":
        "What if a parcel that comes again was taken again?";
    SERVE_BY_TABLE "serve-by-table" breaks "linearizable":
        "What if a server served whatever its table says is its own?";
    SAME_SERVER "same-server" breaks "copies-apart":
        "What if copies went to the next points of the ring, whoever owns them?";
    ONE_COPY "one-copy" breaks "copied":
        "What if a write was acknowledged before it was copied?";
    BY_PLACE "by-place" breaks "monotone":
        "What if points were hashed from a server's place in the list, not from its name?";
}

impl Protocol for Hashing {
    // Servers are not alike: where keys lie follows from the hash of a server's name.
    usual_parts! {}

    fn disk(cfg: &Config, me: NodeId, nodes: u16) -> Durable {
        rules::disk(cfg, me, nodes)
    }

    fn boot(cx: &mut Context<Self>, durable: &Durable) -> State {
        rules::start(cx, durable)
    }

    fn on_message(node: &mut Node<Self>, cx: &mut Context<Self>, from: NodeId, message: Message) {
        rules::receive(node, cx, from, message);
    }

    fn on_timer(node: &mut Node<Self>, cx: &mut Context<Self>, timer: Timer) {
        match timer {
            Timer::Gossip => rules::gossip(node, cx),
            Timer::Resend => rules::resend(node, cx),
        }
    }

    fn on_op(node: &mut Node<Self>, cx: &mut Context<Self>, id: OpId, op: Op) {
        rules::serve(node, cx, id, op);
    }

    // Keys of a kilobyte over links of 200 kB/s: a move takes its time.
    fn common() -> Common {
        let common = Common::default();
        let client = Clients { retry: 0, keys: 48, interval: 150_000, ..common.client };
        let net = Net { bandwidth: 200_000, ..common.net };
        Common { nodes: 6, clients: 3, client, net, ..common }
    }

    fn outside(_: &Common, cfg: &Config) -> Option<&'static str> {
        match cfg.scheme {
            Scheme::Modulo => Some(
                "a key's remainder changes with every server, so keys move between servers that stay",
            ),
            Scheme::Jump => Some("jump hash knows servers by their place: only the last may leave"),
            Scheme::Maglev => Some("Maglev trades a few needless moves for an even table"),
            Scheme::Bounded => Some(
                "where a server is full keys go on, so a change moves some between servers that stay",
            ),
            Scheme::Ketama if cfg.heavy > 0 && cfg.weight > 1 => Some(
                "ketama gives points by a server's part of all shares, which changes with every server",
            ),
            Scheme::Ring | Scheme::Ketama | Scheme::Rendezvous => None,
        }
    }

    fn workload(
        common: &Common,
        client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Op> {
        // The last client is the administrator: now and then a server comes or goes.
        if client + 1 == common.clients && nth.is_multiple_of(4) {
            let server = whole(common.nodes.into(), pick) as i64 + 1;
            return Some(if pick(2) == 0 { Op::Join { server } } else { Op::Leave { server } });
        }
        kv(common, client, nth, pick)
    }

    fn next_op(
        cfg: &Config,
        common: &Common,
        client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Op> {
        let op = Self::workload(common, client, nth, pick)?;
        let keys = common.client.keys;
        Some(match op {
            Op::Get { .. } if cfg.zipf => Op::Get { key: knobs::zipf(keys, pick) },
            Op::Put { value, .. } if cfg.zipf => Op::Put { key: knobs::zipf(keys, pick), value },
            op => op,
        })
    }

    fn size(message: &Message) -> u32 {
        match message {
            Message::Members(table) | Message::Count(table) => 20 + 8 * table.members.len() as u32,
            Message::Give(packet) => {
                40 + packet.body.as_ref().map_or(0, |p| ITEM * p.keys.len() as u32)
            }
            Message::Copy { .. } => 40 + ITEM,
            Message::Copied { .. } | Message::Scan { .. } | Message::Restored { .. } => 40,
            Message::Counted { keys, copies, .. } => {
                40 + keys.len().div_ceil(8) + ITEM * copies.len() as u32
            }
            Message::Holds { keys, .. } => 40 + ITEM * keys.len() as u32,
        }
    }
}

/// A number below `n`, of draws that have two sides each: a search, which tries the two ends of
/// every draw, meets all of them.
fn whole(n: u64, pick: &mut dyn FnMut(u64) -> u64) -> u64 {
    let bits = u64::BITS - (n.max(1) - 1).leading_zeros();
    (0..bits).fold(0, |all, _| all << 1 | pick(2)) % n.max(1)
}

/// Bytes of a key with its value.
pub const ITEM: u32 = 1_000;

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
mod hero;
mod knobs;
mod merge;
mod properties;
mod show;
mod stories;
#[cfg(test)]
mod tests;
mod types;
mod work;

pub use desc::{Desc, META, RangeCache, RangeId};
pub use knobs::{Config, Pattern};
pub use properties::Observer;
pub use types::*;

use super::catalog::{self, Scene};
use crate::core::config::{Clients, Common, Net};
use crate::core::declare::*;
use crate::core::ids::{NodeId, NodeSet, OpId};
use crate::core::protocol::{Context, Node, Protocol, Seen};
use crate::core::sorted::SortedMap;
use crate::core::view::Layout;
use properties::PROPERTIES;
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
    line: "Sorted keys, cut into ranges: scans are cheap, and new keys all land in one place.",
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
    hero: hero::HERO,
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| catalog::make::<Ranges>(stories::PRESETS, setup),
    info: catalog::info::<Ranges>,
    others: &[],
};

mutants! {
    SPLIT_IN_TWO "split-in-two" breaks "partition":
        "What if a replica cut off its right part, and wrote down the new range only later?";
    MERGE_UNFROZEN "merge-unfrozen" breaks "alike":
        "What if a range took its neighbour over without freezing it first?";
    VOLATILE_VOTE "volatile-vote" breaks "one-leaseholder": "What if votes were not durable?";
    SERVE_ASTRAY "serve-astray" breaks "right-owner":
        "What if a range did not look at its bounds again when an entry is applied?";
    SCAN_BY_CACHE "scan-by-cache" breaks "scan-complete":
        "What if a scan went on from where its cached descriptor ends, not from where the range that answered does?";
    SHORT_QUORUM "short-quorum" breaks "alike":
        "What if half of the members were enough to commit?";
    SWAP_MEMBERS "swap-members" breaks "alike":
        "What if a move replaced all the members at once?";
    LONE_READ "lone-read" breaks "linearizable":
        "What if a leaseholder answered reads without asking whether it still leads?";
    FORGET_SESSIONS "forget-sessions" breaks "remembered":
        "What if a split did not tell the new range which writes were done?";
}

impl Protocol for Ranges {
    // Servers are not alike: of those that carry the same load the first is given a replica.
    usual_parts! {}

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
            Message::Answer { told: RangeAnswer::Rows { rows, .. }, .. } => {
                60 + ITEM * rows.len() as u32 / 10
            }
            _ => 80,
        }
    }
}

/// Bytes of a key in a snapshot.
pub const ITEM: u32 = 1_000;

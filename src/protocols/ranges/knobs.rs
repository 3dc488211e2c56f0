//! What can be set, and which keys clients ask for.

use super::Op;
use crate::core::config::Common;
use crate::core::declare::{choices, distinct_value, knobs};

choices! {
    /// Which keys clients ask for.
    pub enum Pattern {
        /// Any key.
        Uuid = "uuid",
        /// One after the other: numbers from a sequence, times.
        Sequential = "sequential",
        /// The key of rank r as often as 1/r.
        Zipf = "zipf",
        /// One key, 99 times in a hundred.
        Hot = "hot",
    }
}

knobs! {
    /// Settings; times in microseconds, sizes in MiB.
    pub struct Config {
        /// Keys there may be.
        keys: u32 = 120, "range.keys" "keys there may be", count(6..=2_000);
        /// Which keys clients ask for.
        pattern: Pattern = Pattern::Uuid, "client.pattern" "keys that clients ask for", choice;
        /// Share of scans among the reads.
        scans: u32 = 100_000, "client.scans" "scans among the reads", share(0..=1_000_000);
        /// The last client splits, moves and merges.
        admin: bool = false, "client.admin" "the last client splits, moves and merges", switch;
        /// Buckets of hash-sharded keys; 1 is none.
        buckets: u32 = 1, "range.buckets" "buckets of hash-sharded keys (1: none)", count(1..=64);
        /// Ranges at the start.
        first: u32 = 2, "range.first" "ranges at the start", count(1..=64);
        /// Replicas of a range.
        copies: u32 = 3, "range.copies" "replicas of a range", count(1..=7);
        /// What a key stands for, in MiB.
        item: u32 = 16, "range.item" "MiB that a key stands for", count(1..=4_096);
        /// A range larger than this is split.
        max: u32 = 512, "range.max" "a range is split above, MiB", count(64..=1_000_000);
        /// Two neighbours that are smaller than this together are merged.
        min: u32 = 128, "range.min" "neighbours are merged below, MiB", count(0..=1_000_000);
        /// How many requests one stands for.
        weight: u32 = 250, "range.weight" "requests that one stands for", count(1..=100_000);
        /// A range with more requests a second is split, if there is a key to split it at.
        split_qps: u32 = 2_500, "range.split-qps" "split above, requests a second", count(1..=1_000_000_000);
        /// Ranges and replicas are moved from loaded servers to others.
        balance: bool = true, "range.balance" "replicas and leases move from loaded servers", switch;
        /// How often servers look at their ranges; 0 is never.
        period: u64 = 500_000, "range.period" "servers look at their ranges every (0: never)", time(0..=600_000_000);
        /// Shortest election timeout.
        election_low: u64 = 600_000, "range.election-low" "shortest election timeout", time(1_000..=60_000_000);
        /// Longest election timeout.
        election_high: u64 = 1_200_000, "range.election-high" "longest election timeout", time(1_000..=60_000_000);
        /// How often leaders are heard of.
        heartbeat: u64 = 200_000, "range.heartbeat" "heartbeat interval", time(1_000..=60_000_000);
        /// A snapshot of which nothing is heard is sent again after this long.
        resend: u64 = 2_000_000, "range.resend" "a snapshot is sent again after", time(1_000..=60_000_000);
    }
}

/// Weight of the first of Zipf's ranks; whole numbers all the way.
const RANK: u64 = 1 << 20;
/// Zipf's ranks are spread over the keys by this prime.
const SPREAD: u64 = 7_919;

/// A key by Zipf's law.
fn zipf(keys: u32, pick: &mut dyn FnMut(u64) -> u64) -> u32 {
    let all: u64 = (1..=u64::from(keys)).map(|r| RANK / r).sum();
    let mut left = pick(all);
    let mut rank = 0;
    while rank + 1 < u64::from(keys) && left >= RANK / (rank + 1) {
        left -= RANK / (rank + 1);
        rank += 1;
    }
    (rank * SPREAD % u64::from(keys)) as u32
}

/// The next operation of a client.
pub(super) fn workload(
    cfg: &Config,
    common: &Common,
    (client, nth): (u16, u32),
    pick: &mut dyn FnMut(u64) -> u64,
) -> Option<Op> {
    let keys = cfg.keys.min(common.client.keys).max(1);
    let admin = cfg.admin && common.clients > 1 && client + 1 == common.clients;
    if admin {
        return Some(administer(cfg, common, nth, pick));
    }
    let inserts = u32::from(common.clients) - u32::from(cfg.admin && common.clients > 1);
    let next = nth.wrapping_mul(inserts).wrapping_add(client.into()) % keys;
    let read = common.client.reads > 0 && pick(1_000_000) < common.client.reads.into();
    if read && cfg.scans > 0 && pick(1_000_000) < cfg.scans.into() {
        return Some(Op::Scan { key: pick(keys.into()) as u32, keys: 8 });
    }
    let key = match cfg.pattern {
        Pattern::Uuid => pick(keys.into()) as u32,
        Pattern::Zipf => zipf(keys, pick),
        Pattern::Hot if pick(100) < 99 => keys / 3,
        Pattern::Hot => pick(keys.into()) as u32,
        Pattern::Sequential if read => pick(u64::from(next) + 1) as u32,
        Pattern::Sequential => next,
    };
    if read {
        return Some(Op::Get { key });
    }
    Some(Op::Put { key, value: distinct_value(common, client, nth) })
}

fn administer(cfg: &Config, common: &Common, nth: u32, pick: &mut dyn FnMut(u64) -> u64) -> Op {
    let key = pick(cfg.keys.min(common.client.keys).max(1).into()) as u32;
    match nth % 4 {
        0 if cfg.pattern == Pattern::Sequential => Op::Halve { key },
        0 => Op::Split { key },
        1 => Op::Move { key, to: pick(common.nodes.into()) as i64 + 1 },
        2 => Op::Merge { key },
        _ => Op::Lease { key, to: pick(common.nodes.into()) as i64 + 1 },
    }
}

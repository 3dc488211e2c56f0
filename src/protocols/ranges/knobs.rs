//! What can be set, and which keys clients ask for.

use super::Op;
use crate::core::config::{Common, Knob, Unit};

/// Which keys clients ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// Any key.
    #[default]
    Uuid,
    /// One after the other: numbers from a sequence, times.
    Sequential,
    /// The key of rank r as often as 1/r.
    Zipf,
    /// One key, 99 times in a hundred.
    Hot,
}

/// Settings; times in microseconds, sizes in MiB.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Keys there may be.
    pub keys: u32,
    /// Which keys clients ask for.
    pub pattern: Pattern,
    /// Share of scans among the reads.
    pub scans: u32,
    /// The last client splits, moves and merges.
    pub admin: bool,
    /// Buckets of hash-sharded keys; 1 is none.
    pub buckets: u32,
    /// Ranges at the start.
    pub first: u32,
    /// Replicas of a range.
    pub copies: u32,
    /// What a key stands for, in MiB.
    pub item: u32,
    /// A range larger than this is split.
    pub max: u32,
    /// Two neighbours that are smaller than this together are merged.
    pub min: u32,
    /// How many requests one stands for.
    pub weight: u32,
    /// A range with more requests a second is split, if there is a key to split it at.
    pub split_qps: u32,
    /// Ranges and replicas are moved from loaded servers to others.
    pub balance: bool,
    /// How often servers look at their ranges; 0 is never.
    pub period: u64,
    /// Shortest election timeout.
    pub election_low: u64,
    /// Longest election timeout.
    pub election_high: u64,
    /// How often leaders are heard of.
    pub heartbeat: u64,
    /// A snapshot of which nothing is heard is sent again after this long.
    pub resend: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            keys: 120,
            pattern: Pattern::Uuid,
            scans: 100_000,
            admin: false,
            buckets: 1,
            first: 2,
            copies: 3,
            item: 16,
            max: 512,
            min: 128,
            weight: 250,
            split_qps: 2_500,
            balance: true,
            period: 500_000,
            election_low: 600_000,
            election_high: 1_200_000,
            heartbeat: 200_000,
            resend: 2_000_000,
        }
    }
}

macro_rules! knob {
    ($id:literal, $title:literal, $unit:expr, $min:literal, $max:literal, $field:ident: $type:ty) => {
        Knob {
            id: $id,
            title: $title,
            unit: $unit,
            min: $min,
            max: $max,
            get: |c| c.$field as i64,
            set: |c, v| c.$field = v as $type,
        }
    };
}

pub(super) const KNOBS: &[Knob<Config>] = &[
    knob!("range.keys", "keys there may be", Unit::Count, 6, 2_000, keys: u32),
    Knob {
        id: "client.pattern",
        title: "keys that clients ask for",
        unit: Unit::Choice(&["uuid", "sequential", "zipf", "hot"]),
        min: 0,
        max: 3,
        get: |c| c.pattern as i64,
        set: |c, v| {
            c.pattern =
                [Pattern::Uuid, Pattern::Sequential, Pattern::Zipf, Pattern::Hot][v as usize];
        },
    },
    knob!("client.scans", "scans among the reads", Unit::Share, 0, 1_000_000, scans: u32),
    Knob {
        id: "client.admin",
        title: "the last client splits, moves and merges",
        unit: Unit::Switch,
        min: 0,
        max: 1,
        get: |c| c.admin.into(),
        set: |c, v| c.admin = v != 0,
    },
    knob!("range.buckets", "buckets of hash-sharded keys (1: none)", Unit::Count, 1, 64, buckets: u32),
    knob!("range.first", "ranges at the start", Unit::Count, 1, 64, first: u32),
    knob!("range.copies", "replicas of a range", Unit::Count, 1, 7, copies: u32),
    knob!("range.item", "MiB that a key stands for", Unit::Count, 1, 4_096, item: u32),
    knob!("range.max", "a range is split above, MiB", Unit::Count, 64, 1_000_000, max: u32),
    knob!("range.min", "neighbours are merged below, MiB", Unit::Count, 0, 1_000_000, min: u32),
    knob!("range.weight", "requests that one stands for", Unit::Count, 1, 100_000, weight: u32),
    knob!("range.split-qps", "split above, requests a second", Unit::Count, 1, 1_000_000_000, split_qps: u32),
    Knob {
        id: "range.balance",
        title: "replicas and leases move from loaded servers",
        unit: Unit::Switch,
        min: 0,
        max: 1,
        get: |c| c.balance.into(),
        set: |c, v| c.balance = v != 0,
    },
    knob!("range.period", "servers look at their ranges every (0: never)", Unit::Time, 0, 600_000_000, period: u64),
    knob!("range.election-low", "shortest election timeout", Unit::Time, 1_000, 60_000_000, election_low: u64),
    knob!("range.election-high", "longest election timeout", Unit::Time, 1_000, 60_000_000, election_high: u64),
    knob!("range.heartbeat", "heartbeat interval", Unit::Time, 1_000, 60_000_000, heartbeat: u64),
    knob!("range.resend", "a snapshot is sent again after", Unit::Time, 1_000, 60_000_000, resend: u64),
];

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
    let value = i64::from(nth) * i64::from(common.clients.max(1)) + i64::from(client) + 1;
    Some(Op::Put { key, value })
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

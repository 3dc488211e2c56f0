//! What can be set.

use crate::core::config::{Knob, Unit};
use crate::protocols::raft;

/// Settings; times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Servers of the directory; the first ones.
    pub replicas: u32,
    /// Routers; they come next. The rest are shard servers.
    pub routers: u32,
    /// Shards.
    pub shards: u32,
    /// Keys there are; key n lies in shard n modulo their number.
    pub keys: u32,
    /// Shard servers compare versions.
    pub check: bool,
    /// A request is bounced at most this often.
    pub bounces: u32,
    /// A router's table is void after this long; 0 is never.
    pub ttl: u64,
    /// A shard server stops serving if the directory has not confirmed for this long what it owns;
    /// 0 is never.
    pub lease: u64,
    /// Time of the directory for an answer.
    pub cost: u64,
    /// More of it for each entry of the table in the answer.
    pub entry: u64,
    /// Requests that may wait at the directory; what is more is dropped.
    pub queue: u32,
    /// Who asks the directory gives up after this long, and asks again.
    pub timeout: u64,
    /// Pause before asking again, doubled with each failure and drawn from its upper half; 0 is none.
    pub backoff: u64,
    /// Only what is needed is asked for, not the whole table.
    pub segment: bool,
    /// Keys in a parcel at most.
    pub parcel: u32,
    /// What is not acknowledged is sent again after this long.
    pub resend: u64,
    /// The directory's Raft.
    pub raft: raft::Config,
}

impl Default for Config {
    fn default() -> Self {
        let calm = raft::Config::default();
        Config {
            replicas: 3,
            routers: 2,
            shards: 4,
            keys: 12,
            check: true,
            bounces: 3,
            ttl: 0,
            lease: 0,
            cost: 1_000,
            entry: 100,
            queue: 64,
            timeout: 300_000,
            backoff: 0,
            segment: false,
            parcel: 2,
            resend: 400_000,
            raft: raft::Config {
                election_low: 300_000,
                election_high: 600_000,
                heartbeat: 100_000,
                ..calm
            },
        }
    }
}

const fn count(
    id: &'static str,
    title: &'static str,
    (min, max): (i64, i64),
    get: fn(&Config) -> i64,
    set: fn(&mut Config, i64),
) -> Knob<Config> {
    Knob { id, title, unit: Unit::Count, min, max, get, set }
}

const fn time(
    id: &'static str,
    title: &'static str,
    min: i64,
    get: fn(&Config) -> i64,
    set: fn(&mut Config, i64),
) -> Knob<Config> {
    Knob { id, title, unit: Unit::Time, min, max: 600_000_000, get, set }
}

const fn switch(
    id: &'static str,
    title: &'static str,
    get: fn(&Config) -> i64,
    set: fn(&mut Config, i64),
) -> Knob<Config> {
    Knob { id, title, unit: Unit::Switch, min: 0, max: 1, get, set }
}

pub(super) const KNOBS: &[Knob<Config>] = &[
    count(
        "dir.replicas",
        "servers of the directory, replicated by Raft",
        (1, 5),
        |c| c.replicas.into(),
        |c, v| c.replicas = v as u32,
    ),
    count("dir.routers", "routers", (1, 64), |c| c.routers.into(), |c, v| c.routers = v as u32),
    count(
        "dir.shards",
        "shards, entries of the table",
        (1, 1_000),
        |c| c.shards.into(),
        |c, v| c.shards = v as u32,
    ),
    count("dir.keys", "keys", (1, 1_000), |c| c.keys.into(), |c, v| c.keys = v as u32),
    switch(
        "dir.check",
        "shard servers compare versions",
        |c| c.check.into(),
        |c, v| c.check = v != 0,
    ),
    count(
        "dir.bounces",
        "a request is bounced at most",
        (1, 100),
        |c| c.bounces.into(),
        |c, v| c.bounces = v as u32,
    ),
    time(
        "cache.ttl",
        "a router's table is void after (0: only when it proves wrong)",
        0,
        |c| c.ttl as i64,
        |c, v| c.ttl = v as u64,
    ),
    time(
        "shard.lease",
        "a shard server not confirmed by the directory stops after (0: never)",
        0,
        |c| c.lease as i64,
        |c, v| c.lease = v as u64,
    ),
    time(
        "dir.cost",
        "the directory works on an answer for",
        0,
        |c| c.cost as i64,
        |c, v| c.cost = v as u64,
    ),
    time(
        "dir.entry",
        "and for each entry in it for another",
        0,
        |c| c.entry as i64,
        |c, v| c.entry = v as u64,
    ),
    count(
        "dir.queue",
        "requests that may wait at the directory",
        (1, 1_000),
        |c| c.queue.into(),
        |c, v| c.queue = v as u32,
    ),
    time(
        "fetch.timeout",
        "a request to the directory is given up after",
        1_000,
        |c| c.timeout as i64,
        |c, v| c.timeout = v as u64,
    ),
    time(
        "fetch.backoff",
        "pause before it is made again, doubled each time and drawn (0: none)",
        0,
        |c| c.backoff as i64,
        |c, v| c.backoff = v as u64,
    ),
    switch(
        "fetch.segment",
        "only what is needed is asked for",
        |c| c.segment.into(),
        |c, v| c.segment = v != 0,
    ),
    count(
        "dir.parcel",
        "keys in a parcel at most",
        (1, 1_000),
        |c| c.parcel.into(),
        |c, v| c.parcel = v as u32,
    ),
    time(
        "dir.resend",
        "parcels and orders are sent again after",
        1_000,
        |c| c.resend as i64,
        |c, v| c.resend = v as u64,
    ),
    time(
        "raft.election-low",
        "shortest election timeout",
        1_000,
        |c| c.raft.election_low as i64,
        |c, v| c.raft.election_low = v as u64,
    ),
    time(
        "raft.election-high",
        "longest election timeout",
        1_000,
        |c| c.raft.election_high as i64,
        |c, v| c.raft.election_high = v as u64,
    ),
    time(
        "raft.heartbeat",
        "heartbeat interval",
        1_000,
        |c| c.raft.heartbeat as i64,
        |c, v| c.raft.heartbeat = v as u64,
    ),
];

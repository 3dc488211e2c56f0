//! What can be set.

use crate::core::declare::knobs;
use crate::protocols::raft;

knobs! {
    /// Settings; times in microseconds.
    pub struct Config {
        /// Servers of the directory; the first ones.
        replicas: u32 = 3, "dir.replicas" "servers of the directory, replicated by Raft", count(1..=5);
        /// Routers; they come next. The rest are shard servers.
        routers: u32 = 2, "dir.routers" "routers", count(1..=64);
        /// Shards.
        shards: u32 = 4, "dir.shards" "shards, entries of the table", count(1..=1_000);
        /// Keys there are; key n lies in shard n modulo their number.
        keys: u32 = 12, "dir.keys" "keys", count(1..=1_000);
        /// Shard servers compare versions.
        check: bool = true, "dir.check" "shard servers compare versions", switch;
        /// A request is bounced at most this often.
        bounces: u32 = 3, "dir.bounces" "a request is bounced at most", count(1..=100);
        /// A router's table is void after this long; 0 is never.
        ttl: u64 = 0, "cache.ttl" "a router's table is void after (0: only when it proves wrong)", time(0..=600_000_000);
        /// A shard server stops serving if the directory has not confirmed for this long what it owns;
        /// 0 is never.
        lease: u64 = 0, "shard.lease" "a shard server not confirmed by the directory stops after (0: never)", time(0..=600_000_000);
        /// Time of the directory for an answer.
        cost: u64 = 1_000, "dir.cost" "the directory works on an answer for", time(0..=600_000_000);
        /// More of it for each entry of the table in the answer.
        entry: u64 = 100, "dir.entry" "and for each entry in it for another", time(0..=600_000_000);
        /// Requests that may wait at the directory; what is more is dropped.
        queue: u32 = 64, "dir.queue" "requests that may wait at the directory", count(1..=1_000);
        /// Who asks the directory gives up after this long, and asks again.
        timeout: u64 = 300_000, "fetch.timeout" "a request to the directory is given up after", time(1_000..=600_000_000);
        /// Pause before asking again, doubled with each failure and drawn from its upper half; 0 is none.
        backoff: u64 = 0, "fetch.backoff" "pause before it is made again, doubled each time and drawn (0: none)", time(0..=600_000_000);
        /// Only what is needed is asked for, not the whole table.
        segment: bool = false, "fetch.segment" "only what is needed is asked for", switch;
        /// Keys in a parcel at most.
        parcel: u32 = 2, "dir.parcel" "keys in a parcel at most", count(1..=1_000);
        /// What is not acknowledged is sent again after this long.
        resend: u64 = 400_000, "dir.resend" "parcels and orders are sent again after", time(1_000..=600_000_000);
        /// The directory's Raft.
        raft: raft::Config = raft::Config {
            election_low: 300_000,
            election_high: 600_000,
            heartbeat: 100_000,
            ..raft::Config::default()
        };
    }
    inside {
        raft.election_low: u64, "raft.election-low" "shortest election timeout", time(1_000..=600_000_000);
        raft.election_high: u64, "raft.election-high" "longest election timeout", time(1_000..=600_000_000);
        raft.heartbeat: u64, "raft.heartbeat" "heartbeat interval", time(1_000..=600_000_000);
    }
}

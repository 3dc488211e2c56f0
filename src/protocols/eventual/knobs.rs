//! What can be set.

use crate::core::declare::{choices, knobs};

choices! {
    /// Which way news goes between two that talk.
    pub enum GossipStyle {
        /// They do not talk.
        Off = "off",
        /// Who begins tells.
        Push = "push",
        /// Who begins asks.
        Pull = "pull",
        /// Both.
        Both = "push-pull",
    }
}

choices! {
    /// What two versions of a key become.
    pub enum Merge {
        /// The later write, by the servers' clocks.
        LastWriter = "last-writer",
        /// All that no later write has replaced.
        Concurrent = "all-concurrent",
        /// Whatever came last.
        None = "none",
    }
}

knobs! {
    /// Settings; times in microseconds.
    pub struct Config {
        /// How rumours go.
        rumours: GossipStyle = GossipStyle::Push, "gossip.rumours" "rumours go by", choice;
        /// How often a server tells or asks.
        period: u64 = 100_000, "gossip.period" "a server spreads rumours every", time(1_000..=60_000_000);
        /// How many it talks to each time.
        fanout: u8 = 1, "gossip.fanout" "servers it talks to each time", count(1..=20);
        /// It tires of a rumour that others knew already; else of telling it.
        feedback: bool = true, "gossip.feedback" "it tires of what others knew (off: of telling)", switch;
        /// With probability 1/k each time; else after k times.
        coin: bool = true, "gossip.coin" "by a coin of 1/k (off: after k times)", switch;
        /// k.
        k: u8 = 1, "gossip.k" "k", count(1..=20);
        /// A write is told to everybody at once.
        eager: bool = false, "gossip.eager" "a write is told to everybody at once", switch;
        /// How whole stores are exchanged.
        exchange: GossipStyle = GossipStyle::Both, "gossip.exchange" "anti-entropy goes by", choice;
        /// How often; 0 for never.
        exchange_every: u64 = 1_000_000, "gossip.exchange-every" "anti-entropy every (0: never)", time(0..=60_000_000);
        /// What two versions become.
        merge: Merge = Merge::LastWriter, "gossip.merge" "of two versions", choice;
    }
}

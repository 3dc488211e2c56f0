//! What can be set.

use crate::core::declare::{choices, knobs};

choices! {
    /// Where a write's stamp comes from.
    pub enum Stamping {
        /// One more than the highest that R servers know of.
        Query = "query",
        /// The coordinator's own clock: the last writer wins, as clocks go.
        Clock = "clock",
        /// One more than the coordinator's own version has.
        Revision = "revision",
    }
}

choices! {
    /// What a read does about servers that answered with an old version.
    pub enum Repair {
        /// It writes the newest version back, and answers once R servers have it.
        Blocking = "blocking",
        /// It answers, then writes it back.
        Background = "background",
        /// Nothing.
        Off = "off",
    }
}

choices! {
    /// Whose answers count.
    pub enum Count {
        /// Anybody's.
        Anywhere = "anywhere",
        /// Those of the coordinator's own region, R and W of them.
        Local = "in-own-region",
        /// To a read those of its own region; to a write W in each region.
        Each = "in-each-region",
    }
}

knobs! {
    /// Settings; times in microseconds.
    pub struct Config {
        /// R: servers that have to answer a read.
        r: u32 = 2, "quorum.r" "R: servers that answer a read", count(1..=25);
        /// W: servers that have to confirm a write.
        w: u32 = 2, "quorum.w" "W: servers that confirm a write", count(1..=25);
        /// Whose answers count.
        count: Count = Count::Anywhere, "quorum.count" "answers count", choice;
        /// Regions; servers stand in them in turn, as on the map.
        regions: u32 = 1, "quorum.regions" "regions that are told apart", count(1..=5);
        /// Where stamps come from.
        stamping: Stamping = Stamping::Query, "quorum.stamps" "a write's stamp comes from", choice;
        /// What a read repairs.
        repair: Repair = Repair::Blocking, "quorum.repair" "a read repairs old versions", choice;
        /// How often hints are replayed; 0 keeps none.
        hints: u64 = 0, "quorum.hints" "hints are replayed every (0: none)", time(0..=60_000_000);
        /// How often a server gossips; 0 for never.
        gossip: u64 = 0, "quorum.gossip" "servers gossip every (0: never)", time(0..=60_000_000);
        /// How long a coordinator waits for enough answers.
        timeout: u64 = 400_000, "quorum.timeout" "a coordinator waits", time(1_000..=60_000_000);
    }
}

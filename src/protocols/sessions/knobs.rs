//! What can be set.

use crate::core::declare::{choices, knobs};

choices! {
    /// What a server does that is not fresh enough.
    pub enum Stale {
        /// It waits until it is.
        Wait = "wait",
        /// It names a server that is.
        Redirect = "redirect",
        /// It sends the client to any other.
        Elsewhere = "elsewhere",
        /// It refuses.
        Refuse = "refuse",
    }
}

knobs! {
    /// Settings; times in microseconds.
    pub struct Config {
        /// Read your writes.
        ryw: bool = true, "session.ryw" "read your writes", switch;
        /// Monotonic reads.
        mr: bool = true, "session.mr" "monotonic reads", switch;
        /// Writes follow reads.
        wfr: bool = true, "session.wfr" "writes follow reads", switch;
        /// Monotonic writes.
        mw: bool = true, "session.mw" "monotonic writes", switch;
        /// What a server does that is not fresh enough.
        stale: Stale = Stale::Wait, "session.stale" "a server that is not fresh enough", choice;
        /// How long it waits.
        wait: u64 = 600_000, "session.wait" "it waits at most", time(1_000..=60_000_000);
        /// Only the first server takes writes.
        primary: bool = false, "session.primary" "only the first server takes writes", switch;
        /// It answers all reads, too.
        lead: bool = false, "session.lead" "it answers all reads, too", switch;
        /// While another lacks a write that is older than this, the first server takes none; 0 for
        /// never.
        bound: u64 = 0, "session.bound" "it takes no writes while others are behind by more than (0: it does)", time(0..=600_000_000);
        /// A write is sent to the others at once.
        push: bool = false, "session.push" "a write is sent to the others at once", switch;
        /// So many others must have it before it is acknowledged.
        confirm: u32 = 0, "session.confirm" "others that must have a write before it is acknowledged", count(0..=24);
        /// How often a server asks another for what is new; 0 for never.
        gossip: u64 = 300_000, "session.gossip" "servers ask for what is new every (0: never)", time(0..=60_000_000);
    }
}

//! What can be set.

use crate::core::config::Common;
use crate::core::declare::knobs;

knobs! {
    /// Settings; times in microseconds.
    pub struct Config {
        /// Epsilon right after a synchronisation: a clock is taken to be no further off.
        epsilon: u64 = 1_000, "clock.epsilon" "\u{3b5} right after a synchronisation", time(0..=10_000_000);
        /// How often a clock is synchronised; 0 is never, as in a GPS outage.
        poll: u64 = 30_000_000, "clock.poll" "clocks are synchronised every (0: GPS outage)", time(0..=600_000_000);
        /// How fast epsilon grows in between, parts per million: a clock is taken to drift no faster.
        assumed: u32 = 200, "clock.assumed" "\u{3b5} grows as if clocks drifted by (0: it stands still)", share(0..=500_000);
        /// Tablets that a write changes: 1, or 2 if each row has an index entry on the next tablet.
        tablets: u32 = 1, "spanner.tablets" "tablets that a write changes", count(1..=2);
        /// Nobody is told of a write before its timestamp has passed.
        wait: bool = true, "spanner.wait" "commit wait (off: reads restart instead)", switch;
    }
}

impl Config {
    /// Epsilon this many microseconds after a synchronisation.
    pub fn epsilon_after(&self, us: i64) -> i64 {
        let grown = i128::from(us.max(0)) * i128::from(self.assumed) / 1_000_000;
        (self.epsilon as i64).saturating_add(grown as i64)
    }
}

/// Why true time may lie outside of what TT.now() says.
pub(super) fn outside(common: &Common, cfg: &Config) -> Option<&'static str> {
    if !cfg.wait {
        return Some("without commit wait what comes later may be stamped earlier");
    }
    if common.offset > cfg.epsilon {
        return Some("clocks may be further off than \u{3b5} says, so TrueTime may lie");
    }
    if common.drift > cfg.assumed {
        return Some("clocks drift faster than \u{3b5} grows, so TrueTime comes to lie");
    }
    (common.drift > 0 && cfg.poll > 0)
        .then_some("clocks drift, and here a synchronisation shrinks \u{3b5} without setting them")
}

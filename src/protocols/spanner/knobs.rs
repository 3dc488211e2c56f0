//! What can be set.

use crate::core::config::{Common, Knob, Unit};

/// Settings; times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Epsilon right after a synchronisation: a clock is taken to be no further off.
    pub epsilon: u64,
    /// How often a clock is synchronised; 0 is never, as in a GPS outage.
    pub poll: u64,
    /// How fast epsilon grows in between, parts per million: a clock is taken to drift no faster.
    pub assumed: u32,
    /// Tablets that a write changes: 1, or 2 if each row has an index entry on the next tablet.
    pub tablets: u32,
    /// Nobody is told of a write before its timestamp has passed.
    pub wait: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config { epsilon: 1_000, poll: 30_000_000, assumed: 200, tablets: 1, wait: true }
    }
}

impl Config {
    /// Epsilon this many microseconds after a synchronisation.
    pub fn epsilon_after(&self, us: i64) -> i64 {
        let grown = i128::from(us.max(0)) * i128::from(self.assumed) / 1_000_000;
        (self.epsilon as i64).saturating_add(grown as i64)
    }
}

pub(super) const KNOBS: &[Knob<Config>] = &[
    Knob {
        id: "clock.epsilon",
        title: "\u{3b5} right after a synchronisation",
        unit: Unit::Time,
        min: 0,
        max: 10_000_000,
        get: |c| c.epsilon as i64,
        set: |c, v| c.epsilon = v as u64,
    },
    Knob {
        id: "clock.poll",
        title: "clocks are synchronised every (0: GPS outage)",
        unit: Unit::Time,
        min: 0,
        max: 600_000_000,
        get: |c| c.poll as i64,
        set: |c, v| c.poll = v as u64,
    },
    Knob {
        id: "clock.assumed",
        title: "\u{3b5} grows as if clocks drifted by (0: it stands still)",
        unit: Unit::Share,
        min: 0,
        max: 500_000,
        get: |c| c.assumed.into(),
        set: |c, v| c.assumed = v as u32,
    },
    Knob {
        id: "spanner.tablets",
        title: "tablets that a write changes",
        unit: Unit::Count,
        min: 1,
        max: 2,
        get: |c| c.tablets.into(),
        set: |c, v| c.tablets = v as u32,
    },
    Knob {
        id: "spanner.wait",
        title: "commit wait (off: reads restart instead)",
        unit: Unit::Switch,
        min: 0,
        max: 1,
        get: |c| c.wait.into(),
        set: |c, v| c.wait = v != 0,
    },
];

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

//! What can be set.

use crate::core::config::{Knob, Unit};

/// Where a write's stamp comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stamping {
    /// One more than the highest that R servers know of.
    #[default]
    Query,
    /// The coordinator's own clock: the last writer wins, as clocks go.
    Clock,
    /// One more than the coordinator's own version has.
    Revision,
}

/// What a read does about servers that answered with an old version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Repair {
    /// It writes the newest version back, and answers once R servers have it.
    #[default]
    Blocking,
    /// It answers, then writes it back.
    Background,
    /// Nothing.
    Off,
}

/// Whose answers count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Count {
    /// Anybody's.
    #[default]
    Anywhere,
    /// Those of the coordinator's own region, R and W of them.
    Local,
    /// To a read those of its own region; to a write W in each region.
    Each,
}

/// Settings; times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// R: servers that have to answer a read.
    pub r: u32,
    /// W: servers that have to confirm a write.
    pub w: u32,
    /// Whose answers count.
    pub count: Count,
    /// Regions; servers stand in them in turn, as on the map.
    pub regions: u32,
    /// Where stamps come from.
    pub stamping: Stamping,
    /// What a read repairs.
    pub repair: Repair,
    /// How often hints are replayed; 0 keeps none.
    pub hints: u64,
    /// How often a server gossips; 0 for never.
    pub gossip: u64,
    /// How long a coordinator waits for enough answers.
    pub timeout: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            r: 2,
            w: 2,
            count: Count::Anywhere,
            regions: 1,
            stamping: Stamping::Query,
            repair: Repair::Blocking,
            hints: 0,
            gossip: 0,
            timeout: 400_000,
        }
    }
}

pub(super) const KNOBS: &[Knob<Config>] = &[
    Knob {
        id: "quorum.r",
        title: "R: servers that answer a read",
        unit: Unit::Count,
        min: 1,
        max: 25,
        get: |c| c.r.into(),
        set: |c, v| c.r = v as u32,
    },
    Knob {
        id: "quorum.w",
        title: "W: servers that confirm a write",
        unit: Unit::Count,
        min: 1,
        max: 25,
        get: |c| c.w.into(),
        set: |c, v| c.w = v as u32,
    },
    Knob {
        id: "quorum.count",
        title: "answers count",
        unit: Unit::Choice(&["anywhere", "in-own-region", "in-each-region"]),
        min: 0,
        max: 2,
        get: |c| c.count as i64,
        set: |c, v| c.count = [Count::Anywhere, Count::Local, Count::Each][v as usize],
    },
    Knob {
        id: "quorum.regions",
        title: "regions that are told apart",
        unit: Unit::Count,
        min: 1,
        max: 5,
        get: |c| c.regions.into(),
        set: |c, v| c.regions = v as u32,
    },
    Knob {
        id: "quorum.stamps",
        title: "a write's stamp comes from",
        unit: Unit::Choice(&["query", "clock", "revision"]),
        min: 0,
        max: 2,
        get: |c| c.stamping as i64,
        set: |c, v| c.stamping = [Stamping::Query, Stamping::Clock, Stamping::Revision][v as usize],
    },
    Knob {
        id: "quorum.repair",
        title: "a read repairs old versions",
        unit: Unit::Choice(&["blocking", "background", "off"]),
        min: 0,
        max: 2,
        get: |c| c.repair as i64,
        set: |c, v| c.repair = [Repair::Blocking, Repair::Background, Repair::Off][v as usize],
    },
    Knob {
        id: "quorum.hints",
        title: "hints are replayed every (0: none)",
        unit: Unit::Time,
        min: 0,
        max: 60_000_000,
        get: |c| c.hints as i64,
        set: |c, v| c.hints = v as u64,
    },
    Knob {
        id: "quorum.gossip",
        title: "servers gossip every (0: never)",
        unit: Unit::Time,
        min: 0,
        max: 60_000_000,
        get: |c| c.gossip as i64,
        set: |c, v| c.gossip = v as u64,
    },
    Knob {
        id: "quorum.timeout",
        title: "a coordinator waits",
        unit: Unit::Time,
        min: 1_000,
        max: 60_000_000,
        get: |c| c.timeout as i64,
        set: |c, v| c.timeout = v as u64,
    },
];

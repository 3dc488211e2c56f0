//! What can be set.

use crate::core::config::{Knob, Unit};

/// Which way news goes between two that talk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Spread {
    /// They do not talk.
    Off,
    /// Who begins tells.
    Push,
    /// Who begins asks.
    Pull,
    /// Both.
    #[default]
    Both,
}

const SPREADS: [Spread; 4] = [Spread::Off, Spread::Push, Spread::Pull, Spread::Both];
const SPREAD: Unit = Unit::Choice(&["off", "push", "pull", "push-pull"]);

/// What two versions of a key become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Merge {
    /// The later write, by the servers' clocks.
    #[default]
    LastWriter,
    /// All that no later write has replaced.
    Concurrent,
    /// Whatever came last.
    None,
}

/// Settings; times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How rumours go.
    pub rumours: Spread,
    /// How often a server tells or asks.
    pub period: u64,
    /// How many it talks to each time.
    pub fanout: u8,
    /// It tires of a rumour that others knew already; else of telling it.
    pub feedback: bool,
    /// With probability 1/k each time; else after k times.
    pub coin: bool,
    /// k.
    pub k: u8,
    /// A write is told to everybody at once.
    pub eager: bool,
    /// How whole stores are exchanged.
    pub exchange: Spread,
    /// How often; 0 for never.
    pub exchange_every: u64,
    /// What two versions become.
    pub merge: Merge,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            rumours: Spread::Push,
            period: 100_000,
            fanout: 1,
            feedback: true,
            coin: true,
            k: 1,
            eager: false,
            exchange: Spread::Both,
            exchange_every: 1_000_000,
            merge: Merge::LastWriter,
        }
    }
}

pub(super) const KNOBS: &[Knob<Config>] = &[
    Knob {
        id: "gossip.rumours",
        title: "rumours go by",
        unit: SPREAD,
        min: 0,
        max: 3,
        get: |c| c.rumours as i64,
        set: |c, v| c.rumours = SPREADS[v as usize],
    },
    Knob {
        id: "gossip.period",
        title: "a server spreads rumours every",
        unit: Unit::Time,
        min: 1_000,
        max: 60_000_000,
        get: |c| c.period as i64,
        set: |c, v| c.period = v as u64,
    },
    Knob {
        id: "gossip.fanout",
        title: "servers it talks to each time",
        unit: Unit::Count,
        min: 1,
        max: 20,
        get: |c| c.fanout.into(),
        set: |c, v| c.fanout = v as u8,
    },
    Knob {
        id: "gossip.feedback",
        title: "it tires of what others knew (off: of telling)",
        unit: Unit::Switch,
        min: 0,
        max: 1,
        get: |c| c.feedback.into(),
        set: |c, v| c.feedback = v != 0,
    },
    Knob {
        id: "gossip.coin",
        title: "by a coin of 1/k (off: after k times)",
        unit: Unit::Switch,
        min: 0,
        max: 1,
        get: |c| c.coin.into(),
        set: |c, v| c.coin = v != 0,
    },
    Knob {
        id: "gossip.k",
        title: "k",
        unit: Unit::Count,
        min: 1,
        max: 20,
        get: |c| c.k.into(),
        set: |c, v| c.k = v as u8,
    },
    Knob {
        id: "gossip.eager",
        title: "a write is told to everybody at once",
        unit: Unit::Switch,
        min: 0,
        max: 1,
        get: |c| c.eager.into(),
        set: |c, v| c.eager = v != 0,
    },
    Knob {
        id: "gossip.exchange",
        title: "anti-entropy goes by",
        unit: SPREAD,
        min: 0,
        max: 3,
        get: |c| c.exchange as i64,
        set: |c, v| c.exchange = SPREADS[v as usize],
    },
    Knob {
        id: "gossip.exchange-every",
        title: "anti-entropy every (0: never)",
        unit: Unit::Time,
        min: 0,
        max: 60_000_000,
        get: |c| c.exchange_every as i64,
        set: |c, v| c.exchange_every = v as u64,
    },
    Knob {
        id: "gossip.merge",
        title: "of two versions",
        unit: Unit::Choice(&["last-writer", "all-concurrent", "none"]),
        min: 0,
        max: 2,
        get: |c| c.merge as i64,
        set: |c, v| c.merge = [Merge::LastWriter, Merge::Concurrent, Merge::None][v as usize],
    },
];

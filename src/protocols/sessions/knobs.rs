//! What can be set.

use crate::core::config::{Knob, Unit};

/// What a server does that is not fresh enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stale {
    /// It waits until it is.
    #[default]
    Wait,
    /// It names a server that is.
    Redirect,
    /// It sends the client to any other.
    Elsewhere,
    /// It refuses.
    Refuse,
}

/// Settings; times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Read your writes.
    pub ryw: bool,
    /// Monotonic reads.
    pub mr: bool,
    /// Writes follow reads.
    pub wfr: bool,
    /// Monotonic writes.
    pub mw: bool,
    /// What a server does that is not fresh enough.
    pub stale: Stale,
    /// How long it waits.
    pub wait: u64,
    /// Only the first server takes writes.
    pub primary: bool,
    /// It answers all reads, too.
    pub lead: bool,
    /// While another lacks a write that is older than this, the first server takes none; 0 for
    /// never.
    pub bound: u64,
    /// A write is sent to the others at once.
    pub push: bool,
    /// So many others must have it before it is acknowledged.
    pub confirm: u32,
    /// How often a server asks another for what is new; 0 for never.
    pub gossip: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            ryw: true,
            mr: true,
            wfr: true,
            mw: true,
            stale: Stale::Wait,
            wait: 600_000,
            primary: false,
            lead: false,
            bound: 0,
            push: false,
            confirm: 0,
            gossip: 300_000,
        }
    }
}

/// A switch needs two functions over numbers.
macro_rules! switch {
    ($id:literal, $title:literal, $field:ident) => {
        Knob {
            id: $id,
            title: $title,
            unit: Unit::Switch,
            min: 0,
            max: 1,
            get: |c| c.$field.into(),
            set: |c, v| c.$field = v != 0,
        }
    };
}

pub(super) const KNOBS: &[Knob<Config>] = &[
    switch!("session.ryw", "read your writes", ryw),
    switch!("session.mr", "monotonic reads", mr),
    switch!("session.wfr", "writes follow reads", wfr),
    switch!("session.mw", "monotonic writes", mw),
    Knob {
        id: "session.stale",
        title: "a server that is not fresh enough",
        unit: Unit::Choice(&["wait", "redirect", "elsewhere", "refuse"]),
        min: 0,
        max: 3,
        get: |c| c.stale as i64,
        set: |c, v| {
            c.stale = [Stale::Wait, Stale::Redirect, Stale::Elsewhere, Stale::Refuse][v as usize];
        },
    },
    Knob {
        id: "session.wait",
        title: "it waits at most",
        unit: Unit::Time,
        min: 1_000,
        max: 60_000_000,
        get: |c| c.wait as i64,
        set: |c, v| c.wait = v as u64,
    },
    switch!("session.primary", "only the first server takes writes", primary),
    switch!("session.lead", "it answers all reads, too", lead),
    Knob {
        id: "session.bound",
        title: "it takes no writes while others are behind by more than (0: it does)",
        unit: Unit::Time,
        min: 0,
        max: 600_000_000,
        get: |c| c.bound as i64,
        set: |c, v| c.bound = v as u64,
    },
    switch!("session.push", "a write is sent to the others at once", push),
    Knob {
        id: "session.confirm",
        title: "others that must have a write before it is acknowledged",
        unit: Unit::Count,
        min: 0,
        max: 24,
        get: |c| c.confirm.into(),
        set: |c, v| c.confirm = v as u32,
    },
    Knob {
        id: "session.gossip",
        title: "servers ask for what is new every (0: never)",
        unit: Unit::Time,
        min: 0,
        max: 60_000_000,
        get: |c| c.gossip as i64,
        set: |c, v| c.gossip = v as u64,
    },
];

//! What can be set.

use crate::algo::hashing::HashFn;
use crate::core::config::{Knob, Unit};

/// How a key finds its owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// The first point clockwise.
    #[default]
    Ring,
    /// The same, with libketama's points.
    Ketama,
    /// The remainder of the key's hash by the number of servers.
    Modulo,
    /// The server whose hash with the key is highest.
    Rendezvous,
    /// Jump consistent hash.
    Jump,
    /// A lookup table that all servers fill in turn.
    Maglev,
    /// The first point clockwise whose server is not full.
    Bounded,
}

impl Scheme {
    /// All of them with their names, in the order of the knob.
    pub const ALL: [(Scheme, &'static str); 7] = [
        (Scheme::Ring, "ring"),
        (Scheme::Ketama, "ketama"),
        (Scheme::Modulo, "modulo"),
        (Scheme::Rendezvous, "rendezvous"),
        (Scheme::Jump, "jump"),
        (Scheme::Maglev, "maglev"),
        (Scheme::Bounded, "bounded"),
    ];
}

/// Settings; times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How a key finds its owner.
    pub scheme: Scheme,
    /// Points of each server on the ring.
    pub vnodes: u32,
    /// The hash function, a place in [`HashFn::ALL`].
    pub function: u8,
    /// No server may hold more than this many hundredths of the mean (bounded loads).
    pub bound: u32,
    /// Servers that keep a key, the owner among them.
    pub copies: u32,
    /// Racks; server n stands in rack n modulo this.
    pub racks: u32,
    /// Servers that are members from the start.
    pub members: u32,
    /// Keys there are.
    pub keys: u32,
    /// Keys in a parcel at most.
    pub parcel: u32,
    /// Servers with a greater share, the first ones.
    pub heavy: u32,
    /// Their share; that of the others is 1.
    pub weight: u32,
    /// Clients ask for some keys more often than for others, by Zipf's law.
    pub zipf: bool,
    /// How often a server tells another who the members are.
    pub gossip: u64,
    /// What is not acknowledged is sent again after this long.
    pub resend: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            scheme: Scheme::Ring,
            vnodes: 16,
            function: 1,
            bound: 125,
            copies: 2,
            racks: 3,
            members: 4,
            keys: 48,
            parcel: 4,
            heavy: 0,
            weight: 2,
            zipf: false,
            gossip: 300_000,
            resend: 400_000,
        }
    }
}

impl Config {
    /// The hash function.
    pub fn hash(&self) -> HashFn {
        HashFn::ALL[usize::from(self.function) % HashFn::ALL.len()].1
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

pub(super) const KNOBS: &[Knob<Config>] = &[
    Knob {
        id: "hash.scheme",
        title: "a key's owner is found by",
        unit: Unit::Choice(&[
            "ring",
            "ketama",
            "modulo",
            "rendezvous",
            "jump",
            "maglev",
            "bounded",
        ]),
        min: 0,
        max: 6,
        get: |c| c.scheme as i64,
        set: |c, v| c.scheme = Scheme::ALL[v as usize].0,
    },
    count(
        "hash.vnodes",
        "points of a server on the ring",
        (1, 1024),
        |c| c.vnodes.into(),
        |c, v| c.vnodes = v as u32,
    ),
    Knob {
        id: "hash.function",
        title: "hash function",
        unit: Unit::Choice(&["md5", "murmur3", "xxhash64", "fnv1a", "char-sum"]),
        min: 0,
        max: 4,
        get: |c| c.function.into(),
        set: |c, v| c.function = v as u8,
    },
    count(
        "hash.bound",
        "a server is full at this percentage of the mean (bounded)",
        (100, 1000),
        |c| c.bound.into(),
        |c, v| c.bound = v as u32,
    ),
    count(
        "hash.copies",
        "servers that keep a key",
        (1, 5),
        |c| c.copies.into(),
        |c, v| c.copies = v as u32,
    ),
    count("hash.racks", "racks", (1, 9), |c| c.racks.into(), |c, v| c.racks = v as u32),
    count(
        "hash.members",
        "members from the start",
        (1, 100),
        |c| c.members.into(),
        |c, v| c.members = v as u32,
    ),
    count("hash.keys", "keys", (1, 10_000), |c| c.keys.into(), |c, v| c.keys = v as u32),
    count(
        "hash.parcel",
        "keys in a parcel at most",
        (1, 1000),
        |c| c.parcel.into(),
        |c, v| c.parcel = v as u32,
    ),
    count(
        "hash.heavy",
        "servers with a greater share, the first ones",
        (0, 100),
        |c| c.heavy.into(),
        |c, v| c.heavy = v as u32,
    ),
    count(
        "hash.weight",
        "their share, where that of others is 1",
        (1, 16),
        |c| c.weight.into(),
        |c, v| c.weight = v as u32,
    ),
    Knob {
        id: "client.pattern",
        title: "keys that clients ask for",
        unit: Unit::Choice(&["uniform", "zipf"]),
        min: 0,
        max: 1,
        get: |c| c.zipf.into(),
        set: |c, v| c.zipf = v != 0,
    },
    Knob {
        id: "hash.gossip",
        title: "a server tells another of the members every",
        unit: Unit::Time,
        min: 1_000,
        max: 60_000_000,
        get: |c| c.gossip as i64,
        set: |c, v| c.gossip = v as u64,
    },
    Knob {
        id: "hash.resend",
        title: "keys are sent again if not acknowledged after",
        unit: Unit::Time,
        min: 1_000,
        max: 60_000_000,
        get: |c| c.resend as i64,
        set: |c, v| c.resend = v as u64,
    },
];

/// Weight of the first of Zipf's ranks; those of the others are whole parts of it.
const RANK: u64 = 1 << 20;

/// A key by Zipf's law: the n-th key is asked for in proportion to 1/n.
pub(super) fn zipf(keys: u32, pick: &mut dyn FnMut(u64) -> u64) -> u32 {
    let all: u64 = (1..=u64::from(keys)).map(|rank| RANK / rank).sum();
    let mut left = pick(all);
    let mut key = 0;
    while key + 1 < keys && left >= RANK / (u64::from(key) + 1) {
        left -= RANK / (u64::from(key) + 1);
        key += 1;
    }
    key
}

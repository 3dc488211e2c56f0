//! Descriptors of ranges, what is known of them, and where keys lie on the axis.

use super::Config;
use crate::algo::hashing::HashFn;
use crate::core::declare::{Data, Forger, Liar, Plain, Rewrite, data};
use crate::core::ids::{Names, NodeId, NodeSet};
use crate::core::protocol::key_name;

/// A range: where it begins, and in which generation of its place it was born. A range never
/// changes where it begins, and the generation of a place only grows, so no two are ever alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RangeId {
    /// Its first place on the axis.
    pub start: u32,
    /// The generation in which it came to be.
    pub born: u32,
}

impl Rewrite for RangeId {
    const NAMES: bool = false;
    fn rewrite(&mut self, _: &Names) {}
}

impl Data for RangeId {
    const LIES: bool = false;
    fn plain(&self) -> Plain {
        Plain::Text(match *self {
            META => "meta".into(),
            RangeId { start, born } => format!("from place {start}, born {born}"),
        })
    }
    fn lie(&mut self, _: &Liar, _: &mut Forger) {}
}

data! {
    /// What is to be known of a range.
    #[derive(Copy, Default)]
    pub struct Desc {
        /// Which range.
        pub id: RangeId = "range",
        /// The first place that is not in it any more.
        pub end: u32 as fixed,
        /// Grows with every split, merge, freeze and change of members: for each place of the axis,
        /// what has the higher generation is true.
        pub generation: u32,
        /// Who keeps a replica.
        pub members: NodeSet,
    }

    /// Descriptors that somebody has heard of, in the order of the axis. Old ones are kept where
    /// nothing newer is known.
    #[derive(Default)]
    pub struct RangeCache {
        all: Vec<Desc> as fixed,
    }
}

/// The range that knows where the others are. It lies beyond the axis and never splits.
pub const META: RangeId = RangeId { start: u32::MAX, born: 0 };

impl Desc {
    /// Does this place lie in it?
    pub fn has(&self, place: u32) -> bool {
        self.id.start <= place && place < self.end
    }
}

impl RangeCache {
    /// The newest descriptor known of a place.
    pub fn find(&self, place: u32) -> Option<&Desc> {
        self.all.iter().filter(|d| d.has(place)).max_by_key(|d| d.generation)
    }

    /// A range by its name.
    pub fn of(&self, id: RangeId) -> Option<&Desc> {
        self.all.iter().find(|d| d.id == id)
    }

    /// Takes a descriptor in, unless a newer one of the same range is known; true if it did.
    pub fn learn(&mut self, desc: Desc) -> bool {
        if self.of(desc.id).is_some_and(|d| d.generation >= desc.generation) {
            return false;
        }
        self.all.retain(|d| d.id != desc.id);
        let at = self.all.partition_point(|d| d.id < desc.id);
        self.all.insert(at, desc);
        // What newer ones cover everywhere is known no more.
        let edges: Vec<u32> = self.all.iter().flat_map(|d| [d.id.start, d.end]).collect();
        let seen = |d: &Desc| {
            let mut own = edges.iter().filter(|e| d.has(**e));
            d.id == META || own.any(|e| self.find(*e) == Some(d))
        };
        let keep: Vec<bool> = self.all.iter().map(seen).collect();
        let mut keep = keep.into_iter();
        self.all.retain(|_| keep.next() == Some(true));
        true
    }

    /// Forgets a range.
    pub fn forget(&mut self, id: RangeId) {
        self.all.retain(|d| d.id != id);
    }

    /// All of them, in the order of the axis.
    pub fn iter(&self) -> impl Iterator<Item = &Desc> {
        self.all.iter()
    }
}

impl FromIterator<Desc> for RangeCache {
    fn from_iter<T: IntoIterator<Item = Desc>>(all: T) -> Self {
        let mut known = RangeCache::default();
        all.into_iter().for_each(|d| {
            known.learn(d);
        });
        known
    }
}

/// How many places the axis has: each bucket holds all keys.
pub fn places(cfg: &Config) -> u32 {
    cfg.keys * cfg.buckets
}

/// Where a key lies: hash-sharding puts the number of its bucket before it.
pub fn place(cfg: &Config, key: u32) -> u32 {
    bucket(cfg, key) * cfg.keys + key
}

/// The key at a place.
pub fn key_at(cfg: &Config, place: u32) -> u32 {
    place % cfg.keys.max(1)
}

fn bucket(cfg: &Config, key: u32) -> u32 {
    if cfg.buckets <= 1 {
        return 0;
    }
    (HashFn::Murmur3.hash(key_name(key).as_bytes()) % u64::from(cfg.buckets)) as u32
}

/// The intervals of places that a scan of some keys has to read: one a bucket.
pub fn spans(cfg: &Config, first: u32, keys: u32) -> Vec<(u32, u32)> {
    let last = first.saturating_add(keys).min(cfg.keys);
    let span = |b: u32| (b * cfg.keys + first, b * cfg.keys + last);
    (0..cfg.buckets.max(1)).map(span).filter(|(a, b)| a < b).collect()
}

/// A place in words: its key, and its bucket if there are several.
pub fn place_name(cfg: &Config, place: u32) -> String {
    match (place >= places(cfg), cfg.buckets > 1) {
        (true, _) => "the end".into(),
        (_, true) => format!("{}/{}", place / cfg.keys.max(1), key_name(key_at(cfg, place))),
        _ => key_name(place),
    }
}

/// The first ranges, each with who leads it at its birth: equal parts of the axis on servers in
/// turn, and the range that knows them.
pub fn first_ranges(cfg: &Config, nodes: u16) -> Vec<(Desc, NodeId)> {
    let nodes = nodes.max(1);
    let copies = u16::try_from(cfg.copies).unwrap_or(nodes).clamp(1, nodes);
    let members = |n: u16| (n..n + copies).map(|m| NodeId(m % nodes)).collect();
    let (all, count) = (places(cfg), cfg.first.clamp(1, places(cfg).max(1)));
    let edge = |n: u32| (u64::from(all) * u64::from(n) / u64::from(count)) as u32;
    let meta = Desc { id: META, end: u32::MAX, generation: 1, members: members(0) };
    let range = |n: u32| {
        let first = (n % u32::from(nodes)) as u16;
        let id = RangeId { start: edge(n), born: 1 };
        (Desc { id, end: edge(n + 1), generation: 1, members: members(first) }, NodeId(first))
    };
    std::iter::once((meta, NodeId(0))).chain((0..count).map(range)).collect()
}

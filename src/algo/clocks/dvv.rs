//! Dotted version vectors (Preguica, Baquero, Almeida, Fonte, Goncalves 2010/2012).

use super::{Causality, VectorClock};

/// A version: its own event (the dot) and the history its writer had read (the context).
///
/// The dot need not be contiguous with the context; that is what lets a server tell two clients
/// that wrote through it apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dotted<K: Ord> {
    /// The server that took the write, and its count of writes.
    pub dot: (K, u64),
    /// What the writer had read.
    pub context: VectorClock<K>,
}

impl<K: Ord + Clone> Dotted<K> {
    /// True if `other`'s writer had read this version.
    pub fn is_before(&self, other: &Self) -> bool {
        other.context.get(&self.dot.0) >= self.dot.1 && self.dot != other.dot
    }

    /// How the two versions are related; distinct dots are never equal.
    pub fn compare(&self, other: &Self) -> Causality {
        match (self.is_before(other), other.is_before(self)) {
            _ if self.dot == other.dot => Causality::Equal,
            (true, false) => Causality::Before,
            (false, true) => Causality::After,
            _ => Causality::Concurrent,
        }
    }
}

/// The siblings that one replica stores for one key, each with its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Siblings<K: Ord, V> {
    /// Sorted by dot; no version is before another.
    versions: Vec<(Dotted<K>, V)>,
}

impl<K: Ord, V> Default for Siblings<K, V> {
    fn default() -> Self {
        Siblings { versions: Vec::new() }
    }
}

impl<K: Ord + Clone, V: Clone> Siblings<K, V> {
    /// Nothing stored.
    pub fn new() -> Self {
        Self::default()
    }

    /// The stored versions.
    pub fn versions(&self) -> &[(Dotted<K>, V)] {
        &self.versions
    }

    /// The same with each version, or its value, made another.
    pub fn map(&self, mut other: impl FnMut(&Dotted<K>, &V) -> (Dotted<K>, V)) -> Self {
        let mut versions: Vec<_> = self.versions.iter().map(|(v, value)| other(v, value)).collect();
        versions.sort_by(|(a, _), (b, _)| a.dot.cmp(&b.dot));
        Siblings { versions }
    }

    /// What a reader of all the siblings has read: the context for its next write.
    pub fn context(&self) -> VectorClock<K> {
        let mut all = VectorClock::new();
        for (version, _) in &self.versions {
            all.merge(&version.context);
            let (server, count) = &version.dot;
            all.set(server.clone(), all.get(server).max(*count));
        }
        all
    }

    /// Takes a write at `server` by a client that had read `context`; what it had read goes.
    pub fn update(&mut self, server: &K, context: VectorClock<K>, value: V) {
        let count = self.context().get(server).max(context.get(server)) + 1;
        self.discard(&context);
        self.versions.push((Dotted { dot: (server.clone(), count), context }, value));
        self.versions.sort_by(|(a, _), (b, _)| a.dot.cmp(&b.dot));
    }

    /// Drops the versions that `context` includes.
    pub fn discard(&mut self, context: &VectorClock<K>) {
        self.versions.retain(|(v, _)| context.get(&v.dot.0) < v.dot.1);
    }

    /// Joins another replica's siblings: keeps what no version of the other side supersedes.
    pub fn sync(&mut self, other: &Self) {
        let mut all = self.versions.clone();
        all.extend(other.versions.iter().cloned());
        all.sort_by(|(a, _), (b, _)| a.dot.cmp(&b.dot));
        all.dedup_by(|(a, _), (b, _)| a.dot == b.dot);
        let kept = all.iter().filter(|(v, _)| !all.iter().any(|(w, _)| v.is_before(w)));
        self.versions = kept.cloned().collect();
    }
}

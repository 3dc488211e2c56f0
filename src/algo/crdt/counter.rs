//! Counters: grow-only, and one that also falls.

use super::Crdt;
use crate::core::sorted::SortedMap;

/// A replica's count is full: 64 bits hold no larger one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// What it has counted.
    pub count: u64,
}

/// A counter that only grows: one count per replica, joined by maximum.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GCounter<K: Ord> {
    counts: SortedMap<K, u64>,
}

impl<K: Ord> Default for GCounter<K> {
    fn default() -> Self {
        GCounter { counts: SortedMap::new() }
    }
}

impl<K: Ord + Clone> GCounter<K> {
    /// Adds `by` at `replica`; nothing, if its count would not hold it.
    pub fn increment(&mut self, replica: &K, by: u64) -> Result<(), Full> {
        if by > 0 {
            let count = self.counts.entry(replica.clone()).or_default();
            *count = count.checked_add(by).ok_or(Full { count: *count })?;
        }
        Ok(())
    }

    /// The sum over all replicas.
    pub fn value(&self) -> u128 {
        self.counts.values().map(|n| u128::from(*n)).sum()
    }

    /// What each replica has added.
    pub fn counts(&self) -> &SortedMap<K, u64> {
        &self.counts
    }
}

impl<K: Ord + Clone> Crdt for GCounter<K> {
    fn merge(&mut self, other: &Self) {
        for (replica, count) in &other.counts {
            let mine = self.counts.entry(replica.clone()).or_default();
            *mine = (*mine).max(*count);
        }
    }
}

/// A counter that grows and falls: two grow-only counters. It keeps no invariant such as
/// "not below zero": replicas decrement without asking each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PnCounter<K: Ord> {
    /// What was added.
    pub added: GCounter<K>,
    /// What was taken away.
    pub taken: GCounter<K>,
}

impl<K: Ord> Default for PnCounter<K> {
    fn default() -> Self {
        PnCounter { added: GCounter::default(), taken: GCounter::default() }
    }
}

impl<K: Ord + Clone> PnCounter<K> {
    /// Adds `by` at `replica`; nothing, if its count would not hold it.
    pub fn increment(&mut self, replica: &K, by: u64) -> Result<(), Full> {
        self.added.increment(replica, by)
    }

    /// Takes `by` away at `replica`; nothing, if its count would not hold it.
    pub fn decrement(&mut self, replica: &K, by: u64) -> Result<(), Full> {
        self.taken.increment(replica, by)
    }

    /// What was added less what was taken away.
    pub fn value(&self) -> i128 {
        self.added.value() as i128 - self.taken.value() as i128
    }
}

impl<K: Ord + Clone> Crdt for PnCounter<K> {
    fn merge(&mut self, other: &Self) {
        self.added.merge(&other.added);
        self.taken.merge(&other.taken);
    }
}

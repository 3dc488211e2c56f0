//! Registers: the last writer wins, or all concurrent writers stay.

use super::Crdt;
use crate::algo::clocks::{Causality, VectorClock};
use crate::core::sorted::SortedMap;
use std::hash::{Hash, Hasher};

/// A register whose write with the largest (timestamp, replica) wins; an acknowledged write with
/// a smaller one is lost without a trace. Of writes that one replica makes at one time the later wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LwwRegister<K, V> {
    /// The winning write: timestamp, replica (breaks ties), value.
    pub latest: Option<(u64, K, V)>,
    /// How many writes the same replica made before it at the same time.
    again: u64,
}

impl<K, V> Default for LwwRegister<K, V> {
    fn default() -> Self {
        LwwRegister { latest: None, again: 0 }
    }
}

/// Mostly there is one write at a time, which then is all there is to hash.
impl<K: Hash, V: Hash> Hash for LwwRegister<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.latest.hash(state);
        if self.again > 0 {
            self.again.hash(state);
        }
    }
}

impl<K: Ord + Clone, V: Ord + Clone> LwwRegister<K, V> {
    /// Writes at `replica`, whose clock says `timestamp`; true if the write wins here.
    pub fn write(&mut self, timestamp: u64, replica: K, value: V) -> bool {
        let again = match &self.latest {
            Some((time, by, _)) if (*time, by) == (timestamp, &replica) => self.again + 1,
            _ => 0,
        };
        let write = LwwRegister { latest: Some((timestamp, replica, value)), again };
        let wins = write.rank() > self.rank();
        if wins {
            *self = write;
        }
        wins
    }

    /// A register that knows of this write alone.
    pub fn of(latest: Option<(u64, K, V)>) -> Self {
        LwwRegister { latest, again: 0 }
    }

    /// What decides between two writes; the value only where a replica forgot what it had written.
    fn rank(&self) -> Option<(u64, &K, u64, &V)> {
        self.latest.as_ref().map(|(time, by, value)| (*time, by, self.again, value))
    }

    /// The value, if there was a write.
    pub fn value(&self) -> Option<&V> {
        self.latest.as_ref().map(|w| &w.2)
    }
}

impl<K: Ord + Clone, V: Ord + Clone> Crdt for LwwRegister<K, V> {
    fn merge(&mut self, other: &Self) {
        if other.rank() > self.rank() {
            *self = other.clone();
        }
    }
}

/// A write to a multi-value register, as it travels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Put<K: Ord, V> {
    /// What the writer had read, and the write itself.
    pub clock: VectorClock<K>,
    /// The value.
    pub value: V,
}

/// A register that keeps every value no later write has replaced. Equal values of concurrent
/// writes stay apart: they are two writes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MvRegister<K: Ord, V> {
    /// By the clock of their write; no clock is before another.
    values: SortedMap<VectorClock<K>, V>,
}

impl<K: Ord, V> Default for MvRegister<K, V> {
    fn default() -> Self {
        MvRegister { values: SortedMap::new() }
    }
}

impl<K: Ord + Clone, V: Clone + Eq> MvRegister<K, V> {
    /// The concurrent values.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.values.values()
    }

    /// The clocks and values.
    pub fn writes(&self) -> impl Iterator<Item = (&VectorClock<K>, &V)> {
        self.values.iter()
    }

    /// All that a full read has read.
    pub fn clock(&self) -> VectorClock<K> {
        let mut all = VectorClock::new();
        self.values.keys().for_each(|clock| all.merge(clock));
        all
    }

    /// A write at `replica` after reading `context`; to be [applied](Self::apply) everywhere.
    pub fn put(&self, replica: &K, mut context: VectorClock<K>, value: V) -> Put<K, V> {
        context.increment(replica);
        Put { clock: context, value }
    }

    /// Takes a write in: it replaces what it had read. Once is as good as twice.
    pub fn apply(&mut self, put: Put<K, V>) {
        let known = |clock: &VectorClock<K>| clock.includes(&put.clock);
        if put.clock.is_empty() || self.values.keys().any(known) {
            return;
        }
        self.values.retain(|clock, _| put.clock.compare(clock) != Causality::After);
        self.values.insert(put.clock, put.value);
    }

    /// Forgets the part of every write's history that `clock` includes, and the writes of which
    /// nothing is left.
    pub fn reset_remove(&mut self, clock: &VectorClock<K>) {
        let old = std::mem::take(&mut self.values);
        for (history, value) in old {
            let left = history.iter().filter(|(k, n)| *n > clock.get(k));
            let left: VectorClock<K> = left.map(|(k, n)| (k.clone(), n)).collect();
            if !left.is_empty() {
                self.values.insert(left, value);
            }
        }
    }
}

impl<K: Ord + Clone, V: Clone + Eq> Crdt for MvRegister<K, V> {
    fn merge(&mut self, other: &Self) {
        for (clock, value) in &other.values {
            self.apply(Put { clock: clock.clone(), value: value.clone() });
        }
    }
}

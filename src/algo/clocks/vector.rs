//! Vector clocks (Fidge 1988, Mattern 1989) and, as the same value, version vectors (Parker 1983).

use crate::core::sorted::SortedMap;
use serde::{Deserialize, Serialize};

/// How two events, or two versions, are related.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Causality {
    /// The first happened before the second.
    Before,
    /// They have the same history.
    Equal,
    /// The second happened before the first.
    After,
    /// Neither happened before the other.
    Concurrent,
}

impl Causality {
    /// The relation when some component is smaller and some is larger.
    pub(super) fn of(smaller: bool, larger: bool) -> Self {
        match (smaller, larger) {
            (false, false) => Causality::Equal,
            (true, false) => Causality::Before,
            (false, true) => Causality::After,
            (true, true) => Causality::Concurrent,
        }
    }
}

/// A count of events per process. Processes may come at any time; one never heard of counts 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VectorClock<K: Ord> {
    /// Never holds a 0, so that equal clocks are equal values.
    counts: SortedMap<K, u64>,
}

impl<K: Ord> Default for VectorClock<K> {
    fn default() -> Self {
        VectorClock { counts: SortedMap::new() }
    }
}

impl<K: Ord + Clone> VectorClock<K> {
    /// The clock before any event.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many events of `process` are in this history.
    pub fn get(&self, process: &K) -> u64 {
        self.counts.get(process).copied().unwrap_or(0)
    }

    /// Sets one count; 0 forgets the process.
    pub fn set(&mut self, process: K, count: u64) {
        if count == 0 {
            self.counts.remove(&process);
        } else {
            self.counts.insert(process, count);
        }
    }

    /// Counts one event of `process` and returns its number, from 1.
    pub fn increment(&mut self, process: &K) -> u64 {
        let count = self.get(process).saturating_add(1);
        self.set(process.clone(), count);
        count
    }

    /// Joins both histories: the larger count of each process.
    pub fn merge(&mut self, other: &Self) {
        for (process, count) in &other.counts {
            if *count > self.get(process) {
                self.set(process.clone(), *count);
            }
        }
    }

    /// The receive rule: join the message's history, then count the receipt.
    pub fn receive(&mut self, process: &K, message: &Self) -> u64 {
        self.merge(message);
        self.increment(process)
    }

    /// True if every event of `other` is in this history.
    pub fn includes(&self, other: &Self) -> bool {
        other.counts.iter().all(|(process, count)| self.get(process) >= *count)
    }

    /// How this history relates to `other`.
    pub fn compare(&self, other: &Self) -> Causality {
        Causality::of(!self.includes(other), !other.includes(self))
    }

    /// The processes heard of and their counts, in order of process; no count is 0.
    pub fn iter(&self) -> impl Iterator<Item = (&K, u64)> {
        self.counts.iter().map(|(process, count)| (process, *count))
    }

    /// How many processes have been heard of.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// True before any event.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

impl<K: Ord + Clone> FromIterator<(K, u64)> for VectorClock<K> {
    /// A process that is repeated counts with its last number.
    fn from_iter<I: IntoIterator<Item = (K, u64)>>(counts: I) -> Self {
        let mut clock = Self::new();
        counts.into_iter().for_each(|(process, count)| clock.set(process, count));
        clock
    }
}

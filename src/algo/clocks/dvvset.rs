//! Dotted version vector sets (Almeida, Baquero, Goncalves, Preguica, Fonte 2014): all siblings of
//! a key and their causality in one compact value.

use super::{Causality, VectorClock};
use crate::core::sorted::SortedMap;

/// What a server stores for a key, or what a client sends: values with their causal history.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DvvSet<K: Ord, V> {
    /// Per server: how many writes it has taken, and the values of the newest of them that are
    /// still siblings, newest first; never more values than writes.
    pub entries: SortedMap<K, (u64, Vec<V>)>,
    /// Values that no server has given a dot yet.
    pub anonymous: Vec<V>,
}

impl<K: Ord + Clone, V: Clone + PartialEq> DvvSet<K, V> {
    /// A client's values, written after reading `context`.
    pub fn new(context: &VectorClock<K>, values: Vec<V>) -> Self {
        let entries = context.iter().map(|(k, n)| (k.clone(), (n, Vec::new()))).collect();
        DvvSet { entries, anonymous: values }
    }

    /// The causal history: the context for a reader's next write.
    pub fn join(&self) -> VectorClock<K> {
        self.entries.iter().map(|(k, (n, _))| (k.clone(), *n)).collect()
    }

    /// The stored values: anonymous ones first, then by server, newest first.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.anonymous.iter().chain(self.entries.values().flat_map(|(_, values)| values))
    }

    /// Gives `value` the next dot of `server`.
    fn event(&mut self, server: &K, value: V) {
        let (count, values) = self.entries.entry(server.clone()).or_default();
        *count += 1;
        values.insert(0, value);
    }

    /// The server takes the write of a client: `self` is the client's clock with one anonymous
    /// value, `stored` what the server has, `server` its name. None if there is no one value.
    pub fn update(&self, stored: Option<&Self>, server: &K) -> Option<Self> {
        let [value] = self.anonymous.as_slice() else { return None };
        let history = DvvSet { entries: self.entries.clone(), anonymous: Vec::new() };
        let mut merged = match stored {
            Some(stored) => history.sync(stored),
            None => history,
        };
        merged.event(server, value.clone());
        Some(merged)
    }

    /// Joins two replicas: every value that neither side's history has superseded.
    pub fn sync(&self, other: &Self) -> Self {
        let anonymous = match self.compare(other) {
            Causality::Before => other.anonymous.clone(),
            Causality::After => self.anonymous.clone(),
            _ => {
                let mut all: Vec<V> = Vec::new();
                for v in self.anonymous.iter().chain(&other.anonymous) {
                    if !all.contains(v) {
                        all.push(v.clone());
                    }
                }
                all
            }
        };
        let mut entries = self.entries.clone();
        for (server, (count, values)) in &other.entries {
            let merged = match entries.get(server) {
                Some((n, mine)) => merge_entry((*n, mine), (*count, values)),
                None => (*count, values.clone()),
            };
            entries.insert(server.clone(), merged);
        }
        DvvSet { entries, anonymous }
    }

    /// How the two causal histories are related; values do not count.
    pub fn compare(&self, other: &Self) -> Causality {
        let behind = |a: &Self, b: &Self| {
            b.entries.iter().any(|(k, (n, _))| a.entries.get(k).is_none_or(|(m, _)| m < n))
        };
        Causality::of(behind(self, other), behind(other, self))
    }
}

/// One server's entry on both sides: the longer history, less the values that the other side has
/// already seen superseded.
fn merge_entry<V: Clone>(a: (u64, &[V]), b: (u64, &[V])) -> (u64, Vec<V>) {
    let (long, short) = if a.0 >= b.0 { (a, b) } else { (b, a) };
    let superseded = |(count, values): (u64, &[V])| count.saturating_sub(values.len() as u64);
    let oldest = superseded(long).max(superseded(short));
    let kept = long.0.saturating_sub(oldest) as usize;
    (long.0, long.1.iter().take(kept).cloned().collect())
}

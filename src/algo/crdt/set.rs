//! Sets: two-phase, where a removed element never comes back, and observed-remove, where it does.

use super::Crdt;
use crate::core::sorted::{SortedMap, SortedSet};

/// A set of what was added less what was removed; removal is for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TwoPhaseSet<V: Ord> {
    /// All that was ever added.
    pub added: SortedSet<V>,
    /// Tombstones.
    pub removed: SortedSet<V>,
}

impl<V: Ord> Default for TwoPhaseSet<V> {
    fn default() -> Self {
        TwoPhaseSet { added: SortedSet::new(), removed: SortedSet::new() }
    }
}

impl<V: Ord + Clone> TwoPhaseSet<V> {
    /// Adds an element; true if it is in the set afterwards.
    pub fn add(&mut self, element: V) -> bool {
        let lives = !self.removed.contains(&element);
        self.added.insert(element);
        lives
    }

    /// Removes an element that is in the set; true if it was.
    pub fn remove(&mut self, element: &V) -> bool {
        self.added.contains(element) && self.removed.insert(element.clone())
    }

    /// True if the element is in the set.
    pub fn contains(&self, element: &V) -> bool {
        self.added.contains(element) && !self.removed.contains(element)
    }

    /// The elements.
    pub fn iter(&self) -> impl Iterator<Item = &V> {
        self.added.difference(&self.removed)
    }
}

impl<V: Ord + Clone> Crdt for TwoPhaseSet<V> {
    fn merge(&mut self, other: &Self) {
        self.added.extend(other.added.iter().cloned());
        self.removed.extend(other.removed.iter().cloned());
    }
}

/// A unique tag of an addition: the replica and its number there, from 1.
type Tag<K> = (K, u64);

/// A set in which a removal takes away only the additions it has observed: of an addition and a
/// concurrent removal, the addition wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrSet<K: Ord, V: Ord> {
    /// The tags of each element's additions, removed ones included.
    added: SortedMap<V, SortedSet<Tag<K>>>,
    /// Tombstones: the tags that removals have observed.
    removed: SortedSet<Tag<K>>,
    /// How many tags each replica has given.
    given: SortedMap<K, u64>,
}

impl<K: Ord, V: Ord> Default for OrSet<K, V> {
    fn default() -> Self {
        OrSet { added: SortedMap::new(), removed: SortedSet::new(), given: SortedMap::new() }
    }
}

impl<K: Ord + Clone, V: Ord + Clone> OrSet<K, V> {
    /// Adds an element at `replica`, under a tag that was never used.
    pub fn add(&mut self, replica: &K, element: V) {
        let given = self.given.entry(replica.clone()).or_default();
        *given += 1;
        let tag = (replica.clone(), *given);
        self.added.entry(element).or_default().insert(tag);
    }

    /// Removes the additions of `element` that are seen here; true if any was live.
    pub fn remove(&mut self, element: &V) -> bool {
        let tags = self.added.get(element).into_iter().flatten();
        let before = self.removed.len();
        self.removed.extend(tags.cloned());
        self.removed.len() > before
    }

    /// The live tags of an element; it is in the set if there is one.
    pub fn tags(&self, element: &V) -> impl Iterator<Item = &Tag<K>> {
        let tags = self.added.get(element).into_iter().flatten();
        tags.filter(|tag| !self.removed.contains(*tag))
    }

    /// The tombstones.
    pub fn tombstones(&self) -> &SortedSet<Tag<K>> {
        &self.removed
    }

    /// True if the element is in the set.
    pub fn contains(&self, element: &V) -> bool {
        self.tags(element).next().is_some()
    }

    /// The elements.
    pub fn iter(&self) -> impl Iterator<Item = &V> {
        self.added.keys().filter(|element| self.contains(element))
    }
}

impl<K: Ord + Clone, V: Ord + Clone> Crdt for OrSet<K, V> {
    fn merge(&mut self, other: &Self) {
        for (element, tags) in &other.added {
            self.added.entry(element.clone()).or_default().extend(tags.iter().cloned());
        }
        self.removed.extend(other.removed.iter().cloned());
        for (replica, given) in &other.given {
            let mine = self.given.entry(replica.clone()).or_default();
            *mine = (*mine).max(*given);
        }
    }
}

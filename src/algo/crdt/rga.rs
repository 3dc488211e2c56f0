//! A replicated growable array (Roh, Jeon, Kim, Lee 2011): a text that several edit at once.

use super::Crdt;
use crate::core::sorted::SortedMap;

/// A unique name of an element: a Lamport timestamp, then the replica.
type ElementId<K> = (u64, K);

/// An insertion, as it travels. It needs the element it follows to be there: deliver causally.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Insert<K, V> {
    /// The name of the new element.
    pub id: ElementId<K>,
    /// What it is put after; none is the start.
    pub after: Option<ElementId<K>>,
    /// The value.
    pub value: V,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Element<K, V> {
    after: Option<ElementId<K>>,
    value: V,
    removed: bool,
}

/// A sequence. Of elements put after the same one, the newest comes first; so a run typed in one
/// go stays together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rga<K: Ord, V> {
    /// All elements ever inserted; what they follow is always here too.
    elements: SortedMap<ElementId<K>, Element<K, V>>,
}

impl<K: Ord, V> Default for Rga<K, V> {
    fn default() -> Self {
        Rga { elements: SortedMap::new() }
    }
}

impl<K: Ord + Clone, V: Clone + Eq> Rga<K, V> {
    /// Inserts before the visible element at `index` (or at the end) and returns the operation.
    pub fn insert(&mut self, replica: &K, index: usize, value: V) -> Insert<K, V> {
        let visible: Vec<ElementId<K>> = self.visible().map(|(id, _)| id.clone()).collect();
        let after = index.min(visible.len()).checked_sub(1).map(|i| visible[i].clone());
        let newest = self.elements.keys().next_back().map_or(0, |id| id.0);
        let insert = Insert { id: (newest + 1, replica.clone()), after, value };
        self.apply(insert.clone());
        insert
    }

    /// Takes an insertion in; false, and nothing changes, if what it follows is not here yet.
    pub fn apply(&mut self, insert: Insert<K, V>) -> bool {
        let Insert { id, after, value } = insert;
        if after.as_ref().is_some_and(|a| *a >= id || !self.elements.contains_key(a)) {
            return false;
        }
        self.elements.entry(id).or_insert(Element { after, value, removed: false });
        true
    }

    /// Removes the visible element at `index` and returns its name.
    pub fn remove(&mut self, index: usize) -> Option<ElementId<K>> {
        let id = self.visible().nth(index)?.0.clone();
        self.apply_remove(&id);
        Some(id)
    }

    /// Takes a removal in: the element stays as a tombstone. False if it is not here yet.
    pub fn apply_remove(&mut self, id: &ElementId<K>) -> bool {
        self.elements.get_mut(id).map(|element| element.removed = true).is_some()
    }

    /// Names, values and whether they are removed, in order, tombstones included.
    pub fn all(&self) -> Vec<(&ElementId<K>, &V, bool)> {
        let mut children: SortedMap<Option<&ElementId<K>>, Vec<&ElementId<K>>> = SortedMap::new();
        for (id, element) in &self.elements {
            children.entry(element.after.as_ref()).or_default().push(id);
        }
        // Depth first, newest sibling first: siblings lie in the stack oldest at the bottom.
        let mut order = Vec::with_capacity(self.elements.len());
        let mut stack = children.remove(&None).unwrap_or_default();
        while let Some(id) = stack.pop() {
            let element = &self.elements[id];
            order.push((id, &element.value, element.removed));
            stack.extend(children.remove(&Some(id)).unwrap_or_default());
        }
        order
    }

    fn visible(&self) -> impl Iterator<Item = (&ElementId<K>, &V)> {
        self.all().into_iter().filter(|e| !e.2).map(|e| (e.0, e.1))
    }

    /// The visible values in order.
    pub fn values(&self) -> Vec<&V> {
        self.visible().map(|e| e.1).collect()
    }
}

impl<K: Ord + Clone, V: Clone + Eq> Crdt for Rga<K, V> {
    fn merge(&mut self, other: &Self) {
        for (id, element) in &other.elements {
            let mine = self.elements.entry(id.clone()).or_insert_with(|| element.clone());
            mine.removed |= element.removed;
        }
    }
}

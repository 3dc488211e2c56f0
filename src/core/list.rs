//! A list that is cheap to copy: copies share what they have in common, so that checkpoints and
//! persisted logs cost what has changed, not what there is.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Elements in a sealed chunk.
const CHUNK: usize = 64;

/// A list of shared chunks. All but the last chunk are full, so equal lists have equal chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T> {
    full: Arc<Vec<Arc<Vec<T>>>>,
    tail: Arc<Vec<T>>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        List { full: Arc::default(), tail: Arc::default() }
    }
}

impl<T: Clone + PartialEq> List<T> {
    /// How many there are.
    pub fn len(&self) -> u64 {
        (self.full.len() * CHUNK + self.tail.len()) as u64
    }
    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The element at a place, from 0.
    pub fn get(&self, place: u64) -> Option<&T> {
        let place = usize::try_from(place).ok()?;
        match self.full.get(place / CHUNK) {
            Some(chunk) => chunk.get(place % CHUNK),
            None => self.tail.get(place - self.full.len() * CHUNK),
        }
    }
    /// The last element.
    pub fn last(&self) -> Option<&T> {
        self.get(self.len().checked_sub(1)?)
    }
    /// All from the front.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.full.iter().flat_map(|c| c.iter()).chain(self.tail.iter())
    }
    /// All from a place on.
    pub fn iter_from(&self, place: u64) -> impl Iterator<Item = &T> {
        (place..self.len()).map_while(|i| self.get(i))
    }
    /// Adds one at the end.
    pub fn push(&mut self, element: T) {
        Arc::make_mut(&mut self.tail).push(element);
        if self.tail.len() == CHUNK {
            let chunk = std::mem::take(&mut self.tail);
            Arc::make_mut(&mut self.full).push(chunk);
        }
    }
    /// Leaves the first `len`.
    pub fn truncate(&mut self, len: u64) {
        if len >= self.len() {
            return;
        }
        let (chunks, rest) = (len as usize / CHUNK, len as usize % CHUNK);
        let tail = self.full.get(chunks).unwrap_or(&self.tail).clone();
        Arc::make_mut(&mut self.full).truncate(chunks);
        self.tail = tail;
        Arc::make_mut(&mut self.tail).truncate(rest);
    }
    /// The length of the common prefix; shared chunks are not compared.
    pub fn common(&self, other: &Self) -> u64 {
        let shared =
            self.full.iter().zip(other.full.iter()).take_while(|(a, b)| Arc::ptr_eq(a, b)).count()
                * CHUNK;
        let rest = self.iter_from(shared as u64).zip(other.iter_from(shared as u64));
        shared as u64 + rest.take_while(|(a, b)| a == b).count() as u64
    }
    /// Do both share the same memory? If so they are equal; if not they may still be.
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.full, &other.full) && Arc::ptr_eq(&self.tail, &other.tail)
    }
}

impl<T: Hash> Hash for List<T> {
    fn hash<H: Hasher>(&self, h: &mut H) {
        self.full.hash(h);
        self.tail.hash(h);
    }
}

impl<T: Clone + PartialEq> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut list = List::default();
        elements.into_iter().for_each(|e| list.push(e));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against `Vec`, with copies taken on the way that must not change.
        #[test]
        fn it_is_a_vec(ops in prop::collection::vec((0u8..4, 0u64..300), 0..60)) {
            let (mut list, mut model) = (List::default(), Vec::new());
            let mut copies = Vec::new();
            for (op, n) in ops {
                match op {
                    0 => { list.truncate(n); model.truncate(n as usize); }
                    1 => copies.push((list.clone(), model.clone())),
                    _ => for k in 0..n { list.push(k * n); model.push(k * n); },
                }
                prop_assert_eq!(list.len(), model.len() as u64);
            }
            copies.push((list, model));
            for (l, m) in &copies {
                prop_assert_eq!(l.iter().collect::<Vec<_>>(), m.iter().collect::<Vec<_>>());
                prop_assert_eq!(l, &m.iter().copied().collect::<List<_>>());
                prop_assert_eq!(l.get(m.len() as u64), None);
                prop_assert_eq!(l.last(), m.last());
                let (first, fm) = &copies[0];
                let common = m.iter().zip(fm).take_while(|(a, b)| a == b).count();
                prop_assert_eq!(l.common(first), common as u64);
            }
        }
    }
}

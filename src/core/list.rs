//! A list that is cheap to copy: copies share what they have in common, so that checkpoints and
//! persisted logs cost what has changed, not what there is.

use std::hash::{Hash, Hasher};
use std::ops::{Index, Range};
use std::sync::Arc;

/// Elements in a sealed chunk. A checkpoint has copies of the last chunks, so they are short.
pub(super) const CHUNK: usize = 16;
/// Elements that are hashed together: part of the digests' format.
const HASHED: usize = 64;

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

impl<T> List<T> {
    /// How many there are.
    pub fn len(&self) -> u64 {
        (self.full.len() * CHUNK + self.tail.len()) as u64
    }
}

impl<T: Clone + PartialEq> List<T> {
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
    /// Those from one place up to another, which is not included.
    pub fn range(&self, places: Range<usize>) -> impl DoubleEndedIterator<Item = &T> + Clone {
        let end = places.end.min(self.len() as usize);
        (places.start.min(end)..end).map(|i| &self[i])
    }
    /// The first place whose element does not hold, where those that hold come first.
    pub fn partition_point(&self, holds: impl Fn(&T) -> bool) -> usize {
        let chunks = self.full.partition_point(|c| c.last().is_some_and(&holds));
        let chunk = self.full.get(chunks).unwrap_or(&self.tail);
        chunks * CHUNK + chunk.partition_point(holds)
    }
    /// The element at a place, to be changed.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        let chunks = self.full.len();
        match place / CHUNK {
            chunk if chunk < chunks => {
                let chunk = &mut Arc::make_mut(&mut self.full)[chunk];
                Arc::make_mut(chunk).get_mut(place % CHUNK)
            }
            _ => Arc::make_mut(&mut self.tail).get_mut(place - chunks * CHUNK),
        }
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
    /// Lets go of the first full chunks, at most so many; how many elements they held.
    pub(super) fn forget(&mut self, chunks: usize) -> u64 {
        let chunks = chunks.min(self.full.len());
        match Arc::get_mut(&mut self.full) {
            Some(full) => drop(full.drain(..chunks)),
            None => self.full = Arc::new(self.full[chunks..].to_vec()),
        }
        (chunks * CHUNK) as u64
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

impl<T> Index<usize> for List<T> {
    type Output = T;
    fn index(&self, place: usize) -> &T {
        match self.full.get(place / CHUNK) {
            Some(chunk) => &chunk[place % CHUNK],
            None => &self.tail[place - self.full.len() * CHUNK],
        }
    }
}

impl<T: Hash> Hash for List<T> {
    fn hash<H: Hasher>(&self, h: &mut H) {
        let (groups, rest) = (self.full.len() * CHUNK / HASHED, self.len() as usize % HASHED);
        h.write_usize(groups);
        for group in 0..=groups {
            let first = group * HASHED;
            let end = first + if group < groups { HASHED } else { rest };
            h.write_usize(end - first);
            (first..end).for_each(|i| self[i].hash(h));
        }
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
                    1 => {
                        copies.push((list.clone(), model.clone()));
                        if let Some(last) = model.len().checked_sub(n as usize + 1) {
                            model[last] = 7;
                            *list.get_mut(last).expect("it is there") = 7;
                        }
                    }
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
                let n = m.len() as u64;
                prop_assert!(l.range(3..9).eq(m.iter().skip(3).take(6)));
                prop_assert!(l.range(3..9).rev().eq(m.iter().skip(3).take(6).rev()));
                let places: List<u64> = (0..n).collect();
                prop_assert_eq!(places.partition_point(|p| *p < n / 2), m.len() / 2);
                prop_assert_eq!(places.partition_point(|_| true), m.len());
                let (first, fm) = &copies[0];
                let common = m.iter().zip(fm).take_while(|(a, b)| a == b).count();
                prop_assert_eq!(l.common(first), common as u64);
            }
        }
    }
}

//! A list for histories that grow as long as a run does. Its end is there to be read; what lies far
//! back is packed into blocks of bytes, a tenth of the room, and blocks that are equal are kept once,
//! whoever has them: servers that replicate a log, observers that follow it, copies of the world.

use super::list::{CHUNK, List};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Elements in a packed block.
const BLOCK: u64 = 128;
/// Elements that are hashed together; see [`List`].
const HASHED: u64 = 64;
/// Blocks that were packed last, among which an equal one is looked for.
const LATELY: usize = 32;
/// Bytes are read only where they were written.
const WHOLE: &str = "a block holds what was packed";

/// What can be packed.
pub trait Pack: Clone + PartialEq + Serialize + DeserializeOwned {}
impl<T: Clone + PartialEq + Serialize + DeserializeOwned> Pack for T {}

/// A long list. How much of it is packed follows from its length, so equal lists have equal parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongList<T> {
    packed: List<Arc<Vec<u8>>>,
    recent: List<T>,
}

impl<T> Default for LongList<T> {
    fn default() -> Self {
        LongList { packed: List::default(), recent: List::default() }
    }
}

/// Equal blocks are one: this only saves room, and nothing can tell.
fn shared(block: Vec<u8>) -> Arc<Vec<u8>> {
    static LAST: Mutex<Vec<Weak<Vec<u8>>>> = Mutex::new(Vec::new());
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let known = last.iter().rev().filter_map(Weak::upgrade).find(|b| **b == block);
    known.unwrap_or_else(|| {
        let block = Arc::new(block);
        if last.len() >= LATELY {
            last.remove(0);
        }
        last.push(Arc::downgrade(&block));
        block
    })
}

/// How many of so many elements are packed: the last block's worth, at least, is not.
fn packed(len: u64) -> u64 {
    (len / BLOCK).saturating_sub(1) * BLOCK
}

fn unpack<T: Pack>(block: &[u8], most: u64) -> Vec<T> {
    let mut all = Vec::with_capacity(most as usize);
    let mut rest = block;
    for _ in 0..most {
        let (one, left) = postcard::take_from_bytes(rest).expect(WHOLE);
        all.push(one);
        rest = left;
    }
    all
}

impl<T> LongList<T> {
    /// How many there are.
    pub fn len(&self) -> u64 {
        self.packed.len() * BLOCK + self.recent.len()
    }
    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Bytes that the packed part takes, and how many of them another list has, too.
    pub fn weight(&self, other: &Self) -> (usize, usize) {
        let sum = |all: &mut dyn Iterator<Item = &Arc<Vec<u8>>>| all.map(|b| b.len()).sum();
        let pairs = self.packed.iter().zip(other.packed.iter());
        let common = { pairs }.filter(|(a, b)| Arc::ptr_eq(a, b)).map(|(a, _)| a);
        (sum(&mut self.packed.iter()), sum(&mut { common }))
    }
}

impl<T: Pack> LongList<T> {
    /// Do both share the same memory? If so they are equal; if not they may still be.
    pub fn same(&self, other: &Self) -> bool {
        self.packed.same(&other.packed) && self.recent.same(&other.recent)
    }
    /// The element at a place, from 0.
    pub fn get(&self, place: u64) -> Option<T> {
        let old = self.packed.len() * BLOCK;
        match self.packed.get(place / BLOCK) {
            Some(block) => unpack(block, place % BLOCK + 1).pop(),
            None => self.recent.get(place.checked_sub(old)?).cloned(),
        }
    }
    /// The last element.
    pub fn last(&self) -> Option<T> {
        self.recent.last().cloned()
    }
    /// All from the front.
    pub fn iter(&self) -> LongIter<'_, T> {
        self.range(0, self.len())
    }
    /// All from a place on.
    pub fn iter_from(&self, place: u64) -> LongIter<'_, T> {
        self.range(place, self.len())
    }
    /// Those from one place up to another, which is not included.
    pub fn range(&self, from: u64, to: u64) -> LongIter<'_, T> {
        let to = to.min(self.len());
        LongIter {
            of: self,
            from: from.min(to),
            to,
            front: (u64::MAX, Vec::new()),
            back: (u64::MAX, Vec::new()),
        }
    }
    /// Adds one at the end.
    pub fn push(&mut self, element: T) {
        self.recent.push(element);
        if self.recent.len() < 2 * BLOCK {
            return;
        }
        let mut block = Vec::new();
        for one in self.recent.range(0..BLOCK as usize) {
            block = postcard::to_extend(one, block).expect("plain data");
        }
        block.shrink_to_fit();
        self.packed.push(shared(block));
        self.recent.forget(BLOCK as usize / CHUNK);
    }
    /// Leaves the first `len`.
    pub fn truncate(&mut self, len: u64) {
        if len >= self.len() {
            return;
        }
        let left = packed(len) / BLOCK;
        if left < self.packed.len() {
            let recent = self.range(left * BLOCK, len).collect();
            self.recent = recent;
            self.packed.truncate(left);
        } else {
            self.recent.truncate(len - left * BLOCK);
        }
    }
    /// Puts another element in a place.
    pub fn set(&mut self, place: u64, element: T) {
        let after: Vec<T> = self.iter_from(place + 1).collect();
        self.truncate(place);
        std::iter::once(element).chain(after).for_each(|e| self.push(e));
    }
    /// The length of the common prefix; what is shared is not compared.
    pub fn common(&self, other: &Self) -> u64 {
        let same = self.packed.common(&other.packed);
        if same == self.packed.len() && same == other.packed.len() {
            return same * BLOCK + self.recent.common(&other.recent);
        }
        let from = same * BLOCK;
        from + self.iter_from(from).zip(other.iter_from(from)).take_while(|(a, b)| a == b).count()
            as u64
    }
}

/// Elements of a [`LongList`] in order.
pub struct LongIter<'a, T> {
    of: &'a LongList<T>,
    from: u64,
    to: u64,
    /// The block in which either end is, and its number.
    front: (u64, Vec<T>),
    back: (u64, Vec<T>),
}

fn at<T: Pack>(of: &LongList<T>, place: u64, open: &mut (u64, Vec<T>)) -> Option<T> {
    let number = place / BLOCK;
    let Some(block) = of.packed.get(number) else { return of.get(place) };
    if open.0 != number {
        *open = (number, unpack(block, BLOCK));
    }
    open.1.get((place % BLOCK) as usize).cloned()
}

impl<T: Pack> Iterator for LongIter<'_, T> {
    type Item = T;
    fn next(&mut self) -> Option<T> {
        let place = self.from;
        if place >= self.to {
            return None;
        }
        self.from += 1;
        at(self.of, place, &mut self.front)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.to - self.from) as usize;
        (left, Some(left))
    }
}

impl<T: Pack> DoubleEndedIterator for LongIter<'_, T> {
    fn next_back(&mut self) -> Option<T> {
        if self.from >= self.to {
            return None;
        }
        self.to -= 1;
        at(self.of, self.to, &mut self.back)
    }
}

/// As a [`List`] of the same elements.
impl<T: Pack + Hash> Hash for LongList<T> {
    fn hash<H: Hasher>(&self, h: &mut H) {
        let (groups, rest) = (self.len() / HASHED, self.len() % HASHED);
        h.write_usize(groups as usize);
        let mut all = self.iter();
        for group in 0..=groups {
            let size = if group < groups { HASHED } else { rest };
            h.write_usize(size as usize);
            all.by_ref().take(size as usize).for_each(|e| e.hash(h));
        }
    }
}

impl<T: Pack> FromIterator<T> for LongList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut list = LongList::default();
        elements.into_iter().for_each(|e| list.push(e));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::hash::fingerprint;
    use proptest::prelude::*;

    fn check(list: &LongList<u64>, model: &[u64]) {
        assert_eq!(list.len(), model.len() as u64);
        assert!(list.iter().eq(model.iter().copied()));
        assert!(list.iter().rev().eq(model.iter().rev().copied()));
        assert_eq!(list.last(), model.last().copied());
        assert_eq!(list, &model.iter().copied().collect::<LongList<_>>());
        assert_eq!(fingerprint(list), fingerprint(&model.iter().copied().collect::<List<_>>()));
        for place in [0, 1, 127, 128, 255, 256, 1_000, model.len()] {
            assert_eq!(list.get(place as u64), model.get(place).copied());
            let rest = model.iter().skip(place).copied();
            assert!(list.iter_from(place as u64).eq(rest));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Against `Vec`, with copies taken on the way that must not change.
        #[test]
        fn it_is_a_vec(ops in prop::collection::vec((0u8..5, 0u64..700), 0..16)) {
            let (mut list, mut model) = (LongList::default(), Vec::new());
            let mut copies = Vec::new();
            for (op, n) in ops {
                match op {
                    0 => { list.truncate(n); model.truncate(n as usize); }
                    1 => {
                        copies.push((list.clone(), model.clone()));
                        if n < model.len() as u64 {
                            list.set(n, 7);
                            model[n as usize] = 7;
                        }
                    }
                    _ => for k in 0..n { list.push(k * n); model.push(k * n); },
                }
            }
            copies.push((list, model));
            for (l, m) in &copies {
                check(l, m);
                let (first, fm) = &copies[0];
                let common = m.iter().zip(fm).take_while(|(a, b)| a == b).count();
                prop_assert_eq!(l.common(first), common as u64);
            }
        }
    }

    #[test]
    fn what_lies_far_back_is_small_and_is_kept_once() {
        let [mut a, mut b] = [LongList::default(), LongList::default()];
        for n in 0..50_000u64 {
            a.push(n);
            b.push(n);
        }
        let (bytes, common) = a.weight(&b);
        assert!(bytes < 50_000 * 3, "{bytes} bytes");
        assert!(bytes > 40_000, "nearly all of it is packed: {bytes} bytes");
        assert_eq!(bytes, common, "lists that grow alike share what they have packed");
        assert_eq!(a.recent.len(), 50_000 - packed(50_000));
    }
}

//! Sets of keys, a bit a key: ten thousand of them are a kilobyte, and copies share it.

use crate::core::declare::{Data, Forger, Liar, Plain, Rewrite, Twist};
use crate::core::ids::Names;
use std::fmt;
use std::sync::Arc;

/// A set of keys.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Keys(Arc<Vec<u64>>);

impl Rewrite for Keys {
    const NAMES: bool = false;
    fn rewrite(&mut self, _: &Names) {}
}

impl Data for Keys {
    fn plain(&self) -> Plain {
        Plain::List(self.iter().map(Plain::Key).collect())
    }
    /// Without the first.
    fn lie(&mut self, _: &Liar, forger: &mut Forger) {
        let first = self.iter().next();
        if let Some(first) = first
            && forger.takes(Twist::Number)
        {
            self.remove(first);
        }
    }
}

impl Keys {
    /// All below a number.
    pub fn below(keys: u32) -> Self {
        let mut words = vec![u64::MAX; keys as usize / 64];
        let rest = keys % 64;
        if rest > 0 {
            words.push((1 << rest) - 1);
        }
        Keys(Arc::new(words))
    }
    /// Is it in?
    pub fn has(&self, key: u32) -> bool {
        self.0.get(key as usize / 64).is_some_and(|word| word >> (key % 64) & 1 == 1)
    }
    /// Puts one in.
    pub fn insert(&mut self, key: u32) {
        let words = Arc::make_mut(&mut self.0);
        let at = key as usize / 64;
        if words.len() <= at {
            words.resize(at + 1, 0);
        }
        words[at] |= 1 << (key % 64);
    }
    /// Takes one out.
    pub fn remove(&mut self, key: u32) {
        if self.has(key) {
            Arc::make_mut(&mut self.0)[key as usize / 64] &= !(1 << (key % 64));
            self.trim();
        }
    }
    /// Puts another set's keys in.
    pub fn add(&mut self, other: &Keys) {
        let words = Arc::make_mut(&mut self.0);
        words.resize(words.len().max(other.0.len()), 0);
        words.iter_mut().zip(other.0.iter()).for_each(|(a, b)| *a |= b);
    }
    /// Takes another set's keys out.
    pub fn subtract(&mut self, other: &Keys) {
        let words = Arc::make_mut(&mut self.0);
        words.iter_mut().zip(other.0.iter()).for_each(|(a, b)| *a &= !b);
        self.trim();
    }
    /// Those in both.
    pub fn common(&self, other: &Keys) -> Keys {
        let mut both =
            Keys(Arc::new(self.0.iter().zip(other.0.iter()).map(|(a, b)| a & b).collect()));
        both.trim();
        both
    }
    // Equal sets have equal words.
    fn trim(&mut self) {
        if self.0.last() == Some(&0) {
            let words = Arc::make_mut(&mut self.0);
            let len = words.iter().rposition(|w| *w != 0).map_or(0, |last| last + 1);
            words.truncate(len);
        }
    }
    /// How many.
    pub fn len(&self) -> u32 {
        self.0.iter().map(|w| w.count_ones()).sum()
    }
    /// None?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Do both share their memory? If so they are equal.
    pub fn same(&self, other: &Keys) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
    /// In ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0u32..).zip(self.0.iter()).flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.wrapping_sub(1);
                (bit < 64).then_some(at * 64 + bit)
            })
        })
    }
}

impl FromIterator<u32> for Keys {
    fn from_iter<I: IntoIterator<Item = u32>>(keys: I) -> Self {
        let mut set = Keys::default();
        keys.into_iter().for_each(|k| set.insert(k));
        set
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// Against `BTreeSet`.
        #[test]
        fn it_is_a_set(a in prop::collection::btree_set(0u32..300, 0..80), b in prop::collection::btree_set(0u32..300, 0..80)) {
            let [x, y] = [&a, &b].map(|s| s.iter().copied().collect::<Keys>());
            let set = |k: &Keys| k.iter().collect::<BTreeSet<u32>>();
            prop_assert_eq!(set(&x), a.clone());
            prop_assert_eq!(x.len() as usize, a.len());
            let (mut more, mut less) = (x.clone(), x.clone());
            more.add(&y);
            less.subtract(&y);
            prop_assert_eq!(set(&more), &a | &b);
            prop_assert_eq!(set(&less), &a - &b);
            prop_assert_eq!(set(&x.common(&y)), &a & &b);
            prop_assert_eq!(&less, &(&a - &b).into_iter().collect::<Keys>());
            prop_assert_eq!(Keys::below(a.len() as u32), (0..a.len() as u32).collect::<Keys>());
            b.iter().for_each(|k| more.remove(*k));
            prop_assert_eq!(more, less);
        }
    }
}

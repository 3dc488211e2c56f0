//! A list that is mostly empty: one word where a `Vec` takes three. Records of long runs hold
//! several of them a step.

use serde::{Serialize, Serializer};
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// None, or a few.
#[derive(Clone, PartialEq, Eq)]
pub struct Few<T>(Option<Box<Kept<T>>>);

#[derive(Clone, PartialEq, Eq)]
struct Kept<T> {
    items: Vec<T>,
}

impl<T> Few<T> {
    /// Adds one at the end.
    pub fn push(&mut self, item: T) {
        let some = self.0.get_or_insert_with(|| Box::new(Kept { items: Vec::new() }));
        some.items.push(item);
    }

    /// All, to be changed.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.0.as_mut().map_or(Default::default(), |some| some.items.iter_mut())
    }

    /// Gives back room that is not used.
    pub fn shrink(&mut self) {
        if let Some(some) = &mut self.0 {
            some.items.shrink_to_fit();
        }
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Few(None)
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        self.0.as_ref().map_or(&[], |some| &some.items)
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(items: Vec<T>) -> Self {
        Few((!items.is_empty()).then(|| Box::new(Kept { items })))
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Few<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Hash> Hash for Few<T> {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (**self).hash(h);
    }
}

impl<T: Serialize> Serialize for Few<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::hash::fingerprint;

    #[test]
    fn it_is_a_list_of_one_word() {
        let mut few = Few::default();
        assert_eq!(size_of::<Few<u64>>(), size_of::<usize>());
        let mut list: Vec<u64> = Vec::new();
        for n in 0..5 {
            assert_eq!((&*few, fingerprint(&few)), (&*list, fingerprint(&list)));
            few.push(n);
            list.push(n);
            assert_eq!(few, Few::from(list.clone()));
        }
        few.shrink();
        assert_eq!(serde_json::to_string(&few).ok(), serde_json::to_string(&list).ok());
    }
}

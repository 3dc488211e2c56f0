//! The set.

use super::{find, merge, places, sort};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::RangeBounds;
use std::slice;

/// A set in order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortedSet<T>(Vec<T>);

impl<T> SortedSet<T> {
    /// An empty one; allocates nothing.
    pub const fn new() -> Self {
        SortedSet(Vec::new())
    }
    /// How many it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Has it none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Throws all away.
    pub fn clear(&mut self) {
        self.0.clear();
    }
    /// All, in order.
    pub fn iter(&self) -> slice::Iter<'_, T> {
        self.0.iter()
    }
    /// The least.
    pub fn first(&self) -> Option<&T> {
        self.0.first()
    }
    /// The greatest.
    pub fn last(&self) -> Option<&T> {
        self.0.last()
    }
    /// Takes out the least.
    pub fn pop_first(&mut self) -> Option<T> {
        if self.0.is_empty() { None } else { Some(self.0.remove(0)) }
    }
    /// Takes out the greatest.
    pub fn pop_last(&mut self) -> Option<T> {
        self.0.pop()
    }
    /// Keeps what `keep` says yes to.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }
}

impl<T: Ord> SortedSet<T> {
    fn place<Q: Ord + ?Sized>(&self, item: &Q) -> Result<usize, usize>
    where
        T: Borrow<Q>,
    {
        find(self.0.len(), |at| self.0[at].borrow().cmp(item))
    }
    /// Is it in?
    pub fn contains<Q: Ord + ?Sized>(&self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.place(item).is_ok()
    }
    /// The one that is equal to this.
    pub fn get<Q: Ord + ?Sized>(&self, item: &Q) -> Option<&T>
    where
        T: Borrow<Q>,
    {
        Some(&self.0[self.place(item).ok()?])
    }
    /// Puts one in; says whether it was not yet.
    pub fn insert(&mut self, item: T) -> bool {
        let at = match self.0.last() {
            Some(last) if *last < item => Err(self.0.len()),
            _ => self.place(&item),
        };
        match at {
            Ok(_) => false,
            Err(at) => {
                self.0.insert(at, item);
                true
            }
        }
    }
    /// Takes one out; says whether it was in.
    pub fn remove<Q: Ord + ?Sized>(&mut self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.place(item).map(|at| self.0.remove(at)).is_ok()
    }
    /// Those within bounds.
    pub fn range<Q: Ord + ?Sized>(&self, bounds: impl RangeBounds<Q>) -> slice::Iter<'_, T>
    where
        T: Borrow<Q>,
    {
        self.0[places(&bounds, self.0.len(), |q| self.place(q))].iter()
    }
    /// Takes out those from one on.
    pub fn split_off<Q: Ord + ?Sized>(&mut self, item: &Q) -> Self
    where
        T: Borrow<Q>,
    {
        let at = self.place(item).unwrap_or_else(|at| at);
        SortedSet(self.0.split_off(at))
    }
    /// Moves all of another here.
    pub fn append(&mut self, other: &mut Self) {
        self.extend(std::mem::take(other));
    }
    /// Those that this one has and the other has not.
    pub fn difference<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a T> + Clone {
        self.iter().filter(|item| !other.contains(*item))
    }
    /// Those that both have.
    pub fn intersection<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a T> + Clone {
        self.iter().filter(|item| other.contains(*item))
    }
    /// Has the other all of these?
    pub fn is_subset(&self, other: &Self) -> bool {
        self.iter().all(|item| other.contains(item))
    }
    /// Have they none in common?
    pub fn is_disjoint(&self, other: &Self) -> bool {
        !self.iter().any(|item| other.contains(item))
    }
}

impl<T: Ord> Extend<T> for SortedSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        let items = sort(items.into_iter().collect(), &T::cmp);
        self.0 = merge(std::mem::take(&mut self.0), items, &T::cmp);
    }
}
impl<'a, T: Ord + Copy + 'a> Extend<&'a T> for SortedSet<T> {
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, items: I) {
        self.extend(items.into_iter().copied());
    }
}
impl<T: Ord> FromIterator<T> for SortedSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        SortedSet(sort(items.into_iter().collect(), &T::cmp))
    }
}
impl<T: Ord, const N: usize> From<[T; N]> for SortedSet<T> {
    fn from(items: [T; N]) -> Self {
        items.into_iter().collect()
    }
}
// Not the vector's own: that of numbers takes their bytes in one go.
impl<T: Hash> Hash for SortedSet<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        for item in &self.0 {
            item.hash(state);
        }
    }
}
impl<T> Default for SortedSet<T> {
    fn default() -> Self {
        SortedSet::new()
    }
}
impl<T: fmt::Debug> fmt::Debug for SortedSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
    }
}
impl<'a, T> IntoIterator for &'a SortedSet<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
impl<T> IntoIterator for SortedSet<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
impl<T: Serialize> Serialize for SortedSet<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self)
    }
}
impl<'de, T: Deserialize<'de> + Ord> Deserialize<'de> for SortedSet<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Vec::deserialize(from)?.into_iter().collect())
    }
}

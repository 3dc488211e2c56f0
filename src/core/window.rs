//! The part of a long list that is kept: places count from the beginning of the whole list, so that
//! an element keeps its place when others before it are let go.

use super::list::{CHUNK, List};
use std::ops::{Index, Range};

/// A list without its beginning. Copies share what they have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Window<T> {
    gone: u64,
    kept: List<T>,
}

impl<T> Default for Window<T> {
    fn default() -> Self {
        Window { gone: 0, kept: List::default() }
    }
}

impl<T: Clone + PartialEq> Window<T> {
    /// None kept, so many gone.
    pub fn from(gone: u64) -> Self {
        Window { gone, kept: List::default() }
    }
    /// How many there have been.
    pub fn len(&self) -> u64 {
        self.gone + self.kept.len()
    }
    /// How many of the first are not kept: the place of the first that is.
    pub fn first(&self) -> u64 {
        self.gone
    }
    /// Is none kept?
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
    /// The element at a place, if it is kept.
    pub fn get(&self, place: u64) -> Option<&T> {
        self.kept.get(place.checked_sub(self.gone)?)
    }
    /// The element at a place, to be changed.
    pub fn get_mut(&mut self, place: u64) -> Option<&mut T> {
        self.kept.get_mut(usize::try_from(place.checked_sub(self.gone)?).ok()?)
    }
    /// The last element.
    pub fn last(&self) -> Option<&T> {
        self.kept.last()
    }
    /// All that are kept.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.kept.iter()
    }
    /// Those kept from one place up to another, which is not included.
    pub fn range(&self, places: Range<usize>) -> impl DoubleEndedIterator<Item = &T> + Clone {
        let gone = self.gone as usize;
        self.kept.range(places.start.saturating_sub(gone)..places.end.saturating_sub(gone))
    }
    /// The first place whose element does not hold, where those that hold come first and those
    /// that are gone held.
    pub fn partition_point(&self, holds: impl Fn(&T) -> bool) -> usize {
        self.gone as usize + self.kept.partition_point(holds)
    }
    /// Adds one at the end.
    pub fn push(&mut self, element: T) {
        self.kept.push(element);
    }
    /// Leaves the first `len`.
    pub fn truncate(&mut self, len: u64) {
        match len.checked_sub(self.gone) {
            Some(left) => self.kept.truncate(left),
            None => *self = Window::from(len),
        }
    }
    /// Lets go what comes before a place, as far as it is a whole number of chunks; the last of it.
    pub fn forget(&mut self, before: u64) -> Option<T> {
        let chunks = before.min(self.len()).saturating_sub(self.gone) / CHUNK as u64;
        let last = (chunks * CHUNK as u64).checked_sub(1).and_then(|place| self.kept.get(place));
        let last = last.cloned();
        self.gone += self.kept.forget(chunks as usize);
        last
    }
}

impl<T: Clone + PartialEq> Index<usize> for Window<T> {
    type Output = T;
    fn index(&self, place: usize) -> &T {
        &self.kept[place - self.gone as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a `Vec` that keeps everything, and copies that must not change.
        #[test]
        fn places_stay(ops in prop::collection::vec((0u8..5, 0u64..300), 0..60)) {
            let (mut window, mut model, mut first) = (Window::default(), Vec::new(), 0u64);
            let mut copies = Vec::new();
            for (op, n) in ops {
                match op {
                    0 => {
                        window.truncate(n);
                        if n < first { model.resize(n as usize, 0); first = n; }
                        model.truncate(n as usize);
                        first = first.max(window.first());
                    }
                    1 => {
                        copies.push((window.clone(), model.clone(), first));
                        let last = window.forget(n);
                        prop_assert_eq!(last, match window.first() {
                            now if now == first => None,
                            now => Some(model[now as usize - 1]),
                        });
                        prop_assert!(window.first() <= first.max(n));
                        prop_assert!(window.first() >= first);
                        first = window.first();
                    }
                    _ => for k in 0..n { window.push(k * n); model.push(k * n); },
                }
                if window.is_empty() {
                    model.resize(window.len() as usize, 0);
                }
                prop_assert_eq!(window.len(), model.len() as u64);
            }
            copies.push((window, model, first));
            for (w, m, first) in &copies {
                prop_assert!(w.iter().eq(m.iter().skip(*first as usize)));
                prop_assert_eq!(w.last(), m.get(*first as usize..).and_then(<[u64]>::last));
                for place in 0..m.len() as u64 + 2 {
                    let known = m.get(place as usize).filter(|_| place >= *first);
                    prop_assert_eq!(w.get(place), known);
                }
                let from = (*first as usize).max(5).min(m.len());
                prop_assert!(w.range(5..40).eq(m.iter().take(40).skip(from)));
                prop_assert_eq!(w.partition_point(|_| true), m.len());
                prop_assert_eq!(w.partition_point(|_| false) as u64, *first);
            }
        }
    }
}

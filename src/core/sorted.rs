//! Maps and sets kept as sorted vectors, with the names of the standard library's B-trees.
//!
//! A node's state holds many small maps. A sorted vector copies, compares and hashes in one go, which
//! searches and keyframes do at every step, and its code is a fraction of a B-tree's, of which there
//! would be one for each pair of types: a third of what the compiler had to translate. Looking up
//! takes O(log n); an insertion or removal moves what comes after it, so they are cheap at the end
//! and for up to some thousands of entries. What is hashed is what a B-tree hashes.

mod map;
mod set;

pub use map::{Iter, IterMut, MapEntry, SortedMap};
pub use set::SortedSet;

use std::cmp::Ordering;
use std::ops::{Bound, Range, RangeBounds};

/// Where something is among `len` sorted ones, or where it would be; `compare` tells how the one at a
/// place compares with it.
fn find(len: usize, compare: impl Fn(usize) -> Ordering) -> Result<usize, usize> {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        match compare(middle) {
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
            Ordering::Equal => return Ok(middle),
        }
    }
    Err(low)
}

/// The places within bounds; none where the bounds are the wrong way round.
fn places<Q: ?Sized>(
    bounds: &impl RangeBounds<Q>,
    len: usize,
    find: impl Fn(&Q) -> Result<usize, usize>,
) -> Range<usize> {
    let after = |q: &Q| find(q).map_or_else(|at| at, |at| at + 1);
    let upto = |q: &Q| find(q).unwrap_or_else(|at| at);
    let start = match bounds.start_bound() {
        Bound::Unbounded => 0,
        Bound::Included(q) => upto(q),
        Bound::Excluded(q) => after(q),
    };
    let end = match bounds.end_bound() {
        Bound::Unbounded => len,
        Bound::Included(q) => after(q),
        Bound::Excluded(q) => upto(q),
    };
    start..end.max(start)
}

/// In order, the last one of equals kept.
fn sort<T>(mut items: Vec<T>, order: &impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    if items.is_sorted_by(|a, b| order(a, b) == Ordering::Less) {
        return items;
    }
    let mut from = in_order(items.len(), &|a, b| order(&items[a], &items[b]));
    for start in 0..items.len() {
        let mut place = start;
        while from[place] != start {
            items.swap(place, from[place]);
            place = std::mem::replace(&mut from[place], place);
        }
        from[place] = place;
    }
    items.dedup_by(|later, kept| {
        let equal = order(later, kept) == Ordering::Equal;
        if equal {
            std::mem::swap(later, kept);
        }
        equal
    });
    items
}

/// The places of `len` things in their order, equals as they stood. Not generic: the standard sort
/// would be in the program once for each type.
fn in_order(len: usize, order: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..len).collect();
    places.sort_by(|a, b| order(*a, *b));
    places
}

/// Two sorted ones in one; of equals, the one of `later`.
fn merge<T>(sooner: Vec<T>, later: Vec<T>, order: &impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    let mut merged = Vec::with_capacity(sooner.len() + later.len());
    let mut sooner = sooner.into_iter().peekable();
    for item in later {
        while let Some(first) = sooner.next_if(|s| order(s, &item) == Ordering::Less) {
            merged.push(first);
        }
        let _ = sooner.next_if(|s| order(s, &item) == Ordering::Equal);
        merged.push(item);
    }
    merged.extend(sooner);
    merged
}

#[cfg(test)]
mod tests;

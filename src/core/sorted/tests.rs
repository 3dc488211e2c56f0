//! The standard library's B-trees as the oracle: same answers, same order, same bytes hashed.

use super::{SortedMap, SortedSet};
use crate::core::hash::fingerprint;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

fn same(map: &SortedMap<u8, u16>, oracle: &BTreeMap<u8, u16>) {
    assert!(map.iter().eq(oracle));
    assert!(map.keys().rev().eq(oracle.keys().rev()));
    assert_eq!(map.first_key_value(), oracle.first_key_value());
    assert_eq!(map.last_key_value(), oracle.last_key_value());
    assert_eq!(fingerprint(map), fingerprint(oracle));
    assert_eq!(format!("{map:?}"), format!("{oracle:?}"));
}

proptest! {
    #[test]
    fn a_map_is_a_b_tree(steps in prop::collection::vec((0u8..8, 0u8..20, 0u16..9), 0..60)) {
        let (mut map, mut oracle) = (SortedMap::new(), BTreeMap::new());
        for (what, k, v) in steps {
            match what {
                0..=2 => prop_assert_eq!(map.insert(k, v), oracle.insert(k, v)),
                3 => prop_assert_eq!(map.remove(&k), oracle.remove(&k)),
                4 => {
                    *map.entry(k).and_modify(|old| *old += 1).or_insert(v) += 1;
                    *oracle.entry(k).and_modify(|old| *old += 1).or_insert(v) += 1;
                }
                5 => prop_assert_eq!(map.pop_first(), oracle.pop_first()),
                6 => {
                    let (mut tail, mut rest) = (map.split_off(&k), oracle.split_off(&k));
                    same(&tail, &rest);
                    tail.retain(|_, v| *v > 3);
                    rest.retain(|_, v| *v > 3);
                    map.append(&mut tail);
                    oracle.append(&mut rest);
                }
                _ => prop_assert_eq!(map.get(&k), oracle.get(&k)),
            }
            same(&map, &oracle);
        }
    }

    #[test]
    fn the_last_of_equals_is_kept(pairs in prop::collection::vec((0u8..9, 0u16..999), 0..40)) {
        let map: SortedMap<u8, u16> = pairs.iter().copied().collect();
        same(&map, &pairs.into_iter().collect());
    }

    #[test]
    fn ranges_hold_their_bounds(
        keys in prop::collection::vec(0u8..20, 0..12), from in 0u8..20, more in 1u8..9,
    ) {
        let map: SortedMap<u8, u8> = keys.iter().map(|k| (*k, *k)).collect();
        let oracle: BTreeMap<u8, u8> = keys.iter().map(|k| (*k, *k)).collect();
        let to = from + more;
        prop_assert!(map.range(from..to).eq(oracle.range(from..to)));
        prop_assert!(map.range(..=from).eq(oracle.range(..=from)));
        let open = (Bound::Excluded(from), Bound::Included(to));
        prop_assert!(map.range(open).eq(oracle.range(open)));
        prop_assert!(map.range::<u8>(to..from).next().is_none());
    }

    #[test]
    fn a_set_is_a_b_tree(
        a in prop::collection::vec(0u8..20, 0..12), b in prop::collection::vec(0u8..20, 0..12),
    ) {
        let (set, other): (SortedSet<u8>, SortedSet<u8>) =
            (a.iter().copied().collect(), b.iter().copied().collect());
        let (oracle, second): (BTreeSet<u8>, BTreeSet<u8>) =
            (a.iter().copied().collect(), b.iter().copied().collect());
        prop_assert!(set.iter().eq(&oracle));
        prop_assert_eq!(fingerprint(&set), fingerprint(&oracle));
        prop_assert!(set.difference(&other).eq(oracle.difference(&second)));
        prop_assert!(set.intersection(&other).eq(oracle.intersection(&second)));
        prop_assert_eq!(set.is_subset(&other), oracle.is_subset(&second));
        prop_assert_eq!(set.is_disjoint(&other), oracle.is_disjoint(&second));
        let (mut less, mut fewer) = (set, oracle);
        for item in b {
            prop_assert_eq!(less.remove(&item), fewer.remove(&item));
            prop_assert_eq!(less.insert(item / 2), fewer.insert(item / 2));
        }
        prop_assert!(less.iter().eq(&fewer));
    }
}

//! Places and descriptors; the runs are in `tests/ranges.rs`.

use super::desc::{place, places, spans};
use super::*;

#[test]
fn buckets_hold_every_key_once() {
    let cfg = Config { keys: 40, buckets: 16, ..Config::default() };
    let all: crate::core::sorted::SortedSet<u32> = (0..40).map(|k| place(&cfg, k)).collect();
    assert_eq!((all.len(), places(&cfg)), (40, 640));
    let due = spans(&cfg, 10, 8);
    assert_eq!(due.len(), 16);
    let read = |p: &u32| due.iter().any(|(a, b)| (a..b).contains(&p));
    assert!((10..18).all(|k| read(&place(&cfg, k))));
}

#[test]
fn what_is_newer_is_known_whatever_comes_first() {
    let desc = |start, end, generation| Desc {
        id: RangeId { start, born: generation },
        end,
        generation,
        members: NodeSet::first(3),
    };
    let (old, left, right) = (desc(0, 10, 1), desc(0, 5, 2), desc(5, 10, 2));
    for all in [[old, left, right], [right, old, left], [left, right, old]] {
        let known: Directory = all.into_iter().collect();
        let kept: Vec<&Desc> = known.iter().collect();
        assert_eq!(kept, [&left, &right]);
    }
    let half: Directory = [old, right].into_iter().collect();
    assert_eq!((half.find(3), half.find(7)), (Some(&old), Some(&right)));
}

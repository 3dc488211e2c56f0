//! Published tables and the laws of each clock.

use super::*;
use crate::core::sorted::{SortedMap, SortedSet};
use proptest::prelude::*;

/// One step of a run of processes: who acts, and whose last message it receives, if any.
type Step = (usize, Option<usize>);

fn runs() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0usize..5, prop::option::of(0usize..40)), 1..40)
}

/// The causal past of every event by graph search over program order and messages, which is what
/// the clocks are judged against. A step may receive from any earlier event.
fn pasts(steps: &[Step]) -> Vec<SortedSet<usize>> {
    let mut last: SortedMap<usize, usize> = SortedMap::new();
    let mut pasts: Vec<SortedSet<usize>> = Vec::new();
    for (i, (who, from)) in steps.iter().enumerate() {
        let parents = last.get(who).copied().into_iter().chain(sender(i, *from));
        let mut past = SortedSet::from([i]);
        parents.for_each(|p| past.extend(&pasts[p]));
        pasts.push(past);
        last.insert(*who, i);
    }
    pasts
}

fn sender(i: usize, from: Option<usize>) -> Option<usize> {
    from.filter(|_| i > 0).map(|f| f % i)
}

proptest! {
    /// Clock condition: a happened before b implies C(a) < C(b).
    #[test]
    fn lamport_obeys_the_clock_condition(steps in runs()) {
        let mut clocks = [LamportClock::default(); 5];
        let mut stamps = Vec::new();
        for (i, (who, from)) in steps.iter().enumerate() {
            stamps.push(match sender(i, *from) {
                Some(m) => clocks[*who].receive(stamps[m]),
                None => clocks[*who].tick(),
            });
        }
        for (b, past) in pasts(&steps).iter().enumerate() {
            for a in past.iter().filter(|a| **a != b) {
                prop_assert!(stamps[*a] < stamps[b]);
            }
        }
    }

    /// Vector order is exactly reachability.
    #[test]
    fn vector_clocks_are_happened_before(steps in runs()) {
        let mut clocks = vec![VectorClock::new(); 5];
        let mut stamps: Vec<VectorClock<usize>> = Vec::new();
        for (i, (who, from)) in steps.iter().enumerate() {
            let clock = &mut clocks[*who];
            if let Some(m) = sender(i, *from) {
                clock.merge(&stamps[m]);
            }
            clock.increment(who);
            stamps.push(clock.clone());
        }
        let pasts = pasts(&steps);
        for a in 0..steps.len() {
            for b in 0..steps.len() {
                let expected = Causality::of(
                    a != b && !pasts[a].contains(&b),
                    a != b && !pasts[b].contains(&a),
                );
                prop_assert_eq!(stamps[a].compare(&stamps[b]), expected);
            }
        }
    }

    #[test]
    fn merging_vectors_is_a_semilattice(a in vector(), b in vector(), c in vector()) {
        let join = |a: &VectorClock<u8>, b: &VectorClock<u8>| { let mut a = a.clone(); a.merge(b); a };
        prop_assert_eq!(join(&a, &b), join(&b, &a));
        prop_assert_eq!(join(&a, &a), a.clone());
        prop_assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
        prop_assert!(join(&a, &b).includes(&a));
    }

    /// Hybrid clocks obey the clock condition, stay at or above physical time, and never run
    /// ahead of the fastest physical clock (the paper's theorem 1 and corollary 1).
    #[test]
    fn hlc_stays_within_its_bounds(
        steps in prop::collection::vec((0usize..4, prop::option::of(0usize..60), 0u64..3), 1..60),
        skew in prop::array::uniform4(0u64..20),
    ) {
        let mut clocks = [Hlc::default(); 4];
        let mut stamps: Vec<Timestamp> = Vec::new();
        let (mut time, eps) = (100, *skew.iter().max().unwrap());
        for (i, (who, from, dt)) in steps.iter().enumerate() {
            time += dt;
            let pt = time - skew[*who];
            stamps.push(match sender(i, *from) {
                Some(m) => clocks[*who].receive(pt, stamps[m]),
                None => clocks[*who].now(pt),
            });
            prop_assert!(stamps[i].wall >= pt && stamps[i].wall - pt <= eps);
            prop_assert!(u64::from(stamps[i].logical) <= i as u64);
        }
        let plain: Vec<Step> = steps.iter().map(|(w, f, _)| (*w, *f)).collect();
        for (b, past) in pasts(&plain).iter().enumerate() {
            for a in past.iter().filter(|a| **a != b) {
                prop_assert!(stamps[*a] < stamps[b]);
            }
        }
    }

    #[test]
    fn next_and_prev_are_inverse(wall in 0u64..9, logical in prop::sample::select(vec![0, 1, 7, LOGICAL_MAX - 1, LOGICAL_MAX])) {
        let t = Timestamp::new(wall, logical);
        prop_assert_eq!(t.next().prev(), Some(t));
        prop_assert!(t.floor_prev().is_none_or(|p| p < t) && t.wall_next() > t);
    }

    /// Two servers, clients that write after reading or blindly, and syncs: both forms of dotted
    /// version vectors keep exactly the values that no write superseded.
    #[test]
    fn dotted_versions_keep_exactly_the_siblings(ops in prop::collection::vec((0u8..2, 0u8..4), 1..24)) {
        let mut dvv = [Siblings::<u8, usize>::new(), Siblings::new()];
        let mut set = [empty_set(), empty_set()];
        // The oracle: per server the live writes and all writes in its history.
        let mut live = [SortedSet::new(), SortedSet::new()];
        let mut known = [SortedSet::new(), SortedSet::new()];
        let mut read = (VectorClock::new(), VectorClock::new(), SortedSet::new());
        for (value, (at, what)) in ops.into_iter().enumerate() {
            let s = usize::from(at);
            match what {
                0 => {
                    dvv[s].update(&at, VectorClock::new(), value);
                    set[s] = write(&set[s], at, &VectorClock::new(), value);
                    live[s].insert(value);
                    known[s].insert(value);
                }
                1 => {
                    dvv[s].update(&at, read.0.clone(), value);
                    set[s] = write(&set[s], at, &read.1, value);
                    live[s].retain(|v| !read.2.contains(v));
                    live[s].insert(value);
                    known[s].extend(&read.2);
                    known[s].insert(value);
                }
                2 => read = (dvv[s].context(), set[s].join(), known[s].clone()),
                _ => {
                    let o = 1 - s;
                    let theirs = dvv[o].clone();
                    dvv[s].sync(&theirs);
                    set[s] = set[s].sync(&set[o]);
                    let keep: SortedSet<usize> = live[s].iter().chain(&live[o]).copied()
                        .filter(|v| (live[s].contains(v) || !known[s].contains(v))
                            && (live[o].contains(v) || !known[o].contains(v)))
                        .collect();
                    live[s] = keep;
                    let more = known[o].clone();
                    known[s].extend(more);
                }
            }
            let stored: SortedSet<usize> = set[s].values().copied().collect();
            prop_assert_eq!(&stored, &live[s], "set after step {}", value);
            let stored: SortedSet<usize> = dvv[s].versions().iter().map(|(_, v)| *v).collect();
            prop_assert_eq!(&stored, &live[s], "versions after step {}", value);
        }
    }
}

fn vector() -> impl Strategy<Value = VectorClock<u8>> {
    prop::collection::btree_map(0u8..4, 0u64..4, 0..4).prop_map(|m| m.into_iter().collect())
}

fn empty_set() -> DvvSet<u8, usize> {
    DvvSet::new(&VectorClock::new(), Vec::new())
}

fn write(
    stored: &DvvSet<u8, usize>,
    at: u8,
    context: &VectorClock<u8>,
    value: usize,
) -> DvvSet<u8, usize> {
    DvvSet::new(context, vec![value]).update(Some(stored), &at).unwrap()
}

type Set = DvvSet<&'static str, &'static str>;

fn client(context: &VectorClock<&'static str>, value: &'static str) -> Set {
    DvvSet::new(context, vec![value])
}

fn set(entries: &[(&'static str, u64, &[&'static str])]) -> Set {
    let entries = entries.iter().map(|(id, n, v)| (*id, (*n, v.to_vec()))).collect();
    DvvSet { entries, anonymous: Vec::new() }
}

/// The update and sync tables of Dotted-Version-Vectors, src/dvvset.erl (MIT).
#[test]
fn dvvset_updates_and_syncs_as_in_its_reference() {
    let blind = VectorClock::new();
    let a0 = client(&blind, "v1").update(None, &"a").unwrap();
    let a1 = client(&a0.join(), "v2").update(Some(&a0), &"a").unwrap();
    let a2 = client(&a1.join(), "v3").update(Some(&a1), &"b").unwrap();
    let a3 = client(&a0.join(), "v4").update(Some(&a1), &"b").unwrap();
    let a4 = client(&a0.join(), "v5").update(Some(&a1), &"a").unwrap();
    assert_eq!(a0, set(&[("a", 1, &["v1"])]));
    assert_eq!(a1, set(&[("a", 2, &["v2"])]));
    assert_eq!(a2, set(&[("a", 2, &[]), ("b", 1, &["v3"])]));
    assert_eq!(a3, set(&[("a", 2, &["v2"]), ("b", 1, &["v4"])]));
    assert_eq!(a4, set(&[("a", 3, &["v5", "v2"])]));
    let (w, z) = (set(&[("a", 1, &[])]), set(&[("a", 2, &["v2", "v1"])]));
    assert_eq!(w.sync(&z), set(&[("a", 2, &["v2"])]));
    assert_eq!(w.sync(&z), z.sync(&w));
}

/// Mary and Peter: a blind write makes a sibling, and Peter's informed write then removes only
/// what he had read; with a plain server version vector the siblings would pile up.
#[test]
fn an_informed_write_removes_only_what_it_had_read() {
    let mary = client(&VectorClock::new(), "v1").update(None, &"a").unwrap();
    let read = mary.join();
    let again = client(&VectorClock::new(), "v2").update(Some(&mary), &"a").unwrap();
    assert_eq!(again, set(&[("a", 2, &["v2", "v1"])]));
    let peter = client(&read, "v3").update(Some(&again), &"a").unwrap();
    assert_eq!(peter, set(&[("a", 3, &["v3", "v2"])]));
}

#[test]
fn a_message_from_too_far_ahead_changes_nothing() {
    let mut clock = Hlc::default();
    clock.now(1000);
    assert_eq!(clock.update_checked(1000, Timestamp::new(1500, 3), 500), Ok(()));
    let far = clock.update_checked(1000, Timestamp::new(1501, 0), 500);
    assert_eq!(far, Err(OffsetError { ahead: 501, max_offset: 500 }));
    assert_eq!(clock.last, Timestamp::new(1500, 3));
}

#[test]
fn half_the_largest_offset_is_too_long_a_jump() {
    assert!(is_forward_jump(50, 100) && is_forward_jump(99, 100));
    assert!(!is_forward_jump(49, 100) && !is_forward_jump(-99, 100));
}

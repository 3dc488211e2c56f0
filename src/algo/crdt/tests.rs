//! The semilattice laws on reachable states, and what each type means.

use super::*;
use crate::algo::clocks::VectorClock;
use crate::core::sorted::SortedSet;
use proptest::prelude::*;

/// A step at a replica: an operation with two small arguments, or a merge from another replica.
type Step = (usize, u8, u8, u8);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0usize..3, 0u8..4, 0u8..4, 0u8..6), 0..40)
}

/// Runs steps on three replicas; `act` does kinds 0 to 2, kind 3 merges from another replica.
fn run<C: Crdt + Default>(steps: &[Step], mut act: impl FnMut(&mut C, u8, u8, u8, u8)) -> [C; 3] {
    let mut replicas: [C; 3] = Default::default();
    for (at, kind, a, b) in steps {
        if *kind == 3 {
            let other = replicas[(at + 1 + usize::from(*a) % 2) % 3].clone();
            replicas[*at].merge(&other);
        } else {
            act(&mut replicas[*at], *at as u8, *kind, *a, *b);
        }
    }
    replicas
}

fn join<C: Crdt>(a: &C, b: &C) -> C {
    let mut joined = a.clone();
    joined.merge(b);
    joined
}

/// Commutative, associative, idempotent, and an upper bound.
fn assert_semilattice<C: Crdt + std::fmt::Debug>([a, b, c]: &[C; 3]) {
    assert_eq!(join(a, b), join(b, a), "commutative");
    assert_eq!(join(&join(a, b), c), join(a, &join(b, c)), "associative");
    assert_eq!(join(a, a), *a, "idempotent");
    assert_eq!(join(&join(a, b), a), join(a, b), "an upper bound");
}

fn all<C: Crdt>([a, b, c]: &[C; 3]) -> C {
    join(&join(a, b), c)
}

#[test]
fn a_replica_that_is_told_one_time_twice_keeps_its_later_write() {
    let mut a = LwwRegister::default();
    assert!(a.write(5, "a", 9));
    let mut b = a.clone();
    assert!(a.write(5, "a", 2));
    assert_eq!(a.value(), Some(&2));
    // Whoever has heard of the first only takes the second, and not the other way round.
    b.merge(&a);
    assert_eq!((b.value(), &b), (Some(&2), &a));
    let mut old = LwwRegister::default();
    old.write(5, "a", 9);
    a.merge(&old);
    assert_eq!(a.value(), Some(&2));
    assert!(!a.write(4, "b", 7) && a.write(5, "b", 1));
}

#[test]
fn a_full_counter_says_so_and_keeps_its_count() {
    let mut c = PnCounter::default();
    c.increment(&"a", u64::MAX - 1).unwrap();
    assert_eq!(c.increment(&"a", 2), Err(Full { count: u64::MAX - 1 }));
    c.increment(&"a", 1).unwrap();
    c.increment(&"b", 1).unwrap();
    assert_eq!(c.value(), i128::from(u64::MAX) + 1);
    assert_eq!(
        c.decrement(&"a", u64::MAX).and_then(|()| c.decrement(&"a", 1)),
        Err(Full { count: u64::MAX })
    );
}

proptest! {
    #[test]
    fn grow_only_counters_sum_all_increments(steps in steps()) {
        let mut sum = 0u128;
        let replicas = run::<GCounter<u8>>(&steps, |c, at, _, a, _| {
            c.increment(&at, a.into()).unwrap();
            sum += u128::from(a);
        });
        assert_semilattice(&replicas);
        prop_assert_eq!(all(&replicas).value(), sum);
    }

    #[test]
    fn counters_sum_all_changes(steps in steps()) {
        let mut sum = 0i128;
        let replicas = run::<PnCounter<u8>>(&steps, |c, at, kind, a, _| match kind {
            0 => { c.decrement(&at, a.into()).unwrap(); sum -= i128::from(a); }
            _ => { c.increment(&at, a.into()).unwrap(); sum += i128::from(a); }
        });
        assert_semilattice(&replicas);
        prop_assert_eq!(all(&replicas).value(), sum);
    }

    #[test]
    fn the_last_writer_wins(steps in steps()) {
        let mut best = None;
        let replicas = run::<LwwRegister<u8, u8>>(&steps, |r, at, _, a, b| {
            r.write(a.into(), at, b);
            // Of writes by one replica at one time the later one.
            if best.is_none_or(|(time, by, _)| (time, by) <= (u64::from(a), at)) {
                best = Some((u64::from(a), at, b));
            }
        });
        assert_semilattice(&replicas);
        prop_assert_eq!(all(&replicas).latest, best);
    }

    /// The register holds exactly the writes whose value nobody had read before writing anew.
    #[test]
    fn concurrent_values_stay(steps in steps()) {
        let mut next = 0u32;
        let mut replaced = SortedSet::new();
        let mut puts = Vec::new();
        let replicas = run::<MvRegister<u8, u32>>(&steps, |r, at, _, _, _| {
            replaced.extend(r.values().copied());
            let put = r.put(&at, r.clock(), next);
            puts.push(put.clone());
            r.apply(put);
            next += 1;
        });
        assert_semilattice(&replicas);
        let found: SortedSet<u32> = all(&replicas).values().copied().collect();
        let expected: SortedSet<u32> = (0..next).filter(|v| !replaced.contains(v)).collect();
        prop_assert_eq!(found, expected);
        // By operations, in both orders, each twice.
        let (mut forth, mut back) = (MvRegister::default(), MvRegister::default());
        puts.iter().chain(&puts).for_each(|p| forth.apply(p.clone()));
        puts.iter().rev().chain(&puts).for_each(|p| back.apply(p.clone()));
        prop_assert_eq!(&forth, &back);
        prop_assert_eq!(&forth, &all(&replicas));
        // The laws of reset_remove.
        let mut same = forth.clone();
        same.reset_remove(&VectorClock::new());
        prop_assert_eq!(&same, &forth);
        same.reset_remove(&forth.clock());
        prop_assert_eq!(same, MvRegister::default());
    }

    #[test]
    fn what_a_two_phase_set_removed_never_comes_back(steps in steps()) {
        let mut gone = SortedSet::new();
        let replicas = run::<TwoPhaseSet<u8>>(&steps, |s, _, kind, a, _| match kind {
            0 => { if s.remove(&a) { gone.insert(a); } }
            _ => { s.add(a); }
        });
        assert_semilattice(&replicas);
        let mut end = all(&replicas);
        for v in &gone {
            prop_assert!(!end.contains(v) && !end.add(*v));
        }
    }

    /// An element is in the set if some addition of it was observed by no removal.
    #[test]
    fn of_an_addition_and_a_concurrent_removal_the_addition_wins(steps in steps()) {
        let mut additions = 0u32;
        let mut lives: Vec<(u8, u32)> = Vec::new();
        // Beside each replica, the additions it has seen.
        let mut seen: [SortedSet<u32>; 3] = Default::default();
        let mut replicas: [OrSet<u8, u8>; 3] = Default::default();
        for (at, kind, a, _) in &steps {
            match kind {
                3 => {
                    let from = (at + 1 + usize::from(*a) % 2) % 3;
                    let (other, known) = (replicas[from].clone(), seen[from].clone());
                    replicas[*at].merge(&other);
                    seen[*at].extend(known);
                }
                0 => {
                    replicas[*at].remove(a);
                    lives.retain(|(v, id)| v != a || !seen[*at].contains(id));
                }
                _ => {
                    replicas[*at].add(&(*at as u8), *a);
                    lives.push((*a, additions));
                    seen[*at].insert(additions);
                    additions += 1;
                }
            }
        }
        assert_semilattice(&replicas);
        let found: SortedSet<u8> = all(&replicas).iter().copied().collect();
        let expected: SortedSet<u8> = lives.iter().map(|l| l.0).collect();
        prop_assert_eq!(found, expected);
    }

    /// Strong list specification, on the merged list: each replica's order agrees with it.
    #[test]
    fn edited_texts_converge_and_keep_their_order(steps in steps()) {
        let mut next = 0u32;
        let mut inserts = Vec::new();
        let mut removes = Vec::new();
        let replicas = run::<Rga<u8, u32>>(&steps, |t, at, kind, _, b| match kind {
            0 => removes.extend(t.remove(b.into())),
            _ => {
                inserts.push(t.insert(&at, b.into(), next));
                let place = usize::from(b).min(t.values().len() - 1);
                assert_eq!(*t.values()[place], next, "where it was put");
                next += 1;
            }
        });
        assert_semilattice(&replicas);
        let end = all(&replicas);
        let order: Vec<u32> = end.all().iter().map(|e| *e.1).collect();
        prop_assert_eq!(order.len(), inserts.len());
        for replica in &replicas {
            let places: Vec<usize> = replica.values().iter()
                .map(|v| order.iter().position(|o| o == *v).unwrap()).collect();
            prop_assert!(places.windows(2).all(|w| w[0] < w[1]));
        }
        // By operations in the order of their names, which is causal.
        inserts.sort_by_key(|i| i.id);
        let mut by_ops = Rga::default();
        prop_assert!(inserts.iter().chain(&inserts).all(|i| by_ops.apply(i.clone())));
        prop_assert!(removes.iter().all(|id| by_ops.apply_remove(id)));
        prop_assert_eq!(by_ops, end);
    }
}

#[test]
fn words_typed_at_once_do_not_interleave() {
    let (mut a, mut b) = (Rga::default(), Rga::default());
    for (i, (x, y)) in "hello".chars().zip("world".chars()).enumerate() {
        a.insert(&1, i, x);
        b.insert(&2, i, y);
    }
    a.merge(&b);
    let text: String = a.values().into_iter().collect();
    assert_eq!(text, "worldhello");
}

#[test]
fn an_insertion_waits_for_what_it_follows() {
    let mut text = Rga::default();
    let orphan = Insert { id: (2, 1), after: Some((1, 1)), value: 'b' };
    assert!(!text.apply(orphan.clone()));
    assert!(text.apply(Insert { id: (1, 1), after: None, value: 'a' }));
    assert!(text.apply(orphan));
    assert_eq!(text.values(), [&'a', &'b']);
}

#[test]
fn equal_concurrent_values_do_not_collapse() {
    let (mut a, mut b) = (MvRegister::default(), MvRegister::default());
    a.apply(a.put(&'A', VectorClock::new(), 23));
    b.apply(b.put(&'B', VectorClock::new(), 23));
    a.merge(&b);
    assert_eq!(a.values().collect::<Vec<_>>(), [&23, &23]);
}

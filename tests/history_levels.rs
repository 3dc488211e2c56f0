//! The levels below linearizability against brute force over all orders, and their implications.

use happened_before::check::history::model::ObjectKind;
use happened_before::check::history::txn::register::{SessionOrder, TxnLevel, judge};
use happened_before::check::history::txn::{Txn, TxnEnd, TxnStep};
use happened_before::check::history::{
    Budget, F, History, HistoryOp, HistoryVerdict, ObjectModel, OpOutcome, OpValue, lattice, replay,
};
use happened_before::core::sorted::{SortedMap, SortedSet};
use proptest::prelude::*;

type Pairs = SortedSet<(usize, usize)>;

/// Every order of `0..n` that keeps `before`, until `good` says yes.
fn some_order(n: usize, before: &Pairs, good: &mut dyn FnMut(&[usize]) -> bool) -> bool {
    fn go(
        order: &mut Vec<usize>,
        n: usize,
        before: &Pairs,
        good: &mut dyn FnMut(&[usize]) -> bool,
    ) -> bool {
        if order.len() == n {
            return good(order);
        }
        for x in 0..n {
            let ready = !order.contains(&x)
                && before.iter().all(|&(a, b)| b != x || a == x || order.contains(&a));
            if ready && !before.contains(&(x, x)) {
                order.push(x);
                if go(order, n, before, good) {
                    return true;
                }
                order.pop();
            }
        }
        false
    }
    go(&mut Vec::new(), n, before, good)
}

fn closure(pairs: &Pairs) -> Pairs {
    let mut all = pairs.clone();
    loop {
        let more: Pairs = all
            .iter()
            .flat_map(|&(a, b)| all.iter().filter(move |p| p.0 == b).map(move |p| (a, p.1)))
            .collect();
        let before = all.len();
        all.extend(more);
        if all.len() == before {
            return all;
        }
    }
}

fn build(ops: &[(u32, bool, u8, u8)]) -> History {
    let mut history = History::default();
    for (i, &(process, write, key, value)) in ops.iter().enumerate() {
        let key = Some(["x", "y"][key as usize].to_string());
        let v = if value == 0 { OpValue::Nil } else { OpValue::Int(value.into()) };
        let v = if write && value == 0 { OpValue::Int(3) } else { v };
        let (f, args) = if write { (F::Write, vec![v.clone()]) } else { (F::Read, vec![]) };
        let id = history.invoke(process, key, f, args, 2 * i as u64);
        let answer = if write { OpValue::Nil } else { v };
        history.complete(id, 2 * i as u64 + 1, OpOutcome::Ok(answer));
    }
    history
}

fn program_order(ops: &[HistoryOp]) -> Pairs {
    let all = (0..ops.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
    all.filter(|&(a, b)| ops[a].process == ops[b].process).collect()
}

fn value_legal(ops: &[HistoryOp], view: &dyn Fn(usize) -> bool, order: &[usize]) -> bool {
    let ids: Vec<u32> = order.iter().filter(|&&i| view(i)).map(|&i| ops[i].id).collect();
    replay(&ObjectModel::new(ObjectKind::Register), ops, &ids).is_ok()
}

/// Whether each process has a view that keeps `common` and its `own` pairs, each read answering
/// the latest write, which has to be the one it saw if `from` is given.
fn views(
    ops: &[HistoryOp],
    common: &Pairs,
    own: &dyn Fn(&HistoryOp, &HistoryOp) -> bool,
    from: Option<&SortedMap<usize, Option<usize>>>,
) -> bool {
    let processes: SortedSet<u32> = ops.iter().map(|op| op.process).collect();
    processes.iter().all(|&p| {
        let inside = |i: usize| ops[i].process == p || ops[i].f == F::Write;
        let mut before: Pairs =
            common.iter().copied().filter(|&(a, b)| inside(a) && inside(b)).collect();
        for (a, b) in program_order(ops) {
            // Nobody sees what he writes later himself.
            let future = ops[a].f == F::Read && ops[b].f == F::Write && ops[a].key == ops[b].key;
            if ops[a].process == p && (future || own(&ops[a], &ops[b])) {
                before.insert((a, b));
            }
        }
        some_order(ops.len(), &before, &mut |order| {
            if !value_legal(ops, &inside, order) {
                return false;
            }
            let Some(from) = from else { return true };
            from.iter().filter(|(r, _)| ops[**r].process == p).all(|(r, w)| {
                let at = order.iter().position(|x| x == r).unwrap();
                let last = order[..at]
                    .iter()
                    .rev()
                    .find(|&&o| ops[o].f == F::Write && ops[o].key == ops[*r].key);
                last.copied() == *w
            })
        })
    })
}

/// Every way each read may have got its value.
fn sources(ops: &[HistoryOp]) -> Vec<SortedMap<usize, Option<usize>>> {
    let mut all = vec![SortedMap::new()];
    for (r, op) in ops.iter().enumerate().filter(|(_, op)| op.f == F::Read) {
        let v = op.answer().unwrap();
        let mut from: Vec<Option<usize>> = (0..ops.len())
            .filter(|&w| ops[w].f == F::Write && ops[w].key == op.key && ops[w].args[0] == *v)
            .map(Some)
            .collect();
        if *v == OpValue::Nil {
            from.push(None);
        }
        all = all
            .iter()
            .flat_map(|m| {
                from.iter().map(move |w| {
                    let mut m = m.clone();
                    m.insert(r, *w);
                    m
                })
            })
            .collect();
    }
    all
}

fn expected(ops: &[HistoryOp], level: &str) -> bool {
    let po = program_order(ops);
    let n = ops.len();
    let writes = |i: usize| ops[i].f == F::Write;
    let reads_in_order = |a: &HistoryOp, b: &HistoryOp| a.f == F::Read && b.f == F::Read;
    let never = |_: &HistoryOp, _: &HistoryOp| false;
    match level {
        "sequential" => some_order(n, &po, &mut |o| value_legal(ops, &|_| true, o)),
        "pram" => views(ops, &po, &never, None),
        "ryw" => {
            let own =
                |a: &HistoryOp, b: &HistoryOp| a.f == F::Write && b.f == F::Read && a.key == b.key;
            views(ops, &Pairs::new(), &own, None)
        }
        "mr" => views(ops, &Pairs::new(), &reads_in_order, None),
        "mw" => {
            let ww = po.iter().copied().filter(|&(a, b)| writes(a) && writes(b)).collect();
            views(ops, &ww, &reads_in_order, None)
        }
        _ => sources(ops).iter().any(|from| {
            let rf: Pairs = from.iter().filter_map(|(r, w)| Some(((*w)?, *r))).collect();
            let co = closure(&po.iter().chain(&rf).copied().collect());
            let after = |a: usize, b: usize| writes(b) && po.contains(&(a, b));
            let wfr: Pairs = rf
                .iter()
                .flat_map(|&(w, r)| (0..n).filter(move |&b| after(r, b)).map(move |b| (w, b)))
                .collect();
            match level {
                "wfr" => views(ops, &closure(&wfr), &reads_in_order, Some(from)),
                "causal" => views(ops, &co, &never, Some(from)),
                "causal+" => {
                    views(ops, &co, &never, Some(from))
                        && some_order(n, &co, &mut |order| {
                            from.iter().all(|(r, w)| {
                                let last = order.iter().rev().find(|&&o| {
                                    writes(o) && ops[o].key == ops[*r].key && co.contains(&(o, *r))
                                });
                                last.copied() == *w
                            })
                        })
                }
                other => panic!("{other}"),
            }
        }),
    }
}

fn verdicts(history: &History) -> SortedMap<&'static str, HistoryVerdict> {
    let mut budget = Budget::steps(1_000_000);
    lattice::single(&ObjectModel::new(ObjectKind::Register), history, &mut budget)
        .into_iter()
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn weak_levels_agree_with_brute_force(
        ops in proptest::collection::vec((0u32..3, any::<bool>(), 0u8..2, 0u8..3), 1..6),
    ) {
        let history = build(&ops);
        let found = verdicts(&history);
        for (level, verdict) in &found {
            if *level != "linearizable" {
                let name = if expected(&history.ops, level) { "ok" } else { "illegal" };
                prop_assert_eq!(verdict.name(), name, "{} of {:#?}", level, history.ops);
            }
            match verdict {
                HistoryVerdict::Illegal(why) => {
                    let only = |ids: &[u32]| -> Vec<HistoryOp> {
                        history.ops.iter().filter(|op| ids.contains(&op.id)).cloned().collect()
                    };
                    if *level == "linearizable" {
                        continue;
                    }
                    prop_assert!(!expected(&only(&why.core), level));
                    for id in &why.core {
                        let less: Vec<u32> =
                            why.core.iter().copied().filter(|x| x != id).collect();
                        prop_assert!(expected(&only(&less), level));
                    }
                }
                HistoryVerdict::Ok(legal) => {
                    let model = ObjectModel::new(ObjectKind::Register);
                    prop_assert_eq!(replay(&model, &history.ops, &legal.order), Ok(()));
                    for (p, view) in &legal.views {
                        // What others read is not of this view.
                        let mine: Vec<u32> = view.iter().copied().filter(|id| {
                            let op = &history.ops[*id as usize];
                            op.process == *p || op.f == F::Write
                        }).collect();
                        prop_assert_eq!(
                            replay(&model, &history.ops, &mine), Ok(()),
                            "{} view of {} in {:#?}: {:?}", level, p, history.ops, view
                        );
                    }
                }
                HistoryVerdict::Unknown(why) => prop_assert!(false, "{}", why),
            }
        }
        for (strong, weak) in lattice::SINGLE {
            let implied = found[strong].name() != "ok" || found[weak].name() == "ok";
            prop_assert!(implied, "{} holds but not {}: {:#?}", strong, weak, history.ops);
        }
    }

    #[test]
    fn transactional_levels_agree_with_brute_force(
        shape in proptest::collection::vec(
            (0u32..3, proptest::collection::vec((any::<bool>(), 0usize..2, 0usize..4), 1..4)),
            1..5,
        ),
    ) {
        let txns = transactions(&shape);
        let mut holds = SortedMap::new();
        for (name, level) in TxnLevel::ALL {
            if level == TxnLevel::Strict {
                continue;
            }
            let verdict = judge(&txns, level, SessionOrder::Always, &mut Budget::steps(1_000_000));
            let name_of = if axioms(&txns, level) { "ok" } else { "illegal" };
            prop_assert_eq!(verdict.name(), name_of, "{} of {:#?}", name, txns);
            holds.insert(name, verdict.name() == "ok");
        }
        for (strong, weak) in lattice::TRANSACTIONAL.iter().skip(1) {
            prop_assert!(!holds[strong] || holds[weak], "{} but not {}", strong, weak);
        }
    }
}

#[test]
fn a_read_that_goes_back_counts_although_it_repeats_an_earlier_one() {
    // Writes y, x, y; then reads x at the start, y, and x at the start again.
    let txns = transactions(&[
        (0, vec![(true, 1, 0), (true, 0, 0), (true, 1, 0)]),
        (0, vec![(false, 0, 1), (false, 1, 1), (false, 0, 1)]),
    ]);
    let budget = &mut Budget::steps(1_000);
    let verdict = judge(&txns, TxnLevel::ReadCommitted, SessionOrder::Always, budget);
    assert_eq!(verdict.name(), "illegal");
}

/// Transactions with unique values: write number `n` writes `n`; reads pick one of the writes
/// made anywhere, or the start.
type Shape = (u32, Vec<(bool, usize, usize)>);

fn transactions(shape: &[Shape]) -> Vec<Txn> {
    let keys = ["x", "y"];
    let mut written: [Vec<i64>; 2] = Default::default();
    let mut next = 0;
    for step in shape.iter().flat_map(|t| &t.1).filter(|s| s.0) {
        next += 1;
        written[step.1].push(next);
    }
    let mut write = 0;
    let mut txns = Vec::new();
    for (id, (session, steps)) in shape.iter().enumerate() {
        let steps = steps
            .iter()
            .map(|&(writes, key, pick)| {
                let k = keys[key].to_string();
                if writes {
                    write += 1;
                    return TxnStep::Write(k, OpValue::Int(write));
                }
                let value = match written[key].get(pick) {
                    Some(n) => OpValue::Int(*n),
                    None => OpValue::Nil,
                };
                TxnStep::Read(k, Some(value))
            })
            .collect();
        let (session, invoke, ret, end) = (*session, 0, u64::MAX, TxnEnd::Committed);
        txns.push(Txn { id: id as u32, session, invoke, ret, end, steps });
    }
    txns
}

/// The axioms of Biswas and Enea (2019), tried on every commit order.
fn axioms(txns: &[Txn], level: TxnLevel) -> bool {
    let n = txns.len();
    let loose = matches!(
        level,
        TxnLevel::ReadCommitted
            | TxnLevel::ReadYourWrites
            | TxnLevel::MonotonicReads
            | TxnLevel::MonotonicWrites
            | TxnLevel::WritesFollowReads
    );
    // Reads of others: reader, position, key, writer.
    let mut reads: Vec<(usize, usize, &str, Option<usize>)> = Vec::new();
    for (r, txn) in txns.iter().enumerate() {
        let mut own: SortedMap<&str, &OpValue> = SortedMap::new();
        let mut seen: SortedMap<&str, &OpValue> = SortedMap::new();
        for (at, step) in txn.steps.iter().enumerate() {
            match step {
                TxnStep::Write(k, v) => {
                    own.insert(k, v);
                }
                TxnStep::Read(k, Some(v)) => {
                    if let Some(mine) = own.get(k.as_str()) {
                        if *mine != v {
                            return false;
                        }
                        continue;
                    }
                    let before = seen.insert(k, v);
                    if !loose && before.is_some_and(|b| b != v) {
                        return false;
                    }
                    let last = |t: &Txn| {
                        let mut writes = t.steps.iter().rev().filter_map(|s| match s {
                            TxnStep::Write(x, w) if x == k => Some(w.clone()),
                            _ => None,
                        });
                        writes.next()
                    };
                    let from = (0..n).find(|&w| w != r && last(&txns[w]).as_ref() == Some(v));
                    if from.is_none() && *v != OpValue::Nil {
                        return false;
                    }
                    reads.push((r, at, k, from));
                }
                _ => unreachable!(),
            }
        }
    }
    let writes = |t: usize, k: &str| {
        txns[t].steps.iter().any(|s| matches!(s, TxnStep::Write(x, _) if x == k))
    };
    let so: Pairs = (0..n)
        .flat_map(|b| (0..b).map(move |a| (a, b)))
        .filter(|&(a, b)| txns[a].session == txns[b].session)
        .collect();
    let wr: Pairs = reads.iter().filter_map(|r| Some((r.3?, r.0))).collect();
    let both: Pairs = so.iter().chain(&wr).copied().collect();
    let then = |a: &Pairs, b: &Pairs| -> Pairs {
        a.iter()
            .flat_map(|&(x, y)| b.iter().filter(move |p| p.0 == y).map(move |p| (x, p.1)))
            .collect()
    };
    let base = closure(&both);
    some_order(n, &base, &mut |order| {
        let at = |t: usize| order.iter().position(|x| *x == t).unwrap();
        let co = |a: usize, b: usize| at(a) < at(b);
        let reflexive = |a: usize, b: usize| a == b || co(a, b);
        reads.iter().all(|&(t3, place, k, t1)| {
            (0..n).filter(|&t2| t2 != t3 && Some(t2) != t1 && writes(t2, k)).all(|t2| {
                let sees = match level {
                    TxnLevel::ReadCommitted => {
                        reads.iter().any(|r| r.0 == t3 && r.1 < place && r.3 == Some(t2))
                    }
                    TxnLevel::ReadAtomic => both.contains(&(t2, t3)),
                    TxnLevel::Causal | TxnLevel::Cerone => base.contains(&(t2, t3)),
                    TxnLevel::Prefix => {
                        (0..n).any(|t4| reflexive(t2, t4) && both.contains(&(t4, t3)))
                    }
                    TxnLevel::Snapshot | TxnLevel::SessionSnapshot => {
                        let prefix = (0..n).any(|t4| reflexive(t2, t4) && both.contains(&(t4, t3)));
                        let conflict = (0..n).any(|t4| {
                            t4 != t3
                                && reflexive(t2, t4)
                                && co(t4, t3)
                                && ["x", "y"].iter().any(|k| writes(t4, k) && writes(t3, k))
                        });
                        prefix || conflict
                    }
                    TxnLevel::Serializable | TxnLevel::SessionSerializable | TxnLevel::Strict => {
                        co(t2, t3)
                    }
                    TxnLevel::ReadYourWrites => so.contains(&(t2, t3)),
                    TxnLevel::MonotonicReads => then(&wr, &so).contains(&(t2, t3)),
                    TxnLevel::MonotonicWrites => {
                        let seen = then(&so, &wr);
                        seen.contains(&(t2, t3)) || then(&seen, &so).contains(&(t2, t3))
                    }
                    TxnLevel::WritesFollowReads => {
                        let seen = then(&then(&wr, &so), &wr);
                        seen.contains(&(t2, t3)) || then(&seen, &so).contains(&(t2, t3))
                    }
                };
                !sees || t1.is_some_and(|t1| co(t2, t1))
            })
        })
    })
}

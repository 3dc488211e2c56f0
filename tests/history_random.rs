//! Every judge at every level against all orders, over random small histories of single
//! operations, and the laws of the lattice: what a stronger level allows a weaker one allows.
//!
//! The daily draws are always the same. `PROPTEST_CASES` asks for more of them, and without
//! `PROPTEST_RNG_SEED` those are new ones, as in `cargo xtask soak`.

mod draw;

use draw::{Draw, Tally, cases};
use happened_before::check::history::linearizable::keeps_real_time;
use happened_before::check::history::model::{ObjectKind, is_write, triple};
use happened_before::check::history::{
    Budget, F, History, HistoryOp, HistoryVerdict, ObjectModel, OpOutcome, OpValue, lattice,
    replay, views,
};
use happened_before::core::sorted::{SortedMap, SortedSet};

const OPS: usize = 6;

fn ask(kind: ObjectKind, d: &mut Draw) -> (F, Vec<OpValue>) {
    let number = OpValue::Int(d.below(4) as i64 + 1);
    let other = OpValue::Int(d.below(3) as i64 + 1);
    let text = OpValue::text(["a", "b", "ab"][d.below(3)]);
    let f = d.below(4);
    let steps = |d: &mut Draw| {
        let step = |d: &mut Draw| {
            let key = OpValue::text(["x", "y"][d.below(2)]);
            match d.below(2) {
                0 => vec![OpValue::text("r"), key, OpValue::Nil],
                _ => vec![OpValue::text("w"), key, OpValue::Int(d.below(3) as i64 + 1)],
            }
        };
        (0..1 + d.below(3)).map(|_| OpValue::List(step(d))).collect::<Vec<_>>()
    };
    match kind {
        ObjectKind::Register | ObjectKind::CasRegister if f < 2 => (F::Read, vec![]),
        ObjectKind::CasRegister if f == 2 => (F::Cas, vec![number, other]),
        ObjectKind::Register | ObjectKind::CasRegister => (F::Write, vec![number]),
        ObjectKind::MultiRegister => (F::Txn, steps(d)),
        ObjectKind::Kv if f < 2 => (F::Get, vec![]),
        ObjectKind::Kv if f == 2 => (F::Put, vec![text]),
        ObjectKind::Kv => (F::Append, vec![text]),
        ObjectKind::Mutex if f < 2 => (F::Acquire, vec![]),
        ObjectKind::Mutex => (F::Release, vec![]),
        ObjectKind::Set => match f {
            0 => (F::Add, vec![number]),
            1 => (F::Remove, vec![number]),
            2 => (F::Contains, vec![number]),
            _ => (F::Read, vec![]),
        },
        ObjectKind::Queue if f < 2 => (F::Enqueue, vec![number]),
        ObjectKind::Queue if f == 2 => (F::Dequeue, vec![]),
        ObjectKind::Queue => (F::Len, vec![]),
        ObjectKind::Stack if f < 2 => (F::Push, vec![number]),
        ObjectKind::Stack if f == 2 => (F::Pop, vec![]),
        ObjectKind::Stack => (F::Len, vec![]),
    }
}

/// What an operation may be told: the truth in this state, what somebody has written, or anything.
fn told(
    model: &ObjectModel,
    history: &History,
    state: &OpValue,
    op: &HistoryOp,
    d: &mut Draw,
) -> OpValue {
    if matches!(op.f, F::Read | F::Get) && model.kind != ObjectKind::Set && d.below(2) == 0 {
        let same = history.ops.iter().filter(|o| o.key == op.key && !o.f.reads_only());
        let written: Vec<&OpValue> = same.filter_map(|o| o.args.last()).collect();
        if !written.is_empty() {
            return written[d.below(written.len())].clone();
        }
    }
    let mut all: Vec<OpValue> = match op.f {
        F::Read if model.kind == ObjectKind::Set => {
            let numbers = |of: &[i64]| OpValue::List(of.iter().map(|n| OpValue::Int(*n)).collect());
            vec![numbers(&[]), numbers(&[1]), numbers(&[2]), numbers(&[1, 2]), numbers(&[1, 3])]
        }
        F::Read | F::Dequeue | F::Pop => {
            (0..4).map(|n| if n == 0 { OpValue::Nil } else { OpValue::Int(n) }).collect()
        }
        F::Get => ["", "a", "b", "ab", "aa", "ba", "aab"].map(OpValue::text).to_vec(),
        F::Cas | F::Contains => vec![OpValue::Bool(true), OpValue::Bool(false)],
        F::Len => (0..3).map(OpValue::Int).collect(),
        F::Txn => {
            let answers = (0..3).map(|n| {
                let seen = |step: &OpValue| match triple(step) {
                    Some((f, k, _)) if !is_write(f) => {
                        OpValue::List(vec![OpValue::text(f), k.clone(), OpValue::Int(n + 1)])
                    }
                    _ => step.clone(),
                };
                OpValue::List(op.args.iter().map(seen).collect())
            });
            let truth = OpValue::List(op.args.iter().map(|s| registers(state, s)).collect());
            answers.chain([truth]).collect()
        }
        _ => vec![OpValue::Nil],
    };
    if d.below(3) > 0 {
        let true_in = |v: &OpValue| {
            let op = HistoryOp { outcome: OpOutcome::Ok(v.clone()), ..op.clone() };
            model.step(state, &op).is_some()
        };
        all.sort_by_key(|v| !true_in(v));
        return all.swap_remove(0);
    }
    let at = d.below(all.len());
    all.swap_remove(at)
}

/// A step of a transaction with what its register holds.
fn registers(state: &OpValue, step: &OpValue) -> OpValue {
    let (Some((f, k, _)), OpValue::Map(pairs)) = (triple(step), state) else { return step.clone() };
    if is_write(f) {
        return step.clone();
    }
    let now = pairs.iter().find(|p| p.0 == *k).map_or(OpValue::Nil, |p| p.1.clone());
    OpValue::List(vec![OpValue::text(f), k.clone(), now])
}

/// A history that is true of an atomic object, but for some answers.
fn history(model: &ObjectModel, d: &mut Draw) -> History {
    let mut history = History::default();
    let mut open: [Option<u32>; 3] = [None; 3];
    let mut states: SortedMap<Option<String>, OpValue> = SortedMap::new();
    let keys = model.kind != ObjectKind::MultiRegister && d.below(3) == 0;
    let ops = 1 + d.below(OPS);
    for now in 0..60u64 {
        let p = d.below(3);
        if let Some(id) = open[p].take() {
            let op = history.ops[id as usize].clone();
            let state = states.entry(op.key.clone()).or_insert_with(|| model.start());
            let outcome = match d.below(12) {
                0 => OpOutcome::Fail,
                1 | 2 if op.f.reads_only() => OpOutcome::Ok(OpValue::Any),
                1 | 2 => OpOutcome::Unknown,
                _ => OpOutcome::Ok(told(model, &history, state, &op, d)),
            };
            if let Some(next) = model.step(state, &HistoryOp { outcome: outcome.clone(), ..op })
                && outcome != OpOutcome::Fail
            {
                *state = next;
            }
            history.complete(id, now, outcome);
        } else if history.ops.len() < ops {
            let (f, args) = ask(model.kind, d);
            let key = keys.then(|| ["k", "l"][d.below(2)].to_string());
            open[p] = Some(history.invoke(p as u32, key, f, args, now));
        }
    }
    history
}

/// Whether some order of all certain and some maybe-applied operations, in which nothing comes
/// after what it has to come before, is legal.
fn some_order(
    model: &ObjectModel,
    ops: &[&HistoryOp],
    before: &dyn Fn(&HistoryOp, &HistoryOp) -> bool,
) -> bool {
    type States = SortedMap<Option<String>, OpValue>;
    fn go(
        model: &ObjectModel,
        states: &States,
        left: &[&HistoryOp],
        before: &dyn Fn(&HistoryOp, &HistoryOp) -> bool,
    ) -> bool {
        left.iter().all(|op| !op.completed())
            || left.iter().enumerate().any(|(i, op)| {
                if left.iter().any(|o| o.id != op.id && before(o, op)) {
                    return false;
                }
                let state = states.get(&op.key).cloned().unwrap_or_else(|| model.start());
                let Some(next) = model.step(&state, op) else { return false };
                let mut states = states.clone();
                states.insert(op.key.clone(), next);
                let mut rest = left.to_vec();
                rest.remove(i);
                go(model, &states, &rest, before)
            })
    }
    go(model, &SortedMap::new(), ops, before)
}

fn in_time(a: &HistoryOp, b: &HistoryOp) -> bool {
    a.completed() && a.ret.unwrap() < b.invoke
}

/// What timed out is not waited for by its own process.
fn in_program(a: &HistoryOp, b: &HistoryOp) -> bool {
    a.completed() && a.process == b.process && a.id < b.id
}

fn processes(ops: &[&HistoryOp]) -> SortedSet<u32> {
    ops.iter().map(|op| op.process).collect()
}

/// PRAM of any object: what others were answered is hidden.
fn pram(model: &ObjectModel, ops: &[&HistoryOp]) -> bool {
    processes(ops).into_iter().all(|p| {
        let seen = ops.iter().filter(|op| op.process == p || !op.idle());
        let seen: Vec<HistoryOp> = seen
            .map(|op| {
                let mut op = (*op).clone();
                if op.process != p && op.completed() {
                    op.outcome = OpOutcome::Ok(OpValue::Any);
                }
                op
            })
            .collect();
        some_order(model, &seen.iter().collect::<Vec<_>>(), &in_program)
    })
}

/// What an operation reads and writes of a register.
fn touches(op: &HistoryOp) -> (Option<&OpValue>, Option<&OpValue>) {
    let known = op.answer().filter(|v| **v != OpValue::Any);
    match op.f {
        F::Read | F::Get => (known, None),
        F::Write | F::Put => (None, op.args.first()),
        F::Cas if op.answer() == Some(&OpValue::Bool(true)) => (op.args.first(), op.args.get(1)),
        F::Cas if op.maybe() => (None, op.args.get(1)),
        _ => (None, None),
    }
}

type Pairs = SortedSet<(usize, usize)>;

fn closed(pairs: &Pairs) -> Pairs {
    let mut all = pairs.clone();
    loop {
        let joined = all
            .iter()
            .flat_map(|&(a, b)| all.iter().filter(move |p| p.0 == b).map(move |p| (a, p.1)));
        let more: Vec<_> = joined.filter(|p| !all.contains(p)).collect();
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}

/// Levels at which processes have views, by their definitions: for each way in which reads can have
/// got their values, orders of all writes and a process's own reads.
fn by_views(model: &ObjectModel, ops: &[&HistoryOp], level: &str) -> bool {
    let start = model.start();
    let mut ways: Vec<SortedMap<usize, Option<usize>>> = vec![SortedMap::new()];
    for (r, op) in ops.iter().enumerate() {
        let Some(v) = touches(op).0 else { continue };
        let source = |&w: &usize| w != r && ops[w].key == op.key && touches(ops[w]).1 == Some(v);
        let mut from: Vec<Option<usize>> = (0..ops.len()).filter(source).map(Some).collect();
        if *v == start {
            from.push(None);
        }
        let with = |way: &SortedMap<usize, Option<usize>>, w: Option<usize>| {
            let mut way = way.clone();
            way.insert(r, w);
            way
        };
        ways = ways.iter().flat_map(|way| from.iter().map(move |w| with(way, *w))).collect();
    }
    ways.iter().any(|from| viewed(ops, from, level))
}

fn viewed(ops: &[&HistoryOp], from: &SortedMap<usize, Option<usize>>, level: &str) -> bool {
    let n = ops.len();
    let writes = |i: usize| touches(ops[i]).1.is_some();
    let reads = |i: usize| touches(ops[i]).0.is_some();
    // What timed out was done where it was read.
    let read: SortedSet<usize> = from.values().copied().flatten().collect();
    let live: Vec<usize> = (0..n).filter(|i| !ops[*i].maybe() || read.contains(i)).collect();
    let pairs = |ok: &dyn Fn(usize, usize) -> bool| -> Pairs {
        let all = live.iter().flat_map(|&b| live.iter().map(move |&a| (a, b)));
        all.filter(|&(a, b)| in_program(ops[a], ops[b]) && ok(a, b)).collect()
    };
    let po = pairs(&|_, _| true);
    let rf: Pairs = from.iter().filter_map(|(r, w)| Some(((*w)?, *r))).collect();
    let causal = closed(&po.iter().chain(&rf).copied().collect());
    let common: Pairs = match level {
        "pram" => po.clone(),
        "causal" | "causal+" => causal.clone(),
        "mw" => pairs(&|a, b| writes(a) && writes(b)),
        "wfr" => {
            let seen = |&(w, r): &(usize, usize)| {
                let later = po.iter().filter(move |p| p.0 == r && writes(p.1) && p.1 != w);
                later.map(move |p| (w, p.1)).collect::<Vec<_>>()
            };
            rf.iter().flat_map(seen).collect()
        }
        _ => Pairs::new(),
    };
    let last_is = |order: &[usize], r: usize, seen: &dyn Fn(usize) -> bool| {
        let at = order.iter().position(|x| *x == r).unwrap_or(order.len());
        let mut earlier = order[..at].iter().rev().copied();
        earlier.find(|&o| writes(o) && ops[o].key == ops[r].key && seen(o)) == from[&r]
    };
    let each = processes(&live.iter().map(|&i| ops[i]).collect::<Vec<_>>()).into_iter().all(|p| {
        let mine = |i: usize| ops[i].process == p;
        let inside: Vec<usize> = live.iter().copied().filter(|&i| writes(i) || mine(i)).collect();
        let mut before = common.clone();
        for &(a, b) in po.iter().filter(|p| mine(p.0)) {
            let same = ops[a].key == ops[b].key;
            let own = match level {
                "ryw" => writes(a) && reads(b) && same,
                "mr" | "mw" | "wfr" => reads(a) && reads(b),
                _ => false,
            };
            // Nobody sees what he writes later himself.
            if own || (reads(a) && writes(b) && same) {
                before.insert((a, b));
            }
        }
        orders(&inside, &closed(&before), &mut |order| {
            inside.iter().filter(|&&r| mine(r) && reads(r)).all(|&r| last_is(order, r, &|_| true))
        })
    });
    let converges = level != "causal+"
        || orders(&live, &causal, &mut |order| {
            from.keys().all(|&r| {
                let past = |o: usize| causal.contains(&(o, r));
                let mut before = order.iter().rev().copied().filter(|&o| o != r && past(o));
                before.find(|&o| writes(o) && ops[o].key == ops[r].key) == from[&r]
            })
        });
    each && converges
}

/// Whether an order of `items` that keeps `before`, which is closed, is good.
fn orders(items: &[usize], before: &Pairs, good: &mut dyn FnMut(&[usize]) -> bool) -> bool {
    fn go(
        order: &mut Vec<usize>,
        left: &[usize],
        before: &Pairs,
        good: &mut dyn FnMut(&[usize]) -> bool,
    ) -> bool {
        if left.is_empty() {
            return good(order);
        }
        left.iter().enumerate().any(|(i, &x)| {
            if left.iter().any(|&y| before.contains(&(y, x))) {
                return false;
            }
            let mut rest = left.to_vec();
            rest.remove(i);
            order.push(x);
            let found = go(order, &rest, before, good);
            order.pop();
            found
        })
    }
    go(&mut Vec::new(), items, before, good)
}

fn allowed(model: &ObjectModel, ops: &[HistoryOp], level: &str, registers: bool) -> bool {
    let ops: Vec<&HistoryOp> = ops.iter().filter(|op| op.completed() || op.maybe()).collect();
    match level {
        "linearizable" => some_order(model, &ops, &in_time),
        "sequential" => some_order(model, &ops, &in_program),
        "pram" if !registers => pram(model, &ops),
        level => by_views(model, &ops, level),
    }
}

/// Whether `order` holds what certainly happened, keeps each process's order and replays.
fn sequential(model: &ObjectModel, ops: &[HistoryOp], order: &[u32]) -> bool {
    let at = |id: u32| order.iter().position(|x| *x == id);
    let kept = ops.iter().all(|a| {
        let later = ops.iter().filter(|b| in_program(a, b) && at(b.id).is_some());
        (!a.completed() || at(a.id).is_some()) && { later }.all(|b| at(a.id) < at(b.id))
    });
    kept && replay(model, ops, order).is_ok()
}

fn check(model: &ObjectModel, history: &History, tally: &mut Tally) {
    let registers = views::defined(history);
    let levels: Vec<&str> = lattice::LEVELS
        .into_iter()
        .filter(|l| registers || ["linearizable", "sequential", "pram"].contains(l))
        .collect();
    let budget = || Budget::steps(1_000_000);
    let all = lattice::single(model, history, &mut budget());
    assert_eq!(all.iter().map(|v| v.0).collect::<Vec<_>>(), levels);
    for (level, verdict) in &all {
        let alone = lattice::judge(model, history, level, &mut budget()).expect("defined");
        assert_eq!(alone.name(), verdict.name(), "{level} alone and among others: {history:#?}");
        let expected = allowed(model, &history.ops, level, registers);
        tally.add(level, verdict, expected, &|| format!("{:?} {history:#?}", model.kind));
        match verdict {
            HistoryVerdict::Ok(legal) => match *level {
                "linearizable" => {
                    assert!(keeps_real_time(&history.ops, &legal.order), "{history:#?}");
                    assert_eq!(replay(model, &history.ops, &legal.order), Ok(()));
                }
                "sequential" => assert!(sequential(model, &history.ops, &legal.order)),
                _ => {}
            },
            HistoryVerdict::Illegal(why) => {
                let only = |ids: &[u32]| -> Vec<HistoryOp> {
                    history.ops.iter().filter(|op| ids.contains(&op.id)).cloned().collect()
                };
                let legal = |ids: &[u32]| allowed(model, &only(ids), level, registers);
                assert!(!legal(&why.core), "the core of {level} is legal: {why:?} {history:#?}");
                assert!(!legal(&why.cause), "the cause of {level} is legal: {why:?} {history:#?}");
                assert!(why.core.iter().all(|id| why.cause.contains(id)), "{why:?}");
                for id in &why.core {
                    let less: Vec<u32> = why.core.iter().copied().filter(|x| x != id).collect();
                    assert!(legal(&less), "{level}: {why:?} without {id}: {history:#?}");
                }
            }
            HistoryVerdict::Unknown(_) => {}
        }
    }
    let mut names = all.iter().map(|v| v.1.name()).collect::<Vec<_>>();
    names.dedup();
    tally.mixed += usize::from(names.len() > 1);
    let verdicts: SortedMap<&str, &HistoryVerdict> = all.iter().map(|(l, v)| (*l, v)).collect();
    tally.laws(lattice::SINGLE, &verdicts, &|| format!("{history:#?}"));
}

#[test]
fn single_operations_agree_with_all_orders() {
    let (mut d, many) = cases("single operations", 400);
    let mut tally = Tally::default();
    for (_, kind) in ObjectKind::ALL {
        let model = ObjectModel::new(kind);
        for _ in 0..many {
            let history = history(&model, &mut d);
            check(&model, &history, &mut tally);
        }
    }
    tally.tell(8 * many);
    println!("  in {} of them some levels hold and others do not", tally.mixed);
    assert!(tally.mixed > many / 5);
    for level in lattice::LEVELS {
        tally.both_ways(level, many / 5);
    }
}

//! Every judge against brute force on small random histories, in both directions.

use happened_before::check::history::incremental::ClientEvent;
use happened_before::check::history::linearizable::{judge, keeps_real_time};
use happened_before::check::history::model::ObjectKind;
use happened_before::check::history::{
    Budget, F, History, HistoryOp, HistoryVerdict, Incremental, ObjectModel, OpOutcome, OpValue,
    replay,
};
use proptest::prelude::*;

/// What one step of a generated run does: a process and choices for what it asks or answers.
type Choice = (u32, u8, u8, u8, u8);

fn small(n: u8) -> OpValue {
    if n == 0 { OpValue::Nil } else { OpValue::Int(i64::from(n)) }
}

fn number(n: u8) -> OpValue {
    OpValue::Int(i64::from(n % 3) + 1)
}

fn ask(kind: ObjectKind, f: u8, a: u8, b: u8) -> (F, Vec<OpValue>) {
    let txn = |f: &str, k: u8, v: u8| {
        OpValue::List(vec![OpValue::text(f), OpValue::text(["x", "y"][k as usize % 2]), number(v)])
    };
    match (kind, f % 3) {
        (ObjectKind::Register | ObjectKind::CasRegister, 0) => (F::Read, vec![]),
        (ObjectKind::CasRegister, 1) => (F::Cas, vec![number(a), number(b)]),
        (ObjectKind::Register | ObjectKind::CasRegister, _) => (F::Write, vec![number(a)]),
        (ObjectKind::Kv, 0) => (F::Get, vec![]),
        (ObjectKind::Kv, 1) => (F::Put, vec![OpValue::text(["a", "b", ""][a as usize % 3])]),
        (ObjectKind::Kv, _) => (F::Append, vec![OpValue::text(["a", "b", ""][a as usize % 3])]),
        (ObjectKind::Mutex, 0) => (F::Release, vec![]),
        (ObjectKind::Mutex, _) => (F::Acquire, vec![]),
        (ObjectKind::Set, 0) => (F::Contains, vec![number(a)]),
        (ObjectKind::Set, 1) => (F::Remove, vec![number(a)]),
        (ObjectKind::Set, _) => (F::Add, vec![number(a)]),
        (ObjectKind::Queue, 0) => (F::Dequeue, vec![]),
        (ObjectKind::Queue, _) => (F::Enqueue, vec![number(a)]),
        (ObjectKind::Stack, 0) => (F::Pop, vec![]),
        (ObjectKind::Stack, 1) => (F::Len, vec![]),
        (ObjectKind::Stack, _) => (F::Push, vec![number(a)]),
        (ObjectKind::MultiRegister, 0) => (F::Txn, vec![txn("r", a, b), txn("r", b, a)]),
        (ObjectKind::MultiRegister, _) => (F::Txn, vec![txn("w", a, b), txn("r", b, a)]),
    }
}

fn answer(op: &HistoryOp, a: u8) -> OpOutcome {
    if a == 7 {
        return if op.f.reads_only() { OpOutcome::Ok(OpValue::Any) } else { OpOutcome::Unknown };
    }
    if a == 6 {
        return OpOutcome::Fail;
    }
    OpOutcome::Ok(match op.f {
        F::Read | F::Dequeue | F::Pop => small(a % 4),
        F::Len => OpValue::Int(i64::from(a % 3)),
        F::Get => OpValue::text(["", "a", "b", "ab", "aa", "ba"][a as usize % 6]),
        F::Cas | F::Contains => OpValue::Bool(a.is_multiple_of(2)),
        F::Txn => OpValue::List(op.args.clone()),
        _ => OpValue::Nil,
    })
}

/// A history of at most six operations by three clients, and the events that made it.
fn build(kind: ObjectKind, choices: &[Choice], keys: bool) -> (History, Vec<ClientEvent>) {
    let mut history = History::default();
    let mut events = Vec::new();
    let mut open: [Option<u32>; 3] = [None; 3];
    let mut gone = [0u32; 3];
    for (now, &(p, f, a, b, k)) in choices.iter().enumerate() {
        let p = p as usize % 3;
        if let Some(id) = open[p].take() {
            let outcome = answer(&history.ops[id as usize], a);
            gone[p] += u32::from(outcome == OpOutcome::Unknown);
            history.complete(id, now as u64, outcome.clone());
            events.push(ClientEvent::Complete { id, outcome });
        } else if history.ops.len() < 6 {
            let (f, args) = ask(kind, f, a, b);
            let key = keys.then(|| ["k", "l"][k as usize % 2].to_string());
            let process = p as u32 + 3 * gone[p];
            events.push(ClientEvent::Invoke { process, key: key.clone(), f, args: args.clone() });
            open[p] = Some(history.invoke(process, key, f, args, now as u64));
        }
    }
    (history, events)
}

/// Tries every order that keeps real time.
fn linearizable(model: &ObjectModel, ops: &[HistoryOp]) -> bool {
    fn go(model: &ObjectModel, state: &[(Option<String>, OpValue)], left: &[&HistoryOp]) -> bool {
        if left.iter().all(|op| !op.completed()) {
            return true;
        }
        left.iter().enumerate().any(|(i, op)| {
            let blocked = |other: &&HistoryOp| other.completed() && other.ret.unwrap() < op.invoke;
            if left.iter().any(blocked) {
                return false;
            }
            let mut state = state.to_vec();
            let at = match state.iter().position(|s| s.0 == op.key) {
                Some(at) => at,
                None => {
                    state.push((op.key.clone(), model.start()));
                    state.len() - 1
                }
            };
            let Some(next) = model.step(&state[at].1, op) else { return false };
            state[at].1 = next;
            let mut rest = left.to_vec();
            rest.remove(i);
            go(model, &state, &rest)
        })
    }
    let left: Vec<&HistoryOp> = ops.iter().filter(|op| op.outcome != OpOutcome::Fail).collect();
    go(model, &[], &left)
}

fn only(history: &History, ids: &[u32]) -> Vec<HistoryOp> {
    history.ops.iter().filter(|op| ids.contains(&op.id)).cloned().collect()
}

/// What had happened when the clock stood at `end`.
fn cut(history: &History, end: u64) -> Vec<HistoryOp> {
    let mut ops = history.ops.clone();
    ops.retain(|op| op.outcome != OpOutcome::Fail && op.invoke < end);
    for op in ops.iter_mut().filter(|op| op.ret.is_some_and(|r| r > end)) {
        (op.ret, op.outcome) = (None, OpOutcome::Open);
    }
    ops
}

/// The first return that no order explains.
fn first_illegal(model: &ObjectModel, history: &History) -> u64 {
    let completed = history.ops.iter().filter(|op| op.completed());
    let mut returns: Vec<u64> = completed.filter_map(|op| op.ret).collect();
    returns.sort_unstable();
    returns.into_iter().find(|r| !linearizable(model, &cut(history, *r))).unwrap()
}

/// Those outside `ids`, as far as invoked by `end`, may happen at any time or never.
fn loosened(history: &History, ids: &[u32], end: u64) -> Vec<HistoryOp> {
    let mut ops = cut(history, end);
    for op in &mut ops {
        if !ids.contains(&op.id) {
            (op.invoke, op.ret, op.outcome) = (0, None, OpOutcome::Open);
        }
    }
    ops
}

fn agrees(kind: ObjectKind, choices: &[Choice], keys: bool) {
    let model = ObjectModel::new(kind);
    let (history, events) = build(kind, choices, keys && kind != ObjectKind::MultiRegister);
    let expected = linearizable(&model, &history.ops);
    let verdict = judge(&model, &history, &mut Budget::steps(100_000));
    match &verdict {
        HistoryVerdict::Ok(legal) => {
            assert!(expected, "called legal: {history:#?}");
            assert_eq!(replay(&model, &history.ops, &legal.order), Ok(()));
            assert!(keeps_real_time(&history.ops, &legal.order), "{:?}", legal.order);
        }
        HistoryVerdict::Illegal(why) => {
            assert!(!expected, "called illegal: {history:#?}");
            assert!(why.minimal);
            assert!(!linearizable(&model, &only(&history, &why.core)), "core {why:?}");
            for id in &why.core {
                let less: Vec<u32> = why.core.iter().copied().filter(|i| i != id).collect();
                assert!(linearizable(&model, &only(&history, &less)), "{why:?} without {id}");
            }
            // Keys are judged apart.
            let key = &history.ops[why.cause[0] as usize].key;
            let mut history = history.clone();
            history.ops.retain(|op| op.key == *key);
            let end = first_illegal(&model, &history);
            let loose = |ids: &[u32]| linearizable(&model, &loosened(&history, ids, end));
            assert!(!loose(&why.cause), "cause {why:?}");
            for id in &why.cause {
                let less: Vec<u32> = why.cause.iter().copied().filter(|i| i != id).collect();
                assert!(loose(&less), "{why:?} without {id}");
            }
        }
        HistoryVerdict::Unknown(why) => panic!("{why}"),
    }
    let mut growing = Incremental::new(model.clone());
    for event in events {
        growing.push(event, &mut Budget::steps(100_000));
        let now = linearizable(&model, &growing.history().ops);
        match growing.verdict() {
            HistoryVerdict::Ok(legal) => {
                assert!(now);
                assert_eq!(replay(&model, &growing.history().ops, &legal.order), Ok(()));
                assert!(keeps_real_time(&growing.history().ops, &legal.order));
            }
            HistoryVerdict::Illegal(_) => assert!(!now),
            HistoryVerdict::Unknown(why) => panic!("{why}"),
        }
    }
    assert_eq!(growing.verdict().name(), verdict.name());
}

fn choices() -> impl Strategy<Value = Vec<Choice>> {
    proptest::collection::vec((0u32..3, 0u8..6, 0u8..8, 0u8..3, 0u8..2), 0..13)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn linearizability_agrees_with_brute_force(
        kind in 0..ObjectKind::ALL.len(), choices in choices(), keys in any::<bool>(),
    ) {
        agrees(ObjectKind::ALL[kind].1, &choices, keys);
    }
}

/// A history recorded from an atomic object is legal, and found to be.
#[test]
fn histories_of_an_atomic_object_are_linearizable() {
    let step = || (0u32..8, 0u8..6, 0u8..8, 0u8..3);
    let steps = proptest::collection::vec(step(), 0..60);
    let (mut decided, mut open) = (0, 0);
    let config = ProptestConfig { cases: 1500, failure_persistence: None, ..Default::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let counts = std::cell::RefCell::new((&mut decided, &mut open));
    let all = runner.run(&(0..ObjectKind::ALL.len(), steps), |(kind, steps)| {
        let model = ObjectModel::new(ObjectKind::ALL[kind].1);
        let history = atomic(&model, &steps);
        let verdict = judge(&model, &history, &mut Budget::steps(50_000));
        prop_assert_ne!(verdict.name(), "illegal");
        let (decided, open) = &mut *counts.borrow_mut();
        **(if verdict.name() == "ok" { decided } else { open }) += 1;
        Ok(())
    });
    all.unwrap_or_else(|e| panic!("{e}"));
    println!("{decided} histories of atomic objects decided, {open} left open");
    assert!(decided >= 1_400 && open * 100 <= decided, "{decided} decided, {open} left open");
}

/// Runs clients against one atomic object: invoke, then act, then answer, interleaved.
fn atomic(model: &ObjectModel, steps: &[(u32, u8, u8, u8)]) -> History {
    let mut history = History::default();
    let mut state = model.start();
    let mut open: [Option<(u32, Option<OpValue>)>; 8] = Default::default();
    for (now, &(p, f, a, b)) in steps.iter().enumerate() {
        let p = p as usize;
        match open[p].take() {
            None => {
                let (f, args) = ask(model.kind, f, a, b);
                let id = history.invoke(p as u32, None, f, args, now as u64);
                open[p] = Some((id, None));
            }
            Some((id, None)) => {
                let op = history.ops[id as usize].clone();
                let answers = (0..6).map(|a| answer(&op, a)).chain(truths(&state, &op));
                let done = answers.filter_map(|outcome| {
                    let op = HistoryOp { outcome, ..op.clone() };
                    model.step(&state, &op).map(|s| (s, op.answer().cloned()))
                });
                match { done }.next() {
                    Some((next, answer)) => {
                        state = next;
                        open[p] = Some((id, answer));
                    }
                    // The lock is taken: keep waiting.
                    None => open[p] = Some((id, None)),
                }
            }
            Some((id, Some(answer))) => {
                let outcome = if a == 7 { OpOutcome::Unknown } else { OpOutcome::Ok(answer) };
                history.complete(id, now as u64, outcome);
            }
        }
    }
    history
}

fn truths(state: &OpValue, op: &HistoryOp) -> Vec<OpOutcome> {
    match (state, op.f) {
        (OpValue::List(all), F::Len) => vec![OpOutcome::Ok(OpValue::Int(all.len() as i64))],
        (OpValue::Map(pairs), F::Txn) => {
            let mut pairs = pairs.clone();
            let steps = op.args.iter().map(|step| {
                let OpValue::List(s) = step else { unreachable!() };
                let at = pairs.iter().position(|(k, _)| *k == s[1]);
                if s[0] == OpValue::text("w") {
                    at.map(|at| pairs.remove(at));
                    pairs.push((s[1].clone(), s[2].clone()));
                    return step.clone();
                }
                let now = at.map_or(OpValue::Nil, |at| pairs[at].1.clone());
                OpValue::List(vec![s[0].clone(), s[1].clone(), now])
            });
            vec![OpOutcome::Ok(OpValue::List(steps.collect()))]
        }
        (v, F::Read | F::Get) => vec![OpOutcome::Ok(v.clone())],
        _ => vec![],
    }
}

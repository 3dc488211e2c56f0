//! Transactions over registers and over lists against the definitions of all levels, tried on every
//! commit order of random small histories, and the laws of the lattice.
//!
//! How much is drawn: see `history_random.rs`.

mod draw;

use draw::{Draw, Tally, cases};
use happened_before::check::history::txn::register::{SessionOrder, TxnLevel};
use happened_before::check::history::txn::{Txn, TxnEnd, TxnStep, append};
use happened_before::check::history::{Budget, HistoryVerdict, OpValue, lattice};
use happened_before::core::sorted::{SortedMap, SortedSet};

const KEYS: [&str; 2] = ["x", "y"];

/// Transactions by up to three sessions, of which some are aborted and some of unknown outcome.
/// Most reads are true of the moment in which a transaction ends; others are of an earlier one.
fn transactions(lists: bool, d: &mut Draw) -> Vec<Txn> {
    let mut txns: Vec<Txn> = Vec::new();
    let mut open: [Option<usize>; 3] = [None; 3];
    let mut state: [Vec<OpValue>; 2] = Default::default();
    let mut earlier = vec![state.clone()];
    let mut all: [Vec<OpValue>; 2] = Default::default();
    let count = 1 + d.below(6);
    let mut next = 0;
    for now in 0..60u64 {
        let p = d.below(3);
        if let Some(i) = open[p].take() {
            let end = [TxnEnd::Committed, TxnEnd::Unknown, TxnEnd::Aborted][match d.below(12) {
                0 => 1,
                1 => 2,
                _ => 0,
            }];
            let mut steps = txns[i].steps.clone();
            let mut before = match d.below(3) {
                0 => earlier[d.below(earlier.len())].clone(),
                _ => state.clone(),
            };
            let undone = end == TxnEnd::Aborted || (end == TxnEnd::Unknown && d.below(2) == 0);
            for step in &mut steps {
                if let TxnStep::Write(k, v) | TxnStep::Append(k, v) = &step
                    && !undone
                {
                    state[usize::from(*k == KEYS[1])].push(v.clone());
                }
                answer(step, end, &mut before, &all, d);
            }
            earlier.push(state.clone());
            let ret = if end == TxnEnd::Unknown { u64::MAX } else { now };
            txns[i] = Txn { end, ret, steps, ..txns[i].clone() };
        } else if txns.len() < count {
            let mut steps = Vec::new();
            for _ in 0..1 + d.below(3) {
                let at = d.below(2);
                let k = KEYS[at].to_string();
                if d.below(2) == 0 {
                    steps.push(if lists { TxnStep::List(k, None) } else { TxnStep::Read(k, None) });
                    continue;
                }
                // Over registers a value may be written twice.
                next += i64::from(lists || d.below(6) > 0 || next == 0);
                let v = OpValue::Int(next);
                all[at].push(v.clone());
                steps.push(if lists { TxnStep::Append(k, v) } else { TxnStep::Write(k, v) });
            }
            let (id, session) = (txns.len() as u32, p as u32);
            open[p] = Some(txns.len());
            let (ret, end) = (u64::MAX, TxnEnd::Unknown);
            txns.push(Txn { id, session, invoke: now, ret, end, steps });
        }
    }
    txns
}

fn answer(
    step: &mut TxnStep,
    end: TxnEnd,
    state: &mut [Vec<OpValue>; 2],
    all: &[Vec<OpValue>; 2],
    d: &mut Draw,
) {
    let place = |k: &String| usize::from(*k == KEYS[1]);
    match step {
        TxnStep::Write(k, v) | TxnStep::Append(k, v) => state[place(k)].push(v.clone()),
        TxnStep::Read(k, seen) if end == TxnEnd::Committed => {
            let at = place(k);
            let all = &all[at];
            *seen = Some(match d.below(16) {
                0 | 1 if !all.is_empty() => all[d.below(all.len())].clone(),
                2 => OpValue::Nil,
                3 if d.below(6) == 0 => OpValue::Int(99),
                _ => state[at].last().cloned().unwrap_or(OpValue::Nil),
            });
        }
        TxnStep::List(k, seen) if end == TxnEnd::Committed => {
            let mut list = state[place(k)].clone();
            match d.below(40) {
                0..3 => list.truncate(d.below(list.len() + 1)),
                3 if list.len() > 1 => list.swap(0, 1),
                4 => list.extend(all[place(k)].first().cloned()),
                5 if d.below(6) == 0 => list.push(OpValue::Int(99)),
                _ => {}
            }
            *seen = Some(list);
        }
        _ => {}
    }
}

type Pairs = SortedSet<(usize, usize)>;

/// What a transaction read of others: at which step, which key, and what it saw. For lists, the
/// list below what it appended itself.
struct Seen<'a> {
    at: usize,
    key: &'a str,
    saw: Vec<&'a OpValue>,
    /// What it appended came right after.
    under: bool,
}

/// The reads of others of a transaction, or nothing if it disagrees with itself. With `repeat`,
/// a second read of a key may differ from the first.
fn reads<'a>(txn: &'a Txn, repeat: bool) -> Option<Vec<Seen<'a>>> {
    let mut all: Vec<Seen> = Vec::new();
    let mut own: SortedMap<&str, Vec<&OpValue>> = SortedMap::new();
    for (at, step) in txn.steps.iter().enumerate() {
        let (key, saw, list) = match step {
            TxnStep::Write(k, v) => {
                own.insert(k, vec![v]);
                continue;
            }
            TxnStep::Append(k, v) => {
                own.entry(k).or_default().push(v);
                continue;
            }
            TxnStep::Read(k, Some(v)) => (k.as_str(), Vec::from_iter([v]), false),
            TxnStep::List(k, Some(list)) => (k.as_str(), list.iter().collect::<Vec<_>>(), true),
            _ => continue,
        };
        let mine = own.get(key).cloned().unwrap_or_default();
        let below = if !list && !mine.is_empty() {
            // A register shows what was written to it last.
            if saw != mine {
                return None;
            }
            continue;
        } else {
            saw.strip_suffix(&mine[..])?.to_vec()
        };
        // An own element that is seen before it was appended.
        let before =
            |s: &TxnStep| matches!(s, TxnStep::Append(k, v) if k == key && below.contains(&v));
        if txn.steps.iter().any(before) {
            return None;
        }
        let under = list && !mine.is_empty();
        match all.iter_mut().rev().find(|s| s.key == key) {
            Some(earlier) if earlier.saw == below => {
                earlier.under |= under;
                if list || !repeat {
                    continue;
                }
            }
            Some(_) if list || !repeat => return None,
            _ => {}
        }
        all.push(Seen { at, key, saw: below, under });
    }
    Some(all)
}

fn written<'a>(txn: &'a Txn, key: &str) -> Vec<&'a OpValue> {
    let written = txn.steps.iter().filter_map(|s| match s {
        TxnStep::Write(k, v) | TxnStep::Append(k, v) if k == key => Some(v),
        _ => None,
    });
    written.collect()
}

/// Whether some commit order of the transactions that took effect satisfies a level. `lists`:
/// versions are lists, in the commit order of who appended.
fn allowed(txns: &[Txn], level: TxnLevel, sessions: SessionOrder, lists: bool) -> bool {
    let sure: Vec<&Txn> = txns.iter().filter(|t| t.end == TxnEnd::Committed).collect();
    let maybe: Vec<&Txn> = txns.iter().filter(|t| t.end == TxnEnd::Unknown).collect();
    (0..1u32 << maybe.len()).any(|some| {
        let mut all = sure.clone();
        all.extend(maybe.iter().enumerate().filter(|(i, _)| some & (1 << i) != 0).map(|x| x.1));
        all.sort_by_key(|t| t.id);
        committed(&all, level, sessions, lists)
    })
}

fn keeps(level: TxnLevel, sessions: SessionOrder) -> bool {
    use TxnLevel::*;
    let plain = [ReadCommitted, ReadAtomic, Cerone, Prefix, Snapshot, Serializable];
    sessions == SessionOrder::Always || !plain.contains(&level)
}

fn committed(txns: &[&Txn], level: TxnLevel, sessions: SessionOrder, lists: bool) -> bool {
    use TxnLevel::*;
    let n = txns.len();
    // Elle's read committed says nothing of reads that change, but for the lists themselves.
    let plain = lists && level == ReadCommitted;
    let guarantees =
        [ReadCommitted, ReadYourWrites, MonotonicReads, MonotonicWrites, WritesFollowReads];
    let mut seen: Vec<(usize, Seen)> = Vec::new();
    for (i, txn) in txns.iter().enumerate() {
        let Some(all) = reads(txn, !lists && guarantees.contains(&level)) else { return false };
        seen.extend(all.into_iter().map(|s| (i, s)));
    }
    // From which transaction each read got its value: the one whose last write it is.
    let mut ways: Vec<Vec<Option<usize>>> = vec![Vec::new()];
    for (r, s) in &seen {
        let last = s.saw.last().copied();
        let source = |&w: &usize| {
            w != *r && last.is_some() && written(txns[w], s.key).last().copied() == last
        };
        let mut from: Vec<Option<usize>> = (0..n).filter(source).map(Some).collect();
        if last.is_none_or(|v| *v == OpValue::Nil) {
            from.push(None);
        }
        let more = |way: &Vec<Option<usize>>, w: Option<usize>| [&way[..], &[w]].concat();
        ways = ways.iter().flat_map(|way| from.iter().map(move |w| more(way, *w))).collect();
    }
    let mut so = Pairs::new();
    let mut time = Pairs::new();
    for b in 0..n {
        for a in (0..n).filter(|&a| txns[a].end == TxnEnd::Committed) {
            if a < b && txns[a].session == txns[b].session && keeps(level, sessions) {
                so.insert((a, b));
            }
            if level == Strict && txns[a].ret < txns[b].invoke {
                time.insert((a, b));
            }
        }
    }
    ways.iter().any(|from| {
        let wr: Pairs = seen.iter().zip(from).filter_map(|((r, _), w)| Some(((*w)?, *r))).collect();
        let both: Pairs = so.iter().chain(&wr).copied().collect();
        let base = closed(&both);
        let before: Pairs = base.iter().chain(&time).copied().collect();
        let then = |a: &Pairs, b: &Pairs| -> Pairs {
            let joined = |&(x, y): &(usize, usize)| {
                b.iter().filter(move |p| p.0 == y).map(move |p| (x, p.1)).collect::<Vec<_>>()
            };
            a.iter().flat_map(joined).collect()
        };
        orders(n, &before, &mut |order| {
            let at = |t: usize| order.iter().position(|x| *x == t).unwrap_or(n);
            let co = |a: usize, b: usize| at(a) < at(b);
            let until = |a: usize, b: usize| a == b || co(a, b);
            let writes = |t: usize, k: &str| !written(txns[t], k).is_empty();
            let shown = |((r, s), w): (&(usize, Seen), &Option<usize>)| {
                versions(txns, order, s, *w) && (!s.under || versions_before(txns, order, s, *r))
            };
            if lists && !seen.iter().zip(from).all(shown) {
                return false;
            }
            plain
                || seen.iter().zip(from).all(|((t3, s), t1)| {
                    let (t3, k) = (*t3, s.key);
                    let others = (0..n).filter(|&t2| t2 != t3 && Some(t2) != *t1 && writes(t2, k));
                    { others }.all(|t2| {
                        let prefix = || (0..n).any(|t4| until(t2, t4) && both.contains(&(t4, t3)));
                        let sees = match level {
                            ReadCommitted => seen.iter().zip(from).any(|((r, other), w)| {
                                *r == t3 && other.at < s.at && *w == Some(t2)
                            }),
                            ReadAtomic => both.contains(&(t2, t3)),
                            Causal | Cerone => base.contains(&(t2, t3)),
                            Prefix => prefix(),
                            Snapshot | SessionSnapshot => {
                                let meet = |t4| KEYS.iter().any(|k| writes(t4, k) && writes(t3, k));
                                let met = |t4| t4 != t3 && until(t2, t4) && co(t4, t3) && meet(t4);
                                prefix() || (0..n).any(met)
                            }
                            Serializable | SessionSerializable | Strict => co(t2, t3),
                            ReadYourWrites => so.contains(&(t2, t3)),
                            MonotonicReads => then(&wr, &so).contains(&(t2, t3)),
                            MonotonicWrites => {
                                let seen = then(&so, &wr);
                                seen.contains(&(t2, t3)) || then(&seen, &so).contains(&(t2, t3))
                            }
                            WritesFollowReads => {
                                let seen = then(&then(&wr, &so), &wr);
                                seen.contains(&(t2, t3)) || then(&seen, &so).contains(&(t2, t3))
                            }
                        };
                        !sees || t1.is_some_and(|t1| co(t2, t1))
                    })
                })
        })
    })
}

/// Whether the list that was read is the one that its source left, in this order.
fn versions(txns: &[&Txn], order: &[usize], seen: &Seen, source: Option<usize>) -> bool {
    let upto = source.map_or(0, |w| order.iter().position(|x| *x == w).map_or(0, |i| i + 1));
    let is: Vec<&OpValue> =
        order[..upto].iter().flat_map(|&t| written(txns[t], seen.key)).collect();
    seen.saw == is
}

/// Whether the list that was read is what stood there when the reader appended to it.
fn versions_before(txns: &[&Txn], order: &[usize], seen: &Seen, reader: usize) -> bool {
    let before = order.iter().take_while(|t| **t != reader);
    seen.saw == before.flat_map(|&t| written(txns[t], seen.key)).collect::<Vec<_>>()
}

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

/// Whether an order of `0..n` that keeps `before` is good.
fn orders(n: usize, before: &Pairs, good: &mut dyn FnMut(&[usize]) -> bool) -> bool {
    fn go(
        order: &mut Vec<usize>,
        n: usize,
        before: &Pairs,
        good: &mut dyn FnMut(&[usize]) -> bool,
    ) -> bool {
        if order.len() == n {
            return good(order);
        }
        (0..n).any(|x| {
            let waits = before.iter().any(|&(a, b)| b == x && !order.contains(&a));
            if order.contains(&x) || waits {
                return false;
            }
            order.push(x);
            let found = go(order, n, before, good);
            order.pop();
            found
        })
    }
    go(&mut Vec::new(), n, before, good)
}

/// A transaction a line, in a form that a person can read.
fn told(txns: &[Txn]) -> String {
    let step = |s: &TxnStep| match s {
        TxnStep::Write(k, v) => format!("w {k} {v}"),
        TxnStep::Append(k, v) => format!("a {k} {v}"),
        TxnStep::Read(k, Some(v)) => format!("r {k} {v}"),
        TxnStep::List(k, Some(all)) => format!("r {k} {}", OpValue::List(all.clone())),
        TxnStep::Read(k, None) | TxnStep::List(k, None) => format!("r {k} ?"),
    };
    let line = |t: &Txn| {
        let steps: Vec<String> = t.steps.iter().map(step).collect();
        let ret = if t.ret == u64::MAX { "..".into() } else { t.ret.to_string() };
        let (id, session, invoke, end) = (t.id, t.session, t.invoke, t.end);
        format!("{id} session {session} {invoke}-{ret} {end:?}: {}\n", steps.join(", "))
    };
    txns.iter().map(line).collect()
}

/// Whether `order` has what was committed and every answer is true in it, one transaction after the
/// other.
fn replays(txns: &[Txn], order: &[u32]) -> bool {
    let mut state: SortedMap<&str, Vec<&OpValue>> = SortedMap::new();
    let none = OpValue::Nil;
    let all = txns.iter().filter(|t| t.end == TxnEnd::Committed).all(|t| order.contains(&t.id));
    let once = order.iter().collect::<SortedSet<_>>().len() == order.len();
    all && once
        && order.iter().all(|id| {
            let txn = &txns[*id as usize];
            let known = txn.end == TxnEnd::Committed;
            txn.end != TxnEnd::Aborted
                && txn.steps.iter().all(|step| match step {
                    TxnStep::Write(k, v) | TxnStep::Append(k, v) => {
                        state.entry(k).or_default().push(v);
                        true
                    }
                    TxnStep::Read(k, Some(v)) if known => {
                        let now = state.get(k.as_str()).and_then(|l| l.last().copied());
                        now.unwrap_or(&none) == v
                    }
                    TxnStep::List(k, Some(list)) if known => {
                        let now = state.get(k.as_str()).cloned().unwrap_or_default();
                        now == list.iter().collect::<Vec<_>>()
                    }
                    _ => true,
                })
        })
}

fn keeps_order(txns: &[Txn], order: &[u32], first: &dyn Fn(&Txn, &Txn) -> bool) -> bool {
    let at = |t: &Txn| order.iter().position(|x| *x == t.id);
    txns.iter().all(|a| {
        let later = txns.iter().filter(|b| at(b).is_some() && first(a, b));
        a.end != TxnEnd::Committed || { later }.all(|b| at(a) < at(b))
    })
}

/// Serializable levels promise an order that replays.
fn witness(txns: &[Txn], level: TxnLevel, sessions: SessionOrder, order: &[u32]) {
    use TxnLevel::*;
    if ![Serializable, SessionSerializable, Strict].contains(&level) {
        return;
    }
    assert!(replays(txns, order), "{order:?} does not replay: {}", told(txns));
    let session = |a: &Txn, b: &Txn| a.session == b.session && a.id < b.id;
    if keeps(level, sessions) {
        assert!(keeps_order(txns, order, &session), "{order:?} breaks sessions: {}", told(txns));
    }
    if level == Strict {
        let time = |a: &Txn, b: &Txn| a.ret < b.invoke;
        assert!(keeps_order(txns, order, &time), "{order:?} breaks real time: {}", told(txns));
    }
}

fn check(txns: &[Txn], lists: bool, sessions: SessionOrder, tally: &mut Tally) {
    let budget = || Budget::steps(1_000_000);
    let all = if lists {
        lattice::lists(txns, sessions, &mut budget())
    } else {
        lattice::transactional(txns, sessions, &mut budget())
    };
    assert_eq!(all.len(), TxnLevel::ALL.len());
    for (name, verdict) in &all {
        let level = TxnLevel::parse(name).expect("a level");
        let alone = if lists {
            append::at_level(txns, name, sessions, &mut budget()).expect("a level").0
        } else {
            lattice::of_registers(txns, level, sessions, &mut budget())
        };
        // Nothing took effect: nothing was put to the test.
        if matches!(&alone, HistoryVerdict::Unknown(why) if why.because == append::EMPTY) {
            assert!(!txns.iter().any(Txn::may_count), "{name}: {}", told(txns));
            tally.open(name);
            continue;
        }
        assert_eq!(alone.name(), verdict.name(), "{name} alone and among others: {}", told(txns));
        // Elle's read committed says nothing of transactions that disagree with themselves.
        let sound = |t: &Txn| t.end != TxnEnd::Committed || reads(t, false).is_some();
        if lists && level == TxnLevel::ReadCommitted && !txns.iter().all(sound) {
            continue;
        }
        let expected = allowed(txns, level, sessions, lists);
        tally.add(name, verdict, expected, &|| format!("{sessions:?}\n{}", told(txns)));
        match verdict {
            HistoryVerdict::Ok(legal) => witness(txns, level, sessions, &legal.order),
            HistoryVerdict::Illegal(why) => {
                let only = txns.iter().filter(|t| why.core.contains(&t.id));
                let only: Vec<Txn> = only.cloned().collect();
                let legal = allowed(&only, level, sessions, lists);
                assert!(!legal, "the core of {name} is legal: {why:?} {}", told(txns));
                assert!(!why.anomalies.is_empty() && !why.because.is_empty());
            }
            HistoryVerdict::Unknown(_) => {}
        }
    }
    let mut names: Vec<&str> = all.iter().map(|v| v.1.name()).collect();
    names.dedup();
    tally.mixed += usize::from(names.len() > 1);
    let verdicts: SortedMap<&str, &HistoryVerdict> = all.iter().map(|(l, v)| (*l, v)).collect();
    tally.laws(lattice::TRANSACTIONAL, &verdicts, &|| told(txns));
    if sessions == SessionOrder::Always {
        tally.laws(&[("prefix", "causal")], &verdicts, &|| told(txns));
    }
}

fn agree(what: &str, lists: bool) {
    let (mut d, many) = cases(what, 600);
    let mut tally = Tally::default();
    for i in 0..many {
        let txns = transactions(lists, &mut d);
        let sessions = if i % 2 == 0 { SessionOrder::ByName } else { SessionOrder::Always };
        check(&txns, lists, sessions, &mut tally);
    }
    tally.tell(many);
    assert!(tally.mixed > many / 20, "{} of {many} tell levels apart", tally.mixed);
    for (level, _) in TxnLevel::ALL {
        tally.both_ways(level, many / 25);
    }
}

#[test]
fn transactions_over_registers_agree_with_all_orders() {
    agree("transactions over registers", false);
}

#[test]
fn transactions_over_lists_agree_with_all_orders() {
    agree("transactions over lists", true);
}

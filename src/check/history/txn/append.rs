//! Transactions that append to lists and read them: the version order is in the reads, so that
//! dependencies are known, not guessed (Kingsbury and Alvaro, "Elle", 2020).
//!
//! A serializable level holds if and only if no dependency goes around in a circle: elements that
//! nobody read can then come last in any order that keeps the rest. For other levels the order of
//! such elements can matter: every order of them is tried, within bounds.

use super::lists::{EdgeFilter, Known, ListPlace};
use super::register::{self, SessionOrder, TxnLevel};
use super::{Txn, TxnStep, names};
use crate::check::history::{
    Budget, HistoryVerdict, Illegal, Legal, OpValue, SPENT, Undecided, explain,
};
use crate::core::sorted::{SortedMap, SortedSet};

pub use super::lists::EMPTY;

/// Orders of elements that nobody read that one judgement may try.
const MAX_ORDERS: u32 = 20_000;

/// Judges `txns` by levels or anomalies that must not be there (names of [`names`]); also answers
/// the weakest levels that are ruled out.
pub fn judge(
    txns: &[Txn],
    asked: &[&'static str],
    budget: &mut Budget,
) -> (HistoryVerdict, Vec<&'static str>) {
    if let Some(twice) = twice(txns) {
        return (HistoryVerdict::Unknown(Undecided::new(twice)), vec![]);
    }
    let bad = names::prohibited(asked);
    let kept = EdgeFilter {
        process: bad.iter().any(|a| a.ends_with("-process")),
        realtime: bad.iter().any(|a| a.ends_with("-realtime")),
    };
    let all: Vec<&Txn> = txns.iter().collect();
    let given = SortedSet::new();
    let known = Known::new(&all, None, &given);
    let Some(found) = known.anomalies(kept) else {
        let why = "too many transactions depend on each other";
        return (HistoryVerdict::Unknown(Undecided::new(why)), vec![]);
    };
    let wrong = |found: &SortedSet<&'static str>| -> Vec<String> {
        found.iter().filter(|a| bad.contains(*a)).map(|a| a.to_string()).collect()
    };
    let reported = wrong(&found);
    if !reported.is_empty() {
        return (illegal(txns, kept, &bad, reported, &found), names::weakest_broken(&found));
    }
    // Nothing took effect, or what was read did not: the level was not put to the test.
    let undone = !txns.is_empty() && !txns.iter().any(Txn::may_count);
    if found.contains(EMPTY) && (undone || found.contains("G1a")) {
        return (HistoryVerdict::Unknown(Undecided::new(EMPTY)), vec![]);
    }
    let serial = bad.contains("G2-item");
    let open = known.open();
    if serial || open.is_empty() {
        return (HistoryVerdict::Ok(Legal { order: known.order(kept), views: Vec::new() }), vec![]);
    }
    try_orders(&all, &open, kept, &wrong, budget)
}

/// Tries the orders in which elements that nobody read can have been appended. Each of `open`
/// appends at one place of the commit order.
fn try_orders(
    all: &[&Txn],
    open: &[usize],
    kept: EdgeFilter,
    wrong: &dyn Fn(&SortedSet<&'static str>) -> Vec<String>,
    budget: &mut Budget,
) -> (HistoryVerdict, Vec<&'static str>) {
    let given = SortedSet::new();
    let mut order: Vec<usize> = open.to_vec();
    order.sort_by_key(|&i| (all[i].invoke, i));
    let mut turns = vec![0usize; order.len()];
    // In every order the same, or else the first order's.
    let (mut always, mut first): (Option<SortedSet<String>>, _) = (None, Vec::new());
    let mut at = 0;
    for tried in 0.. {
        if tried == MAX_ORDERS || budget.take(all.len() as u64).is_none() {
            return (HistoryVerdict::Unknown(Undecided::new(SPENT)), vec![]);
        }
        let mut ranks = vec![0; all.len()];
        order.iter().enumerate().for_each(|(n, &i)| ranks[i] = n);
        let known = Known::new(all, Some(&ranks), &given);
        let Some(found) = known.anomalies(kept) else { break };
        let reported = wrong(&found);
        if reported.is_empty() {
            return (
                HistoryVerdict::Ok(Legal { order: known.order(kept), views: Vec::new() }),
                vec![],
            );
        }
        let mine: SortedSet<String> = reported.iter().cloned().collect();
        always = Some(match always {
            None => mine,
            Some(all) => all.into_iter().filter(|a| mine.contains(a)).collect(),
        });
        if first.is_empty() {
            first = reported;
        }
        // The next order (Heap).
        while at < order.len() && turns[at] >= at {
            turns[at] = 0;
            at += 1;
        }
        if at >= order.len() {
            break;
        }
        order.swap(if at.is_multiple_of(2) { 0 } else { turns[at] }, at);
        turns[at] += 1;
        at = 0;
    }
    let anomalies = always.filter(|a| !a.is_empty()).map_or(first, |a| a.into_iter().collect());
    let core: Vec<u32> = all.iter().filter(|t| t.may_count()).map(|t| t.id).collect();
    let because = format!(
        "Whatever the order of the appends that nobody read, the transactions show {}.",
        anomalies.join(" or ")
    );
    let cause = core.clone();
    (HistoryVerdict::Illegal(Illegal { core, cause, anomalies, minimal: false, because }), vec![])
}

fn illegal(
    txns: &[Txn],
    kept: EdgeFilter,
    bad: &SortedSet<&'static str>,
    mut reported: Vec<String>,
    found: &SortedSet<&'static str>,
) -> HistoryVerdict {
    let serious = reported.clone();
    if found.contains(EMPTY) {
        reported.push(EMPTY.into());
        reported.sort();
    }
    let all: Vec<&Txn> = txns.iter().collect();
    // A part need not hold who wrote each element of a list.
    let mut given: SortedSet<ListPlace> = SortedSet::new();
    for step in txns.iter().flat_map(|t| &t.steps) {
        if let TxnStep::Append(k, v) = step {
            given.insert((k, v));
        }
    }
    let mut still = |some: &[&Txn]| {
        let found = Known::new(some, None, &given).anomalies(kept);
        found.is_some_and(|found| found.iter().any(|a| bad.contains(a)))
    };
    let core = explain::smallest(&all, &mut still);
    let core: Vec<u32> = core.iter().map(|t| t.id).collect();
    let because = format!(
        "Transactions {} together show {}.",
        core.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
        serious.join(", ")
    );
    let cause = core.clone();
    HistoryVerdict::Illegal(Illegal { core, cause, anomalies: reported, minimal: true, because })
}

/// What lists that fit together do not show.
const WHOLE: &[&str] = &["internal", "G1a", "duplicate-elements", "future-read"];

/// The verdict on a level by its name on the command line, or on an anomaly that must not be there;
/// none if there is no such name. Also answers the weakest levels that are ruled out.
pub fn at_level(
    txns: &[Txn],
    name: &str,
    sessions: SessionOrder,
    budget: &mut Budget,
) -> Option<(HistoryVerdict, Vec<&'static str>)> {
    let by_axioms = match name {
        "causal" | "prefix" | "read-atomic" | "ryw" | "mr" | "mw" | "wfr" => TxnLevel::parse(name),
        "causal-cerone" => Some(TxnLevel::Cerone),
        _ => None,
    };
    if let Some(level) = by_axioms {
        // Anomalies have names, and the levels they rule out.
        if let Some(asked) = names::level(name) {
            let found = judge(txns, &[asked], budget);
            if matches!(found.0, HistoryVerdict::Illegal(_)) {
                return Some(found);
            }
        }
        return Some((axioms(txns, level, sessions, budget), Vec::new()));
    }
    let asked = names::level(name).or_else(|| names::anomaly(name))?;
    let asked = if sessions == SessionOrder::Always { names::of_sessions(asked) } else { asked };
    let found = judge(txns, &[asked], budget);
    let level = match asked {
        "snapshot-isolation" => TxnLevel::Snapshot,
        "strong-session-snapshot-isolation" => TxnLevel::SessionSnapshot,
        _ => return Some(found),
    };
    Some(match found.0 {
        // Too many orders of what nobody read: perhaps one can be searched for.
        HistoryVerdict::Unknown(why) if why.because == SPENT => {
            (axioms(txns, level, sessions, budget), Vec::new())
        }
        _ => found,
    })
}

/// Judges `txns` by the axioms of a level of registers: a list is a register that holds its last
/// element, and the lists that were read tell the order of its versions.
fn axioms(
    txns: &[Txn],
    level: TxnLevel,
    sessions: SessionOrder,
    budget: &mut Budget,
) -> HistoryVerdict {
    // Elements of lists that fit together.
    let (whole, _) = judge(txns, WHOLE, budget);
    match whole {
        HistoryVerdict::Ok(_) => {}
        HistoryVerdict::Unknown(why) if why.because == EMPTY => {}
        other => return other,
    }
    let lists: SortedMap<u32, &Txn> = txns.iter().map(|t| (t.id, t)).collect();
    let versions = |some: &[&Txn]| {
        let some: Vec<&Txn> = some.iter().filter_map(|t| lists.get(&t.id).copied()).collect();
        Known::new(&some, None, &SortedSet::new()).versions()
    };
    register::with_versions(&as_registers(txns), level, sessions, &versions, budget)
}

/// An element that was appended twice: then reads do not tell whose it is.
fn twice(txns: &[Txn]) -> Option<String> {
    let mut by: SortedMap<ListPlace, u32> = SortedMap::new();
    for txn in txns {
        for step in &txn.steps {
            let TxnStep::Append(k, v) = step else { continue };
            if let Some(first) = by.insert((k, v), txn.id) {
                return Some(format!(
                    "{v} is appended to {k} twice, by transactions {first} and {}, so that a read \
                     does not tell which of them it saw",
                    txn.id
                ));
            }
        }
    }
    None
}

/// The same transactions as if a list were a register that holds its last element.
fn as_registers(txns: &[Txn]) -> Vec<Txn> {
    let last = |list: &[OpValue]| list.last().cloned().unwrap_or(OpValue::Nil);
    let steps = |txn: &Txn| {
        let mut steps = Vec::new();
        // Where this transaction appended first, and how often: a later read also shows on top of
        // what it appended.
        let mut own: SortedMap<&str, (usize, usize)> = SortedMap::new();
        let mut read: SortedSet<&str> = SortedSet::new();
        for step in &txn.steps {
            match step {
                TxnStep::Append(k, v) => {
                    own.entry(k).or_insert((steps.len(), 0)).1 += 1;
                    steps.push(TxnStep::Write(k.clone(), v.clone()));
                }
                TxnStep::List(k, Some(list)) => {
                    let before = own.get(k.as_str()).copied();
                    if let Some((at, count)) = before
                        && read.insert(k)
                    {
                        let below = &list[..list.len().saturating_sub(count)];
                        steps.insert(at, TxnStep::Read(k.clone(), Some(last(below))));
                        own.values_mut().filter(|o| o.0 >= at).for_each(|o| o.0 += 1);
                    }
                    read.insert(k);
                    steps.push(TxnStep::Read(k.clone(), Some(last(list))));
                }
                TxnStep::List(k, None) => steps.push(TxnStep::Read(k.clone(), None)),
                other => steps.push(other.clone()),
            }
        }
        steps
    };
    txns.iter().map(|txn| Txn { steps: steps(txn), ..txn.clone() }).collect()
}

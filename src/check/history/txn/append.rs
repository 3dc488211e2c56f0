//! Transactions that append to lists and read them: the version order is in the reads, so that
//! dependencies are known, not guessed (Kingsbury and Alvaro, "Elle", 2020).

use super::cycles::{self, Edge};
use super::{End, Step, Txn, names};
use crate::check::history::{Illegal, Legal, Value, Verdict, explain};
use crate::core::sorted::{SortedMap, SortedSet};

/// A key and an element of its list.
type Place<'a> = (&'a str, &'a Value);

/// What is known of a history.
struct Known<'a> {
    txns: &'a [&'a Txn],
    /// Who appended an element, and whether it was that transaction's last to the key.
    writers: SortedMap<Place<'a>, (usize, bool)>,
    orders: SortedMap<&'a str, Vec<&'a Value>>,
    found: SortedSet<&'static str>,
}

/// The name of the finding that there was nothing to find.
pub const EMPTY: &str = "empty-transaction-graph";

/// Every anomaly of `txns`, or nothing if a component of the graph is too large.
pub fn anomalies(txns: &[&Txn], process: bool, realtime: bool) -> Option<SortedSet<&'static str>> {
    let mut known = Known {
        txns,
        writers: SortedMap::new(),
        orders: SortedMap::new(),
        found: SortedSet::new(),
    };
    known.index();
    known.version_orders();
    known.inside();
    known.reads();
    known.lost_updates();
    let edges = known.edges(process, realtime);
    if edges.is_empty() {
        known.found.insert(EMPTY);
    }
    known.found.extend(cycles::find(txns.len(), &edges)?);
    Some(known.found)
}

/// Judges `txns` by levels or anomalies that must not be there (names of [`names`]); also answers
/// the weakest levels that are ruled out.
pub fn judge(txns: &[Txn], asked: &[&'static str]) -> (Verdict, Vec<&'static str>) {
    let bad = names::prohibited(asked);
    let process = bad.iter().any(|a| a.ends_with("-process"));
    let realtime = bad.iter().any(|a| a.ends_with("-realtime"));
    let all: Vec<&Txn> = txns.iter().collect();
    let Some(found) = anomalies(&all, process, realtime) else {
        return (Verdict::Unknown("too many transactions depend on each other".into()), vec![]);
    };
    let mut reported: Vec<String> =
        found.iter().filter(|a| bad.contains(*a)).map(|a| a.to_string()).collect();
    if reported.is_empty() {
        let verdict = if found.contains(EMPTY) {
            Verdict::Unknown(EMPTY.into())
        } else {
            Verdict::Ok(Legal::default())
        };
        return (verdict, vec![]);
    }
    let serious = reported.clone();
    if found.contains(EMPTY) {
        reported.push(EMPTY.into());
        reported.sort();
    }
    let mut illegal = |some: &[&Txn]| {
        anomalies(some, process, realtime)
            .is_some_and(|found| found.iter().any(|a| bad.contains(a)))
    };
    let core = explain::smallest(&all, &mut illegal);
    let core: Vec<u32> = core.iter().map(|t| t.id).collect();
    let because = format!(
        "Transactions {} together show {}.",
        core.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
        serious.join(", ")
    );
    let cause = core.clone();
    let illegal = Illegal { core, cause, anomalies: reported, minimal: true, because };
    (Verdict::Illegal(illegal), names::weakest_broken(&found))
}

/// The same transactions as if a list were a register that holds its last element. What is
/// illegal then is illegal for the lists too.
pub fn as_registers(txns: &[Txn]) -> Vec<Txn> {
    let plain = |step: &Step| match step {
        Step::Append(k, v) => Step::Write(k.clone(), v.clone()),
        Step::List(k, list) => {
            let last = list.as_ref().map(|l| l.last().cloned().unwrap_or(Value::Nil));
            Step::Read(k.clone(), last)
        }
        other => other.clone(),
    };
    let steps = |txn: &Txn| txn.steps.iter().map(plain).collect();
    txns.iter().map(|txn| Txn { steps: steps(txn), ..txn.clone() }).collect()
}

impl<'a> Known<'a> {
    fn index(&mut self) {
        for (i, txn) in self.txns.iter().enumerate() {
            let mut last: SortedMap<&str, &Value> = SortedMap::new();
            for step in &txn.steps {
                if let Step::Append(k, v) = step {
                    self.writers.insert((k, v), (i, false));
                    last.insert(k, v);
                }
            }
            for (k, v) in last {
                self.writers.insert((k, v), (i, true));
            }
        }
    }

    /// The longest read of each key; all others have to be prefixes of it.
    fn version_orders(&mut self) {
        let mut reads: SortedMap<&str, Vec<&Vec<Value>>> = SortedMap::new();
        for txn in self.committed() {
            for step in &txn.steps {
                if let Step::List(k, Some(list)) = step {
                    reads.entry(k).or_default().push(list);
                }
            }
        }
        for (k, lists) in reads {
            let Some(longest) = lists.iter().copied().max_by_key(|l| l.len()) else { continue };
            if lists.iter().any(|l| !longest.starts_with(l)) {
                self.found.insert("incompatible-order");
            }
            let unique: SortedSet<&Value> = longest.iter().collect();
            if lists.iter().any(|l| l.iter().collect::<SortedSet<_>>().len() < l.len()) {
                self.found.insert("duplicate-elements");
            }
            if unique.len() == longest.len() {
                self.orders.insert(k, longest.iter().collect());
            }
        }
        // The only append nobody saw came after all that were seen.
        let mut unseen: SortedMap<&str, Vec<(&Value, usize)>> = SortedMap::new();
        for (&(k, v), &(i, _)) in &self.writers {
            let seen = self.orders.get(k).is_some_and(|o| o.contains(&v));
            if self.txns[i].may_count() && !seen {
                unseen.entry(k).or_default().push((v, i));
            }
        }
        for (k, all) in unseen {
            if let [(v, i)] = all[..]
                && self.txns[i].end == End::Committed
            {
                self.orders.entry(k).or_default().push(v);
            }
        }
        for (k, order) in &self.orders {
            let aborted = |v: &&Value| {
                self.writers.get(&(*k, *v)).is_some_and(|w| !self.txns[w.0].may_count())
            };
            if order.windows(2).any(|p| aborted(&p[0]) && !aborted(&p[1])) {
                self.found.insert("dirty-update");
            }
        }
    }

    fn committed(&self) -> impl Iterator<Item = &'a Txn> + use<'a> {
        self.txns.iter().copied().filter(|t| t.end == End::Committed)
    }

    /// Whether each transaction agrees with itself.
    fn inside(&mut self) {
        for txn in self.committed() {
            let mut full: SortedMap<&str, Vec<&Value>> = SortedMap::new();
            let mut tail: SortedMap<&str, Vec<&Value>> = SortedMap::new();
            for (at, step) in txn.steps.iter().enumerate() {
                match step {
                    Step::Append(k, v) => match full.get_mut(k.as_str()) {
                        Some(list) => list.push(v),
                        None => tail.entry(k).or_default().push(v),
                    },
                    Step::List(k, Some(list)) => {
                        let list: Vec<&Value> = list.iter().collect();
                        let fits = match (full.get(k.as_str()), tail.get(k.as_str())) {
                            (Some(is), _) => *is == list,
                            (None, Some(tail)) => list.ends_with(tail),
                            (None, None) => true,
                        };
                        let later = txn.steps[at..].iter().any(
                            |s| matches!(s, Step::Append(x, v) if x == k && list.contains(&v)),
                        );
                        if later {
                            self.found.insert("future-read");
                        } else if !fits {
                            self.found.insert("internal");
                        }
                        full.insert(k, list);
                    }
                    _ => {}
                }
            }
        }
    }

    /// What a transaction read of each key before it appended to it.
    fn outside(txn: &'a Txn) -> Vec<(&'a str, &'a [Value])> {
        let mut touched: SortedSet<&str> = SortedSet::new();
        let mut all = Vec::new();
        for step in &txn.steps {
            match step {
                Step::Append(k, _) => {
                    touched.insert(k);
                }
                Step::List(k, Some(list)) if touched.insert(k) => all.push((&**k, &**list)),
                _ => {}
            }
        }
        all
    }

    fn reads(&mut self) {
        for (i, txn) in self.txns.iter().enumerate().filter(|t| t.1.end == End::Committed) {
            for step in &txn.steps {
                let Step::List(k, Some(list)) = step else { continue };
                let writer = |v| self.writers.get(&(k.as_str(), v));
                let aborted = |v| writer(v).is_some_and(|w| !self.txns[w.0].may_count());
                if list.iter().any(aborted) {
                    self.found.insert("G1a");
                }
                let cut = list
                    .last()
                    .and_then(writer)
                    .is_some_and(|&(w, last)| w != i && !last && self.txns[w].may_count());
                if cut {
                    self.found.insert("G1b");
                }
            }
        }
    }

    /// Two transactions that read the same version of a key and both appended to it.
    fn lost_updates(&mut self) {
        let mut seen: SortedMap<(&str, &[Value]), u32> = SortedMap::new();
        for txn in self.committed() {
            for (k, list) in Known::outside(txn) {
                if txn.steps.iter().any(|s| matches!(s, Step::Append(x, _) if x == k)) {
                    *seen.entry((k, list)).or_default() += 1;
                }
            }
        }
        if seen.values().any(|&n| n > 1) {
            self.found.insert("lost-update");
        }
    }

    fn edges(&self, process: bool, realtime: bool) -> SortedSet<(usize, usize, Edge)> {
        let mut edges = SortedSet::new();
        let live = |k: &'a str, v: &'a Value| {
            self.writers.get(&(k, v)).map(|w| w.0).filter(|&i| self.txns[i].may_count())
        };
        let mut add = |a: Option<usize>, b: Option<usize>, e: Edge| {
            if let (Some(a), Some(b)) = (a, b)
                && a != b
            {
                edges.insert((a, b, e));
            }
        };
        for (&k, order) in &self.orders {
            for pair in order.windows(2) {
                add(live(k, pair[0]), live(k, pair[1]), Edge::Ww);
            }
        }
        for (i, txn) in self.txns.iter().enumerate().filter(|t| t.1.end == End::Committed) {
            for (k, list) in Known::outside(txn) {
                if let Some(last) = list.last() {
                    add(live(k, last), Some(i), Edge::Wr);
                }
                let Some(order) = self.orders.get(k) else { continue };
                if order.len() > list.len() && order.iter().zip(list).all(|(a, b)| *a == b) {
                    add(Some(i), live(k, order[list.len()]), Edge::Rw);
                }
            }
        }
        if process {
            let mut last: SortedMap<u32, usize> = SortedMap::new();
            for (i, txn) in self.txns.iter().enumerate().filter(|t| t.1.may_count()) {
                add(last.insert(txn.session, i), Some(i), Edge::Process);
            }
        }
        if realtime {
            for (a, b) in real_time(self.txns) {
                add(Some(a), Some(b), Edge::Realtime);
            }
        }
        edges
    }
}

/// The transitive reduction of "returned before the other was invoked".
fn real_time(txns: &[&Txn]) -> Vec<(usize, usize)> {
    let mut events: Vec<(u64, bool, usize)> = Vec::new();
    for (i, txn) in txns.iter().enumerate().filter(|t| t.1.may_count()) {
        events.push((txn.invoke, true, i));
        if txn.end == End::Committed && txn.ret < u64::MAX {
            events.push((txn.ret, false, i));
        }
    }
    // What is invoked at the very moment of a return is concurrent with it.
    events.sort_by_key(|&(at, invoked, i)| (at, !invoked, i));
    let mut front: Vec<usize> = Vec::new();
    let mut pairs = Vec::new();
    for (_, invoked, i) in events {
        if invoked {
            pairs.extend(front.iter().map(|&a| (a, i)));
        } else {
            front.retain(|&a| txns[a].ret >= txns[i].invoke);
            front.push(i);
        }
    }
    pairs
}

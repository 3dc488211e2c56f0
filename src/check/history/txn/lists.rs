//! The dependencies among transactions that append to lists and read them.

use super::cycles::{self, Edge};
use super::{Txn, TxnEnd, TxnStep};
use crate::check::history::OpValue;
use crate::core::sorted::{SortedMap, SortedSet};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A key and an element of its list.
pub(super) type ListPlace<'a> = (&'a str, &'a OpValue);

/// The name of the finding that there was nothing to find.
pub const EMPTY: &str = "empty-transaction-graph";

/// Which edges a level cares about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EdgeFilter {
    pub(super) process: bool,
    pub(super) realtime: bool,
}

/// What is known of a history.
///
/// The order of the elements that were read is in the reads. An element that no read shows came
/// after all that were read, and after every read of its list. Among several such elements of
/// different transactions the order is open; `late` has them, unless an order is given.
pub(super) struct Known<'a> {
    txns: &'a [&'a Txn],
    /// Committed, or of unknown outcome and read by one that did.
    sure: Vec<bool>,
    /// Who appended an element, and whether it was that transaction's last to the key.
    writers: SortedMap<ListPlace<'a>, (usize, bool)>,
    orders: SortedMap<&'a str, Vec<&'a OpValue>>,
    late: SortedMap<&'a str, Vec<usize>>,
    found: SortedSet<&'static str>,
}

impl<'a> Known<'a> {
    /// What `txns` say. With `ranks`, a number for each transaction, elements that nobody read
    /// stand in the order of the numbers. Elements of `given` may be read although nobody in `txns`
    /// wrote them.
    pub(super) fn new(
        txns: &'a [&'a Txn],
        ranks: Option<&[usize]>,
        given: &SortedSet<ListPlace>,
    ) -> Known<'a> {
        let mut known = Known {
            txns,
            sure: txns.iter().map(|t| t.end == TxnEnd::Committed).collect(),
            writers: SortedMap::new(),
            orders: SortedMap::new(),
            late: SortedMap::new(),
            found: SortedSet::new(),
        };
        known.index();
        known.version_orders();
        known.programs();
        known.unseen(ranks);
        known.dirty();
        known.inside();
        known.reads(given);
        known.lost_updates();
        known
    }

    /// Everything that is wrong, or nothing if a component of the graph is too large.
    pub(super) fn anomalies(&self, kept: EdgeFilter) -> Option<SortedSet<&'static str>> {
        let mut found = self.found.clone();
        let edges = self.edges(kept);
        if edges.is_empty() {
            found.insert(EMPTY);
        }
        found.extend(cycles::find(self.txns.len(), &edges)?);
        Some(found)
    }

    /// Transactions that appended what nobody read to a list to which others did, too.
    pub(super) fn open(&self) -> Vec<usize> {
        let all: SortedSet<usize> = self.late.values().flatten().copied().collect();
        all.into_iter().collect()
    }

    /// For each list, pairs of transactions of which the first appended before the second did.
    pub(super) fn versions(&self) -> Vec<(u32, u32)> {
        let edges = self.edges(EdgeFilter { process: false, realtime: false });
        let versions = edges.iter().filter(|e| e.2 == Edge::Ww);
        versions.map(|&(a, b, _)| (self.txns[a].id, self.txns[b].id)).collect()
    }

    /// The transactions that took effect, in an order that keeps as many kinds of edges as any
    /// order can: all, or those of what was read and overwritten, or of what was overwritten.
    pub(super) fn order(&self, kept: EdgeFilter) -> Vec<u32> {
        let edges = self.edges(kept);
        let some = |kinds: &[Edge]| {
            let kept = edges.iter().filter(|e| kinds.contains(&e.2));
            self.sorted(kept.map(|&(a, b, _)| (a, b)).collect())
        };
        use Edge::{Process, Realtime, Rw, Wr, Ww};
        some(&[Ww, Wr, Rw, Process, Realtime])
            .or_else(|| some(&[Ww, Wr, Process, Realtime]))
            .or_else(|| some(&[Ww, Wr]))
            .or_else(|| some(&[Ww]))
            .unwrap_or_default()
    }

    /// A linear extension; what was invoked first comes first where it may.
    fn sorted(&self, edges: Vec<(usize, usize)>) -> Option<Vec<u32>> {
        let n = self.txns.len();
        let (mut after, mut wait) = (vec![Vec::new(); n], vec![0u32; n]);
        for (a, b) in edges {
            after[a].push(b);
            wait[b] += 1;
        }
        let rank = |i: usize| Reverse((self.txns[i].invoke, i));
        let free = (0..n).filter(|&i| self.sure[i] && wait[i] == 0);
        let mut ready: BinaryHeap<_> = free.map(rank).collect();
        let mut order = Vec::new();
        while let Some(Reverse((_, i))) = ready.pop() {
            order.push(self.txns[i].id);
            for &b in &after[i] {
                wait[b] -= 1;
                if wait[b] == 0 {
                    ready.push(rank(b));
                }
            }
        }
        (order.len() == self.sure.iter().filter(|s| **s).count()).then_some(order)
    }

    fn index(&mut self) {
        for (i, txn) in self.txns.iter().enumerate() {
            let mut last: SortedMap<&str, &OpValue> = SortedMap::new();
            for step in &txn.steps {
                if let TxnStep::Append(k, v) = step {
                    self.writers.insert((k, v), (i, false));
                    last.insert(k, v);
                }
            }
            for (k, v) in last {
                self.writers.insert((k, v), (i, true));
            }
        }
        for txn in self.committed() {
            for step in &txn.steps {
                let TxnStep::List(k, Some(list)) = step else { continue };
                for v in list {
                    if let Some(&(w, _)) = self.writers.get(&(k.as_str(), v)) {
                        self.sure[w] |= self.txns[w].end == TxnEnd::Unknown;
                    }
                }
            }
        }
    }

    /// The longest read of each key; all others have to be prefixes of it.
    fn version_orders(&mut self) {
        let mut reads: SortedMap<&str, Vec<&Vec<OpValue>>> = SortedMap::new();
        for txn in self.committed() {
            for step in &txn.steps {
                if let TxnStep::List(k, Some(list)) = step {
                    reads.entry(k).or_default().push(list);
                }
            }
        }
        for (k, lists) in reads {
            let Some(longest) = lists.iter().copied().max_by_key(|l| l.len()) else { continue };
            if lists.iter().any(|l| !longest.starts_with(l)) {
                self.found.insert("incompatible-order");
            }
            let unique: SortedSet<&OpValue> = longest.iter().collect();
            if lists.iter().any(|l| l.iter().collect::<SortedSet<_>>().len() < l.len()) {
                self.found.insert("duplicate-elements");
            }
            if unique.len() == longest.len() {
                self.orders.insert(k, longest.iter().collect());
            }
        }
    }

    /// What a transaction appended to a list stands there in the order in which it did so, and
    /// nothing of it is left out before what was read.
    fn programs(&mut self) {
        let all = self.orders.iter();
        let places = all.flat_map(|(k, o)| o.iter().enumerate().map(move |(i, v)| ((*k, *v), i)));
        let places: SortedMap<ListPlace, usize> = places.collect();
        for txn in self.txns.iter().zip(&self.sure).filter(|x| *x.1).map(|x| x.0) {
            let mut last: SortedMap<&str, Option<usize>> = SortedMap::new();
            for step in &txn.steps {
                let TxnStep::Append(k, v) = step else { continue };
                let at = places.get(&(k.as_str(), v)).copied();
                let wrong = match (last.insert(k, at), at) {
                    (Some(None), Some(_)) => true,
                    (Some(Some(before)), Some(at)) => at <= before,
                    _ => false,
                };
                if wrong {
                    self.found.insert("incompatible-order");
                }
            }
        }
    }

    /// Elements that nobody read, of transactions that took effect.
    fn unseen(&mut self, ranks: Option<&[usize]>) {
        let mut seen: SortedSet<ListPlace> = SortedSet::new();
        for txn in self.committed() {
            for step in &txn.steps {
                if let TxnStep::List(k, Some(list)) = step {
                    seen.extend(list.iter().map(|v| (k.as_str(), v)));
                }
            }
        }
        let mut unseen: SortedMap<&str, Vec<(usize, &OpValue)>> = SortedMap::new();
        for (i, txn) in self.txns.iter().enumerate().filter(|(i, _)| self.sure[*i]) {
            for step in &txn.steps {
                if let TxnStep::Append(k, v) = step
                    && !seen.contains(&(k.as_str(), v))
                {
                    unseen.entry(k).or_default().push((i, v));
                }
            }
        }
        for (k, mut all) in unseen {
            let mut who: Vec<usize> = all.iter().map(|x| x.0).collect();
            who.dedup();
            if let (Some(ranks), [_, _, ..]) = (ranks, &who[..]) {
                all.sort_by_key(|x| ranks[x.0]);
            } else if who.len() > 1 {
                self.late.insert(k, who);
                continue;
            }
            self.orders.entry(k).or_default().extend(all.iter().map(|x| x.1));
        }
    }

    fn dirty(&mut self) {
        for (k, order) in &self.orders {
            let aborted = |v: &&OpValue| {
                self.writers.get(&(*k, *v)).is_some_and(|w| !self.txns[w.0].may_count())
            };
            if order.windows(2).any(|p| aborted(&p[0]) && !aborted(&p[1])) {
                self.found.insert("dirty-update");
            }
        }
    }

    fn committed(&self) -> impl Iterator<Item = &'a Txn> + use<'a> {
        self.txns.iter().copied().filter(|t| t.end == TxnEnd::Committed)
    }

    /// Whether each transaction agrees with itself.
    fn inside(&mut self) {
        for txn in self.committed() {
            let mut full: SortedMap<&str, Vec<&OpValue>> = SortedMap::new();
            let mut tail: SortedMap<&str, Vec<&OpValue>> = SortedMap::new();
            for (at, step) in txn.steps.iter().enumerate() {
                match step {
                    TxnStep::Append(k, v) => match full.get_mut(k.as_str()) {
                        Some(list) => list.push(v),
                        None => tail.entry(k).or_default().push(v),
                    },
                    TxnStep::List(k, Some(list)) => {
                        let list: Vec<&OpValue> = list.iter().collect();
                        let fits = match (full.get(k.as_str()), tail.get(k.as_str())) {
                            (Some(is), _) => *is == list,
                            (None, Some(tail)) => list.ends_with(tail),
                            (None, None) => true,
                        };
                        let later = txn.steps[at..].iter().any(
                            |s| matches!(s, TxnStep::Append(x, v) if x == k && list.contains(&v)),
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
    fn outside(txn: &'a Txn) -> Vec<(&'a str, &'a [OpValue])> {
        let mut touched: SortedSet<&str> = SortedSet::new();
        let mut all = Vec::new();
        for step in &txn.steps {
            match step {
                TxnStep::Append(k, _) => {
                    touched.insert(k);
                }
                TxnStep::List(k, Some(list)) if touched.insert(k) => all.push((&**k, &**list)),
                _ => {}
            }
        }
        all
    }

    fn reads(&mut self, given: &SortedSet<ListPlace>) {
        for (i, txn) in self.txns.iter().enumerate().filter(|t| t.1.end == TxnEnd::Committed) {
            for step in &txn.steps {
                let TxnStep::List(k, Some(list)) = step else { continue };
                let writer = |v| self.writers.get(&(k.as_str(), v));
                let aborted = |v| writer(v).is_some_and(|w| !self.txns[w.0].may_count());
                if list.iter().any(aborted) {
                    self.found.insert("G1a");
                }
                if list.iter().any(|v| writer(v).is_none() && !given.contains(&(k.as_str(), v))) {
                    self.found.insert("unwritten-read");
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
        let mut seen: SortedMap<(&str, &[OpValue]), u32> = SortedMap::new();
        for txn in self.committed() {
            for (k, list) in Known::outside(txn) {
                if txn.steps.iter().any(|s| matches!(s, TxnStep::Append(x, _) if x == k)) {
                    *seen.entry((k, list)).or_default() += 1;
                }
            }
        }
        if seen.values().any(|&n| n > 1) {
            self.found.insert("lost-update");
        }
    }

    fn edges(&self, kept: EdgeFilter) -> SortedSet<(usize, usize, Edge)> {
        let mut edges = Vec::new();
        let live = |k: &'a str, v: &'a OpValue| {
            self.writers.get(&(k, v)).map(|w| w.0).filter(|&i| self.sure[i])
        };
        let mut add = |a: Option<usize>, b: Option<usize>, e: Edge| {
            if let (Some(a), Some(b)) = (a, b)
                && a != b
            {
                edges.push((a, b, e));
            }
        };
        for (&k, order) in &self.orders {
            let order: Vec<usize> = order.iter().filter_map(|v| live(k, v)).collect();
            for pair in order.windows(2) {
                add(Some(pair[0]), Some(pair[1]), Edge::Ww);
            }
            for &late in self.late.get(k).into_iter().flatten() {
                add(order.last().copied(), Some(late), Edge::Ww);
            }
        }
        for (i, txn) in self.txns.iter().enumerate().filter(|t| t.1.end == TxnEnd::Committed) {
            for (k, list) in Known::outside(txn) {
                if let Some(last) = list.last() {
                    add(live(k, last), Some(i), Edge::Wr);
                }
                let order = self.orders.get(k).map_or(&[][..], Vec::as_slice);
                let is = order.len() >= list.len() && order.iter().zip(list).all(|(a, b)| *a == b);
                if !is {
                    continue;
                }
                match order[list.len()..].iter().find_map(|v| live(k, v)) {
                    Some(next) => add(Some(i), Some(next), Edge::Rw),
                    None => {
                        let late = self.late.get(k).into_iter().flatten();
                        late.for_each(|&next| add(Some(i), Some(next), Edge::Rw));
                    }
                }
            }
        }
        if kept.process {
            let mut last: SortedMap<u32, usize> = SortedMap::new();
            for (i, txn) in self.txns.iter().enumerate().filter(|(i, _)| self.sure[*i]) {
                add(last.get(&txn.session).copied(), Some(i), Edge::Process);
                // What ended without an answer may take effect after what its session did later.
                if txn.end == TxnEnd::Committed {
                    last.insert(txn.session, i);
                }
            }
        }
        if kept.realtime {
            for (a, b) in real_time(self.txns, &self.sure) {
                add(Some(a), Some(b), Edge::Realtime);
            }
        }
        edges.into_iter().collect()
    }
}

/// The transitive reduction of "returned before the other was invoked".
fn real_time(txns: &[&Txn], sure: &[bool]) -> Vec<(usize, usize)> {
    let mut events: Vec<(u64, bool, usize)> = Vec::new();
    for (i, txn) in txns.iter().enumerate().filter(|(i, _)| sure[*i]) {
        events.push((txn.invoke, true, i));
        if txn.end == TxnEnd::Committed && txn.ret < u64::MAX {
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

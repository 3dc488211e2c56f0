//! Sequential consistency (Lamport 1979) and ordered sequential consistency, OSC(U) (Lev-Ari,
//! Bortnikov, Keidar, Shraer: Composing Ordered Sequential Consistency, IPL 2017), of registers while
//! a run goes on.
//!
//! What is linearizable is both, so nothing is done before linearizability has failed. From then on
//! an order that explains everything so far is carried along: a write is put at its end, a read as
//! early as it can be true. Only where that fails is an order searched for, within bounds; beyond
//! them the verdict is open.

use super::explain;
use super::frontier::{RegisterAnswer, RegisterOp};
use super::linearizable::{Judgement, together};
use super::model::ObjectKind;
use super::sequential::{Order, plan};
use super::{Budget, F, HistoryOp, ObjectModel, OpOutcome, OpValue};
use crate::core::ids::{NodeId, OpId};
use crate::core::list::List;
use crate::core::protocol::{Witness, key_name};
use crate::core::sorted::{SortedMap, SortedSet};
use crate::core::window::Window;

/// Operations beyond which no order is searched for any more.
const MOST: u64 = 600;
/// Changes of an order that are kept: who has seen none of them is taken to have seen all before.
const CHANGES: u64 = 1_024;
/// Steps of a search.
const STEPS: u64 = 8_000;
/// Searches that make a witness smaller.
const QUESTIONS: u32 = 48;
/// Operations that a witness names.
const NAMED: usize = 8;

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct PastOp {
    id: OpId,
    process: u32,
    key: u32,
    ask: RegisterOp,
    from: u64,
    to: u64,
    end: OrderedEnd,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum OrderedEnd {
    Open,
    Told(RegisterAnswer),
    Failed,
}

impl PastOp {
    /// The value that it certainly wrote, or wrote if it took effect at all.
    fn writes(&self) -> Option<i64> {
        match (self.ask, self.end) {
            (RegisterOp::Write(v), _)
            | (RegisterOp::Swap(_, v), OrderedEnd::Told(RegisterAnswer::Swapped(true))) => Some(v),
            _ => None,
        }
    }

    fn said(&self) -> String {
        let key = key_name(self.key);
        let value = |v: Option<i64>| v.map_or("nil".into(), |v| v.to_string());
        match (self.ask, self.end) {
            (RegisterOp::Read, OrderedEnd::Told(RegisterAnswer::Value(v))) => {
                format!("get {key} \u{2192} {}", value(v))
            }
            (RegisterOp::Read, _) => format!("get {key}"),
            (RegisterOp::Write(v), _) => format!("put {key}={v}"),
            (RegisterOp::Swap(old, new), OrderedEnd::Told(RegisterAnswer::Swapped(yes))) => {
                format!("cas {key} {old}->{new} \u{2192} {yes}")
            }
            (RegisterOp::Swap(old, new), _) => format!("cas {key} {old}->{new}"),
        }
    }
}

/// One claim: an order that explains all so far, or that there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct OrderClaim {
    /// Changes in this order: key, value, whose; the last ones.
    steps: Window<(u32, i64, OpId)>,
    /// What they began with.
    base: SortedMap<u32, i64>,
    /// How much of it a process has seen.
    at: SortedMap<u32, u64>,
    broken: Option<Witness>,
    /// No order is known, and none was refuted.
    open: bool,
    /// So many operations have to be known before one is searched for again.
    patience: u64,
}

/// Both claims over the registers of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// Operations, as long as they are few enough to search for an order of them.
    past: List<PastOp>,
    /// Where in it those are that have not ended.
    places: SortedMap<OpId, u64>,
    /// Beyond that, those that have not ended.
    late: SortedMap<OpId, PastOp>,
    /// All there have been.
    count: u64,
    now: u64,
    /// Linearizability does not answer for both any more.
    awake: bool,
    sequential: OrderClaim,
    ordered: OrderClaim,
}

impl Orders {
    /// Begins an operation of a process.
    pub(super) fn invoke(&mut self, id: OpId, process: u32, key: u32, ask: RegisterOp) {
        self.now += 1;
        self.count += 1;
        let (from, to) = (self.now, u64::MAX);
        let op = PastOp { id, process, key, ask, from, to, end: OrderedEnd::Open };
        if self.count <= MOST {
            self.places.insert(id, self.past.len());
            self.past.push(op);
            return;
        }
        let known = |at: &u64| self.past.get(*at).map(|op| (op.id, *op));
        self.late.extend(self.places.values().filter_map(known));
        (self.past, self.places) = Default::default();
        self.late.insert(id, op);
    }

    /// The end of an operation that has not ended.
    fn close(&mut self, id: OpId, end: OrderedEnd) -> Option<PastOp> {
        if let Some(op) = self.late.remove(&id) {
            return Some(PastOp { to: self.now, end, ..op });
        }
        let op = self.past.get_mut(self.places.remove(&id)? as usize)?;
        (op.to, op.end) = (self.now, end);
        Some(*op)
    }

    /// An operation was answered, or is known not to have happened. `explained` says that all so far
    /// is linearizable.
    pub(super) fn end(&mut self, id: OpId, told: Option<RegisterAnswer>, explained: bool) {
        self.now += 1;
        let Some(op) = self.close(id, told.map_or(OrderedEnd::Failed, OrderedEnd::Told)) else {
            return;
        };
        let past = (&self.past, self.count);
        if explained && !self.awake {
            return;
        }
        if !self.awake {
            self.awake = true;
            self.ordered.search(past, Order::Updates);
            if self.ordered.explains() {
                self.sequential = self.ordered.clone();
            } else {
                self.sequential.search(past, Order::Processes);
            }
            return;
        }
        if let Some(write) = self.seen(&op) {
            self.ordered.append(&write);
            self.sequential.append(&write);
        }
        let past = (&self.past, self.count);
        self.ordered.take(past, &op, Order::Updates);
        self.sequential.take(past, &op, Order::Processes);
    }

    /// A write that was read before its client was told has happened.
    fn seen(&self, op: &PastOp) -> Option<PastOp> {
        let (RegisterOp::Read, OrderedEnd::Told(RegisterAnswer::Value(Some(v)))) = (op.ask, op.end)
        else {
            return None;
        };
        let few = self.places.values().filter_map(|at| self.past.get(*at));
        few.chain(self.late.values())
            .find(|w| w.key == op.key && w.ask == RegisterOp::Write(v))
            .copied()
    }

    /// Why no order exists that keeps each process's own.
    pub fn sequential(&self) -> Option<&Witness> {
        self.sequential.broken.as_ref()
    }
    /// Why none does that keeps what came before an update, too.
    pub fn ordered(&self) -> Option<&Witness> {
        self.ordered.broken.as_ref()
    }
    /// Which of the two are not decided: sequential, ordered.
    pub fn open(&self) -> (bool, bool) {
        (self.sequential.open, self.ordered.open)
    }

    /// What decides the verdicts to come: nothing but the frontier as long as all is linearizable.
    /// A search whose goal is one of these claims may miss a shorter way, and finds no false one.
    pub(super) fn hash<H: std::hash::Hasher>(&self, h: &mut H) {
        use std::hash::Hash;
        if self.awake {
            self.past.iter().chain(self.late.values()).for_each(|op| op.hash(h));
        }
    }
}

impl OrderClaim {
    fn explains(&self) -> bool {
        self.broken.is_none() && !self.open
    }

    /// Takes the end of an operation.
    fn take(&mut self, past: (&List<PastOp>, u64), op: &PastOp, order: Order) {
        if self.broken.is_some() || self.open && past.1 < self.patience {
            return;
        }
        if self.open || !self.place(op) {
            self.search(past, order);
        }
        self.trim();
    }

    /// Lets go of old changes. A process that is behind them is taken to have come past them, which
    /// leaves fewer orders, never more.
    fn trim(&mut self) {
        let (first, len) = (self.steps.first(), self.steps.len());
        if len - first <= 2 * CHANGES {
            return;
        }
        let before = len - CHANGES;
        let old: Vec<(u32, i64)> =
            self.steps.range(first as usize..before as usize).map(|s| (s.0, s.1)).collect();
        self.steps.forget(before);
        let gone = (self.steps.first() - first) as usize;
        self.base.extend(old.into_iter().take(gone));
        let first = self.steps.first();
        self.at.retain(|_, at| *at > first);
    }

    /// Puts a write at the end, if it is nowhere yet.
    fn append(&mut self, write: &PastOp) {
        let known = self.steps.iter().rev().any(|s| s.2 == write.id);
        if let Some(v) = write.writes().filter(|_| !known) {
            self.steps.push((write.key, v, write.id));
        }
    }

    /// Puts an operation where it can be true; false if there is no such place.
    fn place(&mut self, op: &PastOp) -> bool {
        let mine = || {
            let after = self.steps.iter().rev().position(|s| s.2 == op.id)?;
            Some(self.steps.len() - 1 - after as u64)
        };
        let told = match op.end {
            OrderedEnd::Open => return true,
            OrderedEnd::Failed => return mine().is_none(),
            OrderedEnd::Told(told) => told,
        };
        let end = self.steps.len();
        match (op.ask, told) {
            (RegisterOp::Write(v), _) => match mine() {
                // Somebody has read it already.
                Some(at) => self.move_to(op.process, at + 1),
                None => {
                    self.steps.push((op.key, v, op.id));
                    self.move_to(op.process, end + 1)
                }
            },
            (RegisterOp::Swap(old, new), RegisterAnswer::Swapped(true)) => {
                self.value(op.key, end) == Some(old) && {
                    self.steps.push((op.key, new, op.id));
                    self.move_to(op.process, end + 1)
                }
            }
            (RegisterOp::Swap(old, _), _) => {
                self.value(op.key, end) != Some(old) && self.move_to(op.process, end)
            }
            (RegisterOp::Read, RegisterAnswer::Value(v)) => match self.first(op, v) {
                Some(at) => self.move_to(op.process, at),
                None => false,
            },
            (RegisterOp::Read, _) => true,
        }
    }

    fn move_to(&mut self, process: u32, to: u64) -> bool {
        let at = self.at.entry(process).or_default();
        let ahead = *at <= to;
        *at = to.max(*at);
        ahead
    }

    /// A key's value once so many changes are made.
    fn value(&self, key: u32, at: u64) -> Option<i64> {
        let before = self.steps.range(0..at as usize).rev();
        let last = before.into_iter().find(|s| s.0 == key).map(|s| s.1);
        last.or_else(|| self.base.get(&key).copied())
    }

    /// The earliest place, from where its process is, at which a key has a value.
    fn first(&self, op: &PastOp, v: Option<i64>) -> Option<u64> {
        let at = self.at.get(&op.process).copied().unwrap_or(0).max(self.steps.first());
        if self.value(op.key, at) == v {
            return Some(at);
        }
        let later = self.steps.range(at as usize..self.steps.len() as usize);
        let found = later.into_iter().position(|s| s.0 == op.key && Some(s.1) == v);
        found.map(|i| at + i as u64 + 1)
    }

    /// Looks for an order of all that was answered.
    fn search(&mut self, (past, count): (&List<PastOp>, u64), order: Order) {
        self.open = true;
        // What one search could not decide, the next would hardly.
        self.patience = count * 2;
        if count > MOST {
            return;
        }
        let all: Vec<PastOp> = past.iter().copied().collect();
        match orders(&all, order, STEPS) {
            Judgement::Legal(found) => {
                let found = found.into_iter().next().unwrap_or_default();
                self.open = false;
                self.follow(&all, &found);
            }
            Judgement::Illegal(_) => {
                (self.open, self.broken) = (false, Some(witness(&all, order)));
            }
            Judgement::Unknown(..) => {}
        }
    }

    /// Goes by an order that was found; each process as far back in it as its reads allow.
    fn follow(&mut self, all: &[PastOp], found: &[u32]) {
        (self.steps, self.base, self.at) = Default::default();
        for op in found.iter().filter_map(|i| all.get(*i as usize)) {
            if let Some(v) = op.writes() {
                self.steps.push((op.key, v, op.id));
            }
        }
        let places: SortedMap<OpId, u64> =
            (1..).zip(self.steps.iter()).map(|(i, s)| (s.2, i)).collect();
        for op in all {
            let known = places.get(&op.id).copied();
            match (op.ask, op.end, known) {
                (_, OrderedEnd::Told(_), Some(at)) => drop(self.move_to(op.process, at)),
                (RegisterOp::Read, OrderedEnd::Told(RegisterAnswer::Value(v)), _) => {
                    if let Some(at) = self.first(op, v) {
                        self.move_to(op.process, at);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The operations as a judge takes them. A write that nobody is known to have done and nobody has
/// read need not have happened; one that was read has.
fn history(all: &[PastOp]) -> Vec<HistoryOp> {
    let read: SortedSet<(u32, i64)> = all
        .iter()
        .filter_map(|op| match (op.ask, op.end) {
            (RegisterOp::Read, OrderedEnd::Told(RegisterAnswer::Value(Some(v)))) => {
                Some((op.key, v))
            }
            _ => None,
        })
        .collect();
    let mut written: SortedMap<(u32, i64), u32> = SortedMap::new();
    all.iter().filter_map(|op| Some((op.key, op.writes()?))).for_each(|w| {
        *written.entry(w).or_default() += 1;
    });
    let swaps = all.iter().any(|op| matches!(op.ask, RegisterOp::Swap(..)));
    let value = |v: Option<i64>| v.map_or(OpValue::Nil, OpValue::Int);
    let mut out = Vec::new();
    for (i, op) in all.iter().enumerate() {
        let outcome = match (op.end, op.ask) {
            (OrderedEnd::Failed, _) | (OrderedEnd::Open, RegisterOp::Read) => continue,
            (OrderedEnd::Open, RegisterOp::Write(v)) if !swaps && written[&(op.key, v)] == 1 => {
                if !read.contains(&(op.key, v)) {
                    continue;
                }
                OpOutcome::Ok(OpValue::Nil)
            }
            (OrderedEnd::Open, _) => OpOutcome::Unknown,
            (OrderedEnd::Told(RegisterAnswer::Value(v)), _) => OpOutcome::Ok(value(v)),
            (OrderedEnd::Told(RegisterAnswer::Swapped(yes)), _) => {
                OpOutcome::Ok(OpValue::Bool(yes))
            }
            (OrderedEnd::Told(RegisterAnswer::Done), _) => OpOutcome::Ok(OpValue::Nil),
        };
        let (f, args) = match op.ask {
            RegisterOp::Read => (F::Read, vec![]),
            RegisterOp::Write(v) => (F::Write, vec![OpValue::Int(v)]),
            RegisterOp::Swap(a, b) => (F::Cas, vec![OpValue::Int(a), OpValue::Int(b)]),
        };
        let (key, ret) = (Some(key_name(op.key)), Some(op.to).filter(|t| *t < u64::MAX));
        let (id, process, invoke) = (i as u32, op.process, op.from);
        out.push(HistoryOp { id, process, key, f, args, invoke, ret, outcome });
    }
    out
}

fn orders(all: &[PastOp], order: Order, steps: u64) -> Judgement {
    let model = ObjectModel::new(ObjectKind::CasRegister);
    let ops = history(all);
    let refs: Vec<&HistoryOp> = ops.iter().collect();
    together(&model, vec![plan(&model, &refs, order)], &mut Budget::steps(steps))
}

/// Few operations that no order explains; with a read comes the write that it saw.
fn witness(all: &[PastOp], order: Order) -> Witness {
    let mut left = QUESTIONS;
    let sources = |some: &[usize]| {
        let mut with: SortedSet<usize> = some.iter().copied().collect();
        for op in some.iter().map(|i| &all[*i]) {
            if let (RegisterOp::Read, OrderedEnd::Told(RegisterAnswer::Value(Some(v)))) =
                (op.ask, op.end)
            {
                let of = |w: &PastOp| {
                    w.key == op.key && w.writes() == Some(v) && w.end != OrderedEnd::Failed
                };
                with.extend((0..all.len()).filter(|i| of(&all[*i])));
            }
        }
        with.into_iter().collect::<Vec<usize>>()
    };
    let mut illegal = |some: &[usize]| {
        if left == 0 {
            return false;
        }
        left -= 1;
        let some: Vec<PastOp> = sources(some).into_iter().map(|i| all[i]).collect();
        matches!(orders(&some, order, STEPS / 4), Judgement::Illegal(_))
    };
    let ended: Vec<usize> =
        (0..all.len()).filter(|i| matches!(all[*i].end, OrderedEnd::Told(_))).collect();
    let core = sources(&explain::smallest(&ended, &mut illegal));
    let mut by: SortedMap<u32, Vec<&PastOp>> = SortedMap::new();
    core.iter().map(|i| &all[*i]).for_each(|op| by.entry(op.process).or_default().push(op));
    let nodes: SortedSet<NodeId> = by.values().flatten().map(|op| op.id.client).collect();
    let mut room = NAMED;
    let said = |ops: &Vec<&PastOp>| {
        let some: Vec<String> = ops.iter().take(room).map(|op| op.said()).collect();
        room -= some.len();
        some.join(", ")
    };
    let said: Vec<String> = by.values().map(said).filter(|s| !s.is_empty()).collect();
    let more = if core.len() > NAMED {
        format!(" and {} more", core.len() - NAMED)
    } else {
        String::new()
    };
    let kept = match order {
        Order::Processes => "each client's own order",
        Order::Updates => "each client's own order, and what had ended before an update began,",
    };
    let why = format!("No single order that keeps {kept} explains: {}{more}.", said.join("; "));
    Witness { why, nodes: nodes.into_iter().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RegisterAnswer::{Done, Value as V};

    /// Client, key, a write or what a read was told.
    type Step = (u16, u32, Result<i64, Option<i64>>);

    /// Operations one after the other.
    fn run(all: &[Step]) -> Orders {
        let mut o = Orders::default();
        for (i, (client, key, what)) in all.iter().enumerate() {
            let id = OpId { client: NodeId(*client), nth: i as u32 };
            let (ask, told) = match what {
                Ok(v) => (RegisterOp::Write(*v), Done),
                Err(v) => (RegisterOp::Read, V(*v)),
            };
            o.invoke(id, (*client).into(), *key, ask);
            o.end(id, Some(told), false);
        }
        o
    }

    #[test]
    fn a_stale_read_keeps_both_and_each_misses_the_other_s_write_breaks_both() {
        let stale = run(&[(0, 0, Ok(1)), (1, 0, Err(None)), (1, 0, Err(Some(1)))]);
        assert_eq!(
            (stale.sequential(), stale.ordered(), stale.open()),
            (None, None, (false, false))
        );
        let dekker = run(&[(0, 0, Ok(1)), (1, 1, Ok(2)), (0, 1, Err(None)), (1, 0, Err(None))]);
        let why = &dekker.sequential().unwrap().why;
        assert!(
            why.ends_with("put x=1, get y \u{2192} nil; put y=2, get x \u{2192} nil."),
            "{why}"
        );
        assert!(dekker.ordered().is_some());
    }

    #[test]
    fn updates_in_the_wrong_order_break_only_the_ordered_one() {
        // The second write began when the first was done, and yet the first is what stays.
        let o = run(&[(0, 0, Ok(1)), (1, 0, Ok(2)), (2, 0, Err(Some(2))), (2, 0, Err(Some(1)))]);
        assert_eq!(o.sequential(), None);
        assert!(o.ordered().is_some());
        // A reader that has gone on does not come back.
        let o = run(&[(0, 0, Ok(1)), (1, 0, Err(Some(1))), (1, 0, Err(None))]);
        assert!(o.sequential().is_some());
    }

    #[test]
    fn what_was_read_before_its_answer_is_done_and_what_failed_was_not() {
        let mut o = Orders::default();
        let id = |c: u16, nth| OpId { client: NodeId(c), nth };
        o.invoke(id(0, 0), 0, 0, RegisterOp::Write(1));
        o.invoke(id(1, 0), 1, 0, RegisterOp::Read);
        o.end(id(1, 0), Some(V(Some(1))), false);
        assert_eq!(o.sequential(), None);
        o.end(id(0, 0), None, false);
        assert!(o.sequential().is_some());
    }

    #[test]
    fn a_long_run_stays_decided() {
        let mut all = Vec::new();
        for i in 1..400 {
            all.push((0, 0, Ok(i)));
            all.push((1, 0, Err(if i > 1 { Some(i - 1) } else { None })));
        }
        let o = run(&all);
        assert_eq!((o.sequential(), o.ordered(), o.open()), (None, None, (false, false)));
    }

    #[test]
    fn a_run_without_end_stays_decided_and_holds_little() {
        let mut all = Vec::new();
        for i in 1..6_000 {
            all.push((0, 0, Ok(i)));
            all.push((1, 0, Err(if i > 1 { Some(i - 1) } else { None })));
        }
        let mut o = run(&all);
        assert_eq!((o.sequential(), o.ordered(), o.open()), (None, None, (false, false)));
        let steps = &o.sequential.steps;
        assert!(steps.len() - steps.first() <= 2 * CHANGES, "{}", steps.first());
        assert_eq!((o.past.len(), o.late.len(), o.places.len()), (0, 0, 0));
        // What is read that was let go cannot be placed; it is not called wrong for that.
        let id = OpId { client: NodeId(2), nth: 0 };
        o.invoke(id, 2, 0, RegisterOp::Read);
        o.end(id, Some(V(Some(1))), false);
        assert_eq!((o.sequential(), o.open().0), (None, true));
    }

    #[test]
    fn what_is_linearizable_is_not_kept() {
        let mut o = Orders::default();
        for nth in 0..2_000 {
            let id = OpId { client: NodeId(0), nth };
            o.invoke(id, 0, 0, RegisterOp::Write(1));
            o.end(id, Some(Done), true);
        }
        assert_eq!((o.past.len(), o.late.len(), o.places.len()), (0, 0, 0));
    }
}

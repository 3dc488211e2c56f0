//! Why no order exists: the first impossible answer, then the fewest operations that rule it out.

use super::linearizable::{Judgement, together};
use super::model::{ObjectModel, is_write, triple};
use super::search::SearchPlan;
use super::{Budget, F, HistoryOp, Illegal, OpOutcome, OpValue};
use crate::core::sorted::SortedSet;

/// Steps one question of the reduction may take before its operation is simply kept.
pub(crate) const QUESTION: u64 = 20_000;
/// Steps the whole reduction may take.
const REDUCTION: u64 = 2_000_000;

/// Explains why `ops`, all of one key, have no legal order.
pub fn illegal(model: &ObjectModel, ops: &[&HistoryOp], budget: &mut Budget) -> Illegal {
    let allowance = REDUCTION.min(budget.steps);
    let mut inner = Budget { steps: allowance, should_stop: budget.should_stop };
    let mut asker = Asker { model, budget: &mut inner, sure: true };
    let prefix = asker.shortest_prefix(ops);
    let cause = asker.cause(&prefix);
    let core = asker.core(&cause);
    let minimal = asker.sure;
    budget.steps -= allowance - inner.steps;
    let because = sentence(model, &prefix, &cause);
    let ids = |ops: &[HistoryOp]| ops.iter().map(|op| op.id).collect::<Vec<u32>>();
    Illegal { core: ids(&core), cause: ids(&cause), anomalies: Vec::new(), minimal, because }
}

/// A part of `all` that is still illegal and of which nothing can be left out.
pub fn smallest<T: Copy>(all: &[T], illegal: &mut dyn FnMut(&[T]) -> bool) -> Vec<T> {
    let mut core = all.to_vec();
    let mut size = core.len().div_ceil(2).max(1);
    loop {
        let mut changed = false;
        let mut end = core.len();
        while end > 0 {
            let first = end.saturating_sub(size);
            let mut less = core.clone();
            less.drain(first..end);
            if illegal(&less) {
                core = less;
                changed = true;
            }
            end = first;
        }
        if size > 1 {
            size = size.div_ceil(2);
        } else if !changed {
            return core;
        }
    }
}

/// A part of `all` that is illegal and of which nothing can be left out, and a part that contains
/// it and has, for each answer, what it comes from. Who blames a read should not leave its write
/// out: then every read would be to blame.
pub(crate) fn culprits<'a>(
    all: &[&'a HistoryOp],
    illegal: &mut dyn FnMut(&[&HistoryOp]) -> bool,
) -> (Vec<&'a HistoryOp>, Vec<&'a HistoryOp>) {
    let sources = Sources::new(all);
    let cause = smallest(all, &mut |some: &[&'a HistoryOp]| sources.kept(some) && illegal(some));
    let core = smallest(&cause, &mut |some: &[&'a HistoryOp]| illegal(some));
    (core, cause)
}

/// Ids of operations.
pub(crate) fn ids(ops: &[&HistoryOp]) -> Vec<u32> {
    ops.iter().map(|op| op.id).collect()
}

/// The sentence for an operation that alone is to blame: what it answered comes from nowhere.
pub(crate) fn unwritten(cause: &[&HistoryOp], all: &[&HistoryOp]) -> Option<String> {
    let [op] = cause else { return None };
    let sources = Sources::new(all);
    let (_, lost) = answers(op).into_iter().find(|place| !sources.ever.contains(place))?;
    Some(format!(
        "Operation {} of process {}, {op}, cannot have answered that: nobody wrote {lost}.",
        op.id, op.process
    ))
}

/// A key, or a register of a transaction.
type Object<'a> = (Option<&'a str>, Option<&'a OpValue>);
/// An object and a value.
type ObjectValue<'a> = (Object<'a>, &'a OpValue);

/// Where answers come from.
struct Sources<'a> {
    all: Vec<&'a HistoryOp>,
    ever: SortedSet<ObjectValue<'a>>,
    texts: bool,
}

impl<'a> Sources<'a> {
    fn new(all: &[&'a HistoryOp]) -> Sources<'a> {
        let ever = all.iter().flat_map(|op| brings(op)).collect();
        let texts = all.iter().any(|op| op.f == F::Append);
        Sources { all: all.to_vec(), ever, texts }
    }

    /// Whether `some` have what their answers come from, as far as it ever was.
    fn kept(&self, some: &[&'a HistoryOp]) -> bool {
        let here: SortedSet<ObjectValue> = some.iter().flat_map(|op| brings(op)).collect();
        let mut places = some.iter().flat_map(|op| answers(op));
        places.all(|place| here.contains(&place) || !self.ever.contains(&place))
            && (!self.texts || self.texts_kept(some))
    }

    /// A text that was appended to comes from all its parts.
    fn texts_kept(&self, some: &[&'a HistoryOp]) -> bool {
        let here: SortedSet<u32> = some.iter().map(|op| op.id).collect();
        some.iter().filter(|op| op.f == F::Get).all(|get| {
            let Some(OpValue::Str(text)) = get.answer() else { return true };
            self.all.iter().filter(|op| !op.f.reads_only() && op.key == get.key).all(|op| {
                let part = match op.args.first() {
                    Some(OpValue::Str(part)) => !part.is_empty() && text.contains(part.as_str()),
                    _ => false,
                };
                !part || here.contains(&op.id)
            })
        })
    }
}

/// What an operation writes, or may have written.
fn brings(op: &HistoryOp) -> Vec<ObjectValue<'_>> {
    let object = (op.key.as_deref(), None);
    match op.f {
        F::Write | F::Put | F::Append | F::Add | F::Enqueue | F::Push => {
            op.args.first().map(|v| (object, v)).into_iter().collect()
        }
        F::Cas if op.answer() != Some(&OpValue::Bool(false)) => {
            op.args.get(1).map(|v| (object, v)).into_iter().collect()
        }
        F::Txn => {
            let steps = op.args.iter().filter_map(triple);
            steps.filter(|s| is_write(s.0)).map(|(_, k, v)| ((None, Some(k)), v)).collect()
        }
        _ => Vec::new(),
    }
}

/// The values that somebody must have written for an operation to answer what it did.
fn answers(op: &HistoryOp) -> Vec<ObjectValue<'_>> {
    let object = (op.key.as_deref(), None);
    fn one<'a>(object: Object<'a>, v: Option<&'a OpValue>) -> Vec<ObjectValue<'a>> {
        v.map(|v| (object, v)).into_iter().collect()
    }
    match (op.f, op.answer()) {
        (F::Read, Some(OpValue::List(all))) => all.iter().map(|v| (object, v)).collect(),
        (F::Read | F::Get | F::Dequeue | F::Pop, v) => {
            one(object, v.filter(|v| !matches!(v, OpValue::Nil | OpValue::Any)))
        }
        (F::Cas, Some(OpValue::Bool(true))) => one(object, op.args.first()),
        (F::Contains, Some(OpValue::Bool(true))) => one(object, op.args.first()),
        (F::Txn, Some(OpValue::List(steps))) => {
            let reads = steps.iter().filter_map(triple).filter(|s| !is_write(s.0));
            let known = reads.filter(|s| !matches!(s.2, OpValue::Nil | OpValue::Any));
            known.map(|(_, k, v)| ((None, Some(k)), v)).collect()
        }
        _ => Vec::new(),
    }
}

struct Asker<'a, 'b, 'c> {
    model: &'a ObjectModel,
    budget: &'b mut Budget<'c>,
    /// False once a question stayed open.
    sure: bool,
}

impl Asker<'_, '_, '_> {
    /// Whether `ops` are certainly illegal.
    fn illegal(&mut self, ops: &[HistoryOp], cap: u64) -> bool {
        let refs: Vec<&HistoryOp> = ops.iter().collect();
        let steps = cap.min(self.budget.steps);
        let mut mine = Budget { steps, should_stop: self.budget.should_stop };
        let found = together(self.model, vec![SearchPlan::real_time(&refs)], &mut mine);
        self.budget.steps -= steps - mine.steps;
        self.sure &= !matches!(found, Judgement::Unknown(..));
        matches!(found, Judgement::Illegal(_))
    }

    /// The history up to the first return that made it illegal.
    fn shortest_prefix(&mut self, ops: &[&HistoryOp]) -> Vec<HistoryOp> {
        let mut returns: Vec<u64> =
            ops.iter().filter(|op| op.completed()).filter_map(|op| op.ret).collect();
        returns.sort_unstable();
        let (mut low, mut high) = (0, returns.len().saturating_sub(1));
        while low < high {
            let mid = (low + high) / 2;
            let sure = self.sure;
            if self.illegal(&up_to(ops, returns[mid]), u64::MAX) {
                high = mid;
            } else {
                low = mid + 1;
            }
            self.sure = sure;
        }
        let prefix = up_to(ops, returns.get(low).copied().unwrap_or(u64::MAX));
        let sure = self.sure;
        if self.illegal(&prefix, u64::MAX) {
            return prefix;
        }
        self.sure = sure && self.budget.steps > 0;
        ops.iter().map(|op| (*op).clone()).collect()
    }

    /// Operations that stay illegal although all others may happen at any time or never.
    fn cause(&mut self, ops: &[HistoryOp]) -> Vec<HistoryOp> {
        let mut keep = self.recent(ops);
        let mut size = keep.iter().filter(|k| **k).count().div_ceil(2).max(1);
        loop {
            let mut changed = false;
            for first in (0..ops.len()).step_by(size) {
                let range = first..(first + size).min(ops.len());
                if !range.clone().any(|i| keep[i]) {
                    continue;
                }
                let before = keep.clone();
                keep[range].fill(false);
                let sure = self.sure;
                if self.illegal(&relaxed(ops, &keep), QUESTION) {
                    changed = true;
                } else {
                    keep = before;
                    self.sure = sure;
                }
            }
            if size > 1 {
                size = size.div_ceil(2);
            } else if !changed || self.budget.steps == 0 {
                break;
            }
        }
        ops.iter().zip(keep).filter(|(_, k)| *k).map(|(op, _)| op.clone()).collect()
    }

    /// The latest operations that suffice: most contradictions are young.
    fn recent(&mut self, ops: &[HistoryOp]) -> Vec<bool> {
        let sure = self.sure;
        let mut count = 4;
        while count < ops.len() {
            let keep: Vec<bool> = (0..ops.len()).map(|i| i + count >= ops.len()).collect();
            if self.illegal(&relaxed(ops, &keep), QUESTION) {
                return keep;
            }
            self.sure = sure;
            count *= 2;
        }
        vec![true; ops.len()]
    }

    /// A sub-history that is illegal and of which nothing can be left out.
    fn core(&mut self, cause: &[HistoryOp]) -> Vec<HistoryOp> {
        let mut core: Vec<HistoryOp> = cause.iter().filter(|op| op.completed()).cloned().collect();
        loop {
            let mut changed = false;
            let mut i = core.len();
            while i > 0 {
                i -= 1;
                let op = core.remove(i);
                if self.illegal(&core, QUESTION * 5) {
                    changed = true;
                } else {
                    core.insert(i, op);
                }
            }
            if !changed {
                return core;
            }
        }
    }
}

/// What had happened when the clock stood at `now`.
fn up_to(ops: &[&HistoryOp], now: u64) -> Vec<HistoryOp> {
    let seen = ops.iter().filter(|op| op.invoke < now);
    let mut all: Vec<HistoryOp> = seen.map(|op| (*op).clone()).collect();
    for op in &mut all {
        if op.ret.is_some_and(|r| r > now) {
            op.ret = None;
            op.outcome = OpOutcome::Open;
        }
    }
    all
}

/// Operations that are kept, and the others as maybe-applied at any time.
fn relaxed(ops: &[HistoryOp], keep: &[bool]) -> Vec<HistoryOp> {
    let mut all = Vec::new();
    for (op, &keep) in ops.iter().zip(keep) {
        if keep {
            all.push(op.clone());
        } else if !op.f.reads_only() {
            let outcome = OpOutcome::Open;
            all.push(HistoryOp { invoke: 0, ret: None, outcome, ..op.clone() });
        }
    }
    useful(all)
}

/// Without the maybe-applied writes of registers that nobody looks at: a write that is free to
/// come or not helps only those who see its value, or a compare-and-set that failed.
fn useful(ops: Vec<HistoryOp>) -> Vec<HistoryOp> {
    let plain = ops.iter().all(|op| match op.f {
        F::Read | F::Write => true,
        F::Cas => op.answer() != Some(&OpValue::Bool(false)),
        _ => false,
    });
    if !plain {
        return ops;
    }
    let mut wanted: SortedSet<OpValue> = SortedSet::new();
    loop {
        let before = wanted.len();
        for op in &ops {
            match op.f {
                F::Read => wanted.extend(op.answer().cloned()),
                F::Cas if op.completed() || op.args.last().is_some_and(|v| wanted.contains(v)) => {
                    wanted.extend(op.args.first().cloned());
                }
                _ => {}
            }
        }
        if wanted.len() == before {
            break;
        }
    }
    let seen = |op: &HistoryOp| op.args.last().is_some_and(|v| wanted.contains(v));
    ops.into_iter().filter(|op| op.completed() || seen(op)).collect()
}

fn sentence(model: &ObjectModel, prefix: &[HistoryOp], cause: &[HistoryOp]) -> String {
    let last = cause.iter().filter(|op| op.completed()).max_by_key(|op| op.ret);
    let Some(last) = last else { return "No order of the operations is legal.".into() };
    let on = last.key.as_ref().map(|k| format!(" (key {k})")).unwrap_or_default();
    let who = format!("operation {} of process {}, {last}{on},", last.id, last.process);
    if cause.len() == 1
        && matches!(last.f, F::Read | F::Get)
        && let Some(v) = last.answer()
        && !prefix.iter().any(|op| op.args.last() == Some(v) && !op.f.reads_only())
    {
        return format!(
            "{} cannot have answered that: nothing had asked for {v} to be written by then, and \
             the start is {}.",
            capital(&who),
            model.start()
        );
    }
    let others: Vec<String> = cause
        .iter()
        .filter(|op| op.id != last.id)
        .take(6)
        .map(|op| format!("{} ({op})", op.id))
        .collect();
    let more = cause.len().saturating_sub(7);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if others.is_empty() {
        return format!("{} is impossible wherever it is placed.", capital(&who));
    }
    format!(
        "{} fits nowhere: every order that keeps what returned before what was invoked later is \
         refused, given operations {}{more}.",
        capital(&who),
        others.join(", ")
    )
}

fn capital(s: &str) -> String {
    let mut chars = s.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

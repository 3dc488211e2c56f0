//! Linearizability (Herlihy and Wing 1990): some order that keeps real time is legal for the
//! model. Local: a history is linearizable if and only if it is so for each key.

use super::explain;
use super::model::{ObjectKind, ObjectModel};
use super::search::{HistorySearch, SearchPlan, SearchProgress};
use super::{Budget, History, HistoryOp, HistoryVerdict, Legal, SPENT, Undecided};
use crate::core::sorted::SortedMap;

/// Judges `history`. Operations that failed did not happen; those that are open or unknown may
/// take effect at any time after their invocation, or never.
pub fn judge(model: &ObjectModel, history: &History, budget: &mut Budget) -> HistoryVerdict {
    let groups = by_key(model, &history.ops);
    let plans = groups.iter().map(|ops| SearchPlan::real_time(ops)).collect();
    match together(model, plans, budget) {
        Judgement::Legal(orders) => {
            HistoryVerdict::Ok(Legal { order: merge(&history.ops, orders), views: Vec::new() })
        }
        Judgement::Illegal(at) => {
            HistoryVerdict::Illegal(explain::illegal(model, &groups[at], budget))
        }
        Judgement::Unknown(why, orders) => {
            HistoryVerdict::Unknown(Undecided { because: why, order: merge(&history.ops, orders) })
        }
    }
}

/// The operations of each key that can matter.
pub(crate) fn by_key<'a>(model: &ObjectModel, ops: &'a [HistoryOp]) -> Vec<Vec<&'a HistoryOp>> {
    let mut keys: SortedMap<Option<&str>, Vec<&HistoryOp>> = SortedMap::new();
    for op in ops.iter().filter(|op| op.completed() || op.maybe()) {
        let key = if model.kind == ObjectKind::MultiRegister { None } else { op.key.as_deref() };
        keys.entry(key).or_default().push(op);
    }
    keys.into_values().collect()
}

pub(crate) enum Judgement {
    /// An order for each plan.
    Legal(Vec<Vec<u32>>),
    /// The number of a plan without an order.
    Illegal(usize),
    /// Why, and for each plan the longest beginning of an order that was found.
    Unknown(String, Vec<Vec<u32>>),
}

/// Searches all plans side by side in growing slices, so that one easy contradiction is found
/// however hard the other keys are.
pub(crate) fn together<'a>(
    model: &'a ObjectModel,
    plans: Vec<SearchPlan<'a>>,
    budget: &mut Budget,
) -> Judgement {
    let mut orders = vec![Vec::new(); plans.len()];
    let mut open: Vec<(usize, HistorySearch)> = Vec::new();
    for (i, plan) in plans.into_iter().enumerate() {
        open.push((i, HistorySearch::new(model, plan)));
    }
    let mut slice = 256;
    let mut full = false;
    while !open.is_empty() {
        let mut still = Vec::new();
        let mut spent = false;
        for (i, mut search) in open {
            let steps = if spent { None } else { budget.take(slice) };
            let Some(steps) = steps else {
                spent = true;
                orders[i] = search.longest();
                continue;
            };
            match search.run(steps) {
                SearchProgress::Found(order) => orders[i] = order,
                SearchProgress::None => return Judgement::Illegal(i),
                SearchProgress::More => still.push((i, search)),
                SearchProgress::Full => {
                    full = true;
                    orders[i] = search.longest();
                }
            }
        }
        if spent {
            still.iter().for_each(|(i, search)| orders[*i] = search.longest());
            return Judgement::Unknown(SPENT.into(), orders);
        }
        open = still;
        slice = (slice * 2).min(1 << 14);
    }
    if full {
        return Judgement::Unknown("the search ran out of its memory".into(), orders);
    }
    Judgement::Legal(orders)
}

/// One order for all keys that keeps real time. It exists because each key's order does
/// (Herlihy and Wing, theorem 1): always take a head that was invoked before every other
/// remaining operation returned.
pub(crate) fn merge(ops: &[HistoryOp], orders: Vec<Vec<u32>>) -> Vec<u32> {
    let by_id: SortedMap<u32, &HistoryOp> = ops.iter().map(|op| (op.id, op)).collect();
    // The moment an operation takes effect: as early as its own key's order lets it.
    let mut moments: Vec<(u64, usize, usize, u32)> = Vec::new();
    for (key, order) in orders.into_iter().enumerate() {
        let mut now = 0;
        for (i, id) in order.into_iter().enumerate() {
            now = by_id.get(&id).map_or(now, |op| now.max(op.invoke));
            moments.push((now, key, i, id));
        }
    }
    moments.sort_unstable();
    moments.into_iter().map(|m| m.3).collect()
}

/// Whether `order` keeps real time and holds every operation that certainly happened, each once.
/// With [`super::replay`], the whole check of a witness.
pub fn keeps_real_time(ops: &[HistoryOp], order: &[u32]) -> bool {
    let by_id: SortedMap<u32, &HistoryOp> = ops.iter().map(|op| (op.id, op)).collect();
    let mut placed = crate::core::sorted::SortedSet::new();
    let mut latest_invocation = 0;
    for id in order {
        let Some(op) = by_id.get(id) else { return false };
        let returned = if op.completed() { op.ret.unwrap_or(u64::MAX) } else { u64::MAX };
        if !placed.insert(*id) || op.outcome == super::OpOutcome::Fail {
            return false;
        }
        if returned < latest_invocation {
            return false;
        }
        latest_invocation = latest_invocation.max(op.invoke);
    }
    ops.iter().all(|op| !op.completed() || placed.contains(&op.id))
}

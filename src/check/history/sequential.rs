//! Sequential consistency (Lamport 1979): one order for all, in which every process's operations
//! keep their program order.

use super::linearizable::{Judgement, together};
use super::relation::BitRelation;
use super::saturate::{KeyAccesses, saturate};
use super::search::{SearchItem, SearchPlan};
use super::{
    Budget, F, History, HistoryOp, HistoryVerdict, Illegal, Legal, ObjectModel, OpValue, Undecided,
    explain,
};
use crate::core::sorted::SortedMap;

/// What one order has to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Each process's own order.
    Processes,
    /// That, and everything that had returned before an update was invoked comes before it: OSC(U).
    Updates,
}

/// Judges `history`. Unlike linearizability it is not local: all keys are placed together. An
/// operation that timed out may take effect at any time after those its process did before it.
pub fn judge(model: &ObjectModel, history: &History, budget: &mut Budget) -> HistoryVerdict {
    one_order(model, history, Order::Processes, budget)
}

/// Ordered sequential consistency, OSC(U) (Lev-Ari, Bortnikov, Keidar, Shraer 2017): as above, and an
/// update comes after all that had returned before it was invoked. Reads may be old.
pub fn ordered(model: &ObjectModel, history: &History, budget: &mut Budget) -> HistoryVerdict {
    one_order(model, history, Order::Updates, budget)
}

fn one_order(
    model: &ObjectModel,
    history: &History,
    order: Order,
    budget: &mut Budget,
) -> HistoryVerdict {
    let ops: Vec<&HistoryOp> =
        history.ops.iter().filter(|op| op.completed() || op.maybe()).collect();
    match together(model, vec![plan(model, &ops, order)], budget) {
        Judgement::Legal(mut orders) => {
            let order = orders.pop().unwrap_or_default();
            HistoryVerdict::Ok(Legal { order, views: Vec::new() })
        }
        Judgement::Unknown(because, mut orders) => {
            let order = orders.pop().unwrap_or_default();
            HistoryVerdict::Unknown(Undecided { because, order })
        }
        Judgement::Illegal(_) => {
            let (core, cause, minimal) = smallest(model, &ops, order, budget);
            let because = explain::unwritten(&cause, &ops).unwrap_or_else(|| {
                let names = cause.iter().map(|op| format!("{} ({op})", op.id));
                format!(
                    "No single order keeps every process's own order and explains operations {}.",
                    names.collect::<Vec<_>>().join(", ")
                )
            });
            let (core, cause) = (explain::ids(&core), explain::ids(&cause));
            let anomalies = Vec::new();
            HistoryVerdict::Illegal(Illegal { core, cause, anomalies, minimal, because })
        }
    }
}

/// PRAM for any model: each process sees all changes in the program order of their processes;
/// what others were answered is hidden from it.
pub fn pram(model: &ObjectModel, history: &History, budget: &mut Budget) -> HistoryVerdict {
    let ops: Vec<&HistoryOp> =
        history.ops.iter().filter(|op| op.completed() || op.maybe()).collect();
    let mut processes: Vec<u32> = ops.iter().map(|op| op.process).collect();
    processes.sort_unstable();
    processes.dedup();
    let mut views = Vec::new();
    for p in processes {
        let seen = hidden(&ops, p);
        let refs: Vec<&HistoryOp> = seen.iter().collect();
        match together(model, vec![plan(model, &refs, Order::Processes)], budget) {
            Judgement::Legal(mut orders) => views.push((p, orders.pop().unwrap_or_default())),
            Judgement::Unknown(why, _) => return HistoryVerdict::Unknown(Undecided::new(why)),
            Judgement::Illegal(_) => {
                let (core, cause, minimal) = smallest(model, &refs, Order::Processes, budget);
                let because = explain::unwritten(&cause, &refs).unwrap_or_else(|| {
                    format!("Process {p} has no view of all changes in their order.")
                });
                let (core, cause) = (explain::ids(&core), explain::ids(&cause));
                let anomalies = vec!["pram".to_string()];
                return HistoryVerdict::Illegal(Illegal {
                    core,
                    cause,
                    anomalies,
                    minimal,
                    because,
                });
            }
        }
    }
    HistoryVerdict::Ok(Legal { order: Vec::new(), views })
}

fn hidden(ops: &[&HistoryOp], p: u32) -> Vec<HistoryOp> {
    let seen = ops.iter().filter(|op| op.process == p || !op.idle());
    seen.map(|op| {
        let mut op = (*op).clone();
        if op.process != p && op.completed() {
            op.outcome = super::OpOutcome::Ok(OpValue::Any);
        }
        op
    })
    .collect()
}

/// A part that is illegal and of which nothing can be left out, one that also has what its answers
/// come from, and whether both are sure to be as small as they can be.
fn smallest<'a>(
    model: &ObjectModel,
    ops: &[&'a HistoryOp],
    order: Order,
    budget: &mut Budget,
) -> (Vec<&'a HistoryOp>, Vec<&'a HistoryOp>, bool) {
    let mut minimal = true;
    let mut illegal = |some: &[&HistoryOp]| {
        let steps = budget.steps.min(explain::QUESTION);
        let mut mine = Budget { steps, should_stop: budget.should_stop };
        let found = together(model, vec![plan(model, some, order)], &mut mine);
        budget.steps -= steps - mine.steps;
        minimal &= !matches!(found, Judgement::Unknown(..));
        matches!(found, Judgement::Illegal(_))
    };
    let (core, cause) = explain::culprits(ops, &mut illegal);
    (core, cause, minimal)
}

pub(crate) fn plan<'a>(model: &ObjectModel, ops: &[&'a HistoryOp], order: Order) -> SearchPlan<'a> {
    let mut plan = SearchPlan::default();
    let mut chains: SortedMap<u32, u32> = SortedMap::new();
    type Class<'a> = (u32, Option<&'a str>, F, &'a [OpValue]);
    let mut classes: SortedMap<Class<'a>, Vec<SearchItem<'a>>> = SortedMap::new();
    let narrowed = narrowed(model, ops, order);
    // Where each operation sits: chain and position.
    let mut places: Vec<Option<(u32, u32)>> = vec![None; ops.len()];
    for (i, &op) in ops.iter().enumerate() {
        let item = SearchItem { op, from: 0, until: u64::MAX, need: Vec::new(), rank: 0 };
        if op.completed() {
            let chain = *chains.entry(op.process).or_insert_with(|| {
                plan.chains.push(Vec::new());
                plan.chains.len() as u32 - 1
            });
            places[i] = Some((chain, plan.chains[chain as usize].len() as u32));
            plan.chains[chain as usize].push(item);
        } else if op.maybe() && !op.f.reads_only() {
            let before = chains.get(&op.process);
            let need = before.map(|&c| (c, plan.chains[c as usize].len() as u32));
            let item = SearchItem { need: need.into_iter().collect(), ..item };
            let class = (op.process, op.key.as_deref(), op.f, op.args.as_slice());
            classes.entry(class).or_default().push(item);
        }
    }
    plan.classes = classes.into_values().collect();
    if order == Order::Updates {
        after_what_returned(&mut plan);
    }
    if let Some((order, keys)) = narrowed {
        plan.keep(&order, &places, &keys);
    }
    plan
}

/// Each update waits for what had returned before it was invoked.
fn after_what_returned(plan: &mut SearchPlan) {
    let returned = |chain: &Vec<SearchItem>, at: u64| {
        chain.partition_point(|item| item.op.ret.is_some_and(|ret| ret < at)) as u32
    };
    let chains = plan.chains.clone();
    let updates = plan.chains.iter_mut().chain(&mut plan.classes).flatten();
    for item in updates.filter(|item| !item.op.f.reads_only()) {
        for (c, chain) in (0..).zip(&chains) {
            let n = returned(chain, item.op.invoke);
            let mine = item.need.iter().any(|(chain, least)| *chain == c && *least >= n);
            // A process's own order is its chain's.
            if n > 0 && !mine && chain.iter().all(|other| other.op.id != item.op.id) {
                item.need.push((c, n));
            }
        }
    }
}

/// What has to come first anyway, where every write of registers is certain and has a value of
/// its own.
fn narrowed(
    model: &ObjectModel,
    ops: &[&HistoryOp],
    kept: Order,
) -> Option<(BitRelation, Vec<KeyAccesses>)> {
    if ops.len() > 3000 {
        return None;
    }
    let start = model.start();
    let mut keys: SortedMap<Option<&str>, KeyAccesses> = SortedMap::new();
    let mut written: SortedMap<(Option<&str>, &OpValue), usize> = SortedMap::new();
    for (i, op) in ops.iter().enumerate() {
        match op.f {
            F::Write | F::Put if op.completed() => {
                let key = op.key.as_deref();
                if written.insert((key, op.args.first()?), i).is_some() {
                    return None;
                }
                keys.entry(key).or_default().writers.push(i);
            }
            F::Read | F::Get => {}
            _ => return None,
        }
    }
    for (i, op) in ops.iter().enumerate() {
        if let (true, Some(v)) = (op.f.reads_only(), op.answer())
            && *v != start
            && let Some(&w) = written.get(&(op.key.as_deref(), v))
        {
            keys.entry(op.key.as_deref()).or_default().reads.push((i, w));
        }
    }
    let mut order = BitRelation::new(ops.len());
    let mut last: SortedMap<u32, usize> = SortedMap::new();
    for (i, op) in ops.iter().enumerate().filter(|(_, op)| op.completed()) {
        if let Some(before) = last.insert(op.process, i) {
            order.add(before, i);
        }
    }
    if kept == Order::Updates {
        let mut ended: Vec<(u64, usize)> =
            ops.iter().enumerate().filter_map(|(i, op)| Some((op.ret?, i))).collect();
        ended.sort_unstable();
        for (i, op) in ops.iter().enumerate().filter(|(_, op)| !op.f.reads_only()) {
            let before = ended.iter().take_while(|(ret, _)| *ret < op.invoke);
            for (_, b) in before.filter(|b| b.1 != i) {
                order.add(*b, i);
            }
        }
    }
    let keys: Vec<KeyAccesses> = keys.into_values().collect();
    saturate(&mut order, &keys);
    Some((order, keys))
}

//! Sequential consistency (Lamport 1979): one order for all, in which every process's operations
//! keep their program order.

use super::linearizable::{Outcome as Found, together};
use super::relation::Relation;
use super::saturate::{Key, saturate};
use super::search::{Item, Plan};
use super::{Budget, F, History, Illegal, Legal, Model, Op, Value, Verdict, explain};
use crate::core::sorted::SortedMap;

/// Judges `history`. Unlike linearizability it is not local: all keys are placed together. An
/// operation that timed out may take effect at any time after those its process did before it.
pub fn judge(model: &Model, history: &History, budget: &mut Budget) -> Verdict {
    let ops: Vec<&Op> = history.ops.iter().filter(|op| op.completed() || op.maybe()).collect();
    match together(model, vec![plan(model, &ops)], budget) {
        Found::Legal(mut orders) => {
            let order = orders.pop().unwrap_or_default();
            Verdict::Ok(Legal { order, views: Vec::new() })
        }
        Found::Unknown(why) => Verdict::Unknown(why),
        Found::Illegal(_) => {
            let (core, minimal) = smallest(model, &ops, budget);
            let names: Vec<String> = core.iter().map(|op| format!("{} ({op})", op.id)).collect();
            let because = format!(
                "No single order keeps every process's own order and explains operations {}.",
                names.join(", ")
            );
            let core: Vec<u32> = core.iter().map(|op| op.id).collect();
            let (cause, anomalies) = (core.clone(), Vec::new());
            Verdict::Illegal(Illegal { core, cause, anomalies, minimal, because })
        }
    }
}

/// PRAM for any model: each process sees all changes in the program order of their processes;
/// what others were answered is hidden from it.
pub fn pram(model: &Model, history: &History, budget: &mut Budget) -> Verdict {
    let ops: Vec<&Op> = history.ops.iter().filter(|op| op.completed() || op.maybe()).collect();
    let mut processes: Vec<u32> = ops.iter().map(|op| op.process).collect();
    processes.sort_unstable();
    processes.dedup();
    let mut views = Vec::new();
    for p in processes {
        let seen = hidden(&ops, p);
        let refs: Vec<&Op> = seen.iter().collect();
        match together(model, vec![plan(model, &refs)], budget) {
            Found::Legal(mut orders) => views.push((p, orders.pop().unwrap_or_default())),
            Found::Unknown(why) => return Verdict::Unknown(why),
            Found::Illegal(_) => {
                let (core, minimal) = smallest(model, &refs, budget);
                let core: Vec<u32> = core.iter().map(|op| op.id).collect();
                let because = format!("Process {p} has no view of all changes in their order.");
                let (cause, anomalies) = (core.clone(), vec!["pram".to_string()]);
                return Verdict::Illegal(Illegal { core, cause, anomalies, minimal, because });
            }
        }
    }
    Verdict::Ok(Legal { order: Vec::new(), views })
}

fn hidden(ops: &[&Op], p: u32) -> Vec<Op> {
    let seen = ops.iter().filter(|op| op.process == p || !op.idle());
    seen.map(|op| {
        let mut op = (*op).clone();
        if op.process != p && op.completed() {
            op.outcome = super::Outcome::Ok(Value::Any);
        }
        op
    })
    .collect()
}

fn smallest<'a>(model: &Model, ops: &[&'a Op], budget: &mut Budget) -> (Vec<&'a Op>, bool) {
    let mut minimal = true;
    let mut illegal = |some: &[&Op]| {
        let steps = budget.steps.min(explain::QUESTION);
        let mut mine = Budget { steps, should_stop: budget.should_stop };
        let found = together(model, vec![plan(model, some)], &mut mine);
        budget.steps -= steps - mine.steps;
        minimal &= !matches!(found, Found::Unknown(_));
        matches!(found, Found::Illegal(_))
    };
    let core = explain::smallest(ops, &mut illegal);
    (core, minimal)
}

fn plan<'a>(model: &Model, ops: &[&'a Op]) -> Plan<'a> {
    let mut plan = Plan::default();
    let mut chains: SortedMap<u32, u32> = SortedMap::new();
    type Class<'a> = (u32, Option<&'a str>, F, &'a [Value]);
    let mut classes: SortedMap<Class<'a>, Vec<Item<'a>>> = SortedMap::new();
    let narrowed = narrowed(model, ops);
    // Where each operation sits: chain and position.
    let mut places: Vec<Option<(u32, u32)>> = vec![None; ops.len()];
    for (i, &op) in ops.iter().enumerate() {
        let item = Item { op, from: 0, until: u64::MAX, need: Vec::new(), rank: 0 };
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
            let item = Item { need: need.into_iter().collect(), ..item };
            let class = (op.process, op.key.as_deref(), op.f, op.args.as_slice());
            classes.entry(class).or_default().push(item);
        }
    }
    plan.classes = classes.into_values().collect();
    if let Some((order, keys)) = narrowed {
        plan.keep(&order, &places, &keys);
    }
    plan
}

/// What has to come first anyway, where every write of registers is certain and has a value of
/// its own.
fn narrowed(model: &Model, ops: &[&Op]) -> Option<(Relation, Vec<Key>)> {
    if ops.len() > 3000 {
        return None;
    }
    let start = model.start();
    let mut keys: SortedMap<Option<&str>, Key> = SortedMap::new();
    let mut written: SortedMap<(Option<&str>, &Value), usize> = SortedMap::new();
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
    let mut order = Relation::new(ops.len());
    let mut last: SortedMap<u32, usize> = SortedMap::new();
    for (i, op) in ops.iter().enumerate().filter(|(_, op)| op.completed()) {
        if let Some(before) = last.insert(op.process, i) {
            order.add(before, i);
        }
    }
    let keys: Vec<Key> = keys.into_values().collect();
    saturate(&mut order, &keys);
    Some((order, keys))
}

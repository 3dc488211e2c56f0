//! Levels at which every process has a view of its own: PRAM (Lipton and Sandberg 1988), causal
//! memory (Ahamad et al. 1995), causal convergence (Bouajjani et al. 2017) and the four session
//! guarantees (Terry et al. 1994), each alone, over registers.
//!
//! For every process there has to be one order of all writes and its own reads that keeps the
//! pairs the level asks for, in which each read answers the latest write of its key. With the
//! write each read saw known, saturation decides this: a write of the key that comes before the
//! read comes before the write it saw, and one that comes after that write comes after the read.
//!
//! Reads-from is guessed where several writes have the value. An operation that timed out counts
//! as done where its value was read. A compare-and-set that failed constrains nothing here.

use super::relation::BitRelation;
use super::{
    Budget, F, History, HistoryOp, HistoryVerdict, Illegal, Legal, ObjectModel, OpValue, SPENT,
    Undecided, explain,
};
use crate::core::sorted::SortedMap;

/// What each process's view has to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewLevel {
    /// The program order of every process.
    Pram,
    /// Program order and reads-from, and all that follows from them.
    Causal,
    /// Causal, and some order of all writes decides every read of its causal past.
    CausalPlus,
    /// A process's reads come after its own earlier writes.
    ReadYourWrites,
    /// A process's reads keep their order.
    MonotonicReads,
    /// Each process's writes are seen in their order.
    MonotonicWrites,
    /// A write is seen after the writes its process had read before it.
    WritesFollowReads,
}

/// Operations one judgement may hold.
const MAX_OPS: usize = 3000;

/// One operation: what it wrote, what it read.
struct ViewOp<'a> {
    op: &'a HistoryOp,
    wrote: Option<&'a OpValue>,
    read: Option<&'a OpValue>,
}

const INIT: usize = usize::MAX;

/// Whether these levels are defined for the operations of `history`.
pub fn defined(history: &History) -> bool {
    let fs = [F::Read, F::Write, F::Cas, F::Get, F::Put];
    history.ops.iter().all(|op| fs.contains(&op.f))
}

/// Judges `history`, whose operations read and write registers or keys.
pub fn judge(
    model: &ObjectModel,
    history: &History,
    level: ViewLevel,
    budget: &mut Budget,
) -> HistoryVerdict {
    let ops: Vec<&HistoryOp> =
        history.ops.iter().filter(|op| op.completed() || op.maybe()).collect();
    if ops.len() > MAX_OPS {
        let why = format!("more than {MAX_OPS} operations at this level");
        return HistoryVerdict::Unknown(Undecided::new(why));
    }
    match views(model, &ops, level, budget) {
        Some(Ok(views)) => HistoryVerdict::Ok(Legal { order: Vec::new(), views }),
        None => HistoryVerdict::Unknown(Undecided::new(SPENT)),
        Some(Err(())) => {
            let mut minimal = true;
            let mut illegal = |some: &[&HistoryOp]| match views(model, some, level, budget) {
                Some(answer) => answer.is_err(),
                None => {
                    minimal = false;
                    false
                }
            };
            let (core, cause) = explain::culprits(&ops, &mut illegal);
            let because =
                explain::unwritten(&cause, &ops).unwrap_or_else(|| because(level, &cause));
            let (core, cause) = (explain::ids(&core), explain::ids(&cause));
            let anomalies = vec![level.anomaly().to_string()];
            HistoryVerdict::Illegal(Illegal { core, cause, anomalies, minimal, because })
        }
    }
}

impl ViewLevel {
    fn anomaly(self) -> &'static str {
        match self {
            ViewLevel::Pram => "pram",
            ViewLevel::Causal => "causal",
            ViewLevel::CausalPlus => "causal+",
            ViewLevel::ReadYourWrites => "read-your-writes",
            ViewLevel::MonotonicReads => "monotonic-reads",
            ViewLevel::MonotonicWrites => "monotonic-writes",
            ViewLevel::WritesFollowReads => "writes-follow-reads",
        }
    }
}

fn because(level: ViewLevel, cause: &[&HistoryOp]) -> String {
    let what = match level {
        ViewLevel::Pram => "no order of all writes keeps every process's program order",
        ViewLevel::Causal => "no order of all writes keeps cause before effect",
        ViewLevel::CausalPlus => {
            "no single order of all writes decides every read of its causal past"
        }
        ViewLevel::ReadYourWrites => "a read misses a write its own process had made",
        ViewLevel::MonotonicReads => "a process goes back to what it had already seen replaced",
        ViewLevel::MonotonicWrites => "writes of one process are seen out of their order",
        ViewLevel::WritesFollowReads => "a write is seen without the write its process had read",
    };
    let ops: Vec<String> =
        cause.iter().map(|op| format!("{} (process {}: {op})", op.id, op.process)).collect();
    format!("In operations {}: {what}.", ops.join(", "))
}

type Views = Vec<(u32, Vec<u32>)>;

/// Views for every process, or `Err` if there are none, or nothing if the budget was spent.
fn views(
    model: &ObjectModel,
    ops: &[&HistoryOp],
    level: ViewLevel,
    budget: &mut Budget,
) -> Option<Result<Views, ()>> {
    let start = model.start();
    let nodes: Vec<ViewOp> = ops.iter().map(|&op| node(op)).collect();
    let mut choices = Vec::new();
    for (r, reader) in nodes.iter().enumerate() {
        let Some(value) = reader.read else { continue };
        let mut from: Vec<usize> = (0..nodes.len())
            .filter(|&w| w != r && nodes[w].wrote == Some(value))
            .filter(|&w| nodes[w].op.key == reader.op.key)
            .filter(|&w| !(nodes[w].op.process == reader.op.process && w > r))
            .collect();
        // The latest write of that value is the likeliest.
        from.reverse();
        if *value == start {
            from.push(INIT);
        }
        if from.is_empty() {
            return Some(Err(()));
        }
        choices.push((r, from));
    }
    let mut pick = vec![0usize; choices.len()];
    loop {
        budget.take(ops.len() as u64 + 1)?;
        let from: SortedMap<usize, usize> =
            choices.iter().zip(&pick).map(|((r, all), &i)| (*r, all[i])).collect();
        if let Some(views) = with(&nodes, &from, level) {
            return Some(Ok(views));
        }
        let Some(next) = (0..pick.len()).find(|&i| pick[i] + 1 < choices[i].1.len()) else {
            return Some(Err(()));
        };
        pick[next] += 1;
        pick[..next].fill(0);
    }
}

fn node(op: &HistoryOp) -> ViewOp<'_> {
    let answer = op.answer();
    let known = answer.filter(|v| **v != OpValue::Any);
    match op.f {
        F::Write | F::Put => ViewOp { op, wrote: op.args.first(), read: None },
        F::Read | F::Get => ViewOp { op, wrote: None, read: known },
        F::Cas if answer == Some(&OpValue::Bool(true)) => {
            ViewOp { op, wrote: op.args.get(1), read: op.args.first() }
        }
        F::Cas if op.maybe() => ViewOp { op, wrote: op.args.get(1), read: None },
        _ => ViewOp { op, wrote: None, read: None },
    }
}

/// Views with a given reads-from.
fn with(nodes: &[ViewOp], from: &SortedMap<usize, usize>, level: ViewLevel) -> Option<Views> {
    // A maybe-applied write that nobody saw is as good as none.
    let seen: crate::core::sorted::SortedSet<usize> = from.values().copied().collect();
    let live: Vec<usize> =
        (0..nodes.len()).filter(|i| !nodes[*i].op.maybe() || seen.contains(i)).collect();
    let base = asked(nodes, &live, from, level);
    if base.cyclic() {
        return None;
    }
    if level == ViewLevel::CausalPlus {
        converges(nodes, &live, from, &base)?;
    }
    let mut processes: Vec<u32> = live.iter().map(|&i| nodes[i].op.process).collect();
    processes.sort_unstable();
    processes.dedup();
    let mut views = Vec::new();
    for p in processes {
        let mine: Vec<usize> = live
            .iter()
            .copied()
            .filter(|&i| nodes[i].wrote.is_some() || nodes[i].op.process == p)
            .collect();
        let mut view = base.clone();
        own(nodes, &mine, p, level, &mut view);
        view.close();
        saturate(nodes, &mine, from, p, &mut view);
        if view.cyclic() {
            return None;
        }
        let order = serialize(nodes, &mine, from, (p, level), &view);
        views.push((p, order.into_iter().map(|i| nodes[i].op.id).collect()));
    }
    Some(views)
}

/// The pairs every view has to keep, closed.
fn asked(
    nodes: &[ViewOp],
    live: &[usize],
    from: &SortedMap<usize, usize>,
    level: ViewLevel,
) -> BitRelation {
    let mut all = BitRelation::new(nodes.len());
    let saw = |r: usize| from.get(&r).copied().filter(|w| *w != INIT);
    for (at, &b) in live.iter().enumerate() {
        let earlier = live[..at].iter().copied();
        // What timed out may take effect at any time later.
        let same = |a: &usize| nodes[*a].op.process == nodes[b].op.process;
        for a in earlier.filter(|a| same(a) && !nodes[*a].op.maybe()) {
            let writes = nodes[b].wrote.is_some();
            match level {
                ViewLevel::Pram | ViewLevel::Causal | ViewLevel::CausalPlus => {
                    all.add(a, b);
                }
                ViewLevel::MonotonicWrites if writes && nodes[a].wrote.is_some() => {
                    all.add(a, b);
                }
                ViewLevel::WritesFollowReads if writes => {
                    if let Some(w) = saw(a).filter(|&w| w != b) {
                        all.add(w, b);
                    }
                }
                _ => {}
            }
        }
        if matches!(level, ViewLevel::Causal | ViewLevel::CausalPlus)
            && let Some(w) = saw(b)
        {
            all.add(w, b);
        }
    }
    all.close();
    all
}

/// The pairs the view of process `p` has to keep besides. Whatever the level, a read does not see
/// what its own process writes there later.
fn own(nodes: &[ViewOp], mine: &[usize], p: u32, level: ViewLevel, view: &mut BitRelation) {
    let of_p: Vec<usize> = mine.iter().copied().filter(|&i| nodes[i].op.process == p).collect();
    for (at, &b) in of_p.iter().enumerate() {
        for &a in of_p[..at].iter().filter(|&&a| !nodes[a].op.maybe()) {
            let (first, second) = (&nodes[a], &nodes[b]);
            let same_key = first.op.key == second.op.key;
            let future = first.read.is_some() && second.wrote.is_some() && same_key;
            let wanted = match level {
                ViewLevel::ReadYourWrites => {
                    first.wrote.is_some() && second.read.is_some() && same_key
                }
                ViewLevel::MonotonicReads
                | ViewLevel::MonotonicWrites
                | ViewLevel::WritesFollowReads => first.read.is_some() && second.read.is_some(),
                _ => false,
            };
            if wanted || future {
                view.add(a, b);
            }
        }
    }
}

/// Adds what each read of process `p` implies until nothing new follows.
fn saturate(
    nodes: &[ViewOp],
    mine: &[usize],
    from: &SortedMap<usize, usize>,
    p: u32,
    view: &mut BitRelation,
) {
    let reads: Vec<(usize, usize)> = mine
        .iter()
        .filter(|&&r| nodes[r].op.process == p)
        .filter_map(|&r| from.get(&r).map(|&w| (r, w)))
        .collect();
    for &(r, w) in &reads {
        if w != INIT {
            view.add_closed(w, r);
        }
    }
    loop {
        let mut changed = false;
        for &(r, w) in &reads {
            let key = &nodes[r].op.key;
            let others = mine.iter().copied().filter(|&o| o != w && o != r);
            for o in others.filter(|&o| nodes[o].wrote.is_some() && nodes[o].op.key == *key) {
                if w == INIT || view.has(w, o) {
                    changed |= !view.has(r, o);
                    view.add_closed(r, o);
                } else if view.has(o, r) {
                    changed |= !view.has(o, w);
                    view.add_closed(o, w);
                }
            }
        }
        if !changed || view.cyclic() {
            return;
        }
    }
}

/// The view itself. Writes come as late as the reads allow; where reads are free to move, each
/// follows the write it saw.
fn serialize(
    nodes: &[ViewOp],
    mine: &[usize],
    from: &SortedMap<usize, usize>,
    (p, level): (u32, ViewLevel),
    view: &BitRelation,
) -> Vec<usize> {
    let sorted = view.order(mine);
    let saw = |r: usize| from.get(&r).copied().filter(|_| nodes[r].op.process == p);
    let mut out: Vec<usize> = Vec::with_capacity(mine.len());
    let mut done = vec![false; nodes.len()];
    let mut emit = |x: usize, out: &mut Vec<usize>| {
        let before = sorted.iter().copied().filter(|&y| view.has(y, x));
        for y in before.chain([x]) {
            if !std::mem::replace(&mut done[y], true) {
                out.push(y);
            }
        }
    };
    if level == ViewLevel::ReadYourWrites {
        let free = sorted.iter().copied().filter(|&r| saw(r).is_none() || saw(r) == Some(INIT));
        free.filter(|&r| nodes[r].wrote.is_none()).for_each(|r| emit(r, &mut out));
        for &w in sorted.iter().filter(|&&w| nodes[w].wrote.is_some()) {
            emit(w, &mut out);
            let readers = sorted.iter().copied().filter(|&r| saw(r) == Some(w));
            readers.for_each(|r| emit(r, &mut out));
        }
    }
    for &r in &sorted {
        if let Some(w) = saw(r) {
            if w != INIT {
                emit(w, &mut out);
            }
            emit(r, &mut out);
        }
    }
    sorted.iter().for_each(|&x| emit(x, &mut out));
    out
}

/// Causal convergence: conflicts seen in one causal past order the writes for everybody.
fn converges(
    nodes: &[ViewOp],
    live: &[usize],
    from: &SortedMap<usize, usize>,
    causal: &BitRelation,
) -> Option<()> {
    let mut all = causal.clone();
    for (&r, &w) in from {
        for &o in live.iter().filter(|&&o| o != w && o != r && nodes[o].wrote.is_some()) {
            if nodes[o].op.key == nodes[r].op.key && causal.has(o, r) {
                if w == INIT || causal.has(w, o) {
                    return None;
                }
                all.add_closed(o, w);
            }
        }
    }
    (!all.cyclic()).then_some(())
}

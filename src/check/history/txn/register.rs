//! Transactions that read and write registers, judged by the axioms of Cerone et al. (2015) in
//! the form of Biswas and Enea (2019): some commit order has to explain every read.
//!
//! Up to causal the order follows from the reads. Above, it is searched for: a transaction of a
//! prefix or snapshot level reads at one point and writes at a later one.

use super::{End, Step, Txn};
use crate::check::history::linearizable::{Outcome as Found, together};
use crate::check::history::model::Kind;
use crate::check::history::relation::Relation;
use crate::check::history::saturate::{INIT, Key, saturate};
use crate::check::history::search::{Item, Plan};
use crate::check::history::{
    Budget, F, Illegal, Legal, Model, Op, Outcome, Value, Verdict, explain,
};
use crate::core::sorted::{SortedMap, SortedSet};

/// A level of transactional consistency. All keep the order of sessions, except where a session
/// guarantee stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Reads within a transaction never go back behind what it has read.
    ReadCommitted,
    /// What a transaction sees of another it sees whole.
    ReadAtomic,
    /// What a transaction sees it sees with its causes.
    Causal,
    /// It sees a prefix of the commit order.
    Prefix,
    /// A prefix, and nobody wrote what it writes in between.
    Snapshot,
    /// One after the other.
    Serializable,
    /// One after the other, in real time.
    Strict,
    /// Its session's earlier writes.
    ReadYourWrites,
    /// What its session's earlier reads saw.
    MonotonicReads,
    /// Writes of a session in their order.
    MonotonicWrites,
    /// A write only with what its session had read.
    WritesFollowReads,
}

impl Level {
    /// Names of the command line.
    pub const ALL: [(&'static str, Level); 11] = [
        ("read-committed", Level::ReadCommitted),
        ("read-atomic", Level::ReadAtomic),
        ("causal", Level::Causal),
        ("prefix", Level::Prefix),
        ("si", Level::Snapshot),
        ("serializable", Level::Serializable),
        ("strict-serializable", Level::Strict),
        ("ryw", Level::ReadYourWrites),
        ("mr", Level::MonotonicReads),
        ("mw", Level::MonotonicWrites),
        ("wfr", Level::WritesFollowReads),
    ];

    /// Whether a transaction that reads a register twice has to see the same.
    fn repeatable(self) -> bool {
        self != Level::ReadCommitted && self <= Level::Strict
    }

    /// The anomaly a history shows that breaks this level and none weaker.
    fn anomaly(self) -> &'static str {
        match self {
            Level::ReadCommitted => "G1c",
            Level::ReadAtomic | Level::Causal => "G-single-item",
            Level::Prefix => "G-nonadjacent-item",
            Level::Snapshot => "lost-update",
            Level::Serializable => "G2-item",
            Level::Strict => "G2-item-realtime",
            Level::ReadYourWrites => "read-your-writes",
            Level::MonotonicReads => "monotonic-reads",
            Level::MonotonicWrites => "monotonic-writes",
            Level::WritesFollowReads => "writes-follow-reads",
        }
    }
}

/// Transactions one judgement may hold below prefix.
const MAX_TXNS: usize = 3000;

enum Answer {
    Legal(Vec<u32>),
    Illegal(SortedSet<&'static str>),
    Unknown,
}

/// Judges `txns` at `level`. For prefix and snapshot the witness is a commit order; for
/// serializable levels it replays.
pub fn judge(txns: &[Txn], level: Level, budget: &mut Budget) -> Verdict {
    let all: Vec<&Txn> = txns.iter().collect();
    let found = match check(&all, level, budget) {
        Answer::Legal(order) => return Verdict::Ok(Legal { order, views: Vec::new() }),
        Answer::Unknown => return Verdict::Unknown("the search budget was spent".into()),
        Answer::Illegal(found) => found,
    };
    let mut minimal = true;
    let mut illegal = |some: &[&Txn]| {
        closed(some, &all)
            && match check(some, level, budget) {
                Answer::Illegal(_) => true,
                Answer::Legal(_) => false,
                Answer::Unknown => {
                    minimal = false;
                    false
                }
            }
    };
    let core: Vec<u32> = explain::smallest(&all, &mut illegal).iter().map(|t| t.id).collect();
    let mut anomalies: Vec<String> = found.iter().map(|a| a.to_string()).collect();
    if anomalies.is_empty() {
        anomalies.push(weakest(&all, level, budget).anomaly().to_string());
    }
    let because = format!(
        "Transactions {} together show {}: no commit order explains what they read.",
        core.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
        anomalies.join(", ")
    );
    let cause = core.clone();
    Verdict::Illegal(Illegal { core, cause, anomalies, minimal, because })
}

/// The weakest level of the chain up to `level` that the history breaks.
fn weakest(txns: &[&Txn], level: Level, budget: &mut Budget) -> Level {
    if level > Level::Strict {
        return level;
    }
    let chain = Level::ALL.iter().map(|l| l.1).filter(|l| *l < level);
    chain
        .into_iter()
        .find(|l| matches!(check(txns, *l, budget), Answer::Illegal(_)))
        .unwrap_or(level)
}

/// Whether every value read in `some` was written in `some`, as far as it ever was.
fn closed(some: &[&Txn], all: &[&Txn]) -> bool {
    let written = |txns: &[&Txn]| -> SortedSet<(String, Value)> {
        let steps = txns.iter().flat_map(|t| &t.steps);
        steps
            .filter_map(|s| match s {
                Step::Write(k, v) => Some((k.clone(), v.clone())),
                _ => None,
            })
            .collect()
    };
    let (here, ever) = (written(some), written(all));
    some.iter().flat_map(|t| &t.steps).all(|s| match s {
        Step::Read(k, Some(v)) => {
            let place = (k.clone(), v.clone());
            here.contains(&place) || !ever.contains(&place)
        }
        _ => true,
    })
}

/// What a transaction did as others see it.
struct Face<'a> {
    txn: &'a Txn,
    /// Reads of what others wrote, in order.
    reads: Vec<(&'a str, &'a Value)>,
    /// Its last write of each key.
    writes: SortedMap<&'a str, &'a Value>,
}

fn check(txns: &[&Txn], level: Level, budget: &mut Budget) -> Answer {
    let mut bad = SortedSet::new();
    let faces: Vec<Face> =
        txns.iter().filter(|t| t.may_count()).map(|t| face(t, level, &mut bad)).collect();
    let from = sources(txns, &faces, &mut bad);
    if !bad.is_empty() {
        return Answer::Illegal(bad);
    }
    match level {
        Level::Prefix | Level::Snapshot | Level::Serializable | Level::Strict => {
            ordered(&faces, &from, level, budget)
        }
        _ if faces.len() > MAX_TXNS => Answer::Unknown,
        _ => saturated(&faces, from, level, budget),
    }
}

fn face<'a>(txn: &'a Txn, level: Level, bad: &mut SortedSet<&'static str>) -> Face<'a> {
    let mut face = Face { txn, reads: Vec::new(), writes: SortedMap::new() };
    let mut now: SortedMap<&str, &Value> = SortedMap::new();
    for step in &txn.steps {
        match step {
            Step::Write(k, v) => {
                now.insert(k, v);
                face.writes.insert(k, v);
            }
            Step::Read(k, Some(v)) if txn.end == End::Committed => {
                let own = face.writes.contains_key(k.as_str());
                match now.insert(k, v) {
                    // Where reads may change, a second look after another read says more.
                    Some(before) if before == v && (own || level.repeatable()) => {}
                    Some(_) if own || level.repeatable() => {
                        bad.insert("internal");
                    }
                    _ => face.reads.push((k, v)),
                }
            }
            _ => {}
        }
    }
    face
}

/// A read: reader, position among its reads, and the transactions it may have seen. `INIT` is
/// the start.
type Source = (usize, usize, Vec<usize>);

fn sources(txns: &[&Txn], faces: &[Face], bad: &mut SortedSet<&'static str>) -> Vec<Source> {
    let mut last: SortedMap<(&str, &Value), Vec<usize>> = SortedMap::new();
    for (i, f) in faces.iter().enumerate() {
        for (k, v) in &f.writes {
            last.entry((k, v)).or_default().push(i);
        }
    }
    let mut any: SortedMap<(&str, &Value), (bool, Vec<u32>)> = SortedMap::new();
    for t in txns {
        for s in &t.steps {
            if let Step::Write(k, v) = s {
                let entry = any.entry((k, v)).or_default();
                entry.0 |= t.may_count();
                entry.1.push(t.id);
            }
        }
    }
    let mut all = Vec::new();
    for (r, f) in faces.iter().enumerate() {
        for (n, &(k, v)) in f.reads.iter().enumerate() {
            let seen = last.get(&(k, v)).map(Vec::as_slice).unwrap_or_default();
            let mut from: Vec<usize> = seen.iter().copied().filter(|&w| w != r).collect();
            match any.get(&(k, v)) {
                None if matches!(v, Value::Nil | Value::Int(0)) => from.push(INIT),
                Some(_) if *v == Value::Nil => from.push(INIT),
                _ => {}
            }
            if from.is_empty() {
                bad.insert(match any.get(&(k, v)) {
                    Some((_, ids)) if ids.iter().all(|id| *id == f.txn.id) => "future-read",
                    Some((true, _)) => "G1b",
                    Some((false, _)) => "G1a",
                    None => "unwritten-read",
                });
            }
            all.push((r, n, from));
        }
    }
    all
}

/// Levels at which the commit order follows from the reads.
fn saturated(faces: &[Face], from: Vec<Source>, level: Level, budget: &mut Budget) -> Answer {
    let mut pick = vec![0usize; from.len()];
    loop {
        if budget.take(faces.len() as u64 + 1).is_none() {
            return Answer::Unknown;
        }
        let saw: Vec<(usize, usize, usize)> =
            from.iter().zip(&pick).map(|((r, n, all), &i)| (*r, *n, all[i])).collect();
        if let Some(order) = commit_order(faces, &saw, level) {
            return Answer::Legal(order);
        }
        let Some(next) = (0..pick.len()).find(|&i| pick[i] + 1 < from[i].2.len()) else {
            return Answer::Illegal(SortedSet::new());
        };
        pick[next] += 1;
        pick[..next].fill(0);
    }
}

fn commit_order(faces: &[Face], saw: &[(usize, usize, usize)], level: Level) -> Option<Vec<u32>> {
    let n = faces.len();
    let (mut so, mut wr) = (Relation::new(n), Relation::new(n));
    for b in 0..n {
        for a in (0..b).filter(|&a| faces[a].txn.session == faces[b].txn.session) {
            so.add(a, b);
        }
    }
    for &(r, _, w) in saw.iter().filter(|s| s.2 != INIT) {
        wr.add(w, r);
    }
    let before = visible(n, &so, &wr, level);
    let mut order = so.union(&wr);
    for &(r, at, w) in saw {
        let key = faces[r].reads[at].0;
        for o in (0..n).filter(|&o| o != w && o != r && faces[o].writes.contains_key(key)) {
            let sees = match level {
                Level::ReadCommitted => {
                    saw.iter().any(|&(r2, at2, w2)| r2 == r && at2 < at && w2 == o)
                }
                _ => before.has(o, r),
            };
            if sees {
                if w == INIT {
                    return None;
                }
                order.add(o, w);
            }
        }
    }
    order.close();
    let all: Vec<usize> = (0..n).collect();
    (!order.cyclic()).then(|| order.order(&all).into_iter().map(|i| faces[i].txn.id).collect())
}

/// What each transaction has to take into account at a level.
fn visible(n: usize, so: &Relation, wr: &Relation, level: Level) -> Relation {
    match level {
        Level::ReadCommitted => Relation::new(n),
        Level::ReadYourWrites => so.clone(),
        Level::MonotonicReads => wr.then(so),
        Level::MonotonicWrites => {
            let seen = so.then(wr);
            seen.union(&seen.then(so))
        }
        Level::WritesFollowReads => {
            let seen = wr.then(so).then(wr);
            seen.union(&seen.then(so))
        }
        Level::ReadAtomic => so.union(wr),
        _ => {
            let mut all = so.union(wr);
            all.close();
            all
        }
    }
}

/// Levels whose order has to be searched for.
fn ordered(faces: &[Face], from: &[Source], level: Level, budget: &mut Budget) -> Answer {
    // The start is a value nobody writes.
    let start = Value::Bool(false);
    let model = Model::starting(Kind::MultiRegister, start.clone());
    let initial: SortedSet<(usize, usize)> =
        from.iter().filter(|s| s.2.contains(&INIT)).map(|s| (s.0, s.1)).collect();
    let split = matches!(level, Level::Prefix | Level::Snapshot);
    let ops: Vec<Vec<Op>> = faces
        .iter()
        .enumerate()
        .map(|(i, f)| {
            let reads = f.reads.iter().enumerate().map(|(n, (k, v))| {
                let v = if initial.contains(&(i, n)) { start.clone() } else { (*v).clone() };
                step("r", Value::text(k), v)
            });
            let lock = |name| {
                let keys = f.writes.keys().filter(|_| level == Level::Snapshot);
                keys.map(move |k| step(name, Value::List(vec![Value::text(k)]), Value::Nil))
            };
            let writes = f.writes.iter().map(|(k, v)| step("w", Value::text(k), (*v).clone()));
            if split {
                let first: Vec<Value> = reads.chain(lock("lock")).collect();
                let second: Vec<Value> = writes.chain(lock("unlock")).collect();
                vec![op(f, 0, first), op(f, 1, second)]
            } else {
                vec![op(f, 1, reads.chain(writes).collect())]
            }
        })
        .collect();
    let mut plan = Plan::default();
    let mut chains: SortedMap<u32, usize> = SortedMap::new();
    let mut places: Vec<Option<(u32, u32)>> = Vec::new();
    for (f, ops) in faces.iter().zip(&ops) {
        let real = level == Level::Strict;
        let from = if real { f.txn.invoke } else { 0 };
        if f.txn.end == End::Unknown {
            let need = chains.get(&f.txn.session).map(|&c| (c as u32, plan.chains[c].len() as u32));
            let need: Vec<(u32, u32)> = need.into_iter().collect();
            let items = ops.iter().filter(|op| !op.args.is_empty());
            let item = |op| Item { op, from, until: u64::MAX, need: need.clone(), rank: u64::MAX };
            plan.classes.push(items.map(item).collect());
            continue;
        }
        let until = if real { f.txn.ret } else { u64::MAX };
        let chain = *chains.entry(f.txn.session).or_insert_with(|| {
            plan.chains.push(Vec::new());
            plan.chains.len() - 1
        });
        let at = plan.chains[chain].len() as u32;
        places.extend((0..ops.len() as u32).map(|n| Some((chain as u32, at + n))));
        let rank = f.txn.invoke;
        plan.chains[chain].extend(ops.iter().map(|op| Item {
            op,
            from,
            until,
            need: vec![],
            rank,
        }));
    }
    if let Some((order, keys)) = narrowed(faces, from, split, level) {
        if order.cyclic() {
            return Answer::Illegal(SortedSet::new());
        }
        plan.keep(&order, &places, &keys);
    }
    match together(&model, vec![plan], budget) {
        Found::Legal(orders) => {
            let ids = orders.into_iter().flatten();
            Answer::Legal(ids.filter(|id| id % 2 == 1).map(|id| id / 2).collect())
        }
        Found::Illegal(_) => Answer::Illegal(SortedSet::new()),
        Found::Unknown(_) => Answer::Unknown,
    }
}

/// What has to come first anyway, where all is certain and each read has one source. With
/// `split`, event `2i` is where transaction `i` reads and `2i + 1` where it writes.
fn narrowed(
    faces: &[Face],
    from: &[Source],
    split: bool,
    level: Level,
) -> Option<(Relation, Vec<Key>)> {
    let unknown = faces.iter().any(|f| f.txn.end != End::Committed);
    if unknown || faces.len() > MAX_TXNS / 2 || from.iter().any(|s| s.2.len() != 1) {
        return None;
    }
    let reads = |i: usize| if split { 2 * i } else { i };
    let writes = |i: usize| if split { 2 * i + 1 } else { i };
    let mut order = Relation::new(faces.len() * if split { 2 } else { 1 });
    let mut last: SortedMap<u32, usize> = SortedMap::new();
    let mut keys: SortedMap<&str, Key> = SortedMap::new();
    for (i, f) in faces.iter().enumerate() {
        if let Some(before) = last.insert(f.txn.session, i) {
            order.add(writes(before), reads(i));
        }
        if split {
            order.add(reads(i), writes(i));
        }
        for k in f.writes.keys() {
            let key = keys.entry(k).or_default();
            key.writers.push(writes(i));
            if level == Level::Snapshot {
                key.spans.push((reads(i), writes(i)));
            }
        }
    }
    for (r, n, sources) in from {
        let key = keys.entry(faces[*r].reads[*n].0).or_default();
        let w = sources[0];
        key.reads.push((reads(*r), if w == INIT { INIT } else { writes(w) }));
    }
    let keys: Vec<Key> = keys.into_values().collect();
    saturate(&mut order, &keys);
    Some((order, keys))
}

fn step(f: &str, key: Value, value: Value) -> Value {
    Value::List(vec![Value::text(f), key, value])
}

fn op(face: &Face, half: u32, args: Vec<Value>) -> Op {
    let outcome = if face.txn.end == End::Committed {
        Outcome::Ok(Value::List(args.clone()))
    } else {
        Outcome::Unknown
    };
    let (id, process) = (face.txn.id * 2 + half, face.txn.session);
    Op { id, process, key: None, f: F::Txn, args, invoke: 0, ret: None, outcome }
}

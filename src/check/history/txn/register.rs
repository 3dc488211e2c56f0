//! Transactions that read and write registers, judged by the axioms of Cerone et al. (2015) in
//! the form of Biswas and Enea (2019): some commit order has to explain every read.
//!
//! Up to causal the order follows from the reads. Above, it is searched for: a transaction of a
//! prefix or snapshot level reads at one point and writes at a later one.
//!
//! A transaction of unknown outcome took effect where its writes were read, and is left out where
//! nobody read them: no answer can tell.

use super::{End, Step, Txn};
use crate::check::history::linearizable::{Outcome as Found, together};
use crate::check::history::model::Kind;
use crate::check::history::relation::Relation;
use crate::check::history::saturate::{INIT, Key, saturate};
use crate::check::history::search::{Item, Plan};
use crate::check::history::{
    Budget, F, Illegal, Legal, Model, Op, Outcome, SPENT, Undecided, Value, Verdict, explain,
};
use crate::core::sorted::{SortedMap, SortedSet};

/// Which levels keep the order of sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sessions {
    /// All, as Cerone et al. and Biswas and Enea define them: of a history that is given as
    /// sessions.
    Always,
    /// Those that say so, as Adya, and Daudjee and Salem, define them: *serializable* is one order
    /// without regard to sessions or time, *strong session serializable* keeps the order of
    /// sessions, *strict serializable* keeps real time.
    #[default]
    ByName,
}

/// A level of transactional consistency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Reads within a transaction never go back behind what it has read.
    ReadCommitted,
    /// What a transaction sees of another it sees whole.
    ReadAtomic,
    /// What a transaction sees it sees with its causes.
    Causal,
    /// The same without regard to sessions.
    Cerone,
    /// It sees a prefix of the commit order.
    Prefix,
    /// A prefix, and nobody wrote what it writes in between.
    Snapshot,
    /// The same, and sessions keep their order.
    SessionSnapshot,
    /// One after the other.
    Serializable,
    /// One after the other, and sessions keep their order.
    SessionSerializable,
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
    pub const ALL: [(&'static str, Level); 14] = [
        ("read-committed", Level::ReadCommitted),
        ("read-atomic", Level::ReadAtomic),
        ("causal", Level::Causal),
        ("causal-cerone", Level::Cerone),
        ("prefix", Level::Prefix),
        ("si", Level::Snapshot),
        ("strong-session-si", Level::SessionSnapshot),
        ("serializable", Level::Serializable),
        ("strong-session-serializable", Level::SessionSerializable),
        ("strict-serializable", Level::Strict),
        ("ryw", Level::ReadYourWrites),
        ("mr", Level::MonotonicReads),
        ("mw", Level::MonotonicWrites),
        ("wfr", Level::WritesFollowReads),
    ];

    /// The level of that name.
    pub fn parse(name: &str) -> Option<Level> {
        Level::ALL.iter().find(|(n, _)| *n == name).map(|(_, l)| *l)
    }

    /// Whether the commit order keeps that of sessions.
    fn keeps(self, sessions: Sessions) -> bool {
        use Level::*;
        sessions == Sessions::Always
            || !matches!(
                self,
                ReadCommitted | ReadAtomic | Cerone | Prefix | Snapshot | Serializable
            )
    }

    fn snapshot(self) -> bool {
        matches!(self, Level::Snapshot | Level::SessionSnapshot)
    }

    /// Whether a transaction that reads a register twice has to see the same.
    fn repeatable(self) -> bool {
        self != Level::ReadCommitted && self <= Level::Strict
    }

    /// The anomaly a history shows that breaks this level and none weaker.
    fn anomaly(self) -> &'static str {
        match self {
            Level::ReadCommitted => "G1c",
            Level::ReadAtomic | Level::Causal | Level::Cerone => "G-single-item",
            Level::Prefix => "G-nonadjacent-item",
            Level::Snapshot => "lost-update",
            Level::SessionSnapshot => "G-nonadjacent-item-process",
            Level::Serializable => "G2-item",
            Level::SessionSerializable => "G2-item-process",
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
/// Transactions beyond which an order that also keeps sessions is looked for first.
const FEW: usize = 24;

enum Answer {
    Legal(Vec<u32>),
    Illegal(SortedSet<&'static str>),
    /// With the longest beginning of an order that was found.
    Unknown(Vec<u32>),
}

/// What is asked of a history.
#[derive(Clone, Copy)]
struct Asked<'a> {
    level: Level,
    sessions: Sessions,
    /// Pairs of ids: the first wrote an earlier version of something than the second.
    versions: &'a [(u32, u32)],
}

impl Asked<'_> {
    fn keeps(&self) -> bool {
        self.level.keeps(self.sessions)
    }
}

/// Judges `txns` at `level`. For prefix and snapshot the witness is a commit order; for
/// serializable levels it replays.
pub fn judge(txns: &[Txn], level: Level, sessions: Sessions, budget: &mut Budget) -> Verdict {
    with_versions(txns, level, sessions, &|_| Vec::new(), budget)
}

/// What some transactions tell of the order of versions: pairs of ids of which the first wrote an
/// earlier version of something than the second.
pub(super) type Versions<'a> = dyn Fn(&[&Txn]) -> Vec<(u32, u32)> + 'a;

/// The same where transactions tell the order of versions.
pub(super) fn with_versions(
    txns: &[Txn],
    level: Level,
    sessions: Sessions,
    versions: &Versions,
    budget: &mut Budget,
) -> Verdict {
    let all: Vec<&Txn> = txns.iter().collect();
    let told = versions(&all);
    let asked = Asked { level, sessions, versions: &told };
    let found = match check(&all, asked, budget) {
        Answer::Legal(order) => return Verdict::Ok(Legal { order, views: Vec::new() }),
        Answer::Unknown(order) => {
            return Verdict::Unknown(Undecided { because: SPENT.into(), order });
        }
        Answer::Illegal(found) => found,
    };
    let mut minimal = true;
    let mut illegal = |some: &[&Txn]| {
        closed(some, &all)
            && match check(some, Asked { versions: &versions(some), ..asked }, budget) {
                Answer::Illegal(_) => true,
                Answer::Legal(_) => false,
                Answer::Unknown(_) => {
                    minimal = false;
                    false
                }
            }
    };
    let core: Vec<u32> = explain::smallest(&all, &mut illegal).iter().map(|t| t.id).collect();
    let mut anomalies: Vec<String> = found.iter().map(|a| a.to_string()).collect();
    if anomalies.is_empty() {
        anomalies.push(weakest(&all, asked, budget).anomaly().to_string());
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
fn weakest(txns: &[&Txn], asked: Asked, budget: &mut Budget) -> Level {
    if asked.level > Level::Strict {
        return asked.level;
    }
    let weaker = Level::ALL.iter().map(|l| Asked { level: l.1, ..asked });
    let mut chain = weaker.filter(|a| a.level < asked.level && (asked.keeps() || !a.keeps()));
    chain
        .find(|a| matches!(check(txns, *a, budget), Answer::Illegal(_)))
        .map_or(asked.level, |a| a.level)
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
    /// It took effect.
    sure: bool,
    /// Reads of what others wrote, in order.
    reads: Vec<(&'a str, &'a Value)>,
    /// Its last write of each key.
    writes: SortedMap<&'a str, &'a Value>,
}

fn check(txns: &[&Txn], asked: Asked, budget: &mut Budget) -> Answer {
    let mut bad = SortedSet::new();
    let live = txns.iter().filter(|t| t.may_count());
    let faces: Vec<Face> = live.map(|t| face(t, asked.level, &mut bad)).collect();
    let from = sources(txns, &faces, &mut bad);
    if !bad.is_empty() {
        return Answer::Illegal(bad);
    }
    let (faces, from) = seen(faces, from);
    if !asked.keeps() && faces.len() > FEW {
        // Sessions are long chains, among which there is less to try; most orders keep them.
        let kept = Asked { sessions: Sessions::Always, ..asked };
        let steps = budget.steps / 4;
        let mut some = Budget { steps, should_stop: budget.should_stop };
        let answer = decide(&faces, from.clone(), kept, &mut some);
        budget.steps -= steps - some.steps;
        if matches!(answer, Answer::Legal(_)) {
            return answer;
        }
    }
    decide(&faces, from, asked, budget)
}

fn decide(faces: &[Face], from: Vec<Source>, asked: Asked, budget: &mut Budget) -> Answer {
    match asked.level {
        Level::Prefix
        | Level::Snapshot
        | Level::SessionSnapshot
        | Level::Serializable
        | Level::SessionSerializable
        | Level::Strict => ordered(faces, &from, asked, budget),
        _ if faces.len() > MAX_TXNS => Answer::Unknown(Vec::new()),
        _ => saturated(faces, from, asked, budget),
    }
}

/// Without the transactions of unknown outcome that nobody read. One that alone can have written
/// what was read took effect.
fn seen<'a>(mut faces: Vec<Face<'a>>, from: Vec<Source>) -> (Vec<Face<'a>>, Vec<Source>) {
    let mut read = vec![false; faces.len()];
    for (.., all) in &from {
        all.iter().filter(|w| **w != INIT).for_each(|w| read[*w] = true);
        if let [w] = all[..]
            && w != INIT
        {
            faces[w].sure = true;
        }
    }
    let mut place = vec![INIT; faces.len()];
    let mut kept = Vec::new();
    for (i, face) in faces.into_iter().enumerate() {
        if face.sure || read[i] {
            place[i] = kept.len();
            kept.push(face);
        }
    }
    let new = |w: usize| if w == INIT { INIT } else { place[w] };
    let moved = from.into_iter().map(|(r, n, all)| (new(r), n, all.into_iter().map(new).collect()));
    (kept, moved.collect())
}

fn face<'a>(txn: &'a Txn, level: Level, bad: &mut SortedSet<&'static str>) -> Face<'a> {
    let sure = txn.end == End::Committed;
    let mut face = Face { txn, sure, reads: Vec::new(), writes: SortedMap::new() };
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
fn saturated(faces: &[Face], from: Vec<Source>, asked: Asked, budget: &mut Budget) -> Answer {
    let mut pick = vec![0usize; from.len()];
    loop {
        if budget.take(faces.len() as u64 + 1).is_none() {
            return Answer::Unknown(Vec::new());
        }
        let saw: Vec<(usize, usize, usize)> =
            from.iter().zip(&pick).map(|((r, n, all), &i)| (*r, *n, all[i])).collect();
        if let Some(order) = commit_order(faces, &saw, asked) {
            return Answer::Legal(order);
        }
        let Some(next) = (0..pick.len()).find(|&i| pick[i] + 1 < from[i].2.len()) else {
            return Answer::Illegal(SortedSet::new());
        };
        pick[next] += 1;
        pick[..next].fill(0);
    }
}

/// Pairs of the same session, the first before the second. What ended without an answer may take
/// effect after what its session did later.
fn session_order(faces: &[Face]) -> Relation {
    let mut so = Relation::new(faces.len());
    for b in 0..faces.len() {
        let same = |a: &usize| faces[*a].txn.session == faces[b].txn.session;
        for a in (0..b).filter(same).filter(|&a| faces[a].txn.end == End::Committed) {
            so.add(a, b);
        }
    }
    so
}

/// Adds what is known of the order of versions; `at` tells where a transaction writes.
fn add_versions(faces: &[Face], asked: Asked, order: &mut Relation, at: &dyn Fn(usize) -> usize) {
    let places: SortedMap<u32, usize> =
        faces.iter().enumerate().map(|(i, f)| (f.txn.id, i)).collect();
    for (a, b) in asked.versions {
        if let (Some(&a), Some(&b)) = (places.get(a), places.get(b)) {
            order.add(at(a), at(b));
        }
    }
}

fn commit_order(faces: &[Face], saw: &[(usize, usize, usize)], asked: Asked) -> Option<Vec<u32>> {
    let n = faces.len();
    let level = asked.level;
    let so = if asked.keeps() { session_order(faces) } else { Relation::new(n) };
    let mut wr = Relation::new(n);
    for &(r, _, w) in saw.iter().filter(|s| s.2 != INIT) {
        wr.add(w, r);
    }
    let before = visible(n, &so, &wr, level);
    let mut order = so.union(&wr);
    add_versions(faces, asked, &mut order, &|i| i);
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
fn ordered(faces: &[Face], from: &[Source], asked: Asked, budget: &mut Budget) -> Answer {
    let halves = halves(faces, from, asked.level);
    let narrowed = narrowed(faces, from, asked);
    if narrowed.as_ref().is_some_and(|(order, _)| order.cyclic()) {
        return Answer::Illegal(SortedSet::new());
    }
    let mut plan = Plan::default();
    let real = asked.level == Level::Strict;
    let mut chains: SortedMap<u32, usize> = SortedMap::new();
    // Where each half sits: chain and position.
    let mut places: Vec<Option<(u32, u32)>> = Vec::new();
    for (f, ops) in faces.iter().zip(&halves) {
        let from = if real { f.txn.invoke } else { 0 };
        let until = if real && f.txn.end == End::Committed { f.txn.ret } else { u64::MAX };
        let before = chains.get(&f.txn.session).filter(|_| asked.keeps());
        let need = before.map(|&c| (c as u32, plan.chains[c].len() as u32));
        let item = |op, need: &Option<(u32, u32)>, rank| {
            let need = need.iter().copied().collect();
            Item { op, from, until, need, rank }
        };
        if !f.sure {
            let items = ops.iter().filter(|op| !op.args.is_empty());
            plan.classes.push(items.map(|op| item(op, &need, u64::MAX)).collect());
            places.extend(ops.iter().map(|_| None));
            continue;
        }
        // Nobody of the session waits for what ended without an answer.
        let own = !asked.keeps() || f.txn.end != End::Committed;
        let chain = match before {
            Some(&chain) if !own => chain,
            _ => {
                plan.chains.push(Vec::new());
                plan.chains.len() - 1
            }
        };
        if !own {
            chains.insert(f.txn.session, chain);
        }
        let at = plan.chains[chain].len() as u32;
        places.extend((0..ops.len() as u32).map(|n| Some((chain as u32, at + n))));
        let need = need.filter(|_| own);
        plan.chains[chain].extend(ops.iter().map(|op| item(op, &need, f.txn.invoke)));
    }
    if let Some((order, keys)) = narrowed {
        plan.keep(&order, &places, &keys);
    } else if !asked.versions.is_empty() {
        let split = halves.first().is_some_and(|h| h.len() == 2);
        let at = |i: usize| if split { 2 * i + 1 } else { i };
        let mut order = Relation::new(places.len());
        add_versions(faces, asked, &mut order, &at);
        order.close();
        if order.cyclic() {
            return Answer::Illegal(SortedSet::new());
        }
        plan.wait(&order, &places);
    }
    let model = Model::starting(Kind::MultiRegister, START);
    let whole = |orders: Vec<Vec<u32>>| {
        let ids = orders.into_iter().flatten();
        ids.filter(|id| id % 2 == 1).map(|id| id / 2).collect()
    };
    match together(&model, vec![plan], budget) {
        Found::Legal(orders) => Answer::Legal(whole(orders)),
        Found::Illegal(_) => Answer::Illegal(SortedSet::new()),
        Found::Unknown(_, orders) => Answer::Unknown(whole(orders)),
    }
}

/// The start is a value nobody writes.
const START: Value = Value::Bool(false);

/// Each transaction as one operation, or, below serializable, as one that reads and one that writes.
fn halves(faces: &[Face], from: &[Source], level: Level) -> Vec<Vec<Op>> {
    let initial: SortedSet<(usize, usize)> =
        from.iter().filter(|s| s.2.contains(&INIT)).map(|s| (s.0, s.1)).collect();
    let split = level == Level::Prefix || level.snapshot();
    let halves = |(i, f): (usize, &Face)| {
        let reads = f.reads.iter().enumerate().map(|(n, (k, v))| {
            let v = if initial.contains(&(i, n)) { START } else { (*v).clone() };
            step("r", Value::text(k), v)
        });
        let lock = |name| {
            let keys = f.writes.keys().filter(|_| level.snapshot());
            keys.map(move |k| step(name, Value::List(vec![Value::text(k)]), Value::Nil))
        };
        let writes = f.writes.iter().map(|(k, v)| {
            let v = if **v == Value::Nil { START } else { (*v).clone() };
            step("w", Value::text(k), v)
        });
        if split {
            let first: Vec<Value> = reads.chain(lock("lock")).collect();
            let second: Vec<Value> = writes.chain(lock("unlock")).collect();
            vec![op(f, 0, first), op(f, 1, second)]
        } else {
            vec![op(f, 1, reads.chain(writes).collect())]
        }
    };
    faces.iter().enumerate().map(halves).collect()
}

/// What has to come first anyway, where all is certain and each read has one source. Where
/// transactions are split, event `2i` is where transaction `i` reads and `2i + 1` where it writes.
fn narrowed(faces: &[Face], from: &[Source], asked: Asked) -> Option<(Relation, Vec<Key>)> {
    let unsure = faces.iter().any(|f| !f.sure);
    if unsure || faces.len() > MAX_TXNS / 2 || from.iter().any(|s| s.2.len() != 1) {
        return None;
    }
    let split = asked.level == Level::Prefix || asked.level.snapshot();
    let reads = |i: usize| if split { 2 * i } else { i };
    let writes = |i: usize| if split { 2 * i + 1 } else { i };
    let mut order = Relation::new(faces.len() * if split { 2 } else { 1 });
    let mut last: SortedMap<u32, usize> = SortedMap::new();
    let mut keys: SortedMap<&str, Key> = SortedMap::new();
    for (i, f) in faces.iter().enumerate() {
        if let Some(&before) = last.get(&f.txn.session).filter(|_| asked.keeps()) {
            order.add(writes(before), reads(i));
        }
        if f.txn.end == End::Committed {
            last.insert(f.txn.session, i);
        }
        if split {
            order.add(reads(i), writes(i));
        }
        for k in f.writes.keys() {
            let key = keys.entry(k).or_default();
            key.writers.push(writes(i));
            if asked.level.snapshot() {
                key.spans.push((reads(i), writes(i)));
            }
        }
    }
    for (r, n, sources) in from {
        let key = keys.entry(faces[*r].reads[*n].0).or_default();
        let w = sources[0];
        key.reads.push((reads(*r), if w == INIT { INIT } else { writes(w) }));
    }
    add_versions(faces, asked, &mut order, &writes);
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

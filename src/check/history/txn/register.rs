//! Transactions that read and write registers, judged by the axioms of Cerone et al. (2015) in
//! the form of Biswas and Enea (2019): some commit order has to explain every read.
//!
//! Up to causal the order follows from the reads. Above, it is searched for: a transaction of a
//! prefix or snapshot level reads at one point and writes at a later one.
//!
//! A transaction of unknown outcome took effect where its writes were read, and is left out where
//! nobody read them: no answer can tell.

use super::{Txn, TxnEnd, TxnStep};
use crate::check::history::linearizable::{Judgement, together};
use crate::check::history::model::ObjectKind;
use crate::check::history::relation::BitRelation;
use crate::check::history::saturate::{INIT, KeyAccesses, saturate};
use crate::check::history::search::{SearchItem, SearchPlan};
use crate::check::history::{
    Budget, F, HistoryOp, HistoryVerdict, Illegal, Legal, ObjectModel, OpOutcome, OpValue, SPENT,
    Undecided, explain,
};
use crate::core::sorted::{SortedMap, SortedSet};

/// Which levels keep the order of sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionOrder {
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
pub enum TxnLevel {
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

impl TxnLevel {
    /// Names of the command line.
    pub const ALL: [(&'static str, TxnLevel); 14] = [
        ("read-committed", TxnLevel::ReadCommitted),
        ("read-atomic", TxnLevel::ReadAtomic),
        ("causal", TxnLevel::Causal),
        ("causal-cerone", TxnLevel::Cerone),
        ("prefix", TxnLevel::Prefix),
        ("si", TxnLevel::Snapshot),
        ("strong-session-si", TxnLevel::SessionSnapshot),
        ("serializable", TxnLevel::Serializable),
        ("strong-session-serializable", TxnLevel::SessionSerializable),
        ("strict-serializable", TxnLevel::Strict),
        ("ryw", TxnLevel::ReadYourWrites),
        ("mr", TxnLevel::MonotonicReads),
        ("mw", TxnLevel::MonotonicWrites),
        ("wfr", TxnLevel::WritesFollowReads),
    ];

    /// The level of that name.
    pub fn parse(name: &str) -> Option<TxnLevel> {
        TxnLevel::ALL.iter().find(|(n, _)| *n == name).map(|(_, l)| *l)
    }

    /// Whether the commit order keeps that of sessions.
    fn keeps(self, sessions: SessionOrder) -> bool {
        use TxnLevel::*;
        sessions == SessionOrder::Always
            || !matches!(
                self,
                ReadCommitted | ReadAtomic | Cerone | Prefix | Snapshot | Serializable
            )
    }

    fn snapshot(self) -> bool {
        matches!(self, TxnLevel::Snapshot | TxnLevel::SessionSnapshot)
    }

    /// Whether a transaction that reads a register twice has to see the same.
    fn repeatable(self) -> bool {
        self != TxnLevel::ReadCommitted && self <= TxnLevel::Strict
    }

    /// The anomaly a history shows that breaks this level and none weaker.
    fn anomaly(self) -> &'static str {
        match self {
            TxnLevel::ReadCommitted => "G1c",
            TxnLevel::ReadAtomic | TxnLevel::Causal | TxnLevel::Cerone => "G-single-item",
            TxnLevel::Prefix => "G-nonadjacent-item",
            TxnLevel::Snapshot => "lost-update",
            TxnLevel::SessionSnapshot => "G-nonadjacent-item-process",
            TxnLevel::Serializable => "G2-item",
            TxnLevel::SessionSerializable => "G2-item-process",
            TxnLevel::Strict => "G2-item-realtime",
            TxnLevel::ReadYourWrites => "read-your-writes",
            TxnLevel::MonotonicReads => "monotonic-reads",
            TxnLevel::MonotonicWrites => "monotonic-writes",
            TxnLevel::WritesFollowReads => "writes-follow-reads",
        }
    }
}

/// Transactions one judgement may hold below prefix.
const MAX_TXNS: usize = 3000;
/// Transactions beyond which an order that also keeps sessions is looked for first.
const FEW: usize = 24;

enum LevelAnswer {
    Legal(Vec<u32>),
    Illegal(SortedSet<&'static str>),
    /// With the longest beginning of an order that was found.
    Unknown(Vec<u32>),
}

/// What is asked of a history.
#[derive(Clone, Copy)]
struct Asked<'a> {
    level: TxnLevel,
    sessions: SessionOrder,
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
pub fn judge(
    txns: &[Txn],
    level: TxnLevel,
    sessions: SessionOrder,
    budget: &mut Budget,
) -> HistoryVerdict {
    with_versions(txns, level, sessions, &|_| Vec::new(), budget)
}

/// What some transactions tell of the order of versions: pairs of ids of which the first wrote an
/// earlier version of something than the second.
pub(super) type Versions<'a> = dyn Fn(&[&Txn]) -> Vec<(u32, u32)> + 'a;

/// The same where transactions tell the order of versions.
pub(super) fn with_versions(
    txns: &[Txn],
    level: TxnLevel,
    sessions: SessionOrder,
    versions: &Versions,
    budget: &mut Budget,
) -> HistoryVerdict {
    let all: Vec<&Txn> = txns.iter().collect();
    let told = versions(&all);
    let asked = Asked { level, sessions, versions: &told };
    let found = match check(&all, asked, budget) {
        LevelAnswer::Legal(order) => return HistoryVerdict::Ok(Legal { order, views: Vec::new() }),
        LevelAnswer::Unknown(order) => {
            return HistoryVerdict::Unknown(Undecided { because: SPENT.into(), order });
        }
        LevelAnswer::Illegal(found) => found,
    };
    let mut minimal = true;
    let mut illegal = |some: &[&Txn]| {
        closed(some, &all)
            && match check(some, Asked { versions: &versions(some), ..asked }, budget) {
                LevelAnswer::Illegal(_) => true,
                LevelAnswer::Legal(_) => false,
                LevelAnswer::Unknown(_) => {
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
    HistoryVerdict::Illegal(Illegal { core, cause, anomalies, minimal, because })
}

/// The weakest level of the chain up to `level` that the history breaks.
fn weakest(txns: &[&Txn], asked: Asked, budget: &mut Budget) -> TxnLevel {
    if asked.level > TxnLevel::Strict {
        return asked.level;
    }
    let weaker = TxnLevel::ALL.iter().map(|l| Asked { level: l.1, ..asked });
    let mut chain = weaker.filter(|a| a.level < asked.level && (asked.keeps() || !a.keeps()));
    chain
        .find(|a| matches!(check(txns, *a, budget), LevelAnswer::Illegal(_)))
        .map_or(asked.level, |a| a.level)
}

/// Whether every value read in `some` was written in `some`, as far as it ever was.
fn closed(some: &[&Txn], all: &[&Txn]) -> bool {
    let written = |txns: &[&Txn]| -> SortedSet<(String, OpValue)> {
        let steps = txns.iter().flat_map(|t| &t.steps);
        steps
            .filter_map(|s| match s {
                TxnStep::Write(k, v) => Some((k.clone(), v.clone())),
                _ => None,
            })
            .collect()
    };
    let (here, ever) = (written(some), written(all));
    some.iter().flat_map(|t| &t.steps).all(|s| match s {
        TxnStep::Read(k, Some(v)) => {
            let place = (k.clone(), v.clone());
            here.contains(&place) || !ever.contains(&place)
        }
        _ => true,
    })
}

/// What a transaction did as others see it.
struct TxnFace<'a> {
    txn: &'a Txn,
    /// It took effect.
    sure: bool,
    /// Reads of what others wrote, in order.
    reads: Vec<(&'a str, &'a OpValue)>,
    /// Its last write of each key.
    writes: SortedMap<&'a str, &'a OpValue>,
}

fn check(txns: &[&Txn], asked: Asked, budget: &mut Budget) -> LevelAnswer {
    let mut bad = SortedSet::new();
    let live = txns.iter().filter(|t| t.may_count());
    let faces: Vec<TxnFace> = live.map(|t| face(t, asked.level, &mut bad)).collect();
    let from = sources(txns, &faces, &mut bad);
    if !bad.is_empty() {
        return LevelAnswer::Illegal(bad);
    }
    let (faces, from) = seen(faces, from);
    if !asked.keeps() && faces.len() > FEW {
        // Sessions are long chains, among which there is less to try; most orders keep them.
        let kept = Asked { sessions: SessionOrder::Always, ..asked };
        let steps = budget.steps / 4;
        let mut some = Budget { steps, should_stop: budget.should_stop };
        let answer = decide(&faces, from.clone(), kept, &mut some);
        budget.steps -= steps - some.steps;
        if matches!(answer, LevelAnswer::Legal(_)) {
            return answer;
        }
    }
    decide(&faces, from, asked, budget)
}

fn decide(
    faces: &[TxnFace],
    from: Vec<ReadSource>,
    asked: Asked,
    budget: &mut Budget,
) -> LevelAnswer {
    match asked.level {
        TxnLevel::Prefix
        | TxnLevel::Snapshot
        | TxnLevel::SessionSnapshot
        | TxnLevel::Serializable
        | TxnLevel::SessionSerializable
        | TxnLevel::Strict => ordered(faces, &from, asked, budget),
        _ if faces.len() > MAX_TXNS => LevelAnswer::Unknown(Vec::new()),
        _ => saturated(faces, from, asked, budget),
    }
}

/// Without the transactions of unknown outcome that nobody read. One that alone can have written
/// what was read took effect.
fn seen<'a>(
    mut faces: Vec<TxnFace<'a>>,
    from: Vec<ReadSource>,
) -> (Vec<TxnFace<'a>>, Vec<ReadSource>) {
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

fn face<'a>(txn: &'a Txn, level: TxnLevel, bad: &mut SortedSet<&'static str>) -> TxnFace<'a> {
    let sure = txn.end == TxnEnd::Committed;
    let mut face = TxnFace { txn, sure, reads: Vec::new(), writes: SortedMap::new() };
    let mut now: SortedMap<&str, &OpValue> = SortedMap::new();
    for step in &txn.steps {
        match step {
            TxnStep::Write(k, v) => {
                now.insert(k, v);
                face.writes.insert(k, v);
            }
            TxnStep::Read(k, Some(v)) if txn.end == TxnEnd::Committed => {
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
type ReadSource = (usize, usize, Vec<usize>);

fn sources(txns: &[&Txn], faces: &[TxnFace], bad: &mut SortedSet<&'static str>) -> Vec<ReadSource> {
    let mut last: SortedMap<(&str, &OpValue), Vec<usize>> = SortedMap::new();
    for (i, f) in faces.iter().enumerate() {
        for (k, v) in &f.writes {
            last.entry((k, v)).or_default().push(i);
        }
    }
    let mut any: SortedMap<(&str, &OpValue), (bool, Vec<u32>)> = SortedMap::new();
    for t in txns {
        for s in &t.steps {
            if let TxnStep::Write(k, v) = s {
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
                None if matches!(v, OpValue::Nil | OpValue::Int(0)) => from.push(INIT),
                Some(_) if *v == OpValue::Nil => from.push(INIT),
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
fn saturated(
    faces: &[TxnFace],
    from: Vec<ReadSource>,
    asked: Asked,
    budget: &mut Budget,
) -> LevelAnswer {
    let mut pick = vec![0usize; from.len()];
    loop {
        if budget.take(faces.len() as u64 + 1).is_none() {
            return LevelAnswer::Unknown(Vec::new());
        }
        let saw: Vec<(usize, usize, usize)> =
            from.iter().zip(&pick).map(|((r, n, all), &i)| (*r, *n, all[i])).collect();
        if let Some(order) = commit_order(faces, &saw, asked) {
            return LevelAnswer::Legal(order);
        }
        let Some(next) = (0..pick.len()).find(|&i| pick[i] + 1 < from[i].2.len()) else {
            return LevelAnswer::Illegal(SortedSet::new());
        };
        pick[next] += 1;
        pick[..next].fill(0);
    }
}

/// Pairs of the same session, the first before the second. What ended without an answer may take
/// effect after what its session did later.
fn session_order(faces: &[TxnFace]) -> BitRelation {
    let mut so = BitRelation::new(faces.len());
    for b in 0..faces.len() {
        let same = |a: &usize| faces[*a].txn.session == faces[b].txn.session;
        for a in (0..b).filter(same).filter(|&a| faces[a].txn.end == TxnEnd::Committed) {
            so.add(a, b);
        }
    }
    so
}

/// Adds what is known of the order of versions; `at` tells where a transaction writes.
fn add_versions(
    faces: &[TxnFace],
    asked: Asked,
    order: &mut BitRelation,
    at: &dyn Fn(usize) -> usize,
) {
    let places: SortedMap<u32, usize> =
        faces.iter().enumerate().map(|(i, f)| (f.txn.id, i)).collect();
    for (a, b) in asked.versions {
        if let (Some(&a), Some(&b)) = (places.get(a), places.get(b)) {
            order.add(at(a), at(b));
        }
    }
}

fn commit_order(
    faces: &[TxnFace],
    saw: &[(usize, usize, usize)],
    asked: Asked,
) -> Option<Vec<u32>> {
    let n = faces.len();
    let level = asked.level;
    let so = if asked.keeps() { session_order(faces) } else { BitRelation::new(n) };
    let mut wr = BitRelation::new(n);
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
                TxnLevel::ReadCommitted => {
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
fn visible(n: usize, so: &BitRelation, wr: &BitRelation, level: TxnLevel) -> BitRelation {
    match level {
        TxnLevel::ReadCommitted => BitRelation::new(n),
        TxnLevel::ReadYourWrites => so.clone(),
        TxnLevel::MonotonicReads => wr.then(so),
        TxnLevel::MonotonicWrites => {
            let seen = so.then(wr);
            seen.union(&seen.then(so))
        }
        TxnLevel::WritesFollowReads => {
            let seen = wr.then(so).then(wr);
            seen.union(&seen.then(so))
        }
        TxnLevel::ReadAtomic => so.union(wr),
        _ => {
            let mut all = so.union(wr);
            all.close();
            all
        }
    }
}

/// Levels whose order has to be searched for.
fn ordered(
    faces: &[TxnFace],
    from: &[ReadSource],
    asked: Asked,
    budget: &mut Budget,
) -> LevelAnswer {
    let halves = halves(faces, from, asked.level);
    let narrowed = narrowed(faces, from, asked);
    if narrowed.as_ref().is_some_and(|(order, _)| order.cyclic()) {
        return LevelAnswer::Illegal(SortedSet::new());
    }
    let mut plan = SearchPlan::default();
    let real = asked.level == TxnLevel::Strict;
    let mut chains: SortedMap<u32, usize> = SortedMap::new();
    // Where each half sits: chain and position.
    let mut places: Vec<Option<(u32, u32)>> = Vec::new();
    for (f, ops) in faces.iter().zip(&halves) {
        let from = if real { f.txn.invoke } else { 0 };
        let until = if real && f.txn.end == TxnEnd::Committed { f.txn.ret } else { u64::MAX };
        let before = chains.get(&f.txn.session).filter(|_| asked.keeps());
        let need = before.map(|&c| (c as u32, plan.chains[c].len() as u32));
        let item = |op, need: &Option<(u32, u32)>, rank| {
            let need = need.iter().copied().collect();
            SearchItem { op, from, until, need, rank }
        };
        if !f.sure {
            let items = ops.iter().filter(|op| !op.args.is_empty());
            plan.classes.push(items.map(|op| item(op, &need, u64::MAX)).collect());
            places.extend(ops.iter().map(|_| None));
            continue;
        }
        // Nobody of the session waits for what ended without an answer.
        let own = !asked.keeps() || f.txn.end != TxnEnd::Committed;
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
        let mut order = BitRelation::new(places.len());
        add_versions(faces, asked, &mut order, &at);
        order.close();
        if order.cyclic() {
            return LevelAnswer::Illegal(SortedSet::new());
        }
        plan.wait(&order, &places);
    }
    let model = ObjectModel::starting(ObjectKind::MultiRegister, START);
    let whole = |orders: Vec<Vec<u32>>| {
        let ids = orders.into_iter().flatten();
        ids.filter(|id| id % 2 == 1).map(|id| id / 2).collect()
    };
    match together(&model, vec![plan], budget) {
        Judgement::Legal(orders) => LevelAnswer::Legal(whole(orders)),
        Judgement::Illegal(_) => LevelAnswer::Illegal(SortedSet::new()),
        Judgement::Unknown(_, orders) => LevelAnswer::Unknown(whole(orders)),
    }
}

/// The start is a value nobody writes.
const START: OpValue = OpValue::Bool(false);

/// Each transaction as one operation, or, below serializable, as one that reads and one that writes.
fn halves(faces: &[TxnFace], from: &[ReadSource], level: TxnLevel) -> Vec<Vec<HistoryOp>> {
    let initial: SortedSet<(usize, usize)> =
        from.iter().filter(|s| s.2.contains(&INIT)).map(|s| (s.0, s.1)).collect();
    let split = level == TxnLevel::Prefix || level.snapshot();
    let halves = |(i, f): (usize, &TxnFace)| {
        let reads = f.reads.iter().enumerate().map(|(n, (k, v))| {
            let v = if initial.contains(&(i, n)) { START } else { (*v).clone() };
            step("r", OpValue::text(k), v)
        });
        let lock = |name| {
            let keys = f.writes.keys().filter(|_| level.snapshot());
            keys.map(move |k| step(name, OpValue::List(vec![OpValue::text(k)]), OpValue::Nil))
        };
        let writes = f.writes.iter().map(|(k, v)| {
            let v = if **v == OpValue::Nil { START } else { (*v).clone() };
            step("w", OpValue::text(k), v)
        });
        if split {
            let first: Vec<OpValue> = reads.chain(lock("lock")).collect();
            let second: Vec<OpValue> = writes.chain(lock("unlock")).collect();
            vec![op(f, 0, first), op(f, 1, second)]
        } else {
            vec![op(f, 1, reads.chain(writes).collect())]
        }
    };
    faces.iter().enumerate().map(halves).collect()
}

/// What has to come first anyway, where all is certain and each read has one source. Where
/// transactions are split, event `2i` is where transaction `i` reads and `2i + 1` where it writes.
fn narrowed(
    faces: &[TxnFace],
    from: &[ReadSource],
    asked: Asked,
) -> Option<(BitRelation, Vec<KeyAccesses>)> {
    let unsure = faces.iter().any(|f| !f.sure);
    if unsure || faces.len() > MAX_TXNS / 2 || from.iter().any(|s| s.2.len() != 1) {
        return None;
    }
    let split = asked.level == TxnLevel::Prefix || asked.level.snapshot();
    let reads = |i: usize| if split { 2 * i } else { i };
    let writes = |i: usize| if split { 2 * i + 1 } else { i };
    let mut order = BitRelation::new(faces.len() * if split { 2 } else { 1 });
    let mut last: SortedMap<u32, usize> = SortedMap::new();
    let mut keys: SortedMap<&str, KeyAccesses> = SortedMap::new();
    for (i, f) in faces.iter().enumerate() {
        if let Some(&before) = last.get(&f.txn.session).filter(|_| asked.keeps()) {
            order.add(writes(before), reads(i));
        }
        if f.txn.end == TxnEnd::Committed {
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
    let keys: Vec<KeyAccesses> = keys.into_values().collect();
    saturate(&mut order, &keys);
    Some((order, keys))
}

fn step(f: &str, key: OpValue, value: OpValue) -> OpValue {
    OpValue::List(vec![OpValue::text(f), key, value])
}

fn op(face: &TxnFace, half: u32, args: Vec<OpValue>) -> HistoryOp {
    let outcome = if face.txn.end == TxnEnd::Committed {
        OpOutcome::Ok(OpValue::List(args.clone()))
    } else {
        OpOutcome::Unknown
    };
    let (id, process) = (face.txn.id * 2 + half, face.txn.session);
    HistoryOp { id, process, key: None, f: F::Txn, args, invoke: 0, ret: None, outcome }
}

//! What a server does.

use super::mutant::*;
use super::*;
use crate::core::protocol::Outcome;

type N = Node<Sessions>;
type Cx<'a> = Context<'a, Sessions>;

/// The server that takes all writes, where one does.
const PRIMARY: NodeId = NodeId(0);

/// A server starts.
pub(super) fn start(cx: &mut Cx) -> State {
    gossip_later(cx);
    State::default()
}

fn gossip_later(cx: &mut Cx) {
    let leads = cx.cfg.primary && cx.me == PRIMARY;
    if cx.cfg.gossip > 0 && !leads {
        // Drawn, so that servers do not all ask at once.
        let pause = cx.between(cx.cfg.gossip / 2, cx.cfg.gossip + cx.cfg.gossip / 2);
        cx.set_timer(Timer::Gossip, pause);
    }
}

/// A client's request.
pub(super) fn request(n: &mut N, cx: &mut Cx, id: OpId, op: Op) {
    // The network may double a request.
    let served = n.durable.served.get(&id.client).is_some_and(|last| id.nth <= *last);
    if served || n.state.waiting.iter().any(|w| w.id == id) {
        return;
    }
    let writes = matches!(op, Op::Put { .. });
    if (writes || cx.cfg.lead) && cx.cfg.primary && n.me != PRIMARY {
        cx.note("ToPrimary");
        return cx.reply(id, Outcome::Redirect(Some(PRIMARY)));
    }
    if writes && too_far_behind(n, cx) {
        return turn_away(n, cx, id, writes, Outcome::Fail("others are too far behind"));
    }
    let Some(fresher) = lacks(n, cx, &op) else { return serve(n, cx, id, op) };
    match cx.cfg.stale {
        Stale::Wait => wait(n, cx, id, op),
        Stale::Redirect => turn_away(n, cx, id, writes, Outcome::Redirect(Some(fresher))),
        Stale::Elsewhere => turn_away(n, cx, id, writes, Outcome::Redirect(None)),
        Stale::Refuse => turn_away(n, cx, id, writes, Outcome::Fail("not fresh enough")),
    }
}

/// The first server of whose writes this one lacks some that the token names: the comparison of
/// Terry et al., section 5.2.
fn lacks(n: &N, cx: &Cx, op: &Op) -> Option<NodeId> {
    let (Op::Get { wrote, read, .. } | Op::Put { wrote, read, .. }) = op;
    if cx.mutant(READS_ONLY) && matches!(op, Op::Put { .. }) {
        return None;
    }
    let mut wanted = wrote.clone();
    wanted.merge(read);
    if cx.mutant(ONE_NUMBER) && latest(&n.durable.seen) >= latest(&wanted) {
        return None;
    }
    wanted.iter().find(|(server, time)| n.durable.seen.get(server) < *time).map(|(s, _)| *s)
}

/// The Lamport time of the last write included.
fn latest(seen: &SessionVector) -> u64 {
    seen.iter().map(|(_, time)| time).max().unwrap_or(0)
}

fn wait(n: &mut N, cx: &mut Cx, id: OpId, op: Op) {
    cx.note("Wait");
    let until = cx.clock + cx.cfg.wait as i64;
    n.state.waiting.push_back(WaitingOp { id, op, until });
    if n.state.waiting.len() == 1 {
        cx.set_timer(Timer::Patience, cx.cfg.wait);
    }
}

/// A write that was refused must not be taken if its request comes again.
fn turn_away(n: &mut N, cx: &mut Cx, id: OpId, writes: bool, outcome: Outcome<Sessions>) {
    cx.note("NotFresh");
    if writes && matches!(outcome, Outcome::Fail(_)) {
        n.durable.served.insert(id.client, id.nth);
        cx.persist(&n.durable);
    }
    cx.reply(id, outcome);
}

/// Bounded staleness: some other lacks a write for too long.
fn too_far_behind(n: &N, cx: &Cx) -> bool {
    let oldest = n.state.behind.front().filter(|_| cx.cfg.bound > 0);
    oldest.is_some_and(|(_, taken, _)| cx.clock - taken > cx.cfg.bound as i64)
}

/// A server has all writes of this one up to a time.
fn caught_up(n: &mut N, cx: &Cx, from: NodeId, time: u64) {
    let others = u32::from(cx.nodes) - 1;
    n.state.behind.iter_mut().filter(|b| b.0 <= time).for_each(|b| b.2.insert(from));
    n.state.behind.retain(|(_, _, have)| have.len() < others);
}

fn serve(n: &mut N, cx: &mut Cx, id: OpId, op: Op) {
    match op {
        Op::Get { key, .. } => {
            cx.note("Read");
            cx.reply(id, Outcome::Ok(Ret::Value(n.durable.store.get(&key).copied())));
        }
        Op::Put { key, value, .. } => take(n, cx, id, key, value),
    }
}

/// Takes a write: it comes after all that this server has seen.
fn take(n: &mut N, cx: &mut Cx, id: OpId, key: u32, value: i64) {
    let all =
        if cx.mutant(OWN_COUNT) { n.durable.seen.get(&n.me) } else { latest(&n.durable.seen) };
    let version = WriteVersion { time: all + 1, server: n.me, by: id, value };
    keep(n, cx, key, version);
    n.durable.seen.set(n.me, version.time);
    n.durable.served.insert(id.client, id.nth);
    cx.note("Write");
    cx.persist(&n.durable);
    if cx.cfg.push {
        let news = news(n, cx, &SessionVector::new());
        cx.others().for_each(|to| cx.send(to, news.clone()));
    }
    n.state.unconfirmed.insert(id, (version, NodeSet::default()));
    if cx.cfg.bound > 0 && cx.nodes > 1 {
        n.state.behind.push_back((version.time, cx.clock, NodeSet::default()));
    }
    confirmed(n, cx);
    fresher(n, cx);
}

/// Answers the writes that enough others have.
fn confirmed(n: &mut N, cx: &mut Cx) {
    let needed = cx.cfg.confirm.min(u32::from(cx.nodes) - 1);
    n.state.unconfirmed.retain(|id, (version, by)| {
        let enough = by.len() >= needed;
        if enough {
            cx.reply(*id, Outcome::Ok(Ret::Done(*version)));
        }
        !enough
    });
}

/// The newer version stays.
fn keep(n: &mut N, cx: &Cx, key: u32, version: WriteVersion) {
    let newer = n.durable.store.get(&key).is_none_or(|old| version > *old);
    if newer || cx.mutant(LAST_ARRIVAL_WINS) {
        n.durable.store.insert(key, version);
    }
}

/// What a server that has seen so much lacks.
fn news(n: &N, cx: &Cx, theirs: &SessionVector) -> Message {
    let lacking = n.durable.store.iter().filter(|(_, v)| v.time > theirs.get(&v.server));
    let mut versions: Vec<(u32, WriteVersion)> = lacking.map(|(k, v)| (*k, *v)).collect();
    if cx.mutant(NEWEST_ONLY) {
        let newest = versions.iter().map(|(_, v)| *v).max();
        versions.retain(|(_, v)| Some(*v) == newest);
    }
    Message::Update { versions, seen: n.durable.seen.clone() }
}

/// Asks another server, or the primary, for what is new.
pub(super) fn gossip(n: &mut N, cx: &mut Cx) {
    gossip_later(cx);
    let others: Vec<NodeId> = cx.others().collect();
    let Some(last) = others.len().checked_sub(1) else { return };
    let to = match cx.cfg.primary {
        true => PRIMARY,
        false => others[usize::from(cx.choose(others.len() as u8)).min(last)],
    };
    cx.send(to, Message::Ask { seen: n.durable.seen.clone(), back: false });
}

/// Somebody says what it has seen.
pub(super) fn asked(n: &mut N, cx: &mut Cx, from: NodeId, theirs: &SessionVector, back: bool) {
    let me = n.me;
    for (version, by) in n.state.unconfirmed.values_mut() {
        if theirs.get(&me) >= version.time {
            by.insert(from);
        }
    }
    confirmed(n, cx);
    caught_up(n, cx, from, theirs.get(&me));
    if !theirs.includes(&n.durable.seen) {
        let news = news(n, cx, theirs);
        cx.send(from, news);
    }
    if !back && !n.durable.seen.includes(theirs) {
        cx.send(from, Message::Ask { seen: n.durable.seen.clone(), back: true });
    }
}

/// Takes over what another server has, all at once.
pub(super) fn update(
    n: &mut N,
    cx: &mut Cx,
    from: NodeId,
    versions: Vec<(u32, WriteVersion)>,
    seen: &SessionVector,
) {
    let new = !n.durable.seen.includes(seen);
    if new || cx.mutant(LAST_ARRIVAL_WINS) {
        cx.note("AntiEntropy");
        versions.into_iter().for_each(|(key, version)| keep(n, cx, key, version));
        n.durable.seen.merge(seen);
        cx.persist(&n.durable);
    }
    if cx.cfg.confirm > 0 || cx.cfg.bound > 0 {
        cx.send(from, Message::Ask { seen: n.durable.seen.clone(), back: true });
    }
    fresher(n, cx);
}

/// Serves what waits, as far as this server is now fresh enough.
fn fresher(n: &mut N, cx: &mut Cx) {
    let ready = n.state.waiting.iter().position(|w| lacks(n, cx, &w.op).is_none());
    let Some(w) = ready.and_then(|i| n.state.waiting.remove(i)) else { return };
    if ready == Some(0) {
        patience(n, cx);
    }
    serve(n, cx, w.id, w.op.clone());
    // A write that was served has come to the others by itself.
    if matches!(w.op, Op::Get { .. }) {
        fresher(n, cx);
    }
}

fn patience(n: &N, cx: &mut Cx) {
    match n.state.waiting.front() {
        Some(w) => cx.set_timer(Timer::Patience, (w.until - cx.clock).max(1) as u64),
        None => cx.cancel_timer(Timer::Patience),
    }
}

/// What waits longest is given up.
pub(super) fn give_up(n: &mut N, cx: &mut Cx) {
    let Some(w) = n.state.waiting.pop_front() else { return };
    patience(n, cx);
    cx.note("GiveUp");
    let writes = matches!(w.op, Op::Put { .. });
    if cx.mutant(LATE_ANSWER) && !writes {
        return serve(n, cx, w.id, w.op);
    }
    turn_away(n, cx, w.id, writes, Outcome::Fail("not fresh enough in time"));
}

//! What a server does.

use super::mutant::*;
use super::*;
use crate::core::protocol::Outcome;

type N = Node<Quorum>;
type Cx<'a> = Context<'a, Quorum>;

/// A server starts: nothing is under way.
pub(super) fn start(cx: &mut Cx, _durable: &Durable) -> State {
    if cx.cfg.hints > 0 {
        cx.set_timer(Timer::Hints, cx.cfg.hints);
    }
    gossip_later(cx);
    State::default()
}

fn gossip_later(cx: &mut Cx) {
    if cx.cfg.gossip > 0 {
        // Drawn, so that servers do not all gossip at once.
        let pause = cx.between(cx.cfg.gossip / 2, cx.cfg.gossip + cx.cfg.gossip / 2);
        cx.set_timer(Timer::Gossip, pause);
    }
}

/// A client's request: this server coordinates it.
pub(super) fn coordinate(n: &mut N, cx: &mut Cx, id: OpId, op: Op) {
    // The network may double a request; done twice, a write would get a second stamp.
    if n.durable.served.get(&id.client).is_some_and(|last| id.nth <= *last) {
        return;
    }
    n.durable.served.insert(id.client, id.nth);
    let (key, value) = match op {
        Op::Get { key } => (key, None),
        Op::Put { key, value } => (key, Some(value)),
    };
    let phase = if value.is_some() { QuorumPhase::Query } else { QuorumPhase::Read };
    let best = n.durable.version(key);
    let heard = SortedMap::from([(n.me, best.stamp)]);
    let stored = NodeSet::default();
    n.state.pending.insert(id, Coordinated { key, value, phase, best, heard, stored });
    n.state.queue.push_back((id, cx.clock + cx.cfg.timeout as i64));
    if n.state.queue.len() == 1 {
        cx.set_timer(Timer::Sweep, cx.cfg.timeout);
    }
    let asks = cx.cfg.stamping == Stamping::Query && !cx.mutant(OWN_STAMP);
    if value.is_some() && !asks {
        return begin_write(n, cx, id);
    }
    // A second execution after a restart would be a second write.
    cx.persist(&n.durable);
    if cx.cfg.r > 1 || cx.cfg.repair == Repair::Background {
        cx.others().for_each(|to| cx.send(to, Message::Read { op: id, key }));
    }
    heard_enough(n, cx, id);
}

/// Whether so many of these count as enough, for a coordinator at `me`.
fn enough(cx: &Cx, me: NodeId, who: NodeSet, needed: u32, writes: bool) -> bool {
    let (all, regions) = (cx.nodes, cx.cfg.regions.max(1) as u16);
    let of = |region: u16| {
        let there = |n: &u16| n % regions == region;
        let have = who.iter().filter(|n| there(&n.0)).count() as u32;
        have >= needed.min((0..all).filter(there).count() as u32)
    };
    match cx.cfg.count {
        Count::Anywhere => who.len() >= needed,
        Count::Each if writes => (0..regions).all(of),
        _ => of(me.0 % regions),
    }
}

/// Whether R servers have answered the first phase, and what follows.
fn heard_enough(n: &mut N, cx: &mut Cx, id: OpId) {
    let Some(p) = n.state.pending.get_mut(&id) else { return };
    let heard: NodeSet = p.heard.keys().copied().collect();
    if !enough(cx, n.me, heard, cx.cfg.r, false) {
        return;
    }
    match p.phase {
        QuorumPhase::Query => begin_write(n, cx, id),
        QuorumPhase::Read => {
            let fresh = p.heard.iter().filter(|(_, s)| **s == p.best.stamp).map(|(n, _)| *n);
            let fresh: NodeSet = fresh.collect();
            let block = cx.cfg.repair == Repair::Blocking && !cx.mutant(NO_WRITE_BACK);
            if block && !enough(cx, n.me, fresh, cx.cfg.r, false) {
                cx.note("WriteBack");
                p.phase = QuorumPhase::WriteBack;
                return store_everywhere(n, cx, id);
            }
            p.phase = QuorumPhase::Answered;
            p.stored = p.heard.keys().copied().collect();
            cx.reply(id, Outcome::Ok(Ret::Value(p.best.value)));
            repair(n, cx, id);
            settle(n, cx, id);
        }
        _ => {}
    }
}

/// The stamp is known: write.
fn begin_write(n: &mut N, cx: &mut Cx, id: OpId) {
    let Some(p) = n.state.pending.get_mut(&id) else { return };
    let time = match cx.cfg.stamping {
        Stamping::Query => p.best.stamp.time + 1,
        Stamping::Clock => cx.clock,
        Stamping::Revision => n.durable.version(p.key).stamp.time + 1,
    };
    p.best = StampedValue { stamp: WriteStamp { time, by: Some(id) }, value: p.value };
    p.phase = QuorumPhase::Write;
    cx.note("Write");
    store_everywhere(n, cx, id);
}

/// Writes the version of an operation here and asks the others to.
fn store_everywhere(n: &mut N, cx: &mut Cx, id: OpId) {
    let Some(p) = n.state.pending.get(&id) else { return };
    let (key, version) = (p.key, p.best);
    keep(n, cx, key, version);
    if !cx.mutant(EARLY_ACK) {
        cx.persist(&n.durable);
    }
    cx.others().for_each(|to| cx.send(to, Message::Write { op: id, key, version }));
    stored(n, cx, id, n.me);
    if cx.mutant(EARLY_ACK) {
        cx.persist(&n.durable);
    }
}

/// Keeps a version if it is newer.
fn keep(n: &mut N, cx: &mut Cx, key: u32, version: StampedValue) -> bool {
    let newer = version.stamp > n.durable.version(key).stamp || cx.mutant(LAST_ARRIVAL_WINS);
    if newer {
        n.durable.store.insert(key, version);
    }
    newer
}

/// A server has confirmed.
fn stored(n: &mut N, cx: &mut Cx, id: OpId, who: NodeId) {
    let Some(p) = n.state.pending.get_mut(&id) else { return };
    p.stored.insert(who);
    let (needed, ret) = match p.phase {
        QuorumPhase::Write => (cx.cfg.w, Ret::Done),
        QuorumPhase::WriteBack => (cx.cfg.r, Ret::Value(p.best.value)),
        _ => return settle(n, cx, id),
    };
    let stored = p.stored;
    if !enough(cx, n.me, stored, needed, p.phase == QuorumPhase::Write) {
        return;
    }
    p.phase = QuorumPhase::Answered;
    cx.reply(id, Outcome::Ok(ret));
    settle(n, cx, id);
}

/// Sends the newest version to those that answered with an old one.
fn repair(n: &mut N, cx: &mut Cx, id: OpId) {
    let Some(p) = n.state.pending.get(&id) else { return };
    if cx.cfg.repair != Repair::Background {
        return;
    }
    let (key, version) = (p.key, p.best);
    let old: Vec<NodeId> =
        p.heard.iter().filter(|(_, s)| **s < version.stamp).map(|(who, _)| *who).collect();
    for who in old {
        cx.note("ReadRepair");
        if who == n.me {
            keep(n, cx, key, version);
            cx.persist(&n.durable);
        } else {
            cx.send(who, Message::Write { op: id, key, version });
        }
    }
}

/// A message of another server.
pub(super) fn receive(n: &mut N, cx: &mut Cx, from: NodeId, message: Message) {
    match message {
        Message::Read { op, key } => {
            cx.send(from, Message::ReadReply { op, version: n.durable.version(key) });
        }
        Message::ReadReply { op, version } => read_reply(n, cx, from, op, version),
        Message::Write { op, key, version } => {
            let newer = keep(n, cx, key, version);
            if cx.mutant(EARLY_ACK) {
                cx.send(from, Message::WriteReply { op, key });
                return cx.persist(&n.durable);
            }
            if newer {
                cx.persist(&n.durable);
            }
            cx.send(from, Message::WriteReply { op, key });
        }
        Message::WriteReply { op, key } => {
            stored(n, cx, op, from);
            if n.durable.version(key).stamp.by == Some(op) && n.durable.hints.remove(&(from, key)) {
                cx.persist(&n.durable);
            }
        }
        Message::Gossip { versions, answer } => take_gossip(n, cx, from, versions, answer),
    }
}

fn read_reply(n: &mut N, cx: &mut Cx, from: NodeId, op: OpId, version: StampedValue) {
    let Some(p) = n.state.pending.get_mut(&op) else { return };
    match p.phase {
        QuorumPhase::Read | QuorumPhase::Query => {
            p.heard.insert(from, version.stamp);
            let oldest = p.phase == QuorumPhase::Read && cx.mutant(OLDEST_ANSWER);
            p.best = if oldest { p.best.min(version) } else { p.best.max(version) };
            heard_enough(n, cx, op);
        }
        QuorumPhase::Answered if p.value.is_none() => {
            p.stored.insert(from);
            p.heard = SortedMap::from([(from, version.stamp)]);
            if version.stamp > p.best.stamp {
                p.best = version;
                p.heard = SortedMap::from([(n.me, n.durable.version(p.key).stamp)]);
            }
            repair(n, cx, op);
            settle(n, cx, op);
        }
        _ => {}
    }
}

/// Nothing more can come of an operation.
fn forget(n: &mut N, cx: &mut Cx, id: OpId) {
    n.state.pending.remove(&id);
    let first = n.state.queue.front().is_some_and(|(q, _)| *q == id);
    n.state.queue.retain(|(q, _)| *q != id);
    if !first {
        return;
    }
    match n.state.queue.front() {
        Some((_, until)) => cx.set_timer(Timer::Sweep, (until - cx.clock).max(1) as u64),
        None => cx.cancel_timer(Timer::Sweep),
    }
}

/// An operation that was answered is kept as long as late answers are of use: to repair old
/// versions, or to know whom a hint is for.
fn settle(n: &mut N, cx: &mut Cx, id: OpId) {
    let Some(p) = n.state.pending.get(&id).filter(|p| p.phase == QuorumPhase::Answered) else {
        return;
    };
    let of_use = match p.value {
        Some(_) => cx.cfg.hints > 0,
        None => cx.cfg.repair == Repair::Background,
    };
    if !of_use || p.stored.len() >= u32::from(cx.nodes) {
        forget(n, cx, id);
    }
}

/// The operation that has waited longest is given up. What is surely without effect ends in an
/// error, a write that was sent in silence: nobody knows whether it will be read one day. Who lacks
/// it gets a hint.
pub(super) fn sweep(n: &mut N, cx: &mut Cx) {
    let Some((id, _)) = n.state.queue.front().copied() else { return };
    let Some(p) = n.state.pending.get(&id).cloned() else { return };
    if p.phase != QuorumPhase::Answered {
        cx.note("GiveUp");
    }
    if matches!(p.phase, QuorumPhase::Read | QuorumPhase::WriteBack | QuorumPhase::Query) {
        cx.reply(id, Outcome::Fail("too few servers answered"));
    }
    if cx.cfg.hints > 0 && p.value.is_some() && p.phase != QuorumPhase::Query {
        let lacking = cx.others().filter(|o| !p.stored.has(*o)).map(|o| (o, p.key));
        let known = n.durable.hints.len();
        n.durable.hints.extend(lacking);
        if n.durable.hints.len() > known {
            cx.note("Hint");
            cx.persist(&n.durable);
        }
    }
    forget(n, cx, id);
}

/// Sends what others lack; a confirmation takes the hint away.
pub(super) fn replay_hints(n: &mut N, cx: &mut Cx) {
    for (to, key) in n.durable.hints.clone() {
        let version = n.durable.version(key);
        if let Some(op) = version.stamp.by {
            cx.note("ReplayHint");
            cx.send(to, Message::Write { op, key, version });
        }
    }
    cx.set_timer(Timer::Hints, cx.cfg.hints.max(1));
}

/// Exchanges all versions with one other server (Demers et al. 1987: push-pull).
pub(super) fn gossip(n: &mut N, cx: &mut Cx) {
    gossip_later(cx);
    let others: Vec<NodeId> = cx.others().collect();
    if others.is_empty() {
        return;
    }
    let to = others[usize::from(cx.choose(others.len() as u8))];
    let versions = n.durable.store.iter().map(|(k, v)| (*k, *v)).collect();
    cx.send(to, Message::Gossip { versions, answer: true });
}

fn take_gossip(n: &mut N, cx: &mut Cx, from: NodeId, news: Vec<(u32, StampedValue)>, answer: bool) {
    let theirs: SortedMap<u32, StampedValue> = news.iter().copied().collect();
    let mut newer = false;
    for (key, version) in news {
        newer |= keep(n, cx, key, version);
    }
    if newer {
        cx.note("AntiEntropy");
        cx.persist(&n.durable);
    }
    let lack = |(key, mine): (&u32, &StampedValue)| {
        let theirs = theirs.get(key).copied().unwrap_or_default();
        (mine.stamp > theirs.stamp).then_some((*key, *mine))
    };
    let versions: Vec<_> = n.durable.store.iter().filter_map(lack).collect();
    if answer && !versions.is_empty() {
        cx.send(from, Message::Gossip { versions, answer: false });
    }
}

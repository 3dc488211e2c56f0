//! The algorithm, and reads and writes that stand on it.

use super::mutant::*;
use super::*;
use crate::algo::clocks::LOGICAL_MAX;
use crate::core::protocol::Outcome;

type N = Node<Hybrid>;
type Cx<'a> = Context<'a, Hybrid>;

/// How long a supervisor waits before it starts a stopped node anew, microseconds.
const SUPERVISOR: u64 = 500_000;

pub(super) fn restart(cx: &mut Cx) -> State {
    next_event(cx);
    next_ping(cx);
    cx.note("Restart");
    State::default()
}

fn next_event(cx: &mut Cx) {
    let after = cx.between(cx.cfg.pause / 4, cx.cfg.pause);
    cx.set_timer(Timer::Act, after);
}

fn next_ping(cx: &mut Cx) {
    if cx.cfg.ping > 0 {
        let after = cx.between(cx.cfg.ping / 2, cx.cfg.ping);
        cx.set_timer(Timer::Ping, after);
    }
}

/// The physical clock; before its zero it reads 0.
fn physical(cx: &Cx) -> u64 {
    u64::try_from(cx.clock).unwrap_or(0)
}

/// Figure 5, "send or local event" and "receive event of message m": l is the largest time known, c
/// counts while it stands still.
fn tick(n: &mut N, cx: &mut Cx, message: Option<Timestamp>) {
    let pt = physical(cx);
    let before = n.durable.clock.last;
    let clock = &mut n.durable.clock;
    match message.filter(|_| !cx.mutant(OWN_CLOCK)) {
        Some(m) => clock.receive(pt, m),
        None => clock.now(pt),
    };
    if cx.mutant(KEEP_C) && clock.last.wall > before.wall {
        clock.last.logical = before.logical + 1;
    }
    if cx.mutant(NAIVE) && clock.last.logical > 0 {
        clock.last = clock.last.wall_next();
    }
    n.durable.physical = pt;
}

/// The event is over: what follows may be seen by others.
fn stamp(n: &mut N, cx: &mut Cx) {
    cx.persist(&n.durable);
    cx.note("Tick");
}

fn say(n: &N, cx: &mut Cx, to: NodeId, body: HybridBody) {
    cx.send(to, Message { time: n.durable.clock.last, body });
}

fn local(n: &mut N, cx: &mut Cx) {
    tick(n, cx, None);
    stamp(n, cx);
}

fn send(n: &mut N, cx: &mut Cx, to: NodeId) {
    local(n, cx);
    cx.note("Send");
    say(n, cx, to, HybridBody::Plain);
}

/// An event of the process's own.
pub(super) fn act(n: &mut N, cx: &mut Cx) {
    next_event(cx);
    if n.state.stopped {
        return;
    }
    let others: Vec<NodeId> = cx.others().collect();
    match cx.choose(others.len() as u8 + 1) {
        0 => local(n, cx),
        k => send(n, cx, others[usize::from(k) - 1]),
    }
}

/// A client's wish: the node gives it a time, and asks where the key is.
pub(super) fn asked(n: &mut N, cx: &mut Cx, id: OpId, op: Op) {
    if n.state.stopped {
        return;
    }
    let key = match op {
        Op::Get { key } | Op::Put { key, .. } => key,
        Op::Send { to } if to < cx.nodes.into() && to != u32::from(n.me.0) => {
            send(n, cx, NodeId(to as u16));
            return cx.reply(id, Outcome::Ok(Ret { value: None, at: n.durable.clock.last }));
        }
        _ => {
            local(n, cx);
            return cx.reply(id, Outcome::Ok(Ret { value: None, at: n.durable.clock.last }));
        }
    };
    tick(n, cx, None);
    let at = n.durable.clock.last;
    // "The uncertainty interval": what a faster clock may have written before now.
    let limit = Timestamp::new(at.wall.saturating_add(cx.cfg.max_offset), LOGICAL_MAX);
    let pending = *n.state.pending.entry(id).or_insert(OpenOperation { op, at, limit });
    n.state.begun = Some((id, op));
    cx.note("Begin");
    stamp(n, cx);
    ask(n, cx, id, key, pending);
}

/// To where the key is, which may be here.
fn ask(n: &mut N, cx: &mut Cx, id: OpId, key: u32, OpenOperation { op, at, limit }: OpenOperation) {
    let to = NodeId((key % u32::from(cx.nodes.max(1))) as u16);
    let body = HybridBody::Do { id, op, at, limit };
    if to != n.me {
        return say(n, cx, to, body);
    }
    // Its own node's time is certain: nothing here is later than now without having come later.
    let answer = execute(n, cx, id, op, at, limit);
    cx.persist(&n.durable);
    conclude(n, cx, id, answer);
}

/// A message has come. A request from further ahead than the maximum offset is refused: it counts
/// as an event here, but not as heard.
pub(super) fn receive(n: &mut N, cx: &mut Cx, from: NodeId, message: Message) {
    if n.state.stopped {
        return cx.note("Refuse");
    }
    let ahead = message.time.wall.saturating_sub(physical(cx));
    if matches!(message.body, HybridBody::Do { .. }) && ahead > cx.cfg.max_offset {
        tick(n, cx, None);
        cx.note("Refuse");
        return stamp(n, cx);
    }
    tick(n, cx, Some(message.time));
    match message.body {
        HybridBody::Plain => stamp(n, cx),
        HybridBody::Do { id, op, at, limit } => {
            let answer = execute(n, cx, id, op, at, limit);
            stamp(n, cx);
            say(n, cx, from, answer);
        }
        HybridBody::Done { .. } | HybridBody::Uncertain { .. } => {
            stamp(n, cx);
            let id = match message.body {
                HybridBody::Done { id, .. } | HybridBody::Uncertain { id, .. } => id,
                _ => return,
            };
            conclude(n, cx, id, message.body);
        }
        HybridBody::Ping { clock } => {
            stamp(n, cx);
            let pong = HybridBody::Pong { echo: clock, clock: cx.clock };
            say(n, cx, from, pong);
        }
        HybridBody::Pong { echo, clock } => {
            stamp(n, cx);
            measure(n, cx, from, echo, clock);
        }
    }
}

// --- the store ---

fn execute(
    n: &mut N,
    cx: &mut Cx,
    id: OpId,
    op: Op,
    at: Timestamp,
    limit: Timestamp,
) -> HybridBody {
    match op {
        Op::Put { key, value } => write(n, cx, id, key, value, at),
        Op::Get { key } => read(n, cx, id, key, at, limit),
        _ => HybridBody::Plain,
    }
}

/// A write goes above every read and every version of its key.
fn write(n: &mut N, cx: &mut Cx, id: OpId, key: u32, value: i64, at: Timestamp) -> HybridBody {
    if let Some((nth, at)) = n.durable.written.get(&id.client).filter(|(nth, _)| *nth >= id.nth) {
        // It comes again; an older one than the last is of no interest to anybody any more.
        return if *nth == id.nth {
            HybridBody::Done { id, value: None, at: *at }
        } else {
            HybridBody::Plain
        };
    }
    cx.note("Write");
    let versions = &mut n.durable.store.entry(key).or_default().0;
    let newest = versions.last().map(|(t, _)| t.next());
    let read = n.durable.read_at.get(&key).map(|t| t.next());
    let at = at.max(newest.unwrap_or_default()).max(read.unwrap_or_default());
    versions.push((at, value));
    n.durable.written.insert(id.client, (id.nth, at));
    HybridBody::Done { id, value: None, at }
}

/// A read at a time: what lies between it and its limit may have been written before it began.
fn read(n: &mut N, cx: &mut Cx, id: OpId, key: u32, at: Timestamp, limit: Timestamp) -> HybridBody {
    let latest = || n.durable.store.get(&key).into_iter().flat_map(|all| all.0.iter().rev());
    let above = latest().take_while(|(t, _)| *t > at).find(|(t, _)| *t <= limit);
    if let Some((above, _)) = above.filter(|_| !cx.mutant(CERTAIN)) {
        cx.note("Uncertain");
        return HybridBody::Uncertain { id, at: above, observed: n.durable.clock.last };
    }
    cx.note("Read");
    let found = latest().find(|(t, _)| *t <= at);
    let (value, version) = (found.map(|(_, v)| v), found.map(|(t, _)| t));
    let last = n.durable.read_at.entry(key).or_default();
    *last = (*last).max(at);
    HybridBody::Done { id, value, at: version.unwrap_or_default() }
}

/// The answer is here: tell the client, or start anew above the uncertain value. By then the other
/// node has been visited: what is later than its clock at that time was written since.
fn conclude(n: &mut N, cx: &mut Cx, id: OpId, answer: HybridBody) {
    match answer {
        HybridBody::Done { value, at, .. } if n.state.pending.remove(&id).is_some() => {
            cx.reply(id, Outcome::Ok(Ret { value, at }));
        }
        HybridBody::Uncertain { at, observed, .. } => {
            let Some(p) = n.state.pending.get_mut(&id).filter(|p| at > p.at) else { return };
            p.at = at;
            p.limit = p.limit.min(observed).max(at);
            n.state.restarts += 1;
            let pending = *p;
            cx.note("ReadRestart");
            if let Op::Get { key } = pending.op {
                ask(n, cx, id, key, pending);
            }
        }
        _ => {}
    }
}

// --- the clocks watched ---

pub(super) fn ping(n: &mut N, cx: &mut Cx) {
    next_ping(cx);
    if n.state.stopped {
        return;
    }
    local(n, cx);
    let clock = cx.clock;
    let others: Vec<NodeId> = cx.others().collect();
    others.into_iter().for_each(|to| say(n, cx, to, HybridBody::Ping { clock }));
}

/// "If a node detects that its clock is out of sync with at least half of the other nodes by 80 % of
/// the maximum offset allowed, it crashes immediately."
fn measure(n: &mut N, cx: &mut Cx, from: NodeId, echo: i64, clock: i64) {
    let way = (cx.clock - echo).max(0) / 2;
    n.state.offsets.insert(from, clock + way - cx.clock);
    let most = cx.cfg.max_offset / 5 * 4;
    let off = n.state.offsets.values().filter(|o| o.unsigned_abs() > most).count();
    if cx.cfg.kill && off > 0 && 2 * off >= usize::from(cx.nodes) - 1 {
        cx.note("Stop");
        n.state = State { stopped: true, ..State::default() };
        cx.set_timer(Timer::Supervisor, SUPERVISOR);
    }
}

pub(super) fn supervise(n: &mut N, cx: &mut Cx) {
    cx.note("Start");
    n.state = State::default();
}

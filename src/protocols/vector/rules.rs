//! The rules of the clocks, of causal broadcast, and of the store.

use super::mutant::*;
use super::*;
use crate::core::protocol::Outcome;

type N = Node<Vector>;
type Cx<'a> = Context<'a, Vector>;

pub(super) fn restart(cx: &mut Cx, kept: &Durable) -> State {
    if cx.me.0 < cx.cfg.members || !kept.clock.is_empty() {
        next_event(cx);
    }
    if kept.links.iter().any(|l| !l.unacknowledged.is_empty()) {
        cx.set_timer(Timer::Resend, cx.cfg.resend);
    }
    cx.note("Restart");
    State::default()
}

fn next_event(cx: &mut Cx) {
    let after = cx.between(cx.cfg.pause / 4, cx.cfg.pause);
    cx.set_timer(Timer::Act, after);
}

/// An event of its own, or a sending: the own count goes up by one.
fn count(n: &mut N, cx: &mut Cx) {
    if n.durable.clock.is_empty() && n.me.0 >= cx.cfg.members {
        // A process that was not there so far: the others' vectors simply lack it.
        cx.note("Join");
        next_event(cx);
    }
    n.durable.clock.increment(&n.me);
}

/// The event is over: what follows may be seen by others.
fn stamp(n: &mut N, cx: &mut Cx) {
    cx.persist(&n.durable);
    cx.note("Tick");
}

/// An event of the process's own.
pub(super) fn act(n: &mut N, cx: &mut Cx) {
    next_event(cx);
    if cx.cfg.broadcast && cx.choose(2) == 0 {
        return broadcast(n, cx);
    }
    let others: Vec<NodeId> = cx.others().collect();
    let k = cx.choose(others.len() as u8 + 1);
    let to = usize::from(k).checked_sub(1).map(|i| others[i]);
    let keys: Vec<u32> = n.durable.store.keys().copied().collect();
    match (to, keys.len()) {
        (None, _) => local(n, cx),
        (Some(to), 1..) if cx.cfg.store => {
            let key = keys[usize::from(cx.choose(keys.len().min(100) as u8))];
            gossip(n, cx, key, to);
        }
        (Some(to), _) => send(n, cx, to),
    }
}

fn local(n: &mut N, cx: &mut Cx) {
    count(n, cx);
    stamp(n, cx);
}

/// "When a message is sent, it carries the sender's vector."
fn send(n: &mut N, cx: &mut Cx, to: NodeId) {
    local(n, cx);
    cx.note("Send");
    cx.send(to, Message { clock: n.durable.clock.clone(), body: VectorBody::Plain });
}

/// A client's wish.
pub(super) fn asked(n: &mut N, cx: &mut Cx, id: OpId, op: Op) {
    let other =
        |to: u32| (to < cx.nodes.into() && to != u32::from(n.me.0)).then_some(NodeId(to as u16));
    match op {
        Op::Get { key } if cx.cfg.store => return get(n, cx, id, key),
        Op::Put { key, value } if cx.cfg.store => return put(n, cx, id, key, value),
        Op::Get { .. } | Op::Put { .. } => {
            return cx.reply(id, Outcome::Fail("these processes keep nothing"));
        }
        Op::Gossip { key, to } => match other(to) {
            Some(to) if n.durable.store.contains_key(&key) => gossip(n, cx, key, to),
            _ => local(n, cx),
        },
        Op::Broadcast if cx.cfg.broadcast => broadcast(n, cx),
        Op::Broadcast => return cx.reply(id, Outcome::Fail("these processes do not broadcast")),
        Op::Send { to } => match other(to) {
            Some(to) => send(n, cx, to),
            None => local(n, cx),
        },
        Op::Local => local(n, cx),
    }
    cx.reply(id, Outcome::Ok(Ret::Clock(n.durable.clock.clone())));
}

/// A receipt: first what the sender knew is taken over, then the receipt counts.
pub(super) fn receive(n: &mut N, cx: &mut Cx, from: NodeId, message: Message) {
    if !cx.mutant(NO_MERGE) {
        n.durable.clock.merge(&message.clock);
    }
    cx.note("Receive");
    let joins = n.durable.clock.get(&n.me) == 0;
    if joins && n.me.0 >= cx.cfg.members {
        cx.note("Join");
        next_event(cx);
    }
    if !cx.mutant(RECEIPT_UNCOUNTED) {
        n.durable.clock.increment(&n.me);
    }
    match message.body {
        VectorBody::Plain => stamp(n, cx),
        VectorBody::Cast(packet) => receive_cast(n, cx, from, packet),
        VectorBody::Gossip { key, entry, beside } => {
            let mine = n.durable.store.entry(key).or_default();
            mine.dotted.sync(&entry.dotted);
            mine.flat.sync(&entry.flat);
            if let Some(theirs) = beside {
                let mine = n.durable.beside.entry(key).or_default();
                mine.one.sync(&theirs.one);
                mine.by.sync(&theirs.by);
            }
            stamp(n, cx);
        }
    }
}

// --- causal broadcast: Birman, Schiper, Stephenson 1991, section 5.1 ---

fn link<'a>(n: &'a mut N, cx: &Cx, of: NodeId) -> &'a mut Channel<Cast> {
    n.durable.links.resize(cx.nodes.into(), Channel::default());
    &mut n.durable.links[of.at()]
}

/// Rule 1: "before sending m, process p_i increments VT(p_i)[i] and timestamps m".
fn broadcast(n: &mut N, cx: &mut Cx) {
    count(n, cx);
    let waits = n.durable.links.iter().any(|l| !l.unacknowledged.is_empty());
    n.durable.delivered.increment(&n.me);
    let cast = Cast { from: n.me, vt: n.durable.delivered.clone() };
    n.durable.log.push(cast.clone());
    let others: Vec<NodeId> = cx.others().collect();
    let packets: Vec<_> =
        others.into_iter().map(|to| (to, link(n, cx, to).send(cast.clone()))).collect();
    stamp(n, cx);
    cx.note("Broadcast");
    for (to, packet) in packets {
        cx.send(to, Message { clock: n.durable.clock.clone(), body: VectorBody::Cast(packet) });
    }
    if !waits {
        cx.set_timer(Timer::Resend, cx.cfg.resend);
    }
}

fn receive_cast(n: &mut N, cx: &mut Cx, from: NodeId, packet: Packet<Cast>) {
    link(n, cx, from).confirm(packet.ack);
    let mut again = false;
    if let Some(cast) = packet.body {
        let link = link(n, cx, from);
        again = link.knows(packet.nth);
        if !again {
            // The link only sees to it that each comes once; their order is the rules' business.
            link.arrive(packet.nth, cast.clone());
            while link.take().is_some() {}
            n.durable.buffer.push(cast);
        }
    }
    deliver(n, cx);
    stamp(n, cx);
    if again {
        let body = VectorBody::Cast(link(n, cx, from).acknowledge());
        cx.send(from, Message { clock: n.durable.clock.clone(), body });
    }
}

/// Rule 2: "delay delivery of m until VT(m)[k] = VT(p_j)[k] + 1 if k = i, and VT(m)[k] <= VT(p_j)[k]
/// otherwise". Rule 3: "when m is delivered, VT(p_j) is updated".
fn deliver(n: &mut N, cx: &mut Cx) {
    loop {
        let seen = &n.durable.delivered;
        let next = n.durable.buffer.iter().position(|m| {
            let due = |(k, count): (&NodeId, u64)| {
                let own = u64::from(*k == m.from);
                count <= seen.get(k) + own
            };
            cx.mutant(AT_ONCE) || m.nth() == seen.get(&m.from) + 1 && m.vt.iter().all(due)
        });
        let Some(next) = next else { break };
        let cast = n.durable.buffer.remove(next);
        n.durable.delivered.merge(&cast.vt);
        n.durable.log.push(cast);
        cx.note("Deliver");
    }
    if !n.durable.buffer.is_empty() {
        cx.note("Delay");
    }
}

/// What was not acknowledged goes once more.
pub(super) fn resend(n: &mut N, cx: &mut Cx) {
    local(n, cx);
    let mut waits = false;
    for (to, link) in (0..).map(NodeId).zip(&n.durable.links) {
        for packet in link.again() {
            waits = true;
            cx.send(to, Message { clock: n.durable.clock.clone(), body: VectorBody::Cast(packet) });
        }
    }
    if waits {
        cx.note("Resend");
        cx.set_timer(Timer::Resend, cx.cfg.resend);
    }
}

// --- the store: dotted version vectors ---

fn answer(n: &mut N, cx: &mut Cx, id: OpId, key: u32) {
    let entry = n.durable.store.entry(key).or_default();
    let (values, context) = (entry.values().map(|w| w.value).collect(), entry.context());
    n.state.sessions.insert((id.client, key), context.clone());
    if cx.cfg.compare {
        let beside = n.durable.beside.entry(key).or_default();
        let read = (beside.one.context().clone(), beside.by.context());
        n.state.beside.insert((id.client, key), read);
    }
    stamp(n, cx);
    cx.reply(id, Outcome::Ok(Ret::Values(values, context)));
}

fn get(n: &mut N, cx: &mut Cx, id: OpId, key: u32) {
    count(n, cx);
    cx.note("Get");
    answer(n, cx, id, key);
}

/// A write: what its writer had read goes, all else stays beside it.
fn put(n: &mut N, cx: &mut Cx, id: OpId, key: u32, value: i64) {
    count(n, cx);
    cx.note("Put");
    let mut context = n.state.sessions.get(&(id.client, key)).cloned().unwrap_or_default();
    if cx.mutant(PRUNE) {
        context = newest(&context);
    }
    n.durable.writes += 1;
    let written = Written { id: (n.me, n.durable.writes), value };
    if cx.cfg.compare {
        put_beside(n, id, key, written);
    }
    let entry = n.durable.store.entry(key).or_default();
    if cx.mutant(LAST_WINS) {
        let all = entry.context();
        entry.dotted.update(&n.me, all, written);
    } else if cx.mutant(ONE_VECTOR) {
        entry.flat.update(&n.me, &context, written);
    } else {
        entry.dotted.update(&n.me, context, written);
    }
    answer(n, cx, id, key);
}

/// The place with the highest count alone. Dynamo truncates to ten places (DeCandia et al. 2007,
/// section 4.4).
fn newest(context: &ProcessVector) -> ProcessVector {
    let mut short = ProcessVector::new();
    if let Some((process, count)) = context.iter().max_by_key(|(_, count)| *count) {
        short.set(*process, count);
    }
    short
}

/// The same write, kept in the two older ways.
fn put_beside(n: &mut N, id: OpId, key: u32, written: Written) {
    let (one, by) = n.state.beside.get(&(id.client, key)).cloned().unwrap_or_default();
    let beside = n.durable.beside.entry(key).or_default();
    if beside.one.values().len() < MOST_BESIDE {
        beside.one.update(&n.me, &one, written);
    }
    beside.by.update(&id.client, u64::from(id.nth) + 1, &by, written);
}

fn gossip(n: &mut N, cx: &mut Cx, key: u32, to: NodeId) {
    local(n, cx);
    cx.note("Gossip");
    let entry = n.durable.store.get(&key).cloned().unwrap_or_default();
    let beside = n.durable.beside.get(&key).cloned().map(Box::new);
    let body = VectorBody::Gossip { key, entry, beside };
    cx.send(to, Message { clock: n.durable.clock.clone(), body });
}

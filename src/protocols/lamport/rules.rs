//! The rules: IR1 and IR2 for the clock, 1 to 5 for the resource. The latter carry the names they
//! have in LamportMutex.tla.

use super::mutant::*;
use super::*;
use crate::core::protocol::Outcome;

type N = Node<Lamport>;
type Cx<'a> = Context<'a, Lamport>;

/// What a handler has to say, once its clock has counted.
type Outbox = Vec<(NodeId, ResourceMessage)>;

pub(super) fn restart(cx: &mut Cx, kept: &Durable) {
    next_event(cx);
    cx.note("Restart");
    if kept.holding {
        cx.set_timer(Timer::Hold, cx.cfg.hold);
    }
    if kept.peers.iter().any(|p| !p.link.unacknowledged.is_empty()) {
        cx.set_timer(Timer::Resend, cx.cfg.resend);
    }
}

fn next_event(cx: &mut Cx) {
    let after = cx.between(cx.cfg.pause / 4, cx.cfg.pause);
    cx.set_timer(Timer::Act, after);
}

fn tick(n: &mut N, cx: &Cx) {
    if !cx.mutant(NO_TICK) {
        n.durable.time += 1;
    }
}

/// IR1: "each process increments C between any two successive events".
fn ir1(n: &mut N, cx: &mut Cx) {
    tick(n, cx);
    cx.persist(&n.durable);
    cx.note("IR1");
}

/// IR2 (b): "sets C greater than or equal to its present value and greater than T_m".
fn ir2b(n: &mut N, cx: &mut Cx, timestamp: u64) {
    if !cx.mutant(IGNORE_ARRIVAL) {
        n.durable.time = n.durable.time.max(timestamp);
    }
    cx.note("IR2b");
}

/// A plain message. IR2 (a): "the message m contains a timestamp T_m = C(a)".
fn send(n: &mut N, cx: &mut Cx, to: NodeId) {
    ir1(n, cx);
    cx.note("IR2a");
    cx.send(to, Message { timestamp: n.durable.time, packet: None });
}

/// An event of the process's own.
pub(super) fn act(n: &mut N, cx: &mut Cx) {
    next_event(cx);
    if cx.cfg.mutex {
        return match cx.choose(2) {
            0 => request(n, cx),
            _ => ir1(n, cx),
        };
    }
    let others: Vec<NodeId> = cx.others().collect();
    match cx.choose(others.len() as u8 + 1) {
        0 => ir1(n, cx),
        k => send(n, cx, others[usize::from(k) - 1]),
    }
}

/// A client's wish.
pub(super) fn asked(n: &mut N, cx: &mut Cx, id: OpId, op: Op) {
    match op {
        Op::Request if cx.cfg.mutex => {
            request(n, cx);
            // Its ticket: the place of the request in the order of all.
            return cx.reply(id, Outcome::Ok(n.durable.asking.unwrap_or(n.durable.time)));
        }
        Op::Request => return cx.reply(id, Outcome::Fail("there is no resource to share")),
        Op::Send { to } if to < cx.nodes.into() && to != u32::from(n.me.0) => {
            send(n, cx, NodeId(to as u16));
        }
        _ => ir1(n, cx),
    }
    cx.reply(id, Outcome::Ok(n.durable.time));
}

/// A message has come. With a resource to share it is put in its place on the link, and what is
/// next in order is taken.
pub(super) fn receive(n: &mut N, cx: &mut Cx, from: NodeId, message: Message) {
    ir2b(n, cx, message.timestamp);
    let Some(packet) = message.packet else { return ir1(n, cx) };
    tick(n, cx);
    peer(n, cx, from).link.confirm(packet.ack);
    let mut out = Outbox::new();
    let mut again = false;
    if let Some(body) = packet.body {
        let link = &mut peer(n, cx, from).link;
        // The other end has not heard that it came.
        again = link.knows(packet.nth);
        if !again {
            link.arrive(packet.nth, body);
        }
        let at_once = cx.mutant(AS_THEY_COME);
        if at_once && !again {
            take(n, cx, from, packet.nth, body, &mut out);
        }
        while let Some((nth, body)) = peer(n, cx, from).link.take() {
            if !at_once {
                take(n, cx, from, nth, body, &mut out);
            }
        }
    }
    enter(n, cx);
    if !out.is_empty() {
        tick(n, cx);
    }
    say(n, cx, out);
    if again {
        let packet = Some(peer(n, cx, from).link.acknowledge());
        cx.send(from, Message { timestamp: n.durable.time, packet });
    }
}

fn peer<'a>(n: &'a mut N, cx: &Cx, of: NodeId) -> &'a mut Peer {
    n.durable.peers.resize(cx.nodes.into(), Peer::default());
    &mut n.durable.peers[of.at()]
}

fn take(n: &mut N, cx: &mut Cx, from: NodeId, nth: u32, said: SentMessage, out: &mut Outbox) {
    let p = peer(n, cx, from);
    p.taken = (p.taken.0 + 1, nth);
    p.heard = p.heard.max(said.time);
    match said.what {
        ResourceMessage::Request => {
            receive_request(n, cx, Request { time: said.time, of: from }, out)
        }
        ResourceMessage::Ack => cx.note("ReceiveAck"),
        ResourceMessage::Release => receive_release(n, cx, from),
    }
}

/// Rule 1: "P_i sends the message T_m:P_i requests resource to every other process, and puts that
/// message on its request queue". One request at a time.
fn request(n: &mut N, cx: &mut Cx) {
    if n.durable.asking.is_some() {
        return ir1(n, cx);
    }
    cx.note("Request");
    tick(n, cx);
    let time = n.durable.time;
    n.durable.asking = Some(time);
    queue(n, cx, Request { time, of: n.me });
    let out = cx.others().map(|to| (to, ResourceMessage::Request)).collect();
    enter(n, cx);
    say(n, cx, out);
}

/// Rule 2: "places it on its request queue and sends a (timestamped) acknowledgment message".
fn receive_request(n: &mut N, cx: &mut Cx, request: Request, out: &mut Outbox) {
    cx.note("ReceiveRequest");
    queue(n, cx, request);
    out.push((request.of, ResourceMessage::Ack));
}

/// Rule 3: "removes any T_m:P_i requests resource message from its request queue and sends a
/// (timestamped) P_i releases resource message to every other process".
pub(super) fn exit(n: &mut N, cx: &mut Cx) {
    if !n.durable.holding {
        return;
    }
    cx.note("Exit");
    tick(n, cx);
    n.durable.holding = false;
    n.durable.asking = None;
    let me = n.me;
    n.durable.queue.retain(|r| r.of != me);
    let out = cx.others().map(|to| (to, ResourceMessage::Release)).collect();
    say(n, cx, out);
}

/// Rule 4: "removes any T_m:P_i requests resource message from its request queue".
fn receive_release(n: &mut N, cx: &mut Cx, from: NodeId) {
    cx.note("ReceiveRelease");
    n.durable.queue.retain(|r| r.of != from);
}

/// Rule 5: granted when (i) the own request is first in the order of all, and (ii) "P_i has received
/// a message from every other process timestamped later than T_m".
fn enter(n: &mut N, cx: &mut Cx) {
    let Some(time) = n.durable.asking.filter(|_| !n.durable.holding) else { return };
    let mine = Request { time, of: n.me };
    let first = n.durable.queue.first() == Some(&mine);
    let later = |p: NodeId| {
        let heard = n.durable.peers.get(p.at()).map_or(0, |peer| peer.heard);
        total_order(cx, &Request { time: heard, of: p }) > total_order(cx, &mine)
    };
    if first && (cx.mutant(SKIP_ACKS) || cx.others().all(later)) {
        cx.note("Enter");
        n.durable.holding = true;
        cx.set_timer(Timer::Hold, cx.cfg.hold);
    }
}

/// The total order: by timestamp, then by any order of the processes.
fn total_order(cx: &Cx, r: &Request) -> (u64, u16) {
    (r.time, if cx.cfg.reverse { u16::MAX - r.of.0 } else { r.of.0 })
}

fn queue(n: &mut N, cx: &Cx, request: Request) {
    let rank = |r: &Request| match total_order(cx, r) {
        (_, name) if cx.mutant(BY_NAME) => (0, name),
        rank => rank,
    };
    let at = n.durable.queue.partition_point(|r| rank(r) < rank(&request));
    n.durable.queue.insert(at, request);
}

/// Ends an event that has been counted: everything said in it has its timestamp.
fn say(n: &mut N, cx: &mut Cx, out: Outbox) {
    if out.is_empty() {
        cx.persist(&n.durable);
        return cx.note("IR1");
    }
    let timestamp = n.durable.time;
    let waits = n.durable.peers.iter().any(|p| !p.link.unacknowledged.is_empty());
    let mut packets = Vec::new();
    for (to, what) in out {
        packets.push((to, peer(n, cx, to).link.send(SentMessage { time: timestamp, what })));
    }
    cx.persist(&n.durable);
    cx.note("IR1");
    cx.note("IR2a");
    for (to, packet) in packets {
        cx.send(to, Message { timestamp, packet: Some(packet) });
    }
    if !waits {
        cx.set_timer(Timer::Resend, cx.cfg.resend);
    }
}

/// The links' own business: what was not acknowledged goes once more.
pub(super) fn resend(n: &mut N, cx: &mut Cx) {
    ir1(n, cx);
    let timestamp = n.durable.time;
    let mut waits = false;
    for (to, peer) in (0..).map(NodeId).zip(&n.durable.peers) {
        for packet in peer.link.again() {
            waits = true;
            cx.send(to, Message { timestamp, packet: Some(packet) });
        }
    }
    if waits {
        cx.note("Resend");
        cx.set_timer(Timer::Resend, cx.cfg.resend);
    }
}

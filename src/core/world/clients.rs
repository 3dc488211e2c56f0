//! Clients: outside the cluster, behind links like everyone else. They send an operation, send it
//! again if nobody answers, and after a while no longer know whether it happened.

use super::rules::Renamed;
use super::*;
use crate::core::action::Call;
use crate::core::config::Balance;
use crate::core::random::{Stream, below, draw, exponential};
use crate::core::regions::Map;
use crate::core::view::OpStep;
use std::hash::Hash;

/// The client's next operation.
pub(super) const THINK: u32 = 0;
/// The same operation again.
pub(super) const RETRY: u32 = 1;
/// The client gives up waiting.
pub(super) const DEADLINE: u32 = 2;

/// What a client's timer is called.
pub(super) fn timer_title(code: u32) -> &'static str {
    match code {
        THINK => "next operation",
        RETRY => "ask again",
        _ => "give up waiting",
    }
}

/// Pause before asking somebody else.
const REDIRECT_PAUSE: u64 = 20_000;

/// A client.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) me: NodeId,
    pub(super) next: u32,
    pub(super) process: u32,
    pub(super) waiting: Option<Waiting>,
    /// Who answered last, or was said to be in charge.
    pub(super) known: Option<NodeId>,
    /// Since when it stays with that server.
    since: u64,
    /// Whose turn it is, where servers are chosen in turn.
    turn: u16,
    /// What it carries from one operation to the next.
    pub(super) token: Shared,
    draws: u64,
}

/// An operation a client waits for.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) id: OpId,
    pub(super) op: Value,
    pub(super) target: NodeId,
    fixed: bool,
}

impl Client {
    pub(super) fn new(n: u16, token: Shared, k: &mut Kernel) -> Self {
        let me = NodeId(k.common.nodes + n);
        let mut client = Client {
            me,
            next: 0,
            process: u32::from(n),
            waiting: None,
            known: None,
            since: 0,
            turn: n,
            token,
            draws: 0,
        };
        client.think(k);
        client
    }

    /// Hashes it, time left out, as it would be under other names of the servers.
    pub(super) fn feed(&self, of: &dyn SearchRules, names: Option<&Names>, to: &mut StableHasher) {
        let renamed = |n: NodeId| names.map_or(n, |names| names.of(n));
        (self.me, self.next, self.process).hash(to);
        match &self.waiting {
            None => 0isize.hash(to),
            Some(w) => {
                (1isize, w.id).hash(to);
                match names {
                    Some(names) => of.feed(Renamed::Op(&*w.op), names, to),
                    None => w.op.feed(to),
                }
                (renamed(w.target), w.fixed).hash(to);
            }
        }
        (self.known.map(renamed), self.turn).hash(to);
        of.feed_token(&self.token, names, to);
        self.draws.hash(to);
    }

    fn draw(&mut self, k: &Kernel) -> u64 {
        self.draws += 1;
        draw(k.seed, Stream::Client(self.me.0), self.draws)
    }

    fn think(&mut self, k: &mut Kernel) {
        let mean = k.common.client.interval;
        if mean > 0 {
            let pause = exponential(self.draw(k), mean);
            k.set_timer(self.me, THINK, pause);
        }
    }

    fn pick_server(&mut self, k: &Kernel) -> NodeId {
        let nodes = k.common.nodes;
        if k.common.net.map != Map::One {
            return self.pick_near(k);
        }
        match k.common.client.balance {
            Balance::Random => NodeId(below(self.draw(k), nodes.into()) as u16),
            Balance::RoundRobin => {
                self.turn = self.turn.wrapping_add(1);
                NodeId(self.turn.wrapping_sub(1) % nodes)
            }
        }
    }

    /// One of those that are no farther than any other.
    fn pick_near(&mut self, k: &Kernel) -> NodeId {
        let (map, mine) = (k.common.net.map, k.place(self.me));
        let far = |n: &u16| map.way(mine, map.place(*n));
        let least = (0..k.common.nodes).map(|n| far(&n)).min().unwrap_or(0);
        let near: Vec<u16> = (0..k.common.nodes).filter(|n| far(n) == least).collect();
        NodeId(near[below(self.draw(k), near.len() as u64) as usize])
    }

    /// The server it stays with, if it still does.
    fn stuck_to(&mut self, k: &Kernel) -> Option<NodeId> {
        let over = k.now - self.since >= k.common.client.stickiness;
        if over { self.known.take() } else { self.known }.filter(|_| !over)
    }

    fn stick_to(&mut self, server: NodeId, k: &Kernel) {
        if self.known.replace(server) != Some(server) {
            self.since = k.now;
        }
    }
}

impl World {
    pub(super) fn client_timer(&mut self, node: NodeId, code: u32, step: &mut Step) {
        let c = self.client_place(node);
        match code {
            THINK => self.next_op(c, step),
            RETRY => self.ask_again(c, step),
            _ => {
                if let Some(w) = self.clients[c].waiting.take() {
                    step.ev.ops.push(OpStep::Unknown { op: w.id });
                    // An unknown operation stays open for ever: what the client does next is
                    // another process's.
                    self.clients[c].process += u32::from(self.k.common.clients);
                    self.clients[c].known = None;
                    self.k.cancel_timer(node, RETRY);
                    self.clients[c].think(&mut self.k);
                }
            }
        }
    }

    fn next_op(&mut self, c: usize, step: &mut Step) {
        if self.clients[c].waiting.is_some() {
            return;
        }
        let Fixed { rules, settings, .. } = &*self.fixed;
        let client = &mut self.clients[c];
        let nth = client.next;
        let k = &self.k;
        let mut pick = |n: u64| below(client.draw(k), n);
        match rules.next_op(settings, c as u16, nth, &mut pick) {
            Some(op) => self.invoke(c, op, None, step),
            None => self.clients[c].think(&mut self.k),
        }
    }

    /// A client invokes an operation.
    pub(super) fn invoke(&mut self, c: usize, op: Value, to: Option<NodeId>, step: &mut Step) {
        let Fixed { rules, settings, .. } = &*self.fixed;
        let k = &self.k;
        let client = &mut self.clients[c];
        let id = OpId { client: client.me, nth: client.next };
        client.next += 1;
        let op = rules.carry(settings, &client.token, op);
        let near = k.common.net.map != Map::One && rules.anywhere(settings, &*op);
        let stuck = if near { None } else { client.stuck_to(k) };
        let target = match to.or(stuck) {
            Some(server) => server,
            None => client.pick_server(k),
        };
        client.waiting = Some(Waiting { id, op: op.clone(), target, fixed: to.is_some() });
        let (me, process) = (client.me, client.process);
        let times = self.k.common.client;
        self.k.cancel_timer(me, THINK);
        self.k.set_timer(me, DEADLINE, times.timeout);
        if times.retry > 0 && to.is_none() {
            self.k.set_timer(me, RETRY, times.retry);
        }
        let call: Call = rules.call(&*op);
        step.ev.ops.push(OpStep::Invoke { op: id, process, call });
        self.post(me, target, Payload::Request { op: id, call: op }, 100, step);
    }

    fn ask_again(&mut self, c: usize, step: &mut Step) {
        let k = &self.k;
        let client = &mut self.clients[c];
        let (me, known) = (client.me, client.known.take());
        let other = client.pick_server(k);
        let Some(w) = client.waiting.as_mut() else { return };
        if !w.fixed {
            w.target = known.unwrap_or(other);
        }
        let (id, op, target) = (w.id, w.op.clone(), w.target);
        if self.k.common.client.retry > 0 {
            self.k.set_timer(me, RETRY, self.k.common.client.retry);
        }
        self.post(me, target, Payload::Request { op: id, call: op }, 100, step);
    }

    /// An answer has reached its client.
    pub(super) fn answered(
        &mut self,
        from: NodeId,
        op: OpId,
        outcome: AnyOutcome,
        step: &mut Step,
    ) {
        let c = self.client_place(op.client);
        let Fixed { rules, settings, .. } = &*self.fixed;
        let client = &mut self.clients[c];
        // Answers to an operation that is settled, or given up, change nothing.
        let Some(w) = client.waiting.as_ref().filter(|w| w.id == op) else { return };
        let (me, target, asked) = (client.me, w.target, w.op.clone());
        let end = match &outcome {
            AnyOutcome::Redirect(_) if w.fixed => OpStep::Fail { op, why: "not the one in charge" },
            AnyOutcome::Redirect(hint) => {
                client.known = *hint;
                return self.k.set_timer(me, RETRY, REDIRECT_PAUSE);
            }
            AnyOutcome::Ok(ret) => {
                // Whom it asked because it is near need not be in charge.
                let near = self.k.common.net.map != Map::One && rules.anywhere(settings, &*asked);
                if !near {
                    client.stick_to(target, &self.k);
                }
                rules.learn(settings, &mut client.token, &*asked, &**ret);
                OpStep::Ok { op, value: rules.answer(&**ret) }
            }
            AnyOutcome::Fail(why) => OpStep::Fail { op, why },
        };
        client.waiting = None;
        self.k.cancel_timer(me, RETRY);
        self.k.cancel_timer(me, DEADLINE);
        self.clients[c].think(&mut self.k);
        step.ev.ops.push(end);
        step.answers.push((from, op, asked, outcome));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn servers_are_asked_in_turn_however_long_a_client_lives() {
        let mut common = Common { nodes: 5, clients: 1, ..Common::default() };
        common.client.balance = Balance::RoundRobin;
        let mut k = Kernel::new(common, 7);
        let mut client = Client::new(0, Arc::new(()), &mut k);
        client.turn = u16::MAX - 1;
        let asked: Vec<u16> = (0..4).map(|_| client.pick_server(&k).0).collect();
        // 65,535 is a multiple of 5.
        assert_eq!(asked, [4, 0, 0, 1]);
    }
}

//! The view of a world: plain data for drawings, inspectors and exports.

use super::*;
use crate::core::declare::Data;
use crate::core::kernel::{Mode, Proc, is_twin};
use crate::core::protocol::{TimerName, call_text};
use crate::core::view::{
    LinkView, LogView, NodeLook, NodeView, Ruler, Shape, Status, TimerView, Tray, Verdict,
};
use std::sync::{Mutex, PoisonError, Weak};

/// What a server's state and disk look like.
#[derive(Clone, Debug)]
struct Face {
    look: Arc<NodeLook>,
    log: Option<Arc<LogView>>,
    safe: Option<u64>,
    trays: Arc<[Tray]>,
    ruler: Option<Ruler>,
}

/// The servers' looks when last asked for, each with what it was made of: while that is there, the
/// look is true. A change moves a slot that is only looked at, so it is gone then.
#[derive(Debug)]
pub(super) struct Faces<P: Show>(Mutex<Vec<(Weak<Slot<P>>, Face)>>);

impl<P: Show> Default for Faces<P> {
    fn default() -> Self {
        Faces(Mutex::default())
    }
}

// Nobody looks at most copies.
impl<P: Show> Clone for Faces<P> {
    fn clone(&self) -> Self {
        Faces::default()
    }
}

impl<P: Show> World<P> {
    fn face(&self, at: usize) -> Face {
        let slot = &self.slots[at];
        let mut known = self.faces.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, face)) = known.get(at)
            && std::ptr::eq(of.as_ptr(), Arc::as_ptr(slot))
        {
            return face.clone();
        }
        let cfg = &self.settings.cfg;
        let face = Face {
            look: Arc::new(P::node(cfg, &self.settings.common, &slot.node)),
            log: P::log(&slot.node).map(Arc::new),
            safe: self.safe(slot),
            trays: P::trays(cfg, &slot.node).into(),
            ruler: P::ruler(cfg, &slot.node),
        };
        let mine = (Arc::downgrade(slot), face.clone());
        // Servers are looked at in their order.
        if at == known.len() {
            known.push(mine);
        } else if let Some(old) = known.get_mut(at) {
            *old = mine;
        }
        face
    }

    pub(super) fn look(&self) -> WorldView {
        let all = 0..self.k.procs.len() as u16;
        WorldView {
            now: self.k.now,
            step: self.k.step,
            nodes: all.map(|n| self.node_view(NodeId(n))).collect(),
            messages: self.k.flight.keys().filter_map(|id| self.message_view(*id)).collect(),
            links: self.link_views(),
            groups: self.k.groups(),
            verdicts: self.verdicts(),
            facts: self.facts(),
            committed: P::committed(&self.observer),
            manual: self.k.mode == Mode::Manual,
            ring: P::ring(&self.settings.cfg, &self.settings.common, &self.observer, || {
                self.slots.iter().map(|s| &s.node).collect()
            }),
            axis: P::axis(&self.settings.cfg, &self.settings.common, &self.observer, || {
                self.slots.iter().map(|s| &s.node).collect()
            }),
        }
    }

    fn facts(&self) -> Vec<String> {
        let outside = P::outside(&self.settings.common, &self.settings.cfg);
        let warning = outside.map(|why| format!("outside the theorem: {why}"));
        warning.into_iter().chain(P::facts(&self.observer)).collect()
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let pairs = P::properties().iter().zip(&self.checks);
        pairs
            .map(|(p, c)| Verdict {
                property: p.id,
                title: p.title,
                checked: c.checked,
                violation: c.first.clone(),
                promised: P::promises(&self.settings.common, &self.settings.cfg, p.id),
                undecided: c.first.is_none() && P::undecided(&self.observer, p.id),
            })
            .collect()
    }

    fn link_views(&self) -> Vec<LinkView> {
        let odd = self.k.links.iter().filter(|(_, l)| !l.is_plain());
        odd.map(|((from, to), l)| LinkView {
            from: *from,
            to: *to,
            cut: l.cut,
            loss: l.loss.unwrap_or(self.settings.common.net.loss),
            delay: l.delay,
        })
        .collect()
    }

    fn message_view(&self, id: MsgId) -> Option<MessageView> {
        let f = self.k.flight.get(&id)?;
        Some(MessageView {
            id,
            look: self.payloads.get(&id)?.look(),
            sent_at: f.sent_at,
            due: f.due,
            doomed: f.doom.is_some(),
            held: f.held,
            docked: f.docked,
            twin: is_twin(id),
            forged: f.forged,
        })
    }

    /// What a message in flight says.
    pub(super) fn message_details(&self, id: MsgId) -> Option<Vec<(String, String)>> {
        Some(match &**self.payloads.get(&id)? {
            Payload::Peer(message) => P::details(message),
            Payload::Request { call, .. } => {
                let mut all = vec![("operation".into(), self.op_text(call))];
                all.extend(P::carried(call));
                all
            }
            Payload::Reply { outcome, .. } => vec![("answer".into(), outcome_text(outcome))],
        })
    }

    pub(super) fn message_data(&self, id: MsgId) -> Option<Plain> {
        Some(match &**self.payloads.get(&id)? {
            Payload::Peer(message) => message.plain(),
            Payload::Request { call, .. } => Plain::Text(self.op_text(call)),
            Payload::Reply { outcome, .. } => Plain::Text(outcome_text(outcome)),
        })
    }

    fn op_text(&self, op: &P::Op) -> String {
        let call = P::call(op);
        call_text(P::CALLS, &call)
    }

    fn node_view(&self, node: NodeId) -> NodeView {
        let p = self.k.proc(node);
        let server = self.is_server(node);
        let face = if server {
            self.face(node.at())
        } else {
            let look = Arc::new(self.client_look(node));
            Face { look, log: None, safe: None, trays: Arc::default(), ruler: None }
        };
        NodeView {
            id: node,
            name: self.names[node.at()].clone(),
            shape: match server {
                true => P::shape(&self.settings.cfg, &self.settings.common, node),
                false => Shape::Client,
            },
            place: self.place_name(node),
            status: status(p),
            look: face.look,
            log: face.log,
            safe: face.safe,
            timers: self.timer_views(node, p),
            skew: p.clock.skew(self.k.now),
            drift: p.clock.drift(),
            syncing: p.syncing,
            trays: face.trays,
            ruler: face.ruler,
            inbox: p.inbox.len() as u32,
            lies: p.lie != crate::core::action::Lie::Honest,
            waiting: self.waiting(node),
        }
    }

    fn place_name(&self, node: NodeId) -> Option<&'static str> {
        let n = node.0.checked_sub(self.settings.common.nodes).unwrap_or(node.0);
        self.settings.common.net.map.name(n)
    }

    fn client_look(&self, node: NodeId) -> NodeLook {
        let client = &self.clients[usize::from(node.0 - self.settings.common.nodes)];
        let durable = P::token(&client.token);
        let badge = durable.first().map_or(String::new(), |(_, text)| text.clone());
        NodeLook { role: "Client".into(), badge, durable, ..NodeLook::default() }
    }

    /// Up to where the log would be the same after the worst crash; `None` if all of it would be.
    fn safe(&self, slot: &Slot<P>) -> Option<u64> {
        if slot.written.is_empty() {
            return None;
        }
        let now = P::log(&slot.node)?;
        let kept = Node { durable: (*slot.synced).clone(), ..slot.node.clone() };
        let kept = P::log(&kept)?;
        let same = now.cells.iter().zip(&kept.cells).take_while(|(a, b)| a == b).count();
        (now.first == kept.first && same < now.cells.len())
            .then(|| (now.first + same as u64).saturating_sub(1))
    }

    fn waiting(&self, node: NodeId) -> Option<String> {
        let c = node.0.checked_sub(self.settings.common.nodes)?;
        let w = self.clients[usize::from(c)].waiting.as_ref()?;
        Some(self.op_text(&w.op))
    }

    fn timer_views(&self, node: NodeId, p: &Proc) -> Vec<TimerView> {
        let name = |code: u32| match self.is_server(node) {
            true => P::Timer::ALL.get(code as usize).map_or("", |(_, name)| name),
            false => clients::timer_title(code),
        };
        p.timers
            .iter()
            .map(|(code, s)| TimerView {
                name: name(*code).into(),
                code: *code,
                set_at: s.set_at,
                due: s.due,
            })
            .collect()
    }
}

fn status(p: &Proc) -> Status {
    match (p.up, p.paused, p.slow) {
        (false, _, _) => Status::Crashed,
        (_, true, _) => Status::Paused,
        (_, _, 0) => Status::Up,
        _ => Status::Slow,
    }
}

fn outcome_text<P: Show>(outcome: &Outcome<P>) -> String {
    match outcome {
        Outcome::Ok(ret) => P::answer(ret).map_or("done".into(), |v| format!("done: {v}")),
        Outcome::Fail(why) => format!("no: {why}"),
        Outcome::Redirect(Some(n)) => format!("ask {}", P::name(n.0)),
        Outcome::Redirect(None) => "ask somebody else".into(),
    }
}

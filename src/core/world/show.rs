//! The view of a world: plain data for drawings, inspectors and exports.

use super::rules::{ObserverView, ServerLook};
use super::*;
use crate::core::declare::Plain;
use crate::core::kernel::{Flight, Mode, Proc, is_twin};
use crate::core::protocol::call_text;
use crate::core::value::AnyValue;
use crate::core::view::{
    Fact, LinkView, LogView, NodeLook, NodeShape, NodeView, Ruler, Status, TimerView, Tray, Verdict,
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
/// look is true. A change moves a replica that is only looked at, so it is gone then.
#[derive(Default)]
pub(super) struct Faces(Mutex<Vec<(Weak<Replica>, Face)>>);

// Nobody looks at most copies.
impl Clone for Faces {
    fn clone(&self) -> Self {
        Faces::default()
    }
}

impl World {
    fn face(&self, at: usize) -> Face {
        let replica = &self.replicas[at];
        let mut known = self.faces.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, face)) = known.get(at)
            && std::ptr::eq(of.as_ptr(), Arc::as_ptr(replica))
        {
            return face.clone();
        }
        let kept = (!replica.written.is_empty()).then_some(&*replica.synced);
        let Fixed { rules, settings, .. } = &*self.fixed;
        let ServerLook { look, log, kept, trays, ruler } =
            rules.face(settings, &*replica.node, kept);
        let safe = log.as_ref().zip(kept).and_then(|(now, kept)| safe(now, &kept));
        let (look, log, trays) = (Arc::new(look), log.map(Arc::new), trays.into());
        let face = Face { look, log, safe, trays, ruler };
        let mine = (Arc::downgrade(replica), face.clone());
        // Servers are looked at in their order.
        if at == known.len() {
            known.push(mine);
        } else if let Some(old) = known.get_mut(at) {
            *old = mine;
        }
        face
    }

    /// What can be seen.
    pub fn view(&self) -> WorldView {
        let all = 0..self.k.procs.len() as u16;
        let Fixed { rules, settings, .. } = &*self.fixed;
        let ObserverView { facts, committed, ring, axis } =
            rules.overview(settings, &self.observer, &self.replicas);
        let outside = self.outside();
        let warning =
            outside.map(|why| Fact::new("outside", format!("outside the theorem: {why}")));
        WorldView {
            now: self.k.now,
            step: self.k.step,
            nodes: all.map(|n| self.node_view(NodeId(n))).collect(),
            messages: self.k.flight.iter().map(|(id, f)| self.message_view(*id, f)).collect(),
            links: self.link_views(),
            groups: self.k.groups(),
            verdicts: self.verdicts(),
            facts: warning.into_iter().chain(facts).collect(),
            committed,
            manual: self.k.mode == Mode::Manual,
            ring,
            axis,
        }
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let Fixed { rules, settings, claims, .. } = &*self.fixed;
        let pairs = claims.iter().zip(&self.checks);
        pairs
            .map(|(p, c)| Verdict {
                property: p.id,
                title: p.title,
                checked: c.checked,
                violation: c.first.clone(),
                promised: rules.promises(settings, p.id),
                undecided: c.first.is_none() && rules.undecided(&self.observer, p.id),
            })
            .collect()
    }

    fn link_views(&self) -> Vec<LinkView> {
        let odd = self.k.links.iter().filter(|(_, l)| !l.is_plain());
        odd.map(|((from, to), l)| LinkView {
            from: *from,
            to: *to,
            cut: l.cut,
            loss: l.loss.unwrap_or(self.k.common.net.loss),
            delay: l.delay,
        })
        .collect()
    }

    fn message_view(&self, id: MsgId, f: &Flight) -> MessageView {
        MessageView {
            id,
            look: self.look_of(&f.payload),
            sent_at: f.sent_at,
            due: f.due,
            doomed: f.doom.is_some(),
            held: f.held,
            docked: f.docked,
            twin: is_twin(id),
            forged: f.forged,
        }
    }

    /// What a message in flight says.
    pub fn details(&self, id: MsgId) -> Option<Vec<(String, String)>> {
        let rules = self.fixed.rules;
        Some(match &self.k.flight.get(&id)?.payload {
            Payload::Peer(message) => rules.details(&**message),
            Payload::Request { call, .. } => {
                let mut all = vec![("operation".into(), self.op_text(&**call))];
                all.extend(rules.carried(&**call));
                all
            }
            Payload::Reply { outcome, .. } => vec![("answer".into(), self.outcome_text(outcome))],
        })
    }

    /// The same as plain data.
    pub fn said(&self, id: MsgId) -> Option<Plain> {
        Some(match &self.k.flight.get(&id)?.payload {
            Payload::Peer(message) => self.fixed.rules.plain(&**message),
            Payload::Request { call, .. } => Plain::Text(self.op_text(&**call)),
            Payload::Reply { outcome, .. } => Plain::Text(self.outcome_text(outcome)),
        })
    }

    fn op_text(&self, op: &dyn AnyValue) -> String {
        call_text(self.fixed.rules.calls(), &self.fixed.rules.call(op))
    }

    fn outcome_text(&self, outcome: &AnyOutcome) -> String {
        match outcome {
            AnyOutcome::Ok(ret) => {
                self.fixed.rules.answer(&**ret).map_or("done".into(), |v| format!("done: {v}"))
            }
            AnyOutcome::Fail(why) => format!("no: {why}"),
            AnyOutcome::Redirect(Some(n)) => format!("ask {}", self.name(*n)),
            AnyOutcome::Redirect(None) => "ask somebody else".into(),
        }
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
            name: self.fixed.names[node.at()].clone(),
            shape: match server {
                true => self.fixed.rules.shape(&self.fixed.settings, node),
                false => NodeShape::Client,
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
        let n = node.0.checked_sub(self.k.common.nodes).unwrap_or(node.0);
        self.k.common.net.map.name(n)
    }

    fn client_look(&self, node: NodeId) -> NodeLook {
        let client = &self.clients[self.client_place(node)];
        let durable = self.fixed.rules.tokens(&client.token);
        let badge = durable.first().map_or(String::new(), |(_, text)| text.clone());
        NodeLook { role: "Client".into(), badge, durable, ..NodeLook::default() }
    }

    fn waiting(&self, node: NodeId) -> Option<String> {
        let c = node.0.checked_sub(self.k.common.nodes)?;
        let w = self.clients[usize::from(c)].waiting.as_ref()?;
        Some(self.op_text(&*w.op))
    }

    fn timer_views(&self, node: NodeId, p: &Proc) -> Vec<TimerView> {
        let name = |code: u32| match self.is_server(node) {
            true => self.fixed.rules.timer(code).unwrap_or(""),
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

/// Up to where a log is the same after the worst crash; `None` if all of it is.
fn safe(now: &LogView, kept: &LogView) -> Option<u64> {
    let from = now.first.max(kept.first);
    let end = now.first + now.cells.len() as u64;
    let differs = (from..end).find(|index| now.cell(*index) != kept.cell(*index));
    differs.map(|index| index.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::view::Cell;

    #[test]
    fn what_is_safe_is_told_of_the_last_cells_of_a_long_log() {
        let log = |len: u64, epoch: u64| {
            let first = LogView::first_of(len);
            let cell = |_| Cell { text: "x".into(), epoch };
            LogView { first, cells: (first..=len).map(cell).collect(), committed: 0 }
        };
        for len in [5, LogView::MOST, 1_000] {
            assert_eq!(safe(&log(len, 1), &log(len, 1)), None);
            assert_eq!(safe(&log(len + 3, 1), &log(len, 1)), Some(len), "{len}");
            assert_eq!(safe(&log(len, 1), &log(len + 3, 1)), None, "what is left was written");
        }
        assert_eq!(safe(&log(1_000, 1), &log(1_000, 2)), Some(1_000 - LogView::MOST));
        assert_eq!(safe(&log(1_000, 1), &log(0, 1)), Some(1_000 - LogView::MOST));
    }
}

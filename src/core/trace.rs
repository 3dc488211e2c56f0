//! The record of a run: every step, and the life of every message and operation. It grows with
//! the run and is cut where a branch forks; worlds stay small because it lives beside them.

use super::action::Call;
use super::ids::{MsgId, NodeId, OpId};
use super::list::List;
use super::view::{Event, Loss, MessageLook, OpStep, What};
use crate::core::sorted::{SortedMap, SortedSet};
use serde::Serialize;
use std::sync::Arc;

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// On its way.
    Flying,
    /// Handled in this step.
    Received { step: u64, at: u64 },
    /// Lost in this step.
    Lost { step: u64, at: u64, why: Loss },
}

/// The life of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passage {
    /// Its name.
    pub id: MsgId,
    /// What it is.
    pub look: Arc<MessageLook>,
    /// The step that sent it.
    pub sent_step: u64,
    /// When, in microseconds.
    pub sent_at: u64,
    /// When it was to arrive or be lost.
    pub due: u64,
    /// How it ended.
    pub fate: Fate,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpEnd {
    /// It is waited for.
    Open,
    /// It is done; what the client learned.
    Ok(Option<String>),
    /// It did not happen.
    Fail(&'static str),
    /// No answer in time.
    Unknown,
}

/// The life of a client's operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpLife {
    /// Its name.
    pub id: OpId,
    /// The client's process; new after each unknown outcome.
    pub process: u32,
    /// What was asked.
    pub call: Call,
    /// When, in microseconds.
    pub invoked: u64,
    /// The step of the invocation.
    pub step: u64,
    /// In which step, and when, it ended.
    pub ended: Option<(u64, u64)>,
    /// How it ended.
    pub end: OpEnd,
}

/// Everything recorded of one branch.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Steps in order; step `s` is at `s - 1`.
    pub events: List<Event>,
    /// Messages in the order of sending.
    pub messages: List<Passage>,
    /// Operations in the order of invocation.
    pub ops: Vec<OpLife>,
    open: SortedMap<MsgId, usize>,
    open_ops: SortedMap<OpId, usize>,
    /// Every way messages look, once.
    looks: SortedSet<Arc<MessageLook>>,
}

impl Trace {
    /// Adds the next step.
    pub fn push(&mut self, mut event: Event) {
        let (step, at) = (event.step, event.at);
        match &event.what {
            What::Receive(id) => self.end(id, Fate::Received { step, at }),
            What::Lost { msg, why } => self.end(msg, Fate::Lost { step, at, why: *why }),
            _ => {}
        }
        for sent in event.sent.iter_mut() {
            match self.looks.get(&sent.look) {
                Some(known) => sent.look = known.clone(),
                None => drop(self.looks.insert(sent.look.clone())),
            }
            self.open.insert(sent.id, self.messages.len() as usize);
            self.messages.push(Passage {
                id: sent.id,
                look: sent.look.clone(),
                sent_step: step,
                sent_at: at,
                due: sent.due,
                fate: Fate::Flying,
            });
        }
        for op in &event.ops {
            self.op(op, step, at);
        }
        event.shrink();
        self.events.push(event);
    }

    fn end(&mut self, id: &MsgId, fate: Fate) {
        if let Some(i) = self.open.remove(id)
            && let Some(passage) = self.messages.get_mut(i)
        {
            passage.fate = fate;
        }
    }

    fn op(&mut self, op: &OpStep, step: u64, at: u64) {
        let (id, end) = match op {
            OpStep::Invoke { op, process, call } => {
                self.open_ops.insert(*op, self.ops.len());
                self.ops.push(OpLife {
                    id: *op,
                    process: *process,
                    call: *call,
                    invoked: at,
                    step,
                    ended: None,
                    end: OpEnd::Open,
                });
                return;
            }
            OpStep::Ok { op, value } => (op, OpEnd::Ok(value.clone())),
            OpStep::Fail { op, why } => (op, OpEnd::Fail(why)),
            OpStep::Unknown { op } => (op, OpEnd::Unknown),
        };
        if let Some(i) = self.open_ops.remove(id) {
            self.ops[i].ended = Some((step, at));
            self.ops[i].end = end;
        }
    }

    /// The record as it was after `step` steps: what ended later is open again.
    pub fn prefix(&self, step: u64) -> Trace {
        let mut cut = self.clone();
        cut.events.truncate(step);
        cut.messages.truncate(self.messages.partition_point(|m| m.sent_step <= step) as u64);
        cut.ops.truncate(self.ops.partition_point(|op| op.step <= step));
        let later = |m: &Passage| match m.fate {
            Fate::Flying => true,
            Fate::Received { step: end, .. } | Fate::Lost { step: end, .. } => end > step,
        };
        let flying = cut.messages.iter().enumerate().filter(|(_, m)| later(m));
        cut.open = flying.map(|(i, m)| (m.id, i)).collect();
        for i in cut.open.values() {
            if let Some(passage) = cut.messages.get_mut(*i) {
                passage.fate = Fate::Flying;
            }
        }
        let open = |op: &OpLife| op.ended.is_none_or(|(end, _)| end > step);
        cut.open_ops = cut
            .ops
            .iter()
            .enumerate()
            .filter(|(_, op)| open(op))
            .map(|(i, op)| (op.id, i))
            .collect();
        for i in cut.open_ops.values() {
            (cut.ops[*i].ended, cut.ops[*i].end) = (None, OpEnd::Open);
        }
        cut
    }

    /// Steps recorded.
    pub fn len(&self) -> u64 {
        self.events.len()
    }

    /// Is nothing recorded?
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The event of a step.
    pub fn event(&self, step: u64) -> Option<&Event> {
        self.events.get(step.checked_sub(1)?)
    }

    /// The last step at or before a time.
    pub fn step_at(&self, time: u64) -> u64 {
        self.events.partition_point(|e| e.at <= time) as u64
    }

    /// How the events up to `until` stand to the event of `step`.
    pub fn cone(&self, step: u64, until: u64) -> Option<Cone> {
        let centre = self.event(step)?;
        centre.node?;
        let mut cone = Cone { step, past: 0, future: 0, beside: 0, nodes: Vec::new() };
        let until = usize::try_from(until).unwrap_or(usize::MAX);
        for event in self.events.range(0..until).filter(|e| e.is_of_process()) {
            let node = match Relation::of(event, centre) {
                Relation::Same => continue,
                Relation::Past => {
                    cone.past += 1;
                    event.node
                }
                Relation::Future => {
                    cone.future += 1;
                    None
                }
                Relation::Beside => {
                    cone.beside += 1;
                    None
                }
            };
            if let Some(node) = node.filter(|n| !cone.nodes.contains(n)) {
                cone.nodes.push(node);
            }
        }
        Some(cone)
    }
}

impl Event {
    /// Gives back room that is not used.
    fn shrink(&mut self) {
        self.notes.shrink();
        self.sent.shrink();
        self.ops.shrink();
        self.broken.shrink();
    }

    /// Is it an event of a process, not of the network or of waiting in an inbox?
    pub fn is_of_process(&self) -> bool {
        self.node.is_some() && self.what != What::Dock
    }
}

/// How one event stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The same event.
    Same,
    /// It could have caused the other.
    Past,
    /// The other could have caused it.
    Future,
    /// Neither: concurrent.
    Beside,
}

impl Relation {
    /// How `event` stands to `centre`.
    pub fn of(event: &Event, centre: &Event) -> Relation {
        if event.step == centre.step {
            Relation::Same
        } else if event.before(centre) {
            Relation::Past
        } else if centre.before(event) {
            Relation::Future
        } else {
            Relation::Beside
        }
    }
}

/// The happened-before cone of an event, counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cone {
    /// The event.
    pub step: u64,
    /// Events that could have caused it.
    pub past: u64,
    /// Events it could have caused, so far.
    pub future: u64,
    /// Events concurrent with it.
    pub beside: u64,
    /// Processes in its past.
    pub nodes: Vec<NodeId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A minute has tens of thousands of them.
    #[test]
    fn records_are_small() {
        assert!(size_of::<Event>() <= 96, "{}", size_of::<Event>());
        assert!(size_of::<Passage>() <= 64, "{}", size_of::<Passage>());
        assert!(size_of::<super::super::view::Sent>() <= 24);
    }
}

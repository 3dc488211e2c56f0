//! The record of a run: steps, and the life of messages and operations. It grows with the run, up to
//! a limit where one is set, and is cut where a branch forks; worlds stay small because it lives
//! beside them.

use super::action::{Action, Call};
use super::ids::{MsgId, NodeId, NodeSet, OpId};
use super::view::{Event, Loss, MessageLook, OpStep, What};
use super::window::Window;
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

/// The messages on record, in the order of sending.
#[derive(Clone, Debug, Default)]
pub struct Passages {
    /// Sent before all others, and on their way when the record begins.
    early: Vec<Passage>,
    rest: Window<Passage>,
}

impl Passages {
    /// How many have been sent since the record was first begun.
    pub fn len(&self) -> u64 {
        self.rest.len()
    }
    /// Is none on record?
    pub fn is_empty(&self) -> bool {
        self.early.is_empty() && self.rest.is_empty()
    }
    /// All on record.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Passage> {
        self.early.iter().chain(self.rest.iter())
    }
    /// Those that were sent before the steps on record, and were on their way then.
    pub fn early(&self) -> &[Passage] {
        &self.early
    }
    /// The others, each at its place.
    pub fn rest(&self) -> &Window<Passage> {
        &self.rest
    }

    /// Lets go what was sent in the first `step` steps and had ended by then.
    fn forget(&mut self, step: u64) {
        let upto = self.rest.partition_point(|m| m.sent_step <= step);
        let old = self.rest.first() as usize..upto;
        let kept = (self.rest.first()..).zip(self.rest.range(old)).filter(|(_, m)| m.lasts(step));
        let kept: Vec<(u64, Passage)> = kept.map(|(place, m)| (place, m.clone())).collect();
        self.rest.forget(upto as u64);
        self.early.retain(|m| m.lasts(step));
        let first = self.rest.first();
        self.early.extend(kept.into_iter().filter(|(place, _)| *place < first).map(|(_, m)| m));
    }
}

impl Passage {
    /// Was it still on its way after a step?
    fn lasts(&self, step: u64) -> bool {
        match self.fate {
            Fate::Flying => true,
            Fate::Received { step: end, .. } | Fate::Lost { step: end, .. } => end > step,
        }
    }
}

/// What is recorded of one branch. Of a long run the steps and messages of a while are kept, the
/// window; what there are few of is kept of all the run, as far as it has been seen: operations,
/// and the steps that mark it.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Steps in order; step `s` is at `s - 1`.
    pub events: Window<Event>,
    /// Messages in the order of sending.
    pub messages: Passages,
    /// Operations in the order of invocation, of all the run but for [`Trace::ops_since`].
    pub ops: Arc<Vec<OpLife>>,
    /// Operations let go, and the step up to which there were some.
    ops_gone: (u64, u64),
    /// Where each message on its way is, [`EARLY`] if among those.
    open: SortedMap<MsgId, u64>,
    open_ops: SortedMap<OpId, u64>,
    /// Ways messages look, once each.
    looks: SortedSet<Arc<MessageLook>>,
    marks: Arc<Vec<Event>>,
    /// Processes that will crash in their next handler.
    armed: NodeSet,
    /// The last step ever seen, and when it was.
    reached: (u64, u64),
    /// When the last step before the window was.
    begun: u64,
}

/// The place of all that is among [`Passages::early`].
const EARLY: u64 = u64::MAX;
/// Looks that are shared; where there are more, sharing begins anew.
const MOST_LOOKS: usize = 4_096;
/// Operations kept beyond those that are let go at a time.
pub const MOST_OPS: usize = 50_000;

impl Trace {
    /// Adds the next step.
    pub fn push(&mut self, mut event: Event) {
        let (step, at) = (event.step, event.at);
        match &event.what {
            What::Receive(id) => self.end(id, Fate::Received { step, at }),
            What::Lost { msg, why } => self.end(msg, Fate::Lost { step, at, why: *why }),
            _ => {}
        }
        if self.looks.len() > MOST_LOOKS {
            self.looks = SortedSet::new();
        }
        for sent in event.sent.iter_mut() {
            match self.looks.get(&sent.look) {
                Some(known) => sent.look = known.clone(),
                None => drop(self.looks.insert(sent.look.clone())),
            }
            self.open.insert(sent.id, self.messages.len());
            self.messages.rest.push(Passage {
                id: sent.id,
                look: sent.look.clone(),
                sent_step: step,
                sent_at: at,
                due: sent.due,
                fate: Fate::Flying,
            });
        }
        event.shrink();
        if step > self.reached.0 {
            self.reached = (step, at);
            for op in &event.ops {
                self.op(op, step, at);
            }
            if self.is_mark(&event) {
                Arc::make_mut(&mut self.marks).push(event.clone());
            }
        }
        self.events.push(event);
    }

    /// Does a step belong to what is known of all the run: an intervention and what comes of it, a
    /// start, a property broken?
    fn is_mark(&mut self, event: &Event) -> bool {
        if let What::Act(action) = &event.what
            && let Action::CrashAfter { node, .. } = **action
        {
            self.armed.insert(node);
        }
        let handler = matches!(event.what, What::Receive(_) | What::Timer { .. } | What::Sync);
        let falls = event.node.filter(|n| handler && self.armed.has(*n));
        if let Some(node) = falls {
            self.armed.remove(node);
        }
        let acts = matches!(event.what, What::Act(_) | What::Ignored { .. } | What::Boot);
        falls.is_some() || acts || event.forced || !event.broken.is_empty()
    }

    /// The steps of all the run, as far as it has been seen, that are interventions or come of one,
    /// or break a property.
    pub fn marks(&self) -> &[Event] {
        &self.marks
    }

    /// The last step ever seen, and when it was, in microseconds; 0 before the first.
    pub fn reached(&self) -> (u64, u64) {
        self.reached
    }

    /// The last step up to which operations that began are not on record any more.
    pub fn ops_since(&self) -> u64 {
        self.ops_gone.1
    }

    /// When the last step before the window was, in microseconds; 0 if the window holds all.
    pub fn begun(&self) -> u64 {
        self.begun
    }

    /// The messages on their way at the end of the record.
    pub fn flying(&self) -> Vec<Passage> {
        let of_rest = |place: &u64| self.messages.rest.get(*place).cloned();
        let early = self.messages.early.iter().filter(|m| m.fate == Fate::Flying).cloned();
        let mut places: Vec<u64> = self.open.values().copied().filter(|p| *p != EARLY).collect();
        places.sort_unstable();
        early.chain(places.iter().filter_map(of_rest)).collect()
    }

    /// Keeps about the last `most` steps.
    pub fn forget(&mut self, most: u64) {
        let last = self.events.forget(self.events.len().saturating_sub(most));
        self.begun = last.map_or(self.begun, |e| e.at);
        self.messages.forget(self.events.first());
        for early in &self.messages.early {
            if let Some(place) = self.open.get_mut(&early.id) {
                *place = EARLY;
            }
        }
    }

    /// Lets the window go and begins another one after `step`, which was at `at` microseconds, with
    /// these messages on their way.
    pub fn resume(&mut self, step: u64, at: u64, flying: &[Passage]) {
        (self.events, self.begun) = (Window::from(step), at);
        self.messages = Passages { early: flying.to_vec(), rest: Window::default() };
        self.open = flying.iter().map(|m| (m.id, EARLY)).collect();
    }

    fn end(&mut self, id: &MsgId, fate: Fate) {
        let Some(place) = self.open.remove(id) else { return };
        let passage = match place {
            EARLY => self.messages.early.iter_mut().find(|m| m.id == *id),
            _ => self.messages.rest.get_mut(place),
        };
        if let Some(passage) = passage {
            passage.fate = fate;
        }
    }

    fn op(&mut self, op: &OpStep, step: u64, at: u64) {
        let ops = Arc::make_mut(&mut self.ops);
        let (id, end) = match op {
            OpStep::Invoke { op, process, call } => {
                self.open_ops.insert(*op, self.ops_gone.0 + ops.len() as u64);
                ops.push(OpLife {
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
        let place = self.open_ops.remove(id).and_then(|place| place.checked_sub(self.ops_gone.0));
        if let Some(life) = place.and_then(|place| ops.get_mut(place as usize)) {
            (life.ended, life.end) = (Some((step, at)), end);
        }
    }

    /// Keeps about the last `most` operations.
    pub fn forget_ops(&mut self, most: usize) {
        let gone = self.ops.len().saturating_sub(most);
        if let Some(last) = gone.checked_sub(1).and_then(|last| self.ops.get(last)) {
            self.ops_gone = (self.ops_gone.0 + gone as u64, last.step);
            Arc::make_mut(&mut self.ops).drain(..gone);
        }
    }

    /// The record as it was after `step` steps, which the window holds: what ended later is open
    /// again.
    pub fn prefix(&self, step: u64) -> Trace {
        let mut cut = self.clone();
        let at = cut.event(step).map_or(cut.begun, |e| e.at);
        cut.cut_facts(step, at);
        cut.events.truncate(step);
        let Passages { early, rest } = &mut cut.messages;
        rest.truncate(rest.partition_point(|m| m.sent_step <= step) as u64);
        for m in early.iter_mut().filter(|m| m.lasts(step)) {
            m.fate = Fate::Flying;
        }
        let flying = (rest.first()..).zip(rest.iter()).filter(|(_, m)| m.lasts(step));
        let flying: Vec<(u64, MsgId)> = flying.map(|(place, m)| (place, m.id)).collect();
        let lasting = early.iter().filter(|m| m.fate == Fate::Flying).map(|m| (m.id, EARLY));
        cut.open = flying.iter().map(|(place, id)| (*id, *place)).chain(lasting).collect();
        for (place, _) in flying {
            if let Some(passage) = rest.get_mut(place) {
                passage.fate = Fate::Flying;
            }
        }
        cut
    }

    /// What is known of all the run, as it was after a step before the window, at `at`
    /// microseconds; the window begins anew there.
    pub fn before(&self, step: u64, at: u64, flying: &[Passage]) -> Trace {
        let mut cut = self.clone();
        cut.resume(step, at, flying);
        cut.cut_facts(step, at);
        cut
    }

    fn cut_facts(&mut self, step: u64, at: u64) {
        if step >= self.reached.0 {
            return;
        }
        self.reached = (step, at);
        let marks = self.marks.partition_point(|e| e.step <= step);
        // What is armed is told by the marks alone.
        let marks = Arc::make_mut(&mut self.marks).drain(..marks).collect::<Vec<Event>>();
        (self.armed, self.marks) = Default::default();
        marks.iter().for_each(|e| _ = self.is_mark(e));
        self.marks = Arc::new(marks);
        let ops = Arc::make_mut(&mut self.ops);
        ops.truncate(ops.partition_point(|op| op.step <= step));
        self.ops_gone.1 = self.ops_gone.1.min(step);
        self.open_ops.clear();
        for (place, op) in (self.ops_gone.0..).zip(ops) {
            if op.ended.is_none_or(|(end, _)| end > step) {
                (op.ended, op.end) = (None, OpEnd::Open);
                self.open_ops.insert(op.id, place);
            }
        }
    }

    /// Steps ever seen.
    pub fn len(&self) -> u64 {
        self.reached.0
    }

    /// Has nothing been seen?
    pub fn is_empty(&self) -> bool {
        self.reached.0 == 0
    }

    /// The event of a step.
    pub fn event(&self, step: u64) -> Option<&Event> {
        self.events.get(step.checked_sub(1)?)
    }

    /// The last step on record at or before a time.
    pub fn step_at(&self, time: u64) -> u64 {
        self.events.partition_point(|e| e.at <= time) as u64
    }

    /// How the events on record up to `until` stand to the event of `step`.
    pub fn cone(&self, step: u64, until: u64) -> Option<Cone> {
        let centre = self.event(step)?;
        centre.node?;
        let since = self.events.first();
        let mut cone = Cone { step, since, past: 0, future: 0, beside: 0, nodes: Vec::new() };
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
    /// The steps up to this one are not on record, and not counted.
    pub since: u64,
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

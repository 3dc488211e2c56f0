//! What an observer learns from clients alone: is all that they were told linearizable, and was
//! everyone who reached a live server answered?

use super::frontier::{Ask, Frontier, Told};
use crate::core::action::Call;
use crate::core::ids::OpId;
use crate::core::protocol::{CallName, Witness, call_text, key_name};
use crate::core::sorted::{SortedMap, SortedSet};
use crate::core::view::OpStep;
use std::hash::{Hash, Hasher};

/// A watch over the operations of a run on registers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    registers: SortedMap<u32, Frontier<OpId>>,
    open: SortedMap<OpId, Call>,
    /// Open operations whose request a live server has received.
    received: SortedSet<OpId>,
    /// The first answer that no order explains.
    pub broken: Option<Witness>,
    /// How requests that a live server received have ended.
    pub counts: Counts,
}

/// Ends of the requests that a live server received, as CAP's availability counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counts {
    /// Answered without an error.
    pub answered: u32,
    /// Refused, or not answered before the client gave up.
    pub refused: u32,
}

// Counts decide nothing that comes later.
impl Hash for Watch {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.registers, &self.broken).hash(h);
    }
}

impl Watch {
    /// Takes what a step brought: the request a server received, and what clients did and learned.
    pub fn see(&mut self, names: &[CallName], request: Option<OpId>, ops: &[OpStep]) {
        if let Some(op) = request.filter(|op| self.open.contains_key(op)) {
            self.received.insert(op);
        }
        for step in ops {
            match step {
                OpStep::Invoke { op, call, .. } => {
                    let Some(ask) = ask(names, call) else { continue };
                    self.open.insert(*op, *call);
                    self.registers.entry(call.key).or_default().invoke(*op, ask);
                }
                OpStep::Ok { op, value } => self.end(names, *op, Some(value.as_deref()), true),
                OpStep::Fail { op, .. } => self.end(names, *op, None, true),
                OpStep::Unknown { op } => self.end(names, *op, None, false),
            }
        }
    }

    fn end(&mut self, names: &[CallName], op: OpId, value: Option<Option<&str>>, known: bool) {
        let Some(call) = self.open.remove(&op) else { return };
        let received = self.received.remove(&op);
        self.counts.answered += u32::from(received && value.is_some());
        self.counts.refused += u32::from(received && value.is_none());
        let Some(register) = self.registers.get_mut(&call.key) else { return };
        let explained = match value {
            Some(value) => told(names, &call, value).is_none_or(|told| register.answer(op, told)),
            None if known => register.fail(op),
            None => {
                register.abandon(op);
                true
            }
        };
        if !explained && self.broken.is_none() {
            let said = value.flatten().map_or(String::new(), |v| format!(" \u{2192} {v}"));
            let why = format!(
                "No order of the operations on {} explains `{}{said}`.",
                key_name(call.key),
                call_text(names, &call)
            );
            self.broken = Some(Witness { why, nodes: vec![op.client] });
        }
    }

    /// How available the run was so far, in a sentence; nothing before the first request has ended.
    pub fn sentence(&self) -> Option<String> {
        let Counts { answered, refused } = self.counts;
        let all = answered + refused;
        (all > 0).then(|| {
            format!("{answered} of {all} requests that a live server received were answered")
        })
    }
}

fn ask(names: &[CallName], call: &Call) -> Option<Ask> {
    match names.get(usize::from(call.f))?.name {
        "get" | "read" => Some(Ask::Read),
        "put" | "write" | "set" => Some(Ask::Write(call.value)),
        "cas" => Some(Ask::Swap(call.arg, call.value)),
        _ => None,
    }
}

fn told(names: &[CallName], call: &Call, value: Option<&str>) -> Option<Told> {
    match (ask(names, call)?, value) {
        (Ask::Write(_), _) => Some(Told::Done),
        (Ask::Read, Some(text)) => Some(Told::Value(text.parse().ok())),
        (Ask::Swap(..), Some(text)) => Some(Told::Swapped(text == "true")),
        (_, None) => None,
    }
}

//! What an observer learns from clients alone: is all that they were told linearizable, or at least
//! in one order for all, and was everyone who reached a live server answered?

use super::frontier::{Frontier, RegisterAnswer, RegisterOp};
use super::orders::Orders;
use crate::core::action::Call;
use crate::core::ids::OpId;
use crate::core::protocol::{
    CallName, Property, PropertyKind, Protocol, Seen, Witness, call_text, key_name,
};
use crate::core::sorted::{SortedMap, SortedSet};
use crate::core::view::OpStep;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

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
    pub counts: RequestCounts,
    /// The weaker claims, for those who ask.
    pub orders: Arc<Orders>,
    /// Somebody does.
    pub weaker: bool,
}

/// How a claim is looked up.
type Lookup<P> = fn(&Seen<P>, &<P as Protocol>::Observer) -> Option<Witness>;

/// Sequential consistency as a claim.
pub const fn sequential<P: Protocol>(check: Lookup<P>) -> Property<P> {
    Property {
        id: "sequential",
        title: "Sequential",
        claim: "One order explains all that clients were told, and keeps each client's own order.",
        cite: "Lamport: How to Make a Multiprocessor Computer That Correctly Executes Multiprocess Programs, 1979",
        kind: PropertyKind::Safety,
        check,
    }
}

/// Ordered sequential consistency as a claim.
pub const fn ordered<P: Protocol>(check: Lookup<P>) -> Property<P> {
    Property {
        id: "ordered-sequential",
        title: "Ordered Sequential, OSC(U)",
        claim: "One order explains all that clients were told, keeps each client's own order, and puts an update after all that had ended before it began. Reads may be old.",
        cite: "Lev-Ari, Bortnikov, Keidar, Shraer: Composing Ordered Sequential Consistency, 2017; ZooKeeper documentation, Internals, names it",
        kind: PropertyKind::Safety,
        check,
    }
}

/// Convergence as a claim; how far it has come is measured, see [`Agreement`].
pub const fn convergence<P: Protocol>() -> Property<P> {
    Property {
        id: "convergence",
        title: "Convergence",
        claim: "Once the network is whole and nobody writes, all servers come to hold the same.",
        cite: "Vogels: Eventually Consistent, 2008; Alpern, Schneider: Defining Liveness, 1985: no finite run is beyond remedy",
        kind: PropertyKind::Liveness,
        check: |_, _| None,
    }
}

/// How long after a cut servers came to hold the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    cut: bool,
    healed: Option<u64>,
    agreed: Option<u64>,
}

impl Agreement {
    /// Takes a step: is a link cut, what time is it, do all hold the same?
    pub fn see(&mut self, cut: bool, now: u64, same: bool) {
        if cut {
            *self = Agreement { cut, ..Agreement::default() };
        } else if self.cut {
            *self = Agreement { cut, healed: Some(now), agreed: None };
        }
        if same && self.healed.is_some() {
            self.agreed.get_or_insert(now);
        }
    }

    /// What came of the last cut.
    pub fn sentence(&self) -> Option<String> {
        let healed = self.healed?;
        Some(match self.agreed {
            Some(at) => {
                format!(
                    "all servers held the same {} ms after the cut was healed",
                    (at - healed) / 1_000
                )
            }
            None => "the cut is healed, and servers do not hold the same yet".into(),
        })
    }
}

/// Ends of the requests that a live server received, as CAP's availability counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RequestCounts {
    /// Answered without an error.
    pub answered: u32,
    /// Refused, or not answered before the client gave up.
    pub refused: u32,
}

// Counts decide nothing that comes later.
impl Hash for Watch {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.registers, &self.broken).hash(h);
        self.orders.hash(h);
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
                OpStep::Invoke { op, process, call } => {
                    let Some(ask) = ask(names, call) else { continue };
                    self.open.insert(*op, *call);
                    if self.weaker {
                        Arc::make_mut(&mut self.orders).invoke(*op, *process, call.key, ask);
                    }
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
        let learned = value.map_or(Ok(None), |value| told(names, &call, value));
        let explained = match value {
            Some(_) => match learned {
                Ok(told) => told.is_none_or(|told| register.answer(op, told)),
                Err(NoAnswer) => false,
            },
            None if known => register.fail(op),
            None => {
                register.abandon(op);
                true
            }
        };
        if !explained && self.broken.is_none() {
            let said = value.flatten().map_or(String::new(), |v| format!(" \u{2192} {v}"));
            let call_text = call_text(names, &call);
            let why = match learned {
                Ok(_) => format!(
                    "No order of the operations on {} explains `{call_text}{said}`.",
                    key_name(call.key)
                ),
                Err(NoAnswer) => format!("`{call_text}{said}`: no register answers that."),
            };
            self.broken = Some(Witness { why, nodes: vec![op.client] });
        }
        let explained = self.broken.is_none() && !register.given_up();
        let told = learned.ok().flatten();
        if self.weaker && (told.is_some() || value.is_none() && known) {
            Arc::make_mut(&mut self.orders).end(op, told, explained);
        }
    }

    /// Is one of these claims not decided any more?
    pub fn undecided(&self, property: &str) -> bool {
        let (sequential, ordered) = self.orders.open();
        match property {
            "linearizable" => {
                self.broken.is_none() && self.registers.values().any(|r| r.given_up())
            }
            "sequential" => sequential,
            "ordered-sequential" => ordered,
            _ => false,
        }
    }

    /// How available the run was so far, in a sentence; nothing before the first request has ended.
    pub fn sentence(&self) -> Option<String> {
        let RequestCounts { answered, refused } = self.counts;
        let all = answered + refused;
        (all > 0).then(|| {
            format!("{answered} of {all} requests that a live server received were answered")
        })
    }
}

fn ask(names: &[CallName], call: &Call) -> Option<RegisterOp> {
    match names.get(usize::from(call.f))?.name {
        "get" | "read" => Some(RegisterOp::Read),
        "put" | "write" | "set" => Some(RegisterOp::Write(call.value)),
        "cas" => Some(RegisterOp::Swap(call.arg, call.value)),
        _ => None,
    }
}

/// A text that no register answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NoAnswer;

/// What a register's reader was told, as views spell it: a number or `nil`; none for other texts.
pub fn read_value(text: &str) -> Option<Option<i64>> {
    if text == "nil" { Some(None) } else { text.parse().ok().map(Some) }
}

fn told(
    names: &[CallName],
    call: &Call,
    value: Option<&str>,
) -> Result<Option<RegisterAnswer>, NoAnswer> {
    let Some(ask) = ask(names, call) else { return Ok(None) };
    let told = match (ask, value) {
        (RegisterOp::Write(_), _) => RegisterAnswer::Done,
        (RegisterOp::Read, Some(text)) => RegisterAnswer::Value(read_value(text).ok_or(NoAnswer)?),
        (RegisterOp::Swap(..), Some(text)) => {
            RegisterAnswer::Swapped(text.parse().map_err(|_| NoAnswer)?)
        }
        (_, None) => return Ok(None),
    };
    Ok(Some(told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ids::NodeId;

    const CALLS: &[CallName] = &[
        CallName { name: "get", key: true, value: false, arg: false },
        CallName { name: "put", key: true, value: true, arg: false },
        CallName { name: "cas", key: true, value: true, arg: true },
    ];

    /// A register to which 1 was written, and what one more call was told.
    fn told(f: u8, text: &str) -> Option<String> {
        let mut watch = Watch::default();
        let op = |nth| OpId { client: NodeId(9), nth };
        let call = |f, value| Call { f, value, arg: 1, ..Call::default() };
        let steps = [
            OpStep::Invoke { op: op(1), process: 0, call: call(1, 1) },
            OpStep::Ok { op: op(1), value: None },
            OpStep::Invoke { op: op(2), process: 0, call: call(f, 2) },
            OpStep::Ok { op: op(2), value: Some(text.into()) },
        ];
        watch.see(CALLS, None, &steps);
        watch.broken.map(|b| b.why)
    }

    #[test]
    fn what_no_register_answers_is_not_taken_for_nothing() {
        assert_eq!(told(0, "1"), None);
        assert_eq!(told(2, "true"), None);
        assert!(told(0, "nil").is_some_and(|why| why.starts_with("No order")));
        assert!(told(2, "false").is_some_and(|why| why.starts_with("No order")));
        for (f, text) in [(0, "1 (stale)"), (0, ""), (0, "None"), (2, "1"), (2, "nil")] {
            let why = told(f, text).expect("not taken for nil or false");
            assert!(why.ends_with("no register answers that."), "{why}");
        }
    }
}

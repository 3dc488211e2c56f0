//! What a shape stands for: what a click, a drag or the keyboard acts on.

use crate::core::ids::{MsgId, NodeId, OpId};
use std::fmt;

/// What a shape stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A node.
    Node(NodeId),
    /// A message.
    Message(MsgId),
    /// A running timer, by its code.
    Timer { node: NodeId, code: u32 },
    /// The links between two nodes, both ways.
    Link { a: NodeId, b: NodeId },
    /// The wall between two groups.
    Wall,
    /// An end of the wall: 0 or 1.
    Handle(u8),
    /// A log entry.
    Entry { node: NodeId, index: u64 },
    /// A step of the run.
    Event(u64),
    /// A client's operation.
    Op(OpId),
    /// The first violation of a property, at this step.
    Violation(u64),
    /// A branch of the run.
    Branch(u32),
    /// A fault's interval, named by the step that began it.
    Fault(u64),
    /// A place on a time axis.
    Time,
}

impl fmt::Display for Target {
    /// The value of the `data-target` attribute.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Node(n) => write!(f, "node:{}", n.0),
            Target::Message(m) => write!(f, "message:{}-{}-{}", m.from.0, m.to.0, m.nth),
            Target::Timer { node, code } => write!(f, "timer:{}-{code}", node.0),
            Target::Link { a, b } => write!(f, "link:{}-{}", a.0, b.0),
            Target::Wall => write!(f, "wall:"),
            Target::Handle(end) => write!(f, "handle:{end}"),
            Target::Entry { node, index } => write!(f, "entry:{}-{index}", node.0),
            Target::Event(step) => write!(f, "event:{step}"),
            Target::Op(op) => write!(f, "op:{}-{}", op.client.0, op.nth),
            Target::Violation(step) => write!(f, "violation:{step}"),
            Target::Branch(b) => write!(f, "branch:{b}"),
            Target::Fault(step) => write!(f, "fault:{step}"),
            Target::Time => write!(f, "time:"),
        }
    }
}

impl Target {
    /// Reads the value of a `data-target` attribute.
    pub fn parse(text: &str) -> Option<Target> {
        let (kind, rest) = text.split_once(':')?;
        let parts: Option<Vec<u64>> = match rest {
            "" => Some(Vec::new()),
            _ => rest.split('-').map(|p| p.parse().ok()).collect(),
        };
        let parts = parts?;
        let node = |i: usize| u16::try_from(parts[i]).ok().map(NodeId);
        let small = |i: usize| u32::try_from(parts[i]).ok();
        Some(match (kind, parts.len()) {
            ("node", 1) => Target::Node(node(0)?),
            ("message", 3) => {
                Target::Message(MsgId { from: node(0)?, to: node(1)?, nth: small(2)? })
            }
            ("timer", 2) => Target::Timer { node: node(0)?, code: small(1)? },
            ("link", 2) => Target::Link { a: node(0)?, b: node(1)? },
            ("wall", 0) => Target::Wall,
            ("handle", 1) => Target::Handle(u8::try_from(parts[0]).ok()?),
            ("entry", 2) => Target::Entry { node: node(0)?, index: parts[1] },
            ("event", 1) => Target::Event(parts[0]),
            ("op", 2) => Target::Op(OpId { client: node(0)?, nth: small(1)? }),
            ("violation", 1) => Target::Violation(parts[0]),
            ("branch", 1) => Target::Branch(small(0)?),
            ("fault", 1) => Target::Fault(parts[0]),
            ("time", 0) => Target::Time,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_reads_back() {
        let (n, m) = (NodeId(3), NodeId(12));
        for t in [
            Target::Node(n),
            Target::Message(MsgId { from: n, to: m, nth: 7 }),
            Target::Timer { node: n, code: 2 },
            Target::Link { a: n, b: m },
            Target::Wall,
            Target::Handle(1),
            Target::Entry { node: n, index: 9 },
            Target::Event(44),
            Target::Op(OpId { client: m, nth: 0 }),
            Target::Violation(5),
            Target::Branch(2),
            Target::Fault(8),
            Target::Time,
        ] {
            assert_eq!(Target::parse(&t.to_string()), Some(t));
        }
    }

    #[test]
    fn what_is_no_target_is_none() {
        for t in ["", "node", "node:", "node:x", "node:1-2", "node:70000", "message:1-2", "sun:1"] {
            assert_eq!(Target::parse(t), None, "{t}");
        }
    }
}

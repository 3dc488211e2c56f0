//! The one written form of an [`Action`]: what stories and scripts say, what traces and `hb` print,
//! and what a person may type. What is printed here is read back as the same action.
//!
//! | written | means |
//! |---|---|
//! | `crash S1` · `crash.os S1 keep 2` · `crash.torn S1` · `crash S1 after 3` | a crash; of the machine, keeping 2 unsynced writes; with a torn write; in the next handler, after 3 effects |
//! | `restart S1` · `pause S1` · `resume S1` · `slow S1 20ms` · `slow S1 off` | |
//! | `deliver S1 > S2 RequestVote #4` · `drop` · `duplicate` · `hold` · `release` | the message that is number 4 of its link; without a number the oldest in flight, of this name if one is given |
//! | `forge S1 > S2 #4 as 0` | replaces what it says by the first lie |
//! | `fire S1 election timeout #0` | lets a running timer end; the name or the number is enough |
//! | `cut S1 S2 > S3` · `heal S1 S2 > S3` · `heal` | one way, between sets; `cut S1 - S2` is both ways; `heal` undoes every cut |
//! | `partition S1 S2 A \| rest` · `isolate S1` | who is in no group goes to `rest`, or to the first group; `alone` as the last group leaves each of them alone |
//! | `link S1 > S2 loss 5%` | also `duplication 5%`, `reordering 5%`, `delay 5ms`, `fifo on`, `bandwidth 1000`, `reset` |
//! | `clock.jump S1 300ms` · `clock.drift S1 2%` · `clock.freeze S1 on` | |
//! | `disk.fsync S1 batch` · `disk.latency S1 5ms` · `disk.lose-tail S1` | `always`, `batch` or `lies` |
//! | `lie S1 corrupt` | `honest`, `silent`, `equivocate` or `corrupt` |
//! | `A: put x=3 at S1` | a client's operation, at a server if one is named |
//! | `choose S1 0 2` | the answers that the next handlers get |
//! | `manual on` · `manual off` | |
//!
//! With a time in front it is a line of a journal, `400ms crash S1`: what `hb run --journal` prints, and
//! what scripts and stories take.
//!
//! Stories also say `name old = leader`, and two words that stand for many actions and belong to the
//! player: `settle S1 S2` (deliver what they say to each other until they are quiet) and `drop all`.

mod print;
mod read;
#[cfg(test)]
mod tests;

pub use print::{phrase, print, print_entry};
pub use read::{Said, read, read_call, read_entry, read_moment};

use super::names::Given;
use crate::core::action::{Action, Fsync, Lie};
use crate::core::ids::{MsgId, NodeId, NodeSet};
use crate::core::protocol::CallName;
use crate::core::view::WorldView;

/// What is spoken about: a moment of a run and the names given in it.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The world at the moment.
    pub view: &'a WorldView,
    /// Names given on the way.
    pub given: &'a Given,
    /// The operations clients have.
    pub calls: &'a [CallName],
}

/// Names for what an action concerns.
pub trait Vocabulary {
    /// A process.
    fn node(&self, node: NodeId) -> String;
    /// What a message is called, if it is known.
    fn message(&self, id: MsgId) -> Option<String>;
    /// What a timer is called, if it is known.
    fn timer(&self, node: NodeId, code: u32) -> Option<String>;
    /// The operations clients have.
    fn calls(&self) -> &[CallName];
    /// All processes.
    fn everybody(&self) -> NodeSet;
    /// `S1 S2`, or `nobody`.
    fn set(&self, set: NodeSet) -> String {
        match set.is_empty() {
            true => NOBODY.into(),
            false => set.iter().map(|n| self.node(n)).collect::<Vec<_>>().join(" "),
        }
    }
}

impl Vocabulary for Scope<'_> {
    fn node(&self, node: NodeId) -> String {
        let known = self.view.nodes.get(node.at());
        known.map_or_else(|| format!("#{}", node.0), |n| n.name.to_string())
    }
    fn message(&self, id: MsgId) -> Option<String> {
        let found = self.view.messages.iter().find(|m| m.id == id);
        found.map(|m| m.look.name.to_string())
    }
    fn timer(&self, node: NodeId, code: u32) -> Option<String> {
        let timers = &self.view.nodes.get(node.at())?.timers;
        timers.iter().find(|t| t.code == code).map(|t| t.name.to_string())
    }
    fn calls(&self) -> &[CallName] {
        self.calls
    }
    fn everybody(&self) -> NodeSet {
        self.view.nodes.iter().map(|n| n.id).collect()
    }
}

const NOBODY: &str = "nobody";
const ALONE: &str = "alone";
/// An operation that the protocol does not have, in plain numbers.
const OPERATION: &str = "operation";

const FSYNCS: [(&str, Fsync); 3] =
    [("always", Fsync::Always), ("batch", Fsync::Batch), ("lies", Fsync::Lies)];

const LIES: [(&str, Lie); 4] = [
    ("honest", Lie::Honest),
    ("silent", Lie::Silent),
    ("equivocate", Lie::Equivocate),
    ("corrupt", Lie::Corrupt),
];

/// What may be done to a message, and the word for it.
type OnMessage = (&'static str, fn(MsgId) -> Action);

const ON_MESSAGES: [OnMessage; 5] = [
    ("deliver", Action::Deliver),
    ("drop", Action::Drop),
    ("duplicate", Action::Duplicate),
    ("hold", Action::Hold),
    ("release", Action::Release),
];

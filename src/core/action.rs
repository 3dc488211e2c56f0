//! The one vocabulary of change: a click, a journal entry, a link's payload, a checker's step, a
//! counter-example's step and the shrinker's unit are all an [`Action`].

use super::ids::{MsgId, NodeId, NodeSet};
use serde::{Deserialize, Serialize};

/// Everything that can change a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Hands a message over now.
    Deliver(MsgId),
    /// Loses a message in flight.
    Drop(MsgId),
    /// Puts a twin of a message in flight on the same link.
    Duplicate(MsgId),
    /// Keeps a message in flight until it is released.
    Hold(MsgId),
    /// Lets a held message go on.
    Release(MsgId),
    /// Replaces what a message says by the `variant`-th lie its sender could tell.
    Forge { msg: MsgId, variant: u16 },
    /// Lets a running timer end now.
    Fire { node: NodeId, timer: u32 },
    /// Stops a process; see [`CrashMode`] for what its disk keeps.
    Crash { node: NodeId, mode: CrashMode },
    /// Arms a crash that falls in the node's next handler, after its first `effects` effects.
    CrashAfter { node: NodeId, effects: u8, mode: CrashMode },
    /// Starts a crashed process; it boots from its disk.
    Restart(NodeId),
    /// Stops a process without its knowledge (SIGSTOP): what arrives waits in its inbox.
    Pause(NodeId),
    /// Lets a paused process go on.
    Resume(NodeId),
    /// Every step of the node takes `us` microseconds; 0 is full speed.
    Slow { node: NodeId, us: u32 },
    /// Nothing sent by `from` reaches `to` any more (one way).
    Cut { from: NodeSet, to: NodeSet },
    /// Undoes a cut (one way).
    Heal { from: NodeSet, to: NodeSet },
    /// Cuts, both ways, whatever is not within one group; a process in no group is alone. Cuts
    /// made before are healed.
    Partition(Vec<NodeSet>),
    /// Heals every cut.
    HealAll,
    /// Changes the quality of the links from `from` to `to`.
    Link { from: NodeSet, to: NodeSet, change: LinkChange },
    /// Changes a node's clock.
    Clock { node: NodeId, change: ClockChange },
    /// Changes a node's disk.
    Disk { node: NodeId, change: DiskChange },
    /// From now on the node tells lies of this kind.
    Lie { node: NodeId, policy: Lie },
    /// A client invokes an operation, on the server named or on one it picks.
    Invoke { client: NodeId, to: Option<NodeId>, call: Call },
    /// The node's next handlers get these answers from `choose`, then the seed's again.
    Choose { node: NodeId, picks: Vec<u8> },
    /// While on, nothing happens by itself: only actions move the run.
    Manual(bool),
}

impl Action {
    /// The same done to other processes; `None` if it concerns one that has no other name. In sets
    /// those are left out.
    pub fn renamed(&self, one: &dyn Fn(NodeId) -> Option<NodeId>) -> Option<Action> {
        let set = |s: NodeSet| s.iter().filter_map(one).collect::<NodeSet>();
        let mut action = self.clone();
        match &mut action {
            Action::Deliver(id)
            | Action::Drop(id)
            | Action::Duplicate(id)
            | Action::Hold(id)
            | Action::Release(id)
            | Action::Forge { msg: id, .. } => {
                id.from = one(id.from)?;
                id.to = one(id.to)?;
            }
            Action::Fire { node, .. }
            | Action::Crash { node, .. }
            | Action::CrashAfter { node, .. }
            | Action::Restart(node)
            | Action::Pause(node)
            | Action::Resume(node)
            | Action::Slow { node, .. }
            | Action::Clock { node, .. }
            | Action::Disk { node, .. }
            | Action::Lie { node, .. }
            | Action::Choose { node, .. } => *node = one(*node)?,
            Action::Cut { from, to }
            | Action::Heal { from, to }
            | Action::Link { from, to, .. } => {
                (*from, *to) = (set(*from), set(*to));
            }
            Action::Partition(groups) => groups.iter_mut().for_each(|g| *g = set(*g)),
            Action::Invoke { client, to, .. } => {
                *client = one(*client)?;
                *to = to.and_then(one);
            }
            Action::HealAll | Action::Manual(_) => {}
        }
        Some(action)
    }
}

/// What survives a crash beside what is safely on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CrashMode {
    /// The process dies; all it has written survives, synced or not.
    Process,
    /// The machine dies: of the writes not yet synced the first `kept` survive.
    Os { kept: u8 },
    /// As `Os`, and the write after those is torn: a part of it survives.
    Torn { kept: u8 },
}

/// A change of link quality; probabilities in parts per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkChange {
    /// Share of messages lost.
    Loss(u32),
    /// Share of messages delivered twice.
    Duplication(u32),
    /// Share of messages delayed past their successors.
    Reordering(u32),
    /// Delay added to each message, in microseconds.
    Delay(u32),
    /// First in, first out.
    Fifo(bool),
    /// Bytes a second; 0 is unlimited.
    Bandwidth(u32),
    /// Back to the run's settings.
    Reset,
}

/// A change of a node's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockChange {
    /// Steps the clock by this many microseconds, forwards or back.
    Step(i64),
    /// Runs fast or slow by this many parts per million from now on.
    Drift(i32),
    /// Stands still, or goes on.
    Freeze(bool),
}

/// A change of a node's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskChange {
    /// When a write is safe.
    Fsync(Fsync),
    /// How long a sync takes, in microseconds.
    Latency(u32),
    /// The disk loses the last writes that it had called safe.
    LoseTail,
}

/// When a write reaches the platter.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Fsync {
    /// Before `persist` lets the node go on.
    #[default]
    Always,
    /// Now and then, in the background: `persist` does not wait.
    Batch,
    /// Never, though the disk says it is done.
    Lies,
}

/// How a Byzantine node misbehaves. The world lies for it; its code stays honest.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Lie {
    /// Does not.
    #[default]
    Honest,
    /// Sends nothing.
    Silent,
    /// Tells the processes with odd numbers something else than the rest.
    Equivocate,
    /// Replaces what it sends by the first lie it has, towards everyone.
    Corrupt,
}

/// A client operation in plain numbers; each protocol maps it to its own `Op` and names its parts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Call {
    /// Index into the protocol's list of operations.
    pub f: u8,
    /// Key, account, seat ...
    #[serde(default)]
    pub key: u32,
    /// Value written.
    #[serde(default)]
    pub value: i64,
    /// Second argument (the expected value of a compare-and-set).
    #[serde(default)]
    pub arg: i64,
}

/// An action at its moment of virtual time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// Microseconds of virtual time; the action comes before what happens by itself then.
    pub at: u64,
    /// What is done.
    #[serde(rename = "do")]
    pub action: Action,
}

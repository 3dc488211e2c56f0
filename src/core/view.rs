//! What can be seen of a world: plain data, integers and strings, nothing of any protocol's types.
//! Drawing, the inspector, tests and exports all start here.

use super::action::{Action, Call};
use super::few::Few;
use super::ids::{MsgId, NodeId, NodeSet, OpId};
use serde::Serialize;
use std::sync::Arc;

/// The shared pictures a scene may choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lens {
    /// A row of cells a node.
    Log,
    /// Operations of clients against time.
    History,
    /// Lamport's numbers at the events.
    Numbers,
    /// Vectors at the events.
    Vectors,
    /// Hybrid times at the events.
    HybridTimes,
    /// Where keys live.
    Ring,
    /// The axis of keys, cut into ranges.
    Keys,
    /// Latency against staleness.
    Plane,
    /// The time until all servers agree.
    Convergence,
}

/// How the nodes stand; closed-form, so that nodes never move because state changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// On a circle, the first on top.
    #[default]
    Circle,
    /// Side by side.
    Row,
    /// Two groups facing each other.
    TwoSites,
}

/// A world at one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorldView {
    /// True time in microseconds.
    pub now: u64,
    /// Steps taken.
    pub step: u64,
    /// Servers, then clients; a node's place is its number.
    pub nodes: Vec<NodeView>,
    /// Messages on their way or docked at a busy receiver, in the order of their names.
    pub messages: Vec<MessageView>,
    /// Links that are not as the settings say.
    pub links: Vec<LinkView>,
    /// The groups, if what is cut is exactly what lies between groups (clients included).
    pub groups: Option<Vec<NodeSet>>,
    /// One a property.
    pub verdicts: Vec<Verdict>,
    /// What only the observer knows.
    pub facts: Vec<Fact>,
    /// The last log position known, to the observer, to be committed.
    pub committed: Option<u64>,
    /// Nothing happens by itself.
    pub manual: bool,
    /// Where keys live, where that is what the scene is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring: Option<RingView>,
    /// How the axis of keys is cut, where that is what the scene is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axis: Option<AxisView>,
}

/// Something that only the observer knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What conditions know it by, kebab-case.
    pub id: &'static str,
    /// Its number, if it has one that conditions may ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<i64>,
    /// The sentence for people.
    pub text: String,
}

impl Fact {
    /// A fact without a number.
    pub fn new(id: &'static str, text: impl Into<String>) -> Fact {
        Fact { id, value: None, text: text.into() }
    }

    /// The same with a number.
    pub fn of(id: &'static str, value: impl Into<i64>, text: impl Into<String>) -> Fact {
        Fact { id, value: Some(value.into()), text: text.into() }
    }
}

/// An axis of keys, cut into ranges. Places count from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AxisView {
    /// How many places there are.
    pub places: u32,
    /// Buckets of hash-sharded keys: the axis has all keys once in each.
    pub buckets: u32,
    /// The ranges in order.
    pub spans: Vec<RangeView>,
    /// A range is split above so many requests a second.
    pub limit: u32,
    /// Replicas that are about to be.
    pub moves: Vec<ReplicaMove>,
    /// Scans under way: from, how far they have come, to.
    pub sweeps: Vec<(u32, u32, u32)>,
    /// Whoever routes by old descriptors: which intervals of the axis it has wrong.
    pub stale: Vec<(NodeId, Vec<(u32, u32)>)>,
    /// Ranges and servers that the last scan asked, and the servers it asks on a hash ring.
    pub scan: Option<(u32, u32, u32)>,
}

/// A range of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RangeView {
    /// Its first place.
    pub from: u32,
    /// The place after its last.
    pub to: u32,
    /// Where it begins, in words.
    pub name: String,
    /// How often it was changed.
    pub generation: u32,
    /// Who answers for it, as far as that server knows; nobody, if none thinks so.
    pub leader: Option<NodeId>,
    /// Who keeps a replica.
    pub members: Vec<NodeId>,
    /// Keys with a value.
    pub keys: u32,
    /// Its size in MiB, and the size at which it is split.
    pub size: (u64, u64),
    /// Requests a second.
    pub rate: u32,
    /// Too much is asked of it, and no key would divide that.
    pub unsplittable: bool,
    /// It serves nothing: its left neighbour is about to take it over.
    pub frozen: bool,
}

/// A replica that a server is about to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ReplicaMove {
    /// The first place of the range.
    pub range: u32,
    /// Who sends it.
    pub by: NodeId,
    /// Who gets it.
    pub to: NodeId,
    /// Whose replica goes for it.
    pub from: Option<NodeId>,
    /// Bytes of its snapshot that has not arrived; 0 once it has.
    pub bytes: u64,
    /// Microseconds that the link takes for them, if it has a limit.
    pub left: Option<u64>,
}

/// Where keys live. Places are shares of the whole circle in 2^32 parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RingView {
    /// The rule in use.
    pub rule: &'static str,
    /// The servers' points in order, if the rule has a ring: each owns what ends there.
    pub points: Arc<Vec<(u32, NodeId)>>,
    /// Keys in order of their names: what the members imply.
    pub keys: Arc<Vec<KeyView>>,
    /// Who serves each of them; nobody while it is on its way.
    pub holders: Arc<Vec<Option<NodeId>>>,
    /// The members, in the order in which they joined.
    pub members: Vec<NodeId>,
    /// What is still to be given away.
    pub moves: Vec<MoveView>,
    /// What each rule would have made of the last change of members.
    pub rules: Arc<Vec<RuleView>>,
    /// Keys whose owner the best rule would have changed at least.
    pub least: u32,
    /// Requests that each member has carried out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<u32>,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyView {
    /// Its place.
    pub at: u32,
    /// Who should serve it.
    pub owner: NodeId,
    /// Who keeps copies.
    pub copies: Vec<NodeId>,
}

/// Keys that a server gives to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MoveView {
    /// Who gives.
    pub from: NodeId,
    /// Who takes.
    pub to: NodeId,
    /// How many have not arrived.
    pub keys: u32,
    /// How many bytes that is.
    pub bytes: u64,
    /// Microseconds that the link takes for them, if it has a limit.
    pub left: Option<u64>,
}

/// A placement rule under the same members.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct RuleView {
    /// Its name.
    pub name: &'static str,
    /// Keys that changed their owner in the last change of members.
    pub moved: u32,
    /// The same for all changes so far.
    pub all: u32,
    /// Keys of the fullest server.
    pub most: u32,
    /// Keys of each member, in the order of the members.
    pub loads: Vec<u32>,
}

/// What kind of thing a node is; decides its outline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeShape {
    /// Rounded square.
    #[default]
    Server,
    /// Circle.
    Client,
    /// Hexagon.
    Service,
    /// Diamond.
    Router,
    /// Small house.
    General,
}

/// How a role is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Border {
    /// Leader, primary.
    Double,
    /// Candidate, proposer.
    Dashed,
    /// Follower.
    #[default]
    Single,
    /// Learner, observer.
    Thin,
}

/// Is the process running?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Running.
    #[default]
    Up,
    /// Stopped; only its disk is left.
    Crashed,
    /// Stopped without its knowledge.
    Paused,
    /// Running slowly.
    Slow,
}

/// What a protocol says about a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NodeLook {
    /// Role in the field's word: `Leader`, `Follower`.
    pub role: String,
    /// How the role is drawn.
    pub border: Border,
    /// One letter for small drawings (`L`), empty for the ordinary role.
    pub glyph: String,
    /// Term, ballot, view, epoch: chooses the fill.
    pub epoch: Option<u64>,
    /// What stands under the name: `term 3`, `⟨7⟩`.
    pub badge: String,
    /// What survives a crash, name and value.
    pub durable: Vec<(String, String)>,
    /// What does not.
    pub volatile: Vec<(String, String)>,
    /// Votes or acknowledgements received, as dots at their senders' bearings: who, and whether
    /// in favour.
    pub ballots: Vec<(NodeId, bool)>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeView {
    /// Its number.
    pub id: NodeId,
    /// `S1`, `A`.
    pub name: Arc<str>,
    /// Its outline.
    pub shape: NodeShape,
    /// Where it stands, if the run has a map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<&'static str>,
    /// Running?
    pub status: Status,
    /// What the protocol says of it.
    pub look: Arc<NodeLook>,
    /// Its log.
    pub log: Option<Arc<LogView>>,
    /// The last position of its log that its disk surely keeps, where that is not all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safe: Option<u64>,
    /// Running timers.
    pub timers: Vec<TimerView>,
    /// Its clock minus true time, in microseconds.
    pub skew: i64,
    /// Its clock's rate, in parts per million above true time.
    pub drift: i32,
    /// Waiting for its disk.
    pub syncing: bool,
    /// What it keeps in order, see [`Tray`].
    #[serde(skip_serializing_if = "<[Tray]>::is_empty")]
    pub trays: Arc<[Tray]>,
    /// Its clock and its timestamps, where the scene is about them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ruler: Option<Ruler>,
    /// What waits at a busy or paused node: how many messages and timers.
    pub inbox: u32,
    /// It lies (known to the observer only).
    pub lies: bool,
    /// For a client: what it is waiting for.
    pub waiting: Option<String>,
}

/// Things that a node keeps in order: a queue, a buffer, siblings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tray {
    /// What they are.
    pub title: String,
    /// They, from the first.
    pub seats: Vec<Seat>,
}

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seat {
    /// What it says, short.
    pub text: String,
    /// How it is drawn.
    pub mark: Mark,
}

/// How a seat is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// As it is.
    #[default]
    Plain,
    /// It has its turn.
    Chosen,
    /// It waits for something.
    Waiting,
    /// It should have gone.
    Stale,
}

/// A node's clock against those of the others; times in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ruler {
    /// Clocks are taken to be at most this far apart.
    pub reach: u64,
    /// Its last timestamp: when, and in words.
    pub time: Option<(u64, String)>,
    /// Versions that it keeps: when they were written, and what they say.
    pub versions: Vec<(u64, String)>,
    /// What is uncertain to operations that it does: from, to, and which operation.
    pub windows: Vec<(u64, u64, String)>,
    /// What it waits for to be past: from, to, and what.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<(u64, u64, String)>,
}

/// A running timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimerView {
    /// Its name.
    pub name: String,
    /// Its code in [`Action::Fire`].
    pub code: u32,
    /// Started at, true time in microseconds.
    pub set_at: u64,
    /// Ends at, true time in microseconds; `None` while the clock stands still.
    pub due: Option<u64>,
}

/// Rows of cells: the last ones of a long log, or those since its snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogView {
    /// Position of the first cell; the first of all is at 1.
    pub first: u64,
    /// Cells in order.
    pub cells: Vec<Cell>,
    /// The node knows everything up to here to be committed.
    pub committed: u64,
}

impl LogView {
    /// The most cells to show of a log; pictures have room for a dozen.
    pub const MOST: u64 = 128;

    /// The position of the first cell to show of a log of so many.
    pub fn first_of(len: u64) -> u64 {
        len.saturating_sub(LogView::MOST) + 1
    }

    /// The cell at a position, if it is among those shown.
    pub fn cell(&self, position: u64) -> Option<&Cell> {
        self.cells.get(usize::try_from(position.checked_sub(self.first)?).ok()?)
    }
}

/// One log entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// What it says, short.
    pub text: String,
    /// Term or epoch.
    pub epoch: u64,
}

/// Family of a message: its shape and hue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Vote, prepare: triangle.
    Vote,
    /// Replicate, propose: square.
    #[default]
    Replicate,
    /// Acknowledgement: disc.
    Ack,
    /// Heartbeat: small disc.
    Heartbeat,
    /// Commit: diamond.
    Commit,
    /// Client's request or answer: arrow head.
    Client,
    /// Snapshot: framed square.
    Snapshot,
    /// Gossip: star.
    Gossip,
    /// View change: pentagon.
    ViewChange,
    /// Token, hint: envelope.
    Token,
}

/// A message in general.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct MessageLook {
    /// Its name in the paper or the specification.
    pub name: &'static str,
    /// Shape and hue.
    pub family: Family,
    /// An answer (hollow), not a request (filled).
    pub reply: bool,
    /// An answer that says no.
    pub negative: bool,
    /// Term or epoch it carries.
    pub epoch: Option<u64>,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessageView {
    /// Its name.
    pub id: MsgId,
    /// What it is.
    pub look: MessageLook,
    /// Sent at, true time in microseconds.
    pub sent_at: u64,
    /// Arrives, or is lost, at.
    pub due: u64,
    /// It will be lost half-way.
    pub doomed: bool,
    /// Held back by hand.
    pub held: bool,
    /// It has arrived and waits for a busy or paused receiver.
    pub docked: bool,
    /// A copy of another message.
    pub twin: bool,
    /// What it says differs from what an honest sender would have said.
    pub forged: bool,
}

/// A link that is not as the settings say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkView {
    /// From.
    pub from: NodeId,
    /// To.
    pub to: NodeId,
    /// Nothing passes.
    pub cut: bool,
    /// Share lost, parts per million.
    pub loss: u32,
    /// Delay added, microseconds.
    pub delay: u32,
}

/// What a checker says of a property, up to this step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Property's id.
    pub property: &'static str,
    /// The field's name for it.
    pub title: &'static str,
    /// States checked.
    pub checked: u64,
    /// The first violation.
    pub violation: Option<Violation>,
    /// The settings promise it; what they do not promise may hold all the same.
    pub promised: bool,
    /// Judging it has become too dear: it may hold or not.
    pub undecided: bool,
}

/// A property broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// After this step.
    pub step: u64,
    /// True time in microseconds.
    pub at: u64,
    /// One sentence.
    pub why: String,
    /// The nodes involved.
    pub nodes: Vec<NodeId>,
}

/// Why a message was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// By chance.
    Chance,
    /// The link is cut.
    Cut,
    /// Nobody was there to take it.
    Down,
    /// By hand.
    Dropped,
    /// Its sender is Byzantine and kept silent.
    Withheld,
}

/// What happened in a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A node started.
    Boot,
    /// A message was handled.
    Receive(MsgId),
    /// A timer ran out.
    Timer { code: u32, name: &'static str },
    /// A message was lost.
    Lost { msg: MsgId, why: Loss },
    /// A message or timer waits at a busy node.
    Dock,
    /// A write became safe, and what waited for it took place.
    Sync,
    /// Somebody intervened.
    Act(Box<Action>),
    /// An intervention that made no sense here.
    Ignored { action: Box<Action>, why: Box<String> },
}

/// A message put on a link.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Sent {
    /// Its name.
    pub id: MsgId,
    /// What it is; the same of many messages, so a record shares it.
    pub look: Arc<MessageLook>,
    /// Arrives, or is lost, at (microseconds).
    pub due: u64,
}

/// What happened to a client's operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpStep {
    /// It was invoked; `process` is new after each unknown outcome.
    Invoke { op: OpId, process: u32, call: Call },
    /// It is done.
    Ok { op: OpId, value: Option<String> },
    /// It did not happen.
    Fail { op: OpId, why: &'static str },
    /// No answer in time: it may have happened or may yet.
    Unknown { op: OpId },
}

/// A vector timestamp of the engine: for each process, how many of its events this one knows of.
pub type Stamp = Arc<[u32]>;

/// One step of a run, as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Its number, from 1.
    pub step: u64,
    /// True time in microseconds.
    pub at: u64,
    /// Where it happened; `None` for the network.
    pub node: Option<NodeId>,
    /// What it was.
    pub what: What,
    /// Somebody made it happen now; it did not happen by itself.
    pub forced: bool,
    /// Rules applied, in order.
    pub notes: Few<&'static str>,
    /// Messages sent.
    pub sent: Few<Sent>,
    /// Clients' operations begun or ended.
    pub ops: Few<OpStep>,
    /// Engine's own causality; empty for the network's events.
    #[serde(skip)]
    pub stamp: Stamp,
    /// Properties broken for the first time here.
    pub broken: Few<&'static str>,
}

impl Event {
    /// Did this event happen before `other` (in Lamport's sense), or is it the same?
    pub fn before(&self, other: &Event) -> bool {
        let Some(node) = self.node else { return false };
        match (self.stamp.get(node.at()), other.stamp.get(node.at())) {
            (Some(mine), Some(known)) => other.node.is_some() && *mine <= *known,
            _ => false,
        }
    }
}

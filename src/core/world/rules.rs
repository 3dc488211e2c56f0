//! What a world asks of its protocol, whose types it does not know.

use super::*;
use crate::core::action::Call;
use crate::core::declare::Plain;
use crate::core::protocol::{CallName, Dice, PropertyInfo, Witness};
use crate::core::value::{AnyEffect, AnyOutcome, AnyValue, Shared, Value};
use crate::core::view::{
    AxisView, Fact, LogView, MessageLook, NodeLook, NodeShape, OpStep, RingView, Ruler, Tray,
};
use std::any::TypeId;

/// Fixed for the whole run.
pub struct Settings {
    /// What every scene has.
    pub common: Common,
    /// What this protocol has.
    pub cfg: Shared,
    /// Mutants switched on, as bits.
    pub mutants: u32,
}

/// A protocol to a world. Each method is one of [`Protocol`](crate::core::protocol::Protocol) or
/// [`Show`](crate::core::protocol::Show), with values in place of its types.
pub trait Rules: Send + Sync {
    /// Whose rules these are.
    fn protocol(&self) -> TypeId;
    /// A server before it is started for the first time, and what its disk holds.
    fn server(&self, s: &Settings, me: NodeId) -> (Value, Value);
    /// Runs a handler; what it asks for is added to `effects`.
    fn handle(&self, at: At<'_>, node: &mut Value, input: Input, effects: &mut VecDeque<AnyEffect>);
    /// Has a node remember what is on its disk.
    fn remember(&self, node: &mut Value, durable: &dyn AnyValue);
    /// What a torn write leaves.
    fn torn(&self, before: &dyn AnyValue, after: &dyn AnyValue) -> Value;
    /// What a Byzantine sender could say instead.
    fn forge(&self, s: &Settings, message: &dyn AnyValue, to: NodeId) -> Vec<Value>;
    /// Do servers say anything that can be lied about?
    fn lies(&self) -> bool;
    /// Bytes on the wire.
    fn size(&self, message: &dyn AnyValue) -> u32;

    /// What the observer knows at first.
    fn observer(&self) -> Shared;
    /// Tells the observer of a step and checks the claims whose bits are set; what is broken, by
    /// the claim's place.
    fn observe(
        &self,
        observer: &mut Shared,
        step: StepView<'_>,
        open: u64,
    ) -> Vec<(usize, Witness)>;
    /// What is claimed.
    fn properties(&self) -> Vec<PropertyInfo>;
    /// Do the settings promise a claim?
    fn promises(&self, s: &Settings, property: &str) -> bool;
    /// Has judging a claim become too dear?
    fn undecided(&self, observer: &Shared, property: &str) -> bool;
    /// What the settings take away from what the protocol promises.
    fn outside(&self, s: &Settings) -> Option<&'static str>;

    /// What a client carries at first.
    fn token(&self) -> Shared;
    /// What it really asks.
    fn carry(&self, s: &Settings, token: &Shared, op: Value) -> Value;
    /// What its token learns from an answer.
    fn learn(&self, s: &Settings, token: &mut Shared, op: &dyn AnyValue, ret: &dyn AnyValue);
    /// Can any server answer this?
    fn anywhere(&self, s: &Settings, op: &dyn AnyValue) -> bool;
    /// The next operation of a client's workload.
    fn next_op(
        &self,
        s: &Settings,
        client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Value>;
    /// The operation of a plain call.
    fn op(&self, call: &Call) -> Option<Value>;
    /// The plain call of an operation.
    fn call(&self, op: &dyn AnyValue) -> Call;
    /// The value a client learned.
    fn answer(&self, ret: &dyn AnyValue) -> Option<String>;

    /// The operations there are.
    fn calls(&self) -> &'static [CallName];
    /// What a timer is called.
    fn timer(&self, code: u32) -> Option<&'static str>;
    /// What a server is called.
    fn name(&self, n: u16) -> String;
    /// The letter of the first client.
    fn first_client(&self) -> u8;
    /// The outline of a server.
    fn shape(&self, s: &Settings, me: NodeId) -> NodeShape;
    /// A node, and its log if its disk held only `kept`.
    fn face(&self, s: &Settings, node: &dyn AnyValue, kept: Option<&dyn AnyValue>) -> ServerLook;
    /// A message in general.
    fn message(&self, message: &dyn AnyValue) -> MessageLook;
    /// What it says.
    fn details(&self, message: &dyn AnyValue) -> Vec<(String, String)>;
    /// The same as plain data.
    fn plain(&self, message: &dyn AnyValue) -> Plain;
    /// What a request carries of its client's token.
    fn carried(&self, op: &dyn AnyValue) -> Vec<(String, String)>;
    /// What a client keeps.
    fn tokens(&self, token: &Shared) -> Vec<(String, String)>;
    /// What only the observer knows.
    fn overview(&self, s: &Settings, observer: &Shared, nodes: &[Arc<Replica>]) -> ObserverView;
}

/// What rules are asked by searches alone: a program that does not search does without.
pub trait SearchRules: Send + Sync {
    /// Whose rules these are.
    fn protocol(&self) -> TypeId;
    /// Do its claims read who knows of which events?
    fn causal(&self) -> bool;
    /// Servers of one kind are alike to its rules; `None` is like no other.
    fn kind(&self, s: &Settings, me: NodeId) -> Option<u16>;
    /// Hashes a value of the servers under other names.
    fn feed(&self, value: Renamed<'_>, names: &Names, to: &mut StableHasher);
    /// Hashes what the observer knows, under other names if there are any.
    fn feed_observer(&self, observer: &Shared, names: Option<&Names>, to: &mut StableHasher);
    /// Hashes what a client carries, under other names if there are any.
    fn feed_token(&self, token: &Shared, names: Option<&Names>, to: &mut StableHasher);
}

/// A part of a world in which servers are named.
#[derive(Clone, Copy)]
pub enum Renamed<'a> {
    /// A server, its copy of the disk included.
    Node(&'a dyn AnyValue),
    /// What is on a disk.
    Durable(&'a dyn AnyValue),
    /// What is said.
    Message(&'a dyn AnyValue),
    /// What a client asks.
    Op(&'a dyn AnyValue),
    /// What it is answered.
    Ret(&'a dyn AnyValue),
}

/// Where a handler runs.
pub struct At<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The node.
    pub me: NodeId,
    /// Its own clock, microseconds.
    pub clock: i64,
    /// Its draws.
    pub dice: &'a mut Dice,
}

/// What a handler is run for.
pub enum Input {
    /// The node starts.
    Boot,
    /// A message has come.
    Message { from: NodeId, message: Value },
    /// A timer has run out.
    Timer(u32),
    /// A client's request has come.
    Request { op: OpId, call: Value },
}

/// What a client was told: by whom, about which operation, what it had asked, the answer.
pub(super) type ClientAnswer = (NodeId, OpId, Value, AnyOutcome);

/// What an observer sees after a step; [`Seen`](crate::core::protocol::Seen) without types.
pub struct StepView<'a> {
    pub(super) settings: &'a Settings,
    pub(super) replicas: &'a [Arc<Replica>],
    pub(super) up: Vec<bool>,
    pub(super) touched: Option<NodeId>,
    pub(super) notes: &'a [&'static str],
    pub(super) stamp: &'a [u32],
    pub(super) heard: Option<(NodeId, u32)>,
    pub(super) request: Option<OpId>,
    pub(super) ops: &'a [OpStep],
    pub(super) cut: bool,
    pub(super) now: u64,
    pub(super) sending: Option<&'a dyn Fn() -> Vec<(NodeId, u32)>>,
    pub(super) answers: &'a [ClientAnswer],
}

/// What a server looks like.
pub struct ServerLook {
    pub(super) look: NodeLook,
    pub(super) log: Option<LogView>,
    pub(super) kept: Option<LogView>,
    pub(super) trays: Vec<Tray>,
    pub(super) ruler: Option<Ruler>,
}

/// What only the observer knows, to look at.
pub struct ObserverView {
    pub(super) facts: Vec<Fact>,
    pub(super) committed: Option<u64>,
    pub(super) ring: Option<RingView>,
    pub(super) axis: Option<AxisView>,
}

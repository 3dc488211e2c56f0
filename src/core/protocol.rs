//! What a protocol is: a pure function from (state, input) to (state, ordered effects).

use super::action::Call;
use super::config::{Common, Knob};
use super::declare::{Data, Liar, Operation, Rewrite, told};
use super::ids::{Names, NodeId, OpId};
use super::random::{Stream, below, between, draw};
use super::view::{
    AxisView, Fact, Lens, LogView, MessageLook, NodeLook, NodeShape, OpStep, RingView, Ruler, Tray,
};
use std::fmt::Debug;
use std::hash::Hash;

/// What a protocol's values are: copied, compared, hashed, and handed to other threads.
pub trait ValueType: Clone + Debug + PartialEq + Eq + Hash + Send + Sync + 'static {}

impl<T: Clone + Debug + PartialEq + Eq + Hash + Send + Sync + 'static> ValueType for T {}

/// A protocol as a set of pure handlers over one node's state.
///
/// A handler runs to completion. It sees its own node and what reached it, nothing else: no world,
/// no true time, no other node, no randomness but [`Context::choose`] and [`Context::between`].
/// It acts only through the effects it asks of its [`Context`], which take place in that order; a
/// crash may fall between any two of them.
pub trait Protocol: ValueType {
    /// Sizes, quorums, timeouts. What every scene has is in [`Common`].
    type Config: ValueType + Default;
    /// Lost in a crash.
    type State: ValueType;
    /// Survives a crash once persisted.
    type Durable: ValueType + Default;
    /// What nodes say to each other.
    type Message: Data + ValueType;
    /// Names of timers; a node has at most one of each.
    type Timer: TimerName;
    /// What clients ask.
    type Op: Operation + Rewrite + ValueType;
    /// What they are answered.
    type Ret: ValueType;
    /// What only an observer knows (chosen, committed, who ever led), kept beside the run.
    type Observer: ValueType + Default;
    /// What a client keeps between its operations, a session's token; `()` where it keeps nothing.
    type Token: ValueType + Default;

    /// Its claims read [`Seen::stamp`]: to a search, states that differ in who knows of which
    /// events are then different states.
    const CAUSAL: bool = false;

    /// What a server's disk holds before it is started for the first time: `nodes` servers are set
    /// up alike.
    fn disk(_cfg: &Self::Config, _me: NodeId, _nodes: u16) -> Self::Durable {
        Self::Durable::default()
    }
    /// Starts a node, for the first time or from what its disk kept.
    fn boot(cx: &mut Context<Self>, durable: &Self::Durable) -> Self::State;
    /// A message has come.
    fn on_message(
        node: &mut Node<Self>,
        cx: &mut Context<Self>,
        from: NodeId,
        message: Self::Message,
    );
    /// A timer has run out.
    fn on_timer(node: &mut Node<Self>, cx: &mut Context<Self>, timer: Self::Timer);
    /// A client's request has come (again, if the client retries: `id` is the same then).
    fn on_op(node: &mut Node<Self>, cx: &mut Context<Self>, id: OpId, op: Self::Op);

    /// What a client really asks: the operation with what its token says.
    fn carry(_cfg: &Self::Config, _token: &Self::Token, op: Self::Op) -> Self::Op {
        op
    }
    /// What a client's token learns from an answer.
    fn learn(_cfg: &Self::Config, _token: &mut Self::Token, _op: &Self::Op, _ret: &Self::Ret) {}

    /// The settings this scene starts from.
    fn common() -> Common {
        Common::default()
    }
    /// Knobs of its own.
    fn knobs() -> &'static [Knob<Self::Config>] {
        &[]
    }
    /// Its named one-line bugs; a mutant's number is its place here.
    fn mutants() -> &'static [Mutant] {
        &[]
    }
    /// What is checked after every step.
    fn properties() -> &'static [Property<Self>];
    /// Keeps the observer's knowledge up to date after a step.
    fn observe(_observer: &mut Self::Observer, _seen: &Seen<Self>) {}

    /// Do these settings promise a claim? One that they do not promise is judged all the same.
    fn promises(_common: &Common, _cfg: &Self::Config, _property: &str) -> bool {
        true
    }
    /// Is a claim neither broken nor known to hold any more, because judging it has become too dear?
    fn undecided(_observer: &Self::Observer, _property: &str) -> bool {
        false
    }

    /// Can any server answer this as well as any other? On a map, a client then asks the nearest.
    fn anywhere(_cfg: &Self::Config, _op: &Self::Op) -> bool {
        false
    }

    /// What these settings take away from what the protocol promises, in a sentence: quorums that
    /// need not meet, timeouts too short.
    fn outside(_common: &Common, _cfg: &Self::Config) -> Option<&'static str> {
        None
    }

    /// The next operation of a client's workload; `pick(n)` draws below `n`.
    fn workload(
        _common: &Common,
        _client: u16,
        _nth: u32,
        _pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Self::Op> {
        None
    }
    /// The same where it depends on the protocol's own settings, too.
    fn next_op(
        _cfg: &Self::Config,
        common: &Common,
        client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Self::Op> {
        Self::workload(common, client, nth, pick)
    }
    /// What is on the disk if the write from `before` to `after` is torn. By default it is lost
    /// whole.
    fn torn(before: &Self::Durable, _after: &Self::Durable) -> Self::Durable {
        before.clone()
    }
    /// What a Byzantine sender could say instead, each once; what is told first comes first.
    fn forge(_cfg: &Self::Config, message: &Self::Message, liar: &Liar) -> Vec<Self::Message> {
        told(message, liar)
    }
    /// The promise that servers of one kind are alike: if they trade their names, everywhere in a
    /// world, then whatever could happen before can happen after, and the claims hold as before. A
    /// search then looks at one of such worlds only. `None` where a server is like no other: where
    /// its number decides something, such as who wins a tie or what is placed on it.
    fn kind(_cfg: &Self::Config, _common: &Common, _me: NodeId) -> Option<u16> {
        None
    }
    /// Gives the servers in a part of a world other names, for protocols that have kinds; see
    /// [`rewrites!`](super::declare). Only what a search hashes has to be renamed.
    fn rename(_part: Part<Self>, _names: &Names) {}
    /// Bytes on the wire, for links with bandwidth.
    fn size(_message: &Self::Message) -> u32 {
        100
    }
}

/// A part of a world in which servers are named.
pub enum Part<'a, P: Protocol> {
    /// What a server forgets in a crash.
    State(&'a mut P::State),
    /// What it has on disk.
    Durable(&'a mut P::Durable),
    /// What it says.
    Message(&'a mut P::Message),
    /// What a client asks of it.
    Op(&'a mut P::Op),
    /// What it answers.
    Ret(&'a mut P::Ret),
    /// What a client keeps between its operations.
    Token(&'a mut P::Token),
    /// What the observer knows.
    Observer(&'a mut P::Observer),
}

/// How a protocol is looked at. Kept apart from the protocol: no drawing in it, only words and
/// plain data about its state.
pub trait Show: Protocol {
    /// The operations clients have, in the order of [`Call::f`].
    const CALLS: &'static [CallName] = <Self::Op as Operation>::CALLS;
    /// Which shared pictures serve it.
    const LENSES: &'static [Lens];
    /// Rules worth jumping to.
    const LANDMARKS: &'static [&'static str] = &[];
    /// What server `n` is called.
    fn name(n: u16) -> String {
        format!("S{}", n + 1)
    }
    /// The letter of the first client, `A` to `Z`: another one where servers are called `A`, `B`, `C`.
    const FIRST_CLIENT: u8 = b'A';
    /// The outline of its servers.
    const SHAPE: NodeShape = NodeShape::Server;
    /// The outline of one of them, where they are of several kinds.
    fn shape(_cfg: &Self::Config, _common: &Common, _me: NodeId) -> NodeShape {
        Self::SHAPE
    }
    /// The typed operation, or `None` if `call` makes no sense.
    fn op(call: &Call) -> Option<Self::Op> {
        Operation::of(call)
    }
    /// The plain form of an operation.
    fn call(op: &Self::Op) -> Call {
        op.call()
    }
    /// The value a client learned, if the operation has one.
    fn answer(ret: &Self::Ret) -> Option<String>;
    /// A node as it is now.
    fn node(cfg: &Self::Config, common: &Common, node: &Node<Self>) -> NodeLook;
    /// What a client keeps, name and value; the first stands under its name.
    fn token(_token: &Self::Token) -> Vec<(String, String)> {
        Vec::new()
    }
    /// What a request carries of it.
    fn carried(_op: &Self::Op) -> Vec<(String, String)> {
        Vec::new()
    }
    /// A node's log, if it keeps one.
    fn log(_node: &Node<Self>) -> Option<LogView> {
        None
    }
    /// What a node keeps in order.
    fn trays(_cfg: &Self::Config, _node: &Node<Self>) -> Vec<Tray> {
        Vec::new()
    }
    /// A node's clock and timestamps, where they are what the scene is about.
    fn ruler(_cfg: &Self::Config, _node: &Node<Self>) -> Option<Ruler> {
        None
    }
    /// A message in general.
    fn message(message: &Self::Message) -> MessageLook;
    /// What exactly it says, as name and value.
    fn details(message: &Self::Message) -> Vec<(String, String)> {
        message.plain().details(Self::name)
    }
    /// The ids of all facts that [`Show::facts`] may state.
    const FACTS: &'static [&'static str] = &[];
    /// What only the observer knows, as short sentences.
    fn facts(_observer: &Self::Observer) -> Vec<Fact> {
        Vec::new()
    }
    /// Where keys live; `nodes` lists the servers.
    fn ring<'a>(
        _cfg: &Self::Config,
        _common: &Common,
        _observer: &Self::Observer,
        _nodes: impl FnOnce() -> Vec<&'a Node<Self>>,
    ) -> Option<RingView> {
        None
    }
    /// How the axis of keys is cut; `nodes` lists the servers.
    fn axis<'a>(
        _cfg: &Self::Config,
        _common: &Common,
        _observer: &Self::Observer,
        _nodes: impl FnOnce() -> Vec<&'a Node<Self>>,
    ) -> Option<AxisView> {
        None
    }
    /// The last log position that the observer knows to be committed.
    fn committed(_observer: &Self::Observer) -> Option<u64> {
        None
    }
}

/// A client operation's name and which parts of a [`Call`] it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallName {
    /// As in histories: `read`, `write`, `cas`, `put`, `get` ...
    pub name: &'static str,
    /// Uses the key.
    pub key: bool,
    /// Uses the value.
    pub value: bool,
    /// Uses the second argument.
    pub arg: bool,
}

/// `put x=3`, `get x`, `cas x 1->2`, `inc`.
pub fn call_text(names: &[CallName], call: &Call) -> String {
    let Some(name) = names.get(usize::from(call.f)) else { return format!("operation {}", call.f) };
    let key = if name.key { format!(" {}", key_name(call.key)) } else { String::new() };
    match (name.key, name.value, name.arg) {
        (_, true, true) => format!("{}{key} {}->{}", name.name, call.arg, call.value),
        (true, true, _) => format!("{}{key}={}", name.name, call.value),
        (false, true, _) => format!("{} {}", name.name, call.value),
        _ => format!("{}{key}", name.name),
    }
}

/// `x`, `y`, `z`, then `k3`, `k4` ...
pub fn key_name(key: u32) -> String {
    match key {
        0..3 => ["x", "y", "z"][key as usize].to_string(),
        _ => format!("k{key}"),
    }
}

/// What a client is called: `A`, `B`, ... `Z`, `A1`, ..., or from another letter on.
pub fn client_name(first: u8, n: u16) -> String {
    let letter = char::from(b'A' + ((u16::from(first - b'A') + n) % 26) as u8);
    if n < 26 { letter.to_string() } else { format!("{letter}{}", n / 26) }
}

/// A timer's name.
pub trait TimerName: Copy + Debug + PartialEq + Eq + Hash + 'static {
    /// All of them; a timer's code is its place here.
    const ALL: &'static [(Self, &'static str)];
}

/// A timer's code: its place in [`TimerName::ALL`].
pub fn timer_code<T: TimerName>(timer: T) -> u32 {
    T::ALL.iter().position(|(t, _)| *t == timer).map_or(u32::MAX, |i| i as u32)
}

/// A protocol without timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoTimer {}

impl TimerName for NoTimer {
    const ALL: &'static [(Self, &'static str)] = &[];
}

/// One node: who it is and what it knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node<P: Protocol> {
    /// Its own name.
    pub me: NodeId,
    /// Lost in a crash.
    pub state: P::State,
    /// The node's copy of what it keeps on disk; a crash takes what was not persisted.
    pub durable: P::Durable,
}

/// What a client is told. No answer in time means *unknown*: the operation may have happened, or
/// may still happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome<P: Protocol> {
    /// It happened.
    Ok(P::Ret),
    /// It did not happen and never will.
    Fail(&'static str),
    /// Ask somebody else.
    Redirect(Option<NodeId>),
}

/// What a handler asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect<P: Protocol> {
    /// Put a message on the link to `to`.
    Send { to: NodeId, message: P::Message },
    /// Start, or start anew, a timer that ends `after` microseconds later on the node's own clock.
    SetTimer { timer: P::Timer, after: u64 },
    /// Stop a timer.
    CancelTimer(P::Timer),
    /// Write to disk; what follows waits until it is safe (if the disk is honest).
    Persist(P::Durable),
    /// Answer a client.
    Reply { to: OpId, outcome: Outcome<P> },
    /// A rule was applied: its name in the paper or the specification.
    Note(&'static str),
}

/// Where answers to `choose` come from.
#[derive(Clone, Debug, Default)]
pub struct Dice {
    /// The run's seed.
    pub seed: u64,
    /// Draws made so far by this node.
    pub count: u64,
    /// Answers given in advance.
    pub picks: Vec<u8>,
    /// How many of them were used.
    pub used: usize,
    /// The sizes of the choices that were asked for, for a search to branch over.
    pub asked: Vec<u8>,
}

/// What a handler may use.
pub struct Context<'a, P: Protocol> {
    /// The node's own name.
    pub me: NodeId,
    /// How many servers there are; they are numbered from 0.
    pub nodes: u16,
    /// The protocol's settings.
    pub cfg: &'a P::Config,
    /// The node's own clock, in microseconds. Not true time.
    pub clock: i64,
    /// The effects asked for so far, in order.
    pub effects: Vec<Effect<P>>,
    pub(super) mutants: u32,
    pub(super) dice: &'a mut Dice,
}

impl<'a, P: Protocol> Context<'a, P> {
    /// A context outside of any world, for unit tests of handlers.
    pub fn alone(me: u16, nodes: u16, cfg: &'a P::Config, dice: &'a mut Dice) -> Self {
        Context { me: NodeId(me), nodes, cfg, clock: 0, effects: Vec::new(), mutants: 0, dice }
    }
    /// Switches a mutant on in a context made by [`Context::alone`].
    pub fn with_mutant(mut self, number: u8) -> Self {
        self.mutants |= 1 << number;
        self
    }
    /// Sends a message.
    pub fn send(&mut self, to: NodeId, message: P::Message) {
        self.effects.push(Effect::Send { to, message });
    }
    /// Starts a timer anew, `after` microseconds of the node's own clock.
    pub fn set_timer(&mut self, timer: P::Timer, after: u64) {
        self.effects.push(Effect::SetTimer { timer, after });
    }
    /// Stops a timer.
    pub fn cancel_timer(&mut self, timer: P::Timer) {
        self.effects.push(Effect::CancelTimer(timer));
    }
    /// Writes to disk: a barrier, what follows waits for it.
    pub fn persist(&mut self, durable: &P::Durable) {
        self.effects.push(Effect::Persist(durable.clone()));
    }
    /// Answers a client.
    pub fn reply(&mut self, to: OpId, outcome: Outcome<P>) {
        self.effects.push(Effect::Reply { to, outcome });
    }
    /// Names the rule that was applied.
    pub fn note(&mut self, rule: &'static str) {
        self.effects.push(Effect::Note(rule));
    }
    /// Runs a handler of another protocol as a part of this one: on the same clock and dice, with
    /// settings and mutants of its own, among the first `nodes` servers. What it asks for is
    /// returned and has not taken place.
    pub fn inside<Q: Protocol>(
        &mut self,
        nodes: u16,
        cfg: &Q::Config,
        mutants: u32,
        handler: impl FnOnce(&mut Context<Q>),
    ) -> Vec<Effect<Q>> {
        let (me, clock, effects) = (self.me, self.clock, Vec::new());
        let mut cx = Context { me, nodes, cfg, clock, effects, mutants, dice: self.dice };
        handler(&mut cx);
        cx.effects
    }
    /// The other servers, in order.
    pub fn others(&self) -> impl Iterator<Item = NodeId> + use<P> {
        let me = self.me;
        (0..self.nodes).map(NodeId).filter(move |n| *n != me)
    }
    /// A choice below `n` that the protocol leaves open: drawn in a run, branched over in a search.
    pub fn choose(&mut self, n: u8) -> u8 {
        self.dice.asked.push(n);
        if let Some(pick) = self.dice.picks.get(self.dice.used) {
            self.dice.used += 1;
            return *pick % n.max(1);
        }
        self.dice.count += 1;
        below(draw(self.dice.seed, Stream::Node(self.me.0), self.dice.count), n.max(1).into()) as u8
    }
    /// A duration drawn between two bounds; a search leaves time out and does not branch over it.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        self.dice.count += 1;
        between(draw(self.dice.seed, Stream::Timer(self.me.0), self.dice.count), low, high)
    }
    /// Is this named bug switched on?
    pub fn mutant(&self, number: u8) -> bool {
        self.mutants >> number & 1 == 1
    }
}

/// A named one-line bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// Kebab-case name.
    pub id: &'static str,
    /// The question it asks ("What if votes were not durable?").
    pub what: &'static str,
    /// The property it breaks.
    pub breaks: &'static str,
}

/// What kind of claim a property is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyKind {
    /// Nothing bad happens: a finite run can refute it, and it holds only "so far".
    Safety,
    /// Something good happens: a finite run cannot refute it.
    Liveness,
}

/// A claim that is checked after every step.
pub struct Property<P: Protocol> {
    /// Kebab-case name.
    pub id: &'static str,
    /// The field's name for it.
    pub title: &'static str,
    /// The claim in one sentence.
    pub claim: &'static str,
    /// Where it is stated.
    pub cite: &'static str,
    /// Safety or liveness.
    pub kind: PropertyKind,
    /// `Some` witness if the state now shown breaks it.
    pub check: fn(&Seen<P>, &P::Observer) -> Option<Witness>,
}

/// A claim as plain data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PropertyInfo {
    /// Name.
    pub id: &'static str,
    /// The field's name for it.
    pub title: &'static str,
    /// The claim.
    pub claim: &'static str,
    /// Where it is stated.
    pub cite: &'static str,
    /// Safety or liveness.
    pub kind: PropertyKind,
}

impl<P: Protocol> Property<P> {
    /// It as plain data.
    pub fn info(&self) -> PropertyInfo {
        let Property { id, title, claim, cite, kind, .. } = *self;
        PropertyInfo { id, title, claim, cite, kind }
    }
}

/// Why a property is broken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Witness {
    /// One sentence for a person.
    pub why: String,
    /// The nodes involved.
    pub nodes: Vec<NodeId>,
}

/// What an observer sees after a step.
pub struct Seen<'a, P: Protocol> {
    /// The protocol's settings.
    pub cfg: &'a P::Config,
    /// The settings every scene has.
    pub common: &'a Common,
    /// All servers; a crashed one as it was, see `up`.
    pub nodes: Vec<&'a Node<P>>,
    /// Which of them are up.
    pub up: Vec<bool>,
    /// The node that has just acted, if it was a server.
    pub touched: Option<NodeId>,
    /// The rules it applied.
    pub notes: &'a [&'static str],
    /// The engine's vector timestamp of this step: how many events of each process it knows of.
    pub stamp: &'a [u32],
    /// The node whose message was handled in this step, and how many events it had had when it
    /// sent it. `None` for what clients say.
    pub heard: Option<(NodeId, u32)>,
    /// The operation whose request a server received in this step.
    pub request: Option<OpId>,
    /// What clients began and learned in this step.
    pub ops: &'a [OpStep],
    /// Is some link cut?
    pub cut: bool,
    /// True time in microseconds.
    pub now: u64,
    /// Gives the events from which something is on its way between servers, each by its process and
    /// how many it had had. `None` in a search, where observers of states that are alike have to stay so.
    pub sending: Option<&'a dyn Fn() -> Vec<(NodeId, u32)>>,
    /// What clients were told in this step: by whom, about which operation, what.
    pub answers: &'a [(NodeId, OpId, P::Op, Outcome<P>)],
}

impl<'a, P: Protocol> Seen<'a, P> {
    /// The server that acted, if it is up.
    pub fn actor(&self) -> Option<&'a Node<P>> {
        let n = self.touched?;
        (*self.up.get(n.at())?).then(|| self.nodes[n.at()])
    }
    /// The servers that are up.
    pub fn alive(&self) -> impl Iterator<Item = &'a Node<P>> + '_ {
        self.nodes.iter().zip(&self.up).filter(|(_, up)| **up).map(|(n, _)| *n)
    }
}

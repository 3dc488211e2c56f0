//! The only code that is compiled once a protocol: it gives values their types back, asks the
//! protocol, and takes the types off what it gets.

use super::rules::{
    At, ClientAnswer, Input, ObserverView, Renamed, Rules, SearchRules, ServerLook, StepView,
};
use super::{Names, NodeId, OpId, Replica, Settings, World};
use crate::core::action::Call;
use crate::core::declare::{Data, Liar, Plain};
use crate::core::hash::StableHasher;
use crate::core::protocol::{
    CallName, Context, Dice, Effect, Node, Outcome, Part, PropertyInfo, Seen, Show, TimerName,
    Witness, timer_code,
};
use crate::core::value::{
    AnyEffect, AnyOutcome, AnyValue, Shared, Value, known, known_shared, own, own_shared, take,
};
use crate::core::view::{MessageLook, NodeShape};
use std::any::TypeId;
use std::collections::VecDeque;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

/// The rules of a protocol.
pub struct Adapter<P>(PhantomData<fn() -> P>);

impl<P: Show> Adapter<P> {
    /// For worlds.
    pub const RULES: &'static dyn Rules = &Adapter::<P>(PhantomData);
    /// For searches.
    pub const SEARCH_RULES: &'static dyn SearchRules = &Adapter::<P>(PhantomData);
}

impl World {
    /// What the observer knows in a world of protocol `P`.
    pub fn observer<P: Show>(&self) -> &P::Observer {
        known_shared(&self.observer)
    }
}

fn cfg<P: Show>(s: &Settings) -> &P::Config {
    known_shared(&s.cfg)
}

fn context<'a, P: Show>(
    s: &'a Settings,
    me: NodeId,
    clock: i64,
    dice: &'a mut Dice,
) -> Context<'a, P> {
    let (nodes, cfg, mutants) = (s.common.nodes, cfg::<P>(s), s.mutants);
    Context { me, nodes, cfg, clock, effects: Vec::new(), mutants, dice }
}

fn outcome<P: Show>(outcome: Outcome<P>) -> AnyOutcome {
    match outcome {
        Outcome::Ok(ret) => AnyOutcome::Ok(Arc::new(ret)),
        Outcome::Fail(why) => AnyOutcome::Fail(why),
        Outcome::Redirect(hint) => AnyOutcome::Redirect(hint),
    }
}

fn effect<P: Show>(effect: Effect<P>) -> AnyEffect {
    match effect {
        Effect::Send { to, message } => AnyEffect::Send { to, message: Arc::new(message) },
        Effect::SetTimer { timer, after } => AnyEffect::SetTimer { code: timer_code(timer), after },
        Effect::CancelTimer(timer) => AnyEffect::CancelTimer(timer_code(timer)),
        Effect::Persist(durable) => AnyEffect::Persist(Arc::new(durable)),
        Effect::Reply { to, outcome: told } => AnyEffect::Reply { to, outcome: outcome(told) },
        Effect::Note(rule) => AnyEffect::Note(rule),
    }
}

/// An answer with its types.
fn answer<P: Show>((from, id, op, told): &ClientAnswer) -> (NodeId, OpId, P::Op, Outcome<P>) {
    let told = match told {
        AnyOutcome::Ok(ret) => Outcome::Ok(known::<P::Ret>(&**ret).clone()),
        AnyOutcome::Fail(why) => Outcome::Fail(why),
        AnyOutcome::Redirect(hint) => Outcome::Redirect(*hint),
    };
    (*from, *id, known::<P::Op>(&**op).clone(), told)
}

fn nodes<P: Show>(replicas: &[Arc<Replica>]) -> Vec<&Node<P>> {
    replicas.iter().map(|r| known(&*r.node)).collect()
}

fn values<T: AnyValue>(all: Vec<T>) -> Vec<Value> {
    all.into_iter().map(|one| Arc::new(one) as Value).collect()
}

impl<P: Show> Rules for Adapter<P> {
    fn protocol(&self) -> TypeId {
        TypeId::of::<P>()
    }
    fn server(&self, s: &Settings, me: NodeId) -> (Value, Value) {
        let durable = P::disk(cfg::<P>(s), me, s.common.nodes);
        let mut dice = Dice::default();
        let state = P::boot(&mut context(s, me, 0, &mut dice), &durable);
        let node = Node::<P> { me, state, durable: durable.clone() };
        (Arc::new(node), Arc::new(durable))
    }

    fn handle(
        &self,
        at: At<'_>,
        node: &mut Value,
        input: Input,
        effects: &mut VecDeque<AnyEffect>,
    ) {
        let mut cx = context(at.settings, at.me, at.clock, at.dice);
        let node = own::<Node<P>>(node);
        match input {
            Input::Boot => node.state = P::boot(&mut cx, &node.durable),
            Input::Message { from, message } => P::on_message(node, &mut cx, from, take(message)),
            Input::Timer(code) => {
                if let Some((timer, _)) = P::Timer::ALL.get(code as usize) {
                    P::on_timer(node, &mut cx, *timer);
                }
            }
            Input::Request { op, call } => P::on_op(node, &mut cx, op, take(call)),
        }
        effects.extend(cx.effects.into_iter().map(effect));
    }

    fn remember(&self, node: &mut Value, durable: &dyn AnyValue) {
        own::<Node<P>>(node).durable = known::<P::Durable>(durable).clone();
    }
    fn torn(&self, before: &dyn AnyValue, after: &dyn AnyValue) -> Value {
        Arc::new(P::torn(known(before), known(after)))
    }
    fn forge(&self, s: &Settings, message: &dyn AnyValue, to: NodeId) -> Vec<Value> {
        values(P::forge(cfg::<P>(s), known(message), &Liar { nodes: s.common.nodes, to }))
    }
    fn lies(&self) -> bool {
        P::Message::LIES
    }
    fn size(&self, message: &dyn AnyValue) -> u32 {
        P::size(known(message))
    }

    fn observer(&self) -> Shared {
        Arc::new(P::Observer::default())
    }

    fn observe(
        &self,
        observer: &mut Shared,
        step: StepView<'_>,
        open: u64,
    ) -> Vec<(usize, Witness)> {
        let answers: Vec<_> = step.answers.iter().map(answer::<P>).collect();
        let seen = Seen {
            cfg: cfg::<P>(step.settings),
            common: &step.settings.common,
            nodes: nodes(step.replicas),
            up: step.up,
            touched: step.touched,
            notes: step.notes,
            stamp: step.stamp,
            heard: step.heard,
            request: step.request,
            ops: step.ops,
            cut: step.cut,
            now: step.now,
            sending: step.sending,
            answers: &answers,
        };
        let observer = own_shared::<P::Observer>(observer);
        P::observe(observer, &seen);
        let mut broken = Vec::new();
        for (i, property) in P::properties().iter().enumerate() {
            if open >> i & 1 == 1
                && let Some(witness) = (property.check)(&seen, observer)
            {
                broken.push((i, witness));
            }
        }
        broken
    }

    fn properties(&self) -> Vec<PropertyInfo> {
        P::properties().iter().map(|p| p.info()).collect()
    }
    fn promises(&self, s: &Settings, property: &str) -> bool {
        P::promises(&s.common, cfg::<P>(s), property)
    }
    fn undecided(&self, observer: &Shared, property: &str) -> bool {
        P::undecided(known_shared(observer), property)
    }
    fn outside(&self, s: &Settings) -> Option<&'static str> {
        P::outside(&s.common, cfg::<P>(s))
    }

    fn token(&self) -> Shared {
        Arc::new(P::Token::default())
    }
    fn carry(&self, s: &Settings, token: &Shared, op: Value) -> Value {
        Arc::new(P::carry(cfg::<P>(s), known_shared(token), take(op)))
    }
    fn learn(&self, s: &Settings, token: &mut Shared, op: &dyn AnyValue, ret: &dyn AnyValue) {
        P::learn(cfg::<P>(s), own_shared(token), known(op), known(ret));
    }
    fn anywhere(&self, s: &Settings, op: &dyn AnyValue) -> bool {
        P::anywhere(cfg::<P>(s), known(op))
    }
    fn next_op(
        &self,
        s: &Settings,
        client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Value> {
        Some(Arc::new(P::next_op(cfg::<P>(s), &s.common, client, nth, pick)?))
    }
    fn op(&self, call: &Call) -> Option<Value> {
        Some(Arc::new(P::op(call)?))
    }
    fn call(&self, op: &dyn AnyValue) -> Call {
        P::call(known(op))
    }
    fn answer(&self, ret: &dyn AnyValue) -> Option<String> {
        P::answer(known(ret))
    }

    fn calls(&self) -> &'static [CallName] {
        P::CALLS
    }
    fn timer(&self, code: u32) -> Option<&'static str> {
        P::Timer::ALL.get(code as usize).map(|(_, name)| *name)
    }
    fn name(&self, n: u16) -> String {
        P::name(n)
    }
    fn first_client(&self) -> u8 {
        P::FIRST_CLIENT
    }
    fn shape(&self, s: &Settings, me: NodeId) -> NodeShape {
        P::shape(cfg::<P>(s), &s.common, me)
    }

    fn face(&self, s: &Settings, node: &dyn AnyValue, kept: Option<&dyn AnyValue>) -> ServerLook {
        let (cfg, node) = (cfg::<P>(s), known::<Node<P>>(node));
        let log = P::log(node);
        let kept = kept.filter(|_| log.is_some()).and_then(|durable| {
            P::log(&Node { durable: known::<P::Durable>(durable).clone(), ..node.clone() })
        });
        let look = P::node(cfg, &s.common, node);
        ServerLook { look, log, kept, trays: P::trays(cfg, node), ruler: P::ruler(cfg, node) }
    }
    fn message(&self, message: &dyn AnyValue) -> MessageLook {
        P::message(known(message))
    }
    fn details(&self, message: &dyn AnyValue) -> Vec<(String, String)> {
        P::details(known(message))
    }
    fn plain(&self, message: &dyn AnyValue) -> Plain {
        known::<P::Message>(message).plain()
    }
    fn carried(&self, op: &dyn AnyValue) -> Vec<(String, String)> {
        P::carried(known(op))
    }
    fn tokens(&self, token: &Shared) -> Vec<(String, String)> {
        P::token(known_shared(token))
    }
    fn overview(&self, s: &Settings, observer: &Shared, replicas: &[Arc<Replica>]) -> ObserverView {
        let (cfg, observer) = (cfg::<P>(s), known_shared::<P::Observer>(observer));
        let facts = P::facts(observer);
        debug_assert!(facts.iter().all(|f| P::FACTS.contains(&f.id)));
        ObserverView {
            facts,
            committed: P::committed(observer),
            ring: P::ring(cfg, &s.common, observer, || nodes(replicas)),
            axis: P::axis(cfg, &s.common, observer, || nodes(replicas)),
        }
    }
}

impl<P: Show> SearchRules for Adapter<P> {
    fn protocol(&self) -> TypeId {
        TypeId::of::<P>()
    }
    fn causal(&self) -> bool {
        P::CAUSAL
    }
    fn kind(&self, s: &Settings, me: NodeId) -> Option<u16> {
        P::kind(cfg::<P>(s), &s.common, me)
    }

    fn feed(&self, value: Renamed<'_>, names: &Names, to: &mut StableHasher) {
        match value {
            Renamed::Node(node) => {
                let mut node = known::<Node<P>>(node).clone();
                node.me = names.of(node.me);
                P::rename(Part::State(&mut node.state), names);
                P::rename(Part::Durable(&mut node.durable), names);
                node.hash(to);
            }
            Renamed::Durable(durable) => {
                let mut durable = known::<P::Durable>(durable).clone();
                P::rename(Part::Durable(&mut durable), names);
                durable.hash(to);
            }
            Renamed::Message(message) => {
                let mut message = known::<P::Message>(message).clone();
                P::rename(Part::Message(&mut message), names);
                message.hash(to);
            }
            Renamed::Ret(ret) => {
                let mut ret = known::<P::Ret>(ret).clone();
                P::rename(Part::Ret(&mut ret), names);
                ret.hash(to);
            }
            Renamed::Op(op) => {
                let mut op = known::<P::Op>(op).clone();
                P::rename(Part::Op(&mut op), names);
                op.hash(to);
            }
        }
    }
    fn feed_observer(&self, observer: &Shared, names: Option<&Names>, to: &mut StableHasher) {
        let known = known_shared::<P::Observer>(observer);
        let Some(names) = names else { return known.hash(to) };
        let mut renamed = known.clone();
        P::rename(Part::Observer(&mut renamed), names);
        renamed.hash(to);
    }
    fn feed_token(&self, token: &Shared, names: Option<&Names>, to: &mut StableHasher) {
        let known = known_shared::<P::Token>(token);
        let Some(names) = names else { return known.hash(to) };
        let mut renamed = known.clone();
        P::rename(Part::Token(&mut renamed), names);
        renamed.hash(to);
    }
}

//! A protocol inside another: its handlers run within those of the outer one, on the outer one's
//! clock, dice, links, timers and disk.

use crate::core::ids::OpId;
use crate::core::protocol::{Context, Effect, Node, Outcome, Protocol};
use std::mem::take;

/// What the inner protocol is told of its world.
#[derive(Clone, Copy, Debug)]
pub struct Inner<'a, Q: Protocol> {
    /// How many servers take part, the first ones.
    pub nodes: u16,
    /// Its settings.
    pub cfg: &'a Q::Config,
    /// Its mutants, as bits.
    pub mutants: u32,
}

impl<Q: Protocol> Inner<'_, Q>
where
    Q::State: Default,
{
    /// Runs a handler on a node's part of the inner protocol; what it asks for has not taken place.
    pub fn run<P: Protocol>(
        &self,
        cx: &mut Context<P>,
        (state, durable): (&mut Q::State, &mut Q::Durable),
        handler: impl FnOnce(&mut Node<Q>, &mut Context<Q>),
    ) -> Vec<Effect<Q>> {
        let mut node = Node { me: cx.me, state: take(state), durable: take(durable) };
        let effects =
            cx.inside(self.nodes, self.cfg, self.mutants, |inner| handler(&mut node, inner));
        (*state, *durable) = (node.state, node.durable);
        effects
    }
}

/// How the inner protocol's things are called outside.
pub trait Hosts<Q: Protocol>: Protocol {
    /// A message of it.
    fn say(inner: Q::Message) -> Self::Message;
    /// A timer of it.
    fn time(inner: Q::Timer) -> Self::Timer;
    /// What is on disk once the inner protocol has written this.
    fn keep(all: &Self::Durable, inner: Q::Durable) -> Self::Durable;
}

/// Lets an effect of the inner protocol take place in its order, behind its barriers. An answer is
/// handed back: whom it is for, and what it means, only the outer one knows.
pub fn pass<P: Hosts<Q>, Q: Protocol>(
    cx: &mut Context<P>,
    all: &P::Durable,
    effect: Effect<Q>,
) -> Option<(OpId, Outcome<Q>)> {
    match effect {
        Effect::Send { to, message } => cx.send(to, P::say(message)),
        Effect::SetTimer { timer, after } => cx.set_timer(P::time(timer), after),
        Effect::CancelTimer(timer) => cx.cancel_timer(P::time(timer)),
        Effect::Persist(durable) => cx.persist(&P::keep(all, durable)),
        Effect::Note(rule) => cx.note(rule),
        Effect::Reply { to, outcome } => return Some((to, outcome)),
    }
    None
}

//! Template: copy this file, rename it, add one line to the catalogue, accept its golden trace.
//! Here: every server keeps the largest number it has heard of, and tells the others.
//!
//! *Models*: a client sets a number at one server, which makes it durable, answers, and gossips it.
//!
//! *Leaves out*: agreement; two servers may answer differently until the gossip has reached both.
//!
//! *Checks*: an acknowledged number is never forgotten by the server that acknowledged it.
//!
//! *Paper*: none; a smallest example of durability before visibility.

use super::catalog::{self, Preset, Scene};
use crate::core::action::Call;
use crate::core::config::Common;
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::{
    CallName, Context, Mutant, Node, Outcome, Property, PropertyKind, Protocol, Seen, Show,
    TimerName, Witness,
};
use crate::core::sorted::SortedMap;
use crate::core::view::{Family, Layout, Lens, MessageLook, NodeLook};

/// The protocol: a name for its types and rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Largest;

/// The scene, as the catalogue would list it.
pub const SCENE: Scene = Scene {
    id: "template",
    title: "Template",
    family: "Templates",
    line: "Everyone keeps the largest number heard of.",
    seed_phrases: &[],
    sources: &[],
    leaves_out: "Agreement.",
    layout: Layout::Circle,
    presets: PRESETS,
    stories: &[],
    challenges: &[],
    build: |setup| catalog::make::<Largest>(PRESETS, setup),
    info: catalog::info::<Largest>,
    others: &[],
};

const PRESETS: &[Preset] = &[Preset {
    id: "plain",
    title: "Plain",
    version: "1",
    source: "made up for this template",
    values: &[("nodes", 3)],
}];

/// Survives a crash, once persisted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kept {
    /// The largest number heard of.
    pub largest: i64,
}

/// Lost in a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// Rounds of gossip so far.
    pub rounds: u64,
}

/// What servers tell each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gossip {
    /// The sender's largest number.
    pub largest: i64,
}

/// The one timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Round;

impl TimerName for Round {
    const ALL: &'static [(Self, &'static str)] = &[(Round, "next round")];
}

/// What clients ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Offer a number.
    Offer(i64),
    /// Ask for the largest.
    Largest,
}

/// The mutant's number: its place in `mutants()`.
const ANSWER_FIRST: u8 = 0;

fn learn(node: &mut Node<Largest>, cx: &mut Context<Largest>, number: i64) {
    if number > node.durable.largest {
        cx.note("Learn");
        node.durable.largest = number;
        cx.persist(&node.durable);
    }
}

impl Protocol for Largest {
    type Config = ();
    type State = State;
    type Durable = Kept;
    type Message = Gossip;
    type Timer = Round;
    type Op = Op;
    type Ret = i64;
    type Observer = Observer;
    type Token = ();

    fn boot(cx: &mut Context<Self>, _kept: &Kept) -> State {
        cx.set_timer(Round, 100_000);
        State::default()
    }

    fn on_message(node: &mut Node<Self>, cx: &mut Context<Self>, _from: NodeId, gossip: Gossip) {
        learn(node, cx, gossip.largest);
    }

    fn on_timer(node: &mut Node<Self>, cx: &mut Context<Self>, _round: Round) {
        cx.note("Gossip");
        node.state.rounds += 1;
        let gossip = Gossip { largest: node.durable.largest };
        cx.others().for_each(|to| cx.send(to, gossip.clone()));
        cx.set_timer(Round, 100_000);
    }

    fn on_op(node: &mut Node<Self>, cx: &mut Context<Self>, id: OpId, op: Op) {
        if let Op::Offer(number) = op {
            if cx.mutant(ANSWER_FIRST) {
                cx.reply(id, Outcome::Ok(number.max(node.durable.largest)));
                return learn(node, cx, number);
            }
            learn(node, cx, number);
        }
        // After the barrier of `learn`: durable before visible.
        cx.reply(id, Outcome::Ok(node.durable.largest));
    }

    fn common() -> Common {
        Common { nodes: 3, clients: 1, ..Common::default() }
    }

    fn mutants() -> &'static [Mutant] {
        &[Mutant {
            id: "answer-first",
            what: "What if the answer left before the write was safe?",
            breaks: "durable-before-visible",
        }]
    }

    fn properties() -> &'static [Property<Self>] {
        &[Property {
            id: "durable-before-visible",
            title: "Durable before visible",
            claim: "A server that is up knows every number it has acknowledged.",
            cite: "this template",
            kind: PropertyKind::Safety,
            check: |seen, observer| {
                let forgetful = seen
                    .alive()
                    .find(|n| observer.told.get(&n.me).is_some_and(|t| *t > n.durable.largest))?;
                let why = format!(
                    "{} has forgotten {}.",
                    Self::name(forgetful.me.0),
                    observer.told[&forgetful.me]
                );
                Some(Witness { why, nodes: vec![forgetful.me] })
            },
        }]
    }

    fn observe(observer: &mut Observer, seen: &Seen<Self>) {
        for (from, _, _, outcome) in seen.answers {
            if let Outcome::Ok(number) = outcome {
                let told = observer.told.entry(*from).or_default();
                *told = (*told).max(*number);
            }
        }
    }

    fn workload(
        _common: &Common,
        _client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Op> {
        Some(if pick(2) == 0 { Op::Largest } else { Op::Offer(nth.into()) })
    }
}

/// What only the observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Observer {
    /// The largest number that each server has told a client.
    told: SortedMap<NodeId, i64>,
}

impl Show for Largest {
    const CALLS: &'static [CallName] = &[
        CallName { name: "offer", key: false, value: true, arg: false },
        CallName { name: "largest", key: false, value: false, arg: false },
    ];
    const LENSES: &'static [Lens] = &[Lens::History];

    fn op(call: &Call) -> Option<Op> {
        match call.f {
            0 => Some(Op::Offer(call.value)),
            1 => Some(Op::Largest),
            _ => None,
        }
    }

    fn call(op: &Op) -> Call {
        match *op {
            Op::Offer(value) => Call { f: 0, value, ..Call::default() },
            Op::Largest => Call { f: 1, ..Call::default() },
        }
    }

    fn answer(ret: &i64) -> Option<String> {
        Some(ret.to_string())
    }

    fn node(_cfg: &(), _common: &Common, node: &Node<Self>) -> NodeLook {
        NodeLook {
            role: "Server".into(),
            badge: node.durable.largest.to_string(),
            durable: vec![("largest".into(), node.durable.largest.to_string())],
            volatile: vec![("rounds".into(), node.state.rounds.to_string())],
            ..NodeLook::default()
        }
    }

    fn message(_gossip: &Gossip) -> MessageLook {
        MessageLook { name: "Gossip", family: Family::Gossip, ..MessageLook::default() }
    }

    fn details(gossip: &Gossip) -> Vec<(String, String)> {
        vec![("largest".into(), gossip.largest.to_string())]
    }
}

//! Template: copy this file, rename it, add it to the lists in `mod.rs`, accept its golden trace.
//! Here: every server keeps the largest number it has heard of, and tells the others.
//!
//! *Models*: a client sets a number at one server, which makes it durable, answers, and gossips it.
//!
//! *Leaves out*: agreement; two servers may answer differently until the gossip has reached both.
//!
//! *Checks*: an acknowledged number is never forgotten by the server that acknowledged it.
//!
//! *Paper*: none; a smallest example of durability before visibility.

use super::catalog::{self, Scene};
use crate::core::config::Common;
use crate::core::declare::*;
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::{Context, Node, Outcome, Protocol, Seen, Show};
use crate::core::sorted::SortedMap;
use crate::core::view::{Layout, Lens, MessageLook, NodeLook};
use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Story, StoryStep};

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
    hero: HERO,
    stories: &[],
    challenges: &[],
    build: |setup| catalog::make::<Largest>(PRESETS, setup),
    info: catalog::info::<Largest>,
    others: &[],
};

/// What the scene opens on: the run, the sentence that says what is seen, and what to do next.
const HERO: Hero = Hero {
    caption: "One server knows a larger number, and tells the others.",
    run: Story {
        steps: &[StoryStep {
            say: &["A: offer 7 at S1"],
            until: "rule Learn S2",
            ..StoryStep::SAY
        }],
        ..Hero::RUN
    },
    opens: 0,
    lead: 1_000,
    tail: 20_000,
    main: Main::Stage,
    light: &[0],
    next: &[Next {
        label: "Crash S1",
        note: "",
        does: Does::Act(&["crash S1"]),
        then: "S1 crashed",
    }],
};

presets! {
    PRESETS:
    "plain" "Plain", "1", "made up for this template": "nodes" = 3;
}

knobs! {
    /// Settings; times in microseconds.
    pub struct Config {
        /// How often a server tells the others.
        period: u64 = 100_000, "template.period" "servers gossip every", time(1_000..=60_000_000);
    }
}

data! {
    /// Survives a crash, once persisted.
    #[derive(Default)]
    pub struct Durable {
        /// The largest number heard of.
        pub largest: i64,
    }

    /// Lost in a crash.
    #[derive(Default)]
    pub struct State {
        /// Rounds of gossip so far.
        pub rounds: u64,
    }
}

messages! {
    /// What servers tell each other.
    pub enum Message {
        /// The sender's largest number.
        Gossip ["Gossip", Gossip] { largest: i64 },
    }
}

timers! {
    /// The one timer.
    pub enum Timer {
        /// Tell the others.
        Round = "next round",
    }
}

operations! {
    /// What clients ask for.
    #[derive(Copy)]
    pub enum Op {
        /// Offer a number.
        "offer" Offer { number: i64 = value },
        /// Ask for the largest.
        "largest" Largest,
    }
}

mutants! {
    ANSWER_FIRST "answer-first" breaks "durable-before-visible":
        "What if the answer left before the write was safe?";
}

claims! {
    PROPERTIES of Largest:
    "durable-before-visible" "Durable before visible",
        "A server that is up knows every number it has acknowledged.", "this template";
}

fn learn(node: &mut Node<Largest>, cx: &mut Context<Largest>, number: i64) {
    if number > node.durable.largest {
        cx.note("Learn");
        node.durable.largest = number;
        cx.persist(&node.durable);
    }
}

impl Protocol for Largest {
    usual_parts! { Durable = Durable; Ret = i64; }
    rewrites! {}

    fn boot(cx: &mut Context<Self>, _kept: &Durable) -> State {
        cx.set_timer(Timer::Round, cx.cfg.period);
        State::default()
    }

    fn on_message(node: &mut Node<Self>, cx: &mut Context<Self>, _from: NodeId, message: Message) {
        let Message::Gossip { largest } = message;
        learn(node, cx, largest);
    }

    fn on_timer(node: &mut Node<Self>, cx: &mut Context<Self>, _round: Timer) {
        cx.note("Gossip");
        node.state.rounds += 1;
        let gossip = Message::Gossip { largest: node.durable.largest };
        cx.others().for_each(|to| cx.send(to, gossip.clone()));
        cx.set_timer(Timer::Round, cx.cfg.period);
    }

    fn on_op(node: &mut Node<Self>, cx: &mut Context<Self>, id: OpId, op: Op) {
        if let Op::Offer { number } = op {
            if cx.mutant(mutant::ANSWER_FIRST) {
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

    // No rule asks for a server's number.
    fn kind(_: &Config, _: &Common, _: NodeId) -> Option<u16> {
        Some(0)
    }

    fn workload(
        _common: &Common,
        _client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Op> {
        Some(if pick(2) == 0 { Op::Largest } else { Op::Offer { number: nth.into() } })
    }
}

/// What only the observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Observer {
    /// The largest number that each server has told a client.
    told: SortedMap<NodeId, i64>,
    accused: Accusations,
}

rewrite!(Observer { told });

impl Observer {
    fn see(&mut self, seen: &Seen<Largest>) {
        for (from, _, _, outcome) in seen.answers {
            if let Outcome::Ok(number) = outcome {
                let told = self.told.entry(*from).or_default();
                *told = (*told).max(*number);
            }
        }
        for n in seen.alive() {
            let Some(told) = self.told.get(&n.me).filter(|t| **t > n.durable.largest) else {
                continue;
            };
            let why = format!("{} has forgotten {told}.", Largest::name(n.me.0));
            self.accused.accuse("durable-before-visible", why, vec![n.me]);
        }
    }
}

impl Show for Largest {
    const LENSES: &'static [Lens] = &[Lens::History];

    fn answer(ret: &i64) -> Option<String> {
        Some(ret.to_string())
    }

    fn node(_cfg: &Config, _common: &Common, node: &Node<Self>) -> NodeLook {
        NodeLook {
            role: "Server".into(),
            badge: node.durable.largest.to_string(),
            durable: vec![("largest".into(), node.durable.largest.to_string())],
            volatile: vec![("rounds".into(), node.state.rounds.to_string())],
            ..NodeLook::default()
        }
    }

    fn message(message: &Message) -> MessageLook {
        message.look()
    }
}

//! Lamport clocks: a number that respects what happened before, and hides what is concurrent.
//!
//! *Models*: processes with local events and messages; each event carries the clock of rules IR1
//! and IR2. Processes act at random moments, or when a client tells them to.
//!
//! *Leaves out*: physical clocks, total order and mutual exclusion.
//!
//! *Checks*: the Clock Condition, for every pair of events, against the engine's own causality.
//!
//! *Paper*: Lamport: Time, Clocks, and the Ordering of Events in a Distributed System, CACM 1978.

use super::catalog::{self, Preset, Scene};
use crate::core::action::Call;
use crate::core::config::{Clients, Common, Knob, Net, Unit};
use crate::core::ids::{NodeId, OpId};
use crate::core::list::List;
use crate::core::protocol::{
    CallName, Context, Mutant, Node, Outcome, Property, PropertyKind, Protocol, Seen, Show,
    TimerName, Witness,
};
use crate::core::view::{Family, Layout, Lens, MessageLook, NodeLook};
use crate::stories::{Ask, Step, Story};

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lamport;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "lamport",
    title: "Lamport clock",
    family: "Clocks",
    line: "A number that respects before, and hides beside.",
    seed_phrases: &[
        "Lamport Clock",
        "Logical counter. Incremented on send/receive. Total order but not causal.",
    ],
    sources: &[
        "Lamport: Time, Clocks, and the Ordering of Events in a Distributed System, CACM 1978",
    ],
    leaves_out: "Physical clocks, total order and mutual exclusion.",
    layout: Layout::Row,
    presets: PRESETS,
    stories: STORIES,
    challenges: &[],
    build: |setup| catalog::make::<Lamport>(PRESETS, setup),
    info: catalog::info::<Lamport>,
    others: &[],
};

const PRESETS: &[Preset] = &[Preset {
    id: "paper",
    title: "CACM 1978",
    version: "1978",
    source: "Lamport 1978, figure 1: three processes",
    values: &[("nodes", 3)],
}];

const STORIES: &[Story] = &[Story {
    id: "before",
    title: "What a number knows",
    source: None,
    preset: "paper",
    knobs: &[("lamport.pause", 10_000_000)],
    mutants: &[],
    seed: 3,
    steps: &[
        Step {
            text: "Three processes, no shared clock. Each counts its own events, from zero.",
            ..Step::SAY
        },
        Step {
            text: "Something happens in {P}, then again. Its clock says one, then two. That is rule IR1.",
            say: &["A: local at P"],
            until: "P.C >= 1 & not op A open",
            ..Step::SAY
        },
        Step {
            text: "{P} sends to {Q}. The message carries the time at which it left.",
            say: &["A: send 1 at P"],
            until: "Q.C >= 3 & not op A open",
            ask: Some(Ask {
                question: "{Q} has counted nothing yet. What will its clock say on arrival?",
                options: &[
                    ("One: its first event", "Q.C = 1"),
                    ("Three: one more than the message says", "Q.C = 3"),
                ],
            }),
            ..Step::SAY
        },
        Step {
            text: "{Q} jumps ahead of the message: an effect is always later than its cause. That is rule IR2.",
            ..Step::SAY
        },
        Step {
            text: "Meanwhile {R} heard of none of this. Its small number says nothing about before: select an event and see what lies beside it.",
            say: &["A: local at R"],
            until: "R.C >= 1",
            ..Step::SAY
        },
        Step {
            text: "Your turn: let processes send, hold a message back, and watch which clocks jump.",
            ..Step::SAY
        },
    ],
}];

/// Settings; times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Longest pause of a process between two events of its own.
    pub pause: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config { pause: 80_000 }
    }
}

/// A process's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Clock {
    /// C, the time of its last event.
    pub time: u64,
}

/// A message with the sender's timestamp T_m.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// T_m.
    pub timestamp: u64,
}

/// The one timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Act;

impl TimerName for Act {
    const ALL: &'static [(Self, &'static str)] = &[(Act, "next event")];
}

/// What a client may ask a process to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// An event of its own.
    Local,
    /// Send to this process.
    Send { to: u32 },
}

const IGNORE_ARRIVAL: u8 = 0;
const NO_TICK: u8 = 1;

/// IR1: "each process increments C between any two successive events".
fn ir1(node: &mut Node<Lamport>, cx: &mut Context<Lamport>) {
    if !cx.mutant(NO_TICK) {
        node.durable.time += 1;
    }
    cx.persist(&node.durable);
    cx.note("IR1");
}

fn send(node: &mut Node<Lamport>, cx: &mut Context<Lamport>, to: NodeId) {
    ir1(node, cx);
    // IR2 (a): "the message m contains a timestamp T_m = C(a)".
    cx.note("IR2a");
    cx.send(to, Message { timestamp: node.durable.time });
}

impl Protocol for Lamport {
    type Config = Config;
    type State = ();
    type Durable = Clock;
    type Message = Message;
    type Timer = Act;
    type Op = Op;
    type Ret = u64;
    type Observer = Observer;

    const CAUSAL: bool = true;

    fn boot(cx: &mut Context<Self>, _clock: &Clock) {
        let after = cx.between(cx.cfg.pause / 4, cx.cfg.pause);
        cx.set_timer(Act, after);
    }

    fn on_message(node: &mut Node<Self>, cx: &mut Context<Self>, _from: NodeId, message: Message) {
        // IR2 (b): "sets C greater than or equal to its present value and greater than T_m".
        if !cx.mutant(IGNORE_ARRIVAL) {
            node.durable.time = node.durable.time.max(message.timestamp);
        }
        cx.note("IR2b");
        ir1(node, cx);
    }

    fn on_timer(node: &mut Node<Self>, cx: &mut Context<Self>, _timer: Act) {
        let others: Vec<NodeId> = cx.others().collect();
        match cx.choose(others.len() as u8 + 1) {
            0 => ir1(node, cx),
            k => send(node, cx, others[usize::from(k) - 1]),
        }
        let after = cx.between(cx.cfg.pause / 4, cx.cfg.pause);
        cx.set_timer(Act, after);
    }

    fn on_op(node: &mut Node<Self>, cx: &mut Context<Self>, id: OpId, op: Op) {
        match op {
            Op::Send { to } if to < cx.nodes.into() && to != u32::from(node.me.0) => {
                send(node, cx, NodeId(to as u16));
            }
            _ => ir1(node, cx),
        }
        cx.reply(id, Outcome::Ok(node.durable.time));
    }

    fn common() -> Common {
        let common = Common::default();
        Common {
            nodes: 3,
            clients: 1,
            disk: 0,
            net: Net { low: 15_000, high: 60_000, ..common.net },
            client: Clients { interval: 0, ..common.client },
            ..common
        }
    }

    fn knobs() -> &'static [Knob<Config>] {
        &[Knob {
            id: "lamport.pause",
            title: "longest pause between a process's own events",
            unit: Unit::Time,
            min: 1_000,
            max: 10_000_000,
            get: |c| c.pause as i64,
            set: |c, v| c.pause = v as u64,
        }]
    }

    fn mutants() -> &'static [Mutant] {
        &[
            Mutant {
                id: "ignore-arrival",
                what: "What if a receiver did not look at the timestamp?",
                breaks: "clock-condition",
            },
            Mutant {
                id: "no-tick",
                what: "What if events did not count?",
                breaks: "clock-condition",
            },
        ]
    }

    fn properties() -> &'static [Property<Self>] {
        &[Property {
            id: "clock-condition",
            title: "Clock Condition",
            claim: "For any events a, b: if a happened before b then C(a) < C(b).",
            cite: "Lamport 1978, section \"Logical Clocks\"",
            kind: PropertyKind::Safety,
            check: |_, observer| observer.broken.clone(),
        }]
    }

    fn observe(observer: &mut Observer, seen: &Seen<Self>) {
        observer.see(seen);
    }
}

/// What the observer knows: each process's events, and what happened before them by the processes'
/// own messages. Clients are outside the system: what one of them carries from one process to
/// another is the paper's "anomalous behavior", which the Clock Condition does not rule out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Observer {
    /// A list a process; the engine's count of an event, less one, is its place. Events without a
    /// timestamp (a start) carry the clock of the one before.
    events: Vec<List<Seal>>,
    /// Whose message a process handles while it waits for its disk.
    heard: Vec<Option<(NodeId, u32)>>,
    broken: Option<Witness>,
}

/// An event: its clock, and how many events of each process happened before it or are it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Seal {
    clock: u64,
    past: Vec<u32>,
}

impl Observer {
    fn see(&mut self, seen: &Seen<Lamport>) {
        let Some(me) = seen.touched else { return };
        self.events.resize(seen.nodes.len(), List::default());
        self.heard.resize(seen.nodes.len(), None);
        let (before, mut past) = match self.events[me.at()].last() {
            Some(last) => (last.clock, last.past.clone()),
            None => (0, vec![0; seen.nodes.len()]),
        };
        self.heard[me.at()] = seen.heard.or(self.heard[me.at()]);
        // What waits for its disk has no timestamp yet; what a crash takes there never gets one.
        let stamped = seen.notes.contains(&"IR1");
        let clock = if stamped { seen.nodes[me.at()].durable.time } else { before };
        if stamped {
            let heard = self.heard[me.at()].take();
            if let Some(sending) = heard.and_then(|(from, count)| self.event(from, count)) {
                past.iter_mut().zip(&sending.past).for_each(|(a, b)| *a = (*a).max(*b));
            }
            self.compare(me, clock, &past);
        }
        if !seen.up[me.at()] {
            self.heard[me.at()] = None;
        }
        let mine = &mut self.events[me.at()];
        for count in mine.len() as u32 + 1..=seen.stamp[me.at()] {
            past[me.at()] = count;
            mine.push(Seal { clock, past: past.clone() });
        }
    }

    fn event(&self, of: NodeId, count: u32) -> Option<&Seal> {
        self.events.get(of.at())?.get(u64::from(count).checked_sub(1)?)
    }

    /// Clocks grow along a process, so of each process the last event before this one decides.
    fn compare(&mut self, me: NodeId, clock: u64, past: &[u32]) {
        for (p, count) in (0..).map(NodeId).zip(past) {
            let Some(earlier) = self.event(p, *count).map(|e| e.clock).filter(|c| *c >= clock)
            else {
                continue;
            };
            let (a, b) = (Lamport::name(p.0), Lamport::name(me.0));
            let why = format!(
                "An event of {a} with clock {earlier} happened before one of {b} with clock {clock}."
            );
            self.broken.get_or_insert(Witness { why, nodes: vec![p, me] });
        }
    }
}

impl Show for Lamport {
    const CALLS: &'static [CallName] = &[
        CallName { name: "local", key: false, value: false, arg: false },
        CallName { name: "send", key: false, value: true, arg: false },
    ];
    const LENSES: &'static [Lens] = &[Lens::Clocks];
    const LANDMARKS: &'static [&'static str] = &["IR2b"];

    fn name(n: u16) -> String {
        // The paper's processes are P, Q, R.
        if n < 11 { char::from(b'P' + n as u8).to_string() } else { format!("P{n}") }
    }

    fn op(call: &Call) -> Option<Op> {
        match call.f {
            0 => Some(Op::Local),
            1 => Some(Op::Send { to: u32::try_from(call.value).ok()? }),
            _ => None,
        }
    }

    fn call(op: &Op) -> Call {
        match op {
            Op::Local => Call::default(),
            Op::Send { to } => Call { f: 1, value: i64::from(*to), ..Call::default() },
        }
    }

    fn answer(ret: &u64) -> Option<String> {
        Some(ret.to_string())
    }

    fn node(_cfg: &Config, _common: &Common, node: &Node<Self>) -> NodeLook {
        NodeLook {
            role: "Process".into(),
            badge: format!("⟨{}⟩", node.durable.time),
            durable: vec![("C".into(), node.durable.time.to_string())],
            ..NodeLook::default()
        }
    }

    fn message(message: &Message) -> MessageLook {
        MessageLook {
            name: "message",
            family: Family::Replicate,
            epoch: Some(message.timestamp),
            ..MessageLook::default()
        }
    }

    fn details(message: &Message) -> Vec<(String, String)> {
        vec![("T_m".into(), message.timestamp.to_string())]
    }
}

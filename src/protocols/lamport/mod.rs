//! Lamport clocks: a number that respects what happened before, and hides what is concurrent; and
//! what it is good for: one order of all requests, without anybody in charge.
//!
//! *Models*: processes with local events and messages; each event carries the clock of rules IR1
//! and IR2. Processes act at random moments, or when a client tells them to. With `lamport.mutex`
//! they also share a resource by the paper's five rules, over links that number and repeat what
//! they carry, since the rules demand that messages arrive, and in the order of sending.
//!
//! *Leaves out*: physical clocks (rules IR1' and IR2'); a client asks the phone's way, outside of
//! the system.
//!
//! *Checks*: the Clock Condition for every pair of events against the engine's own causality,
//! mutual exclusion, that requests are granted in the order in which they were made, and that
//! links keep their order.
//!
//! *Paper*: Lamport: Time, Clocks, and the Ordering of Events in a Distributed System, CACM 1978.

mod observer;
mod rules;
mod show;
mod stories;

pub use observer::Observer;

use super::catalog::{self, Preset, Scene};
use super::channel::{Channel, Packet};
use crate::core::config::{Clients, Common, Knob, Net, Unit};
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::{
    Context, Mutant, Node, Property, PropertyKind, Protocol, Seen, TimerName,
};
use crate::core::view::Layout;

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
        "Merz: LamportMutex.tla, the specification that names the rules of the mutual exclusion",
    ],
    leaves_out: "Physical clocks (rules IR1' and IR2').",
    layout: Layout::Row,
    presets: PRESETS,
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| catalog::make::<Lamport>(PRESETS, setup),
    info: catalog::info::<Lamport>,
    others: &[],
};

const PRESETS: &[Preset] = &[
    Preset {
        id: "paper",
        title: "CACM 1978",
        version: "1978",
        source: "Lamport 1978, figure 1: three processes",
        values: &[("nodes", 3)],
    },
    Preset {
        id: "resource",
        title: "One resource",
        version: "1978",
        source: "Lamport 1978, section \"Ordering the Events Totally\": a fixed collection of processes which share a single resource",
        values: &[("nodes", 3), ("lamport.mutex", 1), ("lamport.pause", 300_000)],
    },
    Preset {
        id: "phone",
        title: "A telephone call",
        version: "1978",
        source: "Lamport 1978, section \"Anomalous Behavior\": a person issues a request on one computer, then has a friend issue one on another",
        values: &[("nodes", 2), ("lamport.mutex", 1), ("lamport.pause", 10_000_000)],
    },
];

/// Settings; times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Longest pause of a process between two events of its own.
    pub pause: u64,
    /// Processes share a resource.
    pub mutex: bool,
    /// How long one of them keeps it.
    pub hold: u64,
    /// What is not acknowledged is sent again after this long.
    pub resend: u64,
    /// Of equal timestamps the last process's comes first: any order of the processes will do.
    pub reverse: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config { pause: 80_000, mutex: false, hold: 60_000, resend: 400_000, reverse: false }
    }
}

const KNOBS: &[Knob<Config>] = &[
    Knob {
        id: "lamport.pause",
        title: "longest pause between a process's own events",
        unit: Unit::Time,
        min: 1_000,
        max: 10_000_000,
        get: |c| c.pause as i64,
        set: |c, v| c.pause = v as u64,
    },
    Knob {
        id: "lamport.mutex",
        title: "processes share a resource",
        unit: Unit::Switch,
        min: 0,
        max: 1,
        get: |c| c.mutex.into(),
        set: |c, v| c.mutex = v != 0,
    },
    Knob {
        id: "lamport.hold",
        title: "how long one keeps the resource",
        unit: Unit::Time,
        min: 1_000,
        max: 10_000_000,
        get: |c| c.hold as i64,
        set: |c, v| c.hold = v as u64,
    },
    Knob {
        id: "lamport.resend",
        title: "a link repeats what is not acknowledged after",
        unit: Unit::Time,
        min: 1_000,
        max: 60_000_000,
        get: |c| c.resend as i64,
        set: |c, v| c.resend = v as u64,
    },
    Knob {
        id: "lamport.reverse",
        title: "ties go to the last process",
        unit: Unit::Switch,
        min: 0,
        max: 1,
        get: |c| c.reverse.into(),
        set: |c, v| c.reverse = v != 0,
    },
];

/// What a process keeps: its clock, and its share of the mutual exclusion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kept {
    /// C, the time of its last event.
    pub time: u64,
    /// The request queue: timestamps and processes, in the total order.
    pub queue: Vec<Request>,
    /// The time of its own request, until it is released.
    pub asking: Option<u64>,
    /// It has been granted the resource.
    pub holding: bool,
    /// What it knows of each process; empty before the first message.
    pub peers: Vec<Peer>,
}

/// A request T_m:P_i.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// T_m.
    pub time: u64,
    /// P_i.
    pub of: NodeId,
}

/// The other end of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The link.
    pub link: Channel<Said>,
    /// The largest T_m of its messages taken so far.
    pub heard: u64,
    /// Messages taken, and the number of the last: the same, if the link keeps its order.
    pub taken: (u32, u32),
}

/// What processes that share a resource say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Rule 1: "T_m:P_i requests resource".
    Request,
    /// Rule 2: "a (timestamped) acknowledgment".
    Ack,
    /// Rule 3: "P_i releases resource".
    Release,
}

/// One of it, with the time at which it was first sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Said {
    /// T_m.
    pub time: u64,
    /// What.
    pub what: What,
}

/// A message with the sender's timestamp T_m; what is sent again has a new one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// T_m.
    pub timestamp: u64,
    /// Of those that share a resource.
    pub packet: Option<Packet<Said>>,
}

/// The timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// An event of its own.
    Act,
    /// The resource has been used.
    Hold,
    /// Something was not acknowledged.
    Resend,
}

impl TimerName for Timer {
    const ALL: &'static [(Self, &'static str)] =
        &[(Timer::Act, "next event"), (Timer::Hold, "resource used"), (Timer::Resend, "resend")];
}

/// What a client may ask a process to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// An event of its own.
    Local,
    /// Send to this process.
    Send { to: u32 },
    /// Request the resource; answered with the request's timestamp at once.
    Request,
}

/// Numbers of the mutants, places in [`MUTANTS`].
mod mutant {
    pub const IGNORE_ARRIVAL: u8 = 0;
    pub const NO_TICK: u8 = 1;
    pub const SKIP_ACKS: u8 = 2;
    pub const BY_NAME: u8 = 3;
    pub const AS_THEY_COME: u8 = 4;
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "ignore-arrival",
        what: "What if a receiver did not look at the timestamp?",
        breaks: "clock-condition",
    },
    Mutant { id: "no-tick", what: "What if events did not count?", breaks: "clock-condition" },
    Mutant {
        id: "skip-acks",
        what: "What if a process did not wait to hear from everyone (rule 5, ii)?",
        breaks: "mutual-exclusion",
    },
    Mutant {
        id: "by-name",
        what: "What if requests were ordered by name, not by timestamp?",
        breaks: "request-order",
    },
    Mutant {
        id: "as-they-come",
        what: "What if messages were taken as they come, not in the order of sending?",
        breaks: "links-keep-order",
    },
];

const PROPERTIES: &[Property<Lamport>] = &[
    Property {
        id: "clock-condition",
        title: "Clock Condition",
        claim: "For any events a, b: if a happened before b then C(a) < C(b).",
        cite: "Lamport 1978, section \"Logical Clocks\"",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.broken.clone(),
    },
    Property {
        id: "mutual-exclusion",
        title: "Mutual exclusion",
        claim: "A process which has been granted the resource must release it before it can be granted to another process.",
        cite: "Lamport 1978, section \"Ordering the Events Totally\", condition I",
        kind: PropertyKind::Safety,
        check: |seen, _| observer::mutual_exclusion(seen),
    },
    Property {
        id: "request-order",
        title: "Requests in order",
        claim: "Different requests for the resource must be granted in the order in which they are made.",
        cite: "Lamport 1978, section \"Ordering the Events Totally\", condition II",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.overtaken.clone(),
    },
    Property {
        id: "links-keep-order",
        title: "Links keep order",
        claim: "For any two processes, the messages sent from one to the other are received in the same order as they are sent.",
        cite: "Lamport 1978, section \"Ordering the Events Totally\", the first assumption",
        kind: PropertyKind::Safety,
        check: |seen, _| observer::links_keep_order(seen),
    },
];

impl Protocol for Lamport {
    type Config = Config;
    type State = ();
    type Durable = Kept;
    type Message = Message;
    type Timer = Timer;
    type Op = Op;
    type Ret = u64;
    type Observer = Observer;
    type Token = ();

    const CAUSAL: bool = true;

    fn boot(cx: &mut Context<Self>, kept: &Kept) {
        rules::restart(cx, kept);
    }

    fn on_message(node: &mut Node<Self>, cx: &mut Context<Self>, from: NodeId, message: Message) {
        rules::receive(node, cx, from, message);
    }

    fn on_timer(node: &mut Node<Self>, cx: &mut Context<Self>, timer: Timer) {
        match timer {
            Timer::Act => rules::act(node, cx),
            Timer::Hold => rules::exit(node, cx),
            Timer::Resend => rules::resend(node, cx),
        }
    }

    fn on_op(node: &mut Node<Self>, cx: &mut Context<Self>, id: OpId, op: Op) {
        rules::asked(node, cx, id, op);
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
        KNOBS
    }

    fn mutants() -> &'static [Mutant] {
        MUTANTS
    }

    fn properties() -> &'static [Property<Self>] {
        PROPERTIES
    }

    fn observe(observer: &mut Observer, seen: &Seen<Self>) {
        observer.see(seen);
    }
}

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

mod hero;
mod observer;
mod rules;
mod show;
mod stories;

pub use observer::Observer;

use super::catalog::{self, Scene};
use super::channel::{Channel, Packet};
use crate::core::config::{Clients, Common, Net};
use crate::core::declare::*;
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::{Context, Node, Protocol};
use crate::core::view::Layout;

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lamport;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "lamport",
    title: "Lamport clock",
    family: "Clocks",
    line: "It respects causality and hides concurrency.",
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
    hero: hero::HERO,
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| catalog::make::<Lamport>(PRESETS, setup),
    info: catalog::info::<Lamport>,
    others: &[],
};

presets! {
    PRESETS:
    "paper" "CACM 1978", "1978", "Lamport 1978, figure 1: three processes": "nodes" = 3;
    "resource" "One resource", "1978",
        "Lamport 1978, section \"Ordering the Events Totally\": a fixed collection of processes which share a single resource":
        "nodes" = 3, "lamport.mutex" = 1, "lamport.pause" = 300_000;
    "phone" "A telephone call", "1978",
        "Lamport 1978, section \"Anomalous Behavior\": a person issues a request on one computer, then has a friend issue one on another":
        "nodes" = 2, "lamport.mutex" = 1, "lamport.pause" = 10_000_000;
}

knobs! {
    /// Settings; times in microseconds.
    pub struct Config {
        /// Longest pause of a process between two events of its own.
        pause: u64 = 80_000, "lamport.pause" "longest pause between a process's own events", time(1_000..=10_000_000);
        /// Processes share a resource.
        mutex: bool = false, "lamport.mutex" "processes share a resource", switch;
        /// How long one of them keeps it.
        hold: u64 = 60_000, "lamport.hold" "how long one keeps the resource", time(1_000..=10_000_000);
        /// What is not acknowledged is sent again after this long.
        resend: u64 = 400_000, "lamport.resend" "a link repeats what is not acknowledged after", time(1_000..=60_000_000);
        /// Of equal timestamps the last process's comes first: any order of the processes will do.
        reverse: bool = false, "lamport.reverse" "ties go to the last process", switch;
    }
}

data! {
    /// What a process keeps: its clock, and its share of the mutual exclusion.
    #[derive(Default)]
    pub struct Durable {
        /// C, the time of its last event.
        pub time: u64,
        /// The request queue: timestamps and processes, in the total order.
        pub queue: Vec<Request>,
        /// The time of its own request, until it is released.
        pub asking: Option<u64>,
        /// It has been granted the resource.
        pub holding: bool,
        /// What it knows of each process; empty before the first message.
        pub peers: PerNode<Peer>,
    }

    /// A request T_m:P_i.
    #[derive(Copy)]
    pub struct Request {
        /// T_m.
        pub time: u64,
        /// P_i.
        pub of: NodeId,
    }

    /// The other end of a link.
    #[derive(Default)]
    pub struct Peer {
        /// The link.
        pub link: Channel<SentMessage>,
        /// The largest T_m of its messages taken so far.
        pub heard: u64,
        /// Messages taken, and the number of the last: the same, if the link keeps its order.
        pub taken: (u32, u32),
    }

    /// What processes that share a resource say.
    #[derive(Copy)]
    pub enum ResourceMessage {
        /// Rule 1: "T_m:P_i requests resource".
        Request,
        /// Rule 2: "a (timestamped) acknowledgment".
        Ack,
        /// Rule 3: "P_i releases resource".
        Release,
    }

    /// One of it, with the time at which it was first sent.
    #[derive(Copy)]
    pub struct SentMessage {
        /// T_m.
        pub time: u64 = "first sent at",
        /// What.
        pub what: ResourceMessage,
    }

    /// A message with the sender's timestamp T_m; what is sent again has a new one.
    pub struct Message {
        /// T_m.
        pub timestamp: u64 = "T_m",
        /// Of those that share a resource.
        pub packet: Option<Packet<SentMessage>> as part,
    }
}

timers! {
    /// The timers.
    pub enum Timer {
        /// An event of its own.
        Act = "next event",
        /// The resource has been used.
        Hold = "resource used",
        /// Something was not acknowledged.
        Resend = "resend",
    }
}

operations! {
    /// What a client may ask a process to do.
    #[derive(Copy)]
    pub enum Op {
        /// An event of its own.
        "local" Local,
        /// Send to this process.
        "send" Send { to: u32 = value },
        /// Request the resource; answered with the request's timestamp at once.
        "request" Request,
    }
}

mutants! {
    IGNORE_ARRIVAL "ignore-arrival" breaks "clock-condition":
        "What if a receiver did not look at the timestamp?";
    NO_TICK "no-tick" breaks "clock-condition": "What if events did not count?";
    SKIP_ACKS "skip-acks" breaks "mutual-exclusion":
        "What if a process did not wait to hear from everyone (rule 5, ii)?";
    BY_NAME "by-name" breaks "request-order":
        "What if requests were ordered by name, not by timestamp?";
    AS_THEY_COME "as-they-come" breaks "links-keep-order":
        "What if messages were taken as they come, not in the order of sending?";
}

claims! {
    PROPERTIES of Lamport:
    "clock-condition" "Clock Condition",
        "For any events a, b: if a happened before b then C(a) < C(b).",
        "Lamport 1978, section \"Logical Clocks\"";
    "mutual-exclusion" "Mutual exclusion",
        "A process which has been granted the resource must release it before it can be granted to another process.",
        "Lamport 1978, section \"Ordering the Events Totally\", condition I"
        => |seen, _| observer::mutual_exclusion(seen);
    "request-order" "Requests in order",
        "Different requests for the resource must be granted in the order in which they are made.",
        "Lamport 1978, section \"Ordering the Events Totally\", condition II";
    "links-keep-order" "Links keep order",
        "For any two processes, the messages sent from one to the other are received in the same order as they are sent.",
        "Lamport 1978, section \"Ordering the Events Totally\", the first assumption"
        => |seen, _| observer::links_keep_order(seen);
}

impl Protocol for Lamport {
    // Servers are not alike: of two requests of one time the one of the lower number comes first.
    usual_parts! { State = (); Durable = Durable; Ret = u64; }

    const CAUSAL: bool = true;

    fn boot(cx: &mut Context<Self>, kept: &Durable) {
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
}

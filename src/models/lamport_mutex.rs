//! Lamport's distributed mutual exclusion over FIFO channels.
//!
//! Models: `LamportMutex.tla`: requests stamped with Lamport clocks, acknowledged by all, entered in
//! the order of (clock, process).
//! Leaves out: loss; the clocks are bounded by a state constraint.
//! Checks: mutual exclusion, at most three messages in a channel, that the section can be entered.
//! Paper: Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", CACM 21(7),
//! 1978; specification by Stephan Merz.

use crate::check::explore::{ModelProperty, StateMachine};

const CITE: &str = "Lamport, Time, Clocks, and the Ordering of Events, CACM 1978; LamportMutex.tla";

/// What may be wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// A process enters without the acknowledgement of the others.
    SkipAcks,
    /// A process enters without looking at the others' requests.
    IgnoreRequests,
    /// A receiver does not move its clock past the request's.
    FrozenClock,
}

/// `LamportMutex.tla` with `n` processes, at most 4, and clocks up to 12.
#[derive(Clone, Debug)]
pub struct LamportMutex {
    n: u32,
    max_clock: u32,
    mutant: Option<Mutant>,
    /// Whether to claim `BoundedNetwork`, which sees every message.
    bounded_network: bool,
}

/// Clocks, requests, acknowledgements, channels and the critical section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// `req[p][q]`, a nibble each; 0 is none.
    req: u64,
    /// `clock[p]`, a nibble each.
    clock: u16,
    /// `ack[p]`, four bits each.
    ack: u16,
    /// Channel from `p` to `q` at `4p + q`: a nibble a message, the head lowest.
    network: [u16; 16],
    crit: u8,
    /// A fifth message was put into a channel: `BoundedNetwork` was violated before.
    overflow: bool,
}

const ACK: u16 = 1;
const REL: u16 = 2;
/// A request with clock `c` is `REQ + c`.
const REQ: u16 = 2;
/// Channels hold this many at most, one more than `BoundedNetwork` allows.
const CAPACITY: u32 = 4;

/// A step of process `p`, receiving from `q`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the specification")]
pub enum Action {
    Request(u8),
    Enter(u8),
    Exit(u8),
    ReceiveRequest { p: u8, q: u8 },
    ReceiveAck { p: u8, q: u8 },
    ReceiveRelease { p: u8, q: u8 },
}

const RULES: [&str; 6] =
    ["Request", "Enter", "Exit", "ReceiveRequest", "ReceiveAck", "ReceiveRelease"];

impl State {
    fn req(&self, p: u32, q: u32) -> u32 {
        (self.req >> (16 * p + 4 * q) & 15) as u32
    }

    fn set_req(&mut self, p: u32, q: u32, c: u32) {
        let at = 16 * p + 4 * q;
        self.req = self.req & !(15 << at) | u64::from(c) << at;
    }

    fn clock(&self, p: u32) -> u32 {
        u32::from(self.clock >> (4 * p) & 15)
    }

    fn set_clock(&mut self, p: u32, c: u32) {
        self.clock = self.clock & !(15 << (4 * p)) | (c.min(15) as u16) << (4 * p);
    }

    fn ack(&self, p: u32) -> u16 {
        self.ack >> (4 * p) & 15
    }

    fn set_ack(&mut self, p: u32, set: u16) {
        self.ack = self.ack & !(15 << (4 * p)) | set << (4 * p);
    }

    fn head(&self, from: u32, to: u32) -> u16 {
        self.network[(4 * from + to) as usize] & 15
    }

    fn len(&self, channel: u16) -> u32 {
        (16 - channel.leading_zeros()).div_ceil(4)
    }

    fn drop_head(&mut self, from: u32, to: u32) {
        self.network[(4 * from + to) as usize] >>= 4;
    }

    fn send(&mut self, from: u32, to: u32, message: u16) {
        let channel = self.network[(4 * from + to) as usize];
        let len = self.len(channel);
        if len >= CAPACITY {
            self.overflow = true;
            return;
        }
        self.network[(4 * from + to) as usize] = channel | message << (4 * len);
    }
}

impl LamportMutex {
    /// The largest clock that fits.
    pub const MOST_CLOCK: u32 = 12;

    /// The algorithm, or a mutant of it. At most 4 processes; `max_clock` at most 12.
    pub fn new(n: u32, max_clock: u32, mutant: Option<Mutant>) -> Self {
        LamportMutex { n, max_clock, mutant, bounded_network: true }
    }

    /// The same without `BoundedNetwork`. Then acknowledgements may be received at once: nothing
    /// that is claimed can tell when they were.
    pub fn mutex_only(self) -> Self {
        LamportMutex { bounded_network: false, ..self }
    }

    fn others(&self, p: u32) -> impl Iterator<Item = u32> + use<> {
        (0..self.n).filter(move |q| *q != p)
    }

    fn broadcast(&self, s: &mut State, from: u32, message: u16) {
        self.others(from).for_each(|to| s.send(from, to, message));
    }

    fn beats(&self, s: &State, p: u32, q: u32) -> bool {
        let (mine, theirs) = (s.req(p, p), s.req(p, q));
        theirs == 0 || (mine, p) < (theirs, q)
    }

    fn may_enter(&self, s: &State, p: u32) -> bool {
        let acked = s.ack(p) == (1 << self.n) - 1
            || self.mutant == Some(Mutant::SkipAcks) && s.req(p, p) != 0;
        let first = self.mutant == Some(Mutant::IgnoreRequests)
            || self.others(p).all(|q| self.beats(s, p, q));
        acked && first
    }
}

impl StateMachine for LamportMutex {
    type State = State;
    type Action = Action;

    fn init(&self, out: &mut Vec<State>) {
        let mut s = State { req: 0, clock: 0, ack: 0, network: [0; 16], crit: 0, overflow: false };
        (0..self.n).for_each(|p| s.set_clock(p, 1));
        out.push(s);
    }

    fn actions(&self, s: &State, out: &mut Vec<Action>) {
        for i in 0..self.n {
            let p = i as u8;
            if s.req(i, i) == 0 {
                out.push(Action::Request(p));
            }
            if self.may_enter(s, i) {
                out.push(Action::Enter(p));
            }
            if s.crit >> i & 1 == 1 {
                out.push(Action::Exit(p));
            }
            for j in self.others(i) {
                let q = j as u8;
                match s.head(j, i) {
                    0 => {}
                    ACK => out.push(Action::ReceiveAck { p, q }),
                    REL => out.push(Action::ReceiveRelease { p, q }),
                    _ => out.push(Action::ReceiveRequest { p, q }),
                }
            }
        }
    }

    fn next(&self, s: &State, action: &Action) -> Option<State> {
        let mut s = *s;
        match *action {
            Action::Request(p) => {
                let p = u32::from(p);
                let clock = s.clock(p);
                s.set_req(p, p, clock);
                self.broadcast(&mut s, p, REQ + clock as u16);
                s.set_ack(p, 1 << p);
            }
            Action::Enter(p) => s.crit |= 1 << p,
            Action::Exit(p) => {
                s.crit &= !(1 << p);
                let p = u32::from(p);
                self.broadcast(&mut s, p, REL);
                s.set_req(p, p, 0);
                s.set_ack(p, 0);
            }
            Action::ReceiveRequest { p, q } => {
                let (p, q) = (u32::from(p), u32::from(q));
                let c = u32::from(s.head(q, p) - REQ);
                s.set_req(p, q, c);
                let past = if self.mutant == Some(Mutant::FrozenClock) { 0 } else { c };
                let clock = s.clock(p).max(past) + 1;
                s.set_clock(p, clock);
                s.drop_head(q, p);
                s.send(p, q, ACK);
            }
            Action::ReceiveAck { p, q } => {
                let (p, q) = (u32::from(p), u32::from(q));
                s.set_ack(p, s.ack(p) | 1 << q);
                s.drop_head(q, p);
            }
            Action::ReceiveRelease { p, q } => {
                let (p, q) = (u32::from(p), u32::from(q));
                s.set_req(p, q, 0);
                s.drop_head(q, p);
            }
        }
        Some(s)
    }

    fn within(&self, s: &State) -> bool {
        !s.overflow && (0..self.n).all(|p| s.clock(p) <= self.max_clock)
    }

    fn properties(&self) -> Vec<ModelProperty<Self>> {
        let mut all = vec![
            ModelProperty::always("Mutex", CITE, |_: &Self, s| s.crit.count_ones() <= 1),
            ModelProperty::sometimes("EntryPossible", CITE, |_: &Self, s| s.crit != 0),
        ];
        if self.bounded_network {
            all.push(ModelProperty::always("BoundedNetwork", CITE, |_: &Self, s: &State| {
                s.network.iter().all(|c| s.len(*c) <= 3)
            }));
        }
        all
    }

    fn label(&self, action: &Action) -> String {
        let name = RULES[self.rule(action)];
        match *action {
            Action::Request(p) | Action::Enter(p) | Action::Exit(p) => {
                format!("{name}({})", p + 1)
            }
            Action::ReceiveRequest { p, q }
            | Action::ReceiveAck { p, q }
            | Action::ReceiveRelease { p, q } => format!("{name}({}, {})", p + 1, q + 1),
        }
    }

    fn rules(&self) -> Vec<&'static str> {
        RULES.to_vec()
    }

    fn rule(&self, action: &Action) -> usize {
        match action {
            Action::Request(_) => 0,
            Action::Enter(_) => 1,
            Action::Exit(_) => 2,
            Action::ReceiveRequest { .. } => 3,
            Action::ReceiveAck { .. } => 4,
            Action::ReceiveRelease { .. } => 5,
        }
    }

    /// An acknowledgement is awaited by a process that can do nothing else with its own request:
    /// entering needs it, leaving comes after entering, and the channel's other end only appends.
    /// It is seen by no claim but `BoundedNetwork`. The mutant that enters without it may also
    /// leave and ask again before it arrives, so there it is not safe.
    fn safe(&self, _: &State, action: &Action) -> bool {
        matches!(action, Action::ReceiveAck { .. })
            && !self.bounded_network
            && self.mutant != Some(Mutant::SkipAcks)
    }
}

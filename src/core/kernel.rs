//! The part of a world that knows no protocol: time, links, clocks, timers, faults. Written once,
//! compiled once, whatever the number of protocols.

use super::action::{ClockChange, CrashMode, Fsync, Lie, LinkChange};
use super::clock::Clock;
use super::config::Common;
use super::hash::fingerprint;
use super::ids::{MsgId, NodeId, NodeSet};
use super::random::{Stream, between, chance, draw};
use super::value::Payload;
use super::view::{Loss, Stamp};
use crate::core::sorted::{SortedMap, SortedSet};
use std::collections::VecDeque;

/// What happens by itself. At equal times in this order, then by name: never by insertion order,
/// which an intervention elsewhere could change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Due {
    /// A node starts.
    Boot(NodeId),
    /// A write becomes safe.
    Sync(NodeId),
    /// A node has time for its inbox.
    Wake(NodeId),
    /// A message arrives, or is lost.
    Arrive(MsgId),
    /// A timer ends.
    Timer(NodeId, u32),
}

/// Who moves the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Virtual time.
    #[default]
    Timed,
    /// Only actions; what is lost on cut links still gets lost by itself.
    Manual,
    /// Only actions, of a search: time is left out, nothing is recorded.
    Search,
}

/// A process as the kernel sees it.
#[derive(Clone, Debug)]
pub struct Proc {
    pub up: bool,
    pub paused: bool,
    /// Microseconds that each step takes.
    pub slow: u32,
    pub busy_until: u64,
    /// A barrier waits for the disk.
    pub syncing: bool,
    /// A background sync is on its way.
    pub flushing: bool,
    pub clock: Clock,
    pub timers: SortedMap<u32, RunningTimer>,
    pub inbox: VecDeque<Due>,
    pub stamp: Stamp,
    pub draws: u64,
    pub picks: Vec<u8>,
    pub armed: Option<(u8, CrashMode)>,
    pub lie: Lie,
    pub fsync: Fsync,
    pub disk: u64,
}

/// A running timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RunningTimer {
    /// When it was started, true time.
    pub set_at: u64,
    /// When it ends, on the node's clock.
    pub local: i64,
    /// When it ends, true time.
    pub due: Option<u64>,
}

/// One direction between two processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LinkState {
    pub sent: u32,
    pub last_due: u64,
    pub free_at: u64,
    pub cut: bool,
    pub loss: Option<u32>,
    pub dup: Option<u32>,
    pub reorder: Option<u32>,
    pub fifo: Option<bool>,
    pub bandwidth: Option<u32>,
    pub delay: u32,
}

impl LinkState {
    /// Is it as the settings say?
    pub fn is_plain(&self) -> bool {
        let used = LinkState {
            sent: self.sent,
            last_due: self.last_due,
            free_at: self.free_at,
            ..LinkState::default()
        };
        *self == used
    }
}

/// A message on its way.
#[derive(Clone)]
pub struct Flight {
    pub sent_at: u64,
    pub due: u64,
    pub doom: Option<Loss>,
    pub held: bool,
    pub docked: bool,
    pub forged: bool,
    pub stamp: Stamp,
    /// What it says.
    pub payload: Payload,
}

/// Copies of a message are named in the high bits of its place, so that they rename nothing.
const COPY: u32 = 1 << 24;

/// Is this the name of a copy?
pub fn is_twin(id: MsgId) -> bool {
    id.nth >= COPY
}

/// The message that this name is a copy of, or the name itself.
pub fn original(id: MsgId) -> MsgId {
    MsgId { nth: id.nth % COPY, ..id }
}

/// Time, links, clocks, timers, faults.
#[derive(Clone)]
pub struct Kernel {
    pub seed: u64,
    pub now: u64,
    pub step: u64,
    pub digest: u64,
    pub mode: Mode,
    pub common: Common,
    pub procs: Vec<Proc>,
    pub links: SortedMap<(NodeId, NodeId), LinkState>,
    pub flight: SortedMap<MsgId, Flight>,
    /// Messages that were forged so far.
    pub lies: u64,
    queue: SortedSet<(u64, Due)>,
}

impl Kernel {
    /// All processes down but about to boot, clocks as the settings spread them.
    pub fn new(common: Common, seed: u64) -> Self {
        let count = common.nodes + common.clients;
        let blank: Stamp = vec![0; count.into()].into();
        let procs = (0..count).map(|n| Proc {
            up: n >= common.nodes,
            paused: false,
            slow: 0,
            busy_until: 0,
            syncing: false,
            flushing: false,
            clock: first_clock(&common, seed, n),
            timers: SortedMap::new(),
            inbox: VecDeque::new(),
            stamp: blank.clone(),
            draws: 0,
            picks: Vec::new(),
            armed: None,
            lie: Lie::Honest,
            fsync: common.fsync,
            disk: common.disk,
        });
        let mut kernel = Kernel {
            seed,
            now: 0,
            step: 0,
            digest: fingerprint(&seed),
            mode: Mode::Timed,
            procs: procs.collect(),
            links: SortedMap::new(),
            flight: SortedMap::new(),
            queue: SortedSet::new(),
            lies: 0,
            common,
        };
        for n in 0..common.nodes {
            kernel.queue.insert((0, Due::Boot(NodeId(n))));
        }
        kernel
    }

    /// When the next thing happens by itself.
    pub fn next_due(&self) -> Option<u64> {
        self.next().map(|(t, _)| t)
    }

    fn next(&self) -> Option<(u64, Due)> {
        match self.mode {
            Mode::Timed => self.queue.first().copied(),
            Mode::Search => None,
            Mode::Manual => self.queue.iter().copied().find(|(_, due)| match due {
                Due::Arrive(id) => self.flight.get(id).is_some_and(|f| f.doom.is_some()),
                Due::Boot(_) => true,
                _ => false,
            }),
        }
    }

    /// Takes the next thing that happens by itself and moves time there.
    pub fn pop(&mut self) -> Option<Due> {
        let (t, due) = self.next()?;
        self.queue.remove(&(t, due));
        self.now = self.now.max(t);
        Some(due)
    }

    /// Has something happen by itself at a time.
    pub fn schedule(&mut self, at: u64, due: Due) {
        if self.mode != Mode::Search {
            self.queue.insert((at, due));
        }
    }

    /// Leaves time out from here on.
    pub fn begin_search(&mut self) {
        self.mode = Mode::Search;
        self.queue.clear();
    }

    /// Takes back what was scheduled.
    pub fn unschedule(&mut self, at: u64, due: Due) {
        self.queue.remove(&(at, due));
    }

    /// Mixes something into the digest of the run.
    pub fn absorb(&mut self, what: u64) {
        self.digest = fingerprint(&(self.digest, what));
    }

    /// A process.
    pub fn proc(&self, node: NodeId) -> &Proc {
        &self.procs[node.at()]
    }

    /// A process, to change it.
    pub fn proc_mut(&mut self, node: NodeId) -> &mut Proc {
        &mut self.procs[node.at()]
    }

    /// Is there such a process?
    pub fn has(&self, node: NodeId) -> bool {
        node.at() < self.procs.len()
    }

    /// Can it not handle anything right now?
    pub fn busy(&self, node: NodeId) -> bool {
        let p = self.proc(node);
        p.paused || p.syncing || p.busy_until > self.now
    }

    /// Stamps an event of a process, after what it has just learned.
    pub fn stamp(&mut self, node: NodeId, learned: Option<Stamp>) -> Stamp {
        let mine = &mut self.procs[node.at()].stamp;
        let mut next: Vec<u32> = mine.to_vec();
        if let Some(other) = learned {
            for (a, b) in next.iter_mut().zip(other.iter()) {
                *a = (*a).max(*b);
            }
        }
        next[node.at()] += 1;
        *mine = next.into();
        mine.clone()
    }

    /// Starts a timer anew.
    pub fn set_timer(&mut self, node: NodeId, code: u32, after: u64) {
        self.cancel_timer(node, code);
        let now = self.now;
        let p = self.proc_mut(node);
        let local = p.clock.local(now).saturating_add_unsigned(after);
        let due = p.clock.when(local).map(|t| t.max(now));
        p.timers.insert(code, RunningTimer { set_at: now, local, due });
        if let Some(t) = due {
            self.schedule(t, Due::Timer(node, code));
        }
    }

    /// Stops a timer.
    pub fn cancel_timer(&mut self, node: NodeId, code: u32) {
        if let Some(RunningTimer { due: Some(t), .. }) = self.proc_mut(node).timers.remove(&code) {
            self.unschedule(t, Due::Timer(node, code));
        }
    }

    /// Stops all timers of a process.
    pub fn cancel_timers(&mut self, node: NodeId) {
        let codes: Vec<u32> = self.proc(node).timers.keys().copied().collect();
        codes.into_iter().for_each(|c| self.cancel_timer(node, c));
    }

    /// Changes a clock; running timers end when the changed clock says so.
    pub fn change_clock(&mut self, node: NodeId, change: ClockChange) {
        let now = self.now;
        let clock = &mut self.procs[node.at()].clock;
        clock.change(now, &change);
        let clock = *clock;
        let timers: Vec<(u32, RunningTimer)> =
            self.proc(node).timers.iter().map(|(c, s)| (*c, *s)).collect();
        for (code, slot) in timers {
            if let Some(t) = slot.due {
                self.unschedule(t, Due::Timer(node, code));
            }
            let due = clock.when(slot.local).map(|t| t.max(now));
            self.proc_mut(node).timers.insert(code, RunningTimer { due, ..slot });
            if let Some(t) = due {
                self.schedule(t, Due::Timer(node, code));
            }
        }
    }

    /// Puts a message of this many bytes on a link. A second name is that of its twin.
    pub fn send(
        &mut self,
        from: NodeId,
        to: NodeId,
        size: u32,
        payload: Payload,
    ) -> (MsgId, Option<MsgId>) {
        let link = self.links.entry((from, to)).or_default();
        let nth = link.sent % COPY;
        link.sent += 1;
        let (dup, seed) = (link.dup.unwrap_or(self.common.net.dup), self.seed);
        let id = MsgId { from, to, nth };
        self.launch(id, size, payload);
        let doubled = self.mode == Mode::Timed && chance(link_draw(seed, id, 4), dup);
        (id, doubled.then(|| self.twin(id)).flatten())
    }

    /// Puts a copy of a message in flight; `None` if it is not in flight or has 255 copies.
    pub fn twin(&mut self, id: MsgId) -> Option<MsgId> {
        let Flight { forged, stamp, payload, .. } = self.flight.get(&id)?.clone();
        let twin = (1..256u32)
            .map(|c| MsgId { nth: id.nth % COPY + (c % 256) * COPY, ..id })
            .find(|t| t.nth >= COPY && !self.flight.contains_key(t))?;
        self.launch(twin, 0, payload);
        let flight = self.flight.get_mut(&twin)?;
        flight.forged = forged;
        flight.stamp = stamp;
        Some(twin)
    }

    /// Where somebody stands on the map.
    pub fn place(&self, node: NodeId) -> usize {
        let servers = self.common.nodes;
        self.common.net.map.place(node.0.checked_sub(servers).unwrap_or(node.0))
    }

    fn launch(&mut self, id: MsgId, size: u32, payload: Payload) {
        let (seed, now, net) = (self.seed, self.now, self.common.net);
        let timed = self.mode == Mode::Timed;
        let way = net.map.way(self.place(id.from), self.place(id.to));
        let link = self.links.entry((id.from, id.to)).or_default();
        let mut travel = net.delay(link_draw(seed, id, 0)) + u64::from(link.delay) + way;
        let overtaken = chance(link_draw(seed, id, 1), link.reorder.unwrap_or(net.reorder));
        if overtaken {
            travel += 2 * net.delay(link_draw(seed, id, 2));
        }
        let rate = link.bandwidth.unwrap_or(net.bandwidth);
        let start = link.free_at.max(now);
        let wire = if rate == 0 { 0 } else { u64::from(size) * 1_000_000 / u64::from(rate) };
        link.free_at = start + wire;
        let mut due = start + wire + travel;
        if link.fifo.unwrap_or(net.fifo) {
            due = due.max(link.last_due + 1);
        }
        link.last_due = due;
        let lost = timed && chance(link_draw(seed, id, 3), link.loss.unwrap_or(net.loss));
        let doom = if link.cut { Some(Loss::Cut) } else { lost.then_some(Loss::Chance) };
        if doom.is_some() {
            if self.mode == Mode::Search {
                return;
            }
            due = now + (due - now) / 2;
        }
        let stamp = self.proc(id.from).stamp.clone();
        let (held, docked, forged) = (false, false, false);
        let flight = Flight { sent_at: now, due, doom, held, docked, forged, stamp, payload };
        self.flight.insert(id, flight);
        if self.mode != Mode::Search {
            self.schedule(due, Due::Arrive(id));
        }
    }

    /// Gives a message another end: when, and whether it is lost then.
    pub fn redirect(&mut self, id: MsgId, due: u64, doom: Option<Loss>) {
        let Some(f) = self.flight.get_mut(&id) else { return };
        let old = f.due;
        f.due = due;
        f.doom = doom;
        let held = f.held;
        self.unschedule(old, Due::Arrive(id));
        if !held && self.mode != Mode::Search {
            self.schedule(due, Due::Arrive(id));
        }
    }

    /// Holds a message back, or lets it go on with the rest of its way.
    pub fn hold(&mut self, id: MsgId, held: bool) {
        let now = self.now;
        let Some(f) = self.flight.get_mut(&id) else { return };
        if f.held == held || f.docked {
            return;
        }
        f.held = held;
        let due = f.due;
        self.unschedule(due, Due::Arrive(id));
        if !held {
            let doom = self.flight[&id].doom;
            self.redirect(id, due.max(now), doom);
        }
    }

    /// The events from which something is on its way between servers: each by its process and how
    /// many that had had.
    pub fn sending(&self) -> Vec<(NodeId, u32)> {
        let peer = |(_, f): &(&MsgId, &Flight)| matches!(f.payload, Payload::Peer(_));
        let event = |(id, f): (&MsgId, &Flight)| Some((id.from, *f.stamp.get(id.from.at())?));
        self.flight.iter().filter(peer).filter_map(event).collect()
    }

    /// Takes a message out of the air.
    pub fn land(&mut self, id: MsgId) -> Option<Flight> {
        let f = self.flight.remove(&id)?;
        self.unschedule(f.due, Due::Arrive(id));
        Some(f)
    }

    /// Cuts or heals one direction between two sets. What is less than half-way is lost at the
    /// wall.
    pub fn set_cut(&mut self, from: NodeSet, to: NodeSet, cut: bool) {
        for a in self.members(from) {
            for b in self.members(to) {
                if a != b {
                    self.links.entry((a, b)).or_default().cut = cut;
                }
            }
        }
        if cut {
            self.doom_crossing(from, to);
        }
    }

    fn doom_crossing(&mut self, from: NodeSet, to: NodeSet) {
        let now = self.now;
        let search = self.mode == Mode::Search;
        let crossing: Vec<(MsgId, u64)> = self
            .flight
            .iter()
            .filter(|(id, f)| {
                from.has(id.from)
                    && to.has(id.to)
                    && id.from != id.to
                    && !f.docked
                    && f.doom.is_none()
            })
            .map(|(id, f)| (*id, f.sent_at + (f.due - f.sent_at) / 2))
            .filter(|(_, half)| search || now <= *half)
            .collect();
        for (id, half) in crossing {
            if search {
                self.flight.remove(&id);
            } else {
                self.redirect(id, half, Some(Loss::Cut));
            }
        }
    }

    /// Heals every cut.
    pub fn heal_all(&mut self) {
        self.links.values_mut().for_each(|l| l.cut = false);
    }

    /// Leaves only what lies within one group connected, both ways.
    pub fn partition(&mut self, groups: &[NodeSet]) {
        self.heal_all();
        let all = NodeSet::first(self.procs.len() as u16);
        for a in all.iter() {
            let mut friends = NodeSet::one(a);
            groups.iter().filter(|g| g.has(a)).for_each(|g| friends.0 |= g.0);
            self.set_cut(NodeSet::one(a), NodeSet(all.0 & !friends.0), true);
        }
    }

    /// Changes the quality of links.
    pub fn change_links(&mut self, from: NodeSet, to: NodeSet, change: LinkChange) {
        for a in self.members(from) {
            for b in self.members(to) {
                if a == b {
                    continue;
                }
                let link = self.links.entry((a, b)).or_default();
                match change {
                    LinkChange::Loss(ppm) => link.loss = Some(ppm),
                    LinkChange::Duplication(ppm) => link.dup = Some(ppm),
                    LinkChange::Reordering(ppm) => link.reorder = Some(ppm),
                    LinkChange::Delay(us) => link.delay = us,
                    LinkChange::Fifo(on) => link.fifo = Some(on),
                    LinkChange::Bandwidth(rate) => link.bandwidth = Some(rate),
                    LinkChange::Reset => {
                        let cut = link.cut;
                        *link = LinkState {
                            sent: link.sent,
                            last_due: link.last_due,
                            cut,
                            ..LinkState::default()
                        };
                    }
                }
            }
        }
    }

    /// The processes of a set that exist.
    pub fn members(&self, set: NodeSet) -> Vec<NodeId> {
        set.iter().filter(|n| self.has(*n)).collect()
    }

    /// Can anything pass from one to the other?
    pub fn connected(&self, from: NodeId, to: NodeId) -> bool {
        !self.links.get(&(from, to)).is_some_and(|l| l.cut)
    }

    /// The groups, if what is cut is exactly what lies between groups.
    pub fn groups(&self) -> Option<Vec<NodeSet>> {
        if !self.links.values().any(|l| l.cut) {
            return None;
        }
        let all = NodeSet::first(self.procs.len() as u16);
        let mut groups: Vec<NodeSet> = Vec::new();
        for a in all.iter() {
            let friends: NodeSet =
                all.iter().filter(|b| a == *b || self.connected(a, *b)).collect();
            let both: NodeSet = all.iter().filter(|b| a == *b || self.connected(*b, a)).collect();
            if friends != both || !friends.iter().all(|b| a == b || self.connected(b, a)) {
                return None;
            }
            match groups.iter().find(|g| g.has(a)) {
                Some(g) if *g != friends => return None,
                Some(_) => {}
                None if groups.iter().any(|g| g.0 & friends.0 != 0) => return None,
                None => groups.push(friends),
            }
        }
        Some(groups)
    }
}

fn link_draw(seed: u64, id: MsgId, purpose: u64) -> u64 {
    let stream = Stream::Link { from: id.from.0, to: id.to.0 };
    draw(seed, stream, u64::from(id.nth) * 8 + purpose)
}

fn first_clock(common: &Common, seed: u64, node: u16) -> Clock {
    let spread =
        |k, most: u64| between(draw(seed, Stream::Boot(node), k), 0, 2 * most) as i64 - most as i64;
    if node >= common.nodes {
        return Clock::default();
    }
    Clock::new(spread(0, common.offset), spread(1, common.drift.into()) as i32)
}

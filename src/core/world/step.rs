//! What happens by itself, and how a handler's effects take place.

use super::*;
use crate::core::action::{CrashMode, Fsync, Lie};
use crate::core::config::Common;
use crate::core::declare::Liar;
use crate::core::few::Few;
use crate::core::kernel::{Due, Flight, Mode};
use crate::core::protocol::{TimerName, timer_code};
use crate::core::random::{Stream, draw};
use crate::core::view::{Event, Loss, Sent, What};

/// A write that no sync followed is at risk only while it is among the last few: by then the
/// operating system has written it back.
const AT_RISK: usize = 8;

impl<P: Show> World<P> {
    pub(super) fn happen(&mut self) -> Option<Event> {
        let due = self.k.pop()?;
        let mut ev = self.begin(What::Dock);
        match due {
            Due::Boot(node) => self.boot(node, &mut ev),
            Due::Sync(node) => self.synced(node, &mut ev),
            Due::Wake(node) => self.wake(node, &mut ev),
            Due::Arrive(id) => self.arrive(id, &mut ev),
            Due::Timer(node, code) => self.timer_ends(node, code, &mut ev),
        }
        self.finish(&mut ev);
        Some(ev)
    }

    pub(super) fn begin(&mut self, what: What) -> Event {
        self.k.step += 1;
        self.asked.clear();
        self.perils.clear();
        Event {
            step: self.k.step,
            at: self.k.now,
            node: None,
            what,
            forced: false,
            notes: Few::default(),
            sent: Few::default(),
            ops: Few::default(),
            stamp: Arc::from([]),
            broken: Few::default(),
        }
    }

    pub(super) fn finish(&mut self, ev: &mut Event) {
        self.observe(ev);
        if self.k.mode != Mode::Search {
            self.k.absorb(fingerprint(&(ev.at, ev.node, &ev.what, &ev.notes, &ev.sent, &ev.ops)));
        }
    }

    pub(super) fn boot(&mut self, node: NodeId, ev: &mut Event) {
        ev.what = What::Boot;
        self.mark(node, ev, None);
        self.k.proc_mut(node).up = true;
        self.handle(node, ev, |n, cx| n.state = P::boot(cx, &n.durable));
    }

    /// Notes that a process took part, and stamps the event.
    pub(super) fn mark(
        &mut self,
        node: NodeId,
        ev: &mut Event,
        learned: Option<crate::core::view::Stamp>,
    ) {
        ev.node = Some(node);
        ev.stamp = self.k.stamp(node, learned);
    }

    fn wake(&mut self, node: NodeId, ev: &mut Event) {
        ev.node = Some(node);
        if self.k.busy(node) {
            return;
        }
        match self.k.proc_mut(node).inbox.pop_front() {
            Some(Due::Arrive(id)) => {
                if let Some(f) = self.k.flight.get_mut(&id) {
                    f.docked = false;
                }
                self.arrive(id, ev);
            }
            Some(Due::Timer(n, code)) => self.run_timer(n, code, ev),
            _ => {}
        }
        self.wake_later(node);
    }

    /// If something waits in the inbox, sees to it that the node looks there once it can.
    pub(super) fn wake_later(&mut self, node: NodeId) {
        let p = self.k.proc(node);
        if p.up && !p.inbox.is_empty() && !p.paused && !p.syncing {
            let at = p.busy_until.max(self.k.now);
            self.k.schedule(at, Due::Wake(node));
        }
    }

    /// A message reaches the end of its way.
    pub(super) fn arrive(&mut self, id: MsgId, ev: &mut Event) {
        let Some(f) = self.k.flight.get(&id) else { return };
        let why = f.doom.or((!self.k.proc(id.to).up).then_some(Loss::Down));
        if let Some(why) = why {
            return self.lose(id, why, ev);
        }
        if self.k.busy(id.to) || !self.k.proc(id.to).inbox.is_empty() && ev.node.is_none() {
            if let Some(f) = self.k.flight.get_mut(&id) {
                f.docked = true;
            }
            ev.node = Some(id.to);
            self.k.proc_mut(id.to).inbox.push_back(Due::Arrive(id));
            return self.wake_later(id.to);
        }
        self.receive(id, ev);
    }

    pub(super) fn lose(&mut self, id: MsgId, why: Loss, ev: &mut Event) {
        self.k.land(id);
        self.payloads.remove(&id);
        ev.node = None;
        ev.what = What::Lost { msg: id, why };
    }

    pub(super) fn receive(&mut self, id: MsgId, ev: &mut Event) {
        let Some(Flight { stamp, .. }) = self.k.land(id) else { return };
        let Some(payload) = self.payloads.remove(&id) else { return };
        ev.what = What::Receive(id);
        let known = stamp.get(id.from.at()).copied().unwrap_or(0);
        self.mark(id.to, ev, Some(stamp));
        match Arc::unwrap_or_clone(payload) {
            Payload::Peer(message) => {
                self.heard = Some((id.from, known));
                self.handle(id.to, ev, |n, cx| P::on_message(n, cx, id.from, message));
            }
            Payload::Request { op, call } => {
                self.request = Some(op);
                self.handle(id.to, ev, |n, cx| P::on_op(n, cx, op, call))
            }
            Payload::Reply { op, outcome } => self.answered(id.from, op, outcome, ev),
        }
    }

    fn timer_ends(&mut self, node: NodeId, code: u32, ev: &mut Event) {
        ev.node = Some(node);
        if self.k.busy(node) {
            self.k.proc_mut(node).inbox.push_back(Due::Timer(node, code));
            return self.wake_later(node);
        }
        self.run_timer(node, code, ev);
    }

    pub(super) fn run_timer(&mut self, node: NodeId, code: u32, ev: &mut Event) {
        // Stopped meanwhile, or started anew while its end waited in the inbox.
        let Some(slot) = self.k.proc(node).timers.get(&code).copied() else { return };
        let forced = ev.forced;
        if !forced && slot.due.is_none_or(|t| t > self.k.now) {
            return;
        }
        self.k.cancel_timer(node, code);
        self.mark(node, ev, None);
        if !self.is_server(node) {
            ev.what = What::Timer { code, name: clients::timer_title(code) };
            return self.client_timer(node, code, ev);
        }
        let Some((timer, name)) = P::Timer::ALL.get(code as usize) else { return };
        ev.what = What::Timer { code, name };
        self.handle(node, ev, |n, cx| P::on_timer(n, cx, *timer));
    }

    /// Runs a handler and lets its effects take place.
    pub(super) fn handle(
        &mut self,
        node: NodeId,
        ev: &mut Event,
        handler: impl FnOnce(&mut Node<P>, &mut Context<P>),
    ) {
        let now = self.k.now;
        let seed = self.k.seed;
        let p = self.k.proc_mut(node);
        let clock = p.clock.local(now);
        let picks = std::mem::take(&mut p.picks);
        let mut dice = Dice { seed, count: p.draws, picks, used: 0, asked: Vec::new() };
        let settings = self.settings.clone();
        let mut cx = context(&settings, node, clock, &mut dice);
        let slot = thaw(&mut self.slots, node);
        handler(&mut slot.node, &mut cx);
        if self.k.mode == Mode::Search {
            self.perils = perils(&cx.effects);
        }
        slot.pending.extend(cx.effects);
        self.asked = dice.asked;
        let p = self.k.proc_mut(node);
        p.draws = dice.count;
        p.busy_until = now + u64::from(p.slow);
        self.drain(node, ev);
        self.wake_later(node);
    }

    /// Lets effects take place in order, up to a barrier that must wait or a crash that falls
    /// between two of them.
    pub(super) fn drain(&mut self, node: NodeId, ev: &mut Event) {
        loop {
            if let Some((left, mode)) = self.k.proc(node).armed {
                if left == 0 || self.slots[node.at()].pending.is_empty() {
                    return self.crash(node, mode);
                }
                self.k.proc_mut(node).armed = Some((left - 1, mode));
            }
            if self.slots[node.at()].pending.is_empty() {
                return;
            }
            let slot = thaw(&mut self.slots, node);
            let Some(effect) = slot.pending.pop_front() else { return };
            if self.perform(node, effect, ev) {
                return;
            }
        }
    }

    /// True if what follows has to wait.
    fn perform(&mut self, node: NodeId, effect: Effect<P>, ev: &mut Event) -> bool {
        match effect {
            Effect::Send { to, message } => self.send_lying(node, to, message, ev),
            Effect::SetTimer { timer, after } => self.k.set_timer(node, timer_code(timer), after),
            Effect::CancelTimer(timer) => self.k.cancel_timer(node, timer_code(timer)),
            Effect::Persist(durable) => return self.write(node, durable),
            Effect::Reply { to, outcome } => {
                self.post(node, to.client, Payload::Reply { op: to, outcome }, 60, ev);
            }
            Effect::Note(rule) => ev.notes.push(rule),
        }
        false
    }

    /// What a Byzantine node really sends.
    fn send_lying(&mut self, from: NodeId, to: NodeId, message: P::Message, ev: &mut Event) {
        let lie = self.k.proc(from).lie;
        let forged = match lie {
            Lie::Honest => None,
            Lie::Silent => return,
            Lie::Equivocate if to.0.is_multiple_of(2) => None,
            Lie::Equivocate | Lie::Corrupt => {
                let liar = Liar { nodes: self.settings.common.nodes, to };
                let mut lies = P::forge(&self.settings.cfg, &message, &liar);
                // Who equivocates tells each of those it lies to something else.
                let nth = if lie == Lie::Equivocate { usize::from(to.0 / 2) } else { 0 };
                let nth = nth.checked_rem(lies.len());
                nth.map(|nth| lies.swap_remove(nth))
            }
        };
        let lied = forged.is_some();
        let message = forged.unwrap_or(message);
        let size = P::size(&message);
        let id = self.post(from, to, Payload::Peer(message), size, ev);
        if let Some(f) = self.k.flight.get_mut(&id).filter(|_| lied) {
            f.forged = true;
            self.k.lies += 1;
        }
    }

    /// Puts something on a link, with its twin if the link doubles it.
    pub(super) fn post(
        &mut self,
        from: NodeId,
        to: NodeId,
        payload: Payload<P>,
        size: u32,
        ev: &mut Event,
    ) -> MsgId {
        let (id, twin) = self.k.send(from, to, size);
        let payload = Arc::new(payload);
        if self.k.mode != Mode::Search {
            self.k.absorb(fingerprint(&*payload));
        }
        for id in std::iter::once(id).chain(twin) {
            let Some(f) = self.k.flight.get(&id) else { continue };
            if self.k.mode != Mode::Search {
                ev.sent.push(Sent { id, look: Arc::new(payload.look()), due: f.due });
            }
            self.payloads.insert(id, payload.clone());
        }
        id
    }

    /// Writes to disk; true if what follows has to wait until it is safe.
    fn write(&mut self, node: NodeId, durable: P::Durable) -> bool {
        let timed = self.k.mode == Mode::Timed;
        let now = self.k.now;
        let draws = self.k.proc(node).draws;
        let p = self.k.proc_mut(node);
        let (fsync, latency) = (p.fsync, if timed { p.disk } else { 0 });
        let slot = thaw(&mut self.slots, node);
        slot.written.push(Arc::new(durable));
        match fsync {
            Fsync::Always if latency == 0 => slot.sync_all(),
            Fsync::Always => {
                p.syncing = true;
                let jitter =
                    draw(self.k.seed, Stream::Disk(node.0), draws ^ now) % (latency / 4 + 1);
                self.k.schedule(now + latency + jitter, Due::Sync(node));
                return true;
            }
            Fsync::Batch | Fsync::Lies => {
                if slot.written.len() > AT_RISK {
                    slot.sync_first();
                }
                if fsync == Fsync::Batch && timed && !p.flushing {
                    p.flushing = true;
                    self.k.schedule(now + batch_period(&self.settings.common), Due::Sync(node));
                }
            }
        }
        false
    }

    fn synced(&mut self, node: NodeId, ev: &mut Event) {
        let p = self.k.proc_mut(node);
        let waited = std::mem::take(&mut p.syncing);
        p.flushing = false;
        thaw(&mut self.slots, node).sync_all();
        if !waited {
            ev.node = Some(node);
            return;
        }
        ev.what = What::Sync;
        self.mark(node, ev, None);
        self.drain(node, ev);
        self.wake_later(node);
    }

    /// Stops a process; its disk keeps what the mode says.
    pub(super) fn crash(&mut self, node: NodeId, mode: CrashMode) {
        self.k.cancel_timers(node);
        let now = self.k.now;
        let p = self.k.proc_mut(node);
        p.up = false;
        p.paused = false;
        p.armed = None;
        p.flushing = false;
        p.syncing = false;
        p.picks.clear();
        let inbox = std::mem::take(&mut p.inbox);
        thaw(&mut self.slots, node).lose_memory(mode);
        for due in inbox {
            if let Due::Arrive(id) = due {
                if let Some(f) = self.k.flight.get_mut(&id) {
                    f.docked = false;
                }
                self.k.redirect(id, now, Some(Loss::Down));
            }
        }
    }
}

/// How many effects come before each write that follows something said.
fn perils<P: Show>(effects: &[Effect<P>]) -> Vec<u8> {
    let said = |e: &Effect<P>| matches!(e, Effect::Send { .. } | Effect::Reply { .. });
    let Some(first) = effects.iter().position(said) else { return Vec::new() };
    let writes = (first..effects.len()).filter(|i| matches!(effects[*i], Effect::Persist(_)));
    writes.filter_map(|i| u8::try_from(i).ok()).collect()
}

/// How long an unsynced write stays at risk when syncs are batched.
fn batch_period(common: &Common) -> u64 {
    (common.disk * 20).max(10_000)
}

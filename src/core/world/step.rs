//! What happens by itself, and how a handler's effects take place.

use super::rules::{At, ClientAnswer, Input};
use super::*;
use crate::core::action::{CrashMode, Fsync, Lie};
use crate::core::few::Few;
use crate::core::kernel::{Due, Flight, Mode};
use crate::core::protocol::Dice;
use crate::core::random::{Stream, draw};
use crate::core::view::{Family, Loss, MessageLook, Sent, Stamp};

/// A write that no sync followed is at risk only while it is among the last few: by then the
/// operating system has written it back.
const AT_RISK: usize = 8;

/// What a search has to know of a step beyond its event.
#[derive(Debug, Default)]
pub struct Choices {
    /// Sizes of the choices that the handler asked for.
    pub asked: Vec<u8>,
    /// In a search: after how many of the handler's effects a crash would leave something that was
    /// said, but not what was to be written after it (see [`Action::CrashAfter`]).
    pub perils: Vec<u8>,
}

/// A step while it is taken.
pub(super) struct Step {
    pub(super) ev: Event,
    /// What clients were told.
    pub(super) answers: Vec<ClientAnswer>,
    /// Whose message is handled, and its sender's count of events when it was sent.
    pub(super) heard: Option<(NodeId, u32)>,
    /// The operation whose request is handled.
    pub(super) request: Option<OpId>,
    pub(super) choices: Choices,
}

impl World {
    /// Lets the next thing happen.
    pub fn step(&mut self) -> Option<Event> {
        let due = self.k.pop()?;
        let mut step = self.begin(What::Dock);
        match due {
            Due::Boot(node) => self.boot(node, &mut step),
            Due::Sync(node) => self.synced(node, &mut step),
            Due::Wake(node) => self.wake(node, &mut step),
            Due::Arrive(id) => self.arrive(id, &mut step),
            Due::Timer(node, code) => self.timer_ends(node, code, &mut step),
        }
        self.finish(&mut step);
        Some(step.ev)
    }

    pub(super) fn begin(&mut self, what: What) -> Step {
        self.k.step += 1;
        let ev = Event {
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
        };
        let (answers, choices) = (Vec::new(), Choices::default());
        Step { ev, answers, heard: None, request: None, choices }
    }

    pub(super) fn finish(&mut self, step: &mut Step) {
        self.observe(step);
        let ev = &step.ev;
        if self.k.mode != Mode::Search {
            self.k.absorb(fingerprint(&(ev.at, ev.node, &ev.what, &ev.notes, &ev.sent, &ev.ops)));
        }
    }

    pub(super) fn boot(&mut self, node: NodeId, step: &mut Step) {
        step.ev.what = What::Boot;
        self.mark(node, step, None);
        self.k.proc_mut(node).up = true;
        self.handle(node, Input::Boot, step);
    }

    /// Notes that a process took part, and stamps the event.
    pub(super) fn mark(&mut self, node: NodeId, step: &mut Step, learned: Option<Stamp>) {
        step.ev.node = Some(node);
        step.ev.stamp = self.k.stamp(node, learned);
    }

    fn wake(&mut self, node: NodeId, step: &mut Step) {
        step.ev.node = Some(node);
        if self.k.busy(node) {
            return;
        }
        match self.k.proc_mut(node).inbox.pop_front() {
            Some(Due::Arrive(id)) => {
                if let Some(f) = self.k.flight.get_mut(&id) {
                    f.docked = false;
                }
                self.arrive(id, step);
            }
            Some(Due::Timer(n, code)) => self.run_timer(n, code, step),
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
    pub(super) fn arrive(&mut self, id: MsgId, step: &mut Step) {
        let Some(f) = self.k.flight.get(&id) else { return };
        let why = f.doom.or((!self.k.proc(id.to).up).then_some(Loss::Down));
        if let Some(why) = why {
            return self.lose(id, why, step);
        }
        if self.k.busy(id.to) || !self.k.proc(id.to).inbox.is_empty() && step.ev.node.is_none() {
            if let Some(f) = self.k.flight.get_mut(&id) {
                f.docked = true;
            }
            step.ev.node = Some(id.to);
            self.k.proc_mut(id.to).inbox.push_back(Due::Arrive(id));
            return self.wake_later(id.to);
        }
        self.receive(id, step);
    }

    pub(super) fn lose(&mut self, id: MsgId, why: Loss, step: &mut Step) {
        self.k.land(id);
        step.ev.node = None;
        step.ev.what = What::Lost { msg: id, why };
    }

    fn receive(&mut self, id: MsgId, step: &mut Step) {
        let Some(Flight { stamp, payload, .. }) = self.k.land(id) else { return };
        step.ev.what = What::Receive(id);
        let known = stamp.get(id.from.at()).copied().unwrap_or(0);
        self.mark(id.to, step, Some(stamp));
        match payload {
            Payload::Peer(message) => {
                step.heard = Some((id.from, known));
                self.handle(id.to, Input::Message { from: id.from, message }, step);
            }
            Payload::Request { op, call } => {
                step.request = Some(op);
                self.handle(id.to, Input::Request { op, call }, step);
            }
            Payload::Reply { op, outcome } => self.answered(id.from, op, outcome, step),
        }
    }

    fn timer_ends(&mut self, node: NodeId, code: u32, step: &mut Step) {
        step.ev.node = Some(node);
        if self.k.busy(node) {
            self.k.proc_mut(node).inbox.push_back(Due::Timer(node, code));
            return self.wake_later(node);
        }
        self.run_timer(node, code, step);
    }

    pub(super) fn run_timer(&mut self, node: NodeId, code: u32, step: &mut Step) {
        // Stopped meanwhile, or started anew while its end waited in the inbox.
        let Some(slot) = self.k.proc(node).timers.get(&code).copied() else { return };
        if !step.ev.forced && slot.due.is_none_or(|t| t > self.k.now) {
            return;
        }
        self.k.cancel_timer(node, code);
        self.mark(node, step, None);
        if !self.is_server(node) {
            step.ev.what = What::Timer { code, name: clients::timer_title(code) };
            return self.client_timer(node, code, step);
        }
        let Some(name) = self.fixed.rules.timer(code) else { return };
        step.ev.what = What::Timer { code, name };
        self.handle(node, Input::Timer(code), step);
    }

    /// Runs a handler and lets its effects take place.
    fn handle(&mut self, node: NodeId, input: Input, step: &mut Step) {
        let (now, seed) = (self.k.now, self.k.seed);
        let p = self.k.proc_mut(node);
        let clock = p.clock.local(now);
        let picks = std::mem::take(&mut p.picks);
        let mut dice = Dice { seed, count: p.draws, picks, used: 0, asked: Vec::new() };
        let at = At { settings: &self.fixed.settings, me: node, clock, dice: &mut dice };
        let replica = thaw(&mut self.replicas, node);
        let old = replica.pending.len();
        self.fixed.rules.handle(at, &mut replica.node, input, &mut replica.pending);
        if self.k.mode == Mode::Search {
            step.choices.perils = perils(replica.pending.range(old..));
        }
        step.choices.asked = dice.asked;
        let p = self.k.proc_mut(node);
        p.draws = dice.count;
        p.busy_until = now + u64::from(p.slow);
        self.drain(node, step);
        self.wake_later(node);
    }

    /// Lets effects take place in order, up to a barrier that must wait or a crash that falls
    /// between two of them.
    fn drain(&mut self, node: NodeId, step: &mut Step) {
        loop {
            if let Some((left, mode)) = self.k.proc(node).armed {
                if left == 0 || self.replicas[node.at()].pending.is_empty() {
                    return self.crash(node, mode);
                }
                self.k.proc_mut(node).armed = Some((left - 1, mode));
            }
            if self.replicas[node.at()].pending.is_empty() {
                return;
            }
            let replica = thaw(&mut self.replicas, node);
            let Some(effect) = replica.pending.pop_front() else { return };
            if self.perform(node, effect, step) {
                return;
            }
        }
    }

    /// True if what follows has to wait.
    fn perform(&mut self, node: NodeId, effect: AnyEffect, step: &mut Step) -> bool {
        match effect {
            AnyEffect::Send { to, message } => self.send_lying(node, to, message, step),
            AnyEffect::SetTimer { code, after } => self.k.set_timer(node, code, after),
            AnyEffect::CancelTimer(code) => self.k.cancel_timer(node, code),
            AnyEffect::Persist(durable) => return self.write(node, durable),
            AnyEffect::Reply { to, outcome } => {
                self.post(node, to.client, Payload::Reply { op: to, outcome }, 60, step);
            }
            AnyEffect::Note(rule) => step.ev.notes.push(rule),
        }
        false
    }

    /// What a Byzantine node really sends.
    fn send_lying(&mut self, from: NodeId, to: NodeId, message: Value, step: &mut Step) {
        let Fixed { rules, settings, .. } = &*self.fixed;
        let lie = self.k.proc(from).lie;
        let forged = match lie {
            Lie::Honest => None,
            Lie::Silent => return,
            Lie::Equivocate if to.0.is_multiple_of(2) => None,
            Lie::Equivocate | Lie::Corrupt => {
                let mut lies = rules.forge(settings, &*message, to);
                // Who equivocates tells each of those it lies to something else.
                let nth = if lie == Lie::Equivocate { usize::from(to.0 / 2) } else { 0 };
                let nth = nth.checked_rem(lies.len());
                nth.map(|nth| lies.swap_remove(nth))
            }
        };
        let lied = forged.is_some();
        let message = forged.unwrap_or(message);
        let size = rules.size(&*message);
        let id = self.post(from, to, Payload::Peer(message), size, step);
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
        payload: Payload,
        size: u32,
        step: &mut Step,
    ) -> MsgId {
        if self.k.mode == Mode::Search {
            return self.k.send(from, to, size, payload).0;
        }
        self.k.absorb(fed(|to| payload.feed(to)));
        let look = Arc::new(self.look_of(&payload));
        let (id, twin) = self.k.send(from, to, size, payload);
        for id in std::iter::once(id).chain(twin) {
            if let Some(f) = self.k.flight.get(&id) {
                step.ev.sent.push(Sent { id, look: look.clone(), due: f.due });
            }
        }
        id
    }

    /// What something on a link looks like.
    pub(super) fn look_of(&self, payload: &Payload) -> MessageLook {
        let rules = self.fixed.rules;
        match payload {
            Payload::Peer(message) => rules.message(&**message),
            Payload::Request { call, .. } => {
                let name = rules.calls()[usize::from(rules.call(&**call).f)].name;
                of_client(name, false, false)
            }
            Payload::Reply { outcome, .. } => match outcome {
                AnyOutcome::Ok(_) => of_client("ok", true, false),
                AnyOutcome::Fail(_) => of_client("fail", true, true),
                AnyOutcome::Redirect(_) => of_client("redirect", true, true),
            },
        }
    }

    /// Writes to disk; true if what follows has to wait until it is safe.
    fn write(&mut self, node: NodeId, durable: Value) -> bool {
        let timed = self.k.mode == Mode::Timed;
        let now = self.k.now;
        let draws = self.k.proc(node).draws;
        let p = self.k.proc_mut(node);
        let (fsync, latency) = (p.fsync, if timed { p.disk } else { 0 });
        let replica = thaw(&mut self.replicas, node);
        replica.written.push(durable);
        match fsync {
            Fsync::Always if latency == 0 => replica.sync_all(),
            Fsync::Always => {
                p.syncing = true;
                let jitter =
                    draw(self.k.seed, Stream::Disk(node.0), draws ^ now) % (latency / 4 + 1);
                self.k.schedule(now + latency + jitter, Due::Sync(node));
                return true;
            }
            Fsync::Batch | Fsync::Lies => {
                if replica.written.len() > AT_RISK {
                    replica.sync_first();
                }
                if fsync == Fsync::Batch && timed && !p.flushing {
                    p.flushing = true;
                    self.k.schedule(now + batch_period(&self.k.common), Due::Sync(node));
                }
            }
        }
        false
    }

    fn synced(&mut self, node: NodeId, step: &mut Step) {
        let p = self.k.proc_mut(node);
        let waited = std::mem::take(&mut p.syncing);
        p.flushing = false;
        thaw(&mut self.replicas, node).sync_all();
        if !waited {
            step.ev.node = Some(node);
            return;
        }
        step.ev.what = What::Sync;
        self.mark(node, step, None);
        self.drain(node, step);
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
        thaw(&mut self.replicas, node).lose_memory(mode, self.fixed.rules);
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

/// What clients and servers say to each other.
fn of_client(name: &'static str, reply: bool, negative: bool) -> MessageLook {
    MessageLook { name, family: Family::Client, reply, negative, epoch: None }
}

/// How many effects come before each write that follows something said.
fn perils<'a>(effects: impl Iterator<Item = &'a AnyEffect>) -> Vec<u8> {
    let (mut said, mut all) = (false, Vec::new());
    for (i, effect) in effects.enumerate() {
        match effect {
            AnyEffect::Send { .. } | AnyEffect::Reply { .. } => said = true,
            AnyEffect::Persist(_) if said => all.extend(u8::try_from(i)),
            _ => {}
        }
    }
    all
}

/// How long an unsynced write stays at risk when syncs are batched.
fn batch_period(common: &Common) -> u64 {
    (common.disk * 20).max(10_000)
}

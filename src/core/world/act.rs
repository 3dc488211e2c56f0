//! Interventions: the one way in which anything but the run itself changes it.

use super::*;
use crate::core::action::DiskChange;
use crate::core::kernel::Mode;
use crate::core::view::{Loss, Sent};

impl World {
    pub(super) fn intervene(&mut self, entry: &Entry) -> Step {
        self.k.now = self.k.now.max(entry.at);
        let action = entry.action.clone();
        let mut step = self.begin(What::Act(Box::new(action.clone())));
        step.ev.forced = true;
        match self.allows(&action) {
            Ok(()) => self.perform_action(action, &mut step),
            Err(why) => {
                step.ev.what = What::Ignored { action: Box::new(action), why: Box::new(why) };
            }
        }
        self.finish(&mut step);
        step
    }

    fn perform_action(&mut self, action: Action, step: &mut Step) {
        match action {
            Action::Deliver(id) => self.deliver(id, step),
            Action::Drop(id) => self.lose(id, Loss::Dropped, step),
            Action::Duplicate(id) => self.duplicate(id, step),
            Action::Hold(id) => self.k.hold(id, true),
            Action::Release(id) => self.k.hold(id, false),
            Action::Forge { msg, variant } => self.forge(msg, variant),
            Action::Fire { node, timer } => self.run_timer(node, timer, step),
            Action::Crash { node, mode } => {
                self.mark(node, step, None);
                self.crash(node, mode);
            }
            Action::CrashAfter { node, effects, mode } => {
                self.k.proc_mut(node).armed = Some((effects, mode));
            }
            Action::Restart(node) => {
                self.boot(node, step);
            }
            Action::Pause(node) => {
                self.mark(node, step, None);
                self.k.proc_mut(node).paused = true;
            }
            Action::Resume(node) => {
                self.mark(node, step, None);
                self.k.proc_mut(node).paused = false;
                self.wake_later(node);
            }
            Action::Slow { node, us } => self.k.proc_mut(node).slow = us,
            Action::Cut { from, to } => {
                self.k.set_cut(from, to, true);
            }
            Action::Heal { from, to } => self.k.set_cut(from, to, false),
            Action::Partition(groups) => {
                self.k.partition(&groups);
            }
            Action::HealAll => self.k.heal_all(),
            Action::Link { from, to, change } => self.k.change_links(from, to, change),
            Action::Clock { node, change } => self.k.change_clock(node, change),
            Action::Disk { node, change } => self.change_disk(node, change),
            Action::Lie { node, policy } => self.k.proc_mut(node).lie = policy,
            Action::Invoke { client, to, call } => {
                let Some(op) = self.fixed.rules.op(&call) else { return };
                self.mark(client, step, None);
                self.invoke(self.client_place(client), op, to, step);
            }
            Action::Choose { node, picks } => self.k.proc_mut(node).picks = picks,
            Action::Manual(on) => {
                self.k.mode = if on { Mode::Manual } else { Mode::Timed };
            }
        }
    }

    fn deliver(&mut self, id: MsgId, step: &mut Step) {
        if self.k.flight.get(&id).is_some_and(|f| f.docked) {
            return;
        }
        self.k.redirect(id, self.k.now, None);
        if let Some(f) = self.k.flight.get_mut(&id) {
            f.held = false;
        }
        self.arrive(id, step);
    }

    fn duplicate(&mut self, id: MsgId, step: &mut Step) {
        let Some(twin) = self.k.twin(id) else { return };
        if let Some(f) = self.k.flight.get(&twin) {
            let look = Arc::new(self.look_of(&f.payload));
            step.ev.sent.push(Sent { id: twin, look, due: f.due });
        }
    }

    fn forge(&mut self, id: MsgId, variant: u16) {
        let Some(lie) = self.lies(id).into_iter().nth(variant.into()) else { return };
        if let Some(f) = self.k.flight.get_mut(&id) {
            f.payload = Payload::Peer(lie);
            f.forged = true;
            self.k.lies += 1;
        }
    }

    /// What a liar could say in place of a message in flight.
    pub(super) fn lies(&self, id: MsgId) -> Vec<Value> {
        match self.k.flight.get(&id).map(|f| &f.payload) {
            Some(Payload::Peer(message)) => {
                self.fixed.rules.forge(&self.fixed.settings, &**message, id.to)
            }
            _ => Vec::new(),
        }
    }

    fn change_disk(&mut self, node: NodeId, change: DiskChange) {
        match change {
            DiskChange::Fsync(fsync) => self.k.proc_mut(node).fsync = fsync,
            DiskChange::Latency(us) => self.k.proc_mut(node).disk = us.into(),
            DiskChange::LoseTail => thaw(&mut self.replicas, node).lose_tail(),
        }
    }
}

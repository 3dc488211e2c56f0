//! Interventions: the one way in which anything but the run itself changes it.

use super::*;
use crate::core::action::{DiskChange, Lie};
use crate::core::declare::{Data, Liar};
use crate::core::ids::NodeSet;
use crate::core::kernel::Mode;
use crate::core::protocol::TimerName;
use crate::core::view::Loss;

impl<P: Show> World<P> {
    pub(super) fn intervene(&mut self, entry: &Entry) -> Event {
        self.k.now = self.k.now.max(entry.at);
        let action = entry.action.clone();
        let mut ev = self.begin(What::Act(Box::new(action.clone())));
        ev.forced = true;
        match self.sensible(&action) {
            Ok(()) => self.perform_action(action, &mut ev),
            Err(why) => {
                ev.what = What::Ignored { action: Box::new(action), why: Box::new(why) };
            }
        }
        self.finish(&mut ev);
        ev
    }

    fn perform_action(&mut self, action: Action, ev: &mut Event) {
        match action {
            Action::Deliver(id) => self.deliver(id, ev),
            Action::Drop(id) => self.lose(id, Loss::Dropped, ev),
            Action::Duplicate(id) => self.duplicate(id, ev),
            Action::Hold(id) => self.k.hold(id, true),
            Action::Release(id) => self.k.hold(id, false),
            Action::Forge { msg, variant } => self.forge(msg, variant),
            Action::Fire { node, timer } => self.run_timer(node, timer, ev),
            Action::Crash { node, mode } => {
                self.mark(node, ev, None);
                self.crash(node, mode);
            }
            Action::CrashAfter { node, effects, mode } => {
                self.k.proc_mut(node).armed = Some((effects, mode));
            }
            Action::Restart(node) => {
                self.boot(node, ev);
            }
            Action::Pause(node) => {
                self.mark(node, ev, None);
                self.k.proc_mut(node).paused = true;
            }
            Action::Resume(node) => {
                self.mark(node, ev, None);
                self.k.proc_mut(node).paused = false;
                self.wake_later(node);
            }
            Action::Slow { node, us } => self.k.proc_mut(node).slow = us,
            Action::Cut { from, to } => {
                self.k.set_cut(from, to, true);
                self.forget_vanished();
            }
            Action::Heal { from, to } => self.k.set_cut(from, to, false),
            Action::Partition(groups) => {
                self.k.partition(&groups);
                self.forget_vanished();
            }
            Action::HealAll => self.k.heal_all(),
            Action::Link { from, to, change } => self.k.change_links(from, to, change),
            Action::Clock { node, change } => self.k.change_clock(node, change),
            Action::Disk { node, change } => self.change_disk(node, change),
            Action::Lie { node, policy } => self.k.proc_mut(node).lie = policy,
            Action::Invoke { client, to, call } => {
                let Some(op) = P::op(&call) else { return };
                self.mark(client, ev, None);
                let c = usize::from(client.0 - self.settings.common.nodes);
                self.invoke(c, op, to, ev);
            }
            Action::Choose { node, picks } => self.k.proc_mut(node).picks = picks,
            Action::Manual(on) => {
                self.k.mode = if on { Mode::Manual } else { Mode::Timed };
            }
        }
    }

    /// In a search what a cut loses is gone at once.
    fn forget_vanished(&mut self) {
        let flight = &self.k.flight;
        self.payloads.retain(|id, _| flight.contains_key(id));
    }

    fn deliver(&mut self, id: MsgId, ev: &mut Event) {
        if self.k.flight.get(&id).is_some_and(|f| f.docked) {
            return;
        }
        self.k.redirect(id, self.k.now, None);
        if let Some(f) = self.k.flight.get_mut(&id) {
            f.held = false;
        }
        self.arrive(id, ev);
    }

    fn duplicate(&mut self, id: MsgId, ev: &mut Event) {
        let Some(payload) = self.payloads.get(&id).cloned() else { return };
        let Some(twin) = self.k.twin(id) else { return };
        if let Some(f) = self.k.flight.get(&twin) {
            let due = f.due;
            ev.sent.push(crate::core::view::Sent { id: twin, look: Arc::new(payload.look()), due });
            self.payloads.insert(twin, payload);
        }
    }

    fn forge(&mut self, id: MsgId, variant: u16) {
        let Some(lie) = self.lies(id).into_iter().nth(variant.into()) else { return };
        self.payloads.insert(id, Arc::new(Payload::Peer(lie)));
        if let Some(f) = self.k.flight.get_mut(&id) {
            f.forged = true;
            self.k.lies += 1;
        }
    }

    /// What a liar could say in place of a message in flight.
    pub(super) fn lies(&self, id: MsgId) -> Vec<P::Message> {
        match self.payloads.get(&id).map(|p| &**p) {
            Some(Payload::Peer(message)) => {
                let liar = Liar { nodes: self.settings.common.nodes, to: id.to };
                P::forge(&self.settings.cfg, message, &liar)
            }
            _ => Vec::new(),
        }
    }

    fn change_disk(&mut self, node: NodeId, change: DiskChange) {
        match change {
            DiskChange::Fsync(fsync) => self.k.proc_mut(node).fsync = fsync,
            DiskChange::Latency(us) => self.k.proc_mut(node).disk = us.into(),
            DiskChange::LoseTail => thaw(&mut self.slots, node).lose_tail(),
        }
    }

    /// Would this action change anything now? If not, why not.
    pub(super) fn sensible(&self, action: &Action) -> Result<(), String> {
        match action {
            Action::Deliver(id)
            | Action::Drop(id)
            | Action::Duplicate(id)
            | Action::Hold(id)
            | Action::Release(id) => self.in_flight(*id),
            Action::Forge { msg, variant } => {
                self.in_flight(*msg)?;
                let lies = self.lies(*msg).len();
                if usize::from(*variant) < lies {
                    Ok(())
                } else {
                    Err(format!("this message has {lies} lies"))
                }
            }
            Action::Fire { node, timer } => self.timer_runs(*node, *timer),
            Action::Crash { node, .. }
            | Action::CrashAfter { node, .. }
            | Action::Disk { node, .. } => self.server_up(*node),
            Action::Pause(node) => {
                self.server_up(*node)?;
                let paused = self.k.proc(*node).paused;
                if paused { Err(format!("{} is paused already", self.name(*node))) } else { Ok(()) }
            }
            Action::Resume(node) => {
                self.exists(*node)?;
                let paused = self.k.proc(*node).paused;
                if paused { Ok(()) } else { Err(format!("{} is not paused", self.name(*node))) }
            }
            Action::Restart(node) => {
                self.server(*node)?;
                let up = self.k.proc(*node).up;
                if up { Err(format!("{} is up", self.name(*node))) } else { Ok(()) }
            }
            Action::Slow { node, .. }
            | Action::Clock { node, .. }
            | Action::Choose { node, .. } => self.server(*node),
            Action::Lie { node, policy } => {
                self.server(*node)?;
                if P::Message::LIES || matches!(policy, Lie::Honest | Lie::Silent) {
                    Ok(())
                } else {
                    Err("what servers say here is nothing to lie about".to_string())
                }
            }
            Action::Cut { from, to }
            | Action::Heal { from, to }
            | Action::Link { from, to, .. } => {
                self.all_exist(*from)?;
                self.all_exist(*to)
            }
            Action::Partition(groups) => groups.iter().try_for_each(|g| self.all_exist(*g)),
            Action::Invoke { client, to, call } => self.can_invoke(*client, *to, call),
            Action::HealAll | Action::Manual(_) => Ok(()),
        }
    }

    fn in_flight(&self, id: MsgId) -> Result<(), String> {
        match self.k.flight.contains_key(&id) {
            true => Ok(()),
            false => Err(format!(
                "message {} from {} to {} is not in flight",
                id.nth, id.from.0, id.to.0
            )),
        }
    }

    fn server(&self, node: NodeId) -> Result<(), String> {
        self.exists(node)?;
        if self.is_server(node) { Ok(()) } else { Err(format!("{} is a client", self.name(node))) }
    }

    fn server_up(&self, node: NodeId) -> Result<(), String> {
        self.server(node)?;
        if self.k.proc(node).up { Ok(()) } else { Err(format!("{} is down", self.name(node))) }
    }

    fn all_exist(&self, set: NodeSet) -> Result<(), String> {
        set.iter().try_for_each(|n| self.exists(n))
    }

    fn timer_runs(&self, node: NodeId, code: u32) -> Result<(), String> {
        self.exists(node)?;
        if self.k.busy(node) {
            return Err(format!("{} is busy or paused", self.name(node)));
        }
        match self.k.proc(node).timers.contains_key(&code) {
            true => Ok(()),
            false => {
                let named =
                    P::Timer::ALL.get(code as usize).map_or("no such timer", |(_, name)| name);
                Err(format!("{} has no running timer {code} ({named})", self.name(node)))
            }
        }
    }

    fn can_invoke(
        &self,
        client: NodeId,
        to: Option<NodeId>,
        call: &crate::core::action::Call,
    ) -> Result<(), String> {
        self.exists(client)?;
        if self.is_server(client) {
            return Err(format!("{} is a server, not a client", self.name(client)));
        }
        if let Some(to) = to {
            self.server(to)?;
        }
        let c = usize::from(client.0 - self.settings.common.nodes);
        if self.clients[c].waiting.is_some() {
            return Err(format!("client {} still waits for an answer", self.name(client)));
        }
        P::op(call).map(|_| ()).ok_or_else(|| format!("there is no operation {}", call.f))
    }
}

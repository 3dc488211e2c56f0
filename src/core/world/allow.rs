//! What makes sense now, and why the rest does not.

use super::*;
use crate::core::action::{Call, Lie};
use crate::core::ids::NodeSet;

impl World {
    /// Would this action make sense now? If not, one sentence.
    pub fn allows(&self, action: &Action) -> Result<(), String> {
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
                if self.fixed.rules.lies() || matches!(policy, Lie::Honest | Lie::Silent) {
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

    fn exists(&self, node: NodeId) -> Result<(), String> {
        if self.k.has(node) { Ok(()) } else { Err(format!("there is no process {}", node.0)) }
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
                let named = self.fixed.rules.timer(code).unwrap_or("no such timer");
                Err(format!("{} has no running timer {code} ({named})", self.name(node)))
            }
        }
    }

    fn can_invoke(&self, client: NodeId, to: Option<NodeId>, call: &Call) -> Result<(), String> {
        self.exists(client)?;
        if self.is_server(client) {
            return Err(format!("{} is a server, not a client", self.name(client)));
        }
        if let Some(to) = to {
            self.server(to)?;
        }
        if self.clients[self.client_place(client)].waiting.is_some() {
            return Err(format!("client {} still waits for an answer", self.name(client)));
        }
        self.fixed
            .rules
            .op(call)
            .map(|_| ())
            .ok_or_else(|| format!("there is no operation {}", call.f))
    }
}

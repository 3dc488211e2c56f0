//! What a search may do next, and how it recognises a state it has been in.

use super::*;
use crate::core::action::CrashMode;
use crate::core::ids::NodeSet;
use crate::core::kernel::Proc;

/// What a search may still spend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Limits {
    /// Timers that may end.
    pub timers: u8,
    /// Client operations that may begin.
    pub ops: u8,
    /// Messages that may be lost.
    pub drops: u8,
    /// Messages that may be doubled.
    pub dups: u8,
    /// Processes that may crash.
    pub crashes: u8,
    /// Times the network may be split in two.
    pub partitions: u8,
}

impl Limits {
    /// What is left after an action; `None` if it cannot be afforded.
    pub fn after(mut self, action: &Action, servers: u16) -> Option<Limits> {
        let purse = match action {
            Action::Fire { node, timer } if node.0 >= servers && *timer == clients::THINK => {
                &mut self.ops
            }
            Action::Fire { .. } => &mut self.timers,
            Action::Drop(_) => &mut self.drops,
            Action::Duplicate(_) => &mut self.dups,
            Action::Crash { .. } | Action::CrashAfter { .. } => &mut self.crashes,
            Action::Partition(_) => &mut self.partitions,
            _ => return Some(self),
        };
        *purse = purse.checked_sub(1)?;
        Some(self)
    }
}

impl<P: Show> World<P> {
    pub(super) fn list_options(&self, limits: &Limits) -> Vec<Action> {
        let mut all = Vec::new();
        self.message_options(limits, &mut all);
        for n in 0..self.k.procs.len() as u16 {
            self.process_options(NodeId(n), limits, &mut all);
        }
        self.network_options(limits, &mut all);
        all
    }

    fn message_options(&self, limits: &Limits, all: &mut Vec<Action>) {
        let mut last: Option<(NodeId, NodeId)> = None;
        for (id, f) in &self.k.flight {
            let link = (id.from, id.to);
            let fifo =
                self.k.links.get(&link).and_then(|l| l.fifo).unwrap_or(self.k.common.net.fifo);
            if f.doom.is_some() || f.docked || fifo && last == Some(link) {
                continue;
            }
            last = Some(link);
            if !self.k.busy(id.to) {
                all.push(Action::Deliver(*id));
            }
            if limits.drops > 0 && !fifo {
                all.push(Action::Drop(*id));
            }
            if limits.dups > 0 && !crate::core::kernel::is_twin(*id) {
                all.push(Action::Duplicate(*id));
            }
        }
    }

    fn process_options(&self, node: NodeId, limits: &Limits, all: &mut Vec<Action>) {
        let p = self.k.proc(node);
        if !p.up {
            all.push(Action::Restart(node));
            return;
        }
        for code in p.timers.keys().filter(|_| !p.paused) {
            let fire = Action::Fire { node, timer: *code };
            if limits.after(&fire, self.settings.common.nodes).is_some() {
                all.push(fire);
            }
        }
        if limits.crashes > 0 && self.is_server(node) {
            all.push(Action::Crash { node, mode: CrashMode::Process });
            if !self.slots[node.at()].written.is_empty() {
                all.push(Action::Crash { node, mode: CrashMode::Os { kept: 0 } });
            }
        }
    }

    fn network_options(&self, limits: &Limits, all: &mut Vec<Action>) {
        if self.k.links.values().any(|l| l.cut) {
            all.push(Action::HealAll);
        } else if limits.partitions > 0 && self.settings.common.nodes <= 7 {
            let servers = NodeSet::first(self.settings.common.nodes).0;
            let clients = NodeSet::first(self.k.procs.len() as u16).0 & !servers;
            // Server 0 always on the left: each split once. Clients stay with it.
            for right in (2..=servers).step_by(2) {
                let left = servers & !right;
                all.push(Action::Partition(vec![NodeSet(left | clients), NodeSet(right)]));
            }
        }
    }

    pub(super) fn timeless_fingerprint(&self) -> u64 {
        let procs: Vec<u64> = self.k.procs.iter().map(proc_fingerprint).collect();
        let slots: Vec<u64> = self
            .slots
            .iter()
            .zip(&self.k.procs)
            .map(|(s, p)| match p.up {
                true => fingerprint(&(&s.node, &s.synced, &s.written, &s.pending)),
                false => fingerprint(&s.synced),
            })
            .collect();
        let mut air: Vec<(NodeId, NodeId, u64)> = self
            .payloads
            .iter()
            .filter(|(id, _)| self.k.flight.get(id).is_some_and(|f| f.doom.is_none()))
            .map(|(id, payload)| (id.from, id.to, fingerprint(&**payload)))
            .collect();
        if !self.k.common.net.fifo {
            air.sort_unstable();
        }
        let cuts: Vec<_> =
            self.k.links.iter().filter(|(_, l)| l.cut).map(|(pair, _)| *pair).collect();
        fingerprint(&(procs, slots, air, cuts, &self.clients, &*self.observer))
    }
}

fn proc_fingerprint(p: &Proc) -> u64 {
    let timers: Vec<u32> = p.timers.keys().copied().collect();
    fingerprint(&(p.up, p.paused, timers, p.armed, p.lie as u8, &p.picks))
}

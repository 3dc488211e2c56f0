//! What a search may do next, and how it recognises a state it has been in.

use super::*;
use crate::core::action::{Call, CrashMode};
use crate::core::ids::NodeSet;
use crate::core::kernel::{Flight, Proc};
use crate::core::view::Stamp;
use std::hash::Hash;

/// Most ways in which the draws of one workload operation are tried.
const MOST_WORKLOADS: u32 = 16;

/// What identifies a state to a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Print {
    /// Processes, disks, clients, cuts and the observer.
    pub body: u64,
    /// The messages in flight, whatever their names.
    pub air: u64,
    /// How many they are.
    pub flying: u32,
}

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
    /// Messages that a liar may put something else in place of.
    pub lies: u8,
}

impl Limits {
    /// What is left after an action; `None` if it cannot be afforded.
    pub fn after(mut self, action: &Action, servers: u16) -> Option<Limits> {
        let purse = match action {
            Action::Fire { node, timer } if node.0 >= servers && *timer == clients::THINK => {
                &mut self.ops
            }
            Action::Invoke { .. } => &mut self.ops,
            Action::Fire { .. } => &mut self.timers,
            Action::Drop(_) => &mut self.drops,
            Action::Duplicate(_) => &mut self.dups,
            Action::Crash { .. } | Action::CrashAfter { .. } => &mut self.crashes,
            Action::Partition(_) => &mut self.partitions,
            Action::Forge { .. } => &mut self.lies,
            _ => return Some(self),
        };
        *purse = purse.checked_sub(1)?;
        Some(self)
    }
}

impl World {
    /// What a search may do next, within limits.
    pub fn options(&self, limits: &Limits) -> Vec<Action> {
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
            if limits.dups > 0 {
                all.push(Action::Duplicate(*id));
            }
            if limits.lies > 0 && !f.forged {
                let variants = u16::try_from(self.lies(*id).len()).unwrap_or(u16::MAX);
                all.extend((0..variants).map(|variant| Action::Forge { msg: *id, variant }));
            }
        }
    }

    fn process_options(&self, node: NodeId, limits: &Limits, all: &mut Vec<Action>) {
        let p = self.k.proc(node);
        if !p.up {
            all.push(Action::Restart(node));
            return;
        }
        let client = !self.is_server(node);
        for code in p.timers.keys().filter(|_| !p.paused && limits.timers > 0) {
            // A client begins by `Invoke`, and gives up only if it can begin anew.
            let idle = *code == clients::THINK || *code == clients::DEADLINE && limits.ops == 0;
            if !(client && idle) {
                all.push(Action::Fire { node, timer: *code });
            }
        }
        if client && limits.ops > 0 {
            self.invoke_options(node, all);
        }
        if limits.crashes > 0 && self.is_server(node) {
            all.push(Action::Crash { node, mode: CrashMode::Process });
            if !self.replicas[node.at()].written.is_empty() {
                all.push(Action::Crash { node, mode: CrashMode::Os { kept: 0 } });
            }
        }
    }

    /// Every operation that an idle client's workload could give next, at every server that can be
    /// reached.
    fn invoke_options(&self, client: NodeId, all: &mut Vec<Action>) {
        let c = self.client_place(client);
        if self.clients[c].waiting.is_some() {
            return;
        }
        let servers = (0..self.k.common.nodes).map(NodeId);
        let reachable: Vec<NodeId> =
            servers.filter(|s| self.k.proc(*s).up && self.k.connected(client, *s)).collect();
        for call in self.next_calls(c) {
            let invoke = |s: &NodeId| Action::Invoke { client, to: Some(*s), call };
            all.extend(reachable.iter().map(invoke));
        }
    }

    /// What the workload gives if each of its draws falls on the lowest or the highest number;
    /// without a workload, each operation there is.
    fn next_calls(&self, c: usize) -> Vec<Call> {
        let Fixed { rules, settings, .. } = &*self.fixed;
        let nth = self.clients[c].next;
        let mut calls = Vec::new();
        let mut highs: Vec<bool> = Vec::new();
        for _ in 0..MOST_WORKLOADS {
            let mut drawn = 0;
            let mut pick = |n: u64| {
                if n <= 1 {
                    return 0;
                }
                if drawn == highs.len() {
                    highs.push(false);
                }
                drawn += 1;
                if highs[drawn - 1] { n - 1 } else { 0 }
            };
            let op = rules.next_op(settings, c as u16, nth, &mut pick);
            calls.extend(op.map(|op| rules.call(&*op)));
            highs.truncate(drawn);
            while highs.last() == Some(&true) {
                highs.pop();
            }
            match highs.last_mut() {
                Some(last) => *last = true,
                None => break,
            }
        }
        if calls.is_empty() {
            let named = (0..).zip(rules.calls()).flat_map(|(f, name)| {
                let values = if name.value { 0..2 } else { 0..1 };
                values.map(move |value| Call { f, value, ..Call::default() })
            });
            calls.extend(named.filter(|call| rules.op(call).is_some()));
        }
        calls.sort_unstable();
        calls.dedup();
        calls
    }

    fn network_options(&self, limits: &Limits, all: &mut Vec<Action>) {
        if self.k.links.values().any(|l| l.cut) {
            all.push(Action::HealAll);
        } else if limits.partitions > 0 && self.k.common.nodes <= 7 {
            let servers = NodeSet::first(self.k.common.nodes).0;
            let clients = NodeSet::first(self.k.procs.len() as u16).0 & !servers;
            // Server 0 always on the left: each split once. Clients are on one side, all of them.
            for right in (2..=servers).step_by(2) {
                let left = servers & !right;
                all.push(Action::Partition(vec![NodeSet(left | clients), NodeSet(right)]));
                if clients != 0 {
                    all.push(Action::Partition(vec![NodeSet(left), NodeSet(right | clients)]));
                }
            }
        }
    }

    /// Is it a world of this protocol?
    pub fn is_of(&self, of: &dyn SearchRules) -> bool {
        self.fixed.rules.protocol() == of.protocol()
    }

    /// Leaves time out, for a search.
    pub fn set_search(&mut self) {
        self.k.begin_search();
    }

    /// Does something, as [`World::act`]; says what the handler left open.
    pub fn explore(&mut self, entry: &Entry) -> (Event, Choices) {
        let step = self.intervene(entry);
        (step.ev, step.choices)
    }

    /// Do links keep their order?
    pub fn fifo(&self) -> bool {
        self.k.common.net.fifo
    }

    /// The shortest delay of a message, microseconds: a search, whose steps are this long or longer,
    /// does nothing that clocks would not allow.
    pub fn quickest(&self) -> u64 {
        self.k.common.net.low
    }

    /// The state without time and names, for a search to recognise.
    pub fn print(&self, of: &dyn SearchRules) -> Print {
        let procs: Vec<u64> = self.k.procs.iter().map(proc_fingerprint).collect();
        let replicas: Vec<u64> = self
            .replicas
            .iter()
            .zip(&self.k.procs)
            .map(|(r, p)| match p.up {
                true => r.print(),
                false => fed(|to| r.synced.feed(to)),
            })
            .collect();
        let mut air: Vec<(NodeId, NodeId, u64)> =
            self.air().map(|(id, f)| (id.from, id.to, fed(|to| f.payload.feed(to)))).collect();
        if !self.k.common.net.fifo {
            air.sort_unstable();
        }
        let cuts: Vec<_> =
            self.k.links.iter().filter(|(_, l)| l.cut).map(|(pair, _)| *pair).collect();
        let known = of.causal().then(|| self.known());
        let body = fed(|to| {
            (procs, replicas, cuts).hash(to);
            self.feed_rest(of, None, to);
            known.hash(to);
        });
        Print { body, flying: air.len() as u32, air: fingerprint(&air) }
    }

    /// The messages in flight that will arrive.
    pub(super) fn air(&self) -> impl Iterator<Item = (&MsgId, &Flight)> {
        self.k.flight.iter().filter(|(_, f)| f.doom.is_none())
    }

    /// Hashes the clients and the observer.
    pub(super) fn feed_rest(
        &self,
        of: &dyn SearchRules,
        names: Option<&Names>,
        to: &mut StableHasher,
    ) {
        self.clients.len().hash(to);
        self.clients.iter().for_each(|c| c.feed(of, names, to));
        of.feed_observer(&self.observer, names, to);
    }

    /// Who knows of which events: part of the state where the claims are about that.
    fn known(&self) -> u64 {
        let here: Vec<&Stamp> = self.k.procs.iter().map(|p| &p.stamp).collect();
        let mut air: Vec<_> = self.air().map(|(id, f)| (id.from, id.to, &f.stamp)).collect();
        air.sort_unstable();
        fingerprint(&(here, air))
    }
}

impl Replica {
    fn print(&self) -> u64 {
        let all = |to: &mut StableHasher| {
            self.feed(to);
            self.feed_pending(to);
        };
        *self.print.get_or_init(|| fed(all))
    }

    /// Hashes what waits for the disk.
    pub(super) fn feed_pending(&self, to: &mut StableHasher) {
        self.pending.len().hash(to);
        self.pending.iter().for_each(|effect| effect.feed(to));
    }
}

pub(super) fn proc_fingerprint(p: &Proc) -> u64 {
    let timers: Vec<u32> = p.timers.keys().copied().collect();
    fingerprint(&(p.up, p.paused, timers, p.armed, p.lie as u8, &p.picks))
}

//! What only an observer sees: what happened before what, and who was granted when.

use super::Lamport;
use crate::core::declare::Accusations;
use crate::core::ids::NodeId;
use crate::core::protocol::{Seen, Show, Witness};
use crate::protocols::causality::CausalRecord;

/// What the observer knows. A person who carries word from one process to another is outside of
/// the system: that is the paper's "anomalous behavior", which the Clock Condition does not rule out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Observer {
    record: CausalRecord<u64>,
    pub(super) accused: Accusations,
    /// Each process's request that has not been granted: its timestamp, and the engine's count.
    asked: Vec<Option<(u64, u32)>>,
    /// Who had the resource after its last step.
    held: Vec<bool>,
    /// Two concurrent events, the one with the smaller clock first: process and clock.
    pub(super) beside: Option<[(NodeId, u64); 2]>,
}

impl Observer {
    /// Looks at a step.
    pub(super) fn see(&mut self, seen: &Seen<Lamport>) {
        let Some(me) = seen.touched else { return };
        let clock = seen.nodes[me.at()].durable.time;
        let spared = seen.notes.contains(&"Restart") && self.record.last(me) != clock;
        let stamped = (seen.notes.contains(&"IR1") || spared).then_some(clock);
        if let Some(past) = self.record.see(seen, stamped, true) {
            self.compare(me, clock, &past);
            self.look_beside(me, clock, &past);
        }
        self.see_resource(me, seen);
        let asked = (0..).map(NodeId).zip(&self.asked);
        self.record.tidy(seen, asked.filter_map(|(p, asked)| Some((p, asked.as_ref()?.1))));
    }

    /// Clocks grow along a process, so of each process the last event before this one decides.
    fn compare(&mut self, me: NodeId, clock: u64, past: &[u32]) {
        for (p, count) in (0..).map(NodeId).zip(past) {
            let before = self.record.event(p, *count).map(|e| e.time);
            let Some(earlier) = before.filter(|c| *c >= clock) else { continue };
            let (a, b) = (Lamport::name(p.0), Lamport::name(me.0));
            let why = format!(
                "An event of {a} with clock {earlier} happened before one of {b} with clock {clock}."
            );
            self.accused.accuse("clock-condition", why, vec![p, me]);
        }
    }

    /// Condition II: when a request is granted, none that happened before it may still wait.
    fn see_resource(&mut self, me: NodeId, seen: &Seen<Lamport>) {
        self.asked.resize(seen.nodes.len(), None);
        self.held.resize(seen.nodes.len(), false);
        let kept = &seen.nodes[me.at()].durable;
        let granted = kept.holding && !self.held[me.at()];
        self.held[me.at()] = kept.holding;
        // A request that a crash took with it was never made.
        let known = self.asked[me.at()].filter(|(time, _)| kept.asking == Some(*time));
        let asked = known.or(kept.asking.map(|time| (time, seen.stamp[me.at()])));
        self.asked[me.at()] = asked;
        let Some(((time, count), true)) = asked.map(|a| (a, granted)) else { return };
        let Some(request) = self.record.event(me, count) else { return };
        let waits = |p: NodeId| {
            let (theirs, count) = self.asked[p.at()].filter(|_| p != me && !self.held[p.at()])?;
            (request.past[p.at()] >= count).then_some((p, theirs))
        };
        let Some((p, theirs)) = (0..seen.nodes.len() as u16).map(NodeId).find_map(waits) else {
            return;
        };
        let (a, b) = (Lamport::name(p.0), Lamport::name(me.0));
        let why = format!(
            "{b} was granted its request of time {time} though {a}'s, of time {theirs}, had happened before it."
        );
        self.accused.accuse("request-order", why, vec![p, me]);
    }

    /// Finds one pair of concurrent events that the clocks put in order.
    fn look_beside(&mut self, me: NodeId, clock: u64, past: &[u32]) {
        if self.beside.is_some() {
            return;
        }
        for (p, known) in (0..).map(NodeId).zip(past).filter(|(p, _)| *p != me) {
            let theirs = self.record.latest(p, *known).map(|e| e.time);
            if let Some(theirs) = theirs.filter(|c| *c != clock) {
                let mut pair = [(p, theirs), (me, clock)];
                pair.sort_by_key(|(_, c)| *c);
                self.beside = Some(pair);
                return;
            }
        }
    }
}

/// Condition I.
pub(super) fn mutual_exclusion(seen: &Seen<Lamport>) -> Option<Witness> {
    let holders = || seen.nodes.iter().filter(|n| n.durable.holding).map(|n| n.me);
    let all: Vec<NodeId> = holders().take(2).collect();
    let [a, b] = all[..] else { return None };
    let why =
        format!("{} and {} have the resource at once.", Lamport::name(a.0), Lamport::name(b.0));
    Some(Witness { why, nodes: all })
}

/// The assumption that the rules stand on.
pub(super) fn links_keep_order(seen: &Seen<Lamport>) -> Option<Witness> {
    let n = seen.actor()?;
    let odd = |(_, p): &(NodeId, &super::Peer)| p.taken.0 != p.taken.1;
    let (from, peer) = (0..).map(NodeId).zip(&n.durable.peers).find(odd)?;
    let (a, b) = (Lamport::name(from.0), Lamport::name(n.me.0));
    let (count, nth) = peer.taken;
    let why = format!("Message {nth} of {a} was one that {b} took in place {count}.");
    Some(Witness { why, nodes: vec![from, n.me] })
}

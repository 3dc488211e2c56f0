//! What only an observer sees: what happened before what, and who had read what.

use super::{Clock, Vector};
use crate::core::declare::Accusations;
use crate::core::ids::NodeId;
use crate::core::protocol::{Node, Seen, Show};
use crate::core::sorted::{SortedMap, SortedSet};
use crate::protocols::causality::Record;

/// A write, by the server that took it and its how many-th there.
type Id = (NodeId, u32);

/// What the observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Observer {
    record: Record<Clock>,
    pub(super) accused: Accusations,
    /// For each broadcast, by sender and number: the broadcasts that happened before it, a count a
    /// process.
    casts: SortedMap<(NodeId, u64), Vec<u64>>,
    /// How much of its log each process had delivered after its last step, and what it knew then.
    known: Vec<(u64, Vec<u64>)>,
    /// For each write, all writes that its writer had read.
    read: SortedMap<Id, SortedSet<Id>>,
    /// What the clients had read when they were last answered: by server, client and key.
    sessions: SortedMap<(NodeId, NodeId, u32), (Clock, SortedSet<Id>)>,
    /// What each server had of each key after its last step.
    had: SortedMap<(NodeId, u32), SortedSet<Id>>,
    /// Most siblings seen of a key.
    pub(super) most: u64,
}

fn name(n: NodeId) -> String {
    Vector::name(n.0)
}

impl Observer {
    /// Looks at a step.
    pub(super) fn see(&mut self, seen: &Seen<Vector>) {
        let Some(me) = seen.touched else { return };
        let node = seen.nodes[me.at()];
        let clock = &node.durable.clock;
        let spared = seen.notes.contains(&"Restart") && self.record.last(me) != *clock;
        let stamped = (seen.notes.contains(&"Tick") || spared).then(|| clock.clone());
        if let Some(past) = self.record.see(seen, stamped, true) {
            self.compare(me, &node.durable.clock, &past);
        }
        if seen.cfg.broadcast {
            self.see_casts(node, seen.nodes.len());
        }
        if seen.cfg.store {
            self.see_store(node, seen.notes);
        }
    }

    /// Of each process, the last event before the new one, the first that is not before it, and
    /// the last of all decide for every pair, since vectors grow along a process.
    fn compare(&mut self, me: NodeId, clock: &Clock, past: &[u32]) {
        let mut wrong = None;
        for (p, known) in (0..).map(NodeId).zip(past) {
            let before = self.record.event(p, *known);
            if let Some(e) = before.filter(|e| !clock.includes(&e.time) || *clock == e.time) {
                wrong = Some((p, e.time.clone(), "happened before"));
            }
            if p == me {
                continue;
            }
            let beside = |e: &Clock| clock.includes(e) || e.includes(clock);
            let first = self.record.unknown(p, *known).next();
            let ends = first.into_iter().chain(self.record.latest(p, *known));
            if let Some(e) = ends.map(|e| &e.time).find(|e| beside(e)) {
                wrong = Some((p, e.clone(), "is concurrent with"));
            }
        }
        if let Some((p, theirs, stands)) = wrong {
            let why = format!(
                "The event {} of {} {stands} {} of {}, but the vectors say otherwise.",
                super::show::vector(&theirs),
                name(p),
                super::show::vector(clock),
                name(me)
            );
            self.accused.accuse("order-is-reachability", why, vec![p, me]);
        }
    }

    /// Follows deliveries: what happened before a broadcast is what its sender had delivered.
    fn see_casts(&mut self, node: &Node<Vector>, nodes: usize) {
        self.known.resize(nodes, (0, vec![0; nodes]));
        let (mut at, mut known) = std::mem::take(&mut self.known[node.me.at()]);
        if node.durable.log.len() < at {
            // A crash took what was not yet safe: from the start.
            (at, known) = (0, vec![0; nodes]);
        }
        for cast in node.durable.log.iter_from(at) {
            let id = (cast.from, cast.nth());
            if cast.from == node.me {
                known[node.me.at()] = id.1;
                self.casts.insert(id, known.clone());
                continue;
            }
            let before = self.casts.get(&id).cloned().unwrap_or_default();
            let missing = (0..).zip(before.iter().zip(&known)).find(|(k, (needed, has))| {
                let own = u64::from(*k == cast.from.0);
                **needed > **has + own
            });
            if let Some((k, (needed, _))) = missing {
                let why = format!(
                    "{} delivered broadcast {} of {}, but not yet {needed} of {}, which happened before it.",
                    name(node.me),
                    id.1,
                    name(cast.from),
                    name(NodeId(k))
                );
                self.accused.accuse("causal-delivery", why, vec![node.me, cast.from]);
            }
            known.iter_mut().zip(&before).for_each(|(a, b)| *a = (*a).max(*b));
        }
        self.known[node.me.at()] = (node.durable.log.len(), known);
    }

    fn see_store(&mut self, node: &Node<Vector>, notes: &[&str]) {
        let me = node.me;
        if notes.contains(&"Restart") {
            self.had.retain(|(n, _), _| *n != me);
            self.sessions.retain(|(n, ..), _| *n != me);
        }
        let wrote = notes.contains(&"Put").then_some((me, node.durable.writes));
        for (key, entry) in &node.durable.store {
            let ids: SortedSet<Id> = entry.values().map(|w| w.id).collect();
            if let Some(id) = wrote.filter(|id| ids.contains(id)) {
                self.wrote(node, *key, id);
            }
            let had = self.had.insert((me, *key), ids.clone()).unwrap_or_default();
            if had != ids {
                self.most = self.most.max(entry.values().count() as u64);
                self.judge(me, &had, &ids);
            }
            self.follow_sessions(node, *key, &ids);
        }
    }

    /// A new write: its writer had read what it was last told.
    fn wrote(&mut self, node: &Node<Vector>, key: u32, id: Id) {
        let mine = self.sessions.range((node.me, NodeId(0), 0)..=(node.me, NodeId(u16::MAX), key));
        // The session that this write has renewed is the one whose context is another now.
        let writer = mine.filter(|((_, c, k), (context, _))| {
            *k == key && node.state.sessions.get(&(*c, key)).is_some_and(|now| now != context)
        });
        let read = writer.map(|(_, (_, read))| read.clone()).next().unwrap_or_default();
        self.read.insert(id, read);
    }

    fn follow_sessions(&mut self, node: &Node<Vector>, key: u32, ids: &SortedSet<Id>) {
        for ((client, k), context) in node.state.sessions.iter().filter(|((_, k), _)| *k == key) {
            let name = (node.me, *client, *k);
            if self.sessions.get(&name).is_none_or(|(known, _)| known != context) {
                let mut read = ids.clone();
                ids.iter().filter_map(|id| self.read.get(id)).for_each(|r| read.extend(r));
                self.sessions.insert(name, (context.clone(), read));
            }
        }
    }

    fn judge(&mut self, me: NodeId, had: &SortedSet<Id>, ids: &SortedSet<Id>) {
        let reads = |w: &Id, u: &Id| self.read.get(w).is_some_and(|r| r.contains(u));
        let pair = ids.iter().find_map(|w| Some((w, ids.iter().find(|u| reads(w, u))?)));
        let (lost, read) = (had.difference(ids), |u: &&Id| ids.iter().any(|w| reads(w, u)));
        let gone = lost.into_iter().find(|u| !read(u));
        let word = |id: &Id| format!("write {} of {}", id.1, name(id.0));
        if let Some((w, u)) = pair {
            let why = format!(
                "{} keeps {} beside {}, whose writer had read it.",
                name(me),
                word(u),
                word(w)
            );
            self.accused.accuse("no-false-concurrency", why, vec![me]);
        }
        if let Some(u) = gone {
            let why = format!("{} lost {}, which no writer had read.", name(me), word(u));
            self.accused.accuse("no-lost-write", why, vec![me]);
        }
    }
}

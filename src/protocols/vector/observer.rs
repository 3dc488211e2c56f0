//! What only an observer sees: what happened before what, and who had read what.

use super::{ProcessVector, Vector};
use crate::core::declare::Accusations;
use crate::core::ids::NodeId;
use crate::core::long::{LongList, Pack};
use crate::core::protocol::{Node, Seen, Show};
use crate::core::sorted::{SortedMap, SortedSet};
use crate::protocols::causality::CausalRecord;
use serde::{Deserialize, Serialize};

/// A write, by the server that took it and its how many-th there.
type WriteId = (NodeId, u32);

/// Writes of each server: all up to a count, and some beyond.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Writes(SortedMap<NodeId, (u32, SortedSet<u32>)>);

impl Writes {
    fn contains(&self, (server, nth): &WriteId) -> bool {
        self.0.get(server).is_some_and(|(all, some)| nth <= all || some.contains(nth))
    }
    fn take(&mut self, server: NodeId, upto: u32, others: impl Iterator<Item = u32>) {
        let (all, some) = self.0.entry(server).or_default();
        *all = (*all).max(upto);
        others.for_each(|nth| _ = some.insert(nth));
        while some.first().is_some_and(|nth| *nth <= *all + 1) {
            *all = some.pop_first().map_or(*all, |nth| nth.max(*all));
        }
    }
    fn extend(&mut self, ids: &SortedSet<WriteId>) {
        ids.iter().for_each(|(server, nth)| self.take(*server, 0, std::iter::once(*nth)));
    }
    fn merge(&mut self, other: &Writes) {
        other.0.iter().for_each(|(server, (all, some))| {
            self.take(*server, *all, some.iter().copied());
        });
    }
}

/// Something of each write or broadcast, by the server and how many-th it is there, from 1.
type Each<T> = SortedMap<NodeId, LongList<T>>;

fn put<T: Pack + Default>(all: &mut Each<T>, server: NodeId, nth: u64, one: T) {
    let list = all.entry(server).or_default();
    while list.len() + 1 < nth {
        list.push(T::default());
    }
    if list.len() < nth { list.push(one) } else { list.set(nth - 1, one) }
}

fn get<T: Pack + Default>(all: &Each<T>, server: NodeId, nth: u64) -> T {
    let found = nth.checked_sub(1).and_then(|place| all.get(&server)?.get(place));
    found.unwrap_or_default()
}

/// What the observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Observer {
    record: CausalRecord<ProcessVector>,
    pub(super) accused: Accusations,
    /// For each broadcast, by sender and number: the broadcasts that happened before it, a count a
    /// process.
    casts: Each<Vec<u64>>,
    /// How much of its log each process had delivered after its last step, and what it knew then.
    known: Vec<(u64, Vec<u64>)>,
    /// For each write, all writes that its writer had read.
    read: Each<Writes>,
    /// What the clients had read when they were last answered: by server, client and key.
    sessions: SortedMap<(NodeId, NodeId, u32), (ProcessVector, Writes)>,
    /// What each server had of each key after its last step.
    had: SortedMap<(NodeId, u32), SortedSet<WriteId>>,
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
        self.record.tidy(seen, std::iter::empty());
        if seen.cfg.broadcast {
            self.see_casts(node, seen.nodes.len());
        }
        if seen.cfg.store {
            self.see_store(node, seen.notes);
        }
    }

    /// Of each process, the last event before the new one, the first that is not before it, and
    /// the last of all decide for every pair, since vectors grow along a process.
    fn compare(&mut self, me: NodeId, clock: &ProcessVector, past: &[u32]) {
        let mut wrong = None;
        for (p, known) in (0..).map(NodeId).zip(past) {
            let before = self.record.event(p, *known);
            if let Some(e) = before.filter(|e| !clock.includes(&e.time) || *clock == e.time) {
                wrong = Some((p, e.time.clone(), "happened before"));
            }
            if p == me {
                continue;
            }
            let beside = |e: &ProcessVector| clock.includes(e) || e.includes(clock);
            let first = self.record.unknown(p, *known);
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
                put(&mut self.casts, id.0, id.1, known.clone());
                continue;
            }
            let before = get(&self.casts, id.0, id.1);
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
            let ids: SortedSet<WriteId> = entry.values().map(|w| w.id).collect();
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
    fn wrote(&mut self, node: &Node<Vector>, key: u32, id: WriteId) {
        let mine = self.sessions.range((node.me, NodeId(0), 0)..=(node.me, NodeId(u16::MAX), key));
        // The session that this write has renewed is the one whose context is another now.
        let writer = mine.filter(|((_, c, k), (context, _))| {
            *k == key && node.state.sessions.get(&(*c, key)).is_some_and(|now| now != context)
        });
        let read = writer.map(|(_, (_, read))| read.clone()).next().unwrap_or_default();
        put(&mut self.read, id.0, id.1.into(), read);
    }

    fn follow_sessions(&mut self, node: &Node<Vector>, key: u32, ids: &SortedSet<WriteId>) {
        for ((client, k), context) in node.state.sessions.iter().filter(|((_, k), _)| *k == key) {
            let name = (node.me, *client, *k);
            if self.sessions.get(&name).is_none_or(|(known, _)| known != context) {
                let mut read = Writes::default();
                read.extend(ids);
                ids.iter().for_each(|id| read.merge(&get(&self.read, id.0, id.1.into())));
                self.sessions.insert(name, (context.clone(), read));
            }
        }
    }

    fn judge(&mut self, me: NodeId, had: &SortedSet<WriteId>, ids: &SortedSet<WriteId>) {
        let known: Vec<(&WriteId, Writes)> =
            ids.iter().map(|w| (w, get(&self.read, w.0, w.1.into()))).collect();
        let pair = known.iter().find_map(|(w, r)| Some((*w, ids.iter().find(|u| r.contains(u))?)));
        let read = |u: &&WriteId| known.iter().any(|(_, r)| r.contains(u));
        let lost = had.difference(ids);
        let gone = lost.into_iter().find(|u| !read(u));
        let word = |id: &WriteId| format!("write {} of {}", id.1, name(id.0));
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

//! What is claimed of it, checked after every step.

use super::desc::{key_at, place, place_name, places};
use super::*;
use crate::check::history::watch::Watch;
use crate::core::protocol::{Outcome, Show, key_name};
use crate::core::sorted::SortedSet;
use crate::core::view::OpStep;
use std::hash::{Hash, Hasher};

/// How hot the hottest range is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heat {
    /// Which range.
    pub range: Desc,
    /// Its requests a second.
    pub rate: u32,
    /// Those of all ranges.
    pub all: u32,
    /// No key would divide its load.
    pub unsplittable: bool,
}

/// What a scan cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// From which key on, and how many keys.
    pub of: (u32, u32),
    /// Ranges asked.
    pub ranges: u32,
    /// Servers asked.
    pub servers: u32,
    /// Servers that the same scan asks on a hash ring of the same servers.
    pub ring: u32,
}

/// What only an observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observer {
    pub(super) watch: Watch,
    /// The ranges there are, in the order of the axis.
    pub(super) ranges: Vec<Desc>,
    /// Of every range there is the newest descriptor, and which ranges were merged.
    known: SortedMap<RangeId, Desc>,
    merged: SortedSet<RangeId>,
    /// Who became leaseholder, by range and term.
    leaders: SortedMap<(RangeId, u64), NodeSet>,
    /// Keys with an acknowledged write, and what scans under way have to find of them.
    written: SortedSet<u32>,
    scans: SortedMap<OpId, Vec<u32>>,
    /// The last acknowledged write of each client: its number, and which key.
    acknowledged: SortedMap<NodeId, (u32, u32)>,
    /// Requests that came to a server not in charge any more.
    pub(super) bounced: u32,
    /// Inserts in order of their keys, and those of them that did not meet the last range.
    pub(super) inserts: (u32, u32),
    pub(super) heat: Heat,
    pub(super) cost: Option<Cost>,
    /// Moves under way.
    pub(super) moves: u32,
    pub(super) accused: Accusations,
}

// Who led and what was written follows a search's path; figures decide nothing.
impl Hash for Observer {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.watch, &self.leaders, &self.written, &self.scans, &self.accused).hash(h);
        self.acknowledged.hash(h);
        (self.bounced > 0, self.inserts.1 > 0).hash(h);
    }
}

claims! {
    pub(super) PROPERTIES of Ranges:
    "partition" "No Gap, No Overlap",
        "At every instant the newest descriptors that any server holds cover each place of the axis exactly once.",
        "Chang et al. 2006, section 5: each tablet contains all data of a row range, and is assigned to one server at a time";
    "one-leaseholder" "One Leaseholder",
        "At most one server becomes leaseholder of a range in a term.",
        "Ongaro 2014, figure 3.2: Election Safety";
    "right-owner" "Right Owner",
        "No range keeps a key that lies outside of its own interval, however old the descriptor by which the request was sent.",
        "Taft et al. 2020, section 2.3: a request to a range that no longer holds the key is rejected, and routed anew";
    "scan-complete" "Scans Are Complete",
        "A scan returns every key of its interval that was acknowledged before it began, each once, in order.",
        "Chang et al. 2006, section 2: rows are kept in lexicographic order, and scanned in it";
    "alike" "Replicas Alike",
        "Replicas of a range that have applied the same number of entries hold the same.",
        "Ongaro 2014, figure 3.2: State Machine Safety";
    "remembered" "Remembered",
        "A range that is cut off from another remembers which writes to its keys were done, so that none of them is done twice.",
        "Ongaro 2014, section 6.3: sessions are part of the replicated state";
    "linearizable" "Linearizable",
        "Every operation on a key seems to take effect at one instant between its call and its answer.",
        "Herlihy, Wing: Linearizability, 1990" => |_, observer| observer.watch.broken.clone();
}

impl Observer {
    pub(super) fn see(&mut self, seen: &Seen<Ranges>) {
        self.watch.see(Ranges::CALLS, seen.request, seen.ops);
        self.partition(seen);
        self.operations(seen);
        let Some(n) = seen.actor() else { return };
        self.replicas(n, seen);
        self.bounced += seen.notes.iter().filter(|r| **r == "Bounce").count() as u32;
        if seen.notes.contains(&"Write") {
            self.inserted(n, seen);
        }
        if seen.notes.contains(&"Split") {
            self.remembered(n, seen);
        }
        self.measure(seen);
    }

    /// A range was cut off: while it has done nothing of its own, all that was acknowledged of its
    /// keys was done before.
    fn remembered(&mut self, n: &Node<Ranges>, seen: &Seen<Ranges>) {
        let newborn = |(id, r): &(&RangeId, &Arc<RangeReplica>)| {
            let all = seen.nodes.iter().filter_map(|o| o.durable.replicas.get(*id));
            r.life == Life::Live && r.desc.generation == id.born && { all }.all(|o| o.applied <= 1)
        };
        for (id, r) in n.durable.replicas.iter().filter(newborn) {
            let mine =
                self.acknowledged.iter().filter(|(_, (_, key))| r.desc.has(place(seen.cfg, *key)));
            let lost =
                |(c, (nth, _)): &(&NodeId, &(u32, u32))| r.sessions.get(c).is_none_or(|s| s <= nth);
            let Some((_, (_, key))) = { mine }.find(lost) else { continue };
            let why = format!(
                "{} has cut off the range from {}, which does not know that a write of {} was done.",
                Ranges::name(n.me.0),
                place_name(seen.cfg, id.start),
                key_name(*key)
            );
            self.accused.accuse("remembered", why, vec![n.me]);
            return;
        }
    }

    /// The ranges there are: of each the newest descriptor that any server ever had, unless the
    /// range was merged. What a server applied was committed, also if nobody else knows it yet.
    fn newest(&mut self, seen: &Seen<Ranges>) {
        // Nobody else's disk has changed; what was there before is known.
        let some = seen.touched.filter(|_| !self.known.is_empty());
        let nodes = seen.nodes.iter().filter(|n| some.is_none_or(|me| me == n.me));
        for (id, r) in nodes.flat_map(|n| &n.durable.replicas) {
            if self.merged.contains(id) {
                continue;
            }
            match r.life {
                Life::Dead => {
                    self.merged.insert(*id);
                    self.known.remove(id);
                }
                // Who was removed knows what it was last.
                Life::Live | Life::Blank if *id != META && r.desc.generation > 0 => {
                    let known = self.known.entry(*id).or_insert(r.desc);
                    if known.generation < r.desc.generation {
                        *known = r.desc;
                    }
                }
                _ => {}
            }
        }
        self.ranges = self.known.values().copied().collect();
    }

    fn partition(&mut self, seen: &Seen<Ranges>) {
        self.newest(seen);
        let mut at = 0;
        for desc in self.ranges.clone() {
            let [a, b] = [at, desc.id.start].map(|p| place_name(seen.cfg, p));
            let nodes: Vec<NodeId> = desc.members.iter().collect();
            if desc.id.start > at {
                self.accused.accuse(
                    "partition",
                    format!("From {a} to {b} there is no range."),
                    nodes,
                );
            } else if desc.id.start < at {
                self.accused.accuse(
                    "partition",
                    format!("From {b} to {a} there are two ranges."),
                    nodes,
                );
            }
            at = desc.end;
        }
        if at != places(seen.cfg) {
            let a = place_name(seen.cfg, at);
            self.accused.accuse("partition", format!("From {a} on there is no range."), Vec::new());
        }
    }

    fn replicas(&mut self, n: &Node<Ranges>, seen: &Seen<Ranges>) {
        for (id, r) in n.durable.replicas.iter().filter(|(_, r)| r.life == Life::Live) {
            let role = n.state.seats.get(id).map(|s| s.role);
            if role == Some(ReplicaRole::Leaseholder) {
                let all = self.leaders.entry((*id, r.term)).or_default();
                all.insert(n.me);
                if all.len() > 1 {
                    let both: Vec<NodeId> = all.iter().collect();
                    let why = format!(
                        "{} and {} both became leaseholder of the range from {} in term {}.",
                        Ranges::name(both[0].0),
                        Ranges::name(both[1].0),
                        place_name(seen.cfg, id.start),
                        r.term
                    );
                    self.accused.accuse("one-leaseholder", why, both);
                }
            }
            let astray = r.data.keys().find(|p| !r.desc.has(**p));
            if let Some(place) = astray {
                let why = format!(
                    "{} keeps {} in the range from {} to {}.",
                    Ranges::name(n.me.0),
                    place_name(seen.cfg, *place),
                    place_name(seen.cfg, id.start),
                    place_name(seen.cfg, r.desc.end)
                );
                self.accused.accuse("right-owner", why, vec![n.me]);
            }
            let twins = seen.nodes.iter().filter(|o| o.me != n.me);
            let twins = twins.filter_map(|o| Some((o.me, o.durable.replicas.get(id)?)));
            let differs = |(_, o): &(NodeId, &Arc<RangeReplica>)| {
                o.life == Life::Live && o.applied == r.applied && !same(o, r)
            };
            if let Some((other, _)) = { twins }.find(differs) {
                let why = format!(
                    "{} and {} have applied {} entries of the range from {}, and hold different things.",
                    Ranges::name(n.me.0),
                    Ranges::name(other.0),
                    r.applied,
                    place_name(seen.cfg, id.start)
                );
                self.accused.accuse("alike", why, vec![n.me, other]);
            }
        }
    }

    fn operations(&mut self, seen: &Seen<Ranges>) {
        for step in seen.ops {
            if let OpStep::Invoke { op, call, .. } = step
                && let Some(Op::Scan { key, keys }) = Ranges::op(call)
            {
                let within = self.written.range(key..key.saturating_add(keys));
                self.scans.insert(*op, within.copied().collect());
            }
            if let OpStep::Unknown { op } | OpStep::Fail { op, .. } = step {
                self.scans.remove(op);
            }
        }
        for (by, id, op, outcome) in seen.answers {
            let Outcome::Ok(ret) = outcome else { continue };
            match (op, ret) {
                (Op::Put { key, .. }, _) => {
                    self.written.insert(*key);
                    self.acknowledged.insert(id.client, (id.nth, *key));
                }
                (Op::Scan { key, keys }, Ret::Rows { rows, ranges, servers }) => {
                    self.scanned(*by, *id, (*key, *keys), rows);
                    let ring = ring_servers(seen.common.nodes);
                    let of = (*key, *keys);
                    self.cost = Some(Cost { of, ranges: *ranges, servers: *servers, ring });
                }
                _ => {}
            }
        }
    }

    fn scanned(&mut self, by: NodeId, id: OpId, of: (u32, u32), rows: &[(u32, i64)]) {
        let due = self.scans.remove(&id).unwrap_or_default();
        let got: SortedSet<u32> = rows.iter().map(|r| r.0).collect();
        if let Some(lost) = due.iter().find(|k| !got.contains(k)) {
            let why = format!(
                "A scan from {} did not find {}, which was acknowledged before.",
                key_name(of.0),
                key_name(*lost)
            );
            self.accused.accuse("scan-complete", why, vec![by]);
        }
        if rows.windows(2).any(|w| w[0].0 >= w[1].0) {
            let why = format!("A scan from {} is out of order.", key_name(of.0));
            self.accused.accuse("scan-complete", why, vec![by]);
        }
    }

    /// A write was applied first by its leaseholder: did it meet the last range of its bucket?
    fn inserted(&mut self, n: &Node<Ranges>, seen: &Seen<Ranges>) {
        let met = |(id, r): (&RangeId, &Arc<RangeReplica>)| {
            let newest = r.data.keys().next_back()?;
            let leads = n.state.seats.get(id).is_some_and(|s| s.role == ReplicaRole::Leaseholder);
            leads.then_some((*newest, r.desc))
        };
        let found =
            n.durable.replicas.iter().filter_map(met).max_by_key(|(p, _)| key_at(seen.cfg, *p));
        let Some((newest, desc)) = found else { return };
        let key = key_at(seen.cfg, newest);
        if self.inserts.0 <= key {
            self.inserts.0 = key + 1;
            self.inserts.1 += u32::from(desc.end != places(seen.cfg));
        }
    }

    fn measure(&mut self, seen: &Seen<Ranges>) {
        let mut heat = Heat::default();
        self.moves = 0;
        for n in seen.alive() {
            for (id, seat) in
                n.state.seats.iter().filter(|(_, s)| s.role == ReplicaRole::Leaseholder)
            {
                let Some(r) = n.durable.replicas.get(id) else { continue };
                self.moves += u32::from(seat.moving.is_some());
                heat.all += seat.meter.rate;
                if seat.meter.rate > heat.rate {
                    (heat.rate, heat.range) = (seat.meter.rate, r.desc);
                    heat.unsplittable = seat.meter.unsplittable;
                }
            }
        }
        self.heat = heat;
    }
}

/// What replicas that have come equally far have in common.
fn same(a: &RangeReplica, b: &RangeReplica) -> bool {
    (&a.desc, &a.frozen, &a.data, &a.sessions) == (&b.desc, &b.frozen, &b.data, &b.sessions)
        && a.directory == b.directory
}

/// How many of the same servers a hash ring would ask: which keys of an interval there are nobody
/// can tell from it, so every server that owns a part of the ring is asked.
pub(super) fn ring_servers(nodes: u16) -> u32 {
    use crate::algo::hashing::{HashFn, HashNode as Server, Ring};
    let names: Vec<Server> = (0..nodes).map(|n| Server::new(Ranges::name(n))).collect();
    let ring = Ring::virtual_nodes(&names, 16, HashFn::Murmur3);
    ring.points().iter().map(|p| p.1).collect::<SortedSet<u32>>().len() as u32
}

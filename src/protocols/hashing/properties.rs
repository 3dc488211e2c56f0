//! What is claimed of it, checked after every step.

use super::place::{Careless, Table, lists, owners, rack};
use super::*;
use crate::check::history::watch::Watch;
use crate::core::protocol::{Outcome, PropertyKind, Show, Witness, key_name};
use crate::core::sorted::SortedSet;
use std::hash::{Hash, Hasher};

/// What a rule makes of the last change of members, for comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// The rule.
    pub scheme: Scheme,
    /// Keys that changed their owner.
    pub moved: u32,
    /// Keys of the fullest server.
    pub most: u32,
}

/// A write under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Write {
    key: u32,
    version: u32,
    /// The server that carries it out.
    at: NodeId,
    /// The servers that have to have it before it is acknowledged.
    copies: u32,
}

/// What can be said of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Meaning {
    /// Servers that take over what the last change of members moved.
    heirs: u32,
    /// Hundredths of the mean that the fullest member is to have.
    fullest: u32,
    /// Pairs of members that keep copies of some range together, and all pairs.
    together: (u32, u32),
}

/// Rings of more points are not asked which members stand together.
const MOST_POINTS: usize = 8_192;

/// What only an observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observer {
    pub(super) watch: Watch,
    /// The newest table, and the one before it.
    pub(super) table: Table,
    pub(super) before: Table,
    /// What each rule would have made of the step from one to the other.
    pub(super) rules: Vec<Verdict>,
    /// Requests that each server has carried out.
    pub(super) done: SortedMap<NodeId, u32>,
    /// Keys that the last scan found, and servers that it asked.
    scan: Option<(u32, u32)>,
    /// What the table in use means, worked out when it changed.
    meaning: Meaning,
    /// Writes under way.
    writes: SortedMap<OpId, Write>,
    /// First witnesses.
    owned: Option<Witness>,
    lost: Option<Witness>,
    apart: Option<Witness>,
    copied: Option<Witness>,
    moved: Option<Witness>,
}

// What the tables imply is not counted twice.
impl Hash for Observer {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.watch, &self.writes, &self.owned, &self.lost, &self.copied).hash(h);
        (&self.apart, &self.moved).hash(h);
    }
}

pub(super) const PROPERTIES: &[Property<Hashing>] = &[
    Property {
        id: "one-owner",
        title: "One Owner",
        claim: "No key is served by two servers at a time.",
        cite: "DeCandia et al. 2007, section 4.9: a joining node is offered keys, and the others give them up",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.owned.clone(),
    },
    Property {
        id: "no-key-lost",
        title: "No Key Lost",
        claim: "Each key is held by a server, or in a parcel on the disk of the one that gives it away.",
        cite: "DeCandia et al. 2007, section 4.9: the destination confirms what is handed to it",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.lost.clone(),
    },
    Property {
        id: "linearizable",
        title: "Linearizable",
        claim: "Every operation seems to take effect at one instant between its call and its answer.",
        cite: "Herlihy, Wing: Linearizability, 1990",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.watch.broken.clone(),
    },
    Property {
        id: "copied",
        title: "Copied",
        claim: "A write that is acknowledged is on as many disks as there are to be copies, or on every member's.",
        cite: "DeCandia et al. 2007, section 4.3: each key is replicated at N hosts",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.copied.clone(),
    },
    Property {
        id: "copies-apart",
        title: "Copies Apart",
        claim: "The copies of a key stand on different servers, and on different racks while there are enough.",
        cite: "DeCandia et al. 2007, section 4.3: the preference list skips positions, so that it has only distinct physical nodes",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.apart.clone(),
    },
    Property {
        id: "monotone",
        title: "Monotone",
        claim: "A change of members moves no key between two servers that stay.",
        cite: "Karger et al. 1997, definition of monotonicity",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.moved.clone(),
    },
];

impl Observer {
    pub(super) fn see(&mut self, seen: &Seen<Hashing>) {
        self.watch.see(Hashing::CALLS, seen.request, seen.ops);
        self.changed(seen);
        self.places(seen);
        self.copies(seen);
        self.scans(seen);
        let served = |rule: &str| matches!(rule, "Read" | "Write");
        if let Some(n) = seen.touched.filter(|_| seen.notes.iter().any(|r| served(r))) {
            *self.done.entry(n).or_default() += 1;
        }
    }

    fn scans(&mut self, seen: &Seen<Hashing>) {
        for (_, _, _, outcome) in seen.answers {
            if let Outcome::Ok(Ret::Found { keys, asked }) = outcome {
                self.scan = Some((*keys, *asked));
            }
        }
    }

    fn means(&self, cfg: &Config) -> Meaning {
        let to = owners(cfg, &self.table.members, Careless::default());
        let from = owners(cfg, &self.before.members, Careless::default());
        let moved = from.iter().zip(&to).filter(|(a, b)| a != b);
        let heirs: SortedSet<&NodeId> = moved.map(|(_, b)| b).collect();
        let held = |m: &NodeId| to.iter().filter(|o| *o == m).count() as u32;
        let most = self.table.members.iter().map(held).max().unwrap_or(0);
        let n = self.table.members.len() as u32;
        let ring = super::place::ring(cfg, &self.table.members, Careless::default());
        let ring = ring.filter(|r| cfg.copies > 1 && r.points().len() <= MOST_POINTS);
        let hit = ring.map_or(0, |r| r.together(cfg.copies as usize).len() as u32);
        Meaning {
            heirs: heirs.len() as u32,
            fullest: (most * n * 100).checked_div(to.len() as u32).unwrap_or(0),
            together: (hit, n * n.saturating_sub(1) / 2),
        }
    }

    /// The same in sentences.
    pub(super) fn tells(&self) -> Vec<String> {
        let Meaning { heirs, fullest, together: (hit, all) } = self.meaning;
        let mut out = Vec::new();
        if self.table.version > 0 {
            let word = if fullest < 120 { "even" } else { "uneven" };
            out.push(format!(
                "{word}: the fullest of {} is to have {}.{:02} times the mean",
                self.table.members.len(),
                fullest / 100,
                fullest % 100
            ));
        }
        if self.table.version > 1 {
            let servers = if heirs == 1 { "server takes" } else { "servers take" };
            out.push(format!(
                "heirs: {heirs} {servers} over what the last change of members moved"
            ));
        }
        if hit > 0 {
            out.push(format!(
                "{hit} of {all} pairs of members keep copies of one range: if both fail, it has two copies less"
            ));
        }
        if let Some((keys, asked)) = self.scan {
            out.push(format!("scan: {asked} servers had to be asked for {keys} keys in a row"));
        }
        let asked: u32 = self.done.values().sum();
        let most = self.done.values().max().copied().unwrap_or(0);
        let all = most * self.table.members.len() as u32 * 100;
        if let Some(mean) = all.checked_div(asked) {
            out.push(format!(
                "requests: the busiest server has carried out {most} of {asked}, {}.{:02} times the mean",
                mean / 100,
                mean % 100
            ));
        }
        out
    }

    /// A new table: who moves, by every rule.
    fn changed(&mut self, seen: &Seen<Hashing>) {
        let newest = seen.nodes.iter().map(|n| &n.durable.table).max_by_key(|t| t.version);
        let Some(table) = newest.filter(|t| t.version > self.table.version) else { return };
        self.before = std::mem::replace(&mut self.table, table.clone());
        if self.before.version == 0 {
            self.before = self.table.clone();
        }
        let one = |(scheme, _): (Scheme, &str)| {
            let cfg = Config { scheme, ..seen.cfg.clone() };
            let [from, to] =
                [&self.before, &self.table].map(|t| owners(&cfg, &t.members, Careless::default()));
            let moved = from.iter().zip(&to).filter(|(a, b)| a != b).count() as u32;
            let held = |m: &NodeId| to.iter().filter(|o| *o == m).count() as u32;
            let most = self.table.members.iter().map(held).max().unwrap_or(0);
            Verdict { scheme, moved, most }
        };
        self.rules = Scheme::ALL.into_iter().map(one).collect();
        self.meaning = self.means(seen.cfg);
        self.monotone(seen);
    }

    /// Compares what the servers' own lists say, the mutants' included.
    fn monotone(&mut self, seen: &Seen<Hashing>) {
        let Some(n) = seen.nodes.iter().find(|n| n.durable.table == self.table) else { return };
        let spread = n.state.lists.iter().position(|list| !self.well_spread(seen.cfg, list));
        if let Some(key) = spread.filter(|_| self.apart.is_none()) {
            let all: Vec<String> = n.state.lists[key].iter().map(|n| Hashing::name(n.0)).collect();
            let why =
                format!("The copies of {} stand on {}.", key_name(key as u32), all.join(", "));
            self.apart = Some(Witness { why, nodes: n.state.lists[key].clone() });
        }
        let old = seen.nodes.iter().find(|n| n.durable.table == self.before);
        let from = match old {
            Some(old) => old.state.lists.clone(),
            None => lists(seen.cfg, &self.before.members, Careless::default()),
        };
        let stays = |n: &NodeId| self.before.members.contains(n) && self.table.members.contains(n);
        let owners = from.iter().zip(&n.state.lists).enumerate();
        let wrong = owners
            .filter_map(|(key, (a, b))| Some((key, *a.first()?, *b.first()?)))
            .find(|(_, a, b)| a != b && stays(a) && stays(b));
        if let Some((key, a, b)) = wrong.filter(|_| self.moved.is_none()) {
            let (from, to) = (Hashing::name(a.0), Hashing::name(b.0));
            let why =
                format!("{} moves from {from} to {to}, though both stay.", key_name(key as u32));
            self.moved = Some(Witness { why, nodes: vec![a, b] });
        }
    }

    fn well_spread(&self, cfg: &Config, list: &[NodeId]) -> bool {
        let distinct: SortedSet<_> = list.iter().collect();
        let racks: SortedSet<u32> = list.iter().map(|n| rack(cfg, *n)).collect();
        let all: SortedSet<u32> = self.table.members.iter().map(|n| rack(cfg, *n)).collect();
        let wanted = (cfg.copies as usize).min(self.table.members.len());
        distinct.len() == wanted && racks.len() >= wanted.min(all.len())
    }

    /// Each key in one place.
    fn places(&mut self, seen: &Seen<Hashing>) {
        let mut held: Vec<Option<NodeId>> = vec![None; seen.cfg.keys as usize];
        for n in &seen.nodes {
            for key in n.durable.held.keys() {
                let Some(slot) = held.get_mut(*key as usize) else { continue };
                if let (Some(other), None) = (slot.replace(n.me), &self.owned) {
                    let (a, b) = (Hashing::name(other.0), Hashing::name(n.me.0));
                    let why = format!("{} is served by {a} and by {b}.", key_name(*key));
                    self.owned = Some(Witness { why, nodes: vec![other, n.me] });
                }
            }
        }
        let packed: SortedSet<u32> = seen.nodes.iter().flat_map(|n| on_way(n)).collect();
        let gone = (0u32..).zip(&held).find(|(key, h)| h.is_none() && !packed.contains(key));
        if let Some((key, _)) = gone.filter(|_| self.lost.is_none()) {
            let why = format!("{} is held by nobody, and in nobody's parcel.", key_name(key));
            self.lost = Some(Witness { why, nodes: Vec::new() });
        }
    }

    fn copies(&mut self, seen: &Seen<Hashing>) {
        self.follow(seen);
        for (by, op, _, outcome) in seen.answers {
            let (Some(write), Outcome::Ok(_)) = (self.writes.remove(op), outcome) else { continue };
            let have = seen.nodes.iter().filter(|n| has(n, write.key, write.version)).count();
            if have < write.copies as usize && self.copied.is_none() {
                let why = format!(
                    "A write of {} was acknowledged on {have} of {} servers.",
                    key_name(write.key),
                    write.copies
                );
                self.copied = Some(Witness { why, nodes: vec![*by] });
            }
        }
    }

    /// Writes under way, and how many copies their server's table asked for at the least meanwhile:
    /// others may come while the answer is on its way.
    fn follow(&mut self, seen: &Seen<Hashing>) {
        let Some(n) = seen.actor() else { return };
        let copies = seen.cfg.copies.min(n.durable.table.members.len() as u32);
        for write in self.writes.values_mut().filter(|w| w.at == n.me) {
            write.copies = write.copies.min(copies);
        }
        if let Some(op) = seen.request {
            let mine = |i: &Item| i.served.get(&op.client) == Some(&(op.nth + 1));
            let found = n.durable.held.iter().find(|(_, item)| mine(item));
            let write = |(key, item): (&u32, &Item)| Write {
                key: *key,
                version: item.version,
                at: n.me,
                copies,
            };
            self.writes.extend(found.map(|f| (op, write(f))));
        }
    }
}

/// Keys in parcels that a server keeps until they are acknowledged.
pub(super) fn on_way<'a>(n: &'a Node<Hashing>) -> impl Iterator<Item = u32> + 'a {
    let parcels = n.durable.links.iter().flat_map(|l| &l.unacknowledged);
    parcels.flat_map(|p| p.keys.iter().map(|(key, _)| *key))
}

/// Has a server this version of a key, or a newer one, on disk?
fn has(n: &Node<Hashing>, key: u32, version: u32) -> bool {
    let items = [n.durable.held.get(&key), n.durable.copies.get(&key)];
    items.into_iter().flatten().any(|i| i.version >= version)
}

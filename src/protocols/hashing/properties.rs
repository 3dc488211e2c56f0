//! What is claimed of it, checked after every step.

use super::place::{Careless, MemberTable, Places, of, rack};
use super::*;
use crate::check::history::watch::Watch;
use crate::core::protocol::{Outcome, Show, Witness, key_name};
use crate::core::view::{Fact, RuleView};
use std::hash::{Hash, Hasher};

/// A write under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct OpenWrite {
    key: u32,
    version: u32,
    /// The server that carries it out.
    at: NodeId,
    /// The servers that have to have it before it is acknowledged.
    copies: u32,
}

/// What can be said of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct TableMeaning {
    /// Servers that take over what the last change of members moved.
    heirs: u32,
    /// Hundredths of the mean that the fullest member is to have.
    fullest: u32,
    /// Pairs of members that keep copies of some range together, and all pairs.
    together: (u32, u32),
}

/// What the observer knew of a server's keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct KnownKeys {
    /// Those that it serves.
    held: Keys,
    /// These, and those in its parcels.
    has: Keys,
}

/// What only an observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observer {
    pub(super) watch: Watch,
    /// The newest table, and the one before it.
    pub(super) table: MemberTable,
    pub(super) before: MemberTable,
    /// What each rule would have made of the step from one to the other.
    pub(super) rules: Arc<Vec<RuleView>>,
    /// Requests that each server has carried out.
    pub(super) done: SortedMap<NodeId, u32>,
    /// Keys that the last scan found, and servers that it asked.
    scan: Option<(u32, u32)>,
    /// What the table in use means, worked out when it changed.
    meaning: TableMeaning,
    /// Writes under way.
    writes: SortedMap<OpId, OpenWrite>,
    /// The newest acknowledged version of each key.
    safe: SortedMap<u32, u32>,
    /// What each server had after the last step.
    stocks: Vec<KnownKeys>,
    pub(super) accused: Accusations,
}

// What the tables imply is not counted twice.
impl Hash for Observer {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.watch, &self.writes, &self.accused).hash(h);
        if !self.table.gone.is_empty() {
            self.safe.hash(h);
        }
    }
}

claims! {
    pub(super) PROPERTIES of Hashing:
    "one-owner" "One Owner", "No key is served by two servers at a time.",
        "DeCandia et al. 2007, section 4.9: a joining node is offered keys, and the others give them up";
    "no-key-lost" "No Key Lost",
        "Each key is held by a server, or in a parcel on the disk of the one that gives it away; and one that was on a lost disk is back with its last acknowledged write.",
        "DeCandia et al. 2007, section 4.9: the destination confirms what is handed to it";
    "linearizable" "Linearizable",
        "Every operation seems to take effect at one instant between its call and its answer.",
        "Herlihy, Wing: Linearizability, 1990" => |_, observer| observer.watch.broken.clone();
    "copied" "Copied",
        "A write that is acknowledged is on as many disks as there are to be copies, or on every member's.",
        "DeCandia et al. 2007, section 4.3: each key is replicated at N hosts";
    "copies-apart" "Copies Apart",
        "The copies of a key stand on different servers, and on different racks while there are enough.",
        "DeCandia et al. 2007, section 4.3: the preference list skips positions, so that it has only distinct physical nodes";
    "monotone" "Monotone", "A change of members moves no key between two servers that stay.",
        "Karger et al. 1997, definition of monotonicity";
}

impl Observer {
    pub(super) fn see(&mut self, seen: &Seen<Hashing>) {
        self.watch.see(Hashing::CALLS, seen.request, seen.ops);
        let version = self.table.version;
        self.changed(seen);
        self.places(seen, self.table.version != version);
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

    fn means(&self, cfg: &Config) -> TableMeaning {
        let [from, to] = [&self.before, &self.table].map(|t| of(cfg, t, Careless::default()));
        let mut heirs = NodeSet::default();
        moved(&from, &to).for_each(|n| heirs.insert(n));
        let most = to.loads().into_iter().max().unwrap_or(0);
        let n = self.table.members.len() as u32;
        let ring = to.ring.as_ref().filter(|_| cfg.copies > 1);
        let hit = ring.map_or(0, |r| r.together(cfg.copies as usize).len() as u32);
        TableMeaning {
            heirs: heirs.len(),
            fullest: (most * n * 100).checked_div(to.owners.len() as u32).unwrap_or(0),
            together: (hit, n * n.saturating_sub(1) / 2),
        }
    }

    /// The same in sentences.
    pub(super) fn tells(&self) -> Vec<Fact> {
        let TableMeaning { heirs, fullest, together: (hit, all) } = self.meaning;
        let mut out = Vec::new();
        if self.table.version > 0 {
            let word = if fullest < 120 { "even" } else { "uneven" };
            let text = format!(
                "{word}: the fullest of {} is to have {}.{:02} times the mean",
                self.table.members.len(),
                fullest / 100,
                fullest % 100
            );
            out.push(Fact::new(word, text));
        }
        if self.table.version > 1 {
            let servers = if heirs == 1 { "server takes" } else { "servers take" };
            let text =
                format!("heirs: {heirs} {servers} over what the last change of members moved");
            out.push(Fact::of("heirs", heirs, text));
        }
        if hit > 0 {
            let text = format!(
                "{hit} of {all} pairs of members keep copies of one range: if both fail, it has two copies less"
            );
            out.push(Fact::new("shared", text));
        }
        if let Some((keys, asked)) = self.scan {
            let text = format!("scan: {asked} servers had to be asked for {keys} keys in a row");
            out.push(Fact::of("scan", asked, text));
        }
        let asked: u32 = self.done.values().sum();
        let most = self.done.values().max().copied().unwrap_or(0);
        let all = most * self.table.members.len() as u32 * 100;
        if let Some(mean) = all.checked_div(asked) {
            let text = format!(
                "requests: the busiest server has carried out {most} of {asked}, {}.{:02} times the mean",
                mean / 100,
                mean % 100
            );
            out.push(Fact::new("busiest", text));
        }
        out
    }

    /// A new table: who moves, by every rule.
    fn changed(&mut self, seen: &Seen<Hashing>) {
        let newest = seen.nodes.iter().map(|n| &n.durable.table).max_by_key(|t| t.version);
        let Some(table) = newest.filter(|t| t.version > self.table.version) else { return };
        let before = std::mem::replace(&mut self.table, table.clone());
        if before.members == table.members && before.places == table.places {
            return;
        }
        self.before = before;
        if self.before.version == 0 {
            self.before = self.table.clone();
        }
        let one = |(at, (name, cfg)): (usize, (&'static str, Config))| {
            let [from, to] = [&self.before, &self.table].map(|t| of(&cfg, t, Careless::default()));
            let moved = moved(&from, &to).count() as u32;
            let all = self.rules.get(at).map_or(0, |r| r.all) + moved;
            let loads = to.loads();
            RuleView { name, moved, all, most: loads.iter().max().copied().unwrap_or(0), loads }
        };
        self.rules = Arc::new(rivals(seen.cfg).enumerate().map(one).collect());
        self.meaning = self.means(seen.cfg);
        self.monotone(seen);
    }

    /// Compares what the servers' own lists say, the mutants' included.
    fn monotone(&mut self, seen: &Seen<Hashing>) {
        let Some(n) = seen.nodes.iter().find(|n| n.durable.table == self.table) else { return };
        let racks = racks(seen.cfg, &self.table.members);
        let wanted = (seen.cfg.copies as usize).min(self.table.members.len());
        let spread = |list: &[NodeId]| well_spread(seen.cfg, list, wanted, racks);
        let bad = n.state.place.lists().enumerate().find(|(_, list)| !spread(list));
        if let Some((key, list)) = bad {
            let all: Vec<String> = list.iter().map(|n| Hashing::name(n.0)).collect();
            let why =
                format!("The copies of {} stand on {}.", key_name(key as u32), all.join(", "));
            self.accused.accuse("copies-apart", why, list.to_vec());
        }
        let old = seen.nodes.iter().find(|n| n.durable.table == self.before);
        let from = match old {
            Some(old) => old.state.place.clone(),
            None => of(seen.cfg, &self.before, Careless::default()),
        };
        let stays = |n: &NodeId| self.before.members.contains(n) && self.table.members.contains(n);
        let owners = (0..).zip(from.owners.iter().zip(&n.state.place.owners));
        let wrong = owners.filter(|(_, (a, b))| a != b).find(|(_, (a, b))| stays(a) && stays(b));
        if let Some((key, (a, b))) = wrong {
            let (from, to) = (Hashing::name(a.0), Hashing::name(b.0));
            let why = format!("{} moves from {from} to {to}, though both stay.", key_name(key));
            self.accused.accuse("monotone", why, vec![*a, *b]);
        }
    }

    /// Each key in one place. Only who acts, or is told to be gone, has other keys than before.
    fn places(&mut self, seen: &Seen<Hashing>, changed: bool) {
        let first = self.stocks.is_empty();
        self.stocks.resize(seen.nodes.len(), KnownKeys::default());
        let all = first || changed && !self.table.gone.is_empty();
        let touched = seen.touched.map(|n| n.at()).filter(|_| !all);
        let some = match touched {
            Some(n) => n..n + 1,
            None if all => 0..seen.nodes.len(),
            None => 0..0,
        };
        let mut missing = Keys::default();
        for at in some {
            let new = self.stock(seen, at);
            let old = std::mem::replace(&mut self.stocks[at], new);
            let new = &self.stocks[at];
            if !new.held.same(&old.held) {
                let mut came = new.held.clone();
                came.subtract(&old.held);
                if !self.accused.has("one-owner") {
                    let twice = self.twice(at, &came);
                    self.accused.charge("one-owner", twice);
                }
            }
            if !self.stocks[at].has.same(&old.has) {
                let mut went = old.has;
                went.subtract(&self.stocks[at].has);
                missing.add(&went);
            }
        }
        if first || changed {
            missing = Keys::below(seen.cfg.keys);
        }
        // What a loss leaves over is looked at when it has been made good.
        if missing.is_empty() || self.accused.has("no-key-lost") || self.table.loss.is_some() {
            return;
        }
        self.stocks.iter().for_each(|s| missing.subtract(&s.has));
        let why = match missing.iter().next() {
            Some(key) => format!("{} is held by nobody, and in nobody's parcel.", key_name(key)),
            None if changed && !self.table.gone.is_empty() => match self.forgotten(seen) {
                Some(why) => why,
                None => return,
            },
            None => return,
        };
        self.accused.accuse("no-key-lost", why, Vec::new());
    }

    /// What a server has now; one that is gone and down has nothing.
    fn stock(&self, seen: &Seen<Hashing>, at: usize) -> KnownKeys {
        let (node, old) = (&seen.nodes[at], &self.stocks[at]);
        if self.table.gone.has(node.me) && !seen.up[at] {
            return KnownKeys::default();
        }
        let held = &node.durable.held;
        let parcels = Keys::from_iter(node.durable.on_way());
        if parcels.is_empty() {
            return KnownKeys { held: held.clone(), has: held.clone() };
        }
        let mut has = held.clone();
        has.add(&parcels);
        // What stays the same goes on sharing its memory.
        let has = if has == old.has { old.has.clone() } else { has };
        KnownKeys { held: held.clone(), has }
    }

    /// A key that has come to a server while another has it.
    fn twice(&self, at: usize, came: &Keys) -> Option<Witness> {
        let others = self.stocks.iter().enumerate().filter(|(n, _)| *n != at);
        let found = others.filter_map(|(n, s)| Some((s.held.common(came).iter().next()?, n)));
        let (key, other) = found.min()?;
        let [a, b] = [at.min(other), at.max(other)].map(|n| NodeId(n as u16));
        let (one, two) = (Hashing::name(a.0), Hashing::name(b.0));
        let why = format!("{} is served by {one} and by {two}.", key_name(key));
        Some(Witness { why, nodes: vec![a, b] })
    }

    /// A key that is back without its last acknowledged write.
    fn forgotten(&self, seen: &Seen<Hashing>) -> Option<String> {
        let has = |key: u32, least: u32| {
            let left = || seen.nodes.iter().filter(|n| !self.table.gone.has(n.me));
            let mut parcels = left().flat_map(|n| &n.durable.links);
            let mut held = left().filter_map(|n| n.durable.item(key));
            held.any(|i| i.version >= least)
                || parcels.any(|l| {
                    let mut keys = l.unacknowledged.iter().flat_map(|p| &p.keys);
                    keys.any(|(k, i)| *k == key && i.version >= least)
                })
        };
        let (key, _) = self.safe.iter().find(|(key, least)| !has(**key, **least))?;
        Some(format!("{} is back without its last acknowledged write.", key_name(*key)))
    }

    fn copies(&mut self, seen: &Seen<Hashing>) {
        self.follow(seen);
        for (by, op, _, outcome) in seen.answers {
            let (Some(write), Outcome::Ok(_)) = (self.writes.remove(op), outcome) else { continue };
            let safe = self.safe.entry(write.key).or_default();
            *safe = write.version.max(*safe);
            let have = seen.nodes.iter().filter(|n| has(n, write.key, write.version)).count();
            if have < write.copies as usize {
                let why = format!(
                    "A write of {} was acknowledged on {have} of {} servers.",
                    key_name(write.key),
                    write.copies
                );
                self.accused.accuse("copied", why, vec![*by]);
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
            let mine = |i: &StoredKey| i.served.get(&op.client) == Some(&(op.nth + 1));
            let found = n.durable.items.iter().find(|(_, item)| mine(item));
            let write = |(key, item): (&u32, &StoredKey)| OpenWrite {
                key: *key,
                version: item.version,
                at: n.me,
                copies,
            };
            self.writes.extend(found.map(|f| (op, write(f))));
        }
    }
}

/// The other rules, and the ring with one place a server, under the same members.
fn rivals(cfg: &Config) -> impl Iterator<Item = (&'static str, Config)> {
    let rule = |(scheme, name)| (name, Config { scheme, ..cfg.clone() });
    let lone = Config { scheme: Scheme::Ring, vnodes: 1, ..cfg.clone() };
    Scheme::ALL
        .iter()
        .copied()
        .zip(Scheme::NAMES.iter().copied())
        .map(rule)
        .chain([("one place", lone)])
}

/// The new owners of keys that change theirs.
fn moved(from: &Places, to: &Places) -> impl Iterator<Item = NodeId> {
    from.owners.iter().zip(&to.owners).filter(|(a, b)| a != b).map(|(_, b)| *b)
}

fn racks(cfg: &Config, nodes: &[NodeId]) -> usize {
    nodes.iter().map(|n| NodeId(rack(cfg, *n) as u16)).collect::<NodeSet>().len() as usize
}

fn well_spread(cfg: &Config, list: &[NodeId], wanted: usize, all: usize) -> bool {
    let distinct = list.iter().copied().collect::<NodeSet>().len() as usize;
    distinct == wanted && racks(cfg, list) >= wanted.min(all)
}

/// Has a server this version of a key, or a newer one, on disk?
fn has(n: &Node<Hashing>, key: u32, version: u32) -> bool {
    let items = [n.durable.items.get(&key), n.durable.copies.get(&key)];
    items.into_iter().flatten().any(|i| i.version >= version)
}

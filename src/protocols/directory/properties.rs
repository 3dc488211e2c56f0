//! What is claimed of it, checked after every step.

use super::storm::LoadStorm;
use super::table::{entries, shard};
use super::*;
use crate::check::history::watch::Watch;
use crate::core::long::LongList;
use crate::core::protocol::{Show, key_name};
use std::hash::{Hash, Hasher};

/// What only an observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observer {
    pub(super) watch: Watch,
    pub(super) storm: LoadStorm,
    /// Each shard's newest version ever owned, and by whom.
    pub(super) newest: SortedMap<u32, ShardPlace>,
    /// What each server had of shards it had given away.
    old: SortedMap<NodeId, SortedMap<u32, Items>>,
    /// The last write of each client to a key that was acknowledged.
    acked: SortedMap<(u32, NodeId), u32>,
    /// Entries of the directory's log ever applied, and how many of them by each server.
    pub(super) table: LongList<raft::LogEntry>,
    applied: SortedMap<NodeId, u64>,
    pub(super) accused: Accusations,
}

// What servers' states imply is not counted twice.
impl Hash for Observer {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.watch, &self.storm, &self.acked, &self.table, &self.accused).hash(h);
    }
}

claims! {
    pub(super) PROPERTIES of Directory:
    "one-owner" "One Owner", "No shard is owned by two servers at a time.",
        "MongoDB Manual, Sharding, Range Migration Procedure: the destination owns the range once the migration is committed, and the source no longer does";
    "writes-at-owner" "Writes at the Owner", "A server changes no shard that it has given away.",
        "Ghemawat et al. 2003, section 4.5: a stale replica will never be involved in a mutation";
    "nothing-lost" "Nothing Lost",
        "A write that was acknowledged is where its shard is: at the owner, or in parcels on the way to the next.",
        "MongoDB Manual, Sharding, Range Migration Procedure: deletion waits until the destination has everything";
    "bounded-bounces" "Bounded Bounces",
        "A router tries a request again no more often than it may.",
        "MongoDB, src/mongo/s: kMaxNumStaleVersionRetries";
    "linearizable" "Linearizable",
        "Every operation seems to take effect at one instant between its call and its answer.",
        "Herlihy, Wing: Linearizability, 1990" => |_, observer| observer.watch.broken.clone();
    "one-table" "One Table",
        "No two servers of the directory apply different entries at the same place of the log.",
        "Raft (extended), figure 3: State Machine Safety";
    "entry-follows" "The Entry Follows",
        "The directory names nobody as owner who has not taken the shard under that version.",
        "MongoDB Manual, Sharding, Range Migration Procedure: the metadata is updated when the destination has everything";
}

impl Observer {
    pub(super) fn see(&mut self, seen: &Seen<Directory>) {
        self.watch.see(Directory::CALLS, seen.request, seen.ops);
        self.storm.see(seen);
        self.acknowledged(seen);
        let Some(n) = seen.actor() else { return };
        match &n.state {
            State::Directory(c) => self.table(seen, n, c),
            State::Router(r) => self.bounces(seen, n, r),
            State::Keeper(_) => {
                self.owners(seen);
                self.untouched(n);
                self.kept(seen);
            }
        }
    }

    fn owners(&mut self, seen: &Seen<Directory>) {
        let mut owners: SortedMap<u32, NodeId> = SortedMap::new();
        for n in &seen.nodes {
            for (shard, o) in &n.durable.owned {
                if let Some(other) = owners.insert(*shard, n.me) {
                    let [a, b] = [other, n.me].map(|n| Directory::name(n.0));
                    let why = format!("Shard {shard} is owned by {a} and by {b}.");
                    self.accused.accuse("one-owner", why, vec![other, n.me]);
                }
                let place = ShardPlace { version: o.version, owner: n.me };
                let newest = self.newest.entry(*shard).or_insert(place);
                if o.version > newest.version {
                    *newest = place;
                }
            }
        }
    }

    /// What a server has given away stays as it was.
    fn untouched(&mut self, n: &Node<Directory>) {
        let before = self.old.entry(n.me).or_default();
        let changed = before.iter().find_map(|(shard, items)| {
            let now = n.durable.old.get(shard)?;
            let (key, _) = now.iter().find(|(key, item)| items.get(key) != Some(item))?;
            Some((*shard, *key))
        });
        before.clone_from(&n.durable.old);
        if let Some((shard, key)) = changed {
            let me = Directory::name(n.me.0);
            let whose = self.newest.get(&shard).map(|p| Directory::name(p.owner.0));
            let why = format!(
                "{me} wrote {} to its old copy of shard {shard}, which {} has taken.",
                key_name(key),
                whose.unwrap_or_default()
            );
            self.accused.accuse("writes-at-owner", why, vec![n.me]);
        }
    }

    /// Whoever is told that a write is done may count on it.
    fn acknowledged(&mut self, seen: &Seen<Directory>) {
        let mut new = false;
        for (_, op, call, outcome) in seen.answers {
            if let (Op::Put { key, .. }, Outcome::Ok(_)) = (call, outcome) {
                let last = self.acked.entry((*key, op.client)).or_default();
                *last = (*last).max(op.nth + 1);
                new = true;
            }
        }
        if new {
            self.kept(seen);
        }
    }

    fn kept(&mut self, seen: &Seen<Directory>) {
        let here: SortedMap<u32, Vec<&Items>> = whole(seen);
        let gone = (0..seen.cfg.shards).find(|s| !here.contains_key(s));
        if let Some(shard) =
            gone.filter(|_| !ServerPlan::of(seen.cfg, seen.common.nodes).keepers().is_empty())
        {
            let why = format!("Shard {shard} is owned by nobody, and in nobody's parcels.");
            self.accused.accuse("nothing-lost", why, Vec::new());
        }
        let lost = self.acked.iter().find(|((key, client), nth)| {
            let parts = here.get(&shard(seen.cfg, *key)).into_iter().flatten();
            let served = parts.filter_map(|items| items.get(key)?.served.get(client));
            served.max().is_none_or(|last| last < *nth)
        });
        if let Some(((key, client), _)) = lost {
            let (key, client) = (key_name(*key), *client);
            let why = format!("A write of {key} was acknowledged, and its shard does not have it.");
            self.accused.accuse("nothing-lost", why, vec![client]);
        }
    }

    fn bounces(&mut self, seen: &Seen<Directory>, n: &Node<Directory>, r: &Router) {
        let most = seen.cfg.bounces;
        if let Some((client, p)) = r.pending.iter().find(|(_, p)| p.bounces > most) {
            let me = Directory::name(n.me.0);
            let why =
                format!("{me} has tried a request {} times again; {most} are allowed.", p.bounces);
            self.accused.accuse("bounded-bounces", why, vec![n.me, *client]);
        }
    }

    fn table(&mut self, seen: &Seen<Directory>, n: &Node<Directory>, c: &Control) {
        let done = self.applied.entry(n.me).or_default();
        // It has restarted, and applies its log anew.
        *done = (*done).min(c.raft.last_applied);
        let from = *done + 1;
        let new = from..=c.raft.last_applied;
        let grown = !new.is_empty();
        *done = c.raft.last_applied;
        for (index, entry) in { new }.zip(n.durable.raft.log.iter_from(from)) {
            match self.table.get(index - 1) {
                None => self.table.push(entry),
                Some(first) if first == entry => {}
                Some(_) => {
                    let me = Directory::name(n.me.0);
                    let why = format!(
                        "{me} applied another entry at index {index} than was applied there before."
                    );
                    self.accused.accuse("one-table", why, vec![n.me]);
                }
            }
        }
        if grown {
            self.follows(seen, n, c);
        }
    }

    fn follows(&mut self, seen: &Seen<Directory>, n: &Node<Directory>, c: &Control) {
        if self.newest.is_empty() {
            self.owners(seen);
        }
        for (shard, e) in entries(seen.cfg, &c.raft.store) {
            let taken = self.newest.get(&shard);
            let ahead = taken.is_none_or(|p| e.version > p.version);
            let other = taken.is_some_and(|p| e.version == p.version && e.owner != p.owner);
            if ahead || other {
                let [me, owner] = [n.me, e.owner].map(|n| Directory::name(n.0));
                let why = format!(
                    "By {me}'s table {owner} owns shard {shard} under version {}, which it has not taken.",
                    e.version
                );
                self.accused.accuse("entry-follows", why, vec![n.me, e.owner]);
            }
        }
    }
}

/// Where each shard is, in one piece or in several: at its owner, or with its last parcel not yet
/// taken.
fn whole<'a>(seen: &Seen<'a, Directory>) -> SortedMap<u32, Vec<&'a Items>> {
    let mut here: SortedMap<u32, Vec<&Items>> = SortedMap::new();
    for n in &seen.nodes {
        for (shard, o) in &n.durable.owned {
            here.entry(*shard).or_default().push(&o.items);
        }
    }
    // The giver's old copy is what its parcels say, all together. Of a parcel that was taken, the
    // giver may not know yet.
    let mut on_way: SortedMap<u32, (u32, &Items)> = SortedMap::new();
    for n in &seen.nodes {
        for p in n.durable.links.iter().flat_map(|l| &l.unacknowledged).filter(|p| p.last) {
            let newer = on_way.get(&p.shard).is_none_or(|(version, _)| p.version > *version);
            if let (true, Some(items)) = (newer, n.durable.old.get(&p.shard)) {
                on_way.insert(p.shard, (p.version, items));
            }
        }
    }
    for (shard, (_, items)) in on_way {
        here.entry(shard).or_insert_with(|| vec![items]);
    }
    here
}

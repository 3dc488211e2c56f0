//! What is claimed of it, checked after every step.

use super::*;
use crate::check::history::watch::{Agreement, Watch, convergence, ordered, sequential};
use crate::core::protocol::{Outcome, Show, key_name};
use std::hash::{Hash, Hasher};

/// What only an observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observer {
    watch: Watch,
    /// The newest acknowledged write, a key each.
    acked: SortedMap<u32, WriteStamp>,
    /// Stamps of writes under way.
    stamps: SortedMap<OpId, (u32, WriteStamp)>,
    /// What each server had after the last step.
    last: Vec<SortedMap<u32, StampedValue>>,
    pub(super) accused: Accusations,
    agreement: Agreement,
}

// `stamps` and `last` follow from the servers, which a search's fingerprint has already.
impl Hash for Observer {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.watch, &self.acked, &self.accused).hash(h);
    }
}

// What it knows names clients and operations only.
rewrite!(Observer {});

claims! {
    pub(super) PROPERTIES of Quorum:
    "linearizable" "Linearizable",
        "Every operation seems to take effect at one instant between its call and its answer.",
        "Herlihy, Wing: Linearizability, 1990; for this protocol Attiya, Bar-Noy, Dolev, 1995"
        => |_, observer| observer.watch.broken.clone();
    = ordered(|_, observer: &Observer| observer.watch.orders.ordered().cloned());
    = sequential(|_, observer: &Observer| observer.watch.orders.sequential().cloned());
    "acknowledged-is-stored" "Acknowledged Is Stored",
        "A write that was acknowledged, or a newer one, is on the disks of W servers.",
        "DeCandia et al.: Dynamo, 2007, section 4.5";
    "versions-grow" "Versions Grow",
        "A server that runs never replaces a version by an older one.",
        "Attiya, Bar-Noy, Dolev, 1995, section 3: labels of a processor never decrease";
    = convergence();
}

impl Observer {
    pub(super) fn see(&mut self, seen: &Seen<Quorum>) {
        self.watch.weaker = true;
        self.watch.see(Quorum::CALLS, seen.request, seen.ops);
        self.learn_stamps(seen);
        self.acknowledged(seen);
        self.grows(seen);
        let mut up = self.last.iter().zip(&seen.up).filter(|(_, up)| **up).map(|(s, _)| s);
        let first = up.next();
        self.agreement.see(seen.cut, seen.now, up.all(|s| Some(s) == first));
    }

    /// Is this claim not decided any more?
    pub fn undecided(&self, property: &str) -> bool {
        self.watch.undecided(property)
    }

    /// What came of the last cut.
    pub fn agreement(&self) -> Option<String> {
        self.agreement.sentence()
    }

    /// How requests ended that a live server received.
    pub fn availability(&self) -> Option<String> {
        self.watch.sentence()
    }

    /// How many different versions of a key the servers hold.
    pub fn versions(&self, key: u32) -> usize {
        let held = self.last.iter().map(|s| s.get(&key).copied().unwrap_or_default());
        held.collect::<SortedSet<StampedValue>>().len()
    }

    /// Keys that somebody has.
    pub fn keys(&self) -> SortedSet<u32> {
        self.last.iter().flat_map(|s| s.keys().copied()).collect()
    }

    fn learn_stamps(&mut self, seen: &Seen<Quorum>) {
        let Some(n) = seen.actor().filter(|_| seen.notes.contains(&"Write")) else { return };
        let writes = n.state.pending.iter().filter(|(_, p)| p.value.is_some());
        self.stamps.extend(writes.map(|(id, p)| (*id, (p.key, p.best.stamp))));
    }

    fn acknowledged(&mut self, seen: &Seen<Quorum>) {
        for (_, op, _, outcome) in seen.answers {
            let known = self.stamps.remove(op);
            if let (Some((key, stamp)), Outcome::Ok(Ret::Done)) = (known, outcome) {
                let newest = self.acked.entry(key).or_default();
                *newest = stamp.max(*newest);
            }
        }
        let needed = (seen.cfg.w as usize).min(seen.nodes.len());
        for (key, stamp) in &self.acked {
            let have = seen.nodes.iter().filter(|n| n.durable.version(*key).stamp >= *stamp);
            let have = have.count();
            if have < needed {
                let key = key_name(*key);
                let why = format!(
                    "A write of {key} was acknowledged, but only {have} of the {needed} servers it was promised to still have it."
                );
                self.accused.accuse("acknowledged-is-stored", why, Vec::new());
            }
        }
    }

    fn grows(&mut self, seen: &Seen<Quorum>) {
        self.last.resize(seen.nodes.len(), SortedMap::new());
        for (n, last) in seen.nodes.iter().zip(&mut self.last) {
            if n.durable.store == *last {
                continue;
            }
            let up = seen.up.get(n.me.at()) == Some(&true);
            let older = last.iter().find(|(key, v)| n.durable.version(**key).stamp < v.stamp);
            if let Some((key, _)) = older.filter(|_| up) {
                let (who, key) = (Quorum::name(n.me.0), key_name(*key));
                let why = format!("{who} replaced its version of {key} by an older one.");
                self.accused.accuse("versions-grow", why, vec![n.me]);
            }
            last.clone_from(&n.durable.store);
        }
    }
}

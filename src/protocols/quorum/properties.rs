//! What is claimed of it, checked after every step.

use super::*;
use crate::check::history::watch::Watch;
use crate::core::protocol::{Outcome, PropertyKind, Show, Witness, key_name};
use std::hash::{Hash, Hasher};

/// What only an observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observer {
    watch: Watch,
    /// The newest acknowledged write, a key each.
    acked: SortedMap<u32, Stamp>,
    /// Stamps of writes under way.
    stamps: SortedMap<OpId, (u32, Stamp)>,
    /// What each server had after the last step.
    last: Vec<SortedMap<u32, Version>>,
    lost: Option<Witness>,
    back: Option<Witness>,
}

// `stamps` and `last` follow from the servers, which a search's fingerprint has already; and the
// words of an accusation matter less than its claim.
impl Hash for Observer {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.watch, &self.acked, self.lost.is_some(), self.back.is_some()).hash(h);
    }
}

pub(super) const PROPERTIES: &[Property<Quorum>] = &[
    Property {
        id: "linearizable",
        title: "Linearizable",
        claim: "Every operation seems to take effect at one instant between its call and its answer.",
        cite: "Herlihy, Wing: Linearizability, 1990; for this protocol Attiya, Bar-Noy, Dolev, 1995",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.watch.broken.clone(),
    },
    Property {
        id: "acknowledged-is-stored",
        title: "Acknowledged Is Stored",
        claim: "A write that was acknowledged, or a newer one, is on the disks of W servers.",
        cite: "DeCandia et al.: Dynamo, 2007, section 4.5",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.lost.clone(),
    },
    Property {
        id: "versions-grow",
        title: "Versions Grow",
        claim: "A server that runs never replaces a version by an older one.",
        cite: "Attiya, Bar-Noy, Dolev, 1995, section 3: labels of a processor never decrease",
        kind: PropertyKind::Safety,
        check: |_, observer| observer.back.clone(),
    },
];

impl Observer {
    pub(super) fn see(&mut self, seen: &Seen<Quorum>) {
        self.watch.see(Quorum::CALLS, seen.request, seen.ops);
        self.learn_stamps(seen);
        self.acknowledged(seen);
        self.grows(seen);
    }

    /// How requests ended that a live server received.
    pub fn availability(&self) -> Option<String> {
        self.watch.sentence()
    }

    /// How many different versions of a key the servers hold.
    pub fn versions(&self, key: u32) -> usize {
        let held = self.last.iter().map(|s| s.get(&key).copied().unwrap_or_default());
        held.collect::<SortedSet<Version>>().len()
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
            if have < needed && self.lost.is_none() {
                let key = key_name(*key);
                let why = format!(
                    "A write of {key} was acknowledged, but only {have} of the {needed} servers it was promised to still have it."
                );
                self.lost = Some(Witness { why, nodes: Vec::new() });
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
            if let Some((key, _)) = older.filter(|_| up && self.back.is_none()) {
                let (who, key) = (Quorum::name(n.me.0), key_name(*key));
                let why = format!("{who} replaced its version of {key} by an older one.");
                self.back = Some(Witness { why, nodes: vec![n.me] });
            }
            last.clone_from(&n.durable.store);
        }
    }
}

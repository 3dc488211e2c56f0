//! The four session guarantees (Terry et al. 1994) and causal memory (Ahamad et al. 1995) of a run
//! on registers that still grows.
//!
//! Every write has a version, and versions have one order, by which the servers too decide which
//! of two writes stays (a version order, as Adya 1999 has it). What a read saw is then older than
//! what the session had done, or it is not: nothing is searched. Two guarantees speak of servers
//! (a server that shows a write shows what comes before it); they are judged on what each shows.

use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::{Witness, key_name};
use crate::core::sorted::SortedMap;
use std::hash::{Hash, Hasher};

/// Writes asked for of which it is not known what became.
const MOST_ASKED: usize = 64;

/// A write's version; the newer of two is the larger.
pub trait SessionVersion: Copy + Ord + Hash {
    /// What was written.
    fn value(&self) -> i64;
    /// By which operation.
    fn by(&self) -> OpId;
}

/// The newest version of each key.
pub type Newest<V> = SortedMap<u32, V>;

/// What can be broken, in the order of [`SessionWatch::found`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarantee {
    /// A read sees the session's own writes.
    ReadYourWrites,
    /// A read sees what earlier reads of the session saw.
    MonotonicReads,
    /// Who sees a write sees what its session had read before.
    WritesFollowReads,
    /// Who sees a write sees what its session had written before.
    MonotonicWrites,
    /// A read sees all that what the session knows of depends on.
    Causal,
}

impl Guarantee {
    /// All of them.
    pub const ALL: [Guarantee; 5] = [
        Guarantee::ReadYourWrites,
        Guarantee::MonotonicReads,
        Guarantee::WritesFollowReads,
        Guarantee::MonotonicWrites,
        Guarantee::Causal,
    ];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Guarantee::ReadYourWrites => "read your writes",
            Guarantee::MonotonicReads => "monotonic reads",
            Guarantee::WritesFollowReads => "writes follow reads",
            Guarantee::MonotonicWrites => "monotonic writes",
            Guarantee::Causal => "causal",
        }
    }
}

/// What a session has done and come to depend on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SessionPast<V> {
    wrote: Newest<V>,
    read: Newest<V>,
    /// Its causal past: its own writes, what it has read, and their pasts.
    past: Newest<V>,
}

impl<V> Default for SessionPast<V> {
    fn default() -> Self {
        SessionPast { wrote: SortedMap::new(), read: SortedMap::new(), past: SortedMap::new() }
    }
}

/// A write, and its session just before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SessionWrite<V> {
    key: u32,
    before: SessionPast<V>,
}

/// A watch over the sessions of a run; a client is a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionWatch<V> {
    sessions: SortedMap<NodeId, SessionPast<V>>,
    /// Operations that may still be carried out, and their sessions when they were asked for.
    asked: SortedMap<OpId, SessionPast<V>>,
    made: SortedMap<V, SessionWrite<V>>,
    /// The first pair that breaks each of [`Guarantee::ALL`].
    found: [Option<Witness>; 5],
    /// For each session, what was broken.
    broken: SortedMap<NodeId, [bool; 5]>,
}

impl<V> Default for SessionWatch<V> {
    fn default() -> Self {
        SessionWatch {
            sessions: SortedMap::new(),
            asked: SortedMap::new(),
            made: SortedMap::new(),
            found: [const { None }; 5],
            broken: SortedMap::new(),
        }
    }
}

// The words of an accusation matter less than its claim.
impl<V: Hash> Hash for SessionWatch<V> {
    fn hash<H: Hasher>(&self, h: &mut H) {
        let found = self.found.each_ref().map(Option::is_some);
        (&self.sessions, &self.asked, &self.made, found).hash(h);
    }
}

/// What processes are called.
pub type Called<'a> = &'a dyn Fn(NodeId) -> String;

impl<V: SessionVersion> SessionWatch<V> {
    /// The first violation of a guarantee.
    pub fn found(&self, guarantee: Guarantee) -> Option<&Witness> {
        self.found[guarantee as usize].as_ref()
    }

    /// What each session has lost so far, in sentences.
    pub fn lamps(&self, called: Called) -> Vec<String> {
        let lost = |all: &[bool; 5]| {
            let names = Guarantee::ALL.iter().filter(|g| all[**g as usize]).map(|g| g.name());
            names.collect::<Vec<_>>().join(", ")
        };
        self.broken.iter().map(|(c, all)| format!("{} lost {}", called(*c), lost(all))).collect()
    }

    /// A client asks to write.
    pub fn asks(&mut self, op: OpId) {
        let session = self.sessions.entry(op.client).or_default().clone();
        self.asked.insert(op, session);
        // What was given up long ago may still come; a bound keeps long runs small.
        while self.asked.len() > MOST_ASKED {
            self.asked.pop_first();
        }
    }

    /// It will not be written any more.
    pub fn fails(&mut self, op: OpId) {
        self.asked.remove(&op);
    }

    /// A server has taken a write.
    pub fn takes(&mut self, key: u32, version: V) {
        if let Some(before) = self.asked.remove(&version.by()) {
            self.made.insert(version, SessionWrite { key, before });
        }
    }

    /// A client learns that its write is done.
    pub fn wrote(&mut self, key: u32, version: V, called: Called) {
        self.takes(key, version);
        let client = version.by().client;
        let session = self.sessions.entry(client).or_default().clone();
        let orders = [
            (Guarantee::MonotonicWrites, session.wrote.get(&key), "written"),
            (Guarantee::WritesFollowReads, session.read.get(&key), "read"),
            (Guarantee::Causal, session.past.get(&key), "known of"),
        ];
        for (guarantee, before, how) in orders {
            if let Some(before) = before.filter(|v| version < **v) {
                let why = format!(
                    "{} wrote {}; it counts as older than {}, which {} had {how} before.",
                    called(client),
                    text(key, Some(&version)),
                    text(key, Some(before)),
                    called(client)
                );
                self.breaks(guarantee, client, why, vec![client]);
            }
        }
        let session = self.sessions.entry(client).or_default();
        raise(&mut session.wrote, key, version);
        raise(&mut session.past, key, version);
    }

    /// A client learns what a key holds.
    pub fn read(&mut self, client: NodeId, key: u32, saw: Option<V>, called: Called) {
        let session = self.sessions.entry(client).or_default().clone();
        let who = called(client);
        let misses = |known: Option<&V>| known.copied().filter(|v| saw < Some(*v));
        let now = text(key, saw.as_ref());
        if let Some(own) = misses(session.wrote.get(&key)) {
            let why = format!("{who} wrote {} and then read {now}.", text(key, Some(&own)));
            self.breaks(Guarantee::ReadYourWrites, client, why, vec![client]);
        }
        if let Some(seen) = misses(session.read.get(&key)) {
            let why = format!("{who} read {} and then {now}.", text(key, Some(&seen)));
            self.breaks(Guarantee::MonotonicReads, client, why, vec![client]);
        }
        if let Some(past) = misses(session.past.get(&key)) {
            let past = text(key, Some(&past));
            let why = format!("{who} read {now}, though what it knew of depends on {past}.");
            self.breaks(Guarantee::Causal, client, why, vec![client]);
        }
        let Some(saw) = saw else { return };
        let before = self.made.get(&saw).map(|m| m.before.past.clone());
        let session = self.sessions.entry(client).or_default();
        raise(&mut session.read, key, saw);
        for (key, version) in before.into_iter().flatten().chain([(key, saw)]) {
            raise(&mut session.past, key, version);
        }
    }

    /// What a server shows to whoever asks.
    pub fn shows(&mut self, server: NodeId, store: &Newest<V>, called: Called) {
        let mut broken = Vec::new();
        for version in store.values() {
            let Some(SessionWrite { key, before }) = self.made.get(version) else { continue };
            let rules = [
                (Guarantee::MonotonicWrites, &before.wrote, "written"),
                (Guarantee::WritesFollowReads, &before.read, "read"),
            ];
            for (guarantee, before, how) in rules {
                let lacks = |(k, v): &(&u32, &V)| *k != key && store.get(*k) < Some(*v);
                let Some((k, v)) = before.iter().find(lacks) else { continue };
                let client = version.by().client;
                let why = format!(
                    "{} shows {} but {}, though {} had {how} {} before.",
                    called(server),
                    text(*key, Some(version)),
                    text(*k, store.get(k)),
                    called(client),
                    text(*k, Some(v))
                );
                broken.push((guarantee, client, why));
            }
        }
        for (guarantee, client, why) in broken {
            self.breaks(guarantee, client, why, vec![client, server]);
        }
    }

    /// Forgets writes that every server shows something newer than.
    pub fn forgets<'a>(&mut self, stores: impl Iterator<Item = &'a Newest<V>> + Clone)
    where
        V: 'a,
    {
        self.made.retain(|v, made| {
            stores.clone().any(|s| s.get(&made.key).is_none_or(|newest| newest <= v))
        });
    }

    fn breaks(&mut self, guarantee: Guarantee, client: NodeId, why: String, nodes: Vec<NodeId>) {
        self.broken.entry(client).or_default()[guarantee as usize] = true;
        self.found[guarantee as usize].get_or_insert(Witness { why, nodes });
    }
}

fn raise<V: Ord + Copy>(newest: &mut Newest<V>, key: u32, version: V) {
    let entry = newest.entry(key).or_insert(version);
    *entry = version.max(*entry);
}

/// `x=3`, or `x=nil`.
fn text<V: SessionVersion>(key: u32, version: Option<&V>) -> String {
    let value = version.map_or("nil".into(), |v| v.value().to_string());
    format!("{}={value}", key_name(key))
}

#[cfg(test)]
mod tests;

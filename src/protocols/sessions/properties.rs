//! What is claimed of it, checked after every step.

use super::*;
use crate::check::history::sessions::{Guarantee, Newest, SessionWatch as Watch};
use crate::core::protocol::{Outcome, Show, Witness, client_name, key_name};
use crate::core::view::OpStep;
use std::hash::{Hash, Hasher};

/// What only an observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observer {
    watch: Watch<WriteVersion>,
    servers: u16,
    /// What each server showed after the last step.
    shown: Vec<Newest<WriteVersion>>,
    pub(super) accused: Accusations,
}

// `shown` follows from the servers, which a search's fingerprint has already.
impl Hash for Observer {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.watch, &self.accused).hash(h);
    }
}

// Where servers are alike the primary has made all versions, and it keeps its name.
rewrite!(Observer {});

claims! {
    pub(super) PROPERTIES of Sessions:
    "read-your-writes" "Read Your Writes",
        "A read sees the session's own earlier writes, or newer ones.",
        "Terry et al. 1994, section 3.1" => |_, o| o.watch.found(Guarantee::ReadYourWrites).cloned();
    "monotonic-reads" "Monotonic Reads",
        "A read sees nothing older than an earlier read of the session saw.",
        "Terry et al. 1994, section 3.2" => |_, o| o.watch.found(Guarantee::MonotonicReads).cloned();
    "writes-follow-reads" "Writes Follow Reads",
        "A server that shows a write shows what its session had read before it.",
        "Terry et al. 1994, section 3.3" => |_, o| o.watch.found(Guarantee::WritesFollowReads).cloned();
    "monotonic-writes" "Monotonic Writes",
        "A server that shows a write shows what its session had written before it.",
        "Terry et al. 1994, section 3.4" => |_, o| o.watch.found(Guarantee::MonotonicWrites).cloned();
    "causal" "Causal (all four)",
        "A read sees nothing older than what the session's past depends on.",
        "Brzezinski, Sobaniec, Wawrzyniak 2004: causal consistency requires all four guarantees"
        => |_, o| o.watch.found(Guarantee::Causal).cloned();
    "convergence" "Convergence",
        "Servers that have seen the same writes hold the same values: with causal, this is causal+.",
        "Lloyd et al.: Don't Settle for Eventual (COPS), SOSP 2011, section 3.1";
}

impl Observer {
    pub(super) fn see(&mut self, seen: &Seen<Sessions>) {
        let servers = seen.common.nodes;
        self.servers = servers;
        let called = |n: NodeId| name(n, servers);
        self.shown.resize(seen.nodes.len(), Newest::new());
        for step in seen.ops {
            match step {
                OpStep::Invoke { op, call, .. } => {
                    if let Some(Op::Put { .. }) = Op::of(call) {
                        self.watch.asks(*op);
                    }
                }
                OpStep::Fail { op, .. } => self.watch.fails(*op),
                _ => {}
            }
        }
        self.stores(seen);
        for (_, id, op, outcome) in seen.answers {
            match (op, outcome) {
                (Op::Put { key, .. }, Outcome::Ok(Ret::Done(version))) => {
                    self.watch.wrote(*key, *version, &called);
                }
                (Op::Get { key, .. }, Outcome::Ok(Ret::Value(saw))) => {
                    self.watch.read(id.client, *key, *saw, &called);
                }
                _ => {}
            }
        }
    }

    /// Which guarantees each session has lost.
    pub fn lamps(&self) -> Vec<String> {
        self.watch.lamps(&|n| name(n, self.servers))
    }

    /// How many different versions of a key the servers show.
    pub fn versions(&self, key: u32) -> usize {
        let all: crate::core::sorted::SortedSet<_> =
            self.shown.iter().map(|s| s.get(&key)).collect();
        all.len()
    }

    /// Keys that somebody has.
    pub fn keys(&self) -> crate::core::sorted::SortedSet<u32> {
        self.shown.iter().flat_map(|s| s.keys().copied()).collect()
    }

    fn stores(&mut self, seen: &Seen<Sessions>) {
        let Some(n) = seen.actor() else { return };
        let (store, last) = (&n.durable.store, &mut self.shown[n.me.at()]);
        if store != last {
            for (key, version) in store.iter().filter(|(k, v)| last.get(*k) != Some(*v)) {
                self.watch.takes(*key, *version);
            }
            last.clone_from(store);
            self.watch.shows(n.me, store, &|n| name(n, seen.common.nodes));
            self.watch.forgets(self.shown.iter());
        }
        if !self.accused.has("convergence") {
            let two = seen.alive().find_map(|other| apart(n, other));
            self.accused.charge("convergence", two);
        }
    }
}

/// Two servers that have seen the same and hold different values.
fn apart(a: &Node<Sessions>, b: &Node<Sessions>) -> Option<Witness> {
    if a.durable.seen != b.durable.seen || a.durable.store == b.durable.store {
        return None;
    }
    let both = a.durable.store.keys().chain(b.durable.store.keys());
    let of = |n: &Node<Sessions>, key: u32| {
        let value = n.durable.store.get(&key).map_or("nil".into(), |v| v.value.to_string());
        format!("{} has {}={value}", Sessions::name(n.me.0), key_name(key))
    };
    let key = both.copied().find(|k| a.durable.store.get(k) != b.durable.store.get(k))?;
    let why = format!("{} and {}, though both have seen the same writes.", of(a, key), of(b, key));
    Some(Witness { why, nodes: vec![a.me, b.me] })
}

fn name(n: NodeId, servers: u16) -> String {
    match n.0.checked_sub(servers) {
        Some(client) => client_name(Sessions::FIRST_CLIENT, client),
        None => Sessions::name(n.0),
    }
}

//! What only an observer sees, and what is claimed.

use super::*;
use crate::core::protocol::{
    Outcome, Property, PropertyKind, Show, Witness, client_name, key_name,
};
use crate::core::sorted::SortedSet;
use crate::core::view::Fact;
use std::hash::{Hash, Hasher};

/// What the observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observer {
    pub(super) accused: Accusations,
    /// The last update of each server that its client was told of.
    acked: SortedMap<NodeId, u64>,
    /// What each client read last.
    read: SortedMap<(NodeId, u32), KeyState>,
    /// The first read that went back, in words.
    back: Option<String>,
    /// Reads that went back, and all reads.
    reads: (u32, u32),
    /// How many stores differ.
    states: usize,
    /// When somebody wrote last, and when all agreed after that.
    wrote: u64,
    agreed: Option<u64>,
    /// Of the last update: who has not heard, who spreads it, who is tired of it.
    epidemic: Option<(u32, u32, u32)>,
    latest: Option<UpdateId>,
}

// What follows from the servers, and times, are not what a search recognises.
impl Hash for Observer {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.accused, self.back.is_some(), &self.acked, &self.read, self.latest).hash(h);
    }
}

rewrite!(Observer { acked, read, latest });

claims! {
    pub(super) PROPERTIES of Eventual:
    "strong-eventual" "Strong Eventual Convergence",
        "Servers that have heard of the same updates hold the same values.",
        "Shapiro, Preguica, Baquero, Zawirski 2011, definition 2.3";
    "acknowledged-is-kept" "Acknowledged Is Kept",
        "The server that acknowledged an update has it on its disk.",
        "Vogels 2008: a write that was accepted becomes visible in the end";
    = Property {
        kind: PropertyKind::Liveness,
        id: "convergence",
        title: "Eventual Convergence",
        claim: "If nobody writes any more, all servers come to hold the same values.",
        cite: "Vogels 2008; Alpern, Schneider: Defining Liveness, 1985: no finite run is beyond remedy",
        check: |_, _| None,
    };
}

impl Observer {
    pub(super) fn see(&mut self, seen: &Seen<Eventual>) {
        self.answers(seen);
        let Some(me) = seen.touched else { return };
        let node = seen.nodes[me.at()];
        if !self.accused.has("strong-eventual") {
            let two = seen.actor().and_then(|n| seen.alive().find_map(|o| apart(n, o)));
            self.accused.charge("strong-eventual", two);
        }
        let acked = self.acked.get(&me).copied().unwrap_or(0);
        if acked > 0 && !node.durable.heard.has(&(me, acked)) {
            let who = Eventual::name(me.0);
            let why = format!("{who} acknowledged its update {acked} and does not have it.");
            self.accused.accuse("acknowledged-is-kept", why, vec![me]);
        }
        if seen.notes.contains(&"Write") {
            self.wrote = seen.now;
            self.latest = Some((me, node.durable.heard.next(me).1 - 1));
        }
        self.measure(seen);
    }

    fn answers(&mut self, seen: &Seen<Eventual>) {
        for (_, op, asked, outcome) in seen.answers {
            match (asked, outcome) {
                (_, Outcome::Ok(Ret::Done((server, nth)))) => {
                    let last = self.acked.entry(*server).or_default();
                    *last = (*last).max(*nth);
                }
                (Op::Get { key }, Outcome::Ok(Ret::Holds(cell))) => {
                    self.reads.1 += 1;
                    let last = self.read.insert((op.client, *key), cell.clone());
                    let Some(last) = last.filter(|l| l != cell && cell.is_within(l)) else {
                        continue;
                    };
                    self.reads.0 += 1;
                    let client = op.client.0 - seen.common.nodes;
                    let who = client_name(Eventual::FIRST_CLIENT, client);
                    let (key, last, now) = (key_name(*key), last.text(), cell.text());
                    let words = || {
                        format!("a read went back: {who} read {key}={last} and then {key}={now}")
                    };
                    self.back.get_or_insert_with(words);
                }
                _ => {}
            }
        }
    }

    fn measure(&mut self, seen: &Seen<Eventual>) {
        let alive: Vec<_> = seen.alive().collect();
        let mut states: Vec<&SortedMap<u32, KeyState>> = Vec::new();
        for n in &alive {
            if !states.contains(&&n.durable.store) {
                states.push(&n.durable.store);
            }
        }
        self.states = states.len();
        let agree =
            self.states <= 1 && alive.iter().all(|n| n.durable.heard == alive[0].durable.heard);
        self.agreed = if agree { self.agreed.or(Some(seen.now)) } else { None };
        self.epidemic = self.latest.map(|id| {
            let (mut s, mut i, mut r) = (0, 0, 0);
            for n in &seen.nodes {
                match (n.durable.heard.has(&id), n.state.hot.contains_key(&id)) {
                    (false, _) => s += 1,
                    (_, true) => i += 1,
                    _ => r += 1,
                }
            }
            (s, i, r)
        });
    }

    /// Of the last update: susceptible, infective, removed.
    pub fn epidemic(&self) -> Option<(u32, u32, u32)> {
        self.epidemic
    }

    /// What is worth saying.
    pub(super) fn facts(&self) -> Vec<Fact> {
        let mut all = Vec::new();
        let ms = |us: u64| us / 1_000;
        match (self.agreed, self.states) {
            (Some(at), _) if self.latest.is_some() => {
                let after = ms(at.saturating_sub(self.wrote));
                let text = format!("all agree, {after} ms after the last write: stable so far");
                all.push(Fact::new("all-agree", text));
            }
            (_, 0 | 1) => {}
            (_, n) => all.push(Fact::new("states", format!("{n} different states"))),
        }
        if let Some((s, i, r)) = self.epidemic {
            let text =
                format!("of the last update {s} have not heard, {i} spread it, {r} are tired");
            all.push(Fact::new("rumour", text));
            if i == 0 && s > 0 {
                let text = format!("the rumour died out: {s} have not heard");
                all.push(Fact::new("rumour-died", text));
            }
        }
        all.extend(self.back.clone().map(|text| Fact::new("read-went-back", text)));
        if self.reads.1 > 0 {
            let text = format!("{} of {} reads went back", self.reads.0, self.reads.1);
            all.push(Fact::new("reads-back", text));
        }
        all
    }
}

/// Two servers that have heard the same and hold different values.
fn apart(a: &Node<Eventual>, b: &Node<Eventual>) -> Option<Witness> {
    if a.durable.heard != b.durable.heard || a.durable.store == b.durable.store {
        return None;
    }
    let keys: SortedSet<u32> =
        a.durable.store.keys().chain(b.durable.store.keys()).copied().collect();
    let key = keys.into_iter().find(|k| a.durable.store.get(k) != b.durable.store.get(k))?;
    let has = |n: &Node<Eventual>| {
        let text = n.durable.store.get(&key).map_or("nil".into(), KeyState::text);
        format!("{} has {}={text}", Eventual::name(n.me.0), key_name(key))
    };
    let why = format!("{} and {}, though both have heard of the same updates.", has(a), has(b));
    Some(Witness { why, nodes: vec![a.me, b.me] })
}

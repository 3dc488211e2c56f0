//! Figure 3 of the paper, checked after every step, and exactly-once application (section 8).
//!
//! What only an observer can know (who ever led, what was ever committed) is kept here.

use super::*;
use crate::core::protocol::{PropertyKind, Witness};
use std::hash::{Hash, Hasher};

/// What the observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observer {
    /// Who became leader in a term.
    pub leaders: BTreeMap<u64, NodeSet>,
    /// Entries ever committed, with the term of the server that first held them so.
    pub committed: Vec<(u64, Entry)>,
    /// Each server as it was before the step: its log, its term if it led, what it had applied.
    last: Vec<Last>,
    broken: BTreeMap<&'static str, Witness>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Last {
    log: Log,
    led: Option<u64>,
    applied: u64,
}

// `last` follows from the servers themselves, which a search's fingerprint has already.
impl Hash for Observer {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.leaders, &self.committed, &self.broken).hash(h);
    }
}

macro_rules! claim {
    ($id:literal, $title:literal, $claim:literal, $cite:literal) => {
        Property {
            id: $id,
            title: $title,
            claim: $claim,
            cite: $cite,
            kind: PropertyKind::Safety,
            check: |_, observer| observer.broken.get($id).cloned(),
        }
    };
}

/// Figure 3, and section 8's sessions.
pub const PROPERTIES: &[Property<Raft>] = &[
    claim!(
        "election-safety",
        "Election Safety",
        "At most one leader can be elected in a given term.",
        "Raft (extended), figure 3 and section 5.2"
    ),
    claim!(
        "leader-append-only",
        "Leader Append-Only",
        "A leader never overwrites or deletes entries in its log; it only appends new entries.",
        "Raft (extended), figure 3 and section 5.3"
    ),
    claim!(
        "log-matching",
        "Log Matching",
        "If two logs contain an entry with the same index and term, then the logs are identical in all entries up through the given index.",
        "Raft (extended), figure 3 and section 5.3"
    ),
    claim!(
        "leader-completeness",
        "Leader Completeness",
        "If a log entry is committed in a given term, then that entry will be present in the logs of the leaders for all higher-numbered terms.",
        "Raft (extended), figure 3 and section 5.4"
    ),
    claim!(
        "state-machine-safety",
        "State Machine Safety",
        "If a server has applied a log entry at a given index to its state machine, no other server will ever apply a different log entry for the same index.",
        "Raft (extended), figure 3 and section 5.4.3"
    ),
    claim!(
        "exactly-once",
        "Exactly Once",
        "A client's request takes effect at most once, however often it is sent.",
        "Raft (extended), section 8"
    ),
];

impl Observer {
    /// Looks at a step.
    pub(super) fn see(&mut self, seen: &Seen<Raft>) {
        self.last.resize(seen.nodes.len(), Last::default());
        let Some(n) = seen.actor() else { return };
        self.election_safety(n, seen);
        self.leader_append_only(n);
        if !self.last[n.me.at()].log.same(&n.durable.log) {
            self.log_matching(n, seen);
        }
        self.commits(n, seen);
        if seen.notes.contains(&"BecomeLeader") {
            self.leader_completeness(n);
        }
        self.applies(n);
        let led = (n.state.role == Role::Leader).then_some(n.durable.current_term);
        self.last[n.me.at()] =
            Last { log: n.durable.log.clone(), led, applied: n.state.last_applied };
    }

    fn accuse(&mut self, id: &'static str, why: String, nodes: Vec<NodeId>) {
        self.broken.entry(id).or_insert(Witness { why, nodes });
    }

    fn election_safety(&mut self, n: &Node<Raft>, seen: &Seen<Raft>) {
        if !seen.notes.contains(&"BecomeLeader") {
            return;
        }
        let term = n.durable.current_term;
        let leaders = self.leaders.entry(term).or_default();
        leaders.insert(n.me);
        let all: Vec<NodeId> = leaders.iter().collect();
        if all.len() > 1 {
            let why = format!(
                "S{} and S{} were both elected in term {term}.",
                all[0].0 + 1,
                all[1].0 + 1
            );
            self.accuse("election-safety", why, all);
        }
    }

    fn leader_append_only(&mut self, n: &Node<Raft>) {
        let last = &self.last[n.me.at()];
        let leads = n.state.role == Role::Leader;
        // Becoming leader counts: the paper's leader never deletes, from its first moment on.
        let elected = leads && last.led != Some(n.durable.current_term);
        if !leads || last.log.same(&n.durable.log) {
            return;
        }
        let old = last.log.entries();
        let kept = old.iter().zip(n.durable.log.entries()).take_while(|(a, b)| a == b).count();
        if kept < old.len() {
            let when = if elected { "on its election" } else { "while it led" };
            let (me, term) = (n.me.0 + 1, n.durable.current_term);
            let why = format!("S{me}, leader of term {term}, lost its entry {} {when}.", kept + 1);
            self.accuse("leader-append-only", why, vec![n.me]);
        }
    }

    fn log_matching(&mut self, n: &Node<Raft>, seen: &Seen<Raft>) {
        for other in &seen.nodes {
            let (a, b) = (&n.durable.log, &other.durable.log);
            if other.me == n.me || a.same(b) {
                continue;
            }
            let pairs = a.entries().iter().zip(b.entries());
            let Some(last) = pairs.clone().rposition(|(x, y)| x.term == y.term) else { continue };
            if let Some(first) = pairs.take(last + 1).position(|(x, y)| x != y) {
                let why = format!(
                    "S{} and S{} agree on the term at index {} but differ at index {}.",
                    n.me.0 + 1,
                    other.me.0 + 1,
                    last + 1,
                    first + 1
                );
                self.accuse("log-matching", why, vec![n.me, other.me]);
            }
        }
    }

    /// Records what became committed, and holds it against leaders of higher terms.
    fn commits(&mut self, n: &Node<Raft>, seen: &Seen<Raft>) {
        while (self.committed.len() as u64) < n.state.commit_index {
            let index = self.committed.len() as u64 + 1;
            let Some(entry) = n.durable.log.get(index) else { return };
            let term = n.durable.current_term;
            self.committed.push((term, entry.clone()));
            let lacking = seen.alive().find(|l| {
                l.state.role == Role::Leader
                    && l.durable.current_term > term
                    && l.durable.log.get(index) != Some(entry)
            });
            if let Some(leader) = lacking {
                self.lacks(leader, index, term);
            }
        }
    }

    fn lacks(&mut self, leader: &Node<Raft>, index: u64, term: u64) {
        let (me, own) = (leader.me.0 + 1, leader.durable.current_term);
        let why = format!(
            "Entry {index} was committed in term {term}, but S{me}, leader of term {own}, does not have it."
        );
        self.accuse("leader-completeness", why, vec![leader.me]);
    }

    fn leader_completeness(&mut self, n: &Node<Raft>) {
        let missing = (1..).zip(&self.committed).find(|(index, (term, entry))| {
            *term < n.durable.current_term && n.durable.log.get(*index) != Some(entry)
        });
        if let Some((index, (term, _))) = missing {
            let term = *term;
            self.lacks(n, index, term);
        }
    }

    fn applies(&mut self, n: &Node<Raft>) {
        let before = self.last[n.me.at()].applied;
        if n.state.last_applied == before {
            return;
        }
        for index in before + 1..=n.state.last_applied {
            let known = self.committed.get(index as usize - 1).map(|(_, e)| e);
            if known != n.durable.log.get(index) {
                let why = format!(
                    "S{} applied another entry at index {index} than was applied before.",
                    n.me.0 + 1
                );
                self.accuse("state-machine-safety", why, vec![n.me]);
            }
        }
        let mut fold = Store::default();
        for entry in n.durable.log.entries().iter().take(n.state.last_applied as usize) {
            if let Command::Client { id, op } = &entry.command {
                fold.apply(*id, op, false);
            }
        }
        if fold.values != n.state.store.values {
            let why = format!(
                "S{}'s store is not what its log says once repeated requests count once.",
                n.me.0 + 1
            );
            self.accuse("exactly-once", why, vec![n.me]);
        }
    }
}

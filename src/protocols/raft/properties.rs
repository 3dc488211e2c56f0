//! Figure 3 of the paper, checked after every step, and exactly-once application (section 8).
//!
//! What only an observer can know (who ever led, what was ever committed) is kept here.

use super::*;
use crate::check::history::watch::{Agreement, Watch, convergence, ordered, sequential};
use crate::core::protocol::{Outcome, Show};
use crate::core::sorted::SortedSet;
use std::hash::{Hash, Hasher};

/// What the observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observer {
    /// Who became leader in a term.
    pub leaders: SortedMap<u64, NodeSet>,
    /// Entries ever committed,
    pub committed: Log,
    /// and the term of the server that first held them so: each with the first index it is true of.
    terms: Vec<(u64, u64)>,
    /// Each server as it was before the step.
    last: Vec<Last>,
    /// What clients asked and learned.
    watch: Watch,
    /// Acknowledged, and not committed yet.
    acked: SortedSet<OpId>,
    agreement: Agreement,
    pub(super) accused: Accusations,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Last {
    log: Log,
    /// Its term, if it led.
    led: Option<u64>,
    applied: u64,
    /// What applying its log up to there says, each request counted once.
    fold: Store,
}

// `last` follows from the servers themselves, which a search's fingerprint has already.
impl Hash for Observer {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.leaders, &self.committed, &self.terms).hash(h);
        (&self.accused, &self.watch, &self.acked).hash(h);
    }
}

rewrite!(Observer { leaders });

claims! {
    /// Figure 3, and section 8's sessions.
    pub PROPERTIES of Raft:
    "election-safety" "Election Safety", "At most one leader can be elected in a given term.",
        "Raft (extended), figure 3 and section 5.2";
    "leader-append-only" "Leader Append-Only",
        "A leader never overwrites or deletes entries in its log; it only appends new entries.",
        "Raft (extended), figure 3 and section 5.3";
    "log-matching" "Log Matching",
        "If two logs contain an entry with the same index and term, then the logs are identical in all entries up through the given index.",
        "Raft (extended), figure 3 and section 5.3";
    "leader-completeness" "Leader Completeness",
        "If a log entry is committed in a given term, then that entry will be present in the logs of the leaders for all higher-numbered terms.",
        "Raft (extended), figure 3 and section 5.4";
    "state-machine-safety" "State Machine Safety",
        "If a server has applied a log entry at a given index to its state machine, no other server will ever apply a different log entry for the same index.",
        "Raft (extended), figure 3 and section 5.4.3";
    "exactly-once" "Exactly Once",
        "A client's request takes effect at most once, however often it is sent.",
        "Raft (extended), section 8";
    "linearizable" "Linearizable",
        "Every operation seems to take effect at one instant between its call and its answer.",
        "Herlihy, Wing: Linearizability, 1990; Raft (extended), section 8"
        => |_, observer| observer.watch.broken.clone();
    = ordered(|_, observer: &Observer| observer.watch.orders.ordered().cloned());
    = sequential(|_, observer: &Observer| observer.watch.orders.sequential().cloned());
    "acknowledged-is-kept" "Acknowledged Is Kept",
        "An update that was acknowledged is in somebody's log.",
        "Raft (extended), section 5.3: a leader answers once the entry is committed; Kleppmann 2015: lost acknowledged writes";
    = convergence();
}

impl Observer {
    /// Looks at a step.
    pub(super) fn see(&mut self, seen: &Seen<Raft>) {
        self.last.resize(seen.nodes.len(), Last::default());
        self.watch.weaker = true;
        self.watch.see(Raft::CALLS, seen.request, seen.ops);
        self.acknowledged(seen);
        let mut up = seen.alive().map(|n| (n.state.last_applied, n.durable.log.len()));
        let first = up.next();
        self.agreement.see(seen.cut, seen.now, up.all(|n| Some(n) == first));
        let Some(n) = seen.actor() else { return };
        let elected = seen.notes.contains(&"BecomeLeader");
        if elected {
            self.election_safety(n);
        }
        if !self.last[n.me.at()].log.same(&n.durable.log) {
            let kept = self.last[n.me.at()].log.common(&n.durable.log);
            self.leader_append_only(n, kept);
            self.log_matching(n, kept, seen);
        }
        self.commits(n, seen);
        if elected {
            self.leader_completeness(n);
        }
        self.applies(n);
        let last = &mut self.last[n.me.at()];
        last.led = (n.state.role == Role::Leader).then_some(n.durable.current_term);
        last.log = n.durable.log.clone();
    }

    /// How requests ended that a live server received.
    pub fn availability(&self) -> Option<String> {
        self.watch.sentence()
    }

    /// What came of the last cut.
    pub fn agreement(&self) -> Option<String> {
        self.agreement.sentence()
    }

    /// Is this claim not decided any more?
    pub fn undecided(&self, property: &str) -> bool {
        self.watch.undecided(property)
    }

    /// What was acknowledged is in a log, until it is committed.
    fn acknowledged(&mut self, seen: &Seen<Raft>) {
        let of = |e: &LogEntry, id: &OpId| matches!(&e.command, LogCommand::Client { id: i, .. } if i == id);
        for (_, id, op, outcome) in seen.answers {
            let done = matches!(outcome, Outcome::Ok(Ret::Done | Ret::Swapped(true)));
            if done && !matches!(op, Op::Get { .. }) {
                self.acked.insert(*id);
            }
        }
        if self.acked.is_empty() {
            return;
        }
        let committed = &self.committed;
        self.acked.retain(|id| !committed.iter().rev().any(|e| of(&e, id)));
        let logs = || seen.nodes.iter().map(|n| &n.durable.log);
        let kept = |id: &OpId| logs().any(|log| log.iter().rev().any(|e| of(&e, id)));
        if let Some(id) = self.acked.iter().find(|id| !kept(id)) {
            let (nodes, nth) = (vec![id.client], id.nth + 1);
            let why = format!(
                "Operation {nth} of a client was acknowledged, and no log has it any more."
            );
            self.accused.accuse("acknowledged-is-kept", why, nodes);
        }
    }

    fn election_safety(&mut self, n: &Node<Raft>) {
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
            self.accused.accuse("election-safety", why, all);
        }
    }

    /// `kept` is how much of its log the server still has.
    fn leader_append_only(&mut self, n: &Node<Raft>, kept: u64) {
        let last = &self.last[n.me.at()];
        // Becoming leader counts: the paper's leader never deletes, from its first moment on.
        if n.state.role == Role::Leader && kept < last.log.len() {
            let still = last.led == Some(n.durable.current_term);
            let when = if still { "while it led" } else { "on its election" };
            let (me, term) = (n.me.0 + 1, n.durable.current_term);
            let why = format!("S{me}, leader of term {term}, lost its entry {} {when}.", kept + 1);
            self.accused.accuse("leader-append-only", why, vec![n.me]);
        }
    }

    /// What lies before `kept` was compared when it was new, so only the last of it counts: if the
    /// terms agree there, all before is the same.
    fn log_matching(&mut self, n: &Node<Raft>, kept: u64, seen: &Seen<Raft>) {
        let mine = &n.durable.log;
        for other in seen.nodes.iter().filter(|o| o.me != n.me) {
            let theirs = &other.durable.log;
            let new = kept + 1..=mine.len().min(theirs.len());
            let Some(agree) = new.rev().find(|i| mine.term(*i) == theirs.term(*i)) else {
                continue;
            };
            let differ = (kept.max(1)..=agree).find(|i| mine.get(*i) != theirs.get(*i));
            if let Some(differ) = differ {
                let (a, b) = (n.me.0 + 1, other.me.0 + 1);
                let why = format!(
                    "S{a} and S{b} agree on the term at index {agree} but differ at index {differ}."
                );
                self.accused.accuse("log-matching", why, vec![n.me, other.me]);
            }
        }
    }

    /// Records what became committed, and holds it against leaders of higher terms.
    fn commits(&mut self, n: &Node<Raft>, seen: &Seen<Raft>) {
        while self.committed.len() < n.state.commit_index {
            let index = self.committed.len() + 1;
            let Some(entry) = n.durable.log.get(index) else { return };
            let term = n.durable.current_term;
            self.committed.push(entry.clone());
            if self.terms.last().is_none_or(|(_, last)| *last != term) {
                self.terms.push((index, term));
            }
            let lacking = seen.alive().find(|l| {
                l.state.role == Role::Leader
                    && l.durable.current_term > term
                    && l.durable.log.get(index).as_ref() != Some(&entry)
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
        self.accused.accuse("leader-completeness", why, vec![leader.me]);
    }

    fn leader_completeness(&mut self, n: &Node<Raft>) {
        let first = self.committed.common(&n.durable.log) + 1;
        if first > self.committed.len() {
            return;
        }
        let mine = n.durable.log.iter_from(first).map(Some).chain(std::iter::repeat(None));
        let chosen = self.committed.iter_from(first).zip(mine);
        for (index, (entry, mine)) in (first..).zip(chosen) {
            let term = self.term(index);
            if term < n.durable.current_term && mine != Some(entry) {
                return self.lacks(n, index, term);
            }
        }
    }

    /// The term of the server that first held a committed entry so.
    fn term(&self, index: u64) -> u64 {
        let after = self.terms.partition_point(|(first, _)| *first <= index);
        after.checked_sub(1).map_or(0, |at| self.terms[at].1)
    }

    fn applies(&mut self, n: &Node<Raft>) {
        let mut last = std::mem::take(&mut self.last[n.me.at()]);
        if n.state.last_applied < last.applied {
            // It has restarted, and applies its log anew.
            last.applied = 0;
            last.fold = Store::default();
        }
        let grown = n.state.last_applied > last.applied;
        let mut mine = n.durable.log.iter_from(last.applied + 1);
        let committed = self.committed.clone();
        let mut chosen = committed.iter_from(last.applied + 1);
        while last.applied < n.state.last_applied {
            last.applied += 1;
            let index = last.applied;
            let entry = mine.next();
            if chosen.next() != entry {
                let why = format!(
                    "S{} applied another entry at index {index} than was applied before.",
                    n.me.0 + 1
                );
                self.accused.accuse("state-machine-safety", why, vec![n.me]);
            }
            if let Some(LogEntry { command: LogCommand::Client { id, op }, .. }) = entry {
                last.fold.apply(id, &op, false);
            }
        }
        if grown && last.fold.values != n.state.store.values {
            let why = format!(
                "S{}'s store is not what its log says once repeated requests count once.",
                n.me.0 + 1
            );
            self.accused.accuse("exactly-once", why, vec![n.me]);
        }
        self.last[n.me.at()] = last;
    }
}

//! Raft: one leader per term orders a log that a majority keeps.
//!
//! *Models*: leader election with randomised timeouts, log replication with conflict back-off, the
//! commit rule of section 5.4.2, a replicated key-value store with client sessions. What must be on
//! disk before an answer leaves (term, vote, log) is persisted behind a barrier.
//!
//! *Leaves out*: membership changes, snapshots, PreVote, ReadIndex and leases; reads go through the
//! log, or to any server's own store where a knob says so.
//!
//! *Checks*: the five properties of the paper's figure 3, exactly-once application, and that what clients
//! learn is linearizable.
//!
//! *Paper*: Ongaro, Ousterhout: In Search of an Understandable Consensus Algorithm (extended
//! version), 2014. Rules carry the names they have in Ongaro's raft.tla.

mod hero;
mod log;
mod properties;
mod rules;
mod show;
mod stories;
#[cfg(test)]
mod tests;

pub use log::{Log, LogCommand, LogEntry};
pub use properties::{Observer, PROPERTIES};

use super::catalog::{self, Scene};
use crate::core::config::Common;
use crate::core::declare::*;
use crate::core::ids::{NodeId, NodeSet, OpId};
use crate::core::protocol::{Context, Node, Protocol, Seen};
use crate::core::sorted::SortedMap;
use crate::core::view::Layout;
use serde::{Deserialize, Serialize};

/// The protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Raft;

/// The scene.
pub const SCENE: Scene = Scene {
    id: "raft",
    title: "Raft",
    family: "Consensus",
    line: "One leader per term orders a log that a majority keeps.",
    seed_phrases: &["Raft", "Leader election + log replication. Understandable. etcd, CockroachDB"],
    sources: &[
        "Ongaro, Ousterhout: In Search of an Understandable Consensus Algorithm (extended version), 2014",
        "Ongaro: raft.tla, the specification that names the rules",
    ],
    leaves_out: "Membership changes, snapshots, PreVote, ReadIndex and leases; reads go through the log.",
    layout: Layout::Circle,
    presets: PRESETS,
    hero: hero::HERO,
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| catalog::make::<Raft>(PRESETS, setup),
    info: catalog::info::<Raft>,
    others: &[],
};

presets! {
    PRESETS:
    "paper" "Raft paper", "2014", "Raft (extended), section 9.3: election timeouts drawn from 150-300 ms":
        "raft.election-low" = 150_000, "raft.election-high" = 300_000;
}

knobs! {
    /// Settings; times in microseconds.
    pub struct Config {
        /// Shortest election timeout.
        election_low: u64 = 150_000, "raft.election-low" "shortest election timeout", time(1_000..=60_000_000);
        /// Longest election timeout.
        election_high: u64 = 300_000, "raft.election-high" "longest election timeout", time(1_000..=60_000_000);
        /// How often a leader sends AppendEntries though it has nothing new.
        heartbeat: u64 = 50_000, "raft.heartbeat" "heartbeat interval", time(1_000..=60_000_000);
        /// A new leader appends an entry without effect (section 8), so that earlier terms' entries
        /// can commit.
        noop: bool = true, "raft.noop" "a new leader appends a no-op", switch;
        /// Most entries in one AppendEntries.
        batch: u32 = 16, "raft.batch" "most entries in a message", count(1..=1_000);
        /// How reads are answered.
        reads: Reads = Reads::Log, "raft.reads" "reads are answered", choice;
    }
}

choices! {
    /// How a server answers a read.
    pub enum Reads {
        /// Like a write: as an entry of the log.
        Log = "log",
        /// Any server, from its own store, however old.
        Local = "local",
    }
}

data! {
    /// Figure 2, "Persistent state on all servers".
    #[derive(Default)]
    pub struct Durable {
        /// Latest term this server has seen.
        pub current_term: u64,
        /// Whom it voted for in that term.
        pub voted_for: Option<NodeId>,
        /// Its log; the first index is 1.
        pub log: Log,
    }

    /// The replicated state machine.
    #[derive(Default)]
    pub struct Store {
        /// Keys and values.
        pub values: SortedMap<u32, i64>,
        /// Last serial number applied and its answer, a client each (section 8).
        pub sessions: SortedMap<NodeId, (u32, Ret)>,
    }

    /// What clients are told.
    pub enum Ret {
        /// Done.
        Done,
        /// The value, if the key has one.
        Value(Option<i64>),
        /// Did the compare-and-set happen?
        Swapped(bool),
    }
}

/// Figure 2's roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Answers only.
    #[default]
    Follower,
    /// Asks for votes.
    Candidate,
    /// Orders the log.
    Leader,
}

/// Figure 2, "Volatile state", and the replicated state machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// Role.
    pub role: Role,
    /// Who is thought to lead.
    pub leader: Option<NodeId>,
    /// Highest index known to be committed.
    pub commit_index: u64,
    /// Highest index applied.
    pub last_applied: u64,
    /// Candidate: who granted.
    pub votes_granted: NodeSet,
    /// Candidate: who refused.
    pub votes_refused: NodeSet,
    /// Leader: the next index to send.
    pub next_index: PerNode<u64>,
    /// Leader: the highest index known replicated.
    pub match_index: PerNode<u64>,
    /// The key-value store.
    pub store: Store,
    /// Leader: clients to answer once an index is applied.
    pub waiting: SortedMap<u64, OpId>,
    /// Where any server answers reads: what it may have applied before it last stopped. Until it has
    /// come as far again it answers none.
    pub resumed: u64,
}

rewrite!(State { leader, votes_granted, votes_refused, next_index, match_index });

// A liar keeps its term and where its entries stand: others would only refuse what it says.
messages! {
    /// Figure 2's two remote procedure calls and their answers.
    pub enum Message {
        /// Invoked by candidates to gather votes.
        RequestVoteRequest ["RequestVote", Vote] {
            term: u64 as fixed,
            last_log_index: u64 = "lastLogIndex",
            last_log_term: u64 = "lastLogTerm",
        },
        /// The vote.
        RequestVoteResponse ["RequestVote reply", Vote, reply] {
            term: u64 as fixed,
            vote_granted: bool = "voteGranted",
        },
        /// Invoked by the leader to replicate entries; also the heartbeat.
        AppendEntriesRequest ["AppendEntries", Replicate] {
            term: u64 as fixed,
            prev_log_index: u64 as fixed = "prevLogIndex",
            prev_log_term: u64 as fixed = "prevLogTerm",
            entries: Vec<LogEntry>,
            leader_commit: u64 = "leaderCommit",
        },
        /// Accepted up to `match_index`, or refused with a hint where to go back to.
        AppendEntriesResponse ["AppendEntries reply", Ack, reply] {
            term: u64 as fixed,
            success: bool,
            match_index: u64 = "matchIndex",
            hint: u64 as fixed = "back to",
        },
    }
}

impl Message {
    /// The sender's term.
    pub fn term(&self) -> u64 {
        match self {
            Message::RequestVoteRequest { term, .. }
            | Message::RequestVoteResponse { term, .. }
            | Message::AppendEntriesRequest { term, .. }
            | Message::AppendEntriesResponse { term, .. } => *term,
        }
    }
}

timers! {
    /// The two timers.
    pub enum Timer {
        /// No leader heard of: become a candidate.
        Election = "election timeout",
        /// Leader: time to send AppendEntries.
        Heartbeat = "heartbeat",
    }
}

operations! {
    /// What clients ask of the store.
    #[derive(Serialize, Deserialize)]
    pub enum Op {
        /// The value of a key.
        "get" Get { key: u32 = key },
        /// Set a key.
        "put" Put { key: u32 = key, value: i64 = value },
        /// Set a key if it has the expected value.
        "cas" Cas { key: u32 = key, expected: i64 = arg, value: i64 = value },
    }
}

mutants! {
    VOLATILE_VOTE "volatile-vote" breaks "election-safety": "What if votes were not durable?";
    LEADER_REWRITES "leader-rewrites" breaks "leader-append-only":
        "What if a new leader threw away what it cannot commit yet?";
    NO_CONSISTENCY_CHECK "no-consistency-check" breaks "log-matching":
        "What if followers appended without comparing what comes before?";
    VOTE_WITHOUT_LOG_CHECK "vote-without-log-check" breaks "leader-completeness":
        "What if voters did not ask whose log is more up-to-date?";
    COMMIT_OLD_TERM "commit-old-term" breaks "leader-completeness":
        "What if a leader counted replicas of earlier terms' entries (figure 8)?";
    SHORT_QUORUM "short-quorum" breaks "state-machine-safety":
        "What if half of the servers were enough to commit?";
    NO_SESSIONS "no-sessions" breaks "exactly-once":
        "What if servers forgot which requests they have applied?";
    LONE_READ "lone-read" breaks "linearizable":
        "What if a leader answered reads from its own store, without asking whether it still leads?";
    ANY_READ "any-read" breaks "sequential":
        "What if any server answered reads from its own store?";
    DIRTY_READ "dirty-read" breaks "ordered-sequential":
        "What if a leader answered reads from its log, before it is committed?";
    EARLY_ANSWER "early-answer" breaks "acknowledged-is-kept":
        "What if a leader answered an update before it is committed?";
}

impl Protocol for Raft {
    usual_parts! {}
    rewrites! {}

    fn boot(cx: &mut Context<Self>, durable: &Durable) -> State {
        rules::restart(cx, durable)
    }

    fn on_message(node: &mut Node<Self>, cx: &mut Context<Self>, from: NodeId, message: Message) {
        rules::receive(node, cx, from, message);
    }

    fn on_timer(node: &mut Node<Self>, cx: &mut Context<Self>, timer: Timer) {
        match timer {
            Timer::Election => rules::timeout(node, cx),
            Timer::Heartbeat => rules::heartbeat(node, cx),
        }
    }

    fn on_op(node: &mut Node<Self>, cx: &mut Context<Self>, id: OpId, op: Op) {
        rules::client_request(node, cx, id, op);
    }

    fn common() -> Common {
        Common { nodes: 5, clients: 2, ..Common::default() }
    }

    fn anywhere(cfg: &Config, op: &Op) -> bool {
        cfg.reads == Reads::Local && matches!(op, Op::Get { .. })
    }

    // No rule asks for a server's number.
    fn kind(_: &Config, _: &Common, _: NodeId) -> Option<u16> {
        Some(0)
    }

    fn outside(_common: &Common, cfg: &Config) -> Option<&'static str> {
        if cfg.reads == Reads::Local {
            return Some("a server's own store may be old");
        }
        (cfg.heartbeat >= cfg.election_low)
            .then_some("heartbeats are no more frequent than election timeouts")
    }

    fn undecided(observer: &Observer, property: &str) -> bool {
        observer.undecided(property)
    }

    fn workload(
        common: &Common,
        client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Op> {
        kv(common, client, nth, pick)
    }

    fn torn(before: &Durable, after: &Durable) -> Durable {
        let kept = before.log.len() + after.log.len().saturating_sub(before.log.len()) / 2;
        Durable { log: after.log.prefix(kept), ..before.clone() }
    }

    fn size(message: &Message) -> u32 {
        match message {
            Message::AppendEntriesRequest { entries, .. } => 60 + 40 * entries.len() as u32,
            _ => 60,
        }
    }
}

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

mod log;
mod properties;
mod rules;
mod show;
mod stories;
#[cfg(test)]
mod tests;

pub use log::{Command, Entry, Log};
pub use properties::{Observer, PROPERTIES};

use super::catalog::{self, Preset, Scene};
use crate::core::config::{Common, Knob, Unit};
use crate::core::ids::{Names, NodeId, NodeSet, OpId};
use crate::core::protocol::{Context, Mutant, Node, Part, Property, Protocol, Seen, TimerName};
use crate::core::sorted::SortedMap;
use crate::core::view::Layout;

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
    stories: stories::STORIES,
    challenges: stories::CHALLENGES,
    build: |setup| catalog::make::<Raft>(PRESETS, setup),
    info: catalog::info::<Raft>,
    others: &[],
};

const PRESETS: &[Preset] = &[Preset {
    id: "paper",
    title: "Raft paper",
    version: "2014",
    source: "Raft (extended), section 9.3: election timeouts drawn from 150-300 ms",
    values: &[("raft.election-low", 150_000), ("raft.election-high", 300_000)],
}];

/// Settings; times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Shortest election timeout.
    pub election_low: u64,
    /// Longest election timeout.
    pub election_high: u64,
    /// How often a leader sends AppendEntries though it has nothing new.
    pub heartbeat: u64,
    /// A new leader appends an entry without effect (section 8), so that earlier terms' entries
    /// can commit.
    pub noop: bool,
    /// Most entries in one AppendEntries.
    pub batch: u32,
    /// How reads are answered.
    pub reads: Reads,
}

/// How a server answers a read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reads {
    /// Like a write: as an entry of the log.
    #[default]
    Log,
    /// Any server, from its own store, however old.
    Local,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            election_low: 150_000,
            election_high: 300_000,
            heartbeat: 50_000,
            noop: true,
            batch: 16,
            reads: Reads::Log,
        }
    }
}

const KNOBS: &[Knob<Config>] = &[
    Knob {
        id: "raft.election-low",
        title: "shortest election timeout",
        unit: Unit::Time,
        min: 1_000,
        max: 60_000_000,
        get: |c| c.election_low as i64,
        set: |c, v| c.election_low = v as u64,
    },
    Knob {
        id: "raft.election-high",
        title: "longest election timeout",
        unit: Unit::Time,
        min: 1_000,
        max: 60_000_000,
        get: |c| c.election_high as i64,
        set: |c, v| c.election_high = v as u64,
    },
    Knob {
        id: "raft.heartbeat",
        title: "heartbeat interval",
        unit: Unit::Time,
        min: 1_000,
        max: 60_000_000,
        get: |c| c.heartbeat as i64,
        set: |c, v| c.heartbeat = v as u64,
    },
    Knob {
        id: "raft.noop",
        title: "a new leader appends a no-op",
        unit: Unit::Switch,
        min: 0,
        max: 1,
        get: |c| c.noop.into(),
        set: |c, v| c.noop = v != 0,
    },
    Knob {
        id: "raft.batch",
        title: "most entries in a message",
        unit: Unit::Count,
        min: 1,
        max: 1_000,
        get: |c| c.batch.into(),
        set: |c, v| c.batch = v as u32,
    },
    Knob {
        id: "raft.reads",
        title: "reads are answered",
        unit: Unit::Choice(&["log", "local"]),
        min: 0,
        max: 1,
        get: |c| c.reads as i64,
        set: |c, v| c.reads = if v == 1 { Reads::Local } else { Reads::Log },
    },
];

/// Figure 2, "Persistent state on all servers".
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Durable {
    /// Latest term this server has seen.
    pub current_term: u64,
    /// Whom it voted for in that term.
    pub voted_for: Option<NodeId>,
    /// Its log; the first index is 1.
    pub log: Log,
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
    /// Leader: the next index to send, a server each.
    pub next_index: Vec<u64>,
    /// Leader: the highest index known replicated, a server each.
    pub match_index: Vec<u64>,
    /// The key-value store.
    pub store: Store,
    /// Leader: clients to answer once an index is applied.
    pub waiting: SortedMap<u64, OpId>,
}

/// The replicated state machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Store {
    /// Keys and values.
    pub values: SortedMap<u32, i64>,
    /// Last serial number applied and its answer, a client each (section 8).
    pub sessions: SortedMap<NodeId, (u32, Ret)>,
}

/// Figure 2's two remote procedure calls and their answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// Invoked by candidates to gather votes.
    RequestVoteRequest { term: u64, last_log_index: u64, last_log_term: u64 },
    /// The vote.
    RequestVoteResponse { term: u64, vote_granted: bool },
    /// Invoked by the leader to replicate entries; also the heartbeat.
    AppendEntriesRequest {
        term: u64,
        prev_log_index: u64,
        prev_log_term: u64,
        entries: Vec<Entry>,
        leader_commit: u64,
    },
    /// Accepted up to `match_index`, or refused with a hint where to go back to.
    AppendEntriesResponse { term: u64, success: bool, match_index: u64, hint: u64 },
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

/// The two timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// No leader heard of: become a candidate.
    Election,
    /// Leader: time to send AppendEntries.
    Heartbeat,
}

impl TimerName for Timer {
    const ALL: &'static [(Self, &'static str)] =
        &[(Timer::Election, "election timeout"), (Timer::Heartbeat, "heartbeat")];
}

/// What clients ask of the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// The value of a key.
    Get { key: u32 },
    /// Set a key.
    Put { key: u32, value: i64 },
    /// Set a key if it has the expected value.
    Cas { key: u32, expected: i64, value: i64 },
}

/// What they are told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// Done.
    Done,
    /// The value, if the key has one.
    Value(Option<i64>),
    /// Did the compare-and-set happen?
    Swapped(bool),
}

/// Numbers of the mutants, places in [`MUTANTS`].
pub mod mutant {
    pub const VOLATILE_VOTE: u8 = 0;
    pub const LEADER_REWRITES: u8 = 1;
    pub const NO_CONSISTENCY_CHECK: u8 = 2;
    pub const VOTE_WITHOUT_LOG_CHECK: u8 = 3;
    pub const COMMIT_OLD_TERM: u8 = 4;
    pub const SHORT_QUORUM: u8 = 5;
    pub const NO_SESSIONS: u8 = 6;
    pub const LONE_READ: u8 = 7;
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "volatile-vote",
        what: "What if votes were not durable?",
        breaks: "election-safety",
    },
    Mutant {
        id: "leader-rewrites",
        what: "What if a new leader threw away what it cannot commit yet?",
        breaks: "leader-append-only",
    },
    Mutant {
        id: "no-consistency-check",
        what: "What if followers appended without comparing what comes before?",
        breaks: "log-matching",
    },
    Mutant {
        id: "vote-without-log-check",
        what: "What if voters did not ask whose log is more up-to-date?",
        breaks: "leader-completeness",
    },
    Mutant {
        id: "commit-old-term",
        what: "What if a leader counted replicas of earlier terms' entries (figure 8)?",
        breaks: "leader-completeness",
    },
    Mutant {
        id: "short-quorum",
        what: "What if half of the servers were enough to commit?",
        breaks: "state-machine-safety",
    },
    Mutant {
        id: "no-sessions",
        what: "What if servers forgot which requests they have applied?",
        breaks: "exactly-once",
    },
    Mutant {
        id: "lone-read",
        what: "What if a leader answered reads from its own store, without asking whether it still leads?",
        breaks: "linearizable",
    },
];

impl Protocol for Raft {
    type Config = Config;
    type State = State;
    type Durable = Durable;
    type Message = Message;
    type Timer = Timer;
    type Op = Op;
    type Ret = Ret;
    type Observer = Observer;
    type Token = ();

    fn boot(cx: &mut Context<Self>, _durable: &Durable) -> State {
        rules::restart(cx)
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

    fn knobs() -> &'static [Knob<Config>] {
        KNOBS
    }

    fn mutants() -> &'static [Mutant] {
        MUTANTS
    }

    fn properties() -> &'static [Property<Self>] {
        PROPERTIES
    }

    fn observe(observer: &mut Observer, seen: &Seen<Self>) {
        observer.see(seen);
    }

    fn outside(_common: &Common, cfg: &Config) -> Option<&'static str> {
        if cfg.reads == Reads::Local {
            return Some("a server's own store may be old");
        }
        (cfg.heartbeat >= cfg.election_low)
            .then_some("heartbeats are no more frequent than election timeouts")
    }

    fn workload(
        common: &Common,
        client: u16,
        nth: u32,
        pick: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Op> {
        let key = pick(common.client.keys.into()) as u32;
        if pick(1_000_000) < common.client.reads.into() {
            return Some(Op::Get { key });
        }
        // Distinct values make histories easy to read and to judge.
        let value = i64::from(nth) * i64::from(common.clients.max(1)) + i64::from(client) + 1;
        Some(Op::Put { key, value })
    }

    fn torn(before: &Durable, after: &Durable) -> Durable {
        let kept = before.log.len() + after.log.len().saturating_sub(before.log.len()) / 2;
        Durable { log: after.log.prefix(kept), ..before.clone() }
    }

    fn forge(_cfg: &Config, message: &Message, _to: NodeId) -> Vec<Message> {
        match message {
            Message::RequestVoteResponse { term, vote_granted } => {
                vec![Message::RequestVoteResponse { term: *term, vote_granted: !vote_granted }]
            }
            Message::AppendEntriesRequest {
                term,
                prev_log_index,
                prev_log_term,
                entries,
                leader_commit,
            } => {
                let mut lied = entries.clone();
                lied.iter_mut().for_each(|e| e.command.lie());
                vec![Message::AppendEntriesRequest {
                    term: *term,
                    prev_log_index: *prev_log_index,
                    prev_log_term: *prev_log_term,
                    entries: lied,
                    leader_commit: *leader_commit,
                }]
            }
            _ => Vec::new(),
        }
    }

    fn rename(part: Part<Self>, names: &Names) -> bool {
        match part {
            Part::State(s) => {
                s.leader = s.leader.map(|n| names.of(n));
                s.votes_granted = names.set(s.votes_granted);
                s.votes_refused = names.set(s.votes_refused);
                s.next_index = names.list(&s.next_index);
                s.match_index = names.list(&s.match_index);
            }
            Part::Durable(d) => d.voted_for = d.voted_for.map(|n| names.of(n)),
            Part::Message(_) => {}
            Part::Observer(o) => {
                o.leaders.values_mut().for_each(|set| *set = names.set(*set));
            }
        }
        true
    }

    fn size(message: &Message) -> u32 {
        match message {
            Message::AppendEntriesRequest { entries, .. } => 60 + 40 * entries.len() as u32,
            _ => 60,
        }
    }
}

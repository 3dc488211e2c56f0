//! Paxos Commit: atomic commit that does not block while a majority of acceptors is up.
//!
//! Models: `PaxosCommit.tla`: an instance of Paxos for each resource manager's decision; messages
//! are never removed.
//! Leaves out: who leads; liveness.
//! Checks: no RM aborts while another commits; both outcomes are possible.
//! Paper: Gray and Lamport, "Consensus on Transaction Commit", ACM TODS 31(1), 2006, section 4.

use super::ballots::{BallotCounts, members, set_name};
use crate::check::explore::{ModelProperty, StateMachine};

const CITE: &str =
    "Gray and Lamport, Consensus on Transaction Commit, TODS 2006, section 4; PaxosCommit.tla";

/// What may be wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// A new leader proposes to abort, whatever votes the promises report.
    IgnoreReportedVotes,
    /// The decision to commit asks for one RM's instance only.
    CommitOnFirst,
    /// Half of the acceptors, or less, count as a majority.
    MinorityQuorum,
}

/// `PaxosCommit.tla` with a bounded number of ballots.
#[derive(Clone, Debug)]
pub struct PaxosCommit {
    rm: u32,
    /// The acceptors and ballots; the two values are prepared and aborted.
    size: BallotCounts,
    mutant: Option<Mutant>,
    majorities: Vec<u8>,
}

/// RMs, acceptors of each instance, and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// `1b` messages: a nibble for each instance, acceptor and ballot; 0 is none, 1 reports no
    /// vote, else 2 + the vote. An acceptor promises a ballot once.
    promises: [u64; 2],
    /// `2b` messages: a bit for each instance, acceptor, ballot and value.
    accepted: u64,
    /// `mbal` of each instance and acceptor, a nibble each.
    mbal: u64,
    /// `bal` and `val`: 0 is none, else 1 + the vote; a nibble each.
    vote: u64,
    /// `2a` messages: a bit for each instance, ballot and value.
    proposed: u32,
    /// `1a` messages: a bit for each instance and ballot.
    prepare: u16,
    /// `rmState`, two bits each.
    rm: u8,
    /// Whether `Commit` and `Abort` were sent.
    decided: u8,
}

const WORKING: u8 = 0;
const PREPARED: u8 = 1;
const COMMITTED: u8 = 2;
const ABORTED: u8 = 3;
/// Values of the instances.
const VALUES: u32 = 2;
const YES: u32 = 0;
const NO: u32 = 1;
const COMMIT_SENT: u8 = 1;
const ABORT_SENT: u8 = 2;

/// A step; `r` is the resource manager and its instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the specification")]
pub enum Action {
    RMPrepare(u8),
    RMChooseToAbort(u8),
    RMRcvCommitMsg(u8),
    RMRcvAbortMsg(u8),
    Phase1a {
        r: u8,
        b: u8,
    },
    Phase2a {
        r: u8,
        b: u8,
        q: u8,
    },
    Phase1b {
        r: u8,
        a: u8,
        b: u8,
    },
    Phase2b {
        r: u8,
        a: u8,
        b: u8,
        v: u8,
    },
    /// As in TLC, each way to show the decision is a step of its own; they differ by number.
    DecideCommit {
        way: u16,
    },
    DecideAbort {
        way: u16,
    },
}

const RULES: [&str; 9] = [
    "RMPrepare",
    "RMChooseToAbort",
    "RMRcvCommitMsg",
    "RMRcvAbortMsg",
    "Phase1a",
    "Phase2a",
    "Decide",
    "Phase1b",
    "Phase2b",
];

fn field(word: u64, i: u32) -> u32 {
    (word >> (4 * i) & 15) as u32
}

fn put(word: u64, i: u32, v: u32) -> u64 {
    word & !(15 << (4 * i)) | u64::from(v) << (4 * i)
}

impl State {
    fn rm(&self, r: u32) -> u8 {
        self.rm >> (2 * r) & 3
    }

    fn set_rm(&mut self, r: u8, v: u8) {
        self.rm = self.rm & !(3 << (2 * r)) | v << (2 * r);
    }
}

impl PaxosCommit {
    /// Whether states of this size fit.
    pub fn fits(rm: u32, acceptors: u32, ballots: u32) -> bool {
        let nodes = rm * acceptors;
        rm <= 4 && acceptors <= 7 && ballots <= 3 && nodes <= 16 && nodes * ballots <= 32
    }

    /// The algorithm, or a mutant of it; the size must [fit](PaxosCommit::fits).
    pub fn new(rm: u32, acceptors: u32, ballots: u32, mutant: Option<Mutant>) -> Self {
        let size = BallotCounts { acceptors, values: VALUES, ballots };
        let majorities = size.quorums(mutant == Some(Mutant::MinorityQuorum));
        PaxosCommit { rm, size, mutant, majorities }
    }

    fn node(&self, r: u32, a: u32) -> u32 {
        r * self.size.acceptors + a
    }

    fn proposal(&self, r: u32, b: u32, v: u32) -> u32 {
        (r * self.size.ballots + b) * VALUES + v
    }

    fn promise(&self, s: &State, r: u32, a: u32, b: u32) -> u32 {
        let i = self.node(r, a) * self.size.ballots + b;
        field(s.promises[(i / 16) as usize], i % 16)
    }

    /// The value that the promises of `q` allow in ballot `b` of instance `r`.
    fn free(&self, s: &State, r: u32, b: u32, q: u8) -> u32 {
        let highest = members(q).map(|a| self.promise(s, r, a, b)).max();
        match highest {
            Some(report) if report >= 2 && self.mutant != Some(Mutant::IgnoreReportedVotes) => {
                (report - 2) % VALUES
            }
            _ => NO,
        }
    }

    /// In how many ways instance `r` is shown to have chosen `v`: ballots times majorities.
    fn ways(&self, s: &State, r: u32, v: u32) -> u32 {
        let at = |b| {
            let bit = |a| s.accepted >> self.size.vote(self.node(r, a), b, v) & 1 == 1;
            self.majorities.iter().filter(|q| members(**q).all(bit)).count() as u32
        };
        (0..self.size.ballots).map(at).sum()
    }

    fn rm_actions(&self, s: &State, r: u32, out: &mut Vec<Action>) {
        let id = r as u8;
        if s.rm(r) == WORKING {
            out.extend([Action::RMPrepare(id), Action::RMChooseToAbort(id)]);
        }
        if s.decided & COMMIT_SENT != 0 {
            out.push(Action::RMRcvCommitMsg(id));
        }
        if s.decided & ABORT_SENT != 0 {
            out.push(Action::RMRcvAbortMsg(id));
        }
    }

    fn ballot_actions(&self, s: &State, r: u32, b: u32, out: &mut Vec<Action>) {
        let (id, bal) = (r as u8, b as u8);
        let proposed = s.proposed >> self.proposal(r, b, 0) & 3;
        if b > 0 {
            out.push(Action::Phase1a { r: id, b: bal });
            for q in self.majorities.iter().filter(|_| proposed == 0) {
                if members(*q).all(|a| self.promise(s, r, a, b) != 0) {
                    out.push(Action::Phase2a { r: id, b: bal, q: *q });
                }
            }
        }
        let asked = s.prepare >> (r * self.size.ballots + b) & 1 == 1;
        for a in 0..self.size.acceptors {
            let (acc, mbal) = (a as u8, field(s.mbal, self.node(r, a)));
            if asked && mbal < b {
                out.push(Action::Phase1b { r: id, a: acc, b: bal });
            }
            for v in (0..VALUES).filter(|v| proposed >> v & 1 == 1 && mbal <= b) {
                out.push(Action::Phase2b { r: id, a: acc, b: bal, v: v as u8 });
            }
        }
    }

    fn decide_actions(&self, s: &State, out: &mut Vec<Action>) {
        let asked = if self.mutant == Some(Mutant::CommitOnFirst) { 1 } else { self.rm };
        let commit: u32 = (0..asked).map(|r| self.ways(s, r, YES)).product();
        let abort: u32 = (0..self.rm).map(|r| self.ways(s, r, NO)).sum();
        out.extend((0..commit as u16).map(|way| Action::DecideCommit { way }));
        out.extend((0..abort as u16).map(|way| Action::DecideAbort { way }));
    }

    fn some(&self, s: &State, v: u8) -> bool {
        (0..self.rm).any(|r| s.rm(r) == v)
    }
}

impl StateMachine for PaxosCommit {
    type State = State;
    type Action = Action;

    fn init(&self, out: &mut Vec<State>) {
        out.push(State {
            promises: [0; 2],
            accepted: 0,
            mbal: 0,
            vote: 0,
            proposed: 0,
            prepare: 0,
            rm: 0,
            decided: 0,
        });
    }

    fn actions(&self, s: &State, out: &mut Vec<Action>) {
        for r in 0..self.rm {
            self.rm_actions(s, r, out);
            (0..self.size.ballots).for_each(|b| self.ballot_actions(s, r, b, out));
        }
        self.decide_actions(s, out);
    }

    fn next(&self, s: &State, action: &Action) -> Option<State> {
        let mut s = *s;
        match *action {
            Action::RMPrepare(r) => {
                s.set_rm(r, PREPARED);
                s.proposed |= 1 << self.proposal(r.into(), 0, YES);
            }
            Action::RMChooseToAbort(r) => {
                s.set_rm(r, ABORTED);
                s.proposed |= 1 << self.proposal(r.into(), 0, NO);
            }
            Action::RMRcvCommitMsg(r) => s.set_rm(r, COMMITTED),
            Action::RMRcvAbortMsg(r) => s.set_rm(r, ABORTED),
            Action::Phase1a { r, b } => {
                s.prepare |= 1 << (u32::from(r) * self.size.ballots + u32::from(b));
            }
            Action::Phase2a { r, b, q } => {
                let value = self.free(&s, r.into(), b.into(), q);
                s.proposed |= 1 << self.proposal(r.into(), b.into(), value);
            }
            Action::Phase1b { r, a, b } => {
                let (node, b) = (self.node(r.into(), a.into()), u32::from(b));
                let i = node * self.size.ballots + b;
                let word = &mut s.promises[(i / 16) as usize];
                *word = put(*word, i % 16, field(s.vote, node) + 1);
                s.mbal = put(s.mbal, node, b);
            }
            Action::Phase2b { r, a, b, v } => {
                let (node, b, v) = (self.node(r.into(), a.into()), u32::from(b), u32::from(v));
                s.accepted |= 1 << self.size.vote(node, b, v);
                s.mbal = put(s.mbal, node, b);
                s.vote = put(s.vote, node, 1 + b * VALUES + v);
            }
            Action::DecideCommit { .. } => s.decided |= COMMIT_SENT,
            Action::DecideAbort { .. } => s.decided |= ABORT_SENT,
        }
        Some(s)
    }

    fn properties(&self) -> Vec<ModelProperty<Self>> {
        vec![
            ModelProperty::always("TCConsistent", CITE, |m: &Self, s| {
                !(m.some(s, ABORTED) && m.some(s, COMMITTED))
            }),
            ModelProperty::sometimes("CommitPossible", CITE, |m: &Self, s| {
                (0..m.rm).all(|r| s.rm(r) == COMMITTED)
            }),
            ModelProperty::sometimes("AbortPossible", CITE, |m: &Self, s| {
                (0..m.rm).all(|r| s.rm(r) == ABORTED)
            }),
        ]
    }

    fn label(&self, action: &Action) -> String {
        let name = RULES[self.rule(action)];
        match *action {
            Action::RMPrepare(r)
            | Action::RMChooseToAbort(r)
            | Action::RMRcvCommitMsg(r)
            | Action::RMRcvAbortMsg(r) => format!("{name}(r{})", r + 1),
            Action::Phase1a { r, b } => format!("{name}({b}, r{})", r + 1),
            Action::Phase2a { r, b, q } => format!("{name}({b}, r{}) by {}", r + 1, set_name(q)),
            Action::Phase1b { r, a, b } => format!("{name}(a{}, r{}, {b})", a + 1, r + 1),
            Action::Phase2b { r, a, b, v } => {
                let value = if u32::from(v) == YES { "prepared" } else { "aborted" };
                format!("{name}(a{}, r{}, {b}, {value})", a + 1, r + 1)
            }
            Action::DecideCommit { .. } => format!("{name} Commit"),
            Action::DecideAbort { .. } => format!("{name} Abort"),
        }
    }

    fn rules(&self) -> Vec<&'static str> {
        RULES.to_vec()
    }

    fn rule(&self, action: &Action) -> usize {
        match action {
            Action::RMPrepare(_) => 0,
            Action::RMChooseToAbort(_) => 1,
            Action::RMRcvCommitMsg(_) => 2,
            Action::RMRcvAbortMsg(_) => 3,
            Action::Phase1a { .. } => 4,
            Action::Phase2a { .. } => 5,
            Action::DecideCommit { .. } | Action::DecideAbort { .. } => 6,
            Action::Phase1b { .. } => 7,
            Action::Phase2b { .. } => 8,
        }
    }
}

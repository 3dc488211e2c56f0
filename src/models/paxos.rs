//! Single-decree Paxos with a message set.
//!
//! Models: `Paxos.tla`: acceptors that promise and accept, proposals made by nobody in particular;
//! messages are never removed, so loss, delay and duplication are all covered.
//! Leaves out: liveness, learners, crashes (what an acceptor knows is stable).
//! Checks: agreement, one value proposed a ballot, and that a choice is possible.
//! Paper: Lamport, "The Part-Time Parliament", ACM TOCS 16(2), 1998; "Paxos Made Simple", 2001,
//! section 2.2; `Paxos.tla` of the lecture "how to win a Turing award", 2019.

use super::ballots::{BallotCounts, members, nibble, permutations, set_name, with_nibble};
use crate::check::explore::{ModelProperty, StateMachine};

const CITE: &str = "Lamport, Paxos Made Simple, 2001, section 2.2; Paxos.tla";

/// What may be wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Phase 2a proposes any value, whatever votes the promises report.
    IgnoreReportedVotes,
    /// Phase 2b accepts below the acceptor's promise.
    ForgetPromise,
    /// Half of the acceptors, or less, count as a quorum.
    MinorityQuorum,
    /// Phase 2a proposes the value of some vote reported, not of the highest one.
    AnyReportedVote,
    /// Phase 2a may be run twice in a ballot.
    ProposeTwice,
}

/// `Paxos.tla` with a bounded number of ballots.
#[derive(Clone, Debug)]
pub struct Paxos {
    size: BallotCounts,
    mutant: Option<Mutant>,
    quorums: Vec<u8>,
    orders: Vec<(Vec<u32>, Vec<u32>)>,
    votes: u32,
}

/// The messages sent and what the acceptors know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct State {
    /// `1b` messages: a bit for each acceptor, ballot and reported vote.
    promises: [u64; 2],
    /// `2b` messages: a bit for each acceptor, ballot and value.
    accepted: u64,
    /// `maxBal` plus one, a nibble each.
    max_bal: u32,
    /// `maxVBal` and `maxVal`: 0 is none, else 1 + ballot * values + value; a nibble each.
    last_vote: u32,
    /// `2a` messages: a bit for each ballot and value.
    proposed: u16,
    /// `1a` messages: a bit for each ballot.
    prepared: u16,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the specification")]
pub enum Action {
    Phase1a {
        b: u8,
    },
    Phase1b {
        a: u8,
        b: u8,
    },
    /// The quorum `q` has promised, and `highest` is the acceptor whose report decided `v`. As in
    /// TLC, each way to show the step enabled is a step of its own.
    Phase2a {
        b: u8,
        v: u8,
        q: u8,
        highest: Option<u8>,
    },
    Phase2b {
        a: u8,
        b: u8,
        v: u8,
    },
}

const RULES: [&str; 4] = ["Phase1a", "Phase1b", "Phase2a", "Phase2b"];

impl Paxos {
    /// Whether states of this size fit.
    pub fn fits(size: &BallotCounts) -> bool {
        let votes = size.ballots * size.values;
        size.acceptors * size.ballots * (votes + 1) <= 128
            && size.acceptors * votes <= 64
            && votes <= 14
            && size.acceptors <= 7
    }

    /// The algorithm, or a mutant of it; the size must [fit](Paxos::fits).
    pub fn new(size: BallotCounts, mutant: Option<Mutant>) -> Self {
        let quorums = size.quorums(mutant == Some(Mutant::MinorityQuorum));
        let values = permutations(size.values);
        let pairs = |a: Vec<u32>| values.iter().map(move |v| (a.clone(), v.clone()));
        let orders = permutations(size.acceptors).into_iter().flat_map(pairs).collect();
        let votes = size.ballots * size.values + 1;
        Paxos { size, mutant, quorums, orders, votes }
    }

    fn promise(&self, a: u32, b: u32, vote: u32) -> u32 {
        (a * self.size.ballots + b) * self.votes + vote
    }

    /// The reported votes of the `1b` messages of `a` in `b`, as bits.
    fn reports(&self, s: &State, a: u32, b: u32) -> u32 {
        let all = u128::from(s.promises[0]) | u128::from(s.promises[1]) << 64;
        (all >> self.promise(a, b, 0)) as u32 & ((1 << self.votes) - 1)
    }

    /// The ways in which `v` may be proposed in `b` on the promises of `q`.
    fn propose(&self, s: &State, b: u32, v: u32, q: u8, out: &mut Vec<Action>) {
        let reports = |a| self.reports(s, a, b);
        if members(q).any(|a| reports(a) == 0) {
            return;
        }
        let mut step = |highest: Option<u32>| {
            let highest = highest.map(|a| a as u8);
            out.push(Action::Phase2a { b: b as u8, v: v as u8, q, highest });
        };
        let votes = members(q).fold(0, |all, a| all | reports(a)) & !1;
        if votes == 0 || self.mutant == Some(Mutant::IgnoreReportedVotes) {
            step(None);
            return;
        }
        for (a, vote) in members(q).flat_map(|a| (1..self.votes).map(move |vote| (a, vote))) {
            let ballot = |vote: u32| (vote - 1) / self.size.values;
            let highest = ballot(vote) == ballot(31 - votes.leading_zeros())
                || self.mutant == Some(Mutant::AnyReportedVote);
            let same = (vote - 1) % self.size.values == v;
            if reports(a) >> vote & 1 == 1 && same && highest {
                step(Some(a));
            }
        }
    }

    fn permuted(&self, s: &State, acceptors: &[u32], values: &[u32]) -> State {
        let n = self.size.values;
        let renamed = |vote: u32| match vote {
            0 => 0,
            _ => (vote - 1) / n * n + values[((vote - 1) % n) as usize] + 1,
        };
        let mut promises = 0u128;
        let mut out = State { promises: [0; 2], accepted: 0, max_bal: 0, last_vote: 0, ..*s };
        out.proposed = 0;
        for (a, to) in (0..self.size.acceptors).zip(acceptors.iter().copied()) {
            out.max_bal = with_nibble(out.max_bal, to, nibble(s.max_bal, a));
            out.last_vote = with_nibble(out.last_vote, to, renamed(nibble(s.last_vote, a)));
            for b in 0..self.size.ballots {
                let reports = self.reports(s, a, b);
                for vote in (0..self.votes).filter(|v| reports >> v & 1 == 1) {
                    promises |= 1 << self.promise(to, b, renamed(vote));
                }
                for v in (0..n).filter(|v| s.accepted >> self.size.vote(a, b, *v) & 1 == 1) {
                    out.accepted |= 1 << self.size.vote(to, b, values[v as usize]);
                }
            }
        }
        for (b, v) in (0..self.size.ballots).flat_map(|b| (0..n).map(move |v| (b, v))) {
            out.proposed |= (s.proposed >> (b * n + v) & 1) << (b * n + values[v as usize]);
        }
        out.promises = [promises as u64, (promises >> 64) as u64];
        out
    }
}

impl StateMachine for Paxos {
    type State = State;
    type Action = Action;

    fn init(&self, out: &mut Vec<State>) {
        out.push(State {
            promises: [0; 2],
            accepted: 0,
            max_bal: 0,
            last_vote: 0,
            proposed: 0,
            prepared: 0,
        });
    }

    fn actions(&self, s: &State, out: &mut Vec<Action>) {
        let values = self.size.values;
        for b in 0..self.size.ballots {
            let bal = b as u8;
            out.push(Action::Phase1a { b: bal });
            let in_ballot = s.proposed >> (b * values) & ((1 << values) - 1);
            if in_ballot == 0 || self.mutant == Some(Mutant::ProposeTwice) {
                for v in 0..values {
                    self.quorums.iter().for_each(|q| self.propose(s, b, v, *q, out));
                }
            }
            for a in 0..self.size.acceptors {
                let promised = nibble(s.max_bal, a);
                if s.prepared >> b & 1 == 1 && b + 1 > promised {
                    out.push(Action::Phase1b { a: a as u8, b: bal });
                }
                if b + 1 >= promised || self.mutant == Some(Mutant::ForgetPromise) {
                    let sent = (0..values).filter(|v| in_ballot >> v & 1 == 1);
                    out.extend(sent.map(|v| Action::Phase2b { a: a as u8, b: bal, v: v as u8 }));
                }
            }
        }
    }

    fn next(&self, s: &State, action: &Action) -> Option<State> {
        let mut s = *s;
        match *action {
            Action::Phase1a { b } => s.prepared |= 1 << b,
            Action::Phase1b { a, b } => {
                let (a, b) = (u32::from(a), u32::from(b));
                let bit = self.promise(a, b, nibble(s.last_vote, a));
                s.promises[(bit / 64) as usize] |= 1 << (bit % 64);
                s.max_bal = with_nibble(s.max_bal, a, b + 1);
            }
            Action::Phase2a { b, v, .. } => {
                s.proposed |= 1 << (u32::from(b) * self.size.values + u32::from(v));
            }
            Action::Phase2b { a, b, v } => {
                let (a, b, v) = (u32::from(a), u32::from(b), u32::from(v));
                s.accepted |= 1 << self.size.vote(a, b, v);
                s.max_bal = with_nibble(s.max_bal, a, b + 1);
                s.last_vote = with_nibble(s.last_vote, a, 1 + b * self.size.values + v);
            }
        }
        Some(s)
    }

    fn properties(&self) -> Vec<ModelProperty<Self>> {
        vec![
            ModelProperty::always("Agreement", CITE, |m: &Self, s| {
                m.size.chosen(s.accepted, &m.quorums).count_ones() <= 1
            }),
            ModelProperty::always("OneValuePerBallot", CITE, |m: &Self, s| {
                let in_ballot = |b| s.proposed >> (b * m.size.values) & ((1 << m.size.values) - 1);
                (0..m.size.ballots).all(|b| in_ballot(b).count_ones() <= 1)
            }),
            ModelProperty::sometimes("ChoicePossible", CITE, |m: &Self, s| {
                m.size.chosen(s.accepted, &m.quorums) != 0
            }),
        ]
    }

    fn canonical(&self, s: &State) -> State {
        let images = self.orders.iter().map(|(a, v)| self.permuted(s, a, v));
        images.min().unwrap_or(*s)
    }

    fn label(&self, action: &Action) -> String {
        match *action {
            Action::Phase1a { b } => format!("Phase1a({b})"),
            Action::Phase1b { a, b } => format!("Phase1b(a{}, {b})", a + 1),
            Action::Phase2a { b, v, q, highest } => {
                let by = highest.map_or(String::new(), |a| format!(", vote of a{}", a + 1));
                format!("Phase2a({b}, v{}) by {}{by}", v + 1, set_name(q))
            }
            Action::Phase2b { a, b, v } => format!("Phase2b(a{}, {b}, v{})", a + 1, v + 1),
        }
    }

    fn rules(&self) -> Vec<&'static str> {
        RULES.to_vec()
    }

    fn rule(&self, action: &Action) -> usize {
        match action {
            Action::Phase1a { .. } => 0,
            Action::Phase1b { .. } => 1,
            Action::Phase2a { .. } => 2,
            Action::Phase2b { .. } => 3,
        }
    }
}

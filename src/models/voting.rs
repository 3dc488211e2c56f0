//! Voting: the idea of Paxos before there are messages.
//!
//! Models: `Voting.tla`. An acceptor may vote for a value in a ballot if some quorum shows that no
//! other value has been or can be chosen below.
//! Leaves out: messages, proposers, loss.
//! Checks: one value a ballot, votes only for safe values, at most one value chosen.
//! Paper: Lamport, "The PlusCal Code for Byzantizing Paxos by Refinement", 2011, and the lecture
//! "The Paxos algorithm, or how to win a Turing award", 2019.

use super::ballots::{BallotCounts, members, nibble, permutations, set_name, with_nibble};
use crate::check::explore::{ModelProperty, StateMachine};

const CITE: &str = "Lamport, The Paxos algorithm or how to win a Turing Award, 2019; Voting.tla";

/// What may be wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// An acceptor votes without a quorum that shows the value safe.
    SkipSafetyCheck,
    /// Two acceptors may vote for different values in a ballot.
    TwoValuesPerBallot,
    /// Half of the acceptors, or less, count as a quorum.
    MinorityQuorum,
}

/// `Voting.tla` with a bounded number of ballots.
#[derive(Clone, Debug)]
pub struct Voting {
    size: BallotCounts,
    mutant: Option<Mutant>,
    quorums: Vec<u8>,
    orders: Vec<(Vec<u32>, Vec<u32>)>,
}

/// `votes` as bits and `maxBal` plus one as nibbles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct State {
    votes: u64,
    max_bal: u32,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Acceptor `a` will not vote below `b` any more.
    IncreaseMaxBal {
        /// The acceptor.
        a: u8,
        /// The ballot.
        b: u8,
    },
    /// Acceptor `a` votes for `v` in `b`; the quorum `q` shows that it is safe, and in it the last
    /// vote of `voter`. As in TLC, each way to show the step enabled is a step of its own.
    VoteFor {
        /// The acceptor.
        a: u8,
        /// The ballot.
        b: u8,
        /// The value.
        v: u8,
        /// The quorum, a bit an acceptor.
        q: u8,
        /// Who in the quorum voted for `v` in the last ballot below `b` that has votes of it.
        voter: Option<u8>,
    },
}

impl Voting {
    /// The algorithm, or a mutant of it. `acceptors * ballots * values` is at most 64.
    pub fn new(size: BallotCounts, mutant: Option<Mutant>) -> Self {
        let quorums = size.quorums(mutant == Some(Mutant::MinorityQuorum));
        let values = permutations(size.values);
        let pairs = |a: Vec<u32>| values.iter().map(move |v| (a.clone(), v.clone()));
        let orders = permutations(size.acceptors).into_iter().flat_map(pairs).collect();
        Voting { size, mutant, quorums, orders }
    }

    fn did_not_vote(&self, s: &State, a: u32, b: u32) -> bool {
        s.votes & self.size.votes_at(a, b) == 0
    }

    fn voted(&self, s: &State, a: u32, b: u32, v: u32) -> bool {
        s.votes >> self.size.vote(a, b, v) & 1 == 1
    }

    /// `ShowsSafeAt(Q, b, v)`: appends each vote on which it rests, or `None` if there is none.
    fn shows_safe_at(&self, s: &State, q: u8, b: u32, v: u32, out: &mut Vec<Option<u8>>) {
        if self.mutant == Some(Mutant::SkipSafetyCheck) {
            out.push(None);
            return;
        }
        if members(q).any(|a| nibble(s.max_bal, a) < b + 1) {
            return;
        }
        let voted_at = |c: &u32| members(q).any(|a| !self.did_not_vote(s, a, *c));
        match (0..b).rev().find(voted_at) {
            None => out.push(None),
            Some(c) => {
                let voters = members(q).filter(|a| self.voted(s, *a, c, v));
                out.extend(voters.map(|a| Some(a as u8)));
            }
        }
    }

    fn may_vote(&self, s: &State, a: u32, b: u32, v: u32) -> bool {
        let others = self.size.voted_in(s.votes, b) & !(1 << v);
        let alone = others == 0 || self.mutant == Some(Mutant::TwoValuesPerBallot);
        nibble(s.max_bal, a) <= b + 1 && self.did_not_vote(s, a, b) && alone
    }

    /// `NoneOtherChoosableAt`: some quorum has voted for `v` in `b` or will never vote there.
    fn none_other_choosable(&self, s: &State, b: u32, v: u32) -> bool {
        let never = |a| nibble(s.max_bal, a) > b + 1 && self.did_not_vote(s, a, b);
        self.quorums.iter().any(|q| members(*q).all(|a| self.voted(s, a, b, v) || never(a)))
    }

    fn votes_safe(&self, s: &State) -> bool {
        (1..self.size.ballots).all(|b| {
            let voted = self.size.voted_in(s.votes, b);
            (0..self.size.values)
                .filter(|v| voted >> v & 1 == 1)
                .all(|v| (0..b).all(|c| self.none_other_choosable(s, c, v)))
        })
    }

    fn permuted(&self, s: &State, acceptors: &[u32], values: &[u32]) -> State {
        let mut out = State { votes: 0, max_bal: 0 };
        for (a, to) in (0..self.size.acceptors).zip(acceptors) {
            out.max_bal = with_nibble(out.max_bal, *to, nibble(s.max_bal, a));
            for b in 0..self.size.ballots {
                for (v, value) in (0..self.size.values).zip(values) {
                    let vote = u64::from(self.voted(s, a, b, v));
                    out.votes |= vote << self.size.vote(*to, b, *value);
                }
            }
        }
        out
    }
}

impl StateMachine for Voting {
    type State = State;
    type Action = Action;

    fn init(&self, out: &mut Vec<State>) {
        out.push(State { votes: 0, max_bal: 0 });
    }

    fn actions(&self, s: &State, out: &mut Vec<Action>) {
        let mut shown = Vec::new();
        for (a, b) in
            (0..self.size.acceptors).flat_map(|a| (0..self.size.ballots).map(move |b| (a, b)))
        {
            let (acc, bal) = (a as u8, b as u8);
            if nibble(s.max_bal, a) < b + 1 {
                out.push(Action::IncreaseMaxBal { a: acc, b: bal });
            }
            for v in (0..self.size.values).filter(|v| self.may_vote(s, a, b, *v)) {
                for q in self.quorums.iter().copied() {
                    shown.clear();
                    self.shows_safe_at(s, q, b, v, &mut shown);
                    let v = v as u8;
                    let step = |voter: &Option<u8>| Action::VoteFor {
                        a: acc,
                        b: bal,
                        v,
                        q,
                        voter: *voter,
                    };
                    out.extend(shown.iter().map(step));
                }
            }
        }
    }

    fn next(&self, s: &State, action: &Action) -> Option<State> {
        let mut s = *s;
        match *action {
            Action::IncreaseMaxBal { a, b } => {
                s.max_bal = with_nibble(s.max_bal, u32::from(a), u32::from(b) + 1);
            }
            Action::VoteFor { a, b, v, .. } => {
                let (a, b) = (u32::from(a), u32::from(b));
                s.votes |= 1 << self.size.vote(a, b, u32::from(v));
                s.max_bal = with_nibble(s.max_bal, a, b + 1);
            }
        }
        Some(s)
    }

    fn properties(&self) -> Vec<ModelProperty<Self>> {
        vec![
            ModelProperty::always("Agreement", CITE, |m: &Self, s| {
                m.size.chosen(s.votes, &m.quorums).count_ones() <= 1
            }),
            ModelProperty::always("OneValuePerBallot", CITE, |m: &Self, s| {
                (0..m.size.ballots).all(|b| m.size.voted_in(s.votes, b).count_ones() <= 1)
            }),
            ModelProperty::always("VotesSafe", CITE, |m: &Self, s| m.votes_safe(s)),
            ModelProperty::sometimes("ChoicePossible", CITE, |m: &Self, s| {
                m.size.chosen(s.votes, &m.quorums) != 0
            }),
        ]
    }

    fn canonical(&self, s: &State) -> State {
        let images = self.orders.iter().map(|(a, v)| self.permuted(s, a, v));
        images.min().unwrap_or(*s)
    }

    fn label(&self, action: &Action) -> String {
        match *action {
            Action::IncreaseMaxBal { a, b } => format!("IncreaseMaxBal(a{}, {b})", a + 1),
            Action::VoteFor { a, b, v, q, voter } => {
                let by = voter.map_or(String::new(), |a| format!(", vote of a{}", a + 1));
                format!("VoteFor(a{}, {b}, v{}) by {}{by}", a + 1, v + 1, set_name(q))
            }
        }
    }

    fn rules(&self) -> Vec<&'static str> {
        vec!["IncreaseMaxBal", "VoteFor"]
    }

    fn rule(&self, action: &Action) -> usize {
        usize::from(matches!(action, Action::VoteFor { .. }))
    }
}

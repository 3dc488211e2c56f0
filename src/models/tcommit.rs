//! Transaction Commit: what any atomic commit protocol must do.
//!
//! Models: `TCommit.tla`, resource managers that see each other's states.
//! Leaves out: messages, failures.
//! Checks: no RM aborts while another commits; both outcomes are possible; every RM decides.
//! Paper: Gray and Lamport, "Consensus on Transaction Commit", ACM TODS 31(1), 2006, section 2.

use crate::check::explore::{ModelProperty, StateMachine};

const CITE: &str =
    "Gray and Lamport, Consensus on Transaction Commit, TODS 2006, section 2; TCommit.tla";

/// What may be wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// An RM aborts without asking whether another has committed.
    AbortBlindly,
    /// An RM commits without asking whether all have prepared.
    CommitBlindly,
}

/// `TCommit.tla` with `rm` resource managers, at most 16.
#[derive(Clone, Debug)]
pub struct TCommit {
    /// How many resource managers.
    pub rm: u32,
    /// What is wrong with it, if anything.
    pub mutant: Option<Mutant>,
}

/// `rmState`, two bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State(u32);

const WORKING: u32 = 0;
const PREPARED: u32 = 1;
const COMMITTED: u32 = 2;
const ABORTED: u32 = 3;

/// A step of the RM with that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the specification")]
pub enum Action {
    Prepare(u8),
    DecideCommit(u8),
    DecideAbort(u8),
}

const RULES: [&str; 3] = ["Prepare", "DecideCommit", "DecideAbort"];

impl State {
    fn rm(self, i: u32) -> u32 {
        self.0 >> (2 * i) & 3
    }
}

impl TCommit {
    /// As specified.
    pub fn new(rm: u32) -> Self {
        TCommit { rm, mutant: None }
    }

    fn some(&self, s: State, v: u32) -> bool {
        (0..self.rm).any(|i| s.rm(i) == v)
    }
}

impl StateMachine for TCommit {
    type State = State;
    type Action = Action;

    fn init(&self, out: &mut Vec<State>) {
        out.push(State(0));
    }

    fn actions(&self, s: &State, out: &mut Vec<Action>) {
        let can_commit = !self.some(*s, WORKING) && !self.some(*s, ABORTED);
        let not_committed = !self.some(*s, COMMITTED);
        for i in 0..self.rm {
            let (rm, at) = (i as u8, s.rm(i));
            if at == WORKING {
                out.push(Action::Prepare(rm));
            }
            if at == PREPARED && (can_commit || self.mutant == Some(Mutant::CommitBlindly)) {
                out.push(Action::DecideCommit(rm));
            }
            let may_abort = not_committed || self.mutant == Some(Mutant::AbortBlindly);
            if (at == WORKING || at == PREPARED) && may_abort {
                out.push(Action::DecideAbort(rm));
            }
        }
    }

    fn next(&self, s: &State, action: &Action) -> Option<State> {
        let (i, v) = match *action {
            Action::Prepare(i) => (i, PREPARED),
            Action::DecideCommit(i) => (i, COMMITTED),
            Action::DecideAbort(i) => (i, ABORTED),
        };
        Some(State(s.0 & !(3 << (2 * i)) | v << (2 * i)))
    }

    fn properties(&self) -> Vec<ModelProperty<Self>> {
        vec![
            ModelProperty::always("TCConsistent", CITE, |m: &Self, s| {
                !(m.some(*s, ABORTED) && m.some(*s, COMMITTED))
            }),
            ModelProperty::sometimes("CommitPossible", CITE, |m: &Self, s| {
                (0..m.rm).all(|i| s.rm(i) == COMMITTED)
            }),
            ModelProperty::sometimes("AbortPossible", CITE, |m: &Self, s| {
                (0..m.rm).all(|i| s.rm(i) == ABORTED)
            }),
            ModelProperty::eventually("Termination", CITE, |m: &Self, s| {
                !m.some(*s, WORKING) && !m.some(*s, PREPARED)
            }),
        ]
    }

    fn canonical(&self, s: &State) -> State {
        let count = |v| (0..self.rm).filter(|i| s.rm(*i) == v).count() as u32;
        let sorted = [WORKING, PREPARED, COMMITTED, ABORTED].into_iter();
        let sorted = sorted.flat_map(|v| (0..count(v)).map(move |_| v));
        State(sorted.zip(0u32..).fold(0, |out, (v, i)| out | v << (2 * i)))
    }

    fn label(&self, action: &Action) -> String {
        let (Action::Prepare(i) | Action::DecideCommit(i) | Action::DecideAbort(i)) = *action;
        format!("{}(r{})", RULES[self.rule(action)], i + 1)
    }

    fn rules(&self) -> Vec<&'static str> {
        RULES.to_vec()
    }

    fn rule(&self, action: &Action) -> usize {
        match action {
            Action::Prepare(_) => 0,
            Action::DecideCommit(_) => 1,
            Action::DecideAbort(_) => 2,
        }
    }

    fn fairness(&self, action: &Action) -> Option<u32> {
        let (Action::Prepare(i) | Action::DecideCommit(i) | Action::DecideAbort(i)) = *action;
        Some(u32::from(i))
    }
}

//! Two-Phase Commit with a message set.
//!
//! Models: the transaction manager and resource managers of `TwoPhase.tla`; messages are never
//! lost, and never removed.
//! Leaves out: `Prepare` requests and the aborting managers' notices, as that specification does.
//! Checks: agreement (`TCConsistent`), that both outcomes are possible, and termination.
//! Paper: Gray and Lamport, "Consensus on Transaction Commit", ACM TODS 31(1), 2006, section 3.

use crate::check::explore::{ModelProperty, StateMachine};

const CITE: &str =
    "Gray and Lamport, Consensus on Transaction Commit, TODS 2006, section 3; TwoPhase.tla";

/// What may be wrong with the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// The TM commits once a majority has prepared.
    CommitOnMajority,
    /// A prepared RM may still abort on its own.
    AbortAfterPrepare,
    /// The TM may stop for ever before it has decided: the protocol blocks.
    CoordinatorStops,
}

/// Which symmetry of the resource managers to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RmSymmetry {
    /// Any two states that differ by a permutation are one.
    #[default]
    Full,
    /// Only the RMs' states are sorted and ties keep their order, as in the example that comes with
    /// stateright: several representatives a class, so the count depends on the order of search.
    RmState,
}

/// `TwoPhase.tla` with `rm` resource managers, at most 15.
#[derive(Clone, Debug)]
pub struct TwoPhase {
    /// How many resource managers.
    pub rm: u32,
    /// What is wrong with it, if anything.
    pub mutant: Option<Mutant>,
    /// What `canonical` does.
    pub symmetry: RmSymmetry,
}

/// `rmState`, `tmPrepared`, `Prepared` messages, `tmState` and the decisions sent, in 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State(u64);

const WORKING: u64 = 0;
const PREPARED: u64 = 1;
const COMMITTED: u64 = 2;
const ABORTED: u64 = 3;
const TM_INIT: u64 = 0;
const TM_STOPPED: u64 = 3;
const TM_PREPARED_AT: u32 = 30;
const SENT_AT: u32 = 45;
const TM_AT: u32 = 60;
const COMMIT_SENT: u64 = 1 << 62;
const ABORT_SENT: u64 = 1 << 63;
/// One in each two-bit field.
const LOW: u64 = 0x1555_5555;

/// A step; the number is the resource manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the specification")]
pub enum Action {
    TMRcvPrepared(u8),
    TMCommit,
    TMAbort,
    TMStop,
    RMPrepare(u8),
    RMChooseToAbort(u8),
    RMRcvCommitMsg(u8),
    RMRcvAbortMsg(u8),
}

const RULES: [&str; 8] = [
    "TMRcvPrepared",
    "TMCommit",
    "TMAbort",
    "TMStop",
    "RMPrepare",
    "RMChooseToAbort",
    "RMRcvCommitMsg",
    "RMRcvAbortMsg",
];

impl State {
    fn rm(self, i: u32) -> u64 {
        self.0 >> (2 * i) & 3
    }

    fn with_rm(self, i: u32, v: u64) -> State {
        State(self.0 & !(3 << (2 * i)) | v << (2 * i))
    }

    fn tm(self) -> u64 {
        self.0 >> TM_AT & 3
    }

    fn with_tm(self, v: u64) -> State {
        State(self.0 & !(3 << TM_AT) | v << TM_AT)
    }

    fn flag(self, at: u32) -> bool {
        self.0 >> at & 1 == 1
    }

    fn with(self, flag: u64) -> State {
        State(self.0 | flag)
    }

    /// Whether some RM is in the state `v`, among `count`.
    fn some_rm(self, v: u64, count: u32) -> bool {
        let different = self.0 ^ (v * LOW);
        let differs = (different | different >> 1) & LOW;
        differs & ((1 << (2 * count)) - 1) != LOW & ((1 << (2 * count)) - 1)
    }
}

impl TwoPhase {
    /// The protocol as specified.
    pub fn new(rm: u32) -> Self {
        TwoPhase { rm, mutant: None, symmetry: RmSymmetry::Full }
    }

    fn all_prepared(&self, s: State) -> bool {
        let prepared = (s.0 >> TM_PREPARED_AT & ((1 << self.rm) - 1)).count_ones();
        let majority = self.rm / 2 + 1;
        let need = match self.mutant {
            Some(Mutant::CommitOnMajority) => majority.min(self.rm),
            _ => self.rm,
        };
        prepared >= need
    }
}

impl StateMachine for TwoPhase {
    type State = State;
    type Action = Action;

    fn init(&self, out: &mut Vec<State>) {
        out.push(State(0));
    }

    fn actions(&self, s: &State, out: &mut Vec<Action>) {
        let s = *s;
        for i in (0..self.rm).rev() {
            let rm = i as u8;
            if s.0 & ABORT_SENT != 0 {
                out.push(Action::RMRcvAbortMsg(rm));
            }
            if s.0 & COMMIT_SENT != 0 {
                out.push(Action::RMRcvCommitMsg(rm));
            }
            let again = self.mutant == Some(Mutant::AbortAfterPrepare) && s.rm(i) == PREPARED;
            if s.rm(i) == WORKING || again {
                out.push(Action::RMChooseToAbort(rm));
            }
            if s.rm(i) == WORKING {
                out.push(Action::RMPrepare(rm));
            }
            if s.tm() == TM_INIT && s.flag(SENT_AT + i) {
                out.push(Action::TMRcvPrepared(rm));
            }
        }
        if s.tm() == TM_INIT {
            out.push(Action::TMAbort);
            if self.all_prepared(s) {
                out.push(Action::TMCommit);
            }
            if self.mutant == Some(Mutant::CoordinatorStops) {
                out.push(Action::TMStop);
            }
        }
    }

    fn next(&self, s: &State, action: &Action) -> Option<State> {
        Some(match *action {
            Action::TMRcvPrepared(i) => s.with(1 << (TM_PREPARED_AT + u32::from(i))),
            Action::TMCommit => s.with_tm(COMMITTED - 1).with(COMMIT_SENT),
            Action::TMAbort => s.with_tm(ABORTED - 1).with(ABORT_SENT),
            Action::TMStop => s.with_tm(TM_STOPPED),
            Action::RMPrepare(i) => {
                s.with_rm(u32::from(i), PREPARED).with(1 << (SENT_AT + u32::from(i)))
            }
            Action::RMChooseToAbort(i) | Action::RMRcvAbortMsg(i) => {
                s.with_rm(u32::from(i), ABORTED)
            }
            Action::RMRcvCommitMsg(i) => s.with_rm(u32::from(i), COMMITTED),
        })
    }

    fn properties(&self) -> Vec<ModelProperty<Self>> {
        vec![
            ModelProperty::always("TCConsistent", CITE, |m: &Self, s| {
                !(s.some_rm(ABORTED, m.rm) && s.some_rm(COMMITTED, m.rm))
            }),
            ModelProperty::sometimes("CommitPossible", CITE, |m: &Self, s| {
                (0..m.rm).all(|i| s.rm(i) == COMMITTED)
            }),
            ModelProperty::sometimes("AbortPossible", CITE, |m: &Self, s| {
                (0..m.rm).all(|i| s.rm(i) == ABORTED)
            }),
            ModelProperty::eventually("Termination", CITE, |m: &Self, s| {
                !s.some_rm(WORKING, m.rm) && !s.some_rm(PREPARED, m.rm)
            }),
        ]
    }

    fn canonical(&self, s: &State) -> State {
        let part = |i: u32| {
            let flags = |at: u32| s.0 >> (at + i) & 1;
            (s.rm(i), flags(TM_PREPARED_AT), flags(SENT_AT))
        };
        let mut parts = [(0, 0, 0); 15];
        let parts = &mut parts[..self.rm as usize];
        (0..self.rm).for_each(|i| parts[i as usize] = part(i));
        match self.symmetry {
            RmSymmetry::Full => parts.sort_unstable(),
            RmSymmetry::RmState => parts.sort_by_key(|p| p.0),
        }
        let mut out = s.0 >> TM_AT << TM_AT;
        for (i, (state, prepared, sent)) in parts.iter().enumerate() {
            out |= state << (2 * i);
            out |= prepared << (TM_PREPARED_AT as usize + i);
            out |= sent << (SENT_AT as usize + i);
        }
        State(out)
    }

    fn label(&self, action: &Action) -> String {
        let name = RULES[self.rule(action)];
        match *action {
            Action::TMRcvPrepared(i)
            | Action::RMPrepare(i)
            | Action::RMChooseToAbort(i)
            | Action::RMRcvCommitMsg(i)
            | Action::RMRcvAbortMsg(i) => format!("{name}(r{})", i + 1),
            _ => name.to_string(),
        }
    }

    fn rules(&self) -> Vec<&'static str> {
        RULES.to_vec()
    }

    fn rule(&self, action: &Action) -> usize {
        match action {
            Action::TMRcvPrepared(_) => 0,
            Action::TMCommit => 1,
            Action::TMAbort => 2,
            Action::TMStop => 3,
            Action::RMPrepare(_) => 4,
            Action::RMChooseToAbort(_) => 5,
            Action::RMRcvCommitMsg(_) => 6,
            Action::RMRcvAbortMsg(_) => 7,
        }
    }

    /// The TM and each RM go on while they can; nothing makes the TM stop.
    fn fairness(&self, action: &Action) -> Option<u32> {
        match *action {
            Action::TMStop => None,
            Action::TMRcvPrepared(_) | Action::TMCommit | Action::TMAbort => Some(0),
            Action::RMPrepare(i)
            | Action::RMChooseToAbort(i)
            | Action::RMRcvCommitMsg(i)
            | Action::RMRcvAbortMsg(i) => Some(u32::from(i) + 1),
        }
    }
}

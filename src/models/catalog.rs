//! The models by name, with their parameters and mutants.

use super::{BallotCounts, LamportMutex, Paxos, PaxosCommit, TCommit, TwoPhase, Voting};
use super::{lamport_mutex, paxos, paxos_commit, tcommit, twophase, voting};
use crate::check::explore::StateMachine;
use crate::core::quote::quoted;

/// A number that sizes a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in `--set name=value`.
    pub name: &'static str,
    /// What it counts.
    pub what: &'static str,
    /// The least value.
    pub min: u32,
    /// The greatest value.
    pub max: u32,
    /// The value if none is given.
    pub default: u32,
}

/// A fault that can be put into a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MutantInfo {
    /// Its name in `--mutant`.
    pub id: &'static str,
    /// The property it breaks.
    pub breaks: &'static str,
}

/// A model that can be asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelEntry {
    /// Its name.
    pub id: &'static str,
    /// What it is, in a line.
    pub title: &'static str,
    /// What sizes it.
    pub parameters: &'static [Parameter],
    /// What can be wrong with it.
    pub mutants: &'static [MutantInfo],
    /// The symmetries it knows, the default one first.
    pub symmetries: &'static [&'static str],
}

const fn count(name: &'static str, what: &'static str, max: u32, default: u32) -> Parameter {
    Parameter { name, what, min: 1, max, default }
}

const fn mutant(id: &'static str, breaks: &'static str) -> MutantInfo {
    MutantInfo { id, breaks }
}

/// Every model.
pub const MODELS: &[ModelEntry] = &[
    ModelEntry {
        id: "twophase",
        title: "Two-Phase Commit (TwoPhase.tla)",
        parameters: &[count("rm", "resource managers", 15, 3)],
        mutants: &[
            mutant("commit-on-majority", "TCConsistent"),
            mutant("abort-after-prepare", "TCConsistent"),
            mutant("coordinator-stops", "Termination"),
        ],
        symmetries: &["full", "rm-state"],
    },
    ModelEntry {
        id: "tcommit",
        title: "Transaction Commit (TCommit.tla)",
        parameters: &[count("rm", "resource managers", 16, 3)],
        mutants: &[
            mutant("abort-blindly", "TCConsistent"),
            mutant("commit-blindly", "TCConsistent"),
        ],
        symmetries: &["full"],
    },
    ModelEntry {
        id: "paxos",
        title: "Single-decree Paxos (Paxos.tla)",
        parameters: &[
            count("acceptors", "acceptors", 5, 3),
            count("values", "values", 3, 2),
            count("ballots", "ballots, numbered from 0", 4, 2),
        ],
        mutants: &[
            mutant("ignore-reported-votes", "Agreement"),
            mutant("forget-promise", "Agreement"),
            mutant("minority-quorum", "Agreement"),
            mutant("any-reported-vote", "Agreement"),
            mutant("propose-twice", "OneValuePerBallot"),
        ],
        symmetries: &["full"],
    },
    ModelEntry {
        id: "voting",
        title: "Voting, Paxos without messages (Voting.tla)",
        parameters: &[
            count("acceptors", "acceptors", 5, 3),
            count("values", "values", 3, 2),
            count("ballots", "ballots, numbered from 0", 4, 3),
        ],
        mutants: &[
            mutant("skip-safety-check", "VotesSafe"),
            mutant("two-values-per-ballot", "OneValuePerBallot"),
            mutant("minority-quorum", "Agreement"),
        ],
        symmetries: &["full"],
    },
    ModelEntry {
        id: "paxos-commit",
        title: "Paxos Commit (PaxosCommit.tla)",
        parameters: &[
            count("rm", "resource managers", 4, 2),
            count("acceptors", "acceptors", 5, 3),
            count("ballots", "ballots, numbered from 0", 3, 2),
        ],
        mutants: &[
            mutant("ignore-reported-votes", "TCConsistent"),
            mutant("commit-on-first", "TCConsistent"),
            mutant("minority-quorum", "TCConsistent"),
        ],
        symmetries: &[],
    },
    ModelEntry {
        id: "lamport-mutex",
        title: "Lamport's mutual exclusion over FIFO channels (LamportMutex.tla)",
        parameters: &[
            count("n", "processes", 4, 3),
            count("maxclock", "the largest clock explored", LamportMutex::MOST_CLOCK, 6),
        ],
        mutants: &[
            mutant("skip-acks", "Mutex"),
            mutant("ignore-requests", "Mutex"),
            mutant("frozen-clock", "Mutex"),
        ],
        symmetries: &[],
    },
];

/// A model with its parameters, mutant and symmetry settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelChoice {
    /// The model.
    pub entry: &'static ModelEntry,
    /// The value of each parameter, in the entry's order.
    pub values: Vec<u32>,
    /// The position of the mutant in the entry's list.
    pub mutant: Option<usize>,
    /// The symmetry to use, from the entry's list.
    pub symmetry: Option<&'static str>,
    /// Partial-order reduction; claims that would see it are left out.
    pub reduction: bool,
}

/// What to do with a model once its type is known.
pub trait Visit {
    /// The answer.
    type Out;
    /// Does it.
    fn visit<M>(self, model: M) -> Self::Out
    where
        M: StateMachine + Sync,
        M::State: Send + Sync,
        M::Action: Send + Sync;
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

impl ModelEntry {
    /// The model called `id`, or a sentence that lists what there is.
    pub fn find(id: &str) -> Result<&'static ModelEntry, String> {
        MODELS.iter().find(|e| e.id == id).ok_or_else(|| {
            format!("there is no model {}; the models are {}", quoted(id), ModelEntry::all())
        })
    }

    /// The names of all models, with their parameters.
    pub fn all() -> String {
        let one = |e: &ModelEntry| format!("{} ({})", e.id, e.ranges());
        MODELS.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// The parameters and what they may be.
    pub fn ranges(&self) -> String {
        let one = |p: &Parameter| format!("{} {} to {}", p.name, p.min, p.max);
        self.parameters.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// This model with the given settings, or a sentence on what is wrong with them.
    pub fn choose(
        &'static self,
        settings: &[(String, String)],
        mutant: Option<&str>,
        symmetry: Option<&str>,
    ) -> Result<ModelChoice, String> {
        let mut values: Vec<u32> = self.parameters.iter().map(|p| p.default).collect();
        for (name, value) in settings {
            let Some(i) = self.parameters.iter().position(|p| p.name == name) else {
                let (id, ranges) = (self.id, self.ranges());
                return Err(format!("{id} has no parameter {}; it takes {ranges}", quoted(name)));
            };
            let Parameter { min, max, what, .. } = self.parameters[i];
            values[i] =
                value.parse().ok().filter(|v| (min..=max).contains(v)).ok_or_else(|| {
                    let value = quoted(value);
                    format!("{name} ({what}) is a whole number from {min} to {max}, not {value}")
                })?;
        }
        let mutant = mutant.map(|m| self.mutant(m)).transpose()?;
        let symmetry = symmetry.map(|s| self.symmetry(s)).transpose()?;
        let choice = ModelChoice { entry: self, values, mutant, symmetry, reduction: false };
        choice.check_size()?;
        Ok(choice)
    }

    fn mutant(&self, id: &str) -> Result<usize, String> {
        self.mutants.iter().position(|m| m.id == id).ok_or_else(|| {
            let all = list(self.mutants.iter().map(|m| m.id));
            format!("{} has no mutant {}; its mutants are {all}", self.id, quoted(id))
        })
    }

    /// The symmetry called `name`; the empty name is the default one.
    fn symmetry(&self, name: &str) -> Result<&'static str, String> {
        let Some(first) = self.symmetries.first() else {
            return Err(format!("no symmetry is known of {}", self.id));
        };
        let named = self.symmetries.iter().find(|s| **s == name);
        named.or(name.is_empty().then_some(first)).copied().ok_or_else(|| {
            let all = list(self.symmetries.iter().copied());
            format!("{} has no symmetry {}; it has {all}", self.id, quoted(name))
        })
    }
}

impl ModelChoice {
    /// The same with partial-order reduction, where one is known.
    pub fn reduced(self) -> Result<ModelChoice, String> {
        match self.entry.id {
            "lamport-mutex" => Ok(ModelChoice { reduction: true, ..self }),
            id => Err(format!("no partial-order reduction is known of {id}")),
        }
    }

    fn size(&self) -> BallotCounts {
        BallotCounts { acceptors: self.values[0], values: self.values[1], ballots: self.values[2] }
    }

    fn check_size(&self) -> Result<(), String> {
        let [a, b, c] = [0, 1, 2].map(|i| self.values.get(i).copied().unwrap_or(1));
        if self.entry.id == "paxos-commit" && !PaxosCommit::fits(a, b, c) {
            return Err("this size of paxos-commit does not fit: rm * acceptors is at most 16, \
                        rm * acceptors * ballots at most 32"
                .into());
        }
        if self.entry.id == "paxos" && !Paxos::fits(&self.size()) {
            return Err("this size of paxos does not fit: acceptors * ballots * \
                        (values * ballots + 1) is at most 128"
                .into());
        }
        Ok(())
    }

    /// Builds the model and hands it over.
    pub fn visit<V: Visit>(&self, visit: V) -> V::Out {
        let v = &self.values;
        match self.entry.id {
            "twophase" => {
                use twophase::{Mutant::*, RmSymmetry};
                let all = [CommitOnMajority, AbortAfterPrepare, CoordinatorStops];
                let mutant = self.mutant.map(|i| all[i]);
                let partly = self.symmetry == Some("rm-state");
                let symmetry = if partly { RmSymmetry::RmState } else { RmSymmetry::Full };
                visit.visit(TwoPhase { rm: v[0], mutant, symmetry })
            }
            "tcommit" => {
                use tcommit::Mutant::*;
                let mutant = self.mutant.map(|i| [AbortBlindly, CommitBlindly][i]);
                visit.visit(TCommit { rm: v[0], mutant })
            }
            "paxos" => {
                use paxos::Mutant::*;
                let all = [
                    IgnoreReportedVotes,
                    ForgetPromise,
                    MinorityQuorum,
                    AnyReportedVote,
                    ProposeTwice,
                ];
                visit.visit(Paxos::new(self.size(), self.mutant.map(|i| all[i])))
            }
            "voting" => {
                use voting::Mutant::*;
                let all = [SkipSafetyCheck, TwoValuesPerBallot, MinorityQuorum];
                visit.visit(Voting::new(self.size(), self.mutant.map(|i| all[i])))
            }
            "paxos-commit" => {
                use paxos_commit::Mutant::*;
                let all = [IgnoreReportedVotes, CommitOnFirst, MinorityQuorum];
                let mutant = self.mutant.map(|i| all[i]);
                visit.visit(PaxosCommit::new(v[0], v[1], v[2], mutant))
            }
            _ => {
                use lamport_mutex::Mutant::*;
                let all = [SkipAcks, IgnoreRequests, FrozenClock];
                let model = LamportMutex::new(v[0], v[1], self.mutant.map(|i| all[i]));
                visit.visit(if self.reduction { model.mutex_only() } else { model })
            }
        }
    }
}

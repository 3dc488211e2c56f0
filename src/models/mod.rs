//! Specification-level models, written from the papers and their TLA+ specifications, with the
//! published numbers of states.
pub mod ballots;
pub mod catalog;
pub mod lamport_mutex;
pub mod paxos;
pub mod paxos_commit;
pub mod tcommit;
pub mod twophase;
pub mod voting;

pub use ballots::BallotCounts;
pub use lamport_mutex::LamportMutex;
pub use paxos::Paxos;
pub use paxos_commit::PaxosCommit;
pub use tcommit::TCommit;
pub use twophase::TwoPhase;
pub use voting::Voting;

//! Conflict-free replicated data types in their true internal form (Shapiro, Preguica, Baquero,
//! Zawirski 2011).
//!
//! Each state is a join semilattice: [`Crdt::merge`] is commutative, associative and idempotent,
//! and updates only move up. So replicas that have seen the same updates are equal values.
mod counter;
mod register;
mod rga;
mod set;

pub use counter::{Full, GCounter, PnCounter};
pub use register::{LwwRegister, MvRegister, Put};
pub use rga::{Insert, Rga};
pub use set::{OrSet, TwoPhaseSet};

/// A replicated state that can join another replica's.
pub trait Crdt: Clone + Eq {
    /// Takes in all that `other` has seen.
    fn merge(&mut self, other: &Self);
}

#[cfg(test)]
mod tests;

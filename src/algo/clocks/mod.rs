//! Logical clocks: what can be known of "before" without a common physical clock.
//!
//! All are plain values with pure operations; a missing entry of a vector counts as 0.
mod dvv;
mod dvvset;
mod hlc;
mod lamport;
pub mod overlay;
mod vector;
mod versions;

pub use dvv::{Dotted, Siblings};
pub use dvvset::DvvSet;
pub use hlc::{Hlc, LOGICAL_MAX, OffsetError, Timestamp, is_forward_jump};
pub use lamport::LamportClock;
pub use vector::{Causality, VectorClock};
pub use versions::{ByClient, OneVector};

#[cfg(test)]
mod tests;

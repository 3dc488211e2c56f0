//! Engine.
pub mod hash;

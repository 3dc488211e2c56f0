//! Checkers.

pub mod fuzz;
pub mod nemesis;
pub mod shrink;

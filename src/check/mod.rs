//! Checkers: exhaustive search, fuzz runs and their shrinker, and judges of histories.

pub mod explore;
pub mod fuzz;
pub mod history;
pub mod nemesis;
pub mod shrink;
pub mod worlds;

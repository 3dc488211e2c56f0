//! Checkers: exhaustive search, fuzz runs and their shrinker, and judges of histories.

pub mod attempt;
pub mod converge;
pub mod explore;
pub mod fuzz;
pub mod history;
pub mod hunt;
pub mod nemesis;
pub mod plane;
pub mod shrink;
pub mod sliders;
pub mod solve;
pub mod worlds;

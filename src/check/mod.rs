//! Checkers: exhaustive search, and judges of histories.

pub mod explore;
pub mod history;

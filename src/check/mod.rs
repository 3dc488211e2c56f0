//! Checkers.
pub mod explore;

pub mod history;

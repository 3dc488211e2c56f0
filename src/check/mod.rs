//! Checkers.
pub mod explore;

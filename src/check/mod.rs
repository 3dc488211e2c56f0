//! Checkers.

pub mod history;

//! The pure core of Happened Before.
pub mod check;
pub mod cli;
pub mod core;
pub mod share;

//! The pure core of Happened Before: protocols as state machines, the engine that runs them, the
//! checkers that judge them, and what goes in and out. No web types, no I/O, no wall clock.

pub mod algo;
pub mod check;
pub mod cli;
pub mod core;
pub mod models;
pub mod protocols;
pub mod scene;
pub mod share;
pub mod stories;

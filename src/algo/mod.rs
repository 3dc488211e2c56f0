//! Algorithms that stand on their own: pure functions and plain data, no world around them.
//!
//! Scenes, importers and the command line share them; each is checked against numbers that were
//! published or computed elsewhere.
pub mod breaker;
pub mod clocks;
pub mod crdt;
pub mod eventlog;
pub mod formula;
pub mod hashing;

//! The pure core of Happened Before.
pub mod algo;
pub mod check;
pub mod cli;
pub mod core;
pub mod protocols;
pub mod models;
pub mod share;

//! The engine: protocols as pure functions, worlds as lists of things that could happen next,
//! sessions as lists of the things that did.

pub mod action;
pub mod config;
pub mod hash;
pub mod ids;
pub mod protocol;
pub mod random;
pub mod trace;
pub mod view;

//! Short declarations that every protocol shares, so that a scene costs its rules.
//!
//! | declaration | gives |
//! |---|---|
//! | [`knobs!`] | the settings, their defaults and the table that people turn |
//! | [`choices!`] | a setting that is one of a few names |
//! | [`presets!`] | parameter sets of papers and real systems |
//! | [`mutants!`] | named bugs: constants and table |
//! | [`timers!`] | timers and their names |
//! | [`operations!`] | what clients ask, its names, and the way to and from a [`Call`] |
//! | [`data!`], [`messages!`] | types of state and messages, which can be renamed, told and lied about |
//! | [`claims!`] | properties, accused through [`Accusations`] |
//! | [`usual_parts!`] | the lines of `impl Protocol` that say the same everywhere |
//! | [`kv`] | the usual workload on registers |
//!
//! `src/protocols/template.rs` uses them all. They are plain `macro_rules!`: what one declares is
//! what one would have written by hand, and the compiler's errors point into the declaration.
//!
//! [`Call`]: super::action::Call

mod claims;
mod data;
mod operations;
mod plain;
mod rewrite;
mod settings;
mod tables;

pub use claims::Accusations;
pub(crate) use claims::claims;
pub use data::{Data, Forger, Liar, Twist, other_value, told};
pub(crate) use data::{data, fields, keep, messages};
pub use operations::{Operation, distinct_value, kv, kv_on};
pub(crate) use operations::{operations, uses};
pub use plain::{Plain, part};
pub use rewrite::{PerNode, Rewrite};
pub(crate) use rewrite::{rewrite, rewrites};
pub use settings::{Choice, Setting};
pub(crate) use settings::{choices, knob, knobs, limits};
pub(crate) use tables::{mutants, or, presets, timers, usual_parts};

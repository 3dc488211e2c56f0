//! Explicit-state exploration of finite models.
//!
//! [`StateMachine`] says what a state machine is, [`Search`] visits its states breadth first (so the
//! counter-examples are shortest), [`lasso`] looks for behaviours that never do what was promised.
//! States are remembered by 64-bit fingerprints: with `n` states the chance that two of them are
//! mistaken for one is about `n * n / 2^65`.
mod lasso;
mod model;
mod report;
mod search;
mod table;
#[cfg(not(target_arch = "wasm32"))]
mod threads;

pub use lasso::{Lasso, Liveness, lasso};
pub use model::{ModelProperty, Predicate, Quantifier, StateMachine};
pub use report::{Bounds, Coverage, Finding, Keep, Options, Progress, Report, SearchOutcome};
pub use search::Search;
pub use table::Table;

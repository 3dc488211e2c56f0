//! What goes in and out: other tools' logs and traces.
pub mod import;

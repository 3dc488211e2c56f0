//! What goes in and out: other tools' logs and traces.
//! Taking histories and runs in and out of the formats of other tools.

pub mod import;

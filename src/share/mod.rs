//! Taking histories and runs in and out of the formats of other tools.

pub mod export;
pub mod import;

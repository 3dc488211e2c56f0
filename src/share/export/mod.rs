//! Writers of foreign formats.

pub mod history;

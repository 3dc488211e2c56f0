//! What goes in and out: links, histories, traces.

pub mod import;

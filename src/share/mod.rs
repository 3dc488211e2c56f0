//! Runs as documents for others: links, imports, exports.

pub mod export;
pub mod link;

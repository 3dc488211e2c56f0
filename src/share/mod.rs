//! Runs and histories as documents for others: links, imports, exports.

pub mod board;
pub mod carry;
pub mod export;
pub mod import;
pub mod link;
pub mod transfer;

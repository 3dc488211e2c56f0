//! Judges of transactional histories: Adya's anomalies and the levels they rule out.

pub mod append;
mod cycles;
mod lists;
pub mod names;
pub mod register;

use super::OpValue;
use serde::{Deserialize, Serialize};

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TxnStep {
    /// Wrote a register.
    Write(String, OpValue),
    /// Read a register; none if the answer is unknown.
    Read(String, Option<OpValue>),
    /// Appended to a list.
    Append(String, OpValue),
    /// Read a list; none if the answer is unknown.
    List(String, Option<Vec<OpValue>>),
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TxnEnd {
    /// It committed.
    Committed,
    /// It certainly did not.
    Aborted,
    /// Nobody knows; its reads were not answered.
    Unknown,
}

/// A transaction as its client saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Txn {
    /// Position among the transactions, from 0.
    pub id: u32,
    /// The session (process).
    pub session: u32,
    /// Position of the invocation.
    pub invoke: u64,
    /// Position of the answer; the largest number while there is none.
    pub ret: u64,
    /// How it ended.
    pub end: TxnEnd,
    /// What it did, in order.
    pub steps: Vec<TxnStep>,
}

impl Txn {
    /// True if it did or may have taken effect.
    pub fn may_count(&self) -> bool {
        self.end != TxnEnd::Aborted
    }
}

//! The replicated log. Indexes start at 1, as in the paper.

use super::Op;
use crate::core::declare::{Data, Forger, Liar, Plain, Rewrite, data};
use crate::core::ids::{Names, OpId};
use crate::core::long::{LongIter, LongList};
use serde::{Deserialize, Serialize};

data! {
    /// What an entry asks of the state machine.
    #[derive(Serialize, Deserialize)]
    pub enum LogCommand {
        /// Nothing: a new leader's first entry.
        Noop,
        /// A client's operation.
        Client { id: OpId, op: Op },
    }

    /// A log entry.
    #[derive(Serialize, Deserialize)]
    pub struct LogEntry {
        /// The term in which a leader created it.
        pub term: u64 as fixed,
        /// What it asks.
        pub command: LogCommand,
    }
}

impl LogCommand {
    /// The value that it puts under a key.
    pub(super) fn put(&self, key: u32) -> Option<i64> {
        match self {
            LogCommand::Client { op: Op::Put { key: k, value }, .. } if *k == key => Some(*value),
            _ => None,
        }
    }
}

/// A log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Log(LongList<LogEntry>);

impl Log {
    /// Index of the last entry; 0 if there is none.
    pub fn len(&self) -> u64 {
        self.0.len()
    }
    /// Is there no entry?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The entry at an index.
    pub fn get(&self, index: u64) -> Option<LogEntry> {
        self.0.get(index.checked_sub(1)?)
    }
    /// Term of the entry at an index; 0 if there is none.
    pub fn term(&self, index: u64) -> u64 {
        self.get(index).map_or(0, |e| e.term)
    }
    /// Term of the last entry; 0 if there is none.
    pub fn last_term(&self) -> u64 {
        self.term(self.len())
    }
    /// All entries in order.
    pub fn iter(&self) -> LongIter<'_, LogEntry> {
        self.0.iter()
    }
    /// The entries from an index on.
    pub fn iter_from(&self, index: u64) -> LongIter<'_, LogEntry> {
        self.0.iter_from(index.max(1) - 1)
    }
    /// The entries up to an index.
    pub fn iter_to(&self, index: u64) -> LongIter<'_, LogEntry> {
        self.0.range(0, index)
    }
    /// At most `most` entries from an index on.
    pub fn from(&self, index: u64, most: u32) -> Vec<LogEntry> {
        self.iter_from(index).take(most as usize).collect()
    }
    /// The first `count` entries.
    pub fn prefix(&self, count: u64) -> Log {
        let mut cut = self.clone();
        cut.truncate(count);
        cut
    }
    /// Adds an entry.
    pub fn push(&mut self, entry: LogEntry) {
        self.0.push(entry);
    }
    /// Removes everything after an index.
    pub fn truncate(&mut self, index: u64) {
        self.0.truncate(index);
    }
    /// The last index up to which both are the same.
    pub fn common(&self, other: &Log) -> u64 {
        self.0.common(&other.0)
    }
    /// Has nothing changed between the two?
    pub fn same(&self, other: &Log) -> bool {
        self.0.same(&other.0)
    }
}

impl Rewrite for Log {
    const NAMES: bool = LongList::<LogEntry>::NAMES;
    fn rewrite(&mut self, names: &Names) {
        self.0.rewrite(names);
    }
}

impl Data for Log {
    fn plain(&self) -> Plain {
        self.0.plain()
    }
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        self.0.lie(liar, forger);
    }
}

impl FromIterator<LogEntry> for Log {
    fn from_iter<T: IntoIterator<Item = LogEntry>>(entries: T) -> Self {
        Log(entries.into_iter().collect())
    }
}

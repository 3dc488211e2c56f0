//! The replicated log. Indexes start at 1, as in the paper.

use super::Op;
use crate::core::ids::OpId;
use std::sync::Arc;

/// What an entry asks of the state machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Nothing: a new leader's first entry.
    Noop,
    /// A client's operation.
    Client { id: OpId, op: Op },
}

impl Command {
    /// Another command of the same shape, for liars.
    pub(super) fn lie(&mut self) {
        if let Command::Client { op: Op::Put { value, .. } | Op::Cas { value, .. }, .. } = self {
            *value = -*value;
        }
    }
}

/// A log entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The term in which a leader created it.
    pub term: u64,
    /// What it asks.
    pub command: Command,
}

/// A log that is cheap to copy: copies share their entries until one of them changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Log(Arc<Vec<Entry>>);

impl Log {
    /// Index of the last entry; 0 if there is none.
    pub fn len(&self) -> u64 {
        self.0.len() as u64
    }
    /// Is there no entry?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The entry at an index.
    pub fn get(&self, index: u64) -> Option<&Entry> {
        self.0.get(usize::try_from(index).ok()?.checked_sub(1)?)
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
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }
    /// At most `most` entries from an index on.
    pub fn from(&self, index: u64, most: u32) -> Vec<Entry> {
        let start = (index.max(1) as usize - 1).min(self.0.len());
        self.0[start..].iter().take(most as usize).cloned().collect()
    }
    /// The first `count` entries.
    pub fn prefix(&self, count: u64) -> Log {
        Log(Arc::new(self.0.iter().take(count as usize).cloned().collect()))
    }
    /// Adds an entry.
    pub fn push(&mut self, entry: Entry) {
        Arc::make_mut(&mut self.0).push(entry);
    }
    /// Removes everything after an index.
    pub fn truncate(&mut self, index: u64) {
        if self.len() > index {
            Arc::make_mut(&mut self.0).truncate(index as usize);
        }
    }
    /// Do both share the same entries in memory?
    pub fn same(&self, other: &Log) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl FromIterator<Entry> for Log {
    fn from_iter<T: IntoIterator<Item = Entry>>(entries: T) -> Self {
        Log(Arc::new(entries.into_iter().collect()))
    }
}

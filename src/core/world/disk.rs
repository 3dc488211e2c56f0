//! What a crash leaves on a disk.

use super::*;
use crate::core::action::CrashMode;

impl Replica {
    /// All that was written is safe.
    pub(super) fn sync_all(&mut self) {
        if let Some(last) = self.written.pop() {
            self.before = std::mem::replace(&mut self.synced, last);
            self.written.clear();
        }
    }

    /// The oldest write is safe.
    pub(super) fn sync_first(&mut self) {
        let first = self.written.remove(0);
        self.before = std::mem::replace(&mut self.synced, first);
    }

    /// The disk forgets the last write that it had called safe.
    pub(super) fn lose_tail(&mut self) {
        self.synced = self.before.clone();
        self.written.clear();
    }

    /// What the node remembers after a crash is what its disk has.
    pub(super) fn lose_memory(&mut self, mode: CrashMode, rules: &dyn Rules) {
        self.pending.clear();
        let survives = |kept: u8| match kept {
            0 => self.synced.clone(),
            n => self
                .written
                .get(usize::from(n) - 1)
                .or(self.written.last())
                .unwrap_or(&self.synced)
                .clone(),
        };
        let left = match mode {
            CrashMode::Process => self.written.last().unwrap_or(&self.synced).clone(),
            CrashMode::Os { kept } => survives(kept),
            CrashMode::Torn { kept } => match self.written.get(usize::from(kept)) {
                Some(after) => rules.torn(&*survives(kept), &**after),
                None => survives(kept),
            },
        };
        self.written.clear();
        rules.remember(&mut self.node, &*left);
        self.before = left.clone();
        self.synced = left;
    }
}

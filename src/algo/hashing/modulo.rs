//! `hash(key) mod n`: even, simple, and almost every key moves when n changes.

use super::{HashFn, Placement};

/// The remainder rule over a number of nodes.
#[derive(Clone, Copy, Debug)]
pub struct Modulo {
    /// How many nodes.
    pub nodes: u32,
    /// Of which hash the remainder is taken.
    pub hash: HashFn,
}

impl Placement for Modulo {
    fn position(&self, key: &[u8]) -> u64 {
        self.hash.hash(key)
    }
    fn owner_at(&self, position: u64) -> Option<u32> {
        position.checked_rem(u64::from(self.nodes)).map(|r| r as u32)
    }
}

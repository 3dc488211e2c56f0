//! Where does a key live? Every placement rule of the field, side by side, in integers only.
//!
//! A [`Placement`] maps a key to one of its nodes. The rules differ in what moves when the
//! membership changes, and in how evenly they spread; both are measured by the tests beside them.
mod bounded;
mod digest;
mod jump;
mod maglev;
mod modulo;
mod rendezvous;
mod ring;
mod slot;
mod token;

pub use bounded::{assign_bounded, capacity};
pub use digest::{HashFn, md5};
pub use jump::{Jump, jump};
pub use maglev::{MAGLEV_TABLE, Maglev, is_prime};
pub use modulo::Modulo;
pub use rendezvous::Rendezvous;
pub use ring::Ring;
pub use slot::{crc16, hash_tag, redis_slot};
pub use token::cassandra_token;

/// A node that keys can be placed on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashNode {
    /// Its name, which is what gets hashed; names are distinct within one placement.
    pub name: String,
    /// Its share relative to the others; 0 takes no keys.
    pub weight: u32,
}

impl HashNode {
    /// A node of weight 1.
    pub fn new(name: impl Into<String>) -> Self {
        HashNode { name: name.into(), weight: 1 }
    }

    /// A node with the given share.
    pub fn weighted(name: impl Into<String>, weight: u32) -> Self {
        HashNode { name: name.into(), weight }
    }
}

/// A rule that says which node owns a key.
pub trait Placement {
    /// What the rule makes of a key's bytes before it looks for a node: a hash, or a place on a ring.
    fn position(&self, key: &[u8]) -> u64;
    /// Place of the owner, of what has this position, in the list of nodes that the rule was built
    /// from; none without nodes.
    fn owner_at(&self, position: u64) -> Option<u32>;
    /// Place of a key's owner in that list.
    fn owner(&self, key: &[u8]) -> Option<u32> {
        self.owner_at(self.position(key))
    }
}

/// The sum of the nodes' weights.
fn total_weight(nodes: &[HashNode]) -> u64 {
    nodes.iter().map(|n| u64::from(n.weight)).sum()
}

#[cfg(test)]
mod tests;

//! Maglev hashing (Eisenbud et al., NSDI 2016, section 3.4): a lookup table filled in turns.

use super::digest::mix;
use super::{HashFn, HashNode, Placement};

/// The paper's and Envoy's default table size, a prime.
pub const MAGLEV_TABLE: u32 = 65_537;

/// A lookup table in which every node has an almost equal (or weighted) number of entries.
#[derive(Clone, Debug)]
pub struct Maglev {
    table: Vec<u32>,
    hash: HashFn,
}

/// A node's walk through the table: a permutation, as `size` is prime.
struct Walk {
    next: u32,
    skip: u32,
    credit: u64,
}

/// An entry that nobody has taken.
const FREE: u32 = u32::MAX;

impl Maglev {
    /// A table of `size` entries; `size` must be a prime well above the number of nodes, which is
    /// the caller's to ensure (see [`is_prime`]).
    pub fn new(nodes: &[HashNode], size: u32, hash: HashFn) -> Self {
        let top = nodes.iter().map(|n| n.weight).max().unwrap_or(0);
        if top == 0 || !is_prime(size) {
            return Maglev { table: Vec::new(), hash };
        }
        // Turns follow the names, so that the order in which nodes were listed does not matter.
        let mut turns: Vec<_> = (0..).zip(nodes).collect();
        turns.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        let mut walks: Vec<Walk> =
            turns.iter().map(|(_, n)| Walk::new(&n.name, size.into(), hash)).collect();
        let mut table = vec![FREE; size as usize];
        let mut free = size;
        while free > 0 {
            for ((index, node), walk) in turns.iter().zip(&mut walks) {
                walk.credit += u64::from(node.weight);
                if walk.credit < u64::from(top) || free == 0 {
                    continue;
                }
                walk.credit -= u64::from(top);
                walk.claim(&mut table, *index);
                free -= 1;
            }
        }
        Maglev { table, hash }
    }

    /// Which node each entry belongs to.
    pub fn table(&self) -> &[u32] {
        &self.table
    }
}

impl Walk {
    fn new(name: &str, m: u64, hash: HashFn) -> Self {
        let h = hash.hash(name.as_bytes());
        let skip = mix(h) % (m - 1).max(1) + 1;
        Walk { next: (h % m) as u32, skip: skip as u32, credit: 0 }
    }

    /// Takes the first free entry of the walk; the table has one.
    fn claim(&mut self, table: &mut [u32], node: u32) {
        // Both are below the size, which fits 32 bits; their sum need not.
        let wraps = table.len() as u32 - self.skip;
        loop {
            let at = self.next as usize;
            self.next = if self.next >= wraps { self.next - wraps } else { self.next + self.skip };
            if table[at] == FREE {
                table[at] = node;
                return;
            }
        }
    }
}

impl Placement for Maglev {
    fn position(&self, key: &[u8]) -> u64 {
        self.hash.hash(key)
    }
    fn owner_at(&self, position: u64) -> Option<u32> {
        let slot = position.checked_rem(self.table.len() as u64)?;
        Some(self.table[slot as usize])
    }
}

/// True if `n` is a prime, by trial division.
pub fn is_prime(n: u32) -> bool {
    let n = u64::from(n);
    n >= 2 && (2..).take_while(|d| d * d <= n).all(|d| n % d != 0)
}

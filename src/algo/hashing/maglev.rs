//! Maglev hashing (Eisenbud et al., NSDI 2016, section 3.4): a lookup table filled in turns.

use super::digest::mix;
use super::{HashFn, Node, Placement};

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
    next: u64,
    skip: u64,
    credit: u64,
}

impl Maglev {
    /// A table of `size` entries; `size` must be a prime well above the number of nodes, which is
    /// the caller's to ensure (see [`is_prime`]).
    pub fn new(nodes: &[Node], size: u32, hash: HashFn) -> Self {
        let top = nodes.iter().map(|n| n.weight).max().unwrap_or(0);
        if top == 0 || !is_prime(size) {
            return Maglev { table: Vec::new(), hash };
        }
        // Turns follow the names, so that the order in which nodes were listed does not matter.
        let mut turns: Vec<_> = (0..).zip(nodes).collect();
        turns.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        let m = u64::from(size);
        let mut walks: Vec<Walk> = turns.iter().map(|(_, n)| Walk::new(&n.name, m, hash)).collect();
        let mut table: Vec<Option<u32>> = vec![None; size as usize];
        let mut free = m;
        while free > 0 {
            for ((index, node), walk) in turns.iter().zip(&mut walks) {
                walk.credit += u64::from(node.weight);
                if walk.credit < u64::from(top) || free == 0 {
                    continue;
                }
                walk.credit -= u64::from(top);
                walk.claim(&mut table, *index, m);
                free -= 1;
            }
        }
        Maglev { table: table.into_iter().map(|e| e.unwrap_or(0)).collect(), hash }
    }

    /// Which node each entry belongs to.
    pub fn table(&self) -> &[u32] {
        &self.table
    }
}

impl Walk {
    fn new(name: &str, m: u64, hash: HashFn) -> Self {
        let h = hash.hash(name.as_bytes());
        Walk { next: h % m, skip: mix(h) % (m - 1).max(1) + 1, credit: 0 }
    }

    /// Takes the first free entry of the walk; the table has one.
    fn claim(&mut self, table: &mut [Option<u32>], node: u32, m: u64) {
        loop {
            let entry = &mut table[self.next as usize];
            self.next = (self.next + self.skip) % m;
            if entry.is_none() {
                *entry = Some(node);
                return;
            }
        }
    }
}

impl Placement for Maglev {
    fn owner(&self, key: &[u8]) -> Option<u32> {
        let size = self.table.len() as u64;
        let slot = self.hash.hash(key).checked_rem(size)?;
        Some(self.table[slot as usize])
    }
}

/// True if `n` is a prime, by trial division.
pub fn is_prime(n: u32) -> bool {
    let n = u64::from(n);
    n >= 2 && (2..).take_while(|d| d * d <= n).all(|d| n % d != 0)
}

//! What can be set.

use crate::algo::hashing::HashFn;
use crate::core::declare::{choices, knobs};

choices! {
    /// How a key finds its owner.
    pub enum Scheme {
        /// The first point clockwise.
        Ring = "ring",
        /// The same, with libketama's points.
        Ketama = "ketama",
        /// The remainder of the key's hash by the number of servers.
        Modulo = "modulo",
        /// The server whose hash with the key is highest.
        Rendezvous = "rendezvous",
        /// Jump consistent hash.
        Jump = "jump",
        /// A lookup table that all servers fill in turn.
        Maglev = "maglev",
        /// The first point clockwise whose server is not full.
        Bounded = "bounded",
    }
}

knobs! {
    /// Settings; times in microseconds.
    pub struct Config {
        /// How a key finds its owner.
        scheme: Scheme = Scheme::Ring, "hash.scheme" "a key's owner is found by", choice;
        /// Points of each server on the ring.
        vnodes: u32 = 16, "hash.vnodes" "points of a server on the ring", count(1..=1024);
        /// The hash function, a place in [`HashFn::ALL`].
        function: u8 = 1, "hash.function" "hash function", choice("md5", "murmur3", "xxhash64", "fnv1a", "char-sum");
        /// No server may hold more than this many hundredths of the mean (bounded loads).
        bound: u32 = 125, "hash.bound" "a server is full at this percentage of the mean (bounded)", count(100..=1000);
        /// Servers that keep a key, the owner among them.
        copies: u32 = 2, "hash.copies" "servers that keep a key", count(1..=5);
        /// Racks; server n stands in rack n modulo this.
        racks: u32 = 3, "hash.racks" "racks", count(1..=9);
        /// Servers that are members from the start.
        members: u32 = 4, "hash.members" "members from the start", count(1..=100);
        /// Keys there are.
        keys: u32 = 48, "hash.keys" "keys", count(1..=10_000);
        /// Keys in a parcel at most.
        parcel: u32 = 4, "hash.parcel" "keys in a parcel at most", count(1..=1000);
        /// Servers with a greater share, the first ones.
        heavy: u32 = 0, "hash.heavy" "servers with a greater share, the first ones", count(0..=100);
        /// Their share; that of the others is 1.
        weight: u32 = 2, "hash.weight" "their share, where that of others is 1", count(1..=16);
        /// Clients ask for some keys more often than for others, by Zipf's law.
        zipf: bool = false, "client.pattern" "keys that clients ask for", choice("uniform", "zipf");
        /// How often a server tells another who the members are.
        gossip: u64 = 300_000, "hash.gossip" "a server tells another of the members every", time(1_000..=60_000_000);
        /// What is not acknowledged is sent again after this long.
        resend: u64 = 400_000, "hash.resend" "keys are sent again if not acknowledged after", time(1_000..=60_000_000);
    }
}

impl Config {
    /// The hash function.
    pub fn hash(&self) -> HashFn {
        HashFn::ALL[usize::from(self.function) % HashFn::ALL.len()].1
    }
}

/// Weight of the first of Zipf's ranks; those of the others are whole parts of it.
const RANK: u64 = 1 << 20;

/// A key by Zipf's law: the n-th key is asked for in proportion to 1/n.
pub(super) fn zipf(keys: u32, pick: &mut dyn FnMut(u64) -> u64) -> u32 {
    let all: u64 = (1..=u64::from(keys)).map(|rank| RANK / rank).sum();
    let mut left = pick(all);
    let mut key = 0;
    while key + 1 < keys && left >= RANK / (u64::from(key) + 1) {
        left -= RANK / (u64::from(key) + 1);
        key += 1;
    }
    key
}

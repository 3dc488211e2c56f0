//! The token of a partition key under Cassandra's Murmur3Partitioner.

use super::digest::{mix, word};

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

fn mix_k1(k: u64) -> u64 {
    k.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

fn mix_k2(k: u64) -> u64 {
    k.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

/// Up to eight tail bytes as one word; `signed` widens each byte with its sign, as Java does.
fn tail_word(bytes: &[u8], signed: bool) -> u64 {
    if !signed {
        return word(bytes);
    }
    let widened = bytes.iter().enumerate().map(|(i, b)| (*b as i8 as i64 as u64) << (8 * i));
    widened.fold(0, |w, b| w ^ b)
}

/// MurmurHash3 x64 128, seed 0, as two words; `signed` is the variant with sign-extended tail.
pub(super) fn murmur3_x64_128(bytes: &[u8], signed: bool) -> (u64, u64) {
    let (mut h1, mut h2) = (0u64, 0u64);
    let blocks = bytes.chunks_exact(16);
    let tail = blocks.remainder();
    for block in blocks {
        h1 ^= mix_k1(word(&block[..8]));
        h1 = h1.rotate_left(27).wrapping_add(h2).wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= mix_k2(word(&block[8..]));
        h2 = h2.rotate_left(31).wrapping_add(h1).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let (low, high) = tail.split_at(tail.len().min(8));
    h2 ^= mix_k2(tail_word(high, signed));
    h1 ^= mix_k1(tail_word(low, signed));
    h1 ^= bytes.len() as u64;
    h2 ^= bytes.len() as u64;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    h1 = mix(h1);
    h2 = mix(h2);
    h1 = h1.wrapping_add(h2);
    (h1, h2.wrapping_add(h1))
}

/// The token of a partition key: the first word of the sign-extending variant.
///
/// The smallest i64 is the token of the empty key alone, before every other: a hash that meets it is
/// moved to the largest.
pub fn cassandra_token(key: &[u8]) -> i64 {
    if key.is_empty() {
        return i64::MIN;
    }
    match murmur3_x64_128(key, true).0 as i64 {
        i64::MIN => i64::MAX,
        token => token,
    }
}

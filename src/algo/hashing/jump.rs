//! Jump consistent hash (Lamping & Veach 2014), without floating point.
//!
//! The published algorithm computes `(b + 1) * (2^31 / d)` in IEEE doubles. Other implementations
//! inherit the roundings of those two operations, so they are part of the function: both are done
//! here exactly as IEEE 754 rounds them, on integers.

use super::{HashFn, Placement};

/// Bits in a double's significand.
const SIGNIFICAND: u32 = 53;

/// `n` rounded to 53 significant bits, ties to even, as (significand, power of two).
fn round_to_double(n: u128) -> (u128, u32) {
    let bits = u128::BITS - n.leading_zeros();
    let Some(drop) = bits.checked_sub(SIGNIFICAND) else { return (n, 0) };
    let kept = n >> drop;
    let rest = n - (kept << drop);
    let half = if drop == 0 { 1 } else { 1u128 << (drop - 1) };
    let up = drop > 0 && (rest > half || (rest == half && kept & 1 == 1));
    (kept + u128::from(up), drop)
}

/// `2^31 / d` as a double: (significand, s), meaning significand * 2^-s; d is at most 2^31.
fn ratio(d: u64) -> (u128, u32) {
    // One more bit than kept, and a sticky bit for whatever the division leaves over.
    let s = 24 + (u64::BITS - d.leading_zeros());
    // In two halves, since one division of 128 bits takes longer than two of 64.
    let high = (31 + s).min(63);
    let low = 31 + s - high;
    let (first, rest) = ((1u64 << high) / d, (1u64 << high) % d);
    let (second, rest) = ((rest << low) / d, (rest << low) % d);
    let quotient = (u128::from(first) << low) + u128::from(second);
    let (kept, drop) = round_to_double((quotient << 1) | u128::from(rest > 0));
    (kept, s + 1 - drop)
}

/// [`jump`] over the hash of a key, as a placement rule. Only the last node can leave.
#[derive(Clone, Copy, Debug)]
pub struct Jump {
    /// How many nodes.
    pub nodes: u32,
    /// What makes a 64-bit key of the key's bytes.
    pub hash: HashFn,
}

impl Placement for Jump {
    fn position(&self, key: &[u8]) -> u64 {
        self.hash.hash(key)
    }
    fn owner_at(&self, position: u64) -> Option<u32> {
        (self.nodes > 0).then(|| jump(position, self.nodes))
    }
}

/// The bucket of a 64-bit key among `buckets`, 0-based. Without buckets the answer is 0.
///
/// Growing from n to n + 1 moves only keys to bucket n, about one in n + 1; only the last bucket
/// can ever be taken away.
pub fn jump(mut key: u64, buckets: u32) -> u32 {
    let (mut bucket, mut next) = (0, 0u128);
    while next < u128::from(buckets) {
        bucket = next as u32;
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        let (significand, s) = ratio((key >> 33) + 1);
        let (product, up) = round_to_double((next + 1) * significand);
        next = (product << up) >> s;
    }
    bucket
}

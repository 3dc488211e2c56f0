//! One hash for every place: fingerprints of states and digests of runs.
//!
//! The standard library's hasher is seeded per process and its words are as wide as the machine's.
//! This one depends on nothing but the values written: the same on wasm32 and x86_64, today and in
//! the next release. Its values are part of the save format of digests, so they are pinned by
//! golden tests.
//!
//! The mixing step is the folded multiplication of wyhash (Wang Yi, 2019): a 64x64 -> 128 bit
//! product whose halves are xored, one step for eight bytes. It is no defence against an adversary
//! who chooses the input.

use std::hash::{Hash, Hasher};

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
const STEP: u64 = 0xd6e8_feb8_6659_fd93;
const LAST: u64 = 0xa076_1d64_78bd_642f;

/// The xor of the halves of the 128-bit product.
#[inline]
const fn fold(a: u64, b: u64) -> u64 {
    let wide = (a as u128) * (b as u128);
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// A [`Hasher`] whose result is the same on every machine.
///
/// Integers are widened to 64 bits before they are mixed, `usize` and `isize` too. One thing it
/// cannot see through is a *slice* of integers, which the standard library hands over as raw
/// memory: slices of `usize` must not be hashed, and a big-endian machine would need them swapped.
#[derive(Clone, Debug)]
pub struct StableHasher {
    state: u64,
}

impl StableHasher {
    /// A hasher that has seen nothing.
    #[inline]
    pub const fn new() -> Self {
        StableHasher { state: SEED }
    }

    /// A hasher for the stream called `seed`: unrelated results for the same values.
    #[inline]
    pub const fn with_seed(seed: u64) -> Self {
        StableHasher { state: fold(seed ^ SEED, STEP) ^ SEED }
    }

    #[inline]
    fn mix(&mut self, word: u64) {
        // The rotation keeps a zero product from swallowing what came before.
        self.state = fold(self.state ^ word, STEP) ^ self.state.rotate_left(23);
    }
}

impl Default for StableHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl Hasher for StableHasher {
    #[inline]
    fn finish(&self) -> u64 {
        let half = fold(self.state ^ LAST, STEP);
        fold(half ^ SEED, LAST)
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.mix(u64::from_le_bytes(word.try_into().unwrap_or_default()));
        }
        let mut tail = [0; 8];
        let rest = words.remainder();
        tail[..rest.len()].copy_from_slice(rest);
        // The length beside the tail tells "a" from "a\0".
        tail[7] = bytes.len() as u8;
        self.mix(u64::from_le_bytes(tail));
    }

    #[inline]
    fn write_u8(&mut self, i: u8) {
        self.mix(u64::from(i));
    }

    #[inline]
    fn write_u16(&mut self, i: u16) {
        self.mix(u64::from(i));
    }

    #[inline]
    fn write_u32(&mut self, i: u32) {
        self.mix(u64::from(i));
    }

    #[inline]
    fn write_u64(&mut self, i: u64) {
        self.mix(i);
    }

    #[inline]
    fn write_u128(&mut self, i: u128) {
        self.mix(i as u64);
        self.mix((i >> 64) as u64);
    }

    #[inline]
    fn write_usize(&mut self, i: usize) {
        self.mix(i as u64);
    }

    #[inline]
    fn write_isize(&mut self, i: isize) {
        // Sign-extended first: -1 has as many bits everywhere.
        self.mix(i as i64 as u64);
    }
}

/// The 64-bit fingerprint of a value.
#[inline]
pub fn fingerprint<T: Hash + ?Sized>(value: &T) -> u64 {
    fed(|hasher| value.hash(hasher))
}

/// The 64-bit fingerprint of what `feed` hashes.
#[inline]
pub fn fed(feed: impl FnOnce(&mut StableHasher)) -> u64 {
    let mut hasher = StableHasher::new();
    feed(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sorted::SortedSet;

    #[derive(Hash)]
    enum Sample {
        A,
        B(u8, i32),
        C { text: &'static str, list: Vec<u16> },
    }

    #[test]
    fn values_are_pinned() {
        let bytes: Vec<u8> = (0..=255).collect();
        let got = [
            StableHasher::new().finish(),
            StableHasher::with_seed(1).finish(),
            fingerprint(&0u8),
            fingerprint(&0u64),
            fingerprint(&1u64),
            fingerprint(&-1i64),
            fingerprint(&-1isize),
            fingerprint(&7usize),
            fingerprint(&(1u128 << 64)),
            fingerprint("happened before"),
            fingerprint(&bytes),
            fingerprint(&(1u8, true, Some('x'), [1u32, 2, 3])),
            fingerprint(&[Sample::A, Sample::B(3, -4)]),
            fingerprint(&Sample::C { text: "abc", list: vec![1, 2] }),
        ];
        let hex: Vec<String> = got.iter().map(|h| format!("{h:016x}")).collect();
        expect_test::expect![[r#"
            7cb8b58c7e01ed62
            c8ac282fbe3cdae3
            e9588ae4bd39c339
            e9588ae4bd39c339
            955e8713379bbb1a
            03600281d681bdb8
            03600281d681bdb8
            db476c9d6a6e6319
            ec4e1f5c03ba7609
            3b6ce991d09ee8ad
            0b44f6090d0b498a
            3fa886b01b023355
            d341766d295b9fef
            fda5ade8ea1dbea5"#]]
        .assert_eq(&hex.join("\n"));
    }

    #[test]
    fn width_of_the_machine_does_not_matter() {
        assert_eq!(fingerprint(&7usize), fingerprint(&7u64));
        assert_eq!(fingerprint(&-1isize), fingerprint(&-1i64));
        let mut bytes = StableHasher::new();
        bytes.write_u8(9);
        assert_eq!(bytes.finish(), fingerprint(&9u64));
    }

    #[test]
    fn boundaries_between_writes_count() {
        let of = |parts: &[&[u8]]| {
            let mut h = StableHasher::new();
            parts.iter().for_each(|p| h.write(p));
            h.finish()
        };
        let all = [
            of(&[]),
            of(&[b""]),
            of(&[b"a"]),
            of(&[b"a\0"]),
            of(&[b"a", b""]),
            of(&[b"\0\0\0\0\0\0\0\0"]),
            of(&[b"\0\0\0\0\0\0\0"]),
            of(&[b"ab"]),
            of(&[b"a", b"b"]),
        ];
        assert_eq!(all.iter().collect::<SortedSet<_>>().len(), all.len());
    }

    /// Flipping one input bit flips each output bit about half of the time.
    #[test]
    fn one_bit_avalanches() {
        const ROUNDS: u32 = 4_000;
        for len in [1usize, 2, 5] {
            for bit in [0, 1, 31, 63, 64 * len - 1] {
                let mut flips = [0u32; 64];
                for round in 0..ROUNDS {
                    let mut words: Vec<u64> =
                        (0..len as u64).map(|i| u64::from(round) * (i + 1)).collect();
                    let before = fingerprint(&words);
                    words[bit / 64] ^= 1 << (bit % 64);
                    let changed = before ^ fingerprint(&words);
                    (0..64).for_each(|i| flips[i] += (changed >> i & 1) as u32);
                }
                let far = |n: &u32| n.abs_diff(ROUNDS / 2) > 200;
                assert!(!flips.iter().any(far), "len {len} bit {bit}: {flips:?}");
            }
        }
    }

    /// Small dense integers are what model states are made of.
    #[test]
    fn small_states_do_not_collide() {
        let mut low = SortedSet::new();
        let mut high = SortedSet::new();
        let mut all = SortedSet::new();
        for a in 0..64u8 {
            for b in 0..64u8 {
                for c in 0..32u64 {
                    let h = fingerprint(&(a, b, c));
                    all.insert(h);
                    low.insert(h as u32);
                    high.insert(h >> 32);
                }
            }
        }
        assert_eq!(all.len(), 64 * 64 * 32);
        // Birthday bound for 2^17 in 2^32: two collisions are expected, twelve are not.
        assert!(low.len() + 12 > all.len(), "{} low halves", low.len());
        assert!(high.len() + 12 > all.len(), "{} high halves", high.len());
    }
}

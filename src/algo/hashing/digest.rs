//! Hash functions of bytes: those the real systems use, and one that shows what a bad one does.

use super::token::murmur3_x64_128;
use md5::{Digest, Md5};

/// The MD5 digest of `bytes` (RFC 1321); rings use it to spread points, not for security.
pub fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

/// A function from bytes to 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HashFn {
    /// First eight bytes of MD5, little-endian.
    Md5,
    /// First half of MurmurHash3 x64 128, seed 0.
    Murmur3,
    /// xxHash64, seed 0 (Envoy's ring).
    XxHash64,
    /// FNV-1a, 64 bits. Its high bits barely change between similar short names.
    Fnv1a,
    /// The sum of the bytes: what a toy does. Permuted names collide and all values are tiny.
    CharSum,
}

impl HashFn {
    /// Every function with its kebab-case name.
    pub const ALL: [(&'static str, HashFn); 5] = [
        ("md5", HashFn::Md5),
        ("murmur3", HashFn::Murmur3),
        ("xxhash64", HashFn::XxHash64),
        ("fnv1a", HashFn::Fnv1a),
        ("char-sum", HashFn::CharSum),
    ];

    /// The function called `name`.
    pub fn by_name(name: &str) -> Option<HashFn> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
    }

    /// The hash of `bytes`.
    pub fn hash(self, bytes: &[u8]) -> u64 {
        match self {
            HashFn::Md5 => {
                let d = md5(bytes);
                u64::from_le_bytes([d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]])
            }
            HashFn::Murmur3 => murmur3_x64_128(bytes, false).0,
            HashFn::XxHash64 => xxhash64(bytes),
            HashFn::Fnv1a => bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| {
                (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3)
            }),
            HashFn::CharSum => bytes.iter().map(|b| u64::from(*b)).sum(),
        }
    }
}

/// Spreads the bits of a word (the finaliser of MurmurHash3).
pub(super) fn mix(mut k: u64) -> u64 {
    k ^= k >> 33;
    k = k.wrapping_mul(0xff51_afd7_ed55_8ccd);
    k ^= k >> 33;
    k = k.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    k ^ (k >> 33)
}

const P1: u64 = 0x9e37_79b1_85eb_ca87;
const P2: u64 = 0xc2b2_ae3d_27d4_eb4f;
const P3: u64 = 0x1656_67b1_9e37_79f9;
const P4: u64 = 0x85eb_ca77_c2b2_ae63;
const P5: u64 = 0x27d4_eb2f_1656_67c5;

fn round(lane: u64, word: u64) -> u64 {
    lane.wrapping_add(word.wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1)
}

/// The little-endian word made of up to eight bytes.
pub(super) fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |w, b| (w << 8) | u64::from(*b))
}

/// xxHash64 with seed 0, after the specification (xxHash, "XXH64 algorithm description").
fn xxhash64(bytes: &[u8]) -> u64 {
    let stripes = bytes.chunks_exact(32);
    let mut rest = stripes.remainder();
    let mut h = if bytes.len() < 32 {
        P5
    } else {
        let mut lanes = [P1.wrapping_add(P2), P2, 0, 0u64.wrapping_sub(P1)];
        for stripe in stripes {
            for (lane, w) in lanes.iter_mut().zip(stripe.chunks_exact(8)) {
                *lane = round(*lane, word(w));
            }
        }
        let [a, b, c, d] = lanes;
        let sum = a.rotate_left(1).wrapping_add(b.rotate_left(7));
        let sum = sum.wrapping_add(c.rotate_left(12)).wrapping_add(d.rotate_left(18));
        lanes.iter().fold(sum, |h, l| (h ^ round(0, *l)).wrapping_mul(P1).wrapping_add(P4))
    };
    h = h.wrapping_add(bytes.len() as u64);
    while let Some((w, tail)) = rest.split_at_checked(8) {
        h = (h ^ round(0, word(w))).rotate_left(27).wrapping_mul(P1).wrapping_add(P4);
        rest = tail;
    }
    if let Some((w, tail)) = rest.split_at_checked(4) {
        h = (h ^ word(w).wrapping_mul(P1)).rotate_left(23).wrapping_mul(P2).wrapping_add(P3);
        rest = tail;
    }
    for b in rest {
        h = (h ^ u64::from(*b).wrapping_mul(P5)).rotate_left(11).wrapping_mul(P1);
    }
    h = (h ^ (h >> 33)).wrapping_mul(P2);
    h = (h ^ (h >> 29)).wrapping_mul(P3);
    h ^ (h >> 32)
}

//! Rendezvous hashing, or highest random weight (Thaler & Ravishankar 1998), with weights.

use super::digest::mix;
use super::{HashFn, HashNode, Placement};
use std::cmp::Ordering;

/// Fraction bits of the fixed-point logarithm.
const FRACTION: u32 = 40;

/// Every node draws a number for the key; the best draw owns it.
///
/// With weights the draw is `w / -ln(u)` (Schindelhauer & Schomaker 2005), compared exactly by
/// cross-multiplication over a fixed-point base-2 logarithm: the base cancels.
#[derive(Clone, Debug)]
pub struct Rendezvous {
    nodes: Vec<(u64, HashNode)>,
    hash: HashFn,
}

impl Rendezvous {
    /// The rule over `nodes`.
    pub fn new(nodes: &[HashNode], hash: HashFn) -> Self {
        let nodes = nodes.iter().map(|n| (hash.hash(n.name.as_bytes()), n.clone())).collect();
        Rendezvous { nodes, hash }
    }

    /// The nodes in order of preference for `key`, best first, at most `count`.
    pub fn preference(&self, key: &[u8], count: usize) -> Vec<u32> {
        let key = mix(self.hash.hash(key));
        let all = (0u32..).zip(&self.nodes).filter(|(_, (_, n))| n.weight > 0);
        let mut draws: Vec<_> = all.map(|(i, (seed, _))| (mix(key ^ seed), i)).collect();
        draws.sort_by(|a, b| self.before(*a, *b));
        draws.into_iter().take(count).map(|(_, i)| i).collect()
    }

    /// Which of two nodes a key prefers, by their places in the list; one of weight 0 only if the
    /// other's is 0 too.
    pub fn better(&self, position: u64, a: u32, b: u32) -> u32 {
        let key = mix(position);
        let node = |at: u32| &self.nodes[at as usize];
        let draw = |at: u32| (mix(key ^ node(at).0), at);
        match (node(a).1.weight, node(b).1.weight) {
            (_, 0) => a,
            (0, _) => b,
            _ if self.before(draw(a), draw(b)).is_le() => a,
            _ => b,
        }
    }

    /// Which of two nodes with their draws comes first.
    fn before(&self, (ua, a): (u64, u32), (ub, b): (u64, u32)) -> Ordering {
        let (a, b) = (&self.nodes[a as usize].1, &self.nodes[b as usize].1);
        let draws = ub.cmp(&ua).then_with(|| a.name.cmp(&b.name));
        if a.weight == b.weight {
            return draws;
        }
        // a before b when w_a / L_a > w_b / L_b.
        let left = u128::from(b.weight) * u128::from(minus_log2(ua));
        let right = u128::from(a.weight) * u128::from(minus_log2(ub));
        left.cmp(&right).then(draws)
    }
}

impl Placement for Rendezvous {
    fn position(&self, key: &[u8]) -> u64 {
        self.hash.hash(key)
    }
    fn owner_at(&self, position: u64) -> Option<u32> {
        let key = mix(position);
        // Of nodes of one weight the one with the greatest draw is the best: logarithms are for the
        // best of each weight alone.
        let mut best: Vec<(u64, u32)> = Vec::with_capacity(2);
        for (i, (seed, node)) in (0u32..).zip(&self.nodes).filter(|(_, (_, n))| n.weight > 0) {
            let draw = mix(key ^ seed);
            let weight = |at: u32| self.nodes[at as usize].1.weight;
            match best.iter_mut().find(|(_, at)| weight(*at) == node.weight) {
                Some(slot) if draw < slot.0 => {}
                Some(slot) if draw > slot.0 || self.before((draw, i), *slot).is_lt() => {
                    *slot = (draw, i);
                }
                Some(_) => {}
                None => best.push((draw, i)),
            }
        }
        best.into_iter().min_by(|a, b| self.before(*a, *b)).map(|(_, i)| i)
    }
}

/// `-log2(u / 2^64)` with [`FRACTION`] fraction bits, rounded up, never 0; u = 0 counts as 1.
fn minus_log2(u: u64) -> u64 {
    let u = u.max(1);
    let zeros = u.leading_zeros();
    let mut m = u << zeros;
    let mut fraction = 0u64;
    // Squaring doubles the logarithm: each overflow past 2 is one more bit of it.
    for _ in 0..FRACTION {
        let square = (u128::from(m) * u128::from(m)) >> 63;
        let carry = square >> 64 != 0;
        m = (if carry { square >> 1 } else { square }) as u64;
        fraction = (fraction << 1) | u64::from(carry);
    }
    (u64::from(zeros + 1) << FRACTION) - fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_of_a_power_of_two_is_whole() {
        for bit in 0..64 {
            assert_eq!(minus_log2(1 << bit), (64 - bit) << FRACTION);
        }
        assert_eq!(minus_log2(u64::MAX), 1);
        assert_eq!(minus_log2(0), 64 << FRACTION);
    }

    #[test]
    fn the_logarithm_falls_as_its_argument_grows() {
        let steps: Vec<u64> = (0..4000).map(|i| minus_log2(i * 0x0010_0000_0000_0001)).collect();
        assert!(steps.windows(2).all(|w| w[0] >= w[1]));
    }
}

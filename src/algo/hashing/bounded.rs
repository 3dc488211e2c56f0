//! Consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam 2018).

use super::{HashNode, Ring, total_weight};

/// How many of `keys` keys a node may hold when no load may exceed `percent` / 100 times its fair
/// share, rounded up: `ceil(c * keys * weight / total)`.
pub fn capacity(node: &HashNode, total: u64, keys: u64, percent: u32) -> u64 {
    let share = u128::from(percent) * u128::from(keys) * u128::from(node.weight);
    share.div_ceil(100 * u128::from(total.max(1))) as u64
}

/// Places keys in order on the first node clockwise that has room, with bound `percent` / 100
/// (the paper's c = 1 + epsilon; Envoy suggests 120 to 200).
///
/// `ring` must have been built from `nodes`; keys are given by their positions. The result has
/// one entry per key; a key has none only where `percent` is below 100 or every weight is 0, and so
/// the room runs out.
pub fn assign_bounded(
    ring: &Ring,
    nodes: &[HashNode],
    positions: &[u64],
    percent: u32,
) -> Vec<Option<u32>> {
    let total = total_weight(nodes);
    let count = positions.len() as u64;
    let mut room: Vec<u64> = nodes.iter().map(|n| capacity(n, total, count, percent)).collect();
    let place = |position: &u64| {
        let first = ring.point_of(*position).unwrap_or(0);
        let (wrapped, ahead) = ring.points().split_at(first);
        let mut walk = ahead.iter().chain(wrapped).map(|p| p.1);
        let found = walk.find(|n| room[*n as usize] > 0);
        found.inspect(|n| room[*n as usize] -= 1)
    };
    positions.iter().map(place).collect()
}

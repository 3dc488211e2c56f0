//! The hash ring (Karger et al. 1997): nodes own the arcs that end at their points.

use super::{HashFn, Node, Placement, md5, total_weight};
use crate::core::sorted::SortedSet;
use std::fmt::Write;

/// How a key becomes a position on the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// Little-endian u32 of the first four bytes of MD5; the first point at or after it owns.
    Ketama,
    /// The same number; the first point strictly after it owns.
    HashRing,
    /// A 64-bit hash; the first point at or after it owns.
    Word(HashFn),
}

/// A ring of points, each belonging to a node.
#[derive(Clone, Debug)]
pub struct Ring {
    /// Sorted by hash, then by the node's name.
    points: Vec<(u64, u32)>,
    position: Position,
    nodes: u32,
}

impl Ring {
    /// libketama's continuum: `40 * n * weight / total` digests of `name-i` per node, four
    /// 32-bit points each (160 points at equal weights).
    pub fn ketama(nodes: &[Node]) -> Self {
        Self::digests(nodes, 4, Position::Ketama)
    }

    /// The ring of Python's `hash_ring` and Go's `serialx/hashring`: three points per digest.
    pub fn hash_ring(nodes: &[Node]) -> Self {
        Self::digests(nodes, 3, Position::HashRing)
    }

    /// A ring with `vnodes * weight` points per node, the hashes of `name-0`, `name-1`, ...
    pub fn virtual_nodes(nodes: &[Node], vnodes: u32, hash: HashFn) -> Self {
        let mut points = Vec::new();
        let mut name = String::new();
        for (index, node) in (0..).zip(nodes) {
            name.clone_from(&node.name);
            name.push('-');
            let stem = name.len();
            for i in 0..u64::from(vnodes) * u64::from(node.weight) {
                name.truncate(stem);
                let _ = write!(name, "{i}");
                points.push((hash.hash(name.as_bytes()), index));
            }
        }
        Self::sorted(points, nodes, Position::Word(hash))
    }

    fn digests(nodes: &[Node], per_digest: usize, position: Position) -> Self {
        let total = total_weight(nodes).max(1);
        let mut points = Vec::new();
        for (index, node) in (0..).zip(nodes) {
            let digests = 40 * nodes.len() as u64 * u64::from(node.weight) / total;
            for i in 0..digests {
                let digest = md5(format!("{}-{i}", node.name).as_bytes());
                let words = digest.chunks_exact(4).take(per_digest);
                points.extend(words.map(|w| (super::digest::word(w), index)));
            }
        }
        Self::sorted(points, nodes, position)
    }

    /// Points that collide are ordered by name: what a node owns must not depend on the order in
    /// which the nodes were listed.
    fn sorted(mut points: Vec<(u64, u32)>, nodes: &[Node], position: Position) -> Self {
        points.sort_unstable_by(|(ha, a), (hb, b)| {
            ha.cmp(hb).then_with(|| nodes[*a as usize].name.cmp(&nodes[*b as usize].name))
        });
        Ring { points, position, nodes: nodes.len() as u32 }
    }

    /// The points in ring order: (position, node).
    pub fn points(&self) -> &[(u64, u32)] {
        &self.points
    }

    /// How many nodes the ring was built from.
    pub fn nodes(&self) -> u32 {
        self.nodes
    }

    /// Where a key falls.
    pub fn position(&self, key: &[u8]) -> u64 {
        match self.position {
            Position::Ketama | Position::HashRing => super::digest::word(&md5(key)[..4]),
            Position::Word(hash) => hash.hash(key),
        }
    }

    /// Which point in [`Ring::points`] owns a position; none on an empty ring.
    pub fn point_of(&self, position: u64) -> Option<usize> {
        let strict = self.position == Position::HashRing;
        let before = |p: &(u64, u32)| p.0 < position || (strict && p.0 == position);
        let at = self.points.partition_point(before);
        (!self.points.is_empty()).then_some(if at == self.points.len() { 0 } else { at })
    }

    /// The nodes met clockwise from a position, each at its first point.
    pub fn clockwise(&self, position: u64) -> impl Iterator<Item = u32> + '_ {
        let start = self.point_of(position).unwrap_or(0);
        let mut seen = vec![false; self.nodes as usize];
        let (wrapped, ahead) = self.points.split_at(start);
        let walk = ahead.iter().chain(wrapped).map(|p| p.1);
        walk.filter(move |n| !std::mem::replace(&mut seen[*n as usize], true))
    }

    /// The preference list of a key: its first `count` distinct nodes, the owner first.
    pub fn preference(&self, key: &[u8], count: usize) -> Vec<u32> {
        self.clockwise(self.position(key)).take(count).collect()
    }

    /// The pairs of nodes, in order, that stand together in the first `count` nodes of some range:
    /// if both are lost, that range has two copies less.
    pub fn together(&self, count: usize) -> SortedSet<(u32, u32)> {
        let all = self.nodes as usize;
        let mut met = vec![false; all * all];
        let mut list: Vec<u32> = Vec::new();
        for start in 0..self.points.len() {
            let (wrapped, ahead) = self.points.split_at(start);
            list.clear();
            for (_, node) in ahead.iter().chain(wrapped) {
                if list.len() == count {
                    break;
                }
                if !list.contains(node) {
                    list.push(*node);
                }
            }
            for (i, a) in list.iter().enumerate() {
                for b in &list[i + 1..] {
                    met[*a.min(b) as usize * all + *a.max(b) as usize] = true;
                }
            }
        }
        let pairs = met.iter().enumerate().filter(|(_, met)| **met);
        pairs.map(|(at, _)| ((at / all) as u32, (at % all) as u32)).collect()
    }

    /// The length of ring each node owns, in units of the whole ring / 2^64 (or 2^32 for the
    /// 32-bit rings); a lone point owns everything, which for 64 bits saturates.
    pub fn arcs(&self) -> Vec<u64> {
        let mut owned = vec![0u64; self.nodes as usize];
        let Some(last) = self.points.last() else { return owned };
        let narrow = !matches!(self.position, Position::Word(_));
        let mut from = last.0;
        for (to, node) in &self.points {
            let mut arc = to.wrapping_sub(from);
            if narrow {
                arc &= u64::from(u32::MAX);
            }
            if self.points.len() == 1 {
                arc = if narrow { 1 << 32 } else { u64::MAX };
            }
            let sum = &mut owned[*node as usize];
            *sum = sum.saturating_add(arc);
            from = *to;
        }
        owned
    }
}

impl Placement for Ring {
    fn owner(&self, key: &[u8]) -> Option<u32> {
        self.point_of(self.position(key)).map(|p| self.points[p].1)
    }
}

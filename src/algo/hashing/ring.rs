//! The hash ring (Karger et al. 1997): nodes own the arcs that end at their points.

use super::{HashFn, HashNode, Placement, md5, total_weight};
use crate::core::sorted::SortedSet;
use std::cmp::Ordering;
use std::fmt::Write;

/// Where nodes' points and keys fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RingKind {
    /// Little-endian u32 words of MD5, four of each digest; the first point at or after a key's
    /// owns it.
    Ketama,
    /// The same words, three of each digest; the first point strictly after a key's owns it.
    HashRing,
    /// So many 64-bit hashes a node of weight 1; the first point at or after a key's owns it.
    Hashes(HashFn, u32),
}

/// A ring of points, each belonging to a node.
#[derive(Clone, Debug)]
pub struct Ring {
    /// Sorted by hash, then by the node's name.
    points: Vec<(u64, u32)>,
    parts: Parts,
    kind: RingKind,
    nodes: u32,
    /// How many digests every node has, where all have the same weight.
    even: Option<u64>,
}

/// A ring cut into even parts, about as many as it has points: whoever looks for a position has few
/// points to look at.
#[derive(Clone, Debug, Default)]
struct Parts {
    /// The first point of each part.
    starts: Vec<u32>,
    /// Bits of a position that are left out of its part's number.
    shift: u32,
}

impl Parts {
    fn cut(points: &[(u64, u32)], bits: u32) -> Self {
        let depth = points.len().max(2).ilog2().min(16);
        let mut parts = Parts { starts: Vec::with_capacity(1 << depth), shift: bits - depth };
        for (at, (position, _)) in (0..).zip(points) {
            while parts.starts.len() <= parts.of(*position) {
                parts.starts.push(at);
            }
        }
        parts
    }

    fn of(&self, position: u64) -> usize {
        (position >> self.shift) as usize
    }
}

impl RingKind {
    /// Where the points of one node of a list fall, in no order.
    fn points_of(self, nodes: &[HashNode], index: u32) -> Vec<u64> {
        let node = &nodes[index as usize];
        match self {
            RingKind::Ketama | RingKind::HashRing => self.digests(nodes, node),
            RingKind::Hashes(hash, vnodes) => {
                let mut name = format!("{}-", node.name);
                let stem = name.len();
                let point = |i: u64| {
                    name.truncate(stem);
                    let _ = write!(name, "{i}");
                    hash.hash(name.as_bytes())
                };
                (0..u64::from(vnodes) * u64::from(node.weight)).map(point).collect()
            }
        }
    }

    /// How many digests of MD5 a node has.
    fn digest_count(self, nodes: &[HashNode], node: &HashNode) -> u64 {
        let (weight, total, all) = (node.weight.into(), total_weight(nodes), nodes.len() as u64);
        match self {
            RingKind::Ketama => single_share(weight, total, all),
            // Python's and Go's rings count in whole numbers.
            _ => 40 * all * weight / total.max(1),
        }
    }

    /// The first words of each of a node's digests: four, or three.
    fn digests(self, nodes: &[HashNode], node: &HashNode) -> Vec<u64> {
        let words = if self == RingKind::Ketama { 4 } else { 3 };
        let count = self.digest_count(nodes, node);
        let mut points = Vec::with_capacity(count as usize * words);
        for i in 0..count {
            let digest = md5(format!("{}-{i}", node.name).as_bytes());
            points.extend(digest.chunks_exact(4).take(words).map(super::digest::word));
        }
        points
    }

    /// How many digests every node has, if all have the same weight.
    fn even(self, nodes: &[HashNode]) -> Option<u64> {
        let first = nodes.first()?;
        let even = nodes.iter().all(|n| n.weight == first.weight);
        even.then(|| if self.is_narrow() { self.digest_count(nodes, first) } else { 0 })
    }

    /// Are positions of 32 bits, and shares of points relative to all nodes' weights?
    fn is_narrow(self) -> bool {
        !matches!(self, RingKind::Hashes(..))
    }
}

/// As many whole digests as a node's weight buys, 40 times the nodes being shared out, in the single
/// precision of libketama's C: `floorf((float) weight / (float) total * 40.0 * (float) nodes)`. The
/// quotient is rounded, and the product once more, so that 61 equal nodes get 39 each.
pub(super) fn single_share(weight: u64, total: u64, nodes: u64) -> u64 {
    let exact = |n: u64| {
        let Single { bits, exponent } = Single::of(n.into(), 1);
        u128::from(bits) << exponent.max(0) >> (-exponent).max(0)
    };
    let part = Single::of(exact(weight), exact(total).max(1));
    // In C this product is one of doubles, which hold it exactly.
    let product = u128::from(part.bits) * 40 * u128::from(nodes);
    Single::of(product << part.exponent.max(0), 1 << (-part.exponent).max(0)).floor()
}

/// A number of single precision: `bits * 2^exponent`, 24 bits wide unless it is 0. Whole numbers say
/// what floating point would, the same on every machine.
struct Single {
    bits: u64,
    exponent: i32,
}

impl Single {
    /// A quotient, rounded to the nearest, halves to even.
    fn of(n: u128, d: u128) -> Single {
        if n == 0 {
            return Single { bits: 0, exponent: 0 };
        }
        let width = |n: u128| n.ilog2() as i32;
        // With this exponent the quotient has 24 bits or 25.
        let mut exponent = width(n) - width(d) - 24;
        let scaled = |e: i32| (n << (-e).max(0), d << e.max(0));
        let (top, bottom) = scaled(exponent);
        if top / bottom >= 1 << 24 {
            exponent += 1;
        }
        let (top, bottom) = scaled(exponent);
        let (bits, rest) = ((top / bottom) as u64, top % bottom);
        let up = 2 * rest > bottom || 2 * rest == bottom && bits % 2 == 1;
        Single { bits: bits + u64::from(up), exponent }
    }

    fn floor(&self) -> u64 {
        match self.exponent {
            e @ 0.. => self.bits << e.min(39),
            e => self.bits.checked_shr(e.unsigned_abs()).unwrap_or(0),
        }
    }
}

/// Points that collide are ordered by name: what a node owns must not depend on the order in which
/// the nodes were listed.
fn order(nodes: &[HashNode]) -> impl Fn(&(u64, u32), &(u64, u32)) -> Ordering {
    |(ha, a), (hb, b)| {
        ha.cmp(hb).then_with(|| nodes[*a as usize].name.cmp(&nodes[*b as usize].name))
    }
}

impl Ring {
    /// libketama's continuum: about `40 * n * weight / total` digests of `name-i` per node, counted in
    /// single precision as there, four 32-bit points each (160 points at most equal weights).
    pub fn ketama(nodes: &[HashNode]) -> Self {
        Self::new(nodes, RingKind::Ketama)
    }

    /// The ring of Python's `hash_ring` and Go's `serialx/hashring`: three points per digest.
    pub fn hash_ring(nodes: &[HashNode]) -> Self {
        Self::new(nodes, RingKind::HashRing)
    }

    /// A ring with `vnodes * weight` points per node, the hashes of `name-0`, `name-1`, ...
    pub fn virtual_nodes(nodes: &[HashNode], vnodes: u32, hash: HashFn) -> Self {
        Self::new(nodes, RingKind::Hashes(hash, vnodes))
    }

    fn new(nodes: &[HashNode], kind: RingKind) -> Self {
        let own = |i: u32| kind.points_of(nodes, i).into_iter().map(move |h| (h, i));
        let mut points: Vec<(u64, u32)> = (0..nodes.len() as u32).flat_map(own).collect();
        points.sort_unstable_by(order(nodes));
        Self::of(points, kind, nodes)
    }

    fn of(points: Vec<(u64, u32)>, kind: RingKind, nodes: &[HashNode]) -> Self {
        let bits = if kind.is_narrow() { 32 } else { 64 };
        let parts = Parts::cut(&points, bits);
        Ring { points, parts, kind, nodes: nodes.len() as u32, even: kind.even(nodes) }
    }

    /// Have the nodes that stay the same points among others as among these?
    fn keeps_points(&self, nodes: &[HashNode]) -> bool {
        !self.kind.is_narrow() || self.even.is_some() && self.even == self.kind.even(nodes)
    }

    /// The ring of `nodes`, from that of all but the last of them: only that one's points are new.
    pub fn joined(&self, nodes: &[HashNode]) -> Self {
        if nodes.len() != self.nodes as usize + 1 || !self.keeps_points(nodes) {
            return Self::new(nodes, self.kind);
        }
        let order = order(nodes);
        let own = self.kind.points_of(nodes, self.nodes).into_iter();
        let mut own: Vec<(u64, u32)> = own.map(|h| (h, self.nodes)).collect();
        own.sort_unstable_by(&order);
        let mut points = Vec::with_capacity(self.points.len() + own.len());
        let mut new = own.into_iter().peekable();
        for old in &self.points {
            while let Some(point) = new.next_if(|p| order(p, old).is_lt()) {
                points.push(point);
            }
            points.push(*old);
        }
        points.extend(new);
        Self::of(points, self.kind, nodes)
    }

    /// The ring of `nodes`, from that of one more, which stood at this place in the list.
    pub fn left(&self, nodes: &[HashNode], index: u32) -> Self {
        if nodes.len() + 1 != self.nodes as usize || !self.keeps_points(nodes) {
            return Self::new(nodes, self.kind);
        }
        let stay = self.points.iter().filter(|p| p.1 != index);
        let points = stay.map(|(h, n)| (*h, n - u32::from(*n > index))).collect();
        Self::of(points, self.kind, nodes)
    }

    /// The points in ring order: (position, node).
    pub fn points(&self) -> &[(u64, u32)] {
        &self.points
    }

    /// How many nodes the ring was built from.
    pub fn nodes(&self) -> u32 {
        self.nodes
    }

    /// Which point in [`Ring::points`] owns a position; none on an empty ring.
    pub fn point_of(&self, position: u64) -> Option<usize> {
        let part = self.parts.of(position);
        let from = self.parts.starts.get(part).map_or(0, |at| *at as usize);
        let to = self.parts.starts.get(part + 1).map_or(self.points.len(), |at| *at as usize);
        let passed =
            |p: &(u64, u32)| p.0 < position || self.kind == RingKind::HashRing && p.0 == position;
        let at = from + self.points[from..to].partition_point(passed);
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
        let narrow = self.kind.is_narrow();
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
    fn position(&self, key: &[u8]) -> u64 {
        match self.kind {
            RingKind::Ketama | RingKind::HashRing => super::digest::word(&md5(key)[..4]),
            RingKind::Hashes(hash, _) => hash.hash(key),
        }
    }

    fn owner_at(&self, position: u64) -> Option<u32> {
        self.point_of(position).map(|p| self.points[p].1)
    }
}

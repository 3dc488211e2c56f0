//! Names of things: processes, sets of them, messages and operations.

use crate::core::sorted::{SortedMap, SortedSet};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A process: servers come first, clients after them.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct NodeId(pub u16);

impl NodeId {
    /// Position in the lists that hold one entry a process.
    pub fn at(self) -> usize {
        self.0.into()
    }
}

/// A message, named by its link and its place on it, never by a global number: deleting or
/// inserting an earlier action renames nothing on other links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MsgId {
    /// Sender.
    pub from: NodeId,
    /// Addressee.
    pub to: NodeId,
    /// 0 for the first message ever put on this link.
    pub nth: u32,
}

/// A client's operation; at once the session identifier and serial number of exactly-once clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpId {
    /// The client that invoked it.
    pub client: NodeId,
    /// 0 for the client's first operation.
    pub nth: u32,
}

/// A set of at most 128 processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeSet(pub u128);

/// The largest number of processes a world may have.
pub const MAX_NODES: u16 = 128;

impl NodeSet {
    /// No process.
    pub const EMPTY: NodeSet = NodeSet(0);

    /// The processes with numbers below `n`.
    pub fn first(n: u16) -> Self {
        if n >= MAX_NODES { NodeSet(u128::MAX) } else { NodeSet((1 << n) - 1) }
    }
    /// Just one process.
    pub fn one(node: NodeId) -> Self {
        let mut set = NodeSet::EMPTY;
        set.insert(node);
        set
    }
    /// Adds a process; those past the largest number are left out.
    pub fn insert(&mut self, node: NodeId) {
        if node.0 < MAX_NODES {
            self.0 |= 1 << node.0;
        }
    }
    /// Takes a process out.
    pub fn remove(&mut self, node: NodeId) {
        if node.0 < MAX_NODES {
            self.0 &= !(1 << node.0);
        }
    }
    /// Is it in?
    pub fn has(self, node: NodeId) -> bool {
        node.0 < MAX_NODES && self.0 >> node.0 & 1 == 1
    }
    /// How many are in.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }
    /// Is none in?
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Those in ascending order.
    pub fn iter(self) -> impl Iterator<Item = NodeId> {
        (0..MAX_NODES).map(NodeId).filter(move |n| self.has(*n))
    }
}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<T: IntoIterator<Item = NodeId>>(nodes: T) -> Self {
        let mut set = NodeSet::EMPTY;
        nodes.into_iter().for_each(|n| set.insert(n));
        set
    }
}

/// Other names for the servers; clients keep theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(Vec<NodeId>);

impl Names {
    /// Every way to name so many servers, their own names first.
    pub fn all(servers: u16) -> Vec<Names> {
        Names::alike(&vec![Some(0); servers.into()], usize::MAX)
    }
    /// Every way in which servers of one kind can trade their names, their own names first; those
    /// of no kind keep theirs, and so do those of a kind of more than `most`.
    pub fn alike(kinds: &[Option<u16>], most: usize) -> Vec<Names> {
        let own: Vec<NodeId> = (0..kinds.len() as u16).map(NodeId).collect();
        let mut all = vec![own.clone()];
        let present: SortedSet<u16> = kinds.iter().flatten().copied().collect();
        for kind in present {
            let alike: Vec<NodeId> =
                own.iter().copied().filter(|n| kinds[n.at()] == Some(kind)).collect();
            if alike.len() > most {
                continue;
            }
            let orders = orders(&alike);
            let traded = |names: &Vec<NodeId>| {
                let with = |order: &Vec<NodeId>| {
                    let mut names = names.clone();
                    alike.iter().zip(order).for_each(|(one, name)| names[one.at()] = *name);
                    names
                };
                orders.iter().map(with).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(traded).collect();
        }
        all.into_iter().map(Names).collect()
    }
    /// Its other name.
    pub fn of(&self, node: NodeId) -> NodeId {
        self.0.get(node.at()).copied().unwrap_or(node)
    }
    /// The same set under other names.
    pub fn set(&self, set: NodeSet) -> NodeSet {
        set.iter().map(|n| self.of(n)).collect()
    }
    /// A list with one entry a process, in the order of the other names.
    pub fn list<T: Clone>(&self, all: &[T]) -> Vec<T> {
        let mut out = all.to_vec();
        for (n, entry) in (0..).zip(all) {
            if let Some(place) = out.get_mut(self.of(NodeId(n)).at()) {
                place.clone_from(entry);
            }
        }
        out
    }
    /// A map with servers as keys.
    pub fn keys<T: Clone>(&self, map: &SortedMap<NodeId, T>) -> SortedMap<NodeId, T> {
        map.iter().map(|(n, v)| (self.of(*n), v.clone())).collect()
    }
}

/// Every order of some processes, their own first.
fn orders(nodes: &[NodeId]) -> Vec<Vec<NodeId>> {
    let mut all = vec![Vec::new()];
    for node in nodes {
        let longer = |order: &Vec<NodeId>| {
            let with = |at: usize| {
                let mut longer = order.clone();
                longer.insert(at, *node);
                longer
            };
            (0..=order.len()).rev().map(with).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

// A list of numbers for people and JS (which has no 128-bit numbers), the bits for links.
impl Serialize for NodeSet {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() { s.collect_seq(self.iter()) } else { self.0.serialize(s) }
    }
}

impl<'de> Deserialize<'de> for NodeSet {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if d.is_human_readable() {
            Ok(Vec::<NodeId>::deserialize(d)?.into_iter().collect())
        } else {
            u128::deserialize(d).map(NodeSet)
        }
    }
}

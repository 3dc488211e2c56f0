//! From members to owners.

use super::{Config, Scheme};
use crate::algo::hashing::{
    Jump, MAGLEV_TABLE, Maglev, Modulo, Node, Placement, Rendezvous, Ring, assign_bounded,
};
use crate::core::ids::NodeId;
use crate::core::protocol::key_name;

/// The members, in the order in which they joined. Tables are numbered by their one keeper.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Table {
    /// Grows with each change.
    pub version: u32,
    /// Who takes keys.
    pub members: Vec<NodeId>,
}

/// What a rule takes for what it is not: the mutants that place differently.
#[derive(Clone, Copy, Debug, Default)]
pub struct Careless {
    /// Servers are hashed by their place in the list.
    pub by_place: bool,
    /// Copies go to the owners of the next points, whoever they are.
    pub same_server: bool,
}

/// A server's share.
pub fn weight(cfg: &Config, n: NodeId) -> u32 {
    if u32::from(n.0) < cfg.heavy { cfg.weight } else { 1 }
}

/// The members as the rules want them, by what they are hashed by.
fn nodes(cfg: &Config, members: &[NodeId], careless: Careless) -> Vec<Node> {
    let name = |(i, n): (usize, &NodeId)| match careless.by_place {
        true => Node::weighted(format!("place-{i}"), weight(cfg, *n)),
        false => Node::weighted(format!("S{}", n.0 + 1), weight(cfg, *n)),
    };
    members.iter().enumerate().map(name).collect()
}

/// The ring, for the rules that have one.
pub fn ring(cfg: &Config, members: &[NodeId], careless: Careless) -> Option<Ring> {
    let nodes = nodes(cfg, members, careless);
    match cfg.scheme {
        Scheme::Ketama => Some(Ring::ketama(&nodes)),
        Scheme::Ring | Scheme::Bounded => Some(Ring::virtual_nodes(&nodes, cfg.vnodes, cfg.hash())),
        _ => None,
    }
}

/// The owner of each key; none if there are no members.
pub fn owners(cfg: &Config, members: &[NodeId], careless: Careless) -> Vec<NodeId> {
    let nodes = nodes(cfg, members, careless);
    let names: Vec<String> = (0..cfg.keys).map(key_name).collect();
    let by = |rule: &dyn Placement| -> Vec<Option<u32>> {
        names.iter().map(|k| rule.owner(k.as_bytes())).collect()
    };
    let count = members.len() as u32;
    let found = match (cfg.scheme, ring(cfg, members, careless)) {
        (Scheme::Modulo, _) => by(&Modulo { nodes: count, hash: cfg.hash() }),
        (Scheme::Rendezvous, _) => by(&Rendezvous::new(&nodes, cfg.hash())),
        (Scheme::Jump, _) => by(&Jump { nodes: count, hash: cfg.hash() }),
        (Scheme::Maglev, _) => by(&Maglev::new(&nodes, MAGLEV_TABLE, cfg.hash())),
        (Scheme::Bounded, Some(ring)) => {
            let keys: Vec<&[u8]> = names.iter().map(|k| k.as_bytes()).collect();
            assign_bounded(&ring, &nodes, &keys, cfg.bound)
        }
        (_, Some(ring)) => by(&ring),
        (_, None) => Vec::new(),
    };
    let first = members.first().copied();
    let member = |at: Option<u32>| at.and_then(|at| members.get(at as usize).copied()).or(first);
    found.into_iter().filter_map(member).collect()
}

/// For each key who keeps it: its owner, then servers after it, those of new racks first.
pub fn lists(cfg: &Config, members: &[NodeId], careless: Careless) -> Vec<Vec<NodeId>> {
    let ring = ring(cfg, members, careless);
    let owners = owners(cfg, members, careless);
    let list = |(key, owner): (u32, NodeId)| match &ring {
        Some(ring) if careless.same_server => next_points(cfg, ring, members, key),
        Some(ring) => {
            let walk = ring.clockwise(ring.position(key_name(key).as_bytes()));
            spread(cfg, owner, walk.map(|n| members[n as usize]))
        }
        // Without a ring, those that follow in the list.
        None => {
            let at = members.iter().position(|m| *m == owner).unwrap_or(0);
            spread(cfg, owner, members.iter().cycle().skip(at).take(members.len()).copied())
        }
    };
    (0..).zip(owners).map(list).collect()
}

fn next_points(cfg: &Config, ring: &Ring, members: &[NodeId], key: u32) -> Vec<NodeId> {
    let first = ring.point_of(ring.position(key_name(key).as_bytes())).unwrap_or(0);
    let points = ring.points().iter().cycle().skip(first);
    points.take(cfg.copies as usize).map(|p| members[p.1 as usize]).collect()
}

/// The rack of a server.
pub fn rack(cfg: &Config, n: NodeId) -> u32 {
    u32::from(n.0) % cfg.racks.max(1)
}

/// The first servers met, none twice, and none of a rack that has one while there are other racks.
fn spread(cfg: &Config, owner: NodeId, walk: impl Iterator<Item = NodeId>) -> Vec<NodeId> {
    let others: Vec<NodeId> = walk.filter(|n| *n != owner).collect();
    let wanted = (cfg.copies as usize).min(others.len() + 1);
    let mut chosen = vec![owner];
    for n in &others {
        if chosen.len() < wanted && chosen.iter().all(|c| rack(cfg, *c) != rack(cfg, *n)) {
            chosen.push(*n);
        }
    }
    for n in others {
        if chosen.len() < wanted && !chosen.contains(&n) {
            chosen.push(n);
        }
    }
    chosen
}

/// Where a key falls, as a share of the whole circle in 2^32 parts.
pub fn position(cfg: &Config, key: u32) -> u32 {
    let name = key_name(key);
    match cfg.scheme {
        Scheme::Ketama => Ring::ketama(&[]).position(name.as_bytes()) as u32,
        _ => (cfg.hash().hash(name.as_bytes()) >> 32) as u32,
    }
}

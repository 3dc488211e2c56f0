//! From members to owners.

use super::{Config, Scheme};
use crate::algo::hashing::{
    HashFn, HashNode, Jump, MAGLEV_TABLE, Maglev, Modulo, Placement, Rendezvous, Ring,
    assign_bounded,
};
use crate::core::declare::data;
use crate::core::ids::{NodeId, NodeSet};
use crate::core::protocol::key_name;
use crate::core::sorted::{SortedMap, SortedSet};
use crate::core::view::KeyView;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

data! {
    /// The members, in the order in which they joined. Tables are numbered by their one keeper.
    #[derive(Default)]
    pub struct MemberTable {
        /// Grows with each change.
        pub version: u32,
        /// Who takes keys.
        pub members: Vec<NodeId>,
        /// Who has taken the place of another is hashed by the other's name.
        pub places: SortedMap<NodeId, NodeId>,
        /// Servers that never come back.
        pub gone: NodeSet,
        /// A loss that is being made good: meanwhile no keys are given or taken.
        pub loss: Option<DiskLoss>,
    }

    /// A server is gone with its disk.
    #[derive(Copy)]
    pub struct DiskLoss {
        /// Which.
        pub dead: NodeId,
        /// Who takes what nobody else has, from its copies.
        pub by: NodeId,
    }
}

impl MemberTable {
    /// A first table.
    pub fn of(members: Vec<NodeId>) -> Self {
        MemberTable { version: 1, members, ..MemberTable::default() }
    }
    /// By whose name a member is hashed.
    fn place(&self, n: NodeId) -> NodeId {
        self.places.get(&n).copied().unwrap_or(n)
    }
}

/// What a rule takes for what it is not: the mutants that place differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Careless {
    /// Servers are hashed by their place in the list.
    pub by_place: bool,
    /// Copies go to the owners of the next points, whoever they are.
    pub same_server: bool,
}

/// Who owns each key and who keeps its copies: what rule and members come to.
#[derive(Clone, Debug)]
pub struct Places {
    cfg: Config,
    careless: Careless,
    members: Vec<NodeId>,
    names: SortedMap<NodeId, NodeId>,
    /// The owner of each key; none if there are no members.
    pub owners: Vec<NodeId>,
    /// The ring, for the rules that have one.
    pub ring: Option<Arc<Ring>>,
    lists: OnceLock<Vec<NodeId>>,
    shown: OnceLock<ShownTable>,
}

/// Points and keys, for pictures.
#[derive(Clone, Debug)]
pub struct ShownTable {
    /// The servers' points, in order.
    pub points: Arc<Vec<(u32, NodeId)>>,
    /// The keys.
    pub keys: Arc<Vec<KeyView>>,
}

// All of it follows from the members.
impl PartialEq for Places {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members && self.names == other.names
    }
}

impl Eq for Places {}

impl Hash for Places {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.members, &self.names).hash(h);
    }
}

/// Placements that are remembered: both sides of a change, by each of the rules.
const MEMORY: usize = 20;

thread_local! {
    // All servers of a world, its copies and its pictures ask for the same few.
    static KNOWN: RefCell<VecDeque<Arc<Places>>> = const { RefCell::new(VecDeque::new()) };
    static POSITIONS: RefCell<VecDeque<Positions>> = const { RefCell::new(VecDeque::new()) };
}

/// Where keys fall.
type Positions = ((HashFn, bool), Arc<Vec<u64>>);

/// Where so many keys fall by a rule, worked out once for all rules: their names' hashes, or for
/// ketama the first words of their digests.
fn positions(cfg: &Config) -> Arc<Vec<u64>> {
    let narrow = cfg.scheme == Scheme::Ketama;
    let hash = if narrow { HashFn::Md5 } else { cfg.hash() };
    let fits = |p: &&Positions| p.0 == (hash, narrow) && p.1.len() == cfg.keys as usize;
    let found = POSITIONS.with_borrow(|known| known.iter().find(fits).map(|p| p.1.clone()));
    found.unwrap_or_else(|| {
        let most = if narrow { u64::from(u32::MAX) } else { u64::MAX };
        let at = |key| hash.hash(key_name(key).as_bytes()) & most;
        let made: Arc<Vec<u64>> = Arc::new((0..cfg.keys).map(at).collect());
        POSITIONS.with_borrow_mut(|known| {
            known.truncate(3);
            known.push_front(((hash, narrow), made.clone()));
        });
        made
    })
}

/// The placement by a table. It is a pure function that remembers the last few answers.
pub fn of(cfg: &Config, table: &MemberTable, careless: Careless) -> Arc<Places> {
    let fits = |p: &Arc<Places>| {
        p.members == table.members
            && p.careless == careless
            && p.names == table.places
            && p.cfg == *cfg
    };
    let found = KNOWN.with_borrow(|known| known.iter().find(|p| fits(p)).cloned());
    found.unwrap_or_else(|| {
        let made = Arc::new(make(cfg, table, careless));
        KNOWN.with_borrow_mut(|known| {
            known.truncate(MEMORY - 1);
            known.push_front(made.clone());
        });
        made
    })
}

/// Remembers nothing.
#[cfg(test)]
pub(super) fn forget() {
    KNOWN.with_borrow_mut(VecDeque::clear);
}

/// The server's share.
pub fn weight(cfg: &Config, n: NodeId) -> u32 {
    if u32::from(n.0) < cfg.heavy { cfg.weight } else { 1 }
}

fn make(cfg: &Config, table: &MemberTable, careless: Careless) -> Places {
    let name = |(i, n): (usize, &NodeId)| {
        let n = table.place(*n);
        match careless.by_place {
            true => HashNode::weighted(format!("place-{i}"), weight(cfg, n)),
            false => HashNode::weighted(format!("S{}", n.0 + 1), weight(cfg, n)),
        }
    };
    let nodes: Vec<HashNode> = table.members.iter().enumerate().map(name).collect();
    let near = neighbour(cfg, table, careless);
    let ring = match cfg.scheme {
        Scheme::Ketama | Scheme::Ring => Some(Arc::new(ring(cfg, &nodes, near.as_ref()))),
        Scheme::Bounded => {
            of(&Config { scheme: Scheme::Ring, ..cfg.clone() }, table, careless).ring.clone()
        }
        _ => None,
    };
    let positions = positions(cfg);
    let by = |rule: &dyn Placement| -> Vec<Option<u32>> {
        positions.iter().map(|p| rule.owner_at(*p)).collect()
    };
    let count = nodes.len() as u32;
    let found = match (cfg.scheme, &ring) {
        (Scheme::Modulo, _) => by(&Modulo { nodes: count, hash: cfg.hash() }),
        (Scheme::Rendezvous, _) => {
            let rule = Rendezvous::new(&nodes, cfg.hash());
            rendezvous(&rule, &table.members, &positions, near)
        }
        (Scheme::Jump, _) => by(&Jump { nodes: count, hash: cfg.hash() }),
        (Scheme::Maglev, _) => by(&Maglev::new(&nodes, MAGLEV_TABLE, cfg.hash())),
        (Scheme::Bounded, Some(ring)) => assign_bounded(ring, &nodes, &positions, cfg.bound),
        (_, Some(ring)) => by(&**ring),
        (_, None) => Vec::new(),
    };
    let members = table.members.clone();
    let first = members.first().copied();
    let member = |at: Option<u32>| at.and_then(|at| members.get(at as usize).copied()).or(first);
    let owners = found.into_iter().filter_map(member).collect();
    Places {
        cfg: cfg.clone(),
        careless,
        members,
        names: table.places.clone(),
        owners,
        ring,
        lists: OnceLock::new(),
        shown: OnceLock::new(),
    }
}

/// How a table differs from a known one.
#[derive(Clone, Copy)]
enum TableStep {
    /// The last member is new.
    Joined,
    /// The member at this place was there.
    Left(usize),
}

/// A known placement of one member more or less: what follows from it is changed, not made anew.
fn neighbour(
    cfg: &Config,
    table: &MemberTable,
    careless: Careless,
) -> Option<(Arc<Places>, TableStep)> {
    let step = |p: &Arc<Places>| {
        if p.cfg != *cfg || p.careless != careless || p.names != table.places {
            return None;
        }
        if table.members.split_last().is_some_and(|(_, others)| p.members == others) {
            return Some((p.clone(), TableStep::Joined));
        }
        let mut pairs = p.members.iter().zip(&table.members);
        let gone = pairs.position(|(a, b)| a != b).unwrap_or(table.members.len());
        let rest = p.members.get(gone + 1..)?;
        // Names by place are others where one is missing.
        let one = !careless.by_place && rest == &table.members[gone..];
        one.then(|| (p.clone(), TableStep::Left(gone)))
    };
    KNOWN.with_borrow(|known| known.iter().find_map(step))
}

fn ring(cfg: &Config, nodes: &[HashNode], near: Option<&(Arc<Places>, TableStep)>) -> Ring {
    let known = near.and_then(|(p, step)| Some((p.ring.as_ref()?, step)));
    match known {
        Some((ring, TableStep::Joined)) => ring.joined(nodes),
        Some((ring, TableStep::Left(at))) => ring.left(nodes, *at as u32),
        None if cfg.scheme == Scheme::Ketama => Ring::ketama(nodes),
        None => Ring::virtual_nodes(nodes, cfg.vnodes, cfg.hash()),
    }
}

/// By rendezvous each key prefers its owner to all others; only who comes or goes changes that.
fn rendezvous(
    rule: &Rendezvous,
    members: &[NodeId],
    positions: &[u64],
    near: Option<(Arc<Places>, TableStep)>,
) -> Vec<Option<u32>> {
    let Some((known, step)) = near else {
        return positions.iter().map(|p| rule.owner_at(*p)).collect();
    };
    let mut places = vec![None; members.iter().map(|m| m.at() + 1).max().unwrap_or(0)];
    (0..).zip(members).for_each(|(at, m)| places[m.at()] = Some(at));
    let place = |owner: &NodeId| places.get(owner.at()).copied().flatten();
    let last = members.len().saturating_sub(1) as u32;
    let one = |(position, owner): (&u64, &NodeId)| match (place(owner), step) {
        (Some(at), TableStep::Joined) => Some(rule.better(*position, at, last)),
        (Some(at), TableStep::Left(_)) => Some(at),
        (None, _) => rule.owner_at(*position),
    };
    positions.iter().zip(&known.owners).map(one).collect()
}

impl Places {
    /// The owner of a key.
    pub fn owner(&self, key: u32) -> Option<NodeId> {
        self.owners.get(key as usize).copied()
    }

    /// How many servers keep a key.
    fn each(&self) -> usize {
        match self.careless.same_server && self.ring.is_some() {
            true => self.cfg.copies as usize,
            false => (self.cfg.copies.max(1) as usize).min(self.members.len()),
        }
    }

    /// Who keeps a key: its owner, then servers after it, those of new racks first.
    pub fn list(&self, key: u32) -> &[NodeId] {
        let each = self.each();
        let all = self.lists.get_or_init(|| self.all_lists());
        let from = key as usize * each;
        all.get(from..from + each).unwrap_or(&[])
    }

    /// The same for all keys.
    pub fn lists(&self) -> impl Iterator<Item = &[NodeId]> {
        (0..self.owners.len() as u32).map(|key| self.list(key))
    }

    /// Keys of each member, in their order.
    pub fn loads(&self) -> Vec<u32> {
        let mut held = vec![0u32; self.members.iter().map(|m| m.at() + 1).max().unwrap_or(0)];
        self.owners.iter().for_each(|o| held[o.at()] += 1);
        self.members.iter().map(|m| held[m.at()]).collect()
    }

    fn all_lists(&self) -> Vec<NodeId> {
        let members = &self.members;
        let racks: SortedSet<u32> = members.iter().map(|n| rack(&self.cfg, *n)).collect();
        let mut out = Vec::with_capacity(self.owners.len() * self.each());
        for (position, owner) in positions(&self.cfg).iter().zip(&self.owners) {
            match &self.ring {
                Some(ring) => {
                    let first = ring.point_of(*position).unwrap_or(0);
                    let (wrapped, ahead) = ring.points().split_at(first);
                    let walk = ahead.iter().chain(wrapped).map(|p| members[p.1 as usize]);
                    if self.careless.same_server {
                        out.extend(walk.cycle().take(self.each()));
                    } else {
                        self.spread(*owner, walk, racks.len(), &mut out);
                    }
                }
                // Without a ring, those that follow in the list.
                None => {
                    let at = members.iter().position(|m| m == owner).unwrap_or(0);
                    let walk = members.iter().cycle().skip(at).take(members.len()).copied();
                    self.spread(*owner, walk, racks.len(), &mut out);
                }
            }
        }
        out
    }

    /// The first servers met, none twice, and none of a rack that has one while there are other
    /// racks.
    fn spread(
        &self,
        owner: NodeId,
        walk: impl Iterator<Item = NodeId>,
        racks: usize,
        out: &mut Vec<NodeId>,
    ) {
        let (wanted, from) = (self.each(), out.len());
        out.push(owner);
        let mut others = Vec::new();
        for n in walk {
            let chosen = &out[from..];
            if chosen.len() == wanted
                || chosen.len() >= racks && chosen.len() + others.len() >= wanted
            {
                break;
            }
            if chosen.contains(&n) || others.contains(&n) {
                continue;
            }
            if chosen.iter().all(|c| rack(&self.cfg, *c) != rack(&self.cfg, n)) {
                out.push(n);
            } else if others.len() < wanted {
                others.push(n);
            }
        }
        let missing = wanted.saturating_sub(out.len() - from);
        out.extend(others.into_iter().take(missing));
    }

    /// Points and keys, for pictures.
    pub fn shown(&self) -> &ShownTable {
        self.shown.get_or_init(|| {
            let ring = self.ring.as_ref().filter(|_| self.cfg.scheme != Scheme::Ketama);
            let narrow = self.ring.as_ref().filter(|_| self.cfg.scheme == Scheme::Ketama);
            let wide = ring.into_iter().flat_map(|r| r.points()).map(|p| ((p.0 >> 32) as u32, p.1));
            let all = narrow.into_iter().flat_map(|r| r.points()).map(|p| (p.0 as u32, p.1));
            let points = wide.chain(all).map(|(at, n)| (at, self.members[n as usize]));
            let positions = positions(&self.cfg);
            let narrow = self.cfg.scheme == Scheme::Ketama;
            let key = |(key, list): (u32, &[NodeId])| {
                let (owner, copies) = list.split_first()?;
                let at = positions[key as usize] >> if narrow { 0 } else { 32 };
                let at = at as u32;
                Some(KeyView { at, owner: *owner, copies: copies.to_vec() })
            };
            let keys = (0..).zip(self.lists()).filter_map(key).collect();
            ShownTable { points: Arc::new(points.collect()), keys: Arc::new(keys) }
        })
    }
}

/// The rack of a server.
pub fn rack(cfg: &Config, n: NodeId) -> u32 {
    u32::from(n.0) % cfg.racks.max(1)
}

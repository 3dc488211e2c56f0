//! The table, and who is what.

use super::Config;
use crate::core::declare::data;
use crate::core::ids::NodeId;
use crate::protocols::raft;
use std::ops::Range;

/// An entry: who owns a shard since which version, and who is to own it next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardEntry {
    /// Grows with each change of owner, from 1.
    pub version: u32,
    /// The owner.
    pub owner: NodeId,
    /// The shard is moving there.
    pub to: Option<NodeId>,
}

impl ShardEntry {
    /// As a value of the replicated store.
    pub fn pack(self) -> i64 {
        let to = self.to.map_or(0, |n| i64::from(n.0) + 1);
        i64::from(self.version) << 32 | i64::from(self.owner.0) << 16 | to
    }
    /// From such a value.
    pub fn unpack(value: i64) -> ShardEntry {
        let part = |shift: u32| (value >> shift & 0xffff) as u16;
        let to = part(0).checked_sub(1).map(NodeId);
        ShardEntry { version: (value >> 32) as u32, owner: NodeId(part(16)), to }
    }
    /// What routers are told of it.
    pub fn place(self) -> ShardPlace {
        ShardPlace { version: self.version, owner: self.owner }
    }
}

data! {
    /// Where a shard is.
    #[derive(Copy, PartialOrd, Ord)]
    pub struct ShardPlace {
        /// Since this version.
        pub version: u32,
        /// Here.
        pub owner: NodeId,
    }
}

/// What a server is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerRole {
    /// It keeps the table.
    Directory,
    /// It takes clients' requests to where they belong.
    Router,
    /// It keeps shards.
    Keeper,
}

/// How many servers are what: the directory's come first, then routers, then those with shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerPlan {
    /// Servers of the directory.
    pub directory: u16,
    /// Routers.
    pub routers: u16,
    /// All servers.
    pub nodes: u16,
}

impl ServerPlan {
    /// As the settings say; fewer if there are not enough servers.
    pub fn of(cfg: &Config, nodes: u16) -> ServerPlan {
        let directory = nodes.min(cfg.replicas as u16).max(1);
        ServerPlan { directory, routers: (nodes - directory).min(cfg.routers as u16), nodes }
    }
    /// What a server is there for.
    pub fn role(self, n: NodeId) -> ServerRole {
        match n.0 {
            n if n < self.directory => ServerRole::Directory,
            n if n < self.directory + self.routers => ServerRole::Router,
            _ => ServerRole::Keeper,
        }
    }
    /// The routers.
    pub fn routers(self) -> Range<u16> {
        self.directory..self.directory + self.routers
    }
    /// Those with shards.
    pub fn keepers(self) -> Range<u16> {
        self.directory + self.routers..self.nodes
    }
    /// Who owns a shard at first: all in turn.
    pub fn first(self, shard: u32) -> Option<ShardPlace> {
        let all = self.keepers();
        let nth = shard.checked_rem(all.len() as u32)?;
        Some(ShardPlace { version: 1, owner: NodeId(all.start + nth as u16) })
    }
}

/// The shard of a key, from 0.
pub fn shard(cfg: &Config, key: u32) -> u32 {
    key % cfg.shards.max(1)
}

/// The keys of a shard.
pub fn keys(cfg: &Config, of: u32) -> impl Iterator<Item = u32> + use<> {
    (of..cfg.keys).step_by(cfg.shards.max(1) as usize)
}

/// The table as a replicated store has it.
pub fn entries(cfg: &Config, store: &raft::Store) -> Vec<(u32, ShardEntry)> {
    let one = |shard| Some((shard, ShardEntry::unpack(*store.values.get(&shard)?)));
    (0..cfg.shards).filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_survive_being_packed() {
        for to in [None, Some(NodeId(0)), Some(NodeId(127))] {
            let entry = ShardEntry { version: 70_000, owner: NodeId(99), to };
            assert_eq!(ShardEntry::unpack(entry.pack()), entry);
        }
    }

    #[test]
    fn every_server_has_one_role() {
        for nodes in 1..20 {
            let plan = ServerPlan::of(&Config::default(), nodes);
            let count = |role| (0..nodes).filter(|n| plan.role(NodeId(*n)) == role).count();
            assert_eq!(count(ServerRole::Router), plan.routers().len());
            assert_eq!(count(ServerRole::Keeper), plan.keepers().len());
            assert_eq!(count(ServerRole::Directory), usize::from(plan.directory));
            assert_eq!(plan.first(3).is_none(), plan.keepers().is_empty());
        }
    }
}

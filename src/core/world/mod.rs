//! A world: nodes of one protocol, their disks, the network between them and their clients, as a
//! list of things that could happen next. It is compiled once: of its protocol it knows the
//! [`Rules`], and values whose types only those know.

mod act;
mod adapter;
mod allow;
mod clients;
mod disk;
mod observe;
mod options;
mod rules;
mod show;
mod step;
mod symmetry;

pub use adapter::Adapter;
pub use options::{Limits, Print};
pub use rules::{Rules, SearchRules, Settings};
pub use step::Choices;

use super::action::{Action, Entry};
use super::config::Common;
use super::hash::{StableHasher, fed, fingerprint};
use super::ids::{MsgId, Names, NodeId, OpId};
use super::kernel::Kernel;
use super::protocol::{PropertyInfo, client_name};
use super::value::{AnyEffect, AnyOutcome, Payload, Shared, Value};
use super::view::{Event, MessageView, What, WorldView};
use clients::Client;
use observe::Check;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use step::Step;

/// A server: its node, its disk, and what it still has to do.
pub struct Replica {
    node: Value,
    /// What surely survives.
    synced: Value,
    /// What was safe before that, for disks that lose their tail.
    before: Value,
    /// Written, not safe yet; oldest first.
    written: Vec<Value>,
    /// Effects that wait for the disk.
    pending: VecDeque<AnyEffect>,
    /// What a search recognises it by, once it was asked for.
    print: OnceLock<u64>,
    /// The same under each naming of the servers.
    renamed: OnceLock<Arc<[u64]>>,
    /// Its part of a run's digest, once that was asked for.
    digest: OnceLock<u64>,
}

impl Clone for Replica {
    /// A copy is made to be changed: what was worked out of the original is left behind.
    fn clone(&self) -> Self {
        Replica {
            node: self.node.clone(),
            synced: self.synced.clone(),
            before: self.before.clone(),
            written: self.written.clone(),
            pending: self.pending.clone(),
            print: OnceLock::new(),
            renamed: OnceLock::new(),
            digest: OnceLock::new(),
        }
    }
}

impl Replica {
    /// Its node and its disk: what of it belongs to a digest.
    fn feed(&self, to: &mut StableHasher) {
        self.node.feed(to);
        self.synced.feed(to);
        feed_all(&self.written, to);
    }
}

/// Hashes a list of values.
fn feed_all(all: &[Value], to: &mut StableHasher) {
    std::hash::Hasher::write_usize(to, all.len());
    all.iter().for_each(|one| one.feed(to));
}

/// A replica to be changed.
fn thaw(replicas: &mut [Arc<Replica>], node: NodeId) -> &mut Replica {
    let replica = Arc::make_mut(&mut replicas[node.at()]);
    replica.print = OnceLock::new();
    replica.renamed = OnceLock::new();
    replica.digest = OnceLock::new();
    replica
}

/// What stays the same for the whole run.
struct Fixed {
    rules: &'static dyn Rules,
    settings: Settings,
    claims: Vec<PropertyInfo>,
    /// All processes' names.
    names: Vec<Arc<str>>,
}

/// A world of some protocol.
#[derive(Clone)]
pub struct World {
    k: Kernel,
    fixed: Arc<Fixed>,
    replicas: Vec<Arc<Replica>>,
    clients: Vec<Client>,
    observer: Shared,
    checks: Vec<Check>,
    /// What the servers looked like when last asked for.
    faces: show::Faces,
}

impl World {
    /// A world at time 0, before anything has happened.
    pub fn new(rules: &'static dyn Rules, settings: Settings, seed: u64) -> Self {
        let common = settings.common;
        let mut k = Kernel::new(common, seed);
        let replicas = (0..common.nodes).map(|n| {
            let (node, blank) = rules.server(&settings, NodeId(n));
            Arc::new(Replica {
                node,
                synced: blank.clone(),
                before: blank,
                written: Vec::new(),
                pending: VecDeque::new(),
                print: OnceLock::new(),
                renamed: OnceLock::new(),
                digest: OnceLock::new(),
            })
        });
        let replicas = replicas.collect();
        let clients = (0..common.clients).map(|c| Client::new(c, rules.token(), &mut k)).collect();
        let server = |n: u16| rules.name(n).into();
        let client = |n: u16| client_name(rules.first_client(), n).into();
        let names = (0..common.nodes).map(server).chain((0..common.clients).map(client)).collect();
        let claims = rules.properties();
        let checks = claims.iter().map(|_| Check::default()).collect();
        World {
            k,
            replicas,
            clients,
            observer: rules.observer(),
            checks,
            fixed: Arc::new(Fixed { rules, settings, claims, names }),
            faces: show::Faces::default(),
        }
    }

    fn is_server(&self, node: NodeId) -> bool {
        node.0 < self.k.common.nodes
    }

    /// A client's place in the list of clients.
    fn client_place(&self, node: NodeId) -> usize {
        usize::from(node.0 - self.k.common.nodes)
    }

    fn name(&self, node: NodeId) -> &str {
        self.fixed.names.get(node.at()).map_or("?", |name| name)
    }

    /// True time, microseconds.
    pub fn now(&self) -> u64 {
        self.k.now
    }
    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.k.step
    }
    /// When the next thing happens by itself.
    pub fn next_due(&self) -> Option<u64> {
        self.k.next_due()
    }
    /// Does something at a time (not before now). What makes no sense is a step that changes
    /// nothing and says why.
    pub fn act(&mut self, entry: &Entry) -> Event {
        self.intervene(entry).ev
    }
    /// A digest of every event and every node's state so far.
    pub fn digest(&self) -> u64 {
        let print = |r: &Replica| *r.digest.get_or_init(|| fed(|to| r.feed(to)));
        let nodes: Vec<u64> = self.replicas.iter().map(|r| print(r)).collect();
        fingerprint(&(self.k.digest, self.k.now, self.k.step, nodes))
    }
    /// A copy.
    pub fn fork(&self) -> Box<World> {
        Box::new(self.clone())
    }
    /// What the settings take away from what the protocol promises.
    pub fn outside(&self) -> Option<&'static str> {
        self.fixed.rules.outside(&self.fixed.settings)
    }
    /// Messages that were forged so far, by liars or by hand.
    pub fn lied(&self) -> u64 {
        self.k.lies
    }
    /// Properties broken so far, with the step of the first violation.
    pub fn broken(&self) -> Vec<(&'static str, u64)> {
        let pairs = self.fixed.claims.iter().zip(&self.checks);
        pairs.filter_map(|(p, c)| Some((p.id, c.first.as_ref()?.step))).collect()
    }
}

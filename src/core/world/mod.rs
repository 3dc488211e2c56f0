//! A world: nodes of one protocol, their disks, the network between them and their clients, as a
//! list of things that could happen next.

mod act;
mod clients;
mod disk;
mod observe;
mod options;
mod show;
mod step;
mod symmetry;

pub use options::Limits;

use super::action::{Action, Entry};
use super::config::Common;
use super::declare::Plain;
use super::hash::fingerprint;
use super::ids::{MsgId, Names, NodeId, OpId};
use super::kernel::Kernel;
use super::protocol::{Context, Dice, Effect, Node, Outcome, Payload, Show, client_name};
use super::view::{Event, MessageView, What, WorldView};
use crate::core::sorted::SortedMap;
use clients::Client;
use observe::Check;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

/// Fixed for the whole run.
#[derive(Clone, Debug)]
pub struct Settings<P: Show> {
    /// What every scene has.
    pub common: Common,
    /// What this protocol has.
    pub cfg: P::Config,
    /// Mutants switched on, as bits.
    pub mutants: u32,
}

/// A node, its disk, and what it still has to do.
#[derive(Clone, Debug)]
struct Slot<P: Show> {
    node: Node<P>,
    /// What surely survives.
    synced: Arc<P::Durable>,
    /// What was safe before that, for disks that lose their tail.
    before: Arc<P::Durable>,
    /// Written, not safe yet; oldest first.
    written: Vec<Arc<P::Durable>>,
    /// Effects that wait for the disk.
    pending: VecDeque<Effect<P>>,
    /// What a search recognises it by, once it was asked for.
    print: OnceLock<u64>,
    /// The same under each naming of the servers.
    renamed: OnceLock<Arc<[u64]>>,
    /// Its part of a run's digest, once that was asked for.
    digest: OnceLock<u64>,
}

/// A slot to be changed.
fn thaw<P: Show>(slots: &mut [Arc<Slot<P>>], node: NodeId) -> &mut Slot<P> {
    let slot = Arc::make_mut(&mut slots[node.at()]);
    slot.print = OnceLock::new();
    slot.renamed = OnceLock::new();
    slot.digest = OnceLock::new();
    slot
}

/// A world of one protocol.
#[derive(Clone, Debug)]
pub struct World<P: Show> {
    k: Kernel,
    settings: Arc<Settings<P>>,
    slots: Vec<Arc<Slot<P>>>,
    clients: Vec<Client<P>>,
    payloads: SortedMap<MsgId, Arc<Payload<P>>>,
    observer: Arc<P::Observer>,
    checks: Vec<Check>,
    /// What clients were told in the present step.
    told: Vec<(NodeId, OpId, P::Op, Outcome<P>)>,
    /// Whose message is handled in the present step, and its sender's count of events then.
    heard: Option<(NodeId, u32)>,
    /// The operation whose request is handled in the present step.
    request: Option<OpId>,
    /// Sizes of the choices the last handler asked for.
    asked: Vec<u8>,
    /// Effects of the last handler before each write that came after something visible.
    perils: Vec<u8>,
    /// All processes' names.
    names: Arc<[Arc<str>]>,
    /// What the servers looked like when last asked for.
    faces: show::Faces<P>,
}

/// What identifies a state to a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Print {
    /// Processes, disks, clients, cuts and the observer.
    pub body: u64,
    /// The messages in flight, whatever their names.
    pub air: u64,
    /// How many they are.
    pub flying: u32,
}

/// A world whose protocol is not known by type: the one place where it is forgotten.
pub trait AnyWorld: Send + Sync {
    /// True time, microseconds.
    fn now(&self) -> u64;
    /// Steps taken.
    fn steps(&self) -> u64;
    /// When the next thing happens by itself.
    fn next_due(&self) -> Option<u64>;
    /// Lets the next thing happen.
    fn step(&mut self) -> Option<Event>;
    /// Does something at a time (not before now). What makes no sense is a step that changes
    /// nothing and says why.
    fn act(&mut self, entry: &Entry) -> Event;
    /// Would this action make sense now? If not, one sentence.
    fn allows(&self, action: &Action) -> Result<(), String>;
    /// What can be seen.
    fn view(&self) -> WorldView;
    /// What a message in flight says.
    fn details(&self, id: MsgId) -> Option<Vec<(String, String)>>;
    /// The same as plain data.
    fn said(&self, id: MsgId) -> Option<Plain>;
    /// A digest of every event and every node's state so far.
    fn digest(&self) -> u64;
    /// A copy.
    fn fork(&self) -> Box<dyn AnyWorld>;
    /// What a search may do next, within limits.
    fn options(&self, limits: &Limits) -> Vec<Action>;
    /// The state without time and names, for a search to recognise.
    fn print(&self) -> Print;
    /// Every naming of the servers, their own first, if a world behaves alike under each; else none.
    fn names(&self) -> Vec<Names>;
    /// The state under each of these names, always the same ones in a run.
    fn prints(&self, names: &[Names]) -> Vec<Print>;
    /// Do links keep their order?
    fn fifo(&self) -> bool;
    /// The shortest delay of a message, microseconds: a search, whose steps are this long or longer,
    /// does nothing that clocks would not allow.
    fn quickest(&self) -> u64;
    /// Leaves time out, for a search.
    fn set_search(&mut self);
    /// The choices the last step's handler asked for (their sizes).
    fn asked(&self) -> &[u8];
    /// In a search: after how many of the last step's effects a crash would leave something that
    /// was said, but not what was to be written after it (see [`Action::CrashAfter`]).
    fn perils(&self) -> &[u8];
    /// What the settings take away from what the protocol promises.
    fn outside(&self) -> Option<&'static str>;
    /// Messages that were forged so far, by liars or by hand.
    fn lied(&self) -> u64;
    /// Properties broken so far, with the step of the first violation.
    fn broken(&self) -> Vec<(&'static str, u64)>;
}

impl<P: Show> World<P> {
    /// A world at time 0, before anything has happened.
    pub fn new(settings: Settings<P>, seed: u64) -> Self {
        let common = settings.common;
        let mut k = Kernel::new(common, seed);
        let settings = Arc::new(settings);
        let slots = (0..common.nodes).map(|n| {
            let me = NodeId(n);
            let mut dice = Dice::default();
            let blank = Arc::new(P::disk(&settings.cfg, me, common.nodes));
            let state = P::boot(&mut context(&settings, me, 0, &mut dice), &blank);
            let node = Node { me, state, durable: (*blank).clone() };
            let (synced, before) = (blank.clone(), blank.clone());
            let (written, pending) = (Vec::new(), VecDeque::new());
            let (print, renamed, digest) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
            Arc::new(Slot { node, synced, before, written, pending, print, renamed, digest })
        });
        let slots = slots.collect();
        let clients = (0..common.clients).map(|c| Client::new(c, &mut k)).collect();
        let server = |n: u16| P::name(n).into();
        let client = |n: u16| client_name(P::FIRST_CLIENT, n).into();
        let names = (0..common.nodes).map(server).chain((0..common.clients).map(client)).collect();
        let checks = P::properties().iter().map(|_| Check::default()).collect();
        World {
            k,
            settings,
            slots,
            clients,
            payloads: SortedMap::new(),
            observer: Arc::default(),
            checks,
            told: Vec::new(),
            asked: Vec::new(),
            heard: None,
            request: None,
            perils: Vec::new(),
            names,
            faces: show::Faces::default(),
        }
    }

    /// A server's node.
    pub fn node(&self, n: u16) -> &Node<P> {
        &self.slots[usize::from(n)].node
    }

    /// What the observer knows.
    pub fn observer(&self) -> &P::Observer {
        &self.observer
    }

    /// The kernel, to look at.
    pub fn kernel(&self) -> &Kernel {
        &self.k
    }

    fn is_server(&self, node: NodeId) -> bool {
        node.0 < self.settings.common.nodes
    }

    fn exists(&self, node: NodeId) -> Result<(), String> {
        if self.k.has(node) { Ok(()) } else { Err(format!("there is no process {}", node.0)) }
    }

    fn name(&self, node: NodeId) -> &str {
        self.names.get(node.at()).map_or("?", |name| name)
    }
}

/// A context over the settings of a world.
fn context<'a, P: Show>(
    settings: &'a Settings<P>,
    me: NodeId,
    clock: i64,
    dice: &'a mut Dice,
) -> Context<'a, P> {
    Context {
        me,
        nodes: settings.common.nodes,
        cfg: &settings.cfg,
        clock,
        effects: Vec::new(),
        mutants: settings.mutants,
        dice,
    }
}

impl<P: Show + Send> AnyWorld for World<P>
where
    P::Config: Send + Sync,
    P::State: Send + Sync,
    P::Durable: Send + Sync,
    P::Message: Send + Sync,
    P::Timer: Send + Sync,
    P::Op: Send + Sync,
    P::Ret: Send + Sync,
    P::Observer: Send + Sync,
    P::Token: Send + Sync,
    P: Sync,
{
    fn now(&self) -> u64 {
        self.k.now
    }
    fn steps(&self) -> u64 {
        self.k.step
    }
    fn next_due(&self) -> Option<u64> {
        self.k.next_due()
    }
    fn step(&mut self) -> Option<Event> {
        self.happen()
    }
    fn act(&mut self, entry: &Entry) -> Event {
        self.intervene(entry)
    }
    fn allows(&self, action: &Action) -> Result<(), String> {
        self.sensible(action)
    }
    fn view(&self) -> WorldView {
        self.look()
    }
    fn details(&self, id: MsgId) -> Option<Vec<(String, String)>> {
        self.message_details(id)
    }
    fn said(&self, id: MsgId) -> Option<Plain> {
        self.message_data(id)
    }
    fn digest(&self) -> u64 {
        let print = |s: &Slot<P>| fingerprint(&(&s.node, &s.synced, &s.written));
        let nodes: Vec<u64> =
            self.slots.iter().map(|s| *s.digest.get_or_init(|| print(s))).collect();
        fingerprint(&(self.k.digest, self.k.now, self.k.step, nodes))
    }
    fn fork(&self) -> Box<dyn AnyWorld> {
        Box::new(self.clone())
    }
    fn options(&self, limits: &Limits) -> Vec<Action> {
        self.list_options(limits)
    }
    fn print(&self) -> Print {
        self.timeless_print()
    }
    fn names(&self) -> Vec<Names> {
        self.all_names()
    }
    fn prints(&self, names: &[Names]) -> Vec<Print> {
        self.prints_under(names)
    }
    fn fifo(&self) -> bool {
        self.settings.common.net.fifo
    }
    fn quickest(&self) -> u64 {
        self.settings.common.net.low
    }
    fn set_search(&mut self) {
        self.k.begin_search();
    }
    fn asked(&self) -> &[u8] {
        &self.asked
    }
    fn perils(&self) -> &[u8] {
        &self.perils
    }
    fn outside(&self) -> Option<&'static str> {
        P::outside(&self.settings.common, &self.settings.cfg)
    }
    fn lied(&self) -> u64 {
        self.k.lies
    }
    fn broken(&self) -> Vec<(&'static str, u64)> {
        let pairs = P::properties().iter().zip(&self.checks);
        pairs.filter_map(|(p, c)| Some((p.id, c.first.as_ref()?.step))).collect()
    }
}

//! A handler's work: what it changes is written first, then what it says leaves.

use super::desc::first_ranges;
use super::mutant::VOLATILE_VOTE;
use super::*;
use crate::core::protocol::Outcome;
use std::collections::VecDeque;

/// What a server may say to itself within one handler.
const MOST_LOCAL: u32 = 64;

/// A handler under way. What is said waits until all that was changed is on disk.
pub(super) struct Work<'w, 'c> {
    pub node: &'w mut Node<Ranges>,
    pub cx: &'w mut Context<'c, Ranges>,
    dirty: bool,
    group: SortedMap<NodeId, Vec<(RangeId, u64, Rpc)>>,
    out: Vec<(NodeId, Message)>,
    local: VecDeque<Message>,
    replies: Vec<(OpId, Outcome<Ranges>)>,
}

/// What is on the disk of a new server.
pub(super) fn disk(cfg: &Config, me: NodeId, nodes: u16) -> Durable {
    let all = first_ranges(cfg, nodes);
    let directory: RangeCache = all.iter().map(|(d, _)| *d).filter(|d| d.id != META).collect();
    let born = |(desc, leader): &(Desc, NodeId)| {
        let mut replica = RangeReplica::born(*desc, *leader);
        if desc.id == META {
            replica.directory = directory.clone();
        }
        (desc.id, Arc::new(replica))
    };
    let mine = all.iter().filter(|(d, _)| d.members.has(me));
    Durable { replicas: mine.map(born).collect(), draining: false }
}

/// A start, the first or a later one.
pub(super) fn start(cx: &mut Context<Ranges>, durable: &Durable) -> State {
    let after = cx.between(cx.cfg.election_low, cx.cfg.election_high);
    cx.set_timer(Timer::Election, after);
    if cx.cfg.period > 0 {
        let after = cx.between(cx.cfg.period / 2, cx.cfg.period);
        cx.set_timer(Timer::Allocate, after);
    }
    let mut state = State::default();
    // What everyone is set up with: where the ranges were at first.
    let first = first_ranges(cx.cfg, cx.nodes);
    for (desc, leader) in &first {
        state.cache.learn(*desc);
        state.hints.insert(desc.id, *leader);
    }
    let mut leads = false;
    for (id, replica) in &durable.replicas {
        let mut seat = RangeSeat { commit: replica.applied, ..RangeSeat::default() };
        if replica.fresh(cx.me) {
            seat.lead(cx.me, replica);
            // The meta range was set up with the first descriptors.
            seat.registered = u32::from(replica.desc.generation == 1);
            leads = true;
        }
        state.seats.insert(*id, seat);
    }
    if leads {
        let after = cx.cfg.heartbeat;
        cx.set_timer(Timer::Heartbeat, after);
    }
    state
}

impl RangeReplica {
    /// A replica of a range that begins its life in term 1, in which `leader` has all votes.
    pub fn born(desc: Desc, leader: NodeId) -> RangeReplica {
        RangeReplica {
            term: 1,
            vote: Some(leader),
            life: Life::Live,
            desc,
            applied: 1,
            base: (1, 1),
            ..RangeReplica::default()
        }
    }

    /// Is this server the first leader of a range in which nothing has happened yet?
    pub fn fresh(&self, me: NodeId) -> bool {
        self.life == Life::Live
            && self.term == 1
            && self.vote == Some(me)
            && self.base == (1, 1)
            && self.log.is_empty()
    }

    /// The index of the last entry.
    pub fn last(&self) -> u64 {
        self.base.0 + self.log.len() as u64
    }

    /// The term of an entry that is still there; 0 if it is not.
    pub fn term_at(&self, index: u64) -> u64 {
        match index.checked_sub(self.base.0) {
            Some(0) => self.base.1,
            Some(n) => self.log.get(n as usize - 1).map_or(0, |e| e.term),
            None => 0,
        }
    }

    /// Entries from an index on.
    pub fn entries(&self, from: u64) -> &[RangeEntry] {
        let skip = from.saturating_sub(self.base.0 + 1).min(self.log.len() as u64);
        &self.log[skip as usize..]
    }

    /// Entries that are not applied.
    pub fn unapplied(&self) -> &[RangeEntry] {
        self.entries(self.applied + 1)
    }

    /// Who counts: the last members in the log, applied or not (thesis, 4.1).
    pub fn members(&self) -> NodeSet {
        let of = |e: &RangeEntry| match e.command {
            RangeCommand::Config(members) => Some(members),
            _ => None,
        };
        self.unapplied().iter().rev().find_map(of).unwrap_or(self.desc.members)
    }

    /// Nothing in the log may change the range any more.
    pub fn settled(&self) -> bool {
        let plain = |e: &RangeEntry| {
            matches!(
                e.command,
                RangeCommand::Noop
                    | RangeCommand::Read { .. }
                    | RangeCommand::Write { .. }
                    | RangeCommand::Register(_)
            )
        };
        self.frozen.is_none() && self.unapplied().iter().all(plain)
    }
}

impl RangeSeat {
    /// Leads from here on.
    pub fn lead(&mut self, me: NodeId, replica: &RangeReplica) {
        let others = replica.members().iter().filter(|m| *m != me);
        self.next = others.map(|m| (m, replica.last() + 1)).collect();
        self.votes = NodeSet::EMPTY;
        self.role = ReplicaRole::Leaseholder;
        self.leader = Some(me);
        self.registered = 0;
    }

    /// Leads no more, or stands no more.
    pub fn step_down(&mut self) {
        let (commit, heard, leader) = (self.commit, self.heard, self.leader);
        *self = RangeSeat { commit, heard, leader, ..RangeSeat::default() };
    }
}

impl<'w, 'c> Work<'w, 'c> {
    pub fn new(node: &'w mut Node<Ranges>, cx: &'w mut Context<'c, Ranges>) -> Self {
        Work {
            node,
            cx,
            dirty: false,
            group: SortedMap::new(),
            out: Vec::new(),
            local: VecDeque::new(),
            replies: Vec::new(),
        }
    }

    /// Does something, then writes and speaks.
    pub fn run(mut self, what: impl FnOnce(&mut Self)) {
        what(&mut self);
        let me = self.node.me;
        for _ in 0..MOST_LOCAL {
            let Some(message) = self.local.pop_front() else { break };
            self.receive(me, message);
        }
        if self.dirty && self.cx.mutant(VOLATILE_VOTE) {
            let mut kept = self.node.durable.clone();
            let others = kept.replicas.values_mut().filter(|r| r.vote != Some(me));
            others.for_each(|r| Arc::make_mut(r).vote = None);
            self.cx.persist(&kept);
        } else if self.dirty {
            self.cx.persist(&self.node.durable);
        }
        for (to, rpcs) in self.group {
            // Snapshots are long; signs of life do not wait for them.
            let (long, short): (Vec<_>, Vec<_>) =
                rpcs.into_iter().partition(|r| matches!(r.2, Rpc::Snapshot(_)));
            if !short.is_empty() {
                self.cx.send(to, Message::Group(short));
            }
            long.into_iter().for_each(|r| self.cx.send(to, Message::Group(vec![r])));
        }
        for (to, message) in self.out {
            self.cx.send(to, message);
        }
        for (to, outcome) in self.replies {
            self.cx.reply(to, outcome);
        }
    }

    pub fn receive(&mut self, from: NodeId, message: Message) {
        match message {
            Message::Group(all) => {
                all.into_iter().for_each(|(id, term, rpc)| self.hear(from, id, term, rpc));
            }
            Message::Gone(desc) => self.gone(desc),
            Message::Ask { range, slip, want } => self.asked(from, range, slip, want),
            Message::Answer { range, slip, told } => self.answered(from, range, slip, told),
            Message::Lookup(slip) => self.looked_up(from, slip),
            Message::Found { slip, desc } => self.found(slip, desc),
            Message::Register(desc) => self.register(from, desc),
            Message::Registered { range, generation } => {
                if let Some(seat) = self.node.state.seats.get_mut(&range) {
                    seat.registered = seat.registered.max(generation);
                }
            }
            Message::Freeze { range, by } => self.freeze(from, range, by),
            Message::Frozen { by, at, desc } => self.is_frozen(from, by, at, desc),
            Message::Over { by, at, range } => self.is_over(from, by, at, range),
            Message::WillNot { range, at } => self.thaw(range, at),
            Message::Gossip(load) => {
                self.node.state.loads.insert(from, load);
            }
        }
    }

    pub fn say(&mut self, to: NodeId, message: Message) {
        match to == self.node.me {
            true => self.local.push_back(message),
            false => self.out.push((to, message)),
        }
    }

    pub fn rpc(&mut self, to: NodeId, id: RangeId, rpc: Rpc) {
        let term = self.replica(id).map_or(0, |r| r.term);
        self.group.entry(to).or_default().push((id, term, rpc));
    }

    pub fn reply(&mut self, to: OpId, outcome: Outcome<Ranges>) {
        self.replies.push((to, outcome));
    }

    pub fn replica(&self, id: RangeId) -> Option<&RangeReplica> {
        self.node.durable.replicas.get(&id).map(|r| &**r)
    }

    pub fn live(&self, id: RangeId) -> Option<&RangeReplica> {
        self.replica(id).filter(|r| r.life == Life::Live)
    }

    /// The replica, to change it: there is one from here on, and it will be written.
    pub fn change(&mut self, id: RangeId) -> &mut RangeReplica {
        self.dirty = true;
        Arc::make_mut(self.node.durable.replicas.entry(id).or_default())
    }

    pub fn put(&mut self, id: RangeId, replica: RangeReplica) {
        self.dirty = true;
        self.node.durable.replicas.insert(id, Arc::new(replica));
    }

    pub fn drain(&mut self, draining: bool) {
        self.dirty = true;
        self.node.durable.draining = draining;
    }

    pub fn seat(&mut self, id: RangeId) -> &mut RangeSeat {
        self.node.state.seats.entry(id).or_default()
    }

    pub fn role(&self, id: RangeId) -> ReplicaRole {
        self.node.state.seats.get(&id).map_or(ReplicaRole::Follower, |s| s.role)
    }

    pub fn leads(&self, id: RangeId) -> bool {
        self.role(id) == ReplicaRole::Leaseholder
    }

    pub fn ids(&self) -> Vec<RangeId> {
        self.node.durable.replicas.keys().copied().collect()
    }
}

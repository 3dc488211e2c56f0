//! What committed entries do to a range.

use super::mutant::{FORGET_SESSIONS, SERVE_ASTRAY, SPLIT_IN_TWO, SWAP_MEMBERS};
use super::work::Work;
use super::*;

impl Work<'_, '_> {
    /// Applies what is committed. What was applied is kept with how far it was, so that a restart
    /// applies nothing twice.
    pub fn apply(&mut self, id: RangeId) {
        let mut changed = false;
        loop {
            let commit = self.node.state.seats.get(&id).map_or(0, |s| s.commit);
            let Some(replica) = self.live(id).filter(|r| r.applied < commit) else { break };
            let generation = replica.desc.generation;
            let Some(entry) = replica.entries(replica.applied + 1).first().cloned() else { break };
            let replica = self.change(id);
            replica.applied += 1;
            let index = replica.applied;
            let told = self.carry_out(id, entry.command);
            changed |= self.live(id).is_some_and(|r| r.desc.generation > generation);
            let waiter = self.node.state.seats.get_mut(&id).and_then(|s| s.waiting.remove(&index));
            if let Some((to, slip)) = waiter {
                self.answer(to, id, slip, told);
            }
        }
        self.compact(id);
        if changed && self.leads(id) {
            // Followers are to know soon: they cut themselves in two, too.
            self.replicate(id);
        }
    }

    fn carry_out(&mut self, id: RangeId, command: RangeCommand) -> RangeAnswer {
        match command {
            RangeCommand::Noop => RangeAnswer::Done,
            RangeCommand::Read { from, to } => self.read(id, from, to),
            RangeCommand::Write { id: op, place, value } => self.write(id, op, place, value),
            RangeCommand::Split { at, leader } => self.split(id, at, leader),
            RangeCommand::Config(members) => self.configure(id, members),
            RangeCommand::Freeze { by, at } => self.apply_freeze(id, by, at),
            RangeCommand::Thaw { at } => self.apply_thaw(id, at),
            RangeCommand::Merge { right, at } => self.apply_merge(id, right, at),
            RangeCommand::Abort { at } => self.apply_abort(id, at),
            RangeCommand::Register(desc) => {
                self.change(id).directory.learn(desc);
                RangeAnswer::Done
            }
        }
    }

    /// Not this range's place any more, or not to be served now.
    fn refused(&self, id: RangeId, place: u32) -> Option<RangeAnswer> {
        let replica = self.live(id)?;
        if self.cx.mutant(SERVE_ASTRAY) {
            return None;
        }
        if !replica.desc.has(place) {
            return Some(self.elsewhere(place));
        }
        replica.frozen.map(|_| RangeAnswer::NotLeader(None))
    }

    /// What lies from one place on, as far as the range reaches.
    pub fn read(&self, id: RangeId, from: u32, to: u32) -> RangeAnswer {
        if let Some(told) = self.refused(id, from) {
            return told;
        }
        let Some(replica) = self.live(id) else { return RangeAnswer::NotLeader(None) };
        let end = to.min(replica.desc.end).max(from);
        let rows = replica.data.range(from..end).map(|(p, v)| (*p, *v)).collect();
        RangeAnswer::Rows { rows, end: replica.desc.end }
    }

    fn write(&mut self, id: RangeId, op: OpId, place: u32, value: i64) -> RangeAnswer {
        if let Some(told) = self.refused(id, place) {
            return told;
        }
        let replica = self.change(id);
        let last = replica.sessions.entry(op.client).or_default();
        // A write that comes again is done once.
        if *last <= op.nth {
            *last = op.nth + 1;
            replica.data.insert(place, value);
            self.cx.note("Write");
        }
        RangeAnswer::Done
    }

    /// A split copies nothing: the replica cuts itself in two, in one write to its disk.
    fn split(&mut self, id: RangeId, at: u32, leader: NodeId) -> RangeAnswer {
        let Some(replica) = self.live(id) else { return RangeAnswer::NotLeader(None) };
        let left = replica.desc;
        if replica.frozen.is_some() || !left.has(at) || at == id.start {
            return RangeAnswer::No("the range cannot be split there");
        }
        self.cx.note("Split");
        let generation = left.generation + 1;
        let forget = self.cx.mutant(FORGET_SESSIONS);
        let replica = self.change(id);
        let right = replica.data.split_off(&at);
        replica.desc = Desc { end: at, generation, ..left };
        let sessions = if forget { SortedMap::new() } else { replica.sessions.clone() };
        let desc = Desc { id: RangeId { start: at, born: generation }, generation, ..left };
        if !self.cx.mutant(SPLIT_IN_TWO) {
            self.give_birth(desc, leader, right, sessions);
        }
        RangeAnswer::Done
    }

    /// The right part becomes a range of its own; `leader` leads it from the start.
    fn give_birth(
        &mut self,
        desc: Desc,
        leader: NodeId,
        data: SortedMap<u32, i64>,
        sessions: SortedMap<NodeId, u32>,
    ) {
        let old = self.replica(desc.id);
        // A snapshot of it may have come first, or somebody asked for a vote.
        if old.is_some_and(|r| r.life != Life::Blank) || !desc.members.has(self.node.me) {
            return;
        }
        let (term, vote) = old.map_or((0, None), |r| (r.term, r.vote));
        let mut replica = RangeReplica { data, sessions, ..RangeReplica::born(desc, leader) };
        if term > 1 {
            (replica.term, replica.vote) = (term, vote);
        }
        let (me, leads) = (self.node.me, replica.fresh(self.node.me));
        self.put(desc.id, replica.clone());
        let seat = self.seat(desc.id);
        (seat.commit, seat.heard) = (replica.applied, true);
        if leads {
            seat.lead(me, &replica);
            let after = self.cx.cfg.heartbeat;
            self.cx.set_timer(Timer::Heartbeat, after);
        } else if term <= 1 {
            seat.leader = Some(leader);
        }
    }

    /// A change of members; it holds since it came into the log.
    fn configure(&mut self, id: RangeId, members: NodeSet) -> RangeAnswer {
        let me = self.node.me;
        let replica = self.change(id);
        let before = replica.desc.members;
        replica.desc.members = members;
        replica.desc.generation += 1;
        let desc = replica.desc;
        self.cx.note(if members.len() > before.len() { "AddServer" } else { "RemoveServer" });
        let leads = self.leads(id);
        if leads {
            for gone in before.iter().filter(|m| !members.has(*m) && *m != me) {
                self.say(gone, Message::Gone(desc));
            }
        }
        if !members.has(me) {
            if leads {
                self.hand_over(id, None);
            }
            self.cx.note("Removed");
            self.die(id, Life::Blank);
        } else if leads {
            self.second_step(id);
        }
        RangeAnswer::Done
    }

    /// Lets another member lead: this one, or whoever has most of the log (thesis, 3.10).
    pub fn hand_over(&mut self, id: RangeId, to: Option<NodeId>) -> bool {
        let Some(members) = self.live(id).map(|r| r.desc.members) else { return false };
        let last = self.live(id).map_or(0, |r| r.last());
        let me = self.node.me;
        let seat = self.seat(id);
        let matched = |m: NodeId| seat.matched.get(&m).copied().unwrap_or(0);
        let best = members.iter().filter(|m| *m != me).max_by_key(|m| matched(*m));
        match to.or(best) {
            Some(to) if members.has(to) && (to != me) => {
                let ready = matched(to) >= last || !members.has(me);
                if ready {
                    self.cx.note("TransferLease");
                    self.rpc(to, id, Rpc::TimeoutNow);
                }
                ready
            }
            _ => false,
        }
    }

    /// Begins a move: the new server is sent a snapshot first, and becomes a member once it has
    /// caught up (thesis, 4.2.1). Why not, if it does not begin.
    pub fn begin_move(
        &mut self,
        id: RangeId,
        to: NodeId,
        from: Option<NodeId>,
    ) -> Result<(), &'static str> {
        let Some(replica) = self.live(id) else { return Err("it does not lead the range") };
        let (members, settled) = (replica.desc.members, replica.settled());
        if id == META {
            return Err("the meta range stays where it is");
        }
        if members.has(to) || from.is_some_and(|f| !members.has(f)) {
            return Err("it has a replica already");
        }
        let seat = self.seat(id);
        if seat.moving.is_some() || seat.merging.is_some() || !settled || !self.rules(id) {
            return Err("the range is being changed already");
        }
        self.cx.note("BeginMove");
        let seat = self.seat(id);
        seat.moving = Some(Moving { to, from, left: PATIENCE });
        seat.next.insert(to, 0);
        seat.matched.remove(&to);
        self.send_entries(id, to, false);
        Ok(())
    }

    /// The new server has what was committed: it becomes a member.
    pub fn caught_up(&mut self, id: RangeId, who: NodeId) {
        let Some(replica) = self.live(id) else { return };
        let (members, settled, latest) =
            (replica.desc.members, replica.settled(), replica.members());
        let Some(seat) = self.node.state.seats.get(&id) else { return };
        let Some(Moving { to, from, .. }) = seat.moving.filter(|m| m.to == who) else { return };
        let ready = seat.matched.get(&to).is_some_and(|m| *m >= seat.commit);
        if latest.has(to) || !ready || !settled || !self.rules(id) {
            return;
        }
        let mut members = members;
        members.insert(to);
        if self.cx.mutant(SWAP_MEMBERS) {
            // Nobody who was asked before is asked again.
            members = from.map_or(members, |_| NodeSet::one(to));
        }
        self.propose(id, RangeCommand::Config(members));
    }

    /// Whoever does not catch up is not waited for for ever.
    pub fn lose_patience(&mut self, id: RangeId) {
        let Some(members) = self.live(id).map(|r| r.members()) else { return };
        if let Some(moving) = &mut self.seat(id).moving {
            moving.left = moving.left.saturating_sub(1);
            if moving.left == 0 && !members.has(moving.to) {
                self.seat(id).moving = None;
                self.cx.note("GiveUpMove");
            }
        }
    }

    /// One server has joined: now the other goes.
    fn second_step(&mut self, id: RangeId) {
        let Some(Moving { to, from, .. }) = self.seat(id).moving else { return };
        let Some(members) = self.live(id).map(|r| r.desc.members) else { return };
        match from {
            Some(from) if members.has(to) && members.has(from) => {
                let mut rest = members;
                rest.remove(from);
                self.propose(id, RangeCommand::Config(rest));
            }
            _ if members.has(to) => {
                self.seat(id).moving = None;
                self.cx.note("Moved");
            }
            _ => {}
        }
    }

    /// A move that was left half-way by another leader: one member too many goes.
    pub fn trim(&mut self, id: RangeId) {
        let copies = self.cx.cfg.copies.min(self.cx.nodes.into());
        let Some(replica) = self.live(id) else { return };
        let (members, settled) = (replica.desc.members, replica.settled());
        let busy = self.seat(id).moving.is_some() || self.seat(id).merging.is_some();
        if members.len() <= copies || busy || !settled || !self.rules(id) {
            return;
        }
        let me = self.node.me;
        let loads = &self.node.state.loads;
        let worst = |m: &NodeId| loads.get(m).map_or((false, 0), |l| (l.draining, l.replicas));
        let Some(goes) = members.iter().filter(|m| *m != me).max_by_key(worst) else { return };
        let mut rest = members;
        rest.remove(goes);
        self.cx.note("Trim");
        self.propose(id, RangeCommand::Config(rest));
    }
}

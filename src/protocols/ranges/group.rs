//! The group of a range: elections, its log, and what is committed (Raft, with the membership
//! changes of chapter 4 of Ongaro's thesis: one server at a time).

use super::mutant::SHORT_QUORUM;
use super::work::Work;
use super::*;

/// Most entries in a message.
const BATCH: usize = 8;
/// Applied entries that are kept for members that lag.
const KEPT: u64 = 8;

/// How many of so many members are more than half of them.
pub(super) fn quorum(members: NodeSet) -> u32 {
    members.len() / 2 + 1
}

impl Work<'_, '_> {
    /// Nobody was heard of: stand for election, wherever that is so.
    pub fn election(&mut self) {
        let after = self.cx.between(self.cx.cfg.election_low, self.cx.cfg.election_high);
        self.cx.set_timer(Timer::Election, after);
        for id in self.ids() {
            let Some(replica) = self.live(id) else { continue };
            let member = replica.members().has(self.node.me);
            let seat = self.seat(id);
            let heard = std::mem::take(&mut seat.heard);
            if seat.role != ReplicaRole::Leaseholder && !heard && member {
                self.campaign(id);
            }
        }
    }

    pub fn campaign(&mut self, id: RangeId) {
        self.cx.note("Timeout");
        let me = self.node.me;
        let replica = self.change(id);
        replica.term += 1;
        replica.vote = Some(me);
        let last = (replica.term_at(replica.last()), replica.last());
        let (generation, members) = (replica.desc.generation, replica.members());
        let seat = self.seat(id);
        seat.step_down();
        (seat.role, seat.leader, seat.votes) = (ReplicaRole::Candidate, None, NodeSet::one(me));
        for to in members.iter().filter(|m| *m != me) {
            self.rpc(to, id, Rpc::Vote { last, generation });
        }
        self.win(id);
    }

    /// A message within a group.
    pub fn hear(&mut self, from: NodeId, id: RangeId, term: u64, rpc: Rpc) {
        let life = self.replica(id).map(|r| r.life);
        if life == Some(Life::Dead) {
            return;
        }
        if let (Some(replica), Rpc::Vote { generation, .. }) = (self.replica(id), &rpc)
            && *generation < replica.desc.generation
            && !replica.desc.members.has(from)
        {
            // It was removed and does not know: its terms are nobody's business (thesis, 4.2.3).
            let desc = replica.desc;
            return self.say(from, Message::Gone(desc));
        }
        let filling = matches!(rpc, Rpc::Append { .. } | Rpc::Snapshot(_));
        if life != Some(Life::Live) && filling && self.split_is_due(id) {
            return;
        }
        if self.replica(id).is_none_or(|r| r.term < term) {
            self.update_term(id, term);
        }
        match rpc {
            Rpc::Vote { last, generation } => self.vote(from, id, term, last, generation),
            Rpc::Voted { granted } => self.voted(from, id, term, granted),
            Rpc::Append { prev, entries, commit } => {
                self.append(from, id, term, prev, entries, commit);
            }
            Rpc::Appended { taken, index } => self.appended(from, id, term, taken, index),
            Rpc::Snapshot(snapshot) => self.install(from, id, term, *snapshot),
            Rpc::TimeoutNow => {
                let current =
                    self.live(id).is_some_and(|r| r.term == term && r.members().has(self.node.me));
                if current && !self.leads(id) {
                    self.campaign(id);
                }
            }
        }
    }

    /// The range will be cut off from one here: what that one has is not to be sent once more.
    fn split_is_due(&self, id: RangeId) -> bool {
        self.node.durable.replicas.values().any(|r| {
            r.life == Life::Live
                && r.desc.id.start < id.start
                && r.desc.has(id.start)
                && r.desc.generation < id.born
                && r.desc.members.has(self.node.me)
        })
    }

    fn update_term(&mut self, id: RangeId, term: u64) {
        let replica = self.change(id);
        replica.term = term;
        replica.vote = None;
        let seat = self.seat(id);
        seat.leader = None;
        if seat.role != ReplicaRole::Follower {
            seat.step_down();
            self.cx.note("StepDown");
        }
    }

    /// At most one vote a term, and only for a log that is at least as up-to-date.
    fn vote(&mut self, from: NodeId, id: RangeId, term: u64, last: (u64, u64), generation: u32) {
        let Some(replica) = self.replica(id) else { return };
        let mine = (replica.term_at(replica.last()), replica.last());
        let free = replica.vote.is_none_or(|v| v == from);
        // Who was removed has no log to compare, but knows how far the range had come by then.
        let knows = replica.life == Life::Live || generation >= replica.desc.generation;
        let granted = term == replica.term && last >= mine && free && knows;
        if granted {
            self.change(id).vote = Some(from);
            self.seat(id).heard = true;
        }
        self.rpc(from, id, Rpc::Voted { granted });
    }

    fn voted(&mut self, from: NodeId, id: RangeId, term: u64, granted: bool) {
        let current = self.replica(id).is_some_and(|r| r.term == term);
        if current && granted && self.role(id) == ReplicaRole::Candidate {
            self.seat(id).votes.insert(from);
            self.win(id);
        }
    }

    fn win(&mut self, id: RangeId) {
        let Some(members) = self.live(id).map(|r| r.members()) else { return };
        let votes = self.seat(id).votes.iter().filter(|v| members.has(*v)).count() as u32;
        if votes < quorum(members) {
            return;
        }
        self.cx.note("BecomeLeaseholder");
        let me = self.node.me;
        let replica = self.node.durable.replicas[&id].clone();
        self.seat(id).lead(me, &replica);
        self.propose(id, RangeCommand::Noop);
        let after = self.cx.cfg.heartbeat;
        self.cx.set_timer(Timer::Heartbeat, after);
    }

    /// Adds an entry to the log that this server leads, and sends it.
    pub fn propose(&mut self, id: RangeId, command: RangeCommand) {
        self.propose_for(id, command, None);
    }

    /// The same, for somebody who waits for what comes of it.
    pub fn propose_for(&mut self, id: RangeId, command: RangeCommand, waiter: Option<Waiter>) {
        let replica = self.change(id);
        let term = replica.term;
        replica.log.push(RangeEntry { term, command });
        let index = replica.last();
        if let Some(waiter) = waiter {
            self.seat(id).waiting.insert(index, waiter);
        }
        self.replicate(id);
        self.commit(id);
    }

    /// All who are to be sent entries: the members, and who is about to become one.
    fn targets(&mut self, id: RangeId) -> Vec<NodeId> {
        let members = self.live(id).map_or(NodeSet::EMPTY, |r| r.members());
        let joins = self.seat(id).moving.map(|m| m.to);
        let me = self.node.me;
        let all = members.iter().chain(joins.filter(|j| !members.has(*j)));
        all.filter(|n| *n != me).collect()
    }

    pub fn replicate(&mut self, id: RangeId) {
        for to in self.targets(id) {
            self.send_entries(id, to, false);
        }
    }

    /// The leaders' signs of life, and all that has to be said again until it is heard.
    pub fn heartbeat(&mut self) {
        let mut leads = false;
        for id in self.ids() {
            if !self.leads(id) {
                continue;
            }
            leads = true;
            for left in self.seat(id).snapshots.values_mut() {
                *left = left.saturating_sub(1);
            }
            self.seat(id).snapshots.retain(|_, left| *left > 0);
            for to in self.targets(id) {
                self.send_entries(id, to, true);
            }
            self.lose_patience(id);
            self.tell_meta(id);
            self.go_on_merging(id);
            self.ask_about_merge(id);
            self.trim(id);
        }
        if leads {
            let after = self.cx.cfg.heartbeat;
            self.cx.set_timer(Timer::Heartbeat, after);
        }
    }

    /// What a server lacks, as far as is known; all of it, if the log does not reach so far back.
    pub fn send_entries(&mut self, id: RangeId, to: NodeId, sign_of_life: bool) {
        let Some(replica) = self.node.durable.replicas.get(&id).cloned() else { return };
        let wait = (self.cx.cfg.resend / self.cx.cfg.heartbeat.max(1)).max(1) as u32;
        let seat = self.seat(id);
        let next = *seat.next.entry(to).or_insert(replica.last() + 1);
        let commit = seat.commit;
        if next > replica.base.0 {
            let prev = (next - 1, replica.term_at(next - 1));
            let entries = replica.entries(next).iter().take(BATCH).cloned().collect();
            return self.rpc(to, id, Rpc::Append { prev, entries, commit });
        }
        let on_its_way = seat.snapshots.contains_key(&to);
        if !on_its_way {
            seat.snapshots.insert(to, wait);
            self.cx.note("SendSnapshot");
            let base = (replica.applied, replica.term_at(replica.applied));
            let snapshot = RangeReplica { base, log: Vec::new(), vote: None, ..(*replica).clone() };
            return self.rpc(to, id, Rpc::Snapshot(Box::new(snapshot)));
        }
        if sign_of_life {
            let entries = Vec::new();
            self.rpc(to, id, Rpc::Append { prev: (0, 0), entries, commit: 0 });
        }
    }

    fn follow(&mut self, from: NodeId, id: RangeId) {
        let seat = self.seat(id);
        if seat.role == ReplicaRole::Candidate {
            seat.step_down();
        }
        (seat.leader, seat.heard) = (Some(from), true);
    }

    fn append(
        &mut self,
        from: NodeId,
        id: RangeId,
        term: u64,
        prev: (u64, u64),
        entries: Vec<RangeEntry>,
        commit: u64,
    ) {
        let Some(replica) = self.replica(id) else { return };
        if term < replica.term {
            return self.rpc(from, id, Rpc::Appended { taken: false, index: 0 });
        }
        if replica.life == Life::Blank {
            let taken = prev.0 == 0 && entries.is_empty();
            return self.rpc(from, id, Rpc::Appended { taken, index: 0 });
        }
        let (base, last) = (replica.base.0, replica.last());
        // What is before the base is committed, and so the same everywhere.
        let fits = prev.0 <= base || prev.0 <= last && replica.term_at(prev.0) == prev.1;
        let hint = (last + 1).min(prev.0.max(1));
        self.follow(from, id);
        if !fits {
            let hint = self.back_off(id, hint);
            return self.rpc(from, id, Rpc::Appended { taken: false, index: hint });
        }
        let index = prev.0 + entries.len() as u64;
        for (at, entry) in (prev.0 + 1..).zip(entries).filter(|(at, _)| *at > base) {
            let Some(replica) = self.replica(id) else { return };
            if replica.last() >= at && replica.term_at(at) != entry.term {
                self.cx.note("Conflict");
                self.change(id).log.truncate((at - base - 1) as usize);
            }
            if self.replica(id).is_some_and(|r| r.last() < at) {
                self.change(id).log.push(entry);
            }
        }
        let seat = self.seat(id);
        seat.commit = seat.commit.max(commit.min(index));
        self.apply(id);
        if self.live(id).is_some() {
            self.rpc(from, id, Rpc::Appended { taken: true, index });
        }
    }

    /// The first index of the term in which the logs part, or just past the end.
    fn back_off(&self, id: RangeId, hint: u64) -> u64 {
        let Some(replica) = self.replica(id) else { return 0 };
        let term = replica.term_at(hint);
        let mut first = hint;
        while first > replica.base.0 + 1 && replica.term_at(first - 1) == term {
            first -= 1;
        }
        first.max(replica.base.0 + 1)
    }

    fn appended(&mut self, from: NodeId, id: RangeId, term: u64, taken: bool, index: u64) {
        let current = self.live(id).is_some_and(|r| r.term == term);
        if !current || !self.leads(id) {
            return;
        }
        let last = self.live(id).map_or(0, |r| r.last());
        let seat = self.seat(id);
        if taken {
            let matched = seat.matched.entry(from).or_default();
            *matched = (*matched).max(index.min(last));
            let matched = *matched;
            if matched > 0 {
                let behind = seat.next.insert(from, matched + 1).unwrap_or(0) <= last;
                seat.snapshots.remove(&from);
                self.caught_up(id, from);
                self.commit(id);
                if behind && matched < last && self.leads(id) {
                    self.send_entries(id, from, false);
                }
            }
        } else {
            // A blank replica has lost what it had: it counts for nothing.
            let lowest = if index == 0 { 0 } else { seat.matched.get(&from).map_or(0, |m| m + 1) };
            if index == 0 {
                seat.matched.remove(&from);
            }
            let next = seat.next.entry(from).or_insert(last + 1);
            *next = index.clamp(lowest, (*next).max(lowest));
            self.send_entries(id, from, false);
        }
    }

    /// Only entries of the leader's own term are committed by counting (Raft, 5.4.2).
    pub fn commit(&mut self, id: RangeId) {
        let (me, half) = (self.node.me, self.cx.mutant(SHORT_QUORUM));
        let Some(replica) = self.live(id) else { return };
        let (members, last) = (replica.members(), replica.last());
        let of = |m: NodeId, seat: &RangeSeat| match m == me {
            true => last,
            false => seat.matched.get(&m).copied().unwrap_or(0),
        };
        let Some(seat) = self.node.state.seats.get(&id) else { return };
        let mut have: Vec<u64> = members.iter().map(|m| of(m, seat)).collect();
        have.sort_unstable_by(|a, b| b.cmp(a));
        let needed = if half { members.len() / 2 } else { quorum(members) };
        let common = have.get(needed.max(1) as usize - 1).copied().unwrap_or(0);
        if common > seat.commit && replica.term_at(common) == replica.term {
            self.seat(id).commit = common;
            self.apply(id);
        }
    }

    /// Has this leader committed an entry of its own term? Before that it must not change members.
    pub fn rules(&self, id: RangeId) -> bool {
        let commit = self.node.state.seats.get(&id).map_or(0, |s| s.commit);
        self.leads(id)
            && self.live(id).is_some_and(|r| r.term_at(commit) == r.term || r.fresh(self.node.me))
    }

    /// A snapshot: it takes the place of whatever is older.
    fn install(&mut self, from: NodeId, id: RangeId, term: u64, snapshot: RangeReplica) {
        let Some(old) = self.node.durable.replicas.get(&id).cloned() else { return };
        if term < old.term {
            return self.rpc(from, id, Rpc::Appended { taken: false, index: 0 });
        }
        let (index, here) = (snapshot.applied, old.applied);
        if old.life == Life::Blank || index > here {
            self.cx.note("InstallSnapshot");
            // What was taken beyond it is not to be lost: somebody may count on it.
            let goes_on = old.life == Life::Live && old.term_at(index) == snapshot.base.1;
            let log = if goes_on { old.entries(index + 1).to_vec() } else { Vec::new() };
            let replica = RangeReplica { term: old.term, vote: old.vote, log, ..snapshot };
            let desc = replica.desc;
            self.put(id, replica);
            self.absorb(desc);
        }
        self.follow(from, id);
        let seat = self.seat(id);
        seat.commit = seat.commit.max(index);
        self.rpc(from, id, Rpc::Appended { taken: true, index });
    }

    /// Ranges that have been merged into this one.
    fn absorb(&mut self, desc: Desc) {
        for id in self.ids() {
            let inside =
                |r: &&RangeReplica| r.life == Life::Live && id != desc.id && desc.has(id.start);
            let old = self.replica(id).filter(inside);
            if old.is_some_and(|r| r.desc.generation < desc.generation) {
                self.die(id, Life::Dead);
            }
        }
    }

    /// What is left of a replica that is no longer needed: term and vote, and what it was last.
    pub fn die(&mut self, id: RangeId, life: Life) {
        let Some(old) = self.replica(id) else { return };
        let left = RangeReplica {
            term: old.term,
            vote: old.vote,
            desc: old.desc,
            life,
            ..RangeReplica::default()
        };
        self.put(id, left);
        self.node.state.seats.remove(&id);
    }

    /// Told that it was removed. It only goes if its log knows of no later return.
    fn gone_for_good(&self, desc: &Desc) -> bool {
        self.live(desc.id).is_some_and(|r| {
            r.desc.generation < desc.generation
                && r.unapplied().iter().all(|e| match e.command {
                    RangeCommand::Config(members) => !members.has(self.node.me),
                    _ => true,
                })
        })
    }

    pub fn gone(&mut self, desc: Desc) {
        if !desc.members.has(self.node.me) && self.gone_for_good(&desc) {
            self.cx.note("Removed");
            self.die(desc.id, Life::Blank);
            self.change(desc.id).desc = desc;
        }
    }

    /// Applied entries that nobody is likely to ask for go.
    pub fn compact(&mut self, id: RangeId) {
        let Some(replica) = self.live(id) else { return };
        let keep = replica.applied.saturating_sub(KEPT);
        if keep >= replica.base.0 + KEPT {
            let term = replica.term_at(keep);
            let replica = self.change(id);
            replica.log.drain(..(keep - replica.base.0) as usize);
            replica.base = (keep, term);
        }
    }
}

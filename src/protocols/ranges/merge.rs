//! Merges: the right neighbour is frozen first, on all its servers; then an entry of the left one
//! takes over what is there already. A merge that its leader forgets is called off.

use super::mutant::MERGE_UNFROZEN;
use super::work::Work;
use super::*;

impl Work<'_, '_> {
    /// Begins a merge with the right neighbour; why not, if it does not begin.
    pub fn begin_merge(&mut self, id: RangeId) -> Result<(), &'static str> {
        let Some(replica) = self.live(id) else { return Err("it does not lead the range") };
        let (left, settled) = (replica.desc, replica.settled());
        let neighbour =
            |r: &&Arc<RangeReplica>| r.life == Life::Live && r.desc.id.start == left.end;
        let right =
            self.node.durable.replicas.values().filter(neighbour).max_by_key(|r| r.desc.generation);
        let Some(right) = right.map(|r| r.desc) else {
            return Err("its right neighbour is not on the same servers");
        };
        if right.members != left.members || id == META {
            return Err("its right neighbour is not on the same servers");
        }
        let seat = self.seat(id);
        if seat.moving.is_some() || seat.merging.is_some() || !settled || !self.rules(id) {
            return Err("the range is being changed already");
        }
        self.cx.note("BeginMerge");
        if self.cx.mutant(MERGE_UNFROZEN) {
            self.propose(id, RangeCommand::Merge { right, at: left.generation });
            return Ok(());
        }
        let at = left.generation;
        let frozen = NodeSet::EMPTY;
        let merging = Merging { right: right.id, desc: None, at, frozen, left: PATIENCE };
        self.seat(id).merging = Some(merging);
        self.go_on_merging(id);
        Ok(())
    }

    /// Asks those who are not known to be frozen (again).
    pub fn go_on_merging(&mut self, id: RangeId) {
        let Some(merging) = &mut self.seat(id).merging else { return };
        merging.left = merging.left.saturating_sub(1);
        let merging = *merging;
        let Some(by) = self.live(id).map(|r| r.desc) else { return };
        if by.generation != merging.at {
            self.seat(id).merging = None;
            return;
        }
        if merging.left == 0 {
            self.seat(id).merging = None;
            self.cx.note("CallOff");
            return self.propose(id, RangeCommand::Abort { at: merging.at });
        }
        for to in by.members.iter().filter(|m| !merging.frozen.has(*m)) {
            self.say(to, Message::Freeze { range: merging.right, by });
        }
    }

    /// The left neighbour asks for it. Whoever leads the range has it frozen; whoever is, says so.
    pub fn freeze(&mut self, from: NodeId, range: RangeId, by: Desc) {
        let Some(replica) = self.live(range) else { return };
        let (desc, frozen, settled) = (replica.desc, replica.frozen, replica.settled());
        if frozen == Some((by.id, by.generation)) {
            return self.say(from, Message::Frozen { by: by.id, at: by.generation, desc });
        }
        let busy = self
            .node
            .state
            .seats
            .get(&range)
            .is_some_and(|s| s.moving.is_some() || s.merging.is_some());
        if self.rules(range) && settled && !busy {
            self.propose(range, RangeCommand::Freeze { by: by.id, at: by.generation });
        }
    }

    pub fn apply_freeze(&mut self, id: RangeId, by: RangeId, at: u32) -> RangeAnswer {
        let replica = self.change(id);
        if replica.frozen.is_none() {
            replica.frozen = Some((by, at));
            replica.desc.generation += 1;
            let desc = replica.desc;
            self.cx.note("Freeze");
            // The one who asked may be any member of the left neighbour: they are the same servers.
            for to in desc.members.iter() {
                self.say(to, Message::Frozen { by, at, desc });
            }
        }
        RangeAnswer::Done
    }

    /// One more replica of the right neighbour is frozen; once all are, the merge is proposed.
    pub fn is_frozen(&mut self, from: NodeId, by: RangeId, at: u32, desc: Desc) {
        let Some(left) = self.live(by).map(|r| r.desc).filter(|_| self.leads(by)) else { return };
        let settled = self.live(by).is_some_and(|r| r.settled());
        let seat = self.seat(by);
        let Some(merging) = &mut seat.merging else { return };
        if merging.at != at || merging.right != desc.id || left.generation != at {
            return;
        }
        merging.frozen.insert(from);
        merging.desc = Some(desc);
        let all = left.members.iter().all(|m| merging.frozen.has(m));
        if desc.members != left.members {
            seat.merging = None;
            return self.propose(by, RangeCommand::Abort { at });
        }
        if all && settled {
            self.propose(by, RangeCommand::Merge { right: desc, at });
        }
    }

    /// Takes over what the frozen neighbour has on this server.
    pub fn apply_merge(&mut self, id: RangeId, right: Desc, at: u32) -> RangeAnswer {
        let Some(left) = self.live(id).map(|r| (r.desc, r.frozen)) else {
            return RangeAnswer::NotLeader(None);
        };
        if left.0.generation != at || left.1.is_some() {
            return RangeAnswer::No("the range has changed meanwhile");
        }
        let unfrozen = self.cx.mutant(MERGE_UNFROZEN);
        let there = self.live(right.id).filter(|r| r.frozen == Some((id, at)) || unfrozen);
        let Some(other) = there.cloned() else {
            // It came by snapshot to a server that never had the neighbour: a new one will come.
            self.die(id, Life::Blank);
            return RangeAnswer::NotLeader(None);
        };
        self.cx.note("Merge");
        let replica = self.change(id);
        replica.data.extend(other.data);
        for (client, nth) in other.sessions {
            let mine = replica.sessions.entry(client).or_default();
            *mine = nth.max(*mine);
        }
        replica.desc.end = right.end;
        replica.desc.generation = at.max(right.generation) + 1;
        self.seat(id).merging = None;
        self.die(right.id, Life::Dead);
        RangeAnswer::Done
    }

    pub fn apply_abort(&mut self, id: RangeId, at: u32) -> RangeAnswer {
        let replica = self.change(id);
        if replica.desc.generation == at {
            replica.desc.generation += 1;
        }
        RangeAnswer::Done
    }

    /// A frozen range asks from time to time what became of the merge.
    pub fn ask_about_merge(&mut self, id: RangeId) {
        if !self.leads(id) {
            return;
        }
        let Some(replica) = self.live(id) else { return };
        let (Some((by, at)), members) = (replica.frozen, replica.desc.members) else { return };
        for to in members.iter() {
            self.say(to, Message::Over { by, at, range: id });
        }
    }

    pub fn is_over(&mut self, from: NodeId, by: RangeId, at: u32, range: RangeId) {
        let Some(left) = self.replica(by).map(|r| r.desc) else { return };
        if left.generation > at {
            if !left.has(range.start) {
                self.say(from, Message::WillNot { range, at });
            }
        } else if self.rules(by)
            && left.generation == at
            && self.seat(by).merging.is_none()
            && self.live(by).is_some_and(|r| r.settled())
        {
            self.cx.note("CallOff");
            self.propose(by, RangeCommand::Abort { at });
        }
    }

    /// The neighbour will not take over: serve again.
    pub fn thaw(&mut self, range: RangeId, at: u32) {
        let frozen = self.live(range).and_then(|r| r.frozen);
        let asked = self
            .live(range)
            .is_some_and(|r| r.unapplied().iter().any(|e| e.command == RangeCommand::Thaw { at }));
        if frozen.is_some_and(|(_, a)| a == at) && self.rules(range) && !asked {
            self.propose(range, RangeCommand::Thaw { at });
        }
    }

    pub fn apply_thaw(&mut self, id: RangeId, at: u32) -> RangeAnswer {
        let replica = self.change(id);
        if replica.frozen.is_some_and(|(_, a)| a == at) {
            replica.frozen = None;
            replica.desc.generation += 1;
            self.cx.note("Thaw");
        }
        RangeAnswer::Done
    }
}

//! Clients ask any server. It routes by what it knows of the ranges; who is not in charge says so,
//! with what is newer.

use super::desc::{key_at, place, spans};
use super::mutant::{LONE_READ, SCAN_BY_CACHE};
use super::work::Work;
use super::*;
use crate::core::protocol::Outcome;

/// How often a part is sent on before its client has to ask again.
const MOST_TRIES: u8 = 12;

impl Op {
    /// The key it is about.
    pub fn key(&self) -> Option<u32> {
        match *self {
            Op::Get { key }
            | Op::Put { key, .. }
            | Op::Scan { key, .. }
            | Op::Split { key }
            | Op::Halve { key }
            | Op::Merge { key }
            | Op::Move { key, .. }
            | Op::Lease { key, .. } => Some(key),
            Op::Drain { .. } => None,
        }
    }
}

impl Work<'_, '_> {
    /// A client asks.
    pub fn serve(&mut self, id: OpId, op: Op) {
        let server = |n: i64| u16::try_from(n - 1).ok().map(NodeId).filter(|n| n.0 < self.cx.nodes);
        match op {
            Op::Drain { server: n } => return self.begin_drain(id, server(n.abs()), n > 0),
            Op::Move { to, .. } | Op::Lease { to, .. } if server(to).is_none() => {
                return self.reply(id, Outcome::Fail("there is no such server"));
            }
            _ => {}
        }
        if op.key().is_none_or(|k| k >= self.cx.cfg.keys) {
            return self.reply(id, Outcome::Fail("there is no such key"));
        }
        self.cx.note("Route");
        // Asked once more: whoever did not answer may be down.
        let before = self.node.state.pending.remove(&id).map(|p| p.parts).unwrap_or_default();
        for range in before.iter().filter(|p| !p.done).filter_map(|p| p.range) {
            self.node.state.hints.remove(&range);
        }
        // An older one of the same client is given up.
        self.node.state.pending.retain(|p, _| p.client != id.client);
        let part = |(at, to): (u32, u32)| IntervalPart { at, to, ..IntervalPart::default() };
        let parts: Vec<IntervalPart> = match op {
            Op::Scan { key, keys } => {
                spans(self.cx.cfg, key, keys.max(1)).into_iter().map(part).collect()
            }
            _ => op
                .key()
                .map(|k| place(self.cx.cfg, k))
                .map(|p| part((p, p + 1)))
                .into_iter()
                .collect(),
        };
        let turn = before.first().map_or(0, |p| p.tries.wrapping_add(1) % MOST_TRIES);
        let count = parts.len();
        self.node.state.pending.insert(id, GatewayOp { op, parts });
        if let (Some(p), true) = (self.node.state.pending.get_mut(&id), turn > 0) {
            p.parts.iter_mut().for_each(|p| p.tries = turn % 3);
        }
        (0..count).for_each(|n| self.route(id, n as u8));
        self.settle(id);
    }

    /// A part that is still to be answered.
    fn part(&mut self, id: OpId, part: u8) -> Option<(Op, &mut IntervalPart)> {
        let pending = self.node.state.pending.get_mut(&id)?;
        let op = pending.op;
        let part = pending.parts.get_mut(usize::from(part))?;
        (!part.done).then_some((op, part))
    }

    /// Sends a part to who is thought to lead the range of its next place.
    fn route(&mut self, id: OpId, nth: u8) {
        let Some((op, part)) = self.part(id, nth) else { return };
        part.tries += 1;
        let (slip, to, tries) = (Slip { op: id, part: nth, place: part.at }, part.to, part.tries);
        if tries >= MOST_TRIES {
            return;
        }
        let Some(desc) = self.node.state.cache.find(slip.place).copied() else {
            return self.look_up(slip, tries);
        };
        let hint = self.node.state.hints.get(&desc.id).copied().filter(|h| desc.members.has(*h));
        let turn = u32::from(tries) % desc.members.len().max(1);
        let Some(target) = hint.or(desc.members.iter().nth(turn as usize)) else { return };
        if let Some((_, part)) = self.part(id, nth) {
            part.range = Some(desc.id);
        }
        self.say(target, Message::Ask { range: desc.id, slip, want: want(op, to) });
    }

    fn look_up(&mut self, slip: Slip, tries: u8) {
        let Some(meta) = self.node.state.cache.of(META).copied() else { return };
        let turn = u32::from(tries) % meta.members.len().max(1);
        if let Some(to) = meta.members.iter().nth(turn as usize) {
            self.cx.note("Lookup");
            self.say(to, Message::Lookup(slip));
        }
    }

    /// Any replica of the meta range may answer: what it says may be old, and then is found out.
    pub fn looked_up(&mut self, from: NodeId, slip: Slip) {
        let desc = self.live(META).and_then(|m| m.directory.find(slip.place)).copied();
        self.say(from, Message::Found { slip, desc });
    }

    pub fn found(&mut self, slip: Slip, desc: Option<Desc>) {
        if let Some(desc) = desc {
            self.learn(desc);
        }
        if self.part(slip.op, slip.part).is_some_and(|(_, p)| p.at == slip.place) {
            self.route(slip.op, slip.part);
        }
    }

    fn learn(&mut self, desc: Desc) {
        let state = &mut self.node.state;
        state.cache.learn(desc);
        state.hints.retain(|id, _| state.cache.of(*id).is_some());
    }

    /// A gateway asks a range.
    pub fn asked(&mut self, from: NodeId, id: RangeId, slip: Slip, want: RangeWant) {
        let place = slip.place;
        if self.live(id).is_none_or(|r| !r.desc.has(place)) && !self.astray(id) {
            self.cx.note("Bounce");
            let told = self.elsewhere(place);
            return self.answer(from, id, slip, told);
        }
        if let (RangeWant::Read { to }, true, true) =
            (want, self.cx.mutant(LONE_READ), self.leads(id))
        {
            let told = self.read(id, place, to);
            return self.answer(from, id, slip, told);
        }
        if !self.leads(id) {
            let hint = self.node.state.seats.get(&id).and_then(|s| s.leader);
            let hint = hint.filter(|h| *h != self.node.me);
            return self.answer(from, id, slip, RangeAnswer::NotLeader(hint));
        }
        let me = self.node.me;
        let command = match want {
            RangeWant::Read { to } => RangeCommand::Read { from: place, to },
            RangeWant::Write { value } => RangeCommand::Write { id: slip.op, place, value },
            RangeWant::Split => RangeCommand::Split { at: place, leader: me },
            RangeWant::Halve => match self.middle(id) {
                Some(at) => RangeCommand::Split { at, leader: me },
                None => {
                    return self.answer(
                        from,
                        id,
                        slip,
                        RangeAnswer::No("there is nothing to halve"),
                    );
                }
            },
            RangeWant::Merge | RangeWant::Move { .. } | RangeWant::Lease { .. } => {
                let told =
                    self.administer(id, want).map_or_else(RangeAnswer::No, |()| RangeAnswer::Done);
                return self.answer(from, id, slip, told);
            }
        };
        self.count(id, place, want);
        // Sent twice, it waits once.
        let waiter = (from, slip);
        let waits = self
            .node
            .state
            .seats
            .get(&id)
            .is_some_and(|s| s.waiting.values().any(|w| *w == waiter));
        if !waits {
            self.propose_for(id, command, Some(waiter));
        }
    }

    fn astray(&self, id: RangeId) -> bool {
        self.cx.mutant(super::mutant::SERVE_ASTRAY) && self.live(id).is_some()
    }

    fn administer(&mut self, id: RangeId, want: RangeWant) -> Result<(), &'static str> {
        match want {
            RangeWant::Merge => self.begin_merge(id),
            RangeWant::Move { to } => {
                let members = self.live(id).map_or(NodeSet::EMPTY, |r| r.desc.members);
                let full = members.len() >= self.cx.cfg.copies.min(self.cx.nodes.into());
                self.begin_move(id, to, full.then_some(self.node.me))
            }
            RangeWant::Lease { to } if to == self.node.me => Ok(()),
            RangeWant::Lease { to } => match self.hand_over(id, Some(to)) {
                true => Ok(()),
                false => Err("it is no member, or lags behind"),
            },
            _ => Ok(()),
        }
    }

    /// Who is in charge of a place, as far as this server knows: from its replicas and its cache.
    pub fn elsewhere(&self, place: u32) -> RangeAnswer {
        let all = self.node.durable.replicas.values();
        let mine = all.filter(|r| r.life == Life::Live && r.desc.has(place)).map(|r| r.desc);
        let cached = self.node.state.cache.find(place).copied();
        let newest = mine.chain(cached).max_by_key(|d| d.generation);
        RangeAnswer::Elsewhere(newest.into_iter().collect())
    }

    pub fn answer(&mut self, to: NodeId, range: RangeId, slip: Slip, told: RangeAnswer) {
        self.say(to, Message::Answer { range, slip, told });
    }

    /// A range has answered.
    pub fn answered(&mut self, from: NodeId, range: RangeId, slip: Slip, told: RangeAnswer) {
        let (id, nth, place) = (slip.op, slip.part, slip.place);
        let cached = self.node.state.cache.of(range).map_or(0, |d| d.end);
        let by_cache = self.cx.mutant(SCAN_BY_CACHE);
        if matches!(told, RangeAnswer::Done | RangeAnswer::Rows { .. }) {
            self.node.state.hints.insert(range, from);
        }
        let asked = |p: &IntervalPart| p.range == Some(range) && p.at == place;
        let Some((_, part)) = self.part(id, nth).filter(|(_, p)| asked(p)) else { return };
        match told {
            RangeAnswer::Done => {
                part.done = true;
                part.by.push(from);
            }
            RangeAnswer::Rows { rows, end } => {
                let end = if by_cache { end.max(cached) } else { end };
                part.rows.extend(rows);
                part.by.push(from);
                part.at = end.clamp(place, part.to);
                part.done = part.at >= part.to;
                (part.tries, part.range) = (0, None);
                if !part.done {
                    return self.route(id, nth);
                }
            }
            RangeAnswer::No(why) => {
                self.node.state.pending.remove(&id);
                return self.reply(id, Outcome::Fail(why));
            }
            RangeAnswer::Elsewhere(newer) => {
                let tries = part.tries;
                let useful = newer.iter().any(|d| d.has(place) && d.id != range);
                newer.into_iter().for_each(|d| self.learn(d));
                let stale = self.node.state.cache.find(place).is_some_and(|d| d.id == range);
                if stale && !useful {
                    self.node.state.hints.remove(&range);
                    return self.look_up(slip, tries);
                }
                return self.route(id, nth);
            }
            RangeAnswer::NotLeader(hint) => {
                let tries = part.tries;
                match hint {
                    Some(leader) => self.node.state.hints.insert(range, leader),
                    None => self.node.state.hints.remove(&range),
                };
                // Led by somebody who is no member as far as is known here: the range has moved.
                let known = self.node.state.cache.of(range).map(|d| d.members);
                if hint.zip(known).is_some_and(|(leader, members)| !members.has(leader)) {
                    return self.look_up(slip, tries);
                }
                return self.route(id, nth);
            }
        }
        self.settle(id);
    }

    /// All parts are done: the client is told.
    fn settle(&mut self, id: OpId) {
        let Some(pending) = self.node.state.pending.get(&id) else { return };
        if pending.parts.iter().any(|p| !p.done) {
            return;
        }
        let cfg = self.cx.cfg;
        let rows = pending.parts.iter().flat_map(|p| &p.rows);
        let mut rows: Vec<(u32, i64)> = rows.map(|(p, v)| (key_at(cfg, *p), *v)).collect();
        let ret = match pending.op {
            Op::Get { .. } => Ret::Value(rows.first().map(|r| r.1)),
            Op::Scan { .. } => {
                rows.sort_by_key(|r| r.0);
                let by: Vec<NodeId> = pending.parts.iter().flat_map(|p| p.by.clone()).collect();
                let servers = by.iter().copied().collect::<NodeSet>().len();
                Ret::Rows { rows, ranges: by.len() as u32, servers }
            }
            _ => Ret::Done,
        };
        self.node.state.pending.remove(&id);
        self.reply(id, Outcome::Ok(ret));
    }

    fn begin_drain(&mut self, id: OpId, server: Option<NodeId>, draining: bool) {
        match server {
            None => self.reply(id, Outcome::Fail("there is no such server")),
            Some(n) if n != self.node.me => self.reply(id, Outcome::Redirect(Some(n))),
            Some(_) => {
                self.cx.note("Drain");
                self.drain(draining);
                self.reply(id, Outcome::Ok(Ret::Done));
            }
        }
    }

    /// A range tells the meta range what it is, until that is confirmed.
    pub fn tell_meta(&mut self, id: RangeId) {
        let Some(desc) = self.live(id).map(|r| r.desc).filter(|d| d.id != META) else { return };
        let seat = self.seat(id);
        if seat.registered >= desc.generation {
            return;
        }
        let members = self.node.state.cache.of(META).map_or(NodeSet::EMPTY, |d| d.members);
        members.iter().for_each(|to| self.say(to, Message::Register(desc)));
    }

    /// The meta range hears of a range.
    pub fn register(&mut self, from: NodeId, desc: Desc) {
        let Some(meta) = self.live(META) else { return };
        let (range, generation) = (desc.id, desc.generation);
        let newest = meta.directory.find(range.start).map_or(0, |d| d.generation);
        if newest >= generation {
            return self.say(from, Message::Registered { range, generation });
        }
        if self.leads(META) {
            let known = self.live(META).is_some_and(|m| {
                m.unapplied().iter().any(|e| e.command == RangeCommand::Register(desc))
            });
            if !known {
                self.propose(META, RangeCommand::Register(desc));
            }
        }
    }
}

fn want(op: Op, to: u32) -> RangeWant {
    let server = |n: i64| NodeId((n - 1).max(0) as u16);
    match op {
        Op::Get { .. } | Op::Scan { .. } | Op::Drain { .. } => RangeWant::Read { to },
        Op::Put { value, .. } => RangeWant::Write { value },
        Op::Split { .. } => RangeWant::Split,
        Op::Halve { .. } => RangeWant::Halve,
        Op::Merge { .. } => RangeWant::Merge,
        Op::Move { to, .. } => RangeWant::Move { to: server(to) },
        Op::Lease { to, .. } => RangeWant::Lease { to: server(to) },
    }
}

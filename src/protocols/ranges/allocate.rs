//! What servers do of their own accord with the ranges that they lead: split by size and by load,
//! merge small neighbours, move replicas and leases from loaded servers, empty a server.

use super::work::Work;
use super::*;
use crate::core::hash::fingerprint;

/// Keys at which a split is considered at a time.
const CANDIDATES: usize = 20;
/// A candidate is judged by so many requests at least.
const ENOUGH: u32 = 8;
/// The two sides of a split may differ by so many hundredths of all requests.
const IMBALANCE: u32 = 25;

/// How much is asked of a range, and where it could be split: each candidate is a key that was
/// asked for, and what came after that to its left, and not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Meter {
    /// Requests since the last look.
    pub now: u32,
    /// Requests a second before that.
    pub rate: u32,
    /// Requests in all.
    pub all: u32,
    /// Candidates: place, requests to the left of it, from it on, across it.
    pub candidates: Vec<(u32, u32, u32, u32)>,
    /// No candidate would do when one was looked for.
    pub unsplittable: bool,
}

impl Meter {
    /// A request for some places.
    pub fn count(&mut self, from: u32, to: u32) {
        (self.now, self.all) = (self.now + 1, self.all + 1);
        for (at, left, right, across) in &mut self.candidates {
            match () {
                () if to <= *at => *left += 1,
                () if from >= *at => *right += 1,
                () => *across += 1,
            }
        }
        // A sample of all places that were asked for, each as likely.
        let draw = fingerprint(&(self.all, from));
        let slot = draw % u64::from(self.all.max(1));
        if self.candidates.len() < CANDIDATES {
            self.candidates.push((from, 0, 0, 0));
        } else if slot < CANDIDATES as u64 {
            self.candidates[slot as usize] = (from, 0, 0, 0);
        }
    }

    /// The place that divides what is asked most evenly, if one does evenly enough.
    pub fn split_key(&self, desc: &Desc) -> Option<u32> {
        let worth = |c: &&(u32, u32, u32, u32)| {
            let (at, left, right, across) = **c;
            let all = left + right + across;
            let uneven = left.abs_diff(right) * 100 > IMBALANCE * all || across * 2 > all;
            all >= ENOUGH && !uneven && desc.has(at) && at > desc.id.start
        };
        let best = self.candidates.iter().filter(worth);
        best.min_by_key(|c| (c.1.abs_diff(c.2) + c.3, c.0)).map(|c| c.0)
    }
}

impl Work<'_, '_> {
    /// Counts a request.
    pub fn count(&mut self, id: RangeId, place: u32, want: RangeWant) {
        if self.cx.cfg.period == 0 || id == META {
            return;
        }
        let to = if let RangeWant::Read { to } = want { to } else { place + 1 };
        self.seat(id).meter.count(place, to);
    }

    /// The key in the middle of what is written.
    pub fn middle(&self, id: RangeId) -> Option<u32> {
        let replica = self.live(id)?;
        let at = *replica.data.keys().nth(replica.data.len() / 2)?;
        (at > id.start).then_some(at)
    }

    /// Looks at all that this server leads, and tells the others how it is.
    pub fn allocate(&mut self) {
        let period = self.cx.cfg.period;
        self.cx.set_timer(Timer::Allocate, period);
        let weight = self.cx.cfg.weight;
        let mut qps = 0;
        for id in self.ids() {
            if !self.leads(id) {
                continue;
            }
            let meter = &mut self.seat(id).meter;
            let now = u64::from(std::mem::take(&mut meter.now));
            meter.rate = (now * u64::from(weight) * 1_000_000 / period.max(1)) as u32;
            qps += meter.rate;
        }
        let live = self.node.durable.replicas.values().filter(|r| r.life == Life::Live);
        let replicas = live.filter(|r| r.desc.id != META).count() as u32;
        let load = Load { qps, replicas, draining: self.node.durable.draining };
        self.node.state.loads.insert(self.node.me, load);
        for to in self.cx.others() {
            self.say(to, Message::Gossip(load));
        }
        // One thing at a time.
        let _ = self.empty() || self.divide() || self.join() || self.spread();
    }

    fn led(&self) -> Vec<RangeId> {
        let all = self.ids().into_iter();
        all.filter(|id| *id != META && self.leads(*id) && self.rules(*id)).collect()
    }

    fn size(&self, id: RangeId) -> u64 {
        let keys = self.live(id).map_or(0, |r| r.data.len() as u64);
        keys * u64::from(self.cx.cfg.item)
    }

    /// Splits a range that is too large, or of which too much is asked.
    fn divide(&mut self) -> bool {
        for id in self.led() {
            let Some(desc) = self.live(id).filter(|r| r.settled()).map(|r| r.desc) else {
                continue;
            };
            let by_size = self.size(id) > u64::from(self.cx.cfg.max);
            let limit = self.cx.cfg.split_qps;
            let me = self.node.me;
            let meter = &mut self.seat(id).meter;
            let hot = meter.rate > limit;
            let by_load = if hot { meter.split_key(&desc) } else { None };
            let judged = meter.candidates.iter().any(|c| c.1 + c.2 + c.3 >= ENOUGH);
            meter.unsplittable = hot && judged && by_load.is_none();
            if meter.unsplittable {
                self.cx.note("NoSplitKey");
            }
            if let Some(at) = by_load {
                self.cx.note("SplitByLoad");
                self.seat(id).meter = Meter::default();
                self.propose(id, RangeCommand::Split { at, leader: me });
                return true;
            }
            if let (true, Some(at)) = (by_size, self.middle(id)) {
                self.cx.note("SplitBySize");
                self.propose(id, RangeCommand::Split { at, leader: me });
                return true;
            }
        }
        false
    }

    /// Merges a range with its right neighbour, if both are small and little is asked of them.
    fn join(&mut self) -> bool {
        let (min, limit) = (u64::from(self.cx.cfg.min), self.cx.cfg.split_qps / 2);
        for id in self.led() {
            let Some(end) = self.live(id).map(|r| r.desc.end) else { continue };
            let right = self
                .ids()
                .into_iter()
                .find(|r| r.start == end && self.live(*r).is_some() && self.leads(*r));
            let Some(right) = right else { continue };
            let rate = self.seat(id).meter.rate + self.seat(right).meter.rate;
            let all = self.seat(id).meter.all.min(self.seat(right).meter.all);
            // A new range is given time to fill.
            let idle = rate < limit && all >= ENOUGH;
            if idle && self.size(id) + self.size(right) < min && self.begin_merge(id).is_ok() {
                self.cx.note("MergeSmall");
                return true;
            }
        }
        false
    }

    fn load(&self, n: NodeId) -> Load {
        self.node.state.loads.get(&n).copied().unwrap_or_default()
    }

    /// The server with the fewest replicas that may take one more of this range.
    fn emptiest(&self, members: NodeSet) -> Option<NodeId> {
        let all = (0..self.cx.nodes).map(NodeId);
        let free = all.filter(|n| !members.has(*n) && !self.load(*n).draining);
        free.min_by_key(|n| (self.load(*n).replicas, self.load(*n).qps, *n))
    }

    /// Takes replicas and leases away from servers that are to be emptied.
    fn empty(&mut self) -> bool {
        for id in self.led() {
            let Some(members) = self.live(id).map(|r| r.desc.members) else { continue };
            let drains = |n: &NodeId| self.load(*n).draining;
            let Some(from) = members.iter().find(drains) else { continue };
            if let Some(to) = self.emptiest(members)
                && self.begin_move(id, to, Some(from)).is_ok()
            {
                return true;
            }
        }
        false
    }

    /// Evens out replicas first, then leases.
    fn spread(&mut self) -> bool {
        if !self.cx.cfg.balance {
            return false;
        }
        self.spread_replicas() || self.spread_leases()
    }

    fn spread_replicas(&mut self) -> bool {
        for id in self.led() {
            let Some(members) = self.live(id).map(|r| r.desc.members) else { continue };
            let fullest = members.iter().max_by_key(|n| (self.load(*n).replicas, *n));
            let (Some(from), Some(to)) = (fullest, self.emptiest(members)) else { continue };
            let known = self.node.state.loads.contains_key(&to);
            let (much, little) = (self.load(from).replicas, self.load(to).replicas);
            if known && much >= little + 2 && self.begin_move(id, to, Some(from)).is_ok() {
                return true;
            }
        }
        false
    }

    fn spread_leases(&mut self) -> bool {
        let mine = self.load(self.node.me).qps;
        for id in self.led() {
            let Some(members) = self.live(id).map(|r| r.desc.members) else { continue };
            let rate = self.seat(id).meter.rate;
            let others = members.iter().filter(|n| {
                *n != self.node.me
                    && self.node.state.loads.contains_key(n)
                    && !self.load(*n).draining
            });
            let Some(to) = others.min_by_key(|n| (self.load(*n).qps, *n)) else { continue };
            // Worth it only if the other is left with less than this one had.
            let better = self.load(to).qps + rate * 3 / 2 < mine;
            let settled = self.live(id).is_some_and(|r| r.settled());
            let busy = self.seat(id).moving.is_some() || self.seat(id).merging.is_some();
            if rate > 0 && better && settled && !busy && self.hand_over(id, Some(to)) {
                return true;
            }
        }
        false
    }
}

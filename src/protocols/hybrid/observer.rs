//! What only an observer sees: what happened before what, how far clocks are apart, and which
//! writes were acknowledged when a read began.

use super::{Durable, Hybrid, Op};
use crate::algo::clocks::Timestamp;
use crate::core::config::show_time;
use crate::core::declare::Accusations;
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::{Outcome, Seen, Show, Witness};
use crate::core::sorted::SortedMap;
use crate::protocols::causality::CausalRecord;

/// An event: its time, the largest physical time of its process so far, and how many of the
/// process's last events have its l.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct EventMark {
    time: Timestamp,
    physical: u64,
    ties: u32,
}

/// What the observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Observer {
    record: CausalRecord<EventMark>,
    pub(super) accused: Accusations,
    /// The smallest and the largest difference of a clock to true time at any event, microseconds.
    skew: Option<(i64, i64)>,
    /// Clocks were further apart than the maximum offset.
    pub(super) outside: Option<u64>,
    /// The latest acknowledged write of each key.
    acknowledged: SortedMap<u32, Timestamp>,
    /// The same when each read began, by its node.
    began: SortedMap<(NodeId, OpId), Timestamp>,
    pub(super) stale: Option<Witness>,
    /// The stale read came when clocks had been too far apart.
    pub(super) was_outside: bool,
}

fn name(n: NodeId) -> String {
    Hybrid::name(n.0)
}

/// `(1.25s, 3)`.
pub(super) fn hybrid(t: Timestamp) -> String {
    format!("({}, {})", show_time(t.wall as i64), t.logical)
}

impl Observer {
    /// Looks at a step.
    pub(super) fn see(&mut self, seen: &Seen<Hybrid>) {
        self.see_answers(seen);
        let Some(me) = seen.touched else { return };
        let node = seen.nodes[me.at()];
        let spared = self.record.last(me).time != node.durable.clock.last;
        if seen.notes.contains(&"Tick") || spared && seen.notes.contains(&"Restart") {
            self.see_event(seen, me, &node.durable);
        } else {
            self.record.see(seen, None, !seen.notes.contains(&"Refuse"));
        }
        self.record.tidy(seen, std::iter::empty());
        if let Some((id, Op::Get { key })) =
            node.state.begun.filter(|_| seen.notes.contains(&"Begin"))
        {
            let latest = self.acknowledged.get(&key).copied().unwrap_or_default();
            self.began.entry((me, id)).or_insert(latest);
        }
    }

    fn see_event(&mut self, seen: &Seen<Hybrid>, me: NodeId, kept: &Durable) {
        let skew = kept.physical as i64 - seen.now as i64;
        let (low, high) = self.skew.map_or((skew, skew), |(l, h)| (l.min(skew), h.max(skew)));
        if !seen.notes.contains(&"Restart") {
            self.skew = Some((low, high));
        }
        let apart = (high - low) as u64;
        if apart > seen.cfg.max_offset {
            self.outside = Some(apart);
        }
        let (own, time) = (self.record.last(me), kept.clock.last);
        let ties = if own.time.wall == time.wall { own.ties + 1 } else { 1 };
        let mark = EventMark { time, physical: own.physical.max(kept.physical), ties };
        // What was refused was not heard.
        let heard = !seen.notes.contains(&"Refuse");
        if let Some(past) = self.record.see(seen, Some(mark), heard) {
            self.compare(me, mark, &past);
        }
    }

    fn compare(&mut self, me: NodeId, mark: EventMark, past: &[u32]) {
        let Timestamp { wall, logical } = mark.time;
        // Every process begins with l = 0, c = 0.
        let (mut top, mut ties) = (mark.physical, u32::from(wall == 0));
        for (p, known) in (0..).map(NodeId).zip(past) {
            let Some(last) = self.record.event(p, *known).map(|e| e.time) else { continue };
            top = top.max(last.physical);
            if last.time >= mark.time {
                let why = format!(
                    "An event of {} at {} happened before one of {} at {}.",
                    name(p),
                    hybrid(last.time),
                    name(me),
                    hybrid(mark.time)
                );
                self.accused.accuse("clock-condition", why, vec![p, me]);
            }
            ties += if last.time.wall == wall { last.ties } else { 0 };
        }
        if wall != top {
            let (l, top) = (show_time(wall as i64), show_time(top as i64));
            let why = format!(
                "{}'s l is {l}, but the largest physical time it knows is {top}.",
                name(me)
            );
            self.accused.accuse("l-is-physical", why, vec![me]);
        }
        if logical > ties {
            let why = format!(
                "{}'s c is {logical}, but only {ties} events before had the same l.",
                name(me)
            );
            self.accused.accuse("c-counts-ties", why, vec![me]);
        }
    }

    /// What clients are told. A read that is told of an older version than was acknowledged when it
    /// began is stale.
    fn see_answers(&mut self, seen: &Seen<Hybrid>) {
        for (from, id, op, outcome) in seen.answers {
            let Outcome::Ok(ret) = outcome else { continue };
            match op {
                Op::Put { key, .. } => {
                    let latest = self.acknowledged.entry(*key).or_default();
                    *latest = (*latest).max(ret.at);
                }
                Op::Get { .. } => {
                    let began = self.began.get(&(*from, *id)).copied();
                    if let Some(missed) = began.filter(|t| *t > ret.at) {
                        let why = format!(
                            "A read through {} saw the version of {}, though one of {} had been acknowledged.",
                            name(*from),
                            hybrid(ret.at),
                            hybrid(missed)
                        );
                        if self.stale.is_none() {
                            self.was_outside = self.outside.is_some();
                            self.stale = Some(Witness { why, nodes: vec![*from] });
                        }
                    }
                }
                _ => {}
            }
            self.began.retain(|(_, old), _| old.client != id.client);
        }
    }
}

//! Where a run stands between latency and staleness, from what its clients saw and nothing else.
//!
//! A read is *stale at t* if a write had been confirmed at least `t` before the read began, and the
//! read returned a value whose write had ended before that newer write began (t-visibility of
//! Bailis et al., VLDB 2012). Values have to differ from write to write, as they do in workloads.

mod survey;

pub use survey::{Survey, SurveyPoint, Terms};

use crate::core::protocol::CallName;
use crate::core::sorted::SortedMap;
use crate::core::trace::{OpEnd, OpLife};
use serde::Serialize;

/// How long a kind of operation took, in microseconds; of those that were answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// How many.
    pub count: u32,
    /// Half took no longer.
    pub p50: u64,
    /// 99 of 100 took no longer.
    pub p99: u64,
}

/// What clients saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Reads that were answered.
    pub reads: Spread,
    /// Writes that were confirmed.
    pub writes: Spread,
    /// Reads before which something had been confirmed long enough ago: these can be stale.
    pub judged: u32,
    /// Those that were.
    pub stale: u32,
    /// The most confirmed versions that one of them was behind.
    pub behind: u32,
    /// Operations that have ended, in whatever way.
    pub ended: u32,
    /// Those that were refused or whose clients gave up.
    pub refused: u32,
}

impl Figures {
    /// The share of stale reads, in parts per million.
    pub fn stale_share(&self) -> u32 {
        share(self.stale, self.judged)
    }
    /// The share of operations that were answered, in parts per million.
    pub fn answered_share(&self) -> u32 {
        1_000_000 - share(self.refused, self.ended)
    }
}

fn share(part: u32, of: u32) -> u32 {
    (u64::from(part) * 1_000_000 / u64::from(of.max(1))) as u32
}

/// A write and when it surely took effect.
#[derive(Clone, Copy)]
struct KnownWrite {
    value: i64,
    began: u64,
    /// Never, if nobody was told.
    ended: u64,
}

/// `get` or `put`, by its name; where names are not known, by what its client was told.
fn kind(calls: &[CallName], op: &OpLife) -> &'static str {
    match (calls.get(usize::from(op.call.f)).map(|c| c.name), &op.end) {
        (Some("get" | "read"), _) => "get",
        (Some("put" | "write"), _) => "put",
        (Some(_), _) => "",
        (None, OpEnd::Ok(Some(_))) => "get",
        (None, _) => "put",
    }
}

/// What the clients of a run saw up to a step.
pub fn figures(calls: &[CallName], ops: &[OpLife], step: u64, t: u64) -> Figures {
    let mut out = Figures::default();
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    let mut known: SortedMap<u32, Vec<KnownWrite>> = SortedMap::new();
    let name = |op: &OpLife| kind(calls, op);
    for op in ops.iter().take_while(|op| op.step <= step) {
        let ended = op.ended.filter(|(s, _)| *s <= step).map(|(_, at)| at);
        let end = if ended.is_some() { &op.end } else { &OpEnd::Open };
        out.ended += u32::from(ended.is_some());
        out.refused += u32::from(matches!(end, OpEnd::Fail(_) | OpEnd::Unknown));
        match (name(op), end, ended) {
            ("get", OpEnd::Ok(_), Some(at)) => reads.push(at - op.invoked),
            ("put", OpEnd::Ok(_), Some(at)) => writes.push(at - op.invoked),
            _ => {}
        }
        if name(op) == "put" && !matches!(end, OpEnd::Fail(_)) {
            let sure = if matches!(end, OpEnd::Ok(_)) { ended } else { None };
            let write = KnownWrite {
                value: op.call.value,
                began: op.invoked,
                ended: sure.unwrap_or(u64::MAX),
            };
            known.entry(op.call.key).or_default().push(write);
        }
    }
    for op in ops.iter().take_while(|op| op.step <= step) {
        let seen = op.ended.is_some_and(|(s, _)| s <= step);
        if let ("get", OpEnd::Ok(Some(value)), true) = (name(op), &op.end, seen) {
            let none = Vec::new();
            out.judge(known.get(&op.call.key).unwrap_or(&none), value, op.invoked, t);
        }
    }
    (out.reads, out.writes) = (spread(reads), spread(writes));
    out
}

impl Figures {
    fn judge(&mut self, writes: &[KnownWrite], value: &str, began: u64, t: u64) {
        let confirmed = |w: &&KnownWrite| w.ended.saturating_add(t) <= began;
        if !writes.iter().any(|w| confirmed(&w)) {
            return;
        }
        self.judged += 1;
        // What was there before the first write ended before any of them began.
        let read = value.parse::<i64>().ok();
        let source = writes.iter().find(|w| Some(w.value) == read);
        let until = source.map_or(0, |w| w.ended);
        let newer = |w: &&KnownWrite| source.is_none() || w.began > until;
        let behind = writes.iter().filter(confirmed).filter(newer).count() as u32;
        self.stale += u32::from(behind > 0);
        self.behind = self.behind.max(behind);
    }
}

fn spread(mut all: Vec<u64>) -> Spread {
    all.sort_unstable();
    let at = |share: usize| all.get((all.len() * share / 100).min(all.len().saturating_sub(1)));
    let value = |share| at(share).copied().unwrap_or(0);
    Spread { count: all.len() as u32, p50: value(50), p99: value(99) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::action::Call;
    use crate::core::ids::{NodeId, OpId};

    const CALLS: &[CallName] = &[
        CallName { name: "get", key: true, value: false, arg: false },
        CallName { name: "put", key: true, value: true, arg: false },
    ];

    fn op(f: u8, value: i64, (from, to): (u64, u64), end: OpEnd) -> OpLife {
        OpLife {
            id: OpId { client: NodeId(9), nth: from as u32 },
            process: 0,
            call: Call { f, key: 0, value, ..Call::default() },
            invoked: from,
            step: from,
            ended: Some((to, to)),
            end,
        }
    }

    fn read(value: &str, at: (u64, u64)) -> OpLife {
        op(0, 0, at, OpEnd::Ok(Some(value.into())))
    }

    #[test]
    fn only_what_was_replaced_long_enough_ago_is_stale() {
        let put = |value, at| op(1, value, at, OpEnd::Ok(None));
        let ops = [
            put(1, (10, 20)),
            put(2, (30, 40)),
            // Behind by one, 10 after the confirmation.
            read("1", (50, 60)),
            // Fresh.
            read("2", (51, 61)),
            // Never read before: behind by both.
            read("nil", (52, 62)),
        ];
        let at = |t| figures(CALLS, &ops, 100, t);
        assert_eq!((at(0).judged, at(0).stale, at(0).behind), (3, 2, 2));
        // Only the first write is that old for them.
        assert_eq!((at(15).judged, at(15).stale, at(15).behind), (3, 1, 1));
        assert_eq!((at(35).judged, at(35).stale), (0, 0));
        assert_eq!(at(0).reads, Spread { count: 3, p50: 10, p99: 10 });
    }

    #[test]
    fn concurrent_writes_make_nobody_stale() {
        let ops = [
            op(1, 1, (10, 40), OpEnd::Ok(None)),
            op(1, 2, (15, 30), OpEnd::Ok(None)),
            // Nobody was told of this one: it may take effect at any time.
            op(1, 3, (41, 90), OpEnd::Unknown),
            read("1", (50, 60)),
            read("2", (50, 60)),
            read("3", (50, 60)),
        ];
        let f = figures(CALLS, &ops, 100, 0);
        assert_eq!((f.judged, f.stale, f.ended, f.refused), (3, 0, 6, 1));
    }
}

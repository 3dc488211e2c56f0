//! Times to places.

use super::SpaceTime;
use crate::algo::clocks::overlay::ClockKind;
use crate::core::trace::Trace;
use crate::core::view::What;
use crate::scene::geometry::{ONE, between, share};
use std::ops::Range;

/// Where times and steps stand on the horizontal axis.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Left end, in tenths of a pixel.
    pub left: i32,
    /// Right end.
    pub right: i32,
    window: (u64, u64),
    /// With equal spacing: the first event's step, and the place of each event.
    even: Option<(u64, Vec<i32>, Vec<u64>)>,
}

impl Axis {
    /// True time.
    pub fn real(left: i32, right: i32, window: (u64, u64)) -> Self {
        Axis { left, right, window, even: None }
    }

    /// Equal distances between causes and effects: an event stands one further than the furthest of
    /// those that it directly depends on.
    pub fn causal(left: i32, right: i32, of: &SpaceTime, seen: &Range<usize>) -> Self {
        let depths =
            numbers(of, seen).unwrap_or_else(|| depths(of.trace, seen, of.view.nodes.len()));
        let most = depths.iter().copied().max().unwrap_or(0).max(1);
        let pitch = i64::from(right - left) * ONE / i64::from(most + 1);
        let place = |d: &u32| left + (i64::from(*d) * pitch / ONE) as i32;
        let at = of.trace.events.range(seen.clone()).map(|e| e.at).collect();
        let first = seen.start as u64 + 1;
        let places = depths.iter().map(place).collect();
        Axis { left, right, window: of.window, even: Some((first, places, at)) }
    }

    /// The place of a step that happened at a time.
    pub fn step(&self, step: u64, at: u64) -> i32 {
        match &self.even {
            None => self.time(at),
            Some((first, places, _)) => match step.checked_sub(*first) {
                None => self.left,
                Some(i) => places.get(i as usize).copied().unwrap_or(self.right),
            },
        }
    }

    /// The place of a time.
    pub fn time(&self, at: u64) -> i32 {
        let (t0, t1) = self.window;
        match &self.even {
            None => between(self.left, self.right, share(at, t0, t1.max(t0 + 1))),
            Some((_, places, times)) => {
                let n = times.partition_point(|t| *t <= at);
                let known = places[..n].iter().rev().take(64).max();
                known.copied().unwrap_or(self.left)
            }
        }
    }

    /// Is it true time?
    pub fn is_real(&self) -> bool {
        self.even.is_none()
    }
}

/// With Lamport's numbers at the events, those are what they are spaced by: figure 3 of his paper.
fn numbers(of: &SpaceTime, seen: &Range<usize>) -> Option<Vec<u32>> {
    let overlay = of.chips.filter(|o| o.kind == ClockKind::Number)?;
    let clock = |step| overlay.number(step);
    let events = || of.trace.events.range(seen.clone());
    let base = events().filter_map(|e| clock(e.step)).min()?.saturating_sub(1);
    let mut furthest = 0;
    let all = events().map(|e| {
        let depth = clock(e.step).map_or(furthest, |c| (c - base) as u32);
        furthest = furthest.max(depth);
        depth
    });
    Some(all.collect())
}

/// How many steps of causality each event is from the window's first ones.
fn depths(trace: &Trace, seen: &Range<usize>, nodes: usize) -> Vec<u32> {
    let mut last = vec![0u32; nodes];
    let mut out: Vec<u32> = Vec::with_capacity(seen.len());
    // Where each message in the window was sent.
    let mut sent = crate::core::sorted::SortedMap::new();
    let mut furthest = 0;
    for event in trace.events.range(seen.clone()) {
        let sender = match &event.what {
            What::Receive(id) | What::Lost { msg: id, .. } => sent.get(id).copied().unwrap_or(0),
            _ => 0,
        };
        let depth = match event.node {
            Some(n) => {
                let mine = last.get(n.at()).copied().unwrap_or(0);
                let depth = mine.max(sender) + 1;
                if let Some(l) = last.get_mut(n.at()) {
                    *l = depth;
                }
                depth
            }
            None if sender > 0 => sender + 1,
            None => furthest,
        };
        furthest = furthest.max(depth);
        for s in &event.sent {
            sent.insert(s.id, depth);
        }
        out.push(depth);
    }
    out
}

/// Ticks of an axis: the step between them, the unit's name, microseconds a unit, decimals.
pub fn ticks(window: (u64, u64), room: i32, apart: i32) -> (u64, &'static str, u64, usize) {
    let span = window.1.saturating_sub(window.0).max(1);
    let most = (room / apart.max(1)).max(1) as u64;
    let mut step = 1u64;
    'found: loop {
        for k in [1, 2, 5] {
            if span / (step * k) <= most {
                step *= k;
                break 'found;
            }
        }
        match step.checked_mul(10) {
            Some(s) if s < u64::MAX / 10 => step = s,
            _ => break,
        }
    }
    let (unit, size) = match step {
        0..100 => ("\u{b5}s", 1),
        100..50_000 => ("ms", 1_000),
        _ => ("s", 1_000_000),
    };
    let decimals = match size / step.max(1) {
        0 | 1 => 0,
        2..=10 => 1,
        11..=100 => 2,
        _ => 3,
    };
    (step, unit, size, decimals)
}

/// A time in a unit.
pub fn in_unit(at: u64, size: u64, decimals: usize) -> String {
    if decimals == 0 {
        return (at / size).to_string();
    }
    let scale = 10u64.pow(decimals as u32);
    let part = u128::from(at % size) * u128::from(scale) / u128::from(size);
    format!("{}.{part:0decimals$}", at / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks((0, 1_000_000), 8000, 700), (100_000, "s", 1_000_000, 1));
        assert_eq!(ticks((0, 10_000), 8000, 700), (1_000, "ms", 1_000, 0));
        assert_eq!(ticks((0, 12), 8000, 700), (2, "\u{b5}s", 1, 0));
        assert_eq!(ticks((5, 5), 0, 0).0, 1);
        assert_eq!(ticks((0, u64::MAX), 8000, 700).1, "s");
    }

    #[test]
    fn times_read_in_their_unit() {
        assert_eq!(in_unit(1_250_000, 1_000_000, 2), "1.25");
        assert_eq!(in_unit(900_000, 1_000_000, 1), "0.9");
        assert_eq!(in_unit(42_000, 1_000, 0), "42");
    }
}

//! Lines of equal logical time across processes: Lamport's tick lines (CACM 1978, figures 2 and 3).

use super::geometry::{PX, Point, Track};
use super::{Anchor, Item, Typeface};

/// A process: its height, and its events from left to right, each with its clock and its place.
pub type ProcessRow = (i32, Vec<(u64, i32)>);

/// At most about so many lines.
const MOST: u64 = 60;

/// A line for each tick, which crosses every process between its last event before the tick and its
/// first one from then on. Clocks start from `base` at the left end.
pub fn lines(rows: &[ProcessRow], left: i32, base: u64, size: i32, out: &mut Vec<Item>) {
    let last = rows.iter().filter_map(|(_, events)| events.last()).map(|e| e.0).max();
    let Some(last) = last.filter(|l| *l > base) else { return };
    let stride = (last - base).div_ceil(MOST).max(1);
    for tick in (base + 1..=last).filter(|t| t % stride == 0) {
        let mut track = Track::new();
        let mut from: Option<Point> = None;
        let mut parts = 0;
        for (y, events) in rows {
            let Some(x) = crossing(events, left, base, tick) else {
                from = None;
                continue;
            };
            let here = Point::new(x, *y);
            match from {
                None => {
                    track.to(here.plus(Point::new(0, -6 * PX))).line(here);
                    if parts == 0 {
                        let style = (Typeface::Mono, size, Anchor::Middle);
                        let words = Item::text(
                            "soft",
                            here.plus(Point::new(0, -8 * PX)),
                            style,
                            tick.to_string(),
                        );
                        out.push(words.key(format!("tick-name-{tick}")));
                    }
                }
                Some(_) => {
                    track.line(here);
                }
            }
            parts += 1;
            from = Some(here);
        }
        if parts > 0 {
            out.push(Item::path("tick-line", track).key(format!("tick-line-{tick}")));
        }
    }
}

/// Where a process's line meets a tick: ticks between two events share their distance.
fn crossing(events: &[(u64, i32)], left: i32, base: u64, tick: u64) -> Option<i32> {
    let next = events.partition_point(|(clock, _)| *clock < tick);
    let (to, x) = *events.get(next)?;
    let (from, start) = next.checked_sub(1).map_or((base, left), |last| events[last]);
    let (done, of) =
        (2 * (tick - from.min(tick)) as i64 - 1, 2 * (to - from.min(to)).max(1) as i64);
    Some(start + (i64::from(x - start) * done.max(0) / of) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where events stand at their clocks, ticks are straight: figure 3.
    #[test]
    fn spaced_by_their_clocks_the_lines_are_straight() {
        let row = |clocks: &[u64]| clocks.iter().map(|c| (*c, *c as i32 * 100)).collect::<Vec<_>>();
        for tick in 1..=7 {
            let all = [row(&[1, 2, 7]), row(&[3, 4, 5, 6, 7]), row(&[7])];
            for events in all {
                assert_eq!(
                    crossing(&events, 0, 0, tick),
                    Some(tick as i32 * 100 - 50),
                    "{events:?}"
                );
            }
        }
        assert_eq!(crossing(&[(1, 100)], 0, 0, 2), None);
    }
}

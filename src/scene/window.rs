//! The part of time that a diagram shows, and how a hand moves it.

use super::Bounded;

/// First and last time, in microseconds.
pub type TimeWindow = (u64, u64);

/// The narrowest window, in microseconds.
pub const NARROWEST: u64 = 1_000;
/// The widest: a day, so that all arithmetic on it has room.
pub const WIDEST: u64 = 86_400_000_000;
/// Nothing is shown that is later: a hundred years.
const LATEST: u64 = 3_155_760_000_000_000;

/// A window that begins and is as wide as wished, within what can be shown.
pub fn of(from: u64, width: u64) -> TimeWindow {
    let from = from.min(LATEST);
    (from, from + width.bounded(NARROWEST, WIDEST))
}

/// How wide it is.
pub fn width((from, to): TimeWindow) -> u64 {
    to.saturating_sub(from)
}

/// Moved by a hand: so many tenths of a pixel of a picture that has so many.
pub fn pan(window: TimeWindow, by: i32, room: i32) -> TimeWindow {
    let wide = i128::from(width(window));
    let shift = i128::from(by) * wide / i128::from(room.max(1));
    let from = (i128::from(window.0) - shift).bounded(0, i128::from(LATEST));
    of(from as u64, width(window))
}

/// Half as wide again, or two thirds as wide, around a moment in it.
pub fn zoom(window: TimeWindow, now: u64, out: bool) -> TimeWindow {
    let (from, wide) = (window.0, width(window));
    let now = now.bounded(from, window.1);
    let wider =
        if out { wide.saturating_mul(3) / 2 } else { (wide.saturating_mul(2) / 3).max(5_000) };
    let wider = wider.bounded(NARROWEST, WIDEST);
    let left = u128::from(now - from) * u128::from(wider) / u128::from(wide.max(1));
    of(now.saturating_sub(left as u64), wider)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_hand_moves_it() {
        assert_eq!(pan((100_000, 200_000), 500, 1_000), (50_000, 150_000));
        assert_eq!(pan((100_000, 200_000), 5_000, 1_000), (0, 100_000));
        assert_eq!(zoom((100_000, 200_000), 150_000, true), (75_000, 225_000));
        assert_eq!(zoom((100_000, 200_000), 100_000, false), (100_000, 166_666));
    }

    proptest! {
        #[test]
        fn no_hand_breaks_it(
            from: u64, wide: u64, steps in prop::collection::vec((any::<i32>(), any::<i32>(), any::<u64>(), any::<bool>()), 1..40)
        ) {
            let mut window = of(from, wide);
            for (by, room, now, out) in steps {
                for next in [pan(window, by, room), zoom(window, now, out)] {
                    prop_assert!((NARROWEST..=WIDEST).contains(&width(next)), "{next:?}");
                    window = next;
                }
            }
        }
    }
}

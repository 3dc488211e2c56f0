//! How a stretch of a run is shared out over the reader's time: slow while things happen close
//! together, fast where nothing does.

/// The reader's milliseconds for a gap between two things that happen, by its true length: as long
/// as the usual speed takes, within these.
const GAP: (u64, u64) = (60, 700);
/// A stretch of a run, and when the reader sees each moment of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Reader's milliseconds and the run's microseconds; both grow.
    knots: Vec<(u64, u64)>,
}

impl Pace {
    /// A stretch from one time to another in which things happen at these times, microseconds, in
    /// order. `usual` is how many true microseconds a reader's millisecond usually shows; `span` is
    /// how many of the reader's milliseconds the whole takes at least and at most.
    pub fn of(times: &[u64], (from, to): (u64, u64), usual: u64, span: (u64, u64)) -> Pace {
        let mut at: Vec<u64> = times.iter().copied().filter(|t| (from..to).contains(t)).collect();
        at.insert(0, from);
        at.push(to.max(from));
        at.dedup();
        let usual = usual.max(1);
        let gaps = at.windows(2).map(|w| ((w[1] - w[0]) / usual).clamp(GAP.0, GAP.1));
        let wanted: Vec<u64> = gaps.collect();
        let sum = wanted.iter().sum::<u64>().max(1);
        let whole = sum.clamp(span.0, span.1);
        let mut knots = vec![(0, from)];
        let mut done = 0;
        for (gap, end) in wanted.iter().zip(&at[1..]) {
            done += gap;
            knots.push((done * whole / sum, *end));
        }
        Pace { knots }
    }

    /// The reader's milliseconds of the whole.
    pub fn whole(&self) -> u64 {
        self.knots.last().map_or(0, |k| k.0)
    }

    /// The run's time that the reader sees after so many milliseconds.
    pub fn at(&self, ms: u64) -> u64 {
        let next = self.knots.partition_point(|k| k.0 <= ms);
        let (Some(b), Some(a)) = (self.knots.get(next), self.knots.get(next.wrapping_sub(1)))
        else {
            return self.knots.last().map_or(0, |k| k.1);
        };
        a.1 + (b.1 - a.1) * (ms - a.0) / (b.0 - a.0).max(1)
    }

    /// The reader's milliseconds after which a time of the run is seen.
    pub fn when(&self, time: u64) -> u64 {
        let next = self.knots.partition_point(|k| k.1 <= time);
        let (Some(b), Some(a)) = (self.knots.get(next), self.knots.get(next.wrapping_sub(1)))
        else {
            return if next == 0 { 0 } else { self.whole() };
        };
        a.0 + (b.0 - a.0) * (time - a.1) / (b.1 - a.1).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: (u64, u64) = (2_000, 6_000);

    #[test]
    fn a_long_wait_is_short_and_what_happens_is_seen() {
        // Ten messages a millisecond apart, a minute of nothing, and ten more.
        let times: Vec<u64> = (0..10).chain(60_000..60_010).map(|ms| ms * 1_000).collect();
        let pace = Pace::of(&times, (0, 60_020_000), 20, SPAN);
        assert!((2_000..=6_000).contains(&pace.whole()), "{}", pace.whole());
        let waits = pace.when(60_000_000) - pace.when(9_000);
        assert!(waits * 3 < pace.whole(), "{waits} of {} ms", pace.whole());
    }

    #[test]
    fn both_ways_agree_and_time_never_goes_back() {
        let pace = Pace::of(&[500, 510, 9_000, 9_000, 40_000], (400, 50_000), 20, SPAN);
        assert_eq!((pace.at(0), pace.at(pace.whole())), (400, 50_000));
        let seen: Vec<u64> = (0..=pace.whole()).map(|ms| pace.at(ms)).collect();
        assert!(seen.windows(2).all(|w| w[0] <= w[1]));
        for ms in (0..pace.whole()).step_by(50) {
            let back = pace.when(pace.at(ms));
            assert!(back.abs_diff(ms) <= 60, "{ms} became {back}");
        }
    }

    #[test]
    fn a_stretch_of_nothing_is_one_too() {
        let pace = Pace::of(&[], (7, 7), 20, SPAN);
        assert_eq!((pace.at(0), pace.at(9_999), pace.when(7)), (7, 7, pace.whole()));
    }
}

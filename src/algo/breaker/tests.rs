//! Laws that each library's breaker keeps, on random traffic.

use super::*;
use proptest::prelude::*;

/// Gaps in tenths of a second, and whether the call would fail.
fn traffic() -> impl Strategy<Value = Vec<(u64, bool)>> {
    prop::collection::vec((0u64..40, any::<bool>()), 0..200)
}

proptest! {
    /// While open and before its time is over, no call passes.
    #[test]
    fn no_call_passes_an_open_breaker(calls in traffic()) {
        let trip = Trip::Share { requests: 3, ppm: 600_000 };
        let config = GoConfig { max_requests: 2, interval: 10 * SECOND, timeout: 3 * SECOND, trip };
        let mut go = GoBreaker::new(config, 0);
        let mut r4j = R4j::new(R4jConfig { window: RateWindow::Time(5), minimum_calls: 3, wait_open: 3 * SECOND, permitted_half_open: 2, ..R4jConfig::default() });
        let mut polly = Polly::new(PollyConfig { minimum_throughput: 3, break_duration: 3 * SECOND, ..PollyConfig::default() });
        let (mut now, mut opened) = (0, [None::<u64>; 3]);
        for (gap, failed) in calls {
            now += gap * SECOND / 10;
            let passed = [go.before(now).map(|g| go.after(now, g, !failed)).is_ok(),
                r4j.acquire(now).map(|()| r4j.report(now, 1, failed)).is_ok(),
                polly.acquire(now).map(|()| polly.report(now, failed)).is_ok()];
            for i in 0..3 {
                if passed[i] {
                    prop_assert!(opened[i].is_none_or(|at| now >= at + 3 * SECOND), "{i} at {now}");
                    let state = [go.state(now), r4j.state(), polly.state()][i];
                    opened[i] = (state == BreakerState::Open).then_some(now);
                }
            }
        }
    }

    /// The sliding sums equal a recount of the calls.
    #[test]
    fn windows_count_what_lies_in_them(calls in traffic(), size in 1u32..12) {
        let config = R4jConfig::default();
        let mut count = Metrics::new(&config, RateWindow::Count(size));
        let mut time = Metrics::new(&config, RateWindow::Time(size));
        let (mut now, mut seen) = (0, Vec::new());
        for (gap, failed) in calls {
            now += gap * SECOND / 10;
            seen.push((now, failed));
            count.record(now, failed, !failed);
            time.record(now, failed, !failed);
            let recount = |within: &dyn Fn(usize, u64) -> bool| {
                let kept: Vec<bool> = seen.iter().enumerate().filter(|(i, c)| within(*i, c.0)).map(|(_, c)| c.1).collect();
                let failed = kept.iter().filter(|f| **f).count() as u32;
                Snapshot { buffered: kept.len() as u32, failed, slow: kept.len() as u32 - failed }
            };
            let total = seen.len();
            prop_assert_eq!(count.snapshot(now), recount(&|i, _| i + size as usize >= total));
            let second = now / SECOND;
            prop_assert_eq!(time.snapshot(now), recount(&|_, at| at / SECOND + u64::from(size) > second));
        }
    }
}

#[test]
fn resilience4j_judges_all_permitted_calls_before_it_closes() {
    let config = R4jConfig {
        window: RateWindow::Time(5),
        minimum_calls: 5,
        permitted_half_open: 4,
        ..R4jConfig::default()
    };
    let mut breaker = R4j::new(config);
    (0..5).for_each(|_| breaker.report(0, 1, true));
    assert_eq!(breaker.state(), BreakerState::Open);
    let later = config.wait_open;
    assert_eq!(breaker.acquire(later - 1), Err(Refused));
    assert_eq!((0..5).filter(|_| breaker.acquire(later).is_ok()).count(), 4);
    for _ in 0..4 {
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        breaker.report(later, 1, false);
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn polly_lets_one_probe_through() {
    let mut breaker = Polly::new(PollyConfig { minimum_throughput: 1, ..PollyConfig::default() });
    breaker.report(0, true);
    assert_eq!(breaker.acquire(5 * SECOND - 1), Err(Refused));
    assert_eq!(breaker.acquire(5 * SECOND), Ok(()));
    assert_eq!(breaker.acquire(20 * SECOND), Err(Refused));
    breaker.report(20 * SECOND, false);
    assert_eq!((breaker.state(), breaker.sampled(20 * SECOND)), (BreakerState::Closed, (0, 0)));
    breaker.isolate();
    assert_eq!(breaker.acquire(u64::MAX), Err(Refused));
}

#[test]
fn polly_needs_a_hundred_calls_by_default() {
    let mut breaker = Polly::new(PollyConfig::default());
    (0..99).for_each(|_| breaker.report(0, true));
    assert_eq!(breaker.state(), BreakerState::Closed);
    breaker.report(0, true);
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[test]
fn a_late_result_of_an_older_generation_is_ignored() {
    let mut breaker = GoBreaker::new(GoConfig { interval: SECOND, ..GoConfig::default() }, 0);
    let generation = breaker.before(0).unwrap();
    assert_eq!(breaker.state(2 * SECOND), BreakerState::Closed);
    breaker.after(2 * SECOND, generation, false);
    assert_eq!(breaker.counts(), Counts::default());
}

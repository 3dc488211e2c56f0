//! resilience4j: a sliding window of calls or of seconds, failure and slow-call rates, and a
//! half-open state that judges a fixed number of permitted calls.

use super::{BreakerState, Refused, SECOND, at_least};
use std::collections::VecDeque;

/// Over what rates are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RateWindow {
    /// The last so many calls.
    Count(u32),
    /// The last so many seconds, the current one included.
    Time(u32),
}

/// The settings of resilience4j.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct R4jConfig {
    /// The sliding window of the closed state.
    pub window: RateWindow,
    /// Fewest calls to judge by.
    pub minimum_calls: u32,
    /// Millionths of failed calls that open it.
    pub failure_ppm: u32,
    /// Millionths of slow calls that open it.
    pub slow_ppm: u32,
    /// A call is slow if it takes longer than this, in microseconds.
    pub slow_duration: u64,
    /// Microseconds it stays open.
    pub wait_open: u64,
    /// Calls permitted, and judged, while half-open.
    pub permitted_half_open: u32,
}

impl Default for R4jConfig {
    fn default() -> Self {
        R4jConfig {
            window: RateWindow::Count(100),
            minimum_calls: 100,
            failure_ppm: 500_000,
            slow_ppm: 1_000_000,
            slow_duration: 60 * SECOND,
            wait_open: 60 * SECOND,
            permitted_half_open: 10,
        }
    }
}

/// Calls in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Snapshot {
    /// All of them.
    pub buffered: u32,
    /// Those that failed, slow or not.
    pub failed: u32,
    /// Those that were slow, failed or not.
    pub slow: u32,
}

impl Snapshot {
    fn add(&mut self, call: Snapshot) {
        self.buffered += call.buffered;
        self.failed += call.failed;
        self.slow += call.slow;
    }

    fn subtract(&mut self, call: Snapshot) {
        self.buffered -= call.buffered;
        self.failed -= call.failed;
        self.slow -= call.slow;
    }
}

/// How the rates compare with their thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RateVerdict {
    /// Too few calls to say.
    BelowMinimum,
    /// Both rates are below their thresholds.
    BelowThresholds,
    /// A rate has reached its threshold.
    Exceeded,
}

/// The sliding window and its totals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Metrics {
    window: RateWindow,
    minimum_calls: u32,
    failure_ppm: u32,
    slow_ppm: u32,
    /// Oldest first: calls, or (for a time window) sums of one second each.
    parts: VecDeque<(u64, Snapshot)>,
    total: Snapshot,
    not_permitted: u32,
}

impl Metrics {
    /// An empty window. Of a count window no more calls are asked for than it holds.
    pub fn new(config: &R4jConfig, window: RateWindow) -> Self {
        let minimum_calls = match window {
            RateWindow::Count(size) => config.minimum_calls.min(size),
            RateWindow::Time(_) => config.minimum_calls,
        };
        Metrics {
            window,
            minimum_calls,
            failure_ppm: config.failure_ppm,
            slow_ppm: config.slow_ppm,
            parts: VecDeque::new(),
            total: Snapshot::default(),
            not_permitted: 0,
        }
    }

    /// Records a call that ended at `now`.
    pub fn record(&mut self, now: u64, failed: bool, slow: bool) {
        let call = Snapshot { buffered: 1, failed: failed.into(), slow: slow.into() };
        let key = match self.window {
            RateWindow::Count(_) => 0,
            RateWindow::Time(_) => now / SECOND,
        };
        match (self.window, self.parts.back_mut()) {
            (RateWindow::Time(_), Some((second, sum))) if *second == key => sum.add(call),
            _ => self.parts.push_back((key, call)),
        }
        self.total.add(call);
        self.evict(now);
    }

    /// Counts a refused call.
    pub fn refuse(&mut self) {
        self.not_permitted += 1;
    }

    /// How many calls were refused.
    pub fn not_permitted(&self) -> u32 {
        self.not_permitted
    }

    fn evict(&mut self, now: u64) {
        while let Some((second, part)) = self.parts.front().copied() {
            let old = match self.window {
                RateWindow::Count(size) => self.parts.len() > size as usize,
                RateWindow::Time(seconds) => second + u64::from(seconds) <= now / SECOND,
            };
            if !old {
                return;
            }
            self.total.subtract(part);
            self.parts.pop_front();
        }
    }

    /// The window at `now`.
    pub fn snapshot(&mut self, now: u64) -> Snapshot {
        self.evict(now);
        self.total
    }

    /// True if there are enough calls to speak of rates.
    pub fn has_rate(&mut self, now: u64) -> bool {
        let buffered = self.snapshot(now).buffered;
        buffered > 0 && buffered >= self.minimum_calls
    }

    /// The rates against their thresholds at `now`.
    pub fn verdict(&mut self, now: u64) -> RateVerdict {
        if !self.has_rate(now) {
            return RateVerdict::BelowMinimum;
        }
        let Snapshot { buffered, failed, slow } = self.total;
        let failing = at_least(failed.into(), buffered.into(), self.failure_ppm);
        let slowing = at_least(slow.into(), buffered.into(), self.slow_ppm);
        if failing || slowing { RateVerdict::Exceeded } else { RateVerdict::BelowThresholds }
    }
}

/// A breaker of the kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct R4j {
    config: R4jConfig,
    state: BreakerState,
    metrics: Metrics,
    /// Until when it refuses calls, while open.
    open_until: u64,
    /// Permissions left, while half-open.
    permits: u32,
}

impl R4j {
    /// A closed breaker.
    pub fn new(config: R4jConfig) -> Self {
        let metrics = Metrics::new(&config, config.window);
        R4j { config, state: BreakerState::Closed, metrics, open_until: 0, permits: 0 }
    }

    /// The state; an open breaker turns half-open only when it is asked for permission.
    pub fn state(&self) -> BreakerState {
        self.state
    }

    /// The window of the current state; an open breaker keeps the one that opened it.
    pub fn metrics(&mut self) -> &mut Metrics {
        &mut self.metrics
    }

    /// Asks to make a call.
    pub fn acquire(&mut self, now: u64) -> Result<(), Refused> {
        if self.state == BreakerState::Open && now >= self.open_until {
            self.state = BreakerState::HalfOpen;
            self.permits = self.config.permitted_half_open;
            let window = RateWindow::Count(self.config.permitted_half_open);
            self.metrics = Metrics::new(&self.config, window);
        }
        match self.state {
            BreakerState::Closed => return Ok(()),
            BreakerState::HalfOpen if self.permits > 0 => {
                self.permits -= 1;
                return Ok(());
            }
            _ => self.metrics.refuse(),
        }
        Err(Refused)
    }

    /// Reports a call that ended at `now` after `duration` microseconds.
    pub fn report(&mut self, now: u64, duration: u64, failed: bool) {
        self.metrics.record(now, failed, duration > self.config.slow_duration);
        match (self.state, self.metrics.verdict(now)) {
            (BreakerState::Closed | BreakerState::HalfOpen, RateVerdict::Exceeded) => {
                self.state = BreakerState::Open;
                self.open_until = now.saturating_add(self.config.wait_open);
            }
            (BreakerState::HalfOpen, RateVerdict::BelowThresholds) => {
                self.state = BreakerState::Closed;
                self.metrics = Metrics::new(&self.config, self.config.window);
            }
            _ => {}
        }
    }
}

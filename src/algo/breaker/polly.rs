//! Polly v8: a share of failures over a sampling duration kept in ten windows, one probe when
//! half-open, and an isolated state set by hand.

use super::{BreakerState, Refused, SECOND, at_least};
use std::collections::VecDeque;

/// Windows that a sampling duration is kept in, unless it is too short to divide.
const WINDOWS: u64 = 10;
/// Shortest time that windows can tell apart, in microseconds.
const RESOLUTION: u64 = 20_000;

/// The settings of Polly's circuit breaker strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PollyConfig {
    /// Millionths of failures that open it.
    pub failure_ppm: u32,
    /// Fewest calls to judge by.
    pub minimum_throughput: u32,
    /// Microseconds over which failures are sampled.
    pub sampling: u64,
    /// Microseconds it stays open.
    pub break_duration: u64,
}

impl Default for PollyConfig {
    fn default() -> Self {
        PollyConfig {
            failure_ppm: 100_000,
            minimum_throughput: 100,
            sampling: 30 * SECOND,
            break_duration: 5 * SECOND,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Slice {
    start: u64,
    calls: u32,
    failures: u32,
}

/// A breaker of the kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Polly {
    config: PollyConfig,
    state: BreakerState,
    slices: VecDeque<Slice>,
    open_until: u64,
    isolated: bool,
}

impl Polly {
    /// A closed breaker.
    pub fn new(config: PollyConfig) -> Self {
        let slices = VecDeque::new();
        Polly { config, state: BreakerState::Closed, slices, open_until: 0, isolated: false }
    }

    /// The state; an open breaker turns half-open only when a call is tried.
    pub fn state(&self) -> BreakerState {
        self.state
    }

    /// True while it is held open by hand.
    pub fn is_isolated(&self) -> bool {
        self.isolated
    }

    /// Holds it open until [`Polly::reset`].
    pub fn isolate(&mut self) {
        self.state = BreakerState::Open;
        self.isolated = true;
    }

    /// Closes it and forgets all calls.
    pub fn reset(&mut self) {
        *self = Polly::new(self.config);
    }

    /// Calls and failures of the sampling duration before `now`.
    pub fn sampled(&mut self, now: u64) -> (u32, u32) {
        self.forget(now);
        let calls = self.slices.iter().map(|s| s.calls).sum();
        (calls, self.slices.iter().map(|s| s.failures).sum())
    }

    fn forget(&mut self, now: u64) {
        while self.slices.front().is_some_and(|s| now - s.start.min(now) >= self.config.sampling) {
            self.slices.pop_front();
        }
    }

    fn record(&mut self, now: u64, failed: bool) {
        let divisible = self.config.sampling >= WINDOWS * RESOLUTION;
        let length = self.config.sampling / if divisible { WINDOWS } else { 1 };
        if self.slices.back().is_none_or(|s| now - s.start.min(now) >= length) {
            self.slices.push_back(Slice { start: now, calls: 0, failures: 0 });
        }
        self.forget(now);
        if let Some(slice) = self.slices.back_mut() {
            slice.calls += 1;
            slice.failures += u32::from(failed);
        }
    }

    /// Asks to make a call. The first one after the break is the probe; while it is under way,
    /// all others are refused.
    pub fn acquire(&mut self, now: u64) -> Result<(), Refused> {
        let probe = self.state == BreakerState::Open && !self.isolated && now >= self.open_until;
        if probe {
            self.state = BreakerState::HalfOpen;
            self.open_until = now.saturating_add(self.config.break_duration);
        }
        if probe || self.state == BreakerState::Closed { Ok(()) } else { Err(Refused) }
    }

    /// Reports the result of a call at `now`.
    pub fn report(&mut self, now: u64, failed: bool) {
        match (self.state, failed) {
            (BreakerState::HalfOpen, false) => self.reset(),
            (BreakerState::HalfOpen, true) => self.open(now),
            (BreakerState::Open, false) => {}
            (BreakerState::Open, true) => self.record(now, true),
            (BreakerState::Closed, _) => {
                self.record(now, failed);
                let (calls, failures) = self.sampled(now);
                let enough = calls >= self.config.minimum_throughput;
                if failed
                    && enough
                    && at_least(failures.into(), calls.into(), self.config.failure_ppm)
                {
                    self.open(now);
                }
            }
        }
    }

    fn open(&mut self, now: u64) {
        self.state = BreakerState::Open;
        self.open_until = now.saturating_add(self.config.break_duration);
    }
}

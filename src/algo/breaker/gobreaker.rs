//! sony/gobreaker: consecutive counts, cleared at intervals; generations tell late results apart.

use super::{BreakerState, Refused, SECOND, at_least};

/// When a closed breaker opens, judged after each failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trip {
    /// More than this many failures in a row.
    ConsecutiveFailures(u32),
    /// This share of failures, in millionths, or more, among at least `requests` requests.
    Share {
        /// Fewest requests to judge by.
        requests: u32,
        /// Millionths of them that failed.
        ppm: u32,
    },
}

/// The settings of gobreaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoConfig {
    /// Calls let through while half-open, and successes in a row that close it.
    pub max_requests: u32,
    /// Microseconds after which a closed breaker forgets its counts; 0 is never.
    pub interval: u64,
    /// Microseconds it stays open.
    pub timeout: u64,
    /// When it opens.
    pub trip: Trip,
}

impl Default for GoConfig {
    fn default() -> Self {
        let trip = Trip::ConsecutiveFailures(5);
        GoConfig { max_requests: 1, interval: 0, timeout: 60 * SECOND, trip }
    }
}

/// What one generation has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counts {
    /// Calls let through.
    pub requests: u32,
    /// Those that succeeded.
    pub successes: u32,
    /// Those that failed.
    pub failures: u32,
    /// Successes since the last failure.
    pub consecutive_successes: u32,
    /// Failures since the last success.
    pub consecutive_failures: u32,
}

/// A breaker of the kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoBreaker {
    config: GoConfig,
    state: BreakerState,
    generation: u64,
    counts: Counts,
    /// When the generation ends by itself.
    expiry: Option<u64>,
    last_transition: Option<(BreakerState, BreakerState)>,
}

impl GoBreaker {
    /// A closed breaker at time `now`.
    pub fn new(config: GoConfig, now: u64) -> Self {
        let (counts, state) = (Counts::default(), BreakerState::Closed);
        let mut breaker =
            GoBreaker { config, state, generation: 0, counts, expiry: None, last_transition: None };
        breaker.next_generation(now);
        breaker
    }

    /// The state at `now`, after what the time alone changes.
    pub fn state(&mut self, now: u64) -> BreakerState {
        if self.expiry.is_some_and(|expiry| expiry <= now) {
            match self.state {
                BreakerState::Closed => self.next_generation(now),
                BreakerState::Open => self.turn(BreakerState::HalfOpen, now),
                BreakerState::HalfOpen => {}
            }
        }
        self.state
    }

    /// What the current generation has counted.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The last change of state: (from, to).
    pub fn last_transition(&self) -> Option<(BreakerState, BreakerState)> {
        self.last_transition
    }

    /// Asks to make a call; the generation is to be handed back with its result.
    pub fn before(&mut self, now: u64) -> Result<u64, Refused> {
        match self.state(now) {
            BreakerState::Open => return Err(Refused),
            BreakerState::HalfOpen if self.counts.requests >= self.config.max_requests => {
                return Err(Refused);
            }
            _ => {}
        }
        self.counts.requests += 1;
        Ok(self.generation)
    }

    /// Reports the result of a call; one of an older generation is ignored.
    pub fn after(&mut self, now: u64, generation: u64, success: bool) {
        let state = self.state(now);
        if generation != self.generation {
            return;
        }
        let counts = &mut self.counts;
        if success {
            counts.successes += 1;
            counts.consecutive_successes += 1;
            counts.consecutive_failures = 0;
            let enough = counts.consecutive_successes >= self.config.max_requests;
            if state == BreakerState::HalfOpen && enough {
                self.turn(BreakerState::Closed, now);
            }
            return;
        }
        counts.failures += 1;
        counts.consecutive_failures += 1;
        counts.consecutive_successes = 0;
        if state == BreakerState::HalfOpen || self.trips() {
            self.turn(BreakerState::Open, now);
        }
    }

    fn trips(&self) -> bool {
        let counts = self.counts;
        match self.config.trip {
            Trip::ConsecutiveFailures(limit) => counts.consecutive_failures > limit,
            Trip::Share { requests, ppm } => {
                counts.requests >= requests
                    && at_least(counts.failures.into(), counts.requests.into(), ppm)
            }
        }
    }

    fn turn(&mut self, state: BreakerState, now: u64) {
        self.last_transition = Some((self.state, state));
        self.state = state;
        self.next_generation(now);
    }

    fn next_generation(&mut self, now: u64) {
        self.generation += 1;
        self.counts = Counts::default();
        self.expiry = match self.state {
            BreakerState::Closed if self.config.interval > 0 => {
                Some(now.saturating_add(self.config.interval))
            }
            BreakerState::Open => Some(now.saturating_add(self.config.timeout)),
            _ => None,
        };
    }
}

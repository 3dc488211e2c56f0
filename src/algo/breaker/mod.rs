//! Circuit breakers as three libraries keep them: same idea, different windows, different curves.
//!
//! All are pure: the caller gives the time of every step, in microseconds. Permission and result
//! are separate steps, as a call may take long and end after the state has changed.
mod gobreaker;
mod polly;
mod resilience4j;

pub use gobreaker::{Counts, GoBreaker, GoConfig, Trip};
pub use polly::{Polly, PollyConfig};
pub use resilience4j::{Metrics, R4j, R4jConfig, RateVerdict, RateWindow, Snapshot};

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BreakerState {
    /// Calls pass and are counted.
    #[default]
    Closed,
    /// Calls are refused.
    Open,
    /// A few calls probe whether the callee has recovered.
    HalfOpen,
}

/// The breaker refuses a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// One second in microseconds.
pub const SECOND: u64 = 1_000_000;

/// True if `part` of `whole` is at least `ppm` millionths.
fn at_least(part: u64, whole: u64, ppm: u32) -> bool {
    u128::from(part) * 1_000_000 >= u128::from(whole) * u128::from(ppm)
}

#[cfg(test)]
mod tests;

//! Counter-based randomness: a draw is a pure function of (seed, stream, k). Nothing is drawn
//! "next", so an intervention on one link leaves every other draw alone.

/// What a draw is for; part of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The `k`-th message of a link; sub-draws by `Purpose`.
    Link { from: u16, to: u16 },
    /// A node's own choices.
    Node(u16),
    /// A node's timer durations.
    Timer(u16),
    /// A client's workload and routing.
    Client(u16),
    /// A node's disk.
    Disk(u16),
    /// Initial conditions: clock offsets and drifts.
    Boot(u16),
    /// Fault schedules of fuzz runs.
    Nemesis,
}

impl Stream {
    fn address(self) -> u64 {
        let (tag, a, b) = match self {
            Stream::Link { from, to } => (1, from, to),
            Stream::Node(n) => (2, n, 0),
            Stream::Timer(n) => (3, n, 0),
            Stream::Client(n) => (4, n, 0),
            Stream::Disk(n) => (5, n, 0),
            Stream::Boot(n) => (6, n, 0),
            Stream::Nemesis => (7, 0, 0),
        };
        tag << 32 | u64::from(a) << 16 | u64::from(b)
    }
}

/// splitmix64's finaliser: every input bit reaches every output bit.
fn mix(mut x: u64) -> u64 {
    x ^= x >> 30;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 27;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// The `k`-th draw of a stream.
pub fn draw(seed: u64, stream: Stream, k: u64) -> u64 {
    let a = mix(seed.wrapping_add(0x9e37_79b9_7f4a_7c15));
    let b = mix(a ^ stream.address().wrapping_mul(0xd6e8_feb8_6659_fd93));
    mix(b.wrapping_add(k.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// Scales a draw to `0..n` (multiply-shift; the bias is below 2^-32 for every n here).
pub fn below(draw: u64, n: u64) -> u64 {
    ((u128::from(draw) * u128::from(n)) >> 64) as u64
}

/// Scales a draw to `low..=high`; `low` if they are the wrong way round.
pub fn between(draw: u64, low: u64, high: u64) -> u64 {
    if high <= low { low } else { low + below(draw, high - low + 1) }
}

/// Is a draw within the first `ppm` of a million?
pub fn chance(draw: u64, ppm: u32) -> bool {
    below(draw, 1_000_000) < u64::from(ppm)
}

/// `-log2(u)` for `u = (draw + 1) / 2^64`, in 16.16 fixed point: the inverse CDF of the
/// exponential distribution up to the factor ln 2. Squaring bit by bit, so no floating point.
fn minus_log2(draw: u64) -> u64 {
    let x = draw.saturating_add(1);
    let whole = u64::from(x.leading_zeros());
    let mut m = x << whole; // 1.63 fixed point in [1, 2)
    let mut fraction = 0u64;
    for bit in (0..16).rev() {
        let square = u128::from(m) * u128::from(m);
        if square >> 127 == 1 {
            fraction |= 1 << bit;
            m = (square >> 64) as u64;
        } else {
            m = (square >> 63) as u64;
        }
    }
    ((whole + 1) << 16) - fraction
}

/// `2^x` for `x` in 16.16 fixed point, as 32.32 fixed point; saturates above 2^31.
fn exp2(x: u64) -> u64 {
    // 2^(1/2), 2^(1/4), ... as 1.63 fixed point.
    const ROOTS: [u64; 16] = roots();
    let whole = x >> 16;
    if whole >= 31 {
        return 1 << 63;
    }
    let mut m = 1u64 << 63;
    for (i, root) in ROOTS.iter().enumerate() {
        if x >> (15 - i) & 1 == 1 {
            m = ((u128::from(m) * u128::from(*root)) >> 63) as u64;
        }
    }
    m >> (31 - whole)
}

const fn roots() -> [u64; 16] {
    let mut table = [0u64; 16];
    let mut square: u128 = 1 << 64; // 2 as 1.63
    let mut i = 0;
    while i < 16 {
        let root = isqrt(square << 63);
        table[i] = root as u64;
        square = root;
        i += 1;
    }
    table
}

const fn isqrt(n: u128) -> u128 {
    let mut low = 0u128;
    let mut high = 1u128 << 64;
    while low + 1 < high {
        let mid = (low + high) / 2;
        if mid * mid <= n {
            low = mid;
        } else {
            high = mid;
        }
    }
    low
}

/// Exponentially distributed with this mean, in the mean's unit.
pub fn exponential(draw: u64, mean: u64) -> u64 {
    const LN2: u64 = 45_426; // ln 2 in 16.16
    ((u128::from(minus_log2(draw)) * u128::from(LN2) * u128::from(mean)) >> 32) as u64
}

/// Pareto distributed with minimum `low` and shape `alpha` in thousandths (at least 1.0, so that
/// the mean exists); cut off at 2^31 times `low`.
pub fn pareto(draw: u64, low: u64, alpha_milli: u64) -> u64 {
    let x = minus_log2(draw) * 1000 / alpha_milli.max(1000);
    ((u128::from(exp2(x)) * u128::from(low)) >> 32) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_pinned_forever() {
        assert_eq!(draw(7, Stream::Node(1), 0), 5_964_788_160_319_991_556);
    }

    #[test]
    fn streams_and_counters_differ() {
        let a = draw(7, Stream::Node(1), 0);
        assert_ne!(a, draw(7, Stream::Node(1), 1));
        assert_ne!(a, draw(7, Stream::Timer(1), 0));
        assert_ne!(a, draw(8, Stream::Node(1), 0));
        let link = |from, to| draw(7, Stream::Link { from, to }, 0);
        assert_ne!(link(1, 2), link(2, 1));
    }

    /// Mean and spread against the textbook values.
    #[test]
    fn distributions_have_their_moments() {
        let n = 100_000u64;
        let all: Vec<u64> = (0..n).map(|k| draw(1, Stream::Node(0), k)).collect();
        let mean = all.iter().map(|d| exponential(*d, 10_000)).sum::<u64>() / n;
        assert!((9_900..10_100).contains(&mean), "{mean}");
        let tail = all.iter().filter(|d| exponential(**d, 10_000) > 23_026).count();
        assert!((9_700..10_300).contains(&tail), "P(X > mean ln 10) is a tenth, got {tail}");
        let mean = all.iter().map(|d| pareto(*d, 1_000, 3_000)).sum::<u64>() / n;
        assert!((1_480..1_520).contains(&mean), "alpha = 3 has mean 1.5 low, got {mean}");
        let tail = all.iter().filter(|d| pareto(**d, 1_000, 2_000) > 10_000).count();
        assert!((900..1_100).contains(&tail), "P(X > 10 low) is 1/100 at alpha = 2, got {tail}");
        let ones = all.iter().filter(|d| chance(**d, 250_000)).count();
        assert!((24_500..25_500).contains(&ones), "{ones}");
    }
}

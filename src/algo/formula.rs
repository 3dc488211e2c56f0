//! Closed-form numbers, exact: staleness of partial quorums, messages of OM(m) and of PBFT.

/// Largest number of replicas in [`stale`]: binomial coefficients stay below 2^62.
pub const MAX_REPLICAS: u32 = 60;

/// An exact probability, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// Numerator.
    pub over: u64,
    /// Denominator, not 0.
    pub under: u64,
}

/// C(n, k), for n up to [`MAX_REPLICAS`].
fn choose(n: u32, k: u32) -> u64 {
    if k > n {
        return 0;
    }
    let k = k.min(n - k);
    (0..u128::from(k)).fold(1u128, |c, i| c * (u128::from(n) - i) / (i + 1)) as u64
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The probability that a read quorum of `r` misses a write quorum of `w` among `n` replicas:
/// C(n - w, r) / C(n, r) (Bailis et al., VLDB 2012, equation 1). None unless 1 <= r, w <= n <=
/// [`MAX_REPLICAS`].
pub fn stale(n: u32, r: u32, w: u32) -> Option<Ratio> {
    if n > MAX_REPLICAS || !(1..=n).contains(&r) || !(1..=n).contains(&w) {
        return None;
    }
    let (over, under) = (choose(n - w, r), choose(n, r));
    let common = gcd(over, under).max(1);
    Some(Ratio { over: over / common, under: under / common })
}

/// A whole number of any size, least significant limb first, no leading zero limb.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Natural(Vec<u64>);

impl Natural {
    fn power(base: u64, exponent: u32) -> Self {
        (0..exponent).fold(Natural(vec![1]), |n, _| n.times(base))
    }

    fn times(&self, factor: u64) -> Self {
        let mut carry = 0u128;
        let mut limbs: Vec<u64> = Vec::with_capacity(self.0.len() + 1);
        for limb in &self.0 {
            carry += u128::from(*limb) * u128::from(factor);
            limbs.push(carry as u64);
            carry >>= 64;
        }
        limbs.push(carry as u64);
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        Natural(limbs)
    }

    fn plus(&self, other: &Self) -> Self {
        let length = self.0.len().max(other.0.len()) + 1;
        let at = |n: &Self, i: usize| u128::from(n.0.get(i).copied().unwrap_or(0));
        let mut carry = 0u128;
        let mut limbs: Vec<u64> = Vec::with_capacity(length);
        for i in 0..length {
            carry += at(self, i) + at(other, i);
            limbs.push(carry as u64);
            carry >>= 64;
        }
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        Natural(limbs)
    }

    fn at_most(&self, other: &Self) -> bool {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev())).is_le()
    }
}

impl Ratio {
    /// This to the power of `k`, in millionths, rounded to nearest, halves up.
    pub fn power_in_millionths(self, k: u32) -> u64 {
        // The largest q with (2q - 1) * under^k <= 2 * 10^6 * over^k.
        let (over, under) = (Natural::power(self.over, k), Natural::power(self.under, k));
        let limit = over.times(2_000_000).plus(&under);
        let fits = |q: u64| under.times(2 * q).at_most(&limit);
        let (mut low, mut high) = (0, 1_000_001);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if fits(middle) { low = middle } else { high = middle }
        }
        low
    }

    /// The probability that a read is within `k` versions of the newest, `1 - p^k` where this is
    /// p, in millionths (equation 2).
    pub fn within_in_millionths(self, k: u32) -> u64 {
        1_000_000 - self.power_in_millionths(k)
    }
}

/// Messages of the oral-message algorithm OM(m) among n generals, the commander included:
/// (n - 1) + (n - 1) * messages(n - 1, m - 1) (Lamport, Shostak, Pease 1982). None if m is not
/// below n, or the number is beyond u128.
pub fn om_messages(n: u64, m: u64) -> Option<u128> {
    if m >= n {
        return None;
    }
    // The recursion unrolled from the inside: the innermost group has n - m generals.
    let mut messages = u128::from(n - m - 1);
    for generals in n - m + 1..=n {
        let others = u128::from(generals - 1);
        messages = others.checked_add(others.checked_mul(messages)?)?;
    }
    Some(messages)
}

/// Theorem 1 of the same paper: OM(m) reaches agreement among n generals with m traitors.
pub fn om_tolerates(n: u64, m: u64) -> bool {
    u128::from(n) > 3 * u128::from(m)
}

/// Messages of one PBFT request in the normal case, without the client's (Castro & Liskov 1999).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pbft {
    /// Replicas, 3f + 1.
    pub n: u64,
    /// From the primary to each backup.
    pub pre_prepare: u64,
    /// From each backup to all others.
    pub prepare: u64,
    /// From each replica to all others.
    pub commit: u64,
}

/// The message counts for f faulty replicas; none if f is above a million.
pub fn pbft(f: u64) -> Option<Pbft> {
    let n = 3 * Some(f).filter(|f| *f <= 1_000_000)? + 1;
    Some(Pbft { n, pre_prepare: n - 1, prepare: (n - 1) * (n - 1), commit: n * (n - 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_three_replicas_is_stale_in_two_thirds() {
        let p = stale(3, 1, 1).unwrap();
        assert_eq!(p, Ratio { over: 2, under: 3 });
        assert_eq!((p.power_in_millionths(1), p.within_in_millionths(10)), (666_667, 982_658));
        assert_eq!(stale(3, 4, 1), None);
        assert_eq!(stale(61, 1, 1), None);
    }

    #[test]
    fn overlapping_quorums_are_never_stale() {
        for n in 1..=20 {
            for (r, w) in (1..=n).flat_map(|r| (1..=n).map(move |w| (r, w))) {
                let p = stale(n, r, w).unwrap();
                assert_eq!(p.over == 0, r + w > n, "N={n} R={r} W={w}");
                assert_eq!(
                    p.within_in_millionths(3) == 1_000_000,
                    r + w > n || p.power_in_millionths(3) == 0
                );
            }
        }
    }

    /// Counts the quorums themselves.
    #[test]
    fn the_formula_counts_quorums() {
        for n in 1..=9u32 {
            for (r, w) in (1..=n).flat_map(|r| (1..=n).map(move |w| (r, w))) {
                let quorums = (0u32..1 << n).filter(|q| q.count_ones() == r);
                let misses = quorums.clone().filter(|q| q & ((1 << w) - 1) == 0).count() as u64;
                let p = stale(n, r, w).unwrap();
                assert_eq!(p.over * quorums.count() as u64, p.under * misses);
            }
        }
    }

    #[test]
    fn rounding_is_to_nearest() {
        let half = Ratio { over: 1, under: 2_000_000 };
        assert_eq!(half.power_in_millionths(1), 1);
        assert_eq!(Ratio { over: 1, under: 2_000_001 }.power_in_millionths(1), 0);
        assert_eq!(Ratio { over: 1, under: 1 }.power_in_millionths(1000), 1_000_000);
        assert_eq!(
            Ratio { over: u64::MAX - 1, under: u64::MAX }.power_in_millionths(90),
            1_000_000
        );
    }

    #[test]
    fn om_sends_what_the_recursion_says() {
        fn recursion(n: u64, m: u64) -> u128 {
            let others = u128::from(n - 1);
            if m == 0 { others } else { others + others * recursion(n - 1, m - 1) }
        }
        for (n, m) in (1..12).flat_map(|n| (0..n).map(move |m| (n, m))) {
            assert_eq!(om_messages(n, m), Some(recursion(n, m)));
        }
        assert_eq!(om_messages(10, 3), Some(3609));
        assert_eq!((om_messages(3, 3), om_messages(u64::MAX, 9)), (None, None));
        assert!(om_tolerates(4, 1) && !om_tolerates(3, 1));
    }
}

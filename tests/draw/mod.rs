//! Random draws, and what came of them.

use happened_before::check::history::HistoryVerdict;
use happened_before::core::sorted::SortedMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// A stream of random numbers (SplitMix64).
pub struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// The draws of a test and how many cases it has: `daily` of them, the same each time, or as many
/// as `PROPTEST_CASES` says, from `PROPTEST_RNG_SEED` or from the time.
pub fn cases(what: &str, daily: usize) -> (Draw, usize) {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let many = number("PROPTEST_CASES").map(|n| n as usize);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(7, |t| t.as_nanos() as u64);
    let seed = number("PROPTEST_RNG_SEED").unwrap_or(if many.is_some() { now } else { 7 });
    println!("{what}: PROPTEST_RNG_SEED={seed}");
    (Draw(seed), many.unwrap_or(daily).max(daily))
}

/// What was counted.
#[derive(Default)]
pub struct Tally {
    /// Verdicts by level: legal, illegal, undecided.
    levels: SortedMap<&'static str, [usize; 3]>,
    /// Histories at some but not all levels.
    pub mixed: usize,
}

impl Tally {
    /// Counts a verdict, which has to be the expected one.
    pub fn add(
        &mut self,
        level: &'static str,
        verdict: &HistoryVerdict,
        expected: bool,
        history: &dyn Fn() -> String,
    ) {
        let name = if expected { "ok" } else { "illegal" };
        assert_eq!(verdict.name(), name, "{level}: {verdict:?}\nof {}", history());
        self.levels.entry(level).or_default()[usize::from(!expected)] += 1;
    }

    /// Counts a verdict that may stay open, for the stated reason.
    #[allow(dead_code, reason = "one of the two programs that share this asks for it")]
    pub fn open(&mut self, level: &'static str) {
        self.levels.entry(level).or_default()[2] += 1;
    }

    /// What a stronger level allows a weaker one allows; what a weaker one refutes a stronger one
    /// refutes.
    pub fn laws(
        &self,
        pairs: &[(&'static str, &'static str)],
        verdicts: &SortedMap<&str, &HistoryVerdict>,
        history: &dyn Fn() -> String,
    ) {
        for (strong, weak) in pairs {
            let (Some(s), Some(w)) = (verdicts.get(strong), verdicts.get(weak)) else { continue };
            let broken = s.name() == "ok" && w.name() != "ok"
                || w.name() == "illegal" && s.name() != "illegal";
            assert!(!broken, "{strong} is {}, {weak} is {}: {}", s.name(), w.name(), history());
        }
    }

    /// Prints what was counted.
    pub fn tell(&self, histories: usize) {
        let sum = |i: usize| self.levels.values().map(|n| n[i]).sum::<usize>();
        let [ok, illegal, open] = [0, 1, 2].map(sum);
        println!(
            "{histories} histories at {} levels: {} decided ({ok} ok, {illegal} illegal), {open} \
             open for a stated reason, 0 disagreements",
            self.levels.len(),
            ok + illegal
        );
        for (level, [ok, illegal, open]) in &self.levels {
            println!("  {level}: {ok} ok, {illegal} illegal, {open} open");
        }
    }

    /// Both verdicts have been seen that often.
    pub fn both_ways(&self, level: &str, least: usize) {
        let [ok, illegal, _] = self.levels.get(level).copied().unwrap_or_default();
        assert!(ok >= least && illegal >= least, "{level}: {ok} ok, {illegal} illegal");
    }
}

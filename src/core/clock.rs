//! A node's own clock: a function of true time that can be off, drift, step and stand still.

use super::action::ClockChange;

/// A clock, in microseconds. Rates are whole parts per million, so native and wasm agree exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Clock {
    base_true: u64,
    base_local: i64,
    ppm: i32,
    frozen: bool,
}

const MILLION: i128 = 1_000_000;

impl Clock {
    /// A clock that starts `offset` microseconds off and runs `ppm` fast.
    pub fn new(offset: i64, ppm: i32) -> Self {
        Clock { base_true: 0, base_local: offset, ppm, frozen: false }
    }

    /// What it shows at a true time.
    pub fn local(&self, now: u64) -> i64 {
        if self.frozen {
            return self.base_local;
        }
        let passed = i128::from(now.saturating_sub(self.base_true));
        self.base_local + (passed * (MILLION + i128::from(self.ppm)) / MILLION) as i64
    }

    /// The first true time at which it shows `local` or more; `None` if it stands still before.
    pub fn when(&self, local: i64) -> Option<u64> {
        let wait = i128::from(local) - i128::from(self.base_local);
        if wait <= 0 {
            return Some(self.base_true);
        }
        if self.frozen {
            return None;
        }
        let rate = MILLION + i128::from(self.ppm);
        Some(self.base_true + ((wait * MILLION + rate - 1) / rate) as u64)
    }

    /// Minus true time.
    pub fn skew(&self, now: u64) -> i64 {
        self.local(now) - now as i64
    }

    /// Parts per million above true time's rate.
    pub fn drift(&self) -> i32 {
        self.ppm
    }

    fn rebase(&mut self, now: u64) {
        self.base_local = self.local(now);
        self.base_true = now;
    }

    /// Steps it.
    pub fn step(&mut self, now: u64, by: i64) {
        self.rebase(now);
        self.base_local = self.base_local.saturating_add(by);
    }

    /// Changes its rate from now on.
    pub fn set_drift(&mut self, now: u64, ppm: i32) {
        self.rebase(now);
        // A rate of zero or less would be a frozen clock or one that runs backwards.
        self.ppm = ppm.clamp(-900_000, 9_000_000);
    }

    /// Changes it as somebody wishes.
    pub fn change(&mut self, now: u64, change: &ClockChange) {
        match *change {
            ClockChange::Step(by) => self.step(now, by),
            ClockChange::Drift(ppm) => self.set_drift(now, ppm),
            ClockChange::Freeze(on) => self.freeze(now, on),
        }
    }

    /// Stops it or lets it go on.
    pub fn freeze(&mut self, now: u64, frozen: bool) {
        self.rebase(now);
        self.frozen = frozen;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_is_the_first_moment_that_shows_the_time() {
        for ppm in [-300_000, -7, 0, 1, 200_000] {
            let clock = Clock::new(-500, ppm);
            for target in [0, 1, 999, 1_000_000, 123_456_789] {
                let t = clock.when(target).unwrap();
                assert!(clock.local(t) >= target, "{ppm} {target}");
                assert!(t == 0 || clock.local(t - 1) < target, "{ppm} {target}");
            }
        }
    }

    #[test]
    fn changes_take_hold_from_now_on() {
        let mut c = Clock::new(0, 0);
        c.step(1_000, 50);
        assert_eq!((c.local(1_000), c.skew(2_000)), (1_050, 50));
        c.set_drift(2_000, 100_000);
        assert_eq!(c.local(3_000), 2_050 + 1_100);
        c.freeze(3_000, true);
        assert_eq!((c.local(9_000), c.when(4_000)), (3_150, None));
        c.freeze(9_000, false);
        assert_eq!(c.local(10_000), 3_150 + 1_100);
    }
}

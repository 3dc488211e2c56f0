//! Lamport's clock (Lamport 1978, "Time, Clocks, and the Ordering of Events").

/// A counter that obeys the clock condition: if a happened before b then C(a) < C(b).
///
/// The converse does not hold: C(a) < C(b) says nothing of whether a happened before b.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LamportClock(pub u64);

impl LamportClock {
    /// IR1: counts one event and returns its timestamp.
    pub fn tick(&mut self) -> u64 {
        self.0 = self.0.saturating_add(1);
        self.0
    }

    /// IR2: counts the receipt of a message stamped `sent` and returns the receipt's timestamp.
    pub fn receive(&mut self, sent: u64) -> u64 {
        self.0 = self.0.max(sent);
        self.tick()
    }
}

//! Hybrid logical clocks (Kulkarni, Demirbas, Madappa, Avva, Leone 2014), with the bounds that
//! CockroachDB puts around them.

use serde::{Deserialize, Serialize};

/// Largest logical part; one more carries into the wall part.
pub const LOGICAL_MAX: u32 = i32::MAX as u32;

/// A hybrid timestamp, ordered by wall part, then logical part.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp {
    /// The largest physical time heard of (`l` in the paper), in the clock's unit.
    pub wall: u64,
    /// Events since the wall part last rose (`c` in the paper), at most [`LOGICAL_MAX`].
    pub logical: u32,
}

impl Timestamp {
    /// The timestamp (wall, logical).
    pub fn new(wall: u64, logical: u32) -> Self {
        Timestamp { wall, logical }
    }

    /// The smallest later timestamp; the largest of all stays.
    pub fn next(self) -> Self {
        if self.logical < LOGICAL_MAX {
            return Timestamp::new(self.wall, self.logical + 1);
        }
        self.wall.checked_add(1).map_or(self, |wall| Timestamp::new(wall, 0))
    }

    /// The largest earlier timestamp; none before (0, 0).
    pub fn prev(self) -> Option<Self> {
        match self.logical {
            0 => Some(Timestamp::new(self.wall.checked_sub(1)?, LOGICAL_MAX)),
            logical => Some(Timestamp::new(self.wall, logical - 1)),
        }
    }

    /// An earlier timestamp: one logical tick less, or one wall tick less with logical part 0.
    pub fn floor_prev(self) -> Option<Self> {
        match self.logical {
            0 => Some(Timestamp::new(self.wall.checked_sub(1)?, 0)),
            logical => Some(Timestamp::new(self.wall, logical - 1)),
        }
    }

    /// The next wall tick.
    pub fn wall_next(self) -> Self {
        Timestamp::new(self.wall.saturating_add(1), 0)
    }

    /// Moves up to `other` if that is later; true if it was.
    pub fn forward(&mut self, other: Self) -> bool {
        let later = *self < other;
        *self = (*self).max(other);
        later
    }

    /// Moves down to `other` if that is earlier.
    pub fn backward(&mut self, other: Self) {
        *self = (*self).min(other);
    }
}

/// A remote timestamp too far ahead of the local physical clock to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetError {
    /// How far the remote wall part is ahead.
    pub ahead: u64,
    /// How far it may be.
    pub max_offset: u64,
}

/// A node's hybrid logical clock. The physical time `pt` is given with each event.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Hlc {
    /// The timestamp of the last event.
    pub last: Timestamp,
}

impl Hlc {
    /// A send or local event: the physical time if it is ahead, and else one logical tick more.
    pub fn now(&mut self, pt: u64) -> Timestamp {
        self.last = if pt > self.last.wall { Timestamp::new(pt, 0) } else { self.last.next() };
        self.last
    }

    /// The receive event of a message stamped `message` (figure 5 of the paper).
    pub fn receive(&mut self, pt: u64, message: Timestamp) -> Timestamp {
        self.last.forward(message);
        self.now(pt)
    }

    /// Joins a remote timestamp without counting an event (CockroachDB's `Update`).
    pub fn update(&mut self, remote: Timestamp) {
        self.last.forward(remote);
    }

    /// [`Hlc::update`], unless `remote` is more than `max_offset` ahead of `pt`: then nothing
    /// changes, since one bad clock would drag all the others. A `max_offset` of 0 checks nothing.
    pub fn update_checked(
        &mut self,
        pt: u64,
        remote: Timestamp,
        max_offset: u64,
    ) -> Result<(), OffsetError> {
        let ahead = remote.wall.saturating_sub(pt);
        if max_offset > 0 && ahead > max_offset {
            return Err(OffsetError { ahead, max_offset });
        }
        self.update(remote);
        Ok(())
    }
}

/// True if the physical clock moved by `jump` between two readings and that is more than a node
/// may tolerate: half of `max_offset` or more. Backward jumps are always tolerated.
pub fn is_forward_jump(jump: i64, max_offset: u64) -> bool {
    u64::try_from(jump).is_ok_and(|jump| jump >= max_offset / 2 && jump > 0)
}

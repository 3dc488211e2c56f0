//! Copies of the world along a branch, to go on from: many where the cursor is, few far from it.

use crate::core::sorted::SortedMap;
use crate::core::trace::{Passage, Trace};
use crate::core::world::World;
use std::sync::Arc;

/// Steps between checkpoints: re-running this many costs far less than a frame.
pub const STRIDE: u64 = 256;
/// Checkpoints kept of a branch whose record has no limit; beyond that every second one goes.
const MOST: usize = 512;
/// Where there is a limit, the way between two checkpoints is this part of the way to the cursor,
const NEAR: u64 = 8;
/// or this part of all that has been seen of the run, if that is less.
const ALL: u64 = 32;

/// The world after a step.
pub struct Checkpoint {
    pub world: Box<World>,
    /// Entries of the journal it has seen.
    pub applied: usize,
    /// The messages on their way, if a record can begin here.
    pub flying: Option<Vec<Passage>>,
}

/// The checkpoints of a branch, by step. The first is at 0 and never goes.
#[derive(Clone)]
pub struct Checkpoints(SortedMap<u64, Arc<Checkpoint>>);

impl Checkpoints {
    /// One, of a world to which nothing has happened.
    pub fn new(world: &World) -> Self {
        let flying = Some(Vec::new());
        let start = Checkpoint { world: world.fork(), applied: 0, flying };
        Checkpoints(SortedMap::from([(0, Arc::new(start))]))
    }

    /// The first one.
    pub fn start(&self) -> Arc<Checkpoint> {
        self.0[&0].clone()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Those up to a step whose time is before another; and the first one.
    pub fn until(&self, step: u64, before: u64) -> Checkpoints {
        let sound = |(step, c): &(&u64, &Arc<Checkpoint>)| **step == 0 || c.world.now() < before;
        let all = self.0.range(..=step).filter(sound).map(|(s, c)| (*s, c.clone()));
        Checkpoints(all.collect())
    }

    /// The last for which something holds that holds for all before it.
    pub fn last(&self, holds: impl Fn(u64, &Checkpoint) -> bool) -> Option<(u64, Arc<Checkpoint>)> {
        let mut all = self.0.iter().rev();
        all.find(|(step, c)| holds(**step, c)).map(|(step, c)| (*step, c.clone()))
    }

    /// Adds the world at the cursor. Where the record has a limit, so has what is kept here.
    pub fn take(&mut self, world: &World, applied: usize, trace: &Trace, limit: bool) {
        let step = world.steps();
        // Only at the end of the record is known what is on its way.
        let begins = limit && trace.events.len() == step;
        let known = self.0.get(&step);
        if known.is_none_or(|c| begins && c.flying.is_none()) {
            let flying = begins.then(|| trace.flying());
            let fresh = Arc::new(Checkpoint { world: world.fork(), applied, flying });
            self.0.insert(step, fresh);
        }
        if limit {
            self.thin(step, trace.len(), NEAR, ALL);
        } else if self.0.len() > MOST {
            let mut keep = false;
            self.0.retain(|step, _| {
                keep = !keep;
                *step == 0 || keep
            });
        }
    }

    /// Leaves fewer the farther they are from the cursor.
    pub fn thin(&mut self, cursor: u64, reached: u64, near: u64, all: u64) {
        let stride = |steps: u64| steps.max(STRIDE).next_power_of_two();
        let wide = stride(reached / all.max(1));
        self.0.retain(|step, _| {
            step.is_multiple_of(wide) || step.is_multiple_of(stride(cursor.abs_diff(*step) / near))
        });
    }
}

//! On the way to another moment: in one go, or slice by slice while a page goes on painting.

use super::{Session, checkpoints::Checkpoint};
use crate::core::trace::{MOST_OPS, Trace};
use std::sync::Arc;

/// Roughly the bytes that a step takes in the record, with its message,
const STEP_BYTES: u64 = 240;
/// and how many more for each process.
const PROCESS_BYTES: u64 = 4;
/// Fewest steps kept on record.
const FEWEST: u64 = 1_024;
/// Steps on record before the moment one goes to, if they have to be computed again.
const LEAD: u64 = 512;
/// Checkpoints of branches that are not looked at, by their share of the branch.
const OTHERS: u64 = 8;

/// Where the cursor is on its way to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    /// A step, and a later time if nothing happens before it.
    Step { step: u64, time: u64 },
    /// A time.
    Time(u64),
}

/// A way that has not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    aim: Aim,
    /// Where it began, in steps or, if it leads to a time, in microseconds.
    from: u64,
    /// Where it leads, in the same unit.
    to: u64,
}

/// Lets go of what is too old, little at a time: what is freed in one go is a pause, and leaves the
/// heap in pieces.
pub fn keep(trace: &mut Trace, most: u64) {
    if trace.events.len() - trace.events.first() > most + FEWEST {
        trace.forget(most);
    }
    if trace.ops.len() > MOST_OPS + MOST_OPS / 16 {
        trace.forget_ops(MOST_OPS);
    }
}

impl Session {
    /// Sets a limit to the record, in bytes, roughly: of a longer run it holds the steps around the
    /// cursor. What it no longer holds is computed again when one goes there.
    pub fn bound(&mut self, bytes: u64) {
        let processes = self.world.view().nodes.len() as u64;
        let most = bytes / (STEP_BYTES + PROCESS_BYTES * processes);
        self.most = Some(most.max(FEWEST));
    }

    /// Leaves it to [`Session::slice`], or no longer, to go where [`Session::seek`] and all that
    /// moves the cursor far lead.
    pub fn set_gradual(&mut self, on: bool) {
        self.gradual = on;
    }

    /// Is the cursor on a way, and has not arrived?
    pub fn is_under_way(&self) -> bool {
        self.way.is_some()
    }

    /// Gives the way up, where the cursor is. What the record does not hold there stays so until
    /// one goes somewhere.
    pub fn halt(&mut self) {
        (self.way, self.gradual) = (None, false);
    }

    /// How far the way is done, in thousandths.
    pub fn done(&self) -> u64 {
        let Some(way) = self.way else { return 1_000 };
        let here = match way.aim {
            Aim::Step { .. } => self.cursor(),
            Aim::Time(_) => self.world.now(),
        };
        let all = u128::from(way.to.saturating_sub(way.from)).max(1);
        (u128::from(here.saturating_sub(way.from)) * 1_000 / all).min(1_000) as u64
    }

    /// A copy, which shares what both have in common.
    pub fn copy(&self) -> Session {
        Session {
            setup: self.setup.clone(),
            branches: self.branches.clone(),
            world: self.world.fork(),
            ..*self
        }
    }

    /// Goes to a step, back or forth; stops early where the run ends.
    pub fn seek(&mut self, step: u64) {
        self.seek_moment(step, 0);
    }

    /// Goes to a step and, if nothing happens before it, a later time.
    pub fn seek_moment(&mut self, step: u64, time: u64) {
        self.set_out(Aim::Step { step, time });
        self.settle();
    }

    /// Goes to a time.
    pub fn seek_time(&mut self, time: u64) {
        self.set_out(Aim::Time(time));
        self.settle();
    }

    fn settle(&mut self) {
        while !self.gradual && !self.slice(u64::MAX) {}
    }

    /// Goes on with the way, by so many steps at most; true once it has arrived.
    pub fn slice(&mut self, most: u64) -> bool {
        let Some(Way { aim, .. }) = self.way else { return true };
        for _ in 0..most {
            let more = match aim {
                Aim::Step { step, .. } => self.cursor() < step,
                Aim::Time(time) => self.next_at().is_some_and(|at| at <= time),
            };
            if more && self.advance().is_some() {
                continue;
            }
            self.way = None;
            self.time = self.world.now();
            let (Aim::Step { time, .. } | Aim::Time(time)) = aim;
            if time > self.time && self.next_at().is_none_or(|next| next > time) {
                self.time = time;
            }
            return true;
        }
        false
    }

    /// Puts the world where the way begins: at the cursor, or at a checkpoint.
    fn set_out(&mut self, aim: Aim) {
        let branch = &mut self.branches[self.current];
        let (events, here) = (&branch.trace.events, self.world.steps());
        let (first, end) = (events.first(), events.len());
        // The step aimed at, if the record tells it, and whether it is older than the record.
        let (target, old) = match aim {
            Aim::Step { step, .. } => (Some(step), step < first),
            Aim::Time(time) => {
                let old = first > 0 && events.get(first).is_none_or(|e| e.at > time);
                let known = branch.trace.step_at(time);
                ((!old && known < end).then_some(known), old)
            }
        };
        let sooner = |step: u64, c: &Checkpoint| match (target, aim) {
            (Some(target), _) => step <= target,
            (None, Aim::Time(time)) => c.world.now() <= time,
            (None, Aim::Step { .. }) => false,
        };
        let begins = |step: u64, c: &Checkpoint| sooner(step, c) && c.flying.is_some();
        let near = branch.checkpoints.last(sooner);
        let gap = old || near.as_ref().is_some_and(|(step, _)| *step > end);
        let from = if gap {
            let last = branch.checkpoints.last(begins).map_or(0, |(step, _)| step);
            let before = target.unwrap_or(last).saturating_sub(LEAD);
            branch.checkpoints.last(|step, c| step <= before && begins(step, c))
        } else {
            near
        };
        let (start, checkpoint): (u64, Arc<Checkpoint>) =
            from.unwrap_or_else(|| (0, branch.checkpoints.start()));
        let anew = gap && (old || start > end);
        let back = match aim {
            Aim::Step { step, .. } => step < here,
            Aim::Time(time) => time < self.world.now(),
        };
        if anew || back || start > here {
            (self.world, self.applied) = (checkpoint.world.fork(), checkpoint.applied);
        }
        if anew {
            let flying = checkpoint.flying.as_deref().unwrap_or_default();
            branch.trace.resume(start, checkpoint.world.now(), flying);
        }
        self.time = self.world.now();
        let (from, to) = match aim {
            Aim::Step { step, .. } => (self.cursor(), step),
            Aim::Time(time) => (self.world.now(), time),
        };
        self.way = Some(Way { aim, from, to });
    }

    /// Puts the cursor at the beginning of a branch.
    pub(super) fn put_at_start(&mut self, branch: usize) {
        self.current = branch;
        let start = self.branches[branch].checkpoints.start();
        (self.world, self.applied, self.time) = (start.world.fork(), start.applied, 0);
        self.way = None;
    }

    /// The branches that are not looked at have one record's room together.
    pub(super) fn share_out(&mut self) {
        let (Some(most), current) = (self.most, self.current) else { return };
        let each = most / self.branches.len().saturating_sub(1).max(1) as u64;
        for (_, branch) in self.branches.iter_mut().enumerate().filter(|(i, _)| *i != current) {
            branch.trace.forget(each);
            let end = branch.trace.len();
            branch.checkpoints.thin(end, end, 1, OTHERS);
        }
    }
}

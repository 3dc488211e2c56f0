//! The same search on several threads, with the same answers.
//!
//! A level is worked off in batches. Threads expand slices of a batch against the table as it was
//! when the batch began; their successors are then admitted in the order in which one thread would
//! have met them. Counts, depth and counter-examples therefore do not depend on the number of
//! threads.

use super::model::{Quantifier, StateMachine};
use super::report::{Keep, Progress, SearchOutcome};
use super::search::{Search, Tally, ample, identity, settles};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// States of one batch; a fixed number, so that bounds cut at the same place on any machine.
const BATCH: usize = 16 * 1024;
/// The same for states that are kept as paths because they are large.
const LARGE_BATCH: usize = 1024;
/// Below this a batch is not worth a thread.
const SMALL: usize = 512;
const LARGE_SMALL: usize = 32;
/// States between two looks at whether to stop: small ones that are expanded, and large ones that
/// are rebuilt.
const MANY: usize = 256;
const FEW: usize = 8;
/// Between two looks while other threads are still at work on large states.
const LOOK: Duration = Duration::from_micros(500);

/// A successor that was not in the table when its batch began.
struct Candidate<S> {
    print: u64,
    parent: u32,
    choice: u16,
    rule: usize,
    /// `None` where states are kept as paths.
    state: Option<S>,
}

/// What one thread found in its slice.
struct Yield<S> {
    candidates: Vec<Candidate<S>>,
    tally: Tally,
    found: Vec<Option<u32>>,
    /// States done; fewer than given if a violation ended it.
    done: usize,
    outcome: SearchOutcome,
}

impl<M> Search<M>
where
    M: StateMachine + Sync,
    M::State: Send + Sync,
    M::Action: Send + Sync,
{
    /// Runs on `threads` threads until `should_stop` (asked often) or the end.
    pub fn run_threads(
        &mut self,
        threads: usize,
        should_stop: &mut dyn FnMut() -> bool,
    ) -> Progress {
        while self.outcome == SearchOutcome::Running && !should_stop() {
            self.batch(threads.max(1), should_stop);
        }
        self.progress()
    }

    /// Works off a batch; if it is to stop, only the first states of it.
    fn batch(&mut self, threads: usize, should_stop: &mut dyn FnMut() -> bool) {
        let first = self.cursor;
        let (most, small) = match self.options.keep {
            Keep::States => (BATCH, SMALL),
            Keep::Paths => (LARGE_BATCH, LARGE_SMALL),
        };
        let size = most.min((self.level_end - first) as usize);
        let mut states = Vec::with_capacity(size);
        for nth in 0..size {
            if self.options.keep == Keep::Paths && nth % FEW == FEW - 1 && should_stop() {
                return self.put_back(states);
            }
            let Some(state) = self.pop() else {
                self.outcome = SearchOutcome::NotDeterministic;
                return;
            };
            states.push(state);
        }
        let share = if size < small { size } else { size.div_ceil(threads) };
        let mut done = 0;
        for part in self.share_out(&states, first, share.max(1), should_stop) {
            let all = share.min(size - done);
            done += part.done;
            let cut = part.done < all;
            self.merge(part);
            if self.outcome != SearchOutcome::Running {
                return;
            }
            if cut {
                return self.put_back(states.split_off(done));
            }
        }
        self.weigh();
        self.settle();
    }

    /// Expands states, so many on each thread. This one is the only one that asks whether to stop.
    fn share_out(
        &self,
        states: &[M::State],
        first: u32,
        share: usize,
        should_stop: &mut dyn FnMut() -> bool,
    ) -> Vec<Yield<M::State>> {
        let stopped = &AtomicBool::new(false);
        let mut ask = || {
            stopped.fetch_or(should_stop(), Ordering::Relaxed);
            stopped.load(Ordering::Relaxed)
        };
        let (own, others) = states.split_at(share.min(states.len()));
        let others = others.chunks(share).zip((first..).step_by(share).skip(1));
        std::thread::scope(|scope| {
            let work = others.map(|(slice, at)| {
                scope.spawn(move || self.slice(slice, at, &mut || stopped.load(Ordering::Relaxed)))
            });
            let workers: Vec<_> = work.collect();
            let mut all = vec![self.slice(own, first, &mut ask)];
            if self.options.keep == Keep::Paths {
                while workers.iter().any(|w| !w.is_finished()) {
                    ask();
                    std::thread::sleep(LOOK);
                }
            }
            for worker in workers {
                all.push(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            all
        })
    }

    /// Puts states back that have been taken out last.
    fn put_back(&mut self, states: Vec<M::State>) {
        self.cursor -= states.len() as u32;
        if self.options.keep == Keep::States {
            states.into_iter().rev().for_each(|state| self.queue_first(state));
        }
    }

    fn slice(
        &self,
        states: &[M::State],
        first: u32,
        should_stop: &mut dyn FnMut() -> bool,
    ) -> Yield<M::State> {
        let mut out = Yield {
            candidates: Vec::new(),
            tally: Tally { taken: vec![0; self.tally.taken.len()], ..Tally::default() },
            found: vec![None; self.found.len()],
            done: 0,
            outcome: SearchOutcome::Running,
        };
        let expand = self.depth < self.bounds.max_depth;
        let mut actions = Vec::new();
        let few = if self.options.keep == Keep::Paths { 1 } else { MANY };
        for (index, state) in (first..).zip(states) {
            if out.done % few == few - 1 && should_stop() {
                break;
            }
            let violated = self.judge_into(state, index, &mut out.found);
            out.done += 1;
            if violated && !self.options.all_violations {
                out.outcome = SearchOutcome::Violated;
                break;
            }
            if expand {
                self.expand_into(state, index, &mut actions, &mut out);
            }
        }
        out
    }

    fn judge_into(&self, state: &M::State, index: u32, found: &mut [Option<u32>]) -> bool {
        let mut violated = false;
        for (i, property) in self.properties.iter().enumerate() {
            let open = self.found[i].is_none() && found[i].is_none();
            if open && settles(&self.model, property, state) {
                found[i] = Some(index);
                violated |= property.kind == Quantifier::Always;
            }
        }
        violated
    }

    fn expand_into(
        &self,
        state: &M::State,
        parent: u32,
        actions: &mut Vec<M::Action>,
        out: &mut Yield<M::State>,
    ) {
        actions.clear();
        self.model.actions(state, actions);
        if actions.len() > usize::from(u16::MAX) {
            out.outcome = SearchOutcome::TooWide;
            return;
        }
        let alone = ample(&self.model, &self.options, &self.seen, state, actions);
        let range = alone.map_or(0..actions.len(), |i| i..i + 1);
        let before = out.tally.generated;
        for choice in range {
            let action = &actions[choice];
            let Some(next) = self.model.next(state, action) else { continue };
            let rule = self.model.rule(action);
            out.tally.generated += 1;
            out.tally.taken[rule] += 1;
            if !self.model.within(&next) {
                continue;
            }
            let print = identity(&self.model, &self.options, &next);
            if !self.seen.contains(print) {
                let choice = choice as u16;
                let state = (self.options.keep == Keep::States).then_some(next);
                out.candidates.push(Candidate { print, parent, choice, rule, state });
            }
        }
        out.tally.terminal += u64::from(out.tally.generated == before);
    }

    fn merge(&mut self, part: Yield<M::State>) {
        self.tally.generated += part.tally.generated;
        self.tally.terminal += part.tally.terminal;
        for (sum, n) in self.tally.taken.iter_mut().zip(&part.tally.taken) {
            *sum += n;
        }
        for (found, at) in self.found.iter_mut().zip(part.found) {
            *found = found.or(at);
        }
        let most = self.bounds.max_states;
        for c in part.candidates {
            if self.seen.len() >= most {
                self.outcome = SearchOutcome::MaxStates;
                return;
            }
            if self.admit(c.print, c.parent, c.choice, c.state) {
                self.count_fresh(c.rule);
            }
        }
        self.cut |= self.depth >= self.bounds.max_depth && part.done > 0;
        if part.outcome != SearchOutcome::Running {
            self.outcome = part.outcome;
        }
    }
}

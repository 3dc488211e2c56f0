//! Fault schedules, seed after seed.

use super::News;
use crate::check::fuzz::{Broken, FuzzOutcome, FuzzRun, FuzzTarget};
use std::sync::Arc;

/// Steps between two looks at the clock.
const FEW: u64 = 64;

/// The runs of every n-th seed.
pub struct Campaign {
    target: Arc<FuzzTarget>,
    property: Option<&'static str>,
    next: u64,
    stride: u64,
    last: u64,
    run: Option<(u64, FuzzRun)>,
    runs: u64,
    steps: u64,
    unrecovered: Vec<u64>,
}

impl Campaign {
    /// Seeds from `first` up to `last`, which is left out.
    pub fn new(
        target: Arc<FuzzTarget>,
        property: Option<&'static str>,
        first: u64,
        stride: u64,
        last: u64,
    ) -> Campaign {
        let (run, unrecovered) = (None, Vec::new());
        let stride = stride.max(1);
        Campaign {
            target,
            property,
            next: first,
            stride,
            last,
            run,
            runs: 0,
            steps: 0,
            unrecovered,
        }
    }

    /// All seeds have been tried.
    pub fn is_over(&self) -> bool {
        self.run.is_none() && self.next >= self.last
    }

    /// No more seeds.
    pub fn end(&mut self) {
        self.last = self.next;
    }

    /// Goes on while `again` says so; the run that breaks the property ends it.
    pub fn slice(
        &mut self,
        again: &mut dyn FnMut() -> bool,
    ) -> Result<Option<(u64, FuzzOutcome, Broken)>, String> {
        while again() && !self.is_over() {
            let (seed, mut run) = match self.run.take() {
                Some(run) => run,
                None => {
                    let seed = self.next;
                    self.next = seed.saturating_add(self.stride);
                    (seed, FuzzRun::new(self.target.clone(), seed)?)
                }
            };
            let over = run.slice(FEW);
            let wanted = |b: &&Broken| self.property.is_none_or(|p| p == b.property);
            let broken = run.broken().iter().find(wanted).copied();
            if broken.is_none() && !over {
                self.run = Some((seed, run));
                continue;
            }
            let outcome = run.outcome();
            self.runs += 1;
            self.steps += outcome.steps;
            if outcome.converged == Some(false) {
                self.unrecovered.push(seed);
            }
            if let Some(broken) = broken {
                return Ok(Some((seed, outcome, broken)));
            }
        }
        Ok(None)
    }

    pub(super) fn tell(&self, news: &mut News) {
        (news.runs, news.steps) = (self.runs, self.steps);
        news.unrecovered = self.unrecovered.len() as u64;
        news.unrecovered_seed = self.unrecovered.first().copied();
    }
}

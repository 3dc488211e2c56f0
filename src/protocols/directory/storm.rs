//! The load of the directory, as an observer sees it: is it still above capacity though what set it
//! off is over?

use super::control::cost;
use super::{Directory, ServerPlan, ServerRole, State};
use crate::core::protocol::Seen;
use crate::core::view::Fact;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

/// The load is that of this long, in microseconds.
const WINDOW: u64 = 1_000_000;

/// What is known of the load.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadStorm {
    /// Work asked for: when, and how much, microseconds.
    asked: VecDeque<(u64, u64)>,
    /// Work asked for within the window.
    work: u64,
    /// Since when it is more than can be done.
    over: Option<u64>,
    /// All servers have been up.
    started: bool,
    /// Since when a server is down or a link cut.
    trouble: Option<u64>,
    /// The last trouble: for how long, and when it ended.
    last: Option<(u64, u64)>,
    /// Answers in a row, since then, that nobody waited for any more.
    pub late: u32,
    /// Those who ask.
    pub askers: u32,
    now: u64,
}

// What depends on time is left out of searches.
impl Hash for LoadStorm {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (self.started, self.trouble.is_some(), self.last.is_some(), self.late.min(2 * self.askers))
            .hash(h);
    }
}

impl LoadStorm {
    pub(super) fn see(&mut self, seen: &Seen<Directory>) {
        self.now = seen.now;
        let plan = ServerPlan::of(seen.cfg, seen.common.nodes);
        let keepers = plan.keepers().len() as u16;
        self.askers = u32::from(plan.routers + if seen.cfg.lease > 0 { keepers } else { 0 });
        self.troubled(seen);
        if let Some(n) = seen.actor() {
            let has = |rule| seen.notes.contains(&rule);
            match (plan.role(n.me), &n.state) {
                (ServerRole::Directory, State::Directory(c)) if has("Queue") || has("Shed") => {
                    let want = c.queue.last().map_or_else(Default::default, |(_, _, want)| *want);
                    let work = cost(seen.cfg, keepers, want);
                    self.asked.push_back((seen.now, work));
                    self.work += work;
                }
                _ if has("Refresh") => self.late = 0,
                _ if has("TooLate") && self.trouble.is_none() => {
                    self.late = self.late.saturating_add(1);
                }
                _ => {}
            }
        }
        while let Some((at, work)) = self.asked.front().copied().filter(|a| a.0 + WINDOW < seen.now)
        {
            self.asked.pop_front();
            self.work -= work;
            debug_assert!(at <= seen.now);
        }
        self.over = match (self.percent() > 100, self.over) {
            (true, since) => since.or(Some(seen.now)),
            (false, _) => None,
        };
    }

    fn troubled(&mut self, seen: &Seen<Directory>) {
        self.started |= seen.up.iter().all(|up| *up);
        let troubled = self.started && (seen.cut || seen.up.iter().any(|up| !up));
        match (troubled, self.trouble) {
            (true, None) => (self.trouble, self.late) = (Some(seen.now), 0),
            (false, Some(since)) => {
                self.last = Some((seen.now - since, seen.now));
                (self.trouble, self.late) = (None, 0);
            }
            _ => {}
        }
    }

    /// Work asked for in the last second, in hundredths of what one server can do.
    pub fn percent(&self) -> u64 {
        self.work * 100 / WINDOW
    }

    /// The load outlives what set it off: for how long it has been above capacity since, and how
    /// long the trouble lasted. In microseconds; a finite run shows no more than "so far".
    pub fn outlives(&self) -> Option<(u64, u64)> {
        let (lasted, ended) = self.last.filter(|_| self.trouble.is_none())?;
        let since = self.over?.max(ended);
        let still = self.now - since;
        (still > lasted).then_some((still, lasted))
    }

    /// Two rounds of refreshes, since the trouble was over, have been answered in vain: whoever
    /// waits waits for work that is queued behind work for nobody.
    pub fn in_vain(&self) -> bool {
        let calm = self.last.is_some() && self.trouble.is_none();
        calm && self.askers > 0 && self.late >= 2 * self.askers
    }

    /// In sentences.
    pub fn facts(&self) -> Vec<Fact> {
        let ms = |us: u64| format!("{}.{} s", us / 1_000_000, us / 100_000 % 10);
        let load = format!(
            "directory: in the last second {} % of what it can do was asked of it",
            self.percent()
        );
        let mut out = vec![Fact::new("load", load)];
        if let Some((still, lasted)) = self.outlives() {
            let text = format!(
                "metastable so far: the load has been above capacity for {} since the trouble was over, which lasted {}",
                ms(still),
                ms(lasted)
            );
            out.push(Fact::new("metastable", text));
        }
        if self.in_vain() {
            let text = format!(
                "refresh storm: the last {} answers of the directory all came too late",
                self.late
            );
            out.push(Fact::new("refresh-storm", text));
        }
        out
    }
}

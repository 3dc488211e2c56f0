//! A session: a run as a document. The journal is the truth; checkpoints are a cache. Nothing is
//! ever overwritten: acting in the past starts a branch.

mod checkpoints;
mod edit;
mod way;

pub use edit::{Document, Edit, Line, common};

use super::action::{Action, Entry};
use super::config::{Setup, show_time};
use super::trace::Trace;
use super::view::{Event, What, WorldView};
use super::world::World;
use checkpoints::{Checkpoints, STRIDE};
use way::{Way, keep};

/// Longest name of a branch, in characters.
pub const MOST_LETTERS: usize = 40;
/// What the branch is called with which a session begins.
pub const FIRST_NAME: &str = "main";

/// What the branch with a number is called, until somebody gives it a name.
pub fn usual_name(number: usize) -> String {
    if number == 0 { FIRST_NAME.into() } else { format!("branch {number}") }
}

/// Makes the world of a setup at time 0, or says in one sentence what is wrong with the setup.
pub type Build = fn(&Setup) -> Result<Box<World>, String>;

/// One line of time.
#[derive(Clone)]
pub struct Branch {
    /// What it is called.
    pub name: String,
    /// The branch and step it left, unless it is the first.
    pub parent: Option<(usize, u64)>,
    /// When it left it, if it did so in this session.
    since: u64,
    /// The interventions, in order.
    pub journal: Vec<Entry>,
    /// Interventions switched off, in order.
    pub off: Vec<Entry>,
    /// What has been recorded of it.
    pub trace: Trace,
    /// Branches share those they have in common.
    checkpoints: Checkpoints,
}

impl Branch {
    /// When it left the branch before it, in microseconds; 0 while that has not been computed.
    pub fn begun(&self) -> u64 {
        let step = self.parent.map_or(0, |(_, step)| step);
        self.trace.event(step).map_or(self.since, |e| e.at)
    }
}

/// A run with its branches and a cursor.
pub struct Session {
    /// Which run.
    pub setup: Setup,
    branches: Vec<Branch>,
    current: usize,
    world: Box<World>,
    /// Journal entries that the world at the cursor has seen.
    applied: usize,
    time: u64,
    /// Steps on record beyond those that are let go at a time; `None` is all.
    most: Option<u64>,
    /// Where the cursor is on its way to.
    way: Option<Way>,
    /// Ways are left to [`Session::slice`].
    gradual: bool,
}

impl Session {
    /// A run at time 0 with a journal to follow.
    pub fn new(build: Build, setup: Setup, journal: Vec<Entry>) -> Result<Self, String> {
        if journal.windows(2).any(|w| w[0].at > w[1].at) {
            return Err("the journal's times go back".into());
        }
        let world = build(&setup)?;
        let branch = Branch {
            name: FIRST_NAME.into(),
            parent: None,
            since: 0,
            journal,
            off: Vec::new(),
            trace: Trace::default(),
            checkpoints: Checkpoints::new(&world),
        };
        Ok(Session {
            setup,
            branches: vec![branch],
            current: 0,
            world,
            applied: 0,
            time: 0,
            most: None,
            way: None,
            gradual: false,
        })
    }

    /// The branch under the cursor.
    pub fn branch(&self) -> &Branch {
        &self.branches[self.current]
    }
    /// All branches; the first is the one the session began with.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }
    /// Which branch is under the cursor.
    pub fn current(&self) -> usize {
        self.current
    }
    /// What is recorded of the current branch, also beyond the cursor.
    pub fn trace(&self) -> &Trace {
        &self.branch().trace
    }
    /// Steps taken at the cursor.
    pub fn cursor(&self) -> u64 {
        self.world.steps()
    }
    /// Virtual time at the cursor, in microseconds; between two steps it moves while playing.
    pub fn time(&self) -> u64 {
        self.time
    }
    /// The world at the cursor.
    pub fn world(&self) -> &World {
        &self.world
    }
    /// What can be seen at the cursor.
    pub fn view(&self) -> WorldView {
        self.world.view()
    }
    /// Digest of everything up to the cursor.
    pub fn digest(&self) -> u64 {
        self.world.digest()
    }

    /// Is the next thing an entry of the journal?
    fn next_is_entry(&self) -> bool {
        let Some(entry) = self.branch().journal.get(self.applied) else { return false };
        self.world.next_due().is_none_or(|due| entry.at <= due)
    }

    /// When the next step will be, if there is one.
    pub fn next_at(&self) -> Option<u64> {
        if self.next_is_entry() {
            return Some(self.branch().journal[self.applied].at.max(self.world.now()));
        }
        self.world.next_due()
    }

    /// Takes one step.
    pub fn forward(&mut self) -> Option<&Event> {
        let step = self.advance()?;
        self.trace().event(step)
    }

    fn advance(&mut self) -> Option<u64> {
        let event = if self.next_is_entry() {
            let entry = &self.branches[self.current].journal[self.applied];
            self.applied += 1;
            self.world.act(entry)
        } else {
            self.world.step()?
        };
        self.time = self.time.max(event.at);
        let (step, branch) = (event.step, &mut self.branches[self.current]);
        let trace = &mut branch.trace;
        if step == trace.events.len() + 1 {
            trace.push(event);
            if let Some(most) = self.most {
                keep(trace, most);
            }
        }
        if step % STRIDE == 0 {
            branch.checkpoints.take(&self.world, self.applied, trace, self.most.is_some());
        }
        Some(step)
    }

    /// Lets everything up to a time happen, at most `most` steps; true when time has got there.
    pub fn advance_to(&mut self, time: u64, most: u64) -> bool {
        for _ in 0..most {
            match self.next_at() {
                Some(at) if at <= time => self.advance(),
                _ => {
                    self.time = self.time.max(time);
                    return true;
                }
            };
        }
        false
    }

    /// Does something at the cursor. If the branch goes on beyond the cursor, what was there stays
    /// and a new branch begins here. Refuses, with a sentence, what makes no sense here.
    pub fn act(&mut self, action: Action) -> Result<(), String> {
        // An entry comes before what happens by itself at its time, so what is left of this
        // instant happens first.
        let now = self.time.max(self.world.now());
        self.advance_to(now, u64::MAX);
        self.world.allows(&action)?;
        let at = if self.world.steps() > 0 && self.world.now() == now { now + 1 } else { now };
        self.record(Entry { at, action });
        Ok(())
    }

    /// Does something at a moment to come, before what happens by itself then. Refuses, with a
    /// sentence, a moment that is past and what makes no sense at that moment.
    pub fn act_at(&mut self, entry: Entry) -> Result<(), String> {
        if let Some(before) = entry.at.checked_sub(1) {
            self.advance_to(before, u64::MAX);
        }
        let now = self.world.now();
        let happened = |e: &Event| !matches!(e.what, What::Act(_) | What::Ignored { .. });
        let begun = self.trace().event(self.cursor()).is_some_and(happened) && now == entry.at;
        if now > entry.at || begun {
            let [at, now] = [entry.at, now].map(|us| show_time(us as i64));
            return Err(format!("{at} is past: the run stands at {now}"));
        }
        self.world.allows(&entry.action)?;
        self.record(entry);
        Ok(())
    }

    /// Writes an entry at the end of the branch, or of a new one that begins here, and plays it.
    fn record(&mut self, entry: Entry) {
        if self.applied < self.branch().journal.len() || self.cursor() < self.trace().len() {
            self.fork();
        }
        self.branches[self.current].journal.push(entry);
        while self.applied < self.branch().journal.len() && self.advance().is_some() {}
    }

    /// Drops what is recorded beyond the cursor, unless an intervention stands there.
    pub fn forget_ahead(&mut self) {
        let step = self.world.steps();
        let branch = &mut self.branches[self.current];
        if self.applied == branch.journal.len() && step < branch.trace.len() {
            branch.trace = branch.trace.prefix(step);
            branch.checkpoints = branch.checkpoints.until(step, u64::MAX);
        }
    }

    /// Begins a branch at the cursor and moves to it.
    pub fn fork(&mut self) {
        let step = self.cursor();
        let old = self.branch();
        let branch = Branch {
            name: self.free_name(),
            parent: Some((self.current, step)),
            since: self.world.now(),
            journal: old.journal[..self.applied].to_vec(),
            off: Vec::new(),
            trace: old.trace.prefix(step),
            checkpoints: old.checkpoints.until(step, u64::MAX),
        };
        self.branches.push(branch);
        self.current = self.branches.len() - 1;
        self.share_out();
    }

    /// Begins a branch at the very start, with interventions of its own, and moves there.
    pub fn graft(&mut self, name: &str, journal: Vec<Entry>) {
        let start = self.branch().checkpoints.start();
        let branch = Branch {
            name: name.into(),
            parent: Some((self.current, 0)),
            since: 0,
            journal,
            off: Vec::new(),
            trace: Trace::default(),
            checkpoints: self.branch().checkpoints.until(0, u64::MAX),
        };
        (self.world, self.applied, self.time) = (start.world.fork(), start.applied, 0);
        self.way = None;
        self.branches.push(branch);
        self.current = self.branches.len() - 1;
        self.share_out();
    }

    /// Moves to another branch, to the same time.
    pub fn switch(&mut self, branch: usize) {
        if branch >= self.branches.len() || branch == self.current {
            return;
        }
        let time = self.time;
        self.put_at_start(branch);
        self.share_out();
        self.seek_time(time);
    }

    /// How many checkpoints there are, for figures.
    pub fn checkpoints(&self) -> usize {
        self.branches.iter().map(|b| b.checkpoints.len()).sum()
    }
}

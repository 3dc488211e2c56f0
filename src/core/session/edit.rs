//! What a session is apart from what can be computed, and the deliberate changes to it: entries of
//! the journal moved, switched off or removed, branches named and deleted. What a change does not
//! touch is not computed again.

use super::checkpoints::Checkpoints;
use super::{Branch, Session, usual_name};
use crate::core::action::{Action, Entry};
use crate::core::trace::Trace;
use serde::{Deserialize, Serialize};

/// A branch, apart from what can be computed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it is called.
    pub name: String,
    /// The branch and step it left, unless it is a first one.
    #[serde(default)]
    pub parent: Option<(u16, u64)>,
    /// The interventions, in order of time.
    #[serde(default)]
    pub journal: Vec<Entry>,
    /// Interventions switched off, in order of time.
    #[serde(default)]
    pub off: Vec<Entry>,
}

/// A whole session, apart from what can be computed: what undo goes back to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// All branches; a branch comes after the one it left.
    pub lines: Vec<Line>,
    /// The branch under the cursor.
    pub current: usize,
    /// The step under the cursor.
    pub step: u64,
    /// Virtual time at the cursor, in microseconds.
    pub time: u64,
}

/// A change of the present branch's journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Entry `entry` happens at `at` microseconds instead.
    Move { entry: usize, at: u64 },
    /// Entry `.0` is kept but does nothing.
    Off(usize),
    /// Entry `.0` of those switched off is in force again.
    On(usize),
    /// Entry `.0` goes.
    Remove(usize),
    /// Entry `.0` of those switched off goes.
    RemoveOff(usize),
}

impl Branch {
    fn line(&self) -> Line {
        Line {
            name: self.name.clone(),
            parent: self.parent.map(|(branch, step)| (branch as u16, step)),
            journal: self.journal.clone(),
            off: self.off.clone(),
        }
    }

    /// As much of what is recorded as another journal leaves as it was.
    fn kept(&self, journal: &[Entry]) -> (Trace, Checkpoints) {
        let same = common(&self.journal, journal);
        let changed = [self.journal.get(same), journal.get(same)];
        let Some(at) = changed.into_iter().flatten().map(|e| e.at).min() else {
            return (self.trace.clone(), self.checkpoints.clone());
        };
        let events = &self.trace.events;
        let steps = events.partition_point(|e| e.at < at) as u64;
        if events.first() == 0 || steps > events.first() {
            return (self.trace.prefix(steps), self.checkpoints.until(steps, at));
        }
        // Before all that is on record: as much as a checkpoint tells.
        let checkpoints = self.checkpoints.until(steps, at);
        let last = checkpoints.last(|_, c| c.flying.is_some());
        let (step, last) = last.unwrap_or_else(|| (0, checkpoints.start()));
        let flying = last.flying.as_deref().unwrap_or_default();
        (self.trace.before(step, last.world.now(), flying), checkpoints.until(step, at))
    }
}

/// How many entries two journals begin with alike.
pub fn common(a: &[Entry], b: &[Entry]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

fn insert(entries: &mut Vec<Entry>, entry: Entry) {
    let at = entries.partition_point(|e| e.at <= entry.at);
    entries.insert(at, entry);
}

impl Session {
    /// The session, apart from what can be computed.
    pub fn document(&self) -> Document {
        Document {
            lines: self.branches.iter().map(Branch::line).collect(),
            current: self.current,
            step: self.cursor(),
            time: self.time,
        }
    }

    /// Becomes the session of a document of the same setup. What is known of a run that begins
    /// alike is kept. Refuses a document without branches or with journals out of order.
    pub fn restore(&mut self, document: &Document) -> Result<(), String> {
        let Document { lines, current, step, time } = document;
        if *current >= lines.len() {
            return Err(format!("there is no branch {current}, only {}", lines.len()));
        }
        for (i, line) in lines.iter().enumerate() {
            if line.journal.windows(2).any(|w| w[0].at > w[1].at) {
                return Err(format!("the times of '{}' go back", line.name));
            }
            if line.parent.is_some_and(|(parent, _)| usize::from(parent) >= i) {
                return Err(format!("'{}' leaves a branch that comes after it", line.name));
            }
        }
        let start = self.branches[0].checkpoints.until(0, u64::MAX);
        let mut old: Vec<Option<Branch>> =
            std::mem::take(&mut self.branches).into_iter().map(Some).collect();
        let mut used: Vec<Branch> = Vec::with_capacity(lines.len());
        for (i, line) in lines.iter().enumerate() {
            let branch = adopt(line, i, &mut old, &used, &start);
            used.push(branch);
        }
        self.branches = used;
        self.put_at_start(*current);
        self.share_out();
        self.seek_moment(*step, *time);
        Ok(())
    }

    /// Changes the present branch's journal and computes the run anew up to the same time; all
    /// other draws stay as they were. One sentence if there is no such entry.
    pub fn edit(&mut self, edit: Edit) -> Result<(), String> {
        let branch = self.branch();
        let (mut journal, mut off) = (branch.journal.clone(), branch.off.clone());
        let missing = || "there is no such intervention".to_string();
        let take = |list: &mut Vec<Entry>, i: usize| {
            if i < list.len() { Ok(list.remove(i)) } else { Err(missing()) }
        };
        match edit {
            Edit::Move { entry, at } => {
                let action = take(&mut journal, entry)?.action;
                insert(&mut journal, Entry { at, action });
            }
            Edit::Off(entry) => {
                let entry = take(&mut journal, entry)?;
                insert(&mut off, entry);
            }
            Edit::On(entry) => {
                let entry = take(&mut off, entry)?;
                insert(&mut journal, entry);
            }
            Edit::Remove(entry) => drop(take(&mut journal, entry)?),
            Edit::RemoveOff(entry) => drop(take(&mut off, entry)?),
        }
        let (trace, checkpoints) = branch.kept(&journal);
        let time = self.time;
        let branch = &mut self.branches[self.current];
        (branch.journal, branch.off) = (journal, off);
        (branch.trace, branch.checkpoints) = (trace, checkpoints);
        self.put_at_start(self.current);
        self.seek_time(time);
        Ok(())
    }

    /// Gives a branch a name.
    pub fn rename(&mut self, branch: usize, name: &str) {
        let name = name.trim();
        if let Some(b) = self.branches.get_mut(branch).filter(|_| !name.is_empty()) {
            b.name = name.chars().filter(|c| !c.is_control()).take(super::MOST_LETTERS).collect();
        }
    }

    /// Deletes a branch; what left it now leaves the branch it left itself. The last one stays.
    pub fn delete(&mut self, branch: usize) -> Result<(), String> {
        if branch >= self.branches.len() {
            return Err("there is no such branch".into());
        }
        if self.branches.len() == 1 {
            return Err("the only branch cannot be deleted".into());
        }
        let time = self.time;
        let gone = self.branches.remove(branch);
        for b in &mut self.branches {
            b.parent = match b.parent {
                Some((p, step)) if p == branch => gone.parent.map(|(q, at)| (q, at.min(step))),
                Some((p, step)) if p > branch => Some((p - 1, step)),
                same => same,
            };
        }
        if self.current == branch {
            let next = gone.parent.map_or(0, |(p, _)| p);
            self.put_at_start(next);
            self.seek_time(time);
        } else if self.current > branch {
            self.current -= 1;
        }
        Ok(())
    }

    /// A name that no branch has.
    pub(super) fn free_name(&self) -> String {
        let mut n = self.branches.len();
        while self.branches.iter().any(|b| b.name == usual_name(n)) {
            n += 1;
        }
        usual_name(n)
    }

    /// What an entry of the journal does, with its step, if the cursor has been there.
    pub fn step_of_entry(&self, entry: usize) -> Option<u64> {
        self.trace().marks().iter().filter(|e| e.forced).nth(entry).map(|e| e.step)
    }

    /// The interventions of the present branch with those switched off, in order of time: each
    /// with whether it is in force and its place in its list.
    pub fn entries(&self) -> Vec<(bool, usize, u64, &Action)> {
        let branch = self.branch();
        let on = branch.journal.iter().enumerate().map(|(i, e)| (true, i, e.at, &e.action));
        let off = branch.off.iter().enumerate().map(|(i, e)| (false, i, e.at, &e.action));
        let mut all: Vec<_> = on.chain(off).collect();
        all.sort_by_key(|(_, _, at, _)| *at);
        all
    }
}

/// A branch for a line, with what is known of the old branch that begins most alike.
fn adopt(
    line: &Line,
    i: usize,
    old: &mut [Option<Branch>],
    used: &[Branch],
    start: &Checkpoints,
) -> Branch {
    let same = |b: &Option<Branch>| b.as_ref().is_some_and(|b| b.journal == line.journal);
    let exact = if old.get(i).is_some_and(same) { Some(i) } else { old.iter().position(same) };
    let parent = line.parent.map(|(branch, step)| (usize::from(branch), step));
    let (name, journal, off) = (line.name.clone(), line.journal.clone(), line.off.clone());
    if let Some(whole) = exact.and_then(|n| old[n].take()) {
        return Branch { name, parent, off, ..whole };
    }
    let known = old.iter().flatten().chain(used);
    let best = known.max_by_key(|b| (common(&b.journal, &journal), b.trace.len()));
    let (trace, checkpoints) =
        best.map_or_else(|| (Trace::default(), start.clone()), |b| b.kept(&journal));
    Branch { name, parent, since: 0, journal, off, trace, checkpoints }
}

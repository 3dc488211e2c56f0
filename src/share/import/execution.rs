//! A recorded execution: events on hosts, ordered by what each could know.

use crate::core::sorted::SortedMap;

/// One run of a system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Execution {
    /// Its title, where the recording gives one.
    pub label: String,
    /// The hosts, in order of their first event in the recording.
    pub hosts: Vec<String>,
    /// The events, in the order of the recording.
    pub events: Vec<Event>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Position of its host in [`Execution::hosts`].
    pub host: u32,
    /// Its number on that host, from 1.
    pub number: u64,
    /// Events per host in its causal past, itself included: (host, count), sorted, no count 0.
    pub clock: Vec<(u32, u64)>,
    /// What happened.
    pub text: String,
    /// Positions of its immediate predecessors in [`Execution::events`], sorted: the transitive
    /// reduction of happened-before.
    pub parents: Vec<u32>,
    /// The line of the recording that holds its clock, from 1.
    pub line: u32,
}

impl Execution {
    /// The name of an event, `host:number`.
    pub fn id(&self, event: &Event) -> String {
        format!("{}:{}", self.hosts[event.host as usize], event.number)
    }
}

/// Why no execution can have produced a recording.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Impossible {
    /// The first line that cannot be, from 1.
    pub line: u32,
    /// Why not.
    pub reason: String,
}

/// Why a recording was not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportError {
    /// The text is not of the format: where (line and column, from 1) and what was expected.
    Format {
        /// Line, from 1.
        line: u32,
        /// Column in characters, from 1.
        column: u32,
        /// What was expected there.
        expected: String,
    },
    /// The options do not fit, or nothing was found.
    Options(String),
    /// The text is well-formed, but tells of something impossible.
    Impossible(Impossible),
}

/// How many events of `host` a sparse clock counts.
pub fn count(clock: &[(u32, u64)], host: u32) -> u64 {
    clock.binary_search_by_key(&host, |e| e.0).map_or(0, |at| clock[at].1)
}

/// Checks that the clocks of `execution` could have arisen, and fills in all parents.
///
/// They could exactly if every host counts its own events 1, 2, 3, ..., forgets nothing, and
/// knows with each remote event all that this event knew. Then the order of the clocks is the
/// reachability along the parents. A part at a time.
#[derive(Default)]
pub(super) struct Linking {
    /// The position of each event by host and number, from 1.
    index: Index,
    parents: Vec<Vec<u32>>,
    first: Option<Impossible>,
}

type Index = SortedMap<(u32, u64), u32>;

impl Linking {
    /// How many events have been checked.
    pub(super) fn done(&self) -> usize {
        self.parents.len()
    }

    fn blame(&mut self, line: u32, reason: String) {
        if self.first.as_ref().is_none_or(|f| line < f.line) {
            self.first = Some(Impossible { line, reason });
        }
    }

    /// Checks so many events more; true once all are.
    pub(super) fn go(
        &mut self,
        execution: &mut Execution,
        most: usize,
    ) -> Result<bool, Impossible> {
        if self.index.is_empty() {
            self.look_up(execution);
        }
        let done = self.parents.len();
        for event in execution.events.iter().skip(done).take(most) {
            let linker = Linker { execution, index: &self.index, event };
            let parents = linker.parents().unwrap_or_else(|reason| {
                self.blame(event.line, reason);
                Vec::new()
            });
            self.parents.push(parents);
        }
        if self.parents.len() < execution.events.len() {
            return Ok(false);
        }
        if let Some(impossible) = self.first.take() {
            return Err(impossible);
        }
        for (event, parents) in execution.events.iter_mut().zip(std::mem::take(&mut self.parents)) {
            event.parents = parents;
        }
        Ok(true)
    }

    /// Finds the position of each event; repeated ones are blamed.
    fn look_up(&mut self, execution: &Execution) {
        for (at, event) in (0..).zip(&execution.events) {
            if let Some(other) = self.index.insert((event.host, event.number), at) {
                let (id, line) = (execution.id(event), execution.events[other as usize].line);
                self.blame(event.line, format!("{id} already happened at line {line}"));
            }
        }
    }
}

struct Linker<'a> {
    execution: &'a Execution,
    index: &'a Index,
    event: &'a Event,
}

impl Linker<'_> {
    fn parents(&self) -> Result<Vec<u32>, String> {
        let candidates = self.candidates()?;
        let events = &self.execution.events;
        let covered = |c: u32| {
            let c = &events[c as usize];
            let knows = |d: &&u32| {
                let d = &events[**d as usize];
                (d.host, d.number) != (c.host, c.number) && count(&d.clock, c.host) >= c.number
            };
            candidates.iter().find(knows).is_some()
        };
        let mut parents: Vec<u32> = candidates.iter().copied().filter(|c| !covered(*c)).collect();
        parents.sort_unstable();
        Ok(parents)
    }

    /// The own host's previous event and the remote events that are new since: all immediate
    /// predecessors are among them, as all else was known to the previous event.
    fn candidates(&self) -> Result<Vec<u32>, String> {
        let (event, id) = (self.event, self.execution.id(self.event));
        if event.number == 0 {
            let host = &self.execution.hosts[event.host as usize];
            return Err(format!("the clock does not count its own host '{host}'"));
        }
        let mut candidates = Vec::new();
        let mut known: &[(u32, u64)] = &[];
        if event.number > 1 {
            let previous = self.find(event.host, event.number - 1)?;
            known = &self.execution.events[previous as usize].clock;
            self.includes(previous)?;
            candidates.push(previous);
        }
        for (host, number) in &event.clock {
            if *host == event.host || *number <= count(known, *host) {
                continue;
            }
            let remote = self.find(*host, *number)?;
            self.includes(remote)?;
            let theirs = &self.execution.events[remote as usize];
            if count(&theirs.clock, event.host) >= event.number {
                let remote = self.execution.id(theirs);
                return Err(format!("{id} and {remote} each come after the other"));
            }
            candidates.push(remote);
        }
        Ok(candidates)
    }

    fn find(&self, host: u32, number: u64) -> Result<u32, String> {
        self.index.get(&(host, number)).copied().ok_or_else(|| {
            let (id, host) = (self.execution.id(self.event), &self.execution.hosts[host as usize]);
            format!("{id} comes after {host}:{number}, which is missing")
        })
    }

    /// The event must know all that a predecessor knew.
    fn includes(&self, predecessor: u32) -> Result<(), String> {
        let execution = self.execution;
        let predecessor = &execution.events[predecessor as usize];
        for (host, number) in &predecessor.clock {
            let mine = count(&self.event.clock, *host);
            if mine < *number {
                let (id, before) = (execution.id(self.event), execution.id(predecessor));
                let host = &execution.hosts[*host as usize];
                return Err(format!(
                    "{id} comes after {before}, which knew {number} events of '{host}', but it knows {mine}"
                ));
            }
        }
        Ok(())
    }
}

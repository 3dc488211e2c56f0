//! A recorded execution: events on hosts, ordered by what each could know.

use crate::core::hash::StableHasher;
use crate::core::quote::{quoted, shown};
use std::cmp::Reverse;
use std::hash::{Hash, Hasher};

/// One run of a system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Execution {
    /// Its title, where the recording gives one.
    pub label: String,
    /// The hosts, in order of their first event in the recording.
    pub hosts: Vec<String>,
    /// The events, in the order of the recording.
    pub events: Vec<RecordedEvent>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
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
    pub fn id(&self, event: &RecordedEvent) -> String {
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
///
/// Events are taken in the order of their clocks' sums, which is one of causes before effects. Of
/// what an event newly knows the largest clock is an immediate predecessor, and all that it covers
/// is none; the next largest not covered yet is the next, and so on. Whatever a sound predecessor
/// knows need not be looked at again, so that an event costs the entries of its clock for each of
/// its predecessors. Only where something is wrong are all of them compared, to tell what.
#[derive(Default)]
pub(super) struct Linking {
    index: HostIndex,
    /// The events, causes first.
    order: Vec<u32>,
    checked: usize,
    /// The place of each event in that order.
    rank: Vec<u32>,
    /// What each event's host knew before it, as a number; events that knew the same have the same.
    before: Vec<u32>,
    parents: Vec<Vec<u32>>,
    /// Neither it nor what it comes after is impossible.
    sound: Vec<bool>,
    desk: ClockTable,
    first: Option<Impossible>,
}

/// The events of each host by their numbers, sorted.
#[derive(Default)]
struct HostIndex(Vec<Vec<(u64, u32)>>);

impl HostIndex {
    fn get(&self, host: u32, number: u64) -> Option<u32> {
        let all = self.0.get(host as usize)?;
        // Where none is missing, an event stands at its number.
        let near = usize::try_from(number).ok()?.checked_sub(1)?;
        match all.get(near) {
            Some((n, at)) if *n == number => Some(*at),
            _ => all.binary_search_by_key(&number, |e| e.0).ok().map(|at| all[at].1),
        }
    }
}

/// Clocks spread out by host, put back after each event.
#[derive(Default)]
struct ClockTable {
    mine: Vec<u64>,
    covered: Vec<u64>,
    /// The last event, by its place in the order from 1, that took in some knowledge.
    taken: Vec<u32>,
}

impl Linking {
    /// How many events have been checked.
    pub(super) fn done(&self) -> usize {
        self.checked
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
        if self.order.is_empty() {
            self.look_up(execution);
        }
        let end = self.checked.saturating_add(most).min(self.order.len());
        for nth in self.checked..end {
            let at = self.order[nth];
            let linker = Linker { execution, index: &self.index, at };
            let parents = linker.parents(&mut self.desk, &self.rank, &self.before);
            self.sound[at as usize] = match parents {
                Some(parents) => {
                    let sound = parents.iter().all(|p| self.sound[*p as usize]);
                    self.parents[at as usize] = parents;
                    sound
                }
                None => false,
            };
        }
        self.checked = end;
        if end < self.order.len() {
            return Ok(false);
        }
        self.blame_the_first(execution);
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
        let events = &execution.events;
        let mut all = vec![Vec::new(); execution.hosts.len()];
        for (at, event) in (0..).zip(events) {
            all[event.host as usize].push((event.number, at));
        }
        for list in &mut all {
            list.sort_unstable();
            for pair in list.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
                let [event, other] = [pair[1], pair[0]].map(|p| &events[p.1 as usize]);
                let (id, line) = (execution.id(event), other.line);
                self.blame(event.line, format!("{id} already happened at line {line}"));
            }
            // The last of them stands for the others, as it did before it was blamed.
            list.reverse();
            list.dedup_by_key(|e| e.0);
            list.reverse();
        }
        self.index = HostIndex(all);
        let sum = |at: &u32| -> u128 {
            events[*at as usize].clock.iter().map(|(_, n)| u128::from(*n)).sum()
        };
        self.order = (0..events.len() as u32).collect();
        self.order.sort_by_cached_key(sum);
        self.rank = vec![0; events.len()];
        (1..).zip(&self.order).for_each(|(nth, at)| self.rank[*at as usize] = nth);
        let all = self.know(events);
        self.parents = vec![Vec::new(); events.len()];
        self.sound = vec![false; events.len()];
        let hosts = execution.hosts.len();
        self.desk =
            ClockTable { mine: vec![0; hosts], covered: vec![0; hosts], taken: vec![0; all] };
    }

    /// Numbers what events knew before they happened, and tells how many numbers there are.
    fn know(&mut self, events: &[RecordedEvent]) -> usize {
        let prints = (0..).zip(events).map(|(at, event)| (print_before(event), at));
        let mut prints: Vec<(u64, u32)> = prints.collect();
        prints.sort_unstable();
        self.before = vec![0; events.len()];
        let mut all = 0;
        for like in prints.chunk_by(|a, b| a.0 == b.0) {
            // Nearly always one; a number and an event that knew it.
            let mut kinds: Vec<(u32, &RecordedEvent)> = Vec::new();
            for (_, at) in like {
                let event = &events[*at as usize];
                let same = kinds.iter().find(|(_, other)| before(other).eq(before(event)));
                let number = same.map_or(all, |s| s.0);
                if number == all {
                    kinds.push((number, event));
                    all += 1;
                }
                self.before[*at as usize] = number;
            }
        }
        all as usize
    }

    /// Of the events that are not sound, finds the first one that is to blame itself.
    fn blame_the_first(&mut self, execution: &Execution) {
        let mut doubtful: Vec<u32> =
            (0..self.sound.len() as u32).filter(|at| !self.sound[*at as usize]).collect();
        doubtful.sort_by_key(|at| execution.events[*at as usize].line);
        for at in doubtful {
            let line = execution.events[at as usize].line;
            if self.first.as_ref().is_some_and(|f| f.line <= line) {
                return;
            }
            let linker = Linker { execution, index: &self.index, at };
            if let Err(reason) = linker.candidates(&mut self.desk.mine) {
                return self.blame(line, reason);
            }
        }
    }
}

/// What an event's host knew before it, and had heard with it.
fn before(event: &RecordedEvent) -> impl Iterator<Item = (u32, u64)> + '_ {
    let less = |(host, n): &(u32, u64)| (*host, n - u64::from(*host == event.host));
    event.clock.iter().map(less).filter(|(_, n)| *n > 0)
}

fn print_before(event: &RecordedEvent) -> u64 {
    let mut hasher = StableHasher::new();
    before(event).for_each(|entry| entry.hash(&mut hasher));
    hasher.finish()
}

struct Linker<'a> {
    execution: &'a Execution,
    index: &'a HostIndex,
    /// Which event.
    at: u32,
}

impl Linker<'_> {
    fn event(&self) -> &RecordedEvent {
        &self.execution.events[self.at as usize]
    }

    /// The immediate predecessors, sorted; none if something is wrong.
    fn parents(&self, desk: &mut ClockTable, rank: &[u32], before: &[u32]) -> Option<Vec<u32>> {
        let (events, event) = (&self.execution.events, self.event());
        let mut new = Vec::new();
        let mut known: &[(u32, u64)] = &[];
        if event.number.checked_sub(1)? > 0 {
            let previous = self.index.get(event.host, event.number - 1)?;
            known = &events[previous as usize].clock;
            new.push(previous);
        }
        let mut known = known.iter().peekable();
        for (host, number) in event.clock.iter().filter(|e| e.0 != event.host) {
            while known.next_if(|k| k.0 < *host).is_some() {}
            if known.peek().is_none_or(|k| k.0 != *host || k.1 < *number) {
                new.push(self.index.get(*host, *number)?);
            }
        }
        new.sort_unstable_by_key(|at| Reverse(rank[*at as usize]));
        event.clock.iter().for_each(|(host, number)| desk.mine[*host as usize] = *number);
        let parents = self.uncovered(&new, desk, rank[self.at as usize], before);
        for (host, _) in &event.clock {
            (desk.mine[*host as usize], desk.covered[*host as usize]) = (0, 0);
        }
        parents
    }

    /// Those of `new`, largest first, that no other covers; none if one knows what the event does
    /// not. What is known beyond the event's clock is never marked, so that there is nothing to put
    /// back but the entries of that.
    fn uncovered(
        &self,
        new: &[u32],
        desk: &mut ClockTable,
        rank: u32,
        before: &[u32],
    ) -> Option<Vec<u32>> {
        let (events, event) = (&self.execution.events, self.event());
        let mut parents: Vec<u32> = Vec::new();
        for at in new {
            let cause = &events[*at as usize];
            if desk.covered[cause.host as usize] >= cause.number {
                continue;
            }
            // Hosts that tell each other everything mostly know the same.
            let taken = &mut desk.taken[before[*at as usize] as usize];
            let own = (cause.host, cause.number);
            let known = std::mem::replace(taken, rank) == rank;
            let entries = if known { std::slice::from_ref(&own) } else { &cause.clock[..] };
            for (host, number) in entries {
                let mine = desk.mine[*host as usize];
                if mine < *number || *host == event.host && mine == *number {
                    return None;
                }
                let covered = &mut desk.covered[*host as usize];
                *covered = (*covered).max(*number);
            }
            parents.push(*at);
        }
        parents.sort_unstable();
        Some(parents)
    }

    /// The own host's previous event and the remote events that are new since: all immediate
    /// predecessors are among them, as all else was known to the previous event. Or why it cannot be.
    fn candidates(&self, mine: &mut [u64]) -> Result<(), String> {
        let event = self.event();
        event.clock.iter().for_each(|(host, number)| mine[*host as usize] = *number);
        let found = self.check(mine);
        event.clock.iter().for_each(|(host, _)| mine[*host as usize] = 0);
        found
    }

    fn check(&self, mine: &[u64]) -> Result<(), String> {
        let (event, id) = (self.event(), self.execution.id(self.event()));
        if event.number == 0 {
            let host = &self.execution.hosts[event.host as usize];
            return Err(format!("the clock does not count its own host {}", quoted(host)));
        }
        let mut known: &[(u32, u64)] = &[];
        if event.number > 1 {
            let previous = self.find(event.host, event.number - 1)?;
            known = &self.execution.events[previous as usize].clock;
            self.includes(previous, mine)?;
        }
        for (host, number) in &event.clock {
            if *host == event.host || *number <= count(known, *host) {
                continue;
            }
            let remote = self.find(*host, *number)?;
            self.includes(remote, mine)?;
            let theirs = &self.execution.events[remote as usize];
            if count(&theirs.clock, event.host) >= event.number {
                let remote = self.execution.id(theirs);
                return Err(format!("{id} and {remote} each come after the other"));
            }
        }
        Ok(())
    }

    fn find(&self, host: u32, number: u64) -> Result<u32, String> {
        self.index.get(host, number).ok_or_else(|| {
            let id = self.execution.id(self.event());
            let host = shown(&self.execution.hosts[host as usize]);
            format!("{id} comes after {host}:{number}, which is missing")
        })
    }

    /// The event must know all that a predecessor knew.
    fn includes(&self, predecessor: u32, mine: &[u64]) -> Result<(), String> {
        let execution = self.execution;
        let predecessor = &execution.events[predecessor as usize];
        for (host, number) in &predecessor.clock {
            let mine = mine[*host as usize];
            if mine < *number {
                let (id, before) = (execution.id(self.event()), execution.id(predecessor));
                let host = quoted(&execution.hosts[*host as usize]);
                return Err(format!(
                    "{id} comes after {before}, which knew {number} events of {host}, but it knows {mine}"
                ));
            }
        }
        Ok(())
    }
}

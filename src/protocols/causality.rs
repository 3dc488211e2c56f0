//! What the observer of a clock scene keeps: each process's events with their timestamps, and what
//! happened before them by the processes' own messages. Clients are outside of the system: what one
//! of them carries from one process to another no clock of the processes can know.

use crate::core::ids::NodeId;
use crate::core::list::List;
use crate::core::protocol::{Protocol, Seen};

/// An event: its timestamp, and how many events of each process happened before it or are it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Seal<T> {
    /// The timestamp; events without one (a start) carry that of the one before.
    pub time: T,
    /// It has one of its own.
    pub stamped: bool,
    /// Events known, a count a process.
    pub past: Vec<u32>,
}

/// All events so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record<T> {
    /// A list a process; the engine's count of an event, less one, is its place.
    events: Vec<List<Seal<T>>>,
    /// Whose message a process handles while it waits for its disk.
    heard: Vec<Option<(NodeId, u32)>>,
}

impl<T> Default for Record<T> {
    fn default() -> Self {
        Record { events: Vec::new(), heard: Vec::new() }
    }
}

impl<T: Clone + PartialEq + Default> Record<T> {
    /// The last timestamp of a process.
    pub fn last(&self, of: NodeId) -> T {
        let last = self.events.get(of.at()).and_then(List::last);
        last.map_or_else(T::default, |e| e.time.clone())
    }

    /// Takes in a step, with its timestamp if the process has given it one. What waits for its disk
    /// has none yet; what a crash takes there never gets one, and what it spared is stamped when the
    /// process starts anew. `take` is whether a message that came was heard, not refused. Gives
    /// what happened before a stamped event: how many events of each process.
    pub fn see<P: Protocol>(
        &mut self,
        seen: &Seen<P>,
        time: Option<T>,
        take: bool,
    ) -> Option<Vec<u32>> {
        let me = seen.touched?;
        self.events.resize(seen.nodes.len(), List::default());
        self.heard.resize(seen.nodes.len(), None);
        let (before, mut past) = match self.events[me.at()].last() {
            Some(last) => (last.time.clone(), last.past.clone()),
            None => (T::default(), vec![0; seen.nodes.len()]),
        };
        let stamped = time.is_some();
        let heard = seen.heard.or(self.heard[me.at()]).filter(|_| take);
        let waits = !stamped && !seen.notes.contains(&"Restart");
        self.heard[me.at()] = heard.filter(|_| waits);
        let sending = heard.filter(|_| stamped).and_then(|(from, count)| self.event(from, count));
        if let Some(sending) = sending {
            past.iter_mut().zip(&sending.past).for_each(|(a, b)| *a = (*a).max(*b));
        }
        let known = stamped.then(|| past.clone());
        let time = time.unwrap_or(before);
        let mine = &mut self.events[me.at()];
        for count in mine.len() as u32 + 1..=seen.stamp[me.at()] {
            past[me.at()] = count;
            mine.push(Seal { time: time.clone(), stamped, past: past.clone() });
        }
        known
    }

    /// An event by its process and the engine's count.
    pub fn event(&self, of: NodeId, count: u32) -> Option<&Seal<T>> {
        self.events.get(of.at())?.get(u64::from(count).checked_sub(1)?)
    }

    /// The last stamped event of a process after its first `known`.
    pub fn latest(&self, of: NodeId, known: u32) -> Option<&Seal<T>> {
        let mine = self.events.get(of.at())?;
        let all = (u64::from(known)..mine.len()).rev();
        all.filter_map(|i| mine.get(i)).find(|e| e.stamped)
    }

    /// The stamped events of a process after its first `known`, in order: none of them happened
    /// before whoever knows no more.
    pub fn unknown(&self, of: NodeId, known: u32) -> impl Iterator<Item = &Seal<T>> {
        let all = self.events.get(of.at()).into_iter();
        all.flat_map(move |e| e.iter_from(u64::from(known))).filter(|e| e.stamped)
    }
}

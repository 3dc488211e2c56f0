//! What the observer of a clock scene keeps: each process's events with their timestamps, and what
//! happened before them by the processes' own messages. Clients are outside of the system: what one
//! of them carries from one process to another no clock of the processes can know.

use crate::core::ids::NodeId;
use crate::core::protocol::{Protocol, Seen};
use crate::core::sorted::SortedSet;
use crate::core::window::Window;
use std::sync::Arc;

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

/// Events after which those are let go that nobody can hear of, or ask for, any more; more, if that
/// leaves more.
const FRESH: usize = 1_024;

/// The events of a process: the last ones, and those before them that still count.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ProcessPast<T> {
    /// Each with its count.
    old: Arc<Vec<(u32, Seal<T>)>>,
    /// The engine's count of an event, less one, is its place.
    recent: Window<Seal<T>>,
}

/// The events so far, as far as they can still be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CausalRecord<T> {
    lines: Vec<ProcessPast<T>>,
    /// Whose message a process handles while it waits for its disk.
    heard: Vec<Option<(NodeId, u32)>>,
    /// Events since some were let go, and how many there may be.
    fresh: (u32, u32),
}

impl<T> Default for ProcessPast<T> {
    fn default() -> Self {
        ProcessPast { old: Arc::default(), recent: Window::default() }
    }
}

impl<T> Default for CausalRecord<T> {
    fn default() -> Self {
        CausalRecord { lines: Vec::new(), heard: Vec::new(), fresh: (0, FRESH as u32) }
    }
}

impl<T: Clone + PartialEq> ProcessPast<T> {
    fn event(&self, count: u32) -> Option<&Seal<T>> {
        let place = u64::from(count).checked_sub(1)?;
        if place >= self.recent.first() {
            return self.recent.get(place);
        }
        let at = self.old.binary_search_by_key(&count, |(c, _)| *c).ok()?;
        Some(&self.old[at].1)
    }

    /// All that are kept, each with its count.
    fn all(&self) -> impl DoubleEndedIterator<Item = (u32, &Seal<T>)> {
        let old = self.old.iter().map(|(count, seal)| (*count, seal));
        let places = self.recent.first()..self.recent.len();
        let recent = |place| Some((place as u32 + 1, self.recent.get(place)?));
        old.chain(places.filter_map(recent))
    }

    /// Lets go all but some events, the first stamped ones after some counts, and the last ones.
    fn keep(&mut self, events: &SortedSet<u32>, views: &SortedSet<u32>) {
        let last = self.all().rev().find(|(_, seal)| seal.stamped).map(|(count, _)| count);
        let mut waits = views.iter().copied().peekable();
        let mut live = Vec::new();
        let end = self.recent.len().saturating_sub(1);
        for (count, seal) in self.all().filter(|(count, _)| u64::from(*count) <= end) {
            let mut first = false;
            while seal.stamped && waits.next_if(|view| *view < count).is_some() {
                first = true;
            }
            if first || Some(count) == last || events.contains(&count) || views.contains(&count) {
                live.push((count, seal.clone()));
            }
        }
        self.recent.forget(end);
        let first = self.recent.first();
        live.retain(|(count, _)| u64::from(*count) <= first);
        self.old = Arc::new(live);
    }
}

impl<T: Clone + PartialEq + Default> CausalRecord<T> {
    /// The last timestamp of a process.
    pub fn last(&self, of: NodeId) -> T {
        let last = self.lines.get(of.at()).and_then(|l| l.recent.last());
        last.map_or_else(T::default, |e| e.time.clone())
    }

    /// How many events are kept.
    pub fn kept(&self) -> u64 {
        let of = |l: &ProcessPast<T>| l.old.len() as u64 + l.recent.len() - l.recent.first();
        self.lines.iter().map(of).sum()
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
        self.lines.resize(seen.nodes.len(), ProcessPast::default());
        self.heard.resize(seen.nodes.len(), None);
        let (before, mut past) = match self.lines[me.at()].recent.last() {
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
        let mine = &mut self.lines[me.at()].recent;
        for count in mine.len() as u32 + 1..=seen.stamp[me.at()] {
            past[me.at()] = count;
            mine.push(Seal { time: time.clone(), stamped, past: past.clone() });
            self.fresh.0 += 1;
        }
        known
    }

    /// Lets go, if there is much, what cannot be asked for any more: of each process all but what
    /// another one knows of it, or is about to hear, and what comes next after that; and but for
    /// `asked`.
    pub fn tidy<P: Protocol>(
        &mut self,
        seen: &Seen<P>,
        asked: impl Iterator<Item = (NodeId, u32)>,
    ) {
        let Some(sending) = seen.sending.filter(|_| self.fresh.0 >= self.fresh.1) else { return };
        let mut events = vec![SortedSet::new(); self.lines.len()];
        let mut pasts: SortedSet<&[u32]> = SortedSet::new();
        pasts.extend(self.lines.iter().filter_map(|l| Some(&l.recent.last()?.past[..])));
        for (from, count) in sending().into_iter().chain(self.heard.iter().copied().flatten()) {
            if let Some(event) = self.event(from, count) {
                events[from.at()].insert(count);
                pasts.insert(&event.past);
            }
        }
        asked.for_each(|(from, count)| _ = events[from.at()].insert(count));
        let views = |p: usize| pasts.iter().map(|past| past[p]).collect::<SortedSet<u32>>();
        let views: Vec<SortedSet<u32>> = (0..self.lines.len()).map(views).collect();
        for ((line, events), views) in self.lines.iter_mut().zip(&events).zip(&views) {
            line.keep(events, views);
        }
        self.fresh = (0, self.kept().max(FRESH as u64) as u32);
    }

    /// An event by its process and the engine's count.
    pub fn event(&self, of: NodeId, count: u32) -> Option<&Seal<T>> {
        self.lines.get(of.at())?.event(count)
    }

    /// The last stamped event of a process after its first `known`.
    pub fn latest(&self, of: NodeId, known: u32) -> Option<&Seal<T>> {
        let (count, last) = self.lines.get(of.at())?.all().rev().find(|(_, e)| e.stamped)?;
        (count > known).then_some(last)
    }

    /// The first stamped event of a process after its first `known`: it did not happen before
    /// whoever knows no more.
    pub fn unknown(&self, of: NodeId, known: u32) -> Option<&Seal<T>> {
        let line = self.lines.get(of.at())?;
        let old = line.old.partition_point(|(count, _)| *count <= known);
        let old = line.old[old..].iter().map(|(_, seal)| seal).find(|e| e.stamped);
        let from = usize::try_from(known).unwrap_or(usize::MAX);
        old.or_else(|| line.recent.range(from..usize::MAX).find(|e| e.stamped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever may still be asked for is answered as if nothing had been let go.
        #[test]
        fn what_can_be_asked_for_stays(
            rounds in prop::collection::vec(
                (prop::collection::vec(any::<bool>(), 1..90), prop::collection::vec(0u32..400, 0..6)),
                1..6,
            ),
            asked in prop::collection::vec(1u32..400, 0..4),
        ) {
            let mut line = ProcessPast::<u32>::default();
            let mut all: Vec<Seal<u32>> = Vec::new();
            // Views only go on.
            let mut views: SortedSet<u32> = SortedSet::from([0]);
            for (stamps, ahead) in rounds {
                for stamped in stamps {
                    let time = all.len() as u32;
                    let seal = Seal { time, stamped, past: vec![time + 1] };
                    line.recent.push(seal.clone());
                    all.push(seal);
                }
                let len = all.len() as u32;
                let next = ahead.into_iter().map(|a| a.min(len)).filter(|a| Some(a) >= views.first());
                views = { next }.chain(views.last().copied()).collect();
                let events: SortedSet<u32> = if all.len() < 91 {
                    asked.iter().map(|a| (*a).min(len)).collect()
                } else {
                    SortedSet::new()
                };
                let before = line.clone();
                let known: SortedSet<u32> =
                    views.iter().copied().filter(|v| *v == 0 || before.event(*v).is_some()).collect();
                line.keep(&events, &known);
                let record = CausalRecord { lines: vec![line.clone()], heard: vec![None], fresh: (0, 0) };
                let was = CausalRecord { lines: vec![before], heard: vec![None], fresh: (0, 0) };
                let of = NodeId(0);
                for view in &known {
                    prop_assert_eq!(record.event(of, *view), was.event(of, *view));
                    prop_assert_eq!(record.unknown(of, *view), was.unknown(of, *view));
                    prop_assert_eq!(record.latest(of, *view), was.latest(of, *view));
                }
                for count in &events {
                    prop_assert_eq!(record.event(of, *count), was.event(of, *count));
                }
                prop_assert_eq!(record.last(of), all[all.len() - 1].time);
                let most = 2 * known.len() + events.len() + 2 + 16;
                prop_assert!(record.kept() <= most as u64, "{} of {most}", record.kept());
            }
        }
    }
}

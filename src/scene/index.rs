//! What a picture of time needs to find quickly in a long run. It grows with the run and is kept
//! by whoever draws; it holds nothing that the run does not say.

use crate::core::action::Action;
use crate::core::ids::{NodeId, NodeSet};
use crate::core::trace::{Fate, Passage, Trace};
use crate::core::view::{Event, What};
use crate::core::window::Window;
use std::ops::Range;

/// What was wrong for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Links were cut between these groups.
    Partition(Vec<NodeSet>),
    /// Links were cut one way.
    Cut { from: NodeSet, to: NodeSet },
    /// A process was down.
    Crash(NodeId),
    /// A process stood still.
    Pause(NodeId),
}

/// An interval in which something was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TroubleSpan {
    /// What.
    pub trouble: Trouble,
    /// The step that began it.
    pub step: u64,
    /// From, in microseconds.
    pub from: u64,
    /// Until, in microseconds; `None` if it lasts.
    pub to: Option<u64>,
}

/// Messages are looked up by blocks of this many.
const BLOCK: usize = 256;

/// The index of a run.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// The places in the run from which and up to which events are taken in.
    first: usize,
    events: usize,
    messages: usize,
    /// Marks of the run that are taken in.
    marks: usize,
    /// The number of the first block of messages.
    first_block: usize,
    /// For each block of messages when the last of them ended, and whether some have not.
    blocks: Vec<(u64, bool)>,
    /// For each node its own events on record, as places in the run.
    by_node: Vec<Vec<u32>>,
    /// Crashes that fall in the node's next handler.
    armed: NodeSet,
    /// What was wrong, by the time it began.
    pub spans: Vec<TroubleSpan>,
    /// Steps that broke a property for the first time.
    pub broken: Vec<u64>,
}

impl Index {
    /// The index of a run.
    pub fn of(trace: &Trace) -> Self {
        let mut index = Index::default();
        index.extend(trace);
        index
    }

    /// Takes in what the run has gained, and lets go what is not on record any more; starts anew if
    /// it has become shorter or its record begins elsewhere.
    pub fn extend(&mut self, trace: &Trace) {
        self.extend_by(trace, usize::MAX);
    }

    /// The same by so many events and messages at most; true once all are taken in.
    pub fn extend_by(&mut self, trace: &Trace, most: usize) -> bool {
        let (first, events) = (trace.events.first() as usize, trace.events.len() as usize);
        let marks = trace.marks();
        if marks.len() < self.marks {
            *self = Index::default();
        }
        if events < self.events || first < self.first || first > self.events {
            (self.first, self.events, self.messages) = (first, first, 0);
            (self.first_block, self.blocks, self.by_node) = Default::default();
        }
        marks[self.marks..].iter().for_each(|event| self.mark(event));
        self.marks = marks.len();
        let next = events.min(self.events.saturating_add(most));
        for event in trace.events.range(self.events..next) {
            self.take(event);
        }
        self.events = next;
        if first > self.first {
            for places in &mut self.by_node {
                places.drain(..places.partition_point(|i| (*i as usize) < first));
            }
            self.first = first;
        }
        let messages = trace.messages.rest();
        let len = messages.len() as usize;
        self.blocks_of(messages, len.min(self.messages.saturating_add(most)));
        self.events == events && self.messages == len
    }

    fn blocks_of(&mut self, messages: &Window<Passage>, len: usize) {
        let first = messages.first() as usize / BLOCK;
        if first > self.first_block {
            self.blocks.drain(..(first - self.first_block).min(self.blocks.len()));
            self.first_block = first;
        }
        let first_new = self.messages / BLOCK;
        for i in self.first_block..len.div_ceil(BLOCK) {
            let known = self.blocks.get(i - self.first_block);
            if i < first_new && known.is_some_and(|(_, open)| !open) {
                continue;
            }
            let mut block = (0, false);
            for p in messages.range(i * BLOCK..(i + 1) * BLOCK) {
                block = (ended(p).max(block.0), block.1 || p.fate == Fate::Flying);
            }
            match self.blocks.get_mut(i - self.first_block) {
                Some(b) => *b = block,
                None => self.blocks.push(block),
            }
        }
        self.messages = len;
    }

    fn take(&mut self, event: &Event) {
        if let Some(node) = event.node.filter(|_| event.is_of_process()) {
            if self.by_node.len() <= node.at() {
                self.by_node.resize(node.at() + 1, Vec::new());
            }
            self.by_node[node.at()].push(event.step.saturating_sub(1) as u32);
        }
    }

    /// Takes in a step that is known whatever is on record.
    fn mark(&mut self, event: &Event) {
        if !event.broken.is_empty() {
            self.broken.push(event.step);
        }
        if let Some(node) = event.node
            && self.armed.has(node)
            && matches!(event.what, What::Receive(_) | What::Timer { .. } | What::Sync)
        {
            self.armed.remove(node);
            self.begin(Trouble::Crash(node), event);
        }
        match (&event.what, event.node) {
            (What::Boot, Some(node)) => {
                self.end(event.at, |t| *t == Trouble::Crash(node) || *t == Trouble::Pause(node));
            }
            (What::Act(action), _) => self.act(action, event),
            _ => {}
        }
    }

    fn act(&mut self, action: &Action, event: &Event) {
        let links = |t: &Trouble| matches!(t, Trouble::Partition(_) | Trouble::Cut { .. });
        match action {
            Action::Crash { node, .. } => self.begin(Trouble::Crash(*node), event),
            Action::CrashAfter { node, .. } => self.armed.insert(*node),
            Action::Restart(node) => self.end(event.at, |t| *t == Trouble::Crash(*node)),
            Action::Pause(node) => self.begin(Trouble::Pause(*node), event),
            Action::Resume(node) => self.end(event.at, |t| *t == Trouble::Pause(*node)),
            Action::Partition(groups) => {
                self.end(event.at, links);
                self.begin(Trouble::Partition(groups.clone()), event);
            }
            Action::HealAll => self.end(event.at, links),
            Action::Cut { from, to } => {
                self.begin(Trouble::Cut { from: *from, to: *to }, event);
            }
            Action::Heal { from, to } => self.end(event.at, |t| match t {
                Trouble::Cut { from: f, to: t } => f.0 & !from.0 == 0 && t.0 & !to.0 == 0,
                _ => false,
            }),
            _ => {}
        }
    }

    fn begin(&mut self, trouble: Trouble, event: &Event) {
        let known = |s: &TroubleSpan| s.to.is_none() && s.trouble == trouble;
        if !self.spans.iter().any(known) {
            self.spans.push(TroubleSpan { trouble, step: event.step, from: event.at, to: None });
        }
    }

    fn end(&mut self, at: u64, which: impl Fn(&Trouble) -> bool) {
        for span in self.spans.iter_mut().filter(|s| s.to.is_none() && which(&s.trouble)) {
            span.to = Some(at);
        }
    }

    /// The events of a process, as places in the run, within such places.
    pub fn of_node(&self, node: NodeId, within: &Range<usize>) -> &[u32] {
        let Some(all) = self.by_node.get(node.at()) else { return &[] };
        let from = all.partition_point(|i| (*i as usize) < within.start);
        &all[from..all.partition_point(|i| (*i as usize) < within.end).max(from)]
    }

    /// What was wrong at some time of a window, as known after a step.
    pub fn spans_in(&self, from: u64, to: u64, step: u64) -> impl Iterator<Item = &TroubleSpan> {
        self.spans
            .iter()
            .filter(move |s| s.step <= step && s.from <= to && s.to.is_none_or(|end| end >= from))
    }

    /// The messages that were on their way at some time of a window.
    pub fn messages_in<'a>(
        &'a self,
        trace: &'a Trace,
        from: u64,
        to: u64,
    ) -> impl Iterator<Item = &'a Passage> {
        let messages = trace.messages.rest();
        let end = messages.partition_point(|p| p.sent_at <= to);
        let blocks = (self.first_block..end.div_ceil(BLOCK)).zip(&self.blocks);
        let early = trace.messages.early().iter().filter(move |p| p.sent_at <= to);
        let rest = blocks
            .filter(move |(_, (last, open))| *open || *last >= from)
            .flat_map(move |(i, _)| messages.range(i * BLOCK..((i + 1) * BLOCK).min(end)));
        early.chain(rest).filter(move |p| p.fate == Fate::Flying || ended(p) >= from)
    }

    /// The events of a window, as places in the run.
    pub fn events_in(&self, trace: &Trace, from: u64, to: u64, step: u64) -> Range<usize> {
        let end = trace.events.partition_point(|e| e.at <= to && e.step <= step);
        trace.events.partition_point(|e| e.at < from).min(end)..end
    }
}

/// When a message ended.
fn ended(p: &Passage) -> u64 {
    match p.fate {
        Fate::Flying => p.due,
        Fate::Received { at, .. } | Fate::Lost { at, .. } => at,
    }
}

impl Trouble {
    /// In words, with the nodes' names.
    pub fn label(&self, name: &dyn Fn(NodeId) -> String) -> String {
        let list = |s: &NodeSet| match s.len() {
            0..=8 => s.iter().map(name).collect::<Vec<_>>().join(" "),
            n => format!("{n} nodes"),
        };
        match self {
            Trouble::Partition(groups) => {
                let all = groups.iter().map(list).filter(|g| !g.trim().is_empty());
                let all: Vec<String> = all.map(|g| g.trim().to_string()).collect();
                format!("cut {}", all.join(" | "))
            }
            Trouble::Cut { from, to } => format!("cut {} to {}", list(from), list(to)),
            Trouble::Crash(node) => format!("{} down", name(*node)),
            Trouble::Pause(node) => format!("{} paused", name(*node)),
        }
    }
}

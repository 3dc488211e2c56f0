//! Processes as lines, messages between them as slanted ones, time to the right; the past and the
//! future of the selected step lit.

mod axis;
mod chips;
mod lines;
mod ticks;
mod ways;

pub use axis::Axis;

use super::geometry::{Bounded, PX, Point, Track};
use super::index::{Index, Trouble};
use super::text::{self, fit};
use super::{Anchor, Drawing, Item, PicturePart, Size, Target, Typeface};
use crate::algo::clocks::overlay::Overlay;
use crate::core::ids::NodeId;
use crate::core::trace::{Passage, Relation, Trace};
use crate::core::view::{Event, NodeShape, What, WorldView};
use std::ops::Range;

/// What the horizontal axis means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spacing {
    /// True time: a message's slope is its delay.
    #[default]
    Real,
    /// Equal distances from causes to effects.
    Causal,
}

/// What is drawn.
#[derive(Clone, Debug)]
pub struct SpaceTime<'a> {
    /// The run.
    pub trace: &'a Trace,
    /// Its index.
    pub index: &'a Index,
    /// The world at the cursor: names, and the step up to which the run is shown.
    pub view: &'a WorldView,
    /// First and last time shown, in microseconds.
    pub window: (u64, u64),
    /// Room.
    pub size: Size,
    /// Meaning of the axis.
    pub spacing: Spacing,
    /// The step whose past and future are lit.
    pub selected: Option<u64>,
    /// The processes shown, from the top.
    pub hosts: Vec<NodeId>,
    /// Timestamps shown at the events.
    pub chips: Option<&'a Overlay>,
    /// Which shapes.
    pub part: PicturePart,
    /// Of what has settled, only what came about after this step.
    pub since: u64,
}

/// Above this many visible messages one path holds all of a kind.
const DENSE: usize = 500;

/// What a drawing needs to know everywhere.
struct DrawingFrame<'a> {
    of: &'a SpaceTime<'a>,
    axis: Axis,
    /// Events shown.
    seen: Range<usize>,
    /// The height of each node's line.
    rows: Vec<Option<i32>>,
    top: i32,
    bottom: i32,
    scale: i32,
    now: u64,
    centre: Option<&'a Event>,
}

impl<'a> SpaceTime<'a> {
    /// A diagram of all servers.
    pub fn new(
        view: &'a WorldView,
        trace: &'a Trace,
        index: &'a Index,
        window: (u64, u64),
        size: Size,
    ) -> Self {
        let hosts =
            view.nodes.iter().filter(|n| n.shape != NodeShape::Client).map(|n| n.id).collect();
        let spacing = Spacing::Real;
        SpaceTime {
            trace,
            index,
            view,
            window,
            size,
            spacing,
            selected: None,
            chips: None,
            hosts,
            part: PicturePart::All,
            since: 0,
        }
    }

    /// The picture at a moment from the view's step on, before the next one.
    pub fn scene(&self, now: u64) -> Drawing {
        let frame = DrawingFrame::new(self, now);
        let mut scene = Drawing::new(self.size, "Space-time diagram");
        scene.desc = format!(
            "{} events on {} processes",
            self.hosts.iter().map(|n| self.index.of_node(*n, &frame.seen).len()).sum::<usize>(),
            self.hosts.len()
        );
        let out = &mut scene.items;
        if self.part.fixed() {
            frame.bands(out);
            frame.ticks(out);
        }
        frame.hosts(out);
        if self.part.moving() {
            frame.playhead(out);
        }
        let dense = self.is_dense(&frame.seen);
        frame.ways(dense, out);
        if self.part.settled() {
            frame.dots(dense, out);
            if let Some(overlay) = self.chips.filter(|_| !dense) {
                frame.tick_lines(overlay, out);
                frame.chips(overlay, out);
            }
            frame.flags(out);
            frame.selection(out);
        }
        scene
    }

    /// What has settled stays where it is when a step is added, unless this changes: the window,
    /// the number of flags, and whether single shapes are drawn. `None` where all of it moves.
    pub fn settled_as(&self) -> Option<(u64, u64, usize, bool)> {
        if self.selected.is_some() || self.chips.is_some() || self.spacing != Spacing::Real {
            return None;
        }
        let (from, to) = self.window;
        let seen = self.index.events_in(self.trace, from, to, self.view.step);
        Some((from, to, self.index.broken.len(), self.is_dense(&seen)))
    }

    fn is_dense(&self, seen: &Range<usize>) -> bool {
        seen.len() > 2 * DENSE
    }

    /// The last event at or before a place on the axis, for clicks into the open.
    pub fn time_at(&self, x: i32) -> u64 {
        let frame = DrawingFrame::new(self, self.view.now);
        let (left, right) = (frame.axis.left, frame.axis.right);
        let done = i128::from((x - left).bounded(0, right - left));
        let span = i128::from(self.window.1.saturating_sub(self.window.0));
        self.window.0 + (span * done / i128::from((right - left).max(1))) as u64
    }
}

impl<'a> DrawingFrame<'a> {
    fn new(of: &'a SpaceTime<'a>, now: u64) -> Self {
        let Size { w, h } = of.size;
        let scale =
            (i64::from(w) * 1000 / 8220).min(i64::from(h) * 1000 / 2860).bounded(850, 1700) as i32;
        let px = |n: i32| n * PX * scale / 1000;
        let (left, right) = (px(52), w - px(16));
        let (top, bottom) = (px(32), h - px(26));
        let n = of.hosts.len() as i32;
        let inset = px(27).min((bottom - top) / 4);
        let pitch = ((bottom - top - 2 * inset) / (n - 1).max(1)).max(PX);
        let mut rows = vec![None; of.view.nodes.len()];
        for (i, node) in of.hosts.iter().enumerate() {
            if let Some(row) = rows.get_mut(node.at()) {
                let alone = if n == 1 { (bottom - top) / 2 - inset } else { 0 };
                *row = Some(top + inset + alone + pitch * i as i32);
            }
        }
        let seen = of.index.events_in(of.trace, of.window.0, of.window.1, of.view.step);
        let axis = match of.spacing {
            Spacing::Real => Axis::real(left, right, of.window),
            Spacing::Causal => Axis::causal(left, right, of, &seen),
        };
        let centre = of.selected.and_then(|s| of.trace.event(s)).filter(|e| e.node.is_some());
        DrawingFrame { of, axis, seen, rows, top, bottom, scale, now, centre }
    }

    fn px(&self, n: i32) -> i32 {
        n * PX * self.scale / 1000
    }

    fn row(&self, node: NodeId) -> Option<i32> {
        self.rows.get(node.at()).copied().flatten()
    }

    fn name(&self, node: NodeId) -> String {
        self.of.view.nodes.get(node.at()).map_or(String::new(), |n| n.name.to_string())
    }

    /// The place up to which the run has come.
    fn head(&self) -> i32 {
        let (t0, t1) = self.of.window;
        self.axis.time(self.now.bounded(t0, t1))
    }

    fn relation(&self, event: &Event) -> Option<Relation> {
        Some(Relation::of(event, self.centre?))
    }

    /// Links that were cut, as bands behind everything.
    fn bands(&self, out: &mut Vec<Item>) {
        let (t0, t1) = self.of.window;
        let size = self.px(11);
        let mut free = self.axis.left;
        for span in self.of.index.spans_in(t0, t1, self.of.view.step) {
            if !matches!(span.trouble, Trouble::Partition(_) | Trouble::Cut { .. }) {
                continue;
            }
            let from = self.axis.time(span.from.max(t0));
            let to = span.to.map_or(self.axis.right, |t| self.axis.time(t.min(t1)));
            let name = |n: NodeId| if self.row(n).is_some() { self.name(n) } else { String::new() };
            let label = span.trouble.label(&name);
            let key = format!("band-{}", span.step);
            let band = (from, self.top, (to - from).max(PX), self.bottom - self.top);
            out.push(
                Item::rect("band", band, 0)
                    .key(key)
                    .title(label.clone())
                    .target(Target::Fault(span.step)),
            );
            let x = from.max(free) + self.px(6);
            // Above the playhead's own label, and left of what the page puts in the corner.
            let shown = fit(&label, Typeface::Mono, size, self.axis.right - x - self.px(150));
            if !shown.is_empty() {
                free = x + text::width(&shown, Typeface::Mono, size);
                let at = Point::new(x, self.top - self.px(19));
                out.push(
                    Item::text("soft", at, (Typeface::Mono, size, Anchor::Start), shown)
                        .key(format!("band-label-{}", span.step)),
                );
            }
        }
    }

    fn ticks(&self, out: &mut Vec<Item>) {
        let (t0, t1) = self.of.window;
        let size = self.px(11);
        let y = self.bottom + self.px(17);
        if !self.axis.is_real() {
            let words = "causes to effects, equally spaced";
            let at = Point::new(self.axis.left, y);
            out.push(
                Item::text("soft", at, (Typeface::Sans, size, Anchor::Start), words).key("axis"),
            );
            return;
        }
        let room = self.axis.right - self.axis.left - self.px(24);
        let (step, unit, of, decimals) = axis::ticks((t0, t1), room, self.px(64));
        let mut t = t0.div_ceil(step) * step;
        let last = self.axis.right - self.px(26);
        while t <= t1 {
            let x = self.axis.time(t);
            let (a, b) = (Point::new(x, self.bottom), Point::new(x, self.bottom + self.px(4)));
            out.push(Item::line("tick", a, b).key(format!("tick-{t}")));
            if x <= last {
                let words = axis::in_unit(t, of, decimals);
                let style = (Typeface::Mono, size, Anchor::Middle);
                out.push(
                    Item::text("soft", Point::new(x, y), style, words).key(format!("time-{t}")),
                );
            }
            let Some(next) = t.checked_add(step) else { break };
            t = next;
        }
        let at = Point::new(self.axis.right, y);
        out.push(Item::text("soft", at, (Typeface::Mono, size, Anchor::End), unit).key("unit"));
    }

    /// First violations.
    fn flags(&self, out: &mut Vec<Item>) {
        let (t0, t1) = self.of.window;
        for step in self.of.index.broken.iter().filter(|s| **s <= self.of.view.step) {
            let Some(e) = self.of.trace.event(*step).filter(|e| e.at >= t0 && e.at <= t1) else {
                continue;
            };
            let x = self.axis.step(e.step, e.at);
            let foot = e.node.and_then(|n| self.row(n)).unwrap_or(self.bottom);
            let (pole, top) = (Point::new(x, foot), Point::new(x, self.top - self.px(4)));
            let (w, h) = (self.px(9), self.px(8));
            let flag = [top, top.plus(Point::new(w, h / 2)), top.plus(Point::new(0, h))];
            let parts = vec![
                Item::line("flag-line", pole, top),
                Item::path("flag", Track::polygon(&flag)),
                Item::circle("hit", top, self.px(10)),
            ];
            out.push(
                Item::group("", Point::default(), parts)
                    .key(format!("flag-{step}"))
                    .title(format!("{} broken here first", e.broken.join(", ")))
                    .target(Target::Violation(*step)),
            );
        }
    }

    fn playhead(&self, out: &mut Vec<Item>) {
        let x = self.head();
        let (w, h) = self.tag();
        let y = self.top - self.px(16);
        let size = self.px(11);
        let line = Item::line("playhead", Point::new(x, y + h), Point::new(x, self.bottom));
        let tag = (self.tag_at(x) - w / 2, y, w, h);
        let at = Point::new(self.tag_at(x), y + h - self.px(4));
        let style = (Typeface::MonoStrong, size, Anchor::Middle);
        out.push(line.key("play-line"));
        let tag = Item::rect("playhead-tag", tag, self.px(2)).key("play-tag");
        out.push(tag.target(Target::Time));
        let words =
            Item::text("playhead-time", Point::default(), style, self.clock()).key("play-words");
        out.push(Item::group("", at, vec![words]).key("play-time"));
    }

    fn tag(&self) -> (i32, i32) {
        (text::width(&self.clock(), Typeface::MonoStrong, self.px(11)) + self.px(10), self.px(15))
    }

    fn tag_at(&self, x: i32) -> i32 {
        let half = self.tag().0 / 2;
        x.bounded(half, (self.of.size.w - half).max(half))
    }

    /// The moment, as precise as the axis deserves.
    fn clock(&self) -> String {
        let span = self.of.window.1.saturating_sub(self.of.window.0);
        match span {
            300_000.. => format!("{} s", axis::in_unit(self.now, 1_000_000, 2)),
            3_000.. => format!("{} ms", axis::in_unit(self.now, 1_000, 1)),
            _ => format!("{} \u{b5}s", self.now),
        }
    }
}

/// What an event is called: the rule applied last, or what came about; with its epoch in the
/// node's own word.
pub fn label(event: &Event, trace: &Trace, view: &WorldView) -> String {
    let name = match (event.notes.last(), &event.what) {
        (Some(note), _) => (*note).to_string(),
        (None, What::Boot) => "Boot".to_string(),
        (None, What::Receive(id)) => match passage(trace, event.step, id) {
            Some(p) => p.look.name.to_string(),
            None => "Receive".to_string(),
        },
        (None, What::Timer { name, .. }) => (*name).to_string(),
        (None, What::Lost { .. }) => "Lost".to_string(),
        (None, What::Dock) => "Waits".to_string(),
        (None, What::Sync) => "Sync".to_string(),
        (None, What::Act(_)) => "Intervention".to_string(),
        (None, What::Ignored { .. }) => "Ignored".to_string(),
    };
    let badge = event.node.and_then(|n| view.nodes.get(n.at())).map(|n| n.look.badge.as_str());
    let word = badge.and_then(|b| b.split_once(' ')).map(|(word, _)| word);
    let epoch = event.sent.iter().find_map(|s| s.look.epoch);
    match (word, epoch, event.notes.is_empty()) {
        (Some(word), Some(epoch), false) => format!("{name}, {word} {epoch}"),
        _ => name,
    }
}

/// The life of a message that ended in a step.
pub fn passage<'a>(
    trace: &'a Trace,
    step: u64,
    id: &crate::core::ids::MsgId,
) -> Option<&'a Passage> {
    let at = trace.event(step)?.at;
    let messages = trace.messages.rest();
    let sent = messages.range(0..messages.partition_point(|p| p.sent_at <= at));
    trace.messages.early().iter().chain(sent).rev().find(|p| p.id == *id)
}

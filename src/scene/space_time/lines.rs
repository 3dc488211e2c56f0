//! The processes' lines, their events, and what is picked out.

use super::{DrawingFrame, label, passage};
use crate::core::ids::NodeId;
use crate::core::trace::Relation;
use crate::core::view::{Event, What};
use crate::scene::geometry::{Bounded, PX, Point, Track};
use crate::scene::index::Trouble;
use crate::scene::text::{self, LABEL, fit, shorten};
use crate::scene::{Anchor, Item, Target, Typeface};

/// The last event of a node in the past of another, and the first in its future.
type Edges<'a> = (Option<&'a Event>, Option<&'a Event>);

impl DrawingFrame<'_> {
    pub(super) fn hosts(&self, out: &mut Vec<Item>) {
        let start = self.axis.left - self.px(8);
        if self.of.part.fixed() {
            // From the last step on; the lines themselves go over it.
            let (from, to) = (self.axis.time(self.of.view.now).max(start), self.axis.right);
            let mut track = Track::new();
            for y in self.of.hosts.iter().filter_map(|node| self.row(*node)) {
                track.to(Point::new(from, y)).line(Point::new(to, y));
            }
            let class = if self.is_crowded() { "host ahead crowd" } else { "host ahead" };
            out.push(Item::path(class, track).key("hosts-ahead"));
        }
        let mut free = i32::MIN;
        for node in &self.of.hosts {
            let Some(y) = self.row(*node) else { continue };
            // In a crowd only those are named whose names have room.
            if self.of.part.fixed() && y >= free {
                free = y + self.px(12);
                let size = self.px(12);
                let name = shorten(&self.name(*node), LABEL);
                let name = fit(&name, Typeface::Mono, size, start - self.px(6));
                let spot = Point::new(self.px(6), y + self.px(4));
                out.push(
                    Item::text("host-name", spot, (Typeface::Mono, size, Anchor::Start), name)
                        .key(format!("host-name-{}", node.0))
                        .target(Target::Node(*node)),
                );
            }
            if self.of.part.moving() {
                self.line(*node, y, out);
            }
            if let Some(centre) = self.centre.filter(|_| self.of.part.moving()) {
                self.lit_host(*node, y, self.edges(*node, centre), out);
            }
        }
    }

    /// Do lines stand so close that they would make a surface?
    fn is_crowded(&self) -> bool {
        let mut rows = self.rows.iter().flatten();
        let pair = rows.next().zip(rows.next());
        pair.is_some_and(|(a, b)| (b - a).abs() < self.px(4))
    }

    /// A process's line in pieces: whole, dotted while down, hatched while paused.
    fn line(&self, node: NodeId, y: i32, out: &mut Vec<Item>) {
        let (t0, t1) = self.of.window;
        let at = |x: i32| Point::new(x, y);
        let mut x = self.axis.left - self.px(8);
        let whole = if self.is_crowded() { "host crowd" } else { "host" };
        let mut pieces = Vec::new();
        for span in self.of.index.spans_in(t0, t1.min(self.now), self.of.view.step) {
            let paused = match span.trouble {
                Trouble::Crash(n) if n == node => false,
                Trouble::Pause(n) if n == node => true,
                _ => continue,
            };
            let from = self.axis.time(span.from.max(t0)).max(x);
            let open = span.to.is_none_or(|t| t > self.now);
            let to = if open { self.head() } else { self.axis.time(span.to.unwrap_or(t1)) };
            if from > x {
                pieces.push(Item::line(whole, at(x), at(from)));
            }
            x = to.max(from);
            let piece = Item::line(if paused { whole } else { "host down" }, at(from), at(x));
            pieces.push(if open { piece.key(format!("host-gap-{}", node.0)) } else { piece });
            if paused {
                pieces.push(Item::path("host-pause", self.teeth(from, x, y)));
            }
        }
        let head = self.head().max(x);
        pieces.push(Item::line(whole, at(x), at(head)).key(format!("host-{}", node.0)));
        out.push(Item::group("", Point::default(), pieces).key(format!("line-{}", node.0)));
    }

    /// Short strokes across a line.
    fn teeth(&self, from: i32, to: i32, y: i32) -> Track {
        let (mut t, mut x, h) = (Track::new(), from + self.px(3), self.px(3));
        while x + h < to {
            t.to(Point::new(x - h, y + h)).line(Point::new(x + h, y - h));
            x += self.px(6);
        }
        t
    }

    /// The last shown event of a node in the selected one's past, and the first in its future: on
    /// one process the past comes first and the future last.
    fn edges(&self, node: NodeId, centre: &Event) -> Edges<'_> {
        let events = &self.of.trace.events;
        let mine = self.of.index.of_node(node, &self.seen);
        let at = |i: usize| mine.get(i).map(|e| &events[*e as usize]);
        let is = |i: &u32| Relation::of(&events[*i as usize], centre);
        let past = mine.partition_point(|i| matches!(is(i), Relation::Past | Relation::Same));
        let first = mine.partition_point(|i| matches!(is(i), Relation::Past | Relation::Beside));
        (past.checked_sub(1).and_then(at), at(first))
    }

    /// The parts of a line before the last event that could have caused the selected one, and after
    /// the first that it could have caused.
    fn lit_host(&self, node: NodeId, y: i32, (past, future): Edges, out: &mut Vec<Item>) {
        let piece = |class: &'static str, a: i32, b: i32, dy: i32| {
            Item::line(class, Point::new(a, y + dy), Point::new(b, y + dy))
        };
        let mut pieces = Vec::new();
        if let Some(e) = past {
            pieces.push(piece(
                "host past",
                self.axis.left - self.px(8),
                self.axis.step(e.step, e.at),
                0,
            ));
        }
        if let Some(e) = future {
            let (from, gap) = (self.axis.step(e.step, e.at), self.px(1));
            // Drawn up to the last event known, so that it stays as it is between steps.
            let to = self.axis.time(self.of.view.now.min(self.of.window.1));
            pieces.push(piece("host future", from, to, -gap));
            pieces.push(piece("host future", from, to, gap));
        }
        if !pieces.is_empty() {
            out.push(Item::group("", Point::default(), pieces).key(format!("lit-{}", node.0)));
        }
    }

    /// The class of an event by its standing to the selected one.
    pub(super) fn standing(&self, event: &Event) -> &'static str {
        match self.relation(event) {
            Some(Relation::Past) => "past",
            Some(Relation::Same | Relation::Future) => "future",
            _ => "",
        }
    }

    pub(super) fn dots(&self, dense: bool, out: &mut Vec<Item>) {
        let mut many = [Track::new(), Track::new(), Track::new()];
        // The last place with a dot, for each process: two pixels hold no more than one.
        let mut taken = vec![i32::MIN; self.rows.len()];
        let fresh = (self.of.since as usize).bounded(self.seen.start, self.seen.end);
        for event in self.of.trace.events.range(fresh..self.seen.end) {
            let Some((node, y)) = event.node.and_then(|n| Some((n, self.row(n)?))) else {
                continue;
            };
            if !event.is_of_process() && event.ops.is_empty() {
                continue;
            }
            let x = self.axis.step(event.step, event.at);
            if dense {
                let last = &mut taken[node.at()];
                if *last == x / (2 * PX) {
                    continue;
                }
                *last = x / (2 * PX);
            }
            let standing = self.standing(event);
            if dense {
                let kind = ["", "past", "future"].iter().position(|s| *s == standing).unwrap_or(0);
                let p = Point::new(x, y);
                many[kind].to(p).line(p);
                continue;
            }
            let (class, r) = match (&event.what, standing) {
                (What::Act(_), _) => ("dot act", self.px(4)),
                (_, "past") => ("dot past", self.px(5) / 2),
                (_, "future") => ("dot future", self.px(5) / 2),
                _ if self.centre.is_none() => ("dot plain", self.px(5) / 2),
                _ => ("dot", self.px(5) / 2),
            };
            out.push(
                Item::circle(class, Point::new(x, y), r)
                    .key(format!("event-{}", event.step))
                    .title(self.describe(event))
                    .target(Target::Event(event.step)),
            );
        }
        for (track, class) in many.into_iter().zip(["dots", "dots past", "dots future"]) {
            if !track.0.is_empty() {
                out.push(Item::path(class, track).key(class.replace(' ', "-")));
            }
        }
    }

    fn describe(&self, event: &Event) -> String {
        let what = label(event, self.of.trace, self.of.view);
        match event.node {
            Some(n) => format!("{}: {what}", self.name(n)),
            None => what,
        }
    }

    /// The selected event with its name, and the event that triggered it.
    pub(super) fn selection(&self, out: &mut Vec<Item>) {
        let Some(event) = self.centre else { return };
        let (t0, t1) = self.of.window;
        let inside = |e: &&Event| e.at >= t0 && e.at <= t1;
        let place = |e: &Event| Some(Point::new(self.axis.step(e.step, e.at), self.row(e.node?)?));
        let Some(p) = Some(event).filter(inside).and_then(place) else { return };
        let parts = vec![
            Item::circle("chosen", p, self.px(6)),
            Item::circle("chosen-dot", p, self.px(5) / 2),
        ];
        out.push(
            Item::group("", Point::default(), parts)
                .key("chosen")
                .title(self.describe(event))
                .target(Target::Event(event.step)),
        );
        let size = self.px(12);
        let words = label(event, self.of.trace, self.of.view);
        let mine = self.word(p, Typeface::SansStrong, size, &words, true);
        let taken = (mine.0, mine.1);
        if let Some((trigger, q)) =
            self.trigger(event).filter(inside).and_then(|e| Some((e, place(e)?)))
        {
            let words = label(trigger, self.of.trace, self.of.view);
            let theirs = self.word(q, Typeface::Sans, size, &words, false);
            out.push(
                Item::circle("dot past", q, self.px(4))
                    .key("trigger")
                    .target(Target::Event(trigger.step)),
            );
            let apart = q.y != p.y || theirs.1 < taken.0 || theirs.0 > taken.1;
            if apart {
                out.push(theirs.2.key("trigger-label"));
            }
        }
        out.push(mine.2.key("chosen-label"));
    }

    /// A label above a dot: its left and right ends, and itself.
    fn word(
        &self,
        p: Point,
        face: Typeface,
        size: i32,
        words: &str,
        ahead: bool,
    ) -> (i32, i32, Item) {
        let w = text::width(words, face, size);
        let mut left = if ahead { p.x + self.px(9) } else { p.x - w / 2 };
        left = left.min(self.axis.right - w);
        if left + w > self.axis.time(self.of.view.now) {
            // The playhead passes; only the last step's place is used, so that labels stand still.
            left = left.min(self.axis.time(self.of.view.now) - w - self.px(6));
        }
        left = left.max(self.px(2));
        let at = Point::new(left, p.y - self.px(9));
        let class = if ahead { "halo" } else { "soft halo" };
        (left, left + w, Item::text(class, at, (face, size, Anchor::Start), words))
    }

    /// The event that directly brought another about: the sending of what it received, or else what
    /// its process did just before.
    fn trigger(&self, event: &Event) -> Option<&Event> {
        let trace = self.of.trace;
        if let What::Receive(id) = &event.what {
            return trace.event(passage(trace, event.step, id)?.sent_step);
        }
        let before = trace.events.range(0..(event.step as usize).saturating_sub(1));
        before.rev().take(10_000).find(|e| e.node == event.node && e.is_of_process())
    }
}

//! Messages as slanted lines.

use super::DrawingFrame;
use crate::core::trace::{Fate, Passage, Relation};
use crate::scene::geometry::{ONE, PX, Point, Track, between, share};
use crate::scene::stage::lost_share;
use crate::scene::{Item, PicturePart, Target};

/// A message's line.
struct MessageWay {
    a: Point,
    b: Point,
    lost: bool,
    flying: bool,
}

impl DrawingFrame<'_> {
    /// The line of a message, within the window and up to the present.
    fn way(&self, p: &Passage) -> Option<MessageWay> {
        let (y0, y1) = (self.row(p.id.from)?, self.row(p.id.to)?);
        let x0 = self.axis.step(p.sent_step, p.sent_at);
        let cursor = self.of.view.step;
        let (t0, t1) = self.of.window;
        let (end, lost, flying) = match p.fate {
            Fate::Received { step, at } if step <= cursor => ((step, at, ONE), false, false),
            Fate::Lost { step, at, .. } if step <= cursor => {
                ((step, at, lost_share(p).unwrap_or(ONE / 2)), true, false)
            }
            _ => {
                let done = share(self.now, p.sent_at, p.due);
                let known = self.of.view.messages.iter().find(|m| m.id == p.id);
                let doomed = known.is_some_and(|m| m.doomed);
                ((cursor, self.now, if doomed { done / 2 } else { done }), false, true)
            }
        };
        let (step, at, made) = end;
        if at < t0 || p.sent_at > t1 || p.sent_step > cursor {
            return None;
        }
        let x1 = if flying { self.head() } else { self.axis.step(step, at.max(t0)) };
        let (mut a, mut b) = (Point::new(x0, y0), Point::new(x1, between(y0, y1, made)));
        if self.axis.is_real() {
            // The axis stops at its ends; the slope goes on.
            let whole = |t: u64| share(t, p.sent_at, at.max(p.sent_at + 1));
            let level = |t: u64| between(y0, b.y, whole(t));
            if p.sent_at < t0 {
                a.y = level(t0);
            }
            if at > t1 {
                b = Point::new(self.axis.right, level(t1));
            }
        }
        Some(MessageWay { a, b, lost: lost && at <= t1, flying })
    }

    /// Past if it reached the past, future if it left the future.
    fn way_class(&self, p: &Passage) -> &'static str {
        let Some(_) = self.centre else { return "" };
        let cursor = self.of.view.step;
        let sent = self.of.trace.event(p.sent_step).and_then(|e| self.relation(e));
        match p.fate {
            Fate::Received { step, .. } if step <= cursor => {
                let got = self.of.trace.event(step).and_then(|e| self.relation(e));
                match (sent, got) {
                    (_, Some(Relation::Past | Relation::Same)) => "past",
                    (Some(Relation::Same | Relation::Future), _) => "future",
                    _ => "",
                }
            }
            Fate::Lost { step, .. } if step <= cursor => "",
            _ => match sent {
                Some(Relation::Same | Relation::Future) => "future",
                _ => "",
            },
        }
    }

    /// A line, or two beside each other for the future.
    fn track(&self, way: &MessageWay, class: &str) -> Track {
        let mut t = Track::new();
        if class == "future" {
            let side = way.b.minus(way.a).right().scaled(self.px(12) / 10);
            t.to(way.a.plus(side)).line(way.b.plus(side));
            t.to(way.a.minus(side)).line(way.b.minus(side));
        } else {
            t.to(way.a).line(way.b);
        }
        t
    }

    fn visible(&self) -> impl Iterator<Item = &Passage> {
        let (t0, t1) = self.of.window;
        self.of.index.messages_in(self.of.trace, t0, t1.min(self.now))
    }

    /// Has it been drawn with what settled earlier?
    fn ended_before(&self, p: &Passage) -> bool {
        match p.fate {
            Fate::Received { step, .. } | Fate::Lost { step, .. } => step <= self.of.since,
            Fate::Flying => false,
        }
    }

    /// Finished messages, and those on their way, as far as they are wanted.
    pub(super) fn ways(&self, dense: bool, out: &mut Vec<Item>) {
        let mut ends = Vec::new();
        let mut layers: [Vec<Item>; 3] = Default::default();
        let mut many = [Track::new(), Track::new(), Track::new()];
        let mut crosses = Track::new();
        let nodes = self.rows.len();
        // Where a line between two processes last began: those within three pixels are one.
        let mut taken = vec![i32::MIN; if dense { nodes * nodes } else { 0 }];
        if self.of.part == PicturePart::Fixed {
            return;
        }
        for p in self.visible() {
            if dense && self.axis.is_real() && p.sent_at >= self.of.window.0 {
                let place = self.axis.time(p.sent_at) / (3 * PX);
                match taken.get_mut(p.id.from.at() * nodes + p.id.to.at()) {
                    Some(last) if *last != place => *last = place,
                    _ => continue,
                }
            }
            let class = self.way_class(p);
            let layer = ["", "past", "future"].iter().position(|c| *c == class).unwrap_or(0);
            if self.ended_before(p) {
                continue;
            }
            let Some(way) = self.way(p) else { continue };
            let part = self.of.part;
            if !(if way.flying { part.moving() } else { part.settled() }) {
                continue;
            }
            if dense && !way.flying {
                many[layer].0.push_str(&self.track(&way, class).0);
                if way.lost {
                    crosses.0.push_str(&Track::cross(way.b, self.px(5) / 2).0);
                }
                continue;
            }
            let name = match class {
                "past" => "way past",
                "future" => "way future",
                _ if way.lost => "way lost",
                _ => "way",
            };
            let key = format!("{}-{}-{}", p.id.from.0, p.id.to.0, p.id.nth);
            let line = match class {
                "future" => Item::path(name, self.track(&way, class)),
                _ => Item::line(name, way.a, way.b),
            };
            layers[layer].push(
                line.key(format!("way-{key}")).title(self.title(p)).target(Target::Message(p.id)),
            );
            if way.lost {
                ends.push(
                    Item::path("end", Track::cross(way.b, self.px(3))).key(format!("end-{key}")),
                );
            }
        }
        for ((track, class), layer) in
            many.into_iter().zip(["way", "way past", "way future"]).zip(layers)
        {
            if !track.0.is_empty() {
                out.push(Item::path(class, track).key(class.replace(' ', "-") + "-all"));
            }
            out.extend(layer);
        }
        if !crosses.0.is_empty() {
            out.push(Item::path("end", crosses).key("ends"));
        }
        out.extend(ends);
    }

    fn title(&self, p: &Passage) -> String {
        format!("{}, {} to {}", p.look.name, self.name(p.id.from), self.name(p.id.to))
    }
}

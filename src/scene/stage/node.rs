//! One node: outline, role, epoch, timers, and what is wrong with it.

use super::{Grade, Plan, Stage, duration};
use crate::core::ids::NodeId;
use crate::core::view::{Border, NodeShape, NodeView, Status, TimerView};
use crate::scene::geometry::{Bounded, ONE, PX, Point, TURN, Track, hatch, share};
use crate::scene::marks;
use crate::scene::text::{self, LABEL, Typeface, shorten};
use crate::scene::{Anchor, Item, PicturePart, Target};

/// Draws a node around its place.
pub fn draw(stage: &Stage, plan: &Plan, id: NodeId, now: u64) -> Item {
    let node = &stage.view.nodes[id.at()];
    let pen = NodePen { stage, plan, node, half: half(plan, node), grade: grade(plan, node) };
    let mut parts = pen.timers(now);
    pen.body(&mut parts);
    pen.words(&mut parts);
    pen.state(&mut parts);
    pen.cone(&mut parts);
    Item::group(pen.class(), plan.at[id.at()], parts)
        .key(format!("node-{}", id.0))
        .title(describe(node))
        .target(Target::Node(id))
}

/// What turns around a node: its timers.
pub fn dials(stage: &Stage, plan: &Plan, id: NodeId, now: u64) -> Option<Item> {
    let node = &stage.view.nodes[id.at()];
    let pen = NodePen { stage, plan, node, half: half(plan, node), grade: grade(plan, node) };
    let parts = pen.timers(now);
    (!parts.is_empty()).then(|| Item::group("", plan.at[id.at()], parts))
}

/// The arc that a timer has left.
fn dial(r: i32, timer: &TimerView, now: u64) -> crate::scene::Shape {
    let left = match timer.due {
        Some(due) => ONE - share(now, timer.set_at, due),
        None => ONE,
    };
    crate::scene::Shape::Arc { r, share: left }
}

/// The timers that have room: none of a dot's, of a client's only how long it still waits.
fn shown<'a>(plan: &Plan, node: &'a NodeView) -> &'a [TimerView] {
    let all = &node.timers;
    match (grade(plan, node), node.shape) {
        (Grade::Dot, _) => &[],
        (_, NodeShape::Client) => &all[all.len().saturating_sub(1)..],
        _ => &all[..all.len().min(3)],
    }
}

fn radius(plan: &Plan, node: &NodeView, nth: usize) -> i32 {
    let base = if node.shape == NodeShape::Client { plan.client + plan.of(4) } else { plan.ring() };
    base + plan.of(5) * nth as i32
}

fn half(plan: &Plan, node: &NodeView) -> i32 {
    if node.shape == NodeShape::Client { plan.client } else { plan.unit / 2 }
}

fn grade(plan: &Plan, node: &NodeView) -> Grade {
    match (node.shape, plan.grade) {
        (NodeShape::Client, Grade::Card | Grade::Circle) => Grade::Circle,
        (_, g) => g,
    }
}

/// A node in words, for those who hover or listen.
fn describe(node: &NodeView) -> String {
    let mut out = node.name.to_string();
    let mut add = |s: &str| {
        if !s.is_empty() {
            out.push_str(", ");
            out.push_str(s);
        }
    };
    add(&node.look.role);
    add(node.place.unwrap_or_default());
    add(&node.look.badge);
    match node.status {
        Status::Up => {}
        Status::Crashed => add("crashed"),
        Status::Paused => add("paused"),
        Status::Slow => add("slow"),
    }
    if node.syncing {
        add("waiting for its disk");
    }
    if node.skew != 0 {
        let (sign, us) = (if node.skew < 0 { "behind" } else { "ahead" }, node.skew.unsigned_abs());
        add(&format!("clock {} {sign}", duration(us)));
    }
    if node.inbox > 0 {
        add(&format!("{} waiting in its inbox", node.inbox));
    }
    if let Some(w) = &node.waiting {
        add(&format!("waiting for {w}"));
    }
    out
}

struct NodePen<'a> {
    stage: &'a Stage<'a>,
    plan: &'a Plan,
    node: &'a NodeView,
    half: i32,
    grade: Grade,
}

impl NodePen<'_> {
    fn class(&self) -> String {
        let node = self.node;
        let mut class = String::from("node");
        match node.look.epoch {
            Some(e) => class.push_str(EPOCHS[(e % 8) as usize]),
            None => class.push_str(" no-epoch"),
        }
        class.push_str(match node.status {
            Status::Up => "",
            Status::Crashed => " crashed",
            Status::Paused => " paused",
            Status::Slow => " slow",
        });
        class.push_str(match node.look.border {
            Border::Double => " leads",
            Border::Dashed => " runs",
            Border::Single => "",
            Border::Thin => " learns",
        });
        if self.stage.node == Some(node.id) {
            class.push_str(" picked");
        }
        class
    }

    fn px(&self, px: i32) -> i32 {
        self.plan.of(px)
    }

    fn timers(&self, now: u64) -> Vec<Item> {
        let mut out = Vec::new();
        if self.node.status == Status::Crashed {
            return out;
        }
        for (i, timer) in shown(self.plan, self.node).iter().enumerate() {
            let r = radius(self.plan, self.node, i);
            let class = if timer.due.is_none() { "timer frozen" } else { "timer" };
            let mut parts = Vec::new();
            if self.stage.part.fixed() {
                parts.push(Item::circle("timer-track", Point::default(), r));
            }
            if self.stage.part.moving() {
                parts.push(Item::new(class, dial(r, timer, now)));
            }
            if self.stage.part == PicturePart::Moving {
                out.extend(parts);
                continue;
            }
            out.push(
                Item::group("", Point::default(), parts)
                    .title(timer.name.clone())
                    .target(Target::Timer { node: self.node.id, code: timer.code }),
            );
        }
        out
    }

    /// As a card is drawn, small ones are round.
    fn outline(&self, half: i32) -> Track {
        let lies = self.node.lies && self.stage.observer;
        match self.grade {
            Grade::Card => marks::outline(self.node.shape, half, lies),
            _ if self.node.shape == NodeShape::Server => marks::disc(half),
            _ => marks::outline(self.node.shape, half, lies),
        }
    }

    fn body(&self, out: &mut Vec<Item>) {
        let r = self.half.max(12 * PX);
        out.push(Item::rect("hit", (-r, -r, 2 * r, 2 * r), 0));
        out.push(Item::path("body", self.outline(self.half)));
        let wrapped = self.node.look.epoch.is_some_and(|e| e >= 8);
        if wrapped && self.grade != Grade::Dot && self.node.status != Status::Crashed {
            // Above and below the words.
            let (w, step) = (self.half * 66 / 100, self.px(6));
            let strip = |from: i32, to: i32| {
                let (from, to) = (self.half * from / 100, self.half * to / 100);
                hatch(-w, from, 2 * w, to - from, step)
            };
            let mut strokes = strip(-80, -50);
            strokes.0.push_str(&strip(60, 80).0);
            out.push(Item::path("wrap", strokes));
        }
        if self.node.look.border == Border::Double && self.grade != Grade::Dot {
            let inset = if self.grade == Grade::Card { self.px(4) } else { self.px(3) };
            out.push(Item::path("inner", self.outline(self.half - inset)));
        }
    }

    fn words(&self, out: &mut Vec<Item>) {
        let middle = |face, size| (face, size, Anchor::Middle);
        let node = self.node;
        let name = shorten(&node.name, LABEL);
        match self.grade {
            // Clients keep their size in a crowd.
            Grade::Dot if node.shape != NodeShape::Client => {}
            Grade::Dot | Grade::Circle => {
                let room = self.half * 2 - self.px(4);
                let size = self.px(11).min(self.half);
                let name = text::fit(&name, Typeface::MonoStrong, size, room);
                let at = Point::new(0, size * 36 / 100);
                out.push(Item::text("name", at, middle(Typeface::MonoStrong, size), name));
            }
            Grade::Card => {
                let badge = shorten(&node.look.badge, LABEL);
                let lift = if badge.is_empty() { self.px(5) } else { -self.px(1) };
                let frame = if node.look.border == Border::Double { 14 } else { 8 };
                let (size, room) = (self.px(15), self.half * 2 - self.px(frame));
                let fitted = self.shrink(&name, Typeface::MonoStrong, size, room);
                let at = Point::new(0, lift);
                out.push(Item::text("name", at, middle(Typeface::MonoStrong, fitted), name));
                if !badge.is_empty() {
                    let size = self.shrink(&badge, Typeface::Mono, self.px(10).max(90), room);
                    let badge = text::fit(&badge, Typeface::Mono, size, room);
                    let at = Point::new(0, self.px(14));
                    out.push(Item::text("badge", at, middle(Typeface::Mono, size), badge));
                }
            }
        }
        self.role(out);
        if let (Some(waiting), NodeShape::Client) = (&node.waiting, node.shape) {
            let size = self.px(10).max(90);
            let place = self.plan.at[node.id.at()];
            let wide = text::width(waiting, Typeface::Mono, size) / 2 + 4 * PX;
            let x =
                place.x.bounded(wide.min(self.plan.size.w / 2), self.plan.size.w - wide) - place.x;
            // Under it, or over it at the stage's lower edge.
            let gap = self.half + self.px(6);
            let under = place.y + gap + size <= self.plan.size.h;
            let at = Point::new(x, if under { gap + size * 8 / 10 } else { -gap });
            out.push(Item::text("soft halo", at, middle(Typeface::Mono, size), waiting.clone()));
        }
    }

    /// The size at which a text fits its room, not below 8 px.
    fn shrink(&self, words: &str, face: Typeface, size: i32, room: i32) -> i32 {
        let w = text::width(words, face, size);
        if w <= room { size } else { (size * room / w).max(80) }
    }

    /// The role in words beside the node, or its letter on the node's shoulder.
    fn role(&self, out: &mut Vec<Item>) {
        let look = &self.node.look;
        if self.node.shape == NodeShape::Client || self.grade == Grade::Dot {
            return;
        }
        if self.plan.labels {
            // On a map, where somebody stands says more than an idle role.
            let words = match self.node.place {
                Some(place) if look.glyph.is_empty() => place,
                _ => &look.role,
            };
            if !words.is_empty() {
                let (at, anchor) = self.beside();
                let style = (Typeface::Sans, self.px(12), anchor);
                out.push(Item::text("soft halo", at, style, shorten(words, LABEL)));
            }
        } else if !look.glyph.is_empty() {
            let r = if self.grade == Grade::Card { self.px(9) } else { self.px(6) };
            let at = Point::new(self.half - r / 3, -self.half + r / 3);
            let size = r * 13 / 10;
            out.push(Item::circle("chip", at, r));
            let spot = at.plus(Point::new(0, size * 36 / 100));
            let style = (Typeface::MonoStrong, size, Anchor::Middle);
            out.push(Item::text("chip-text", spot, style, look.glyph.clone()));
        }
    }

    /// Where a role stands: away from the middle of the servers.
    fn beside(&self) -> (Point, Anchor) {
        let ring = self.plan.ring();
        let d = self.plan.at[self.node.id.at()].minus(self.plan.centre);
        let above = (Point::new(0, -ring - self.px(8)), Anchor::Middle);
        let below = (Point::new(0, ring + self.px(16)), Anchor::Middle);
        if self.plan.bent || d == Point::default() {
            return below;
        }
        if d.x.abs() > d.y.abs() {
            let side = if d.x < 0 { -1 } else { 1 };
            let at = Point::new(side * (ring + self.px(3)), -ring + self.px(8));
            return (at, if side < 0 { Anchor::End } else { Anchor::Start });
        }
        if d.y < 0 { above } else { below }
    }

    fn state(&self, out: &mut Vec<Item>) {
        if self.grade == Grade::Dot {
            if self.node.status == Status::Crashed {
                out.push(Item::path("cross", Track::cross(Point::default(), self.half)));
            }
            return;
        }
        let node = self.node;
        let corner = |x: i32, y: i32| Point::new(x * self.half, y * self.half);
        match node.status {
            Status::Up => {}
            Status::Crashed => self.crashed(out),
            Status::Paused => self.paused(out),
            Status::Slow => {
                let at = corner(-1, -1);
                out.push(Item::circle("chip", at, self.px(8)));
                out.push(Item::path("slow-mark", marks::hour_glass(at, self.px(5))));
            }
        }
        if node.syncing {
            let at = corner(1, 1);
            out.push(Item::circle("chip", at, self.px(8)));
            out.push(Item::path("sync-mark", marks::platter(at, self.px(4))));
        }
        if node.skew != 0 || node.drift != 0 {
            self.clock(corner(-1, 1), out);
        }
        if node.inbox > 0 {
            self.inbox(out);
        }
        if node.lies && self.stage.observer {
            let (at, size) = (corner(1, -1), self.px(12));
            out.push(Item::circle("chip observer", at, self.px(8)));
            let spot = at.plus(Point::new(0, size * 36 / 100));
            let style = (Typeface::SansStrong, size, Anchor::Middle);
            out.push(Item::text("bad", spot, style, "!"));
        }
        self.ballots(out);
    }

    /// Hollow, crossed out, with what its disk kept.
    fn crashed(&self, out: &mut Vec<Item>) {
        let at = Point::new(self.half, -self.half);
        let r = self.px(9).min(self.half * 6 / 10);
        out.push(Item::circle("chip", at, r));
        out.push(Item::path("cross", Track::cross(at, r * 4 / 9)));
        if self.grade != Grade::Card || !self.plan.labels {
            return;
        }
        let (at, anchor) = self.beside();
        let size = self.px(10);
        let step = if at.y < -self.plan.ring() { -self.px(14) } else { self.px(14) };
        for (i, (name, value)) in self.node.look.durable.iter().take(2).enumerate() {
            let line = at.plus(Point::new(0, step * (i as i32 + 1)));
            let words = format!("{} {}", shorten(name, LABEL), shorten(value, LABEL));
            out.push(Item::text("ghost halo", line, (Typeface::Mono, size, anchor), words));
        }
    }

    fn paused(&self, out: &mut Vec<Item>) {
        out.push(Item::path("frost", self.outline(self.half)));
        out.push(Item::circle("chip", Point::new(0, -self.half), self.px(9)));
        let (w, h) = (self.px(5) / 2, self.px(5));
        for x in [-self.px(4), self.px(4) - w] {
            out.push(Item::rect("pause-mark", (x, -self.half - h, w, 2 * h), 0));
        }
    }

    /// A small clock: true noon straight up, its own hand where its clock points.
    fn clock(&self, at: Point, out: &mut Vec<Item>) {
        let r = self.px(8);
        // A quarter turn for 100 ms, never more than half a turn.
        let angle = (self.node.skew * i64::from(TURN / 4) / 100_000)
            .bounded(-i64::from(TURN / 2), i64::from(TURN / 2)) as i32;
        out.push(Item::circle("chip", at, r));
        out.push(Item::line("true-hand", at, at.plus(Point::new(0, -r * 8 / 10))));
        out.push(Item::line("own-hand", at, at.plus(Point::polar(angle, r * 8 / 10))));
    }

    /// A stack of what waits, with its count.
    fn inbox(&self, out: &mut Vec<Item>) {
        let (w, h) = (self.px(14), self.px(3));
        let (left, top) = (-w / 2 - self.px(3), self.half + self.px(3));
        let shown = self.node.inbox.min(3) as i32;
        for i in 0..shown {
            out.push(Item::rect("inbox", (left, top + i * (h + self.px(1) / 2), w, h), self.px(1)));
        }
        let at = Point::new(left + w + self.px(3), top + self.px(8));
        let style = (Typeface::MonoStrong, self.px(9).max(80), Anchor::Start);
        out.push(Item::text("name halo", at, style, self.node.inbox.to_string()));
    }

    /// Votes as dots at their senders' bearings: full in favour, hollow against.
    fn ballots(&self, out: &mut Vec<Item>) {
        let here = self.plan.at[self.node.id.at()];
        for (from, granted) in &self.node.look.ballots {
            let class = if *granted { "ballot" } else { "ballot refused" };
            let at = match self.plan.at.get(from.at()) {
                Some(p) if *from != self.node.id => {
                    let d = p.minus(here);
                    let most = d.x.abs().max(d.y.abs()).max(1);
                    // On the border of the square.
                    let on =
                        |v: i32| (i64::from(v) * i64::from(self.half) / i64::from(most)) as i32;
                    Point::new(on(d.x), on(d.y))
                }
                _ => Point::new(0, self.half),
            };
            out.push(Item::circle(class, at, self.px(4)));
        }
    }

    /// Beside the node: a bar on the left, its past could have caused the selected event; a double
    /// bar on the right, it knows of it.
    fn cone(&self, out: &mut Vec<Item>) {
        if self.grade == Grade::Dot || self.stage.selected.is_none() {
            return;
        }
        let (past, future) = self.stage.cone(self.node.id);
        let (x, h) = (self.half + self.px(4), self.half * 6 / 10);
        let bar = |x: i32, class| Item::line(class, Point::new(x, -h), Point::new(x, h));
        if past {
            out.push(bar(-x, "past-bar"));
        }
        if future {
            out.push(bar(x, "future-bar"));
            out.push(bar(x + self.px(3), "future-bar"));
        }
    }
}

const EPOCHS: [&str; 8] = [
    " epoch-0", " epoch-1", " epoch-2", " epoch-3", " epoch-4", " epoch-5", " epoch-6", " epoch-7",
];

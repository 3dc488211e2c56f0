//! What clients asked and were told: a row a client, a bar an operation, from call to answer.

use super::geometry::{Bounded, PX, Point, Track, between, share};
use super::index::{Index, Trouble};
use super::text::{fit, width};
use super::{Anchor, Drawing, Item, Size, Target, Typeface};
use crate::core::action::Call;
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::CallName;
use crate::core::sorted::{SortedMap, SortedSet};
use crate::core::trace::{OpEnd, OpLife, Trace};
use crate::core::view::{NodeShape, WorldView};
use std::borrow::Cow;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct HistoryPicture<'a> {
    /// The world at the cursor.
    pub view: &'a WorldView,
    /// The run.
    pub trace: &'a Trace,
    /// Its index, for the bands of faults.
    pub index: &'a Index,
    /// What operations are called.
    pub calls: &'a [CallName],
    /// First and last time shown.
    pub window: (u64, u64),
    /// Room.
    pub size: Size,
    /// With a title and the times of faults.
    pub full: bool,
    /// An order of operations and the moments at which they took effect.
    pub points: &'a [(OpId, u64)],
    /// Operations that no order explains, or that do not fit into the one that is shown.
    pub core: &'a [OpId],
}

/// How an operation stands at the cursor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OpStanding {
    Open,
    Ok,
    Failed,
    Unknown,
}

impl OpStanding {
    fn class(self) -> &'static str {
        match self {
            OpStanding::Open => "op open",
            OpStanding::Ok => "op ok",
            OpStanding::Failed => "op failed",
            OpStanding::Unknown => "op unknown",
        }
    }
    fn word(self) -> &'static str {
        match self {
            OpStanding::Open => "waiting",
            OpStanding::Ok => "done",
            OpStanding::Failed => "failed",
            OpStanding::Unknown => "outcome unknown",
        }
    }
}

impl HistoryPicture<'_> {
    /// The picture at a moment.
    pub fn scene(&self, now: u64) -> Drawing {
        let mut scene = Drawing::new(self.size, "Clients");
        let (rows, shown) = (self.rows(), self.shown());
        scene.desc = format!("{} clients", rows.len());
        let size = self.px(13);
        if self.full {
            let at = Point::new(0, size * 9 / 10);
            scene.items.push(Item::text(
                "",
                at,
                (Typeface::SansStrong, size, Anchor::Start),
                "Clients",
            ));
        }
        self.bands(&mut scene.items);
        for (i, client) in rows.iter().enumerate() {
            let y = self.y(i);
            let size = self.px(12).min(self.bar());
            let name = self.view.nodes.get(client.at()).map_or("", |n| &*n.name);
            let name = fit(name, Typeface::Mono, size, self.left() - self.px(6));
            let at = Point::new(0, y + self.bar() / 2 + size * 36 / 100);
            scene.items.push(
                Item::text("", at, (Typeface::Mono, size, Anchor::Start), name)
                    .key(format!("client-{}", client.0))
                    .target(Target::Node(*client)),
            );
            let mine = shown.get(client).map_or(&[][..], Vec::as_slice);
            self.row(*client, mine, y, now, &mut scene.items);
        }
        self.linear(&rows, &shown, now, &mut scene.items);
        scene
    }

    /// The height a history needs at its best.
    pub fn height(clients: usize) -> i32 {
        (26 + 24 * clients as i32) * PX
    }

    fn px(&self, n: i32) -> i32 {
        let scale = (i64::from(self.size.w) * 1000 / 3400).bounded(850, 1700) as i32;
        n * PX * scale / 1000
    }

    fn left(&self) -> i32 {
        self.px(28)
    }

    fn bar(&self) -> i32 {
        self.px(16).min(self.pitch() * 8 / 10)
    }

    fn top(&self) -> i32 {
        if self.full { self.px(24) } else { self.px(4) }
    }

    fn pitch(&self) -> i32 {
        let rows = self.view.nodes.iter().filter(|n| n.shape == NodeShape::Client).count();
        ((self.size.h - self.top()) / rows.max(1) as i32).min(self.px(24))
    }

    fn y(&self, row: usize) -> i32 {
        self.top() + self.pitch() * row as i32
    }

    fn x(&self, at: u64) -> i32 {
        let (t0, t1) = self.window;
        between(self.left(), self.size.w - self.px(2), share(at, t0, t1.max(t0 + 1)))
    }

    /// The moment at a place, in tenths of a pixel.
    pub fn time_at(&self, x: i32) -> u64 {
        let (t0, t1) = self.window;
        let wide = (self.size.w - self.px(2) - self.left()).max(1) as u64;
        let from = (x - self.left()).max(0) as u64;
        t0 + (t1.saturating_sub(t0) * from.min(wide)) / wide
    }

    fn rows(&self) -> Vec<NodeId> {
        let clients = self.view.nodes.iter().filter(|n| n.shape == NodeShape::Client);
        clients.map(|n| n.id).collect()
    }

    /// The operations of the window, of a client each in their order. A client has one at a time, so
    /// nothing before the last that began before the window can reach into it: however long the run,
    /// only what is near the window is looked at.
    fn shown(&self) -> SortedMap<NodeId, Vec<&OpLife>> {
        let ((t0, t1), step) = (self.window, self.view.step);
        let end = self.trace.ops.partition_point(|o| o.invoked <= t1);
        let mut out: SortedMap<NodeId, Vec<&OpLife>> = SortedMap::new();
        let mut waiting: SortedSet<NodeId> = self.rows().into_iter().collect();
        for op in self.trace.ops[..end].iter().rev().filter(|o| o.step <= step) {
            let earlier = op.invoked < t0;
            if earlier && !waiting.remove(&op.id.client) {
                continue;
            }
            if op.ended.is_none_or(|(s, at)| s > step || at >= t0) {
                out.entry(op.id.client).or_default().push(op);
            }
            if waiting.is_empty() {
                break;
            }
        }
        out.values_mut().for_each(|all| all.reverse());
        out
    }

    fn state(&self, op: &OpLife) -> OpStanding {
        match (&op.end, op.ended) {
            (_, Some((step, _))) if step > self.view.step => OpStanding::Open,
            (OpEnd::Open, _) => OpStanding::Open,
            (OpEnd::Ok(_), _) => OpStanding::Ok,
            (OpEnd::Fail(_), _) => OpStanding::Failed,
            (OpEnd::Unknown, _) => OpStanding::Unknown,
        }
    }

    /// Left edge and width of a bar.
    fn extent(&self, op: &OpLife, now: u64) -> (i32, i32) {
        let from = self.x(op.invoked.max(self.window.0));
        let to = match (self.state(op), op.ended) {
            (OpStanding::Open, _) | (_, None) => self.x(now),
            (_, Some((_, at))) => self.x(at),
        };
        (from, (to - from).max(self.px(3)))
    }

    fn bands(&self, out: &mut Vec<Item>) {
        let (t0, t1) = self.window;
        let top = if self.full { self.px(20) } else { 0 };
        for span in self.index.spans_in(t0, t1, self.view.step) {
            if !matches!(span.trouble, Trouble::Partition(_) | Trouble::Cut { .. }) {
                continue;
            }
            let (from, to) = (self.x(span.from), self.x(span.to.unwrap_or(t1)));
            let band = (from, top, to - from, self.size.h - top);
            out.push(Item::rect("band", band, 0).key(format!("band-{}", span.step)));
        }
    }

    fn row(&self, client: NodeId, mine: &[&OpLife], y: i32, now: u64, out: &mut Vec<Item>) {
        // Where the bar before ends, or its label.
        let mut last = self.left();
        for (i, op) in mine.iter().enumerate() {
            let (x, w) = self.extent(op, now);
            let state = self.state(op);
            let key = format!("{}-{}", client.0, op.id.nth);
            let h = self.bar();
            let mut parts = match state {
                OpStanding::Unknown => vec![Item::path("bar", torn(x, y, w, h))],
                _ => vec![Item::rect("bar", (x, y, w, h), self.px(2)).key(format!("bar-{key}"))],
            };
            let words = label(self.calls, op, state == OpStanding::Ok);
            let size = self.px(10).min(self.bar());
            let wide = width(&words, Typeface::Mono, size) + self.px(10);
            // The label of a short bar stands beside it, if nothing follows there.
            let next = mine.get(i + 1).map_or(self.size.w, |o| self.x(o.invoked));
            let (left, room) = match () {
                () if wide <= w => (x + self.px(5), w),
                () if wide <= next - x - w => (x + w + self.px(4), wide),
                () if wide <= x - last => (x - wide + self.px(4), wide),
                () => (x + self.px(3), w),
            };
            last = (x + w).max(left + room);
            // The operation's name goes first, then the middle.
            let short = words.split_once(' ').map_or(words.as_str(), |(_, rest)| rest);
            let whole = width(&words, Typeface::Mono, size) <= room - self.px(6);
            let shown = if whole { &words } else { short };
            let shown = fit(shown, Typeface::Mono, size, room - self.px(6));
            let at = Point::new(left, y + h / 2 + size * 36 / 100);
            parts.push(Item::text("op-label", at, (Typeface::Mono, size, Anchor::Start), shown));
            let accused = self.core.contains(&op.id);
            if accused {
                // Colour alone does not tell.
                let at = Point::new(x + w, y + h / 4);
                parts.push(Item::text(
                    "cross",
                    at,
                    (Typeface::SansStrong, size, Anchor::Middle),
                    "✗",
                ));
            }
            let class = match accused {
                true => Cow::from(format!("{} accused", state.class())),
                false => state.class().into(),
            };
            let said = if accused { ", and no order explains it" } else { "" };
            out.push(
                Item::group(class, Point::default(), parts)
                    .key(format!("op-{key}"))
                    .title(format!("{words}, {}{said}", state.word()))
                    .target(Target::Op(op.id)),
            );
        }
    }

    /// The moments at which operations took effect, joined in their order.
    fn linear(
        &self,
        rows: &[NodeId],
        shown: &SortedMap<NodeId, Vec<&OpLife>>,
        now: u64,
        out: &mut Vec<Item>,
    ) {
        let mut line = Track::new();
        let mut first = true;
        let (t0, t1) = self.window;
        // What began before the window is cut off at its edge, the point with the bar.
        let drawn =
            |op: &OpId| shown.get(&op.client).is_some_and(|all| all.iter().any(|o| o.id == *op));
        let inside = |op: &OpId, at: u64| at <= t1.min(now) && (at >= t0 || drawn(op));
        for (op, at) in self.points.iter().filter(|(op, at)| inside(op, *at)) {
            let at = &t0.max(*at);
            let Some(row) = rows.iter().position(|c| *c == op.client) else { continue };
            let (x, y) = (self.x(*at), self.y(row));
            let middle = Point::new(x, y + self.bar() / 2);
            if first {
                line.to(middle)
            } else {
                line.line(middle)
            };
            first = false;
            let (a, b) =
                (Point::new(x, y - self.px(3)), Point::new(x, y + self.bar() + self.px(3)));
            out.push(Item::line("point", a, b).key(format!("point-{}-{}", op.client.0, op.nth)));
        }
        if !first {
            out.push(Item::path("order", line).key("order"));
        }
    }
}

/// A bar whose right edge is torn: nobody knows where it ends.
fn torn(x: i32, y: i32, w: i32, h: i32) -> Track {
    let right = x + w;
    let tooth = (h / 5).min(w / 2);
    let mut t = Track::new();
    t.to(Point::new(x, y)).line(Point::new(right, y));
    for i in 1..6 {
        let inward = if i % 2 == 1 { tooth } else { 0 };
        t.line(Point::new(right - inward, y + h * i / 6));
    }
    t.line(Point::new(right - tooth * i32::from(h > 0), y + h)).line(Point::new(x, y + h)).close();
    t
}

/// An operation in words: `put z=1`, `get x \u{2192} 3`.
pub fn label(calls: &[CallName], op: &OpLife, answered: bool) -> String {
    let mut out = call_text(calls, &op.call);
    if let (true, OpEnd::Ok(Some(value))) = (answered, &op.end) {
        out.push('\u{2192}');
        out.push_str(value);
    }
    out
}

/// What was asked, in words.
pub fn call_text(calls: &[CallName], call: &Call) -> String {
    let Some(name) = calls.get(usize::from(call.f)) else { return format!("#{}", call.f) };
    let mut out = name.name.to_string();
    if name.key {
        out.push(' ');
        match call.key {
            k @ 0..=2 => out.push(['x', 'y', 'z'][k as usize]),
            k => out.push_str(&format!("k{k}")),
        }
    }
    if name.value {
        out.push(if name.key { '=' } else { ' ' });
        if name.arg {
            out.push_str(&format!("{}\u{2192}", call.arg));
        }
        out.push_str(&call.value.to_string());
    }
    out
}

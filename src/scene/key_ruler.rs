//! The axis of keys: how it is cut into ranges, how large and how hot each is, who answers for it,
//! which servers keep replicas, what is on its way, how far scans have come, and who routes by old
//! descriptors.

use super::geometry::{Bounded, PX, Point, Track};
use super::text::fit;
use super::{Anchor, Drawing, Item, Size, Target, Typeface};
use crate::core::ids::NodeId;
use crate::core::view::{AxisView, NodeShape, NodeView, RangeView, WorldView};

/// The width that the picture is drawn for, in pixels.
const BASE: i32 = 340;
/// More servers than this get no row.
const ROWS: usize = 9;
/// Where the axis begins and ends, the heat stands, the ruler lies and the rows begin, in pixels.
const LEFT: i32 = 26;
const RIGHT: i32 = 334;
const HOT: (i32, i32) = (32, 84);
const RULER: (i32, i32) = (86, 108);
const TOP: i32 = 130;
const ROW: i32 = 17;

fn rows(view: &WorldView) -> usize {
    view.nodes.iter().filter(|n| n.shape != NodeShape::Client).count().min(ROWS)
}

/// The height the picture needs at its base width, in tenths of a pixel.
pub fn height(view: &WorldView) -> i32 {
    (TOP + ROW * rows(view) as i32 + 40) * PX
}

/// The picture; empty where a scene has no such thing.
pub fn scene(view: &WorldView, selected: Option<NodeId>, size: Size) -> Drawing {
    let mut scene = Drawing::new(size, "The axis of keys");
    let Some(axis) = &view.axis else { return scene };
    let scale = (size.w * 100 / BASE).bounded(600, 2_000);
    let plan = RulerPlan { view, axis, selected, size, scale };
    scene.desc = plan.words();
    let out = &mut scene.items;
    plan.header(out);
    plan.limit(out);
    axis.spans.iter().for_each(|r| plan.range(r, out));
    plan.sweeps(out);
    plan.servers(out);
    plan.moves(out);
    plan.footer(out);
    scene
}

struct RulerPlan<'a> {
    view: &'a WorldView,
    axis: &'a AxisView,
    selected: Option<NodeId>,
    size: Size,
    scale: i32,
}

impl RulerPlan<'_> {
    fn px(&self, n: i32) -> i32 {
        n * self.scale / 100
    }

    fn x(&self, place: u32) -> i32 {
        let (left, right) = (self.px(LEFT), self.px(RIGHT));
        let wide = i64::from(right - left) * i64::from(place);
        left + (wide / i64::from(self.axis.places.max(1))) as i32
    }

    fn node(&self, n: NodeId) -> Option<&NodeView> {
        self.view.nodes.get(n.at())
    }

    fn name(&self, n: NodeId) -> &str {
        self.node(n).map_or("?", |v| &v.name)
    }

    fn hue(&self, n: Option<NodeId>, of: &str) -> String {
        let Some(n) = n else { return format!("{of} nobody") };
        let dim = if self.selected.is_some_and(|s| s != n) { " dim" } else { "" };
        format!("{of} epoch-{}{dim}", n.0 % 8)
    }

    fn text(&self, class: &'static str, at: (i32, i32), anchor: Anchor, words: String) -> Item {
        let at = Point::new(at.0, at.1);
        Item::text(class, at, (Typeface::Sans, self.px(11), anchor), words)
    }

    /// All of it in words, for who does not see it.
    fn words(&self) -> String {
        let all: Vec<String> = self.axis.spans.iter().map(|r| self.describe(r)).collect();
        let stale = self.axis.stale.len();
        let old = if stale == 0 {
            String::new()
        } else {
            format!(" {stale} servers route by old descriptors.")
        };
        format!("The axis in {} parts. {}{old}", all.len(), all.join(" "))
    }

    fn describe(&self, r: &RangeView) -> String {
        let members: Vec<&str> = r.members.iter().map(|n| self.name(*n)).collect();
        let who = r.leader.map_or("nobody leads", |n| self.name(n));
        let lead = if r.leader.is_some() { " leads" } else { "" };
        let (size, most) = r.size;
        let frozen = if r.frozen { " It is frozen for a merge." } else { "" };
        let hot = if r.unsplittable { " No key divides its load." } else { "" };
        format!(
            "From {}: {who}{lead}, on {}; {} keys, {size} of {most} MiB, {} requests a second, generation {}.{hot}{frozen}",
            r.name,
            members.join(" "),
            r.keys,
            r.rate,
            r.generation
        )
    }

    fn header(&self, out: &mut Vec<Item>) {
        let y = self.px(12);
        let (n, b) = (self.axis.spans.len(), self.axis.buckets);
        let buckets = if b > 1 { format!(", {b} buckets") } else { String::new() };
        let hint = format!("{n} range{}{buckets}", if n == 1 { "" } else { "s" });
        let strong = (Typeface::SansStrong, self.px(13), Anchor::Start);
        out.push(Item::text("", Point::new(0, y), strong, "The axis of keys"));
        out.push(self.text("soft", (self.size.w - PX, y), Anchor::End, hint));
    }

    /// How many requests a second make the whole height.
    fn full(&self) -> u64 {
        let most = self.axis.spans.iter().map(|r| r.rate).max().unwrap_or(0);
        u64::from(most.max(self.axis.limit.saturating_mul(5) / 4)).max(1)
    }

    fn tall(&self, rate: u32) -> i32 {
        (u64::from(rate) * (self.px(HOT.1 - HOT.0) as u64) / self.full()) as i32
    }

    /// The load above which a range is split.
    fn limit(&self, out: &mut Vec<Item>) {
        let y = self.px(HOT.1) - self.tall(self.axis.limit);
        let (a, b) = (Point::new(self.px(LEFT), y), Point::new(self.px(RIGHT), y));
        let words = format!("a range is split above {} requests a second", self.axis.limit);
        out.push(Item::line("mean", a, b).key("limit").title(words));
        let label = format!("{}/s", self.axis.limit);
        out.push(self.text("soft", (self.px(RIGHT), y - self.px(3)), Anchor::End, label));
    }

    /// Its heat above the ruler, its part of the ruler and how full it is.
    fn range(&self, r: &RangeView, out: &mut Vec<Item>) {
        let (a, b) = (self.x(r.from), self.x(r.to).max(self.x(r.from) + PX));
        let (top, low) = (self.px(RULER.0), self.px(RULER.1));
        let mut parts = Vec::new();
        let tall = self.tall(r.rate);
        if tall > 0 {
            let hot = if r.unsplittable { "body stuck" } else { "body" };
            let bar = (a + PX / 2, self.px(HOT.1) - tall, (b - a - PX).max(PX), tall);
            parts.push(Item::rect(hot, bar, 0));
        }
        parts.push(Item::rect("body", (a, top, b - a, low - top), 0));
        let (size, most) = r.size;
        let filled = (size.min(most) as i64 * i64::from(b - a) / most.max(1) as i64) as i32;
        let high = self.px(5);
        parts.push(Item::rect("rule-bar mine", (a, low - high, filled, high), 0));
        if let Some(leader) = r.leader {
            let name = fit(self.name(leader), Typeface::Mono, self.px(11), b - a - self.px(2));
            let at = Point::new((a + b) / 2, top + self.px(12));
            let face = (Typeface::Mono, self.px(11), Anchor::Middle);
            parts.extend((!name.is_empty()).then(|| Item::text("", at, face, name)));
        }
        let mut class = self.hue(r.leader, "span");
        if r.frozen {
            class += " frozen";
        }
        let group = Item::group(class, Point::default(), parts);
        let group = group.key(format!("span-{}", r.from)).title(self.describe(r));
        out.push(match r.leader {
            Some(leader) => group.target(Target::Node(leader)),
            None => group,
        });
        let name = fit(&r.name, Typeface::Mono, self.px(10), b - a - self.px(3));
        let face = (Typeface::Mono, self.px(10), Anchor::Start);
        out.push(Item::text("soft", Point::new(a, low + self.px(13)), face, name));
    }

    /// Scans under way.
    fn sweeps(&self, out: &mut Vec<Item>) {
        let y = self.px(RULER.1 + 2);
        for (i, (from, at, to)) in self.axis.sweeps.iter().enumerate() {
            let p = |place: u32| Point::new(self.x(place), y);
            let words = format!("a scan has come to place {at} of {to}");
            let parts = vec![
                Item::line("sweep left", p(*from), p(*to)),
                Item::line("sweep", p(*from), p((*at).max(*from + 1))),
            ];
            let group = Item::group("", Point::default(), parts);
            out.push(group.key(format!("sweep-{i}")).title(words));
        }
    }

    /// A row a server: where it keeps replicas, where it leads, and what it has wrong.
    fn servers(&self, out: &mut Vec<Item>) {
        for (i, node) in self.view.nodes.iter().take(rows(self.view)).enumerate() {
            let y = self.px(TOP + ROW * i as i32);
            let high = self.px(ROW - 6);
            let face = (Typeface::Mono, self.px(11), Anchor::Start);
            let name = fit(&node.name, Typeface::Mono, self.px(11), self.px(LEFT - 3));
            let mut parts = vec![Item::text("", Point::new(0, y + self.px(9)), face, name)];
            let mut held = Track::new();
            for r in self.axis.spans.iter().filter(|r| r.members.contains(&node.id)) {
                let (a, b) = (self.x(r.from) + PX / 2, self.x(r.to) - PX / 2);
                let b = b.max(a + PX);
                let leads = r.leader == Some(node.id);
                // The leaseholder's is full, the others' are low.
                let up = if leads { y } else { y + high / 2 };
                held.to(Point::new(a, up)).line(Point::new(b, up));
                held.line(Point::new(b, y + high)).line(Point::new(a, y + high)).close();
            }
            parts.push(Item::path("body", held));
            let stale = self.axis.stale.iter().find(|s| s.0 == node.id);
            let mut wrong = Track::new();
            for (from, to) in stale.iter().flat_map(|s| &s.1) {
                let y = y + high + self.px(2);
                wrong.to(Point::new(self.x(*from), y)).line(Point::new(self.x(*to), y));
            }
            let old = stale.map_or(0, |s| s.1.len());
            if old > 0 {
                parts.push(Item::path("stale", wrong));
            }
            let kept = self.axis.spans.iter().filter(|r| r.members.contains(&node.id)).count();
            let led = self.axis.spans.iter().filter(|r| r.leader == Some(node.id)).count();
            let words = format!(
                "{}: {kept} replicas, leads {led}; routes by {old} old descriptors",
                node.name
            );
            out.push(
                Item::group(self.hue(Some(node.id), "keeps"), Point::default(), parts)
                    .key(format!("keeps-{i}"))
                    .title(words)
                    .target(Target::Node(node.id)),
            );
        }
    }

    /// Replicas that are about to be: where they will stand.
    fn moves(&self, out: &mut Vec<Item>) {
        for m in &self.axis.moves {
            let found = self.axis.spans.iter().find(|r| r.from == m.range);
            let (Some(r), true) = (found, m.to.at() < rows(self.view)) else { continue };
            let y = self.px(TOP + ROW * i32::from(m.to.0));
            let (a, b) = (self.x(r.from) + PX, self.x(r.to) - PX);
            let bar = (a, y, (b - a).max(PX), self.px(ROW - 6));
            let words = self.moving(m.by, m.to, m.bytes, m.left);
            let group = Item::group("", Point::default(), vec![Item::rect("coming", bar, 0)]);
            out.push(group.key(format!("move-{}-{}", m.range, m.to.0)).title(words));
        }
    }

    fn moving(&self, by: NodeId, to: NodeId, bytes: u64, left: Option<u64>) -> String {
        let (by, to) = (self.name(by), self.name(to));
        match (bytes, left) {
            (0, _) => format!("{to} catches up with {by}"),
            (_, Some(us)) => {
                format!("snapshot {by} to {to}: {} kB, {} ms", bytes.div_ceil(1_000), us / 1_000)
            }
            (_, None) => format!("snapshot {by} to {to}: {} kB", bytes.div_ceil(1_000)),
        }
    }

    /// What is on its way, and what the last scan cost.
    fn footer(&self, out: &mut Vec<Item>) {
        let y = self.px(TOP + ROW * rows(self.view) as i32 + 12);
        let line = match (self.axis.moves.first(), self.axis.stale.len()) {
            (Some(m), _) => self.moving(m.by, m.to, m.bytes, m.left),
            (None, 0) => "full: leads, low: keeps a replica".into(),
            (None, n) => format!("underlined: {n} of the servers route by something old"),
        };
        let line = fit(&line, Typeface::Sans, self.px(11), self.size.w);
        out.push(self.text("soft", (0, y), Anchor::Start, line).key("foot"));
        if let Some((asked, servers, ring)) = self.axis.scan {
            let line = format!(
                "last scan: {asked} range{}, {servers} server{}; on a hash ring all {ring}",
                if asked == 1 { "" } else { "s" },
                if servers == 1 { "" } else { "s" }
            );
            let line = fit(&line, Typeface::Sans, self.px(11), self.size.w);
            out.push(self.text("", (0, y + self.px(16)), Anchor::Start, line).key("scan"));
        }
    }
}

//! Clocks against true time: each node's hand, how far off others take it to be, its timestamps, the
//! windows of what is uncertain, and what a node waits for to be past.

use super::geometry::{Bounded, PX, Point, Track};
use super::text::{fit, width};
use super::{Anchor, Drawing, Item, Size, Target, Typeface};
use crate::core::config::show_time;
use crate::core::view::{NodeView, Ruler, WorldView};

/// Heights of a node's row, and of what stands above and below all of them.
const ROW: i32 = 46 * PX;
const TOP: i32 = 22 * PX;
const FOOT: i32 = 22 * PX;

fn nodes(view: &WorldView) -> impl Iterator<Item = (&NodeView, &Ruler)> {
    view.nodes.iter().filter_map(|n| Some((n, n.ruler.as_ref()?))).take(9)
}

/// Does any node show its clock?
pub fn any(view: &WorldView) -> bool {
    nodes(view).next().is_some()
}

/// The height that all rows need, 340 pixels wide.
pub fn height(view: &WorldView) -> i32 {
    (TOP + FOOT + ROW * nodes(view).count() as i32).max(152 * PX)
}

/// Microseconds from true time to either end, for clocks that are at most `reach` off. Intervals of
/// a few milliseconds, as TrueTime's, get room for what is as long as they are.
fn half(reach: u64) -> i64 {
    match reach {
        0..20_000 => (reach as i64 * 3).bounded(6_000, 60_000),
        _ => (reach.min(10_000_000) as i64 * 8 / 5).bounded(100_000, 2_000_000),
    }
}

struct RulerScale {
    now: u64,
    /// Microseconds from the middle to either end.
    half: i64,
    left: i32,
    right: i32,
    px: i32,
}

impl RulerScale {
    fn px(&self, n: i32) -> i32 {
        n * self.px / 1000
    }
    fn x(&self, at: i128) -> i32 {
        let off =
            (at - i128::from(self.now)).bounded(-i128::from(self.half), i128::from(self.half));
        let middle = (self.left + self.right) / 2;
        let room = i128::from(self.right - self.left) / 2;
        middle + (off * room / i128::from(self.half)) as i32
    }
    fn shows(&self, at: u64) -> bool {
        i128::from(at).abs_diff(i128::from(self.now)) < self.half.unsigned_abs().into()
    }
}

/// The clocks at a moment.
pub fn scene(view: &WorldView, now: u64, size: Size) -> Drawing {
    let mut scene = Drawing::new(size, "Clocks against true time");
    let reach = nodes(view).map(|(_, r)| r.reach).max().unwrap_or(0);
    let half = half(reach);
    let px = (i64::from(size.h) * 1000 / i64::from(height(view).max(1))).bounded(700, 1600) as i32;
    let (left, right) = (28 * PX * px / 1000, size.w - 6 * PX);
    let scale = RulerScale { now, half, left, right, px };
    let told = nodes(view).map(|(n, _)| {
        format!("{} is {} off", n.name, off(n.skew + drifted(n, view.now, now), half))
    });
    scene.desc = told.collect::<Vec<_>>().join(", ");
    // Where there is more room than rows need, they stand further apart.
    let count = nodes(view).count().max(1) as i32;
    let row_high = ((size.h - scale.px(TOP) - scale.px(FOOT)) / count).max(scale.px(ROW));
    let bottom = scale.px(TOP) + row_high * count;
    windows(view, &scale, bottom, &mut scene.items);
    axis(&scale, bottom, &mut scene.items);
    for (row, (node, ruler)) in nodes(view).enumerate() {
        let y = scale.px(TOP) + row_high * row as i32 + row_high / 2 + scale.px(ROW) / 10;
        let clock = node.skew + drifted(node, view.now, now);
        clock_of(node, ruler, clock, y, &scale, &mut scene.items);
    }
    scene
}

/// `12 ms`, or `0.9 ms` where milliseconds are much.
fn off(skew: i64, half: i64) -> String {
    match half {
        ..100_000 => show_time(skew / 100 * 100).replace("ms", " ms"),
        _ => format!("{} ms", skew / 1000),
    }
}

/// What a clock gains between the step that is shown and a moment after it, microseconds.
fn drifted(node: &NodeView, from: u64, to: u64) -> i64 {
    let span = i128::from(to.saturating_sub(from));
    (span * i128::from(node.drift) / 1_000_000) as i64
}

/// Whatever lies in one of these may or may not have been there before a read began.
fn windows(view: &WorldView, scale: &RulerScale, bottom: i32, out: &mut Vec<Item>) {
    let size = scale.px(10 * PX);
    for (node, ruler) in nodes(view) {
        for (nth, (from, to, words)) in ruler.windows.iter().enumerate() {
            let (a, b) = (scale.x((*from).into()), scale.x((*to).into()));
            let key = format!("window-{}-{nth}", node.id.0);
            let title = format!("{} {words}", node.name);
            let area = (a, scale.px(14 * PX), (b - a).max(PX), bottom - scale.px(14 * PX));
            out.push(Item::rect("ruler-window", area, 0).key(key.clone()).title(title.clone()));
            let style = (Typeface::Sans, size, Anchor::Start);
            let words = fit(&title, Typeface::Sans, size, scale.right - a);
            let at = Point::new(a, scale.px(11 * PX));
            out.push(Item::text("soft", at, style, words).key(format!("{key}-name")));
        }
    }
}

fn axis(scale: &RulerScale, bottom: i32, out: &mut Vec<Item>) {
    let (middle, size) = (scale.x(scale.now.into()), scale.px(10 * PX));
    let line = (Point::new(middle, scale.px(14 * PX)), Point::new(middle, bottom));
    out.push(Item::line("ruler-true", line.0, line.1).key("true"));
    let y = bottom + scale.px(14 * PX);
    let ends = scale.half / 1000;
    for (x, anchor, words, key) in [
        (scale.left, Anchor::Start, format!("\u{2212}{ends} ms"), "low"),
        (middle, Anchor::Middle, "true time".into(), "middle"),
        (scale.right, Anchor::End, format!("+{ends} ms"), "high"),
    ] {
        out.push(
            Item::text("soft", Point::new(x, y), (Typeface::Mono, size, anchor), words).key(key),
        );
    }
}

fn clock_of(
    node: &NodeView,
    ruler: &Ruler,
    skew: i64,
    y: i32,
    scale: &RulerScale,
    out: &mut Vec<Item>,
) {
    let key = |what: &str| format!("{what}-{}", node.id.0);
    let (size, tall) = (scale.px(10 * PX), scale.px(8 * PX));
    let name = (Typeface::MonoStrong, scale.px(12 * PX), Anchor::Start);
    let at = Point::new(0, y + scale.px(4 * PX));
    out.push(
        Item::text("", at, name, node.name.to_string())
            .key(key("of"))
            .target(Target::Node(node.id)),
    );
    let line = (Point::new(scale.left, y), Point::new(scale.right, y));
    out.push(Item::line("host", line.0, line.1).key(key("line")));
    let hand = i128::from(scale.now) + i128::from(skew);
    let reach = i128::from(ruler.reach);
    let (a, b) = (scale.x(hand - reach), scale.x(hand + reach));
    let band = (a, y - tall, (b - a).max(PX), 2 * tall);
    let title = format!("{}'s clock, and how far others may be from it", node.name);
    out.push(Item::rect("ruler-band", band, 0).key(key("band")).title(title));
    let x = scale.x(hand);
    let pole = (Point::new(x, y - tall), Point::new(x, y + tall));
    out.push(Item::line("ruler-hand", pole.0, pole.1).key(key("hand")));
    for (nth, (from, to, words)) in ruler.waits.iter().enumerate() {
        let (a, b) = (scale.x((*from).into()), scale.x((*to).into()));
        let area = (a, y - tall / 2, (b - a).max(PX), tall);
        let title = format!("{}: {words}", node.name);
        let key = format!("wait-{}-{nth}", node.id.0);
        out.push(Item::rect("ruler-window", area, 0).key(key).title(title));
    }
    for (nth, (at, words)) in ruler.versions.iter().enumerate().filter(|(_, v)| scale.shows(v.0)) {
        let p = Point::new(scale.x((*at).into()), y);
        let (top, end) = (p.plus(Point::new(0, -tall / 2)), p.plus(Point::new(0, tall / 2)));
        let key = format!("version-{}-{nth}", node.id.0);
        out.push(Item::line("ruler-version", top, end).key(key.clone()).title(words.clone()));
        let style = (Typeface::Mono, size, Anchor::Middle);
        let foot = p.plus(Point::new(0, tall + scale.px(8 * PX)));
        out.push(Item::text("halo", foot, style, words.clone()).key(format!("{key}-name")));
    }
    let Some((at, words)) = &ruler.time else { return };
    let (x, r) = (scale.x((*at).into()), scale.px(5 * PX));
    let corner = |dx, dy| Point::new(x + dx, y + dy);
    let diamond = [corner(0, -r), corner(r, 0), corner(0, r), corner(-r, 0)];
    out.push(Item::path("ruler-time", Track::polygon(&diamond)).key(key("time")));
    let wide = width(words, Typeface::Mono, size);
    let left = (x - wide / 2).bounded(scale.left, (scale.right - wide).max(scale.left));
    let above = Point::new(left, y - tall - scale.px(4 * PX));
    let style = (Typeface::Mono, size, Anchor::Start);
    out.push(Item::text("halo", above, style, words.clone()).key(key("time-name")));
}

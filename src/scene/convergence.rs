//! The share of runs in which all servers agreed, against the time since the write.

use super::chart::{Chart, ChartAxis, Scale};
use super::geometry::{Bounded, PX, Point, Track};
use super::{Anchor, Drawing, Item, Size, Typeface};
use crate::core::config::show_time;

/// The width and height that the picture is drawn for, in pixels.
const BASE: (i32, i32) = (340, 210);

/// The height the picture needs at its base width, in tenths of a pixel.
pub fn height() -> i32 {
    BASE.1 * PX
}

/// The picture: how long each run took, the shortest first, and how many runs there were.
pub fn scene(times: &[u64], runs: u64, size: Size) -> Drawing {
    let mut scene = Drawing::new(size, "Time until all servers agree");
    let px =
        |n: i32| n * (size.w * 100 / BASE.0).min(size.h * 100 / BASE.1).bounded(600, 2_000) / 100;
    let at = Point::new(px(46), px(40));
    let room = (size.w - px(60), size.h - px(76));
    let ticks = [0, 25, 50, 75, 100].map(|p| (p * 10_000, p.to_string())).into();
    let title = "% of runs in which all agree by then".into();
    let y = ChartAxis { title, scale: Scale::Linear, range: (0, 1_000_000), ticks };
    let last = times.last().copied().unwrap_or(0);
    let last = [1_000_000, 10_000_000].into_iter().find(|l| *l >= last).unwrap_or(60_000_000);
    let x = ChartAxis::times("time since the write", 1_000, last);
    let chart = Chart { x, y, at, room, size: px(10) };
    let out = &mut scene.items;
    let style = (Typeface::SansStrong, px(12), Anchor::Start);
    out.push(Item::text("", Point::new(0, px(12)), style, "When is eventually?").key("head"));
    chart.frame("converge", out);
    if times.is_empty() {
        let words = "\u{201c}Measure\u{201d}, at the left, runs one write many times";
        let at = at.plus(Point::new(room.0 / 2, room.1 / 2));
        out.push(
            Item::text("soft", at, (Typeface::Sans, px(11), Anchor::Middle), words).key("ask"),
        );
        return scene;
    }
    let share = |n: usize| n as u64 * 1_000_000 / runs.max(1);
    let mut track = Track::new();
    track.to(chart.place(0, 0));
    for (i, t) in times.iter().enumerate() {
        track.line(chart.place(*t, share(i))).line(chart.place(*t, share(i + 1)));
    }
    out.push(Item::path("shares", track).key("shares"));
    let median = times[(times.len() - 1) / 2];
    scene.desc = format!(
        "half of {} runs agree within {}, the slowest after {}",
        times.len(),
        show_time(median as i64),
        show_time(times[times.len() - 1] as i64)
    );
    scene
}

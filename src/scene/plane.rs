//! Latency against staleness: the run on the stage, and what other configurations came to, once
//! while nothing fails and once while a region is cut off.

use super::chart::{Chart, ChartAxis, Scale};
use super::geometry::{Bounded, PX, Point, Track};
use super::text::width;
use super::{Anchor, Drawing, Item, Size, Typeface};
use crate::check::plane::{Figures, SurveyPoint as Config};

/// The width and height that the picture is drawn for, in pixels.
const BASE: (i32, i32) = (340, 400);

/// The height the picture needs at its base width, in tenths of a pixel.
pub fn height() -> i32 {
    BASE.1 * PX
}

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    /// What the clients of the run have seen.
    pub live: &'a Figures,
    /// The run has R and W: which.
    pub mine: Option<(i64, i64)>,
    /// A cut was made in it.
    pub cut: bool,
    /// What other configurations came to while nothing fails; empty if that was not measured.
    pub whole: &'a [Config],
    /// The same, in the same order, with a region cut off.
    pub parted: &'a [Config],
    /// What former runs came to, oldest first.
    pub trail: &'a [Figures],
    /// How long before a read a write has to be confirmed to count, in microseconds.
    pub t: u64,
    /// Room.
    pub size: Size,
}

/// A write and a read after it, half of the time no longer; and 99 times of 100.
fn round(f: &Figures) -> (u64, u64) {
    (f.reads.p50 + f.writes.p50, f.reads.p99 + f.writes.p99)
}

impl Plane<'_> {
    /// The picture.
    pub fn scene(&self) -> Drawing {
        let mut scene = Drawing::new(self.size, "Latency and staleness");
        let (p50, _) = round(self.live);
        scene.desc = format!(
            "a write and a read take {}, {} of {} reads stale",
            crate::core::config::show_time(p50 as i64),
            self.live.stale,
            self.live.judged
        );
        let most = self.whole.iter().chain(self.parted).map(|p| p.figures.stale_share());
        let most = most.chain([self.live.stale_share()]).max().unwrap_or(0);
        let out = &mut scene.items;
        self.head("else", "Else: latency or consistency", 0, out);
        let upper = self.chart(self.latency(), most, 0);
        upper.frame("else", out);
        self.frontier(&upper, out);
        for p in self.whole {
            let x = round(&p.figures);
            self.config(&upper, "else", p, x.0, Some(x.1), out);
        }
        self.names(&upper, out);
        self.former(&upper, out);
        if !self.cut {
            self.this_run(&upper, round(self.live), out);
        }
        self.head("part", "If partitioned: availability or consistency", 1, out);
        let lower = self.chart(answered(), most, 1);
        lower.frame("part", out);
        for p in self.parted {
            self.config(&lower, "part", p, p.figures.answered_share().into(), None, out);
        }
        if self.cut {
            let x = u64::from(self.live.answered_share());
            self.this_run(&lower, (x, x), out);
        }
        if self.whole.is_empty() {
            let words = "\u{201c}Measure all\u{201d}, at the left, runs every configuration";
            let at = upper.at.plus(Point::new(upper.room.0 / 2, upper.room.1 / 3));
            let style = (Typeface::Sans, self.px(11), Anchor::Middle);
            out.push(Item::text("soft", at, style, words).key("ask"));
        }
        scene
    }

    fn px(&self, n: i32) -> i32 {
        let scale = (self.size.w * 100 / BASE.0).min(self.size.h * 100 / BASE.1);
        n * scale.bounded(600, 2_000) / 100
    }

    fn half(&self, nth: i32) -> i32 {
        self.size.h / 2 * nth
    }

    fn head(&self, key: &str, words: &str, nth: i32, out: &mut Vec<Item>) {
        let at = Point::new(0, self.half(nth) + self.px(12));
        let style = (Typeface::SansStrong, self.px(12), Anchor::Start);
        out.push(Item::text("", at, style, words).key(format!("{key}-head")));
    }

    fn latency(&self) -> ChartAxis {
        let all = self.whole.iter().map(|p| round(&p.figures)).chain([round(self.live)]);
        let last = all.map(|r| r.1).max().unwrap_or(0).max(100_000);
        let last = if last > 1_000_000 { 10_000_000 } else { 1_000_000 };
        ChartAxis::times("a write and a read after it take: median, 99 %", 1_000, last)
    }

    fn chart(&self, x: ChartAxis, most: u32, nth: i32) -> Chart {
        let title = match self.t {
            0 => "% of reads stale".to_string(),
            t => format!("% of reads stale, {} after", crate::core::config::show_time(t as i64)),
        };
        let (left, top) = (self.px(46), self.half(nth) + self.px(40));
        let room = (self.size.w - left - self.px(14), self.half(1) - self.px(76));
        let at = Point::new(left, top);
        Chart { x, y: ChartAxis::shares(title, most), at, room, size: self.px(10) }
    }

    /// A configuration.
    fn config(
        &self,
        chart: &Chart,
        key: &str,
        p: &Config,
        x: u64,
        reach: Option<u64>,
        out: &mut Vec<Item>,
    ) {
        let f = &p.figures;
        let at = chart.place(x, f.stale_share().into());
        let mine = p.quorum.is_some() && p.quorum == self.mine;
        let class = match (mine, p.best) {
            (true, _) => "config mine",
            (_, true) => "config best",
            _ => "config",
        };
        if let Some(reach) = reach.filter(|r| *r > x) {
            let end = chart.place(reach, f.stale_share().into());
            out.push(Item::line("whisker", at, end).key(format!("{key}-reach-{}", p.name)));
        }
        let dot = Item::circle(class, at, self.px(4)).key(format!("{key}-{}", p.name));
        out.push(dot.title(words(p)));
    }

    /// The names of those on the line of the best and of what is played, each above its dot where no
    /// other name stands; one without a place is told by its dot alone.
    fn names(&self, chart: &Chart, out: &mut Vec<Item>) {
        let size = self.px(10);
        let is_mine = |p: &Config| p.quorum.is_some() && p.quorum == self.mine;
        let mut named: Vec<&Config> = self.whole.iter().filter(|p| p.best || is_mine(p)).collect();
        named.sort_by_key(|p| !is_mine(p));
        let mut taken: Vec<(Point, i32)> = Vec::new();
        for p in named {
            let dot = chart.place(round(&p.figures).0, p.figures.stale_share().into());
            let half = width(short(&p.name), Typeface::Mono, size) / 2 + self.px(3);
            let is_free = |at: &Point| {
                let apart = |(other, reach): &(Point, i32)| {
                    (other.x - at.x).abs() >= half + reach || (other.y - at.y).abs() >= size
                };
                at.y - size > chart.at.y && taken.iter().all(apart)
            };
            let above = |nth: i32| dot.plus(Point::new(0, -self.px(8) - (size + self.px(1)) * nth));
            let Some(spot) = (0..8).map(above).find(is_free) else { continue };
            if spot.y < dot.y - size * 2 {
                let foot = spot.plus(Point::new(0, self.px(2)));
                out.push(Item::line("whisker", foot, dot).key(format!("else-lead-{}", p.name)));
            }
            let style = (Typeface::Mono, size, Anchor::Middle);
            let name = Item::text("soft halo", spot, style, short(&p.name).to_string());
            out.push(name.key(format!("else-name-{}", p.name)));
            taken.push((spot, half));
        }
    }

    /// Steps through those that nothing beats.
    fn frontier(&self, chart: &Chart, out: &mut Vec<Item>) {
        let mut best: Vec<Point> = self
            .whole
            .iter()
            .filter(|p| p.best)
            .map(|p| chart.place(round(&p.figures).0, p.figures.stale_share().into()))
            .collect();
        best.sort_by_key(|p| (p.x, p.y));
        let Some(first) = best.first().copied() else { return };
        let mut track = Track::new();
        track.to(first);
        for (a, b) in best.iter().zip(&best[1..]) {
            track.line(Point::new(b.x, a.y)).line(*b);
        }
        out.push(Item::path("frontier", track).key("frontier"));
    }

    /// Where former runs stood, up to where this one stands.
    fn former(&self, chart: &Chart, out: &mut Vec<Item>) {
        let mut track = Track::new();
        let place = |f: &Figures| chart.place(round(f).0, f.stale_share().into());
        for (i, f) in self.trail.iter().enumerate() {
            let at = place(f);
            if i == 0 {
                track.to(at)
            } else {
                track.line(at)
            };
            out.push(Item::circle("former", at, self.px(3)).key(format!("former-{i}")));
        }
        if let Some(live) = (!self.cut && !self.trail.is_empty()).then(|| place(self.live)) {
            track.line(live);
        }
        if !track.0.is_empty() {
            out.push(Item::path("former-line", track).key("former-line"));
        }
    }

    fn this_run(&self, chart: &Chart, (x, reach): (u64, u64), out: &mut Vec<Item>) {
        let f = self.live;
        if f.judged == 0 || f.writes.count == 0 {
            return;
        }
        let at = chart.place(x, f.stale_share().into());
        if reach > x {
            let end = chart.place(reach, f.stale_share().into());
            out.push(Item::line("whisker live", at, end).key("live-reach"));
        }
        out.push(Item::circle("live", at, self.px(6)).key("live"));
        // Named above the plot: within it other names stand.
        let style = (Typeface::SansStrong, self.px(11), Anchor::End);
        let spot = chart.at.plus(Point::new(chart.room.0, -self.px(7)));
        let left = spot.x - width("this run", Typeface::SansStrong, self.px(11)) - self.px(9);
        let sample = Point::new(left, spot.y - self.px(4));
        out.push(Item::circle("live", sample, self.px(4)).key("live-sample"));
        out.push(Item::text("", spot, style, "this run").key("live-name"));
    }
}

fn answered() -> ChartAxis {
    let ticks = [0, 25, 50, 75, 100].map(|p| (p * 10_000, p.to_string())).into();
    let title = "% of requests answered".into();
    ChartAxis { title, scale: Scale::Linear, range: (0, 1_000_000), ticks }
}

/// `1 2` of `R1 W2`, the beginning of a title.
fn short(name: &str) -> &str {
    name.split(" (").next().unwrap_or(name).split(',').next_back().unwrap_or(name).trim()
}

fn words(p: &Config) -> String {
    let time = |us: u64| crate::core::config::show_time(us as i64);
    let f = &p.figures;
    format!(
        "{}: reads {} (99 %: {}), writes {} (99 %: {}), {} of {} reads stale, {} of {} requests refused",
        p.name,
        time(f.reads.p50),
        time(f.reads.p99),
        time(f.writes.p50),
        time(f.writes.p99),
        f.stale,
        f.judged,
        f.refused,
        f.ended
    )
}

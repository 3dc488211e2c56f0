//! The whole run as one line to scrub along: faults as bands, branches as lanes, first violations
//! as flags, the present as a knob.

use super::geometry::{Bounded, PX, Point, Track, between, share};
use super::index::{Index, Trouble};
use super::{Drawing, Item, PicturePart, Size, Target};

/// A branch of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BranchLane {
    /// Its number.
    pub id: u32,
    /// The branch it left; itself for the first.
    pub parent: u32,
    /// When it left it, in microseconds.
    pub from: u64,
    /// How far it goes.
    pub to: u64,
    /// Its name.
    pub name: String,
}

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Timeline<'a> {
    /// All branches, the first of them the run's first.
    pub lanes: &'a [BranchLane],
    /// The branch shown.
    pub current: u32,
    /// The end of the line, in microseconds.
    pub end: u64,
    /// The shown branch's faults.
    pub index: &'a Index,
    /// First violations of the shown branch: step, time, what.
    pub broken: &'a [(u64, u64, String)],
    /// Room.
    pub size: Size,
    /// Which shapes.
    pub part: PicturePart,
}

impl Timeline<'_> {
    /// The picture at a moment.
    pub fn scene(&self, now: u64) -> Drawing {
        let mut scene = Drawing::new(self.size, "Timeline");
        scene.desc = format!("{} branches", self.lanes.len());
        let out = &mut scene.items;
        if self.part.fixed() {
            self.faults(out);
            out.extend(self.lanes.iter().map(|lane| self.lane(lane)));
        }
        let y = self.y(self.current);
        let start = Point::new(self.x(0), y);
        let head = Point::new(self.x(now), y);
        if self.part.fixed() {
            let track = Item::line("track", start, Point::new(self.x(self.end), y));
            out.push(track.key("track").target(Target::Time));
        }
        if self.part.moving() {
            let begun = self.lanes.iter().find(|l| l.id == self.current && l.id != l.parent);
            let begun = Point::new(self.x(begun.map_or(0, |l| l.from)), y);
            let done = Item::line("track done", begun, Point::new(head.x.max(begun.x), y));
            out.push(done.key("done"));
        }
        if self.part.fixed() {
            self.flags(y, out);
        }
        if self.part.moving() {
            let knob = vec![
                Item::circle("hit", Point::default(), 12 * PX),
                Item::circle("knob", Point::default(), 6 * PX),
            ];
            out.push(Item::group("", head, knob).key("knob").title("now").target(Target::Time));
        }
        scene
    }

    /// What was wrong, as bands.
    fn faults(&self, out: &mut Vec<Item>) {
        let (y, half) = (self.y(self.current), 7 * PX);
        for span in &self.index.spans {
            let class = match span.trouble {
                Trouble::Partition(_) | Trouble::Cut { .. } => "band",
                Trouble::Crash(_) | Trouble::Pause(_) => "band mark",
            };
            let (from, to) = (self.x(span.from), self.x(span.to.unwrap_or(self.end)));
            let short = if class == "band" { half } else { 3 * PX };
            let band = (from, y - short, (to - from).max(2 * PX), 2 * short);
            let key = format!("band-{}", span.step);
            out.push(Item::rect(class, band, 0).key(key).target(Target::Fault(span.step)));
        }
    }

    /// First violations.
    fn flags(&self, y: i32, out: &mut Vec<Item>) {
        for (step, at, what) in self.broken {
            let foot = Point::new(self.x(*at), y);
            let top = foot.minus(Point::new(0, 15 * PX));
            let flag = [top, top.plus(Point::new(8 * PX, 35)), top.plus(Point::new(0, 7 * PX))];
            let parts = vec![
                Item::line("flag-line", foot, top),
                Item::path("flag", Track::polygon(&flag)),
                Item::circle("hit", top, 10 * PX),
            ];
            out.push(
                Item::group("", Point::default(), parts)
                    .key(format!("flag-{step}"))
                    .title(format!("{what}: broken here first"))
                    .target(Target::Violation(*step)),
            );
        }
    }

    /// The time at a place.
    pub fn time_at(&self, x: i32) -> u64 {
        let (left, right) = self.ends();
        let done = u128::from((x - left).bounded(0, right - left).unsigned_abs());
        (u128::from(self.end) * done / u128::from((right - left).max(1).unsigned_abs())) as u64
    }

    fn ends(&self) -> (i32, i32) {
        (8 * PX, (self.size.w - 8 * PX).max(9 * PX))
    }

    fn x(&self, at: u64) -> i32 {
        let (left, right) = self.ends();
        between(left, right, share(at, 0, self.end.max(1)))
    }

    /// The shown branch is in the middle; others below it, in their order.
    fn y(&self, id: u32) -> i32 {
        let middle = self.size.h / 2;
        if id == self.current {
            return middle;
        }
        let others = self.lanes.iter().filter(|l| l.id != self.current);
        let place = others.take_while(|l| l.id != id).count() as i32;
        let count = self.lanes.len().saturating_sub(1).max(1) as i32;
        let pitch = ((middle - 4 * PX) / count).min(12 * PX);
        middle + pitch * (place + 1)
    }

    /// A branch: it leaves its parent in a soft bend.
    fn lane(&self, lane: &BranchLane) -> Item {
        let (y, home) = (self.y(lane.id), self.y(lane.parent));
        let (from, to) = (self.x(lane.from), self.x(lane.to));
        let mut t = Track::new();
        if lane.id == lane.parent {
            t.to(Point::new(from, y)).line(Point::new(to, y));
        } else {
            let bend = (14 * PX).min((to - from).max(0));
            let middle = Point::new(from + bend / 2, (y + home) / 2);
            t.to(Point::new(from, home)).curve(Point::new(from + bend / 4, home), middle);
            t.curve(Point::new(from + bend / 2, y), Point::new(from + bend, y));
            t.line(Point::new(to.max(from + bend), y));
        }
        let class = if lane.id == self.current { "lane current" } else { "lane" };
        let mut parts = vec![Item::path(class, t)];
        if lane.id != lane.parent {
            parts.push(Item::circle("fork", Point::new(from, home), 3 * PX));
        }
        Item::group("", Point::default(), parts)
            .key(format!("lane-{}", lane.id))
            .title(lane.name.clone())
            .target(Target::Branch(lane.id))
    }
}

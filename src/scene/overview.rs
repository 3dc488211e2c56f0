//! All of a recorded execution as a strip: how many events stand in each part, what is marked, and
//! the window that is looked at.

use super::execution::ExecutionPlan;
use super::geometry::{Bounded, PX, Point, Track};
use super::{Drawing, Item, Size};

/// A strip.
#[derive(Clone, Debug)]
pub struct Overview<'a> {
    /// Where everything stands.
    pub plan: &'a ExecutionPlan,
    /// Spots that are marked.
    pub found: &'a [u32],
    /// The first column looked at and how many, in thousandths.
    pub window: (i64, i64),
    /// Room.
    pub size: Size,
}

impl Overview<'_> {
    fn span(&self) -> i64 {
        i64::from(self.plan.columns.max(1)) * 1000
    }

    fn x(&self, column: i64) -> i32 {
        (column.bounded(0, self.span()) * i64::from(self.size.w) / self.span()) as i32
    }

    /// The column at a place, in thousandths.
    pub fn column_at(&self, x: i32) -> i64 {
        i64::from(x.bounded(0, self.size.w)) * self.span() / i64::from(self.size.w.max(1))
    }

    /// The picture.
    pub fn scene(&self) -> Drawing {
        let mut scene = Drawing::new(self.size, "All of it");
        let (bars, height) = ((self.size.w / (3 * PX)).max(1) as usize, self.size.h);
        let place = |column: u32| (column as usize * bars) / self.plan.columns.max(1) as usize;
        let mut counts = vec![0u32; bars];
        for spot in &self.plan.spots {
            counts[place(spot.column)] += spot.run;
        }
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        let x = |bar: usize| {
            let (bar, bars) = (bar as i64, bars as i64);
            ((2 * bar + 1) * i64::from(self.size.w) / (2 * bars)) as i32
        };
        let mut track = Track::new();
        for (bar, count) in counts.iter().enumerate().filter(|(_, c)| **c > 0) {
            let high = (i64::from(height - 6 * PX) * i64::from(*count) / i64::from(most)) as i32;
            let foot = Point::new(x(bar), height - PX);
            track.to(foot).line(foot.plus(Point::new(0, -high.max(PX))));
        }
        scene.items.push(Item::path("strip-bars", track).key("bars"));
        let mut hit = vec![false; bars];
        let spots = self.found.iter().filter_map(|s| self.plan.spots.get(*s as usize));
        spots.for_each(|s| hit[place(s.column)] = true);
        let mut marks = Track::new();
        for bar in (0..bars).filter(|b| hit[*b]) {
            marks.to(Point::new(x(bar), PX)).line(Point::new(x(bar), 5 * PX));
        }
        if !marks.0.is_empty() {
            scene.items.push(Item::path("strip-found", marks).key("found"));
        }
        scene.items.push(self.pane());
        scene
    }

    /// The window alone: all that changes while it moves.
    pub fn pane(&self) -> Item {
        let (from, to) = (self.x(self.window.0), self.x(self.window.0 + self.window.1));
        let window = (from, 0, (to - from).max(4 * PX), self.size.h);
        Item::rect("strip-window", window, 2 * PX).key("window")
    }
}

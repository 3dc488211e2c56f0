//! The picture of an execution. What lies in the window, and a little beside it, hangs in one group
//! that slides: while the window stays within the same blocks of columns, only the group's place
//! changes.

use super::{ExecutionPlan, Spot, relation};
use crate::core::trace::Relation;
use crate::scene::geometry::{Bounded, PX, Point, Track};
use crate::scene::text::{self, fit, shorten};
use crate::scene::{Anchor, Drawing, Item, Size, Typeface};
use crate::share::import::execution::Execution;
use std::ops::Range;

/// What is drawn of an execution.
#[derive(Clone, Debug)]
pub struct ExecutionDrawing<'a> {
    /// The execution.
    pub execution: &'a Execution,
    /// Where everything stands.
    pub plan: &'a ExecutionPlan,
    /// The first column shown and how many, in thousandths.
    pub window: (i64, i64),
    /// Room.
    pub size: Size,
    /// The event whose past and future are lit.
    pub selected: Option<u32>,
    /// Spots that are marked, in order.
    pub found: &'a [u32],
}

/// The key of the group that slides.
pub const SLIDING: &str = "sliding";
/// Above this many spots in sight paths hold all.
const DENSE: usize = 360;
/// A window is about so many blocks wide.
const BLOCKS: i64 = 8;
/// Places within the group count from a multiple of so many columns, so that they stay small.
const STRETCH: u32 = 1 << 10;
/// Lit before, lit after, neither.
const STANDINGS: [&str; 3] = ["", " past", " future"];

impl ExecutionDrawing<'_> {
    fn left(&self) -> i32 {
        84 * PX
    }

    fn room(&self) -> i64 {
        i64::from(self.size.w - self.left() - 20 * PX).max(1)
    }

    fn wide(&self) -> i64 {
        self.window.1.max(1)
    }

    /// Columns a block: a power of two.
    fn block(&self) -> u32 {
        let most = (self.window.1 / 1000 / BLOCKS).bounded(1, 1 << 20) as u32;
        1 << most.ilog2()
    }

    /// The blocks in sight: the first, and the one past the last.
    fn blocks(&self) -> (u32, u32) {
        let from = (self.window.0 / 1000).max(0) as u32;
        let to = from.saturating_add((self.window.1 / 1000).max(0) as u32 + 1);
        let block = self.block();
        (from / block, (to / block).saturating_add(1))
    }

    /// The column that is the origin of the group that slides.
    fn origin(&self) -> u32 {
        self.blocks().0 * self.block() / STRETCH * STRETCH
    }

    /// A column within the group.
    fn x(&self, column: u32) -> i32 {
        let columns = i64::from(column) - i64::from(self.origin());
        (columns * 1000 * self.room() / self.wide()).bounded(-4_000_000, 40_000_000) as i32
    }

    /// Where the group that slides is now.
    pub fn slide(&self) -> Point {
        let done = i64::from(self.origin()) * 1000 - self.window.0;
        Point::new(self.left() + (done * self.room() / self.wide()) as i32, 0)
    }

    /// What the picture depends on besides the execution, its plan and its marks; while it is the
    /// same, only [`ExecutionDrawing::slide`] differs.
    pub fn drawn(&self) -> [i64; 6] {
        let ((from, to), Size { w, h }) = (self.blocks(), self.size);
        let selected = self.selected.map_or(-1, i64::from);
        [from.into(), to.into(), self.window.1, w.into(), h.into(), selected]
    }

    /// The column at a place, in thousandths.
    pub fn column_at(&self, x: i32) -> i64 {
        self.window.0 + i64::from(x - self.left()) * self.window.1 / self.room()
    }

    /// The event nearest to a place, within a distance.
    pub fn hit(&self, p: Point, reach: i32) -> Option<u32> {
        let seen = |x: i32| (self.column_at(x) / 1000).max(0) as u32;
        let near = self.plan.within(seen(p.x - reach)..seen(p.x + reach).saturating_add(2));
        let slide = self.slide();
        let far = |s: &&Spot| {
            let q = self.place(s).plus(slide);
            i64::from(q.x - p.x).pow(2) + i64::from(q.y - p.y).pow(2)
        };
        let near = self.plan.spots[near].iter().min_by_key(far)?;
        (far(&near) <= i64::from(reach).pow(2)).then_some(near.event)
    }

    fn y(&self, row: u32) -> i32 {
        let rows = self.plan.rows.len().max(1) as i32;
        let (top, bottom) = (24 * PX, self.size.h - 20 * PX);
        let pitch = ((bottom - top) / rows).max(6 * PX);
        top + pitch / 2 + pitch * row as i32
    }

    fn place(&self, spot: &Spot) -> Point {
        Point::new(self.x(spot.column), self.y(spot.row))
    }

    /// Its place among [`STANDINGS`].
    fn standing(&self, event: u32) -> usize {
        let events = &self.execution.events;
        let Some(centre) = self.selected.and_then(|s| events.get(s as usize)) else { return 0 };
        match relation(&events[event as usize], centre) {
            Relation::Past => 1,
            Relation::Same | Relation::Future => 2,
            Relation::Beside => 0,
        }
    }

    /// The picture.
    pub fn scene(&self) -> Drawing {
        let mut scene = Drawing::new(self.size, "Recorded execution");
        let ((from, to), block) = (self.blocks(), self.block());
        let seen = self.plan.within(from * block..to.saturating_mul(block));
        let (events, hosts) = (self.execution.events.len(), self.plan.rows.len());
        scene.desc = format!("{events} events on {hosts} hosts");
        let dense = seen.len() > DENSE;
        let mut parts = Vec::new();
        self.ways(&mut parts);
        if dense {
            (from..to).for_each(|b| self.crowd(b, &mut parts));
        } else {
            self.dots(seen.clone(), &mut parts);
            self.labels(&self.plan.spots[seen], &mut parts);
        }
        self.hosts(&mut scene.items);
        scene.items.push(Item::group("", self.slide(), parts).key(SLIDING));
        self.names(&mut scene.items);
        scene
    }

    fn hosts(&self, out: &mut Vec<Item>) {
        for (row, host) in (0..).zip(&self.plan.rows) {
            let y = self.y(row);
            let line = (Point::new(self.left() - 6 * PX, y), Point::new(self.size.w, y));
            out.push(Item::line("host", line.0, line.1).key(format!("host-{host}")));
        }
    }

    /// The hosts' names, on a ground under which the rest slides away.
    fn names(&self, out: &mut Vec<Item>) {
        let size = 11 * PX;
        let ground = (0, 0, self.left() - 6 * PX, self.size.h);
        out.push(Item::rect("ground", ground, 0).key("ground"));
        for (row, host) in (0..).zip(&self.plan.rows) {
            let full = &self.execution.hosts[*host as usize];
            let name = fit(&shorten(full, 12), Typeface::Mono, size, self.left() - 14 * PX);
            let spot = Point::new(4 * PX, self.y(row) + 4 * PX);
            let name = Item::text("host-name", spot, (Typeface::Mono, size, Anchor::Start), name);
            out.push(name.key(format!("name-{host}")).title(full.clone()));
        }
    }

    /// Messages, a path a block in which they start; one for all that come from further left.
    fn ways(&self, out: &mut Vec<Item>) {
        let (spots, ways, block) = (&self.plan.spots, &self.plan.ways, self.block());
        let column = |s: u32| spots[s as usize].column;
        let (from, to) = self.blocks();
        let at = |c: u32| ways.partition_point(|w| column(w.0) < c);
        let first = from * block;
        let far = at(first.saturating_sub(self.plan.longest))..at(first);
        self.tracks("far".into(), ways[far].iter().filter(|w| column(w.1) >= first), out);
        for b in from..to {
            let starts = at(b * block)..at((b + 1).saturating_mul(block));
            self.tracks(b.to_string(), ways[starts].iter(), out);
        }
    }

    fn tracks<'b>(
        &self,
        key: String,
        ways: impl Iterator<Item = &'b (u32, u32)>,
        out: &mut Vec<Item>,
    ) {
        let mut many = [Track::new(), Track::new(), Track::new()];
        for (a, b) in ways {
            let (a, b) = (&self.plan.spots[*a as usize], &self.plan.spots[*b as usize]);
            let kind = match (self.standing(a.event), self.standing(b.event)) {
                (1, 1) => 1,
                (1, _) if self.selected == Some(b.event) => 1,
                (2, 2) => 2,
                _ => 0,
            };
            many[kind].to(self.place(a)).line(self.place(b));
        }
        for (track, standing) in many.into_iter().zip(STANDINGS) {
            if !track.0.is_empty() {
                let way = Item::path(format!("way{standing}"), track);
                out.push(way.key(format!("way-{key}{standing}")));
            }
        }
    }

    fn marked(&self, at: u32) -> bool {
        let chosen = self.selected.and_then(|e| *self.plan.of_event.get(e as usize)?);
        chosen == Some(at) || self.found.binary_search(&at).is_ok()
    }

    /// A block's events as a few paths.
    fn crowd(&self, b: u32, out: &mut Vec<Item>) {
        let block = self.block();
        let range = self.plan.within(b * block..(b + 1).saturating_mul(block));
        let mut many = [Track::new(), Track::new(), Track::new(), Track::new()];
        for (at, spot) in (range.start as u32..).zip(&self.plan.spots[range]) {
            let p = self.place(spot);
            many[self.standing(spot.event)].to(p).line(p);
            if self.marked(at) {
                many[3].to(p).line(p);
            }
        }
        for (track, class) in many.into_iter().zip(["", " past", " future", " found"]) {
            if !track.0.is_empty() {
                let dots = Item::path(format!("dots{class}"), track);
                out.push(dots.key(format!("dots-{b}{class}")));
            }
        }
    }

    fn dots(&self, seen: Range<usize>, out: &mut Vec<Item>) {
        for (at, spot) in (seen.start as u32..).zip(&self.plan.spots[seen]) {
            let p = self.place(spot);
            let class = match self.standing(spot.event) {
                1 => "dot past",
                2 => "dot future",
                _ if self.selected.is_none() => "dot plain",
                _ => "dot",
            };
            let (r, event) = (if spot.run > 1 { 6 * PX } else { 4 * PX }, spot.event);
            if self.marked(at) {
                out.push(Item::circle("chosen", p, r + 3 * PX).key(format!("ring-{event}")));
            }
            out.push(Item::circle(class, p, r).key(format!("spot-{event}")));
            if spot.run > 1 {
                let (style, at) =
                    ((Typeface::Mono, 9 * PX, Anchor::Middle), Point::new(0, 16 * PX));
                let run = Item::text("soft halo", p.plus(at), style, spot.run.to_string());
                out.push(run.key(format!("run-{event}")));
            }
        }
    }

    /// What events say, where there is room above their dots.
    fn labels(&self, spots: &[Spot], out: &mut Vec<Item>) {
        let size = 10 * PX;
        let end = self.x(self.blocks().1.saturating_mul(self.block()));
        let mut next = vec![end; self.plan.rows.len()];
        for spot in spots.iter().rev() {
            let p = self.place(spot);
            let space = next[spot.row as usize] - p.x - 8 * PX;
            next[spot.row as usize] = p.x;
            let words = &self.execution.events[spot.event as usize].text;
            let whole = shorten(words, 40);
            let words = fit(&whole, Typeface::Sans, size, space);
            // A letter or two at each end say nothing.
            if words.chars().count() < 7 && words != whole
                || text::width(&words, Typeface::Sans, size) > space
            {
                continue;
            }
            let at = Point::new(p.x - 3 * PX, p.y - 9 * PX);
            out.push(
                Item::text("soft halo", at, (Typeface::Sans, size, Anchor::Start), words)
                    .key(format!("label-{}", spot.event)),
            );
        }
    }
}

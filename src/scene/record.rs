//! A recorded history of client operations: a row a client, a bar an operation. Only what is in
//! sight is drawn, however long the history.

use super::geometry::{Bounded, PX, Point, Track};
use super::text::{fit, width};
use super::{Anchor, Drawing, Item, Size, Target, Typeface};
use crate::core::sorted::SortedMap;

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordedEnd {
    /// It is done.
    Ok,
    /// It did not happen.
    Failed,
    /// Nobody knows, or it is open.
    Unknown,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Its client.
    pub process: u32,
    /// What it says: `write 3`, `read -> 3`.
    pub label: String,
    /// Place of the call in the history.
    pub from: u64,
    /// Place of the answer, if there is one.
    pub to: Option<u64>,
    /// How it ended.
    pub end: RecordedEnd,
}

/// A history, laid out: clients that follow each other share a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Operations in the order of their calls.
    pub bars: Vec<Bar>,
    rows: Vec<u32>,
    /// How many rows there are.
    pub height: u32,
    /// The last place.
    pub last: u64,
    longest: u64,
}

/// What an operation without an answer takes of its row.
const TORN: u64 = 6;

impl Record {
    /// Lays operations out.
    pub fn new(bars: Vec<Bar>) -> Record {
        let end = |b: &Bar| b.to.unwrap_or(b.from + TORN);
        let mut lives: SortedMap<u32, (u64, u64)> = SortedMap::new();
        for bar in &bars {
            let life = lives.entry(bar.process).or_insert((bar.from, 0));
            life.1 = life.1.max(end(bar));
        }
        let mut order: Vec<(u64, u64, u32)> = lives.iter().map(|(p, l)| (l.0, l.1, *p)).collect();
        order.sort_unstable();
        let (mut free, mut row_of): (Vec<u64>, SortedMap<u32, u32>) = Default::default();
        for (from, to, process) in order {
            let row = free.iter().position(|end| *end < from).unwrap_or(free.len());
            match free.get_mut(row) {
                Some(end) => *end = to,
                None => free.push(to),
            }
            row_of.insert(process, row as u32);
        }
        Record {
            rows: bars.iter().map(|b| row_of.get(&b.process).copied().unwrap_or(0)).collect(),
            height: free.len() as u32,
            last: bars.iter().map(end).max().unwrap_or(0),
            longest: bars.iter().map(|b| end(b) - b.from.min(end(b))).max().unwrap_or(0),
            bars,
        }
    }
}

/// A picture of a history.
#[derive(Clone, Copy, Debug)]
pub struct RecordDrawing<'a> {
    /// The history.
    pub record: &'a Record,
    /// First place in sight, and how many.
    pub window: (u64, u64),
    /// Room.
    pub size: Size,
    /// Operations that alone are already wrong, by their ids.
    pub core: &'a [u32],
    /// Operations in an order that is legal.
    pub order: &'a [u32],
}

/// A row, in tenths of a pixel.
const ROW: i32 = 26 * PX;
const TOP: i32 = 8 * PX;
const BAR: i32 = 18 * PX;

impl RecordDrawing<'_> {
    /// The height that all rows need, in pixels.
    pub fn height(record: &Record) -> i32 {
        (TOP + ROW * record.height.min(60) as i32) / PX + 8
    }

    /// The picture.
    pub fn scene(&self) -> Drawing {
        let mut scene = Drawing::new(self.size, "Client operations");
        let (from, wide) = self.window;
        let bars = &self.record.bars;
        let start = bars.partition_point(|b| b.from + self.record.longest < from);
        let end = bars.partition_point(|b| b.from <= from + wide);
        scene.desc = format!("{} operations, {} in sight", bars.len(), end - start);
        for i in start..end {
            self.bar(i, &mut scene.items);
        }
        self.order(&mut scene.items);
        scene
    }

    fn x(&self, at: u64) -> i32 {
        let (from, wide) = self.window;
        let by = at as i128 - i128::from(from);
        (by * i128::from(self.size.w) / i128::from(wide.max(1))).bounded(-100_000, 1_000_000) as i32
    }

    fn bar(&self, i: usize, out: &mut Vec<Item>) {
        let bar = &self.record.bars[i];
        let y = TOP + ROW * self.record.rows[i] as i32;
        let x = self.x(bar.from);
        let right = self.x(bar.to.unwrap_or(bar.from + TORN)).max(x + 3 * PX);
        if right < 0 || x > self.size.w {
            return;
        }
        let accused = self.core.contains(&(i as u32));
        let class = match (bar.end, accused) {
            (RecordedEnd::Ok, false) => "op ok",
            (RecordedEnd::Ok, true) => "op ok accused",
            (RecordedEnd::Failed, _) => "op failed",
            (RecordedEnd::Unknown, false) => "op unknown",
            (RecordedEnd::Unknown, true) => "op unknown accused",
        };
        let mut parts = vec![match bar.end {
            RecordedEnd::Unknown => Item::path("bar", torn(x, y, right - x)),
            _ => Item::rect("bar", (x, y, right - x, BAR), 2 * PX),
        }];
        let size = 10 * PX;
        let sign = if accused { "✗ " } else { "" };
        let words = fit(&format!("{sign}{}", bar.label), Typeface::Mono, size, right - x - 6 * PX);
        if width(&words, Typeface::Mono, size) <= right - x && words.chars().count() > 2 {
            let at = Point::new(x.max(0) + 4 * PX, y + BAR / 2 + size * 36 / 100);
            parts.push(Item::text("op-label", at, (Typeface::Mono, size, Anchor::Start), words));
        }
        let title = format!("client {}: {}", bar.process, bar.label);
        out.push(
            Item::group(class, Point::default(), parts)
                .key(format!("op-{i}"))
                .title(title)
                .target(Target::Event(i as u64)),
        );
    }

    /// Where the operations take effect, as early as the order allows.
    fn order(&self, out: &mut Vec<Item>) {
        let (from, wide) = self.window;
        let (mut now, mut line, mut drawn) = (0, Track::new(), false);
        for id in self.order {
            let Some(bar) = self.record.bars.get(*id as usize) else { continue };
            now = now.max(bar.from);
            if now + wide < from || now > from + 2 * wide {
                continue;
            }
            let x = self.x(now) + 3 * PX;
            let y = TOP + ROW * self.record.rows[*id as usize] as i32;
            let middle = Point::new(x, y + BAR / 2);
            if drawn {
                line.line(middle)
            } else {
                line.to(middle)
            };
            drawn = true;
            let (a, b) = (Point::new(x, y - 2 * PX), Point::new(x, y + BAR + 2 * PX));
            out.push(Item::line("point", a, b).key(format!("point-{id}")));
        }
        if drawn {
            out.push(Item::path("order", line).key("order"));
        }
    }
}

/// A bar whose right edge is torn: nobody knows where it ends.
fn torn(x: i32, y: i32, w: i32) -> Track {
    let tooth = (BAR / 5).min(w / 2);
    let mut t = Track::new();
    t.to(Point::new(x, y)).line(Point::new(x + w, y));
    for i in 1..6 {
        let inward = if i % 2 == 1 { tooth } else { 0 };
        t.line(Point::new(x + w - inward, y + BAR * i / 6));
    }
    t.line(Point::new(x + w - tooth, y + BAR)).line(Point::new(x, y + BAR)).close();
    t
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(process: u32, from: u64, to: Option<u64>) -> Bar {
        let end = if to.is_some() { RecordedEnd::Ok } else { RecordedEnd::Unknown };
        Bar { process, label: format!("write {from}"), from, to, end }
    }

    #[test]
    fn clients_that_follow_each_other_share_a_row_and_the_rest_is_not_drawn() {
        let mut bars = vec![bar(0, 1, Some(3)), bar(1, 2, Some(6)), bar(0, 4, None)];
        bars.push(bar(2, 20, Some(22)));
        let record = Record::new(bars);
        assert_eq!((record.height, record.last), (2, 22));
        let many = Record::new((0..10_000).map(|i| bar(0, 2 * i + 1, Some(2 * i + 2))).collect());
        let size = Size::px(800, 200);
        let drawing =
            RecordDrawing { record: &many, window: (5_000, 40), size, core: &[2_505], order: &[] };
        let scene = drawing.scene();
        assert!((15..30).contains(&scene.items.len()), "{}", scene.items.len());
        assert!(scene.items.iter().any(|i| i.class.contains("accused")));
    }
}

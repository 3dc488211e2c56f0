//! Charts: axes with units, grid lines, and places of values. What is drawn into them is up to the
//! picture that uses them; the numbers stand in a table beside it.

use super::geometry::{Bounded, PX, Point};
use super::text::{fit, width};
use super::{Anchor, Item, Typeface};

/// How values become places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithms; values below the axis stand at its beginning.
    Log,
}

/// An axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartAxis {
    /// What is measured, with its unit.
    pub title: String,
    /// How values become places.
    pub scale: Scale,
    /// First and last value.
    pub range: (u64, u64),
    /// Values with a line, and what is said there.
    pub ticks: Vec<(u64, String)>,
}

/// The logarithm to base 2, in thousandths; 0 below 2.
pub fn log2(v: u64) -> i64 {
    let v = v.max(1);
    let whole = v.ilog2();
    // Squaring doubles the logarithm: each time one more binary place of it.
    let mut x = (u128::from(v) << 62) >> whole;
    let mut fraction = 0i64;
    for place in 1..=12 {
        x = (x * x) >> 62;
        if x >> 63 != 0 {
            x >>= 1;
            fraction += 4096 >> place;
        }
    }
    i64::from(whole) * 1000 + fraction * 1000 / 4096
}

impl ChartAxis {
    /// An axis of times in microseconds with a line a decade or half a decade.
    pub fn times(title: impl Into<String>, first: u64, last: u64) -> ChartAxis {
        let (mut ticks, mut decade) = (Vec::new(), 1u64);
        while decade <= last {
            for v in [decade, 3 * decade].into_iter().filter(|v| (first..=last).contains(v)) {
                ticks.push((v, crate::core::config::show_time(v as i64)));
            }
            decade = decade.saturating_mul(10);
        }
        ChartAxis { title: title.into(), scale: Scale::Log, range: (first, last), ticks }
    }

    /// An axis of shares in parts per million from 0, long enough for the largest; it says per cent.
    pub fn shares(title: impl Into<String>, most: u32) -> ChartAxis {
        const ENDS: [u64; 7] = [10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000];
        let end = ENDS.into_iter().find(|e| *e >= most.into()).unwrap_or(1_000_000);
        let tick = |i: u64| {
            let (v, tenths) = (end * i / 2, end * i / 2 / 1_000);
            let text = match tenths % 10 {
                0 => (tenths / 10).to_string(),
                d => format!("{}.{d}", tenths / 10),
            };
            (v, text)
        };
        let ticks = (0..=2).map(tick).collect();
        ChartAxis { title: title.into(), scale: Scale::Linear, range: (0, end), ticks }
    }

    /// Where a value stands, in thousandths of the axis.
    pub fn share(&self, value: u64) -> i64 {
        let (first, last) = self.range;
        let value = value.bounded(first, last);
        let (at, of) = match self.scale {
            Scale::Linear => ((value - first) as i64 * 1000, (last - first) as i64),
            Scale::Log => ((log2(value) - log2(first)) * 1000, log2(last) - log2(first)),
        };
        at / of.max(1)
    }
}

/// Two axes and the room between them.
#[derive(Clone, Debug)]
pub struct Chart {
    /// To the right.
    pub x: ChartAxis,
    /// Upwards.
    pub y: ChartAxis,
    /// The corner at the top left, where the plot begins, in tenths of a pixel.
    pub at: Point,
    /// Width and height of the plot.
    pub room: (i32, i32),
    /// Size of the words.
    pub size: i32,
}

impl Chart {
    /// Where a pair of values stands.
    pub fn place(&self, x: u64, y: u64) -> Point {
        let dx = self.x.share(x) * i64::from(self.room.0) / 1000;
        let dy = self.y.share(y) * i64::from(self.room.1) / 1000;
        self.at.plus(Point::new(dx as i32, self.room.1 - dy as i32))
    }

    /// Axes, lines and words; keys begin with `key`.
    pub fn frame(&self, key: &str, out: &mut Vec<Item>) {
        let (left, top, (w, h)) = (self.at.x, self.at.y, self.room);
        let size = self.size;
        for (i, (value, text)) in self.x.ticks.iter().enumerate() {
            let x = self.place(*value, 0).x;
            let line = (Point::new(x, top), Point::new(x, top + h));
            out.push(Item::line("grid", line.0, line.1).key(format!("{key}-x{i}")));
            let at = Point::new(x, top + h + size * 13 / 10);
            let words =
                Item::text("soft", at, (Typeface::Mono, size, Anchor::Middle), text.clone());
            out.push(words.key(format!("{key}-xt{i}")));
        }
        for (i, (value, text)) in self.y.ticks.iter().enumerate() {
            let y = self.place(self.x.range.0, *value).y;
            let line = (Point::new(left, y), Point::new(left + w, y));
            out.push(Item::line("grid", line.0, line.1).key(format!("{key}-y{i}")));
            let at = Point::new(left - 5 * PX, y + size * 36 / 100);
            let words = Item::text("soft", at, (Typeface::Mono, size, Anchor::End), text.clone());
            out.push(words.key(format!("{key}-yt{i}")));
        }
        let title = |text: &str, at, anchor| {
            let words = fit(text, Typeface::Sans, size, w + left);
            Item::text("soft", at, (Typeface::Sans, size, anchor), words)
        };
        let foot = Point::new(left + w, top + h + size * 27 / 10);
        out.push(title(&self.x.title, foot, Anchor::End).key(format!("{key}-x")));
        let head = Point::new(left - width("100 ", Typeface::Mono, size), top - size * 8 / 10);
        out.push(title(&self.y.title, head, Anchor::Start).key(format!("{key}-y")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_right_to_a_thousandth() {
        for v in [1u64, 2, 3, 7, 10, 999, 1_000, 65_537, 1_000_000, u64::MAX] {
            let true_one = (v as f64).log2() * 1000.0;
            assert!((log2(v) as f64 - true_one).abs() <= 1.5, "{v}: {} {true_one}", log2(v));
        }
    }

    #[test]
    fn values_stand_in_order_between_the_ends() {
        let axis = ChartAxis::times("", 300, 1_000_000);
        assert_eq!((axis.share(0), axis.share(300), axis.share(5_000_000)), (0, 0, 1000));
        let all: Vec<i64> = [400, 1_000, 10_000, 100_000].map(|v| axis.share(v)).into();
        assert!(all.is_sorted() && all[0] > 0 && all[3] < 1000, "{all:?}");
        assert_eq!(axis.ticks[1], (1_000, "1ms".into()));
        let shares = ChartAxis::shares("", 30_000);
        assert_eq!(shares.range, (0, 50_000));
        assert_eq!(shares.ticks[1].1, "2.5");
        assert_eq!(shares.share(25_000), 500);
    }
}

//! A blackboard, drawn.

use super::geometry::{Bounded, PX, Point, Track};
use super::text::width;
use super::{Anchor, Drawing, Item, Size, Target, Typeface, ticks};
use crate::algo::clocks::VectorClock;
use crate::algo::clocks::overlay::ClockKind;
use crate::core::trace::Relation;
use crate::share::board::{Board, WIDE};

/// A board, drawn.
#[derive(Clone, Debug)]
pub struct BoardDrawing<'a> {
    /// What was placed.
    pub board: &'a Board,
    /// Room.
    pub size: Size,
    /// Which timestamps are written: numbers, vectors, or none.
    pub kind: Option<ClockKind>,
    /// The event whose past and future are lit.
    pub selected: Option<u32>,
    /// Lines of equal logical time are drawn.
    pub ticks: bool,
    /// Events stand where their numbers say, so that those lines are straight.
    pub straight: bool,
}

impl BoardDrawing<'_> {
    fn span(&self) -> (i32, i32) {
        (56 * PX, self.size.w - 30 * PX)
    }

    /// Where a process and a place are.
    pub fn at(&self, (host, place): (u32, u32)) -> Point {
        let (left, right) = self.span();
        let x = left + (i64::from(right - left) * i64::from(place) / i64::from(WIDE)) as i32;
        let rows = self.board.hosts.len().max(1) as i32;
        Point::new(x, self.size.h * (2 * host as i32 + 1) / (2 * rows))
    }

    /// Where each event is.
    fn spots(&self, numbers: &[u64]) -> Vec<Point> {
        let last = numbers.iter().copied().max().unwrap_or(0) + 1;
        let spot = |(place, number): (&(u32, u32), &u64)| match self.straight {
            true => self.at((place.0, (u64::from(WIDE) * number / last) as u32)),
            false => self.at(*place),
        };
        self.board.events.iter().zip(numbers).map(spot).collect()
    }

    /// The event nearest to a point, within a distance.
    pub fn hit(&self, p: Point, reach: i32) -> Option<u32> {
        let far = |q: &Point| i64::from(q.x - p.x).pow(2) + i64::from(q.y - p.y).pow(2);
        let spots = self.spots(&self.board.numbers());
        let near = (0..).zip(&spots).min_by_key(|(_, q)| far(q))?;
        (far(near.1) <= i64::from(reach).pow(2)).then_some(near.0)
    }

    /// The process and the place nearest to a point.
    pub fn place(&self, p: Point) -> (u32, u32) {
        let (left, right) = self.span();
        let done = i64::from((p.x - left).bounded(0, right - left));
        let place = done * i64::from(WIDE) / i64::from((right - left).max(1));
        let rows = self.board.hosts.len().max(1) as i32;
        let host = (p.y * rows / self.size.h.max(1)).bounded(0, rows - 1);
        (host as u32, place as u32)
    }

    /// The picture.
    pub fn scene(&self) -> Drawing {
        let board = self.board;
        let mut scene = Drawing::new(self.size, "Blackboard");
        let (events, messages) = (board.events.len(), board.messages.len());
        scene.desc = format!("{events} events and {messages} messages");
        let out = &mut scene.items;
        for (host, name) in (0..).zip(&board.hosts) {
            let (a, b) = (self.at((host, 0)), self.at((host, WIDE)));
            let spot = Point::new(8 * PX, a.y + 4 * PX);
            out.push(
                Item::line("host", a.plus(Point::new(-12 * PX, 0)), b).key(format!("host-{host}")),
            );
            let style = (Typeface::Mono, 13 * PX, Anchor::Start);
            out.push(
                Item::text("host-name", spot, style, name.clone()).key(format!("name-{host}")),
            );
        }
        let vectors = board.vectors();
        let numbers = board.numbers();
        let spots = self.spots(&numbers);
        if self.ticks {
            let row = |host: u32| {
                let mine = (0..).zip(&board.events).filter(|(_, e)| e.0 == host);
                let mut mine: Vec<(u64, i32)> =
                    mine.map(|(e, _): (usize, _)| (numbers[e], spots[e].x)).collect();
                mine.sort_unstable();
                (self.at((host, 0)).y, mine)
            };
            let rows: Vec<ticks::ProcessRow> = (0..board.hosts.len() as u32).map(row).collect();
            ticks::lines(&rows, self.span().0, 0, 10 * PX, out);
        }
        let standing = |e: u32| {
            let centre = self.selected.filter(|c| (*c as usize) < vectors.len());
            centre.map(|c| board.relation(e, c))
        };
        for (i, (a, b)) in board.messages.iter().enumerate() {
            let class = match (standing(*a), standing(*b)) {
                (Some(Relation::Past), Some(Relation::Past | Relation::Same)) => "way past",
                (Some(Relation::Same | Relation::Future), Some(_)) => "way future",
                _ => "way",
            };
            let (p, q) = (spots[*a as usize], spots[*b as usize]);
            let mut track = Track::new();
            track.to(p).line(q);
            out.push(Item::path(class, track).key(format!("way-{i}")));
        }
        for (e, place) in (0..).zip(&board.events) {
            let p = spots[e as usize];
            let class = match standing(e) {
                Some(Relation::Past) => "dot past",
                Some(Relation::Same | Relation::Future) => "dot future",
                Some(Relation::Beside) => "dot",
                None => "dot plain",
            };
            let ring = (self.selected == Some(e))
                .then(|| Item::circle("chosen", Point::default(), 9 * PX));
            let dot = Item::circle(class, Point::default(), 5 * PX);
            let mut parts: Vec<Item> = ring.into_iter().chain([dot]).collect();
            let words = match self.kind {
                None | Some(ClockKind::Wall) => String::new(),
                Some(ClockKind::Number) => format!("⟨{}⟩", numbers[e as usize]),
                Some(ClockKind::Array) => self.array(&vectors[e as usize]),
            };
            if !words.is_empty() {
                let size = 11 * PX;
                let x = -width(&words, Typeface::Mono, size) / 2;
                let style = (Typeface::Mono, size, Anchor::Start);
                parts.push(Item::text("halo", Point::new(x, 22 * PX), style, words.clone()));
            }
            let title = format!("{} {words}", board.hosts[place.0 as usize]);
            out.push(
                Item::group("", p, parts)
                    .key(format!("event-{e}"))
                    .title(title)
                    .target(Target::Event(u64::from(e))),
            );
        }
        scene
    }

    /// `[A:2, B:1]`.
    pub fn array(&self, clock: &VectorClock<u32>) -> String {
        let name = |h: &u32| self.board.hosts.get(*h as usize).map_or("?", String::as_str);
        let counts: Vec<String> = clock.iter().map(|(h, n)| format!("{}:{n}", name(h))).collect();
        format!("[{}]", counts.join(", "))
    }
}

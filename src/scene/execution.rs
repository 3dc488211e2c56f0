//! An execution that somebody recorded, as a space-time diagram: only what lies in the window is
//! drawn. Time goes to the right, equally spaced from causes to effects.

use super::geometry::{PX, Point, Track};
use super::text::{self, fit, shorten};
use super::{Anchor, Face, Item, Scene, Size};
use crate::core::trace::Relation;
use crate::share::import::execution::{Event, Execution, count};
use std::ops::Range;

/// How an event stands to another, by their clocks.
pub fn relation(event: &Event, centre: &Event) -> Relation {
    if (event.host, event.number) == (centre.host, centre.number) {
        Relation::Same
    } else if count(&centre.clock, event.host) >= event.number {
        Relation::Past
    } else if count(&event.clock, centre.host) >= centre.number {
        Relation::Future
    } else {
        Relation::Beside
    }
}

/// Events drawn as one dot: one event, or a run of local ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The first event's place in the execution.
    pub event: u32,
    /// How many events it stands for.
    pub run: u32,
    /// Its row, from the top.
    pub row: u32,
    /// Its column.
    pub column: u32,
}

/// Where everything stands: made once for a choice of hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The hosts shown, from the top.
    pub rows: Vec<u32>,
    /// Spots by column.
    pub spots: Vec<Spot>,
    /// Messages between spots, by the column of their start.
    pub ways: Vec<(u32, u32)>,
    /// The longest message, in columns.
    longest: u32,
    /// Columns.
    pub columns: u32,
    /// Each event's spot; none if its host is hidden.
    pub of_event: Vec<Option<u32>>,
}

impl Plan {
    /// Lays out an execution with these hosts, from the top; with `collapse`, runs of local events
    /// become one spot. Events between shown hosts stay connected through hidden ones.
    pub fn new(execution: &Execution, rows: Vec<u32>, collapse: bool) -> Plan {
        let mut row_of = vec![None; execution.hosts.len()];
        for (row, host) in (0..).zip(&rows) {
            if let Some(place) = row_of.get_mut(*host as usize) {
                *place = Some(row);
            }
        }
        let causes = Causes::new(execution, &row_of);
        let order = causes.order();
        let mut plan =
            Plan { rows, of_event: vec![None; execution.events.len()], ..Plan::default() };
        let mut last: Vec<Option<u32>> = vec![None; execution.hosts.len()];
        for at in order {
            let event = &execution.events[at as usize];
            let Some(row) = row_of[event.host as usize] else { continue };
            let heard = &causes.heard[at as usize];
            let before = last[event.host as usize];
            if collapse && heard.is_empty() && !causes.told[at as usize] {
                // Joins the run before it, if that is one of local events.
                let run = before.filter(|s| {
                    let first = plan.spots[*s as usize].event as usize;
                    causes.heard[first].is_empty() && !causes.told[first]
                });
                if let Some(spot) = run {
                    plan.spots[spot as usize].run += 1;
                    plan.of_event[at as usize] = Some(spot);
                    continue;
                }
            }
            let column = |s: &u32| plan.spots[*s as usize].column + 1;
            let from: Vec<u32> = heard.iter().filter_map(|e| plan.of_event[*e as usize]).collect();
            let place = before.iter().chain(&from).map(column).max().unwrap_or(0);
            let spot = plan.spots.len() as u32;
            plan.ways.extend(from.into_iter().map(|s| (s, spot)));
            plan.spots.push(Spot { event: at, run: 1, row, column: place });
            plan.of_event[at as usize] = Some(spot);
            last[event.host as usize] = Some(spot);
            plan.columns = plan.columns.max(place + 1);
        }
        plan.sort();
        plan
    }

    /// By column, so that a window is a range.
    fn sort(&mut self) {
        let mut order: Vec<u32> = (0..self.spots.len() as u32).collect();
        order.sort_by_key(|s| self.spots[*s as usize].column);
        let mut new = vec![0; order.len()];
        for (place, old) in (0..).zip(&order) {
            new[*old as usize] = place;
        }
        self.spots = order.iter().map(|s| self.spots[*s as usize]).collect();
        for (a, b) in &mut self.ways {
            (*a, *b) = (new[*a as usize], new[*b as usize]);
        }
        for spot in self.of_event.iter_mut().flatten() {
            *spot = new[*spot as usize];
        }
        let column = |s: u32| self.spots[s as usize].column;
        self.ways.sort_by_key(|(a, _)| column(*a));
        self.longest = self.ways.iter().map(|(a, b)| column(*b) - column(*a)).max().unwrap_or(0);
    }
}

/// For each event of a shown host, the events of other shown hosts that it is the first to know of.
struct Causes {
    heard: Vec<Vec<u32>>,
    /// Another shown host knows of it first hand.
    told: Vec<bool>,
    weights: Vec<u64>,
}

impl Causes {
    fn new(execution: &Execution, row_of: &[Option<u32>]) -> Causes {
        let events = &execution.events;
        let mut places: Vec<Vec<u32>> = vec![Vec::new(); execution.hosts.len()];
        for (at, event) in (0u32..).zip(events) {
            let mine = &mut places[event.host as usize];
            let place = event.number.saturating_sub(1) as usize;
            // Numbers are 1, 2, 3 ... in what was imported; anything else is left alone.
            if place <= events.len() {
                if mine.len() <= place {
                    mine.resize(place + 1, u32::MAX);
                }
                mine[place] = at;
            }
        }
        let find = |host: u32, number: u64| {
            let at = *places.get(host as usize)?.get(number.checked_sub(1)? as usize)?;
            (at != u32::MAX).then_some(at)
        };
        let mut told = vec![false; events.len()];
        let heard = events.iter().map(|event| {
            if row_of[event.host as usize].is_none() {
                return Vec::new();
            }
            let before = find(event.host, event.number.saturating_sub(1));
            let known = before.map_or(&[][..], |b| &events[b as usize].clock);
            let new = event.clock.iter().filter(|(host, n)| {
                *host != event.host && row_of[*host as usize].is_some() && *n > count(known, *host)
            });
            let news: Vec<u32> = new.filter_map(|(host, n)| find(*host, *n)).collect();
            let covered = |c: u32| {
                let c = &events[c as usize];
                news.iter()
                    .map(|d| &events[*d as usize])
                    .any(|d| d.host != c.host && count(&d.clock, c.host) >= c.number)
            };
            let direct: Vec<u32> = news.iter().copied().filter(|c| !covered(*c)).collect();
            direct.iter().for_each(|c| told[*c as usize] = true);
            direct
        });
        let heard = heard.collect();
        let weights = events.iter().map(|e| e.clock.iter().map(|c| c.1).sum()).collect();
        Causes { heard, told, weights }
    }

    /// Causes before effects: whoever knows more comes later.
    fn order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.weights.len() as u32).collect();
        order.sort_by_key(|e| self.weights[*e as usize]);
        order
    }
}

/// What is drawn of an execution.
#[derive(Clone, Debug)]
pub struct Drawing<'a> {
    /// The execution.
    pub execution: &'a Execution,
    /// Where everything stands.
    pub plan: &'a Plan,
    /// The first column shown and how many, in thousandths.
    pub window: (i64, i64),
    /// Room.
    pub size: Size,
    /// The event whose past and future are lit.
    pub selected: Option<u32>,
    /// Spots that are marked, in order.
    pub found: &'a [u32],
}

/// Above this many spots in sight one path holds all.
const DENSE: usize = 360;
/// Up to so many spots in sight say under the pointer what happened there.
const TOLD: usize = 120;

impl Drawing<'_> {
    fn left(&self) -> i32 {
        84 * PX
    }

    fn x(&self, column: u32) -> i32 {
        let room = i64::from(self.size.w - self.left() - 20 * PX);
        let done = i64::from(column) * 1000 - self.window.0;
        self.left() + (done * room / self.window.1.max(1)).clamp(-100_000, 1_000_000) as i32
    }

    /// The column at a place, in thousandths.
    pub fn column_at(&self, x: i32) -> i64 {
        let room = i64::from(self.size.w - self.left() - 20 * PX).max(1);
        self.window.0 + i64::from(x - self.left()) * self.window.1 / room
    }

    /// The event nearest to a place, within a distance.
    pub fn hit(&self, p: Point, reach: i32) -> Option<u32> {
        let seen = |x: i32| (self.column_at(x) / 1000).max(0) as u32;
        let (from, to) = (seen(p.x - reach), seen(p.x + reach).saturating_add(1));
        let spots = &self.plan.spots;
        let first = spots.partition_point(|s| s.column < from);
        let last = spots.partition_point(|s| s.column <= to);
        let far = |s: &&Spot| {
            let q = self.place(s);
            i64::from(q.x - p.x).pow(2) + i64::from(q.y - p.y).pow(2)
        };
        let near = spots[first..last].iter().min_by_key(far)?;
        (far(&near) <= i64::from(reach).pow(2)).then_some(near.event)
    }

    fn y(&self, row: u32) -> i32 {
        let rows = self.plan.rows.len().max(1) as i32;
        let (top, bottom) = (24 * PX, self.size.h - 20 * PX);
        let pitch = ((bottom - top) / rows).max(6 * PX);
        top + pitch / 2 + pitch * row as i32
    }

    fn columns(&self) -> (u32, u32) {
        let from = (self.window.0 / 1000).max(0) as u32;
        (from, from.saturating_add((self.window.1 / 1000).max(0) as u32 + 1))
    }

    fn standing(&self, event: u32) -> &'static str {
        let events = &self.execution.events;
        let Some(centre) = self.selected.and_then(|s| events.get(s as usize)) else { return "" };
        match relation(&events[event as usize], centre) {
            Relation::Past => "past",
            Relation::Same | Relation::Future => "future",
            Relation::Beside => "",
        }
    }

    /// The picture.
    pub fn scene(&self) -> Scene {
        let mut scene = Scene::new(self.size, "Recorded execution");
        let (from, to) = self.columns();
        let spots = &self.plan.spots;
        let first = spots.partition_point(|s| s.column < from);
        let last = spots.partition_point(|s| s.column <= to);
        scene.desc = format!(
            "{} events on {} hosts, {} of them in sight",
            self.execution.events.len(),
            self.plan.rows.len(),
            last - first
        );
        self.hosts(&mut scene.items);
        let dense = last - first > DENSE;
        self.ways((from, to), &mut scene.items);
        self.dots(first..last, dense, &mut scene.items);
        scene
    }

    fn hosts(&self, out: &mut Vec<Item>) {
        let size = 11 * PX;
        for (row, host) in (0..).zip(&self.plan.rows) {
            let y = self.y(row);
            let name = shorten(&self.execution.hosts[*host as usize], 12);
            let name = fit(&name, Face::Mono, size, self.left() - 14 * PX);
            let spot = Point::new(4 * PX, y + 4 * PX);
            let line = (Point::new(self.left() - 6 * PX, y), Point::new(self.size.w, y));
            out.push(Item::line("host", line.0, line.1).key(format!("host-{host}")));
            out.push(
                Item::text("host-name", spot, (Face::Mono, size, Anchor::Start), name)
                    .key(format!("name-{host}"))
                    .title(self.execution.hosts[*host as usize].clone()),
            );
        }
    }

    fn ways(&self, (from, to): (u32, u32), out: &mut Vec<Item>) {
        let spots = &self.plan.spots;
        let column = |s: u32| spots[s as usize].column;
        let ways = &self.plan.ways;
        let start = ways.partition_point(|w| column(w.0) + self.plan.longest < from);
        let end = ways.partition_point(|w| column(w.0) <= to);
        let mut many = [Track::new(), Track::new(), Track::new()];
        for (a, b) in ways[start..end].iter().filter(|w| column(w.1) >= from) {
            let (a, b) = (&spots[*a as usize], &spots[*b as usize]);
            let (p, q) = (self.place(a), self.place(b));
            let kind = match (self.standing(a.event), self.standing(b.event)) {
                ("past", "past") => 1,
                ("past", _) if self.selected == Some(b.event) => 1,
                ("future", "future") => 2,
                _ => 0,
            };
            many[kind].to(p).line(q);
        }
        for (track, class) in many.into_iter().zip(["way", "way past", "way future"]) {
            if !track.0.is_empty() {
                out.push(Item::path(class, track).key(class.replace(' ', "-")));
            }
        }
    }

    fn place(&self, spot: &Spot) -> Point {
        Point::new(self.x(spot.column), self.y(spot.row))
    }

    fn dots(&self, seen: Range<usize>, dense: bool, out: &mut Vec<Item>) {
        let spots = &self.plan.spots[seen.clone()];
        let chosen = self.selected.and_then(|e| *self.plan.of_event.get(e as usize)?);
        let mut many = [Track::new(), Track::new(), Track::new(), Track::new()];
        for (at, spot) in (seen.start as u32..).zip(spots) {
            let (event, p) = (&self.execution.events[spot.event as usize], self.place(spot));
            let standing = self.standing(spot.event);
            let ring = chosen == Some(at) || self.found.binary_search(&at).is_ok();
            if dense {
                let kind = ["", "past", "future"].iter().position(|s| *s == standing).unwrap_or(0);
                many[kind].to(p).line(p);
                if ring {
                    many[3].to(p).line(p);
                }
                continue;
            }
            let class = match standing {
                "past" => "dot past",
                "future" => "dot future",
                _ if self.selected.is_none() => "dot plain",
                _ => "dot",
            };
            let r = if spot.run > 1 { 6 * PX } else { 4 * PX };
            let key = format!("spot-{}", spot.event);
            let dot = Item::circle(class, Point::default(), r);
            let mut parts = Vec::with_capacity(3);
            if ring {
                parts.push(Item::circle("chosen", Point::default(), r + 3 * PX));
            }
            parts.push(dot);
            if spot.run > 1 {
                let style = (Face::Mono, 9 * PX, Anchor::Middle);
                let at = Point::new(0, 16 * PX);
                parts.push(Item::text("soft halo", at, style, spot.run.to_string()));
            }
            let mut group = Item::group("", p, parts).key(key);
            if spots.len() <= TOLD {
                group = group.title(format!("{}: {}", self.execution.id(event), event.text));
            }
            out.push(group);
        }
        let classes = ["dots", "dots past", "dots future", "dots found"];
        for (track, class) in many.into_iter().zip(classes) {
            if !track.0.is_empty() {
                out.push(Item::path(class, track).key(class.replace(' ', "-")));
            }
        }
        self.labels(spots, dense, out);
    }

    /// What events say, where there is room above their dots.
    fn labels(&self, spots: &[Spot], dense: bool, out: &mut Vec<Item>) {
        if dense {
            return;
        }
        let size = 10 * PX;
        let mut next = vec![self.size.w; self.plan.rows.len()];
        for spot in spots.iter().rev() {
            let p = self.place(spot);
            let space = next[spot.row as usize] - p.x - 8 * PX;
            next[spot.row as usize] = p.x;
            let words = &self.execution.events[spot.event as usize].text;
            let words = fit(&shorten(words, 40), Face::Sans, size, space);
            if words.chars().count() < 3 || text::width(&words, Face::Sans, size) > space {
                continue;
            }
            let at = Point::new(p.x - 3 * PX, p.y - 9 * PX);
            out.push(
                Item::text("soft halo", at, (Face::Sans, size, Anchor::Start), words)
                    .key(format!("label-{}", spot.event)),
            );
        }
    }
}

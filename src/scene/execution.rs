//! An execution that somebody recorded, as a space-time diagram: only what lies in the window is
//! drawn. Time goes to the right, equally spaced from causes to effects.

mod drawing;

pub use drawing::{ExecutionDrawing, SLIDING};

use crate::core::trace::Relation;
use crate::share::import::execution::{Execution, RecordedEvent, count};
use std::ops::Range;

/// How an event stands to another, by their clocks.
pub fn relation(event: &RecordedEvent, centre: &RecordedEvent) -> Relation {
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
pub struct ExecutionPlan {
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

impl ExecutionPlan {
    /// Lays out an execution with these hosts, from the top; with `collapse`, runs of local events
    /// become one spot. Events between shown hosts stay connected through hidden ones.
    pub fn new(execution: &Execution, rows: Vec<u32>, collapse: bool) -> ExecutionPlan {
        let mut row_of = vec![None; execution.hosts.len()];
        for (row, host) in (0..).zip(&rows) {
            if let Some(place) = row_of.get_mut(*host as usize) {
                *place = Some(row);
            }
        }
        let causes = Causes::new(execution, &row_of);
        let order = causes.order();
        let mut plan = ExecutionPlan {
            rows,
            of_event: vec![None; execution.events.len()],
            ..ExecutionPlan::default()
        };
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

    /// The spots of a range of columns.
    pub fn within(&self, columns: Range<u32>) -> Range<usize> {
        let at = |c: u32| self.spots.partition_point(|s| s.column < c);
        at(columns.start)..at(columns.end)
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

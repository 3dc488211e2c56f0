//! The search behind every order-finding judge: a linear extension of a partial order that is
//! legal for a model (Wing and Gong 1993; memoised as in Lowe 2017).
//!
//! Certain operations sit on chains that are done front to back; maybe-applied ones sit in
//! classes of equal operations, of which the earliest is always as good as any other. One of those
//! is placed only where what comes next needs it there: left out or put off, it would not do.

use super::model::ObjectModel;
use super::relation::BitRelation;
use super::saturate::{INIT, KeyAccesses};
use super::states::{REFUSED, States};
use super::table::Visited;
use super::{F, HistoryOp, OpValue};
use crate::core::sorted::{SortedMap, SortedSet};

/// Words of memory one search may hold.
const MEMORY: usize = 24 << 20;
const NEVER: u64 = u64::MAX;

/// One operation to be placed.
#[derive(Clone, Debug)]
pub struct SearchItem<'a> {
    /// The operation.
    pub op: &'a HistoryOp,
    /// Not before everything whose `until` is smaller.
    pub from: u64,
    /// See `from`.
    pub until: u64,
    /// Not before so many operations of those chains.
    pub need: Vec<(u32, u32)>,
    /// Among several choices, the smallest is tried first.
    pub rank: u64,
}

/// What has to be placed, and in which partial order.
#[derive(Clone, Debug, Default)]
pub struct SearchPlan<'a> {
    /// Operations that certainly took effect, each chain in its order.
    pub chains: Vec<Vec<SearchItem<'a>>>,
    /// Maybe-applied operations; those of one class are equal and in the order of `from`.
    pub classes: Vec<Vec<SearchItem<'a>>>,
    /// For each key, where its reads sit and where what each saw sits (none: the start). Empty
    /// where sources are not certain.
    seen: Vec<Vec<(ChainPlace, Option<ChainPlace>)>>,
    /// The keys an operation writes, by its place.
    writes: SortedMap<ChainPlace, Vec<u32>>,
}

/// A chain and a position on it.
type ChainPlace = (u32, u32);

impl<'a> SearchPlan<'a> {
    /// The real-time order: what returned before another was invoked comes before it.
    pub fn real_time(ops: &[&'a HistoryOp]) -> SearchPlan<'a> {
        let mut plan = SearchPlan::default();
        let mut sorted: Vec<&HistoryOp> = ops.iter().copied().filter(|op| op.completed()).collect();
        sorted.sort_by_key(|op| (op.invoke, op.id));
        let mut free: SortedSet<(u64, usize)> = SortedSet::new();
        for op in sorted {
            let item = SearchItem {
                op,
                from: op.invoke,
                until: op.ret.unwrap_or(NEVER),
                need: vec![],
                rank: 0,
            };
            // The chain that fell free last, so that few chains are long rather than many.
            let last = free.range(..(item.from, 0)).next_back().copied();
            let chain = match last {
                Some(at) => {
                    free.remove(&at);
                    at.1
                }
                None => {
                    plan.chains.push(Vec::new());
                    plan.chains.len() - 1
                }
            };
            free.insert((item.until, chain));
            plan.chains[chain].push(item);
        }
        let mut classes: SortedMap<(F, &[OpValue]), Vec<SearchItem<'a>>> = SortedMap::new();
        for op in ops.iter().copied().filter(|op| op.maybe() && !op.f.reads_only()) {
            let item = SearchItem { op, from: op.invoke, until: NEVER, need: vec![], rank: NEVER };
            classes.entry((op.f, &op.args)).or_default().push(item);
        }
        for class in classes.values_mut() {
            class.sort_by_key(|item| (item.from, item.op.id));
        }
        plan.classes = classes.into_values().collect();
        plan
    }
}

/// How far a search has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchProgress {
    /// An order exists; ids in that order.
    Found(Vec<u32>),
    /// No order exists.
    None,
    /// Call again.
    More,
    /// The memory bound was reached.
    Full,
}

struct SearchFrame {
    /// Length of the order once this configuration was reached.
    done: usize,
    /// The model's state there.
    state: u32,
    /// Where its choices start in `choices`, and the next to try.
    first: usize,
    next: usize,
}

/// A search that can be run in slices.
pub struct HistorySearch<'a> {
    model: &'a ObjectModel,
    plan: SearchPlan<'a>,
    width: usize,
    left: usize,
    /// Positions on chains, then in classes.
    at: Vec<u32>,
    /// Slots (chain or class) in the order their operations were placed.
    order: Vec<u32>,
    /// The order that explained the most certain operations, and how many it left.
    best: (usize, Vec<u32>),
    frames: Vec<SearchFrame>,
    choices: Vec<(u32, u32)>,
    visited: Visited,
    states: States,
    kinds: Vec<Vec<u32>>,
    /// For each read of a text (slot, position): the overwrites that can still come before it.
    overwrites: SortedMap<(usize, u32), Vec<(usize, u32)>>,
    started: bool,
}

impl<'a> SearchPlan<'a> {
    /// Makes every operation wait for those before it in a closed `order` of events; `places`
    /// has the chain and position of each event. Nothing may overwrite what is still to be read.
    pub fn keep(
        &mut self,
        order: &BitRelation,
        places: &[Option<ChainPlace>],
        keys: &[KeyAccesses],
    ) {
        self.wait(order, places);
        for (k, key) in keys.iter().enumerate() {
            let reads = key.reads.iter().filter_map(|&(r, w)| {
                let source = if w == INIT { None } else { Some(places[w]?) };
                Some((places[r]?, source))
            });
            self.seen.push(reads.collect());
            for place in key.writers.iter().filter_map(|&w| places[w]) {
                self.writes.entry(place).or_default().push(k as u32);
            }
        }
    }

    /// Makes every certain operation wait for the certain ones before it in a closed `order`.
    pub fn wait(&mut self, order: &BitRelation, places: &[Option<ChainPlace>]) {
        for (b, place) in places.iter().enumerate() {
            let &Some((chain, at)) = place else { continue };
            let mut need: SortedMap<u32, u32> = SortedMap::new();
            let mut rank = 0;
            for (c, n) in order.before(b).filter_map(|a| places[a]) {
                rank += 1;
                let most = need.entry(c).or_default();
                *most = (*most).max(n + 1);
            }
            need.remove(&chain);
            let item = &mut self.chains[chain as usize][at as usize];
            item.need.extend(need);
            item.rank = rank;
        }
    }
}

impl<'a> HistorySearch<'a> {
    /// Starts a search for an order of `plan` that `model` allows.
    pub fn new(model: &'a ObjectModel, plan: SearchPlan<'a>) -> HistorySearch<'a> {
        let width = plan.chains.len();
        let slots = width + plan.classes.len();
        type Asked<'x> = (Option<&'x str>, F, &'x [OpValue], Option<&'x OpValue>);
        let mut kinds: SortedMap<Asked, u32> = SortedMap::new();
        let mut of = Vec::with_capacity(slots);
        for chain in plan.chains.iter().chain(&plan.classes) {
            let mut row = Vec::with_capacity(chain.len());
            for item in chain {
                let n = kinds.len() as u32;
                let op = item.op;
                let asked = (op.key.as_deref(), op.f, op.args.as_slice(), op.answer());
                row.push(*kinds.entry(asked).or_insert(n));
            }
            of.push(row);
        }
        let items = plan.chains.iter().chain(&plan.classes).flatten();
        let states = States::new(model, items.map(|i| i.op));
        let left = plan.chains.iter().map(Vec::len).sum();
        let overwrites = overwrites(&plan);
        HistorySearch {
            model,
            width,
            left,
            at: vec![0; slots],
            order: Vec::new(),
            best: (left, Vec::new()),
            frames: Vec::new(),
            choices: Vec::new(),
            visited: Visited::new(width, slots - width),
            states,
            kinds: of,
            overwrites,
            plan,
            started: false,
        }
    }

    /// Goes on for at most `steps` configurations.
    pub fn run(&mut self, steps: u64) -> SearchProgress {
        if !self.started {
            self.started = true;
            if self.enter(0, None) {
                return SearchProgress::Found(self.ids(&self.order));
            }
        }
        for _ in 0..steps {
            let Some(frame) = self.frames.last_mut() else { return SearchProgress::None };
            let (done, next, before) = (frame.done, frame.next, frame.state);
            if next == self.choices.len() {
                self.choices.truncate(frame.first);
                self.frames.pop();
                let before = self.frames.last().map_or(0, |f| f.done);
                self.undo(before);
                continue;
            }
            frame.next += 1;
            self.undo(done);
            let (slot, state) = self.choices[next];
            self.place(slot);
            let place = (slot, self.at[slot as usize] - 1);
            let maybe = (slot as usize >= self.width).then_some((place, before));
            if self.enter(state, maybe) {
                return SearchProgress::Found(self.ids(&self.order));
            }
            if self.visited.words() > MEMORY {
                return SearchProgress::Full;
            }
        }
        if self.frames.is_empty() { SearchProgress::None } else { SearchProgress::More }
    }

    /// The longest beginning of an order that was found to explain what it holds.
    pub fn longest(&self) -> Vec<u32> {
        let best = if self.left < self.best.0 { &self.order } else { &self.best.1 };
        self.ids(best)
    }

    /// Arrives at a configuration; true when nothing certain is left to place. `maybe` is the
    /// maybe-applied operation that was placed last, if one was, and the state before it.
    fn enter(&mut self, state: u32, maybe: Option<(ChainPlace, u32)>) -> bool {
        let placed = self.order.len();
        self.place_idle(state);
        if self.left == 0 {
            return true;
        }
        // What was refused before has its place now.
        let maybe = maybe.filter(|_| self.order.len() == placed);
        let new = |s: &mut Self| maybe.is_some() || s.visited.insert(state, &s.at);
        if !self.doomed(state) && new(self) {
            let first = self.choices.len();
            self.gather(state, maybe);
            self.frames.push(SearchFrame { done: self.order.len(), state, first, next: first });
        } else {
            let before = self.frames.last().map_or(0, |f| f.done);
            self.undo(before);
        }
        false
    }

    /// Whether some read whose turn it is can never come true: a text only grows until it is
    /// overwritten, so it has to start what the read answers.
    fn doomed(&self, state: u32) -> bool {
        if self.overwrites.is_empty() || self.states.keyed {
            return false;
        }
        let now = match &self.states.all[state as usize] {
            OpValue::Str(s) => Some(s.as_str()),
            _ => None,
        };
        let bound = self.bound();
        (0..self.width).any(|slot| {
            let Some(item) = self.head(slot).filter(|i| i.from <= bound) else { return false };
            let (F::Get, Some(OpValue::Str(answer))) = (item.op.f, item.op.answer()) else {
                return false;
            };
            let dead = !now.is_some_and(|s| answer.starts_with(s));
            let rescue = self.overwrites.get(&(slot, self.at[slot]));
            dead && rescue.is_none_or(|all| all.iter().all(|&(s, i)| self.at[s] > i))
        })
    }

    /// Places every enabled certain operation that can never change the state: placing it now is
    /// never worse than later.
    fn place_idle(&mut self, state: u32) {
        loop {
            let bound = self.bound();
            let mut moved = false;
            for slot in 0..self.width {
                while self.idle(slot)
                    && self.enabled(slot, bound)
                    && self.after(state, slot) != REFUSED
                {
                    self.place(slot as u32);
                    moved = true;
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// The earliest return among the certain operations not yet placed.
    fn bound(&self) -> u64 {
        let heads = self.plan.chains.iter().zip(&self.at);
        heads.filter_map(|(c, &p)| c.get(p as usize)).map(|i| i.until).min().unwrap_or(NEVER)
    }

    fn head(&self, slot: usize) -> Option<&SearchItem<'a>> {
        self.row(slot).get(self.at[slot] as usize)
    }

    fn idle(&self, slot: usize) -> bool {
        self.head(slot).is_some_and(|item| item.op.idle())
    }

    fn enabled(&self, slot: usize, bound: u64) -> bool {
        self.head(slot).is_some_and(|item| {
            item.from <= bound && item.need.iter().all(|&(c, n)| self.at[c as usize] >= n)
        }) && !self.robs(slot)
    }

    /// Whether the next operation of `slot` overwrites what another still has to read.
    fn robs(&self, slot: usize) -> bool {
        let me = (slot as u32, self.at[slot]);
        let Some(keys) = self.plan.writes.get(&me) else { return false };
        let placed = |p: ChainPlace| self.at[p.0 as usize] > p.1;
        keys.iter()
            .flat_map(|&k| &self.plan.seen[k as usize])
            .any(|&(r, w)| r != me && !placed(r) && w != Some(me) && w.is_none_or(placed))
    }

    fn gather(&mut self, state: u32, maybe: Option<(ChainPlace, u32)>) {
        let bound = self.bound();
        let first = self.choices.len();
        let ready: Vec<usize> =
            (0..self.at.len()).filter(|&slot| self.enabled(slot, bound)).collect();
        for &slot in &ready {
            let after = self.after(state, slot);
            if after == REFUSED {
                continue;
            }
            let place = (slot as u32, self.at[slot]);
            // What led here has to matter to what comes next.
            let mut wanted = maybe.is_none_or(|(m, s)| self.matters(s, (m, state), place));
            if slot >= self.width && wanted {
                let others = ready.iter().filter(|o| **o != slot);
                let next: Vec<ChainPlace> = others.map(|&o| (o as u32, self.at[o])).collect();
                let again = (slot as u32, place.1 + 1);
                let again = self.row(slot).get(again.1 as usize).map(|_| again);
                wanted = after != state
                    && next
                        .into_iter()
                        .chain(again)
                        .any(|next| self.matters(state, (place, after), next));
            }
            if wanted {
                self.choices.push((slot as u32, after));
            }
        }
        let mut mine = self.choices.split_off(first);
        mine.sort_by_key(|&(slot, _)| self.head(slot as usize).map_or(NEVER, |i| i.rank));
        self.choices.append(&mut mine);
    }

    /// Whether `next`, right after the maybe-applied operation `maybe` that leads from `before` to
    /// `state`, needs it there. If not, that one is left out, or comes later: nothing waits for it.
    fn matters(
        &mut self,
        before: u32,
        (maybe, state): (ChainPlace, u32),
        next: ChainPlace,
    ) -> bool {
        let with = self.result(state, next);
        let without = self.result(before, next);
        if with == REFUSED || without == REFUSED || with == without {
            return with != REFUSED && without == REFUSED;
        }
        // Two maybe-applied ones that can change places are tried in one of the two orders.
        let later = next.0 as usize >= self.width && next.0 >= maybe.0;
        later || self.result(without, maybe) != with
    }

    /// The state that an operation leads to.
    fn result(&mut self, state: u32, (slot, at): ChainPlace) -> u32 {
        let kind = self.kinds[slot as usize][at as usize];
        if let Some(known) = self.states.memo.get(state, kind) {
            return known;
        }
        let op = self.row(slot as usize)[at as usize].op;
        let next = self.states.step(self.model, state, op);
        self.states.memo.put(state, kind, next);
        next
    }

    fn after(&mut self, state: u32, slot: usize) -> u32 {
        self.result(state, (slot as u32, self.at[slot]))
    }

    /// The operations of a slot.
    fn row(&self, slot: usize) -> &[SearchItem<'a>] {
        match slot.checked_sub(self.width) {
            None => &self.plan.chains[slot],
            Some(class) => &self.plan.classes[class],
        }
    }

    fn place(&mut self, slot: u32) {
        self.at[slot as usize] += 1;
        self.order.push(slot);
        self.left -= usize::from((slot as usize) < self.width);
    }

    fn undo(&mut self, done: usize) {
        if self.left < self.best.0 && self.order.len() > done {
            self.best = (self.left, self.order.clone());
        }
        while self.order.len() > done {
            let Some(slot) = self.order.pop() else { return };
            self.at[slot as usize] -= 1;
            self.left += usize::from((slot as usize) < self.width);
        }
    }

    /// Ids of the operations at these places, in order.
    fn ids(&self, order: &[u32]) -> Vec<u32> {
        let mut at = vec![0usize; self.at.len()];
        let mut ids = Vec::with_capacity(order.len());
        for &slot in order {
            let slot = slot as usize;
            ids.push(self.row(slot)[at[slot]].op.id);
            at[slot] += 1;
        }
        ids
    }
}

/// For each read of a text, the overwrites that are not certainly before or after it.
fn overwrites(plan: &SearchPlan) -> SortedMap<(usize, u32), Vec<(usize, u32)>> {
    let mut puts = Vec::new();
    let mut gets = Vec::new();
    for (slot, chain) in plan.chains.iter().chain(&plan.classes).enumerate() {
        for (i, item) in chain.iter().enumerate() {
            match item.op.f {
                F::Put => puts.push((item.from, item.until, slot, i as u32)),
                F::Get => gets.push((item.from, item.until, slot, i as u32)),
                _ => {}
            }
        }
    }
    puts.sort_unstable();
    let mut all = SortedMap::new();
    for (from, until, slot, i) in gets {
        let end = puts.partition_point(|p| p.0 <= until);
        let near = puts[..end].iter().filter(|p| p.1 >= from).map(|p| (p.2, p.3));
        all.insert((slot, i), near.collect());
    }
    all
}

//! Where keys live: the hash ring with its servers' points and keys at their true places, what is
//! moving, how even it is, and what other rules make of the same members.

mod rivals;

use super::geometry::{Bounded, PX, Point, TURN, Track};
use super::text::fit;
use super::{Anchor, Drawing, Item, Size, Target, Typeface};
use crate::core::ids::NodeId;
use crate::core::sorted::SortedMap;
use crate::core::view::{KeyView, NodeView, RingView, RuleView, WorldView};
use std::cell::RefCell;
use std::sync::Arc;

/// The width and height that the picture is drawn for, in pixels.
const BASE: (i32, i32) = (340, 400);
/// Hundredths of its height from which a picture is wide.
const WIDE: i32 = 105;
/// More points than this are sampled: the circle has no more places to see.
const SECTORS: usize = 1_440;
/// More keys than this share a path a holder.
const SINGLE: usize = 300;
/// More keys than this are drawn as how many there are in each part of the circle,
const CROWD: usize = 1_000;
/// of so many parts.
const PARTS: usize = 240;
/// More members than this get a bar without a name.
const NAMED: usize = 8;

/// Points, selection and size, and the arcs made of them.
type Arcs = (Arc<Vec<(u32, NodeId)>>, Option<NodeId>, Size, Vec<Item>);

/// Keys and who holds them, selection and size, and what was drawn of them.
type Density = (Arc<Vec<KeyView>>, Arc<Vec<Option<NodeId>>>, Option<NodeId>, Size, Vec<Item>);

/// The rules, the one in use, size and members; what was drawn and is said of them.
type Rivals = (Arc<Vec<RuleView>>, &'static str, Size, usize, (Vec<Item>, String));

thread_local! {
    static RIVALS: RefCell<Option<Rivals>> = const { RefCell::new(None) };
    static ARCS: RefCell<Option<Arcs>> = const { RefCell::new(None) };
    static DENSITY: RefCell<Option<Density>> = const { RefCell::new(None) };
}

/// The height the picture needs at its base width, in tenths of a pixel.
pub fn height() -> i32 {
    BASE.1 * PX
}

/// The picture; empty where a scene has no such thing.
pub fn scene(view: &WorldView, selected: Option<NodeId>, size: Size) -> Drawing {
    let mut scene = Drawing::new(size, "Where keys live");
    let Some(ring) = &view.ring else { return scene };
    let plan = RingPlan::new(view, ring, selected, size);
    let away: u32 = ring.moves.iter().map(|m| m.keys).sum();
    let (rules, said) = plan.compared();
    scene.desc = format!(
        "{} keys on {} members by {}; {away} still to move. {}",
        ring.keys.len(),
        ring.members.len(),
        ring.rule,
        said
    );
    let out = &mut scene.items;
    plan.header(out);
    plan.owners(out);
    plan.coming(out);
    plan.names(out);
    plan.keys(out);
    plan.middle(away, out);
    plan.loads(out);
    out.extend(rules);
    scene
}

/// The circle alone, for small pictures.
pub fn circle(view: &WorldView, size: Size) -> Drawing {
    let mut scene = Drawing::new(size, "Where keys live");
    let Some(ring) = &view.ring else { return scene };
    let mut plan = RingPlan::new(view, ring, None, size);
    plan.scale = 100 * PX;
    plan.radius = size.w.min(size.h) / 2 - plan.px(18);
    plan.centre = Point::new(size.w / 2, size.h / 2);
    plan.owners(&mut scene.items);
    plan.coming(&mut scene.items);
    plan.keys(&mut scene.items);
    scene
}

struct RingPlan<'a> {
    view: &'a WorldView,
    ring: &'a RingView,
    selected: Option<NodeId>,
    size: Size,
    scale: i32,
    centre: Point,
    radius: i32,
    /// Left, top and width of the servers' loads, and of the other rules.
    loads_at: (i32, i32, i32),
    rivals_at: (i32, i32, i32),
}

fn angle(at: u32) -> i32 {
    ((u64::from(at) * TURN as u64) >> 32) as i32
}

impl<'a> RingPlan<'a> {
    fn new(view: &'a WorldView, ring: &'a RingView, selected: Option<NodeId>, size: Size) -> Self {
        if size.w * 100 > size.h * WIDE {
            return RingPlan::wide(view, ring, selected, size);
        }
        let scale = (size.w * 100 / BASE.0).min(size.h * 100 / BASE.1).bounded(600, 2_000);
        let px = |n: i32| n * scale / 100;
        let (radius, centre) = (px(106), Point::new(size.w / 2, px(136)));
        let (top, split) = (px(262), size.w * 52 / 100);
        RingPlan {
            view,
            ring,
            selected,
            size,
            scale,
            centre,
            radius,
            loads_at: (0, top, size.w * 46 / 100),
            rivals_at: (split, top, size.w - split),
        }
    }

    /// The circle on the left, as large as it can be; beside it what is counted.
    fn wide(view: &'a WorldView, ring: &'a RingView, selected: Option<NodeId>, size: Size) -> Self {
        let scale = (size.w * 100 / 560).min(size.h * 100 / 300).bounded(600, 2_600);
        let px = |n: i32| n * scale / 100;
        let side = (size.h * 108 / 100).min(size.w * 62 / 100);
        let radius = (side / 2 - px(34)).min((size.h - px(20)) / 2 - px(26));
        let centre = Point::new(side / 2, size.h / 2 + px(8));
        let (x, w) = (side + px(4), size.w - side - px(4));
        let rows = ring.members.len().min(NAMED) as i32;
        let high = px(20) + px(17) * rows;
        let top = (size.h / 2 - high).max(px(34));
        RingPlan {
            view,
            ring,
            selected,
            size,
            scale,
            centre,
            radius,
            loads_at: (x, top, w),
            rivals_at: (x, top + high + px(26), w),
        }
    }

    fn px(&self, n: i32) -> i32 {
        n * self.scale / 100
    }

    fn node(&self, n: NodeId) -> Option<&NodeView> {
        self.view.nodes.get(n.at())
    }

    fn name(&self, n: NodeId) -> &str {
        self.node(n).map_or("?", |v| &v.name)
    }

    /// The hue of a server: on the ring, in the bars, on the stage.
    fn hue(&self, n: NodeId, of: &str) -> String {
        let dim = if self.selected.is_some_and(|s| s != n) { " dim" } else { "" };
        format!("{of} epoch-{}{dim}", n.0 % 8)
    }

    fn place(&self, at: u32, r: i32) -> Point {
        self.centre.plus(Point::polar(angle(at), r))
    }

    fn text(
        &self,
        class: &'static str,
        at: Point,
        how: (Typeface, i32, Anchor),
        words: String,
    ) -> Item {
        Item::text(class, at, (how.0, self.px(how.1), how.2), words)
    }

    fn header(&self, out: &mut Vec<Item>) {
        let y = self.px(12);
        let each = self.ring.points.len() / self.ring.members.len().max(1);
        let hint = match self.ring.points.is_empty() {
            true => format!("by {}: no ring", self.ring.rule),
            false => format!("{}, {each} points a server", self.ring.rule),
        };
        let (left, right) = (Point::new(0, y), Point::new(self.size.w - PX, y));
        let strong = (Typeface::SansStrong, 13, Anchor::Start);
        out.push(self.text("", left, strong, "Where keys live".into()));
        out.push(self.text("soft", right, (Typeface::Sans, 11, Anchor::End), hint));
    }

    /// The arcs, a path an owner, and a tick a point. They are made anew when points, size or
    /// selection are others.
    fn owners(&self, out: &mut Vec<Item>) {
        if self.ring.points.is_empty() {
            let circle = Item::circle("ring-line", self.centre, self.radius);
            return out.push(circle.key("ring"));
        }
        let known = ARCS.with_borrow(|arcs| {
            let arcs = arcs.as_ref()?;
            let same = Arc::ptr_eq(&arcs.0, &self.ring.points);
            (same && arcs.1 == self.selected && arcs.2 == self.size).then(|| arcs.3.clone())
        });
        out.extend(known.unwrap_or_else(|| {
            let made = self.arcs();
            let key = (self.ring.points.clone(), self.selected, self.size, made.clone());
            ARCS.set(Some(key));
            made
        }));
    }

    fn arcs(&self) -> Vec<Item> {
        let (outer, inner) = (self.radius, self.radius - self.px(15));
        let mut arcs: SortedMap<NodeId, Track> = SortedMap::new();
        let mut ticks: SortedMap<NodeId, Track> = SortedMap::new();
        for (from, to, owner) in self.sectors() {
            let track = arcs.entry(owner).or_default();
            let turn = (to - from).rem_euclid(TURN);
            let turn = if turn == 0 { TURN - 1 } else { turn };
            let p = |a: i32, r: i32| self.centre.plus(Point::polar(a, r));
            let long = turn > TURN / 2;
            track.to(p(from, outer)).arc(outer, long, p(from + turn, outer));
            track.line(p(from + turn, inner)).arc_back(inner, long, p(from, inner)).close();
        }
        if self.ring.points.len() <= SECTORS {
            for (at, owner) in self.ring.points.iter() {
                let far = self.place(*at, outer + self.px(5));
                ticks.entry(*owner).or_default().to(self.place(*at, outer)).line(far);
            }
        }
        let shares = self.shares();
        let one = |(owner, track): (NodeId, Track)| {
            let mut parts = vec![Item::path("body", track)];
            parts.extend(ticks.remove(&owner).map(|t| Item::path("inner", t)));
            let share = shares.get(&owner).map_or(0, |all| (all * 1_000 + (1 << 31)) >> 32);
            let words =
                format!("{}: {}.{} % of the ring", self.name(owner), share / 10, share % 10);
            Item::group(self.hue(owner, "arc"), Point::default(), parts)
                .key(format!("arc-{}", owner.0))
                .title(words)
                .target(Target::Node(owner))
        };
        arcs.into_iter().map(one).collect()
    }

    /// The owners' names on arcs that have room for them, away from what is selected.
    fn names(&self, out: &mut Vec<Item>) {
        if self.ring.points.len() > SECTORS || self.radius < self.px(90) {
            return;
        }
        let size = 10;
        for (from, to, owner) in self.sectors() {
            let turn = (to - from).rem_euclid(TURN);
            let long = i64::from(turn) * i64::from(self.radius) * 6 / i64::from(TURN);
            if long < i64::from(self.px(26)) {
                continue;
            }
            let at = self.centre.plus(Point::polar(from + turn / 2, self.radius - self.px(7)));
            let at = at.plus(Point::new(0, self.px(4)));
            let style = (Typeface::MonoStrong, size, Anchor::Middle);
            let name = self.text("halo", at, style, self.name(owner).into());
            out.push(name.key(format!("arc-name-{from}")));
        }
    }

    /// The arcs whose keys are still to come, outside of the ring, in their new owner's hue, each
    /// with how many it waits for.
    fn coming(&self, out: &mut Vec<Item>) {
        if self.ring.points.len() > SECTORS || self.ring.keys.len() > CROWD {
            return;
        }
        let away: Vec<&KeyView> =
            self.all().filter(|(k, holder)| *holder != Some(k.owner)).map(|(k, _)| k).collect();
        let (low, high) = (self.radius + self.px(6), self.radius + self.px(17));
        let mut tracks: SortedMap<NodeId, Track> = SortedMap::new();
        for (from, to, owner) in self.sectors() {
            let turn = (to - from).rem_euclid(TURN);
            let inside =
                |k: &&&KeyView| k.owner == owner && (angle(k.at) - from).rem_euclid(TURN) <= turn;
            let waits = away.iter().filter(inside).count();
            if waits == 0 {
                continue;
            }
            let p = |a: i32, r: i32| self.centre.plus(Point::polar(a, r));
            let track = tracks.entry(owner).or_default();
            track.to(p(from, high)).arc(high, turn > TURN / 2, p(from + turn, high));
            track.line(p(from + turn, low)).arc_back(low, turn > TURN / 2, p(from, low)).close();
            let at = p(from + turn / 2, high + self.px(9)).plus(Point::new(0, self.px(4)));
            let style = (Typeface::MonoStrong, 10, Anchor::Middle);
            out.push(self.text("", at, style, waits.to_string()).key(format!("coming-{from}")));
        }
        for (owner, track) in tracks {
            let parts = vec![Item::path("body", track)];
            out.push(
                Item::group(self.hue(owner, "arc comes"), Point::default(), parts)
                    .key(format!("comes-{}", owner.0))
                    .title(format!("keys that {} waits for", self.name(owner))),
            );
        }
    }

    /// The parts of the ring that each server's points own, of 2^32.
    fn shares(&self) -> SortedMap<NodeId, u64> {
        let points = &self.ring.points;
        let mut before = points.last().map_or(0, |p| p.0);
        let mut all = SortedMap::new();
        for (at, node) in points.iter() {
            let arc = u64::from(at.wrapping_sub(before));
            *all.entry(*node).or_default() += if points.len() == 1 { 1 << 32 } else { arc };
            before = *at;
        }
        all
    }

    /// From, to and owner of the arcs; neighbours of one owner are one.
    fn sectors(&self) -> Vec<(i32, i32, NodeId)> {
        let points = &self.ring.points;
        let mut out: Vec<(i32, i32, NodeId)> = Vec::new();
        let mut add = |from: i32, to: i32, owner: NodeId| match out.last_mut() {
            Some(last) if last.2 == owner && last.1 == from => last.1 = to,
            _ => out.push((from, to, owner)),
        };
        if points.len() <= SECTORS {
            let mut from = points.last().map_or(0, |p| angle(p.0));
            for (at, owner) in points.iter() {
                let to = angle(*at);
                if to != from || points.len() == 1 {
                    add(from, to, *owner);
                }
                from = to;
            }
            return out;
        }
        let step = TURN / SECTORS as i32 * 2;
        for i in 0..TURN / step {
            let middle = ((i * step + step / 2) as u64) << 32;
            let at = (middle / TURN as u64) as u32;
            let next = points.partition_point(|p| p.0 < at) % points.len();
            add(i * step, (i + 1) * step, points[next].1);
        }
        out
    }

    /// The keys with who serves them.
    fn all(&self) -> impl Iterator<Item = (&'a KeyView, Option<NodeId>)> + use<'a> {
        self.ring.keys.iter().zip(self.ring.holders.iter().copied())
    }

    /// Keys on their way, as chords between the middles of what they leave and where they go.
    fn ways(&self, out: &mut Vec<Item>) {
        let inner = self.radius - self.px(34);
        let mut track = Track::new();
        for (key, _) in self.all().filter(|(k, h)| *h != Some(k.owner)) {
            track.to(self.place(key.at, inner)).line(self.place(key.at, self.radius));
        }
        if !track.0.is_empty() {
            out.push(Item::path("ring-way", track).key("ways"));
        }
    }

    fn keys(&self, out: &mut Vec<Item>) {
        let r = self.radius - self.px(24);
        match self.ring.keys.len() {
            0..=SINGLE => {}
            n if n <= CROWD => {
                self.ways(out);
                return self.crowd(r, out);
            }
            _ => return self.density(out),
        }
        self.ways(out);
        for (i, (key, holder)) in self.all().enumerate() {
            let there = holder == Some(key.owner);
            let at = self.place(key.at, if there { r } else { r - self.px(10) });
            let class = match holder {
                Some(holder) => self.hue(holder, "ring-key"),
                None => "ring-key away".into(),
            };
            let parts = vec![Item::circle("body", Point::default(), self.px(3))];
            let words = self.describe(i, key, holder);
            out.push(Item::group(class, at, parts).key(format!("key-{i}")).title(words));
        }
    }

    fn describe(&self, i: usize, key: &KeyView, holder: Option<NodeId>) -> String {
        let name = crate::core::protocol::key_name(i as u32);
        let copies: Vec<&str> = key.copies.iter().map(|n| self.name(*n)).collect();
        let copies = if copies.is_empty() {
            String::new()
        } else {
            format!(", copies on {}", copies.join(" and "))
        };
        match holder {
            Some(h) if h == key.owner => format!("{name}: on {}{copies}", self.name(h)),
            Some(h) => format!("{name}: on {}, goes to {}", self.name(h), self.name(key.owner)),
            None => format!("{name}: on its way to {}", self.name(key.owner)),
        }
    }

    /// A path a holder, drawn with round ends.
    fn crowd(&self, r: i32, out: &mut Vec<Item>) {
        let mut paths: SortedMap<Option<NodeId>, Track> = SortedMap::new();
        for (key, holder) in self.all() {
            let there = holder == Some(key.owner);
            let p = self.place(key.at, if there { r } else { r - self.px(10) });
            paths.entry(holder).or_default().to(p).line(p);
        }
        for (holder, track) in paths {
            let (class, key) = match holder {
                Some(n) => (self.hue(n, "ring-keys"), n.0.to_string()),
                None => ("ring-keys away".into(), "away".into()),
            };
            let parts = vec![Item::path("inner", track)];
            out.push(Item::group(class, Point::default(), parts).key(format!("keys-{key}")));
        }
    }

    /// How many keys there are in each part of the circle, inwards; those on their way in ink; those
    /// of the selected server in its hue.
    fn density(&self, out: &mut Vec<Item>) {
        let (keys, holders) = (&self.ring.keys, &self.ring.holders);
        let known = DENSITY.with_borrow(|d| {
            let d = d.as_ref().filter(|d| Arc::ptr_eq(&d.0, keys) && Arc::ptr_eq(&d.1, holders))?;
            (d.2 == self.selected && d.3 == self.size).then(|| d.4.clone())
        });
        out.extend(known.unwrap_or_else(|| {
            let made = self.parts(&self.counts());
            let of = (keys.clone(), holders.clone());
            DENSITY.set(Some((of.0, of.1, self.selected, self.size, made.clone())));
            made
        }));
    }

    /// In each part of the circle: all keys, those on their way, those of the selected server.
    fn counts(&self) -> [[u32; 3]; PARTS] {
        let mut counts = [[0u32; 3]; PARTS];
        for (key, holder) in self.all() {
            let part = &mut counts[((u64::from(key.at) * PARTS as u64) >> 32) as usize];
            part[0] += 1;
            part[1] += u32::from(holder != Some(key.owner));
            part[2] += u32::from(holder.is_some() && holder == self.selected);
        }
        counts
    }

    fn parts(&self, counts: &[[u32; 3]; PARTS]) -> Vec<Item> {
        let most = counts.iter().map(|c| c[0]).max().unwrap_or(0).max(1);
        let base = self.radius - self.px(18);
        let track = |which: usize| {
            let mut track = Track::new();
            for (part, c) in counts.iter().enumerate().filter(|(_, c)| c[which] > 0) {
                let [a, b] = [part, part + 1].map(|p| (p * TURN as usize / PARTS) as i32);
                let deep = base - self.px(14) * c[which] as i32 / most as i32;
                let p = |a: i32, r: i32| self.centre.plus(Point::polar(a, r));
                track.to(p(a, base)).line(p(b, base)).line(p(b, deep)).line(p(a, deep)).close();
            }
            track
        };
        let words = format!(
            "{} keys, inwards: {most} in the fullest of {PARTS} equal parts of the ring",
            self.ring.keys.len()
        );
        let mut out = vec![
            Item::path("rule-bar", track(0)).key("keys-all").title(words),
            Item::path("rule-bar mine", track(1)).key("keys-away"),
        ];
        if let Some(n) = self.selected {
            let parts = vec![Item::path("body", track(2))];
            let group = Item::group(self.hue(n, "arc"), Point::default(), parts);
            out.push(group.key("keys-selected"));
        }
        out
    }

    /// In the middle: how much is under way, and the largest of the moves.
    fn middle(&self, away: u32, out: &mut Vec<Item>) {
        let line = |i: i32| self.centre.plus(Point::new(0, self.px(i)));
        let (number, below) = match away {
            0 => (self.ring.keys.len().to_string(), "keys, all in place"),
            n => (n.to_string(), "keys still to move"),
        };
        let strong = (Typeface::MonoStrong, 22, Anchor::Middle);
        out.push(self.text("", line(-14), strong, number).key("ring-number"));
        let small = (Typeface::Sans, 11, Anchor::Middle);
        out.push(self.text("soft", line(2), small, below.into()).key("ring-words"));
        let mut moves: Vec<_> = self.ring.moves.iter().collect();
        moves.sort_by_key(|m| (std::cmp::Reverse(m.keys), m.from, m.to));
        let more = moves.len().saturating_sub(3);
        for (i, m) in moves.iter().take(3).enumerate() {
            let left = m.left.map_or(String::new(), |us| format!(", {} ms", us.div_ceil(1_000)));
            let words = format!(
                "{} \u{2192} {}: {} kB{left}",
                self.name(m.from),
                self.name(m.to),
                m.bytes / 1_000
            );
            let at = line(18 + 13 * i as i32);
            let mono = (Typeface::Mono, 10, Anchor::Middle);
            out.push(self.text("", at, mono, words).key(format!("move-{i}")));
        }
        if more > 0 {
            let words = format!("and {more} more");
            out.push(self.text("soft", line(57), small, words).key("move-more"));
        }
    }

    /// Keys of each member beside the mean.
    fn loads(&self, out: &mut Vec<Item>) {
        let mut held = vec![0usize; self.view.nodes.len()];
        for holder in self.ring.holders.iter().flatten() {
            held[holder.at()] += 1;
        }
        let loads: Vec<(NodeId, usize)> =
            self.ring.members.iter().map(|n| (*n, held[n.at()])).collect();
        let most = loads.iter().map(|l| l.1).max().unwrap_or(0);
        let n = loads.len().max(1);
        let keys = self.ring.keys.len();
        let busiest = self.ring.asked.iter().max().copied().unwrap_or(0);
        let (x0, top, w) = self.loads_at;
        let ratio = (most * n * 100 + keys / 2) / keys.max(1);
        let words = format!("Keys, fullest {}.{:02} \u{d7} mean", ratio / 100, ratio % 100);
        let style = (Typeface::SansStrong, 11, Anchor::Start);
        let words = fit(&words, Typeface::SansStrong, self.px(11), w);
        out.push(self.text("", Point::new(x0, top), style, words).key("load-title"));
        let named = if n <= NAMED { self.px(26) } else { 0 };
        let (left, right) = (x0 + named, x0 + w - self.px(22));
        let room = self.px(118);
        let across = |v: usize| (right - left) * v as i32 / most.max(1) as i32;
        let pitch = (room / n as i32).min(self.px(17));
        for (i, (node, load)) in loads.iter().enumerate() {
            let y = top + self.px(10) + pitch * i as i32;
            let h = (pitch * 7 / 10).max(PX);
            let bar = Item::rect("body", (left, y, across(*load).max(PX), h), 0);
            let mut parts = vec![bar];
            let asked = self.ring.asked.get(i).copied().unwrap_or(0);
            if busiest > 0 {
                let long = (i64::from(right - left) * i64::from(asked) / i64::from(busiest)) as i32;
                let thin = (pitch * 2 / 10).max(PX);
                parts.push(Item::rect("rule-bar", (left, y + h, long.max(PX), thin), 0));
            }
            if n <= NAMED {
                let base = y + h / 2 + self.px(4);
                let name = fit(self.name(*node), Typeface::Mono, self.px(11), named);
                let mono = |anchor| (Typeface::Mono, 11, anchor);
                parts.push(self.text("", Point::new(x0, base), mono(Anchor::Start), name));
                let at = Point::new(left + across(*load) + self.px(4), base);
                parts.push(self.text("soft", at, mono(Anchor::Start), load.to_string()));
            }
            out.push(
                Item::group(self.hue(*node, "load"), Point::default(), parts)
                    .key(format!("load-{}", node.0))
                    .title(match busiest {
                        0 => format!("{}: {load} keys", self.name(*node)),
                        _ => format!(
                            "{}: {load} keys, {asked} requests carried out",
                            self.name(*node)
                        ),
                    })
                    .target(Target::Node(*node)),
            );
        }
        if most > 0 {
            let x = left + (right - left) * keys as i32 / (n * most) as i32;
            let (a, b) = (top + self.px(7), top + self.px(10) + pitch * n as i32);
            out.push(
                Item::line("mean", Point::new(x, a), Point::new(x, b))
                    .key("mean")
                    .title(format!("the mean: {} of {keys} keys", keys / n)),
            );
        }
    }
}

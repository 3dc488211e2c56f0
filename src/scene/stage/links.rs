//! Links between nodes, what is wrong with them, and the wall between two groups.

use super::Stage;
use crate::core::ids::{NodeId, NodeSet};
use crate::core::sorted::{SortedMap, SortedSet};
use crate::core::view::{LinkView, NodeShape};
use crate::scene::geometry::{Bounded, ONE, Point, TURN, Track, sin};
use crate::scene::place::{Grade, Plan};
use crate::scene::text;
use crate::scene::{Anchor, Item, Target, Typeface};
use std::borrow::Cow;

/// The way of messages from one node to another: straight, or bent past nodes in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Start, at the sender's border.
    pub a: Point,
    /// The bend.
    pub bend: Option<Point>,
    /// End, at the receiver's border.
    pub b: Point,
}

impl Lane {
    /// The way from one node to another, `aside` to the right of the middle.
    pub fn new(stage: &Stage, plan: &Plan, from: NodeId, to: NodeId, aside: i32) -> Option<Lane> {
        let (p, q) = (*plan.at.get(from.at())?, *plan.at.get(to.at())?);
        let reach = |n: NodeId| plan.reach(stage.view.nodes[n.at()].shape);
        let side = q.minus(p).right().scaled(aside);
        if plan.bent && p.y == q.y && from.0.abs_diff(to.0) > 1 {
            // All bend upwards, names stand below; the way back lies a little lower.
            let rise = q.minus(p).length() * if q.x > p.x { 34 } else { 29 } / 100;
            let bend = p.middle(q).minus(Point::new(0, rise));
            let a = p.plus(bend.minus(p).scaled(reach(from)));
            let b = q.plus(bend.minus(q).scaled(reach(to)));
            return Some(Lane { a, bend: Some(bend.plus(side)), b });
        }
        let along = q.minus(p);
        let a = p.plus(along.scaled(reach(from))).plus(side);
        let b = q.minus(along.scaled(reach(to))).plus(side);
        Some(Lane { a, bend: None, b })
    }
    /// A share of the way.
    pub fn at(&self, share: i64) -> Point {
        match self.bend {
            None => self.a.towards(self.b, share),
            Some(c) => self.a.towards(c, share).towards(c.towards(self.b, share), share),
        }
    }
    /// The direction at the end.
    pub fn heading(&self) -> Point {
        self.b.minus(self.bend.unwrap_or(self.a))
    }
    /// The thin line behind a message that has come this far.
    pub fn trail(&self, class: impl Into<Cow<'static, str>>, share: i64) -> Item {
        match self.bend {
            None => Item::line(class, self.a, self.at(share)),
            Some(_) => Item::path(class, self.part(share)),
        }
    }
    /// The way as far as a share of it.
    pub fn part(&self, share: i64) -> Track {
        let mut t = Track::new();
        t.to(self.a);
        match self.bend {
            None => t.line(self.at(share)),
            Some(c) => t.curve(self.a.towards(c, share), self.at(share)),
        };
        t
    }
}

/// A straight line between two groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wall {
    /// One end.
    pub a: Point,
    /// The other.
    pub b: Point,
    /// What still passes one way: across the wall, in this direction.
    pub passes: Option<Point>,
}

/// The wall between two groups, if one straight line has room between them.
pub fn wall(stage: &Stage, plan: &Plan) -> Option<Wall> {
    let one_way = one_way(stage);
    let groups = match &one_way {
        Some(groups) => &groups[..],
        None => stage.view.groups.as_deref()?,
    };
    let is_server =
        |n: NodeId| stage.view.nodes.get(n.at()).is_some_and(|v| v.shape != NodeShape::Client);
    let everyone = |_: NodeId| true;
    // A client may stand behind a wall that its own links do not cross; then the wall is the servers'.
    let mut wall = divide(plan, groups, &everyone).or_else(|| divide(plan, groups, &is_server))?;
    if let Some([deaf, _]) = one_way.as_deref() {
        // What the first group sends is lost; what it is sent arrives.
        let middle = wall.a.middle(wall.b);
        let across = wall.b.minus(wall.a).right();
        let home = deaf.iter().filter_map(|n| plan.at.get(n.at())).next()?.minus(middle);
        let dot =
            |p: Point, q: Point| i64::from(p.x) * i64::from(q.x) + i64::from(p.y) * i64::from(q.y);
        let towards = dot(across, home) > 0;
        wall.passes = Some(if towards { across } else { Point::new(-across.x, -across.y) });
    }
    Some(wall)
}

/// The senders and the receivers, where each server of one group is cut off, one way, from each of
/// the other, and nothing else is cut.
pub fn one_way(stage: &Stage) -> Option<Vec<NodeSet>> {
    let view = stage.view;
    let is_server =
        |n: NodeId| view.nodes.get(n.at()).is_some_and(|v| v.shape != NodeShape::Client);
    let cuts = || view.links.iter().filter(|l| l.cut && is_server(l.from) && is_server(l.to));
    let (mut from, mut to) = (NodeSet::default(), NodeSet::default());
    for link in cuts() {
        from.insert(link.from);
        to.insert(link.to);
    }
    let servers = view.nodes.iter().filter(|n| n.shape != NodeShape::Client);
    let sides = servers.clone().all(|n| from.has(n.id) != to.has(n.id));
    let whole = (from.len() * to.len()) as usize == cuts().count();
    (!from.is_empty() && sides && whole && view.groups.is_none()).then(|| vec![from, to])
}

fn divide(plan: &Plan, groups: &[NodeSet], who: &dyn Fn(NodeId) -> bool) -> Option<Wall> {
    let n = plan.at.len();
    let members = |s: &NodeSet| -> Vec<Point> {
        s.iter().filter(|i| i.at() < n && who(*i)).map(|i| plan.at[i.at()]).collect()
    };
    let inside: Vec<Vec<Point>> = groups.iter().map(members).filter(|g| !g.is_empty()).collect();
    let [left, right] = inside.as_slice() else { return None };
    let shown = (0..n).filter(|i| who(NodeId(*i as u16))).count();
    if left.len() + right.len() != shown {
        return None;
    }
    let mut best: Option<(i64, i32, i64)> = None;
    for degrees in (0..360).step_by(2) {
        let angle = degrees * 10;
        let span = |g: &[Point]| {
            let all = g.iter().map(|p| project(*p, angle));
            (all.clone().min().unwrap_or(0), all.max().unwrap_or(0))
        };
        let (low, high) = (span(left).1, span(right).0);
        // Upright and level walls are easier on the eye than the last pixel of room.
        let bonus = if degrees % 90 == 0 { 80 } else { 0 };
        let gap = high - low;
        if best.is_none_or(|(g, _, _)| gap + bonus > g) {
            best = Some((gap + bonus, angle, (low + high) / 2));
        }
    }
    let (gap, angle, middle) = best?;
    let needed = i64::from(2 * plan.ring() + plan.of(14)).min(i64::from(plan.unit) * 3 / 2);
    if gap < needed {
        return None;
    }
    let along = angle + TURN / 4;
    let spans = inside.iter().flatten().map(|p| project(*p, along));
    let margin = i64::from(plan.ring());
    let (from, to) = (spans.clone().min()? - margin, spans.max()? + margin);
    let spot = |t: i64| {
        let (n, d) = (Point::polar(angle, 10_000), Point::polar(along, 10_000));
        let mix = |n: i32, d: i32| ((i64::from(n) * middle + i64::from(d) * t) / 10_000) as i32;
        let edge = plan.of(9);
        Point::new(
            mix(n.x, d.x).bounded(edge, plan.size.w - edge),
            mix(n.y, d.y).bounded(edge, plan.size.h - edge),
        )
    };
    Some(Wall { a: spot(from), b: spot(to), passes: None })
}

/// How far a point lies in a direction.
fn project(p: Point, angle: i32) -> i64 {
    (i64::from(p.x) * sin(angle) - i64::from(p.y) * sin(angle + TURN / 4)) / ONE
}

impl Wall {
    /// Its picture: a hatched band and a handle at each end.
    pub fn draw(&self, plan: &Plan, title: &str) -> Item {
        let (along, thick) = (self.b.minus(self.a), plan.of(6));
        let side = along.right().scaled(thick);
        let corners =
            [self.a.plus(side), self.b.plus(side), self.b.minus(side), self.a.minus(side)];
        let mut strokes = Track::new();
        let (length, step) = (along.length(), plan.of(9));
        let slant = along.scaled(thick);
        let mut d = 2 * thick;
        while d < length - 2 * thick {
            let c = self.a.plus(along.scaled(d));
            strokes.to(c.minus(slant).plus(side)).line(c.plus(slant).minus(side));
            d += step;
        }
        let mut parts = vec![
            Item::path("wall-band", Track::polygon(&corners)),
            Item::path("wall-hatch", strokes),
            Item::line("hit", self.a, self.b),
        ];
        for nth in 1..=3 {
            parts.extend(self.gate(plan, self.a.plus(along.scaled(length * nth / 4))));
        }
        let handle = |end: Point, n: u8| {
            Item::circle("handle", end, plan.of(5))
                .key(format!("handle-{n}"))
                .target(Target::Handle(n))
        };
        parts.extend([handle(self.a, 0), handle(self.b, 1)]);
        Item::group("wall", Point::default(), parts).key("wall").title(title).target(Target::Wall)
    }

    /// An opening with an arrow through it, where the wall lets one way pass.
    fn gate(&self, plan: &Plan, at: Point) -> Vec<Item> {
        let Some(way) = self.passes else { return Vec::new() };
        let (thick, half) = (plan.of(7), plan.of(8));
        let (along, way) = (self.b.minus(self.a), way.scaled(plan.of(12)));
        let (along, deep) = (along.scaled(half), along.right().scaled(thick));
        let corners = [
            at.plus(along).plus(deep),
            at.plus(along).minus(deep),
            at.minus(along).minus(deep),
            at.minus(along).plus(deep),
        ];
        let (tail, tip) = (at.minus(way), at.plus(way));
        let (back, wing) = (way.scaled(plan.of(5)), way.right().scaled(plan.of(4)));
        let mut arrow = Track::new();
        arrow.to(tail).line(tip);
        arrow.to(tip.minus(back).plus(wing)).line(tip).line(tip.minus(back).minus(wing));
        vec![Item::path("wall-gate", Track::polygon(&corners)), Item::path("pass-mark", arrow)]
    }
}

/// The state of the links between two nodes, both ways.
#[derive(Clone, Copy, Debug, Default)]
struct Pair<'a> {
    there: Option<&'a LinkView>,
    back: Option<&'a LinkView>,
}

impl Pair<'_> {
    fn cuts(&self) -> (bool, bool) {
        (self.there.is_some_and(|l| l.cut), self.back.is_some_and(|l| l.cut))
    }
    fn worst(&self, of: impl Fn(&LinkView) -> u32) -> u32 {
        self.there.map_or(0, &of).max(self.back.map_or(0, &of))
    }
}

/// All links: hairlines, dotted where cut, marked where no wall says so.
pub fn links(stage: &Stage, plan: &Plan, walled: bool) -> Vec<Item> {
    let view = stage.view;
    let server = |i: u16| view.nodes[usize::from(i)].shape != NodeShape::Client;
    let n = view.nodes.len() as u16;
    let mut out = Vec::new();
    let mut plain = Track::new();
    // Among a hundred servers there are five thousand pairs: each is looked up.
    let odd: SortedMap<(NodeId, NodeId), &LinkView> =
        view.links.iter().map(|l| ((l.from, l.to), l)).collect();
    let busy: SortedSet<(NodeId, NodeId)> =
        view.messages.iter().map(|m| (m.id.from.min(m.id.to), m.id.from.max(m.id.to))).collect();
    let all = |a: u16| (a + 1..n).map(move |b| (NodeId(a), NodeId(b)));
    let pairs: Vec<(NodeId, NodeId)> = match plan.grade {
        Grade::Dot => busy.iter().copied().collect(),
        _ => (0..n).flat_map(all).collect(),
    };
    for (from, to) in pairs {
        let find = |from, to| odd.get(&(from, to)).copied();
        let pair = Pair { there: find(from, to), back: find(to, from) };
        let odd = pair.there.is_some() || pair.back.is_some();
        let always = plan.grade != Grade::Dot && server(from.0) && server(to.0);
        if !always && !busy.contains(&(from, to)) {
            continue;
        }
        let Some(lane) = Lane::new(stage, plan, from, to, 0) else { continue };
        if plan.grade == Grade::Card || odd {
            out.push(link(stage, plan, &lane, (from, to), pair, walled));
        } else {
            plain.0.push_str(&lane.part(ONE).0);
        }
    }
    if !plain.0.is_empty() {
        out.insert(0, Item::path("link", plain).key("links"));
    }
    out
}

fn link(
    stage: &Stage,
    plan: &Plan,
    lane: &Lane,
    (a, b): (NodeId, NodeId),
    pair: Pair,
    walled: bool,
) -> Item {
    let (there, back) = pair.cuts();
    let (loss, delay) = (pair.worst(|l| l.loss), pair.worst(|l| l.delay));
    let class = match (there, back) {
        (true, true) => "link cut",
        (false, false) if loss > 0 => "link lossy",
        _ => "link",
    };
    let mut parts = vec![Item::path(class, lane.part(ONE)), Item::line("hit", lane.a, lane.b)];
    if !walled && (there || back) {
        parts.extend(cut_marks(plan, lane, there, back));
    }
    let mut words = Vec::new();
    if loss > 0 {
        words.push(super::percent(loss));
    }
    if delay > 0 {
        words.push(format!("+{}", super::duration(delay.into())));
    }
    if !words.is_empty() {
        let size = plan.of(10).max(90);
        let style = (Typeface::Mono, size, Anchor::Middle);
        let mut out = lane.b.minus(lane.a).right().scaled(plan.of(14));
        let middle = lane.at(ONE / 2);
        if middle.plus(out).minus(plan.centre).length() < middle.minus(plan.centre).length() {
            out = Point::new(-out.x, -out.y);
        }
        let wide = text::width(&words.join(" "), Typeface::Mono, size) / 2;
        // Beside the line, further out where the line is steep.
        let push = (i64::from(wide) * i64::from(out.x) / i64::from(out.length().max(1))) as i32;
        let at = middle.plus(out).plus(Point::new(push, size / 3));
        parts.push(Item::text("halo soft", at, style, words.join(" ")));
    }
    let name = |n: NodeId| &stage.view.nodes[n.at()].name;
    let state = match (there, back) {
        (true, true) => "cut".to_string(),
        (true, false) => format!("cut from {} to {}", name(a), name(b)),
        (false, true) => format!("cut from {} to {}", name(b), name(a)),
        _ if words.is_empty() => "link".to_string(),
        _ => format!("link, {}", words.join(" ")),
    };
    Item::group("", Point::default(), parts)
        .key(format!("link-{}-{}", a.0, b.0))
        .title(format!("{} \u{2013} {}: {state}", name(a), name(b)))
        .target(Target::Link { a, b })
}

/// A short wall across the link; with one way cut, only on that way's side, and an arrow that
/// passes on the other.
fn cut_marks(plan: &Plan, lane: &Lane, there: bool, back: bool) -> Vec<Item> {
    let at = lane.at(ONE / 2);
    let along = lane.b.minus(lane.a).scaled(plan.of(3));
    let side = along.right().scaled(plan.of(11));
    let end = |on: bool, sign: i32| {
        if on { Point::new(side.x * sign, side.y * sign) } else { Point::default() }
    };
    let (p, q) = (at.plus(end(there, 1)), at.plus(end(back, -1)));
    let corners = [p.plus(along), q.plus(along), q.minus(along), p.minus(along)];
    let mut parts = vec![Item::path("cut-mark", Track::polygon(&corners))];
    if there != back {
        let (free, way) = if there { (-1, Point::new(-along.x, -along.y)) } else { (1, along) };
        let c = at.plus(Point::new(side.x * free * 6 / 10, side.y * free * 6 / 10));
        let (tip, wing) = (way.scaled(plan.of(5)), way.right().scaled(plan.of(3)));
        let mut arrow = Track::new();
        arrow.to(c.minus(tip).plus(wing)).line(c.plus(tip)).line(c.minus(tip).minus(wing));
        parts.push(Item::path("pass-mark", arrow));
    }
    parts
}

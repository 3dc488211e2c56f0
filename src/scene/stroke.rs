//! What a pointer's way over the stage means: a click, a cut of links, a wall, a wall moved. Pure, so
//! that any way over any picture can be tried.

use super::{Drawing, Item, Point, Shape, Target};
use crate::core::action::Action;
use crate::core::ids::{NodeId, NodeSet};
use crate::core::view::{NodeShape, WorldView};

/// A pointer that moves less than this, in tenths of a pixel, clicks.
const CLICK: u32 = 60;
/// How far from the pointer something small may be meant, in tenths of a pixel.
const NEAR: i32 = 90;

/// A pointer's way over the stage.
#[derive(Clone, Debug)]
pub struct Stroke {
    first: Point,
    /// What follows it.
    points: Vec<Point>,
    target: Option<Target>,
    /// When an end of a wall is dragged: the other end.
    other_end: Option<Point>,
}

/// What a finished stroke means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A press on something, or on nothing.
    Click(Option<Target>),
    /// It crosses no link.
    Nothing,
    /// Links are cut.
    Cut(Vec<Action>),
}

impl Stroke {
    /// A stroke that begins on something of a picture.
    pub fn begin(at: Point, target: Option<Target>, scene: &Drawing) -> Self {
        let other_end = match target {
            Some(Target::Handle(end)) => handle(&scene.items, 1 - end.min(1)),
            _ => None,
        };
        Stroke { first: other_end.unwrap_or(at), points: vec![at], target, other_end }
    }

    /// It goes on.
    pub fn to(&mut self, at: Point) {
        if self.other_end.is_some() {
            self.points.clear();
        }
        if self.points.last() != Some(&at) {
            self.points.push(at);
        }
    }

    fn all(&self) -> impl Iterator<Item = Point> + '_ {
        std::iter::once(self.first).chain(self.points.iter().copied())
    }

    fn last(&self) -> Point {
        self.points.last().copied().unwrap_or(self.first)
    }

    /// The data of its path, in pixels; empty while it may still be a click.
    pub fn path(&self) -> String {
        let mut out = String::new();
        if !self.is_click() {
            for (i, p) in self.all().enumerate() {
                out.push(if i == 0 { 'M' } else { 'L' });
                super::number(&mut out, p.x);
                out.push(' ');
                super::number(&mut out, p.y);
            }
        }
        out
    }

    fn is_click(&self) -> bool {
        let near =
            |p: Point| p.x.abs_diff(self.first.x) < CLICK && p.y.abs_diff(self.first.y) < CLICK;
        self.all().all(near)
    }

    /// What it means on a picture of a world; `one_way` cuts only from its left to its right.
    pub fn end(&self, scene: &Drawing, view: &WorldView, one_way: bool) -> Meaning {
        if self.is_click() {
            return Meaning::Click(self.pressed(scene));
        }
        let map = StageMap::of(scene, view);
        let crossed = map.crossed(self);
        if crossed.is_empty() && self.other_end.is_none() {
            return Meaning::Nothing;
        }
        Meaning::Cut(map.cut(view, self, &crossed, one_way))
    }

    fn pressed(&self, scene: &Drawing) -> Option<Target> {
        match self.target {
            // What is small and near goes before what is wide and under the pointer.
            known @ (Some(Target::Link { .. }) | None) => {
                let near = scene.hit(self.first, NEAR).copied();
                near.filter(|t| !matches!(t, Target::Link { .. })).or(known)
            }
            known => known,
        }
    }
}

fn handle(items: &[Item], end: u8) -> Option<Point> {
    items.iter().find_map(|item| match (&item.shape, item.target) {
        (Shape::Circle { x, y, .. }, Some(Target::Handle(n))) if n == end => {
            Some(Point::new(*x, *y))
        }
        (Shape::Group { items, .. }, _) => handle(items, end),
        _ => None,
    })
}

/// Nodes and links as they stand on the stage.
struct StageMap {
    nodes: Vec<(NodeId, Point)>,
    links: Vec<(NodeId, NodeId, Point, Point)>,
    clients: NodeSet,
}

impl StageMap {
    fn of(scene: &Drawing, view: &WorldView) -> StageMap {
        let is_client =
            |n: &NodeId| view.nodes.get(n.at()).is_some_and(|v| v.shape == NodeShape::Client);
        let mut nodes = Vec::new();
        for item in &scene.items {
            if let (Shape::Group { at, .. }, Some(Target::Node(n))) = (&item.shape, item.target) {
                nodes.push((n, *at));
            }
        }
        let clients: NodeSet = nodes.iter().map(|(n, _)| *n).filter(|n| is_client(n)).collect();
        // Every pair of servers has a link, drawn or not; a client's is one while it is in use.
        let mut links = Vec::new();
        for (i, (a, p)) in nodes.iter().enumerate() {
            for (b, q) in &nodes[i + 1..] {
                let drawn = scene.items.iter().any(|item| {
                    item.target == Some(Target::Link { a: *a, b: *b })
                        || item.target == Some(Target::Link { a: *b, b: *a })
                });
                if drawn || !(clients.has(*a) || clients.has(*b)) {
                    links.push((*a, *b, *p, *q));
                }
            }
        }
        StageMap { nodes, links, clients }
    }

    fn crossed(&self, stroke: &Stroke) -> Vec<(NodeId, NodeId)> {
        let parts = || stroke.all().zip(stroke.all().skip(1));
        let hit = |p: &Point, q: &Point| parts().any(|(a, b)| cross(a, b, *p, *q));
        self.links.iter().filter(|(_, _, p, q)| hit(p, q)).map(|(a, b, _, _)| (*a, *b)).collect()
    }

    /// The wall, if the stroke parts the nodes in two; else a cut of each link that it crosses.
    fn cut(
        &self,
        view: &WorldView,
        stroke: &Stroke,
        crossed: &[(NodeId, NodeId)],
        one_way: bool,
    ) -> Vec<Action> {
        let (a, b) = (stroke.first, stroke.last());
        let side = |p: &Point| turn(a, b, *p) > 0;
        let left: NodeSet = self.nodes.iter().filter(|(_, p)| side(p)).map(|(n, _)| *n).collect();
        let right: NodeSet = self.nodes.iter().filter(|(_, p)| !side(p)).map(|(n, _)| *n).collect();
        let servers = |s: NodeSet| NodeSet(s.0 & !self.clients.0);
        let (l, r) = (servers(left), servers(right));
        let parts = |x: &NodeId, y: &NodeId| left.has(*x) != left.has(*y);
        let between =
            |x: &NodeId, y: &NodeId| !self.clients.has(*x) && !self.clients.has(*y) && parts(x, y);
        let all = self.links.iter().filter(|(x, y, _, _)| between(x, y));
        let whole = !l.is_empty()
            && !r.is_empty()
            && (stroke.other_end.is_some()
                || all.clone().all(|(x, y, _, _)| crossed.contains(&(*x, *y))))
            && crossed.iter().all(|(x, y)| parts(x, y));
        if whole && one_way {
            return vec![Action::Cut { from: left, to: right }];
        }
        if whole && (stroke.other_end.is_some() || !view.links.iter().any(|l| l.cut)) {
            return vec![Action::Partition(vec![left, right])];
        }
        let mut out = Vec::new();
        for (x, y) in crossed {
            // One way: from the left of the stroke to its right.
            let (from, to) = if left.has(*x) || !one_way { (*x, *y) } else { (*y, *x) };
            let (from, to) = (NodeSet::one(from), NodeSet::one(to));
            out.push(Action::Cut { from, to });
            if !one_way {
                out.push(Action::Cut { from: to, to: from });
            }
        }
        out
    }
}

/// Which side of a line a point is on.
fn turn(a: Point, b: Point, p: Point) -> i128 {
    // A pointer may be anywhere: differences of places need more than their 32 bits.
    let by = |to: i32, from: i32| i128::from(to) - i128::from(from);
    by(b.x, a.x) * by(p.y, a.y) - by(b.y, a.y) * by(p.x, a.x)
}

fn cross(a: Point, b: Point, p: Point, q: Point) -> bool {
    (turn(a, b, p) > 0) != (turn(a, b, q) > 0) && (turn(p, q, a) > 0) != (turn(p, q, b) > 0)
}

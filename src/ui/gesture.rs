//! What a stroke on the stage means: a cut, a wall, a wall moved, or just a click.

use super::desk::{Desk, Slot};
use super::frame::Ask;
use super::model::{Model, Pick};
use happened_before::core::action::Action;
use happened_before::core::ids::{NodeId, NodeSet};
use happened_before::scene::{Item, Point, Shape, Target};
use std::fmt::Write;

/// A pointer that moves less than this, in tenths of a pixel, clicks.
const CLICK: i32 = 60;

/// A pointer's way over the stage.
pub struct Stroke {
    points: Vec<Point>,
    target: Option<Target>,
    /// When an end of a wall is dragged: the other end.
    other_end: Option<Point>,
}

impl Stroke {
    /// A stroke that begins on something.
    pub fn begin(at: Point, target: Option<Target>, desk: &Desk) -> Self {
        let other_end = match target {
            Some(Target::Handle(end)) => {
                let scene = desk.scene(Slot::Stage);
                handle(&scene.items, 1 - end.min(1))
            }
            _ => None,
        };
        Stroke { points: vec![other_end.unwrap_or(at), at], target, other_end }
    }

    /// It goes on.
    pub fn to(&mut self, at: Point) {
        if self.other_end.is_some() {
            self.points.truncate(1);
        }
        if self.points.last() != Some(&at) {
            self.points.push(at);
        }
    }

    /// The data of its path, in pixels; empty while it may still be a click.
    pub fn path(&self) -> String {
        let mut out = String::new();
        if !self.is_click() {
            for (i, p) in self.points.iter().enumerate() {
                let letter = if i == 0 { 'M' } else { 'L' };
                let _ = write!(out, "{letter}{} {}", f64::from(p.x) / 10.0, f64::from(p.y) / 10.0);
            }
        }
        out
    }

    fn is_click(&self) -> bool {
        let first = self.points[0];
        self.points.iter().all(|p| (p.x - first.x).abs() < CLICK && (p.y - first.y).abs() < CLICK)
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

/// What a finished stroke asks for.
pub fn end(stroke: &Stroke, desk: &Desk, one_way: bool) -> Option<Ask> {
    if stroke.is_click() {
        return Some(click(stroke, desk));
    }
    let map = Map::of(desk);
    let model = desk.model.borrow();
    let crossed = map.crossed(&stroke.points);
    if crossed.is_empty() && stroke.other_end.is_none() {
        return Some(Ask::Say(Some(
            "The stroke crosses no link; draw it between the nodes.".into(),
        )));
    }
    Some(Ask::Do(map.cut(&model, stroke, &crossed, one_way)))
}

fn click(stroke: &Stroke, desk: &Desk) -> Ask {
    let at = stroke.points[0];
    let near = || desk.scene(Slot::Stage).hit(at, 90).copied();
    let target = match stroke.target {
        // What is small and near goes before what is wide and under the pointer.
        known @ (Some(Target::Link { .. }) | None) => {
            near().filter(|t| !matches!(t, Target::Link { .. })).or(known)
        }
        known => known,
    };
    match target {
        Some(Target::Node(n)) => Ask::Pick(Some(Pick::Node(n))),
        Some(Target::Message(m)) => Ask::Pick(Some(Pick::Message(m))),
        Some(Target::Timer { node, code }) => Ask::Pick(Some(Pick::Timer { node, code })),
        Some(Target::Event(step)) => Ask::Pick(Some(Pick::Event(step))),
        Some(Target::Link { a, b }) => Ask::Pick(Some(Pick::Link { a, b })),
        _ => Ask::Pick(None),
    }
}

/// Nodes and links as they stand on the stage.
struct Map {
    nodes: Vec<(NodeId, Point)>,
    links: Vec<(NodeId, NodeId, Point, Point)>,
    clients: NodeSet,
}

impl Map {
    fn of(desk: &Desk) -> Map {
        let scene = desk.scene(Slot::Stage);
        let model = desk.model.borrow();
        let is_client = |n: &NodeId| {
            use happened_before::core::view::Shape as Kind;
            model.view.nodes.get(n.at()).is_some_and(|v| v.shape == Kind::Client)
        };
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
        Map { nodes, links, clients }
    }

    fn crossed(&self, points: &[Point]) -> Vec<(NodeId, NodeId)> {
        let hit = |p: &Point, q: &Point| points.windows(2).any(|w| cross(w[0], w[1], *p, *q));
        self.links.iter().filter(|(_, _, p, q)| hit(p, q)).map(|(a, b, _, _)| (*a, *b)).collect()
    }

    /// The wall, if the stroke parts the nodes in two; else a cut of each link that it crosses.
    fn cut(
        &self,
        model: &Model,
        stroke: &Stroke,
        crossed: &[(NodeId, NodeId)],
        one_way: bool,
    ) -> Vec<Action> {
        let (a, b) = (stroke.points[0], stroke.points[stroke.points.len() - 1]);
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
        if whole && (stroke.other_end.is_some() || !model.view.links.iter().any(|l| l.cut)) {
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
fn turn(a: Point, b: Point, p: Point) -> i64 {
    i64::from(b.x - a.x) * i64::from(p.y - a.y) - i64::from(b.y - a.y) * i64::from(p.x - a.x)
}

fn cross(a: Point, b: Point, p: Point, q: Point) -> bool {
    (turn(a, b, p) > 0) != (turn(a, b, q) > 0) && (turn(p, q, a) > 0) != (turn(p, q, b) > 0)
}

//! Small marks: messages by family, outlines by kind of node.

use super::geometry::{ONE, Point, TURN, Track, times};
use crate::core::view::{Family, NodeShape};

/// The CSS class of a family.
pub fn family_class(family: Family) -> &'static str {
    match family {
        Family::Vote => "f-vote",
        Family::Replicate => "f-replicate",
        Family::Ack => "f-ack",
        Family::Heartbeat => "f-heartbeat",
        Family::Commit => "f-commit",
        Family::Client => "f-client",
        Family::Snapshot => "f-snapshot",
        Family::Gossip => "f-gossip",
        Family::ViewChange => "f-view-change",
        Family::Token => "f-token",
    }
}

/// The outline of a message around the origin; `half` is half the side of the square.
/// An arrow head points along `way`.
pub fn message(family: Family, half: i32, way: Point) -> Track {
    let p = Point::new;
    let ring =
        |n: i32, r: i32| -> Vec<Point> { (0..n).map(|i| Point::polar(TURN * i / n, r)).collect() };
    match family {
        Family::Vote => {
            let r = half * 13 / 10;
            Track::polygon(&[p(0, -r), p(r, r * 8 / 10), p(-r, r * 8 / 10)])
        }
        Family::Replicate => {
            Track::polygon(&[p(-half, -half), p(half, -half), p(half, half), p(-half, half)])
        }
        Family::Ack => disc(half),
        Family::Heartbeat => disc(half * 62 / 100),
        Family::Commit => {
            let r = half * 13 / 10;
            Track::polygon(&[p(0, -r), p(r, 0), p(0, r), p(-r, 0)])
        }
        Family::Client => {
            let tip = way.scaled(half * 15 / 10);
            let wing = way.right().scaled(half * 11 / 10);
            let back = p(-tip.x * 8 / 10, -tip.y * 8 / 10);
            let notch = p(-tip.x / 4, -tip.y / 4);
            Track::polygon(&[tip, back.plus(wing), notch, back.minus(wing)])
        }
        Family::Snapshot => {
            let (o, i) = (half * 12 / 10, half * 6 / 10);
            let mut t = Track::polygon(&[p(-o, -o), p(o, -o), p(o, o), p(-o, o)]);
            t.0.push_str(&Track::polygon(&[p(-i, -i), p(-i, i), p(i, i), p(i, -i)]).0);
            t
        }
        Family::Gossip => {
            let (out, inner) = (half * 14 / 10, half * 6 / 10);
            let star: Vec<Point> = (0..12)
                .map(|i| Point::polar(TURN * i / 12, if i % 2 == 0 { out } else { inner }))
                .collect();
            Track::polygon(&star)
        }
        Family::ViewChange => Track::polygon(&ring(5, half * 13 / 10)),
        Family::Token => {
            let (w, h) = (half * 13 / 10, half * 9 / 10);
            let mut t = Track::polygon(&[p(-w, -h), p(w, -h), p(w, h), p(-w, h)]);
            t.to(p(-w, -h)).line(p(0, h / 4)).line(p(w, -h));
            t
        }
    }
}

/// A disc as a path.
pub fn disc(r: i32) -> Track {
    let mut t = Track::new();
    t.to(Point::new(0, -r))
        .arc(r, false, Point::new(0, r))
        .arc(r, false, Point::new(0, -r))
        .close();
    t
}

/// The outline of a node around the origin: `half` is half its side.
pub fn outline(shape: NodeShape, half: i32, liar: bool) -> Track {
    let p = Point::new;
    match shape {
        NodeShape::Server if liar => notched(half),
        NodeShape::Server => rounded(half, half, half * 36 / 100),
        NodeShape::Client => disc(half),
        NodeShape::Service => {
            let (x, y) = (half * 115 / 100, times(half * 115 / 100, ONE * 866 / 1000));
            let c = x / 2;
            Track::polygon(&[p(-x, 0), p(-c, -y), p(c, -y), p(x, 0), p(c, y), p(-c, y)])
        }
        NodeShape::Router => {
            let r = half * 130 / 100;
            Track::polygon(&[p(0, -r), p(r, 0), p(0, r), p(-r, 0)])
        }
        NodeShape::General => {
            let (eave, top) = (-half * 35 / 100, -half * 115 / 100);
            Track::polygon(&[
                p(0, top),
                p(half, eave),
                p(half, half),
                p(-half, half),
                p(-half, eave),
            ])
        }
    }
}

/// A rounded rectangle around the origin.
fn rounded(w: i32, h: i32, r: i32) -> Track {
    let p = Point::new;
    let mut t = Track::new();
    t.to(p(r - w, -h)).line(p(w - r, -h)).arc(r, false, p(w, r - h));
    t.line(p(w, h - r)).arc(r, false, p(w - r, h));
    t.line(p(r - w, h)).arc(r, false, p(-w, h - r));
    t.line(p(-w, r - h)).arc(r, false, p(r - w, -h)).close();
    t
}

/// A square with bites out of its corners: a node that lies.
fn notched(h: i32) -> Track {
    let (p, n) = (Point::new, h * 30 / 100);
    Track::polygon(&[
        p(n - h, -h),
        p(h - n, -h),
        p(h - n, n - h),
        p(h, n - h),
        p(h, h - n),
        p(h - n, h - n),
        p(h - n, h),
        p(n - h, h),
        p(n - h, h - n),
        p(-h, h - n),
        p(-h, n - h),
        p(n - h, n - h),
    ])
}

/// An hour-glass around a point: a slow node.
pub fn hour_glass(at: Point, h: i32) -> Track {
    let w = h * 7 / 10;
    let p = |x: i32, y: i32| at.plus(Point::new(x, y));
    Track::polygon(&[p(-w, -h), p(w, -h), p(-w, h), p(w, h)])
}

/// A disk with its writing arm: a node waiting for a sync.
pub fn platter(at: Point, w: i32) -> Track {
    let (h, p) = (w * 6 / 10, |x: i32, y: i32| at.plus(Point::new(x, y)));
    let mut t = Track::new();
    t.to(p(-w, -h)).line(p(-w, h)).curve(p(0, h * 2), p(w, h)).line(p(w, -h));
    t.curve(p(0, 0), p(-w, -h)).curve(p(0, -h * 2), p(w, -h));
    t
}

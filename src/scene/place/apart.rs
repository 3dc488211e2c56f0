//! While a partition stands its two sides stand apart, each client with its side, so that the wall
//! has room between them. The places follow from the groups alone.

use super::{Grade, Plan};
use crate::core::ids::NodeId;
use crate::core::view::{Layout, NodeShape, WorldView};
use crate::scene::Size;
use crate::scene::geometry::{Bounded, Point};

/// The servers and the clients of a side.
#[derive(Default)]
struct Side {
    servers: Vec<NodeId>,
    clients: Vec<NodeId>,
}

/// The two sides of a partition, that of the first node first.
fn sides(view: &WorldView, layout: Layout) -> Option<[Side; 2]> {
    let groups = view.groups.as_ref().filter(|_| layout == Layout::Circle)?;
    let mut sides: Vec<Side> = Vec::new();
    for group in groups.iter().filter(|g| !g.is_empty()) {
        let mut side = Side::default();
        for node in group.iter().filter(|n| n.at() < view.nodes.len()) {
            match view.nodes[node.at()].shape {
                NodeShape::Client => side.clients.push(node),
                _ => side.servers.push(node),
            }
        }
        sides.push(side);
    }
    let mut sides: [Side; 2] = sides.try_into().ok()?;
    if sides.iter().any(|s| s.servers.is_empty() || s.clients.len() > 3) {
        return None;
    }
    let placed: usize = sides.iter().map(|s| s.servers.len() + s.clients.len()).sum();
    if placed != view.nodes.len() {
        return None;
    }
    sides.sort_by_key(|s| s.servers[0]);
    Some(sides)
}

/// Puts the sides apart, if a partition stands and there is room; false leaves everything as it was.
pub(super) fn place(plan: &mut Plan, view: &WorldView, layout: Layout) -> bool {
    let Some(sides) = sides(view, layout).filter(|_| plan.grade == Grade::Card) else {
        return false;
    };
    // Side by side, or one above the other where the picture is higher than wide.
    let upright = plan.size.h > plan.size.w;
    let (along, across) = match upright {
        true => (plan.size.h, plan.size.w),
        false => (plan.size.w, plan.size.h),
    };
    let gap = plan.of(34);
    let turn = |along: i32, across: i32| match upright {
        true => Point::new(across, along),
        false => Point::new(along, across),
    };
    let far = plan.client + plan.of(if upright { 20 } else { 16 });
    for (nth, side) in sides.iter().enumerate() {
        let away = if nth == 0 { -1 } else { 1 };
        let clients = if side.clients.is_empty() { 0 } else { far + plan.client + plan.of(10) };
        let edge = plan.ring() + plan.of(10);
        let inner = along / 2 + away * (gap + edge);
        let outer = along / 2 + away * (along / 2 - clients - edge);
        let room = Size { w: (outer - inner).abs(), h: across - 2 * (edge + plan.of(16)) };
        let reach = plan.unit * 5 / 2;
        let middle = inner + away * (room.w / 2).bounded(0, reach);
        let spots = around(side.servers.len(), (room.w / 2).min(reach), (room.h / 2).min(reach));
        for (node, (x, y)) in side.servers.iter().zip(spots) {
            plan.at[node.at()] = turn(middle + away * x, across / 2 + y);
        }
        let count = side.clients.len() as i32;
        let stand = (middle + away * (room.w / 2 + edge + far + plan.of(30)))
            .bounded(far, (along - far).max(far));
        let pitch = (across / (count + 1)).min(plan.of(110));
        for (i, node) in side.clients.iter().enumerate() {
            let y = across / 2 + pitch * i as i32 - pitch * (count - 1) / 2;
            plan.at[node.at()] = turn(stand, y);
        }
    }
    // Nobody covers a neighbour.
    let near = |side: &Side| {
        let at: Vec<Point> = side.servers.iter().map(|n| plan.at[n.at()]).collect();
        let pairs = at.iter().enumerate().flat_map(|(i, p)| at[..i].iter().map(move |q| (*p, *q)));
        pairs.map(|(p, q)| q.minus(p).length()).min().unwrap_or(i32::MAX)
    };
    let nearest = sides.iter().map(near).min().unwrap_or(i32::MAX);
    plan.unit = plan.unit.min(nearest / 3 * 2);
    plan.labels = false;
    plan.centre = Point::new(plan.size.w / 2, plan.size.h / 2);
    true
}

/// Places of so many servers, as distances from the middle of their side: along from the wall
/// outwards, and across. Those that face the wall come last.
fn around(n: usize, along: i32, across: i32) -> Vec<(i32, i32)> {
    match n {
        1 => vec![(0, 0)],
        2 => vec![(-along * 4 / 10, -across * 6 / 10), (along * 4 / 10, across * 6 / 10)],
        3 => vec![
            (along, 0),
            (-along * 7 / 10, -across * 8 / 10),
            (-along * 7 / 10, across * 8 / 10),
        ],
        _ => {
            let rows = n.div_ceil(2) as i32;
            let spot = |i: usize| {
                let (row, outer) = (i as i32 / 2, i.is_multiple_of(2));
                let y = -across + 2 * across * row / (rows - 1).max(1);
                let alone = i + 1 == n && n % 2 == 1;
                let x = if alone {
                    0
                } else if outer {
                    along
                } else {
                    -along
                };
                (x * 8 / 10, y)
            };
            (0..n).map(spot).collect()
        }
    }
}

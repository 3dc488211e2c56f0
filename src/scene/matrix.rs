//! Who can reach whom, exactly: a row a sender, a column a receiver.

use super::geometry::{Point, Track};
use super::{Anchor, Drawing, Item, Size, Target, Typeface};
use crate::core::ids::NodeId;
use crate::core::view::{Status, WorldView};

/// The connectivity matrix of all nodes.
pub fn scene(view: &WorldView, size: Size) -> Drawing {
    let n = view.nodes.len() as i32;
    let mut scene = Drawing::new(size, "Who can reach whom");
    if n == 0 {
        return scene;
    }
    let named = n <= 16;
    let gutter = if named { size.w.min(size.h) / 7 } else { 0 };
    let side = ((size.w.min(size.h) - gutter) / n).max(1);
    let gap = if side > 60 { 10 } else { 0 };
    let font = (gutter * 55 / 100).min(side * 8 / 10);
    let at = |i: i32| gutter + side * i;
    let mut cuts = 0;
    for (row, from) in view.nodes.iter().enumerate() {
        let y = at(row as i32);
        if named {
            let style = (Typeface::Mono, font, Anchor::Middle);
            let name = super::text::fit(&from.name, Typeface::Mono, font, gutter);
            let left = Point::new(gutter / 2, y + side / 2 + font * 36 / 100);
            let up = Point::new(y + side / 2, gutter / 2 + font * 36 / 100);
            scene.items.push(Item::text("soft", left, style, name.clone()));
            scene.items.push(Item::text("soft", up, style, name));
        }
        for (column, to) in view.nodes.iter().enumerate() {
            let x = at(column as i32);
            let cell = (x, y, side - gap, side - gap);
            if row == column {
                let class =
                    if from.status == Status::Crashed { "cell self down" } else { "cell self" };
                scene.items.push(Item::rect(class, cell, 0));
                continue;
            }
            let link = view.links.iter().find(|l| l.from == from.id && l.to == to.id);
            let (class, word) = match link {
                Some(l) if l.cut => ("cell cut", "cut"),
                Some(l) if l.loss > 0 => ("cell lossy", "loses messages"),
                Some(l) if l.delay > 0 => ("cell lossy", "slow"),
                _ => ("cell", "open"),
            };
            scene.items.push(square(
                class,
                cell,
                from.id,
                to.id,
                format!("{} to {}: {word}", from.name, to.name),
            ));
            if class == "cell cut" {
                cuts += 1;
                let middle = Point::new(x + (side - gap) / 2, y + (side - gap) / 2);
                scene.items.push(Item::path("cell-cross", Track::cross(middle, side * 22 / 100)));
            }
        }
    }
    scene.desc = match cuts {
        0 => "every node can reach every other".to_string(),
        k => format!("{k} of {} ways are cut", n * (n - 1)),
    };
    scene
}

fn square(
    class: &'static str,
    cell: (i32, i32, i32, i32),
    from: NodeId,
    to: NodeId,
    title: String,
) -> Item {
    Item::rect(class, cell, 0)
        .key(format!("way-{}-{}", from.0, to.0))
        .title(title)
        .target(Target::Link { a: from, b: to })
}

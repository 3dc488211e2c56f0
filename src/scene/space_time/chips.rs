//! Timestamps of logical clocks under the events, what each has changed in bold.

use super::DrawingFrame;
use crate::algo::clocks::overlay::{ChipPart, Overlay};
use crate::core::view::Event;
use crate::scene::geometry::Point;
use crate::scene::text::width;
use crate::scene::{Anchor, Item, Target, Typeface};

fn face(part: &ChipPart) -> Typeface {
    if part.1 { Typeface::MonoStrong } else { Typeface::Mono }
}

fn room(parts: &[ChipPart], size: i32) -> i32 {
    parts.iter().map(|p| width(&p.0, face(p), size)).sum()
}

impl DrawingFrame<'_> {
    /// A chip under every event that has room for one: the whole timestamp, or only what is new in
    /// it. What is selected has its whole one.
    pub(super) fn chips(&self, overlay: &Overlay, out: &mut Vec<Item>) {
        // In a large picture they are what is read.
        let size = self.px(if self.bottom - self.top > 3_400 { 13 } else { 10 });
        // What comes next on each line limits the room: so from the right.
        let mut next = vec![self.axis.right + self.px(14); self.rows.len()];
        let mut chips = Vec::new();
        let seen = self.of.trace.events.range(self.seen.clone());
        for event in seen.rev().filter(|e| overlay.time(e.step).is_some()) {
            let Some((node, y)) = event.node.and_then(|n| Some((n, self.row(n)?))) else {
                continue;
            };
            let x = self.axis.step(event.step, event.at) - self.px(3);
            let space = next[node.at()] - x - self.px(5);
            let chosen = self.centre.is_some_and(|c| c.step == event.step);
            let fits = |parts: &Vec<ChipPart>| chosen || room(parts, size) <= space;
            let parts = Some(overlay.chip(event.step, false))
                .filter(fits)
                .or_else(|| Some(overlay.chip(event.step, true)).filter(fits));
            if let Some(parts) = parts {
                chips.push(self.chip(
                    event,
                    parts,
                    Point::new(x, y + self.px(8) + size * 6 / 10),
                    size,
                ));
                next[node.at()] = x;
            }
        }
        out.extend(chips.into_iter().rev());
    }

    fn chip(&self, event: &Event, parts: Vec<ChipPart>, at: Point, size: i32) -> Item {
        let mut x = 0;
        let mut items = Vec::new();
        for part in parts {
            let class = if part.1 { "halo" } else { "soft halo" };
            let style = (face(&part), size, Anchor::Start);
            let wide = width(&part.0, face(&part), size);
            items.push(Item::text(class, Point::new(x, 0), style, part.0));
            x += wide;
        }
        Item::group("chip", at, items)
            .key(format!("chip-{}", event.step))
            .target(Target::Event(event.step))
    }
}

//! Tick lines over a run whose events carry Lamport's numbers.

use super::DrawingFrame;
use crate::algo::clocks::overlay::Overlay;
use crate::scene::{Item, ticks};

impl DrawingFrame<'_> {
    /// Lines of equal logical time, if the timestamps are numbers.
    pub(super) fn tick_lines(&self, overlay: &Overlay, out: &mut Vec<Item>) {
        let mut rows: Vec<ticks::ProcessRow> = Vec::new();
        for (node, y) in self.of.hosts.iter().filter_map(|n| Some((*n, self.row(*n)?))) {
            let seen = self.of.trace.events.range(self.seen.clone());
            let mine = seen.filter(|e| e.node == Some(node));
            let placed =
                mine.filter_map(|e| Some((overlay.number(e.step)?, self.axis.step(e.step, e.at))));
            rows.push((y, placed.collect()));
        }
        let least = rows.iter().filter_map(|(_, events)| events.first()).map(|e| e.0).min();
        let base = least.map_or(0, |l| l.saturating_sub(1));
        ticks::lines(&rows, self.axis.left, base, self.px(9), out);
    }
}

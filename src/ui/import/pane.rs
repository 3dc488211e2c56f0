//! One execution on the page: its plan, what is marked in it, its picture.

use crate::ui::picture::Picture;
use happened_before::core::sorted::SortedSet;
use happened_before::scene::Bounded;
use happened_before::scene::execution::{ExecutionDrawing, ExecutionPlan, SLIDING};
use happened_before::scene::overview::Overview;
use happened_before::scene::{PX, Size};
use happened_before::share::import::execution::{Execution, RecordedEvent};
use web_sys::Element;
use yew::prelude::*;

/// An execution and how it is looked at.
#[derive(Default)]
pub struct Pane {
    /// Its place among those that were read.
    pub at: usize,
    /// Where everything stands.
    pub plan: ExecutionPlan,
    /// Events that are marked, in order.
    pub found: Vec<u32>,
    /// Their spots, in order.
    marked: Vec<u32>,
    /// Where the picture hangs.
    pub svg: NodeRef,
    picture: Option<Picture>,
    hung: Option<Element>,
    /// How wide the frame is, once measured.
    wide: Option<i32>,
    /// Counts plans and marks, and what was drawn of which.
    edition: u32,
    drawn: Option<(u32, [i64; 6])>,
}

impl Pane {
    /// Lays an execution out.
    pub fn lay_out(&mut self, execution: &Execution, rows: Vec<u32>, collapse: bool) {
        self.plan = ExecutionPlan::new(execution, rows, collapse);
        self.place();
    }

    fn place(&mut self) {
        self.edition += 1;
        let spots = self.found.iter().filter_map(|e| *self.plan.of_event.get(*e as usize)?);
        self.marked = spots.collect();
        self.marked.sort_unstable();
        self.marked.dedup();
    }

    /// Marks the events that say something.
    pub fn search(&mut self, execution: &Execution, words: &str) {
        let wanted = words.to_lowercase();
        self.mark(execution, |e| e.text.to_lowercase().contains(&wanted));
    }

    /// Marks the events that the other execution has not, or does not have as often: by host and
    /// text, as ShiViz compares them.
    pub fn differ(&mut self, execution: &Execution, other: &Execution) {
        let name =
            |x: &Execution, e: &RecordedEvent| (x.hosts[e.host as usize].clone(), e.text.clone());
        let known: SortedSet<_> = other.events.iter().map(|e| name(other, e)).collect();
        self.mark(execution, |e| !known.contains(&name(execution, e)));
    }

    fn mark(&mut self, execution: &Execution, hit: impl Fn(&RecordedEvent) -> bool) {
        let numbered = (0..).zip(&execution.events);
        self.found = numbered.filter(|(_, e)| hit(e)).map(|(i, _)| i).collect();
        self.place();
    }

    /// Everything that is marked happened on hosts that are not drawn.
    pub fn is_elsewhere(&self) -> bool {
        self.marked.is_empty() && !self.found.is_empty()
    }

    /// Marks nothing.
    pub fn forget(&mut self) {
        self.edition += 1;
        self.found.clear();
        self.marked.clear();
    }

    /// How large the picture is, once it hangs somewhere.
    pub fn size(&self) -> Option<Size> {
        let high = (self.plan.rows.len() as i32 * 46 + 44).bounded(150, 1200);
        Some(Size::px(self.wide?, high))
    }

    /// Looks how wide the frame is: only when that may have changed, since it makes the browser
    /// lay the page out.
    pub fn measure(&mut self) {
        let frame = self.svg.cast::<Element>().and_then(|s| s.parent_element());
        self.wide = frame.map(|f| f.client_width().max(280));
    }

    /// What is drawn of an execution.
    pub fn drawing<'a>(
        &'a self,
        execution: &'a Execution,
        window: (i64, i64),
        selected: Option<u32>,
        size: Size,
    ) -> ExecutionDrawing<'a> {
        let (plan, found) = (&self.plan, self.marked.as_slice());
        ExecutionDrawing { execution, plan, window, size, selected, found }
    }

    /// Draws it.
    pub fn draw(&mut self, execution: &Execution, window: (i64, i64), selected: Option<u32>) {
        let (Some(svg), Some(size)) = (self.svg.cast::<Element>(), self.size()) else {
            self.picture = None;
            return;
        };
        // Where it hangs elsewhere than before, it is drawn anew.
        if self.hung.as_ref() != Some(&svg) {
            self.hung = Some(svg.clone());
            self.picture = None;
        }
        let drawing = self.drawing(execution, window, selected, size);
        let (drawn, slide) = (Some((self.edition, drawing.drawn())), drawing.slide());
        let same = self.drawn == drawn && self.picture.is_some();
        let scene = (!same).then(|| drawing.scene());
        let picture = self.picture.get_or_insert_with(|| Picture::still(svg));
        match scene {
            Some(scene) => picture.show(scene),
            None => picture.slide(SLIDING, slide),
        }
        self.drawn = drawn;
    }

    /// Its picture hangs no more.
    pub fn hide(&mut self) {
        self.picture = None;
    }
}

/// All of an execution as a strip, with the window on it.
#[derive(Default)]
pub struct Strip {
    /// Where it hangs.
    pub svg: NodeRef,
    picture: Option<Picture>,
    /// What was drawn: the pane's edition, and how wide.
    drawn: (u32, i32),
}

impl Strip {
    /// Draws it, as wide as the pane.
    pub fn draw(&mut self, pane: &Pane, window: (i64, i64)) {
        let (Some(svg), Some(wide)) = (self.svg.cast::<Element>(), pane.wide) else {
            self.picture = None;
            return;
        };
        let size = Size { w: wide * PX, h: 30 * PX };
        let overview = Overview { plan: &pane.plan, found: &pane.marked, window, size };
        match &mut self.picture {
            Some(picture) if self.drawn == (pane.edition, wide) => picture.renew(overview.pane()),
            _ => {
                let scene = overview.scene();
                self.picture.get_or_insert_with(|| Picture::still(svg)).show(scene);
                self.drawn = (pane.edition, wide);
            }
        }
    }
}

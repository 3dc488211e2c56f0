//! Logs side by side: a row a replica, a column an index, the last twelve of them.

use super::geometry::{Bounded, PX, Point, Track, hatch};
use super::text::{LABEL, fit, shorten, width};
use super::{Anchor, Drawing, Item, Size, Target, Typeface};
use crate::core::ids::NodeId;
use crate::core::view::{Border, Cell, LogView, NodeView, Status, WorldView};

/// Columns shown.
const COLUMNS: u64 = 12;
/// Rows shown.
const ROWS: usize = 9;

/// How long an entry that was cut off stays in the picture, in microseconds of the run.
const GHOST: u64 = 20_000;

/// An entry that a replica's log does not hold any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ghost {
    node: NodeId,
    index: u64,
    cell: Cell,
    /// When it went.
    at: u64,
}

/// Keeps the ghosts of a run that went on from one view to another: entries that were cut off or
/// written over, but not those that a snapshot took in.
pub fn haunt(ghosts: &mut Vec<Ghost>, before: &WorldView, after: &WorldView) {
    let ahead = after.step > before.step && after.now >= before.now;
    ghosts.retain(|g| ahead && after.now - g.at.min(after.now) < GHOST);
    if !ahead || after.now - before.now >= GHOST {
        return;
    }
    for (was, is) in before.nodes.iter().zip(&after.nodes) {
        let (Some(old), Some(new)) = (&was.log, &is.log) else { continue };
        for (index, cell) in (old.first..).zip(&old.cells) {
            let now = index.checked_sub(new.first).and_then(|i| new.cells.get(i as usize));
            if index >= new.first
                && now.is_none_or(|c| (c.epoch, &c.text) != (cell.epoch, &cell.text))
            {
                ghosts.retain(|g| (g.node, g.index) != (is.id, index));
                ghosts.push(Ghost { node: is.id, index, cell: cell.clone(), at: after.now });
            }
        }
    }
}

/// The strip, the selected node among its rows.
pub fn scene(view: &WorldView, selected: Option<NodeId>, ghosts: &[Ghost], size: Size) -> Drawing {
    let mut scene = Drawing::new(size, "Log");
    let logs = rows(view, selected);
    let last = logs.iter().map(|(_, l)| end(l)).chain(ghosts.iter().map(|g| g.index));
    let last = last.max().unwrap_or(0);
    if logs.is_empty() {
        return scene;
    }
    let widest = widest(&logs, last, size);
    let first = (last + 1).saturating_sub(columns(widest, size)).max(1);
    let grid = Grid::new(size, (first, last), logs.len(), widest);
    scene.desc = match view.committed {
        Some(n) => format!("{} replicas; {n} entries are chosen", logs.len()),
        None => format!("{} replicas", logs.len()),
    };
    grid.header(&mut scene.items);
    for (row, (node, log)) in logs.iter().enumerate() {
        for ghost in ghosts.iter().filter(|g| g.node == node.id) {
            grid.ghost(row as i32, node, end(log), ghost, &mut scene.items);
        }
        grid.row(row as i32, node, log, &mut scene.items);
    }
    if let Some(n) = view.committed {
        grid.chosen(n, &mut scene.items);
    }
    scene
}

/// The height the strip needs at its best.
pub fn height(view: &WorldView) -> i32 {
    let n = view.nodes.iter().filter(|n| n.log.is_some()).count().min(ROWS) as i32;
    (46 + 34 * n + 24) * PX
}

/// How many columns leave their words room: twelve, or fewer, but never below five.
fn columns(widest: i32, size: Size) -> u64 {
    let room = size.w - 38 * PX * Grid::scale(size) / 1000;
    ((room / (widest + 12 * PX).max(1)) as u64).bounded(6, COLUMNS + 1) - 1
}

/// The width of the longest word among the last twelve columns.
fn widest(logs: &[(&NodeView, &LogView)], last: u64, size: Size) -> i32 {
    let font = 12 * PX * Grid::scale(size) / 1000;
    let recent = |l: &LogView, i: usize| l.first + i as u64 + COLUMNS > last;
    let words = logs.iter().flat_map(|(_, l)| {
        l.cells.iter().enumerate().filter(|(i, _)| recent(l, *i)).map(|(_, c)| &c.text)
    });
    words.map(|t| width(&shorten(t, LABEL), Typeface::Mono, font)).max().unwrap_or(0)
}

fn end(log: &LogView) -> u64 {
    (log.first + log.cells.len() as u64).saturating_sub(1)
}

/// Those with a log; of more than nine the leaders, the selected one, and those furthest behind.
fn rows(view: &WorldView, selected: Option<NodeId>) -> Vec<(&NodeView, &LogView)> {
    let mut all: Vec<_> =
        view.nodes.iter().filter_map(|n| n.log.as_deref().map(|l| (n, l))).collect();
    if all.len() > ROWS {
        all.sort_by_key(|(n, l)| {
            let chosen = n.look.border != Border::Double && selected != Some(n.id);
            (chosen, l.committed, end(l), n.id)
        });
        all.truncate(ROWS);
        all.sort_by_key(|(n, _)| n.id);
    }
    all
}

struct Grid {
    first: u64,
    last: u64,
    left: i32,
    top: i32,
    /// From one column to the next, and from one row to the next.
    pitch: (i32, i32),
    /// A cell.
    cell: (i32, i32),
    rows: i32,
    scale: i32,
    right: i32,
}

impl Grid {
    fn scale(size: Size) -> i32 {
        (i64::from(size.w) * 1000 / 3400).bounded(850, 1700) as i32
    }

    fn new(size: Size, (first, last): (u64, u64), rows: usize, widest: i32) -> Grid {
        let scale = Grid::scale(size);
        let px = |n: i32| n * PX * scale / 1000;
        let columns = (last + 2 - first).max(6) as i32;
        let (left, top) = (px(38), px(46));
        let best = px(35).max(widest + px(12));
        let across = ((size.w - left) / columns).min(best);
        let down = ((size.h - top - px(24)) / rows.max(1) as i32).min(px(34));
        let gap = px(4).min(across / 6);
        Grid {
            first,
            last,
            left,
            top,
            pitch: (across, down),
            cell: (across - gap, (down - px(5)).max(down * 7 / 10)),
            rows: rows as i32,
            scale,
            right: size.w,
        }
    }

    fn px(&self, n: i32) -> i32 {
        n * PX * self.scale / 1000
    }

    fn x(&self, index: u64) -> i32 {
        self.left + self.pitch.0 * (index as i64 - self.first as i64) as i32
    }

    fn header(&self, out: &mut Vec<Item>) {
        let title = Point::new(0, self.px(12));
        let hint = Point::new(self.right - PX, self.px(12));
        out.push(Item::text("", title, (Typeface::SansStrong, self.px(13), Anchor::Start), "Log"));
        let style = (Typeface::Sans, self.px(11), Anchor::End);
        out.push(Item::text("soft", hint, style, "solid: committed \u{b7} folded: on disk"));
        for i in self.first..=self.last + 1 {
            let at = Point::new(self.x(i) + self.cell.0 / 2, self.top - self.px(10));
            if at.x + self.cell.0 / 2 > self.right {
                break;
            }
            let style = (Typeface::Mono, self.px(11), Anchor::Middle);
            out.push(Item::text("soft", at, style, i.to_string()).key(format!("index-{i}")));
        }
    }

    fn row(&self, row: i32, node: &NodeView, log: &LogView, out: &mut Vec<Item>) {
        let y = self.top + self.pitch.1 * row;
        let size = self.px(12);
        let at = Point::new(0, y + self.cell.1 / 2 + size * 36 / 100);
        let name = fit(&node.name, Typeface::Mono, size, self.left - self.px(6));
        let style = (Typeface::Mono, size, Anchor::Start);
        let down = node.status == Status::Crashed;
        out.push(
            Item::text(if down { "soft" } else { "" }, at, style, name)
                .key(format!("row-{}", node.id.0))
                .target(Target::Node(node.id)),
        );
        if log.first > self.first {
            // Taken into a snapshot.
            let to = log.first.min(self.last + 1);
            let w = self.x(to) - self.x(self.first) - (self.pitch.0 - self.cell.0);
            let (x, h) = (self.x(self.first), self.cell.1);
            let parts = vec![
                Item::rect("brick", (x, y, w, h), self.px(4)),
                Item::path("brick-hatch", hatch(x, y, w, h, self.px(8))),
            ];
            let key = format!("brick-{}", node.id.0);
            let words = format!("{}: up to {} in a snapshot", node.name, log.first - 1);
            out.push(Item::group("", Point::default(), parts).key(key).title(words));
        }
        for (i, cell) in log.cells.iter().enumerate() {
            let index = log.first + i as u64;
            if index >= self.first && index <= self.last {
                out.push(self.entry(y, node, log, index, cell));
            }
        }
    }

    fn entry(&self, y: i32, node: &NodeView, log: &LogView, index: u64, cell: &Cell) -> Item {
        let known = index <= log.committed;
        let mut class = format!("entry{}", EPOCHS[(cell.epoch % 8) as usize]);
        if !known {
            class.push_str(" open");
        }
        if node.status == Status::Crashed {
            class.push_str(" crashed");
        }
        let (w, h) = self.cell;
        let words = shorten(&cell.text, LABEL);
        let size = self.px(12).min(h * 6 / 10);
        let tight = width(&words, Typeface::Mono, size) > w - self.px(2);
        let size = if tight { size * 8 / 10 } else { size };
        let words = fit(&words, Typeface::Mono, size, w - PX);
        let at = Point::new(w / 2, h / 2 + size * 36 / 100);
        let mut parts = vec![Item::rect("body", (0, 0, w, h), self.px(4))];
        if cell.epoch >= 8 {
            // Below the words.
            let (inset, strip) = (self.px(3), h / 5);
            let inside = hatch(inset, h - strip - PX, w - 2 * inset, strip, self.px(5));
            parts.push(Item::path("wrap", inside));
        }
        parts.push(Item::text("name", at, (Typeface::Mono, size, Anchor::Middle), words));
        let safe = node.safe.is_none_or(|last| index <= last);
        if safe {
            // A folded corner.
            let (fold, p) = (self.px(7).min(h / 3), Point::new);
            let corner = [p(w - fold, 0), p(w, fold), p(w - fold, fold)];
            parts.push(Item::path("fold", Track::polygon(&corner)));
        }
        let state = if known { "known committed" } else { "not known committed" };
        let disk = if safe { "on disk" } else { "not safe on disk yet" };
        Item::group(class, Point::new(self.x(index), y), parts)
            .key(format!("entry-{}-{index}", node.id.0))
            .title(format!(
                "{}, {index}: {}, epoch {}, {state}, {disk}",
                node.name, cell.text, cell.epoch
            ))
            .target(Target::Entry { node: node.id, index })
    }

    /// An entry that is gone, struck out; where another stands in its place it looks out behind it.
    fn ghost(&self, row: i32, node: &NodeView, end: u64, ghost: &Ghost, out: &mut Vec<Item>) {
        let Ghost { index, cell, .. } = ghost;
        if *index < self.first || *index > self.last {
            return;
        }
        let (w, h) = self.cell;
        let aside = if *index <= end { (self.px(4), -self.px(4)) } else { (0, 0) };
        let at = Point::new(self.x(*index) + aside.0, self.top + self.pitch.1 * row + aside.1);
        let size = self.px(12).min(h * 6 / 10);
        let words = fit(&shorten(&cell.text, LABEL), Typeface::Mono, size, w - PX);
        let middle = Point::new(w / 2, h / 2 + size * 36 / 100);
        let parts = vec![
            Item::rect("body", (0, 0, w, h), self.px(4)),
            Item::text("name", middle, (Typeface::Mono, size, Anchor::Middle), words),
            Item::line("strike", Point::new(0, h), Point::new(w, 0)),
        ];
        let class = format!("entry ghost{}", EPOCHS[(cell.epoch % 8) as usize]);
        let key = format!("ghost-{}-{index}", node.id.0);
        let words = format!("{}, {index}: {}, epoch {}, cut off", node.name, cell.text, cell.epoch);
        out.push(Item::group(class, at, parts).key(key).title(words));
    }

    /// What the observer knows to be committed.
    fn chosen(&self, n: u64, out: &mut Vec<Item>) {
        if n + 1 < self.first || n > self.last {
            return;
        }
        let x = self.x(n + 1) - (self.pitch.0 - self.cell.0) / 2;
        let bottom = self.top + self.pitch.1 * self.rows;
        let line =
            Item::line("chosen-line", Point::new(x, self.top - self.px(4)), Point::new(x, bottom));
        out.push(line.key("chosen-line"));
        let words = format!("chosen up to {n}");
        let size = self.px(11);
        let half = width(&words, Typeface::Sans, size) / 2;
        let middle = x.bounded(half, (self.right - half).max(half));
        let at = Point::new(middle, bottom + self.px(13));
        out.push(
            Item::text("soft", at, (Typeface::Sans, size, Anchor::Middle), words)
                .key("chosen-words"),
        );
    }
}

const EPOCHS: [&str; 8] = [
    " epoch-0", " epoch-1", " epoch-2", " epoch-3", " epoch-4", " epoch-5", " epoch-6", " epoch-7",
];

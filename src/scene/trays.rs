//! What nodes keep in order, as seats in a row: queues, buffers, siblings.

use super::geometry::{PX, Point};
use super::text::{fit, shorten, width};
use super::{Anchor, Face, Item, Scene, Size, Target};
use crate::core::view::{Mark, NodeView, Tray, WorldView};

/// Heights of a tray, and of the room below a node's trays.
const TRAY: i32 = 36 * PX;
const GAP: i32 = 8 * PX;
/// Room for a node's name.
const NAMES: i32 = 28 * PX;
/// Longest words of a seat, in characters.
const WORDS: usize = 26;

fn nodes(view: &WorldView) -> impl Iterator<Item = &NodeView> {
    view.nodes.iter().filter(|n| !n.trays.is_empty()).take(9)
}

/// Does any node keep something in order?
pub fn any(view: &WorldView) -> bool {
    nodes(view).next().is_some()
}

/// The height that all trays need, 340 pixels wide.
pub fn height(view: &WorldView) -> i32 {
    let all: i32 = nodes(view).map(|n| n.trays.len() as i32 * TRAY + GAP).sum();
    all.max(152 * PX)
}

/// All trays, a node after the other.
pub fn scene(view: &WorldView, size: Size) -> Scene {
    let mut scene = Scene::new(size, "Queues");
    let told = nodes(view).flat_map(|n| n.trays.iter().map(move |t| tell(n, t)));
    scene.desc = told.collect::<Vec<_>>().join("; ");
    let scale = (i64::from(size.h) * 1000 / i64::from(height(view).max(1))).clamp(700, 1600) as i32;
    let px = |n: i32| n * scale / 1000;
    let mut y = 0;
    for node in nodes(view) {
        let style = (Face::MonoStrong, px(12 * PX), Anchor::Start);
        let at = Point::new(0, y + px(27 * PX));
        scene.items.push(
            Item::text("", at, style, fit(&node.name, Face::MonoStrong, px(12 * PX), px(NAMES)))
                .key(format!("tray-of-{}", node.id.0))
                .target(Target::Node(node.id)),
        );
        for (nth, tray) in node.trays.iter().enumerate() {
            let key = format!("tray-{}-{nth}", node.id.0);
            seats(tray, &key, (y, size.w, scale), &mut scene.items);
            y += px(TRAY);
        }
        y += px(GAP);
    }
    scene
}

fn tell(node: &NodeView, tray: &Tray) -> String {
    let seats: Vec<&str> = tray.seats.iter().map(|s| s.text.as_str()).collect();
    let seats = if seats.is_empty() { "empty".to_string() } else { seats.join(", ") };
    format!("{} {}: {seats}", node.name, tray.title)
}

fn seats(tray: &Tray, key: &str, (y, right, scale): (i32, i32, i32), out: &mut Vec<Item>) {
    let px = |n: i32| n * PX * scale / 1000;
    let (left, small, size) = (NAMES * scale / 1000, px(10), px(11));
    let title = fit(&tray.title, Face::Sans, small, right - left);
    let at = Point::new(left, y + px(10));
    out.push(
        Item::text("soft", at, (Face::Sans, small, Anchor::Start), title).key(format!("{key}-t")),
    );
    let mut x = left;
    let top = y + px(14);
    for (nth, seat) in tray.seats.iter().enumerate() {
        let more = format!("+{}", tray.seats.len() - nth);
        let words = shorten(&seat.text, WORDS);
        let wide = width(&words, Face::Mono, size) + px(10);
        let rest = nth + 1 < tray.seats.len();
        let room = right - if rest { width(&more, Face::Mono, size) + px(8) } else { 0 };
        if x + wide > room {
            let at = Point::new(x + px(2), top + px(12));
            let style = (Face::Mono, size, Anchor::Start);
            out.push(Item::text("soft", at, style, more).key(format!("{key}-more")));
            return;
        }
        let class = match seat.mark {
            Mark::Plain => "seat",
            Mark::Chosen => "seat chosen-seat",
            Mark::Waiting => "seat waiting",
            Mark::Stale => "seat stale",
        };
        let style = (Face::Mono, size, Anchor::Start);
        let parts = vec![
            Item::rect(class, (0, 0, wide, px(17)), px(3)),
            Item::text("", Point::new(px(5), px(12)), style, words),
        ];
        out.push(
            Item::group("", Point::new(x, top), parts)
                .key(format!("{key}-{nth}"))
                .title(seat.text.clone()),
        );
        x += wide + px(4);
    }
    if tray.seats.is_empty() {
        let line = (Point::new(left, top + px(8)), Point::new(left + px(24), top + px(8)));
        out.push(Item::line("seat-none", line.0, line.1).key(format!("{key}-none")));
    }
}

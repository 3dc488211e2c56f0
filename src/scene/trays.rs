//! What nodes keep in order, as seats in a row: queues, buffers, siblings.

use super::geometry::{Bounded, PX, Point};
use super::text::{fit, shorten, width};
use super::{Anchor, Drawing, Item, Size, Target, Typeface};
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
    nodes(view).map(high).sum::<i32>().max(152 * PX)
}

/// The height of a node's trays.
fn high(node: &NodeView) -> i32 {
    node.trays.len() as i32 * TRAY + GAP
}

/// All trays, a node after the other.
pub fn scene(view: &WorldView, size: Size) -> Drawing {
    let mut scene = Drawing::new(size, "Queues");
    let told = nodes(view).flat_map(|n| n.trays.iter().map(move |t| tell(n, t)));
    scene.desc = told.collect::<Vec<_>>().join("; ");
    // Where one column would have to be small, there are two.
    let (whole, half) = (height(view), nodes(view).map(high).sum::<i32>() / 2);
    let two = size.h < whole * 8 / 10;
    let mut first = 0;
    let lefts = nodes(view).take_while(|n| {
        first += high(n);
        first - high(n) / 2 <= half
    });
    let lefts = if two { lefts.count() } else { usize::MAX };
    let tall =
        |from: usize, to: usize| nodes(view).skip(from).take(to).map(high).sum::<i32>().max(1);
    let need = if two { tall(0, lefts).max(tall(lefts, usize::MAX)) } else { whole.max(1) };
    let scale = (i64::from(size.h) * 1000 / i64::from(need))
        .bounded(700, if two { 1000 } else { 1600 }) as i32;
    let px = |n: i32| n * scale / 1000;
    let wide = if two { (size.w - px(GAP)) / 2 } else { size.w };
    let (mut x, mut y) = (0, 0);
    for (i, node) in nodes(view).enumerate() {
        if i == lefts {
            (x, y) = (size.w - wide, 0);
        }
        let style = (Typeface::MonoStrong, px(12 * PX), Anchor::Start);
        let at = Point::new(x, y + px(27 * PX));
        scene.items.push(
            Item::text(
                "",
                at,
                style,
                fit(&node.name, Typeface::MonoStrong, px(12 * PX), px(NAMES)),
            )
            .key(format!("tray-of-{}", node.id.0))
            .target(Target::Node(node.id)),
        );
        for (nth, tray) in node.trays.iter().enumerate() {
            let key = format!("tray-{}-{nth}", node.id.0);
            seats(tray, &key, (Point::new(x, y), x + wide, scale), &mut scene.items);
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

fn seats(tray: &Tray, key: &str, (at, right, scale): (Point, i32, i32), out: &mut Vec<Item>) {
    let px = |n: i32| n * PX * scale / 1000;
    let (y, left, small, size) = (at.y, at.x + NAMES * scale / 1000, px(10), px(11));
    let title = fit(&tray.title, Typeface::Sans, small, right - left);
    let at = Point::new(left, y + px(10));
    out.push(
        Item::text("soft", at, (Typeface::Sans, small, Anchor::Start), title)
            .key(format!("{key}-t")),
    );
    let mut x = left;
    let top = y + px(14);
    for (nth, seat) in tray.seats.iter().enumerate() {
        let more = format!("+{}", tray.seats.len() - nth);
        let words = shorten(&seat.text, WORDS);
        let wide = width(&words, Typeface::Mono, size) + px(10);
        let rest = nth + 1 < tray.seats.len();
        let room = right - if rest { width(&more, Typeface::Mono, size) + px(8) } else { 0 };
        if x + wide > room {
            let at = Point::new(x + px(2), top + px(12));
            let style = (Typeface::Mono, size, Anchor::Start);
            out.push(Item::text("soft", at, style, more).key(format!("{key}-more")));
            return;
        }
        let class = match seat.mark {
            Mark::Plain => "seat",
            Mark::Chosen => "seat chosen-seat",
            Mark::Waiting => "seat waiting",
            Mark::Stale => "seat stale",
        };
        let style = (Typeface::Mono, size, Anchor::Start);
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

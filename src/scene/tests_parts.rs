//! What stands still, what moves and what settles are the whole picture; crowds stay small.

use super::index::Index;
use super::space_time::SpaceTime;
use super::stage::Stage;
use super::tests::{LAYOUTS, every, many};
use super::timeline::Timeline;
use super::{Drawing, Item, PicturePart, Shape, Size, fixture, log_strip};
use crate::core::ids::{MsgId, NodeId};
use crate::core::view::{Cell, Layout, LinkView, NodeShape, WorldView};
use std::sync::Arc;

#[test]
fn the_parts_of_a_picture_are_the_whole() {
    let (trace, now) = (fixture::trace(), fixture::NOW);
    let index = Index::of(&trace);
    let lanes = fixture::lanes();
    for view in [fixture::view(), fixture::troubled()] {
        let check = |name: &str, draw: &dyn Fn(PicturePart, u64) -> Drawing| {
            let shapes = |part, now| {
                let scene = draw(part, now);
                // What is not seen: places to point at, and free discs.
                let seen = |i: &&Item| {
                    !matches!(i.shape, Shape::Group { .. })
                        && i.class != "hit"
                        && i.class != "erase"
                };
                let kept = every(&scene).into_iter().filter(seen);
                let mut kept: Vec<String> = kept.map(|i| format!("{:?}", i.shape)).collect();
                kept.sort();
                kept
            };
            for later in [now, now + 3_333, now + 11_000] {
                let fixed = shapes(PicturePart::Fixed, later);
                assert_eq!(
                    fixed,
                    shapes(PicturePart::Fixed, now),
                    "{name}: what stands still moves"
                );
                assert_eq!(
                    shapes(PicturePart::Settled, later),
                    shapes(PicturePart::Settled, now),
                    "{name}"
                );
                let mut both = shapes(PicturePart::Moving, later);
                both.extend(fixed);
                both.extend(shapes(PicturePart::Settled, now));
                both.sort();
                assert_eq!(both, shapes(PicturePart::All, later), "{name}");
            }
        };
        for layout in LAYOUTS {
            check("stage", &|part, now| {
                let mut stage = Stage::new(&view, layout, Size::px(822, 470));
                (stage.trace, stage.selected, stage.part) = (Some(&trace), Some(40), part);
                stage.scene(now)
            });
        }
        check("space-time diagram", &|part, now| {
            let window = (850_000, 1_700_000);
            let mut time = SpaceTime::new(&view, &trace, &index, window, Size::px(822, 286));
            (time.selected, time.part) = (Some(40), part);
            time.scene(now)
        });
        // What settles grows by what each step adds.
        let (size, window) = (Size::px(822, 286), (850_000, 1_700_000));
        let settled = |since: u64, step: u64| {
            let view = WorldView { step, ..view.clone() };
            let mut time = SpaceTime::new(&view, &trace, &index, window, size);
            (time.part, time.since) = (PicturePart::Settled, since);
            let scene = time.scene(now);
            let mut shapes: Vec<String> =
                every(&scene).iter().map(|i| format!("{:?}", i.shape)).collect();
            shapes.sort();
            shapes
        };
        let (half, last) = (view.step / 2, view.step);
        let mut grown = settled(0, half);
        grown.extend(settled(half, last));
        grown.sort();
        assert_eq!(grown, settled(0, last));
        check("timeline", &|part, now| {
            let (size, broken) = (Size::px(900, 50), &[] as &[_]);
            let (current, end) = (1, 2_400_000);
            Timeline { lanes: &lanes, current, end, index: &index, broken, size, part }.scene(now)
        });
    }
}

/// Twenty-five servers and as many messages as wanted.
fn crowd(messages: usize) -> WorldView {
    let mut view = many(25, 0);
    let model = fixture::view().messages[0].clone();
    view.messages = (0..messages)
        .map(|i| {
            let mut m = model.clone();
            let from = NodeId((i % 25) as u16);
            let to = NodeId(((i * 7 + 1 + i % 25) % 25) as u16);
            m.id = MsgId { from, to, nth: i as u32 };
            m
        })
        .filter(|m| m.id.from != m.id.to)
        .collect();
    view
}

#[test]
fn messages_cost_no_elements_while_time_runs() {
    let elements = |view: &WorldView, part| {
        let mut stage = Stage::new(view, Layout::Circle, Size::px(822, 470));
        stage.part = part;
        stage.scene(fixture::NOW).count()
    };
    let (busy, quiet) = (crowd(160), crowd(0));
    assert!(busy.messages.len() >= 150, "{}", busy.messages.len());
    let fixed = elements(&busy, PicturePart::Fixed);
    assert_eq!(fixed, elements(&quiet, PicturePart::Fixed));
    assert!(fixed <= 25 * 9, "{fixed} elements");
    // Each a group with its outline, and a trail; the dials of the servers.
    let moving = elements(&busy, PicturePart::Moving);
    assert!(moving <= 150 * 5 + 25 * 4, "{moving} shapes");
}

#[test]
fn a_cut_one_way_is_a_wall_with_gates() {
    let mut view = fixture::view();
    view.groups = None;
    let servers: Vec<NodeId> =
        view.nodes.iter().filter(|n| n.shape == NodeShape::Server).map(|n| n.id).collect();
    let (deaf, heard) = servers.split_at(2);
    let cut = |from: &NodeId, to: &NodeId| LinkView {
        from: *from,
        to: *to,
        cut: true,
        loss: 0,
        delay: 0,
    };
    view.links = deaf.iter().flat_map(|a| heard.iter().map(move |b| cut(a, b))).collect();
    let stage = Stage::new(&view, Layout::Circle, Size::px(822, 470));
    let scene = stage.scene(fixture::NOW);
    let count = |class: &str| every(&scene).iter().filter(|i| i.class == class).count();
    assert_eq!((count("wall-band"), count("pass-mark"), count("cut-mark")), (1, 3, 0));
    assert!(scene.desc.contains("S1 S2 to S3 S4 S5, open the other way"), "{}", scene.desc);
    // One link more is no wall any longer: each cut is marked by itself.
    view.links.push(cut(&heard[0], &deaf[0]));
    let scene = Stage::new(&view, Layout::Circle, Size::px(822, 470)).scene(fixture::NOW);
    let count = |class: &str| every(&scene).iter().filter(|i| i.class == class).count();
    assert_eq!((count("wall-band"), count("cut-mark")), (0, 6));
}

#[test]
fn removed_entries_fade_from_the_log() {
    let before = fixture::long_log();
    let mut after = before.clone();
    (after.step, after.now) = (before.step + 1, before.now + 100);
    let log = Arc::make_mut(after.nodes[2].log.as_mut().expect("a log"));
    // The last two are cut off, and another is written in the place of the first of them.
    log.cells.truncate(log.cells.len() - 2);
    let index = log.first + log.cells.len() as u64;
    log.cells.push(Cell { text: "new".into(), epoch: 99 });
    // A snapshot takes in two of another replica's.
    let other = Arc::make_mut(after.nodes[0].log.as_mut().expect("a log"));
    other.cells.drain(..2);
    other.first += 2;
    let mut ghosts = Vec::new();
    log_strip::haunt(&mut ghosts, &before, &after);
    let keys = |ghosts: &[log_strip::Ghost], view| -> Vec<String> {
        let scene = log_strip::scene(view, None, ghosts, Size::px(900, 250));
        scene.items.into_iter().map(|i| i.key).filter(|k| k.starts_with("ghost-")).collect()
    };
    let node = after.nodes[2].id.0;
    let both = [format!("ghost-{node}-{index}"), format!("ghost-{node}-{}", index + 1)];
    assert_eq!(keys(&ghosts, &after), both);
    let mut later = after.clone();
    (later.step, later.now) = (after.step + 1, after.now + 60_000);
    log_strip::haunt(&mut ghosts, &after, &later);
    assert!(keys(&ghosts, &later).is_empty());
    log_strip::haunt(&mut ghosts, &after, &before);
    assert!(ghosts.is_empty(), "going back calls no ghosts");
}

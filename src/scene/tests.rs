//! What holds for every picture.

use super::history::HistoryPicture;
use super::index::Index;
use super::poster::Poster;
use super::space_time::{SpaceTime, Spacing};
use super::stage::Stage;
use super::style::{self, Theme};
use super::timeline::Timeline;
use super::{Drawing, Item, PicturePart, Point, Shape, Size, Target};
use super::{fixture, log_strip, matrix, svg_text};
use crate::core::ids::NodeId;
use crate::core::sorted::SortedSet;
use crate::core::view::{Layout, Lens, Status, WorldView};
use expect_test::expect_file;

const SIZES: [(i32, i32); 5] = [(822, 470), (470, 470), (360, 300), (1000, 900), (280, 200)];
pub const LAYOUTS: [Layout; 3] = [Layout::Circle, Layout::Row, Layout::TwoSites];

/// As many servers as wanted, all like the first.
pub fn many(n: u16, clients: u16) -> WorldView {
    let mut v = fixture::view();
    let (server, client) = (v.nodes[1].clone(), v.nodes[5].clone());
    v.nodes = (0..n + clients)
        .map(|i| {
            let mut node = if i < n { server.clone() } else { client.clone() };
            node.id = NodeId(i);
            node.name = format!("S{}", i + 1).into();
            node
        })
        .collect();
    (v.groups, v.links, v.messages) = (None, Vec::new(), Vec::new());
    v
}

fn walk<'a>(items: &'a [Item], seen: &mut Vec<&'a Item>) {
    for i in items {
        seen.push(i);
        if let Shape::Group { items, .. } = &i.shape {
            walk(items, seen);
        }
    }
}

pub fn every(scene: &Drawing) -> Vec<&Item> {
    let mut seen = Vec::new();
    walk(&scene.items, &mut seen);
    seen
}

/// Every kind of picture of the hand-made worlds.
fn pictures() -> Vec<Drawing> {
    let (trace, now) = (fixture::trace(), fixture::NOW);
    let index = Index::of(&trace);
    let lanes = fixture::lanes();
    let mut out = Vec::new();
    for view in
        [fixture::view(), fixture::troubled(), fixture::long_log(), many(30, 6), many(100, 0)]
    {
        for layout in LAYOUTS {
            for (w, h) in SIZES {
                let mut stage = Stage::new(&view, layout, Size::px(w, h));
                (stage.trace, stage.selected) = (Some(&trace), Some(40));
                out.push(stage.scene(now));
            }
        }
        for spacing in [Spacing::Real, Spacing::Causal] {
            let size = Size::px(822, 286);
            let mut time = SpaceTime::new(&view, &trace, &index, (850_000, 1_700_000), size);
            (time.spacing, time.selected) = (spacing, Some(40));
            out.push(time.scene(now));
        }
        out.push(log_strip::scene(&view, None, &[], Size::px(340, 250)));
        out.push(matrix::scene(&view, Size::px(120, 120)));
        out.push(history(&view, &trace, &index).scene(now));
    }
    let broken = [(60, 1_300_000, "Election Safety".to_string())];
    let (size, broken) = (Size::px(900, 50), &broken[..]);
    let line = Timeline {
        lanes: &lanes,
        current: 1,
        end: 2_400_000,
        index: &index,
        broken,
        size,
        part: PicturePart::All,
    };
    out.push(line.scene(now));
    out
}

fn history<'a>(
    view: &'a WorldView,
    trace: &'a crate::core::trace::Trace,
    index: &'a Index,
) -> HistoryPicture<'a> {
    HistoryPicture {
        view,
        trace,
        index,
        calls: fixture::CALLS,
        window: (850_000, 1_620_000),
        size: Size::px(340, 80),
        full: true,
        points: &[],
        core: &[],
    }
}

#[test]
fn keys_are_unique_within_a_picture() {
    for scene in pictures() {
        let mut known = SortedSet::new();
        for i in every(&scene).iter().filter(|i| !i.key.is_empty()) {
            assert!(known.insert(&i.key), "{} twice in {}", i.key, scene.title);
        }
    }
}

#[test]
fn every_class_has_a_rule() {
    let css = include_str!("../../www/scene.css");
    let words = css.split(|c: char| !(c.is_alphanumeric() || c == '-'));
    let known: SortedSet<&str> = words.collect();
    // These say what a thing is; they need no rule of their own.
    let plain =
        ["node", "no-epoch", "wall", "slow", "paused", "name", "docked", "doomed", "chip-text"];
    let mut missing = SortedSet::new();
    for scene in pictures() {
        for class in every(&scene).iter().flat_map(|i| i.class.split_whitespace()) {
            if !plain.contains(&class) && !known.contains(class) {
                missing.insert(class.to_string());
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_stays_within_the_frame() {
    for scene in pictures() {
        for i in &scene.items {
            let (x, y) = match &i.shape {
                Shape::Circle { x, y, .. } | Shape::Text { x, y, .. } => (*x, *y),
                Shape::Group { at, .. } => (at.x, at.y),
                _ => continue,
            };
            let Size { w, h } = scene.size;
            let inside = (0..=w).contains(&x) && (0..=h).contains(&y);
            assert!(inside, "{} {w} x {h}: {} at {x} {y}", scene.title, i.key);
        }
    }
}

#[test]
fn nodes_never_overlap_and_never_move() {
    for n in [1, 2, 3, 4, 5, 7, 9, 12, 30, 60, 100] {
        for layout in [Layout::Circle] {
            for (w, h) in SIZES {
                let view = many(n, 2);
                let plan = super::place::Plan::new(&view, layout, Size::px(w, h));
                let servers = &plan.at[..usize::from(n)];
                for (i, p) in servers.iter().enumerate() {
                    for q in &servers[..i] {
                        let apart = p.minus(*q).length();
                        assert!(apart >= plan.unit, "{n} nodes at {w} x {h}: {apart}");
                    }
                }
                let mut later = view.clone();
                for node in &mut later.nodes {
                    node.status = Status::Crashed;
                    std::sync::Arc::make_mut(&mut node.look).badge = "another term".into();
                }
                assert_eq!(plan, super::place::Plan::new(&later, layout, Size::px(w, h)));
            }
        }
    }
}

/// While a partition stands each node is on its side of the picture, with room between neighbours.
#[test]
fn the_sides_of_a_partition_stand_apart() {
    for (w, h) in [(822, 470), (360, 300), (250, 180), (300, 600)] {
        let mut view = fixture::view();
        let sides = [[0, 2, 5].as_slice(), &[1, 3, 4, 6]];
        view.groups = Some(sides.iter().map(|s| fixture::set(s)).collect());
        let plan = super::place::Plan::new(&view, Layout::Circle, Size::px(w, h));
        let along = |n: &u16| {
            let at = plan.at[usize::from(*n)];
            if h > w { at.y } else { at.x }
        };
        let middle = Size::px(w, h).w.max(Size::px(w, h).h) / 2;
        assert!(sides[0].iter().all(|n| along(n) < middle), "{w} x {h}: {:?}", plan.at);
        assert!(sides[1].iter().all(|n| along(n) > middle), "{w} x {h}: {:?}", plan.at);
        for (i, p) in plan.at.iter().enumerate() {
            let inside = p.x >= 0 && p.y >= 0 && p.x <= plan.size.w && p.y <= plan.size.h;
            assert!(inside, "{w} x {h}: node {i} at {p:?}");
            for q in &plan.at[..i] {
                let apart = p.minus(*q).length();
                assert!(apart >= plan.client + plan.unit / 2, "{w} x {h}: {apart} at {p:?}");
            }
        }
    }
}

#[test]
fn a_wall_stands_only_where_one_line_separates() {
    let has_wall = |view: &WorldView| {
        let scene = Stage::new(view, Layout::Circle, Size::px(822, 470)).scene(view.now);
        scene.items.iter().any(|i| i.target == Some(Target::Wall))
    };
    let mut view = fixture::view();
    assert!(has_wall(&view));
    // Every second node of the circle: the sides stand apart, so that a line does that.
    view.groups = Some(vec![fixture::set(&[0, 2, 5]), fixture::set(&[1, 3, 4, 6])]);
    assert!(has_wall(&view));
    // Of a crowd nobody moves, and no line does that.
    let mut crowd = many(12, 0);
    let side = |odd: u16| (0..12).filter(|n| n % 2 == odd).map(NodeId).collect();
    crowd.groups = Some(vec![side(0), side(1)]);
    assert!(!has_wall(&crowd));
    view.groups =
        Some(vec![fixture::set(&[0]), fixture::set(&[1]), fixture::set(&[2, 3, 4, 5, 6])]);
    assert!(!has_wall(&view));
    view.groups = None;
    assert!(!has_wall(&view));
}

#[test]
fn a_click_finds_what_is_there() {
    let view = fixture::view();
    let stage = Stage::new(&view, Layout::Circle, Size::px(822, 470));
    let scene = stage.scene(view.now);
    let plan = super::place::Plan::new(&view, Layout::Circle, stage.size);
    for m in scene.items.iter().filter(|i| matches!(i.target, Some(Target::Message(_)))) {
        let Shape::Group { at, .. } = &m.shape else { panic!("a message is a group") };
        assert_eq!(scene.hit(*at, 0), m.target.as_ref());
    }
    for (i, p) in plan.at.iter().enumerate() {
        assert_eq!(scene.hit(*p, 0), Some(&Target::Node(NodeId(i as u16))));
    }
    assert_eq!(scene.hit(Point::new(10, 10), 20), None);
}

#[test]
fn long_runs_are_drawn_in_few_shapes() {
    let (trace, view) = long_run(100_000);
    let index = Index::of(&trace);
    let end = trace.events.last().expect("a long run").at;
    let count = |window| {
        let mut time = SpaceTime::new(&view, &trace, &index, window, Size::px(822, 286));
        time.selected = Some(50_000);
        time.scene(end).count()
    };
    let (all, some) = (count((0, end)), count((end / 2, end / 2 + 100_000)));
    assert!(all < 200, "{all}");
    assert!(some < 1_500 && some > 50, "{some}");
}

#[test]
fn an_index_that_grows_is_the_index_of_the_whole() {
    let trace = fixture::trace();
    let mut grown = Index::default();
    for step in 1..=trace.len() {
        grown.extend(&trace.prefix(step));
    }
    assert_eq!(format!("{grown:?}"), format!("{:?}", Index::of(&trace)));
    let (mut sliced, mut slices) = (Index::default(), 1);
    while !sliced.extend_by(&trace, 5) {
        slices += 1;
    }
    assert!(slices > 5, "{slices} slices");
    assert_eq!(format!("{sliced:?}"), format!("{:?}", Index::of(&trace)));
    grown.extend(&trace.prefix(3));
    assert_eq!(format!("{grown:?}"), format!("{:?}", Index::of(&trace.prefix(3))));
    let found: Vec<_> =
        Index::of(&trace).messages_in(&trace, 1_200_000, 1_210_000).map(|p| p.id).collect();
    let plain = trace.messages.iter().filter(|p| {
        let end = match p.fate {
            crate::core::trace::Fate::Flying => u64::MAX,
            crate::core::trace::Fate::Received { at, .. }
            | crate::core::trace::Fate::Lost { at, .. } => at,
        };
        p.sent_at <= 1_210_000 && end >= 1_200_000
    });
    assert_eq!(found, plain.map(|p| p.id).collect::<Vec<_>>());
    assert!(!found.is_empty());
}

/// Five nodes that send each other messages for a long time.
pub fn long_run(events: u64) -> (crate::core::trace::Trace, WorldView) {
    use crate::core::view::{Family, What};
    let mut r = fixture::Recorder::new(7);
    let mut at = 0;
    let mut nth = 0u16;
    while r.trace.len() < events {
        while let Some((t, id, _)) = r.due(at) {
            r.event(t, Some(id.to.0), What::Receive(id), &[], &[], vec![]);
        }
        let from = nth % 5;
        let look = fixture::look("AppendEntries", Family::Replicate, false);
        let sent =
            [((from + 1) % 5, look.clone(), 12_345, None), ((from + 2) % 5, look, 9_876, None)];
        let what = What::Timer { code: 0, name: "heartbeat" };
        r.event(at, Some(from), what, &[], &sent, vec![]);
        nth = (nth + 1) % 5;
        at += 2_500;
    }
    let mut view = fixture::view();
    view.step = r.trace.len();
    view.now = r.trace.events.last().map_or(0, |e| e.at);
    view.messages.clear();
    (r.trace, view)
}

#[test]
fn golden_pictures() {
    let (trace, view, now) = (fixture::trace(), fixture::view(), fixture::NOW);
    let index = Index::of(&trace);
    let golden = |name: &str, scene: &Drawing| {
        let path = format!("{}/tests/golden/scene/{name}.svg", env!("CARGO_MANIFEST_DIR"));
        expect_file![path].assert_eq(&svg_text::bare(scene));
    };
    let mut stage = Stage::new(&view, Layout::Circle, Size::px(470, 470));
    stage.trace = Some(&trace);
    golden("stage", &stage.scene(now));
    let troubled = fixture::troubled();
    golden("trouble", &Stage::new(&troubled, Layout::Row, Size::px(822, 470)).scene(now));
    let mut time = SpaceTime::new(&view, &trace, &index, (850_000, 1_700_000), Size::px(822, 286));
    time.selected = trace.events.iter().find(|e| e.notes.contains(&"BecomeLeader")).map(|e| e.step);
    golden("space-time", &time.scene(now));
    golden("log", &log_strip::scene(&fixture::long_log(), None, &[], Size::px(340, 250)));
    golden("history", &history(&view, &trace, &index).scene(now));
    golden("matrix", &matrix::scene(&view, Size::px(120, 120)));
    let poster = Poster {
        title: "Five servers, one cut",
        view: &view,
        trace: &trace,
        layout: Layout::Circle,
        lenses: &[Lens::Log, Lens::History],
        calls: fixture::CALLS,
        selected: time.selected,
        span: 700_000,
    };
    golden("poster", &poster.scene());
}

#[test]
fn a_picture_alone_names_no_token() {
    let svg = svg_text::standalone(&fixture_stage(), Theme::Light);
    assert!(!svg.contains("var(--"), "{}", &svg[svg.find("var(--").unwrap_or(0)..][..60]);
    assert!(svg.contains("#fbfaf7") && svg.contains("IBM Plex Mono"));
    let dark = svg_text::standalone(&fixture_stage(), Theme::Dark);
    assert!(dark.contains("#14181c") && !dark.contains("#fbfaf7"));
}

pub fn fixture_stage() -> Drawing {
    Stage::new(&fixture::view(), Layout::Circle, Size::px(470, 470)).scene(fixture::NOW)
}

#[test]
fn every_pair_in_use_has_contrast() {
    let css = include_str!("../../www/tokens.css");
    let mut bad = Vec::new();
    for theme in [Theme::Light, Theme::Dark, Theme::LightStrong, Theme::DarkStrong] {
        let all = style::tokens(css, theme);
        let mut pair = |fore: &str, back: &str, least: f64| {
            let ratio = contrast(&all[fore], &all[back]);
            if ratio < least {
                bad.push(format!("{theme:?}: {fore} on {back} is {ratio:.2}, not {least}"));
            }
        };
        let text = 4.5;
        for (fore, back) in [
            ("ink", "paper"),
            ("soft", "paper"),
            ("paper", "ink"),
            ("ink", "wall-fill"),
            ("soft", "wall-fill"),
            ("violated", "paper"),
            ("holds", "paper"),
            ("unknown", "paper"),
            ("past", "paper"),
            ("future", "paper"),
            ("ink", "op-ok"),
            ("ink", "op-unknown"),
            ("ink", "op-failed"),
        ] {
            pair(fore, back, text);
        }
        let mark = 3.0;
        for (fore, back) in [
            ("control", "paper"),
            ("focus", "paper"),
            ("wall", "paper"),
            ("wall", "wall-fill"),
            ("past", "wall-fill"),
            ("future", "wall-fill"),
            ("violated", "wall-fill"),
            ("concurrent", "paper"),
            ("concurrent", "wall-fill"),
            ("message-append", "paper"),
            ("message-vote", "paper"),
            ("message-ack", "paper"),
            ("identity-4", "paper"),
            ("identity-7", "paper"),
            ("unknown", "op-unknown"),
        ] {
            pair(fore, back, mark);
        }
        for n in 1..=8 {
            let (fill, line) = (format!("epoch-{n}-fill"), format!("epoch-{n}-line"));
            pair("ink", &fill, text);
            pair(&line, "paper", mark);
            pair(&line, &fill, mark);
        }
    }
    assert!(bad.is_empty(), "\n{}", bad.join("\n"));
}

/// WCAG 2.2 contrast ratio of two colours.
fn contrast(a: &str, b: &str) -> f64 {
    let (x, y) = (luminance(a), luminance(b));
    (x.max(y) + 0.05) / (x.min(y) + 0.05)
}

fn luminance(hex: &str) -> f64 {
    let part = |i: usize| {
        let byte = u8::from_str_radix(&hex[i..i + 2], 16).expect("a colour like #1c2126");
        let c = f64::from(byte) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

#[test]
#[ignore = "measures time; run with --profile fast"]
fn speed() {
    let (trace, now) = (fixture::trace(), fixture::NOW);
    let view = fixture::view();
    let mut stage = Stage::new(&view, Layout::Circle, Size::px(822, 470));
    stage.trace = Some(&trace);
    let time = |name: &str, n: u32, f: &mut dyn FnMut() -> usize| {
        // The best of many: the machine has other work.
        let mut best = std::time::Duration::MAX;
        let mut shapes = 0;
        for _ in 0..n {
            let start = std::time::Instant::now();
            shapes = f();
            best = best.min(start.elapsed());
        }
        println!("{name}: {best:?} each, {shapes} shapes");
    };
    time("stage, 5 nodes", 2000, &mut || stage.scene(now).count());
    stage.part = PicturePart::Moving;
    time("stage, what moves", 2000, &mut || stage.scene(now).count());
    let (trace, view) = long_run(100_000);
    time("index of 100,000 events", 5, &mut || Index::of(&trace).spans.len());
    let index = Index::of(&trace);
    let end = view.now;
    for (name, window) in [("whole run", (0, end)), ("0.1 s", (end / 2, end / 2 + 100_000))] {
        let mut diagram = SpaceTime::new(&view, &trace, &index, window, Size::px(822, 286));
        diagram.selected = Some(50_000);
        time(&format!("space-time, {name}"), 20, &mut || diagram.scene(end).count());
        diagram.part = PicturePart::Fixed;
        time(&format!("space-time, what stands still, {name}"), 20, &mut || {
            diagram.scene(end).count()
        });
    }
}

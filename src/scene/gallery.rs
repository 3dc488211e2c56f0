//! Pictures to look at: `cargo test --lib scene::gallery -- --ignored` writes them to
//! `target/gallery`, light and dark.

use super::index::Index;
use super::space_time::{SpaceTime, Spacing};
use super::stage::Stage;
use super::style::Theme;
use super::{
    Drawing, Size, fixture, history::HistoryPicture, log_strip, matrix, svg_text, timeline,
};
use crate::core::view::Layout;
use std::path::Path;

fn write(name: &str, scene: &Drawing) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/gallery");
    std::fs::create_dir_all(&dir).expect("a folder for pictures");
    for (theme, tail) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        let path = dir.join(format!("{name}-{tail}.svg"));
        std::fs::write(path, svg_text::standalone(scene, theme)).expect("a picture");
    }
}

#[test]
#[ignore = "writes pictures for people"]
fn pictures() {
    let (view, trace, troubled) = (fixture::view(), fixture::trace(), fixture::troubled());
    let now = fixture::NOW;
    for (name, w, h) in
        [("stage", 470, 470), ("wide", 822, 470), ("narrow", 360, 300), ("big", 1000, 900)]
    {
        let mut stage = Stage::new(&view, Layout::Circle, Size::px(w, h));
        stage.trace = Some(&trace);
        write(name, &stage.scene(now));
    }
    for (name, layout) in
        [("trouble", Layout::Circle), ("row", Layout::Row), ("sites", Layout::TwoSites)]
    {
        write(name, &Stage::new(&troubled, layout, Size::px(822, 470)).scene(now));
    }
    let index = Index::of(&trace);
    let leader = trace.events.iter().find(|e| e.notes.contains(&"BecomeLeader")).map(|e| e.step);
    for (name, w, h, spacing, selected) in [
        ("time", 822, 286, Spacing::Real, leader),
        ("time-plain", 822, 286, Spacing::Real, None),
        ("time-causal", 822, 286, Spacing::Causal, leader),
        ("time-narrow", 360, 260, Spacing::Real, leader),
        ("time-big", 1000, 360, Spacing::Real, leader),
    ] {
        let mut time = SpaceTime::new(&view, &trace, &index, (850_000, 1_760_000), Size::px(w, h));
        (time.spacing, time.selected) = (spacing, selected);
        write(name, &time.scene(now));
    }
    write("log", &log_strip::scene(&view, None, &[], Size::px(340, 250)));
    write("log-trouble", &log_strip::scene(&fixture::long_log(), None, &[], Size::px(340, 250)));
    write("matrix", &matrix::scene(&view, Size::px(120, 120)));
    let history = HistoryPicture {
        view: &view,
        trace: &trace,
        index: &index,
        calls: fixture::CALLS,
        window: (850_000, 1_620_000),
        size: Size::px(340, 80),
        full: true,
        points: &[],
        core: &[],
    };
    write("history", &history.scene(now));
    let lanes = fixture::lanes();
    let line = timeline::Timeline {
        lanes: &lanes,
        current: 0,
        end: 2_400_000,
        index: &index,
        broken: &[(60, 1_300_000, "Election Safety".into())],
        size: Size::px(1120, 50),
        part: Default::default(),
    };
    write("timeline", &line.scene(now));
}

#[test]
#[ignore = "writes pictures for people"]
fn posters() {
    let (view, trace) = (fixture::view(), fixture::trace());
    let poster = super::poster::Poster {
        title: "Five servers, one cut",
        view: &view,
        trace: &trace,
        layout: Layout::Circle,
        lenses: &[crate::core::view::Lens::Log, crate::core::view::Lens::History],
        calls: fixture::CALLS,
        selected: trace.events.iter().find(|e| e.notes.contains(&"BecomeLeader")).map(|e| e.step),
        span: 700_000,
    };
    write("poster", &poster.scene());
}

#[test]
#[ignore = "writes pictures for people"]
fn crowds_and_shapes() {
    for (name, n, clients, w, h) in
        [("nine", 9, 3, 470, 470), ("twelve", 12, 6, 600, 470), ("hundred", 100, 0, 470, 470)]
    {
        let mut view = super::tests::many(n, clients);
        view.messages = fixture::families(n);
        write(name, &Stage::new(&view, Layout::Circle, Size::px(w, h)).scene(fixture::NOW));
    }
    let mut view = super::tests::many(5, 0);
    use crate::core::view::NodeShape::{Client, General, Router, Server, Service};
    for (node, shape) in view.nodes.iter_mut().zip([Server, Service, Router, General, Client]) {
        node.shape = shape;
        let look = std::sync::Arc::make_mut(&mut node.look);
        look.epoch = Some(u64::from(node.id.0) + 4);
        look.border = crate::core::view::Border::Double;
    }
    view.messages = fixture::families(5);
    write("shapes", &Stage::new(&view, Layout::Circle, Size::px(470, 470)).scene(fixture::NOW));
}

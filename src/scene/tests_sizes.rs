//! Every picture of every scene holds at every size and at every moment: windows are dragged to a
//! pixel, and before the first layout all sizes are 0.

use super::history::HistoryPicture;
use super::index::Index;
use super::poster::Poster;
use super::space_time::{SpaceTime, Spacing};
use super::stage::Stage;
use super::stroke::Stroke;
use super::timeline::{BranchLane, Timeline};
use super::{
    Drawing, FAR, Item, PicturePart, Point, Shape, Size, Target, board, convergence, execution,
    key_ruler, log_strip, matrix, overview, plane, record, ring, ruler, trays, window,
};
use crate::algo::clocks::overlay::{ClockKind, Overlay};
use crate::check::plane::Figures;
use crate::core::action::{Action, CrashMode};
use crate::core::config::Setup;
use crate::core::ids::{NodeId, NodeSet};
use crate::core::session::Session;
use crate::core::view::Lens;
use crate::protocols::{CATALOG, Info, Scene};
use crate::share::board::Board;
use crate::share::import::shiviz;
use proptest::prelude::*;

/// Sizes that windows have been seen to have, in pixels, and some that none has.
const SIZES: [(i32, i32); 13] = [
    (0, 0),
    (1, 1),
    (1, 300),
    (320, 1),
    (0, 300),
    (320, 0),
    (19, 23),
    (60, 60),
    (300, 300),
    (822, 20),
    (1440, 900),
    (7_680, 4_320),
    (100_000, 100_000),
];
const PLACES: [i32; 7] = [-FAR, -700, 0, 1, 333, 9_000, FAR];

/// What went wrong where: all of it, since one picture that fails says little of the others.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn attempt(&mut self, what: &str, size: Size, draw: impl FnOnce()) {
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(draw));
        if let Err(why) = done {
            let said = why.downcast_ref::<String>().map(String::as_str);
            let said = said.or(why.downcast_ref::<&str>().copied()).unwrap_or("");
            self.0.push(format!("{what} at {} x {}: {said}", size.w, size.h));
        }
    }

    fn none(self) {
        let some = &self.0[..self.0.len().min(40)];
        assert!(some.is_empty(), "{} in all\n{}", self.0.len(), some.join("\n"));
    }
}

/// A run at a moment, as the page holds it.
struct Moment {
    scene: &'static Scene,
    info: Info,
    session: Session,
    index: Index,
    overlay: Option<Overlay>,
}

impl Moment {
    fn of(scene: &'static Scene, setup: &Setup, steps: u64, faults: bool) -> Moment {
        let mut session =
            Session::new(scene.build, setup.clone(), Vec::new()).expect("a preset opens");
        (0..steps).for_each(|_| _ = session.forward());
        if faults {
            let n = NodeId(0);
            let rest: NodeSet = session.view().nodes.iter().skip(1).map(|n| n.id).collect();
            let walls = Action::Partition(vec![NodeSet::one(n), rest]);
            let _ = session.act(walls);
            let _ = session.act(Action::Crash { node: n, mode: CrashMode::Process });
            (0..12).for_each(|_| _ = session.forward());
        }
        let info = scene.info_of(&setup.preset);
        let index = Index::of(session.trace());
        let overlay = ClockKind::of(info.lenses).map(|kind| {
            let start = Session::new(scene.build, setup.clone(), Vec::new()).expect("as above");
            let mut overlay = Overlay::new(kind, &start.view());
            overlay.extend(session.trace());
            overlay
        });
        Moment { scene, info, session, index, overlay }
    }

    /// Every picture that the page shows of it, and every place in them that it asks about.
    fn draw(&self, size: Size, window: window::TimeWindow, at: &[Point], faults: &mut Faults) {
        let (view, trace) = (self.session.view(), self.session.trace());
        let now = self.session.time();
        let picked = view.nodes.first().map(|n| n.id);
        let mut attempt = |what: &str, draw: &dyn Fn()| {
            faults.attempt(&format!("{}, {what}", self.scene.id), size, draw);
        };
        for part in [PicturePart::All, PicturePart::Fixed, PicturePart::Moving] {
            attempt("stage", &|| {
                let mut stage = Stage::new(&view, self.scene.layout, size);
                (stage.trace, stage.node, stage.part) = (Some(trace), picked, part);
                stage.selected = Some(view.step);
                let scene = stage.scene(now);
                if part == PicturePart::All {
                    strokes(&scene, &view, at);
                }
                check(&scene, at);
            });
        }
        for spacing in [Spacing::Real, Spacing::Causal] {
            for chips in [None, self.overlay.as_ref()] {
                attempt("diagram", &|| {
                    let mut time = SpaceTime::new(&view, trace, &self.index, window, size);
                    (time.spacing, time.chips) = (spacing, chips);
                    time.selected = Some(view.step / 2);
                    check(&time.scene(now), at);
                    at.iter().for_each(|p| _ = time.time_at(p.x));
                });
            }
        }
        attempt("clients", &|| {
            let history = HistoryPicture {
                view: &view,
                trace,
                index: &self.index,
                calls: self.info.calls,
                window,
                size,
                full: true,
                points: &[],
                core: &[],
            };
            check(&history.scene(now), at);
            at.iter().for_each(|p| _ = history.time_at(p.x));
        });
        let broken = [(1, now, "Safety".to_string())];
        let lane = |id, parent, from| BranchLane { id, parent, from, to: now, name: "x".into() };
        let lanes = [lane(0, 0, 0), lane(1, 0, now / 2), lane(2, 1, now)];
        let (lanes, broken, index) = (&lanes[..], &broken[..], &self.index);
        for part in [PicturePart::All, PicturePart::Fixed, PicturePart::Moving] {
            attempt("line", &|| {
                let line = Timeline { lanes, current: 1, end: now, index, broken, size, part };
                check(&line.scene(now), at);
                at.iter().for_each(|p| _ = line.time_at(p.x));
            });
        }
        attempt("logs", &|| check(&log_strip::scene(&view, picked, &[], size), at));
        attempt("matrix", &|| check(&matrix::scene(&view, size), at));
        attempt("trays", &|| check(&trays::scene(&view, size), at));
        attempt("clocks", &|| check(&ruler::scene(&view, now, size), at));
        attempt("keys", &|| match view.axis.is_some() {
            true => check(&key_ruler::scene(&view, picked, size), at),
            false => check(&ring::scene(&view, picked, size), at),
        });
        attempt("plane", &|| measured(size, at));
    }

    fn poster(&self) {
        let view = self.session.view();
        let poster = Poster {
            title: self.scene.title,
            view: &view,
            trace: self.session.trace(),
            layout: self.scene.layout,
            lenses: self.info.lenses,
            calls: self.info.calls,
            selected: Some(view.step),
            span: 1_000_000.min(view.now.max(1)),
        };
        assert!(poster.scene().count() > 0);
    }
}

/// What is measured of many runs.
fn measured(size: Size, at: &[Point]) {
    let live = Figures::default();
    let plane = plane::Plane {
        live: &live,
        mine: Some((2, 2)),
        cut: false,
        whole: &[],
        parted: &[],
        trail: &[Figures::default()],
        t: 1_000,
        size,
    };
    check(&plane.scene(), at);
    for times in [&[][..], &[40_000], &[1, 2, u64::MAX / 2]] {
        check(&convergence::scene(times, 3, size), at);
    }
}

/// No shape has a negative length, which browsers refuse; every place can be pointed at.
fn check(scene: &Drawing, at: &[Point]) {
    fn lengths(items: &[Item], title: &str) {
        for item in items {
            let least = match &item.shape {
                Shape::Rect { w, h, r, .. } => *w.min(h).min(r),
                Shape::Circle { r, .. } | Shape::Arc { r, .. } => *r,
                Shape::Text { size, .. } => *size,
                Shape::Group { items, .. } => {
                    lengths(items, title);
                    0
                }
                _ => 0,
            };
            assert!(least >= 0, "{title}: a length of {least} in {:?}", item.shape);
        }
    }
    lengths(&scene.items, &scene.title);
    for p in at {
        for slop in [0, 60, 140] {
            scene.hit(*p, slop);
        }
    }
}

/// Strokes from each place to the next, begun on every kind of thing.
fn strokes(scene: &Drawing, view: &crate::core::view::WorldView, at: &[Point]) {
    let targets = [None, Some(Target::Handle(0)), Some(Target::Handle(7)), Some(Target::Time)];
    for pair in at.windows(3) {
        for target in targets {
            let mut stroke = Stroke::begin(pair[0], target, scene);
            for one_way in [false, true] {
                stroke.end(scene, view, one_way);
            }
            stroke.to(pair[1]);
            stroke.path();
            stroke.to(pair[2]);
            for one_way in [false, true] {
                stroke.end(scene, view, one_way);
            }
        }
    }
}

/// The setups of a scene: each preset, as its protocols differ.
fn setups(scene: &'static Scene) -> Vec<Setup> {
    let one = |preset: &str| Setup {
        scene: scene.id.into(),
        preset: preset.into(),
        seed: 7,
        ..Setup::default()
    };
    let mut out = vec![one(scene.presets.first().map_or("", |p| p.id))];
    out.extend(scene.others.iter().map(|(preset, _)| one(preset)));
    out
}

fn places() -> Vec<Point> {
    PLACES.iter().flat_map(|x| PLACES.iter().map(|y| Point::new(*x, *y))).step_by(5).collect()
}

#[test]
fn every_picture_of_every_scene_holds_at_every_size() {
    let (at, mut faults) = (places(), Faults::default());
    for scene in CATALOG {
        for setup in setups(scene) {
            for (steps, broken) in [(0, false), (1, true), (60, true), (400, false)] {
                let moment = Moment::of(scene, &setup, steps, broken);
                let now = moment.session.time();
                for (w, h) in SIZES {
                    let window = window::of(now / 2, now / 2 + 400_000);
                    moment.draw(Size::px(w, h), window, &at, &mut faults);
                }
                faults.attempt(scene.id, Size::default(), || moment.poster());
            }
        }
    }
    faults.none();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn pictures_hold_at_random(
        scene in 0..CATALOG.len(),
        steps in 0u64..300,
        broken: bool,
        w in prop_oneof![0i32..40, 0i32..2_000, 0i32..20_000],
        h in prop_oneof![0i32..40, 0i32..2_000, 0i32..20_000],
        from in prop_oneof![0u64..3_000_000, any::<u64>()],
        wide in prop_oneof![0u64..3_000_000, any::<u64>()],
        at in prop::collection::vec((-FAR..=FAR, -20_000i32..20_000), 4),
    ) {
        let scene = &CATALOG[scene];
        let moment = Moment::of(scene, &setups(scene)[0], steps, broken);
        let at: Vec<Point> = at.into_iter().map(|(x, y)| Point::new(x, y)).collect();
        let mut faults = Faults::default();
        moment.draw(Size { w, h }, window::of(from, wide), &at, &mut faults);
        faults.none();
    }
}

#[test]
fn what_others_recorded_holds_at_every_size() {
    let scene = CATALOG.iter().find(|s| (s.info)().lenses.contains(&Lens::Log)).expect("a log");
    let moment = Moment::of(scene, &setups(scene)[0], 200, true);
    let names: Vec<String> =
        moment.session.view().nodes.iter().map(|n| n.name.to_string()).collect();
    let log = crate::share::export::shiviz(moment.session.trace(), &names);
    let all = shiviz::import(&log, shiviz::DEFAULT_PARSER, None).expect("our own log");
    let read = &all[0];
    let bars = |n: u64| {
        let bar = |i: u64| record::Bar {
            process: (i % 3) as u32,
            label: format!("write {i}"),
            from: i * 2,
            to: (!i.is_multiple_of(4)).then_some(i * 2 + 5),
            end: record::RecordedEnd::Ok,
        };
        record::Record::new((0..n).map(bar).collect())
    };
    let mut drawn = Board::new(3);
    let _ = drawn.message((0, 10), (1, 500));
    let _ = drawn.event(2, 1_000);
    let (at, mut faults) = (places(), Faults::default());
    for (w, h) in SIZES {
        let size = Size::px(w, h);
        for rows in [(0..read.hosts.len() as u32).collect(), vec![0], Vec::new()] {
            let plan = execution::ExecutionPlan::new(read, rows, w % 2 == 0);
            for window in [(0, 4_000), (-9_000, 40_000), (3_000_000, 12_000), (0, 0)] {
                let (execution, plan, found) = (read, &plan, &[0, 2][..]);
                faults.attempt("execution", size, || {
                    let selected = Some(3);
                    let drawing = execution::ExecutionDrawing {
                        execution,
                        plan,
                        window,
                        size,
                        selected,
                        found,
                    };
                    check(&drawing.scene(), &at);
                    at.iter().for_each(|p| _ = drawing.hit(*p, 90));
                });
                faults.attempt("strip", size, || {
                    check(&overview::Overview { plan, found, window, size }.scene(), &at);
                });
            }
        }
        for n in [0, 1, 40] {
            let record = &bars(n);
            for window in [(0, 10), (0, 0), (u64::MAX / 2, 80)] {
                faults.attempt("operations", size, || {
                    let (core, order) = (&[0][..], &[1, 0][..]);
                    check(
                        &record::RecordDrawing { record, window, size, core, order }.scene(),
                        &at,
                    );
                });
            }
        }
        for board in [&drawn, &Board::new(1), &Board::default()] {
            for straight in [false, true] {
                faults.attempt("board", size, || {
                    let (kind, selected, ticks) = (Some(ClockKind::Array), Some(1), true);
                    let drawing =
                        board::BoardDrawing { board, size, kind, selected, ticks, straight };
                    check(&drawing.scene(), &at);
                    at.iter().for_each(|p| _ = (drawing.place(*p), drawing.hit(*p, 90)));
                });
            }
        }
    }
    faults.none();
}

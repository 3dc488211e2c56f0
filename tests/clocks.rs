//! Logical clocks over recorded runs: of every scene, of what others recorded, and by hand.

use happened_before::algo::clocks::Causality;
use happened_before::algo::clocks::overlay::{ClockKind, Overlay};
use happened_before::check::fuzz::FuzzTarget;
use happened_before::core::config::Setup;
use happened_before::core::session::Session;
use happened_before::core::trace::Relation;
use happened_before::core::view::{Event, What};
use happened_before::protocols::CATALOG;
use happened_before::scene::Size;
use happened_before::scene::execution::{ExecutionDrawing, ExecutionPlan, relation};
use happened_before::share::board::{Board, BoardStory};
use happened_before::share::import::execution::Execution;
use happened_before::share::import::reading::LogReading;
use happened_before::share::import::{compact, shiviz};
use proptest::prelude::*;
use std::path::PathBuf;

/// Events compared with each other, of one run.
const MOST: usize = 500;

/// In random runs of every scene, with faults: vectors are ordered as what happened before, for
/// every pair; numbers and hybrid times never against it.
#[test]
fn overlays_agree_with_what_happened_before_in_every_scene() {
    for scene in CATALOG {
        let base = Setup { scene: scene.id.into(), ..Setup::default() };
        let target = FuzzTarget::new(scene, base, 900).expect("a scene");
        for seed in 0..8 {
            let run = target.run(seed).expect("a run");
            let start = (scene.build)(&run.setup).expect("a world").view();
            let mut session = Session::new(scene.build, run.setup, run.journal).expect("a run");
            session.seek(run.steps.min(900));
            let overlay = |kind| {
                let mut overlay = Overlay::new(kind, &start);
                overlay.extend(session.trace());
                overlay
            };
            let [numbers, vectors, hybrid] =
                [ClockKind::Number, ClockKind::Array, ClockKind::Wall].map(overlay);
            let of_process =
                |e: &&Event| e.is_of_process() && e.what != What::Boot && !e.stamp.is_empty();
            let events: Vec<&Event> =
                session.trace().events.iter().filter(of_process).take(MOST).collect();
            assert!(events.len() > 50, "{} seed {seed}: {} events", scene.id, events.len());
            for a in &events {
                for b in &events {
                    let truth = Relation::of(a, b);
                    let says = |o: &Overlay| {
                        o.time(a.step).expect("a time").compare(o.time(b.step).expect("a time"))
                    };
                    let expected = match truth {
                        Relation::Same => Causality::Equal,
                        Relation::Past => Causality::Before,
                        Relation::Future => Causality::After,
                        Relation::Beside => Causality::Concurrent,
                    };
                    let place = || format!("{} seed {seed}: {} and {}", scene.id, a.step, b.step);
                    assert_eq!(says(&vectors), Some(expected), "{}", place());
                    if truth == Relation::Past {
                        assert_eq!(says(&numbers), Some(Causality::Before), "{}", place());
                        assert_eq!(says(&hybrid), Some(Causality::Before), "{}", place());
                    }
                }
            }
        }
    }
}

/// Extending as the run goes on gives the same as all at once.
#[test]
fn an_overlay_follows_its_run() {
    let scene = &CATALOG[0];
    let setup = Setup { scene: scene.id.into(), seed: 5, ..Setup::default() };
    let mut session = Session::new(scene.build, setup, Vec::new()).expect("a run");
    let mut follows = Overlay::new(ClockKind::Array, &session.view());
    let start = session.view();
    for _ in 0..300 {
        session.forward();
        follows.extend(session.trace());
    }
    let mut whole = Overlay::new(ClockKind::Array, &start);
    whole.extend(session.trace());
    for step in 1..=300 {
        assert_eq!(follows.time(step), whole.time(step));
        let parts: String = whole.chip(step, false).into_iter().map(|p| p.0).collect();
        assert_eq!(parts, whole.text(step));
    }
}

fn logs() -> Option<PathBuf> {
    let given = std::env::var_os("HB_CONFORMANCE").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance");
    let all = given.unwrap_or(beside).join("shiviz");
    if all.exists() {
        return Some(all);
    }
    println!("skipped: no conformance data at {}", all.display());
    None
}

/// Every log that ShiViz ships, by its own parser: all its executions.
fn shipped() -> Vec<(String, Vec<Execution>)> {
    let Some(folder) = logs() else { return Vec::new() };
    let parsers = std::fs::read_to_string(folder.join("PARSERS.json")).expect("parsers");
    let parsers: serde_json::Value = serde_json::from_str(&parsers).expect("JSON");
    let case = |case: &serde_json::Value| {
        let name = case["log"].as_str()?.to_string();
        let text = std::fs::read_to_string(folder.join("log").join(&name)).ok()?;
        let parser = case["parser"].as_str()?;
        let all = shiviz::import(&text, parser, case["delimiter"].as_str());
        Some((name, all.expect("a possible log")))
    };
    parsers["cases"].as_array().expect("cases").iter().filter_map(case).collect()
}

/// The edges of happened-before: reachability along the parents is the order of the clocks, for
/// every pair, and no parent could be left out.
#[test]
fn edges_of_every_log_are_exactly_what_its_clocks_say() {
    for (name, executions) in shipped() {
        for execution in &executions {
            let events = &execution.events;
            let mut reach: Vec<Vec<u64>> = vec![vec![0; events.len().div_ceil(64)]; events.len()];
            let mut order: Vec<usize> = (0..events.len()).collect();
            order.sort_by_key(|e| events[*e].clock.iter().map(|c| c.1).sum::<u64>());
            for e in order {
                let mut mine = vec![0u64; events.len().div_ceil(64)];
                for p in events[e].parents.iter().map(|p| *p as usize) {
                    let known = mine[p / 64] >> (p % 64) & 1;
                    assert_eq!(known, 0, "{name}: a parent of {e} is implied by another");
                    mine.iter_mut().zip(&reach[p]).for_each(|(a, b)| *a |= b);
                    mine[p / 64] |= 1 << (p % 64);
                }
                reach[e] = mine;
            }
            for (a, first) in events.iter().enumerate().take(600) {
                for (b, second) in events.iter().enumerate() {
                    let before = reach[b][a / 64] >> (a % 64) & 1 == 1;
                    let says = relation(first, second) == Relation::Past;
                    assert_eq!(says, before, "{name}: {a} and {b}");
                }
            }
        }
    }
}

/// The diagram of every log: each message goes to the right, from a cause to its effect; and what is
/// connected on the diagram is what the clocks say, also with hosts hidden or runs collapsed.
#[test]
fn plans_of_every_log_connect_what_the_clocks_connect() {
    for (name, executions) in shipped() {
        for execution in &executions {
            let hosts: Vec<u32> = (0..execution.hosts.len() as u32).collect();
            let some: Vec<u32> = hosts.iter().copied().rev().filter(|h| h % 2 == 0).collect();
            for (rows, collapse) in [(hosts.clone(), false), (hosts, true), (some, false)] {
                let plan = ExecutionPlan::new(execution, rows.clone(), collapse);
                let shown: usize = plan.spots.iter().map(|s| s.run as usize).sum();
                let expected = execution.events.iter().filter(|e| rows.contains(&e.host)).count();
                assert_eq!(shown, expected, "{name}");
                for (a, b) in &plan.ways {
                    let (a, b) = (&plan.spots[*a as usize], &plan.spots[*b as usize]);
                    assert!(a.column < b.column, "{name}");
                    let of = |s: u32| &execution.events[s as usize];
                    assert_eq!(relation(of(a.event), of(b.event)), Relation::Past, "{name}");
                }
                if !collapse {
                    connected(execution, &plan, &name);
                }
            }
        }
    }
}

fn connected(execution: &Execution, plan: &ExecutionPlan, name: &str) {
    let n = plan.spots.len();
    let mut into: Vec<Vec<usize>> = vec![Vec::new(); n];
    plan.ways.iter().for_each(|(a, b)| into[*b as usize].push(*a as usize));
    let mut last = happened_before::core::sorted::SortedMap::new();
    for (at, spot) in plan.spots.iter().enumerate() {
        if let Some(before) = last.insert(spot.row, at) {
            into[at].push(before);
        }
    }
    let mut reach = vec![vec![false; n]; n];
    for b in 0..n {
        for a in into[b].clone() {
            let theirs = reach[a].clone();
            reach[b].iter_mut().zip(theirs).for_each(|(x, y)| *x |= y);
            reach[b][a] = true;
        }
    }
    for a in 0..n.min(300) {
        for (b, reached) in reach.iter().enumerate() {
            let of = |s: usize| &execution.events[plan.spots[s].event as usize];
            let past = relation(of(a), of(b)) == Relation::Past;
            assert_eq!(reached[a], past, "{name}: spots {a} and {b}");
        }
    }
}

/// To the page and back, and out as ShiViz writes and in again.
#[test]
fn every_log_survives_the_way_to_the_page_and_out_again() {
    for (name, executions) in shipped() {
        let mut back = compact::read(&compact::write(&executions)).expect("its own lines");
        let bare = |e: &Execution| {
            let events = e.events.iter();
            events.map(|e| (e.host, e.number, e.clock.clone(), e.text.clone())).collect::<Vec<_>>()
        };
        for (a, b) in executions.iter().zip(&back) {
            assert_eq!((&a.label, &a.hosts, bare(a)), (&b.label, &b.hosts, bare(b)), "{name}");
        }
        let out = shiviz::export(&back);
        let again = shiviz::import(&out.text, out.parser, out.delimiter.as_deref()).expect(&name);
        back.iter_mut().zip(&again).for_each(|(a, b)| assert_eq!(bare(a), bare(b), "{name}"));
    }
}

/// Read a part at a time, stopped after every one, each log is what it is read at once; and how far
/// it is only grows.
#[test]
fn a_log_read_in_parts_is_the_same_log() {
    let Some(folder) = logs() else { return };
    let parsers = std::fs::read_to_string(folder.join("PARSERS.json")).expect("parsers");
    let parsers: serde_json::Value = serde_json::from_str(&parsers).expect("JSON");
    for case in parsers["cases"].as_array().expect("cases") {
        let (Some(name), Some(parser)) = (case["log"].as_str(), case["parser"].as_str()) else {
            continue;
        };
        let Ok(text) = std::fs::read_to_string(folder.join("log").join(name)) else { continue };
        let delimiter = case["delimiter"].as_str();
        let whole = shiviz::import(&text, parser, delimiter).expect("a possible log");
        let mut reading = LogReading::shiviz(text, parser, delimiter).expect("a parser");
        let mut last = reading.news();
        while !reading.go(|| true).expect("a possible log") {
            let news = reading.news();
            assert!(news.events >= last.events && news.checked >= last.checked, "{name}: {news:?}");
            last = news;
        }
        let mut all = Vec::new();
        while let Some(part) = reading.part() {
            compact::extend(&mut all, &part).expect("its own lines");
        }
        let mut expected = compact::read(&compact::write(&whole)).expect("its own lines");
        for (a, b) in all.iter_mut().zip(&mut expected) {
            assert_eq!(a, b, "{name}");
        }
        assert_eq!(all.len(), whole.len(), "{name}");
    }
}

/// etcd's trace is read in parts too, and lands in the same diagram.
#[test]
fn the_trace_of_etcd_is_drawn() {
    let Some(folder) = logs().and_then(|l| l.parent().map(PathBuf::from)) else { return };
    let found = walk(&folder).into_iter().find(|p| p.ends_with("example.ndjson"));
    let Some(file) = found else {
        println!("skipped: no example.ndjson under {}", folder.display());
        return;
    };
    let text = std::fs::read_to_string(file).expect("a trace");
    let mut reading = LogReading::etcd(text).expect("a trace");
    while !reading.go(|| true).expect("possible") {}
    let mut all = Vec::new();
    while let Some(part) = reading.part() {
        compact::extend(&mut all, &part).expect("its own lines");
    }
    let execution = &all[0];
    let plan = ExecutionPlan::new(execution, (0..execution.hosts.len() as u32).collect(), false);
    assert_eq!(plan.spots.len(), execution.events.len());
    assert!(plan.ways.len() > 10, "{} messages", plan.ways.len());
}

fn walk(folder: &std::path::Path) -> Vec<PathBuf> {
    let Ok(all) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = all.flatten().map(|e| e.path());
    paths.flat_map(|p| if p.is_dir() { walk(&p) } else { vec![p] }).collect()
}

/// A press finds the event that is drawn there, also where one path holds them all.
#[test]
fn a_press_finds_the_event_that_is_drawn_there() {
    let execution = synthetic(3_000, 5);
    let plan = ExecutionPlan::new(&execution, (0..5).collect(), false);
    for wide in [30_000, 900_000] {
        let (size, window) = (Size::px(1200, 300), (10_000, wide));
        let drawing = ExecutionDrawing {
            execution: &execution,
            plan: &plan,
            window,
            size,
            selected: None,
            found: &[],
        };
        let chosen = ExecutionDrawing { selected: Some(200), ..drawing.clone() };
        assert!(chosen.scene().count() > 0);
        let mut hits = 0;
        for x in (900..11_000).step_by(70) {
            for y in (200..2_800).step_by(130) {
                let at = happened_before::scene::Point::new(x, y);
                let Some(event) = drawing.hit(at, 60) else { continue };
                let column =
                    plan.spots[plan.of_event[event as usize].expect("shown") as usize].column;
                let off = (drawing.column_at(x) - i64::from(column) * 1000).abs();
                assert!(off <= 60 * wide / 10_000, "{off}");
                hits += 1;
            }
        }
        assert!(hits > 20, "{hits}");
    }
}

/// A window of a large log draws what is in it and nothing else.
#[test]
fn only_the_window_is_drawn() {
    let execution = synthetic(10_000, 5);
    let plan = ExecutionPlan::new(&execution, (0..5).collect(), false);
    let shapes = |window| {
        let size = Size::px(1000, 300);
        let found = &[];
        ExecutionDrawing {
            execution: &execution,
            plan: &plan,
            window,
            size,
            selected: Some(5_000),
            found,
        }
        .scene()
        .count()
    };
    let middle = i64::from(plan.columns) * 500;
    assert!(shapes((middle, 60_000)) < 1_500, "{}", shapes((middle, 60_000)));
    assert!(shapes((0, i64::from(plan.columns) * 1000)) < 100, "all of it is a few paths");
}

/// What the page does with a log, less the browser: `cargo test --profile fast --test clocks --
/// --ignored --nocapture`. ShiViz: 493 ms at 1,000 events, 3.1 s at 8,000 (another machine's run).
#[test]
#[ignore = "a measurement"]
fn import_plan_and_draw() {
    for events in [1_000, 8_000, 10_000, 100_000] {
        let log = log(events, 5);
        let start = std::time::Instant::now();
        let mut reading = LogReading::shiviz(log, shiviz::DEFAULT_PARSER, None).expect("a log");
        while !reading.go(|| false).expect("a log") {}
        let read = start.elapsed();
        let text: String = std::iter::from_fn(|| reading.part()).collect();
        let back = compact::read(&text).expect("its own lines");
        let over = start.elapsed() - read;
        let plan = ExecutionPlan::new(&back[0], (0..5).collect(), false);
        let laid = start.elapsed() - read - over;
        let drawing = ExecutionDrawing {
            execution: &back[0],
            plan: &plan,
            window: (0, 40_000),
            size: Size::px(1200, 300),
            selected: None,
            found: &[],
        };
        let shapes = drawing.scene().count();
        let drawn = start.elapsed() - read - over - laid;
        println!(
            "{events} events: read {read:?}, to the page {over:?} ({} kB), laid out {laid:?}, a window of {shapes} shapes {drawn:?}",
            text.len() / 1000
        );
    }
}

/// A random execution.
fn synthetic(events: u64, hosts: usize) -> Execution {
    shiviz::import(&log(events, hosts), shiviz::DEFAULT_PARSER, None).expect("a log").remove(0)
}

/// A random log, as GoVector would write it.
fn log(events: u64, hosts: usize) -> String {
    let mut clocks = vec![vec![0u64; hosts]; hosts];
    let mut random = 1u64;
    let mut log = String::new();
    for i in 0..events {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (who, from) = ((random >> 33) as usize % hosts, (random >> 40) as usize % hosts);
        if random >> 50 & 1 == 0 {
            let message = clocks[from].clone();
            clocks[who].iter_mut().zip(message).for_each(|(c, m)| *c = (*c).max(m));
        }
        clocks[who][who] += 1;
        let counts = (0..hosts).filter(|p| clocks[who][*p] > 0);
        let counts: Vec<String> = counts.map(|p| format!("\"h{p}\":{}", clocks[who][p])).collect();
        log.push_str(&format!("h{who} {{{}}}\nevent {i}\n", counts.join(", ")));
    }
    log
}

/// A log that is nearly one, of the pieces that decide where an event is found.
fn nearly() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        " ",
        " {",
        "{",
        "}",
        "}\n",
        "\n",
        "{\"a\":1}\n",
        "\"a\":1",
        "\r",
        "\u{85}",
        "\u{feff}",
        "\u{2028}",
        "\u{a0}",
        "é",
        "a {\"a\":1}\nx\n",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|all| all.concat())
}

type Wish = (u32, u32, Option<(u32, u32)>);

proptest! {
    /// What the usual parser finds without an engine for regular expressions is what one finds, in
    /// one of the two usual orders.
    #[test]
    fn the_usual_parser_is_its_regular_expression(text in nearly()) {
        let same = format!("(?:){}", shiviz::DEFAULT_PARSER);
        let quick = shiviz::import(&text, shiviz::DEFAULT_PARSER, None);
        if quick != shiviz::import(&text, &same, None) {
            let turned = r"(?<event>.*)\n(?<host>\S*) (?<clock>{.*})";
            prop_assert_eq!(quick, shiviz::import(&text, turned, None), "{:?}", text);
        }
    }

    /// Whatever is placed on a board: its vectors are the reachability along lines and messages,
    /// its numbers agree, and it survives its address.
    #[test]
    fn boards_tell_the_truth(wishes in prop::collection::vec(
        (0u32..4, 0u32..1000, prop::option::of((0u32..4, 0u32..1000))), 0..25)) {
        let mut board = Board::new(4);
        for (host, place, to) in wishes as Vec<Wish> {
            match to {
                None => { board.event(host, place); }
                Some(to) => { board.message((host, place), to); }
            }
        }
        let n = board.events.len();
        let edge = |a: usize, b: usize| {
            let (x, y) = (board.events[a], board.events[b]);
            x.0 == y.0 && x.1 < y.1 || board.messages.contains(&(a as u32, b as u32))
        };
        let row = |a: usize| (0..n).map(|b| edge(a, b)).collect::<Vec<bool>>();
        let mut reach: Vec<Vec<bool>> = (0..n).map(row).collect();
        for k in 0..n { for a in 0..n { for b in 0..n {
            reach[a][b] |= reach[a][k] && reach[k][b];
        } } }
        let numbers = board.numbers();
        for a in 0..n { for b in 0..n {
            let past = board.relation(a as u32, b as u32) == Relation::Past;
            prop_assert_eq!(past, reach[a][b]);
            prop_assert!(!past || numbers[a] < numbers[b]);
        } }
        prop_assert_eq!(Board::read(&board.write()), Ok(board.clone()));
        let mut less = board.clone();
        if n > 0 {
            less.remove(n as u32 / 2);
            prop_assert_eq!(Board::read(&less.write()), Ok(less.clone()));
        }
        let tale = BoardStory { steps: vec![("What, 1 & ~ 2?".into(), board.clone()), (String::new(), less)] };
        prop_assert_eq!(BoardStory::read(&tale.write()), Ok(tale));
        // What is exported can have happened, and says the same.
        if n > 0 {
            let out = shiviz::export(&[board.execution()]);
            let back = shiviz::import(&out.text, out.parser, None).expect("possible");
            prop_assert_eq!(back[0].events.len(), n);
        }
    }

    /// Any address is a board or one sentence.
    #[test]
    fn any_address_of_a_board_is_answered(text in "\\PC{0,60}") {
        let _ = Board::read(&text);
        let _ = BoardStory::read(&text);
    }
}

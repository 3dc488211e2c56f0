//! The page's searches, driven as a worker drives them.

use happened_before::check::hunt::{HuntRequest, News, SearchJob, SearchWay};
use happened_before::check::shrink::replay;
use happened_before::core::config::Setup;
use happened_before::core::protocol::Mutant;
use happened_before::protocols::{CATALOG, Scene, raft};
use happened_before::share::link::{Link, MAX_STEP};
use std::cell::Cell;
use std::sync::Mutex;

fn setup(scene: &Scene, mutant: Option<&str>) -> Setup {
    Setup {
        scene: scene.id.into(),
        mutants: mutant.iter().map(|m| (*m).to_string()).collect(),
        seed: 7,
        ..Setup::default()
    }
}

fn request(setup: Setup) -> HuntRequest {
    let link = Link::new(setup, Vec::new()).fragment();
    HuntRequest { link, budget_ms: 120_000, ..HuntRequest::default() }
}

/// Drives a hunt to its end in slices of 8 ms, on a clock that goes on by a millisecond whenever it
/// is looked at, which is once every few states: what is found depends on no machine.
fn run(request: &HuntRequest) -> News {
    let looks = Cell::new(0);
    let clock = || looks.replace(looks.get() + 1);
    let mut hunt = SearchJob::new(request).expect("a request");
    while !hunt.slice(&clock, 8).expect("a slice") {
        assert_ne!(hunt.news().phase, "over");
    }
    hunt.news()
}

fn is_found(scene: &Scene, mutant: &Mutant) {
    let asked = request(setup(scene, Some(mutant.id)));
    let news = run(&HuntRequest { property: mutant.breaks.into(), ..asked });
    let hit = news.found.unwrap_or_else(|| panic!("{} {}", scene.id, mutant.id));
    assert_eq!(hit.property, mutant.breaks);
    let link = Link::decode(&hit.link).expect("a link");
    let again = replay(scene.build, &link.setup, &link.journal, hit.property, MAX_STEP);
    assert_eq!(again.map(|(step, ..)| step), Some(hit.step), "{}", mutant.id);
    assert_eq!(link.cursor, hit.step);
}

#[test]
fn every_mutant_is_found_as_the_page_looks_for_it() {
    // Scenes that show the same protocol have the same mutants; its own scene comes last.
    let own = |scene: &&Scene| {
        let same = |s: &&Scene| (s.info)().mutants == (scene.info)().mutants;
        CATALOG.iter().rev().find(same).is_some_and(|s| s.id == scene.id)
    };
    let all = CATALOG.iter().filter(own);
    let all = all.flat_map(|s| (s.info)().mutants.iter().map(move |m| (s, m)));
    let left = Mutex::new(all);
    let work = || {
        while let Some((scene, mutant)) = { left.lock().expect("no panic").next() } {
            is_found(scene, mutant);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
}

#[test]
fn what_was_searched_is_said_exactly() {
    let small = setup(&raft::SCENE, None);
    let knobs = [("nodes", 3), ("clients", 0), ("raft.noop", 0)];
    let knobs = knobs.iter().map(|(k, v)| ((*k).to_string(), *v)).collect();
    let asked = request(Setup { knobs, ..small });
    let check =
        HuntRequest { way: SearchWay::Check, faults: "timers=1,ops=0,crash=1".into(), ..asked };
    let news = run(&check);
    assert!(news.complete && news.found.is_none());
    expect_test::expect!["Raft, client.keys=1, client.reads=0, clients=0, nodes=3, raft.noop=0. Searched with at most 1 timer, 1 crash; no operations, lost messages, doubled messages, partitions, all 413 states, down to level 9. Messages may come in any order, or never. Not searched: other sizes, further faults, and what depends on time"]
        .assert_eq(&news.sentence);
    let news = run(&HuntRequest { depth: Some(5), ..check.clone() });
    assert!(!news.complete);
    assert!(
        news.sentence.contains("complete only to level 5 (stopped at its bound of depth)"),
        "{}",
        news.sentence
    );
    let news = run(&HuntRequest { memory_mb: Some(0), ..check });
    assert!(news.sentence.contains("(stopped at its memory bound of 0 MB)"), "{}", news.sentence);
}

#[test]
fn a_search_as_large_as_the_screen_keeps_the_run() {
    let mut shown = setup(&raft::SCENE, Some("short-quorum"));
    shown.knobs.insert("nodes".into(), 3);
    let asked = request(shown.clone());
    let faults = "timers=2,ops=0".to_string();
    let news = run(&HuntRequest { way: SearchWay::Check, faults, whole: true, ..asked });
    let link = Link::decode(&news.found.expect("a violation").link).expect("a link");
    assert_eq!(link.setup, shown);
}

#[test]
fn schedules_alone_are_counted() {
    let asked = request(setup(&raft::SCENE, None));
    let news = run(&HuntRequest { way: SearchWay::Fuzz, seeds: Some(3), stride: 2, ..asked });
    assert_eq!((news.runs, news.states, news.found), (2, 0, None));
    assert!(news.steps >= 8_000 && news.sentence.is_empty());
}

#[test]
fn challenges_are_solved_with_hints() {
    let asked = request(setup(&raft::SCENE, None));
    let news = run(&HuntRequest { challenge: "two-leaders".into(), ..asked.clone() });
    let hit = news.found.expect("a solution");
    assert_eq!((hit.length, hit.hints.len()), (6, 3));
    let why = SearchJob::new(&HuntRequest { challenge: "nothing".into(), ..asked }).err();
    assert_eq!(why.as_deref(), Some("raft has no challenge 'nothing'"));
}

//! What must hold for every scene of the catalogue.

mod support;

use happened_before::check::fuzz::{DEFAULT_STEPS, FuzzOutcome, FuzzTarget};
use happened_before::check::shrink::{Shrinker, Violating, replay};
use happened_before::core::action::Entry;
use happened_before::core::config::Setup;
use happened_before::core::protocol::PropertyKind;
use happened_before::core::session::Session;
use happened_before::core::sorted::SortedMap;
use happened_before::protocols::{CATALOG, INDEX, Scene};
use happened_before::share::link::{Link, ViewState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use support::{each_of, each_scene};

/// Seeds that find every mutant.
const SEEDS: u64 = 500;

fn setup(scene: &Scene, seed: u64) -> Setup {
    Setup { scene: scene.id.into(), seed, ..Setup::default() }
}

fn target(scene: &'static Scene, mutant: Option<&str>) -> Arc<FuzzTarget> {
    let base = Setup { mutants: mutant.map(String::from).into_iter().collect(), ..setup(scene, 0) };
    FuzzTarget::new(scene, base, DEFAULT_STEPS).unwrap()
}

/// Runs seeds on two threads, in order of seeds as long as `more` wants another.
fn fuzz(
    target: &Arc<FuzzTarget>,
    seeds: u64,
    more: impl Fn(&FuzzOutcome) -> bool + Sync,
) -> SortedMap<u64, FuzzOutcome> {
    let (next, last) = (AtomicU64::new(0), AtomicU64::new(seeds));
    let found = Mutex::new(SortedMap::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            if seed >= last.load(Ordering::SeqCst) {
                return;
            }
            let outcome = target.run(seed).unwrap();
            if !more(&outcome) {
                last.fetch_min(seed, Ordering::SeqCst);
            }
            found.lock().unwrap().insert(seed, outcome);
        }
    };
    std::thread::scope(|s| {
        s.spawn(work);
        work();
    });
    let mut all = found.into_inner().unwrap();
    let last = last.into_inner();
    all.retain(|seed, _| *seed <= last);
    all
}

#[test]
fn names_are_kebab_case_and_defaults_lie_within_bounds() {
    let kebab = |id: &str| {
        !id.is_empty()
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let mut scenes: Vec<&str> = CATALOG.iter().map(|s| s.id).collect();
    scenes.sort_unstable();
    scenes.dedup();
    assert_eq!(scenes.len(), CATALOG.len(), "two scenes share an id");
    for scene in CATALOG {
        let info = (scene.info)();
        assert!(kebab(scene.id), "{}", scene.id);
        assert!(!scene.presets.is_empty(), "{} has no preset", scene.id);
        for preset in scene.presets {
            assert!(kebab(preset.id), "{} {}", scene.id, preset.id);
            assert!(!preset.source.is_empty(), "{} {} names no source", scene.id, preset.id);
            let with = Setup { preset: preset.id.into(), ..setup(scene, 0) };
            let world = (scene.build)(&with).unwrap_or_else(|e| panic!("{} {e}", scene.id));
            let shown: Vec<&str> = world.view().verdicts.iter().map(|v| v.property).collect();
            let told: Vec<&str> =
                scene.info_of(preset.id).properties.iter().map(|p| p.id).collect();
            assert_eq!(shown, told, "{} {}", scene.id, preset.id);
        }
        for knob in &info.knobs {
            assert!(knob.id.split('.').all(kebab), "{} {}", scene.id, knob.id);
            let fits = knob.min <= knob.default && knob.default <= knob.max;
            assert!(fits, "{} {} starts at {}", scene.id, knob.id, knob.default);
            let typed = knob.unit.show(knob.default);
            let read = scene.parse_knob(knob.id, &typed);
            assert_eq!(read, Ok(knob.default), "{} {} shows as {typed}", scene.id, knob.id);
        }
        let ids = info.mutants.iter().map(|m| m.id).chain(info.properties.iter().map(|p| p.id));
        ids.for_each(|id| assert!(kebab(id), "{} {id}", scene.id));
    }
}

#[test]
fn every_claim_is_broken_by_a_mutant() {
    for scene in CATALOG {
        let info = (scene.info)();
        for mutant in info.mutants {
            let known = info.properties.iter().any(|p| p.id == mutant.breaks);
            assert!(known, "{} {} breaks '{}'", scene.id, mutant.id, mutant.breaks);
        }
        for property in &info.properties {
            assert!(!property.cite.is_empty(), "{} {}", scene.id, property.id);
            let broken = info.mutants.iter().any(|m| m.breaks == property.id);
            // No finite run refutes a liveness claim.
            let live = property.kind == PropertyKind::Liveness;
            assert!(broken || live, "{}: no mutant breaks {}", scene.id, property.id);
        }
    }
}

#[test]
fn a_run_is_the_same_twice_and_there_and_back() {
    each_scene(|scene| {
        let play = || {
            let mut session = Session::new(scene.build, setup(scene, 11), Vec::new()).unwrap();
            assert!(session.advance_to(3_000_000, 1_000_000), "{} never rests", scene.id);
            session
        };
        let (mut a, b) = (play(), play());
        assert!(a.cursor() > 10, "{}: only {} steps", scene.id, a.cursor());
        assert_eq!(a.digest(), b.digest(), "{}", scene.id);
        let (digest, view, end) = (a.digest(), a.view(), a.cursor());
        for there in [0, 1, end / 2, end - 1, end / 3, 257] {
            a.seek(there.min(end));
            a.seek(end);
            assert_eq!(a.digest(), digest, "{} by step {there}", scene.id);
            assert_eq!(a.view(), view, "{} by step {there}", scene.id);
        }
    });
}

/// Random interventions of fuzz runs, through the text and back.
#[test]
fn a_link_reproduces_the_digest() {
    each_scene(|scene| {
        let target = target(scene, None);
        for seed in 0..10 {
            let run = target.run(seed).unwrap();
            let journal: Vec<Entry> = run.journal.into_iter().take(200).collect();
            let mut session = Session::new(scene.build, run.setup.clone(), journal).unwrap();
            session.seek(run.steps.min(1_500));
            let link = Link::of(&session, ViewState::default());
            let again = Link::decode(&link.fragment()).unwrap();
            assert_eq!(again, link);
            let reopened = again.open().unwrap();
            assert_eq!(reopened.digest(), session.digest(), "{} seed {seed}", scene.id);
            assert_eq!(reopened.view(), session.view(), "{} seed {seed}", scene.id);
        }
    });
}

/// A fuzz run's own steps and the session that follows its journal agree.
#[test]
fn a_fuzz_run_replays_from_its_journal() {
    each_scene(|scene| {
        for seed in 0..5 {
            let (a, b) = (target(scene, None).run(seed).unwrap(), target(scene, None).run(seed));
            assert_eq!(Ok(&a), b.as_ref(), "{} seed {seed}", scene.id);
            let mut session =
                Session::new(scene.build, a.setup.clone(), a.journal.clone()).unwrap();
            session.seek(a.steps);
            assert_eq!(session.cursor(), a.steps);
            let rules = session.trace().events.iter().flat_map(|e| e.notes.iter().copied());
            let mut counts: SortedMap<&str, u64> = SortedMap::new();
            rules.for_each(|r| *counts.entry(r).or_default() += 1);
            assert_eq!(counts, a.rules, "{} seed {seed}", scene.id);
        }
    });
}

#[test]
fn healthy_scenes_are_never_accused_and_recover() {
    each_scene(|scene| {
        for (seed, run) in fuzz(&target(scene, None), 100, |_| true) {
            assert_eq!(run.broken, [], "{} seed {seed}", scene.id);
            assert_eq!(run.converged, Some(true), "{} seed {seed} did not recover", scene.id);
        }
    });
}

/// The first seed that breaks what the mutant should break, shrunk to so many interventions or as far
/// as it goes.
fn caught(scene: &'static Scene, mutant: &str, property: &str, enough: usize) -> Violating {
    let breaks = |run: &FuzzOutcome| run.broken.iter().any(|b| b.property == property);
    let runs = fuzz(&target(scene, Some(mutant)), SEEDS, |run| !breaks(run));
    let Some((_, run)) = runs.into_iter().find(|(_, run)| breaks(run)) else {
        panic!("{} {mutant}: {SEEDS} seeds do not break {property}", scene.id);
    };
    let mut shrinker =
        Shrinker::new(scene.build, &run.setup, &run.journal, property, run.steps).unwrap();
    let mut over = false;
    while !over && shrinker.replays() < 600 && shrinker.best().journal.len() > enough {
        over = shrinker.slice(&mut || false);
    }
    let small = shrinker.best().clone();
    let repeated = replay(scene.build, &small.setup, &small.journal, property, small.step);
    assert_eq!(repeated.map(|(step, ..)| step), Some(small.step), "{} {mutant}", scene.id);
    small
}

/// The most interventions that a proof may have after shrinking, on record by `scene / mutant /
/// property`. Bounds and not lengths: what exactly is found depends on draws that nobody chose.
fn bounds(text: &str) -> SortedMap<String, usize> {
    let bound = |line: &str| {
        let (what, most) = line.split_once(": at most ")?;
        Some((what.to_string(), most.parse().ok()?))
    };
    text.lines().filter_map(bound).collect()
}

/// Every mutant is caught, by its own property, and the proof is short. `UPDATE_EXPECT=1` shrinks as
/// far as it goes, and writes down twice what is left.
#[test]
fn every_mutant_is_caught() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/shrunk.txt");
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let known = bounds(&std::fs::read_to_string(path).unwrap());
    // Scenes that show the same protocol have the same mutants; its own scene comes last.
    let own = |scene: &&Scene| {
        let same = |s: &&Scene| (s.info)().mutants == (scene.info)().mutants;
        CATALOG.iter().rev().find(same).is_some_and(|s| s.id == scene.id)
    };
    let found: Mutex<SortedMap<String, usize>> = Mutex::default();
    each_of(CATALOG.iter().filter(own).collect(), |scene| {
        for mutant in (scene.info)().mutants {
            let name = format!("{} / {} / {}", scene.id, mutant.id, mutant.breaks);
            let bound = known.get(&name).copied().filter(|_| !update);
            let small = caught(scene, mutant.id, mutant.breaks, bound.unwrap_or(0));
            let left = small.journal.len();
            if !update {
                let most = bound.unwrap_or_else(|| panic!("{name} is not in {path}"));
                assert!(left <= most, "{name}: {left} interventions are left, not {most} at most");
            }
            found.lock().unwrap().insert(name, (2 * left).max(4).next_power_of_two());
        }
    });
    let found = found.into_inner().unwrap();
    if update {
        let lines = found.iter().map(|(name, most)| format!("{name}: at most {most}\n"));
        let head = "scene / mutant / property: interventions left of a schedule that breaks it\n";
        std::fs::write(path, head.to_string() + &lines.collect::<String>()).unwrap();
    } else {
        assert!(found.keys().eq(known.keys()), "{path} names mutants that are gone");
    }
}

/// What is known of a scene before it is loaded is what the scene says.
#[test]
fn the_index_says_what_the_scenes_do() {
    assert_eq!(INDEX.len(), CATALOG.len());
    for (entry, scene) in INDEX.iter().zip(CATALOG) {
        let said = (entry.id, entry.title, entry.family, entry.line);
        assert_eq!(said, (scene.id, scene.title, scene.family, scene.line));
        let published = scene.stories.iter().filter(|s| s.source.is_some()).count();
        let own = scene.stories.len() - published;
        let counts = (entry.stories, entry.reenactments, entry.challenges);
        assert_eq!(counts, (own, published, scene.challenges.len()), "{}", scene.id);
    }
}

//! Long runs with a limit to their record, as a page keeps them: what they hold of the heap, and that
//! what was let go comes back. `cargo test --release --test soak -- --ignored --nocapture` prints the
//! curve of a simulated day.

use happened_before::core::config::Setup;
use happened_before::core::session::Session;
use happened_before::core::sorted::SortedMap;
use happened_before::core::view::LogView;
use happened_before::protocols::scene;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The system's allocator, how many bytes of it are in use, and how many were ever asked for.
struct Counting;

static HELD: AtomicU64 = AtomicU64::new(0);
static ASKED: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator unchanged; only a number is kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size() as u64, Ordering::Relaxed);
        ASKED.fetch_add(layout.size() as u64, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static HEAP: Counting = Counting;

fn held() -> u64 {
    HELD.load(Ordering::Relaxed)
}

fn asked() -> u64 {
    ASKED.load(Ordering::Relaxed)
}

fn begin(id: &str, knobs: &[(&str, i64)]) -> Session {
    let scene = scene(id).expect("it is in the catalogue");
    let knobs = knobs.iter().map(|(k, v)| (k.to_string(), *v)).collect();
    let setup = Setup { scene: id.into(), seed: 7, knobs, ..Setup::default() };
    Session::new(scene.build, setup, Vec::new()).expect("a plain setup")
}

/// The only test here that runs every day: nothing else may allocate meanwhile.
#[test]
fn a_long_run_holds_little_and_what_was_let_go_comes_back() {
    const STEPS: u64 = 300_000;
    let before = held();
    let mut run = begin("raft", &[]);
    run.bound(2 << 20);
    let mut most = 0;
    for part in 1..=30 {
        run.seek(STEPS / 30 * part);
        most = most.max(held() - before);
        let events = &run.trace().events;
        assert!(events.len() - events.first() < 10_000, "{} on record", events.len());
        assert!(run.checkpoints() < 250, "{} checkpoints", run.checkpoints());
    }
    println!("{most} bytes at most, {} checkpoints", run.checkpoints());
    assert!(most < 16_000_000, "{most} bytes");
    let mut fresh = begin("raft", &[]);
    fresh.seek(1_000);
    let end = run.digest();
    run.seek(1_000);
    assert_eq!(run.digest(), fresh.digest());
    assert!(run.trace().events.iter().eq(fresh.trace().events.iter()));
    assert!(run.trace().messages.iter().eq(fresh.trace().messages.iter()));
    assert_eq!(run.trace().reached().0, STEPS);
    run.seek(STEPS);
    assert_eq!(run.digest(), end);
    drop((run, fresh));
    no_scene_grows_with_its_run();
}

/// The rest of what a long run holds, in every scene: what servers and the observer know.
fn no_scene_grows_with_its_run() {
    for scene in happened_before::protocols::CATALOG {
        let before = held();
        let mut run = begin(scene.id, &[]);
        run.bound(1 << 20);
        let (mut sizes, mut costs, mut ops) = ([0; 2], [0; 2], [0; 2]);
        for (k, steps) in [100_000, 300_000].into_iter().enumerate() {
            let (from, first) = (run.cursor(), asked());
            run.seek(steps);
            sizes[k] = held() - before;
            costs[k] = (asked() - first) / (run.cursor() - from);
            ops[k] = run.trace().ops.len() as u64;
        }
        let [a, b] = sizes.map(|size| size >> 10);
        println!("{}: {a} KB, {b} KB; {costs:?} bytes asked for by a step", scene.id);
        let grown = sizes[1].saturating_sub(sizes[0]);
        // The last 50,000 operations are kept, whatever they are.
        let most = (4 << 20) + 160 * (ops[1] - ops[0]);
        assert!(grown < most, "{} grew by {grown} bytes, more than {most}", scene.id);
        assert!(costs[1] < costs[0] * 3 / 2, "{}: a step costs {costs:?} bytes", scene.id);
        for node in &run.view().nodes {
            let Some(log) = &node.log else { continue };
            assert!(log.cells.len() as u64 <= LogView::MOST, "{}", scene.id);
        }
    }
}

/// Nanoseconds that this thread has had of a processor: what else the machine does is left out.
fn busy() -> u64 {
    let all = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    all.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

/// Prints, as the run of each scene and preset grows, the heap it holds, and what a step and a view
/// cost. `SOAK_SCENE` names some of them (`raft,vector-clock/riak`), `SOAK_STEPS` and `SOAK_SECONDS`
/// (of virtual time, a day if none) say how long, `SOAK_KNOBS` sets knobs (`nodes=100,clients=20`).
#[test]
#[ignore = "hours of virtual time"]
fn curve() {
    let number = |name: &str| std::env::var(name).ok().and_then(|s| s.parse::<u64>().ok());
    let most = number("SOAK_STEPS").unwrap_or(128_000_000);
    let day = number("SOAK_SECONDS").unwrap_or(86_400) * 1_000_000;
    let only = std::env::var("SOAK_SCENE").unwrap_or_default();
    let knobs = std::env::var("SOAK_KNOBS").unwrap_or_default();
    let knob = |one: &str| -> Option<(String, i64)> {
        let (name, value) = one.split_once('=')?;
        Some((name.into(), value.parse().ok()?))
    };
    let knobs: SortedMap<String, i64> = knobs.split(',').filter_map(knob).collect();
    let wanted = |name: &str| only.is_empty() || only.split(',').any(|s| s == name);
    for scene in happened_before::protocols::CATALOG {
        for (nth, preset) in scene.presets.iter().enumerate() {
            let name = format!("{}/{}", scene.id, preset.id);
            if !(wanted(&name) || nth == 0 && wanted(scene.id) || wanted(&format!("{}/", scene.id)))
            {
                continue;
            }
            let before = held();
            let (scene_id, preset_id, knobs) = (scene.id.into(), preset.id.into(), knobs.clone());
            let setup =
                Setup { scene: scene_id, preset: preset_id, seed: 7, knobs, ..Setup::default() };
            let mut session = Session::new(scene.build, setup, Vec::new()).expect("a plain setup");
            session.bound(24 << 20);
            let mut at = 500_000.min(most);
            while at <= most && session.time() < day {
                let (clock, from, first) = (busy(), session.cursor(), asked());
                session.seek(at);
                let (took, cost) = (busy() - clock, asked() - first);
                let steps = (session.cursor() - from).max(1);
                let whole = held() - before;
                // A copy has not looked yet; the least of some, since others use the machine.
                let seen = (0..5).map(|_| {
                    let copy = session.world().fork();
                    let clock = Instant::now();
                    drop(copy.view());
                    clock.elapsed().as_micros()
                });
                let seen = seen.min().unwrap_or(0);
                println!(
                    "{name} {} steps {} s: {} KB, {} checkpoints, {:.2} us and {} bytes asked for a step, {} us a view",
                    session.cursor(),
                    session.time() / 1_000_000,
                    whole / 1024,
                    session.checkpoints(),
                    took as f64 / 1_000.0 / steps as f64,
                    cost / steps,
                    seen,
                );
                if session.cursor() < at {
                    break;
                }
                at *= 2;
            }
        }
    }
}

/// Prints the stories that take longest to be told from their beginning.
#[test]
#[ignore = "a measurement"]
fn stories() {
    use happened_before::stories::player::play;
    let mut all = Vec::new();
    for scene in happened_before::protocols::CATALOG {
        for story in scene.stories {
            let clock = Instant::now();
            let (session, _) = play(scene, story).expect("it can be told");
            all.push((clock.elapsed(), session.cursor(), scene.id, story.id));
        }
    }
    all.sort();
    all.iter().rev().take(12).for_each(|one| println!("{one:?}"));
    for scene in happened_before::protocols::CATALOG {
        let clock = Instant::now();
        let run = begin(scene.id, &[("nodes", 100), ("clients", 20)]);
        println!("{}: made in {:?}, viewed in {:?}", scene.id, clock.elapsed(), {
            let clock = Instant::now();
            run.view();
            clock.elapsed()
        });
    }
}

/// Prints the steps that take longest when a scene is opened.
#[test]
#[ignore = "a measurement"]
fn first_steps() {
    for scene in happened_before::protocols::CATALOG {
        let mut run = begin(scene.id, &[]);
        let mut all = Vec::new();
        for step in 1..=2_000u64 {
            let clock = Instant::now();
            run.forward();
            all.push((clock.elapsed().as_micros(), step));
        }
        all.sort();
        println!("{}: {:?} us at step", scene.id, all.iter().rev().take(4).collect::<Vec<_>>());
    }
}

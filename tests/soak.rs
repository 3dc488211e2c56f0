//! Long runs with a limit to their record, as a page keeps them: what they hold of the heap, and that
//! what was let go comes back. `cargo test --release --test soak -- --ignored --nocapture` prints the
//! curve of a simulated day.

use happened_before::core::config::Setup;
use happened_before::core::session::Session;
use happened_before::protocols::scene;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The system's allocator, and how many bytes of it are in use.
struct Counting;

static HELD: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator unchanged; only a number is kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size() as u64, Ordering::Relaxed);
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
}

#[test]
#[ignore = "hours of virtual time"]
fn curve() {
    let wanted = std::env::var("SOAK_STEPS").ok().and_then(|s| s.parse().ok());
    let most: u64 = wanted.unwrap_or(32_000_000);
    let all: &[(&str, &[(&str, i64)])] = &[
        ("raft", &[]),
        ("consistent-hashing", &[("nodes", 100), ("clients", 20)]),
        ("cap", &[("quorum.gossip", 1)]),
        ("ranges", &[]),
        ("hybrid-clock", &[("nodes", 100)]),
    ];
    let only = std::env::var("SOAK_SCENE").unwrap_or_default();
    for (id, knobs) in all.iter().filter(|(id, _)| only.is_empty() || only == *id) {
        let before = held();
        let mut session = begin(id, knobs);
        session.bound(24 << 20);
        let mut at = most / 16;
        while at <= most {
            let clock = Instant::now();
            let from = session.cursor();
            session.seek(at);
            let took = clock.elapsed();
            let steps = (session.cursor() - from).max(1);
            let whole = held() - before;
            let copies = session.world().fork();
            let world = held() - before - whole;
            drop(copies);
            let clock = Instant::now();
            let view = session.view();
            println!(
                "{id} {at} steps {} s: {} KB, a copy of the world {} KB, {} recorded, {} ops, {} checkpoints, {:.1} us a step, view {:?} {}",
                session.time() / 1_000_000,
                whole / 1024,
                world / 1024,
                session.trace().events.len() - session.trace().events.first(),
                session.trace().ops.len(),
                session.checkpoints(),
                took.as_micros() as f64 / steps as f64,
                clock.elapsed(),
                view.nodes.len(),
            );
            if session.cursor() < at {
                break;
            }
            at *= 2;
        }
    }
}

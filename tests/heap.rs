//! What a long run holds of the heap: its record, its checkpoints and its branches.

use happened_before::core::config::Setup;
use happened_before::core::session::Session;
use happened_before::protocols::scene;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

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

/// The only test here: nothing else may allocate meanwhile.
#[test]
fn a_minute_of_raft_takes_less_than_ten_megabytes_and_a_branch_little_more() {
    let raft = scene("raft").expect("it is in the catalogue");
    let setup = Setup { scene: "raft".into(), seed: 7, ..Setup::default() };
    let before = HELD.load(Ordering::Relaxed);
    let mut session = Session::new(raft.build, setup, Vec::new()).expect("a plain setup");
    session.advance_to(60_000_000, u64::MAX);
    let held = HELD.load(Ordering::Relaxed) - before;
    let (events, checkpoints) = (session.trace().len(), session.checkpoints());
    println!("{held} bytes, {events} events, {checkpoints} checkpoints");
    assert!(events > 20_000, "{events} events are no minute of Raft");
    assert!(held < 10_000_000, "{held} bytes for {events} events");
    session.seek(events - 1_000);
    session.fork();
    let branch = HELD.load(Ordering::Relaxed) - before - held;
    println!("a branch: {branch} bytes");
    assert!(branch < held / 10, "{branch} bytes for a branch that shares nearly everything");
}

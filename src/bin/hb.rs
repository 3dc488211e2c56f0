#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]
//! `hb`: the page without the page. Everything it answers is computed by [`happened_before::cli`].

use happened_before::cli::{self, Host};
use signal_hook::consts::SIGINT;
use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// What shells report of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// The system's allocator, and how many bytes of it are in use while `hb bench` counts.
struct Counting;

static COUNTS: AtomicBool = AtomicBool::new(false);
static HELD: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator unchanged; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTS.load(Ordering::Relaxed) {
            HELD.fetch_add(layout.size() as u64, Ordering::Relaxed);
        }
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        if COUNTS.load(Ordering::Relaxed) {
            HELD.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        }
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static HEAP: Counting = Counting;

struct Machine {
    start: Instant,
    interrupted: Arc<AtomicBool>,
}

impl Machine {
    /// The first Ctrl-C asks for what has been found so far, the second ends the program.
    fn new() -> Self {
        let interrupted = Arc::new(AtomicBool::new(false));
        // Where signals cannot be had, Ctrl-C ends the program at once, as ever.
        let armed = interrupted.clone();
        let _ = signal_hook::flag::register_conditional_shutdown(SIGINT, INTERRUPTED, armed);
        let _ = signal_hook::flag::register(SIGINT, interrupted.clone());
        Machine { start: Instant::now(), interrupted }
    }
}

impl Host for Machine {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|e| format!("{path}: {e}"))
    }
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        std::fs::write(path, bytes).map_err(|e| format!("{path}: {e}"))
    }
    fn print(&self, bytes: &[u8]) -> Result<(), String> {
        let mut out = std::io::stdout();
        if out.is_terminal() {
            return Err("a picture is no text: --out FILE says where it goes".into());
        }
        // A closed pipe is the reader's choice.
        let _ = out.write_all(bytes);
        Ok(())
    }
    fn stdin(&self) -> Result<String, String> {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map(|_| text).map_err(|e| format!("standard input: {e}"))
    }
    fn clock_ms(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }
    fn cancelled(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
    fn hint(&self, line: &str) {
        if std::io::stderr().is_terminal() {
            eprintln!("{line}");
        }
    }
    fn heap(&self) -> Option<u64> {
        COUNTS.store(true, Ordering::Relaxed);
        // From here on; what was taken before and is given back makes it wrap, so differences count.
        Some(HELD.load(Ordering::Relaxed))
    }
    fn threads(&self) -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let out = cli::call(&args, &Machine::new());
    eprint!("{}", out.stderr);
    // A closed pipe (`hb list | head`) is the reader's choice, not an error.
    let _ = std::io::stdout().write_all(out.stdout.as_bytes());
    std::process::exit(out.code.into());
}

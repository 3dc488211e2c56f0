#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]
//! `hb`: the page without the page. Everything it answers is computed by [`happened_before::cli`].

use happened_before::cli::{self, Host, Output, UNKNOWN, USAGE, complaint};
use happened_before::core::quote::{quoted, shown};
use signal_hook::consts::SIGINT;
use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

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
        let asked = interrupted.clone();
        // Without a thread more, a command that does not hear takes a second Ctrl-C.
        let _ = thread::Builder::new().spawn(move || watch(&asked));
        Machine { start: Instant::now(), interrupted }
    }
}

/// Ends a command that was asked for what it has and does not answer.
fn watch(asked: &AtomicBool) {
    while !asked.load(Ordering::Relaxed) {
        thread::sleep(LOOK);
    }
    thread::sleep(PATIENCE);
    say("hb: stopped before there was anything to tell\n");
    std::process::exit(UNKNOWN.into());
}

/// Between two looks at whether Ctrl-C was pressed.
const LOOK: Duration = Duration::from_millis(50);
/// How long a command may take to answer once it was.
const PATIENCE: Duration = Duration::from_secs(2);

/// Says something on standard error, if there is one.
fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Writes an answer. A closed pipe (`hb list | head`) is the reader's choice, not an error; a full
/// disk is one.
fn answer(bytes: &[u8]) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(format!("standard output: {e}")),
        _ => Ok(()),
    }
}

/// The kilobytes of memory that Linux says the program takes up.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

impl Host for Machine {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|e| format!("{}: {e}", shown(path)))
    }
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        std::fs::write(path, bytes).map_err(|e| format!("{}: {e}", shown(path)))
    }
    fn print(&self, bytes: &[u8]) -> Result<(), String> {
        if std::io::stdout().is_terminal() {
            return Err("a picture is no text: --out FILE says where it goes".into());
        }
        answer(bytes)
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
            say(&format!("{line}\n"));
        }
    }
    fn heap(&self) -> Option<u64> {
        COUNTS.store(true, Ordering::Relaxed);
        // From here on; what was taken before and is given back makes it wrap, so differences count.
        Some(HELD.load(Ordering::Relaxed))
    }
    /// Where the system does not tell, what the allocator counts.
    fn held(&self) -> Option<u64> {
        resident().map(|kb| kb * 1024).or_else(|| self.heap())
    }
    fn threads(&self) -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }
}

/// The arguments, which have to be text.
fn arguments() -> Result<Vec<String>, String> {
    let text = |(nth, arg): (usize, OsString)| {
        arg.into_string().map_err(|odd| {
            format!("argument {nth}, {}, is not UTF-8 text", quoted(&odd.to_string_lossy()))
        })
    };
    std::env::args_os().enumerate().skip(1).map(text).collect()
}

fn main() {
    let out = match arguments() {
        Ok(args) => cli::call(&args, &Machine::new()),
        Err(why) => Output { code: USAGE, stdout: String::new(), stderr: complaint(&why) },
    };
    say(&out.stderr);
    let code = match answer(out.stdout.as_bytes()) {
        Ok(()) => out.code,
        Err(why) => {
            say(&complaint(&why));
            USAGE
        }
    };
    std::process::exit(code.into());
}

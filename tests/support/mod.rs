//! What several test programs share.
#![allow(dead_code)]

use happened_before::cli::{self, Host, Output};
use happened_before::core::sorted::SortedMap;
use happened_before::protocols::{CATALOG, Scene};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Holds a law to every scene of the catalogue, on two threads. All scenes that break it are named,
/// and how long each took is said for the closing table of `cargo xtask test`.
pub fn each_scene(law: impl Fn(&'static Scene) + Sync) {
    each_of(CATALOG.iter().collect(), law);
}

/// The same for some scenes.
pub fn each_of(scenes: Vec<&'static Scene>, law: impl Fn(&'static Scene) + Sync) {
    let next = Mutex::new(scenes.iter().enumerate());
    let done: Mutex<Vec<(usize, Duration, bool)>> = Mutex::default();
    let work = || {
        while let Some((place, scene)) = { next.lock().unwrap().next() } {
            let begun = Instant::now();
            let kept = catch_unwind(AssertUnwindSafe(|| law(scene))).is_ok();
            done.lock().unwrap().push((place, begun.elapsed(), kept));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
    let mut done = done.into_inner().unwrap();
    done.sort_unstable();
    for (place, time, _) in &done {
        println!("scene {}: {} ms", scenes[*place].id, time.as_millis());
    }
    let broken = done.iter().filter(|(_, _, kept)| !kept).map(|(place, ..)| scenes[*place].id);
    let broken: Vec<&str> = broken.collect();
    assert!(broken.is_empty(), "does not hold of {}: see above", broken.join(", "));
}

/// A machine without a disk: files are what was written or put there before.
#[derive(Default)]
pub struct Files(pub Mutex<SortedMap<String, Vec<u8>>>);

impl Host for Files {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let found = self.0.lock().unwrap().get(path).cloned();
        found.ok_or_else(|| format!("{path}: no such file"))
    }
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.0.lock().unwrap().insert(path.into(), bytes.into());
        Ok(())
    }
    fn stdin(&self) -> Result<String, String> {
        Ok(String::new())
    }
    fn clock_ms(&self) -> u64 {
        0
    }
    fn threads(&self) -> usize {
        2
    }
}

/// `hb` with a command line of words without blanks.
pub fn hb(line: &str, files: &Files) -> Output {
    let args: Vec<String> = line.split_whitespace().map(String::from).collect();
    cli::call(&args, files)
}

/// The exit code, the document and the complaints of `hb` on a machine without files.
pub fn hb_json(line: &str) -> (u8, serde_json::Value, String) {
    let out = hb(line, &Files::default());
    (out.code, serde_json::from_str(&out.stdout).unwrap_or_default(), out.stderr)
}

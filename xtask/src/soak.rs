//! What takes too long for every day: many more cases of every property test, long runs of the
//! fuzzer over every scene, the benches beside their peers, a monkey at every scene of the page,
//! and pages left open.

use crate::say;
use crate::shell::{self, command};
use std::time::Instant;

/// Cases of a property test that does not name its own number.
const CASES: &str = "20000";

const HB: [&str; 6] = ["run", "--quiet", "--release", "--bin", "hb", "--"];

/// Runs it all, with other draws each time.
///
/// # Errors
/// When something failed, after everything ran.
pub fn run() -> Result<(), String> {
    let mut faults = Vec::new();
    let tests = ["test", "--release", "--workspace", "--exclude", "browser", "--no-fail-fast"];
    step("property tests", &tests, &mut faults);
    let list = shell::output("cargo", &[&HB[..], &["list"]].concat()).unwrap_or_default();
    for scene in list.lines().filter_map(|line| line.split_whitespace().next()) {
        let fuzz = [&HB[..], &["fuzz", scene, "--seeds", "0..1000"]].concat();
        step(&format!("{scene}, 1,000 seeds"), &fuzz, &mut faults);
    }
    for name in ["explore", "history"] {
        step(&format!("bench: {name}"), &["bench", "--bench", name], &mut faults);
    }
    // The page as it ships, and a monkey at every scene of it.
    step("production build", &["xtask", "dist"], &mut faults);
    let monkey = ["test", "-p", "browser", "--test", "monkey", "--", "--ignored", "--show-output"];
    step("a monkey at the page", &monkey, &mut faults);
    let far = ["test", "-p", "browser", "--test", "far", "--", "--ignored", "--show-output"];
    step("pages left open", &far, &mut faults);
    if faults.is_empty() { Ok(()) } else { Err(format!("Failed: {}.", faults.join("; "))) }
}

fn step(name: &str, words: &[&str], faults: &mut Vec<String>) {
    say::heading(name);
    let start = Instant::now();
    if let Err(why) = shell::run(command("cargo", words).env("PROPTEST_CASES", CASES)) {
        println!("   {why}");
        faults.push(name.to_owned());
    }
    println!("   {}", say::duration(start.elapsed()));
}

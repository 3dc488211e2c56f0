//! What searches cost in the browser: `cargo run -p browser --example search_speed` runs the same
//! searches in a worker of the built page and in a native `hb` (`HB`, or the release build), one
//! thread each, in turn, and prints distinct states a second and their ratio.
//!
//! Both run beside whatever else the machine does; the best of several rounds is taken.

use browser::{Browser, Look, Server, Session, dist, session};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

const ROUNDS: u32 = 5;
const SEARCHES: [&str; 4] = [
    "explore twophase --set rm=7 --json",
    "explore paxos --set ballots=3 --json",
    "explore lamport-mutex --set n=3 maxclock=6 --json",
    "check raft --set nodes=3 clients=0 raft.noop=off --faults timers=2,ops=0 --json",
];

fn hb() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent()?.to_path_buf();
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let built = ["release", "fast"].map(|profile| target.join(profile).join("hb"));
    let mut all = std::env::var_os("HB").map(PathBuf::from).into_iter().chain(built);
    all.find(|p| p.exists())
}

/// Distinct states a second that an answer speaks of.
fn rate(text: &str) -> f64 {
    let told: Value = serde_json::from_str(text).unwrap_or_default();
    let (distinct, ms) = (told["distinct"].as_f64(), told["elapsed_ms"].as_f64());
    distinct.unwrap_or(f64::NAN) * 1000.0 / ms.unwrap_or(f64::NAN).max(1.0)
}

fn in_page(s: &mut Session, line: &str) -> f64 {
    let args: Vec<&str> = line.split(' ').collect();
    let request = json!({ "id": 1, "request": { "args": args } });
    let answer = s.eval_async(&format!(
        "await new Promise(async (resolve) => {{ window.twin ||= await hbBoot.worker(); \
         twin.onmessage = (e) => resolve(e.data); twin.postMessage({request}); }})"
    ));
    rate(answer["response"]["stdout"].as_str().unwrap_or_default())
}

fn main() {
    let Some(folder) = dist() else { return };
    let Some(hb) = hb() else {
        println!("There is no native hb to compare with: cargo build --release --bin hb");
        return;
    };
    let Some(mut s) = session(Browser::Chromium, Look::default()) else { return };
    let server = Server::for_test(&folder);
    s.goto(&server.url());
    s.wait_for_boot();
    println!("{:<84}{:>12}{:>12}{:>8}", "search", "native/s", "wasm/s", "ratio");
    for line in SEARCHES {
        let (mut native, mut wasm) = (0.0f64, 0.0f64);
        for _ in 0..ROUNDS {
            // On one processor hb uses one thread.
            let one =
                Command::new("taskset").args(["-c", "0"]).arg(&hb).args(line.split(' ')).output();
            let out = one.or_else(|_| Command::new(&hb).args(line.split(' ')).output());
            let text = out.map(|o| String::from_utf8_lossy(&o.stdout).into_owned());
            native = native.max(rate(&text.unwrap_or_default()));
            wasm = wasm.max(in_page(&mut s, line));
        }
        println!("{line:<84}{native:>12.0}{wasm:>12.0}{:>8.2}", wasm / native);
    }
}

//! The page and `hb` are twins: the shipped wasm, in a worker, answers what the native program does.

use browser::{Browser, Look, Server, Session, dist, session};
use happened_before::cli::{self, Host};
use serde_json::{Value, json};

/// A machine with nothing on it.
struct Bare;

impl Host for Bare {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        Err(format!("{path}: no such file was given"))
    }
    fn write(&self, path: &str, _bytes: &[u8]) -> Result<(), String> {
        Err(format!("{path}: the page writes no files"))
    }
    fn stdin(&self) -> Result<String, String> {
        Ok(String::new())
    }
    fn clock_ms(&self) -> u64 {
        0
    }
}

fn native(args: &[&str]) -> (u64, String) {
    let args: Vec<String> = args.iter().map(|a| (*a).to_string()).collect();
    let out = cli::call(&args, &Bare);
    (out.code.into(), out.stdout + &out.stderr)
}

fn page(session: &mut Session, args: &[&str]) -> (u64, String) {
    let request = json!({ "id": 1, "request": { "args": args } });
    let script = format!(
        "await new Promise(async (resolve) => {{ window.twin ||= await hbBoot.worker(); \
         twin.onmessage = (e) => resolve(e.data); twin.postMessage({request}); }})"
    );
    let answer = session.eval_async(&script);
    let part = |name: &str| answer["response"][name].as_str().unwrap_or_default().to_owned();
    let code = answer["response"]["code"].as_u64();
    (code.unwrap_or_else(|| panic!("{answer}")), part("stdout") + &part("stderr"))
}

/// Without what depends on the machine's speed.
fn timeless((code, text): (u64, String)) -> (u64, Value) {
    let mut value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    strip(&mut value);
    (code, value)
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !name.contains("_ms") && !name.contains("per_second"));
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

#[test]
fn digests_and_answers_are_the_same_natively_and_in_the_shipped_wasm() {
    let Some(folder) = dist() else { return };
    let Some(mut s) = session(Browser::Chromium, Look::default()) else { return };
    let server = Server::for_test(&folder);
    s.goto(&server.url());
    s.wait_for_boot();
    for line in [
        "run raft --seed 7 --until 10s --digest",
        "run raft --seed 8 --set net.loss=5% nodes=7 --until 20s --digest",
        "run raft --seed 9 --set clock.drift=10% net.latency=pareto disk.fsync=batch --until 10s --digest",
        "run lamport --seed 7 --until 10s --digest",
        "run raft --seed 3 --until 2s --trace",
        "run raft --seed 3 --until 2s --json",
        "fuzz raft --seeds 0..3 --json",
        "story raft --json",
        "list --json",
        "explore twophase --set rm=3 --json",
        "explore paxos --json",
        "check raft --set nodes=2 --max-states 2000 --json",
        "run raft --set nodes=0",
        "run nothing",
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        assert_eq!(timeless(page(&mut s, &args)), timeless(native(&args)), "hb {line}");
    }
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

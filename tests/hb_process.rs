#![cfg(target_os = "linux")]
//! The program `hb` itself, where its surroundings are odd.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions, read_to_string};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, Output, Stdio};

fn hb() -> Command {
    Command::new(env!("CARGO_BIN_EXE_hb"))
}

fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").expect("Linux has it")
}

fn refused(out: &Output, says: &str) {
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(64), "{said}");
    assert!(said.starts_with(says) && said.lines().count() == 1, "{said}");
}

#[test]
fn an_argument_that_is_no_text_is_refused_in_a_sentence() {
    let odd = OsStr::from_bytes(b"a\xff\nb");
    for args in [&[odd][..], &[OsStr::new("replay"), odd], &[OsStr::new("list"), odd]] {
        refused(&hb().args(args).output().unwrap(), "hb: argument ");
    }
    let out = hb().args([OsStr::new("run"), odd]).output().unwrap();
    refused(&out, "hb: argument 2, 'a\u{fffd}\\nb', is not UTF-8 text\n");
}

#[test]
fn a_full_disk_is_an_error_and_a_closed_pipe_is_none() {
    let out = hb().args(["list", "--json"]).stdout(full()).output().unwrap();
    refused(&out, "hb: standard output: ");
    let png = ["export", "lamport", "--to", "png", "--until", "100ms"];
    refused(&hb().args(png).stdout(full()).output().unwrap(), "hb: standard output: ");
    let mut child = hb().args(["list", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn without_standard_error_the_exit_code_still_tells() {
    let refused = hb().arg("nonsense").stderr(full()).status().unwrap();
    assert_eq!(refused.code(), Some(64));
    let mut closed = Command::new("sh");
    closed.args(["-c", "\"$0\" nonsense 2>&-", env!("CARGO_BIN_EXE_hb")]);
    assert_eq!(closed.status().unwrap().code(), Some(64));
}

/// Presses Ctrl-C once the program listens for it.
fn interrupt(child: &Child) {
    let caught = || {
        let status = read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let mask = status.lines().find_map(|l| l.strip_prefix("SigCgt:").map(str::trim));
        mask.and_then(|m| u64::from_str_radix(m, 16).ok()).is_some_and(|m| m & 0b10 != 0)
    };
    while !caught() {
        std::thread::yield_now();
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn ctrl_c_brings_what_there_is() {
    let forever = "x".repeat(60);
    let log = std::env::temp_dir().join(format!("hb-forever-{}.log", std::process::id()));
    std::fs::write(&log, forever).unwrap();
    let log = log.to_str().unwrap();
    let parser = r"(?<event>(?:x+x+)+y)(?<host>z)(?<clock>w)";
    for args in [
        &["fuzz", "raft", "--seeds", "0..18446744073709551615", "--json"][..],
        &["fuzz", "raft", "--seeds", "0..1", "--steps", "2000000", "--json"],
        &["check", "raft", "--set", "nodes=100", "clients=20", "--json"],
        &["import", "shiviz", log, "--parser", parser],
        &["plane", "cap", "--until", "600s", "--json"],
        &["converge", "eventual", "--runs", "100000", "--json"],
        &["run", "raft", "--until", "1000000s", "--json"],
        &["export", "raft", "--to", "trace", "--until", "1000000s"],
    ] {
        let child = hb().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        interrupt(&child);
        let out = child.wait_with_output().unwrap();
        assert_eq!(out.status.code(), Some(2), "{args:?} {}", String::from_utf8_lossy(&out.stderr));
        // On a busy machine it may be stopped before it has anything.
        let late = out.stderr.starts_with(b"hb: stopped before there was anything to tell");
        if args.contains(&"--json") && !late {
            let text = String::from_utf8(out.stdout).unwrap();
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{args:?} {text}");
        }
    }
    std::fs::remove_file(log).unwrap();
}

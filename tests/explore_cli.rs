//! `hb explore` as a user meets it: exit codes, documents and complaints.

use happened_before::cli::{self, Host, Output};
use happened_before::models::catalog::MODELS;
use serde_json::Value;
use std::cell::Cell;

/// A machine without files whose clock advances at each look.
struct Bench(Cell<u64>, usize);

impl Host for Bench {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        Err(format!("{path}: no files here"))
    }
    fn write(&self, path: &str, _: &[u8]) -> Result<(), String> {
        Err(format!("{path}: no files here"))
    }
    fn stdin(&self) -> Result<String, String> {
        Ok(String::new())
    }
    fn clock_ms(&self) -> u64 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }
    fn threads(&self) -> usize {
        self.1
    }
}

fn hb(line: &str) -> Output {
    let args: Vec<String> = line.split_whitespace().map(String::from).collect();
    cli::call(&args, &Bench(Cell::new(0), 2))
}

fn json(line: &str) -> (u8, Value) {
    let out = hb(&format!("explore {line} --json"));
    assert_eq!(out.stderr, "");
    (out.code, serde_json::from_str(&out.stdout).expect(&out.stdout))
}

fn counts(line: &str) -> [u64; 3] {
    let (code, doc) = json(line);
    assert_eq!((code, &doc["complete"]), (0, &Value::Bool(true)), "{line}");
    assert_eq!(doc["violations"], Value::Array(vec![]), "{line}");
    ["distinct", "generated", "depth"].map(|k| doc[k].as_u64().unwrap())
}

#[test]
fn published_counts_by_default() {
    assert_eq!(counts("twophase"), [288, 1_146, 11]);
    assert_eq!(counts("twophase --set rm=5")[0], 8_832);
    assert_eq!(counts("twophase --set rm=5 --symmetry")[0], 314);
    assert_eq!(counts("tcommit --set rm=3"), [34, 94, 7]);
    assert_eq!(counts("paxos"), [3_921, 23_563, 17]);
    assert_eq!(counts("paxos --set acceptors=1 values=1 --set ballots=2"), [25, 82, 9]);
    assert_eq!(counts("voting"), [6_752, 41_017, 16]);
    assert_eq!(counts("lamport-mutex"), [724_274, 2_729_079, 61]);
}

#[test]
fn every_mutant_of_every_model_is_found() {
    for entry in MODELS {
        for mutant in entry.mutants {
            // The smallest size at which a middle ballot exists.
            let more = if mutant.id == "any-reported-vote" { "--set ballots=3" } else { "" };
            let line = format!("{} {more} --mutant {}", entry.id, mutant.id);
            let (code, doc) = json(&line);
            assert_eq!(code, 1, "{line}");
            let violations = doc["violations"].as_array().unwrap();
            let found = violations.iter().find(|v| v["property"] == mutant.breaks);
            let found = found.unwrap_or_else(|| panic!("{line}: {violations:?}"));
            assert!(!found["cite"].as_str().unwrap().is_empty());
            let steps = found["actions"].as_array().unwrap().len() as u64;
            assert!(steps > 0 && found["length"].as_u64().unwrap() >= steps);
        }
    }
}

#[test]
fn blocking_is_told_as_a_stem_and_a_cycle() {
    let (_, doc) = json("twophase --mutant coordinator-stops");
    let found = &doc["violations"][0];
    assert_eq!((found["kind"].as_str(), &found["cycle"]), (Some("eventually"), &json_list()));
    let text = hb("explore twophase --mutant coordinator-stops").stdout;
    assert!(text.contains("Termination is violated after 4 steps"), "{text}");
}

fn json_list() -> Value {
    Value::Array(Vec::new())
}

#[test]
fn a_spent_budget_is_unknown_and_keeps_what_was_found() {
    let (code, doc) = json("twophase --set rm=9 --max-states 5000");
    assert_eq!((code, doc["outcome"].as_str()), (2, Some("max-states")));
    assert_eq!((&doc["complete"], doc["distinct"].as_u64()), (&Value::Bool(false), Some(5_000)));
    let (code, doc) = json("twophase --set rm=9 --budget-ms 5");
    assert_eq!((code, doc["outcome"].as_str()), (2, Some("stopped")));
    assert!(doc["distinct"].as_u64().unwrap() > 0);
    assert_eq!(hb("explore twophase --budget-ms 0").code, 2);
    assert_eq!(hb("explore twophase --max-states 0").code, 2);
}

#[test]
fn bad_usage_is_one_sentence() {
    for (line, wanted) in [
        ("explore", "MODEL is missing; the models are twophase (rm 1 to 15), tcommit"),
        ("explore zab", "there is no model 'zab'; the models are twophase (rm 1 to 15), tcommit"),
        ("explore paxos --set rm=3", "paxos has no parameter 'rm'; it takes acceptors 1 to 5"),
        ("explore twophase --set rm=16", "a whole number from 1 to 15, not '16'"),
        ("explore twophase --set rm=-1", "a whole number from 1 to 15, not '-1'"),
        ("explore twophase --set rm", "--set takes name=value, not 'rm'"),
        ("explore tcommit --mutant x", "its mutants are abort-blindly, commit-blindly"),
        ("explore voting --symmetry=half", "voting has no symmetry 'half'; it has full"),
        ("explore lamport-mutex --symmetry", "no symmetry is known of lamport-mutex"),
        ("explore paxos --set acceptors=5 values=3 ballots=4", "does not fit"),
        ("explore paxos-commit --set rm=4 acceptors=5", "does not fit"),
        ("explore twophase extra", "'extra' is not understood here"),
        ("explore twophase --max-states many", "--max-states takes a whole number, not 'many'"),
    ] {
        let out = hb(line);
        assert_eq!((out.code, out.stdout.as_str()), (64, ""), "{line}");
        assert!(out.stderr.contains(wanted), "{line}: {}", out.stderr);
        assert_eq!(out.stderr.trim_end().lines().count(), 1, "{line}");
    }
}

#[test]
fn one_thread_and_two_give_the_same_document() {
    for line in ["explore paxos --json", "explore paxos --mutant forget-promise --json"] {
        let args: Vec<String> = line.split_whitespace().map(String::from).collect();
        let docs = [1, 2].map(|threads| {
            let out = cli::call(&args, &Bench(Cell::new(0), threads));
            let mut doc: Value = serde_json::from_str(&out.stdout).unwrap();
            for cost in ["elapsed_ms", "states_per_second", "bytes_per_state"] {
                doc[cost] = Value::Null;
            }
            doc
        });
        assert_eq!(docs[0], docs[1]);
    }
}

#[test]
fn a_reduction_is_a_switch_that_changes_no_verdict() {
    let (code, plain) = json("lamport-mutex --set n=2 maxclock=5");
    let (again, less) = json("lamport-mutex --set n=2 maxclock=5 --por");
    assert_eq!((code, again), (0, 0), "{less}");
    let invariants = |told: &Value| {
        let all = told["properties"].as_array().cloned().unwrap_or_default();
        let always = all.iter().filter(|p| p["kind"] == "always");
        always.map(|p| (p["id"].clone(), p["verdict"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(invariants(&plain), invariants(&less));
    assert!(less["distinct"].as_u64() < plain["distinct"].as_u64(), "{less}");
}

#[test]
fn a_memory_bound_ends_a_search_with_what_it_has() {
    let (code, told) = json("twophase --set rm=6 --memory-mb 1");
    assert_eq!((code, &told["outcome"]), (2, &"memory".into()), "{told}");
    assert!(told["distinct"].as_u64() > Some(1_000) && told["complete"] == false);
    let out = hb("check raft --memory-mb 1 --faults timers=3,ops=1 --json");
    let told: Value = serde_json::from_str(&out.stdout).expect(&out.stdout);
    assert_eq!((out.code, &told["outcome"]), (2, &"memory".into()), "{told}");
    let searched = told["searched"].as_str().unwrap_or_default();
    assert!(searched.contains("(stopped at its memory bound of 1 MB)"), "{searched}");
}

//! Small histories that were judged or read wrongly once, each with its right answer and kin.

use happened_before::cli::{self, Host};
use happened_before::share::import::history::Format;
use serde_json::Value as Json;
use std::path::Path;

struct Memory(Vec<u8>);

impl Host for Memory {
    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone())
    }
    fn write(&self, path: &str, _: &[u8]) -> Result<(), String> {
        Err(format!("{path} cannot be written"))
    }
    fn stdin(&self) -> Result<String, String> {
        Err("there is no standard input".into())
    }
    fn clock_ms(&self) -> u64 {
        0
    }
}

fn trial(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/trials");
    std::fs::read(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn hb(bytes: &[u8], args: &str) -> cli::Output {
    let line = format!("history {args}");
    let args: Vec<String> = line.split(' ').filter(|a| !a.is_empty()).map(String::from).collect();
    cli::call(&args, &Memory(bytes.to_vec()))
}

fn doc(bytes: &[u8], args: &str) -> Json {
    let out = hb(bytes, args);
    serde_json::from_str(&out.stdout).unwrap_or_else(|_| panic!("{args}: {}", out.stderr))
}

/// The verdict on a text, and that the exit code says the same.
fn verdict(bytes: &[u8], args: &str) -> String {
    let out = hb(bytes, args);
    let doc: Json = serde_json::from_str(&out.stdout).unwrap_or_else(|_| panic!("{}", out.stderr));
    let code = ["ok", "illegal", "unknown"].iter().position(|v| doc["verdict"] == *v);
    assert_eq!(code, Some(usize::from(out.code)), "{args}");
    doc["verdict"].as_str().unwrap_or_default().to_string()
}

const LISTS: &str = "FILE --format edn --model list-append --level";

#[test]
fn appends_that_nobody_reads_come_after_the_reads_that_do_not_show_them() {
    let stale = trial("list-append-stale-empty.edn");
    assert_eq!(verdict(&stale, &format!("{LISTS} strict-serializable")), "illegal");
    // Without regard to time the read comes first; the order says so and replays.
    let plain = doc(&stale, &format!("{LISTS} serializable"));
    assert_eq!((&plain["verdict"], &plain["order"]), (&"ok".into(), &serde_json::json!([2, 0, 1])));
    let own = trial("list-append-own.edn");
    for level in ["strict-serializable", "strong-session-serializable", "ryw", "causal"] {
        assert_eq!(verdict(&own, &format!("{LISTS} {level}")), "illegal", "{level}");
    }
    assert_eq!(verdict(&own, &format!("{LISTS} serializable")), "ok", "no regard to sessions");
    let two = trial("list-append-two-unread.edn");
    assert_eq!(verdict(&two, &format!("{LISTS} serializable")), "illegal");
    assert_eq!(verdict(&two, &format!("{LISTS} si")), "ok", "a write skew");
}

#[test]
fn a_list_shows_what_each_transaction_appended_in_its_order() {
    let list = |reads: &str| format!("[\"ay1ay2ay3\", \"{reads}\"]").into_bytes();
    let args = "FILE --format json --model list-append --level";
    for level in ["read-committed", "serializable", "causal"] {
        assert_eq!(verdict(&list("ry123"), &format!("{args} {level}")), "ok");
        for reads in ["ry213", "ry13", "ry1234", "ry4"] {
            assert_eq!(verdict(&list(reads), &format!("{args} {level}")), "illegal", "{reads}");
        }
    }
    let twice = doc(b"[\"ay1\", \"ay1\", \"ry1\"]", &format!("{args} serializable"));
    assert_eq!(twice["verdict"], "unknown");
    assert!(twice["because"].as_str().is_some_and(|b| b.contains("1 is appended to y twice")));
}

/// One history, told as transactions over lists and over registers.
fn both(steps: &str) -> [(&'static str, Vec<u8>); 2] {
    let events = |read: &dyn Fn(&str) -> String, write: &str| {
        let mut out = String::new();
        for line in steps.lines() {
            let mut words = line.split(' ');
            let process = words.next().unwrap_or_default();
            let steps: Vec<String> = words
                .map(|w| match w.split_once('=') {
                    Some((k, v)) => format!("[:{write} :{k} {v}]"),
                    None => {
                        let (k, v) = w.split_once('?').unwrap_or((w, ""));
                        format!("[:r :{k} {}]", read(v))
                    }
                })
                .collect();
            for kind in ["invoke", "ok"] {
                let steps = steps.join(" ");
                out += &format!("{{:process {process} :type :{kind} :f :txn :value [{steps}]}}\n");
            }
        }
        out.into_bytes()
    };
    let list = |v: &str| format!("[{v}]");
    let value = |v: &str| if v.is_empty() { "nil".to_string() } else { v.to_string() };
    [("list-append", events(&list, "append")), ("txn", events(&value, "w"))]
}

/// A level means one thing, whatever the transactions do.
#[test]
fn serializable_is_without_regard_to_sessions_and_time_for_lists_and_registers() {
    let cases = [
        // A session reads behind its own write.
        ("0 x=1\n0 x?\n1 x?1", "ok", "illegal", "illegal"),
        // A session that begins later reads behind what had returned.
        ("0 x=1\n1 x?\n2 x?1", "ok", "ok", "illegal"),
        // Two that miss each other's writes.
        ("0 x=1 y?\n1 y=1 x?", "illegal", "illegal", "illegal"),
        ("0 x=1\n1 x?1", "ok", "ok", "ok"),
    ];
    for (history, plain, session, strict) in cases {
        for (model, bytes) in both(history) {
            let args = format!("FILE --format edn --model {model} --level");
            for (level, expected) in [
                ("serializable", plain),
                ("strong-session-serializable", session),
                ("sequential", session),
                ("strict-serializable", strict),
                ("linearizable", strict),
            ] {
                let found = verdict(&bytes, &format!("{args} {level}"));
                assert_eq!(found, expected, "{model} {level}: {history}");
            }
        }
    }
}

/// In a file of sessions each level keeps their order.
#[test]
fn a_file_of_sessions_asks_for_their_order() {
    let txn = br#"{"sessions": [[[["w", "x", 1]], [["r", "x", null]]], [[["r", "x", 1]]]]}"#;
    assert_eq!(verdict(txn, "FILE --format json --model txn --level serializable"), "illegal");
    let lists = br#"{"sessions": [[[["append", "x", 1]], [["r", "x", []]]], [[["r", "x", [1]]]]]}"#;
    let args = "FILE --format json --model list-append --level serializable";
    assert_eq!(verdict(lists, args), "illegal");
}

#[test]
fn transactions_of_unknown_outcome_count_where_they_were_read() {
    let events = |read: &str| {
        format!(
            "{{:process 0 :type :invoke :f :txn :value [[:append :x 1] [:append :y 1]]}}
             {{:process 0 :type :info :f :txn :value [[:append :x 1] [:append :y 1]]}}
             {{:process 1 :type :invoke :f :txn :value [[:r :x nil]]}}
             {{:process 1 :type :ok :f :txn :value [[:r :x [1]]]}}
             {{:process 1 :type :invoke :f :txn :value [[:r :y nil]]}}
             {{:process 1 :type :ok :f :txn :value [[:r :y {read}]]}}"
        )
        .into_bytes()
    };
    for level in ["strict-serializable", "strong-session-serializable", "causal"] {
        assert_eq!(verdict(&events("[1]"), &format!("{LISTS} {level}")), "ok", "{level}");
        assert_eq!(verdict(&events("[]"), &format!("{LISTS} {level}")), "illegal", "{level}");
    }
}

/// Writes that nobody may have done are tried only where a read needs them: this takes
/// milliseconds, and took seconds to minutes while every order of them was tried.
#[test]
fn many_writes_of_unknown_outcome_are_no_trouble() {
    for (name, writes) in [("sixteen", 16), ("eighteen", 18)] {
        let bytes = trial(&format!("{name}-unknown-writes.edn"));
        for level in ["linearizable", "sequential", "causal"] {
            let args = format!("FILE --format edn --model register --level {level}");
            assert_eq!(verdict(&bytes, &args), "ok", "{name} {level}");
        }
        // One read more, of a value that was overwritten for good.
        let mut more = bytes.clone();
        for kind in ["invoke", "ok"] {
            let read = format!("{{:process 100 :type :{kind} :f :read :value 7}}\n");
            more.extend(read.bytes());
        }
        let answer = doc(&more, "FILE --format edn --model register");
        assert_eq!(answer["verdict"], "illegal", "{writes}");
        assert!(answer["minimal"] == true && !answer["core"].as_array().unwrap().is_empty());
    }
}

struct Stops(Vec<u8>, std::cell::Cell<u64>);

impl Host for Stops {
    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone())
    }
    fn write(&self, path: &str, _: &[u8]) -> Result<(), String> {
        Err(path.into())
    }
    fn stdin(&self) -> Result<String, String> {
        Err("none".into())
    }
    fn clock_ms(&self) -> u64 {
        self.1.set(self.1.get() + 1);
        self.1.get()
    }
}

#[test]
fn what_was_explained_when_a_budget_ended_is_told() {
    // Certain writes, all at once, and reads that contradict each other at the end.
    let mut text = String::new();
    for p in 0..14 {
        text += &format!("{{:process {p} :type :invoke :f :enqueue :value {p}}}\n");
    }
    for p in 0..14 {
        text += &format!("{{:process {p} :type :ok :f :enqueue :value {p}}}\n");
    }
    for v in [3, 9, 5, 0, 7, 1, 99] {
        text += "{:process 0 :type :invoke :f :dequeue :value nil}\n";
        text += &format!("{{:process 0 :type :ok :f :dequeue :value {v}}}\n");
    }
    let args = "history FILE --format edn --model queue --budget-ms 12";
    let args: Vec<String> = args.split(' ').map(String::from).collect();
    let out = cli::call(&args, &Stops(text.into_bytes(), std::cell::Cell::new(0)));
    let doc: Json = serde_json::from_str(&out.stdout).expect(&out.stderr);
    assert_eq!((out.code, &doc["verdict"]), (2, &"unknown".into()), "{doc}");
    let order: Vec<u64> =
        doc["order"].as_array().unwrap().iter().filter_map(Json::as_u64).collect();
    assert!(order.len() >= 14, "the writes and some reads: {doc}");
}

#[test]
fn a_read_of_a_value_that_nobody_wrote_is_the_core() {
    let bytes = trial("session-levels.edn");
    let levels = ["linearizable", "sequential", "causal+", "causal", "pram", "ryw", "mr", "mw"];
    for level in levels {
        let answer = doc(&bytes, &format!("FILE --format edn --model register --level {level}"));
        assert_eq!(answer["core"], serde_json::json!([2]), "{level}: {answer}");
        let because = answer["because"].as_str().unwrap_or_default();
        assert!(because.starts_with("Operation 2 of process 2, read -> 3, cannot"), "{because}");
    }
    // Not even where the first of the operations could be blamed if the others were left out.
    let back =
        b"{:process 0 :type :invoke :f :write :value 1} {:process 0 :type :ok :f :write :value 1}
        {:process 1 :type :invoke :f :read :value nil} {:process 1 :type :ok :f :read :value 1}
        {:process 1 :type :invoke :f :read :value nil} {:process 1 :type :ok :f :read :value 0}";
    for level in ["sequential", "pram", "mr"] {
        let answer = doc(back, &format!("FILE --format edn --model register --level {level}"));
        assert_eq!(answer["cause"], serde_json::json!([0, 1, 2]), "{level}: {answer}");
    }
}

const OK: [(&str, &str); 7] = [
    ("vector.edn", ""),
    ("nemesis-only.edn", "--model cas-register --format edn"),
    ("independent.edn", "--model cas-register --format edn"),
    ("discard-end.edn", "--model cas-register --format edn"),
    ("bigint.edn", "--model cas-register --format edn"),
    ("float.json", "--model register --format json"),
    ("nemesis-only.edn", "--model list-append --format edn"),
];

#[test]
fn histories_are_read_as_they_are_meant() {
    for (name, args) in OK {
        assert_eq!(verdict(&trial(name), &format!("{name} {args}")), "ok", "{name}");
    }
    let log = trial("jepsen-today.log");
    assert_eq!(verdict(&log, "FILE --model register --format jepsen-log"), "illegal");
    assert_eq!(verdict(&log, "jepsen-today.log --model register"), "illegal");
    for (text, format) in [("", "edn"), ("[]", "edn"), ("", "jepsen-log"), ("; none\n#_1", "edn")] {
        let out = hb(text.as_bytes(), &format!("FILE --model register --format {format}"));
        assert_eq!(out.code, 64, "{text:?}");
        assert!(out.stderr.contains("no operation is in this file"), "{}", out.stderr);
    }
}

#[test]
fn independent_keys_are_judged_one_by_one() {
    let ops = |all: &[(u32, &str, &str, &str)]| -> Vec<u8> {
        let line = |(p, kind, f, v): &(u32, &str, &str, &str)| {
            format!("{{:process {p} :type :{kind} :f :{f} :value {v}}}\n")
        };
        all.iter().map(line).collect::<String>().into_bytes()
    };
    let args = "FILE --model cas-register --format edn --ops --level lattice";
    let mut history = vec![
        (0, "invoke", "write", "[1 10]"),
        (0, "ok", "write", "[1 10]"),
        (1, "invoke", "cas", "[1 [10 11]]"),
        (1, "ok", "cas", "[1 [10 11]]"),
        (2, "invoke", "write", "[\"b\" 5]"),
        (2, "info", "write", "[\"b\" 5]"),
        (0, "invoke", "read", "[1 nil]"),
        (0, "ok", "read", "[1 11]"),
    ];
    let answer = doc(&ops(&history), args);
    assert_eq!(answer["levels"]["linearizable"], "ok", "{answer}");
    assert_eq!(answer["ops"][1][1], "cas 1 10 11 -> true");
    assert_eq!(answer["ops"][2][1], "write b 5 (answer unknown)");
    history[7].3 = "[1 10]";
    assert_eq!(doc(&ops(&history), args)["levels"]["linearizable"], "illegal");
    // Values that are lists by themselves: who reads asks for none.
    let lists = [
        (0, "invoke", "write", "[1 10]"),
        (0, "ok", "write", "[1 10]"),
        (1, "invoke", "read", "nil"),
        (1, "ok", "read", "[1 10]"),
    ];
    let answer = doc(&ops(&lists), args);
    assert_eq!(answer["ops"][0][1], "write [1 10]");
    assert_eq!(answer["levels"]["linearizable"], "ok");
}

#[test]
fn a_line_of_a_log_is_its_last_fields() {
    let line = |before: &str, fields: &str| format!("{before}{fields}\n");
    let old = "INFO  jepsen.util - ";
    let new = "2031-03-04 10:00:00,123{GMT}\tINFO\t[jepsen worker 0] jepsen.util: ";
    for before in [old, new, ""] {
        let mut text = line(before, "0\t:invoke\t:write\t1");
        text += &line(before, "0\t:info\t:write\t1\t:timed-out");
        text += &line(before, ":nemesis\t:info\t:start\t{\"n1\" #{\"n2\"}}");
        text += "java.lang.Exception: at\tsome line\n";
        text += &line(before, "1\t:invoke\t:read\tnil");
        text += &line(before, "1\t:ok\t:read\t1");
        let answer =
            doc(text.as_bytes(), "FILE --model register --format jepsen-log --level lattice --ops");
        assert_eq!(answer["ops"].as_array().map(Vec::len), Some(2), "{before}");
        assert_eq!(answer["levels"]["linearizable"], "ok", "{before}");
        // What is not understood is not passed over.
        let bad = format!("{text}{}", line(before, "1\t:invoke\t:write\t[1"));
        let out = hb(bad.as_bytes(), "x.log --model register");
        assert!(out.stderr.contains("x.log: line 7, column"), "{}", out.stderr);
        assert!(out.stderr.contains("never closed"), "{}", out.stderr);
    }
}

#[test]
fn a_name_and_a_content_say_what_a_file_is() {
    let store = "{:process 0, :type :invoke, :f :put, :key \"a\", :value \"1\"}";
    let register = "{:process 0, :type :invoke, :f :write, :value 1}";
    let json = "[{\"process\": 0, \"type\": \"invoke\", \"f\": \"read\"}]";
    let log = "x jepsen.util: 0\t:invoke\t:read\tnil\n";
    for (name, text, format) in [
        ("vector.edn", "[{:process 0, :type :invoke, :f :read}]", Format::Edn),
        ("history.json", "[{:process 0, :type :invoke, :f :read}]", Format::Edn),
        ("history.edn", json, Format::Json),
        ("the text", json, Format::Json),
        ("the text", log, Format::JepsenLog),
        ("c01-ok.txt", store, Format::Kv),
        ("c01-ok.edn", store, Format::Edn),
        ("the text", store, Format::Kv),
        ("the text", register, Format::Edn),
        ("jepsen.LOG", "nothing known", Format::JepsenLog),
        ("a.edn", "nothing known", Format::Edn),
        ("a.json", "nothing known", Format::Json),
    ] {
        assert_eq!(Format::of(name, text), format, "{name}: {text}");
    }
}

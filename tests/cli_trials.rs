//! Inputs that were once answered wrongly by `hb`, and the right answers.

use happened_before::cli::{self, Host, Output};
use happened_before::core::sorted::SortedMap;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};

/// Files, and a clock that goes on whenever somebody looks at it.
#[derive(Default)]
struct Desk {
    files: RefCell<SortedMap<String, Vec<u8>>>,
    clock: Cell<u64>,
    /// Looks after which the user asks to stop.
    patience: Cell<Option<u64>>,
    /// Bytes that the program takes up more with every look.
    greed: u64,
}

impl Host for Desk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let trial = || std::fs::read(format!("tests/data/trials/{path}")).ok();
        let found = self.files.borrow().get(path).cloned().or_else(trial);
        found.ok_or_else(|| format!("{path}: no such file"))
    }
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.files.borrow_mut().insert(path.into(), bytes.into());
        Ok(())
    }
    fn print(&self, _: &[u8]) -> Result<(), String> {
        Ok(())
    }
    fn stdin(&self) -> Result<String, String> {
        Ok(String::new())
    }
    fn clock_ms(&self) -> u64 {
        self.clock.set(self.clock.get() + 1);
        self.clock.get()
    }
    fn cancelled(&self) -> bool {
        let Some(left) = self.patience.get() else { return false };
        self.patience.set(Some(left.saturating_sub(1)));
        left == 0
    }
    fn held(&self) -> Option<u64> {
        Some(self.clock_ms() * self.greed)
    }
    fn threads(&self) -> usize {
        2
    }
}

impl Desk {
    fn with(files: &[(&str, &str)]) -> Desk {
        let desk = Desk::default();
        files.iter().for_each(|(name, text)| desk.write(name, text.as_bytes()).unwrap());
        desk
    }

    fn hb(&self, args: &[&str]) -> Output {
        let args: Vec<String> = args.iter().map(|a| (*a).to_string()).collect();
        cli::call(&args, self)
    }

    /// What `hb import shiviz` answers: texts of the events, and what it says beside.
    fn texts(&self, args: &[&str]) -> (Vec<Vec<String>>, String) {
        let out = self.hb(&[&["import", "shiviz"], args].concat());
        assert_eq!(out.code, 0, "{args:?}: {out:?}");
        let text = |e: &Value| e["text"].as_str().unwrap().to_string();
        let document = json_of(&out);
        let executions = document["executions"].as_array().unwrap().iter();
        let texts = executions.map(|x| x["events"].as_array().unwrap().iter().map(text).collect());
        (texts.collect(), out.stderr)
    }
}

fn json_of(out: &Output) -> Value {
    serde_json::from_str(&out.stdout).unwrap_or_else(|e| panic!("{e}: {out:?}"))
}

const TLC: &str =
    r#"^State [0-9]+: <(?<event>\w*) .*>\n\/\\ Host = (?<host>.*)\n\/\\ Clock = "(?<clock>.*)""#;
const EVENT_FIRST: &str = r"(?<event>.*)\n(?<host>\S*) (?<clock>{.*})";

#[test]
fn a_clock_may_be_the_contents_of_a_string() {
    let desk = Desk::default();
    let out = desk.hb(&["import", "shiviz", "tla-clock.log", "--parser", TLC]);
    let events = json_of(&out)["executions"][0]["events"].clone();
    assert_eq!((events[0]["id"].clone(), events[1]["id"].clone()), (json!("p1:1"), json!("p2:1")));
    assert_eq!((events[1]["parents"].clone(), events[2].clone()), (json!(["p1:1"]), Value::Null));
    // What belongs to no event is told, here the model checker's other lines.
    assert_eq!(
        out.stderr,
        "hb: tla-clock.log: 5 lines belong to no event, first line 1; does the parser fit?\n"
    );
    let out = Desk::with(&[("y", "a {\\\"a\\\":x}\nt\n")]).hb(&["import", "shiviz", "y"]);
    assert_eq!((out.code, out.stderr.lines().count()), (64, 1), "{out:?}");
}

#[test]
fn both_usual_orders_are_recognised_with_all_line_ends() {
    let alpha = vec![vec!["alpha opens", "beta writes", "gamma reads"]];
    let (texts, said) = Desk::default().texts(&["event-first.log"]);
    assert_eq!(
        (texts, said.as_str()),
        (alpha.into_iter().map(|x| x.into_iter().map(String::from).collect()).collect(), "")
    );
    let ask = vec![vec!["start".to_string(), "ask".into(), "asked".into()]];
    let crlf = String::from_utf8(Desk::default().read("event-first-crlf.log").unwrap()).unwrap();
    assert!(crlf.contains("\r\n"));
    let macs = crlf.replace("\r\n", "\r");
    let marked = format!("\u{feff}{crlf}");
    let desk = Desk::with(&[("mac", &macs), ("marked", &marked)]);
    for file in ["event-first-crlf.log", "mac", "marked"] {
        for parser in [&[][..], &["--parser", EVENT_FIRST]] {
            assert_eq!(
                desk.texts(&[&[file][..], parser].concat()),
                (ask.clone(), String::new()),
                "{file}"
            );
        }
    }
    // Host first, as ever, also where a stray line stands in between.
    let log = "# a log\na {\"a\":1}\nx\nb {\"a\":1,\"b\":1}\ny\n";
    let desk = Desk::with(&[("log", log), ("crlf", &log.replace('\n', "\r\n"))]);
    for file in ["log", "crlf"] {
        let (texts, said) = desk.texts(&[file]);
        assert_eq!(texts, [["x", "y"]]);
        assert_eq!(
            said,
            format!(
                "hb: {file}: one line belongs to no event, first line 1; does the parser fit?\n"
            )
        );
    }
    // The wrong way round is possible, but not in silence.
    let wrong = r"(?<host>\S*) (?<clock>{.*})\n(?<event>.*)\n?";
    let out = desk.hb(&["import", "shiviz", "event-first.log", "--parser", wrong]);
    assert_eq!(
        out.stderr,
        "hb: event-first.log: one line belongs to no event, first line 1; one event has no text, first at line 6; does the parser fit?\n"
    );
    assert_eq!(
        json_of(&out)["unread"],
        json!({"left": 1, "first_left": 1, "empty": 1, "first_empty": 6})
    );
}

#[test]
fn line_ends_of_other_systems_are_line_ends_for_every_reader() {
    let script = "# two\n{\"at\":\"300ms\",\"do\":{\"crash\":{\"node\":1,\"mode\":\"process\"}}}\n{\"at\":\"600ms\",\"do\":\"heal-all\"}\n";
    let trace = "{\"tag\":\"trace\",\"event\":{\"name\":\"InitState\",\"nid\":\"1\",\"state\":{\"term\":0,\"vote\":\"0\",\"commit\":0}}}\n{\"tag\":\"trace\",\"event\":{\"name\":\"Ready\",\"nid\":\"1\",\"state\":{\"term\":1,\"vote\":\"0\",\"commit\":0}}}\n";
    let link = json_of(&Desk::default().hb(&["run", "lamport", "--until", "100ms", "--json"]));
    let link = format!("{}\n", link["url"].as_str().unwrap());
    let cases = "{\"N\":3,\"R\":1,\"W\":1}\n{\"N\":3,\"R\":2,\"W\":2}\n";
    let edn = "{:process 0, :type :invoke, :f :write, :value \"a\"} ; one\n{:process 0, :type :ok, :f :write, :value \"a\"}\n";
    let kv = "{:process 0, :type :invoke, :f :put, :key \"k\", :value \"v\"}\n{:process 0, :type :ok, :f :put, :key \"k\", :value \"v\"}\n";
    let jepsen =
        "INFO  jepsen.util - 0\t:invoke\t:write\t1\nINFO  jepsen.util - 0\t:ok\t:write\t1\n";
    let asks: [(&str, &[&str]); 8] = [
        (edn, &["history", "f", "--model", "register", "--format", "edn"]),
        (kv, &["history", "f", "--model", "kv", "--format", "kv"]),
        (jepsen, &["history", "f", "--model", "register", "--format", "jepsen-log"]),
        (
            script,
            &["run", "raft", "--set", "nodes=3", "--until", "900ms", "--digest", "--script", "f"],
        ),
        (trace, &["import", "etcd-trace", "f"]),
        (&link, &["replay", "f", "--digest"]),
        (cases, &["formula", "pbs", "f"]),
        ("a\nb c\n", &["hash", "--algo", "redis-slot", "--keys", "f"]),
    ];
    for (text, args) in asks {
        let right = Desk::with(&[("f", text)]).hb(args);
        assert_eq!(right.code, 0, "{args:?} {right:?}");
        for other in
            [text.replace('\n', "\r\n"), text.replace('\n', "\r"), format!("\u{feff}{text}")]
        {
            assert_eq!(Desk::with(&[("f", &other)]).hb(args), right, "{other:?}");
        }
    }
}

#[test]
fn an_execution_that_the_parser_cannot_read_is_an_error() {
    let delimiter = r"=== (?<trace>\w*) ===";
    let desk = Desk::with(&[
        ("blank", "=== one ===\na {\"a\":1}\nm\n=== two ===\n\n"),
        ("preamble", "written by hand\n=== one ===\na {\"a\":1}\nm\n"),
        ("nameless", "a {\"a\":1}\nm\n---\nnothing\n"),
    ]);
    let import = |file: &str, delimiter: &str| {
        desk.hb(&["import", "shiviz", file, "--delimiter", delimiter])
    };
    let out = import("one-unread.log", delimiter);
    assert_eq!((out.code, out.stdout.as_str()), (64, ""));
    assert_eq!(
        out.stderr,
        "hb: one-unread.log:5:1: expected an event that the parser reads in the execution 'Tuesday', which begins at line 4\n"
    );
    assert_eq!(
        import("nameless", "---").stderr,
        "hb: nameless:4:1: expected an event that the parser reads in the execution, which begins at line 3\n"
    );
    assert_eq!(import("blank", delimiter).stderr, "");
    let out = import("preamble", delimiter);
    assert_eq!((out.code, json_of(&out)["unread"]["left"].clone()), (0, json!(1)));
    assert!(out.stderr.contains("one line belongs to no event, first line 1"));
}

#[test]
fn a_pattern_that_would_take_all_memory_is_refused_in_a_sentence() {
    let nested = r"(?<host>(?:(?:(?:a?){1000}){1000}){1000}) (?<clock>{.*})\n(?<event>.*)";
    for what in ["--parser", "--delimiter"] {
        let out = Desk::default().hb(&["import", "shiviz", "event-first.log", what, nested]);
        let name = what.trim_start_matches('-');
        assert_eq!(
            (out.code, out.stderr),
            (
                64,
                format!(
                    "hb: event-first.log: the {name} repeats too much: with its repetitions written out it has more than 20000 parts\n"
                )
            )
        );
    }
}

#[test]
fn appends_that_are_all_there_are_a_success_in_any_order() {
    let desk = Desk::default();
    let out = desk.hb(&["eventlog", "appends.jsonl"]);
    assert_eq!(out.code, 0, "{out:?}");
    let asked = String::from_utf8(desk.read("appends.jsonl").unwrap()).unwrap();
    for (asked, answer) in asked.lines().zip(out.stdout.lines()) {
        let [asked, answer]: [Value; 2] = [asked, answer].map(|l| serde_json::from_str(l).unwrap());
        let mut got: Vec<Value> =
            answer["steps"].as_array().unwrap().iter().map(|s| s[2].clone()).collect();
        got.push(answer["total"].clone());
        assert_eq!(json!(got), asked["want"], "{}", asked["name"]);
    }
    assert_eq!(asked.lines().count(), out.stdout.lines().count());
}

#[test]
fn ketama_agrees_with_libketama_on_sixty_one_nodes() {
    let desk = Desk::default();
    let text = |name: &str| String::from_utf8(desk.read(name).unwrap()).unwrap();
    let right = text("sixty-one.tsv");
    let keys: String =
        right.lines().map(|l| format!("{}\n", l.split('\t').next().unwrap())).collect();
    desk.write("keys", keys.as_bytes()).unwrap();
    let nodes = text("sixty-one.nodes");
    let out = desk.hb(&["hash", "--algo", "ketama", "--nodes", &nodes, "--keys", "keys"]);
    assert_eq!(out.stdout.trim_end(), right.trim_end());
}

#[test]
fn small_algorithms_answer_as_their_originals() {
    let desk = Desk::with(&[
        ("keys", "\nhex:\na\n"),
        (
            "again",
            r#"{"steps":[["A","write",9,5],["B","merge","A"],["A","write",2,5],["B","merge","A"],["A","merge","B"]]}"#,
        ),
        ("full", r#"{"steps":[["A","inc",18446744073709551615],["A","inc",1]]}"#),
        ("low", r#"{"steps":[["A","dec",18446744073709551615],["A","dec",1]]}"#),
    ]);
    let tokens = desk.hb(&["hash", "--algo", "murmur3-token", "--keys", "keys"]).stdout;
    let tokens: Vec<&str> = tokens.lines().map(|l| l.split('\t').nth(1).unwrap()).collect();
    assert_eq!(tokens[..2], ["-9223372036854775808"; 2]);
    for algo in ["ketama", "ring", "maglev"] {
        let out = desk.hb(&[
            "hash",
            "--algo",
            algo,
            "--nodes",
            "a,b",
            "--replicas",
            "0",
            "--keys",
            "keys",
        ]);
        assert_eq!(
            out.stderr,
            "hb: --replicas is at least 1: a key without a copy lives nowhere\n"
        );
    }
    let out = json_of(&desk.hb(&["crdt", "lww", "again"]));
    assert_eq!(
        (out["replicas"].clone(), out["converged"].clone()),
        (json!({"A": 2, "B": 2}), json!(true))
    );
    for (kind, file) in [("g-counter", "full"), ("pn-counter", "full"), ("pn-counter", "low")] {
        let out = desk.hb(&["crdt", kind, file]);
        assert_eq!(
            (out.code, out.stderr),
            (
                64,
                format!(
                    "hb: {file}:1: step 1: 'A' has counted to 18446744073709551615, and no count is above 18446744073709551615\n"
                )
            )
        );
    }
}

#[test]
fn a_link_opens_with_what_programs_make_of_it() {
    let desk = Desk::default();
    let run = ["run", "lamport", "--until", "100ms"];
    let url =
        json_of(&desk.hb(&[&run[..], &["--json"]].concat()))["url"].as_str().unwrap().to_string();
    let digest = desk.hb(&[&run[..], &["--digest"]].concat()).stdout;
    let address = format!("https://example.org/{url}");
    for shared in [
        format!("{address})"),
        format!("{address}."),
        format!("<{address}>,"),
        format!("{address}&fbclid=IwAR2-x_y"),
        address.replace('=', "%3D"),
        address.replace('#', "%23"),
        format!("{}).", url.trim_start_matches("#s=")),
    ] {
        assert_eq!(desk.hb(&["replay", &shared, "--digest"]).stdout, digest, "{shared}");
        desk.write("mail.txt", shared.as_bytes()).unwrap();
        assert_eq!(desk.hb(&["replay", "mail.txt", "--digest"]).stdout, digest, "{shared}");
    }
}

#[test]
fn values_finer_than_their_unit_are_refused() {
    let desk = Desk::default();
    for (set, why) in [
        ("net.low=1.5", "net.low: '1.5' is finer than 1us"),
        ("client.interval=0.0000001us", "client.interval: '0.0000001us' is finer than 1us"),
        ("net.loss=0.00001%", "net.loss: '0.00001%' is finer than 1ppm"),
    ] {
        let out = desk.hb(&["run", "raft", "--set", set]);
        assert_eq!((out.code, out.stderr), (64, format!("hb: {why}\n")));
    }
    assert_eq!(desk.hb(&["run", "raft", "--set", "net.low=1.50ms", "--steps", "3"]).code, 0);
}

#[test]
fn what_somebody_gave_is_repeated_on_one_short_line() {
    let odd = format!("a\n\u{1b}[2J\u{202e}{}", "x".repeat(100_000));
    let shown = format!(r"a\n\u{{1b}}[2J\u{{202e}}{}…", "x".repeat(59));
    assert_eq!(shown.chars().count(), 80);
    let desk = Desk::with(&[(&odd, "[")]);
    let set = format!("nodes={odd}");
    for args in [
        &[&odd[..]][..],
        &["run", &odd],
        &["run", "raft", "--preset", &odd],
        &["run", "raft", "--mutant", &odd],
        &["run", "raft", "--set", &odd],
        &["run", "raft", "--set", &set],
        &["run", "raft", "--until", &odd],
        &["run", "raft", &odd],
        &["run", "raft", "--script", &odd],
        &["run", "raft", "--seed", &odd],
        &["fuzz", "raft", "--seeds", &odd],
        &["check", "raft", "--faults", &odd],
        &["explore", &odd],
        &["export", "raft", "--to", &odd],
        &["export", "raft", "--to", "gif", "--speed", &odd],
        &["hash", "--algo", &odd, "--nodes", "a", "--keys", "appends.jsonl"],
        &["hash", "--algo", "ring", "--nodes", "a", "--hash", &odd, "--keys", &odd],
        &["import", &odd, "appends.jsonl"],
        &["import", "etcd-trace", &odd],
        &["story", "raft", &odd],
        &["challenge", "raft", &odd],
        &["crdt", &odd],
        &["crdt", "lww", &odd],
        &["clock", &odd],
        &["formula", &odd],
        &["breaker", "--preset", &odd],
        &["plane", "cap", "--at", &odd],
    ] {
        let out = desk.hb(args);
        assert_eq!((out.code, out.stdout.as_str()), (64, ""), "{args:.20?}");
        let line = out.stderr.strip_suffix('\n').unwrap();
        assert!(line.contains(&shown), "{args:.20?}: {line:.300}");
        assert!(!line.contains(char::is_control) && line.chars().count() < 1_000, "{line:.2000}");
    }
}

#[test]
fn fuzz_counts_to_the_last_seed_and_keeps_to_its_budget() {
    let desk = Desk::default();
    let last = "18446744073709551613..18446744073709551615";
    let out = desk.hb(&["fuzz", "lamport", "--seeds", last, "--steps", "200", "--json"]);
    assert_eq!(
        (json_of(&out)["runs"].clone(), json_of(&out)["complete"].clone()),
        (json!(2), json!(true))
    );
    // One run of which nothing else would stop it.
    for ask in [&["--budget-ms", "50"][..], &[]] {
        let desk = Desk::default();
        if ask.is_empty() {
            desk.patience.set(Some(40));
        }
        let fuzz =
            ["fuzz", "raft", "--seeds", "0..18446744073709551615", "--steps", "2000000", "--json"];
        let out = desk.hb(&[&fuzz[..], ask].concat());
        let document = json_of(&out);
        assert_eq!((out.code, document["complete"].clone()), (2, json!(false)), "{out:?}");
        assert_eq!(document["runs"], 0);
    }
}

#[test]
fn a_check_of_a_large_world_keeps_to_its_budget() {
    let desk = Desk::default();
    let size = ["check", "raft", "--set", "nodes=30", "clients=20", "--budget-ms", "60", "--json"];
    let out = desk.hb(&size);
    let document = json_of(&out);
    assert_eq!((out.code, document["complete"].clone()), (2, json!(false)));
    // A level of it has hundreds of states, each with hundreds of successors.
    assert!(document["generated"].as_u64().unwrap() < 60_000, "{document}");
}

#[test]
fn whatever_is_stopped_tells_what_it_has() {
    let log: String = (1..20_000).map(|n| format!("a {{\"a\":{n}}}\nx\n")).collect();
    let all: [(&[&str], &str); 6] = [
        (
            &["export", "raft", "--to", "trace", "--steps", "100000"],
            "hb: the run was stopped before its end: it has ",
        ),
        (
            &["run", "raft", "--steps", "100000", "--digest"],
            "hb: the run was stopped before its end: it has ",
        ),
        (&["plane", "cap", "--json"], "hb: stopped before its end: "),
        (&["converge", "eventual", "--json"], "hb: stopped before its end: "),
        (
            &["hash", "--algo", "rendezvous", "--nodes", "a,b", "--keys", "log"],
            "hb: stopped: 3 of 39998 keys are placed",
        ),
        (&["story", "raft"], "hb: stopped: "),
    ];
    for (args, says) in all {
        let desk = Desk::with(&[("log", &log)]);
        desk.patience.set(Some(3));
        let out = desk.hb(args);
        assert_eq!(out.code, 2, "{args:?} {:.300}", out.stderr);
        assert!(out.stderr.starts_with(says), "{args:?} {:.300}", out.stderr);
        assert!(!out.stdout.is_empty());
        let mut timed = args.to_vec();
        timed.extend(["--budget-ms", "3"]);
        assert_eq!(Desk::with(&[("log", &log)]).hb(&timed).code, 2, "{timed:?}");
    }
}

#[test]
fn a_parser_that_never_ends_is_left_behind() {
    let forever = r"(?<event>(?:x+x+)+y)(?<host>z)(?<clock>w)";
    let desk = Desk::with(&[("log", &"x".repeat(60))]);
    let out = desk.hb(&["import", "shiviz", "log", "--parser", forever, "--budget-ms", "20"]);
    assert_eq!((out.code, json_of(&out)), (2, json!({"executions": [], "complete": false})));
    assert_eq!(out.stderr, "hb: log: stopped before its end; the parser may be to blame\n");
}

#[test]
fn a_run_stops_with_what_it_has_when_it_takes_too_much() {
    let desk = Desk { greed: 2 << 30, ..Desk::default() };
    let ping = ["run", "hybrid-clock", "--set", "hlc.ping=1us", "--until", "2s", "--json"];
    let out = desk.hb(&ping);
    let document = json_of(&out);
    assert_eq!((out.code, document["complete"].clone()), (2, json!(false)));
    let (step, why) = (document["events"].as_u64().unwrap(), document["stopped"].as_str().unwrap());
    assert!((1..200_000).contains(&step), "{step}");
    assert!(
        why.starts_with("the run was stopped since it took more than 1024 MB of memory: it has "),
        "{why}"
    );
    // A film of a moment that is not reached would not show it.
    let film = Desk { greed: 2 << 30, ..Desk::default() };
    let out = film.hb(&["export", "raft", "--to", "gif", "--until", "1000000000s"]);
    assert_eq!((out.code, out.stdout.as_str()), (64, ""));
    assert!(
        out.stderr.starts_with("hb: there is no film up to there: the run was stopped "),
        "{}",
        out.stderr
    );
}

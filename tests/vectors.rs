//! `hb hash` and `hb clock` against the numbers of other implementations.
//!
//! The data lies outside the repository: HB_CONFORMANCE names its folder. Without it a test prints
//! that it is skipped.

use happened_before::cli::{self, Host, Output};
use happened_before::core::sorted::SortedMap;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

fn conformance(path: &str) -> Option<String> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance");
    let folder = std::env::var_os("HB_CONFORMANCE").map_or(beside, PathBuf::from);
    let found = std::fs::read_to_string(folder.join(path)).ok();
    if found.is_none() {
        eprintln!("skipped: {path} is not there; set HB_CONFORMANCE to its folder");
    }
    found
}

fn document(path: &str) -> Option<Value> {
    conformance(path).map(|text| serde_json::from_str(&text).expect("conformance data is JSON"))
}

/// A machine with the given files and standard input.
struct Desk {
    files: SortedMap<String, Vec<u8>>,
    stdin: String,
}

impl Host for Desk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.files.get(path).cloned().ok_or(format!("{path}: no such file"))
    }
    fn write(&self, path: &str, _: &[u8]) -> Result<(), String> {
        Err(format!("{path}: read-only"))
    }
    fn stdin(&self) -> Result<String, String> {
        Ok(self.stdin.clone())
    }
    fn clock_ms(&self) -> u64 {
        0
    }
}

fn hb(args: &str, input: &str) -> Output {
    let files = SortedMap::from([("input".to_string(), input.as_bytes().to_vec())]);
    let args: Vec<String> = args.split_whitespace().map(str::to_string).collect();
    cli::call(&args, &Desk { files, stdin: input.to_string() })
}

fn answer(args: &str, input: &str) -> String {
    let out = hb(args, input);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""), "hb {args}");
    out.stdout
}

/// The node of each key, in order.
fn placed(args: &str, keys: &[String]) -> Vec<String> {
    let out = answer(args, &(keys.join("\n") + "\n"));
    out.lines().map(|l| l.split_once('\t').expect("key, tab, node").1.to_string()).collect()
}

/// Every answered line, as JSON.
fn lines(args: &str, cases: &[Value]) -> Vec<Value> {
    let input: String = cases.iter().map(|c| c.to_string() + "\n").collect();
    let out = answer(args, &input);
    out.lines().map(|l| serde_json::from_str(l).expect("one JSON line a case")).collect()
}

/// The same object without its expected fields.
fn without(case: &Value, expected: &[&str]) -> Value {
    let fields = case.as_object().expect("a case is an object").iter();
    let given: Map<_, _> = fields
        .filter(|(k, _)| !expected.contains(&k.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    Value::Object(given)
}

#[test]
fn ketama_places_every_key_where_libketama_does() {
    let Some(text) = conformance("ketama/libketama_compat_two_first241.tsv") else { return };
    let pairs: Vec<(&str, &str)> =
        text.lines().filter_map(|l| l.split_once('\t')).filter(|p| !p.0.starts_with('#')).collect();
    assert!(pairs.len() >= 240, "{}", pairs.len());
    let nodes: Vec<String> = (1..=8).map(|i| format!("10.0.1.{i}:11211")).collect();
    let keys: Vec<String> = pairs.iter().map(|p| p.0.to_string()).collect();
    let args = format!("hash --algo ketama --nodes {} --keys input", nodes.join(","));
    let expected: Vec<&str> = pairs.iter().map(|p| p.1).collect();
    assert_eq!(placed(&args, &keys), expected);
}

#[test]
fn rings_follow_the_python_hash_ring_through_leaves_and_joins() {
    let Some(file) = document("vectors/hashring_serialx.json") else { return };
    for case in file["cases"].as_array().unwrap() {
        let nodes: Vec<&str> =
            case["nodes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let args = format!("hash --algo ring --nodes {} --keys input", nodes.join(","));
        let (keys, owners): (Vec<String>, Vec<&Value>) =
            case["get"].as_object().unwrap().iter().map(|(k, v)| (k.clone(), v)).unzip();
        assert_eq!(json!(placed(&args, &keys)), json!(owners));
        for (key, two) in case["get2"].as_object().into_iter().flatten() {
            let two: Vec<&str> = two.as_array().unwrap().iter().filter_map(Value::as_str).collect();
            let found = placed(&format!("{args} --replicas 2"), std::slice::from_ref(key));
            assert_eq!(found, [two.join(",")], "{key}");
        }
    }
}

#[test]
fn jump_gives_the_buckets_of_the_reference_code() {
    let Some(file) = document("vectors/jump_hash.json") else { return };
    let bucket = |key: &Value, n: u64| {
        placed(&format!("hash --algo jump --buckets {n} --keys input"), &[key.to_string()])[0]
            .parse::<u64>()
            .unwrap()
    };
    for case in file["cases"].as_array().unwrap() {
        for (n, expected) in (1..).zip(case["buckets_for_n_1_up"].as_array().unwrap()) {
            assert_eq!(json!(bucket(&case["key"], n)), *expected, "{case} n={n}");
        }
    }
    for case in file["extra"].as_array().unwrap() {
        assert_eq!(json!(bucket(&case["key"], case["n"].as_u64().unwrap())), case["bucket"]);
    }
}

/// The published algorithm in IEEE doubles.
fn jump_in_doubles(mut key: u64, buckets: i64) -> i64 {
    let (mut b, mut j) = (-1i64, 0i64);
    while j < buckets {
        b = j;
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        j = ((b + 1) as f64 * ((1i64 << 31) as f64 / ((key >> 33) + 1) as f64)) as i64;
    }
    b
}

#[test]
fn jump_in_integers_equals_jump_in_doubles() {
    let mut key = 88_172_645_463_325_252u64;
    for i in 0..300_000u64 {
        key ^= key << 13;
        key ^= key >> 7;
        key ^= key << 17;
        let buckets = match i % 4 {
            0 => 1 + (key % 100) as u32,
            1 => 1 + (key % 1_000_000) as u32,
            2 => i32::MAX as u32,
            _ => 1 + (key >> 33) as u32,
        };
        let found = happened_before::algo::hashing::jump(key, buckets);
        assert_eq!(i64::from(found), jump_in_doubles(key, buckets.into()), "{key} {buckets}");
    }
}

#[test]
fn tokens_are_cassandras() {
    let Some(file) = document("vectors/cassandra_murmur3_token.json") else { return };
    let cases = file["cases"].as_array().unwrap();
    let keys: Vec<String> =
        cases.iter().map(|c| format!("hex:{}", c["key_hex"].as_str().unwrap())).collect();
    let tokens: Vec<String> = cases.iter().map(|c| c["token"].to_string()).collect();
    assert_eq!(placed("hash --algo murmur3-token --keys input", &keys), tokens);
}

#[test]
fn slots_are_redis_clusters() {
    let Some(file) = document("vectors/redis_cluster_slots.json") else { return };
    let cases = file["cases"].as_array().unwrap();
    let keys: Vec<String> = cases.iter().map(|c| c["key"].as_str().unwrap().to_string()).collect();
    let slots: Vec<String> = cases.iter().map(|c| c["slot"].to_string()).collect();
    assert_eq!(placed("hash --algo redis-slot --keys input", &keys), slots);
}

#[test]
fn hybrid_clocks_follow_the_sequence_of_sends_and_receipts() {
    let Some(file) = document("vectors/hlc_cockroach_TestHLCClock.json") else { return };
    let cases = file["cases"].as_array().unwrap();
    let asked: Vec<Value> = cases.iter().map(|c| without(c, &["expect"])).collect();
    assert_eq!(lines("clock hlc", &asked), *cases);
}

/// Asks for every table with its last `results` columns wiped, and expects them all back.
fn assert_tables(args: &str, file: &Value, results: impl Fn(&str) -> usize) {
    let tables = file["cases"].as_object().unwrap();
    let wipe = |(name, rows): (&String, &Value)| {
        let rows = rows.as_array().unwrap().iter().map(|row| {
            let row = row.as_array().unwrap();
            Value::Array(row[..row.len() - results(name)].to_vec())
        });
        (name.clone(), rows.collect::<Value>())
    };
    let asked: Map<String, Value> = tables.iter().map(wipe).collect();
    assert_eq!(lines(args, &[Value::Object(asked)]), [file["cases"].clone()]);
    for (name, rows) in tables {
        for row in rows.as_array().unwrap() {
            let row = row.as_array().unwrap();
            let given = &row[..row.len() - results(name)];
            let found = lines(args, &[json!({"table": name, "case": given})]);
            assert_eq!(found[0]["expect"], *row.last().unwrap(), "{name} {row:?}");
        }
    }
}

#[test]
fn hybrid_timestamps_compare_and_step_as_tabled() {
    let Some(file) = document("vectors/hlc_cockroach_timestamp.json") else { return };
    assert_tables("clock hlc", &file, |name| if name == "forward" { 2 } else { 1 });
}

#[test]
fn vector_clocks_compare_and_merge_as_tabled() {
    let Some(mut file) = document("vectors/vector_clocks.json") else { return };
    file["cases"].as_object_mut().unwrap().retain(|name, _| name != "dvvset");
    assert_tables("clock vector", &file, |_| 1);
}

#[test]
fn sets_of_dotted_versions_update_and_sync() {
    let asked = [
        json!({"op": "update", "client": {"entries": [], "anon": ["v1"]}, "server": null, "id": "a"}),
        json!({"op": "update", "client": {"entries": [["a", 1, []]], "anon": ["v5"]},
            "server": {"entries": [["a", 2, ["v2"]]], "anon": []}, "id": "a"}),
        json!({"op": "sync", "clocks": [{"entries": [["a", 1, []]], "anon": []},
            {"entries": [["a", 2, ["v2", "v1"]]], "anon": []}]}),
        json!({"op": "update", "context": [["a", 1]], "values": ["v3"],
            "server": {"entries": [["a", 2, ["v2", "v1"]]], "anon": []}, "id": "a"}),
    ];
    let found = lines("clock dvvset", &asked);
    let expect: Vec<&Value> = found.iter().map(|l| &l["expect"]).collect();
    assert_eq!(
        json!(expect),
        json!([
            {"entries": [["a", 1, ["v1"]]], "anon": []},
            {"entries": [["a", 3, ["v5", "v2"]]], "anon": []},
            {"entries": [["a", 2, ["v2"]]], "anon": []},
            {"entries": [["a", 3, ["v3", "v2"]]], "anon": []},
        ])
    );
}

#[test]
fn bad_input_is_named_with_its_place() {
    let complaint = |args: &str, input: &str| {
        let out = hb(args, input);
        assert_eq!((out.code, out.stdout.as_str()), (64, ""));
        out.stderr
    };
    assert_eq!(
        complaint("hash --algo redis-slot --keys input", "ok\nhex:0g\n"),
        "hb: input:2:6: expected two hexadecimal digits a byte\n"
    );
    assert_eq!(
        complaint("clock hlc input", "{\"pt\":1,\"ev\":\"SEND\"}\n{\"ev\":\"SEND\"}\n"),
        "hb: input:2: the case has no field 'pt'\n"
    );
    assert!(
        complaint("clock hlc input", "{\"pt\":1,\n\"ev\"").starts_with("hb: input:2:4: expected")
    );
    assert_eq!(
        complaint("hash --algo ring --keys input", "a"),
        "hb: --nodes is missing: names separated by commas\n"
    );
}

#[test]
fn shiviz_logs_have_the_hosts_and_events_that_shiviz_finds() {
    let Some(file) = document("shiviz/PARSERS.json") else { return };
    for case in file["cases"].as_array().unwrap() {
        let log = case["log"].as_str().unwrap();
        let Some(text) = conformance(&format!("shiviz/log/{log}")) else { continue };
        let mut args =
            vec!["import", "shiviz", "log", "--parser", case["parser"].as_str().unwrap()];
        args.extend(case["delimiter"].as_str().map(|d| ["--delimiter", d]).into_iter().flatten());
        let args: Vec<String> = args.into_iter().map(str::to_string).collect();
        let files = SortedMap::from([("log".to_string(), text.into_bytes())]);
        let out = cli::call(&args, &Desk { files, stdin: String::new() });
        assert_eq!((out.code, out.stderr.as_str()), (0, ""), "{log}");
        let found: Value = serde_json::from_str(&out.stdout).unwrap();
        let found: Vec<(u64, u64)> = found["executions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| {
                let size = |k: &str| e[k].as_array().unwrap().len() as u64;
                (size("events"), size("hosts"))
            })
            .collect();
        let expected: Vec<(u64, u64)> = case["executions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| (e["events"].as_u64().unwrap(), e["hosts"].as_u64().unwrap()))
            .collect();
        assert_eq!(found, expected, "{log}");
    }
}

#[test]
fn a_real_trace_of_etcd_imports() {
    let Some(text) = conformance("etcd-raft/trace-head.ndjson") else { return };
    let found: Value = serde_json::from_str(&answer("import etcd-trace input", &text)).unwrap();
    let events = found["executions"][0]["events"].as_array().unwrap();
    assert_eq!(events.len(), text.lines().count());
    assert_eq!(found["executions"][0]["hosts"], json!(["1", "2", "3", "4", "5"]));
}

/// Time to import 100,000 events of 8 hosts; `cargo test --profile fast --test vectors -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn a_hundred_thousand_events_import_in_linear_time() {
    for events in [25_000u64, 50_000, 100_000] {
        let mut clocks = vec![[0u64; 8]; 8];
        let mut log = String::new();
        let mut random = 1u64;
        for i in 0..events {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let (who, from) = ((random >> 33) as usize % 8, (random >> 40) as usize % 8);
            let message = clocks[from];
            clocks[who].iter_mut().zip(message).for_each(|(c, m)| *c = (*c).max(m));
            clocks[who][who] += 1;
            let counts: Vec<String> = (0..8)
                .filter(|p| clocks[who][*p] > 0)
                .map(|p| format!("\"host-{p}\":{}", clocks[who][p]))
                .collect();
            log.push_str(&format!("host-{who} {{{}}}\nevent {i}\n", counts.join(", ")));
        }
        let start = std::time::Instant::now();
        let out = hb("import shiviz input", &log);
        println!(
            "{events} events: {} ms, {} MB of answer",
            start.elapsed().as_millis(),
            out.stdout.len() >> 20
        );
        assert_eq!(out.code, 0);
    }
}

/// The case with every object among its steps reduced to the names it asks for.
fn unanswered(case: &Value) -> Value {
    let mut case = case.clone();
    for step in case["steps"].as_array_mut().unwrap() {
        match step {
            Value::Object(asked) => asked.values_mut().for_each(|v| *v = Value::Null),
            Value::Array(step) if step[0] == "acquire" => step[1] = Value::Null,
            _ => {}
        }
    }
    case
}

#[test]
fn breakers_count_and_turn_as_their_libraries_do() {
    for preset in ["gobreaker", "resilience4j"] {
        let Some(file) = document(&format!("vectors/circuit_breaker_{preset}.json")) else {
            continue;
        };
        let cases = file["cases"].as_array().unwrap();
        let asked: Vec<Value> = cases.iter().map(unanswered).collect();
        assert_eq!(lines(&format!("breaker --preset {preset}"), &asked), *cases);
    }
}

#[test]
fn polly_defaults_are_those_documented() {
    let Some(file) = document("vectors/circuit_breaker_resilience4j.json") else { return };
    let config = &file["defaults"]["polly_v8"];
    let steps = json!([["fail", 99], {"state": 0}, ["fail", 1], {"state": 0}, ["sleep", 4.9], ["acquire", 0],
        ["sleep", 0.1], ["acquire", 0], ["acquire", 0], {"state": 0}, ["finish-ok", 1], {"state": 0}]);
    let cases = [json!({"steps": steps}), json!({"config": config, "steps": steps})];
    let found = lines("breaker --preset polly", &cases);
    assert_eq!(found[0]["steps"], found[1]["steps"]);
    assert_eq!(
        found[0]["steps"],
        json!([["fail", 99], {"state": "Closed"}, ["fail", 1], {"state": "Open"},
        ["sleep", 4.9], ["acquire", false], ["sleep", 0.1], ["acquire", true], ["acquire", false],
        {"state": "HalfOpen"}, ["finish-ok", 1], {"state": "Closed"}])
    );
}

#[test]
fn appends_succeed_and_fail_as_in_eventstoredb() {
    let Some(file) = document("vectors/eventstore_append_idempotency.json") else { return };
    let cases = file["cases"].as_array().unwrap();
    let mut asked = cases.clone();
    for case in &mut asked {
        case.as_object_mut().unwrap().remove("total");
        for step in case["steps"].as_array_mut().unwrap() {
            step.as_array_mut().unwrap().truncate(2);
        }
    }
    for (case, found) in cases.iter().zip(lines("eventlog", &asked)) {
        assert_eq!(found["steps"], case["steps"], "{}", case["name"]);
        assert!(case.get("total").is_none_or(|total| *total == found["total"]), "{}", case["name"]);
    }
}

/// Answers must have every field of the case, equal.
fn assert_fields(args: &str, cases: &Value, given: &[&str]) {
    let cases = cases.as_array().unwrap();
    let asked: Vec<Value> = cases
        .iter()
        .map(|c| {
            let fields = c.as_object().unwrap().iter().filter(|(k, _)| given.contains(&k.as_str()));
            Value::Object(fields.map(|(k, v)| (k.clone(), v.clone())).collect())
        })
        .collect();
    for (case, found) in cases.iter().zip(lines(args, &asked)) {
        for (name, value) in case.as_object().unwrap() {
            assert_eq!(found[name], *value, "{args}: {name} of {case}");
        }
    }
}

#[test]
fn formulas_give_the_tabled_numbers() {
    if let Some(file) = document("vectors/pbs_k_staleness.json") {
        assert_fields("formula pbs", &file["cases"], &["N", "R", "W"]);
    }
    if let Some(file) = document("vectors/byzantine_om_formula.json") {
        assert_fields("formula om", &file["cases"], &["n", "m"]);
        assert_fields("formula pbft", &file["pbft"], &["f"]);
        assert_fields("formula pbft", &file["pbft"], &["n"]);
    }
}

#[test]
fn multi_value_registers_keep_what_rust_crdt_keeps() {
    let Some(file) = document("vectors/crdt_mvreg_rust_crdt.json") else { return };
    let cases = file["cases"].as_array().unwrap();
    let asked: Vec<Value> = cases.iter().map(|c| json!({"do": c["do"]})).collect();
    for (case, found) in cases.iter().zip(lines("crdt mvreg", &asked)) {
        for (name, value) in case.as_object().unwrap().iter().filter(|(name, _)| *name != "why") {
            assert_eq!(found[name], *value, "{name} of {case}");
        }
    }
}

#[test]
fn every_replicated_type_answers_a_script() {
    let replicas = |kind: &str, steps: Value| {
        let found = lines(&format!("crdt {kind}"), &[json!({"steps": steps})]);
        (found[0]["replicas"].clone(), found[0]["converged"] == true)
    };
    let both = |v: Value| (json!({"a": v, "b": v}), true);
    assert_eq!(
        replicas(
            "g-counter",
            json!([["a", "inc", 2], ["b", "inc"], ["a", "merge", "b"], ["b", "merge", "a"]])
        ),
        both(json!(3))
    );
    assert_eq!(
        replicas("pn-counter", json!([["a", "dec", 2], ["b", "merge", "a"]])),
        both(json!(-2))
    );
    assert_eq!(
        replicas(
            "lww",
            json!([["a", "write", "x", 9], ["b", "write", "y", 8], ["b", "merge", "a"]])
        ),
        both(json!("x"))
    );
    assert_eq!(
        replicas("mvreg", json!([["a", "write", "x"], ["b", "write", "y"], ["b", "merge", "a"]])),
        (json!({"a": ["x"], "b": ["x", "y"]}), false)
    );
    let cart = json!([
        ["a", "add", 1],
        ["b", "merge", "a"],
        ["b", "remove", 1],
        ["a", "add", 1],
        ["a", "merge", "b"],
        ["b", "merge", "a"]
    ]);
    assert_eq!(replicas("or-set", cart.clone()), both(json!([1])));
    assert_eq!(replicas("two-phase-set", cart), both(json!([])));
    let edits = json!([
        ["a", "insert", 0, "h"],
        ["a", "insert", 1, "i"],
        ["b", "merge", "a"],
        ["b", "remove", 0],
        ["a", "insert", 2, "!"],
        ["a", "merge", "b"],
        ["b", "merge", "a"]
    ]);
    assert_eq!(replicas("rga", edits), both(json!(["i", "!"])));
}

/// Whatever the hash, with one place each everyone's ranges are shared with two neighbours a side.
#[test]
fn pairs_that_keep_copies_together_are_counted() {
    let nodes: Vec<String> = (0..20).map(|n| format!("n{n}")).collect();
    let told = |more: &str| {
        let args = format!("hash --algo ring --nodes {} --hash murmur3 {more}", nodes.join(","));
        answer(&args, "")
    };
    let text = told("--vnodes 1 --together");
    assert_eq!(text, "40 of 190 pairs of nodes keep copies of one range, of 3 each\n");
    let all: Value = serde_json::from_str(&told("--vnodes 256 --together --json")).unwrap();
    assert_eq!((&all["pairs"], &all["together"]), (&json!(190), &json!(190)));
}

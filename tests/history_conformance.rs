//! `hb history` against verdicts of others, and the same histories told differently.
//!
//! `tests/data/porcupine` comes with the package. The rest is read from the folder named by
//! `HB_CONFORMANCE`, or from `../shared/conformance` beside the package; without it those tests
//! say that they were skipped.

use happened_before::check::history::linearizable::{judge, keeps_real_time};
use happened_before::check::history::model::ObjectKind;
use happened_before::check::history::{
    Budget, F, History, HistoryVerdict, ObjectModel, OpOutcome, OpValue, replay,
};
use happened_before::cli::{self, Host};
use happened_before::share::import::history::{Format, ReadingRules, read};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

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

fn hb(bytes: &[u8], args: &str) -> cli::Output {
    let line = format!("history FILE --json {args}");
    let args: Vec<String> = line.split(' ').filter(|a| !a.is_empty()).map(String::from).collect();
    cli::call(&args, &Memory(bytes.to_vec()))
}

fn answer(bytes: &[u8], args: &str) -> Json {
    let out = hb(bytes, args);
    let doc: Json = serde_json::from_str(&out.stdout).unwrap_or_else(|_| panic!("{}", out.stderr));
    let code = ["ok", "illegal", "unknown"].iter().position(|v| doc["verdict"] == *v);
    assert_eq!(code, Some(usize::from(out.code)));
    doc
}

fn external() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join("shared/conformance");
    let found = std::env::var_os("HB_CONFORMANCE").map_or(beside, PathBuf::from);
    if found.is_dir() {
        return Some(found);
    }
    println!("skipped: set HB_CONFORMANCE to the folder of the conformance data");
    None
}

/// A suite of histories: file, format, model, verdict.
fn porcupine(folder: &Path) -> Vec<(PathBuf, Format, ObjectModel, bool)> {
    let table = std::fs::read_to_string(folder.join("VERDICTS.tsv")).unwrap();
    let mut all = Vec::new();
    for line in table.lines() {
        let (name, verdict) = line.split_once('\t').unwrap();
        let file = folder.join(name);
        if name.starts_with("jepsen/") && file.exists() {
            let model = ObjectModel::new(ObjectKind::CasRegister);
            all.push((file, Format::JepsenLog, model, verdict.trim() == "true"));
        }
    }
    for (name, verdict) in [("c01-ok", true), ("c01-bad", false)] {
        let file = folder.join(format!("kv/{name}.txt"));
        all.push((file, Format::Kv, ObjectModel::new(ObjectKind::Kv), verdict));
    }
    all
}

fn knossos(folder: &Path) -> Vec<(PathBuf, Format, ObjectModel, bool)> {
    let good = std::fs::read_dir(folder.join("knossos/cas-register/good")).unwrap();
    let model = ObjectModel::starting(ObjectKind::CasRegister, OpValue::Int(0));
    good.map(|f| (f.unwrap().path(), Format::Edn, model.clone(), true)).collect()
}

fn budget() -> Budget<'static> {
    Budget::steps(3_000_000)
}

fn check(file: &Path, format: Format, model: &ObjectModel, linearizable: bool) {
    let bytes = std::fs::read(file).unwrap();
    let history = read(&bytes, format, &ReadingRules::usual(model.kind, format)).unwrap();
    let verdict = judge(model, &history, &mut budget());
    match &verdict {
        HistoryVerdict::Ok(legal) => {
            assert!(linearizable, "{file:?}");
            assert_eq!(replay(model, &history.ops, &legal.order), Ok(()), "{file:?}");
            assert!(keeps_real_time(&history.ops, &legal.order), "{file:?}");
        }
        HistoryVerdict::Illegal(why) => {
            assert!(!linearizable, "{file:?}: {}", why.because);
            assert!(why.minimal && !why.because.is_empty(), "{file:?}");
            assert_eq!(judge_only(model, &history, &why.core), "illegal", "{file:?}");
            for id in &why.core {
                let less: Vec<u32> = why.core.iter().copied().filter(|x| x != id).collect();
                assert_eq!(judge_only(model, &history, &less), "ok", "{file:?}");
            }
        }
        HistoryVerdict::Unknown(why) => panic!("{file:?}: {why}"),
    }
    for (what, model, history) in retold(model, &history) {
        let again = judge(&model, &history, &mut budget());
        assert_eq!(again.name(), verdict.name(), "{file:?} {what}");
    }
}

fn judge_only(model: &ObjectModel, history: &History, ids: &[u32]) -> &'static str {
    let ops = history.ops.iter().filter(|op| ids.contains(&op.id)).cloned().collect();
    judge(model, &History { ops }, &mut budget()).name()
}

/// The same history with other names, other times, and beside an independent object.
fn retold(model: &ObjectModel, history: &History) -> Vec<(&'static str, ObjectModel, History)> {
    let mut processes = history.clone();
    for op in &mut processes.ops {
        op.process = 1_000_003 - op.process * 7;
    }
    let mut times = history.clone();
    for op in &mut times.ops {
        op.invoke = op.invoke * 17 + 1_000;
        op.ret = op.ret.map(|r| r * 17 + 1_003);
    }
    let mut values = history.clone();
    for op in &mut values.ops {
        op.args.iter_mut().for_each(rename);
        if let OpOutcome::Ok(v) = &mut op.outcome {
            rename(v);
        }
    }
    let mut renamed = model.clone();
    rename(&mut renamed.init);
    let mut beside = history.clone();
    let (f, g) = if model.kind == ObjectKind::Kv { (F::Put, F::Get) } else { (F::Write, F::Read) };
    for i in 0..20u64 {
        let (at, key) = (i * 9, Some("independent".to_string()));
        let v = OpValue::Str(i.to_string());
        let id = beside.invoke(9_999, key.clone(), f, vec![v.clone()], at);
        beside.complete(id, at + 2, OpOutcome::Ok(OpValue::Nil));
        let id = beside.invoke(9_998, key, g, vec![], at + 4);
        beside.complete(id, at + 6, OpOutcome::Ok(v));
    }
    vec![
        ("with other processes", model.clone(), processes),
        ("at other times", model.clone(), times),
        ("with other values", renamed, values),
        ("beside an independent key", model.clone(), beside),
    ]
}

fn rename(v: &mut OpValue) {
    match v {
        OpValue::Int(n) => *n = 1000 - *n * 3,
        OpValue::Str(s) => *s = s.replace('x', "<>").replace('y', "!"),
        _ => {}
    }
}

#[test]
fn porcupine_histories_of_the_package() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/porcupine");
    let all = porcupine(&folder);
    assert_eq!(all.len(), 11);
    all.iter().for_each(|(file, format, model, ok)| check(file, *format, model, *ok));
}

#[test]
fn all_external_histories() {
    let Some(folder) = external() else { return };
    let mut all = porcupine(&folder.join("porcupine"));
    all.extend(knossos(&folder));
    assert!(all.len() >= 90, "{}", all.len());
    all.iter().for_each(|(file, format, model, ok)| check(file, *format, model, *ok));
}

#[test]
fn the_two_meanings_of_a_failed_cas_differ() {
    let log = b"INFO  jepsen.util - 0\t:invoke\t:write\t1\n\
                INFO  jepsen.util - 0\t:ok\t:write\t1\n\
                INFO  jepsen.util - 0\t:invoke\t:cas\t[1 2]\n\
                INFO  jepsen.util - 0\t:fail\t:cas\t[1 2]\n";
    let args = "--format jepsen-log --model cas-register";
    assert_eq!(answer(log, args)["verdict"], "illegal");
    assert_eq!(answer(log, &format!("{args} --cas-fail dropped"))["verdict"], "ok");
}

#[test]
fn small_stateright_histories() {
    let Some(folder) = external() else { return };
    let text = std::fs::read_to_string(folder.join("vectors/lin_small_stateright.json")).unwrap();
    let suite: Json = serde_json::from_str(&text).unwrap();
    for case in suite["cases"].as_array().unwrap() {
        let mut asked = happened_before::core::sorted::SortedMap::new();
        let mut events = Vec::new();
        for event in case["ev"].as_array().unwrap() {
            let (process, what) = (event[0].as_u64().unwrap(), event[2].as_str().unwrap());
            let invoke = event[1] == "inv";
            let f = if invoke {
                let mut words = what.split(' ');
                let f = match words.next().unwrap() {
                    "W" => "write",
                    "R" => "read",
                    f => f,
                };
                asked.insert(process, (f.to_string(), words.next().map(String::from)));
                f.to_string()
            } else {
                asked[&process].0.clone()
            };
            let value = match (&f[..], invoke) {
                ("write" | "push", _) => asked[&process].1.clone(),
                (_, true) => None,
                (_, false) => Some(what.to_string()).filter(|v| v != "None"),
            };
            let number = value.as_ref().and_then(|v| v.parse::<i64>().ok());
            let value = number.map_or(serde_json::json!(value), |n| serde_json::json!(n));
            let kind = if invoke { "invoke" } else { "ok" };
            events.push(
                serde_json::json!({"process": process, "type": kind, "f": f, "value": value}),
            );
        }
        let bytes = serde_json::to_vec(&events).unwrap();
        let args = match case["init"].as_str().unwrap() {
            "stack" => "--model stack".to_string(),
            init => format!("--model register --init {init}"),
        };
        let expected = if case["lin"] == true { "ok" } else { "illegal" };
        assert_eq!(answer(&bytes, &args)["verdict"], expected, "{case}");
        if case["sequentially_consistent"] == true {
            let args = format!("{args} --level sequential");
            assert_eq!(answer(&bytes, &args)["verdict"], "ok", "{case}");
        }
    }
}

#[test]
fn snapshot_isolation_histories() {
    let Some(folder) = external() else { return };
    let text = std::fs::read_to_string(folder.join("vectors/si_polysi_vectors.json")).unwrap();
    let suite: Json = serde_json::from_str(&text).unwrap();
    for case in suite["cases"].as_array().unwrap() {
        let bytes = serde_json::to_vec(case).unwrap();
        let by_definition = &case["computed_by_definition"];
        for (level, column) in
            [("causal", "causal"), ("prefix", "prefix"), ("si", "si"), ("serializable", "ser")]
        {
            let found = answer(&bytes, &format!("--model txn --level {level}"));
            let expected = if by_definition[column] == true { "ok" } else { "illegal" };
            assert_eq!(found["verdict"], expected, "{level} of {case}");
            if expected == "illegal" {
                assert!(!found["anomalies"].as_array().unwrap().is_empty(), "{found}");
            }
        }
        if case["session_guarantee"] == "read-your-writes violated" {
            assert_eq!(answer(&bytes, "--model txn --level ryw")["verdict"], "illegal");
        }
    }
}

#[test]
fn list_append_histories() {
    let Some(folder) = external() else { return };
    let path = folder.join("vectors/elle_list_append_vectors.json");
    let suite: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let sorted = |v: &Json| {
        let all = v.as_array().cloned().unwrap_or_default();
        let mut all: Vec<String> = all.iter().map(|x| x.as_str().unwrap().to_string()).collect();
        all.sort();
        all
    };
    for case in suite["cases"].as_array().unwrap() {
        let found = answer(&serde_json::to_vec(case).unwrap(), "--model list-append");
        let expected = match &case["valid"] {
            Json::Bool(true) => "ok",
            Json::Bool(false) => "illegal",
            _ => "unknown",
        };
        assert_eq!(found["verdict"], expected, "{case}");
        assert_eq!(sorted(&found["anomalies"]), sorted(&case["anomaly_types"]), "{case}");
        assert_eq!(sorted(&found["not"]), sorted(&case["not"]), "{case}");
    }
    let paper = std::fs::read(folder.join("elle/paper-example.edn")).unwrap();
    let found = answer(&paper, "--model list-append --format edn");
    assert_eq!(sorted(&found["anomalies"]), ["G-single-item"]);
}

#[test]
fn bad_input_names_the_place() {
    let told = |bytes: &[u8], args: &str| {
        let out = hb(bytes, args);
        assert_eq!((out.code, out.stdout.as_str()), (64, ""), "{}", out.stderr);
        out.stderr
    };
    let json = "--format json --model register";
    assert_eq!(
        told(b"[{\"process\":0,\"type\":\"invoke\",\n \"f\":\"frob\"}]", json),
        "hb: FILE: line 2, column 6: 'frob' is here; one of read, write was expected\n"
    );
    assert_eq!(
        told(b"[{\"process\":0 \"type\"", json),
        "hb: FILE: line 1, column 15: '\"' is here; ',' was expected between entries\n"
    );
    assert_eq!(
        told(b"[{:process 0 :type :ok :f :read}]", "--format edn --model register"),
        "hb: FILE: line 1, column 20: process 0 ends an operation here but has none under way\n"
    );
    assert_eq!(told(b"\xff", json), "hb: FILE: line 1, column 1: the bytes are not UTF-8 text\n");
    let deep = vec![b'['; 100_000];
    assert!(told(&deep, json).contains("nested deeper than 64"));
    assert!(told(b"[\"ax\"]", "--format json --model list-append").contains("has no number"));
    assert!(told(b"[]", json).contains("at least one was expected"));
    assert!(
        told(b"[{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}]", "--level eventual")
            .contains("--level takes one of")
    );
}

proptest::proptest! {
    /// No bytes make a reader panic.
    #[test]
    fn any_text_is_answered(
        text in "[\\[\\]{}()\":;,# \\n\\\\a-z0-9_-]{0,80}", format in 0usize..4, model in 0usize..5,
    ) {
        let model = ["cas-register", "kv", "multi-register", "txn", "list-append"][model];
        let format = Format::ALL[format].0;
        let out = hb(text.as_bytes(), &format!("--model {model} --format {format}"));
        proptest::prop_assert!(out.code <= 2 || out.code == 64);
    }
}

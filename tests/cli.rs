//! The command line's documents, as the page's own export answers them.

mod support;

use happened_before::cli::{Host, Output};
use serde_json::Value;
use support::{Files, hb};

fn json(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

#[test]
fn a_run_replays_from_its_document_and_its_link() {
    let files = Files::default();
    files
        .write(
            "s.jsonl",
            b"{\"at\":\"300ms\",\"do\":{\"crash\":{\"node\":1,\"mode\":\"process\"}}}\n",
        )
        .unwrap();
    let run = "run raft --set nodes=3 net.loss=2% --seed 5 --script s.jsonl --until 900ms";
    let told = hb(&format!("{run} --json"), &files);
    assert_eq!(told.code, 0, "{told:?}");
    let document = json(&told);
    assert_eq!(document["nodes"][1]["up"], false);
    assert_eq!(document["until_us"], 900_000);
    assert_eq!(document["journal"][0]["at"], 300_000);
    let scene = happened_before::protocols::scene("raft").unwrap();
    let claims = scene.info_of(scene.presets[0].id).properties.len();
    assert_eq!(document["verdicts"].as_array().unwrap().len(), claims);
    let digest = hb(&format!("{run} --digest"), &files).stdout;
    assert_eq!(digest.trim(), document["digest"].as_str().unwrap());
    assert!(digest.trim().len() >= 16 && digest.trim().bytes().all(|b| b.is_ascii_hexdigit()));
    files.write("run.json", told.stdout.as_bytes()).unwrap();
    assert_eq!(hb("replay run.json --digest", &files).stdout, digest);
    let url = document["url"].as_str().unwrap();
    assert_eq!(hb(&format!("replay {url} --digest"), &files).stdout, digest);
    for form in ["trace", "shiviz", "jepsen", "mermaid", "svg"] {
        let out = hb(&format!("export run.json --to {form}"), &files);
        assert_eq!((out.code, out.stdout.is_empty()), (0, false), "{form}: {out:?}");
    }
    hb(&format!("{run} --svg picture.svg"), &files);
    assert!(files.read("picture.svg").unwrap().starts_with(b"<svg "));
}

#[test]
fn a_violation_found_by_fuzz_replays_to_the_same_violation() {
    let files = Files::default();
    let fuzz = hb("fuzz raft --mutant leader-rewrites --seeds 0..4 --json", &files);
    assert_eq!(fuzz.code, 1);
    let document = json(&fuzz);
    assert_eq!(document["runs"], 4);
    let violations = document["violations"].as_array().unwrap();
    assert!(!violations.is_empty());
    for violation in violations {
        assert_eq!(violation["length"], violation["actions"].as_array().unwrap().len());
        let url = violation["url"].as_str().unwrap();
        let again = hb(&format!("replay {url} --json"), &files);
        assert_eq!(again.code, 1, "{violation}");
        let verdicts = json(&again)["verdicts"].as_array().unwrap().clone();
        let broken = verdicts.iter().find(|v| v["property"] == violation["property"]).unwrap();
        assert_eq!(broken["verdict"], "violated");
        assert_eq!(broken["step"], violation["step"]);
    }
}

#[test]
fn the_list_has_what_its_contract_names() {
    let scenes = json(&hb("list --json", &Files::default()));
    for scene in scenes.as_array().unwrap() {
        for key in [
            "id",
            "title",
            "family",
            "seed_phrases",
            "presets",
            "knobs",
            "properties",
            "mutants",
            "stories",
            "challenges",
            "reenactments",
        ] {
            assert!(!scene[key].is_null(), "{} lacks {key}", scene["id"]);
        }
        for knob in scene["knobs"].as_array().unwrap() {
            assert!(["kind", "unit", "min", "max", "default"].iter().all(|k| !knob[*k].is_null()));
        }
    }
}

#[test]
fn bad_usage_is_one_line_that_says_what_was_expected() {
    let files = Files::default();
    files
        .write(
            "bad.jsonl",
            b"{\"at\":1,\"do\":\"heal-all\"}\n{\"at\":\"soon\",\"do\":\"heal-all\"}\n",
        )
        .unwrap();
    for (line, says) in [
        ("run", "hb: the scene is missing\n"),
        ("run rapt", "hb: there is no scene 'rapt', only "),
        (
            "run raft --set net.loss=lots",
            "hb: net.loss: 'lots' is not a share such as 2.5% or 400ppm\n",
        ),
        ("run raft --set nodes=0", "hb: nodes must lie between 1 and 100, not 0\n"),
        ("run raft --mutant no-luck", "hb: raft has no mutant 'no-luck', only "),
        ("run raft --until soon", "hb: --until takes a time such as 5s or 150ms, not 'soon'\n"),
        ("run raft --until 1s --steps 5", "hb: --until and --steps exclude each other\n"),
        ("run raft --script bad.jsonl", "hb: bad.jsonl:2:"),
        ("run raft --what", "hb: '--what' is not understood here\n"),
        ("replay #s=1AAAA", "hb: this link was cut short or mistyped\n"),
        ("replay nowhere", "hb: nowhere: no such file; and it is not a link\n"),
        ("fuzz raft --seeds 5..5", "hb: the range 5..5 is empty\n"),
        ("fuzz raft --seeds many", "hb: a range looks like 0..500, not 'many'\n"),
        ("export raft --to opera", "hb: 'opera' is not a form of a run, only json, "),
    ] {
        let out = hb(line, &files);
        assert_eq!((out.code, out.stdout.as_str()), (64, ""), "{line}");
        assert!(out.stderr.starts_with(says), "{line}: {}", out.stderr);
        assert_eq!(out.stderr.lines().count(), 1, "{line}");
    }
}

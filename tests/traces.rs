//! Golden traces: a run of every scene that reads as a story. `UPDATE_EXPECT=1 cargo test --test
//! traces` rewrites them; the difference is for a person to read. And the journal of every story:
//! what is printed can be played again and pasted into a story.

mod support;

use expect_test::expect_file;
use happened_before::core::session::Session;
use happened_before::protocols::{CATALOG, Scene, scene};
use happened_before::stories::player::{play, setup};
use happened_before::stories::{Story, StoryStep};
use support::{Files, each_scene, hb};

/// The command whose answer is the golden trace of a scene: a story of it, or a run as short.
const TRACES: &[(&str, &str)] = &[
    ("cap", "story cap gilbert-lynch --trace"),
    ("pacelc", "story pacelc distance --trace"),
    ("raft", "story raft figure-8 --trace"),
    ("leaderless", "story leaderless quorum-not-linearizable --trace"),
    ("spanner", "story spanner commit-wait --trace"),
    ("consistent-hashing", "story consistent-hashing a-server-joins --trace"),
    // A range is split by an entry of its log; who still routes by the old descriptor is told.
    (
        "ranges",
        "run ranges --set nodes=3 clients=2 client.admin=on client.reads=0% client.interval=150ms \
         range.first=1 range.period=0 --seed 1 --until 500ms --trace",
    ),
    ("directory", "story directory no-check --trace"),
    ("eventual", "story eventual no-rule --trace"),
    ("sessions", "story sessions the-comment --trace"),
    ("lamport", "story lamport figure-1 --trace"),
    ("vector-clock", "story vector-clock dynamo --trace"),
    ("hybrid-clock", "story hybrid-clock drag --trace"),
];

#[test]
fn every_scene_has_a_golden_trace() {
    let ids: Vec<&str> = CATALOG.iter().map(|s| s.id).collect();
    assert_eq!(TRACES.iter().map(|t| t.0).collect::<Vec<_>>(), ids);
    for (id, line) in TRACES {
        let answer = hb(line, &Files::default());
        assert_eq!(answer.stderr, "", "hb {line}");
        let path = format!("{}/tests/golden/traces/{id}.txt", env!("CARGO_MANIFEST_DIR"));
        expect_file![path].assert_eq(&format!("$ hb {line}\n{}", answer.stdout));
    }
}

/// Traces are plain letters, end with the verdicts, and what they say of the scene's own words is
/// said: nobody is left in braces, no value as the code writes it.
#[test]
fn golden_traces_are_words_for_people() {
    for (id, line) in TRACES {
        let text = hb(line, &Files::default()).stdout;
        assert!(!text.contains(['{', '}']), "{id}");
        for code in ["NodeId", "Some(", "None", "MsgId"] {
            assert!(!text.contains(code), "{id}: {code}");
        }
        let properties = (scene(id).unwrap().info)().properties.len();
        let verdict = |l: &&str| ["holds ", "violated ", "open "].iter().any(|w| l.starts_with(w));
        assert!(text.lines().rev().take_while(verdict).count() >= properties.min(1), "{id}");
    }
}

fn each_story(law: impl Fn(&'static Scene, &'static Story) + Sync) {
    each_scene(|scene| scene.stories.iter().for_each(|story| law(scene, story)));
}

/// The command in a journal's head line, and its other lines.
fn parts(journal: &str) -> (String, String) {
    let command = journal.lines().find_map(|l| l.strip_prefix("# hb ")).expect("a command");
    (command.replace("FILE", "journal"), journal.to_string())
}

#[test]
fn a_printed_journal_is_a_script_that_plays_the_run_again() {
    each_story(|scene, story| {
        let files = Files::default();
        let printed = hb(&format!("story {} {} --journal", scene.id, story.id), &files).stdout;
        let (command, script) = parts(&printed);
        files.0.lock().unwrap().insert("journal".into(), script.into_bytes());
        let again = hb(&format!("{command} --digest"), &files);
        let (session, _) = play(scene, story).unwrap();
        let digest = format!("{:016x}\n", session.digest());
        assert_eq!(again.stdout, digest, "{} {}: {}", scene.id, story.id, again.stderr);
        // And once more: what a script has done is printed as it was written.
        let twice = hb(&format!("{command} --journal"), &files).stdout;
        assert_eq!(parts(&printed).0, parts(&twice).0, "{} {}", scene.id, story.id);
        let lines = |text: &str| -> Vec<String> {
            text.lines().filter(|l| !l.starts_with('#')).map(String::from).collect()
        };
        assert_eq!(lines(&printed), lines(&twice), "{} {}", scene.id, story.id);
    });
}

#[test]
fn a_printed_journal_can_be_pasted_into_a_story() {
    each_story(|scene, story| {
        let line = format!("story {} {} --journal", scene.id, story.id);
        let printed = hb(&line, &Files::default()).stdout.leak();
        let lines: Vec<&'static str> = printed.lines().filter(|l| !l.starts_with('#')).collect();
        let step = StoryStep { say: lines.leak(), ..StoryStep::SAY };
        let pasted = Story { steps: vec![step].leak(), ..*story };
        let (mut session, _) = play(scene, &pasted).unwrap();
        let (told, _) = play(scene, story).unwrap();
        session.seek(told.cursor());
        assert_eq!(session.branch().journal, told.branch().journal, "{} {}", scene.id, story.id);
        assert_eq!(session.digest(), told.digest(), "{} {}", scene.id, story.id);
    });
}

/// A line of a journal in a story whose time has gone by, and one that makes no sense.
#[test]
fn a_story_says_why_a_line_of_a_journal_cannot_be_done() {
    let scene = scene("raft").unwrap();
    let story = scene.stories[0];
    let say = |lines: &'static [&'static str]| {
        let step = StoryStep { say: lines, ..StoryStep::SAY };
        play(scene, &Story { steps: vec![step].leak(), ..story }).map(|_| ()).unwrap_err()
    };
    let head = format!("raft {}: step 1: ", story.id);
    assert_eq!(
        say(&["400ms crash S1", "300ms restart S1"]),
        format!("{head}'300ms restart S1': 300ms is past: the run stands at 400ms")
    );
    assert_eq!(say(&["400ms restart S1"]), format!("{head}'400ms restart S1': S1 is up"));
    assert_eq!(
        say(&["400ms name old = S1"]),
        format!("{head}'400ms name old = S1': a name is given without a time")
    );
    // What is done at one moment is done in the order of the lines.
    let mut session = Session::new(scene.build, setup(scene, &story), vec![]).unwrap();
    let at = |action| happened_before::core::action::Entry { at: 5_000, action };
    use happened_before::core::action::Action;
    for action in [Action::Manual(true), Action::Manual(false)] {
        session.act_at(at(action)).unwrap();
    }
    assert_eq!(session.branch().journal.len(), 2);
}

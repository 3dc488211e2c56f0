//! Every story and re-enactment of the catalogue, played headless.

use happened_before::core::session::Session;
use happened_before::protocols::{CATALOG, Scene, scene};
use happened_before::stories::player::{play, setup};
use happened_before::stories::{Step, Story};

fn all() -> impl Iterator<Item = (&'static Scene, &'static Story)> {
    CATALOG.iter().flat_map(|scene| scene.stories.iter().map(move |story| (scene, story)))
}

fn raft(id: &str) -> (Session, Vec<happened_before::stories::player::Told>) {
    let scene = scene("raft").expect("in the catalogue");
    let story = scene.stories.iter().find(|s| s.id == id).expect("in its list");
    play(scene, story).expect("it plays")
}

#[test]
fn every_story_reaches_its_end() {
    for (scene, story) in all() {
        if let Err(why) = play(scene, story) {
            panic!("{why}");
        }
    }
}

#[test]
fn steps_are_short_and_the_last_hands_over() {
    for (scene, story) in all() {
        for step in story.steps {
            let words = step.text.split_whitespace().count();
            assert!(
                (4..=35).contains(&words),
                "{} {}: {words} words: {}",
                scene.id,
                story.id,
                step.text
            );
        }
        let Step { say, until, .. } = story.steps.last().expect("it has steps");
        assert!(
            story.source.is_some() || say.is_empty() && until.is_empty(),
            "{} {}",
            scene.id,
            story.id
        );
    }
}

/// Only the journal moves a story's run: without the story, its journal leads to the same states.
#[test]
fn without_the_narration_the_states_are_the_same() {
    for (scene, story) in all() {
        let (told, _) = play(scene, story).expect("it plays");
        let journal = told.branch().journal.clone();
        let mut silent =
            Session::new(scene.build, setup(scene, story), journal).expect("its own journal");
        silent.seek(told.cursor());
        assert_eq!(silent.digest(), told.digest(), "{} {}", scene.id, story.id);
    }
}

#[test]
fn no_story_breaks_a_claim_unless_a_mutant_is_on() {
    for (scene, story) in all() {
        let (told, _) = play(scene, story).expect("it plays");
        let broken = told.world().broken();
        assert_eq!(
            !broken.is_empty(),
            !story.mutants.is_empty(),
            "{} {}: {broken:?}",
            scene.id,
            story.id
        );
    }
}

/// Raft (extended), figure 8: entry 2 of term 2 is on a majority in (c), is not committed, and is
/// overwritten in (d).
#[test]
fn figure_8_is_reenacted() {
    let (session, told) = raft("figure-8");
    assert_eq!(told[3].answer, Some(1), "on a majority, but not committed");
    let texts = |n: usize| -> Vec<(String, u64)> {
        let view = session.view();
        let log = view.nodes[n].log.as_ref().expect("a log");
        log.cells.iter().map(|c| (c.text.clone(), c.epoch)).collect()
    };
    let overwritten = [("x1".to_string(), 1), ("y3".to_string(), 3)];
    for server in [1, 2, 3, 4] {
        assert_eq!(texts(server), overwritten, "S{}", server + 1);
    }
    assert_eq!(texts(0)[1], ("x2".to_string(), 2), "S1 is down and still has what it replicated");
}

#[test]
fn figure_8_without_the_rule_loses_a_committed_entry() {
    let (session, _) = raft("figure-8-broken");
    let view = session.view();
    let broken = view
        .verdicts
        .iter()
        .find(|v| v.property == "leader-completeness")
        .and_then(|v| v.violation.clone());
    let why = broken.expect("a violation").why;
    assert_eq!(why, "Entry 2 was committed in term 4, but S5, leader of term 5, does not have it.");
}

#[test]
fn a_split_vote_elects_nobody_and_the_next_term_somebody() {
    let (session, _) = raft("split-vote");
    let elected: Vec<&str> = session
        .trace()
        .events
        .iter()
        .flat_map(|e| &e.notes)
        .filter(|n| **n == "BecomeLeader")
        .copied()
        .collect();
    assert_eq!(elected, ["BecomeLeader"]);
    assert!(
        session.view().nodes.iter().all(|n| n.look.epoch >= Some(2) || n.look.role != "Leader")
    );
}

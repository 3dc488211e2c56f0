//! Every story and re-enactment of the catalogue, played headless.

use happened_before::core::session::Session;
use happened_before::protocols::{CATALOG, Scene, scene};
use happened_before::stories::player::{play, setup};
use happened_before::stories::telling::{Phase, Telling, WordPart};
use happened_before::stories::{Story, StoryStep};

fn all() -> impl Iterator<Item = (&'static Scene, &'static Story)> {
    CATALOG.iter().flat_map(|scene| scene.stories.iter().map(move |story| (scene, story)))
}

fn raft(id: &str) -> (Session, Vec<happened_before::stories::player::ToldStep>) {
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
        let StoryStep { say, until, .. } = story.steps.last().expect("it has steps");
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
fn no_story_breaks_a_claim_unless_it_is_about_that_or_its_settings_promise_nothing() {
    for (scene, story) in all() {
        let (told, _) = play(scene, story).expect("it plays");
        let broken = told.world().broken();
        let promised = story.mutants.is_empty() && told.world().outside().is_none();
        let at = format!("{} {}: {broken:?}", scene.id, story.id);
        // A promise that rests on an administrator's word is broken by a wrong word: such a story
        // waits for just that violation, and no other.
        let told_of = |id: &str| {
            let wait = format!("violation {id}");
            story.steps.iter().any(|s| s.until == wait)
        };
        assert!(!promised || broken.iter().all(|(id, _)| told_of(id)), "{at}");
        assert!(!broken.is_empty() || story.mutants.is_empty(), "{at}");
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

/// Told step by step, as the page does, a story leads to the states it leads to when played.
#[test]
fn a_story_told_is_a_story_played() {
    for (scene, story) in all() {
        let (played, _) = play(scene, story).expect("it plays");
        let mut session =
            Session::new(scene.build, setup(scene, story), Vec::new()).expect("a sound setup");
        let calls = (scene.info)().calls;
        let mut telling = Telling::begin(story, calls, &mut session).expect("it begins");
        let mut moves = 0;
        while !telling.is_over() {
            telling.next(&mut session).expect("it goes on");
            moves += 1;
            assert!(moves <= 3 * story.steps.len(), "{} {} goes round", scene.id, story.id);
        }
        let here = (session.digest(), session.branches().len());
        assert_eq!(here, (played.digest(), 1), "{} {}", scene.id, story.id);
        // Back to the first step and forth again, nothing is done twice.
        for _ in story.steps {
            telling.previous(&mut session);
        }
        assert_eq!(telling.step, 0);
        while !telling.is_over() {
            telling.next(&mut session).expect("it goes on");
        }
        assert_eq!((session.digest(), session.branches().len()), here);
        let cue = telling.cue();
        let (again, session) = Telling::at_cue(scene, story, cue).expect("its own place");
        assert_eq!((again.cue(), session.digest()), (cue, here.0));
    }
}

/// A step that is watched at the pace of a page ends at the moment at which it ends when played.
#[test]
fn a_step_that_is_watched_ends_by_itself() {
    for (scene, story) in all() {
        let (_, told) = play(scene, story).expect("it plays");
        let mut session =
            Session::new(scene.build, setup(scene, story), Vec::new()).expect("a sound setup");
        let calls = (scene.info)().calls;
        let mut telling = Telling::begin(story, calls, &mut session).expect("it begins");
        for (n, end) in told.iter().enumerate() {
            if telling.phase == Phase::Asked {
                telling.choose(&mut session, 0).expect("it is asked");
            }
            while !telling.watch(&mut session).expect("it can be read") {
                // As frames do: what happens, or time that passes.
                let soon = session.time() + 1_000;
                match session.next_at() {
                    Some(at) if at <= soon => _ = session.forward(),
                    _ => _ = session.advance_to(soon, 1),
                }
            }
            let here = (telling.step, session.cursor(), telling.answer());
            assert_eq!(here, (n, end.step, end.answer), "{} {}", scene.id, story.id);
            telling.next(&mut session).expect("it goes on");
        }
    }
}

#[test]
fn the_names_in_the_words_are_found() {
    for (scene, story) in all() {
        let mut session =
            Session::new(scene.build, setup(scene, story), Vec::new()).expect("a sound setup");
        let mut telling =
            Telling::begin(story, (scene.info)().calls, &mut session).expect("it begins");
        while !telling.is_over() {
            let (view, text) = (session.view(), telling.now().text);
            let found = telling.words(&view, text);
            let nodes = found.iter().filter(|p| matches!(p, WordPart::Node(..))).count();
            if telling.phase == Phase::Done {
                assert_eq!(nodes, text.matches('{').count(), "{} {}: {text}", scene.id, story.id);
            }
            telling.next(&mut session).expect("it goes on");
        }
    }
}

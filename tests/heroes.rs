//! What the scenes open on: each hero is played to its moment, and what its buttons promise comes
//! true.

use happened_before::core::session::Session;
use happened_before::protocols::{CATALOG, Scene, template};
use happened_before::stories::condition::Condition;
use happened_before::stories::hero::{Does, Next, Opening, Reel, actions};
use happened_before::stories::player::{PATIENCE, Player};
use happened_before::stories::telling::Telling;

fn scenes() -> impl Iterator<Item = &'static Scene> {
    CATALOG.iter().chain([&template::SCENE])
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Plays on until something holds.
fn comes_true(player: &Player<'_>, session: &mut Session, then: &str) -> Result<(), String> {
    let (condition, last) = (Condition::read(then)?, session.time() + PATIENCE);
    while !player.holds(session, &condition)? {
        if session.time() > last || session.forward().is_none() {
            return Err(format!("'{then}' does not come true"));
        }
    }
    Ok(())
}

/// Does what a button does, in a copy of the run at its telling moment.
fn press(
    scene: &'static Scene,
    next: &Next,
    (session, player, reel): (&Session, &Player<'_>, &Reel),
) -> Result<(), String> {
    let mut run = session.copy();
    run.seek_moment(reel.moment.step, reel.moment.at);
    match next.does {
        Does::Act(verbs) => {
            for verb in verbs {
                for action in actions(player, &run, &[verb])? {
                    run.act(action)?;
                }
            }
        }
        Does::Under(knobs, mutants) => {
            let mut other = Opening::under(scene, knobs, mutants)?;
            while !other.ask(u64::MAX)? {}
            run = other.session.copy();
        }
        Does::Wait => {}
        Does::Story(id) => {
            let story = scene.stories.iter().find(|s| s.id == id).ok_or("no such story")?;
            let calls = scene.info_of(story.preset).calls;
            let setup = happened_before::stories::player::setup(scene, story);
            let mut session = Session::new(scene.build, setup, Vec::new())?;
            return Telling::begin(story, calls, &mut session).map(|_| ());
        }
    }
    comes_true(player, &mut run, next.then)
}

#[test]
fn every_scene_opens_on_a_moment_that_its_run_reaches() {
    let mut wrong = Vec::new();
    for scene in scenes() {
        let hero = &scene.hero;
        let of = scene.id;
        assert!((3..=14).contains(&words(hero.caption)), "{of}: {}", hero.caption);
        assert!(hero.caption.ends_with(['.', '?', '!']), "{of}: {}", hero.caption);
        let (mut session, player, reel) = match Opening::play(scene) {
            Ok(played) => played,
            Err(why) => {
                wrong.push(format!("{of}: {why}"));
                continue;
            }
        };
        println!(
            "{of}: {} steps, {} to {} to {} us, lit {:?}",
            session.cursor(),
            reel.from,
            reel.moment.at,
            reel.to,
            reel.lit
        );
        assert!(reel.from < reel.moment.at && reel.moment.at <= reel.to, "{of}: {reel:?}");
        assert!(session.cursor() < 6_000, "{of}: {} steps are too many", session.cursor());
        // As it is shown: from its opening, where the telling condition is not yet true, to the
        // telling moment, where it is.
        let last = hero.run.steps.last().expect("a step");
        let told = Condition::read(last.until).expect(of);
        session.seek_moment(reel.moment.step, reel.moment.at);
        assert!(player.holds(&session, &told).expect(of), "{of}: {}", last.until);
        assert!(reel.lit.iter().all(|s| *s <= reel.moment.step), "{of}: lit before it is there");
        let lit = reel.lit.iter().filter_map(|s| session.trace().event(*s));
        assert!(
            lit.filter(|e| e.is_of_process()).count() == reel.lit.len(),
            "{of}: lights no event"
        );
        session.seek_time(reel.from);
        let happens =
            session.trace().events.iter().filter(|e| (reel.from..reel.to).contains(&e.at));
        assert!(happens.count() >= 3, "{of}: nothing moves");
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn what_the_buttons_of_an_opening_promise_comes_true() {
    let mut wrong = Vec::new();
    for scene in scenes() {
        let Ok((session, player, reel)) = Opening::play(scene) else { continue };
        assert!((1..=2).contains(&scene.hero.next.len()), "{}", scene.id);
        for next in scene.hero.next {
            assert!((1..=5).contains(&words(next.label)), "{}: {}", scene.id, next.label);
            assert!(words(next.note) <= 14, "{}: {}", scene.id, next.note);
            if let Err(why) = press(scene, next, (&session, &player, &reel)) {
                wrong.push(format!("{}: {}: {why}", scene.id, next.label));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

//! What is documented of systems that stand on hybrid clocks, and the bounds under faults of clocks.

use super::*;
use crate::core::action::{Action, ClockChange};
use crate::core::config::Setup;
use crate::core::session::Session;
use crate::core::trace::OpEnd;
use crate::stories::player::play;

fn story(id: &str) -> Session {
    let story = SCENE.stories.iter().find(|s| s.id == id).expect("in its list");
    play(&SCENE, story).expect("it plays").0
}

fn answer(session: &Session) -> String {
    match session.trace().ops.last().map(|o| o.end.clone()) {
        Some(OpEnd::Ok(Some(text))) => text,
        other => panic!("{other:?}"),
    }
}

fn rules<'a>(session: &'a Session, rule: &'a str) -> usize {
    session.trace().events.iter().filter(|e| e.notes.contains(&rule)).count()
}

#[test]
fn an_uncertain_value_restarts_the_read_once() {
    let session = story("uncertain");
    assert_eq!((rules(&session, "Uncertain"), rules(&session, "ReadRestart")), (1, 1));
    assert!(answer(&session).starts_with("1 ("), "{}", answer(&session));
}

/// Beyond the maximum offset the read is stale, and no claim is broken, since none is made there.
#[test]
fn beyond_the_maximum_offset_a_read_is_stale() {
    let session = story("beyond");
    assert_eq!(answer(&session), "(0us, 0)", "it saw no version");
    let facts = session.view().facts;
    assert!(facts.iter().any(|f| f.starts_with("outside the theorem: clocks were 9")), "{facts:?}");
    assert!(facts.iter().any(|f| f.starts_with("a stale read")), "{facts:?}");
    assert_eq!(session.world().broken(), []);
    assert_eq!(rules(&session, "Stop"), 1);
}

/// Figure 5 and its bounds hold whatever clocks do: they run fast, stand still and step back.
#[test]
fn the_bounds_hold_under_every_fault_of_clocks() {
    for seed in 0..20 {
        let setup = Setup { scene: "hybrid-clock".into(), seed, ..Setup::default() };
        let mut session = Session::new(SCENE.build, setup, Vec::new()).expect("a run");
        for (i, change) in [
            ClockChange::Step(400_000),
            ClockChange::Drift(200_000),
            ClockChange::Step(-700_000),
            ClockChange::Freeze(true),
            ClockChange::Drift(-200_000),
        ]
        .into_iter()
        .enumerate()
        {
            session.advance_to(300_000 * (i as u64 + 1), u64::MAX);
            let node = NodeId((seed + i as u64) as u16 % 3);
            session.act(Action::Clock { node, change }).expect("a change");
        }
        session.advance_to(3_000_000, u64::MAX);
        assert_eq!(session.world().broken(), [], "seed {seed}");
        let view = session.view();
        assert!(
            view.nodes[..3].iter().any(|n| n
                .look
                .durable
                .iter()
                .any(|(k, c)| k == "c" && c != "0"))
        );
    }
}

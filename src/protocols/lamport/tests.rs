//! The paper's own examples, and the total order of requests in random runs.

use super::*;
use crate::core::config::Setup;
use crate::core::session::Session;
use crate::core::trace::Relation;
use crate::core::view::{Event, What as Happened};
use crate::stories::player::play;

fn story(id: &str) -> Session {
    let story = SCENE.stories.iter().find(|s| s.id == id).expect("in its list");
    play(&SCENE, story).expect("it plays").0
}

/// The n-th event of a process as the paper counts them, from 1: starts do not count.
fn event(session: &Session, name: char, n: usize) -> &Event {
    let mine = |e: &&Event| {
        e.node.is_some_and(|p| Lamport::name(p.0) == name.to_string()) && e.notes.contains(&"IR1")
    };
    session.trace().events.iter().filter(mine).nth(n - 1).expect("it happened")
}

use crate::core::protocol::Show;

#[test]
fn figure_1_says_what_the_text_says() {
    let session = story("figure-1");
    let at = |name, n| event(&session, name, n);
    let stands = |a: (char, usize), b: (char, usize)| Relation::of(at(a.0, a.1), at(b.0, b.1));
    assert_eq!(stands(('P', 1), ('R', 4)), Relation::Past, "p1 -> r4");
    assert_eq!(stands(('P', 3), ('Q', 3)), Relation::Beside, "p3 and q3 are concurrent");
    assert_eq!(stands(('Q', 3), ('P', 4)), Relation::Past, "P hears of q3 at p4");
    assert!(at('Q', 3).at < at('P', 3).at, "q3 occurs at an earlier physical time than p3");
}

/// The person's two requests happened in order, and are granted the other way round.
#[test]
fn the_telephone_call_is_anomalous() {
    let session = story("phone");
    let asked = |name| {
        let find = |e: &&Event| {
            e.notes.contains(&"Request") && e.node.is_some_and(|p| Lamport::name(p.0) == name)
        };
        session.trace().events.iter().find(find).expect("a request")
    };
    assert_eq!(Relation::of(asked("P"), asked("Q")), Relation::Past);
    let tickets: Vec<_> = session.trace().ops.iter().rev().take(2).map(|o| o.end.clone()).collect();
    let ticket = |t: &str| crate::core::trace::OpEnd::Ok(Some(t.into()));
    assert_eq!(tickets, [ticket("1"), ticket("4")]);
    let first = session.trace().events.iter().find(|e| e.notes.contains(&"Enter"));
    assert_eq!(first.and_then(|e| e.node), Some(NodeId(1)), "Q is granted first");
    assert_eq!(session.world().broken(), [], "no claim of the paper is broken");
}

/// Section "Ordering the Events Totally", condition III: every request is granted, as long as
/// everybody who is granted releases; 3(N - 1) messages each, what is repeated not counted.
#[test]
fn every_request_is_granted_without_failures() {
    for seed in 0..20 {
        let knobs = [("lamport.pause", 10_000_000), ("lamport.resend", 60_000_000), ("clients", 3)];
        let setup = Setup {
            scene: "lamport".into(),
            preset: "resource".into(),
            knobs: knobs.iter().map(|(k, v)| ((*k).into(), *v)).collect(),
            seed,
            ..Setup::default()
        };
        let mut session = Session::new(SCENE.build, setup, Vec::new()).expect("a run");
        session.advance_to(1_000, u64::MAX);
        for (client, node) in [(3, 2), (4, 0), (5, 1)] {
            let call = Lamport::call(&Op::Request);
            let (client, to) = (NodeId(client), Some(NodeId(node)));
            session.act(crate::core::action::Action::Invoke { client, to, call }).expect("asked");
        }
        session.advance_to(2_000_000, u64::MAX);
        let granted = |e: &&Event| e.notes.contains(&"Enter");
        assert_eq!(session.trace().events.iter().filter(granted).count(), 3, "seed {seed}");
        let received = |e: &&Event| match e.what {
            Happened::Receive(id) => id.from.0 < 3 && id.to.0 < 3,
            _ => false,
        };
        assert_eq!(session.trace().events.iter().filter(received).count(), 3 * 3 * 2);
    }
}

//! What was published, and a join in mid-run.

use super::*;
use crate::core::config::Setup;
use crate::core::session::Session;
use crate::stories::player::play;

fn story(id: &str) -> Session {
    let story = SCENE.stories.iter().find(|s| s.id == id).expect("in its list");
    play(&SCENE, story).expect("it plays").0
}

fn field(session: &Session, node: usize, name: &str) -> String {
    let view = session.view();
    let look = &view.nodes[node].look;
    let found = look.durable.iter().find(|(n, _)| n == name);
    found.map(|(_, text)| text.clone()).unwrap_or_default()
}

/// DeCandia et al. 2007, figure 3: D3 is ([Sx,2],[Sy,1]), D4 is ([Sx,2],[Sz,1]), D5 is
/// ([Sx,3],[Sy,1],[Sz,1]).
#[test]
fn dynamo_s_versions_are_reenacted() {
    let mut session = story("dynamo");
    assert_eq!(field(&session, 0, "x"), "5 (A,3)[A:2, B:1, C:1]");
    let two = (0..=session.cursor()).rev().find(|step| {
        session.seek(*step);
        field(&session, 0, "siblings-x") == "2"
    });
    assert!(two.is_some(), "D3 and D4 were side by side");
    assert_eq!(field(&session, 0, "x"), "3 (B,1)[A:2] | 4 (C,1)[A:2]");
}

#[test]
fn siblings_explode_under_one_vector_only() {
    let (dotted, flat) = (story("siblings"), story("explosion"));
    assert_eq!(field(&dotted, 0, "x"), "3 (A,3)[A:1] | 4 (A,4)[A:2]");
    assert_eq!(field(&flat, 0, "x"), "1|2|3|4 [A:4]");
}

/// The delayed broadcast is delivered after its cause, everywhere in the same order.
#[test]
fn the_delayed_broadcast_waits_for_its_cause() {
    let session = story("delay");
    let view = session.view();
    for node in &view.nodes[..3] {
        let cells: Vec<&str> =
            node.log.iter().flat_map(|l| &l.cells).map(|c| c.text.as_str()).collect();
        assert_eq!(cells, ["A1", "B1"], "{}", node.name);
    }
}

/// A process that was not there from the start: nobody's vector has it before its first event, and
/// the claim holds all along.
#[test]
fn a_process_joins_in_mid_run() {
    let setup = Setup {
        scene: "vector-clock".into(),
        knobs: [("nodes".to_string(), 4), ("vector.members".to_string(), 2)].into(),
        seed: 9,
        ..Setup::default()
    };
    let mut session = Session::new(SCENE.build, setup, Vec::new()).expect("a run");
    session.advance_to(2_000_000, u64::MAX);
    let events = &session.trace().events;
    let joins: Vec<u16> = events
        .iter()
        .filter(|e| e.notes.contains(&"Join"))
        .filter_map(|e| e.node.map(|n| n.0))
        .collect();
    let mut sorted = joins.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [2, 3], "each joins once");
    assert_eq!(session.world().broken(), []);
    assert!(field(&session, 3, "V").contains("D:"), "{}", field(&session, 3, "V"));
}

//! Beside the general tests of the catalogue.

use super::*;
use crate::core::action::{Action, Entry as Done};
use crate::core::config::Setup;
use crate::core::ids::NodeSet;
use crate::core::session::Session;
use crate::core::view::WorldView;
use crate::stories::Story;
use crate::stories::player::{play, setup};

fn session(preset: &str, knobs: &[(&str, i64)], seed: u64, journal: Vec<Done>) -> Session {
    let setup = Setup {
        scene: SCENE.id.into(),
        preset: preset.into(),
        knobs: knobs.iter().map(|(k, v)| ((*k).to_string(), *v)).collect(),
        seed,
        ..Setup::default()
    };
    Session::new(SCENE.build, setup, journal).expect("a sound setup")
}

fn broken(view: &WorldView) -> Vec<&'static str> {
    view.verdicts.iter().filter(|v| v.violation.is_some()).map(|v| v.property).collect()
}

fn story(id: &str) -> &'static Story {
    SCENE.stories.iter().find(|s| s.id == id).expect("in its list")
}

fn fact(view: &WorldView, id: &str) -> Option<String> {
    view.facts.iter().find(|f| f.id == id).map(|f| f.text.clone())
}

#[test]
fn shards_move_over_bad_links_and_nothing_is_lost() {
    let faulty = [("net.loss", 50_000), ("net.dup", 100_000), ("net.reorder", 200_000)];
    for preset in SCENE.presets {
        for seed in 0..6 {
            let mut session = session(preset.id, &faulty, seed, Vec::new());
            session.advance_to(8_000_000, u64::MAX);
            let rules = session.trace().events.iter().flat_map(|e| e.notes.iter().copied());
            let moved = rules.filter(|r| *r == "Take").count();
            assert!(moved >= 1, "{} {seed}: {moved} moves", preset.id);
            assert_eq!(broken(&session.view()), [""; 0], "{} {seed}", preset.id);
        }
    }
}

/// The directory's servers are servers of our Raft: they elect, replicate and agree.
#[test]
fn the_directory_survives_its_leader() {
    let mut session = session("mongodb", &[("client.interval", 0)], 5, Vec::new());
    let term = |view: &WorldView| view.nodes.iter().filter_map(|n| n.look.epoch).max();
    session.advance_to(2_000_000, u64::MAX);
    let first = session.view();
    let leads = |v: &WorldView| v.nodes.iter().position(|n| n.look.role == "Leader");
    let leader = leads(&first).expect("a leader");
    let node = NodeId(leader as u16);
    let mode = crate::core::action::CrashMode::Process;
    session.act(Action::Crash { node, mode }).expect("it is up");
    session.advance_to(5_000_000, u64::MAX);
    let view = session.view();
    let others = view.nodes[..3].iter().filter(|n| n.id != node);
    assert!(others.clone().any(|n| n.look.role == "Leader") && term(&view) > term(&first));
    for n in others {
        let log = n.log.as_ref().expect("a log");
        let texts: Vec<&str> = log.cells.iter().map(|c| c.text.as_str()).collect();
        assert_eq!(texts[..4], ["0:S6", "1:S7", "2:S8", "3:S6"]);
    }
}

#[test]
fn a_stale_router_is_bounced_once() {
    let (session, told) = play(&SCENE, story("one-bounce")).expect("it plays");
    assert_eq!((told[3].answer, told[5].answer), (Some(0), Some(0)));
    let events = &session.trace().events;
    let bounces = events.iter().flat_map(|e| &e.notes).filter(|n| **n == "StaleConfig").count();
    assert_eq!(bounces, 1);
    assert_eq!(broken(&session.view()), [""; 0]);
}

#[test]
fn without_the_check_a_write_is_lost() {
    let (session, told) = play(&SCENE, story("no-check")).expect("it plays");
    assert_eq!(told[2].answer, Some(0), "A is told that it is done");
    assert_eq!(broken(&session.view()), ["writes-at-owner", "nothing-lost", "linearizable"]);
}

/// Errors while the storm lasts, as a share of all requests that reached a server.
fn refused(session: &Session) -> u64 {
    let view = session.view();
    let line = fact(&view, "availability").expect("a fact");
    let numbers: Vec<u64> = line.split_whitespace().filter_map(|w| w.parse().ok()).collect();
    100 - numbers[0] * 100 / numbers[1]
}

/// Small memberships, large ones, large ones after the fix: the same disruption.
#[test]
fn the_event_of_2015_is_reenacted() {
    let (session, told) = play(&SCENE, story("dynamodb-2015")).expect("it plays");
    assert_eq!(told[2].answer, Some(1), "it does not catch up");
    assert!(refused(&session) >= 5);
    let (view, notes) = (session.view(), session.trace().events.iter().flat_map(|e| &e.notes));
    let disqualified = notes.filter(|n| **n == "Disqualify").count();
    assert!(disqualified >= 7, "{disqualified}");
    assert!(view.nodes[2..16].iter().all(|n| n.look.role == "Shard"), "all are confirmed again");
    for id in ["dynamodb-before", "dynamodb-after"] {
        let (session, told) = play(&SCENE, story(id)).expect("it plays");
        assert_eq!(told[2].answer, Some(0), "{id} catches up");
        let view = session.view();
        assert!(view.nodes[2..16].iter().all(|n| n.look.role == "Shard"), "{id}");
    }
}

/// Nothing is broken, and it goes on; each cure for itself ends it, or does not.
#[test]
fn a_storm_outlives_its_trigger_unless_something_is_done_about_it() {
    let event = story("dynamodb-2015");
    let all = NodeSet::first(18);
    let cut = Action::Partition(vec![NodeSet::one(NodeId(0)), NodeSet(all.0 & !1)]);
    let journal =
        vec![Done { at: 4_000_000, action: cut }, Done { at: 6_000_000, action: Action::HealAll }];
    let run = |knob: Option<(&str, i64)>| {
        let mut setup = setup(&SCENE, event);
        setup.knobs.extend(knob.map(|(k, v)| (k.to_string(), v)));
        let mut session = Session::new(SCENE.build, setup, journal.clone()).expect("sound");
        session.advance_to(25_000_000, u64::MAX);
        let view = session.view();
        let [metastable, storm] = ["metastable", "refresh-storm"].map(|f| fact(&view, f).is_some());
        assert_eq!(metastable, storm, "{knob:?}: {:?}", view.facts);
        storm
    };
    assert!(run(None), "19 seconds after a disruption of two");
    for (knob, value) in [
        ("fetch.timeout", 800_000),
        ("fetch.backoff", 100_000),
        ("dir.queue", 3),
        ("fetch.segment", 1),
        ("dir.entry", 200),
    ] {
        assert!(!run(Some((knob, value))), "{knob}");
    }
    // To ask less often, alone, comes too late once all are asking.
    assert!(run(Some(("shard.lease", 6_000_000))));
}

/// Where a table gets old, and nobody answers, routers stop: the price of a TTL.
#[test]
fn a_ttl_puts_the_directory_on_the_data_path() {
    let mode = crate::core::action::CrashMode::Process;
    let down = |n| Done { at: 3_000_000, action: Action::Crash { node: NodeId(n), mode } };
    let answered = |preset: &str| {
        let mut session = session(preset, &[], 2, vec![down(0), down(1), down(2)]);
        session.advance_to(8_000_000, u64::MAX);
        let ended = |o: &&crate::core::trace::OpLife| {
            let puts_and_gets = o.call.f < 2;
            puts_and_gets
                && o.invoked > 5_000_000
                && matches!(o.end, crate::core::trace::OpEnd::Ok(_))
        };
        session.trace().ops.iter().filter(ended).count()
    };
    assert!(answered("mongodb") > 10);
    assert_eq!(answered("vitess"), 0);
}

//! Golden traces: runs that read as stories. `UPDATE_EXPECT=1 cargo test --test traces` rewrites
//! them; the difference is for a person to read.

use expect_test::expect_file;
use happened_before::core::action::{Action, CrashMode, Entry};
use happened_before::core::config::Setup;
use happened_before::core::ids::{NodeId, NodeSet};
use happened_before::core::session::Session;
use happened_before::protocols::scene;
use happened_before::share::export::tell::tell;

fn story(id: &str, knobs: &[(&str, i64)], journal: Vec<Entry>, until: u64) -> String {
    let scene = scene(id).unwrap();
    let setup = Setup {
        scene: id.into(),
        knobs: knobs.iter().map(|(k, v)| (k.to_string(), *v)).collect(),
        seed: 1,
        ..Setup::default()
    };
    let mut session = Session::new(scene.build, setup, journal).unwrap();
    session.advance_to(until, u64::MAX);
    let end = session.cursor();
    tell(&mut session, (scene.info)().calls, end, until)
}

#[test]
fn raft_first_election() {
    let text = story("raft", &[("nodes", 3), ("clients", 1)], vec![], 330_000);
    expect_file!["golden/raft-first-election.txt"].assert_eq(&text);
}

/// The leader is cut off with the client; the others elect another; healed, it steps down and its
/// entry goes.
#[test]
fn raft_cut_and_heal() {
    let cut = Action::Partition(vec![
        [0, 3].map(NodeId).into_iter().collect::<NodeSet>(),
        [1, 2].map(NodeId).into_iter().collect(),
    ]);
    let journal = vec![
        Entry { at: 400_000, action: cut },
        Entry { at: 900_000, action: Action::HealAll },
        Entry {
            at: 1_000_000,
            action: Action::Crash { node: NodeId(2), mode: CrashMode::Process },
        },
        Entry { at: 1_100_000, action: Action::Restart(NodeId(2)) },
    ];
    let knobs = [("nodes", 3), ("clients", 1), ("client.interval", 200_000)];
    let text = story("raft", &knobs, journal, 1_200_000);
    expect_file!["golden/raft-cut-and-heal.txt"].assert_eq(&text);
}

#[test]
fn lamport_clocks() {
    let text = story("lamport", &[], vec![], 400_000);
    expect_file!["golden/lamport.txt"].assert_eq(&text);
}

/// A range is cut in two by an entry of its log; who still routes by the old descriptor is told.
#[test]
fn a_range_is_split() {
    let knobs = [
        ("nodes", 3),
        ("clients", 2),
        ("client.admin", 1),
        ("client.reads", 0),
        ("client.interval", 150_000),
        ("range.first", 1),
        ("range.period", 0),
    ];
    let text = story("ranges", &knobs, vec![], 500_000);
    expect_file!["golden/a-range-is-split.txt"].assert_eq(&text);
}

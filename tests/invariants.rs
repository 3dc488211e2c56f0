//! The architecture's invariants that can be seen from outside. (The ban-like ones are in
//! tidy.rs, the link's in links.rs, the equality of native and wasm digests in the browser tests.)

use happened_before::core::action::*;
use happened_before::core::config::Setup;
use happened_before::core::ids::{NodeId, NodeSet};
use happened_before::core::session::Session;
use happened_before::core::sorted::SortedSet;
use happened_before::core::trace::Relation;
use happened_before::protocols::{CATALOG, Scene, template};

fn setup(scene: &Scene, seed: u64) -> Setup {
    Setup { scene: scene.id.into(), seed, ..Setup::default() }
}

fn session(scene: &Scene, seed: u64) -> Session {
    Session::new(scene.build, setup(scene, seed), Vec::new()).expect("a sound setup")
}

/// Some interventions at odd moments, with whatever the world has to offer then.
fn meddle(s: &mut Session, seed: u64) {
    let pick = |k, n| {
        happened_before::core::random::draw(seed, happened_before::core::random::Stream::Nemesis, k)
            % n
    };
    for k in 0..12u64 {
        s.advance_to(s.time() + 20_000 + pick(k * 8, 90_000), 1_000_000);
        let view = s.view();
        let servers =
            view.nodes.iter().filter(|n| n.waiting.is_none() && n.look.role != "Client").count()
                as u64;
        let node = NodeId(pick(k * 8 + 1, servers) as u16);
        let message = view.messages.get(pick(k * 8 + 2, 8) as usize).map(|m| m.id);
        let action = match (pick(k * 8 + 3, 8), message) {
            (0, _) => Action::Crash { node, mode: CrashMode::Os { kept: 0 } },
            (1, _) => Action::Restart(node),
            (2, Some(m)) => Action::Drop(m),
            (3, Some(m)) => Action::Duplicate(m),
            (4, Some(m)) => Action::Deliver(m),
            (5, _) => {
                Action::Partition(vec![NodeSet::one(node), NodeSet(!NodeSet::one(node).0 & 0x7f)])
            }
            (6, _) => Action::Clock { node, change: ClockChange::Drift(50_000) },
            _ => Action::HealAll,
        };
        // Some are refused: that is part of what is tested.
        let _ = s.act(action);
    }
    s.advance_to(s.time() + 200_000, 1_000_000);
}

/// (1) Config, seed and journal fix every byte.
#[test]
fn the_same_run_twice_is_the_same() {
    for scene in CATALOG {
        for seed in 0..5 {
            let (mut a, mut b) = (session(scene, seed), session(scene, seed));
            meddle(&mut a, seed);
            meddle(&mut b, seed);
            assert_eq!(a.digest(), b.digest());
            assert_eq!(a.trace().events, b.trace().events);
            assert_eq!(a.view(), b.view());
            assert_ne!(a.digest(), session(scene, seed + 100).digest());
        }
    }
}

/// (1) Every byte of every run is the one it was when this list was made: scene, preset and, for
/// eight seeds, the digest of a run that is meddled with.
#[test]
fn runs_are_those_of_the_golden_list() {
    let mut list = String::new();
    for scene in CATALOG.iter().chain([&template::SCENE]) {
        for preset in scene.presets {
            list += &format!("{} {}", scene.id, preset.id);
            for seed in 0..8 {
                let setup = Setup { preset: preset.id.into(), ..setup(scene, seed) };
                let mut s = Session::new(scene.build, setup, Vec::new()).expect("a sound setup");
                meddle(&mut s, seed);
                list += &format!(" {:016x}", s.digest());
            }
            list.push('\n');
        }
    }
    expect_test::expect_file!["golden/digests.txt"].assert_eq(&list);
}

/// (1, 2) The journal holds all that was done: followed anew, it leads to the same moment.
#[test]
fn the_journal_is_the_whole_truth() {
    for scene in CATALOG {
        for seed in 0..5 {
            let mut s = session(scene, seed);
            meddle(&mut s, seed);
            let journal = s.branch().journal.clone();
            assert!(!journal.is_empty());
            let mut again =
                Session::new(scene.build, setup(scene, seed), journal).expect("its own journal");
            again.advance_to(s.time(), 10_000_000);
            assert_eq!(
                (again.cursor(), again.digest()),
                (s.cursor(), s.digest()),
                "{} {seed}",
                scene.id
            );
        }
    }
}

/// Seeking, stepping back and forking only ever lead to states that were there.
#[test]
fn time_travel_meets_the_same_states() {
    for scene in CATALOG {
        let mut s = session(scene, 3);
        meddle(&mut s, 3);
        let end = s.cursor();
        let mut digests = vec![0; end as usize + 1];
        s.seek(0);
        digests[0] = s.digest();
        for step in 1..=end {
            s.forward();
            digests[step as usize] = s.digest();
        }
        for step in [end, end / 2, end / 2 + 1, 0, 1, end - 1, end / 3, end] {
            s.seek(step);
            assert_eq!((s.cursor(), s.digest()), (step, digests[step as usize]));
        }
    }
}

/// Acting in the past branches; nothing is overwritten.
#[test]
fn acting_in_the_past_keeps_the_future() {
    let scene = &CATALOG[0];
    let mut s = session(scene, 7);
    s.advance_to(1_000_000, 1_000_000);
    let (end, digest) = (s.cursor(), s.digest());
    s.seek(end / 2);
    let here = s.time();
    s.act(Action::Crash { node: NodeId(0), mode: CrashMode::Process }).expect("it is up");
    assert_eq!((s.branches().len(), s.current()), (2, 1));
    assert_eq!(s.branch().parent.map(|(b, _)| b), Some(0));
    s.advance_to(1_000_000, 1_000_000);
    assert_ne!(s.digest(), digest);
    s.switch(0);
    assert_eq!((s.cursor(), s.digest()), (end, digest));
    let common = |b: usize| {
        s.branches()[b].trace.events.iter().filter(|e| e.at < here).cloned().collect::<Vec<_>>()
    };
    assert_eq!(common(0), common(1));
}

/// Randomness is addressed, not consumed: what happens to one link or node leaves all draws of
/// the others alone.
#[test]
fn an_intervention_changes_no_other_draw() {
    let scene = &CATALOG[0];
    let delays = |s: &Session| -> SortedSet<_> {
        s.trace().messages.iter().map(|m| (m.id, m.due - m.sent_at)).collect()
    };
    let mut plain = session(scene, 7);
    plain.advance_to(600_000, 1_000_000);
    let mut other = session(scene, 7);
    other.advance_to(300_000, 1_000_000);
    while other.view().messages.is_empty() {
        other.forward();
    }
    let message = other.view().messages[0].id;
    other.act(Action::Drop(message)).expect("in flight");
    other.act(Action::Clock { node: NodeId(1), change: ClockChange::Step(70) }).expect("it exists");
    other.advance_to(600_000, 1_000_000);
    let (a, b) = (delays(&plain), delays(&other));
    let same_names: SortedSet<_> = a.iter().map(|(id, _)| *id).collect();
    let differ =
        b.iter().filter(|(id, d)| same_names.contains(id) && !a.contains(&(*id, *d))).count();
    assert!(b.len() > 50);
    assert_eq!(differ, 0, "a message of the same name travels as long in both");
}

/// (5) Nodes know only what reached them: to the others, a server that nobody can hear is the same
/// whether it runs, is paused or is dead.
#[test]
fn to_the_others_an_unreachable_server_is_the_same_alive_paused_or_dead() {
    for scene in CATALOG {
        let mute = NodeId(0);
        let fate = |action: Option<Action>| {
            let mut s = session(scene, 5);
            let all: NodeSet = s.view().nodes.iter().map(|n| n.id).filter(|n| *n != mute).collect();
            s.act(Action::Cut { from: NodeSet::one(mute), to: all }).expect("they exist");
            s.act(Action::Cut { from: all, to: NodeSet::one(mute) }).expect("they exist");
            s.advance_to(10_000, 1_000_000);
            if let Some(action) = action {
                s.act(action).expect("it is up");
            }
            s.advance_to(1_500_000, 1_000_000);
            let nodes = s.view().nodes;
            nodes
                .into_iter()
                .filter(|n| n.id != mute)
                .map(|n| (n.name, n.look, n.log))
                .collect::<Vec<_>>()
        };
        let alive = fate(None);
        assert_eq!(alive, fate(Some(Action::Pause(mute))), "{}", scene.id);
        assert_eq!(
            alive,
            fate(Some(Action::Crash { node: mute, mode: CrashMode::Process })),
            "{}",
            scene.id
        );
    }
}

/// The engine's causality is reachability in the graph of processes and messages.
#[test]
fn stamps_are_reachability() {
    for scene in CATALOG {
        let mut s = session(scene, 11);
        meddle(&mut s, 11);
        s.advance_to(s.time() + 3_000_000, 1_000_000);
        let events: Vec<_> =
            s.trace().events.iter().filter(|e| e.is_of_process()).take(400).cloned().collect();
        let mut last = happened_before::core::sorted::SortedMap::new();
        let mut senders = happened_before::core::sorted::SortedMap::new();
        let mut past: Vec<SortedSet<u64>> = Vec::new();
        for (i, e) in events.iter().enumerate() {
            let mut mine = SortedSet::from([e.step]);
            let own = last.insert(e.node, i);
            let from = match e.what {
                happened_before::core::view::What::Receive(id) => {
                    senders.get(&(id.from, id.to, id.nth % (1 << 24))).copied()
                }
                _ => None,
            };
            for cause in own.into_iter().chain(from) {
                mine.extend(past[cause].iter().copied());
            }
            past.push(mine);
            for m in &e.sent {
                senders.entry((m.id.from, m.id.to, m.id.nth % (1 << 24))).or_insert(i);
            }
        }
        assert!(events.len() > 50);
        for (i, a) in events.iter().enumerate() {
            for (j, b) in events.iter().enumerate() {
                let expected = match (i == j, past[j].contains(&a.step), past[i].contains(&b.step))
                {
                    (true, ..) => Relation::Same,
                    (_, true, _) => Relation::Past,
                    (_, _, true) => Relation::Future,
                    _ => Relation::Beside,
                };
                assert_eq!(Relation::of(a, b), expected, "{} {} {}", scene.id, a.step, b.step);
            }
        }
    }
}

/// (7) Nothing is scripted: a script can only act. It has no word for a node's state.
#[test]
fn a_script_has_no_word_for_state() {
    let act = serde_json::from_str::<Entry>(r#"{"at": 5, "do": {"restart": 1}}"#);
    assert_eq!(act.expect("an action"), Entry { at: 5, action: Action::Restart(NodeId(1)) });
    for forged in [
        r#"{"at": 5, "do": {"set-state": {"node": 1}}}"#,
        r#"{"at": 5, "do": {"become-leader": 1}}"#,
        r#"{"at": 5, "do": {"send": {"from": 1, "to": 2}}}"#,
    ] {
        assert!(serde_json::from_str::<Entry>(forged).is_err(), "{forged}");
    }
}

//! Ranges: splits, merges and moves under crashes, the published runs, and what challenges say.

use happened_before::check::explore::Bounds;
use happened_before::check::worlds::Quest;
use happened_before::core::action::{Action, Call, CrashMode};
use happened_before::core::config::Setup;
use happened_before::core::ids::NodeId;
use happened_before::core::session::Session;
use happened_before::core::view::{Verdict, WorldView};
use happened_before::protocols::ranges::SCENE;
use happened_before::share::link::Link;
use happened_before::stories::player::{ToldStep, play};

fn run(preset: &str, knobs: &[(&str, i64)], seed: u64) -> Session {
    let setup = Setup {
        scene: SCENE.id.into(),
        preset: preset.into(),
        knobs: knobs.iter().map(|(k, v)| ((*k).to_string(), *v)).collect(),
        seed,
        ..Setup::default()
    };
    Link::new(setup, Vec::new()).open().expect("a run")
}

fn until(session: &mut Session, time: u64) -> WorldView {
    while session.time() < time && session.forward().is_some() {}
    session.view()
}

fn broken(view: &WorldView) -> Vec<(&'static str, String)> {
    let of = |v: &Verdict| Some((v.property, v.violation.as_ref()?.why.clone()));
    view.verdicts.iter().filter_map(of).collect()
}

fn rules(session: &Session, rule: &str) -> usize {
    session.trace().events.iter().filter(|e| e.notes.contains(&rule)).count()
}

#[test]
fn every_preset_holds_on_bad_links() {
    let faulty = [
        ("net.loss", 30_000),
        ("net.dup", 100_000),
        ("net.reorder", 200_000),
        ("client.admin", 1),
        ("client.interval", 50_000),
    ];
    for preset in SCENE.presets {
        for seed in 0..4 {
            let mut session = run(preset.id, &faulty, seed);
            let view = until(&mut session, 8_000_000);
            assert_eq!(broken(&view), [], "{} {seed}", preset.id);
            let axis = view.axis.expect("an axis");
            assert_eq!(axis.spans.first().map(|r| r.from), Some(0));
            assert!(axis.spans.windows(2).all(|w| w[0].to == w[1].from), "{} {seed}", preset.id);
            assert_eq!(axis.spans.last().map(|r| r.to), Some(axis.places));
        }
    }
}

/// Whoever applies a split, a merge or a change of members crashes at once, and comes back later.
#[test]
fn crashes_in_the_middle_of_everything() {
    let mut seen = [0; 3];
    for seed in 0..40 {
        let knobs = [
            ("client.admin", 1),
            ("client.interval", 40_000),
            ("client.keys", 12),
            ("range.keys", 12),
            ("range.first", 1),
            ("range.balance", 0),
        ];
        let mut session = run("cockroachdb", &knobs, seed);
        let mut down: Vec<(u64, NodeId)> = Vec::new();
        let mut mine = [0; 3];
        while session.time() < 12_000_000 {
            let Some(event) = session.forward() else { break };
            let cut = ["Split", "Merge", "AddServer"].iter().position(|r| event.notes.contains(r));
            let (node, now) = (event.node, session.time());
            if let (Some(kind), Some(node), true) = (cut, node, down.is_empty())
                && mine[kind] < 3
            {
                mine[kind] += 1;
                seen[kind] += 1;
                let mode = CrashMode::Os { kept: 0 };
                session.act(Action::Crash { node, mode }).expect("it is up");
                down.push((now + 700_000, node));
            }
            if let Some(at) = down.iter().position(|(at, _)| *at <= now) {
                let (_, node) = down.remove(at);
                session.act(Action::Restart(node)).expect("it is down");
            }
        }
        assert_eq!(broken(&session.view()), [], "{seed}");
    }
    assert!(seen.iter().all(|n| *n > 3), "{seen:?}");
}

#[test]
fn a_drained_server_ends_with_nothing() {
    for seed in 0..4 {
        let mut session = run("cockroachdb", &[("range.first", 6), ("clients", 1)], seed);
        until(&mut session, 1_000_000);
        let drain = Call { f: 8, value: 5, ..Call::default() };
        let act = Action::Invoke { client: NodeId(5), to: Some(NodeId(4)), call: drain };
        while session.act(act.clone()).is_err() {
            session.forward().expect("the client will be told");
        }
        let view = until(&mut session, 20_000_000);
        let axis = view.axis.as_ref().expect("an axis");
        assert!(axis.spans.iter().all(|r| !r.members.contains(&NodeId(4))), "seed {seed}");
        assert!(axis.spans.iter().all(|r| r.members.len() == 3), "seed {seed}");
        assert_eq!(broken(&view), [], "seed {seed}");
    }
}

fn told(id: &str) -> (Session, Vec<ToldStep>) {
    let story = SCENE.stories.iter().find(|s| s.id == id).expect("in its list");
    play(&SCENE, story).expect("it plays")
}

/// CockroachDB, Load-Based Splitting: the right answers are the published ones.
#[test]
fn published_runs_come_out_as_published() {
    let (session, told_one) = told("one-key");
    assert_eq!(told_one[0].answer, Some(1), "no key divides the load");
    assert_eq!(rules(&session, "Split"), 0);
    let (session, told_edge) = told("the-hot-edge");
    let answers: Vec<_> = told_edge.iter().filter_map(|t| t.answer).collect();
    assert_eq!(answers, [1, 1]);
    assert_eq!((rules(&session, "SplitByLoad"), rules(&session, "SendSnapshot")), (0, 0));
    let (session, told_hash) = told("sixteen-buckets");
    let answers: Vec<_> = told_hash.iter().filter_map(|t| t.answer).collect();
    assert_eq!(answers, [1, 1]);
    assert_eq!(session.view().axis.expect("an axis").scan.map(|s| s.0 >= 16), Some(true));
    let (_, told_steps) = told("lock-step");
    assert_eq!(told_steps[1].answer, Some(1));
}

/// What cannot be done is searched to its end; what can is found, and by the same condition.
#[test]
fn challenges_are_what_they_say() {
    let proof = ["right-owner"]; // 162,225 states
    for c in SCENE.challenges.iter().filter(|c| !proof.contains(&c.id)) {
        let setup = c.setup(SCENE.id);
        let mut quest = Quest::solving(&SCENE, &setup, c, Bounds::default()).expect("a goal");
        let tally = quest.run(1, &mut || false);
        assert_eq!(quest.found().is_empty(), c.impossible, "{}", c.id);
        assert!(!c.impossible || tally.complete && tally.distinct > 100, "{} {tally:?}", c.id);
    }
}

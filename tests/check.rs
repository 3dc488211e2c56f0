//! Searches of scenes: exact counts, the same on any number of threads, findings that replay, and
//! agreement with stateright on the same world code.

mod support;

use happened_before::check::explore::{Bounds, StateMachine};
use happened_before::check::fuzz::FuzzTarget;
use happened_before::check::shrink::Shrinker;
use happened_before::check::worlds::{
    Found, Quest, QuestTally, SearchState, SearchStep, WorldModel, WorldPlan,
};
use happened_before::core::config::Setup;
use happened_before::core::hash::fingerprint;
use happened_before::core::protocol::PropertyKind;
use happened_before::core::session::Session;
use happened_before::core::sorted::SortedSet;
use happened_before::core::world::Limits;
use happened_before::protocols::{Scene, lamport, quorum, raft, template};
use support::hb_json;

const NONE: Limits =
    Limits { timers: 0, ops: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 };

fn setup(scene: &Scene, knobs: &[(&str, i64)], mutant: Option<&str>) -> Setup {
    Setup {
        scene: scene.id.into(),
        knobs: knobs.iter().map(|(k, v)| ((*k).to_string(), *v)).collect(),
        mutants: mutant.iter().map(|m| (*m).to_string()).collect(),
        ..Setup::default()
    }
}

/// Three servers that elect, and hold nothing.
const ELECTION: &[(&str, i64)] = &[("nodes", 3), ("clients", 0), ("raft.noop", 0)];

fn quest(scene: &Scene, setup: &Setup, limits: Limits, reduced: bool) -> Quest {
    Quest::new(scene, setup, limits, Bounds::default(), None, reduced).expect("a model")
}

fn search(scene: &Scene, setup: &Setup, limits: Limits, reduced: bool) -> (QuestTally, Vec<Found>) {
    let mut quest = quest(scene, setup, limits, reduced);
    let tally = quest.run(1, &mut || false);
    (tally, quest.found())
}

#[test]
fn a_healthy_raft_is_searched_to_its_end() {
    let run = setup(&raft::SCENE, ELECTION, None);
    let (tally, found) = search(&raft::SCENE, &run, Limits { timers: 2, ..NONE }, true);
    assert!(found.is_empty() && tally.complete);
    expect_test::expect!["10030 distinct, 23890 generated, depth 14"].assert_eq(&format!(
        "{} distinct, {} generated, depth {}",
        tally.distinct, tally.generated, tally.depth
    ));
}

#[test]
fn threads_and_slices_do_not_change_the_answer() {
    let run = setup(&raft::SCENE, ELECTION, Some("volatile-vote"));
    let limits = Limits { timers: 2, crashes: 1, ..NONE };
    let one = search(&raft::SCENE, &run, limits, true);
    let mut two = quest(&raft::SCENE, &run, limits, true);
    let tally = two.run(2, &mut || false);
    // Two threads end the batch in which the violation lies.
    assert_eq!(two.found(), one.1);
    assert_eq!(tally.depth, one.0.depth);
    let mut sliced = quest(&raft::SCENE, &run, limits, true);
    while !sliced.slice(100).done {}
    assert_eq!((sliced.tally(), sliced.found()), one);
    let healthy = [1, 2].map(|threads| {
        let run = setup(&raft::SCENE, ELECTION, None);
        let mut quest = quest(&raft::SCENE, &run, Limits { timers: 2, ..NONE }, true);
        quest.run(threads, &mut || false)
    });
    assert_eq!(healthy[0], healthy[1]);
}

/// Each mutant with the limits it takes.
fn mutants() -> Vec<(&'static Scene, &'static str, Limits)> {
    let elections = Limits { timers: 2, ..NONE };
    vec![
        (&raft::SCENE, "volatile-vote", Limits { crashes: 1, ..elections }),
        (&raft::SCENE, "leader-rewrites", elections),
        (&raft::SCENE, "vote-without-log-check", elections),
        (&raft::SCENE, "short-quorum", elections),
        (&lamport::SCENE, "ignore-arrival", Limits { timers: 2, ..NONE }),
        (&lamport::SCENE, "no-tick", Limits { timers: 2, ..NONE }),
        (&template::SCENE, "answer-first", Limits { ops: 2, crashes: 1, ..NONE }),
    ]
}

#[test]
fn mutants_are_found_at_their_shortest_and_replay() {
    let mut lines = String::new();
    for (scene, mutant, limits) in mutants() {
        let plan =
            WorldPlan::new(scene, &setup(scene, &[], Some(mutant)), Some(limits)).expect("small");
        let (_, found) = search(scene, &plan.setup, limits, true);
        let first = found.first().unwrap_or_else(|| panic!("{} {mutant} not found", scene.id));
        let mut session =
            Session::new(scene.build, plan.setup.clone(), first.journal.clone()).expect("a run");
        session.advance_to(first.journal.last().expect("actions").at, u64::MAX);
        let broken: Vec<&str> = session.world().broken().iter().map(|b| b.0).collect();
        assert!(broken.contains(&first.property), "{mutant} replays to {broken:?}");
        // A shortest way need not be the plainest: the shrinker may still turn knobs back.
        let mut shrinker =
            Shrinker::new(scene.build, &plan.setup, &first.journal, first.property, 10_000)
                .expect("it replays");
        assert!(shrinker.slice(&mut || true));
        let small = shrinker.best();
        lines += &format!(
            "{} {mutant}: {} in {}, shrunk {}, {} knobs\n",
            scene.id,
            first.property,
            first.length(),
            small.length(),
            small.setup.knobs.len()
        );
    }
    expect_test::expect_file!["golden/check_lengths.txt"].assert_eq(&lines);
}

#[test]
fn reductions_hide_nothing() {
    let small = Limits { timers: 1, crashes: 1, ..NONE };
    let run = setup(&raft::SCENE, ELECTION, None);
    let (less, none) = search(&raft::SCENE, &run, small, true);
    let (all, also_none) = search(&raft::SCENE, &run, small, false);
    assert!(less.complete && all.complete && none.is_empty() && also_none.is_empty());
    assert!(less.distinct < all.distinct);
    for (scene, mutant, limits) in mutants().into_iter().filter(|m| m.0.id != "raft") {
        let plan =
            WorldPlan::new(scene, &setup(scene, &[], Some(mutant)), Some(limits)).expect("small");
        let (_, reduced) = search(scene, &plan.setup, limits, true);
        let (_, plain) = search(scene, &plan.setup, limits, false);
        let told = |f: &[Found]| f.iter().map(|f| (f.property, f.length())).collect::<Vec<_>>();
        assert_eq!(told(&reduced), told(&plain), "{mutant}");
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod peer {
    use super::*;
    use happened_before::check::explore::Predicate;
    use stateright::Checker;

    struct Peer {
        model: WorldModel,
        claims: Vec<Predicate<WorldModel>>,
    }

    impl stateright::Model for Peer {
        type State = SearchState;
        type Action = SearchStep;

        fn init_states(&self) -> Vec<SearchState> {
            vec![self.model.root().clone()]
        }
        fn actions(&self, state: &SearchState, actions: &mut Vec<SearchStep>) {
            self.model.actions(state, actions);
        }
        fn next_state(&self, last: &SearchState, action: SearchStep) -> Option<SearchState> {
            self.model.next(last, &action)
        }
        fn properties(&self) -> Vec<stateright::Property<Self>> {
            vec![stateright::Property::always("claims", |peer: &Self, state: &SearchState| {
                peer.claims.iter().all(|holds| holds(&peer.model, state))
            })]
        }
    }

    fn model(scene: &Scene, setup: &Setup, limits: Limits) -> WorldModel {
        let all = (scene.info)().properties;
        let claims = all.iter().filter(|p| p.kind == PropertyKind::Safety);
        let claims = claims.map(|p| (p.id, p.cite)).collect();
        WorldModel::new(scene.build, setup, limits, claims, None).expect("a model")
    }

    /// Unique states and whether all claims hold.
    fn theirs(model: WorldModel) -> (u64, bool) {
        let claims = model.properties().into_iter().map(|p| p.holds).collect();
        let checker = stateright::Model::checker(Peer { model, claims }).spawn_bfs().join();
        (checker.unique_state_count() as u64, checker.discoveries().is_empty())
    }

    #[test]
    fn stateright_agrees_on_the_same_worlds() {
        let two = Limits { timers: 2, ..NONE };
        let three = [("nodes", 3)];
        for (scene, knobs, limits) in [
            (&raft::SCENE, ELECTION, two),
            (&lamport::SCENE, &three[..], two),
            (&template::SCENE, &three[..], Limits { timers: 1, ops: 1, crashes: 1, ..NONE }),
        ] {
            let run = setup(scene, knobs, None);
            for reduced in [true, false] {
                let (ours, found) = search(scene, &run, limits, reduced);
                let peer = model(scene, &run, limits);
                let peer = if reduced { peer } else { peer.unreduced() };
                assert!(ours.complete);
                assert_eq!(theirs(peer), (ours.distinct, found.is_empty()), "{}", scene.id);
            }
        }
        for (scene, mutant, limits) in mutants().into_iter().filter(|m| m.0.id != "raft") {
            let plan = WorldPlan::new(scene, &setup(scene, &[], Some(mutant)), Some(limits));
            let peer = model(scene, &plan.expect("small").setup, limits);
            assert!(!theirs(peer).1, "{mutant}");
        }
    }
}

#[test]
fn the_command_answers_and_links() {
    let (code, told, _) =
        hb_json("check raft --set clients=0 raft.noop=off --faults timers=1,ops=0,crash=1 --json");
    assert_eq!((code, &told["complete"]), (0, &true.into()), "{told}");
    let (code, told, _) =
        hb_json("check raft --mutant short-quorum --faults timers=2,ops=0 --json");
    assert_eq!(code, 1, "{told}");
    let url = told["violations"][0]["url"].as_str().expect("a link");
    let (code, replayed, why) = hb_json(&format!("replay {url} --json"));
    assert_eq!(code, 1, "{why}");
    let property = &told["violations"][0]["property"];
    let verdicts = replayed["verdicts"].as_array().expect("verdicts");
    assert!(verdicts.iter().any(|v| v["property"] == *property && v["verdict"] == "violated"));
    let (code, told, _) = hb_json("check raft --max-states 50 --faults timers=1 --json");
    assert_eq!((code, &told["complete"]), (2, &false.into()));
    let (code, _, why) = hb_json("check raft --faults storm=1");
    assert_eq!(code, 64);
    assert_eq!(
        why,
        "hb: there is no fault 'storm', only timers, ops, drop, dup, crash, partition, lie\n"
    );
}

#[test]
fn challenges_are_solved() {
    for (id, par) in [("two-leaders", 6), ("forgotten-vote", 8)] {
        let (code, told, why) = hb_json(&format!("challenge raft {id} --json"));
        assert_eq!(code, 0, "{told} {why}");
        assert_eq!(told["challenges"][0]["par"], par, "{told}");
        assert_eq!(told["challenges"][0]["hints"].as_array().map(Vec::len), Some(3));
    }
}

#[test]
fn challenges_of_the_directory_are_solved() {
    for id in ["lost-write", "storm"] {
        let (code, told, why) = hb_json(&format!("challenge directory {id} --json"));
        assert_eq!(code, 0, "{told} {why}");
        assert_eq!(told["challenges"][0]["par"], 11, "{told}");
    }
}

#[test]
fn a_directory_that_checks_versions_cannot_be_broken() {
    let (code, told, _) = hb_json("challenge directory checked --json");
    let one = &told["challenges"][0];
    assert_eq!((code, &one["complete"], &one["distinct"]), (0, &true.into(), &396_234.into()));
}

#[test]
fn impossible_challenges_are_proved_impossible() {
    // Up to the names of servers; 77,504 states of Raft if each counts for itself.
    for (id, states) in [
        ("raft two-leaders-one-term", 12_940),
        ("cap never-wrong", 81_865),
        ("leaderless majorities-hold", 81_865),
    ] {
        let (code, told, _) = hb_json(&format!("challenge {id} --json"));
        let one = &told["challenges"][0];
        assert_eq!((code, &one["complete"], &one["symmetry"]), (0, &true.into(), &true.into()));
        assert_eq!(one["distinct"], states, "{id}");
    }
}

#[test]
fn no_position_of_the_sliders_has_both() {
    let (code, told, why) = hb_json("challenge cap both-green --json");
    let one = &told["challenges"][0];
    assert_eq!((code, one["verdict"].as_str()), (0, Some("impossible")), "{told} {why}");
    assert_eq!(one["distinct"], 10_759);
    let positions = one["positions"].as_array().expect("positions");
    let gives = |what: &str| positions.iter().filter(|p| p["gives"] == what).count();
    assert_eq!((positions.len(), gives("availability"), gives("consistency")), (81, 72, 9));
    // What is answered by any server alone is what may be wrong.
    let alone = positions.iter().filter(|p| p["gives"] == "consistency");
    assert!(alone.clone().all(|p| p["values"][0] == 1 && p["values"][1] == 1));
    for position in alone.take(2) {
        let url = position["link"].as_str().expect("a link");
        let (code, replayed, why) = hb_json(&format!("replay {url} --json"));
        assert_eq!(code, 1, "{why}");
        let broken = replayed["verdicts"].as_array().expect("verdicts").iter();
        assert!(broken.clone().any(|v| v["verdict"] == "violated"), "{replayed}");
    }
}

/// Every state within limits, and as how many it would count without symmetry.
fn orbits(model: &WorldModel) -> (u64, u64) {
    let (mut seen, mut open) = (SortedSet::new(), vec![model.root().clone()]);
    seen.insert(fingerprint(model.root()));
    let mut all = 0;
    while let Some(state) = open.pop() {
        all += model.orbit(&state) as u64;
        let mut steps = Vec::new();
        model.actions(&state, &mut steps);
        let next = steps.iter().filter_map(|s| model.next(&state, s));
        open.extend(next.filter(|n| seen.insert(fingerprint(n))));
    }
    (seen.len() as u64, all)
}

fn symmetric(scene: &Scene, setup: &Setup, limits: Limits) -> WorldModel {
    let claims = (scene.info)().properties.iter().map(|p| (p.id, p.cite)).collect();
    let model = WorldModel::new(scene.build, setup, limits, claims, None).expect("a model");
    model.symmetric().expect("its servers are alike")
}

#[test]
fn symmetry_counts_each_orbit_once() {
    let small = &[("nodes", 3), ("clients", 1), ("client.keys", 1), ("client.reads", 0)][..];
    for (scene, knobs, limits) in [
        (&raft::SCENE, ELECTION, Limits { timers: 2, ..NONE }),
        (&raft::SCENE, ELECTION, Limits { timers: 1, crashes: 1, partitions: 1, ..NONE }),
        (&raft::SCENE, small, Limits { timers: 1, ops: 1, ..NONE }),
        (&quorum::SCENE, small, Limits { timers: 1, ops: 1, dups: 1, ..NONE }),
    ] {
        let run = setup(scene, knobs, None);
        let (plain, found) = search(scene, &run, limits, true);
        assert!(plain.complete && found.is_empty());
        let (distinct, all) = orbits(&symmetric(scene, &run, limits));
        assert_eq!(all, plain.distinct, "{}", scene.id);
        assert!(distinct * 4 < all, "{distinct} of {all}");
    }
}

#[test]
fn symmetry_keeps_verdicts_and_shortest_lengths() {
    for (scene, mutant, limits) in mutants().into_iter().filter(|m| m.0.id == "raft") {
        let plan =
            WorldPlan::new(scene, &setup(scene, &[], Some(mutant)), Some(limits)).expect("small");
        let (_, plain) = search(scene, &plan.setup, limits, true);
        let mut quest = Quest::of(symmetric(scene, &plan.setup, limits), Bounds::default());
        quest.run(1, &mut || false);
        let told = |f: &[Found]| f.iter().map(|f| f.length()).min();
        assert!(told(&plain).is_some(), "{mutant}");
        assert_eq!(told(&quest.found()), told(&plain), "{mutant}");
    }
    let (code, _, why) = hb_json("check lamport --symmetry --faults timers=1");
    assert_eq!(code, 64);
    assert!(why.contains("no symmetry to reduce by"), "{why}");
    let (code, told, _) = hb_json(
        "check raft --set clients=0 raft.noop=off --faults timers=2,ops=0 --symmetry --json",
    );
    assert_eq!((code, &told["distinct"]), (0, &1_678.into()));
    assert_eq!(told["reductions"], serde_json::json!(["idle", "restart", "symmetry"]));
}

#[test]
fn a_shrinker_in_slices_finds_the_same() {
    let knobs = [("nodes", 5), ("clients", 1)];
    let run = setup(&raft::SCENE, &knobs, Some("short-quorum"));
    let target = FuzzTarget::new(&raft::SCENE, run, 4_000).expect("a target");
    let (outcome, broken) = (0..20)
        .find_map(|seed| {
            let outcome = target.run(seed).expect("a run");
            let broken = *outcome.broken.first()?;
            Some((outcome, broken))
        })
        .expect("a violation");
    let begin = || {
        let (build, setup, journal) = (raft::SCENE.build, &outcome.setup, &outcome.journal);
        Shrinker::begin(build, setup, journal, broken.property, broken.step).expect("a run")
    };
    let mut whole = begin();
    assert!(whole.slice(&mut || true));
    let (mut sliced, mut slices) = (begin(), 0u64);
    while !sliced.slice(&mut || false) {
        slices += 1;
    }
    assert_eq!((sliced.best(), sliced.replays()), (whole.best(), whole.replays()));
    assert!(slices > 4 * whole.replays(), "{slices} slices, {} replays", whole.replays());
}

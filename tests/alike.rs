//! Servers that are alike, and servers that lie: what both declare of a protocol holds in its worlds.

mod support;

use happened_before::check::explore::{Bounds, StateMachine};
use happened_before::check::fuzz::{FuzzTarget, read_faults};
use happened_before::check::worlds::{Found, Quest, WorldModel};
use happened_before::core::action::{Action, Entry, Lie};
use happened_before::core::config::Setup;
use happened_before::core::hash::fingerprint;
use happened_before::core::ids::{MsgId, NodeId};
use happened_before::core::random::{Stream, below, draw};
use happened_before::core::sorted::{SortedMap, SortedSet};
use happened_before::core::world::{Limits, World};
use happened_before::protocols::{CATALOG, Scene, scene, search_rules};
use support::hb_json;

const NONE: Limits =
    Limits { timers: 0, ops: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 };

/// A preset under which servers are alike, some knobs, and what may happen in its search.
type Case = (&'static str, &'static str, &'static [(&'static str, i64)], Limits);

const SMALL: [(&str, i64); 3] = [("clients", 1), ("client.keys", 1), ("client.reads", 0)];

/// One for each preset of the catalogue that has servers of one kind, and settings beside.
fn cases() -> Vec<Case> {
    let ops = |ops, timers| Limits { ops, timers, ..NONE };
    let all: [Case; 10] = [
        ("raft", "", &[("nodes", 3), ("clients", 0), ("raft.noop", 0)], ops(0, 2)),
        ("raft", "", &[("nodes", 3)], ops(1, 1)),
        ("leaderless", "", &[("nodes", 3)], Limits { dups: 1, ..ops(1, 1) }),
        ("leaderless", "", &[("nodes", 3), ("quorum.stamps", 2)], ops(2, 0)),
        // Two regions of two: servers trade names within a region only.
        ("leaderless", "", &[("nodes", 4), ("quorum.regions", 2)], ops(1, 0)),
        ("eventual", "", &[("nodes", 3), ("gossip.merge", 1), ("gossip.eager", 1)], ops(2, 0)),
        ("eventual", "", &[("nodes", 3), ("gossip.merge", 2), ("gossip.eager", 1)], ops(2, 0)),
        ("eventual", "dynamodb-eventual", &[("nodes", 3)], ops(2, 0)),
        ("sessions", "mongodb-causal", &[("nodes", 3)], ops(2, 0)),
        ("sessions", "cosmos-session", &[("nodes", 4)], ops(1, 0)),
    ];
    all.to_vec()
}

fn setup((id, preset, knobs, _): &Case) -> Setup {
    let knobs = SMALL.iter().chain(*knobs).map(|(k, v)| ((*k).to_string(), *v)).collect();
    Setup { scene: (*id).into(), preset: (*preset).into(), knobs, ..Setup::default() }
}

fn model(case: &Case) -> WorldModel {
    let scene = scene(case.0).expect("a scene");
    let claims = scene.info_of(case.1).properties.iter().map(|p| (p.id, p.cite)).collect();
    WorldModel::new(scene.build, &setup(case), case.3, claims, None).expect("a model")
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

/// Each state of the plain search is in exactly one class of the reduced one.
#[test]
fn classes_have_as_many_members_as_there_are_states() {
    for case in cases() {
        let (all, alone) = orbits(&model(&case));
        assert_eq!(all, alone, "{case:?} without symmetry");
        let symmetric = model(&case).symmetric().unwrap_or_else(|why| panic!("{case:?}: {why}"));
        let (classes, members) = orbits(&symmetric);
        assert_eq!(members, all, "{case:?}");
        assert!(classes < all, "{case:?}: {classes} of {all}");
        println!("{case:?}: {classes} classes of {all} states");
    }
}

/// A claim breaks after as many steps.
#[test]
fn symmetry_changes_no_verdict() {
    let eventual = &[("nodes", 3), ("gossip.merge", 1), ("gossip.eager", 1)][..];
    let three = &[("nodes", 3)][..];
    let ops = |ops, dups| Limits { ops, dups, ..NONE };
    for (case, mutant) in [
        (("leaderless", "", three, ops(2, 0)), "last-arrival-wins"),
        (("eventual", "", eventual, ops(2, 1)), "last-arrival-wins"),
        (("sessions", "mongodb-causal", three, ops(2, 0)), "last-arrival-wins"),
    ] {
        let scene = scene(case.0).expect("a scene");
        let claims: Vec<_> =
            scene.info_of(case.1).properties.iter().map(|p| (p.id, p.cite)).collect();
        let mut run = setup(&case);
        run.mutants.insert(mutant.into());
        let model =
            || WorldModel::new(scene.build, &run, case.3, claims.clone(), None).expect("a model");
        let told = |model| {
            let mut quest = Quest::of(model, Bounds::default());
            let tally = quest.run(1, &mut || false);
            (quest.found().iter().map(Found::length).min(), tally.complete)
        };
        let symmetric = model().symmetric().expect("alike");
        let plain = told(model());
        assert_eq!(plain, told(symmetric), "{} {mutant}", scene.id);
        println!("{} {mutant}: {plain:?}", scene.id);
    }
}

/// What happens under other names is what happens, under other names: from a start that is the same
/// under all of them, the same steps done by the servers that have each other's names lead to the
/// same world with the names changed.
#[test]
fn permutations_commute_with_steps() {
    let mut compared = 0;
    for case in cases() {
        let start = || {
            let scene = scene(case.0).expect("a scene");
            let mut world = (scene.build)(&setup(&case)).expect("a world");
            world.act(&Entry { at: 0, action: Action::Manual(true) });
            while world.step().is_some() {}
            world.set_search();
            world
        };
        let first = start();
        let of = search_rules(&first).expect("a protocol that is searched");
        let names = first.names(of);
        assert!(names.len() > 1, "{case:?}");
        let same_start = first.prints(of, &names).iter().all(|p| *p == first.print(of));
        assert!(same_start, "{case:?}: servers start in different ways");
        let limits = Limits { timers: 9, ops: 9, drops: 9, dups: 9, crashes: 9, ..NONE };
        for seed in 0..4u64 {
            let mut roll = 0;
            let mut roll = |n: usize| {
                roll += 1;
                below(draw(seed, Stream::Nemesis, roll), n as u64) as usize
            };
            let mut one = start();
            let mut others: Vec<Box<World>> = names.iter().map(|_| start()).collect();
            for _ in 0..40 {
                let options = one.options(&limits);
                let Some(action) = options.get(roll(options.len().max(1))) else { break };
                let at = one.now() + 10_000;
                let mut next = one.fork();
                let (_, choices) = next.explore(&Entry { at, action: action.clone() });
                // What a handler picks from is a list of servers by number.
                if choices.asked.iter().any(|size| *size > 1) {
                    continue;
                }
                one = next;
                let renamed = |names: &happened_before::core::ids::Names| {
                    action.renamed(&|n| Some(names.of(n))).expect("servers have other names")
                };
                for (names, other) in names.iter().zip(&mut others) {
                    let action = renamed(names);
                    assert_eq!(other.allows(&action), Ok(()), "{case:?}");
                    other.act(&Entry { at, action });
                }
                for (under, other) in one.prints(of, &names).iter().zip(&others) {
                    assert_eq!(*under, other.print(of), "{case:?} after {action:?}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 2_000, "{compared}");
    println!("{compared} worlds compared");
}

#[test]
fn every_scene_says_whether_its_servers_are_alike() {
    let listed = hb_json("list --json").1;
    let tried: SortedSet<&str> = cases().iter().map(|c| c.0).collect();
    // CAP and PACELC run Raft and the quorums, Spanner's etcd runs Raft: they are tried there.
    let others = ["cap", "pacelc", "spanner"];
    for listed in listed.as_array().expect("scenes") {
        let id = listed["id"].as_str().expect("an id");
        let alike = listed["symmetry"].as_bool().expect("a yes or no");
        assert!(others.contains(&id) || alike == tried.contains(id), "{id}: {alike}");
        assert_eq!(listed["lies"], true, "{id}");
    }
    let (code, _, why) = hb_json("check consistent-hashing --symmetry --faults timers=1");
    assert!(code == 64 && why.contains("no symmetry to reduce by"), "{why}");
    let (code, _, why) = hb_json("check raft --symmetry --faults lie=1");
    assert!(code == 64 && why.contains("no symmetry to reduce by"), "{why}");
}

/// Messages in flight between servers.
fn flying(world: &World) -> Vec<MsgId> {
    let servers = servers(world);
    let between = |id: &MsgId| id.from.0 < servers && id.to.0 < servers;
    world.view().messages.iter().map(|m| m.id).filter(between).collect()
}

fn servers(world: &World) -> u16 {
    let client = |n: &happened_before::core::view::NodeView| {
        n.shape == happened_before::core::view::NodeShape::Client
    };
    world.view().nodes.iter().filter(|n| !client(n)).count() as u16
}

fn plain(scene: &Scene, preset: &str) -> Box<World> {
    let setup = Setup { scene: scene.id.into(), preset: preset.into(), ..Setup::default() };
    (scene.build)(&setup).expect("a world")
}

/// In every scene a message can be forged, and then says something else: each time one thing.
#[test]
fn every_scene_has_lies_to_tell() {
    for scene in CATALOG {
        let mut world = plain(scene, "");
        let mut told: SortedMap<&str, usize> = SortedMap::new();
        let mut lies = 0;
        for _ in 0..3_000 {
            if world.step().is_none() {
                break;
            }
            let Some(msg) = flying(&world).last().copied() else { continue };
            let honest = world.details(msg).expect("a message");
            let variants = (0..).take_while(|variant| {
                world.allows(&Action::Forge { msg, variant: *variant }).is_ok()
            });
            let name = world.view().messages.iter().find(|m| m.id == msg).map(|m| m.look.name);
            for variant in { variants }.collect::<Vec<u16>>() {
                let mut forged = world.fork();
                let at = forged.now() + 1;
                forged.act(&Entry { at, action: Action::Forge { msg, variant } });
                if let Some(said) = forged.details(msg).filter(|said| *said != honest) {
                    assert_eq!(said.len(), honest.len(), "{}: {said:?}, {honest:?}", scene.id);
                    *told.entry(name.unwrap_or("")).or_default() += 1;
                    lies += 1;
                }
            }
            if lies > 200 {
                break;
            }
        }
        assert!(lies > 10, "{}: {told:?}", scene.id);
        println!("{}: {told:?}", scene.id);
    }
}

/// What a message says is there as data, too, by the names of its fields.
#[test]
fn messages_are_told_as_json() {
    let entries = (1..40).find_map(|n| {
        let (_, run, _) = hb_json(&format!("run raft --steps {} --json", 40 * n));
        let flying = run["in_flight"].as_array().expect("a list").clone();
        let says = |m: &serde_json::Value| m["says"].get("AppendEntriesRequest").cloned();
        flying.iter().find_map(says)
    });
    let says = entries.expect("entries under way");
    assert!(says["term"].is_u64() && says["entries"].is_array(), "{says}");
    assert!(says["leaderCommit"].is_u64(), "{says}");
}

/// Liars break nothing but claims: whatever they say, nobody panics, and what they say is counted.
#[test]
fn liars_are_survived_and_counted() {
    for scene in CATALOG {
        let mut all = 0;
        for preset in scene.presets.iter().filter(|p| p.id != "large") {
            for (seed, policy) in [(1, Lie::Equivocate), (2, Lie::Corrupt)] {
                let setup = Setup {
                    scene: scene.id.into(),
                    preset: preset.id.into(),
                    seed,
                    ..Setup::default()
                };
                let mut world = (scene.build)(&setup).expect("a world");
                let liar = NodeId((seed % u64::from(servers(&world))) as u16);
                world.act(&Entry { at: 1, action: Action::Lie { node: liar, policy } });
                while world.steps() < 1_500 && world.step().is_some() {}
                all += world.lied();
            }
        }
        assert!(all > 0, "{}", scene.id);
        println!("{}: {all} lies", scene.id);
    }
}

/// Who equivocates tells the truth to some, and each of the others something of its own.
#[test]
fn equivocation_tells_everyone_something_else() {
    let knobs = [("nodes".to_string(), 9)].into();
    let setup = Setup { scene: "raft".into(), knobs, ..Setup::default() };
    let mut world = (scene("raft").expect("a scene").build)(&setup).expect("a world");
    let liar = loop {
        let event = world.step().expect("a run");
        if event.notes.contains(&"BecomeLeader") {
            break event.node.expect("a leader");
        }
    };
    let action = Action::Lie { node: liar, policy: Lie::Equivocate };
    world.act(&Entry { at: world.now() + 1, action });
    let mut most = 0;
    for _ in 0..2_000 {
        world.step();
        let view = world.view();
        let sent =
            view.messages.iter().filter(|m| m.id.from == liar && m.look.name == "AppendEntries");
        let mut said: SortedMap<u64, SortedSet<Vec<(String, String)>>> = SortedMap::new();
        for m in sent {
            let details = world.details(m.id).expect("a message");
            said.entry(m.sent_at).or_default().insert(details);
        }
        most = said.values().map(SortedSet::len).max().unwrap_or(0).max(most);
    }
    assert!(most >= 3, "{most} different things at a time");
}

#[test]
fn schedules_of_faults_may_have_liars() {
    for scene in CATALOG {
        let base = Setup { scene: scene.id.into(), ..Setup::default() };
        let faults = read_faults("lie").expect("a mix");
        let target = FuzzTarget::with(scene, base, 600, faults).expect("a target");
        let mut lies = 0;
        for seed in 0..4 {
            let run = target.run(seed).expect("a run");
            let liars = |e: &&Entry| matches!(e.action, Action::Lie { .. });
            let other = run.journal.iter().find(|e| {
                !matches!(e.action, Action::Lie { .. } | Action::Invoke { .. })
                    && run.converged.is_none()
            });
            assert_eq!(other, None, "{}: only liars were asked for", scene.id);
            assert!(run.journal.iter().any(|e| liars(&e)) || run.steps < 600, "{}", scene.id);
            lies += run.lies;
        }
        assert!(lies > 0, "{}", scene.id);
    }
    let (_, told, why) = hb_json("fuzz raft --faults lie,crash --seeds 0..3 --steps 500 --json");
    assert!(told["lies"].as_u64().expect(&why) > 0, "{told}");
    let (code, _, why) = hb_json("fuzz raft --faults lies --seeds 0..3");
    assert_eq!(code, 64);
    assert!(why.contains("there is no fault 'lies', only crash"), "{why}");
}

/// Two candidates of one term, and a voter that tells each of them yes.
#[test]
fn a_search_finds_what_one_lie_can_do() {
    let line = "check raft --set clients=0 raft.noop=off --faults timers=2,ops=0,lie=1 --json";
    let (code, told, why) = hb_json(line);
    assert_eq!(code, 1, "{why}");
    assert_eq!(told["violations"][0]["property"], "election-safety", "{told}");
    let (_, replayed, _) = {
        let url = told["violations"][0]["url"].as_str().expect("a link");
        hb_json(&format!("replay {url} --json"))
    };
    let verdicts = replayed["verdicts"].as_array().expect("verdicts");
    assert!(verdicts.iter().any(|v| v["verdict"] == "violated"), "{replayed}");
}

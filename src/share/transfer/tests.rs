use super::*;
use crate::core::action::{ClockChange, CrashMode, LinkChange};
use crate::core::ids::MsgId;
use crate::core::view::What;
use crate::share::link::Link;

fn setup(scene: &str, knobs: &[(&str, i64)]) -> Setup {
    let knobs = knobs.iter().map(|(k, v)| ((*k).to_string(), *v)).collect();
    Setup { scene: scene.into(), knobs, seed: 3, ..Setup::default() }
}

fn entries(actions: Vec<Action>) -> Vec<Entry> {
    (1..).zip(actions).map(|(i, action)| Entry { at: i * 100_000, action }).collect()
}

fn everything() -> Vec<Action> {
    let (a, b) = (NodeSet::first(2), NodeSet::one(NodeId(2)));
    let msg = MsgId { from: NodeId(0), to: NodeId(1), nth: 0 };
    let put = Call { f: 1, key: 1, value: 4, arg: 0 };
    vec![
        Action::Crash { node: NodeId(1), mode: CrashMode::Process },
        Action::Restart(NodeId(1)),
        Action::Partition(vec![a, b]),
        Action::HealAll,
        Action::Cut { from: a, to: b },
        Action::Link { from: a, to: b, change: LinkChange::Loss(500_000) },
        Action::Clock { node: NodeId(0), change: ClockChange::Step(9_000) },
        Action::Pause(NodeId(0)),
        Action::Resume(NodeId(0)),
        Action::Drop(msg),
        Action::Deliver(msg),
        Action::Fire { node: NodeId(0), timer: 0 },
        Action::CrashAfter { node: NodeId(0), effects: 1, mode: CrashMode::Process },
        Action::Invoke { client: NodeId(5), to: Some(NodeId(1)), call: put },
        Action::Manual(true),
    ]
}

#[test]
fn faults_go_over_and_the_rest_is_named() {
    let raft = setup("raft", &[("net.low", 4_000), ("nodes", 5)]);
    let carried = carry(&raft, &entries(everything()), "leaderless").unwrap();
    assert_eq!(carried.setup.knobs.get("net.low"), Some(&4_000));
    assert_eq!(carried.setup.seed, 3);
    assert_eq!(
        carried.sentence(),
        "Of 15 interventions these are not carried over: 2 on single messages, which are not sent \
         there; 1 on the protocol's own timers; 1 inside of the protocol's own rules; 1 that let \
         only interventions move the run."
    );
    assert_eq!(carried.journal.len(), 10);
    // The same processes: the client is a client, the server that it asks a server.
    let last = &carried.journal[9].action;
    let Action::Invoke { client, to, .. } = last else { panic!("{last:?}") };
    assert_eq!((*client, *to), (NodeId(5), Some(NodeId(1))));
    let lamport = carry(&raft, &entries(everything()), "lamport").unwrap();
    assert!(
        lamport.left.contains_key(&Left::Operation) || lamport.left.contains_key(&Left::Process)
    );
    assert_eq!(
        carry(&raft, &[], "lamport").unwrap().sentence(),
        "There are no interventions to carry over."
    );
    let one = entries(vec![Action::HealAll]);
    assert_eq!(
        carry(&raft, &one, "leaderless").unwrap().sentence(),
        "The one intervention is carried over."
    );
    assert!(carry(&raft, &one, "nowhere").unwrap_err().starts_with("there is no scene 'nowhere'"));
}

/// From every scene to every other: what is carried opens, and none of it is refused because there
/// is no such process.
#[test]
fn every_pair_of_scenes_takes_the_same_script() {
    for here in crate::protocols::CATALOG {
        for there in crate::protocols::CATALOG {
            let carried = carry(&setup(here.id, &[]), &entries(everything()), there.id).unwrap();
            let mut session = Link::new(carried.setup, carried.journal.clone()).open().unwrap();
            session.advance_to(3_000_000, 50_000);
            let acted = session.trace().events.iter().filter(|e| {
                if let What::Ignored { why, .. } = &e.what {
                    assert!(!why.contains("no process"), "{} to {}: {why}", here.id, there.id);
                }
                e.forced
            });
            assert_eq!(acted.count(), carried.journal.len(), "{} to {}", here.id, there.id);
        }
    }
}

/// Half of the servers are gone: Raft refuses, a quorum of one goes on.
#[test]
fn the_first_difference_is_what_clients_see() {
    let far = (0..3).map(|n| Action::Crash { node: NodeId(n), mode: CrashMode::Process }).collect();
    let raft = setup("raft", &[]);
    let mut here = Link::new(raft.clone(), entries(far)).open().unwrap();
    let carried = carry(&raft, &here.branch().journal.clone(), "leaderless").unwrap();
    let mut there = Link::new(carried.setup, carried.journal).open().unwrap();
    here.advance_to(8_000_000, u64::MAX);
    there.advance_to(8_000_000, u64::MAX);
    let found = first_difference(&here, &there, 8_000_000).expect("they differ");
    assert!(found.at <= 8_000_000 && found.at > 0);
    assert!(found.words.contains(" here, ") && found.words.ends_with(" there"), "{}", found.words);
    assert_eq!(first_difference(&here, &there, 1), None);
    let ((begun, answered), (others, _)) = (fared(&here, 8_000_000), fared(&there, 8_000_000));
    assert!(answered < begun && others > 0, "{answered} of {begun}, {others}");
    assert_eq!(first_difference(&here, &there, found.at), Some(found.clone()));
    assert_eq!(first_difference(&here, &there, found.at - 1), None);
}

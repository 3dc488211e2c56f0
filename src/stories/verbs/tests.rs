use super::*;
use crate::core::action::{Call, ClockChange, CrashMode, DiskChange, Entry, LinkChange};
use crate::core::config::Setup;
use crate::core::protocol::call_text;
use crate::core::session::Session;
use crate::protocols::scene;
use proptest::prelude::*;

fn run() -> (Session, &'static [CallName]) {
    let scene = scene("raft").unwrap();
    let setup = Setup { scene: "raft".into(), seed: 7, ..Setup::default() };
    let mut session = Session::new(scene.build, setup, Vec::new()).unwrap();
    // Messages are in flight, timers run.
    while session.view().messages.is_empty() {
        session.forward();
    }
    (session, (scene.info)().calls)
}

#[test]
fn calls_read_what_is_written() {
    let calls = [
        CallName { name: "get", key: true, value: false, arg: false },
        CallName { name: "put", key: true, value: true, arg: false },
        CallName { name: "cas", key: true, value: true, arg: true },
        CallName { name: "send", key: false, value: true, arg: false },
        CallName { name: "local", key: false, value: false, arg: false },
    ];
    for text in ["get x", "put y=-3", "cas k7 1->2", "send 2", "local"] {
        assert_eq!(call_text(&calls, &read_call(&calls, text).unwrap()), text);
    }
    assert_eq!(
        read_call(&calls, "push x").unwrap_err(),
        "there is no operation 'push', only get, put, cas, send, local"
    );
    assert_eq!(read_call(&calls, "put x=a").unwrap_err(), "'a' is not a number");
    assert_eq!(read_call(&calls, "get x 5").unwrap_err(), "get does not take '5'");
}

#[test]
fn what_is_written_in_stories_is_read() {
    let (session, calls) = run();
    let (view, given) = (session.view(), Given::new());
    let scope = Scope { view: &view, given: &given, calls };
    // Written as it is printed.
    for text in [
        "crash S1",
        "crash.os S2 keep 3",
        "crash.torn S2 after 4",
        "slow S1 20ms",
        "slow S1 off",
        "cut S1 S2 > A",
        "cut nobody > A",
        "heal S1 > S2",
        "heal",
        "partition S1 S2 | S3 | alone",
        "link S1 > S2 S3 reordering 2.5%",
        "link S1 > S2 reset",
        "clock.jump S1 -4ms",
        "clock.drift S1 -0.05%",
        "clock.freeze S1 off",
        "disk.fsync S1 lies",
        "disk.lose-tail S1",
        "lie S3 equivocate",
        "A: cas x 1->2 at S3",
        "A: operation 77 0 5 1",
        "choose S1 0 2",
        "manual off",
        "deliver S1 > S2 #12",
        "forge S1 > S2 #12 as 3",
        "fire S1 #9",
    ] {
        match read(scope, text) {
            Ok(Said::Act(action)) => assert_eq!(print(&scope, &action), text),
            other => panic!("{text}: {other:?}"),
        }
    }
    let whole = NodeSet::first(view.nodes.len() as u16);
    let apart = |set: NodeSet| Said::Act(Action::Partition(vec![NodeSet(whole.0 & !set.0), set]));
    assert_eq!(read(scope, "isolate S1"), Ok(apart(NodeSet::one(NodeId(0)))));
    assert_eq!(read(scope, "partition rest | S1"), read(scope, "isolate S1"));
    let both = NodeSet::first(2);
    assert_eq!(read(scope, "cut S1 - S2"), Ok(Said::Act(Action::Cut { from: both, to: both })));
    assert_eq!(read(scope, "name old = S2"), Ok(Said::Name("old".into(), NodeId(1))));
}

#[test]
fn what_cannot_be_read_says_what_to_write() {
    let (session, calls) = run();
    let (view, given) = (session.view(), Given::new());
    let scope = Scope { view: &view, given: &given, calls };
    for (text, why) in [
        (
            "explode S1",
            "unknown command 'explode'; try crash, restart, cut, heal, partition, deliver, drop, fire or `A: get x`",
        ),
        ("crash S9", "nobody is called 'S9'"),
        ("crash #999", "'#999' is not a process: numbers go from #0 to #127"),
        ("crash S1 keep 2", "crash does not take 'keep'"),
        ("crash.os S1 keep many", "'many' is not a number that fits here"),
        ("cut S1", "a cut is written `cut S1 > S2` (one way) or `cut S1 - S2`"),
        ("cut S1 >", "somebody is missing; say 'nobody' for none"),
        (
            "link S1 > S2",
            "links are changed as `link S1 > S2 loss 5%`; what can be changed is loss, duplication, reordering, delay, fifo, bandwidth, reset",
        ),
        ("link S1 > S2 loss -5%", "'-5%' is not a share of 0% or more"),
        ("lie S1 always", "'always' is none of honest, silent, equivocate, corrupt"),
        ("manual", "'' is not 'on' or 'off'"),
        ("deliver S1 > A SnapshotReply", "no SnapshotReply is in flight from S1 to A"),
        ("fire S1 lunch", "S1 has no running lunch"),
        ("partition S1 | rest | alone", "'rest' and 'alone' both say where the others are"),
    ] {
        assert_eq!(read(scope, text), Err(why.to_string()), "{text}");
    }
    assert_eq!(
        read_entry(scope, "soon crash S1").unwrap_err(),
        "'soon' is not a time such as 1.2s or 400ms"
    );
    assert_eq!(read_entry(scope, "1s").unwrap_err().split(';').next(), Some("unknown command ''"));
}

fn nodes() -> impl Strategy<Value = NodeId> {
    prop_oneof![4 => 0u16..7, 1 => 0u16..128].prop_map(NodeId)
}

fn sets() -> impl Strategy<Value = NodeSet> {
    prop_oneof![4 => 0u128..128, 1 => any::<u128>()].prop_map(NodeSet)
}

fn modes() -> impl Strategy<Value = CrashMode> {
    prop_oneof![
        Just(CrashMode::Process),
        any::<u8>().prop_map(|kept| CrashMode::Os { kept }),
        any::<u8>().prop_map(|kept| CrashMode::Torn { kept }),
    ]
}

fn changes() -> impl Strategy<Value = LinkChange> {
    prop_oneof![
        any::<u32>().prop_map(LinkChange::Loss),
        any::<u32>().prop_map(LinkChange::Duplication),
        any::<u32>().prop_map(LinkChange::Reordering),
        any::<u32>().prop_map(LinkChange::Delay),
        any::<bool>().prop_map(LinkChange::Fifo),
        any::<u32>().prop_map(LinkChange::Bandwidth),
        Just(LinkChange::Reset),
    ]
}

fn clocks() -> impl Strategy<Value = ClockChange> {
    prop_oneof![
        (-1i64 << 50..1 << 50).prop_map(ClockChange::Step),
        (-5_000i64..5_000).prop_map(ClockChange::Step),
        any::<i32>().prop_map(ClockChange::Drift),
        (-200i32..200).prop_map(|n| ClockChange::Drift(n * 100)),
        any::<bool>().prop_map(ClockChange::Freeze),
    ]
}

fn disks() -> impl Strategy<Value = DiskChange> {
    prop_oneof![
        (0usize..3).prop_map(|i| DiskChange::Fsync(FSYNCS[i].1)),
        any::<u32>().prop_map(DiskChange::Latency),
        Just(DiskChange::LoseTail),
    ]
}

fn calls() -> impl Strategy<Value = Call> {
    let call = |(f, key, value, arg)| Call { f, key, value, arg };
    prop_oneof![
        (0u8..5, 0u32..6, -9i64..9, -9i64..9).prop_map(call),
        (0u8..5, 0u32..6, Just(0), Just(0)).prop_map(call),
        any::<(u8, u32, i64, i64)>().prop_map(call),
    ]
}

/// Of a given list of messages, or any.
fn messages(flying: Vec<MsgId>) -> BoxedStrategy<MsgId> {
    let any = (nodes(), nodes(), any::<u32>()).prop_map(|(from, to, nth)| MsgId { from, to, nth });
    prop_oneof![proptest::sample::select(flying), any].boxed()
}

fn actions(flying: Vec<MsgId>) -> impl Strategy<Value = Action> {
    let message = messages(flying);
    let one = prop_oneof![
        (0usize..5, message.clone()).prop_map(|(i, id)| ON_MESSAGES[i].1(id)),
        (message, any::<u16>()).prop_map(|(msg, variant)| Action::Forge { msg, variant }),
        (nodes(), prop_oneof![0u32..4, any::<u32>()])
            .prop_map(|(node, timer)| Action::Fire { node, timer }),
        (nodes(), modes()).prop_map(|(node, mode)| Action::Crash { node, mode }),
        (nodes(), any::<u8>(), modes()).prop_map(|(node, effects, mode)| Action::CrashAfter {
            node,
            effects,
            mode
        }),
        nodes().prop_map(Action::Restart),
        nodes().prop_map(Action::Pause),
        nodes().prop_map(Action::Resume),
        (nodes(), any::<u32>()).prop_map(|(node, us)| Action::Slow { node, us }),
        Just(Action::HealAll),
        any::<bool>().prop_map(Action::Manual),
    ];
    let other = prop_oneof![
        (sets(), sets()).prop_map(|(from, to)| Action::Cut { from, to }),
        (sets(), sets()).prop_map(|(from, to)| Action::Heal { from, to }),
        proptest::collection::vec(sets(), 0..4).prop_map(Action::Partition),
        (sets(), sets(), changes()).prop_map(|(from, to, change)| Action::Link {
            from,
            to,
            change
        }),
        (nodes(), clocks()).prop_map(|(node, change)| Action::Clock { node, change }),
        (nodes(), disks()).prop_map(|(node, change)| Action::Disk { node, change }),
        (nodes(), 0usize..4).prop_map(|(node, i)| Action::Lie { node, policy: LIES[i].1 }),
        (nodes(), proptest::option::of(nodes()), calls())
            .prop_map(|(client, to, call)| Action::Invoke { client, to, call }),
        (nodes(), proptest::collection::vec(any::<u8>(), 0..4))
            .prop_map(|(node, picks)| Action::Choose { node, picks }),
    ];
    prop_oneof![one, other]
}

/// Whatever is done is read as it is printed, at once and from a line of a script.
#[test]
fn every_action_is_read_as_it_is_printed() {
    let (session, calls) = run();
    let (view, given) = (session.view(), Given::new());
    let scope = Scope { view: &view, given: &given, calls };
    let flying: Vec<MsgId> = view.messages.iter().map(|m| m.id).collect();
    let all = (actions(flying), 0u64..1 << 50);
    let config = ProptestConfig { cases: 4_000, failure_persistence: None, ..Default::default() };
    proptest::test_runner::TestRunner::new(config)
        .run(&all, |(action, at)| {
            let text = print(&scope, &action);
            prop_assert_eq!(read(scope, &text), Ok(Said::Act(action.clone())), "{}", text);
            let entry = Entry { at, action };
            let line = print_entry(&scope, &entry);
            prop_assert_eq!(read_entry(scope, &line), Ok(entry), "{}", line);
            // Words for people hold no words of the code.
            let words = phrase(&scope, &line_action(&line, scope));
            prop_assert!(!words.contains("NodeId") && !words.contains('{'), "{}", words);
            Ok(())
        })
        .unwrap();
}

fn line_action(line: &str, scope: Scope) -> Action {
    read_entry(scope, line).unwrap().action
}

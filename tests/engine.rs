//! The engine's laws, on the template protocol: disks, links, clocks, processes, clients.

use happened_before::core::action::*;
use happened_before::core::config::Setup;
use happened_before::core::ids::{MsgId, NodeId, NodeSet};
use happened_before::core::session::Session;
use happened_before::core::trace::{Fate, OpEnd};
use happened_before::core::view::{Loss, Status, What};
use happened_before::protocols::template;

const A: NodeId = NodeId(3);
const S1: NodeId = NodeId(0);
const S2: NodeId = NodeId(1);

fn session(knobs: &[(&str, i64)]) -> Session {
    let quiet = [("client.interval", 0), ("net.low", 10_000), ("net.high", 10_000)];
    let all = quiet.iter().chain(knobs).map(|(k, v)| ((*k).to_string(), *v));
    let setup =
        Setup { scene: "template".into(), seed: 1, knobs: all.collect(), ..Setup::default() };
    Session::new(template::SCENE.build, setup, Vec::new()).expect("a sound setup")
}

fn offer(s: &mut Session, to: NodeId, value: i64) {
    s.act(Action::Invoke { client: A, to: Some(to), call: Call { value, ..Call::default() } })
        .expect("a free client");
}

fn run(s: &mut Session, until: u64) {
    assert!(s.advance_to(until, 1_000_000));
}

fn largest(s: &Session, node: NodeId) -> String {
    s.view().nodes[node.at()].look.durable[0].1.clone()
}

fn last_op(s: &Session) -> OpEnd {
    s.trace().ops.last().expect("an operation").end.clone()
}

/// Cuts everything off everything, so that only what a test does is seen.
fn silence(s: &mut Session) {
    s.act(Action::Partition(vec![NodeSet::from_iter([S1, A])])).expect("a partition");
}

#[test]
fn effects_after_a_persist_wait_for_the_disk() {
    let mut s = session(&[("disk.latency", 8_000)]);
    run(&mut s, 1_000);
    offer(&mut s, S1, 5);
    run(&mut s, 15_000);
    assert!(s.view().nodes[0].syncing, "the request came after 10 ms, the sync takes 8");
    assert_eq!(last_op(&s), OpEnd::Open);
    run(&mut s, 40_000);
    assert_eq!(last_op(&s), OpEnd::Ok(Some("5".into())));
}

#[test]
fn a_process_crash_keeps_what_was_written_and_an_os_crash_what_was_synced() {
    for (mode, left) in [
        (CrashMode::Process, "5"),
        (CrashMode::Os { kept: 1 }, "5"),
        (CrashMode::Os { kept: 0 }, "0"),
    ] {
        let mut s = session(&[("disk.latency", 8_000)]);
        silence(&mut s);
        offer(&mut s, S1, 5);
        run(&mut s, 15_000);
        s.act(Action::Crash { node: S1, mode }).expect("it is up");
        assert_eq!(s.view().nodes[0].status, Status::Crashed);
        s.act(Action::Restart(S1)).expect("it is down");
        assert_eq!(largest(&s, S1), left, "{mode:?}");
        assert_eq!(s.view().nodes[0].look.volatile[0].1, "0", "volatile state is gone");
        run(&mut s, 2_000_000);
        assert_eq!(last_op(&s), OpEnd::Unknown, "the answer was behind the barrier");
    }
}

#[test]
fn an_unsynced_write_is_lost_by_a_lying_disk_only_when_the_machine_dies() {
    for (mode, left) in [(CrashMode::Process, "7"), (CrashMode::Os { kept: 0 }, "0")] {
        let mut s = session(&[("disk.fsync", 2)]);
        silence(&mut s);
        offer(&mut s, S1, 7);
        run(&mut s, 500_000);
        assert_eq!(last_op(&s), OpEnd::Ok(Some("7".into())));
        s.act(Action::Crash { node: S1, mode }).expect("it is up");
        s.act(Action::Restart(S1)).expect("it is down");
        assert_eq!(largest(&s, S1), left);
        let broken = s.view().verdicts[0].violation.clone();
        assert_eq!(broken.map(|v| v.why), (left == "0").then(|| "S1 has forgotten 7.".to_string()));
    }
}

#[test]
fn a_batched_write_becomes_safe_in_the_background() {
    let mut s = session(&[("disk.fsync", 1)]);
    silence(&mut s);
    offer(&mut s, S1, 7);
    run(&mut s, 500_000);
    s.act(Action::Crash { node: S1, mode: CrashMode::Os { kept: 0 } }).expect("it is up");
    s.act(Action::Restart(S1)).expect("it is down");
    assert_eq!(largest(&s, S1), "7");
}

#[test]
fn a_disk_may_lose_the_tail_it_called_safe() {
    let mut s = session(&[]);
    silence(&mut s);
    offer(&mut s, S1, 7);
    run(&mut s, 500_000);
    s.act(Action::Disk { node: S1, change: DiskChange::LoseTail }).expect("it is up");
    s.act(Action::Crash { node: S1, mode: CrashMode::Process }).expect("it is up");
    s.act(Action::Restart(S1)).expect("it is down");
    assert_eq!(largest(&s, S1), "0");
}

#[test]
fn a_crash_can_fall_between_two_effects() {
    // Effects of an offer: note, persist, reply.
    for (effects, answered, left) in [(1, false, "0"), (2, false, "5"), (3, true, "5")] {
        let mut s = session(&[("disk.latency", 0)]);
        silence(&mut s);
        run(&mut s, 1_000);
        s.act(Action::CrashAfter { node: S1, effects, mode: CrashMode::Os { kept: 0 } })
            .expect("it is up");
        offer(&mut s, S1, 5);
        run(&mut s, 50_000);
        assert_eq!(s.view().nodes[0].status, Status::Crashed);
        assert_eq!(last_op(&s) == OpEnd::Ok(Some("5".into())), answered, "{effects}");
        s.act(Action::Restart(S1)).expect("it is down");
        assert_eq!(largest(&s, S1), left, "{effects}");
    }
}

#[test]
fn messages_to_the_dead_and_across_cuts_are_lost_and_say_why() {
    let mut s = session(&[]);
    run(&mut s, 1_000);
    s.act(Action::Crash { node: S2, mode: CrashMode::Process }).expect("it is up");
    s.act(Action::Cut { from: NodeSet::one(S1), to: NodeSet::one(NodeId(2)) }).expect("they exist");
    run(&mut s, 160_000);
    let lost = |from: NodeId, to: NodeId| {
        let mine = s.trace().messages.iter().find(|m| m.id.from == from && m.id.to == to);
        mine.map(|m| match m.fate {
            Fate::Lost { why, .. } => Some(why),
            _ => None,
        })
    };
    assert_eq!(lost(S1, S2), Some(Some(Loss::Down)));
    assert_eq!(lost(S1, NodeId(2)), Some(Some(Loss::Cut)));
    assert_eq!(lost(NodeId(2), S1), Some(None), "a one-way cut lets the other way pass");
}

#[test]
fn a_message_past_the_middle_when_its_link_is_cut_still_arrives() {
    for (when, arrives) in [(104_000, false), (106_000, true)] {
        let mut s = session(&[]);
        run(&mut s, when);
        s.act(Action::Partition(vec![NodeSet::one(S1)])).expect("a partition");
        run(&mut s, 150_000);
        let first = MsgId { from: S1, to: S2, nth: 0 };
        let got = s.trace().events.iter().any(|e| e.what == What::Receive(first));
        assert_eq!(got, arrives, "sent at 100 ms, due at 110, cut at {when}");
    }
}

#[test]
fn held_messages_wait_and_copies_rename_nothing() {
    let mut s = session(&[]);
    run(&mut s, 101_000);
    let first = MsgId { from: S1, to: S2, nth: 0 };
    s.act(Action::Duplicate(first)).expect("in flight");
    s.act(Action::Hold(first)).expect("in flight");
    run(&mut s, 250_000);
    let received = |s: &Session| -> Vec<u32> {
        let of_link = |e: &happened_before::core::view::Event| match e.what {
            What::Receive(id) if id.from == S1 && id.to == S2 => Some(id.nth),
            _ => None,
        };
        s.trace().events.iter().filter_map(of_link).collect()
    };
    assert_eq!(
        received(&s),
        [1 << 24, 1],
        "the twin came, the original waits, the next keeps its name"
    );
    s.act(Action::Release(first)).expect("held");
    run(&mut s, 260_000);
    assert_eq!(received(&s), [1 << 24, 1, 0]);
    assert_eq!(s.act(Action::Drop(first)).unwrap_err(), "message 0 from 0 to 1 is not in flight");
}

#[test]
fn fifo_keeps_order_and_reordering_breaks_it() {
    let overtaken = |knobs: &[(&str, i64)]| {
        let mut s = session(knobs);
        run(&mut s, 5_000_000);
        let mut last = happened_before::core::sorted::SortedMap::new();
        let mut count = 0;
        for e in s.trace().events.iter() {
            let What::Receive(id) = e.what else { continue };
            let newest = last.entry((id.from, id.to)).or_insert(id.nth);
            count += u32::from(id.nth < *newest);
            *newest = id.nth.max(*newest);
        }
        count
    };
    let wild = [("net.low", 1_000), ("net.high", 400_000)];
    assert!(overtaken(&wild) > 20);
    assert_eq!(overtaken(&[("net.low", 1_000), ("net.high", 400_000), ("net.fifo", 1)]), 0);
    assert_eq!(overtaken(&[("net.low", 60_000), ("net.high", 60_000)]), 0);
    assert!(overtaken(&[("net.low", 60_000), ("net.high", 60_000), ("net.reorder", 200_000)]) > 20);
}

#[test]
fn loss_and_duplication_come_at_the_rates_that_are_set() {
    let mut s = session(&[("net.loss", 100_000), ("net.dup", 50_000)]);
    run(&mut s, 60_000_000);
    let all = s.trace().messages.len() as usize;
    let lost = s
        .trace()
        .messages
        .iter()
        .filter(|m| matches!(m.fate, Fate::Lost { why: Loss::Chance, .. }))
        .count();
    let twins = s.trace().messages.iter().filter(|m| m.id.nth >= 1 << 24).count();
    assert!(all > 3_000);
    assert!((8..=12).contains(&(lost * 100 / all)), "{lost} of {all} lost");
    assert!((3..=6).contains(&(twins * 100 / all)), "{twins} of {all} doubled");
}

#[test]
fn bandwidth_makes_messages_queue() {
    // 100 bytes at 1,000 bytes a second: a tenth of a second each.
    let mut s = session(&[("net.bandwidth", 1_000)]);
    run(&mut s, 1_001_000);
    let first = |nth| {
        s.trace()
            .messages
            .iter()
            .find(|m| m.id == MsgId { from: S1, to: S2, nth })
            .map(|m| m.due - m.sent_at)
    };
    assert_eq!(first(0), Some(110_000));
}

#[test]
fn paused_nodes_keep_what_comes_and_do_not_know() {
    let mut s = session(&[]);
    run(&mut s, 50_000);
    s.act(Action::Pause(S2)).expect("it runs");
    run(&mut s, 350_000);
    assert!(s.view().nodes[1].inbox >= 4, "{:?}", s.view().nodes[1].inbox);
    let rounds = |s: &Session| s.view().nodes[1].look.volatile[0].1.clone();
    assert_eq!(rounds(&s), "0");
    s.act(Action::Resume(S2)).expect("it is paused");
    run(&mut s, 351_000);
    assert_eq!((rounds(&s), s.view().nodes[1].inbox), ("1".into(), 0));
}

#[test]
fn slow_nodes_take_one_thing_at_a_time() {
    let mut s = session(&[]);
    s.act(Action::Slow { node: S2, us: 30_000 }).expect("it exists");
    run(&mut s, 1_000_000);
    let times: Vec<u64> = s
        .trace()
        .events
        .iter()
        .filter(|e| e.node == Some(S2) && e.what != What::Dock)
        .map(|e| e.at)
        .collect();
    assert!(times.len() > 15);
    assert!(times[1..].windows(2).all(|w| w[1] - w[0] >= 30_000), "{times:?}");
}

#[test]
fn timers_run_on_the_nodes_own_clock() {
    let mut s = session(&[]);
    // A tenth fast: a round every 100 ms of its own time is one every 90.9 ms.
    s.act(Action::Clock { node: S1, change: ClockChange::Drift(100_000) }).expect("it exists");
    s.act(Action::Clock { node: S2, change: ClockChange::Freeze(true) }).expect("it exists");
    run(&mut s, 10_000_000);
    let rounds = |n: usize| s.view().nodes[n].look.volatile[0].1.parse::<u64>().expect("a number");
    assert_eq!((rounds(0), rounds(1), rounds(2)), (109, 0, 100));
    assert_eq!(s.view().nodes[0].skew, 999_999, "it drifts from the first microsecond on");
}

#[test]
fn a_step_of_the_clock_moves_running_timers() {
    let mut s = session(&[]);
    run(&mut s, 40_000);
    s.act(Action::Clock { node: S1, change: ClockChange::Step(50_000) }).expect("it exists");
    run(&mut s, 60_000);
    assert_eq!(s.view().nodes[0].look.volatile[0].1, "1");
}

#[test]
fn an_answer_too_late_is_unknown_not_failed() {
    let mut s = session(&[("client.timeout", 300_000), ("client.retry", 0)]);
    s.act(Action::Cut { from: NodeSet::one(S1), to: NodeSet::one(A) }).expect("they exist");
    offer(&mut s, S1, 9);
    run(&mut s, 400_000);
    assert_eq!(last_op(&s), OpEnd::Unknown);
    assert_eq!(largest(&s, S1), "9", "it happened all the same");
    offer(&mut s, S2, 10);
    let processes: Vec<u32> = s.trace().ops.iter().map(|o| o.process).collect();
    assert_eq!(processes, [0, 1], "after an unknown outcome the client is another process");
}

#[test]
fn a_refused_action_changes_nothing_and_says_why() {
    let mut s = session(&[]);
    run(&mut s, 1_000);
    let before = (s.cursor(), s.digest());
    for (action, why) in [
        (Action::Restart(S1), "S1 is up"),
        (Action::Resume(S1), "S1 is not paused"),
        (Action::Pause(A), "A is a client"),
        (Action::Crash { node: NodeId(9), mode: CrashMode::Process }, "there is no process 9"),
        (Action::Fire { node: S1, timer: 7 }, "S1 has no running timer 7 (no such timer)"),
        (
            Action::Invoke { client: S1, to: None, call: Call::default() },
            "S1 is a server, not a client",
        ),
    ] {
        assert_eq!(s.act(action).unwrap_err(), why);
    }
    assert_eq!((s.cursor(), s.digest()), before);
}

#[test]
fn an_entry_that_makes_no_sense_any_more_is_a_step_that_says_so() {
    let setup = Setup { scene: "template".into(), seed: 1, ..Setup::default() };
    let journal = vec![Entry { at: 1_000, action: Action::Restart(S1) }];
    let mut s = Session::new(template::SCENE.build, setup, journal).expect("a sound setup");
    run(&mut s, 2_000);
    let ignored = s.trace().events.iter().find(|e| matches!(e.what, What::Ignored { .. }));
    assert!(
        matches!(&ignored.expect("a step").what, What::Ignored { why, .. } if **why == "S1 is up")
    );
}

#[test]
fn manual_worlds_stand_still_until_told() {
    let mut s = session(&[]);
    run(&mut s, 101_000);
    s.act(Action::Manual(true)).expect("always");
    let step = s.cursor();
    run(&mut s, 60_000_000);
    assert_eq!(s.cursor(), step);
    s.act(Action::Deliver(MsgId { from: S1, to: S2, nth: 0 })).expect("in flight");
    assert_eq!(s.cursor(), step + 1);
    assert!(matches!(s.trace().event(step + 1).expect("recorded").what, What::Receive(_)));
}

#[test]
fn every_latency_distribution_respects_its_minimum() {
    for kind in 0..3 {
        let mut s = session(&[("net.latency", kind), ("net.low", 7_000), ("net.high", 20_000)]);
        run(&mut s, 5_000_000);
        let delays: Vec<u64> = s.trace().messages.iter().map(|m| m.due - m.sent_at).collect();
        assert!(delays.iter().all(|d| *d >= 7_000));
        assert!(delays.iter().any(|d| *d > 11_000));
    }
}

#[test]
fn groups_are_named_only_when_the_cut_is_a_partition() {
    let mut s = session(&[]);
    assert_eq!(s.view().groups, None);
    silence(&mut s);
    let groups = s.view().groups.expect("groups");
    assert_eq!(groups, [NodeSet::from_iter([S1, A]), NodeSet::one(S2), NodeSet::one(NodeId(2))]);
    s.act(Action::HealAll).expect("always");
    s.act(Action::Cut { from: NodeSet::one(S1), to: NodeSet::one(S2) }).expect("they exist");
    assert_eq!(s.view().groups, None, "a one-way cut is not a partition");
}

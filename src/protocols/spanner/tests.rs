//! The rules, a sentence of the paper each.

use super::*;
use crate::core::protocol::{Dice, Effect, Outcome};

fn op(client: u16, nth: u32) -> OpId {
    OpId { client: NodeId(client), nth }
}

fn node(me: u16) -> Node<Spanner> {
    Node { me: NodeId(me), state: State::default(), durable: Durable::default() }
}

/// An uncertainty of 1 ms that does not grow, for round numbers.
fn even() -> Config {
    Config { assumed: 0, ..Config::default() }
}

fn two() -> Config {
    Config { tablets: 2, ..even() }
}

/// Runs a handler on one node of three at a time of its clock; gives the effects.
fn at(
    clock: i64,
    n: &mut Node<Spanner>,
    cfg: &Config,
    handler: impl FnOnce(&mut Node<Spanner>, &mut Context<Spanner>),
) -> Vec<Effect<Spanner>> {
    let mut dice = Dice::default();
    let mut cx = Context::alone(n.me.0, 3, cfg, &mut dice);
    cx.clock = clock;
    handler(n, &mut cx);
    cx.effects
}

fn replies(effects: &[Effect<Spanner>]) -> Vec<Outcome<Spanner>> {
    let reply = |e: &Effect<Spanner>| match e {
        Effect::Reply { outcome, .. } => Some(outcome.clone()),
        _ => None,
    };
    effects.iter().filter_map(reply).collect()
}

fn sent(effects: &[Effect<Spanner>]) -> Vec<Message> {
    let send = |e: &Effect<Spanner>| match e {
        Effect::Send { message, .. } => Some(*message),
        _ => None,
    };
    effects.iter().filter_map(send).collect()
}

#[test]
fn epsilon_is_a_sawtooth_from_1_to_7_ms() {
    let cfg = Config::default();
    let at = [0, 15_000_000, 30_000_000].map(|us| cfg.epsilon_after(us));
    assert_eq!(at, [1_000, 4_000, 7_000]);
    let (mut n, mut dice) = (node(0), Dice::default());
    let mut cx = Context::alone(0, 3, &cfg, &mut dice);
    cx.clock = 15_000_000;
    let wide = rules::now(&mut n, &cx);
    assert_eq!(wide, Interval { earliest: 14_996_000, latest: 15_004_000 });
    rules::synchronise(&mut n, &mut cx);
    assert_eq!(n.state.look.interval, Interval { earliest: 14_999_000, latest: 15_001_000 });
}

#[test]
fn a_write_is_answered_once_its_timestamp_is_past() {
    let (mut n, cfg, w) = (node(0), even(), op(3, 0));
    let asked = at(10_000, &mut n, &cfg, |n, cx| {
        Spanner::on_op(n, cx, w, Op::Write { key: 0, value: 7 });
    });
    assert_eq!((replies(&asked), n.durable.decided[&w].at), (vec![], 11_000));
    for early in [10_500, 11_999, 12_000] {
        let told = at(early, &mut n, &cfg, |n, cx| Spanner::on_timer(n, cx, Timer::Wait));
        assert_eq!(replies(&told), [], "at {early}");
    }
    let told = at(12_001, &mut n, &cfg, |n, cx| Spanner::on_timer(n, cx, Timer::Wait));
    assert_eq!(replies(&told), [Outcome::Ok(Ret::Done { at: 11_000 })]);
    assert_eq!((n.state.look.waited, n.state.locks.len()), (2_001, 0), "the lock is free");
}

#[test]
fn a_timestamp_is_above_all_that_was_promised() {
    let (mut n, cfg, w) = (node(0), even(), op(3, 0));
    n.durable.promised = 99_000;
    at(10_000, &mut n, &cfg, |n, cx| Spanner::on_op(n, cx, w, Op::Write { key: 0, value: 7 }));
    assert_eq!(n.durable.decided[&w].at, 99_001);
}

#[test]
fn a_snapshot_waits_for_what_may_come_below_it() {
    let (mut n, cfg, w) = (node(0), even(), op(3, 0));
    at(10_000, &mut n, &cfg, |n, cx| Spanner::on_op(n, cx, w, Op::Write { key: 0, value: 7 }));
    let read = |nth, at| {
        Message::Read(SnapshotRead { id: op(4, nth), key: 0, at, limit: at, asker: None })
    };
    let value =
        |value, version, read| [Outcome::Ok(Ret::Value { value, at: version, read: Some(read) })];
    let ask = |n: &mut Node<Spanner>, m| {
        replies(&at(10_100, n, &cfg, |n, cx| Spanner::on_message(n, cx, NodeId(1), m)))
    };
    assert_eq!(ask(&mut n, read(0, 10_900)), value(None, None, 10_900), "before s");
    assert_eq!(ask(&mut n, read(1, 11_000)), []);
    let told = at(12_001, &mut n, &cfg, |n, cx| Spanner::on_timer(n, cx, Timer::Wait));
    assert_eq!(replies(&told)[1..], value(Some(7), Some(11_000), 11_000));
}

#[test]
fn what_was_read_at_a_time_is_written_down_before_it_is_told() {
    let (mut n, cfg) = (node(0), Config::default());
    let read = Message::Read(SnapshotRead {
        id: op(4, 0),
        key: 0,
        at: 50_000,
        limit: 50_000,
        asker: None,
    });
    let told = at(10_000, &mut n, &cfg, |n, cx| Spanner::on_message(n, cx, NodeId(1), read));
    assert_eq!(n.durable.promised, 50_000);
    assert!(matches!(told[..], [Effect::Persist(_), Effect::Reply { .. }]), "{told:?}");
}

#[test]
fn the_coordinator_s_timestamp_is_no_less_than_the_prepare_timestamp() {
    let (mut coordinator, mut other, cfg, w) = (node(0), node(1), two(), op(3, 0));
    other.durable.promised = 40_000;
    let ask = at(10_000, &mut coordinator, &cfg, |n, cx| {
        Spanner::on_op(n, cx, w, Op::Write { key: 0, value: 7 });
    });
    assert_eq!(sent(&ask), [Message::Prepare { id: w, key: 0, value: 7 }]);
    let vote = at(10_500, &mut other, &cfg, |n, cx| {
        Spanner::on_message(n, cx, NodeId(0), sent(&ask)[0]);
    });
    assert_eq!(sent(&vote), [Message::Prepared { id: w, at: 40_001 }]);
    let disk = vote.iter().position(|e| matches!(e, Effect::Persist(_)));
    let said = vote.iter().position(|e| matches!(e, Effect::Send { .. }));
    assert!(disk < said, "on disk before anybody hears of it");
    at(11_000, &mut coordinator, &cfg, |n, cx| {
        Spanner::on_message(n, cx, NodeId(1), sent(&vote)[0]);
    });
    assert_eq!(coordinator.durable.decided[&w].at, 40_001);
    let end = at(41_002, &mut coordinator, &cfg, |n, cx| Spanner::on_timer(n, cx, Timer::Wait));
    assert_eq!(sent(&end), [Message::Commit { id: w, at: 40_001 }]);
    at(41_500, &mut other, &cfg, |n, cx| Spanner::on_message(n, cx, NodeId(0), sent(&end)[0]));
    assert_eq!(other.durable.store, coordinator.durable.store);
}

#[test]
fn what_a_coordinator_forgot_is_aborted_and_what_it_decided_is_not() {
    let (mut n, cfg, w) = (node(0), two(), op(3, 0));
    let ask = Message::Prepared { id: w, at: 5 };
    let told = at(10_000, &mut n, &cfg, |n, cx| Spanner::on_message(n, cx, NodeId(1), ask));
    assert_eq!(sent(&told), [Message::Abort { id: w }]);
    let decided = Decided { key: 0, value: 7, at: 9_000, since: 8_000, committed: false };
    n.durable.decided.insert(w, decided);
    let told = at(10_000, &mut n, &cfg, |n, cx| Spanner::on_message(n, cx, NodeId(1), ask));
    assert_eq!(sent(&told), [], "not before commit wait is over");
}

#[test]
fn locks_survive_a_crash_with_what_is_prepared_or_decided() {
    let (w, p) = (op(3, 0), op(4, 0));
    let mut disk = Durable::default();
    let decided = Decided { key: 0, value: 7, at: 9_000, since: 8_000, committed: false };
    disk.decided.insert(w, decided);
    disk.prepared.insert(p, Prepared { key: 2, value: 8, at: 5, coordinator: NodeId(2) });
    let (mut dice, cfg) = (Dice::default(), two());
    let mut cx = Context::alone(0, 3, &cfg, &mut dice);
    let state = Spanner::boot(&mut cx, &disk);
    let holders: Vec<OpId> = state.locks.values().map(|q| q[0].0).collect();
    assert_eq!(holders, [w, p]);
}

#[test]
fn a_doubled_request_is_one_write() {
    let (mut n, cfg, w) = (node(0), even(), op(3, 0));
    let write = Op::Write { key: 0, value: 7 };
    at(10_000, &mut n, &cfg, |n, cx| Spanner::on_op(n, cx, w, write));
    assert_eq!(at(10_100, &mut n, &cfg, |n, cx| Spanner::on_op(n, cx, w, write)), []);
}

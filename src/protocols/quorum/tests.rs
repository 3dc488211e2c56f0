//! The rules, one sentence of a paper each.

use super::*;
use crate::core::protocol::{Dice, Effect, Outcome};

fn op(client: u16, nth: u32) -> OpId {
    OpId { client: NodeId(client), nth }
}

fn node(me: u16) -> Node<Quorum> {
    Node { me: NodeId(me), state: State::default(), durable: Durable::default() }
}

/// Runs handlers on one node; gives the effects of the last.
fn effects(
    n: &mut Node<Quorum>,
    cfg: &Config,
    handler: impl FnOnce(&mut Node<Quorum>, &mut Context<Quorum>),
) -> Vec<Effect<Quorum>> {
    let mut dice = Dice::default();
    let mut cx = Context::alone(n.me.0, 3, cfg, &mut dice);
    handler(n, &mut cx);
    cx.effects
}

fn version(time: i64, by: OpId, value: i64) -> StampedValue {
    StampedValue { stamp: WriteStamp { time, by: Some(by) }, value: Some(value) }
}

#[test]
fn a_write_exceeds_what_a_majority_knows() {
    let (mut n, cfg, w) = (node(0), Config::default(), op(3, 0));
    effects(&mut n, &cfg, |n, cx| Quorum::on_op(n, cx, w, Op::Put { key: 0, value: 7 }));
    let old = version(4, op(4, 2), 1);
    let reply = Message::ReadReply { op: w, version: old };
    let told = effects(&mut n, &cfg, |n, cx| Quorum::on_message(n, cx, NodeId(1), reply));
    let new = version(5, w, 7);
    assert_eq!(n.durable.version(0), new);
    let sent = told.iter().filter(
        |e| matches!(e, Effect::Send { message: Message::Write { version, .. }, .. } if *version == new),
    );
    assert_eq!(sent.count(), 2);
    let write = told.iter().position(|e| matches!(e, Effect::Persist(_)));
    let send = told.iter().position(|e| matches!(e, Effect::Send { .. }));
    assert!(write < send, "on disk before anybody hears of it");
}

#[test]
fn a_read_answers_after_it_has_written_back() {
    let (mut n, cfg, r) = (node(0), Config::default(), op(3, 0));
    effects(&mut n, &cfg, |n, cx| Quorum::on_op(n, cx, r, Op::Get { key: 0 }));
    let newer = version(4, op(4, 2), 1);
    let reply = Message::ReadReply { op: r, version: newer };
    let answered = |all: &[Effect<Quorum>]| all.iter().any(|e| matches!(e, Effect::Reply { .. }));
    let told = effects(&mut n, &cfg, |n, cx| Quorum::on_message(n, cx, NodeId(1), reply));
    assert!(!answered(&told));
    let stored = Message::WriteReply { op: r, key: 0 };
    let told = effects(&mut n, &cfg, |n, cx| Quorum::on_message(n, cx, NodeId(2), stored));
    let outcome = Outcome::Ok(Ret::Value(Some(1)));
    assert!(told.contains(&Effect::Reply { to: r, outcome }));
}

#[test]
fn the_same_request_twice_is_one_write() {
    let (mut n, cfg, w) = (node(0), Config::default(), op(3, 0));
    let put = Op::Put { key: 0, value: 7 };
    effects(&mut n, &cfg, |n, cx| Quorum::on_op(n, cx, w, put));
    assert_eq!(effects(&mut n, &cfg, |n, cx| Quorum::on_op(n, cx, w, put)), []);
}

#[test]
fn an_older_version_does_not_replace_a_newer_one() {
    let (mut n, cfg) = (node(0), Config::default());
    let (old, new) = (version(4, op(4, 2), 1), version(5, op(3, 0), 2));
    for version in [new, old] {
        let write = Message::Write { op: op(3, 0), key: 0, version };
        effects(&mut n, &cfg, |n, cx| Quorum::on_message(n, cx, NodeId(1), write));
    }
    assert_eq!(n.durable.version(0), new);
}

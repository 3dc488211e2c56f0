//! Two-phase commit and commit wait.

use super::mutant::*;
use super::rules::{Cx, N, answer_snapshots, leader, now, release, second, want};
use super::*;
use crate::core::protocol::Outcome;

/// How long a leader waits before it says something again, microseconds.
pub(super) const PATIENCE: u64 = 20_000;

/// A write has its lock, at the leader that coordinates it.
pub(super) fn begin(n: &mut N, cx: &mut Cx, id: OpId, key: u32, value: i64) {
    let Some(there) = second(cx, key) else { return decide(n, cx, id, key, value, 0) };
    n.state.begun.insert(id, (key, value));
    // A doubled request that finds it forgotten must not begin it a second time.
    cx.persist(&n.durable);
    cx.send(there, Message::Prepare { id, key, value });
    resend_later(n, cx);
}

/// The leader of the other tablet is asked to prepare.
pub(super) fn asked_to_prepare(n: &mut N, cx: &mut Cx, id: OpId, key: u32, wish: LockWant) {
    let LockWant::Prepare { coordinator, .. } = wish else { return };
    if let Some(p) = n.durable.prepared.get(&id) {
        return cx.send(coordinator, Message::Prepared { id, at: p.at });
    }
    let queued = n.state.locks.get(&key).is_some_and(|q| q.iter().any(|(other, _)| *other == id));
    if !queued {
        want(n, cx, key, id, wish);
    }
}

/// It has the lock: "chooses a prepare timestamp that must be larger than any timestamps it has
/// assigned to previous transactions, and logs a prepare record" (section 4.2.1).
pub(super) fn prepare(n: &mut N, cx: &mut Cx, id: OpId, key: u32, value: i64, by: NodeId) {
    let at = n.durable.promised + 1;
    n.durable.promised = at;
    n.durable.prepared.insert(id, Prepared { key, value, at, coordinator: by });
    resend_later(n, cx);
    if !cx.mutant(VOLATILE_PREPARE) {
        cx.persist(&n.durable);
    }
    cx.note("Prepare");
    cx.send(by, Message::Prepared { id, at });
}

/// The other tablet is prepared; or it is, still, and asks what came of it.
pub(super) fn prepared(n: &mut N, cx: &mut Cx, from: NodeId, id: OpId, at: i64) {
    if let Some((key, value)) = n.state.begun.remove(&id) {
        return decide(n, cx, id, key, value, at);
    }
    match n.durable.decided.get(&id) {
        Some(d) if d.committed => cx.send(from, Message::Commit { id, at: d.at }),
        Some(_) => {}
        // What a coordinator does not know of was not decided before it crashed.
        None => cx.send(from, Message::Abort { id }),
    }
}

/// Section 4.1.2, Start: the commit timestamp is no less than TT.now().latest; section 4.2.1: and
/// no less than all prepare timestamps, and above what was assigned before.
fn decide(n: &mut N, cx: &mut Cx, id: OpId, key: u32, value: i64, prepared: i64) {
    let interval = now(n, cx);
    let start = if cx.mutant(EARLIEST) { interval.earliest } else { interval.latest };
    let least = if cx.mutant(IGNORE_PREPARE) { 0 } else { prepared };
    let at = start.max(n.durable.promised + 1).max(least);
    n.durable.promised = at;
    let decided = Decided { key, value, at, since: cx.clock, committed: false };
    n.durable.decided.insert(id, decided);
    // Commit wait begins while the disk writes.
    arm(n, cx, interval);
    cx.persist(&n.durable);
    cx.note("Decide");
    if cx.mutant(EARLY_RELEASE) {
        keep(n, id, decided);
        release(n, cx, key, id);
    }
    if cx.mutant(NO_WAIT) || !cx.cfg.wait {
        finish(n, cx, id);
    }
}

/// TT.after should say yes when the first of these timestamps has passed.
fn arm(n: &N, cx: &mut Cx, now: Interval) {
    let waiting = n.durable.decided.values().filter(|d| !d.committed);
    if let Some(first) = waiting.map(|d| d.at).min() {
        cx.set_timer(Timer::Wait, (first - now.earliest + 1).max(1) as u64);
    }
}

/// Section 4.1.2, Commit Wait: nobody sees what was committed at s until TT.after(s).
pub(super) fn wait(n: &mut N, cx: &mut Cx) {
    let interval = now(n, cx);
    let over = |d: &Decided| !d.committed && interval.earliest > d.at;
    let due: Vec<OpId> =
        n.durable.decided.iter().filter(|(_, d)| over(d)).map(|(id, _)| *id).collect();
    n.state.asked = if due.is_empty() { n.state.asked.saturating_add(1) } else { 0 };
    due.into_iter().for_each(|id| finish(n, cx, id));
    arm(n, cx, interval);
}

/// The timestamp has passed: everybody may know.
fn finish(n: &mut N, cx: &mut Cx, id: OpId) {
    let Some(d) = n.durable.decided.get_mut(&id) else { return };
    d.committed = true;
    let done = *d;
    n.state.look.waited = cx.clock - done.since;
    keep(n, id, done);
    cx.note("Commit");
    cx.reply(id, Outcome::Ok(Ret::Done { at: done.at }));
    match second(cx, done.key) {
        Some(there) => {
            cx.send(there, Message::Commit { id, at: done.at });
            resend_later(n, cx);
        }
        None => drop(n.durable.decided.remove(&id)),
    }
    release(n, cx, done.key, id);
    answer_snapshots(n, cx);
}

/// Keeps a version in its place; only the last few are kept.
fn keep(n: &mut N, id: OpId, Decided { key, value, at, .. }: Decided) {
    let versions = n.durable.store.entry(key).or_default();
    if versions.iter().any(|v| v.by == id) {
        return;
    }
    let place = versions.partition_point(|v| v.at < at);
    versions.insert(place, RowVersion { at, value, by: id });
    if versions.len() > KEPT {
        versions.remove(0);
    }
}

/// The coordinator has committed: so does the other tablet, at the same timestamp.
pub(super) fn commit(n: &mut N, cx: &mut Cx, from: NodeId, id: OpId, at: i64) {
    if let Some(Prepared { key, value, .. }) = n.durable.prepared.remove(&id) {
        keep(n, id, Decided { key, value, at, since: 0, committed: true });
        n.durable.promised = n.durable.promised.max(at);
        cx.persist(&n.durable);
        cx.note("Apply");
        release(n, cx, key, id);
        answer_snapshots(n, cx);
    }
    cx.send(from, Message::Applied { id });
}

/// The coordinator knows nothing of it.
pub(super) fn abort(n: &mut N, cx: &mut Cx, id: OpId) {
    if let Some(Prepared { key, .. }) = n.durable.prepared.remove(&id) {
        cx.persist(&n.durable);
        cx.note("Abort");
        release(n, cx, key, id);
        answer_snapshots(n, cx);
    }
}

fn resend_later(n: &mut N, cx: &mut Cx) {
    if !std::mem::replace(&mut n.state.resending, true) {
        cx.set_timer(Timer::Resend, PATIENCE);
    }
}

/// Says again what was not answered.
pub(super) fn resend(n: &mut N, cx: &mut Cx) {
    let mut all: Vec<(NodeId, Message)> = Vec::new();
    for (id, (key, value)) in &n.state.begun {
        let prepare = Message::Prepare { id: *id, key: *key, value: *value };
        all.extend(second(cx, *key).map(|to| (to, prepare)));
    }
    for (id, d) in n.durable.decided.iter().filter(|(_, d)| d.committed) {
        let commit = Message::Commit { id: *id, at: d.at };
        all.extend(second(cx, d.key).map(|to| (to, commit)));
    }
    for (id, p) in &n.durable.prepared {
        all.push((leader(cx, p.key), Message::Prepared { id: *id, at: p.at }));
    }
    n.state.resending = false;
    if !all.is_empty() {
        resend_later(n, cx);
    }
    all.into_iter().for_each(|(to, message)| cx.send(to, message));
}

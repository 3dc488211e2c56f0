//! TrueTime, locks and reads.

use super::mutant::*;
use super::*;
use crate::core::protocol::Outcome;

pub(super) type N = Node<Spanner>;
pub(super) type Cx<'a> = Context<'a, Spanner>;

/// A server starts: what was prepared or decided still has its locks.
pub(super) fn start(cx: &mut Cx, durable: &Durable) -> State {
    let mut state = State::default();
    // The time daemon outlives the server; without time masters its last synchronisation was at 0.
    if cx.cfg.poll > 0 {
        state.look.synced = cx.clock;
        cx.set_timer(Timer::Poll, cx.cfg.poll);
    }
    for (id, p) in &durable.prepared {
        let want = LockWant::Prepare { value: p.value, coordinator: p.coordinator };
        state.locks.entry(p.key).or_default().push_back((*id, want));
    }
    for (id, d) in durable.decided.iter().filter(|(_, d)| !d.committed) {
        let want = LockWant::Write { value: d.value };
        state.locks.entry(d.key).or_default().push_back((*id, want));
    }
    if !durable.prepared.is_empty() || !durable.decided.is_empty() {
        cx.note("Recover");
        cx.set_timer(Timer::Wait, 1);
        cx.set_timer(Timer::Resend, commit::PATIENCE);
        state.resending = true;
    }
    state
}

// --- TrueTime ---

/// TT.now().
pub(super) fn now(n: &mut N, cx: &Cx) -> Interval {
    let look = &mut n.state.look;
    let mut epsilon = cx.cfg.epsilon_after(cx.clock - look.synced);
    if cx.mutant(HALF_EPSILON) {
        epsilon /= 2;
    }
    look.nth += 1;
    look.clock = cx.clock;
    look.interval = Interval { earliest: cx.clock - epsilon, latest: cx.clock + epsilon };
    look.interval
}

/// The clock has been synchronised: epsilon is small again.
pub(super) fn synchronise(n: &mut N, cx: &mut Cx) {
    n.state.look.synced = cx.clock;
    now(n, cx);
    cx.note("Synchronise");
    cx.set_timer(Timer::Poll, cx.cfg.poll.max(1));
}

// --- requests ---

/// Who leads a row's tablet, and coordinates writes to it.
pub(super) fn leader(cx: &Cx, key: u32) -> NodeId {
    NodeId((key % u32::from(cx.nodes.max(1))) as u16)
}

/// Who leads the tablet of its index entry, if it has one.
pub(super) fn second(cx: &Cx, key: u32) -> Option<NodeId> {
    let there =
        NodeId(((key % u32::from(cx.nodes.max(1)) + 1) % u32::from(cx.nodes.max(1))) as u16);
    (cx.cfg.tablets > 1 && there != leader(cx, key)).then_some(there)
}

/// A client's request has come to some server. A snapshot read gets its time here: "s_read =
/// TT.now().latest" (section 4.1.4).
pub(super) fn asked(n: &mut N, cx: &mut Cx, id: OpId, op: Op) {
    match op {
        Op::Read { key } => {
            let Interval { earliest, latest } = now(n, cx);
            let at = if cx.mutant(READ_EARLIEST) { earliest } else { latest };
            cx.note("Snapshot");
            let here = second(cx, key) == Some(n.me);
            let to = if here { n.me } else { leader(cx, key) };
            let limit = uncertain_until(cx, at, earliest);
            tell(n, cx, to, Message::Read(SnapshotRead { id, key, at, limit, asker: None }));
        }
        Op::Scan => {
            let Interval { earliest, latest } = now(n, cx);
            cx.note("Snapshot");
            scan(n, cx, id, latest, uncertain_until(cx, latest, earliest));
        }
        Op::Write { key, .. } | Op::Get { key } => {
            let to = leader(cx, key);
            tell(n, cx, to, Message::Forward { id, op });
        }
    }
}

/// Where writers do not wait, a version that is later than the snapshot may have been there before:
/// no clock is further from another than the interval is long.
fn uncertain_until(cx: &Cx, at: i64, earliest: i64) -> i64 {
    if cx.cfg.wait { at } else { at + (at - earliest) }
}

/// Asks for all rows at one time.
fn scan(n: &mut N, cx: &mut Cx, id: OpId, at: i64, limit: i64) {
    n.state.scans.insert(id, Scan { at, limit, rows: SortedMap::new() });
    for key in 0..SCANNED {
        let to = leader(cx, key);
        tell(n, cx, to, Message::Read(SnapshotRead { id, key, at, limit, asker: Some(n.me) }));
    }
}

/// A row of a scan has come.
fn row(n: &mut N, cx: &mut Cx, id: OpId, key: u32, value: Option<i64>, at: i64) {
    let Some(scan) = n.state.scans.get_mut(&id) else { return };
    if at > scan.at {
        let limit = scan.limit.max(at);
        cx.note("Restart");
        return self::scan(n, cx, id, at, limit);
    }
    // What comes late was read at an earlier time.
    if at == scan.at {
        scan.rows.insert(key, value);
    }
    if scan.rows.len() == SCANNED as usize {
        let rows = [0, 1].map(|key| scan.rows.get(&key).copied().flatten());
        n.state.scans.remove(&id);
        cx.reply(id, Outcome::Ok(Ret::Rows(rows)));
    }
}

fn tell(n: &mut N, cx: &mut Cx, to: NodeId, message: Message) {
    match to == n.me {
        true => receive(n, cx, to, message),
        false => cx.send(to, message),
    }
}

/// A server's message.
pub(super) fn receive(n: &mut N, cx: &mut Cx, from: NodeId, message: Message) {
    match message {
        Message::Forward { id, op: Op::Write { key, value } } => {
            // The network may double a request.
            let last = n.durable.served.get(&id.client);
            if last.is_none_or(|last| id.nth > *last) {
                n.durable.served.insert(id.client, id.nth);
                want(n, cx, key, id, LockWant::Write { value });
            }
        }
        Message::Forward { id, op: Op::Get { key } | Op::Read { key } } => {
            want(n, cx, key, id, LockWant::Read);
        }
        Message::Forward { op: Op::Scan, .. } => {}
        Message::Row { id, key, value, at } => row(n, cx, id, key, value, at),
        Message::Read(snapshot) => {
            n.state.snapshots.push(snapshot);
            answer_snapshots(n, cx);
        }
        Message::Prepare { id, key, value } => {
            let coordinator = from;
            commit::asked_to_prepare(n, cx, id, key, LockWant::Prepare { value, coordinator });
        }
        Message::Prepared { id, at } => commit::prepared(n, cx, from, id, at),
        Message::Commit { id, at } => commit::commit(n, cx, from, id, at),
        Message::Abort { id } => commit::abort(n, cx, id),
        Message::Applied { id } => {
            n.durable.decided.remove(&id);
        }
    }
}

// --- locks: strict two-phase, first come, first served ---

/// Somebody wants a row's lock.
pub(super) fn want(n: &mut N, cx: &mut Cx, key: u32, id: OpId, want: LockWant) {
    let queue = n.state.locks.entry(key).or_default();
    queue.push_back((id, want));
    if queue.len() == 1 {
        grant(n, cx, key);
    }
}

/// The first in the queue has the lock now; whoever only reads is done at once.
fn grant(n: &mut N, cx: &mut Cx, key: u32) {
    while let Some((id, want)) = n.state.locks.get(&key).and_then(VecDeque::front).copied() {
        match want {
            LockWant::Read => {
                let newest = n.durable.store.get(&key).and_then(|all| all.last()).copied();
                reply(n, cx, id, newest, None);
                n.state.locks.get_mut(&key).map(VecDeque::pop_front);
            }
            LockWant::Write { value } => return commit::begin(n, cx, id, key, value),
            LockWant::Prepare { value, coordinator } => {
                return commit::prepare(n, cx, id, key, value, coordinator);
            }
        }
    }
    n.state.locks.remove(&key);
}

/// Whoever has the lock gives it back.
pub(super) fn release(n: &mut N, cx: &mut Cx, key: u32, id: OpId) {
    let Some(queue) = n.state.locks.get_mut(&key) else { return };
    if queue.front().is_some_and(|(holder, _)| *holder == id) {
        queue.pop_front();
        grant(n, cx, key);
    }
}

// --- reads ---

fn reply(n: &mut N, cx: &mut Cx, id: OpId, version: Option<RowVersion>, read: Option<i64>) {
    let (value, at) = (version.map(|v| v.value), version.map(|v| v.at));
    n.state.look.told = value;
    cx.reply(id, Outcome::Ok(Ret::Value { value, at, read }));
}

/// Section 4.1.3: safe is what lies below every prepared transaction. Here, as section 4.2.4 has it,
/// by rows.
fn is_blocked(n: &N, cx: &Cx, read: &SnapshotRead) -> bool {
    let in_the_way = |key: u32, at: i64| key == read.key && at <= read.limit;
    let prepared = n.durable.prepared.values().any(|p| in_the_way(p.key, p.at));
    let waits = |d: &&Decided| !d.committed && !cx.mutant(EARLY_RELEASE);
    prepared || n.durable.decided.values().filter(waits).any(|d| in_the_way(d.key, d.at))
}

/// Answers the snapshot reads that nothing stands in the way of. No transaction may come at or below
/// their time any more, not even after a crash.
pub(super) fn answer_snapshots(n: &mut N, cx: &mut Cx) {
    let all = std::mem::take(&mut n.state.snapshots);
    let (blocked, ready): (Vec<_>, Vec<_>) = all.into_iter().partition(|r| is_blocked(n, cx, r));
    n.state.snapshots = blocked;
    let highest = ready.iter().map(|r| r.at).max().unwrap_or(i64::MIN);
    if highest > n.durable.promised {
        n.durable.promised = highest;
        cx.persist(&n.durable);
    }
    for SnapshotRead { id, key, at, limit, asker } in ready {
        let versions = n.durable.store.get(&key).map_or(&[][..], Vec::as_slice);
        if versions.len() >= KEPT && versions[0].at > at {
            cx.reply(id, Outcome::Fail("that version is gone"));
            continue;
        }
        let version = versions.iter().rev().find(|v| v.at <= limit).copied();
        let at = version.map_or(at, |v| v.at.max(at));
        let Some(asker) = asker else {
            reply(n, cx, id, version, Some(at));
            continue;
        };
        let value = version.map(|v| v.value);
        cx.note("ReadRow");
        n.state.look.told = value;
        tell(n, cx, asker, Message::Row { id, key, value, at });
    }
}

//! A server of the directory: Raft keeps the table, a queue keeps who wants to know.

use super::table::{ServerPlan, ShardEntry, entries, shard};
use super::{Config, Directory, Durable, Message, Ret, ServerRole, Timer, Want, mutant};
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::{Context, Outcome, Protocol};
use crate::core::sorted::SortedMap;
use crate::protocols::nested::{Inner, pass};
use crate::protocols::raft::{self, LogCommand, Raft};

type Cx<'a> = Context<'a, Directory>;

/// What a server of the directory forgets in a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Control {
    /// Its Raft.
    pub raft: raft::State,
    /// Who waits, with the number of the request, the oldest first; it works on the first.
    pub queue: Vec<(NodeId, u32, Want)>,
    /// What its entries of the log, by index, are for.
    pub asked: SortedMap<u64, EntryPurpose>,
}

/// What an entry of the log is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryPurpose {
    /// To answer a request for the table.
    Lookup(NodeId, u32, Want),
    /// To have a shard moved, as a client wants.
    Move(OpId),
    /// To let the entry of a shard follow it.
    Follow(u32),
}

/// The log that all begin with: the first entry of each shard. Its entries carry serial numbers as
/// the first server would have given them.
pub(super) fn first_log(cfg: &Config, plan: ServerPlan) -> raft::Durable {
    let put = |shard: u32| {
        let first = plan.first(shard)?;
        let entry = ShardEntry { version: first.version, owner: first.owner, to: None };
        let op = raft::Op::Put { key: shard, value: entry.pack() };
        let id = OpId { client: NodeId(0), nth: shard + 1 };
        Some(raft::LogEntry { term: 1, command: LogCommand::Client { id, op } })
    };
    let log = (0..cfg.shards).filter_map(put).collect();
    raft::Durable { current_term: 1, voted_for: None, log }
}

fn inner<'a>(cx: &Cx<'a>) -> Inner<'a, Raft> {
    let nodes = ServerPlan::of(cx.cfg, cx.nodes).directory;
    let short = cx.mutant(mutant::SHORT_QUORUM);
    Inner { nodes, cfg: &cx.cfg.raft, mutants: u32::from(short) << raft::mutant::SHORT_QUORUM }
}

pub(super) fn start(cx: &mut Cx, durable: &Durable) -> Control {
    let mut control = Control::default();
    let mut kept = durable.raft.clone();
    let (state, inner) = (&mut control.raft, inner(cx));
    let effects = inner.run(cx, (state, &mut kept), |n, cx| n.state = Raft::boot(cx, &n.durable));
    for effect in effects {
        pass(cx, durable, effect);
    }
    control
}

/// Runs a handler of Raft, and what follows from it.
fn drive(
    c: &mut Control,
    durable: &mut Durable,
    cx: &mut Cx,
    handler: impl FnOnce(&mut crate::core::protocol::Node<Raft>, &mut Context<Raft>),
) {
    let led = leads(c);
    let inner = inner(cx);
    let effects = inner.run(cx, (&mut c.raft, &mut durable.raft), handler);
    for effect in effects {
        if let Some((to, outcome)) = pass(cx, durable, effect) {
            decided(c, cx, to.nth.into(), outcome);
        }
    }
    if !leads(c) {
        c.asked.clear();
    } else if !led {
        let soon = cx.cfg.resend;
        cx.set_timer(Timer::Order, soon);
    }
}

/// Does it lead the directory, as far as it knows?
pub(super) fn leads(c: &Control) -> bool {
    c.raft.role == raft::Role::Leader
}

/// Puts an operation on the log. Its place there is its serial number: no other entry by this
/// server that was ever applied has that one or a higher one.
fn submit(c: &mut Control, durable: &mut Durable, cx: &mut Cx, what: EntryPurpose, op: raft::Op) {
    let index = durable.raft.log.len() + 1;
    let id = OpId { client: cx.me, nth: index as u32 };
    c.asked.insert(index, what);
    drive(c, durable, cx, |n, cx| Raft::on_op(n, cx, id, op));
}

/// An entry of this server's is applied.
fn decided(c: &mut Control, cx: &mut Cx, index: u64, outcome: Outcome<Raft>) {
    let (Some(what), Outcome::Ok(ret)) = (c.asked.remove(&index), outcome) else { return };
    match what {
        EntryPurpose::Lookup(who, nth, want) => {
            cx.note("Answer");
            let wanted = |(shard, e): &(u32, ShardEntry)| match want {
                Want::All => true,
                Want::Shard(s) => *shard == s,
                Want::Mine => e.owner == who || e.to == Some(who),
            };
            let all = entries(cx.cfg, &c.raft.store).into_iter().filter(wanted);
            let places = all.map(|(shard, e)| (shard, e.place())).collect();
            cx.send(who, Message::Table { nth, places });
        }
        EntryPurpose::Move(op) if ret == raft::Ret::Swapped(true) => {
            cx.note("Move");
            cx.reply(op, Outcome::Ok(Ret::Done));
            orders(c, cx);
        }
        EntryPurpose::Move(op) => cx.reply(op, Outcome::Fail("the shard has just begun to move")),
        EntryPurpose::Follow(_) => cx.note("Follow"),
    }
}

/// Tells those between whom shards are to move.
fn orders(c: &Control, cx: &mut Cx) {
    let again = cx.cfg.resend;
    cx.set_timer(Timer::Order, again);
    for (shard, e) in entries(cx.cfg, &c.raft.store) {
        let Some(to) = e.to else { continue };
        let order = Message::Order { shard, version: e.version, from: e.owner, to };
        cx.send(e.owner, order.clone());
        cx.send(to, order);
    }
}

/// A client wants the shard of a key moved.
pub(super) fn order(
    c: &mut Control,
    durable: &mut Durable,
    cx: &mut Cx,
    op: OpId,
    key: u32,
    to: i64,
) {
    if !leads(c) {
        let leader = c.raft.leader.filter(|l| *l != cx.me);
        return cx.reply(op, Outcome::Redirect(leader));
    }
    let shard = shard(cx.cfg, key);
    let plan = ServerPlan::of(cx.cfg, cx.nodes);
    let to = u16::try_from(to - 1).ok().map(NodeId);
    let to = to.filter(|n| n.0 < plan.nodes && plan.role(*n) == ServerRole::Keeper);
    let Some(to) = to else {
        return cx.reply(op, Outcome::Fail("that server keeps no shards"));
    };
    let Some(value) = c.raft.store.values.get(&shard).copied() else {
        return cx.reply(op, Outcome::Fail("the new leader does not know the table yet"));
    };
    let entry = ShardEntry::unpack(value);
    if entry.owner == to || entry.to.is_some() {
        return cx.reply(op, Outcome::Fail("the shard is there or moving already"));
    }
    let next = match cx.mutant(mutant::ENTRY_FIRST) {
        true => ShardEntry { version: entry.version + 1, owner: to, to: None },
        false => ShardEntry { to: Some(to), ..entry },
    };
    let cas = raft::Op::Cas { key: shard, expected: value, value: next.pack() };
    submit(c, durable, cx, EntryPurpose::Move(op), cas);
}

/// How long the directory works on an answer, in microseconds.
pub(super) fn cost(cfg: &Config, keepers: u16, want: Want) -> u64 {
    let entries = match want {
        Want::All => cfg.shards,
        Want::Shard(_) => 1,
        Want::Mine => cfg.shards.div_ceil(u32::from(keepers).max(1)),
    };
    cfg.cost + cfg.entry * u64::from(entries)
}

/// Begins to work on the first that waits.
fn begin(c: &mut Control, durable: &mut Durable, cx: &mut Cx) {
    while let Some((_, _, want)) = c.queue.first() {
        let keepers = ServerPlan::of(cx.cfg, cx.nodes).keepers().len() as u16;
        match cost(cx.cfg, keepers, *want) {
            0 => finish(c, durable, cx),
            work => return cx.set_timer(Timer::Serve, work),
        }
    }
}

/// The first that waits has its turn: the answer is what the log says when it has passed through.
fn finish(c: &mut Control, durable: &mut Durable, cx: &mut Cx) {
    if c.queue.is_empty() {
        return;
    }
    let (who, nth, want) = c.queue.remove(0);
    if !leads(c) {
        let leader = c.raft.leader.filter(|l| *l != cx.me);
        return cx.send(who, Message::NotLeader { nth, leader });
    }
    let key = if let Want::Shard(shard) = want { shard } else { 0 };
    submit(c, durable, cx, EntryPurpose::Lookup(who, nth, want), raft::Op::Get { key });
}

pub(super) fn receive(
    c: &mut Control,
    durable: &mut Durable,
    cx: &mut Cx,
    from: NodeId,
    message: Message,
) {
    match message {
        Message::Raft(inner) => drive(c, durable, cx, |n, cx| Raft::on_message(n, cx, from, inner)),
        Message::Fetch { nth, .. } if !leads(c) => {
            let leader = c.raft.leader.filter(|l| *l != cx.me);
            cx.send(from, Message::NotLeader { nth, leader });
        }
        Message::Fetch { .. } if c.queue.len() >= cx.cfg.queue as usize => cx.note("Shed"),
        Message::Fetch { nth, want } => {
            cx.note("Queue");
            c.queue.push((from, nth, want));
            if c.queue.len() == 1 {
                begin(c, durable, cx);
            }
        }
        Message::Took { shard, version } => took(c, durable, cx, from, shard, version),
        _ => {}
    }
}

/// A shard has moved: its entry follows.
fn took(
    c: &mut Control,
    durable: &mut Durable,
    cx: &mut Cx,
    from: NodeId,
    shard: u32,
    version: u32,
) {
    let Some(value) = c.raft.store.values.get(&shard).copied() else { return };
    let entry = ShardEntry::unpack(value);
    let expected = entry.to == Some(from) && entry.version + 1 == version;
    let asked = c.asked.values().any(|a| *a == EntryPurpose::Follow(shard));
    if !leads(c) || !expected || asked {
        return;
    }
    let next = ShardEntry { version, owner: from, to: None };
    let cas = raft::Op::Cas { key: shard, expected: value, value: next.pack() };
    submit(c, durable, cx, EntryPurpose::Follow(shard), cas);
}

pub(super) fn timer(c: &mut Control, durable: &mut Durable, cx: &mut Cx, timer: Timer) {
    match timer {
        Timer::Election => {
            drive(c, durable, cx, |n, cx| Raft::on_timer(n, cx, raft::Timer::Election));
        }
        Timer::Heartbeat => {
            drive(c, durable, cx, |n, cx| Raft::on_timer(n, cx, raft::Timer::Heartbeat));
        }
        Timer::Serve => {
            finish(c, durable, cx);
            begin(c, durable, cx);
        }
        Timer::Order if leads(c) => {
            let behind = c.raft.commit_index < durable.raft.log.len();
            let moving = entries(cx.cfg, &c.raft.store).iter().any(|(_, e)| e.to.is_some());
            if moving || behind {
                orders(c, cx);
            }
        }
        _ => {}
    }
}

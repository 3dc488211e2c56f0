//! A shard server: owns what it holds, under a version, and gives it away in parcels.

use super::fetch::{valid_at_first, valid_for};
use super::table::{ServerPlan, keys};
use super::{
    Channel, Config, Directory, Durable, Fetcher, Items, Message, Op, Owned, Packet, Ret,
    ShardParcel, StoredKey, Timer, Want, mutant,
};
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::Context;

type Cx<'a> = Context<'a, Directory>;

/// What a shard server forgets in a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Keeper {
    /// The directory has not confirmed in time what it owns: it serves nobody.
    pub unsure: bool,
    /// How it is confirmed.
    pub fetch: Fetcher,
}

/// What it is set up with.
pub(super) fn first(cfg: &Config, plan: ServerPlan, me: NodeId, blank: Durable) -> Durable {
    let mine = (0..cfg.shards).filter(|s| plan.first(*s).is_some_and(|p| p.owner == me));
    let whole = |shard| {
        let items = keys(cfg, shard).map(|key| (key, StoredKey::default())).collect();
        (shard, Owned { version: 1, items })
    };
    let links = vec![Channel::default(); plan.nodes.into()];
    Durable { owned: mine.map(whole).collect(), links, ..blank }
}

pub(super) fn start(cx: &mut Cx, durable: &Durable) -> Keeper {
    let mut keeper = Keeper::default();
    let lease = cx.cfg.lease;
    if lease > 0 && durable.fresh {
        valid_at_first(cx, lease, true);
    } else if lease > 0 {
        keeper.unsure = true;
        confirm(&mut keeper, cx);
    }
    if durable.links.iter().any(|l| !l.unacknowledged.is_empty()) {
        let resend = cx.cfg.resend;
        cx.set_timer(Timer::Resend, resend);
    }
    keeper
}

fn confirm(k: &mut Keeper, cx: &mut Cx) {
    let want = if cx.cfg.segment { Want::Mine } else { Want::All };
    k.fetch.ask(cx, want);
}

pub(super) fn receive(
    k: &mut Keeper,
    durable: &mut Durable,
    cx: &mut Cx,
    from: NodeId,
    message: Message,
) {
    match message {
        Message::Forward { op, .. } if k.unsure => {
            cx.note("Refuse");
            cx.send(from, Message::Refuse { op });
        }
        Message::Forward { op, call, shard, version } => {
            serve(durable, cx, from, op, call, (shard, version));
        }
        Message::Order { shard, version, from: owner, to } => {
            if owner == cx.me && to != cx.me {
                give(durable, cx, shard, version, to);
            } else if durable.owned.get(&shard).is_some_and(|o| o.version > version) {
                cx.send(from, Message::Took { shard, version: version + 1 });
            }
        }
        Message::Give(packet) => parcel(durable, cx, from, *packet),
        Message::Table { nth, .. } if k.fetch.answered(cx, from, nth) => {
            k.unsure = false;
            let lease = cx.cfg.lease;
            valid_for(cx, lease, true);
        }
        Message::NotLeader { nth, leader } => k.fetch.redirected(cx, nth, leader),
        _ => {}
    }
}

pub(super) fn timer(k: &mut Keeper, durable: &mut Durable, cx: &mut Cx, timer: Timer) {
    match timer {
        Timer::Patience => k.fetch.timed_out(cx),
        Timer::Fetch => confirm(k, cx),
        Timer::Expire => {
            cx.note("Disqualify");
            k.unsure = true;
            confirm(k, cx);
        }
        Timer::Resend => (0..cx.nodes).for_each(|to| post(durable, cx, NodeId(to))),
        _ => {}
    }
}

/// What it would do a request on: a shard that it owns, under the version asked for if one is; or,
/// without such a check, whatever it has of that shard.
fn place<'a>(
    durable: &'a mut Durable,
    cx: &Cx,
    (shard, version): (u32, Option<u32>),
    reads: bool,
) -> Option<&'a mut Items> {
    let careless =
        version.is_none() || cx.mutant(mutant::SKIP_CHECK) || reads && cx.mutant(mutant::READ_OLD);
    let owned = durable.owned.get_mut(&shard);
    let fits = |o: &&mut Owned| careless || version == Some(o.version);
    let mine = owned.filter(fits).map(|o| &mut o.items);
    mine.or_else(|| durable.old.get_mut(&shard).filter(|_| careless))
}

/// A client's request, by way of a router.
fn serve(
    durable: &mut Durable,
    cx: &mut Cx,
    router: NodeId,
    op: OpId,
    call: Op,
    of: (u32, Option<u32>),
) {
    let reads = matches!(call, Op::Get { .. });
    let wanted = durable.owned.get(&of.0).map(|o| o.version);
    let Some(items) = place(durable, cx, of, reads) else {
        cx.note("Bounce");
        let (shard, received) = of;
        return cx.send(router, Message::Stale { op, shard, received, wanted });
    };
    let ret = match call {
        Op::Get { key } => {
            cx.note("Read");
            Ret::Value(items.get(&key).and_then(|item| item.value))
        }
        Op::Put { key, value } => {
            let item = items.entry(key).or_default();
            let last = item.served.entry(op.client).or_default();
            // What was written before, here or at an owner before, is only acknowledged.
            if *last <= op.nth {
                *last = op.nth + 1;
                (item.value, item.version) = (Some(value), item.version + 1);
                cx.note("Write");
            }
            cx.persist(durable);
            Ret::Done
        }
        Op::Move { .. } => return,
    };
    cx.send(router, Message::Answer { op, ret });
}

/// Gives a shard away: it is no longer owned here before anybody hears of it.
fn give(durable: &mut Durable, cx: &mut Cx, shard: u32, version: u32, to: NodeId) {
    let keep = cx.mutant(mutant::KEEP_SERVING);
    let Some(owned) = durable.owned.get(&shard).filter(|o| o.version == version).cloned() else {
        return;
    };
    let Some(link) = durable.links.get_mut(to.at()) else { return };
    if keep && link.unacknowledged.iter().any(|p| p.shard == shard) {
        return;
    }
    let idle = link.unacknowledged.is_empty();
    let items: Vec<(u32, StoredKey)> = owned.items.iter().map(|(k, i)| (*k, i.clone())).collect();
    let size = cx.cfg.parcel.max(1) as usize;
    let parts = items.len().div_ceil(size).max(1);
    for nth in 0..parts {
        let keys = items.iter().skip(nth * size).take(size).cloned().collect();
        link.send(ShardParcel { shard, version: version + 1, keys, last: nth + 1 == parts });
    }
    if !keep {
        durable.owned.remove(&shard);
        durable.old.insert(shard, owned.items);
    }
    cx.note("Give");
    cx.persist(durable);
    if idle {
        post(durable, cx, to);
    }
}

/// Sends the oldest parcel that a server has not acknowledged.
fn post(durable: &mut Durable, cx: &mut Cx, to: NodeId) {
    let Some(link) = durable.links.get_mut(to.at()) else { return };
    let Some(packet) = link.again().next() else { return };
    if cx.mutant(mutant::FORGET) {
        link.unacknowledged.remove(0);
    }
    cx.send(to, Message::Give(Box::new(packet)));
    let resend = cx.cfg.resend;
    cx.set_timer(Timer::Resend, resend);
}

/// Keys have come, or their acknowledgement.
fn parcel(durable: &mut Durable, cx: &mut Cx, from: NodeId, packet: Packet<ShardParcel>) {
    let Some(link) = durable.links.get_mut(from.at()) else { return };
    let waited = link.unacknowledged.len();
    let gone = link.unacknowledged.first().filter(|p| p.last).map(|p| p.shard);
    link.confirm(packet.ack);
    let confirmed = link.unacknowledged.len() < waited;
    let mut taken = Vec::new();
    let asks = packet.body.is_some();
    if let Some(body) = packet.body.filter(|_| !link.knows(packet.nth)) {
        link.arrive(packet.nth, body);
    }
    while let Some((_, body)) = link.take() {
        taken.push(body);
    }
    let answer = Message::Give(Box::new(link.acknowledge()));
    if let Some(shard) = gone.filter(|_| confirmed && cx.mutant(mutant::KEEP_SERVING)) {
        durable.owned.remove(&shard);
    }
    let whole: Vec<(u32, u32)> = taken.into_iter().filter_map(|p| take(durable, p)).collect();
    if !whole.is_empty() {
        cx.note("Take");
    }
    if asks && cx.mutant(mutant::ACK_EARLY) {
        cx.send(from, answer.clone());
    }
    cx.persist(durable);
    if asks && !cx.mutant(mutant::ACK_EARLY) {
        cx.send(from, answer);
    }
    let directory = ServerPlan::of(cx.cfg, cx.nodes).directory;
    for (shard, version) in whole {
        (0..directory).for_each(|n| cx.send(NodeId(n), Message::Took { shard, version }));
    }
    if confirmed {
        post(durable, cx, from);
    }
}

/// Takes a parcel; the shard and its version if that was the last of it.
fn take(durable: &mut Durable, parcel: ShardParcel) -> Option<(u32, u32)> {
    let ShardParcel { shard, version, keys, last } = parcel;
    let part = durable.coming.entry(shard).or_default();
    part.version = version;
    part.items.extend(keys);
    if !last {
        return None;
    }
    let whole = durable.coming.remove(&shard)?;
    durable.old.remove(&shard);
    durable.owned.insert(shard, whole);
    Some((shard, version))
}

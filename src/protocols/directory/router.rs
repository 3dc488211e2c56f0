//! A router: knows where things were, and finds out when they are elsewhere.

use super::fetch::{valid_at_first, valid_for};
use super::table::{ServerPlan, shard};
use super::{Config, Directory, Fetcher, Message, Op, ShardPlace, Timer, Want, mutant};
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::{Context, Outcome};
use crate::core::sorted::SortedMap;

type Cx<'a> = Context<'a, Directory>;

/// What a router knows; it has nothing on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Router {
    /// Its copy of the table, as far as it has one.
    pub cache: SortedMap<u32, Cached>,
    /// How it gets more.
    pub fetch: Fetcher,
    /// Requests that it has taken on, one a client.
    pub pending: SortedMap<NodeId, RoutedRequest>,
}

/// A cached entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cached {
    /// Where the shard was said to be.
    pub place: ShardPlace,
    /// It has proved wrong.
    pub stale: bool,
}

/// A request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoutedRequest {
    /// The client's number of it.
    pub nth: u32,
    /// What it asks.
    pub call: Op,
    /// How often it came back.
    pub bounces: u32,
    /// It is with a shard server; else it waits for the directory.
    pub sent: bool,
}

impl Router {
    /// Is this the request that it has taken on for that client?
    fn awaits(&self, op: OpId) -> bool {
        self.pending.get(&op.client).is_some_and(|p| p.nth == op.nth)
    }
}

fn shard_of(cfg: &Config, op: Op) -> u32 {
    let (Op::Get { key } | Op::Put { key, .. } | Op::Move { key, .. }) = op;
    shard(cfg, key)
}

/// A start: with the table it was set up with, or, later, with none.
pub(super) fn start(cx: &mut Cx, fresh: bool) -> Router {
    let mut router = Router::default();
    let (ttl, whole) = (cx.cfg.ttl, !cx.cfg.segment);
    if fresh {
        let plan = ServerPlan::of(cx.cfg, cx.nodes);
        let place = |shard| Some((shard, Cached { place: plan.first(shard)?, stale: false }));
        router.cache = (0..cx.cfg.shards).filter_map(place).collect();
        valid_at_first(cx, ttl, whole);
    } else if whole {
        router.fetch.ask(cx, Want::All);
    }
    router
}

/// A client asks.
pub(super) fn ask(r: &mut Router, cx: &mut Cx, id: OpId, call: Op) {
    let known = r.pending.get(&id.client).map(|p| p.nth);
    if known.is_some_and(|nth| nth > id.nth) {
        return;
    }
    if known != Some(id.nth) {
        let pending = RoutedRequest { nth: id.nth, call, bounces: 0, sent: false };
        r.pending.insert(id.client, pending);
    }
    forward(r, cx, id.client);
}

/// Takes a client's request to where its shard is thought to be, or finds out.
fn forward(r: &mut Router, cx: &mut Cx, client: NodeId) {
    let Some(p) = r.pending.get_mut(&client) else { return };
    let shard = shard_of(cx.cfg, p.call);
    match r.cache.get(&shard).filter(|c| !c.stale) {
        Some(Cached { place, .. }) => {
            p.sent = true;
            let op = OpId { client, nth: p.nth };
            let version = cx.cfg.check.then_some(place.version);
            cx.note("Forward");
            cx.send(place.owner, Message::Forward { op, call: p.call, shard, version });
        }
        None => {
            p.sent = false;
            let want = if cx.cfg.segment { Want::Shard(shard) } else { Want::All };
            r.fetch.ask(cx, want);
        }
    }
}

pub(super) fn receive(r: &mut Router, cx: &mut Cx, from: NodeId, message: Message) {
    match message {
        Message::Answer { op, ret } if r.awaits(op) => {
            r.pending.remove(&op.client);
            cx.reply(op, Outcome::Ok(ret));
        }
        Message::Stale { op, shard, received, .. } => bounced(r, cx, from, op, (shard, received)),
        // Whether an earlier try was carried out, nobody here knows: the client has to wait.
        Message::Refuse { op } if r.awaits(op) => {
            r.pending.remove(&op.client);
        }
        Message::Table { nth, places } if r.fetch.answered(cx, from, nth) => learn(r, cx, places),
        Message::NotLeader { nth, leader } => r.fetch.redirected(cx, nth, leader),
        _ => {}
    }
}

/// Not there, or no longer under that version.
fn bounced(r: &mut Router, cx: &mut Cx, from: NodeId, op: OpId, of: (u32, Option<u32>)) {
    let (shard, received) = of;
    let Some(p) = r.pending.get_mut(&op.client) else { return };
    if p.nth != op.nth || !p.sent {
        return;
    }
    cx.note("StaleConfig");
    // What it has learned meanwhile may be right.
    let same = |c: &&mut Cached| {
        c.place.owner == from && received.is_none_or(|version| version == c.place.version)
    };
    if let Some(c) = r.cache.get_mut(&shard).filter(same) {
        c.stale = true;
    }
    if p.bounces >= cx.cfg.bounces && !cx.mutant(mutant::BOUNCE_ON) {
        // It was not carried out this time, but may have been before: no answer is the only true
        // one.
        cx.note("GiveUp");
        r.pending.remove(&op.client);
        return;
    }
    p.bounces += 1;
    forward(r, cx, op.client);
}

/// The directory has answered.
fn learn(r: &mut Router, cx: &mut Cx, places: Vec<(u32, ShardPlace)>) {
    for (shard, place) in places {
        let known = r.cache.get(&shard).map_or(0, |c| c.place.version);
        if place.version >= known {
            r.cache.insert(shard, Cached { place, stale: false });
        }
    }
    let (ttl, renew) = (cx.cfg.ttl, !cx.cfg.segment);
    valid_for(cx, ttl, renew);
    let waiting: Vec<NodeId> =
        r.pending.iter().filter(|(_, p)| !p.sent).map(|(client, _)| *client).collect();
    for client in waiting {
        forward(r, cx, client);
    }
}

pub(super) fn timer(r: &mut Router, cx: &mut Cx, timer: Timer) {
    match timer {
        Timer::Patience => r.fetch.timed_out(cx),
        Timer::Fetch => {
            let want = if cx.cfg.segment { r.fetch.want } else { Want::All };
            r.fetch.ask(cx, want);
        }
        Timer::Expire => {
            cx.note("Expire");
            r.cache.clear();
            if !cx.cfg.segment {
                r.fetch.ask(cx, Want::All);
            }
        }
        _ => {}
    }
}

//! How it is looked at.

use super::control::leads;
use super::storm::LoadStorm;
use super::table::entries;
use super::*;
use crate::core::protocol::{Show, call_text};
use crate::core::view::{
    Border, Cell, Fact, Family, Lens, LogView, Mark, MessageLook, NodeLook, NodeShape, Seat, Tray,
};
use crate::protocols::raft::{Log, LogCommand};

/// Entries of the log that are shown.
const MOST_CELLS: u64 = 40;
/// Seats of a tray that are shown.
const MOST_SEATS: usize = 10;

fn pair(name: &str, text: String) -> (String, String) {
    (name.to_string(), text)
}

impl Show for Directory {
    const LENSES: &'static [Lens] = &[Lens::Log, Lens::History];
    const LANDMARKS: &'static [&'static str] = &["Give", "Take", "BecomeLeader"];

    fn shape(cfg: &Config, common: &Common, me: NodeId) -> NodeShape {
        match ServerPlan::of(cfg, common.nodes).role(me) {
            ServerRole::Directory => NodeShape::Service,
            ServerRole::Router => NodeShape::Router,
            ServerRole::Keeper => NodeShape::Server,
        }
    }

    fn answer(ret: &Ret) -> Option<String> {
        match ret {
            Ret::Done => None,
            Ret::Value(None) => Some("nil".into()),
            Ret::Value(Some(v)) => Some(v.to_string()),
        }
    }

    fn node(cfg: &Config, _: &Common, node: &Node<Self>) -> NodeLook {
        match &node.state {
            State::Directory(c) => directory(cfg, c, &node.durable),
            State::Router(r) => router(r),
            State::Keeper(k) => keeper(k, &node.durable),
        }
    }

    fn log(node: &Node<Self>) -> Option<LogView> {
        let State::Directory(c) = &node.state else { return None };
        let log = &node.durable.raft.log;
        let first = log.len().saturating_sub(MOST_CELLS) + 1;
        Some(LogView { first, cells: cells(log, first), committed: c.raft.commit_index })
    }

    fn trays(_: &Config, node: &Node<Self>) -> Vec<Tray> {
        match &node.state {
            State::Directory(c) if leads(c) => vec![queue(c)],
            State::Directory(_) => Vec::new(),
            State::Router(r) => vec![cache(r), requests(r)],
            State::Keeper(_) => shelves(&node.durable),
        }
    }

    fn message(message: &Message) -> MessageLook {
        match message {
            Message::Raft(inner) => Raft::message(inner),
            Message::Give(p) if p.body.is_none() => {
                MessageLook { name: "Taken", family: Family::Ack, reply: true, ..message.look() }
            }
            _ => message.look(),
        }
    }

    const FACTS: &'static [&'static str] =
        &["owners", "load", "metastable", "refresh-storm", "availability"];

    fn facts(observer: &Observer) -> Vec<Fact> {
        let all: Vec<String> =
            observer.newest.iter().take(12).map(|(s, p)| place(*s, *p)).collect();
        let mut out = Vec::new();
        if !all.is_empty() {
            let text = format!("newest owners: {}", all.join(" "));
            out.push(Fact::new("owners", text));
        }
        out.extend(LoadStorm::facts(&observer.storm));
        out.extend(observer.watch.sentence().map(|text| Fact::new("availability", text)));
        out
    }

    fn committed(observer: &Observer) -> Option<u64> {
        Some(observer.table.len())
    }
}

/// `2 S6 v3`: shard 2 is at S6 since version 3.
fn place(shard: u32, p: ShardPlace) -> String {
    format!("{shard}:{} v{}", Directory::name(p.owner.0), p.version)
}

fn wants(want: Want) -> String {
    match want {
        Want::All => "all".into(),
        Want::Shard(shard) => format!("shard {shard}"),
        Want::Mine => "its own".into(),
    }
}

fn directory(cfg: &Config, c: &Control, durable: &Durable) -> NodeLook {
    let (role, border, glyph) = match c.raft.role {
        raft::Role::Leader => ("Leader", Border::Double, "L"),
        raft::Role::Candidate => ("Candidate", Border::Dashed, "C"),
        raft::Role::Follower => ("Follower", Border::Single, "D"),
    };
    let entry = |(shard, e): (u32, ShardEntry)| {
        let to = e.to.map_or(String::new(), |to| format!("->{}", Directory::name(to.0)));
        place(shard, e.place()) + &to
    };
    let all = entries(cfg, &c.raft.store);
    let moving = all.iter().filter(|(_, e)| e.to.is_some()).count();
    let table: Vec<String> = all.into_iter().take(12).map(entry).collect();
    NodeLook {
        role: role.into(),
        border,
        glyph: glyph.into(),
        epoch: Some(durable.raft.current_term),
        badge: match c.queue.len() {
            0 => format!("term {}", durable.raft.current_term),
            n => format!("{n} waiting"),
        },
        durable: vec![
            pair("currentTerm", durable.raft.current_term.to_string()),
            pair("log", format!("{} entries", durable.raft.log.len())),
        ],
        volatile: vec![
            pair("table", table.join(" ")),
            pair("moving", moving.to_string()),
            pair("waiting", c.queue.len().to_string()),
            pair("commitIndex", c.raft.commit_index.to_string()),
        ],
        ballots: Vec::new(),
    }
}

fn router(r: &Router) -> NodeLook {
    let stale = r.cache.values().filter(|c| c.stale).count();
    let newest = r.cache.values().map(|c| c.place.version).max().unwrap_or(0);
    let cached: Vec<String> = r.cache.iter().take(12).map(|(s, c)| place(*s, c.place)).collect();
    let bounces = r.pending.values().map(|p| p.bounces).max().unwrap_or(0);
    NodeLook {
        role: "Router".into(),
        border: Border::Single,
        glyph: "R".into(),
        epoch: None,
        badge: match (r.cache.is_empty(), stale) {
            (true, _) => "empty".into(),
            (false, 0) => format!("v{newest}"),
            (false, _) => "stale".into(),
        },
        durable: Vec::new(),
        volatile: vec![
            pair("cached", r.cache.len().to_string()),
            pair("stale", stale.to_string()),
            pair("table", cached.join(" ")),
            pair("requests", r.pending.len().to_string()),
            pair("bounces", bounces.to_string()),
            pair("fetches", r.fetch.sent.to_string()),
            pair("fetch", fetch(&r.fetch)),
            pair("failures", r.fetch.failures.to_string()),
        ],
        ballots: Vec::new(),
    }
}

fn fetch(f: &Fetcher) -> String {
    match f.waiting {
        true => format!("waits for {}", Directory::name(f.directory.0)),
        false => String::new(),
    }
}

fn keeper(k: &Keeper, d: &Durable) -> NodeLook {
    let keys: usize = d.owned.values().map(|o| o.items.len()).sum();
    let owned = d.owned.iter().map(|(s, o)| format!("{s} v{}", o.version));
    let parcels = d.links.iter().map(|l| l.unacknowledged.len()).sum::<usize>();
    let old = d.old.keys().map(u32::to_string).collect::<Vec<_>>();
    NodeLook {
        role: if k.unsure { "Unsure" } else { "Shard" }.into(),
        border: if k.unsure { Border::Dashed } else { Border::Single },
        glyph: if k.unsure { "?" } else { "" }.into(),
        epoch: None,
        badge: match d.owned.len() {
            1 => "1 shard".into(),
            n => format!("{n} shards"),
        },
        durable: vec![
            pair("shards", d.owned.len().to_string()),
            pair("owns", owned.take(12).collect::<Vec<_>>().join(", ")),
            pair("keys", keys.to_string()),
            pair("parcels", parcels.to_string()),
            pair("coming", d.coming.keys().map(u32::to_string).collect::<Vec<_>>().join(" ")),
            pair("old copies", old.join(" ")),
        ],
        volatile: vec![
            pair("fetches", k.fetch.sent.to_string()),
            pair("fetch", fetch(&k.fetch)),
            pair("failures", k.fetch.failures.to_string()),
        ],
        ballots: Vec::new(),
    }
}

/// The last entries: `2→S6` moves or names an owner, `?` looks up.
fn cells(log: &Log, first: u64) -> Vec<Cell> {
    let text = |command: &LogCommand| match command {
        LogCommand::Noop => "·".into(),
        LogCommand::Client { op, .. } => match op {
            raft::Op::Get { .. } => "?".into(),
            raft::Op::Put { key, value } | raft::Op::Cas { key, value, .. } => {
                let e = ShardEntry::unpack(*value);
                match e.to {
                    Some(to) => format!("{key}→{}", Directory::name(to.0)),
                    None => format!("{key}:{}", Directory::name(e.owner.0)),
                }
            }
        },
    };
    log.iter_from(first).map(|e| Cell { text: text(&e.command), epoch: e.term }).collect()
}

fn tray(title: &str, mut seats: Vec<Seat>) -> Tray {
    let more = seats.len().saturating_sub(MOST_SEATS);
    seats.truncate(MOST_SEATS);
    if more > 0 {
        seats.push(Seat { text: format!("and {more} more"), mark: Mark::Plain });
    }
    Tray { title: title.into(), seats }
}

/// Who waits at the directory; it works on the first.
fn queue(c: &Control) -> Tray {
    let seat = |(nth, (who, _, want)): (usize, &(NodeId, u32, Want))| {
        let mark = if nth == 0 { Mark::Chosen } else { Mark::Waiting };
        Seat { text: format!("{}: {}", Directory::name(who.0), wants(*want)), mark }
    };
    tray("queue", c.queue.iter().enumerate().map(seat).collect())
}

fn cache(r: &Router) -> Tray {
    let seat = |(shard, c): (&u32, &Cached)| {
        let mark = if c.stale { Mark::Stale } else { Mark::Plain };
        Seat { text: place(*shard, c.place), mark }
    };
    tray("cache", r.cache.iter().map(seat).collect())
}

fn requests(r: &Router) -> Tray {
    let seat = |p: &RoutedRequest| {
        let call = call_text(Directory::CALLS, &Directory::call(&p.call));
        let again = if p.bounces > 0 { format!(", bounced {}", p.bounces) } else { String::new() };
        Seat { text: call + &again, mark: if p.sent { Mark::Plain } else { Mark::Waiting } }
    };
    tray("requests", r.pending.values().map(seat).collect())
}

/// What a shard server has: its own, what comes and goes, and what it has not cleaned up.
fn shelves(d: &Durable) -> Vec<Tray> {
    let seat = |text: String, mark| Seat { text, mark };
    let owned = d.owned.iter().map(|(s, o)| seat(format!("{s} v{}", o.version), Mark::Chosen));
    let going = d.links.iter().flat_map(|l| &l.unacknowledged).filter(|p| p.last);
    let going = going.map(|p| seat(format!("{} leaves", p.shard), Mark::Waiting));
    let coming = d.coming.keys().map(|s| seat(format!("{s} comes"), Mark::Waiting));
    let old = d.old.keys().map(|s| seat(format!("{s} old copy"), Mark::Stale));
    vec![tray("shards", owned.chain(going).chain(coming).chain(old).collect())]
}

//! How it is looked at.

use super::place;
use super::*;
use crate::core::protocol::{Show, key_name};
use crate::core::view::{
    Border, Fact, Family, KeyView, Lens, MessageLook, MoveView, NodeLook, RingView,
};
use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;

impl Show for Hashing {
    const LENSES: &'static [Lens] = &[Lens::Ring];
    const LANDMARKS: &'static [&'static str] = &["Join", "Leave", "Take"];

    fn answer(ret: &Ret) -> Option<String> {
        match ret {
            Ret::Done => None,
            Ret::Value(None) => Some("nil".into()),
            Ret::Value(Some(v)) => Some(v.to_string()),
            Ret::Found { keys, asked } => Some(format!("{keys} keys from {asked} servers")),
        }
    }

    fn node(cfg: &Config, _: &Common, node: &Node<Self>) -> NodeLook {
        let d = &node.durable;
        let member = d.table.members.contains(&node.me);
        let leaving = d.on_way().count();
        let role = match (member, d.held.is_empty()) {
            _ if d.table.gone.has(node.me) => "Gone",
            (true, _) => "Member",
            (false, false) => "Leaving",
            (false, true) => "Spare",
        };
        let pair = |name: &str, text: String| (name.to_string(), text);
        let wait = |((k, _), p): (&(u32, u32), &PendingWrite)| {
            format!("write of {}: {} of {} copies", key_name(*k), p.stored.len(), cfg.copies)
        };
        let waits: Vec<String> = node.state.pending.iter().map(wait).collect();
        NodeLook {
            role: role.into(),
            border: if member { Border::Single } else { Border::Thin },
            glyph: if node.me == rules::KEEPER { "K" } else { "" }.into(),
            epoch: member.then(|| u64::from(node.me.0)),
            badge: format!("{} keys", d.held.len()),
            durable: vec![
                pair("keys", d.held.len().to_string()),
                pair("members", members(&d.table)),
                pair("holds", names(d.held.iter(), d.held.len())),
                pair("in parcels", names(d.on_way(), leaving as u32)),
                pair("copies", names(d.copies.keys().copied(), d.copies.len() as u32)),
            ],
            volatile: vec![
                pair("rack", (place::rack(cfg, node.me) + 1).to_string()),
                pair(
                    "gives away",
                    if leaving == 0 { String::new() } else { format!("{leaving} keys") },
                ),
                pair("waits", waits.join("; ")),
            ],
            ballots: Vec::new(),
        }
    }

    fn message(message: &Message) -> MessageLook {
        match message {
            Message::Give(p) if p.body.is_none() => {
                MessageLook { name: "Taken", family: Family::Ack, reply: true, ..message.look() }
            }
            _ => message.look(),
        }
    }

    const FACTS: &'static [&'static str] =
        &["members", "even", "uneven", "heirs", "shared", "scan", "busiest", "availability"];

    fn facts(observer: &Observer) -> Vec<Fact> {
        let table = &observer.table;
        let text = format!("members, table {}: {}", table.version, members(table));
        let mut out = vec![Fact::new("members", text)];
        out.extend(observer.tells());
        out.extend(observer.watch.sentence().map(|text| Fact::new("availability", text)));
        out
    }

    fn ring<'a>(
        cfg: &Config,
        common: &Common,
        observer: &Observer,
        nodes: impl FnOnce() -> Vec<&'a Node<Self>>,
    ) -> Option<RingView> {
        let nodes = nodes();
        let newest = nodes.iter().max_by_key(|n| n.durable.table.version)?;
        let members = &newest.durable.table.members;
        let shown = newest.state.place.shown();
        let stock = KeyHolders::of(&nodes, &newest.durable.table, &shown.keys);
        let rule = Scheme::NAMES[cfg.scheme as usize];
        Some(RingView {
            rule,
            points: shown.points.clone(),
            moves: moves(common, &nodes, &stock),
            keys: shown.keys.clone(),
            holders: stock.holders.clone(),
            members: members.clone(),
            rules: observer.rules.clone(),
            least: least(cfg, observer),
            asked: members.iter().map(|m| observer.done.get(m).copied().unwrap_or(0)).collect(),
        })
    }
}

/// The share of keys that has to move if all servers hold the same number: rounded.
fn least(cfg: &Config, observer: &Observer) -> u32 {
    let (from, to) = (&observer.before.members, &observer.table.members);
    let came = to.iter().filter(|m| !from.contains(m)).count() as u32;
    let went = from.iter().filter(|m| !to.contains(m)).count() as u32;
    let [from, to] = [from, to].map(|m| m.len().max(1) as u32);
    (cfg.keys * came + to / 2) / to + (cfg.keys * went + from / 2) / from
}

/// Keys that a server holds and another is to have, by giver and taker.
type Owed = SortedMap<(NodeId, NodeId), u32>;

/// Who holds each key, as last asked for: that changes more seldom than pictures.
#[derive(Default)]
struct KeyHolders {
    held: Vec<Keys>,
    gone: NodeSet,
    keys: Arc<Vec<KeyView>>,
    holders: Arc<Vec<Option<NodeId>>>,
    owed: Owed,
}

thread_local! {
    static LAST: RefCell<Rc<KeyHolders>> = RefCell::default();
}

impl KeyHolders {
    fn of(
        nodes: &[&Node<Hashing>],
        table: &MemberTable,
        keys: &Arc<Vec<KeyView>>,
    ) -> Rc<KeyHolders> {
        LAST.with_borrow_mut(|last| {
            let same = |(n, held): (&&Node<Hashing>, &Keys)| n.durable.held.same(held);
            let fits = last.gone == table.gone
                && last.held.len() == nodes.len()
                && Arc::ptr_eq(&last.keys, keys)
                && nodes.iter().zip(&last.held).all(same);
            if !fits {
                *last = Rc::new(KeyHolders::count(nodes, table, keys));
            }
            last.clone()
        })
    }

    fn count(
        nodes: &[&Node<Hashing>],
        table: &MemberTable,
        keys: &Arc<Vec<KeyView>>,
    ) -> KeyHolders {
        let mut holders: Vec<Option<NodeId>> = vec![None; keys.len()];
        // What a server that is gone still has on its disk counts where nobody else has it.
        let gone = |n: &&&Node<Hashing>| table.gone.has(n.me);
        for n in nodes.iter().filter(gone).chain(nodes.iter().filter(|n| !gone(n))) {
            for key in n.durable.held.iter() {
                if let Some(slot) = holders.get_mut(key as usize) {
                    *slot = Some(n.me);
                }
            }
        }
        let mut owed = Owed::new();
        for (key, holder) in keys.iter().zip(&holders) {
            if let Some(from) = holder.filter(|h| *h != key.owner) {
                *owed.entry((from, key.owner)).or_default() += 1;
            }
        }
        KeyHolders {
            held: nodes.iter().map(|n| n.durable.held.clone()).collect(),
            gone: table.gone,
            keys: keys.clone(),
            holders: Arc::new(holders),
            owed,
        }
    }
}

/// What each server still owes each other one.
fn moves(common: &Common, nodes: &[&Node<Hashing>], stock: &KeyHolders) -> Vec<MoveView> {
    let mut owed = stock.owed.clone();
    for n in nodes {
        let open = n.durable.links.iter().zip((0..).map(NodeId));
        for (link, to) in open.filter(|(link, _)| !link.unacknowledged.is_empty()) {
            let taken = nodes.get(to.at()).map_or(0, |t| t.durable.links[n.me.at()].got);
            let first = link.sent + 1 - link.unacknowledged.len() as u32;
            let open = (first..).zip(&link.unacknowledged).filter(|(nth, _)| *nth > taken);
            let count: usize = open.map(|(_, p)| p.keys.len()).sum();
            if count > 0 {
                *owed.entry((n.me, to)).or_default() += count as u32;
            }
        }
    }
    let view = |((from, to), keys): ((NodeId, NodeId), u32)| {
        let bytes = u64::from(keys) * u64::from(ITEM);
        let rate = u64::from(common.net.bandwidth);
        let left = (rate > 0).then(|| bytes * 1_000_000 / rate.max(1));
        MoveView { from, to, keys, bytes, left }
    };
    owed.into_iter().map(view).collect()
}

fn members(table: &MemberTable) -> String {
    let name = |out: &mut String, n: &NodeId| _ = write!(out, "S{}", n.0 + 1);
    first(table.members.iter(), table.members.len() as u32, name)
}

/// Numbers of keys, the first dozen of them.
fn names(keys: impl Iterator<Item = u32>, count: u32) -> String {
    first(keys, count, |out, key| match key {
        0..3 => out.push_str(&key_name(key)),
        _ => _ = write!(out, "k{key}"),
    })
}

fn first<T>(all: impl Iterator<Item = T>, count: u32, name: impl Fn(&mut String, T)) -> String {
    let most = 12;
    let mut out = String::with_capacity(96);
    for one in all.take(most as usize) {
        if !out.is_empty() {
            out.push(' ');
        }
        name(&mut out, one);
    }
    if count > most {
        let _ = write!(out, " and {} more", count - most);
    }
    out
}

//! A server that never comes back, with its disk: what it had is taken from the copies.
//!
//! What it had is what nobody else has. While the table speaks of a loss keys change hands nowhere,
//! so that everybody's answer, whenever it is given, counts each key that is not lost at least once:
//! a key on its way is in the giver's parcel until it was taken before the taker's answer.

use super::rules::{Cx, KEEPER, Me, adopt, announce, copy, server};
use super::*;
use crate::core::protocol::Outcome;

/// What others have said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Census {
    /// Who has not answered.
    pub open: NodeSet,
    /// Keys that somebody has, or has in a parcel.
    pub found: Keys,
    /// The newest copies met.
    pub newest: SortedMap<u32, StoredKey>,
}

/// The administrator gives a server up.
pub fn replace(node: &mut Me, cx: &mut Cx, id: OpId, (dead, by): (i64, Option<i64>)) {
    let mut table = node.durable.table.clone();
    let new = by.map(|by| server(cx, by));
    let why = match (server(cx, dead), new) {
        (None, _) | (_, Some(None)) => "there is no such server",
        (Some(KEEPER), _) => "the keeper of the table cannot be replaced",
        (Some(dead), _) if table.gone.has(dead) => "it was said to be gone before",
        (Some(dead), Some(_)) if !table.members.contains(&dead) => "it is no member",
        (_, Some(Some(n))) if table.members.contains(&n) => {
            "who takes its places is a member already"
        }
        (_, Some(Some(n))) if table.gone.has(n) => "who takes its places was said to be gone",
        _ if table.loss.is_some() => "another loss is being made good",
        (Some(dead), new) => {
            let new = new.flatten();
            table.members.iter_mut().filter(|m| **m == dead).for_each(|m| *m = new.unwrap_or(dead));
            table.members.retain(|m| *m != dead);
            let place = table.places.remove(&dead).unwrap_or(dead);
            table.places.extend(new.map(|n| (n, place)));
            table.gone.insert(dead);
            table.loss = Some(DiskLoss { dead, by: new.unwrap_or(KEEPER) });
            cx.note(if new.is_some() { "Replace" } else { "Remove" });
            announce(node, cx, table);
            return cx.reply(id, Outcome::Ok(Ret::Done));
        }
    };
    cx.reply(id, Outcome::Fail(why));
}

/// What was on its way to a server that is gone is lost with it, but for the copy; a server that is
/// said to be gone serves nothing any more.
pub fn write_off(node: &mut Me) {
    let d = &mut node.durable;
    if d.table.gone.has(node.me) {
        let items = std::mem::take(&mut d.items);
        d.copies.extend(items);
        d.held = Keys::default();
        d.links.iter_mut().for_each(|l| l.unacknowledged.clear());
    }
    for gone in d.table.gone.iter() {
        if let Some(link) = d.links.get_mut(gone.at()) {
            link.unacknowledged.clear();
        }
    }
}

/// Asks all that are left, if it is this server that makes a loss good; again, if some are silent.
pub fn begin(node: &mut Me, cx: &mut Cx) {
    let table = &node.durable.table;
    if table.loss.is_none_or(|l| l.by != node.me) {
        return;
    }
    let resend = cx.cfg.resend;
    cx.set_timer(Timer::Resend, resend);
    if node.durable.restored == table.version {
        return cx.send(KEEPER, Message::Restored { version: table.version });
    }
    let all: NodeSet = cx.others().filter(|n| !table.gone.has(*n)).collect();
    let blank = || Census { open: all, found: Keys::default(), newest: SortedMap::new() };
    let open = node.state.census.get_or_insert_with(blank).open;
    for to in open.iter() {
        cx.send(to, Message::Count(node.durable.table.clone()));
    }
    restore(node, cx);
}

/// Says what it has.
pub fn count(node: &mut Me, cx: &mut Cx, from: NodeId, table: MemberTable) {
    let version = table.version;
    adopt(node, cx, table);
    let d = &node.durable;
    if d.table.version == version && !d.table.gone.has(node.me) {
        let mut keys = d.held.clone();
        d.on_way().for_each(|key| keys.insert(key));
        let copies = d.copies.iter().map(|(key, item)| (*key, item.clone())).collect();
        cx.note("Count");
        cx.send(from, Message::Counted { version, keys, copies });
    }
}

/// Somebody has said what it has.
pub fn counted(
    node: &mut Me,
    cx: &mut Cx,
    from: NodeId,
    version: u32,
    (keys, copies): (Keys, Vec<(u32, StoredKey)>),
) {
    let current = node.durable.table.version == version;
    let Some(census) = node.state.census.as_mut().filter(|_| current) else { return };
    census.open.remove(from);
    census.found.add(&keys);
    for (key, item) in copies {
        let newest = census.newest.entry(key).or_default();
        if item.version > newest.version {
            *newest = item;
        }
    }
    restore(node, cx);
}

/// Once all have: what nobody has is this server's now.
fn restore(node: &mut Me, cx: &mut Cx) {
    let Some(mut census) = node.state.census.take_if(|c| c.open.is_empty()) else { return };
    let d = &mut node.durable;
    let mut lost = Keys::below(cx.cfg.keys);
    lost.subtract(&census.found);
    lost.subtract(&d.held);
    d.on_way().for_each(|key| lost.remove(key));
    for key in lost.iter() {
        let mine = d.copies.get(&key).cloned().unwrap_or_default();
        let theirs = census.newest.remove(&key).unwrap_or_default();
        d.hold(key, if theirs.version > mine.version { theirs } else { mine });
    }
    d.restored = d.table.version;
    cx.note("Restore");
    cx.persist(&node.durable);
    let written: Vec<(u32, StoredKey)> = node
        .durable
        .items
        .iter()
        .filter(|(k, _)| lost.has(**k))
        .map(|(k, i)| (*k, i.clone()))
        .collect();
    for (key, item) in written {
        copy(node, cx, key, &item);
    }
    let version = node.durable.restored;
    if node.me == KEEPER {
        restored(node, cx, version);
    } else {
        cx.send(KEEPER, Message::Restored { version });
    }
}

/// The keeper lets keys change hands again.
pub fn restored(node: &mut Me, cx: &mut Cx, version: u32) {
    if node.durable.table.version == version && node.durable.table.loss.is_some() {
        let table = MemberTable { loss: None, ..node.durable.table.clone() };
        announce(node, cx, table);
    }
}

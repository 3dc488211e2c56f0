//! What servers do.

use super::place::{Careless, MemberTable};
use super::*;
use crate::core::protocol::Outcome;

pub(super) type Cx<'a> = Context<'a, Hashing>;
pub(super) type Me = Node<Hashing>;

/// The member that numbers the tables.
pub const KEEPER: NodeId = NodeId(0);

fn careless(cx: &Cx) -> Careless {
    let [by_place, same_server] =
        [mutant::BY_PLACE, mutant::SAME_SERVER].map(|number| cx.mutant(number));
    Careless { by_place, same_server }
}

/// The first table, and the keys that a server owns by it.
pub fn disk(cfg: &Config, me: NodeId, nodes: u16) -> Durable {
    let members = (0..nodes.min(cfg.members.max(1) as u16)).map(NodeId).collect();
    let table = MemberTable::of(members);
    let place = super::place::of(cfg, &table, Careless::default());
    let mine = (0..).zip(&place.owners).filter(|(_, owner)| **owner == me);
    let held = mine.map(|(key, _)| key).collect();
    let links = vec![Channel::default(); nodes.into()];
    Durable { table, held, links, ..Durable::default() }
}

/// A start, the first or a later one.
pub fn start(cx: &mut Cx, durable: &Durable) -> State {
    let pause = cx.cfg.gossip;
    let wait = cx.between(pause / 2, pause);
    cx.set_timer(Timer::Gossip, wait);
    let resend = cx.cfg.resend;
    let restores = durable.table.loss.is_some_and(|l| l.by == cx.me);
    if restores || durable.links.iter().any(|l| !l.unacknowledged.is_empty()) {
        cx.set_timer(Timer::Resend, resend);
    }
    let place = super::place::of(cx.cfg, &durable.table, careless(cx));
    State { place, pending: SortedMap::new(), scans: SortedMap::new(), census: None }
}

/// A message.
pub fn receive(node: &mut Me, cx: &mut Cx, from: NodeId, message: Message) {
    match message {
        Message::Members(table) => {
            let older = table.version < node.durable.table.version;
            adopt(node, cx, table);
            if older {
                cx.send(from, Message::Members(node.durable.table.clone()));
            }
        }
        Message::Give(packet) => parcel(node, cx, from, *packet),
        Message::Copy { key, item } => {
            let version = item.version;
            let copy = node.durable.copies.entry(key).or_default();
            if version >= copy.version {
                *copy = item;
            }
            cx.note("Copy");
            cx.persist(&node.durable);
            cx.send(from, Message::Copied { key, version });
        }
        Message::Copied { key, version } => copied(node, cx, from, (key, version)),
        Message::Scan { op, key, keys } => {
            let keys = held_in(node, key, keys);
            cx.note("Scanned");
            cx.send(from, Message::Holds { op, keys });
        }
        Message::Holds { op, keys } => gathered(node, cx, from, op, keys),
        Message::Count(table) => loss::count(node, cx, from, table),
        Message::Counted { version, keys, copies } => {
            loss::counted(node, cx, from, version, (keys, copies));
        }
        Message::Restored { version } => loss::restored(node, cx, version),
    }
}

/// A newer table: what it gives to others is given away.
pub(super) fn adopt(node: &mut Me, cx: &mut Cx, table: MemberTable) {
    if table.version <= node.durable.table.version {
        return;
    }
    node.state.place = super::place::of(cx.cfg, &table, careless(cx));
    node.durable.table = table;
    cx.note("Adopt");
    loss::write_off(node);
    let give = pack(node, cx);
    cx.persist(&node.durable);
    dispatch(cx, give);
    loss::begin(node, cx);
}

/// The owner of a key by a server's table.
pub fn owner(state: &State, key: u32) -> Option<NodeId> {
    state.place.owner(key)
}

/// Packs a parcel for each server that is owed keys and waits for none. Packed, they are served no
/// more; they stay in the parcel, on disk, until it is acknowledged.
fn pack(node: &mut Me, cx: &mut Cx) -> Vec<(NodeId, Packet<KeyParcel>)> {
    if node.durable.table.loss.is_some() {
        return Vec::new();
    }
    let most = cx.cfg.parcel.max(1) as usize;
    let mut owed: SortedMap<NodeId, Vec<u32>> = SortedMap::new();
    for key in node.durable.held.iter() {
        let Some(to) = owner(&node.state, key).filter(|o| *o != node.me) else { continue };
        let keys = owed.entry(to).or_default();
        if keys.len() < most {
            keys.push(key);
        }
    }
    let mut out = Vec::new();
    for (to, keys) in owed {
        let d = &mut node.durable;
        if d.links.get(to.at()).is_none_or(|link| !link.unacknowledged.is_empty()) {
            continue;
        }
        let item = |key: u32| (key, d.items.get(&key).cloned().unwrap_or_default());
        let keys: Vec<(u32, StoredKey)> = keys.into_iter().map(item).collect();
        for (key, item) in &keys {
            // It stays as a copy, as a store keeps what nobody has cleaned up.
            keep(&mut d.copies, *key, item.clone());
            if !cx.mutant(mutant::KEEP_SERVING) {
                d.release(*key);
            }
        }
        let table = d.table.clone();
        let link = &mut d.links[to.at()];
        let packet = link.send(KeyParcel { keys, table });
        if cx.mutant(mutant::FORGET) {
            link.unacknowledged.clear();
        }
        cx.note("Give");
        out.push((to, packet));
    }
    out
}

fn dispatch(cx: &mut Cx, give: Vec<(NodeId, Packet<KeyParcel>)>) {
    if give.is_empty() {
        return;
    }
    let resend = cx.cfg.resend;
    cx.set_timer(Timer::Resend, resend);
    for (to, packet) in give {
        cx.send(to, Message::Give(Box::new(packet)));
    }
}

/// Keys have come, or their acknowledgement.
fn parcel(node: &mut Me, cx: &mut Cx, from: NodeId, packet: Packet<KeyParcel>) {
    if let Some(table) = packet.body.as_ref().map(|p| p.table.clone()) {
        adopt(node, cx, table);
    }
    if node.durable.table.gone.has(from) {
        return;
    }
    let Some(link) = node.durable.links.get_mut(from.at()) else { return };
    if cx.mutant(mutant::KEEP_SERVING) {
        let done = link.sent - link.unacknowledged.len() as u32;
        let gone = packet.ack.min(link.sent).saturating_sub(done) as usize;
        for (key, _) in link.unacknowledged[..gone].iter().flat_map(|p| &p.keys) {
            node.durable.held.remove(*key);
            node.durable.items.remove(key);
        }
    }
    link.confirm(packet.ack);
    // While others count what they have, nothing changes hands; it will be sent again.
    if node.durable.table.loss.is_some() {
        return cx.persist(&node.durable);
    }
    let mut taken = Vec::new();
    let asks = packet.body.is_some();
    if let Some(body) = packet.body {
        if !link.knows(packet.nth) {
            link.arrive(packet.nth, body);
        } else if cx.mutant(mutant::TAKE_TWICE) {
            taken.push(body);
        }
        while let Some((_, body)) = link.take() {
            taken.push(body);
        }
    }
    let answer = link.acknowledge();
    let keys: Vec<(u32, StoredKey)> = taken.into_iter().flat_map(|p| p.keys).collect();
    if !keys.is_empty() {
        cx.note("Take");
        keys.iter().for_each(|(key, item)| node.durable.hold(*key, item.clone()));
    }
    if asks && cx.mutant(mutant::ACK_EARLY) {
        cx.send(from, Message::Give(Box::new(answer.clone())));
    }
    let give = pack(node, cx);
    cx.persist(&node.durable);
    if asks && !cx.mutant(mutant::ACK_EARLY) {
        cx.send(from, Message::Give(Box::new(answer)));
    }
    // Its copies follow to where the new owner keeps them.
    for (key, item) in keys.into_iter().filter(|(_, item)| item.version > 0) {
        copy(node, cx, key, &item);
    }
    dispatch(cx, give);
}

/// Sends what is not acknowledged once more.
pub fn resend(node: &mut Me, cx: &mut Cx) {
    let waiting: Vec<(NodeId, Packet<KeyParcel>)> = (0u16..)
        .zip(&node.durable.links)
        .flat_map(|(n, link)| link.again().map(move |packet| (NodeId(n), packet)))
        .collect();
    dispatch(cx, waiting);
    loss::begin(node, cx);
}

/// Tells one other server, whichever, who the members are.
pub fn gossip(node: &mut Me, cx: &mut Cx) {
    let pause = cx.cfg.gossip;
    cx.set_timer(Timer::Gossip, pause);
    let others: Vec<NodeId> = cx.others().collect();
    if others.is_empty() {
        return;
    }
    let to = others[usize::from(cx.choose(others.len().min(255) as u8))];
    cx.send(to, Message::Members(node.durable.table.clone()));
}

/// A client asks.
pub fn serve(node: &mut Me, cx: &mut Cx, id: OpId, op: Op) {
    match op {
        Op::Get { key } => get(node, cx, id, key),
        Op::Put { key, value } => put(node, cx, id, key, value),
        Op::Scan { key, keys } => scan(node, cx, id, key, keys),
        Op::Join { .. } | Op::Leave { .. } | Op::Replace { .. } | Op::Remove { .. }
            if node.me != KEEPER =>
        {
            cx.reply(id, Outcome::Redirect(Some(KEEPER)));
        }
        Op::Replace { dead, by } => loss::replace(node, cx, id, (dead, Some(by))),
        Op::Remove { server } => loss::replace(node, cx, id, (server, None)),
        Op::Join { server } => change(node, cx, id, server, true),
        Op::Leave { server } => change(node, cx, id, server, false),
    }
}

/// Whoever asks for a key that is not here is sent to its owner.
fn elsewhere(node: &Me, cx: &mut Cx, id: OpId, key: u32) {
    match owner(&node.state, key) {
        None => cx.reply(id, Outcome::Fail("there is no such key")),
        Some(n) if n == node.me => cx.reply(id, Outcome::Fail("the key is on its way here")),
        Some(n) => cx.reply(id, Outcome::Redirect(Some(n))),
    }
}

fn get(node: &mut Me, cx: &mut Cx, id: OpId, key: u32) {
    let mut item = node.durable.item(key);
    if cx.mutant(mutant::SERVE_BY_TABLE) && owner(&node.state, key) == Some(node.me) {
        item = item.or(node.durable.copies.get(&key).cloned()).or(Some(StoredKey::default()));
    }
    match item {
        Some(item) => {
            cx.note("Read");
            cx.reply(id, Outcome::Ok(Ret::Value(item.value)));
        }
        None => elsewhere(node, cx, id, key),
    }
}

fn put(node: &mut Me, cx: &mut Cx, id: OpId, key: u32, value: i64) {
    if !node.durable.held.has(key) {
        return elsewhere(node, cx, id, key);
    }
    let item = node.durable.items.entry(key).or_default();
    let last = item.served.entry(id.client).or_default();
    // Written here or by an owner before: only its copies are made sure of once more.
    if *last <= id.nth {
        *last = id.nth + 1;
        (item.value, item.version) = (Some(value), item.version + 1);
        cx.note("Write");
    }
    let item = item.clone();
    cx.persist(&node.durable);
    let alone = keepers(node, key).is_empty();
    if alone || cx.mutant(mutant::ONE_COPY) {
        cx.reply(id, Outcome::Ok(Ret::Done));
    } else {
        let stored = [node.me].into_iter().collect();
        node.state.pending.insert((key, item.version), PendingWrite { op: id, stored });
    }
    copy(node, cx, key, &item);
}

/// The servers that keep copies of a key.
fn keepers(node: &Me, key: u32) -> Vec<NodeId> {
    node.state.place.list(key).iter().copied().filter(|n| *n != node.me).collect()
}

pub(super) fn copy(node: &Me, cx: &mut Cx, key: u32, item: &StoredKey) {
    for to in keepers(node, key) {
        cx.send(to, Message::Copy { key, item: item.clone() });
    }
}

/// A copy is safe; once all are, the client hears of it.
fn copied(node: &mut Me, cx: &mut Cx, from: NodeId, of: (u32, u32)) {
    let Some(pending) = node.state.pending.get_mut(&of) else { return };
    pending.stored.insert(from);
    let enough = cx.cfg.copies.min(node.durable.table.members.len() as u32);
    if pending.stored.len() >= enough {
        cx.reply(pending.op, Outcome::Ok(Ret::Done));
        node.state.pending.remove(&of);
    }
}

/// A server that the administrator names.
pub(super) fn server(cx: &Cx, n: i64) -> Option<NodeId> {
    u16::try_from(n - 1).ok().filter(|n| *n < cx.nodes).map(NodeId)
}

/// A server comes or goes.
fn change(node: &mut Me, cx: &mut Cx, id: OpId, n: i64, joins: bool) {
    let Some(server) = server(cx, n) else {
        return cx.reply(id, Outcome::Fail("there is no such server"));
    };
    let mut table = node.durable.table.clone();
    let member = table.members.contains(&server);
    if member == joins {
        let why = if joins { "it is a member already" } else { "it is no member" };
        return cx.reply(id, Outcome::Fail(why));
    }
    if table.loss.is_some() || table.gone.has(server) {
        return cx.reply(id, Outcome::Fail("a loss is made good, or it was said to be gone"));
    }
    table.members.retain(|m| *m != server);
    table.places.remove(&server);
    if joins {
        table.members.push(server);
    } else if table.members.is_empty() {
        return cx.reply(id, Outcome::Fail("somebody has to keep the keys"));
    }
    cx.note(if joins { "Join" } else { "Leave" });
    announce(node, cx, table);
    cx.reply(id, Outcome::Ok(Ret::Done));
}

/// The keeper's next table, to all.
pub(super) fn announce(node: &mut Me, cx: &mut Cx, mut table: MemberTable) {
    table.version += 1;
    adopt(node, cx, table.clone());
    for to in cx.others() {
        cx.send(to, Message::Members(table.clone()));
    }
}

/// Keys of an interval that a server holds.
fn held_in(node: &Me, key: u32, keys: u32) -> SortedSet<u32> {
    node.durable.held.iter().filter(|k| (key..key.saturating_add(keys)).contains(k)).collect()
}

/// An interval of keys: by a hash, any member may hold any of them.
fn scan(node: &mut Me, cx: &mut Cx, id: OpId, key: u32, keys: i64) {
    let keys = u32::try_from(keys).unwrap_or(0);
    let members = node.durable.table.members.iter();
    let open: NodeSet = members.copied().filter(|m| *m != node.me).collect();
    cx.note("Scan");
    for to in open.iter() {
        cx.send(to, Message::Scan { op: id, key, keys });
    }
    let found = held_in(node, key, keys);
    let sweep = KeyScan { nth: id.nth, open, asked: open.len() + 1, found };
    node.state.scans.insert(id.client, sweep);
    scanned(node, cx, id);
}

/// Somebody has looked.
fn gathered(node: &mut Me, cx: &mut Cx, from: NodeId, op: OpId, keys: SortedSet<u32>) {
    let sweep = node.state.scans.get_mut(&op.client).filter(|s| s.nth == op.nth);
    if let Some(sweep) = sweep {
        sweep.open.remove(from);
        sweep.found.extend(keys);
        scanned(node, cx, op);
    }
}

/// Once all have, the client hears of it.
fn scanned(node: &mut Me, cx: &mut Cx, op: OpId) {
    let Some(s) = node.state.scans.get(&op.client).filter(|s| s.open.is_empty()) else { return };
    let (keys, asked) = (s.found.len() as u32, s.asked);
    node.state.scans.remove(&op.client);
    cx.reply(op, Outcome::Ok(Ret::Found { keys, asked }));
}

//! What a server does.

use super::mutant::*;
use super::*;
use crate::core::protocol::Outcome;

type N = Node<Eventual>;
type Cx<'a> = Context<'a, Eventual>;

/// A server starts: nothing is hot.
pub(super) fn start(cx: &mut Cx) -> State {
    again(cx, Timer::Rumours);
    again(cx, Timer::Exchange);
    State::default()
}

fn again(cx: &mut Cx, timer: Timer) {
    let (spread, every) = match timer {
        Timer::Rumours => (cx.cfg.rumours, cx.cfg.period),
        Timer::Exchange => (cx.cfg.exchange, cx.cfg.exchange_every),
    };
    if spread != GossipStyle::Off && every > 0 {
        // Drawn, so that servers do not all talk at once.
        let pause = cx.between(every / 2, every + every / 2);
        cx.set_timer(timer, pause);
    }
}

/// So many others, each at most once.
fn partners(cx: &mut Cx, count: usize) -> Vec<NodeId> {
    let mut others: Vec<NodeId> = cx.others().collect();
    let mut chosen = Vec::new();
    while chosen.len() < count && !others.is_empty() {
        let place = usize::from(cx.choose(others.len() as u8)).min(others.len() - 1);
        chosen.push(others.swap_remove(place));
    }
    chosen
}

/// A client reads: what is here.
pub(super) fn read(n: &mut N, cx: &mut Cx, id: OpId, key: u32) {
    cx.note("Read");
    let cell = n.durable.store.get(&key).cloned();
    let cell = cell.unwrap_or_else(|| KeyState::empty(cx.cfg.merge));
    cx.reply(id, Outcome::Ok(Ret::Holds(cell)));
}

/// A client writes: here, and at once.
pub(super) fn write(n: &mut N, cx: &mut Cx, op: OpId, key: u32, value: i64) {
    // The network may double a request.
    if n.durable.served.get(&op.client).is_some_and(|last| op.nth <= *last) {
        return;
    }
    let d = &mut n.durable;
    d.served.insert(op.client, op.nth);
    let id = d.heard.next(n.me);
    let cell = d.store.entry(key).or_insert_with(|| KeyState::empty(cx.cfg.merge));
    *cell = cell.written(id, cx.clock, value);
    let rumour = Rumour { id, key, cell: cell.clone() };
    d.heard.add(id);
    cx.note("Write");
    if cx.mutant(EARLY_ACK) {
        cx.reply(op, Outcome::Ok(Ret::Done(id)));
    }
    cx.persist(&n.durable);
    if !cx.mutant(EARLY_ACK) {
        cx.reply(op, Outcome::Ok(Ret::Done(id)));
    }
    if cx.cfg.eager {
        cx.others().for_each(|to| cx.send(to, Message::Rumours(vec![rumour.clone()])));
    }
    catch(n, cx, rumour);
}

/// An update is hot here from now on.
fn catch(n: &mut N, cx: &Cx, rumour: Rumour) {
    if cx.cfg.rumours != GossipStyle::Off {
        n.state.hot.insert(rumour.id, (rumour, 0));
    }
}

/// The period is over: tell somebody what is hot, or ask.
pub(super) fn period(n: &mut N, cx: &mut Cx) {
    again(cx, Timer::Rumours);
    let pushes = cx.cfg.rumours != GossipStyle::Pull && !n.state.hot.is_empty();
    let pulls = cx.cfg.rumours != GossipStyle::Push;
    if !pushes && !pulls {
        return;
    }
    let partners = partners(cx, cx.cfg.fanout.into());
    if pulls {
        partners.iter().for_each(|to| cx.send(*to, Message::AnyNews));
    }
    if pushes {
        tell(n, cx, &partners);
    }
}

/// Tells what is hot.
pub(super) fn tell(n: &mut N, cx: &mut Cx, to: &[NodeId]) {
    if n.state.hot.is_empty() || to.is_empty() {
        return;
    }
    cx.note("Tell");
    let rumours: Vec<Rumour> = n.state.hot.values().map(|(r, _)| r.clone()).collect();
    let ids: Vec<UpdateId> = rumours.iter().map(|r| r.id).collect();
    to.iter().for_each(|to| cx.send(*to, Message::Rumours(rumours.clone())));
    if !cx.cfg.feedback {
        to.iter().for_each(|_| tire(n, cx, &ids));
    }
}

/// One more reason to be tired of these: Demers et al., section 1.4.
pub(super) fn tire(n: &mut N, cx: &mut Cx, ids: &[UpdateId]) {
    for id in ids {
        let Some((_, tired)) = n.state.hot.get_mut(id) else { continue };
        *tired = tired.saturating_add(1);
        let over = if cx.cfg.coin { cx.choose(cx.cfg.k) == 0 } else { *tired >= cx.cfg.k };
        if over {
            cx.note("LoseInterest");
            n.state.hot.remove(id);
        }
    }
}

/// Rumours have come.
pub(super) fn hear(n: &mut N, cx: &mut Cx, from: NodeId, rumours: Vec<Rumour>) {
    let mut known = Vec::new();
    let heard = n.durable.heard.len();
    for rumour in rumours {
        if n.durable.heard.add(rumour.id) {
            cx.note("Hear");
            absorb(n, cx, rumour.key, &rumour.cell);
            catch(n, cx, rumour);
        } else {
            known.push(rumour.id);
        }
    }
    if n.durable.heard.len() > heard {
        cx.persist(&n.durable);
    }
    if cx.cfg.feedback && cx.cfg.rumours != GossipStyle::Off && !known.is_empty() {
        cx.send(from, Message::Known(known));
    }
}

/// What is here and what has come become one.
fn absorb(n: &mut N, cx: &Cx, key: u32, cell: &KeyState) {
    let mine = n.durable.store.entry(key).or_insert_with(|| KeyState::empty(cx.cfg.merge));
    match cx.mutant(LAST_ARRIVAL_WINS) {
        true => mine.clone_from(cell),
        false => mine.merge(cell),
    }
}

/// Anti-entropy: compares all with somebody.
pub(super) fn exchange(n: &mut N, cx: &mut Cx) {
    again(cx, Timer::Exchange);
    let Some(to) = partners(cx, 1).pop() else { return };
    match cx.cfg.exchange {
        GossipStyle::Off => {}
        GossipStyle::Push => send_store(n, cx, to, false),
        GossipStyle::Pull => cx.send(to, Message::SendStore),
        GossipStyle::Both => send_store(n, cx, to, true),
    }
}

pub(super) fn send_store(n: &mut N, cx: &mut Cx, to: NodeId, answer: bool) {
    let Durable { store, heard, .. } = n.durable.clone();
    cx.send(to, Message::Store { store, heard, answer });
}

/// Somebody's whole store has come. What is new by it is not hot: it was missed, and is old news to
/// most.
pub(super) fn compare(
    n: &mut N,
    cx: &mut Cx,
    from: NodeId,
    store: &SortedMap<u32, KeyState>,
    theirs: &Heard,
    answer: bool,
) {
    if !n.durable.heard.includes(theirs) {
        cx.note("AntiEntropy");
        // With the mutant the first key is left for later, though all is said to be heard.
        let late = usize::from(cx.mutant(HEARD_NOT_MERGED));
        store.iter().skip(late).for_each(|(key, cell)| absorb(n, cx, *key, cell));
        n.durable.heard.merge(theirs);
        cx.persist(&n.durable);
    }
    if answer && !theirs.includes(&n.durable.heard) {
        send_store(n, cx, from, false);
    }
}

//! Messages on their way: a place on the edge is a share of the true delay.

use super::links::Lane;
use super::{GHOST, Grade, Plan, Stage};
use crate::core::ids::{MsgId, NodeId, NodeSet};
use crate::core::trace::{Fate, Passage, Relation};
use crate::core::view::{Family, Loss, MessageLook, MessageView, NodeShape};
use crate::scene::from_segment;
use crate::scene::geometry::{Bounded, ONE, Point, Track, share};
use crate::scene::marks;
use crate::scene::{Anchor, Item, PicturePart, Target, Typeface};

/// Where a message that waits for its receiver, or is held, stands on its way.
const HELD: i64 = ONE * 9 / 10;
/// From this share of its way on, a message that will be lost shows it.
const BREAKING: i64 = ONE * 42 / 100;

/// More messages times nodes than this are not compared.
const CROWD: usize = 20_000;

fn key(kind: &str, id: MsgId) -> String {
    format!("{kind}-{}-{}-{}", id.from.0, id.to.0, id.nth)
}

/// How far along a message is.
fn progress(m: &MessageView, now: u64) -> i64 {
    let done = share(now, m.sent_at, m.due);
    match m {
        _ if m.docked => ONE,
        _ if m.held => done.min(HELD),
        _ if m.doomed => done / 2,
        _ => done,
    }
}

fn lane(stage: &Stage, plan: &Plan, id: MsgId, look: &MessageLook) -> Option<Lane> {
    // Traffic keeps to the right; answers further out than requests.
    let aside = if look.reply { plan.of(6) } else { plan.of(2) };
    Lane::new(stage, plan, id.from, id.to, aside)
}

/// Messages, their ways, and their places in their receivers' queues.
fn flying<'a>(
    stage: &'a Stage,
    plan: &'a Plan,
) -> impl Iterator<Item = (&'a MessageView, Lane, usize)> + 'a {
    let mut queued = vec![0usize; stage.view.nodes.len()];
    stage.view.messages.iter().filter_map(move |m| {
        let lane = lane(stage, plan, m.id, &m.look)?;
        let place = queued.get_mut(m.id.to.at())?;
        if m.docked {
            *place += 1;
        }
        Some((m, lane, *place))
    })
}

fn place(stage: &Stage, plan: &Plan, m: &MessageView, lane: &Lane, nth: usize, now: u64) -> Point {
    if !m.docked {
        return lane.at(progress(m, now));
    }
    // Beside its receiver, one above the other; the seventh and later share the top.
    let side = match stage.view.nodes[m.id.to.at()].shape {
        NodeShape::Client => plan.client,
        _ => plan.ring(),
    };
    let rise = plan.of(9) * (nth.min(7) as i32 - 1);
    plan.at[m.id.to.at()].plus(Point::new(side + plan.of(8), plan.unit / 2 - rise))
}

/// The thin lines behind messages.
pub fn trails(stage: &Stage, plan: &Plan, now: u64, out: &mut Vec<Item>) {
    for (m, lane, _) in flying(stage, plan).filter(|(m, _, _)| !m.docked) {
        let class = format!("trail {}{}", marks::family_class(m.look.family), lit(stage, m.id));
        let trail = lane.trail(class, progress(m, now));
        out.push(if named(stage) { trail.key(key("trail", m.id)) } else { trail });
    }
}

/// Discs of nodes that stand on the way of a message between two others: what is painted over the
/// nodes leaves them free, as if it went below.
pub fn passed(stage: &Stage, plan: &Plan) -> Vec<Item> {
    let mut on = NodeSet::default();
    // Dots in a crowd are as small as what passes them.
    if stage.view.messages.len() * stage.view.nodes.len() > CROWD {
        return Vec::new();
    }
    for (m, lane, _) in flying(stage, plan).filter(|(m, lane, _)| !m.docked && lane.bend.is_none())
    {
        for n in &stage.view.nodes {
            let near = from_segment(plan.at[n.id.at()], lane.a, lane.b) < plan.reach(n.shape);
            if near && n.id != m.id.from && n.id != m.id.to {
                on.insert(n.id);
            }
        }
    }
    let disc = |n: NodeId| {
        Item::circle("erase", plan.at[n.at()], plan.reach(stage.view.nodes[n.at()].shape))
    };
    on.iter().map(disc).collect()
}

/// How a message stands to the selected event, as a class.
fn lit(stage: &Stage, id: MsgId) -> &'static str {
    let (Some(trace), Some(_)) = (stage.trace, stage.selected) else { return "" };
    let Some(sent) = trace.messages.iter().rev().take(4096).find(|p| p.id == id) else { return "" };
    match stage.relation(sent.sent_step) {
        Some(Relation::Same | Relation::Future) => " future",
        Some(_) => " beside",
        None => "",
    }
}

/// The messages themselves.
pub fn messages(stage: &Stage, plan: &Plan, now: u64, out: &mut Vec<Item>) {
    for (m, lane, nth) in flying(stage, plan) {
        let half = half(plan);
        let mut parts = Vec::new();
        if named(stage) {
            parts.push(Item::circle("hit", Point::default(), plan.of(12)));
        }
        if m.twin {
            let aside = Point::new(plan.of(4), -plan.of(4));
            let copy = Item::path("twin", marks::message(m.look.family, half, lane.heading()));
            parts.push(Item::group("", aside, vec![copy]));
        }
        parts.extend(glyph(&m.look, half, lane.heading()));
        if m.forged && stage.observer {
            let style = (Typeface::MonoStrong, plan.of(10), Anchor::Start);
            let at = Point::new(half + plan.of(3), -half);
            parts.push(Item::text("bad halo", at, style, "\u{2260}"));
        }
        if m.held {
            parts.push(Item::circle("held", Point::default(), half * 2));
        }
        if m.doomed && !m.docked {
            let cross = Track::cross(Point::default(), half * 13 / 10);
            parts.push(
                Item::path("broken", cross)
                    .key(key("break", m.id))
                    .hide(progress(m, now) < BREAKING),
            );
        }
        let mut class = format!("message {}", marks::family_class(m.look.family));
        for (on, name) in [
            (m.look.reply, " reply"),
            (m.docked, " docked"),
            (m.doomed, " doomed"),
            (m.forged, " forged"),
        ] {
            if on {
                class.push_str(name);
            }
        }
        class.push_str(lit(stage, m.id));
        let message = Item::group(class, place(stage, plan, m, &lane, nth, now), parts);
        out.push(match named(stage) {
            true => message
                .key(key("message", m.id))
                .title(describe(stage, m))
                .target(Target::Message(m.id)),
            false => message,
        });
    }
}

/// What is painted anew in each frame needs neither keys nor words.
fn named(stage: &Stage) -> bool {
    stage.part != PicturePart::Moving
}

/// Half the side of a message.
fn half(plan: &Plan) -> i32 {
    match plan.grade {
        Grade::Card => plan.of(11) / 2,
        Grade::Circle => plan.of(8) / 2,
        Grade::Dot => plan.of(6) / 2,
    }
}

/// Shape, and the sign of an answer.
fn glyph(look: &MessageLook, half: i32, heading: Point) -> Vec<Item> {
    let mut parts = vec![Item::path("glyph", marks::message(look.family, half, heading))];
    if look.reply {
        // Only a clear yes or no carries a sign: acknowledgements and votes.
        let r = half * 5 / 10;
        if look.negative {
            parts.push(Item::line("sign", Point::new(-r, 0), Point::new(r, 0)));
        } else if matches!(look.family, Family::Vote | Family::Ack) {
            parts.push(Item::line("sign", Point::new(-r, 0), Point::new(r, 0)));
            parts.push(Item::line("sign", Point::new(0, -r), Point::new(0, r)));
        }
    }
    parts
}

fn describe(stage: &Stage, m: &MessageView) -> String {
    let name = |n: crate::core::ids::NodeId| stage.view.nodes.get(n.at()).map_or("?", |v| &v.name);
    let mut out = format!("{}, {} to {}", m.look.name, name(m.id.from), name(m.id.to));
    for (on, word) in [
        (m.look.reply && m.look.negative, ", refused"),
        (m.held, ", held back"),
        (m.docked, ", waiting to be handled"),
        (m.twin, ", a copy"),
        (m.forged && stage.observer, ", forged"),
    ] {
        if on {
            out.push_str(word);
        }
    }
    out
}

/// What was lost a moment ago: the mark at the place where it ended.
pub fn ghosts(stage: &Stage, plan: &Plan, out: &mut Vec<Item>) {
    let Some(trace) = stage.trace else { return };
    let since = stage.view.now.saturating_sub(GHOST);
    let first = trace.events.partition_point(|e| e.at < since);
    for event in trace.events.range(first..stage.view.step as usize) {
        let crate::core::view::What::Lost { msg, .. } = event.what else { continue };
        let Some(p) = trace.messages.iter().rev().take(4096).find(|p| p.id == msg) else {
            continue;
        };
        let Some(lane) = lane(stage, plan, p.id, &p.look) else { continue };
        let Some(done) = lost_share(p) else { continue };
        let half = half(plan);
        let mut parts = glyph(&p.look, half * 8 / 10, lane.heading());
        parts.push(Item::path("broken", Track::cross(Point::default(), half * 13 / 10)));
        let class = format!("lost {}", marks::family_class(p.look.family));
        out.push(lane.trail("trail lost", done).key(key("stub", p.id)));
        out.push(
            Item::group(class, lane.at(done), parts)
                .key(key("lost", p.id))
                .title(format!("{}, lost", p.look.name))
                .target(Target::Event(event.step)),
        );
    }
}

/// The share of its way that a lost message made.
pub fn lost_share(p: &Passage) -> Option<i64> {
    let Fate::Lost { at, why, .. } = p.fate else { return None };
    Some(match why {
        Loss::Chance | Loss::Cut => ONE / 2,
        Loss::Down => ONE,
        Loss::Withheld => ONE / 8,
        Loss::Dropped => share(at, p.sent_at, p.due).bounded(ONE / 8, HELD),
    })
}

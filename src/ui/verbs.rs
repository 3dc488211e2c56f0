//! What can be done to things: one list for the palette, the keyboard and the pointer.

use super::model::Model;
use happened_before::core::action::{Action, ClockChange, CrashMode, Lie, LinkChange};
use happened_before::core::ids::{MsgId, NodeId, NodeSet};
use happened_before::core::view::{LinkView, NodeShape, Status};

/// What can be done to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Crash,
    CrashMachine,
    Restart,
    Pause,
    Resume,
    Isolate,
    Rejoin,
    Slow,
    FullSpeed,
    Skew,
    Fire,
    Lie,
    Honest,
}

/// Name and key of a verb.
pub const VERBS: &[(Verb, &str, &str)] = &[
    (Verb::Crash, "Crash", "c"),
    (Verb::Restart, "Restart", "r"),
    (Verb::Pause, "Pause", "p"),
    (Verb::Resume, "Resume", "p"),
    (Verb::Isolate, "Isolate", "i"),
    (Verb::Rejoin, "Rejoin", "i"),
    (Verb::Skew, "Skew clock", "k"),
    (Verb::Slow, "Slow down", "s"),
    (Verb::FullSpeed, "Full speed", "s"),
    (Verb::Fire, "Fire timer", "t"),
    (Verb::CrashMachine, "Crash its OS", "o"),
    (Verb::Lie, "Make it lie", "b"),
    (Verb::Honest, "Make it honest", "b"),
];

/// A step of a slowed node takes this long, in microseconds.
const SLOW_STEP: u32 = 20_000;
/// A clock is set forward by this much, in microseconds.
const SKEW: i64 = 100_000;

/// The key's verbs; which of them makes sense, the node's state says.
pub fn by_key(key: &str) -> Option<&'static str> {
    VERBS.iter().map(|(_, _, k)| *k).find(|k| *k == key)
}

/// The verbs that make sense for a node now.
pub fn of_node(model: &Model, node: NodeId) -> Vec<(Verb, &'static str, &'static str)> {
    let Some(view) = model.view.nodes.get(node.at()) else { return Vec::new() };
    let client = view.shape == NodeShape::Client;
    let up = view.status != Status::Crashed;
    let fits = |verb: &Verb| match verb {
        Verb::Crash | Verb::CrashMachine => up && !client,
        Verb::Restart => !up && !client,
        Verb::Pause => up && view.status != Status::Paused && !client,
        Verb::Resume => view.status == Status::Paused,
        Verb::Isolate => !is_alone(model, node),
        Verb::Rejoin => is_alone(model, node),
        Verb::Slow => up && view.status != Status::Slow && !client,
        Verb::FullSpeed => view.status == Status::Slow,
        Verb::Skew => up && !client,
        Verb::Fire => up && view.status != Status::Paused && !view.timers.is_empty(),
        Verb::Lie => {
            let lie = Action::Lie { node, policy: Lie::Equivocate };
            up && !view.lies && !client && model.session.world().allows(&lie).is_ok()
        }
        Verb::Honest => view.lies,
    };
    VERBS.iter().copied().filter(|(v, _, _)| fits(v)).collect()
}

/// Is nothing left between a node and the others?
fn is_alone(model: &Model, node: NodeId) -> bool {
    let others = model.view.nodes.iter().filter(|n| n.id != node && n.shape != NodeShape::Client);
    let cut = |from, to| model.view.links.iter().any(|l| l.from == from && l.to == to && l.cut);
    let mut any = false;
    for other in others {
        any = true;
        if !cut(node, other.id) || !cut(other.id, node) {
            return false;
        }
    }
    any
}

/// What a verb does to a node.
pub fn actions(model: &Model, node: NodeId, verb: Verb) -> Vec<Action> {
    let all = NodeSet::first(model.view.nodes.len() as u16);
    let one = NodeSet::one(node);
    let mut others = all;
    others.remove(node);
    let lie = |policy| vec![Action::Lie { node, policy }];
    match verb {
        Verb::Crash => vec![Action::Crash { node, mode: CrashMode::Process }],
        Verb::CrashMachine => vec![Action::Crash { node, mode: CrashMode::Os { kept: 0 } }],
        Verb::Restart => vec![Action::Restart(node)],
        Verb::Pause => vec![Action::Pause(node)],
        Verb::Resume => vec![Action::Resume(node)],
        Verb::Isolate => {
            vec![Action::Cut { from: one, to: others }, Action::Cut { from: others, to: one }]
        }
        Verb::Rejoin => {
            vec![Action::Heal { from: one, to: others }, Action::Heal { from: others, to: one }]
        }
        Verb::Slow => vec![Action::Slow { node, us: SLOW_STEP }],
        Verb::FullSpeed => vec![Action::Slow { node, us: 0 }],
        Verb::Skew => vec![Action::Clock { node, change: ClockChange::Step(SKEW) }],
        Verb::Fire => {
            let timers = model.view.nodes.get(node.at()).map(|n| n.timers.as_slice());
            let first = timers.and_then(|t| t.iter().min_by_key(|t| t.due.unwrap_or(u64::MAX)));
            first.map(|t| Action::Fire { node, timer: t.code }).into_iter().collect()
        }
        Verb::Lie => lie(Lie::Equivocate),
        Verb::Honest => lie(Lie::Honest),
    }
}

/// What can be done to the links between two nodes.
pub fn of_link(model: &Model, a: NodeId, b: NodeId) -> Vec<(String, Vec<Action>)> {
    let find = |from, to| model.view.links.iter().find(|l| l.from == from && l.to == to);
    let (there, back) = (find(a, b), find(b, a));
    let cut = |l: Option<&LinkView>| l.is_some_and(|l| l.cut);
    let (x, y) = (NodeSet::one(a), NodeSet::one(b));
    let name = |n| model.name(n);
    let both = |change| {
        vec![Action::Link { from: x, to: y, change }, Action::Link { from: y, to: x, change }]
    };
    let mut all = Vec::new();
    for (is_cut, from, to, word) in [
        (cut(there), x, y, format!("{} to {}", name(a), name(b))),
        (cut(back), y, x, format!("{} to {}", name(b), name(a))),
    ] {
        all.push(match is_cut {
            true => (format!("Heal {word}"), vec![Action::Heal { from, to }]),
            false => (format!("Cut {word}"), vec![Action::Cut { from, to }]),
        });
    }
    if cut(there) == cut(back) {
        let (word, first, second) = match cut(there) {
            true => ("Heal", Action::Heal { from: x, to: y }, Action::Heal { from: y, to: x }),
            false => ("Cut", Action::Cut { from: x, to: y }, Action::Cut { from: y, to: x }),
        };
        all.insert(0, (format!("{word} both ways"), vec![first, second]));
    }
    all.push(("Lose half".into(), both(LinkChange::Loss(500_000))));
    all.push(("Delay 50 ms".into(), both(LinkChange::Delay(50_000))));
    all.push(("Ordinary again".into(), both(LinkChange::Reset)));
    all
}

/// What can be done to a message in flight.
pub fn of_message(model: &Model, id: MsgId) -> Vec<(&'static str, Action)> {
    let Some(m) = model.view.messages.iter().find(|m| m.id == id) else { return Vec::new() };
    let mut all = vec![
        ("Deliver now", Action::Deliver(id)),
        ("Drop", Action::Drop(id)),
        ("Duplicate", Action::Duplicate(id)),
        if m.held { ("Release", Action::Release(id)) } else { ("Hold", Action::Hold(id)) },
        ("Forge", Action::Forge { msg: id, variant: 0 }),
    ];
    all.retain(|(_, a)| model.session.world().allows(a).is_ok());
    all
}

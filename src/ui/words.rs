//! Sentences about a run, for any protocol.

use super::model::Model;
use happened_before::core::action::{Action, ClockChange, CrashMode, LinkChange};
use happened_before::core::config::show_time;
use happened_before::core::ids::{NodeId, NodeSet};
use happened_before::core::view::{Event, Loss, What};
use happened_before::scene::space_time::{label, passage};

/// `1.560 s`, always as wide, so that it does not tremble.
pub fn seconds(us: u64) -> String {
    format!("{}.{:03} s", us / 1_000_000, us % 1_000_000 / 1000)
}

/// `1 event`, `2 events`.
pub fn count(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// `S1, S2 and S3`.
pub fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// A short name of a step: the rule it applied, or what came about.
pub fn title(model: &Model, event: &Event) -> String {
    match &event.what {
        What::Act(action) => action_text(model, action),
        What::Ignored { action, .. } => format!("{}, in vain", action_text(model, action)),
        _ => label(event, model.session.trace(), &model.view),
    }
}

/// The rule that a step applied last, by its name in the paper; else its title.
pub fn rule(model: &Model, event: &Event) -> String {
    let landmark = event.notes.iter().rev().find(|n| model.info.landmarks.contains(n));
    match landmark.or(event.notes.last()) {
        Some(name) => (*name).to_string(),
        None => super::model::sentence(&title(model, event)).trim_end_matches('.').to_string(),
    }
}

/// What came about in a step, in a few words.
pub fn cause(model: &Model, event: &Event) -> String {
    let name = |n: NodeId| model.name(n);
    let look =
        |id| passage(model.session.trace(), event.step, id).map_or("a message", |p| p.look.name);
    match &event.what {
        What::Boot => "started".into(),
        What::Receive(id) => format!("received {} from {}", look(id), name(id.from)),
        What::Timer { name, .. } => format!("its timer {name} ran out"),
        What::Lost { msg, why } => {
            let how = match why {
                Loss::Chance => "lost by chance",
                Loss::Cut => "lost at a cut",
                Loss::Down => "lost, nobody was there to take it",
                Loss::Dropped => "dropped by hand",
                Loss::Withheld => "withheld by its sender",
            };
            format!("{} from {} to {} {how}", look(msg), name(msg.from), name(msg.to))
        }
        What::Dock => "a message or timer waits".into(),
        What::Sync => "a write became safe".into(),
        What::Act(action) => action_text(model, action),
        What::Ignored { action, why } => format!("{}: {why}", action_text(model, action)),
    }
}

/// One line of the event log: `S4: BecomeLeader, term 1 (received RequestVote reply from S2)`.
pub fn line(model: &Model, event: &Event) -> String {
    let cause = cause(model, event);
    let who = event.node.map(|n| model.name(n));
    let what = match (&who, event.notes.is_empty()) {
        (Some(who), true) => format!("{who} {cause}"),
        (Some(who), false) => format!("{who} {cause}: {}", title(model, event)),
        (None, _) => cause,
    };
    let broken: Vec<&str> = event
        .broken
        .iter()
        .filter_map(|id| model.info.properties.iter().find(|p| p.id == *id))
        .map(|p| p.title)
        .collect();
    match broken.is_empty() {
        true => what,
        false => format!("{what}. Violated: {}", broken.join(", ")),
    }
}

/// `S1 S2`.
pub fn set(model: &Model, nodes: NodeSet) -> String {
    nodes.iter().map(|n| model.name(n)).collect::<Vec<_>>().join(" ")
}

/// An intervention in words.
pub fn action_text(model: &Model, action: &Action) -> String {
    let name = |n: &NodeId| model.name(*n);
    let way =
        |from: &NodeSet, to: &NodeSet| format!("{} to {}", set(model, *from), set(model, *to));
    let message = |id: &happened_before::core::ids::MsgId| {
        let known = model.session.trace().messages.iter().rev().find(|p| p.id == *id);
        let what = known.map_or("a message", |p| p.look.name);
        format!("{what} from {} to {}", name(&id.from), name(&id.to))
    };
    match action {
        Action::Deliver(id) => format!("deliver {}", message(id)),
        Action::Drop(id) => format!("drop {}", message(id)),
        Action::Duplicate(id) => format!("duplicate {}", message(id)),
        Action::Hold(id) => format!("hold {}", message(id)),
        Action::Release(id) => format!("release {}", message(id)),
        Action::Forge { msg, .. } => format!("forge {}", message(msg)),
        Action::Fire { node, .. } => format!("fire a timer of {}", name(node)),
        Action::Crash { node, mode: CrashMode::Process } => format!("crash {}", name(node)),
        Action::Crash { node, .. } => format!("crash the machine of {}", name(node)),
        Action::CrashAfter { node, .. } => format!("crash {} in its next step", name(node)),
        Action::Restart(node) => format!("restart {}", name(node)),
        Action::Pause(node) => format!("pause {}", name(node)),
        Action::Resume(node) => format!("resume {}", name(node)),
        Action::Slow { node, us: 0 } => format!("{} at full speed", name(node)),
        Action::Slow { node, us } => {
            format!("slow {} to {} a step", name(node), show_time((*us).into()))
        }
        Action::Cut { from, to } => format!("cut {}", way(from, to)),
        Action::Heal { from, to } => format!("heal {}", way(from, to)),
        Action::Partition(groups) => {
            let all: Vec<String> = groups.iter().map(|g| set(model, *g)).collect();
            format!("cut {}", all.join(" | "))
        }
        Action::HealAll => "heal every cut".into(),
        Action::Link { from, to, change } => format!("{} {}", link_text(change), way(from, to)),
        Action::Clock { node, change } => match change {
            ClockChange::Step(us) => format!("clock of {} by {}", name(node), show_time(*us)),
            ClockChange::Drift(ppm) => format!("clock of {} drifts {ppm} ppm", name(node)),
            ClockChange::Freeze(true) => format!("clock of {} stands still", name(node)),
            ClockChange::Freeze(false) => format!("clock of {} goes on", name(node)),
        },
        Action::Disk { node, .. } => format!("change the disk of {}", name(node)),
        Action::Lie { node, .. } => format!("make {} lie", name(node)),
        Action::Invoke { client, .. } => format!("{} asks", name(client)),
        Action::Choose { node, .. } => format!("choose for {}", name(node)),
        Action::Manual(true) => "nothing by itself".into(),
        Action::Manual(false) => "time goes on".into(),
    }
}

fn link_text(change: &LinkChange) -> String {
    match change {
        LinkChange::Loss(ppm) => format!("lose {}% from", ppm / 10_000),
        LinkChange::Duplication(ppm) => format!("double {}% from", ppm / 10_000),
        LinkChange::Reordering(ppm) => format!("reorder {}% from", ppm / 10_000),
        LinkChange::Delay(us) => format!("delay {} from", show_time((*us).into())),
        LinkChange::Fifo(true) => "in order from".into(),
        LinkChange::Fifo(false) => "in any order from".into(),
        LinkChange::Bandwidth(0) => "full bandwidth from".into(),
        LinkChange::Bandwidth(rate) => format!("{rate} bytes/s from"),
        LinkChange::Reset => "ordinary links from".into(),
    }
}

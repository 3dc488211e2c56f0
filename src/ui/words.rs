//! Sentences about a run, for any protocol.

use super::model::Model;
use happened_before::core::action::Action;
use happened_before::core::ids::{MsgId, NodeId, NodeSet};
use happened_before::core::protocol::CallName;
use happened_before::core::view::{Event, Loss, What};
use happened_before::scene::space_time::{label, passage};
use happened_before::stories::verbs::{Vocabulary, phrase};

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
        What::Ignored { action, .. } => format!("{} (no effect)", action_text(model, action)),
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
        What::Sync => "its write became safe".into(),
        What::Act(action) => action_text(model, action),
        What::Ignored { action, why } => {
            format!("{} (no effect: {why})", action_text(model, action))
        }
    }
}

/// One line of the event log: `S4: BecomeLeader (received RequestVote reply from S2)`.
pub fn line(model: &Model, event: &Event) -> String {
    let cause = cause(model, event);
    let who = event.node.map(|n| model.name(n));
    let what = match (&who, event.notes.is_empty()) {
        (Some(who), true) => format!("{who}: {cause}"),
        (Some(who), false) => format!("{who}: {} ({cause})", title(model, event)),
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

/// An intervention in words.
pub fn action_text(model: &Model, action: &Action) -> String {
    phrase(model, action)
}

impl Vocabulary for Model {
    fn node(&self, node: NodeId) -> String {
        self.name(node)
    }
    fn message(&self, id: MsgId) -> Option<String> {
        let known = self.session.trace().messages.iter().rev().find(|p| p.id == id);
        known.map(|p| p.look.name.to_string())
    }
    fn timer(&self, node: NodeId, code: u32) -> Option<String> {
        let timers = &self.view.nodes.get(node.at())?.timers;
        timers.iter().find(|t| t.code == code).map(|t| t.name.to_string())
    }
    fn calls(&self) -> &[CallName] {
        self.info.calls
    }
    fn everybody(&self) -> NodeSet {
        self.view.nodes.iter().map(|n| n.id).collect()
    }
}

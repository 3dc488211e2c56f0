//! What a challenge asks for, held against each step of a search.

use crate::core::trace::Trace;
use crate::core::view::{Event, WorldView};
use crate::core::world::World;
use crate::stories::names::Given;
use crate::stories::until::{Moment, holds};

/// A condition of [`crate::stories::until`], read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Properties that must be broken; an empty name is any.
    broken: Vec<&'static str>,
    /// Rules that the step must have applied.
    rules: Vec<&'static str>,
    /// What is left, for the view.
    rest: String,
}

impl Goal {
    /// Reads a condition.
    pub fn new(text: &'static str) -> Self {
        let mut goal = Goal { broken: Vec::new(), rules: Vec::new(), rest: String::new() };
        for part in text.split('&').map(str::trim).filter(|p| !p.is_empty()) {
            let words: Vec<&str> = part.split_whitespace().collect();
            match words[..] {
                ["violation"] => goal.broken.push(""),
                ["violation", id] => goal.broken.push(id),
                ["rule", rule] => goal.rules.push(rule),
                _ if goal.rest.is_empty() => goal.rest = part.into(),
                _ => goal.rest = format!("{} & {part}", goal.rest),
            }
        }
        goal
    }

    /// Does it ask how operations ended?
    pub fn needs_trace(&self) -> bool {
        self.rest.split('&').any(|p| p.trim().trim_start_matches("not ").starts_with("op "))
    }

    /// Is it true of a state whatever the servers are called?
    pub fn names_nobody(&self) -> bool {
        self.rest.split('&').map(|p| p.trim().trim_start_matches("not ")).all(|part| {
            let words: Vec<&str> = part.split_whitespace().collect();
            matches!(
                words[..],
                [] | ["op", _] | ["lost" | "heard"] | ["committed" | "epoch" | "leaders", ..]
            )
        })
    }

    /// Does it ask who is down, or what was lost?
    pub fn needs_faults(&self) -> bool {
        let words = ["crashed", "up", "lost"];
        self.rest.split_whitespace().any(|w| words.contains(&w))
    }

    /// Can it be read, and does it mean something where time is left out?
    pub fn check(&self, view: &WorldView) -> Result<(), String> {
        for part in self.rest.split('&').map(|p| p.trim().trim_start_matches("not ")) {
            if part.starts_with("after ") || part.starts_with("now ") {
                return Err(format!("'{part}' asks for the time, which a search leaves out"));
            }
        }
        let (trace, given) = (Trace::default(), Given::new());
        let moment = Moment { view, event: None, trace: &trace, given: &given, since: 0 };
        self.rest.split('&').try_for_each(|part| match holds(&moment, part) {
            // Nobody leads yet, say.
            Err(why) if !why.starts_with("there is no ") => Err(why),
            _ => Ok(()),
        })
    }

    /// Does it hold after a step?
    pub(super) fn holds(
        &self,
        world: &World,
        last: &Event,
        trace: Option<&Trace>,
        broken: &[&'static str],
    ) -> bool {
        let violated = |id: &&str| {
            if id.is_empty() { !broken.is_empty() } else { broken.contains(id) }
        };
        if !self.broken.iter().all(violated) || !self.rules.iter().all(|r| last.notes.contains(r)) {
            return false;
        }
        if self.rest.is_empty() {
            return true;
        }
        let (view, none, given) = (world.view(), Trace::default(), Given::new());
        let trace = trace.unwrap_or(&none);
        let moment = Moment { view: &view, event: Some(last), trace, given: &given, since: 0 };
        holds(&moment, &self.rest) == Ok(true)
    }
}

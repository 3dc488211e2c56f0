//! A person's attempt at a challenge: what is left to spend, whether the rules were kept, and
//! whether the goal is reached. The rules are those of the search that solves it.

use crate::core::action::Action;
use crate::core::session::Session;
use crate::core::view::NodeShape;
use crate::core::world::Limits;
use crate::protocols::Scene;
use crate::stories::Challenge;
use crate::stories::condition::Condition;
use crate::stories::player::Player;

/// How an attempt stands at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What may still be spent.
    pub left: Limits,
    /// Interventions so far; that the world stands still is not counted.
    pub length: u64,
    /// The first thing done against the rules, as a sentence.
    pub foul: Option<String>,
    /// The condition holds now.
    pub reached: bool,
}

impl Attempt {
    /// Judges the session's present branch up to its cursor.
    pub fn of(session: &Session, scene: &Scene, challenge: &Challenge) -> Result<Attempt, String> {
        let nodes = session.view().nodes;
        let servers = nodes.iter().filter(|n| n.shape != NodeShape::Client).count() as u16;
        let done = session.branch().journal.iter().filter(|e| e.at <= session.time());
        let mut attempt = Attempt { left: challenge.limits, length: 0, foul: None, reached: false };
        for (i, entry) in done.enumerate() {
            if (i, &entry.action) != (0, &Action::Manual(true)) {
                attempt.length += 1;
                attempt.spend(&entry.action, servers);
            }
        }
        let player = Player::new(scene.info_of(&session.setup.preset).calls);
        attempt.reached = player.holds(session, &Condition::read(challenge.until)?)?;
        Ok(attempt)
    }

    /// The goal is reached, and by the rules.
    pub fn is_won(&self) -> bool {
        self.reached && self.foul.is_none()
    }

    fn spend(&mut self, action: &Action, servers: u16) {
        let foul = match action {
            Action::Deliver(_)
            | Action::Fire { .. }
            | Action::Invoke { .. }
            | Action::Drop(_)
            | Action::Duplicate(_)
            | Action::Crash { .. }
            | Action::CrashAfter { .. }
            | Action::Restart(_)
            | Action::Partition(_)
            | Action::Heal { .. }
            | Action::HealAll
            | Action::Choose { .. }
            | Action::Manual(true) => match self.left.after(action, servers) {
                Some(left) => {
                    self.left = left;
                    return;
                }
                None => format!("there was no {} left to spend", purse(action)),
            },
            // Cutting some links is a kind of partition.
            Action::Cut { .. } if self.left.partitions > 0 => {
                self.left.partitions -= 1;
                return;
            }
            Action::Cut { .. } => "there was no cut left to spend".into(),
            Action::Manual(false) => "time has to stand still".into(),
            _ => {
                "only deliveries, timers, operations, losses, doubles, crashes and cuts are allowed"
                    .into()
            }
        };
        self.foul.get_or_insert(foul);
    }
}

fn purse(action: &Action) -> &'static str {
    match action {
        Action::Invoke { .. } => "operation",
        Action::Drop(_) => "lost message",
        Action::Duplicate(_) => "doubled message",
        Action::Crash { .. } | Action::CrashAfter { .. } => "crash",
        Action::Partition(_) => "cut",
        _ => "timer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::explore::Bounds;
    use crate::check::worlds::Quest;
    use crate::core::action::{CrashMode, Entry};
    use crate::core::ids::NodeId;
    use crate::protocols::raft;

    fn session(challenge: &Challenge, journal: Vec<Entry>) -> Session {
        let end = journal.last().map_or(0, |e| e.at);
        let setup = challenge.setup(raft::SCENE.id);
        let mut session = Session::new(raft::SCENE.build, setup, journal).expect("a run");
        session.advance_to(end, u64::MAX);
        session
    }

    #[test]
    fn the_shortest_solution_wins_and_a_further_crash_is_against_the_rules() {
        let challenge = raft::SCENE.challenges.iter().find(|c| c.id == "two-leaders");
        let challenge = challenge.expect("a challenge");
        let setup = challenge.setup(raft::SCENE.id);
        let (limits, goal) = (challenge.limits, Some(challenge.until));
        let quest = Quest::new(&raft::SCENE, &setup, limits, Bounds::default(), goal, true);
        let mut quest = quest.expect("a search");
        quest.run(1, &mut || false);
        let mut journal = quest.found().remove(0).journal;
        let last = journal.pop().expect("a step");
        let judge = |journal: &[Entry]| {
            let session = session(challenge, journal.to_vec());
            Attempt::of(&session, &raft::SCENE, challenge).expect("a condition")
        };
        assert!(!judge(&journal).is_won());
        journal.push(last);
        let won = judge(&journal);
        assert!(won.is_won());
        assert_eq!((won.length, won.left.timers), (6, 0));
        let at = journal.last().map_or(0, |e| e.at) + 1;
        let node = NodeId(2);
        journal.push(Entry { at, action: Action::Crash { node, mode: CrashMode::Process } });
        let foul = judge(&journal);
        assert_eq!(foul.foul.as_deref(), Some("there was no crash left to spend"));
        assert!(!foul.is_won());
    }
}

//! Plays a story: says its verbs, waits for its conditions. The same for the page and headless.

use super::condition::Condition;
use super::moment::Moment;
use super::names::{Given, node};
use super::verbs::{Said, Scope, read, read_moment};
use super::{Story, StoryStep};
use crate::core::action::{Action, Entry};
use crate::core::config::Setup;
use crate::core::ids::{NodeId, NodeSet};
use crate::core::protocol::CallName;
use crate::core::session::Session;
use crate::core::sorted::SortedMap;
use crate::core::view::{MessageView, WorldView};
use crate::protocols::Scene;

/// A step that has not come true after this much virtual time has failed.
pub const PATIENCE: u64 = 30_000_000;

/// Between two acts in a world that stands still, microseconds.
pub const PACE: u64 = 8_000;
const MOST_DELIVERIES: u32 = 500;

/// The setup a story plays in.
pub fn setup(scene: &Scene, story: &Story) -> Setup {
    Setup {
        scene: scene.id.into(),
        preset: story.preset.into(),
        knobs: story.knobs.iter().map(|(k, v)| ((*k).to_string(), *v)).collect::<SortedMap<_, _>>(),
        mutants: story.mutants.iter().map(|m| (*m).to_string()).collect(),
        seed: story.seed,
    }
}

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldStep {
    /// The step of the run at its end.
    pub step: u64,
    /// When, microseconds.
    pub at: u64,
    /// Which option of its question came true.
    pub answer: Option<usize>,
}

/// A piece of a step's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordPart {
    /// Words.
    Text(String),
    /// A node that is spoken of, and its name.
    Node(NodeId, String),
}

impl WordPart {
    /// The words, or the name.
    pub fn text(&self) -> &str {
        match self {
            WordPart::Text(text) | WordPart::Node(_, text) => text,
        }
    }
}

/// What a step waits for, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wait {
    until: Condition,
    /// Of the answers to its question.
    options: Vec<Condition>,
}

impl Wait {
    fn of(step: &StoryStep) -> Result<Wait, String> {
        let options = step.ask.iter().flat_map(|a| a.options);
        let options = options.map(|(_, condition)| Condition::read(condition));
        Ok(Wait {
            until: Condition::read(step.until)?,
            options: options.collect::<Result<_, _>>()?,
        })
    }
}

/// What a story's words mean and wait for.
#[derive(Clone, Debug)]
pub struct Player<'a> {
    calls: &'a [CallName],
    /// Names given so far.
    pub given: Given,
    wait: Wait,
    since: u64,
}

impl<'a> Player<'a> {
    /// At the beginning.
    pub fn new(calls: &'a [CallName]) -> Self {
        Player { calls, given: Given::new(), wait: Wait::default(), since: 0 }
    }

    /// Reads what a step waits for, and gives the names that it begins with, so that its words can
    /// be read before it is done.
    pub fn enter(&mut self, session: &Session, step: &StoryStep) -> Result<(), String> {
        self.wait = Wait::of(step)?;
        for verb in step.say.iter().take_while(|v| v.starts_with("name ")) {
            if let Said::Name(name, id) = self.read(session, verb)? {
                self.given.insert(name, id);
            }
        }
        Ok(())
    }

    /// Does what the step says.
    pub fn begin(&mut self, session: &mut Session, step: &StoryStep) -> Result<(), String> {
        self.wait = Wait::of(step)?;
        for verb in step.say {
            self.say(session, verb).map_err(|why| format!("'{verb}': {why}"))?;
        }
        self.since = session.time();
        Ok(())
    }

    fn say(&mut self, session: &mut Session, verb: &str) -> Result<(), String> {
        // A line of a journal: `400ms crash S1`.
        if verb.starts_with(|c: char| c.is_ascii_digit()) {
            let (at, verb) = read_moment(verb)?;
            if let Some(before) = at.checked_sub(1) {
                session.advance_to(before, u64::MAX);
            }
            return match self.read(session, verb)? {
                Said::Act(action) => session.act_at(Entry { at, action }),
                Said::Name(..) => Err("a name is given without a time".into()),
            };
        }
        if let Some(who) = verb.strip_prefix("settle ") {
            return self.settle(session, who);
        }
        if verb == "drop all" {
            for m in session.view().messages {
                self.act(session, Action::Drop(m.id))?;
            }
            return Ok(());
        }
        match self.read(session, verb)? {
            Said::Name(name, id) => {
                self.given.insert(name, id);
                Ok(())
            }
            Said::Act(action) => self.act(session, action),
        }
    }

    /// What a verb means now.
    pub(super) fn read(&self, session: &Session, verb: &str) -> Result<Said, String> {
        read(Scope { view: &session.view(), given: &self.given, calls: self.calls }, verb)
    }

    /// In a world that stands still, time passes with each act, so that it can be seen.
    fn act(&mut self, session: &mut Session, action: Action) -> Result<(), String> {
        if session.view().manual {
            session.advance_to(session.time() + PACE, u64::MAX);
        }
        session.act(action)
    }

    /// Delivers what these processes say to each other, oldest first, until they are quiet.
    fn settle(&mut self, session: &mut Session, who: &str) -> Result<(), String> {
        for _ in 0..MOST_DELIVERIES {
            let view = session.view();
            let names = who.split_whitespace().map(|name| node(&view, &self.given, name));
            let set: NodeSet = names.collect::<Result<_, _>>()?;
            let among = |m: &&MessageView| set.has(m.id.from) && set.has(m.id.to) && !m.doomed;
            let Some(next) = view.messages.iter().filter(among).min_by_key(|m| (m.sent_at, m.id))
            else {
                return Ok(());
            };
            self.act(session, Action::Deliver(next.id))?;
        }
        Err(format!("they were not quiet after {MOST_DELIVERIES} messages"))
    }

    /// The words of a step, the nodes that they speak of found.
    pub fn words(&self, view: &WorldView, text: &str) -> Vec<WordPart> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, tail)) = after.split_once('}') else { break };
            parts.push(WordPart::Text(before.into()));
            parts.push(match node(view, &self.given, name) {
                Ok(id) => WordPart::Node(id, view.nodes[id.at()].name.to_string()),
                Err(_) => WordPart::Text(format!("the {name}")),
            });
            rest = tail;
        }
        parts.push(WordPart::Text(rest.into()));
        parts
    }

    /// Has what the step waits for come true?
    pub fn reached(&self, session: &Session) -> Result<bool, String> {
        self.holds(session, &self.wait.until)
    }

    /// Does a condition hold, with the names given so far?
    pub fn holds(&self, session: &Session, condition: &Condition) -> Result<bool, String> {
        Ok(condition.holds(&Moment::of(session, &self.given, self.since))?)
    }

    /// Does the step wait for time to go by?
    pub fn waits_for_time(&self) -> bool {
        self.wait.until.wait().is_some()
    }

    /// Goes on by one step towards what is waited for; true once it has come.
    pub fn advance(&self, session: &mut Session) -> Result<bool, String> {
        if self.reached(session)? {
            return Ok(true);
        }
        let next = session.next_at().unwrap_or(u64::MAX);
        let due = self.wait.until.wait().map_or(0, |w| self.since + w);
        if session.time() < due && due < next {
            session.advance_to(due, 1);
            return Ok(false);
        }
        if next > self.since + PATIENCE {
            return Err(format!("'{}' did not come true in 30 s", self.wait.until));
        }
        session.forward();
        Ok(false)
    }

    /// Runs until the step's condition holds.
    ///
    /// # Errors
    /// One sentence where it does not within [`PATIENCE`].
    pub fn finish(&mut self, session: &mut Session) -> Result<ToldStep, String> {
        loop {
            if let Some(told) = self.finish_by(session, u64::MAX)? {
                return Ok(told);
            }
        }
    }

    /// The same by so many steps at most; what came of it once it holds.
    ///
    /// # Errors
    /// Those of [`Player::finish`].
    pub fn finish_by(
        &mut self,
        session: &mut Session,
        most: u64,
    ) -> Result<Option<ToldStep>, String> {
        let mut left = most;
        while !self.reached(session)? {
            if left == 0 {
                return Ok(None);
            }
            left -= 1;
            self.advance(session)?;
        }
        let mut right = Vec::new();
        for (i, condition) in self.wait.options.iter().enumerate() {
            if self.holds(session, condition)? {
                right.push(i);
            }
        }
        if !self.wait.options.is_empty() && right.len() != 1 {
            return Err(format!("{} of the question's answers came true", right.len()));
        }
        let (step, at, answer) = (session.cursor(), session.time(), right.first().copied());
        Ok(Some(ToldStep { step, at, answer }))
    }
}

/// Plays a whole story; the error names the step, from 1.
pub fn play(scene: &Scene, story: &Story) -> Result<(Session, Vec<ToldStep>), String> {
    let mut told = Vec::new();
    let session = play_each(scene, story, &mut |_, _, step| told.push(step.clone()))?;
    Ok((session, told))
}

/// Plays a whole story, and shows each step when it is done.
pub fn play_each(
    scene: &Scene,
    story: &Story,
    each: &mut dyn FnMut(&Player, &Session, &ToldStep),
) -> Result<Session, String> {
    let mut session = Session::new(scene.build, setup(scene, story), Vec::new())?;
    let calls = scene.info_of(story.preset).calls;
    let mut player = Player::new(calls);
    for (n, step) in story.steps.iter().enumerate() {
        let at = |why| format!("{} {}: step {}: {why}", scene.id, story.id, n + 1);
        player.begin(&mut session, step).map_err(at)?;
        let told = player.finish(&mut session).map_err(at)?;
        each(&player, &session, &told);
    }
    Ok(session)
}

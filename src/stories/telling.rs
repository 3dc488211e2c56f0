//! A story while it is told: which step, what is asked, what is behind. The page and the presenter
//! move it; what happens is [`Player`]'s.

pub use super::player::WordPart;
use super::player::{Player, ToldStep, setup};
use super::{Story, StoryStep};
use crate::core::protocol::CallName;
use crate::core::session::Session;
use crate::core::view::WorldView;
use crate::protocols::Scene;

/// What a step waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its question is open; nothing has happened yet.
    Asked,
    /// Its condition.
    Running,
    /// The reader.
    Done,
}

/// A step that has been told.
#[derive(Clone, Debug)]
struct StepMark {
    told: ToldStep,
    chosen: Option<usize>,
    player: Player<'static>,
}

/// Where a story stands.
#[derive(Clone, Debug)]
pub struct Telling {
    /// Which story.
    pub story: &'static Story,
    /// Its step, from 0.
    pub step: usize,
    /// What the step waits for.
    pub phase: Phase,
    /// The reader's answer to the step's question.
    pub chosen: Option<usize>,
    player: Player<'static>,
    /// The step of the run at which all is done that the present step does; it waits from there on.
    begun: u64,
    /// The steps told, in order; those after the present one are known from before.
    marks: Vec<StepMark>,
}

impl Telling {
    /// At the first step of a session that has the story's setup; nothing has been done to it.
    pub fn begin(
        story: &'static Story,
        calls: &'static [CallName],
        session: &mut Session,
    ) -> Result<Telling, String> {
        let player = Player::new(calls);
        let (phase, marks) = (Phase::Asked, Vec::new());
        let mut telling = Telling { story, step: 0, phase, chosen: None, player, begun: 0, marks };
        telling.enter(session)?;
        Ok(telling)
    }

    /// The present step.
    pub fn now(&self) -> &'static StoryStep {
        &self.story.steps[self.step]
    }

    /// Is this the last step, and has it been told?
    pub fn is_over(&self) -> bool {
        self.step + 1 == self.story.steps.len() && self.phase == Phase::Done
    }

    /// Does the present step wait for time to go by?
    pub fn waits_for_time(&self) -> bool {
        self.player.waits_for_time()
    }

    /// The option of the present question that came true.
    pub fn answer(&self) -> Option<usize> {
        let mark = self.marks.get(self.step).filter(|_| self.phase == Phase::Done);
        mark.and_then(|m| m.told.answer)
    }

    /// The step and time at which the story stands when it waits: its own moment to return to.
    pub fn place(&self) -> (u64, u64) {
        let told = match self.phase {
            Phase::Done => self.marks.get(self.step),
            _ => self.step.checked_sub(1).and_then(|s| self.marks.get(s)),
        };
        told.map_or((0, 0), |m| (m.told.step, m.told.at))
    }

    /// Shows the present step: its question first, if it has one.
    fn enter(&mut self, session: &mut Session) -> Result<(), String> {
        self.player.enter(session, self.now())?;
        self.chosen = self.marks.get(self.step).and_then(|m| m.chosen);
        if self.now().ask.is_some() {
            self.phase = Phase::Asked;
            return Ok(());
        }
        self.run(session)
    }

    /// Does what the step says, or what it said before.
    fn run(&mut self, session: &mut Session) -> Result<(), String> {
        self.phase = Phase::Running;
        if self.marks.len() <= self.step {
            session.forget_ahead();
            let (step, time) = (session.cursor(), session.time());
            self.player.begin(session, self.now())?;
            self.begun = session.cursor();
            // What is done takes time in a world that stands still: it is to be seen.
            if session.time() > time {
                go_to(session, step, time);
            }
        }
        self.watch(session).map(|_| ())
    }

    /// Takes an answer to the open question, and lets the step run.
    pub fn choose(&mut self, session: &mut Session, option: usize) -> Result<(), String> {
        if self.phase == Phase::Asked {
            self.chosen = Some(option);
            self.marks.truncate(self.step);
            self.run(session)?;
        }
        Ok(())
    }

    /// Looks whether what the step waits for has come; true once it has.
    pub fn watch(&mut self, session: &mut Session) -> Result<bool, String> {
        if self.phase != Phase::Running {
            return Ok(self.phase == Phase::Done);
        }
        if let Some(mark) = self.marks.get(self.step) {
            if session.cursor() >= mark.told.step {
                self.player = mark.player.clone();
                self.phase = Phase::Done;
            }
        } else if session.cursor() >= self.begun && self.player.reached(session)? {
            let told = self.player.finish(session)?;
            let (chosen, player) = (self.chosen, self.player.clone());
            self.marks.push(StepMark { told, chosen, player });
            self.phase = Phase::Done;
        }
        Ok(self.phase == Phase::Done)
    }

    /// Goes on by one step of the run towards what the step waits for; true once it has come.
    pub fn advance(&mut self, session: &mut Session) -> Result<bool, String> {
        if self.phase == Phase::Running && self.marks.len() <= self.step {
            self.player.advance(session)?;
        } else if session.forward().is_none() {
            return Ok(true);
        }
        self.watch(session)
    }

    /// Goes on: an open question is passed over, a running step is ended at once, a told one is
    /// followed by the next.
    pub fn next(&mut self, session: &mut Session) -> Result<(), String> {
        match self.phase {
            Phase::Asked => {
                self.come_back(session);
                self.run(session)
            }
            Phase::Running => {
                self.set_out(session);
                while !self.end_by(session, u64::MAX)? {}
                Ok(())
            }
            Phase::Done if self.step + 1 < self.story.steps.len() => {
                self.come_back(session);
                self.step += 1;
                self.enter(session)
            }
            Phase::Done => Ok(()),
        }
    }

    /// Puts the cursor where a running step's end is known to be, or is to be looked for.
    pub fn set_out(&self, session: &mut Session) {
        session.seek(self.marks.get(self.step).map_or(self.begun, |mark| mark.told.step));
    }

    /// Goes on to the end of a running step, by so many steps of the run at most; true once it is
    /// there.
    ///
    /// # Errors
    /// One sentence where what it waits for does not come.
    pub fn end_by(&mut self, session: &mut Session, most: u64) -> Result<bool, String> {
        if self.watch(session)? {
            return Ok(true);
        }
        Ok(self.player.finish_by(session, most)?.is_some() && self.watch(session)?)
    }

    /// Goes back to where the step before had been told; the first step to its own beginning.
    pub fn previous(&mut self, session: &mut Session) {
        let Some(step) = self.step.checked_sub(1) else {
            session.seek(0);
            return;
        };
        self.step = step;
        self.phase = Phase::Done;
        self.chosen = self.marks[step].chosen;
        self.player = self.marks[step].player.clone();
        self.come_back(session);
    }

    /// Puts the cursor where the story stands.
    pub fn come_back(&self, session: &mut Session) {
        let (step, time) = self.place();
        go_to(session, step, time);
    }

    /// A place in the story as a number, for links: its step and what it waits for.
    pub fn cue(&self) -> u16 {
        self.step as u16 * 4 + self.phase as u16
    }

    /// The story at a place that [`Telling::cue`] has given, and the session that it leads to.
    pub fn at_cue(
        scene: &Scene,
        story: &'static Story,
        cue: u16,
    ) -> Result<(Telling, Session), String> {
        let mut session = Session::new(scene.build, setup(scene, story), Vec::new())?;
        let mut telling = Telling::begin(story, scene.info_of(story.preset).calls, &mut session)?;
        let step = usize::from(cue / 4).min(story.steps.len() - 1);
        // Each step is passed in at most three moves: its question, its condition, the next step.
        for _ in 0..3 * story.steps.len() {
            let asked = cue % 4 == Phase::Asked as u16 && telling.phase == Phase::Asked;
            if telling.step == step && (asked || telling.phase == Phase::Done) {
                break;
            }
            telling.next(&mut session)?;
        }
        if cue % 4 == Phase::Running as u16 && telling.phase == Phase::Done {
            telling.phase = Phase::Running;
        }
        Ok((telling, session))
    }

    /// The words of the present step, the nodes that they speak of found.
    pub fn words(&self, view: &WorldView, text: &str) -> Vec<WordPart> {
        self.player.words(view, text)
    }

    /// What may be turned from here on.
    pub fn unlocked(&self) -> impl Iterator<Item = &'static str> {
        let told = &self.story.steps[..=self.step];
        told.iter().flat_map(|s| s.unlock.iter().copied())
    }
}

/// To a step, and a later time before which nothing happens.
fn go_to(session: &mut Session, step: u64, time: u64) {
    session.seek(step);
    if time > session.time() && session.next_at().is_none_or(|next| next > time) {
        session.advance_to(time, 1);
    }
}

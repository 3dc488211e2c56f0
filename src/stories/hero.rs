//! What a scene opens on: a run about to come to its telling moment, with one sentence and one thing
//! to do next.

use super::player::{Player, ToldStep};
use super::verbs::Said;
use super::{Story, StoryStep};
use crate::core::action::Action;
use crate::core::session::Session;
use crate::protocols::Scene;

/// The picture that is shown large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Main {
    /// The servers and what is between them.
    Stage,
    /// The space-time diagram.
    Diagram,
    /// The ring, or the axis of keys.
    Keys,
    /// The chart: latency against staleness, or who has heard when.
    Chart,
    /// What clients asked and heard.
    Clients,
    /// Clocks against true time.
    Clocks,
    /// The logs side by side.
    Log,
}

/// The opening of a scene.
#[derive(Clone, Copy, Debug)]
pub struct Hero {
    /// What is seen, in at most 14 words.
    pub caption: &'static str,
    /// The run. Its steps have no words: they lead to the telling moment, which is where the last of
    /// them has come true.
    pub run: Story,
    /// It begins a little before this step of the run, from 0,
    pub opens: usize,
    /// so many microseconds before,
    pub lead: u64,
    /// and goes on so many microseconds after the telling moment.
    pub tail: u64,
    /// The picture that shows it largest.
    pub main: Main,
    /// The past and future of the event that ends this step are lit; of two, they are compared.
    pub light: &'static [usize],
    /// What to do next; two are the ends of a fork.
    pub next: &'static [Next],
}

/// A thing to do at the telling moment.
#[derive(Clone, Copy, Debug)]
pub struct Next {
    /// On the button.
    pub label: &'static str,
    /// What it costs or shows, beside the button; may be empty.
    pub note: &'static str,
    /// What it does.
    pub does: Does,
    /// What then comes true in the run; empty where another run is begun.
    pub then: &'static str,
}

/// What a button in the picture does.
#[derive(Clone, Copy, Debug)]
pub enum Does {
    /// Verbs, done at the telling moment.
    Act(&'static [&'static str]),
    /// The same steps under other settings, seen from where the last of them begins: knobs, then
    /// mutants.
    Under(&'static [(&'static str, i64)], &'static [&'static str]),
    /// Nothing but to let time go on.
    Wait,
    /// Begins a story.
    Story(&'static str),
}

impl Hero {
    /// A run without words or a question, for [`Hero::run`].
    pub const RUN: Story = Story {
        id: "opening",
        title: "",
        source: None,
        preset: "",
        knobs: &[],
        mutants: &[],
        seed: 1,
        steps: &[],
    };
}

/// A stretch of run to be shown again and again.
#[derive(Clone, Debug)]
pub struct Reel {
    /// Where it begins, microseconds.
    pub from: u64,
    /// Where the last step of the run begins, microseconds.
    pub asked: u64,
    /// The telling moment.
    pub moment: ToldStep,
    /// Where it ends, microseconds.
    pub to: u64,
    /// The events whose past and future are lit.
    pub lit: Vec<u64>,
}

/// An opening that is being computed: in slices, since it may take long.
pub struct Opening {
    hero: &'static Hero,
    /// The run so far.
    pub session: Session,
    player: Player<'static>,
    /// The step that is waited for, and the times at which those before it began and ended.
    begun: Vec<u64>,
    told: Vec<ToldStep>,
}

impl Opening {
    /// At the beginning.
    pub fn new(scene: &'static Scene) -> Result<Opening, String> {
        Opening::under(scene, &[], &[])
    }

    /// At the beginning of the same steps under other settings: knobs, then mutants.
    pub fn under(
        scene: &'static Scene,
        knobs: &[(&str, i64)],
        mutants: &[&str],
    ) -> Result<Opening, String> {
        let hero = &scene.hero;
        let mut setup = super::player::setup(scene, &hero.run);
        for (knob, value) in knobs {
            setup.knobs.insert((*knob).into(), *value);
        }
        for mutant in mutants {
            setup.mutants.insert((*mutant).into());
        }
        let session = Session::new(scene.build, setup, Vec::new())?;
        let player = Player::new(scene.info_of(hero.run.preset).calls);
        Ok(Opening { hero, session, player, begun: Vec::new(), told: Vec::new() })
    }

    /// Goes on by so many steps of the run at most; true when the telling moment and what follows it
    /// are on record.
    pub fn slice(&mut self, most: u64) -> Result<bool, String> {
        let steps: &'static [StoryStep] = self.hero.run.steps;
        for _ in 0..most {
            let Some(step) = steps.get(self.told.len()) else {
                let to = self.told.last().map_or(0, |t| t.at) + self.hero.tail;
                if self.session.advance_to(to, 1) {
                    return Ok(true);
                }
                continue;
            };
            if self.begun.len() == self.told.len() {
                self.begun.push(self.session.time());
                self.player.begin(&mut self.session, step)?;
            }
            if self.player.advance(&mut self.session)? {
                self.told.push(self.player.finish(&mut self.session)?);
            }
        }
        Ok(false)
    }

    /// Goes on, by so many steps of the run at most, to where the last step begins; true when it has
    /// begun.
    pub fn ask(&mut self, most: u64) -> Result<bool, String> {
        for _ in 0..most {
            if self.begun.len() == self.hero.run.steps.len() {
                return Ok(true);
            }
            self.slice(1)?;
        }
        Ok(false)
    }

    /// What the words of the run mean where it stands.
    pub fn player(&self) -> &Player<'static> {
        &self.player
    }

    /// The run, ahead of its opening, and what of it is shown.
    pub fn reel(self) -> Option<(Session, Player<'static>, Reel)> {
        let begins = self.begun.get(self.hero.opens)?;
        let moment = self.told.last()?.clone();
        let lit = self.hero.light.iter().filter_map(|i| self.told.get(*i)).map(|t| t.step);
        let reel = Reel {
            from: begins.saturating_sub(self.hero.lead),
            asked: *self.begun.last()?,
            to: moment.at + self.hero.tail,
            lit: lit.collect(),
            moment,
        };
        Some((self.session, self.player, reel))
    }

    /// The whole opening at once.
    pub fn play(scene: &'static Scene) -> Result<(Session, Player<'static>, Reel), String> {
        let mut opening = Opening::new(scene)?;
        while !opening.slice(u64::MAX)? {}
        opening.reel().ok_or_else(|| format!("the opening of {} has no steps", scene.id))
    }
}

/// What verbs mean at a moment, each as an action.
pub fn actions(
    player: &Player<'_>,
    session: &Session,
    verbs: &[&str],
) -> Result<Vec<Action>, String> {
    let one = |verb: &&str| match player.read(session, verb)? {
        Said::Act(action) => Ok(action),
        Said::Name(..) => Err(format!("'{verb}' names somebody and does nothing")),
    };
    verbs.iter().map(one).collect()
}

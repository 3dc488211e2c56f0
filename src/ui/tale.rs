//! The story that is told over a run: begun, gone through, left and come back to.

use super::dom;
use super::hero::After;
use super::model::{Model, sentence};
use super::past::UndoStep;
use super::way::Destination;
use happened_before::core::session::{Session, common};
use happened_before::share::link::{Cue, Link};
use happened_before::stories::Story;
use happened_before::stories::player::setup;
use happened_before::stories::telling::{Phase, Telling};

/// The reader's milliseconds that a step takes at least and at most.
const STEP: (u64, u64) = (2_000, 6_000);

/// A story on the page.
#[derive(Clone)]
pub struct Tale {
    /// Where it stands.
    pub telling: Telling,
    /// The branch it is told on.
    pub line: usize,
    /// The reader does something else.
    pub left: bool,
    /// The run it is told over, if the page now shows another.
    home: Option<Box<UndoStep>>,
}

/// What is asked of a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// Begin the one with this name.
    Begin(&'static str),
    /// Go on.
    Next,
    /// Back to the step before.
    Previous,
    /// Answer the question.
    Choose(usize),
    /// Back from one's own way.
    Return,
    /// No more.
    End,
}

impl Tale {
    /// Something else than the story: from here on it is a branch of the reader's own. True if it
    /// was not that already.
    pub fn leave(&mut self, session: &mut Session) -> bool {
        if self.left {
            return false;
        }
        if self.line == session.current() {
            session.fork();
        }
        self.left = true;
        true
    }
}

/// To a branch, wherever: the story knows its place there. What has been played elsewhere may have
/// been far.
fn to_line(session: &mut Session, line: usize) {
    session.set_gradual(true);
    session.switch(line);
    session.halt();
}

impl Model {
    /// The story that the page follows now.
    pub fn telling(&self) -> Option<&Telling> {
        self.tale.as_ref().filter(|t| !t.left).map(|t| &t.telling)
    }

    /// Does what is asked of a story.
    pub fn tell(&mut self, tell: Tell) {
        let done = match tell {
            Tell::Begin(story) => self.begin(story),
            Tell::End => {
                if let Some(tale) = self.tale.take().filter(|t| t.telling.is_over()) {
                    super::done::finish(self.scene.id, tale.telling.story.id);
                }
                self.past.fresh = true;
                Ok(())
            }
            Tell::Return => {
                self.come_back();
                Ok(())
            }
            _ => self.go_on(tell),
        };
        if let Err(why) = done {
            self.notice = Some(sentence(&why));
        }
        self.pace();
        self.refresh();
    }

    fn begin(&mut self, id: &str) -> Result<(), String> {
        let all: &'static [Story] = self.scene.stories;
        let story = all.iter().find(|s| s.id == id).ok_or("there is no such story")?;
        let setup = setup(self.scene, story);
        let mut session = Session::new(self.scene.build, setup, Vec::new())?;
        let telling = Telling::begin(story, self.info.calls, &mut session)?;
        let fresh = Model::of(session)?;
        self.replace(fresh);
        self.tale = Some(Tale { telling, line: 0, left: false, home: None });
        Ok(())
    }

    fn go_on(&mut self, tell: Tell) -> Result<(), String> {
        if self.tale.as_ref().is_some_and(|t| t.left) {
            self.come_back();
        }
        let Some(tale) = &mut self.tale else { return Ok(()) };
        if self.session.current() != tale.line {
            to_line(&mut self.session, tale.line);
        }
        if matches!(tell, Tell::Next) && tale.telling.phase == Phase::Running {
            let (mut session, telling) = (self.session.copy(), tale.telling.clone());
            telling.set_out(&mut session);
            self.go_to_end_of(telling, session);
            return Ok(());
        }
        let (before, branches) = (tale.telling.cue(), self.session.branches().len());
        match tell {
            Tell::Next => tale.telling.next(&mut self.session)?,
            Tell::Choose(option) => {
                tale.telling.come_back(&mut self.session);
                tale.telling.choose(&mut self.session, option)?;
            }
            _ => tale.telling.previous(&mut self.session),
        }
        // Somebody else's acts ahead of the story: it goes on beside them.
        if self.session.branches().len() > branches {
            tale.line = self.session.current();
        }
        self.past.fresh |= before != tale.telling.cue();
        self.anew();
        Ok(())
    }

    /// A step of the story has come to its end.
    pub fn told(&mut self, telling: Telling, session: Session) {
        self.session = session;
        if let Some(tale) = &mut self.tale {
            tale.telling = telling;
        }
        self.past.fresh = true;
        self.follows = true;
        self.playing = false;
        self.anew();
    }

    /// A running step plays by itself, or is ended at once where nothing is to move.
    fn pace(&mut self) {
        let running = |m: &Model| m.telling().is_some_and(|t| t.phase == Phase::Running);
        if running(self) && dom::still() && self.going.is_none() {
            let _ = self.go_on(Tell::Next);
        }
        self.follows = true;
        self.playing = running(self) && self.going.is_none();
        self.stretch = None;
        if let Some(telling) = self.telling().filter(|_| self.playing).cloned() {
            self.look_ahead(telling);
        }
    }

    /// How long the step takes decides how fast it is shown.
    fn look_ahead(&mut self, telling: Telling) {
        let from = self.session.time();
        let quest = Destination::Tell(Box::new(telling));
        self.set_out_from(self.session.copy(), quest, move |m, ahead| {
            let times: Vec<u64> = ahead.trace().events.iter().map(|e| e.at).collect();
            m.play_stretch(&times, (from, ahead.time()), STEP, After::Go);
        });
    }

    /// The page shows another run now; the story can be come back to.
    pub fn keep_story(&mut self, home: UndoStep) {
        if let Some(tale) = &mut self.tale {
            tale.left = true;
            tale.home.get_or_insert(Box::new(home));
        }
    }

    fn come_back(&mut self) {
        let before = self.snapshot();
        if let Some(home) = self.tale.as_mut().and_then(|t| t.home.take()) {
            self.become_of(&home);
        }
        let Some(tale) = &mut self.tale else { return };
        to_line(&mut self.session, tale.line);
        tale.telling.come_back(&mut self.session);
        tale.left = false;
        self.past_push(before);
        self.anew();
    }

    /// A branch is gone: the story's own ends it, one before it moves it.
    pub fn branch_gone(&mut self, branch: usize) {
        let Some(tale) = &mut self.tale else { return };
        match branch.cmp(&tale.line) {
            std::cmp::Ordering::Less => tale.line -= 1,
            std::cmp::Ordering::Equal => self.tale = None,
            std::cmp::Ordering::Greater => {}
        }
    }

    /// One step of a run that plays, up to a time; false when nothing is left to do before it.
    pub fn advance_story(&mut self, target: u64, most: u64) {
        for _ in 0..most {
            let rests = self.session.next_at().is_none_or(|at| at > target);
            if rests {
                self.session.advance_to(target, 1);
            } else {
                self.session.forward();
            }
            if rests && !self.telling().is_some_and(Telling::waits_for_time) {
                return;
            }
            let Some(tale) = &mut self.tale else { return };
            match tale.telling.watch(&mut self.session) {
                Ok(false) if rests => return,
                Ok(false) => {}
                Ok(true) => {
                    self.playing = false;
                    self.past.fresh = true;
                    return;
                }
                Err(why) => {
                    self.notice = Some(sentence(&why));
                    self.tale = None;
                    return;
                }
            }
        }
    }

    /// Steps taken by hand may bring what the story waits for.
    pub fn watch_story(&mut self) {
        let running = self.telling().is_some_and(|t| t.phase == Phase::Running);
        let Some(tale) = self.tale.as_mut().filter(|t| running && t.line == self.session.current())
        else {
            return;
        };
        if let Ok(true) = tale.telling.watch(&mut self.session) {
            self.playing = false;
            self.refresh();
        }
    }

    /// Where the story stands, for the address.
    pub fn cue(&self) -> Option<Cue> {
        let tale = self.tale.as_ref().filter(|t| t.home.is_none())?;
        Some(Cue { story: tale.telling.story.id.into(), step: tale.telling.cue() })
    }

    /// The story that an address stands in, if its run is still a run of that story.
    pub fn find_tale(&mut self, link: &Link) -> Option<()> {
        let cue = link.view.cue.as_ref()?;
        let story = self.scene.stories.iter().find(|s| s.id == cue.story)?;
        if setup(self.scene, story) != self.session.setup {
            return None;
        }
        let (telling, told) = Telling::at_cue(self.scene, story, cue.step).ok()?;
        let journal = &told.branch().journal;
        let own = |b: &happened_before::core::session::Branch| common(&b.journal, journal);
        let whole = |b: &&happened_before::core::session::Branch| own(b) == journal.len();
        let branches = self.session.branches();
        let line = branches.iter().position(|b| whole(&b) && b.journal.len() == journal.len());
        let line = line.or_else(|| branches.iter().position(|b| whole(&b)))?;
        let left = line != self.session.current();
        self.tale = Some(Tale { telling, line, left, home: None });
        Some(())
    }
}

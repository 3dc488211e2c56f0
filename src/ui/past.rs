//! Deliberate acts: each can be undone, each is a step of the browser's history, and in a story each
//! leads to a branch of its own.

use super::model::{Model, sentence};
use super::plane;
use super::tale::Tale;
use super::way::RECORD;
use happened_before::core::config::Setup;
use happened_before::core::session::{Document, Session};
use happened_before::share::link::{Held, Link};
use std::cell::RefCell;
use std::rc::Rc;

/// Acts that can be undone.
const MOST_UNDONE: usize = 200;

/// What was on a page that one has left.
struct LeftPage {
    /// Its address.
    written: String,
    /// All of it.
    whole: Link,
    past: Past,
}

thread_local! {
    static LEFT: RefCell<Option<LeftPage>> = const { RefCell::new(None) };
}

/// Remembers what is on a page that is left.
pub fn leave(model: &mut Model) {
    let whole = Link::whole(&model.session, model.looked_at());
    let (written, past) = (model.written.clone(), std::mem::take(&mut model.past));
    LEFT.set(Some(LeftPage { written, whole, past }));
}

/// The page that was left last, if a link is its address: with all that the address did not hold.
pub fn come_back(link: &Link) -> Option<Result<Model, String>> {
    let left = LEFT.take()?;
    if left.written != link.fragment() {
        LEFT.set(Some(left));
        return None;
    }
    Some(Model::open(&left.whole).map(|mut model| {
        model.past = left.past;
        model
    }))
}

/// What undo goes back to.
#[derive(Clone)]
pub struct UndoStep {
    setup: Setup,
    document: Document,
    tale: Option<Tale>,
}

/// What has been done and undone.
#[derive(Default)]
pub struct Past {
    undo: Vec<UndoStep>,
    redo: Vec<UndoStep>,
    /// Something deliberate has been done since the address was last written.
    pub fresh: bool,
}

impl Past {
    /// Can something be undone, can something be done again?
    pub fn has(&self) -> (bool, bool) {
        (!self.undo.is_empty(), !self.redo.is_empty())
    }
    fn push(&mut self, snapshot: UndoStep) {
        if self.undo.len() == MOST_UNDONE {
            self.undo.remove(0);
        }
        self.undo.push(snapshot);
        self.redo.clear();
        self.fresh = true;
    }
}

impl Model {
    /// This moment, to come back to.
    pub fn snapshot(&self) -> UndoStep {
        UndoStep {
            setup: self.session.setup.clone(),
            document: self.session.document(),
            tale: self.tale.clone(),
        }
    }

    /// Does something deliberate: as a whole or, with a sentence, not at all.
    pub fn deliberately(&mut self, act: &mut dyn FnMut(&mut Session) -> Result<(), String>) {
        self.deliberately_then(act, |_| {});
    }

    /// The same, and something else once it is done.
    pub fn deliberately_then(
        &mut self,
        act: &mut dyn FnMut(&mut Session) -> Result<(), String>,
        then: impl FnOnce(&mut Model) + 'static,
    ) {
        let before = self.snapshot();
        let (mut session, mut tale) = (self.gradual(), self.tale.clone());
        let leaves = tale.as_mut().is_some_and(|tale| tale.leave(&mut session));
        if let Err(why) = act(&mut session) {
            self.notice = Some(sentence(&why));
            self.revision += 1;
            return;
        }
        self.go(session, move |m, session| {
            (m.session, m.tale) = (session, tale);
            m.playing &= !leaves;
            (m.hero, m.stretch) = (None, None);
            m.past.push(before);
            m.anew();
            then(m);
        });
    }

    /// Another run of the same scene, from its beginning.
    pub fn restart(&mut self, setup: Setup) -> Result<(), String> {
        let fresh = Model::fresh(setup)?;
        self.when_there(fresh, |m, fresh| {
            let home = m.snapshot();
            m.replace(fresh);
            m.keep_story(home);
        });
        Ok(())
    }

    /// Takes the place of this run, which undo leads back to.
    pub fn replace(&mut self, fresh: Model) {
        let before = self.snapshot();
        let planes = plane::left_behind(self);
        let old = std::mem::replace(self, fresh);
        self.planes = planes;
        (self.playing, self.panels, self.main) = (old.playing, old.panels, old.main);
        // At an opening's pace nobody has asked for this speed.
        self.speed = if old.stretch.is_some() { self.speed } else { old.speed };
        (self.past, self.revision) = (old.past, old.revision + 1);
        self.tale = old.tale;
        self.past.push(before);
    }

    /// A run that came by the address; undo stays as it was, and leads back to what the address
    /// did not hold.
    pub fn take_over(&mut self, fresh: Model) {
        self.when_there(fresh, |m, fresh| {
            let before = m.snapshot();
            let old = std::mem::replace(m, fresh);
            (m.past, m.revision) = (old.past, old.revision + 1);
            if old.held != Held::Whole {
                m.past.push(before);
                m.past.fresh = false;
            }
        });
    }

    /// Back before the last deliberate act, or forth again.
    pub fn undo(&mut self, again: bool) {
        let from = if again { &self.past.redo } else { &self.past.undo };
        let Some(to) = from.last().cloned() else {
            let what =
                if again { "There is nothing to do again." } else { "There is nothing to undo." };
            self.notice = Some(what.into());
            return;
        };
        let mut session = match self.session_for(&to) {
            Ok(session) => session,
            Err(why) => {
                self.notice = Some(sentence(&why));
                return;
            }
        };
        session.set_gradual(true);
        if let Err(why) = session.restore(&to.document) {
            self.notice = Some(sentence(&why));
            return;
        }
        self.playing = false;
        self.go(session, move |m, session| {
            let here = m.snapshot();
            let Past { undo, redo, .. } = &mut m.past;
            let (from, back) = if again { (redo, undo) } else { (undo, redo) };
            let _ = from.pop();
            back.push(here);
            m.past.fresh = true;
            m.become_session(session, to.tale);
        });
    }

    /// A session of a snapshot's setup, with what is known of it.
    fn session_for(&self, to: &UndoStep) -> Result<Session, String> {
        if self.session.setup == to.setup {
            return Ok(self.session.copy());
        }
        Ok(Link::new(to.setup.clone(), Vec::new()).begin(RECORD)?.0)
    }

    fn become_session(&mut self, session: Session, tale: Option<Tale>) {
        if self.session.setup != session.setup {
            // Another preset may run another protocol.
            self.info = Rc::new(self.scene.info_of(&session.setup.preset));
        }
        (self.session, self.tale) = (session, tale);
        (self.hero, self.stretch) = (None, None);
        self.anew();
    }

    /// The run of a snapshot, at once.
    pub fn become_of(&mut self, to: &UndoStep) {
        let made = self.session_for(to).and_then(|mut session| {
            session.restore(&to.document)?;
            Ok(session)
        });
        match made {
            Ok(session) => self.become_session(session, to.tale.clone()),
            Err(why) => self.notice = Some(sentence(&why)),
        }
    }

    /// Remembers a moment for undo.
    pub fn past_push(&mut self, before: UndoStep) {
        self.past.push(before);
    }
}

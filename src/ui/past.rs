//! Deliberate acts: each can be undone, each is a step of the browser's history, and in a story each
//! leads to a branch of its own.

use super::model::{Model, sentence};
use super::plane;
use super::tale::Tale;
use happened_before::core::config::Setup;
use happened_before::core::session::{Document, Session};
use happened_before::share::link::Link;
use std::rc::Rc;

/// Acts that can be undone.
const MOST_UNDONE: usize = 200;

/// What undo goes back to.
#[derive(Clone)]
pub struct Snapshot {
    setup: Setup,
    document: Document,
    tale: Option<Tale>,
}

/// What has been done and undone.
#[derive(Default)]
pub struct Past {
    undo: Vec<Snapshot>,
    redo: Vec<Snapshot>,
    /// Something deliberate has been done since the address was last written.
    pub fresh: bool,
}

impl Past {
    /// Can something be undone, can something be done again?
    pub fn has(&self) -> (bool, bool) {
        (!self.undo.is_empty(), !self.redo.is_empty())
    }
    fn push(&mut self, snapshot: Snapshot) {
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
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            setup: self.session.setup.clone(),
            document: self.session.document(),
            tale: self.tale.clone(),
        }
    }

    /// Does something deliberate: as a whole or, with a sentence, not at all.
    pub fn deliberately(&mut self, act: &mut dyn FnMut(&mut Session) -> Result<(), String>) {
        let before = self.snapshot();
        self.leave_story();
        match act(&mut self.session) {
            Ok(()) => self.past.push(before),
            Err(why) => {
                let _ = self.session.restore(&before.document);
                self.tale = before.tale;
                self.notice = Some(sentence(&why));
            }
        }
        self.anew();
    }

    /// Another run of the same scene, from its beginning.
    pub fn restart(&mut self, setup: Setup) -> Result<(), String> {
        let fresh = Model::fresh(setup)?;
        let home = self.snapshot();
        self.replace(fresh);
        self.keep_story(home);
        Ok(())
    }

    /// Takes the place of this run, which undo leads back to.
    pub fn replace(&mut self, fresh: Model) {
        let before = self.snapshot();
        let planes = plane::left_behind(self);
        let old = std::mem::replace(self, fresh);
        self.planes = planes;
        (self.speed, self.playing, self.panels) = (old.speed, old.playing, old.panels);
        (self.past, self.revision) = (old.past, old.revision + 1);
        self.tale = old.tale;
        self.past.push(before);
    }

    /// A run that came by the address; undo stays as it was.
    pub fn take_over(&mut self, fresh: Model) {
        let old = std::mem::replace(self, fresh);
        (self.past, self.revision) = (old.past, old.revision + 1);
    }

    /// Back before the last deliberate act, or forth again.
    pub fn undo(&mut self, again: bool) {
        let from = if again { &mut self.past.redo } else { &mut self.past.undo };
        let Some(to) = from.pop() else {
            let what =
                if again { "There is nothing to do again." } else { "There is nothing to undo." };
            self.notice = Some(what.into());
            return;
        };
        let here = self.snapshot();
        let back = if again { &mut self.past.undo } else { &mut self.past.redo };
        back.push(here);
        self.past.fresh = true;
        self.playing = false;
        self.become_of(&to);
    }

    /// The run of a snapshot.
    pub fn become_of(&mut self, to: &Snapshot) {
        if self.session.setup != to.setup {
            let link = Link::new(to.setup.clone(), Vec::new());
            match link.open() {
                Ok(session) => {
                    self.session = session;
                    // Another preset may run another protocol.
                    self.info = Rc::new(self.scene.info_of(&to.setup.preset));
                }
                Err(why) => {
                    self.notice = Some(sentence(&why));
                    return;
                }
            }
        }
        if let Err(why) = self.session.restore(&to.document) {
            self.notice = Some(sentence(&why));
        }
        self.tale = to.tale.clone();
        self.anew();
    }

    /// Remembers a moment for undo.
    pub fn past_push(&mut self, before: Snapshot) {
        self.past.push(before);
    }
}

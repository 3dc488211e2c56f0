//! Two runs side by side under one playhead: where they first differ, and what differs now.

use super::dom;
use super::model::{Model, sentence};
use super::way::RECORD;
use happened_before::core::config::Setup;
use happened_before::core::ids::{MsgId, NodeId};
use happened_before::core::session::{Document, Session};
use happened_before::core::sorted::SortedSet;
use happened_before::core::trace::Trace;
use happened_before::core::view::WorldView;
use happened_before::protocols::{self, Scene};
use happened_before::scene::index::Index;
use happened_before::scene::{self, Item, Shape, Target};
use happened_before::share::link::Link;
use happened_before::share::transfer::{Differing, carry, comparable, first_difference};
use std::rc::Rc;

/// Tenths of a pixel around what differs.
const AROUND: i32 = 360;
/// Milliseconds of a frame for the run beside,
const BUDGET: f64 = 4.0;
/// and steps between two looks at the time.
const STRIDE: u64 = 16;

/// The other run.
pub struct Beside {
    /// The branch it is, unless it is a run of other settings.
    pub branch: Option<u16>,
    /// Its scene, and, if that is another one, how it compares.
    pub scene: &'static Scene,
    pub foreign: Option<Foreign>,
    /// What it is called.
    pub name: String,
    session: Session,
    /// Its world at the playhead.
    pub view: Rc<WorldView>,
    /// The index of its record.
    pub index: Index,
    /// The first step that is not alike: its own number, and when.
    pub parting: Option<(u64, u64)>,
    /// Up to this step both are known to be alike.
    alike: u64,
    /// Nodes that are not as in the run that is looked at.
    pub nodes: SortedSet<NodeId>,
    /// Messages that are only here or only there.
    pub messages: SortedSet<MsgId>,
}

/// What there is to say of another protocol on the same faults.
pub struct Foreign {
    /// What could not be carried over.
    pub carried: String,
    /// Do the two have anything in common that could differ?
    pub comparable: bool,
    /// The first thing that differs.
    pub first: Option<Differing>,
}

impl Beside {
    fn new(session: Session, branch: Option<u16>, name: String) -> Result<Beside, String> {
        let view = Rc::new(session.view());
        let scene = protocols::scene(&session.setup.scene)?;
        let (nodes, messages) = Default::default();
        let (index, parting, foreign) = (Index::default(), None, None);
        let alike = 0;
        Ok(Beside {
            branch,
            name,
            scene,
            foreign,
            session,
            view,
            index,
            parting,
            alike,
            nodes,
            messages,
        })
    }

    /// The run itself.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Is it still on its way to the moment of the run that is looked at?
    pub fn lags(&self) -> bool {
        self.session.is_under_way()
    }

    /// Its record.
    pub fn trace(&self) -> &Trace {
        self.session.trace()
    }

    /// Goes to where the run that is looked at is, and looks at what differs. A way that is too
    /// long for a frame is gone in several: [`Beside::lags`] until then.
    pub fn follow(&mut self, shown: &Session) {
        let time = shown.time();
        if time != self.session.time() || self.session.is_under_way() {
            let begun = dom::now();
            self.session.set_gradual(true);
            self.session.seek_time(time);
            while !self.session.slice(STRIDE) && dom::now() - begun < BUDGET {}
        }
        self.index.extend(self.session.trace());
        if self.foreign.is_some() {
            return self.follow_other(shown);
        }
        let (mine, theirs) = (self.session.view(), shown.view());
        if self.parting.is_none_or(|(_, at)| at > time) || shown.cursor() == 0 {
            (self.parting, self.alike) = parting(shown, &self.session, self.alike);
        }
        self.nodes = mine
            .nodes
            .iter()
            .filter(|n| {
                theirs
                    .nodes
                    .get(n.id.at())
                    .is_none_or(|t| t.look != n.look || t.status != n.status || t.log != n.log)
            })
            .map(|n| n.id)
            .collect();
        let flying =
            |view: &WorldView| -> SortedSet<MsgId> { view.messages.iter().map(|m| m.id).collect() };
        let (here, there) = (flying(&mine), flying(&theirs));
        let apart = here.difference(&there).chain(there.difference(&here));
        self.messages = apart.copied().collect();
        self.view = Rc::new(mine);
    }

    /// Nodes and messages of two protocols are not alike: what clients see may be.
    fn follow_other(&mut self, shown: &Session) {
        let time = shown.time();
        self.view = Rc::new(self.session.view());
        let Some(foreign) = &mut self.foreign else { return };
        if foreign.first.as_ref().is_none_or(|d| d.at > time) {
            foreign.first = first_difference(shown, &self.session, time);
        }
        let step = |d: &Differing| (shown.trace().step_at(d.at), d.at);
        self.parting = foreign.first.as_ref().map(step);
    }
}

/// The first step that is not alike, as far as both are on record, and the last one that is known to
/// be; both are alike up to `known`.
fn parting(a: &Session, b: &Session, known: u64) -> (Option<(u64, u64)>, u64) {
    let (here, there) = (a.cursor(), b.cursor());
    let known = known.min(here).min(there);
    let from = a.trace().events.first().max(b.trace().events.first()).max(known) as usize;
    let mut left = a.trace().events.range(from..here as usize);
    let mut right = b.trace().events.range(from..there as usize);
    let mut alike = known;
    loop {
        match (left.next(), right.next()) {
            (Some(x), Some(y)) if x == y => alike = x.step,
            (x, y) => {
                let next = [x, y].into_iter().flatten().min_by_key(|e| e.at);
                return (next.map(|e| (e.step, e.at)), alike);
            }
        }
    }
}

/// Rings around nodes that differ; messages that differ are of a class of their own, since they move.
pub fn mark(scene: &mut scene::Drawing, beside: &Beside) {
    let mut rings = Vec::new();
    for item in &mut scene.items {
        let Shape::Group { at, .. } = &item.shape else { continue };
        match &item.target {
            Some(Target::Node(n)) if beside.nodes.contains(n) => {
                rings.push(Item::circle("differs", *at, AROUND).key(format!("differs-{}", n.0)));
            }
            Some(Target::Message(m)) if beside.messages.contains(m) => {
                item.class = format!("{} differs", item.class).into();
            }
            _ => {}
        }
    }
    scene.items.extend(rings);
}

impl Model {
    /// Puts another branch beside this one, or nothing.
    pub fn compare(&mut self, branch: Option<usize>) {
        self.beside = None;
        let Some(branch) = branch else { return };
        let Some(other) = self.session.branches().get(branch) else { return };
        let name = other.name.clone();
        let mut document: Document = self.session.document();
        document.lines = vec![happened_before::core::session::Line {
            parent: None,
            ..document.lines.swap_remove(branch)
        }];
        (document.current, document.step, document.time) = (0, 0, 0);
        self.set_beside(self.session.setup.clone(), Some(document), Some(branch as u16), name);
    }

    /// Puts the same interventions under other settings beside this run.
    pub fn compare_setup(&mut self, setup: Setup, name: String) {
        let mut document = self.session.document();
        document.lines = vec![happened_before::core::session::Line {
            parent: None,
            ..document.lines.swap_remove(self.session.current())
        }];
        (document.current, document.step, document.time) = (0, 0, 0);
        self.set_beside(setup, Some(document), None, name);
    }

    /// Puts another scene beside this run: the same setting and the same faults.
    pub fn compare_scene(&mut self, id: &str) {
        self.beside = None;
        let made = protocols::scene(id).and_then(|scene| {
            let journal = &self.session.branch().journal;
            let carried = carry(&self.session.setup, journal, id)?;
            let said = carried.sentence();
            let (session, _) = Link::new(carried.setup, carried.journal).begin(RECORD)?;
            let mut beside = Beside::new(session, None, scene.title.into())?;
            let comparable = comparable(&self.info, &(scene.info)());
            beside.foreign = Some(Foreign { carried: said, comparable, first: None });
            beside.follow(&self.session);
            Ok(beside)
        });
        match made {
            Ok(beside) => self.beside = Some(beside),
            Err(why) => self.notice = Some(sentence(&why)),
        }
        self.revision += 1;
    }

    fn set_beside(
        &mut self,
        setup: Setup,
        document: Option<Document>,
        branch: Option<u16>,
        name: String,
    ) {
        let opened = Link::new(setup, Vec::new()).begin(RECORD).and_then(|(mut session, _)| {
            if let Some(document) = document {
                session.restore(&document)?;
            }
            Beside::new(session, branch, name)
        });
        match opened {
            Ok(mut beside) => {
                beside.follow(&self.session);
                self.beside = Some(beside);
            }
            Err(why) => self.notice = Some(sentence(&why)),
        }
        self.revision += 1;
    }
}

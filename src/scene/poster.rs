//! One picture of a moment: the cluster, its logs and clients, and how it came to this. For
//! posters, exports and the command line.

use super::geometry::{PX, Point};
use super::history::History;
use super::index::Index;
use super::space_time::SpaceTime;
use super::stage::Stage;
use super::{Item, Scene, Size, log_strip};
use crate::core::protocol::CallName;
use crate::core::session::Session;
use crate::core::trace::Trace;
use crate::core::view::{Layout, Lens, Shape, What, WorldView};

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Poster<'a> {
    /// The name over it all.
    pub title: &'a str,
    /// The world.
    pub view: &'a WorldView,
    /// How it came to this.
    pub trace: &'a Trace,
    /// How the nodes stand.
    pub layout: Layout,
    /// The pictures that serve this scene.
    pub lenses: &'a [Lens],
    /// What operations are called.
    pub calls: &'a [CallName],
    /// The step whose past and future are lit.
    pub selected: Option<u64>,
    /// How much of the past is shown, in microseconds.
    pub span: u64,
}

/// Width and height of a poster, in pixels.
const WIDTH: i32 = 900;
const STAGE: i32 = 440;
const TIME: i32 = 286;
const SIDE: i32 = 360;
const EDGE: i32 = 24;

/// Most steps in which a run's first landmark is looked for.
const SEARCH: usize = 4_000;
/// Steps from there to where the small picture is taken.
const MOMENT: usize = 12;

/// The small picture of a scene in a list of scenes: a run shortly after its first landmark,
/// standing still, as an observer's eyes do not see it.
pub fn small(mut run: Session, landmarks: &[&str], layout: Layout) -> Scene {
    for _ in 0..SEARCH {
        let Some(event) = run.forward() else { break };
        let starts = event.what == What::Boot && event.at == 0;
        if !starts && event.notes.iter().any(|note| landmarks.contains(note)) {
            break;
        }
    }
    for _ in 0..MOMENT {
        run.forward();
    }
    let view = run.view();
    let mut stage = Stage::new(&view, layout, Size::px(230, 190));
    stage.observer = false;
    stage.scene(run.time())
}

impl Poster<'_> {
    /// The picture.
    pub fn scene(&self) -> Scene {
        let now = self.view.now;
        let index = Index::of(self.trace);
        let window = (now.saturating_sub(self.span), now + self.span / 20 + 1);
        let clients = self.view.nodes.iter().filter(|n| n.shape == Shape::Client).count();
        let log =
            self.lenses.contains(&Lens::Log) && self.view.nodes.iter().any(|n| n.log.is_some());
        let history = self.lenses.contains(&Lens::History) && clients > 0;
        let side = if log || history { SIDE } else { 0 };
        let mut all = Scene::new(Size::px(WIDTH, STAGE + TIME + 2 * EDGE), self.title);
        let inner = WIDTH - 2 * EDGE;

        let mut stage = Stage::new(self.view, self.layout, Size::px(inner - side, STAGE));
        stage.trace = Some(self.trace);
        stage.selected = self.selected;
        let picture = stage.scene(now);
        all.desc.clone_from(&picture.desc);
        place(&mut all, "stage", (EDGE, EDGE), picture);

        let (x, mut y) = (WIDTH - EDGE - SIDE + 20, EDGE + 30);
        if log {
            let h = (log_strip::height(self.view) / PX).min(STAGE - 120);
            let size = Size::px(SIDE - 20, h);
            place(&mut all, "log", (x, y), log_strip::scene(self.view, None, &[], size));
            y += h + 20;
        }
        if history {
            let h = (History::height(clients) / PX).min(STAGE + EDGE - y);
            let history = History {
                view: self.view,
                trace: self.trace,
                index: &index,
                calls: self.calls,
                window,
                size: Size::px(SIDE - 20, h),
                full: true,
                points: &[],
                core: &[],
            };
            place(&mut all, "clients", (x, y), history.scene(now));
        }
        let rule = (STAGE + EDGE) * PX;
        let ends = (Point::new(EDGE * PX, rule), Point::new((WIDTH - EDGE) * PX, rule));
        all.items.push(Item::line("rule", ends.0, ends.1));
        let mut time = SpaceTime::new(self.view, self.trace, &index, window, Size::px(inner, TIME));
        time.selected = self.selected;
        place(&mut all, "time", (EDGE, STAGE + EDGE + 12), time.scene(now));
        all
    }
}

fn place(all: &mut Scene, key: &'static str, (x, y): (i32, i32), part: Scene) {
    let group = Item::group("", Point::new(x * PX, y * PX), part.items).key(key);
    all.items.push(group.title(part.title));
}

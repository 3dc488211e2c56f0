//! One picture of a moment: the cluster, its logs and clients, and how it came to this. For
//! posters, exports and the command line.

use super::geometry::{PX, Point};
use super::history::HistoryPicture;
use super::index::Index;
use super::space_time::SpaceTime;
use super::stage::Stage;
use super::{Drawing, Item, Size, key_ruler, log_strip, ring, ruler};
use crate::core::protocol::CallName;
use crate::core::trace::Trace;
use crate::core::view::{Layout, Lens, NodeShape, WorldView};
use crate::protocols;
use crate::stories::hero::{Main, Opening};

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

/// Width and height of the small picture of a scene, in pixels; of a diagram or a chart, drawn
/// larger and shown smaller.
const SMALL: (i32, i32) = (250, 180);
const DETAILED: (i32, i32) = (375, 270);

/// The small picture of a scene in a list of scenes: its opening at the telling moment, standing
/// still, as an observer's eyes do not see it. Its title is the opening's sentence.
///
/// # Errors
/// Why the opening cannot be played.
pub fn small(of: &'static protocols::Scene) -> Result<Drawing, String> {
    let (mut run, _, reel) = Opening::play(of)?;
    run.seek_moment(reel.moment.step, reel.moment.at);
    let (view, trace, now) = (run.view(), run.trace(), run.time());
    let index = Index::of(trace);
    let size = |(w, h): (i32, i32)| Size::px(w, h);
    let wide = reel.to.saturating_sub(reel.from);
    let window = (reel.from, reel.from + wide.max(1));
    let selected = reel.lit.last().copied();
    let mut picture = match of.hero.main {
        Main::Keys if view.axis.is_some() => key_ruler::scene(&view, None, size(DETAILED)),
        Main::Keys => ring::circle(&view, size(SMALL)),
        Main::Clocks => ruler::scene(&view, now, size(DETAILED)),
        Main::Diagram => {
            let mut time = SpaceTime::new(&view, trace, &index, window, size(DETAILED));
            time.selected = selected;
            time.scene(now)
        }
        Main::Stage | Main::Chart | Main::Clients | Main::Log => {
            let mut stage = Stage::new(&view, of.layout, size(SMALL));
            (stage.observer, stage.selected, stage.trace) = (false, selected, Some(trace));
            stage.scene(now)
        }
    };
    picture.title = of.hero.caption.into();
    Ok(picture)
}

impl Poster<'_> {
    /// The picture.
    pub fn scene(&self) -> Drawing {
        let now = self.view.now;
        let index = Index::of(self.trace);
        let window = (now.saturating_sub(self.span), now + self.span / 20 + 1);
        let clients = self.view.nodes.iter().filter(|n| n.shape == NodeShape::Client).count();
        let log =
            self.lenses.contains(&Lens::Log) && self.view.nodes.iter().any(|n| n.log.is_some());
        let history = self.lenses.contains(&Lens::History) && clients > 0;
        let side = if log || history { SIDE } else { 0 };
        let mut all = Drawing::new(Size::px(WIDTH, STAGE + TIME + 2 * EDGE), self.title);
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
            let h = (HistoryPicture::height(clients) / PX).min(STAGE + EDGE - y);
            let history = HistoryPicture {
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

fn place(all: &mut Drawing, key: &'static str, (x, y): (i32, i32), part: Drawing) {
    let group = Item::group("", Point::new(x * PX, y * PX), part.items).key(key);
    all.items.push(group.title(part.title));
}

//! Every configuration of a scene on the same clients, map and time: the points of the plane.

use super::{Figures, figures};
use crate::core::action::{Action, Entry};
use crate::core::config::Setup;
use crate::core::ids::{NodeId, NodeSet};
use crate::core::session::Session;
use crate::protocols::{self, Preset, Scene};
use serde::Serialize;

/// Largest R and W that are tried.
const MOST: i64 = 5;
/// Settings that belong to the clients and to the map, and stay as they are in all configurations.
const SHARED: &[&str] = &[
    "net.matrix",
    "net.latency",
    "net.low",
    "net.high",
    "nodes",
    "clients",
    "client.keys",
    "client.interval",
    "client.reads",
];

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long before a read a write has to be confirmed to count, in microseconds.
    pub t: u64,
    /// How long each run is, in microseconds.
    pub until: u64,
    /// The last region is cut off from the others from the start.
    pub cut: bool,
}

/// A configuration and what its clients saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SurveyPoint {
    /// `R1 W2`, or a preset's title.
    pub name: String,
    /// R and W, where it has them.
    pub quorum: Option<(i64, i64)>,
    /// What was measured.
    #[serde(flatten)]
    pub figures: Figures,
    /// The run.
    #[serde(skip)]
    pub setup: Setup,
    /// No other is as fast and as fresh, and better in one of the two.
    pub best: bool,
}

/// A configuration to come: its name, its R and W, its run.
type Planned = (String, Option<(i64, i64)>, Setup);

/// All configurations, one after the other.
pub struct Survey {
    scene: &'static Scene,
    terms: Terms,
    left: Vec<Planned>,
    of: usize,
    session: Option<Session>,
    /// Those that are done.
    pub points: Vec<SurveyPoint>,
}

impl Survey {
    /// Nothing has been measured yet. Complains where a scene has no such choice.
    pub fn new(setup: &Setup, terms: Terms) -> Result<Survey, String> {
        let scene = protocols::scene(&setup.scene)?;
        let info = scene.info_of(&setup.preset);
        let value = |id: &str| scene.value(setup, id);
        let mut left = Vec::new();
        let quorums = match info.knobs.iter().any(|k| k.id == "quorum.r") {
            true => Some(setup.clone()),
            false => scene.presets.iter().find_map(|p| {
                let has = scene.info_of(p.id).knobs.iter().any(|k| k.id == "quorum.r");
                let mut other = Setup { preset: p.id.into(), ..Setup::default() };
                (other.scene, other.seed) = (setup.scene.clone(), setup.seed);
                has.then_some(other)
            }),
        };
        let shared = |other: &mut Setup| {
            for id in SHARED {
                if let Some(v) = value(id) {
                    other.knobs.insert((*id).into(), v);
                }
            }
        };
        if let Some(mut base) = quorums {
            shared(&mut base);
            let n = value("nodes").unwrap_or(3).min(MOST);
            for (r, w) in (1..=n).flat_map(|r| (1..=n).map(move |w| (r, w))) {
                let mut one = base.clone();
                let anywhere = ("quorum.count".into(), 0);
                one.knobs.extend([("quorum.r".into(), r), ("quorum.w".into(), w), anywhere]);
                left.push((format!("R{r} W{w}"), Some((r, w)), one));
            }
        }
        // What is no choice of R and W alone: logs, primaries, and quorums that count by regions, which
        // keep the servers they need.
        let regional = |p: &&Preset| p.values.iter().any(|(k, _)| *k == "quorum.count");
        let others = scene.presets.iter().filter(|p| regional(p) || !has_quorum(scene, p.id));
        for preset in others {
            let mut one = Setup { scene: setup.scene.clone(), ..Setup::default() };
            (one.preset, one.seed) = (preset.id.into(), setup.seed);
            shared(&mut one);
            if regional(&preset) {
                one.knobs.remove("nodes");
            }
            left.push((preset.title.into(), None, one));
        }
        if left.is_empty() {
            return Err(format!("{} has no R and W to choose", scene.id));
        }
        left.reverse();
        Ok(Survey { scene, terms, of: left.len(), left, session: None, points: Vec::new() })
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.of
    }

    /// Goes on for so many steps of a run; true when all are measured.
    pub fn slice(&mut self, steps: u64) -> Result<bool, String> {
        let Some((_, _, setup)) = self.left.last() else { return Ok(true) };
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.begin(setup)?,
        };
        if !session.advance_to(self.terms.until, steps) {
            self.session = Some(session);
            return Ok(false);
        }
        let Some((name, quorum, setup)) = self.left.pop() else { return Ok(true) };
        let (calls, ops) = (self.scene.info_of(&setup.preset).calls, &session.trace().ops);
        let figures = figures(calls, ops, session.cursor(), self.terms.t);
        self.points.push(SurveyPoint { name, quorum, figures, setup, best: false });
        if self.left.is_empty() {
            mark_best(&mut self.points, self.terms.cut);
        }
        Ok(self.left.is_empty())
    }

    fn begin(&self, setup: &Setup) -> Result<Session, String> {
        let common = |id: &str| self.scene.value(setup, id).unwrap_or(0) as u16;
        let journal = match self.terms.cut {
            true => vec![cut(common("nodes"), common("clients"), places(setup, self.scene))],
            false => Vec::new(),
        };
        Session::new(self.scene.build, setup.clone(), journal)
    }
}

fn has_quorum(scene: &Scene, preset: &str) -> bool {
    scene.info_of(preset).knobs.iter().any(|k| k.id == "quorum.r")
}

fn places(setup: &Setup, scene: &Scene) -> u16 {
    let map = scene.value(setup, "net.matrix").unwrap_or(0);
    crate::core::regions::Map::ALL[map.clamp(0, 2) as usize].places()
}

/// The last region on one side; where there is one place only, the last server and client.
fn cut(nodes: u16, clients: u16, places: u16) -> Entry {
    let apart = |n: u16, of: u16| if places > 1 { n % places == places - 1 } else { n + 1 == of };
    let servers = (0..nodes).map(|n| (n, apart(n, nodes)));
    let all = servers.chain((0..clients).map(|c| (nodes + c, apart(c, clients))));
    let (mut here, mut there) = (NodeSet::EMPTY, NodeSet::EMPTY);
    for (n, far) in all {
        let side = if far { &mut there } else { &mut here };
        side.insert(NodeId(n));
    }
    Entry { at: 1, action: Action::Partition(vec![here, there]) }
}

/// Faster is what answers reads and writes sooner, taken together; where a region is cut off it is
/// answering at all that counts.
fn mark_best(points: &mut [SurveyPoint], cut: bool) {
    let slow = |f: &Figures| match cut {
        true => u64::from(1_000_000 - f.answered_share()),
        false => f.reads.p50 + f.writes.p50,
    };
    let score = |p: &SurveyPoint| (slow(&p.figures), p.figures.stale_share());
    let all: Vec<(u64, u32)> = points.iter().map(score).collect();
    for (i, point) in points.iter_mut().enumerate() {
        let mine = all[i];
        let beats = |o: &(u64, u32)| o.0 <= mine.0 && o.1 <= mine.1 && *o != mine;
        point.best = !all.iter().any(beats);
    }
}

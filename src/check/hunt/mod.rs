//! A search of what is on the screen, in slices: what the page's workers run, and the page itself
//! where workers are refused.
//!
//! Every interleaving is searched and fault schedules are drawn in turn, each for a moment; the
//! first violation is made small and the hunt is over. Several hunts share the seeds between them.

mod hit;
mod storm;

pub use hit::Hit;

use super::explore::Bounds;
use super::fuzz::{DEFAULT_STEPS, FuzzTarget};
use super::shrink::Shrinker;
use super::sliders::{Position, Sweep};
use super::worlds::{
    Drive, Found, Ladder, SearchAim, Searched, Symmetry, WorldPlan, limits_text, main_of,
    read_limits, sentence, thousands,
};
use crate::core::config::Setup;
use crate::protocols::{Scene, scene, sliders};
use crate::share::link::{Link, MAX_STEP};
use crate::stories::Challenge;
use hit::Find;
use serde::{Deserialize, Serialize};
use storm::Campaign;

/// How long one of the two ways has its turn, in milliseconds.
const TURN_MS: u64 = 40;
/// Most time for making a finding small.
const SHRINK_MS: u64 = 6_000;
/// So long only interleavings are searched: what they find is shorter.
const HEAD_START_MS: u64 = 3_000;
/// And so long even after a fault schedule has found something.
const GRACE_MS: u64 = 6_000;
/// States of one search.
const MAX_STATES: u64 = 20_000_000;
/// What tables and paths may hold unless told otherwise.
const MEMORY_MB: u64 = 512;
/// Seeds unless told otherwise.
const SEEDS: u64 = 100_000;

/// How to look for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SearchWay {
    /// Both, in turn.
    #[default]
    Both,
    /// Every interleaving within limits.
    Check,
    /// Seeded fault schedules.
    Fuzz,
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct HuntRequest {
    /// A link to the run on the screen.
    pub link: String,
    /// The property to break; empty is any.
    pub property: String,
    /// How.
    pub way: SearchWay,
    /// What may be spent, as in `hb check --faults`; empty is little by little.
    pub faults: String,
    /// Levels; none is no bound.
    pub depth: Option<u32>,
    /// As many processes as on the screen, not a small world.
    pub whole: bool,
    /// Milliseconds until it gives up.
    pub budget_ms: u64,
    /// Megabytes until it gives up.
    pub memory_mb: Option<u64>,
    /// The first seed to try.
    pub first: u64,
    /// How far apart its seeds are.
    pub stride: u64,
    /// Seeds to try in all.
    pub seeds: Option<u64>,
    /// The challenge to solve, in place of all this.
    pub challenge: String,
}

/// How far a hunt has come, or how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct News {
    /// `searching`, `shrinking` or `over`.
    pub phase: &'static str,
    /// Distinct states known.
    pub states: u64,
    /// Levels of the present search.
    pub depth: u32,
    /// What the present search may spend.
    pub within: String,
    /// Fault schedules run.
    pub runs: u64,
    /// Their steps.
    pub steps: u64,
    /// Of these, so many did not recover; the first of them.
    pub unrecovered: u64,
    /// The first seed that did not recover.
    pub unrecovered_seed: Option<u64>,
    /// Something was searched to its end.
    pub complete: bool,
    /// What was searched and what was not; empty if only schedules were drawn.
    pub sentence: String,
    /// Bytes a distinct state.
    pub bytes_per_state: u64,
    /// What was found.
    pub found: Option<Hit>,
    /// For a challenge about sliders: what gives way at each position.
    pub positions: Vec<Position>,
}

/// A hunt under way.
pub struct SearchJob {
    scene: &'static Scene,
    challenge: Option<&'static Challenge>,
    whole: bool,
    memory_bytes: u64,
    budget_ms: u64,
    /// When it began and ends, on the driver's clock.
    time: Option<(u64, u64)>,
    plan: Option<(WorldPlan, SearchAim)>,
    ladder: Option<Ladder>,
    storm: Option<Campaign>,
    sweep: Option<Sweep>,
    /// Milliseconds each way has had.
    spent: [u64; 2],
    shrinking: Option<(Shrinker, Find, u64)>,
    hit: Option<Hit>,
    over: bool,
}

impl SearchJob {
    /// Reads what is asked for; the error is one sentence.
    pub fn new(request: &HuntRequest) -> Result<SearchJob, String> {
        let setup = Link::decode(&request.link)?.setup;
        let scene = scene(&setup.scene)?;
        let challenge = challenge(scene, &request.challenge)?;
        let info = scene.info_of(&setup.preset);
        let named = |id: &String| info.properties.iter().find(|p| p.id == *id).map(|p| p.id);
        let property = match &request.property {
            none if none.is_empty() => None,
            id => Some(named(id).ok_or_else(|| format!("{} has no claim '{id}'", scene.id))?),
        };
        let memory_bytes = request.memory_mb.unwrap_or(MEMORY_MB).saturating_mul(1 << 20);
        let max_depth = request.depth.unwrap_or(u32::MAX);
        let bounds = Bounds { max_states: MAX_STATES, max_depth, memory_bytes };
        let mut hunt = SearchJob {
            scene,
            challenge,
            whole: request.whole,
            memory_bytes,
            budget_ms: request.budget_ms,
            time: None,
            plan: None,
            ladder: None,
            storm: None,
            sweep: None,
            spent: [0, 0],
            shrinking: None,
            hit: None,
            over: false,
        };
        let all = challenge.and_then(|c| Some((c, sliders(scene.id, c.id)?)));
        if let Some((challenge, sliders)) = all {
            hunt.sweep = Some(Sweep::new(scene, challenge, sliders, bounds));
        } else if challenge.is_some() || request.way != SearchWay::Fuzz {
            let goal = challenge.map(|c| c.until);
            let symmetry = if goal.is_some() { Symmetry::IfAny } else { Symmetry::Off };
            let plan = plan(scene, challenge, &setup, request)?;
            hunt.plan = Some((
                plan,
                SearchAim { property, goal, bounds, symmetry, ..SearchAim::default() },
            ));
        }
        if challenge.is_none() && request.way != SearchWay::Check {
            let target = FuzzTarget::new(scene, setup, DEFAULT_STEPS)?;
            let last = request.first.saturating_add(request.seeds.unwrap_or(SEEDS));
            hunt.storm = Some(Campaign::new(target, property, request.first, request.stride, last));
        }
        Ok(hunt)
    }

    /// Goes on for a slice of time; true once the hunt is over.
    pub fn slice(&mut self, clock_ms: &dyn Fn() -> u64, slice_ms: u64) -> Result<bool, String> {
        let start = clock_ms();
        let (_, end) = *self.time.get_or_insert((start, start.saturating_add(self.budget_ms)));
        if let Some((plan, aim)) = self.plan.take() {
            let budget = self.ladder_end(start, end);
            self.ladder = Some(Ladder::new(self.scene, &plan, aim, Some(budget)));
        }
        let until = start + slice_ms;
        while !self.over {
            let now = clock_ms();
            if let Some(sweep) = &mut self.sweep {
                let until = until.min(end);
                self.over = sweep.slice(&mut || clock_ms() < until)? || now >= end;
            } else if self.shrinking.is_some() {
                self.shrink(clock_ms, until)?;
            } else if now >= end || !self.is_climbing() && self.draws_none() {
                self.finish();
            } else {
                self.turn(clock_ms, until.min(end))?;
            }
            if clock_ms() >= until {
                break;
            }
        }
        Ok(self.over)
    }

    /// Two that take turns have half of the time each.
    fn ladder_end(&self, start: u64, end: u64) -> u64 {
        if self.storm.is_some() { start + (end - start) / 2 } else { end }
    }

    /// Ends the hunt where it is.
    pub fn finish(&mut self) {
        if let Some(ladder) = &mut self.ladder {
            ladder.settle();
        }
        self.keep_small();
        self.over = true;
    }

    fn keep_small(&mut self) {
        if let Some((mut shrinker, find, _)) = self.shrinking.take()
            && shrinker.make_sure()
        {
            self.hit = Some(find.hit(shrinker.best()));
        }
    }

    /// Are there no schedules left to draw?
    fn draws_none(&self) -> bool {
        self.storm.as_ref().is_none_or(Campaign::is_over)
    }

    /// Are there interleavings left to search?
    fn is_climbing(&self) -> bool {
        let enough = self.hit.is_some() && self.spent[0] >= GRACE_MS;
        self.ladder.as_ref().is_some_and(|l| !l.is_over()) && !enough
    }

    /// A moment of the way that has had less.
    fn turn(&mut self, clock_ms: &dyn Fn() -> u64, until: u64) -> Result<(), String> {
        let start = clock_ms();
        let until = until.min(start + TURN_MS);
        let climbs = self.draws_none() || self.spent[0] <= self.spent[1] + HEAD_START_MS;
        let climbing = self.is_climbing();
        if climbing && climbs {
            self.climb(clock_ms, until)?;
            self.spent[0] += clock_ms() - start;
        } else if let Some(storm) = self.storm.as_mut().filter(|s| !s.is_over()) {
            let found = storm.slice(&mut || clock_ms() < until)?;
            self.spent[1] += clock_ms() - start;
            if let Some((seed, outcome, broken)) = found {
                let find = Find::seeded(broken.property, seed);
                storm.end();
                self.begin(find, &outcome.setup, &outcome.journal, broken.step, start)?;
            }
        } else {
            self.finish();
        }
        Ok(())
    }

    fn climb(&mut self, clock_ms: &dyn Fn() -> u64, until: u64) -> Result<(), String> {
        let Some(ladder) = &mut self.ladder else { return Ok(()) };
        let mut again = || clock_ms() < until;
        let mut drive = Drive { clock_ms, threads: 1, again: &mut again };
        if !ladder.slice(&mut drive)? {
            return Ok(());
        }
        let found = ladder.done().last().and_then(|s| s.found.first().cloned());
        let setup = ladder.setup().clone();
        match (found, self.challenge) {
            (Some(found), None) => {
                let Found { property, journal, .. } = found;
                self.begin(Find::searched(property), &setup, &journal, MAX_STEP, clock_ms())
            }
            (Some(found), Some(challenge)) => {
                self.hit = Some(hit::solution(self.scene, &setup, challenge, found)?);
                self.finish();
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }

    /// Begins to make a finding small.
    fn begin(
        &mut self,
        find: Find,
        setup: &Setup,
        journal: &[crate::core::action::Entry],
        steps: u64,
        now: u64,
    ) -> Result<(), String> {
        let shrinker = Shrinker::begin(self.scene.build, setup, journal, find.property, steps);
        let shrinker = shrinker.ok_or_else(|| no_replay(&find))?;
        let shrinker = if self.whole { shrinker.keep_setup() } else { shrinker };
        self.shrinking = Some((shrinker, find, now + SHRINK_MS));
        Ok(())
    }

    fn shrink(&mut self, clock_ms: &dyn Fn() -> u64, until: u64) -> Result<(), String> {
        let Some((shrinker, find, end)) = &mut self.shrinking else { return Ok(()) };
        let small = shrinker.slice(&mut || clock_ms() < until);
        if shrinker.failed() {
            return Err(no_replay(find));
        }
        if !small && clock_ms() < *end {
            return Ok(());
        }
        self.keep_small();
        if self.hit.as_ref().is_none_or(|h| h.seed.is_none()) {
            self.finish();
        }
        Ok(())
    }

    /// How far it has come.
    pub fn news(&self) -> News {
        let mut news = News { phase: "searching", ..News::default() };
        if self.shrinking.is_some() {
            news.phase = "shrinking";
        }
        if let Some(ladder) = &self.ladder {
            (news.states, news.depth) = ladder.progress();
            news.within = ladder.limits().map_or(String::new(), |l| limits_text(&l));
        }
        if let Some(storm) = &self.storm {
            storm.tell(&mut news);
        }
        if let Some(sweep) = &self.sweep {
            (news.states, news.depth) = (sweep.states(), sweep.depth);
            news.within = format!("{} of {} positions", sweep.done.len(), sweep.total());
            news.sentence = sweep.sentence();
            news.complete = sweep.refutes();
        }
        if self.over {
            news.positions = self.sweep.as_ref().map_or(Vec::new(), |s| s.done.clone());
            news.phase = "over";
            news.found.clone_from(&self.hit);
            self.tell_end(&mut news);
        }
        news
    }

    fn tell_end(&self, news: &mut News) {
        let Some(ladder) = &self.ladder else { return };
        let searches: Vec<&Searched> = ladder.done().iter().collect();
        let Some(main) = main_of(searches.iter().copied()) else { return };
        news.complete = main.tally.complete;
        news.bytes_per_state = main.bytes_per_state();
        news.sentence = match self.challenge {
            None => sentence(self.scene, ladder.setup(), &searches, self.memory_bytes),
            Some(c) if main.tally.complete => {
                let all = thousands(main.tally.distinct);
                let within = limits_text(&c.limits);
                format!(
                    "No way there: all {all} states within {within} were searched, down to level {}{}",
                    main.tally.depth,
                    ladder.counted()
                )
            }
            Some(_) => format!("Searched {}", main.sentence(self.memory_bytes)),
        };
    }
}

fn no_replay(find: &Find) -> String {
    format!("the search broke {}, but its journal does not replay to that", find.property)
}

fn challenge(scene: &'static Scene, id: &str) -> Result<Option<&'static Challenge>, String> {
    if id.is_empty() {
        return Ok(None);
    }
    let found = scene.challenges.iter().find(|c| c.id == id);
    found.map(Some).ok_or_else(|| format!("{} has no challenge '{id}'", scene.id))
}

/// The world to search, and within what.
fn plan(
    scene: &'static Scene,
    challenge: Option<&Challenge>,
    setup: &Setup,
    request: &HuntRequest,
) -> Result<WorldPlan, String> {
    if let Some(challenge) = challenge {
        return Ok(WorldPlan {
            setup: challenge.setup(scene.id),
            searches: vec![challenge.limits],
        });
    }
    let faults = &request.faults;
    let limits = if faults.is_empty() { None } else { Some(read_limits(faults)?) };
    let plan = WorldPlan::new(scene, setup, limits)?;
    Ok(if request.whole { WorldPlan { setup: setup.clone(), ..plan } } else { plan })
}

//! Searches that grow little by little: small ones end soon and find what is near, later ones have
//! what time is left.

use super::{Found, Goal, Quest, QuestTally, WorldModel, WorldPlan, limits_text};
use crate::check::explore::{Bounds, Options, SearchOutcome};
use crate::core::config::Setup;
use crate::core::protocol::PropertyKind;
use crate::core::world::Limits;
use crate::protocols::Scene;
use serde::Serialize;

/// States expanded between two looks at the clock, in a slice on one thread.
const FEW: u64 = 8;
/// Searches left to share the time with.
const SHARES: u64 = 3;
/// Without a budget, so many searches may come to no end.
const MOST_UNENDED: usize = 2;

/// What is looked for, and how.
#[derive(Clone, Copy, Debug)]
pub struct SearchAim {
    /// Only this property; any, if there is none.
    pub property: Option<&'static str>,
    /// A condition to bring about, in place of properties to break.
    pub goal: Option<&'static str>,
    /// Leave out what cannot matter.
    pub reduced: bool,
    /// Count states that differ in the names of servers only as one.
    pub symmetry: Symmetry,
    /// The explorer's reductions.
    pub options: Options,
    /// Where each search gives up.
    pub bounds: Bounds,
}

/// Whether to reduce by symmetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symmetry {
    /// No.
    Off,
    /// Yes; it is an error if there is none.
    On,
    /// Where there is one.
    IfAny,
}

impl Default for SearchAim {
    fn default() -> Self {
        SearchAim {
            property: None,
            goal: None,
            reduced: true,
            symmetry: Symmetry::Off,
            options: Options::default(),
            bounds: Bounds::default(),
        }
    }
}

/// The machine's side: its clock, its threads, and whether to go on.
pub struct Drive<'a> {
    /// Milliseconds since some start.
    pub clock_ms: &'a dyn Fn() -> u64,
    /// How many threads.
    pub threads: usize,
    /// Asked now and then; no ends the slice.
    pub again: &'a mut dyn FnMut() -> bool,
}

/// One search that has been made, or is being made.
#[derive(Clone, Debug, Serialize)]
pub struct Searched {
    /// What could be spent.
    #[serde(skip)]
    pub limits: Limits,
    /// How far it came.
    pub tally: QuestTally,
    /// Time spent, in milliseconds.
    pub elapsed_ms: u64,
    /// Bytes held at the most.
    pub bytes: u64,
    /// How often each kind of step was taken.
    pub coverage: Vec<(&'static str, u64)>,
    /// What it found, each a shortest one.
    pub found: Vec<Found>,
}

impl Searched {
    /// Distinct states a second.
    pub fn rate(&self) -> u64 {
        self.tally.distinct * 1000 / self.elapsed_ms.max(1)
    }

    /// Bytes a distinct state.
    pub fn bytes_per_state(&self) -> u64 {
        self.bytes / self.tally.distinct.max(1)
    }

    /// What was searched, how far, and why no further.
    pub fn sentence(&self, memory_bytes: u64) -> String {
        let within = limits_text(&self.limits);
        let QuestTally { depth, complete, outcome, .. } = self.tally;
        let distinct = thousands(self.tally.distinct);
        if !self.found.is_empty() {
            return format!(
                "with {within}, a shortest counter-example among the {distinct} states of the first {depth} levels"
            );
        }
        if complete {
            return format!("with {within}, all {distinct} states, down to level {depth}");
        }
        let why = match outcome {
            "memory" => {
                format!("stopped at its memory bound of {} MB", memory_bytes / (1 << 20))
            }
            "max-states" => "stopped at its bound of states".into(),
            "max-depth" => "stopped at its bound of depth".into(),
            _ => "stopped before its end".into(),
        };
        let full = if outcome == "max-depth" { depth } else { depth.saturating_sub(1) };
        format!("with {within}, {distinct} states, complete only to level {full} ({why})")
    }
}

/// `77,504`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The search under way.
struct Rung {
    quest: Quest,
    limits: Limits,
    elapsed_ms: u64,
    end: Option<u64>,
}

/// Searches of one scene, one after the other.
pub struct Ladder {
    scene: &'static Scene,
    setup: Setup,
    aim: SearchAim,
    /// To come, the next one last.
    left: Vec<Limits>,
    /// When time is up, on the driver's clock.
    end: Option<u64>,
    rung: Option<Rung>,
    done: Vec<Searched>,
    over: bool,
    /// Symmetry has been made use of.
    symmetric: bool,
}

impl Ladder {
    /// Nothing has been searched yet; `end` is when time is up.
    pub fn new(
        scene: &'static Scene,
        plan: &WorldPlan,
        aim: SearchAim,
        end: Option<u64>,
    ) -> Ladder {
        let left = plan.searches.iter().rev().copied().collect();
        let (setup, done) = (plan.setup.clone(), Vec::new());
        Ladder { scene, setup, aim, left, end, rung: None, done, over: false, symmetric: false }
    }

    /// The world that is searched.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// How states are counted, if not each for itself.
    pub fn counted(&self) -> &'static str {
        match self.symmetric {
            true => "; states that differ in the names of servers only are counted once",
            false => "",
        }
    }

    /// Nothing is left to search.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The searches that are over.
    pub fn done(&self) -> &[Searched] {
        &self.done
    }

    /// The searches that are over, and the one under way.
    pub fn searches(&self) -> Vec<Searched> {
        let now = self.rung.iter().map(|r| searched(r, Vec::new()));
        self.done.iter().cloned().chain(now).collect()
    }

    /// States known in all of them, and the depth of the present one.
    pub fn progress(&self) -> (u64, u32) {
        let before: u64 = self.done.iter().map(|s| s.tally.distinct).sum();
        let now = self.rung.as_ref().map(|r| r.quest.tally());
        let depth = now.or(self.done.last().map(|s| s.tally)).map_or(0, |t| t.depth);
        (before + now.map_or(0, |t| t.distinct), depth)
    }

    /// What the present search may spend.
    pub fn limits(&self) -> Option<Limits> {
        self.rung.as_ref().map(|r| r.limits)
    }

    /// Goes on until something is found, everything is searched or time is up (then true), or the
    /// driver says no.
    pub fn slice(&mut self, drive: &mut Drive) -> Result<bool, String> {
        loop {
            let now = (drive.clock_ms)();
            if self.rung.is_none() && !self.climb(now)? {
                self.over = true;
                return Ok(true);
            }
            let Some(rung) = &mut self.rung else { return Ok(true) };
            let over = run(rung, drive, now);
            let tally = rung.quest.tally();
            if tally.done || over {
                self.settle();
                if self.done.last().is_some_and(|s| !s.found.is_empty()) {
                    self.over = true;
                    return Ok(true);
                }
            } else if !(drive.again)() {
                return Ok(false);
            }
        }
    }

    /// Ends the present search where it is.
    pub fn settle(&mut self) {
        if let Some(rung) = self.rung.take() {
            let found = rung.quest.found();
            self.done.push(searched(&rung, found));
        }
    }

    /// Begins the next search; false if there is none.
    fn climb(&mut self, now: u64) -> Result<bool, String> {
        let over = self.end.is_some_and(|end| now >= end);
        let unended = self.done.iter().filter(|s| !s.tally.complete).count();
        let enough = over || self.end.is_none() && unended >= MOST_UNENDED;
        let found = self.done.last().is_some_and(|s| !s.found.is_empty());
        if !self.done.is_empty() && enough || found {
            return Ok(false);
        }
        let shares = (self.left.len() as u64).clamp(1, SHARES);
        let Some(limits) = self.left.pop() else { return Ok(false) };
        let end = self.end.map(|end| now + end.saturating_sub(now) / shares);
        let quest = self.quest(limits)?;
        self.symmetric = quest.search().model().is_symmetric();
        self.rung = Some(Rung { quest, limits, elapsed_ms: 0, end });
        Ok(true)
    }

    fn quest(&self, limits: Limits) -> Result<Quest, String> {
        let aim = &self.aim;
        let properties = (self.scene.info)().properties;
        let wanted = |id| aim.property.is_none_or(|p| p == id);
        let safety = properties.iter().filter(|p| p.kind == PropertyKind::Safety && wanted(p.id));
        let claims = safety.map(|p| (p.id, p.cite)).collect();
        let goal = aim.goal.map(Goal::read).transpose()?;
        let model = WorldModel::new(self.scene.build, &self.setup, limits, claims, goal)?;
        let model = if aim.reduced { model } else { model.unreduced() };
        let model = match aim.symmetry {
            Symmetry::Off => model,
            Symmetry::On => model.symmetric()?,
            Symmetry::IfAny => model.symmetric_if_it_can(),
        };
        Ok(Quest::with(model, aim.bounds, aim.options))
    }
}

fn searched(rung: &Rung, found: Vec<Found>) -> Searched {
    Searched {
        limits: rung.limits,
        tally: rung.quest.tally(),
        elapsed_ms: rung.elapsed_ms,
        bytes: rung.quest.bytes(),
        coverage: rung.quest.coverage().into_iter().map(|c| (c.rule, c.taken)).collect(),
        found,
    }
}

/// Runs a search for a slice; true if its share of the time is spent.
fn run(rung: &mut Rung, drive: &mut Drive, start: u64) -> bool {
    let mut now = start;
    let past = |now: u64| rung.end.is_some_and(|end| now >= end);
    if drive.threads > 1 {
        let (clock, again) = (drive.clock_ms, &mut drive.again);
        rung.quest.run(drive.threads, &mut || past(clock()) || !again());
        now = clock();
    } else {
        loop {
            let tally = rung.quest.slice(FEW);
            now = (drive.clock_ms)().max(now);
            if tally.done || past(now) || !(drive.again)() {
                break;
            }
        }
    }
    rung.elapsed_ms += now.saturating_sub(start);
    past(now) && rung.quest.search().progress().outcome == SearchOutcome::Running
}

//! A claim about every position of some sliders: at each, one thing or another gives way. A run for
//! each position refutes that all can be had at it.

use super::explore::{Bounds, Options};
use super::solve;
use super::worlds::{Goal, Quest, WorldModel, thousands};
use crate::core::config::Setup;
use crate::core::session::Session;
use crate::protocols::Scene;
use crate::share::link::{Link, ViewState};
use crate::stories::condition::Condition;
use crate::stories::moment::Moment;
use crate::stories::names::Given;
use crate::stories::{Challenge, Give, Sliders};
use serde::Serialize;

/// States expanded between two looks at the clock.
const FEW: u64 = 8;
/// Steps of a measured run between two looks at the clock.
const STEPS: u64 = 200;

/// A position, and what gives way at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The values of the sliders, in their order.
    pub values: Vec<i64>,
    /// What gives way; none if all can be had.
    pub gives: Option<&'static str>,
    /// Interventions of the shortest run that shows it.
    pub length: u64,
    /// That run.
    pub link: String,
}

/// All positions, one after the other, to be continued as long as one likes.
pub struct Sweep {
    scene: &'static Scene,
    setup: Setup,
    sliders: &'static Sliders,
    bounds: Bounds,
    total: usize,
    /// Which of the things that may give way is searched at the present position.
    give: usize,
    quest: Option<Quest>,
    /// The run that is measured.
    session: Option<Session>,
    /// Searches that came to no end.
    unended: bool,
    /// Positions that are settled.
    pub done: Vec<Position>,
    /// Distinct states of all searches that are over.
    pub distinct: u64,
    /// States met in them.
    pub generated: u64,
    /// Levels of the deepest.
    pub depth: u32,
}

impl Sweep {
    /// Nothing has been searched yet.
    pub fn new(
        scene: &'static Scene,
        challenge: &Challenge,
        sliders: &'static Sliders,
        bounds: Bounds,
    ) -> Sweep {
        let sizes = sliders.sliders.iter().map(|(_, first, last)| (last - first + 1).max(0));
        let total = sizes.product::<i64>() as usize;
        Sweep {
            scene,
            setup: challenge.setup(scene.id),
            sliders,
            bounds,
            total,
            give: 0,
            quest: None,
            session: None,
            unended: false,
            done: Vec::new(),
            distinct: 0,
            generated: 0,
            depth: 0,
        }
    }

    /// How many positions there are.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Every position was searched to its end, and at each something gives way.
    pub fn refutes(&self) -> bool {
        !self.unended && self.done.len() == self.total && self.open().is_none()
    }

    /// The first position at which nothing gives way.
    pub fn open(&self) -> Option<&Position> {
        self.done.iter().find(|p| p.gives.is_none())
    }

    /// Distinct states so far.
    pub fn states(&self) -> u64 {
        self.distinct + self.quest.as_ref().map_or(0, |q| q.tally().distinct)
    }

    /// Goes on until all is settled (then true) or `again` says no.
    pub fn slice(&mut self, again: &mut dyn FnMut() -> bool) -> Result<bool, String> {
        while self.done.len() < self.total {
            let give = &self.sliders.gives[self.give];
            let values = self.values(self.done.len());
            let setup = self.setup_at(&values);
            if self.sliders.measured > 0 {
                self.measure(values, setup)?;
                if !again() {
                    break;
                }
                continue;
            }
            let quest = match &mut self.quest {
                Some(quest) => quest,
                none => none.insert(search(self.scene, &setup, give, self.bounds)?),
            };
            if quest.slice(FEW).done {
                self.settle(values, setup)?;
            }
            if !again() {
                break;
            }
        }
        Ok(self.done.len() == self.total)
    }

    /// The search under way is over.
    fn settle(&mut self, values: Vec<i64>, setup: Setup) -> Result<(), String> {
        let Some(quest) = self.quest.take() else { return Ok(()) };
        let Give { what, until, .. } = self.sliders.gives[self.give];
        let tally = quest.tally();
        self.distinct += tally.distinct;
        self.generated += tally.generated;
        self.depth = self.depth.max(tally.depth);
        if let Some(found) = quest.found().into_iter().next() {
            let link = solve::witness(self.scene, &setup, until, &found)?.fragment();
            let (gives, length) = (Some(what), found.length() as u64);
            self.done.push(Position { values, gives, length, link });
            self.give = 0;
            return Ok(());
        }
        self.unended |= !tally.complete;
        self.give += 1;
        if self.give == self.sliders.gives.len() {
            self.done.push(Position { values, gives: None, length: 0, link: String::new() });
            self.give = 0;
        }
        Ok(())
    }

    /// Goes on with the run at a position; once it is long enough, says what has given way.
    fn measure(&mut self, values: Vec<i64>, setup: Setup) -> Result<(), String> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => Session::new(self.scene.build, setup, Vec::new())?,
        };
        if !session.advance_to(self.sliders.measured, STEPS) {
            self.session = Some(session);
            return Ok(());
        }
        let (trace, given) = (session.trace(), Given::new());
        let moment = Moment::new(session.world(), None, trace, &given);
        let mut gives = None;
        for give in self.sliders.gives {
            if gives.is_none() && Condition::read(give.until)?.holds(&moment)? {
                gives = Some(give.what);
            }
        }
        let length = trace.ops.len() as u64;
        let link = Link::of(&session, ViewState::default()).fragment();
        self.generated += session.cursor();
        self.done.push(Position { values, gives, length, link });
        Ok(())
    }

    /// The values of the sliders at the `n`-th position; the last slider moves first.
    fn values(&self, n: usize) -> Vec<i64> {
        let mut left = n as i64;
        let mut values: Vec<i64> = Vec::new();
        for (_, first, last) in self.sliders.sliders.iter().rev() {
            let size = (last - first + 1).max(1);
            values.push(first + left % size);
            left /= size;
        }
        values.reverse();
        values
    }

    fn setup_at(&self, values: &[i64]) -> Setup {
        let mut setup = self.setup.clone();
        for ((id, ..), value) in self.sliders.sliders.iter().zip(values) {
            setup.knobs.insert((*id).into(), *value);
        }
        setup
    }

    fn named(&self, values: &[i64]) -> String {
        let all = self.sliders.sliders.iter().zip(values);
        all.map(|((id, ..), v)| format!("{id}={v}")).collect::<Vec<String>>().join(", ")
    }

    /// What was found, in a sentence without its full stop.
    pub fn sentence(&self) -> String {
        let (total, states) = (thousands(self.total as u64), thousands(self.states()));
        let given = |give: &Give| {
            let at = self.done.iter().filter(|p| p.gives == Some(give.what)).count();
            format!("{} gives way at {}", give.what, thousands(at as u64))
        };
        let given: Vec<String> = self.sliders.gives.iter().map(given).collect();
        let given = given.join(", ");
        let minutes = thousands(self.sliders.measured / 1_000_000);
        match self.open() {
            None if self.refutes() && self.sliders.measured > 0 => format!(
                "No position of the {total} has both: {given}; each measured over {minutes} s of its clients' work, which is evidence and no proof"
            ),
            Some(p) if !self.unended && self.sliders.measured > 0 => {
                format!("At {} both are had, over {minutes} s", self.named(&p.values))
            }
            None if self.refutes() => format!(
                "No position of the {total} has all: {given}; a shortest run shows it at each, of {states} states searched"
            ),
            Some(p) if !self.unended => {
                let values = self.named(&p.values);
                format!("At {values} nothing gives way, of {states} states searched")
            }
            _ if self.sliders.measured > 0 => format!(
                "{} of {total} positions measured: {given}",
                thousands(self.done.len() as u64)
            ),
            _ => format!(
                "{} of {total} positions searched: {given}, of {states} states",
                thousands(self.done.len() as u64)
            ),
        }
    }
}

fn search(scene: &Scene, setup: &Setup, give: &Give, bounds: Bounds) -> Result<Quest, String> {
    let goal = Some(Goal::read(give.until)?);
    let model = WorldModel::new(scene.build, setup, give.limits, Vec::new(), goal)?;
    Ok(Quest::with(model.symmetric_if_it_can(), bounds, Options::default()))
}

//! Seeded fault schedules: first faults, to refute safety; then none, to see the run recover.

use super::nemesis::{Field, Nemesis};
use crate::core::action::{Action, Call, Entry};
use crate::core::config::{Setup, Unit};
use crate::core::ids::NodeId;
use crate::core::view::{Event, OpStep, What};
use crate::core::world::AnyWorld;
use crate::protocols::{Info, Scene};
use std::collections::BTreeMap;

/// Steps of the phase with faults unless told otherwise.
pub const DEFAULT_STEPS: u64 = 4_000;
/// Virtual time that recovery may take, in client timeouts.
const PATIENCE: u64 = 20;
/// Steps that recovery may take.
const RECOVERY_STEPS: u64 = 20_000;
/// A scene without clients has recovered when this many messages got through.
const ENOUGH_MESSAGES: u64 = 20;
/// Strikes in a row that may come to nothing.
const MOST_IN_VAIN: u32 = 200;

/// What to fuzz.
pub struct Target<'a> {
    /// The scene.
    pub scene: &'a Scene,
    /// What it offers.
    pub info: Info,
    /// Knobs and mutants asked for; its seed is not used. Knobs set here stay as they are.
    pub base: Setup,
    /// Steps of the phase with faults.
    pub steps: u64,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The run: its seed, its knobs.
    pub setup: Setup,
    /// The faults.
    pub journal: Vec<Entry>,
    /// Steps taken.
    pub steps: u64,
    /// First violations, in order.
    pub broken: Vec<Broken>,
    /// It recovered after the faults; `None` if a property broke before.
    pub converged: Option<bool>,
    /// How often each rule was applied.
    pub rules: BTreeMap<&'static str, u64>,
}

/// A property's first violation in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The property.
    pub property: &'static str,
    /// The step.
    pub step: u64,
    /// How many entries of the journal came before.
    pub faults: usize,
}

impl<'a> Target<'a> {
    /// A scene with settings; or what is wrong with them.
    pub fn new(scene: &'a Scene, base: Setup, steps: u64) -> Result<Self, String> {
        (scene.build)(&base)?;
        Ok(Target { scene, info: scene.info_of(&base.preset), base, steps })
    }

    /// The value of a knob in a setup.
    fn knob(&self, setup: &Setup, id: &str) -> u64 {
        let preset = self.scene.preset(&setup.preset).ok();
        let turned = setup.knobs.get(id).copied();
        let preset = preset.and_then(|p| p.values.iter().find(|(k, _)| *k == id)).map(|p| p.1);
        let default = self.info.knobs.iter().find(|k| k.id == id).map(|k| k.default);
        turned.or(preset).or(default).and_then(|v| u64::try_from(v).ok()).unwrap_or(0)
    }

    fn field(&self, setup: &Setup) -> Field {
        Field {
            servers: self.knob(setup, "nodes") as u16,
            clients: self.knob(setup, "clients") as u16,
            latency: self.knob(setup, "net.high").clamp(2, 1_000_000),
            disk: self.knob(setup, "disk.latency").min(1_000_000),
        }
    }

    /// The run of a seed: a third of them as they are asked for, the others with some of the protocol's own
    /// switches and numbers turned, since a mistake may hide behind a default.
    fn vary(&self, seed: u64) -> Setup {
        let plain = Setup { seed, ..self.base.clone() };
        let mut dice = Nemesis::new(!seed, self.field(&plain), &[]);
        if dice.roll(3) == 0 {
            return plain;
        }
        let mut setup = plain.clone();
        let own = |id: &str| !self.base.knobs.contains_key(id);
        for knob in self.info.knobs.iter().filter(|k| own(k.id)) {
            let id = knob.id.to_string();
            match knob.unit {
                Unit::Switch if is_protocols(knob.id) => {
                    setup.knobs.insert(id, dice.roll(2) as i64);
                }
                Unit::Count if is_protocols(knob.id) && dice.roll(2) == 0 => {
                    let few = knob.min + dice.roll(3) as i64;
                    setup.knobs.insert(id, few.min(knob.max));
                }
                _ if knob.id == "nodes" && knob.default > 3 && dice.roll(3) == 0 => {
                    setup.knobs.insert(id, 3);
                }
                _ if knob.id == "clients" && knob.default > 1 && dice.roll(3) == 0 => {
                    setup.knobs.insert(id, 1);
                }
                _ => {}
            }
        }
        // Some numbers may not go together, others leave what the protocol promises.
        let outside = |s: &Setup| (self.scene.build)(s).map(|world| world.outside().is_some());
        match (outside(&setup), outside(&plain)) {
            (Ok(false), _) | (Ok(true), Ok(true)) => setup,
            _ => plain,
        }
    }

    /// Runs one seed.
    pub fn run(&self, seed: u64) -> Result<Outcome, String> {
        let setup = self.vary(seed);
        let world = (self.scene.build)(&setup)?;
        let mut run = Run {
            target: self,
            nemesis: Nemesis::new(seed, self.field(&setup), self.info.landmarks),
            field: self.field(&setup),
            world,
            agenda: BTreeMap::new(),
            journal: Vec::new(),
            rules: BTreeMap::new(),
            broken: Vec::new(),
            planned: 0,
        };
        let by_hand = self.knob(&setup, "client.interval") == 0;
        run.plague(by_hand);
        let timeout = self.knob(&setup, "client.timeout").max(10 * run.field.latency);
        let converged = run.broken.is_empty().then(|| run.recovers(by_hand, timeout * PATIENCE));
        let Run { world, journal, rules, broken, .. } = run;
        Ok(Outcome { setup, journal, steps: world.steps(), broken, converged, rules })
    }
}

/// Is it the protocol's own knob, not one that every scene has?
fn is_protocols(id: &str) -> bool {
    !crate::core::config::COMMON.iter().any(|k| k.id == id)
}

struct Run<'a> {
    target: &'a Target<'a>,
    nemesis: Nemesis,
    field: Field,
    world: Box<dyn AnyWorld>,
    /// Faults to come, by time and order.
    agenda: BTreeMap<(u64, u64), Action>,
    journal: Vec<Entry>,
    rules: BTreeMap<&'static str, u64>,
    broken: Vec<Broken>,
    planned: u64,
}

impl Run<'_> {
    fn plan(&mut self, entries: Vec<Entry>) {
        for Entry { at, action } in entries {
            self.planned += 1;
            self.agenda.insert((at, self.planned), action);
        }
    }

    /// One step: what is planned comes before what happens by itself at its time, as in a session.
    fn step(&mut self) -> Option<Event> {
        let event = match self.due_entry() {
            Some(entry) => {
                let event = self.world.act(&entry);
                self.journal.push(entry);
                event
            }
            None => self.world.step()?,
        };
        for property in event.broken.iter().copied() {
            self.broken.push(Broken { property, step: event.step, faults: self.journal.len() });
        }
        for rule in &event.notes {
            *self.rules.entry(rule).or_default() += 1;
        }
        Some(event)
    }

    /// The planned action whose turn it is; what makes no sense by now is left out.
    fn due_entry(&mut self) -> Option<Entry> {
        loop {
            let ((at, _), _) = self.agenda.first_key_value()?;
            if self.world.next_due().is_some_and(|due| *at > due) {
                return None;
            }
            let ((at, _), action) = self.agenda.pop_first()?;
            if self.world.allows(&action).is_ok() {
                return Some(Entry { at, action });
            }
        }
    }

    /// The phase with faults.
    fn plague(&mut self, by_hand: bool) {
        let mut countdown = self.nemesis.pause();
        let mut in_vain = 0;
        while self.world.steps() < self.target.steps && in_vain < MOST_IN_VAIN {
            in_vain += 1;
            countdown -= 1;
            let event = if countdown == 0 { None } else { self.step() };
            let Some(event) = event else {
                // Its turn, or nothing happens any more.
                let strike = self.nemesis.strike(&*self.world);
                self.plan(strike);
                if by_hand {
                    self.ask();
                }
                countdown = self.nemesis.pause();
                continue;
            };
            in_vain = 0;
            let landmarks = self.target.info.landmarks;
            if let Some(node) = event.node
                && event.notes.iter().any(|n| landmarks.contains(n))
            {
                let ambush = self.nemesis.ambush(&*self.world, node, &event.notes);
                self.plan(ambush);
            }
        }
    }

    /// Has an idle client do something, where clients act only when told to.
    fn ask(&mut self) {
        let calls = self.target.info.calls.len() as u64;
        if calls == 0 || self.field.clients == 0 {
            return;
        }
        let client =
            NodeId(self.field.servers + self.nemesis.roll(self.field.clients.into()) as u16);
        let call = Call {
            f: self.nemesis.roll(calls) as u8,
            key: self.nemesis.roll(3) as u32,
            value: self.nemesis.roll(8) as i64,
            arg: self.nemesis.roll(8) as i64,
        };
        let action = Action::Invoke { client, to: None, call };
        if self.world.allows(&action).is_ok() {
            self.plan(vec![Entry { at: self.world.now() + 1, action }]);
        }
    }

    /// The phase without: does an operation that begins now come through, or, where there are no
    /// clients, do messages?
    fn recovers(&mut self, by_hand: bool, patience: u64) -> bool {
        self.agenda.clear();
        let mercy = self.nemesis.mercy(&*self.world);
        self.plan(mercy);
        while !self.agenda.is_empty() && self.step().is_some() {}
        let (until, last) = (self.world.now() + patience, self.world.steps() + RECOVERY_STEPS);
        let mut fresh = Vec::new();
        let mut messages = 0;
        let clients = self.field.clients > 0 && !self.target.info.calls.is_empty();
        while self.world.now() < until && self.world.steps() < last {
            if clients && by_hand && self.world.steps().is_multiple_of(64) {
                self.ask();
            }
            let Some(event) = self.step() else { return !clients };
            messages += u64::from(matches!(event.what, What::Receive(_)));
            for op in &event.ops {
                match op {
                    OpStep::Invoke { op, .. } => fresh.push(*op),
                    OpStep::Ok { op, .. } if fresh.contains(op) => return true,
                    _ => {}
                }
            }
            if !clients && messages >= ENOUGH_MESSAGES {
                return true;
            }
        }
        false
    }
}

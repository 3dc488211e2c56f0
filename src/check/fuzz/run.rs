//! One seeded run, step by step.

use super::{Broken, FuzzOutcome, FuzzTarget};
use crate::check::nemesis::{Field, Nemesis};
use crate::core::action::{Action, Call, Entry};
use crate::core::config::Setup;
use crate::core::ids::{NodeId, OpId};
use crate::core::sorted::SortedMap;
use crate::core::view::{Event, OpStep, What};
use crate::core::world::World;
use std::sync::Arc;

/// Virtual time that recovery may take, in client timeouts.
const PATIENCE: u64 = 20;
/// Steps that recovery may take.
const RECOVERY_STEPS: u64 = 20_000;
/// A scene without clients has recovered when this many messages got through.
const ENOUGH_MESSAGES: u64 = 20;
/// Strikes in a row that may come to nothing.
const MOST_IN_VAIN: u32 = 200;

/// A run of one seed, to be continued as long as one likes.
pub struct FuzzRun {
    target: Arc<FuzzTarget>,
    setup: Setup,
    nemesis: Nemesis,
    field: Field,
    /// Clients act only when told to.
    by_hand: bool,
    world: Box<World>,
    /// Faults to come, by time and order.
    agenda: SortedMap<(u64, u64), Action>,
    journal: Vec<Entry>,
    rules: SortedMap<&'static str, u64>,
    broken: Vec<Broken>,
    planned: u64,
    phase: FaultPhase,
}

/// First faults, to refute safety; then none, to see the run recover.
enum FaultPhase {
    Plague { countdown: u64, in_vain: u32 },
    Mercy,
    Recovery { until: u64, last: u64, fresh: Vec<OpId>, messages: u64 },
    Over(Option<bool>),
}

impl FuzzRun {
    /// The run of a seed before its first step.
    pub fn new(target: Arc<FuzzTarget>, seed: u64) -> Result<FuzzRun, String> {
        let setup = target.vary(seed);
        let world = (target.scene.build)(&setup)?;
        let field = target.field(&setup);
        let mut nemesis = match &target.faults[..] {
            [] => Nemesis::new(seed, field, target.info.landmarks),
            faults => Nemesis::of(seed, field, faults),
        };
        let by_hand = target.knob(&setup, "client.interval") == 0;
        let phase = FaultPhase::Plague { countdown: nemesis.pause(), in_vain: 0 };
        Ok(FuzzRun {
            nemesis,
            field,
            by_hand,
            world,
            agenda: SortedMap::new(),
            journal: Vec::new(),
            rules: SortedMap::new(),
            broken: Vec::new(),
            planned: 0,
            phase,
            setup,
            target,
        })
    }

    /// Goes on for at most `moves` steps; true once the run is over.
    pub fn slice(&mut self, moves: u64) -> bool {
        for _ in 0..moves {
            match self.phase {
                FaultPhase::Plague { .. } => self.plague(),
                FaultPhase::Mercy => self.mercy(),
                FaultPhase::Recovery { .. } => self.recover(),
                FaultPhase::Over(_) => return true,
            }
        }
        matches!(self.phase, FaultPhase::Over(_))
    }

    /// First violations so far, in order.
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// What came of it.
    pub fn outcome(self) -> FuzzOutcome {
        let FuzzRun { setup, world, journal, rules, broken, phase, .. } = self;
        let converged = if let FaultPhase::Over(recovered) = phase { recovered } else { None };
        let (steps, lies) = (world.steps(), world.lied());
        FuzzOutcome { setup, journal, steps, broken, converged, lies, rules }
    }

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

    /// A move of the phase with faults.
    fn plague(&mut self) {
        let FaultPhase::Plague { countdown, in_vain } = &mut self.phase else { return };
        if self.world.steps() >= self.target.steps || *in_vain >= MOST_IN_VAIN {
            self.phase =
                if self.broken.is_empty() { self.begin_mercy() } else { FaultPhase::Over(None) };
            return;
        }
        *in_vain += 1;
        *countdown -= 1;
        let event = if *countdown == 0 { None } else { self.step() };
        let Some(event) = event else {
            // Its turn, or nothing happens any more.
            let strike = self.nemesis.strike(&self.world);
            self.plan(strike);
            if self.by_hand {
                self.ask();
            }
            let pause = self.nemesis.pause();
            if let FaultPhase::Plague { countdown, .. } = &mut self.phase {
                *countdown = pause;
            }
            return;
        };
        if let FaultPhase::Plague { in_vain, .. } = &mut self.phase {
            *in_vain = 0;
        }
        let landmarks = self.target.info.landmarks;
        if let Some(node) = event.node
            && event.notes.iter().any(|n| landmarks.contains(n))
        {
            let ambush = self.nemesis.ambush(&self.world, node, &event.notes);
            self.plan(ambush);
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

    fn begin_mercy(&mut self) -> FaultPhase {
        self.agenda.clear();
        let mercy = self.nemesis.mercy(&self.world);
        self.plan(mercy);
        FaultPhase::Mercy
    }

    /// Undoes all faults, and then waits for something to come through.
    fn mercy(&mut self) {
        if !self.agenda.is_empty() && self.step().is_some() {
            return;
        }
        let timeout = self.target.knob(&self.setup, "client.timeout").max(10 * self.field.latency);
        self.phase = FaultPhase::Recovery {
            until: self.world.now() + timeout * PATIENCE,
            last: self.world.steps() + RECOVERY_STEPS,
            fresh: Vec::new(),
            messages: 0,
        };
    }

    /// A move of the phase without faults: does an operation that begins now come through, or,
    /// where there are no clients, do messages?
    fn recover(&mut self) {
        let clients = self.field.clients > 0 && !self.target.info.calls.is_empty();
        let (now, steps) = (self.world.now(), self.world.steps());
        let FaultPhase::Recovery { until, last, .. } = self.phase else { return };
        if now >= until || steps >= last {
            self.phase = FaultPhase::Over(Some(false));
            return;
        }
        if clients && self.by_hand && steps.is_multiple_of(64) {
            self.ask();
        }
        let Some(event) = self.step() else {
            self.phase = FaultPhase::Over(Some(!clients));
            return;
        };
        let FaultPhase::Recovery { fresh, messages, .. } = &mut self.phase else { return };
        *messages += u64::from(matches!(event.what, What::Receive(_)));
        let mut through = !clients && *messages >= ENOUGH_MESSAGES;
        for op in &event.ops {
            match op {
                OpStep::Invoke { op, .. } => fresh.push(*op),
                OpStep::Ok { op, .. } => through |= fresh.contains(op),
                _ => {}
            }
        }
        if through {
            self.phase = FaultPhase::Over(Some(true));
        }
    }
}

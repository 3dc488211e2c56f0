//! Seeded fault schedules: first faults, to refute safety; then none, to see the run recover.

mod run;

pub use run::FuzzRun;

pub use super::nemesis::read_faults;
use super::nemesis::{Fault, Field, Nemesis};
use crate::core::action::Entry;
use crate::core::config::{Setup, Unit};
use crate::core::sorted::SortedMap;
use crate::protocols::{Info, Scene};
use std::sync::Arc;

/// Steps of the phase with faults unless told otherwise.
pub const DEFAULT_STEPS: u64 = 4_000;

/// What to fuzz.
pub struct FuzzTarget {
    /// The scene.
    pub scene: &'static Scene,
    /// What it offers.
    pub info: Info,
    /// Knobs and mutants asked for; its seed is not used. Knobs set here stay as they are.
    pub base: Setup,
    /// Steps of the phase with faults.
    pub steps: u64,
    /// The mix of faults; each run has its own if none is named.
    pub faults: Vec<Fault>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FuzzOutcome {
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
    /// Messages that liars forged.
    pub lies: u64,
    /// How often each rule was applied.
    pub rules: SortedMap<&'static str, u64>,
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

impl FuzzTarget {
    /// A scene with settings; or what is wrong with them.
    pub fn new(scene: &'static Scene, base: Setup, steps: u64) -> Result<Arc<Self>, String> {
        FuzzTarget::with(scene, base, steps, Vec::new())
    }

    /// The same with a mix of faults.
    pub fn with(
        scene: &'static Scene,
        base: Setup,
        steps: u64,
        faults: Vec<Fault>,
    ) -> Result<Arc<Self>, String> {
        (scene.build)(&base)?;
        let info = scene.info_of(&base.preset);
        if faults.contains(&Fault::Lie) && !info.lies {
            return Err(format!("servers of {} say nothing to lie about", scene.id));
        }
        Ok(Arc::new(FuzzTarget { scene, info, base, steps, faults }))
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
    pub fn run(self: &Arc<Self>, seed: u64) -> Result<FuzzOutcome, String> {
        let mut run = FuzzRun::new(self.clone(), seed)?;
        run.slice(u64::MAX);
        Ok(run.outcome())
    }
}

/// Is it the protocol's own knob, not one that every scene has?
fn is_protocols(id: &str) -> bool {
    !crate::core::config::COMMON.iter().any(|k| k.id == id)
}

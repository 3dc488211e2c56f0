//! What a scene is to the rest of the house: data, and one function that makes its world.

use crate::core::config::{COMMON, Common, Knob, Setup, Unit, turn};
use crate::core::declare::Data;
use crate::core::ids::NodeId;
pub use crate::core::protocol::PropertyInfo;
use crate::core::protocol::{CallName, Mutant, Show};
use crate::core::quote::quoted;
use crate::core::sorted::SortedSet;
use crate::core::value::known_shared;
use crate::core::view::{Layout, Lens};
use crate::core::world::{Adapter, Settings, World};
use crate::stories::hero::Hero;
use crate::stories::{Challenge, Story};
use std::sync::Arc;

/// A scene of the field guide.
pub struct Scene {
    /// Kebab-case name.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The family it belongs to.
    pub family: &'static str,
    /// What it is, in one sentence.
    pub line: &'static str,
    /// The words of the cheat sheet that it brings to life.
    pub seed_phrases: &'static [&'static str],
    /// Where it comes from.
    pub sources: &'static [&'static str],
    /// What it leaves out.
    pub leaves_out: &'static str,
    /// How its nodes stand.
    pub layout: Layout,
    /// Parameter sets; the first is where the scene starts.
    pub presets: &'static [Preset],
    /// What it opens on.
    pub hero: Hero,
    /// Stories and re-enactments.
    pub stories: &'static [Story],
    /// Things to bring about.
    pub challenges: &'static [Challenge],
    /// Makes its world.
    pub build: fn(&Setup) -> Result<Box<World>, String>,
    /// What its protocol offers.
    pub info: fn() -> Info,
    /// Presets that run another protocol, and what that one offers.
    pub others: &'static [Other],
}

/// A preset, and what the protocol that it runs offers.
pub type Other = (&'static str, fn() -> Info);

/// The parameters of a real system or a paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Kebab-case name.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Version of the system, or year of the paper.
    pub version: &'static str,
    /// Where the numbers stand.
    pub source: &'static str,
    /// Knobs turned.
    pub values: &'static [(&'static str, i64)],
}

/// What a protocol offers, as plain data.
pub struct Info {
    /// Knobs with their defaults.
    pub knobs: Vec<KnobInfo>,
    /// Claims checked.
    pub properties: Vec<PropertyInfo>,
    /// Named bugs.
    pub mutants: &'static [Mutant],
    /// Client operations.
    pub calls: &'static [CallName],
    /// Shared pictures it uses.
    pub lenses: &'static [Lens],
    /// Rules worth jumping to.
    pub landmarks: &'static [&'static str],
    /// Facts that its observer may state, by id.
    pub facts: &'static [&'static str],
    /// Servers can be made to lie.
    pub lies: bool,
    /// Are some servers alike under the settings of a run, so that a search can reduce by symmetry?
    pub alike: fn(&[Preset], &Setup) -> bool,
}

/// A knob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnobInfo {
    /// Name.
    pub id: &'static str,
    /// What it does.
    pub title: &'static str,
    /// Meaning of the number.
    pub unit: Unit,
    /// Smallest.
    pub min: i64,
    /// Largest.
    pub max: i64,
    /// Where the scene starts, before any preset.
    pub default: i64,
}

impl Scene {
    /// A preset by name; the first if the name is empty.
    pub fn preset(&self, id: &str) -> Result<&'static Preset, String> {
        let found = self.presets.iter().find(|p| p.id == id);
        let first = self.presets.first().filter(|_| id.is_empty());
        found.or(first).ok_or_else(|| {
            let all: Vec<&str> = self.presets.iter().map(|p| p.id).collect();
            format!("{} has no preset {}, only {}", self.id, quoted(id), all.join(", "))
        })
    }

    /// A knob's value in a run; none if there is no such knob.
    pub fn value(&self, setup: &Setup, id: &str) -> Option<i64> {
        let preset = self.preset(&setup.preset).ok()?;
        let knob = self.info_of(preset.id).knobs.iter().find(|k| k.id == id).map(|k| k.default)?;
        let set = preset.values.iter().find(|(k, _)| *k == id).map(|(_, v)| *v);
        Some(setup.knobs.get(id).copied().or(set).unwrap_or(knob))
    }

    /// What the protocol of a preset offers.
    pub fn info_of(&self, preset: &str) -> Info {
        let other = self.others.iter().find(|(id, _)| *id == preset);
        other.map_or(self.info, |(_, info)| *info)()
    }

    /// Reads `name=value` as a person types it.
    pub fn parse_knob(&self, name: &str, value: &str) -> Result<i64, String> {
        let knobs = self.knobs();
        let Some(knob) = knobs.iter().find(|k| k.id == name) else {
            return Err(no_knob(self.id, name, &knobs));
        };
        knob.unit.parse(value).map_err(|why| format!("{name}: {why}"))
    }

    /// A value of a knob as [`Scene::parse_knob`] reads it.
    pub fn show_knob(&self, name: &str, value: i64) -> String {
        let knob = self.knobs().into_iter().find(|k| k.id == name);
        knob.map_or_else(|| value.to_string(), |k| k.unit.show(value))
    }

    /// The knobs of all protocols that its presets run.
    fn knobs(&self) -> Vec<KnobInfo> {
        let others = self.others.iter().flat_map(|(_, info)| info().knobs);
        (self.info)().knobs.into_iter().chain(others).collect()
    }
}

fn no_knob(scene: &str, name: &str, knobs: &[KnobInfo]) -> String {
    let mut all: Vec<&str> = Vec::new();
    for knob in knobs {
        if !all.contains(&knob.id) {
            all.push(knob.id);
        }
    }
    format!("{scene} has no knob {}, only {}", quoted(name), all.join(", "))
}

/// The settings of a setup, or what is wrong with it.
fn settings<P: Show>(presets: &[Preset], setup: &Setup) -> Result<Settings, String> {
    let mut common = P::common();
    let mut cfg = P::Config::default();
    let preset = presets.iter().find(|p| p.id == setup.preset || setup.preset.is_empty());
    let Some(preset) = preset else {
        return Err(format!("{} has no preset {}", setup.scene, quoted(&setup.preset)));
    };
    let turned = setup.knobs.iter().map(|(k, v)| (k.as_str(), *v));
    for (id, value) in preset.values.iter().copied().chain(turned) {
        let done =
            turn(COMMON, &mut common, id, value).or_else(|| turn(P::knobs(), &mut cfg, id, value));
        done.unwrap_or_else(|| Err(no_knob(&setup.scene, id, &knobs::<P>())))?;
    }
    Ok(Settings { common, cfg: Arc::new(cfg), mutants: mutant_bits::<P>(setup)? })
}

fn mutant_bits<P: Show>(setup: &Setup) -> Result<u32, String> {
    let mut bits = 0;
    for id in &setup.mutants {
        let Some(number) = P::mutants().iter().position(|m| m.id == id) else {
            let all: Vec<&str> = P::mutants().iter().map(|m| m.id).collect();
            let id = quoted(id);
            return Err(format!("{} has no mutant {id}, only {}", setup.scene, all.join(", ")));
        };
        bits |= 1 << number;
    }
    Ok(bits)
}

fn knobs<P: Show>() -> Vec<KnobInfo> {
    fn list<C>(knobs: &[Knob<C>], config: &C) -> Vec<KnobInfo> {
        let one = |k: &Knob<C>| KnobInfo {
            id: k.id,
            title: k.title,
            unit: k.unit,
            min: k.min,
            max: k.max,
            default: (k.get)(config),
        };
        knobs.iter().map(one).collect()
    }
    let common: Common = P::common();
    let mut all = list(COMMON, &common);
    all.extend(list(P::knobs(), &P::Config::default()));
    all
}

/// What a protocol offers.
pub fn info<P: Show>() -> Info {
    Info {
        knobs: knobs::<P>(),
        properties: P::properties().iter().map(|p| p.info()).collect(),
        mutants: P::mutants(),
        calls: P::CALLS,
        lenses: P::LENSES,
        landmarks: P::LANDMARKS,
        facts: P::FACTS,
        lies: <P::Message as Data>::LIES,
        alike: alike::<P>,
    }
}

/// Are two servers of one kind?
fn alike<P: Show>(presets: &[Preset], setup: &Setup) -> bool {
    let Ok(Settings { common, cfg, .. }) = settings::<P>(presets, setup) else { return false };
    let cfg = known_shared(&cfg);
    let kinds = (0..common.nodes).filter_map(|n| P::kind(cfg, &common, NodeId(n)));
    let mut seen = SortedSet::new();
    !P::CAUSAL && common.tells_nobody_apart() && { kinds }.any(|kind| !seen.insert(kind))
}

/// Makes a world of a protocol; a scene names it as `|s| make::<Protocol>(PRESETS, s)`.
pub fn make<P: Show>(presets: &[Preset], setup: &Setup) -> Result<Box<World>, String> {
    let settings = settings::<P>(presets, setup)?;
    Ok(Box::new(World::new(Adapter::<P>::RULES, settings, setup.seed)))
}

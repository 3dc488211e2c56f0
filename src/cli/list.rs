//! `hb list`: the catalogue.

use super::{Answer, Args, HOLDS, Host};
use crate::core::config::Setup;
use crate::core::protocol::PropertyKind;
use crate::protocols::{CATALOG, Preset, Scene};
use crate::stories::{Challenge, Story};
use serde_json::{Value, json};

/// `hb list [--json]`.
pub fn list(args: &mut Args, _host: &dyn Host) -> Answer {
    let as_json = args.flag("--json");
    args.done()?;
    let text = if as_json {
        Value::from_iter(CATALOG.iter().map(document)).to_string() + "\n"
    } else {
        CATALOG.iter().map(lines).collect()
    };
    Ok((HOLDS, text))
}

/// A scene in a line, and a line for everything that can be told or tried in it.
fn lines(scene: &Scene) -> String {
    let mut out = format!("{:<14}{:<28}{}\n", scene.id, scene.title, scene.line);
    for story in scene.stories {
        let kind = if story.source.is_some() { "re-enactment" } else { "story" };
        out += &format!("  {kind:<14}{:<26}{}\n", story.id, story.title);
    }
    for challenge in scene.challenges {
        let kind = if challenge.impossible { "impossible" } else { "challenge" };
        out += &format!("  {kind:<14}{:<26}{}\n", challenge.id, challenge.goal);
    }
    out
}

fn document(scene: &Scene) -> Value {
    let info = (scene.info)();
    let presets = scene
        .presets
        .iter()
        .map(|p| json!({"id": p.id, "title": p.title, "version": p.version, "source": p.source}));
    let knobs = info.knobs.iter().map(|k| {
        json!({
            "id": k.id, "title": k.title, "kind": kind(k.unit), "unit": k.unit.name(),
            "min": k.min, "max": k.max, "default": k.default,
        })
    });
    let properties = info.properties.iter().map(|p| {
        let kind = match p.kind {
            PropertyKind::Safety => "safety",
            PropertyKind::Liveness => "liveness",
        };
        json!({"id": p.id, "title": p.title, "claim": p.claim, "cite": p.cite, "kind": kind})
    });
    let mutants =
        info.mutants.iter().map(|m| json!({"id": m.id, "what": m.what, "breaks": m.breaks}));
    let alike = |p: &Preset| {
        let setup = Setup { scene: scene.id.into(), preset: p.id.into(), ..Setup::default() };
        (scene.info_of(p.id).alike)(scene.presets, &setup)
    };
    json!({
        "symmetry": scene.presets.iter().any(alike),
        "lies": scene.presets.iter().any(|p| scene.info_of(p.id).lies),
        "id": scene.id,
        "title": scene.title,
        "family": scene.family,
        "line": scene.line,
        "seed_phrases": scene.seed_phrases,
        "sources": scene.sources,
        "presets": Value::from_iter(presets),
        "knobs": Value::from_iter(knobs),
        "properties": Value::from_iter(properties),
        "mutants": Value::from_iter(mutants),
        "stories": Value::from_iter(scene.stories.iter().filter(|s| s.source.is_none()).map(story)),
        "challenges": Value::from_iter(scene.challenges.iter().map(challenge)),
        "reenactments": Value::from_iter(scene.stories.iter().filter(|s| s.source.is_some()).map(story)),
    })
}

fn story(story: &Story) -> Value {
    json!({"id": story.id, "title": story.title, "source": story.source})
}

fn challenge(challenge: &Challenge) -> Value {
    json!({"id": challenge.id, "title": challenge.goal, "impossible": challenge.impossible})
}

fn kind(unit: crate::core::config::Unit) -> Value {
    use crate::core::config::Unit;
    match unit {
        Unit::Time => "time".into(),
        Unit::Share => "share".into(),
        Unit::Count | Unit::Rate => "number".into(),
        Unit::Switch => "switch".into(),
        Unit::Choice(names) => json!({"choice": names}),
    }
}

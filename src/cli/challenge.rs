//! `hb challenge`: what a person is asked to bring about, brought about by search, or proved
//! impossible within the same limits.

use super::{Answer, Args, Bad, HOLDS, Host, UNKNOWN, VIOLATED};
use crate::check::explore::Bounds;
use crate::check::sliders::Sweep;
use crate::check::solve::{hints, witness};
use crate::check::worlds::{Found, Quest, QuestTally, limits_text};
use crate::core::quote::quoted;
use crate::protocols::{Scene, scene, sliders};
use crate::share::export::tell::tell;
use crate::share::link::Link;
use crate::stories::{Challenge, Sliders};
use serde_json::{Value, json};
use std::fmt::Write;

const MAX_STATES: u64 = 20_000_000;
const MEMORY_BYTES: u64 = 1 << 30;

/// `hb challenge SCENE [ID] [--budget-ms N] [--json]`.
pub fn challenge(args: &mut Args, host: &dyn Host) -> Answer {
    let as_json = args.flag("--json");
    let budget_ms = args.number("--budget-ms")?;
    let id = args.need("the scene")?;
    let only = args.positional();
    args.done()?;
    let scene = scene(&id)?;
    let named = |c: &&Challenge| only.as_ref().is_none_or(|o| o == c.id);
    let chosen: Vec<&Challenge> = scene.challenges.iter().filter(named).collect();
    if let (Some(only), true) = (&only, chosen.is_empty()) {
        let all: Vec<&str> = scene.challenges.iter().map(|c| c.id).collect();
        let only = quoted(only);
        return Err(format!("{id} has no challenge {only}, only {}", all.join(", ")).into());
    }
    let (mut code, mut text, mut documents) = (HOLDS, String::new(), Vec::new());
    for challenge in chosen {
        let (came, summary, document) = match sliders(scene.id, challenge.id) {
            Some(sliders) => sweep(scene, challenge, sliders, host, budget_ms)?,
            None => {
                let solved = Solved::of(scene, challenge, host, budget_ms)?;
                (solved.code(), solved.summary(scene)?, solved.document())
            }
        };
        code = match (code, came) {
            (VIOLATED, _) | (_, VIOLATED) => VIOLATED,
            (a, b) => a.max(b),
        };
        text += &summary;
        documents.push(document);
    }
    let document = || json!({"scene": id, "challenges": documents}).to_string() + "\n";
    Ok((code, if as_json { document() } else { text }))
}

const BOUNDS: Bounds =
    Bounds { max_states: MAX_STATES, max_depth: u32::MAX, memory_bytes: MEMORY_BYTES };

/// What gives way at each position of some sliders.
fn sweep(
    scene: &'static Scene,
    challenge: &Challenge,
    sliders: &'static Sliders,
    host: &dyn Host,
    budget_ms: Option<u64>,
) -> Result<(u8, String, Value), Bad> {
    let mut sweep = Sweep::new(scene, challenge, sliders, BOUNDS);
    let start = host.clock_ms();
    let end = budget_ms.map_or(u64::MAX, |ms| start.saturating_add(ms));
    while !sweep.slice(&mut || host.clock_ms() < end && !host.cancelled())? {
        if host.clock_ms() >= end || host.cancelled() {
            break;
        }
    }
    let elapsed_ms = host.clock_ms().saturating_sub(start);
    let (code, verdict) = match (sweep.refutes(), sweep.open()) {
        (true, _) if sliders.measured > 0 => (HOLDS, "none"),
        (true, _) => (HOLDS, "impossible"),
        (false, Some(_)) => (VIOLATED, "solved"),
        (false, None) => (UNKNOWN, "unknown"),
    };
    let Challenge { id, goal, .. } = challenge;
    let summary = format!("{id}: {goal}\n  {verdict} ({}, {elapsed_ms} ms)\n", sweep.sentence());
    let names: Vec<&str> = sliders.sliders.iter().map(|s| s.0).collect();
    let document = json!({
        "id": id, "goal": goal, "until": challenge.until, "impossible": challenge.impossible,
        "verdict": verdict, "par": null, "actions": null, "hints": [], "url": null,
        "sentence": sweep.sentence(), "sliders": names, "positions": sweep.done,
        "distinct": sweep.states(), "generated": sweep.generated, "depth": sweep.depth,
        "complete": sweep.refutes(), "elapsed_ms": elapsed_ms,
    });
    Ok((code, summary, document))
}

struct Solved<'a> {
    challenge: &'a Challenge,
    tally: QuestTally,
    /// States that differ in the names of servers only are counted once.
    symmetric: bool,
    elapsed_ms: u64,
    witness: Option<(Found, Link)>,
    hints: Vec<String>,
}

impl<'a> Solved<'a> {
    fn of(
        scene: &Scene,
        challenge: &'a Challenge,
        host: &dyn Host,
        budget_ms: Option<u64>,
    ) -> Result<Self, Bad> {
        let setup = challenge.setup(scene.id);
        let mut quest = Quest::solving(scene, &setup, challenge, BOUNDS)
            .map_err(|why| format!("{} {}: {why}", scene.id, challenge.id))?;
        let symmetric = quest.search().model().is_symmetric();
        let start = host.clock_ms();
        let end = budget_ms.map(|ms| start.saturating_add(ms));
        let mut stop = || host.cancelled() || end.is_some_and(|end| host.clock_ms() >= end);
        let tally = quest.run(host.threads(), &mut stop);
        let elapsed_ms = host.clock_ms().saturating_sub(start);
        let found = quest.found().into_iter().next();
        let link = |f: Found| witness(scene, &setup, challenge.until, &f).map(|link| (f, link));
        let witness = found.map(link).transpose()?;
        let hints = match &witness {
            Some((found, _)) => hints(scene, &setup, found)?,
            None => Vec::new(),
        };
        Ok(Solved { challenge, tally, symmetric, elapsed_ms, witness, hints })
    }

    fn code(&self) -> u8 {
        match (&self.witness, self.challenge.impossible, self.tally.complete) {
            (Some(_), false, _) | (None, true, true) => HOLDS,
            (None, _, false) => UNKNOWN,
            _ => VIOLATED,
        }
    }

    fn verdict(&self) -> &'static str {
        match (&self.witness, self.tally.complete) {
            (Some(_), _) => "solved",
            (None, true) => "impossible",
            (None, false) => "unknown",
        }
    }

    fn document(&self) -> Value {
        let QuestTally { distinct, generated, depth, complete, .. } = self.tally;
        json!({
            "id": self.challenge.id,
            "goal": self.challenge.goal,
            "until": self.challenge.until,
            "impossible": self.challenge.impossible,
            "verdict": self.verdict(),
            "par": self.witness.as_ref().map(|(f, _)| f.length()),
            "actions": self.witness.as_ref().map(|(f, _)| &f.journal),
            "hints": self.hints,
            "url": self.witness.as_ref().map(|(_, l)| l.fragment()),
            "distinct": distinct,
            "generated": generated,
            "depth": depth,
            "complete": complete,
            "symmetry": self.symmetric,
            "elapsed_ms": self.elapsed_ms,
        })
    }

    fn summary(&self, scene: &Scene) -> Result<String, Bad> {
        let Challenge { id, goal, limits, .. } = self.challenge;
        let mut out = format!("{id}: {goal}\n  within {}\n", limits_text(limits));
        let QuestTally { distinct, generated, depth, .. } = self.tally;
        let once = if self.symmetric { " up to the names of servers" } else { "" };
        let cost = format!(
            "{distinct} states{once}, {generated} generated, depth {depth}, {} ms",
            self.elapsed_ms
        );
        match &self.witness {
            Some((found, link)) => {
                let _ = writeln!(out, "  par {} ({cost})", found.length());
                for hint in &self.hints {
                    let _ = writeln!(out, "  hint: {hint}");
                }
                let mut session = link.open()?;
                let calls = scene.info_of(&session.setup.preset).calls;
                out += &tell(&mut session, calls, link.cursor, link.time);
                let _ = writeln!(out, "  {}", link.fragment());
            }
            None => {
                let _ = writeln!(out, "  {} ({cost})", self.verdict());
            }
        }
        Ok(out)
    }
}

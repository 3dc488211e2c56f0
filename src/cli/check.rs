//! `hb check`: every interleaving of a small world, within limits.

use super::play::take_setup;
use super::{Answer, Args, Bad, HOLDS, Host, UNKNOWN, VIOLATED};
use crate::check::explore::Bounds;
use crate::check::shrink::replay;
use crate::check::worlds::{Found, Plan, Quest, Tally, limits_text, read_limits};
use crate::core::config::Setup;
use crate::protocols::{Scene, scene};
use crate::share::export::tell::tell;
use crate::share::link::{Link, MAX_STEP};
use serde_json::{Value, json};
use std::fmt::Write;

/// Without `--max-states`.
const MAX_STATES: u64 = 20_000_000;
/// Tables and paths may hold this many bytes.
const MEMORY_BYTES: u64 = 1 << 30;

/// `hb check SCENE [--set k=v ...] [--mutant M] [--depth N] [--faults crash=1,drop=2,...]
/// [--max-states N] [--budget-ms N] [--json]`.
pub fn check(args: &mut Args, host: &dyn Host) -> Answer {
    let as_json = args.flag("--json");
    let depth = args.number("--depth")?;
    let limits = args.value("--faults")?.map(|text| read_limits(&text)).transpose()?;
    let max_states = args.number("--max-states")?.unwrap_or(MAX_STATES);
    let budget_ms = args.number("--budget-ms")?;
    let asked = take_setup(args)?;
    args.done()?;
    let scene = scene(&asked.scene)?;
    let plan = Plan::new(scene, &asked, limits)?;
    let bounds = Bounds {
        max_states,
        max_depth: depth.map_or(u32::MAX, |d| d.min(u64::from(u32::MAX)) as u32),
        memory_bytes: MEMORY_BYTES,
    };
    let mut quest = Quest::new(scene, &plan.setup, plan.limits, bounds, None)?;
    host.hint(&format!("{}: {}", scene.title, limits_text(&plan.limits)));
    let start = host.clock_ms();
    let deadline = budget_ms.map(|ms| start.saturating_add(ms));
    let tally = drive(&mut quest, host, deadline);
    let elapsed_ms = host.clock_ms().saturating_sub(start);
    let proofs = quest
        .found()
        .into_iter()
        .map(|f| Proof::of(scene, &plan.setup, f))
        .collect::<Result<_, _>>()?;
    let checked = Checked { scene, plan, tally, elapsed_ms, bytes: quest.bytes(), proofs };
    let coverage = quest.coverage().into_iter().map(|c| (c.rule, c.taken)).collect();
    let text =
        if as_json { checked.document(coverage).to_string() + "\n" } else { checked.summary()? };
    Ok((checked.code(), text))
}

/// Runs a search on all threads until it is over, the user stops it or time is up.
pub(super) fn drive(quest: &mut Quest, host: &dyn Host, deadline: Option<u64>) -> Tally {
    let mut told = host.clock_ms();
    let mut should_stop = || {
        let now = host.clock_ms();
        if now >= told + 2_000 {
            told = now;
            host.hint("...");
        }
        host.cancelled() || deadline.is_some_and(|end| now >= end)
    };
    quest.run(host.threads(), &mut should_stop)
}

/// A finding that has been replayed.
pub(super) struct Proof {
    pub(super) found: Found,
    /// The run, at the end of the finding.
    pub(super) link: Link,
}

impl Proof {
    /// Replays a violation; the journal must break the property again.
    fn of(scene: &Scene, setup: &Setup, found: Found) -> Result<Proof, Bad> {
        let again = replay(scene.build, setup, &found.journal, found.property, MAX_STEP);
        let (cursor, time, _) = again.ok_or_else(|| {
            format!("the search broke {}, but its journal does not replay to that", found.property)
        })?;
        let link = Link { cursor, time, ..Link::new(setup.clone(), found.journal.clone()) };
        Ok(Proof { found, link })
    }

    pub(super) fn document(&self) -> Value {
        json!({
            "property": self.found.property,
            "cite": self.found.cite,
            "length": self.found.length(),
            "actions": self.link.journal,
            "setup": self.link.setup,
            "step": self.link.cursor,
            "at_us": self.link.time,
            "url": self.link.fragment(),
        })
    }

    /// The run as a trace.
    pub(super) fn trace(&self, scene: &Scene) -> Result<String, Bad> {
        let mut session = self.link.open()?;
        Ok(tell(&mut session, (scene.info)().calls, self.link.cursor, self.link.time))
    }
}

struct Checked {
    scene: &'static Scene,
    plan: Plan,
    tally: Tally,
    elapsed_ms: u64,
    bytes: u64,
    proofs: Vec<Proof>,
}

impl Checked {
    fn code(&self) -> u8 {
        match (self.proofs.is_empty(), self.tally.complete) {
            (false, _) => VIOLATED,
            (true, true) => HOLDS,
            (true, false) => UNKNOWN,
        }
    }

    /// What was searched and what was not.
    fn sentence(&self) -> String {
        let Plan { setup, limits } = &self.plan;
        let mut world = self.scene.title.to_string();
        for (name, value) in &setup.knobs {
            let _ = write!(world, ", {name}={value}");
        }
        for mutant in &setup.mutants {
            let _ = write!(world, ", mutant {mutant}");
        }
        let within = limits_text(limits);
        let Tally { distinct, depth, .. } = self.tally;
        let what = match (self.proofs.is_empty(), self.tally.complete) {
            (false, _) => format!(
                "a shortest counter-example among the {distinct} states of the first {depth} levels"
            ),
            (true, true) => format!("all {distinct} states were checked, down to level {depth}"),
            (true, false) => format!(
                "{distinct} states were checked, those of the first {} levels all, then the search stopped ({}); what lies deeper was not",
                depth.saturating_sub(1),
                self.tally.outcome
            ),
        };
        format!(
            "{world}; {within}: {what}. Order and delay of messages are free, and none has to arrive; other sizes and further faults were not searched."
        )
    }

    fn rate(&self) -> u64 {
        self.tally.distinct * 1000 / self.elapsed_ms.max(1)
    }

    fn document(&self, coverage: Vec<(&'static str, u64)>) -> Value {
        let Tally { distinct, generated, depth, complete, outcome, .. } = self.tally;
        let l = self.plan.limits;
        let coverage: serde_json::Map<String, Value> =
            coverage.into_iter().map(|(rule, taken)| (rule.to_string(), taken.into())).collect();
        json!({
            "scene": self.scene.id,
            "setup": self.plan.setup,
            "limits": {
                "timers": l.timers, "ops": l.ops, "drop": l.drops, "dup": l.dups,
                "crash": l.crashes, "partition": l.partitions,
            },
            "distinct": distinct,
            "generated": generated,
            "depth": depth,
            "complete": complete,
            "outcome": outcome,
            "elapsed_ms": self.elapsed_ms,
            "states_per_second": self.rate(),
            "bytes_per_state": self.bytes / distinct.max(1),
            "coverage": coverage,
            "searched": self.sentence(),
            "violations": self.proofs.iter().map(Proof::document).collect::<Vec<_>>(),
        })
    }

    fn summary(&self) -> Result<String, Bad> {
        let Tally { distinct, generated, depth, outcome, .. } = self.tally;
        let mut out = format!(
            "{}\n{distinct} distinct states, {generated} generated, depth {depth}: {outcome} in {} ms, {} states/s\n",
            self.sentence(),
            self.elapsed_ms,
            self.rate()
        );
        for proof in &self.proofs {
            let Found { property, cite, .. } = proof.found;
            let length = proof.found.length();
            let _ = writeln!(out, "{property} ({cite}) is broken by {length} interventions:");
            out.push_str(&proof.trace(self.scene)?);
            let _ = writeln!(out, "{}", proof.link.fragment());
        }
        Ok(out)
    }
}

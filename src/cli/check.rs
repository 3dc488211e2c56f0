//! `hb check`: every interleaving of a small world, within limits.

use super::play::take_setup;
use super::{Answer, Args, Bad, HOLDS, Host, UNKNOWN, VIOLATED};
use crate::check::explore::Bounds;
use crate::check::shrink::replay;
use crate::check::worlds::{Found, Plan, Quest, Tally, limits_text, read_limits};
use crate::core::config::Setup;
use crate::core::world::Limits;
use crate::protocols::{Scene, scene};
use crate::share::export::tell::tell;
use crate::share::link::{Link, MAX_STEP};
use serde_json::{Value, json};
use std::fmt::Write;

/// States of one search, without `--max-states`.
const MAX_STATES: u64 = 20_000_000;
/// The same where several searches follow each other.
const RUNG_STATES: u64 = 100_000;
/// Tables and paths may hold this many bytes.
const MEMORY_BYTES: u64 = 1 << 30;
/// Searches left to share the time with.
const SHARES: u64 = 3;
/// Without a budget, so many searches may come to no end.
const MOST_UNENDED: usize = 2;

/// `hb check SCENE [--set k=v ...] [--mutant M] [--depth N] [--faults crash=1,drop=2,...]
/// [--max-states N] [--budget-ms N] [--json]`.
pub fn check(args: &mut Args, host: &dyn Host) -> Answer {
    let as_json = args.flag("--json");
    let reduced = !args.flag("--no-reduction");
    let depth = args.number("--depth")?;
    let limits = args.value("--faults")?.map(|text| read_limits(&text)).transpose()?;
    let most = if limits.is_some() { MAX_STATES } else { RUNG_STATES };
    let budget_ms = args.number("--budget-ms")?;
    let max_states = args.number("--max-states")?;
    let max_states = max_states.unwrap_or(if budget_ms.is_some() { MAX_STATES } else { most });
    let asked = take_setup(args)?;
    args.done()?;
    let scene = scene(&asked.scene)?;
    let plan = Plan::new(scene, &asked, limits)?;
    let bounds = Bounds {
        max_states,
        max_depth: depth.map_or(u32::MAX, |d| d.min(u64::from(u32::MAX)) as u32),
        memory_bytes: MEMORY_BYTES,
    };
    let mut work = Work { scene, plan: &plan, bounds, reduced, budget_ms, done: Vec::new() };
    work.all(host)?;
    let told = Told { scene, setup: &plan.setup, searches: work.done };
    let text = if as_json { told.document().to_string() + "\n" } else { told.summary()? };
    Ok((told.code(), text))
}

/// Searches, one after the other.
struct Work<'a> {
    scene: &'static Scene,
    plan: &'a Plan,
    bounds: Bounds,
    reduced: bool,
    budget_ms: Option<u64>,
    done: Vec<Checked>,
}

impl Work<'_> {
    /// Up to the first violation, the end of the budget, or where searches come to no end.
    fn all(&mut self, host: &dyn Host) -> Result<(), Bad> {
        let end = self.budget_ms.map(|ms| host.clock_ms().saturating_add(ms));
        let mut left = self.plan.searches.len() as u64;
        for limits in &self.plan.searches {
            let now = host.clock_ms();
            let over = host.cancelled() || end.is_some_and(|end| now >= end);
            let unended = self.done.iter().filter(|c| !c.tally.complete).count();
            if !self.done.is_empty() && (over || end.is_none() && unended >= MOST_UNENDED) {
                break;
            }
            let share = |end: u64| now + end.saturating_sub(now) / left.min(SHARES);
            host.hint(&format!("{}: {}", self.scene.title, limits_text(limits)));
            self.one(*limits, end.map(share), host)?;
            left -= 1;
            if self.done.last().is_some_and(|c| !c.proofs.is_empty()) {
                break;
            }
        }
        Ok(())
    }

    fn one(&mut self, limits: Limits, end: Option<u64>, host: &dyn Host) -> Result<(), Bad> {
        let setup = &self.plan.setup;
        let mut quest = Quest::new(self.scene, setup, limits, self.bounds, None, self.reduced)?;
        let start = host.clock_ms();
        let tally = drive(&mut quest, host, end);
        let elapsed_ms = host.clock_ms().saturating_sub(start);
        let found = quest.found().into_iter().map(|f| Proof::of(self.scene, setup, f));
        let proofs = found.collect::<Result<_, _>>()?;
        let coverage = quest.coverage().into_iter().map(|c| (c.rule, c.taken)).collect();
        let bytes = quest.bytes();
        self.done.push(Checked { limits, tally, elapsed_ms, bytes, coverage, proofs });
        Ok(())
    }
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
        let calls = scene.info_of(&session.setup.preset).calls;
        Ok(tell(&mut session, calls, self.link.cursor, self.link.time))
    }
}

/// One search.
struct Checked {
    limits: Limits,
    tally: Tally,
    elapsed_ms: u64,
    bytes: u64,
    coverage: Vec<(&'static str, u64)>,
    proofs: Vec<Proof>,
}

impl Checked {
    fn rate(&self) -> u64 {
        self.tally.distinct * 1000 / self.elapsed_ms.max(1)
    }

    fn figures(&self) -> Value {
        let Tally { distinct, generated, depth, complete, outcome, .. } = self.tally;
        let l = self.limits;
        json!({
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
        })
    }

    /// What was searched, and how far.
    fn sentence(&self) -> String {
        let within = limits_text(&self.limits);
        let Tally { distinct, depth, .. } = self.tally;
        match (self.proofs.is_empty(), self.tally.complete) {
            (false, _) => format!(
                "with {within}, a shortest counter-example among the {distinct} states of the first {depth} levels"
            ),
            (true, true) => format!("with {within}, all {distinct} states, down to level {depth}"),
            (true, false) => format!(
                "with {within}, {distinct} states, complete only to level {}",
                depth.saturating_sub(1)
            ),
        }
    }
}

/// All searches of one command.
struct Told<'a> {
    scene: &'static Scene,
    setup: &'a Setup,
    searches: Vec<Checked>,
}

impl Told<'_> {
    /// The search to speak of: the one that found something, or the largest that came to its end,
    /// or the last.
    fn main(&self) -> Option<&Checked> {
        let violated = self.searches.iter().find(|c| !c.proofs.is_empty());
        let ended = self.searches.iter().filter(|c| c.tally.complete);
        violated.or_else(|| ended.max_by_key(|c| c.tally.distinct)).or(self.searches.last())
    }

    fn code(&self) -> u8 {
        match self.main() {
            Some(c) if !c.proofs.is_empty() => VIOLATED,
            Some(c) if c.tally.complete => HOLDS,
            _ => UNKNOWN,
        }
    }

    /// What was searched and what was not.
    fn sentence(&self) -> String {
        let mut world = self.scene.title.to_string();
        for (name, value) in &self.setup.knobs {
            let _ = write!(world, ", {name}={value}");
        }
        for mutant in &self.setup.mutants {
            let _ = write!(world, ", mutant {mutant}");
        }
        let Some(main) = self.main() else { return world };
        let mut out = format!("{world}. Searched {}", main.sentence());
        let mut others = self.searches.iter().filter(|c| !std::ptr::eq(*c, main));
        if let Some(partly) = others.rfind(|c| !c.tally.complete) {
            let _ = write!(out, "; and in part, {}", partly.sentence());
        }
        out + ". Messages may come in any order, or never. Not searched: other sizes, further faults, and what depends on time"
    }

    fn document(&self) -> Value {
        let Some(main) = self.main() else { return Value::Null };
        let mut all = main.figures();
        all["scene"] = self.scene.id.into();
        all["setup"] = json!(self.setup);
        all["coverage"] =
            main.coverage.iter().map(|(rule, n)| (rule.to_string(), json!(n))).collect();
        all["searched"] = self.sentence().into();
        all["searches"] = self.searches.iter().map(Checked::figures).collect();
        all["violations"] = main.proofs.iter().map(Proof::document).collect();
        all
    }

    fn summary(&self) -> Result<String, Bad> {
        let mut out = self.sentence() + ".\n";
        for c in &self.searches {
            let Tally { distinct, generated, depth, outcome, .. } = c.tally;
            let _ = writeln!(
                out,
                "{distinct:>9} distinct {generated:>10} generated  depth {depth:>3}  {outcome:<9} {:>6} ms {:>7} states/s  {}",
                c.elapsed_ms,
                c.rate(),
                limits_text(&c.limits)
            );
        }
        for proof in self.main().iter().flat_map(|c| &c.proofs) {
            let Found { property, cite, .. } = proof.found;
            let length = proof.found.length();
            let _ = writeln!(out, "{property} ({cite}) is broken by {length} interventions:");
            out.push_str(&proof.trace(self.scene)?);
            let _ = writeln!(out, "{}", proof.link.fragment());
        }
        Ok(out)
    }
}

//! `hb check`: every interleaving of a small world, within limits.

use super::play::take_setup;
use super::{Answer, Args, Bad, HOLDS, Host, UNKNOWN, VIOLATED};
use crate::check::explore::Bounds;
use crate::check::shrink::{Shrinker, Violating};
use crate::check::worlds::{
    Drive, Found, Ladder, QuestTally, SearchAim, Searched, Symmetry, WorldPlan, limits_text,
    main_of, read_limits, sentence,
};
use crate::core::config::Setup;
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
/// Time for making one finding smaller, in milliseconds.
const SHRINK_MS: u64 = 2_000;

/// `hb check SCENE [--set k=v ...] [--mutant M] [--depth N] [--faults crash=1,drop=2,...]
/// [--symmetry] [--no-reduction] [--max-states N] [--memory-mb N] [--budget-ms N] [--json]`.
pub fn check(args: &mut Args, host: &dyn Host) -> Answer {
    let as_json = args.flag("--json");
    let reduced = !args.flag("--no-reduction");
    let symmetry = if args.flag("--symmetry") { Symmetry::On } else { Symmetry::Off };
    let depth = args.number("--depth")?;
    let limits = args.value("--faults")?.map(|text| read_limits(&text)).transpose()?;
    let most = if limits.is_some() { MAX_STATES } else { RUNG_STATES };
    let budget_ms = args.number("--budget-ms")?;
    let max_states = args.number("--max-states")?;
    let memory_mb = args.number("--memory-mb")?;
    let max_states = max_states.unwrap_or(if budget_ms.is_some() { MAX_STATES } else { most });
    let asked = take_setup(args)?;
    args.done()?;
    let scene = scene(&asked.scene)?;
    let plan = WorldPlan::new(scene, &asked, limits)?;
    let bounds = Bounds {
        max_states,
        max_depth: depth.map_or(u32::MAX, |d| d.min(u64::from(u32::MAX)) as u32),
        memory_bytes: memory_mb.map_or(MEMORY_BYTES, |mb| mb.saturating_mul(1 << 20)),
    };
    let aim = SearchAim { bounds, reduced, symmetry, ..SearchAim::default() };
    let end = budget_ms.map(|ms| host.clock_ms().saturating_add(ms));
    let mut ladder = Ladder::new(scene, &plan, aim, end);
    drive(&mut ladder, scene, host)?;
    let told = CheckReport::of(scene, plan.setup, ladder.done(), aim, host)?;
    let text = if as_json { told.document().to_string() + "\n" } else { told.summary()? };
    Ok((told.code(), text))
}

/// Runs searches on all threads until they are over, the user stops them or time is up.
fn drive(ladder: &mut Ladder, scene: &Scene, host: &dyn Host) -> Result<(), Bad> {
    let mut told = host.clock_ms();
    host.hint(scene.title);
    let mut again = || {
        let now = host.clock_ms();
        if now >= told + 2_000 {
            told = now;
            host.hint("...");
        }
        !host.cancelled()
    };
    let clock_ms = || host.clock_ms();
    let threads = host.threads();
    let mut drive = Drive { clock_ms: &clock_ms, threads, again: &mut again };
    if !ladder.slice(&mut drive)? {
        ladder.settle();
    }
    Ok(())
}

/// A finding that has been replayed.
pub(super) struct Proof {
    pub(super) found: Found,
    /// The run, at the end of the finding.
    pub(super) link: Link,
}

impl Proof {
    /// Replays a violation, which must break the property again, and makes it smaller if it can be.
    fn of(scene: &Scene, setup: &Setup, found: Found, host: &dyn Host) -> Result<Proof, Bad> {
        let mut shrinker =
            Shrinker::new(scene.build, setup, &found.journal, found.property, MAX_STEP)
                .ok_or_else(|| {
                    format!("the search broke {}, but its journal does not", found.property)
                })?;
        let end = host.clock_ms().saturating_add(SHRINK_MS);
        shrinker.slice(&mut || host.clock_ms() < end && !host.cancelled());
        let Violating { setup, journal, step, at, .. } = shrinker.best().clone();
        let found = Found { journal: journal.clone(), ..found };
        let link = Link { cursor: step, time: at, ..Link::new(setup, journal) };
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

/// One search and what it found.
struct Checked<'a> {
    searched: &'a Searched,
    proofs: Vec<Proof>,
}

impl Checked<'_> {
    fn figures(&self) -> Value {
        let Searched { limits: l, elapsed_ms, .. } = self.searched;
        let QuestTally { distinct, generated, depth, complete, outcome, .. } = self.searched.tally;
        json!({
            "limits": {
                "timers": l.timers, "ops": l.ops, "drop": l.drops, "dup": l.dups,
                "crash": l.crashes, "partition": l.partitions, "lie": l.lies,
            },
            "distinct": distinct,
            "generated": generated,
            "depth": depth,
            "complete": complete,
            "outcome": outcome,
            "elapsed_ms": elapsed_ms,
            "states_per_second": self.searched.rate(),
            "bytes_per_state": self.searched.bytes_per_state(),
        })
    }
}

/// All searches of one command.
struct CheckReport<'a> {
    scene: &'static Scene,
    setup: Setup,
    searches: Vec<Checked<'a>>,
    aim: SearchAim,
}

impl<'a> CheckReport<'a> {
    fn of(
        scene: &'static Scene,
        setup: Setup,
        done: &'a [Searched],
        aim: SearchAim,
        host: &dyn Host,
    ) -> Result<Self, Bad> {
        let one = |searched: &'a Searched| {
            let found = searched.found.iter().cloned();
            let proofs =
                found.map(|f| Proof::of(scene, &setup, f, host)).collect::<Result<_, _>>()?;
            Ok(Checked { searched, proofs })
        };
        let searches = done.iter().map(one).collect::<Result<_, Bad>>()?;
        Ok(CheckReport { scene, setup, searches, aim })
    }

    /// The search to speak of.
    fn main(&self) -> Option<&Checked<'a>> {
        let main = main_of(self.searches.iter().map(|c| c.searched))?;
        self.searches.iter().find(|c| std::ptr::eq(c.searched, main))
    }

    fn code(&self) -> u8 {
        match self.main() {
            Some(c) if !c.proofs.is_empty() => VIOLATED,
            Some(c) if c.searched.tally.complete => HOLDS,
            _ => UNKNOWN,
        }
    }

    fn sentence(&self) -> String {
        let searches: Vec<&Searched> = self.searches.iter().map(|c| c.searched).collect();
        sentence(self.scene, &self.setup, &searches, self.aim.bounds.memory_bytes)
    }

    /// What was left out because it cannot matter: its name and what it means.
    fn reductions(&self) -> Vec<(&'static str, &'static str)> {
        let idle = ("idle", "deliveries that change nothing are left out");
        let restart = ("restart", "a crash is followed by its restart");
        let symmetry =
            ("symmetry", "states that differ in the names of servers only are counted once");
        let plain = self.aim.reduced.then_some([idle, restart]).into_iter().flatten();
        plain.chain((self.aim.symmetry == Symmetry::On).then_some(symmetry)).collect()
    }

    fn document(&self) -> Value {
        let Some(main) = self.main() else { return Value::Null };
        let mut all = main.figures();
        all["scene"] = self.scene.id.into();
        all["setup"] = json!(self.setup);
        all["coverage"] =
            main.searched.coverage.iter().map(|(rule, n)| (rule.to_string(), json!(n))).collect();
        all["searched"] = self.sentence().into();
        all["reductions"] = self.reductions().iter().map(|r| r.0).collect();
        all["searches"] = self.searches.iter().map(Checked::figures).collect();
        all["violations"] = main.proofs.iter().map(Proof::document).collect();
        all
    }

    fn summary(&self) -> Result<String, Bad> {
        let mut out = self.sentence() + ".\n";
        let told: Vec<&str> = self.reductions().iter().map(|r| r.1).collect();
        let _ = match told.is_empty() {
            true => writeln!(out, "Nothing was reduced: every interleaving was taken."),
            false => writeln!(out, "Reduced: {}.", told.join("; ")),
        };
        for c in &self.searches {
            let QuestTally { distinct, generated, depth, outcome, .. } = c.searched.tally;
            let _ = writeln!(
                out,
                "{distinct:>9} distinct {generated:>10} generated  depth {depth:>3}  {outcome:<9} {:>6} ms {:>7} states/s {:>4} bytes/state  {}",
                c.searched.elapsed_ms,
                c.searched.rate(),
                c.searched.bytes_per_state(),
                limits_text(&c.searched.limits)
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

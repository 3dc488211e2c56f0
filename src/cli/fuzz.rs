//! `hb fuzz`: seeded fault schedules, shrunk to what matters.

use super::limit::Scales;
use super::play::take_setup;
use super::{Answer, Args, Bad, HOLDS, Host, UNKNOWN, VIOLATED};
use crate::check::fuzz::{DEFAULT_STEPS, FuzzOutcome, FuzzRun, FuzzTarget, read_faults};
use crate::check::shrink::{Shrinker, Violating};
use crate::core::quote::{quoted, shown};
use crate::core::sorted::SortedMap;
use crate::protocols::scene;
use crate::share::link::{Link, MAX_STEP};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Seeds tried unless told otherwise.
const DEFAULT_SEEDS: Range<u64> = 0..200;
/// Moves of a run between two looks at whether to stop.
const SLICE: u64 = 256;
/// Time for shrinking one violation, and beyond a budget for all, in milliseconds.
const SHRINK_MS: u64 = 2_000;
/// Looks at the clock while one violation is shrunk.
const SHRINK_LOOKS: u32 = 3_000;
/// Most seeds listed.
const LISTED: usize = 100;

/// `hb fuzz SCENE --seeds A..B [--faults lie,crash,...] [--mutant M] [--steps N] [--set k=v ...]
/// [--budget-ms N] [--json]`.
pub fn fuzz(args: &mut Args, host: &dyn Host) -> Answer {
    let as_json = args.flag("--json");
    let seeds = match args.value("--seeds")? {
        Some(text) => range(&text)?,
        None => DEFAULT_SEEDS,
    };
    let steps = args.number("--steps")?.unwrap_or(DEFAULT_STEPS);
    if steps > MAX_STEP {
        return Err(format!("--steps takes at most {MAX_STEP}").into());
    }
    let budget = args.number("--budget-ms")?;
    let faults = args.value("--faults")?.map(|text| read_faults(&text)).transpose()?;
    let base = take_setup(args)?;
    args.done()?;
    let target = FuzzTarget::with(scene(&base.scene)?, base, steps, faults.unwrap_or_default())?;
    let knobs: Vec<String> = target.base.knobs.iter().map(|(k, v)| format!(" {k}={v}")).collect();
    let mutants: Vec<String> = target.base.mutants.iter().map(|m| format!(" {m}")).collect();
    host.hint(&format!(
        "fuzz {}{}{}, seeds {}..{}, {steps} steps each",
        target.base.scene,
        mutants.concat(),
        knobs.concat(),
        seeds.start,
        seeds.end
    ));
    let deadline = budget.map(|ms| host.clock_ms().saturating_add(ms));
    let report = FuzzReport::of(&target, seeds, deadline, host)?;
    let text = if as_json { report.document().to_string() + "\n" } else { report.summary() };
    Ok((report.code(), text))
}

/// Reads `A..B`, which excludes B.
pub fn range(text: &str) -> Result<Range<u64>, Bad> {
    let parts = text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    match parts {
        Some((a, b)) if a < b => Ok(a..b),
        Some(_) => Err(format!("the range {} is empty", shown(text)).into()),
        None => Err(format!("a range looks like 0..500, not {}", quoted(text)).into()),
    }
}

/// What has been found so far; the same in whatever order the seeds came.
#[derive(Default)]
struct FuzzTally {
    runs: u64,
    steps: u64,
    lies: u64,
    violating: Vec<u64>,
    unconverged: Vec<u64>,
    rules: SortedMap<&'static str, u64>,
    /// For each property the run that broke it after the fewest faults: their number, the step, the
    /// seed.
    best: SortedMap<&'static str, ((usize, u64, u64), FuzzOutcome)>,
    /// Why a run could not be made.
    failed: Option<String>,
    /// A run that broke something was stopped before its end.
    cut: bool,
}

impl FuzzTally {
    fn add(&mut self, seed: u64, outcome: FuzzOutcome) {
        self.runs += 1;
        self.steps += outcome.steps;
        self.lies += outcome.lies;
        for (rule, count) in &outcome.rules {
            *self.rules.entry(rule).or_default() += count;
        }
        if outcome.converged == Some(false) {
            self.unconverged.push(seed);
        }
        if !outcome.broken.is_empty() {
            self.violating.push(seed);
        }
        for b in &outcome.broken {
            let here = (b.faults, b.step, seed);
            if self.best.get(b.property).is_none_or(|(best, _)| here < *best) {
                self.best.insert(b.property, (here, outcome.clone()));
            }
        }
    }
}

/// The answer.
struct FuzzReport {
    tally: FuzzTally,
    complete: bool,
    /// One a property, shrunk.
    violations: Vec<(u64, &'static str, Violating)>,
    elapsed_ms: u64,
}

impl FuzzReport {
    fn of(
        target: &Arc<FuzzTarget>,
        seeds: Range<u64>,
        deadline: Option<u64>,
        host: &dyn Host,
    ) -> Result<FuzzReport, Bad> {
        let start = host.clock_ms();
        let total = seeds.end - seeds.start;
        let mut tally = run_all(target, seeds, deadline, host);
        if let Some(why) = tally.failed {
            return Err(why.into());
        }
        tally.violating.sort_unstable();
        tally.unconverged.sort_unstable();
        let violations = smallest(target, &tally, deadline, host);
        let elapsed_ms = host.clock_ms().saturating_sub(start);
        let complete = tally.runs == total && !tally.cut;
        Ok(FuzzReport { complete, tally, violations, elapsed_ms })
    }

    fn code(&self) -> u8 {
        match (self.tally.violating.is_empty(), self.complete && self.tally.unconverged.is_empty())
        {
            (false, _) => VIOLATED,
            (true, false) => UNKNOWN,
            (true, true) => HOLDS,
        }
    }

    fn document(&self) -> Value {
        let violations = self.violations.iter().map(|(seed, property, v)| {
            json!({
                "seed": seed,
                "property": property,
                "length": v.journal.len(),
                "actions": v.journal,
                "setup": v.setup,
                "step": v.step,
                "at_us": v.at,
                "url": link(v).fragment(),
            })
        });
        json!({
            "runs": self.tally.runs,
            "steps": self.tally.steps,
            "lies": self.tally.lies,
            "violations": Value::from_iter(violations),
            "violating": self.tally.violating.len(),
            "violating_seeds": self.tally.violating.iter().take(LISTED).collect::<Vec<_>>(),
            "unconverged": self.tally.unconverged,
            "rules": self.tally.rules,
            "complete": self.complete,
            "elapsed_ms": self.elapsed_ms,
        })
    }

    fn summary(&self) -> String {
        let mut out = format!(
            "{} runs, {} steps, {} ms{}\n",
            self.tally.runs,
            self.tally.steps,
            self.elapsed_ms,
            if self.complete { "" } else { " (stopped early)" }
        );
        for (seed, property, v) in &self.violations {
            out.push_str(&format!(
                "{property} is broken with seed {seed}: {} interventions, step {}\n  {}\n",
                v.journal.len(),
                v.step,
                link(v).fragment()
            ));
        }
        out.push_str(&format!("{} runs violate a property\n", self.tally.violating.len()));
        if self.tally.lies > 0 {
            out.push_str(&format!("{} messages were lies\n", self.tally.lies));
        }
        if !self.tally.unconverged.is_empty() {
            out.push_str(&format!("not recovered: seeds {:?}\n", self.tally.unconverged));
        }
        for (rule, count) in &self.tally.rules {
            out.push_str(&format!("  {count:>9} {rule}\n"));
        }
        out
    }
}

/// The violating run, at its violation.
fn link(v: &Violating) -> Link {
    Link { cursor: v.step, time: v.at, ..Link::new(v.setup.clone(), v.journal.clone()) }
}

/// Shrinks what the tally kept.
fn smallest(
    target: &FuzzTarget,
    tally: &FuzzTally,
    deadline: Option<u64>,
    host: &dyn Host,
) -> Vec<(u64, &'static str, Violating)> {
    let last = deadline.map(|end| end.max(host.clock_ms()).saturating_add(SHRINK_MS));
    let one =
        |(property, ((_, step, seed), run)): (&&'static str, &((usize, u64, u64), FuzzOutcome))| {
            let end = host.clock_ms().saturating_add(SHRINK_MS);
            let end = last.map_or(end, |last| last.min(end));
            let in_time = || host.clock_ms() < end && !host.cancelled();
            let build = target.scene.build;
            let mut shrinker = Shrinker::begin(build, &run.setup, &run.journal, property, *step)?;
            shrinker.make_sure_while(&mut || in_time());
            let mut looks = 0;
            shrinker.slice(&mut || {
                looks += 1;
                looks < SHRINK_LOOKS && in_time()
            });
            (!shrinker.failed()).then(|| (*seed, *property, shrinker.best().clone()))
        };
    tally.best.iter().filter_map(one).collect()
}

/// Runs seeds on all threads; what there is when time is up.
fn run_all(
    target: &Arc<FuzzTarget>,
    seeds: Range<u64>,
    deadline: Option<u64>,
    host: &dyn Host,
) -> FuzzTally {
    let tally = Mutex::new(FuzzTally::default());
    let (next, total) = (AtomicU64::new(0), seeds.end - seeds.start);
    let scales = RefCell::new(Scales::new(host));
    let stop = || {
        host.cancelled()
            || deadline.is_some_and(|end| host.clock_ms() >= end)
            || scales.borrow_mut().over(host)
    };
    let work = |seed: u64, stopped: &dyn Fn() -> bool| {
        let outcome = FuzzRun::new(target.clone(), seed).map(|mut run| {
            let mut cut = false;
            while !cut && !run.slice(SLICE) {
                cut = stopped();
            }
            // Of a run that was cut short only what it has broken is an outcome.
            (!cut || !run.broken().is_empty()).then(|| (run.outcome(), cut))
        });
        let Ok(mut tally) = tally.lock() else { return };
        match outcome {
            Ok(Some((outcome, cut))) => {
                tally.add(seed, outcome);
                tally.cut |= cut;
            }
            Ok(None) => {}
            Err(why) => tally.failed = Some(why),
        }
    };
    let worker = |stopped: &dyn Fn() -> bool| {
        while !stopped() {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            if nth >= total {
                return;
            }
            work(seeds.start + nth, stopped);
        }
    };
    drive(host.threads(), &worker, &stop);
    tally.into_inner().unwrap_or_default()
}

/// The calling thread is one of the workers and the only one that asks the host.
#[cfg(not(target_arch = "wasm32"))]
fn drive(threads: usize, worker: &(dyn Fn(&dyn Fn() -> bool) + Sync), stop: &dyn Fn() -> bool) {
    use std::sync::atomic::AtomicBool;
    let stopped = AtomicBool::new(false);
    let ask = || {
        let now = stop();
        stopped.fetch_or(now, Ordering::Relaxed);
        now
    };
    std::thread::scope(|s| {
        let spawn = |_| s.spawn(|| worker(&|| stopped.load(Ordering::Relaxed)));
        let others: Vec<_> = (1..threads.max(1)).map(spawn).collect();
        worker(&ask);
        // The others may be at it for long.
        while others.iter().any(|o| !o.is_finished()) {
            ask();
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    });
}

#[cfg(target_arch = "wasm32")]
fn drive(_threads: usize, worker: &dyn Fn(&dyn Fn() -> bool), stop: &dyn Fn() -> bool) {
    worker(stop);
}

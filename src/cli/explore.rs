//! `hb explore MODEL`: every state of a specification-level model.

use super::{Answer, Args, HOLDS, Host, UNKNOWN, VIOLATED};
use crate::check::explore::{
    Bounds, Lasso, Liveness, Options, Quantifier, Report, Search, SearchOutcome, StateMachine,
    lasso,
};
use crate::models::catalog::{ModelChoice, ModelEntry, Visit};
use serde_json::{Value, json};
use std::fmt::Write;

/// Without `--max-states`; the memory bound comes first for most models.
const MAX_STATES: u64 = 100_000_000;
const MEMORY_BYTES: u64 = 1 << 31;

/// Answers the command line.
pub(super) fn run(args: &mut Args, host: &dyn Host) -> Answer {
    let json = args.flag("--json");
    let symmetry = match args.flag("--symmetry") {
        true => Some(String::new()),
        false => args.value("--symmetry")?,
    };
    let reduction = args.flag("--por");
    let mutant = args.value("--mutant")?;
    let memory_mb = args.number("--memory-mb")?;
    let max_states = args.number("--max-states")?.unwrap_or(MAX_STATES);
    let budget_ms = args.number("--budget-ms")?;
    if args.number("--seed")?.is_some() {
        host.hint("every state is visited, in a fixed order: the seed changes nothing");
    }
    let settings = args.settings()?;
    let Some(id) = args.positional() else {
        return Err(format!("MODEL is missing; the models are {}", ModelEntry::all()).into());
    };
    args.done()?;
    let entry = ModelEntry::find(&id)?;
    let choice = entry.choose(&settings, mutant.as_deref(), symmetry.as_deref())?;
    let choice = if reduction { choice.reduced()? } else { choice };
    let start_ms = host.clock_ms();
    let deadline_ms = budget_ms.map(|ms| start_ms.saturating_add(ms));
    let memory_bytes = memory_mb.map_or(MEMORY_BYTES, |mb| mb.saturating_mul(1 << 20));
    let bounds = Bounds { max_states, memory_bytes, ..Bounds::default() };
    let symmetry = choice.symmetry.is_some();
    let options = Options { symmetry, reduction, ..Options::default() };
    let told = choice.visit(Explore { host, bounds, options, deadline_ms });
    let elapsed_ms = host.clock_ms().saturating_sub(start_ms);
    let out = if json {
        told.json(&choice, elapsed_ms).to_string() + "\n"
    } else {
        told.text(&choice, elapsed_ms)
    };
    Ok((told.code(), out))
}

/// The claim and what came out.
struct ModelVerdict {
    name: &'static str,
    cite: &'static str,
    kind: Quantifier,
    verdict: &'static str,
    /// A counter-example or a witness.
    path: Option<Path>,
}

struct Path {
    actions: Vec<String>,
    /// Repeated for ever after the actions; for liveness only.
    cycle: Option<Vec<String>>,
}

/// A report without the model's types.
struct ModelReport {
    report: Report<(), ()>,
    verdicts: Vec<ModelVerdict>,
}

struct Explore<'a> {
    host: &'a dyn Host,
    bounds: Bounds,
    options: Options,
    deadline_ms: Option<u64>,
}

impl Explore<'_> {
    fn should_stop(&self) -> bool {
        self.host.cancelled() || self.deadline_ms.is_some_and(|d| self.host.clock_ms() >= d)
    }
}

impl Visit for Explore<'_> {
    type Out = ModelReport;

    fn visit<M>(self, model: M) -> ModelReport
    where
        M: StateMachine + Sync,
        M::State: Send + Sync,
        M::Action: Send + Sync,
    {
        let mut search = Search::with(model, self.bounds, self.options);
        #[cfg(not(target_arch = "wasm32"))]
        search.run_threads(self.host.threads(), &mut || self.should_stop());
        #[cfg(target_arch = "wasm32")]
        search.run_until(&mut || self.should_stop());
        let report = search.report();
        let model = search.model();
        let mut verdicts = Vec::new();
        for p in model.properties() {
            let (verdict, path) = match p.kind {
                Quantifier::Eventually => {
                    // A finite counter-example to safety is the better story.
                    let skip = !report.violations.is_empty() || self.should_stop();
                    let answer = match skip {
                        true => Liveness::Unknown,
                        false => lasso(model, &p, self.bounds, &mut || self.should_stop()),
                    };
                    eventually(model, answer)
                }
                // A reduction keeps the verdicts of invariants, no others.
                Quantifier::Sometimes
                    if self.options.reduction && report.unreached.contains(&p.name) =>
                {
                    ("unknown", None)
                }
                _ => settled(&report, p.name, p.kind),
            };
            verdicts.push(ModelVerdict { name: p.name, cite: p.cite, kind: p.kind, verdict, path });
        }
        ModelReport { report: untyped(report), verdicts }
    }
}

fn eventually<M: StateMachine>(
    model: &M,
    answer: Liveness<M::State, M::Action>,
) -> (&'static str, Option<Path>) {
    let labels = |actions: Vec<M::Action>| actions.iter().map(|a| model.label(a)).collect();
    match answer {
        Liveness::Holds => ("holds", None),
        Liveness::Unknown => ("unknown", None),
        Liveness::Violated(Lasso { stem, cycle, .. }) => {
            ("violated", Some(Path { actions: labels(stem), cycle: Some(labels(cycle)) }))
        }
    }
}

fn settled<S, A>(
    report: &Report<S, A>,
    name: &str,
    kind: Quantifier,
) -> (&'static str, Option<Path>) {
    let (found, word) = match kind {
        Quantifier::Always => (&report.violations, "violated"),
        _ => (&report.witnesses, "reached"),
    };
    if let Some(f) = found.iter().find(|f| f.property == name) {
        return (word, Some(Path { actions: f.labels.clone(), cycle: None }));
    }
    let verdict = match (report.outcome, kind) {
        (SearchOutcome::Complete, Quantifier::Always) => "holds",
        (SearchOutcome::Complete, _) => "unreachable",
        _ => "unknown",
    };
    (verdict, None)
}

fn untyped<S, A>(r: Report<S, A>) -> Report<(), ()> {
    Report {
        distinct: r.distinct,
        generated: r.generated,
        depth: r.depth,
        outcome: r.outcome,
        terminal: r.terminal,
        coverage: r.coverage,
        bytes: r.bytes,
        violations: Vec::new(),
        witnesses: Vec::new(),
        unreached: r.unreached,
    }
}

impl ModelReport {
    fn violations(&self) -> impl Iterator<Item = (&ModelVerdict, &Path)> {
        let bad = self.verdicts.iter().filter(|v| v.verdict == "violated");
        bad.filter_map(|v| v.path.as_ref().map(|p| (v, p)))
    }

    fn code(&self) -> u8 {
        let unknown = self.verdicts.iter().any(|v| v.verdict == "unknown");
        match (self.violations().next().is_some(), self.report.outcome) {
            (true, _) => VIOLATED,
            (false, SearchOutcome::Complete) if !unknown => HOLDS,
            _ => UNKNOWN,
        }
    }

    /// Why it ended, for people and programs.
    fn outcome(&self) -> &'static str {
        match self.report.outcome {
            SearchOutcome::Running => "stopped",
            other => other.name(),
        }
    }

    fn json(&self, choice: &ModelChoice, elapsed_ms: u64) -> Value {
        let r = &self.report;
        let names = choice.entry.parameters.iter().map(|p| p.name.to_string());
        let parameters = names.zip(choice.values.iter().map(|v| json!(v)));
        let violations = self.violations().map(|(v, path)| {
            let cycle = path.cycle.as_ref();
            let mut one = json!({
                "property": v.name, "cite": v.cite, "kind": v.kind.name(),
                "length": path.actions.len() + cycle.map_or(0, Vec::len),
                "actions": path.actions,
            });
            if let Some(cycle) = cycle {
                one["cycle"] = json!(cycle);
            }
            one
        });
        let properties = self.verdicts.iter().map(|v| {
            let mut one = json!({
                "id": v.name, "cite": v.cite, "kind": v.kind.name(), "verdict": v.verdict,
            });
            if let (Quantifier::Sometimes, Some(path)) = (v.kind, &v.path) {
                one["witness"] = json!(path.actions);
            }
            one
        });
        let coverage =
            r.coverage.iter().map(|c| json!({"rule": c.rule, "taken": c.taken, "fresh": c.fresh}));
        json!({
            "model": choice.entry.id,
            "parameters": Value::Object(parameters.collect()),
            "mutant": choice.mutant.map(|i| choice.entry.mutants[i].id),
            "symmetry": choice.symmetry,
            "reduction": choice.reduction,
            "distinct": r.distinct,
            "generated": r.generated,
            "depth": r.depth,
            "complete": r.outcome == SearchOutcome::Complete,
            "outcome": self.outcome(),
            "terminal": r.terminal,
            "elapsed_ms": elapsed_ms,
            "states_per_second": r.distinct * 1000 / elapsed_ms.max(1),
            "bytes_per_state": r.bytes / r.distinct.max(1),
            "coverage": coverage.collect::<Vec<_>>(),
            "properties": properties.collect::<Vec<_>>(),
            "violations": violations.collect::<Vec<_>>(),
        })
    }

    fn text(&self, choice: &ModelChoice, elapsed_ms: u64) -> String {
        let r = &self.report;
        let mut out = choice.entry.title.to_string();
        for (p, v) in choice.entry.parameters.iter().zip(&choice.values) {
            let _ = write!(out, ", {}={v}", p.name);
        }
        if let Some(i) = choice.mutant {
            let _ = write!(out, ", mutant {}", choice.entry.mutants[i].id);
        }
        let (distinct, generated, depth) = (r.distinct, r.generated, r.depth);
        let _ = writeln!(
            out,
            "\n{distinct} distinct states, {generated} generated, depth {depth}: {} in {elapsed_ms} ms, {} bytes a state",
            self.outcome(),
            r.bytes / distinct.max(1),
        );
        if let Some(what) = &choice.symmetry {
            let _ = writeln!(
                out,
                "Reduced: states that a renaming turns into each other are counted once (symmetry {what})."
            );
        }
        if choice.reduction {
            let _ = writeln!(
                out,
                "Reduced: where one step's place among the others cannot matter, only that step is taken."
            );
        }
        for c in &r.coverage {
            let _ = writeln!(out, "  {:<18} taken {:>10}  fresh {:>10}", c.rule, c.taken, c.fresh);
        }
        for v in &self.verdicts {
            let _ = writeln!(out, "{} {}: {} ({})", v.kind.name(), v.name, v.verdict, v.cite);
        }
        for (v, path) in self.violations() {
            let _ = writeln!(out, "{} is violated after {} steps:", v.name, path.actions.len());
            for (i, action) in path.actions.iter().enumerate() {
                let _ = writeln!(out, "  {:>3} {action}", i + 1);
            }
            match path.cycle.as_deref() {
                Some([]) => out.push_str("  and nothing need happen any more\n"),
                Some(cycle) => {
                    let _ = writeln!(out, "  and then for ever: {}", cycle.join(", "));
                }
                None => {}
            }
        }
        out
    }
}

//! `hb history`: judges a history of client operations.

use super::{Answer, Args, Bad, HOLDS, Host, UNKNOWN, VIOLATED};
use crate::check::history::model::Kind;
use crate::check::history::{Budget, Model, Value, Verdict, linearizable};
use crate::share::import::history::{Format, Reading, read};
use crate::share::import::notation::edn_part;
use serde_json::json;

/// Milliseconds a judge may think unless `--budget-ms` says otherwise.
const BUDGET_MS: u64 = 60_000;

/// Runs the command.
pub fn run(args: &mut Args, host: &dyn Host) -> Answer {
    let model = args.value("--model")?;
    let format = args.value("--format")?;
    let init = args.value("--init")?;
    let level = args.value("--level")?;
    let cas_fail = args.value("--cas-fail")?;
    let budget_ms = args.number("--budget-ms")?.unwrap_or(BUDGET_MS);
    args.flag("--json");
    let file = args.need("FILE")?;
    args.done()?;

    let bytes = if file == "-" { host.stdin().map(String::into_bytes) } else { host.read(&file) };
    let bytes = bytes?;
    let format = format_of(format.as_deref(), &file)?;
    let kind = kind_of(model.as_deref(), format)?;
    let mut reading = Reading::usual(kind, format);
    match cas_fail.as_deref() {
        None => {}
        Some("completed") => reading.failed_cas_completed = true,
        Some("dropped") => reading.failed_cas_completed = false,
        Some(other) => {
            return Err(format!("--cas-fail takes completed or dropped, not '{other}'").into());
        }
    }
    let model = model_of(kind, format, init.as_deref())?;
    let history = read(&bytes, format, &reading).map_err(|f| Bad(format!("{file}: {f}")))?;

    let start = host.clock_ms();
    let stop = || host.cancelled() || host.clock_ms().saturating_sub(start) >= budget_ms;
    let mut budget = Budget { steps: u64::MAX, should_stop: &stop };
    let verdict = match level.as_deref().unwrap_or("linearizable") {
        "linearizable" => linearizable::judge(&model, &history, &mut budget),
        other => return Err(format!("--level does not know '{other}'").into()),
    };
    Ok(document(&verdict, host.clock_ms().saturating_sub(start)))
}

fn format_of(name: Option<&str>, file: &str) -> Result<Format, Bad> {
    let name = name.unwrap_or(match file.rsplit('.').next() {
        Some("log") => "jepsen-log",
        Some("edn") => "edn",
        Some("txt") => "kv",
        _ => "json",
    });
    Format::parse(name).ok_or_else(|| {
        let known: Vec<&str> = Format::ALL.iter().map(|f| f.0).collect();
        Bad(format!("--format takes one of {}, not '{name}'", known.join(", ")))
    })
}

fn kind_of(name: Option<&str>, format: Format) -> Result<Kind, Bad> {
    let usual = if format == Format::Kv { "kv" } else { "cas-register" };
    let name = name.unwrap_or(usual);
    Kind::parse(name).ok_or_else(|| {
        let known: Vec<&str> = Kind::ALL.iter().map(|k| k.0).collect();
        Bad(format!("--model takes one of {}, txn, list-append, not '{name}'", known.join(", ")))
    })
}

fn model_of(kind: Kind, format: Format, init: Option<&str>) -> Result<Model, Bad> {
    let mut model = Model::new(kind);
    if format == Format::Edn && kind != Kind::Kv {
        model.init = Value::Int(0);
    }
    if let Some(init) = init {
        let node = edn_part(init, 1, 1).map_err(|f| Bad(format!("--init {init}: {}", f.what)));
        model.init =
            if kind == Kind::Kv && init.is_empty() { Value::text("") } else { node?.value() };
    }
    Ok(model)
}

fn document(verdict: &Verdict, elapsed_ms: u64) -> (u8, String) {
    let (code, doc) = match verdict {
        Verdict::Ok(legal) => {
            let mut doc = json!({
                "verdict": "ok", "order": legal.order, "core": [], "anomalies": [],
                "elapsed_ms": elapsed_ms,
            });
            if !legal.views.is_empty() {
                doc["views"] = legal
                    .views
                    .iter()
                    .map(|(process, order)| json!({"process": process, "order": order}))
                    .collect();
            }
            (HOLDS, doc)
        }
        Verdict::Illegal(why) => {
            let doc = json!({
                "verdict": "illegal", "order": [], "core": why.core, "anomalies": why.anomalies,
                "cause": why.cause, "minimal": why.minimal, "because": why.because,
                "elapsed_ms": elapsed_ms,
            });
            (VIOLATED, doc)
        }
        Verdict::Unknown(why) => {
            let doc = json!({
                "verdict": "unknown", "order": [], "core": [], "anomalies": [], "because": why,
                "elapsed_ms": elapsed_ms,
            });
            (UNKNOWN, doc)
        }
    };
    (code, format!("{doc}\n"))
}

//! `hb history`: judges a history of client operations.

use super::{Answer, Args, Bad, HOLDS, Host, UNKNOWN, VIOLATED};
use crate::check::history::model::ObjectKind;
use crate::check::history::txn::register::TxnLevel;
use crate::check::history::txn::{append, names};
use crate::check::history::{
    Budget, History, HistoryOp, HistoryVerdict, ObjectModel, OpOutcome, OpValue, lattice,
};
use crate::share::import::history::{Format, ReadingRules, read};
use crate::share::import::notation::edn_part;
use crate::share::import::txn::Transactions;
use crate::share::import::{self, InputFault};
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
    let with_ops = args.flag("--ops");
    let file = args.need("FILE")?;
    args.done()?;

    let bytes = if file == "-" { host.stdin().map(String::into_bytes) } else { host.read(&file) };
    let bytes = bytes?;
    let format = match format.as_deref() {
        Some(name) => format_of(name)?,
        None => Format::of(&file, &String::from_utf8_lossy(&bytes[..bytes.len().min(16_000)])),
    };
    let start = host.clock_ms();
    let stop = || host.cancelled() || host.clock_ms().saturating_sub(start) >= budget_ms;
    let mut budget = Budget { steps: u64::MAX, should_stop: &stop };
    let elapsed = || host.clock_ms().saturating_sub(start);
    let at = |f: InputFault| Bad(format!("{file}: {f}"));

    if let Some(lists) = transactional(model.as_deref()) {
        let read = import::txn::read(&bytes, format != Format::Json, lists).map_err(at)?;
        let (txns, sessions) = (&read.txns, read.sessions);
        return match level.as_deref() {
            Some("lattice") if lists => Ok(all_levels(lattice::lists(txns, sessions, &mut budget))),
            Some("lattice") => Ok(all_levels(lattice::transactional(txns, sessions, &mut budget))),
            level if lists => {
                let (verdict, not) = judge_lists(&read, level, &mut budget)?;
                Ok(document(&verdict, not, elapsed()))
            }
            level => {
                let level = txn_level(level.unwrap_or("linearizable"))?;
                let verdict = lattice::of_registers(txns, level, sessions, &mut budget);
                Ok(document(&verdict, Vec::new(), elapsed()))
            }
        };
    }

    let kind = kind_of(model.as_deref(), format)?;
    let mut reading = ReadingRules::usual(kind, format);
    match cas_fail.as_deref() {
        None => {}
        Some("completed") => reading.failed_cas_completed = true,
        Some("dropped") => reading.failed_cas_completed = false,
        Some(other) => {
            return Err(format!("--cas-fail takes completed or dropped, not '{other}'").into());
        }
    }
    let model = model_of(kind, format, init.as_deref())?;
    let history = read(&bytes, format, &reading).map_err(at)?;
    let ops = with_ops.then_some(&history);
    let level = level.as_deref().unwrap_or("linearizable");
    if level == "lattice" {
        return told(all_levels(lattice::single(&model, &history, &mut budget)), ops);
    }
    if !lattice::LEVELS.contains(&level) {
        let known = lattice::LEVELS.join(", ");
        return Err(format!("--level takes one of {known} with this model, not '{level}'").into());
    }
    match lattice::judge(&model, &history, level, &mut budget) {
        Some(verdict) => told(document(&verdict, Vec::new(), elapsed()), ops),
        None => Err(format!(
            "--level {level} needs operations that read, write, get, put or cas; this history has \
             others"
        )
        .into()),
    }
}

/// Whether the model is one of transactions, and whether their reads answer lists.
fn transactional(model: Option<&str>) -> Option<bool> {
    match model {
        Some("txn") => Some(false),
        Some("list-append") => Some(true),
        _ => None,
    }
}

fn txn_level(name: &str) -> Result<TxnLevel, Bad> {
    let name = match name {
        "linearizable" => "strict-serializable",
        "sequential" => "strong-session-serializable",
        "snapshot-isolation" => "si",
        "strong-session-snapshot-isolation" => "strong-session-si",
        "causal+" => "causal",
        other => other,
    };
    TxnLevel::parse(name).ok_or_else(|| {
        let known: Vec<&str> = TxnLevel::ALL.iter().map(|l| l.0).collect();
        Bad(format!("--level takes one of {} with transactions, not '{name}'", known.join(", ")))
    })
}

/// List-append by the level that is asked for, or by what the file asks about itself.
fn judge_lists(
    read: &Transactions,
    level: Option<&str>,
    budget: &mut Budget,
) -> Result<(HistoryVerdict, Vec<&'static str>), Bad> {
    let bad =
        |name: &str| Bad(format!("'{name}' is neither a level nor an anomaly of list-append"));
    if let (None, false) = (level, read.check.is_empty()) {
        let mut known = Vec::new();
        for name in &read.check {
            let found = names::level(name).or_else(|| names::anomaly(name));
            known.push(found.ok_or_else(|| bad(name))?);
        }
        return Ok(append::judge(&read.txns, &known, budget));
    }
    let level = level.unwrap_or("strict-serializable");
    append::at_level(&read.txns, level, read.sessions, budget).ok_or_else(|| bad(level))
}

/// The answer, with what was read if that was asked for: `[process, label, invoke, return,
/// outcome]`, where the call and the answer are places in the history.
fn told((code, text): (u8, String), history: Option<&History>) -> Answer {
    let (Some(history), Ok(mut doc)) = (history, serde_json::from_str::<serde_json::Value>(&text))
    else {
        return Ok((code, text));
    };
    let op = |op: &HistoryOp| {
        let outcome = match op.outcome {
            OpOutcome::Ok(_) => "ok",
            OpOutcome::Fail => "fail",
            OpOutcome::Open => "open",
            OpOutcome::Unknown => "info",
        };
        json!([op.process, op.to_string(), op.invoke, op.ret, outcome])
    };
    doc["ops"] = history.ops.iter().map(op).collect();
    Ok((code, format!("{doc}\n")))
}

fn all_levels(levels: Vec<(&'static str, HistoryVerdict)>) -> (u8, String) {
    let map = |each: &dyn Fn(&HistoryVerdict) -> Option<serde_json::Value>| {
        let pairs = levels.iter().filter_map(|(l, v)| Some((l.to_string(), each(v)?)));
        serde_json::Value::Object(pairs.collect())
    };
    let illegal = |v: &HistoryVerdict| match v {
        HistoryVerdict::Illegal(why) => Some(why.clone()),
        _ => None,
    };
    let order = levels.iter().find_map(|(l, v)| match v {
        HistoryVerdict::Ok(legal) if ["linearizable", "strict-serializable"].contains(l) => {
            Some(legal.order.clone())
        }
        _ => None,
    });
    let doc = json!({
        "levels": map(&|v| Some(v.name().into())),
        "because": map(&|v| Some(illegal(v)?.because.into())),
        "core": map(&|v| Some(illegal(v)?.core.into())),
        // Of the first level, if it is reached.
        "order": order,
    });
    let unknown = levels.iter().any(|(_, v)| matches!(v, HistoryVerdict::Unknown(_)));
    (if unknown { UNKNOWN } else { HOLDS }, format!("{doc}\n"))
}

fn format_of(name: &str) -> Result<Format, Bad> {
    Format::parse(name).ok_or_else(|| {
        let known: Vec<&str> = Format::ALL.iter().map(|f| f.0).collect();
        Bad(format!("--format takes one of {}, not '{name}'", known.join(", ")))
    })
}

fn kind_of(name: Option<&str>, format: Format) -> Result<ObjectKind, Bad> {
    let usual = if format == Format::Kv { "kv" } else { "cas-register" };
    let name = name.unwrap_or(usual);
    ObjectKind::parse(name).ok_or_else(|| {
        let known: Vec<&str> = ObjectKind::ALL.iter().map(|k| k.0).collect();
        Bad(format!("--model takes one of {}, txn, list-append, not '{name}'", known.join(", ")))
    })
}

fn model_of(kind: ObjectKind, format: Format, init: Option<&str>) -> Result<ObjectModel, Bad> {
    let mut model = ObjectModel::new(kind);
    if format == Format::Edn && kind != ObjectKind::Kv {
        model.init = OpValue::Int(0);
    }
    if let Some(init) = init {
        let node = edn_part(init, 1, 1).map_err(|f| Bad(format!("--init {init}: {}", f.what)));
        model.init = if kind == ObjectKind::Kv && init.is_empty() {
            OpValue::text("")
        } else {
            node?.value()
        };
    }
    Ok(model)
}

fn document(verdict: &HistoryVerdict, not: Vec<&str>, elapsed_ms: u64) -> (u8, String) {
    let (code, mut doc) = match verdict {
        HistoryVerdict::Ok(legal) => {
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
        HistoryVerdict::Illegal(why) => {
            let doc = json!({
                "verdict": "illegal", "order": [], "core": why.core, "anomalies": why.anomalies,
                "cause": why.cause, "minimal": why.minimal, "because": why.because,
                "elapsed_ms": elapsed_ms,
            });
            (VIOLATED, doc)
        }
        HistoryVerdict::Unknown(why) => {
            let because = &why.because;
            let empty = because == append::EMPTY;
            let anomalies: Vec<&str> = if empty { vec![because] } else { vec![] };
            let doc = json!({
                "verdict": "unknown", "order": why.order, "core": [], "anomalies": anomalies,
                "because": because, "elapsed_ms": elapsed_ms,
            });
            (UNKNOWN, doc)
        }
    };
    if !not.is_empty() {
        doc["not"] = not.into();
    }
    (code, format!("{doc}\n"))
}

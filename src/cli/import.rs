//! `hb import`: executions that others recorded.

use super::limit::{Stop, Timed};
use super::{Answer, Args, Bad, HOLDS, Host, UNKNOWN, VIOLATED};
use crate::core::quote::{quoted, shown};
use crate::share::import::execution::{Execution, ImportError, RecordedEvent};
use crate::share::import::reading::LogReading;
use crate::share::import::shiviz::{self, Doubt};
use serde::{Serialize, Serializer};
use serde_json::json;
#[cfg(not(target_arch = "wasm32"))]
use std::sync::atomic::{AtomicBool, Ordering};

/// Prints `{"executions": [...]}`, or for a file that tells of the impossible, with exit code 1,
/// `{"inconsistent": {"file", "line", "reason"}}`. `--budget-ms N` stops it with the executions that
/// were read whole.
pub fn import(args: &mut Args, host: &dyn Host) -> Answer {
    let host = &Timed::take(args, host)?;
    let kind = args.need("what to import, shiviz or etcd-trace,")?;
    let parser = args.value("--parser")?;
    let delimiter = args.value("--delimiter")?;
    let file = args.need("the file to import")?;
    args.flag("--json");
    args.done()?;
    if !matches!(kind.as_str(), "shiviz" | "etcd-trace") {
        return Err(
            format!("there is no import of {}, only shiviz and etcd-trace", quoted(&kind)).into()
        );
    }
    if kind != "shiviz" && (parser.is_some() || delimiter.is_some()) {
        return Err("--parser and --delimiter are for shiviz logs".into());
    }
    let bytes = if file == "-" { host.stdin()?.into_bytes() } else { host.read(&file)? };
    let file = shown(&file);
    let text = utf8(&file, &bytes)?.to_string();
    drop(bytes);
    let begin = move || match kind.as_str() {
        "shiviz" => {
            let parser = parser.as_deref().unwrap_or(shiviz::DEFAULT_PARSER);
            LogReading::shiviz(text, parser, delimiter.as_deref())
        }
        _ => LogReading::etcd(text),
    };
    let (read, stop) = read_aside(begin, host)?;
    let reading = match read {
        Some(Ok(reading)) => reading,
        Some(Err(ImportError::Impossible(at))) => {
            let found = json!({"file": file, "line": at.line, "reason": at.reason});
            return Ok((VIOLATED, json!({ "inconsistent": found }).to_string() + "\n"));
        }
        Some(Err(ImportError::Format { line, column, expected })) => {
            return Err(format!("{file}:{line}:{column}: expected {expected}").into());
        }
        Some(Err(ImportError::Options(text))) => return Err(format!("{file}: {text}").into()),
        None => {
            let why = stop.unwrap_or(Stop::Asked).words();
            args.note(format!("{file}: stopped {why}; the parser may be to blame"));
            return Ok((UNKNOWN, "{\"executions\":[],\"complete\":false}\n".into()));
        }
    };
    if let Some(stop) = stop {
        args.note(format!("{file}: stopped {}", stop.words()));
    } else if let Some(doubt) = reading.news().doubt.sentence() {
        args.note(format!("{file}: {doubt}; does the parser fit?"));
    }
    let complete = stop.is_none();
    let document = ExecutionsDocument {
        executions: reading.executions(),
        complete,
        unread: reading.news().doubt,
    };
    let document = serde_json::to_string(&document).map_err(|e| format!("{file}: {e}"))?;
    Ok((if complete { HOLDS } else { UNKNOWN }, document + "\n"))
}

type Read = (Option<Result<LogReading, ImportError>>, Option<Stop>);

/// Reads a log on a thread of its own.
#[cfg(not(target_arch = "wasm32"))]
fn read_aside(
    begin: impl FnOnce() -> Result<LogReading, ImportError> + Send + 'static,
    host: &dyn Host,
) -> Result<Read, Bad> {
    let work = |stopped: &AtomicBool| {
        let mut reading = begin()?;
        reading.go(|| stopped.load(Ordering::Relaxed))?;
        Ok(reading)
    };
    Ok(super::aside::aside(host, work)?)
}

/// Whoever called can end the worker in which this runs.
#[cfg(target_arch = "wasm32")]
fn read_aside(
    begin: impl FnOnce() -> Result<LogReading, ImportError>,
    host: &dyn Host,
) -> Result<Read, Bad> {
    let mut over = false;
    let read = begin().and_then(|mut reading| {
        over = reading.go(|| host.cancelled())?;
        Ok(reading)
    });
    let stopped = read.is_ok() && !over;
    Ok((Some(read), stopped.then_some(Stop::Asked)))
}

fn utf8<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Bad> {
    std::str::from_utf8(bytes).map_err(|e| {
        let before = &bytes[..e.valid_up_to()];
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let column = 1 + String::from_utf8_lossy(&before[start..]).chars().count();
        Bad(format!("{file}:{line}:{column}: expected UTF-8 text"))
    })
}

/// The executions as JSON. Logs are large: this writes straight from them, copying nothing.
#[derive(Serialize)]
struct ExecutionsDocument<'a> {
    #[serde(serialize_with = "each_execution")]
    executions: &'a [Execution],
    complete: bool,
    /// Lines that belong to no event, and events without a text.
    unread: Doubt,
}

fn each_execution<S: Serializer>(all: &&[Execution], out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(all.iter().map(|execution| ImportedRun {
        label: &execution.label,
        hosts: &execution.hosts,
        events: execution,
    }))
}

#[derive(Serialize)]
struct ImportedRun<'a> {
    label: &'a str,
    hosts: &'a [String],
    #[serde(serialize_with = "each_event")]
    events: &'a Execution,
}

fn each_event<S: Serializer>(execution: &&Execution, out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(execution.events.iter().map(|event| ImportedEvent {
        id: execution.id(event),
        host: &execution.hosts[event.host as usize],
        clock: (execution, event),
        text: &event.text,
        parents: (execution, event),
        line: event.line,
    }))
}

type Of<'a> = (&'a Execution, &'a RecordedEvent);

#[derive(Serialize)]
struct ImportedEvent<'a> {
    id: String,
    host: &'a str,
    #[serde(serialize_with = "clock_of")]
    clock: Of<'a>,
    text: &'a str,
    #[serde(serialize_with = "parents_of")]
    parents: Of<'a>,
    line: u32,
}

fn clock_of<S: Serializer>((execution, event): &Of, out: S) -> Result<S::Ok, S::Error> {
    out.collect_map(event.clock.iter().map(|(h, n)| (&execution.hosts[*h as usize], n)))
}

fn parents_of<S: Serializer>((execution, event): &Of, out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(event.parents.iter().map(|p| execution.id(&execution.events[*p as usize])))
}

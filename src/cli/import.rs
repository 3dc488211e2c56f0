//! `hb import`: executions that others recorded.

use super::{Answer, Args, Bad, HOLDS, Host, VIOLATED};
use crate::share::import::execution::{Event, Execution, ImportError};
use crate::share::import::{etcd, shiviz};
use serde::{Serialize, Serializer};
use serde_json::json;

/// Prints `{"executions": [...]}`, or for a file that tells of the impossible, with exit code 1,
/// `{"inconsistent": {"file", "line", "reason"}}`.
pub fn import(args: &mut Args, host: &dyn Host) -> Answer {
    let kind = args.need("what to import, shiviz or etcd-trace,")?;
    let parser = args.value("--parser")?;
    let delimiter = args.value("--delimiter")?;
    let file = args.need("the file to import")?;
    args.flag("--json");
    args.done()?;
    if kind != "shiviz" && (parser.is_some() || delimiter.is_some()) {
        return Err("--parser and --delimiter are for shiviz logs".into());
    }
    let bytes = if file == "-" { host.stdin()?.into_bytes() } else { host.read(&file)? };
    let text = utf8(&file, &bytes)?;
    let imported = match kind.as_str() {
        "shiviz" => {
            let parser = parser.as_deref().unwrap_or(shiviz::DEFAULT_PARSER);
            shiviz::import(text, parser, delimiter.as_deref())
        }
        "etcd-trace" => etcd::import(text).map(|execution| vec![execution]),
        other => return Err(format!("there is no import of '{other}'").into()),
    };
    match imported {
        Ok(executions) => {
            let document = serde_json::to_string(&Document { executions: &executions });
            document.map(|d| (HOLDS, d + "\n")).map_err(|e| Bad(format!("{file}: {e}")))
        }
        Err(ImportError::Impossible(at)) => {
            let found = json!({"file": file, "line": at.line, "reason": at.reason});
            Ok((VIOLATED, json!({ "inconsistent": found }).to_string() + "\n"))
        }
        Err(ImportError::Format { line, column, expected }) => {
            Err(format!("{file}:{line}:{column}: expected {expected}").into())
        }
        Err(ImportError::Options(text)) => Err(format!("{file}: {text}").into()),
    }
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
struct Document<'a> {
    #[serde(serialize_with = "each_execution")]
    executions: &'a [Execution],
}

fn each_execution<S: Serializer>(all: &&[Execution], out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(all.iter().map(|execution| Run {
        label: &execution.label,
        hosts: &execution.hosts,
        events: execution,
    }))
}

#[derive(Serialize)]
struct Run<'a> {
    label: &'a str,
    hosts: &'a [String],
    #[serde(serialize_with = "each_event")]
    events: &'a Execution,
}

fn each_event<S: Serializer>(execution: &&Execution, out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(execution.events.iter().map(|event| Row {
        id: execution.id(event),
        host: &execution.hosts[event.host as usize],
        clock: (execution, event),
        text: &event.text,
        parents: (execution, event),
        line: event.line,
    }))
}

type Of<'a> = (&'a Execution, &'a Event);

#[derive(Serialize)]
struct Row<'a> {
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

//! `hb import`: executions that others recorded.

use super::{Answer, Args, Bad, HOLDS, Host, VIOLATED};
use crate::share::import::execution::{Execution, ImportError};
use crate::share::import::{etcd, shiviz};
use serde_json::{Value, json};

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
            let executions: Vec<Value> = executions.iter().map(document).collect();
            Ok((HOLDS, json!({ "executions": executions }).to_string() + "\n"))
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

fn document(execution: &Execution) -> Value {
    let name = |host: u32| execution.hosts[host as usize].clone();
    let events = execution.events.iter().map(|event| {
        let clock: Value = event.clock.iter().map(|(h, n)| (name(*h), json!(n))).collect();
        let parents = event.parents.iter().map(|p| execution.id(&execution.events[*p as usize]));
        json!({
            "id": execution.id(event),
            "host": name(event.host),
            "clock": clock,
            "text": event.text,
            "parents": parents.collect::<Vec<_>>(),
            "line": event.line,
        })
    });
    let events: Vec<Value> = events.collect();
    json!({"label": execution.label, "hosts": execution.hosts, "events": events})
}

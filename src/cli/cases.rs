//! Commands that answer one JSON line per case.

use super::limit::Timed;
use super::{Answer, Args, Bad, HOLDS, Host, UNKNOWN};
use crate::core::quote::{cut, shown};
use crate::share::import::unix_lines;
use serde_json::{Map, Value};

/// Reads cases (JSON values one after another) from the file named next, or from standard input,
/// and answers each with the line that `answer` makes of it.
///
/// A document `{"cases": [...]}` stands for its cases, one `{"cases": {...}}` for that object.
/// `--budget-ms N` stops with the cases that have been answered.
pub fn each_case(
    args: &mut Args,
    host: &dyn Host,
    mut answer: impl FnMut(&Value) -> Result<String, String>,
) -> Answer {
    let host = &Timed::take(args, host)?;
    let (name, text) = match args.positional() {
        Some(file) => {
            let bytes = host.read(&file)?;
            let file = shown(&file);
            let text = String::from_utf8(bytes).map_err(|e| {
                let line = lines_before(e.as_bytes(), e.utf8_error().valid_up_to());
                format!("{file}:{line}: expected UTF-8 text")
            })?;
            (file, text)
        }
        None => ("standard input".to_string(), host.stdin()?),
    };
    args.flag("--json");
    args.done()?;
    let text = &*unix_lines(&text);
    let mut out = String::new();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    loop {
        let start = skip_space(text, values.byte_offset());
        let Some(value) = values.next() else { break };
        let line = lines_before(text.as_bytes(), start);
        let value = value.map_err(|e| bad_json(&name, &e))?;
        for case in cases_of(&value) {
            if host.cancelled() {
                return Ok((UNKNOWN, out));
            }
            let text = answer(case).map_err(|e| format!("{name}:{line}: {e}"))?;
            out.push_str(&text);
            out.push('\n');
        }
    }
    Ok((HOLDS, out))
}

fn cases_of(value: &Value) -> Vec<&Value> {
    match value.get("cases") {
        Some(Value::Array(cases)) => cases.iter().collect(),
        Some(cases) => vec![cases],
        None => vec![value],
    }
}

fn bad_json(name: &str, e: &serde_json::Error) -> Bad {
    let text = e.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    Bad(format!("{name}:{}:{}: expected one JSON case a line: {what}", e.line(), e.column()))
}

fn skip_space(text: &str, from: usize) -> usize {
    let rest = &text[from..];
    text.len() - rest.trim_start().len()
}

/// The 1-based number of the line that holds byte `at`.
fn lines_before(bytes: &[u8], at: usize) -> usize {
    1 + bytes[..at.min(bytes.len())].iter().filter(|b| **b == b'\n').count()
}

/// The fields of a case.
pub fn object(case: &Value) -> Result<&Map<String, Value>, String> {
    case.as_object().ok_or_else(|| format!("expected an object, found {}", brief(case)))
}

/// A field that must be there.
pub fn field<'a>(case: &'a Map<String, Value>, name: &str) -> Result<&'a Value, String> {
    case.get(name).ok_or_else(|| format!("the case has no field '{name}'"))
}

/// A whole number from 0.
pub fn whole(value: &Value, what: &str) -> Result<u64, String> {
    value.as_u64().ok_or_else(|| format!("{what} must be a whole number, not {}", brief(value)))
}

/// A list.
pub fn list<'a>(value: &'a Value, what: &str) -> Result<&'a Vec<Value>, String> {
    value.as_array().ok_or_else(|| format!("{what} must be a list, not {}", brief(value)))
}

/// A text.
pub fn text<'a>(value: &'a Value, what: &str) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| format!("{what} must be a text, not {}", brief(value)))
}

/// The start of a value, for a complaint.
pub fn brief(value: &Value) -> String {
    cut(&value.to_string(), 40)
}

//! Histories of client operations as Jepsen writes them: a map of EDN an event, with keys.

use super::ascii;
use crate::core::action::Call;
use crate::core::protocol::{CallName, key_name};
use crate::core::sorted::SortedMap;
use crate::core::trace::Trace;
use crate::core::view::OpStep;

/// Every invocation and its end, in order; times in nanoseconds, as Jepsen has them.
pub fn jepsen(trace: &Trace, calls: &[CallName]) -> String {
    let mut out = String::new();
    let mut open = SortedMap::new();
    let steps = trace.events.iter().flat_map(|e| e.ops.iter().map(move |op| (e.at, op)));
    for (index, (at, step)) in steps.enumerate() {
        let (id, kind, answer) = match step {
            OpStep::Invoke { op, process, call } => {
                open.insert(*op, (*process, *call));
                (op, "invoke", None)
            }
            OpStep::Ok { op, value } => (op, "ok", value.as_deref()),
            OpStep::Fail { op, .. } => (op, "fail", None),
            OpStep::Unknown { op } => (op, "info", None),
        };
        let Some((process, call)) = open.get(id) else { continue };
        let Some(name) = calls.get(usize::from(call.f)) else { continue };
        let key = if name.key { format!(":key {:?}, ", key_name(call.key)) } else { String::new() };
        out.push_str(&format!(
            "{{:process {process}, :type :{kind}, :f :{}, {key}:value {}, :time {}, :index {index}}}\n",
            name.name,
            value(name, call, answer),
            at * 1_000
        ));
    }
    out
}

/// What was written, or else what was read.
fn value(name: &CallName, call: &Call, answer: Option<&str>) -> String {
    match (name.value, name.arg, answer) {
        (true, true, _) => format!("[{} {}]", call.arg, call.value),
        (true, false, _) => call.value.to_string(),
        (false, _, None) => "nil".into(),
        (false, _, Some(text)) => match text.parse::<i64>() {
            Ok(number) => number.to_string(),
            Err(_) if matches!(text, "nil" | "true" | "false") => text.into(),
            Err(_) => format!("{:?}", ascii(text)),
        },
    }
}

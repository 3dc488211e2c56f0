//! Histories of client operations for other checkers: Jepsen logs, EDN, JSON.

use crate::check::history::{F, History, HistoryOp, OpOutcome, OpValue};
use serde_json::json;

/// One line of a history.
struct HistoryLine<'a> {
    op: &'a HistoryOp,
    kind: &'static str,
    value: OpValue,
}

/// Invocations and answers in the order they happened; at the same moment, invocations come
/// first, so that what was concurrent stays so.
fn events(history: &History) -> Vec<HistoryLine<'_>> {
    let mut all: Vec<(u64, u8, u32, HistoryLine)> = Vec::new();
    for op in &history.ops {
        let asked = match op.f {
            F::Cas | F::Txn => OpValue::List(op.args.clone()),
            _ => op.args.first().cloned().unwrap_or(OpValue::Nil),
        };
        all.push((op.invoke, 0, op.id, HistoryLine { op, kind: "invoke", value: asked.clone() }));
        let (kind, value) = match &op.outcome {
            OpOutcome::Open => continue,
            OpOutcome::Unknown => ("info", asked),
            OpOutcome::Fail => ("fail", asked),
            OpOutcome::Ok(OpValue::Bool(false)) if op.f == F::Cas => ("fail", asked),
            OpOutcome::Ok(_) if op.f == F::Cas || !op.f.answers() => ("ok", asked),
            OpOutcome::Ok(OpValue::Any) => ("ok", OpValue::Nil),
            OpOutcome::Ok(v) => ("ok", v.clone()),
        };
        let at = op.ret.unwrap_or(u64::MAX);
        all.push((at, 1, op.id, HistoryLine { op, kind, value }));
    }
    all.sort_by_key(|e| (e.0, e.1, e.2));
    all.into_iter().map(|e| e.3).collect()
}

/// Lines of `jepsen.util`. They have no place for keys: export one key at a time.
pub fn jepsen_log(history: &History) -> String {
    let line = |e: HistoryLine| {
        let value = match (&e.value, e.kind) {
            (_, "info") => ":timed-out".to_string(),
            (v, _) => v.to_string(),
        };
        format!("INFO  jepsen.util - {}\t:{}\t:{}\t{value}\n", e.op.process, e.kind, e.op.f.name())
    };
    events(history).into_iter().map(line).collect()
}

/// A map of EDN a line, as Knossos and Porcupine's store traces have them.
pub fn edn(history: &History) -> String {
    let line = |e: HistoryLine| {
        let key = e.op.key.as_ref().map(|k| format!(", :key {k:?}")).unwrap_or_default();
        let (process, f) = (e.op.process, e.op.f.name());
        format!("{{:process {process}, :type :{}, :f :{f}{key}, :value {}}}\n", e.kind, e.value)
    };
    events(history).into_iter().map(line).collect()
}

/// A JSON list of events.
pub fn json(history: &History) -> String {
    let event = |e: HistoryLine| {
        let mut doc = json!({
            "process": e.op.process, "type": e.kind, "f": e.op.f.name(), "value": plain(&e.value),
        });
        if let Some(key) = &e.op.key {
            doc["key"] = key.as_str().into();
        }
        doc
    };
    let all: Vec<serde_json::Value> = events(history).into_iter().map(event).collect();
    serde_json::Value::from(all).to_string()
}

/// A value as plain JSON; the keys of maps become text.
fn plain(v: &OpValue) -> serde_json::Value {
    match v {
        OpValue::Nil | OpValue::Any => serde_json::Value::Null,
        OpValue::Bool(b) => (*b).into(),
        OpValue::Int(n) => (*n).into(),
        OpValue::Str(s) => s.as_str().into(),
        OpValue::List(all) => all.iter().map(plain).collect(),
        OpValue::Map(pairs) => {
            let key = |k: &OpValue| match k {
                OpValue::Str(s) => s.clone(),
                other => other.to_string(),
            };
            pairs.iter().map(|(k, v)| (key(k), plain(v))).collect::<serde_json::Map<_, _>>().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::model::ObjectKind;
    use crate::share::import::history::{Format, ReadingRules, read};

    fn sample() -> History {
        let mut h = History::default();
        let key = || Some("k \"1\"".to_string());
        let a = h.invoke(0, key(), F::Write, vec![OpValue::Int(1)], 1);
        let b = h.invoke(1, key(), F::Read, vec![], 2);
        h.complete(a, 3, OpOutcome::Ok(OpValue::Nil));
        h.complete(b, 4, OpOutcome::Ok(OpValue::Int(1)));
        let c = h.invoke(0, key(), F::Cas, vec![OpValue::Int(1), OpValue::Int(2)], 5);
        let d = h.invoke(1, key(), F::Cas, vec![OpValue::Int(7), OpValue::Int(8)], 6);
        h.complete(d, 7, OpOutcome::Ok(OpValue::Bool(false)));
        h.complete(c, 8, OpOutcome::Ok(OpValue::Bool(true)));
        h.invoke(1, key(), F::Write, vec![OpValue::Int(3)], 9);
        h
    }

    /// What is written reads back as the same history.
    #[test]
    fn every_format_reads_back() {
        let history = sample();
        let mut keyless = history.clone();
        keyless.ops.iter_mut().for_each(|op| op.key = None);
        for (text, format, expected) in [
            (jepsen_log(&keyless), Format::JepsenLog, &keyless),
            (edn(&history), Format::Edn, &history),
            (json(&history), Format::Json, &history),
        ] {
            let mut reading = ReadingRules::usual(ObjectKind::CasRegister, format);
            reading.failed_cas_completed = true;
            assert_eq!(read(text.as_bytes(), format, &reading).as_ref(), Ok(expected), "{text}");
        }
    }
}

//! `hb formula` and `hb eventlog`: exact numbers and append rules, one JSON case a line.

use super::cases::{brief, each_case, field, list, object, whole};
use super::{Answer, Args, Host};
use crate::algo::eventlog::{EventLog, Expected};
use crate::algo::formula::{self, MAX_REPLICAS};
use crate::core::quote::quoted;
use serde_json::{Value, json};

/// Answers cases of `pbs`, `om` or `pbft`.
pub fn formula(args: &mut Args, host: &dyn Host) -> Answer {
    let which = args.need("which formula, pbs, om or pbft,")?;
    match which.as_str() {
        "pbs" => each_case(args, host, pbs),
        "om" => each_case(args, host, om),
        "pbft" => each_case(args, host, pbft),
        other => Err(format!("there is no formula {}: pbs, om or pbft", quoted(other)).into()),
    }
}

/// `{"N", "R", "W"}`: the probabilities to six decimals, `p_stale_1` and `p_within_K`.
fn pbs(case: &Value) -> Result<String, String> {
    let case = object(case)?;
    let number = |name| whole(field(case, name)?, name);
    let (n, r, w) = (number("N")?, number("R")?, number("W")?);
    let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let stale = formula::stale(small(n), small(r), small(w))
        .ok_or_else(|| format!("R and W must lie in 1..=N, and N be at most {MAX_REPLICAS}"))?;
    let mut versions = vec![1, 2, 3, 5, 10];
    let asked = case.keys().filter_map(|k| k.strip_prefix("p_within_")?.parse::<u32>().ok());
    versions.extend(asked.filter(|k| (1..=1000).contains(k)));
    versions.sort_unstable();
    versions.dedup();
    let mut out = format!("{{\"N\":{n},\"R\":{r},\"W\":{w}");
    out.push_str(&format!(",\"p_stale_1\":{}", decimal(stale.power_in_millionths(1))));
    for k in versions {
        out.push_str(&format!(",\"p_within_{k}\":{}", decimal(stale.within_in_millionths(k))));
    }
    Ok(out + "}")
}

/// Millionths as a JSON number without trailing zeros.
fn decimal(millionths: u64) -> String {
    let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// `{"n", "m"}`: the messages of OM(m), and whether it tolerates m traitors.
fn om(case: &Value) -> Result<String, String> {
    let case = object(case)?;
    let (n, m) = (whole(field(case, "n")?, "n")?, whole(field(case, "m")?, "m")?);
    let messages = formula::om_messages(n, m);
    let messages = messages.ok_or("m must be below n, and the messages fit 128 bits")?;
    let tolerates = formula::om_tolerates(n, m);
    Ok(format!("{{\"n\":{n},\"m\":{m},\"messages\":{messages},\"tolerates\":{tolerates}}}"))
}

/// `{"f"}` or `{"n"}` = 3f + 1: the messages of PBFT's normal case.
fn pbft(case: &Value) -> Result<String, String> {
    let case = object(case)?;
    let given = |name: &str| case.get(name).map(|v| whole(v, name)).transpose();
    let f = match (given("f")?, given("n")?) {
        (Some(f), _) => f,
        (None, Some(n)) if n % 3 == 1 => n / 3,
        (None, Some(n)) => return Err(format!("n must be 3f + 1, which {n} is not")),
        (None, None) => return Err("the case has neither 'f' nor 'n'".into()),
    };
    let p = formula::pbft(f).ok_or("f is at most 1000000")?;
    let counts = json!({"f": f, "n": p.n, "preprepare": p.pre_prepare, "prepare": p.prepare,
        "commit": p.commit, "total": p.pre_prepare + p.prepare + p.commit});
    Ok(counts.to_string())
}

/// Answers cases of appends: each step `[events, expected version]` gets its outcome as third
/// part, and `total` counts the stream's events afterwards.
pub fn eventlog(args: &mut Args, host: &dyn Host) -> Answer {
    each_case(args, host, |case| {
        let case = object(case)?;
        let mut log = EventLog::new();
        let mut steps = Vec::new();
        for (i, step) in list(field(case, "steps")?, "steps")?.iter().enumerate() {
            let outcome = append(&mut log, step).map_err(|e| format!("step {i}: {e}"))?;
            steps.push(json!([step[0], step[1], outcome]));
        }
        let mut out = case.clone();
        out.insert("result".into(), steps.last().map_or(Value::Null, |s| s[2].clone()));
        out.insert("steps".into(), Value::Array(steps));
        out.insert("total".into(), json!(log.events().len()));
        Ok(Value::Object(out).to_string())
    })
}

fn append(log: &mut EventLog<String>, step: &Value) -> Result<&'static str, String> {
    let [events, expected, ..] = list(step, "a step")?.as_slice() else {
        return Err(format!("a step is [events, expected version], not {}", brief(step)));
    };
    let ids: Vec<String> = list(events, "events")?.iter().map(Value::to_string).collect();
    let expected = match (expected.as_i64(), expected.as_str()) {
        (Some(-1), _) | (_, Some("no-stream")) => Expected::NoStream,
        (Some(-2), _) | (_, Some("any")) => Expected::Any,
        (Some(-4), _) | (_, Some("stream-exists")) => Expected::Exists,
        (Some(version), _) if version >= 0 => Expected::Version(version as u64),
        _ => {
            let kinds = "a version from 0, -1 or \"no-stream\", \"any\" or \"stream-exists\"";
            return Err(format!("expected {kinds}, not {}", brief(expected)));
        }
    };
    Ok(match log.append(expected, &ids) {
        Ok(_) => "ok",
        Err(_) => "WrongExpectedVersion",
    })
}

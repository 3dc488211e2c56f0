//! `hb clock`: what logical clocks say, one JSON case a line.

use super::cases::{brief, each_case, field, list, object, text, whole};
use super::{Answer, Args, Host};
use crate::algo::clocks::{
    Causality, DvvSet, Hlc, LamportClock, Timestamp, VectorClock, is_forward_jump,
};
use crate::core::quote::quoted;
use crate::core::sorted::SortedMap;
use serde_json::{Map, Value, json};

type Row<'a> = &'a [Value];
type Out = Result<Vec<Value>, String>;
/// A table of facts: its name, how many arguments a row has, and what it works out.
type FactTable = (&'static str, usize, fn(Row) -> Out);

/// Answers cases of `lamport`, `hlc`, `vector` or `dvvset`.
///
/// A case is an event on a running clock (`{"pt": 5, "ev": "SEND"}`), or a row of a table of
/// facts: `{"table": "compare", "case": [a, b]}`, or `{"compare": [a, b]}`, or a whole table
/// `{"compare": [[a, b], ...]}`, which is answered with the last column worked out anew.
pub fn clock(args: &mut Args, host: &dyn Host) -> Answer {
    let kind = args.need("which clock, lamport, hlc, vector or dvvset,")?;
    match kind.as_str() {
        "lamport" => {
            let mut nodes = SortedMap::new();
            each_case(args, host, |case| lamport_event(&mut nodes, case))
        }
        "hlc" => {
            let mut clock = Hlc::default();
            each_case(args, host, |case| match case.get("ev") {
                Some(_) => hlc_event(&mut clock, case),
                None => from_tables(HLC, case),
            })
        }
        "vector" => {
            let mut nodes = SortedMap::new();
            each_case(args, host, |case| match case.get("ev") {
                Some(_) => vector_event(&mut nodes, case),
                None => from_tables(VECTOR, case),
            })
        }
        "dvvset" => each_case(args, host, |case| from_tables(DVVSET, case)),
        other => {
            let other = quoted(other);
            Err(format!("there is no clock {other}: lamport, hlc, vector or dvvset").into())
        }
    }
}

/// Answers a case that names a table.
fn from_tables(tables: &[FactTable], case: &Value) -> Result<String, String> {
    let case = object(case)?;
    if let Some(name) = case.get("table").or(case.get("op")) {
        return Ok(from_fields(tables, text(name, "table")?, case)?.to_string());
    }
    if !case.keys().any(|name| find(tables, name).is_ok()) {
        return Err(no_table(tables, &brief(&Value::Object(case.clone()))));
    }
    let mut out = Map::new();
    for (name, rows) in case {
        if find(tables, name).is_err() {
            out.insert(name.clone(), rows.clone());
            continue;
        }
        let rows = list(rows, name)?;
        if is_row(rows, find(tables, name)?.1) {
            let (given, results) = run(tables, name, rows)?;
            out.insert("expect".into(), last(results.clone()));
            out.insert(name.clone(), given.iter().cloned().chain(results).collect());
            continue;
        }
        let answers: Result<Value, String> = rows
            .iter()
            .map(|row| match row {
                Value::Object(fields) => from_fields(tables, name, fields),
                row => {
                    let (given, results) = run(tables, name, list(row, name)?)?;
                    Ok(given.iter().cloned().chain(results).collect())
                }
            })
            .collect();
        out.insert(name.clone(), answers?);
    }
    Ok(Value::Object(out).to_string())
}

/// Answers one row given as fields, under `expect`.
fn from_fields(
    tables: &[FactTable],
    name: &str,
    case: &Map<String, Value>,
) -> Result<Value, String> {
    let row = match case.get("case").or(case.get("args")) {
        Some(row) => list(row, "case")?.clone(),
        None => named_arguments(case),
    };
    let mut out = case.clone();
    out.insert("expect".into(), last(run(tables, name, &row)?.1));
    Ok(Value::Object(out))
}

/// Arguments given by name. A client's clock may be given as what it had read and its values.
fn named_arguments(case: &Map<String, Value>) -> Vec<Value> {
    if let (Some(read), Some(values)) = (case.get("context"), case.get("values")) {
        let entries: Value = match read {
            Value::Object(read) => read.iter().map(|(id, n)| json!([id, n, []])).collect(),
            read => {
                read.as_array().into_iter().flatten().map(|e| json!([e[0], e[1], []])).collect()
            }
        };
        let mut case = case.clone();
        case.retain(|name, _| !matches!(name.as_str(), "context" | "values"));
        case.insert("client".into(), json!({"entries": entries, "anon": values}));
        return named_arguments(&case);
    }
    const NAMES: [&str; 7] = ["client", "clocks", "clock", "a", "b", "server", "id"];
    NAMES.iter().filter_map(|n| case.get(*n)).cloned().collect()
}

/// A single row, not a list of rows: its arguments are values, not rows of values.
fn is_row(rows: Row, arguments: usize) -> bool {
    let first = rows.first();
    let nested = first.and_then(Value::as_array).and_then(|f| f.first());
    let rows_of_rows = nested.is_some_and(|v| v.is_array() || v.is_object());
    rows.len() >= arguments && !rows_of_rows
}

fn find<'a>(tables: &'a [FactTable], name: &str) -> Result<&'a FactTable, String> {
    tables.iter().find(|t| t.0 == name).ok_or_else(|| no_table(tables, name))
}

fn no_table(tables: &[FactTable], found: &str) -> String {
    let names: Vec<_> = tables.iter().map(|t| t.0).collect();
    format!("expected one of {}, found {found}", names.join(", "))
}

/// Works out a row: its arguments, and the results. What follows the arguments is ignored.
fn run<'a>(
    tables: &[FactTable],
    name: &str,
    row: Row<'a>,
) -> Result<(Row<'a>, Vec<Value>), String> {
    let name = match (name, row) {
        ("update", [_, _]) => "first-update",
        ("sync", [a, b, ..]) if a.is_object() && b.is_object() => "sync-two",
        _ => name,
    };
    let (_, arguments, answer) = find(tables, name)?;
    let given = row.get(..*arguments);
    let given = given.ok_or_else(|| format!("{} takes {arguments} arguments", quoted(name)))?;
    let results = answer(given).map_err(|e| format!("{name}: {e}"))?;
    Ok((given, results))
}

/// The result of an operation with one, or the list of them.
fn last(mut results: Vec<Value>) -> Value {
    if results.len() == 1 { results.remove(0) } else { Value::Array(results) }
}

// --- lamport ---

fn node_of(case: &Map<String, Value>) -> String {
    match case.get("node") {
        Some(Value::String(name)) => name.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

fn is_receive(case: &Map<String, Value>) -> Result<bool, String> {
    let ev = text(field(case, "ev")?, "ev")?;
    match ev.to_ascii_lowercase().as_str() {
        "send" | "local" => Ok(false),
        "recv" | "receive" => Ok(true),
        _ => Err(format!("ev must be SEND, LOCAL, RECV or RECEIVE, not \"{ev}\"")),
    }
}

fn lamport_event(
    nodes: &mut SortedMap<String, LamportClock>,
    case: &Value,
) -> Result<String, String> {
    let case = object(case)?;
    let clock = nodes.entry(node_of(case)).or_default();
    let stamp = match is_receive(case)? {
        true => clock.receive(whole(field(case, "input")?, "input")?),
        false => clock.tick(),
    };
    let mut out = case.clone();
    out.insert("expect".into(), json!(stamp));
    Ok(Value::Object(out).to_string())
}

// --- hlc ---

const HLC: &[FactTable] = &[
    ("compare", 2, |r| Ok(vec![json!(timestamp(&r[0])?.cmp(&timestamp(&r[1])?) as i8)])),
    ("next", 1, |r| Ok(vec![pair(timestamp(&r[0])?.next())])),
    ("prev", 1, |r| Ok(vec![timestamp(&r[0])?.prev().map_or(Value::Null, pair)])),
    ("floorprev", 1, |r| Ok(vec![timestamp(&r[0])?.floor_prev().map_or(Value::Null, pair)])),
    ("wallnext", 1, |r| Ok(vec![pair(timestamp(&r[0])?.wall_next())])),
    ("forward", 2, |r| {
        let mut t = timestamp(&r[0])?;
        let changed = t.forward(timestamp(&r[1])?);
        Ok(vec![pair(t), json!(changed)])
    }),
    ("backward", 2, |r| {
        let mut t = timestamp(&r[0])?;
        t.backward(timestamp(&r[1])?);
        Ok(vec![pair(t)])
    }),
    // Arguments: how far the physical clock moved, the largest offset; true is fatal.
    ("jump", 2, |r| {
        let jump = r[0].as_i64().ok_or("a jump is a whole number")?;
        Ok(vec![json!(is_forward_jump(jump, whole(&r[1], "the largest offset")?))])
    }),
    // Arguments: physical time, remote timestamp, largest offset; true is rejected.
    ("remote", 3, |r| {
        let (pt, max) = (whole(&r[0], "pt")?, whole(&r[2], "the largest offset")?);
        let outcome = Hlc::default().update_checked(pt, timestamp(&r[1])?, max);
        Ok(vec![json!(outcome.is_err())])
    }),
];

fn timestamp(value: &Value) -> Result<Timestamp, String> {
    let parts = list(value, "a timestamp")?;
    let wall = whole(parts.first().unwrap_or(&Value::Null), "the wall part")?;
    let logical = parts.get(1).map_or(Ok(0), |l| whole(l, "the logical part"))?;
    let logical = u32::try_from(logical).ok().filter(|l| *l <= i32::MAX as u32);
    Ok(Timestamp::new(wall, logical.ok_or("the logical part is at most 2147483647")?))
}

fn pair(t: Timestamp) -> Value {
    json!([t.wall, t.logical])
}

/// SEND (or LOCAL) and RECEIVE are the paper's events. RECV is CockroachDB's split of the latter:
/// the node reads its clock, joins the remote timestamp, and reads its clock again.
fn hlc_event(clock: &mut Hlc, case: &Value) -> Result<String, String> {
    let case = object(case)?;
    let pt = whole(field(case, "pt")?, "pt")?;
    let mut out = case.clone();
    if is_receive(case)? {
        let remote = timestamp(field(case, "input")?)?;
        let max = case.get("max_offset").map_or(Ok(0), |m| whole(m, "max_offset"))?;
        if text(&case["ev"], "ev")?.eq_ignore_ascii_case("receive") {
            clock.receive(pt, remote);
        } else {
            clock.now(pt);
            let rejected = clock.update_checked(pt, remote, max).is_err();
            if max > 0 {
                out.insert("rejected".into(), json!(rejected));
            }
            clock.now(pt);
        }
    } else {
        clock.now(pt);
    }
    out.insert("expect".into(), pair(clock.last));
    Ok(Value::Object(out).to_string())
}

// --- vector ---

const VECTOR: &[FactTable] = &[
    ("compare", 2, |r| {
        let word = match vector(&r[0])?.compare(&vector(&r[1])?) {
            Causality::Before => "lt",
            Causality::After => "gt",
            Causality::Equal => "eq",
            Causality::Concurrent => "concurrent",
        };
        Ok(vec![json!(word)])
    }),
    ("merge", 2, merge_vectors),
    ("riak_merge", 2, merge_vectors),
    ("increment", 2, |r| {
        let mut clock = vector(&r[0])?;
        clock.increment(&process(&r[1]));
        Ok(vec![vector_like(&clock, &r[..1])])
    }),
];

fn merge_vectors(r: Row) -> Out {
    let mut clock = vector(&r[0])?;
    clock.merge(&vector(&r[1])?);
    Ok(vec![vector_like(&clock, r)])
}

/// A process of a clock: a position in a list, or a name.
type Process = (u64, String);

fn process(value: &Value) -> Process {
    match value {
        Value::String(name) => named(name),
        Value::Number(n) => (n.as_u64().unwrap_or(0), String::new()),
        other => (0, other.to_string()),
    }
}

fn named(name: &str) -> Process {
    (0, name.to_string())
}

/// A clock written as a list of counts or as an object {process: count}.
fn vector(value: &Value) -> Result<VectorClock<Process>, String> {
    match value {
        Value::Array(counts) => {
            let count = |(i, n): (u64, &Value)| Ok(((i, String::new()), whole(n, "a count")?));
            (0..).zip(counts).map(count).collect()
        }
        Value::Object(counts) => {
            counts.iter().map(|(p, n)| Ok((named(p), whole(n, "a count")?))).collect()
        }
        other => Err(format!("a clock is a list or an object, not {}", brief(other))),
    }
}

/// Writes a clock as its arguments were written, lists at the longer one's length.
fn vector_like(clock: &VectorClock<Process>, like: Row) -> Value {
    if like.iter().any(Value::is_object) {
        return vector_object(clock);
    }
    let longest = like.iter().filter_map(Value::as_array).map(Vec::len).max().unwrap_or(0);
    let last = clock.iter().map(|((i, _), _)| i + 1).max().unwrap_or(0);
    (0..last.max(longest as u64)).map(|i| clock.get(&(i, String::new()))).collect()
}

fn vector_object(clock: &VectorClock<Process>) -> Value {
    clock.iter().map(|((_, name), n)| (name.clone(), json!(n))).collect()
}

fn vector_event(
    nodes: &mut SortedMap<String, VectorClock<Process>>,
    case: &Value,
) -> Result<String, String> {
    let case = object(case)?;
    let node = node_of(case);
    let clock = nodes.entry(node.clone()).or_default();
    if is_receive(case)? {
        clock.merge(&vector(field(case, "input")?)?);
    }
    clock.increment(&named(&node));
    let mut out = case.clone();
    out.insert("expect".into(), vector_object(clock));
    Ok(Value::Object(out).to_string())
}

// --- dvvset ---

/// Names and values are kept as their JSON text.
type Set = DvvSet<String, String>;

const DVVSET: &[FactTable] = &[
    // Arguments: the client's clock, the server's, the server's id.
    ("update", 3, |r| update(&r[0], Some(&r[1]), &r[2])),
    // The same at a server that stores nothing: the client's clock, the server's id.
    ("first-update", 2, |r| update(&r[0], None, &r[1])),
    ("sync", 1, |r| {
        let sets: Result<Vec<Set>, _> = list(&r[0], "clocks")?.iter().map(set).collect();
        let joined = sets?.into_iter().reduce(|a, b| a.sync(&b));
        Ok(vec![joined.map_or(Value::Null, |s| set_value(&s))])
    }),
    ("sync-two", 2, |r| Ok(vec![set_value(&set(&r[0])?.sync(&set(&r[1])?))])),
    ("join", 1, |r| {
        let vector = set(&r[0])?.join();
        Ok(vec![vector.iter().map(|(k, n)| json!([json_of(k), n])).collect()])
    }),
    ("values", 1, |r| Ok(vec![set(&r[0])?.values().map(|v| json_of(v)).collect()])),
    ("size", 1, |r| Ok(vec![json!(set(&r[0])?.values().count())])),
    ("ids", 1, |r| Ok(vec![set(&r[0])?.entries.keys().map(|k| json_of(k)).collect()])),
    ("less", 2, |r| Ok(vec![json!(set(&r[0])?.compare(&set(&r[1])?) == Causality::Before)])),
    ("equal", 2, |r| Ok(vec![json!(set(&r[0])?.compare(&set(&r[1])?) == Causality::Equal)])),
];

fn update(client: &Value, server: Option<&Value>, id: &Value) -> Out {
    let server = server.filter(|s| !s.is_null()).map(set).transpose()?;
    let updated = set(client)?.update(server.as_ref(), &id.to_string());
    let updated = updated.ok_or("the client's clock needs exactly one anonymous value")?;
    Ok(vec![set_value(&updated)])
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

/// `{"entries": [[id, count, [values, newest first]], ...], "anon": [values]}`
fn set(value: &Value) -> Result<Set, String> {
    let fields = object(value)?;
    let texts = |v: &Value, what| {
        Ok::<Vec<String>, String>(list(v, what)?.iter().map(Value::to_string).collect())
    };
    let mut entries = SortedMap::new();
    for entry in list(field(fields, "entries")?, "entries")? {
        let [id, count, values] = list(entry, "an entry")?.as_slice() else {
            return Err(format!("an entry is [id, count, [values]], not {}", brief(entry)));
        };
        let (count, values) = (whole(count, "a count")?, texts(values, "an entry's values")?);
        if values.len() as u64 > count {
            return Err(format!("entry {} has more values than writes", brief(id)));
        }
        entries.insert(id.to_string(), (count, values));
    }
    let anonymous = fields.get("anon").map_or(Ok(Vec::new()), |a| texts(a, "anon"))?;
    Ok(DvvSet { entries, anonymous })
}

fn set_value(set: &Set) -> Value {
    let values = |v: &[String]| v.iter().map(|t| json_of(t)).collect::<Vec<_>>();
    let entry = |(id, (n, v)): (&String, &(u64, Vec<String>))| json!([json_of(id), n, values(v)]);
    let entries: Vec<Value> = set.entries.iter().map(entry).collect();
    json!({"entries": entries, "anon": values(&set.anonymous)})
}

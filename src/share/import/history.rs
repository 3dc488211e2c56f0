//! Histories of client operations: Jepsen logs, EDN (Knossos), Porcupine's store traces, JSON.

use super::notation::{Form, Located, edn, edn_part, json};
use super::{InputFault, text};
use crate::check::history::model::ObjectKind;
use crate::check::history::{F, History, OpOutcome, OpValue};
use crate::core::sorted::SortedMap;

/// Invocations one history may have.
pub const MAX_OPS: usize = 1_000_000;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines of a Jepsen log, whose last fields are `0`, `:invoke`, `:read` and `nil`, between tabs;
    /// an error may follow. What stands before them differs from one version to the next.
    JepsenLog,
    /// Maps of EDN, in a vector, a list, or one after another.
    Edn,
    /// A map of EDN a line, with keys, as in Porcupine's tests.
    Kv,
    /// A list of objects.
    Json,
}

impl Format {
    /// Every format with its name.
    pub const ALL: [(&'static str, Format); 4] = [
        ("jepsen-log", Format::JepsenLog),
        ("edn", Format::Edn),
        ("kv", Format::Kv),
        ("json", Format::Json),
    ];

    /// The format of that name.
    pub fn parse(name: &str) -> Option<Format> {
        Format::ALL.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
    }

    /// The format that a file seems to have, by what is in it and by its name.
    pub fn of(name: &str, text: &str) -> Format {
        let head: String = text.chars().take(4_000).collect();
        let has = |marks: &[&str]| marks.iter().any(|m| head.contains(m));
        let name = name.to_ascii_lowercase();
        let ends = |end: &str| name.ends_with(end);
        let log = |line: &str| log_fields(line).is_some() || line.contains(MARK);
        if has(&["\"type\"", "\"process\"", "\"sessions\"", "\"txns\""]) {
            Format::Json
        } else if has(&[":type", ":process"]) {
            if !ends(".edn") && stores(text) { Format::Kv } else { Format::Edn }
        } else if head.lines().any(log) || ends(".log") {
            Format::JepsenLog
        } else if ends(".edn") {
            Format::Edn
        } else if ends(".txt") {
            Format::Kv
        } else {
            Format::Json
        }
    }
}

/// Whether the operations of a text in EDN seem to be those of a key-value store.
pub fn stores(text: &str) -> bool {
    let head: String = text.chars().take(4_000).collect();
    [":f :get", ":f :put", ":f :append"].iter().any(|f| head.contains(f))
}

/// Before each operation in older logs of Jepsen.
const MARK: &str = "jepsen.util - ";

/// What the tools disagree on.
#[derive(Clone, Debug)]
pub struct ReadingRules {
    /// The object the operations talk to.
    pub kind: ObjectKind,
    /// A failed compare-and-set: true if it completed and found another value (Porcupine's
    /// etcd logs), false if it did not happen (Knossos).
    pub failed_cas_completed: bool,
    /// Whether a read that answers nil says nothing (Knossos) or read nil.
    pub nil_matches_any: bool,
    /// What a store answers for a key that has no value, where a file says nil.
    pub empty: OpValue,
}

impl ReadingRules {
    /// The usual reading of a format.
    pub fn usual(kind: ObjectKind, format: Format) -> ReadingRules {
        ReadingRules {
            kind,
            failed_cas_completed: format == Format::JepsenLog,
            nil_matches_any: format == Format::Edn,
            empty: if kind == ObjectKind::Kv { OpValue::text("") } else { OpValue::Nil },
        }
    }
}

/// Reads a history. Where every operation's value is a list of a key and a value, as
/// `jepsen.independent` writes them, each key is an object of its own.
pub fn read(bytes: &[u8], format: Format, reading: &ReadingRules) -> Result<History, InputFault> {
    let text = &*text(bytes)?;
    let mut found = FoundEvents { events: Vec::new(), others: false };
    let nodes = match format {
        Format::JepsenLog => log(text)?,
        Format::Edn | Format::Kv => edn(text)?,
        Format::Json => vec![json(text)?],
    };
    match format {
        Format::JepsenLog => nodes.iter().try_for_each(|line| found.fields(line))?,
        _ => nodes.iter().try_for_each(|node| found.events(node))?,
    }
    // Helpers of a test are no clients: without clients there is nothing to contradict.
    if found.events.is_empty() && !found.others {
        return Err(InputFault::at(
            1,
            1,
            "no operation is in this file; at least one was expected",
        ));
    }
    let mut builder =
        HistoryBuilder { reading, history: History::default(), open: SortedMap::new(), now: 0 };
    let independent = reading.kind != ObjectKind::MultiRegister && independent(&found.events);
    for event in found.events {
        builder.event(if independent { event.split() } else { event })?;
    }
    Ok(builder.history)
}

struct HistoryEvent<'a> {
    at: &'a Located,
    process: u32,
    kind: &'a str,
    f: &'a Located,
    key: Option<String>,
    value: Option<&'a Located>,
}

impl<'a> HistoryEvent<'a> {
    /// The key and the value of an operation on one of several independent objects.
    fn pair(&self) -> Option<(&'a Located, &'a Located)> {
        let [key, value] = self.value?.list()? else { return None };
        let plain = !matches!(key.form, Form::List(_) | Form::Map(_) | Form::Nil);
        let cas = self.f.name() == Some("cas");
        // What a compare-and-set takes is a list of two by itself.
        let whole = !cas || self.kind != "invoke" || value.list().is_some_and(|l| l.len() == 2);
        (plain && whole).then_some((key, value))
    }

    fn split(self) -> HistoryEvent<'a> {
        match self.pair() {
            Some((key, value)) => {
                HistoryEvent { key: Some(key_name(key)), value: Some(value), ..self }
            }
            None => self,
        }
    }
}

/// Whether all that was asked was asked of one of several independent objects.
fn independent(events: &[HistoryEvent]) -> bool {
    let mut asked = events.iter().filter(|e| e.kind == "invoke").peekable();
    asked.peek().is_some() && asked.all(|e| e.key.is_none() && e.pair().is_some())
}

struct HistoryBuilder<'a> {
    reading: &'a ReadingRules,
    history: History,
    /// Process to the operation it waits for, and the line it asked on.
    open: SortedMap<u32, (u32, u32)>,
    now: u64,
}

/// The fields of an operation in a line of a log, process, kind, function and value, and where each
/// starts.
fn log_fields(line: &str) -> Option<[(usize, &str); 4]> {
    let mut fields: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    for field in line.split('\t') {
        fields.push((at, field));
        at += field.len() + 1;
    }
    let kinds = [":invoke", ":ok", ":fail", ":info"];
    let kind = (1..fields.len()).find(|&i| kinds.contains(&fields[i].1.trim()))?;
    let (start, before) = fields[kind - 1];
    // The process is the last word of what stands before.
    let word = before.rfind(' ').map_or(0, |i| i + 1);
    let value = fields.get(kind + 2).copied().unwrap_or((line.len(), "nil"));
    Some([(start + word, &before[word..]), fields[kind], *fields.get(kind + 1)?, value])
}

/// The operations of a log: for each, a list of its fields.
fn log(text: &str) -> Result<Vec<Located>, InputFault> {
    let mut all = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let row = i as u32 + 1;
        let column = |at: usize| line[..at].chars().count() as u32 + 1;
        if let Some(fields) = log_fields(line) {
            let client = fields[0].1.parse::<u32>().is_ok();
            let parts = fields.iter().filter(|_| client);
            let nodes = parts.map(|(at, field)| edn_part(field, row, column(*at)));
            let form = Form::List(nodes.collect::<Result<_, _>>()?);
            all.push(Located { line: row, column: column(fields[0].0), form });
            continue;
        }
        // Older logs, between spaces. Stack traces, too, come under the same mark.
        let Some(start) = line.find(MARK) else { continue };
        let rest = start + MARK.len();
        let fields = edn_part(&format!("[{}]", &line[rest..]), row, column(rest) - 1);
        all.extend(fields.ok());
    }
    Ok(all)
}

/// The events of a file.
struct FoundEvents<'a> {
    events: Vec<HistoryEvent<'a>>,
    /// There are events of others than clients.
    others: bool,
}

impl<'a> FoundEvents<'a> {
    /// The fields of a line of a log.
    fn fields(&mut self, line: &'a Located) -> Result<(), InputFault> {
        let Some([process, kind, f, rest @ ..]) = line.list() else {
            self.others = true;
            return Ok(());
        };
        let (Form::Int(_), Some(kind)) = (&process.form, kind.name()) else {
            self.others = true;
            return Ok(());
        };
        let process = process_of(process)?;
        self.events.push(HistoryEvent {
            at: line,
            process,
            kind,
            f,
            key: None,
            value: rest.first(),
        });
        Ok(())
    }

    /// A list of events, one event, or lists of them.
    fn events(&mut self, node: &'a Located) -> Result<(), InputFault> {
        match &node.form {
            Form::List(all) => all.iter().try_for_each(|n| self.one(n)),
            Form::Map(_) if node.get("type").is_none() => {
                match node.get("history").or_else(|| node.get("events")) {
                    Some(all) => self.events(all),
                    None => Err(node
                        .fault("this event has no 'type'; invoke, ok, fail or info was expected")),
                }
            }
            _ => self.one(node),
        }
    }

    fn one(&mut self, node: &'a Located) -> Result<(), InputFault> {
        let Form::Map(_) = node.form else {
            return Err(node.fault("an event was expected: a map with process, type, f and value"));
        };
        let need = |key: &str| {
            node.get(key).ok_or_else(|| node.fault(format!("this event has no '{key}'")))
        };
        let process = need("process")?;
        // The nemesis and other helpers are no clients.
        if process.name().is_some_and(|n| n.parse::<u32>().is_err()) {
            self.others = true;
            return Ok(());
        }
        let kind = need("type")?;
        let Some(name) = kind.name() else {
            return Err(kind.fault("'type' is invoke, ok, fail or info"));
        };
        let key = match node.get("key") {
            None => None,
            Some(Located { form: Form::Nil, .. }) => None,
            Some(k) => Some(key_name(k)),
        };
        self.events.push(HistoryEvent {
            at: kind,
            process: process_of(process)?,
            kind: name,
            f: need("f")?,
            key,
            value: node.get("value"),
        });
        Ok(())
    }
}

/// Keys are named as people would: text without quotes, numbers in digits.
fn key_name(k: &Located) -> String {
    match k.value() {
        OpValue::Str(s) => s,
        other => other.to_string(),
    }
}

fn process_of(node: &Located) -> Result<u32, InputFault> {
    let number = match &node.form {
        Form::Int(n) => u32::try_from(*n).ok(),
        Form::Text(s) | Form::Word(s) => s.parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| node.fault("'process' is a whole number from 0 to 4294967295"))
}

impl HistoryBuilder<'_> {
    fn event(&mut self, e: HistoryEvent) -> Result<(), InputFault> {
        self.now += 1;
        match e.kind {
            "invoke" => self.invoke(e),
            "ok" | "fail" => {
                let Some((id, _)) = self.open.remove(&e.process) else {
                    let what = format!(
                        "process {} ends an operation here but has none under way",
                        e.process
                    );
                    return Err(e.at.fault(what));
                };
                self.end(id, e)
            }
            "info" => {
                if let Some((id, _)) = self.open.remove(&e.process) {
                    self.history.ops[id as usize].outcome = OpOutcome::Unknown;
                }
                Ok(())
            }
            other => {
                let what = format!("'{other}' is here; invoke, ok, fail or info was expected");
                Err(e.at.fault(what))
            }
        }
    }

    fn function(&self, node: &Located) -> Result<F, InputFault> {
        let kind = self.reading.kind;
        let name = node.name().unwrap_or("");
        let f = match (F::parse(name), kind) {
            (Some(F::Read | F::Write), ObjectKind::MultiRegister) => Some(F::Txn),
            // A store's reads and writes go by either name.
            (Some(F::Read), ObjectKind::Kv) => Some(F::Get),
            (Some(F::Write), ObjectKind::Kv) => Some(F::Put),
            (f, _) => f.filter(|f| kind.knows(*f)),
        };
        f.ok_or_else(|| {
            let known: Vec<&str> =
                F::ALL.iter().filter(|f| kind.knows(**f)).map(|f| f.name()).collect();
            node.fault(format!("'{name}' is here; one of {} was expected", known.join(", ")))
        })
    }

    fn invoke(&mut self, e: HistoryEvent) -> Result<(), InputFault> {
        if let Some((_, line)) = self.open.get(&e.process) {
            let what = format!(
                "process {} invokes again before its operation of line {line} has ended",
                e.process
            );
            return Err(e.at.fault(what));
        }
        if self.history.ops.len() >= MAX_OPS {
            return Err(e.at.fault(format!("more than {MAX_OPS} operations are in this file")));
        }
        let f = self.function(e.f)?;
        let args = self.args(f, &e)?;
        let id = self.history.invoke(e.process, e.key, f, args, self.now);
        self.open.insert(e.process, (id, e.at.line));
        Ok(())
    }

    fn args(&self, f: F, e: &HistoryEvent) -> Result<Vec<OpValue>, InputFault> {
        let takes = match f {
            F::Cas => {
                let pair = e.value.and_then(Located::list).filter(|l| l.len() == 2);
                let Some(pair) = pair else {
                    let at = e.value.unwrap_or(e.at);
                    return Err(at.fault("a compare-and-set takes a list of two: [from to]"));
                };
                return Ok(pair.iter().map(Located::value).collect());
            }
            F::Txn => return transaction(e.value.unwrap_or(e.at)),
            F::Write | F::Put | F::Append | F::Add | F::Remove | F::Contains => true,
            F::Enqueue | F::Push => true,
            _ => false,
        };
        if !takes {
            return Ok(Vec::new());
        }
        match e.value {
            Some(v) => Ok(vec![v.value()]),
            None => Err(e.at.fault(format!("this {} has no 'value'", f.name()))),
        }
    }

    fn end(&mut self, id: u32, e: HistoryEvent) -> Result<(), InputFault> {
        let op = &self.history.ops[id as usize];
        let f = op.f;
        let name = self.function(e.f)?;
        if name != f {
            let what = format!(
                "process {} ends a {} here but has asked for {}",
                e.process,
                name.name(),
                f.name()
            );
            return Err(e.f.fault(what));
        }
        let outcome = if e.kind == "ok" { self.answer(f, &e)? } else { self.failure(f, &e) };
        self.history.complete(id, self.now, outcome);
        Ok(())
    }

    fn answer(&self, f: F, e: &HistoryEvent) -> Result<OpOutcome, InputFault> {
        let value = e.value.map_or(OpValue::Nil, Located::value);
        Ok(OpOutcome::Ok(match f {
            F::Cas => match value {
                OpValue::Bool(b) => OpValue::Bool(b),
                _ => OpValue::Bool(true),
            },
            F::Txn => OpValue::List(transaction(e.value.unwrap_or(e.at))?),
            F::Read | F::Get if value == OpValue::Nil => {
                if self.reading.nil_matches_any {
                    OpValue::Any
                } else {
                    self.reading.empty.clone()
                }
            }
            f if f.answers() => value,
            _ => OpValue::Nil,
        }))
    }

    fn failure(&self, f: F, e: &HistoryEvent) -> OpOutcome {
        let timed_out = e.value.and_then(Located::name) == Some("timed-out");
        if f == F::Cas && self.reading.failed_cas_completed && !timed_out {
            return OpOutcome::Ok(OpValue::Bool(false));
        }
        // A read that timed out came back, with an answer nobody knows.
        if timed_out && f.reads_only() {
            return OpOutcome::Ok(OpValue::Any);
        }
        if timed_out { OpOutcome::Unknown } else { OpOutcome::Fail }
    }
}

/// The steps of a transaction over registers: a list of `[f key value]`, or a map of keys.
fn transaction(node: &Located) -> Result<Vec<OpValue>, InputFault> {
    let Some(steps) = node.list() else {
        return Err(node.fault("a transaction is a list of steps [read key value]"));
    };
    let mut all = Vec::new();
    for step in steps {
        let ok = step.list().is_some_and(|s| {
            s.len() == 3 && matches!(s[0].name(), Some("r" | "w" | "read" | "write"))
        });
        if !ok {
            return Err(step.fault("a step is [read key value] or [write key value]"));
        }
        all.push(step.value());
    }
    Ok(all)
}

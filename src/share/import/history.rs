//! Histories of client operations: Jepsen logs, EDN (Knossos), Porcupine's store traces, JSON.

use super::notation::{Form, Node, edn, edn_part, json};
use super::{Fault, text};
use crate::check::history::model::Kind;
use crate::check::history::{F, History, Outcome, Value};
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
pub struct Reading {
    /// The object the operations talk to.
    pub kind: Kind,
    /// A failed compare-and-set: true if it completed and found another value (Porcupine's
    /// etcd logs), false if it did not happen (Knossos).
    pub failed_cas_completed: bool,
    /// Whether a read that answers nil says nothing (Knossos) or read nil.
    pub nil_matches_any: bool,
    /// What a store answers for a key that has no value, where a file says nil.
    pub empty: Value,
}

impl Reading {
    /// The usual reading of a format.
    pub fn usual(kind: Kind, format: Format) -> Reading {
        Reading {
            kind,
            failed_cas_completed: format == Format::JepsenLog,
            nil_matches_any: format == Format::Edn,
            empty: if kind == Kind::Kv { Value::text("") } else { Value::Nil },
        }
    }
}

/// Reads a history. Where every operation's value is a list of a key and a value, as
/// `jepsen.independent` writes them, each key is an object of its own.
pub fn read(bytes: &[u8], format: Format, reading: &Reading) -> Result<History, Fault> {
    let text = &*text(bytes)?;
    let mut found = Found { events: Vec::new(), others: false };
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
        return Err(Fault::at(1, 1, "no operation is in this file; at least one was expected"));
    }
    let mut builder =
        Builder { reading, history: History::default(), open: SortedMap::new(), now: 0 };
    let independent = reading.kind != Kind::MultiRegister && independent(&found.events);
    for event in found.events {
        builder.event(if independent { event.split() } else { event })?;
    }
    Ok(builder.history)
}

struct Event<'a> {
    at: &'a Node,
    process: u32,
    kind: &'a str,
    f: &'a Node,
    key: Option<String>,
    value: Option<&'a Node>,
}

impl<'a> Event<'a> {
    /// The key and the value of an operation on one of several independent objects.
    fn pair(&self) -> Option<(&'a Node, &'a Node)> {
        let [key, value] = self.value?.list()? else { return None };
        let plain = !matches!(key.form, Form::List(_) | Form::Map(_) | Form::Nil);
        let cas = self.f.name() == Some("cas");
        // What a compare-and-set takes is a list of two by itself.
        let whole = !cas || self.kind != "invoke" || value.list().is_some_and(|l| l.len() == 2);
        (plain && whole).then_some((key, value))
    }

    fn split(self) -> Event<'a> {
        match self.pair() {
            Some((key, value)) => Event { key: Some(key_name(key)), value: Some(value), ..self },
            None => self,
        }
    }
}

/// Whether all that was asked was asked of one of several independent objects.
fn independent(events: &[Event]) -> bool {
    let mut asked = events.iter().filter(|e| e.kind == "invoke").peekable();
    asked.peek().is_some() && asked.all(|e| e.key.is_none() && e.pair().is_some())
}

struct Builder<'a> {
    reading: &'a Reading,
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
fn log(text: &str) -> Result<Vec<Node>, Fault> {
    let mut all = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let row = i as u32 + 1;
        let column = |at: usize| line[..at].chars().count() as u32 + 1;
        if let Some(fields) = log_fields(line) {
            let client = fields[0].1.parse::<u32>().is_ok();
            let parts = fields.iter().filter(|_| client);
            let nodes = parts.map(|(at, field)| edn_part(field, row, column(*at)));
            let form = Form::List(nodes.collect::<Result<_, _>>()?);
            all.push(Node { line: row, column: column(fields[0].0), form });
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
struct Found<'a> {
    events: Vec<Event<'a>>,
    /// There are events of others than clients.
    others: bool,
}

impl<'a> Found<'a> {
    /// The fields of a line of a log.
    fn fields(&mut self, line: &'a Node) -> Result<(), Fault> {
        let Some([process, kind, f, rest @ ..]) = line.list() else {
            self.others = true;
            return Ok(());
        };
        let (Form::Int(_), Some(kind)) = (&process.form, kind.name()) else {
            self.others = true;
            return Ok(());
        };
        let process = process_of(process)?;
        self.events.push(Event { at: line, process, kind, f, key: None, value: rest.first() });
        Ok(())
    }

    /// A list of events, one event, or lists of them.
    fn events(&mut self, node: &'a Node) -> Result<(), Fault> {
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

    fn one(&mut self, node: &'a Node) -> Result<(), Fault> {
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
            Some(Node { form: Form::Nil, .. }) => None,
            Some(k) => Some(key_name(k)),
        };
        self.events.push(Event {
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
fn key_name(k: &Node) -> String {
    match k.value() {
        Value::Str(s) => s,
        other => other.to_string(),
    }
}

fn process_of(node: &Node) -> Result<u32, Fault> {
    let number = match &node.form {
        Form::Int(n) => u32::try_from(*n).ok(),
        Form::Text(s) | Form::Word(s) => s.parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| node.fault("'process' is a whole number from 0 to 4294967295"))
}

impl Builder<'_> {
    fn event(&mut self, e: Event) -> Result<(), Fault> {
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
                    self.history.ops[id as usize].outcome = Outcome::Unknown;
                }
                Ok(())
            }
            other => {
                let what = format!("'{other}' is here; invoke, ok, fail or info was expected");
                Err(e.at.fault(what))
            }
        }
    }

    fn function(&self, node: &Node) -> Result<F, Fault> {
        let kind = self.reading.kind;
        let name = node.name().unwrap_or("");
        let f = match (F::parse(name), kind) {
            (Some(F::Read | F::Write), Kind::MultiRegister) => Some(F::Txn),
            // A store's reads and writes go by either name.
            (Some(F::Read), Kind::Kv) => Some(F::Get),
            (Some(F::Write), Kind::Kv) => Some(F::Put),
            (f, _) => f.filter(|f| kind.knows(*f)),
        };
        f.ok_or_else(|| {
            let known: Vec<&str> =
                F::ALL.iter().filter(|f| kind.knows(**f)).map(|f| f.name()).collect();
            node.fault(format!("'{name}' is here; one of {} was expected", known.join(", ")))
        })
    }

    fn invoke(&mut self, e: Event) -> Result<(), Fault> {
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

    fn args(&self, f: F, e: &Event) -> Result<Vec<Value>, Fault> {
        let takes = match f {
            F::Cas => {
                let pair = e.value.and_then(Node::list).filter(|l| l.len() == 2);
                let Some(pair) = pair else {
                    let at = e.value.unwrap_or(e.at);
                    return Err(at.fault("a compare-and-set takes a list of two: [from to]"));
                };
                return Ok(pair.iter().map(Node::value).collect());
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

    fn end(&mut self, id: u32, e: Event) -> Result<(), Fault> {
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

    fn answer(&self, f: F, e: &Event) -> Result<Outcome, Fault> {
        let value = e.value.map_or(Value::Nil, Node::value);
        Ok(Outcome::Ok(match f {
            F::Cas => match value {
                Value::Bool(b) => Value::Bool(b),
                _ => Value::Bool(true),
            },
            F::Txn => Value::List(transaction(e.value.unwrap_or(e.at))?),
            F::Read | F::Get if value == Value::Nil => {
                if self.reading.nil_matches_any {
                    Value::Any
                } else {
                    self.reading.empty.clone()
                }
            }
            f if f.answers() => value,
            _ => Value::Nil,
        }))
    }

    fn failure(&self, f: F, e: &Event) -> Outcome {
        let timed_out = e.value.and_then(Node::name) == Some("timed-out");
        if f == F::Cas && self.reading.failed_cas_completed && !timed_out {
            return Outcome::Ok(Value::Bool(false));
        }
        // A read that timed out came back, with an answer nobody knows.
        if timed_out && f.reads_only() {
            return Outcome::Ok(Value::Any);
        }
        if timed_out { Outcome::Unknown } else { Outcome::Fail }
    }
}

/// The steps of a transaction over registers: a list of `[f key value]`, or a map of keys.
fn transaction(node: &Node) -> Result<Vec<Value>, Fault> {
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

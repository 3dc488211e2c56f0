//! ShiViz logs: text in which an ECMAScript regular expression finds hosts, clocks and events.
//!
//! The parser has the named groups `host`, `clock` (a JSON object of counts) and `event`; the
//! delimiter, if any, separates executions and may name them in a group `trace`. Both match as in
//! ShiViz, with `^` and `$` at every line. A parser may backtrack for long: run it where it can be
//! stopped. How much a pattern may repeat is limited, and with it the memory of a match.

mod pattern;
mod usual;

use super::execution::{Execution, ImportError, Linking, RecordedEvent, count};
use super::unix_lines;
use crate::core::quote::quoted;
use crate::core::sorted::SortedMap;
use pattern::compile;
use regress::Regex;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use std::fmt;
use std::ops::Range;
use usual::{LineOrder, Usual};

/// The parser that ShiViz offers for GoVector logs, and that [`export`] writes for. A log that stands
/// the other way round, each event before its host and clock, is recognised and read as such.
pub const DEFAULT_PARSER: &str = r"(?<host>\S*) (?<clock>{.*})\n(?<event>.*)";
/// The same for hosts with white space in their names.
const SPACED_PARSER: &str = r"(?<host>.*?) (?<clock>{.*})\n(?<event>.*)";

/// Largest text that is read, in bytes.
const MAX_BYTES: usize = 256 << 20;

/// Reads every execution of `text`.
pub fn import(
    text: &str,
    parser: &str,
    delimiter: Option<&str>,
) -> Result<Vec<Execution>, ImportError> {
    let text = unix_lines(text);
    let mut reader = LogReader::new(&text, parser, delimiter)?;
    while !reader.go(&text, usize::MAX)? {}
    Ok(reader.all)
}

/// What of a log became of no use: it may be that the parser does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Doubt {
    /// Lines that are not blank and belong to no event.
    pub left: usize,
    /// The first of them, from 1.
    pub first_left: u32,
    /// Events without a text.
    pub empty: usize,
    /// The line of the first one's clock, from 1.
    pub first_empty: u32,
}

impl Doubt {
    /// In one sentence; none where there is no doubt.
    pub fn sentence(&self) -> Option<String> {
        let some = |n: usize, one: &str, many: &str| match n {
            1 => format!("one {one}"),
            _ => format!("{n} {many}"),
        };
        let Doubt { left, first_left, empty, first_empty } = *self;
        let mut said = Vec::new();
        if left > 0 {
            let lines = some(left, "line belongs", "lines belong");
            said.push(format!("{lines} to no event, first line {first_left}"));
        }
        if empty > 0 {
            let events = some(empty, "event has", "events have");
            said.push(format!("{events} no text, first at line {first_empty}"));
        }
        (!said.is_empty()).then(|| said.join("; "))
    }

    fn leave(&mut self, text: &str, from: usize, to: usize, lines: &mut Lines) {
        let mut at = from;
        for line in text[from..to].split_inclusive('\n') {
            if !line.trim().is_empty() {
                self.left += 1;
                if self.left == 1 {
                    self.first_left = lines.of(text, at);
                }
            }
            at += line.len();
        }
    }
}

/// A log that is read a part at a time. Whoever has the text, with [`unix_lines`], hands it over
/// each time.
pub(super) struct LogReader {
    parser: Parser,
    pub(super) doubt: Doubt,
    /// Label, start and end of each execution, the next one last.
    sections: Vec<(String, usize, usize)>,
    /// Where the next event is looked for.
    at: usize,
    lines: Lines,
    part: PartialExecution,
    linking: Option<(Execution, Linking)>,
    pub(super) all: Vec<Execution>,
}

impl LogReader {
    pub(super) fn new(
        text: &str,
        parser: &str,
        delimiter: Option<&str>,
    ) -> Result<LogReader, ImportError> {
        if text.len() > MAX_BYTES {
            let text = format!("the log is larger than {} MiB", MAX_BYTES >> 20);
            return Err(ImportError::Options(text));
        }
        let delimiter = delimiter.map(|d| compile("delimiter", d)).transpose()?;
        let mut sections = sections(text, delimiter.as_ref());
        let parser = Parser::new(parser, sections.iter().map(|(_, from, to)| &text[*from..*to]))?;
        sections.reverse();
        let lines = Lines { at: 0, line: 1 };
        let (part, all) = (PartialExecution::default(), Vec::new());
        let doubt = Doubt::default();
        Ok(LogReader { parser, doubt, sections, at: 0, lines, part, linking: None, all })
    }

    /// Reads, or checks, about so many events more; true once there are none.
    pub(super) fn go(&mut self, text: &str, most: usize) -> Result<bool, ImportError> {
        if let Some((execution, linking)) = &mut self.linking {
            if linking.go(execution, most).map_err(ImportError::Impossible)? {
                self.all.extend(self.linking.take().map(|l| l.0));
            }
            return Ok(false);
        }
        let Some((label, from, to)) = self.sections.last_mut() else {
            return match self.all.is_empty() {
                true => Err(ImportError::Options("the parser matches nothing in the log".into())),
                false => Ok(true),
            };
        };
        let (from, to) = (*from, *to);
        let start = from.max(self.at);
        let LogReader { part, parser, lines, doubt, .. } = self;
        if !part.read(&text[..to], parser, lines, start, most, doubt)? {
            self.at = self.part.end;
            return Ok(false);
        }
        let label = std::mem::take(label);
        self.at = to;
        self.sections.pop();
        let execution = std::mem::take(&mut self.part).execution(label);
        if execution.events.is_empty() {
            // What stands before the first delimiter may be about all executions.
            if from > 0 && !text[from..to].trim().is_empty() {
                return Err(self.unread(&text[..to], from, &execution.label));
            }
        } else {
            self.linking = Some((execution, Linking::default()));
        }
        Ok(false)
    }

    /// An execution in which the parser finds nothing.
    fn unread(&mut self, text: &str, from: usize, label: &str) -> ImportError {
        let begins = self.lines.of(text, from - 1);
        let line =
            begins + text[from..].split('\n').take_while(|l| l.trim().is_empty()).count() as u32;
        let name = match label {
            "" => "execution".to_string(),
            label => format!("execution {}", quoted(label)),
        };
        let expected =
            format!("an event that the parser reads in the {name}, which begins at line {begins}");
        ImportError::Format { line, column: 1, expected }
    }

    /// Bytes read; events read, and events checked, of the execution under way; executions read.
    pub(super) fn news(&self) -> (usize, usize, usize) {
        let done: usize = self.all.iter().map(|e| e.events.len()).sum();
        let (read, checked) = match &self.linking {
            Some((execution, linking)) => (execution.events.len(), linking.done()),
            None => (self.part.events.len(), 0),
        };
        (self.at, done + read, done + checked)
    }
}

/// What finds events.
enum Parser {
    /// [`DEFAULT_PARSER`] or the same the other way round, which most logs are read by, without an
    /// engine for others.
    Usual(LineOrder),
    Regex(Regex),
}

/// Where an event is.
struct FoundEvent {
    whole: Range<usize>,
    host: Range<usize>,
    clock: Range<usize>,
    event: Range<usize>,
}

impl Parser {
    /// Compiles a parser and sees that it has the groups it must have.
    fn new<'a>(
        pattern: &str,
        sections: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<Parser, ImportError> {
        if pattern == DEFAULT_PARSER {
            return Ok(Parser::Usual(LineOrder::of(sections)));
        }
        let parser = compile("parser", pattern)?;
        // Matched against nothing, this alternative still lists the groups of the pattern.
        let probe = compile("parser", &format!("|(?:{pattern})"))?.find("");
        for group in ["host", "clock", "event"] {
            if !probe.iter().flat_map(|m| m.named_groups()).any(|(name, _)| name == group) {
                return Err(ImportError::Options(format!(
                    "the parser has no group (?<{group}>...)"
                )));
            }
        }
        Ok(Parser::Regex(parser))
    }

    fn find_all<'a>(
        &'a self,
        text: &'a str,
        from: usize,
    ) -> Box<dyn Iterator<Item = FoundEvent> + 'a> {
        let regex = match self {
            Parser::Usual(order) => return Box::new(Usual::new(*order, text, from)),
            Parser::Regex(regex) => regex,
        };
        Box::new(regex.find_from(text, from).map(|found| {
            let range = |group| found.named_group(group).unwrap_or(0..0);
            let (host, clock, event) = (range("host"), range("clock"), range("event"));
            FoundEvent { whole: found.range(), host, clock, event }
        }))
    }
}

/// Splits the text at its delimiters: (label, start, end) of each part.
fn sections(text: &str, delimiter: Option<&Regex>) -> Vec<(String, usize, usize)> {
    let mut sections = Vec::new();
    let (mut label, mut start) = (String::new(), 0);
    for found in delimiter.iter().flat_map(|d| d.find_iter(text)) {
        sections.push((label, start, found.start()));
        label = found.named_group("trace").map_or_else(String::new, |r| text[r].to_string());
        start = found.end();
    }
    sections.push((label, start, text.len()));
    sections
}

/// Counts lines while walking forward through the text.
struct Lines {
    at: usize,
    line: u32,
}

impl Lines {
    fn of(&mut self, text: &str, at: usize) -> u32 {
        if at < self.at {
            (self.at, self.line) = (0, 1);
        }
        let passed = text.as_bytes()[self.at..at].iter().filter(|b| **b == b'\n').count();
        self.line += passed as u32;
        self.at = at;
        self.line
    }
}

/// An execution as far as it has been read.
#[derive(Default)]
struct PartialExecution {
    /// Every name, of hosts and in clocks.
    names: HostNames,
    events: Vec<RecordedEvent>,
    /// Where the next event is looked for.
    end: usize,
}

impl PartialExecution {
    /// Finds the events of `text` from a byte on, so many at most; true once there are no more.
    fn read(
        &mut self,
        text: &str,
        parser: &Parser,
        lines: &mut Lines,
        from: usize,
        most: usize,
        doubt: &mut Doubt,
    ) -> Result<bool, ImportError> {
        let mut seen = from;
        for (nth, found) in (1..).zip(parser.find_all(text, from)) {
            doubt.leave(text, seen, found.whole.start, lines);
            seen = found.whole.end;
            let line = lines.of(text, found.clock.start);
            let host = self.names.id(&text[found.host]);
            let start = found.clock.start;
            let clock = &text[found.clock];
            let clock = parse_clock(clock, &mut self.names, || column(text, start), line)?;
            let words = text[found.event].to_string();
            if words.trim().is_empty() {
                doubt.empty += 1;
                if doubt.empty == 1 {
                    doubt.first_empty = line;
                }
            }
            let event =
                RecordedEvent { host, number: 0, clock, text: words, parents: Vec::new(), line };
            self.events.push(event);
            // What matches without a character would match again.
            let wide = text[found.whole.end..].chars().next().map_or(1, char::len_utf8);
            self.end = found.whole.end + if found.whole.is_empty() { wide } else { 0 };
            if nth >= most && self.end <= text.len() {
                return Ok(false);
            }
        }
        doubt.leave(text, seen, text.len(), lines);
        Ok(true)
    }

    /// All of it, with the hosts in the order of their first events.
    fn execution(self, label: String) -> Execution {
        let PartialExecution { names, mut events, .. } = self;
        let mut order = Vec::new();
        let mut new = vec![u32::MAX; names.names.len()];
        let all = (0..names.names.len() as u32).map(|n| n as usize);
        for name in events.iter().map(|e| e.host as usize).chain(all) {
            if new[name] == u32::MAX {
                new[name] = order.len() as u32;
                order.push(names.names[name].clone());
            }
        }
        for event in &mut events {
            event.host = new[event.host as usize];
            event.clock.iter_mut().for_each(|c| c.0 = new[c.0 as usize]);
            // Of a host that is named twice the last count holds, as in JSON.
            event.clock.sort_by_key(|c| c.0);
            event.clock.reverse();
            event.clock.dedup_by_key(|c| c.0);
            event.clock.reverse();
            event.clock.retain(|c| c.1 > 0);
            event.number = count(&event.clock, event.host);
        }
        Execution { label, hosts: order, events }
    }
}

/// Names numbered in the order in which they are met.
#[derive(Default)]
struct HostNames {
    ids: SortedMap<String, u32>,
    names: Vec<String>,
}

impl HostNames {
    fn id(&mut self, name: &str) -> u32 {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = self.names.len() as u32;
        self.ids.insert(name.to_string(), id);
        self.names.push(name.to_string());
        id
    }
}

/// A JSON object of counts; `column` is where it starts in its line. One that is written as the
/// contents of a string, with its quotes escaped, is read as well: so the TLC model checker prints it.
/// A host that is counted but has no event is found out when the events are linked.
fn parse_clock(
    json: &str,
    names: &mut HostNames,
    column: impl Fn() -> u32,
    line: u32,
) -> Result<Vec<(u32, u64)>, ImportError> {
    let mut read = |json: &str| -> serde_json::Result<Vec<(u32, u64)>> {
        let mut from = serde_json::Deserializer::from_str(json);
        let clock = from.deserialize_map(HostCounts(names))?;
        from.end().map(|()| clock)
    };
    let e = match read(json) {
        Ok(clock) => return Ok(clock),
        Err(e) => e,
    };
    if let Some(Ok(clock)) = json.contains('\\').then(|| read(&json.replace('\\', ""))) {
        return Ok(clock);
    }
    let within = e.column().saturating_sub(1) as u32;
    let (line, column) = match e.line() {
        0 | 1 => (line, column() + within),
        lines => (line + lines as u32 - 1, within + 1),
    };
    let expected = "a clock, a JSON object of whole numbers such as {\"a\": 1}".to_string();
    Err(ImportError::Format { line, column, expected })
}

/// Reads counts by the numbers of their hosts.
struct HostCounts<'a>(&'a mut HostNames);

impl<'de> Visitor<'de> for HostCounts<'_> {
    type Value = Vec<(u32, u64)>;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("an object of whole numbers")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut clock = Vec::new();
        while let Some(host) = map.next_key_seed(Name(self.0))? {
            let count: u64 = map.next_value()?;
            match host {
                Ok(host) => clock.push((host, count)),
                Err(new) if count > 0 => clock.push((self.0.id(&new), count)),
                Err(_) => {}
            }
        }
        Ok(clock)
    }
}

/// Reads a host's name as its number; one that is not known yet stays a name.
struct Name<'a>(&'a HostNames);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Result<u32, String>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Result<u32, String>;
    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("a host's name")
    }
    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.ids.get(name).copied().ok_or_else(|| name.to_string()))
    }
}

/// The column in characters, from 1, of byte `at`.
fn column(text: &str, at: usize) -> u32 {
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    text[start..at].chars().count() as u32 + 1
}

/// Executions as a ShiViz log, and what to read it with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The log.
    pub text: String,
    /// The parser that reads it: [`DEFAULT_PARSER`] unless a host's name has white space.
    pub parser: &'static str,
    /// The delimiter between executions, if there are several or one has a label.
    pub delimiter: Option<String>,
}

/// Writes executions so that [`import`] gives them back, lines apart. The format has one line an
/// event: line breaks in texts and names become spaces.
pub fn export(executions: &[Execution]) -> Exported {
    let hosts = || executions.iter().flat_map(|e| &e.hosts);
    let spaced = hosts().any(|h| h.is_empty() || h.contains(char::is_whitespace));
    let parser = if spaced { SPACED_PARSER } else { DEFAULT_PARSER };
    let titled = executions.len() > 1 || executions.iter().any(|e| !e.label.is_empty());
    let texts = executions.iter().flat_map(|e| &e.events).map(|e| &e.text);
    // One more than any line of the log begins with, so that no event looks like a delimiter.
    let marks = hosts().chain(texts).map(|t| t.bytes().take_while(|b| *b == b'=').count()).max();
    let marks = "=".repeat(marks.map_or(3, |n| n + 1).max(3));
    let mut text = String::new();
    for execution in executions {
        if titled {
            text.push_str(&format!("{marks} {} {marks}\n", one_line(&execution.label)));
        }
        for event in &execution.events {
            text.push_str(&one_line(&execution.hosts[event.host as usize]));
            text.push_str(" {");
            for (i, (host, count)) in event.clock.iter().enumerate() {
                let name = serde_json::Value::from(one_line(&execution.hosts[*host as usize]));
                text.push_str(&format!("{}{name}:{count}", if i == 0 { "" } else { ", " }));
            }
            text.push_str(&format!("}}\n{}\n", one_line(&event.text)));
        }
    }
    let delimiter = titled.then(|| format!("^{marks} (?<trace>.*) {marks}$"));
    Exported { text, parser, delimiter }
}

/// The text without the characters that end a line in ECMAScript.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r', '\u{2028}', '\u{2029}'], " ")
}

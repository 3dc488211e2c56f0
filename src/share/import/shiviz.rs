//! ShiViz logs: text in which an ECMAScript regular expression finds hosts, clocks and events.
//!
//! The parser has the named groups `host`, `clock` (a JSON object of counts) and `event`; the
//! delimiter, if any, separates executions and may name them in a group `trace`. Both match as in
//! ShiViz, with `^` and `$` at every line. A parser may backtrack for long: run it where it can be
//! stopped.

use super::execution::{Event, Execution, ImportError, Linking, count};
use crate::core::sorted::SortedMap;
use regress::{Flags, Regex};
use std::ops::Range;

/// The parser that ShiViz offers for GoVector logs, and that [`export`] writes for.
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
    let mut reader = Reader::new(text, parser, delimiter)?;
    while !reader.go(text, usize::MAX)? {}
    Ok(reader.all)
}

/// A log that is read a part at a time. Whoever has the text hands it over each time.
pub(super) struct Reader {
    parser: Parser,
    /// Label, start and end of each execution, the next one last.
    sections: Vec<(String, usize, usize)>,
    /// Where the next event is looked for.
    at: usize,
    lines: Lines,
    part: Part,
    linking: Option<(Execution, Linking)>,
    pub(super) all: Vec<Execution>,
}

impl Reader {
    pub(super) fn new(
        text: &str,
        parser: &str,
        delimiter: Option<&str>,
    ) -> Result<Reader, ImportError> {
        if text.len() > MAX_BYTES {
            let text = format!("the log is larger than {} MiB", MAX_BYTES >> 20);
            return Err(ImportError::Options(text));
        }
        let parser = Parser::new(parser)?;
        let delimiter = delimiter.map(|d| compile("delimiter", d)).transpose()?;
        let mut sections = sections(text, delimiter.as_ref());
        sections.reverse();
        let lines = Lines { at: 0, line: 1 };
        let (part, all) = (Part::default(), Vec::new());
        Ok(Reader { parser, sections, at: 0, lines, part, linking: None, all })
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
        if !self.part.read(
            &text[..*to],
            &self.parser,
            &mut self.lines,
            (*from).max(self.at),
            most,
        )? {
            self.at = self.part.end;
            return Ok(false);
        }
        let label = std::mem::take(label);
        self.at = *to;
        self.sections.pop();
        let execution = std::mem::take(&mut self.part).execution(label);
        if !execution.events.is_empty() {
            self.linking = Some((execution, Linking::default()));
        }
        Ok(false)
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

fn compile(what: &str, pattern: &str) -> Result<Regex, ImportError> {
    let flags = Flags { multiline: true, ..Flags::default() };
    Regex::with_flags(pattern, flags)
        .map_err(|e| ImportError::Options(format!("the {what} is no regular expression: {e}")))
}

/// What finds events.
enum Parser {
    /// [`DEFAULT_PARSER`], which most logs are read by, without an engine for others.
    Usual,
    Regex(Regex),
}

/// Where an event is.
struct Found {
    whole: Range<usize>,
    host: Range<usize>,
    clock: Range<usize>,
    event: Range<usize>,
}

impl Parser {
    /// Compiles a parser and sees that it has the groups it must have.
    fn new(pattern: &str) -> Result<Parser, ImportError> {
        if pattern == DEFAULT_PARSER {
            return Ok(Parser::Usual);
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

    fn find_all<'a>(&'a self, text: &'a str, from: usize) -> Box<dyn Iterator<Item = Found> + 'a> {
        let regex = match self {
            Parser::Usual => return Box::new(Usual { text, at: from }),
            Parser::Regex(regex) => regex,
        };
        Box::new(regex.find_from(text, from).map(|found| {
            let range = |group| found.named_group(group).unwrap_or(0..0);
            let (host, clock, event) = (range("host"), range("clock"), range("event"));
            Found { whole: found.range(), host, clock, event }
        }))
    }
}

/// The matches of [`DEFAULT_PARSER`].
struct Usual<'a> {
    text: &'a str,
    at: usize,
}

/// Ends a line in ECMAScript: `.` does not match it.
const ENDS: [char; 4] = ['\n', '\r', '\u{2028}', '\u{2029}'];

/// White space in ECMAScript: `\s`.
fn is_space(c: char) -> bool {
    c.is_whitespace() && c != '\u{85}' || c == '\u{feff}'
}

impl Iterator for Usual<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let from = self.at;
            let end = from + self.text.get(from..)?.find('\n')?;
            let line = &self.text[from..end];
            self.at = end + 1;
            if !line.ends_with('}') {
                continue;
            }
            let clock = line.match_indices(" {").find(|(i, _)| !line[i + 1..].contains(ENDS));
            let Some((gap, _)) = clock else { continue };
            let start = line[..gap]
                .rfind(is_space)
                .map_or(0, |i| i + line[i..].chars().next().map_or(1, char::len_utf8));
            let rest = &self.text[self.at..];
            let event = self.at..self.at + rest.find(ENDS).unwrap_or(rest.len());
            self.at = event.end;
            return Some(Found {
                whole: from + start..event.end,
                host: from + start..from + gap,
                clock: from + gap + 1..end,
                event,
            });
        }
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
struct Part {
    /// Every name, of hosts and in clocks.
    names: Hosts,
    events: Vec<Event>,
    /// Where the next event is looked for.
    end: usize,
}

impl Part {
    /// Finds the events of `text` from a byte on, so many at most; true once there are no more.
    fn read(
        &mut self,
        text: &str,
        parser: &Parser,
        lines: &mut Lines,
        from: usize,
        most: usize,
    ) -> Result<bool, ImportError> {
        for (nth, found) in (1..).zip(parser.find_all(text, from)) {
            let line = lines.of(text, found.clock.start);
            let host = self.names.id(&text[found.host]);
            let start = found.clock.start;
            let counts = parse_clock(&text[found.clock], || column(text, start), line)?;
            // A host that is counted but has no event is found out when the events are linked.
            let counts = counts.into_iter().filter(|(_, count)| *count > 0);
            let clock = counts.map(|(name, count)| (self.names.id(&name), count)).collect();
            let words = text[found.event].to_string();
            let event = Event { host, number: 0, clock, text: words, parents: Vec::new(), line };
            self.events.push(event);
            // What matches without a character would match again.
            let wide = text[found.whole.end..].chars().next().map_or(1, char::len_utf8);
            self.end = found.whole.end + if found.whole.is_empty() { wide } else { 0 };
            if nth >= most && self.end <= text.len() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// All of it, with the hosts in the order of their first events.
    fn execution(self, label: String) -> Execution {
        let Part { names, mut events, .. } = self;
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
            event.clock.sort_unstable();
            event.number = count(&event.clock, event.host);
        }
        Execution { label, hosts: order, events }
    }
}

/// Names numbered in the order in which they are met.
#[derive(Default)]
struct Hosts {
    ids: SortedMap<String, u32>,
    names: Vec<String>,
}

impl Hosts {
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

/// A JSON object of counts; `column` is where it starts in its line.
fn parse_clock(
    json: &str,
    column: impl Fn() -> u32,
    line: u32,
) -> Result<SortedMap<String, u64>, ImportError> {
    serde_json::from_str(json).map_err(|e| {
        let within = e.column().saturating_sub(1) as u32;
        let (line, column) = match e.line() {
            0 | 1 => (line, column() + within),
            lines => (line + lines as u32 - 1, within + 1),
        };
        let expected = "a clock, a JSON object of whole numbers such as {\"a\": 1}".to_string();
        ImportError::Format { line, column, expected }
    })
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

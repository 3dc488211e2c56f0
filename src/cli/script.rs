//! Scripts of interventions: lines as `400ms crash S1`, JSON lines, or one JSON array, of
//! `{"at": "1.2s", "do": ACTION}`.

use super::{Bad, Host};
use crate::core::action::{Action, Entry};
use crate::core::config::{Setup, parse_time, show_time};
use crate::core::quote::{cut, shown};
use crate::protocols::scene;
use crate::share::import::unix_lines;
use crate::share::link::{MAX_TIME, check_journal};
use crate::stories::names::Given;
use crate::stories::verbs::{Said, Scope, read, read_moment};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt;

/// Longest script that is read, in bytes.
pub const MAX_SCRIPT: usize = 8 << 20;

/// Steps between two looks at whether the user wants to stop.
const LOOK: u64 = 1_024;

/// A moment as people write it.
struct ScriptTime(u64);

impl<'de> Deserialize<'de> for ScriptTime {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl Visitor<'_> for V {
            type Value = ScriptTime;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a time such as \"1.2s\" or microseconds")
            }
            fn visit_u64<E: Error>(self, us: u64) -> Result<ScriptTime, E> {
                Ok(ScriptTime(us))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<ScriptTime, E> {
                let us = parse_time(text).and_then(|us| u64::try_from(us).ok());
                us.map(ScriptTime)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        d.deserialize_any(V)
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptLine {
    at: ScriptTime,
    #[serde(rename = "do")]
    action: Action,
}

/// An entry, or a line of a journal that is yet to be read, with its place.
enum ScriptEntry<'a> {
    Entry(Entry),
    Words { at: u64, verb: &'a str, line: usize, column: usize },
}

impl ScriptEntry<'_> {
    fn at(&self) -> u64 {
        match self {
            ScriptEntry::Entry(entry) => entry.at,
            ScriptEntry::Words { at, .. } => *at,
        }
    }
}

/// Reads a script for a run of this setup; entries come out in order of time. Names in `400ms crash
/// leader` are those of that moment. Complains as `file:line:column: what`.
pub fn parse(file: &str, bytes: &[u8], setup: &Setup, host: &dyn Host) -> Result<Vec<Entry>, Bad> {
    if bytes.len() > MAX_SCRIPT {
        return Err(format!("{file}: the script is longer than {} MB", MAX_SCRIPT >> 20).into());
    }
    let file = &*shown(file);
    let text = &*unix_lines(super::play::utf8(file, bytes)?);
    let entry = |l: ScriptLine| ScriptEntry::Entry(Entry { at: l.at.0, action: l.action });
    let mut lines: Vec<ScriptEntry> = if text.trim_start().starts_with('[') {
        let all =
            serde_json::from_str::<Vec<ScriptLine>>(text).map_err(|e| complaint(file, 0, &e))?;
        all.into_iter().map(entry).collect()
    } else {
        let mut lines = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let words = line.trim_start();
            if words.is_empty() || words.starts_with('#') {
                continue;
            }
            lines.push(match words.starts_with(|c: char| c.is_ascii_digit()) {
                true => journal_line(file, i, line)?,
                false => entry(serde_json::from_str(line).map_err(|e| complaint(file, i, &e))?),
            });
        }
        lines
    };
    lines.sort_by_key(ScriptEntry::at);
    let journal = resolve(file, lines, setup, host)?;
    check_journal(&journal).map_err(|why| format!("{file}: {why}"))?;
    Ok(journal)
}

/// `400ms crash S1`: its time, and the rest with its place.
fn journal_line<'a>(file: &str, i: usize, line: &'a str) -> Result<ScriptEntry<'a>, Bad> {
    let start = line.len() - line.trim_start().len();
    let place = |column: usize| format!("{file}:{}:{}", i + 1, column + 1);
    let (at, verb) = read_moment(line).map_err(|why| format!("{}: {why}", place(start)))?;
    if at > MAX_TIME {
        let most = show_time(MAX_TIME as i64);
        return Err(format!("{}: no run goes on beyond {most}", place(start)).into());
    }
    let column = line.trim_end().len() - verb.len();
    Ok(ScriptEntry::Words { at, verb, line: i + 1, column: column + 1 })
}

/// Plays the run as far as its lines need, so that each is read at its own moment.
fn resolve(
    file: &str,
    lines: Vec<ScriptEntry>,
    setup: &Setup,
    host: &dyn Host,
) -> Result<Vec<Entry>, Bad> {
    let Some(last) = lines.iter().rposition(|l| matches!(l, ScriptEntry::Words { .. })) else {
        let entry = |l| match l {
            ScriptEntry::Entry(entry) => Some(entry),
            ScriptEntry::Words { .. } => None,
        };
        return Ok(lines.into_iter().filter_map(entry).collect());
    };
    let scene = scene(&setup.scene)?;
    let calls = scene.info_of(&setup.preset).calls;
    let (mut world, given) = ((scene.build)(setup)?, Given::new());
    let mut journal = Vec::new();
    for (nth, line) in lines.into_iter().enumerate() {
        while nth <= last && world.next_due().is_some_and(|due| due < line.at()) {
            world.step();
            if world.steps().is_multiple_of(LOOK) && host.cancelled() {
                return Err(format!("{file}: stopped before the whole script was read").into());
            }
        }
        let entry = match line {
            ScriptEntry::Entry(entry) => entry,
            ScriptEntry::Words { at, verb, line, column } => {
                let view = world.view();
                let scope = Scope { view: &view, given: &given, calls };
                match read(scope, verb).map_err(|why| format!("{file}:{line}:{column}: {why}"))? {
                    Said::Act(action) => Entry { at, action },
                    Said::Name(..) => {
                        let why = "names are given in stories only";
                        return Err(format!("{file}:{line}:{column}: {why}").into());
                    }
                }
            }
        };
        world.act(&entry);
        journal.push(entry);
    }
    Ok(journal)
}

/// `file:line:column: what`, for JSON that starts `skipped` lines into the file.
pub fn complaint(file: &str, skipped: usize, e: &serde_json::Error) -> Bad {
    let text = e.to_string();
    // serde_json puts the place at the end; ours stands in front.
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    let what = cut(what, 1_000);
    format!("{file}:{}:{}: {what}", skipped + e.line().max(1), e.column().max(1)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    impl Host for Nobody {
        fn read(&self, path: &str) -> Result<Vec<u8>, String> {
            Err(format!("{path}: no such file"))
        }
        fn write(&self, path: &str, _: &[u8]) -> Result<(), String> {
            Err(format!("{path}: read only"))
        }
        fn stdin(&self) -> Result<String, String> {
            Ok(String::new())
        }
        fn clock_ms(&self) -> u64 {
            0
        }
    }

    fn parse(file: &str, bytes: &[u8]) -> Result<Vec<Entry>, Bad> {
        let setup = Setup { scene: "raft".into(), ..Setup::default() };
        super::parse(file, bytes, &setup, &Nobody)
    }

    fn says(text: &str) -> String {
        parse("s.jsonl", text.as_bytes()).unwrap_err().0
    }

    #[test]
    fn lines_of_a_journal_are_read_at_their_own_moment() {
        let text = "# by hand\n400ms crash leader\n {\"at\":\"1s\",\"do\":\"heal-all\"}\n1.2s restart crashed\n";
        let journal = parse("a", text.as_bytes()).unwrap();
        let Action::Crash { node, .. } = journal[0].action else { panic!("{journal:?}") };
        assert_eq!(journal[2], Entry { at: 1_200_000, action: Action::Restart(node) });
        assert_eq!(says("1ms crash leader"), "s.jsonl:1:5: there is no leader now");
        assert_eq!(says("\n  1ms  crash S77"), "s.jsonl:2:8: nobody is called 'S77'");
        assert_eq!(
            says("1parsec heal"),
            "s.jsonl:1:1: '1parsec' is not a time such as 1.2s or 400ms"
        );
        assert_eq!(says("1ms name a = S1"), "s.jsonl:1:5: names are given in stories only");
        assert_eq!(says("20000000min heal").split(": ").next(), Some("s.jsonl:1:1"));
    }

    #[test]
    fn lines_and_arrays_are_read_and_sorted() {
        let lines = "# a comment\n{\"at\":\"1.2s\",\"do\":\"heal-all\"}\n\n{\"at\":5,\"do\":{\"restart\":2}}\n";
        let array = "[{\"at\":5,\"do\":{\"restart\":2}},\n{\"at\":\"1200ms\",\"do\":\"heal-all\"}]";
        let journal = parse("a", lines.as_bytes()).unwrap();
        assert_eq!(journal.iter().map(|e| e.at).collect::<Vec<_>>(), [5, 1_200_000]);
        assert_eq!(journal, parse("a", array.as_bytes()).unwrap());
        assert_eq!(parse("a", b"").unwrap(), []);
    }

    #[test]
    fn a_corrupt_script_names_line_column_and_what_was_expected() {
        assert_eq!(
            says("{\"at\":1,\"do\":\"heal-all\"}\n{\"at\":\"soon\",\"do\":\"heal-all\"}"),
            "s.jsonl:2:12: invalid value: string \"soon\", expected a time such as \"1.2s\" or microseconds"
        );
        assert!(says("{\"at\":1,\"do\":\"explode\"}").starts_with(
            "s.jsonl:1:22: unknown variant `explode`, expected one of `deliver`, `drop`, "
        ));
        assert_eq!(says("{\"at\":1}"), "s.jsonl:1:8: missing field `do`");
        // The column is the string's end or just past it, depending on how the reader was built.
        let crash = says("[{\"at\":1,\n \"do\":{\"crash\":{\"node\":\"S1\"}}}]");
        assert!(crash.starts_with("s.jsonl:2:2"), "{crash}");
        assert!(crash.ends_with(": invalid type: string \"S1\", expected u16"), "{crash}");
        assert_eq!(says("{\"at\":1,"), "s.jsonl:1:8: EOF while parsing a value");
        assert_eq!(
            says("{\"at\":9999999999999999,\"do\":\"heal-all\"}"),
            "s.jsonl: entry 1 of the journal holds a number that is too large"
        );
        assert_eq!(
            parse("s", b"{\"at\":1}\xff").unwrap_err().0,
            "s:1:9: this byte is not UTF-8 text"
        );
        assert!(says(&"[".repeat(100_000)).starts_with("s.jsonl:1:"));
    }
}

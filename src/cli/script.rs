//! Scripts of interventions: JSON lines, or one JSON array, of `{"at": "1.2s", "do": ACTION}`.

use super::Bad;
use crate::core::action::{Action, Entry};
use crate::core::config::parse_time;
use crate::core::quote::{cut, shown};
use crate::share::import::unix_lines;
use crate::share::link::check_journal;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt;

/// Longest script that is read, in bytes.
pub const MAX_SCRIPT: usize = 8 << 20;

/// A moment as people write it.
struct Moment(u64);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl Visitor<'_> for V {
            type Value = Moment;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a time such as \"1.2s\" or microseconds")
            }
            fn visit_u64<E: Error>(self, us: u64) -> Result<Moment, E> {
                Ok(Moment(us))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Moment, E> {
                let us = parse_time(text).and_then(|us| u64::try_from(us).ok());
                us.map(Moment)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        d.deserialize_any(V)
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: Moment,
    #[serde(rename = "do")]
    action: Action,
}

/// Reads a script; entries come out in order of time. Complains as `file:line:column: what`.
pub fn parse(file: &str, bytes: &[u8]) -> Result<Vec<Entry>, Bad> {
    if bytes.len() > MAX_SCRIPT {
        return Err(format!("{file}: the script is longer than {} MB", MAX_SCRIPT >> 20).into());
    }
    let file = &*shown(file);
    let text = &*unix_lines(super::play::utf8(file, bytes)?);
    let lines = if text.trim_start().starts_with('[') {
        serde_json::from_str::<Vec<Line>>(text).map_err(|e| complaint(file, 0, &e))?
    } else {
        let mut lines = Vec::new();
        for (i, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                continue;
            }
            lines.push(serde_json::from_str(line).map_err(|e| complaint(file, i, &e))?);
        }
        lines
    };
    let mut journal: Vec<Entry> =
        lines.into_iter().map(|l: Line| Entry { at: l.at.0, action: l.action }).collect();
    journal.sort_by_key(|e| e.at);
    check_journal(&journal).map_err(|why| format!("{file}: {why}"))?;
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

    fn says(text: &str) -> String {
        parse("s.jsonl", text.as_bytes()).unwrap_err().0
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

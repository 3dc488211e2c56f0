//! Regular expressions of users, which may not be large: each counted repetition stands for as many
//! parts as it counts, and a match may hold a place for each.

use crate::share::import::execution::ImportError;
use regress::{Flags, Regex};

/// Longest pattern, in characters.
const MOST_CHARACTERS: usize = 4_096;
/// Parts of a pattern, with repetitions written out.
const MOST_PARTS: u64 = 20_000;

/// Compiles a pattern that is not too large.
pub(super) fn compile(what: &str, pattern: &str) -> Result<Regex, ImportError> {
    let options = |why: String| ImportError::Options(format!("the {what} {why}"));
    if pattern.chars().count() > MOST_CHARACTERS {
        return Err(options(format!("is longer than {MOST_CHARACTERS} characters")));
    }
    if parts(pattern) > MOST_PARTS {
        return Err(options(format!(
            "repeats too much: with its repetitions written out it has more than {MOST_PARTS} parts"
        )));
    }
    let flags = Flags { multiline: true, ..Flags::default() };
    Regex::with_flags(pattern, flags).map_err(|e| options(format!("is no regular expression: {e}")))
}

/// A group that is being read: parts so far, and those of what a repetition would be about.
#[derive(Default)]
struct OpenGroup {
    parts: u64,
    last: u64,
}

impl OpenGroup {
    fn add(&mut self, parts: u64) {
        self.parts = self.parts.saturating_add(parts);
        self.last = parts;
    }
    fn repeat(&mut self, times: u64) {
        let more = self.last.saturating_mul(times.saturating_sub(1));
        self.parts = self.parts.saturating_add(more);
        self.last = self.last.saturating_mul(times.max(1));
    }
}

/// How many parts there are with all counted repetitions written out. What is no pattern has some
/// number of them.
fn parts(pattern: &str) -> u64 {
    let (mut group, mut outer) = (OpenGroup::default(), Vec::new());
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let mut next = &rest[c.len_utf8()..];
        match c {
            '(' => {
                next = after_kind(next);
                outer.push(std::mem::take(&mut group));
            }
            ')' => {
                let inner = group.parts;
                group = outer.pop().unwrap_or_default();
                group.add(inner.saturating_add(1));
            }
            '[' => {
                next = after_class(next);
                group.add(1);
            }
            '\\' => {
                let mut escaped = next.chars();
                escaped.next();
                next = escaped.as_str();
                group.add(1);
            }
            '*' | '+' | '?' => {}
            '{' => match times(next) {
                Some((times, after)) => {
                    group.repeat(times);
                    next = after;
                }
                None => group.add(1),
            },
            _ => group.add(1),
        }
        rest = next;
    }
    outer.iter().fold(group.parts, |all, o| all.saturating_add(o.parts))
}

/// What follows `?:`, `?=`, `?<name>` and the like.
fn after_kind(text: &str) -> &str {
    let Some(kind) = text.strip_prefix('?') else { return text };
    match kind.strip_prefix('<').filter(|k| !k.starts_with(['=', '!'])) {
        Some(name) => name.split_once('>').map_or(name, |(_, after)| after),
        None => kind.trim_start_matches(['<', ':', '=', '!']),
    }
}

/// What follows the end of a class of characters.
fn after_class(text: &str) -> &str {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ']' => break,
            '\\' => _ = chars.next(),
            _ => {}
        }
    }
    chars.as_str()
}

/// The most times of `2}`, `2,}` or `2,5}`, and what follows.
fn times(text: &str) -> Option<(u64, &str)> {
    let (count, after) = text.split_once('}')?;
    let number = |t: &str| {
        let digits = !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| t.parse().unwrap_or(u64::MAX))
    };
    match count.split_once(',') {
        None => Some((number(count)?, after)),
        Some((least, "")) => Some((number(least)?.saturating_add(1), after)),
        Some((least, most)) => Some((number(least)?.max(number(most)?), after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_repetitions_multiply() {
        for (pattern, count) in [
            ("abc", 3),
            ("a{3}", 3),
            ("a{3,}b", 5),
            ("(a{2,5}b){10}", 70),
            ("(?:(?:a?){10}){10}", 210),
            ("(?<host>\\S*) (?<clock>{.*})\\n(?<event>.*)", 10),
            ("[a{9}]{2}\\{{3}", 5),
            ("(?<=a){2}(?!b)", 6),
            ("{2}", 0),
            ("a{x}{2}", 5),
            ("a{99999999999999999999}", u64::MAX),
        ] {
            assert_eq!(parts(pattern), count, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_has_a_limit_of_memory() {
        let says = |pattern: &str| match compile("parser", pattern) {
            Err(ImportError::Options(text)) => text,
            other => panic!("{other:?}"),
        };
        let nested = "(?:(?:(?:a?){1000}){1000}){1000}";
        assert_eq!(
            says(nested),
            "the parser repeats too much: with its repetitions written out it has more than 20000 parts"
        );
        assert_eq!(says(&"a".repeat(5_000)), "the parser is longer than 4096 characters");
        assert!(says("(").starts_with("the parser is no regular expression: "));
        assert!(says(&"(".repeat(4_000)).starts_with("the parser is no regular expression: "));
        assert!(
            compile("parser", r"(?<host>\w{1,64}) (?<clock>{.*})\n(?<event>.{0,1000})").is_ok()
        );
    }
}

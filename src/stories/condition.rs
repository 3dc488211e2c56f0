//! Conditions of a run: read once, then held against as many moments as one likes.
//!
//! All parts joined by `&` must hold; `not` turns a part round.
//!
//! `rule BecomeLeader` (the step just taken applied this rule) · `rule Timeout S3` · `violation` ·
//! `violation log-matching` · `S3 Leader` (role) · `S3 crashed` · `S3.commitIndex >= 5` ·
//! `committed >= 3` · `epoch >= 2` · `leaders = 2` · `op ok` / `op unknown` / `op fail` (the last
//! operation that ended) · `op A open` · `after 200ms` (since the wait began) · `lost` · `heard` ·
//! `moving = 0` (keys on their way) · `moved >= 9` (by the last change of members; `moved.modulo`
//! under another rule) · `ranges >= 4` · `hottest >= 90` (the share of all requests that the hottest
//! range takes, in hundredths) · `fanout >= 16` (ranges that the last scan asked) ·
//! `took >= 80000` (microseconds of the operation that ended last) ·
//! `stale = 0` (reads so far that were stale, in parts per million; `judged` counts those that could
//! be; `stale@50ms` asks only for what was confirmed that long before) · `p99 >= 20000`
//! (microseconds that 99 of 100 reads took at most, or writes if they took longer) ·
//! `fact all-agree` (the observer states it) · `fact heirs = 1` (with this number)

use super::moment::Moment;
use super::names::Missing;
use crate::core::config::{parse_time, show_time};
use std::fmt;

/// A condition that has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    parts: Vec<ConditionPart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct ConditionPart {
    not: bool,
    test: Test,
}

/// What a part asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// The observer states a fact, or states it with such a number.
    Fact { id: String, number: Option<(Compare, i64)> },
    /// The step just taken applied a rule, at one process if it is named.
    Rule { rule: String, who: Option<String> },
    /// This property is broken, or any.
    Violation(Option<String>),
    /// So many microseconds have gone by since the wait began.
    After(u64),
    /// The step just taken lost a message.
    Lost,
    /// The step just taken received one.
    Heard,
    /// How the last operation stands: of one client, or the last that has ended at all.
    Operation { client: Option<String>, end: ExpectedEnd },
    /// A number that can be seen.
    Compare { number: Number, compare: Compare, value: i64 },
    /// How a process is.
    Is { who: String, state: ExpectedState },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExpectedEnd {
    Open,
    Ok,
    Fail,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    AtLeast,
    Equals,
}

impl Compare {
    pub(super) fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Compare::AtLeast => left >= right,
            Compare::Equals => left == right,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ExpectedState {
    Crashed,
    Up,
    Paused,
    /// Plays this role, and is not down.
    Role(String),
}

/// A number that can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Committed,
    Epoch,
    Leaders,
    Now,
    Ranges,
    Hottest,
    Fanout,
    Moving,
    /// Keys moved by the last change of members, under the rule in force or another.
    Moved(Option<String>),
    /// Share of stale reads; only of what was confirmed so many microseconds before.
    Stale(u64),
    Judged,
    Took,
    P99,
    Field {
        who: String,
        field: String,
    },
}

const ENDS: [(&str, ExpectedEnd); 4] = [
    ("open", ExpectedEnd::Open),
    ("ok", ExpectedEnd::Ok),
    ("fail", ExpectedEnd::Fail),
    ("unknown", ExpectedEnd::Unknown),
];

const NUMBERS: [(&str, Number); 12] = [
    ("committed", Number::Committed),
    ("epoch", Number::Epoch),
    ("leaders", Number::Leaders),
    ("now", Number::Now),
    ("ranges", Number::Ranges),
    ("hottest", Number::Hottest),
    ("fanout", Number::Fanout),
    ("moving", Number::Moving),
    ("moved", Number::Moved(None)),
    ("stale", Number::Stale(0)),
    ("judged", Number::Judged),
    ("took", Number::Took),
];

/// Why a text is not a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The whole text.
    pub text: String,
    /// Where reading stopped: the place of a letter, from 1.
    pub at: usize,
    /// What is wrong there.
    pub why: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Unreadable { text, at, why } = self;
        write!(f, "cannot read condition '{text}': at letter {at}, {why}")
    }
}

impl From<Unreadable> for String {
    fn from(why: Unreadable) -> String {
        why.to_string()
    }
}

/// A word and where it begins, in letters from 1.
type Word<'a> = (usize, &'a str);

/// A complaint about a word.
type Wrong = (usize, String);

impl Condition {
    /// Reads a condition; an empty text always holds.
    pub fn read(text: &str) -> Result<Condition, Unreadable> {
        let mut parts: Vec<ConditionPart> = Vec::new();
        let fail = |(at, why): Wrong| Unreadable { text: text.trim().into(), at, why };
        if text.trim().is_empty() {
            return Ok(Condition::default());
        }
        let skipped = text.chars().take_while(|c| c.is_whitespace()).count();
        let mut from = 1 - skipped as isize;
        for part in text.split('&') {
            let at = |byte: usize| (from + part[..byte].chars().count() as isize).max(1) as usize;
            let base = part.as_ptr() as usize;
            let words: Vec<Word> =
                part.split_whitespace().map(|w| (at(w.as_ptr() as usize - base), w)).collect();
            let not = matches!(words[..], [(_, "not"), _, ..]);
            let words = if not { &words[1..] } else { &words[..] };
            let end = at(part.trim_end().len());
            parts.push(ConditionPart { not, test: test(words, end).map_err(fail)? });
            from += part.chars().count() as isize + 1;
        }
        Ok(Condition { parts })
    }

    /// Does it hold? The error names what the condition speaks of and the world does not have.
    pub fn holds(&self, moment: &Moment) -> Result<bool, Missing> {
        // What needs no view is asked first.
        let (cheap, dear): (Vec<&ConditionPart>, Vec<&ConditionPart>) =
            self.parts.iter().partition(|p| p.test.needs_no_view());
        for part in cheap.into_iter().chain(dear) {
            match moment.test(&part.test) {
                Ok(holds) if holds != part.not => {}
                // Of whom there is none now, nothing is true.
                Ok(_) | Err(Missing::NotNow(_)) => return Ok(false),
                Err(why) => return Err(why),
            }
        }
        Ok(true)
    }

    /// Is everything there that it speaks of, now or at another time?
    pub fn check(&self, moment: &Moment) -> Result<(), Missing> {
        self.tests().try_for_each(|test| match moment.test(test) {
            Ok(_) | Err(Missing::NotNow(_)) => Ok(()),
            Err(why) => Err(why),
        })
    }

    fn tests(&self) -> impl Iterator<Item = &Test> {
        self.parts.iter().map(|p| &p.test)
    }

    /// The longest wait that it names with `after`, in microseconds.
    pub fn wait(&self) -> Option<u64> {
        let waits = self.tests().filter_map(|t| match t {
            Test::After(us) => Some(*us),
            _ => None,
        });
        waits.max()
    }

    /// Does it ask what time it is?
    pub fn asks_time(&self) -> bool {
        let timed =
            |t: &Test| matches!(t, Test::After(_) | Test::Compare { number: Number::Now, .. });
        self.tests().any(timed)
    }

    /// Does it ask how operations ended?
    pub fn asks_operations(&self) -> bool {
        use Number::{Judged, P99, Stale, Took};
        self.tests().any(|t| match t {
            Test::Operation { .. } => true,
            Test::Compare { number, .. } => matches!(number, Stale(_) | Judged | Took | P99),
            _ => false,
        })
    }

    /// Does it ask who is down, or what was lost?
    pub fn asks_faults(&self) -> bool {
        let faulty = |t: &Test| match t {
            Test::Is { state, .. } => matches!(state, ExpectedState::Crashed | ExpectedState::Up),
            Test::Lost => true,
            _ => false,
        };
        self.tests().any(faulty)
    }

    /// Is it true of a state whatever the servers are called?
    pub fn names_nobody(&self) -> bool {
        self.tests().all(|t| match t {
            Test::Violation(_) | Test::Rule { who: None, .. } => true,
            Test::Operation { client: None, .. } | Test::Lost | Test::Heard => true,
            Test::Compare { number, .. } => {
                matches!(number, Number::Committed | Number::Epoch | Number::Leaders)
            }
            _ => false,
        })
    }

    /// Does it stay true, unlike something that happens in one step?
    pub fn is_lasting(&self) -> bool {
        let brief = |t: &Test| {
            matches!(t, Test::Rule { .. } | Test::Lost | Test::Heard | Test::Operation { .. })
        };
        !self.tests().any(brief)
    }

    /// Is this all it asks: that one property be broken?
    pub fn violation(&self) -> Option<&str> {
        match &self.parts[..] {
            [ConditionPart { not: false, test: Test::Violation(Some(id)) }] => Some(id),
            _ => None,
        }
    }

    /// Does a scene with these facts and properties have what it speaks of? If not, one sentence.
    pub fn check_ids(&self, facts: &[&str], properties: &[&str]) -> Result<(), String> {
        let known = |what: &str, id: &str, all: &[&str]| match all {
            _ if all.contains(&id) => Ok(()),
            [] => Err(format!("there is no {what} '{id}' here")),
            _ => Err(format!("there is no {what} '{id}' here, only {}", all.join(", "))),
        };
        self.tests().try_for_each(|t| match t {
            Test::Fact { id, .. } if id != "outside" => known("fact", id, facts),
            Test::Violation(Some(id)) => known("property", id, properties),
            _ => Ok(()),
        })
    }
}

impl Test {
    fn needs_no_view(&self) -> bool {
        match self {
            Test::Violation(_) | Test::After(_) | Test::Lost | Test::Heard => true,
            Test::Rule { who, .. } => who.is_none(),
            Test::Operation { client, .. } => client.is_none(),
            Test::Fact { .. } | Test::Compare { .. } | Test::Is { .. } => false,
        }
    }
}

fn test(words: &[Word], end: usize) -> Result<Test, Wrong> {
    let text = |w: &str| w.to_string();
    Ok(match *words {
        [] => return Err((end, "a part is missing".into())),
        [(_, "fact"), (_, id)] => Test::Fact { id: text(id), number: None },
        [(_, "fact"), (_, id), how, value] => {
            Test::Fact { id: text(id), number: Some((compare(how)?, integer(value)?)) }
        }
        [(_, "rule"), (_, rule)] => Test::Rule { rule: text(rule), who: None },
        [(_, "rule"), (_, rule), (_, who)] => Test::Rule { rule: text(rule), who: Some(text(who)) },
        [(_, "violation")] => Test::Violation(None),
        [(_, "violation"), (_, id)] => Test::Violation(Some(text(id))),
        [(_, "after"), (at, time)] => {
            let us = parse_time(time).and_then(|us| u64::try_from(us).ok());
            Test::After(us.ok_or_else(|| (at, format!("'{time}' is not a time such as 200ms")))?)
        }
        [(_, "lost")] => Test::Lost,
        [(_, "heard")] => Test::Heard,
        [(_, "op"), how] => Test::Operation { client: None, end: ending(how)? },
        [(_, "op"), (_, client), how] => {
            Test::Operation { client: Some(text(client)), end: ending(how)? }
        }
        [(at, word @ ("fact" | "rule" | "after" | "op")), ..] => {
            let form = match word {
                "fact" => "`fact ID`, or `fact ID = 1`",
                "rule" => "`rule NAME`, or `rule NAME S1`",
                "after" => "`after 200ms`",
                _ => "`op ok`, or `op A ok`",
            };
            return Err((at, format!("'{word}' is used as {form}")));
        }
        [what, how, value] => {
            let how = compare(how)?;
            Test::Compare { number: number(what)?, compare: how, value: integer(value)? }
        }
        [(_, who), (_, state)] => Test::Is {
            who: text(who),
            state: match state {
                "crashed" => ExpectedState::Crashed,
                "up" => ExpectedState::Up,
                "paused" => ExpectedState::Paused,
                role => ExpectedState::Role(text(role)),
            },
        },
        [(at, word)] => return Err((at, format!("'{word}' says nothing that can hold"))),
        [_, _, _, (at, word), ..] => return Err((at, format!("'{word}' is one word too many"))),
    })
}

fn ending((at, word): Word) -> Result<ExpectedEnd, Wrong> {
    let found = ENDS.iter().find(|(name, _)| *name == word).map(|e| e.1);
    found.ok_or_else(|| (at, format!("'{word}' is none of open, ok, fail and unknown")))
}

fn compare((at, word): Word) -> Result<Compare, Wrong> {
    match word {
        ">=" => Ok(Compare::AtLeast),
        "=" => Ok(Compare::Equals),
        _ => Err((at, format!("'{word}' is neither >= nor ="))),
    }
}

fn integer((at, word): Word) -> Result<i64, Wrong> {
    word.parse().map_err(|_| (at, format!("'{word}' is not a whole number")))
}

fn number((at, word): Word) -> Result<Number, Wrong> {
    if let Some((_, number)) = NUMBERS.iter().find(|(name, _)| *name == word) {
        return Ok(number.clone());
    }
    if word == "p99" {
        return Ok(Number::P99);
    }
    if let Some(time) = word.strip_prefix("stale@") {
        let us = parse_time(time).and_then(|us| u64::try_from(us).ok());
        let wrong = || (at + "stale@".len(), format!("'{time}' is not a time such as 50ms"));
        return us.map(Number::Stale).ok_or_else(wrong);
    }
    match word.split_once('.') {
        Some(("moved", rule)) => Ok(Number::Moved(Some(rule.into()))),
        Some((who, field)) if !who.is_empty() && !field.is_empty() => {
            Ok(Number::Field { who: who.into(), field: field.into() })
        }
        _ => Err((at, format!("there is no number called '{word}'"))),
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (i, ConditionPart { not, test }) in self.parts.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { " & " })?;
            f.write_str(if *not { "not " } else { "" })?;
            write!(f, "{test}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let name = |end: &ExpectedEnd| ENDS.iter().find(|(_, e)| e == end).map_or("", |e| e.0);
        match self {
            Test::Fact { id, number: None } => write!(f, "fact {id}"),
            Test::Fact { id, number: Some((compare, value)) } => {
                write!(f, "fact {id} {compare} {value}")
            }
            Test::Rule { rule, who: None } => write!(f, "rule {rule}"),
            Test::Rule { rule, who: Some(who) } => write!(f, "rule {rule} {who}"),
            Test::Violation(None) => f.write_str("violation"),
            Test::Violation(Some(id)) => write!(f, "violation {id}"),
            Test::After(us) => write!(f, "after {}", time(*us)),
            Test::Lost => f.write_str("lost"),
            Test::Heard => f.write_str("heard"),
            Test::Operation { client: None, end } => write!(f, "op {}", name(end)),
            Test::Operation { client: Some(client), end } => {
                write!(f, "op {client} {}", name(end))
            }
            Test::Compare { number, compare, value } => write!(f, "{number} {compare} {value}"),
            Test::Is { who, state } => write!(f, "{who} {state}"),
        }
    }
}

fn time(us: u64) -> String {
    show_time(i64::try_from(us).unwrap_or(i64::MAX))
}

impl fmt::Display for Compare {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Compare::AtLeast => ">=",
            Compare::Equals => "=",
        })
    }
}

impl fmt::Display for ExpectedState {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            ExpectedState::Crashed => "crashed",
            ExpectedState::Up => "up",
            ExpectedState::Paused => "paused",
            ExpectedState::Role(role) => role,
        })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Number::Moved(Some(rule)) => write!(f, "moved.{rule}"),
            Number::Stale(us @ 1..) => write!(f, "stale@{}", time(*us)),
            Number::Field { who, field } => write!(f, "{who}.{field}"),
            Number::P99 => f.write_str("p99"),
            plain => {
                let named = NUMBERS.iter().find(|(_, n)| n == plain);
                f.write_str(named.map_or("", |n| n.0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> String {
        Condition::read(text).unwrap_err().to_string()
    }

    #[test]
    fn a_condition_is_written_as_it_is_read() {
        for text in [
            "",
            "rule BecomeLeader",
            "rule Timeout S3 & not violation log-matching & violation",
            "after 1.5s & lost & heard",
            "op ok & op A open & not op B unknown & op fail",
            "S1 crashed & leader up & S3 paused & S4 Leader",
            "S1.log >= -5 & committed = 3 & epoch >= 2 & leaders = 2 & now >= 0",
            "moving = 0 & moved >= 9 & moved.modulo >= 7 & ranges >= 4 & hottest >= 90",
            "fanout >= 16 & took >= 80000 & stale = 0 & stale@50ms >= 1 & judged >= 4 & p99 >= 2",
            "fact all-agree & not fact heirs = 1 & fact scan >= 4",
        ] {
            let read = Condition::read(text).unwrap();
            assert_eq!(read.to_string(), text);
            assert_eq!(Condition::read(&read.to_string()), Ok(read));
        }
        let loose = Condition::read("  not   lost&  S1   Leader ").unwrap();
        assert_eq!(loose.to_string(), "not lost & S1 Leader");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        assert_eq!(
            says("the moon rises"),
            "cannot read condition 'the moon rises': at letter 5, 'moon' is neither >= nor ="
        );
        assert_eq!(
            says("  lost & op A gone"),
            "cannot read condition 'lost & op A gone': at letter 13, 'gone' is none of open, ok, fail and unknown"
        );
        assert_eq!(
            says("S1.log >= many"),
            "cannot read condition 'S1.log >= many': at letter 11, 'many' is not a whole number"
        );
        assert_eq!(
            says("lost &"),
            "cannot read condition 'lost &': at letter 7, a part is missing"
        );
        assert_eq!(
            says("size >= 3"),
            "cannot read condition 'size >= 3': at letter 1, there is no number called 'size'"
        );
        assert_eq!(
            says("after noon"),
            "cannot read condition 'after noon': at letter 7, 'noon' is not a time such as 200ms"
        );
        assert_eq!(
            says("stale@x = 1"),
            "cannot read condition 'stale@x = 1': at letter 7, 'x' is not a time such as 50ms"
        );
        assert!(says("rule").ends_with("'rule' is used as `rule NAME`, or `rule NAME S1`"));
        assert!(says("soon").ends_with("at letter 1, 'soon' says nothing that can hold"));
        assert!(says("S1 is a Leader").ends_with("at letter 9, 'Leader' is one word too many"));
    }

    #[test]
    fn what_a_condition_asks_is_known_before_it_is_held_against_anything() {
        let read = |text| Condition::read(text).unwrap();
        assert_eq!(read("after 2s & after 900ms").wait(), Some(2_000_000));
        assert!(read("now >= 5").asks_time() && !read("lost").asks_time());
        assert!(read("lost & not op A ok").asks_operations());
        assert!(read("took >= 3").asks_operations() && !read("epoch >= 3").asks_operations());
        assert!(read("S1 crashed").asks_faults() && !read("S1 Leader").asks_faults());
        assert!(read("leaders = 2 & not violation & rule Timeout & op ok").names_nobody());
        assert!(!read("rule Timeout S1").names_nobody() && !read("op A ok").names_nobody());
        assert!(read("S1 Leader").is_lasting() && !read("S1 Leader & rule Timeout").is_lasting());
        let why = read("fact agree").check_ids(&["all-agree", "states"], &[]);
        assert_eq!(why.unwrap_err(), "there is no fact 'agree' here, only all-agree, states");
    }
}

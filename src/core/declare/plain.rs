//! Data without its types, for words and for documents.

use crate::core::config::show_time;
use crate::core::ids::{NodeId, OpId};
use crate::core::protocol::key_name;
use serde::{Serialize, Serializer};

/// What a piece of state or a message says, as plain data: told in words, or written as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plain {
    /// There is none.
    Nothing,
    /// Yes or no.
    Truth(bool),
    /// A number.
    Number(i128),
    /// Microseconds.
    Time(i64),
    /// A key.
    Key(u32),
    /// A process.
    Node(NodeId),
    /// A client's operation, by its name.
    Operation(OpId),
    /// Words.
    Text(String),
    /// Several.
    List(Vec<Plain>),
    /// Pairs.
    Map(Vec<(Plain, Plain)>),
    /// Named parts.
    Fields(Vec<(&'static str, Plain)>),
    /// The same, told beside the fields around them; none is not told at all.
    Beside(Vec<(&'static str, Plain)>),
    /// One of several kinds: which, and its parts.
    Kind(&'static str, Box<Plain>),
}

/// One more named part: a call where a program would otherwise be long.
#[inline(never)]
pub fn part(parts: &mut Vec<(&'static str, Plain)>, name: &'static str, what: Plain) {
    parts.push((name, what));
}

impl Plain {
    /// In words; `name` tells what a server is called. The names of operations are left out: a client
    /// knows them, nobody reads them.
    pub fn text(&self, name: fn(u16) -> String) -> String {
        let joined = |all: &[Plain]| {
            all.iter().map(|one| one.text(name)).filter(|t| !t.is_empty()).collect::<Vec<_>>()
        };
        match self {
            Plain::Nothing => "nil".into(),
            Plain::Truth(yes) => yes.to_string(),
            Plain::Number(n) => n.to_string(),
            Plain::Time(us) => show_time(*us),
            Plain::Key(key) => key_name(*key),
            Plain::Node(n) => name(n.0),
            Plain::Operation(_) => String::new(),
            Plain::Text(text) => text.clone(),
            Plain::List(all) => joined(all).join(" "),
            Plain::Map(all) => {
                let pair = |(k, v): &(Plain, Plain)| format!("{}={}", k.text(name), v.text(name));
                all.iter().map(pair).collect::<Vec<_>>().join(" ")
            }
            Plain::Fields(fields) | Plain::Beside(fields) => {
                let told = details(fields, name);
                // What is alone needs no title.
                if let [(_, text)] = &told[..] {
                    return text.clone();
                }
                let pair = |(title, text): (String, String)| format!("{title} {text}");
                told.into_iter().map(pair).collect::<Vec<_>>().join(", ")
            }
            Plain::Kind(kind, parts) => match (&**parts, parts.text(name)) {
                (Plain::Nothing, _) => words(kind),
                (_, text) if text.is_empty() => words(kind),
                (_, text) => format!("{} {text}", words(kind)),
            },
        }
    }

    /// As a part that is not mentioned where there is none, and whose own parts stand beside others.
    pub fn part(self) -> Plain {
        match self {
            Plain::Nothing => Plain::Beside(Vec::new()),
            Plain::Fields(parts) => Plain::Beside(parts),
            Plain::Kind(kind, parts) => match *parts {
                Plain::Fields(parts) => Plain::Beside(parts),
                Plain::Nothing => Plain::Beside(Vec::new()),
                one => Plain::Beside(vec![(kind, one)]),
            },
            other => other,
        }
    }

    /// What a message says, as names and values in words.
    pub fn details(&self, name: fn(u16) -> String) -> Vec<(String, String)> {
        match self {
            Plain::Fields(fields) | Plain::Beside(fields) => details(fields, name),
            // The kind is the message's own name.
            Plain::Kind(kind, parts) => match &**parts {
                Plain::Fields(_) | Plain::Kind(..) => parts.details(name),
                Plain::Nothing => Vec::new(),
                one => vec![(words(kind), one.text(name))],
            },
            Plain::Nothing | Plain::Operation(_) => Vec::new(),
            one => vec![("content".into(), one.text(name))],
        }
    }
}

fn details(fields: &[(&'static str, Plain)], name: fn(u16) -> String) -> Vec<(String, String)> {
    let told = fields.iter().flat_map(|(field, part)| match part {
        Plain::Operation(_) => Vec::new(),
        Plain::Beside(parts) => details(parts, name),
        part => vec![(title(field), part.text(name))],
    });
    told.collect()
}

/// `prev_log_index` as words; `prevLogIndex` and `T_m` are a paper's, and stay.
fn title(name: &str) -> String {
    let own = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(own) { name.replace('_', " ") } else { name.into() }
}

/// `PrevLog` as words.
fn words(kind: &str) -> String {
    let mut out = String::new();
    for c in kind.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    out
}

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Plain::Nothing => s.serialize_none(),
            Plain::Truth(yes) => s.serialize_bool(*yes),
            Plain::Number(n) => match i64::try_from(*n) {
                Ok(n) => s.serialize_i64(n),
                // What JSON's readers would round stays exact as a string.
                Err(_) => s.serialize_str(&n.to_string()),
            },
            Plain::Time(us) => s.serialize_i64(*us),
            Plain::Key(key) => s.serialize_str(&key_name(*key)),
            Plain::Node(n) => s.serialize_u16(n.0),
            Plain::Operation(op) => op.serialize(s),
            Plain::Text(text) => s.serialize_str(text),
            Plain::List(all) => s.collect_seq(all),
            Plain::Map(all) => s.collect_seq(all),
            Plain::Beside(none) if none.is_empty() => s.serialize_none(),
            Plain::Fields(fields) | Plain::Beside(fields) => {
                s.collect_map(fields.iter().map(|(name, part)| (name, part)))
            }
            Plain::Kind(kind, parts) => match &**parts {
                Plain::Nothing => s.serialize_str(kind),
                parts => s.collect_map([(kind, parts)]),
            },
        }
    }
}

//! A type's name says what it is wherever it is read, so the library has it once.

use crate::source::{Source, sources};
use std::collections::BTreeMap;

/// What one protocol, model or component of the page has of each kind, as its trait calls it:
/// `raft::State` and `lamport::State` are both `Protocol::State`.
const ROLES: [(&str, &[&str]); 3] = [
    (
        "src/protocols/",
        &[
            "Config", "Cx", "Durable", "Message", "N", "Observer", "Op", "Ret", "State", "Timer",
            "Token",
        ],
    ),
    ("src/models/", &["Action", "Mutant", "State"]),
    ("src/ui/", &["Msg"]),
];

fn is_role(file: &str, name: &str) -> bool {
    ROLES.iter().any(|(folder, names)| file.starts_with(folder) && names.contains(&name))
}

/// Does the item at a line stand in a function or in a macro's definition?
fn is_local(source: &Source, line: usize) -> bool {
    let at: usize = source.code.lines().take(line - 1).map(|l| l.len() + 1).sum();
    let (mut heads, mut head) = (Vec::new(), 0);
    for (i, c) in source.code[..at].char_indices() {
        match c {
            '{' => {
                heads.push(&source.code[head..i]);
                head = i + 1;
            }
            '}' => {
                heads.pop();
                head = i + 1;
            }
            ';' => head = i + 1,
            _ => {}
        }
    }
    heads.iter().any(|head| {
        let mut words = head.split(|c: char| c.is_whitespace() || c == '(');
        words.any(|w| w == "fn" || w == "macro_rules!")
    })
}

/// Names that are defined more than once, with where.
fn twice(sources: &[Source]) -> Vec<(String, Vec<String>)> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources {
        for t in source.types() {
            if !is_role(&source.name, t.name) && !is_local(source, t.line) {
                let places = all.entry(t.name.to_string()).or_default();
                places.push(format!("{}:{}", source.name, t.line));
            }
        }
    }
    all.into_iter().filter(|(_, places)| places.len() > 1).collect()
}

#[test]
fn a_type_has_its_name_to_itself() {
    let all = sources(&["src"]);
    let count: usize = all.iter().map(|s| s.types().len()).sum();
    assert!(count > 800, "only {count} types are seen");
    let lines = twice(&all).into_iter().map(|(name, at)| format!("{name}: {}", at.join(", ")));
    let lines: Vec<String> = lines.collect();
    assert!(lines.is_empty(), "say which kind each of these is:\n{}", lines.join("\n"));
}

#[test]
fn a_second_type_of_a_name_is_seen() {
    let source = |name: &str, text: &str| Source::of(name.into(), text);
    let names = |sources: &[Source]| twice(sources).into_iter().map(|t| t.0).collect::<Vec<_>>();
    let one = || source("src/core/a.rs", "pub struct Slot;\ntype Few<T> = Vec<T>;\nenum State {}");
    assert_eq!(names(&[one()]), [""; 0]);
    assert_eq!(names(&[one(), source("src/ui/b.rs", "enum Slot {}")]), ["Slot"]);
    assert_eq!(names(&[one(), source("src/ui/b.rs", "data! { pub struct Slot {} }")]), ["Slot"]);
    assert_eq!(names(&[one(), source("src/ui/b.rs", "type Few<T> = Option<T>;")]), ["Few"]);
    // Of a function, of a macro, of a trait, of a protocol, of tests.
    for (name, text) in [
        ("src/ui/b.rs", "fn f() {\n    struct Slot;\n}"),
        ("src/ui/b.rs", "macro_rules! m {\n    () => { struct Slot; };\n}"),
        ("src/ui/b.rs", "impl T for U {\n    type Slot = u8;\n}"),
        ("src/protocols/x/mod.rs", "enum State {}"),
        ("src/ui/b.rs", "#[cfg(test)]\nmod tests {\n    struct Slot;\n}"),
        ("src/ui/b.rs", "// struct Slot;\nconst S: &str = \"struct Slot;\";"),
    ] {
        assert_eq!(names(&[one(), source(name, text)]), [""; 0], "{text}");
    }
}

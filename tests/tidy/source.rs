//! Rust files as their meaning: code without comments and without what only tests use, the texts of
//! string literals, types with what they derive, and the paths that are named.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The texts of all files below a folder, or of one file, by name.
pub fn texts(dir: &str, extension: &str) -> Vec<(String, String)> {
    fn walk(path: &Path, extension: &str, all: &mut Vec<PathBuf>) {
        if let Ok(entries) = fs::read_dir(path) {
            entries.flatten().for_each(|entry| walk(&entry.path(), extension, all));
        } else if path.extension().is_some_and(|e| e == extension) {
            all.push(path.to_path_buf());
        }
    }
    let mut all = Vec::new();
    walk(&root().join(dir), extension, &mut all);
    all.sort();
    assert!(!all.is_empty(), "nothing to look at in {dir}");
    let read = |p: PathBuf| {
        let name = p.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
        (name, fs::read_to_string(&p).expect("readable"))
    };
    all.into_iter().map(read).collect()
}

/// A Rust file.
pub struct Source {
    pub name: String,
    /// Comments, the contents of literals and what only tests use are blank; lines stay where they
    /// were.
    pub code: String,
    /// What stands in string literals, each with its line.
    pub literals: Vec<(usize, String)>,
    /// Modules that are files of their own and that only tests use.
    hidden: Vec<String>,
}

/// The files of some folders, less those that only tests use.
pub fn sources(dirs: &[&str]) -> Vec<Source> {
    let all: Vec<Source> =
        dirs.iter().flat_map(|d| texts(d, "rs")).map(|(n, t)| Source::of(n, &t)).collect();
    // The modules of a whole crate are declared in its other files.
    let crate_wide = texts("src", "rs").into_iter().map(|(n, t)| Source::of(n, &t));
    let hidden: BTreeSet<String> = crate_wide.flat_map(|s| s.hidden_files()).collect();
    let shown = |s: &Source| {
        let file = s.name.trim_end_matches(".rs").trim_end_matches("/mod");
        !hidden.iter().any(|h| file == h || file.starts_with(&format!("{h}/")))
    };
    all.into_iter().filter(shown).collect()
}

impl Source {
    pub fn of(name: String, text: &str) -> Source {
        let (mut code, literals) = strip(text);
        let (mut hidden, mut literals) = (Vec::new(), literals);
        while let Some(at) = code.find("#[cfg(test)]") {
            let end = item_end(&code, at + "#[cfg(test)]".len());
            let item = &code[at..end];
            if let Some(module) = item.trim_end_matches(';').rsplit_once("mod ")
                && item.ends_with(';')
            {
                hidden.push(module.1.trim().to_string());
            }
            let (first, last) = (line_of(&code, at), line_of(&code, end));
            literals.retain(|(line, _)| !(first..=last).contains(line));
            let blank: String = item.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
            code.replace_range(at..end, &blank);
        }
        Source { name, code, literals, hidden }
    }

    fn hidden_files(&self) -> Vec<String> {
        let file = self.name.trim_end_matches(".rs");
        let folder = match file.rsplit_once('/') {
            Some((folder, "mod" | "lib" | "main")) => folder,
            _ => file,
        };
        self.hidden.iter().map(|module| format!("{folder}/{module}")).collect()
    }

    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(n, l)| (n + 1, l))
    }

    pub fn line(&self, at: usize) -> usize {
        line_of(&self.code, at)
    }

    /// The module that the file is, as `["core", "world"]`.
    fn module(&self) -> Vec<String> {
        let file = self.name.trim_start_matches("src/").trim_end_matches(".rs");
        let all = file.trim_end_matches("/mod").split('/').map(String::from);
        all.filter(|part| part != "lib" && part != "main").collect()
    }

    /// Every path that it names from the crate's root, as `core::world::World`, with its line: also
    /// those in nested imports, and those that go up by `super`.
    pub fn paths(&self) -> Vec<(usize, String)> {
        let mut all = Vec::new();
        for start in ["crate::", "super::", "happened_before::", "self::"] {
            for (at, _) in self.code.match_indices(start) {
                let before = self.code[..at].chars().next_back();
                if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                    continue;
                }
                let line = self.line(at);
                for path in expand(&self.code[at..]) {
                    all.extend(self.absolute(&path).map(|path| (line, path)));
                }
            }
        }
        // `use crate::{..}` and `use {..}` begin with a list.
        all
    }

    fn absolute(&self, path: &str) -> Option<String> {
        let mut module = self.module();
        let mut parts: Vec<&str> = path.split("::").collect();
        match parts[0] {
            "crate" | "happened_before" => module.clear(),
            "self" => {}
            "super" => {
                while parts.get(1) == Some(&"super") {
                    parts.remove(0);
                    module.pop();
                }
                module.pop();
            }
            _ => return None,
        }
        module.extend(parts[1..].iter().map(|p| (*p).to_string()));
        Some(module.join("::"))
    }

    /// The types that it defines: where, what kind of item, their names, and whether it stands in a
    /// block (inside a function or a macro).
    pub fn types(&self) -> Vec<Type<'_>> {
        let mut all = Vec::new();
        let bytes = self.code.as_bytes();
        for kind in ["struct", "enum", "union", "trait", "type"] {
            for (at, _) in self.code.match_indices(kind) {
                let end = at + kind.len();
                let free =
                    |i: Option<&u8>| i.is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_');
                if !free(at.checked_sub(1).and_then(|i| bytes.get(i)))
                    || !bytes.get(end).is_some_and(u8::is_ascii_whitespace)
                {
                    continue;
                }
                let rest = self.code[end..].trim_start();
                let name: &str =
                    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
                if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
                    continue;
                }
                // A type of a trait or of an `impl` is no name of the library, and what stands in
                // parentheses tells a macro of a type that there is.
                let before = &self.code[..at];
                let depth = before.matches('{').count() - before.matches('}').count();
                if kind == "type" && depth > 0 || before.trim_end().ends_with('(') {
                    continue;
                }
                let body = &self.code[at..item_end(&self.code, at)];
                all.push(Type { line: self.line(at), name, derives: self.derives(at), body });
            }
        }
        all.sort_by_key(|t| t.line);
        all
    }

    /// The text of the attributes above an item.
    fn derives(&self, item: usize) -> &str {
        let before = &self.code[..item];
        let start = before.rfind(['}', ';', '{']).map_or(0, |i| i + 1);
        &before[start..]
    }
}

/// A type that a file defines.
pub struct Type<'a> {
    pub line: usize,
    pub name: &'a str,
    /// Its attributes.
    pub derives: &'a str,
    /// From its first word to its end.
    pub body: &'a str,
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where an item ends that begins here: after its block, or after its semicolon.
pub fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0usize;
    for (i, c) in code[from..].char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && c == '}' {
                    return from + i + 1;
                }
            }
            ';' if depth == 0 => return from + i + 1,
            _ => {}
        }
    }
    code.len()
}

/// `crate::a::{b, c::{self, D}}` as `crate::a::b`, `crate::a::c`, `crate::a::c::D`.
fn expand(text: &str) -> Vec<String> {
    fn tree(text: &[u8], at: &mut usize, prefix: &str, all: &mut Vec<String>) {
        let blank = |at: &mut usize| {
            while text.get(*at).is_some_and(u8::is_ascii_whitespace) {
                *at += 1;
            }
        };
        let mut path = prefix.to_string();
        loop {
            blank(at);
            if text.get(*at) == Some(&b'{') {
                *at += 1;
                loop {
                    blank(at);
                    match text.get(*at) {
                        None => return,
                        Some(b'}') => {
                            *at += 1;
                            return;
                        }
                        Some(b',') => *at += 1,
                        Some(b'{' | b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'*') => {
                            tree(text, at, &path, all);
                            // `as name`.
                            while text.get(*at).is_some_and(|b| !b",}".contains(b)) {
                                *at += 1;
                            }
                        }
                        // A block of code, not a list of imports.
                        Some(_) => return,
                    }
                }
            }
            let start = *at;
            while text
                .get(*at)
                .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'*')
            {
                *at += 1;
            }
            let word = String::from_utf8_lossy(&text[start..*at]).into_owned();
            if word.is_empty() {
                return;
            }
            if word != "self" || path.is_empty() {
                path = if path.is_empty() { word } else { format!("{path}::{word}") };
            }
            if text.get(*at..*at + 2) == Some(b"::") {
                *at += 2;
            } else {
                all.push(path);
                return;
            }
        }
    }
    let mut all = Vec::new();
    tree(text.as_bytes(), &mut 0, "", &mut all);
    all
}

/// Code with comments and the contents of literals blank, and the texts of string literals.
fn strip(text: &str) -> (String, Vec<(usize, String)>) {
    let chars: Vec<char> = text.chars().collect();
    let (mut code, mut literals) = (String::with_capacity(text.len()), Vec::new());
    let blank = |code: &mut String, c: char| code.push(if c == '\n' { '\n' } else { ' ' });
    let mut i = 0;
    while i < chars.len() {
        let rest = &chars[i..];
        let word_before = code.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        if rest.starts_with(&['/', '/']) {
            while i < chars.len() && chars[i] != '\n' {
                code.push(' ');
                i += 1;
            }
        } else if rest.starts_with(&['/', '*']) {
            let mut depth = 0;
            while i < chars.len() {
                if chars[i..].starts_with(&['/', '*']) {
                    depth += 1;
                } else if chars[i..].starts_with(&['*', '/']) {
                    depth -= 1;
                    if depth == 0 {
                        code.push_str("  ");
                        i += 2;
                        break;
                    }
                }
                blank(&mut code, chars[i]);
                i += 1;
            }
        } else if let Some((head, hashes)) = raw_string(rest).filter(|_| !word_before) {
            let line = line_of(&code, code.len());
            code.push_str(&" ".repeat(head));
            i += head;
            let mut said = String::new();
            while i < chars.len() {
                let closes = chars[i] == '"'
                    && chars[i + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
                if closes {
                    break;
                }
                said.push(chars[i]);
                blank(&mut code, chars[i]);
                i += 1;
            }
            code.push_str(&" ".repeat(hashes + 1));
            i += hashes + 1;
            literals.push((line, said));
        } else if chars[i] == '"' {
            let line = line_of(&code, code.len());
            code.push('"');
            i += 1;
            let mut said = String::new();
            while i < chars.len() && chars[i] != '"' {
                if chars[i] == '\\' && i + 1 < chars.len() {
                    code.push(' ');
                    said.push(chars[i]);
                    i += 1;
                }
                said.push(chars[i]);
                blank(&mut code, chars[i]);
                i += 1;
            }
            code.push('"');
            i += 1;
            literals.push((line, said));
        } else if chars[i] == '\'' && (rest.get(1) == Some(&'\\') || rest.get(2) == Some(&'\'')) {
            // A character; what else begins so is a lifetime.
            let skip = if rest.get(1) == Some(&'\\') { 3 } else { 2 };
            let end =
                rest[skip..].iter().position(|c| *c == '\'').map_or(rest.len(), |p| p + skip + 1);
            code.push_str(&" ".repeat(end));
            i += end;
        } else {
            code.push(chars[i]);
            i += 1;
        }
    }
    (code, literals)
}

/// The length of `br##"` and its number of hashes, if a raw string begins here.
fn raw_string(rest: &[char]) -> Option<(usize, usize)> {
    let r = match rest {
        ['b' | 'c', 'r', ..] => 2,
        ['r', ..] => 1,
        _ => return None,
    };
    let hashes = rest[r..].iter().take_while(|c| **c == '#').count();
    (rest.get(r + hashes) == Some(&'"')).then_some((r + hashes + 1, hashes))
}

/// Does a word stand in a line as a word?
pub fn has_word(line: &str, word: &str) -> bool {
    let boundary = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    line.match_indices(word).any(|(i, _)| {
        boundary(line[..i].chars().next_back()) && boundary(line[i + word.len()..].chars().next())
    })
}

#[test]
fn comments_literals_and_tests_are_no_code() {
    let text = r##"
use a::B; // Instant
/* Instant /* nested */ Instant */
const URL: &str = "https://x"; type Later = Instant1;
const RAW: &str = r#"Instant " // "#; fn f<'a>(c: &'a str) -> char { '"' }
#[cfg(test)]
mod tests {
    use Instant;
}
fn after() { Instant }
#[cfg(test)]
mod far;
"##;
    let source = Source::of("src/core/x.rs".into(), text);
    let found: Vec<usize> =
        source.lines().filter(|(_, l)| has_word(l, "Instant")).map(|(n, _)| n).collect();
    assert_eq!(found, [10], "{}", source.code);
    assert_eq!(source.literals[0], (4, "https://x".into()));
    assert_eq!(source.literals[1], (5, "Instant \" // ".into()));
    assert_eq!(source.hidden_files(), ["src/core/x/far"]);
    assert_eq!(source.code.lines().count(), text.lines().count());
}

#[test]
fn paths_are_found_however_they_are_written() {
    let text = "use crate::{core::{world::World, ids}, scene};\nuse super::super::super::core::kernel::*;\n\
                fn f(x: crate::share::Link) { super::rules::g() }";
    let source = Source::of("src/protocols/raft/show.rs".into(), text);
    let mut paths: Vec<String> = source.paths().into_iter().map(|(_, p)| p).collect();
    paths.sort();
    let expected = [
        "core::ids",
        "core::kernel::*",
        "core::world::World",
        "protocols::raft::rules::g",
        "scene",
        "share::Link",
    ];
    assert_eq!(paths, expected);
}

#[test]
fn types_come_with_their_attributes() {
    let text = "#[derive(\n    Clone,\n    Hash,\n)]\n/// A doc.\n#[serde(x)]\npub struct Id(pub usize);\n\
                struct Plain { a: usize }\nimpl T for U { type Out = usize; }\ndata! { pub struct D { a: u8 } }";
    let source = Source::of("src/core/x.rs".into(), text);
    let types = source.types();
    assert_eq!(types.iter().map(|t| t.name).collect::<Vec<_>>(), ["Id", "Plain", "D"]);
    assert!(types[0].derives.contains("Hash") && types[0].body == "struct Id(pub usize);");
    assert!(!types[1].derives.contains("Hash") && types[1].body.ends_with("usize }"));
}

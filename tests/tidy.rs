//! The bans, by test, each with its replacement in the message.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &str, extension: &str) -> Vec<(String, String)> {
    fn walk(dir: &Path, extension: &str, all: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(dir) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, extension, all);
            } else if path.extension().is_some_and(|e| e == extension) {
                all.push(path);
            }
        }
    }
    let mut all = Vec::new();
    walk(&root().join(dir), extension, &mut all);
    all.sort();
    // What only tests use may be what the rest may not.
    all.retain(|p| !p.ends_with("tests.rs") && !p.ends_with("scene/gallery.rs"));
    let read = |p: PathBuf| {
        let name = p.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
        (name, fs::read_to_string(&p).expect("readable"))
    };
    all.into_iter().map(read).collect()
}

/// Code without comments and without its test module.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..end].lines().enumerate().map(|(n, l)| (n + 1, l.split("//").next().unwrap_or("")))
}

fn has_word(line: &str, word: &str) -> bool {
    let boundary = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    line.match_indices(word).any(|(i, _)| {
        boundary(line[..i].chars().next_back()) && boundary(line[i + word.len()..].chars().next())
    })
}

fn ban(dirs: &[&str], words: &[(&str, &str)]) {
    let mut found = Vec::new();
    let mut looked_at = 0;
    for (name, text) in dirs.iter().flat_map(|d| files(d, "rs")) {
        looked_at += 1;
        for (n, line) in code(&text) {
            for (word, instead) in words.iter().filter(|(w, _)| has_word(line, w)) {
                found.push(format!("{name}:{n}: `{word}`: {instead}"));
            }
        }
    }
    assert!(looked_at > 0, "nothing to look at in {dirs:?}");
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

const PURE: &[&str] = &["src/core", "src/check", "src/protocols", "src/share", "src/scene"];

#[test]
fn the_core_is_pure() {
    ban(
        PURE,
        &[
            ("web_sys", "the page's types stay in src/ui"),
            ("js_sys", "the page's types stay in src/ui"),
            ("wasm_bindgen", "exports stay in src/ui"),
            ("yew", "components stay in src/ui"),
            ("getrandom", "seeds come from outside"),
            ("SystemTime", "time is virtual; budgets come through `Host::clock_ms`"),
            ("Instant", "time is virtual; budgets come through `Host::clock_ms`"),
            ("HashMap", "use core::sorted::SortedMap: its order is the same everywhere"),
            ("HashSet", "use core::sorted::SortedSet: its order is the same everywhere"),
            ("println", "answer with data; `hb` prints"),
            ("eprintln", "answer with data; `hb` prints"),
        ],
    );
    let io = [("std::fs", "files come through `Host`"), ("std::net", "there is no network here")];
    for (name, text) in PURE.iter().flat_map(|d| files(d, "rs")) {
        for (n, line) in code(&text) {
            for (path, instead) in io {
                assert!(!line.contains(path), "{name}:{n}: `{path}`: {instead}");
            }
        }
    }
}

#[test]
fn no_floating_point_in_what_must_agree_everywhere() {
    let instead =
        "native and wasm need not agree on floats; use whole numbers of the smallest unit";
    ban(
        &["src/core", "src/check", "src/protocols", "src/share"],
        &[("f32", instead), ("f64", instead)],
    );
}

/// Sizes are 0 before the first layout, and windows may be 1 pixel high.
#[test]
fn pictures_and_gestures_hold_at_every_size() {
    let instead = "it panics where bounds cross, as in pictures of size 0: `scene::Bounded`";
    ban(&["src/scene", "src/ui"], &[("clamp", instead)]);
}

/// A `usize` field of a hashed or serialized type would have another width in wasm.
#[test]
fn no_usize_in_what_is_hashed_or_sent() {
    for (name, text) in ["src/core", "src/protocols"].iter().flat_map(|d| files(d, "rs")) {
        let mut derived = false;
        let mut inside = false;
        for (n, line) in code(&text) {
            let l = line.trim();
            if l.starts_with("#[derive(") {
                derived = l.contains("Hash") || l.contains("Serialize");
            } else if l.contains("struct ") || l.contains("enum ") {
                inside = derived && !l.ends_with(';');
                derived = false;
            } else if line.starts_with('}') {
                inside = false;
            }
            let field =
                inside && (l.contains(": usize") || l.contains("<usize") || l.contains("(usize"));
            assert!(!field, "{name}:{n}: a usize in a hashed or sent type; give it a width");
        }
    }
}

#[test]
fn protocols_do_not_draw_and_do_not_see_the_world() {
    for (name, text) in files("src/protocols", "rs") {
        // The catalogue and the list of searched protocols are no protocol.
        if name.ends_with("catalog.rs") || name.ends_with("protocols/mod.rs") {
            continue;
        }
        for (n, line) in code(&text) {
            for path in [
                "crate::scene",
                "core::world",
                "core::kernel",
                "core::session",
                "core::trace",
                "svg",
            ] {
                assert!(
                    !line.contains(path),
                    "{name}:{n}: `{path}`: a protocol sees its own node and what reached it"
                );
            }
        }
    }
}

#[test]
fn drawings_know_no_protocol() {
    let mut names = Vec::new();
    for scene in happened_before::protocols::CATALOG {
        names.push(scene.id.to_string());
        let first = scene.title.split(' ').next().unwrap_or("");
        // A recorded run is called a session here.
        if first != "Session" {
            names.push(first.to_string());
        }
    }
    let drawn = files("src/scene", "rs").into_iter().chain(files("src/ui", "rs"));
    for (name, text) in drawn {
        for (n, line) in code(&text) {
            // The standard library's type is nobody's protocol.
            let line = line.replace("ops::Range;", "").replace("Range<", "");
            for protocol in &names {
                assert!(
                    !has_word(&line, protocol),
                    "{name}:{n}: '{protocol}': what is drawn comes from views and the catalogue"
                );
            }
        }
    }
    for (name, text) in files("www", "css") {
        for protocol in &names {
            assert!(
                !has_word(&text, protocol),
                "{name}: '{protocol}': classes are named after meanings"
            );
        }
    }
}

/// What is generic over protocols is translated once for each of them.
#[test]
fn a_world_is_compiled_once() {
    let mut looked_at = 0;
    for (name, text) in files("src/core/world", "rs") {
        if name.ends_with("adapter.rs") {
            continue;
        }
        looked_at += 1;
        for (n, line) in code(&text) {
            for word in ["Protocol", "Show"] {
                assert!(
                    !has_word(line, word),
                    "{name}:{n}: `{word}`: a world knows `Rules` and values; what needs types is \
                    in adapter.rs"
                );
            }
        }
    }
    assert!(looked_at > 8, "{looked_at} files");
}

#[test]
fn colours_are_tokens() {
    let styles = files("www", "css").into_iter().filter(|(name, _)| !name.ends_with("tokens.css"));
    for (name, text) in styles.chain(files("src", "rs")) {
        for (n, line) in text.lines().enumerate() {
            let hex = line.match_indices('#').any(|(i, _)| {
                let digits = line[i + 1..].chars().take_while(char::is_ascii_hexdigit).count();
                matches!(digits, 6 | 8)
                    && !line[i + 1..].chars().nth(digits).is_some_and(char::is_alphanumeric)
            });
            assert!(
                !hex && !line.contains("rgb("),
                "{name}:{}: a colour outside www/tokens.css",
                n + 1
            );
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("FIX", "ME"),
        concat!("coming ", "soon"),
    ];
    for (name, text) in files("src", "rs").into_iter().chain(files("tests", "rs")) {
        for (n, line) in text.lines().enumerate() {
            assert!(!marks.iter().any(|m| line.contains(m)), "{name}:{}: left for later", n + 1);
        }
    }
}

#[test]
fn files_are_short_enough_to_see() {
    for (name, text) in files("src", "rs") {
        let lines = text.lines().count();
        assert!(
            lines <= 700,
            "{name} has {lines} lines; split it where a newcomer would look for the parts"
        );
    }
}

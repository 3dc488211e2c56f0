//! The bans, by test, each with its replacement in the message.

mod names;
mod source;
mod types;

use source::{has_word, root, sources, texts};
use std::fs;

fn ban(dirs: &[&str], words: &[(&str, &str)]) {
    let mut found = Vec::new();
    for source in sources(dirs) {
        for (n, line) in source.lines() {
            for (word, instead) in words.iter().filter(|(w, _)| has_word(line, w)) {
                found.push(format!("{}:{n}: `{word}`: {instead}", source.name));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// All but the page, the two programs, and what `hb` alone does natively.
const PURE: &[&str] = &[
    "src/algo",
    "src/check",
    "src/cli",
    "src/core",
    "src/models",
    "src/protocols",
    "src/scene",
    "src/share",
    "src/stories",
];

/// Folders of the library that are neither pure nor the page's.
const OTHERS: &[&str] = &["src/bin", "src/ui"];

#[test]
fn every_folder_is_pure_or_has_a_reason() {
    let known: Vec<&str> = PURE.iter().chain(OTHERS).copied().collect();
    for entry in fs::read_dir(root().join("src")).expect("the sources").flatten() {
        let name = format!("src/{}", entry.file_name().to_string_lossy());
        assert!(entry.path().is_file() || known.contains(&&*name), "{name}: is it pure?");
    }
}

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
    for source in sources(PURE) {
        for (n, line) in source.lines() {
            for (path, instead) in io {
                assert!(!line.contains(path), "{}:{n}: `{path}`: {instead}", source.name);
            }
        }
    }
}

#[test]
fn no_floating_point_in_what_must_agree_everywhere() {
    let instead =
        "native and wasm need not agree on floats; use whole numbers of the smallest unit";
    ban(
        &["src/core", "src/check", "src/models", "src/protocols", "src/share", "src/stories"],
        &[("f32", instead), ("f64", instead)],
    );
}

/// Sizes are 0 before the first layout, and windows may be 1 pixel high.
#[test]
fn pictures_and_gestures_hold_at_every_size() {
    let instead = "it panics where bounds cross, as in pictures of size 0: `scene::Bounded`";
    ban(&["src/scene", "src/ui"], &[("clamp", instead)]);
}

/// A `usize` field of a hashed or serialized type would have another width in wasm. The macros of
/// `core::declare` derive both; documents in JSON know no widths.
#[test]
fn no_usize_in_what_is_hashed_or_sent() {
    let mut looked_at = 0;
    for source in sources(&[
        "src/core",
        "src/models",
        "src/protocols",
        "src/share/link",
        "src/share/link.rs",
        "src/stories",
    ]) {
        for t in source.types() {
            let derived =
                ["Hash", "Serialize", "Deserialize"].iter().any(|d| has_word(t.derives, d));
            looked_at += usize::from(derived);
            assert!(
                !derived || !has_word(&t.body.replace("as usize]", "]"), "usize"),
                "{}:{}: a usize in {}, which is hashed or sent; give it a width",
                source.name,
                t.line,
                t.name
            );
        }
        for (at, _) in source.code.match_indices("! {") {
            let name = source.code[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next();
            if matches!(name, Some("data" | "messages" | "operations" | "knobs")) {
                let body = &source.code[at..source::item_end(&source.code, at)];
                let line = source.line(at);
                assert!(!has_word(body, "usize"), "{}:{line}: a usize that is sent", source.name);
            }
        }
    }
    assert!(looked_at > 150, "only {looked_at} types are hashed or sent");
}

#[test]
fn protocols_do_not_draw_and_do_not_see_the_world() {
    let hidden = ["scene", "core::world", "core::kernel", "core::session", "core::trace"];
    let mut looked_at = 0;
    for source in sources(&["src/protocols"]) {
        // The catalogue and the list of searched protocols are no protocol.
        if ["catalog.rs", "protocols/mod.rs"].iter().any(|end| source.name.ends_with(end)) {
            continue;
        }
        for (line, path) in source.paths() {
            looked_at += 1;
            let seen = hidden.iter().find(|h| path == **h || path.starts_with(&format!("{h}::")));
            assert!(
                seen.is_none(),
                "{}:{line}: `{path}`: a protocol sees its own node and what reached it",
                source.name
            );
        }
        for (n, line) in source.lines() {
            assert!(!line.contains("svg"), "{}:{n}: a protocol does not draw", source.name);
        }
    }
    assert!(looked_at > 300, "only {looked_at} paths");
}

/// What is generic over protocols is translated once for each of them.
#[test]
fn a_world_is_compiled_once() {
    let mut looked_at = 0;
    for source in sources(&["src/core/world"]) {
        if source.name.ends_with("adapter.rs") {
            continue;
        }
        looked_at += 1;
        for (n, line) in source.lines() {
            for word in ["Protocol", "Show"] {
                assert!(
                    !has_word(line, word),
                    "{}:{n}: `{word}`: a world knows `Rules` and values; what needs types is in \
                     adapter.rs",
                    source.name
                );
            }
        }
    }
    assert!(looked_at > 8, "{looked_at} files");
}

/// A colour by number or by a CSS function, if there is one.
fn colour(text: &str) -> Option<String> {
    for (i, _) in text.match_indices('#') {
        let rest = &text[i + 1..];
        let digits: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
        let ends = !rest[digits.len()..]
            .starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
        if ends && matches!(digits.len(), 3 | 4 | 6 | 8) {
            return Some(format!("#{digits}"));
        }
    }
    let functions = ["rgb(", "rgba(", "hsl(", "hsla(", "hwb(", "lab(", "lch(", "oklab(", "oklch("];
    for function in functions {
        for (i, _) in text.match_indices(function) {
            let word = text[..i].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
            // What a browser says of no colour at all.
            let none = text[i..].starts_with("rgba(0, 0, 0, 0)");
            // A number; a variable is a token.
            let number = text[i + function.len()..]
                .trim_start()
                .starts_with(|c: char| c.is_ascii_digit() || c == '{');
            if !word && !none && number {
                return Some(function.to_string());
            }
        }
    }
    None
}

/// A colour by its name, as a value of CSS.
fn named_colour(css: &str) -> Option<&'static str> {
    const NAMES: [&str; 16] = [
        "black", "blue", "crimson", "cyan", "gold", "gray", "green", "grey", "magenta", "navy",
        "orange", "pink", "purple", "red", "white", "yellow",
    ];
    let values =
        css.split([';', '{', '}']).filter_map(|d| d.split_once(':')).map(|(_, value)| value);
    let word = |value: &str, name: &str| {
        value.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').any(|w| w == name)
    };
    values.flat_map(|v| NAMES.into_iter().filter(move |n| word(v, n))).next()
}

/// CSS or JavaScript without its comments; lines stay where they were.
fn uncommented(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        let (comment, tail) = after.split_once("*/").unwrap_or((after, ""));
        out.extend(comment.matches('\n'));
        rest = tail;
    }
    out + rest
}

#[test]
fn colours_are_tokens() {
    for (name, text) in texts("www", "css").into_iter().filter(|(n, _)| !n.ends_with("tokens.css"))
    {
        for (n, line) in uncommented(&text).lines().enumerate() {
            let found = colour(line).or(named_colour(line).map(String::from));
            assert_eq!(found, None, "{name}:{}: a colour outside www/tokens.css", n + 1);
        }
    }
    for (name, text) in texts("www", "js") {
        for (n, line) in text.lines().enumerate() {
            assert_eq!(colour(line), None, "{name}:{}: a colour outside www/tokens.css", n + 1);
        }
    }
    for source in sources(&["src"]) {
        for (n, text) in &source.literals {
            assert_eq!(colour(text), None, "{}:{n}: a colour outside www/tokens.css", source.name);
        }
    }
}

#[test]
fn colours_are_known_when_seen() {
    for text in [
        "#fff",
        "a #1234;",
        "#a0b1c2",
        "#a0b1c2d3 x",
        "rgb(1 2 3)",
        "fill: hsl(20deg 1% 2%)",
        "rgb({r} 0 0)",
    ] {
        assert!(colour(text).is_some(), "{text}");
    }
    for text in [
        "#12",
        "#12345",
        "#abcdefg",
        "#face-1",
        "S1 #7",
        "rgb(from var(--x) r g b)",
        "xrgb(1)",
        "rgba(0, 0, 0, 0)",
    ] {
        assert_eq!(colour(text), None, "{text}");
    }
    assert_eq!(named_colour(".a { color: white }"), Some("white"));
    assert_eq!(named_colour(".white-space { white-space: pre; color: var(--red) }"), None);
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("FIX", "ME"),
        concat!("TO", "DO"),
        concat!("XX", "X"),
        concat!("coming ", "soon"),
    ];
    for dir in ["src", "tests", "benches", "browser", "xtask"] {
        for (name, text) in texts(dir, "rs") {
            for (n, line) in text.lines().enumerate() {
                let left = marks.iter().find(|m| line.contains(**m));
                assert_eq!(left, None, "{name}:{}: left for later", n + 1);
            }
        }
    }
    for (name, text) in texts("www", "js").into_iter().chain(texts("www", "css")) {
        assert!(!marks.iter().any(|m| text.contains(m)), "{name}: left for later");
    }
}

/// A slow machine is no defect: a test counts steps, states or bytes.
#[test]
fn no_test_judges_by_the_clock() {
    for dir in ["src", "tests", "browser/tests", "xtask/src"] {
        for (name, text) in texts(dir, "rs") {
            let source = source::Source::of(name, &text.replace("#[cfg(test)]", ""));
            for (n, line) in source.lines().filter(|(_, l)| l.contains("assert")) {
                for word in ["Instant", "elapsed", "SystemTime"] {
                    assert!(
                        !has_word(line, word),
                        "{}:{n}: `{word}` in an assertion: count something instead",
                        source.name
                    );
                }
            }
        }
    }
}

#[test]
fn files_are_short_enough_to_see() {
    for (name, text) in texts("src", "rs") {
        let lines = text.lines().count();
        assert!(
            lines <= 700,
            "{name} has {lines} lines; split it where a newcomer would look for the parts"
        );
    }
}

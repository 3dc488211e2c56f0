//! The page's tokens: every colour exists in light and dark, and every pair can be read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Tokens = BTreeMap<String, String>;

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("www").join(file);
    std::fs::read_to_string(path).unwrap()
}

/// The declarations of every block whose selector, below `media`, is `selector`.
fn block(css: &str, media: Option<&str>, selector: &str) -> Tokens {
    let mut stack: Vec<String> = Vec::new();
    let mut tokens = Tokens::new();
    let mut words = String::new();
    for c in strip_comments(css).chars() {
        match c {
            '{' => stack.push(std::mem::take(&mut words).split_whitespace().collect::<String>()),
            '}' => {
                words.clear();
                stack.pop();
            }
            ';' => {
                let wanted = match (stack.as_slice(), media) {
                    ([own], None) => own.split(',').any(|s| s == selector),
                    ([outer, own], Some(media)) => {
                        outer == media && own.split(',').any(|s| s == selector)
                    }
                    _ => false,
                };
                let (name, value) = words.split_once(':').expect("a declaration has a colon");
                if wanted && name.trim().starts_with("--") {
                    tokens.insert(name.trim()[2..].to_owned(), value.trim().to_owned());
                }
                words.clear();
            }
            _ => words.push(c),
        }
    }
    tokens
}

fn strip_comments(css: &str) -> String {
    let parts = css.split("/*").enumerate().map(|(i, part)| match i {
        0 => part,
        _ => part.split_once("*/").expect("comments end").1,
    });
    parts.collect()
}

fn light() -> Tokens {
    block(&read("tokens.css"), None, "[data-theme=\"light\"]")
}

fn dark() -> Tokens {
    block(&read("tokens.css"), None, "[data-theme=\"dark\"]")
}

fn channels(colour: &str) -> [f64; 3] {
    let hex = colour.strip_prefix('#').filter(|h| h.len() == 6);
    let hex = hex.unwrap_or_else(|| panic!("{colour} is no #rrggbb"));
    [0, 2, 4].map(|i| f64::from(u8::from_str_radix(&hex[i..i + 2], 16).unwrap()) / 255.0)
}

/// Contrast ratio by WCAG 2.2.
fn contrast(a: &str, b: &str) -> f64 {
    let luminance = |colour: &str| {
        let [r, g, b] = channels(colour).map(|c| match c {
            c if c <= 0.04045 => c / 12.92,
            c => ((c + 0.055) / 1.055).powf(2.4),
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    (a / b).max(b / a)
}

fn assert_contrast(theme: &str, tokens: &Tokens, on: &str, names: &[&str], least: f64) {
    for name in names {
        let ratio = contrast(&tokens[*name], &tokens[on]);
        assert!(ratio >= least, "{theme}: {name} on {on} has {ratio:.2}:1, under {least}:1");
    }
}

const TEXT: [&str; 10] = [
    "ink",
    "soft",
    "past",
    "future",
    "holds",
    "violated",
    "unknown",
    "message-append",
    "message-vote",
    "message-ack",
];
const MARKS: [&str; 4] = ["control", "focus", "concurrent", "wall"];

fn check(theme: &str, tokens: &Tokens) {
    assert_contrast(theme, tokens, "paper", &TEXT, 4.5);
    assert_contrast(theme, tokens, "paper", &MARKS, 3.0);
    assert_contrast(theme, tokens, "wall-fill", &["wall"], 3.0);
    assert_contrast(theme, tokens, "wall-fill", &["ink", "soft"], 4.5);
    for operation in ["op-ok", "op-unknown", "op-failed"] {
        assert_contrast(theme, tokens, operation, &["ink"], 4.5);
    }
    for n in 1..=8 {
        let (fill, line) = (format!("epoch-{n}-fill"), format!("epoch-{n}-line"));
        assert_contrast(theme, tokens, &fill, &["ink"], 4.5);
        assert_contrast(theme, tokens, "paper", &[&line], 3.0);
        assert_contrast(theme, tokens, &fill, &[&line], 3.0);
        assert_contrast(theme, tokens, "paper", &[&format!("identity-{n}")], 3.0);
    }
}

#[test]
fn every_pair_can_be_read() {
    check("light", &light());
    check("dark", &dark());
}

#[test]
fn more_contrast_is_more() {
    let css = read("tokens.css");
    let media = "@media(prefers-contrast:more)";
    for (theme, base) in [("light", light()), ("dark", dark())] {
        let selector = format!("[data-theme=\"{theme}\"]");
        let more = block(&css, Some(media), &selector);
        assert!(!more.is_empty());
        let mut tokens = base.clone();
        tokens.extend(more.clone());
        check(theme, &tokens);
        assert_contrast(theme, &tokens, "paper", &["soft", "past", "future", "holds"], 7.0);
        for (name, value) in more.iter().filter(|(n, v)| v.starts_with('#') && *n != "paper") {
            let (before, after) =
                (contrast(&base[name], &base["paper"]), contrast(value, &tokens["paper"]));
            assert!(after >= before, "{theme}: {name} falls from {before:.2} to {after:.2}");
        }
    }
}

#[test]
fn both_themes_name_the_same_tokens_and_both_dark_blocks_agree() {
    let css = read("tokens.css");
    let names = |t: &Tokens| t.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&light()), names(&dark()));
    let by_system =
        block(&css, Some("@media(prefers-color-scheme:dark)"), ":root:not([data-theme])");
    assert_eq!(by_system, dark());
    let more = block(&css, Some("@media(prefers-contrast:more)"), "[data-theme=\"dark\"]");
    let more_by_system = block(
        &css,
        Some("@media(prefers-contrast:more)and(prefers-color-scheme:dark)"),
        ":root:not([data-theme])",
    );
    assert_eq!(more_by_system, more);
}

/// The hue of a colour in degrees.
fn hue(colour: &str) -> f64 {
    let [r, g, b] = channels(colour);
    let (max, min) = (r.max(g).max(b), r.min(g).min(b));
    let part = match max {
        m if m == r => ((g - b) / (max - min)).rem_euclid(6.0),
        m if m == g => (b - r) / (max - min) + 2.0,
        _ => (r - g) / (max - min) + 4.0,
    };
    part * 60.0
}

#[test]
fn identities_never_wear_the_colour_of_a_verdict() {
    for (theme, tokens) in [("light", light()), ("dark", dark())] {
        for n in 1..=8 {
            let name = format!("identity-{n}");
            let hue = hue(&tokens[&name]);
            assert!((180.0..=345.0).contains(&hue), "{theme}: {name} has hue {hue:.0}");
        }
    }
}

/// Style sheets that name tokens and write none: name and text without comments.
fn sheets() -> Vec<(String, String)> {
    let www = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("www");
    let names = std::fs::read_dir(www).unwrap().map(|e| e.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names
        .filter(|name| name.ends_with(".css") && name != "tokens.css")
        .map(|name| (name.clone(), strip_comments(&read(&name))))
        .collect()
}

/// Invariant: colours are written in tokens.css and nowhere else in the style sheets.
#[test]
fn other_style_sheets_write_no_colour() {
    for (file, css) in sheets() {
        for line in css.lines() {
            let value = line.split_once(':').map_or("", |(_, value)| value);
            let hex = value
                .split('#')
                .skip(1)
                .any(|rest| rest.len() >= 3 && rest.chars().take(3).all(|c| c.is_ascii_hexdigit()));
            let written = hex || ["rgb", "hsl(", "oklch("].iter().any(|f| value.contains(f));
            assert!(!written, "{file}: name a token of tokens.css in {:?}", line.trim());
        }
    }
}

/// Every token a style sheet names exists, in tokens.css or in the sheet itself.
#[test]
fn named_tokens_exist() {
    let tokens = read("tokens.css");
    for (file, css) in sheets() {
        for name in css.split("var(--").skip(1) {
            let name = name.split([')', ',']).next().unwrap();
            let declared = format!("--{name}:");
            let known = tokens.contains(&declared) || css.contains(&declared);
            assert!(known, "{file}: there is no token --{name}");
        }
    }
}

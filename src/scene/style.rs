//! The page's colours for pictures that leave the page: the tokens are read, and every reference
//! to one is written out, since other programs know no custom properties.

use crate::core::sorted::SortedMap;

/// Which set of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Ink on paper.
    #[default]
    Light,
    /// Light on dark.
    Dark,
    /// Light, with more contrast.
    LightStrong,
    /// Dark, with more contrast.
    DarkStrong,
}

const TOKENS: &str = include_str!("../../www/tokens.css");
const SCENE: &str = include_str!("../../www/scene.css");

/// A style sheet for pictures, with every token written out.
pub fn sheet(theme: Theme) -> String {
    resolve(SCENE, &tokens(TOKENS, theme))
}

/// The custom properties of a theme, in the order in which the sheet sets them.
pub fn tokens(css: &str, theme: Theme) -> SortedMap<String, String> {
    let mut all = SortedMap::new();
    for rule in rules(css) {
        if applies(&rule, theme) {
            for (name, value) in declarations(rule.body) {
                all.insert(name, value);
            }
        }
    }
    all
}

struct Rule<'a> {
    media: &'a str,
    selector: &'a str,
    body: &'a str,
}

fn applies(rule: &Rule, theme: Theme) -> bool {
    let (dark, strong) = match theme {
        Theme::Light => (false, false),
        Theme::Dark => (true, false),
        Theme::LightStrong => (false, true),
        Theme::DarkStrong => (true, true),
    };
    let media = match rule.media {
        "" => true,
        m if m.contains("prefers-contrast") => strong,
        _ => false,
    };
    let selector = rule.selector.split(',').any(|s| match s.trim() {
        ":root" => true,
        s if s.contains("light") => !dark,
        s if s.contains("dark") => dark,
        _ => false,
    });
    media && selector
}

/// The rules of a style sheet, with the media query they stand in.
fn rules(css: &str) -> Vec<Rule<'_>> {
    let mut out = Vec::new();
    let (mut media, mut rest) = ("", css);
    while let Some(i) = rest.find(['{', '}']) {
        let (head, tail) = (trim(&rest[..i]), &rest[i + 1..]);
        if rest.as_bytes()[i] == b'}' {
            (media, rest) = ("", tail);
        } else if head.starts_with("@media") {
            (media, rest) = (head, tail);
        } else {
            let end = tail.find('}').unwrap_or(tail.len());
            out.push(Rule { media, selector: head, body: &tail[..end] });
            rest = tail.get(end + 1..).unwrap_or("");
        }
    }
    out
}

/// Without spaces and the comments before it.
fn trim(text: &str) -> &str {
    text.rfind("*/").map_or(text, |i| &text[i + 2..]).trim()
}

fn declarations(body: &str) -> impl Iterator<Item = (String, String)> + '_ {
    body.split(';').filter_map(|d| {
        let (name, value) = d.split_once(':')?;
        let name = trim(name).strip_prefix("--")?;
        Some((name.to_string(), value.trim().to_string()))
    })
}

/// Writes out `var(--name)`; what is not known is left as it is.
fn resolve(css: &str, tokens: &SortedMap<String, String>) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(i) = rest.find("var(--") {
        out.push_str(&rest[..i]);
        let name = &rest[i + 6..];
        let Some(end) = name.find(')') else { break };
        match tokens.get(&name[..end]) {
            Some(v) => out.push_str(v),
            None => out.push_str(&rest[i..i + 7 + end]),
        }
        rest = &name[end + 1..];
    }
    out.push_str(rest);
    out
}

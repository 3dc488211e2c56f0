//! What somebody gave, as complaints repeat it.

/// Longest text that a complaint repeats, in characters.
pub const LONGEST: usize = 80;

/// The text on one line and at most [`LONGEST`] characters long: what a terminal would act on, or
/// nobody would see, is escaped; what is left out is an ellipsis.
pub fn shown(text: &str) -> String {
    cut(text, LONGEST)
}

/// The same in quotation marks.
pub fn quoted(text: &str) -> String {
    format!("'{}'", shown(text))
}

/// The same as [`shown`], up to so many characters.
pub fn cut(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    // Where the last character may stand that still leaves room for the ellipsis.
    let mut room = 0;
    for c in text.chars() {
        let before = out.len();
        match is_plain(c) {
            true => out.push(c),
            false => out.extend(c.escape_default()),
        }
        length += out[before..].chars().count();
        if length < most {
            room = out.len();
        }
        if length > most {
            out.truncate(room);
            out.push('\u{2026}');
            break;
        }
    }
    out
}

/// Is it seen as it is, where it is? Not controls, and not what reorders, joins or breaks lines.
fn is_plain(c: char) -> bool {
    let unseen = matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !unseen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_one_short_line() {
        assert_eq!(shown("Å/b c.log"), "Å/b c.log");
        assert_eq!(quoted("a\nb\x1b[2J\u{202e}"), "'a\\nb\\u{1b}[2J\\u{202e}'");
        assert_eq!(shown(&"x".repeat(LONGEST)), "x".repeat(LONGEST));
        let long = shown(&"x".repeat(100_000));
        assert_eq!((long.chars().count(), long.ends_with("x…")), (LONGEST, true));
        // An escape is not cut in two.
        for most in 1..12 {
            let out = cut("ab\n\u{1b}cdefg", most);
            assert!(out.chars().count() <= most, "{out}");
            assert!(!out.contains("\\…") && !out.contains("\\u{1…"), "{out}");
        }
    }
}

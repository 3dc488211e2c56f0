//! Widths of words before anything is drawn: advances of IBM Plex (SIL OFL 1.1), from the `hmtx`
//! tables of the fonts that the page ships.

/// A typeface and weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Typeface {
    /// Words.
    #[default]
    Sans,
    /// Titles.
    SansStrong,
    /// State.
    Mono,
    /// Names of nodes.
    MonoStrong,
}

impl Typeface {
    /// Its CSS class.
    pub fn class(self) -> &'static str {
        match self {
            Typeface::Sans => "sans",
            Typeface::SansStrong => "sans strong",
            Typeface::Mono => "mono",
            Typeface::MonoStrong => "mono strong",
        }
    }
}

/// Thousandths of the size, from the space to the tilde.
const SANS: [u16; 95] = [
    236, 284, 419, 713, 598, 927, 694, 242, 335, 335, 450, 600, 272, 399, 272, 383, 600, 600, 600,
    600, 600, 600, 600, 600, 600, 600, 292, 292, 600, 600, 600, 477, 891, 641, 653, 621, 671, 583,
    559, 695, 707, 400, 510, 634, 501, 812, 707, 708, 606, 708, 640, 581, 572, 678, 609, 891, 613,
    593, 580, 317, 383, 317, 600, 565, 600, 534, 580, 503, 580, 549, 324, 528, 568, 250, 250, 527,
    272, 873, 568, 560, 580, 580, 367, 487, 351, 568, 492, 768, 507, 499, 464, 343, 314, 343, 600,
];
const STRONG: [u16; 95] = [
    236, 309, 471, 656, 600, 960, 713, 260, 337, 337, 556, 600, 299, 402, 299, 437, 600, 600, 600,
    600, 600, 600, 600, 600, 600, 600, 319, 319, 600, 600, 600, 493, 899, 672, 663, 642, 689, 600,
    577, 712, 719, 423, 545, 678, 521, 817, 719, 712, 641, 712, 664, 611, 580, 689, 638, 949, 655,
    632, 599, 329, 437, 329, 600, 559, 600, 559, 600, 513, 600, 558, 350, 545, 588, 275, 275, 562,
    294, 888, 588, 563, 600, 600, 393, 499, 374, 588, 524, 819, 544, 524, 502, 363, 376, 363, 600,
];

/// Width of one character in thousandths of the size.
fn advance(c: char, face: Typeface) -> i64 {
    let table = match face {
        Typeface::Mono | Typeface::MonoStrong => return if c > '\u{2fff}' { 1000 } else { 600 },
        Typeface::Sans => &SANS,
        Typeface::SansStrong => &STRONG,
    };
    match (c as usize).checked_sub(32).and_then(|i| table.get(i)) {
        Some(w) => i64::from(*w),
        None if c > '\u{2fff}' => 1000,
        None if c == '\u{2026}' => 803,
        None => 600,
    }
}

/// Width in tenths of a pixel of a text set at `size` tenths of a pixel.
pub fn width(text: &str, face: Typeface, size: i32) -> i32 {
    let sum: i64 = text.chars().map(|c| advance(c, face)).sum();
    ((sum * i64::from(size) + 999) / 1000) as i32
}

/// Shortens in the middle to at most `max` characters.
pub fn shorten(text: &str, max: usize) -> String {
    let n = text.chars().count();
    if n <= max {
        return text.to_string();
    }
    let keep = max.saturating_sub(1);
    let (head, tail) = (keep - keep / 2, keep / 2);
    let mut out: String = text.chars().take(head).collect();
    out.push('\u{2026}');
    out.extend(text.chars().skip(n - tail));
    out
}

/// Shortens in the middle until it is at most `room` wide; empty if not even two letters fit.
pub fn fit(text: &str, face: Typeface, size: i32, room: i32) -> String {
    let mut n = text.chars().count();
    let mut s = text.to_string();
    while width(&s, face, size) > room {
        n = n.min(s.chars().count()) - 1;
        if n < 3 {
            return String::new();
        }
        s = shorten(text, n);
    }
    s
}

/// The longest label in small drawings.
pub const LABEL: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_lose_their_middle() {
        assert_eq!(shorten("S1", LABEL), "S1");
        assert_eq!(shorten("replica-europe-west", LABEL), "replic\u{2026}-west");
        assert_eq!(shorten("replica-europe-west", LABEL).chars().count(), 12);
    }

    #[test]
    fn words_are_measured_as_they_are_set() {
        // 14 px Plex Sans: L 501, e 549, a 534, d 580, e 549, r 367 thousandths.
        assert_eq!(width("Leader", Typeface::Sans, 140), 432);
        assert_eq!(width("term 3", Typeface::Mono, 100), 360);
    }

    #[test]
    fn fitting_ends() {
        assert_eq!(fit("BecomeLeader", Typeface::Mono, 100, 100), "");
        assert_eq!(fit("BecomeLeader", Typeface::Mono, 100, 400), "Bec\u{2026}er");
        assert_eq!(fit("", Typeface::Mono, 100, 0), "");
        assert_eq!(fit("S1", Typeface::Mono, 100, 5), "");
    }
}

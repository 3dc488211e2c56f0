//! The two usual orders of a log, read without an engine for regular expressions: a line with a host
//! and its clock, and a line with the event, in either order.

use super::FoundEvent;

/// Which of the two lines of an event comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineOrder {
    /// `(?<host>\S*) (?<clock>{.*})\n(?<event>.*)`
    Host,
    /// `(?<event>.*)\n(?<host>\S*) (?<clock>{.*})`
    Event,
}

impl LineOrder {
    /// The order of a log: the one that leaves fewer lines over and fewer events without a text. One
    /// that finds nothing at all is no order of it.
    pub(super) fn of<'a>(sections: impl Iterator<Item = &'a str> + Clone) -> LineOrder {
        let faults = |order| sections.clone().map(|text| faults(order, text)).sum::<usize>();
        let finds =
            |order| sections.clone().any(|text| Usual::new(order, text, 0).next().is_some());
        let first = faults(LineOrder::Host);
        let other = first > 0 && finds(LineOrder::Event) && faults(LineOrder::Event) < first;
        if other { LineOrder::Event } else { LineOrder::Host }
    }
}

fn faults(order: LineOrder, text: &str) -> usize {
    let lines = |part: &str| part.lines().filter(|l| !l.trim().is_empty()).count();
    let (mut faults, mut seen) = (0, 0);
    for found in Usual::new(order, text, 0) {
        faults += lines(&text[seen..found.whole.start]);
        faults += usize::from(text[found.event].trim().is_empty());
        seen = found.whole.end;
    }
    faults + lines(&text[seen..])
}

/// The matches of a usual parser.
pub(super) struct Usual<'a> {
    order: LineOrder,
    text: &'a str,
    at: usize,
}

/// Ends a line in ECMAScript: `.` does not match it.
const ENDS: [char; 4] = ['\n', '\r', '\u{2028}', '\u{2029}'];

/// White space in ECMAScript: `\s`.
fn is_space(c: char) -> bool {
    c.is_whitespace() && c != '\u{85}' || c == '\u{feff}'
}

impl<'a> Usual<'a> {
    pub(super) fn new(order: LineOrder, text: &'a str, at: usize) -> Self {
        Usual { order, text, at }
    }

    fn host_first(&mut self) -> Option<FoundEvent> {
        loop {
            let from = self.at;
            let end = from + self.text.get(from..)?.find('\n')?;
            let line = &self.text[from..end];
            self.at = end + 1;
            if !line.ends_with('}') {
                continue;
            }
            let clock = line.match_indices(" {").find(|(i, _)| !line[i + 1..].contains(ENDS));
            let Some((gap, _)) = clock else { continue };
            let start = line[..gap]
                .rfind(is_space)
                .map_or(0, |i| i + line[i..].chars().next().map_or(1, char::len_utf8));
            let rest = &self.text[self.at..];
            let event = self.at..self.at + rest.find(ENDS).unwrap_or(rest.len());
            self.at = event.end;
            return Some(FoundEvent {
                whole: from + start..event.end,
                host: from + start..from + gap,
                clock: from + gap + 1..end,
                event,
            });
        }
    }

    fn event_first(&mut self) -> Option<FoundEvent> {
        loop {
            let from = self.at;
            let end = from + self.text.get(from..)?.find('\n')?;
            let second = end + 1;
            self.at = second;
            let rest = &self.text[second..];
            let line = &rest[..rest.find(ENDS).unwrap_or(rest.len())];
            let Some(gap) = line.find(is_space).filter(|i| line[*i..].starts_with(" {")) else {
                continue;
            };
            let Some(close) = line.rfind('}').filter(|at| *at > gap) else { continue };
            let last = self.text[from..end].rfind(ENDS);
            let start = last.map_or(from, |i| {
                from + i + self.text[from + i..].chars().next().map_or(1, char::len_utf8)
            });
            self.at = second + close + 1;
            return Some(FoundEvent {
                whole: start..self.at,
                host: second..second + gap,
                clock: second + gap + 1..self.at,
                event: start..end,
            });
        }
    }
}

impl Iterator for Usual<'_> {
    type Item = FoundEvent;

    fn next(&mut self) -> Option<FoundEvent> {
        match self.order {
            LineOrder::Host => self.host_first(),
            LineOrder::Event => self.event_first(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::import::shiviz::Parser;
    use proptest::prelude::*;

    proptest! {
        /// Both read exactly what their expressions match.
        #[test]
        fn the_usual_orders_are_their_expressions(text in "([ab] ?\\{|\\}|[ab{} ]|\u{2028}|\n){0,40}") {
            for (order, pattern) in [
                (LineOrder::Host, r"(?<host>\S*) (?<clock>{.*})\n(?<event>.*)"),
                (LineOrder::Event, r"(?<event>.*)\n(?<host>\S*) (?<clock>{.*})"),
            ] {
                let regex = Parser::Regex(super::super::compile("parser", pattern).unwrap());
                let all = |found: &mut dyn Iterator<Item = FoundEvent>| -> Vec<_> {
                    found.map(|f| (f.whole, f.host, f.clock, f.event)).collect()
                };
                let by_hand = all(&mut Usual::new(order, &text, 0));
                prop_assert_eq!(by_hand, all(&mut regex.find_all(&text, 0)), "{:?} {:?}", order, text);
            }
        }
    }
}

//! The same members under every rule, side by side.

use super::super::geometry::{Bounded, PX, Point, Track};
use super::super::text::{fit, width};
use super::super::{Anchor, Item, Typeface};
use super::{RIVALS, RingPlan};
use crate::core::view::RuleView;
use std::sync::Arc;

/// Most bars of a rule.
const COLUMNS: usize = 33;

impl RingPlan<'_> {
    /// The mean of keys a member, in hundredths; 1 where there is none.
    fn mean(&self) -> usize {
        (self.ring.keys.len() * 100 / self.ring.members.len().max(1)).max(1)
    }

    /// Of all keys so many, rounded.
    fn percent(&self, keys: u32) -> usize {
        let all = self.ring.keys.len().max(1);
        (keys as usize * 100 + all / 2) / all
    }

    /// The comparison and what it says, made anew when it is another.
    pub(super) fn compared(&self) -> (Vec<Item>, String) {
        let members = self.ring.members.len();
        let known = RIVALS.with_borrow(|known| {
            let (rules, rule, size, count, made) = known.as_ref()?;
            let same = Arc::ptr_eq(rules, &self.ring.rules) && *rule == self.ring.rule;
            (same && *size == self.size && *count == members).then(|| made.clone())
        });
        known.unwrap_or_else(|| {
            let mut out = Vec::new();
            self.rules(&mut out);
            let made = (out, self.rivals());
            let rules = self.ring.rules.clone();
            RIVALS.set(Some((rules, self.ring.rule, self.size, members, made.clone())));
            made
        })
    }

    /// What the other rules make of the same members, in a sentence.
    fn rivals(&self) -> String {
        let one = |r: &RuleView| {
            let ratio = r.most as usize * 10_000 / self.mean();
            let moved = self.percent(r.moved);
            format!("{} {moved} %, {}.{:02}", r.name, ratio / 100, ratio % 100)
        };
        let all: Vec<String> = self.ring.rules.iter().map(one).collect();
        format!("Keys moved by the last change, and fullest over mean: {}", all.join("; "))
    }

    /// The same members under every rule, side by side: keys of each member, how many the last
    /// change moved, and the fullest member.
    fn rules(&self, out: &mut Vec<Item>) {
        let (left, top, room) = self.rivals_at;
        let title = format!("Moved (least {} %), max/mean", self.percent(self.ring.least));
        let title = fit(&title, Typeface::SansStrong, self.px(11), room);
        let style = (Typeface::SansStrong, 11, Anchor::Start);
        out.push(self.text("", Point::new(left, top), style, title).key("rule-title"));
        let names = self.ring.rules.iter().map(|r| width(r.name, Typeface::Sans, self.px(11)));
        let bars = left + names.max().unwrap_or(0) + self.px(6);
        let right = left + room - PX;
        let ends = right - width("100 % 1.00", Typeface::Mono, self.px(10)) - self.px(4);
        // Twice the mean fills the height; more is cut, and said.
        let (full, high) = (self.mean() * 2, self.px(13));
        for (i, rule) in self.ring.rules.iter().enumerate() {
            let base = top + self.px(23) + self.px(16) * i as i32;
            let mine = rule.name == self.ring.rule;
            let face = if mine { Typeface::SansStrong } else { Typeface::Sans };
            let track = self.bars(&rule.loads, (bars, ends, base), (full, high));
            let ratio = rule.most as usize * 10_000 / self.mean();
            let moved = self.percent(rule.moved);
            let figures = format!("{moved:>3} % {}.{:02}", ratio / 100, ratio % 100);
            let mean = base - high * self.mean() as i32 / full as i32;
            let class = if mine { "" } else { "soft" };
            let start = (face, 11, Anchor::Start);
            let end = (Typeface::Mono, 10, Anchor::End);
            let parts = vec![
                self.text(class, Point::new(left, base), start, rule.name.into()),
                Item::path(if mine { "rule-bar mine" } else { "rule-bar" }, track),
                Item::line("mean", Point::new(bars, mean), Point::new(ends, mean)),
                self.text(class, Point::new(right, base), end, figures),
            ];
            let words = format!(
                "{}: the last change moves {} of {} keys, all changes so far {}; the fullest server has {}",
                rule.name,
                rule.moved,
                self.ring.keys.len(),
                rule.all,
                rule.most
            );
            out.push(
                Item::group("", Point::default(), parts)
                    .key(format!("rule-{}", rule.name))
                    .title(words),
            );
        }
    }

    /// Keys of each member, as bars from one place to another; a crowd shares bars, as high as the
    /// fullest of those that share one.
    fn bars(
        &self,
        loads: &[u32],
        (from, to, base): (i32, i32, i32),
        (full, high): (usize, i32),
    ) -> Track {
        let n = loads.len().bounded(1, COLUMNS);
        let x = |at: usize| from + (to - from) * at as i32 / n as i32;
        let gap = if n <= 20 { PX } else { 0 };
        let mut track = Track::new();
        for at in 0..n {
            let share = loads.len() * at / n..loads.len() * (at + 1) / n;
            let load = loads.get(share).and_then(|all| all.iter().max()).copied().unwrap_or(0);
            let y = base - (high * (load as usize * 100).min(full) as i32 / full as i32).max(1);
            let (a, b) = (x(at), x(at + 1) - gap);
            track.to(Point::new(a, base)).line(Point::new(a, y));
            track.line(Point::new(b, y)).line(Point::new(b, base)).close();
        }
        track
    }
}

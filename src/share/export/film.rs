//! Films: a span of a run, frame by frame. Which frames there are depends on the span and the speed
//! alone, never on how long a frame takes to draw.

use crate::core::config::show_time;
use crate::core::session::Session;
use crate::protocols::scene;
use crate::scene::Size;
use crate::scene::stage::Stage;
use crate::scene::style::Theme;
use crate::scene::svg_text::standalone;
use crate::share::link::Link;

/// Frames a second; a whole number of hundredths of a second each.
pub const FPS: u32 = 20;
/// How long a frame stands, in hundredths of a second.
pub const HUNDREDTHS: u16 = (100 / FPS) as u16;
/// Frames at most: half a minute.
pub const MOST: u64 = 600;
/// How long after what has been seen of a run a film may end, in microseconds of virtual time.
pub const MOST_AHEAD: u64 = 600_000_000;
/// Bytes that the record of the run may hold, roughly.
const RECORD: u64 = 4 << 20;
/// A frame's size.
pub const SIZE: Size = Size::px(640, 420);

/// A span of virtual time, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilmSpan {
    /// Its beginning.
    pub from: u64,
    /// Its end.
    pub to: u64,
}

impl FilmSpan {
    /// Refuses, with a sentence, a span that ends long after what has been seen of the run, in
    /// microseconds.
    pub fn check(self, seen: u64) -> Result<(), String> {
        let latest = seen.saturating_add(MOST_AHEAD);
        if self.to > latest {
            return Err(format!(
                "the film would end at {}, but the run has been seen up to {} only: a film may end \
                 {} after that",
                show_time(i64::try_from(self.to).unwrap_or(i64::MAX)),
                show_time(i64::try_from(seen).unwrap_or(i64::MAX)),
                show_time(MOST_AHEAD as i64),
            ));
        }
        Ok(())
    }

    /// How many frames it takes if each stands for so many microseconds.
    pub fn wanted(self, each: u64) -> u64 {
        self.to.saturating_sub(self.from).max(1).div_ceil(each.max(1))
    }

    /// How many frames, and how many microseconds each stands for: more than asked for where there
    /// would be more than [`MOST`].
    pub fn frames(self, each: u64) -> (u64, u64) {
        let (count, each) = (self.wanted(each), each.max(1));
        if count <= MOST {
            return (count, each);
        }
        (MOST, self.to.saturating_sub(self.from).div_ceil(MOST))
    }
}

/// The frames of a film, in order.
pub struct Frames {
    session: Session,
    span: FilmSpan,
    theme: Theme,
    /// How many there are.
    pub count: u64,
    each: u64,
}

impl Frames {
    /// The frames of a span, each so many microseconds long; a sentence if the link's run cannot
    /// be opened. The run is still to be computed up to them: see [`Frames::come_to`].
    pub fn new(link: &Link, theme: Theme, span: FilmSpan, each: u64) -> Result<Frames, String> {
        let (mut session, _) = link.begin(RECORD)?;
        session.set_gradual(true);
        session.seek_time(span.from);
        let (count, each) = span.frames(each);
        Ok(Frames { session, span, theme, count, each })
    }

    /// Computes the run up to a frame, by so many steps at most; true once that is done.
    pub fn come_to(&mut self, nth: u64, most: u64) -> bool {
        let now = self.span.from + nth * self.each;
        self.session.slice(most) && self.session.advance_to(now, most)
    }

    /// How far the run has been computed, in microseconds.
    pub fn computed(&self) -> u64 {
        self.session.world().now()
    }

    /// A frame as SVG, standing alone; its time is not before that of the one asked for last.
    pub fn picture(&mut self, nth: u64) -> Result<String, String> {
        let now = self.span.from + nth * self.each;
        while !self.come_to(nth, u64::MAX) {}
        let view = self.session.view();
        let layout = scene(&self.session.setup.scene)?.layout;
        let mut stage = Stage::new(&view, layout, SIZE);
        stage.trace = Some(self.session.trace());
        Ok(standalone(&stage.scene(now), self.theme))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_as_many_frames_as_fit() {
        let span = FilmSpan { from: 100_000, to: 200_001 };
        assert_eq!(span.frames(1_000), (101, 1_000));
        assert_eq!(span.frames(0), (MOST, 167));
        let (count, each) = FilmSpan { from: 0, to: u64::MAX }.frames(5);
        assert_eq!((count, each), (MOST, u64::MAX.div_ceil(MOST)));
        assert_eq!(FilmSpan { from: 9, to: 9 }.frames(1_000), (1, 1_000));
    }

    #[test]
    fn a_film_of_what_is_far_ahead_is_refused() {
        let span = |to| FilmSpan { from: 0, to };
        assert_eq!(span(5_000_000 + MOST_AHEAD).check(5_000_000), Ok(()));
        let why = span(1_000_000_000_000_000).check(5_000_000).unwrap_err();
        assert!(why.starts_with("the film would end at 1000000000s, but"), "{why}");
        assert!(span(u64::MAX).check(5_000_000).is_err());
    }

    #[test]
    fn frames_computed_in_slices_are_the_same() {
        let setup =
            crate::core::config::Setup { scene: "raft".into(), seed: 7, ..Default::default() };
        let link = Link::new(setup, Vec::new());
        let span = FilmSpan { from: 500_000, to: 600_000 };
        let frames = || Frames::new(&link, Theme::Light, span, 20_000).unwrap();
        let (mut at_once, mut sliced) = (frames(), frames());
        for nth in 0..at_once.count {
            let mut slices = 0;
            while !sliced.come_to(nth, 7) {
                slices += 1;
            }
            assert!(nth > 0 || slices > 10, "{slices} slices");
            assert_eq!(at_once.picture(nth), sliced.picture(nth));
        }
    }
}

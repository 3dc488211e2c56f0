//! Films: a span of a run, frame by frame. Which frames there are depends on the span and the speed
//! alone, never on how long a frame takes to draw.

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
/// A frame's size.
pub const SIZE: Size = Size::px(640, 420);

/// A span of virtual time, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its beginning.
    pub from: u64,
    /// Its end.
    pub to: u64,
}

impl Span {
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
    span: Span,
    theme: Theme,
    /// How many there are.
    pub count: u64,
    each: u64,
}

impl Frames {
    /// The frames of a span, each so many microseconds long; a sentence if the link's run cannot
    /// be opened.
    pub fn new(link: &Link, theme: Theme, span: Span, each: u64) -> Result<Frames, String> {
        let mut session = link.open()?;
        session.seek_time(span.from);
        let (count, each) = span.frames(each);
        Ok(Frames { session, span, theme, count, each })
    }

    /// A frame as SVG, standing alone; its time is not before that of the one asked for last.
    pub fn picture(&mut self, nth: u64) -> Result<String, String> {
        let now = self.span.from + nth * self.each;
        self.session.advance_to(now, u64::MAX);
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
        let span = Span { from: 100_000, to: 200_001 };
        assert_eq!(span.frames(1_000), (101, 1_000));
        assert_eq!(span.frames(0), (MOST, 167));
        let (count, each) = Span { from: 0, to: u64::MAX }.frames(5);
        assert_eq!((count, each), (MOST, u64::MAX.div_ceil(MOST)));
        assert_eq!(Span { from: 9, to: 9 }.frames(1_000), (1, 1_000));
    }
}

//! Films: a span of a run, frame by frame. Which frames there are depends on the span and the speed
//! alone, never on how long a frame takes to draw.

use super::film::Film;
use super::model::{Model, rate};
use happened_before::core::session::Session;
use happened_before::protocols::scene;
use happened_before::scene::Size;
use happened_before::scene::stage::Stage;
use happened_before::scene::style::Theme;
use happened_before::scene::svg_text::standalone;
use happened_before::share::export::gif::Gif;
use happened_before::share::link::Link;
use std::cell::Cell;

/// Frames a second; a whole number of hundredths of a second each.
pub const FPS: u32 = 20;
/// Frames at most: half a minute.
const MOST: u64 = 600;
const SIZE: Size = Size::px(640, 420);
/// Before the playhead, in microseconds.
const BEFORE: u64 = 200_000;

/// A span of virtual time, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its beginning.
    pub from: u64,
    /// Its end.
    pub to: u64,
}

impl Span {
    /// What has just been seen.
    pub fn around(model: &Model) -> Span {
        let to = model.session.time();
        Span { from: to.saturating_sub(BEFORE), to: to.max(10_000) }
    }

    /// How many frames, and how much time each stands for.
    pub fn frames(self, speed: i32) -> (u64, u64) {
        let each = ((1_000_000.0 / f64::from(FPS) * rate(speed)) as u64).max(1);
        let long = self.to.saturating_sub(self.from).max(1);
        let count = long.div_ceil(each).max(1);
        if count > MOST { (MOST, long.div_ceil(MOST)) } else { (count, each) }
    }

    /// `96 frames, 4.8 s at 1/50 ×.`
    pub fn words(self, speed: i32) -> String {
        let (count, _) = self.frames(speed);
        let tenths = count * 10 / u64::from(FPS);
        let long = format!("{}.{}", tenths / 10, tenths % 10);
        format!("{count} frames, {long} s at {}.", super::model::rate_text(speed))
    }
}

/// Can this browser make films?
pub fn films() -> bool {
    let found = js_sys::Reflect::get(&super::dom::window(), &"VideoEncoder".into());
    found.is_ok_and(|v| v.is_truthy())
}

/// The run of a film, apart from the one on the page.
struct Frames {
    session: Session,
    span: Span,
    theme: Theme,
    count: u64,
    each: u64,
}

impl Frames {
    fn new(link: &Link, theme: Theme, span: Span, speed: i32) -> Result<Frames, String> {
        let mut session = link.open()?;
        session.seek_time(span.from);
        let (count, each) = span.frames(speed);
        Ok(Frames { session, span, theme, count, each })
    }

    fn picture(&mut self, nth: u64) -> Result<String, String> {
        let now = self.span.from + nth * self.each;
        self.session.advance_to(now, u64::MAX);
        let view = self.session.view();
        let layout = scene(&self.session.setup.scene)?.layout;
        let mut stage = Stage::new(&view, layout, SIZE);
        stage.trace = Some(self.session.trace());
        Ok(standalone(&stage.scene(now), self.theme))
    }
}

/// Says how far it is; an error if it is to stop.
fn step(nth: u64, count: u64, tell: &dyn Fn(String), stop: &Cell<bool>) -> Result<(), String> {
    if stop.get() {
        return Err("cancelled".into());
    }
    if nth.is_multiple_of(5) {
        tell(format!("Frame {nth} of {count}."));
    }
    Ok(())
}

/// The film as a GIF.
#[allow(clippy::too_many_arguments)]
pub async fn gif(
    film: &Film,
    link: &Link,
    theme: Theme,
    span: Span,
    speed: i32,
    address: &str,
    tell: &dyn Fn(String),
    stop: &Cell<bool>,
) -> Result<Vec<u8>, String> {
    let mut frames = Frames::new(link, theme, span, speed)?;
    let mut gif: Option<Gif> = None;
    for nth in 0..frames.count {
        step(nth, frames.count, tell, stop)?;
        let pixels = film.pixels(&frames.picture(nth)?, 1.0).await?;
        let gif = gif.get_or_insert_with(|| Gif::new(pixels.width, pixels.height, address));
        gif.frame(&pixels.rgba, (100 / FPS) as u16);
    }
    gif.map(Gif::finish).ok_or_else(|| "the span is empty".into())
}

/// The film as WebM.
#[allow(clippy::too_many_arguments)]
pub async fn webm(
    film: &Film,
    link: &Link,
    theme: Theme,
    span: Span,
    speed: i32,
    address: &str,
    tell: &dyn Fn(String),
    stop: &Cell<bool>,
) -> Result<Vec<u8>, String> {
    let mut frames = Frames::new(link, theme, span, speed)?;
    let reel = film.film(1.0, FPS)?;
    for nth in 0..frames.count {
        step(nth, frames.count, tell, stop)?;
        reel.add(&frames.picture(nth)?).await?;
    }
    reel.finish(address).await
}

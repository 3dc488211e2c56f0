//! Films in the page: frames become pixels in the browser.

use super::dom;
use super::film::Film;
use super::model::{Model, rate};
use happened_before::scene::style::Theme;
use happened_before::share::export::film::{FPS, FilmSpan, Frames, HUNDREDTHS};
use happened_before::share::export::gif::Gif;
use happened_before::share::link::Link;
use std::cell::Cell;

/// Milliseconds of computing between two pauses,
const SLICE: f64 = 8.0;
/// and steps between two looks at the time.
const STRIDE: u64 = 8;
/// Before the playhead, in microseconds.
const BEFORE: u64 = 200_000;

/// What has just been seen.
pub fn around(model: &Model) -> FilmSpan {
    let to = model.session.time();
    FilmSpan { from: to.saturating_sub(BEFORE), to: to.max(10_000) }
}

/// How much time a frame stands for, in microseconds.
fn each(speed: i32) -> u64 {
    (1_000_000.0 / f64::from(FPS) * rate(speed)) as u64
}

/// `96 frames, 4.8 s at 1/50 ×.`
pub fn words(span: FilmSpan, speed: i32) -> String {
    let (count, _) = span.frames(each(speed));
    let tenths = count * 10 / u64::from(FPS);
    let long = format!("{}.{}", tenths / 10, tenths % 10);
    format!("{count} frames, {long} s at {}.", super::model::rate_text(speed))
}

/// Can this browser make films?
pub fn films() -> bool {
    let found = js_sys::Reflect::get(&dom::window(), &"VideoEncoder".into());
    found.is_ok_and(|v| v.is_truthy())
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

/// Computes the run up to a frame, a few milliseconds at a time.
async fn compute(
    frames: &mut Frames,
    nth: u64,
    tell: &dyn Fn(String),
    stop: &Cell<bool>,
) -> Result<(), String> {
    loop {
        let begun = dom::now();
        while dom::now() - begun < SLICE {
            if frames.come_to(nth, STRIDE) {
                return Ok(());
            }
        }
        if stop.get() {
            return Err("cancelled".into());
        }
        tell(format!("The run is computed: {} so far.", super::words::seconds(frames.computed())));
        dom::pause().await;
    }
}

/// The film as a GIF.
#[allow(clippy::too_many_arguments)]
pub async fn gif(
    film: &Film,
    link: &Link,
    theme: Theme,
    span: FilmSpan,
    speed: i32,
    address: &str,
    tell: &dyn Fn(String),
    stop: &Cell<bool>,
) -> Result<Vec<u8>, String> {
    let mut frames = Frames::new(link, theme, span, each(speed))?;
    let mut gif: Option<Gif> = None;
    for nth in 0..frames.count {
        step(nth, frames.count, tell, stop)?;
        compute(&mut frames, nth, tell, stop).await?;
        let pixels = film.pixels(&frames.picture(nth)?, 1.0).await?;
        let gif = gif.get_or_insert_with(|| Gif::new(pixels.width, pixels.height, address));
        gif.frame(&pixels.rgba, HUNDREDTHS);
    }
    gif.map(Gif::finish).ok_or_else(|| "the span is empty".into())
}

/// The film as WebM.
#[allow(clippy::too_many_arguments)]
pub async fn webm(
    film: &Film,
    link: &Link,
    theme: Theme,
    span: FilmSpan,
    speed: i32,
    address: &str,
    tell: &dyn Fn(String),
    stop: &Cell<bool>,
) -> Result<Vec<u8>, String> {
    let mut frames = Frames::new(link, theme, span, each(speed))?;
    let reel = film.film(1.0, FPS)?;
    for nth in 0..frames.count {
        step(nth, frames.count, tell, stop)?;
        compute(&mut frames, nth, tell, stop).await?;
        reel.add(&frames.picture(nth)?).await?;
    }
    // What follows in the file is no part of the link.
    reel.finish(&format!("{address}\n")).await
}

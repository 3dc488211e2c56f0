//! Pictures of a run: SVG anywhere; pixels where there is a rasteriser.

use super::limit::Stop;
use super::play::Played;
use super::{Args, Bad, Host};
use crate::core::config::{parse_time, show_time};
use crate::core::quote::quoted;
use crate::scene::Size;
use crate::scene::index::Index;
use crate::scene::space_time::SpaceTime;
use crate::scene::stage::Stage;
use crate::scene::style::Theme;
use crate::scene::svg_text::standalone;
use crate::share::carry;
use crate::share::export::film::{FilmSpan, MOST};

/// The sizes of the page's own exports.
const STAGE: Size = Size::px(820, 520);
const DIAGRAM: Size = Size::px(1000, 320);
/// How much of the past a diagram or a film shows unless `--from` says, in microseconds.
const PAST: u64 = 1_000_000;
const BEFORE: u64 = 200_000;
/// Microseconds a frame stands for at the page's usual speed, a fiftieth of true speed.
const USUAL: u64 = 1_000;
/// Frames of a film whose speed nobody chose.
const ENOUGH: u64 = 200;

/// What is drawn, and how.
pub struct PictureRequest {
    form: PictureKind,
    view: View,
    theme: Theme,
    scale: u8,
    from: Option<u64>,
    /// Microseconds that a frame stands for.
    each: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PictureKind {
    Svg,
    Png,
    Gif,
}

#[derive(Clone, Copy)]
enum View {
    Stage,
    Diagram,
    Poster,
}

/// A file.
pub struct Drawn {
    /// What it holds.
    pub bytes: Vec<u8>,
    /// It was stopped before its end.
    pub early: bool,
}

impl PictureRequest {
    /// Takes `[--theme light|dark|print]`, for `svg` and `png` `[--view poster|stage|diagram]
    /// [--from T]`, for `png` `[--scale 1..4]`, for `gif` `[--from T] [--speed 1/50] [--scale 1..2]`.
    pub fn take(to: &str, args: &mut Args) -> Result<PictureRequest, Bad> {
        let form = match to {
            "svg" => PictureKind::Svg,
            "png" => PictureKind::Png,
            _ => PictureKind::Gif,
        };
        let themes =
            [("light", Theme::Light), ("dark", Theme::Dark), ("print", Theme::LightStrong)];
        let theme = one_of(args, "--theme", &themes)?;
        let views = [("poster", View::Poster), ("stage", View::Stage), ("diagram", View::Diagram)];
        let view =
            if form == PictureKind::Gif { View::Stage } else { one_of(args, "--view", &views)? };
        let most = if form == PictureKind::Gif { 2 } else { 4 };
        let scale = match form {
            PictureKind::Svg => 1,
            _ => args.number("--scale")?.unwrap_or(1),
        };
        let fits = (1..=most).contains(&scale);
        let scale = u8::try_from(scale).ok().filter(|_| fits);
        let scale = scale.ok_or_else(|| format!("--scale of a {to} is 1 to {most}"))?;
        let from = match args.value("--from")? {
            None => None,
            Some(text) => {
                let time = parse_time(&text).and_then(|t| u64::try_from(t).ok());
                let wrong =
                    || format!("--from takes a time such as 5s or 150ms, not {}", quoted(&text));
                Some(time.ok_or_else(wrong)?)
            }
        };
        let each = match form {
            PictureKind::Gif => speed(args)?,
            _ => None,
        };
        Ok(PictureRequest { form, view, theme, scale, from, each })
    }

    /// Draws the run at its goal, or up to it, with its link inside.
    pub fn draw(&self, played: &Played, host: &dyn Host) -> Result<Drawn, Bad> {
        let link = played.link().fragment();
        let still = |bytes| Ok(Drawn { bytes, early: false });
        match self.form {
            PictureKind::Svg => still(carry::svg(&self.svg(played)?, &link).into_bytes()),
            PictureKind::Png => {
                still(carry::png(&pixels::png(&self.svg(played)?, self.scale)?, &link)?)
            }
            PictureKind::Gif => {
                let (span, each) = self.span(played)?;
                pixels::gif(&played.link(), self.theme, span, each, self.scale, host)
            }
        }
    }

    fn svg(&self, played: &Played) -> Result<String, Bad> {
        let session = &played.session;
        let (view, now) = (session.view(), session.time());
        let from = self.from.unwrap_or(now.saturating_sub(PAST));
        if from > now {
            return Err(backwards(from, now));
        }
        let scene = match self.view {
            View::Poster => return played.svg(self.theme, now - from),
            View::Stage => {
                let layout = crate::protocols::scene(&session.setup.scene)?.layout;
                let mut stage = Stage::new(&view, layout, STAGE);
                stage.trace = Some(session.trace());
                stage.scene(now)
            }
            View::Diagram => {
                let index = Index::of(session.trace());
                let window = (from, now + (now - from) / 20 + 1);
                SpaceTime::new(&view, session.trace(), &index, window, DIAGRAM).scene(now)
            }
        };
        Ok(standalone(&scene, self.theme))
    }

    /// The film's span, and how much time a frame stands for.
    fn span(&self, played: &Played) -> Result<(FilmSpan, u64), Bad> {
        if let (Some(why), Some(Stop::Steps | Stop::Memory)) = (played.early(), played.stopped) {
            return Err(format!("there is no film up to there: {why}").into());
        }
        let to = played.session.time();
        let from = self.from.unwrap_or(to.saturating_sub(BEFORE));
        if from >= to {
            return Err(backwards(from, to));
        }
        let span = FilmSpan { from, to };
        let Some(each) = self.each else {
            return Ok((span, USUAL.max((to - from).div_ceil(ENOUGH))));
        };
        let wanted = span.wanted(each);
        if wanted > MOST {
            let least = (to - from).div_ceil(MOST);
            return Err(format!(
                "at this --speed the span takes {wanted} frames, and a film has at most {MOST}: \
                 take a shorter one, or --speed 1/{}",
                (50_000 / least).max(1)
            )
            .into());
        }
        Ok((span, each))
    }
}

fn backwards(from: u64, to: u64) -> Bad {
    let show = |t: u64| show_time(i64::try_from(t).unwrap_or(i64::MAX));
    format!("--from {} is not before the end of the run, {}", show(from), show(to)).into()
}

fn one_of<T: Copy>(args: &mut Args, name: &str, all: &[(&str, T)]) -> Result<T, Bad> {
    let Some(text) = args.value(name)? else { return Ok(all[0].1) };
    let found = all.iter().find(|(known, _)| *known == text);
    let names: Vec<&str> = all.iter().map(|(known, _)| *known).collect();
    let wrong = || format!("{name} is one of {}, not {}", names.join(", "), quoted(&text));
    Ok(found.ok_or_else(wrong)?.1)
}

/// Takes `--speed 1/50`: virtual time to the film's.
fn speed(args: &mut Args) -> Result<Option<u64>, Bad> {
    let Some(text) = args.value("--speed")? else { return Ok(None) };
    let (over, under) = text.split_once('/').unwrap_or((&text, "1"));
    let parts = over.trim().parse::<u64>().ok().zip(under.trim().parse::<u64>().ok());
    let parts = parts.filter(|(a, b)| (1..=1_000).contains(a) && (1..=10_000).contains(b));
    let (over, under) = parts.ok_or_else(|| {
        format!("--speed takes a share of true speed such as 1/50 or 2, not {}", quoted(&text))
    })?;
    Ok(Some((50_000 * over / under).max(1)))
}

#[cfg(not(target_arch = "wasm32"))]
mod pixels {
    use super::*;
    use crate::cli::raster::Raster;
    use crate::share::export::film::{Frames, HUNDREDTHS};
    use crate::share::export::gif::Gif;
    use crate::share::link::Link;

    pub fn png(svg: &str, scale: u8) -> Result<Vec<u8>, String> {
        Raster::new()?.png(svg, scale)
    }

    /// The film; what there is of it if the user stops it.
    pub fn gif(
        link: &Link,
        theme: Theme,
        span: FilmSpan,
        each: u64,
        scale: u8,
        host: &dyn Host,
    ) -> Result<Drawn, Bad> {
        let raster = Raster::new()?;
        let mut frames = Frames::new(link, theme, span, each)?;
        let mut film: Option<Gif> = None;
        let mut early = false;
        for nth in 0..frames.count {
            early = host.cancelled();
            if early {
                break;
            }
            if nth % 20 == 0 {
                host.hint(&format!("frame {nth} of {}", frames.count));
            }
            let pixels = raster.pixels(&frames.picture(nth)?, scale)?;
            let side = |n: u32| u16::try_from(n).map_err(|_| "the picture is too large");
            let (width, height) = (side(pixels.width())?, side(pixels.height())?);
            let film = film.get_or_insert_with(|| Gif::new(width, height, &link.fragment()));
            film.frame(pixels.data(), HUNDREDTHS);
            if film.size() > carry::MAX_FILE {
                let most = carry::MAX_FILE >> 20;
                return Err(format!("the film is larger than {most} MB at frame {nth}").into());
            }
        }
        let film = film.ok_or("stopped before the first frame")?;
        Ok(Drawn { bytes: film.finish(), early })
    }
}

/// Browsers rasterise themselves, and the page has its own exports.
#[cfg(target_arch = "wasm32")]
mod pixels {
    use super::*;
    use crate::share::link::Link;

    const HERE: &str = "pixels are drawn by the program hb or by the page, not by hb in wasm";

    pub fn png(_: &str, _: u8) -> Result<Vec<u8>, String> {
        Err(HERE.into())
    }

    pub fn gif(_: &Link, _: Theme, _: FilmSpan, _: u64, _: u8, _: &dyn Host) -> Result<Drawn, Bad> {
        Err(HERE.into())
    }
}

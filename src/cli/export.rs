//! `hb export`: a run in another form.

use super::limit::Timed;
use super::picture::{Drawn, PictureRequest};
use super::play::{Played, RunForm, RunGoal, play, take_setup};
use super::{Answer, Args, Bad, HOLDS, Host, UNKNOWN, replay};
use crate::core::quote::quoted;
use crate::protocols;
use crate::share::export;
use crate::share::link::Link;

const FORMS: &str = "json, trace, journal, shiviz, jepsen, mermaid, svg, png, gif";

/// `hb export RUN --to FORM [--until T | --steps N] [--budget-ms N] [--out FILE]`; RUN is a link, a file, or a scene
/// with the options of `hb run`. Pictures take the options of [`PictureRequest::take`].
pub fn export(args: &mut Args, host: &dyn Host) -> Answer {
    let host = &Timed::take(args, host)?;
    let to = args.value("--to")?.ok_or_else(|| format!("--to is missing: one of {FORMS}"))?;
    let goal = RunGoal::take(args)?;
    let out = args.value("--out")?;
    let picture = match to.as_str() {
        "svg" | "png" | "gif" => Some(PictureRequest::take(&to, args)?),
        _ => None,
    };
    let scene = args.any(|arg| protocols::scene(arg).is_ok());
    let link = if scene {
        Link::new(take_setup(args)?, Vec::new())
    } else {
        let source = args.need("the run (a link, a file or a scene)")?;
        replay::open(&source, host)?
    };
    args.done()?;
    let mut played = play(&link, goal.unwrap_or(RunGoal::of(&link)), host)?;
    let drawn = match picture {
        Some(picture) => picture.draw(&played, host)?,
        None => Drawn { bytes: form(&mut played, &to, host)?.into_bytes(), early: false },
    };
    if let Some(why) = played.early() {
        args.note(why);
    }
    let code = if drawn.early || played.stopped.is_some() { UNKNOWN } else { HOLDS };
    if let Some(file) = out {
        host.write(&file, &drawn.bytes)?;
        return Ok((code, String::new()));
    }
    match String::from_utf8(drawn.bytes) {
        Ok(text) => Ok((code, text)),
        Err(pixels) => {
            host.print(&pixels.into_bytes())?;
            Ok((code, String::new()))
        }
    }
}

/// A run as the text that `--to` names.
pub fn form(played: &mut Played, to: &str, host: &dyn Host) -> Result<String, Bad> {
    match to {
        "json" => played.text(RunForm::Json, host),
        "trace" => played.text(RunForm::Trace, host),
        "journal" => played.text(RunForm::Journal, host),
        "shiviz" => Ok(export::shiviz(played.session.trace(), &played.names())),
        "mermaid" => {
            let landmarks = played.info()?.landmarks;
            Ok(export::mermaid(played.session.trace(), &played.names(), landmarks))
        }
        "jepsen" => Ok(export::jepsen(played.session.trace(), played.info()?.calls)),
        _ => Err(format!("{} is not a form of a run, only {FORMS}", quoted(to)).into()),
    }
}

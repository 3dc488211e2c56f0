//! `hb export`: a run in another form.

use super::play::{Form, Goal, Played, play, take_setup};
use super::{Answer, Args, Bad, HOLDS, Host, replay};
use crate::protocols;
use crate::share::export;
use crate::share::link::Link;

const FORMS: &str = "json, trace, shiviz, jepsen, mermaid, svg";

/// `hb export RUN --to FORM [--until T | --steps N]`; RUN is a link, a file, or a scene with the
/// options of `hb run`.
pub fn export(args: &mut Args, host: &dyn Host) -> Answer {
    let to = args.value("--to")?.ok_or_else(|| format!("--to is missing: one of {FORMS}"))?;
    let goal = Goal::take(args)?;
    let scene = args.any(|arg| protocols::scene(arg).is_ok());
    let link = if scene {
        Link::new(take_setup(args)?, Vec::new())
    } else {
        let source = args.need("the run (a link, a file or a scene)")?;
        replay::open(&source, host)?
    };
    args.done()?;
    let mut played = play(&link, goal.unwrap_or(Goal::of(&link)), host)?;
    Ok((HOLDS, form(&mut played, &to)?))
}

fn form(played: &mut Played, to: &str) -> Result<String, Bad> {
    match to {
        "json" => played.text(Form::Json),
        "trace" => played.text(Form::Trace),
        "shiviz" => Ok(export::shiviz(played.session.trace(), &played.names())),
        "mermaid" => {
            let landmarks = played.info()?.landmarks;
            Ok(export::mermaid(played.session.trace(), &played.names(), landmarks))
        }
        "jepsen" => Ok(export::jepsen(played.session.trace(), played.info()?.calls)),
        "svg" => played.svg(),
        _ => Err(format!("'{to}' is not a form of a run, only {FORMS}").into()),
    }
}

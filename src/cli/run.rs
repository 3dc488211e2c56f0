//! `hb run`: plays a scene.

use super::limit::Timed;
use super::play::{RunForm, RunGoal, play, take_setup};
use super::{Answer, Args, Host, script};
use crate::share::link::Link;

/// `hb run SCENE [--preset P] [--set k=v ...] [--mutant M] [--script FILE] [--seed N]
/// [--until 5s | --steps N] [--budget-ms N] [--json | --trace | --journal | --svg FILE | --digest]`.
pub fn run(args: &mut Args, host: &dyn Host) -> Answer {
    let host = &Timed::take(args, host)?;
    let form = RunForm::take(args)?;
    let goal = RunGoal::take(args)?.unwrap_or_default();
    let file = args.value("--script")?;
    let svg = args.value("--svg")?;
    let setup = take_setup(args)?;
    args.done()?;
    let journal = match file {
        Some(file) => script::parse(&file, &host.read(&file)?, &setup, host)?,
        None => Vec::new(),
    };
    let mut played = play(&Link::new(setup, journal), goal, host)?;
    played.tell_early(form, args);
    played.answer(form, svg, host)
}

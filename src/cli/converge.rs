//! `hb converge`: how long servers take to agree after one write, over many runs.

use super::limit::{Scales, Stop, Timed};
use super::play::take_setup;
use super::{Answer, Args, HOLDS, Host, UNKNOWN};
use crate::check::converge::{Convergence, LONGEST};
use crate::core::config::show_time;
use serde_json::json;

/// Steps between two looks at whether the user wants to stop.
const SLICE: u64 = 1_024;
/// Shares that are told, in per cent.
const TOLD: [u64; 5] = [10, 50, 90, 99, 100];

/// `hb converge SCENE [--preset P] [--set k=v ...] [--seed N] [--runs 200] [--budget-ms N] [--json]`.
pub fn converge(args: &mut Args, host: &dyn Host) -> Answer {
    let host = &Timed::take(args, host)?;
    let as_json = args.flag("--json");
    let runs = args.number("--runs")?.unwrap_or(200).clamp(1, 100_000);
    let setup = take_setup(args)?;
    args.done()?;
    let mut all = Convergence::new(&setup, runs)?;
    let (mut scales, mut stop) = (Scales::new(host), None);
    while stop.is_none() && !all.slice(SLICE)? {
        stop = Stop::now(host, &mut scales);
    }
    let runs = all.done;
    let code = if runs == all.total() { HOLDS } else { UNKNOWN };
    if let Some(stop) = stop {
        args.note(format!("stopped {}: {runs} of {} runs are measured", stop.words(), all.total()));
    }
    let told = TOLD.map(|p| (p, all.within(p)));
    if as_json {
        let within: Vec<_> = told.iter().map(|(p, us)| json!({"percent": p, "us": us})).collect();
        let document = json!({"scene": setup.scene, "seed": setup.seed, "runs": runs,
            "never": all.never, "longest_us": LONGEST, "within": within, "times_us": all.times,
            "complete": code == HOLDS});
        return Ok((code, document.to_string() + "\n"));
    }
    let mut text = format!("{runs} runs of one write\n");
    for (percent, us) in told {
        let time = us.map_or("not within a minute".into(), |us| show_time(us as i64 / 100 * 100));
        text += &format!("{percent:>3} % agree within {time}\n");
    }
    Ok((code, text))
}

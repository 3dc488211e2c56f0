//! `hb plane`: what every configuration of a scene costs in latency, and what it returns.

use super::limit::{Scales, Stop, Timed};
use super::play::take_setup;
use super::{Answer, Args, Bad, HOLDS, Host, UNKNOWN};
use crate::check::plane::{Survey, SurveyPoint, Terms};
use crate::core::config::{parse_time, show_time};
use crate::core::quote::quoted;
use serde_json::json;
use std::fmt::Write;

/// Steps between two looks at whether the user wants to stop.
const SLICE: u64 = 1_024;

/// `hb plane SCENE [--preset P] [--set k=v ...] [--seed N] [--at 0ms] [--until 60s] [--cut]
/// [--budget-ms N] [--json]`.
pub fn plane(args: &mut Args, host: &dyn Host) -> Answer {
    let host = &Timed::take(args, host)?;
    let (as_json, cut) = (args.flag("--json"), args.flag("--cut"));
    let t = time(args, "--at", 0)?;
    let until = time(args, "--until", 60_000_000)?;
    let setup = take_setup(args)?;
    args.done()?;
    let mut survey = Survey::new(&setup, Terms { t, until, cut })?;
    let (mut scales, mut stop) = (Scales::new(host), None);
    while stop.is_none() && !survey.slice(SLICE)? {
        stop = Stop::now(host, &mut scales);
    }
    let (points, total) = (&survey.points, survey.total());
    let code = if points.len() == total { HOLDS } else { UNKNOWN };
    if let Some(stop) = stop {
        let words = stop.words();
        args.note(format!("stopped {words}: {} of {total} are measured", points.len()));
    }
    if as_json {
        let document = json!({"scene": setup.scene, "seed": setup.seed, "at_us": t,
            "until_us": until, "cut": cut, "configurations": points,
            "complete": code == HOLDS});
        return Ok((code, document.to_string() + "\n"));
    }
    let wide = points.iter().map(|p| p.name.chars().count()).max().unwrap_or(0);
    let mut text = format!(
        "{:<wide$}  {:>9} {:>9}  {:>9} {:>9}  {:>8} {:>9}\n",
        "", "read p50", "p99", "write p50", "p99", "stale", "answered"
    );
    points.iter().for_each(|p| text += &line(p, wide));
    Ok((code, text))
}

fn time(args: &mut Args, name: &str, default: u64) -> Result<u64, Bad> {
    let Some(text) = args.value(name)? else { return Ok(default) };
    let time = parse_time(&text).and_then(|t| u64::try_from(t).ok()).filter(|t| *t <= 600_000_000);
    let wrong =
        || Bad(format!("{name} takes a time up to 600s such as 50ms, not {}", quoted(&text)));
    time.ok_or_else(wrong)
}

fn line(p: &SurveyPoint, wide: usize) -> String {
    let (f, mut out) = (&p.figures, String::new());
    let time = |us: u64| match us {
        0 => "-".to_string(),
        us => show_time(us as i64 / 100 * 100),
    };
    let share = |ppm: u32| format!("{}.{:02}%", ppm / 10_000, ppm / 100 % 100);
    let _ = writeln!(
        out,
        "{:<wide$}  {:>9} {:>9}  {:>9} {:>9}  {:>8} {:>9}{}",
        p.name,
        time(f.reads.p50),
        time(f.reads.p99),
        time(f.writes.p50),
        time(f.writes.p99),
        share(f.stale_share()),
        share(f.answered_share()),
        if p.best { "  best" } else { "" }
    );
    out
}

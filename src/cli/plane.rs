//! `hb plane`: what every configuration of a scene costs in latency, and what it returns.

use super::play::take_setup;
use super::{Answer, Args, Bad, HOLDS, Host};
use crate::check::plane::{Point, Survey, Terms};
use crate::core::config::{parse_time, show_time};
use serde_json::json;
use std::fmt::Write;

/// Steps between two looks at whether the user wants to stop.
const SLICE: u64 = 4_096;

/// `hb plane SCENE [--preset P] [--set k=v ...] [--seed N] [--at 0ms] [--until 60s] [--cut] [--json]`.
pub fn plane(args: &mut Args, host: &dyn Host) -> Answer {
    let (as_json, cut) = (args.flag("--json"), args.flag("--cut"));
    let t = time(args, "--at", 0)?;
    let until = time(args, "--until", 60_000_000)?;
    let setup = take_setup(args)?;
    args.done()?;
    let mut survey = Survey::new(&setup, Terms { t, until, cut })?;
    while !survey.slice(SLICE)? {
        if host.cancelled() {
            return Err("stopped before all was measured".into());
        }
    }
    let points = &survey.points;
    if as_json {
        let document = json!({"scene": setup.scene, "seed": setup.seed, "at_us": t,
            "until_us": until, "cut": cut, "configurations": points});
        return Ok((HOLDS, document.to_string() + "\n"));
    }
    let wide = points.iter().map(|p| p.name.chars().count()).max().unwrap_or(0);
    let mut text = format!(
        "{:<wide$}  {:>9} {:>9}  {:>9} {:>9}  {:>8} {:>9}\n",
        "", "read p50", "p99", "write p50", "p99", "stale", "answered"
    );
    points.iter().for_each(|p| text += &line(p, wide));
    Ok((HOLDS, text))
}

fn time(args: &mut Args, name: &str, default: u64) -> Result<u64, Bad> {
    let Some(text) = args.value(name)? else { return Ok(default) };
    let time = parse_time(&text).and_then(|t| u64::try_from(t).ok()).filter(|t| *t <= 600_000_000);
    time.ok_or_else(|| Bad(format!("{name} takes a time up to 600s such as 50ms, not '{text}'")))
}

fn line(p: &Point, wide: usize) -> String {
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

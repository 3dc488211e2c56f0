//! What a search says of itself.

use super::search_run::{FoundRun, SearchNews};
use super::words::count;

/// `12,345`.
pub fn thousands(n: f64) -> String {
    let digits = format!("{n:.0}");
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn many(n: f64, one: &str) -> String {
    count(n as u64, one).replacen(&format!("{n:.0}"), &thousands(n), 1)
}

/// A search that goes on, in short lines.
pub fn progress(news: &SearchNews) -> Vec<String> {
    let mut lines = Vec::new();
    if news.states > 0.0 {
        let rate = news.states / news.seconds.max(0.2);
        let rate = thousands((rate / 100.0).round() * 100.0);
        lines.push(format!("{} · {rate}/s · depth {:.0}", many(news.states, "state"), news.depth));
        if !news.within.is_empty() {
            let some = news.within.split(';').next().unwrap_or_default();
            lines.push(some.to_string());
        }
    }
    if news.runs > 0.0 {
        lines.push(many(news.runs, "fault schedule"));
    }
    if news.workers > 1.0 {
        lines.push(many(news.workers, "worker"));
    }
    lines.push(match (news.phase.as_str(), news.alone) {
        ("shrinking", _) => "Found one; making it small.".into(),
        (_, true) => "Without a worker: the browser refused one.".into(),
        _ if lines.is_empty() => "Fetching the search.".into(),
        _ => return lines,
    });
    lines
}

/// How a finding came about, and how large it is.
pub fn how(hit: &FoundRun) -> String {
    let length = many(hit.length, "intervention");
    match hit.seed {
        Some(seed) => format!("By the fault schedule of seed {seed:.0}, cut down to {length}."),
        None => format!("By the shortest of all ways: {}.", many(hit.length, "step")),
    }
}

/// A search that the reader has stopped.
pub fn stopped(news: &SearchNews) -> String {
    let level = (news.depth - 1.0).max(0.0);
    let mut out = format!("Stopped after {:.1} s, nothing found", news.seconds);
    if news.states > 0.0 {
        out += &format!(": {}", many(news.states, "state"));
        if !news.within.is_empty() {
            let within = news.within.split(';').next().unwrap_or_default();
            out += &format!("; with {within} complete only to level {level:.0}");
        }
    }
    out + "."
}

/// Why there is no answer.
pub fn failed(news: &SearchNews) -> String {
    format!("The search failed: {}.", news.error.trim_end_matches('.'))
}

/// What was searched and what was not.
pub fn extent(news: &SearchNews) -> String {
    let mut out = String::new();
    if !news.sentence.is_empty() {
        out = format!("{}.", news.sentence);
    }
    if news.runs > 0.0 {
        let broke = if news.found.is_some() { "" } else { " broke nothing" };
        out += &format!(
            " {} of {}{broke}.",
            many(news.runs, "fault schedule"),
            many(news.steps, "step")
        );
    }
    if news.unrecovered > 0.0 {
        out += &format!(
            " After {} nothing came through again, first after that of seed {:.0}.",
            many(news.unrecovered, "schedule"),
            news.unrecovered_seed
        );
    }
    out.trim_start().into()
}

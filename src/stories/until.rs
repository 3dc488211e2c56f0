//! Conditions of a run, as words. All parts joined by `&` must hold.
//!
//! `rule BecomeLeader` (the step just taken applied this rule) · `rule Timeout S3` · `violation` ·
//! `violation log-matching` · `S3 Leader` (role) · `S3 crashed` · `S3.commitIndex >= 5` ·
//! `committed >= 3` · `epoch >= 2` · `leaders = 2` · `op ok` / `op unknown` / `op fail` (the last
//! operation that ended) · `op A open` · `after 200ms` (since the wait began) · `lost` · `heard` ·
//! `moving = 0` (keys on their way) · `moved >= 9` (by the last change of members; `moved.modulo`
//! under another rule) · `ranges >= 4` · `hottest >= 90` (the share of all requests that the hottest
//! range takes, in hundredths) · `fanout >= 16` (ranges that the last scan asked) ·
//! `took >= 80000` (microseconds of the operation that ended last) ·
//! `stale = 0` (reads so far that were stale, in parts per million; `judged` counts those that could
//! be; `stale@50ms` asks only for what was confirmed that long before) · `p99 >= 20000` (microseconds
//! that 99 of 100 reads took at most, or writes if they took longer) · `fact clocks say` (a fact known to the observer begins so)

use super::names::{Given, node};
use crate::check::plane::figures;
use crate::core::config::parse_time;
use crate::core::ids::NodeId;
use crate::core::trace::{OpEnd, OpLife, Trace};
use crate::core::view::{AxisView, Border, Event, RingView, Status, What, WorldView};

/// What a condition is held against.
pub struct Moment<'a> {
    /// The world now.
    pub view: &'a WorldView,
    /// The step just taken, if one was.
    pub event: Option<&'a Event>,
    /// The record up to now.
    pub trace: &'a Trace,
    /// Names given.
    pub given: &'a Given,
    /// When the wait began, microseconds.
    pub since: u64,
}

/// Does the condition hold? Or one sentence on why it cannot be read.
pub fn holds(m: &Moment, text: &str) -> Result<bool, String> {
    for part in text.split('&').map(str::trim).filter(|p| !p.is_empty()) {
        if !one(m, part)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The wait that a condition names with `after`, in microseconds.
pub fn wait(text: &str) -> Option<u64> {
    let waits = text.split('&').filter_map(|p| parse_time(p.trim().strip_prefix("after ")?));
    waits.max().and_then(|t| u64::try_from(t).ok())
}

fn one(m: &Moment, part: &str) -> Result<bool, String> {
    if let Some(rest) = part.strip_prefix("not ") {
        return one(m, rest).map(|b| !b);
    }
    if let Some(start) = part.strip_prefix("fact ") {
        return Ok(m.view.facts.iter().any(|f| f.starts_with(start)));
    }
    let words: Vec<&str> = part.split_whitespace().collect();
    let unreadable = || format!("'{part}' is no condition");
    match words[..] {
        ["rule", rule] => Ok(m.event.is_some_and(|e| e.notes.contains(&rule))),
        ["rule", rule, who] => {
            let who = node(m.view, m.given, who)?;
            Ok(m.event.is_some_and(|e| e.notes.contains(&rule) && e.node == Some(who)))
        }
        ["violation"] => Ok(m.view.verdicts.iter().any(|v| v.violation.is_some())),
        ["violation", id] => {
            Ok(m.view.verdicts.iter().any(|v| v.property == id && v.violation.is_some()))
        }
        ["after", time] => {
            let wait = parse_time(time).ok_or_else(unreadable)?;
            Ok(m.view.now >= m.since.saturating_add_signed(wait))
        }
        ["lost"] => Ok(m.event.is_some_and(|e| matches!(e.what, What::Lost { .. }))),
        ["heard"] => Ok(m.event.is_some_and(|e| matches!(e.what, What::Receive(_)))),
        ["op", end] => Ok(last_end(m, None).is_some_and(|e| end_is(e, end))),
        ["op", client, end @ ("open" | "ok" | "fail" | "unknown")] => {
            let client = node(m.view, m.given, client)?;
            Ok(last_end(m, Some(client)).is_some_and(|e| end_is(e, end)))
        }
        [what, compare, number] => {
            let number: i64 = number.parse().map_err(|_| unreadable())?;
            let value = value(m, what)?;
            match compare {
                ">=" => Ok(value.is_some_and(|v| v >= number)),
                "=" => Ok(value == Some(number)),
                _ => Err(unreadable()),
            }
        }
        [who, state] => {
            let n = &m.view.nodes[node(m.view, m.given, who)?.at()];
            Ok(match state {
                "crashed" => n.status == Status::Crashed,
                "up" => n.status == Status::Up,
                "paused" => n.status == Status::Paused,
                role => n.look.role == role && n.status != Status::Crashed,
            })
        }
        _ => Err(unreadable()),
    }
}

/// How the last operation stands: of one client, or the last that has ended at all. What ends
/// later than now is open.
fn last_end<'a>(m: &'a Moment, client: Option<NodeId>) -> Option<&'a OpEnd> {
    let so_far = |o: &&OpLife| o.step <= m.view.step && client.is_none_or(|c| o.id.client == c);
    let ended = |o: &&OpLife| o.ended.is_some_and(|(step, _)| step <= m.view.step);
    let mut mine = m.trace.ops.iter().filter(so_far);
    match client {
        Some(_) => mine.next_back().map(|o| if ended(&o) { &o.end } else { &OpEnd::Open }),
        None => mine.filter(ended).max_by_key(|o| o.ended).map(|o| &o.end),
    }
}

fn end_is(end: &OpEnd, word: &str) -> bool {
    match end {
        OpEnd::Open => word == "open",
        OpEnd::Ok(_) => word == "ok",
        OpEnd::Fail(_) => word == "fail",
        OpEnd::Unknown => word == "unknown",
    }
}

/// Microseconds from the beginning to the end of the operation that ended last.
fn took(m: &Moment) -> Option<i64> {
    let ended = m.trace.ops.iter().filter_map(|o| Some((o.ended?, o.invoked)));
    let last = ended.filter(|((step, _), _)| *step <= m.view.step).max_by_key(|(e, _)| e.0);
    last.map(|((_, at), from)| (at - from) as i64)
}

/// Keys that are still to move, or whose owner the last change of members changed under a rule.
fn moved(ring: &RingView, what: &str, rule: &str) -> i64 {
    match what {
        "moving" => ring.moves.iter().map(|m| i64::from(m.keys)).sum(),
        _ => ring.rules.iter().find(|r| r.name == rule).map_or(0, |r| r.moved.into()),
    }
}

/// A number of an axis of keys, once there is one.
fn of_axis(axis: &AxisView, what: &str) -> Option<i64> {
    let rates = || axis.spans.iter().map(|r| i64::from(r.rate));
    match what {
        "ranges" => Some(axis.spans.len() as i64),
        "fanout" => axis.scan.map(|(asked, ..)| asked.into()),
        _ => (rates().max()? * 100).checked_div(rates().sum()),
    }
}

/// A number that can be seen: `committed`, `epoch`, `leaders`, `S3.commitIndex`.
fn value(m: &Moment, what: &str) -> Result<Option<i64>, String> {
    let leading = || {
        m.view
            .nodes
            .iter()
            .filter(|n| n.look.border == Border::Double && n.status != Status::Crashed)
    };
    match what {
        "committed" => return Ok(m.view.committed.map(|c| c as i64)),
        "epoch" => {
            return Ok(m.view.nodes.iter().filter_map(|n| n.look.epoch).max().map(|e| e as i64));
        }
        "leaders" => return Ok(Some(leading().count() as i64)),
        "now" => return Ok(Some(m.view.now as i64)),
        "ranges" | "hottest" | "fanout" => {
            return Ok(m.view.axis.as_ref().and_then(|a| of_axis(a, what)));
        }
        "moving" if m.view.axis.is_some() => {
            return Ok(m.view.axis.as_ref().map(|a| a.moves.len() as i64));
        }
        // Of reads so far, in parts per million; and how long the last operation took.
        "stale" => {
            return Ok(Some(figures(&[], &m.trace.ops, m.view.step, 0).stale_share().into()));
        }
        "judged" => return Ok(Some(figures(&[], &m.trace.ops, m.view.step, 0).judged.into())),
        "took" => return Ok(took(m)),
        "p99" => {
            let all = figures(&[], &m.trace.ops, m.view.step, 0);
            return Ok(Some(all.reads.p99.max(all.writes.p99) as i64));
        }
        "moving" | "moved" => return Ok(m.view.ring.as_ref().map(|r| moved(r, what, r.rule))),
        _ => {}
    }
    if let Some(t) = what.strip_prefix("stale@").and_then(parse_time) {
        let all = figures(&[], &m.trace.ops, m.view.step, t.max(0) as u64);
        return Ok(Some(all.stale_share().into()));
    }
    if let (Some(rule), Some(ring)) = (what.strip_prefix("moved."), &m.view.ring) {
        return Ok(Some(moved(ring, "moved", rule)));
    }
    let (who, field) =
        what.split_once('.').ok_or_else(|| format!("there is no number called '{what}'"))?;
    let n = &m.view.nodes[node(m.view, m.given, who)?.at()];
    let mut fields = n.look.durable.iter().chain(&n.look.volatile);
    let Some((_, text)) = fields.find(|(name, _)| name == field) else {
        return Err(format!("{who} has no field '{field}'"));
    };
    let number = text.split_whitespace().next().unwrap_or("");
    Ok(number.parse().ok())
}

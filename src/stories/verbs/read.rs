//! Actions read.

use super::{ALONE, FSYNCS, LIES, NOBODY, ON_MESSAGES, OPERATION, Scope};
use crate::core::action::{Action, Call, ClockChange, CrashMode, DiskChange, Entry, LinkChange};
use crate::core::config::{Unit, parse_time};
use crate::core::ids::{MAX_NODES, MsgId, NodeId, NodeSet};
use crate::core::protocol::CallName;
use crate::core::view::MessageView;
use crate::stories::names;

/// What a verb came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Something to do.
    Act(Action),
    /// A name given to a node.
    Name(String, NodeId),
}

/// Reads one verb, or says in one sentence why not.
pub fn read(scope: Scope, text: &str) -> Result<Said, String> {
    let text = text.trim();
    if let Some((client, call)) = text.split_once(": ") {
        return invoke(scope, client, call).map(Said::Act);
    }
    let (verb, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let one = || node(scope, rest);
    if let Some((_, make)) = ON_MESSAGES.iter().find(|(word, _)| *word == verb) {
        return message(scope, rest).map(|id| Said::Act(make(id)));
    }
    Ok(Said::Act(match verb {
        "name" => {
            let (name, who) = rest.split_once('=').ok_or("a name is given as `name old = S1`")?;
            return Ok(Said::Name(name.trim().into(), node(scope, who)?));
        }
        "forge" => {
            let (what, variant) =
                rest.rsplit_once(" as ").ok_or("a lie is told as `forge S1 > S2 as 0`")?;
            Action::Forge { msg: message(scope, what)?, variant: whole(variant)? }
        }
        "fire" => fire(scope, rest)?,
        "crash" | "crash.os" | "crash.torn" => crash(scope, verb, rest)?,
        "restart" => Action::Restart(one()?),
        "pause" => Action::Pause(one()?),
        "resume" => Action::Resume(one()?),
        "slow" => {
            let (who, how) = last(rest, "a process and a time, as `slow S1 20ms`")?;
            Action::Slow { node: node(scope, who)?, us: if how == "off" { 0 } else { span(how)? } }
        }
        "cut" => cut(scope, rest)?,
        "heal" if rest.is_empty() => Action::HealAll,
        "heal" => {
            let (from, to) = way(scope, rest)?;
            Action::Heal { from, to }
        }
        "isolate" => Action::Partition(partition(scope, &format!("rest | {rest}"))?),
        "partition" => Action::Partition(partition(scope, rest)?),
        "link" => link(scope, rest)?,
        "clock.jump" | "clock.drift" | "clock.freeze" => clock(scope, verb, rest)?,
        "disk.fsync" | "disk.latency" | "disk.lose-tail" => disk(scope, verb, rest)?,
        "lie" => {
            let (who, how) = last(rest, "a process and a kind of lie, as `lie S1 silent`")?;
            Action::Lie { node: node(scope, who)?, policy: one_of(&LIES, how)? }
        }
        "choose" => {
            let mut words = rest.split_whitespace();
            let who = node(scope, words.next().unwrap_or(""))?;
            Action::Choose { node: who, picks: words.map(whole).collect::<Result<_, _>>()? }
        }
        "manual" => Action::Manual(switch(rest)?),
        _ => {
            return Err(format!(
                "unknown command '{verb}'; try crash, restart, cut, heal, partition, deliver, drop, fire or `A: get x`"
            ));
        }
    }))
}

/// Reads `400ms crash S1`.
pub fn read_entry(scope: Scope, line: &str) -> Result<Entry, String> {
    let (at, verb) = read_moment(line)?;
    match read(scope, verb)? {
        Said::Act(action) => Ok(Entry { at, action }),
        Said::Name(..) => Err("names are given in stories only".into()),
    }
}

/// The time at the beginning of such a line, in microseconds, and what follows it.
pub fn read_moment(line: &str) -> Result<(u64, &str), String> {
    let (at, verb) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
    let time = parse_time(at).and_then(|us| u64::try_from(us).ok());
    let at = time.ok_or_else(|| format!("'{at}' is not a time such as 1.2s or 400ms"))?;
    Ok((at, verb.trim_start()))
}

fn node(scope: Scope, name: &str) -> Result<NodeId, String> {
    let name = name.trim();
    if let Some(n) = numbered(name) {
        return n.map(|n| NodeId(n as u16)).filter(|n| n.0 < MAX_NODES).ok_or_else(|| {
            format!("'{name}' is not a process: numbers go from #0 to #{}", MAX_NODES - 1)
        });
    }
    Ok(names::node(scope.view, scope.given, name)?)
}

/// `#7`; the number is missing if it cannot be read.
fn numbered(word: &str) -> Option<Option<u32>> {
    word.strip_prefix('#').map(|n| n.parse().ok())
}

/// A text and the number that it ends with, `election timeout #2`.
fn with_number(text: &str) -> Result<(&str, Option<u32>), String> {
    let (before, word) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
    match numbered(word) {
        None => Ok((text, None)),
        Some(Some(n)) => Ok((before.trim(), Some(n))),
        Some(None) => Err(format!("'{word}' is not a number such as #3")),
    }
}

fn whole<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| format!("'{}' is not a number that fits here", text.trim()))
}

fn span(text: &str) -> Result<u32, String> {
    let us = Unit::Time.parse(text)?;
    u32::try_from(us).map_err(|_| format!("'{text}' is not between 0 and 71 minutes"))
}

fn switch(text: &str) -> Result<bool, String> {
    Unit::Switch.parse(text).map(|v| v != 0)
}

fn one_of<T: Copy>(all: &[(&str, T)], word: &str) -> Result<T, String> {
    let names = || all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let found = all.iter().find(|(name, _)| *name == word);
    found.map(|(_, value)| *value).ok_or_else(|| format!("'{word}' is none of {}", names()))
}

/// A text and its last word.
fn last<'a>(text: &'a str, takes: &str) -> Result<(&'a str, &'a str), String> {
    text.rsplit_once(char::is_whitespace).ok_or_else(|| format!("this takes {takes}"))
}

fn set(scope: Scope, text: &str) -> Result<NodeSet, String> {
    if text.trim() == NOBODY {
        return Ok(NodeSet::EMPTY);
    }
    let all: NodeSet =
        text.split_whitespace().map(|word| node(scope, word)).collect::<Result<_, _>>()?;
    if all.is_empty() {
        Err(format!("somebody is missing; say '{NOBODY}' for none"))
    } else {
        Ok(all)
    }
}

fn way(scope: Scope, text: &str) -> Result<(NodeSet, NodeSet), String> {
    let (from, to) = text.split_once('>').ok_or("a way between processes is written `S1 > S2`")?;
    Ok((set(scope, from)?, set(scope, to)?))
}

fn cut(scope: Scope, rest: &str) -> Result<Action, String> {
    if let Some((a, b)) = rest.split_once(" - ") {
        let both = NodeSet(set(scope, a)?.0 | set(scope, b)?.0);
        return Ok(Action::Cut { from: both, to: both });
    }
    let (from, to) = way(scope, rest).map_err(|why| match rest.contains('>') {
        true => why,
        false => "a cut is written `cut S1 > S2` (one way) or `cut S1 - S2`".into(),
    })?;
    Ok(Action::Cut { from, to })
}

fn partition(scope: Scope, text: &str) -> Result<Vec<NodeSet>, String> {
    let parts: Vec<&str> = text.split('|').map(str::trim).collect();
    let (parts, alone) = match parts[..] {
        [ref groups @ .., ALONE] => (groups, true),
        _ => (&parts[..], false),
    };
    let (mut groups, mut named, mut rest) = (Vec::new(), NodeSet::EMPTY, None);
    for part in parts {
        let words: Vec<&str> = part.split_whitespace().filter(|w| *w != "rest").collect();
        if words.len() < part.split_whitespace().count() {
            rest = Some(groups.len());
        }
        let group = match (words.is_empty(), rest == Some(groups.len())) {
            (true, true) => NodeSet::EMPTY,
            _ => set(scope, &words.join(" "))?,
        };
        named.0 |= group.0;
        groups.push(group);
    }
    let all = scope.view.nodes.iter().map(|n| n.id);
    let left: NodeSet = all.filter(|n| !named.has(*n)).collect();
    match (groups.get_mut(rest.unwrap_or(0)), alone) {
        (_, true) if rest.is_some() => {
            Err(format!("'rest' and '{ALONE}' both say where the others are"))
        }
        (_, true) => Ok(groups),
        (Some(group), false) => {
            group.0 |= left.0;
            Ok(groups)
        }
        (None, false) => Err("a partition is written `partition S1 S2 | rest`".into()),
    }
}

fn link(scope: Scope, rest: &str) -> Result<Action, String> {
    let form = "links are changed as `link S1 > S2 loss 5%`";
    let words = ["loss", "duplication", "reordering", "delay", "fifo", "bandwidth", "reset"];
    let found = rest.split_whitespace().find_map(|w| words.iter().find(|word| **word == w));
    let word =
        found.ok_or_else(|| format!("{form}; what can be changed is {}", words.join(", ")))?;
    let (ends, how) = rest.split_once(&format!(" {word}")).ok_or(form)?;
    let (from, to) = way(scope, ends)?;
    let how = how.trim();
    let share = || {
        let ppm = Unit::Share.parse(how)?;
        u32::try_from(ppm).map_err(|_| format!("'{how}' is not a share of 0% or more"))
    };
    let change = match *word {
        "loss" => LinkChange::Loss(share()?),
        "duplication" => LinkChange::Duplication(share()?),
        "reordering" => LinkChange::Reordering(share()?),
        "delay" => LinkChange::Delay(span(how)?),
        "fifo" => LinkChange::Fifo(switch(how)?),
        "bandwidth" => LinkChange::Bandwidth(whole(how)?),
        _ if how.is_empty() => LinkChange::Reset,
        _ => return Err(format!("'reset' does not take '{how}'")),
    };
    Ok(Action::Link { from, to, change })
}

fn crash(scope: Scope, verb: &str, rest: &str) -> Result<Action, String> {
    let mut words = rest.split_whitespace();
    let who = node(scope, words.next().unwrap_or(""))?;
    let (mut kept, mut after) = (0, None);
    while let Some(word) = words.next() {
        let mut number = || whole(words.next().unwrap_or(""));
        match word {
            "keep" if verb != "crash" => kept = number()?,
            "after" => after = Some(number()?),
            _ => return Err(format!("{verb} does not take '{word}'")),
        }
    }
    let mode = match verb {
        "crash" => CrashMode::Process,
        "crash.os" => CrashMode::Os { kept },
        _ => CrashMode::Torn { kept },
    };
    Ok(match after {
        Some(effects) => Action::CrashAfter { node: who, effects, mode },
        None => Action::Crash { node: who, mode },
    })
}

fn clock(scope: Scope, verb: &str, rest: &str) -> Result<Action, String> {
    let (who, how) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let change = match verb {
        "clock.jump" => ClockChange::Step(Unit::Time.parse(how)?),
        "clock.drift" => {
            let ppm = Unit::Share.parse(how)?;
            ClockChange::Drift(i32::try_from(ppm).map_err(|_| format!("'{how}' is too much"))?)
        }
        _ => ClockChange::Freeze(how.is_empty() || switch(how)?),
    };
    Ok(Action::Clock { node: node(scope, who)?, change })
}

fn disk(scope: Scope, verb: &str, rest: &str) -> Result<Action, String> {
    let (who, how) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let change = match verb {
        "disk.fsync" => DiskChange::Fsync(one_of(&FSYNCS, how)?),
        "disk.latency" => DiskChange::Latency(span(how)?),
        _ if how.is_empty() => DiskChange::LoseTail,
        _ => return Err(format!("{verb} does not take '{how}'")),
    };
    Ok(Action::Disk { node: node(scope, who)?, change })
}

fn fire(scope: Scope, rest: &str) -> Result<Action, String> {
    let form = "a timer is fired as `fire S1 election timeout`";
    let (who, timer) = rest.split_once(char::is_whitespace).ok_or(form)?;
    let (name, code) = with_number(timer.trim())?;
    let id = node(scope, who)?;
    let running = scope.view.nodes.get(id.at()).map_or(&[][..], |n| &n.timers[..]);
    let known = match code {
        Some(code) => running.iter().find(|t| t.code == code),
        None => running.iter().find(|t| *t.name == *name),
    };
    match (code, known) {
        (Some(_), Some(t)) if !name.is_empty() && *t.name != *name => {
            Err(format!("timer #{} of {who} is called '{}'", t.code, t.name))
        }
        (Some(code), _) => Ok(Action::Fire { node: id, timer: code }),
        (None, Some(t)) => Ok(Action::Fire { node: id, timer: t.code }),
        (None, None) => Err(format!("{who} has no running {name}")),
    }
}

/// A message by its number on its link; or the oldest in flight there, of this name if one is given.
fn message(scope: Scope, rest: &str) -> Result<MsgId, String> {
    let form = "a message is named by its link and its name, as `S1 > S2 RequestVote`";
    let (sender, rest) = rest.split_once('>').ok_or(form)?;
    let (receiver, name) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
    let (name, nth) = with_number(name.trim())?;
    let (from, to) = (node(scope, sender)?, node(scope, receiver)?);
    let mut flying = scope.view.messages.iter().filter(|m| m.id.from == from && m.id.to == to);
    if let Some(nth) = nth {
        return match flying.find(|m| m.id.nth == nth) {
            Some(m) if !name.is_empty() && m.look.name != name => Err(format!(
                "message #{nth} from {} to {receiver} is a {}",
                sender.trim(),
                m.look.name
            )),
            _ => Ok(MsgId { from, to, nth }),
        };
    }
    let fits = |m: &&MessageView| !m.doomed && (name.is_empty() || m.look.name == name);
    let oldest = flying.filter(fits).min_by_key(|m| (m.sent_at, m.id));
    let what = if name.is_empty() { "message" } else { name };
    oldest
        .map(|m| m.id)
        .ok_or_else(|| format!("no {what} is in flight from {} to {receiver}", sender.trim()))
}

/// `put x=3 at leader`, `get x`, `cas x 1->2`, `inc`.
fn invoke(scope: Scope, client: &str, text: &str) -> Result<Action, String> {
    let (call, to) = match text.rsplit_once(" at ") {
        Some((call, who)) => (call, Some(node(scope, who)?)),
        None => (text, None),
    };
    let client = node(scope, client)?;
    Ok(Action::Invoke { client, to, call: read_call(scope.calls, call)? })
}

/// The inverse of [`crate::core::protocol::call_text`].
pub fn read_call(calls: &[CallName], text: &str) -> Result<Call, String> {
    let (name, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let Some(f) = calls.iter().position(|c| c.name == name) else {
        if name == OPERATION {
            return numbers(rest);
        }
        let all: Vec<&str> = calls.iter().map(|c| c.name).collect();
        return Err(format!("there is no operation '{name}', only {}", all.join(", ")));
    };
    let spec = calls[f];
    let mut call = Call { f: f as u8, ..Call::default() };
    let mut rest = rest.trim();
    if spec.key {
        let end = rest.find([' ', '=']).unwrap_or(rest.len());
        call.key = read_key(&rest[..end])?;
        rest = rest[end..].trim_start_matches(['=', ' ']);
    }
    let number = |t: &str| t.trim().parse::<i64>().map_err(|_| format!("'{t}' is not a number"));
    if spec.arg {
        let (expected, value) = rest.split_once("->").ok_or("a swap is written `old->new`")?;
        call.arg = number(expected)?;
        call.value = number(value)?;
    } else if spec.value {
        call.value = number(rest)?;
    } else if !rest.is_empty() {
        return Err(format!("{name} does not take '{rest}'"));
    }
    Ok(call)
}

/// `operation 9 0 5 0`.
fn numbers(text: &str) -> Result<Call, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        [f, key, value, arg] => {
            Ok(Call { f: whole(f)?, key: whole(key)?, value: whole(value)?, arg: whole(arg)? })
        }
        _ => Err("a plain operation takes its number, key, value and second argument".into()),
    }
}

fn read_key(text: &str) -> Result<u32, String> {
    match text {
        "x" => Ok(0),
        "y" => Ok(1),
        "z" => Ok(2),
        _ => text
            .strip_prefix('k')
            .and_then(|n| n.parse().ok())
            .ok_or_else(|| format!("'{text}' is not a key")),
    }
}

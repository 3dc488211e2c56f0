//! The verbs of the palette as words: what stories, re-enactments and challenges say, and what a
//! person may type. A verb becomes one [`Action`] against what can be seen now.
//!
//! `crash S1` · `crash.os leader` · `restart S1` · `pause leader` · `resume S1` · `isolate leader` ·
//! `partition S1 S2 A | rest` · `cut S1 > S2` (one way) · `cut S1 - S2` · `heal` ·
//! `A: put x=3 at leader` · `fire S1 election timeout` · `deliver S1 > S2 RequestVote` ·
//! `drop S1 > S2` · `duplicate S1 > S2` · `hold S1 > S2` · `manual on` · `name old = leader` ·
//! `clock.jump S1 300ms` · `clock.drift S1 2%` · `clock.freeze S1`
//!
//! Two more stand for many actions and belong to the player: `settle S1 S2` (deliver what they say
//! to each other until they are quiet) and `drop all`.

use super::names::{Given, groups, node};
use crate::core::action::{Action, Call, ClockChange, CrashMode};
use crate::core::config::Unit;
use crate::core::ids::{MsgId, NodeId, NodeSet};
use crate::core::protocol::CallName;
use crate::core::view::WorldView;

/// What a verb came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Something to do.
    Act(Action),
    /// A name given to a node.
    Name(String, NodeId),
}

/// Reads one verb.
pub fn read(
    view: &WorldView,
    given: &Given,
    calls: &[CallName],
    text: &str,
) -> Result<Said, String> {
    let text = text.trim();
    if let Some((client, call)) = text.split_once(": ") {
        return invoke(view, given, calls, client, call).map(Said::Act);
    }
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim();
    let one = || node(view, given, rest);
    let message = || message(view, given, rest);
    Ok(Said::Act(match verb {
        "name" => {
            let (name, who) = rest.split_once('=').ok_or("name takes `name = node`")?;
            return Ok(Said::Name(name.trim().into(), node(view, given, who.trim())?));
        }
        "crash" => Action::Crash { node: one()?, mode: CrashMode::Process },
        "crash.os" => Action::Crash { node: one()?, mode: CrashMode::Os { kept: 0 } },
        "restart" => Action::Restart(one()?),
        "pause" => Action::Pause(one()?),
        "resume" => Action::Resume(one()?),
        "isolate" => Action::Partition(groups(view, given, &format!("rest | {rest}"))?),
        "partition" => Action::Partition(groups(view, given, rest)?),
        "heal" => Action::HealAll,
        "cut" => cut(view, given, rest)?,
        "manual" => Action::Manual(rest != "off"),
        "fire" => fire(view, given, rest)?,
        "deliver" => Action::Deliver(message()?),
        "drop" => Action::Drop(message()?),
        "duplicate" => Action::Duplicate(message()?),
        "hold" => Action::Hold(message()?),
        "release" => Action::Release(message()?),
        _ if verb.starts_with("clock.") => clock(view, given, verb, rest)?,
        _ => return Err(format!("'{verb}' is no verb")),
    }))
}

fn cut(view: &WorldView, given: &Given, rest: &str) -> Result<Action, String> {
    let set = |name: &str| node(view, given, name.trim()).map(NodeSet::one);
    if let Some((a, b)) = rest.split_once('>') {
        return Ok(Action::Cut { from: set(a)?, to: set(b)? });
    }
    let (a, b) = rest.split_once('-').ok_or("cut takes `S1 > S2` or `S1 - S2`")?;
    let both = NodeSet(set(a)?.0 | set(b)?.0);
    Ok(Action::Cut { from: both, to: both })
}

fn clock(view: &WorldView, given: &Given, verb: &str, rest: &str) -> Result<Action, String> {
    let (who, how) = rest.split_once(' ').unwrap_or((rest, ""));
    let change = match verb {
        "clock.jump" => ClockChange::Step(Unit::Time.parse(how)?),
        "clock.drift" => ClockChange::Drift(Unit::Share.parse(how)? as i32),
        "clock.freeze" => ClockChange::Freeze(how != "off"),
        _ => return Err(format!("'{verb}' is no verb")),
    };
    Ok(Action::Clock { node: node(view, given, who)?, change })
}

fn fire(view: &WorldView, given: &Given, rest: &str) -> Result<Action, String> {
    let (who, timer) = rest.split_once(' ').ok_or("fire takes a node and a timer")?;
    let id = node(view, given, who)?;
    let running = &view.nodes[id.at()].timers;
    let found = running.iter().find(|t| t.name == timer.trim());
    found
        .map(|t| Action::Fire { node: id, timer: t.code })
        .ok_or_else(|| format!("{who} has no running {timer}"))
}

/// The oldest message in flight on a link, of this name if one is given.
fn message(view: &WorldView, given: &Given, rest: &str) -> Result<MsgId, String> {
    let (from, rest) = rest.split_once('>').ok_or("a message is named `S1 > S2` and its name")?;
    let (to, name) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
    let (from, to) = (node(view, given, from.trim())?, node(view, given, to)?);
    let fits = |m: &&crate::core::view::MessageView| {
        m.id.from == from
            && m.id.to == to
            && !m.doomed
            && (name.is_empty() || m.look.name == name.trim())
    };
    let oldest = view.messages.iter().filter(fits).min_by_key(|m| (m.sent_at, m.id));
    oldest
        .map(|m| m.id)
        .ok_or_else(|| format!("no such message is in flight: {from:?} to {to:?} {name}"))
}

/// `put x=3 at leader`, `get x`, `cas x 1->2`, `inc`.
fn invoke(
    view: &WorldView,
    given: &Given,
    calls: &[CallName],
    client: &str,
    text: &str,
) -> Result<Action, String> {
    let (call, to) = match text.split_once(" at ") {
        Some((call, who)) => (call, Some(node(view, given, who.trim())?)),
        None => (text, None),
    };
    let client = node(view, given, client)?;
    Ok(Action::Invoke { client, to, call: read_call(calls, call)? })
}

/// The inverse of [`crate::core::protocol::call_text`].
pub fn read_call(calls: &[CallName], text: &str) -> Result<Call, String> {
    let (name, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let Some(f) = calls.iter().position(|c| c.name == name) else {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::protocol::call_text;

    #[test]
    fn calls_read_what_is_written() {
        let calls = [
            CallName { name: "get", key: true, value: false, arg: false },
            CallName { name: "put", key: true, value: true, arg: false },
            CallName { name: "cas", key: true, value: true, arg: true },
            CallName { name: "send", key: false, value: true, arg: false },
            CallName { name: "local", key: false, value: false, arg: false },
        ];
        for text in ["get x", "put y=-3", "cas k7 1->2", "send 2", "local"] {
            assert_eq!(call_text(&calls, &read_call(&calls, text).unwrap()), text);
        }
        assert_eq!(
            read_call(&calls, "push x").unwrap_err(),
            "there is no operation 'push', only get, put, cas, send, local"
        );
        assert_eq!(read_call(&calls, "put x=a").unwrap_err(), "'a' is not a number");
        assert_eq!(read_call(&calls, "get x 5").unwrap_err(), "get does not take '5'");
    }
}

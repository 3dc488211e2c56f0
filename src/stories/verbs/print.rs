//! Actions written down: exactly, to be read back, and in words for people.

use super::{ALONE, FSYNCS, LIES, OPERATION, Vocabulary};
use crate::core::action::{Action, Call, ClockChange, CrashMode, DiskChange, Entry, LinkChange};
use crate::core::config::{Unit, show_time};
use crate::core::ids::{MsgId, NodeSet};
use crate::core::protocol::call_text;

/// An action as [`super::read`] reads it.
pub fn print(words: &dyn Vocabulary, action: &Action) -> String {
    let name = |node| words.node(node);
    let way = |from, to| format!("{} > {}", words.set(from), words.set(to));
    match action {
        Action::Deliver(id) => format!("deliver {}", message(words, *id)),
        Action::Drop(id) => format!("drop {}", message(words, *id)),
        Action::Duplicate(id) => format!("duplicate {}", message(words, *id)),
        Action::Hold(id) => format!("hold {}", message(words, *id)),
        Action::Release(id) => format!("release {}", message(words, *id)),
        Action::Forge { msg, variant } => format!("forge {} as {variant}", message(words, *msg)),
        Action::Fire { node, timer } => match words.timer(*node, *timer) {
            Some(called) => format!("fire {} {called} #{timer}", name(*node)),
            None => format!("fire {} #{timer}", name(*node)),
        },
        Action::Crash { node, mode } => crash(&name(*node), *mode),
        Action::CrashAfter { node, effects, mode } => {
            format!("{} after {effects}", crash(&name(*node), *mode))
        }
        Action::Restart(node) => format!("restart {}", name(*node)),
        Action::Pause(node) => format!("pause {}", name(*node)),
        Action::Resume(node) => format!("resume {}", name(*node)),
        Action::Slow { node, us: 0 } => format!("slow {} off", name(*node)),
        Action::Slow { node, us } => format!("slow {} {}", name(*node), time(*us)),
        Action::Cut { from, to } => format!("cut {}", way(*from, *to)),
        Action::Heal { from, to } => format!("heal {}", way(*from, *to)),
        Action::Partition(groups) => {
            let mut all: Vec<String> = groups.iter().map(|g| words.set(*g)).collect();
            let named = groups.iter().fold(0, |sum, g| sum | g.0);
            if words.everybody().0 & !named != 0 || groups.is_empty() {
                all.push(ALONE.into());
            }
            format!("partition {}", all.join(" | "))
        }
        Action::HealAll => "heal".into(),
        Action::Link { from, to, change } => format!("link {} {}", way(*from, *to), link(change)),
        Action::Clock { node, change } => match change {
            ClockChange::Step(us) => format!("clock.jump {} {}", name(*node), show_time(*us)),
            ClockChange::Drift(ppm) => format!("clock.drift {} {}", name(*node), share(*ppm)),
            ClockChange::Freeze(on) => format!("clock.freeze {} {}", name(*node), switch(*on)),
        },
        Action::Disk { node, change } => match change {
            DiskChange::Fsync(when) => {
                let word = FSYNCS.iter().find(|(_, f)| f == when).map_or("", |f| f.0);
                format!("disk.fsync {} {word}", name(*node))
            }
            DiskChange::Latency(us) => format!("disk.latency {} {}", name(*node), time(*us)),
            DiskChange::LoseTail => format!("disk.lose-tail {}", name(*node)),
        },
        Action::Lie { node, policy } => {
            let word = LIES.iter().find(|(_, l)| l == policy).map_or("", |l| l.0);
            format!("lie {} {word}", name(*node))
        }
        Action::Invoke { client, to, call } => {
            let at = to.map(|to| format!(" at {}", name(to))).unwrap_or_default();
            format!("{}: {}{at}", name(*client), exact_call(words, call))
        }
        Action::Choose { node, picks } => {
            let picks: String = picks.iter().map(|p| format!(" {p}")).collect();
            format!("choose {}{picks}", name(*node))
        }
        Action::Manual(on) => format!("manual {}", switch(*on)),
    }
}

/// `400ms crash S1`, as [`super::read_entry`] reads it.
pub fn print_entry(words: &dyn Vocabulary, entry: &Entry) -> String {
    let at = i64::try_from(entry.at).unwrap_or(i64::MAX);
    format!("{} {}", show_time(at), print(words, &entry.action))
}

fn message(words: &dyn Vocabulary, id: MsgId) -> String {
    let way = format!("{} > {}", words.node(id.from), words.node(id.to));
    match words.message(id) {
        Some(called) => format!("{way} {called} #{}", id.nth),
        None => format!("{way} #{}", id.nth),
    }
}

fn crash(who: &str, mode: CrashMode) -> String {
    let keep = |kept| if kept == 0 { String::new() } else { format!(" keep {kept}") };
    match mode {
        CrashMode::Process => format!("crash {who}"),
        CrashMode::Os { kept } => format!("crash.os {who}{}", keep(kept)),
        CrashMode::Torn { kept } => format!("crash.torn {who}{}", keep(kept)),
    }
}

fn link(change: &LinkChange) -> String {
    match change {
        LinkChange::Loss(ppm) => format!("loss {}", share(*ppm)),
        LinkChange::Duplication(ppm) => format!("duplication {}", share(*ppm)),
        LinkChange::Reordering(ppm) => format!("reordering {}", share(*ppm)),
        LinkChange::Delay(us) => format!("delay {}", time(*us)),
        LinkChange::Fifo(on) => format!("fifo {}", switch(*on)),
        LinkChange::Bandwidth(rate) => format!("bandwidth {rate}"),
        LinkChange::Reset => "reset".into(),
    }
}

fn exact_call(words: &dyn Vocabulary, call: &Call) -> String {
    let text = call_text(words.calls(), call);
    match super::read_call(words.calls(), &text) {
        Ok(read) if read == *call => text,
        // It holds what the protocol's operations do not have.
        _ => format!("{OPERATION} {} {} {} {}", call.f, call.key, call.value, call.arg),
    }
}

fn switch(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn share(ppm: impl Into<i64>) -> String {
    Unit::Share.show(ppm.into())
}

fn time(us: u32) -> String {
    show_time(us.into())
}

/// An action in words for people: what exactly it concerns can be seen beside it.
pub fn phrase(words: &dyn Vocabulary, action: &Action) -> String {
    let way = |id: &MsgId| {
        let what = words.message(*id).unwrap_or_else(|| "a message".into());
        format!("{what} from {} to {}", words.node(id.from), words.node(id.to))
    };
    let links =
        |from: &NodeSet, to: &NodeSet| format!("from {} to {}", words.set(*from), words.set(*to));
    match action {
        Action::Deliver(id) => format!("deliver {}", way(id)),
        Action::Drop(id) => format!("drop {}", way(id)),
        Action::Duplicate(id) => format!("duplicate {}", way(id)),
        Action::Hold(id) => format!("hold {}", way(id)),
        Action::Release(id) => format!("release {}", way(id)),
        Action::Forge { msg, .. } => format!("forge {}", way(msg)),
        Action::Fire { node, timer } => {
            let timer = words.timer(*node, *timer).unwrap_or_else(|| "timer".into());
            format!("fire {}'s {timer}", words.node(*node))
        }
        Action::Crash { node, mode } => crashing(&words.node(*node), *mode),
        Action::CrashAfter { node, mode, .. } => {
            format!("{} in its next step", crashing(&words.node(*node), *mode))
        }
        Action::Slow { node, us: 0 } => format!("run {} at full speed", words.node(*node)),
        Action::Slow { node, us } => {
            format!("slow {} to {} per step", words.node(*node), time(*us))
        }
        Action::Cut { from, to } => format!("cut {}", links(from, to)),
        Action::Heal { from, to } => format!("heal {}", links(from, to)),
        Action::HealAll => "heal every cut".into(),
        Action::Link { from, to, change } => match change {
            LinkChange::Reset => format!("reset links {}", links(from, to)),
            change => format!("set {} on links {}", link(change), links(from, to)),
        },
        Action::Clock { node, change } => clock(&words.node(*node), change),
        Action::Disk { node, change } => disk(&words.node(*node), change),
        Action::Lie { node, policy } => lie(&words.node(*node), *policy),
        Action::Invoke { client, to, call } => {
            let to = to.map(|t| format!(" to {}", words.node(t))).unwrap_or_default();
            format!("{} sends {}{to}", words.node(*client), call_text(words.calls(), call))
        }
        Action::Choose { node, .. } => format!("choose for {}", words.node(*node)),
        Action::Manual(true) => "step mode".into(),
        Action::Manual(false) => "time runs".into(),
        Action::Restart(_) | Action::Pause(_) | Action::Resume(_) | Action::Partition(_) => {
            print(words, action)
        }
    }
}

fn crashing(who: &str, mode: CrashMode) -> String {
    match mode {
        CrashMode::Process => format!("crash {who}"),
        CrashMode::Os { .. } => format!("crash {who}'s machine"),
        CrashMode::Torn { .. } => format!("crash {who}'s machine during a write"),
    }
}

fn clock(who: &str, change: &ClockChange) -> String {
    match change {
        ClockChange::Step(us) => format!("move {who}'s clock by {}", show_time(*us)),
        ClockChange::Drift(0) => format!("let {who}'s clock run true"),
        ClockChange::Drift(ppm) => format!("let {who}'s clock drift by {}", share(*ppm)),
        ClockChange::Freeze(true) => format!("freeze {who}'s clock"),
        ClockChange::Freeze(false) => format!("let {who}'s clock run again"),
    }
}

fn disk(who: &str, change: &DiskChange) -> String {
    match change {
        DiskChange::Fsync(when) => {
            let word = FSYNCS.iter().find(|(_, f)| f == when).map_or("", |f| f.0);
            format!("set fsync of {who} to '{word}'")
        }
        DiskChange::Latency(us) => format!("let syncs of {who} take {}", time(*us)),
        DiskChange::LoseTail => format!("{who}'s disk loses its last writes"),
    }
}

fn lie(who: &str, policy: crate::core::action::Lie) -> String {
    use crate::core::action::Lie;
    match policy {
        Lie::Honest => format!("make {who} honest"),
        Lie::Silent => format!("make {who} send nothing"),
        Lie::Equivocate => format!("make {who} equivocate"),
        Lie::Corrupt => format!("make {who} lie"),
    }
}

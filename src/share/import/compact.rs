//! An execution as short lines, for the way from a worker to the page: `x` and a label, `h` and a
//! host's name, `e` with a host, a line, a clock as `host:count,...` and a text.

use super::execution::{Event, Execution, count};
use std::fmt::Write;

/// Writes executions. Line breaks in names and texts become spaces.
pub fn write(executions: &[Execution]) -> String {
    let one = |text: &str| text.replace(['\n', '\r'], " ");
    let mut out = String::new();
    for execution in executions {
        let _ = writeln!(out, "x {}", one(&execution.label));
        for host in &execution.hosts {
            let _ = writeln!(out, "h {}", one(host));
        }
        for event in &execution.events {
            let _ = write!(out, "e {} {} ", event.host, event.line);
            for (i, (host, count)) in event.clock.iter().enumerate() {
                let _ = write!(out, "{}{host}:{count}", if i == 0 { "" } else { "," });
            }
            let _ = writeln!(out, " {}", one(&event.text));
        }
    }
    out
}

/// Reads what [`write`] wrote; `None` for anything else. Parents are left out: whoever draws
/// chooses which hosts to show, and asks the clocks.
pub fn read(text: &str) -> Option<Vec<Execution>> {
    let mut all: Vec<Execution> = Vec::new();
    for line in text.lines() {
        let (kind, rest) = line.split_at_checked(2)?;
        if kind == "x " {
            all.push(Execution { label: rest.into(), ..Execution::default() });
            continue;
        }
        let execution = all.last_mut()?;
        match kind {
            "h " => execution.hosts.push(rest.into()),
            "e " => {
                let mut parts = rest.splitn(4, ' ');
                let host: u32 = parts.next()?.parse().ok()?;
                let line = parts.next()?.parse().ok()?;
                let clock = clock(parts.next()?, execution.hosts.len())?;
                execution.hosts.get(host as usize)?;
                let number = count(&clock, host);
                let text = parts.next()?.to_string();
                execution.events.push(Event {
                    host,
                    number,
                    clock,
                    text,
                    parents: Vec::new(),
                    line,
                });
            }
            _ => return None,
        }
    }
    Some(all)
}

fn clock(text: &str, hosts: usize) -> Option<Vec<(u32, u64)>> {
    let entry = |part: &str| {
        let (host, count) = part.split_once(':')?;
        let host: u32 = host.parse().ok()?;
        ((host as usize) < hosts).then_some((host, count.parse().ok()?))
    };
    text.split(',').map(entry).collect()
}

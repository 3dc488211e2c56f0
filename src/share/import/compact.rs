//! An execution as short lines, for the way from a worker to the page: `x` and a label, `h` and a
//! host's name, `e` with a host, a line, a clock as `host:count,...` and a text.

use super::execution::{Execution, RecordedEvent, count};
use std::fmt::Write;

/// Writes executions, a part at a time.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    execution: usize,
    event: usize,
}

impl Writer {
    /// The next lines, of about so many events; nothing once all are written. Line breaks in names
    /// and texts become spaces.
    pub fn next(&mut self, executions: &[Execution], most: usize) -> Option<String> {
        let one = |text: &str| text.replace(['\n', '\r'], " ");
        let execution = executions.get(self.execution)?;
        let mut out = String::new();
        if self.event == 0 {
            let _ = writeln!(out, "x {}", one(&execution.label));
            for host in &execution.hosts {
                let _ = writeln!(out, "h {}", one(host));
            }
        }
        let part = execution.events.iter().skip(self.event).take(most.max(1));
        self.event += part.len();
        for event in part {
            let _ = write!(out, "e {} {} ", event.host, event.line);
            for (i, (host, count)) in event.clock.iter().enumerate() {
                let _ = write!(out, "{}{host}:{count}", if i == 0 { "" } else { "," });
            }
            let _ = writeln!(out, " {}", one(&event.text));
        }
        if self.event == execution.events.len() {
            (self.execution, self.event) = (self.execution + 1, 0);
        }
        Some(out)
    }
}

/// Writes executions as one text.
pub fn write(executions: &[Execution]) -> String {
    let mut writer = Writer::default();
    std::iter::from_fn(|| writer.next(executions, usize::MAX)).collect()
}

/// Reads what [`write`] wrote; `None` for anything else.
pub fn read(text: &str) -> Option<Vec<Execution>> {
    let mut all = Vec::new();
    extend(&mut all, text).map(|()| all)
}

/// Reads the next lines of what [`Writer`] wrote. Parents are left out: whoever draws chooses which
/// hosts to show, and asks the clocks.
pub fn extend(all: &mut Vec<Execution>, text: &str) -> Option<()> {
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
                let event = event(rest, execution.hosts.len())?;
                execution.events.push(event);
            }
            _ => return None,
        }
    }
    Some(())
}

fn event(text: &str, hosts: usize) -> Option<RecordedEvent> {
    let mut parts = text.splitn(4, ' ');
    let host: u32 = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    let clock = clock(parts.next()?, hosts)?;
    let number = count(&clock, host);
    let text = parts.next()?.to_string();
    ((host as usize) < hosts).then_some(RecordedEvent {
        host,
        number,
        clock,
        text,
        parents: Vec::new(),
        line,
    })
}

fn clock(text: &str, hosts: usize) -> Option<Vec<(u32, u64)>> {
    let entry = |part: &str| {
        let (host, count) = part.split_once(':')?;
        let host: u32 = host.parse().ok()?;
        ((host as usize) < hosts).then_some((host, count.parse().ok()?))
    };
    text.split(',').map(entry).collect()
}

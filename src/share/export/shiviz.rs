//! ShiViz logs: each event with its vector timestamp. Parser: `(?<host>\S*) (?<clock>{.*})\n(?<event>.*)`,
//! which is ShiViz's own default.

use super::ascii;
use crate::core::trace::Trace;
use crate::core::view::{Event, What};

/// Every event of a process, two lines each. The engine's own vector timestamps are the clocks, so
/// what ShiViz draws is what truly happened before.
pub fn shiviz(trace: &Trace, names: &[String]) -> String {
    let mut out = String::new();
    for event in trace.events.iter().filter(|e| e.is_of_process() && !e.stamp.is_empty()) {
        let Some(host) = event.node.and_then(|n| names.get(n.at())) else { continue };
        let known = names.iter().zip(event.stamp.iter()).filter(|(_, count)| **count > 0);
        let clock: Vec<String> = known.map(|(name, count)| format!("{name:?}:{count}")).collect();
        out.push_str(&format!("{host} {{{}}}\n{}\n", clock.join(", "), text(event, names)));
    }
    out
}

fn text(event: &Event, names: &[String]) -> String {
    let name = |n: usize| names.get(n).map_or("?", String::as_str);
    let mut words = vec![match &event.what {
        What::Boot => "start".to_string(),
        What::Receive(id) => format!("receive from {}", name(id.from.at())),
        What::Timer { name, .. } => (*name).to_string(),
        What::Sync => "sync".to_string(),
        What::Act(_) => "intervention".to_string(),
        What::Lost { .. } | What::Dock | What::Ignored { .. } => String::new(),
    }];
    words.extend(event.notes.iter().map(|n| (*n).to_string()));
    words.extend(
        event.sent.iter().map(|s| format!("send {} to {}", s.look.name, name(s.id.to.at()))),
    );
    ascii(&words.join(", "))
}

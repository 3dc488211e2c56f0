//! Mermaid sequence diagrams, for documents that draw them.

use super::ascii;
use crate::core::trace::{Fate, Trace};
use crate::core::view::What;

/// Every message that has ended, in the order of its end, and the rules that `landmarks` names.
/// Mermaid has no time axis: order is all it shows.
pub fn mermaid(trace: &Trace, names: &[String], landmarks: &[&str]) -> String {
    let mut out = String::from("sequenceDiagram\n");
    for name in names {
        out.push_str(&format!("  participant {name}\n"));
    }
    let looks: crate::core::sorted::SortedMap<_, _> = trace
        .messages
        .iter()
        .filter_map(|m| match m.fate {
            Fate::Received { step, .. } => Some((step, (m, "->>"))),
            Fate::Lost { step, .. } => Some((step, (m, "-x"))),
            Fate::Flying => None,
        })
        .collect();
    let name = |n: usize| names.get(n).map_or("?", String::as_str);
    for event in trace.events.iter() {
        if let Some((m, arrow)) = looks.get(&event.step) {
            let arrow = if m.look.reply { format!("-{arrow}") } else { (*arrow).to_string() };
            let epoch = m.look.epoch.map(|e| format!(" {e}")).unwrap_or_default();
            let (from, to) = (name(m.id.from.at()), name(m.id.to.at()));
            out.push_str(&format!("  {from}{arrow}{to}: {}{epoch}\n", ascii(m.look.name)));
        }
        if let What::Act(action) = &event.what {
            let ends = (name(0), names.last().map_or("?", String::as_str));
            let text = serde_json::to_string(action).unwrap_or_default().replace([';', '#'], " ");
            out.push_str(&format!("  Note over {},{}: {}\n", ends.0, ends.1, text));
        }
        if let Some(node) = event.node {
            for rule in event.notes.iter().filter(|n| landmarks.contains(n)) {
                out.push_str(&format!("  Note over {}: {rule}\n", name(node.at())));
            }
        }
    }
    out
}

//! A run as a text that reads as a story: a space-time diagram in plain letters, a line a step.

use super::ascii;
use crate::core::action::Action;
use crate::core::config::show_time;
use crate::core::ids::{MsgId, NodeId, NodeSet};
use crate::core::protocol::{CallName, call_text};
use crate::core::session::Session;
use crate::core::sorted::SortedMap;
use crate::core::view::{Event, Family, Loss, NodeView, OpStep, Sent, Status, What, WorldView};
use crate::core::world::World;
use crate::stories::verbs::{Vocabulary, print};

/// Changed fields longer than this are left out: the inspector shows them.
const LONGEST_VALUE: usize = 28;
/// Steps between two looks at whether to go on.
const LOOK: u64 = 256;

/// Tells a run from its beginning up to a step and a time; a step that only waits in an inbox has
/// no line.
pub fn tell(session: &mut Session, calls: &[CallName], step: u64, time: u64) -> String {
    tell_while(session, calls, step, time, &mut || true).0
}

/// The same as long as `again` says so, which is asked now and then; and whether all is told.
pub fn tell_while(
    session: &mut Session,
    calls: &[CallName],
    step: u64,
    time: u64,
    again: &mut dyn FnMut() -> bool,
) -> (String, bool) {
    session.seek(0);
    let mut teller = Teller::new(calls, session.view());
    let mut out = teller.head();
    while session.cursor() < step && session.next_at().is_some_and(|at| at <= time) {
        if session.cursor().is_multiple_of(LOOK) && !again() {
            return (out, false);
        }
        let Some(event) = session.forward().cloned() else { break };
        if let Some(line) = teller.line(&event, session.world()) {
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    (out, true)
}

/// Knows what the lines so far have said.
pub struct Teller<'a> {
    calls: &'a [CallName],
    names: Vec<String>,
    nodes: Vec<NodeView>,
    /// Messages in flight.
    air: SortedMap<MsgId, Flying>,
}

struct Flying {
    name: &'static str,
    /// `RequestVote(term 1, lastLogIndex 0)`.
    text: String,
}

impl<'a> Teller<'a> {
    /// Starts where `view` is.
    pub fn new(calls: &'a [CallName], view: WorldView) -> Self {
        let names = view.nodes.iter().map(|n| ascii(&n.name)).collect();
        Teller { calls, names, nodes: view.nodes, air: SortedMap::new() }
    }

    fn name(&self, node: NodeId) -> &str {
        self.names.get(node.at()).map_or("?", String::as_str)
    }

    fn width(&self) -> usize {
        self.names.iter().map(String::len).max().unwrap_or(1) + 1
    }

    /// The line above the lanes.
    pub fn head(&self) -> String {
        let width = self.width();
        let lanes: String = self.names.iter().map(|n| format!("{n:<width$}")).collect();
        format!("{:>12}  {lanes}\n", "time")
    }

    /// The line of a step; `world` is the world after it.
    pub fn line(&mut self, event: &Event, world: &World) -> Option<String> {
        if event.what == What::Dock && event.notes.is_empty() && event.sent.is_empty() {
            return None;
        }
        for sent in &event.sent {
            let (name, text) = (sent.look.name, message_text(sent, world));
            self.air.insert(sent.id, Flying { name, text });
        }
        let after = world.view().nodes;
        let mut parts = vec![self.what(event)];
        parts.extend(self.rules(event));
        parts.extend(event.node.and_then(|n| self.changes(n, &after)));
        let told = matches!(&event.what, What::Act(a) if matches!(**a, Action::Invoke { .. }));
        parts.extend(event.ops.iter().filter(|_| !told).map(|op| self.op(op)));
        parts.extend(self.sends(&event.sent));
        parts.extend(event.broken.iter().map(|p| format!("BREAKS {p}")));
        self.nodes = after;
        let lanes = self.lanes(event);
        if let What::Receive(id) | What::Lost { msg: id, .. } = &event.what {
            self.air.remove(id);
        }
        Some(format!("{:>12}  {lanes} {}", show_time(event.at as i64), parts.join("; ")))
    }

    fn lanes(&self, event: &Event) -> String {
        let width = self.width();
        let lane = |n: &NodeView| match n.status {
            Status::Up => b'|',
            Status::Crashed => b' ',
            Status::Paused => b':',
            Status::Slow => b'!',
        };
        let mut row: Vec<u8> = vec![b' '; width * self.nodes.len()];
        for (i, n) in self.nodes.iter().enumerate() {
            row[i * width] = lane(n);
        }
        if let What::Receive(id) = &event.what {
            arrow(&mut row, id.from.at() * width, id.to.at() * width);
        }
        if let What::Lost { msg, .. } = &event.what {
            arrow(&mut row, msg.from.at() * width, msg.to.at() * width);
            if let Some(end) = row.get_mut((msg.from.at() + msg.to.at()) * width / 2) {
                *end = b'x';
            }
        }
        let who = event.node.or(match &event.what {
            What::Act(action) => actor(action),
            _ => None,
        });
        if let Some(place) = who.and_then(|n| row.get_mut(n.at() * width)) {
            *place = b'*';
        }
        String::from_utf8(row).unwrap_or_default()
    }

    fn what(&self, event: &Event) -> String {
        let who = event.node.map_or("", |n| self.name(n));
        let text = match &event.what {
            What::Boot => format!("{who} starts"),
            What::Receive(id) => {
                format!("{who} receives {} from {}", self.said(id), self.name(id.from))
            }
            What::Timer { name, .. } => format!("{who} {name}"),
            What::Lost { msg, why } => format!(
                "{} from {} to {} is lost ({})",
                self.said(msg),
                self.name(msg.from),
                self.name(msg.to),
                loss_text(*why)
            ),
            What::Dock => format!("{who} is busy"),
            What::Sync => format!("{who} has it on disk"),
            What::Act(action) => print(self, action),
            What::Ignored { action, why } => {
                format!("{} (no effect: {})", print(self, action), ascii(why))
            }
        };
        let by_hand = event.forced || matches!(event.what, What::Act(_) | What::Ignored { .. });
        if by_hand { format!("by hand: {text}") } else { text }
    }

    fn said(&self, id: &MsgId) -> String {
        self.air.get(id).map_or_else(|| format!("message #{}", id.nth), |m| m.text.clone())
    }

    fn rules(&self, event: &Event) -> Option<String> {
        (!event.notes.is_empty()).then(|| event.notes.join(", "))
    }

    /// What a node now says of itself that it did not say before.
    fn changes(&self, node: NodeId, after: &[NodeView]) -> Option<String> {
        let (old, new) = (&self.nodes.get(node.at())?.look, &after.get(node.at())?.look);
        let mut said = Vec::new();
        if old.role != new.role {
            said.push(format!("is {}", new.role));
        }
        if old.badge != new.badge {
            said.push(ascii(&new.badge));
        }
        let before = old.durable.iter().chain(&old.volatile);
        let before: SortedMap<&str, &str> = before.map(|(k, v)| (&**k, &**v)).collect();
        for (name, value) in new.durable.iter().chain(&new.volatile) {
            let changed = before.get(&**name).is_none_or(|v| *v != value);
            // Roles and badges have been said.
            let said_already = *value == new.role || new.badge.contains(&**value);
            let short = !value.is_empty() && value.len() <= LONGEST_VALUE;
            if changed && !said_already && short && !is_vector(value) {
                said.push(format!("{}={}", ascii(name), ascii(value)));
            }
        }
        (!said.is_empty()).then(|| said.join(", "))
    }

    /// Sends, those that say the same put together.
    fn sends(&self, sent: &[Sent]) -> Option<String> {
        let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
        for s in sent {
            let text = self.said(&s.id);
            let to = self.name(s.id.to);
            match groups.iter_mut().find(|(t, _)| *t == text) {
                Some((_, all)) => all.push(to),
                None => groups.push((text, vec![to])),
            }
        }
        let texts: Vec<String> =
            groups.iter().map(|(text, to)| format!("{text} to {}", to.join(" "))).collect();
        (!texts.is_empty()).then(|| format!("sends {}", texts.join(" and ")))
    }

    fn op(&self, op: &OpStep) -> String {
        match op {
            OpStep::Invoke { op, call, .. } => {
                format!("{} asks: {}", self.name(op.client), call_text(self.calls, call))
            }
            OpStep::Ok { op, value: None } => format!("{} is done", self.name(op.client)),
            OpStep::Ok { op, value: Some(v) } => {
                format!("{} is done: {}", self.name(op.client), ascii(v))
            }
            OpStep::Fail { op, why } => format!("{} is told no: {why}", self.name(op.client)),
            OpStep::Unknown { op } => {
                format!("{} gives up: it may have happened or not", self.name(op.client))
            }
        }
    }
}

impl Vocabulary for Teller<'_> {
    fn node(&self, node: NodeId) -> String {
        self.names.get(node.at()).map_or_else(|| format!("#{}", node.0), String::clone)
    }
    fn message(&self, id: MsgId) -> Option<String> {
        self.air.get(&id).map(|m| m.name.to_string())
    }
    fn timer(&self, node: NodeId, code: u32) -> Option<String> {
        let timers = &self.nodes.get(node.at())?.timers;
        timers.iter().find(|t| t.code == code).map(|t| t.name.to_string())
    }
    fn calls(&self) -> &[CallName] {
        self.calls
    }
    fn everybody(&self) -> NodeSet {
        self.nodes.iter().map(|n| n.id).collect()
    }
}

fn loss_text(why: Loss) -> &'static str {
    match why {
        Loss::Chance => "by chance",
        Loss::Cut => "the link is cut",
        Loss::Down => "nobody there",
        Loss::Dropped => "by hand",
        Loss::Withheld => "withheld",
    }
}

/// Numbers in a row say little in a line of text.
fn is_vector(value: &str) -> bool {
    value.contains(' ') && value.bytes().all(|b| b == b' ' || b.is_ascii_digit())
}

/// The node an intervention is about.
fn actor(action: &Action) -> Option<NodeId> {
    match action {
        Action::Crash { node, .. }
        | Action::CrashAfter { node, .. }
        | Action::Restart(node)
        | Action::Pause(node)
        | Action::Resume(node)
        | Action::Slow { node, .. }
        | Action::Clock { node, .. }
        | Action::Disk { node, .. }
        | Action::Lie { node, .. }
        | Action::Choose { node, .. } => Some(*node),
        _ => None,
    }
}

/// `o-->*`, over the lanes between.
fn arrow(row: &mut [u8], from: usize, to: usize) {
    let (low, high) = (from.min(to), from.max(to));
    if high >= row.len() || low == high {
        return;
    }
    row[low + 1..high].fill(b'-');
    row[from] = b'o';
    row[to] = b'*';
    if from < to {
        row[to - 1] = b'>';
    } else {
        row[to + 1] = b'<';
    }
}

/// `RequestVote(term 1, lastLogIndex 0)`.
fn message_text(sent: &Sent, world: &World) -> String {
    let details = world.details(sent.id).unwrap_or_default();
    if let ([(_, said)], Family::Client) = (&details[..], sent.look.family) {
        return if sent.look.reply { format!("reply({})", ascii(said)) } else { ascii(said) };
    }
    let said: Vec<String> = details
        .iter()
        .filter(|(_, v)| !v.is_empty() && v.len() <= LONGEST_VALUE)
        .map(|(k, v)| if k.is_empty() { ascii(v) } else { format!("{} {}", ascii(k), ascii(v)) })
        .collect();
    if said.is_empty() {
        return sent.look.name.to_string();
    }
    format!("{}({})", sent.look.name, said.join(", "))
}

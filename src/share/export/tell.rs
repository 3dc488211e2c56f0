//! A run as a text that reads as a story: a space-time diagram in plain letters, a line a step.

use super::ascii;
use crate::core::action::{Action, CrashMode};
use crate::core::config::show_time;
use crate::core::ids::{MsgId, NodeId, NodeSet};
use crate::core::protocol::{CallName, call_text};
use crate::core::session::Session;
use crate::core::sorted::SortedMap;
use crate::core::view::{Event, Family, Loss, NodeView, OpStep, Sent, Status, What, WorldView};
use crate::core::world::World;

/// Changed fields longer than this are left out: the inspector shows them.
const LONGEST_VALUE: usize = 28;

/// Tells a run from its beginning up to a step and a time; a step that only waits in an inbox has
/// no line.
pub fn tell(session: &mut Session, calls: &[CallName], step: u64, time: u64) -> String {
    session.seek(0);
    let mut teller = Teller::new(calls, session.view());
    let mut out = teller.head();
    while session.cursor() < step && session.next_at().is_some_and(|at| at <= time) {
        let Some(event) = session.forward().cloned() else { break };
        if let Some(line) = teller.line(&event, session.world()) {
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}

/// Knows what the lines so far have said.
pub struct Teller<'a> {
    calls: &'a [CallName],
    names: Vec<String>,
    nodes: Vec<NodeView>,
    /// What messages in flight say.
    air: SortedMap<MsgId, String>,
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
            let said = message_text(sent, world);
            self.air.insert(sent.id, said);
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
                format!("{who} receives {} from {}", self.message(id), self.name(id.from))
            }
            What::Timer { name, .. } => format!("{who} {name}"),
            What::Lost { msg, why } => format!(
                "{} from {} to {} is lost ({})",
                self.message(msg),
                self.name(msg.from),
                self.name(msg.to),
                loss_text(*why)
            ),
            What::Dock => format!("{who} is busy"),
            What::Sync => format!("{who} has it on disk"),
            What::Act(action) => format!("# {}", self.action(action)),
            What::Ignored { action, why } => {
                format!("# {} is impossible: {}", self.action(action), ascii(why))
            }
        };
        if event.forced && !text.starts_with('#') { format!("# {text}") } else { text }
    }

    fn message(&self, id: &MsgId) -> String {
        self.air.get(id).cloned().unwrap_or_else(|| format!("message {}", id.nth))
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
            let text = self.message(&s.id);
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

    fn set(&self, set: NodeSet) -> String {
        let names: Vec<&str> = set.iter().map(|n| self.name(n)).collect();
        names.join(" ")
    }

    /// An intervention in words.
    pub fn action(&self, action: &Action) -> String {
        let way = |id: &MsgId| {
            format!("{} from {} to {}", self.message(id), self.name(id.from), self.name(id.to))
        };
        match action {
            Action::Deliver(id) => format!("deliver {}", way(id)),
            Action::Drop(id) => format!("drop {}", way(id)),
            Action::Duplicate(id) => format!("duplicate {}", way(id)),
            Action::Hold(id) => format!("hold {}", way(id)),
            Action::Release(id) => format!("release {}", way(id)),
            Action::Forge { msg, variant } => format!("forge {} (lie {variant})", way(msg)),
            Action::Fire { node, timer } => format!("fire timer {timer} of {}", self.name(*node)),
            Action::Crash { node, mode } => {
                format!("crash {}{}", self.name(*node), mode_text(*mode))
            }
            Action::CrashAfter { node, effects, mode } => {
                format!("crash {} after {effects} effects{}", self.name(*node), mode_text(*mode))
            }
            Action::Restart(node) => format!("restart {}", self.name(*node)),
            Action::Pause(node) => format!("pause {}", self.name(*node)),
            Action::Resume(node) => format!("resume {}", self.name(*node)),
            Action::Slow { node, us } => {
                format!("slow {} to {} a step", self.name(*node), show_time(i64::from(*us)))
            }
            Action::Cut { from, to } => format!("cut {} > {}", self.set(*from), self.set(*to)),
            Action::Heal { from, to } => format!("heal {} > {}", self.set(*from), self.set(*to)),
            Action::Partition(groups) => {
                let groups: Vec<String> = groups.iter().map(|g| self.set(*g)).collect();
                format!("partition {}", groups.join(" / "))
            }
            Action::HealAll => "heal all".into(),
            Action::Link { from, to, change } => {
                format!("links {} > {}: {change:?}", self.set(*from), self.set(*to))
            }
            Action::Clock { node, change } => format!("clock of {}: {change:?}", self.name(*node)),
            Action::Disk { node, change } => format!("disk of {}: {change:?}", self.name(*node)),
            Action::Lie { node, policy } => format!("{} lies: {policy:?}", self.name(*node)),
            Action::Invoke { client, to, call } => {
                let to = to.map(|t| format!(" of {}", self.name(t))).unwrap_or_default();
                format!("{} asks{to}: {}", self.name(*client), call_text(self.calls, call))
            }
            Action::Choose { node, picks } => format!("{} will choose {picks:?}", self.name(*node)),
            Action::Manual(on) => if *on { "by hand from here" } else { "by itself again" }.into(),
        }
    }
}

fn mode_text(mode: CrashMode) -> String {
    match mode {
        CrashMode::Process => String::new(),
        CrashMode::Os { kept } => format!(" with its machine ({kept} unsynced writes survive)"),
        CrashMode::Torn { kept } => format!(" with its machine (write {kept} is torn)"),
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

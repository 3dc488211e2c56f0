//! How Raft is looked at.

use super::*;
use crate::core::protocol::{Show, call_text, key_name};
use crate::core::view::{Border, Cell, Fact, Family, Lens, LogView, MessageLook, NodeLook};

impl Show for Raft {
    const LENSES: &'static [Lens] = &[Lens::Log, Lens::History];
    const LANDMARKS: &'static [&'static str] =
        &["BecomeLeader", "Timeout", "ConflictAppendEntriesRequest"];

    fn answer(ret: &Ret) -> Option<String> {
        match ret {
            Ret::Done => None,
            Ret::Value(None) => Some("nil".into()),
            Ret::Value(Some(v)) => Some(v.to_string()),
            Ret::Swapped(yes) => Some(yes.to_string()),
        }
    }

    fn node(_cfg: &Config, common: &Common, node: &Node<Self>) -> NodeLook {
        let (s, d) = (&node.state, &node.durable);
        let (role, border, glyph) = match s.role {
            Role::Leader => ("Leader", Border::Double, "L"),
            Role::Candidate => ("Candidate", Border::Dashed, "C"),
            Role::Follower => ("Follower", Border::Single, ""),
        };
        let candidate = s.role == Role::Candidate;
        let ballots = (0..common.nodes).map(NodeId).filter(|_| candidate).filter_map(|v| {
            let (yes, no) = (s.votes_granted.has(v), s.votes_refused.has(v));
            (yes || no).then_some((v, yes))
        });
        NodeLook {
            role: role.into(),
            border,
            glyph: glyph.into(),
            epoch: Some(d.current_term),
            badge: format!("term {}", d.current_term),
            durable: fields([
                ("currentTerm", d.current_term.to_string()),
                ("votedFor", d.voted_for.map_or("nil".into(), |v| Self::name(v.0))),
                ("log", entries(d.log.len())),
            ]),
            volatile: volatile(s, role),
            ballots: ballots.collect(),
        }
    }

    fn log(node: &Node<Self>) -> Option<LogView> {
        let log = &node.durable.log;
        let first = LogView::first_of(log.len());
        let cell = |e: LogEntry| Cell { text: short(&e.command), epoch: e.term };
        let cells = log.iter_from(first).map(cell).collect();
        Some(LogView { first, cells, committed: node.state.commit_index })
    }

    fn message(message: &Message) -> MessageLook {
        let mut look = MessageLook { epoch: Some(message.term()), ..message.look() };
        match message {
            Message::AppendEntriesRequest { entries, .. } if entries.is_empty() => {
                look.family = Family::Heartbeat;
            }
            Message::RequestVoteResponse { vote_granted: yes, .. }
            | Message::AppendEntriesResponse { success: yes, .. } => look.negative = !yes,
            _ => {}
        }
        look
    }

    fn details(message: &Message) -> Vec<(String, String)> {
        let mut all = message.plain().details(Self::name);
        match message {
            Message::AppendEntriesRequest { entries, .. } => {
                let told = all.iter_mut().filter(|(name, _)| name == "entries");
                told.for_each(|(_, text)| *text = cells(entries));
            }
            Message::AppendEntriesResponse { success, .. } => {
                let idle = if *success { "back to" } else { "matchIndex" };
                all.retain(|(name, _)| name != idle);
            }
            _ => {}
        }
        all
    }

    const FACTS: &'static [&'static str] = &["won", "committed", "agreement", "availability"];

    fn facts(observer: &Observer) -> Vec<Fact> {
        let last = observer.leaders.iter().next_back();
        let led = last.and_then(|(term, who)| {
            let text = format!("term {term} was won by {}", Self::name(who.iter().next()?.0));
            Some(Fact::new("won", text))
        });
        led.into_iter()
            .chain([Fact::new(
                "committed",
                format!("{} committed", entries(observer.committed.len())),
            )])
            .chain(observer.agreement().map(|text| Fact::new("agreement", text)))
            .chain(observer.availability().map(|text| Fact::new("availability", text)))
            .collect()
    }

    fn committed(observer: &Observer) -> Option<u64> {
        Some(observer.committed.len())
    }
}

fn fields<const N: usize>(pairs: [(&str, String); N]) -> Vec<(String, String)> {
    pairs.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

fn entries(n: u64) -> String {
    format!("{n} {}", if n == 1 { "entry" } else { "entries" })
}

fn list(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}

fn volatile(s: &State, role: &str) -> Vec<(String, String)> {
    let votes = s.votes_granted.iter().map(|v| Raft::name(v.0)).collect::<Vec<_>>().join(" ");
    let store: Vec<String> =
        s.store.values.iter().map(|(k, v)| format!("{}={v}", key_name(*k))).collect();
    fields([
        ("state", role.to_string()),
        ("votesGranted", votes),
        ("commitIndex", s.commit_index.to_string()),
        ("lastApplied", s.last_applied.to_string()),
        ("nextIndex", list(&s.next_index)),
        ("matchIndex", list(&s.match_index)),
        ("store", store.join(" ")),
    ])
}

fn cells(entries: &[LogEntry]) -> String {
    entries.iter().map(|e| short(&e.command)).collect::<Vec<_>>().join(" ")
}

/// A cell's text: `x3` for put x=3, `x?` for get x, `·` for a no-op.
fn short(command: &LogCommand) -> String {
    match command {
        LogCommand::Noop => "·".into(),
        LogCommand::Client { op: Op::Get { key }, .. } => format!("{}?", key_name(*key)),
        LogCommand::Client { op: Op::Put { key, value }, .. } => {
            format!("{}{value}", key_name(*key))
        }
        LogCommand::Client { op, .. } => call_text(Raft::CALLS, &Raft::call(op)),
    }
}

//! Traces of etcd's raft library (etcd-io/raft, `with_tla` builds): one JSON event a line.
//!
//! The trace has no clocks. A receipt is joined to the first unreceived sending of an equal
//! message, or, if all have been received, to the last one (a duplicate).

use super::execution::{Execution, ImportError, Impossible, Linking, RecordedEvent, count};
use crate::core::sorted::SortedMap;
use serde::Deserialize;
use std::collections::VecDeque;

/// Longest trace that is read, in bytes.
const MAX_BYTES: usize = 256 << 20;

#[derive(Deserialize)]
struct EtcdLine {
    tag: Option<String>,
    event: Option<Traced>,
}

#[derive(Deserialize)]
struct Traced {
    name: String,
    nid: String,
    state: EtcdState,
    msg: Option<EtcdMessage>,
}

#[derive(Deserialize)]
struct EtcdState {
    term: u64,
    commit: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct EtcdMessage {
    from: String,
    to: String,
    #[serde(rename = "type")]
    kind: String,
    term: u64,
    #[serde(default)]
    entries: u64,
    #[serde(rename = "logTerm", default)]
    log_term: u64,
    #[serde(default)]
    index: u64,
    #[serde(default)]
    commit: u64,
    #[serde(default)]
    vote: String,
    #[serde(default)]
    reject: bool,
    #[serde(rename = "rejectHint", default)]
    reject_hint: u64,
}

/// Reads a trace as one execution; lines without the tag `trace` are skipped.
///
/// Impossible are: a receipt of what nobody sent, two leaders of one term, and a term or commit
/// index that goes back before the node starts anew.
pub fn import(text: &str) -> Result<Execution, ImportError> {
    let mut reader = TraceReader::new(text)?;
    while !reader.go(text, usize::MAX)? {}
    Ok(reader.execution)
}

/// The sendings of one message: those not received yet, and the last one received.
#[derive(Default)]
struct Sendings {
    waiting: VecDeque<u32>,
    last: Option<u32>,
}

#[derive(Default)]
struct EtcdNode {
    host: u32,
    term: u64,
    commit: u64,
    clock: Vec<(u32, u64)>,
}

/// A trace that is read a part at a time. Whoever has the text hands it over each time.
#[derive(Default)]
pub(super) struct TraceReader {
    /// Bytes and lines read.
    at: usize,
    line: u32,
    linking: Linking,
    pub(super) execution: Execution,
    nodes: SortedMap<String, EtcdNode>,
    sent: SortedMap<EtcdMessage, Sendings>,
    leaders: SortedMap<u64, String>,
}

impl TraceReader {
    pub(super) fn new(text: &str) -> Result<TraceReader, ImportError> {
        if text.len() > MAX_BYTES {
            let text = format!("the trace is larger than {} MiB", MAX_BYTES >> 20);
            return Err(ImportError::Options(text));
        }
        Ok(TraceReader::default())
    }

    /// Reads, or checks, so many lines or events more; true once there are none.
    pub(super) fn go(&mut self, text: &str, most: usize) -> Result<bool, ImportError> {
        if self.at == text.len() {
            if self.execution.events.is_empty() {
                let text = "the file has no line with the tag \"trace\"";
                return Err(ImportError::Options(text.into()));
            }
            return self.linking.go(&mut self.execution, most).map_err(ImportError::Impossible);
        }
        for line in text[self.at..].split_inclusive('\n').take(most) {
            self.at += line.len();
            self.line += 1;
            self.read(line.trim_end_matches(['\r', '\n']))?;
        }
        Ok(false)
    }

    /// Bytes read; events read, and events checked.
    pub(super) fn news(&self) -> (usize, usize, usize) {
        (self.at, self.execution.events.len(), self.linking.done())
    }

    fn read(&mut self, text: &str) -> Result<(), ImportError> {
        if text.trim().is_empty() {
            return Ok(());
        }
        let line = self.line;
        let parsed: EtcdLine = serde_json::from_str(text).map_err(|e| ImportError::Format {
            line,
            column: e.column() as u32,
            expected: format!("a trace event {{\"tag\":\"trace\",\"event\":{{...}}}}: {e}"),
        })?;
        let (Some("trace"), Some(event)) = (parsed.tag.as_deref(), parsed.event) else {
            return Ok(());
        };
        self.event(line, event)
            .map_err(|reason| ImportError::Impossible(Impossible { line, reason }))
    }

    fn event(&mut self, line: u32, event: Traced) -> Result<(), String> {
        self.check_state(&event)?;
        let received = match &event.msg {
            Some(m) if event.name.starts_with("Receive") => self.receive(&event.nid, m)?,
            _ => None,
        };
        let node = self.nodes.entry(event.nid.clone()).or_default();
        if let Some(sending) = received {
            merge(&mut node.clock, &self.execution.events[sending as usize].clock);
        }
        let (host, number) = (node.host, count(&node.clock, node.host) + 1);
        merge(&mut node.clock, &[(host, number)]);
        let at = self.execution.events.len() as u32;
        let (text, clock) = (describe(&event), node.clock.clone());
        self.execution.events.push(RecordedEvent {
            host,
            number,
            clock,
            text,
            parents: Vec::new(),
            line,
        });
        if let Some(m) = event.msg.filter(|_| event.name.starts_with("Send")) {
            self.sent.entry(m).or_default().waiting.push_back(at);
        }
        Ok(())
    }

    fn check_state(&mut self, event: &Traced) -> Result<(), String> {
        if !self.nodes.contains_key(&event.nid) {
            let host = self.execution.hosts.len() as u32;
            self.execution.hosts.push(event.nid.clone());
            self.nodes.insert(event.nid.clone(), EtcdNode { host, ..EtcdNode::default() });
        }
        let node = self.nodes.entry(event.nid.clone()).or_default();
        let EtcdState { term, commit } = event.state;
        if event.name != "InitState" {
            for (what, old, new) in [("term", node.term, term), ("commit", node.commit, commit)] {
                if new < old {
                    return Err(format!(
                        "the {what} of {} goes back from {old} to {new}",
                        event.nid
                    ));
                }
            }
        }
        (node.term, node.commit) = (term, commit);
        if event.name == "BecomeLeader" {
            let leader = self.leaders.entry(term).or_insert_with(|| event.nid.clone());
            if *leader != event.nid {
                return Err(format!("{} becomes leader of term {term} after {leader}", event.nid));
            }
        }
        Ok(())
    }

    /// The sending of a received message; a node need not trace what it sends to itself.
    fn receive(&mut self, nid: &str, message: &EtcdMessage) -> Result<Option<u32>, String> {
        if message.to != nid {
            return Err(format!("{nid} receives a message to {}", message.to));
        }
        let found = self.sent.get_mut(message).and_then(|s| {
            s.last = s.waiting.pop_front().or(s.last);
            s.last
        });
        match found {
            None if message.from != message.to => Err(format!(
                "{nid} receives {} of term {} from {}, which was not sent",
                message.kind, message.term, message.from
            )),
            found => Ok(found),
        }
    }
}

/// Joins `other` into a sorted sparse clock.
fn merge(clock: &mut Vec<(u32, u64)>, other: &[(u32, u64)]) {
    for (host, count) in other {
        match clock.binary_search_by_key(host, |e| e.0) {
            Ok(at) => clock[at].1 = clock[at].1.max(*count),
            Err(at) => clock.insert(at, (*host, *count)),
        }
    }
}

fn describe(event: &Traced) -> String {
    let EtcdState { term, commit } = event.state;
    match &event.msg {
        None => format!("{} term={term} commit={commit}", event.name),
        Some(m) => {
            let reject = if m.reject { " reject" } else { "" };
            format!(
                "{} {} {}->{} term={} log={}/{} entries={} commit={}{reject}",
                event.name, m.kind, m.from, m.to, m.term, m.log_term, m.index, m.entries, m.commit
            )
        }
    }
}

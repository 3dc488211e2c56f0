//! How it is looked at.

use super::*;
use crate::core::action::Call;
use crate::core::protocol::{CallName, Show, key_name};
use crate::core::view::{Border, Fact, Family, Lens, MessageLook, NodeLook};

const GET: u8 = 0;
const PUT: u8 = 1;

impl Show for Quorum {
    const CALLS: &'static [CallName] = &[
        CallName { name: "get", key: true, value: false, arg: false },
        CallName { name: "put", key: true, value: true, arg: false },
    ];
    const LENSES: &'static [Lens] = &[Lens::History];
    const LANDMARKS: &'static [&'static str] = &["WriteBack", "ReadRepair", "Hint", "AntiEntropy"];

    fn op(call: &Call) -> Option<Op> {
        match call.f {
            GET => Some(Op::Get { key: call.key }),
            PUT => Some(Op::Put { key: call.key, value: call.value }),
            _ => None,
        }
    }

    fn call(op: &Op) -> Call {
        match *op {
            Op::Get { key } => Call { f: GET, key, ..Call::default() },
            Op::Put { key, value } => Call { f: PUT, key, value, ..Call::default() },
        }
    }

    fn answer(ret: &Ret) -> Option<String> {
        match ret {
            Ret::Done => None,
            Ret::Value(None) => Some("nil".into()),
            Ret::Value(Some(v)) => Some(v.to_string()),
        }
    }

    fn node(cfg: &Config, _common: &Common, node: &Node<Self>) -> NodeLook {
        let d = &node.durable;
        let busy = node.state.pending.values().any(|p| p.phase != Phase::Answered);
        let mut durable: Vec<(String, String)> =
            d.store.iter().map(|(k, v)| (key_name(*k), version(cfg, v))).collect();
        if cfg.hints > 0 {
            let hints =
                d.hints.iter().map(|(who, k)| format!("{} {}", Self::name(who.0), key_name(*k)));
            durable.push(("hints".into(), hints.collect::<Vec<_>>().join(", ")));
        }
        let waits = node.state.pending.values().filter(|p| p.phase != Phase::Answered);
        let waits: Vec<String> = waits.map(|p| waiting(cfg, p)).collect();
        NodeLook {
            role: if busy { "Coordinator" } else { "Replica" }.into(),
            border: if busy { Border::Double } else { Border::Single },
            glyph: if busy { "C" } else { "" }.into(),
            epoch: None,
            badge: d.store.iter().next().map_or(String::new(), |(k, v)| held(*k, v)),
            durable,
            volatile: vec![("coordinates".into(), waits.join("; "))],
            ballots: Vec::new(),
        }
    }

    fn message(message: &Message) -> MessageLook {
        let (name, family, reply) = match message {
            Message::Read { .. } => ("Read", Family::Vote, false),
            Message::ReadReply { .. } => ("Read reply", Family::Vote, true),
            Message::Write { .. } => ("Write", Family::Replicate, false),
            Message::WriteReply { .. } => ("Write reply", Family::Ack, true),
            Message::Gossip { answer: true, .. } => ("Gossip", Family::Heartbeat, false),
            Message::Gossip { .. } => ("Gossip reply", Family::Heartbeat, true),
        };
        MessageLook { name, family, reply, negative: false, epoch: None }
    }

    fn details(message: &Message) -> Vec<(String, String)> {
        let pair = |name: &str, text: String| (name.to_string(), text);
        match message {
            Message::Read { key, .. } => vec![pair("key", key_name(*key))],
            Message::ReadReply { version, .. } => {
                vec![pair("value", value(version)), pair("stamp", version.stamp.time.to_string())]
            }
            Message::Write { key, version, .. } => vec![
                pair("key", key_name(*key)),
                pair("value", value(version)),
                pair("stamp", version.stamp.time.to_string()),
            ],
            Message::WriteReply { key, .. } => vec![pair("key", key_name(*key))],
            Message::Gossip { versions, .. } => {
                let all: Vec<String> = versions.iter().map(|(k, v)| held(*k, v)).collect();
                vec![pair("versions", all.join(" "))]
            }
        }
    }

    const FACTS: &'static [&'static str] = &["all-agree", "versions", "agreement", "availability"];

    fn facts(observer: &Observer) -> Vec<Fact> {
        let apart = observer.keys().into_iter().filter(|k| observer.versions(*k) > 1);
        let apart: Vec<String> = apart
            .map(|k| format!("{} in {} versions", key_name(k), observer.versions(k)))
            .collect();
        let agree = match apart.is_empty() {
            true => Fact::new("all-agree", "all servers agree"),
            false => Fact::new("versions", apart.join(", ")),
        };
        let agreement = observer.agreement().map(|text| Fact::new("agreement", text));
        let availability = observer.availability().map(|text| Fact::new("availability", text));
        [agree].into_iter().chain(agreement).chain(availability).collect()
    }
}

fn value(version: &Version) -> String {
    version.value.map_or("nil".into(), |v| v.to_string())
}

fn held(key: u32, version: &Version) -> String {
    format!("{}={}", key_name(key), value(version))
}

fn version(cfg: &Config, version: &Version) -> String {
    let time = version.stamp.time;
    match cfg.stamping {
        Stamping::Clock => format!("{} (at {} ms)", value(version), time / 1_000),
        _ => format!("{} (version {time})", value(version)),
    }
}

fn waiting(cfg: &Config, p: &Pending) -> String {
    let key = key_name(p.key);
    match p.phase {
        Phase::Read => format!("read {key}: {} of {} answered", p.heard.len(), cfg.r),
        Phase::Query => format!("write {key}: {} of {} told their version", p.heard.len(), cfg.r),
        Phase::Write => format!("write {key}: {} of {} stored", p.stored.len(), cfg.w),
        Phase::WriteBack => format!("read {key}: {} of {} written back", p.stored.len(), cfg.r),
        Phase::Answered => String::new(),
    }
}

//! How it is looked at.

use super::*;
use crate::core::protocol::{Show, key_name};
use crate::core::view::{Border, Fact, Lens, MessageLook, NodeLook};

impl Show for Quorum {
    const LENSES: &'static [Lens] = &[Lens::History];
    const LANDMARKS: &'static [&'static str] = &["WriteBack", "ReadRepair", "Hint", "AntiEntropy"];

    fn answer(ret: &Ret) -> Option<String> {
        match ret {
            Ret::Done => None,
            Ret::Value(None) => Some("nil".into()),
            Ret::Value(Some(v)) => Some(v.to_string()),
        }
    }

    fn node(cfg: &Config, _common: &Common, node: &Node<Self>) -> NodeLook {
        let d = &node.durable;
        let busy = node.state.pending.values().any(|p| p.phase != QuorumPhase::Answered);
        let mut durable: Vec<(String, String)> =
            d.store.iter().map(|(k, v)| (key_name(*k), version(cfg, v))).collect();
        if cfg.hints > 0 {
            let hints =
                d.hints.iter().map(|(who, k)| format!("{} {}", Self::name(who.0), key_name(*k)));
            durable.push(("hints".into(), hints.collect::<Vec<_>>().join(", ")));
        }
        let waits = node.state.pending.values().filter(|p| p.phase != QuorumPhase::Answered);
        let waits: Vec<String> = waits.map(|p| waiting(cfg, p)).collect();
        NodeLook {
            role: if busy { "Coordinator" } else { "Replica" }.into(),
            border: if busy { Border::Double } else { Border::Single },
            glyph: if busy { "C" } else { "" }.into(),
            // One hue a value.
            epoch: d.store.values().next().and_then(|v| u64::try_from(v.value?).ok()),
            badge: d.store.iter().next().map_or(String::new(), |(k, v)| held(*k, v)),
            durable,
            volatile: vec![("coordinates".into(), waits.join("; "))],
            ballots: Vec::new(),
        }
    }

    fn message(message: &Message) -> MessageLook {
        match message {
            Message::Gossip { answer: false, .. } => {
                MessageLook { name: "Gossip reply", reply: true, ..message.look() }
            }
            _ => message.look(),
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

fn value(version: &StampedValue) -> String {
    version.value.map_or("nil".into(), |v| v.to_string())
}

fn held(key: u32, version: &StampedValue) -> String {
    format!("{}={}", key_name(key), value(version))
}

fn version(cfg: &Config, version: &StampedValue) -> String {
    let time = version.stamp.time;
    match cfg.stamping {
        Stamping::Clock => format!("{} (at {} ms)", value(version), time / 1_000),
        _ => format!("{} (version {time})", value(version)),
    }
}

fn waiting(cfg: &Config, p: &Coordinated) -> String {
    let key = key_name(p.key);
    match p.phase {
        QuorumPhase::Read => format!("read {key}: {} of {} answered", p.heard.len(), cfg.r),
        QuorumPhase::Query => {
            format!("write {key}: {} of {} told their version", p.heard.len(), cfg.r)
        }
        QuorumPhase::Write => format!("write {key}: {} of {} stored", p.stored.len(), cfg.w),
        QuorumPhase::WriteBack => {
            format!("read {key}: {} of {} written back", p.stored.len(), cfg.r)
        }
        QuorumPhase::Answered => String::new(),
    }
}

//! How it is looked at.

use super::*;
use crate::core::protocol::{Show, key_name};
use crate::core::view::{Border, Fact, Family, Lens, Mark, MessageLook, NodeLook, Seat, Tray};

/// Keys that are listed.
const MOST_KEYS: u32 = 8;

impl Show for Sessions {
    const LENSES: &'static [Lens] = &[Lens::History];
    const LANDMARKS: &'static [&'static str] = &["Wait", "NotFresh", "AntiEntropy"];

    fn answer(ret: &Ret) -> Option<String> {
        match ret {
            Ret::Done(_) => None,
            Ret::Value(None) => Some("nil".into()),
            Ret::Value(Some(v)) => Some(v.value.to_string()),
        }
    }

    fn token(token: &Token) -> Vec<(String, String)> {
        let mut both = token.wrote.clone();
        both.merge(&token.read);
        if both.is_empty() {
            return Vec::new();
        }
        let named = [("token", &both), ("written", &token.wrote), ("read", &token.read)];
        named.map(|(name, v)| (name.to_string(), vector(v))).into()
    }

    fn carried(op: &Op) -> Vec<(String, String)> {
        let (Op::Get { wrote, read, .. } | Op::Put { wrote, read, .. }) = op;
        let named = [("must include written", wrote), ("must include read", read)];
        let some = named.into_iter().filter(|(_, v)| !v.is_empty());
        some.map(|(name, v)| (name.to_string(), vector(v))).collect()
    }

    fn node(cfg: &Config, common: &Common, node: &Node<Self>) -> NodeLook {
        let d = &node.durable;
        let primary = cfg.primary && node.me.0 == 0;
        let held = |k: u32| (key_name(k), d.store.get(&k).map_or("nil".into(), version));
        let mut durable: Vec<(String, String)> =
            (0..common.client.keys.min(MOST_KEYS)).map(held).collect();
        durable.push(("seen".into(), vector(&d.seen)));
        let waiting = node.state.waiting.len().to_string();
        let mut volatile = vec![("waiting".into(), waiting)];
        if cfg.confirm > 0 {
            let open = node.state.unconfirmed.len().to_string();
            volatile.push(("unconfirmed".into(), open));
        }
        NodeLook {
            role: if primary { "Primary" } else { "Replica" }.into(),
            border: if primary { Border::Double } else { Border::Single },
            glyph: if primary { "P" } else { "" }.into(),
            epoch: None,
            badge: d.store.iter().next().map_or(String::new(), |(k, v)| self::held(*k, v)),
            durable,
            volatile,
            ballots: Vec::new(),
        }
    }

    fn trays(_cfg: &Config, node: &Node<Self>) -> Vec<Tray> {
        let seat = |w: &WaitingOp| {
            let (Op::Get { wrote, read, .. } | Op::Put { wrote, read, .. }) = &w.op;
            let mut wanted = wrote.clone();
            wanted.merge(read);
            Seat { text: vector(&wanted), mark: Mark::Waiting }
        };
        let seats: Vec<Seat> = node.state.waiting.iter().map(seat).collect();
        let tray = Tray { title: "waits for".into(), seats };
        (!tray.seats.is_empty()).then_some(tray).into_iter().collect()
    }

    fn message(message: &Message) -> MessageLook {
        match message {
            Message::Ask { back: true, .. } => {
                MessageLook { name: "Seen", family: Family::Ack, reply: true, ..message.look() }
            }
            _ => message.look(),
        }
    }

    const FACTS: &'static [&'static str] = &["all-agree", "versions", "lost"];

    fn facts(observer: &Observer) -> Vec<Fact> {
        let apart = observer.keys().into_iter().filter(|k| observer.versions(*k) > 1);
        let apart: Vec<String> = apart
            .map(|k| format!("{} in {} versions", key_name(k), observer.versions(k)))
            .collect();
        let agree = match apart.is_empty() {
            true => Fact::new("all-agree", "all servers agree"),
            false => Fact::new("versions", apart.join(", ")),
        };
        let lost = observer.lamps().into_iter().map(|text| Fact::new("lost", text));
        [agree].into_iter().chain(lost).collect()
    }
}

/// `[S1:3, S2:1]`
fn vector(v: &SessionVector) -> String {
    let places: Vec<String> =
        v.iter().map(|(n, time)| format!("{}:{time}", Sessions::name(n.0))).collect();
    format!("[{}]", places.join(", "))
}

fn held(key: u32, v: &WriteVersion) -> String {
    format!("{}={}", key_name(key), v.value)
}

fn version(v: &WriteVersion) -> String {
    format!("{} ({}:{})", v.value, Sessions::name(v.server.0), v.time)
}

//! How it is looked at.

use super::*;
use crate::core::action::Call;
use crate::core::protocol::{CallName, Show, key_name};
use crate::core::view::{Border, Fact, Family, Lens, MessageLook, NodeLook};

const GET: u8 = 0;
const PUT: u8 = 1;

/// Keys that are listed.
const MOST_KEYS: u32 = 8;

impl Show for Eventual {
    const CALLS: &'static [CallName] = &[
        CallName { name: "get", key: true, value: false, arg: false },
        CallName { name: "put", key: true, value: true, arg: false },
    ];
    const LENSES: &'static [Lens] = LENSES;
    const LANDMARKS: &'static [&'static str] = &["Write", "Hear", "LoseInterest", "AntiEntropy"];

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
            Ret::Done(_) => None,
            Ret::Holds(cell) => Some(cell.text()),
        }
    }

    fn node(_cfg: &Config, common: &Common, node: &Node<Self>) -> NodeLook {
        let (d, hot) = (&node.durable, node.state.hot.len());
        let held = |k: u32| (key_name(k), d.store.get(&k).map_or("nil".into(), Cell::text));
        let mut durable: Vec<(String, String)> =
            (0..common.client.keys.min(MOST_KEYS)).map(held).collect();
        durable.push(("heard".into(), d.heard.len().to_string()));
        let (role, border, glyph) = match (hot, d.heard.is_empty()) {
            (0, true) => ("Susceptible", Border::Thin, ""),
            (0, false) => ("Removed", Border::Single, ""),
            _ => ("Infective", Border::Dashed, "I"),
        };
        NodeLook {
            role: role.into(),
            border,
            glyph: glyph.into(),
            epoch: None,
            badge: d
                .store
                .first_key_value()
                .map_or(String::new(), |(k, cell)| format!("{}={}", key_name(*k), cell.text())),
            durable,
            volatile: vec![("hot".into(), hot.to_string())],
            ballots: Vec::new(),
        }
    }

    fn message(message: &Message) -> MessageLook {
        let (name, family, reply) = match message {
            Message::Rumours(_) => ("Rumours", Family::Gossip, false),
            Message::AnyNews => ("Any news?", Family::Vote, false),
            Message::Known(_) => ("Known", Family::Ack, true),
            Message::Store { answer: true, .. } => ("Store", Family::Replicate, false),
            Message::Store { .. } => ("Store reply", Family::Replicate, true),
            Message::SendStore => ("Send store", Family::Vote, false),
        };
        MessageLook { name, family, reply, negative: false, epoch: None }
    }

    fn details(message: &Message) -> Vec<(String, String)> {
        let held = |k: u32, cell: &Cell| format!("{}={}", key_name(k), cell.text());
        match message {
            Message::Rumours(all) => {
                let all: Vec<String> =
                    all.iter().map(|r| format!("{} {}", id(&r.id), held(r.key, &r.cell))).collect();
                vec![("rumours".into(), all.join(", "))]
            }
            Message::Known(ids) => {
                let all: Vec<String> = ids.iter().map(id).collect();
                vec![("known already".into(), all.join(", "))]
            }
            Message::Store { store, heard, .. } => {
                let all: Vec<String> = store.iter().map(|(k, cell)| held(*k, cell)).collect();
                let updates = heard.len().to_string();
                vec![("store".into(), all.join(", ")), ("updates heard".into(), updates)]
            }
            Message::AnyNews | Message::SendStore => Vec::new(),
        }
    }

    const FACTS: &'static [&'static str] =
        &["all-agree", "states", "rumour", "rumour-died", "read-went-back", "reads-back"];

    fn facts(observer: &Observer) -> Vec<Fact> {
        observer.facts()
    }
}

/// `S2.3`: the third update of S2.
fn id(id: &Id) -> String {
    format!("{}.{}", Eventual::name(id.0.0), id.1)
}

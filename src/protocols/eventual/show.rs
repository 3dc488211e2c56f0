//! How it is looked at.

use super::*;
use crate::core::protocol::{Show, key_name};
use crate::core::view::{Border, Fact, Lens, MessageLook, NodeLook};

/// Keys that are listed.
const MOST_KEYS: u32 = 8;

impl Show for Eventual {
    const LENSES: &'static [Lens] = LENSES;
    const LANDMARKS: &'static [&'static str] = &["Write", "Hear", "LoseInterest", "AntiEntropy"];

    fn answer(ret: &Ret) -> Option<String> {
        match ret {
            Ret::Done(_) => None,
            Ret::Holds(cell) => Some(cell.text()),
        }
    }

    fn node(_cfg: &Config, common: &Common, node: &Node<Self>) -> NodeLook {
        let (d, hot) = (&node.durable, node.state.hot.len());
        let held = |k: u32| (key_name(k), d.store.get(&k).map_or("nil".into(), KeyState::text));
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
            // One hue a value.
            epoch: d.store.first_key_value().and_then(|(_, cell)| cell.text().parse().ok()),
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
        match message {
            Message::Store { answer: false, .. } => {
                MessageLook { name: "Store reply", reply: true, ..message.look() }
            }
            _ => message.look(),
        }
    }

    const FACTS: &'static [&'static str] =
        &["all-agree", "states", "rumour", "rumour-died", "read-went-back", "reads-back"];

    fn facts(observer: &Observer) -> Vec<Fact> {
        observer.facts()
    }
}

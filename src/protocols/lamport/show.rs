//! How Lamport's processes are looked at.

use super::*;
use crate::core::protocol::Show;
use crate::core::view::{Border, Fact, Family, Lens, Mark, MessageLook, NodeLook, Seat, Tray};

impl Show for Lamport {
    const LENSES: &'static [Lens] = &[Lens::Numbers];
    const LANDMARKS: &'static [&'static str] = &["IR2b", "Enter"];

    fn name(n: u16) -> String {
        // The paper's processes are P, Q, R.
        if n < 11 { char::from(b'P' + n as u8).to_string() } else { format!("P{n}") }
    }

    fn answer(ret: &u64) -> Option<String> {
        Some(ret.to_string())
    }

    fn node(cfg: &Config, _common: &Common, node: &Node<Self>) -> NodeLook {
        let kept = &node.durable;
        let mut durable = vec![("C".into(), kept.time.to_string())];
        if cfg.mutex {
            let queue: Vec<String> = kept.queue.iter().map(request).collect();
            let heard: Vec<String> = kept.peers.iter().map(|p| p.heard.to_string()).collect();
            durable.push(("request queue".into(), queue.join(" ")));
            durable.push(("heard".into(), heard.join(" ")));
        }
        let (role, border, glyph) = match (kept.holding, kept.asking) {
            (true, _) => ("Holder", Border::Double, "H"),
            (false, Some(_)) => ("Waiting", Border::Dashed, "W"),
            _ => ("Process", Border::Single, ""),
        };
        NodeLook {
            role: role.into(),
            border,
            glyph: glyph.into(),
            badge: format!("⟨{}⟩", kept.time),
            durable,
            ..NodeLook::default()
        }
    }

    /// The request queue in the total order, and what rule 5 waits for.
    fn trays(cfg: &Config, node: &Node<Self>) -> Vec<Tray> {
        let kept = &node.durable;
        if !cfg.mutex {
            return Vec::new();
        }
        let seat = |r: &Request| {
            let mark = match (r.of == node.me, kept.holding) {
                (true, true) => Mark::Chosen,
                (true, false) => Mark::Waiting,
                _ => Mark::Plain,
            };
            Seat { text: request(r), mark }
        };
        let heard = (0..).zip(&kept.peers).filter(|(p, _)| *p != node.me.0);
        let heard = heard.map(|(p, peer)| {
            let later = kept.asking.is_none_or(|time| peer.heard > time);
            let mark = if later { Mark::Plain } else { Mark::Waiting };
            Seat { text: format!("{} at {}", Self::name(p), peer.heard), mark }
        });
        vec![
            Tray { title: "request queue".into(), seats: kept.queue.iter().map(seat).collect() },
            Tray { title: "last heard of".into(), seats: heard.collect() },
        ]
    }

    fn message(message: &Message) -> MessageLook {
        let body = message.packet.as_ref().map(|p| p.body);
        let (name, family, reply) = match body.map(|b| b.map(|b| b.what)) {
            None => ("message", Family::Replicate, false),
            Some(None) => ("seen", Family::Heartbeat, true),
            Some(Some(ResourceMessage::Request)) => ("request", Family::Vote, false),
            Some(Some(ResourceMessage::Ack)) => ("acknowledgment", Family::Ack, true),
            Some(Some(ResourceMessage::Release)) => ("release", Family::Commit, false),
        };
        MessageLook {
            name,
            family,
            reply,
            epoch: Some(message.timestamp),
            ..MessageLook::default()
        }
    }

    const FACTS: &'static [&'static str] = &["ordered-though-concurrent"];

    fn facts(observer: &Observer) -> Vec<Fact> {
        let told = observer.beside.map(|[(a, c), (b, d)]| {
            let (a, b) = (Self::name(a.0), Self::name(b.0));
            let text = format!(
                "clocks say {a}'s {c} is before {b}'s {d}, but neither happened before the other"
            );
            Fact::new("ordered-though-concurrent", text)
        });
        told.into_iter().collect()
    }
}

/// `4:P`, a request T_m:P_i.
fn request(r: &Request) -> String {
    format!("{}:{}", r.time, Lamport::name(r.of.0))
}

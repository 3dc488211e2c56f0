//! How hybrid clocks are looked at.

use super::observer::hybrid;
use super::*;
use crate::core::config::show_time;
use crate::core::protocol::{Show, call_text, key_name};
use crate::core::view::{Border, Fact, Family, Lens, MessageLook, NodeLook, Ruler};

impl Show for Hybrid {
    const LENSES: &'static [Lens] = &[Lens::HybridTimes, Lens::History];
    const LANDMARKS: &'static [&'static str] = &["ReadRestart", "Stop", "Write"];
    const FIRST_CLIENT: u8 = b'M';

    fn name(n: u16) -> String {
        if n < 12 { char::from(b'A' + n as u8).to_string() } else { format!("P{n}") }
    }

    fn answer(ret: &Ret) -> Option<String> {
        let value = ret.value.map_or(String::new(), |v| format!("{v} "));
        Some(format!("{value}{}", hybrid(ret.at)))
    }

    fn node(_cfg: &Config, _common: &Common, node: &Node<Self>) -> NodeLook {
        let (kept, state) = (&node.durable, &node.state);
        let time = kept.clock.last;
        let ahead = time.wall.saturating_sub(kept.physical);
        let mut durable = vec![
            ("l".into(), time.wall.to_string()),
            ("c".into(), time.logical.to_string()),
            ("physical".into(), kept.physical.to_string()),
            ("ahead".into(), ahead.to_string()),
        ];
        for (key, versions) in &kept.store {
            let versions: Vec<String> = versions
                .0
                .iter()
                .rev()
                .take(4)
                .map(|(t, v)| format!("{v} {}", hybrid(t)))
                .collect();
            durable.push((key_name(*key), versions.join(" | ")));
        }
        let pending: Vec<String> = state.pending.values().map(pending).collect();
        let offsets =
            state.offsets.iter().map(|(n, o)| format!("{} {}", Self::name(n.0), show_time(*o)));
        let volatile = vec![
            ("restarts".into(), state.restarts.to_string()),
            ("pending".into(), pending.join(", ")),
            ("measured offsets".into(), offsets.collect::<Vec<_>>().join(", ")),
        ];
        NodeLook {
            role: if state.stopped { "Stopped" } else { "Node" }.into(),
            border: if state.stopped { Border::Thin } else { Border::Single },
            glyph: if state.stopped { "X" } else { "" }.into(),
            badge: hybrid(time),
            durable,
            volatile,
            ..NodeLook::default()
        }
    }

    fn ruler(cfg: &Config, node: &Node<Self>) -> Option<Ruler> {
        let (kept, state) = (&node.durable, &node.state);
        let time = kept.clock.last;
        let all = kept.store.iter().flat_map(|(key, versions)| {
            let recent = versions.0.iter().rev().take(4);
            recent.map(|(at, value)| (at.wall, format!("{}={value}", key_name(*key))))
        });
        let reads = state.pending.values().filter(|p| matches!(p.op, Op::Get { .. }));
        let windows = reads.map(|p| {
            let what = call_text(Self::CALLS, &Self::call(&p.op));
            (p.at.wall, p.limit.wall, format!("{what}: uncertain"))
        });
        Some(Ruler {
            reach: cfg.max_offset,
            time: (time != Timestamp::default()).then(|| (time.wall, hybrid(time))),
            versions: all.collect(),
            windows: windows.collect(),
            waits: Vec::new(),
        })
    }

    fn message(message: &Message) -> MessageLook {
        match message.body {
            HybridBody::Do { op: Op::Put { .. }, .. } => {
                MessageLook { name: "write", family: Family::Replicate, ..message.body.look() }
            }
            _ => message.body.look(),
        }
    }

    const FACTS: &'static [&'static str] = &["outside", "stale-read"];

    fn facts(observer: &Observer) -> Vec<Fact> {
        let outside = observer.outside.map(|apart| {
            let text =
                format!("outside the theorem: clocks were {} apart", show_time(apart as i64));
            Fact::new("outside", text)
        });
        let stale = observer.stale.as_ref();
        let stale = stale.map(|w| Fact::new("stale-read", format!("a stale read: {}", w.why)));
        outside.into_iter().chain(stale).collect()
    }
}

/// `get x at (0.3s, 1), uncertain up to 0.8s`.
fn pending(p: &OpenOperation) -> String {
    let what = call_text(Hybrid::CALLS, &Hybrid::call(&p.op));
    format!("{what} at {}, uncertain up to {}", hybrid(p.at), show_time(p.limit.wall as i64))
}

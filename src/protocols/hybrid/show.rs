//! How hybrid clocks are looked at.

use super::observer::hybrid;
use super::*;
use crate::core::action::Call;
use crate::core::config::show_time;
use crate::core::protocol::{CallName, Show, call_text, key_name};
use crate::core::view::{Border, Fact, Family, Lens, MessageLook, NodeLook, Ruler};

impl Show for Hybrid {
    const CALLS: &'static [CallName] = &[
        CallName { name: "local", key: false, value: false, arg: false },
        CallName { name: "send", key: false, value: true, arg: false },
        CallName { name: "get", key: true, value: false, arg: false },
        CallName { name: "put", key: true, value: true, arg: false },
    ];
    const LENSES: &'static [Lens] = &[Lens::HybridTimes, Lens::History];
    const LANDMARKS: &'static [&'static str] = &["ReadRestart", "Stop", "Write"];
    const FIRST_CLIENT: u8 = b'M';

    fn name(n: u16) -> String {
        if n < 12 { char::from(b'A' + n as u8).to_string() } else { format!("P{n}") }
    }

    fn op(call: &Call) -> Option<Op> {
        let key = call.key;
        Some(match call.f {
            0 => Op::Local,
            1 => Op::Send { to: u32::try_from(call.value).ok()? },
            2 => Op::Get { key },
            3 => Op::Put { key, value: call.value },
            _ => return None,
        })
    }

    fn call(op: &Op) -> Call {
        let plain = |f| Call { f, ..Call::default() };
        match *op {
            Op::Local => plain(0),
            Op::Send { to } => Call { value: to.into(), ..plain(1) },
            Op::Get { key } => Call { key, ..plain(2) },
            Op::Put { key, value } => Call { key, value, ..plain(3) },
        }
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
            let versions: Vec<String> =
                versions.iter().rev().take(4).map(|(t, v)| format!("{v} {}", hybrid(*t))).collect();
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
            let recent = versions.iter().rev().take(4);
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
        let (name, family, reply, negative) = match message.body {
            Body::Plain => ("message", Family::Replicate, false, false),
            Body::Do { op: Op::Put { .. }, .. } => ("write", Family::Replicate, false, false),
            Body::Do { .. } => ("read", Family::Vote, false, false),
            Body::Done { .. } => ("done", Family::Ack, true, false),
            Body::Uncertain { .. } => ("uncertain", Family::Ack, true, true),
            Body::Ping { .. } => ("ping", Family::Heartbeat, false, false),
            Body::Pong { .. } => ("pong", Family::Heartbeat, true, false),
        };
        MessageLook { name, family, reply, negative, epoch: None }
    }

    fn details(message: &Message) -> Vec<(String, String)> {
        let mut all = vec![("(l, c)".into(), hybrid(message.time))];
        match message.body {
            Body::Plain => {}
            Body::Do { op, at, limit, .. } => {
                all.push(("operation".into(), call_text(Self::CALLS, &Self::call(&op))));
                all.push(("at".into(), hybrid(at)));
                all.push(("uncertain up to".into(), show_time(limit.wall as i64)));
            }
            Body::Done { value, at, .. } => {
                all.push(("value".into(), value.map_or("nil".into(), |v| v.to_string())));
                all.push(("at".into(), hybrid(at)));
            }
            Body::Uncertain { at, observed, .. } => {
                all.push(("a value at".into(), hybrid(at)));
                all.push(("observed".into(), hybrid(observed)));
            }
            Body::Ping { clock } => all.push(("clock".into(), show_time(clock))),
            Body::Pong { echo, clock } => {
                all.push(("clock".into(), show_time(clock)));
                all.push(("yours was".into(), show_time(echo)));
            }
        }
        all
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
fn pending(p: &Pending) -> String {
    let what = call_text(Hybrid::CALLS, &Hybrid::call(&p.op));
    format!("{what} at {}, uncertain up to {}", hybrid(p.at), show_time(p.limit.wall as i64))
}

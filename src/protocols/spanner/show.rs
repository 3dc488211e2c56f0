//! How it is looked at.

use super::*;
use crate::core::config::show_time;
use crate::core::protocol::{Show, key_name};
use crate::core::view::{
    Border, Fact, Family, Lens, Mark, MessageLook, NodeLook, Ruler, Seat, Tray,
};

impl Show for Spanner {
    const LENSES: &'static [Lens] = &[Lens::History];
    const LANDMARKS: &'static [&'static str] =
        &["Decide", "Commit", "Prepare", "Apply", "Abort", "Recover"];

    fn answer(ret: &Ret) -> Option<String> {
        match ret {
            Ret::Done { .. } => None,
            Ret::Value { value, .. } => Some(value.map_or("nil".into(), |v| v.to_string())),
            Ret::Rows(rows) => {
                let one = |(key, v): (u32, &Option<i64>)| {
                    format!("{}={}", key_name(key), v.map_or("nil".into(), |v| v.to_string()))
                };
                Some((0..).zip(rows).map(one).collect::<Vec<String>>().join(" "))
            }
        }
    }

    fn node(cfg: &Config, _common: &Common, node: &Node<Self>) -> NodeLook {
        let (disk, state) = (&node.durable, &node.state);
        let waits = disk.decided.values().any(|d| !d.committed);
        let look = &state.look;
        let epsilon = (look.interval.latest - look.interval.earliest) / 2;
        let epsilon = if look.nth == 0 { cfg.epsilon as i64 } else { epsilon };
        let (role, border, glyph) = match (waits, state.begun.is_empty(), disk.prepared.is_empty())
        {
            (true, ..) => ("Commit wait", Border::Dashed, "W"),
            (_, false, _) => ("Coordinator", Border::Double, "C"),
            (.., false) => ("Prepared", Border::Dashed, "P"),
            _ => ("Leader", Border::Single, ""),
        };
        let mut durable: Vec<(String, String)> =
            disk.store.iter().map(|(key, all)| (key_name(*key), versions(all))).collect();
        durable.push(("promised".into(), show_time(disk.promised)));
        let told = look.told.map_or("nil".into(), |v| v.to_string());
        let Interval { earliest, latest } = look.interval;
        let volatile = vec![
            ("TT.now()".into(), format!("[{}, {}]", show_time(earliest), show_time(latest))),
            ("epsilon".into(), epsilon.to_string()),
            ("waited".into(), look.waited.to_string()),
            ("told".into(), told),
        ];
        NodeLook {
            role: role.into(),
            border,
            glyph: glyph.into(),
            badge: format!("\u{3b5} {}", show_time(epsilon)),
            durable,
            volatile,
            ..NodeLook::default()
        }
    }

    fn trays(_cfg: &Config, node: &Node<Self>) -> Vec<Tray> {
        let mut trays = vec![locks(node)];
        let reads = node.state.snapshots.iter().map(|r| Seat {
            text: format!("{} at {}", key_name(r.key), show_time(r.at)),
            mark: Mark::Waiting,
        });
        trays.push(Tray { title: "reads that wait".into(), seats: reads.collect() });
        trays.retain(|t| !t.seats.is_empty());
        trays
    }

    fn ruler(cfg: &Config, node: &Node<Self>) -> Option<Ruler> {
        let (disk, look) = (&node.durable, &node.state.look);
        let reach = match look.nth {
            0 => cfg.epsilon,
            _ => (look.interval.latest - look.interval.earliest).max(0) as u64 / 2,
        };
        let waiting = || disk.decided.values().filter(|d| !d.committed);
        let all = disk.store.iter().flat_map(|(key, all)| {
            let recent = all.iter().rev().take(3);
            recent.map(|v| (moment(v.at), format!("{}={}", key_name(*key), v.value)))
        });
        let prepared = disk.prepared.values();
        let prepared = prepared.map(|p| (moment(p.at), format!("{} prepared", key_name(p.key))));
        let waits = waiting().map(|d| {
            let from = d.since - (d.at - d.since);
            (moment(from), moment(d.at), format!("commit wait of {}", key_name(d.key)))
        });
        Some(Ruler {
            reach,
            time: waiting().map(|d| (moment(d.at), format!("s = {}", show_time(d.at)))).next_back(),
            versions: all.chain(prepared).collect(),
            windows: Vec::new(),
            waits: waits.collect(),
        })
    }

    fn message(message: &Message) -> MessageLook {
        let look = message.look();
        match message {
            Message::Forward { op: Op::Write { .. }, .. } => {
                MessageLook { name: "Forward", family: Family::Replicate, ..look }
            }
            Message::Abort { .. } => MessageLook { negative: true, ..look },
            _ => look,
        }
    }

    const FACTS: &'static [&'static str] =
        &["outside", "not-external", "told-early", "availability"];

    fn facts(observer: &Observer) -> Vec<Fact> {
        observer.facts()
    }
}

/// On the ruler; before its zero nothing is drawn.
fn moment(at: i64) -> u64 {
    u64::try_from(at).unwrap_or(0)
}

/// `2 at 12.3ms | 1 at 4ms`: the newest first.
fn versions(all: &[RowVersion]) -> String {
    let newest = all.iter().rev().take(4);
    let texts: Vec<String> =
        newest.map(|v| format!("{} at {}", v.value, show_time(v.at))).collect();
    texts.join(" | ")
}

/// Who has a row's lock, and who waits for it.
fn locks(node: &Node<Spanner>) -> Tray {
    let all = node.state.locks.iter().flat_map(|(key, queue)| {
        queue.iter().enumerate().map(move |(place, (id, want))| {
            let prepared = node.durable.prepared.get(id).map(|p| p.at);
            let decided = node.durable.decided.get(id).map(|d| d.at);
            let at = decided.or(prepared).map_or(String::new(), |at| format!(" {}", show_time(at)));
            let what = match want {
                LockWant::Read => "get".to_string(),
                LockWant::Write { value } => format!("write {value}"),
                LockWant::Prepare { value, .. } => format!("prepare {value}"),
            };
            let mark = if place == 0 { Mark::Chosen } else { Mark::Waiting };
            Seat { text: format!("{}: {what}{at}", key_name(*key)), mark }
        })
    });
    Tray { title: "locks".into(), seats: all.collect() }
}

//! How vector clocks are looked at.

use super::*;
use crate::core::protocol::{Show, key_name};
use crate::core::sorted::SortedSet;
use crate::core::view::{
    Cell, Fact, Family, Lens, LogView, Mark, MessageLook, NodeLook, Seat, Tray,
};

/// `[A:2, B:3, C:1]`.
pub(super) fn vector(clock: &ProcessVector) -> String {
    let counts: Vec<String> =
        clock.iter().map(|(n, count)| format!("{}:{count}", Vector::name(n.0))).collect();
    format!("[{}]", counts.join(", "))
}

impl Show for Vector {
    const LENSES: &'static [Lens] = &[Lens::Vectors, Lens::Log, Lens::History];
    const LANDMARKS: &'static [&'static str] = &["Delay", "Put", "Receive"];
    const FIRST_CLIENT: u8 = b'M';

    fn name(n: u16) -> String {
        if n < 12 { char::from(b'A' + n as u8).to_string() } else { format!("P{n}") }
    }

    fn answer(ret: &Ret) -> Option<String> {
        Some(match ret {
            Ret::Clock(clock) => vector(clock),
            Ret::Values(values, context) => {
                let values: Vec<String> = values.iter().map(i64::to_string).collect();
                format!(
                    "{} {}",
                    if values.is_empty() { "nil".into() } else { values.join("|") },
                    vector(context)
                )
            }
        })
    }

    fn node(cfg: &Config, _common: &Common, node: &Node<Self>) -> NodeLook {
        let kept = &node.durable;
        let away = kept.clock.is_empty() && node.me.0 >= cfg.members;
        let own = kept.clock.get(&node.me);
        let mut durable = vec![("V".into(), vector(&kept.clock)), ("own".into(), own.to_string())];
        durable.push(("places".into(), kept.clock.len().to_string()));
        if cfg.broadcast {
            let buffer: Vec<String> = kept.buffer.iter().map(cast).collect();
            durable.push(("delivered".into(), vector(&kept.delivered)));
            durable.push(("buffer".into(), buffer.join(" ")));
            durable.push(("waiting".into(), kept.buffer.len().to_string()));
        }
        let (none, first) = (KeyVersions::default(), cfg.store.then_some(0));
        let keys: SortedSet<u32> = first.into_iter().chain(kept.store.keys().copied()).collect();
        for (key, entry) in keys.iter().map(|k| (key_name(*k), kept.store.get(k).unwrap_or(&none)))
        {
            durable.push((key.clone(), siblings(entry)));
            durable.push((format!("siblings-{key}"), entry.values().count().to_string()));
        }
        for (key, beside) in kept.beside.iter().map(|(k, b)| (key_name(*k), b)) {
            durable.push((format!("one-vector-{key}"), beside.one.values().len().to_string()));
            durable.push((format!("by-client-{key}"), beside.by.versions().len().to_string()));
        }
        NodeLook {
            role: if away { "Not there yet" } else { "Process" }.into(),
            badge: vector(&kept.clock),
            durable,
            ..NodeLook::default()
        }
    }

    /// The buffer of causal broadcast, and a key's siblings, in three ways to compare.
    fn trays(cfg: &Config, node: &Node<Self>) -> Vec<Tray> {
        let kept = &node.durable;
        let mut all = Vec::new();
        if cfg.broadcast {
            let waits = |c: &Cast| {
                let text = match missing(&kept.delivered, c) {
                    Some(cause) => format!("{} waits for {cause}", cast(c)),
                    None => cast(c),
                };
                Seat { text, mark: Mark::Waiting }
            };
            let late = kept.log.len().saturating_sub(7);
            let last = kept.log.iter_from(late);
            let last = last.map(|c| Seat { text: cast(&c), mark: Mark::Plain });
            all.push(Tray { title: "delivered".into(), seats: last.collect() });
            let seats = kept.buffer.iter().map(waits).collect();
            all.push(Tray { title: "buffer".into(), seats });
        }
        if cfg.store {
            let none = KeyVersions::default();
            let keys: Vec<u32> = kept.store.keys().copied().take(2).collect();
            for key in if keys.is_empty() { vec![0] } else { keys } {
                let entry = kept.store.get(&key).unwrap_or(&none);
                all.extend(shelves(key, entry, kept.beside.get(&key), cfg.compare));
            }
        }
        all
    }

    /// Broadcasts in the order of delivery.
    fn log(node: &Node<Self>) -> Option<LogView> {
        let log = &node.durable.log;
        let first = LogView::first_of(log.len());
        let cell = |c: Cast| Cell { text: cast(&c), epoch: c.from.0.into() };
        let cells = log.iter_from(first - 1).map(cell);
        let cells = cells.collect();
        (!log.is_empty()).then(|| LogView { first, cells, committed: log.len() })
    }

    fn message(message: &Message) -> MessageLook {
        match &message.body {
            VectorBody::Cast(Packet { body: None, .. }) => MessageLook {
                name: "seen",
                family: Family::Heartbeat,
                reply: true,
                ..message.body.look()
            },
            body => body.look(),
        }
    }

    const FACTS: &'static [&'static str] = &["siblings"];

    fn facts(observer: &Observer) -> Vec<Fact> {
        let most = observer.most;
        let told = format!("{most} siblings of a key at the most");
        (most > 1).then(|| Fact::new("siblings", told)).into_iter().collect()
    }
}

/// `B2`, the second broadcast of B.
fn cast(c: &Cast) -> String {
    format!("{}{}", Vector::name(c.from.0), c.nth())
}

/// `3 (A,2)[A:1] | 7 (B,1)[]`: values, each with its dot and context.
fn siblings(entry: &KeyVersions) -> String {
    let dotted = entry.dotted.versions().iter().map(|(d, w)| {
        format!("{} ({},{}){}", w.value, Vector::name(d.dot.0.0), d.dot.1, vector(&d.context))
    });
    let mut all: Vec<String> = dotted.collect();
    if !entry.flat.values().is_empty() {
        let values = entry.flat.values().iter().map(|w| w.value.to_string());
        let values: Vec<String> = values.collect();
        all.push(format!("{} {}", values.join("|"), vector(entry.flat.context())));
    }
    all.join(" | ")
}

/// The first broadcast that one must wait for: `A1`.
fn missing(delivered: &ProcessVector, c: &Cast) -> Option<String> {
    let late = |(k, count): &(&NodeId, u64)| *count > delivered.get(k) + u64::from(**k == c.from);
    let (k, _) = c.vt.iter().find(late)?;
    Some(format!("{}{}", Vector::name(k.0), delivered.get(k) + 1))
}

/// A key's siblings: with dots, and to compare under one vector and under vectors of clients. What
/// a reader of the dotted ones has read should be nowhere.
fn shelves(key: u32, entry: &KeyVersions, beside: Option<&Undotted>, compare: bool) -> Vec<Tray> {
    let name = key_name(key);
    let title = |way: &str, count: usize| match count {
        1 => format!("{name}, {way}: 1 sibling"),
        n => format!("{name}, {way}: {n} siblings"),
    };
    let plain = |text| Seat { text, mark: Mark::Plain };
    let dotted = entry
        .dotted
        .versions()
        .iter()
        .map(|(d, w)| plain(format!("{} ({},{})", w.value, Vector::name(d.dot.0.0), d.dot.1)));
    let known: SortedSet<_> = entry.values().map(|w| w.id).collect();
    let old = |w: &Written| if known.contains(&w.id) { Mark::Plain } else { Mark::Stale };
    let value = |w: &Written| Seat { text: w.value.to_string(), mark: old(w) };
    let mut all = vec![Tray {
        title: title("with dots", entry.values().count()),
        seats: dotted.chain(entry.flat.values().iter().map(value)).collect(),
    }];
    if compare {
        let none = Undotted::default();
        let beside = beside.unwrap_or(&none);
        let one = beside.one.values();
        let by = beside.by.versions();
        let client = |(v, w): &(ProcessVector, Written)| {
            let places: Vec<String> = v.iter().map(|(c, n)| format!("c{}:{n}", c.0)).collect();
            Seat { text: format!("{} [{}]", w.value, places.join(", ")), mark: old(w) }
        };
        all.push(Tray {
            title: title("one vector of servers", one.len()),
            seats: one.iter().map(value).collect(),
        });
        all.push(Tray {
            title: title("a vector of clients each", by.len()),
            seats: by.iter().map(client).collect(),
        });
    }
    all
}

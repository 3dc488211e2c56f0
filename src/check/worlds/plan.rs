//! What to search where nothing else is asked for: small worlds, few faults.

use crate::core::config::Setup;
use crate::core::quote::quoted;
use crate::core::world::Limits;
use crate::protocols::{Info, Scene};

/// Servers, unless told otherwise; a scene that needs more gets the fewest it takes.
const SERVERS: i64 = 3;

/// A scene made small enough to search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldPlan {
    /// The run.
    pub setup: Setup,
    /// What may happen in it; to be searched in this order.
    pub searches: Vec<Limits>,
}

/// What may be spent, little by little, unless something else is asked for: timers, operations,
/// doubled messages, crashes. A message that is lost and a link that is cut are not among it:
/// nothing has to be delivered, so whatever they can bring about is searched anyway.
const RUNGS: [(u8, u8, u8, u8); 8] = [
    (1, 1, 0, 0),
    (2, 0, 0, 1),
    (1, 1, 1, 0),
    (0, 2, 0, 1),
    (2, 1, 0, 0),
    (2, 1, 1, 1),
    (3, 1, 0, 0),
    (4, 2, 1, 1),
];

/// The searches to run one after the other; without clients there are no operations.
pub fn rungs(operations: bool) -> Vec<Limits> {
    let mut all: Vec<Limits> = Vec::new();
    for (timers, ops, dups, crashes) in RUNGS {
        let ops = if operations { ops } else { 0 };
        let limits = Limits { timers, ops, dups, crashes, drops: 0, partitions: 0, lies: 0 };
        if !all.contains(&limits) {
            all.push(limits);
        }
    }
    all
}

/// Timers and operations where only faults are given.
const FEW: Limits =
    Limits { timers: 2, ops: 1, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 };

impl WorldPlan {
    /// Makes what was asked for small: 3 servers, 1 client, 1 key, where that was left open.
    pub fn new(scene: &Scene, asked: &Setup, limits: Option<Limits>) -> Result<WorldPlan, String> {
        let info: Info = scene.info_of(&asked.preset);
        let mut setup = asked.clone();
        let now = |id: &str| {
            let preset = scene.preset(&asked.preset).ok();
            let preset = preset.and_then(|p| p.values.iter().find(|(k, _)| *k == id)).map(|p| p.1);
            let default = info.knobs.iter().find(|k| k.id == id).map(|k| k.default);
            preset.or(default).unwrap_or(0)
        };
        let mut small = |id: &str, most: i64| {
            if !asked.knobs.contains_key(id) && now(id) > most {
                setup.knobs.insert(id.into(), most);
            }
        };
        small("clients", 1);
        small("client.keys", 1);
        if limits.is_none_or(|l| l.ops < 2) {
            // A single operation is one that changes something.
            small("client.reads", 0);
        }
        if !asked.knobs.contains_key("nodes") {
            for nodes in SERVERS..now("nodes") {
                let mut fewer = setup.clone();
                fewer.knobs.insert("nodes".into(), nodes);
                if (scene.build)(&fewer).is_ok() {
                    setup = fewer;
                    break;
                }
            }
        }
        (scene.build)(&setup)?;
        let clients = setup.knobs.get("clients").copied().unwrap_or(now("clients"));
        let operations = clients > 0 && !info.calls.is_empty();
        let searches = limits.map_or_else(|| rungs(operations), |l| vec![l]);
        Ok(WorldPlan { setup, searches })
    }
}

const NAMES: [&str; 7] = ["timers", "ops", "drop", "dup", "crash", "partition", "lie"];

fn purses(limits: &mut Limits) -> [&mut u8; 7] {
    let Limits { timers, ops, drops, dups, crashes, partitions, lies } = limits;
    [timers, ops, drops, dups, crashes, partitions, lies]
}

/// Reads `crash=1,drop=2,dup=1,partition=1,lie=1,timers=4,ops=1`. What is not named keeps its default if
/// it is a timer or an operation, and is 0 if it is a fault.
pub fn read_limits(text: &str) -> Result<Limits, String> {
    let mut limits = FEW;
    for part in text.split(',').filter(|p| !p.is_empty()) {
        let (name, number) = part
            .split_once('=')
            .ok_or_else(|| format!("--faults takes name=number, not {}", quoted(part)))?;
        let Some(at) = NAMES.iter().position(|n| *n == name || name.strip_suffix('s') == Some(*n))
        else {
            return Err(format!("there is no fault {}, only {}", quoted(name), NAMES.join(", ")));
        };
        *purses(&mut limits)[at] = number.parse().map_err(|_| {
            format!("--faults {name} takes a number up to 255, not {}", quoted(number))
        })?;
    }
    Ok(limits)
}

/// `at most 3 timers, 1 operation, 1 duplicate, 1 crash; no drops, no partitions`.
pub fn limits_text(limits: &Limits) -> String {
    let words = [
        ("timer", "timers"),
        ("operation", "operations"),
        ("lost message", "lost messages"),
        ("doubled message", "doubled messages"),
        ("crash", "crashes"),
        ("partition", "partitions"),
        ("lie", "lies"),
    ];
    let mut limits = *limits;
    let counts = purses(&mut limits).map(|n| *n);
    let some: Vec<String> = counts
        .iter()
        .zip(words)
        .filter(|(n, _)| **n > 0)
        .map(|(n, (one, many))| format!("{n} {}", if *n == 1 { one } else { many }))
        .collect();
    // That nobody lies goes without saying.
    let none: Vec<&str> =
        counts.iter().zip(words).take(6).filter(|(n, _)| **n == 0).map(|p| p.1.1).collect();
    match (some.is_empty(), none.is_empty()) {
        (true, _) => "no timers, operations or faults".into(),
        (_, true) => format!("at most {}", some.join(", ")),
        _ => format!("at most {}; no {}", some.join(", "), none.join(", ")),
    }
}

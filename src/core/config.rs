//! The settings of a run: the part every scene shares, and the knobs over it.

use super::action::Fsync;
use super::quote::quoted;
use super::random::{between, chance, exponential, pareto};
use super::regions::Map;
use crate::core::sorted::{SortedMap, SortedSet};
use serde::{Deserialize, Serialize};

/// How long messages travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Latency {
    /// Evenly between low and high.
    #[default]
    Uniform,
    /// Low plus an exponential with mean (high - low).
    Exponential,
    /// Pareto with minimum low and shape 2.5: a long tail.
    Pareto,
}

/// Quality of the network; times in microseconds, shares in parts per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Net {
    /// Shape of the delay.
    pub latency: Latency,
    /// Lower parameter of the delay.
    pub low: u64,
    /// Upper parameter of the delay.
    pub high: u64,
    /// Share of messages lost.
    pub loss: u32,
    /// Share of messages delivered twice.
    pub dup: u32,
    /// Share of messages delayed past their successors.
    pub reorder: u32,
    /// First in, first out on every link.
    pub fifo: bool,
    /// Bytes a second on each link; 0 is unlimited.
    pub bandwidth: u32,
    /// Where everyone stands.
    pub map: Map,
}

impl Net {
    /// One delay.
    pub fn delay(&self, draw: u64) -> u64 {
        let us = match self.latency {
            Latency::Uniform => between(draw, self.low, self.high),
            Latency::Exponential => {
                self.low + exponential(draw, self.high.saturating_sub(self.low))
            }
            Latency::Pareto => pareto(draw, self.low, 2_500),
        };
        us.max(1)
    }
    /// Is this one lost?
    pub fn loses(&self, draw: u64) -> bool {
        chance(draw, self.loss)
    }
}

/// How a client without a server finds one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Balance {
    /// Any.
    #[default]
    Random,
    /// The next in turn.
    RoundRobin,
}

/// What clients do; times in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Clients {
    /// Mean pause between an answer and the next operation; 0 means they only act when told to.
    pub interval: u64,
    /// After this long without an answer the outcome is unknown.
    pub timeout: u64,
    /// After this long without an answer the same operation is sent again; 0 is never.
    pub retry: u64,
    /// How long it stays with a server that has answered; 0 chooses one for each operation.
    pub stickiness: u64,
    /// How a server is chosen.
    pub balance: Balance,
    /// How many keys are in play.
    pub keys: u32,
    /// Share of reads.
    pub reads: u32,
}

/// Longer than any run is watched: a client stays with its server until that does not answer.
pub const LONGEST_STICK: u64 = 86_400_000_000;

/// The settings that every scene has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Common {
    /// Servers.
    pub nodes: u16,
    /// Clients.
    pub clients: u16,
    /// Links.
    pub net: Net,
    /// Clients' behaviour.
    pub client: Clients,
    /// When writes are safe.
    pub fsync: Fsync,
    /// How long a sync takes, in microseconds.
    pub disk: u64,
    /// Clocks start at most this far from true time, in microseconds.
    pub offset: u64,
    /// Clocks run at most this fast or slow, in parts per million.
    pub drift: u32,
}

impl Common {
    /// Does neither a clock nor the map tell one server from another?
    pub fn tells_nobody_apart(&self) -> bool {
        (self.offset, self.drift) == (0, 0) && self.net.map == Map::One
    }
}

impl Default for Common {
    fn default() -> Self {
        Common {
            nodes: 5,
            clients: 2,
            net: Net {
                latency: Latency::Uniform,
                low: 10_000,
                high: 15_000,
                loss: 0,
                dup: 0,
                reorder: 0,
                fifo: false,
                bandwidth: 0,
                map: Map::One,
            },
            client: Clients {
                interval: 120_000,
                timeout: 1_000_000,
                retry: 250_000,
                stickiness: LONGEST_STICK,
                balance: Balance::Random,
                keys: 3,
                reads: 400_000,
            },
            fsync: Fsync::Always,
            disk: 1_000,
            offset: 0,
            drift: 0,
        }
    }
}

/// What a knob's number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Microseconds; typed as `150ms`, `2s`, `20us`.
    Time,
    /// Parts per million; typed as `2.5%` or `40ppm`.
    Share,
    /// A plain number.
    Count,
    /// Bytes a second; typed as a number.
    Rate,
    /// 0 or 1; typed as `off` or `on`.
    Switch,
    /// An index into these names.
    Choice(&'static [&'static str]),
}

impl Unit {
    /// Stable name for documents.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Time => "us",
            Unit::Share => "ppm",
            Unit::Count => "count",
            Unit::Rate => "bytes/s",
            Unit::Switch => "switch",
            Unit::Choice(_) => "choice",
        }
    }

    /// Reads what a person typed.
    pub fn parse(self, text: &str) -> Result<i64, String> {
        let t = text.trim();
        let wrong = |hint: &str| format!("{} is not {hint}", quoted(t));
        match self {
            Unit::Count | Unit::Rate => t.parse().map_err(|_| wrong("a whole number")),
            Unit::Switch => match t {
                "on" | "true" | "1" => Ok(1),
                "off" | "false" | "0" => Ok(0),
                _ => Err(wrong("'on' or 'off'")),
            },
            Unit::Choice(names) => match names.iter().position(|n| *n == t) {
                Some(i) => Ok(i as i64),
                None => Err(wrong(&format!("one of {}", names.join(", ")))),
            },
            Unit::Time | Unit::Share => {
                let (least, such) = match self {
                    Unit::Time => ("1us", "a time such as 150ms, 2s or 20us"),
                    _ => ("1ppm", "a share such as 2.5% or 400ppm"),
                };
                let read = |rounded| scaled(t, self.suffixes(), rounded);
                read(false).ok_or_else(|| match read(true) {
                    Some(_) => format!("{} is finer than {least}", quoted(t)),
                    None => wrong(such),
                })
            }
        }
    }

    /// What may follow a number, and how many of the smallest unit that is.
    fn suffixes(self) -> &'static [(&'static str, i64)] {
        match self {
            Unit::Time => TIMES,
            Unit::Share => &[("%", 10_000), ("ppm", 1), ("", 1)],
            _ => &[],
        }
    }

    /// Writes a value as a person would type it.
    pub fn show(self, value: i64) -> String {
        match self {
            Unit::Time => show_time(value),
            Unit::Share if value % 100 == 0 => {
                let (whole, rest) = (value.unsigned_abs() / 10_000, value % 10_000 / 100);
                let sign = if value < 0 { "-" } else { "" };
                format!("{sign}{}%", trim_zeros(whole as i64, rest.abs(), 2))
            }
            Unit::Share => format!("{value}ppm"),
            Unit::Switch => if value == 0 { "off" } else { "on" }.to_string(),
            Unit::Choice(names) => match usize::try_from(value).ok().and_then(|i| names.get(i)) {
                Some(name) => (*name).to_string(),
                None => value.to_string(),
            },
            Unit::Count | Unit::Rate => value.to_string(),
        }
    }
}

const TIMES: &[(&str, i64)] =
    &[("us", 1), ("ms", 1_000), ("s", 1_000_000), ("min", 60_000_000), ("", 1)];

/// Reads `5s`, `150ms`, `20us` (a bare number is microseconds) into microseconds; nothing where it
/// names a part of one.
pub fn parse_time(text: &str) -> Option<i64> {
    scaled(text, TIMES, false)
}

/// Writes microseconds with the largest unit that keeps it short.
pub fn show_time(us: i64) -> String {
    let (unit, size) = match us.abs() {
        0..1_000 => ("us", 1),
        1_000..1_000_000 => ("ms", 1_000),
        _ => ("s", 1_000_000),
    };
    let digits = match size {
        1 => 0,
        1_000 => 3,
        _ => 6,
    };
    trim_zeros(us / size, (us % size).abs(), digits) + unit
}

fn trim_zeros(whole: i64, fraction: i64, digits: usize) -> String {
    if fraction == 0 {
        return whole.to_string();
    }
    let text = format!("{whole}.{fraction:0digits$}");
    text.trim_end_matches('0').to_string()
}

/// A decimal number with one of the suffixes, scaled to the smallest unit: exactly, or rounded down
/// to it where that is asked for.
fn scaled(text: &str, suffixes: &[(&str, i64)], rounded: bool) -> Option<i64> {
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-');
    let (number, suffix) = text.split_at(number_end.unwrap_or(text.len()));
    let scale = suffixes.iter().find(|(s, _)| *s == suffix.trim())?.1;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let negative = whole.starts_with('-');
    let mut value = whole.parse::<i64>().ok()?.checked_mul(scale)?;
    let mut unit = scale;
    for digit in fraction.chars() {
        unit /= 10;
        let digit = i64::from(digit.to_digit(10)?);
        if digit > 0 && unit == 0 && !rounded {
            return None;
        }
        let part = digit * unit;
        value = if negative { value.checked_sub(part)? } else { value.checked_add(part)? };
    }
    Some(value)
}

/// A setting that people may turn. All values are whole numbers; [`Unit`] says of what.
pub struct Knob<C> {
    /// Name in the page, the link, scripts and `--set` (`group.verb`).
    pub id: &'static str,
    /// What it does, in a few words.
    pub title: &'static str,
    /// Meaning of the number.
    pub unit: Unit,
    /// Smallest value allowed.
    pub min: i64,
    /// Largest value allowed.
    pub max: i64,
    /// Reads it.
    pub get: fn(&C) -> i64,
    /// Writes a value already known to be within bounds.
    pub set: fn(&mut C, i64),
}

/// The shared knobs, in the one vocabulary of all scenes.
pub const COMMON: &[Knob<Common>] = &[
    Knob {
        id: "nodes",
        title: "servers",
        unit: Unit::Count,
        min: 1,
        max: 100,
        get: |c| c.nodes.into(),
        set: |c, v| c.nodes = v as u16,
    },
    Knob {
        id: "clients",
        title: "clients",
        unit: Unit::Count,
        min: 0,
        max: 20,
        get: |c| c.clients.into(),
        set: |c, v| c.clients = v as u16,
    },
    Knob {
        id: "net.latency",
        title: "shape of the delay",
        unit: Unit::Choice(&["uniform", "exponential", "pareto"]),
        min: 0,
        max: 2,
        get: |c| c.net.latency as i64,
        set: |c, v| {
            c.net.latency = [Latency::Uniform, Latency::Exponential, Latency::Pareto][v as usize]
        },
    },
    Knob {
        id: "net.low",
        title: "shortest delay",
        unit: Unit::Time,
        min: 1,
        max: 60_000_000,
        get: |c| c.net.low as i64,
        set: |c, v| c.net.low = v as u64,
    },
    Knob {
        id: "net.high",
        title: "longest (or mean) delay",
        unit: Unit::Time,
        min: 1,
        max: 60_000_000,
        get: |c| c.net.high as i64,
        set: |c, v| c.net.high = v as u64,
    },
    Knob {
        id: "net.loss",
        title: "messages lost",
        unit: Unit::Share,
        min: 0,
        max: 1_000_000,
        get: |c| c.net.loss.into(),
        set: |c, v| c.net.loss = v as u32,
    },
    Knob {
        id: "net.dup",
        title: "messages doubled",
        unit: Unit::Share,
        min: 0,
        max: 1_000_000,
        get: |c| c.net.dup.into(),
        set: |c, v| c.net.dup = v as u32,
    },
    Knob {
        id: "net.reorder",
        title: "messages overtaken",
        unit: Unit::Share,
        min: 0,
        max: 1_000_000,
        get: |c| c.net.reorder.into(),
        set: |c, v| c.net.reorder = v as u32,
    },
    Knob {
        id: "net.fifo",
        title: "links keep order",
        unit: Unit::Switch,
        min: 0,
        max: 1,
        get: |c| c.net.fifo.into(),
        set: |c, v| c.net.fifo = v != 0,
    },
    Knob {
        id: "net.bandwidth",
        title: "bandwidth of a link (0: unlimited)",
        unit: Unit::Rate,
        min: 0,
        max: i32::MAX as i64,
        get: |c| c.net.bandwidth.into(),
        set: |c, v| c.net.bandwidth = v as u32,
    },
    Knob {
        id: "net.matrix",
        title: "where servers and clients stand",
        unit: Unit::Choice(&["one place", "three regions", "five regions"]),
        min: 0,
        max: 2,
        get: |c| c.net.map as i64,
        set: |c, v| c.net.map = Map::ALL[v as usize],
    },
    Knob {
        id: "client.interval",
        title: "mean pause between operations (0: only by hand)",
        unit: Unit::Time,
        min: 0,
        max: 600_000_000,
        get: |c| c.client.interval as i64,
        set: |c, v| c.client.interval = v as u64,
    },
    Knob {
        id: "client.timeout",
        title: "a client gives up after",
        unit: Unit::Time,
        min: 1_000,
        max: 600_000_000,
        get: |c| c.client.timeout as i64,
        set: |c, v| c.client.timeout = v as u64,
    },
    Knob {
        id: "client.retry",
        title: "a client asks again after (0: never)",
        unit: Unit::Time,
        min: 0,
        max: 600_000_000,
        get: |c| c.client.retry as i64,
        set: |c, v| c.client.retry = v as u64,
    },
    Knob {
        id: "client.stickiness",
        title: "a client stays with its server for (0: never)",
        unit: Unit::Time,
        min: 0,
        max: LONGEST_STICK as i64,
        get: |c| c.client.stickiness as i64,
        set: |c, v| c.client.stickiness = v as u64,
    },
    Knob {
        id: "client.balance",
        title: "a client's next server",
        unit: Unit::Choice(&["random", "round-robin"]),
        min: 0,
        max: 1,
        get: |c| c.client.balance as i64,
        set: |c, v| c.client.balance = [Balance::Random, Balance::RoundRobin][v as usize],
    },
    Knob {
        id: "client.keys",
        title: "keys in play",
        unit: Unit::Count,
        min: 1,
        max: 1_000,
        get: |c| c.client.keys.into(),
        set: |c, v| c.client.keys = v as u32,
    },
    Knob {
        id: "client.reads",
        title: "share of reads",
        unit: Unit::Share,
        min: 0,
        max: 1_000_000,
        get: |c| c.client.reads.into(),
        set: |c, v| c.client.reads = v as u32,
    },
    Knob {
        id: "disk.fsync",
        title: "when a write is safe",
        unit: Unit::Choice(&["always", "batch", "lies"]),
        min: 0,
        max: 2,
        get: |c| c.fsync as i64,
        set: |c, v| c.fsync = [Fsync::Always, Fsync::Batch, Fsync::Lies][v as usize],
    },
    Knob {
        id: "disk.latency",
        title: "time of a sync",
        unit: Unit::Time,
        min: 0,
        max: 10_000_000,
        get: |c| c.disk as i64,
        set: |c, v| c.disk = v as u64,
    },
    Knob {
        id: "clock.offset",
        title: "clocks start at most this far off",
        unit: Unit::Time,
        min: 0,
        max: 60_000_000,
        get: |c| c.offset as i64,
        set: |c, v| c.offset = v as u64,
    },
    Knob {
        id: "clock.drift",
        title: "clocks run at most this fast or slow",
        unit: Unit::Share,
        min: 0,
        max: 500_000,
        get: |c| c.drift.into(),
        set: |c, v| c.drift = v as u32,
    },
];

/// Finds a knob, checks the bounds and turns it. `None` if this list has no such knob.
pub fn turn<C>(
    knobs: &[Knob<C>],
    config: &mut C,
    id: &str,
    value: i64,
) -> Option<Result<(), String>> {
    let knob = knobs.iter().find(|k| k.id == id)?;
    if value < knob.min || value > knob.max {
        let (low, high) = (knob.unit.show(knob.min), knob.unit.show(knob.max));
        return Some(Err(format!(
            "{id} must lie between {low} and {high}, not {}",
            knob.unit.show(value)
        )));
    }
    (knob.set)(config, value);
    Some(Ok(()))
}

/// Which run this is: with a journal it fixes every byte.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Setup {
    /// Scene's id.
    pub scene: String,
    /// Preset's id; empty is the scene's first.
    #[serde(default)]
    pub preset: String,
    /// Knobs turned away from the preset.
    #[serde(default)]
    pub knobs: SortedMap<String, i64>,
    /// Named bugs switched on.
    #[serde(default)]
    pub mutants: SortedSet<String>,
    /// Where all randomness comes from.
    pub seed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_read_what_they_write() {
        for (unit, text, value) in [
            (Unit::Time, "150ms", 150_000),
            (Unit::Time, "1.5s", 1_500_000),
            (Unit::Time, "20us", 20),
            (Unit::Time, "-2ms", -2_000),
            (Unit::Share, "2.5%", 25_000),
            (Unit::Share, "-0.05%", -500),
            (Unit::Share, "40ppm", 40),
            (Unit::Switch, "on", 1),
            (Unit::Choice(&["a", "b"]), "b", 1),
        ] {
            assert_eq!(unit.parse(text), Ok(value));
            assert_eq!(unit.parse(&unit.show(value)), Ok(value));
        }
        assert_eq!(
            Unit::Time.parse("soon").unwrap_err(),
            "'soon' is not a time such as 150ms, 2s or 20us"
        );
        assert!(Unit::Count.parse("1e9").is_err());
        assert_eq!(Unit::Time.parse("1.500ms"), Ok(1_500));
        for (unit, text, why) in [
            (Unit::Time, "1.5", "'1.5' is finer than 1us"),
            (Unit::Time, "0.0000001us", "'0.0000001us' is finer than 1us"),
            (Unit::Time, "0.0001ms", "'0.0001ms' is finer than 1us"),
            (Unit::Share, "0.00005%", "'0.00005%' is finer than 1ppm"),
        ] {
            assert_eq!(unit.parse(text).unwrap_err(), why);
        }
        assert_eq!((parse_time("1.5"), parse_time("1.0")), (None, Some(1)));
    }

    #[test]
    fn knobs_keep_their_bounds_and_defaults_lie_within() {
        let mut c = Common::default();
        for k in COMMON {
            let v = (k.get)(&c);
            assert!(k.min <= v && v <= k.max, "{}", k.id);
            (k.set)(&mut c, k.max);
            assert_eq!((k.get)(&c), k.max, "{}", k.id);
        }
        let refused = turn(COMMON, &mut c, "nodes", 0).unwrap().unwrap_err();
        assert_eq!(refused, "nodes must lie between 1 and 100, not 0");
        assert!(turn(COMMON, &mut c, "nonsense", 0).is_none());
    }
}

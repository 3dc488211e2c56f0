//! Random command lines: whatever the arguments, there is an answer or one short complaint, and
//! nobody who asks to stop is kept waiting.

use happened_before::cli::{self, Host};
use happened_before::core::random::{Stream, below, draw};
use happened_before::protocols::{CATALOG, Scene};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Command lines that are tried.
const LINES: u64 = 600;

/// Gives a few files, and soon asks to stop.
struct Impatient {
    patience: Cell<u64>,
    clock: Cell<u64>,
}

const FILES: &[(&str, &str)] = &[
    ("log", "a {\"a\":1}\nx\nb {\"a\":1,\"b\":1}\ny\n"),
    ("odd.log", "a {\"a\":18446744073709551615}\nx\n{} {\"\":1}\n\u{1b}[2J\na {\"a\":1}"),
    (
        "case",
        "{\"steps\":[[\"A\",\"inc\",18446744073709551615],[\"A\",\"inc\",1]],\"N\":3,\"R\":1,\"W\":1}\n",
    ),
    ("json", "[1,{\"a\":[null,-1e999]}]"),
    ("deep", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["),
    ("script", "{\"at\":\"1ms\",\"do\":\"heal-all\"}\n"),
    ("history", "{:process 0, :type :invoke, :f :read, :value nil}\n"),
    ("empty", ""),
];

impl Host for Impatient {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let found = FILES.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| "no such file".into())
    }
    fn write(&self, _: &str, _: &[u8]) -> Result<(), String> {
        Ok(())
    }
    fn print(&self, _: &[u8]) -> Result<(), String> {
        Ok(())
    }
    fn stdin(&self) -> Result<String, String> {
        Ok(FILES[2].1.into())
    }
    fn clock_ms(&self) -> u64 {
        self.clock.set(self.clock.get() + 7);
        self.clock.get()
    }
    fn cancelled(&self) -> bool {
        let left = self.patience.get();
        self.patience.set(left.saturating_sub(1));
        left == 0
    }
    fn threads(&self) -> usize {
        2
    }
}

/// Draws from one line's seed.
struct Dice(u64, u64);

impl Dice {
    fn roll(&mut self, n: usize) -> usize {
        self.1 += 1;
        below(draw(self.0, Stream::Nemesis, self.1), n as u64) as usize
    }
    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.roll(all.len())]
    }
    fn scene(&mut self) -> &'static Scene {
        &CATALOG[self.roll(CATALOG.len())]
    }
}

/// `bench` measures for as long as that takes.
const COMMANDS: &[&str] = &[
    "breaker",
    "challenge",
    "check",
    "clock",
    "converge",
    "crdt",
    "eventlog",
    "explore",
    "export",
    "formula",
    "fuzz",
    "hash",
    "history",
    "import",
    "list",
    "plane",
    "replay",
    "run",
    "story",
    "help",
    "nonsense",
    "",
];

const OPTIONS: &[&str] = &[
    "--json",
    "--trace",
    "--digest",
    "--svg",
    "--set",
    "--preset",
    "--mutant",
    "--seed",
    "--seeds",
    "--until",
    "--steps",
    "--script",
    "--depth",
    "--faults",
    "--symmetry",
    "--budget-ms",
    "--max-states",
    "--memory-mb",
    "--model",
    "--format",
    "--level",
    "--init",
    "--algo",
    "--nodes",
    "--keys",
    "--weights",
    "--replicas",
    "--vnodes",
    "--buckets",
    "--table",
    "--percent",
    "--together",
    "--hash",
    "--parser",
    "--delimiter",
    "--to",
    "--out",
    "--from",
    "--speed",
    "--scale",
    "--view",
    "--theme",
    "--runs",
    "--at",
    "--cut",
    "--por",
    "--no-reduction",
    "--",
    "-",
    "--set=x",
    "--until=1s",
    "--nonsense",
];

const VALUES: &[&str] = &[
    "0",
    "1",
    "2",
    "7",
    "100",
    "65536",
    "18446744073709551615",
    "18446744073709551616",
    "-1",
    "1e9",
    "1.5",
    "0..3",
    "18446744073709551614..18446744073709551615",
    "0..18446744073709551615",
    "3..2",
    "1us",
    "5ms",
    "2s",
    "1000000000s",
    "0.0000001us",
    "99999999999999999999s",
    "1/50",
    "0/0",
    "nodes=100",
    "nodes=0",
    "clients=20",
    "net.low=1us",
    "net.high=60s",
    "x=y",
    "=",
    "a,b",
    "a,a",
    "log",
    "odd.log",
    "case",
    "json",
    "deep",
    "script",
    "history",
    "empty",
    "nowhere",
    "raft",
    "cap",
    "lamport",
    "hashing",
    "paxos",
    "twophase",
    "ketama",
    "ring",
    "jump",
    "maglev",
    "rendezvous",
    "bounded",
    "murmur3-token",
    "redis-slot",
    "register",
    "list-append",
    "txn",
    "edn",
    "kv",
    "json",
    "shiviz",
    "etcd-trace",
    "trace",
    "gif",
    "svg",
    "mermaid",
    "jepsen",
    "g-counter",
    "pn-counter",
    "lww",
    "rga",
    "or-set",
    "lamport",
    "hlc",
    "vector",
    "dvvset",
    "pbs",
    "om",
    "pbft",
    "polly",
    "gobreaker",
    "(",
    "(?:(?:a?){999}){999}",
    "(?<host>.*)(?<clock>.*)(?<event>.*)",
    "#s=1AAAA",
    "#s=1B2xhbXBvcnQAAAABAAAAAABxNt3t",
    "1B2xhbXBvcnQAAAABAAAAAABxNt3t).",
    "\n",
    "\u{1b}[2J",
    "\u{202e}x\0y",
    "é",
    "'",
    "crash=1,drop=2",
    "crash=256",
    "crash",
    "linearizable",
    "lattice",
    "nil",
];

/// A line of a command that mostly makes sense, with some settings at their bounds.
fn sensible(dice: &mut Dice) -> Vec<String> {
    let scene = dice.scene();
    let command =
        dice.of(&["run", "fuzz", "check", "export", "plane", "converge", "challenge", "story"]);
    let mut args = vec![command.to_string(), scene.id.to_string()];
    if matches!(command, "challenge" | "story") {
        return args;
    }
    let info = (scene.info)();
    for _ in 0..dice.roll(4) {
        let knob = &info.knobs[dice.roll(info.knobs.len())];
        let value = [knob.min, knob.max, knob.default, knob.max.saturating_add(1)][dice.roll(4)];
        args.extend(["--set".into(), format!("{}={}", knob.id, knob.unit.show(value))]);
    }
    let more: &[&str] = match command {
        "run" => dice_pair(dice, &["--until", "--steps"], &["5s", "1000000000s", "2000000", "0"]),
        "fuzz" => dice_pair(
            dice,
            &["--steps", "--seeds"],
            &["2000000", "0", "0..5", "18446744073709551614..18446744073709551615"],
        ),
        "check" => dice_pair(
            dice,
            &["--depth", "--faults", "--budget-ms"],
            &["3", "0", "crash=1", "drop=9"],
        ),
        "export" => {
            dice_pair(dice, &["--to"], &["json", "trace", "shiviz", "jepsen", "mermaid", "svg"])
        }
        _ => &[],
    };
    args.extend(more.iter().map(|a| (*a).to_string()));
    args
}

fn dice_pair(
    dice: &mut Dice,
    names: &[&'static str],
    values: &[&'static str],
) -> &'static [&'static str] {
    vec![dice.of(names), dice.of(values)].leak()
}

fn senseless(dice: &mut Dice) -> Vec<String> {
    let mut args = vec![dice.of(COMMANDS).to_string()];
    for _ in 0..dice.roll(7) {
        args.push(match dice.roll(8) {
            0..3 => dice.of(OPTIONS).into(),
            3 => dice.scene().id.into(),
            4 => dice.of(VALUES).repeat(1 + 999 * dice.roll(2)),
            _ => dice.of(VALUES).into(),
        });
    }
    args
}

#[test]
fn no_command_line_panics_or_says_too_much() {
    for line in 0..LINES {
        let mut dice = Dice(line, 0);
        let args = if line % 3 == 0 { sensible(&mut dice) } else { senseless(&mut dice) };
        let host = Impatient { patience: Cell::new(dice.roll(5) as u64), clock: Cell::new(0) };
        let out = catch_unwind(AssertUnwindSafe(|| cli::call(&args, &host)));
        let out = out.unwrap_or_else(|_| panic!("hb {args:.300?} panics"));
        assert!([0, 1, 2, 64].contains(&out.code), "{args:.300?}: {}", out.code);
        let said = out.stderr.strip_suffix('\n').unwrap_or(&out.stderr);
        assert!(!said.contains(char::is_control), "{args:.300?}: {said:.3000?}");
        assert!(said.chars().count() <= 2_010, "{args:.300?}: {} characters", said.chars().count());
        if out.code == 64 {
            assert!(said.starts_with("hb: ") && out.stdout.is_empty(), "{args:.300?}: {said}");
        }
    }
}

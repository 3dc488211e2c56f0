//! `hb`, as a library: the same command line runs natively and inside the shipped wasm.
//!
//! A command reads only what its [`Host`] gives it and answers with an [`Output`]: no file, clock
//! or terminal is touched here.

#[cfg(not(target_arch = "wasm32"))]
mod aside;
mod bench;
mod breaker;
mod cases;
mod challenge;
mod check;
mod clock;
mod converge;
mod crdt;
mod explore;
pub mod export;
mod formula;
mod fuzz;
mod hash;
mod history;
mod import;
mod limit;
mod list;
mod picture;
mod plane;
pub mod play;
#[cfg(not(target_arch = "wasm32"))]
mod raster;
mod replay;
mod run;
mod script;
mod story;

use crate::core::quote::{cut, quoted};
use serde::{Deserialize, Serialize};

/// What a command line may ask of the machine it runs on.
pub trait Host {
    /// The bytes of the file called `path`, or one sentence on why there are none.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
    /// Writes a file the user asked for (`--svg FILE`).
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), String>;
    /// Puts bytes that are no text on standard output, or says why not.
    fn print(&self, _bytes: &[u8]) -> Result<(), String> {
        Err("a picture is no text: --out FILE says where it goes".into())
    }
    /// All of standard input.
    fn stdin(&self) -> Result<String, String>;
    /// Milliseconds since an arbitrary start, never going back.
    fn clock_ms(&self) -> u64;
    /// True once the user has asked to stop; long work then answers with what it has.
    fn cancelled(&self) -> bool {
        false
    }
    /// A hint or progress for a person, never part of the answer.
    fn hint(&self, _line: &str) {}
    /// Bytes now held of the heap, where they are counted.
    fn heap(&self) -> Option<u64> {
        None
    }
    /// Bytes of memory that the program takes up now, where that can be told.
    fn held(&self) -> Option<u64> {
        None
    }
    /// How many threads a search may use.
    fn threads(&self) -> usize {
        1
    }
}

/// What a command answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// 0 holds or done, 1 violated or not consistent, 2 unknown, 64 bad usage or bad input.
    pub code: u8,
    /// The answer.
    pub stdout: String,
    /// Complaints.
    pub stderr: String,
}

/// Why a command could not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad(pub String);

impl<S: Into<String>> From<S> for Bad {
    fn from(text: S) -> Self {
        Bad(text.into())
    }
}

/// The answer of a command: text for standard output and the exit code.
pub type Answer = Result<(u8, String), Bad>;

/// Exit code: the property holds, or the work is done.
pub const HOLDS: u8 = 0;
/// Exit code: violated or not consistent; the witness is printed.
pub const VIOLATED: u8 = 1;
/// Exit code: the budget was spent first.
pub const UNKNOWN: u8 = 2;
/// Exit code: bad usage or bad input.
pub const USAGE: u8 = 64;

type Command = fn(&mut Args, &dyn Host) -> Answer;

/// Every subcommand, its one-line help, and the function that answers.
const COMMANDS: &[(&str, &str, Command)] = &[
    ("bench", "what the engine costs on this machine", bench::run),
    ("breaker", "scripts of calls through a circuit breaker, a case a line", breaker::breaker),
    ("challenge", "solves a scene's challenges by search", challenge::challenge),
    ("check", "every interleaving of a small world, within limits", check::check),
    ("clock", "what logical clocks say, a case a line", clock::clock),
    ("converge", "how long servers take to agree, over many runs", converge::converge),
    ("crdt", "replicas of a data type, a case a line", crdt::crdt),
    ("eventlog", "appends with an expected version, a case a line", formula::eventlog),
    ("explore", "visits every state of a specification-level model", explore::run),
    ("export", "a run in another form", export::export),
    ("formula", "exact numbers: pbs, om, pbft, a case a line", formula::formula),
    ("fuzz", "seeded fault schedules: safety, then recovery", fuzz::fuzz),
    ("hash", "where keys live under a placement rule", hash::hash),
    ("history", "judges a history of client operations", history::run),
    ("import", "executions others recorded, as events and parents", import::import),
    ("list", "the scenes, with their presets, knobs, properties and mutants", list::list),
    ("plane", "latency and staleness of every configuration", plane::plane),
    ("replay", "plays a shared run again", replay::replay),
    ("run", "plays a scene: its history, verdicts, trace, journal or digest", run::run),
    ("story", "plays stories and re-enactments: a line a step, or a trace", story::run),
];

/// Longest complaint, in characters.
const LONGEST: usize = 2_000;

/// Runs one command line (without the program's name).
pub fn call(args: &[String], host: &dyn Host) -> Output {
    let mut notes = Vec::new();
    let (code, stdout) = dispatch(args, host, &mut notes).unwrap_or_else(|Bad(why)| {
        notes = vec![why];
        (USAGE, String::new())
    });
    let stderr = notes.iter().map(|line| complaint(line)).collect();
    Output { code, stdout, stderr }
}

/// What `hb` says on standard error, on one line whatever it is about.
pub fn complaint(why: &str) -> String {
    format!("hb: {}\n", cut(why, LONGEST))
}

fn dispatch(args: &[String], host: &dyn Host, notes: &mut Vec<String>) -> Answer {
    let Some(name) = args.first() else {
        return Err("the command is missing; hb help lists all".into());
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        return Ok((HOLDS, help() + "\n"));
    }
    let Some((_, _, run)) = COMMANDS.iter().find(|(n, _, _)| n == name) else {
        return Err(format!("there is no command {}; hb help lists all", quoted(name)).into());
    };
    let mut args = Args::new(&args[1..]);
    let answer = run(&mut args, host);
    notes.append(&mut args.notes);
    answer
}

fn help() -> String {
    let mut out = String::from("usage: hb COMMAND ...");
    for (name, what, _) in COMMANDS {
        out.push_str(&format!("\n  {name:<12}{what}"));
    }
    out
}

/// The arguments of one command: options in any order, each with at most one value.
pub struct Args {
    rest: Vec<String>,
    notes: Vec<String>,
}

impl Args {
    /// Arguments after the command's name.
    pub fn new(rest: &[String]) -> Self {
        Args { rest: rest.to_vec(), notes: Vec::new() }
    }

    /// Has something said on standard error beside the answer: what else would be passed over.
    pub fn note(&mut self, line: String) {
        self.notes.push(line);
    }

    /// Takes `--name` if it is there.
    pub fn flag(&mut self, name: &str) -> bool {
        let found = self.rest.iter().position(|a| a == name);
        found.map(|i| self.rest.remove(i)).is_some()
    }

    /// Takes `--name VALUE` or `--name=VALUE`; the first one if repeated.
    pub fn value(&mut self, name: &str) -> Result<Option<String>, Bad> {
        let eq = format!("{name}=");
        let Some(i) = self.rest.iter().position(|a| a == name || a.starts_with(&eq)) else {
            return Ok(None);
        };
        let arg = self.rest.remove(i);
        if let Some(v) = arg.strip_prefix(&eq) {
            return Ok(Some(v.to_string()));
        }
        if i >= self.rest.len() {
            return Err(format!("{name} needs a value after it").into());
        }
        Ok(Some(self.rest.remove(i)))
    }

    /// Takes every `--name VALUE`, in order.
    pub fn values(&mut self, name: &str) -> Result<Vec<String>, Bad> {
        let mut all = Vec::new();
        while let Some(v) = self.value(name)? {
            all.push(v);
        }
        Ok(all)
    }

    /// Takes `--name N`, a whole number.
    pub fn number(&mut self, name: &str) -> Result<Option<u64>, Bad> {
        let Some(v) = self.value(name)? else { return Ok(None) };
        let n =
            v.parse().map_err(|_| format!("{name} takes a whole number, not {}", quoted(&v)))?;
        Ok(Some(n))
    }

    /// Takes every `--set k=v ...`: values may follow each other after one `--set`.
    pub fn settings(&mut self) -> Result<Vec<(String, String)>, Bad> {
        let mut all = Vec::new();
        while let Some(i) = self.rest.iter().position(|a| a == "--set") {
            self.rest.remove(i);
            let before = all.len();
            while i < self.rest.len() && !self.rest[i].starts_with("--") {
                let pair = self.rest.remove(i);
                let Some((k, v)) = pair.split_once('=') else {
                    return Err(format!("--set takes name=value, not {}", quoted(&pair)).into());
                };
                all.push((k.to_string(), v.to_string()));
            }
            if all.len() == before {
                return Err("--set needs name=value after it".into());
            }
        }
        Ok(all)
    }

    /// Takes the next positional argument.
    pub fn positional(&mut self) -> Option<String> {
        let i = self.rest.iter().position(|a| !a.starts_with("--"))?;
        Some(self.rest.remove(i))
    }

    /// Is there an argument like this? It is left where it is.
    pub fn any(&self, like: impl Fn(&str) -> bool) -> bool {
        self.rest.iter().any(|a| like(a))
    }

    /// Takes the next positional argument or complains that `what` is missing.
    pub fn need(&mut self, what: &str) -> Result<String, Bad> {
        self.positional().ok_or_else(|| Bad(format!("{what} is missing")))
    }

    /// Complains if anything is left over.
    pub fn done(&self) -> Result<(), Bad> {
        match self.rest.first() {
            None => Ok(()),
            Some(a) => Err(format!("{} is not understood here", quoted(a)).into()),
        }
    }
}

//! Limits of time and memory that any command can be given: what is under way stops with what it has.

use super::{Args, Bad, Host};

/// Most memory that a command may take for what it plays or reads, in bytes.
pub const MOST_MEMORY: u64 = 1 << 30;

/// A machine on which a command has so much time and no more: once that is up, the user counts as
/// having asked to stop.
pub struct Timed<'a> {
    host: &'a dyn Host,
    end: Option<u64>,
}

impl<'a> Timed<'a> {
    /// Takes `--budget-ms N`.
    pub fn take(args: &mut Args, host: &'a dyn Host) -> Result<Self, Bad> {
        let budget = args.number("--budget-ms")?;
        Ok(Timed { host, end: budget.map(|ms| host.clock_ms().saturating_add(ms)) })
    }
}

impl Host for Timed<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.host.read(path)
    }
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.host.write(path, bytes)
    }
    fn print(&self, bytes: &[u8]) -> Result<(), String> {
        self.host.print(bytes)
    }
    fn stdin(&self) -> Result<String, String> {
        self.host.stdin()
    }
    fn clock_ms(&self) -> u64 {
        self.host.clock_ms()
    }
    fn cancelled(&self) -> bool {
        self.host.cancelled() || self.end.is_some_and(|end| self.host.clock_ms() >= end)
    }
    fn hint(&self, line: &str) {
        self.host.hint(line);
    }
    fn heap(&self) -> Option<u64> {
        self.host.heap()
    }
    fn held(&self) -> Option<u64> {
        self.host.held()
    }
    fn threads(&self) -> usize {
        self.host.threads()
    }
}

/// Looks at how much memory has been taken since it was made.
pub struct Scales {
    before: Option<u64>,
    looks: u32,
}

/// Looks between two that ask the machine, which takes a while.
const EACH: u32 = 4;

impl Scales {
    /// From now on.
    pub fn new(host: &dyn Host) -> Scales {
        Scales { before: host.held(), looks: 0 }
    }

    /// Is it too much?
    pub fn over(&mut self, host: &dyn Host) -> bool {
        self.looks = self.looks.wrapping_add(1);
        let Some(before) = self.before.filter(|_| self.looks.is_multiple_of(EACH)) else {
            return false;
        };
        host.held().is_some_and(|now| now.saturating_sub(before) > MOST_MEMORY)
    }
}

/// Why something was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The user asked, or time was up.
    Asked,
    /// It took too much memory.
    Memory,
    /// It had as many steps as a run may have.
    Steps,
}

impl Stop {
    /// Is there a reason to stop?
    pub fn now(host: &dyn Host, scales: &mut Scales) -> Option<Stop> {
        if host.cancelled() {
            return Some(Stop::Asked);
        }
        scales.over(host).then_some(Stop::Memory)
    }

    /// In a few words that follow "stopped".
    pub fn words(self) -> String {
        match self {
            Stop::Asked => "before its end".into(),
            Stop::Memory => format!("since it took more than {} MB of memory", MOST_MEMORY >> 20),
            Stop::Steps => {
                format!("at step {}, the last that a run may have", crate::share::link::MAX_STEP)
            }
        }
    }
}

//! Runs other programs, with the project's own tools first on `PATH`.

use crate::say;
use browser::{root, target_dir};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// How programs are run.
pub struct Shell {
    /// Whether system packages may be installed without asking.
    pub yes: bool,
}

/// Where tools built for this project are kept.
pub fn tools_dir() -> PathBuf {
    target_dir().join("tools")
}

/// `PATH` with the project's tools first.
fn path() -> std::ffi::OsString {
    let own = [tools_dir().join("bin"), tools_dir().join("node_modules").join(".bin")];
    let set = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(own.into_iter().chain(std::env::split_paths(&set))).unwrap_or(set)
}

/// A command in the repository's root that sees the project's tools.
pub fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root()).env("PATH", path());
    // What cargo sets for this program is not meant for the cargo it starts.
    for variable in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
        command.env_remove(variable);
    }
    // A clean build is built once: what would speed up the next one only costs time.
    if std::env::var_os("CI").is_some() {
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}

/// Whether a program can be found.
pub fn has(program: &str) -> bool {
    std::env::split_paths(&path()).any(|dir| dir.join(program).is_file())
}

/// What a program prints, if it runs and succeeds.
pub fn output(program: &str, args: &[&str]) -> Option<String> {
    let out = command(program, args).stderr(Stdio::null()).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// Runs a command with its output shown.
///
/// # Errors
/// One sentence with the command line, when it cannot start or fails.
pub fn run(command: &mut Command) -> Result<(), String> {
    let line = line(command);
    println!("   $ {line}");
    let status = command.status().map_err(|e| format!("`{line}` does not start: {e}."))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("`{line}` failed ({status}); its own words are above.")),
    }
}

/// A command as it would be typed, without the environment.
pub fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|w| w.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

impl Shell {
    /// Asks on a terminal before the system is changed. `--yes` and `CI` answer yes; without
    /// anyone to ask the answer is no.
    pub fn agrees(&self, question: &str) -> bool {
        if self.yes {
            return true;
        }
        if !std::io::stdin().is_terminal() {
            return false;
        }
        print!("   {question} [y/N] ");
        std::io::stdout().flush().ok();
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).ok();
        matches!(answer.trim(), "y" | "Y" | "yes")
    }

    /// Says in plain words what is about to be installed.
    pub fn announce(&self, what: &str, why: &str, how_long: &str) {
        say::heading(&format!("Installing {what}"));
        println!("   {why} This takes {how_long}, once.");
    }
}

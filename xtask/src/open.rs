//! Builds the page and serves it on this machine.

use crate::page;
use crate::shell::{Shell, command, has};
use crate::{say, tools};
use browser::{Server, root, target_dir};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

/// How the page is opened.
pub struct Options {
    /// The port to serve on.
    pub port: Option<u16>,
    /// Build again whenever a source file changes.
    pub watch: bool,
    /// Print the address, start no browser.
    pub quiet: bool,
}

/// Installs what is missing, builds, serves until the process is ended.
pub fn run(shell: &Shell, options: &Options) -> Result<(), String> {
    tools::wasm_target(shell)?;
    say::heading("Building the page");
    println!(
        "   The first build takes minutes, later ones seconds.\n   \
         It is a quick build, larger and slower than what ships; `cargo xtask dist` builds that."
    );
    // Apart from dist/, so that a test run beside it does not pull the page from under a reader.
    let folder = target_dir().join("open");
    page::quick(&folder)?;
    let server = serve(&folder, options.port)?;
    let url = server.url();
    say::heading(&format!("Happened Before is at {url}"));
    println!("   Ctrl+C ends it.");
    if !options.quiet {
        show(&url);
    }
    let mut seen = newest();
    loop {
        std::thread::sleep(Duration::from_millis(500));
        if !options.watch {
            continue;
        }
        let now = newest();
        if now > seen {
            seen = now;
            match page::quick(&folder) {
                Ok(()) => println!("   Reload {url}"),
                Err(why) => println!("   {why}"),
            }
        }
    }
}

fn serve(folder: &Path, port: Option<u16>) -> Result<Server, String> {
    match port {
        Some(port) => Server::open(folder, port)
            .map_err(|e| format!("Port {port} of 127.0.0.1 cannot be served on: {e}.")),
        None => Server::open(folder, 8080)
            .or_else(|_| Server::open(folder, 0))
            .map_err(|e| format!("No port of 127.0.0.1 can be served on: {e}.")),
    }
}

/// Shows the address in the reader's browser, where there is a desktop to do so.
fn show(url: &str) {
    let desktop = cfg!(target_os = "macos")
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|v| std::env::var_os(v).is_some());
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if desktop && has(opener) {
        let mut open = command(opener, &[url]);
        open.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok();
    }
}

/// When a source of the page last changed.
fn newest() -> SystemTime {
    let sources = ["src", "www", "index.html", "Trunk.toml", "Cargo.toml", "Cargo.lock"];
    let mut paths: Vec<PathBuf> = sources.iter().map(|name| root().join(name)).collect();
    let mut newest = SystemTime::UNIX_EPOCH;
    while let Some(path) = paths.pop() {
        if let Ok(entries) = std::fs::read_dir(&path) {
            paths.extend(entries.filter_map(Result::ok).map(|e| e.path()));
        }
        let changed = std::fs::metadata(&path).and_then(|m| m.modified());
        newest = newest.max(changed.unwrap_or(SystemTime::UNIX_EPOCH));
    }
    newest
}

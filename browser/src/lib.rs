//! Real browsers under test, with nothing but the standard library and JSON: a WebDriver client
//! ([`Session`]), the drivers it starts ([`Browser`]) and a static server ([`Server`]).
//!
//! A test that cannot run prints a line that starts with `skipped:` and returns; `cargo xtask test`
//! counts it as skipped. With `CI` set it fails instead, so that nothing goes untested unnoticed.

mod driver;
mod frames;
mod http;
mod keys;
mod serve;
mod session;

pub use driver::Browser;
pub use frames::Frames;
pub use serve::{Override, Reply, Server, mime};
pub use session::{Look, Scheme, Session};

use std::path::{Path, PathBuf};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace member").into()
}

/// Where cargo builds: `CARGO_TARGET_DIR`, else `target`.
pub fn target_dir() -> PathBuf {
    let set = std::env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty());
    root().join(set.map_or_else(|| PathBuf::from("target"), PathBuf::from))
}

/// Whether this run is unattended: the variable `CI` is set to anything but a no.
pub fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|v| !matches!(v.as_str(), "" | "0" | "false" | "no"))
}

/// The production build under test: `HB_DIST`, else `dist`. Without one the test is skipped, or
/// fails under CI.
pub fn dist() -> Option<PathBuf> {
    let dir = std::env::var_os("HB_DIST").map_or_else(|| root().join("dist"), PathBuf::from);
    if dir.join("index.html").is_file() {
        return Some(dir);
    }
    skip(&format!("no production build in {}; `cargo xtask dist` makes one", dir.display()));
    None
}

/// A session in a real browser, or `None` (said aloud) where that browser or its driver is missing.
pub fn session(browser: Browser, look: Look) -> Option<Session> {
    start(browser, look, false)
}

/// The same in Chromium, recording what its main thread does; see [`Frames`].
pub fn traced_session(look: Look) -> Option<Session> {
    start(Browser::Chromium, look, true)
}

fn start(browser: Browser, look: Look, traced: bool) -> Option<Session> {
    match browser.find() {
        Ok(found) => Some(Session::start(&found, look, traced)),
        // `cargo xtask test` installs Chromium; other browsers are walked where they are at hand.
        Err(missing) if browser != Browser::Chromium => {
            println!("skipped: {missing}");
            None
        }
        Err(missing) => {
            skip(&missing);
            None
        }
    }
}

/// The program of axe-core, which finds faults of accessibility: the file that `HB_AXE` names, else
/// where `cargo xtask test` puts it. Without it the test is skipped.
pub fn axe() -> Option<String> {
    let own = target_dir().join("tools/axe/node_modules/axe-core/axe.min.js");
    let file = std::env::var_os("HB_AXE").map_or(own, PathBuf::from);
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(text),
        Err(_) => {
            println!(
                "skipped: no axe-core in {}; `cargo xtask test` brings it, with npm",
                file.display()
            );
            None
        }
    }
}

fn skip(why: &str) {
    assert!(!is_ci(), "{why}");
    println!("skipped: {why}");
}

//! Finds browsers and their drivers, starts the drivers and ends them, come what may.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::session::{Look, Scheme};

/// A browser that can be driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browser {
    /// Chromium or Chrome through chromedriver.
    Chromium,
    /// Firefox through geckodriver.
    Firefox,
}

/// A browser and its driver on this machine.
pub struct Found {
    pub browser: Browser,
    pub program: PathBuf,
    pub driver: PathBuf,
}

impl Browser {
    /// The browser and its driver: variables `CHROME` and `CHROMEDRIVER` (`FIREFOX` and
    /// `GECKODRIVER`), else the usual names on `PATH`.
    ///
    /// # Errors
    /// One sentence that names what is missing.
    pub fn find(self) -> Result<Found, String> {
        let (name, variable, programs, driver_variable, driver): (_, _, &[&str], _, _) = match self
        {
            Browser::Chromium => (
                "Chromium",
                "CHROME",
                &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
                "CHROMEDRIVER",
                "chromedriver",
            ),
            Browser::Firefox => {
                ("Firefox", "FIREFOX", &["firefox-esr", "firefox"], "GECKODRIVER", "geckodriver")
            }
        };
        let program = pick(variable, programs)
            .ok_or_else(|| format!("{name} is not on PATH, nor named by {variable}"))?;
        let driver = pick(driver_variable, &[driver])
            .ok_or_else(|| format!("{driver} is not on PATH, nor named by {driver_variable}"))?;
        Ok(Found { browser: self, program, driver })
    }
}

fn pick(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(set) = std::env::var_os(variable).filter(|set| !set.is_empty()) {
        return Some(set.into()).filter(|path: &PathBuf| path.is_file());
    }
    let path = std::env::var_os("PATH")?;
    let dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().find_map(|name| dirs.iter().map(|d| d.join(name)).find(|p| p.is_file()))
}

/// A running driver; ended when dropped, also by a failing test.
pub struct Driver {
    child: Child,
    pub port: u16,
}

impl Driver {
    /// Starts a driver on a free port of its own choice. One that ends at once, as one does now and
    /// then where several start together, is started again.
    pub fn start(found: &Found) -> Driver {
        const TRIES: usize = 3;
        let started = (0..TRIES).find_map(|_| Driver::once(found));
        started.unwrap_or_else(|| {
            panic!("{} ended {TRIES} times without naming its port", found.driver.display())
        })
    }

    fn once(found: &Found) -> Option<Driver> {
        let port_args: &[&str] = match found.browser {
            Browser::Chromium => &["--port=0"],
            Browser::Firefox => &["--port", "0"],
        };
        let mut child = Command::new(&found.driver)
            .args(port_args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("{} does not start: {e}", found.driver.display()));
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| port_in(&line));
        let Some(port) = port else {
            child.kill().ok();
            child.wait().ok();
            return None;
        };
        // Its later words are read and dropped, so that it never waits on a full pipe.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Some(Driver { child, port })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// "... started successfully on port 41235." and "... Listening on 127.0.0.1:41235".
fn port_in(line: &str) -> Option<u16> {
    let after = line
        .split_once("successfully on port ")
        .or_else(|| line.split_once("Listening on 127.0.0.1:"))?
        .1;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Options a session of this browser starts with; `traced`, it records the main thread's tasks.
pub fn capabilities(found: &Found, look: Look, traced: bool) -> Value {
    let mut always = match found.browser {
        Browser::Chromium => json!({
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "binary": found.program, "args": chromium_args() },
        }),
        Browser::Firefox => json!({
            "browserName": "firefox",
            "moz:firefoxOptions": {
                "binary": found.program,
                "args": ["-headless"],
                "prefs": {
                    "ui.systemUsesDarkTheme": i32::from(look.scheme == Scheme::Dark),
                    "ui.prefersReducedMotion": i32::from(look.reduced_motion),
                },
            },
        }),
    };
    if traced && found.browser == Browser::Chromium {
        always["goog:loggingPrefs"]["performance"] = json!("ALL");
        always["goog:chromeOptions"]["perfLoggingPrefs"] = json!({
            "enableNetwork": false, "enablePage": false, "traceCategories": "-*,devtools.timeline,disabled-by-default-devtools.timeline,blink.user_timing",
        });
    }
    json!({ "capabilities": { "alwaysMatch": always } })
}

/// Headless, as any user (root in containers has no sandbox), silent, and unable to reach anything
/// but this machine: a request to elsewhere fails the test that makes it.
fn chromium_args() -> Vec<&'static str> {
    vec![
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-extensions",
        "--disable-sync",
        "--disable-background-timer-throttling",
        "--disable-renderer-backgrounding",
        "--disable-backgrounding-occluded-windows",
        "--metrics-recording-only",
        "--mute-audio",
        "--force-color-profile=srgb",
        "--lang=en",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ]
}

#[test]
fn reads_the_ports_drivers_name() {
    assert_eq!(port_in("ChromeDriver was started successfully on port 41235."), Some(41235));
    assert_eq!(port_in("1733\tgeckodriver\tINFO\tListening on 127.0.0.1:4444"), Some(4444));
    assert_eq!(port_in("Only local connections are allowed."), None);
}

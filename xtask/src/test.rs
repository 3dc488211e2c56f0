//! Every check and test, in order, and one line that counts them.

use crate::meanwhile::Meanwhile;
use crate::shell::{self, Shell, command};
use crate::tally::{Reader, Tally};
use crate::{bytes, page, say, tools};
use browser::root;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Crates of the web: the library, compiled natively, must not contain them.
const WEB: [&str; 6] =
    ["getrandom", "js-sys", "serde-wasm-bindgen", "wasm-bindgen", "web-sys", "yew"];

/// Test programs that take longer are listed with their times.
const SLOW: Duration = Duration::from_secs(10);

/// The step that runs beside others.
const PAGE: &str = "production build, meanwhile";

/// One step and how it went.
struct Step {
    name: &'static str,
    time: Duration,
    fault: Option<String>,
    /// Whether its failed tests are in the tally already.
    counted: bool,
    /// The test programs that it ran and how long each took.
    programs: Vec<(String, Duration)>,
}

struct Report {
    begun: Instant,
    steps: Vec<Step>,
    tally: Tally,
}

/// Tests of the library and of the crate that drives browsers, natively.
const NATIVE: &str = "tests";
/// Tests of the page in a real browser.
const BROWSER: &str = "browser/tests";

/// The names of the test programs in a folder.
fn programs(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).into_iter().flatten().flatten();
    let name = |path: &Path| {
        let file = path.extension().is_some_and(|e| e == "rs") || path.join("main.rs").is_file();
        let stem = path.file_stem().filter(|_| file)?;
        Some(stem.to_string_lossy().into_owned())
    };
    let mut all: Vec<String> = entries.filter_map(|e| name(&e.path())).collect();
    all.sort();
    all
}

/// Has cargo test some programs of the library and of the crate that drives browsers. Both are always
/// selected, else the library would be compiled again with other features of what it depends on.
fn tests_of(targets: &str, programs: &[String]) -> String {
    let mut words = String::from("test --profile checked --no-fail-fast");
    words.push_str(" -p happened-before -p browser");
    words.push_str(targets);
    for program in programs {
        words.push_str(" --test ");
        words.push_str(program);
    }
    words
}

/// Installs what is missing, runs everything, prints the closing line.
///
/// # Errors
/// When anything failed.
pub fn run(shell: &Shell, quick: bool) -> Result<(), String> {
    let mut report = Report { begun: Instant::now(), steps: vec![], tally: Tally::default() };
    report.step("tools", || {
        tools::for_lints(shell)?;
        tools::wasm_target(shell)?;
        if !quick {
            tools::wasm_opt(shell);
        }
        Ok(())
    });
    // Most of the production build keeps one processor busy. It begins now, beside all that needs no page.
    let page = (!quick).then(|| Meanwhile::begin(&["dist"]));
    report.cargo("rustfmt", "fmt --all --check");
    report.cargo("clippy", "clippy --workspace --all-targets --quiet -- -D warnings");
    report.cargo(
        "clippy for WebAssembly",
        "clippy -p happened-before --lib --bin page --bin twin --target wasm32-unknown-unknown --quiet \
         --features on-demand -- -D warnings",
    );
    report.step("pure library", pure_library);
    report.tests("native tests", &tests_of(" --lib --bins", &programs(NATIVE)));
    report.tests("tests of xtask", "test -p xtask --no-fail-fast");
    match page {
        None => println!("\nLeft out by --quick: the production build, its bytes, real browsers."),
        Some(page) => report.page(shell, page),
    }
    report.close()
}

/// Native code of the library has no web types: the tests build it, and without their crates.
fn pure_library() -> Result<(), String> {
    let args = ["tree", "-p", "happened-before", "-e", "normal", "--prefix", "none"];
    let tree = shell::output("cargo", &args).ok_or("`cargo tree` failed.")?;
    let name = |line: &'_ str| line.split(' ').next().unwrap_or_default().to_owned();
    if let Some(found) = tree.lines().map(name).find(|name| WEB.contains(&name.as_str())) {
        return Err(format!(
            "The native library depends on {found}, a crate of the web. In Cargo.toml it belongs \
             under [target.'cfg(target_arch = \"wasm32\")'.dependencies]."
        ));
    }
    Ok(())
}

impl Report {
    /// The page: production build, weight, real browsers.
    fn page(&mut self, shell: &Shell, build: Result<Meanwhile, String>) {
        say::heading(PAGE);
        let start = Instant::now();
        let (fault, time) = match build.and_then(Meanwhile::end) {
            Ok(time) => (None, time),
            Err(fault) => (Some(fault), start.elapsed()),
        };
        if let Some(fault) = &fault {
            println!("   {fault}");
        }
        let well = fault.is_none();
        self.steps.push(Step { name: PAGE, time, fault, counted: false, programs: vec![] });
        if !well {
            println!("   Without a build of the page its tests cannot run.");
            return;
        }
        self.step("bytes", || bytes::weigh(&page::dist()));
        if let Err(missing) = tools::for_browsers(shell) {
            println!("   {missing}");
        }
        tools::firefox(shell);
        tools::axe(shell);
        self.tests("tests in a real browser", &tests_of("", &programs(BROWSER)));
    }

    /// Runs one step; true if it went well.
    fn step(&mut self, name: &'static str, what: impl FnOnce() -> Result<(), String>) -> bool {
        say::heading(name);
        let start = Instant::now();
        let fault = what().err();
        if let Some(fault) = &fault {
            println!("   {fault}");
        }
        let well = fault.is_none();
        self.steps.push(Step {
            name,
            time: start.elapsed(),
            fault,
            counted: false,
            programs: vec![],
        });
        well
    }

    fn cargo(&mut self, name: &'static str, words: &str) {
        self.step(name, || shell::run(&mut cargo(words)));
    }

    fn tests(&mut self, name: &'static str, words: &str) {
        let command = &mut cargo(words);
        let (mut tally, mut names) = (Tally::default(), Vec::new());
        self.step(name, || match (count(command, &mut tally, &mut names)?, tally.failed) {
            (true, 0) => Ok(()),
            (false, 0) => Err("A test program did not build, or ended before its time.".into()),
            (_, n) => Err(format!("{n} failed.")),
        });
        if let Some(step) = self.steps.last_mut() {
            step.counted = tally.failed > 0;
            step.programs = names.into_iter().zip(tally.times.iter().copied()).collect();
        }
        self.tally.add(tally);
    }

    /// The closing lines; the last one counts.
    fn close(self) -> Result<(), String> {
        say::heading("Results");
        // A failed step counts as one failed test, unless its failed tests are counted one by one.
        let mut failed = self.tally.failed;
        for step in &self.steps {
            let word = if step.fault.is_some() { "FAILED" } else { "ok" };
            println!("   {:<28} {word:<8} {}", step.name, say::duration(step.time));
            let mut slow: Vec<_> = step.programs.iter().filter(|(_, t)| *t >= SLOW).collect();
            slow.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
            for (program, time) in slow {
                println!("      {program:<32} {}", say::duration(*time));
            }
            failed += u64::from(step.fault.is_some() && !step.counted);
        }
        if !self.tally.scenes.is_empty() {
            println!("   scene by scene, in the tests that go through all of them");
        }
        for (scene, time) in &self.tally.scenes {
            println!("      {scene:<32} {}", say::duration(*time));
        }
        for skip in &self.tally.skips {
            println!("   skipped {skip}");
        }
        for failure in &self.tally.failures {
            println!("   failed {failure}");
        }
        for step in &self.steps {
            if let Some(fault) = &step.fault {
                println!("   failed {}: {fault}", step.name);
            }
        }
        println!("   in {}", say::duration(self.begun.elapsed()));
        println!("{} passed, {failed} failed, {} skipped", self.tally.passed, self.tally.skipped);
        if failed == 0 && self.steps.iter().all(|s| s.fault.is_none()) {
            return Ok(());
        }
        // The counting line is the last one.
        std::process::exit(1);
    }
}

fn cargo(words: &str) -> Command {
    command("cargo", &words.split_whitespace().collect::<Vec<_>>())
}

/// The property tests draw the same cases every time, unless told otherwise; `soak` draws others.
fn seed() -> String {
    std::env::var("PROPTEST_RNG_SEED").unwrap_or_else(|_| "7".into())
}

/// Runs `cargo test`, shows what it says and counts; whether it succeeded. The test programs are
/// named in the order in which they ran.
fn count(
    command: &mut Command,
    tally: &mut Tally,
    names: &mut Vec<String>,
) -> Result<bool, String> {
    println!("   $ {}", shell::line(command));
    let mut child = command
        .args(["--", "--show-output"])
        .env("CARGO_TERM_COLOR", "never")
        .env("PROPTEST_RNG_SEED", seed())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cargo does not start: {e}."))?;
    let mut reader = Reader::default();
    let output = BufReader::new(child.stdout.take().expect("piped"));
    let said = BufReader::new(child.stderr.take().expect("piped"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for line in lines(said) {
                names.extend(program(&line).map(String::from));
                eprintln!("{line}");
            }
        });
        for line in lines(output) {
            if reader.line(&line) {
                println!("{line}");
            }
        }
    });
    let status = child.wait().map_err(|e| format!("cargo: {e}."))?;
    tally.add(reader.tally);
    Ok(status.success())
}

fn lines(reader: impl BufRead) -> impl Iterator<Item = String> {
    let all = reader.split(b'\n').map_while(Result::ok);
    all.map(|line| String::from_utf8_lossy(&line).into_owned())
}

/// The test program that cargo says it starts.
fn program(line: &str) -> Option<&str> {
    let (_, after) = line.trim_start().split_once("Running ")?;
    let (source, binary) = after.split_once(" (")?;
    match source.starts_with("unittests ") {
        // Every package has a src/lib.rs.
        true => binary.rsplit('/').next()?.rsplit_once('-').map(|(name, _)| name),
        false => Some(source),
    }
}

#[test]
fn test_programs_are_named() {
    let line = "     Running tests/hunt.rs (target/debug/deps/hunt-f00)";
    assert_eq!(program(line), Some("tests/hunt.rs"));
    assert_eq!(
        program("     Running unittests src/lib.rs (target/debug/deps/xtask-f00)"),
        Some("xtask")
    );
    assert_eq!(program("   Compiling xtask v0.0.0 (/x)"), None);
}

/// Cargo selects a test program by its name alone.
#[test]
fn native_and_browser_tests_have_names_of_their_own() {
    let (native, browser) = (programs(NATIVE), programs(BROWSER));
    assert!(native.len() > 3 && browser.len() > 3, "{native:?} {browser:?}");
    let both: Vec<_> = native.iter().filter(|name| browser.contains(name)).collect();
    assert!(both.is_empty(), "{both:?}");
    assert!(!native.contains(&"support".to_string()) && native.contains(&"tidy".to_string()));
}

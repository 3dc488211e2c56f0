//! Finds the tools that the page and its tests need, and installs those that are missing.

use crate::shell::{self, Shell, command, has, output, tools_dir};
use browser::Browser;
use std::path::Path;

/// The optimiser's package on npm; releases before 120 refuse what today's compiler emits.
const BINARYEN: &str = "132.0.0";
/// Firefox's driver, which Debian has no package of.
const GECKODRIVER: &str = "0.37.1";
/// The accessibility checker's package on npm.
const AXE: &str = "4.10.3";
const OLDEST_WASM_OPT: u32 = 120;
const WASM: &str = "wasm32-unknown-unknown";

/// Building a tool once to run it briefly: quick to compile counts, speed does not.
const QUICK_BUILD: [(&str, &str); 6] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256"),
    ("CARGO_PROFILE_RELEASE_STRIP", "true"),
    ("CARGO_PROFILE_RELEASE_INCREMENTAL", "false"),
];

/// Rust's standard library for WebAssembly.
pub fn wasm_target(shell: &Shell) -> Result<(), String> {
    let sysroot = output("rustc", &["--print", "sysroot"])
        .ok_or("rustc is not on PATH. Install Rust from https://rustup.rs and open a new shell.")?;
    if Path::new(&sysroot).join("lib/rustlib").join(WASM).join("lib").is_dir() {
        return Ok(());
    }
    if !has("rustup") {
        return Err(format!(
            "The page is compiled to {WASM}, whose standard library this Rust lacks, and there is \
             no rustup to add it. Install Rust from https://rustup.rs, or that library from your \
             system's packages (Debian: libstd-rust-dev-wasm32)."
        ));
    }
    shell.announce(
        "Rust's standard library for WebAssembly",
        "The page is compiled to WebAssembly.",
        "a few seconds (20 MB)",
    );
    shell::run(&mut command("rustup", &["target", "add", WASM])).map_err(|e| {
        format!("{e}\nWithout it the page cannot be built. Check the connection and try again.")
    })
}

fn cargo_install(name: &str, version: &str) -> Result<(), String> {
    let tools = tools_dir();
    let root = tools.to_string_lossy();
    let args = ["install", name, "--version", version, "--root", &root, "--locked"];
    let install = |args: &[&str]| {
        let mut cargo = command("cargo", args);
        cargo.envs(QUICK_BUILD).env("CARGO_TARGET_DIR", tools.join("build"));
        for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
            cargo.env_remove(variable);
        }
        shell::run(&mut cargo)
    };
    if install(&args).is_ok() {
        return Ok(());
    }
    println!("   Once more, with the newest versions of what it is made of.");
    install(&args[..args.len() - 1]).map_err(|e| {
        format!("{e}\n{name} {version} could not be installed. Check the connection to crates.io.")
    })
}

/// The optimiser for the production build, from `PATH` or npm; false (said aloud) without either.
pub fn wasm_opt(shell: &Shell) -> bool {
    if recent_wasm_opt() {
        return true;
    }
    if has("npm") {
        shell.announce(
            &format!("wasm-opt (npm binaryen {BINARYEN})"),
            "It makes the production page about a tenth smaller and faster.",
            "a few seconds",
        );
        let dir = tools_dir();
        std::fs::create_dir_all(&dir).ok();
        let package = format!("binaryen@{BINARYEN}");
        let prefix = dir.to_string_lossy();
        let args =
            ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", &prefix, &package];
        if shell::run(&mut command("npm", &args)).is_ok() && recent_wasm_opt() {
            return true;
        }
    }
    println!(
        "   wasm-opt {OLDEST_WASM_OPT} or later is not at hand (no npm to get it with): the page is \
         complete, but about a tenth larger and slower. `npm install -g binaryen` brings it."
    );
    false
}

fn recent_wasm_opt() -> bool {
    // "wasm-opt version 132 (version_132)"
    let said = output("wasm-opt", &["--version"]).unwrap_or_default();
    let version = said.split_whitespace().nth(2).and_then(|v| v.parse::<u32>().ok());
    version.is_some_and(|v| v >= OLDEST_WASM_OPT)
}

/// What finds faults of accessibility in the tests of the page, from npm; without it they are
/// skipped, and say so.
pub fn axe(shell: &Shell) {
    let dir = tools_dir().join("axe");
    if dir.join("node_modules/axe-core/axe.min.js").is_file() || !has("npm") {
        return;
    }
    shell.announce(
        &format!("axe-core (npm {AXE})"),
        "It looks for faults of accessibility in the page under test.",
        "a few seconds",
    );
    std::fs::create_dir_all(&dir).ok();
    let (package, prefix) = (format!("axe-core@{AXE}"), dir.to_string_lossy());
    let args = ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", &prefix, &package];
    shell::run(&mut command("npm", &args)).ok();
}

/// rustfmt and clippy.
pub fn for_lints(shell: &Shell) -> Result<(), String> {
    for (component, program) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if output("cargo", &[program, "--version"]).is_some() {
            continue;
        }
        if !has("rustup") {
            return Err(format!(
                "The tests use {component}, which is missing, and there is no rustup to add it."
            ));
        }
        shell.announce(component, "The tests check the source with it.", "a few seconds");
        shell::run(&mut command("rustup", &["component", "add", component]))?;
    }
    Ok(())
}

/// A real browser and its driver for the tests of the page.
pub fn for_browsers(shell: &Shell) -> Result<(), String> {
    let Err(missing) = Browser::Chromium.find() else { return Ok(()) };
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    // Ubuntu's chromium package is a pointer to a snap.
    if !has("apt-get") || release.lines().any(|line| line == "ID=ubuntu") {
        return Err(format!(
            "The tests drive the page in a real browser, but {missing}. Install Chromium (or \
             Chrome) and chromedriver of the same version; if they are not on PATH, name them in \
             the variables CHROME and CHROMEDRIVER."
        ));
    }
    shell.announce(
        "chromium and chromium-driver (system packages)",
        "The tests drive the page in a real browser.",
        "1 to 2 minutes (300 MB on disk)",
    );
    apt(shell, &["chromium", "chromium-driver"])
        .map_err(|e| format!("{e} Without {missing} the tests in a browser are skipped."))?;
    Browser::Chromium.find().map(drop)
}

/// A second engine for a short walk through the page; without it that test is skipped, and says so.
pub fn firefox(shell: &Shell) {
    let wanted = !has("firefox-esr") && !has("firefox") && has("apt-get");
    if wanted {
        shell.announce(
            "firefox-esr (a system package)",
            "The tests walk through the page in a second engine.",
            "about 1 minute (250 MB on disk)",
        );
        if let Err(e) = apt(shell, &["firefox-esr"]) {
            println!("   {e} The walk in Firefox is skipped.");
        }
    }
    let here = has("firefox-esr") || has("firefox");
    if here && !has("geckodriver") && std::env::var_os("GECKODRIVER").is_none() {
        shell.announce(
            &format!("geckodriver {GECKODRIVER}"),
            "It drives Firefox.",
            "about 3 minutes on two cores",
        );
        if let Err(e) = cargo_install("geckodriver", GECKODRIVER) {
            println!("   {e} The walk in Firefox is skipped.");
        }
        std::fs::remove_dir_all(tools_dir().join("build")).ok();
    }
}

/// Installs system packages.
fn apt(shell: &Shell, packages: &[&str]) -> Result<(), String> {
    let root = output("id", &["-u"]).as_deref() == Some("0");
    if !root && !has("sudo") {
        return Err(format!(
            "Installing system packages takes root, and there is no sudo. As root, run: \
             apt-get install {}.",
            packages.join(" ")
        ));
    }
    if !shell.agrees("Install with apt-get?") {
        return Err(format!("{} not installed.", packages.join(", ")));
    }
    let apt = |args: &[&str]| {
        let mut words = if root { vec![] } else { vec!["sudo"] };
        words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        words.extend(args);
        shell::run(&mut command(words[0], &words[1..]))
    };
    apt(&["update", "-q"])?;
    let install = ["install", "-q", "-y", "--no-install-recommends"];
    apt(&install.into_iter().chain(packages.iter().copied()).collect::<Vec<_>>())
}

//! Builds the page with trunk, then finishes it: the optimiser, and the size for the progress bar.

use crate::shell::{self, Shell, command};
use crate::{say, tools};
use browser::root;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What today's compiler emits and every browser since 2023 runs.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// How the page is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Small and fast, a minute or more to compile.
    Release,
    /// Quick to compile again after a change.
    Fast,
}

/// The production folder.
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// Installs what is missing and makes the production build in `dist/`: what ships is what is tested.
pub fn production(shell: &Shell) -> Result<PathBuf, String> {
    tools::for_page(shell)?;
    let optimise = tools::wasm_opt(shell).is_some();
    say::heading("The page, production build");
    let dist = dist();
    build(&dist, Profile::Release, optimise)?;
    Ok(dist)
}

/// Builds the page into `folder`, with the tools already there.
pub fn build(folder: &Path, profile: Profile, optimise: bool) -> Result<(), String> {
    let start = Instant::now();
    // Fetched first, so that trunk can be kept from downloading anything of its own.
    let target = ["fetch", "--quiet", "--target", "wasm32-unknown-unknown"];
    shell::run(&mut command("cargo", &target))
        .map_err(|e| format!("{e}\nThe page's packages come from crates.io; is it reachable?"))?;
    let dist = folder.to_string_lossy();
    let mut args = vec!["build", "--offline", "--skip-version-check", "--dist", &dist];
    match profile {
        Profile::Release => args.push("--release"),
        Profile::Fast => args.extend(["--cargo-profile", "fast"]),
    }
    // trunk takes NO_COLOR=1 for a mistake; only true and false are known to it.
    shell::run(command("trunk", &args).env_remove("NO_COLOR"))?;
    let wasm = program(folder)?;
    if optimise {
        wasm_opt(&wasm)?;
    }
    write_size(folder, &wasm)?;
    println!("   Built in {}.", say::duration(start.elapsed()));
    Ok(())
}

/// The page's one WebAssembly file.
fn program(folder: &Path) -> Result<PathBuf, String> {
    let files = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}.", folder.display()))?;
    let mut paths = files.filter_map(Result::ok).map(|entry| entry.path());
    paths
        .find(|path| path.extension().is_some_and(|e| e == "wasm"))
        .ok_or_else(|| format!("trunk left no WebAssembly in {}.", folder.display()))
}

fn wasm_opt(wasm: &Path) -> Result<(), String> {
    let file = wasm.to_string_lossy();
    let mut args = vec!["-O3", "--strip-debug", "--strip-producers"];
    args.extend(WASM_FEATURES);
    args.extend([&file, "-o", &file]);
    let before = size(wasm)?;
    shell::run(&mut command("wasm-opt", &args))?;
    println!("   {} bytes became {}.", say::bytes(before), say::bytes(size(wasm)?));
    Ok(())
}

/// Tells the loader how many bytes to expect: Content-Length counts compressed ones.
fn write_size(folder: &Path, wasm: &Path) -> Result<(), String> {
    let index = folder.join("index.html");
    let said = |e: std::io::Error| format!("{}: {e}.", index.display());
    let html = std::fs::read_to_string(&index).map_err(said)?;
    let (head, tail) = html
        .split_once("data-size=\"0\"")
        .ok_or_else(|| format!("{}: the loader's tag has no data-size.", index.display()))?;
    let html = format!("{head}data-size=\"{}\"{tail}", size(wasm)?);
    std::fs::write(&index, html).map_err(said)
}

fn size(path: &Path) -> Result<u64, String> {
    std::fs::metadata(path).map(|m| m.len()).map_err(|e| format!("{}: {e}.", path.display()))
}

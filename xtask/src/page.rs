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

/// What is done to the program after it is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// wasm-opt makes it smaller and faster.
    Optimise,
    /// Only the names of functions go; they are a third of it.
    DropNames,
    /// Names stay, for readable traces.
    Nothing,
}

/// The production folder.
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// Installs what is missing and makes the production build in `dist/`: what ships is what is tested.
pub fn production(shell: &Shell) -> Result<PathBuf, String> {
    tools::for_page(shell)?;
    let finish = match tools::wasm_opt(shell) {
        true => Finish::Optimise,
        false => Finish::DropNames,
    };
    say::heading("The page, production build");
    let dist = dist();
    build(&dist, Profile::Release, finish)?;
    Ok(dist)
}

/// Builds the page into `folder`, with the tools already there.
pub fn build(folder: &Path, profile: Profile, finish: Finish) -> Result<(), String> {
    let start = Instant::now();
    // Fetched first, so that trunk can be kept from downloading anything of its own.
    let target = ["fetch", "--quiet", "--target", "wasm32-unknown-unknown"];
    shell::run(&mut command("cargo", &target))
        .map_err(|e| format!("{e}\nThe page's packages come from crates.io; is it reachable?"))?;
    let dist = folder.to_string_lossy();
    let mut args = vec!["build", "--offline", "--skip-version-check", "--dist", &dist];
    match profile {
        // The twin has a profile of its own, named in the page.
        Profile::Release => args.extend(["--release", "--cargo-profile", "page"]),
        Profile::Fast => args.extend(["--cargo-profile", "fast"]),
    }
    // trunk takes NO_COLOR=1 for a mistake; only true and false are known to it.
    shell::run(command("trunk", &args).env_remove("NO_COLOR"))?;
    let programs = programs(folder)?;
    let done: Result<Vec<()>, String> = std::thread::scope(|scope| {
        let each = |wasm| {
            scope.spawn(move || match finish {
                Finish::Optimise => wasm_opt(wasm),
                Finish::DropNames => drop_names(wasm),
                Finish::Nothing => Ok(()),
            })
        };
        let all: Vec<_> = programs.iter().map(|p| each(p.as_path())).collect();
        all.into_iter().map(|t| t.join().expect("no panic")).collect()
    });
    done?;
    for wasm in programs {
        if !is_twin(&wasm) {
            write_size(folder, &wasm)?;
        }
    }
    println!("   Built in {}.", say::duration(start.elapsed()));
    Ok(())
}

/// The WebAssembly files: the page, and `hb` for its workers.
fn programs(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let files = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}.", folder.display()))?;
    let paths = files.filter_map(Result::ok).map(|entry| entry.path());
    let found: Vec<_> = paths.filter(|p| p.extension().is_some_and(|e| e == "wasm")).collect();
    match found.len() {
        2 => Ok(found),
        n => Err(format!("trunk left {n} WebAssembly files in {}, not two.", folder.display())),
    }
}

/// Is this a part of `hb` for workers, which the page fetches only when it asks something?
pub fn is_twin(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("twin"))
}

fn wasm_opt(wasm: &Path) -> Result<(), String> {
    let file = wasm.to_string_lossy();
    // The page is to be small; what searches has been made fast by the compiler.
    let how = if is_twin(wasm) { "-O1" } else { "-Oz" };
    let mut args = vec![how, "--strip-debug", "--strip-producers"];
    args.extend(WASM_FEATURES);
    args.extend([&file, "-o", &file]);
    let before = size(wasm)?;
    shell::run(&mut command("wasm-opt", &args))?;
    println!("   {} bytes became {}.", say::bytes(before), say::bytes(size(wasm)?));
    Ok(())
}

fn drop_names(wasm: &Path) -> Result<(), String> {
    let said = |e: std::io::Error| format!("{}: {e}.", wasm.display());
    let bytes = std::fs::read(wasm).map_err(said)?;
    let smaller = without_names(&bytes)
        .ok_or_else(|| format!("{} is not a WebAssembly module.", wasm.display()))?;
    std::fs::write(wasm, smaller).map_err(said)
}

/// A module without its custom section of names; `None` if it is no module.
fn without_names(module: &[u8]) -> Option<Vec<u8>> {
    let (header, mut rest) = module.split_at_checked(8)?;
    if !header.starts_with(b"\0asm") {
        return None;
    }
    let mut out = header.to_vec();
    while let Some(&id) = rest.first() {
        let (length, size) = leb128(&rest[1..])?;
        let (section, after) = rest.split_at_checked(1 + size + length)?;
        if id != 0 || !section[1 + size..].starts_with(b"\x04name") {
            out.extend_from_slice(section);
        }
        rest = after;
    }
    Some(out)
}

/// An unsigned LEB128 number and how many bytes it takes.
fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0usize;
    for (i, byte) in bytes.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value, i + 1));
        }
    }
    None
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

#[test]
fn names_are_dropped_and_all_else_kept() {
    let module = b"\0asm\x01\0\0\0\x00\x06\x04nameX\x01\x01\0\x00\x04\x03abc";
    assert_eq!(without_names(module).unwrap(), b"\0asm\x01\0\0\0\x01\x01\0\x00\x04\x03abc");
    assert_eq!(without_names(b"<!doctype html>"), None);
    assert_eq!(without_names(b"\0asm\x01\0\0\0\x00\x7f"), None);
    assert_eq!(leb128(&[0xe5, 0x8e, 0x26]), Some((624_485, 3)));
}

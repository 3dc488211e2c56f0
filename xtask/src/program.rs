//! Compiles the page's programs and makes of each what a browser loads: WebAssembly and its
//! JavaScript half.

use crate::say;
use crate::shell::{self, command};
use browser::{root, target_dir};
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

const WASM: &str = "wasm32-unknown-unknown";

/// What today's compiler emits and every browser since 2023 runs.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// What cargo is asked to compile.
pub struct Build<'a> {
    pub programs: &'a [&'a str],
    pub profile: &'a str,
    pub features: &'a [&'a str],
    /// Relocations stay in it, for what cuts it into files.
    pub divisible: bool,
}

/// Has cargo compile programs for WebAssembly.
///
/// # Errors
/// One sentence when cargo fails; its own words are above.
pub fn compile(build: &Build) -> Result<(), String> {
    let mut args = vec!["build", "--target", WASM, "--profile", build.profile];
    for program in build.programs {
        args.extend(["--bin", program]);
    }
    let features = build.features.join(",");
    if !features.is_empty() {
        args.extend(["--features", &features]);
    }
    let mut cargo = command("cargo", &args);
    if build.divisible {
        let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
        cargo.env("RUSTFLAGS", format!("{flags} -Clink-args=--emit-relocs").trim());
    }
    shell::run(&mut cargo)
}

/// Where cargo leaves a program.
pub fn compiled(program: &str, profile: &str) -> PathBuf {
    // The profile `dev` alone has a folder of another name, and no page is built with it.
    target_dir().join(WASM).join(profile).join(format!("{program}.wasm"))
}

/// Writes `NAME.js` and `NAME_bg.wasm` into `folder`.
///
/// # Errors
/// One sentence when wasm-bindgen does not understand the program.
pub fn bind(program: &Path, name: &str, folder: &Path, names: bool) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    let done = bindgen
        .input_path(program)
        .out_name(name)
        .typescript(false)
        // What was cut off reaches the rest through the table that the linker exports.
        .keep_lld_exports(true)
        .remove_name_section(!names)
        .remove_producers_section(true)
        .web(true)
        .and_then(|bindgen| bindgen.generate(folder));
    done.map_err(|e| format!("wasm-bindgen cannot read {}: {e:#}.", program.display()))
}

/// How a program is optimised.
#[derive(Clone, Copy)]
pub enum Optimise {
    /// As small as can be.
    Size,
    /// It was made fast by the compiler and only loses what is dead.
    Speed,
}

/// Has wasm-opt rewrite files in place, as many at a time as there are processors.
///
/// # Errors
/// One sentence with wasm-opt's words above it.
pub fn optimise(files: &[PathBuf], how: Optimise) -> Result<(), String> {
    let before: u64 = files.iter().map(|f| size(f)).sum::<Result<_, _>>()?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let left = std::sync::Mutex::new(files.iter());
    let work = || -> Result<(), String> {
        loop {
            let Some(file) = left.lock().expect("no panic").next() else { return Ok(()) };
            optimise_one(file, how)?;
        }
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        all.into_iter().try_for_each(|thread| thread.join().expect("no panic"))
    })?;
    let after: u64 = files.iter().map(|f| size(f)).sum::<Result<_, _>>()?;
    println!("   wasm-opt: {} bytes became {}.", say::bytes(before), say::bytes(after));
    Ok(())
}

fn optimise_one(wasm: &Path, how: Optimise) -> Result<(), String> {
    let file = wasm.to_string_lossy();
    let level = match how {
        Optimise::Size => "-Oz",
        Optimise::Speed => "-O1",
    };
    let mut args = vec![level, "--strip-debug", "--strip-producers"];
    args.extend(WASM_FEATURES);
    args.extend([&file, "-o", &file]);
    let status = command("wasm-opt", &args).current_dir(root()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("wasm-opt failed on {file} ({status}); its words are above.")),
        Err(e) => Err(format!("wasm-opt does not start: {e}.")),
    }
}

/// Bytes of a file.
pub fn size(path: &Path) -> Result<u64, String> {
    std::fs::metadata(path).map(|m| m.len()).map_err(|e| format!("{}: {e}.", path.display()))
}

//! Makes the page: compiles its programs, cuts scenes off, and puts all parts into one folder.

use crate::index::{self, Program};
use crate::parts;
use crate::program::{self, Build, Optimise};
use crate::shell::{self, Shell, command};
use crate::{names, say, tools};
use browser::{root, target_dir};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The program of the page, and `hb` for its workers.
const PAGE: &str = "page";
const WORKERS: &str = "twin";
/// The profile of quick builds.
const QUICK: &str = "quick";

/// The production folder.
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// The page's program as it was last linked for production, in one piece.
fn linked() -> PathBuf {
    program::compiled(PAGE, PAGE)
}

/// The same in parts, with all names.
///
/// # Errors
/// When there is no production build.
pub fn parts_with_names() -> Result<Vec<names::File>, String> {
    if !linked().is_file() {
        return Err("There is no production build. `cargo xtask dist` makes one.".into());
    }
    parts::cut(&linked(), &target_dir().join("page-names"))?.files_with_owners()
}

/// Installs what is missing and makes the production build in `dist/`: what ships is what is tested.
///
/// # Errors
/// One sentence; what failed has said more above.
pub fn production(shell: &Shell) -> Result<PathBuf, String> {
    tools::wasm_target(shell)?;
    let small = tools::wasm_opt(shell);
    say::heading("The page, production build");
    let start = Instant::now();
    fetch()?;
    program::compile(&Build {
        programs: &[PAGE],
        profile: PAGE,
        features: &["on-demand"],
        divisible: true,
    })?;
    let workers = Build { programs: &[WORKERS], profile: WORKERS, features: &[], divisible: false };
    program::compile(&workers)?;
    let work = target_dir().join("page-parts");
    let cut = parts::cut(&linked(), &work)?;
    program::bind(&work.join("main.wasm"), PAGE, &work, false)?;
    let dist = dist();
    let folder = empty(&dist)?;
    program::bind(&program::compiled(WORKERS, WORKERS), WORKERS, &folder, false)?;
    if small {
        cut.optimise()?;
        program::optimise(&[main_part(&work)], Optimise::Size)?;
        program::optimise(&[main_part_of(&folder, WORKERS)], Optimise::Speed)?;
    } else {
        cut.drop_names()?;
    }
    let version = parts::version(&linked())?;
    let loader = cut.write(&folder, &format!("{PAGE}-{version}.js"), &version)?;
    finish(&work, &folder, &version, Some(&loader))?;
    replace(&folder, &dist)?;
    println!("   Built in {}.", say::duration(start.elapsed()));
    Ok(dist)
}

/// Builds quickly into `folder`: all scenes in one program, larger and slower than in production.
///
/// # Errors
/// One sentence; what failed has said more above.
pub fn quick(folder: &Path) -> Result<(), String> {
    let start = Instant::now();
    fetch()?;
    let programs = [PAGE, WORKERS];
    program::compile(&Build {
        programs: &programs,
        profile: QUICK,
        features: &[],
        divisible: false,
    })?;
    let new = empty(folder)?;
    for name in programs {
        program::bind(&program::compiled(name, QUICK), name, &new, true)?;
    }
    let version = parts::version(&program::compiled(PAGE, QUICK))?;
    finish(&new, &new, &version, None)?;
    replace(&new, folder)?;
    println!("   Built in {}.", say::duration(start.elapsed()));
    Ok(())
}

/// Gets the page's packages first, so that a lack of connection is said as such.
fn fetch() -> Result<(), String> {
    let fetch = ["fetch", "--quiet", "--target", "wasm32-unknown-unknown"];
    shell::run(&mut command("cargo", &fetch))
        .map_err(|e| format!("{e}\nThe page's packages come from crates.io; is it reachable?"))
}

fn main_part(folder: &Path) -> PathBuf {
    main_part_of(folder, PAGE)
}

fn main_part_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}_bg.wasm"))
}

/// Moves the page's program to where it is loaded from, under a name that changes with it, and
/// writes `index.html` around it.
fn finish(from: &Path, folder: &Path, version: &str, loader: Option<&str>) -> Result<(), String> {
    let said = |path: &Path| format!("{}: ", path.display());
    let script = from.join(format!("{PAGE}.js"));
    let mut text =
        std::fs::read_to_string(&script).map_err(|e| format!("{}{e}.", said(&script)))?;
    if let Some(loader) = loader {
        let (plain, named) =
            (format!("from \"{}\"", parts::LOADER), format!("from \"./{loader}\""));
        if !text.contains(&plain) {
            return Err("The program does not load its parts as expected.".into());
        }
        text = text.replace(&plain, &named);
    }
    let (js, wasm) = (format!("{PAGE}-{version}.js"), format!("{PAGE}-{version}_bg.wasm"));
    std::fs::write(folder.join(&js), text).map_err(|e| format!("{js}: {e}."))?;
    let main = main_part(from);
    let size = program::size(&main)?;
    std::fs::copy(&main, folder.join(&wasm)).map_err(|e| format!("{wasm}: {e}."))?;
    if from == folder {
        for old in [&script, &main] {
            std::fs::remove_file(old).map_err(|e| format!("{}{e}.", said(old)))?;
        }
    }
    index::write(&root(), folder, &Program { js, wasm, size, loader: loader.map(String::from) })
}

/// An empty folder beside another.
fn empty(folder: &Path) -> Result<PathBuf, String> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let new = folder.with_file_name(format!(".{name}-new"));
    std::fs::remove_dir_all(&new).ok();
    std::fs::create_dir_all(&new).map_err(|e| format!("{}: {e}.", new.display()))?;
    Ok(new)
}

/// Puts a folder in the place of another at once: whoever reads the old one is not left half-way.
fn replace(new: &Path, old: &Path) -> Result<(), String> {
    std::fs::remove_dir_all(old).ok();
    std::fs::rename(new, old).map_err(|e| format!("{}: {e}.", old.display()))
}

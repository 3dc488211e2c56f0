//! Weighs the production page as brotli sends it, against a written budget: what is fetched before
//! the first scene plays, what each scene adds, what the workers fetch, fonts.

use crate::{page, parts, say};
use browser::root;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A file's weight.
struct Weight {
    name: String,
    raw: u64,
    brotli: u64,
}

/// When a file is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum When {
    /// Before anything is shown, or by the list of scenes, or before any scene plays.
    First,
    /// When a scene is opened that needs it.
    Scene,
    /// When a part of the page is first shown: the import page, the board, exports, the help.
    Part,
    /// When a search, a judge or an import is asked for.
    Workers,
    Font,
    /// When something is exported or found by the browser alone: the icon, films.
    Other,
}

/// Fetched by workers, or by the page in their place.
const WORKERS: [&str; 5] = ["twin.js", "twin_bg.wasm", "worker.js", "drive.js", "hunt.js"];

fn when(name: &str) -> When {
    let scenes = name.starts_with("scene-") || name.starts_with("shared-");
    match name.rsplit('.').next().unwrap_or_default() {
        _ if WORKERS.contains(&name) => When::Workers,
        "wasm" if scenes => When::Scene,
        "wasm" if name.starts_with(parts::PART) => When::Part,
        _ if name == "film.js" => When::Other,
        "html" | "js" | "css" | "wasm" | "txt" => When::First,
        "woff2" => When::Font,
        _ => When::Other,
    }
}

/// The sums that are budgeted, in bytes after brotli.
#[derive(Debug, PartialEq, Eq)]
struct Sums {
    /// Without any scene's own files.
    shell: u64,
    /// By scene: all files of its own, those that it shares with few others included.
    scenes: BTreeMap<String, u64>,
    /// By scene: its own file alone.
    alone: BTreeMap<String, u64>,
    /// By part of the page: all files that are fetched for it.
    parts: BTreeMap<String, u64>,
    workers: u64,
    fonts: u64,
}

impl Sums {
    fn of(weights: &[Weight], needs: &BTreeMap<String, Vec<String>>) -> Sums {
        let total = |wanted: When| {
            weights.iter().filter(|w| when(&w.name) == wanted).map(|w| w.brotli).sum()
        };
        let scene = |files: &Vec<String>| {
            let apart = |w: &&Weight| matches!(when(&w.name), When::Scene | When::Part);
            let own = weights.iter().filter(apart);
            own.filter(|w| files.contains(&w.name)).map(|w| w.brotli).sum()
        };
        let of = |part: bool| {
            let some = needs.iter().filter(|(id, _)| id.starts_with(parts::PART) == part);
            some.map(|(id, files)| (id.clone(), scene(files))).collect()
        };
        let own = |id: &String| {
            let file = format!("scene-{id}-");
            weights.iter().filter(|w| w.name.starts_with(&file)).map(|w| w.brotli).sum()
        };
        let scenes: BTreeMap<String, u64> = of(false);
        Sums {
            shell: total(When::First),
            alone: scenes.keys().map(|id| (id.clone(), own(id))).collect(),
            scenes,
            parts: of(true),
            workers: total(When::Workers),
            fonts: total(When::Font),
        }
    }

    fn heaviest(&self) -> u64 {
        self.scenes.values().copied().max().unwrap_or(0)
    }

    fn heaviest_alone(&self) -> u64 {
        self.alone.values().copied().max().unwrap_or(0)
    }

    /// All that is fetched, fonts apart, before the first scene plays: with the heaviest scene.
    fn first_load(&self) -> u64 {
        self.shell + self.heaviest()
    }
}

/// Prints the weights of `folder`'s files and holds them to the budget.
///
/// # Errors
/// When there is no such build, or it is over budget.
pub fn weigh(folder: &Path) -> Result<(), String> {
    say::heading(&format!("Bytes of {}", folder.display()));
    let weights = weights(folder)?;
    println!("   {:>11} {:>11}", "raw", "brotli 11");
    for w in &weights {
        println!("   {:>11} {:>11}  {}", say::bytes(w.raw), say::bytes(w.brotli), w.name);
    }
    let sums = Sums::of(&weights, &needs(folder)?);
    println!();
    println!("   {:>11} {:>11}", "alone", "in all");
    for (id, bytes) in &sums.scenes {
        println!("   {:>11} {:>11}  {id}", say::bytes(sums.alone[id]), say::bytes(*bytes));
    }
    for (id, bytes) in &sums.parts {
        println!("   {:>11} {:>11}  {id}", "", say::bytes(*bytes));
    }
    let file = root().join("xtask").join("budget.txt");
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}.", file.display()))?;
    let mut over = Vec::new();
    let all = [
        ("first-load", sums.first_load()),
        ("scene", sums.heaviest()),
        ("scene-alone", sums.heaviest_alone()),
        ("workers", sums.workers),
        ("fonts", sums.fonts),
    ];
    for (word, bytes) in all {
        let budget = budget(&text, word).map_err(|e| format!("xtask/budget.txt: {e}"))?;
        let (said, allowed) = (say::bytes(bytes), say::bytes(budget));
        println!(
            "   {word}: {said} of at most {allowed} bytes ({} %)",
            bytes * 100 / budget.max(1)
        );
        if bytes > budget {
            let more = say::bytes(bytes - budget);
            over.push(format!(
                "{word} weighs {said} bytes after brotli, {more} more than xtask/budget.txt allows."
            ));
        }
    }
    if over.is_empty() { Ok(()) } else { Err(over.join("\n")) }
}

/// The same sums as one JSON document, and nothing else.
///
/// # Errors
/// When there is no such build.
pub fn json(folder: &Path) -> Result<String, String> {
    let sums = Sums::of(&weights(folder)?, &needs(folder)?);
    let document = json!({
        "first_load": sums.first_load(),
        "scenes": sums.scenes,
        "scenes_alone": sums.alone,
        "parts": sums.parts,
        "workers": sums.workers,
        "fonts": sums.fonts,
    });
    Ok(document.to_string())
}

/// What each scene takes, from the loader of this build.
fn needs(folder: &Path) -> Result<BTreeMap<String, Vec<String>>, String> {
    let loader = files(folder)?.into_iter().find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("parts-") && name.ends_with(".js")
    });
    let script = loader.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    parts::needs(&script).ok_or_else(|| {
        let folder = folder.display();
        format!("{folder} is no production build: `cargo xtask dist` makes one.")
    })
}

/// All files, the heaviest first.
fn weights(folder: &Path) -> Result<Vec<Weight>, String> {
    let paths = files(folder)?;
    let weight = |path: &PathBuf| -> Result<Weight, String> {
        let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}.", path.display()))?;
        let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
        // Already compressed.
        let font = when(&name) == When::Font;
        let brotli = if font { bytes.len() as u64 } else { brotli_size(&bytes)? };
        Ok(Weight { name, raw: bytes.len() as u64, brotli })
    };
    let mut weights = paths.iter().map(weight).collect::<Result<Vec<_>, _>>()?;
    weights.sort_by(|a, b| b.brotli.cmp(&a.brotli).then_with(|| a.name.cmp(&b.name)));
    Ok(weights)
}

/// Prints what the page's program is made of.
///
/// # Errors
/// When there is no production build.
pub fn by_name() -> Result<(), String> {
    crate::names::print(&page::parts_with_names()?)
}

/// The number after `word` on a line of its own; `#` starts a comment.
fn budget(text: &str, word: &str) -> Result<u64, String> {
    for (number, line) in text.lines().enumerate() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        if words.next() == Some(word) {
            let value = words.next().and_then(|v| v.parse().ok());
            return value.ok_or(format!("line {}: {word} takes a number of bytes.", number + 1));
        }
    }
    Err(format!("there is no line for {word}."))
}

/// Bytes after brotli at its highest quality.
///
/// # Errors
/// One sentence when the compressor fails.
pub fn brotli_size(bytes: &[u8]) -> Result<u64, String> {
    let params = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
    let mut out = Vec::new();
    let size = brotli::BrotliCompress(&mut &bytes[..], &mut out, &params);
    size.map(|n| n as u64).map_err(|e| format!("brotli: {e}."))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|_| {
        format!("There is no build in {}. `cargo xtask dist` makes one.", folder.display())
    })?;
    let mut all = Vec::new();
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() { all.extend(files(&path)?) } else { all.push(path) }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_budget() {
        let text = "# page 1\npage 12 # small\nfonts many\n";
        assert_eq!(budget(text, "page"), Ok(12));
        assert_eq!(budget(text, "fonts").unwrap_err(), "line 3: fonts takes a number of bytes.");
        assert_eq!(budget(text, "icons").unwrap_err(), "there is no line for icons.");
    }

    #[test]
    fn adds_up_by_when_a_file_is_fetched() {
        let of = |name: &str, brotli| Weight { name: name.into(), raw: 0, brotli };
        let weights = [
            of("page-1_bg.wasm", 100),
            of("scenes-1.wasm", 10),
            of("scene-raft-1.wasm", 20),
            of("scene-cap-1.wasm", 3),
            of("shared-9-1.wasm", 5),
            of("part-help-1.wasm", 4),
            of("a.css", 2),
            of("twin_bg.wasm", 300),
            of("fonts/c.woff2", 7),
            of("d.svg", 1),
        ];
        let list = |files: &[&str]| files.iter().map(|f| (*f).to_string()).collect::<Vec<_>>();
        let needs = [
            ("raft".to_string(), list(&["scenes-1.wasm", "shared-9-1.wasm", "scene-raft-1.wasm"])),
            ("cap".to_string(), list(&["scenes-1.wasm", "shared-9-1.wasm", "scene-cap-1.wasm"])),
            ("part-help".to_string(), list(&["shared-9-1.wasm", "part-help-1.wasm"])),
        ];
        let sums = Sums::of(&weights, &needs.into());
        assert_eq!((sums.shell, sums.workers, sums.fonts), (112, 300, 7));
        assert_eq!((sums.scenes["raft"], sums.scenes["cap"]), (25, 8));
        assert_eq!((sums.alone["raft"], sums.alone["cap"]), (20, 3));
        assert_eq!((sums.scenes.len(), sums.parts["part-help"]), (2, 9));
        assert_eq!(sums.first_load(), 137);
        assert!(brotli_size(&[b'a'; 1000]).unwrap() < 30);
    }
}

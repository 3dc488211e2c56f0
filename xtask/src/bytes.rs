//! Weighs the production page: every file, raw and as brotli sends it, against a written budget.

use crate::say;
use browser::root;
use std::path::{Path, PathBuf};

/// A file's weight.
struct Weight {
    name: String,
    raw: u64,
    brotli: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Page,
    /// `hb` for workers.
    Twin,
    Font,
    Other,
}

fn kind(name: &str) -> Kind {
    if crate::page::is_twin(Path::new(name)) {
        return Kind::Twin;
    }
    match name.rsplit('.').next().unwrap_or_default() {
        "html" | "js" | "css" | "wasm" => Kind::Page,
        "woff2" => Kind::Font,
        _ => Kind::Other,
    }
}

/// Prints the weights of `folder`'s files.
///
/// # Errors
/// When there is no such build, or it is over budget.
pub fn weigh(folder: &Path) -> Result<(), String> {
    say::heading(&format!("Bytes of {}", folder.display()));
    let mut weights = Vec::new();
    for path in files(folder)? {
        let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}.", path.display()))?;
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        // Already compressed.
        let font = kind(&name) == Kind::Font;
        let brotli = if font { bytes.len() as u64 } else { brotli_size(&bytes)? };
        weights.push(Weight { name, raw: bytes.len() as u64, brotli });
    }
    weights.sort_by(|a, b| b.brotli.cmp(&a.brotli).then_with(|| a.name.cmp(&b.name)));
    println!("   {:>11} {:>11}", "raw", "brotli 11");
    for w in &weights {
        println!("   {:>11} {:>11}  {}", say::bytes(w.raw), say::bytes(w.brotli), w.name);
    }
    let budget_file = root().join("xtask").join("budget.txt");
    let text = std::fs::read_to_string(&budget_file)
        .map_err(|e| format!("{}: {e}.", budget_file.display()))?;
    let mut over = Vec::new();
    for (kind, word) in [(Kind::Page, "page"), (Kind::Twin, "twin"), (Kind::Font, "fonts")] {
        let budget = budget(&text, word).map_err(|e| format!("xtask/budget.txt: {e}"))?;
        let total = total(&weights, kind);
        println!(
            "   {word}: {} of at most {} bytes ({} %)",
            say::bytes(total),
            say::bytes(budget),
            total * 100 / budget.max(1)
        );
        if total > budget {
            over.push(format!(
                "The {word} weigh {} bytes after brotli, {} more than xtask/budget.txt allows.",
                say::bytes(total),
                say::bytes(total - budget)
            ));
        }
    }
    if over.is_empty() { Ok(()) } else { Err(over.join("\n")) }
}

fn total(weights: &[Weight], of: Kind) -> u64 {
    weights.iter().filter(|w| kind(&w.name) == of).map(|w| w.brotli).sum()
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

fn brotli_size(bytes: &[u8]) -> Result<u64, String> {
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
    fn adds_up_by_kind() {
        let of = |name: &str, brotli| Weight { name: name.into(), raw: 0, brotli };
        let weights = [of("a.wasm", 10), of("b.css", 2), of("fonts/c.woff2", 7), of("d.svg", 1)];
        assert_eq!(total(&weights, Kind::Page), 12);
        assert_eq!(total(&weights, Kind::Font), 7);
        assert!(brotli_size(&[b'a'; 1000]).unwrap() < 30);
    }
}

//! Puts the page's parts together as `index.html` names them: the same `data-trunk` links that
//! trunk reads, so that both make the same page.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// The page's program, as the loader is told of it.
pub struct Program {
    /// Its JavaScript half.
    pub js: String,
    pub wasm: String,
    /// Bytes of the WebAssembly file as they arrive, uncompressed.
    pub size: u64,
    /// What loads its parts, if it has any.
    pub loader: Option<String>,
}

/// A `<link data-trunk …>`.
#[derive(Debug, PartialEq, Eq)]
struct Link<'a> {
    /// As it stands in the page.
    text: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Link<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
    }
}

/// Where the static list of scenes goes.
const HOME: &str = "<!-- home -->";

/// Copies the files that `source/index.html` names into `folder` and writes the page there.
///
/// # Errors
/// One sentence when a file is missing or a link is of no known kind.
pub fn write(source: &Path, folder: &Path, program: &Program) -> Result<(), String> {
    let html = text(&source.join("index.html"))?;
    let mut page = html.clone();
    for link in links(&html) {
        let rel = link.get("rel").unwrap_or_default();
        let file = source.join(link.get("href").unwrap_or_default());
        let instead = match rel {
            "icon" => {
                let name = copy_hashed(&file, folder)?;
                let kind = link.get("type").unwrap_or("image/svg+xml");
                format!("<link rel=\"icon\" href=\"./{name}\" type=\"{kind}\">")
            }
            "css" => {
                let name = copy_hashed(&file, folder)?;
                format!("<link rel=\"stylesheet\" href=\"./{name}\">")
            }
            "copy-file" => {
                copy(&file, &folder.join(name_of(&file)))?;
                String::new()
            }
            "copy-dir" => {
                copy_folder(&file, &folder.join(name_of(&file)))?;
                String::new()
            }
            "rust" if link.get("data-type").is_none() => scripts(program),
            // The workers' program is there already.
            "rust" => String::new(),
            other => return Err(format!("index.html: no part of the page is a {other:?} link.")),
        };
        page = replace_line(&page, link.text, &instead);
    }
    // The list of scenes is there before any program runs.
    if page.contains(HOME) {
        page = page.replacen(HOME, text(&source.join("www/home.html"))?.trim_end(), 1);
    }
    std::fs::write(folder.join("index.html"), page)
        .map_err(|e| format!("{}: {e}.", folder.join("index.html").display()))
}

/// As in `pattern_script` and `pattern_preload` of Trunk.toml.
fn scripts(program: &Program) -> String {
    let Program { js, wasm, size, loader } = program;
    let scripts = std::iter::once(js).chain(loader);
    let preload: String = scripts
        .map(|file| format!("<link rel=\"modulepreload\" href=\"./{file}\">\n    "))
        .collect();
    format!(
        "{preload}\
         <script src=\"./boot.js\" data-js=\"./{js}\" data-wasm=\"./{wasm}\" data-size=\"{size}\"></script>\n    \
         <script type=\"module\" src=\"./load.js\"></script>"
    )
}

/// The links that are for whoever builds the page.
fn links(html: &str) -> Vec<Link<'_>> {
    let starts = html.match_indices("<link data-trunk ").map(|(at, _)| at);
    let texts = starts.filter_map(|at| Some(&html[at..=at + html[at..].find('>')?]));
    texts.map(|text| Link { text, attributes: attributes(text) }).collect()
}

fn attributes(tag: &str) -> Vec<(&str, &str)> {
    let mut all = Vec::new();
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once("=\"") {
        let name = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        let Some((value, after)) = after.split_once('"') else { break };
        all.push((name, value));
        rest = after;
    }
    all
}

/// Puts something in the place of a tag; its whole line goes if that is nothing.
fn replace_line(page: &str, tag: &str, instead: &str) -> String {
    match instead {
        "" => page.replacen(&format!("    {tag}\n"), "", 1),
        _ => page.replacen(tag, instead, 1),
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Sixteen digits that stand for these contents in the names of files.
pub fn digest(contents: &[&[u8]]) -> String {
    let mut hasher = DefaultHasher::new();
    contents.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Copies a file under a name that changes with its contents.
fn copy_hashed(file: &Path, folder: &Path) -> Result<String, String> {
    let bytes = std::fs::read(file).map_err(|e| format!("{}: {e}.", file.display()))?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let extension = file.extension().unwrap_or_default().to_string_lossy();
    let name = format!("{stem}-{}.{extension}", digest(&[&bytes]));
    std::fs::write(folder.join(&name), bytes).map_err(|e| format!("{name}: {e}."))?;
    Ok(name)
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    std::fs::copy(from, to).map(drop).map_err(|e| format!("{}: {e}.", from.display()))
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), String> {
    let said = |e: std::io::Error| format!("{}: {e}.", from.display());
    std::fs::create_dir_all(to).map_err(said)?;
    for entry in std::fs::read_dir(from).map_err(said)? {
        let path = entry.map_err(said)?.path();
        let to = to.join(name_of(&path));
        if path.is_dir() { copy_folder(&path, &to)? } else { copy(&path, &to)? }
    }
    Ok(())
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_become_what_a_browser_reads() {
        let base = std::env::temp_dir().join(format!("xtask-index-{}", std::process::id()));
        let (source, folder) = (base.join("from"), base.join("to"));
        std::fs::create_dir_all(source.join("www/fonts")).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        let files =
            [("a.css", "a{}"), ("boot.js", "1"), ("fonts/b.woff2", "2"), ("home.html", "<p>\n")];
        for (name, words) in files {
            std::fs::write(source.join("www").join(name), words).unwrap();
        }
        let page = |links: &str| format!("<head>\n{links}  </head>\n");
        let links = "    <link data-trunk rel=\"css\" href=\"www/a.css\">\n    \
                     <link data-trunk rel=\"copy-dir\" href=\"www/fonts\">\n    \
                     <link data-trunk rel=\"copy-file\" href=\"www/boot.js\">\n    \
                     <link data-trunk rel=\"rust\" data-bin=\"page\">\n    \
                     <link data-trunk rel=\"rust\" data-bin=\"twin\" data-type=\"worker\">\n";
        std::fs::write(source.join("index.html"), page(links) + HOME).unwrap();
        let program = Program { js: "p.js".into(), wasm: "p.wasm".into(), size: 7, loader: None };
        write(&source, &folder, &program).unwrap();
        let html = std::fs::read_to_string(folder.join("index.html")).unwrap();
        let css = format!("a-{}.css", digest(&[b"a{}"]));
        let expected = format!(
            "    <link rel=\"stylesheet\" href=\"./{css}\">\n    \
             <link rel=\"modulepreload\" href=\"./p.js\">\n    \
             <script src=\"./boot.js\" data-js=\"./p.js\" data-wasm=\"./p.wasm\" data-size=\"7\"></script>\n    \
             <script type=\"module\" src=\"./load.js\"></script>\n"
        );
        assert_eq!(html, page(&expected) + "<p>");
        for file in [&css[..], "boot.js", "fonts/b.woff2"] {
            assert!(folder.join(file).is_file(), "{file}");
        }
        std::fs::write(source.join("index.html"), page("    <link data-trunk rel=\"sass\">\n"))
            .unwrap();
        let why = write(&source, &folder, &program).unwrap_err();
        assert_eq!(why, "index.html: no part of the page is a \"sass\" link.");
        std::fs::remove_dir_all(base).ok();
    }
}

//! Cuts the page's program into what every scene needs, a part for each scene that is fetched when
//! the scene is opened, and parts of the page that are fetched when they are first shown.
//!
//! `wasm_split` finds by relocations what only one scene's function reaches, and puts what some
//! scenes share into chunks of their own, one for each set of scenes. Most chunks are tiny: those
//! are put together into one file, which is fetched with the first scene, and another for what only
//! parts of the page share. A chunk that is worth a request of its own stays apart.

use crate::bytes::brotli_size;
use crate::index::digest;
use crate::program::{self, Optimise};
use crate::{names, wasm};
use browser::root;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use wasm_encoder::{CustomSection, Module};

/// How the program and what loads its parts name each other until they have their final names.
pub const LOADER: &str = "./parts.js";
pub const PROGRAM: &str = "./page.js";

/// What the module of a part of the page starts with, and what its name and file do.
const OF_PAGE: &str = "page_";
pub const PART: &str = "part-";

/// Bytes after brotli from which a chunk that few scenes share is a file of its own.
const WORTH_A_REQUEST: u64 = 4_000;

/// A program in pieces, in a folder of its own.
pub struct Cut {
    folder: PathBuf,
    /// By scene or part: the files without `.wasm` that it takes.
    needs: BTreeMap<String, Vec<String>>,
    /// By scene or part: its name among the program's modules.
    modules: BTreeMap<String, String>,
    /// What the program exports for its parts.
    shared: Vec<String>,
}

/// Cuts a linked program. Its main part is left in `folder` as `main.wasm`.
///
/// # Errors
/// One sentence when it cannot be cut.
pub fn cut(program: &Path, folder: &Path) -> Result<Cut, String> {
    let said = |e: std::io::Error| format!("{}: {e}.", program.display());
    let bytes = std::fs::read(program).map_err(said)?;
    std::fs::remove_dir_all(folder).ok();
    std::fs::create_dir_all(folder).map_err(said)?;
    let main = folder.join("main.wasm");
    let mut options = wasm_split_cli_support::Options::new(&bytes);
    options.output_dir = folder;
    options.main_out_path = &main;
    options.link_name = LOADER;
    options.main_module = PROGRAM;
    let split = wasm_split_cli_support::transform(options)
        .map_err(|e| format!("{} cannot be cut into parts: {e:#}.", program.display()))?;
    let loader = folder.join(LOADER);
    let loader = std::fs::read_to_string(&loader).map_err(said)?;
    let shared = shared_names(&loader).ok_or("wasm_split wrote a loader of an unknown kind.")?;
    let (mut needs, mut modules) = (BTreeMap::new(), BTreeMap::new());
    for (module, files) in split.prefetch_map {
        let id = match module.strip_prefix(OF_PAGE) {
            Some(part) => format!("{PART}{part}"),
            None => scene_id(&module)?,
        };
        needs.insert(id.clone(), files);
        modules.insert(id, module);
    }
    if needs.is_empty() {
        return Err(format!("{} has no scenes to cut off.", program.display()));
    }
    Ok(Cut { folder: folder.into(), needs, modules, shared })
}

/// The id of the scene that a module of `src/protocols` declares.
fn scene_id(module: &str) -> Result<String, String> {
    let folder = root().join("src").join("protocols");
    let files = [folder.join(module).join("mod.rs"), folder.join(format!("{module}.rs"))];
    let source = files.iter().find_map(|f| std::fs::read_to_string(f).ok()).unwrap_or_default();
    id_in(&source).ok_or_else(|| format!("src/protocols/{module} declares no scene with an id."))
}

fn id_in(source: &str) -> Option<String> {
    let (_, scene) = source.split_once("pub const SCENE: Scene = Scene {")?;
    let (_, id) = scene.split_once("id: \"")?;
    Some(id.split_once('"')?.0.to_owned())
}

/// The names in `const { a, b, } = initSync(`.
fn shared_names(loader: &str) -> Option<Vec<String>> {
    let (before, _) = loader.split_once("} = initSync(")?;
    let (_, names) = before.rsplit_once('{')?;
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    Some(names.map(String::from).collect())
}

impl Cut {
    /// All files but the main part.
    pub fn files(&self) -> Vec<PathBuf> {
        let all: BTreeSet<&String> = self.needs.values().flatten().collect();
        all.into_iter().map(|file| self.path(file)).collect()
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.join(format!("{file}.wasm"))
    }

    fn read(&self, file: &str) -> Result<Vec<u8>, String> {
        let path = self.path(file);
        std::fs::read(&path).map_err(|e| format!("{}: {e}.", path.display()))
    }

    /// All files with whose they are; that of the main part is nobody's.
    ///
    /// # Errors
    /// One sentence when a file cannot be read.
    pub fn files_with_owners(&self) -> Result<Vec<names::File>, String> {
        let mut all = vec![names::File { owner: None, bytes: self.read("main")? }];
        for (file, scenes) in &self.users() {
            let owner = match scenes.first().filter(|_| scenes.len() == 1) {
                Some(one) => match one.strip_prefix(PART) {
                    Some(part) => format!("page: {part}"),
                    None => format!("scene: {one}"),
                },
                None if of_page(scenes) => "shared by the page's parts".into(),
                None => format!("shared by {} scenes", scenes.len()),
            };
            all.push(names::File { owner: Some(owner), bytes: self.read(file)? });
        }
        Ok(all)
    }

    /// By file: the scenes and parts that take it.
    fn users(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (scene, files) in &self.needs {
            files.iter().for_each(|file| _ = users.entry(file).or_default().insert(scene));
        }
        users
    }

    /// Makes all parts smaller.
    ///
    /// # Errors
    /// As wasm-opt says.
    pub fn optimise(&self) -> Result<(), String> {
        program::optimise(&self.files(), Optimise::Size)
    }

    /// Drops the names of functions, which are a third of a part: for want of wasm-opt.
    ///
    /// # Errors
    /// One sentence when a file is not what was written.
    pub fn drop_names(&self) -> Result<(), String> {
        for path in self.files() {
            let said = |e: std::io::Error| format!("{}: {e}.", path.display());
            let bytes = std::fs::read(&path).map_err(said)?;
            std::fs::write(&path, wasm::without_names(&bytes)?).map_err(said)?;
        }
        Ok(())
    }

    /// Writes the parts and what loads them into `folder`, under names that change with `version`.
    /// Gives the loader's name.
    ///
    /// # Errors
    /// One sentence when a file cannot be read or written.
    pub fn write(&self, folder: &Path, program: &str, version: &str) -> Result<String, String> {
        let users = self.users();
        let mut names: BTreeMap<&str, String> = BTreeMap::new();
        let mut packs: BTreeMap<String, Module> = BTreeMap::new();
        for (file, scenes) in &users {
            let bytes = self.read(file)?;
            let scene = scenes.iter().next().filter(|_| scenes.len() == 1);
            let name = match scene {
                Some(part) if part.starts_with(PART) => format!("{part}-{version}.wasm"),
                Some(scene) => format!("scene-{scene}-{version}.wasm"),
                None if brotli_size(&bytes)? < WORTH_A_REQUEST => {
                    let common = if of_page(scenes) { "part-common" } else { "scenes" };
                    let common = format!("{common}-{version}.wasm");
                    packs.entry(common.clone()).or_default().section(&CustomSection {
                        name: Cow::Borrowed("part"),
                        data: Cow::Owned(bytes),
                    });
                    names.insert(*file, common);
                    continue;
                }
                None => format!("shared-{}-{version}.wasm", file.trim_start_matches("chunk_")),
            };
            write(&folder.join(&name), &bytes)?;
            names.insert(*file, name);
        }
        for (name, pack) in packs {
            write(&folder.join(&name), &pack.finish())?;
        }
        let file = format!("parts-{version}.js");
        write(&folder.join(&file), self.loader(program, &names).as_bytes())?;
        Ok(file)
    }

    /// The script that loads the parts, with its names filled in.
    fn loader(&self, program: &str, names: &BTreeMap<&str, String>) -> String {
        let mut needs = serde_json::Map::new();
        for (scene, files) in &self.needs {
            let mut all: Vec<&str> = Vec::new();
            for file in files.iter().filter_map(|file| names.get(file.as_str())) {
                if !all.contains(&file.as_str()) {
                    all.push(file);
                }
            }
            needs.insert(scene.clone(), all.into());
        }
        let mut script = include_str!("parts.js")
            .replacen("\"PROGRAM\"", &format!("\"./{program}\""), 1)
            .replacen("NEEDS = {}", &format!("NEEDS = {}", serde_json::Value::from(needs)), 1)
            .replacen("SHARED = []", &format!("SHARED = {}", serde_json::json!(self.shared)), 1);
        for (scene, module) in &self.modules {
            script += &format!("export const __wasm_split_load_{module} = loader(\"{scene}\");\n");
        }
        script
    }
}

/// Are all who take a file parts of the page?
fn of_page(users: &BTreeSet<&str>) -> bool {
    users.iter().all(|user| user.starts_with(PART))
}

/// By scene or part: the files that it takes, as a loader has them.
pub fn needs(loader: &str) -> Option<BTreeMap<String, Vec<String>>> {
    let (_, after) = loader.split_once("const NEEDS = ")?;
    serde_json::from_str(after.split_once(";\n")?.0).ok()
}

/// Sixteen digits that change whenever anything of the program does.
///
/// # Errors
/// One sentence when the file cannot be read.
pub fn version(program: &Path) -> Result<String, String> {
    let bytes = std::fs::read(program).map_err(|e| format!("{}: {e}.", program.display()))?;
    Ok(digest(&[&bytes, include_bytes!("parts.js")]))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|e| format!("{}: {e}.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_where_others_wrote_them() {
        let loader = "let a = {};\nconst { memory, __table,  } = initSync(undefined);\n";
        assert_eq!(shared_names(loader).unwrap(), ["memory", "__table"]);
        assert_eq!(shared_names("nothing"), None);
        let source =
            "const X: &str = \"id: \";\npub const SCENE: Scene = Scene {\n    id: \"a-b\",\n";
        assert_eq!(id_in(source).as_deref(), Some("a-b"));
        assert_eq!(scene_id("quorum").as_deref(), Ok("leaderless"));
        assert!(scene_id("nested").unwrap_err().contains("declares no scene"));
    }

    #[test]
    fn chunks_share_a_file_unless_they_are_large() {
        let folder = std::env::temp_dir().join(format!("xtask-parts-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        // Bytes that do not compress.
        let mut state = 1u32;
        let mut draw = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 11) as u8
        };
        let noise: Vec<u8> = (0..9_000).map(|_| draw()).collect();
        for (file, bytes) in
            [("split_a", &b"a"[..]), ("split_b", b"b"), ("chunk_1", b"tiny"), ("chunk_2", &noise)]
        {
            write(&folder.join(format!("{file}.wasm")), bytes).unwrap();
        }
        let list = |files: &[&str]| files.iter().map(|f| (*f).to_string()).collect::<Vec<_>>();
        let cut = Cut {
            folder: folder.clone(),
            needs: [
                ("a".to_string(), list(&["chunk_1", "chunk_2", "split_a"])),
                ("b".to_string(), list(&["chunk_1", "chunk_2", "split_b"])),
            ]
            .into(),
            modules: [("a".to_string(), "m".to_string()), ("b".to_string(), "b".to_string())]
                .into(),
            shared: list(&["memory"]),
        };
        let out = folder.join("out");
        std::fs::create_dir_all(&out).unwrap();
        let loader = cut.write(&out, "page-7.js", "7").unwrap();
        let script = std::fs::read_to_string(out.join(loader)).unwrap();
        assert!(script.contains("import { initSync } from \"./page-7.js\";"));
        assert!(script.contains("const SHARED = [\"memory\"];"));
        assert!(script.contains("export const __wasm_split_load_m = loader(\"a\");"));
        let needs = needs(&script).unwrap();
        assert_eq!(needs["a"], ["scenes-7.wasm", "shared-2-7.wasm", "scene-a-7.wasm"]);
        assert_eq!(needs["b"], ["scenes-7.wasm", "shared-2-7.wasm", "scene-b-7.wasm"]);
        let pack = std::fs::read(out.join("scenes-7.wasm")).unwrap();
        assert!(pack.starts_with(b"\0asm") && pack.ends_with(b"\x04parttiny"));
        std::fs::remove_dir_all(folder).ok();
    }
}

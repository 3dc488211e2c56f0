//! What drawing knows of protocols, by what names mean: ids of the catalogue, the modules of
//! protocols, the types that stand for them.

use crate::source::{Source, has_word, sources, texts};
use happened_before::protocols::CATALOG;
use std::collections::BTreeSet;

/// What must not be named by what draws.
struct Known {
    /// Ids of scenes.
    ids: Vec<&'static str>,
    /// Modules with a scene or a protocol in them, as `protocols::raft`.
    modules: BTreeSet<String>,
    /// Types that are a protocol.
    protocols: BTreeSet<String>,
}

impl Known {
    fn of(sources: &[Source]) -> Known {
        let (mut modules, mut protocols) = (BTreeSet::new(), BTreeSet::new());
        for source in sources {
            let file = source.name.trim_start_matches("src/").trim_end_matches(".rs");
            let module = file.split('/').take(2).collect::<Vec<_>>().join("::");
            for (_, line) in source.lines() {
                if let Some((_, after)) = line.split_once("impl Protocol for ") {
                    let name = after.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
                    protocols.insert(name.to_string());
                    modules.insert(module.clone());
                }
                if line.contains("const SCENE: Scene") {
                    modules.insert(module.clone());
                }
            }
        }
        Known { ids: CATALOG.iter().map(|s| s.id).collect(), modules, protocols }
    }

    /// Where Rust names a protocol.
    fn in_code(&self, source: &Source) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for (line, path) in source.paths() {
            let inside = |m: &&String| path == **m || path.starts_with(&format!("{m}::"));
            found.extend(self.modules.iter().find(inside).map(|m| (line, m.clone())));
        }
        // Paths begin at a module that has been imported, too.
        for (n, line) in source.lines() {
            for module in &self.modules {
                if line.contains(&format!("{module}::")) {
                    found.push((n, module.clone()));
                }
            }
            for name in &self.protocols {
                // The type itself, not a variant or a method of another.
                let alone = line.replace(&format!("::{name}"), "");
                let generic = alone.replace(&format!("ops::{name}"), "");
                if has_word(&generic, name) && !source.code.contains(&format!("std::ops::{name}")) {
                    found.push((n, name.clone()));
                }
            }
        }
        for (n, text) in &source.literals {
            let says = |id: &&&str| text == **id || text.starts_with(&format!("#{id}"));
            found.extend(self.ids.iter().find(says).map(|id| (*n, (*id).to_string())));
        }
        found
    }

    /// Classes and ids of CSS that are a scene's.
    fn in_styles(&self, css: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (i, _) in css.match_indices(['.', '#', '"']) {
            let name: String =
                css[i + 1..].chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
            let of = |id: &&&str| name == **id || name.starts_with(&format!("{id}-"));
            found.extend(self.ids.iter().find(of).map(|id| (*id).to_string()));
        }
        found
    }
}

#[test]
fn drawings_know_no_protocol() {
    let known = Known::of(&sources(&["src/protocols"]));
    assert!(known.modules.len() >= CATALOG.len(), "{:?}", known.modules);
    assert!(known.protocols.contains("Raft") && known.modules.contains("protocols::cap"));
    for source in sources(&["src/scene", "src/ui"]) {
        let found = known.in_code(&source);
        assert_eq!(found, [], "{}: what is drawn comes from views and the catalogue", source.name);
    }
    for (name, text) in texts("www", "css") {
        assert_eq!(known.in_styles(&text), [""; 0], "{name}: classes are named after meanings");
    }
}

#[test]
fn a_protocol_is_known_by_its_meaning_and_not_by_a_word() {
    let known = Known::of(&sources(&["src/protocols"]));
    let finds = |text: &str| -> Vec<String> {
        let found = known.in_code(&Source::of("src/scene/x.rs".into(), text));
        found.into_iter().map(|f| f.1).collect()
    };
    let none: Vec<String> = Vec::new();
    let one = |name: &str| vec![name.to_string()];
    assert_eq!(finds("use crate::protocols::raft;"), one("protocols::raft"));
    assert_eq!(finds("use crate::{protocols::{self, spanner::Look}};"), one("protocols::spanner"));
    assert_eq!(finds("let s = protocols::cap::SCENE;"), one("protocols::cap"));
    assert_eq!(finds("fn f(p: &Lamport) {}"), one("Lamport"));
    assert_eq!(finds("if id == \"vector-clock\" {}"), one("vector-clock"));
    assert_eq!(finds("if id == r\"raft\" {}"), one("raft"));
    // Words that titles and modules share with everything else.
    assert_eq!(finds("let (ranges, vector): (Vec<Event>, Consistent) = x; // raft"), none);
    assert_eq!(finds("let x = \"a raft of ranges\"; View::Sessions(1); f::quorum();"), none);
    assert_eq!(known.in_styles(".raft-log, #cap { }"), ["raft", "cap"]);
    assert_eq!(known.in_styles(".ranged .capable { } /* raft */"), [""; 0]);
}

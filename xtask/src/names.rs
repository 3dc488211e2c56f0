//! What the page's program is made of: the weight of each scene and of each part of the house, and
//! how often each generic function was instantiated.
//!
//! The program is read after it was cut and before wasm-opt drops its names. What stands in a scene's
//! own file is that scene's, instances of generic code included; what stands in the program's main
//! part belongs to the first part of this project that its name names, otherwise to the crate that it
//! is written in. A weight after brotli is that of the bodies, concatenated: what they would weigh
//! alone. The sum is larger than the files, each of which is compressed as one.

use crate::bytes::brotli_size;
use crate::say;
use crate::wasm;
use std::collections::BTreeMap;

/// Generic functions that are listed.
const LISTED: usize = 25;

/// The parts of the house by the path that their names start with; the first that fits.
const PARTS: [(&str, &str); 13] = [
    ("happened_before::core::", "engine"),
    ("happened_before::protocols::", "what scenes share"),
    ("happened_before::stories", "what scenes share"),
    ("happened_before::scene::", "drawing"),
    ("page::", "components"),
    ("happened_before::check::", "judges and searches"),
    ("happened_before::models::", "judges and searches"),
    ("happened_before::algo::", "algorithms"),
    ("happened_before::share::", "links, export, import"),
    ("happened_before::cli", "command line"),
    ("happened_before::", "other code of the library"),
    ("twin::", "worker's entry points"),
    ("yew", "dependencies: yew"),
];
const STANDARD: [&str; 4] = ["std", "core", "alloc", "hashbrown"];

/// The weight of one part.
#[derive(Default)]
struct Part<'a> {
    functions: usize,
    bodies: Vec<&'a [u8]>,
}

/// A file of the program, with its names.
pub struct File {
    /// Whose it is; that of the main part is told by names.
    pub owner: Option<String>,
    pub bytes: Vec<u8>,
}

/// Prints the table of a program's files.
///
/// # Errors
/// When a file is no module, or none has names.
pub fn print(files: &[File]) -> Result<(), String> {
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    let mut generics: BTreeMap<String, (usize, u64)> = BTreeMap::new();
    let mut data: BTreeMap<String, Vec<&[u8]>> = BTreeMap::new();
    for file in files {
        let module = wasm::read(&file.bytes)?;
        for function in &module.functions {
            let name = readable(function.symbol);
            let owner = file.owner.clone().unwrap_or_else(|| part(&name));
            let part = parts.entry(owner).or_default();
            part.functions += 1;
            part.bodies.push(function.body);
            let (count, bytes) = generics.entry(name).or_default();
            *count += 1;
            *bytes += function.body.len() as u64;
        }
        let owner = file.owner.as_deref().unwrap_or("the main part");
        data.entry(format!("data: {owner}")).or_default().extend(module.data);
    }
    generics.remove("");
    if generics.is_empty() {
        return Err("This program has no names.".into());
    }
    let mut rows = Vec::new();
    for (part, weight) in &parts {
        let bytes = weight.bodies.concat();
        rows.push((bytes.len() as u64, brotli_size(&bytes)?, weight.functions, part));
    }
    for (part, segments) in &data {
        let bytes = segments.concat();
        rows.push((bytes.len() as u64, brotli_size(&bytes)?, 0, part));
    }
    say::heading("The program by part, before wasm-opt");
    println!("   {:>9} {:>11} {:>11}", "functions", "raw", "brotli 11");
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.3.cmp(b.3)));
    for (raw, brotli, functions, part) in &rows {
        println!("   {functions:>9} {:>11} {:>11}  {part}", say::bytes(*raw), say::bytes(*brotli));
    }
    println!("   Each part is compressed alone, so the sum is more than the files weigh.");
    println!();
    println!("   {:>9} {:>11}  generic function", "instances", "raw");
    let mut all: Vec<_> = generics.into_iter().filter(|(_, (count, _))| *count > 1).collect();
    all.sort_by(|a, b| b.1.1.cmp(&a.1.1).then_with(|| a.0.cmp(&b.0)));
    for (name, (count, raw)) in all.iter().take(LISTED) {
        println!("   {count:>9} {:>11}  {name}", say::bytes(*raw));
    }
    Ok(())
}

/// A symbol as it was written, without the hash that tells instances of one function apart.
fn readable(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}

/// The part that a function belongs to.
fn part(name: &str) -> String {
    let ours = PARTS.iter().filter_map(|(path, part)| {
        let at = mentions(name, path)?;
        Some((at, *part))
    });
    if let Some((_, part)) = ours.min_by_key(|(at, _)| *at) {
        return part.into();
    }
    let start = name.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '_');
    let word = start.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    match word {
        "" => "without a name".into(),
        std if STANDARD.contains(&std) => "standard library".into(),
        runtime if runtime.starts_with("__") || !name.contains("::") => "compiler's runtime".into(),
        _ => "dependencies: others".into(),
    }
}

/// Where a path is named, at the start of a word.
fn mentions(name: &str, path: &str) -> Option<usize> {
    let inner = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    name.match_indices(path).map(|(at, _)| at).find(|at| !name[..*at].ends_with(inner))
}

#[test]
fn functions_are_put_with_their_part() {
    let is = |name: &str, expected: &str| assert_eq!(part(name), expected, "{name}");
    is("<happened_before::core::world::World<P>>::step", "engine");
    is("happened_before::protocols::catalog::knobs", "what scenes share");
    is("<alloc::vec::Vec<happened_before::core::trace::Event>>::push", "engine");
    is("<page::ui::app::App as yew::html::component::BaseComponent>::view", "components");
    is("<yew::virtual_dom::VNode as core::ops::drop::Drop>::drop", "dependencies: yew");
    is("core::fmt::write", "standard library");
    is("<serde_json::value::Value as core::fmt::Display>::fmt", "dependencies: others");
    is("memcpy", "compiler's runtime");
    is("", "without a name");
}

#[test]
fn instances_of_one_function_have_one_name() {
    assert_eq!(readable("_ZN1a1f17h231de1672abc6c51E"), "a::f");
    assert_eq!(readable("memcpy"), "memcpy");
}

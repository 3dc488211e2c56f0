//! Reads a WebAssembly module as far as its weight is asked: functions with their names, data.

use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

/// A function that the module defines.
pub struct Function<'a> {
    /// As the linker knows it; empty where names were stripped.
    pub symbol: &'a str,
    /// Its body as it stands in the module.
    pub body: &'a [u8],
}

/// What a module consists of.
#[derive(Default)]
pub struct Module<'a> {
    pub functions: Vec<Function<'a>>,
    /// The contents of all data segments, in order.
    pub data: Vec<&'a [u8]>,
}

/// Takes a module apart.
///
/// # Errors
/// One sentence when it is no module.
pub fn read(bytes: &[u8]) -> Result<Module<'_>, String> {
    let wrong = |e: wasmparser::BinaryReaderError| format!("this is no WebAssembly module: {e}.");
    let mut module = Module::default();
    let mut imported = 0;
    let mut named: Vec<(u32, &str)> = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(wrong)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let function = matches!(import.map_err(wrong)?.ty, TypeRef::Func(_));
                    imported += u32::from(function);
                }
            }
            Payload::CodeSectionEntry(body) => {
                module.functions.push(Function { symbol: "", body: body.as_bytes() });
            }
            Payload::DataSection(segments) => {
                for segment in segments {
                    module.data.push(segment.map_err(wrong)?.data);
                }
            }
            Payload::CustomSection(section) => {
                let KnownCustom::Name(names) = section.as_known() else { continue };
                for name in names {
                    let Ok(Name::Function(functions)) = name else { continue };
                    let all = functions.into_iter().filter_map(Result::ok);
                    named.extend(all.map(|naming| (naming.index, naming.name)));
                }
            }
            _ => {}
        }
    }
    for (index, name) in named {
        let place = index.checked_sub(imported).map(|i| i as usize);
        if let Some(function) = place.and_then(|i| module.functions.get_mut(i)) {
            function.symbol = name;
        }
    }
    Ok(module)
}

/// A module without its section of names.
///
/// # Errors
/// One sentence when it is no module.
pub fn without_names(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let wrong = |e: wasmparser::BinaryReaderError| format!("this is no WebAssembly module: {e}.");
    let mut out = wasm_encoder::Module::HEADER.to_vec();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(wrong)?;
        let names = matches!(&payload, Payload::CustomSection(s) if s.name() == "name");
        if let Some((id, range)) = payload.as_section().filter(|_| !names) {
            let data = &bytes[range.start as usize..range.end as usize];
            let section = wasm_encoder::RawSection { id, data };
            wasm_encoder::Section::append_to(&section, &mut out);
        }
    }
    Ok(out)
}

#[test]
fn names_are_dropped_and_all_else_kept() {
    let module = b"\0asm\x01\0\0\0\x00\x06\x04nameX\x01\x01\0\x00\x04\x03abc";
    assert_eq!(without_names(module).unwrap(), b"\0asm\x01\0\0\0\x01\x01\0\x00\x04\x03abc");
    assert!(without_names(b"<!doctype html>").is_err());
    assert!(without_names(b"\0asm\x01\0\0\0\x00\x7f").is_err());
}

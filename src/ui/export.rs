//! What the program offers to JavaScript: the command line, in the page, in a worker and in Node.

use happened_before::cli::{self, Host, Output};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wasm_bindgen::prelude::*;

/// One command line with the files it may read.
#[derive(Deserialize)]
struct Request {
    args: Vec<String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    stdin: String,
}

/// The machine of a command: the files of its request, and nothing else.
struct Given(Request);

impl Host for Given {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        match self.0.files.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => Err(format!("{path}: no such file was given")),
        }
    }
    fn write(&self, path: &str, _bytes: &[u8]) -> Result<(), String> {
        Err(format!("{path}: the page writes no files"))
    }
    fn stdin(&self) -> Result<String, String> {
        Ok(self.0.stdin.clone())
    }
    fn clock_ms(&self) -> u64 {
        js_sys::Date::now() as u64
    }
}

/// Runs `hb` with `{args, files, stdin}` and gives `{code, stdout, stderr}`.
#[wasm_bindgen]
pub fn hb_call(request: JsValue) -> Result<JsValue, JsValue> {
    let wrong = |e: serde_wasm_bindgen::Error| {
        JsValue::from(JsError::new(&format!("hb_call takes {{args, files, stdin}}: {e}")))
    };
    let host = Given(serde_wasm_bindgen::from_value(request).map_err(wrong)?);
    let output: Output = cli::call(&host.0.args, &host);
    let plain = serde_wasm_bindgen::Serializer::json_compatible();
    output.serialize(&plain).map_err(wrong)
}

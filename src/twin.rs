//! `hb` for JavaScript: the command line in a worker and in Node, apart from the page so that the
//! page stays small. Natively it is a stub; xtask builds it for wasm32.

#[cfg(target_arch = "wasm32")]
mod twin {
    use happened_before::check::hunt::{self, HuntRequest};
    use happened_before::cli::{self, Host, Output};
    use happened_before::core::quote::shown;
    use happened_before::core::sorted::SortedMap;
    use happened_before::share::import::execution::ImportError;
    use happened_before::share::import::reading;
    use serde::{Deserialize, Serialize};
    use wasm_bindgen::prelude::*;

    /// One command line with the files it may read.
    #[derive(Deserialize)]
    struct CommandRequest {
        args: Vec<String>,
        #[serde(default)]
        files: SortedMap<String, String>,
        #[serde(default)]
        stdin: String,
    }

    /// The machine of a command: the files of its request, and nothing else.
    struct RequestHost(CommandRequest);

    impl Host for RequestHost {
        fn read(&self, path: &str) -> Result<Vec<u8>, String> {
            match self.0.files.get(path) {
                Some(text) => Ok(text.clone().into_bytes()),
                None => Err(format!("{}: no such file was given", shown(path))),
            }
        }
        fn write(&self, path: &str, _bytes: &[u8]) -> Result<(), String> {
            Err(format!("{}: the page writes no files", shown(path)))
        }
        fn stdin(&self) -> Result<String, String> {
            Ok(self.0.stdin.clone())
        }
        fn clock_ms(&self) -> u64 {
            now_ms()
        }
        fn held(&self) -> Option<u64> {
            const PAGE: u64 = 64 << 10;
            Some(core::arch::wasm32::memory_size::<0>() as u64 * PAGE)
        }
    }

    fn now_ms() -> u64 {
        js_sys::Date::now() as u64
    }

    /// What stopped the program, kept for whoever asks after it has: `hbPanic` of the worker.
    #[wasm_bindgen(start)]
    pub fn start() {
        std::panic::set_hook(Box::new(|info| {
            let _ = js_sys::Reflect::set(
                &js_sys::global(),
                &"hbPanic".into(),
                &info.to_string().into(),
            );
        }));
    }

    /// A search in slices; see `check::hunt`. Requests and news are JSON texts.
    #[wasm_bindgen]
    pub struct Hunt(hunt::SearchJob);

    #[wasm_bindgen]
    impl Hunt {
        /// Reads what is asked for; throws one sentence.
        #[wasm_bindgen(constructor)]
        pub fn new(request: &str) -> Result<Hunt, JsError> {
            let asked: HuntRequest = serde_json::from_str(request)
                .map_err(|why| JsError::new(&format!("this is no request for a search: {why}")))?;
            hunt::SearchJob::new(&asked).map(Hunt).map_err(|why| JsError::new(&why))
        }

        /// Goes on for so many milliseconds; true once it is over.
        pub fn slice(&mut self, ms: u32) -> Result<bool, JsError> {
            self.0.slice(&now_ms, ms.into()).map_err(|why| JsError::new(&why))
        }

        /// Ends it where it is.
        pub fn finish(&mut self) {
            self.0.finish();
        }

        /// How far it has come.
        pub fn news(&self) -> String {
            serde_json::to_string(&self.0.news()).unwrap_or_default()
        }
    }

    /// A recorded log, read in slices; see `share::import::reading`.
    #[wasm_bindgen]
    pub struct Reading(reading::LogReading);

    fn refused(why: &ImportError) -> JsError {
        JsError::new(&reading::sentence(why))
    }

    #[wasm_bindgen]
    impl Reading {
        /// Begins to read: a trace of etcd where there is no parser. Throws one sentence.
        #[wasm_bindgen(constructor)]
        pub fn new(
            text: String,
            parser: Option<String>,
            delimiter: Option<String>,
        ) -> Result<Reading, JsError> {
            let begun = match parser {
                Some(parser) => reading::LogReading::shiviz(text, &parser, delimiter.as_deref()),
                None => reading::LogReading::etcd(text),
            };
            begun.map(Reading).map_err(|why| refused(&why))
        }

        /// Goes on for so many milliseconds; true once all is read.
        pub fn slice(&mut self, ms: u32) -> Result<bool, JsError> {
            let end = now_ms() + u64::from(ms);
            self.0.go(|| now_ms() >= end).map_err(|why| refused(&why))
        }

        /// How far it has come.
        pub fn news(&self) -> String {
            serde_json::to_string(&self.0.news()).unwrap_or_default()
        }

        /// What was read, part after part.
        pub fn part(&mut self) -> Option<String> {
            self.0.part()
        }
    }

    /// Runs `hb` with `{args, files, stdin}` and gives `{code, stdout, stderr}`.
    #[wasm_bindgen]
    pub fn hb_call(request: JsValue) -> Result<JsValue, JsValue> {
        let wrong = |e: serde_wasm_bindgen::Error| {
            JsValue::from(JsError::new(&format!("hb_call takes {{args, files, stdin}}: {e}")))
        };
        let host = RequestHost(serde_wasm_bindgen::from_value(request).map_err(wrong)?);
        let output: Output = cli::call(&host.0.args, &host);
        let plain = serde_wasm_bindgen::Serializer::json_compatible();
        output.serialize(&plain).map_err(wrong)
    }
}

fn main() {
    #[cfg(not(target_arch = "wasm32"))]
    {
        eprintln!("This is hb for JavaScript; natively, run `hb`.");
        std::process::exit(64);
    }
}

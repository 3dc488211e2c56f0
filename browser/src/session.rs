//! One window of a real browser.

use crate::driver::{self, Browser, Driver, Found};
use crate::{http, keys, target_dir};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Light or dark, as the system would prefer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

/// How a session's window looks to the page.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Width of the page in CSS pixels.
    pub width: u32,
    /// Height of the page in CSS pixels.
    pub height: u32,
    /// `prefers-color-scheme`.
    pub scheme: Scheme,
    /// `prefers-reduced-motion: reduce`.
    pub reduced_motion: bool,
    /// `prefers-contrast: more`; Chromium only.
    pub more_contrast: bool,
    /// `forced-colors: active`; Chromium only.
    pub forced_colors: bool,
}

impl Look {
    /// A light window of this size.
    pub const fn size(width: u32, height: u32) -> Look {
        Look {
            width,
            height,
            scheme: Scheme::Light,
            reduced_motion: false,
            more_contrast: false,
            forced_colors: false,
        }
    }

    /// The same, dark.
    pub const fn dark(self) -> Look {
        Look { scheme: Scheme::Dark, ..self }
    }

    /// The same, without motion.
    pub const fn still(self) -> Look {
        Look { reduced_motion: true, ..self }
    }
}

impl Default for Look {
    fn default() -> Look {
        Look::size(1440, 900)
    }
}

/// A window under test. Methods panic with one line that says what the browser answered; the
/// browser ends when the session is dropped.
pub struct Session {
    driver: Driver,
    browser: Browser,
    id: String,
}

impl Session {
    pub(crate) fn start(found: &Found, look: Look, traced: bool) -> Session {
        let driver = Driver::start(found);
        let options = driver::capabilities(found, look, traced);
        let answer = http::call(driver.port, "POST", "/session", &options)
            .unwrap_or_else(|e| panic!("{} does not start: {e}", found.program.display()));
        let id = answer["sessionId"].as_str().expect("a session has an id").to_owned();
        let mut session = Session { driver, browser: found.browser, id };
        session.set_look(look);
        session
    }

    /// Which browser this is.
    pub fn browser(&self) -> Browser {
        self.browser
    }

    /// Changes size and preferences; Firefox keeps the preferences it started with.
    pub fn set_look(&mut self, look: Look) {
        if self.browser == Browser::Firefox {
            self.post("/window/rect", json!({ "width": look.width, "height": look.height }));
            return;
        }
        let size = json!({
            "width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.cdp("Emulation.setDeviceMetricsOverride", size);
        let feature = |name: &str, on: bool, value: &str| json!({ "name": name, "value": if on { value } else { "" } });
        let scheme = if look.scheme == Scheme::Dark { "dark" } else { "light" };
        let features = json!({ "features": [
            feature("prefers-color-scheme", true, scheme),
            feature("prefers-reduced-motion", look.reduced_motion, "reduce"),
            feature("prefers-contrast", look.more_contrast, "more"),
            feature("forced-colors", look.forced_colors, "active"),
        ]});
        self.cdp("Emulation.setEmulatedMedia", features);
    }

    /// Sends a Chrome DevTools Protocol command; Chromium only.
    pub fn cdp(&mut self, command: &str, parameters: Value) -> Value {
        self.post("/goog/cdp/execute", json!({ "cmd": command, "params": parameters }))
    }

    /// Opens an address and waits for its `load` event.
    pub fn goto(&mut self, url: &str) {
        self.post("/url", json!({ "url": url }));
    }

    /// The value of a JavaScript expression.
    pub fn eval(&mut self, expression: &str) -> Value {
        let script = format!("return ({expression});");
        self.post("/execute/sync", json!({ "script": script, "args": [] }))
    }

    /// The value a JavaScript expression's promise resolves to.
    ///
    /// # Panics
    /// When the promise is rejected, with the reason.
    pub fn eval_async(&mut self, expression: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1]; \
             (async () => ({expression}))().then(v => done({{ ok: v }}), \
             e => done({{ error: String(e) }}));"
        );
        let answer = self.post("/execute/async", json!({ "script": script, "args": [] }));
        if let Some(error) = answer.get("error") {
            panic!("{expression}: {error}");
        }
        answer.get("ok").cloned().unwrap_or(Value::Null)
    }

    /// Runs a script in the page, whatever its Content-Security-Policy says.
    pub fn run(&mut self, script: &str) {
        self.post("/execute/sync", json!({ "script": script, "args": [] }));
    }

    /// Whether a JavaScript expression is truthy.
    pub fn is(&mut self, expression: &str) -> bool {
        self.eval(&format!("Boolean({expression})")) == Value::Bool(true)
    }

    /// The text of the first element a selector matches.
    pub fn text(&mut self, css: &str) -> String {
        let id = self.element(css);
        let text = self.get(&format!("/element/{id}/text"));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until a JavaScript expression is truthy; one that speaks of what is not there yet is not.
    ///
    /// # Panics
    /// After `timeout`, with the expression and what the page shows.
    pub fn wait_until(&mut self, expression: &str, timeout: Duration) {
        let end = Instant::now() + timeout;
        let there = format!(
            "(() => {{ try {{ return Boolean({expression}) }} catch {{ return false }} }})()"
        );
        while !self.is(&there) {
            if Instant::now() > end {
                let shown = self.eval("document.body.innerText.slice(0, 400)");
                let errors = self.console_errors();
                panic!("not within {timeout:?}: {expression}; the page shows {shown}; {errors:?}");
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Waits for the page's program to run or to say why it does not.
    pub fn wait_for_boot(&mut self) {
        self.wait_until("document.documentElement.dataset.boot", Duration::from_secs(60));
    }

    /// Clicks the middle of the first element a selector matches, scrolled into view; an error if
    /// something covers it.
    pub fn click(&mut self, css: &str) {
        let id = self.element(css);
        self.post(&format!("/element/{id}/click"), json!({}));
    }

    /// Types into the first element a selector matches.
    pub fn type_into(&mut self, css: &str, text: &str) {
        let id = self.element(css);
        self.post(&format!("/element/{id}/value"), json!({ "text": text }));
    }

    /// The centre of the first element a selector matches, in CSS pixels of the window.
    pub fn centre(&mut self, css: &str) -> (f64, f64) {
        let quoted = Value::from(css);
        let at = self.eval(&format!(
            "(e => {{ const r = e.getBoundingClientRect(); \
             return [r.x + r.width / 2, r.y + r.height / 2]; }})(document.querySelector({quoted}))"
        ));
        let part = |i: usize| at[i].as_f64().unwrap_or_else(|| panic!("{css} has no place"));
        (part(0), part(1))
    }

    /// Moves the mouse to a point of the window.
    pub fn hover(&mut self, at: (f64, f64)) {
        self.pointer(vec![moved(at, 0)]);
    }

    /// Clicks at a point of the window.
    pub fn click_at(&mut self, at: (f64, f64)) {
        let down = json!({ "type": "pointerDown", "button": 0 });
        let up = json!({ "type": "pointerUp", "button": 0 });
        self.pointer(vec![moved(at, 0), down, up]);
    }

    /// Drags with the mouse from one point of the window to another, in steps.
    pub fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        const STEPS: u32 = 6;
        let mut actions = vec![moved(from, 0), json!({ "type": "pointerDown", "button": 0 })];
        for step in 1..=STEPS {
            let part = f64::from(step) / f64::from(STEPS);
            let at = (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
            actions.push(moved(at, 20));
        }
        actions.push(json!({ "type": "pointerUp", "button": 0 }));
        self.pointer(actions);
    }

    /// Presses keys together by their names, as in `"Control+k"`, `"ArrowRight"`, `"."`.
    pub fn key(&mut self, chord: &str) {
        let names: Vec<&str> = if chord == "+" { vec!["+"] } else { chord.split('+').collect() };
        let action =
            |kind: &str, name: &str| json!({ "type": kind, "value": keys::code(name).to_string() });
        let mut actions: Vec<Value> = names.iter().map(|n| action("keyDown", n)).collect();
        actions.extend(names.iter().rev().map(|n| action("keyUp", n)));
        self.actions(json!({ "type": "key", "id": "keys", "actions": actions }));
    }

    /// Saves what the window shows as `screenshots/NAME.png` in the target folder.
    pub fn screenshot(&mut self, name: &str) -> PathBuf {
        let picture = self.get("/screenshot");
        let bytes = BASE64_STANDARD
            .decode(picture.as_str().unwrap_or_default())
            .unwrap_or_else(|e| panic!("the driver's screenshot is not base64: {e}"));
        let file = target_dir().join("screenshots").join(format!("{name}.png"));
        let saved = std::fs::create_dir_all(file.parent().expect("a folder"))
            .and_then(|()| std::fs::write(&file, bytes));
        saved.unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        file
    }

    /// Everything that went wrong in the page since it was opened: errors, warnings, unhandled
    /// rejections, violations of its Content-Security-Policy and, in Chromium, what its own
    /// console calls severe since the last look.
    pub fn console_errors(&mut self) -> Vec<String> {
        let hooked = self.eval("window.__errors || []");
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let mut errors: Vec<String> = hooked.as_array().into_iter().flatten().map(text).collect();
        if self.browser == Browser::Chromium {
            let log = self.post("/se/log", json!({ "type": "browser" }));
            let severe = log.as_array().into_iter().flatten().filter(|e| e["level"] == "SEVERE");
            errors.extend(severe.map(|e| text(&e["message"])));
        }
        errors
    }

    /// What a traced session has recorded since the last look: events of Chromium's trace format.
    pub(crate) fn trace(&mut self) -> Vec<Value> {
        let log = self.post("/se/log", json!({ "type": "performance" }));
        let event = |entry: &Value| {
            let mut entry: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = entry["message"].take();
            (message["method"] == "Tracing.dataCollected").then(|| message["params"].clone())
        };
        log.as_array().into_iter().flatten().filter_map(event).collect()
    }

    fn element(&mut self, css: &str) -> String {
        let found = self.post("/element", json!({ "using": "css selector", "value": css }));
        found[ELEMENT].as_str().expect("an element has an id").to_owned()
    }

    fn pointer(&mut self, actions: Vec<Value>) {
        self.actions(json!({
            "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" },
            "actions": actions,
        }));
    }

    fn actions(&mut self, source: Value) {
        self.post("/actions", json!({ "actions": [source] }));
    }

    fn get(&mut self, path: &str) -> Value {
        self.call("GET", path, &Value::Null)
    }

    fn post(&mut self, path: &str, body: Value) -> Value {
        self.call("POST", path, &body)
    }

    fn call(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/session/{}{path}", self.id);
        http::call(self.driver.port, method, &path, body).unwrap_or_else(|e| panic!("{e}"))
    }
}

fn moved(at: (f64, f64), ms: u32) -> Value {
    json!({ "type": "pointerMove", "duration": ms, "origin": "viewport", "x": at.0.round() as i64, "y": at.1.round() as i64 })
}

impl Drop for Session {
    fn drop(&mut self) {
        // Ends the browser; the driver alone, killed, would leave it running.
        let path = format!("/session/{}", self.id);
        http::call(self.driver.port, "DELETE", &path, &Value::Null).ok();
    }
}

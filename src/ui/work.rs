//! The twin in a worker, asked one thing, with a limit of time; and files out of and into the page.

use super::dom;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};
use yew::prelude::*;

/// What the twin answered: exit code, output, complaint; or why there is no answer.
pub type Done = Result<(i32, String, String), String>;

/// A question under way; dropped, it is withdrawn.
pub struct Job {
    worker: Worker,
    timer: i32,
    _heard: Closure<dyn FnMut(MessageEvent)>,
    _late: Closure<dyn FnMut()>,
}

fn put(object: &JsValue, name: &str, value: impl Into<JsValue>) {
    let _ = js_sys::Reflect::set(object, &name.into(), &value.into());
}

fn get(object: &JsValue, name: &str) -> JsValue {
    js_sys::Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

impl Job {
    /// Asks `hb` with files given by name; after `limit` milliseconds it is stopped.
    pub fn ask(
        args: &[&str],
        files: &[(&str, &str)],
        limit: i32,
        done: Callback<Done>,
    ) -> Result<Job, JsValue> {
        let worker = worker()?;
        let heard = listen(done.clone());
        worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        worker.post_message(&question(args, files))?;
        let late = Closure::<dyn FnMut()>::new(move || {
            done.emit(Err(format!("it took longer than {} s and was stopped", limit / 1000)));
        });
        let timer = dom::window().set_timeout_with_callback_and_timeout_and_arguments_0(
            late.as_ref().unchecked_ref(),
            limit,
        )?;
        Ok(Job { worker, timer, _heard: heard, _late: late })
    }
}

/// The twin in a worker of its own that stays, for questions that come again and again: one at a
/// time.
pub struct Clerk {
    worker: Worker,
    _heard: Closure<dyn FnMut(MessageEvent)>,
}

impl Clerk {
    /// Starts it; `done` hears each answer.
    pub fn start(done: Callback<Done>) -> Result<Clerk, JsValue> {
        let worker = worker()?;
        let heard = listen(done);
        worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        Ok(Clerk { worker, _heard: heard })
    }

    /// Asks `hb` with files given by name.
    pub fn ask(&self, args: &[&str], files: &[(&str, &str)]) -> Result<(), JsValue> {
        self.worker.post_message(&question(args, files))
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

fn worker() -> Result<Worker, JsValue> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    Worker::new_with_options("worker.js", &options)
}

fn listen(done: Callback<Done>) -> Closure<dyn FnMut(MessageEvent)> {
    Closure::new(move |e: MessageEvent| {
        let data = e.data();
        let response = get(&data, "response");
        let text = |name| get(&response, name).as_string().unwrap_or_default();
        done.emit(match get(&data, "error").as_string() {
            Some(why) => Err(why),
            None => {
                let code = get(&response, "code").as_f64().unwrap_or(64.0) as i32;
                Ok((code, text("stdout"), text("stderr")))
            }
        });
    })
}

fn question(args: &[&str], files: &[(&str, &str)]) -> JsValue {
    let (request, given) = (js_sys::Object::new(), js_sys::Object::new());
    files.iter().for_each(|(name, text)| put(&given, name, *text));
    let list: js_sys::Array = args.iter().map(|a| JsValue::from(*a)).collect();
    put(&request, "args", list);
    put(&request, "files", given);
    let message = js_sys::Object::new();
    put(&message, "id", 1);
    put(&message, "request", request);
    message.into()
}

impl Drop for Job {
    fn drop(&mut self) {
        self.worker.terminate();
        dom::window().clear_timeout_with_handle(self.timer);
    }
}

/// Reads a file as text.
pub fn read(file: &web_sys::File, done: Callback<(String, String)>) {
    let (name, text) = (file.name(), file.text());
    wasm_bindgen_futures::spawn_local(async move {
        if let Ok(text) = wasm_bindgen_futures::JsFuture::from(text).await {
            done.emit((name, text.as_string().unwrap_or_default()));
        }
    });
}

/// Offers a text as a file to keep.
pub fn save(name: &str, kind: &str, text: &str) {
    let parts = js_sys::Array::of1(&text.into());
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    let Ok(blob) = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options) else {
        return;
    };
    let Ok(address) = web_sys::Url::create_object_url_with_blob(&blob) else { return };
    if let Ok(link) = dom::document().create_element("a") {
        let _ = link.set_attribute("href", &address);
        let _ = link.set_attribute("download", name);
        if let Some(link) = link.dyn_ref::<web_sys::HtmlElement>() {
            link.click();
        }
    }
    let _ = web_sys::Url::revoke_object_url(&address);
}

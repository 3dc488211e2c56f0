//! A log read by the twin in a worker, which tells how far it is; and files out of the page.

use super::dom;
use gloo_timers::callback::Timeout;
use happened_before::share::import::reading::ReadingNews;
use happened_before::share::import::shiviz::{self, Doubt};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker};
use yew::prelude::*;

/// Where a log comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Typed or pasted.
    Text(String),
    /// A file: it goes to the worker unread.
    File(web_sys::File),
}

/// What a worker tells of a log.
pub enum LogNews {
    /// How far it is.
    News(ReadingNews),
    /// The next lines of what was read, see `share::import::compact`.
    Part(String),
    /// That was all.
    End,
    /// Why it goes no further.
    Failed(String),
}

/// What the twin answered: exit code, output, complaint; or why there is no answer.
pub type Done = Result<(i32, String, String), String>;

/// A worker with the twin in it, which is fetched at once and reads a log to try; or what stands in
/// for one.
pub struct Hand(Worker);

impl Hand {
    /// Starts one, where the browser lets it.
    pub fn new() -> Option<Hand> {
        let worker = worker().ok()?;
        let ready = js_sys::Object::new();
        put(&ready, "ready", shiviz::DEFAULT_PARSER);
        worker.post_message(&ready).ok()?;
        Some(Hand(worker))
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.0.terminate();
    }
}

/// A log that is being read; dropped, that is given up.
pub struct Job {
    hand: Option<Hand>,
    patience: Rc<Patience>,
    _heard: Closure<dyn FnMut(MessageEvent)>,
}

fn put(object: &JsValue, name: &str, value: impl Into<JsValue>) {
    let _ = js_sys::Reflect::set(object, &name.into(), &value.into());
}

fn get(object: &JsValue, name: &str) -> JsValue {
    js_sys::Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Says that nothing was heard for `limit` milliseconds; dropped, that says nothing.
struct Patience {
    limit: u32,
    late: Callback<()>,
    timer: RefCell<Option<Timeout>>,
}

impl Patience {
    fn new(limit: u32, late: impl Fn() + 'static) -> Rc<Patience> {
        Rc::new(Patience { limit, late: Callback::from(move |()| late()), timer: None.into() })
    }

    /// Waits anew.
    fn wind(&self) {
        let late = self.late.clone();
        *self.timer.borrow_mut() = Some(Timeout::new(self.limit, move || late.emit(())));
    }

    fn rest(&self) {
        *self.timer.borrow_mut() = None;
    }
}

fn told(data: &JsValue) -> LogNews {
    if let Some(why) = get(data, "error").as_string() {
        return LogNews::Failed(why);
    }
    if let Some(part) = get(data, "part").as_string() {
        return LogNews::Part(part);
    }
    let news = get(data, "news");
    if news.is_undefined() {
        return LogNews::End;
    }
    let count = |of: &JsValue, name| get(of, name).as_f64().unwrap_or(0.0) as usize;
    let (number, unread) = (|name| count(&news, name), get(&news, "doubt"));
    LogNews::News(ReadingNews {
        bytes: number("bytes"),
        of: number("of"),
        events: number("events"),
        checked: number("checked"),
        doubt: Doubt {
            left: count(&unread, "left"),
            first_left: count(&unread, "first_left") as u32,
            empty: count(&unread, "empty"),
            first_empty: count(&unread, "first_empty") as u32,
        },
    })
}

impl Job {
    /// Has a log read: a trace of etcd where there is no parser. Whoever tells nothing for `limit`
    /// milliseconds is stopped: a regular expression may go on for ever.
    pub fn read(
        hand: Hand,
        source: &Source,
        parser: Option<&str>,
        delimiter: &str,
        limit: u32,
        done: Callback<LogNews>,
    ) -> Result<Job, JsValue> {
        let patience = {
            let done = done.clone();
            Patience::new(limit, move || {
                let why = format!(
                    "it came no further within {} s and was stopped. Is the parser to blame?",
                    limit / 1000
                );
                done.emit(LogNews::Failed(why));
            })
        };
        let heard = {
            let patience = patience.clone();
            Closure::<dyn FnMut(MessageEvent)>::new(move |e: MessageEvent| {
                patience.wind();
                done.emit(told(&e.data()));
            })
        };
        hand.0.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        let (message, log) = (js_sys::Object::new(), js_sys::Object::new());
        match source {
            Source::Text(text) => put(&log, "text", text.as_str()),
            Source::File(file) => put(&log, "file", file.clone()),
        }
        if let Some(parser) = parser {
            put(&log, "parser", parser);
        }
        if !delimiter.is_empty() {
            put(&log, "delimiter", delimiter);
        }
        put(&message, "log", log);
        hand.0.post_message(&message)?;
        patience.wind();
        Ok(Job { hand: Some(hand), patience, _heard: heard })
    }

    /// The worker, for the next log.
    pub fn finish(mut self) -> Option<Hand> {
        let hand = self.hand.take()?;
        hand.0.set_onmessage(None);
        Some(hand)
    }
}

/// One question to the twin in a worker; dropped, that is stopped.
pub struct Question {
    worker: Worker,
    _heard: Closure<dyn FnMut(MessageEvent)>,
    _late: Timeout,
}

impl Question {
    /// Asks `hb` with files given by name; after `limit` milliseconds it is stopped.
    pub fn ask(
        args: &[&str],
        files: &[(&str, &str)],
        limit: u32,
        done: Callback<Done>,
    ) -> Result<Question, JsValue> {
        let worker = worker()?;
        let heard = listen(done.clone());
        worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        worker.post_message(&question(args, files))?;
        let late = Timeout::new(limit, move || {
            done.emit(Err(format!("it took longer than {} s and was stopped", limit / 1000)));
        });
        Ok(Question { worker, _heard: heard, _late: late })
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

/// The twin in a worker of its own that stays, for questions that come again and again: one at a
/// time.
pub struct Clerk {
    worker: Worker,
    patience: Rc<Patience>,
    _heard: Closure<dyn FnMut(MessageEvent)>,
}

impl Clerk {
    /// Starts it; `done` hears each answer, and after `limit` milliseconds that there is none:
    /// browsers end workers without a word.
    pub fn start(limit: u32, done: Callback<Done>) -> Result<Clerk, JsValue> {
        let worker = worker()?;
        let patience = {
            let done = done.clone();
            Patience::new(limit, move || {
                done.emit(Err(format!("its worker has said nothing for {} s", limit / 1000)));
            })
        };
        let answered = {
            let patience = patience.clone();
            Callback::from(move |answer: Done| {
                patience.rest();
                done.emit(answer);
            })
        };
        let heard = listen(answered);
        worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        Ok(Clerk { worker, patience, _heard: heard })
    }

    /// Asks `hb` with files given by name.
    pub fn ask(&self, args: &[&str], files: &[(&str, &str)]) -> Result<(), JsValue> {
        self.patience.wind();
        self.worker.post_message(&question(args, files))
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        self.patience.rest();
        self.worker.terminate();
    }
}

fn worker() -> Result<Worker, JsValue> {
    // Of the loader, so that one place knows how; where the browser refuses workers it is something
    // that reads logs like one, and refuses the rest in a sentence.
    let boot = get(&dom::window(), "hbBoot");
    let hand = get(&boot, "hand").dyn_into::<js_sys::Function>()?.call0(&boot)?;
    Ok(hand.unchecked_into())
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
        // It and what hears it hold each other's callbacks.
        self.patience.rest();
    }
}

/// Offers a text as a file to keep; what to say of it, in a sentence.
pub fn save(name: &str, kind: &str, text: &str) -> String {
    let parts = js_sys::Array::of1(&text.into());
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options);
    match blob {
        Ok(blob) if offer(name, &blob).is_ok() => saved(name, text.len()),
        _ => format!("{name} was not saved: the browser makes no file."),
    }
}

/// Offers a file to keep.
pub fn offer(name: &str, blob: &web_sys::Blob) -> Result<(), JsValue> {
    let address = web_sys::Url::create_object_url_with_blob(blob)?;
    let link = dom::document().create_element("a")?;
    link.set_attribute("href", &address)?;
    link.set_attribute("download", name)?;
    if let Some(link) = link.dyn_ref::<web_sys::HtmlElement>() {
        link.click();
    }
    // Browsers read it after the click.
    let done = Closure::once_into_js(move || {
        let _ = web_sys::Url::revoke_object_url(&address);
    });
    let done = done.unchecked_ref();
    dom::window().set_timeout_with_callback_and_timeout_and_arguments_0(done, 60_000).map(|_| ())
}

/// What is said of a file that was offered: whether it arrived nobody tells a page.
pub fn saved(name: &str, bytes: usize) -> String {
    let size = match bytes {
        0..10_000 => super::words::count(bytes as u64, "byte"),
        10_000..10_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    };
    match dom::downloads() {
        Some(true) => format!("Saved {name}, {size}."),
        Some(false) => format!(
            "{name} was not saved: the frame that this page is in allows no downloads. \
             Open the page in a window of its own."
        ),
        None => format!(
            "Handed {name}, {size}, to the browser. If no file has appeared, the frame that this \
             page is in allows no downloads: open the page in a window of its own."
        ),
    }
}

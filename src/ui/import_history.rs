//! A history of client operations that somebody recorded: judged in a worker, shown with an order
//! that explains it, or with the operations that none explains.

use super::dom;
use super::judge::LEVELS;
use super::model::sentence;
use super::picture::Picture;
use super::work::{Done, Question};
use happened_before::scene::Bounded;
use happened_before::scene::Size;
use happened_before::scene::record::{Bar, Record, RecordDrawing, RecordedEnd};
use happened_before::share::import::history::{Format, stores};
use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::prelude::*;

/// A judge may think so long, in milliseconds.
const LIMIT: u32 = 60_000;
const MODELS: [&str; 8] =
    ["cas-register", "register", "kv", "set", "queue", "stack", "mutex", "multi-register"];
const FORMATS: [(&str, &str); 5] = [
    ("", "as it looks"),
    ("jepsen-log", "Jepsen log"),
    ("edn", "EDN"),
    ("kv", "Porcupine key-value"),
    ("json", "JSON"),
];
const CAS: [(&str, &str); 3] = [
    ("", "as usual for its format"),
    ("completed", "it found another value"),
    ("dropped", "it did not happen"),
];

#[derive(Properties, PartialEq)]
pub struct JudgedProps {
    /// Of the file, for complaints.
    pub name: String,
    /// What it says.
    pub text: AttrValue,
    /// Grows each time that somebody wants it read.
    pub nth: u32,
}

pub enum Msg {
    Model(String),
    Format(String),
    Cas(String),
    Told(Done),
    Level(usize),
    Zoom(u64, u64),
    Slide(bool),
    First,
}

/// What was said of a level.
struct LevelVerdict {
    id: String,
    name: String,
    because: String,
    core: Vec<u32>,
}

/// The panel.
#[derive(Default)]
pub struct Judged {
    model: String,
    format: String,
    cas: String,
    job: Option<Question>,
    said: Option<String>,
    record: Record,
    levels: Vec<LevelVerdict>,
    order: Vec<u32>,
    level: usize,
    window: (u64, u64),
    picture: Option<Picture>,
    svg: NodeRef,
}

impl Component for Judged {
    type Message = Msg;
    type Properties = JudgedProps;

    fn create(ctx: &Context<Self>) -> Self {
        let mut judged = Judged::default();
        judged.ask(ctx);
        judged
    }

    fn changed(&mut self, ctx: &Context<Self>, old: &JudgedProps) -> bool {
        if ctx.props() != old {
            self.ask(ctx);
        }
        true
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Model(model) => {
                self.model = model;
                self.ask(ctx);
            }
            Msg::Format(format) => {
                self.format = format;
                self.ask(ctx);
            }
            Msg::Cas(cas) => {
                self.cas = cas;
                self.ask(ctx);
            }
            Msg::Told(done) => self.hear(ctx, done),
            Msg::Level(level) => self.level = level,
            Msg::Zoom(by, of) => {
                let (from, wide) = self.window;
                let new = (wide * by / of).bounded(10, self.record.last.max(10) + 2);
                self.look_at(from + wide / 2, new);
            }
            Msg::Slide(on) => {
                let (from, wide) = self.window;
                let middle = from + wide / 2;
                let by = wide / 2;
                self.look_at(if on { middle + by } else { middle.saturating_sub(by) }, wide);
            }
            Msg::First => {
                let core = self.levels.get(self.level).map_or(&[][..], |v| &v.core);
                let ends = core.iter().filter_map(|i| self.record.bars.get(*i as usize));
                if let Some(at) = ends.map(|b| b.to.unwrap_or(b.from)).max() {
                    self.look_at(at, self.window.1);
                }
            }
        }
        true
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        let Some(svg) = self.svg.cast::<Element>() else {
            self.picture = None;
            return;
        };
        let wide = svg.parent_element().map_or(0, |f| f.client_width()).max(300);
        let high = RecordDrawing::height(&self.record);
        let core = self.levels.get(self.level).map_or(&[][..], |v| &v.core);
        let size = Size::px(wide, high);
        let order = if core.is_empty() { &self.order[..] } else { &[] };
        let drawing =
            RecordDrawing { record: &self.record, window: self.window, size, core, order };
        let scene = drawing.scene();
        self.picture.get_or_insert_with(|| Picture::new(svg)).show(scene);
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let choice = |id: &'static str,
                      name: &'static str,
                      all: Vec<(&'static str, &'static str)>,
                      now: &str,
                      msg: fn(String) -> Msg| {
            let pick = link.callback(move |e: Event| msg(dom::value_of(&e)));
            html! {
                <label class="setting"><span>{ name }</span>
                    <select {id} onchange={pick}>
                        { for all.into_iter().map(|(v, text)| html! { <option value={v} selected={v == now}>{ text }</option> }) }
                    </select>
                </label>
            }
        };
        let models = MODELS.iter().map(|m| (*m, *m)).collect();
        html! {
            <section class="import-history" aria-label="Client history">
                <div class="import-tools">
                    { choice("history-model", "It talks to a", models, self.model(), Msg::Model) }
                    { choice("history-format", "Written as", FORMATS.to_vec(), &self.format, Msg::Format) }
                    { choice("history-cas", "A failed compare-and-set means that", CAS.to_vec(), &self.cas, Msg::Cas) }
                </div>
                if let Some(said) = &self.said { <p class="notice" role="alert" id="history-said">{ said }</p> }
                if self.job.is_some() { <p role="status"><progress aria-label="Judging"></progress>{ " Judging." }</p> }
                if !self.record.bars.is_empty() { { self.shown(ctx) } }
            </section>
        }
    }
}

impl Judged {
    fn model(&self) -> &str {
        if self.model.is_empty() { MODELS[0] } else { &self.model }
    }

    fn ask(&mut self, ctx: &Context<Self>) {
        let JudgedProps { name, text, .. } = ctx.props();
        let looks = Format::of(name, text);
        let looks = Format::ALL.iter().find(|f| f.1 == looks).map_or("json", |f| f.0);
        let format = if self.format.is_empty() { looks } else { &self.format };
        if self.model.is_empty() && (format == "kv" || format == "edn" && stores(text)) {
            self.model = "kv".into();
        }
        let model = self.model().to_string();
        let mut args = vec!["history", "history", "--model", &model, "--format", format];
        args.extend(["--level", "lattice", "--ops", "--budget-ms", "20000"]);
        if !self.cas.is_empty() {
            args.extend(["--cas-fail", &self.cas]);
        }
        let done = ctx.link().callback(Msg::Told);
        match Question::ask(&args, &[("history", text)], LIMIT, done) {
            Ok(job) => (self.job, self.said) = (Some(job), None),
            Err(_) => self.said = Some("This browser starts no worker.".into()),
        }
    }

    fn hear(&mut self, ctx: &Context<Self>, done: Done) {
        self.job = None;
        let name = &ctx.props().name;
        self.said = Some(match done {
            Ok((0 | 2, text, _)) if self.take(&text).is_some() => return,
            Ok((.., complaint)) => {
                let why = complaint.trim_start_matches("hb: ").trim();
                match why.strip_prefix("history: ") {
                    Some(why) => about(name, why),
                    None => sentence(why),
                }
            }
            Err(why) => about(name, &format!("judging failed: {why}")),
        });
    }

    /// Takes an answer; none if it is no such answer.
    fn take(&mut self, text: &str) -> Option<()> {
        let doc = js_sys::JSON::parse(text).ok()?;
        let get = |from: &JsValue, name: &str| js_sys::Reflect::get(from, &name.into()).ok();
        let list = |v: JsValue| js_sys::Array::from(&v);
        let numbers =
            |v: JsValue| list(v).iter().filter_map(|n| n.as_f64()).map(|n| n as u32).collect();
        let bar = |v: JsValue| {
            let [process, label, from, to, end] = [0, 1, 2, 3, 4].map(|i| list(v.clone()).get(i));
            Some(Bar {
                process: process.as_f64()? as u32,
                label: label.as_string()?,
                from: from.as_f64()? as u64,
                to: to.as_f64().map(|n| n as u64),
                end: match end.as_string()?.as_str() {
                    "ok" => RecordedEnd::Ok,
                    "fail" => RecordedEnd::Failed,
                    _ => RecordedEnd::Unknown,
                },
            })
        };
        let bars: Vec<Bar> = list(get(&doc, "ops")?).iter().filter_map(bar).collect();
        let (levels, because, core) =
            (get(&doc, "levels")?, get(&doc, "because")?, get(&doc, "core")?);
        let verdict = |(id, ..): &super::judge::LevelRow| {
            Some(LevelVerdict {
                id: (*id).into(),
                name: get(&levels, id)?.as_string()?,
                because: get(&because, id).and_then(|v| v.as_string()).unwrap_or_default(),
                core: get(&core, id).filter(|c| c.is_object()).map_or(Vec::new(), numbers),
            })
        };
        self.levels = LEVELS.iter().filter_map(verdict).collect();
        self.order = get(&doc, "order").filter(|o| o.is_object()).map_or(Vec::new(), numbers);
        self.level = 0;
        self.record = Record::new(bars);
        self.window = (0, self.record.last.bounded(10, 80));
        self.picture = None;
        Some(())
    }

    fn look_at(&mut self, middle: u64, wide: u64) {
        let most = (self.record.last + 2).saturating_sub(wide);
        self.window = (middle.saturating_sub(wide / 2).min(most), wide);
    }

    fn shown(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let button = |name: &'static str, says: &'static str, msg: fn() -> Msg| {
            html! { <button class="verb" aria-label={says} title={says} onclick={link.callback(move |_: MouseEvent| msg())}>{ name }</button> }
        };
        let level = |(i, v): (usize, &LevelVerdict)| {
            let (class, sign) = match v.name.as_str() {
                "ok" => ("good", "✓"),
                "illegal" => ("bad", "✗"),
                _ => ("undecided", "?"),
            };
            let title = LEVELS.iter().find(|l| l.0 == v.id).map_or("", |l| l.1);
            html! {
                <button class={classes!("pill", class)} data-level={v.id.clone()} data-verdict={v.name.clone()}
                    aria-pressed={(i == self.level).to_string()} onclick={link.callback(move |_: MouseEvent| Msg::Level(i))}>
                    <span aria-hidden="true">{ sign }</span>{ format!(" {title}") }
                    <span class="unseen">{ format!(", {}", v.name) }</span>
                </button>
            }
        };
        let now = self.levels.get(self.level);
        let because = now.map_or("", |v| v.because.as_str());
        let claim = now.and_then(|v| LEVELS.iter().find(|l| l.0 == v.id)).map_or("", |l| l.2);
        let (from, wide) = self.window;
        html! {
            <>
                <div class="import-tools" role="group" aria-label="Consistency models">
                    { for self.levels.iter().enumerate().map(level) }
                </div>
                <p class="small" role="status">{ format!("{} operations. {claim} {because}", self.record.bars.len()) }</p>
                <div class="import-tools">
                    { button("←", "Earlier", || Msg::Slide(false)) }{ button("→", "Later", || Msg::Slide(true)) }
                    { button("−", "Show more", || Msg::Zoom(3, 2)) }{ button("+", "Show less", || Msg::Zoom(2, 3)) }
                    if now.is_some_and(|v| !v.core.is_empty()) {
                        { button("To the first error", "To the first error", || Msg::First) }
                    }
                    <span class="soft">{ format!("places {from} to {} of {}", (from + wide).min(self.record.last), self.record.last) }</span>
                </div>
                <section class="import-diagram" aria-label="Operations">
                    <svg class="scene" role="img" ref={self.svg.clone()}></svg>
                </section>
            </>
        }
    }
}

/// A complaint about a file, whose name is spelled as it is.
pub fn about(name: &str, why: &str) -> String {
    let name = match name {
        "" | "the text" => "The text",
        "the example" => "The example",
        name => name,
    };
    let end = if why.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{name}: {why}{end}")
}

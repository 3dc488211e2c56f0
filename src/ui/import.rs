//! An execution that somebody recorded: read in a worker, shown with its cones.

use super::bar::{Bar, Place};
use super::model::sentence;
use super::overlay::table;
use super::picture::Picture;
use super::stage::{capture, place, target};
use super::work::{self, Done, Job};
use happened_before::algo::clocks::overlay::{Comparison, row, truly};
use happened_before::core::trace::Relation;
use happened_before::scene::execution::{Drawing, Plan, relation};
use happened_before::scene::style::Theme;
use happened_before::scene::{Size, Target, svg_text};
use happened_before::share::import::execution::{Event as Happening, Execution, count};
use happened_before::share::import::{compact, shiviz};
use std::collections::BTreeSet;
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, Element, HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

/// A parser may backtrack for ever; this long it may try, in milliseconds.
const LIMIT: i32 = 20_000;
/// Most characters shown of what was pasted or dropped.
const SHOWN: usize = 4_000;

/// What people do here.
pub enum Msg {
    Parser(String),
    Delimiter(String),
    Kind(Kind),
    Pasted(String),
    Given(String, String),
    File(web_sys::File),
    Drop(DragEvent),
    Read,
    Done(Done),
    Show(usize),
    Hide(u32),
    Up(usize),
    Collapse,
    Differs,
    Window(i64, i64),
    Zoom(i64, i64),
    Pick(Option<u32>),
    Turn(i32),
    Search(String),
    Save(&'static str),
    Hold(i32, Option<u32>),
    Drag(i32),
    Let,
    Slide(i64),
    Look,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Shiviz,
    Etcd,
    /// Client operations, for the judges.
    History,
}

impl Kind {
    /// What a file seems to be.
    fn of(name: &str, text: &str) -> Kind {
        let head: String = text.chars().take(4_000).collect();
        let marks = ["jepsen.util", ":invoke", "\"invoke\""];
        if marks.iter().any(|m| head.contains(m)) {
            Kind::History
        } else if name.ends_with("json") {
            Kind::Etcd
        } else {
            Kind::Shiviz
        }
    }
}

/// A pointer that is down: where, the window then, whether it has moved, and what was under it.
struct Held {
    x: i32,
    from: i64,
    moved: bool,
    event: Option<u32>,
}

/// The page of recorded executions.
pub struct Imported {
    text: String,
    name: String,
    parser: String,
    delimiter: String,
    kind: Kind,
    /// The history that is shown, and how often one was asked for.
    history: Option<(String, String, u32)>,
    job: Option<Job>,
    said: Option<String>,
    all: Vec<Execution>,
    at: usize,
    order: Vec<u32>,
    hidden: BTreeSet<u32>,
    collapse: bool,
    differs: bool,
    plan: Plan,
    window: (i64, i64),
    selected: Option<u32>,
    beside: Option<u32>,
    search: String,
    found: Vec<u32>,
    held: Option<Held>,
    picture: Option<Picture>,
    svg: NodeRef,
    _resized: super::dom::Listener,
}

impl Component for Imported {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let link = ctx.link().clone();
        let window = super::dom::window();
        let resized = super::dom::Listener::new(&window, "resize", move |_| {
            link.send_message(Msg::Look);
        });
        Imported {
            text: String::new(),
            name: String::new(),
            parser: shiviz::DEFAULT_PARSER.into(),
            delimiter: String::new(),
            kind: Kind::Shiviz,
            history: None,
            job: None,
            said: None,
            all: Vec::new(),
            at: 0,
            order: Vec::new(),
            hidden: BTreeSet::new(),
            collapse: false,
            differs: false,
            plan: Plan::default(),
            window: (0, 40_000),
            selected: None,
            beside: None,
            search: String::new(),
            found: Vec::new(),
            held: None,
            picture: None,
            svg: NodeRef::default(),
            _resized: resized,
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Parser(text) => self.parser = text,
            Msg::Delimiter(text) => self.delimiter = text,
            Msg::Kind(kind) => self.kind = kind,
            Msg::Pasted(text) => {
                if self.text.is_empty() {
                    self.kind = Kind::of("", &text);
                }
                (self.text, self.name) = (text, "the pasted text".into());
            }
            Msg::Given(name, text) => {
                self.kind = Kind::of(&name, &text);
                (self.text, self.name) = (text, name);
                self.read(ctx);
            }
            Msg::Drop(e) => {
                e.prevent_default();
                let files = e.data_transfer().and_then(|t| t.files());
                if let Some(file) = files.and_then(|f| f.get(0)) {
                    ctx.link().send_message(Msg::File(file));
                }
            }
            Msg::Read => self.read(ctx),
            Msg::Done(done) => self.take(done),
            Msg::Show(at) => self.show(at),
            Msg::Hide(host) => {
                if !self.hidden.remove(&host) && self.hidden.len() + 1 < self.order.len() {
                    self.hidden.insert(host);
                }
                self.lay_out();
            }
            Msg::Up(place) => {
                self.order.swap(place, place.saturating_sub(1));
                self.lay_out();
            }
            Msg::Collapse => {
                self.collapse = !self.collapse;
                self.lay_out();
            }
            Msg::Differs => {
                self.differs = !self.differs;
                self.find();
            }
            Msg::Window(from, wide) => {
                let most = i64::from(self.plan.columns.max(1)) * 1000;
                let wide = wide.clamp(4_000, most.max(4_000));
                self.window = (from.clamp(0, (most - wide).max(0)), wide);
                self.draw();
                return false;
            }
            Msg::Zoom(by, of) => {
                let (from, wide) = self.window;
                let new = wide * by / of;
                ctx.link().send_message(Msg::Window(from + (wide - new) / 2, new));
                return false;
            }
            Msg::Hold(x, event) => {
                self.held = Some(Held { x, from: self.window.0, moved: false, event });
                return false;
            }
            Msg::Drag(x) => {
                let size = self.size().map(|s| s.w);
                if let (Some(held), Some(size)) = (&mut self.held, size) {
                    held.moved |= (x - held.x).abs() > 40;
                    if held.moved {
                        let by = i64::from(x - held.x) * self.window.1 / i64::from(size.max(1));
                        ctx.link().send_message(Msg::Window(held.from - by, self.window.1));
                    }
                }
                return false;
            }
            Msg::Let => {
                if let Some(held) = self.held.take().filter(|h| !h.moved) {
                    ctx.link().send_message(Msg::Pick(held.event));
                }
                return false;
            }
            Msg::Slide(by) => {
                let (from, wide) = self.window;
                ctx.link().send_message(Msg::Window(from + by * wide / 1000, wide));
                return false;
            }
            Msg::File(file) => {
                work::read(&file, ctx.link().callback(|(n, t)| Msg::Given(n, t)));
            }
            Msg::Pick(event) => {
                if let (Some(old), Some(new)) = (self.selected, event) {
                    self.beside = Some(old).filter(|o| *o != new).or(self.beside);
                } else {
                    self.beside = None;
                }
                self.selected = event;
            }
            Msg::Turn(by) => self.turn(by),
            Msg::Search(text) => {
                self.search = text;
                self.find();
            }
            Msg::Save(kind) => self.save(kind),
            Msg::Look => self.draw(),
        }
        true
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        self.draw();
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let over = Callback::from(|e: DragEvent| e.prevent_default());
        html! {
            <div class="page-tool" ondragover={over} ondrop={link.callback(Msg::Drop)}>
                <Bar place={Place::Tool("Recorded executions")} />
                <main class="tool">
                    { self.form(ctx) }
                    if let Some(said) = &self.said {
                        <p class="notice" role="alert">{ said }</p>
                    }
                    if self.job.is_some() {
                        <p role="status"><progress aria-label="Reading"></progress>
                            { format!(" Reading {} of text.", bytes(self.text.len())) }</p>
                    }
                    if let (Kind::History, Some((name, text, nth))) = (self.kind, &self.history) {
                        <super::import_history::Judged name={name.clone()} text={AttrValue::from(text.clone())} nth={*nth} />
                    } else if !self.all.is_empty() {
                        { self.tools(ctx) }
                        { self.diagram(ctx) }
                        <div class="beside">{ self.hosts(ctx) }{ self.details() }</div>
                    }
                </main>
            </div>
        }
    }
}

fn value(e: &InputEvent) -> String {
    let target = e.target();
    let input = target.as_ref().and_then(|t| t.dyn_ref::<HtmlInputElement>().map(|i| i.value()));
    let area =
        || target.as_ref().and_then(|t| t.dyn_ref::<HtmlTextAreaElement>().map(|a| a.value()));
    input.or_else(area).unwrap_or_default()
}

fn bytes(n: usize) -> String {
    if n < 1 << 20 { format!("{} kB", n / 1000 + 1) } else { format!("{} MB", n / 1_000_000) }
}

impl Imported {
    fn read(&mut self, ctx: &Context<Self>) {
        if self.kind == Kind::History {
            let nth = self.history.as_ref().map_or(0, |h| h.2) + 1;
            self.said = None;
            self.history = Some((self.name.clone(), self.text.clone(), nth));
            return;
        }
        let etcd = self.kind == Kind::Etcd;
        let mut args = vec!["import", if etcd { "etcd-trace" } else { "shiviz" }];
        if !etcd {
            args.extend(["--parser", &self.parser]);
            if !self.delimiter.is_empty() {
                args.extend(["--delimiter", &self.delimiter]);
            }
        }
        args.extend(["--compact", "log"]);
        let done = ctx.link().callback(Msg::Done);
        self.said = None;
        let files = [("log", self.text.as_str())];
        match Job::ask(&args, &files, LIMIT, done) {
            Ok(job) => self.job = Some(job),
            Err(_) => self.said = Some("This browser starts no worker.".into()),
        }
    }

    fn take(&mut self, done: Done) {
        self.job = None;
        let name = if self.name.is_empty() { "the text" } else { &self.name };
        match done {
            Err(why) => self.said = Some(sentence(&format!("Reading {name} failed: {why}"))),
            Ok((0, text, _)) => match compact::read(&text) {
                Some(all) if !all.is_empty() => {
                    self.all = all;
                    self.show(0);
                }
                _ => self.said = Some("Nothing was read.".into()),
            },
            Ok((1, found, _)) => {
                // What is impossible, and at which line.
                let told = js_sys::JSON::parse(&found).ok();
                let part = |name: &str| {
                    let all = js_sys::Reflect::get(told.as_ref()?, &"inconsistent".into()).ok()?;
                    js_sys::Reflect::get(&all, &name.into()).ok()
                };
                let line = part("line").and_then(|l| l.as_f64()).unwrap_or(0.0);
                let why = part("reason").and_then(|r| r.as_string()).unwrap_or_default();
                let text = format!("No execution can have left {name}: line {line}: {why}");
                self.said = Some(sentence(&text));
            }
            Ok((_, _, complaint)) => {
                let why = complaint.trim_start_matches("hb: ").trim().replacen("log", name, 1);
                self.said = Some(sentence(&why));
            }
        }
    }

    fn show(&mut self, at: usize) {
        self.at = at.min(self.all.len() - 1);
        self.order = (0..self.all[self.at].hosts.len() as u32).collect();
        self.hidden.clear();
        (self.selected, self.beside) = (None, None);
        self.window = (0, 40_000);
        self.lay_out();
        self.find();
    }

    fn lay_out(&mut self) {
        let shown = self.order.iter().copied().filter(|h| !self.hidden.contains(h));
        self.plan = Plan::new(&self.all[self.at], shown.collect(), self.collapse);
    }

    fn execution(&self) -> Option<&Execution> {
        self.all.get(self.at)
    }

    /// Marks what is searched for, or what the next execution has not.
    fn find(&mut self) {
        self.found.clear();
        let Some(execution) = self.all.get(self.at) else { return };
        let numbered = (0..).zip(&execution.events);
        if self.differs && self.all.len() > 1 {
            let other = &self.all[(self.at + 1) % self.all.len()];
            let known: BTreeSet<(&str, &str)> = other
                .events
                .iter()
                .map(|e| (other.hosts[e.host as usize].as_str(), e.text.as_str()))
                .collect();
            let new = |e: &Happening| {
                !known.contains(&(execution.hosts[e.host as usize].as_str(), e.text.as_str()))
            };
            self.found = numbered.filter(|(_, e)| new(e)).map(|(i, _)| i).collect();
        } else if !self.search.is_empty() {
            let wanted = self.search.to_lowercase();
            let hit = |e: &Happening| e.text.to_lowercase().contains(&wanted);
            self.found = numbered.filter(|(_, e)| hit(e)).map(|(i, _)| i).collect();
        }
    }

    /// The next or the last event: of those found, or of all.
    fn turn(&mut self, by: i32) {
        let Some(execution) = self.execution() else { return };
        let next = match (self.selected, self.found.is_empty()) {
            (None, true) => Some(0),
            (None, false) => self.found.first().copied(),
            (Some(now), true) => now.checked_add_signed(by),
            (Some(now), false) if by > 0 => self.found.iter().copied().find(|e| *e > now),
            (Some(now), false) => self.found.iter().copied().rev().find(|e| *e < now),
        };
        let Some(next) = next.filter(|n| (*n as usize) < execution.events.len()) else { return };
        self.beside = self.selected;
        self.selected = Some(next);
        let spot = self.plan.of_event[next as usize].map(|s| self.plan.spots[s as usize].column);
        if let Some(column) = spot.map(|c| i64::from(c) * 1000) {
            let (from, wide) = self.window;
            if column < from || column > from + wide {
                self.window.0 = (column - wide / 2).max(0);
            }
        }
    }

    fn size(&self) -> Option<Size> {
        let frame = self.svg.cast::<Element>()?.parent_element()?;
        let high = (self.plan.rows.len() as i32 * 46 + 44).clamp(150, 1200);
        Some(Size::px(frame.client_width().max(300), high))
    }

    fn drawing(&self, size: Size) -> Option<Drawing<'_>> {
        Some(Drawing {
            execution: self.execution()?,
            plan: &self.plan,
            window: self.window,
            size,
            selected: self.selected,
            found: &self.found,
        })
    }

    fn draw(&mut self) {
        let (Some(svg), Some(size)) = (self.svg.cast::<Element>(), self.size()) else {
            self.picture = None;
            return;
        };
        let Some(scene) = self.drawing(size).map(|d| d.scene()) else { return };
        self.picture.get_or_insert_with(|| Picture::new(svg)).show(scene);
    }

    fn save(&self, kind: &str) {
        if kind == "svg" {
            let scene = self.size().and_then(|s| self.drawing(s)).map(|d| d.scene());
            if let Some(scene) = scene {
                let text = svg_text::standalone(&scene, Theme::Light);
                work::save("execution.svg", "image/svg+xml", &text);
            }
            return;
        }
        let out = shiviz::export(&self.all);
        work::save("execution.log", "text/plain", &out.text);
    }

    // --- what is on the page ---

    fn form(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let file = link.batch_callback(|e: Event| {
            let input = e.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
            input.and_then(|i| i.files()).and_then(|f| f.get(0)).map(Msg::File)
        });
        let shown: String = self.text.chars().take(SHOWN).collect();
        let kind = |kind: Kind, name: &'static str| {
            html! {
                <button class="verb" aria-pressed={(self.kind == kind).to_string()}
                    onclick={link.callback(move |_: MouseEvent| Msg::Kind(kind))}>{ name }</button>
            }
        };
        html! {
            <details class="import-form" open={self.all.is_empty() && self.history.is_none()}>
                <summary>{ "Read a log: drop a file anywhere, choose one, or paste its text" }</summary>
                <p>{ kind(Kind::Shiviz, "ShiViz log") }{ kind(Kind::Etcd, "etcd trace") }{ kind(Kind::History, "Client history") }
                    <input type="file" id="import-file" aria-label="Log file" onchange={file} /></p>
                if self.kind == Kind::Shiviz {
                    <label>{ "Parser, with groups host, clock and event" }
                        <input class="mono" id="import-parser" value={self.parser.clone()}
                            oninput={link.callback(|e: InputEvent| Msg::Parser(value(&e)))} /></label>
                    <label>{ "Delimiter between executions, if there are several" }
                        <input class="mono" id="import-delimiter" value={self.delimiter.clone()}
                            oninput={link.callback(|e: InputEvent| Msg::Delimiter(value(&e)))} /></label>
                }
                <label>{ "Log" }
                    <textarea class="mono" id="import-text" rows="6" value={shown}
                        oninput={link.callback(|e: InputEvent| Msg::Pasted(value(&e)))} /></label>
                <p><button class="verb" id="import-read" disabled={self.text.is_empty() || self.job.is_some()}
                    onclick={link.callback(|_: MouseEvent| Msg::Read)}>{ "Read" }</button></p>
            </details>
        }
    }

    fn tools(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let button = |name: &'static str, id: &'static str, msg: fn() -> Msg, on: Option<bool>| {
            html! { <button class="verb" {id} aria-pressed={on.map(|b| b.to_string())}
            onclick={link.callback(move |_: MouseEvent| msg())}>{ name }</button> }
        };
        let run = |(i, e): (usize, &Execution)| {
            let name =
                if e.label.is_empty() { format!("Execution {}", i + 1) } else { e.label.clone() };
            html! { <button class="verb" aria-pressed={(i == self.at).to_string()}
            onclick={link.callback(move |_: MouseEvent| Msg::Show(i))}>{ name }</button> }
        };
        let found = match self.found.len() {
            0 if self.search.is_empty() => String::new(),
            1 => "1 event".into(),
            n => format!("{n} events"),
        };
        html! {
            <div class="import-tools">
                if self.all.len() > 1 {
                    <span role="group" aria-label="Executions">{ for self.all.iter().enumerate().map(run) }</span>
                    { button("Mark what the next one has not", "differs", || Msg::Differs, Some(self.differs)) }
                }
                <input type="search" id="import-search" placeholder="Search" aria-label="Search in all events"
                    oninput={link.callback(|e: InputEvent| Msg::Search(value(&e)))} />
                <span class="soft" role="status">{ found }</span>
                { button("Last", "turn-back", || Msg::Turn(-1), None) }
                { button("Next", "turn", || Msg::Turn(1), None) }
                { button("Collapse", "collapse", || Msg::Collapse, Some(self.collapse)) }
                { button("−", "wider", || Msg::Zoom(3, 2), None) }
                { button("+", "closer", || Msg::Zoom(2, 3), None) }
                { button("SVG", "save-svg", || Msg::Save("svg"), None) }
                { button("ShiViz log", "save-log", || Msg::Save("log"), None) }
            </div>
        }
    }

    fn diagram(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let down = {
            let svg = self.svg.clone();
            link.callback(move |e: PointerEvent| {
                capture(&e, &svg);
                let event = match target(&e) {
                    Some(Target::Event(at)) => u32::try_from(at).ok(),
                    _ => None,
                };
                Msg::Hold(place(&e, &svg).x, event)
            })
        };
        let drag = {
            let svg = self.svg.clone();
            link.callback(move |e: PointerEvent| Msg::Drag(place(&e, &svg).x))
        };
        let up = link.callback(|_: PointerEvent| Msg::Let);
        let wheel = link.batch_callback(|e: WheelEvent| {
            let by = if e.delta_x().abs() > e.delta_y().abs() { e.delta_x() } else { e.delta_y() };
            if e.ctrl_key() {
                e.prevent_default();
                return Some(if by > 0.0 { Msg::Zoom(5, 4) } else { Msg::Zoom(4, 5) });
            }
            let sideways = e.shift_key() || e.delta_x().abs() > e.delta_y().abs();
            sideways.then(|| {
                e.prevent_default();
                Msg::Slide(by as i64)
            })
        });
        html! {
            <section class="import-diagram" aria-label="Space-time diagram"
                onpointerdown={down} onpointermove={drag} onpointerup={up} onwheel={wheel}>
                <svg class="scene" role="img" ref={self.svg.clone()}></svg>
            </section>
        }
    }

    fn hosts(&self, ctx: &Context<Self>) -> Html {
        let Some(execution) = self.execution() else { return html! {} };
        let row = |(place, host): (usize, &u32)| {
            let (host, link) = (*host, ctx.link());
            let name = &execution.hosts[host as usize];
            html! {
                <li>
                    <button class="verb" aria-pressed={(!self.hidden.contains(&host)).to_string()}
                        title="Show or hide" onclick={link.callback(move |_: MouseEvent| Msg::Hide(host))}>{ name }</button>
                    if place > 0 {
                        <button class="quiet icon" aria-label={format!("Move {name} up")}
                            onclick={link.callback(move |_: MouseEvent| Msg::Up(place))}>{ "↑" }</button>
                    }
                </li>
            }
        };
        html! {
            <section class="import-hosts" aria-label="Hosts">
                <h2>{ format!("{} hosts, {} events", execution.hosts.len(), execution.events.len()) }</h2>
                <ul>{ for self.order.iter().enumerate().map(row) }</ul>
            </section>
        }
    }

    /// The selected event: what it says, how all others stand to it, and the one selected before.
    fn details(&self) -> Html {
        let execution = self.execution();
        let at = |e: Option<u32>| execution.and_then(|x| x.events.get(e? as usize));
        let (Some(execution), Some(event)) = (execution, at(self.selected)) else {
            return html! { <p class="soft">{ "Select an event to light what happened before it." }</p> };
        };
        let mut counts = [0u32; 3];
        for other in &execution.events {
            match relation(other, event) {
                Relation::Past => counts[0] += 1,
                Relation::Future => counts[1] += 1,
                Relation::Beside => counts[2] += 1,
                Relation::Same => {}
            }
        }
        let clock = |e: &Happening| {
            let name = |h: u32| execution.hosts[h as usize].as_str();
            let counts: Vec<String> =
                e.clock.iter().map(|(h, n)| format!("{}:{n}", name(*h))).collect();
            format!("[{}]", counts.join(", "))
        };
        let with = at(self.beside).map(|other| {
            let mut all: Vec<u32> = other.clock.iter().chain(&event.clock).map(|c| c.0).collect();
            all.sort_unstable();
            all.dedup();
            let place = |h: &u32| {
                row(&execution.hosts[*h as usize], count(&other.clock, *h), count(&event.clock, *h))
            };
            let says = truly(relation(other, event));
            let rows = all.iter().map(place).collect();
            table(execution.id(other), execution.id(event), Comparison { rows, says, truly: "" })
        });
        html! {
            <section class="import-event" aria-live="polite">
                <h2>{ execution.id(event) }</h2>
                <p>{ &event.text }</p>
                <p class="mono">{ clock(event) }</p>
                <p class="soft">{ format!("{} events happened before it, {} after it, {} beside it. Line {} of the log.",
                    counts[0], counts[1], counts[2], event.line) }</p>
                { for with }
            </section>
        }
    }
}

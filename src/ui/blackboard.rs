//! The blackboard: a press on a line places an event, a stroke between lines a message; the clocks
//! write themselves. What is on it is in the address.

use super::bar::{Bar, Place};
use super::dom;
use super::overlay::table;
use super::picture::Picture;
use super::stage::{capture, place};
use super::work;
use happened_before::algo::clocks::overlay::{ClockKind, Comparison, row, truly};
use happened_before::scene::board::BoardDrawing;
use happened_before::scene::style::Theme;
use happened_before::scene::{Item, PX, Point, Size, svg_text};
use happened_before::share::board::{Board, BoardStory, MOST_HOSTS, MOST_STEPS, MOST_WORDS};
use happened_before::share::import::shiviz;
use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::prelude::*;

/// So much can be undone.
const UNDO: usize = 200;
/// How near to an event a press means the event, in places.
const REACH: u32 = 14;

#[derive(Properties, PartialEq)]
pub struct BoardProps {
    /// What the address says.
    pub text: String,
}

pub enum Msg {
    Down(Point, i32),
    Move(Point),
    Up(Point),
    Gone,
    Undo(bool),
    Ticks,
    Straight,
    Step(usize),
    More,
    Fewer,
    Words(String),
    Copy,
    Copied(bool),
    Key(u32, u32),
    Kind(Option<ClockKind>),
    Host,
    Event(u32),
    Send(u32),
    Remove,
    Clear,
    Pick(i32),
    Save(&'static str),
    Look,
}

/// The page of the blackboard.
pub struct Blackboard {
    board: Board,
    /// The steps; the one that is shown is `board`, with its sentence.
    tale: BoardStory,
    step: usize,
    words: String,
    /// What was, the latest last; and what was taken back.
    past: Vec<(BoardStory, usize)>,
    undone: Vec<(BoardStory, usize)>,
    ticks: bool,
    straight: bool,
    /// Where a stroke has come to, and how near to an event means the event.
    end: Option<Point>,
    reach: i32,
    copied: bool,
    kind: Option<ClockKind>,
    selected: Option<u32>,
    beside: Option<u32>,
    start: Option<Point>,
    said: Option<String>,
    picture: Option<Picture>,
    svg: NodeRef,
    _resized: dom::Listener,
}

impl Component for Blackboard {
    type Message = Msg;
    type Properties = BoardProps;

    fn create(ctx: &Context<Self>) -> Self {
        let link = ctx.link().clone();
        let resized =
            dom::Listener::new(&dom::window(), "resize", move |_| link.send_message(Msg::Look));
        let text = ctx.props().text.as_str();
        let fresh = || BoardStory::of(Board::new(3));
        let read = if text.is_empty() { Ok(fresh()) } else { BoardStory::read(text) };
        let said = read.as_ref().err().map(|why| super::model::sentence(why));
        let tale = read.unwrap_or_else(|_| fresh());
        let (words, board) = tale.steps.first().cloned().unwrap_or_default();
        Blackboard {
            board,
            tale,
            step: 0,
            words,
            past: Vec::new(),
            undone: Vec::new(),
            ticks: false,
            straight: false,
            end: None,
            reach: 0,
            copied: false,
            kind: Some(ClockKind::Array),
            selected: None,
            beside: None,
            start: None,
            said,
            picture: None,
            svg: NodeRef::default(),
            _resized: resized,
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        let before = (self.told(), self.step);
        self.copied = false;
        match msg {
            Msg::Down(p, reach) => {
                (self.start, self.end, self.reach) = (Some(p), None, reach);
                return false;
            }
            Msg::Move(p) => {
                if self.start.is_some() {
                    self.end = Some(p);
                    self.draw();
                }
                return false;
            }
            Msg::Gone => {
                (self.start, self.end) = (None, None);
                self.draw();
                return false;
            }
            Msg::Up(p) => self.stroke(p),
            Msg::Undo(back) => {
                self.undo(back);
                return true;
            }
            Msg::Ticks => self.ticks = !self.ticks,
            Msg::Straight => {
                self.straight = !self.straight;
                self.ticks |= self.straight;
            }
            Msg::Step(to) => {
                self.tale = self.told();
                self.open(to);
            }
            // Presses may come faster than the buttons they end.
            Msg::More if self.tale.steps.len() < MOST_STEPS => {
                self.tale = self.told();
                self.tale.steps.insert(self.step + 1, (String::new(), self.board.clone()));
                self.open(self.step + 1);
            }
            Msg::Fewer if self.tale.steps.len() > 1 => {
                self.tale = self.told();
                self.tale.steps.remove(self.step);
                self.open(self.step.saturating_sub(1));
            }
            Msg::More | Msg::Fewer => {}
            Msg::Words(words) => self.words = words.chars().take(MOST_WORDS).collect(),
            Msg::Copy => {
                let address = dom::window().location().href().unwrap_or_default();
                let link = ctx.link().clone();
                wasm_bindgen_futures::spawn_local(async move {
                    link.send_message(Msg::Copied(dom::copy(&address).await));
                });
                return false;
            }
            Msg::Copied(true) => self.copied = true,
            Msg::Copied(false) => {
                self.said = Some("The address bar holds the link; copy it from there.".into());
            }
            Msg::Key(host, to) => self.place_by_key(host, to),
            Msg::Kind(kind) => self.kind = kind,
            Msg::Host => {
                let hosts = Board::new(self.board.hosts.len() + 1).hosts;
                self.board.hosts = hosts;
            }
            Msg::Event(host) => {
                let at = self.free(host);
                let new = self.board.event(host, at);
                self.pick(new);
            }
            Msg::Send(to) => {
                if let Some(from) = self.selected.and_then(|s| self.board.events.get(s as usize)) {
                    let (from, later) = (*from, self.free(to).max(from.1 + 60));
                    let received = self.board.message(from, (to, later));
                    self.pick(received);
                }
            }
            Msg::Remove => {
                if let Some(event) = self.selected.take() {
                    self.board.remove(event);
                    self.beside = None;
                }
            }
            Msg::Clear => {
                self.board.events.clear();
                self.board.messages.clear();
                (self.selected, self.beside) = (None, None);
            }
            Msg::Pick(by) => self.turn(by),
            Msg::Save(kind) => self.save(kind),
            Msg::Look => {
                self.draw();
                return false;
            }
        }
        self.remember(before);
        true
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        self.draw();
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let down = {
            let svg = self.svg.clone();
            link.callback(move |e: PointerEvent| {
                capture(&e, &svg);
                let reach = if e.pointer_type() == "mouse" { 10 } else { 20 };
                Msg::Down(place(&e, &svg), reach * PX)
            })
        };
        let drag = {
            let svg = self.svg.clone();
            link.callback(move |e: PointerEvent| Msg::Move(place(&e, &svg)))
        };
        let gone = link.callback(|_: PointerEvent| Msg::Gone);
        let keyed = {
            let hosts = self.board.hosts.len() as u32;
            let from = self.selected.and_then(|s| self.board.events.get(s as usize)).map(|e| e.0);
            link.batch_callback(move |e: KeyboardEvent| {
                let msg = key(&e, hosts, from)?;
                e.prevent_default();
                Some(msg)
            })
        };
        let up = {
            let svg = self.svg.clone();
            link.callback(move |e: PointerEvent| Msg::Up(place(&e, &svg)))
        };
        html! {
            <div class="page-tool">
                <Bar place={Place::Tool("Blackboard")} />
                <main class="tool">
                    <p class="hint">{ "Press on a line for an event; draw from one line to another for a message. By keyboard, A, B, C ... place an event, with Shift a message to there; arrows select, Delete takes away." }</p>
                    { self.tale_bar(ctx) }
                    if let Some(said) = &self.said {
                        <p class="notice" role="alert">{ said }</p>
                    }
                    { self.tools(ctx) }
                    <section class="board" aria-label="Blackboard" tabindex="0" onpointerdown={down} onpointermove={drag} onpointerup={up}
                        onpointercancel={gone} onkeydown={keyed}>
                        <svg class="scene" role="img" ref={self.svg.clone()}></svg>
                    </section>
                    <div class="beside" aria-live="polite">{ self.details() }</div>
                </main>
            </div>
        }
    }
}

/// What a key does to the board.
fn key(e: &KeyboardEvent, hosts: u32, from: Option<u32>) -> Option<Msg> {
    let name = e.key();
    if e.ctrl_key() || e.meta_key() {
        return match name.to_lowercase().as_str() {
            "z" => Some(Msg::Undo(!e.shift_key())),
            "y" => Some(Msg::Undo(false)),
            _ => None,
        };
    }
    Some(match name.as_str() {
        "ArrowRight" => Msg::Pick(1),
        "ArrowLeft" => Msg::Pick(-1),
        "Delete" | "Backspace" => Msg::Remove,
        _ if e.alt_key() => return None,
        _ => {
            let letter =
                name.chars().next().filter(|c| c.is_ascii_alphabetic() && name.len() == 1)?;
            let host = u32::from(letter.to_ascii_lowercase()) - u32::from('a');
            let to = if e.shift_key() { from } else { Some(host) };
            Msg::Key(host, to.filter(|_| host < hosts)?)
        }
    })
}

impl Blackboard {
    /// The steps with what is on the board now.
    fn told(&self) -> BoardStory {
        let mut tale = self.tale.clone();
        if let Some(step) = tale.steps.get_mut(self.step) {
            *step = (self.words.clone(), self.board.clone());
        }
        tale
    }

    /// Shows a step.
    fn open(&mut self, step: usize) {
        self.step = step.min(self.tale.steps.len().saturating_sub(1));
        (self.words, self.board) = self.tale.steps.get(self.step).cloned().unwrap_or_default();
        (self.selected, self.beside) = (None, None);
    }

    /// What has changed can be undone, and is in the address.
    fn remember(&mut self, before: (BoardStory, usize)) {
        let now = self.told();
        if now == before.0 {
            return;
        }
        self.said = None;
        self.undone.clear();
        self.past.push(before);
        if self.past.len() > UNDO {
            self.past.remove(0);
        }
        self.write();
    }

    fn undo(&mut self, back: bool) {
        let now = (self.told(), self.step);
        let (from, to) = match back {
            true => (&mut self.past, &mut self.undone),
            false => (&mut self.undone, &mut self.past),
        };
        let Some((tale, step)) = from.pop() else { return };
        to.push(now);
        self.tale = tale;
        self.open(step);
        self.write();
    }

    fn write(&self) {
        let address = format!("#board/{}", self.told().write());
        let history = dom::window().history();
        let _ = history.map(|h| h.replace_state_with_url(&JsValue::NULL, "", Some(&address)));
    }

    /// An event of a process, or a message from the selected one to a process.
    fn place_by_key(&mut self, host: u32, to: u32) {
        let from = self.selected.and_then(|s| self.board.events.get(s as usize)).copied();
        let new = match from.filter(|f| f.0 == to && f.0 != host) {
            Some(from) => {
                let later = self.free(host).max(from.1 + 60);
                self.board.message(from, (host, later))
            }
            None => {
                let at = self.free(host);
                self.board.event(host, at)
            }
        };
        self.pick(new);
    }

    /// The steps of a story told here, and what is said at this one.
    fn tale_bar(&self, ctx: &Context<Self>) -> Html {
        let (link, count) = (ctx.link(), self.tale.steps.len());
        let to = |step: usize| link.callback(move |_: MouseEvent| Msg::Step(step));
        let said = link.callback(|e: InputEvent| Msg::Words(dom::value_of(&e)));
        html! {
            <div class="import-tools tale-bar" role="group" aria-label="Story">
                if count > 1 {
                    <button class="verb" id="step-back" disabled={self.step == 0} onclick={to(self.step.saturating_sub(1))}>{ "Back" }</button>
                    <span class="mono" role="status" id="step-place">{ format!("Step {} of {count}", self.step + 1) }</span>
                    <button class="verb" id="step-next" disabled={self.step + 1 == count} onclick={to(self.step + 1)}>{ "Next" }</button>
                }
                <input type="text" id="step-words" aria-label="What is said here" placeholder="Say something about this picture"
                    value={self.words.clone()} oninput={said} />
                <button class="verb" id="step-more" disabled={count >= MOST_STEPS}
                    onclick={link.callback(|_: MouseEvent| Msg::More)}>{ "Add a story step" }</button>
                if count > 1 {
                    <button class="verb" id="step-fewer" onclick={link.callback(|_: MouseEvent| Msg::Fewer)}>{ "Remove this step" }</button>
                }
            </div>
        }
    }

    fn size(&self) -> Option<Size> {
        let frame = self.svg.cast::<Element>()?.parent_element()?;
        let high = self.board.hosts.len() as i32 * 90 + 20;
        Some(Size::px(frame.client_width().max(300), high))
    }

    fn drawing(&self, size: Size) -> BoardDrawing<'_> {
        let (ticks, straight) = (self.ticks, self.straight);
        let (board, kind, selected) = (&self.board, self.kind, self.selected);
        BoardDrawing { board, size, kind, selected, ticks, straight }
    }

    fn draw(&mut self) {
        let (Some(svg), Some(size)) = (self.svg.cast::<Element>(), self.size()) else { return };
        let mut scene = self.drawing(size).scene();
        if let (Some(from), Some(to)) = (self.start, self.end) {
            // What is being drawn.
            scene.items.push(Item::line("way future", from, to).key("stroke"));
        }
        self.picture.get_or_insert_with(|| Picture::still(svg)).show(scene);
    }

    /// A place on a line after all that is there.
    fn free(&self, host: u32) -> u32 {
        let mine = self.board.events.iter().filter(|e| e.0 == host).map(|e| e.1);
        mine.max().map_or(40, |last| last + 80)
    }

    fn pick(&mut self, event: Option<u32>) {
        if self.selected != event {
            self.beside = self.selected;
        }
        self.selected = event;
    }

    fn stroke(&mut self, end: Point) {
        self.end = None;
        let (Some(start), Some(size)) = (self.start.take(), self.size()) else { return };
        let drawing = self.drawing(size);
        if self.straight {
            // There is no place to draw where numbers decide the places.
            let event = drawing.hit(end, self.reach);
            return self.pick(event);
        }
        let (from, to) = (drawing.place(start), drawing.place(end));
        let snap = |(host, at): (u32, u32)| {
            let near = self.board.near(host, at, REACH.max(self.reach as u32 / 10));
            near.map_or((host, at), |e| self.board.events[e as usize])
        };
        let (from, to) = (snap(from), snap(to));
        let event = if from.0 != to.0 {
            self.board.message(from, to)
        } else {
            self.board.event(from.0, from.1)
        };
        self.pick(event);
    }

    /// The next or the last event in the order of their places.
    fn turn(&mut self, by: i32) {
        let mut order: Vec<u32> = (0..self.board.events.len() as u32).collect();
        order.sort_by_key(|e| (self.board.events[*e as usize].1, *e));
        let at = self.selected.and_then(|s| order.iter().position(|e| *e == s));
        let next = at.map_or(Some(0), |a| a.checked_add_signed(by as isize));
        if let Some(event) = next.and_then(|n| order.get(n)).copied() {
            self.pick(Some(event));
        }
    }

    fn save(&mut self, kind: &str) {
        let said = match (kind, self.size()) {
            ("svg", Some(size)) => {
                let text = svg_text::standalone(&self.drawing(size).scene(), Theme::Light);
                work::save("blackboard.svg", "image/svg+xml", &text)
            }
            _ => {
                let text = shiviz::export(&[self.board.execution()]).text;
                work::save("blackboard.log", "text/plain", &text)
            }
        };
        self.said = Some(said);
    }

    fn tools(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let button = |name: String, id: String, msg: fn() -> Msg, off: bool| {
            html! { <button class="verb" {id} disabled={off}
            onclick={link.callback(move |_: MouseEvent| msg())}>{ name }</button> }
        };
        let pressed = |name: &'static str, id: &'static str, on: bool, msg: fn() -> Msg| {
            html! { <button class="verb" {id} aria-pressed={on.to_string()}
            onclick={link.callback(move |_: MouseEvent| msg())}>{ name }</button> }
        };
        let kind = |kind: Option<ClockKind>, name: &'static str| {
            html! { <button class="verb" aria-pressed={(self.kind == kind).to_string()}
            onclick={link.callback(move |_: MouseEvent| Msg::Kind(kind))}>{ name }</button> }
        };
        let event = |(host, name): (u32, &String)| {
            html! { <button class="verb" id={format!("event-at-{host}")}
            onclick={link.callback(move |_: MouseEvent| Msg::Event(host))}>{ format!("Event at {name}") }</button> }
        };
        let from = self.selected.and_then(|s| self.board.events.get(s as usize)).map(|e| e.0);
        let send = |(host, name): (u32, &String)| {
            html! { <button class="verb" id={format!("send-to-{host}")} disabled={from.is_none_or(|f| f == host)}
            onclick={link.callback(move |_: MouseEvent| Msg::Send(host))}>{ format!("Send to {name}") }</button> }
        };
        let hosts = || (0..).zip(&self.board.hosts);
        let none = self.selected.is_none();
        html! {
            <>
                <div class="import-tools" role="toolbar" aria-label="Blackboard">
                    { button("Undo".into(), "undo".into(), || Msg::Undo(true), self.past.is_empty()) }
                    { button("Redo".into(), "redo".into(), || Msg::Undo(false), self.undone.is_empty()) }
                    { kind(None, "No clocks") }{ kind(Some(ClockKind::Number), ClockKind::Number.name()) }{ kind(Some(ClockKind::Array), ClockKind::Array.name()) }
                    { pressed("Tick lines", "ticks", self.ticks, || Msg::Ticks) }
                    { pressed("Straighten them", "straighten", self.straight, || Msg::Straight) }
                    { button("Add process".into(), "host-more".into(), || Msg::Host, self.board.hosts.len() >= MOST_HOSTS) }
                    { button("Previous".into(), "pick-back".into(), || Msg::Pick(-1), false) }
                    { button("Next".into(), "pick-next".into(), || Msg::Pick(1), false) }
                    { button("Delete".into(), "remove".into(), || Msg::Remove, none) }
                    { button("Wipe".into(), "wipe".into(), || Msg::Clear, self.board.events.is_empty()) }
                    <span class="gap"></span>
                    { button(if self.copied { "Link copied".into() } else { "Copy link".into() }, "copy-link".into(), || Msg::Copy, false) }
                    { button("Save SVG".into(), "save-svg".into(), || Msg::Save("svg"), false) }
                    { button("Save ShiViz log".into(), "save-log".into(), || Msg::Save("log"), self.board.events.is_empty()) }
                </div>
                <div class="import-tools" role="group" aria-label="Place">
                    { for hosts().map(event) }{ for hosts().map(send) }
                </div>
            </>
        }
    }

    fn details(&self) -> Html {
        let vectors = self.board.vectors();
        let drawing = self.drawing(Size::px(1, 1));
        let name = |e: u32| drawing.array(&vectors[e as usize]);
        let known = |e: &u32| (*e as usize) < vectors.len();
        let Some(event) = self.selected.filter(known) else {
            return html! { <p class="soft">{ "Select two events to compare them." }</p> };
        };
        let Some(other) = self.beside.filter(known) else {
            return html! { <p class="mono">{ name(event) }</p> };
        };
        let (a, b) = (&vectors[other as usize], &vectors[event as usize]);
        let hosts = (0..).zip(&self.board.hosts);
        let rows = hosts.map(|(h, name)| row(name, a.get(&h), b.get(&h))).collect();
        let says = truly(self.board.relation(other, event));
        table(name(other), name(event), Comparison { rows, says, truly: "" })
    }
}

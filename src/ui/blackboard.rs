//! The blackboard: a press on a line places an event, a stroke between lines a message; the clocks
//! write themselves. What is on it is in the address.

use super::bar::{Bar, Place};
use super::dom;
use super::overlay::table;
use super::picture::Picture;
use super::stage::{capture, place};
use super::work;
use happened_before::algo::clocks::overlay::{Comparison, Kind, row, truly};
use happened_before::scene::board::Drawing;
use happened_before::scene::style::Theme;
use happened_before::scene::{Point, Size, svg_text};
use happened_before::share::board::{Board, MOST_HOSTS};
use happened_before::share::import::shiviz;
use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::prelude::*;

/// How near to an event a press means the event, in places.
const REACH: u32 = 14;

#[derive(Properties, PartialEq)]
pub struct BoardProps {
    /// What the address says.
    pub text: String,
}

pub enum Msg {
    Down(Point),
    Up(Point),
    Kind(Option<Kind>),
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
    kind: Option<Kind>,
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
        let read = if text.is_empty() { Ok(Board::new(3)) } else { Board::read(text) };
        let said = read.as_ref().err().map(|why| super::model::sentence(why));
        Blackboard {
            board: read.unwrap_or_else(|_| Board::new(3)),
            kind: Some(Kind::Array),
            selected: None,
            beside: None,
            start: None,
            said,
            picture: None,
            svg: NodeRef::default(),
            _resized: resized,
        }
    }

    fn update(&mut self, _: &Context<Self>, msg: Msg) -> bool {
        let before = self.board.clone();
        match msg {
            Msg::Down(p) => {
                self.start = Some(p);
                return false;
            }
            Msg::Up(p) => self.stroke(p),
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
        if self.board != before {
            self.said = None;
            let address = format!("#board/{}", self.board.write());
            let history = dom::window().history();
            let _ = history.map(|h| h.replace_state_with_url(&JsValue::NULL, "", Some(&address)));
        }
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
                Msg::Down(place(&e, &svg))
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
                    <p class="hint">{ "Press on a line for an event. Draw from one line to another for a message." }</p>
                    if let Some(said) = &self.said {
                        <p class="notice" role="alert">{ said }</p>
                    }
                    { self.tools(ctx) }
                    <section class="board" aria-label="Blackboard" onpointerdown={down} onpointerup={up}>
                        <svg class="scene" role="img" ref={self.svg.clone()}></svg>
                    </section>
                    <div class="beside" aria-live="polite">{ self.details() }</div>
                </main>
            </div>
        }
    }
}

impl Blackboard {
    fn size(&self) -> Option<Size> {
        let frame = self.svg.cast::<Element>()?.parent_element()?;
        let high = self.board.hosts.len() as i32 * 90 + 20;
        Some(Size::px(frame.client_width().max(300), high))
    }

    fn drawing(&self, size: Size) -> Drawing<'_> {
        Drawing { board: &self.board, size, kind: self.kind, selected: self.selected }
    }

    fn draw(&mut self) {
        let (Some(svg), Some(size)) = (self.svg.cast::<Element>(), self.size()) else { return };
        let scene = self.drawing(size).scene();
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
        let (Some(start), Some(size)) = (self.start.take(), self.size()) else { return };
        let drawing = self.drawing(size);
        let (from, to) = (drawing.place(start), drawing.place(end));
        let snap = |(host, at): (u32, u32)| {
            let near = self.board.near(host, at, REACH);
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

    fn save(&self, kind: &str) {
        match (kind, self.size()) {
            ("svg", Some(size)) => {
                let text = svg_text::standalone(&self.drawing(size).scene(), Theme::Light);
                work::save("blackboard.svg", "image/svg+xml", &text);
            }
            _ => {
                let text = shiviz::export(&[self.board.execution()]).text;
                work::save("blackboard.log", "text/plain", &text);
            }
        }
    }

    fn tools(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let button = |name: String, id: String, msg: fn() -> Msg, off: bool| {
            html! { <button class="verb" {id} disabled={off}
            onclick={link.callback(move |_: MouseEvent| msg())}>{ name }</button> }
        };
        let kind = |kind: Option<Kind>, name: &'static str| {
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
                <div class="import-tools" role="group" aria-label="Clocks">
                    { kind(None, "No clocks") }{ kind(Some(Kind::Number), Kind::Number.name()) }{ kind(Some(Kind::Array), Kind::Array.name()) }
                    { button("One process more".into(), "host-more".into(), || Msg::Host, self.board.hosts.len() >= MOST_HOSTS) }
                    { button("Last".into(), "pick-back".into(), || Msg::Pick(-1), false) }
                    { button("Next".into(), "pick-next".into(), || Msg::Pick(1), false) }
                    { button("Take it away".into(), "remove".into(), || Msg::Remove, none) }
                    { button("Wipe".into(), "wipe".into(), || Msg::Clear, self.board.events.is_empty()) }
                    { button("SVG".into(), "save-svg".into(), || Msg::Save("svg"), false) }
                    { button("ShiViz log".into(), "save-log".into(), || Msg::Save("log"), self.board.events.is_empty()) }
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

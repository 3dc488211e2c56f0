//! Executions that somebody recorded: read in a worker, shown with their cones.

mod hosts;
mod pane;
mod view;

use super::import_history::about;
use super::model::sentence;
use super::stage::place;
use super::work::{self, Hand, Job, LogNews, Source};
use super::{dom, fetch, overlay};
use gloo_render::{AnimationFrame, request_animation_frame};
use happened_before::algo::clocks::overlay::Comparison;
use happened_before::core::sorted::SortedSet;
use happened_before::core::trace::Relation;
use happened_before::scene::Bounded;
use happened_before::scene::execution::relation;
use happened_before::scene::style::Theme;
use happened_before::scene::{PX, Point, svg_text};
use happened_before::share::import::execution::{Execution, count};
use happened_before::share::import::reading::ReadingNews;
use happened_before::share::import::{compact, shiviz};
use pane::{Pane, Strip};
use web_sys::DragEvent;
use yew::prelude::*;

/// A parser may backtrack for ever: so long a worker may tell nothing, in milliseconds.
const LIMIT: u32 = 10_000;
/// Text longer than this is not put into the field.
const SHOWN: usize = 20_000;
/// How near to an event a press means it, in tenths of a pixel: a mouse, a finger.
const REACH: (i32, i32) = (9 * PX, 18 * PX);
/// Places of two clocks that are compared in a table.
const COMPARED: usize = 60;
/// Columns shown at first on a wide screen and on a narrow one, in thousandths.
const FIRST: (i64, i64) = (40_000, 12_000);

/// What people do here.
pub enum Msg {
    Parser(String),
    Delimiter(String),
    Kind(InputKind),
    History(String),
    Typed(String),
    Given(String, Source),
    /// A file, and what it seems to be.
    Found(InputKind, web_sys::File),
    Example,
    /// The example's scene has come, or one sentence why not.
    Made(Result<(), String>),
    Drop(DragEvent),
    Read,
    Cancel,
    Told(LogNews),
    Show(usize),
    Beside(Option<usize>),
    Hide(u32),
    Up(usize),
    /// The hosts from this place in the order on.
    Page(usize),
    /// The hosts around the first whose name has this in it.
    Host(String),
    Collapse,
    Zoom(i64, i64),
    Hold(Option<usize>, Point, i32),
    Drag(Point),
    Let,
    Slide(i64),
    Pick(usize, Option<u32>),
    Turn(i32),
    Search(String),
    Save(&'static str),
    Look,
    Frame,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    Shiviz,
    Etcd,
    /// Client operations, for the judges.
    History,
}

impl InputKind {
    /// What a text seems to be.
    fn of(name: &str, text: &str) -> InputKind {
        let head: String = text.chars().take(4_000).collect();
        let has = |marks: &[&str]| marks.iter().any(|m| head.contains(m));
        if has(&["jepsen.util", ":invoke", "\"invoke\"", ":nemesis", "\"nemesis\""])
            || name.ends_with(".edn")
        {
            InputKind::History
        } else if has(&["\"tag\":\"trace\""]) || name.ends_with("json") {
            InputKind::Etcd
        } else {
            InputKind::Shiviz
        }
    }
}

/// A pointer that is down: on which pane (or the strip), where, the window then, whether it moved.
struct HeldPointer {
    pane: Option<usize>,
    start: Point,
    from: i64,
    moved: bool,
    reach: i32,
}

/// The page of recorded executions.
pub struct Imported {
    source: Option<Source>,
    /// What is in the field.
    typed: String,
    name: String,
    parser: String,
    delimiter: String,
    kind: InputKind,
    /// The history that is shown, and how often one was asked for.
    history: Option<(String, String, u32)>,
    /// What is shown is the page's own example.
    example: bool,
    /// A worker that waits for a log.
    hand: Option<Hand>,
    job: Option<Job>,
    news: ReadingNews,
    coming: Vec<Execution>,
    /// What there is to say, and whether something failed.
    said: Option<(String, bool)>,
    all: Vec<Execution>,
    panes: [Pane; 2],
    strip: Strip,
    /// The second pane is shown.
    beside: bool,
    order: Vec<u32>,
    /// The place in the order of the first host that is drawn.
    first: usize,
    hidden: SortedSet<u32>,
    collapse: bool,
    window: (i64, i64),
    /// Pane and event.
    selected: Option<(usize, u32)>,
    /// The one selected before it, in the same pane.
    second: Option<u32>,
    /// How many happened before, after and beside the selected one.
    stands: [u32; 3],
    search: String,
    held: Option<HeldPointer>,
    frame: Option<AnimationFrame>,
    _heard: [dom::Listener; 2],
}

#[derive(Properties, PartialEq)]
pub struct ImportProps {
    /// What the address says: a parser and a delimiter, each encoded.
    pub text: String,
}

impl Component for Imported {
    type Message = Msg;
    type Properties = ImportProps;

    fn create(ctx: &Context<Self>) -> Self {
        let (link, window) = (ctx.link().clone(), dom::window());
        let resized = dom::Listener::new(&window, "resize", move |_| link.send_message(Msg::Look));
        let link = ctx.link().clone();
        let pasted = dom::Listener::new(&window, "paste", move |e| {
            if let Some(text) = view::pasted(&e) {
                e.prevent_default();
                link.send_message(Msg::Given("the pasted text".into(), Source::Text(text)));
            }
        });
        let (parser, delimiter) = view::patterns(&ctx.props().text);
        if parser.is_none() && delimiter.is_none() {
            ctx.link().send_message(Msg::Example);
        }
        Imported {
            source: None,
            typed: String::new(),
            name: String::new(),
            parser: parser.unwrap_or_else(|| shiviz::DEFAULT_PARSER.into()),
            delimiter: delimiter.unwrap_or_default(),
            kind: InputKind::Shiviz,
            history: None,
            example: false,
            hand: Hand::new(),
            job: None,
            news: ReadingNews::default(),
            coming: Vec::new(),
            said: None,
            all: Vec::new(),
            panes: Default::default(),
            strip: Strip::default(),
            beside: false,
            order: Vec::new(),
            first: 0,
            hidden: SortedSet::new(),
            collapse: false,
            window: (0, FIRST.0),
            selected: None,
            second: None,
            stands: [0; 3],
            search: String::new(),
            held: None,
            frame: None,
            _heard: [resized, pasted],
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Parser(text) => self.parser = text,
            Msg::Delimiter(text) => self.delimiter = text,
            Msg::Kind(kind) => self.kind = kind,
            Msg::History(text) => self.judge(text),
            Msg::Typed(text) => {
                self.own();
                // What is pasted at once is recognised; what is edited stays what it was.
                if self.typed.is_empty() || InputKind::of("", &text) == InputKind::History {
                    self.kind = InputKind::of("", &text);
                }
                self.typed = text;
            }
            Msg::Given(name, source) => {
                self.own();
                self.typed.clear();
                match &source {
                    Source::Text(text) => {
                        self.kind = InputKind::of(&name, text);
                        if text.len() <= SHOWN {
                            self.typed.clone_from(text);
                        }
                    }
                    Source::File(file) => {
                        // Its beginning tells what it is; a log goes to the worker unread.
                        self.name = name;
                        return view::look_into(file.clone(), ctx.link().clone());
                    }
                }
                (self.name, self.source) = (name, Some(source));
                self.read(ctx);
            }
            Msg::Found(kind, file) => {
                (self.kind, self.source) = (kind, Some(Source::File(file)));
                self.read(ctx);
            }
            Msg::Example => {
                let link = ctx.link().clone();
                fetch::scene(view::EXAMPLE_SCENE, move |done| link.send_message(Msg::Made(done)));
            }
            Msg::Made(Err(why)) => self.said = Some((why, true)),
            Msg::Made(Ok(())) => {
                let (text, delimiter) = view::example();
                (self.parser, self.delimiter) = (shiviz::DEFAULT_PARSER.into(), delimiter.into());
                (self.kind, self.example) = (InputKind::Shiviz, true);
                self.name = "the example".into();
                self.typed = if text.len() <= SHOWN { text.clone() } else { String::new() };
                self.source = Some(Source::Text(text));
                self.read(ctx);
            }
            Msg::Drop(e) => {
                e.prevent_default();
                let files = e.data_transfer().and_then(|t| t.files());
                if let Some(file) = files.and_then(|f| f.get(0)) {
                    ctx.link().send_message(Msg::Given(file.name(), Source::File(file)));
                }
            }
            Msg::Read => {
                if !self.typed.is_empty() {
                    self.source = Some(Source::Text(self.typed.clone()));
                    self.name = "the text".into();
                }
                self.read(ctx);
            }
            Msg::Cancel => {
                self.job = None;
                self.coming.clear();
                self.said = Some((format!("Reading {} was given up.", self.name), false));
            }
            Msg::Told(told) => {
                // A log that is read at once needs no picture of how far it is.
                let quick = matches!(told, LogNews::Part(_)) && self.news.of == 0;
                self.hear(told);
                return !quick || self.job.is_none();
            }
            Msg::Show(at) => self.show(at),
            Msg::Beside(at) => self.compare(at),
            Msg::Hide(host) => {
                let seen = self.drawn().iter().filter(|h| !self.hidden.contains(h)).count();
                if !self.hidden.remove(&host) && seen > 1 {
                    self.hidden.insert(host);
                }
                self.lay_out();
            }
            Msg::Page(first) => {
                self.first = first;
                self.lay_out();
            }
            Msg::Host(name) => self.go_to_host(&name),
            Msg::Up(place) => {
                if place < self.order.len() {
                    self.order.swap(place, place.saturating_sub(1));
                }
                self.lay_out();
            }
            Msg::Collapse => {
                self.collapse = !self.collapse;
                self.lay_out();
            }
            Msg::Zoom(..)
            | Msg::Hold(..)
            | Msg::Drag(_)
            | Msg::Slide(_)
            | Msg::Look
            | Msg::Frame => {
                self.look(ctx, &msg);
                return false;
            }
            Msg::Let => {
                let Some(held) = self.held.take().filter(|h| !h.moved) else { return false };
                let Some(pane) = held.pane else { return false };
                let event = self.hit(pane, held.start, held.reach);
                self.pick(pane, event);
            }
            Msg::Pick(pane, event) => self.pick(pane, event),
            Msg::Turn(by) => self.turn(by),
            Msg::Search(text) => {
                self.search = text;
                self.find();
            }
            Msg::Save(kind) => self.save(kind),
        }
        true
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        self.measure();
        self.draw();
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        self.page(ctx)
    }
}

impl Imported {
    // --- reading ---

    /// From now on it is the user's log: what the example needed is gone.
    fn own(&mut self) {
        if std::mem::take(&mut self.example) {
            self.delimiter.clear();
            self.typed.clear();
            self.coming.clear();
            self.job = None;
        }
    }

    fn read(&mut self, ctx: &Context<Self>) {
        if self.kind == InputKind::History {
            match &self.source {
                Some(Source::Text(text)) => self.judge(text.clone()),
                Some(Source::File(file)) => view::read_whole(file.clone(), ctx.link().clone()),
                None => {}
            }
            return;
        }
        let Some(source) = &self.source else { return };
        (self.said, self.news) = (None, ReadingNews::default());
        self.coming.clear();
        self.job = None;
        let Some(hand) = self.hand.take().or_else(Hand::new) else {
            self.said = Some(("This browser starts no worker, which reads logs.".into(), true));
            return;
        };
        let parser = (self.kind == InputKind::Shiviz).then_some(self.parser.as_str());
        let told = ctx.link().callback(Msg::Told);
        match Job::read(hand, source, parser, &self.delimiter, LIMIT, told) {
            Ok(job) => self.job = Some(job),
            Err(_) => self.said = Some(("The worker takes no log.".into(), true)),
        }
        let patterns = parser.is_some_and(|p| p != shiviz::DEFAULT_PARSER);
        if !self.example && (patterns || !self.delimiter.is_empty()) {
            view::address(&self.parser, &self.delimiter);
        }
    }

    /// A history goes to the judges.
    fn judge(&mut self, text: String) {
        let nth = self.history.as_ref().map_or(0, |h| h.2) + 1;
        self.said = None;
        self.history = Some((self.name.clone(), text, nth));
    }

    fn hear(&mut self, told: LogNews) {
        match told {
            LogNews::News(news) => self.news = news,
            LogNews::Part(part) => {
                if compact::extend(&mut self.coming, &part).is_none() {
                    self.job = None;
                    self.said = Some(("The worker's answer cannot be read.".into(), true));
                }
            }
            LogNews::Failed(why) => {
                self.job = None;
                self.said = Some((about(&self.name, &why), true));
            }
            LogNews::End => {
                self.hand = self.job.take().and_then(Job::finish);
                self.all = std::mem::take(&mut self.coming);
                let doubt = self.news.doubt.sentence();
                let doubt = doubt.map(|d| (sentence(&format!("{d}. Does the parser fit?")), false));
                self.said = self.example.then(|| (view::EXAMPLE.to_string(), false)).or(doubt);
                if !self.all.is_empty() {
                    self.beside = false;
                    self.show(0);
                    if self.example {
                        // Something is lit from the start, in the midst of what is seen.
                        let mut seen = self.panes[0].plan.within(0..self.window.1 as u32 / 1000);
                        let middle = seen.nth(seen.len() * 3 / 5);
                        let spot = middle.and_then(|s| self.panes[0].plan.spots.get(s));
                        let event = spot.map(|s| s.event);
                        self.pick(0, event);
                    }
                }
            }
        }
    }

    /// How far the reading is, of a thousand: finding the events is six tenths of it, checking
    /// their clocks two, and bringing them here two.
    fn progress(&self) -> usize {
        let ReadingNews { bytes, of, events, checked, .. } = self.news;
        // In 64 bits: ten megabytes of thousandths are more than 32 hold.
        let share =
            |part: usize, whole: usize, of: u64| (part as u64 * of / whole.max(1) as u64) as usize;
        let here: usize = self.coming.iter().map(|e| e.events.len()).sum();
        let all_read = bytes >= of && of > 0;
        let checks = if all_read { share(checked, events, 200) } else { 0 };
        share(bytes, of, 600) + checks + share(here, events, 200)
    }

    // --- choosing ---

    fn show(&mut self, at: usize) {
        let Some(execution) = self.all.get(at).or(self.all.first()) else { return };
        self.order = (0..execution.hosts.len() as u32).collect();
        self.panes[0].at = at.min(self.all.len().saturating_sub(1));
        self.hidden.clear();
        self.first = 0;
        (self.selected, self.second) = (None, None);
        self.window = (0, if dom::media("(max-width: 720px)") { FIRST.1 } else { FIRST.0 });
        if self.beside && self.panes[1].at == self.panes[0].at {
            self.beside = false;
        }
        self.lay_out();
        self.find();
    }

    fn compare(&mut self, with: Option<usize>) {
        let with = with.filter(|w| *w < self.all.len() && *w != self.panes[0].at);
        self.beside = with.is_some();
        self.panes[1].at = with.unwrap_or(0);
        (self.selected, self.second) = (None, None);
        self.lay_out();
        self.find();
    }

    fn execution(&self, pane: usize) -> Option<&Execution> {
        self.all.get(self.panes[pane].at)
    }

    fn shown(&self) -> usize {
        1 + usize::from(self.beside)
    }

    /// Marks what is searched for, or else what only one of two compared executions has.
    fn find(&mut self) {
        for i in 0..self.shown() {
            let [a, b] = &mut self.panes;
            let other = if i == 0 { b.at } else { a.at };
            let pane = if i == 0 { a } else { b };
            let Some(execution) = self.all.get(pane.at) else { return };
            match (self.search.is_empty(), self.all.get(other).filter(|_| self.beside)) {
                (false, _) => pane.search(execution, &self.search),
                (true, Some(other)) => pane.differ(execution, other),
                (true, None) => pane.forget(),
            }
        }
    }

    fn pick(&mut self, pane: usize, event: Option<u32>) {
        let old = self.selected.filter(|(p, e)| *p == pane && Some(*e) != event).map(|o| o.1);
        self.second = event
            .and(old.or(self.second.filter(|_| self.selected.is_some_and(|(p, _)| p == pane))));
        self.selected = event.map(|e| (pane, e));
        self.stands = [0; 3];
        let Some((execution, event)) = self.execution(pane).zip(event) else { return };
        let Some(centre) = execution.events.get(event as usize) else { return };
        let mut stands = [0; 3];
        for other in &execution.events {
            match relation(other, centre) {
                Relation::Past => stands[0] += 1,
                Relation::Future => stands[1] += 1,
                Relation::Beside => stands[2] += 1,
                Relation::Same => {}
            }
        }
        self.stands = stands;
    }

    fn hit(&self, pane: usize, at: Point, reach: i32) -> Option<u32> {
        let (execution, size) = (self.execution(pane)?, self.panes[pane].size()?);
        self.panes[pane].drawing(execution, self.window, None, size).hit(at, reach)
    }

    /// The next or the last event: of those marked, or of all that are shown, from left to right.
    fn turn(&mut self, by: i32) {
        let (pane, now) = self.selected.map_or((0, None), |(p, e)| (p, Some(e)));
        if self.panes[pane].is_elsewhere() {
            // What is looked for happened on hosts that are not drawn.
            let first = self.panes[0].found.first().copied();
            let event = first.and_then(|e| self.execution(0)?.events.get(e as usize));
            if let Some(host) = event.map(|e| e.host) {
                self.show_host(host);
            }
        }
        let (p, spot) = (&self.panes[pane], |e: u32| {
            self.panes[pane].plan.of_event.get(e as usize).copied().flatten()
        });
        let next = if p.found.is_empty() {
            let last = p.plan.spots.len().saturating_sub(1) as u32;
            match now.and_then(spot) {
                None => Some(0),
                Some(at) => at.checked_add_signed(by).filter(|at| *at <= last),
            }
        } else {
            let mut marked: Vec<u32> = p.found.iter().copied().filter_map(spot).collect();
            marked.sort_unstable();
            match now.and_then(spot) {
                None => marked.first().copied(),
                Some(at) if by > 0 => marked.into_iter().find(|m| *m > at),
                Some(at) => marked.into_iter().rev().find(|m| *m < at),
            }
        };
        let Some(spot) = next.and_then(|n| p.plan.spots.get(n as usize)).copied() else { return };
        self.pick(pane, Some(spot.event));
        let column = i64::from(spot.column) * 1000;
        let (from, wide) = self.window;
        if column < from || column > from + wide {
            self.window.0 = column - wide / 2;
            self.stay_inside();
        }
    }

    // --- looking ---

    fn most(&self) -> i64 {
        let columns = self.panes[..self.shown()].iter().map(|p| p.plan.columns).max();
        i64::from(columns.unwrap_or(1).max(1)) * 1000
    }

    fn stay_inside(&mut self) {
        let (most, (from, wide)) = (self.most(), self.window);
        let wide = wide.bounded(4_000, most.max(4_000));
        self.window = (from.bounded(0, (most - wide).max(0)), wide);
    }

    /// What changes only the window asks for one picture a frame, and for nothing of the page.
    fn look(&mut self, ctx: &Context<Self>, msg: &Msg) {
        let (from, wide) = self.window;
        match *msg {
            Msg::Zoom(by, of) => {
                let new = (wide * by / of).bounded(4_000, self.most().max(4_000));
                self.window = (from + (wide - new) / 2, new);
            }
            Msg::Slide(by) => self.window.0 = from + by * wide / 1000,
            Msg::Hold(pane, start, reach) => {
                self.held = Some(HeldPointer { pane, start, from, moved: false, reach });
                if pane.is_none() {
                    self.drag(start);
                }
            }
            Msg::Drag(to) => self.drag(to),
            Msg::Frame => {
                self.frame = None;
                return self.draw();
            }
            Msg::Look => self.measure(),
            _ => {}
        }
        self.stay_inside();
        if self.frame.is_none() && !matches!(msg, Msg::Hold(Some(_), ..)) {
            let link = ctx.link().clone();
            self.frame = Some(request_animation_frame(move |_| link.send_message(Msg::Frame)));
        }
    }

    fn drag(&mut self, to: Point) {
        let Some(held) = &mut self.held else { return };
        let Some(size) = self.panes[0].size() else { return };
        held.moved |= (to.x - held.start.x).abs() > 4 * PX;
        match held.pane {
            Some(_) if held.moved => {
                let by = i64::from(to.x - held.start.x) * self.window.1 / i64::from(size.w.max(1));
                self.window.0 = held.from - by;
            }
            Some(_) => {}
            None => {
                let columns = i64::from(self.panes[0].plan.columns) * 1000;
                let there = columns * i64::from(to.x.bounded(0, size.w)) / i64::from(size.w.max(1));
                self.window.0 = there - self.window.1 / 2;
            }
        }
    }

    fn measure(&mut self) {
        self.panes.iter_mut().for_each(Pane::measure);
    }

    fn draw(&mut self) {
        for i in 0..self.shown() {
            let selected = self.selected.filter(|(p, _)| *p == i).map(|(_, e)| e);
            let pane = &mut self.panes[i];
            if let Some(execution) = self.all.get(pane.at) {
                pane.draw(execution, self.window, selected);
            }
        }
        if !self.beside {
            self.panes[1].hide();
        }
        self.strip.draw(&self.panes[0], self.window);
    }

    fn save(&mut self, kind: &str) {
        if kind == "svg" {
            let pane = &self.panes[0];
            let selected = self.selected.filter(|(p, _)| *p == 0).map(|(_, e)| e);
            if let (Some(execution), Some(size)) = (self.execution(0), pane.size()) {
                let scene = pane.drawing(execution, self.window, selected, size).scene();
                let text = svg_text::standalone(&scene, Theme::Light);
                self.said = Some((work::save("execution.svg", "image/svg+xml", &text), false));
            }
            return;
        }
        let out = shiviz::export(&self.all);
        let saved = work::save("execution.log", "text/plain", &out.text);
        let apart = out.delimiter.map_or(String::new(), |d| format!(" and the delimiter {d}"));
        let how = format!("{saved} ShiViz reads it with the parser {}{apart}", out.parser);
        self.said = Some((how, false));
    }

    /// The selected event and the one before it, place by place.
    fn compared(&self) -> Html {
        let found = self.selected.zip(self.second);
        let events = found.and_then(|((pane, event), other)| {
            let all = &self.execution(pane)?.events;
            Some((self.execution(pane)?, all.get(event as usize)?, all.get(other as usize)?))
        });
        let Some((execution, event, other)) = events else { return html! {} };
        let mut all: Vec<u32> = other.clock.iter().chain(&event.clock).map(|c| c.0).collect();
        all.sort_unstable();
        all.dedup();
        let places = all.len();
        if places > COMPARED {
            // What is the same in both says little.
            all.retain(|h| count(&other.clock, *h) != count(&event.clock, *h));
            all.truncate(COMPARED);
        }
        let row = |h: &u32| {
            let name = &execution.hosts[*h as usize];
            use happened_before::algo::clocks::overlay::row;
            row(name, count(&other.clock, *h), count(&event.clock, *h))
        };
        let says = view::stands(relation(other, event));
        let rows = all.iter().map(row).collect();
        let comparison = Comparison { rows, says, truly: "" };
        html! {
            <>
                { overlay::table(execution.id(other), execution.id(event), comparison) }
                if all.len() < places {
                    <p class="soft">{ format!("{} of {places} places are shown.", all.len()) }</p>
                }
            </>
        }
    }
}

/// Where a pointer is, and how near is near.
fn hold(e: &PointerEvent, svg: &NodeRef, pane: Option<usize>) -> Msg {
    let reach = if e.pointer_type() == "mouse" { REACH.0 } else { REACH.1 };
    Msg::Hold(pane, place(e, svg), reach)
}

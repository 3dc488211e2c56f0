//! What is on the page of recorded executions.

use super::{Imported, InputKind, Msg, hold};
use crate::ui::bar::{Bar, Place};
use crate::ui::dom;
use crate::ui::import_history::Judged;
use crate::ui::stage::{capture, place};
use crate::ui::words;
use crate::ui::work::Source;
use happened_before::core::action::{Action, CrashMode};
use happened_before::core::config::Setup;
use happened_before::core::ids::NodeId;
use happened_before::core::session::Session;
use happened_before::core::trace::Relation;
use happened_before::protocols;
use happened_before::share::export;
use happened_before::share::import::execution::{Execution, RecordedEvent as Happening};
use wasm_bindgen::prelude::*;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::html::Scope;
use yew::prelude::*;

/// The text that was pasted, unless into a field that takes it for itself.
pub fn pasted(e: &web_sys::Event) -> Option<String> {
    let target = e.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok())?;
    if target.tag_name().eq_ignore_ascii_case("input") {
        return None;
    }
    let clip = js_sys::Reflect::get(e, &"clipboardData".into()).ok()?;
    let get = js_sys::Reflect::get(&clip, &"getData".into()).ok()?;
    let text = get.dyn_ref::<js_sys::Function>()?.call1(&clip, &"text".into()).ok()?;
    text.as_string().filter(|t| !t.trim().is_empty())
}

/// Bytes of a file that tell what it is.
const HEAD: f64 = 4_096.0;

/// Says what a file seems to be.
pub fn look_into(file: web_sys::File, link: Scope<Imported>) -> bool {
    wasm_bindgen_futures::spawn_local(async move {
        let head = match file.slice_with_f64_and_f64(0.0, HEAD) {
            Ok(head) => text_of(&head).await,
            Err(_) => String::new(),
        };
        link.send_message(Msg::Found(InputKind::of(&file.name(), &head), file));
    });
    false
}

/// A history is read here: its judges take text.
pub fn read_whole(file: web_sys::File, link: Scope<Imported>) {
    wasm_bindgen_futures::spawn_local(async move {
        let text = text_of(&file).await;
        link.send_message(Msg::History(text));
    });
}

async fn text_of(blob: &web_sys::Blob) -> String {
    let text = wasm_bindgen_futures::JsFuture::from(blob.text()).await;
    text.ok().and_then(|t| t.as_string()).unwrap_or_default()
}

/// Parser and delimiter out of an address.
pub fn patterns(text: &str) -> (Option<String>, Option<String>) {
    let mut parts = text.split('/').map(|p| {
        let decoded = js_sys::decode_uri_component(p).ok().map(String::from);
        decoded.filter(|p| !p.is_empty())
    });
    (parts.next().flatten(), parts.next().flatten())
}

/// Puts parser and delimiter into the address.
pub fn address(parser: &str, delimiter: &str) {
    let code = |text| String::from(js_sys::encode_uri_component(text));
    let address = format!("#import/{}/{}", code(parser), code(delimiter));
    let history = dom::window().history();
    let _ = history.map(|h| h.replace_state_with_url(&JsValue::NULL, "", Some(&address)));
}

/// What is said of the example.
pub const EXAMPLE: &str = "An example: two runs of a scene from one seed, the second with a crash. Drop a log of your own anywhere on this page.";

/// The scene of the example; it has to be at hand.
pub const EXAMPLE_SCENE: &str = protocols::INDEX[1].id;

/// Two runs of a scene, as a log and its delimiter: one by itself, and the same with a crash.
pub fn example() -> (String, &'static str) {
    let mut text = String::new();
    let Ok(scene) = protocols::scene(EXAMPLE_SCENE) else { return (text, "") };
    let setup = Setup { scene: scene.id.into(), seed: 7, ..Setup::default() };
    for (label, crash) in [("Undisturbed", false), ("With a crash", true)] {
        let Ok(mut session) = Session::new(scene.build, setup.clone(), Vec::new()) else {
            continue;
        };
        session.advance_to(450_000, 4_000);
        if crash {
            let _ = session.act(Action::Crash { node: NodeId(0), mode: CrashMode::Process });
        }
        session.advance_to(1_200_000, 4_000);
        let names: Vec<String> = session.view().nodes.iter().map(|n| n.name.to_string()).collect();
        text.push_str(&format!("=== {label} ===\n{}", export::shiviz(session.trace(), &names)));
    }
    (text, "^=== (?<trace>.*) ===$")
}

/// How the first of two events stands to the second.
pub fn stands(relation: Relation) -> &'static str {
    match relation {
        Relation::Same => "It is the same event.",
        Relation::Past => "The first happened before the second.",
        Relation::Future => "The second happened before the first.",
        Relation::Beside => "One place is smaller and another is larger: they are concurrent.",
    }
}

/// What a key does to a diagram.
fn key(e: &KeyboardEvent, most: i64) -> Option<Msg> {
    Some(match e.key().as_str() {
        "ArrowRight" => Msg::Turn(1),
        "ArrowLeft" => Msg::Turn(-1),
        "PageDown" => Msg::Slide(800),
        "PageUp" => Msg::Slide(-800),
        "Home" => Msg::Slide(i64::from(i32::MIN)),
        "End" => Msg::Slide(most),
        "+" | "=" => Msg::Zoom(2, 3),
        "-" => Msg::Zoom(3, 2),
        "Escape" => Msg::Pick(0, None),
        _ => return None,
    })
}

impl Imported {
    pub fn page(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let over = Callback::from(|e: DragEvent| e.prevent_default());
        html! {
            <div class="page-tool" ondragover={over} ondrop={link.callback(Msg::Drop)}>
                <Bar place={Place::Tool("Recorded executions")} />
                <main class="tool">
                    { self.form(ctx) }
                    if let Some((said, bad)) = &self.said {
                        <p class="notice" role={if *bad { "alert" } else { "status" }}>{ said }</p>
                    }
                    if self.job.is_some() {
                        { self.under_way(ctx) }
                    }
                    if let (InputKind::History, Some((name, text, nth))) = (self.kind, &self.history) {
                        <Judged name={name.clone()} text={AttrValue::from(text.clone())} nth={*nth} />
                    } else if !self.all.is_empty() {
                        { self.executions(ctx) }
                        { self.tools(ctx) }
                        // A list of its own, so that a pane keeps its element when there is another.
                        <div>{ for (0..self.shown()).map(|i| self.diagram(ctx, i)) }</div>
                        { self.overview(ctx) }
                        <div class="beside">{ self.details() }{ self.hosts(ctx) }</div>
                    }
                </main>
            </div>
        }
    }

    fn under_way(&self, ctx: &Context<Self>) -> Html {
        let (done, news) = (self.progress(), self.news);
        let what = match (news.of, news.bytes < news.of, news.checked < news.events) {
            (0, ..) => "Beginning".to_string(),
            (_, true, _) => format!("{} found", words::count(news.events as u64, "event")),
            (_, _, true) => format!("{} of {} events checked", news.checked, news.events),
            _ => format!("{} on their way", words::count(news.events as u64, "event")),
        };
        html! {
            <div class="import-progress" role="status">
                <progress aria-label="Reading" max="1000" value={done.to_string()}></progress>
                <span>{ format!("{} %", done / 10) }</span><span class="soft">{ what }</span>
                <button class="verb" id="import-cancel"
                    onclick={ctx.link().callback(|_: MouseEvent| Msg::Cancel)}>{ "Cancel" }</button>
            </div>
        }
    }

    fn form(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let file = link.batch_callback(|e: Event| {
            let input = e.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
            let file = input.and_then(|i| i.files()).and_then(|f| f.get(0));
            file.map(|f| Msg::Given(f.name(), Source::File(f)))
        });
        let kind = |kind: InputKind, name: &'static str| {
            html! {
                <button class="verb" aria-pressed={(self.kind == kind).to_string()}
                    onclick={link.callback(move |_: MouseEvent| Msg::Kind(kind))}>{ name }</button>
            }
        };
        let nothing = self.typed.is_empty() && self.source.is_none();
        html! {
            <details class="import-form" open={self.all.is_empty() && self.history.is_none()}>
                <summary>{ "Drop a log anywhere here, paste one, or choose a file" }</summary>
                <p class="soft">{ "Every event needs its host and its vector clock, as ShiViz logs have them; a trace of etcd works too. Or what clients did and learned (Jepsen, EDN, Porcupine, JSON), for the judges. Nothing leaves this page." }</p>
                <p class="import-tools">
                    <input type="file" id="import-file" aria-label="Log file" onchange={file} />
                    <button class="verb" id="import-example"
                        onclick={link.callback(|_: MouseEvent| Msg::Example)}>{ "Show me an example" }</button>
                </p>
                <p class="import-tools" role="group" aria-label="Format">{ kind(InputKind::Shiviz, "ShiViz log") }{ kind(InputKind::Etcd, "etcd trace") }{ kind(InputKind::History, "Client history") }</p>
                if self.kind == InputKind::Shiviz {
                    <label>{ "Parser: a regular expression with the groups host, clock and event" }
                        <input class="mono" id="import-parser" value={self.parser.clone()} spellcheck="false"
                            oninput={link.callback(|e: InputEvent| Msg::Parser(dom::value_of(&e)))} /></label>
                    <label>{ "Delimiter between executions, if there are several; its group trace names them" }
                        <input class="mono" id="import-delimiter" value={self.delimiter.clone()} spellcheck="false"
                            oninput={link.callback(|e: InputEvent| Msg::Delimiter(dom::value_of(&e)))} /></label>
                }
                <label>{ "Log" }
                    <textarea class="mono" id="import-text" rows="6" value={self.typed.clone()} spellcheck="false"
                        placeholder={"alice {\"alice\":1}\nsends a letter\nbob {\"alice\":1, \"bob\":1}\nreads it"}
                        oninput={link.callback(|e: InputEvent| Msg::Typed(dom::value_of(&e)))} /></label>
                <p><button class="verb" id="import-read" disabled={nothing || self.job.is_some()}
                    onclick={link.callback(|_: MouseEvent| Msg::Read)}>{ "Read" }</button></p>
            </details>
        }
    }

    fn label(&self, at: usize) -> String {
        match self.all.get(at).map(|e| e.label.as_str()) {
            Some(label) if !label.is_empty() => label.to_string(),
            _ => format!("Execution {}", at + 1),
        }
    }

    /// Which execution is shown, and which one beside it.
    fn executions(&self, ctx: &Context<Self>) -> Html {
        if self.all.len() < 2 {
            return html! {};
        }
        let (link, now) = (ctx.link(), self.panes[0].at);
        let place = |e: &Event| {
            let list = e.target().and_then(|t| t.dyn_into::<HtmlSelectElement>().ok());
            list.map_or(0, |s| s.selected_index())
        };
        let show = link.callback(move |e: Event| Msg::Show(place(&e).max(0) as usize));
        let beside =
            link.callback(move |e: Event| Msg::Beside(usize::try_from(place(&e) - 1).ok()));
        let with = self.beside.then_some(self.panes[1].at);
        html! {
            <div class="import-tools">
                <label class="inline">{ "Execution" }
                    <select id="execution" onchange={show}>
                        { for (0..self.all.len()).map(|i| html! { <option selected={i == now}>{ self.label(i) }</option> }) }
                    </select></label>
                <label class="inline">{ "compared with" }
                    <select id="compare" onchange={beside}>
                        <option selected={with.is_none()}>{ "none" }</option>
                        { for (0..self.all.len()).map(|i| html! { <option selected={with == Some(i)} disabled={i == now}>{ self.label(i) }</option> }) }
                    </select></label>
                if self.beside && self.search.is_empty() {
                    <span class="soft" role="status">{ format!("Ringed: {} only above, {} only below, by host and text.",
                        words::count(self.panes[0].found.len() as u64, "event"), self.panes[1].found.len()) }</span>
                }
            </div>
        }
    }

    fn tools(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let button = |name: &'static str,
                      id: &'static str,
                      label: Option<&'static str>,
                      msg: fn() -> Msg,
                      on: Option<bool>| {
            html! { <button class="verb" {id} aria-label={label} title={label} aria-pressed={on.map(|b| b.to_string())}
            onclick={link.callback(move |_: MouseEvent| msg())}>{ name }</button> }
        };
        let found = self.panes[0].found.len();
        let found = if self.search.is_empty() {
            String::new()
        } else {
            words::count(found as u64, "event")
        };
        html! {
            <div class="import-tools" role="toolbar" aria-label="Diagram">
                <input type="search" id="import-search" placeholder="Search all events" aria-label="Search in all events"
                    oninput={link.callback(|e: InputEvent| Msg::Search(dom::value_of(&e)))} />
                <span class="soft" id="found" role="status">{ found }</span>
                { button("Previous", "turn-back", None, || Msg::Turn(-1), None) }
                { button("Next", "turn", None, || Msg::Turn(1), None) }
                { button("Collapse local runs", "collapse", None, || Msg::Collapse, Some(self.collapse)) }
                { button("−", "wider", Some("Show more"), || Msg::Zoom(3, 2), None) }
                { button("+", "closer", Some("Show less"), || Msg::Zoom(2, 3), None) }
                <span class="gap"></span>
                { button("Save SVG", "save-svg", None, || Msg::Save("svg"), None) }
                { button("Save ShiViz log", "save-log", None, || Msg::Save("log"), None) }
            </div>
        }
    }

    fn diagram(&self, ctx: &Context<Self>, pane: usize) -> Html {
        let (link, svg) = (ctx.link(), self.panes[pane].svg.clone());
        let down = {
            let svg = svg.clone();
            link.callback(move |e: PointerEvent| {
                capture(&e, &svg);
                hold(&e, &svg, Some(pane))
            })
        };
        let drag = {
            let svg = svg.clone();
            link.batch_callback(move |e: PointerEvent| {
                (e.buttons() > 0).then(|| Msg::Drag(place(&e, &svg)))
            })
        };
        let up = link.callback(|_: PointerEvent| Msg::Let);
        let wheel = link.batch_callback(|e: WheelEvent| {
            let by = if e.delta_x().abs() > e.delta_y().abs() { e.delta_x() } else { e.delta_y() };
            if e.ctrl_key() || e.meta_key() {
                e.prevent_default();
                return Some(if by > 0.0 { Msg::Zoom(5, 4) } else { Msg::Zoom(4, 5) });
            }
            let sideways = e.shift_key() || e.delta_x().abs() > e.delta_y().abs();
            sideways.then(|| {
                e.prevent_default();
                Msg::Slide(by as i64)
            })
        });
        let most = i64::from(self.panes[pane].plan.columns) * 1000;
        let keyed = link.batch_callback(move |e: KeyboardEvent| {
            let msg = key(&e, most)?;
            e.prevent_default();
            Some(msg)
        });
        let (class, hint) =
            ("import-diagram", "Arrows go from event to event, plus and minus zoom.");
        html! {
            <section {class} key={pane} tabindex="0" role="group" data-pane={pane.to_string()}
                aria-label={format!("{}, space-time diagram. {hint}", self.label(self.panes[pane].at))}
                onpointerdown={down} onpointermove={drag} onpointerup={up} onwheel={wheel} onkeydown={keyed}>
                <svg class="scene" role="img" ref={svg}></svg>
            </section>
        }
    }

    /// All of it; a press or a stroke on it moves the window.
    fn overview(&self, ctx: &Context<Self>) -> Html {
        let (link, svg) = (ctx.link(), self.strip.svg.clone());
        let down = {
            let svg = svg.clone();
            link.callback(move |e: PointerEvent| {
                capture(&e, &svg);
                hold(&e, &svg, None)
            })
        };
        let drag = {
            let svg = svg.clone();
            link.batch_callback(move |e: PointerEvent| {
                (e.buttons() > 0).then(|| Msg::Drag(place(&e, &svg)))
            })
        };
        let up = link.callback(|_: PointerEvent| Msg::Let);
        html! {
            <div class="strip" onpointerdown={down} onpointermove={drag} onpointerup={up} aria-hidden="true">
                <svg class="scene" ref={svg}></svg>
            </div>
        }
    }

    /// The selected event: what it says, how all others stand to it, and the one selected before.
    fn details(&self) -> Html {
        let found = self.selected.and_then(|(pane, event)| {
            let execution = self.execution(pane)?;
            Some((execution, execution.events.get(event as usize)?))
        });
        let Some((execution, event)) = found else {
            return html! {
                <section class="import-event" aria-live="polite">
                    <h2>{ "No event is selected" }</h2>
                    <p class="soft">{ "Select one to light what happened before it, and what it may have led to. Select a second one to compare their clocks." }</p>
                </section>
            };
        };
        let [before, after, beside] = self.stands;
        html! {
            <section class="import-event" aria-live="polite">
                <h2>{ execution.id(event) }</h2>
                <p>{ &event.text }</p>
                <p class="mono">{ clock(execution, event) }</p>
                <p class="soft"><span class="is-past">{ format!("{before} before it") }</span>{ ", " }
                    <span class="is-future">{ format!("{after} after it") }</span>
                    { format!(", {beside} beside it. Line {} of the log.", event.line) }</p>
                { self.compared() }
            </section>
        }
    }
}

/// `[alice:2, bob:1]`.
fn clock(execution: &Execution, event: &Happening) -> String {
    let name = |h: u32| execution.hosts[h as usize].as_str();
    let counts: Vec<String> =
        event.clock.iter().map(|(h, n)| format!("{}:{n}", name(*h))).collect();
    format!("[{}]", counts.join(", "))
}

//! What leaves the page and comes back: the link, the session as a file, pictures, films, texts.

use super::dom::{self, Listener};
use super::fetch;
use super::film::Film;
use super::frame::{Ask, Look};
use super::model::{Model, sentence};
use super::reel;
use super::words;
use super::work;
use happened_before::cli::play::{Played, RunGoal};
use happened_before::cli::{Host, export};
use happened_before::core::config::parse_time;
use happened_before::core::session::Session;
use happened_before::protocols;
use happened_before::scene::Size;
use happened_before::scene::poster::Poster;
use happened_before::scene::space_time::SpaceTime;
use happened_before::scene::stage::Stage;
use happened_before::scene::style::Theme;
use happened_before::scene::svg_text::standalone;
use happened_before::share::carry;
use happened_before::share::export::film::FilmSpan;
use happened_before::share::link::Link;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{DragEvent, HtmlInputElement};
use yew::prelude::*;

/// The size of exported pictures, in pixels.
const STAGE: Size = Size::px(820, 520);
const DIAGRAM: Size = Size::px(1000, 320);
/// How much of the past a picture of everything shows, in microseconds.
const PAST: u64 = 1_000_000;

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The cluster.
    Stage,
    /// The space-time diagram, as it is on the page.
    Diagram,
    /// Everything.
    Poster,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExportForm {
    Svg,
    Png(u8),
    Gif,
    Webm,
    Text(&'static str),
    Session,
}

/// A picture of the present moment, standing alone.
pub fn picture(model: &Model, subject: Subject, theme: Theme) -> String {
    let (view, trace, now) = (&model.view, model.session.trace(), model.session.time());
    let scene = match subject {
        Subject::Stage => {
            let mut stage = Stage::new(view, model.scene.layout, STAGE);
            (stage.trace, stage.selected) = (Some(trace), model.selected_step());
            stage.scene(now)
        }
        Subject::Diagram => {
            let mut time = SpaceTime::new(view, trace, &model.index, model.window, DIAGRAM);
            time.selected = model.selected_step();
            time.scene(now)
        }
        Subject::Poster => Poster {
            title: model.scene.title,
            view,
            trace,
            layout: model.scene.layout,
            lenses: model.info.lenses,
            calls: model.info.calls,
            selected: model.selected_step(),
            span: PAST.min(now.max(1)),
        }
        .scene(),
    };
    standalone(&scene, theme)
}

/// The address of this moment.
pub fn address(model: &Model) -> String {
    let whole = dom::window().location().href().unwrap_or_default();
    let page = whole.split('#').next().unwrap_or_default();
    format!("{page}{}", model.link().fragment())
}

#[derive(Properties, PartialEq)]
pub struct SheetProps {
    pub look: Look,
    pub ask: Callback<Ask>,
}

/// What is going on: its words, and whether it is to stop.
#[derive(Clone, PartialEq)]
struct ExportWork {
    said: String,
    stop: Rc<Cell<bool>>,
}

#[component]
pub fn Sheet(props: &SheetProps) -> Html {
    let subject = use_state(|| Subject::Stage);
    let theme = use_state(|| if super::theme::is_dark() { Theme::Dark } else { Theme::Light });
    let work = use_state(|| None::<ExportWork>);
    let said = use_state(String::new);
    let span = use_state(|| reel::around(&props.look.0.model.borrow()));
    let going = use_mut_ref(|| None::<Rc<Cell<bool>>>);
    {
        let going = going.clone();
        use_effect_with((), move |()| {
            dom::focus("#sheet-close");
            move || {
                // Who closes it wants nothing more of it.
                if let Some(stop) = going.borrow_mut().take() {
                    stop.set(true);
                }
                dom::focus("#sheet-open");
            }
        });
    }
    let model = props.look.0.model.borrow();
    let address = address(&model);
    let left_out = model.left_out(model.address().1);
    let start = {
        let (desk, work, said) = (props.look.0.clone(), work.clone(), said.clone());
        let (subject, theme, span) = (*subject, *theme, *span);
        Callback::from(move |form: ExportForm| {
            let stop = Rc::new(Cell::new(false));
            *going.borrow_mut() = Some(stop.clone());
            work.set(Some(ExportWork { said: "Begun.".into(), stop: stop.clone() }));
            let job = ExportJob::of(&desk.model.borrow(), form, subject, theme, span);
            let (work, said) = (work.clone(), said.clone());
            wasm_bindgen_futures::spawn_local(async move {
                let tell = {
                    let (work, stop) = (work.clone(), stop.clone());
                    move |text: String| {
                        work.set(Some(ExportWork { said: text, stop: stop.clone() }))
                    }
                };
                let done = job.run(&tell, &stop).await;
                work.set(None);
                said.set(match done {
                    Ok(what) => what,
                    Err(why) => sentence(&why),
                });
            });
        })
    };
    let button = |id: String, name: String, form: ExportForm| {
        let start = start.clone();
        let busy = work.is_some();
        html! { <button class="verb" {id} disabled={busy} onclick={move |_: MouseEvent| start.emit(form)}>{ name }</button> }
    };
    let choice = |name: &'static str, on: bool, set: Callback<MouseEvent>| {
        html! { <button class="verb" aria-pressed={on.to_string()} onclick={set}>{ name }</button> }
    };
    let subjects = [
        ("Stage", Subject::Stage),
        ("Diagram", Subject::Diagram),
        ("Both, with logs", Subject::Poster),
    ];
    let themes =
        [("Light", Theme::Light), ("Dark", Theme::Dark), ("For print", Theme::LightStrong)];
    let time = |name: &'static str, id: &'static str, at: u64, set: Callback<Event>| {
        html! { <label class="setting"><span>{ name }</span><input class="mono" {id} value={words::seconds(at)} onchange={set} /></label> }
    };
    let set_span = |change: fn(FilmSpan, u64) -> FilmSpan| {
        let (span, said) = (span.clone(), said.clone());
        Callback::from(move |e: Event| {
            let text = dom::value_of(&e);
            match parse_time(text.trim()).and_then(|t| u64::try_from(t).ok()) {
                Some(at) => span.set(change(*span, at)),
                None => said.set(format!("'{text}' is not a time such as 1.2s or 350ms.")),
            }
        })
    };
    let copy = props.ask.reform(|_: MouseEvent| Ask::Share);
    let close = props.ask.reform(|_: MouseEvent| Ask::Dialog(None));
    let open = {
        let ask = props.ask.clone();
        Callback::from(move |e: Event| {
            let input = e.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
            if let Some(file) = input.and_then(|i| i.files()).and_then(|f| f.get(0)) {
                read(file.into(), ask.clone());
            }
        })
    };
    let cancel = {
        let work = work.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(work) = &*work {
                work.stop.set(true);
            }
            wasm_bindgen_futures::spawn_local(async {
                if let Ok(film) = Film::load().await {
                    film.stop();
                }
            });
        })
    };
    html! {
        <div class="veil">
            <div class="dialog sheet" role="dialog" aria-modal="true" aria-labelledby="sheet-title">
                <h2 id="sheet-title">{ "Share and export" }</h2>
                <button class="quiet icon close" id="sheet-close" aria-label="Close" onclick={close}>
                    { super::glyphs::sign(super::glyphs::CLOSE) }
                </button>
                <section>
                    <h3>{ "Link" }</h3>
                    <input class="mono address" readonly=true value={address.clone()} aria-label="Address of this moment" />
                    <div class="verbs">
                        <button class="verb" id="copy-link" onclick={copy}>{ "Copy link" }</button>
                        { button("save-session".into(), "Save as a file".into(), ExportForm::Session) }
                    </div>
                    <p class="small">{ format!("{} characters. ", address.len()) }
                        { "A file or an exported picture dropped on the page opens its run, or " }
                        <label class="textlink">{ "open one" }<input class="unseen" type="file" id="open-file" onchange={open} /></label>
                        { "." }</p>
                    if let Some(text) = left_out {
                        <p class="small" id="left-out" role="note">{ text }</p>
                    }
                </section>
                <section>
                    <h3>{ "Picture of this moment" }</h3>
                    <div class="choices" role="group" aria-label="What">
                        { for subjects.into_iter().map(|(name, s)| {
                            let state = subject.clone();
                            choice(name, *subject == s, Callback::from(move |_| state.set(s)))
                        }) }
                    </div>
                    <div class="choices" role="group" aria-label="Colours">
                        { for themes.into_iter().map(|(name, t)| {
                            let state = theme.clone();
                            choice(name, *theme == t, Callback::from(move |_| state.set(t)))
                        }) }
                    </div>
                    <div class="choices">
                        { button("svg".into(), "SVG".into(), ExportForm::Svg) }
                        { for (1..=4u8).map(|n| button(format!("png-{n}"), format!("PNG {n}×"), ExportForm::Png(n))) }
                    </div>
                </section>
                <section>
                    <h3>{ "Film of a span" }</h3>
                    { time("From", "film-from", span.from, set_span(|s, from| FilmSpan { from, ..s })) }
                    { time("To", "film-to", span.to, set_span(|s, to| FilmSpan { to, ..s })) }
                    <p class="small">{ reel::words(*span, model.speed) }</p>
                    <div class="choices">
                        { button("gif".into(), "GIF".into(), ExportForm::Gif) }
                        if reel::films() {
                            { button("webm".into(), "WebM".into(), ExportForm::Webm) }
                        }
                    </div>
                </section>
                <section>
                    <h3>{ "The run as text" }</h3>
                    <div class="choices">
                        { for TEXTS.iter().map(|(form, name, _)| button(format!("text-{form}"), (*name).into(), ExportForm::Text(form))) }
                    </div>
                </section>
                <p class="sheet-said" role="status">
                    { work.as_ref().map_or_else(|| (*said).clone(), |w| w.said.clone()) }
                </p>
                <button class="verb" id="cancel" hidden={work.is_none()} onclick={cancel}>{ "Cancel" }</button>
            </div>
        </div>
    }
}

/// Forms that `hb export` writes: its name, ours, the file's ending.
const TEXTS: &[(&str, &str, &str)] = &[
    ("json", "JSON", "json"),
    ("trace", "Trace", "txt"),
    ("mermaid", "Mermaid", "mmd"),
    ("shiviz", "ShiViz", "log"),
    ("jepsen", "Jepsen", "edn"),
];

/// Everything that an export needs of the run, taken at its beginning.
struct ExportJob {
    name: String,
    form: ExportForm,
    link: Link,
    address: String,
    /// All of the session, or why a file cannot hold it.
    file: Result<String, String>,
    svg: String,
    theme: Theme,
    /// The film's part of the run, or why there is no such film.
    span: Result<FilmSpan, String>,
    speed: i32,
}

impl ExportJob {
    fn of(
        model: &Model,
        form: ExportForm,
        subject: Subject,
        theme: Theme,
        span: FilmSpan,
    ) -> ExportJob {
        let svg = match form {
            ExportForm::Svg | ExportForm::Png(_) => picture(model, subject, theme),
            _ => String::new(),
        };
        let name = format!("{}-{}", model.scene.id, model.session.setup.seed);
        let (link, address, speed) = (model.link(), address(model), model.speed);
        let page = address.split('#').next().unwrap_or_default();
        let file = match form {
            ExportForm::Session => Link::file(&model.session, model.looked_at()),
            _ => Ok(String::new()),
        };
        let file = file.map(|text| format!("{page}{text}\n"));
        let seen = model.session.trace().reached().1.max(model.session.time());
        let span = match form {
            ExportForm::Gif | ExportForm::Webm => span.check(seen).map(|()| span),
            _ => Ok(span),
        };
        ExportJob { name, form, link, address, file, svg, theme, span, speed }
    }

    /// The run as text: by the twin beside the page or, where that cannot be fetched, here.
    async fn text(&self, form: &str, stop: &Cell<bool>) -> Result<String, String> {
        let args = ["export", &self.link.fragment(), "--to", form];
        let answer = match Film::load().await {
            Ok(film) => film.hb(&args).await,
            Err(why) => Err(why),
        };
        match answer {
            Ok(text) => Ok(text),
            Err(_) if stop.get() => Err("cancelled".into()),
            Err(_) => written(&self.link, form, stop).await,
        }
    }

    /// Does it; what was saved, in a sentence.
    async fn run(self, tell: &dyn Fn(String), stop: &Cell<bool>) -> Result<String, String> {
        let span = self.span.clone();
        let (ending, kind, bytes) = match self.form {
            ExportForm::Svg => {
                // Without its letters it is still the picture.
                let lettered = match Film::load().await {
                    Ok(film) => film.lettered(&self.svg).await?,
                    Err(_) => self.svg.clone(),
                };
                let svg = carry::svg(&lettered, &self.address);
                ("svg", "image/svg+xml", svg.into_bytes())
            }
            ExportForm::Png(scale) => {
                let film = Film::load().await?;
                let bytes = film.png(&self.svg, scale.into()).await?;
                ("png", "image/png", carry::png(&bytes, &self.address)?)
            }
            ExportForm::Gif => {
                let film = Film::load().await?;
                let made = reel::gif(
                    &film,
                    &self.link,
                    self.theme,
                    span?,
                    self.speed,
                    &self.address,
                    tell,
                    stop,
                );
                ("gif", "image/gif", made.await?)
            }
            ExportForm::Webm => {
                let film = Film::load().await?;
                let made = reel::webm(
                    &film,
                    &self.link,
                    self.theme,
                    span?,
                    self.speed,
                    &self.address,
                    tell,
                    stop,
                );
                ("webm", "video/webm", made.await?)
            }
            ExportForm::Text(form) => {
                tell("The run is written down.".into());
                let text = self.text(form, stop).await?;
                let ending = TEXTS.iter().find(|t| t.0 == form).map_or("txt", |t| t.2);
                (ending, "text/plain", text.into_bytes())
            }
            ExportForm::Session => ("run.txt", "text/plain", self.file?.into_bytes()),
        };
        if stop.get() {
            return Err("cancelled".into());
        }
        let file = format!("{}.{ending}", self.name);
        let data = js_sys::Uint8Array::from(&bytes[..]);
        let options = web_sys::BlobPropertyBag::new();
        options.set_type(kind);
        let parts = js_sys::Array::of1(&data.into());
        let blob = web_sys::Blob::new_with_u8_array_sequence_and_options(&parts, &options);
        let offered = blob.and_then(|blob| work::offer(&file, &blob));
        offered.map_err(|_| format!("{file} was not saved: the browser makes no file"))?;
        Ok(work::saved(&file, bytes.len()))
    }
}

/// So many steps between two looks at what else the page has to do.
const SLICE: u64 = 500;

/// The page as a machine for what is written down of a run already played: it has no files.
struct NoFiles;

impl Host for NoFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        Err(format!("{path}: the page reads no files by name"))
    }
    fn write(&self, path: &str, _bytes: &[u8]) -> Result<(), String> {
        Err(format!("{path}: the page writes no files by name"))
    }
    fn stdin(&self) -> Result<String, String> {
        Err("the page has no standard input".into())
    }
    fn clock_ms(&self) -> u64 {
        dom::now() as u64
    }
}

/// Plays a run here, with pauses, and writes it down.
async fn written(link: &Link, form: &str, stop: &Cell<bool>) -> Result<String, String> {
    link.check()?;
    let build = protocols::scene(&link.setup.scene)?.build;
    let mut session = Session::new(build, link.setup.clone(), link.journal.clone())?;
    let goal = RunGoal::of(link);
    let mut slice = || match goal {
        RunGoal::Until(time) => session.advance_to(time, SLICE),
        RunGoal::Steps(steps) => {
            let left = SLICE.min(steps.saturating_sub(session.cursor()));
            left == 0 || (0..left).any(|_| session.forward().is_none())
        }
    };
    while !slice() {
        dom::pause().await;
        if stop.get() {
            return Err("cancelled".into());
        }
    }
    export::form(&mut Played::of(session, link), form, &NoFiles).map_err(|bad| bad.0)
}

/// Reads a file or a picture and opens the run in it.
fn read(file: web_sys::Blob, ask: Callback<Ask>) {
    wasm_bindgen_futures::spawn_local(async move {
        if file.size() > carry::MAX_FILE as f64 {
            return ask.emit(Ask::Say(Some("This file is too large to hold a run.".into())));
        }
        let bytes = wasm_bindgen_futures::JsFuture::from(file.array_buffer()).await;
        let bytes = bytes.map(|b| js_sys::Uint8Array::new(&b).to_vec()).unwrap_or_default();
        let Some(text) = carry::find(&bytes) else {
            return ask.emit(Ask::Say(Some("There is no run in this file.".into())));
        };
        open(&text, Link::decode_file, &ask).await;
    });
}

/// Opens the run of a text, once its scene is at hand.
async fn open(text: &str, decode: fn(&str) -> Result<Link, String>, ask: &Callback<Ask>) {
    match fetch::link(text, decode).await {
        Ok(link) => {
            ask.emit(Ask::Dialog(None));
            ask.emit(Ask::Open(Box::new(link)));
        }
        Err(why) => ask.emit(Ask::Say(Some(why))),
    }
}

/// Files may be dropped anywhere on the page as long as this lives.
pub struct Drop {
    _over: Listener,
    _drop: Listener,
}

impl Drop {
    /// Listens for files.
    pub fn listen(ask: Callback<Ask>) -> Drop {
        let page = dom::document();
        let over = Listener::new(&page, "dragover", |e| e.prevent_default());
        let drop = Listener::new(&page, "drop", move |e| {
            e.prevent_default();
            let data = e.dyn_into::<DragEvent>().ok().and_then(|e| e.data_transfer());
            let Some(data) = data else { return };
            if let Some(file) = data.files().and_then(|f| f.get(0)) {
                return read(file.into(), ask.clone());
            }
            // A link dragged from somewhere.
            if let Ok(text) = data.get_data("text") {
                let ask = ask.clone();
                wasm_bindgen_futures::spawn_local(async move {
                    open(&text, Link::decode, &ask).await;
                });
            }
        });
        Drop { _over: over, _drop: drop }
    }
}

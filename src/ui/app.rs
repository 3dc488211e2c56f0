//! The root: the list of scenes, or a scene.

use super::bar::{Bar, Place};
use super::blackboard::BoardProps;
use super::dom::{self, Listener};
use super::fetch;
use super::frame::Frame;
use super::home::Home;
use super::import::ImportProps;
use super::later;
use super::model::Model;
use super::past;
use happened_before::core::config::Setup;
use happened_before::protocols::{self, INDEX, SceneEntry};
use happened_before::share::link::Link;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// The first run of a scene that names none.
pub const FIRST_SEED: u64 = 7;

/// What the address asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// The list of scenes.
    Home,
    /// A scene, as it opens.
    Scene(String),
    /// Something of a scene: its own first run (`run`), a story, a preset or a challenge by name.
    Part(String, String),
    /// A run.
    Run(Box<Link>),
    /// Executions that others recorded, with the patterns to read them by.
    Import(String),
    /// The blackboard, with what is on it.
    Board(String),
    /// A scene whose name is much like what the address says.
    Near(&'static SceneEntry, String),
    /// Neither; one sentence, and the scene that was meant, if that can be told.
    Bad(String),
}

/// Reads the part of the address after `#`.
pub fn route(hash: &str) -> Route {
    let text = hash.trim_start_matches('#').trim_matches('/');
    if text.is_empty() {
        return Route::Home;
    }
    if text == "import" || text.starts_with("import/") {
        return Route::Import(text.trim_start_matches("import").trim_start_matches('/').into());
    }
    if text == "board" || text.starts_with("board/") {
        return Route::Board(text.trim_start_matches("board").trim_start_matches('/').into());
    }
    if let Some(entry) = named(text) {
        return match text[entry.id.len()..].strip_prefix('/') {
            Some(part) => Route::Part(entry.id.into(), part.into()),
            None => Route::Scene(entry.id.into()),
        };
    }
    match Link::decode(hash) {
        Ok(link) => Route::Run(Box::new(link)),
        Err(why) => match word(text).and_then(protocols::closest) {
            Some(entry) => Route::Near(entry, text.into()),
            None => Route::Bad(why),
        },
    }
}

/// What may be a misspelt name.
fn word(text: &str) -> Option<&str> {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == ' ').then_some(text)
}

/// The scene that an address names. Programs append to addresses: `#raft).`, `#raft&fbclid=...`.
fn named(text: &str) -> Option<&'static SceneEntry> {
    let name = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next();
    protocols::entry(name?).ok()
}

/// The scene that an address needs, if it needs any: the one that it names or that its link is of.
/// What names none leads to the first scene, unless a run is shown, which then stays.
fn needed(hash: &str, shown: bool) -> Option<&'static SceneEntry> {
    let text = hash.trim_start_matches('#').trim_matches('/');
    let tool = text.split('/').next().unwrap_or_default();
    if ["", "import", "board"].contains(&tool) {
        return None;
    }
    let linked = || protocols::entry(&Link::scene_of(hash).ok()?).ok();
    let near = || word(text).and_then(protocols::closest);
    named(text).or_else(linked).or_else(near).or_else(|| (!shown).then_some(&INDEX[0]))
}

/// The first run of a scene.
pub fn first(scene: &str) -> Setup {
    Setup { scene: scene.into(), seed: FIRST_SEED, ..Setup::default() }
}

/// The root component.
pub struct App {
    /// What is shown; a bad address leaves it as it is.
    route: Route,
    /// The run that is shown, or why there is none.
    run: Option<Result<Opened, String>>,
    /// A sentence for the page that stays, and how many there have been.
    notice: (u32, String),
    /// The scene that is being fetched, and why it did not come.
    waiting: Option<(&'static SceneEntry, Option<String>)>,
    /// How often the address has changed: a board is opened anew.
    visit: u32,
    _listener: Listener,
}

pub enum Msg {
    Address,
    /// The scene of that visit has come, or one sentence why not.
    Fetched(u32, Result<(), String>),
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let link = ctx.link().clone();
        let _listener =
            Listener::new(&dom::window(), "hashchange", move |_| link.send_message(Msg::Address));
        let (run, notice, waiting) = (None, (0, String::new()), None);
        let mut app = App { route: Route::Home, run, notice, waiting, visit: 0, _listener };
        app.go(ctx);
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Address => {
                self.visit += 1;
                self.go(ctx);
            }
            // Of an address that has been left.
            Msg::Fetched(visit, _) if visit != self.visit => return false,
            Msg::Fetched(_, Ok(())) => self.go(ctx),
            Msg::Fetched(_, Err(why)) => {
                if let Some((_, failed)) = &mut self.waiting {
                    *failed = Some(why);
                }
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        if let Some((entry, failed)) = &self.waiting {
            return waiting(entry, failed.as_deref(), ctx.link().callback(|_| Msg::Address));
        }
        let title = |text: &str| dom::document().set_title(text);
        match (&self.route, &self.run) {
            (_, Some(Ok(opened))) => {
                title(&format!("{} · Happened Before", opened.title));
                // Another run of a scene stays on its page: what is undone there can be done again.
                html! { <Frame key={opened.scene} opened={opened.clone()} notice={self.notice.clone()} /> }
            }
            (_, Some(Err(why))) => html! { <main class="empty"><p>{ why.clone() }</p></main> },
            (Route::Import(text), None) => {
                title("Recorded executions · Happened Before");
                later::page_import(ImportProps { text: text.clone() })
            }
            (Route::Board(text), None) => {
                title("Blackboard · Happened Before");
                let board = later::page_board(BoardProps { text: text.clone() });
                html! { <key={self.visit}>{ board }</> }
            }
            _ => {
                title("Happened Before: distributed systems, running");
                html! { <Home /> }
            }
        }
    }
}

impl App {
    /// Shows what the address asks for, once the scene of it is at hand.
    fn go(&mut self, ctx: &Context<Self>) {
        let hash = hash();
        let shown = matches!(self.run, Some(Ok(_)));
        let missing = needed(&hash, shown).filter(|e| protocols::scene(e.id).is_err());
        self.waiting = missing.map(|entry| (entry, None));
        if let Some(entry) = missing {
            (self.route, self.run) = (Route::Home, None);
            let (link, visit) = (ctx.link().clone(), self.visit);
            fetch::scene(entry.id, move |done| link.send_message(Msg::Fetched(visit, done)));
            return;
        }
        match route(&hash) {
            Route::Bad(why) if shown => {
                let stays = "The page still shows the run that was there.";
                let why = super::model::sentence(&why);
                self.notice = (self.notice.0 + 1, format!("{why} {stays}"));
            }
            next => {
                self.run = open(&next);
                self.route = next;
            }
        }
    }
}

/// While a scene is fetched, and when it did not come.
fn waiting(entry: &SceneEntry, failed: Option<&str>, again: Callback<MouseEvent>) -> Html {
    dom::document().set_title(&format!("{} · Happened Before", entry.title));
    html! {
        <div class="page-home">
            <Bar place={Place::Tool(entry.title)} />
            <main class="empty" id="fetching">
                if let Some(why) = failed {
                    <p role="alert">{ why }</p>
                    <button id="fetch-again" onclick={again}>{ "Try again" }</button>
                } else {
                    <p role="status">{ format!("Fetching {}.", entry.title) }</p>
                }
            </main>
        </div>
    }
}

/// The run that an address asks for, if it asks for one: it may be on its way to its moment.
fn open(route: &Route) -> Option<Result<Opened, String>> {
    let (model, notice) = match route {
        Route::Home | Route::Import(_) | Route::Board(_) => return None,
        Route::Scene(id) => (Model::opening(id), None),
        Route::Part(id, part) => part_of(id, part),
        Route::Run(link) => match past::come_back(link).unwrap_or_else(|| Model::open(link)) {
            Ok(model) => (Ok(model), None),
            Err(why) => (Model::fresh(first(&link.setup.scene)), Some(why)),
        },
        Route::Near(entry, name) => {
            (Model::opening(entry.id), Some(format!("There is no scene '{name}'")))
        }
        Route::Bad(why) => (Model::opening(INDEX[0].id), Some(why.clone())),
    };
    Some(model.map(|mut model| {
        model.notice = notice.map(|why| {
            let why = super::model::sentence(&why);
            format!("{why} This is {}.", model.scene.title)
        });
        // A story says by itself when time runs.
        let plays = matches!(route, Route::Scene(_) | Route::Near(..) | Route::Part(..))
            && model.tale.is_none();
        Opened::new(model, plays)
    }))
}

/// A story, a preset, a challenge or the first run of a scene; its opening, with a sentence, if the
/// scene has nothing of this name.
fn part_of(id: &str, part: &str) -> (Result<Model, String>, Option<String>) {
    let Ok(scene) = protocols::scene(id) else { return (Model::opening(id), None) };
    let name = part.trim_end_matches('/');
    if let Some(story) = scene.stories.iter().find(|s| s.id == name) {
        let begun = Model::fresh(first(id)).map(|mut model| {
            model.tell(super::tale::Tell::Begin(story.id));
            model
        });
        return (begun, None);
    }
    if scene.presets.iter().any(|p| p.id == name) {
        return (Model::fresh(Setup { preset: name.into(), ..first(id) }), None);
    }
    match name {
        "run" => (Model::fresh(first(id)), None),
        _ if scene.challenges.iter().any(|c| c.id == name) => (Model::fresh(first(id)), None),
        _ => (Model::opening(id), Some(format!("{} has no '{name}'.", scene.title))),
    }
}

fn hash() -> String {
    dom::window().location().hash().unwrap_or_default()
}

/// A model on its way to the component that will own it.
#[derive(Clone)]
pub struct Opened {
    model: Rc<RefCell<Option<Model>>>,
    scene: &'static str,
    title: &'static str,
    /// Plays by itself.
    pub plays: bool,
}

impl Opened {
    fn new(model: Model, plays: bool) -> Self {
        let (scene, title) = (model.scene.id, model.scene.title);
        Opened { model: Rc::new(RefCell::new(Some(model))), scene, title, plays }
    }
    /// Takes the model out.
    pub fn take(&self) -> Option<Model> {
        self.model.borrow_mut().take()
    }
}

impl PartialEq for Opened {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.model, &other.model)
    }
}

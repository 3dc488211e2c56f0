//! The root: the list of scenes, or a scene.

use super::blackboard::Blackboard;
use super::dom::{self, Listener};
use super::frame::Frame;
use super::home::Home;
use super::import::Imported;
use super::model::Model;
use super::past;
use happened_before::core::config::Setup;
use happened_before::protocols;
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
    /// A scene's own first run.
    Scene(String),
    /// A run.
    Run(Box<Link>),
    /// Executions that others recorded, with the patterns to read them by.
    Import(String),
    /// The blackboard, with what is on it.
    Board(String),
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
    // Programs append to addresses: `#raft).`, `#raft&fbclid=...`.
    let name = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next();
    if let Some(name) = name.filter(|n| protocols::scene(n).is_ok()) {
        return Route::Scene(name.into());
    }
    match Link::decode(hash) {
        Ok(link) => Route::Run(Box::new(link)),
        Err(why) => Route::Bad(why),
    }
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
    /// How often the address has changed: a board is opened anew.
    visit: u32,
    _listener: Listener,
}

pub enum Msg {
    Address,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let link = ctx.link().clone();
        let _listener =
            Listener::new(&dom::window(), "hashchange", move |_| link.send_message(Msg::Address));
        let (route, notice) = (route(&hash()), (0, String::new()));
        let run = open(&route);
        App { route, run, notice, visit: 0, _listener }
    }

    fn update(&mut self, _: &Context<Self>, _: Msg) -> bool {
        let next = route(&hash());
        self.visit += 1;
        match (next, matches!(self.run, Some(Ok(_)))) {
            (Route::Bad(why), true) => {
                let stays = "The page still shows the run that was there.";
                let why = super::model::sentence(&why);
                self.notice = (self.notice.0 + 1, format!("{why} {stays}"));
            }
            (next, _) => {
                self.run = open(&next);
                self.route = next;
            }
        }
        true
    }

    fn view(&self, _: &Context<Self>) -> Html {
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
                html! { <Imported text={text.clone()} /> }
            }
            (Route::Board(text), None) => {
                title("Blackboard · Happened Before");
                html! { <Blackboard key={self.visit} text={text.clone()} /> }
            }
            _ => {
                title("Happened Before: distributed systems, running");
                html! { <Home /> }
            }
        }
    }
}

/// The run that an address asks for, if it asks for one: it may be on its way to its moment.
fn open(route: &Route) -> Option<Result<Opened, String>> {
    let (model, notice) = match route {
        Route::Home | Route::Import(_) | Route::Board(_) => return None,
        Route::Scene(id) => (Model::fresh(first(id)), None),
        Route::Run(link) => match past::come_back(link).unwrap_or_else(|| Model::open(link)) {
            Ok(model) => (Ok(model), None),
            Err(why) => (Model::fresh(first(&link.setup.scene)), Some(why)),
        },
        Route::Bad(why) => (Model::fresh(first(protocols::CATALOG[0].id)), Some(why.clone())),
    };
    Some(model.map(|mut model| {
        model.notice = notice.map(|why| {
            let why = super::model::sentence(&why);
            format!("{why} This is {} from its beginning.", model.scene.title)
        });
        Opened::new(model, matches!(route, Route::Scene(_)))
    }))
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

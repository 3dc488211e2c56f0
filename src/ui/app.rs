//! The root: the list of scenes, or a scene.

use super::bar::{Bar, Place};
use super::blackboard::Blackboard;
use super::dom::{self, Listener};
use super::fetch;
use super::frame::Frame;
use super::home::Home;
use super::import::Imported;
use super::model::Model;
use happened_before::core::config::Setup;
use happened_before::protocols::{self, Entry, INDEX};
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
    if protocols::entry(text).is_ok() {
        return Route::Scene(text.into());
    }
    match Link::decode(hash) {
        Ok(link) => Route::Run(Box::new(link)),
        Err(why) => Route::Bad(why),
    }
}

/// The scene that an address needs, if it needs any: one that names none it can show is answered
/// on the page of the first scene.
fn needed(hash: &str) -> Option<&'static Entry> {
    let text = hash.trim_start_matches('#').trim_matches('/');
    let tool = text.split('/').next().unwrap_or_default();
    if ["", "import", "board"].contains(&tool) {
        return None;
    }
    let linked = || Link::scene_of(hash).and_then(|id| protocols::entry(&id));
    Some(protocols::entry(text).or_else(|_| linked()).unwrap_or(&INDEX[0]))
}

/// The first run of a scene.
pub fn first(scene: &str) -> Setup {
    Setup { scene: scene.into(), seed: FIRST_SEED, ..Setup::default() }
}

/// The root component.
pub struct App {
    route: Route,
    /// The scene that is being fetched, and why it did not come.
    waiting: Option<(&'static Entry, Option<String>)>,
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
        let listener =
            Listener::new(&dom::window(), "hashchange", move |_| link.send_message(Msg::Address));
        let mut app = App { route: Route::Home, waiting: None, visit: 0, _listener: listener };
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
        let (model, notice) = match &self.route {
            Route::Home => {
                dom::document().set_title("Happened Before: distributed systems, running");
                return html! { <Home /> };
            }
            Route::Import(text) => {
                dom::document().set_title("Recorded executions · Happened Before");
                return html! { <Imported text={text.clone()} /> };
            }
            Route::Board(text) => {
                dom::document().set_title("Blackboard · Happened Before");
                return html! { <Blackboard key={self.visit} text={text.clone()} /> };
            }
            Route::Scene(id) => (Model::fresh(first(id)), None),
            Route::Run(link) => match Model::open(link) {
                Ok(model) => (Ok(model), None),
                Err(why) => (Model::fresh(first(&link.setup.scene)), Some(why)),
            },
            Route::Bad(why) => (Model::fresh(first(INDEX[0].id)), Some(why.clone())),
        };
        match model {
            Ok(mut model) => {
                dom::document().set_title(&format!("{} · Happened Before", model.scene.title));
                model.notice = notice.map(|why| {
                    let why = super::model::sentence(&why);
                    format!("{why} This is {} from its beginning.", model.scene.title)
                });
                let scene = model.scene.id;
                let opened = Opened::new(model, matches!(self.route, Route::Scene(_)));
                // Another run of a scene stays on its page: what is undone there can be done again.
                html! { <Frame key={scene} opened={opened} /> }
            }
            Err(why) => html! { <main class="empty"><p>{ why }</p></main> },
        }
    }
}

impl App {
    /// Shows what the address asks for, once the scene of it is at hand.
    fn go(&mut self, ctx: &Context<Self>) {
        let hash = hash();
        self.waiting = needed(&hash).filter(|e| protocols::scene(e.id).is_err()).map(|e| (e, None));
        match self.waiting {
            Some((entry, _)) => {
                let (link, visit) = (ctx.link().clone(), self.visit);
                fetch::scene(entry.id, move |done| link.send_message(Msg::Fetched(visit, done)));
            }
            None => self.route = route(&hash),
        }
    }
}

/// While a scene is fetched, and when it did not come.
fn waiting(entry: &Entry, failed: Option<&str>, again: Callback<MouseEvent>) -> Html {
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

fn hash() -> String {
    dom::window().location().hash().unwrap_or_default()
}

/// A model on its way to the component that will own it.
#[derive(Clone)]
pub struct Opened {
    model: Rc<RefCell<Option<Model>>>,
    /// Plays by itself.
    pub plays: bool,
}

impl Opened {
    fn new(model: Model, plays: bool) -> Self {
        Opened { model: Rc::new(RefCell::new(Some(model))), plays }
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

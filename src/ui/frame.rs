//! The scene page: the frame that all scenes share.

use super::app::Opened;
use super::bar::{Bar, Place};
use super::desk::Desk;
use super::dom::{self, Listener};
use super::help::Help;
use super::inspector::Inspector;
use super::keys;
use super::lists::Lists;
use super::model::{FASTEST, Model, Pick, SLOWEST};
use super::overlay;
use super::panic;
use super::rail::Rail;
use super::stage::StagePane;
use super::transport::Transport;
use super::verbs;
use super::verdicts::Verdicts;
use happened_before::algo::clocks::overlay::Kind;
use happened_before::core::action::Action;
use happened_before::core::config::Setup;
use happened_before::core::ids::NodeId;
use happened_before::share::link::Link;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::KeyboardEvent;
use yew::prelude::*;

/// What a part of the frame asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Play or pause.
    Toggle,
    /// One step forth (1) or back (-1).
    Step(i64),
    /// The next (true) or the last (false) thing of interest.
    Interesting(bool),
    /// To a step.
    Seek(u64),
    /// To a time; it stays paused or playing.
    SeekTime(u64),
    /// Speed, in hundredths of its decimal logarithm.
    Speed(i32),
    /// Select, or nothing.
    Pick(Option<Pick>),
    /// Select an event and go to it.
    Visit(u64),
    /// Intervene.
    Do(Vec<Action>),
    /// Another branch.
    Branch(usize),
    /// A run from its beginning.
    Restart(Setup),
    /// Copy the link.
    Share,
    /// Close what is open, from the top.
    Escape,
    /// A sentence for the reader.
    Say(Option<String>),
    /// The help, open or not.
    Help(bool),
    /// What a narrow page shows under the stage.
    Tab(Tab),
    /// A panel folds in or out.
    Fold(Panel),
    /// The window of the space-time diagram.
    Window(u64, u64),
    /// Real time or causal spacing.
    Causal(bool),
    /// Timestamps at the events, of this clock or none.
    Chips(Option<Kind>),
    /// Something was drawn: panels look again.
    Look,
    /// Things have calmed down: the address and the live region follow.
    Settle,
    /// Focus moves on the stage.
    FocusNode(NodeId),
    /// A key's verb on a node.
    Verb(NodeId, &'static str),
}

/// What a narrow page shows under the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Time,
    Log,
    State,
    Faults,
    Events,
}

impl Tab {
    /// All, with their names.
    pub const ALL: [(Tab, &str, &str); 5] = [
        (Tab::Time, "time", "Time"),
        (Tab::Log, "log", "Log"),
        (Tab::State, "state", "State"),
        (Tab::Faults, "faults", "Faults"),
        (Tab::Events, "events", "Events"),
    ];
    fn id(self) -> &'static str {
        Tab::ALL.iter().find(|t| t.0 == self).map_or("", |t| t.1)
    }
}

/// What folds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    Rail,
    Inspector,
    Lists,
}

/// Milliseconds between the address's and the live region's changes.
const SETTLE: i32 = 600;

#[derive(Properties, PartialEq)]
pub struct FrameProps {
    pub opened: Opened,
}

/// Selection, panels: what is not of the run.
pub struct Frame {
    desk: Option<Rc<Desk>>,
    help: bool,
    tab: Tab,
    folded: [bool; 3],
    /// The inspector of a page of middle width is a drawer.
    drawer: bool,
    said: String,
    settle: Option<Closure<dyn FnMut()>>,
    settling: bool,
    _keys: Option<Listener>,
}

impl Component for Frame {
    type Message = Ask;
    type Properties = FrameProps;

    fn create(ctx: &Context<Self>) -> Self {
        let link = ctx.link().clone();
        let desk = ctx.props().opened.take().map(|mut model| {
            model.playing = ctx.props().opened.plays && !dom::still();
            Desk::new(model, Callback::from(move |()| link.send_message(Ask::Look)))
        });
        Frame {
            desk,
            help: false,
            tab: Tab::Time,
            folded: [false, false, true],
            drawer: false,
            said: String::new(),
            settle: None,
            settling: false,
            _keys: None,
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        let Some(desk) = &self.desk else { return };
        if !first {
            return;
        }
        self._keys = Some(listen(ctx));
        let link = ctx.link().clone();
        self.settle = Some(Closure::new(move || link.send_message(Ask::Settle)));
        desk.measure();
        desk.draw();
        desk.run();
    }

    fn update(&mut self, ctx: &Context<Self>, ask: Ask) -> bool {
        let Some(desk) = self.desk.clone() else { return false };
        match ask {
            Ask::Help(on) => self.help = on,
            Ask::Tab(tab) => self.tab = tab,
            Ask::Fold(panel) => self.folded[panel as usize] = !self.folded[panel as usize],
            Ask::Settle => {
                self.settling = false;
                let model = desk.model.borrow();
                if !model.playing && model.revision > 1 {
                    write_address(&model.link().fragment());
                }
                return self.announce(&model);
            }
            Ask::Share => share(ctx, &desk),
            Ask::Restart(setup) => restart(&desk, setup),
            Ask::FocusNode(node) => {
                dom::focus(&format!("#stage [data-node=\"{}\"]", node.0));
                return false;
            }
            Ask::Look => {
                panic::remember(desk.model.borrow().link().fragment());
                self.settle_soon();
                return true;
            }
            Ask::Escape if self.help => self.help = false,
            Ask::Escape => {
                self.drawer = false;
                let mut model = desk.model.borrow_mut();
                (model.pick, model.notice) = (None, None);
                model.revision += 1;
            }
            Ask::Pick(pick) => {
                self.drawer = pick.is_some();
                overlay::remember(&mut desk.model.borrow_mut(), pick);
                desk.model.borrow_mut().pick = pick;
                desk.model.borrow_mut().revision += 1;
            }
            other => change(&mut desk.model.borrow_mut(), other),
        }
        desk.draw();
        desk.run();
        panic::remember(desk.model.borrow().link().fragment());
        self.settle_soon();
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let Some(desk) = self.desk.clone() else { return html! {} };
        let ask = ctx.link().callback(|a: Ask| a);
        let model = desk.model.borrow();
        let rev = model.revision;
        let pick = model.pick;
        let preset = model.scene.presets.iter().find(|p| p.id == model.session.setup.preset);
        let preset =
            preset.or(model.scene.presets.first()).map_or(String::new(), |p| p.title.into());
        let [rail, inspector, lists] = self.folded;
        let class = classes!(
            "frame",
            rail.then_some("no-rail"),
            (inspector || !self.drawer).then_some("no-drawer"),
            inspector.then_some("no-inspector"),
            self.drawer.then_some("picked"),
            (!lists).then_some("with-lists"),
        );
        let tab = self.tab;
        let look = Look(desk.clone(), rev);
        html! {
            <div {class} data-tab={tab.id()} data-playing={model.playing.to_string()}>
                <Bar place={Place::Scene(model.scene.id)} {preset}
                    on_share={ask.reform(|()| Ask::Share)} on_help={ask.reform(|()| Ask::Help(true))} />
                <Rail look={look.clone()} ask={ask.clone()} folded={rail} />
                <StagePane look={look.clone()} ask={ask.clone()} {tab} notice={model.notice.clone()} />
                <Inspector look={look.clone()} ask={ask.clone()} {pick} folded={inspector} playing={model.playing} />
                <Transport look={look.clone()} ask={ask.clone()} playing={model.playing} speed={model.speed} />
                <Verdicts look={look.clone()} ask={ask.clone()} {pick} {lists} />
                if !lists || tab == Tab::Events || tab == Tab::State {
                    <Lists look={look.clone()} ask={ask.clone()} />
                }
                <div class="unseen" role="status" aria-live="polite">{ &self.said }</div>
                if self.help {
                    <Help ask={ask.clone()} />
                }
            </div>
        }
    }
}

impl Frame {
    /// Asks for [`Ask::Settle`] in a moment, once.
    fn settle_soon(&mut self) {
        let Some(callback) = self.settle.as_ref().filter(|_| !self.settling) else { return };
        let f = callback.as_ref().unchecked_ref();
        self.settling = true;
        let _ = dom::window().set_timeout_with_callback_and_timeout_and_arguments_0(f, SETTLE);
    }

    /// What is read aloud: the last thing of interest, and nothing while time runs fast. True if it
    /// is news.
    fn announce(&mut self, model: &Model) -> bool {
        if model.playing && model.speed > -100 {
            return false;
        }
        let trace = model.session.trace();
        let last = match model.playing {
            true => model.latest().and_then(|(step, _)| trace.event(step)),
            false => trace.event(model.session.cursor()),
        };
        let Some(event) = last else { return false };
        let said =
            format!("{}: {}", super::words::seconds(event.at), super::words::line(model, event));
        let news = said != self.said;
        self.said = said;
        news
    }
}

/// A desk at a revision: equal as long as nothing has changed.
#[derive(Clone)]
pub struct Look(pub Rc<Desk>, u64);

impl PartialEq for Look {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0) && self.1 == other.1
    }
}

/// What only concerns the run and how it is looked at.
fn change(model: &mut Model, ask: Ask) {
    if !matches!(ask, Ask::Say(_) | Ask::Window(..) | Ask::Speed(_) | Ask::Causal(_)) {
        model.notice = None;
    }
    match ask {
        Ask::Toggle => {
            model.playing = !model.playing;
            model.follows = true;
        }
        Ask::Step(by) => {
            model.playing = false;
            model.follows = true;
            model.step(by);
        }
        Ask::Interesting(forth) => {
            model.playing = false;
            model.seek_interesting(forth);
        }
        Ask::Seek(step) => {
            model.playing = false;
            model.seek(step);
        }
        Ask::SeekTime(time) => model.seek_time(time),
        Ask::Visit(step) => {
            model.playing = false;
            model.pick = Some(Pick::Event(step));
            if step > model.session.cursor() {
                model.seek(step);
            }
            show_step(model, step);
        }
        Ask::Speed(speed) => model.speed = speed.clamp(SLOWEST, FASTEST),
        Ask::Do(actions) => model.act(actions),
        Ask::Verb(node, key) => {
            let verb = verbs::of_node(model, node).into_iter().find(|(_, _, k)| *k == key);
            match verb {
                Some((verb, _, _)) => model.act(verbs::actions(model, node, verb)),
                None => {
                    model.notice =
                        Some(format!("{} has nothing to do that to now.", model.name(node)));
                }
            }
        }
        Ask::Branch(branch) => {
            model.session.switch(branch);
            model.refresh();
        }
        Ask::Say(text) => model.notice = text,
        Ask::Window(from, to) => {
            model.window = (from, to.max(from + 1_000));
            model.follows = false;
        }
        Ask::Causal(on) => model.causal = on,
        Ask::Chips(kind) => overlay::choose(model, kind),
        _ => {}
    }
    model.revision += 1;
}

/// Moves the diagram so that a step is in sight.
fn show_step(model: &mut Model, step: u64) {
    let Some(at) = model.session.trace().event(step).map(|e| e.at) else { return };
    let (from, to) = model.window;
    if at < from || at > to {
        let half = (to - from) / 2;
        model.window = (at.saturating_sub(half), at.saturating_sub(half) + 2 * half);
        model.follows = false;
    }
}

/// Begins a run anew; a visit in the browser's history, so that "back" leads back.
fn restart(desk: &Desk, setup: Setup) {
    let old = desk.model.borrow();
    let (speed, playing) = (old.speed, old.playing);
    drop(old);
    let fragment = Link::new(setup.clone(), Vec::new()).fragment();
    match Model::fresh(setup) {
        Ok(mut model) => {
            model.speed = speed;
            model.playing = playing;
            model.revision = desk.model.borrow().revision + 1;
            *desk.model.borrow_mut() = model;
            if let Ok(history) = dom::window().history() {
                let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&fragment));
            }
        }
        Err(why) => {
            let mut model = desk.model.borrow_mut();
            model.notice = Some(super::model::sentence(&why));
            model.revision += 1;
        }
    }
}

fn write_address(fragment: &str) {
    if let Ok(history) = dom::window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(fragment));
    }
}

/// Copies the address of this very moment.
fn share(ctx: &Context<Frame>, desk: &Desk) {
    let fragment = desk.model.borrow().link().fragment();
    write_address(&fragment);
    let window = dom::window();
    let address = window.location().href().unwrap_or(fragment);
    let link = ctx.link().clone();
    let say = move |text: &str| link.send_message(Ask::Say(Some(text.into())));
    const BY_HAND: &str = "The address bar holds the link; copy it from there.";
    let clipboard = js_sys::Reflect::get(&window.navigator(), &"clipboard".into());
    if clipboard.is_ok_and(|c| c.is_undefined()) {
        return say(BY_HAND);
    }
    let copied = window.navigator().clipboard().write_text(&address);
    wasm_bindgen_futures::spawn_local(async move {
        match wasm_bindgen_futures::JsFuture::from(copied).await {
            Ok(_) => say("The link is copied: it opens this very moment of this run."),
            Err(_) => say(BY_HAND),
        }
    });
}

fn listen(ctx: &Context<Frame>) -> Listener {
    let link = ctx.link().clone();
    Listener::new(&dom::document(), "keydown", move |e| {
        let Some(key) = e.dyn_ref::<KeyboardEvent>() else { return };
        if let Some(ask) = keys::ask(key) {
            e.prevent_default();
            link.send_message(ask);
        }
    })
}

//! The scene page: the frame that all scenes share.

use super::acts;
use super::app::Opened;
use super::bar::{Bar, Place};
use super::desk::Desk;
use super::dom::{self, Listener};
use super::find::Find;
use super::help::HelpProps;
use super::inspector::Inspector;
use super::keys;
use super::later;
use super::lists::Lists;
use super::model::{Marks, Model, Pick};
use super::overlay;
use super::panic;
use super::past;
use super::plane::Planes;
use super::rail::Rail;
use super::search_show;
use super::sheet::{Drop, SheetProps};
use super::side::Side;
use super::stage::StagePane;
use super::tale::Tell;
use super::transport::Transport;
use super::verdicts::Verdicts;
use gloo_timers::callback::Timeout;
use happened_before::algo::clocks::overlay::ClockKind;
use happened_before::core::action::Action;
use happened_before::core::config::Setup;
use happened_before::core::ids::NodeId;
use happened_before::core::session::Edit;
use happened_before::scene::window::TimeWindow;
use happened_before::share::link::Link;
use happened_before::stories::hero::Main;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::KeyboardEvent;
use yew::html::Scope;
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
    /// What the rail shows.
    Tier(Tier),
    /// This picture large.
    Main(Main),
    /// The next picture large.
    NextMain,
    /// A button of an opening, by its place.
    Press(usize),
    /// A panel folds in or out.
    Fold(Panel),
    /// The window of the space-time diagram.
    Window(TimeWindow),
    /// Real time or causal spacing.
    Causal(bool),
    /// Timestamps at the events, of this clock or none.
    Chips(Option<ClockKind>),
    /// Something was drawn: panels look again.
    Look,
    /// Things have calmed down: the address and the live region follow.
    Settle,
    /// Focus moves on the stage.
    FocusNode(NodeId),
    /// A key's verb on a node.
    Verb(NodeId, &'static str),
    /// A run that a search found, as a branch of this name.
    Show(Box<Link>, &'static str),
    /// A run in which nothing happens by itself.
    StandStill(Box<Link>),
    /// Changes the journal.
    Edit(Edit),
    /// Back before the last deliberate act (false), or forth again (true).
    Undo(bool),
    /// The branch after (1) or before (-1) this one.
    NextBranch(i32),
    /// A branch begins here.
    Fork,
    /// A branch is called something else.
    Rename(usize, String),
    /// A branch goes.
    Delete(usize),
    /// Something about a story.
    Tell(Tell),
    /// On to a moment in words.
    Goal(String),
    /// What was measured of all configurations.
    Planes(Rc<Planes>),
    /// How long servers took to agree.
    Times(Rc<super::converge::Times>),
    /// A dialog, or none.
    Dialog(Option<Dialog>),
    /// Another branch beside this one, or nothing.
    Compare(Option<usize>),
    /// The same interventions under other settings beside this run.
    CompareSetup(Setup, String),
    /// Another scene with the same faults beside this run.
    CompareScene(&'static str),
    /// A run from a file or a dropped picture.
    Open(Box<Link>),
    /// Marks among the clients' operations.
    Mark(Marks),
    /// The program stops, to rehearse that.
    Stop,
    /// Gives up the way to another moment.
    GiveUp,
}

/// What opens over the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// Moments, events, stories.
    Find,
    /// Links, files and pictures.
    Sheet,
}

/// What a narrow page shows under the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Time,
    Log,
    State,
    Faults,
    Events,
    Story,
}

impl Tab {
    /// All, with their names; links hold places in this list, so what is new comes last.
    pub const ALL: [(Tab, &str, &str); 6] = [
        (Tab::Time, "time", "Time"),
        (Tab::Log, "log", "Log"),
        (Tab::State, "state", "State"),
        (Tab::Faults, "faults", "Faults"),
        (Tab::Events, "events", "Events"),
        (Tab::Story, "story", "Story"),
    ];
    fn id(self) -> &'static str {
        Tab::ALL.iter().find(|t| t.0 == self).map_or("", |t| t.1)
    }
}

/// What the rail shows, from being told to proving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    Story,
    Sandbox,
    Break,
    Prove,
}

impl Tier {
    /// All, with their names.
    pub const ALL: [(Tier, &str, &str); 4] = [
        (Tier::Story, "story", "Story"),
        (Tier::Sandbox, "sandbox", "Sandbox"),
        (Tier::Break, "break", "Break it"),
        (Tier::Prove, "prove", "Prove"),
    ];
    fn id(self) -> &'static str {
        Tier::ALL.iter().find(|t| t.0 == self).map_or("", |t| t.1)
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
/// Milliseconds after which the parts of the page that may be asked for are fetched.
const PARTS_AFTER: u32 = 3_000;

#[derive(Properties, PartialEq)]
pub struct FrameProps {
    pub opened: Opened,
    /// A sentence that the address led to, and its number.
    pub notice: (u32, String),
}

/// Selection, panels: what is not of the run.
pub struct Frame {
    desk: Option<Rc<Desk>>,
    help: bool,
    dialog: Option<Dialog>,
    /// Looks since the address was last written.
    settled: u32,
    tab: Tab,
    tier: Tier,
    folded: [bool; 3],
    /// The inspector of a page of middle width is a drawer.
    drawer: bool,
    said: String,
    /// Where what comes later is sent.
    scope: Scope<Frame>,
    settling: bool,
    _keys: Option<Listener>,
    _drop: Option<Drop>,
    _rehearsal: Option<Listener>,
    /// Until then the first scene has the network to itself.
    _parts: Option<Timeout>,
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
        let panels = desk.as_ref().map_or(0, |d| d.model.borrow().panels);
        let (mut tab, folded) = unpack(panels);
        let told = desk.as_ref().is_some_and(|d| {
            let model = d.model.borrow();
            model.tale.is_some() || model.is_opening()
        });
        if told && panels == 0 {
            tab = Tab::Story;
        }
        Frame {
            tier: if told { Tier::Story } else { Tier::Sandbox },
            desk,
            help: false,
            dialog: None,
            settled: 0,
            tab,
            folded,
            drawer: false,
            said: String::new(),
            scope: ctx.link().clone(),
            settling: false,
            _keys: None,
            _drop: None,
            _rehearsal: None,
            _parts: None,
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        let Some(desk) = &self.desk else { return };
        if !first {
            return;
        }
        self._keys = Some(listen(ctx));
        self._drop = Some(Drop::listen(ctx.link().callback(|a: Ask| a)));
        let ask = ctx.link().callback(|()| Ask::Stop);
        self._rehearsal = Some(panic::rehearse(move || ask.emit(())));
        self._parts = Some(Timeout::new(PARTS_AFTER, later::fetch_all));
        desk.measure();
        desk.draw();
        desk.run();
    }

    /// The address has led to another run of this scene.
    fn changed(&mut self, ctx: &Context<Self>, before: &FrameProps) -> bool {
        let Some(desk) = self.desk.clone() else { return true };
        if before.notice != ctx.props().notice {
            let mut model = desk.model.borrow_mut();
            model.notice = Some(ctx.props().notice.1.clone());
            model.revision += 1;
            // The address says again what the page shows.
            acts::write_address(&mut model);
        }
        let Some(model) = ctx.props().opened.take() else { return true };
        (self.tab, self.folded) = unpack(model.panels);
        desk.model.borrow_mut().take_over(model);
        // What was said of the run before is not true of this one.
        self.said.clear();
        self.announce(&desk.model.borrow());
        desk.draw();
        desk.run();
        true
    }

    /// What can be undone is there again when one comes back.
    fn destroy(&mut self, _: &Context<Self>) {
        if let Some(desk) = &self.desk {
            past::leave(&mut desk.model.borrow_mut());
        }
    }

    fn update(&mut self, ctx: &Context<Self>, ask: Ask) -> bool {
        let Some(desk) = self.desk.clone() else { return false };
        if touches(&ask) {
            desk.model.borrow_mut().take_hero();
        }
        match ask {
            Ask::Tier(tier) => self.tier = tier,
            Ask::Help(on) => self.help = on,
            Ask::Tab(tab) => {
                self.tab = tab;
                match tab {
                    Tab::Story => self.tier = Tier::Story,
                    Tab::Faults if self.tier == Tier::Story => self.tier = Tier::Sandbox,
                    _ => {}
                }
            }
            Ask::Fold(panel) => self.folded[panel as usize] = !self.folded[panel as usize],
            Ask::Dialog(dialog) => self.dialog = dialog,
            Ask::Settle => {
                self.settling = false;
                self.settled += 1;
                let mut model = desk.model.borrow_mut();
                // While time runs the address follows more slowly: browsers count its changes.
                // On the way elsewhere the address stays what it is.
                let stays = model.going.is_some() || model.is_opening();
                if !stays
                    && model.revision > 1
                    && (!model.playing || self.settled.is_multiple_of(4))
                {
                    let before = model.held;
                    acts::write_address(&mut model);
                    // What the address leaves out is said at once.
                    if model.held != before {
                        self.announce(&model);
                        return true;
                    }
                }
                return self.announce(&model);
            }
            Ask::Share => acts::share(ctx, &desk),
            Ask::Stop => {
                let _held = desk.model.borrow_mut();
                panic::stop();
            }
            Ask::Show(link, name) => search_show::show(&desk, &link, name),
            Ask::StandStill(link) => search_show::stand_still(&desk, *link),
            Ask::FocusNode(node) => {
                dom::focus(&format!("#stage [data-node=\"{}\"]", node.0));
                return false;
            }
            Ask::Look => {
                panic::remember(&desk.model.borrow().link().fragment());
                self.settle_soon();
                return true;
            }
            Ask::Escape if self.help => self.help = false,
            Ask::Escape if self.dialog.is_some() => self.dialog = None,
            Ask::Escape if desk.model.borrow().going.is_some() => {
                desk.model.borrow_mut().give_up();
            }
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
            other => {
                if matches!(other, Ask::Tell(_)) {
                    self.tier = Tier::Story;
                    self.tab = Tab::Story;
                }
                acts::change(&mut desk.model.borrow_mut(), other);
            }
        }
        {
            let mut model = desk.model.borrow_mut();
            model.panels = pack(self.tab, self.folded);
            if model.past.fresh && model.going.is_none() {
                acts::write_address(&mut model);
            }
        }
        desk.draw();
        desk.run();
        panic::remember(&desk.model.borrow().link().fragment());
        self.settle_soon();
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let Some(desk) = self.desk.clone() else { return html! {} };
        let ask = ctx.link().callback(|a: Ask| a);
        let model = desk.model.borrow();
        let rev = model.revision;
        let pick = model.pick;
        let (preset, broken) = super::kit::chip(&model);
        let [rail, inspector, lists] = self.folded;
        let class = classes!(
            "frame",
            rail.then_some("no-rail"),
            (inspector || !self.drawer).then_some("no-drawer"),
            inspector.then_some("no-inspector"),
            self.drawer.then_some("picked"),
            pick.is_none().then_some("no-pick"),
            model.is_opening().then_some("opening"),
            (!lists).then_some("with-lists"),
            model.tale.is_some().then_some("telling"),
            model.beside.is_some().then_some("comparing"),
        );
        let tab = self.tab;
        let look = Look(desk.clone(), rev);
        html! {
            <div {class} data-tab={tab.id()} data-tier={self.tier.id()} data-playing={model.playing.to_string()}>
                <Bar place={Place::Scene(model.scene.id)} {preset} {broken}
                    on_find={ask.reform(|()| Ask::Dialog(Some(Dialog::Find)))}
                    on_share={ask.reform(|()| Ask::Share)}
                    on_sheet={ask.reform(|()| Ask::Dialog(Some(Dialog::Sheet)))} on_help={ask.reform(|()| Ask::Help(true))} />
                <Rail look={look.clone()} ask={ask.clone()} folded={rail} tier={self.tier} playing={model.playing} />
                if model.beside.is_some() {
                    <Side look={look.clone()} ask={ask.clone()} />
                }
                <StagePane look={look.clone()} ask={ask.clone()} {tab} notice={model.notice.clone()} />
                <Inspector look={look.clone()} ask={ask.clone()} {pick} folded={inspector} playing={model.playing} />
                <Transport look={look.clone()} ask={ask.clone()} playing={model.playing} speed={model.speed} />
                <Verdicts look={look.clone()} ask={ask.clone()} {pick} {lists} />
                if !lists || tab == Tab::Events || tab == Tab::State {
                    <Lists look={look.clone()} ask={ask.clone()} />
                }
                <div class="unseen" role="status" aria-live="polite">{ &self.said }</div>
                if self.help {
                    { later::page_help(HelpProps { ask: ask.clone() }) }
                }
                if self.dialog == Some(Dialog::Find) {
                    <Find look={Some(look.clone())} ask={ask.clone()} />
                }
                if self.dialog == Some(Dialog::Sheet) {
                    { later::page_sheet(SheetProps { look: look.clone(), ask: ask.clone() }) }
                }
            </div>
        }
    }
}

impl Frame {
    /// Asks for [`Ask::Settle`] in a moment, once.
    fn settle_soon(&mut self) {
        if std::mem::replace(&mut self.settling, true) {
            return;
        }
        // Owned by the browser: it may come after the page has gone elsewhere.
        let link = self.scope.clone();
        let later = Closure::once_into_js(move || link.send_message(Ask::Settle));
        let later = later.unchecked_ref();
        let _ = dom::window().set_timeout_with_callback_and_timeout_and_arguments_0(later, SETTLE);
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
        let said = match last {
            Some(event) => {
                let at = super::words::seconds(event.at);
                format!("{at}: {}", super::words::line(model, event))
            }
            None if model.playing => return false,
            None => format!("{}, at its beginning.", model.scene.title),
        };
        let news = said != self.said;
        self.said = said;
        news
    }
}

/// Does somebody do something to the run, or to what is looked at of it?
fn touches(ask: &Ask) -> bool {
    !matches!(
        ask,
        Ask::Look
            | Ask::Settle
            | Ask::Toggle
            | Ask::Tab(_)
            | Ask::Tier(_)
            | Ask::Main(_)
            | Ask::NextMain
            | Ask::Press(_)
            | Ask::Fold(_)
            | Ask::Help(_)
            | Ask::Dialog(_)
            | Ask::FocusNode(_)
            | Ask::Planes(_)
            | Ask::Times(_)
            | Ask::Chips(_)
            | Ask::Say(_)
            | Ask::Escape
            | Ask::Stop
    )
}

/// What is open, as bits for the address; bit 0 is the model's.
fn pack(tab: Tab, folded: [bool; 3]) -> u16 {
    let [rail, inspector, lists] = folded.map(u16::from);
    let tab = Tab::ALL.iter().position(|t| t.0 == tab).unwrap_or(0) as u16;
    rail << 1 | inspector << 2 | (1 - lists) << 3 | tab << 4
}

fn unpack(bits: u16) -> (Tab, [bool; 3]) {
    let tab = Tab::ALL.get(usize::from(bits >> 4 & 7)).map_or(Tab::Time, |t| t.0);
    (tab, [bits >> 1 & 1 == 1, bits >> 2 & 1 == 1, bits >> 3 & 1 == 0])
}

/// A desk at a revision: equal as long as nothing has changed.
#[derive(Clone)]
pub struct Look(pub Rc<Desk>, u64);

impl PartialEq for Look {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0) && self.1 == other.1
    }
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

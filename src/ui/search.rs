//! Find a violation: what to look for, how far the search has come, and what it found.

use super::frame::{Ask, Look};
use super::model::Model;
use super::search_run::{FoundRun, SearchNews, SearchRequest, Searching};
use super::search_show::COUNTER_EXAMPLE;
use super::search_words as say;
use happened_before::core::config::Setup;
use happened_before::core::protocol::PropertyKind;
use happened_before::share::link::Link;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct SearchProps {
    pub look: Look,
    pub ask: Callback<Ask>,
}

/// What may be spent: the name in a request, and the one for people.
const FAULTS: [(&str, &str); 6] = [
    ("timers", "Timers"),
    ("ops", "Operations"),
    ("crash", "Crashes"),
    ("drop", "Lost messages"),
    ("dup", "Doubled messages"),
    ("partition", "Partitions"),
];
const WAYS: [(&str, &str); 3] = [
    ("both", "both, in turn"),
    ("check", "every interleaving"),
    ("fuzz", "random fault schedules"),
];
/// Places in the list of bounds after the faults.
const DEPTH: usize = 6;
const SECONDS: usize = 7;
const DEFAULT_SECONDS: u32 = 20;

pub enum Msg {
    Go,
    Stop,
    Heard(SearchNews),
    Claim(String),
    Way(String),
    Bound(usize, String),
    Whole,
    Show,
}

/// The form and the last search.
#[derive(Default)]
pub struct SearchPanel {
    /// As chosen; until then what the mutant breaks, or any.
    claim: Option<String>,
    way: String,
    bounds: [String; 8],
    whole: bool,
    running: Option<Searching>,
    news: Option<SearchNews>,
    /// What is being searched.
    asked: Setup,
    seconds: f64,
}

impl Component for SearchPanel {
    type Message = Msg;
    type Properties = SearchProps;

    fn create(_: &Context<Self>) -> Self {
        SearchPanel { way: "both".into(), ..SearchPanel::default() }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Go => self.go(ctx),
            Msg::Stop => {
                self.running = None;
                if let Some(news) = &mut self.news {
                    news.phase = "stopped".into();
                }
            }
            Msg::Heard(news) => {
                let over = !news.is_open();
                self.news = Some(news);
                if over {
                    self.running = None;
                    let same = ctx.props().look.0.model.borrow().session.setup == self.asked;
                    if same {
                        self.show(ctx);
                    }
                }
            }
            Msg::Claim(id) => self.claim = Some(id),
            Msg::Way(way) => self.way = way,
            Msg::Bound(i, text) => self.bounds[i] = text.trim().into(),
            Msg::Whole => self.whole = !self.whole,
            Msg::Show => self.show(ctx),
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let model = ctx.props().look.0.model.borrow();
        let running = self.running.is_some();
        let press =
            ctx.link().callback(move |_: MouseEvent| if running { Msg::Stop } else { Msg::Go });
        html! {
            <section class="part search" id="search">
                <h2>{ "Find a violation" }</h2>
                { offer(&model) }
                { self.form(ctx, &model) }
                <button class={classes!("verb", "go", (!running).then_some("strong"))} id="search-go" onclick={press}>
                    { if running { "Stop" } else { "Find a violation" } }
                </button>
                { self.outcome(ctx, &model) }
            </section>
        }
    }
}

impl SearchPanel {
    fn claim<'a>(&'a self, model: &'a Model) -> &'a str {
        match &self.claim {
            Some(id) => id,
            None => broken_by_mutant(model).unwrap_or(""),
        }
    }

    fn go(&mut self, ctx: &Context<Self>) {
        let (setup, claim) = {
            let model = ctx.props().look.0.model.borrow();
            (model.session.setup.clone(), self.claim(&model).to_string())
        };
        let mut faults = String::new();
        let all = self.bounds.iter().zip(FAULTS.iter().map(|f| f.1).chain(["Depth", "Seconds"]));
        for (i, (text, name)) in all.enumerate().filter(|(_, (text, _))| !text.is_empty()) {
            let most = if i < DEPTH { 255 } else { 3_600 };
            match text.parse::<u32>() {
                Ok(n)
                    if n <= most
                        && let Some((id, _)) = FAULTS.get(i) =>
                {
                    faults += &format!("{id}={n},");
                }
                Ok(n) if n <= most => {}
                _ => {
                    let why = format!("{name}: a number up to {most}, not “{text}”.");
                    ctx.props().ask.emit(Ask::Say(Some(why)));
                    return;
                }
            }
        }
        let number = |i: usize| self.bounds[i].parse::<u32>().ok();
        self.seconds = number(SECONDS).unwrap_or(DEFAULT_SECONDS).max(1).into();
        let link = Link::new(setup.clone(), Vec::new()).fragment();
        let mut request = SearchRequest::new(&link, self.seconds)
            .set("property", claim)
            .set("way", self.way.as_str())
            .set("faults", faults.trim_end_matches(','))
            .set("whole", self.whole);
        if let Some(depth) = number(DEPTH) {
            request = request.set("depth", depth);
        }
        self.asked = setup;
        self.news = Some(SearchNews { phase: "searching".into(), ..SearchNews::default() });
        self.running = Some(Searching::start(&request, ctx.link().callback(Msg::Heard)));
    }

    fn show(&self, ctx: &Context<Self>) {
        let Some(hit) = self.news.as_ref().and_then(|n| n.found.as_ref()) else { return };
        ctx.props().ask.emit(match Link::decode(&hit.link) {
            Ok(link) => Ask::Show(Box::new(link), COUNTER_EXAMPLE),
            Err(why) => Ask::Say(Some(why)),
        });
    }

    fn form(&self, ctx: &Context<Self>, model: &Model) -> Html {
        let claim = self.claim(model);
        let safety = model.info.properties.iter().filter(|p| p.kind == PropertyKind::Safety);
        let pick = ctx.link().callback(|e: Event| Msg::Claim(chosen(&e)));
        let way = ctx.link().callback(|e: Event| Msg::Way(chosen(&e)));
        html! {
            <>
                <label class="setting">
                    <span>{ "Claim" }</span>
                    <select id="search-claim" onchange={pick}>
                        <option value="" selected={claim.is_empty()}>{ "any" }</option>
                        { for safety.map(|p| html! {
                            <option value={p.id} selected={p.id == claim}>{ p.title }</option>
                        }) }
                    </select>
                </label>
                <label class="setting">
                    <span>{ "Search" }</span>
                    <select id="search-way" onchange={way}>
                        { for WAYS.iter().map(|(id, name)| html! {
                            <option value={*id} selected={*id == self.way}>{ *name }</option>
                        }) }
                    </select>
                </label>
                { self.limits(ctx) }
            </>
        }
    }

    fn limits(&self, ctx: &Context<Self>) -> Html {
        let row = |i: usize, name: &'static str, blank: String| {
            let change = ctx.link().callback(move |e: Event| Msg::Bound(i, typed(&e)));
            html! {
                <label class="setting">
                    <span>{ name }</span>
                    <input class="mono" inputmode="numeric" value={self.bounds[i].clone()} placeholder={blank}
                        onchange={change} data-bound={i.to_string()} />
                </label>
            }
        };
        let any = self.bounds[..DEPTH].iter().any(|b| !b.is_empty());
        let blank = |i: usize| match (any, i) {
            (false, _) => "auto".to_string(),
            (true, 0) => "2".into(),
            (true, 1) => "1".into(),
            _ => "0".into(),
        };
        let whole = ctx.link().callback(|_: Event| Msg::Whole);
        html! {
            <details class="bounds">
                <summary>{ "Bounds" }</summary>
                { for FAULTS.iter().enumerate().map(|(i, (_, name))| row(i, name, blank(i))) }
                { row(DEPTH, "Depth", "none".into()) }
                { row(SECONDS, "Seconds", DEFAULT_SECONDS.to_string()) }
                <label class="setting">
                    <span>{ "All processes on the stage" }</span>
                    <input type="checkbox" checked={self.whole} onchange={whole} id="search-whole" />
                </label>
                <p class="small">{ "Left at auto: few faults in a world of three servers, then more and more." }</p>
            </details>
        }
    }

    fn outcome(&self, ctx: &Context<Self>, model: &Model) -> Html {
        let Some(news) = &self.news else { return html! {} };
        if news.is_open() {
            return progress(news, self.seconds);
        }
        let end = match (&news.found, news.phase.as_str()) {
            (Some(hit), _) => self.found(ctx, model, hit),
            (None, "failed") => html! {
                <p class="notice">{ say::failed(news) }</p>
            },
            (None, "stopped") => html! { <p>{ say::stopped(news) }</p> },
            _ if news.complete => html! {
                <p class="verdict good"><b>{ "✓ " }</b>{ "No violation within these bounds." }</p>
            },
            _ => html! {
                <p class="verdict undecided"><b>{ "? " }</b>{ "No violation found; not all was searched." }</p>
            },
        };
        html! {
            <div class="outcome" id="search-outcome" role="status">
                { end }
                if news.found.is_some() {
                    <details><summary>{ "What was searched" }</summary><p class="small">{ say::extent(news) }</p></details>
                } else {
                    <p class="small">{ say::extent(news) }</p>
                }
            </div>
        }
    }

    fn found(&self, ctx: &Context<Self>, model: &Model, hit: &FoundRun) -> Html {
        let title = model.info.properties.iter().find(|p| p.id == hit.property);
        let title = title.map_or(hit.property.as_str(), |p| p.title).to_string();
        let again = ctx.link().callback(|_: MouseEvent| Msg::Show);
        html! {
            <>
                <p class="verdict bad"><b>{ "✗ " }</b>{ format!("{title} is violated.") }</p>
                <p>{ say::how(hit) }</p>
                <div class="verbs">
                    <button class="verb" id="search-show" onclick={again}>{ "Show it" }</button>
                    <a class="verb" id="search-link" href={hit.link.clone()}>{ "Link to it" }</a>
                </div>
            </>
        }
    }
}

/// How far it has come; the bar is the time that it may take.
pub fn progress(news: &SearchNews, seconds: f64) -> Html {
    html! {
        <div class="outcome" id="search-progress">
            <progress max={seconds.to_string()} value={news.seconds.min(seconds).to_string()} aria-label="Time spent of the search's budget"></progress>
            { for say::progress(news).into_iter().map(|line| html! { <p class="small mono">{ line }</p> }) }
        </div>
    }
}

/// The claim that the first mutant switched on breaks.
fn broken_by_mutant(model: &Model) -> Option<&'static str> {
    let on =
        |m: &&happened_before::core::protocol::Mutant| model.session.setup.mutants.contains(m.id);
    model.info.mutants.iter().find(on).map(|m| m.breaks)
}

/// With a mutant on: what there is to be found.
fn offer(model: &Model) -> Html {
    let Some(id) = broken_by_mutant(model) else {
        return html! {
            <p class="small">{ "Try every order of events, or thousands of fault schedules, on this very protocol." }</p>
        };
    };
    let title = model.info.properties.iter().find(|p| p.id == id).map_or(id, |p| p.title);
    html! { <p class="offer">{ format!("This bug breaks {title}. See how:") }</p> }
}

fn typed(e: &Event) -> String {
    let input = e.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
    input.map_or(String::new(), |i| i.value())
}

fn chosen(e: &Event) -> String {
    let list = e.target().and_then(|t| t.dyn_into::<HtmlSelectElement>().ok());
    list.map_or(String::new(), |s| s.value())
}

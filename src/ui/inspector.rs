//! The right panel: what is in the thing that is selected, and what may be done to it.

use super::desk::Desk;
use super::frame::{Ask, Look};
use super::glyphs;
use super::model::{Model, Pick};
use super::verbs;
use super::words;
use happened_before::core::action::Action;
use happened_before::core::ids::{MsgId, NodeId, OpId};
use happened_before::core::protocol::call_text;
use happened_before::core::trace::{Fate, OpEnd};
use happened_before::core::view::{MessageView, NodeLook, NodeView, Status};
use yew::prelude::*;

/// Rows of a list at most.
const MOST_ROWS: usize = 12;

#[derive(Properties, PartialEq)]
pub struct InspectorProps {
    pub look: Look,
    pub ask: Callback<Ask>,
    pub pick: Option<Pick>,
    pub folded: bool,
    pub playing: bool,
}

#[component]
pub fn Inspector(props: &InspectorProps) -> Html {
    let desk = &props.look.0;
    let ask = &props.ask;
    let body = match props.pick {
        None => overview(desk, ask),
        Some(Pick::Node(n)) => node(desk, n, ask),
        Some(Pick::Message(m)) => message(desk, m, ask),
        Some(Pick::Timer { node, code }) => timer(desk, node, code, ask),
        Some(Pick::Link { a, b }) => link(desk, a, b, ask),
        Some(Pick::Event(step)) => event(desk, step, ask),
        Some(Pick::Entry { node, index }) => entry(desk, node, index),
        Some(Pick::Op(op)) => operation(desk, op, ask),
        Some(Pick::Property(i)) => property(desk, i, ask),
    };
    let close = ask.reform(|_: MouseEvent| Ask::Pick(None));
    let fold = ask.reform(|_: MouseEvent| Ask::Fold(super::frame::Panel::Inspector));
    html! {
        <aside class="inspector" id="inspector" aria-label="Inspector">
            <button class="quiet fold" onclick={fold} aria-expanded={(!props.folded).to_string()}
                aria-label="Inspector panel">{ if props.folded { "‹" } else { "›" } }</button>
            if props.pick.is_some() {
                <button class="quiet icon close" aria-label="Close" title="Close" onclick={close}>
                    { glyphs::sign(glyphs::CLOSE) }
                </button>
            }
            <div class="inspector-body">{ body }</div>
        </aside>
    }
}

fn head(title: impl Into<AttrValue>, aside: impl Into<AttrValue>) -> Html {
    let (title, aside) = (title.into(), aside.into());
    html! { <header class="head"><h2>{ title }</h2><span class="soft">{ aside }</span></header> }
}

/// Name and value, the value after an arrow where it has changed.
fn fields(now: &[(String, String)], before: Option<&[(String, String)]>) -> Html {
    let shown = |value: &String| if value.is_empty() { "–".to_string() } else { value.clone() };
    let row = |(name, value): &(String, String)| {
        let old = before.and_then(|b| b.iter().find(|(n, _)| n == name)).map(|(_, v)| v);
        let changed = old.filter(|v| *v != value).map(shown);
        let class = changed.is_some().then_some("changed");
        let value = shown(value);
        let what = match changed {
            Some(old) if old.chars().count() + value.chars().count() <= 24 => {
                html! { <><span class="was">{ old }</span>{ " → " }{ value }</> }
            }
            _ => html! { { value } },
        };
        html! { <div class={classes!("field", class)}><dt>{ name }</dt><dd>{ what }</dd></div> }
    };
    html! { <dl class="fields">{ for now.iter().map(row) }</dl> }
}

fn looks(title: String, now: &NodeLook, before: Option<&NodeLook>) -> Html {
    html! {
        <>
            if !now.durable.is_empty() {
                <h3><span>{ title }</span><span>{ "durable" }</span></h3>
                { fields(&now.durable, before.map(|b| b.durable.as_slice())) }
            }
            if !now.volatile.is_empty() {
                <h3><span></span><span>{ "volatile" }</span></h3>
                { fields(&now.volatile, before.map(|b| b.volatile.as_slice())) }
            }
        </>
    }
}

fn overview(desk: &Desk, ask: &Callback<Ask>) -> Html {
    let model = desk.model.borrow();
    let node = |n: &NodeView| {
        let (ask, id) = (ask.clone(), n.id);
        let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Pick(Some(Pick::Node(id)))));
        let mut words = vec![n.look.role.clone(), n.look.badge.clone()];
        if n.status != Status::Up {
            words.push(format!("{:?}", n.status).to_lowercase());
        }
        words.retain(|w| !w.is_empty());
        html! {
            <li><button class="item" onclick={press}>
                <strong class="mono">{ &n.name }</strong><span>{ words.join(", ") }</span>
            </button></li>
        }
    };
    html! {
        <>
            { head("Nodes", words::count(model.view.messages.len() as u64, "message") + " in flight") }
            <ul class="rows">{ for model.view.nodes.iter().map(node) }</ul>
            if !model.view.facts.is_empty() {
                <h3><span>{ "Only the observer knows" }</span></h3>
                <ul class="facts">{ for model.view.facts.iter().map(|f| html! { <li>{ f }</li> }) }</ul>
            }
            if !model.playing {
                { flying(&model, None, ask) }
            }
            <p class="small">{ "Select a node, a message, a timer or an event." }</p>
        </>
    }
}

fn node(desk: &Desk, id: NodeId, ask: &Callback<Ask>) -> Html {
    let before = desk.model.borrow_mut().look_before(id);
    let model = desk.model.borrow();
    let Some(view) = model.view.nodes.get(id.at()) else {
        return gone("This node is not in this run.");
    };
    let mut state = vec![view.look.role.clone()];
    match view.status {
        Status::Up => {}
        other => state.push(format!("{other:?}").to_lowercase()),
    }
    if let Some(waiting) = &view.waiting {
        state.push(format!("waits for {waiting}"));
    }
    let last = model.last_step(id).and_then(|s| model.session.trace().event(s));
    let visit = last.map(|e| {
        let (ask, step) = (ask.clone(), e.step);
        let press =
            Callback::from(move |_: MouseEvent| ask.emit(Ask::Pick(Some(Pick::Event(step)))));
        html! {
            <p class="last"><span class="soft">{ "Last: " }</span>
                <button class="textlink" onclick={press}>{ words::title(&model, e) }</button>
                <span class="soft">{ format!(" at {}", words::seconds(e.at)) }</span></p>
        }
    });
    let mut clock = Vec::new();
    if view.skew != 0 {
        clock.push(("skew".to_string(), happened_before::core::config::show_time(view.skew)));
    }
    if view.drift != 0 {
        clock.push(("drift".to_string(), format!("{} ppm", view.drift)));
    }
    if view.inbox > 0 {
        clock.push(("inbox".to_string(), view.inbox.to_string()));
    }
    html! {
        <>
            { head(view.name.clone(), state.join(", ")) }
            { visit }
            { looks(format!("{} now", view.name), &view.look, before.as_ref()) }
            if !clock.is_empty() {
                <h3><span></span><span>{ "around it" }</span></h3>
                { fields(&clock, None) }
            }
            { timers(&model, id, ask) }
            { verb_buttons(&model, id, ask) }
            { flying(&model, Some(id), ask) }
            { links(&model, id, ask) }
        </>
    }
}

/// Messages on their way, of one node or of all, for those who do not point at them.
fn flying(model: &Model, of: Option<NodeId>, ask: &Callback<Ask>) -> Html {
    let is_of = |id: MsgId| of.is_none_or(|n| id.from == n || id.to == n);
    let all: Vec<_> = model.view.messages.iter().filter(|m| is_of(m.id)).collect();
    if all.is_empty() {
        return html! {};
    }
    let row = |m: &&MessageView| {
        let (ask, id) = (ask.clone(), m.id);
        let press =
            Callback::from(move |_: MouseEvent| ask.emit(Ask::Pick(Some(Pick::Message(id)))));
        html! {
            <li><button class="item" onclick={press}>
                <span>{ m.look.name }</span>
                <span class="mono">{ format!("{} → {}", model.name(id.from), model.name(id.to)) }</span>
            </button></li>
        }
    };
    html! {
        <>
            <h3><span>{ "On their way" }</span></h3>
            <ul class="rows">{ for all.iter().take(MOST_ROWS).map(row) }</ul>
            if all.len() > MOST_ROWS {
                <p class="small">{ format!("and {} more", all.len() - MOST_ROWS) }</p>
            }
        </>
    }
}

/// The links of a node, for those who do not draw strokes.
fn links(model: &Model, id: NodeId, ask: &Callback<Ask>) -> Html {
    let others = model.view.nodes.iter().filter(|n| n.id != id);
    let button = |other: &NodeView| {
        let (ask, a, b) = (ask.clone(), id.min(other.id), id.max(other.id));
        let press =
            Callback::from(move |_: MouseEvent| ask.emit(Ask::Pick(Some(Pick::Link { a, b }))));
        let cut = |from, to| model.view.links.iter().any(|l| l.from == from && l.to == to && l.cut);
        let mark = if cut(a, b) || cut(b, a) { " ✗" } else { "" };
        html! { <button class="verb mono" onclick={press}>{ format!("{}{mark}", other.name) }</button> }
    };
    html! {
        <>
            <h3><span>{ "Links" }</span></h3>
            <div class="verbs many">{ for others.take(MOST_ROWS).map(button) }</div>
        </>
    }
}

fn timers(model: &Model, id: NodeId, ask: &Callback<Ask>) -> Html {
    let Some(view) = model.view.nodes.get(id.at()).filter(|n| !n.timers.is_empty()) else {
        return html! {};
    };
    let row = |t: &happened_before::core::view::TimerView| {
        let (ask, code) = (ask.clone(), t.code);
        let press = Callback::from(move |_: MouseEvent| {
            ask.emit(Ask::Pick(Some(Pick::Timer { node: id, code })))
        });
        html! {
            <div class="field"><dt><button class="textlink" onclick={press}>{ &t.name }</button></dt>
                <dd>{ due(t.due) }</dd></div>
        }
    };
    html! {
        <>
            <h3><span></span><span>{ "timers" }</span></h3>
            <dl class="fields">{ for view.timers.iter().map(row) }</dl>
        </>
    }
}

fn due(due: Option<u64>) -> String {
    due.map_or_else(|| "stands still".into(), |d| format!("at {}", words::seconds(d)))
}

/// The palette: the same verbs as on the keyboard.
fn verb_buttons(model: &Model, id: NodeId, ask: &Callback<Ask>) -> Html {
    let button = |(verb, name, key): (verbs::Verb, &'static str, &'static str)| {
        let (ask, actions) = (ask.clone(), verbs::actions(model, id, verb));
        let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Do(actions.clone())));
        html! {
            <button class="verb keyed" onclick={press} data-verb={key}>
                <span>{ name }</span><kbd aria-hidden="true">{ key }</kbd>
            </button>
        }
    };
    html! {
        <>
            <h3><span>{ format!("Do to {}", model.name(id)) }</span></h3>
            <div class="verbs">{ for verbs::of_node(model, id).into_iter().map(button) }</div>
        </>
    }
}

fn message(desk: &Desk, id: MsgId, ask: &Callback<Ask>) -> Html {
    let model = desk.model.borrow();
    let known = model.session.trace().messages.iter().rev().find(|p| p.id == id);
    let Some(passage) = known.filter(|p| p.sent_step <= model.session.cursor()) else {
        return gone("This message has not been sent yet.");
    };
    let way = format!("{} to {}", model.name(id.from), model.name(id.to));
    let flying = model.view.messages.iter().find(|m| m.id == id);
    let details = model.session.world().details(id).unwrap_or_default();
    let here = model.session.cursor();
    let mut life = vec![("sent".to_string(), words::seconds(passage.sent_at))];
    match passage.fate {
        Fate::Received { step, at } if step <= here => {
            life.push(("received".into(), words::seconds(at)))
        }
        Fate::Lost { step, at, .. } if step <= here => {
            life.push(("lost".into(), words::seconds(at)))
        }
        _ => {}
    }
    if let Some(m) = flying {
        life.push(match (m.held, m.docked) {
            (true, _) => ("held back".into(), "until released".into()),
            (_, true) => ("arrived".into(), "waits to be handled".into()),
            _ => ("due".into(), words::seconds(m.due)),
        });
    }
    let sent = pick_step(ask, passage.sent_step, "The event that sent it");
    let ended = match passage.fate {
        Fate::Received { step, .. } if step <= here => {
            pick_step(ask, step, "The event that received it")
        }
        _ => html! {},
    };
    let button = |(name, action): (&'static str, Action)| {
        let ask = ask.clone();
        let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Do(vec![action.clone()])));
        html! { <button class="verb" onclick={press} data-verb={name}>{ name }</button> }
    };
    let all = verbs::of_message(&model, id);
    html! {
        <>
            { head(passage.look.name, way) }
            if !details.is_empty() {
                <h3><span>{ "What it says" }</span></h3>
                { fields(&details, None) }
            }
            <h3><span>{ "Its life" }</span></h3>
            { fields(&life, None) }
            <p class="last">{ sent }{ " " }{ ended }</p>
            if !all.is_empty() {
                <h3><span>{ "Do to it" }</span></h3>
                <div class="verbs">{ for all.into_iter().map(button) }</div>
            }
        </>
    }
}

fn pick_step(ask: &Callback<Ask>, step: u64, text: &'static str) -> Html {
    let ask = ask.clone();
    let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Visit(step)));
    html! { <button class="textlink" onclick={press}>{ text }</button> }
}

fn timer(desk: &Desk, id: NodeId, code: u32, ask: &Callback<Ask>) -> Html {
    let model = desk.model.borrow();
    let running =
        model.view.nodes.get(id.at()).and_then(|n| n.timers.iter().find(|t| t.code == code));
    let Some(t) = running else { return gone("This timer is not running now.") };
    let life =
        vec![("set".to_string(), words::seconds(t.set_at)), ("ends".to_string(), due(t.due))];
    let fire = {
        let ask = ask.clone();
        Callback::from(move |_: MouseEvent| {
            ask.emit(Ask::Do(vec![Action::Fire { node: id, timer: code }]))
        })
    };
    html! {
        <>
            { head(t.name.clone(), format!("timer of {}", model.name(id))) }
            { fields(&life, None) }
            <h3><span>{ "Do to it" }</span></h3>
            <div class="verbs"><button class="verb" onclick={fire} data-verb="fire">{ "Fire it now" }</button></div>
        </>
    }
}

fn link(desk: &Desk, a: NodeId, b: NodeId, ask: &Callback<Ask>) -> Html {
    let model = desk.model.borrow();
    let way = |from: NodeId, to: NodeId| {
        let found = model.view.links.iter().find(|l| l.from == from && l.to == to);
        let mut words = Vec::new();
        if let Some(l) = found {
            if l.cut {
                words.push("cut".to_string());
            }
            if l.loss > 0 {
                words.push(format!("loses {}", happened_before::scene::stage::percent(l.loss)));
            }
            if l.delay > 0 {
                words.push(format!(
                    "delayed by {}",
                    happened_before::scene::stage::duration(l.delay.into())
                ));
            }
        }
        let said = if words.is_empty() { "as the settings say".into() } else { words.join(", ") };
        (format!("{} to {}", model.name(from), model.name(to)), said)
    };
    let button = |(name, actions): (String, Vec<Action>)| {
        let ask = ask.clone();
        let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Do(actions.clone())));
        html! { <button class="verb" onclick={press}>{ name }</button> }
    };
    html! {
        <>
            { head(format!("{} – {}", model.name(a), model.name(b)), "link") }
            { fields(&[way(a, b), way(b, a)], None) }
            <h3><span>{ "Do to it" }</span></h3>
            <div class="verbs">{ for verbs::of_link(&model, a, b).into_iter().map(button) }</div>
        </>
    }
}

/// The happened-before cone in words.
fn cone(model: &Model, step: u64) -> Option<Html> {
    let cone = model.session.trace().cone(step, model.session.cursor())?;
    let nodes = match cone.nodes.len() {
        1 => "1 node".to_string(),
        n => format!("{n} nodes"),
    };
    Some(html! {
        <p class="cone" id="cone">
            { "Has a " }<b class="past">{ format!("past of {}", words::count(cone.past, "event")) }</b>
            if cone.past > 0 { { format!(" on {nodes}") } }
            { " and a " }<b class="future">{ format!("future of {}", cone.future) }</b>
            { " so far. " }
            { match cone.beside {
                0 => "Nothing is concurrent with it.".to_string(),
                1 => "1 event is concurrent with it.".to_string(),
                n => format!("{n} events are concurrent with it."),
            } }
        </p>
    })
}

/// What an event broke for the first time, with the witness.
fn broken(model: &Model, step: u64) -> Vec<Html> {
    let verdicts = model.view.verdicts.iter();
    let here = verdicts.filter_map(|v| Some((v, v.violation.as_ref().filter(|x| x.step == step)?)));
    here.map(|(verdict, violation)| {
        html! {
            <p class="witness">
                <b>{ format!("Breaks {}. ", verdict.title) }</b>
                { super::model::sentence(&violation.why) }
            </p>
        }
    })
    .collect()
}

fn event(desk: &Desk, step: u64, ask: &Callback<Ask>) -> Html {
    let around = desk.model.borrow_mut().look_around(step);
    let model = desk.model.borrow();
    let Some(event) = model.session.trace().event(step) else {
        return gone("The run has no such event.");
    };
    let who = event.node.map_or("the network".into(), |n| model.name(n));
    let sent = |s: &happened_before::core::view::Sent| {
        let (ask, id) = (ask.clone(), s.id);
        let press =
            Callback::from(move |_: MouseEvent| ask.emit(Ask::Pick(Some(Pick::Message(id)))));
        html! { <li><button class="item" onclick={press}>
            <span>{ s.look.name }</span><span class="mono">{ format!("to {}", model.name(s.id.to)) }</span>
        </button></li> }
    };
    let goto = {
        let ask = ask.clone();
        Callback::from(move |_: MouseEvent| ask.emit(Ask::Seek(step)))
    };
    let name = event.node.map(|n| model.name(n)).unwrap_or_default();
    html! {
        <>
            { head(words::title(&model, event), format!("{who}, {}", words::seconds(event.at))) }
            { for broken(&model, step) }
            { for cone(&model, step) }
            { super::overlay::compared(&model, step) }
            <p class="soft">{ super::model::sentence(&words::cause(&model, event)) }</p>
            if event.notes.len() > 1 {
                <p class="mono small">{ event.notes.join(" · ") }</p>
            }
            if let Some((before, after)) = &around {
                { looks(format!("{name} after this event"), after, Some(before)) }
            }
            if !event.sent.is_empty() {
                <h3><span>{ "Sent" }</span></h3>
                <ul class="rows">{ for event.sent.iter().map(sent) }</ul>
            }
            if step != model.session.cursor() {
                <p><button class="verb" onclick={goto}>{ "Go to this moment" }</button></p>
            }
            if let Some(node) = event.node {
                { verb_buttons(&model, node, ask) }
            }
        </>
    }
}

fn entry(desk: &Desk, id: NodeId, index: u64) -> Html {
    let model = desk.model.borrow();
    let log = model.view.nodes.get(id.at()).and_then(|n| n.log.as_ref());
    let cell = log
        .and_then(|l| Some((l, l.cells.get(usize::try_from(index.checked_sub(l.first)?).ok()?)?)));
    let Some((log, cell)) = cell else { return gone("This log has no such entry now.") };
    let who: Vec<String> = model
        .view
        .nodes
        .iter()
        .filter(|n| {
            n.log.as_ref().is_some_and(|l| {
                index.checked_sub(l.first).and_then(|i| l.cells.get(i as usize)) == Some(cell)
            })
        })
        .map(|n| n.name.clone())
        .collect();
    let all = vec![
        ("says".to_string(), cell.text.clone()),
        ("epoch".to_string(), cell.epoch.to_string()),
        (
            "known committed".to_string(),
            if index <= log.committed { "yes" } else { "not here" }.into(),
        ),
        ("the same on".to_string(), who.join(" ")),
    ];
    html! { <>{ head(format!("Entry {index}"), format!("log of {}", model.name(id))) }{ fields(&all, None) }</> }
}

fn operation(desk: &Desk, id: OpId, ask: &Callback<Ask>) -> Html {
    let model = desk.model.borrow();
    let known =
        model.session.trace().ops.iter().find(|o| o.id == id && o.step <= model.session.cursor());
    let Some(op) = known else { return gone("This operation has not been invoked yet.") };
    let ended = op.ended.filter(|(step, _)| *step <= model.session.cursor());
    let outcome = match (&op.end, ended) {
        (_, None) => "not answered yet".to_string(),
        (OpEnd::Ok(Some(v)), _) => format!("ok, {v}"),
        (OpEnd::Ok(None), _) => "ok".into(),
        (OpEnd::Fail(why), _) => format!("failed: {why}"),
        (OpEnd::Unknown | OpEnd::Open, _) => "unknown: it may have happened or may yet".into(),
    };
    let mut all = vec![("invoked".to_string(), words::seconds(op.invoked))];
    if let Some((_, at)) = ended {
        all.push(("ended".into(), words::seconds(at)));
    }
    all.push(("outcome".into(), outcome));
    html! {
        <>
            { head(call_text(model.info.calls, &op.call), format!("client {}", model.name(id.client))) }
            { fields(&all, None) }
            <p class="last">{ pick_step(ask, op.step, "Its invocation") }</p>
        </>
    }
}

fn property(desk: &Desk, i: usize, ask: &Callback<Ask>) -> Html {
    let model = desk.model.borrow();
    let (Some(info), Some(verdict)) = (model.info.properties.get(i), model.view.verdicts.get(i))
    else {
        return gone("This scene has no such property.");
    };
    let name = |n: &NodeId| model.name(*n);
    html! {
        <>
            { head(info.title, match verdict.violation { Some(_) => "violated", None => "holds so far" }) }
            <p>{ info.claim }</p>
            <p class="soft small">{ info.cite }</p>
            if let Some(v) = &verdict.violation {
                <h3><span>{ "First violation" }</span></h3>
                <p class="witness" id="witness">{ super::model::sentence(&v.why) }</p>
                <p class="soft">{ format!("At {}, on {}.", words::seconds(v.at), words::list(&v.nodes.iter().map(name).collect::<Vec<_>>())) }</p>
                <p>{ { let ask = ask.clone(); let step = v.step;
                    let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Visit(step)));
                    html! { <button class="verb" id="to-violation" onclick={press}>{ "Go to it" }</button> } } }</p>
            } else {
                <p class="soft">{ format!("Checked in {}.", words::count(verdict.checked, "state")) }</p>
            }
        </>
    }
}

fn gone(why: &'static str) -> Html {
    html! { <p class="soft">{ why }</p> }
}

//! A node, all of them, their timers; and what may be done to them.

use super::{fields, gone, head, looks};
use crate::ui::desk::Desk;
use crate::ui::frame::Ask;
use crate::ui::model::{Model, Pick};
use crate::ui::{verbs, words};
use happened_before::core::action::Action;
use happened_before::core::ids::{MsgId, NodeId};
use happened_before::core::view::{MessageView, NodeView, Status};
use yew::prelude::*;

/// Rows of a list at most.
const MOST_ROWS: usize = 12;

pub fn overview(desk: &Desk, ask: &Callback<Ask>) -> Html {
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
                <ul class="facts">{ for model.view.facts.iter().map(|f| html! { <li>{ &f.text }</li> }) }</ul>
            }
            if !model.playing {
                { flying(&model, None, ask) }
            }
            <p class="small">{ "Select a node, a message, a timer or an event." }</p>
        </>
    }
}

pub fn node(desk: &Desk, id: NodeId, ask: &Callback<Ask>) -> Html {
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
            { head(view.name.to_string(), state.join(", ")) }
            { visit }
            { looks(format!("{} now", view.name), &view.look, before.as_deref()) }
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
pub fn verb_buttons(model: &Model, id: NodeId, ask: &Callback<Ask>) -> Html {
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

pub fn timer(desk: &Desk, id: NodeId, code: u32, ask: &Callback<Ask>) -> Html {
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

//! An event with its past and future, and a property with its first violation.

use super::node::verb_buttons;
use super::{gone, head, looks};
use crate::ui::desk::Desk;
use crate::ui::frame::Ask;
use crate::ui::model::{Model, Pick, sentence};
use crate::ui::words;
use happened_before::core::ids::NodeId;
use yew::prelude::*;

pub fn event(desk: &Desk, step: u64, ask: &Callback<Ask>) -> Html {
    let around = desk.model.borrow_mut().look_around(step);
    let model = desk.model.borrow();
    let Some(event) = model.session.trace().event(step) else {
        let goto = ask.reform(move |_: MouseEvent| Ask::Seek(step));
        return match step <= model.session.trace().len() {
            true => html! {
                <>
                    { gone("This event is not on record any more: it is computed again when one goes there.") }
                    <p><button class="verb" onclick={goto}>{ "Go to this moment" }</button></p>
                </>
            },
            false => gone("The run has no such event."),
        };
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
            { crate::ui::overlay::compared(&model, step) }
            <p class="soft">{ sentence(&words::cause(&model, event)) }</p>
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
            if cone.since > 0 {
                { format!(" Counted from step {} on, where the record begins.", cone.since + 1) }
            }
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
                { sentence(&violation.why) }
            </p>
        }
    })
    .collect()
}

pub fn property(desk: &Desk, i: usize, ask: &Callback<Ask>) -> Html {
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
                <p class="witness" id="witness">{ sentence(&v.why) }</p>
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

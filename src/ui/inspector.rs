//! The right panel: what is in the thing that is selected, and what may be done to it.

mod event;
mod node;
mod thing;

use super::frame::{Ask, Look};
use super::glyphs;
use super::model::Pick;
use happened_before::core::view::NodeLook;
use yew::prelude::*;

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
        None => node::overview(desk, ask),
        Some(Pick::Node(n)) => node::node(desk, n, ask),
        Some(Pick::Message(m)) => thing::message(desk, m, ask),
        Some(Pick::Timer { node, code }) => node::timer(desk, node, code, ask),
        Some(Pick::Link { a, b }) => thing::link(desk, a, b, ask),
        Some(Pick::Event(step)) => event::event(desk, step, ask),
        Some(Pick::Entry { node, index }) => thing::entry(desk, node, index),
        Some(Pick::Op(op)) => thing::operation(desk, op, ask),
        Some(Pick::Property(i)) => event::property(desk, i, ask),
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

fn pick_step(ask: &Callback<Ask>, step: u64, text: &'static str) -> Html {
    let ask = ask.clone();
    let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Visit(step)));
    html! { <button class="textlink" onclick={press}>{ text }</button> }
}

fn gone(why: &'static str) -> Html {
    html! { <p class="soft">{ why }</p> }
}

//! The run without pictures: every event as a line, every node as a row.

use super::frame::{Ask, Look};
use super::model::{Model, Pick};
use super::words;
use yew::prelude::*;

/// Events shown at once.
const MOST: usize = 200;

#[derive(Properties, PartialEq)]
pub struct ListsProps {
    pub look: Look,
    pub ask: Callback<Ask>,
}

#[component]
pub fn Lists(props: &ListsProps) -> Html {
    let model = props.look.0.model.borrow();
    html! {
        <section class="lists" aria-label="Events and state">
            <div class="list-state">
                <h2>{ "State" }</h2>
                <div class="scroll" tabindex="0" role="region" aria-label="State of every node">{ state(&model, &props.ask) }</div>
            </div>
            <div class="list-events">
                <h2>{ "Events" }</h2>
                <ol class="scroll" tabindex="0" aria-label="Events, the last first" reversed=true>
                    { for events(&model, &props.ask) }
                </ol>
            </div>
        </section>
    }
}

fn events(model: &Model, ask: &Callback<Ask>) -> Vec<Html> {
    let here = model.session.cursor() as usize;
    let seen = model.session.trace().events.range(0..here);
    let row = |event: &happened_before::core::view::Event| {
        let (ask, step) = (ask.clone(), event.step);
        let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Visit(step)));
        let picked = model.pick == Some(Pick::Event(step));
        html! {
            <li key={step} class={picked.then_some("picked")}>
                <button class="item" onclick={press}>
                    <span class="mono">{ words::seconds(event.at) }</span>
                    <span>{ words::line(model, event) }</span>
                </button>
            </li>
        }
    };
    seen.rev().take(MOST).map(row).collect()
}

fn state(model: &Model, ask: &Callback<Ask>) -> Html {
    let row = |node: &happened_before::core::view::NodeView| {
        let (ask, id) = (ask.clone(), node.id);
        let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Pick(Some(Pick::Node(id)))));
        let fields = |all: &[(String, String)]| {
            all.iter()
                .map(|(k, v)| format!("{k} {}", if v.is_empty() { "–" } else { v }))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let status = format!("{:?}", node.status).to_lowercase();
        html! {
            <tr key={node.id.0}>
                <th scope="row"><button class="item" onclick={press}>{ &node.name }</button></th>
                <td>{ &node.look.role }</td>
                <td>{ status }</td>
                <td class="mono">{ fields(&node.look.durable) }</td>
                <td class="mono">
                    { fields(&node.look.volatile) }
                    { node.waiting.clone().unwrap_or_default() }
                </td>
            </tr>
        }
    };
    html! {
        <table>
            <thead>
                <tr>
                    <th scope="col">{ "Node" }</th><th scope="col">{ "Role" }</th>
                    <th scope="col">{ "Status" }</th><th scope="col">{ "Durable" }</th>
                    <th scope="col">{ "Volatile" }</th>
                </tr>
            </thead>
            <tbody>{ for model.view.nodes.iter().map(row) }</tbody>
        </table>
    }
}

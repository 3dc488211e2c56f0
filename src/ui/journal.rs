//! What was done to the run, in order; a click leads there.

use super::frame::{Ask, Look};
use super::words;
use happened_before::core::view::What;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct JournalProps {
    pub look: Look,
    pub ask: Callback<Ask>,
}

#[component]
pub fn Journal(props: &JournalProps) -> Html {
    let model = props.look.0.model.borrow();
    let branches = model.session.branches();
    let journal = &model.session.branch().journal;
    if journal.is_empty() && branches.len() < 2 {
        return html! {};
    }
    // The journal's entries are steps of the run, in the same order.
    let steps: Vec<u64> = model
        .session
        .trace()
        .events
        .iter()
        .filter(|e| matches!(e.what, What::Act(_) | What::Ignored { .. }))
        .map(|e| e.step)
        .collect();
    let row = |(i, entry): (usize, &happened_before::core::action::Entry)| {
        let (ask, at, step) = (props.ask.clone(), entry.at, steps.get(i).copied());
        let press = Callback::from(move |_: MouseEvent| {
            ask.emit(step.map_or(Ask::SeekTime(at), Ask::Visit));
        });
        html! {
            <li>
                <button class="item" onclick={press}>
                    <span class="mono">{ words::seconds(entry.at) }</span>
                    <span>{ words::action_text(&model, &entry.action) }</span>
                </button>
            </li>
        }
    };
    let lane = |(i, branch): (usize, &happened_before::core::session::Branch)| {
        let ask = props.ask.clone();
        let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Branch(i)));
        let here = i == model.session.current();
        html! {
            <li><button class="verb" aria-pressed={here.to_string()} onclick={press}>{ &branch.name }</button></li>
        }
    };
    html! {
        <section class="part journal" id="journal">
            <h2>{ "Done so far" }</h2>
            if branches.len() > 1 {
                <ul class="branches" aria-label="Branches">{ for branches.iter().enumerate().map(lane) }</ul>
            }
            <ol>{ for journal.iter().enumerate().map(row) }</ol>
        </section>
    }
}

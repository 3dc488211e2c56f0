//! What was done to the run, in order: each thing can be gone to, moved in time, switched off and
//! on, or taken out. And the branches.

use super::dom;
use super::frame::{Ask, Look};
use super::glyphs::{self, sign};
use super::model::Model;
use super::words;
use happened_before::core::config::parse_time;
use happened_before::core::session::{Branch, Edit};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, PointerEvent};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct JournalProps {
    pub look: Look,
    pub ask: Callback<Ask>,
}

#[component]
pub fn Journal(props: &JournalProps) -> Html {
    let model = props.look.0.model.borrow();
    let entries = model.session.entries();
    let branches = model.session.branches();
    let (back, again) = model.past.has();
    if entries.is_empty() && branches.len() < 2 && !back && !again {
        return html! {};
    }
    let row = |(on, i, at, action): (bool, usize, u64, &happened_before::core::action::Action)| {
        let text = words::action_text(&model, action);
        let step = if on { model.session.step_of_entry(i) } else { None };
        html! { <Row key={format!("{on}{i}")} {on} {i} {at} {text} {step} ask={props.ask.clone()} /> }
    };
    let act = |id: &'static str, name: &'static str, on: bool, ask: Ask| {
        let press = props.ask.reform(move |_: MouseEvent| ask.clone());
        html! { <button class="quiet" {id} title={name} disabled={!on} onclick={press}>{ name }</button> }
    };
    html! {
        <section class="part journal" id="journal">
            <div class="part-head">
                <h2>{ "Done so far" }</h2>
                <div>
                    { act("undo", "Undo", back, Ask::Undo(false)) }
                    { act("redo", "Redo", again, Ask::Undo(true)) }
                    { act("fork", "Branch here", true, Ask::Fork) }
                </div>
            </div>
            if branches.len() > 1 {
                <ul class="branches" aria-label="Branches">
                    { for branches.iter().enumerate().map(|(i, b)| lane(&model, i, b, &props.ask)) }
                </ul>
            }
            <ol>{ for entries.into_iter().map(row) }</ol>
        </section>
    }
}

/// A branch: go there, and for the one that is shown its name, for the others a comparison.
fn lane(model: &Model, i: usize, branch: &Branch, ask: &Callback<Ask>) -> Html {
    let here = i == model.session.current();
    let name = branch.name.clone();
    let beside = model.beside.as_ref().is_some_and(|b| b.branch == Some(i as u16));
    let go = ask.reform(move |_: MouseEvent| Ask::Branch(i));
    let delete = ask.reform(move |_: MouseEvent| Ask::Delete(i));
    let compare = ask.reform(move |_: MouseEvent| Ask::Compare((!beside).then_some(i)));
    let rename = ask.reform(move |e: Event| Ask::Rename(i, text(&e)));
    html! {
        <li key={i} class={here.then_some("here")}>
            if here {
                <button class="verb" aria-pressed="true" onclick={go} aria-label={format!("{name}, shown")}>{ "Shown" }</button>
                <input class="name" value={name.clone()} onchange={rename} aria-label="Name of this branch" maxlength="40" />
            } else {
                <button class="verb" aria-pressed="false" onclick={go}>{ &name }</button>
                <button class="quiet compare" aria-pressed={beside.to_string()} onclick={compare}
                    aria-label={format!("Compare with {name}")}>{ "Compare" }</button>
            }
            <button class="quiet icon drop" onclick={delete} title="Delete this branch"
                aria-label={format!("Delete {name}")}>{ sign(glyphs::CLOSE) }</button>
        </li>
    }
}

#[derive(Properties, PartialEq)]
struct RowProps {
    on: bool,
    i: usize,
    at: u64,
    text: String,
    step: Option<u64>,
    ask: Callback<Ask>,
}

/// Microseconds that a pixel of a drag stands for.
const PER_PIXEL: f64 = 2_000.0;

/// An intervention.
#[component]
fn Row(props: &RowProps) -> Html {
    let RowProps { on, i, at, ref text, step, ref ask } = *props;
    let field = use_node_ref();
    let held = use_mut_ref(|| None::<f64>);
    let go = ask.reform(move |_: MouseEvent| step.map_or(Ask::SeekTime(at), Ask::Visit));
    let toggle = ask.reform(move |_: Event| Ask::Edit(if on { Edit::Off(i) } else { Edit::On(i) }));
    let remove = ask.reform(move |_: MouseEvent| {
        Ask::Edit(if on { Edit::Remove(i) } else { Edit::RemoveOff(i) })
    });
    let typed = {
        let ask = ask.clone();
        Callback::from(move |e: Event| {
            let typed = self::text(&e);
            let time = parse_time(typed.trim()).and_then(|t| u64::try_from(t).ok());
            ask.emit(match time {
                Some(time) if time != at => Ask::Edit(Edit::Move { entry: i, at: time }),
                Some(_) => return,
                None => Ask::Say(Some(format!("'{typed}' is not a time such as 1.2s or 350ms."))),
            });
        })
    };
    // The handle is dragged sideways through time; what is seen while it is held is not yet done.
    let show = {
        let field = field.clone();
        move |at: u64| {
            if let Some(input) = field.cast::<HtmlInputElement>() {
                input.set_value(&words::seconds(at));
            }
        }
    };
    let moved = move |from: f64, e: &PointerEvent| {
        (at as f64 + (f64::from(e.client_x()) - from) * PER_PIXEL).max(0.0) as u64
    };
    let down = {
        let held = held.clone();
        Callback::from(move |e: PointerEvent| {
            *held.borrow_mut() = Some(f64::from(e.client_x()));
            if let Some(el) = e.target().and_then(|t| t.dyn_into::<Element>().ok()) {
                let _ = el.set_pointer_capture(e.pointer_id());
            }
        })
    };
    let drag = {
        let (held, show) = (held.clone(), show.clone());
        Callback::from(move |e: PointerEvent| {
            if let Some(from) = *held.borrow() {
                show(moved(from, &e));
            }
        })
    };
    let up = {
        let (held, ask) = (held.clone(), ask.clone());
        Callback::from(move |e: PointerEvent| {
            let Some(from) = held.borrow_mut().take() else { return };
            let to = moved(from, &e);
            if to.abs_diff(at) >= PER_PIXEL as u64 {
                ask.emit(Ask::Edit(Edit::Move { entry: i, at: to }));
            }
        })
    };
    let gone = Callback::from(move |_: PointerEvent| {
        *held.borrow_mut() = None;
        show(at);
    });
    html! {
        <li class={(!on).then_some("off")}>
            <input type="checkbox" checked={on} onchange={toggle} aria-label={format!("In force: {text}")} />
            <span class="grip" title="Drag through time" aria-hidden="true"
                onpointerdown={down} onpointermove={drag} onpointerup={up} onpointercancel={gone}></span>
            <input class="mono at" ref={field} value={words::seconds(at)} disabled={!on} onchange={typed}
                title={format!("{at} microseconds")} aria-label={format!("Time of: {text}")} />
            <button class="item" onclick={go}>{ text }</button>
            <button class="quiet icon drop" onclick={remove} title="Take it out"
                aria-label={format!("Take out: {text}")}>{ sign(glyphs::CLOSE) }</button>
        </li>
    }
}

fn text(e: &Event) -> String {
    dom::value_of(e)
}

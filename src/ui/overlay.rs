//! Logical clocks over any scene: the switch beside the diagram, and two events compared.

use super::frame::Ask;
use super::model::{Model, Pick};
use super::words;
use happened_before::algo::clocks::overlay::{ClockKind, ComparedPlace, Comparison, Overlay};
use happened_before::core::trace::Relation;
use happened_before::core::view::Event as Happened;
use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// Which timestamps are shown at the events.
pub fn switch(shown: Option<ClockKind>, ask: &Callback<Ask>) -> Html {
    let change = ask.reform(|e: Event| {
        let chosen = e.target().and_then(|t| t.dyn_into::<HtmlSelectElement>().ok());
        let place = chosen.map_or(0, |s| s.selected_index());
        let kind = usize::try_from(place - 1).ok().and_then(|i| ClockKind::ALL.get(i));
        Ask::Chips(kind.map(|k| k.0))
    });
    let option = |(kind, name): &(ClockKind, &'static str)| {
        html! { <option selected={shown == Some(*kind)}>{ format!("{name} clocks") }</option> }
    };
    html! {
        <select class="quiet chips" id="chips" aria-label="Timestamps at the events" onchange={change}>
            <option selected={shown.is_none()}>{ "No clocks" }</option>
            { for ClockKind::ALL.iter().map(option) }
        </select>
    }
}

/// Puts another clock over a run, or none.
pub fn choose(model: &mut Model, kind: Option<ClockKind>) {
    let start = kind.and_then(|k| Some((k, (model.scene.build)(&model.session.setup).ok()?)));
    model.overlay = start.map(|(kind, world)| {
        let start = world.view();
        let mut overlay = match ClockKind::of(model.info.lenses) == Some(kind) {
            true => Overlay::own(kind, &start),
            false => Overlay::new(kind, &start),
        };
        overlay.extend(model.session.trace());
        overlay
    });
}

/// Remembers the event that was selected before another one.
pub fn remember(model: &mut Model, next: Option<Pick>) {
    if let (Some(Pick::Event(old)), Some(Pick::Event(new))) = (model.pick, next) {
        model.second = (old != new).then_some(old).or(model.second);
    } else if next.is_none() {
        model.second = None;
    }
}

/// A selected event's timestamp, and how it compares with the one selected before.
pub fn compared(model: &Model, step: u64) -> Html {
    let Some(overlay) = &model.overlay else { return html! {} };
    if overlay.is_lost() {
        return html! {
            <p class="soft">{ "These clocks count from the beginning of the run, which is not on record \
                any more: go back to it to see them." }</p>
        };
    }
    let Some(chip) = overlay.time(step).map(|_| overlay.text(step)) else { return html! {} };
    let trace = model.session.trace();
    let with = model.second.filter(|b| *b != step).and_then(|b| {
        let (a, e) = (trace.event(b)?, trace.event(step)?);
        overlay.compare(b, step, Relation::of(a, e)).map(|c| (b, c))
    });
    html! {
        <>
            <h3><span>{ "Its time" }</span></h3>
            <p class="mono">{ chip }</p>
            if let Some((other, comparison)) = with {
                { table(overlay.text(other), overlay.text(step), comparison) }
            } else {
                <p class="soft">{ "Select a second event to compare the two." }</p>
            }
        </>
    }
}

/// Most counts that are drawn as squares.
const SQUARES: u64 = 8;

/// The two events that an opening lights, as counts back to back: what one has and the other has not
/// is full.
pub fn pair(model: &Model) -> Option<Html> {
    let [a, b] = model.lit()[..] else { return None };
    let (overlay, trace) = (model.overlay.as_ref()?, model.session.trace());
    let (first, second) = (trace.event(a)?, trace.event(b)?);
    let Comparison { rows, says, .. } = overlay.compare(a, b, Relation::of(first, second))?;
    let squares = |mine: u64, other: u64| {
        let one = |i: u64| html! { <i class={if i < other { "both" } else { "more" }}></i> };
        html! { <td class="squares" aria-hidden="true">{ for (0..mine.min(SQUARES)).map(one) }</td> }
    };
    let row = |(name, a, b, mark): &ComparedPlace| {
        html! {
            <tr>
                <td class="count">{ *a }</td>{ squares(*a, *b) }
                <th scope="row">{ name.clone() }<small>{ format!("{a} {mark} {b}") }</small></th>
                { squares(*b, *a) }<td class="count">{ *b }</td>
            </tr>
        }
    };
    let head = |event: &Happened| {
        let who = event.node.map_or(String::new(), |n| model.name(n));
        html! { <span><b>{ who }</b>{ format!(" at {}", words::seconds(event.at)) }</span> }
    };
    Some(html! {
        <section class="pair" id="pair" aria-label="The two events compared">
            <header>{ head(first) }{ head(second) }</header>
            <table><tbody>{ for rows.iter().map(row) }</tbody></table>
            <p>{ says }</p>
        </section>
    })
}

/// Place by place, and in words.
pub fn table(first: String, second: String, Comparison { rows, says, truly }: Comparison) -> Html {
    let row = |(name, a, b, mark): &ComparedPlace| {
        html! { <tr class={if *mark == '=' { "" } else { "differs" }}>
            <th scope="row">{ name.clone() }</th><td>{ a }</td>
            <td class="mark">{ *mark }</td><td>{ b }</td>
        </tr> }
    };
    html! {
        <div class="compared">
            <p class="soft">{ format!("{first} against {second}") }</p>
            <table class="mono"><tbody>{ for rows.iter().map(row) }</tbody></table>
            <p>{ says }</p>
            if !truly.is_empty() {
                <p class="soft">{ truly }</p>
            }
        </div>
    }
}

//! Keys and gestures.

use super::dom;
use super::frame::Ask;
use super::verbs::VERBS;
use yew::prelude::*;

const KEYS: &[(&str, &str)] = &[
    ("Space", "play or pause"),
    (". and ,", "one step forth or back"),
    ("] and [", "the next or last event of interest"),
    ("/ or u", "go to a moment, an event, a story"),
    ("m", "another picture large"),
    ("n and N", "the next or last branch"),
    ("Ctrl+Z, Ctrl+Shift+Z", "undo, do again"),
    ("Page Down, Page Up", "on and back in a story"),
    ("Tab, arrows", "to the nodes, from node to node"),
    ("Enter", "open the node that has the focus"),
    ("Esc", "close, deselect"),
    ("?", "this help"),
];

const GESTURES: &[(&str, &str)] = &[
    (
        "Drag across links",
        "cuts them, both ways; with Shift only from the stroke's left to its right",
    ),
    ("Drag between two groups", "builds a wall; drag its ends to move it"),
    ("Click a node, a message, a timer", "shows what is in it and what you may do to it"),
    ("Click an event below", "lights what happened before it and what it may have caused"),
    ("Drag the diagram", "moves through time; Ctrl and the wheel zoom"),
];

#[derive(Properties, PartialEq)]
pub struct HelpProps {
    pub ask: Callback<Ask>,
}

#[component]
pub fn Help(props: &HelpProps) -> Html {
    let close = props.ask.reform(|_: MouseEvent| Ask::Help(false));
    use_effect_with((), |()| {
        dom::focus("#help-close");
        || dom::focus("#help-open")
    });
    let row = |(keys, what): &(&'static str, &'static str)| {
        html! { <><dt>{ *keys }</dt><dd>{ *what }</dd></> }
    };
    let mut verbs: Vec<(&str, String)> = Vec::new();
    for (_, name, key) in VERBS {
        match verbs.iter_mut().find(|(k, _)| k == key) {
            Some((_, names)) => *names = format!("{names} / {}", name.to_lowercase()),
            None => verbs.push((key, name.to_lowercase())),
        }
    }
    html! {
        <div class="veil">
            <div class="dialog" role="dialog" aria-modal="true" aria-labelledby="help-title">
                <h2 id="help-title">{ "Keys and gestures" }</h2>
                <button class="quiet icon close" id="help-close" aria-label="Close" onclick={close}>
                    { super::glyphs::sign(super::glyphs::CLOSE) }
                </button>
                <div class="help-columns">
                    <section><h3>{ "Mouse and touch" }</h3><dl>{ for GESTURES.iter().map(row) }</dl></section>
                    <section><h3>{ "Keys" }</h3><dl>{ for KEYS.iter().map(row) }</dl></section>
                    <section>
                        <h3>{ "While a node has the focus" }</h3>
                        <dl class="verbs">
                            { for verbs.iter().map(|(k, v)| html! { <><dt><kbd>{ *k }</kbd></dt><dd>{ v }</dd></> }) }
                        </dl>
                    </section>
                </div>
            </div>
        </div>
    }
}

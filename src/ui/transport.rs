//! Play, steps, speed and the whole run as a line.

use super::frame::{Ask, Look};
use super::glyphs::{self, sign};
use super::model::{FASTEST, SLOWEST, rate_text};
use super::words;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct TransportProps {
    pub look: Look,
    pub ask: Callback<Ask>,
    pub playing: bool,
    pub speed: i32,
}

#[component]
pub fn Transport(props: &TransportProps) -> Html {
    let clock = use_node_ref();
    {
        let (desk, clock) = (props.look.0.clone(), clock.clone());
        use_effect_with((), move |()| {
            if let Some(e) = clock.cast::<Element>() {
                desk.set_clock(e);
            }
        });
    }
    let model = props.look.0.model.borrow();
    let button = |id: &'static str, name: &'static str, path: &'static str, ask: Ask| {
        let to = props.ask.clone();
        let press = Callback::from(move |_: MouseEvent| to.emit(ask.clone()));
        html! {
            <button class="plain icon" {id} title={name} aria-label={name} onclick={press}>{ sign(path) }</button>
        }
    };
    let play = props.ask.reform(|_: MouseEvent| Ask::Toggle);
    let (end, now) = (model.end(), model.session.time());
    let scrub = props.ask.reform(|e: InputEvent| Ask::SeekTime(value(&e) as u64));
    let speed = props.ask.reform(|e: InputEvent| Ask::Speed(value(&e) as i32));
    html! {
        <section class="transport" aria-label="Transport">
            <div class="buttons">
                { button("to-start", "To the start", glyphs::START, Ask::Seek(0)) }
                { button("step-back", "Step back", glyphs::BACK, Ask::Step(-1)) }
                <button class="play" id="play" onclick={play}
                    aria-label={if props.playing { "Pause" } else { "Play" }}>
                    { sign(if props.playing { glyphs::PAUSE } else { glyphs::PLAY }) }
                </button>
                { button("step", "Step forward", glyphs::FORTH, Ask::Step(1)) }
                { button("next", "To the next event of interest", glyphs::NEXT, Ask::Interesting(true)) }
            </div>
            <label class="speed">
                <span class="mono">{ rate_text(props.speed) }</span>
                <input type="range" id="speed" min={SLOWEST.to_string()} max={FASTEST.to_string()} step="5"
                    value={props.speed.to_string()} oninput={speed} aria-label="Speed"
                    aria-valuetext={rate_text(props.speed)} />
            </label>
            <input class="scrub" id="scrub" type="range" min="0" max={end.max(1).to_string()} step="1000"
                value={now.to_string()} oninput={scrub} aria-label="Time"
                aria-valuetext={words::seconds(now)} />
            <span class="clock mono" id="clock" ref={clock}>{ "" }</span>
        </section>
    }
}

fn value(e: &InputEvent) -> f64 {
    let input = e.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
    input.map_or(0.0, |i| i.value_as_number())
}

//! Play, steps, speed and the whole run as a line.

use super::desk::Slot;
use super::frame::{Ask, Dialog, Look};
use super::glyphs::{self, sign};
use super::model::{FASTEST, SLOWEST, rate_text, share_text};
use super::stage::{Hold, capture, place, target, use_picture};
use super::words;
use happened_before::scene::Target;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, PointerEvent};
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
            <button class="quiet icon" {id} title={name} aria-label={name} onclick={press}>{ sign(path) }</button>
        }
    };
    let play = props.ask.reform(|_: MouseEvent| Ask::Toggle);
    let (end, now) = (model.horizon(), model.session.time());
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
                { button("until", "Go to a moment", glyphs::FIND, Ask::Dialog(Some(Dialog::Find))) }
            </div>
            <label class="speed">
                <span class="mono">{ rate_text(props.speed) }</span>
                if let Some(reached) = model.reached() {
                    <span class="mono behind" title="The run is too busy to keep up">{ format!("runs {}", share_text(reached)) }</span>
                }
                <input type="range" id="speed" min={SLOWEST.to_string()} max={FASTEST.to_string()} step="5"
                    value={props.speed.to_string()} oninput={speed} aria-label="Speed"
                    aria-valuetext={rate_text(props.speed)} />
            </label>
            <div class="scrub">
                <input class="unseen" id="scrub" type="range" min="0" max={end.to_string()} step="1000"
                    value={now.to_string()} oninput={scrub} aria-label="Time"
                    aria-valuetext={words::seconds(now)} />
                <Line desk={Hold(props.look.0.clone())} ask={props.ask.clone()} />
            </div>
            <span class="clock mono" id="clock" ref={clock}>{ "" }</span>
        </section>
    }
}

fn value(e: &InputEvent) -> f64 {
    let input = e.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
    input.map_or(0.0, |i| i.value_as_number())
}

#[derive(Properties, PartialEq)]
struct LineProps {
    desk: Hold,
    ask: Callback<Ask>,
}

/// The whole run as a line: drag to go through it, press a flag or a branch to go there.
#[component]
fn Line(props: &LineProps) -> Html {
    let svg = use_picture(&props.desk.0, Slot::Line);
    let held = use_mut_ref(|| false);
    let down = {
        let (desk, ask, held) = (props.desk.0.clone(), props.ask.clone(), held.clone());
        let svg = svg.clone();
        Callback::from(move |e: PointerEvent| {
            if e.button() != 0 {
                return;
            }
            match target(&e) {
                Some(Target::Violation(step)) => ask.emit(Ask::Visit(step)),
                Some(Target::Branch(b)) if b as usize != desk.model.borrow().session.current() => {
                    ask.emit(Ask::Branch(b as usize));
                }
                _ => {
                    *held.borrow_mut() = true;
                    capture(&e, &svg);
                    ask.emit(Ask::SeekTime(desk.time_at(Slot::Line, place(&e, &svg).x)));
                }
            }
        })
    };
    let drag = {
        let (desk, ask, held) = (props.desk.0.clone(), props.ask.clone(), held.clone());
        let svg = svg.clone();
        Callback::from(move |e: PointerEvent| {
            if *held.borrow() {
                ask.emit(Ask::SeekTime(desk.time_at(Slot::Line, place(&e, &svg).x)));
            }
        })
    };
    let up = Callback::from(move |_: PointerEvent| *held.borrow_mut() = false);
    html! {
        <div class="timeline" id="line" onpointerdown={down} onpointermove={drag} onpointerup={up.clone()} onpointercancel={up}>
            <svg class="scene" role="img" ref={svg}></svg>
        </div>
    }
}

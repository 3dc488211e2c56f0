//! The time until all servers agree, over many runs: measured a little at a time, drawn beside the
//! stage, told as a table.

use super::dom;
use super::frame::{Ask, Look};
use super::model::Model;
use gloo_timers::callback::Timeout;
use happened_before::check::converge::Convergence;
use happened_before::core::config::show_time;
use happened_before::core::view::Lens;
use happened_before::scene::{Drawing, Size, convergence};
use std::rc::Rc;
use yew::prelude::*;

const RUNS: u64 = 200;
/// Steps between two looks at the clock, and how long a slice may be, in milliseconds.
const STEPS: u64 = 50;
const SLICE: f64 = 8.0;

/// What was measured: the times, the shortest first, and how many runs there were.
pub type Times = (Vec<u64>, u64);

/// The picture beside the stage.
pub fn scene(model: &Model, size: Size) -> Drawing {
    convergence::scene(&model.times.0, model.times.1, size)
}

pub enum Msg {
    Begin,
    Stop,
    Go,
}

#[derive(Properties, PartialEq)]
pub struct ConvergePanelProps {
    pub look: Look,
    pub ask: Callback<Ask>,
}

/// The panel in the rail.
pub struct ConvergePanel {
    runs: Option<Convergence>,
    timer: Option<Timeout>,
    failed: Option<String>,
}

impl Component for ConvergePanel {
    type Message = Msg;
    type Properties = ConvergePanelProps;

    fn create(_: &Context<Self>) -> Self {
        ConvergePanel { runs: None, timer: None, failed: None }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Begin => {
                let setup = ctx.props().look.0.model.borrow().session.setup.clone();
                match Convergence::new(&setup, RUNS) {
                    Ok(runs) => (self.runs, self.failed) = (Some(runs), None),
                    Err(why) => self.failed = Some(why),
                }
                self.later(ctx);
            }
            Msg::Stop => self.runs = None,
            Msg::Go => self.go(ctx),
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let model = ctx.props().look.0.model.borrow();
        if !model.info.lenses.contains(&Lens::Convergence) {
            return html! {};
        }
        let press = |msg: fn() -> Msg| ctx.link().callback(move |_: MouseEvent| msg());
        html! {
            <details class="part" id="converge" open=true>
                <summary><h2>{ "When is eventually?" }</h2></summary>
                <p class="small">{ format!("One write, and then nobody asks for anything: {RUNS} runs with these settings, until all servers agree. What was measured is no promise.") }</p>
                <div class="verbs">
                    if let Some(runs) = &self.runs {
                        <progress aria-label="Measured" max={runs.total().to_string()} value={runs.done.to_string()}></progress>
                        <button class="verb" onclick={press(|| Msg::Stop)}>{ "Stop" }</button>
                    } else {
                        <button class="verb" id="converge-measure" onclick={press(|| Msg::Begin)}>{ "Measure" }</button>
                    }
                </div>
                if let Some(why) = &self.failed { <p class="notice" role="alert">{ super::model::sentence(why) }</p> }
                { table(&model.times) }
            </details>
        }
    }
}

impl ConvergePanel {
    fn later(&mut self, ctx: &Context<Self>) {
        let link = ctx.link().clone();
        self.timer = Some(Timeout::new(0, move || link.send_message(Msg::Go)));
    }

    fn go(&mut self, ctx: &Context<Self>) {
        let Some(runs) = &mut self.runs else { return };
        let now = || dom::window().performance().map_or(0.0, |p| p.now());
        let (begun, known) = (now(), runs.done);
        let mut over = Ok(false);
        while over == Ok(false) && now() - begun < SLICE {
            over = runs.slice(STEPS);
        }
        if runs.done > known {
            ctx.props().ask.emit(Ask::Times(Rc::new((runs.times.clone(), runs.done))));
        }
        match over {
            Ok(false) => self.later(ctx),
            Ok(true) => self.runs = None,
            Err(why) => (self.runs, self.failed) = (None, Some(why)),
        }
    }
}

/// The numbers behind the picture.
fn table((times, runs): &Times) -> Html {
    if *runs == 0 {
        return html! {};
    }
    let row = |percent: u64| {
        let needed = (runs * percent).div_ceil(100).max(1) as usize;
        let time = times
            .get(needed - 1)
            .map_or("more than a minute".into(), |us| show_time(*us as i64 / 1_000 * 1_000));
        html! { <tr><th scope="row">{ format!("{percent} %") }</th><td>{ time }</td></tr> }
    };
    html! {
        <table class="figures">
            <caption class="small">{ format!("In this share of {runs} runs all servers agreed within so long.") }</caption>
            <tbody>{ for [10, 50, 90, 99, 100].map(row) }</tbody>
        </table>
    }
}

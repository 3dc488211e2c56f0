//! Latency and staleness of all configurations: measured a little at a time, told as a table, drawn
//! as a plane beside the stage.

use super::dom;
use super::frame::{Ask, Look};
use super::model::Model;
use gloo_timers::callback::Timeout;
use happened_before::check::plane::{Figures, Survey, SurveyPoint, Terms, figures};
use happened_before::core::action::Action;
use happened_before::core::config::{Setup, show_time};
use happened_before::core::view::Lens;
use happened_before::scene::Bounded;
use happened_before::scene::plane::Plane;
use happened_before::scene::{Drawing, Size};
use happened_before::stories::hero::Main;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// How long each run is, in microseconds.
const UNTIL: u64 = 60_000_000;
/// Steps between two looks at the clock, and how long a slice may be, in milliseconds.
const STEPS: u64 = 200;
const SLICE: f64 = 8.0;
/// Operations of the run on the stage that count: the last ones.
const LATELY: usize = 500;
/// Most runs whose point stays where it was.
const TRAIL: usize = 8;
/// How long a write may have been confirmed, in microseconds.
const TIMES: [u64; 5] = [0, 10_000, 50_000, 100_000, 200_000];

/// What was measured, and where former runs stood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planes {
    pub t: u64,
    /// While nothing fails.
    pub whole: Vec<SurveyPoint>,
    /// With a region cut off.
    pub parted: Vec<SurveyPoint>,
    /// Of former runs, oldest first.
    pub trail: Vec<Figures>,
}

/// What the clients of the run on the stage have seen of late.
fn live(model: &Model) -> Figures {
    let (ops, step) = (&model.session.trace().ops, model.session.cursor());
    let ops = &ops[..ops.partition_point(|o| o.step <= step)];
    let lately = &ops[ops.len().saturating_sub(LATELY)..];
    figures(model.info.calls, lately, step, model.planes.t)
}

/// The planes of a run that takes this one's place.
pub fn left_behind(old: &Model) -> Rc<Planes> {
    let mut planes = (*old.planes).clone();
    let was = live(old);
    if old.info.lenses.contains(&Lens::Plane) && was.judged > 0 {
        planes.trail.push(was);
        let more = planes.trail.len().saturating_sub(TRAIL);
        planes.trail.drain(..more);
    }
    Rc::new(planes)
}

/// The picture beside the stage.
pub fn scene(model: &Model, size: Size) -> Drawing {
    let (live, planes) = (live(model), &model.planes);
    let value = |id| model.scene.value(&model.session.setup, id);
    let cuts = |a: &Action| matches!(a, Action::Partition(_) | Action::Cut { .. });
    let plane = Plane {
        live: &live,
        mine: value("quorum.r").zip(value("quorum.w")).filter(|_| value("quorum.count") == Some(0)),
        cut: model.session.branch().journal.iter().any(|e| cuts(&e.action)),
        whole: &planes.whole,
        parted: &planes.parted,
        trail: &planes.trail,
        t: planes.t,
        size,
    };
    plane.scene()
}

pub enum Msg {
    Begin,
    Stop,
    Go,
    Time(u64),
}

#[derive(Properties, PartialEq)]
pub struct PlanePanelProps {
    pub look: Look,
    pub ask: Callback<Ask>,
}

/// The panel in the rail.
pub struct PlanePanel {
    survey: Option<Survey>,
    setup: Setup,
    planes: Planes,
    /// The second half: with a region cut off.
    second: bool,
    timer: Option<Timeout>,
    failed: Option<String>,
}

impl Component for PlanePanel {
    type Message = Msg;
    type Properties = PlanePanelProps;

    fn create(ctx: &Context<Self>) -> Self {
        // An opening has the whole plane.
        let model = ctx.props().look.0.model.borrow();
        if model.main == Main::Chart && model.is_opening() {
            ctx.link().send_message(Msg::Begin);
        }
        PlanePanel {
            survey: None,
            setup: Setup::default(),
            planes: Planes::default(),
            second: false,
            timer: None,
            failed: None,
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Begin => {
                let model = ctx.props().look.0.model.borrow();
                self.setup = model.session.setup.clone();
                self.setup.mutants.clear();
                let Planes { t, trail, .. } = (*model.planes).clone();
                self.planes = Planes { t, trail, ..Planes::default() };
                self.second = false;
                drop(model);
                self.open();
                self.later(ctx);
            }
            Msg::Stop => self.survey = None,
            Msg::Go => self.go(ctx),
            Msg::Time(t) => {
                let trail = Vec::new();
                let planes = Planes { t, trail, ..Planes::default() };
                ctx.props().ask.emit(Ask::Planes(Rc::new(planes)));
                if self.survey.is_some() || !self.planes.whole.is_empty() {
                    self.planes.t = t;
                    ctx.link().send_message(Msg::Begin);
                }
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let model = ctx.props().look.0.model.borrow();
        if !model.info.lenses.contains(&Lens::Plane) {
            return html! {};
        }
        let link = ctx.link();
        let time = link.callback(|e: Event| {
            let list = e.target().and_then(|t| t.dyn_into::<HtmlSelectElement>().ok());
            Msg::Time(TIMES[list.map_or(0, |l| l.selected_index().bounded(0, 4)) as usize])
        });
        let now = model.planes.t;
        let option = |t: &u64| {
            let words = if *t == 0 { "at once".into() } else { show_time(*t as i64) };
            html! { <option selected={*t == now}>{ words }</option> }
        };
        html! {
            <details class="part" id="plane" open=true>
                <summary><h2>{ "Latency and staleness" }</h2></summary>
                <p class="small">{ "Every R and W on this map, with these clients, for a minute each: once while nothing fails, once with a region cut off." }</p>
                <label class="small inline">{ "A read counts as stale if a write was confirmed before it, earlier by " }
                    <select id="plane-time" onchange={time}>{ for TIMES.iter().map(option) }</select></label>
                { self.button(ctx) }
                if let Some(why) = &self.failed { <p class="notice" role="alert">{ super::model::sentence(why) }</p> }
                { table(&model, &ctx.props().ask) }
            </details>
        }
    }
}

impl PlanePanel {
    fn open(&mut self) {
        let terms = Terms { t: self.planes.t, until: UNTIL, cut: self.second };
        match Survey::new(&self.setup, terms) {
            Ok(survey) => (self.survey, self.failed) = (Some(survey), None),
            Err(why) => (self.survey, self.failed) = (None, Some(why)),
        }
    }

    fn later(&mut self, ctx: &Context<Self>) {
        let link = ctx.link().clone();
        self.timer = Some(Timeout::new(0, move || link.send_message(Msg::Go)));
    }

    fn go(&mut self, ctx: &Context<Self>) {
        let Some(survey) = &mut self.survey else { return };
        let now = || dom::window().performance().map_or(0.0, |p| p.now());
        let (begun, known) = (now(), survey.points.len());
        let mut over = Ok(false);
        while over == Ok(false) && now() - begun < SLICE {
            over = survey.slice(STEPS);
        }
        if let Err(why) = over {
            (self.survey, self.failed) = (None, Some(why));
            return;
        }
        if survey.points.len() > known {
            let half = if self.second { &mut self.planes.parted } else { &mut self.planes.whole };
            half.clone_from(&survey.points);
            ctx.props().ask.emit(Ask::Planes(Rc::new(self.planes.clone())));
        }
        match (over, self.second) {
            (Ok(true), true) => self.survey = None,
            (Ok(true), false) => {
                self.second = true;
                self.open();
                self.later(ctx);
            }
            _ => self.later(ctx),
        }
    }

    fn button(&self, ctx: &Context<Self>) -> Html {
        let press = |msg: fn() -> Msg| ctx.link().callback(move |_: MouseEvent| msg());
        let Some(survey) = &self.survey else {
            return html! {
                <div class="verbs"><button class="verb" id="plane-measure" onclick={press(|| Msg::Begin)}>{ "Measure all" }</button></div>
            };
        };
        let done = survey.points.len() + if self.second { survey.total() } else { 0 };
        html! {
            <div class="verbs">
                <progress aria-label="Measured" max={(2 * survey.total()).to_string()} value={done.to_string()}></progress>
                <button class="verb" onclick={press(|| Msg::Stop)}>{ "Stop" }</button>
            </div>
        }
    }
}

/// The numbers behind the picture; a press on a name plays that configuration.
fn table(model: &Model, ask: &Callback<Ask>) -> Html {
    let planes = &model.planes;
    if planes.whole.is_empty() {
        return html! {};
    }
    let ms = |us: u64| match us {
        0 => "\u{2013}".to_string(),
        us => us.div_ceil(1_000).to_string(),
    };
    let share = |ppm: u32| format!("{}.{}", ppm / 10_000, ppm / 1_000 % 10);
    let row = |(i, p): (usize, &SurveyPoint)| {
        let (f, setup) = (&p.figures, p.setup.clone());
        let play = ask.reform(move |_: MouseEvent| Ask::Restart(setup.clone()));
        let parted = planes.parted.get(i).map(|p| share(p.figures.answered_share()));
        html! {
            <tr class={p.best.then_some("best")}>
                <th scope="row"><button class="quiet" title={format!("Play {}", p.name)} onclick={play}>{ &p.name }</button></th>
                <td>{ ms(f.reads.p50) }</td><td>{ ms(f.reads.p99) }</td>
                <td>{ ms(f.writes.p50) }</td><td>{ ms(f.writes.p99) }</td>
                <td>{ share(f.stale_share()) }</td><td>{ parted.unwrap_or_default() }</td>
            </tr>
        }
    };
    html! {
        <table class="figures">
            <caption class="small">{ "Milliseconds, half and 99 of 100; per cent of reads that were stale, and of requests answered in the cut. Bold: nothing is both faster and fresher." }</caption>
            <thead><tr><td></td><th scope="colgroup" colspan="2">{ "Reads" }</th><th scope="colgroup" colspan="2">{ "Writes" }</th><th scope="col">{ "Stale" }</th><th scope="col">{ "Cut" }</th></tr></thead>
            <tbody>{ for planes.whole.iter().enumerate().map(row) }</tbody>
        </table>
    }
}

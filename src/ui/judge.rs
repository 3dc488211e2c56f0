//! What the clients' operations were consistent with, so far: the lattice of models, lit while the
//! run goes on, and an order of the operations that the judge or the reader places.

use super::frame::{Ask, Look};
use super::model::{Marks, Model, Pick};
use super::work::{Clerk, Done};
use happened_before::check::history::lattice::SINGLE;
use happened_before::check::history::placed::{
    are_registers, check, end_at, events, middles, sorted, spread,
};
use happened_before::core::ids::OpId;
use happened_before::core::trace::{OpEnd, OpLife};
use happened_before::scene::Bounded;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::prelude::*;

/// The judge may say nothing for so long, in milliseconds; the first time it has to be fetched.
const LIMIT: u32 = 60_000;

/// A level: its name in `hb history`, for people, what it says, and where it stands.
pub type LevelRow = (&'static str, &'static str, &'static str, (i32, i32));

/// Strongest first; Viotti and Vukolić, Consistency in Non-Transactional Distributed Storage
/// Systems, 2016.
pub const LEVELS: [LevelRow; 9] = [
    (
        "linearizable",
        "Linearizable",
        "Each operation takes effect at one instant between its call and its answer.",
        (130, 14),
    ),
    (
        "sequential",
        "Sequential",
        "One order explains all, and keeps the order of each client.",
        (130, 46),
    ),
    (
        "causal+",
        "Causal+",
        "Causal, and all agree on which of two concurrent writes is the later.",
        (130, 78),
    ),
    (
        "causal",
        "Causal",
        "Each client sees effects after their causes, in an order of its own.",
        (130, 110),
    ),
    (
        "pram",
        "PRAM",
        "Each client sees the writes of each other in the order of their making.",
        (82, 142),
    ),
    (
        "wfr",
        "Writes follow reads",
        "A write is seen after what its client had read before it.",
        (206, 142),
    ),
    ("ryw", "Own writes", "A client reads its own writes.", (44, 174)),
    ("mr", "Monotonic reads", "A client never reads older than it has read.", (130, 174)),
    ("mw", "Monotonic writes", "A client's writes are seen in their order.", (216, 174)),
];
/// How long a judge may think, in milliseconds.
const BUDGET_MS: &str = "3000";
/// More operations than these are not judged while the run goes on.
const MOST: usize = 2_000;

/// What the judge was asked about: branch, operations begun and ended.
type JudgedAt = (usize, usize, usize);

/// What it said of a level.
#[derive(Clone, Default, PartialEq)]
struct JudgeVerdict {
    name: String,
    because: String,
    core: Vec<OpId>,
}

/// What it said.
#[derive(Clone, Default, PartialEq)]
struct JudgedSession {
    levels: Vec<JudgeVerdict>,
    /// If the history is linearizable.
    order: Option<Vec<OpId>>,
}

pub enum Msg {
    Open(bool),
    Told(Done),
    Level(usize),
    Place,
    Clear,
    Nudge(OpId, bool),
    First,
}

#[derive(Properties, PartialEq)]
pub struct JudgeProps {
    pub look: Look,
    pub ask: Callback<Ask>,
}

/// The panel.
#[derive(Default)]
pub struct Judge {
    open: bool,
    clerk: Option<Clerk>,
    /// Under way.
    asked: Option<(JudgedAt, Vec<OpId>)>,
    told: Option<(JudgedAt, JudgedSession)>,
    level: usize,
    failed: Option<String>,
}

impl Component for Judge {
    type Message = Msg;
    type Properties = JudgeProps;

    fn create(_: &Context<Self>) -> Self {
        Judge::default()
    }

    fn changed(&mut self, ctx: &Context<Self>, _: &JudgeProps) -> bool {
        self.ask(ctx);
        true
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Open(open) => {
                self.open = open;
                if !open {
                    (self.clerk, self.asked, self.failed) = (None, None, None);
                }
                self.ask(ctx);
            }
            Msg::Told(done) => {
                self.hear(done);
                self.ask(ctx);
            }
            Msg::Level(level) => {
                self.level = level;
                let core = self.verdict(level).map_or(Vec::new(), |v| v.core.clone());
                let points = model(ctx, |m| m.marks.points.clone());
                ctx.props().ask.emit(Ask::Mark(Marks { points, core }));
            }
            Msg::Place => self.place(ctx),
            Msg::Clear => ctx.props().ask.emit(Ask::Mark(Marks::default())),
            Msg::Nudge(op, later) => {
                let marks = model(ctx, |m| nudged(m, op, later));
                ctx.props().ask.emit(Ask::Mark(marks));
            }
            Msg::First => {
                let core = self.verdict(self.level).map_or(Vec::new(), |v| v.core.clone());
                let last = model(ctx, |m| {
                    let ops = m.session.trace().ops.iter().filter(|o| core.contains(&o.id));
                    ops.filter_map(|o| o.ended.map(|(step, _)| step)).max()
                });
                last.into_iter().for_each(|step| ctx.props().ask.emit(Ask::Visit(step)));
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let model = ctx.props().look.0.model.borrow();
        if !are_registers(model.info.calls) {
            return html! {};
        }
        let toggle = ctx.link().callback(|e: Event| {
            let el = e.target().and_then(|t| t.dyn_into::<Element>().ok());
            Msg::Open(el.is_some_and(|el| el.has_attribute("open")))
        });
        html! {
            <details class="part judge" id="judge" ontoggle={toggle}>
                <summary><h2>{ "Models satisfied" }</h2></summary>
                if self.open { { self.body(ctx, &model) } }
            </details>
        }
    }
}

fn model<T>(ctx: &Context<Judge>, f: impl FnOnce(&Model) -> T) -> T {
    f(&ctx.props().look.0.model.borrow())
}

/// The operations begun up to the cursor.
fn begun(model: &Model) -> &[OpLife] {
    let (ops, step) = (&model.session.trace().ops, model.session.cursor());
    &ops[..ops.partition_point(|o| o.step <= step)]
}

fn key(model: &Model) -> JudgedAt {
    let step = model.session.cursor();
    let ops = begun(model);
    let ended = ops.iter().filter(|o| *end_at(o, step) != OpEnd::Open).count();
    (model.session.current(), ops.len(), ended)
}

impl Judge {
    fn verdict(&self, level: usize) -> Option<&JudgeVerdict> {
        self.told.as_ref()?.1.levels.get(level).filter(|v| !v.name.is_empty())
    }

    /// Asks again if there is news, and nothing is under way.
    fn ask(&mut self, ctx: &Context<Self>) {
        let (key, text, ids) = {
            let model = ctx.props().look.0.model.borrow();
            let key = key(&model);
            let known = self.told.as_ref().is_some_and(|(k, _)| *k == key);
            let idle = !self.open || self.asked.is_some() || known || key.1 == 0 || key.1 > MOST;
            // What came before some operations says what they may answer.
            let idle = idle || model.session.trace().ops_since() > 0;
            if idle || self.failed.is_some() || !are_registers(model.info.calls) {
                return;
            }
            let ops = begun(&model);
            let text = events(model.info.calls, ops, model.session.cursor());
            (key, text, ops.iter().map(|o| o.id).collect())
        };
        if self.clerk.is_none() {
            self.clerk = Clerk::start(LIMIT, ctx.link().callback(Msg::Told)).ok();
        }
        let args = [
            "history",
            "run.json",
            "--model",
            "cas-register",
            "--format",
            "json",
            "--level",
            "lattice",
            "--budget-ms",
            BUDGET_MS,
        ];
        let sent =
            self.clerk.as_ref().is_some_and(|c| c.ask(&args, &[("run.json", &text)]).is_ok());
        match sent {
            true => self.asked = Some((key, ids)),
            false => self.failed = Some("this browser refuses the worker that judges".into()),
        }
    }

    fn hear(&mut self, done: Done) {
        let Some((key, ids)) = self.asked.take() else { return };
        match done {
            Ok((0 | 2, out, _)) => self.told = read(&out, &ids).map(|told| (key, told)),
            Ok((_, _, why)) => self.failed = Some(why),
            Err(why) => (self.failed, self.clerk) = (Some(why), None),
        }
    }

    fn place(&self, ctx: &Context<Self>) {
        let order = self.told.as_ref().and_then(|t| t.1.order.as_ref());
        let marks = model(ctx, |m| {
            let points = match order {
                Some(order) => spread(order, begun(m)),
                None => middles(begun(m), m.session.cursor()),
            };
            judged(m, points)
        });
        ctx.props().ask.emit(Ask::Mark(marks));
    }

    fn body(&self, ctx: &Context<Self>, model: &Model) -> Html {
        if let Some(why) = &self.failed {
            return html! { <p class="notice">{ super::model::sentence(why) }</p> };
        }
        let fresh = self.told.as_ref().is_some_and(|(k, _)| *k == key(model));
        let (ops, step) = (begun(model), model.session.cursor());
        let ended = ops.iter().filter(|o| *end_at(o, step) != OpEnd::Open).count();
        let about = match ops.len() {
            0 => "No client has asked anything yet.".to_string(),
            _ if model.session.trace().ops_since() > 0 => {
                "The first operations are not on record any more, so the rest is not judged.".into()
            }
            n if n > MOST => {
                format!("More than {MOST} operations are too many to judge as they come.")
            }
            n => format!("{n} operations up to here, {ended} of them ended."),
        };
        let (id, title, claim, _) = LEVELS[self.level];
        let verdict = self.verdict(self.level);
        let illegal = verdict.is_some_and(|v| v.name == "illegal");
        let because = verdict.filter(|v| !v.because.is_empty()).map(|v| v.because.clone());
        let press = |msg: fn() -> Msg| ctx.link().callback(move |_: MouseEvent| msg());
        html! {
            <>
                <p class="small">{ about }</p>
                { self.lattice(ctx, fresh) }
                <p class="small" data-level={id}><b>{ title }</b>{ ": " }{ claim }</p>
                if let Some(because) = because { <p class="small" role="status">{ because }</p> }
                <div class="verbs">
                    if illegal { <button class="verb" id="judge-first" onclick={press(|| Msg::First)}>{ "To the first error" }</button> }
                    <button class="verb" id="judge-place" disabled={!fresh} onclick={press(|| Msg::Place)}>{ "Place the points" }</button>
                    if model.marks != Marks::default() {
                        <button class="verb" onclick={press(|| Msg::Clear)}>{ "Clear" }</button>
                    }
                </div>
                { order(ctx, model) }
            </>
        }
    }

    fn lattice(&self, ctx: &Context<Self>, fresh: bool) -> Html {
        let place = |id: &str| LEVELS.iter().find(|l| l.0 == id).map_or((0, 0), |l| l.3);
        let edge = |(strong, weak): &(&str, &str)| {
            let ((x1, y1), (x2, y2)) = (place(strong), place(weak));
            html! { <path class="edge" d={format!("M{x1} {}L{x2} {}", y1 + 11, y2 - 11)} /> }
        };
        let node = |(i, (id, title, _, (x, y))): (usize, &LevelRow)| {
            let name = self.verdict(i).map_or("", |v| v.name.as_str());
            let (class, sign, word) = match name {
                "ok" => ("level good", "✓", "satisfied so far"),
                "illegal" => ("level bad", "✗", "violated"),
                "unknown" => ("level undecided", "?", "not decided in time"),
                _ => ("level", "·", "not judged yet"),
            };
            let press = ctx.link().callback(move |_: MouseEvent| Msg::Level(i));
            let keyed = ctx.link().batch_callback(move |e: KeyboardEvent| {
                let go = e.key() == "Enter" || e.key() == " ";
                go.then(|| {
                    e.prevent_default();
                    Msg::Level(i)
                })
            });
            html! {
                <g class={class} tabindex="0" role="button" data-level={*id} data-verdict={name.to_string()}
                    aria-pressed={(i == self.level).to_string()} aria-label={format!("{title}: {word}")}
                    onclick={press} onkeydown={keyed}>
                    <rect x={(x - 41).to_string()} y={(y - 11).to_string()} width="82" height="22" rx="4" />
                    <text x={x.to_string()} y={(y + 4).to_string()} text-anchor="middle">{ format!("{sign} {title}") }</text>
                </g>
            }
        };
        html! {
            <svg class={classes!("lattice", (!fresh).then_some("stale"))} viewBox="0 0 260 188" role="group"
                aria-label="Consistency models, stronger above weaker">
                { for SINGLE.iter().map(edge) }
                { for LEVELS.iter().enumerate().map(node) }
            </svg>
        }
    }
}

/// Is the order on the screen legal? And the arrows that move the selected operation's point.
fn order(ctx: &Context<Judge>, model: &Model) -> Html {
    if model.marks.points.is_empty() {
        return html! {};
    }
    let judged = check(model.info.calls, begun(model), model.session.cursor(), &model.marks.points);
    let selected = match model.pick {
        Some(Pick::Op(op)) => model.marks.points.iter().any(|p| p.0 == op).then_some(op),
        _ => None,
    };
    let button = |op: OpId, later: bool| {
        let press = ctx.link().callback(move |_: MouseEvent| Msg::Nudge(op, later));
        let name = if later { "Takes effect later" } else { "Takes effect earlier" };
        html! { <button class="verb" onclick={press}>{ name }</button> }
    };
    html! {
        <div id="judge-order" data-legal={judged.is_ok().to_string()}>
            { match judged {
                Ok(()) => html! { <p class="verdict good" role="status"><b>{ "✓ " }</b>{ "This order is legal." }</p> },
                Err(misfit) => html! { <p class="verdict bad" role="status"><b>{ "✗ " }</b>{ misfit.why }</p> },
            } }
            <p class="small">{ "Drag a point along its bar, or select an operation and move it from here." }</p>
            if let Some(op) = selected { <div class="verbs">{ button(op, false) }{ button(op, true) }</div> }
        </div>
    }
}

/// Marks for points, with what does not fit.
fn judged(model: &Model, points: Vec<(OpId, u64)>) -> Marks {
    let verdict = check(model.info.calls, begun(model), model.session.cursor(), &points);
    Marks { points, core: verdict.err().map(|m| m.op).into_iter().collect() }
}

/// The marks with an operation's point at another moment, within its bar.
pub fn moved(model: &Model, op: OpId, at: u64) -> Marks {
    let mut points = model.marks.points.clone();
    let life = begun(model).iter().find(|o| o.id == op);
    if let (Some(life), Some(point)) = (life, points.iter_mut().find(|p| p.0 == op)) {
        let last = match end_at(life, model.session.cursor()) {
            OpEnd::Ok(_) => life.ended.map_or(u64::MAX, |e| e.1),
            _ => u64::MAX,
        };
        point.1 = at.bounded(life.invoked, last.max(life.invoked));
    }
    judged(model, sorted(points))
}

/// The same with the point just past its neighbour in the order.
fn nudged(model: &Model, op: OpId, later: bool) -> Marks {
    let points = &model.marks.points;
    let Some(i) = points.iter().position(|p| p.0 == op) else { return model.marks.clone() };
    let other =
        if later { points.get(i + 1) } else { i.checked_sub(1).and_then(|i| points.get(i)) };
    match other.copied() {
        Some((_, at)) if later => moved(model, op, at + 1),
        Some((_, at)) => moved(model, op, at.saturating_sub(1)),
        None => model.marks.clone(),
    }
}

/// Reads the judge's answer; operations are named by their places.
fn read(text: &str, ids: &[OpId]) -> Option<JudgedSession> {
    let doc = js_sys::JSON::parse(text).ok()?;
    let get = |from: &JsValue, name: &str| js_sys::Reflect::get(from, &name.into()).ok();
    let list = |v: JsValue| -> Vec<OpId> {
        let all = js_sys::Array::from(&v);
        let places = all.iter().filter_map(|n| n.as_f64());
        places.filter_map(|n| ids.get(n as usize).copied()).collect()
    };
    let (levels, because, core) = (get(&doc, "levels")?, get(&doc, "because")?, get(&doc, "core")?);
    let verdict = |(id, ..): &LevelRow| JudgeVerdict {
        name: get(&levels, id).and_then(|v| v.as_string()).unwrap_or_default(),
        because: get(&because, id).and_then(|v| v.as_string()).unwrap_or_default(),
        core: get(&core, id).filter(|c| c.is_object()).map_or(Vec::new(), list),
    };
    let order = get(&doc, "order").filter(|o| o.is_object()).map(list);
    Some(JudgedSession { levels: LEVELS.iter().map(verdict).collect(), order })
}

//! The centre: the cluster above the space-time diagram, and what a pointer does to them.

use super::desk::{Desk, Slot};
use super::frame::{Ask, Look, Tab};
use super::gesture::{self, Stroke};
use super::model::{Model, Pick};
use super::words;
use happened_before::scene::{Point, Target};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, PointerEvent};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct StageProps {
    pub look: Look,
    pub ask: Callback<Ask>,
    pub tab: Tab,
    pub notice: Option<String>,
}

/// Stage, caption, lenses and diagram.
#[component]
pub fn StagePane(props: &StageProps) -> Html {
    let desk = props.look.0.clone();
    let stage = use_node_ref();
    let time = use_node_ref();
    {
        let (desk, stage, time) = (desk.clone(), stage.clone(), time.clone());
        use_effect_with((), move |()| {
            for (slot, svg) in [(Slot::Stage, &stage), (Slot::Time, &time)] {
                if let Some(svg) = svg.cast::<Element>()
                    && let Some(frame) = svg.parent_element()
                {
                    desk.hang(slot, frame, svg);
                }
            }
            desk.measure();
        });
    }
    let model = desk.model.borrow();
    html! {
        <main class="centre">
            { caption(&model, props.notice.as_deref()) }
            <StagePicture desk={Hold(desk.clone())} ask={props.ask.clone()} svg={stage} />
            { tabs(props.tab, &props.ask) }
            <TimePicture desk={Hold(desk.clone())} ask={props.ask.clone()} svg={time} causal={model.causal} />
        </main>
    }
}

/// One desk, always equal to itself.
#[derive(Clone)]
struct Hold(Rc<Desk>);

impl PartialEq for Hold {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// What has just happened, in one sentence, and what to do next.
fn caption(model: &Model, notice: Option<&str>) -> Html {
    let here = model.session.cursor() as usize;
    let seen = &model.session.trace().events[..here];
    let last = seen.iter().rev().take(2_000).find(|e| model.is_interesting(e));
    let said = last.map(|e| {
        let who = e.node.map_or(String::new(), |n| model.name(n));
        (words::title(model, e), who, words::seconds(e.at), e.step)
    });
    let hint = if model.session.branch().journal.is_empty() {
        "Drag across the links to cut them."
    } else {
        "Select an event to light what happened before it."
    };
    html! {
        <div class="caption">
            if let Some(notice) = notice {
                <p class="notice" role="alert">{ notice }</p>
            } else {
                <p class="said">
                    if let Some((title, who, at, _)) = said {
                        <strong>{ title }</strong>
                        <span class="soft">{ format!("{who}{}{at}", if who.is_empty() { "" } else { ", " }) }</span>
                    }
                </p>
                <p class="hint">{ hint }</p>
            }
        </div>
    }
}

fn tabs(open: Tab, ask: &Callback<Ask>) -> Html {
    let tab = |(tab, id, name): &(Tab, &'static str, &'static str)| {
        let (tab, ask) = (*tab, ask.clone());
        html! {
            <button role="tab" id={format!("tab-{id}")} aria-selected={(tab == open).to_string()}
                onclick={move |_| ask.emit(Ask::Tab(tab))}>{ *name }</button>
        }
    };
    html! { <div class="tabs" role="tablist" aria-label="Under the stage">{ for Tab::ALL.iter().map(tab) }</div> }
}

#[derive(Properties, PartialEq)]
struct PictureProps {
    desk: Hold,
    ask: Callback<Ask>,
    svg: NodeRef,
    #[prop_or_default]
    causal: bool,
}

/// The cluster.
#[component]
fn StagePicture(props: &PictureProps) -> Html {
    let stroke = use_mut_ref(|| None::<Stroke>);
    let line = use_node_ref();
    let down = {
        let (desk, stroke) = (props.desk.0.clone(), stroke.clone());
        Callback::from(move |e: PointerEvent| {
            if e.button() != 0 {
                return;
            }
            let at = place(&e);
            *stroke.borrow_mut() = Some(Stroke::begin(at, target(&e), &desk));
            if let Some(el) = e.current_target().and_then(|t| t.dyn_into::<Element>().ok()) {
                let _ = el.set_pointer_capture(e.pointer_id());
            }
        })
    };
    let drag = {
        let (stroke, line) = (stroke.clone(), line.clone());
        Callback::from(move |e: PointerEvent| {
            if let Some(s) = stroke.borrow_mut().as_mut() {
                s.to(place(&e));
                if let Some(line) = line.cast::<Element>() {
                    let _ = line.set_attribute("d", &s.path());
                }
            }
        })
    };
    let up = {
        let (desk, ask, line) = (props.desk.0.clone(), props.ask.clone(), line.clone());
        let stroke = stroke.clone();
        Callback::from(move |e: PointerEvent| {
            if let Some(line) = line.cast::<Element>() {
                let _ = line.set_attribute("d", "");
            }
            let Some(mut s) = stroke.borrow_mut().take() else { return };
            s.to(place(&e));
            let one_way = e.shift_key() || e.alt_key();
            if let Some(wish) = gesture::end(&s, &desk, one_way) {
                ask.emit(wish);
            }
        })
    };
    let gone = {
        let line = line.clone();
        Callback::from(move |_: PointerEvent| {
            *stroke.borrow_mut() = None;
            if let Some(line) = line.cast::<Element>() {
                let _ = line.set_attribute("d", "");
            }
        })
    };
    let focus = {
        let desk = props.desk.0.clone();
        Callback::from(move |e: FocusEvent| {
            let _ = &desk;
            rove(&e);
        })
    };
    html! {
        <section class="stage" id="stage" data-slot="stage" aria-label="Stage"
            onpointerdown={down} onpointermove={drag} onpointerup={up} onpointercancel={gone} onfocusin={focus}>
            <svg class="scene" role="group" ref={props.svg.clone()}></svg>
            <svg class="overlay" aria-hidden="true"><path ref={line} d="" /></svg>
        </section>
    }
}

/// Only the node that had the focus last is in the tab order.
fn rove(e: &FocusEvent) {
    let Some(el) = e.target().and_then(|t| t.dyn_into::<Element>().ok()) else { return };
    if super::keys::focused_node(&el).is_none() {
        return;
    }
    if let Ok(Some(svg)) = el.closest("svg")
        && let Ok(Some(old)) = svg.query_selector("[data-node][tabindex=\"0\"]")
    {
        let _ = old.set_attribute("tabindex", "-1");
    }
    let _ = el.set_attribute("tabindex", "0");
}

/// Where a pointer is in its picture, in tenths of a pixel.
fn place(e: &PointerEvent) -> Point {
    let Some(el) = e.current_target().and_then(|t| t.dyn_into::<Element>().ok()) else {
        return Point::default();
    };
    let r = el.get_bounding_client_rect();
    let tenths = |v: f64| (v * 10.0).round() as i32;
    Point::new(tenths(f64::from(e.client_x()) - r.left()), tenths(f64::from(e.client_y()) - r.top()))
}

/// What a pointer points at.
fn target(e: &PointerEvent) -> Option<Target> {
    let el = e.target()?.dyn_into::<Element>().ok()?;
    let marked = el.closest("[data-target]").ok().flatten()?;
    Target::parse(&marked.get_attribute("data-target")?)
}

/// The space-time diagram: click an event to select it, the open to go there; drag to pan.
#[component]
fn TimePicture(props: &PictureProps) -> Html {
    let from = use_mut_ref(|| None::<(Point, (u64, u64), Option<Target>)>);
    let down = {
        let (desk, from) = (props.desk.0.clone(), from.clone());
        Callback::from(move |e: PointerEvent| {
            if e.button() == 0 {
                *from.borrow_mut() = Some((place(&e), desk.model.borrow().window, target(&e)));
                if let Some(el) = e.current_target().and_then(|t| t.dyn_into::<Element>().ok()) {
                    let _ = el.set_pointer_capture(e.pointer_id());
                }
            }
        })
    };
    let drag = {
        let (desk, ask, from) = (props.desk.0.clone(), props.ask.clone(), from.clone());
        Callback::from(move |e: PointerEvent| {
            let Some((start, window, _)) = *from.borrow() else { return };
            let by = place(&e).x - start.x;
            if by.abs() > 40 {
                ask.emit(pan(&desk, window, by));
            }
        })
    };
    let up = {
        let (desk, ask) = (props.desk.0.clone(), props.ask.clone());
        Callback::from(move |e: PointerEvent| {
            let Some((start, _, target)) = from.borrow_mut().take() else { return };
            let at = place(&e);
            if (at.x - start.x).abs() > 40 {
                return;
            }
            let slop = if e.pointer_type() == "mouse" { 60 } else { 140 };
            let target = match target {
                Some(t @ Target::Event(_)) => Some(t),
                other => desk.scene(Slot::Time).hit(at, slop).copied().or(other),
            };
            ask.emit(match target {
                Some(Target::Event(step) | Target::Violation(step)) => Ask::Pick(Some(Pick::Event(step))),
                Some(Target::Node(node)) => Ask::Pick(Some(Pick::Node(node))),
                Some(Target::Message(id)) => Ask::Pick(Some(Pick::Message(id))),
                _ => Ask::SeekTime(desk.time_at(at.x)),
            });
        })
    };
    let wheel = {
        let (desk, ask) = (props.desk.0.clone(), props.ask.clone());
        Callback::from(move |e: WheelEvent| {
            if e.ctrl_key() || e.shift_key() {
                e.prevent_default();
                ask.emit(zoom(&desk, e.delta_y() > 0.0));
            }
        })
    };
    let zoomed = |out: bool| {
        let (desk, ask) = (props.desk.0.clone(), props.ask.clone());
        Callback::from(move |_: MouseEvent| ask.emit(zoom(&desk, out)))
    };
    let causal = {
        let (ask, on) = (props.ask.clone(), !props.causal);
        Callback::from(move |_: MouseEvent| ask.emit(Ask::Causal(on)))
    };
    html! {
        <section class="time" id="time" data-slot="time" aria-label="Space-time diagram"
            onpointerdown={down} onpointermove={drag} onpointerup={up} onwheel={wheel}>
            <svg class="scene" role="img" ref={props.svg.clone()}></svg>
            <div class="time-tools" onpointerdown={|e: PointerEvent| e.stop_propagation()}
                onpointerup={|e: PointerEvent| e.stop_propagation()}>
                <button class="plain" aria-pressed={props.causal.to_string()} onclick={causal}>{ "Even spacing" }</button>
                <button class="plain icon" aria-label="Show more time" title="Show more time" onclick={zoomed(true)}>{ "−" }</button>
                <button class="plain icon" aria-label="Show less time" title="Show less time" onclick={zoomed(false)}>{ "+" }</button>
            </div>
        </section>
    }
}

fn pan(desk: &Desk, window: (u64, u64), by: i32) -> Ask {
    let width = window.1 - window.0;
    let room = i64::from(desk.size(Slot::Time).w.max(1));
    let shift = i64::from(by) * width as i64 / room;
    let from = (window.0 as i64 - shift).max(0) as u64;
    Ask::Window(from, from + width)
}

/// Around the playhead.
fn zoom(desk: &Desk, out: bool) -> Ask {
    let model = desk.model.borrow();
    let (from, to) = model.window;
    let (width, now) = (to - from, model.session.time().clamp(from, to));
    let wider = if out { width * 3 / 2 } else { (width * 2 / 3).max(5_000) };
    let left = (now - from) as u128 * u128::from(wider) / u128::from(width.max(1));
    let start = now.saturating_sub(left as u64);
    Ask::Window(start, start + wider)
}

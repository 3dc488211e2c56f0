//! The centre: the cluster above the space-time diagram, and what a pointer does to them.

use super::desk::{Desk, Slot};
use super::frame::{Ask, Look, Tab};
use super::gesture;
use super::model::{Model, Pick};
use super::words;
use happened_before::algo::clocks::overlay::ClockKind;
use happened_before::core::ids::OpId;
use happened_before::core::view::{Lens, NodeShape};
use happened_before::scene::history::HistoryPicture;
use happened_before::scene::stroke::Stroke;
use happened_before::scene::{
    PX, Point, Target, convergence, key_ruler, log_strip, plane, ring, ruler, trays, window,
};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, PointerEvent, ResizeObserver};
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
    let model = desk.model.borrow();
    let hold = Hold(desk.clone());
    let log = model.info.lenses.contains(&Lens::Log);
    let clients = model.view.nodes.iter().any(|n| n.shape == NodeShape::Client);
    let history = clients && model.info.lenses.contains(&Lens::History);
    let keys = model.info.lenses.iter().any(|l| matches!(l, Lens::Ring | Lens::Keys));
    let plane = model.info.lenses.iter().any(|l| matches!(l, Lens::Plane | Lens::Convergence));
    let cut = model.view.links.iter().any(|l| l.cut);
    let (queues, clocks) = (trays::any(&model.view), ruler::any(&model.view));
    let large = super::hero::slot(model.main);
    let lens = |slot: Slot, there: bool| {
        (there && slot != large)
            .then(|| html! { <LensPicture key={slot as usize} {slot} desk={hold.clone()} ask={props.ask.clone()} /> })
    };
    let small: Vec<Html> = [
        lens(Slot::Plane, plane),
        lens(Slot::Ring, keys),
        lens(Slot::Log, log),
        lens(Slot::History, history),
        lens(Slot::Ruler, clocks),
        lens(Slot::Trays, queues),
        lens(Slot::Matrix, cut),
    ]
    .into_iter()
    .flatten()
    .collect();
    let own = !matches!(large, Slot::Stage | Slot::Time);
    let class = classes!(
        "centre",
        (!small.is_empty() || model.lit().len() == 2).then_some("with-lenses"),
        match large {
            Slot::Stage => "main-stage",
            Slot::Time => "main-time",
            Slot::Ring | Slot::Plane => "main-lens alone",
            _ => "main-lens",
        }
    );
    html! {
        <main {class}>
            { caption(&model, props.notice.as_deref(), &props.ask) }
            { super::way::progress(&model, &props.ask) }
            if own {
                <div class="main-picture">
                    <LensPicture key={large as usize} slot={large} large=true desk={hold.clone()} ask={props.ask.clone()} />
                </div>
            }
            <StagePicture desk={hold.clone()} ask={props.ask.clone()} />
            { super::hero::next(&model, &props.ask) }
            { tabs(props.tab, &props.ask) }
            // On a narrow page it scrolls, by the keyboard too.
            <div class="lenses" role="group" aria-label="Logs and clients"
                tabindex={(props.tab == Tab::Log).then_some("0")}>
                { super::overlay::pair(&model).unwrap_or_default() }
                { for small }
            </div>
            <TimePicture desk={hold.clone()} ask={props.ask.clone()} causal={model.causal} chips={model.overlay.as_ref().map(|o| o.kind)} />
        </main>
    }
}

/// Hangs a picture in its frame as long as the component lives.
#[hook]
pub fn use_picture(desk: &Rc<Desk>, slot: Slot) -> NodeRef {
    let svg = use_node_ref();
    let (desk, place) = (desk.clone(), svg.clone());
    use_effect_with((), move |()| {
        let observer = place.cast::<Element>().and_then(|svg| {
            let frame = svg.parent_element()?;
            desk.hang(slot, frame.clone(), svg);
            desk.measure();
            let desk = desk.clone();
            let measure = Closure::<dyn FnMut()>::new(move || desk.measure());
            let observer = ResizeObserver::new(measure.as_ref().unchecked_ref()).ok()?;
            observer.observe(&frame);
            Some((observer, measure))
        });
        move || {
            if let Some((observer, _)) = observer {
                observer.disconnect();
            }
            desk.take_down(slot);
        }
    });
    svg
}

/// The height that a lens needs where it is 340 pixels wide.
fn lens_height(model: &Model, slot: Slot) -> i32 {
    let clients = model.view.nodes.iter().filter(|n| n.shape == NodeShape::Client).count();
    match slot {
        Slot::Log => log_strip::height(&model.view) / PX,
        Slot::Trays => trays::height(&model.view) / PX,
        Slot::Ruler => ruler::height(&model.view) / PX,
        Slot::Ring if model.view.axis.is_some() => key_ruler::height(&model.view) / PX,
        Slot::Ring => ring::height() / PX,
        Slot::Plane if model.info.lenses.contains(&Lens::Convergence) => convergence::height() / PX,
        Slot::Plane => plane::height() / PX,
        _ => HistoryPicture::height(clients) / PX,
    }
}

#[derive(Properties, PartialEq)]
struct LensProps {
    slot: Slot,
    /// It is the large picture.
    #[prop_or_default]
    large: bool,
    desk: Hold,
    ask: Callback<Ask>,
}

/// A picture beside the stage; what is in it can be selected.
#[component(LensPicture)]
fn lens(props: &LensProps) -> Html {
    let svg = use_picture(&props.desk.0, props.slot);
    {
        // As high as its rows need at its width; a property, since the page's policy forbids styles
        // in attributes.
        let (svg, height) = (svg.clone(), lens_height(&props.desk.0.model.borrow(), props.slot));
        use_effect_with(height, move |height| {
            let frame = svg.cast::<Element>().and_then(|s| s.parent_element());
            if let Some(frame) = frame.and_then(|f| f.dyn_into::<HtmlElement>().ok()) {
                let _ = frame.style().set_property("--high", &height.to_string());
            }
        });
    }
    // A press on an operation that has a point moves the point along the bar.
    let held = use_mut_ref(|| None::<OpId>);
    let down = {
        let (desk, held, slot) = (props.desk.0.clone(), held.clone(), props.slot);
        let svg = svg.clone();
        Callback::from(move |e: PointerEvent| {
            if let (Slot::History, 0, Some(Target::Op(op))) = (slot, e.button(), target(&e))
                && desk.model.borrow().marks.points.iter().any(|p| p.0 == op)
            {
                *held.borrow_mut() = Some(op);
                capture(&e, &svg);
            }
        })
    };
    let drag = {
        let (desk, ask, held) = (props.desk.0.clone(), props.ask.clone(), held.clone());
        let svg = svg.clone();
        Callback::from(move |e: PointerEvent| {
            let Some(op) = *held.borrow() else { return };
            let at = desk.time_at(Slot::History, place(&e, &svg).x);
            let marks = super::judge::moved(&desk.model.borrow(), op, at);
            ask.emit(Ask::Mark(marks));
        })
    };
    let press = props.ask.clone();
    let press = Callback::from(move |e: PointerEvent| {
        let held = held.borrow_mut().take();
        if let Some(op) = held {
            return press.emit(Ask::Pick(Some(Pick::Op(op))));
        }
        let pick = match target(&e) {
            Some(Target::Node(n)) => Pick::Node(n),
            Some(Target::Entry { node, index }) => Pick::Entry { node, index },
            Some(Target::Op(op)) => Pick::Op(op),
            Some(Target::Event(step)) => Pick::Event(step),
            _ => return,
        };
        press.emit(Ask::Pick(Some(pick)));
    });
    let class = match props.slot {
        Slot::Log => "lens log",
        Slot::Ring | Slot::Plane => "lens log ring",
        Slot::History => "lens history",
        Slot::Trays | Slot::Ruler => "lens queues",
        _ => "lens matrix",
    };
    html! {
        <div class={classes!(class, props.large.then_some("large"))} onpointerdown={down} onpointermove={drag} onpointerup={press}>
            <svg class="scene" role="img" ref={svg}></svg>
        </div>
    }
}

/// One desk, always equal to itself.
#[derive(Clone)]
pub struct Hold(pub Rc<Desk>);

impl PartialEq for Hold {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// What is to be seen: an opening's sentence, or what has just happened; and which picture is large.
fn caption(model: &Model, notice: Option<&str>, ask: &Callback<Ask>) -> Html {
    let said = model.latest().and_then(|(step, badge)| {
        let event = model.session.trace().event(step)?;
        let who = event.node.map_or(String::new(), |n| model.name(n));
        let all = [who, badge, words::seconds(event.at)];
        let aside: Vec<String> = all.into_iter().filter(|w| !w.is_empty()).collect();
        Some((words::rule(model, event), aside.join(", ")))
    });
    let words = match (notice, super::hero::headline(model)) {
        (Some(notice), _) => html! { <p class="notice" role="alert">{ notice }</p> },
        (None, Some(headline)) => headline,
        (None, None) => html! {
            <p class="said">
                if let Some((title, aside)) = said {
                    <strong>{ title }</strong><span class="soft">{ aside }</span>
                } else {
                    <span class="soft">{ model.scene.line }</span>
                }
            </p>
        },
    };
    html! { <div class="caption">{ words }{ super::hero::switch(model, ask) }</div> }
}

fn tabs(open: Tab, ask: &Callback<Ask>) -> Html {
    let tab = |(tab, id, name): &(Tab, &'static str, &'static str)| {
        let (tab, ask) = (*tab, ask.clone());
        html! {
            <button role="tab" id={format!("tab-{id}")} aria-selected={(tab == open).to_string()}
                onclick={move |_| ask.emit(Ask::Tab(tab))}>{ *name }</button>
        }
    };
    // The story first.
    let (all, story) = Tab::ALL.split_at(Tab::ALL.len() - 1);
    html! { <div class="tabs" role="tablist" aria-label="Under the stage">{ for story.iter().chain(all).map(tab) }</div> }
}

#[derive(Properties, PartialEq)]
struct PictureProps {
    desk: Hold,
    ask: Callback<Ask>,
    #[prop_or_default]
    causal: bool,
    #[prop_or_default]
    chips: Option<ClockKind>,
}

/// The cluster.
#[component]
fn StagePicture(props: &PictureProps) -> Html {
    let svg = use_picture(&props.desk.0, Slot::Stage);
    let stroke = use_mut_ref(|| None::<Stroke>);
    let line = use_node_ref();
    let down = {
        let (desk, stroke, svg) = (props.desk.0.clone(), stroke.clone(), svg.clone());
        Callback::from(move |e: PointerEvent| {
            if e.button() != 0 {
                return;
            }
            let at = place(&e, &svg);
            let begun = Stroke::begin(at, target(&e), &desk.scene(Slot::Stage));
            *stroke.borrow_mut() = Some(begun);
            capture(&e, &svg);
        })
    };
    let drag = {
        let (stroke, line, svg) = (stroke.clone(), line.clone(), svg.clone());
        Callback::from(move |e: PointerEvent| {
            if let Some(s) = stroke.borrow_mut().as_mut() {
                s.to(place(&e, &svg));
                if let Some(line) = line.cast::<Element>() {
                    let _ = line.set_attribute("d", &s.path());
                }
            }
        })
    };
    let up = {
        let (desk, ask, line) = (props.desk.0.clone(), props.ask.clone(), line.clone());
        let (stroke, svg) = (stroke.clone(), svg.clone());
        Callback::from(move |e: PointerEvent| {
            if let Some(line) = line.cast::<Element>() {
                let _ = line.set_attribute("d", "");
            }
            let Some(mut s) = stroke.borrow_mut().take() else { return };
            s.to(place(&e, &svg));
            let one_way = e.shift_key() || e.alt_key();
            ask.emit(gesture::end(&s, &desk, one_way));
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
    let focus = Callback::from(|e: FocusEvent| rove(&e));
    html! {
        <section class="stage" id="stage" aria-label="Stage"
            onpointerdown={down} onpointermove={drag} onpointerup={up} onpointercancel={gone} onfocusin={focus}>
            <svg class="scene" role="group" ref={svg}></svg>
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

/// Keeps a pointer for the picture's frame until it is let go.
pub fn capture(e: &PointerEvent, svg: &NodeRef) {
    if let Some(frame) = svg.cast::<Element>().and_then(|s| s.parent_element()) {
        let _ = frame.set_pointer_capture(e.pointer_id());
    }
}

/// Where a pointer is in a picture, in tenths of a pixel.
pub fn place(e: &PointerEvent, svg: &NodeRef) -> Point {
    let Some(el) = svg.cast::<Element>() else { return Point::default() };
    let r = el.get_bounding_client_rect();
    let tenths = |v: f64| (v * 10.0).round() as i32;
    Point::pointer(
        tenths(f64::from(e.client_x()) - r.left()),
        tenths(f64::from(e.client_y()) - r.top()),
    )
}

/// What a pointer points at.
pub fn target(e: &PointerEvent) -> Option<Target> {
    let el = e.target()?.dyn_into::<Element>().ok()?;
    let marked = el.closest("[data-target]").ok().flatten()?;
    Target::parse(&marked.get_attribute("data-target")?)
}

/// The space-time diagram: click an event to select it, the open to go there; drag to pan.
#[component]
fn TimePicture(props: &PictureProps) -> Html {
    let svg = use_picture(&props.desk.0, Slot::Time);
    let from = use_mut_ref(|| None::<(Point, (u64, u64), Option<Target>)>);
    let down = {
        let (desk, from, svg) = (props.desk.0.clone(), from.clone(), svg.clone());
        Callback::from(move |e: PointerEvent| {
            if e.button() == 0 {
                *from.borrow_mut() =
                    Some((place(&e, &svg), desk.model.borrow().window, target(&e)));
                capture(&e, &svg);
            }
        })
    };
    let drag = {
        let (desk, ask, from) = (props.desk.0.clone(), props.ask.clone(), from.clone());
        let svg = svg.clone();
        Callback::from(move |e: PointerEvent| {
            let Some((start, window, _)) = *from.borrow() else { return };
            let by = place(&e, &svg).x.saturating_sub(start.x);
            if by.unsigned_abs() > 40 {
                ask.emit(pan(&desk, window, by));
            }
        })
    };
    let up = {
        let (desk, ask, svg) = (props.desk.0.clone(), props.ask.clone(), svg.clone());
        Callback::from(move |e: PointerEvent| {
            let Some((start, _, target)) = from.borrow_mut().take() else { return };
            let at = place(&e, &svg);
            if at.x.abs_diff(start.x) > 40 {
                return;
            }
            let slop = if e.pointer_type() == "mouse" { 60 } else { 140 };
            let target = match target {
                Some(t @ Target::Event(_)) => Some(t),
                other => desk.scene(Slot::Time).hit(at, slop).copied().or(other),
            };
            ask.emit(match target {
                Some(Target::Event(step) | Target::Violation(step)) => {
                    Ask::Pick(Some(Pick::Event(step)))
                }
                Some(Target::Node(node)) => Ask::Pick(Some(Pick::Node(node))),
                Some(Target::Message(id)) => Ask::Pick(Some(Pick::Message(id))),
                _ => Ask::SeekTime(desk.time_at(Slot::Time, at.x)),
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
        <section class="time" id="time" aria-label="Space-time diagram"
            onpointerdown={down} onpointermove={drag} onpointerup={up} onwheel={wheel}>
            <div class="time-frame"><svg class="scene" role="img" ref={svg}></svg></div>
            <div class="time-tools" onpointerdown={|e: PointerEvent| e.stop_propagation()}
                onpointerup={|e: PointerEvent| e.stop_propagation()}>
                { super::overlay::switch(props.chips, &props.ask) }
                <button class="quiet" aria-pressed={props.causal.to_string()} onclick={causal}>{ "Even spacing" }</button>
                <button class="quiet icon" aria-label="Show more time" title="Show more time" onclick={zoomed(true)}>{ "−" }</button>
                <button class="quiet icon" aria-label="Show less time" title="Show less time" onclick={zoomed(false)}>{ "+" }</button>
            </div>
        </section>
    }
}

fn pan(desk: &Desk, from: (u64, u64), by: i32) -> Ask {
    Ask::Window(window::pan(from, by, desk.size(Slot::Time).w))
}

/// Around the playhead.
fn zoom(desk: &Desk, out: bool) -> Ask {
    let model = desk.model.borrow();
    Ask::Window(window::zoom(model.window, model.session.time(), out))
}

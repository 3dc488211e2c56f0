//! The run beside the one that is looked at: its picture, where the two part, what differs now.

use super::compare::Beside;
use super::desk::Slot;
use super::frame::{Ask, Look};
use super::model::Model;
use super::stage::use_picture;
use super::words;
use happened_before::core::view::{Event, NodeView, What, WorldView};
use happened_before::share::transfer::fared;
use yew::prelude::*;

/// Differences said in words at most.
const MOST: usize = 14;

#[derive(Properties, PartialEq)]
pub struct SideProps {
    pub look: Look,
    pub ask: Callback<Ask>,
}

#[component]
pub fn Side(props: &SideProps) -> Html {
    let desk = props.look.0.clone();
    let stage = use_picture(&desk, Slot::SideStage);
    let time = use_picture(&desk, Slot::SideTime);
    let model = desk.model.borrow();
    let Some(beside) = &model.beside else { return html! {} };
    let close = props.ask.reform(|_: MouseEvent| Ask::Compare(None));
    let foreign = beside.foreign.as_ref();
    let parting = beside.parting.map(|(step, at)| {
        let ask = props.ask.clone();
        let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Seek(step)));
        let (before, after) = match foreign.and_then(|f| f.first.as_ref()) {
            Some(first) => ("They first differ at ", format!(": {}.", first.words)),
            None => ("They part at ", ", on the same draws.".into()),
        };
        html! {
            <>{ before }
            <button class="textlink" id="to-parting" onclick={press}>{ words::seconds(at) }</button>
            { after }</>
        }
    });
    let alike = match foreign {
        None => "So far they are alike.",
        Some(f) if f.comparable => "So far clients and shared claims fare alike.",
        Some(_) => {
            "The two have neither operations of clients nor a claim in common, so only what you see can be compared."
        }
    };
    html! {
        <aside class="side" id="side" aria-label="The run beside">
            <header>
                <h2>{ format!("Beside: {}", beside.name) }</h2>
                <button class="quiet icon" id="side-close" aria-label="Close the comparison" onclick={close}>
                    { super::glyphs::sign(super::glyphs::CLOSE) }
                </button>
                <p class="small" id="parting">{ parting.unwrap_or_else(|| html! { { alike } }) }</p>
                if let Some(f) = foreign {
                    <p class="small" id="carried">{ f.carried.clone() }</p>
                }
            </header>
            <div class="side-stage"><svg class="scene" role="group" ref={stage}></svg></div>
            <ul class="differences small" aria-label="What differs now" tabindex="0">
                { for differences(&model).into_iter().map(|d| html! { <li>{ d }</li> }) }
            </ul>
            <div class="side-time"><svg class="scene" role="img" ref={time}></svg></div>
        </aside>
    }
}

/// `S3: term 2 here, term 3 there`.
fn differences(model: &Model) -> Vec<String> {
    let Some(beside) = &model.beside else { return Vec::new() };
    if beside.foreign.is_some() {
        return of_protocols(model, beside);
    }
    let mut all = Vec::new();
    for id in &beside.nodes {
        let (Some(here), Some(there)) =
            (model.view.nodes.get(id.at()), beside.view.nodes.get(id.at()))
        else {
            continue;
        };
        all.extend(of_node(here, there));
    }
    let only = |view: &happened_before::core::view::WorldView| {
        view.messages.iter().filter(|m| beside.messages.contains(&m.id)).count()
    };
    let (here, there) = (only(&model.view), only(&beside.view));
    if here + there > 0 {
        all.push(format!(
            "In flight: {} only here, {there} only there",
            words::count(here as u64, "message")
        ));
    }
    let more = all.len().saturating_sub(MOST);
    all.truncate(MOST);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all
}

/// How the clients of two protocols fare, and what each promises and breaks.
fn of_protocols(model: &Model, beside: &Beside) -> Vec<String> {
    let time = model.session.time();
    let (begun, done) = fared(&model.session, time);
    let (others, there) = fared(beside.session(), time);
    let mut all = Vec::new();
    if begun + others > 0 {
        let short = model.session.trace().ops_since() + beside.trace().ops_since() > 0;
        let which = if short { "Operations on record answered" } else { "Operations answered" };
        all.push(format!("{which}: {done} of {begun} here, {there} of {others} there"));
    }
    let broken = |v: &WorldView, place: &str| -> Vec<String> {
        let found = v.verdicts.iter().filter_map(|v| {
            let at = words::seconds(v.violation.as_ref()?.at);
            Some(format!("{} is violated {place} at {at}", v.title))
        });
        found.collect()
    };
    all.extend(broken(&model.view, "here"));
    all.extend(broken(&beside.view, "there"));
    let vain = |e: &&Event| matches!(e.what, What::Ignored { .. });
    let vain = beside.trace().marks().iter().filter(vain).count();
    if vain > 0 {
        all.push(format!(
            "{} made no sense there and changed nothing",
            words::count(vain as u64, "intervention")
        ));
    }
    all
}

fn of_node(here: &NodeView, there: &NodeView) -> Vec<String> {
    let mut all = Vec::new();
    let mut say = |what: &str, a: &str, b: &str| {
        if a != b {
            let show = |t: &str| if t.is_empty() { "nothing".to_string() } else { t.to_string() };
            all.push(format!("{} {what}: {} here, {} there", here.name, show(a), show(b)));
        }
    };
    let status = |n: &NodeView| format!("{:?}", n.status).to_lowercase();
    say("is", &status(here), &status(there));
    let fields = |n: &NodeView| -> Vec<(String, String)> {
        n.look.durable.iter().chain(&n.look.volatile).cloned().collect()
    };
    let theirs = fields(there);
    for (name, value) in fields(here) {
        let other = theirs.iter().find(|(k, _)| *k == name).map_or("", |(_, v)| v);
        say(&name, &value, other);
    }
    all
}

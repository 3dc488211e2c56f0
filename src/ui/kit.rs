//! What comes with every scene: its stories, its parameters with their source, and the legend of
//! what is on the stage now.

use super::dom;
use super::done;
use super::fetch;
use super::frame::{Ask, Look};
use super::model::Model;
use super::picture::Picture;
use super::tale::Tell;
use happened_before::core::config::Setup;
use happened_before::core::ids::MsgId;
use happened_before::core::view::{Border, MessageView, Status, WorldView};
use happened_before::protocols::INDEX;
use happened_before::scene::stage::Stage;
use happened_before::scene::{Drawing, Item, Point, Shape, Size, Target};
use happened_before::stories::Story;
use web_sys::Element;
use yew::prelude::*;

/// In the list of what may stand beside: the preset with nothing turned.
const PLAIN: &str = " ";
/// There, before another scene's name.
const OTHER: &str = " scene ";

/// Stories, then re-enactments with where they were published.
pub fn stories(model: &Model, ask: &Callback<Ask>) -> Html {
    if model.scene.stories.is_empty() {
        return html! {};
    }
    let row = |story: &'static Story| {
        let press = ask.reform(move |_: MouseEvent| Ask::Tell(Tell::Begin(story.id)));
        let steps = format!("{} steps", story.steps.len());
        let done = done::is_done(model.scene.id, story.id);
        html! {
            <li><button class="item" data-story={story.id} onclick={press} title={story.source}>
                <span class="story-name">{ story.title }</span>
                <span class="small">
                    if done { <span class="good" title="Finished">{ "✓ " }<span class="unseen">{ "finished, " }</span></span> }
                    { steps }
                </span>
            </button></li>
        }
    };
    let all: &'static [Story] = model.scene.stories;
    let list = |title: &'static str, published: bool| {
        let some: Vec<&'static Story> =
            all.iter().filter(|s| s.source.is_some() == published).collect();
        if some.is_empty() {
            return html! {};
        }
        html! {
            <section class="part stories">
                <h2>{ title }</h2>
                <ul>{ for some.into_iter().map(row) }</ul>
            </section>
        }
    };
    // The first that has not been told yet.
    let fresh = all.iter().find(|s| !done::is_done(model.scene.id, s.id)).unwrap_or(&all[0]);
    let start = ask.reform(move |_: MouseEvent| Ask::Tell(Tell::Begin(fresh.id)));
    html! {
        <>
            { list("Stories", false) }
            { list("Published runs", true) }
            <div class="start">
                <button class="verb next" id="story-start" onclick={start}>{ "Start the story" }</button>
                <span class="small">{ format!("{}, {} steps", fresh.title, fresh.steps.len()) }</span>
            </div>
        </>
    }
}

/// What the run stands under, for the bar: the preset, what has been changed of it, and whether a
/// rule is left out. How often clients ask is nobody's setting.
pub fn chip(model: &Model) -> (String, bool) {
    let setup = &model.session.setup;
    let title = model.scene.preset(&setup.preset).map_or("", |p| p.title);
    let turned = setup.knobs.keys().filter(|k| !k.starts_with("client.")).count();
    match (setup.mutants.len(), turned) {
        (0, 0) => (title.into(), false),
        (0, 1) => (format!("{title}, 1 setting changed"), false),
        (0, n) => (format!("{title}, {n} settings changed"), false),
        (1, _) => (format!("{title}, a rule left out"), true),
        (n, _) => (format!("{title}, {n} rules left out"), true),
    }
}

/// The preset: name and version, its source, and what is turned away from it.
pub fn preset(model: &Model, ask: &Callback<Ask>) -> Html {
    let setup = model.session.setup.clone();
    let Ok(now) = model.scene.preset(&setup.preset) else { return html! {} };
    let turned = setup.knobs.len() + setup.mutants.len();
    let plain = {
        let (ask, setup) = (ask.clone(), setup.clone());
        Callback::from(move |_: MouseEvent| {
            let (knobs, mutants) = Default::default();
            ask.emit(Ask::Restart(Setup { knobs, mutants, ..setup.clone() }));
        })
    };
    let choose = {
        let (ask, setup) = (ask.clone(), setup.clone());
        Callback::from(move |e: Event| {
            let preset = dom::value_of(&e);
            ask.emit(Ask::Restart(Setup { preset, knobs: Default::default(), ..setup.clone() }));
        })
    };
    let beside = {
        let (ask, setup) = (ask.clone(), setup.clone());
        Callback::from(move |e: Event| {
            let preset = dom::value_of(&e);
            let (knobs, mutants) = Default::default();
            if let Some(id) = preset.strip_prefix(OTHER) {
                let Some(other) = INDEX.iter().find(|s| s.id == id) else { return };
                let ask = ask.clone();
                return fetch::scene(other.id, move |done| match done {
                    Ok(()) => ask.emit(Ask::CompareScene(other.id)),
                    Err(why) => ask.emit(Ask::Say(Some(why))),
                });
            }
            match preset.as_str() {
                "" => ask.emit(Ask::Compare(None)),
                PLAIN => {
                    let setup = Setup { knobs, mutants, ..setup.clone() };
                    ask.emit(Ask::CompareSetup(setup, "nothing changed".into()));
                }
                _ => {
                    let setup = Setup { preset: preset.clone(), ..setup.clone() };
                    ask.emit(Ask::CompareSetup(setup, preset));
                }
            }
        })
    };
    let name = |p: &happened_before::protocols::Preset| format!("{} @ {}", p.title, p.version);
    let scenes = INDEX.iter().filter(|s| s.id != model.scene.id);
    let foreign = model.beside.as_ref().filter(|b| b.foreign.is_some()).map(|b| b.scene.id);
    let others = model.scene.presets.iter().filter(|p| p.id != now.id);
    html! {
        <section class="part preset">
            <h2>{ "Preset" }</h2>
            <select onchange={choose} id="preset" aria-label="Preset">
                { for model.scene.presets.iter().map(|p| html! {
                    <option value={p.id} selected={p.id == now.id}>{ name(p) }</option>
                }) }
            </select>
            <p class="small">{ now.source }</p>
            if turned > 0 {
                <p class="small">
                    { match turned { 1 => "1 setting changed. ".into(), n => format!("{n} settings changed. ") } }
                    <button class="textlink" id="plain" onclick={plain}>{ "Reset" }</button>
                </p>
            }
            <label class="setting">
                <span>{ "Compare with" }</span>
                <select onchange={beside} id="preset-beside">
                    <option value="" selected={model.beside.is_none()}>{ "none" }</option>
                    <optgroup label="The same protocol">
                        if turned > 0 { <option value={PLAIN}>{ "nothing changed" }</option> }
                        { for others.map(|p| html! { <option value={p.id}>{ name(p) }</option> }) }
                    </optgroup>
                    <optgroup label="Another one, with the same faults">
                        { for scenes.map(|s| html! {
                            <option value={format!("{OTHER}{}", s.id)} selected={foreign == Some(s.id)}>{ s.title }</option>
                        }) }
                    </optgroup>
                </select>
            </label>
        </section>
    }
}

#[derive(Properties, PartialEq)]
pub struct LegendProps {
    pub look: Look,
}

/// What is on the stage now, each with a small picture of itself.
#[component]
pub fn Legend(props: &LegendProps) -> Html {
    let open = use_state(|| false);
    let toggle = {
        let open = open.clone();
        Callback::from(move |_: Event| open.set(!*open))
    };
    let rows = if *open { legend(&props.look.0.model.borrow()) } else { Vec::new() };
    html! {
        <details class="part legend" ontoggle={toggle}>
            <summary><h2>{ "On the stage now" }</h2></summary>
            <ul>
                { for rows.into_iter().map(|(item, name)| html! {
                    <li key={name.clone()}><Sample {item} /><span>{ name }</span></li>
                }) }
            </ul>
        </details>
    }
}

#[derive(Properties, PartialEq)]
struct SampleProps {
    item: Item,
}

/// A shape of the stage in a small frame.
#[component]
fn Sample(props: &SampleProps) -> Html {
    let svg = use_node_ref();
    {
        let svg = svg.clone();
        use_effect_with(props.item.clone(), move |item| {
            let Some(el) = svg.cast::<Element>() else { return };
            let big = matches!(item.target, Some(Target::Node(_)));
            let size = if big { 92 } else { 34 };
            let mut scene = Drawing::new(Size::px(size, size), "");
            let mut item = item.clone();
            if let Shape::Group { at, .. } = &mut item.shape {
                *at = Point::new(size * 5, size * 5);
            }
            scene.items.push(item);
            let mut picture = Picture::still(el.clone());
            picture.show(scene);
            for side in ["width", "height"] {
                let _ = el.set_attribute(side, "34");
            }
        });
    }
    html! { <svg class="scene sample" aria-hidden="true" ref={svg}></svg> }
}

/// One of each kind that is there: nodes by role and state, messages by name.
fn legend(model: &Model) -> Vec<(Item, String)> {
    let mut view: WorldView = (*model.view).clone();
    view.messages = kinds(model);
    let stage = Stage::new(&view, model.scene.layout, Size::px(600, 600)).scene(view.now);
    let item = |target: Target| stage.items.iter().find(|i| i.target == Some(target)).cloned();
    let mut rows: Vec<(Item, String)> = Vec::new();
    for node in &view.nodes {
        let border = match node.look.border {
            Border::Double => "double border",
            Border::Dashed => "dashed border",
            Border::Single => "single border",
            Border::Thin => "thin border",
        };
        let status = match node.status {
            Status::Up => String::new(),
            other => format!(", {}", format!("{other:?}").to_lowercase()),
        };
        let epoch = if node.look.epoch.is_some() { ", filled by its epoch or value" } else { "" };
        let name = format!("{}{status}: {border}{epoch}", node.look.role);
        if rows.iter().all(|(_, n)| *n != name) {
            rows.extend(item(Target::Node(node.id)).map(|i| (i, name)));
        }
    }
    for message in &view.messages {
        let hollow = if message.look.reply { "hollow, an answer" } else { "full, a request" };
        let name = format!("{}: {hollow}", message.look.name);
        if rows.iter().all(|(_, n)| *n != name) {
            rows.extend(item(Target::Message(message.id)).map(|i| (i, name)));
        }
    }
    rows
}

/// A message of each kind seen of late, each on its way.
fn kinds(model: &Model) -> Vec<MessageView> {
    let mut all: Vec<MessageView> = Vec::new();
    let seen = model.session.trace().messages.iter().rev();
    for passage in seen.filter(|m| m.sent_at <= model.view.now).take(400) {
        if all
            .iter()
            .any(|m| m.look.name == passage.look.name && m.look.reply == passage.look.reply)
        {
            continue;
        }
        let id = MsgId { nth: passage.id.nth, ..passage.id };
        all.push(MessageView {
            id,
            look: (*passage.look).clone(),
            sent_at: model.view.now,
            due: model.view.now + 1_000,
            doomed: false,
            held: false,
            docked: false,
            twin: false,
            forged: false,
        });
    }
    all
}

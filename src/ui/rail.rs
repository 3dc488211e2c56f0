//! The left rail: what the scene is, faults, knobs, named bugs, the seed, the journal.

use super::challenge::ChallengePanel;
use super::converge::ConvergePanel;
use super::dom;
use super::frame::{Ask, Look, Tier};
use super::journal::Journal;
use super::kit;
use super::later;
use super::model::Model;
use super::plane::PlanePanel;
use super::search::SearchProps;
use super::search_show::Shown;
use super::story::StoryPanel;
use happened_before::core::action::{Action, LinkChange};
use happened_before::core::config::{Setup, Unit};
use happened_before::core::ids::NodeSet;
use happened_before::protocols::KnobInfo;
use happened_before::scene::Bounded;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct RailProps {
    pub look: Look,
    pub ask: Callback<Ask>,
    pub folded: bool,
    pub tier: Tier,
    pub playing: bool,
}

#[component]
pub fn Rail(props: &RailProps) -> Html {
    let model = props.look.0.model.borrow();
    let ask = &props.ask;
    let fold = ask.reform(|_: MouseEvent| Ask::Fold(super::frame::Panel::Rail));
    let panel = |tier: Tier, body: Html| {
        let id = Tier::ALL.iter().find(|t| t.0 == tier).map_or("", |t| t.1);
        html! {
            <div class={format!("tier tier-{id}")} role="tabpanel" id={format!("tier-{id}")}
                aria-labelledby={format!("rail-{id}")} hidden={tier != props.tier}>{ body }</div>
        }
    };
    let look = || props.look.clone();
    html! {
        <aside class="rail" aria-label="Scene">
            <button class="quiet fold" onclick={fold} aria-expanded={(!props.folded).to_string()}
                aria-label="Scene panel">{ if props.folded { "›" } else { "‹" } }</button>
            <div class="rail-body">
                { tiers(props.tier, ask) }
                <Shown look={look()} ask={ask.clone()} />
                { panel(Tier::Story, html! {
                    if model.tale.is_some() {
                        <StoryPanel look={look()} ask={ask.clone()} playing={props.playing} />
                    } else {
                        <h2 class="scene-title">{ model.scene.title }</h2>
                        <p class="lead">{ model.scene.line }</p>
                        { kit::stories(&model, ask) }
                    }
                }) }
                { panel(Tier::Sandbox, html! {
                    <>
                        { faults(&model, ask) }
                        <PlanePanel look={look()} ask={ask.clone()} />
                        <ConvergePanel look={look()} ask={ask.clone()} />
                        <Journal look={look()} ask={ask.clone()} />
                        { kit::preset(&model, ask) }
                        { knobs(&model, ask) }
                        { seed(&model, ask) }
                        <kit::Legend look={look()} />
                        { about(&model) }
                    </>
                }) }
                { panel(Tier::Break, html! {
                    <>
                        <ChallengePanel look={look()} ask={ask.clone()} />
                        { mutants(&model, ask) }
                    </>
                }) }
                { panel(Tier::Prove, html! {
                    <>
                        { later::page_search(SearchProps { look: look(), ask: ask.clone() }) }
                        <super::judge::Judge look={look()} ask={ask.clone()} />
                        { claims(&model) }
                    </>
                }) }
            </div>
        </aside>
    }
}

/// The tabs, from being told to proving.
fn tiers(open: Tier, ask: &Callback<Ask>) -> Html {
    let tab = |(tier, id, name): &(Tier, &'static str, &'static str)| {
        let tier = *tier;
        let press = ask.reform(move |_: MouseEvent| Ask::Tier(tier));
        html! {
            <button role="tab" id={format!("rail-{id}")} aria-selected={(tier == open).to_string()}
                aria-controls={format!("tier-{id}")} onclick={press}>{ *name }</button>
        }
    };
    html! { <div class="tiers" role="tablist" aria-label="What to do">{ for Tier::ALL.iter().map(tab) }</div> }
}

/// What is claimed, and who says so.
fn claims(model: &Model) -> Html {
    let one = |p: &happened_before::core::protocol::PropertyInfo| {
        html! { <li><b>{ p.title }</b>{ format!(": {} ", p.claim) }<span class="small">{ p.cite }</span></li> }
    };
    html! {
        <section class="part about">
            <h2>{ "What is claimed" }</h2>
            <ul>{ for model.info.properties.iter().map(one) }</ul>
        </section>
    }
}

/// What can be done to the whole network.
fn faults(model: &Model, ask: &Callback<Ask>) -> Html {
    let everyone = NodeSet::first(model.view.nodes.len() as u16);
    let link = |change| Action::Link { from: everyone, to: everyone, change };
    let cut = model.view.links.iter().any(|l| l.cut);
    let lossy = model.view.links.iter().any(|l| l.loss >= 200_000);
    let slow = model.view.links.iter().any(|l| l.delay > 0);
    let button = |name: &'static str, on: bool, action: Action| {
        let ask = ask.clone();
        let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Do(vec![action.clone()])));
        html! { <button class="verb" disabled={!on} onclick={press}>{ name }</button> }
    };
    html! {
        <section class="part">
            <h2>{ "Faults" }</h2>
            <p class="small">{ "Drag across links to cut them; select a node, a message or a timer." }</p>
            <div class="verbs">
                { button("Heal every cut", cut, Action::HealAll) }
                { match lossy {
                    false => button("Lose 20%", true, link(LinkChange::Loss(200_000))),
                    true => button("Lose none", true, link(LinkChange::Loss(0))),
                } }
                { match slow {
                    false => button("Delay 50 ms", true, link(LinkChange::Delay(50_000))),
                    true => button("No delay", true, link(LinkChange::Delay(0))),
                } }
                { button("Ordinary links", lossy || slow, link(LinkChange::Reset)) }
            </div>
        </section>
    }
}

fn seed(model: &Model, ask: &Callback<Ask>) -> Html {
    let setup = model.session.setup.clone();
    let fresh = {
        let (ask, setup) = (ask.clone(), setup.clone());
        Callback::from(move |_: MouseEvent| {
            ask.emit(Ask::Restart(Setup { seed: dom::fresh_seed(), ..setup.clone() }));
        })
    };
    let again = {
        let (ask, setup) = (ask.clone(), setup.clone());
        Callback::from(move |_: MouseEvent| ask.emit(Ask::Restart(setup.clone())))
    };
    let typed = {
        let (ask, setup) = (ask.clone(), setup.clone());
        Callback::from(move |e: Event| match dom::value_of(&e).trim().parse() {
            Ok(seed) => ask.emit(Ask::Restart(Setup { seed, ..setup.clone() })),
            Err(_) => ask.emit(Ask::Say(Some("A seed is a whole number.".into()))),
        })
    };
    html! {
        <section class="part">
            <h2>{ "Run" }</h2>
            <label class="setting">
                <span>{ "Seed" }</span>
                <input class="mono" id="seed" inputmode="numeric" value={setup.seed.to_string()} onchange={typed} />
            </label>
            <div class="verbs">
                <button class="verb" id="fresh-seed" onclick={fresh}>{ "Fresh seed" }</button>
                <button class="verb" id="restart" onclick={again}>{ "Restart" }</button>
            </div>
        </section>
    }
}

/// Named bugs as switches, with what they break.
fn mutants(model: &Model, ask: &Callback<Ask>) -> Html {
    if model.info.mutants.is_empty() {
        return html! {};
    }
    let setup = &model.session.setup;
    let row = |m: &happened_before::core::protocol::Mutant| {
        let on = setup.mutants.contains(m.id);
        let breaks =
            model.info.properties.iter().find(|p| p.id == m.breaks).map_or(m.breaks, |p| p.title);
        let (ask, setup, id) = (ask.clone(), setup.clone(), m.id);
        let change = Callback::from(move |_: Event| {
            let mut setup = setup.clone();
            if !setup.mutants.remove(id) {
                setup.mutants.insert(id.into());
            }
            ask.emit(Ask::Restart(setup));
        });
        html! {
            <li>
                <label class="mutant">
                    <input type="checkbox" checked={on} onchange={change} data-mutant={m.id} />
                    <span>{ m.what }<small>{ format!("breaks {breaks}") }</small></span>
                </label>
            </li>
        }
    };
    let open = !setup.mutants.is_empty();
    html! {
        <details class="part" open={open}>
            <summary><h2>{ "What if?" }</h2></summary>
            <ul class="mutants">{ for model.info.mutants.iter().map(row) }</ul>
        </details>
    }
}

fn knobs(model: &Model, ask: &Callback<Ask>) -> Html {
    let row = |knob: &KnobInfo| knob_row(model, knob, ask);
    html! {
        <details class="part" open={!model.session.setup.knobs.is_empty()}>
            <summary><h2>{ "Settings" }</h2></summary>
            { for model.info.knobs.iter().map(row) }
        </details>
    }
}

/// What a knob is set to.
fn value(model: &Model, knob: &KnobInfo) -> i64 {
    let setup = &model.session.setup;
    let preset = model.scene.preset(&setup.preset).ok();
    let of_preset =
        preset.and_then(|p| p.values.iter().find(|(k, _)| *k == knob.id)).map(|(_, v)| *v);
    setup.knobs.get(knob.id).copied().or(of_preset).unwrap_or(knob.default)
}

pub fn knob_row(model: &Model, knob: &KnobInfo, ask: &Callback<Ask>) -> Html {
    let now = value(model, knob);
    let setup = model.session.setup.clone();
    let turned = setup.knobs.contains_key(knob.id);
    let (id, title, unit, min, max) = (knob.id, knob.title, knob.unit, knob.min, knob.max);
    let set = {
        let (ask, setup) = (ask.clone(), setup.clone());
        move |value: Result<i64, String>| match value {
            Ok(v) if v < min || v > max => ask.emit(Ask::Say(Some(format!(
                "{}: from {} to {}, not {}.",
                super::model::sentence(title).trim_end_matches('.'),
                unit.show(min),
                unit.show(max),
                unit.show(v)
            )))),
            Ok(v) => {
                let mut setup = setup.clone();
                setup.knobs.insert(id.into(), v);
                ask.emit(Ask::Restart(setup));
            }
            Err(why) => ask.emit(Ask::Say(Some(format!("{title}: {why}.")))),
        }
    };
    let control = match unit {
        Unit::Switch => {
            let change = Callback::from(move |_: Event| set(Ok(1 - now.bounded(0, 1))));
            html! { <input type="checkbox" checked={now != 0} onchange={change} data-knob={id} /> }
        }
        Unit::Choice(names) => {
            let change = Callback::from(move |e: Event| set(unit.parse(&dom::value_of(&e))));
            html! {
                <select onchange={change} data-knob={id}>
                    { for names.iter().enumerate().map(|(i, n)| html! {
                        <option value={*n} selected={i as i64 == now}>{ *n }</option>
                    }) }
                </select>
            }
        }
        _ => {
            let change = Callback::from(move |e: Event| set(unit.parse(&dom::value_of(&e))));
            html! { <input class="mono" value={unit.show(now)} onchange={change} data-knob={id} /> }
        }
    };
    let class = classes!("setting", turned.then_some("turned"));
    html! { <label {class} title={id}><span>{ title }</span>{ control }</label> }
}

fn about(model: &Model) -> Html {
    html! {
        <details class="part about">
            <summary><h2>{ "Sources, and what is left out" }</h2></summary>
            <h3>{ "Sources" }</h3>
            <ul>{ for model.scene.sources.iter().map(|s| html! { <li>{ *s }</li> }) }</ul>
            <h3>{ "Leaves out" }</h3>
            <p>{ model.scene.leaves_out }</p>
        </details>
    }
}

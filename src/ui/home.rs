//! The list of scenes.

use super::bar::{Bar, Place};
use super::dom;
use happened_before::protocols::{Entry, INDEX};
use js_sys::{Function, Promise};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Element;
use yew::prelude::*;

/// Families in the order in which the catalogue first names them.
fn families() -> Vec<(&'static str, Vec<&'static Entry>)> {
    let mut all: Vec<(&str, Vec<&Entry>)> = Vec::new();
    for scene in INDEX {
        match all.iter_mut().find(|(f, _)| *f == scene.family) {
            Some((_, scenes)) => scenes.push(scene),
            None => all.push((scene.family, vec![scene])),
        }
    }
    all
}

/// Every scene by family.
#[component]
pub fn Home() -> Html {
    let all = use_state(|| None::<Rc<str>>);
    {
        let all = all.clone();
        use_effect_with((), move |()| {
            spawn_local(async move { all.set(posters().await.map(Rc::from)) });
        });
    }
    html! {
        <div class="page-home">
            <Bar place={Place::Home} />
            <main class="home">
                <header class="home-head">
                    <div>
                        <h1>{ "Distributed systems, running." }</h1>
                        <p class="lead">
                            { "Real protocols, and a network that you may break. Cut it, crash it, \
                               lie to it, and see what still holds." }
                        </p>
                    </div>
                    <p class="home-how">
                        { "Every picture is a live run. " }<b>{ "Select an event" }</b>
                        { " to light what happened before it. " }<b>{ "Act in the past" }</b>
                        { " and time branches. " }<b>{ "Copy the link" }</b>
                        { " and anyone sees the same moment." }
                    </p>
                </header>
                <p class="home-tools">
                    <a href="#import">{ "Read a recorded execution" }</a>
                    <a href="#board">{ "Draw one on the blackboard" }</a>
                </p>
                <div class="families">{ for families().into_iter().map(|f| family(f, &all)) }</div>
            </main>
        </div>
    }
}

fn family((name, scenes): (&'static str, Vec<&'static Entry>), all: &Option<Rc<str>>) -> Html {
    let card = |scene: &&'static Entry| {
        html! {
            <li>
                <a class="scene-card" href={format!("#{}", scene.id)}>
                    <Mini id={scene.id} posters={all.clone()} />
                    <strong>{ scene.title }</strong>
                    <span>{ scene.line }</span>
                    <span class="small">{ kit(scene) }</span>
                </a>
            </li>
        }
    };
    html! {
        <section class="family">
            <h2>{ name }</h2>
            <ul>{ for scenes.iter().map(card) }</ul>
        </section>
    }
}

/// `1 story, 3 re-enactments, 3 challenges`.
fn kit(scene: &Entry) -> String {
    let all = [
        (scene.stories, "story", "stories"),
        (scene.reenactments, "re-enactment", "re-enactments"),
        (scene.challenges, "challenge", "challenges"),
    ];
    let some = all.into_iter().filter(|(n, ..)| *n > 0);
    let words = some.map(|(n, one, many)| format!("{n} {}", if n == 1 { one } else { many }));
    words.collect::<Vec<_>>().join(", ")
}

/// The small pictures of all scenes, one after the other, each below a line that names its scene.
async fn posters() -> Option<String> {
    let fetch = js_sys::Reflect::get(&dom::window(), &"hbPosters".into()).ok()?;
    let promise = fetch.dyn_into::<Function>().ok()?.call0(&JsValue::NULL).ok()?;
    JsFuture::from(promise.dyn_into::<Promise>().ok()?).await.ok()?.as_string()
}

/// One of them.
fn poster<'a>(all: &'a str, id: &str) -> Option<&'a str> {
    let (_, after) = all.split_once(&format!("<!-- {id} -->\n"))?;
    after.split("<!-- ").next()
}

#[derive(Properties, PartialEq)]
struct MiniProps {
    id: &'static str,
    posters: Option<Rc<str>>,
}

/// A scene's own first run, at a telling moment, standing still.
#[component]
fn Mini(props: &MiniProps) -> Html {
    let place = use_node_ref();
    {
        let (place, id) = (place.clone(), props.id);
        use_effect_with(props.posters.clone(), move |all| {
            let (Some(place), Some(all)) = (place.cast::<Element>(), all) else { return };
            place.set_inner_html(poster(all, id).unwrap_or_default());
        });
    }
    html! { <div class="mini" aria-hidden="true" ref={place}></div> }
}

//! The list of scenes.

use super::bar::{Bar, Place};
use super::dom::{self, Listener};
use super::find::Find;
use super::frame::Ask;
use happened_before::protocols::{SceneEntry, sections};
use js_sys::{Function, Promise};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Element, HtmlInputElement, KeyboardEvent};
use yew::prelude::*;

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
    let finding = use_state(|| false);
    let find = {
        let finding = finding.clone();
        Callback::from(move |()| finding.set(true))
    };
    let close = {
        let finding = finding.clone();
        Callback::from(move |ask: Ask| {
            if matches!(ask, Ask::Dialog(None)) {
                finding.set(false);
            }
        })
    };
    {
        let finding = finding.clone();
        use_effect_with((), move |()| {
            let keys = Listener::new(&dom::document(), "keydown", move |e| {
                let Some(key) = e.dyn_ref::<KeyboardEvent>() else { return };
                let named = key.key() == "/" && !key.ctrl_key();
                let typing = key.target().is_some_and(|t| t.has_type::<HtmlInputElement>());
                match key.key().as_str() {
                    "Escape" => finding.set(false),
                    "k" if key.ctrl_key() || key.meta_key() => finding.set(true),
                    _ if named && !typing => finding.set(true),
                    _ => return,
                }
                e.prevent_default();
            });
            move || drop(keys)
        });
    }
    html! {
        <div class="page-home">
            <Bar place={Place::Home} on_find={find} />
            if *finding {
                <Find ask={close} />
            }
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
                <div class="families">
                    { for sections().into_iter().map(|f| family(f, &all)) }
                    <section class="family of-2 yours">
                        <h2>{ "Yours" }</h2>
                        <ul>
                            { tool("#import", "Import a trace", "See the causes in your own logs.") }
                            { tool("#board", "Blackboard", "Draw events, get their order.") }
                        </ul>
                    </section>
                </div>
            </main>
        </div>
    }
}

fn tool(href: &'static str, title: &'static str, line: &'static str) -> Html {
    html! { <li><a class="scene-card" {href}><strong>{ title }</strong><span>{ line }</span></a></li> }
}

fn family((name, scenes): (&'static str, Vec<&'static SceneEntry>), all: &Option<Rc<str>>) -> Html {
    let card = |scene: &&'static SceneEntry| {
        html! {
            <li>
                <a class="scene-card" href={format!("#{}", scene.id)}>
                    <Mini id={scene.id} posters={all.clone()} />
                    <strong>{ scene.title }</strong>
                    <span>{ scene.line }</span>
                </a>
            </li>
        }
    };
    html! {
        <section class={format!("family of-{}", scenes.len())}>
            <h2>{ name }</h2>
            <ul>{ for scenes.iter().map(card) }</ul>
        </section>
    }
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

/// A scene's opening at its telling moment, standing still.
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
    html! { <div class="mini" ref={place}></div> }
}

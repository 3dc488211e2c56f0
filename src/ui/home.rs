//! The list of scenes.

use super::app;
use super::bar::{Bar, Place};
use super::model::Model;
use super::picture::Picture;
use happened_before::protocols::{CATALOG, Scene};
use happened_before::scene::Size;
use happened_before::scene::stage::Stage;
use web_sys::Element;
use yew::prelude::*;

/// Families in the order in which the catalogue first names them.
fn families() -> Vec<(&'static str, Vec<&'static Scene>)> {
    let mut all: Vec<(&str, Vec<&Scene>)> = Vec::new();
    for scene in CATALOG {
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
                <div class="families">{ for families().into_iter().map(family) }</div>
            </main>
        </div>
    }
}

fn family((name, scenes): (&'static str, Vec<&'static Scene>)) -> Html {
    let card = |scene: &&'static Scene| {
        html! {
            <li>
                <a class="scene-card" href={format!("#{}", scene.id)}>
                    <Mini id={scene.id} />
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
fn kit(scene: &Scene) -> String {
    let published = scene.stories.iter().filter(|s| s.source.is_some()).count();
    let all = [
        (scene.stories.len() - published, "story", "stories"),
        (published, "re-enactment", "re-enactments"),
        (scene.challenges.len(), "challenge", "challenges"),
    ];
    let some = all.into_iter().filter(|(n, ..)| *n > 0);
    let words = some.map(|(n, one, many)| format!("{n} {}", if n == 1 { one } else { many }));
    words.collect::<Vec<_>>().join(", ")
}

/// Steps into the first thing worth seeing at which a scene's small picture is taken.
const MOMENT: u32 = 12;

#[derive(Properties, PartialEq)]
struct MiniProps {
    id: &'static str,
}

/// A scene's own first run, at a telling moment, standing still.
#[component]
fn Mini(props: &MiniProps) -> Html {
    let svg = use_node_ref();
    {
        let (svg, id) = (svg.clone(), props.id);
        use_effect_with((), move |()| {
            let (Some(svg), Ok(mut model)) = (svg.cast::<Element>(), Model::fresh(app::first(id)))
            else {
                return;
            };
            model = model.arrive();
            model.seek_interesting(true);
            model = model.arrive();
            for _ in 0..MOMENT {
                model.step(1);
            }
            let mut stage = Stage::new(&model.view, model.scene.layout, Size::px(230, 190));
            stage.observer = false;
            let mut picture = Picture::still(svg);
            picture.show(stage.scene(model.session.time()));
        });
    }
    html! { <div class="mini" aria-hidden="true"><svg class="scene" ref={svg}></svg></div> }
}

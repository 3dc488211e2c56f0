//! The list of scenes.

use super::bar::{Bar, Place};
use happened_before::protocols::{CATALOG, Scene};
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
                { for families().into_iter().map(family) }
            </main>
        </div>
    }
}

fn family((name, scenes): (&'static str, Vec<&'static Scene>)) -> Html {
    let card = |scene: &&'static Scene| {
        html! {
            <li>
                <a class="scene-card" href={format!("#{}", scene.id)}>
                    <strong>{ scene.title }</strong>
                    <span>{ scene.line }</span>
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

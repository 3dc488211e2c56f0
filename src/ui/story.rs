//! The panel of the story that is told: its words, its question, and the way on.

use super::frame::{Ask, Look};
use super::glyphs::{self, sign};
use super::model::{Model, Pick};
use super::rail::knob_row;
use super::tale::Tell;
use happened_before::core::view::WorldView;
use happened_before::stories::telling::{Phase, Telling, WordPart};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct StoryProps {
    pub look: Look,
    pub ask: Callback<Ask>,
    pub playing: bool,
}

#[component]
pub fn StoryPanel(props: &StoryProps) -> Html {
    let model = props.look.0.model.borrow();
    let Some(tale) = &model.tale else { return html! {} };
    let telling = &tale.telling;
    let ask = &props.ask;
    let button = |id: &'static str, name: &'static str, tell: Tell, on: bool| {
        let press = ask.reform(move |_: MouseEvent| Ask::Tell(tell));
        let class = if id == "story-next" { "verb next" } else { "verb" };
        html! { <button {class} {id} disabled={!on} onclick={press}>{ name }</button> }
    };
    let end = ask.reform(|_: MouseEvent| Ask::Tell(Tell::End));
    let steps = telling.story.steps.len();
    let next = match telling.phase {
        Phase::Asked => "Skip the question",
        Phase::Running => "Skip ahead",
        Phase::Done => "Next",
    };
    html! {
        <section class="story" id="story" aria-label="Story" data-phase={format!("{:?}", telling.phase)}>
            <header>
                <h2>{ telling.story.title }</h2>
                <span class="small mono">{ format!("{}/{steps}", telling.step + 1) }</span>
                <button class="quiet icon" id="story-end" aria-label="End the story" title="End the story" onclick={end}>
                    { sign(glyphs::CLOSE) }
                </button>
            </header>
            if tale.left {
                <p class="notice" role="alert">{ "You are on a branch of your own." }</p>
                <div class="verbs">{ button("story-return", "Back to the story", Tell::Return, true) }</div>
            } else {
                <div aria-live="polite">
                    <p class="words">{ words(telling, &model.view, telling.now().text, ask) }</p>
                    { question(telling, &model.view, ask) }
                </div>
                { unlocked(&model, telling, ask) }
                <div class="verbs">
                    { button("story-back", "Back", Tell::Previous, telling.step > 0) }
                    if telling.is_over() {
                        { button("story-next", "Done", Tell::End, true) }
                    } else {
                        { button("story-next", next, Tell::Next, true) }
                    }
                </div>
                if let Some(source) = telling.story.source {
                    <p class="small">{ source }</p>
                }
            }
        </section>
    }
}

/// Words in which nodes are underlined in their own colour; pressing one selects it.
fn words(telling: &Telling, view: &WorldView, text: &str, ask: &Callback<Ask>) -> Html {
    let part = |part: WordPart| match part {
        WordPart::Text(text) => html! { text },
        WordPart::Node(id, name) => {
            let epoch = view.nodes.get(id.at()).and_then(|n| n.look.epoch);
            let hue = epoch.map(|e| format!("epoch-{}", e % 8));
            let press = ask.reform(move |_: MouseEvent| Ask::Pick(Some(Pick::Node(id))));
            html! { <button class={classes!("noun", hue)} onclick={press}>{ name }</button> }
        }
    };
    telling.words(view, text).into_iter().map(part).collect()
}

/// The same without anything to press, for what is pressed itself or stands in a sentence.
fn plain(telling: &Telling, view: &WorldView, text: &str) -> Html {
    let part = |part: WordPart| match part {
        WordPart::Text(text) => html! { text },
        WordPart::Node(_, name) => html! { <b class="mono">{ name }</b> },
    };
    telling.words(view, text).into_iter().map(part).collect()
}

/// The question with its options, and once it has run what came true.
fn question(telling: &Telling, view: &WorldView, ask: &Callback<Ask>) -> Html {
    let Some(question) = telling.now().ask else { return html! {} };
    let open = telling.phase == Phase::Asked;
    let answer = telling.answer();
    let option = |(i, (name, _)): (usize, &(&'static str, &'static str))| {
        let press = ask.reform(move |_: MouseEvent| Ask::Tell(Tell::Choose(i)));
        let class = classes!("verb", (answer == Some(i)).then_some("true"));
        html! {
            <li><button {class} disabled={!open} aria-pressed={(telling.chosen == Some(i)).to_string()}
                onclick={press}><span>{ plain(telling, view, name) }</span></button></li>
        }
    };
    let said = answer.map(|right| {
        let happened = plain(telling, view, question.options[right].0);
        match telling.chosen {
            Some(chosen) if chosen == right => {
                html! { <p class="good">{ "✓ Right: " }{ happened }{ "." }</p> }
            }
            Some(_) => html! { <p class="bad">{ "✗ Not quite: " }{ happened }{ "." }</p> },
            None => html! { <p class="soft">{ happened }{ "." }</p> },
        }
    });
    html! {
        <div class="question" role="group" aria-label="Question">
            <p>{ words(telling, view, question.question, ask) }</p>
            <ul>{ for question.options.iter().enumerate().map(option) }</ul>
            { said.unwrap_or_default() }
        </div>
    }
}

/// The knobs that the story has come to.
fn unlocked(model: &Model, telling: &Telling, ask: &Callback<Ask>) -> Html {
    let knobs = telling.unlocked().filter_map(|id| model.info.knobs.iter().find(|k| k.id == id));
    let rows: Vec<Html> = knobs.map(|knob| knob_row(model, knob, ask)).collect();
    if rows.is_empty() || telling.phase != Phase::Done {
        return html! {};
    }
    html! { <div class="unlocked"><p class="small">{ "Turn these and see." }</p>{ for rows }</div> }
}

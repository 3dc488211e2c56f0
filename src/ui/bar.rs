//! The top bar.

use super::glyphs::{self, sign};
use super::theme;
use happened_before::protocols::Scene;
use yew::prelude::*;

/// Where the reader is.
#[derive(Clone, Copy, PartialEq)]
pub enum Place {
    /// The list of scenes.
    Home,
    /// A scene, with the title and version of its parameters.
    Scene(&'static str),
    /// A tool, with its title.
    Tool(&'static str),
}

#[derive(Properties, PartialEq)]
pub struct BarProps {
    pub place: Place,
    #[prop_or_default]
    pub preset: String,
    /// A rule is left out.
    #[prop_or_default]
    pub broken: bool,
    #[prop_or_default]
    pub on_find: Callback<()>,
    #[prop_or_default]
    pub on_share: Callback<()>,
    #[prop_or_default]
    pub on_sheet: Callback<()>,
    #[prop_or_default]
    pub on_help: Callback<()>,
}

/// Wordmark, place, theme, share, help.
#[component]
pub fn Bar(props: &BarProps) -> Html {
    let dark = use_state(theme::is_dark);
    let toggle = {
        let dark = dark.clone();
        Callback::from(move |_: MouseEvent| {
            theme::toggle();
            dark.set(theme::is_dark());
        })
    };
    let scene = match props.place {
        Place::Home | Place::Tool(_) => None,
        Place::Scene(id) => happened_before::protocols::scene(id).ok(),
    };
    html! {
        <header class="topbar">
            <a class="wordmark" href="#" aria-label="Happened Before, all scenes">
                { glyphs::wordmark() }<span>{ "Happened Before" }</span>
            </a>
            { for scene.map(|s| crumbs(s, props)) }
            if let Place::Tool(title) = props.place {
                <nav class="crumbs" aria-label="Place"><h1>{ title }</h1></nav>
            }
            <div class="bar-end">
                if scene.is_some() || props.place == Place::Home {
                    <button class="find-box" id="find-open" aria-label="Search: scenes, systems, faults, stories"
                        onclick={props.on_find.reform(|_: MouseEvent| ())}>
                        <span aria-hidden="true">{ "Scenes, systems, faults, stories" }</span><kbd aria-hidden="true">{ "/" }</kbd>
                    </button>
                }
                <button class="quiet icon" onclick={toggle} title="Light or dark"
                    aria-label={if *dark { "Light theme" } else { "Dark theme" }}>
                    { sign(glyphs::THEME) }
                </button>
                if scene.is_some() {
                    <button class="quiet strong" id="share" onclick={props.on_share.reform(|_: MouseEvent| ())}>
                        { "Share" }
                    </button>
                    <button class="quiet" id="sheet-open" onclick={props.on_sheet.reform(|_: MouseEvent| ())}>
                        { "Export" }
                    </button>
                    <button class="quiet icon" id="help-open" title="Keys and gestures" aria-label="Help"
                        onclick={props.on_help.reform(|_: MouseEvent| ())}>
                        <kbd>{ "?" }</kbd>
                    </button>
                }
            </div>
        </header>
    }
}

fn crumbs(scene: &'static Scene, props: &BarProps) -> Html {
    let class = classes!("preset-chip", props.broken.then_some("broken-rule"));
    html! {
        <nav class="crumbs" aria-label="Place">
            <span class="soft wide-only">{ scene.family }</span>
            <span class="soft wide-only" aria-hidden="true">{ "/" }</span>
            <h1>{ scene.title }</h1>
            if !props.preset.is_empty() {
                <span {class}>{ &props.preset }</span>
            }
        </nav>
    }
}

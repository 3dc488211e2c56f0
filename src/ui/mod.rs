//! The Yew front end.
use yew::prelude::*;

#[component]
fn App() -> Html {
    html! { <main>{ "Happened Before" }</main> }
}

/// Mounts the page.
pub fn start() {
    yew::Renderer::<App>::new().render();
}

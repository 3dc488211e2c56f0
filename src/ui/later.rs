//! Parts of the page that are fetched when they are first shown.
//!
//! Built with the feature `on-demand` (the production page) each part is a file of its own, with all
//! the code that nothing else reaches; in every other build all parts are at hand. Only this module
//! may name the components of a part: whatever the page reaches without it is fetched before the page
//! starts.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew::virtual_dom::VComp;

/// Draws a part that is at hand.
type Draw<P> = fn(Rc<P>) -> Html;
/// Fetches a part; whether it came.
type Fetch = fn() -> Pin<Box<dyn Future<Output = bool>>>;

macro_rules! parts {
    ($($(#[$about:meta])* $name:ident: $component:ident($props:ident) of $module:ident, $title:literal;)*) => {
        $(use super::$module::{$component, $props};)*

        #[cfg(feature = "on-demand")]
        mod cut {
            use super::*;
            use wasm_split_helpers::{SplitLoaderError, wasm_split};
            $(
                #[wasm_split($name, fallible)]
                pub fn $name() -> Result<Draw<$props>, SplitLoaderError> {
                    Ok(|props| VComp::new::<$component>(props, None).into())
                }
            )*
        }

        /// Fetches what has not come yet, so that it is there without the network when it is asked
        /// for. A part that does not come now is fetched again when it is shown.
        pub fn fetch_all() {
            #[cfg(feature = "on-demand")]
            spawn_local(async { $(_ = cut::$name().await;)* });
        }

        $(
            $(#[$about])*
            pub fn $name(props: $props) -> Html {
                thread_local!(static HERE: Cell<Option<Draw<$props>>> = const { Cell::new(None) });
                #[cfg(feature = "on-demand")]
                let fetch: Fetch = || Box::pin(async {
                    let draw = cut::$name().await.ok();
                    HERE.set(draw);
                    draw.is_some()
                });
                #[cfg(not(feature = "on-demand"))]
                let fetch: Fetch = || Box::pin(async {
                    HERE.set(Some(|props| VComp::new::<$component>(props, None).into()));
                    true
                });
                let props = Rc::new(props);
                let draw = DrawPart(Rc::new(move || HERE.get().map(|draw| draw(props.clone()))));
                html! { <PagePart title={$title} fetch={Get(fetch)} {draw} /> }
            }
        )*
    };
}

parts! {
    /// Executions that others recorded.
    page_import: Imported(ImportProps) of import, "The page for recorded executions";
    /// The blackboard.
    page_board: Blackboard(BoardProps) of blackboard, "The blackboard";
    /// What can be taken away: pictures, films, journals.
    page_sheet: Sheet(SheetProps) of sheet, "The list of what can be exported";
    /// Looks for a run that breaks something.
    page_search: SearchPanel(SearchProps) of search, "The search";
    /// All that hands and keys can do.
    page_help: Help(HelpProps) of help, "The help";
}

/// How a part is fetched: for one part always the same.
#[derive(Clone, Copy)]
struct Get(Fetch);

impl PartialEq for Get {
    fn eq(&self, _: &Get) -> bool {
        true
    }
}

/// The part with its properties, once it is at hand.
#[derive(Clone)]
struct DrawPart(Rc<dyn Fn() -> Option<Html>>);

impl PartialEq for DrawPart {
    fn eq(&self, other: &DrawPart) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Properties, PartialEq)]
struct PagePartProps {
    /// Begins a sentence.
    title: &'static str,
    fetch: Get,
    draw: DrawPart,
}

enum Msg {
    Ask,
    Came(bool),
}

/// A part, or what is said while it is fetched.
struct PagePart {
    failed: bool,
}

impl Component for PagePart {
    type Message = Msg;
    type Properties = PagePartProps;

    fn create(ctx: &Context<Self>) -> Self {
        ctx.link().send_message(Msg::Ask);
        PagePart { failed: false }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Ask => {
                self.failed = false;
                let (coming, link) = ((ctx.props().fetch.0)(), ctx.link().clone());
                spawn_local(async move { link.send_message(Msg::Came(coming.await)) });
            }
            Msg::Came(whole) => self.failed = !whole,
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let title = ctx.props().title;
        if let Some(part) = (ctx.props().draw.0)() {
            return part;
        }
        if !self.failed {
            return html! { <p class="fetching" role="status">{ format!("{title} is being fetched.") }</p> };
        }
        let again = ctx.link().callback(|_: MouseEvent| Msg::Ask);
        html! {
            <div class="fetching" role="alert">
                <p>{ format!("{title} could not be fetched: check the connection, then try again.") }</p>
                <button class="verb" onclick={again}>{ "Try again" }</button>
            </div>
        }
    }
}

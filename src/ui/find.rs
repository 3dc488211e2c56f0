//! One box for going somewhere: moments in words and events of the run that is shown; and of the whole
//! field guide its scenes, systems, stories, published runs, challenges and claims.

use super::dom;
use super::frame::{Ask, Look};
use super::model::Model;
use super::tale::Tell;
use super::words;
use happened_before::protocols::closest;
use happened_before::stories::seek;
use js_sys::{Function, Promise};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::KeyboardEvent;
use yew::prelude::*;

/// Rows of each kind at most.
const MOST: usize = 8;
/// Events looked through at most, from the last.
const MOST_EVENTS: usize = 20_000;

#[derive(Properties, PartialEq)]
pub struct FindProps {
    /// The run that is shown, if one is.
    #[prop_or_default]
    pub look: Option<Look>,
    pub ask: Callback<Ask>,
}

/// What a row does.
#[derive(Clone, PartialEq)]
enum RowAction {
    Goal(String),
    Event(u64),
    Story(&'static str),
    Address(String),
}

/// A row: its kind, its words.
#[derive(Clone, PartialEq)]
struct FoundRow {
    kind: AttrValue,
    words: String,
    way: RowAction,
}

#[component]
pub fn Find(props: &FindProps) -> Html {
    let typed = use_state(String::new);
    let at = use_state(|| 0usize);
    use_effect_with((), |()| {
        dom::focus("#find");
        || dom::focus("#until")
    });
    let guide = use_state(|| None::<Rc<str>>);
    {
        let guide = guide.clone();
        use_effect_with((), move |()| {
            spawn_local(async move { guide.set(index().await.map(Rc::from)) });
        });
    }
    let mut rows = match &props.look {
        Some(look) => rows(&look.0.model.borrow(), &typed),
        None => Vec::new(),
    };
    rows.extend(of_guide(guide.as_deref().unwrap_or_default(), &typed, props.look.is_none()));
    let chosen = (*at).min(rows.len().saturating_sub(1));
    let go = {
        let ask = props.ask.clone();
        Callback::from(move |way: RowAction| {
            ask.emit(Ask::Dialog(None));
            match way {
                RowAction::Goal(text) => ask.emit(Ask::Goal(text)),
                RowAction::Event(step) => ask.emit(Ask::Visit(step)),
                RowAction::Story(id) => ask.emit(Ask::Tell(Tell::Begin(id))),
                RowAction::Address(address) => _ = dom::window().location().set_hash(&address),
            }
        })
    };
    let input = {
        let (typed, at) = (typed.clone(), at.clone());
        Callback::from(move |e: InputEvent| {
            typed.set(dom::value_of(&e));
            at.set(0);
        })
    };
    let key = {
        let (at, rows, go, typed) = (at.clone(), rows.clone(), go.clone(), typed.clone());
        Callback::from(move |e: KeyboardEvent| {
            let by: i32 = match e.key().as_str() {
                "ArrowDown" => 1,
                "ArrowUp" => -1,
                "Enter" => {
                    e.prevent_default();
                    let text = typed.trim().to_string();
                    match rows.get(chosen) {
                        Some(row) => go.emit(row.way.clone()),
                        None if !text.is_empty() => go.emit(RowAction::Goal(text)),
                        None => {}
                    }
                    return;
                }
                _ => return,
            };
            e.prevent_default();
            let count = rows.len().max(1) as i32;
            at.set((chosen as i32 + by).rem_euclid(count) as usize);
        })
    };
    let row = |(i, row): (usize, &FoundRow)| {
        let (go, way) = (go.clone(), row.way.clone());
        html! {
            <li id={format!("found-{i}")} role="option" aria-selected={(i == chosen).to_string()}
                onclick={move |_: MouseEvent| go.emit(way.clone())}>
                <span class="small">{ row.kind.clone() }</span><span>{ &row.words }</span>
            </li>
        }
    };
    let close = props.ask.reform(|_: MouseEvent| Ask::Dialog(None));
    html! {
        <div class="veil">
            <div class="dialog find" role="dialog" aria-modal="true" aria-label="Go to">
                <input id="find" role="combobox" autocomplete="off" spellcheck="false"
                    aria-expanded="true" aria-controls="found" aria-autocomplete="list"
                    aria-activedescendant={(!rows.is_empty()).then(|| format!("found-{chosen}"))}
                    aria-label="Until, or what to find"
                    placeholder={match props.look {
                        Some(_) => "next leader change, 1.2s, a rule, a system, a story",
                        None => "Scenes, systems, stories, challenges",
                    }}
                    value={(*typed).clone()} oninput={input} onkeydown={key} />
                <ul id="found" role="listbox" aria-label="Found">{ for rows.iter().enumerate().map(row) }</ul>
                if rows.is_empty() {
                    <p class="small" role="status">{ match props.look {
                        Some(_) => "Nothing of that name. Enter waits until it is true.",
                        None => "Nothing of that name.",
                    } }</p>
                }
                <button class="quiet icon close" aria-label="Close" onclick={close}>
                    { super::glyphs::sign(super::glyphs::CLOSE) }
                </button>
            </div>
        </div>
    }
}

/// What can be gone to: a line each, its kind, its words, its address. It is fetched with the first
/// search.
async fn index() -> Option<String> {
    let fetch = js_sys::Reflect::get(&dom::window(), &"hbSearch".into()).ok()?;
    let promise = fetch.dyn_into::<Function>().ok()?.call0(&JsValue::NULL).ok()?;
    JsFuture::from(promise.dyn_into::<Promise>().ok()?).await.ok()?.as_string()
}

/// Rows of the whole guide: what holds all that is typed, or else the scene that was meant.
fn of_guide(guide: &str, typed: &str, alone: bool) -> Vec<FoundRow> {
    let wanted: Vec<String> = typed.to_lowercase().split_whitespace().map(String::from).collect();
    let row = |line: &str| {
        let mut parts = line.split('\t');
        let (kind, words, address) = (parts.next()?, parts.next()?, parts.next()?);
        let way = RowAction::Address(format!("#{address}"));
        Some(FoundRow { kind: kind.to_string().into(), words: words.into(), way })
    };
    if wanted.is_empty() {
        let scenes = guide.lines().filter(|l| alone && l.starts_with("scene\t"));
        return scenes.filter_map(row).collect();
    }
    let found = guide.lines().filter(|l| holds(l, &wanted)).filter_map(row).take(3 * MOST);
    let found: Vec<FoundRow> = found.collect();
    if found.is_empty()
        && let Some(entry) = closest(typed.trim())
    {
        let way = RowAction::Address(format!("#{}", entry.id));
        return vec![FoundRow { kind: "scene".into(), words: entry.title.into(), way }];
    }
    found
}

/// Does a text hold all these words?
fn holds(text: &str, wanted: &[String]) -> bool {
    let text = text.to_lowercase();
    wanted.iter().all(|w| text.contains(w.as_str()))
}

fn rows(model: &Model, typed: &str) -> Vec<FoundRow> {
    let wanted: Vec<String> = typed.to_lowercase().split_whitespace().map(String::from).collect();
    let mut rows = Vec::new();
    let phrases = seek::phrases(&model.view, model.info.landmarks);
    let known = phrases.iter().any(|p| p.eq_ignore_ascii_case(typed.trim()));
    if !wanted.is_empty() && !known && seek::read(&model.session, &model.info, typed).is_ok() {
        let words = typed.trim().to_string();
        rows.push(FoundRow { kind: "until".into(), way: RowAction::Goal(words.clone()), words });
    }
    let until = phrases.into_iter().filter(|p| holds(p, &wanted)).take(MOST);
    rows.extend(until.map(|words| FoundRow {
        kind: "until".into(),
        way: RowAction::Goal(words.clone()),
        words,
    }));
    for story in model.scene.stories.iter().filter(|s| holds(s.title, &wanted)) {
        let kind = if story.source.is_some() { "published run" } else { "story" };
        rows.push(FoundRow {
            kind: kind.into(),
            words: story.title.into(),
            way: RowAction::Story(story.id),
        });
    }
    if !wanted.is_empty() {
        let events = model.session.trace().events.iter().rev().take(MOST_EVENTS);
        let found = events.filter_map(|e| {
            let words = format!("{} {}", words::seconds(e.at), words::line(model, e));
            holds(&words, &wanted).then_some(FoundRow {
                kind: "event".into(),
                words,
                way: RowAction::Event(e.step),
            })
        });
        rows.extend(found.take(2 * MOST));
    }
    rows
}

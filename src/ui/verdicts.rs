//! One pill per property, and the run in a line.

use super::frame::{Ask, Look, Panel};
use super::model::{Model, Pick};
use super::words;
use happened_before::core::protocol::PropertyKind;
use happened_before::core::view::Verdict;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct VerdictProps {
    pub look: Look,
    pub ask: Callback<Ask>,
    pub pick: Option<Pick>,
    /// The lists are folded.
    pub lists: bool,
}

#[component]
pub fn Verdicts(props: &VerdictProps) -> Html {
    let model = props.look.0.model.borrow();
    let pill = |i: usize| pill(&model, i, props);
    let (holds, broken, open, off) = tally(&model);
    // What is broken or open has a name of its own; of the rest a number will do.
    let unfolded = use_state(|| false);
    let toggle = {
        let unfolded = unfolded.clone();
        Callback::from(move |_: MouseEvent| unfolded.set(!*unfolded))
    };
    let says = |i: &usize| {
        let v = &model.view.verdicts[*i];
        v.violation.is_some() || v.undecided && v.promised || props.pick == Some(Pick::Property(*i))
    };
    let (loud, quiet): (Vec<usize>, Vec<usize>) = (0..model.view.verdicts.len()).partition(says);
    let folded = match (quiet.iter().filter(|i| is_good(&model, **i)).count(), quiet.len()) {
        (good, all) if good == all => format!("{good} hold"),
        (0, all) => format!("{all} open"),
        (good, all) => format!("{good} hold, {} open", all - good),
    };
    let setup = &model.session.setup;
    let lists = props.ask.reform(|_: MouseEvent| Ask::Fold(Panel::Lists));
    html! {
        <footer class="verdicts">
            <p class="tally">
                if broken > 0 { <span class="bad">{ format!("✗ {broken} violated") }</span> }
                <span class="good">{ format!("✓ {holds} hold") }</span>
                if open > 0 { <span class="undecided">{ format!("? {open} open") }</span> }
                if off > 0 { <span class="undecided">{ format!("○ {off} not asked for") }</span> }
            </p>
            <ul class="pills" aria-label="Properties">
                { for loud.into_iter().map(pill) }
                if !quiet.is_empty() {
                    <li>
                        <button class="pill good" id="holds" aria-expanded={unfolded.to_string()} onclick={toggle}>
                            <span aria-hidden="true">{ "✓" }</span>{ folded }
                        </button>
                    </li>
                }
                if *unfolded { { for quiet.into_iter().map(pill) } }
            </ul>
            <button class="quiet lists-toggle" id="lists" aria-expanded={(!props.lists).to_string()} onclick={lists}>
                { "Events and state" }
            </button>
            <p class="stamp mono">
                { format!("seed {} · {} · {}", setup.seed, words::count(model.session.cursor(), "event"),
                    digest(model.session.digest())) }
            </p>
        </footer>
    }
}

/// `9f3c 21ab`.
fn digest(digest: u64) -> String {
    let text = format!("{:08x}", digest >> 32);
    format!("{} {}", &text[..4], &text[4..])
}

/// How many hold, are violated, are open, are not promised.
fn tally(model: &Model) -> (usize, usize, usize, usize) {
    let broken = model.view.verdicts.iter().filter(|v| v.violation.is_some()).count();
    let live =
        |id| model.info.properties.iter().any(|p| p.id == id && p.kind == PropertyKind::Liveness);
    let is_open = |v: &&Verdict| v.violation.is_none() && (v.undecided || live(v.property));
    let open = model.view.verdicts.iter().filter(is_open).count();
    let off = model.view.verdicts.iter().filter(|v| is_off(v)).count();
    (model.view.verdicts.len() - broken - open - off, broken, open, off)
}

/// Nobody asks for it, and so far nothing has broken it: that says little.
fn is_off(v: &Verdict) -> bool {
    v.violation.is_none() && !v.promised
}

/// It holds so far, and could have been broken.
fn is_good(model: &Model, i: usize) -> bool {
    let v = &model.view.verdicts[i];
    let live = model.info.properties.get(i).is_some_and(|p| p.kind == PropertyKind::Liveness);
    v.violation.is_none() && !live && v.promised && !v.undecided
}

fn pill(model: &Model, i: usize, props: &VerdictProps) -> Html {
    let verdict = &model.view.verdicts[i];
    let live = model.info.properties.get(i).is_some_and(|p| p.kind == PropertyKind::Liveness);
    let (class, sign, how) = match (&verdict.violation, live) {
        (Some(v), _) => ("pill bad", "✗", format!("violated at {}", words::seconds(v.at))),
        (None, true) => ("pill undecided", "?", "open: a finite run cannot refute it".into()),
        (None, _) if is_off(verdict) => {
            ("pill off", "○", "not asked for; nothing has broken it so far".into())
        }
        (None, _) if verdict.undecided => {
            ("pill undecided", "?", "open: too many operations to judge".into())
        }
        (None, false) => (
            "pill good",
            "✓",
            format!("holds in {} checked", words::count(verdict.checked, "state")),
        ),
    };
    let ask = props.ask.clone();
    let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Pick(Some(Pick::Property(i)))));
    let pressed = props.pick == Some(Pick::Property(i));
    html! {
        <li>
            <button {class} title={how.clone()} aria-pressed={pressed.to_string()} onclick={press}
                data-property={verdict.property}>
                <span aria-hidden="true">{ sign }</span>
                { verdict.title }
                <span class="unseen">{ format!(", {how}") }</span>
            </button>
        </li>
    }
}

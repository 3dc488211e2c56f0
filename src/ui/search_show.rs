//! A run that a search found, on the stage: a branch of the run that is shown, or of one like it,
//! and its steps in words.

use super::desk::Desk;
use super::dom;
use super::frame::{Ask, Look};
use super::model::{Model, sentence};
use super::words;
use happened_before::core::action::{Action, Entry};
use happened_before::core::view::{Event, What};
use happened_before::share::link::Link;
use yew::prelude::*;

/// The name of a branch that breaks something.
pub const COUNTER_EXAMPLE: &str = "counter-example";
/// The name of a branch that solves a challenge.
pub const SOLUTION: &str = "solution";
/// Between the start of what is shown and its first intervention, in microseconds.
const LEAD: u64 = 20_000;
/// Most steps told.
const MOST_TOLD: usize = 80;

/// Shows a run as a branch of this name, from before its first intervention, playing. Where its
/// settings are not those on the screen, the run without interventions is opened beside it.
pub fn show(desk: &Desk, link: &Link, name: &'static str) {
    let mut model = desk.model.borrow_mut();
    if let Err(why) = graft(&mut model, link, name) {
        model.notice = Some(sentence(&why));
    }
    model.revision += 1;
}

fn graft(model: &mut Model, link: &Link, name: &str) -> Result<(), String> {
    let (mut session, other) = match model.session.setup == link.setup {
        true => (model.session.copy(), None),
        false => {
            let fresh = Model::open(&Link::new(link.setup.clone(), Vec::new()))?.arrive();
            (fresh.session.copy(), Some(fresh))
        }
    };
    session.set_gradual(true);
    session.graft(name, link.journal.clone());
    let still = link.journal.first().is_some_and(|e| e.action == Action::Manual(true));
    let first = link.journal.get(usize::from(still)).map_or(0, |e| e.at);
    // Once to its end, so that all of it is known; then back.
    session.seek(link.cursor);
    model.go(session, move |m, session| {
        match other {
            None => {
                let before = m.snapshot();
                m.past_push(before);
            }
            Some(fresh) => take(m, fresh),
        }
        if let Some(tale) = &mut m.tale {
            tale.left = true;
        }
        m.session = session;
        m.anew();
        m.pick = None;
        m.follows = true;
        m.playing = !dom::still();
        m.seek_time(first.saturating_sub(LEAD));
    });
    if let Ok(Some(rail)) = dom::document().query_selector(".rail-body") {
        rail.set_scroll_top(0);
    }
    Ok(())
}

/// Opens a run in which nothing happens by itself, at its beginning.
pub fn stand_still(desk: &Desk, mut link: Link) {
    let mut model = desk.model.borrow_mut();
    link.journal = vec![Entry { at: 0, action: Action::Manual(true) }];
    match Model::open(&link) {
        Ok(fresh) => model.when_there(fresh, |m, fresh| {
            take(m, fresh);
            m.session.advance_to(1_000, u64::MAX);
            m.playing = false;
            m.refresh();
        }),
        Err(why) => model.notice = Some(sentence(&why)),
    }
}

/// Another run in place of this one; undo, and "back" in the browser, lead back.
fn take(model: &mut Model, fresh: Model) {
    let home = model.snapshot();
    model.replace(fresh);
    model.keep_story(home);
}

/// The steps worth telling of a branch that a search made; none for any other branch. What the
/// branch came to is its last step.
fn steps(model: &Model) -> Vec<&Event> {
    let branch = model.session.branch();
    if branch.name != COUNTER_EXAMPLE && branch.name != SOLUTION {
        return Vec::new();
    }
    let vain = |e: &&Event| matches!(e.what, What::Ignored { .. });
    let acts = |e: &&Event| !vain(e) && (e.forced || matches!(e.what, What::Act(_)));
    let time = |e: &&Event| !matches!(&e.what, What::Act(a) if **a == Action::Manual(true));
    let events = &branch.trace.events;
    let last_act = events.iter().rev().find(acts).map_or(0, |e| e.step);
    let end = events.iter().find(|e| !e.broken.is_empty()).map_or(last_act, |e| e.step);
    let told = |e: &&Event| e.step <= end && time(e) && (acts(e) || model.is_interesting(e));
    let all = events.iter().filter(|e| !(e.what == What::Boot && e.at == 0));
    let mut all: Vec<&Event> = all.filter(told).collect();
    if all.len() > MOST_TOLD {
        all.drain(..all.len() - MOST_TOLD);
    }
    all
}

#[derive(Properties, PartialEq)]
pub struct ShownProps {
    pub look: Look,
    pub ask: Callback<Ask>,
}

/// The branch that a search made, step by step; the step under the cursor is marked, a press leads
/// to one. It stops where the branch has shown what it is there for.
pub struct Shown {
    /// It has not come to its end yet.
    ahead: bool,
}

impl Component for Shown {
    type Message = ();
    type Properties = ShownProps;

    fn create(_: &Context<Self>) -> Self {
        Shown { ahead: false }
    }

    fn changed(&mut self, ctx: &Context<Self>, _: &ShownProps) -> bool {
        let model = ctx.props().look.0.model.borrow();
        if let Some(end) = steps(&model).last().map(|e| e.step) {
            let ahead = model.session.cursor() < end;
            if self.ahead && !ahead && model.playing {
                ctx.props().ask.emit(Ask::Seek(end));
            }
            self.ahead = ahead;
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let model = ctx.props().look.0.model.borrow();
        let steps = steps(&model);
        let Some(end) = steps.last() else { return html! {} };
        let here = model.session.cursor();
        let now = steps.iter().rev().find(|e| e.step <= here).map_or(0, |e| e.step);
        let ask = &ctx.props().ask;
        let row = |e: &&Event| {
            let (ask, step) = (ask.clone(), e.step);
            let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Seek(step)));
            let class = classes!("item", (!e.broken.is_empty()).then_some("breaks"));
            let current = (step == now).then_some("step");
            html! {
                <li class={classes!((step > here).then_some("ahead"))}>
                    <button {class} aria-current={current} onclick={press}>{ words::line(&model, e) }</button>
                </li>
            }
        };
        let back = ask.reform(|_: MouseEvent| Ask::Branch(0));
        html! {
            <section class="part shown" id="shown">
                <h2>{ heading(&model, end) }</h2>
                <ol class="captions" id="captions">{ for steps.iter().map(row) }</ol>
                <button class="textlink" id="shown-back" onclick={back}>{ "Back to the run without it" }</button>
            </section>
        }
    }
}

/// What the branch is.
fn heading(model: &Model, end: &Event) -> String {
    let broken = end.broken.first();
    let title = broken.and_then(|id| model.info.properties.iter().find(|p| p.id == *id));
    match title {
        Some(p) if model.session.branch().name == COUNTER_EXAMPLE => {
            format!("How {} breaks", p.title)
        }
        _ => "A shortest solution".into(),
    }
}

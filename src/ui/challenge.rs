//! Challenges: what to bring about, within which budget, and whether it has come true; par, hints
//! and the shortest solution come from a search.

use super::frame::Ask;
use super::model::{Model, sentence};
use super::search::{SearchProps, progress};
use super::search_run::{PositionNews, SearchNews, SearchRequest, Searching};
use super::search_show::SOLUTION;
use super::search_words as say;
use super::words::{count, list};
use happened_before::check::attempt::Attempt;
use happened_before::core::action::Action;
use happened_before::core::world::Limits;
use happened_before::protocols::sliders;
use happened_before::share::link::Link;
use happened_before::stories::{Challenge, Give, Sliders};
use yew::prelude::*;

/// Seconds that a search for a solution may take.
const SECONDS: f64 = 60.0;

pub enum Msg {
    /// Begin an attempt.
    Try(&'static Challenge),
    /// Play the solution, as soon as it is known.
    Show(&'static Challenge),
    Hint,
    Stop,
    Heard(&'static str, SearchNews),
}

/// What is known of each challenge's solution.
#[derive(Default)]
pub struct ChallengePanel {
    running: Option<(&'static str, Searching)>,
    known: Vec<(&'static str, SearchNews)>,
    hints: usize,
    /// To be shown once it is found.
    show: bool,
    /// Won in so many steps.
    won: Option<(&'static str, u64)>,
}

impl Component for ChallengePanel {
    type Message = Msg;
    type Properties = SearchProps;

    fn create(_: &Context<Self>) -> Self {
        Self::default()
    }

    fn changed(&mut self, ctx: &Context<Self>, _: &SearchProps) -> bool {
        let model = ctx.props().look.0.model.borrow();
        if let Some((challenge, Ok(attempt))) = attempt(&model)
            && attempt.is_won()
            && model.session.branch().name != SOLUTION
            && self.won.is_none_or(|w| w.0 != challenge.id)
        {
            self.won = Some((challenge.id, attempt.length));
            super::done::finish(model.scene.id, challenge.id);
        }
        true
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Try(challenge) => {
                (self.hints, self.won, self.show) = (0, None, false);
                let setup = challenge.setup(scene(ctx));
                ctx.props().ask.emit(Ask::StandStill(Box::new(Link::new(setup, Vec::new()))));
                self.solve(ctx, challenge.id);
            }
            Msg::Show(challenge) => {
                self.show = true;
                self.solve(ctx, challenge.id);
                self.show_known(ctx, challenge.id);
            }
            Msg::Hint => self.hints += 1,
            Msg::Stop => self.running = None,
            Msg::Heard(id, news) => {
                if !news.is_open() {
                    self.running = None;
                }
                self.known.retain(|k| k.0 != id);
                self.known.push((id, news));
                self.show_known(ctx, id);
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let model = ctx.props().look.0.model.borrow();
        if model.scene.challenges.is_empty() {
            return html! {};
        }
        let attempt = attempt(&model);
        let open = attempt.is_some() || !self.known.is_empty();
        html! {
            <section class="part challenges" id="challenges" data-open={open.to_string()}>
                <h2>{ "Challenges" }</h2>
                <ul>
                    { for model.scene.challenges.iter().map(|c| self.one(ctx, c, attempt.as_ref())) }
                </ul>
            </section>
        }
    }
}

impl ChallengePanel {
    fn news(&self, id: &str) -> Option<&SearchNews> {
        self.known.iter().find(|k| k.0 == id).map(|k| &k.1)
    }

    /// Looks for the shortest solution, unless that is known or under way.
    fn solve(&mut self, ctx: &Context<Self>, id: &'static str) {
        let known = self.news(id).is_some_and(|n| n.phase == "over");
        if known || self.running.as_ref().is_some_and(|r| r.0 == id) {
            return;
        }
        let setup = super::app::first(scene(ctx));
        let link = Link::new(setup, Vec::new()).fragment();
        let request = SearchRequest::new(&link, SECONDS).set("challenge", id);
        let tell = ctx.link().callback(move |news| Msg::Heard(id, news));
        self.running = Some((id, Searching::start(&request, tell)));
    }

    fn show_known(&mut self, ctx: &Context<Self>, id: &str) {
        let Some(hit) = self.news(id).and_then(|n| n.found.as_ref()) else { return };
        if !self.show {
            return;
        }
        ctx.props().ask.emit(match Link::decode(&hit.link) {
            Ok(link) => Ask::Show(Box::new(link), SOLUTION),
            Err(why) => Ask::Say(Some(why)),
        });
        self.show = false;
    }

    fn one(
        &self,
        ctx: &Context<Self>,
        challenge: &'static Challenge,
        now: Option<&(&'static Challenge, Result<Attempt, String>)>,
    ) -> Html {
        let id = challenge.id;
        let sliders = sliders(scene(ctx), id);
        let mine = now.filter(|(c, _)| c.id == id && sliders.is_none());
        let again = if mine.is_some() { "Start over" } else { "Try it" };
        let press = ctx.link().callback(move |_: MouseEvent| Msg::Try(challenge));
        let show = ctx.link().callback(move |_: MouseEvent| Msg::Show(challenge));
        html! {
            <li data-challenge={id} class={classes!(mine.is_some().then_some("now"))}>
                <p>
                    if super::done::is_done(scene(ctx), id) { <span class="good" title="Done before">{ "✓ " }</span> }
                    { challenge.goal }
                </p>
                if let Some((_, attempt)) = mine {
                    { self.attempt(ctx, id, attempt) }
                } else {
                    <p class="small">{ match sliders {
                        Some(_) => "Move the sliders below as you like, and cut the network.".into(),
                        None => format!("Budget: {}. Deliveries are free.", purse(&challenge.limits)),
                    } }</p>
                }
                { self.solution(ctx, id) }
                if let (Some(sliders), Some(news)) = (sliders, self.news(id)) {
                    { grid(sliders, news, &ctx.props().ask) }
                }
                <div class="verbs">
                    if sliders.is_none() { <button class="verb" data-do="try" onclick={press}>{ again }</button> }
                    <button class="verb" data-do="show" onclick={show}>{ "Show me" }</button>
                </div>
            </li>
        }
    }

    fn attempt(&self, ctx: &Context<Self>, id: &str, attempt: &Result<Attempt, String>) -> Html {
        let attempt = match attempt {
            Ok(attempt) => attempt,
            Err(why) => return html! { <p class="notice">{ sentence(why) }</p> },
        };
        let state = match (self.won.filter(|w| w.0 == id), &attempt.foul) {
            (Some((_, length)), _) => html! {
                <p class="verdict good" role="status"><b>{ "✓ " }</b>{ format!("Done in {}.", count(length, "step")) }</p>
            },
            (None, Some(foul)) => html! {
                <p class="verdict bad" role="status"><b>{ "✗ " }</b>{ format!("Against the rules: {foul}. Step back, or start over.") }</p>
            },
            (None, None) => html! {
                <p class="small">{ "Time stands still. Select a timer to fire it, a message to deliver or drop it, a node to crash it." }</p>
            },
        };
        let hints = self.news(id).and_then(|n| n.found.as_ref()).map(|h| &h.hints);
        let told = hints.into_iter().flatten().take(self.hints);
        let more = hints.is_some_and(|h| h.len() > self.hints);
        let hint = ctx.link().callback(|_: MouseEvent| Msg::Hint);
        html! {
            <>
                { state }
                <p class="small budget">{ format!("{} so far. Left: {}.", count(attempt.length, "step"), purse(&attempt.left)) }</p>
                if self.hints > 0 { <ul class="hints">{ for told.map(|h| html! { <li>{ h.clone() }</li> }) }</ul> }
                if more { <button class="textlink" data-do="hint" onclick={hint}>{ "A hint" }</button> }
            </>
        }
    }

    fn solution(&self, ctx: &Context<Self>, id: &str) -> Html {
        let Some(news) = self.news(id) else { return html! {} };
        if news.is_open() {
            let stop = ctx.link().callback(|_: MouseEvent| Msg::Stop);
            return match self.running.is_some() {
                false => html! {},
                true => html! {
                    <>{ progress(news, SECONDS) }<button class="textlink" onclick={stop}>{ "Stop looking for the solution" }</button></>
                },
            };
        }
        match &news.found {
            Some(hit) => html! {
                <p class="small par" role="status">{ format!("Par: {} (the shortest possible).", count(hit.length as u64, "step")) }</p>
            },
            None if news.phase == "failed" => html! { <p class="notice">{ say::failed(news) }</p> },
            None if news.complete => html! {
                <p class="verdict good" role="status"><b>{ "✓ " }</b>{ format!("{}.", news.sentence) }</p>
            },
            None => html! { <p role="status">{ format!("{}.", news.sentence) }</p> },
        }
    }
}

/// What gives way where: the first two sliders are rows and columns; a press plays the run that
/// shows it.
fn grid(sliders: &'static Sliders, news: &SearchNews, ask: &Callback<Ask>) -> Html {
    let [(rows, r0, r1), (columns, c0, c1), others @ ..] = sliders.sliders else {
        return html! {};
    };
    if news.positions.is_empty() {
        return html! {};
    }
    let name = |id: &str| id.rsplit('.').next().unwrap_or(id).to_uppercase();
    let cell = |row: i64, column: i64| {
        let here = [row as f64, column as f64];
        let all: Vec<&PositionNews> =
            news.positions.iter().filter(|p| p.values.starts_with(&here)).collect();
        let gives = |what: &str| all.iter().filter(|p| p.gives == what).count();
        let one = |give: &Give| {
            let first = all.iter().find(|p| p.gives == give.what)?;
            let (ask, link) = (ask.clone(), first.link.clone());
            let show = Callback::from(move |_: MouseEvent| {
                ask.emit(match Link::decode(&link) {
                    Ok(link) => Ask::Show(Box::new(link), SOLUTION),
                    Err(why) => Ask::Say(Some(why)),
                });
            });
            let title = format!(
                "{} gives way at {} of {} positions here: show one",
                give.what,
                gives(give.what),
                all.len()
            );
            Some(html! {
                <button class={classes!("gives", give.what)} title={title.clone()} aria-label={title} onclick={show}>
                    { format!("no {} ({})", &give.what[..1].to_uppercase(), gives(give.what)) }
                </button>
            })
        };
        html! { <td>{ for sliders.gives.iter().filter_map(one) }</td> }
    };
    let row = |r: i64| {
        html! { <tr><th scope="row">{ format!("{} = {r}", name(rows)) }</th>{ for (*c0..=*c1).map(|c| cell(r, c)) }</tr> }
    };
    let rest: Vec<String> = others.iter().map(|(id, ..)| name(id).to_lowercase()).collect();
    html! {
        <table class="positions">
            <caption class="small">{ format!("What gives way at each position; in brackets, for how many settings of {}.", list(&rest)) }</caption>
            <thead><tr><td></td>{ for (*c0..=*c1).map(|c| html! { <th scope="col">{ format!("{} = {c}", name(columns)) }</th> }) }</tr></thead>
            <tbody>{ for (*r0..=*r1).map(row) }</tbody>
        </table>
    }
}

fn scene(ctx: &Context<ChallengePanel>) -> &'static str {
    ctx.props().look.0.model.borrow().scene.id
}

/// The challenge that the run on the stage is an attempt at, and how it stands.
fn attempt(model: &Model) -> Option<(&'static Challenge, Result<Attempt, String>)> {
    let still = model.session.branch().journal.first()?.action == Action::Manual(true);
    let mine = |c: &&Challenge| c.setup(model.scene.id) == model.session.setup;
    let challenge = model.scene.challenges.iter().find(mine).filter(|_| still)?;
    Some((challenge, Attempt::of(&model.session, model.scene, challenge)))
}

/// `2 timers and 1 crash`.
fn purse(limits: &Limits) -> String {
    let Limits { timers, ops, drops, dups, crashes, partitions, lies } = *limits;
    let all = [
        (timers, "timeout", "timeouts"),
        (ops, "operation", "operations"),
        (drops, "loss", "losses"),
        (dups, "double", "doubles"),
        (crashes, "crash", "crashes"),
        (partitions, "cut", "cuts"),
        (lies, "lie", "lies"),
    ];
    let some = all.iter().filter(|(n, ..)| *n > 0);
    let words = some.map(|(n, one, many)| format!("{n} {}", if *n == 1 { one } else { many }));
    let words: Vec<String> = words.collect();
    if words.is_empty() { "nothing".into() } else { list(&words) }
}

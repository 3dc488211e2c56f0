//! Which hosts of a recorded execution are drawn, in which order: of many, a page at a time.

use super::{Imported, Msg};
use crate::ui::dom;
use crate::ui::words;
use happened_before::core::sorted::{SortedMap, SortedSet};
use yew::prelude::*;

/// Hosts drawn at a time: thousands of rows could not be read, nor laid out in time.
const ROWS: usize = 100;

impl Imported {
    /// The hosts that are drawn, and those among them that are hidden.
    pub fn drawn(&self) -> &[u32] {
        let first = self.first.min(self.order.len());
        &self.order[first..self.order.len().min(first + ROWS)]
    }

    /// Draws the hosts among which one is.
    pub fn show_host(&mut self, host: u32) {
        if let Some(place) = self.order.iter().position(|h| *h == host) {
            self.first = place / ROWS * ROWS;
            self.hidden.remove(&host);
            self.lay_out();
        }
    }

    pub fn go_to_host(&mut self, name: &str) {
        let wanted = name.trim().to_lowercase();
        let Some(execution) = self.execution(0) else { return };
        let has = |h: &&u32| execution.hosts[**h as usize].to_lowercase().contains(&wanted);
        match self.order.iter().find(has).copied() {
            _ if wanted.is_empty() => {}
            Some(host) => self.show_host(host),
            None => {
                self.said = Some((format!("No host has '{}' in its name.", name.trim()), false))
            }
        }
    }

    /// Gives everything that is drawn its place.
    pub fn lay_out(&mut self) {
        let last = self.order.len().saturating_sub(1);
        self.first = self.first.min(last) / ROWS * ROWS;
        let rows: Vec<u32> =
            self.drawn().iter().copied().filter(|h| !self.hidden.contains(h)).collect();
        // A press may come when what it was meant for is gone.
        let Some(first) = self.all.get(self.panes[0].at) else { return };
        if let Some(second) = self.all.get(self.panes[1].at).filter(|_| self.beside) {
            // The same hosts at the same height; then those that only the second one has.
            let places: SortedMap<&String, u32> = second.hosts.iter().zip(0..).collect();
            let of = |h: &u32| places.get(&first.hosts[*h as usize]).copied();
            let mut theirs: Vec<u32> = rows.iter().filter_map(of).collect();
            let known: SortedSet<&String> = first.hosts.iter().collect();
            let more = (0..).zip(&second.hosts).filter(|(_, name)| !known.contains(name));
            theirs.extend(more.map(|(h, _)| h).take(ROWS));
            self.panes[1].lay_out(second, theirs, self.collapse);
        }
        self.panes[0].lay_out(first, rows, self.collapse);
        self.stay_inside();
    }

    /// The hosts, to hide, to show and to move.
    pub fn hosts(&self, ctx: &Context<Self>) -> Html {
        let Some(execution) = self.execution(0) else { return html! {} };
        let row = |(place, host): (usize, &u32)| {
            let (host, link) = (*host, ctx.link());
            let name = &execution.hosts[host as usize];
            let shown = !self.hidden.contains(&host);
            html! {
                <li>
                    <button class="verb" aria-pressed={shown.to_string()} title={if shown { "Hide" } else { "Show" }}
                        onclick={link.callback(move |_: MouseEvent| Msg::Hide(host))}>{ name }</button>
                    if place > 0 {
                        <button class="quiet icon" aria-label={format!("Move {name} up")} title="Move up"
                            onclick={link.callback(move |_: MouseEvent| Msg::Up(place))}>{ "↑" }</button>
                    }
                </li>
            }
        };
        let (page, of) = (self.drawn(), self.order.len());
        html! {
            <section class="import-hosts" aria-label="Hosts">
                <h2>{ format!("{}, {}", words::count(execution.hosts.len() as u64, "host"),
                    words::count(execution.events.len() as u64, "event")) }</h2>
                if of > ROWS { { self.pages(ctx) } }
                <ul>{ for (self.first..).zip(page).map(row) }</ul>
            </section>
        }
    }

    /// Of many hosts, which are drawn.
    fn pages(&self, ctx: &Context<Self>) -> Html {
        let (link, of) = (ctx.link(), self.order.len());
        let (from, to) = (self.first, self.first + self.drawn().len());
        let step = |id: &'static str, name: &'static str, to: Option<usize>| {
            let go = link.callback(move |_: MouseEvent| Msg::Page(to.unwrap_or(0)));
            html! { <button class="verb" {id} disabled={to.is_none()} onclick={go}>{ name }</button> }
        };
        let find = link.callback(|e: Event| Msg::Host(dom::value_of(&e)));
        html! {
            <>
                <p class="soft" id="hosts-drawn" role="status">
                    { format!("Hosts {} to {to} of {of} are drawn; messages that go through others join them.", from + 1) }
                </p>
                <p class="import-tools">
                    { step("hosts-back", "Earlier hosts", from.checked_sub(ROWS)) }
                    { step("hosts-next", "Later hosts", Some(to).filter(|to| *to < of)) }
                    <input type="search" id="hosts-find" placeholder="Find a host" aria-label="Find a host" onchange={find} />
                </p>
            </>
        }
    }
}

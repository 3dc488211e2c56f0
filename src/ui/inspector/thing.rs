//! A message, a link, a log entry, an operation.

use super::{fields, gone, head, pick_step};
use crate::ui::desk::Desk;
use crate::ui::frame::Ask;
use crate::ui::{verbs, words};
use happened_before::core::action::Action;
use happened_before::core::ids::{MsgId, NodeId, OpId};
use happened_before::core::protocol::call_text;
use happened_before::core::trace::{Fate, OpEnd};
use yew::prelude::*;

pub fn message(desk: &Desk, id: MsgId, ask: &Callback<Ask>) -> Html {
    let model = desk.model.borrow();
    let known = model.session.trace().messages.iter().rev().find(|p| p.id == id);
    let Some(passage) = known.filter(|p| p.sent_step <= model.session.cursor()) else {
        return gone("This message has not been sent yet.");
    };
    let way = format!("{} to {}", model.name(id.from), model.name(id.to));
    let flying = model.view.messages.iter().find(|m| m.id == id);
    let details = model.session.world().details(id).unwrap_or_default();
    let here = model.session.cursor();
    let mut life = vec![("sent".to_string(), words::seconds(passage.sent_at))];
    match passage.fate {
        Fate::Received { step, at } if step <= here => {
            life.push(("received".into(), words::seconds(at)))
        }
        Fate::Lost { step, at, .. } if step <= here => {
            life.push(("lost".into(), words::seconds(at)))
        }
        _ => {}
    }
    if let Some(m) = flying {
        life.push(match (m.held, m.docked) {
            (true, _) => ("held back".into(), "until released".into()),
            (_, true) => ("arrived".into(), "waits to be handled".into()),
            _ => ("due".into(), words::seconds(m.due)),
        });
    }
    let sent = pick_step(ask, passage.sent_step, "The event that sent it");
    let ended = match passage.fate {
        Fate::Received { step, .. } if step <= here => {
            pick_step(ask, step, "The event that received it")
        }
        _ => html! {},
    };
    let button = |(name, action): (&'static str, Action)| {
        let ask = ask.clone();
        let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Do(vec![action.clone()])));
        html! { <button class="verb" onclick={press} data-verb={name}>{ name }</button> }
    };
    let all = verbs::of_message(&model, id);
    html! {
        <>
            { head(passage.look.name, way) }
            if !details.is_empty() {
                <h3><span>{ "What it says" }</span></h3>
                { fields(&details, None) }
            }
            <h3><span>{ "Its life" }</span></h3>
            { fields(&life, None) }
            <p class="last">{ sent }{ " " }{ ended }</p>
            if !all.is_empty() {
                <h3><span>{ "Do to it" }</span></h3>
                <div class="verbs">{ for all.into_iter().map(button) }</div>
            }
        </>
    }
}

pub fn link(desk: &Desk, a: NodeId, b: NodeId, ask: &Callback<Ask>) -> Html {
    let model = desk.model.borrow();
    let way = |from: NodeId, to: NodeId| {
        let found = model.view.links.iter().find(|l| l.from == from && l.to == to);
        let mut words = Vec::new();
        if let Some(l) = found {
            if l.cut {
                words.push("cut".to_string());
            }
            if l.loss > 0 {
                words.push(format!("loses {}", happened_before::scene::stage::percent(l.loss)));
            }
            if l.delay > 0 {
                words.push(format!(
                    "delayed by {}",
                    happened_before::scene::stage::duration(l.delay.into())
                ));
            }
        }
        let said = if words.is_empty() { "as the settings say".into() } else { words.join(", ") };
        (format!("{} to {}", model.name(from), model.name(to)), said)
    };
    let button = |(name, actions): (String, Vec<Action>)| {
        let ask = ask.clone();
        let press = Callback::from(move |_: MouseEvent| ask.emit(Ask::Do(actions.clone())));
        html! { <button class="verb" onclick={press}>{ name }</button> }
    };
    html! {
        <>
            { head(format!("{} – {}", model.name(a), model.name(b)), "link") }
            { fields(&[way(a, b), way(b, a)], None) }
            <h3><span>{ "Do to it" }</span></h3>
            <div class="verbs">{ for verbs::of_link(&model, a, b).into_iter().map(button) }</div>
        </>
    }
}

pub fn entry(desk: &Desk, id: NodeId, index: u64) -> Html {
    let model = desk.model.borrow();
    let log = model.view.nodes.get(id.at()).and_then(|n| n.log.as_ref());
    let cell = log
        .and_then(|l| Some((l, l.cells.get(usize::try_from(index.checked_sub(l.first)?).ok()?)?)));
    let Some((log, cell)) = cell else { return gone("This log has no such entry now.") };
    let who: Vec<String> = model
        .view
        .nodes
        .iter()
        .filter(|n| {
            n.log.as_ref().is_some_and(|l| {
                index.checked_sub(l.first).and_then(|i| l.cells.get(i as usize)) == Some(cell)
            })
        })
        .map(|n| n.name.to_string())
        .collect();
    let all = vec![
        ("says".to_string(), cell.text.clone()),
        ("epoch".to_string(), cell.epoch.to_string()),
        (
            "known committed".to_string(),
            if index <= log.committed { "yes" } else { "not here" }.into(),
        ),
        ("the same on".to_string(), who.join(" ")),
    ];
    html! { <>{ head(format!("Entry {index}"), format!("log of {}", model.name(id))) }{ fields(&all, None) }</> }
}

pub fn operation(desk: &Desk, id: OpId, ask: &Callback<Ask>) -> Html {
    let model = desk.model.borrow();
    let known =
        model.session.trace().ops.iter().find(|o| o.id == id && o.step <= model.session.cursor());
    let Some(op) = known else { return gone("This operation has not been invoked yet.") };
    let ended = op.ended.filter(|(step, _)| *step <= model.session.cursor());
    let outcome = match (&op.end, ended) {
        (_, None) => "not answered yet".to_string(),
        (OpEnd::Ok(Some(v)), _) => format!("ok, {v}"),
        (OpEnd::Ok(None), _) => "ok".into(),
        (OpEnd::Fail(why), _) => format!("failed: {why}"),
        (OpEnd::Unknown | OpEnd::Open, _) => "unknown: it may have happened or may yet".into(),
    };
    let mut all = vec![("invoked".to_string(), words::seconds(op.invoked))];
    if let Some((_, at)) = ended {
        all.push(("ended".into(), words::seconds(at)));
    }
    all.push(("outcome".into(), outcome));
    html! {
        <>
            { head(call_text(model.info.calls, &op.call), format!("client {}", model.name(id.client))) }
            { fields(&all, None) }
            <p class="last">{ pick_step(ask, op.step, "Its invocation") }</p>
        </>
    }
}

//! What the parts of the frame ask for, done to the run; and the run in the address.

use super::desk::Desk;
use super::dom;
use super::frame::{Ask, Frame};
use super::model::{FASTEST, Model, Pick, SLOWEST, sentence};
use super::verbs;
use happened_before::scene::{Bounded, window};
use happened_before::stories::seek::{self, SeekGoal};
use wasm_bindgen::prelude::*;
use yew::prelude::*;

/// What only concerns the run and how it is looked at.
pub fn change(model: &mut Model, ask: Ask) {
    if !matches!(ask, Ask::Say(_) | Ask::Window(..) | Ask::Speed(_) | Ask::Causal(_)) {
        model.notice = None;
    }
    // Whoever does something else does not wait for the way to end.
    let beside = matches!(
        ask,
        Ask::Window(..)
            | Ask::Speed(_)
            | Ask::Causal(_)
            | Ask::Main(_)
            | Ask::Mark(_)
            | Ask::Planes(_)
            | Ask::Times(_)
    );
    if !beside && !matches!(ask, Ask::Say(_) | Ask::Chips(_) | Ask::GiveUp) {
        model.going = None;
    }
    match ask {
        Ask::Toggle => {
            model.playing = !model.playing;
            model.follows |= model.hero.is_none();
            model.resume_stretch();
        }
        Ask::Step(by) => {
            (model.playing, model.stretch) = (false, None);
            model.follows = true;
            model.step(by);
        }
        Ask::Interesting(forth) => {
            (model.playing, model.stretch) = (false, None);
            model.seek_interesting(forth);
        }
        Ask::Seek(step) => {
            (model.playing, model.stretch) = (false, None);
            model.seek(step);
        }
        Ask::SeekTime(time) => {
            model.stretch = None;
            model.seek_time(time);
        }
        Ask::Visit(step) => {
            model.playing = false;
            model.pick = Some(Pick::Event(step));
            // What is not on record is computed again.
            if step > model.session.cursor() || model.session.trace().event(step).is_none() {
                model.seek(step);
            }
            show_step(model, step);
        }
        Ask::Speed(speed) => {
            (model.speed, model.stretch) = (speed.bounded(SLOWEST, FASTEST), None);
        }
        Ask::Main(main) => model.main = main,
        Ask::NextMain => model.main = super::hero::following(model),
        Ask::Press(nth) => model.press(nth),
        Ask::Do(actions) => model.act(actions),
        Ask::Verb(node, key) => {
            let verb = verbs::of_node(model, node).into_iter().find(|(_, _, k)| *k == key);
            match verb {
                Some((verb, _, _)) => model.act(verbs::actions(model, node, verb)),
                None => {
                    model.notice =
                        Some(format!("{} has nothing to do that to now.", model.name(node)));
                }
            }
        }
        Ask::Branch(branch) => switch(model, branch),
        Ask::NextBranch(by) => {
            let count = model.session.branches().len() as i32;
            let next = (model.session.current() as i32 + by).rem_euclid(count);
            switch(model, next as usize);
        }
        Ask::Edit(edit) => model.deliberately(&mut |s| s.edit(edit)),
        Ask::Fork => model.deliberately(&mut |s| {
            s.fork();
            Ok(())
        }),
        Ask::Rename(branch, name) => model.deliberately(&mut |s| {
            s.rename(branch, &name);
            Ok(())
        }),
        Ask::Delete(branch) => {
            model.deliberately_then(&mut |s| s.delete(branch), move |m| {
                m.branch_gone(branch);
                m.compare(None);
            });
        }
        Ask::Undo(again) => model.undo(again),
        Ask::Tell(tell) => model.tell(tell),
        Ask::Goal(text) => goal(model, &text),
        Ask::Compare(branch) => model.compare(branch),
        Ask::CompareSetup(setup, name) => model.compare_setup(setup, name),
        Ask::CompareScene(id) => model.compare_scene(id),
        Ask::Restart(setup) => {
            if let Err(why) = model.restart(setup) {
                model.notice = Some(sentence(&why));
            }
        }
        Ask::Open(link) => match Model::open(&link) {
            Ok(fresh) if fresh.scene.id == model.scene.id => {
                model.when_there(fresh, |m, fresh| {
                    m.tale = None;
                    let tale = fresh.tale.clone();
                    m.replace(fresh);
                    m.tale = tale;
                });
            }
            // Another scene is another page.
            Ok(_) => _ = dom::window().location().set_hash(&link.fragment()),
            Err(why) => model.notice = Some(sentence(&why)),
        },
        Ask::GiveUp => model.give_up(),
        Ask::Say(text) => model.notice = text,
        Ask::Window(wanted) => {
            model.window = window::of(wanted.0, window::width(wanted));
            model.follows = false;
        }
        Ask::Causal(on) => model.causal = on,
        Ask::Mark(marks) => model.marks = marks,
        Ask::Planes(planes) => model.planes = planes,
        Ask::Times(times) => model.times = times,
        Ask::Chips(kind) => super::overlay::choose(model, kind),
        // The frame does these itself.
        Ask::Share
        | Ask::Stop
        | Ask::Escape
        | Ask::Help(_)
        | Ask::Tab(_)
        | Ask::Tier(_)
        | Ask::Fold(_)
        | Ask::Look
        | Ask::Settle
        | Ask::FocusNode(_)
        | Ask::Show(..)
        | Ask::StandStill(_)
        | Ask::Pick(_)
        | Ask::Dialog(_) => {}
    }
    model.watch_story();
    model.revision += 1;
}

/// Moves the diagram so that a step is in sight.
fn show_step(model: &mut Model, step: u64) {
    let Some(at) = model.session.trace().event(step).map(|e| e.at) else { return };
    let (from, to) = model.window;
    if at < from || at > to {
        let wide = window::width(model.window);
        model.window = window::of(at.saturating_sub(wide / 2), wide);
        model.follows = false;
    }
}

/// Writes the address of this moment: a visit of its own in the browser's history where something
/// deliberate has been done, so that "back" leads back.
pub fn write_address(model: &mut Model) {
    let (link, held) = model.address();
    if std::mem::replace(&mut model.held, held) != held {
        model.notice = model.left_out(held).or(model.notice.take());
    }
    let fragment = link.fragment();
    model.written.clone_from(&fragment);
    let Ok(history) = dom::window().history() else { return };
    let _ = match std::mem::take(&mut model.past.fresh) {
        true => history.push_state_with_url(&JsValue::NULL, "", Some(&fragment)),
        false => history.replace_state_with_url(&JsValue::NULL, "", Some(&fragment)),
    };
}

/// Copies the address of this very moment.
pub fn share(ctx: &Context<Frame>, desk: &Desk) {
    write_address(&mut desk.model.borrow_mut());
    let (fragment, short) = {
        let model = desk.model.borrow();
        let (link, held) = model.address();
        (link.fragment(), model.left_out(held))
    };
    let window = dom::window();
    let address = window.location().href().unwrap_or(fragment);
    let link = ctx.link().clone();
    let say = move |text: &str| link.send_message(Ask::Say(Some(text.into())));
    const COPIED: &str = "The link is copied: it opens this very moment of this run.";
    const BY_HAND: &str = "The address bar holds the link; copy it from there.";
    wasm_bindgen_futures::spawn_local(async move {
        match dom::copy(&address).await {
            true => say(&short.map_or(COPIED.into(), |left| format!("Copied. {left}"))),
            false => say(BY_HAND),
        }
    });
}

/// Another branch, at the same time.
fn switch(model: &mut Model, branch: usize) {
    let mut session = model.gradual();
    model.stretch = None;
    session.switch(branch);
    model.go(session, move |m, session| {
        m.session = session;
        if let Some(tale) = &mut m.tale {
            tale.left = tale.line != branch;
        }
        m.anew();
    });
}

/// On to a moment in words; what cannot be read or reached is said.
fn goal(model: &mut Model, text: &str) {
    (model.playing, model.stretch) = (false, None);
    let goal = seek::read(&model.session, &model.info, text);
    match goal {
        Ok(SeekGoal::Time(time)) => return model.seek_time(time),
        Ok(SeekGoal::Step(step)) => return model.seek(step),
        Ok(goal) => model.go_to_goal(goal, text.trim()),
        Err(why) => model.notice = Some(sentence(&why)),
    }
    model.revision += 1;
}

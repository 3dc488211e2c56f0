//! `hb story SCENE [ID]`: plays stories and re-enactments headless, a line a step.

use super::limit::Timed;
use super::{Answer, Args, HOLDS, Host, UNKNOWN, VIOLATED};
use crate::core::config::show_time;
use crate::core::quote::quoted;
use crate::protocols::scene;
use crate::stories::player::play;
use serde_json::json;

pub(super) fn run(args: &mut Args, host: &dyn Host) -> Answer {
    let host = &Timed::take(args, host)?;
    let json = args.flag("--json");
    let id = args.need("SCENE")?;
    let only = args.positional();
    args.done()?;
    let scene = scene(&id)?;
    let chosen: Vec<_> =
        scene.stories.iter().filter(|s| only.as_ref().is_none_or(|o| o == s.id)).collect();
    if chosen.is_empty() {
        let all: Vec<&str> = scene.stories.iter().map(|s| s.id).collect();
        return Err(format!(
            "{id} has no story {}, only {}",
            quoted(&only.unwrap_or_default()),
            all.join(", ")
        )
        .into());
    }
    let (mut code, mut text, mut documents) = (HOLDS, String::new(), Vec::new());
    for (nth, story) in chosen.iter().enumerate() {
        if host.cancelled() {
            args.note(format!("stopped: {nth} of {} stories are told", chosen.len()));
            code = code.max(if code == VIOLATED { VIOLATED } else { UNKNOWN });
            break;
        }
        text += &format!("{}: {}\n", story.id, story.title);
        match play(scene, story) {
            Ok((session, told)) => {
                let mut steps = Vec::new();
                for (step, t) in story.steps.iter().zip(&told) {
                    text += &format!(
                        "  {:>9}  step {:>4}  {}\n",
                        show_time(t.at as i64),
                        t.step,
                        step.text
                    );
                    let answer = t.answer.and_then(|a| Some(step.ask?.options.get(a)?.0));
                    if let (Some(ask), Some(answer)) = (step.ask, answer) {
                        text += &format!("             {} {answer}.\n", ask.question);
                    }
                    steps.push(
                        json!({"text": step.text, "step": t.step, "at_us": t.at, "answer": answer}),
                    );
                }
                let digest = format!("{:016x}", session.digest());
                text += &format!("  digest {digest}\n");
                documents.push(
                    json!({"id": story.id, "reached": true, "steps": steps, "digest": digest}),
                );
            }
            Err(why) => {
                code = VIOLATED;
                text += &format!("  {why}\n");
                documents.push(json!({"id": story.id, "reached": false, "why": why}));
            }
        }
    }
    let out =
        if json { json!({"scene": id, "stories": documents}).to_string() + "\n" } else { text };
    Ok((code, out))
}

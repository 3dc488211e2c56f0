//! `hb story SCENE [ID]`: plays stories and re-enactments headless, a line a step, or tells all that
//! happens in them.

use super::limit::Timed;
use super::play::{journal, verdict_lines};
use super::{Answer, Args, Bad, HOLDS, Host, UNKNOWN, VIOLATED};
use crate::core::config::show_time;
use crate::core::quote::quoted;
use crate::core::session::Session;
use crate::protocols::{Scene, scene};
use crate::share::export::tell::Teller;
use crate::stories::Story;
use crate::stories::player::{ToldStep, WordPart, play_each};
use serde_json::{Value, json};

/// What to print of a story.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StoryForm {
    Steps,
    Trace,
    Journal,
}

/// A step that has been told: its words, and its question with the answer that came true.
struct StoryLine {
    told: ToldStep,
    words: String,
    question: Option<(String, String)>,
}

/// `hb story SCENE [ID] [--budget-ms N] [--json | --trace | --journal]`.
pub(super) fn run(args: &mut Args, host: &dyn Host) -> Answer {
    let host = &Timed::take(args, host)?;
    let flags = ["--json", "--trace", "--journal"].map(|flag| args.flag(flag));
    let (json, form) = match flags {
        [json, false, false] => (json, StoryForm::Steps),
        [false, true, false] => (false, StoryForm::Trace),
        [false, false, true] => (false, StoryForm::Journal),
        _ => return Err("--json, --trace and --journal exclude each other".into()),
    };
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
        match told(scene, story) {
            Ok((mut session, lines)) => {
                text += &match form {
                    StoryForm::Steps => steps(story, &session, &lines),
                    StoryForm::Trace => trace(scene, story, &mut session, &lines),
                    StoryForm::Journal => {
                        format!("# {}: {}\n{}", story.id, story.title, journal(&mut session)?)
                    }
                };
                documents.push(document(story, &session, &lines));
            }
            Err(Bad(why)) => {
                code = VIOLATED;
                text += &format!("{}: {}\n  {why}\n", story.id, story.title);
                documents.push(json!({"id": story.id, "reached": false, "why": why}));
            }
        }
    }
    let out =
        if json { json!({"scene": id, "stories": documents}).to_string() + "\n" } else { text };
    Ok((code, out))
}

fn told(scene: &Scene, story: &'static Story) -> Result<(Session, Vec<StoryLine>), Bad> {
    let mut lines: Vec<StoryLine> = Vec::new();
    let session = play_each(scene, story, &mut |player, session, told| {
        let (step, view) = (&story.steps[lines.len()], session.view());
        let words = |text| player.words(&view, text).iter().map(WordPart::text).collect();
        let answer = told.answer.and_then(|a| Some(step.ask?.options.get(a)?.0));
        let question = step.ask.and_then(|ask| Some((words(ask.question), words(answer?))));
        lines.push(StoryLine { told: told.clone(), words: words(step.text), question });
    })?;
    Ok((session, lines))
}

fn digest(session: &Session) -> String {
    format!("{:016x}", session.digest())
}

/// A line a step.
fn steps(story: &Story, session: &Session, lines: &[StoryLine]) -> String {
    let mut text = format!("{}: {}\n", story.id, story.title);
    for StoryLine { told, words, question } in lines {
        let at = show_time(told.at as i64);
        text += &format!("  {at:>9}  step {:>4}  {words}\n", told.step);
        if let Some((question, answer)) = question {
            text += &format!("             {question} {answer}.\n");
        }
    }
    text + &format!("  digest {}\n", digest(session))
}

fn document(story: &Story, session: &Session, lines: &[StoryLine]) -> Value {
    let step = |StoryLine { told, words, question }: &StoryLine| {
        let answer = question.as_ref().map(|(_, answer)| answer);
        json!({"text": words, "step": told.step, "at_us": told.at, "answer": answer})
    };
    json!({
        "id": story.id,
        "reached": true,
        "steps": Value::from_iter(lines.iter().map(step)),
        "journal": session.branch().journal,
        "digest": digest(session),
    })
}

/// All that happens, each step's words above what it does and waits for, the verdicts at the end.
fn trace(scene: &Scene, story: &Story, session: &mut Session, lines: &[StoryLine]) -> String {
    let info = scene.info_of(story.preset);
    let verdicts = verdict_lines(session, &info);
    session.seek(0);
    let mut teller = Teller::new(info.calls, session.view());
    let mut text = format!("{}: {}\n{}", story.id, story.title, teller.head());
    for (nth, StoryLine { told, words, question }) in lines.iter().enumerate() {
        text += &format!("\n{}. {words}\n", nth + 1);
        if let Some((question, answer)) = question {
            text += &format!("   {question} {answer}.\n");
        }
        while session.cursor() < told.step {
            let Some(event) = session.forward().cloned() else { break };
            if let Some(line) = teller.line(&event, session.world()) {
                text += line.trim_end();
                text += "\n";
            }
        }
    }
    text + "\n" + &verdicts
}

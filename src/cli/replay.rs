//! `hb replay`: plays a shared run again.

use super::limit::Timed;
use super::play::{RunForm, RunGoal, play, utf8};
use super::{Answer, Args, Bad, Host, script};
use crate::core::action::Entry;
use crate::core::config::Setup;
use crate::core::quote::shown;
use crate::share::carry;
use crate::share::link::{Link, MAX_TEXT};

/// `hb replay URL_OR_FILE [--until T | --steps N] [--budget-ms N] [--json | --trace | --journal |
/// --svg FILE | --digest]`.
pub fn replay(args: &mut Args, host: &dyn Host) -> Answer {
    let host = &Timed::take(args, host)?;
    let form = RunForm::take(args)?;
    let goal = RunGoal::take(args)?;
    let svg = args.value("--svg")?;
    let source = args.need("the link or file")?;
    args.done()?;
    let link = open(&source, host)?;
    let mut played = play(&link, goal.unwrap_or(RunGoal::of(&link)), host)?;
    played.tell_early(form, args);
    played.answer(form, svg, host)
}

/// The run that a link, or a file with a link or a run document in it (also an exported picture), names.
pub fn open(source: &str, host: &dyn Host) -> Result<Link, Bad> {
    // No file's name has the checksum of a link.
    let wrong = match Link::decode(source) {
        Ok(link) => return Ok(link),
        Err(why) => why,
    };
    if looks_like_link(source) {
        return Err(wrong.into());
    }
    let bytes = host.read(source).map_err(|why| format!("{why}; and it is not a link"))?;
    let source = &*shown(source);
    if bytes.len() > script::MAX_SCRIPT {
        return Err(format!("{source}: longer than {} MB", script::MAX_SCRIPT >> 20).into());
    }
    let is_document = bytes.trim_ascii_start().starts_with(b"{");
    if let Some(found) = carry::find(&bytes).filter(|_| !is_document) {
        return Ok(Link::decode_file(&found).map_err(|why| format!("{source}: {why}"))?);
    }
    let text = utf8(source, &bytes)?;
    if is_document {
        return document(source, text);
    }
    if text.len() > MAX_TEXT {
        return Err(format!("{source}: neither a link nor a run document").into());
    }
    Ok(Link::decode(text).map_err(|why| format!("{source}: {why}"))?)
}

fn looks_like_link(source: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    source.contains('#')
        || source.contains("%23s=")
        || source.contains("#s%3D")
        || source.starts_with(['1', '2']) && source.len() > 12 && source.bytes().all(plain)
}

/// What `hb run --json` and `hb export --to json` print, or a bare link as JSON.
#[derive(serde::Deserialize)]
struct RunDocument {
    setup: Setup,
    #[serde(default)]
    journal: Vec<Entry>,
    #[serde(default, alias = "events")]
    cursor: u64,
    #[serde(default, alias = "time_us")]
    time: u64,
}

fn document(file: &str, text: &str) -> Result<Link, Bad> {
    let RunDocument { setup, journal, cursor, time } =
        serde_json::from_str(text).map_err(|e| script::complaint(file, 0, &e))?;
    let link = Link { cursor, time, ..Link::new(setup, journal) };
    link.check().map_err(|why| format!("{file}: {why}"))?;
    Ok(link)
}

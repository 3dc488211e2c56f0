//! The formats of links: how a [`Link`] becomes a text and back. What is written here is out in the
//! world: bodies of a format never change, a new need is a new format.

use super::{Cue, Link, MAX_ALL_ENTRIES, MAX_BRANCHES, MAX_ENTRIES, Selection, ViewState};
use crate::core::action::{Action, Entry};
use crate::core::config::Setup;
use crate::core::hash::StableHasher;
use crate::core::session::{Line, common, usual_name};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::hash::Hasher;

const FIRST: char = '1';
const SECOND: char = '2';
pub(super) const CHECKSUM: usize = 4;
const DAMAGED: &str = "this link was cut short or mistyped";
const UNKNOWN: &str = "this link holds something that this version does not know";

/// Microseconds since the entry before, and what is done.
type Steps = Vec<(u64, Action)>;

/// What both formats say of the run.
#[derive(Serialize, Deserialize)]
struct LinkRun {
    scene: String,
    preset: String,
    knobs: Vec<(String, i64)>,
    mutants: Vec<String>,
    seed: u64,
}

/// Format 1.
#[derive(Serialize, Deserialize)]
struct Body1 {
    run: LinkRun,
    journal: Steps,
    cursor: u64,
    time: u64,
    selection: Option<Selection>,
    panels: u16,
}

/// Format 2.
#[derive(Serialize, Deserialize)]
struct Body2 {
    run: LinkRun,
    lines: Vec<Line2>,
    branch: u16,
    cursor: u64,
    time: u64,
    selection: Option<Selection>,
    panels: u16,
    window: (u64, u64),
    speed: i16,
    beside: Option<u16>,
    cue: Option<(String, u16)>,
}

/// A branch in format 2: what it shares with the branch it left is not said again.
#[derive(Serialize, Deserialize)]
struct Line2 {
    /// Empty for the usual name.
    name: String,
    parent: Option<(u16, u64)>,
    shared: u32,
    journal: Steps,
    off: Steps,
}

impl LinkRun {
    fn of(setup: &Setup) -> LinkRun {
        LinkRun {
            scene: setup.scene.clone(),
            preset: setup.preset.clone(),
            knobs: setup.knobs.iter().map(|(k, v)| (k.clone(), *v)).collect(),
            mutants: setup.mutants.iter().cloned().collect(),
            seed: setup.seed,
        }
    }
    fn setup(self) -> Setup {
        Setup {
            scene: self.scene,
            preset: self.preset,
            knobs: self.knobs.into_iter().collect(),
            mutants: self.mutants.into_iter().collect(),
            seed: self.seed,
        }
    }
}

/// Differences of times from one on.
fn steps(entries: &[Entry], mut before: u64) -> Steps {
    let one = |e: &Entry| {
        let since = e.at.saturating_sub(before);
        before = before.max(e.at);
        (since, e.action.clone())
    };
    entries.iter().map(one).collect()
}

fn entries(steps: Steps, mut at: u64) -> impl Iterator<Item = Entry> {
    steps.into_iter().map(move |(since, action)| {
        at = at.saturating_add(since);
        Entry { at, action }
    })
}

/// Can format 1 say it?
fn is_plain(link: &Link) -> bool {
    let ViewState { selection, panels, .. } = &link.view;
    let view = ViewState { selection: *selection, panels: *panels, ..ViewState::default() };
    let old = matches!(
        selection,
        None | Some(
            Selection::Node(_) | Selection::Message(_) | Selection::Step(_) | Selection::Op(_)
        )
    );
    old && link.view == view && link.branches.is_empty() && link.branch == 0
}

/// The text of a link.
pub(super) fn write(link: &Link) -> String {
    let run = LinkRun::of(&link.setup);
    let ViewState { selection, panels, window, speed, beside, cue } = link.view.clone();
    let (cursor, time) = (link.cursor, link.time);
    if is_plain(link) {
        let journal = steps(&link.journal, 0);
        return seal(FIRST, &Body1 { run, journal, cursor, time, selection, panels });
    }
    let lines = lines(link);
    let cue = cue.map(|Cue { story, step }| (story, step));
    let branch = link.branch;
    let body =
        Body2 { run, lines, branch, cursor, time, selection, panels, window, speed, beside, cue };
    seal(SECOND, &body)
}

fn lines(link: &Link) -> Vec<Line2> {
    let document = link.document();
    let one = |(i, line): (usize, &Line)| {
        let parent = line.parent.and_then(|(p, _)| document.lines.get(usize::from(p)));
        let shared = parent.map_or(0, |p| common(&p.journal, &line.journal));
        let before = shared.checked_sub(1).map_or(0, |i| line.journal[i].at);
        Line2 {
            name: if line.name == usual_name(i) { String::new() } else { line.name.clone() },
            parent: line.parent,
            shared: shared as u32,
            journal: steps(&line.journal[shared..], before),
            off: steps(&line.off, 0),
        }
    };
    document.lines.iter().enumerate().map(one).collect()
}

fn seal(version: char, body: &impl Serialize) -> String {
    // Writing to memory fails only for types without a length, of which there is none here.
    let mut bytes = postcard::to_allocvec(body).unwrap_or_default();
    let sum = checksum(version, &bytes);
    bytes.extend(sum);
    format!("{version}{}", URL_SAFE_NO_PAD.encode(bytes))
}

pub(super) fn checksum(version: char, body: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = StableHasher::with_seed(version as u64);
    hasher.write(body);
    (hasher.finish() as u32).to_le_bytes()
}

/// The link of a text; names and numbers are not looked at yet.
pub(super) fn read(text: &str) -> Result<Link, String> {
    let mut chars = text.chars();
    match chars.next() {
        Some(FIRST) => Ok(unseal::<Body1>(FIRST, chars.as_str())?.link()),
        Some(SECOND) => unseal::<Body2>(SECOND, chars.as_str())?.link(),
        Some(v @ '3'..='9') => Err(format!(
            "this link was made by a newer version (its format is {v}, this one reads up to {SECOND})"
        )),
        _ => Err("this is not a link to a run".into()),
    }
}

fn unseal<B: DeserializeOwned>(version: char, text: &str) -> Result<B, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if let Some((at, odd)) = text.chars().enumerate().find(|(_, c)| !allowed(*c)) {
        return Err(format!("{DAMAGED}: its character {} is {odd:?}", at + 2));
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| DAMAGED)?;
    let (body, sum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(DAMAGED)?;
    if checksum(version, body) != *sum {
        return Err(DAMAGED.into());
    }
    let (body, rest) = postcard::take_from_bytes::<B>(body).map_err(|_| UNKNOWN)?;
    if !rest.is_empty() {
        return Err("this link holds more than this version knows".into());
    }
    Ok(body)
}

impl Body1 {
    fn link(self) -> Link {
        let Body1 { run, journal, cursor, time, selection, panels } = self;
        let journal = entries(journal, 0).collect();
        let view = ViewState { selection, panels, ..ViewState::default() };
        Link { setup: run.setup(), journal, cursor, time, view, ..Link::default() }
    }
}

impl Body2 {
    fn link(self) -> Result<Link, String> {
        if self.lines.len() > MAX_BRANCHES {
            return Err(format!(
                "there are {} branches, more than {MAX_BRANCHES}",
                self.lines.len()
            ));
        }
        let mut all = 0;
        let mut lines: Vec<Line> = Vec::with_capacity(self.lines.len());
        for (i, line) in self.lines.into_iter().enumerate() {
            let parent = line.parent.and_then(|(p, _)| lines.get(usize::from(p)));
            let shared = parent.map_or(&[][..], |p| &p.journal);
            // Unknown rather than guessed: an entry that is said to be shared has to be there.
            let mut journal = shared.get(..line.shared as usize).ok_or(UNKNOWN)?.to_vec();
            let before = journal.last().map_or(0, |e| e.at);
            journal.extend(entries(line.journal, before));
            all += journal.len() + line.off.len();
            if all > MAX_ALL_ENTRIES {
                return Err(format!("the branches have more than {MAX_ALL_ENTRIES} entries"));
            }
            let name = if line.name.is_empty() { usual_name(i) } else { line.name };
            lines.push(Line {
                name,
                parent: line.parent,
                journal,
                off: entries(line.off, 0).collect(),
            });
        }
        let Some(line) = lines.get_mut(usize::from(self.branch)) else {
            return Err(format!("there is no branch {}", self.branch));
        };
        let journal = std::mem::take(&mut line.journal);
        let plain = Line { name: usual_name(0), ..Line::default() };
        if lines == [plain] {
            lines.clear();
        }
        let view = ViewState {
            selection: self.selection,
            panels: self.panels,
            window: self.window,
            speed: self.speed,
            beside: self.beside,
            cue: self.cue.map(|(story, step)| Cue { story, step }),
        };
        debug_assert!(journal.len() <= MAX_ALL_ENTRIES.max(MAX_ENTRIES));
        Ok(Link {
            setup: self.run.setup(),
            journal,
            cursor: self.cursor,
            time: self.time,
            view,
            branches: lines,
            branch: self.branch,
        })
    }
}

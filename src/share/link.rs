//! The address is the save file: a whole run, its moment and its view as a short text.
//!
//! Format 1 is the character `1`, then URL-safe base64 without padding of a postcard body and the
//! four low bytes of its hash. Scenes, presets, knobs and mutants go by name, so that reordering
//! the catalogue renames nothing; actions go by their place in [`Action`], so that enum may only
//! grow at its end. Times are differences, which postcard writes in one to three bytes.
//!
//! Decoding takes memory and time linear in the text, whose length is limited, and does not recurse.

use crate::core::action::{Action, ClockChange, Entry};
use crate::core::config::Setup;
use crate::core::hash::StableHasher;
use crate::core::ids::{MAX_NODES, MsgId, NodeId, OpId};
use crate::core::session::Session;
use crate::protocols::scene;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::hash::Hasher;

/// Longest text that is looked at, in bytes.
pub const MAX_TEXT: usize = 64 * 1024;
/// Most interventions in a journal.
pub const MAX_ENTRIES: usize = 10_000;
/// Latest moment of virtual time, in microseconds (about 31 years): far from any overflow.
pub const MAX_TIME: u64 = 1_000_000_000_000_000;
/// Farthest step a cursor may name.
pub const MAX_STEP: u64 = 2_000_000;
/// Longest name of anything.
const MAX_NAME: usize = 64;
/// Most answers given in advance to one node's choices.
const MAX_PICKS: usize = 256;
const VERSION: char = '1';
const CHECKSUM: usize = 4;

/// A run, a moment in it, and how it is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Which run.
    pub setup: Setup,
    /// The interventions, in order of time.
    pub journal: Vec<Entry>,
    /// The step under the cursor.
    #[serde(default)]
    pub cursor: u64,
    /// Virtual time of the cursor in microseconds; it may lie between two steps.
    #[serde(default)]
    pub time: u64,
    /// What is selected and open.
    #[serde(default)]
    pub view: ViewState,
}

/// How a run is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewState {
    /// What the inspector shows.
    #[serde(default)]
    pub selection: Option<Selection>,
    /// Which panels are open, as bits; their meaning is the page's.
    #[serde(default)]
    pub panels: u16,
}

/// Something selected. May only grow at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// A process.
    Node(NodeId),
    /// A message.
    Message(MsgId),
    /// An event.
    Step(u64),
    /// A client's operation.
    Op(OpId),
}

/// Format 1.
#[derive(Serialize, Deserialize)]
struct Body {
    scene: String,
    preset: String,
    knobs: Vec<(String, i64)>,
    mutants: Vec<String>,
    seed: u64,
    /// Microseconds since the entry before, and what is done.
    journal: Vec<(u64, Action)>,
    cursor: u64,
    time: u64,
    view: ViewState,
}

impl Link {
    /// A run from its beginning.
    pub fn new(setup: Setup, journal: Vec<Entry>) -> Self {
        Link { setup, journal, ..Link::default() }
    }

    /// The run and the moment of a session's present branch.
    pub fn of(session: &Session, view: ViewState) -> Self {
        Link {
            setup: session.setup.clone(),
            journal: session.branch().journal.clone(),
            cursor: session.cursor(),
            time: session.time(),
            view,
        }
    }

    /// The session this link names, with its cursor in place; or one sentence.
    pub fn open(&self) -> Result<Session, String> {
        let build = scene(&self.setup.scene)?.build;
        let mut session = Session::new(build, self.setup.clone(), self.journal.clone())?;
        session.seek(self.cursor);
        // Only forward, and not past the next step: the moment between two steps.
        if self.time > session.time() && session.next_at().is_none_or(|next| next > self.time) {
            session.advance_to(self.time, 1);
        }
        Ok(session)
    }

    /// The text, for any link that [`Link::check`] lets pass.
    pub fn encode(&self) -> String {
        let mut before = 0;
        let journal = self.journal.iter().map(|e| {
            let since = e.at.saturating_sub(before);
            before = before.max(e.at);
            (since, e.action.clone())
        });
        let body = Body {
            scene: self.setup.scene.clone(),
            preset: self.setup.preset.clone(),
            knobs: self.setup.knobs.iter().map(|(k, v)| (k.clone(), *v)).collect(),
            mutants: self.setup.mutants.iter().cloned().collect(),
            seed: self.setup.seed,
            journal: journal.collect(),
            cursor: self.cursor,
            time: self.time,
            view: self.view.clone(),
        };
        // Writing to memory fails only for types without a length, of which there is none here.
        let mut bytes = postcard::to_allocvec(&body).unwrap_or_default();
        let sum = checksum(&bytes);
        bytes.extend(sum);
        format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The fragment of an address: `#s=` and the text.
    pub fn fragment(&self) -> String {
        format!("#s={}", self.encode())
    }

    /// Reads a text, a fragment or a whole address; what is damaged is said in one sentence.
    pub fn decode(text: &str) -> Result<Link, String> {
        let text = state_of(text.trim());
        if text.len() > MAX_TEXT {
            return Err(format!("this link is longer than {} KB", MAX_TEXT / 1024));
        }
        let mut chars = text.chars();
        match chars.next() {
            Some(VERSION) => decode_1(chars.as_str()),
            Some(v @ '2'..='9') => Err(format!(
                "this link was made by a newer version (its format is {v}, this one reads {VERSION})"
            )),
            _ => Err("this is not a link to a run".into()),
        }
    }

    /// Checks sizes and names and that there is such a scene, preset, knob and mutant.
    pub fn check(&self) -> Result<(), String> {
        let Setup { scene: id, preset, knobs, mutants, .. } = &self.setup;
        let names = [id, preset].into_iter().chain(knobs.keys()).chain(mutants);
        if let Some(odd) = names.into_iter().find(|n| !is_name(n)) {
            let start: String = odd.chars().take(20).collect();
            return Err(format!("'{}' is not a name", start.escape_debug()));
        }
        check_journal(&self.journal)?;
        if self.cursor > MAX_STEP || self.time > MAX_TIME {
            return Err(format!("the cursor lies beyond step {MAX_STEP} or the end of time"));
        }
        (scene(id)?.build)(&self.setup).map(|_| ())
    }
}

/// Checks a journal's size, its order, and that no number in it could overflow a clock.
pub fn check_journal(journal: &[Entry]) -> Result<(), String> {
    if journal.len() > MAX_ENTRIES {
        return Err(format!("the journal has {} entries, more than {MAX_ENTRIES}", journal.len()));
    }
    let mut before = 0;
    for (i, entry) in journal.iter().enumerate() {
        let number = i + 1;
        if entry.at < before {
            return Err(format!("entry {number} of the journal goes back in time"));
        }
        before = entry.at;
        if before > MAX_TIME || !sane(&entry.action) {
            return Err(format!("entry {number} of the journal holds a number that is too large"));
        }
    }
    Ok(())
}

fn sane(action: &Action) -> bool {
    match action {
        Action::Clock { change: ClockChange::Step(us), .. } => us.unsigned_abs() <= MAX_TIME,
        Action::Partition(groups) => groups.len() <= MAX_NODES.into(),
        Action::Choose { picks, .. } => picks.len() <= MAX_PICKS,
        _ => true,
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME && name.bytes().all(|b| b.is_ascii_graphic())
}

/// What follows the last `#`, without `s=`.
fn state_of(text: &str) -> &str {
    let fragment = text.rsplit_once('#').map_or(text, |(_, f)| f);
    fragment.strip_prefix("s=").unwrap_or(fragment)
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = StableHasher::with_seed(VERSION as u64);
    hasher.write(body);
    (hasher.finish() as u32).to_le_bytes()
}

fn decode_1(text: &str) -> Result<Link, String> {
    const DAMAGED: &str = "this link was cut short or mistyped";
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if let Some((at, odd)) = text.chars().enumerate().find(|(_, c)| !allowed(*c)) {
        return Err(format!("{DAMAGED}: its character {} is {odd:?}", at + 2));
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| DAMAGED)?;
    let (body, sum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(DAMAGED)?;
    if checksum(body) != *sum {
        return Err(DAMAGED.into());
    }
    let (body, rest) = postcard::take_from_bytes::<Body>(body)
        .map_err(|_| "this link holds something that this version does not know")?;
    if !rest.is_empty() {
        return Err("this link holds more than this version knows".into());
    }
    let link = body.link();
    link.check()?;
    Ok(link)
}

impl Body {
    fn link(self) -> Link {
        let mut at = 0u64;
        let mut journal = Vec::with_capacity(self.journal.len().min(MAX_ENTRIES));
        for (since, action) in self.journal {
            at = at.saturating_add(since);
            journal.push(Entry { at, action });
        }
        let setup = Setup {
            scene: self.scene,
            preset: self.preset,
            knobs: self.knobs.into_iter().collect(),
            mutants: self.mutants.into_iter().collect(),
            seed: self.seed,
        };
        Link { setup, journal, cursor: self.cursor, time: self.time, view: self.view }
    }
}

#[cfg(test)]
mod tests;

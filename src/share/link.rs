//! The address is the save file: a whole run, its moment and its view as a short text.
//!
//! A text is the format's digit, then URL-safe base64 without padding of a postcard body and the
//! four low bytes of its hash. Scenes, presets, knobs and mutants go by name, so that reordering
//! the catalogue renames nothing; actions go by their place in [`Action`], so that enum may only
//! grow at its end. Times are differences, which postcard writes in one to three bytes. Format 1
//! holds one branch and a selection; format 2 adds branches, entries switched off and the view, and
//! is written only where 1 cannot say it.
//!
//! Decoding takes memory and time linear in the text, whose length is limited, and does not recurse.

use crate::core::action::{Action, ClockChange, Entry};
use crate::core::config::Setup;
use crate::core::ids::{MAX_NODES, MsgId, NodeId, OpId};
use crate::core::session::{Document, Line, MOST_LETTERS, Session};
use crate::protocols::scene;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

mod format;

/// Longest text that is looked at, in bytes.
pub const MAX_TEXT: usize = 64 * 1024;
/// Longest text in a saved session, in bytes.
pub const MAX_FILE_TEXT: usize = 1024 * 1024;
/// Longest text of an address that holds several branches: programs cut longer ones short.
pub const MOST_ADDRESS: usize = 8_000;
/// Most interventions in a journal.
pub const MAX_ENTRIES: usize = 10_000;
/// Latest moment of virtual time, in microseconds (about 31 years): far from any overflow.
pub const MAX_TIME: u64 = 1_000_000_000_000_000;
/// Farthest step that a search, or a command that computes a run at once, goes to.
pub const MAX_STEP: u64 = 2_000_000;
/// Farthest step a cursor may name: longer runs do not fit the numbers they are indexed by.
pub const MAX_CURSOR: u64 = 4_000_000_000;
/// Longest name of anything.
const MAX_NAME: usize = 64;
/// Most answers given in advance to one node's choices.
const MAX_PICKS: usize = 256;
/// Most branches of a session.
const MAX_BRANCHES: usize = 256;
/// Most characters of `-` and `_` that are tried as not belonging to a link.
const MOST_APPENDED: usize = 3;
/// Most interventions in all branches together.
const MAX_ALL_ENTRIES: usize = 4 * MAX_ENTRIES;

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
    /// All branches, where there is more than a journal: that of the present one stands in
    /// `journal`, not here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<Line>,
    /// Which branch the cursor is on.
    #[serde(default)]
    pub branch: u16,
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
    /// First moment and width of the diagram, in microseconds; no width is the page's own choice.
    #[serde(default)]
    pub window: (u64, u64),
    /// Speed, in hundredths of its decimal logarithm; 0 is the page's own choice.
    #[serde(default)]
    pub speed: i16,
    /// The branch or run beside this one.
    #[serde(default)]
    pub beside: Option<u16>,
    /// The story that is told, and its step from 0.
    #[serde(default)]
    pub cue: Option<Cue>,
}

/// A place in a story.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cue {
    /// The story's name.
    pub story: String,
    /// Its step, from 0.
    pub step: u16,
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
    /// A running timer.
    Timer { node: NodeId, code: u32 },
    /// The links between two nodes.
    Link { a: NodeId, b: NodeId },
    /// A log entry.
    Entry { node: NodeId, index: u64 },
    /// A property, by its place.
    Property(u16),
}

/// What an address holds of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Held {
    /// All of it.
    #[default]
    Whole,
    /// The present branch with its journal, and none of the others.
    Branch,
    /// The run without any intervention: even one branch is too long.
    Settings,
}

impl Link {
    /// A run from its beginning.
    pub fn new(setup: Setup, journal: Vec<Entry>) -> Self {
        Link { setup, journal, ..Link::default() }
    }

    /// The run and the moment of a session's present branch, alone.
    pub fn of(session: &Session, view: ViewState) -> Self {
        Link {
            setup: session.setup.clone(),
            journal: session.branch().journal.clone(),
            cursor: session.cursor(),
            time: session.time(),
            view,
            branches: Vec::new(),
            branch: 0,
        }
    }

    /// A whole session: all its branches.
    pub fn whole(session: &Session, view: ViewState) -> Self {
        let mut link = Link::of(session, view);
        let Document { mut lines, current, .. } = session.document();
        let plain = Line { name: crate::core::session::FIRST_NAME.into(), ..Line::default() };
        lines[current].journal.clear();
        if lines != [plain] {
            (link.branches, link.branch) = (lines, current as u16);
        }
        link
    }

    /// As much of a session as an address may hold.
    pub fn address(session: &Session, view: ViewState) -> (Link, Held) {
        // Its run is under way, so it can be built.
        let fits = |link: &Link, most| link.check_sizes().is_ok() && link.encode().len() <= most;
        let whole = Link::whole(session, view.clone());
        let most = if whole.branches.len() > 1 { MOST_ADDRESS } else { MAX_TEXT };
        if fits(&whole, most) {
            return (whole, Held::Whole);
        }
        let branch = Link::of(session, view);
        if fits(&branch, MAX_TEXT) {
            return (branch, Held::Branch);
        }
        (Link::new(session.setup.clone(), Vec::new()), Held::Settings)
    }

    /// The text of a file that holds all of a session; a sentence if it would not open again.
    pub fn file(session: &Session, view: ViewState) -> Result<String, String> {
        let whole = Link::whole(session, view);
        whole.check()?;
        let text = whole.fragment();
        if text.len() > MAX_FILE_TEXT {
            return Err(format!("the session is longer than {} MB", MAX_FILE_TEXT >> 20));
        }
        Ok(text)
    }

    /// The branches, each with its journal.
    fn document(&self) -> Document {
        let mut lines = self.branches.clone();
        if lines.is_empty() {
            let name = crate::core::session::FIRST_NAME.into();
            lines.push(Line { name, ..Line::default() });
        }
        let current = usize::from(self.branch);
        if let Some(line) = lines.get_mut(current) {
            line.journal.clone_from(&self.journal);
        }
        Document { lines, current, step: self.cursor, time: self.time }
    }

    /// The session this link names, with its cursor in place; or one sentence. A cursor beyond
    /// [`MAX_STEP`] steps is refused.
    pub fn open(&self) -> Result<Session, String> {
        if self.cursor > MAX_STEP {
            return Err(format!(
                "the run stands at step {}: the page opens it, step by step; here it is computed at \
                 once, up to step {MAX_STEP}",
                self.cursor
            ));
        }
        let build = scene(&self.setup.scene)?.build;
        let mut session = Session::new(build, self.setup.clone(), Vec::new())?;
        session.restore(&self.document())?;
        Ok(session)
    }

    /// The session this link names, its record limited to so many bytes (see [`Session::bound`]):
    /// at its beginning, and on its way to the cursor (see [`Session::slice`]).
    pub fn begin(&self, record: u64) -> Result<(Session, Session), String> {
        let build = scene(&self.setup.scene)?.build;
        let mut session = Session::new(build, self.setup.clone(), Vec::new())?;
        session.bound(record);
        session.set_gradual(true);
        session.restore(&self.document())?;
        let mut start = session.copy();
        start.halt();
        Ok((start, session))
    }

    /// The text, for any link that [`Link::check`] lets pass.
    pub fn encode(&self) -> String {
        format::write(self)
    }

    /// The fragment of an address: `#s=` and the text.
    pub fn fragment(&self) -> String {
        format!("#s={}", self.encode())
    }

    /// Reads a text, a fragment or a whole address; what is damaged is said in one sentence. What
    /// programs put after an address, and their escaping of it, do no harm.
    pub fn decode(text: &str) -> Result<Link, String> {
        Link::decode_up_to(text, MAX_TEXT)
    }

    /// Reads the link in a saved session, which may be longer than an address.
    pub fn decode_file(text: &str) -> Result<Link, String> {
        Link::decode_up_to(text, MAX_FILE_TEXT)
    }

    /// The scene that a text, a fragment or a whole address names, whether or not the rest of it can
    /// be opened: what has to be at hand before it is decoded.
    ///
    /// # Errors
    /// One sentence when the text is damaged or no link at all.
    pub fn scene_of(text: &str) -> Result<String, String> {
        Link::reading(text, MAX_FILE_TEXT, |link| Ok(link.setup.scene))
    }

    fn decode_up_to(text: &str, most: usize) -> Result<Link, String> {
        Link::reading(text, most, |link| link.check().map(|()| link))
    }

    /// The first beginning of a text that can be read.
    fn reading<T>(
        text: &str,
        most: usize,
        then: impl Fn(Link) -> Result<T, String>,
    ) -> Result<T, String> {
        // Escaped three times over, each character of a link takes nine.
        if text.len() > 16 * most {
            return Err(too_long(most));
        }
        let text = unescaped(text.trim());
        let mut wrong = None;
        for text in beginnings(&text) {
            let read = if text.len() > most { Err(too_long(most)) } else { read(text) };
            match read {
                Ok(link) => return then(link),
                Err(why) => wrong = wrong.or(Some(why)),
            }
        }
        Err(wrong.unwrap_or_default())
    }

    /// Checks sizes and names and that there is such a scene, preset, knob and mutant.
    pub fn check(&self) -> Result<(), String> {
        self.check_sizes()?;
        (scene(&self.setup.scene)?.build)(&self.setup).map(|_| ())
    }

    fn check_sizes(&self) -> Result<(), String> {
        let Setup { scene: id, preset, knobs, mutants, .. } = &self.setup;
        let names = [id, preset].into_iter().chain(knobs.keys()).chain(mutants);
        if let Some(odd) = names.into_iter().find(|n| !is_name(n)) {
            let start: String = odd.chars().take(20).collect();
            return Err(format!("'{}' is not a name", start.escape_debug()));
        }
        check_journal(&self.journal)?;
        self.check_branches()?;
        if self.cursor > MAX_CURSOR || self.time > MAX_TIME {
            return Err(format!("the cursor lies beyond step {MAX_CURSOR} or the end of time"));
        }
        if let Some(cue) = self.view.cue.as_ref().filter(|c| !is_name(&c.story)) {
            return Err(format!("'{}' is not a story", cue.story.escape_debug()));
        }
        let (from, width) = self.view.window;
        if from > MAX_TIME || width > MAX_TIME {
            return Err("the diagram lies beyond the end of time".into());
        }
        Ok(())
    }

    fn check_branches(&self) -> Result<(), String> {
        let lines = &self.branches;
        if lines.len() > MAX_BRANCHES {
            return Err(format!("there are {} branches, more than {MAX_BRANCHES}", lines.len()));
        }
        if usize::from(self.branch) >= lines.len().max(1) {
            return Err(format!("there is no branch {}", self.branch));
        }
        let all: usize = lines.iter().map(|l| l.journal.len() + l.off.len()).sum();
        if all > MAX_ALL_ENTRIES {
            return Err(format!("the branches have more than {MAX_ALL_ENTRIES} entries"));
        }
        for (i, line) in lines.iter().enumerate() {
            let at = |why| format!("branch {}: {why}", i + 1);
            if line.name.chars().count() > MOST_LETTERS || line.name.contains(char::is_control) {
                return Err(at("its name is too long or not one line".into()));
            }
            let parent = line.parent.unwrap_or((0, 0));
            if line.parent.is_some() && usize::from(parent.0) >= i || parent.1 > MAX_CURSOR {
                return Err(at("it leaves what comes after it".into()));
            }
            check_journal(&line.journal).and_then(|()| check_journal(&line.off)).map_err(at)?;
        }
        Ok(())
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

fn too_long(most: usize) -> String {
    format!("this link is longer than {} KB", most / 1024)
}

/// The text with its percent escapes undone, as often as programs did them.
fn unescaped(text: &str) -> Cow<'_, str> {
    const MOST_TIMES: usize = 3;
    let mut text = Cow::Borrowed(text);
    for _ in 0..MOST_TIMES {
        if !text.contains('%') {
            break;
        }
        let once = unescaped_once(&text);
        text = Cow::Owned(once);
    }
    text
}

/// Only what ASCII an address can hold is unescaped; the rest is none of a link.
fn unescaped_once(text: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let code = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code.filter(|c| c.is_ascii_graphic()) {
            Some(code) => {
                out.push(code.into());
                out.push_str(&part[2..]);
            }
            None => {
                out.push('%');
                out.push_str(part);
            }
        }
    }
    out
}

/// Where in a text the link may begin: after `#s=`, after the last `#`, or at once; without `s=`.
fn beginnings(text: &str) -> impl Iterator<Item = &str> {
    let marked = text.split_once("#s=").map(|t| t.1);
    let fragment = text.rsplit_once('#').map(|t| t.1);
    let all = [marked, fragment, Some(text)].into_iter().flatten();
    all.map(|t| t.strip_prefix("s=").unwrap_or(t))
}

/// The link at the beginning of a text. What programs append to addresses (`)`, `.`, `&fbclid=...`)
/// begins with a character that no link has, or with `_` and `-`, which one may have; the checksum
/// tells whether the link is whole without it.
fn read(text: &str) -> Result<Link, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut state = text.split(|c| !plain(c)).next().unwrap_or_default();
    for _ in 0..=MOST_APPENDED {
        if let Ok(link) = format::read(state) {
            return Ok(link);
        }
        let Some(shorter) = state.strip_suffix(['-', '_']) else { break };
        state = shorter;
    }
    format::read(text)
}

#[cfg(test)]
mod tests;

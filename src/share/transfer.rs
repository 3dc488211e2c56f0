//! One script of faults for two protocols: what of a run's setting and journal means the same to
//! another scene, and the first difference between two runs that have only clients and claims in
//! common.

use crate::core::action::{Action, Call, Entry};
use crate::core::config::{COMMON, Setup};
use crate::core::ids::{NodeId, NodeSet, OpId};
use crate::core::protocol::{CallName, call_text};
use crate::core::session::Session;
use crate::core::sorted::SortedMap;
use crate::core::trace::{OpEnd, OpLife};
use crate::protocols::{Info, Scene, scene};

/// An assumption of the protocol, not a property of the place where it runs.
const ASSUMED: &[&str] = &["net.fifo"];

/// A run's setting and faults, for another scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The other scene with the same seed, processes, network, clocks, disks and, where it has
    /// operations, clients.
    pub setup: Setup,
    /// What means the same there, in order of time.
    pub journal: Vec<Entry>,
    /// What does not: why, and how many interventions.
    pub left: SortedMap<Left, usize>,
}

/// Why an intervention stays behind. In the order in which it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// It is about one message, which the other protocol does not send.
    Message,
    /// It is about one of the protocol's own timers.
    Timer,
    /// It stops a node inside of a handler, or answers a choice of the protocol's own.
    Inside,
    /// The other protocol has no such operation.
    Operation,
    /// The other scene has no such process.
    Process,
    /// It makes time stand still, so that only the other interventions move the run.
    Manual,
}

impl Left {
    fn words(self) -> &'static str {
        match self {
            Left::Message => "on single messages, which are not sent there",
            Left::Timer => "on the protocol's own timers",
            Left::Inside => "inside of the protocol's own rules",
            Left::Operation => "with an operation that is unknown there",
            Left::Process => "on processes that are not there",
            Left::Manual => "that let only interventions move the run",
        }
    }
}

impl Carried {
    /// One sentence on what could not be carried over.
    pub fn sentence(&self) -> String {
        let total = self.left.values().sum::<usize>() + self.journal.len();
        if total == 0 {
            return "There are no interventions to carry over.".into();
        }
        if self.left.is_empty() {
            return match total {
                1 => "The one intervention is carried over.".into(),
                _ => format!("All {total} interventions are carried over."),
            };
        }
        let parts: Vec<String> =
            self.left.iter().map(|(why, n)| format!("{n} {}", why.words())).collect();
        format!("Of {total} interventions these are not carried over: {}.", parts.join("; "))
    }
}

/// A scene as a run has it.
struct TransferScene {
    info: Info,
    values: SortedMap<&'static str, i64>,
}

impl TransferScene {
    fn of(scene: &Scene, setup: &Setup) -> Result<TransferScene, String> {
        let info = scene.info_of(&setup.preset);
        let mut values: SortedMap<&str, i64> =
            info.knobs.iter().map(|k| (k.id, k.default)).collect();
        let preset = scene.preset(&setup.preset)?.values.iter().copied();
        let turned = setup.knobs.iter().map(|(id, value)| (id.as_str(), *value));
        for (id, value) in preset.chain(turned) {
            if let Some(known) = values.get_mut(id) {
                *known = value;
            }
        }
        Ok(TransferScene { info, values })
    }

    fn count(&self, id: &str) -> u16 {
        self.values.get(id).and_then(|v| u16::try_from(*v).ok()).unwrap_or(0)
    }
}

/// Carries a run's setting and interventions to another scene; a sentence if one of the two is not
/// in the catalogue.
pub fn carry(setup: &Setup, journal: &[Entry], to: &str) -> Result<Carried, String> {
    let (here, there) = (scene(&setup.scene)?, scene(to)?);
    let from = TransferScene::of(here, setup)?;
    let mut fresh = Setup { scene: to.into(), seed: setup.seed, ..Setup::default() };
    let bare = TransferScene::of(there, &fresh)?;
    let operations = shared_calls(&from.info, &bare.info);
    for knob in COMMON.iter().filter(|k| !ASSUMED.contains(&k.id)) {
        let clients = knob.id.starts_with("client");
        match (from.values.get(knob.id), bare.values.get(knob.id)) {
            (Some(a), Some(b)) if a != b && (operations || !clients) => {
                fresh.knobs.insert(knob.id.into(), *a);
            }
            _ => {}
        }
    }
    (there.build)(&fresh)?;
    let onto = NodeMap { to: TransferScene::of(there, &fresh)?, from };
    let mut carried = Carried { setup: fresh, journal: Vec::new(), left: SortedMap::new() };
    for entry in journal {
        match onto.action(&entry.action) {
            Ok(action) => carried.journal.push(Entry { at: entry.at, action }),
            Err(why) => *carried.left.entry(why).or_default() += 1,
        }
    }
    Ok(carried)
}

struct NodeMap {
    from: TransferScene,
    to: TransferScene,
}

impl NodeMap {
    /// Servers keep their numbers; clients come after them.
    fn node(&self, node: NodeId) -> Result<NodeId, Left> {
        let (here, there) = (self.from.count("nodes"), self.to.count("nodes"));
        let (place, most, first) = match node.0.checked_sub(here) {
            None => (node.0, there, 0),
            Some(client) => (client, self.to.count("clients"), there),
        };
        if place < most { Ok(NodeId(first + place)) } else { Err(Left::Process) }
    }

    /// Those of a set that are there; none is an error unless none were asked for.
    fn set(&self, set: NodeSet) -> Result<NodeSet, Left> {
        let there: NodeSet = set.iter().filter_map(|n| self.node(n).ok()).collect();
        if there.is_empty() && !set.is_empty() { Err(Left::Process) } else { Ok(there) }
    }

    fn call(&self, call: Call) -> Result<Call, Left> {
        let name = self.from.info.calls.get(usize::from(call.f)).ok_or(Left::Operation)?;
        let same = |c: &CallName| same_call(c, name);
        let f = self.to.info.calls.iter().position(same).ok_or(Left::Operation)?;
        Ok(Call { f: u8::try_from(f).map_err(|_| Left::Operation)?, ..call })
    }

    fn action(&self, action: &Action) -> Result<Action, Left> {
        Ok(match action.clone() {
            Action::Deliver(_)
            | Action::Drop(_)
            | Action::Duplicate(_)
            | Action::Hold(_)
            | Action::Release(_)
            | Action::Forge { .. } => return Err(Left::Message),
            Action::Fire { .. } => return Err(Left::Timer),
            Action::CrashAfter { .. } | Action::Choose { .. } => return Err(Left::Inside),
            Action::Manual(_) => return Err(Left::Manual),
            Action::Crash { node, mode } => Action::Crash { node: self.node(node)?, mode },
            Action::Restart(node) => Action::Restart(self.node(node)?),
            Action::Pause(node) => Action::Pause(self.node(node)?),
            Action::Resume(node) => Action::Resume(self.node(node)?),
            Action::Slow { node, us } => Action::Slow { node: self.node(node)?, us },
            Action::Cut { from, to } => Action::Cut { from: self.set(from)?, to: self.set(to)? },
            Action::Heal { from, to } => Action::Heal { from: self.set(from)?, to: self.set(to)? },
            Action::Partition(groups) => {
                let all: Vec<NodeSet> = groups.iter().filter_map(|g| self.set(*g).ok()).collect();
                if all.is_empty() && !groups.is_empty() {
                    return Err(Left::Process);
                }
                Action::Partition(all)
            }
            Action::HealAll => Action::HealAll,
            Action::Link { from, to, change } => {
                Action::Link { from: self.set(from)?, to: self.set(to)?, change }
            }
            Action::Clock { node, change } => Action::Clock { node: self.node(node)?, change },
            Action::Disk { node, change } => Action::Disk { node: self.node(node)?, change },
            Action::Lie { node, policy } => Action::Lie { node: self.node(node)?, policy },
            Action::Invoke { client, to, call } => {
                let to = to.map(|n| self.node(n)).transpose()?;
                Action::Invoke { client: self.node(client)?, to, call: self.call(call)? }
            }
        })
    }
}

/// The first difference between two runs of different protocols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// When it shows, in microseconds.
    pub at: u64,
    /// What it is, in words that follow a colon.
    pub words: String,
}

fn same_call(a: &CallName, b: &CallName) -> bool {
    (a.name, a.key, a.value, a.arg) == (b.name, b.key, b.value, b.arg)
}

/// Do clients ask both for the same kind of thing?
fn shared_calls(a: &Info, b: &Info) -> bool {
    a.calls.iter().any(|c| b.calls.iter().any(|d| same_call(c, d)))
}

/// Is there anything about two scenes that can be compared: operations of clients, or a claim that
/// both make?
pub fn comparable(here: &Info, there: &Info) -> bool {
    shared_calls(here, there)
        || here.properties.iter().any(|p| there.properties.iter().any(|q| q.id == p.id))
}

/// The first difference in what is comparable, up to a time: how the same operation of the same
/// client ended, or whether a claim that both make was broken.
pub fn first_difference(here: &Session, there: &Session, until: u64) -> Option<Differing> {
    let claim = claims(here, there, until);
    let operation = operations(here, there, until);
    claim.into_iter().chain(operation).min_by_key(|d| d.at)
}

fn claims(here: &Session, there: &Session, until: u64) -> Option<Differing> {
    let (mine, theirs) = (here.view().verdicts, there.view().verdicts);
    let both = mine.iter().filter_map(|v| {
        let other = theirs.iter().find(|o| o.property == v.property)?;
        let at = |v: &crate::core::view::Verdict| v.violation.as_ref().map(|x| x.at);
        let (at, place) = match (at(v).filter(|t| *t <= until), at(other).filter(|t| *t <= until)) {
            (Some(a), Some(b)) if a == b => return None,
            (Some(a), b) if b.is_none_or(|b| a < b) => (a, "here, not there"),
            (_, Some(b)) => (b, "there, not here"),
            _ => return None,
        };
        Some(Differing { at, words: format!("{} is violated {place}", v.title) })
    });
    both.min_by_key(|d| d.at)
}

const ANSWERED: &str = "answered";

/// How an operation ended, as far as two protocols can be held against each other.
fn end(op: &OpLife, until: u64) -> Option<(u64, &'static str)> {
    let (_, at) = op.ended.filter(|(_, at)| *at <= until)?;
    let word = match op.end {
        OpEnd::Open => return None,
        OpEnd::Ok(_) => ANSWERED,
        OpEnd::Fail(_) => "refused",
        OpEnd::Unknown => "not answered in time",
    };
    Some((at, word))
}

fn operations(here: &Session, there: &Session, until: u64) -> Option<Differing> {
    let place = |s: &Session| TransferScene::of(scene(&s.setup.scene).ok()?, &s.setup).ok();
    let (mine, theirs) = (place(here)?, place(there)?);
    if !shared_calls(&mine.info, &theirs.info) {
        return None;
    }
    let of = |first: u16, id: OpId| (id.client.0.wrapping_sub(first), id.nth);
    let first = theirs.count("nodes");
    let others = there.trace().ops.iter();
    let others: SortedMap<(u16, u32), (u64, &str)> =
        others.filter_map(|op| Some((of(first, op.id), end(op, until)?))).collect();
    let first = mine.count("nodes");
    let differ = here.trace().ops.iter().filter_map(|op| {
        let ((a, end), (b, other)) = (end(op, until)?, *others.get(&of(first, op.id))?);
        (end != other).then_some((a.max(b), op, end, other))
    });
    let (at, op, end, other) = differ.min_by_key(|d| d.0)?;
    let names = here.view().nodes;
    let client = names.get(op.id.client.at()).map_or("?", |n| &n.name);
    let (nth, call) = (op.id.nth + 1, call_text(mine.info.calls, &op.call));
    let words = format!("operation {nth} of client {client} ({call}) is {end} here, {other} there");
    Some(Differing { at, words })
}

/// How clients fared up to a time: operations begun, and those answered.
pub fn fared(session: &Session, until: u64) -> (usize, usize) {
    let begun = session.trace().ops.iter().filter(|op| op.invoked <= until);
    let answered = |op: &&OpLife| end(op, until).is_some_and(|(_, word)| word == ANSWERED);
    (begun.clone().count(), begun.filter(answered).count())
}

#[cfg(test)]
mod tests;

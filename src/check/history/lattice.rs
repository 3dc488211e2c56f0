//! Which levels one history reaches. Each is judged by itself; where that stays open, what a weaker
//! level refutes a stronger one refutes, and what a stronger one allows a weaker one allows.

use super::txn::register::{self, SessionOrder, TxnLevel};
use super::txn::{Txn, append};
use super::views::{self, ViewLevel};
use super::{Budget, History, HistoryVerdict, ObjectModel, linearizable, sequential};
use crate::core::sorted::{SortedMap, SortedSet};

/// Pairs (stronger, weaker).
pub type StrongerPairs = [(&'static str, &'static str)];

/// Pairs (stronger, weaker) among the levels of [`single`].
pub const SINGLE: &StrongerPairs = &[
    ("linearizable", "sequential"),
    ("sequential", "causal+"),
    ("causal+", "causal"),
    ("causal", "pram"),
    ("causal", "wfr"),
    ("pram", "ryw"),
    ("pram", "mr"),
    ("pram", "mw"),
];

/// Pairs (stronger, weaker) among the levels of [`transactional`], whether or not all of them keep
/// the order of sessions.
pub const TRANSACTIONAL: &StrongerPairs = &[
    ("strict-serializable", "strong-session-serializable"),
    ("strong-session-serializable", "serializable"),
    ("strong-session-serializable", "strong-session-si"),
    ("strong-session-si", "si"),
    ("strong-session-si", "causal"),
    ("serializable", "si"),
    ("si", "prefix"),
    ("prefix", "causal-cerone"),
    ("causal", "causal-cerone"),
    ("causal-cerone", "read-atomic"),
    ("causal", "ryw"),
    ("causal", "mr"),
    ("causal", "mw"),
    ("causal", "wfr"),
    ("read-atomic", "read-committed"),
];

/// Steps of a first look at a level.
const LOOK: u64 = 1 << 17;

/// The verdict of `level` (a name of the command line) on a history of single operations; none
/// if the level is not defined for its operations.
pub fn judge(
    model: &ObjectModel,
    history: &History,
    level: &str,
    budget: &mut Budget,
) -> Option<HistoryVerdict> {
    let level = LEVELS.into_iter().find(|l| *l == level)?;
    let one = &mut |level: &'static str, budget: &mut Budget| alone(model, history, level, budget);
    settle(SINGLE, &LEVELS, &[level], one, budget).pop().map(|(_, verdict)| verdict)
}

fn alone(
    model: &ObjectModel,
    history: &History,
    level: &str,
    budget: &mut Budget,
) -> Option<HistoryVerdict> {
    let level = match level {
        "linearizable" => return Some(linearizable::judge(model, history, budget)),
        "sequential" => return Some(sequential::judge(model, history, budget)),
        "pram" if !views::defined(history) => {
            return Some(sequential::pram(model, history, budget));
        }
        "pram" => ViewLevel::Pram,
        "causal" => ViewLevel::Causal,
        "causal+" => ViewLevel::CausalPlus,
        "ryw" => ViewLevel::ReadYourWrites,
        "mr" => ViewLevel::MonotonicReads,
        "mw" => ViewLevel::MonotonicWrites,
        "wfr" => ViewLevel::WritesFollowReads,
        _ => return None,
    };
    views::defined(history).then(|| views::judge(model, history, level, budget))
}

/// Levels for single operations, strongest first.
pub const LEVELS: [&str; 9] =
    ["linearizable", "sequential", "causal+", "causal", "pram", "ryw", "mr", "mw", "wfr"];

/// All levels of a history of single operations.
pub fn single(
    model: &ObjectModel,
    history: &History,
    budget: &mut Budget,
) -> Vec<(&'static str, HistoryVerdict)> {
    let one = &mut |level: &'static str, budget: &mut Budget| alone(model, history, level, budget);
    settle(SINGLE, &LEVELS, &LEVELS, one, budget)
}

/// All levels of transactions over registers.
pub fn transactional(
    txns: &[Txn],
    sessions: SessionOrder,
    budget: &mut Budget,
) -> Vec<(&'static str, HistoryVerdict)> {
    let names = TxnLevel::ALL.map(|l| l.0);
    let one = &mut |name: &'static str, budget: &mut Budget| {
        let level = TxnLevel::parse(name)?;
        Some(register::judge(txns, level, sessions, budget))
    };
    settle(TRANSACTIONAL, &names, &names, one, budget)
}

/// The same levels of transactions that append to lists.
pub fn lists(
    txns: &[Txn],
    sessions: SessionOrder,
    budget: &mut Budget,
) -> Vec<(&'static str, HistoryVerdict)> {
    let names = TxnLevel::ALL.map(|l| l.0);
    let one = &mut |name: &'static str, budget: &mut Budget| {
        append::at_level(txns, name, sessions, budget).map(|found| found.0)
    };
    settle(TRANSACTIONAL, &names, &names, one, budget)
}

/// The verdict on one level of transactions over registers.
pub fn of_registers(
    txns: &[Txn],
    level: TxnLevel,
    sessions: SessionOrder,
    budget: &mut Budget,
) -> HistoryVerdict {
    let names = TxnLevel::ALL.map(|l| l.0);
    let wanted = TxnLevel::ALL.into_iter().find(|l| l.1 == level).map_or("serializable", |l| l.0);
    let one = &mut |name: &'static str, budget: &mut Budget| {
        Some(register::judge(txns, TxnLevel::parse(name)?, sessions, budget))
    };
    let found = settle(TRANSACTIONAL, &names, &[wanted], one, budget).pop();
    found.map_or_else(|| HistoryVerdict::Unknown(super::Undecided::default()), |(_, v)| v)
}

/// The levels on the weaker (or the stronger) side of `level`.
pub fn beyond(pairs: &StrongerPairs, level: &'static str, weaker: bool) -> SortedSet<&'static str> {
    let mut seen = SortedSet::from([level]);
    loop {
        let before = seen.len();
        for &(strong, weak) in pairs {
            let (from, to) = if weaker { (strong, weak) } else { (weak, strong) };
            if seen.contains(from) {
                seen.insert(to);
            }
        }
        if seen.len() == before {
            seen.remove(level);
            return seen;
        }
    }
}

type LevelJudge<'a> = dyn FnMut(&'static str, &mut Budget) -> Option<HistoryVerdict> + 'a;

/// The verdicts on `wanted`. What a short look leaves open is decided by others of `all` if that is
/// possible, before the whole budget goes to it.
pub fn settle(
    pairs: &StrongerPairs,
    all: &[&'static str],
    wanted: &[&'static str],
    judge: &mut LevelJudge,
    budget: &mut Budget,
) -> Vec<(&'static str, HistoryVerdict)> {
    let mut known: SortedMap<&'static str, HistoryVerdict> = SortedMap::new();
    let mut look =
        |level: &'static str, known: &mut SortedMap<&str, HistoryVerdict>, b: &mut Budget| {
            let steps = LOOK.min(b.steps / 4).max(1).min(b.steps);
            let mut mine = Budget { steps, should_stop: b.should_stop };
            if let Some(verdict) = judge(level, &mut mine) {
                known.insert(level, verdict);
            }
            b.steps -= steps - mine.steps;
        };
    for level in wanted {
        look(level, &mut known, budget);
    }
    let open = |known: &SortedMap<&'static str, HistoryVerdict>| {
        let open = |l: &&&str| matches!(known.get(**l), Some(HistoryVerdict::Unknown(_)));
        wanted.iter().filter(open).copied().collect::<Vec<&'static str>>()
    };
    for level in open(&known) {
        let (below, above) = (beyond(pairs, level, true), beyond(pairs, level, false));
        for other in all.iter().filter(|l| below.contains(*l) || above.contains(*l)) {
            if !known.contains_key(other) {
                look(other, &mut known, budget);
            }
        }
    }
    close(pairs, &mut known);
    for level in open(&known) {
        let Some(HistoryVerdict::Unknown(before)) = known.get(level) else { continue };
        let Some(verdict) = judge(level, budget) else { continue };
        // What the short look found may be more than what was left of the budget did.
        let less = |v: &HistoryVerdict| matches!(v, HistoryVerdict::Unknown(v) if v.order.len() < before.order.len());
        if !less(&verdict) {
            known.insert(level, verdict);
            close(pairs, &mut known);
        }
    }
    wanted.iter().filter_map(|level| Some((*level, known.remove(level)?))).collect()
}

/// Decides what is open by what is known of weaker and stronger levels.
fn close(pairs: &StrongerPairs, known: &mut SortedMap<&'static str, HistoryVerdict>) {
    let open: Vec<&'static str> = known
        .iter()
        .filter(|(_, v)| matches!(v, HistoryVerdict::Unknown(_)))
        .map(|(l, _)| *l)
        .collect();
    for level in open {
        let below = beyond(pairs, level, true);
        let refuted = below.iter().find_map(|weak| match known.get(weak) {
            Some(HistoryVerdict::Illegal(why)) => Some((*weak, why.clone())),
            _ => None,
        });
        if let Some((weak, mut why)) = refuted {
            why.because = format!("Not even {weak} holds. {}", why.because);
            known.insert(level, HistoryVerdict::Illegal(why));
            continue;
        }
        let above = beyond(pairs, level, false);
        let allowed = above.iter().find_map(|strong| match known.get(strong) {
            Some(HistoryVerdict::Ok(legal)) => Some(legal.clone()),
            _ => None,
        });
        if let Some(legal) = allowed {
            known.insert(level, HistoryVerdict::Ok(legal));
        }
    }
}

//! Which levels one history reaches. Stronger levels imply weaker ones; that is tested, not used.

use super::txn::Txn;
use super::txn::register::{self, Level as TxnLevel};
use super::views::{self, Level};
use super::{Budget, History, Model, Verdict, linearizable, sequential};

/// Pairs (stronger, weaker) among the levels of [`single`].
pub const SINGLE: &[(&str, &str)] = &[
    ("linearizable", "sequential"),
    ("sequential", "causal+"),
    ("causal+", "causal"),
    ("causal", "pram"),
    ("causal", "wfr"),
    ("pram", "ryw"),
    ("pram", "mr"),
    ("pram", "mw"),
];

/// Pairs (stronger, weaker) among the levels of [`transactional`].
pub const TRANSACTIONAL: &[(&str, &str)] = &[
    ("strict-serializable", "serializable"),
    ("serializable", "si"),
    ("si", "prefix"),
    ("prefix", "causal"),
    ("causal", "read-atomic"),
    ("causal", "ryw"),
    ("causal", "mr"),
    ("causal", "mw"),
    ("causal", "wfr"),
    ("read-atomic", "read-committed"),
];

/// The verdict of `level` (a name of the command line) on a history of single operations; none
/// if the level is not defined for its operations.
pub fn judge(
    model: &Model,
    history: &History,
    level: &str,
    budget: &mut Budget,
) -> Option<Verdict> {
    let level = match level {
        "linearizable" => return Some(linearizable::judge(model, history, budget)),
        "sequential" => return Some(sequential::judge(model, history, budget)),
        "pram" if !views::defined(history) => {
            return Some(sequential::pram(model, history, budget));
        }
        "pram" => Level::Pram,
        "causal" => Level::Causal,
        "causal+" => Level::CausalPlus,
        "ryw" => Level::ReadYourWrites,
        "mr" => Level::MonotonicReads,
        "mw" => Level::MonotonicWrites,
        "wfr" => Level::WritesFollowReads,
        _ => return None,
    };
    views::defined(history).then(|| views::judge(model, history, level, budget))
}

/// Levels for single operations, strongest first.
pub const LEVELS: [&str; 9] =
    ["linearizable", "sequential", "causal+", "causal", "pram", "ryw", "mr", "mw", "wfr"];

/// All levels of a history of single operations, each judged by itself.
pub fn single(
    model: &Model,
    history: &History,
    budget: &mut Budget,
) -> Vec<(&'static str, Verdict)> {
    LEVELS.iter().filter_map(|l| Some((*l, judge(model, history, l, budget)?))).collect()
}

/// All levels of transactions over registers, each judged by itself.
pub fn transactional(txns: &[Txn], budget: &mut Budget) -> Vec<(&'static str, Verdict)> {
    let all: &[(&'static str, TxnLevel)] = &TxnLevel::ALL;
    all.iter().map(|(name, level)| (*name, register::judge(txns, *level, budget))).collect()
}

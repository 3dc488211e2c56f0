//! Which anomaly implies which, and which level rules out what. The facts are those of Adya
//! (1999), Bailis et al. (2013), Cerone et al. (2015) and Daudjee and Salem (2004, 2006), as
//! collected for Jepsen's Elle.

use crate::core::sorted::SortedSet;

/// An anomaly on the left is also each of those on the right.
const IMPLIES: &[(&str, &[&str])] = &[
    ("G0", &["G1c", "G0-process"]),
    ("G0-process", &["G1c-process", "G0-realtime"]),
    ("G0-realtime", &["G1c-realtime"]),
    ("G1a", &["G1"]),
    ("G1b", &["G1"]),
    ("G1c", &["G1", "G1c-process"]),
    ("G1c-process", &["G1c-realtime", "G1-process"]),
    ("G1c-realtime", &["G1-realtime"]),
    ("G1", &["G1-process"]),
    ("G1-process", &["G1-realtime"]),
    ("G-single-item", &["G-single", "G-single-item-process", "G-nonadjacent-item"]),
    (
        "G-single-item-process",
        &["G-single-process", "G-single-item-realtime", "G-nonadjacent-item-process"],
    ),
    ("G-single-item-realtime", &["G-single-realtime", "G-nonadjacent-item-realtime"]),
    ("G-single", &["G-nonadjacent", "GSIb", "G-single-process"]),
    ("G-single-process", &["G-nonadjacent-process", "G-single-realtime"]),
    ("G-single-realtime", &["G-nonadjacent-realtime"]),
    ("G-nonadjacent-item", &["G-nonadjacent", "G2-item", "G-nonadjacent-item-process"]),
    (
        "G-nonadjacent-item-process",
        &["G-nonadjacent-process", "G2-item-process", "G-nonadjacent-item-realtime"],
    ),
    ("G-nonadjacent-item-realtime", &["G2-item-realtime", "G-nonadjacent-realtime"]),
    ("G-nonadjacent", &["G2", "G-nonadjacent-process"]),
    ("G-nonadjacent-process", &["G2-process", "G-nonadjacent-realtime"]),
    ("G-nonadjacent-realtime", &["G2-realtime"]),
    ("G2", &["G2-process"]),
    ("G2-item", &["G2", "G2-item-process"]),
    ("G2-item-process", &["G2-process", "G2-item-realtime"]),
    ("G2-item-realtime", &["G2-realtime"]),
    ("G2-process", &["G2-realtime"]),
    ("GSIa", &["GSI"]),
    ("GSIb", &["GSI"]),
    ("incompatible-order", &["G1a"]),
    // What nobody wrote was not committed.
    ("unwritten-read", &["G1a"]),
    ("future-read", &["G1c"]),
    ("dirty-update", &["G1a"]),
    ("lost-update", &["write-skew", "G2-item"]),
    ("write-skew", &["G2"]),
];

/// A history at the level on the left is also at each of those on the right.
pub const LEVELS: &[(&str, &[&str])] = &[
    ("causal-cerone", &["read-atomic"]),
    ("consistent-view", &["cursor-stability", "monotonic-view"]),
    ("cursor-stability", &["read-committed"]),
    ("forward-consistent-view", &["consistent-view"]),
    ("read-committed", &["read-uncommitted"]),
    ("update-serializable", &["forward-consistent-view"]),
    ("monotonic-atomic-view", &["read-committed"]),
    ("monotonic-view", &["read-committed"]),
    ("monotonic-snapshot-read", &["read-committed"]),
    ("parallel-snapshot-isolation", &["causal-cerone", "update-atomic"]),
    ("prefix", &["causal-cerone"]),
    ("read-atomic", &["monotonic-atomic-view"]),
    ("repeatable-read", &["cursor-stability", "monotonic-atomic-view"]),
    ("update-atomic", &["read-atomic"]),
    (
        "serializable",
        &["repeatable-read", "snapshot-isolation", "view-serializable", "update-serializable"],
    ),
    ("session-serializable", &["1SR"]),
    (
        "snapshot-isolation",
        &[
            "forward-consistent-view",
            "monotonic-atomic-view",
            "monotonic-snapshot-read",
            "parallel-snapshot-isolation",
            "prefix",
        ],
    ),
    (
        "strict-serializable",
        &[
            "serializable",
            "linearizable",
            "snapshot-isolation",
            "strong-snapshot-isolation",
            "strong-session-serializable",
            "session-serializable",
        ],
    ),
    ("strong-session-read-uncommitted", &["read-uncommitted"]),
    ("strong-session-read-committed", &["read-committed", "strong-session-read-uncommitted"]),
    ("strong-read-uncommitted", &["strong-session-read-uncommitted"]),
    ("strong-read-committed", &["strong-session-read-committed", "strong-read-uncommitted"]),
    ("strong-session-serializable", &["serializable", "strong-session-snapshot-isolation"]),
    ("strong-session-snapshot-isolation", &["snapshot-isolation", "strong-session-read-committed"]),
    ("strong-snapshot-isolation", &["strong-session-snapshot-isolation", "strong-read-committed"]),
    ("linearizable", &["sequential"]),
    ("sequential", &["causal"]),
    ("causal", &["writes-follow-reads", "PRAM"]),
    ("PRAM", &["monotonic-reads", "monotonic-writes", "read-your-writes"]),
];

/// What a level rules out by itself.
const FORBIDS: &[(&str, &[&str])] = &[
    ("causal-cerone", &["internal", "G1a"]),
    ("cursor-stability", &["G1", "lost-update"]),
    ("monotonic-view", &["G1"]),
    ("monotonic-snapshot-read", &["G1"]),
    ("consistent-view", &["G1", "G-single"]),
    ("forward-consistent-view", &["G1"]),
    ("parallel-snapshot-isolation", &["internal", "G1a"]),
    ("serializable", &["G1", "G2", "internal"]),
    ("read-committed", &["G1"]),
    ("read-uncommitted", &["G0", "duplicate-elements"]),
    ("prefix", &["internal", "G1a"]),
    ("snapshot-isolation", &["internal", "G1", "GSI", "G-nonadjacent"]),
    ("read-atomic", &["internal", "G1a", "future-read"]),
    ("repeatable-read", &["G1", "G2-item", "lost-update"]),
    ("update-atomic", &["lost-update"]),
    ("strict-serializable", &["G1", "G1c-realtime", "G2-realtime"]),
    ("strong-session-read-uncommitted", &["G0-process"]),
    ("strong-session-read-committed", &["G1c-process"]),
    ("strong-read-uncommitted", &["G0-realtime"]),
    ("strong-read-committed", &["G1c-realtime"]),
    ("strong-session-snapshot-isolation", &["internal", "G1-process", "G-nonadjacent-process"]),
    ("strong-snapshot-isolation", &["internal", "G1-realtime", "G-nonadjacent-realtime"]),
    ("strong-session-serializable", &["G1-process", "G2-process"]),
    ("update-serializable", &["G1"]),
];

type TxnNames = SortedSet<&'static str>;

fn reach(edges: &'static [(&str, &[&str])], from: TxnNames, back: bool) -> TxnNames {
    let mut seen = from;
    loop {
        let before = seen.len();
        for (a, all) in edges {
            for b in *all {
                let (x, y) = if back { (b, a) } else { (a, b) };
                if seen.contains(x) {
                    seen.insert(y);
                }
            }
        }
        if seen.len() == before {
            return seen;
        }
    }
}

/// The anomaly and everything it also is.
pub fn implied(anomaly: &'static str) -> TxnNames {
    reach(IMPLIES, TxnNames::from([anomaly]), false)
}

/// The short names of the command line for levels.
pub fn level(name: &str) -> Option<&'static str> {
    let name = match name {
        "si" => "snapshot-isolation",
        "strong-session-si" => "strong-session-snapshot-isolation",
        "linearizable" | "strong-serializable" | "PL-SS" => "strict-serializable",
        "sequential" => "strong-session-serializable",
        "PL-3" | "conflict-serializable" => "serializable",
        "PL-2.99" => "repeatable-read",
        "PL-2" => "read-committed",
        "PL-1" => "read-uncommitted",
        "PL-SI" => "snapshot-isolation",
        "PL-2+" => "consistent-view",
        "causal" => "causal-cerone",
        other => other,
    };
    LEVELS
        .iter()
        .flat_map(|(a, all)| std::iter::once(a).chain(all.iter()))
        .chain(FORBIDS.iter().map(|(a, _)| a))
        .copied()
        .find(|n| *n == name)
}

/// The level that is the same and keeps the order of sessions, if there is one.
pub fn of_sessions(level: &'static str) -> &'static str {
    match level {
        "read-uncommitted" => "strong-session-read-uncommitted",
        "read-committed" => "strong-session-read-committed",
        "snapshot-isolation" => "strong-session-snapshot-isolation",
        "serializable" => "strong-session-serializable",
        other => other,
    }
}

/// The anomaly of that name.
pub fn anomaly(name: &str) -> Option<&'static str> {
    let all = IMPLIES.iter().flat_map(|(a, all)| std::iter::once(a).chain(all.iter()));
    all.chain(FORBIDS.iter().flat_map(|(_, all)| all.iter())).copied().find(|n| *n == name)
}

/// Every anomaly that breaks what is asked: levels, or anomalies that must not be there.
pub fn prohibited(asked: &[&'static str]) -> TxnNames {
    let levels: TxnNames = asked.iter().copied().filter(|a| level(a).is_some()).collect();
    let mut bad: TxnNames = asked.iter().copied().filter(|a| anomaly(a).is_some()).collect();
    let levels = reach(LEVELS, levels, false);
    for (l, all) in FORBIDS.iter().filter(|(l, _)| levels.contains(l)) {
        let _ = l;
        bad.extend(all.iter().copied());
    }
    reach(IMPLIES, bad, true)
}

/// The weakest levels that cannot hold, given these anomalies.
pub fn weakest_broken(anomalies: &SortedSet<&'static str>) -> Vec<&'static str> {
    let implied = reach(IMPLIES, anomalies.clone(), false);
    let direct: TxnNames = FORBIDS
        .iter()
        .filter(|(_, all)| all.iter().any(|a| implied.contains(a)))
        .map(|(l, _)| *l)
        .collect();
    let broken = reach(LEVELS, direct, true);
    let weaker = |l: &&'static str| {
        let below = reach(LEVELS, TxnNames::from([*l]), false);
        below.iter().any(|b| b != l && broken.contains(b))
    };
    broken.iter().copied().filter(|l| !weaker(l)).collect()
}

//! Convergence, judged from what replicas hold or reads answer at the end.

use super::{HistoryVerdict, Illegal, Legal, OpValue};
use crate::core::sorted::SortedMap;

/// What one replica (or a last read at it) shows once no update is under way any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Final {
    /// Who.
    pub replica: u32,
    /// Ids of the updates that reached it.
    pub delivered: Vec<u32>,
    /// What it answers, by key.
    pub values: SortedMap<String, OpValue>,
}

/// Eventual consistency at quiescence: every replica answers the same.
pub fn eventual(finals: &[Final]) -> HistoryVerdict {
    differing(finals.iter(), |_, _| true)
}

/// Strong eventual consistency (Shapiro et al. 2011): replicas that received the same updates
/// answer the same, whether or not others lag behind.
pub fn strong_eventual(finals: &[Final]) -> HistoryVerdict {
    let set = |f: &Final| {
        let mut ids = f.delivered.clone();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    differing(finals.iter(), |a, b| set(a) == set(b))
}

/// Monotonic growth: in the order of one reader's reads, a set never loses an element.
pub fn monotonic(reads: &[(u32, Vec<OpValue>)]) -> HistoryVerdict {
    for pair in reads.windows(2) {
        let lost = pair[0].1.iter().find(|v| !pair[1].1.contains(v));
        if let Some(lost) = lost {
            let because = format!(
                "Operation {} had seen {lost}, which operation {} no longer sees.",
                pair[0].0, pair[1].0
            );
            let core = vec![pair[0].0, pair[1].0];
            let anomalies = vec!["monotonicity".to_string()];
            let cause = core.clone();
            return HistoryVerdict::Illegal(Illegal {
                core,
                cause,
                anomalies,
                minimal: true,
                because,
            });
        }
    }
    HistoryVerdict::Ok(Legal::default())
}

fn differing<'a>(
    finals: impl Iterator<Item = &'a Final> + Clone,
    alike: impl Fn(&Final, &Final) -> bool,
) -> HistoryVerdict {
    for (i, a) in finals.clone().enumerate() {
        for b in finals.clone().skip(i + 1).filter(|b| alike(a, b)) {
            let keys = a.values.keys().chain(b.values.keys());
            let get = |f: &Final, k: &String| f.values.get(k).cloned().unwrap_or(OpValue::Nil);
            for key in keys {
                let (x, y) = (get(a, key), get(b, key));
                if x != y {
                    let because = format!(
                        "For {key}, replica {} answers {x} and replica {} answers {y}.",
                        a.replica, b.replica
                    );
                    let core = vec![a.replica, b.replica];
                    let anomalies = vec!["divergence".to_string()];
                    let cause = core.clone();
                    let minimal = true;
                    return HistoryVerdict::Illegal(Illegal {
                        core,
                        cause,
                        anomalies,
                        minimal,
                        because,
                    });
                }
            }
        }
    }
    HistoryVerdict::Ok(Legal::default())
}

//! The operations of a run with the moments at which somebody says that they took effect: is this
//! order legal? For registers, as scenes have them.

use super::watch::read_value;
use crate::core::ids::OpId;
use crate::core::protocol::{CallName, call_text, key_name};
use crate::core::sorted::SortedMap;
use crate::core::trace::{OpEnd, OpLife};
use std::fmt::Write;

/// An operation and the moment at which it takes effect, in microseconds.
pub type EffectPoint = (OpId, u64);

/// The first thing that is wrong with an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The operation that does not fit.
    pub op: OpId,
    /// Why, in a sentence.
    pub why: String,
}

/// How an operation stands after a step.
pub fn end_at(op: &OpLife, step: u64) -> &OpEnd {
    match op.ended {
        Some((ended, _)) if ended <= step => &op.end,
        _ => &OpEnd::Open,
    }
}

/// What a register is asked; the same under the names of stores and of registers.
fn function(calls: &[CallName], op: &OpLife) -> Option<&'static str> {
    Some(match calls.get(usize::from(op.call.f))?.name {
        "get" | "read" => "read",
        "put" | "write" => "write",
        "cas" => "cas",
        _ => return None,
    })
}

/// Are these the operations of registers? Reads of several at once are left out of the judgement.
pub fn are_registers(calls: &[CallName]) -> bool {
    let known = |c: &CallName| ["get", "read", "put", "write", "cas", "scan"].contains(&c.name);
    !calls.is_empty() && calls.iter().all(known)
}

/// The operations invoked up to a step as a list of events, in the form that `hb history` reads as
/// `json`; the ids that it answers with are their places.
pub fn events(calls: &[CallName], ops: &[OpLife], step: u64) -> String {
    let mut all: Vec<(u64, u8, usize)> = Vec::new();
    for (i, op) in ops.iter().enumerate() {
        all.push((op.invoked, 0, i));
        match (end_at(op, step), op.ended) {
            (OpEnd::Open, _) | (_, None) => {}
            (_, Some((_, at))) => all.push((at, 1, i)),
        }
    }
    all.sort_unstable();
    let mut out = String::from("[");
    for (_, ends, i) in all {
        let op = &ops[i];
        let Some(f) = function(calls, op) else { continue };
        let end = if ends == 1 { end_at(op, step) } else { &OpEnd::Open };
        let (kind, answer) = match end {
            OpEnd::Open => ("invoke", None),
            OpEnd::Ok(answer) => ("ok", answer.as_deref()),
            OpEnd::Fail(_) => ("fail", None),
            OpEnd::Unknown => ("info", None),
        };
        let value = match (f, answer) {
            ("read", None) => "null".to_string(),
            ("read", Some(text)) => match read_value(text) {
                Some(value) => value.map_or("null".into(), |n| n.to_string()),
                // A text is no register's value: the judge says so.
                None => format!("{text:?}"),
            },
            ("cas", Some(swapped @ ("true" | "false"))) => swapped.to_string(),
            ("cas", _) => format!("[{},{}]", op.call.arg, op.call.value),
            _ => op.call.value.to_string(),
        };
        let comma = if out.len() > 1 { "," } else { "" };
        let (process, key) = (op.process, op.call.key);
        let _ = write!(
            out,
            "{comma}{{\"process\":{process},\"type\":\"{kind}\",\"f\":\"{f}\",\"key\":\"{key}\",\"value\":{value}}}"
        );
    }
    out + "]"
}

/// Moments for operations in an order: each as early as the order and its call allow.
pub fn spread(order: &[OpId], ops: &[OpLife]) -> Vec<EffectPoint> {
    let called: SortedMap<OpId, u64> = ops.iter().map(|o| (o.id, o.invoked)).collect();
    let mut now = 0;
    let place = |id: &OpId| {
        now = now.max(*called.get(id)?);
        Some((*id, now))
    };
    order.iter().filter_map(place).collect()
}

/// Points for a beginning: each answered operation in the middle of its bar.
pub fn middles(ops: &[OpLife], step: u64) -> Vec<EffectPoint> {
    let middle = |o: &OpLife| match (end_at(o, step), o.ended) {
        (OpEnd::Ok(_), Some((_, at))) => Some((o.id, o.invoked + (at - o.invoked) / 2)),
        _ => None,
    };
    sorted(ops.iter().filter_map(middle).collect())
}

/// Points in the order of their moments.
pub fn sorted(mut points: Vec<EffectPoint>) -> Vec<EffectPoint> {
    points.sort_by_key(|(_, at)| *at);
    points
}

/// Checks that the operations, taking effect at these moments, answer what they did: each within
/// its call and its answer, and every answered one among them.
pub fn check(
    calls: &[CallName],
    ops: &[OpLife],
    step: u64,
    points: &[EffectPoint],
) -> Result<(), Misfit> {
    let known: SortedMap<OpId, &OpLife> = ops.iter().map(|o| (o.id, o)).collect();
    let misfit = |op: OpId, why: String| Err(Misfit { op, why });
    let mut registers: SortedMap<u32, i64> = SortedMap::new();
    let mut last = 0;
    for (id, at) in points {
        let Some(op) = known.get(id) else { continue };
        let words = call_text(calls, &op.call);
        let end = end_at(op, step);
        let ended = op.ended.filter(|_| matches!(end, OpEnd::Ok(_))).map(|(_, at)| at);
        if *at < last {
            return misfit(*id, format!("`{words}` is not in the order of the moments."));
        }
        last = *at;
        if *at < op.invoked || ended.is_some_and(|e| *at > e) {
            return misfit(*id, format!("`{words}` takes effect outside of its call and answer."));
        }
        let now = registers.get(&op.call.key).copied();
        let key = key_name(op.call.key);
        let held = now.map_or("nothing".to_string(), |v| v.to_string());
        match (function(calls, op), end) {
            (_, OpEnd::Fail(_)) => {
                return misfit(*id, format!("`{words}` has failed: it takes no effect at all."));
            }
            (Some("read"), OpEnd::Ok(Some(text))) if read_value(text) != Some(now) => {
                return misfit(
                    *id,
                    format!("`{words}` answered {text}, but {key} is {held} there."),
                );
            }
            (Some("cas"), OpEnd::Ok(Some(text)))
                if (text == "true") != (now == Some(op.call.arg)) =>
            {
                return misfit(
                    *id,
                    format!("`{words}` answered {text}, but {key} is {held} there."),
                );
            }
            (Some("write"), _) => _ = registers.insert(op.call.key, op.call.value),
            (Some("cas"), _) if now == Some(op.call.arg) => {
                registers.insert(op.call.key, op.call.value);
            }
            _ => {}
        }
    }
    let placed = |id: OpId| points.iter().any(|(p, _)| *p == id);
    let missing = ops.iter().find(|o| matches!(end_at(o, step), OpEnd::Ok(_)) && !placed(o.id));
    match missing {
        Some(op) => misfit(
            op.id,
            format!("`{}` was answered, but has no place.", call_text(calls, &op.call)),
        ),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::model::ObjectKind;
    use crate::check::history::{Budget, HistoryVerdict, ObjectModel, linearizable};
    use crate::core::config::Setup;
    use crate::core::session::Session;
    use crate::protocols::quorum;
    use crate::share::import::history::{Format, ReadingRules, read};
    use crate::share::link::Link;

    fn run() -> Session {
        let setup = Setup { scene: "leaderless".into(), seed: 3, ..Setup::default() };
        let mut session = Session::new(quorum::SCENE.build, setup, Vec::new()).expect("a run");
        session.seek(1_500);
        session
    }

    fn judged(session: &Session) -> (HistoryVerdict, Vec<OpId>) {
        let ops = &session.trace().ops;
        let calls = (quorum::SCENE.info)().calls;
        let text = events(calls, ops, session.cursor());
        let reading = ReadingRules::usual(ObjectKind::CasRegister, Format::Json);
        let history = read(text.as_bytes(), Format::Json, &reading).expect("a history");
        assert_eq!(history.ops.len(), ops.len());
        let mut budget = Budget::steps(u64::MAX);
        let verdict =
            linearizable::judge(&ObjectModel::new(ObjectKind::CasRegister), &history, &mut budget);
        (verdict, ops.iter().map(|o| o.id).collect())
    }

    #[test]
    fn the_judges_order_is_legal_and_a_write_moved_behind_its_reads_is_not() {
        let session = run();
        let (HistoryVerdict::Ok(legal), ids) = judged(&session) else {
            panic!("it is linearizable")
        };
        let ops = &session.trace().ops;
        let calls = (quorum::SCENE.info)().calls;
        let order: Vec<OpId> = legal.order.iter().map(|i| ids[*i as usize]).collect();
        let points = spread(&order, ops);
        assert!(points.len() > 20);
        assert_eq!(check(calls, ops, session.cursor(), &points), Ok(()));
        let mut without = points.clone();
        let write = points.iter().position(|(id, _)| {
            ops.iter().any(|o| o.id == *id && calls[usize::from(o.call.f)].name == "put")
        });
        without.remove(write.expect("a write"));
        let misfit = check(calls, ops, session.cursor(), &without).expect_err("it is missing");
        assert!(misfit.why.contains("there") || misfit.why.contains("no place"), "{}", misfit.why);
        let mut late = points;
        late[0].1 = u64::MAX;
        assert!(check(calls, ops, session.cursor(), &sorted(late)).is_err());
    }

    /// A read at one server right after a write at another, each of which answers alone.
    const STALE: &str = "#s=1CmxlYWRlcmxlc3MAAwhxdW9ydW0ucgINcXVvcnVtLnN0YW1wcwIIcXVvcnVtLncCAAAHABcBkE4VAwEAAQACAJBOAAMAAJBOAAADAJBOFQMBAQAAAACQTgADAQCQTgABAwAK4NQDAACjSvwj";

    #[test]
    fn no_place_fits_what_is_not_linearizable() {
        let session = Link::decode(STALE).and_then(|link| link.open()).expect("a run");
        assert!(matches!(judged(&session).0, HistoryVerdict::Illegal(_)));
        let ops = &session.trace().ops;
        let calls = (quorum::SCENE.info)().calls;
        let points = middles(ops, session.cursor());
        assert!(check(calls, ops, session.cursor(), &points).is_err());
    }
}

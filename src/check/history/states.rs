//! The model's states that a search of a history has met.

use super::model::{ObjectKind, ObjectModel};
use super::table::PairTable;
use super::{F, HistoryOp, OpValue};
use crate::core::sorted::{SortedMap, SortedSet};

/// In place of a state: the operation is not legal.
pub(super) const REFUSED: u32 = u32::MAX;

/// Model states by number; states no answer can tell apart are one.
pub(super) struct States {
    pub(super) all: Vec<OpValue>,
    ids: SortedMap<OpValue, u32>,
    pub(super) memo: PairTable,
    seen: Distinct,
    /// Several keys are placed together: a state is a map from key to state.
    pub(super) keyed: bool,
}

/// What the answers of a history can tell apart.
enum Distinct {
    All,
    /// A register's value matters if it was read, or expected by a compare-and-set.
    Values(SortedSet<OpValue>),
    /// A text matters if a text that was read starts with it.
    Texts(SortedSet<String>),
}

impl States {
    pub(super) fn new<'a>(model: &ObjectModel, ops: impl Iterator<Item = &'a HistoryOp>) -> States {
        let mut seen = match model.kind {
            ObjectKind::Register | ObjectKind::CasRegister => Distinct::Values(SortedSet::new()),
            ObjectKind::Kv => Distinct::Texts(SortedSet::new()),
            _ => Distinct::All,
        };
        let mut keys: SortedSet<Option<&str>> = SortedSet::new();
        for op in ops {
            keys.insert(op.key.as_deref());
            match (&mut seen, op.f, op.answer()) {
                (Distinct::Values(all), F::Read, Some(v)) => {
                    all.insert(v.clone());
                }
                (Distinct::Values(all), F::Cas, _) => {
                    all.extend(op.args.first().cloned());
                }
                (Distinct::Texts(all), F::Get, Some(OpValue::Str(s))) => {
                    all.insert(s.clone());
                }
                _ => {}
            }
        }
        let keyed = keys.len() > 1 && model.kind != ObjectKind::MultiRegister;
        let memo = PairTable::new();
        let mut states = States { all: Vec::new(), ids: SortedMap::new(), memo, seen, keyed };
        let start = if keyed { OpValue::Map(Vec::new()) } else { states.telling(model.start()) };
        states.number(start);
        states
    }

    /// The state as far as any answer can tell.
    fn telling(&self, state: OpValue) -> OpValue {
        match (&self.seen, state) {
            (Distinct::Values(seen), v) if v != OpValue::Nil && !seen.contains(&v) => OpValue::Any,
            (Distinct::Texts(seen), OpValue::Str(s)) => {
                let read = seen.range(s.clone()..).next().is_some_and(|r| r.starts_with(&s));
                if read { OpValue::Str(s) } else { OpValue::Any }
            }
            (_, v) => v,
        }
    }

    fn number(&mut self, state: OpValue) -> u32 {
        let n = self.all.len() as u32;
        *self.ids.entry(state).or_insert_with_key(|v| {
            self.all.push(v.clone());
            n
        })
    }

    pub(super) fn step(&mut self, model: &ObjectModel, state: u32, op: &HistoryOp) -> u32 {
        let now = &self.all[state as usize];
        let next = if self.keyed {
            self.step_keyed(model, now, op)
        } else {
            self.step_one(model, now, op)
        };
        next.map_or(REFUSED, |next| self.number(next))
    }

    fn step_one(&self, model: &ObjectModel, now: &OpValue, op: &HistoryOp) -> Option<OpValue> {
        if *now == OpValue::Any && op.f == F::Append {
            return Some(OpValue::Any);
        }
        model.step(now, op).map(|v| self.telling(v))
    }

    fn step_keyed(&self, model: &ObjectModel, now: &OpValue, op: &HistoryOp) -> Option<OpValue> {
        let OpValue::Map(pairs) = now else { return None };
        let key = op.key.as_deref().map_or(OpValue::Nil, OpValue::text);
        match pairs.binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(at) => {
                let next = self.step_one(model, &pairs[at].1, op)?;
                let mut pairs = pairs.clone();
                pairs[at].1 = next;
                Some(OpValue::Map(pairs))
            }
            Err(at) => {
                let start = self.telling(model.start());
                let next = self.step_one(model, &start, op)?;
                let mut pairs = pairs.clone();
                if next != start {
                    pairs.insert(at, (key, next));
                }
                Some(OpValue::Map(pairs))
            }
        }
    }
}

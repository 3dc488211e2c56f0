//! The model's states that a search of a history has met.

use super::model::{Kind, Model};
use super::table::Pairs;
use super::{F, Op, Value};
use crate::core::sorted::{SortedMap, SortedSet};

/// In place of a state: the operation is not legal.
pub(super) const REFUSED: u32 = u32::MAX;

/// Model states by number; states no answer can tell apart are one.
pub(super) struct States {
    pub(super) all: Vec<Value>,
    ids: SortedMap<Value, u32>,
    pub(super) memo: Pairs,
    seen: Seen,
    /// Several keys are placed together: a state is a map from key to state.
    pub(super) keyed: bool,
}

/// What the answers of a history can tell apart.
enum Seen {
    All,
    /// A register's value matters if it was read, or expected by a compare-and-set.
    Values(SortedSet<Value>),
    /// A text matters if a text that was read starts with it.
    Texts(SortedSet<String>),
}

impl States {
    pub(super) fn new<'a>(model: &Model, ops: impl Iterator<Item = &'a Op>) -> States {
        let mut seen = match model.kind {
            Kind::Register | Kind::CasRegister => Seen::Values(SortedSet::new()),
            Kind::Kv => Seen::Texts(SortedSet::new()),
            _ => Seen::All,
        };
        let mut keys: SortedSet<Option<&str>> = SortedSet::new();
        for op in ops {
            keys.insert(op.key.as_deref());
            match (&mut seen, op.f, op.answer()) {
                (Seen::Values(all), F::Read, Some(v)) => {
                    all.insert(v.clone());
                }
                (Seen::Values(all), F::Cas, _) => {
                    all.extend(op.args.first().cloned());
                }
                (Seen::Texts(all), F::Get, Some(Value::Str(s))) => {
                    all.insert(s.clone());
                }
                _ => {}
            }
        }
        let keyed = keys.len() > 1 && model.kind != Kind::MultiRegister;
        let memo = Pairs::new();
        let mut states = States { all: Vec::new(), ids: SortedMap::new(), memo, seen, keyed };
        let start = if keyed { Value::Map(Vec::new()) } else { states.telling(model.start()) };
        states.number(start);
        states
    }

    /// The state as far as any answer can tell.
    fn telling(&self, state: Value) -> Value {
        match (&self.seen, state) {
            (Seen::Values(seen), v) if v != Value::Nil && !seen.contains(&v) => Value::Any,
            (Seen::Texts(seen), Value::Str(s)) => {
                let read = seen.range(s.clone()..).next().is_some_and(|r| r.starts_with(&s));
                if read { Value::Str(s) } else { Value::Any }
            }
            (_, v) => v,
        }
    }

    fn number(&mut self, state: Value) -> u32 {
        let n = self.all.len() as u32;
        *self.ids.entry(state).or_insert_with_key(|v| {
            self.all.push(v.clone());
            n
        })
    }

    pub(super) fn step(&mut self, model: &Model, state: u32, op: &Op) -> u32 {
        let now = &self.all[state as usize];
        let next = if self.keyed {
            self.step_keyed(model, now, op)
        } else {
            self.step_one(model, now, op)
        };
        next.map_or(REFUSED, |next| self.number(next))
    }

    fn step_one(&self, model: &Model, now: &Value, op: &Op) -> Option<Value> {
        if *now == Value::Any && op.f == F::Append {
            return Some(Value::Any);
        }
        model.step(now, op).map(|v| self.telling(v))
    }

    fn step_keyed(&self, model: &Model, now: &Value, op: &Op) -> Option<Value> {
        let Value::Map(pairs) = now else { return None };
        let key = op.key.as_deref().map_or(Value::Nil, Value::text);
        match pairs.binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(at) => {
                let next = self.step_one(model, &pairs[at].1, op)?;
                let mut pairs = pairs.clone();
                pairs[at].1 = next;
                Some(Value::Map(pairs))
            }
            Err(at) => {
                let start = self.telling(model.start());
                let next = self.step_one(model, &start, op)?;
                let mut pairs = pairs.clone();
                if next != start {
                    pairs.insert(at, (key, next));
                }
                Some(Value::Map(pairs))
            }
        }
    }
}

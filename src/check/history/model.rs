//! Sequential specifications: what each object answers when its operations come one at a time.

use super::{F, Op, Outcome, Value};

use crate::core::sorted::{SortedMap, SortedSet};
use serde::{Deserialize, Serialize};

/// The kind of object a history talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `read`, `write`.
    Register,
    /// `read`, `write`, `cas`.
    CasRegister,
    /// Transactions of reads and writes over several registers.
    MultiRegister,
    /// `get`, `put`, `append` on text.
    Kv,
    /// `acquire`, `release`; it does not matter who releases.
    Mutex,
    /// `add`, `remove`, `contains`, `read`.
    Set,
    /// First in, first out: `enqueue`, `dequeue`, `len`.
    Queue,
    /// Last in, first out: `push`, `pop`, `len`.
    Stack,
}

impl Kind {
    /// Every kind with the name used on the command line.
    pub const ALL: [(&'static str, Kind); 8] = [
        ("register", Kind::Register),
        ("cas-register", Kind::CasRegister),
        ("multi-register", Kind::MultiRegister),
        ("kv", Kind::Kv),
        ("mutex", Kind::Mutex),
        ("set", Kind::Set),
        ("queue", Kind::Queue),
        ("stack", Kind::Stack),
    ];

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Kind> {
        Kind::ALL.iter().find(|(n, _)| *n == name).map(|(_, k)| *k)
    }

    /// Whether operations of this function can be judged by this kind.
    pub fn knows(self, f: F) -> bool {
        use F::*;
        match self {
            Kind::Register => matches!(f, Read | Write),
            Kind::CasRegister => matches!(f, Read | Write | Cas),
            Kind::MultiRegister => matches!(f, Txn | Read | Write),
            Kind::Kv => matches!(f, Get | Put | Append),
            Kind::Mutex => matches!(f, Acquire | Release),
            Kind::Set => matches!(f, Add | Remove | Contains | Read),
            Kind::Queue => matches!(f, Enqueue | Dequeue | Len),
            Kind::Stack => matches!(f, Push | Pop | Len),
        }
    }
}

/// A kind and the state each object starts in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// The kind of object.
    pub kind: Kind,
    /// The value of a register, of each register of several, or of each key of a store, before
    /// anything happened; not used by the other kinds.
    pub init: Value,
}

impl Model {
    /// A model with the usual start: nil for registers, the empty text for a store.
    pub fn new(kind: Kind) -> Model {
        let init = if kind == Kind::Kv { Value::text("") } else { Value::Nil };
        Model { kind, init }
    }

    /// The same model with another start.
    pub fn starting(kind: Kind, init: Value) -> Model {
        Model { kind, init }
    }

    /// The state of one object before anything happened.
    pub fn start(&self) -> Value {
        match self.kind {
            Kind::Register | Kind::CasRegister | Kind::Kv => self.init.clone(),
            Kind::MultiRegister => match &self.init {
                Value::Map(_) => self.init.clone(),
                _ => Value::Map(Vec::new()),
            },
            Kind::Mutex => Value::Bool(false),
            Kind::Set | Kind::Queue | Kind::Stack => Value::List(Vec::new()),
        }
    }

    /// The state after `op` takes effect in `state`, or none if it cannot have answered what it
    /// did there. An operation whose answer is unknown constrains nothing but acts all the same.
    pub fn step(&self, state: &Value, op: &Op) -> Option<Value> {
        let answer = op.answer().unwrap_or(&Value::Any);
        match op.f {
            F::Read if self.kind == Kind::MultiRegister => self.txn(state, op),
            F::Write if self.kind == Kind::MultiRegister => self.txn(state, op),
            F::Txn => self.txn(state, op),
            F::Read if self.kind == Kind::Set => {
                (*answer == Value::Any || sorted(answer) == *state).then(|| state.clone())
            }
            F::Read | F::Get => matches(answer, state).then(|| state.clone()),
            F::Write | F::Put => op.args.first().cloned(),
            F::Cas => cas(state, op, answer),
            F::Append => Some(Value::Str(format!("{}{}", text(state)?, text(op.args.first()?)?))),
            F::Acquire => (*state == Value::Bool(false)).then_some(Value::Bool(true)),
            F::Release => (*state == Value::Bool(true)).then_some(Value::Bool(false)),
            F::Add => {
                let (mut all, x) = (list(state)?.to_vec(), op.args.first()?);
                if let Err(at) = all.binary_search(x) {
                    all.insert(at, x.clone());
                }
                Some(Value::List(all))
            }
            F::Remove => {
                let (mut all, x) = (list(state)?.to_vec(), op.args.first()?);
                if let Ok(at) = all.binary_search(x) {
                    all.remove(at);
                }
                Some(Value::List(all))
            }
            F::Contains => {
                let is = list(state)?.binary_search(op.args.first()?).is_ok();
                matches(answer, &Value::Bool(is)).then(|| state.clone())
            }
            F::Enqueue | F::Push => {
                let mut all = list(state)?.to_vec();
                all.push(op.args.first()?.clone());
                Some(Value::List(all))
            }
            F::Dequeue => take(state, answer, true),
            F::Pop => take(state, answer, false),
            F::Len => {
                let len = Value::Int(list(state)?.len() as i64);
                matches(answer, &len).then(|| state.clone())
            }
        }
    }

    /// One transaction over registers: its steps in order, all at once.
    fn txn(&self, state: &Value, op: &Op) -> Option<Value> {
        let Value::Map(pairs) = state else { return None };
        let unwritten = if matches!(self.init, Value::Map(_)) { &Value::Nil } else { &self.init };
        let mut pairs = pairs.clone();
        let answered = match op.answer() {
            Some(Value::List(all)) => Some(all),
            _ => None,
        };
        for (i, step) in op.args.iter().enumerate() {
            let (f, key, value) = triple(step)?;
            let at = pairs.binary_search_by(|(k, _)| k.cmp(key));
            match (f, at) {
                // Marks of a snapshot: what it is about to write, until it has written it.
                ("lock", Ok(_)) => return None,
                ("lock", Err(at)) => {
                    pairs.insert(at, (key.clone(), Value::Nil));
                    continue;
                }
                ("unlock", at) => {
                    pairs.remove(at.ok()?);
                    continue;
                }
                _ => {}
            }
            if is_write(f) {
                match at {
                    Ok(at) => pairs[at].1 = value.clone(),
                    Err(at) => pairs.insert(at, (key.clone(), value.clone())),
                }
                continue;
            }
            let Some(answered) = answered else { continue };
            let Some((_, _, seen)) = answered.get(i).and_then(triple) else { continue };
            let now = at.map_or(unwritten, |at| &pairs[at].1);
            if !matches!(seen, Value::Nil | Value::Any) && seen != now {
                return None;
            }
        }
        Some(Value::Map(pairs))
    }
}

/// One step of a transaction: function, key, value.
pub fn triple(step: &Value) -> Option<(&str, &Value, &Value)> {
    match step {
        Value::List(all) if all.len() == 3 => match &all[0] {
            Value::Str(f) => Some((f, &all[1], &all[2])),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a step of a transaction writes a register.
pub fn is_write(f: &str) -> bool {
    !matches!(f, "r" | "read")
}

fn matches(answer: &Value, is: &Value) -> bool {
    *answer == Value::Any || answer == is
}

/// A set's elements in their own order, each once.
fn sorted(v: &Value) -> Value {
    match v {
        Value::List(all) => {
            let unique: SortedSet<&Value> = all.iter().collect();
            Value::List(unique.into_iter().cloned().collect())
        }
        Value::Nil => Value::List(Vec::new()),
        other => other.clone(),
    }
}

fn cas(state: &Value, op: &Op, answer: &Value) -> Option<Value> {
    let [from, to] = op.args.as_slice() else { return None };
    // A register that was never written matches no expected value.
    let hit = from == state && *state != Value::Nil;
    match (answer, hit) {
        (Value::Bool(false), true) => None,
        (Value::Bool(false), false) => Some(state.clone()),
        (Value::Any, false) if op.outcome == Outcome::Ok(Value::Any) => Some(state.clone()),
        (_, true) => Some(to.clone()),
        (_, false) => None,
    }
}

fn take(state: &Value, answer: &Value, head: bool) -> Option<Value> {
    let mut all = list(state)?.to_vec();
    if all.is_empty() {
        return matches(answer, &Value::Nil).then(|| state.clone());
    }
    let got = if head { all.remove(0) } else { all.pop()? };
    matches(answer, &got).then_some(Value::List(all))
}

fn text(v: &Value) -> Option<&str> {
    match v {
        Value::Str(s) => Some(s),
        Value::Nil => Some(""),
        _ => None,
    }
}

fn list(v: &Value) -> Option<&[Value]> {
    match v {
        Value::List(all) => Some(all),
        _ => None,
    }
}

/// Replays `order` on the model, each key from its own start. Answers the first operation that
/// could not have answered what it did.
///
/// This is the independent check of a witness: it knows nothing of how the order was found.
pub fn replay(model: &Model, ops: &[Op], order: &[u32]) -> Result<(), u32> {
    let by_id: SortedMap<u32, &Op> = ops.iter().map(|op| (op.id, op)).collect();
    let mut states: SortedMap<Option<&str>, Value> = SortedMap::new();
    for &id in order {
        let op = *by_id.get(&id).ok_or(id)?;
        let state = states.entry(op.key.as_deref()).or_insert_with(|| model.start());
        *state = model.step(state, op).ok_or(id)?;
    }
    Ok(())
}

//! Sequential specifications: what each object answers when its operations come one at a time.

use super::{F, HistoryOp, OpOutcome, OpValue};

use crate::core::sorted::{SortedMap, SortedSet};
use serde::{Deserialize, Serialize};

/// The kind of object a history talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
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

impl ObjectKind {
    /// Every kind with the name used on the command line.
    pub const ALL: [(&'static str, ObjectKind); 8] = [
        ("register", ObjectKind::Register),
        ("cas-register", ObjectKind::CasRegister),
        ("multi-register", ObjectKind::MultiRegister),
        ("kv", ObjectKind::Kv),
        ("mutex", ObjectKind::Mutex),
        ("set", ObjectKind::Set),
        ("queue", ObjectKind::Queue),
        ("stack", ObjectKind::Stack),
    ];

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<ObjectKind> {
        ObjectKind::ALL.iter().find(|(n, _)| *n == name).map(|(_, k)| *k)
    }

    /// Whether operations of this function can be judged by this kind.
    pub fn knows(self, f: F) -> bool {
        use F::*;
        match self {
            ObjectKind::Register => matches!(f, Read | Write),
            ObjectKind::CasRegister => matches!(f, Read | Write | Cas),
            ObjectKind::MultiRegister => matches!(f, Txn | Read | Write),
            ObjectKind::Kv => matches!(f, Get | Put | Append),
            ObjectKind::Mutex => matches!(f, Acquire | Release),
            ObjectKind::Set => matches!(f, Add | Remove | Contains | Read),
            ObjectKind::Queue => matches!(f, Enqueue | Dequeue | Len),
            ObjectKind::Stack => matches!(f, Push | Pop | Len),
        }
    }
}

/// A kind and the state each object starts in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectModel {
    /// The kind of object.
    pub kind: ObjectKind,
    /// The value of a register, of each register of several, or of each key of a store, before
    /// anything happened; not used by the other kinds.
    pub init: OpValue,
}

impl ObjectModel {
    /// A model with the usual start: nil for registers, the empty text for a store.
    pub fn new(kind: ObjectKind) -> ObjectModel {
        let init = if kind == ObjectKind::Kv { OpValue::text("") } else { OpValue::Nil };
        ObjectModel { kind, init }
    }

    /// The same model with another start.
    pub fn starting(kind: ObjectKind, init: OpValue) -> ObjectModel {
        ObjectModel { kind, init }
    }

    /// The state of one object before anything happened.
    pub fn start(&self) -> OpValue {
        match self.kind {
            ObjectKind::Register | ObjectKind::CasRegister | ObjectKind::Kv => self.init.clone(),
            ObjectKind::MultiRegister => match &self.init {
                OpValue::Map(_) => self.init.clone(),
                _ => OpValue::Map(Vec::new()),
            },
            ObjectKind::Mutex => OpValue::Bool(false),
            ObjectKind::Set | ObjectKind::Queue | ObjectKind::Stack => OpValue::List(Vec::new()),
        }
    }

    /// The state after `op` takes effect in `state`, or none if it cannot have answered what it
    /// did there. An operation whose answer is unknown constrains nothing but acts all the same.
    pub fn step(&self, state: &OpValue, op: &HistoryOp) -> Option<OpValue> {
        let answer = op.answer().unwrap_or(&OpValue::Any);
        match op.f {
            F::Read if self.kind == ObjectKind::MultiRegister => self.txn(state, op),
            F::Write if self.kind == ObjectKind::MultiRegister => self.txn(state, op),
            F::Txn => self.txn(state, op),
            F::Read if self.kind == ObjectKind::Set => {
                (*answer == OpValue::Any || sorted(answer) == *state).then(|| state.clone())
            }
            F::Read | F::Get => matches(answer, state).then(|| state.clone()),
            F::Write | F::Put => op.args.first().cloned(),
            F::Cas => cas(state, op, answer),
            F::Append => Some(OpValue::Str(format!("{}{}", text(state)?, text(op.args.first()?)?))),
            F::Acquire => (*state == OpValue::Bool(false)).then_some(OpValue::Bool(true)),
            F::Release => (*state == OpValue::Bool(true)).then_some(OpValue::Bool(false)),
            F::Add => {
                let (mut all, x) = (list(state)?.to_vec(), op.args.first()?);
                if let Err(at) = all.binary_search(x) {
                    all.insert(at, x.clone());
                }
                Some(OpValue::List(all))
            }
            F::Remove => {
                let (mut all, x) = (list(state)?.to_vec(), op.args.first()?);
                if let Ok(at) = all.binary_search(x) {
                    all.remove(at);
                }
                Some(OpValue::List(all))
            }
            F::Contains => {
                let is = list(state)?.binary_search(op.args.first()?).is_ok();
                matches(answer, &OpValue::Bool(is)).then(|| state.clone())
            }
            F::Enqueue | F::Push => {
                let mut all = list(state)?.to_vec();
                all.push(op.args.first()?.clone());
                Some(OpValue::List(all))
            }
            F::Dequeue => take(state, answer, true),
            F::Pop => take(state, answer, false),
            F::Len => {
                let len = OpValue::Int(list(state)?.len() as i64);
                matches(answer, &len).then(|| state.clone())
            }
        }
    }

    /// One transaction over registers: its steps in order, all at once.
    fn txn(&self, state: &OpValue, op: &HistoryOp) -> Option<OpValue> {
        let OpValue::Map(pairs) = state else { return None };
        let unwritten =
            if matches!(self.init, OpValue::Map(_)) { &OpValue::Nil } else { &self.init };
        let mut pairs = pairs.clone();
        let answered = match op.answer() {
            Some(OpValue::List(all)) => Some(all),
            _ => None,
        };
        for (i, step) in op.args.iter().enumerate() {
            let (f, key, value) = triple(step)?;
            let at = pairs.binary_search_by(|(k, _)| k.cmp(key));
            match (f, at) {
                // Marks of a snapshot: what it is about to write, until it has written it.
                ("lock", Ok(_)) => return None,
                ("lock", Err(at)) => {
                    pairs.insert(at, (key.clone(), OpValue::Nil));
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
            if !matches!(seen, OpValue::Nil | OpValue::Any) && seen != now {
                return None;
            }
        }
        Some(OpValue::Map(pairs))
    }
}

/// One step of a transaction: function, key, value.
pub fn triple(step: &OpValue) -> Option<(&str, &OpValue, &OpValue)> {
    match step {
        OpValue::List(all) if all.len() == 3 => match &all[0] {
            OpValue::Str(f) => Some((f, &all[1], &all[2])),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a step of a transaction writes a register.
pub fn is_write(f: &str) -> bool {
    !matches!(f, "r" | "read")
}

fn matches(answer: &OpValue, is: &OpValue) -> bool {
    *answer == OpValue::Any || answer == is
}

/// A set's elements in their own order, each once.
fn sorted(v: &OpValue) -> OpValue {
    match v {
        OpValue::List(all) => {
            let unique: SortedSet<&OpValue> = all.iter().collect();
            OpValue::List(unique.into_iter().cloned().collect())
        }
        OpValue::Nil => OpValue::List(Vec::new()),
        other => other.clone(),
    }
}

fn cas(state: &OpValue, op: &HistoryOp, answer: &OpValue) -> Option<OpValue> {
    let [from, to] = op.args.as_slice() else { return None };
    // A register that was never written matches no expected value.
    let hit = from == state && *state != OpValue::Nil;
    match (answer, hit) {
        (OpValue::Bool(false), true) => None,
        (OpValue::Bool(false), false) => Some(state.clone()),
        (OpValue::Any, false) if op.outcome == OpOutcome::Ok(OpValue::Any) => Some(state.clone()),
        (_, true) => Some(to.clone()),
        (_, false) => None,
    }
}

fn take(state: &OpValue, answer: &OpValue, head: bool) -> Option<OpValue> {
    let mut all = list(state)?.to_vec();
    if all.is_empty() {
        return matches(answer, &OpValue::Nil).then(|| state.clone());
    }
    let got = if head { all.remove(0) } else { all.pop()? };
    matches(answer, &got).then_some(OpValue::List(all))
}

fn text(v: &OpValue) -> Option<&str> {
    match v {
        OpValue::Str(s) => Some(s),
        OpValue::Nil => Some(""),
        _ => None,
    }
}

fn list(v: &OpValue) -> Option<&[OpValue]> {
    match v {
        OpValue::List(all) => Some(all),
        _ => None,
    }
}

/// Replays `order` on the model, each key from its own start. Answers the first operation that
/// could not have answered what it did.
///
/// This is the independent check of a witness: it knows nothing of how the order was found.
pub fn replay(model: &ObjectModel, ops: &[HistoryOp], order: &[u32]) -> Result<(), u32> {
    let by_id: SortedMap<u32, &HistoryOp> = ops.iter().map(|op| (op.id, op)).collect();
    let mut states: SortedMap<Option<&str>, OpValue> = SortedMap::new();
    for &id in order {
        let op = *by_id.get(&id).ok_or(id)?;
        let state = states.entry(op.key.as_deref()).or_insert_with(|| model.start());
        *state = model.step(state, op).ok_or(id)?;
    }
    Ok(())
}

//! Values of a protocol where the world handles them: it passes them on, shares and hashes them,
//! and does not know their types. Only the rules that made a value look into it.

use super::hash::StableHasher;
use super::ids::{NodeId, OpId};
use std::any::Any;
use std::hash::Hash;
use std::sync::Arc;

/// Anything a protocol makes: a node, what is on a disk, a message, an operation, an answer.
pub trait AnyValue: Any + Send + Sync {
    /// Hashes it exactly as if its type were known.
    fn feed(&self, to: &mut StableHasher);
}

impl<T: Hash + Any + Send + Sync> AnyValue for T {
    fn feed(&self, to: &mut StableHasher) {
        self.hash(to);
    }
}

/// A shared value that may be hashed.
pub type Value = Arc<dyn AnyValue>;

/// A shared value that only a search hashes, through [`super::world::SearchRules`].
pub type Shared = Arc<dyn Any + Send + Sync>;

/// Why a value is not what rules expect: they are given only what they have made.
const ALIEN: &str = "rules are given only values of their own";

/// A value whose type is known again.
pub fn known<T: Any>(value: &dyn AnyValue) -> &T {
    let any: &dyn Any = value;
    any.downcast_ref().expect(ALIEN)
}

/// The same for what only a search hashes.
pub fn known_shared<T: Any>(value: &Shared) -> &T {
    value.downcast_ref().expect(ALIEN)
}

/// A value to be changed, copied first if others share it.
pub fn own<T: Any + Hash + Clone + Send + Sync>(value: &mut Value) -> &mut T {
    if Arc::get_mut(value).is_none() {
        *value = Arc::new(known::<T>(&**value).clone());
    }
    let mine: &mut dyn Any = Arc::get_mut(value).expect("nobody else has it");
    mine.downcast_mut().expect(ALIEN)
}

/// The same for what only a search hashes.
pub fn own_shared<T: Any + Clone + Send + Sync>(value: &mut Shared) -> &mut T {
    if Arc::get_mut(value).is_none() {
        *value = Arc::new(known_shared::<T>(value).clone());
    }
    Arc::get_mut(value).expect("nobody else has it").downcast_mut().expect(ALIEN)
}

/// A value taken out of where it is shared, copied if others have it too.
pub fn take<T: Any + Clone + Send + Sync>(value: Value) -> T {
    let any: Shared = value;
    match any.downcast::<T>() {
        Ok(mine) => Arc::unwrap_or_clone(mine),
        Err(_) => panic!("{ALIEN}"),
    }
}

/// What a client is told: [`super::protocol::Outcome`] where the type of answers is not known.
#[derive(Clone)]
pub enum AnyOutcome {
    /// It happened.
    Ok(Value),
    /// It did not happen and never will.
    Fail(&'static str),
    /// Ask somebody else.
    Redirect(Option<NodeId>),
}

impl AnyOutcome {
    fn feed(&self, to: &mut StableHasher) {
        match self {
            AnyOutcome::Ok(ret) => {
                0isize.hash(to);
                ret.feed(to);
            }
            AnyOutcome::Fail(why) => (1isize, why).hash(to),
            AnyOutcome::Redirect(hint) => (2isize, hint).hash(to),
        }
    }
}

/// What a handler asked for: [`super::protocol::Effect`] where the protocol is not known.
#[derive(Clone)]
pub enum AnyEffect {
    /// Put a message on the link to `to`.
    Send { to: NodeId, message: Value },
    /// Start, or start anew, a timer that ends `after` microseconds later on the node's own clock.
    SetTimer { code: u32, after: u64 },
    /// Stop a timer.
    CancelTimer(u32),
    /// Write to disk; what follows waits until it is safe (if the disk is honest).
    Persist(Value),
    /// Answer a client.
    Reply { to: OpId, outcome: AnyOutcome },
    /// A rule was applied.
    Note(&'static str),
}

impl AnyEffect {
    /// Hashes it.
    pub fn feed(&self, h: &mut StableHasher) {
        match self {
            AnyEffect::Send { to, message } => {
                (0isize, to).hash(h);
                message.feed(h);
            }
            AnyEffect::SetTimer { code, after } => (1isize, code, after).hash(h),
            AnyEffect::CancelTimer(code) => (2isize, code).hash(h),
            AnyEffect::Persist(durable) => {
                3isize.hash(h);
                durable.feed(h);
            }
            AnyEffect::Reply { to, outcome } => {
                (4isize, to).hash(h);
                outcome.feed(h);
            }
            AnyEffect::Note(rule) => (5isize, rule).hash(h),
        }
    }
}

/// What is on a link.
#[derive(Clone)]
pub enum Payload {
    /// Between nodes.
    Peer(Value),
    /// A client asks.
    Request { op: OpId, call: Value },
    /// A client is told.
    Reply { op: OpId, outcome: AnyOutcome },
}

impl Payload {
    /// Hashes it.
    pub fn feed(&self, to: &mut StableHasher) {
        match self {
            Payload::Peer(message) => {
                0isize.hash(to);
                message.feed(to);
            }
            Payload::Request { op, call } => {
                (1isize, op).hash(to);
                call.feed(to);
            }
            Payload::Reply { op, outcome } => {
                (2isize, op).hash(to);
                outcome.feed(to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::hash::{fed, fingerprint};

    #[test]
    fn a_value_hashes_as_its_type_does() {
        let list = vec![3u8, 1, 4];
        let value: Value = Arc::new(list.clone());
        assert_eq!(fed(|h| value.feed(h)), fingerprint(&list));
        assert_eq!(fed(|h| Payload::Peer(value.clone()).feed(h)), fingerprint(&(0isize, &list)));
    }

    #[test]
    fn a_shared_value_is_copied_before_it_is_changed() {
        let mut mine: Value = Arc::new(7u8);
        let other = mine.clone();
        *own::<u8>(&mut mine) += 1;
        assert_eq!((*known::<u8>(&*mine), *known::<u8>(&*other)), (8, 7));
        let before = Arc::as_ptr(&mine).cast::<()>();
        *own::<u8>(&mut mine) += 1;
        assert_eq!(Arc::as_ptr(&mine).cast::<()>(), before, "who has it alone changes it in place");
        assert_eq!((take::<u8>(mine), take::<u8>(other)), (9, 7));
    }
}

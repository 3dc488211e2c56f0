//! Linearizability of registers, decided while the history grows and without keeping it.
//!
//! After each answer the frontier holds every state that some legal order of the operations so far
//! can have left: the value, and which of the open operations have taken effect already. None left
//! means that no order explains the answers (Lowe 2017 calls the method just-in-time
//! linearization). Two runs with the same frontier have the same future, so a search may use it to
//! recognise states.

use crate::core::sorted::{SortedMap, SortedSet};

/// What a client asks of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegisterOp {
    /// Its value.
    Read,
    /// Set it.
    Write(i64),
    /// Set it if it has the first value.
    Swap(i64, i64),
}

/// What it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegisterAnswer {
    /// Done: the answer of a write.
    Done,
    /// The value; none if there is none.
    Value(Option<i64>),
    /// Did the swap happen?
    Swapped(bool),
}

/// Most states kept; beyond, the register's verdict is unknown from then on.
const MOST: usize = 4_096;

/// One way in which things may stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Possibility<Id: Ord> {
    value: Option<i64>,
    /// Open operations that have taken effect, and what they will have to say.
    done: SortedMap<Id, RegisterAnswer>,
}

/// One register.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Frontier<Id: Ord> {
    open: SortedMap<Id, RegisterOp>,
    states: SortedSet<Possibility<Id>>,
    given_up: bool,
}

impl<Id: Copy + Ord> Default for Frontier<Id> {
    fn default() -> Self {
        let start = Possibility { value: None, done: SortedMap::new() };
        Frontier { open: SortedMap::new(), states: SortedSet::from([start]), given_up: false }
    }
}

impl RegisterOp {
    /// What the register says to this at a value, and its value then.
    fn apply(self, value: Option<i64>) -> (Option<i64>, RegisterAnswer) {
        match self {
            RegisterOp::Read => (value, RegisterAnswer::Value(value)),
            RegisterOp::Write(v) => (Some(v), RegisterAnswer::Done),
            RegisterOp::Swap(old, new) if value == Some(old) => {
                (Some(new), RegisterAnswer::Swapped(true))
            }
            RegisterOp::Swap(..) => (value, RegisterAnswer::Swapped(false)),
        }
    }
}

impl<Id: Copy + Ord> Frontier<Id> {
    /// An operation begins.
    pub fn invoke(&mut self, id: Id, ask: RegisterOp) {
        if !self.given_up {
            self.open.insert(id, ask);
        }
    }

    /// An operation was answered. False if no order explains this answer.
    pub fn answer(&mut self, id: Id, told: RegisterAnswer) -> bool {
        if self.given_up || !self.open.contains_key(&id) {
            return true;
        }
        let mut next = SortedSet::new();
        let mut seen = SortedSet::new();
        let mut todo: Vec<Possibility<Id>> = std::mem::take(&mut self.states).into_iter().collect();
        while let Some(state) = todo.pop() {
            if seen.len() > MOST {
                (self.given_up, self.open) = (true, SortedMap::new());
                return true;
            }
            if let Some(said) = state.done.get(&id) {
                if *said == told {
                    let mut state = state;
                    state.done.remove(&id);
                    next.insert(state);
                }
                continue;
            }
            // What has not taken effect may do so now; what need not, waits.
            for (other, ask) in self.open.iter().filter(|(o, _)| !state.done.contains_key(o)) {
                let (value, said) = ask.apply(state.value);
                let mut done = state.done.clone();
                done.insert(*other, said);
                let state = Possibility { value, done };
                if seen.insert(state.clone()) {
                    todo.push(state);
                }
            }
        }
        self.open.remove(&id);
        self.states = next;
        !self.states.is_empty()
    }

    /// An operation is known not to have happened. False if some answer needs it to have.
    pub fn fail(&mut self, id: Id) -> bool {
        self.open.remove(&id);
        self.states.retain(|s| !s.done.contains_key(&id));
        self.given_up || !self.states.is_empty()
    }

    /// Nobody waits for an operation any more: it may still take effect. A read never matters.
    pub fn abandon(&mut self, id: Id) {
        if self.open.get(&id) == Some(&RegisterOp::Read) {
            self.open.remove(&id);
            let states = std::mem::take(&mut self.states);
            self.states = states
                .into_iter()
                .map(|mut s| {
                    s.done.remove(&id);
                    s
                })
                .collect();
        }
    }

    /// Too many states to keep: no verdict from then on.
    pub fn given_up(&self) -> bool {
        self.given_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RegisterAnswer::{Done, Value};

    #[test]
    fn what_was_read_stays_read() {
        let mut f = Frontier::<u32>::default();
        f.invoke(0, RegisterOp::Write(1));
        f.invoke(1, RegisterOp::Read);
        assert!(f.answer(1, Value(Some(1))), "the open write may have happened");
        f.invoke(2, RegisterOp::Read);
        assert!(!f.answer(2, Value(None)), "and then it has happened");
    }

    #[test]
    fn an_abandoned_write_may_come_late_once() {
        let mut f = Frontier::<u32>::default();
        f.invoke(0, RegisterOp::Write(1));
        f.abandon(0);
        for (id, value) in [(1, None), (2, Some(1))] {
            f.invoke(id, RegisterOp::Read);
            assert!(f.answer(id, Value(value)));
        }
        f.invoke(3, RegisterOp::Write(2));
        assert!(f.answer(3, Done));
        f.invoke(4, RegisterOp::Read);
        assert!(!f.answer(4, Value(Some(1))), "not a second time");
    }

    #[test]
    fn a_register_given_up_holds_nothing() {
        let mut f = Frontier::<u32>::default();
        (0..14).for_each(|id| f.invoke(id, RegisterOp::Write(id.into())));
        assert!(f.answer(0, Done) && f.given_up());
        for id in 20..90 {
            f.invoke(id, RegisterOp::Read);
            assert!(f.answer(id, Value(Some(-1))));
        }
        assert_eq!((f.open.len(), f.states.len()), (0, 0));
    }

    #[test]
    fn a_failed_write_was_never_seen() {
        let mut f = Frontier::<u32>::default();
        f.invoke(0, RegisterOp::Write(1));
        f.invoke(1, RegisterOp::Read);
        assert!(f.answer(1, Value(Some(1))));
        assert!(!f.fail(0));
    }

    #[test]
    fn swaps_say_whether_they_happened() {
        let mut f = Frontier::<u32>::default();
        f.invoke(0, RegisterOp::Write(1));
        assert!(f.answer(0, Done));
        f.invoke(1, RegisterOp::Swap(1, 2));
        f.invoke(2, RegisterOp::Swap(1, 3));
        assert!(f.answer(1, RegisterAnswer::Swapped(true)));
        assert!(!f.clone().answer(2, RegisterAnswer::Swapped(true)), "only one of them");
        assert!(f.answer(2, RegisterAnswer::Swapped(false)));
    }
}

//! What a key holds under each merge rule, and which updates a server has heard of.

use super::Merge;
use crate::algo::clocks::VectorClock;
use crate::algo::crdt::{Crdt, LwwRegister, MvRegister};
use crate::core::declare::data;
use crate::core::ids::NodeId;
use crate::core::sorted::SortedSet;

/// An update: the server that took it, and its how many-th there, from 1.
pub type UpdateId = (NodeId, u64);

data! {
    /// What a key holds.
    pub enum KeyState {
        /// The last writer wins.
        Last(LwwRegister<NodeId, i64>),
        /// Every value that no later write has replaced.
        Every(MvRegister<NodeId, i64>),
        /// Whatever came last.
        Any(Option<(UpdateId, i64)>),
    }

    /// A set of updates: for each server all up to a number, and some beyond.
    #[derive(Default)]
    pub struct Heard {
        upto: VectorClock<NodeId> as fixed,
        beyond: SortedSet<UpdateId> as fixed,
    }
}

impl KeyState {
    /// A key that was never written.
    pub fn empty(rule: Merge) -> KeyState {
        match rule {
            Merge::LastWriter => KeyState::Last(LwwRegister::default()),
            Merge::Concurrent => KeyState::Every(MvRegister::default()),
            Merge::None => KeyState::Any(None),
        }
    }

    /// What a write at a server makes of it; `clock` is the server's own.
    pub fn written(&self, id: UpdateId, clock: i64, value: i64) -> KeyState {
        let mut cell = self.clone();
        match &mut cell {
            KeyState::Last(register) => {
                // Where a clock is behind, what is replaced here is older all the same.
                let after = register.latest.map_or(0, |(time, ..)| time + 1);
                register.write(after.max(u64::try_from(clock).unwrap_or(0)), id.0, value);
            }
            KeyState::Every(register) => {
                let put = register.put(&id.0, register.clock(), value);
                register.apply(put);
            }
            KeyState::Any(last) => *last = Some((id, value)),
        }
        cell
    }

    /// Takes in another server's. Without a rule, what arrives replaces what is there.
    pub fn merge(&mut self, other: &KeyState) {
        match (self, other) {
            (KeyState::Last(a), KeyState::Last(b)) => a.merge(b),
            (KeyState::Every(a), KeyState::Every(b)) => a.merge(b),
            (mine, other) => mine.clone_from(other),
        }
    }

    /// Is it older than the other, or the same, by the rule?
    pub fn is_within(&self, other: &KeyState) -> bool {
        let mut both = other.clone();
        both.merge(self);
        both == *other
    }

    /// The values, in order.
    pub fn values(&self) -> Vec<i64> {
        let mut all: Vec<i64> = match self {
            KeyState::Last(register) => register.value().copied().into_iter().collect(),
            KeyState::Every(register) => register.values().copied().collect(),
            KeyState::Any(last) => last.map(|(_, value)| value).into_iter().collect(),
        };
        all.sort_unstable();
        all
    }

    /// `3`, `3|7`, `nil`.
    pub fn text(&self) -> String {
        let all: Vec<String> = self.values().iter().map(i64::to_string).collect();
        if all.is_empty() { "nil".into() } else { all.join("|") }
    }
}

impl Heard {
    /// Is this update in it?
    pub fn has(&self, id: &UpdateId) -> bool {
        id.1 <= self.upto.get(&id.0) || self.beyond.contains(id)
    }

    /// The next update of a server that has heard of all its own.
    pub fn next(&self, server: NodeId) -> UpdateId {
        (server, self.upto.get(&server) + 1)
    }

    /// Adds an update; false if it was there.
    pub fn add(&mut self, id: UpdateId) -> bool {
        let new = !self.has(&id) && self.beyond.insert(id);
        self.close(id.0);
        new
    }

    /// Adds all of another set.
    pub fn merge(&mut self, other: &Heard) {
        self.upto.merge(&other.upto);
        self.beyond.extend(&other.beyond);
        let servers: SortedSet<NodeId> = self.beyond.iter().map(|(server, _)| *server).collect();
        servers.into_iter().for_each(|server| self.close(server));
    }

    /// Is all of the other set in it?
    pub fn includes(&self, other: &Heard) -> bool {
        let mut both = self.clone();
        both.merge(other);
        both == *self
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.upto.iter().map(|(_, n)| n).sum::<u64>() + self.beyond.len() as u64
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What follows without a gap needs no name.
    fn close(&mut self, server: NodeId) {
        while self.beyond.remove(&self.next(server)) {
            self.upto.increment(&server);
        }
        let upto = self.upto.get(&server);
        self.beyond.retain(|(s, n)| *s != server || *n > upto);
    }
}

//! Linearizability of a history that still grows.

use super::linearizable::{self, Outcome as Found, together};
use super::model::Model;
use super::search::Plan;
use super::{Budget, F, History, Illegal, Op, Outcome, SPENT, Undecided, Value, Verdict, explain};
use crate::core::sorted::SortedMap;

/// What a client does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It asks; the operation's id is its position among the invocations.
    Invoke {
        /// The client.
        process: u32,
        /// The object.
        key: Option<String>,
        /// What is asked.
        f: F,
        /// With what.
        args: Vec<Value>,
    },
    /// Operation `id` ended.
    Complete {
        /// Which.
        id: u32,
        /// How.
        outcome: Outcome,
    },
}

/// What is known of one key.
#[derive(Clone, Debug, Default)]
struct Key {
    ids: Vec<u32>,
    /// A legal order of everything known so far; meaningless once `verdict` is set.
    order: Vec<u32>,
    broken: Option<Illegal>,
    /// The budget was spent on this key; it is searched again at the next event.
    unknown: bool,
}

/// Judges a growing history, looking only at the key an event touches. A key that was found
/// illegal stays so: what follows cannot mend it.
#[derive(Clone, Debug)]
pub struct Incremental {
    model: Model,
    history: History,
    keys: SortedMap<Option<String>, Key>,
    now: u64,
    searches: u64,
}

impl Incremental {
    /// Starts with nothing.
    pub fn new(model: Model) -> Incremental {
        let (history, keys) = (History::default(), SortedMap::new());
        Incremental { model, history, keys, now: 0, searches: 0 }
    }

    /// The history so far. Its clock counts events.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// How often the last order could not simply be extended.
    pub fn searches(&self) -> u64 {
        self.searches
    }

    /// Takes the next event.
    pub fn push(&mut self, event: Event, budget: &mut Budget) {
        self.now += 1;
        match event {
            Event::Invoke { process, key, f, args } => {
                let multi = self.model.kind == super::model::Kind::MultiRegister;
                let slot = if multi { None } else { key.clone() };
                let id = self.history.invoke(process, key, f, args, self.now);
                self.keys.entry(slot).or_default().ids.push(id);
            }
            Event::Complete { id, outcome } => {
                self.history.complete(id, self.now, outcome);
                let Some(op) = self.history.ops.get(id as usize) else { return };
                let multi = self.model.kind == super::model::Kind::MultiRegister;
                let slot = if multi { None } else { op.key.clone() };
                if let Some(mut key) = self.keys.remove(&slot) {
                    self.settle(&mut key, id, budget);
                    self.keys.insert(slot, key);
                }
            }
        }
    }

    /// Brings one key up to date after operation `id` ended.
    fn settle(&mut self, key: &mut Key, id: u32, budget: &mut Budget) {
        if key.broken.is_some() {
            return;
        }
        let op = &self.history.ops[id as usize];
        let mut order = key.order.clone();
        if op.outcome == Outcome::Fail {
            order.retain(|&x| x != id);
        } else if op.completed() && !order.contains(&id) {
            order.push(id);
        }
        if !key.unknown && self.legal(&order) {
            key.order = order;
            return;
        }
        self.searches += 1;
        let ops: Vec<&Op> = key.ids.iter().map(|&i| &self.history.ops[i as usize]).collect();
        let ops: Vec<&Op> = ops.into_iter().filter(|op| op.outcome != Outcome::Fail).collect();
        match together(&self.model, vec![Plan::real_time(&ops)], budget) {
            Found::Legal(mut orders) => {
                key.order = orders.pop().unwrap_or_default();
                key.unknown = false;
            }
            Found::Illegal(_) => key.broken = Some(explain::illegal(&self.model, &ops, budget)),
            Found::Unknown(..) => key.unknown = true,
        }
    }

    fn legal(&self, order: &[u32]) -> bool {
        let mut state = self.model.start();
        for &id in order {
            match self.model.step(&state, &self.history.ops[id as usize]) {
                Some(next) => state = next,
                None => return false,
            }
        }
        true
    }

    /// The verdict on what happened so far.
    pub fn verdict(&self) -> Verdict {
        if let Some(broken) = self.keys.values().find_map(|k| k.broken.clone()) {
            return Verdict::Illegal(broken);
        }
        if self.keys.values().any(|k| k.unknown) {
            return Verdict::Unknown(Undecided::new(SPENT));
        }
        let orders = self.keys.values().map(|k| k.order.clone()).collect();
        let order = linearizable::merge(&self.history.ops, orders);
        Verdict::Ok(super::Legal { order, views: Vec::new() })
    }
}

//! Linearizability of a history that still grows.

use super::linearizable::{self, Judgement, together};
use super::model::ObjectModel;
use super::search::SearchPlan;
use super::{
    Budget, F, History, HistoryOp, HistoryVerdict, Illegal, OpOutcome, OpValue, SPENT, Undecided,
    explain,
};
use crate::core::sorted::SortedMap;

/// What a client does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// It asks; the operation's id is its position among the invocations.
    Invoke {
        /// The client.
        process: u32,
        /// The object.
        key: Option<String>,
        /// What is asked.
        f: F,
        /// With what.
        args: Vec<OpValue>,
    },
    /// Operation `id` ended.
    Complete {
        /// Which.
        id: u32,
        /// How.
        outcome: OpOutcome,
    },
}

/// What is known of one key.
#[derive(Clone, Debug, Default)]
struct KnownKey {
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
    model: ObjectModel,
    history: History,
    keys: SortedMap<Option<String>, KnownKey>,
    now: u64,
    searches: u64,
}

impl Incremental {
    /// Starts with nothing.
    pub fn new(model: ObjectModel) -> Incremental {
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
    pub fn push(&mut self, event: ClientEvent, budget: &mut Budget) {
        self.now += 1;
        match event {
            ClientEvent::Invoke { process, key, f, args } => {
                let multi = self.model.kind == super::model::ObjectKind::MultiRegister;
                let slot = if multi { None } else { key.clone() };
                let id = self.history.invoke(process, key, f, args, self.now);
                self.keys.entry(slot).or_default().ids.push(id);
            }
            ClientEvent::Complete { id, outcome } => {
                self.history.complete(id, self.now, outcome);
                let Some(op) = self.history.ops.get(id as usize) else { return };
                let multi = self.model.kind == super::model::ObjectKind::MultiRegister;
                let slot = if multi { None } else { op.key.clone() };
                if let Some(mut key) = self.keys.remove(&slot) {
                    self.settle(&mut key, id, budget);
                    self.keys.insert(slot, key);
                }
            }
        }
    }

    /// Brings one key up to date after operation `id` ended.
    fn settle(&mut self, key: &mut KnownKey, id: u32, budget: &mut Budget) {
        if key.broken.is_some() {
            return;
        }
        let op = &self.history.ops[id as usize];
        let mut order = key.order.clone();
        if op.outcome == OpOutcome::Fail {
            order.retain(|&x| x != id);
        } else if op.completed() && !order.contains(&id) {
            order.push(id);
        }
        if !key.unknown && self.legal(&order) {
            key.order = order;
            return;
        }
        self.searches += 1;
        let ops: Vec<&HistoryOp> = key.ids.iter().map(|&i| &self.history.ops[i as usize]).collect();
        let ops: Vec<&HistoryOp> =
            ops.into_iter().filter(|op| op.outcome != OpOutcome::Fail).collect();
        match together(&self.model, vec![SearchPlan::real_time(&ops)], budget) {
            Judgement::Legal(mut orders) => {
                key.order = orders.pop().unwrap_or_default();
                key.unknown = false;
            }
            Judgement::Illegal(_) => key.broken = Some(explain::illegal(&self.model, &ops, budget)),
            Judgement::Unknown(..) => key.unknown = true,
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
    pub fn verdict(&self) -> HistoryVerdict {
        if let Some(broken) = self.keys.values().find_map(|k| k.broken.clone()) {
            return HistoryVerdict::Illegal(broken);
        }
        if self.keys.values().any(|k| k.unknown) {
            return HistoryVerdict::Unknown(Undecided::new(SPENT));
        }
        let orders = self.keys.values().map(|k| k.order.clone()).collect();
        let order = linearizable::merge(&self.history.ops, orders);
        HistoryVerdict::Ok(super::Legal { order, views: Vec::new() })
    }
}

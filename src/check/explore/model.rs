//! What a state machine has to say about itself to be explored.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

/// How a [`ModelProperty`] quantifies over behaviours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// True in every reachable state (an invariant).
    Always,
    /// True in some reachable state (a witness is wanted: the model is not vacuous).
    Sometimes,
    /// Every fair behaviour reaches a state where it is true.
    Eventually,
}

impl Quantifier {
    /// `always`, `sometimes` or `eventually`.
    pub fn name(self) -> &'static str {
        match self {
            Quantifier::Always => "always",
            Quantifier::Sometimes => "sometimes",
            Quantifier::Eventually => "eventually",
        }
    }
}

/// The state predicate of a property.
pub type Predicate<M> = Arc<dyn Fn(&M, &<M as StateMachine>::State) -> bool + Send + Sync>;

/// A named claim about a model and where it is stated.
pub struct ModelProperty<M: StateMachine> {
    /// Its name in the specification.
    pub name: &'static str,
    /// Paper or specification, with the section or theorem.
    pub cite: &'static str,
    /// How it quantifies.
    pub kind: Quantifier,
    /// The predicate on states.
    pub holds: Predicate<M>,
}

impl<M: StateMachine> ModelProperty<M> {
    /// An invariant.
    pub fn always(
        name: &'static str,
        cite: &'static str,
        holds: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static,
    ) -> Self {
        ModelProperty { name, cite, kind: Quantifier::Always, holds: Arc::new(holds) }
    }

    /// A reachability claim.
    pub fn sometimes(
        name: &'static str,
        cite: &'static str,
        holds: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static,
    ) -> Self {
        ModelProperty { name, cite, kind: Quantifier::Sometimes, holds: Arc::new(holds) }
    }

    /// A liveness claim, under the model's [`StateMachine::fairness`].
    pub fn eventually(
        name: &'static str,
        cite: &'static str,
        holds: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static,
    ) -> Self {
        ModelProperty { name, cite, kind: Quantifier::Eventually, holds: Arc::new(holds) }
    }
}

impl<M: StateMachine> Clone for ModelProperty<M> {
    fn clone(&self) -> Self {
        ModelProperty {
            name: self.name,
            cite: self.cite,
            kind: self.kind,
            holds: self.holds.clone(),
        }
    }
}

impl<M: StateMachine> fmt::Debug for ModelProperty<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.kind.name(), self.name, self.cite)
    }
}

/// A state machine with nondeterminism made explicit.
///
/// Everything must be a pure function of its arguments: counter-examples are rebuilt by replaying
/// the positions of actions in the list that [`actions`](Model::actions) gives.
pub trait StateMachine: Sized {
    /// A state. Its `Hash` must see every field that its `Eq` sees, and no `usize` slice.
    type State: Clone + Hash + Eq;
    /// A step that may be enabled in a state.
    type Action: Clone;

    /// Appends the initial states.
    fn init(&self, out: &mut Vec<Self::State>);

    /// Appends the steps to try in `state`, in an order that depends on the state alone.
    fn actions(&self, state: &Self::State, out: &mut Vec<Self::Action>);

    /// The state after `action`, or `None` if it is not enabled after all.
    fn next(&self, state: &Self::State, action: &Self::Action) -> Option<Self::State>;

    /// The state constraint: states outside are generated, but neither counted, checked nor
    /// expanded.
    fn within(&self, _state: &Self::State) -> bool {
        true
    }

    /// What is claimed of the model.
    fn properties(&self) -> Vec<ModelProperty<Self>>;

    /// A representative of the state's symmetry class. Two states may share one only if a symmetry
    /// of the model that preserves every property maps one to the other.
    fn canonical(&self, state: &Self::State) -> Self::State {
        state.clone()
    }

    /// The action for people, with the specification's name: `TMRcvPrepared(r1)`.
    fn label(&self, action: &Self::Action) -> String;

    /// Names of the specification's rules, for coverage.
    fn rules(&self) -> Vec<&'static str> {
        vec!["Next"]
    }

    /// The position in [`rules`](Model::rules) of the rule that `action` is an instance of.
    fn rule(&self, _action: &Self::Action) -> usize {
        0
    }

    /// The weak-fairness class of `action`: no behaviour may leave a class enabled for ever without
    /// ever taking a step of it. `None` may be put off for ever. The default is one class for all:
    /// the system does not stop while it can step.
    fn fairness(&self, _action: &Self::Action) -> Option<u32> {
        Some(0)
    }

    /// A promise for partial-order reduction. `true` says that from `state` on, until `action` is
    /// taken, every other action that can occur leaves it enabled and commutes with it, and that
    /// taking it changes neither the truth of any property nor [`within`](Model::within).
    /// Exploring it alone then loses no verdict on an invariant (Peled 1993, a persistent set of
    /// one; the search itself adds the cycle proviso).
    fn safe(&self, _state: &Self::State, _action: &Self::Action) -> bool {
        false
    }

    /// Bytes the state owns outside of itself, for the memory bound.
    fn heap_bytes(&self, _state: &Self::State) -> u64 {
        0
    }
}
